#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# tkm status, and every finding of tkm doctor, provoked: nothing is found on a
# machine where all is well, and each thing that is not well is.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tk.bash"

# ---- words ----

# Where all is well: a helper, no swap, and a kernel that takes any module.
well()
{
	# A claim that failed may have left one.
	pkill -KILL -x nlop || :
	poll 20 eval '[[ $(nlop status) != *helper* ]]'
	nlop helper say 0 > "$tmp/helper" 2>&1 < /dev/null &
	helper=$!
	poll 20 grep -q registered "$tmp/helper" || fail "$(cat "$tmp/helper")"
}

unwell()
{
	kill -KILL "$helper"
	wait "$helper" 2> /dev/null || :
	poll 20 eval '[[ $(nlop status) != *helper* ]]'
}

# finds NAME...: just these, in that order, by name; and one that mends it each
finds()
{
	local status=0

	[ $# = 0 ] || status=1
	ends $status tkm doctor --json
	check "$(jq -r '.[].name' "$tmp/out" | xargs)" = "$*"
	check "$(jq '[.[] | select((.remedy | length) > 5 and (.finding | length) > 5)] | length' "$tmp/out")" = $#
	ends $status tkm doctor
	check "$(wc -l < "$tmp/out")" = $((2 * $#))
}

# elsewhere COMMAND...: with mounts of its own; the functions are known there
elsewhere()
{
	export -f finds ends check fail call_trace finds_with_file
	export tmp
	unshare --mount bash -euc 'mount --make-rprivate /; "$@"' - "$@" ||
		fail "elsewhere: $*"
}

# A file that the kernel would show otherwise; in place of a folder's whole content.
finds_with_file()
{
	local folder=$1 file=$2 content=$3

	shift 3
	mount -t tmpfs tmpfs "$folder"
	mkdir -p "$folder/$(dirname "$file")"
	# shellcheck disable=SC2059 # \x01
	printf "$content" > "$folder/$file"
	finds "$@"
}

# ---- claims ----

nothing()
{
	well
	finds
	unwell
}
claim "nothing is found where nothing is" nothing

helper_missing()
{
	finds helper
	contains "$(tkm doctor)" "systemctl enable --now tkmd"
}
claim "no helper" helper_missing

not_loaded()
{
	module_unload
	finds module
	contains "$(tkm doctor)" "modprobe tkm"
	errs 4 ENODEV new a:b
	contains "$(tkm new a:b 2>&1)" "modprobe tkm"
	errs 4 ENODEV list
	ends 4 tkm status
	contains "$(cat "$tmp/out")" "not there (ENODEV)"
	ends 4 tkm status --json
	check "$(jq .module.loaded "$tmp/out")" = false
	module_load
}
claim "the module is not loaded" not_loaded

not_installed()
{
	module_unload
	elsewhere finds_with_file "/lib/modules/$(uname -r)" modules.dep "" module-missing
	elsewhere finds_with_file "/lib/modules/$(uname -r)" modules.dep "kernel/nottkm.ko:\n" module-missing
	module_load
}
claim "the module is not installed" not_installed

unsigned()
{
	well
	cp "$(modinfo -n tkm)" "$tmp/tkm.ko"
	# The rig's module is unsigned; one with the mark that signing leaves is not.
	elsewhere finds_with_file /sys/module/module/parameters sig_enforce 'Y\n' module-unsigned
	elsewhere finds_with_file /sys/module/module/parameters sig_enforce 'N\n'
	if [ -d /sys/kernel/security ]; then
		elsewhere finds_with_file /sys/kernel/security lockdown 'none [integrity] confidentiality\n' module-unsigned
		elsewhere finds_with_file /sys/kernel/security lockdown '[none] integrity confidentiality\n'
	fi
	elsewhere finds_with_file /sys/firmware \
		efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c '\x06\x00\x00\x00\x01' module-unsigned
	elsewhere finds_with_file /sys/firmware \
		efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c '\x06\x00\x00\x00\x00'
	printf '~Module signature appended~\n' >> "$tmp/tkm.ko"
	elsewhere bash -euc 'mount --bind "$0" "$1"
		finds_with_file /sys/module/module/parameters sig_enforce "Y\n"' \
		"$tmp/tkm.ko" "$(modinfo -n tkm)"
	unwell
}
claim "an unsigned module where only signed ones load" unsigned

no_tpm()
{
	well
	elsewhere bash -euc 'mount -t tmpfs tmpfs /sys/class/tpm; finds tpm; ends 4 tkm status'
	# A chip of the first version.
	elsewhere finds_with_file /sys/class/tpm tpm0/tpm_version_major '1\n' tpm-version
	unwell
}
claim "no TPM, or an old one" no_tpm

lockout()
{
	local i max

	well
	printf right > "$tmp/right"
	printf wrong > "$tmp/wrong"
	# What a program before this one cost.
	tpm2_dictionarylockout -c
	ends 0 tkm status --json
	check "$(jq .tpm.lockout.counter "$tmp/out")" = 0
	max=$(jq .tpm.lockout.max "$tmp/out")
	tk new a:pin --auth-file "$tmp/right" -o "$tmp/pin" > /dev/null
	keyctl unlink %tkm:a:pin @s
	for ((i = 0; i < max - 1; i++)); do
		ends 3 tkm import "$tmp/pin" --auth-file "$tmp/wrong"
	done
	finds lockout-near
	ends 0 tkm status
	contains "$(cat "$tmp/out")" "$((max - 1)) of $max wrong values"
	ends 3 tkm import "$tmp/pin" --auth-file "$tmp/wrong"
	finds lockout
	ends 0 tkm status
	contains "$(cat "$tmp/out")" "LOCKED"
	ends 0 tkm status --json
	check "$(jq -r '.tpm.lockout | "\(.locked) \(.counter) \(.interval > 0)"' "$tmp/out")" = "true $max true"
	ends 5 tkm import "$tmp/pin" --auth-file "$tmp/right"
	contains "$(cat "$tmp/err")" "(EBUSY)"
	contains "$(cat "$tmp/err")" "tpm2_dictionarylockout -c"
	tpm2_dictionarylockout -c
	finds
	unwell
}
claim "a TPM that is locked, or nearly" lockout

quota()
{
	local uid=4601 max

	well
	max=$(cat /proc/sys/kernel/keys/maxkeys)
	as $uid bash -euc '
		keyctl link @u @s
		for ((i = 2; i < '"$max"' * 8 / 10; i++)); do
			keyctl add user "k$i" x @u > /dev/null
		done
		tkm doctor --json' > "$tmp/out" || :
	check "$(jq -r '.[].name' "$tmp/out" | xargs)" = quota-keys
	as $uid keyctl clear @u
	as $uid bash -euc '
		keyctl link @u @s
		head -c 17000 /dev/zero | keyctl padd user large @u > /dev/null
		tkm doctor --json; keyctl clear @u' > "$tmp/out" || :
	check "$(jq -r '.[].name' "$tmp/out" | xargs)" = quota-bytes
	as $((uid + 1)) bash -euc 'keyctl link @u @s; tkm doctor' > "$tmp/out"
	check "$(cat "$tmp/out")" = ""
	unwell
}
claim "a quota that is nearly used up" quota

keyring()
{
	well
	keyctl unlink @u @s
	finds keyring
	contains "$(tkm doctor)" "keyctl link @u @s"
	keyctl link @u @s
	finds
	unwell
}
claim "a session without the user's keyring" keyring

# Of a file on the machine's disk; and what a loop device under dm-crypt is.
swap()
{
	local loop

	[ -e /proc/swaps ] || skip "this kernel has no swap"
	well
	truncate -s 8M "$tmp/image"
	modprobe loop
	loop=$(losetup -f --show "$tmp/image")
	mkswap "$loop" > /dev/null
	swapon "$loop" || skip "no swap on a loop device here"
	finds swap
	contains "$(tkm doctor)" "$loop"
	swapoff "$loop"
	finds
	modprobe dm-crypt
	dmsetup create -u CRYPT-PLAIN-tkmswap tkmswap \
		--table "0 8192 crypt aes-xts-plain64 $(printf '%064d' 1) 0 $loop 0"
	dmsetup mknodes
	mkswap /dev/mapper/tkmswap > /dev/null
	swapon /dev/mapper/tkmswap
	finds
	# Something on top of it, as LVM is, is as safe.
	swapoff /dev/mapper/tkmswap
	dmsetup create tkmtop --table "0 8192 linear /dev/mapper/tkmswap 0"
	dmsetup mknodes
	mkswap /dev/mapper/tkmtop > /dev/null
	swapon /dev/mapper/tkmtop
	finds
	swapoff /dev/mapper/tkmtop
	dmsetup remove tkmtop
	dmsetup remove tkmswap
	losetup -d "$loop"
	unwell
}
claim "swap without encryption" swap

status()
{
	ends 0 tkm status --json
	check "$(jq -r '"\(.version) \(.module.version) \(.module.helper) \(.tpm.version)"' "$tmp/out")" = "0.1.0 0.1.0 false 2"
	contains "$(jq -c .module.features "$tmp/out")" '"rsa","ec","cipher","publish","helper"'
	# None that has no name.
	check "$(jq '.module.features | length' "$tmp/out")" = \
		"$(nlop supports | python3 -c 'import re; print(bin(int(re.search("features=(0x[0-9a-f]+)", input())[1], 16)).count("1"))')"
	tk new a:b > /dev/null
	ends 0 tkm status --json
	check "$(jq .module.keys "$tmp/out")" = 1
	check "$(jq -r .module.srk_name "$tmp/out")" = "$(cat /sys/module/tkm/parameters/srk_name)"
	check "$(jq .module.srk_pinned "$tmp/out")" = false
	# Who made it, as tpm2-tools say it.
	contains "$(tpm2_getcap properties-fixed)" "\"$(jq -r .tpm.manufacturer "$tmp/out")\""
	ends 0 tkm status
	contains "$(cat "$tmp/out")" "rsa ec cipher publish helper"
	# Who may not open it is told so, and the rest.
	chmod 600 "/dev/tpmrm${TPM_DEV#/dev/tpm}"
	ends 0 as 4603 tkm status
	contains "$(cat "$tmp/out")" "cannot be read by you (EACCES)"
	contains "$(cat "$tmp/out")" "tkm 0.1.0:"
	ends 0 as 4603 tkm status --json
	check "$(jq -r .tpm.errno "$tmp/out")" = EACCES
}
claim "status: module, helper, TPM and its lockout" status

run_claims
