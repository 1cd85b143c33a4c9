#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A key from its first day to its last, and what it published.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"

modprobe -a loop dm_crypt

#
# Words of these tests.
#

# What the keyring says of a key that is no more, or no more to be used.
is_dead()
{
	! keyctl rdescribe "$1" > /dev/null 2>&1
}

dies()
{
	poll "${2:-20}" is_dead "$1" || fail "key $1 lives: $(keyctl rdescribe "$1")"
}

lives()
{
	keyctl rdescribe "$1" > /dev/null || fail "key $1 is dead"
}

# A key goes from /proc/keys when the keyring's worker has taken it away.
is_gone()
{
	! grep -q "^$(printf '%08x' "$1") " /proc/keys
}

goes()
{
	poll 20 is_gone "$1" || fail "key $1 stays: $(grep "^$(printf '%08x' "$1")" /proc/keys)"
}

module_users()
{
	cat /sys/module/tkm/refcnt
}

users_are()
{
	[ "$(module_users)" = "$1" ]
}

# Keys and bytes that a user is charged.
quota_of()
{
	awk -v uid="$1:" '$1 == uid { split($4, k, "/"); split($5, b, "/")
		print k[1], b[1]; seen = 1 } END { if (!seen) print "0 0" }' \
		/proc/key-users
}

# A key of an earlier claim may be let go of meanwhile: fewer is no complaint.
charged_at_most()
{
	local keys bytes

	read -r keys bytes <<< "$(quota_of 0)"
	[ "$keys" -le "${1% *}" ] && [ "$bytes" -le "${1#* }" ]
}

# publish KEY DESC [KEYRING]: the number of the new logon key
publish()
{
	local ring=${3:-@s}

	keyop update "$1" "publish logon:$2 keyring=$ring" > /dev/null ||
		fail "publish $2"
	keyctl search "$ring" logon "$2"
}

# A volume in the file $1 with the logon key $2: /dev/mapper/tkmtest
volume_open()
{
	local bytes=${3:-64} sectors

	[ -e "$1" ] || truncate -s 1M "$1"
	loop=$(losetup -f --show "$1")
	sectors=$(blockdev --getsz "$loop")
	dmsetup create tkmtest --table \
		"0 $sectors crypt aes-xts-plain64 :$bytes:logon:$2 0 $loop 0" || {
		losetup -d "$loop"
		return 1
	}
	poll 10 test -b /dev/mapper/tkmtest
}

volume_close()
{
	poll 10 dmsetup remove tkmtest
	losetup -d "$loop"
}

volume_write()
{
	echo "$1" | dd of=/dev/mapper/tkmtest bs=4096 conv=sync oflag=direct status=none
}

volume_read()
{
	dd if=/dev/mapper/tkmtest bs=4096 count=1 iflag=direct status=none |
		tr -d '\0'
}

#
# Ends of a key.
#

revoked()
{
	local key other

	key=$(new_key life:a)
	keyctl revoke "$key"
	expect_errno EKEYREVOKED keyctl pipe "$key"
	expect_errno EKEYREVOKED keyop update "$key" reseal
	expect_errno EKEYREVOKED keyop update "$key" "publish logon:a:b keyring=@s"
	other=$(new_key life:a)
	check "$other" != "$key"
	goes "$key"
}
claim "a revoked key says EKEYREVOKED, and its name is free" revoked

invalidated()
{
	local key

	key=$(new_key life:a)
	keyctl invalidate "$key"
	goes "$key"
	expect_errno ENOKEY keyctl pipe "$key"
	expect_errno ENOKEY keyctl search @s tkm life:a
	new_key life:a > /dev/null
}
claim "an invalidated key is gone" invalidated

expired()
{
	local key

	key=$(new_key life:a)
	keyctl timeout "$key" 1
	dies "$key"
	expect_errno EKEYEXPIRED keyctl pipe "$key"
	expect_errno EKEYEXPIRED keyop update "$key" reseal
	expect_errno EKEYEXPIRED keyop update "$key" "publish logon:a:b keyring=@s"
	expect_errno EKEYEXPIRED keyctl search @s tkm life:a
}
claim "a key whose timeout is over says EKEYEXPIRED" expired

unlinked()
{
	local key before

	before=$(module_users)
	key=$(new_key life:a)
	check "$(module_users)" -gt "$before"
	keyctl unlink "$key" @s
	goes "$key"
	poll 10 users_are "$before" || fail "$(module_users) users, $before before"
}
claim "a key that nothing links is destroyed, payload and all" unlinked

cleared()
{
	local before

	before=$(module_users)
	new_key life:a > /dev/null
	new_key life:b > /dev/null
	keyctl clear @s
	poll 10 users_are "$before" || fail "$(module_users) users, $before before"
}
claim "so it is when its keyring is cleared" cleared

#
# Publishing.
#

in_session()
{
	local key logon

	key=$(new_key life:p "len=64")
	logon=$(publish "$key" life:p @s)
	check "$(keyctl search @s logon life:p)" = "$logon"
	expect_errno ENOKEY keyctl search @u logon life:p
	contains "$(keyctl rdescribe "$logon")" "logon;0;0;19010000;life:p"
}
claim "publish puts a logon key into @s, for the possessor to use" in_session

in_user()
{
	local key logon

	key=$(new_key life:p)
	logon=$(publish "$key" life:p @u)
	check "$(keyctl search @u logon life:p)" = "$logon"
	keyctl revoke "$key"
	dies "$logon"
}
claim "publish puts a logon key into @u" in_user

in_serial()
{
	local key ring

	key=$(new_key life:p)
	ring=$(keyctl newring life @s)
	publish "$key" life:p "$ring" > /dev/null
	contains "$(keyctl rlist "$ring")" "$(keyctl search "$ring" logon life:p)"
}
claim "publish puts a logon key into a keyring given by number" in_serial

closed()
{
	local key logon perm

	key=$(new_key life:p)
	logon=$(publish "$key" life:p)
	expect_errno EOPNOTSUPP keyctl pipe "$logon"
	perm=$(keyctl rdescribe "$logon")
	expect_errno EACCES keyop update "$logon" "something else"
	expect_errno EACCES keyctl setperm "$logon" 0x3f3f3f3f
	expect_errno EACCES keyctl chown "$logon" 0
	expect_errno EACCES keyctl timeout "$logon" 1000
	check "$(keyctl rdescribe "$logon")" = "$perm"
}
claim "what was published cannot be read, changed or given away" closed

opens_volume()
{
	local key

	key=$(new_key life:v "len=64")
	publish "$key" life:v > /dev/null
	volume_open "$tmp/volume" life:v
	volume_write "a line on the volume"
	check "$(volume_read)" = "a line on the volume"
	volume_close
	lacks "$(tr -d '\0' < "$tmp/volume" | head -c 4096)" "a line"
	volume_open "$tmp/volume" life:v
	check "$(volume_read)" = "a line on the volume"
	volume_close
}
claim "dm-crypt opens a volume with it" opens_volume

other_key_other_volume()
{
	local one two

	one=$(new_key life:v "len=64")
	two=$(new_key life:w "len=64")
	publish "$one" life:v > /dev/null
	publish "$two" life:w > /dev/null
	volume_open "$tmp/volume" life:v
	volume_write "a line on the volume"
	volume_close
	volume_open "$tmp/volume" life:w
	check "$(volume_read)" != "a line on the volume"
	volume_close
}
claim "another key does not" other_key_other_volume

wrong_size()
{
	local key

	key=$(new_key life:v "len=64")
	publish "$key" life:v > /dev/null
	if volume_open "$tmp/volume" life:v 32; then
		volume_close
		fail "64 bytes were taken for 32"
	fi
	volume_open "$tmp/volume" life:v 64
	volume_close
}
claim "a wrong size is refused" wrong_size

survives_in_dm_crypt()
{
	local key logon

	key=$(new_key life:v "len=64")
	logon=$(publish "$key" life:v)
	volume_open "$tmp/volume" life:v
	volume_write "before"
	keyctl revoke "$key"
	dies "$logon"
	check "$(volume_read)" = before
	volume_close
	if volume_open "$tmp/volume" life:v; then
		volume_close
		fail "opened with a key that is dead"
	fi
}
claim "an open volume stays open after revoke, and does not open again" survives_in_dm_crypt

dies_with_revoke()
{
	local key one two

	key=$(new_key life:p)
	one=$(publish "$key" life:p1)
	two=$(publish "$key" life:p2 @u)
	keyctl revoke "$key"
	dies "$one"
	dies "$two"
	expect_errno EKEYREVOKED keyctl describe "$one"
}
claim "all that was published dies when the key is revoked" dies_with_revoke

dies_with_destroy()
{
	local key logon

	key=$(new_key life:p)
	logon=$(publish "$key" life:p)
	keyctl unlink "$key" @s
	dies "$logon"
}
claim "... when it is destroyed" dies_with_destroy

dies_with_invalidate()
{
	local key logon

	key=$(new_key life:p)
	logon=$(publish "$key" life:p)
	keyctl invalidate "$key"
	dies "$logon"
}
claim "... when it is invalidated" dies_with_invalidate

dies_with_timeout()
{
	local key logon

	key=$(new_key life:p)
	keyctl timeout "$key" $((2 * slow))
	logon=$(publish "$key" life:p)
	lives "$logon"
	dies "$logon"
	dies "$key"
}
claim "... when the timeout is over that it had before" dies_with_timeout

dies_with_late_timeout()
{
	local key logon other

	key=$(new_key life:p)
	other=$(new_key life:q)
	logon=$(publish "$key" life:p)
	other=$(publish "$other" life:q)
	keyctl timeout "$key" 1
	dies "$logon" 30
	lives "$other"
}
claim "... when a timeout is over that was set after publishing" dies_with_late_timeout

dies_with_not_after()
{
	local key logon end

	end=$(date -u -d "+$((3 * slow)) seconds" +%Y-%m-%dT%H:%M:%SZ)
	key=$(new_key life:p "not-after=$end")
	logon=$(publish "$key" life:p)
	dies "$logon" 30
	dies "$key"
	expect_errno EKEYEXPIRED keyctl pipe "$key"
}
claim "... when its not-after has come" dies_with_not_after

pre_active()
{
	local key start

	start=$(date -u -d "+$((3 * slow)) seconds" +%Y-%m-%dT%H:%M:%SZ)
	key=$(new_key life:p "not-before=$start")
	contains "$(state_of "$key")" state=pre-active
	refuses EPERM update "$key" "publish logon:life:p keyring=@s"
	poll 10 keyop update "$key" "publish logon:life:p keyring=@s" ||
		fail "still refused"
	contains "$(state_of "$key")" state=active
}
claim "a key is not published before its not-before" pre_active

twice()
{
	local key one two i quota

	key=$(new_key life:v "len=64")
	one=$(publish "$key" life:v)
	volume_open "$tmp/volume" life:v
	volume_write "written with the first"
	volume_close
	two=$(publish "$key" life:v)
	check "$two" != "$one"
	volume_open "$tmp/volume" life:v
	check "$(volume_read)" = "written with the first"
	volume_close
	quota=$(quota_of 0)
	for i in 1 2 3 4 5; do
		two=$(publish "$key" life:v)
	done
	poll 10 charged_at_most "$quota" ||
		fail "after $i more: $(quota_of 0), before: $quota"
	keyctl revoke "$key"
	dies "$two"
}
claim "publishing twice gives one key, the newest, and is charged for one" twice

unlinked_by_user()
{
	local key logon quota

	key=$(new_key life:p)
	quota=$(quota_of 0)
	logon=$(publish "$key" life:p)
	keyctl unlink "$logon" @s
	poll 10 charged_at_most "$quota" ||
		fail "$(quota_of 0), before: $quota"
}
claim "a published key that is unlinked is charged no longer" unlinked_by_user

no_write()
{
	local key ring before

	key=$(new_key life:p)
	ring=$(keyctl newring life @s)
	keyctl setperm "$ring" 0x3b000000
	before=$(quota_of 0)
	refuses EACCES update "$key" "publish logon:life:p keyring=$ring"
	charged_at_most "$before" ||
		fail "$(quota_of 0), before: $before"
}
claim "a keyring that may not be written is refused, EACCES" no_write

no_write_on_key()
{
	local key

	key=$(new_key life:p)
	keyctl setperm "$key" 0x3b000000
	refuses EACCES update "$key" "publish logon:life:p keyring=@s"
	refuses EACCES update "$key" reseal
}
claim "a key that may not be written is not published or resealed, EACCES" no_write_on_key

no_keyring()
{
	local key other

	key=$(new_key life:p)
	other=$(keyctl add user life:u value @s)
	refuses ENOTDIR update "$key" "publish logon:life:p keyring=$other"
	refuses ENOTDIR update "$key" "publish logon:life:p keyring=$key"
	refuses ENOKEY update "$key" "publish logon:life:p keyring=2147483647"
}
claim "what is no keyring is refused, ENOTDIR" no_keyring

no_colon()
{
	local key

	key=$(new_key life:p)
	refuses_early EINVAL update "$key" "publish logon:plain keyring=@s"
	refuses_early EINVAL update "$key" "publish logon: keyring=@s"
	refuses_early EINVAL update "$key" "publish logon::plain keyring=@s"
}
claim "a logon description without a prefix is refused, EINVAL" no_colon

#
# Reseal.
#

reseal_keeps_data()
{
	local key chain

	key=$(new_key life:v "len=64")
	chain=$(keyctl pipe "$key")
	publish "$key" life:before > /dev/null
	volume_open "$tmp/volume" life:before
	volume_write "before reseal"
	volume_close
	keyop update "$key" "reseal pcrs=sha256:16" > /dev/null
	check "$(keyctl pipe "$key")" != "$chain"
	contains "$(state_of "$key")" policy=sha256:16
	publish "$key" life:after > /dev/null
	volume_open "$tmp/volume" life:after
	check "$(volume_read)" = "before reseal"
	volume_close
}
claim "reseal keeps the data" reseal_keeps_data

resealed_chain_loads()
{
	local key logon

	key=$(new_key life:v "len=64")
	publish "$key" life:before > /dev/null
	volume_open "$tmp/volume" life:before
	volume_write "before reseal"
	volume_close
	keyop update "$key" "reseal pcrs=sha256:16" > /dev/null
	keyctl pipe "$key" > "$tmp/chain"
	keyctl unlink "$key" @s
	key=$(load_key life:v "$tmp/chain")
	logon=$(publish "$key" life:after)
	volume_open "$tmp/volume" life:after
	check "$(volume_read)" = "before reseal"
	volume_close
	lives "$logon"
}
claim "... and the chain of afterwards holds it" resealed_chain_loads

reseal_keeps_published()
{
	local key logon

	key=$(new_key life:p)
	logon=$(publish "$key" life:p)
	keyop update "$key" "reseal pcrs=sha256:16" > /dev/null
	lives "$logon"
	keyctl revoke "$key"
	dies "$logon"
}
claim "reseal leaves alone what was published, which still dies with the key" reseal_keeps_published

#
# Keys that are asked for.
#

unanswered()
{
	local start=$SECONDS

	expect_errno ENOKEY keyctl request tkm life:n
	expect_errno ENOKEY keyctl request2 tkm life:n "" @s
	check $((SECONDS - start)) -lt 30
}
claim "request_key, which nobody answers, says ENOKEY at once" unanswered

negative()
{
	local serial key

	expect_errno ENOKEY keyctl request2 tkm life:n "" @s
	serial=$(awk '$2 ~ /N/ && / tkm  *life:n/ { print $1 }' /proc/keys)
	[ -n "$serial" ] || fail "no negative key: $(grep ' tkm ' /proc/keys)"
	serial=$((16#$serial))
	refuses ENOKEY update "$serial" reseal
	refuses ENOKEY update "$serial" "publish logon:life:n keyring=@s"
	key=$(new_key life:n)
	contains "$(state_of "$key")" "app=life label=n kind=data"
	check "$(keyctl search @s tkm life:n)" = "$key"
	contains "$(keyctl pipe "$key")" 3082
}
claim "the negative key it leaves takes no update, and a real one its place" negative

negative_then_load()
{
	local key

	key=$(new_key life:n)
	keyctl pipe "$key" > "$tmp/chain"
	keyctl unlink "$key" @s
	expect_errno ENOKEY keyctl request2 tkm life:n "" @s
	key=$(load_key life:n "$tmp/chain")
	check "$(keyctl pipe "$key")" = "$(cat "$tmp/chain")"
}
claim "... by load as well" negative_then_load

#
# The module.
#

busy()
{
	local key

	key=$(new_key life:b)
	expect_errno EAGAIN rmmod_errno
	contains "$(keyctl pipe "$key")" 3082
	keyctl unlink "$key" @s
	module_unload
	module_load
	new_key life:b > /dev/null
}

# rmmod prints "Module tkm is in use"; what delete_module says is EWOULDBLOCK.
rmmod_errno()
{
	if rmmod tkm 2> "$tmp/rmmod"; then
		return 0
	fi
	contains "$(cat "$tmp/rmmod")" "in use"
	echo EAGAIN
	return 1
}
claim "rmmod says busy while a key lives, and works after" busy

busy_published()
{
	local key logon

	key=$(new_key life:b)
	logon=$(publish "$key" life:b)
	keyctl unlink "$key" @s
	module_unload
	dies "$logon"
	module_load
}
claim "unloading leaves nothing published behind" busy_published

cycles()
{
	local i key logon

	for ((i = 0; i < 20; i++)); do
		if [ $((i % 4)) = 1 ]; then
			key=$(new_key life:c "parent=srk")
			logon=$(publish "$key" life:c)
			keyctl unlink "$key" @s
		fi
		module_reload
	done
	dies "$logon"
	new_key life:c > /dev/null
}
claim "the module is loaded and unloaded twenty times" cycles

#
# The quota.
#

# As uid 4001, in one session: what is left after each step is printed.
quota_script()
{
	cat <<'SCRIPT'
set -eu
quota() { awk '$1 == "4001:" { print $4, $5 }' /proc/key-users; }
settled() { [ "$(quota)" = "$1" ]; }
poll() { for ((n = 0; n < 100; n++)); do settled "$1" && return; sleep 0.05; done
	echo "quota is $(quota), not $1"; exit 1; }
before=$(quota)
made=0
while out=$(keyop add tkm "quota:k$made" "new parent=srk" @s); do
	made=$((made + 1))
	[ $made -lt 300 ] || break
done
echo "$out after $made"
full=$(quota)
out=$(keyop -u add tkm quota:more "new parent=srk" @s) || echo "$out again"
[ "$(quota)" = "$full" ] || echo "quota moved: $full to $(quota)"
one=$(keyctl search @s tkm quota:k0)
keyctl unlink $one @s > /dev/null
for ((n = 0; n < 500; n++)); do
	[ "$(quota)" = "$full" ] || break
	sleep 0.02
done
keyop add tkm quota:more "new parent=srk" @s > /dev/null && echo "one goes, one comes"
keyctl clear @s
keyctl link @u @s
poll "$before"
echo "as before: ${before%% *}"
SCRIPT
}

quota_keys()
{
	local out most

	most=$(cat /proc/sys/kernel/keys/maxkeys)
	echo 30 > /proc/sys/kernel/keys/maxkeys
	quota_script > "$tmp/script"
	chmod 755 "$work" "$tmp"
	out=$(as 4001 bash "$tmp/script" 2>&1) || fail "$out"
	echo "$most" > /proc/sys/kernel/keys/maxkeys
	contains "$out" "EDQUOT after 27"
	contains "$out" "EDQUOT again"
	contains "$out" "one goes, one comes"
	contains "$out" "as before: 3/30"
	lacks "$out" moved
}
claim "more keys than the quota: EDQUOT, counted to the key" quota_keys

quota_bytes()
{
	local out most

	most=$(cat /proc/sys/kernel/keys/maxbytes)
	echo 1000 > /proc/sys/kernel/keys/maxbytes
	quota_script > "$tmp/script"
	chmod 755 "$work" "$tmp"
	out=$(as 4001 bash "$tmp/script" 2>&1) || fail "$out"
	echo "$most" > /proc/sys/kernel/keys/maxbytes
	contains "$out" "EDQUOT after "
	contains "$out" "EDQUOT again"
	contains "$out" "as before: 3/"
	lacks "$out" moved
}
claim "more bytes than the quota: EDQUOT, counted to the byte" quota_bytes

quota_publish()
{
	local out most

	most=$(cat /proc/sys/kernel/keys/maxkeys)
	echo 5 > /proc/sys/kernel/keys/maxkeys
	out=$(as 4002 bash -c '
		key=$(keyop add tkm life:q "new parent=srk" @s)
		keyop -u update $key "publish logon:life:q1 keyring=@s"
		keyop -u update $key "publish logon:life:q2 keyring=@s"') || :
	echo "$most" > /proc/sys/kernel/keys/maxkeys
	check "$out" = "0
EDQUOT"
}
claim "a published key counts, and is refused when there is no room" quota_publish

run_claims
