#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# tkmd: what was acknowledged is there again, for whom it belongs to, whatever
# became of tkmd and of its disk; and its database tells a stranger nothing.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$here/tkmd.bash"

kept()
{
	local key

	tkmd_start
	for key in a:data a:crypt a:ec a:rsa b:flat default:long; do
		case $key in
		*crypt) kept_key $key use=crypt ;;
		*ec) kept_key $key "ec not-after=2099-01-01" ;;
		*rsa) kept_key $key "rsa use=decrypt" ;;
		*flat) kept_key $key parent=srk ;;
		*) kept_key $key "data len=128 pcrs=7" ;;
		esac
		is_kept $key
	done
	check "$(ask '{"verb":"status"}')" = '{"ok":true,"version":"0.1.0","schema":7,"helper":true,"read-only":false,"keys":6,"total":6,"storage":4,"state":"'"$tmp/state"'"}'
	tkmd_kill
	finds ENOKEY a:data
	keyctl clear @s
	tkmd_start
	for key in a:data a:crypt a:ec a:rsa b:flat default:long; do
		is_kept $key
	done
	tkmd_stop
	check "$(cd "$tmp/state" && echo *)" = "audit.head kdb"
	keyctl clear @s
	tkmd_start
	is_kept a:ec
	lacks "$(cat "$tmp/tkmd.log")" " a:"
	tkmd_stop
}
claim "keys of every kind are found again, after SIGTERM and after SIGKILL" kept

names_taken()
{
	local key before

	tkmd_start
	kept_key a:b
	expect_errno EEXIST keyop add tkm a:b new @s
	is_kept a:b
	key=$(found a:b)
	before=$(keyctl pipe "$key")
	must update "$key" "reseal pcrs=7" > /dev/null
	keyctl pipe "$key" > "$tmp/a_b"
	check "$(cat "$tmp/a_b")" != "$before"
	keyctl unlink "$key" @s
	is_kept a:b
	# What no key became is not kept: its name is free.
	expect_errno EDQUOT keyop_without_quota a:c
	poll 10 is_dropped || fail "$(ask '{"verb":"list"}')"
	kept_key a:c
	is_kept a:c
	tkmd_stop
}

keyop_without_quota()
{
	local quota=/proc/sys/kernel/keys/root_maxkeys old status=0

	old=$(cat $quota)
	echo 1 > $quota
	keyop add tkm "$1" new @s || status=$?
	echo "$old" > $quota
	return $status
}

is_dropped()
{
	[[ $(ask '{"verb":"status"}') == *'"keys":1,'* ]]
}
claim "a name that is taken is EEXIST; reseal replaces; what no key became is dropped" names_taken

domains()
{
	tkmd_start
	kept_key a:b
	as 4501 keyop add tkm a:b new @s > /dev/null
	as 4501 keyop add tkm a:theirs new @s > /dev/null
	unshare -Ur keyop session keyop add tkm a:contained new @s > /dev/null
	is_kept a:b
	finds ENOKEY a:theirs
	finds ENOKEY a:contained
	as 4501 bash -c 'keyctl pipe "$(keyctl request2 tkm a:b x @s)"' > "$tmp/theirs"
	check "$(cat "$tmp/theirs")" != "$(cat "$tmp/a_b")"
	expect_errno ENOKEY as 4502 keyctl request2 tkm a:b x @s
	expect_errno ENOKEY unshare -Ur keyop session keyctl request2 tkm a:b x @s
	unshare -Ur keyop session keyctl request2 tkm a:contained x @s > /dev/null
	# On the socket: one's own, and all for root.
	check "$(as 4501 bash -c "$(declare -f ask); tmp=$tmp; ask '{\"verb\":\"list\"}'" |
		grep -o '"key":"[^"]*"' | tr '\n' ' ')" = '"key":"a:b" "key":"a:theirs" '
	contains "$(as 4501 bash -c "$(declare -f ask); tmp=$tmp; ask '{\"verb\":\"list\",\"all\":true}'")" EPERM
	contains "$(as 4501 bash -c "$(declare -f ask); tmp=$tmp; ask '{\"verb\":\"show\",\"id\":1}'")" ENOKEY
	contains "$(as 4501 bash -c "$(declare -f ask); tmp=$tmp; ask '{\"verb\":\"remove\",\"id\":1}'")" ENOKEY
	contains "$(as 4501 bash -c "$(declare -f ask); tmp=$tmp; ask '{\"verb\":\"show\",\"key\":\"a:b\",\"owner\":0}'")" EPERM
	check "$(ask '{"verb":"list","all":true}' | grep -o '"owner":[0-9]*,"side":"[a-z]*"' | tr '\n' ' ')" = \
		'"owner":0,"side":"init" "owner":4501,"side":"init" "owner":4501,"side":"init" "owner":0,"side":"other" '
	contains "$(unshare -Ur bash -c "$(declare -f ask); tmp=$tmp; ask '{\"verb\":\"list\"}'")" EPERM
	contains "$(ask '{"verb":"show","key":"a:contained","side":"other"}')" '"id":4,'
	tkmd_stop
}
claim "each domain finds its own and nothing else, from a container, too" domains

tells_nothing()
{
	local word file label=canary-label-4711

	tkmd_start
	keyctl unlink "$(new_key "canary-app:$label")" @s
	as 4501 keyop add tkm "canary-app:$label" "new ec" @s > /dev/null
	keyctl unlink "$(new_key "canary-flat:$label" parent=srk)" @s
	tkmd_kill
	check "$(find "$tmp/state" -size +4k | wc -l)" = 3
	for file in "$tmp"/state/*; do
		for word in canary owner=4501 4501 kind=ec side=other; do
			! grep -qa -e "$word" "$file" || fail "$file has $word"
		done
		# The uid as a number, in either order.
		! xxd -p "$file" | tr -d '\n' | grep -qE '00001195|95110000' ||
			fail "$file has the uid"
	done
	# It would be seen: tkmd's own chain stands there.
	grep -qa "app=tkmd label=kdb" "$tmp"/state/kdb
	# Nor do sizes tell.
	keyctl clear @s
	tkmd_start
	keyctl unlink "$(new_key "x:y")" @s
	keyctl unlink "$(new_key "$(printf 'x%.0s' {1..63}):$(printf 'y%.0s' {1..191})")" @s
	tkmd_stop
	check "$(db "SELECT count(DISTINCT length(object)) FROM keys WHERE id > 3")" = 1
	check "$(db "SELECT count(DISTINCT length(object)) FROM storage")" = 1
	check "$(db "SELECT count(DISTINCT length(state)) FROM keys")" = 1
}
claim "a copy of the database shows no label, owner or application, by no size either" tells_nothing

privileges()
{
	local status

	tkmd_start
	status=$(cat "/proc/$tkmd/status")
	for word in CapInh CapPrm CapEff CapAmb; do
		contains "$status" "$word:"$'\t'0000000000000000
	done
	contains "$status" "NoNewPrivs:"$'\t'1
	check "$(awk '/^Uid/ { print $2, $3, $4, $5 }' <<< "$status")" = \
		"$(id -u tkm) $(id -u tkm) $(id -u tkm) $(id -u tkm)"
	check "$(awk '/^Groups/ { print NF }' <<< "$status")" = 1
	contains "$(cat "/proc/$tkmd/limits")" "Max core file size        0                    0"
	# Not dumpable: its files in /proc are root's.
	check "$(stat -c %u "/proc/$tkmd/environ")" = 0
	check "$(awk '/^VmLck/ { print $2 }' <<< "$status")" -gt 0
	# Of tests' kernels all have filters.
	contains "$status" "Seccomp:"$'\t'2
	check "$(stat -c '%a %U' "$tmp/state" "$tmp/state/kdb" "$tmp/run/socket" | tr '\n' ' ')" = \
		"700 tkm 600 tkm 666 tkm "
	# Its key is nobody else's, and gone with it.
	if key_is_gone; then
		fail "nobody sees it"
	fi
	expect_errno ENOKEY keyctl search @s tkm tkmd:kdb
	expect_errno ENOKEY as "$(id -u tkm)" keyctl request2 tkm tkmd:kdb x @s
	tkmd_stop
	poll 10 key_is_gone
	# Without the capability, it is no helper, and says so.
	tkmd_user
	mkdir "$tmp/other"
	chown tkm "$tmp/other"
	chmod 700 "$tmp/other"
	setpriv --reuid=tkm --clear-groups tkmd --state "$tmp/other" --socket "$tmp/run/x" \
		2> "$tmp/log" && fail "it runs"
	contains "$(cat "$tmp/log")" CAP_SYS_ADMIN
	check "$(ls "$tmp/other")" = ""
}

key_is_gone()
{
	! as "$(id -u tkm)" cat /proc/keys | grep -q tkmd:kdb
}
claim "it runs as its user, without capabilities, filtered, unseen; its key is its own" privileges

# Of the database, how many lines of storage keys there are.
storage()
{
	ask '{"verb":"status"}' | grep -o '"storage":[0-9]*'
}

one_line()
{
	tkmd_start
	kept_key a:one
	check "$(storage)" = '"storage":3'
	# The module forgets what it knew, and tkmd does not.
	tkmd_stop
	keyctl clear @s
	module_reload
	tkmd_start
	kept_key a:two
	check "$(storage)" = '"storage":3'
	kept_key b:three
	check "$(storage)" = '"storage":4'
	as 4501 keyop add tkm a:theirs new @s > /dev/null
	check "$(storage)" = '"storage":6'
	tkmd_stop
	keyctl clear @s
	module_reload
	tkmd_start
	as 4501 keyop add tkm a:again new @s > /dev/null
	kept_key c:four
	check "$(storage)" = '"storage":7'
	for key in a:one a:two b:three c:four; do
		is_kept "$key"
	done
	tkmd_stop
}
claim "new keys are made under the storage keys that are kept, after a boot, too" one_line

socket_claim()
{
	tkmd_start
	kept_key a:b
	"$here/strangers" "$tmp/run/socket"
	is_kept a:b
	contains "$(ask '{"verb":"show","key":"a:b","chain":true}')" "\"chain\":\"$(cat "$tmp/a_b")\""
	contains "$(ask '{"verb":"remove","key":"a:b"}')" '"ok":true,"id":1'
	finds ENOKEY a:b
	contains "$(ask '{"verb":"remove","key":"a:b"}')" ENOKEY
	tkmd_stop
	[ ! -e "$tmp/run/socket" ]
}
claim "the socket refuses what no program sends, one of many, and who is slow" socket_claim

pages()
{
	local i

	tkmd_start
	for ((i = 0; i < 70; i++)); do
		keyctl unlink "$(new_key "p:k$i" use=crypt)" @s
	done
	contains "$(ask '{"verb":"list"}')" '"more":true'
	check "$(ask '{"verb":"list"}' | grep -o '"id"' | wc -l)" = 64
	check "$(ask '{"verb":"list","after":64}' | grep -o '"key":"[^"]*"' | tr '\n' ' ')" = \
		'"key":"p:k64" "key":"p:k65" "key":"p:k66" "key":"p:k67" "key":"p:k68" "key":"p:k69" '
	contains "$(ask '{"verb":"list","after":64}')" '"more":false'
	contains "$(ask '{"verb":"check","after":64}')" '"bad":[],"checked":6,"last":70'
	tkmd_stop
}
claim "long lists come in pages" pages

# told ID...: ids of what tkmd tells of these, and errnos of what it does not
told()
{
	ask "{\"verb\":\"chains\",\"ids\":[$(IFS=,; echo "$*")]}" |
		jq -r '.keys | map("\(.id)\(.errno // "")") | join(" ")'
}

# Those that tkmd told of. What it has to say comes in pages.
exports()
{
	local page after=0 more=true

	while [ "$more" = true ]; do
		page=$(ask "{\"verb\":\"audit\",\"event\":\"export\",\"after\":$after}")
		jq -r '.records[] | select(.program == "asktkmd") | "\(.key) \(.uid) \(.result)"' <<< "$page"
		more=$(jq .more <<< "$page")
		after=$(jq .last <<< "$page")
	done | xargs
}

several()
{
	local i all

	tkmd_start
	for ((i = 1; i < 21; i++)); do
		kept_key "p:k$i" use=crypt
	done
	as 4501 keyop add tkm a:theirs new @s > /dev/null
	check "$(exports)" = ""
	check "$(told 2 99 21 1)" = "2 99ENOKEY 21 1"
	check "$(exports)" = "p:k2 0 ok a:theirs 0 ok p:k1 0 ok"
	check "$(ask '{"verb":"chains","ids":[7]}' | jq -r '.keys[0].chain')" = "$(cat "$tmp/p_k7")"
	check "$(ask '{"verb":"chains","ids":[7]}' | jq -c '.keys[0] | del(.chain)')" = \
		"$(ask '{"verb":"show","id":7}' | jq -c 'del(.ok)')"
	check "$(told)" = ""
	# As many as have room; who asks for the rest gets the rest.
	all=$(told {1..20})
	i=$(wc -w <<< "$all")
	check "$i" -gt 8
	check "$i" -lt 20
	check "$all $(told $(seq $((i + 1)) 20))" = "$(seq 20 | xargs)"
	# To another user root's are none, and that somebody asked is written down.
	check "$(as 4501 bash -c "$(declare -f ask told); tmp=$tmp; told 1 21 99")" = \
		"1ENOKEY 21 99ENOKEY"
	check "$(ask '{"verb":"audit","uid":4501,"event":"query"}' |
		jq -r '.records | map(.result) | join(" ")')" = ENOKEY
	for i in '1' '{}' '["1"]' '[-1]' '[1.5]' "[$(seq -s , 65)]"; do
		contains "$(ask "{\"verb\":\"chains\",\"ids\":$i}")" EINVAL
	done
	contains "$(ask '{"verb":"chains"}')" EINVAL
	db_row_breaks
	check "$(told 1 2)" = "1 2EBADMSG"
	tkmd_stop
}

db_row_breaks()
{
	tkmd_stop
	db "UPDATE keys SET object = zeroblob(length(object)) WHERE id = 2"
	chown tkm "$tmp"/state/kdb*
	tkmd_start
}
claim "it tells several chains at a time, to whom they belong, and writes each down" several

# The calls of a set of systemd's, and of the sets in it
calls_of()
{
	local name

	systemd-analyze syscall-filter "$1" 2> /dev/null | sed -n 's/^ *\([@a-z][a-z0-9_-]*\)$/\1/p' |
		grep -vxF "$1" | while read -r name; do
			case $name in
			@*) calls_of "$name" ;;
			*) echo "$name" ;;
			esac
		done
}

# What the unit's lines that begin so say, one call a line
unit_calls()
{
	local word

	sed -n "/^SystemCallFilter=$1/s/^SystemCallFilter=~*//p" \
		"$top/userspace/systemd/tkmd.service" | tr ' ' '\n' |
		while read -r word; do
			case $word in
			@*) calls_of "$word" ;;
			*) echo "$word" ;;
			esac
		done | sort -u
}

as_a_unit()
{
	tkmd_user
	install -d -o tkm -g tkm -m 700 "$tmp/state"
	install -d -o tkm -g tkm "$tmp/run" "$tmp/calls"
	poll 20 nobody_helps
	NOTIFY_SOCKET=$tmp/none setpriv --reuid=tkm --regid=tkm --clear-groups \
		--bounding-set=-all,+sys_admin --inh-caps=-all,+sys_admin \
		--ambient-caps=-all,+sys_admin --no-new-privs \
		strace -f -qq -o "$tmp/calls/all" \
		tkmd --state "$tmp/state" --socket "$tmp/run/socket" \
		> "$tmp/tkmd.log" 2>&1 < /dev/null 3>&- &
	tkmd=$!
	poll 30 tkmd_settles
	tkmd_is_ready || fail "no tkmd: $(cat "$tmp/tkmd.log")"
	contains "$(cat "/proc/$(pgrep -x tkmd)/status")" "CapEff:"$'\t'0000000000000000
	kept_key a:b
	is_kept a:b
	contains "$(ask '{"verb":"list"}')" a:b
	pkill -TERM -x tkmd
	wait "$tkmd"
	sed -n 's/^[0-9]* *\([a-z_0-9]*\)(.*/\1/p' "$tmp/calls/all" | sort -u > "$tmp/made"
	check "$(wc -l < "$tmp/made")" -gt 30
	unit_calls '[^~]*' > "$tmp/allowed"
	unit_calls '~' > "$tmp/denied"
	check "$(wc -l < "$tmp/allowed")" -gt 100
	# By its second name.
	sed 's/^fstatat64$/newfstatat/' "$tmp/allowed" | sort -o "$tmp/allowed"
	check "$(comm -23 "$tmp/made" "$tmp/allowed" | tr '\n' ' ')" = ""
	check "$(comm -12 "$tmp/made" "$tmp/denied" | tr '\n' ' ')" = ""
}
claim "it starts as its unit starts it, and makes no system call that the unit does not allow" as_a_unit

run_claims
