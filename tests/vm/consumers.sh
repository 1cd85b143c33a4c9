#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What is published, with those who use it in the kernel: dm-crypt, fscrypt on
# ext4, eCryptfs; and what becomes of it.
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"

modprobe -a loop dm_crypt
reveal=reveal=every-possessor-can-read-it
sig=0123456789abcdef

# publish KEY TARGET [OPTIONS]: the number of the new key, in @s
publish()
{
	keyop update "$1" "publish $2 keyring=@s ${3-}" > /dev/null || fail "publish $2 ${3-}"
	keyctl search @s "${2%%:*}" "${2#*:}"
}

# What the keyring says of a key that is no more, or no more to be used.
is_dead()
{
	! keyctl rdescribe "$1" > /dev/null 2>&1
}

dies()
{
	poll 20 is_dead "$1" || fail "key $1 lives: $(keyctl rdescribe "$1")"
}

lives()
{
	keyctl rdescribe "$1" > /dev/null || fail "key $1 is dead"
}

# As after a reboot: the chain of key "use:all" is all that is left.
again()
{
	keyctl clear @s
	module_reload
	load_key use:all "$tmp/chain"
}

# The key of these volumes; its chain is in $tmp/chain.
make_key()
{
	local key

	key=$(new_key use:all "len=${1:-64}")
	keyctl pipe "$key" > "$tmp/chain"
	echo "$key"
}

# ---- dm-crypt ----

# crypt_open KEY-AS-DM-CRYPT-NAMES-IT, on the loop device $loop: /dev/mapper/used
crypt_open()
{
	dmsetup create used --table \
		"0 $(blockdev --getsz "$loop") crypt aes-xts-plain64 $1 0 $loop 0"
	poll 10 test -b /dev/mapper/used
}

crypt_close()
{
	poll 10 dmsetup remove used
}

crypt_write()
{
	printf '%-512s' "$1" | dd of=/dev/mapper/used bs=512 oflag=direct conv=notrunc status=none
}

crypt_read()
{
	dd if=/dev/mapper/used bs=512 count=1 iflag=direct status=none | sed 's/ *$//'
}

loop_open()
{
	truncate -s "${1:-1M}" "$tmp/image"
	loop=$(losetup -f --show "$tmp/image")
}

# crypt_volume TYPE [OPTIONS]
crypt_volume()
{
	local key made opened=":64:$1:use:vol"

	key=$(make_key)
	loop_open
	made=$(publish "$key" "$1:use:vol" "${2-}")
	crypt_open "$opened"
	crypt_write "secret of $1"
	check "$(crypt_read)" = "secret of $1"
	keyop update "$key" "unpublish $1:use:vol"
	dies "$made"
	# What is open stays open.
	check "$(crypt_read)" = "secret of $1"
	crypt_write "more of $1"
	crypt_close
	if crypt_open "$opened" 2> /dev/null; then
		fail "it opens with a revoked key"
	fi
	grep -aqF "of $1" "$tmp/image" && fail "the text is on the disk"
	key=$(again)
	publish "$key" "$1:use:vol" "${2-}" > /dev/null
	crypt_open "$opened"
	check "$(crypt_read)" = "more of $1"
	crypt_close
	losetup -d "$loop"
	keyctl clear @s
}

dm_crypt()
{
	crypt_volume logon
	crypt_volume encrypted "derive=vol len=64"
}
claim "a dm-crypt volume with a logon key, and with an encrypted one" dm_crypt

same_bytes()
{
	local key

	key=$(make_key)
	loop_open
	publish "$key" logon:use:vol "derive=vol len=64" > /dev/null
	publish "$key" encrypted:use:vol "derive=vol len=64" > /dev/null
	publish "$key" logon:use:other "derive=other len=64" > /dev/null
	publish "$key" logon:use:bare > /dev/null
	crypt_open ":64:logon:use:vol"
	crypt_write "one text"
	crypt_close
	# The label makes the bytes, not the type.
	crypt_open ":64:encrypted:use:vol"
	check "$(crypt_read)" = "one text"
	crypt_close
	for other in other bare; do
		crypt_open ":64:logon:use:$other"
		check "$(crypt_read | tr -d '\0')" != "one text"
		crypt_close
	done
	losetup -d "$loop"
}
claim "two labels of one key, and the key itself, are different volumes" same_bytes

derivation()
{
	local key payload label

	key=$(make_key 48)
	publish "$key" user:use:all $reveal > /dev/null
	payload=$(keyctl pipe "$(keyctl search @s user use:all)" | xxd -p | tr -d '\n')
	check ${#payload} = 96
	for label in a vol:1 "$(printf 'x%.0s' {1..191})" ü; do
		for len in 16 32 64 128; do
			publish "$key" user:use:der "derive=$label len=$len $reveal" > /dev/null
			check "$(keyctl pipe "$(keyctl search @s user use:der)" | xxd -p | tr -d '\n')" = \
				"$(openssl kdf -keylen $len -kdfopt digest:SHA2-256 \
					-kdfopt "hexkey:$payload" -kdfopt "info:tkm publish v1 $label" \
					HKDF | tr -d ':\n' | tr A-F a-f)"
		done
	done
	publish "$key" user:use:der "derive=a $reveal" > /dev/null
	check "$(keyctl pipe "$(keyctl search @s user use:der)" | wc -c)" = 32
}
claim "what a label makes is HKDF-SHA256, as OpenSSL computes it" derivation

# ---- fscrypt ----

ext4()
{
	poll 10 umount "$tmp/mnt" 2> /dev/null || :
	mount -t ext4 "$loop" "$tmp/mnt"
}

# What is in the directory, with the key or without.
names()
{
	find "$tmp/mnt/private" -mindepth 1 -printf '%f\n'
}

fscrypt()
{
	local key made id other

	key=$(make_key 32)
	loop_open 8M
	mkfs.ext4 -q -O encrypt "$loop"
	mkdir "$tmp/mnt"
	mount -t ext4 "$loop" "$tmp/mnt"
	made=$(publish "$key" fscrypt-provisioning:use:home derive=home)
	id=$(fscryptop add "$tmp/mnt" "$made")
	mkdir "$tmp/mnt/private"
	fscryptop policy "$tmp/mnt/private" "$id"
	echo "nobody's business" > "$tmp/mnt/private/diary"
	keyop update "$key" "unpublish fscrypt-provisioning:use:home"
	dies "$made"
	# What is unlocked stays so.
	sync
	echo 3 > /proc/sys/vm/drop_caches
	check "$(cat "$tmp/mnt/private/diary")" = "nobody's business"
	echo "and more" >> "$tmp/mnt/private/diary"
	# Until it is locked, which the dead key does not undo.
	fscryptop remove "$tmp/mnt" "$id"
	check "$(names | wc -l)" = 1
	check "$(names)" != diary
	if cat "$tmp/mnt/private/$(names)" > /dev/null 2>&1; then
		fail "it is read without a key"
	fi
	expect_errno EKEYREVOKED fscryptop add "$tmp/mnt" "$made"
	umount "$tmp/mnt"
	for text in "nobody's business" "and more" diary; do
		if grep -aqF "$text" "$tmp/image"; then
			fail "'$text' is on the disk"
		fi
	done
	key=$(again)
	mount -t ext4 "$loop" "$tmp/mnt"
	# Another label is another key: it unlocks nothing here.
	other=$(fscryptop add "$tmp/mnt" \
		"$(publish "$key" fscrypt-provisioning:use:other derive=other)")
	check "$other" != "$id"
	check "$(names)" != diary
	made=$(publish "$key" fscrypt-provisioning:use:home derive=home)
	check "$(fscryptop add "$tmp/mnt" "$made")" = "$id"
	check "$(cat "$tmp/mnt/private/diary")" = $'nobody\'s business\nand more'
	umount "$tmp/mnt"
	losetup -d "$loop"
}
claim "an ext4 directory with a policy of version 2" fscrypt

# ---- eCryptfs ----

ecryptfs_mount()
{
	mount -i -t ecryptfs -o "ecryptfs_sig=$sig,ecryptfs_cipher=aes,ecryptfs_key_bytes=32" \
		"$tmp/lower" "$tmp/upper"
}

ecryptfs()
{
	local key made

	modprobe ecryptfs || skip "this kernel has no eCryptfs"
	key=$(make_key 64)
	mkdir "$tmp/lower" "$tmp/upper"
	if ecryptfs_mount 2> /dev/null; then
		fail "it is mounted without a key"
	fi
	made=$(publish "$key" encrypted:$sig format=ecryptfs)
	ecryptfs_mount
	echo "a line for nobody" > "$tmp/upper/file"
	echo "another" > "$tmp/upper/open"
	exec 8< "$tmp/upper/open"
	keyop update "$key" "unpublish encrypted:$sig"
	dies "$made"
	# A file that is open goes on; the next one asks for the key.
	check "$(cat <&8)" = another
	exec 8<&-
	if echo x 2> /dev/null > "$tmp/upper/new"; then
		fail "a new file is made with a revoked key"
	fi
	umount "$tmp/upper"
	if grep -rqF "a line" "$tmp/lower"; then
		fail "the text is in the file below"
	fi
	if ecryptfs_mount 2> /dev/null; then
		fail "it is mounted with a revoked key"
	fi
	key=$(again)
	publish "$key" encrypted:$sig format=ecryptfs > /dev/null
	ecryptfs_mount
	check "$(cat "$tmp/upper/file")" = "a line for nobody"
	umount "$tmp/upper"
	# A label of it is another key.
	publish "$key" encrypted:$sig "format=ecryptfs derive=other" > /dev/null
	ecryptfs_mount
	check "$(tr -d '\0' < "$tmp/upper/file" 2> /dev/null)" != "a line for nobody"
	umount "$tmp/upper"
	# Where it is a module, and not the debug kernel's own.
	[ ! -e /sys/module/ecryptfs/refcnt ] || rmmod ecryptfs
}
claim "an eCryptfs mount" ecryptfs

# ---- what is refused ----

# What the log says of a name is there, if not now then when it may speak again.
refuses_size()
{
	refuses_early EMSGSIZE update "$1" "$2" || return 1
	dmesg | grep -F "publish $3: " | grep -qF "$4"
}

# wrong_size KEY TARGET OPTIONS MIN-TO-MAX-OF-THE-CONSUMER BYTES
wrong_size()
{
	poll 15 refuses_size "$1" "publish $2 keyring=@s $3" "$2" "$4" ||
		fail "the log does not say '$4' of $2 $3: $(dmesg | grep publish | tail -n 3)"
	dmesg | grep -F "publish $2: " | grep -qwF "$5"
}

sizes()
{
	local small large

	small=$(new_key use:small len=16)
	large=$(new_key use:large len=128)
	wrong_size "$small" encrypted:use:s "" "20 to 128" 16
	wrong_size "$large" fscrypt-provisioning:use:l "" "16 to 64" 128
	wrong_size "$small" encrypted:$sig format=ecryptfs "64 to 64" 16
	wrong_size "$large" encrypted:1${sig:1} format=ecryptfs "64 to 64" 128
}
claim "a size that the consumer does not take: EMSGSIZE, and the log says why" sizes

derived_sizes()
{
	local key

	key=$(new_key use:all)
	wrong_size "$key" encrypted:use:d "derive=a len=16" "20 to 128" 16
	wrong_size "$key" encrypted:use:e "derive=a len=19" "20 to 128" 19
	wrong_size "$key" fscrypt-provisioning:use:d "derive=a len=65" "16 to 64" 65
	wrong_size "$key" encrypted:2${sig:1} "format=ecryptfs derive=a len=32" "64 to 64" 32
	wrong_size "$key" encrypted:3${sig:1} "derive=a len=128 format=ecryptfs" "64 to 64" 128
	for options in "logon:a:b derive=a len=16" "encrypted:b derive=a len=20" \
		"fscrypt-provisioning:b derive=a len=16" "logon:a:c derive=a len=128" \
		"fscrypt-provisioning:c derive=a len=64" "encrypted:$sig derive=x format=ecryptfs"; do
		keyop update "$key" "publish $options keyring=@s"
	done
}
claim "... also of what is derived" derived_sizes

texts()
{
	local key text

	key=$(new_key use:all len=64)
	while read -r text; do
		refuses_early EINVAL update "$key" "$text"
	done <<-LIST
		publish
		publish logon
		publish logon:
		publish logon:nocolon
		publish logon::front
		publish trusted:a
		publish asymmetric:a
		publish keyring:a
		publish tkm:a:b
		publish Logon:a:b
		publish encrypted:
		publish encrypted:short format=ecryptfs
		publish encrypted:0123456789abcdeg format=ecryptfs
		publish encrypted:0123456789abcdef0 format=ecryptfs
		publish encrypted:a format=enc32
		publish encrypted:a format=
		publish logon:a:b format=default
		publish fscrypt-provisioning:a format=ecryptfs
		publish logon:a:b len=32
		publish logon:a:b derive=
		publish logon:a:b derive=a derive=b
		publish logon:a:b derive=a len=15
		publish logon:a:b derive=a len=129
		publish logon:a:b reveal=every-possessor-can-read-it
		publish user:a reveal=yes
		publish user:a reveal=
		publish user:a reveal=Every-possessor-can-read-it
		unpublish logon
		unpublish nobody:a
		unpublish logon:a:b keyring=@s
		unpublish logon:a:b derive=a
	LIST
	refuses_early EINVAL update "$key" "publish logon:a:$(printf 'x%.0s' {1..254})"
	refuses_early EPERM update "$key" "publish user:a"
	refuses_early EPERM update "$key" "publish user:a derive=b keyring=@s"
	refuses_early ENOENT update "$key" "unpublish"
	refuses_early ENOENT update "$key" "unpublish logon:a:b"
	refuses_early EINVAL add tkm use:b "publish logon:a:b" @s
	refuses_early EINVAL add tkm use:b "unpublish" @s
	refuses_early ENOTDIR update "$key" "publish logon:a:b keyring=$key"
}
claim "texts that no consumer takes: EINVAL; user without the word: EPERM" texts

# ---- what becomes of it ----

targets=(logon:use:a encrypted:use:b fscrypt-provisioning:use:c "encrypted:$sig format=ecryptfs"
	"user:use:e $reveal")

# publish_all KEY: numbers, in $made
publish_all()
{
	local target options

	made=()
	for target in "${targets[@]}"; do
		options=${target#* }
		[ "$options" != "$target" ] || options=
		made+=("$(publish "$1" "${target%% *}" "$options")")
	done
}

replaced()
{
	local key i first

	key=$(new_key use:all len=64)
	publish_all "$key"
	first=("${made[@]}")
	for i in "${first[@]}"; do
		lives "$i"
	done
	publish_all "$key"
	for i in "${!targets[@]}"; do
		check "${first[i]}" != "${made[i]}"
		dies "${first[i]}"
		lives "${made[i]}"
	done
	# One that another tkm key put there is not ours to replace: it is displaced,
	# as add_key does it, and goes.
	publish_all "$(new_key use:second len=64)"
	for i in "${made[@]}"; do
		lives "$i"
	done
	# In another keyring it is another one.
	keyop update "$key" "publish logon:use:a keyring=$(keyctl newring use @s)"
	lives "${made[0]}"
}
claim "publishing again replaces what was there, which is revoked" replaced

all_die()
{
	local i

	for i in "${made[@]}"; do
		dies "$i"
	done
}

ends()
{
	local key end

	for end in "revoke" "invalidate" "unlink" "timeout" "unpublish"; do
		key=$(new_key use:$end len=64)
		publish_all "$key"
		case $end in
		unlink) keyctl unlink "$key" @s ;;
		timeout) keyctl timeout "$key" 1 ;;
		unpublish) keyop update "$key" unpublish ;;
		*) keyctl $end "$key" ;;
		esac
		all_die
		keyctl clear @s
	done
	# One by one.
	key=$(new_key use:all len=64)
	publish_all "$key"
	for i in "${!targets[@]}"; do
		lives "${made[i]}"
		keyop update "$key" "unpublish ${targets[i]%% *}"
		dies "${made[i]}"
		refuses_early ENOENT update "$key" "unpublish ${targets[i]%% *}"
	done
	publish_all "$key"
	keyctl revoke "$key"
	expect_errno EKEYREVOKED keyop update "$key" unpublish
	all_die
	# A key with an end of its own gives no more than it has.
	key=$(new_key use:short "len=64 not-after=$(date -u -d "+$((3 * slow)) seconds" +%Y-%m-%dT%H:%M:%SZ)")
	publish_all "$key"
	all_die
}
claim "revoke, invalidate, unlink, timeout, unpublish and not-after take it along" ends

hidden()
{
	local key i out

	key=$(new_key use:all len=64)
	publish_all "$key"
	for i in 0 1 2 3; do
		if out=$(keyctl pipe "${made[i]}" 2>&1); then
			fail "${targets[i]} is read: $out"
		fi
		comment "read ${targets[i]}: $out"
		expect_errno EACCES as 4602 keyctl pipe "${made[i]}"
		expect_errno EACCES keyctl setperm "${made[i]}" 0x3f3f3f3f
		if keyctl update "${made[i]}" x 2> /dev/null; then
			fail "${targets[i]} can be changed"
		fi
	done
	expect_errno ENOKEY keyctl pipe "${made[1]}"
	check "$(keyctl pipe "${made[4]}" | wc -c)" = 64
	expect_errno EACCES as 4602 keyctl pipe "${made[4]}"
	# No master key, no keyring of that moment is left.
	check "$(grep -c ' user  *tkm-' /proc/keys)" = 0
	check "$(grep -c ' keyring  *tkm:' /proc/keys)" = 0
}
claim "nobody can read or change it, but a user key" hidden

quota_of()
{
	awk -v uid="$1:" '$1 == uid { split($4, k, "/"); split($5, b, "/")
		print k[1], b[1]; seen = 1 } END { if (!seen) print "0 0" }' \
		/proc/key-users
}

quota_is()
{
	[ "$(quota_of 0)" = "$1" ]
}

# options_of TARGET, with a space in front, or nothing
options_of()
{
	[ "${1#* }" = "$1" ] || echo " ${1#* }"
}

# Into a keyring that goes: another keeps what is revoked for five minutes, and is
# charged for its place for good.
many()
{
	local key before target ring

	key=$(new_key use:all len=64)
	before=$(quota_of 0)
	ring=$(keyctl newring use @s)
	for target in "${targets[@]}"; do
		pkop publish 40 "$key" "publish ${target%% *} keyring=$ring$(options_of "$target")"
		keyop update "$key" "unpublish ${target%% *}"
	done
	# Not unpublished, but replaced.
	pkop publish 100 "$key" "publish encrypted:use:b keyring=$ring"
	check "$(keyctl rlist "$ring" | wc -w)" -le 6
	keyctl unlink "$ring" @s
	poll 30 quota_is "$before" || fail "quota $(quota_of 0), before: $before"
	keyctl clear @s
	poll 30 nothing_left || fail "left: $(grep -E 'use:|tkm' /proc/keys)"
}

nothing_left()
{
	! grep -qE ' (tkm|encrypted|fscrypt-p) | logon  *use:| user  *(use:|tkm-)' /proc/keys
}
claim "three hundred publishes leave nothing, in no quota" many

quota()
{
	local key before target

	as_open 4603
	key=$(as_do keyop add tkm use:all "new len=64" @s)
	before=$(quota_of 4603)
	echo 3 > /proc/sys/kernel/keys/maxkeys
	for target in "${targets[@]}"; do
		if as_do keyop update "$key" "publish ${target%% *} keyring=@s$(options_of "$target")" > "$tmp/out"; then
			echo 200 > /proc/sys/kernel/keys/maxkeys
			fail "$target is published"
		fi
		check "$(cat "$tmp/out")" = EDQUOT
		check "$(quota_of 4603)" = "$before"
	done
	echo 200 > /proc/sys/kernel/keys/maxkeys
	as_do keyop update "$key" "publish encrypted:use:b keyring=@s"
	as_close
	# But for the user's own two keyrings.
	poll 20 user_is_gone || fail "quota of the user: $(quota_of 4603)"
}

user_is_gone()
{
	local keys

	keys=$(quota_of 4603)
	[ "${keys% *}" -le 2 ]
}
claim "what is published counts in the caller's quota: EDQUOT, and nothing is made" quota

run_claims
