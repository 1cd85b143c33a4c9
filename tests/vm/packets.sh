#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# tkm migrate on either side, killed at its calls, with tkmd killed at each of its own,
# and with the power gone at each of tkmd's writes: what was begun is done, or is not,
# and doing it again finishes it. Nothing is lost, and nothing is there twice.
#
# TKM_KILL_STEP=N takes every Nth of tkmd's calls, beginning anywhere: every sixth unless
# given in user-mode Linux, where all the rest is done, too; elsewhere, where a start takes
# seconds, one of sixty of one sort, and of one that is drawn.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2119,SC2154,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$here/tk.bash"
. "$here/tkmd.bash"
. "$here/platform.bash"
. "$here/approval.bash"
. "$here/moving.bash"
. "$here/a_and_b.bash"
. "$here/powercut.bash"

names="mail:one web:one web:two"

in_full()
{
	[ -d /run/tkm-vm ]
}

if in_full; then
	step=${TKM_KILL_STEP:-6}
else
	step=${TKM_KILL_STEP:-120}
fi

# some CALL...: all of them, or one
some()
{
	if in_full; then
		echo "$@"
	else
		shuf -n 1 -e "$@"
	fi
}

# Three keys on A, a packet with which they move, and B's receipt; the databases of both
# before and after. Once, for all claims.
prepare()
{
	local approver

	[ ! -e "$work/receipt" ] || return 0
	authority mine
	public_file mine "$tmp/mine.tpm2b"
	acquainted
	approver=$(keyctl padd user approver @s < "$tmp/mine.tpm2b")
	kept_key web:two "class=portable approver=$approver use=publish,crypt"
	kept_key web:one "ec class=portable"
	kept_key mail:one "class=portable"
	p migrate export --to b --approver "$work/mine.pem" --move -o "$work/packet" domain
	go_B_empty
	imports -o "$work/receipt" "$work/packet" > /dev/null
	leave
	cp -a "$work/state-A" "$work/full-A"
	cp -a "$work/state-B" "$work/full-B"
}

# on A|B DATABASE: that side, with a copy of that, and tkmd not started yet
on()
{
	prepare
	rm -rf "$work/state-$1"
	cp -a "$work/$2" "$work/state-$1"
	go "$1"
	tkmd_stop
	cp -a "$tmp/state" "$tmp/base"
}

anew()
{
	rm -rf "$tmp/state"
	cp -a "$tmp/base" "$tmp/state"
	keyctl clear @s
}

done_here()
{
	anew
	tkmd_start
	leave
}

#
# Killed.
#

# helper_dies CHECK CALL COMMAND...: tkmd is killed at each such call of its, until it
# lives through COMMAND. Then CHECK STATUS, with another tkmd.
helper_dies()
{
	local check=$1 call=$2 n lived=no status

	shift 2
	n=$((1 + RANDOM % step))
	while [ $lived = no ]; do
		anew
		status=1
		if tkmd_killed "$call" $n; then
			status=0
			"$@" > /dev/null 2>&1 || status=$?
			[ $status != 0 ] || lived=yes
			pkill -TERM -x tkmd || :
		fi
		wait "$tkmd" 2> /dev/null || :
		keyctl clear @s
		tkmd_start
		$check $status
		tkmd_stop
		n=$((n + step))
	done
	comment "tkmd, $call: $((n - step))"
}

# asker_dies CHECK CALL COMMAND...: COMMAND is killed at each such call, until it lives.
# tkmd ends what it began, or never heard of it.
asker_dies()
{
	local check=$1 call=$2 n status=137

	shift 2
	for ((n = 1; status == 137; n++)); do
		anew
		tkmd_start
		status=0
		strace -f -qq -o /dev/null -e trace="$call" -e inject="$call:signal=KILL:when=$n" \
			"$@" > "$tmp/out" 2>&1 || status=$?
		$check $status
		tkmd_stop
	done
	[ $status = 0 ] || fail "$call: $(cat "$tmp/out")"
	comment "tkm, $call: $((n - 2))"
}

# killed CHECK COMMAND...: either, at each of its calls that do something
killed()
{
	local check=$1 call

	shift
	for call in $(some pwrite64 fdatasync sendto); do
		helper_dies "$check" "$call" "$@"
	done
	in_full || return 0
	for call in add_key keyctl sendmsg recvfrom write fsync renameat2; do
		asker_dies "$check" "$call" "$@"
	done
}

# All there is but the audit, which tells of the tries as well.
content()
{
	db ".dump keys storage platforms packets policies approvals domains"
}

# changes_no_key CHECK COMMAND...: killed, and the database says the same after it
changes_no_key()
{
	content > "$tmp/content"
	killed "$@"
	content | cmp - "$tmp/content"
}

# is_whole FILE: DER, no byte more or less
is_whole()
{
	local head len

	read -r _ head len <<< "$(values "$1" 0)"
	check $((head + len)) = "$(stat -c %s "$1")"
}

# A file that was written is whole; one that was not can be.
wrote()
{
	local status=$1 file=$2

	shift 2
	[ -e "$file" ] || {
		check "$status" != 0
		p migrate "$@" -o "$file"
	}
	is_whole "$file"
	all_is_whole
}

exported()
{
	wrote "$1" "$tmp/packet" export --to b --approver "$work/mine.pem" domain
	check "$(keys_in "$tmp/packet" | cut -d ' ' -f 2 | xargs)" = "$names"
	rm -f "$tmp/packet"*
}

export_killed()
{
	on A full-A
	changes_no_key exported tkm migrate export --socket "$tmp/run/socket" --to b \
		--approver "$work/mine.pem" -o "$tmp/packet" domain
	done_here
}
claim "killed in any step of an export: a whole packet or none, and no key is changed" export_killed

# All of it or nothing, as was said; and then it can be taken, or was.
imported()
{
	case $(stored) in
	"") [ "$1" != 0 ] || fail "it said that they came"
		imports "$work/packet" > /dev/null ;;
	"$names") ;;
	*) fail "half of it: $(stored)" ;;
	esac
	check "$(stored)" = "$names"
	all_is_whole
	refused_import 5 "(EALREADY)" "$work/packet"
}

import_killed()
{
	on B empty-B
	killed imported tkm migrate import --yes --socket "$tmp/run/socket" "$work/packet"
	done_here
}
claim "... of an import: all of it is there, or nothing, and it is done once" import_killed

receipted()
{
	wrote "$1" "$tmp/receipt" receipt "$work/packet"
	check "$(stat -c %s "$tmp/receipt")" -gt $(($(stat -c %s "$work/receipt") - 8))
	mv "$tmp/receipt" "$work/receipt"
	rm -f "$tmp/receipt"*
}

receipt_killed()
{
	on B full-B
	changes_no_key receipted tkm migrate receipt --socket "$tmp/run/socket" \
		-o "$tmp/receipt" "$work/packet"
	done_here
}
claim "... of a receipt: a whole one or none" receipt_killed

retires()
{
	p migrate retire --yes "$work/packet" "$work/receipt"
}

states()
{
	local name

	for name in $names; do
		state_here "$name"
	done | xargs
}

# All or none, as was said; and then they can be ended, or were.
retired()
{
	case $(states) in
	"active active active") [ "$1" != 0 ] || fail "it said that they ended"
		check "$(retires)" = "3 keys ended here" ;;
	"destroyed destroyed destroyed") ;;
	*) fail "half of them: $(states)" ;;
	esac
	check "$(retires)" = "0 keys ended here"
	check "$(states)" = "destroyed destroyed destroyed"
	all_is_whole
}

retire_killed()
{
	on A full-A
	killed retired tkm migrate retire --yes --socket "$tmp/run/socket" "$work/packet" \
		"$work/receipt"
	done_here
}
claim "... of a retirement: all keys ended, or none, and the rest is done later" retire_killed

#
# The power goes.
#

is_traced()
{
	[ "$(awk '/^TracerPid/ { print $2 }' "/proc/$tkmd/status")" != 0 ]
}

# Stopped once more, or nothing does anything any more.
stops_or_ends()
{
	[ "$(grep -c 'stopped by SIGSTOP' "$tmp/stops")" -gt "$1" ] ||
		! kill -0 "$worker" 2> /dev/null
}

# cut_at_writes COMMAND...: which has to end well. After each write and each sync of
# tkmd's meanwhile it is stopped, and the power goes; of what it did not sync all is on the
# disk, or nothing, as it comes. $tmp/cut.1 and so on; the last one is when COMMAND was done.
cut_at_writes()
{
	local strace worker calls=pwrite64,fdatasync,fsync,ftruncate

	strace -f -qq -o "$tmp/stops" -p "$tkmd" -e trace=$calls \
		-e inject=$calls:signal=STOP 2> "$tmp/strace" &
	strace=$!
	poll 10 is_traced || fail "$(cat "$tmp/strace")"
	"$@" > "$tmp/out" 2>&1 &
	worker=$!
	for ((cuts = 1; ; cuts++)); do
		poll 30 stops_or_ends $((cuts - 1)) || fail "it goes on for ever: $(tail "$tmp/stops")"
		[ $((RANDOM % 2)) = 0 ] || sync -f "$tmp/disk"
		disk_cut "$tmp/cut.$cuts"
		kill -0 "$worker" 2> /dev/null || break
		kill -CONT "$tkmd"
	done
	wait "$worker" || fail "$(cat "$tmp/out")"
	kill "$strace"
	wait "$strace" || :
	kill -CONT "$tkmd"
}

# power_goes CHECK COMMAND...: CHECK on what is left after each cut
power_goes()
{
	local check=$1 cuts i

	shift
	rm -rf "$tmp/state"
	disk_make
	cp -a "$tmp/base/." "$tmp/disk/state"
	sync -f "$tmp/disk"
	tkmd_start
	cut_at_writes "$@"
	tkmd_stop
	disk_remove
	check "$cuts" -gt 12
	for i in $(seq $((cuts - 1)) | shuf -n "$(in_full && echo 1000 || echo 3)") "$cuts"; do
		after_cut "$tmp/cut.$i"
		tkmd_start
		$check $((i < cuts))
		tkmd_stop
		after_done
	done
	comment "cuts: $cuts"
	rm "$tmp/state"
}

import_cut()
{
	on B empty-B
	power_goes imported tkm migrate import --yes --socket "$tmp/run/socket" "$work/packet"
	done_here
}
claim "the power goes at any write of an import: it was taken, or was not, and is taken once" import_cut

retire_cut()
{
	on A full-A
	power_goes retired tkm migrate retire --yes --socket "$tmp/run/socket" "$work/packet" \
		"$work/receipt"
	done_here
}
claim "... of a retirement: all keys ended, or none, and the rest is done later" retire_cut

run_claims
