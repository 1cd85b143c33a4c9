#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What a TPM may do to us, and what else may use it beside us. Each claim has
# TPMs of its own (lib.sh, tpm_*).
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"

srk_handle=0x81000001
empty='transient
loaded-session
saved-session'

stop_others()
{
	local pid

	for pid in "$tpms"/*.pid; do
		[ ! -e "$pid" ] || tpm_stop "$(basename "$pid" .pid)"
	done
}

# A TPM that tkm meets for the first time: with_tpm NAME. While tkm holds on to
# a chip that is gone, its number is not given to another: hence the order.
with_tpm()
{
	stop_others
	module_unload
	tpm_start "$1"
	module_load
}

holds_nothing()
{
	local now

	now=$(keyop handles)
	[ "$now" = "$empty" ] || fail "the TPM holds: $now"
}

# drop KEY FILE: the chain stays in FILE, the key goes
drop()
{
	keyctl pipe "$1" > "$2"
	keyctl unlink "$1" @s
}

loads()
{
	local key

	key=$(load_key "$1" "$2" "${3-}")
	keyctl unlink "$key" @s
}

load_refused()
{
	refuses "$1" add tkm "$2" "load $(cat "$3") ${4-}" @s
}

persistent()
{
	tpm2_getcap handles-persistent
}

srk_name()
{
	cat /sys/module/tkm/parameters/srk_name
}

log_mark()
{
	dmesg | wc -l
}

log_since()
{
	dmesg | tail -n +$(($1 + 1))
}

#
# No TPM, the wrong one, another one.
#

no_tpm()
{
	stop_others
	tpm_park
	: > "$tmp/tpm-changed"
	module_reload
	refuses ENODEV add tkm tpm:a new @s
	refuses ENODEV add tkm tpm:a "new parent=srk" @s
	module_reload
	check "$(srk_name)" = none
	refuses ENODEV add tkm tpm:a new @s
	tpm_start late
	keyctl unlink "$(new_key tpm:a)" @s
	holds_nothing
	tpm_stop late
	refuses ENODEV add tkm tpm:a new @s
}
claim "without a TPM: ENODEV; one that comes later is found" no_tpm

# lib.sh starts TPM 2.0s; this one is the family before.
tpm12()
{
	local tries=12

	stop_others
	tpm_park
	: > "$tmp/tpm-changed"
	mkdir "$tmp/state"
	trap old_stop EXIT
	until old_try; do
		[ $((tries -= 1)) -gt 0 ] || fail "no TPM 1.2: $(cat "$tmp/swtpm.out")"
	done
	module_reload
	expect_errno EOPNOTSUPP keyop add tkm tpm:a new @s
	expect_errno EOPNOTSUPP keyop add tkm tpm:a "new parent=srk" @s
	old_stop
	poll 10 no_chip
	expect_errno ENODEV keyop add tkm tpm:a new @s
	tpm_start new
	keyctl unlink "$(new_key tpm:a)" @s
	tpm_stop new
}

# See tpm_start.
old_try()
{
	keyop session swtpm chardev --vtpm-proxy --seccomp action=none --tpmstate "dir=$tmp/state" \
		--ctrl "type=unixio,path=$tmp/sock" \
		< /dev/null > "$tmp/swtpm.out" 2>&1 3>&- &
	old=$!
	poll 20 old_settles && tpm12_there
}

old_settles()
{
	tpm12_there || tpm_ended "$old"
}

old_stop()
{
	kill "$old" 2>/dev/null || :
}

tpm12_there()
{
	cat /sys/class/tpm/tpm*/tpm_version_major 2>/dev/null | grep -qx 1
}

no_chip()
{
	[ -z "$(ls -A /sys/class/tpm)" ]
}
claim "a TPM 1.2: EOPNOTSUPP, and its successor works" tpm12

removed()
{
	local key

	with_tpm one
	key=$(new_key tpm:a)
	drop "$key" "$tmp/chain"
	key=$(new_key tpm:live)
	tpm_stop one
	load_refused ENODEV tpm:a "$tmp/chain"
	refuses ENODEV add tkm tpm:b new @s
	refuses ENODEV update "$key" reseal
	# What is loaded is there; publishing needs no TPM.
	keyop update "$key" "publish logon:tpm:live keyring=@s" > /dev/null
	tpm_start one
	loads tpm:a "$tmp/chain"
	keyop update "$key" reseal > /dev/null
	new_key tpm:b > /dev/null
	holds_nothing
	keyctl clear @s
	tpm_stop one
}
claim "a chip that is pulled out: ENODEV; back again: its chains load" removed

another()
{
	local key

	with_tpm one
	drop "$(new_key tpm:a)" "$tmp/chain"
	drop "$(new_key tpm:f parent=srk)" "$tmp/flat"
	tpm_stop one
	tpm_start two
	load_refused ENOKEY tpm:a "$tmp/chain"
	refuses ENOKEY add tkm tpm:b new @s
	refuses ENOKEY add tkm tpm:f "load $(cat "$tmp/flat")" @s
	check "$(persistent)" = ""
	holds_nothing
	tpm_stop two
	tpm_start one
	loads tpm:a "$tmp/chain"
	loads tpm:f "$tmp/flat"
	tpm_stop one
}
claim "another TPM in its place: ENOKEY, and nothing is made there" another

another_after_boot()
{
	with_tpm one
	drop "$(new_key tpm:a)" "$tmp/chain"
	with_tpm two
	load_refused ENOKEY tpm:a "$tmp/chain"
	check "$(srk_name)" = none
	check "$(persistent)" = ""
	# A key of this TPM's own is another thing.
	keyctl unlink "$(new_key tpm:b)" @s
	load_refused ENOKEY tpm:a "$tmp/chain"
	holds_nothing
	tpm_stop two
}
claim "... and so after a boot, until a key is made there" another_after_boot

second_appears()
{
	local key name before

	with_tpm one
	key=$(new_key tpm:a)
	keyctl pipe "$key" > "$tmp/chain"
	name=$(srk_name)
	tpm_start third
	keyop update "$key" reseal > /dev/null
	keyctl unlink "$(new_key tpm:b)" @s
	keyctl unlink "$key" @s
	loads tpm:a "$tmp/chain"
	check "$(srk_name)" = "$name"
	# $TPM_DEV is the second one now.
	check "$(persistent)" = ""
	before=$(wc -l < "$(tpm_log third)")
	loads tpm:a "$tmp/chain"
	check "$(wc -l < "$(tpm_log third)")" = "$before"
	tpm_stop third
	loads tpm:a "$tmp/chain"
	tpm_stop one
}
claim "a second TPM that appears is left alone" second_appears

# tkm looks at the kernel's first chip, so the one that is back must be that.
second_stays()
{
	with_tpm one
	drop "$(new_key tpm:a)" "$tmp/chain"
	tpm_start third
	tpm_stop one
	load_refused ENOKEY tpm:a "$tmp/chain"
	check "$(persistent)" = ""
	tpm_start one
	loads tpm:a "$tmp/chain"
	tpm_stop one
	tpm_stop third
}
claim "the first one gone and back again is found beside a second" second_stays

#
# Reset, cleared, robbed of its SRK.
#

reset_under_us()
{
	local mark

	with_tpm one
	drop "$(new_key tpm:a)" "$tmp/chain"
	drop "$(new_key tpm:f parent=srk)" "$tmp/flat"
	mark=$(log_mark)
	tpm_reset one
	# A flat key needs no saved context: nothing tells.
	loads tpm:f "$tmp/flat"
	load_refused ENODEV tpm:a "$tmp/chain"
	contains "$(log_since "$mark")" "the TPM was reset behind our back"
	load_refused ENODEV tpm:a "$tmp/chain"
	load_refused ENODEV tpm:f "$tmp/flat"
	refuses ENODEV add tkm tpm:b new @s
	check "$(log_since "$mark" | grep -c 'behind our back')" = 1
	trace_clear
	load_refused ENODEV tpm:a "$tmp/chain"
	check "$(trace_names)" = ""
	holds_nothing
	module_reload
	loads tpm:a "$tmp/chain"
	loads tpm:f "$tmp/flat"
	tpm_stop one
}
claim "a TPM reset under us: ENODEV and a line in the log, until tkm is loaded anew" reset_under_us

cleared()
{
	local mark

	with_tpm one
	drop "$(new_key tpm:a)" "$tmp/chain"
	drop "$(new_key tpm:f parent=srk)" "$tmp/flat"
	tpm2_clear
	mark=$(log_mark)
	load_refused ENOKEY tpm:a "$tmp/chain"
	load_refused ENOKEY tpm:f "$tmp/flat"
	refuses ENOKEY add tkm tpm:b new @s
	refuses ENOKEY add tkm tpm:b "new parent=srk" @s
	contains "$(log_since "$mark")" "the TPM was cleared, or is another one"
	lacks "$(log_since "$mark")" "behind our back"
	check "$(persistent)" = ""
	holds_nothing
	module_reload
	load_refused ENOKEY tpm:a "$tmp/chain"
	check "$(persistent)" = ""
	tpm_stop one
}
claim "the owner hierarchy cleared: ENOKEY, and no SRK is made" cleared

evicted()
{
	local name

	with_tpm one
	drop "$(new_key tpm:a)" "$tmp/chain"
	name=$(srk_name)
	tpm2_evictcontrol -C o -c $srk_handle > /dev/null
	check "$(persistent)" = ""
	loads tpm:a "$tmp/chain"
	contains "$(persistent)" $srk_handle
	check "$(srk_name)" = "$name"
	tpm2_evictcontrol -C o -c $srk_handle > /dev/null
	keyctl unlink "$(new_key tpm:b)" @s
	tpm2_evictcontrol -C o -c $srk_handle > /dev/null
	module_reload
	loads tpm:a "$tmp/chain"
	check "$(srk_name)" = "$name"
	holds_nothing
	tpm_stop one
}
claim "an SRK that was evicted is made again, the same" evicted

replaced()
{
	local mark

	with_tpm one
	drop "$(new_key tpm:a)" "$tmp/chain"
	drop "$(new_key tpm:f parent=srk)" "$tmp/flat"
	tpm2_evictcontrol -C o -c $srk_handle > /dev/null
	tpm2_createprimary -Q -C o -G rsa2048 -c "$tmp/rsa"
	tpm2_evictcontrol -Q -C o -c "$tmp/rsa" $srk_handle > /dev/null
	mark=$(log_mark)
	load_refused ENOKEY tpm:a "$tmp/chain"
	load_refused ENOKEY tpm:f "$tmp/flat"
	refuses ENOKEY add tkm tpm:b new @s
	contains "$(log_since "$mark")" "not the one whose Name is known"
	tpm2_evictcontrol -C o -c $srk_handle > /dev/null
	loads tpm:a "$tmp/chain"
	loads tpm:f "$tmp/flat"
	holds_nothing
	tpm_stop one
}
claim "an SRK that was replaced: ENOKEY; the old one back: its chains load" replaced

owner_password()
{
	local mark

	with_tpm owned
	tpm2_changeauth -c owner secret
	mark=$(log_mark)
	refuses ENOKEY add tkm tpm:a new @s
	contains "$(log_since "$mark")" "no storage root key at $srk_handle, and none can be made"
	check "$(srk_name)" = none
	# As the log says; the attributes are those of the TCG's template.
	tpm2_createprimary -Q -C o -P secret -G ecc256:aes128cfb -c "$tmp/srk" \
		-a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt'
	tpm2_evictcontrol -Q -C o -P secret -c "$tmp/srk" $srk_handle > /dev/null
	keyctl unlink "$(new_key tpm:a)" @s
	holds_nothing
	tpm_stop owned
}
claim "an owner's password and no SRK: ENOKEY, and the log says what to do" owner_password

pinned_by_parameter()
{
	local name

	with_tpm one
	drop "$(new_key tpm:a)" "$tmp/chain"
	name=$(srk_name)
	module_reload "srk_name=$name"
	check "$(srk_name)" = "$name"
	loads tpm:a "$tmp/chain"
	module_reload "srk_name=000b$(printf '%064d' 7)"
	load_refused ENOKEY tpm:a "$tmp/chain"
	refuses ENOKEY add tkm tpm:b new @s
	module_unload
	if modprobe tkm srk_name=000b12 2>/dev/null; then
		fail "a short name was taken"
	fi
	module_load
	tpm_stop one
}
claim "a Name given when the module is loaded has the last word" pinned_by_parameter

#
# Others beside us.
#

# busy SECONDS COMMAND...: repeats it until told to stop; $beside is its pid
beside()
{
	rm -f "$tmp/rounds"
	(
		set +e
		trap - ERR EXIT
		while :; do
			"$@" > /dev/null 2>&1
			echo >> "$tmp/rounds"
		done
	) 3>&- &
	beside=$!
	poll 20 test -e "$tmp/rounds"
}

beside_ends()
{
	kill "$beside"
	wait "$beside" || :
	check "$(wc -l < "$tmp/rounds")" -gt 1
}

guest()
{
	local handle

	tpm2_createprimary -Q -C n -G ecc -c "$tmp/guest"
	tpm2_startauthsession -S "$tmp/session"
	for handle in $(tpm2_getcap handles-loaded-session | sed 's/^- //'); do
		tpm2_flushcontext "$handle"
	done
	for handle in $(tpm2_getcap handles-transient | sed 's/^- //'); do
		tpm2_flushcontext "$handle"
	done
	tpm2_flushcontext "$tmp/session"
}

beside_tools()
{
	local i

	with_tpm one
	drop "$(new_key tpm:a "pcrs=sha256:16")" "$tmp/chain"
	beside guest
	for ((i = 0; i < 20; i++)); do
		loads tpm:a "$tmp/chain"
		keyctl unlink "$(new_key tpm:b$i)" @s
	done
	beside_ends
	tpm_stop one
}
claim "beside a user of /dev/tpmrm0 who flushes what it finds, all succeeds" beside_tools

beside_extend()
{
	local i

	with_tpm one
	drop "$(new_key tpm:a "pcrs=sha256:7")" "$tmp/chain"
	beside tpm2_pcrextend "10:sha256=$(printf '%064d' 1)"
	for ((i = 0; i < 40; i++)); do
		loads tpm:a "$tmp/chain"
	done
	beside_ends
	tpm2_pcrextend "7:sha256=$(printf '%064d' 1)"
	load_refused EPERM tpm:a "$tmp/chain"
	tpm_stop one
}
claim "while PCR 10 is extended in a loop, keys bound to PCR 7 load" beside_extend

# One transient object by the chip's own device, where nobody tidies up.
fill_slot()
{
	tpm2_createprimary -Q -C n -G ecc -c "$tmp/slot" -T "device:$TPM_DEV"
}

transients()
{
	keyop handles | sed -n 's/^transient//p' | wc -w
}

slots_taken()
{
	local i key

	with_tpm one
	key=$(new_key tpm:a)
	keyctl pipe "$key" > "$tmp/chain"
	drop "$(new_key tpm:f parent=srk)" "$tmp/flat"
	for ((i = 0; i < 3; i++)); do
		fill_slot
	done
	check "$(transients)" = 3
	refuses ENOMEM add tkm tpm:b new @s
	refuses ENOMEM update "$key" reseal
	load_refused ENOMEM tpm:f "$tmp/flat"
	keyctl unlink "$key" @s
	load_refused ENOMEM tpm:a "$tmp/chain"
	check "$(transients)" = 3
	tpm2_flushcontext 0x80000000 -T "device:$TPM_DEV"
	# The SRK, though persistent, takes a slot while it is used.
	load_refused ENOMEM tpm:f "$tmp/flat"
	load_refused ENOMEM tpm:a "$tmp/chain"
	tpm2_flushcontext 0x80000001 -T "device:$TPM_DEV"
	loads tpm:f "$tmp/flat"
	loads tpm:a "$tmp/chain"
	keyctl unlink "$(new_key tpm:b)" @s
	check "$(transients)" = 1
	tpm_stop one
}
claim "all transient slots taken: ENOMEM; two are enough" slots_taken

# raw HEX: a command through the chip's own device; the answer in hex
raw()
{
	exec 9<> "$TPM_DEV"
	xxd -r -p <<< "$1" | cat >&9
	dd bs=4096 count=1 <&9 2>/dev/null | xxd -p | tr -d '\n'
	exec 9>&-
}

sessions_taken()
{
	local i answer nonce

	with_tpm one
	drop "$(new_key tpm:a)" "$tmp/chain"
	nonce=$(printf '%032d' 0)
	for ((i = 0; i < 3; i++)); do
		answer=$(raw "80010000002b0000017640000007400000070010${nonce}0000000010000b")
		contains "$answer" 80010000002000000000
	done
	load_refused ENOMEM tpm:a "$tmp/chain"
	refuses ENOMEM add tkm tpm:b new @s
	raw "80010000000e00000165${answer:20:8}" > /dev/null
	loads tpm:a "$tmp/chain"
	tpm_stop one
}
claim "all session slots taken: ENOMEM; one is enough" sessions_taken

lockout()
{
	local auth wrong

	with_tpm one
	auth=$(auth_key "the value")
	wrong=$(auth_key "another")
	drop "$(new_key tpm:a "auth=$auth")" "$tmp/chain"
	drop "$(new_key tpm:b)" "$tmp/plain"
	tpm2_dictionarylockout -s -n 1 -t 10000 -l 10000
	loads tpm:a "$tmp/chain" "auth=$auth"
	load_refused EKEYREJECTED tpm:a "$tmp/chain" "auth=$wrong"
	load_refused EBUSY tpm:a "$tmp/chain" "auth=$auth"
	loads tpm:b "$tmp/plain"
	keyctl unlink "$(new_key tpm:c)" @s
	tpm2_dictionarylockout -c
	loads tpm:a "$tmp/chain" "auth=$auth"
	holds_nothing
	tpm_stop one
}
claim "dictionary attack lockout: EBUSY, and keys without auth= work" lockout

run_claims
