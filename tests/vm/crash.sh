#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# tkmd is killed at each of its system calls, and the power goes at random moments.
# What was acknowledged is there after it, whole, and is what it was; of what was not,
# there is all or nothing.
#
# TKM_KILL_STEP=N takes every Nth call, beginning anywhere, TKM_CUTS=N so many
# moments. Unless given it is every fourth and a hundred in user-mode Linux, and a few
# elsewhere.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$here/tkmd.bash"
. "$here/powercut.bash"

if [ -d /run/tkm-vm ]; then
	step=${TKM_KILL_STEP:-4} cuts=${TKM_CUTS:-100}
else
	step=${TKM_KILL_STEP:-80} cuts=${TKM_CUTS:-3}
fi

#
# What is done, and a list of what was acknowledged, in $tmp/list: "NAME VERSION",
# "NAME perhaps" for what may have been made when tkmd was gone already, and then was
# kept by nobody, "NAME changing" before it is resealed, "NAME leaving" before it is
# removed, "NAME gone" after. The chain of each version is a file.
#

# Which chain it has is known when it was acknowledged; it is looked up then.
made()
{
	local key

	key=$(keyop add tkm "w:$1" new @s 2> /dev/null) || return 1
	keyctl pipe "$key" > "$tmp/chains/$1.1"
	# It registers once: who is there now was there then.
	echo "$1 $(nobody_helps && echo perhaps || echo 1)" >> "$tmp/list"
	keyctl unlink "$key" @s
	! nobody_helps
}

resealed()
{
	local key status=0

	key=$(keyop add tkm "w:$1" "load $(cat "$tmp/chains/$1.1")" @s) || return 1
	echo "$1 changing" >> "$tmp/list"
	keyop update "$key" "reseal pcrs=7" > /dev/null 2>&1 || status=$?
	if [ $status = 0 ] && ! nobody_helps; then
		keyctl pipe "$key" > "$tmp/chains/$1.2"
		echo "$1 2" >> "$tmp/list"
	fi
	keyctl unlink "$key" @s
	return $status
}

removed()
{
	echo "$1 leaving" >> "$tmp/list"
	[[ $(ask "{\"verb\":\"remove\",\"key\":\"w:$1\"}" 2> /dev/null) == *'"ok":true'* ]] ||
		return 1
	echo "$1 gone" >> "$tmp/list"
}

# after NAME LIST: the last word about it
# (As text: else 1.1 and 1.10 are one name.)
after()
{
	awk -v name="$1" '$1 "" == name { last = $2 } END { print last }' "$2"
}

# One name, by what was acknowledged and by what was said a little later, if that is
# known: it is what it was, or what it was about to be.
holds()
{
	local name=$1 said later key="" chain=""

	said=$(after "$name" "$2")
	later=$(after "$name" "$3")
	if key=$(found "w:$name" 2> "$tmp/why"); then
		chain=$(keyctl pipe "$key")
		keyctl unlink "$key" @s
	fi
	keyctl purge tkm "w:$name" > /dev/null 2>&1 || :
	case $said-$later in
	gone-*) [ -z "$key" ] || fail "$name is there, and was removed" ;;
	perhaps-* | *-leaving | *-gone) ;;
	*) [ -n "$key" ] || fail "$name is not there: $(cat "$tmp/why")" ;;
	esac
	# Of what was changing the new chain may be one that nobody saw. It loads.
	case $said-$later in
	1-1 | 2-2)
		[ "$chain" = "$(cat "$tmp/chains/$name.$said")" ] ||
			fail "$name is another"
		;;
	esac
}

# all_hold LIST LATER [COUNT]: the last ones, and so many others at random
all_hold()
{
	local name

	for name in $({
		awk '{ print $1 }' "$1" | tail -n 6
		awk '{ print $1 }' "$1" | sort -u | shuf -n "${3-1000}"
	} | sort -u); do
		holds "$name" "$1" "$2"
	done
	contains "$(ask '{"verb":"check","all":true}')" '"bad":[]'
}

#
# Killed.
#

tkmd_lives()
{
	! tkmd_ended
}

# A few of each kind. It ends where tkmd does.
work_on()
{
	made "$1a" && resealed "$1a" && made "$1b" && removed "$1b" &&
		made "$1c" && tkmd_lives
}

# killed_at CALL COMMAND...: with COMMAND before each run, until one survives
killed_at()
{
	local call=$1 n lived=no

	shift
	n=$((1 + RANDOM % step))
	while [ $lived = no ]; do
		"$@"
		if tkmd_killed "$call" $n; then
			work_on "$call$n." && lived=yes
			poll 5 tkmd_ended || [ $lived = yes ] ||
				fail "the work is not done, and it lives: $(cat "$tmp/tkmd.log")"
			pkill -TERM -x tkmd || :
		fi
		wait "$tkmd" 2> /dev/null || :
		keyctl clear @s
		tkmd_start
		all_hold "$tmp/list" "$tmp/list" 3
		tkmd_stop
		keyctl clear @s
		n=$((n + step))
	done
	comment "$call: $((n - step))"
}

# A database with one key, the same each time.
base_make()
{
	mkdir -p "$tmp/chains"
	: > "$tmp/list"
	tkmd_start
	made 0
	tkmd_stop
	cp -a "$tmp/state" "$tmp/base"
}

base()
{
	rm -rf "$tmp/state"
	cp -a "$tmp/base" "$tmp/state"
	echo "0 1" > "$tmp/list"
}

killed_in_work()
{
	local call

	base_make
	for call in pwrite64 fdatasync ftruncate unlink sendto recvmsg; do
		killed_at $call base
	done
}
claim "killed at every write, sync and answer: what was acknowledged is there" killed_in_work

begin_anew()
{
	rm -rf "$tmp/state"
	: > "$tmp/list"
}

killed_in_making()
{
	local call

	mkdir "$tmp/chains"
	: > "$tmp/list"
	for call in fdatasync fsync renameat keyctl add_key; do
		killed_at $call begin_anew
	done
}
claim "... while it makes its database: the next one makes one" killed_in_making

base_old()
{
	base
	db_of_version 1
}

killed_in_upgrade()
{
	local call

	base_make
	for call in pwrite64 fdatasync fsync renameat; do
		killed_at $call base_old
		check "$(db "PRAGMA user_version" "$tmp/state/kdb.old")" = 1
		check "$(db "PRAGMA integrity_check" "$tmp/state/kdb.old")" = ok
	done
}
claim "... while it upgrades one: old or new, and nothing is lost" killed_in_upgrade

#
# Power cuts.
#

# What had been said before, and after.
cut()
{
	cp "$tmp/list" "$tmp/cut.$1.list"
	disk_cut "$tmp/cut.$1" cp "$tmp/list" "$tmp/cut.$1.after"
}

# Until $tmp/enough is there.
work_long()
{
	local i

	for ((i = 0; ; i++)); do
		[ ! -e "$tmp/enough" ] || return 0
		made "$1.$i" || return 1
		[ $((i % 3)) != 1 ] || resealed "$1.$i" || return 1
		[ $((i % 3)) != 2 ] || removed "$1.$((i - 2))" || return 1
	done
}

# The moments are the machine's, and a share of a second's.
cut_some()
{
	local i worker

	disk_make
	tkmd_start
	rm -f "$tmp/enough" "$tmp"/cut.*
	work_long "$1" &
	worker=$!
	for ((i = 0; i < $2; i++)); do
		sleep "0.$((RANDOM % 4))$((RANDOM % 10))$((RANDOM % 10))"
		cut "$i"
	done
	touch "$tmp/enough"
	wait $worker || fail "the work was not done: $(cat "$tmp/tkmd.log")"
	tkmd_stop
	disk_remove
}

# On each copy, as after a boot.
look_after()
{
	local i

	for ((i = 0; i < $1; i++)); do
		after_cut "$tmp/cut.$i"
		tkmd_start
		all_hold "$tmp/cut.$i.list" "$tmp/cut.$i.after" 4
		tkmd_stop
		after_done
		lines+=" $(wc -l < "$tmp/cut.$i.list")"
	done
}

powercut()
{
	local left=$cuts round=0 n lines=

	tkmd_user
	mkdir "$tmp/chains"
	: > "$tmp/list"
	while [ "$left" -gt 0 ]; do
		n=$((left < 20 ? left : 20))
		cut_some $((round += 1)) $n
		look_after $n
		: > "$tmp/list"
		left=$((left - n))
	done
	comment "acknowledged until each cut:$lines"
}
claim "the power goes at random moments: what was acknowledged is there" powercut

run_claims
