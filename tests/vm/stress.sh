#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Many at once, and a TPM that hangs.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"

empty='transient
loaded-session
saved-session'

holds_nothing()
{
	[ "$(keyop handles)" = "$empty" ]
}

# Everything made by a crowd is gone again.
all_gone()
{
	! grep -q ' tkm  *' /proc/keys && [ "$(cat /sys/module/tkm/refcnt)" = 0 ]
}

clean_again()
{
	keyctl clear @s
	poll 60 all_gone || fail "left: $(grep -c ' tkm ' /proc/keys) keys, $(cat \
		/sys/module/tkm/refcnt) references"
	poll 10 holds_nothing || fail "the TPM holds: $(keyop handles)"
}

two_hundred()
{
	crowd make 200 0 4201 4202 4203 4204
	clean_again
}
claim "two hundred processes of five users make and load keys at once" two_hundred

same_chain()
{
	keyctl pipe "$(new_key crowd:one)" > "$tmp/chain"
	crowd load 200 "$tmp/chain" crowd:one
	clean_again
}
claim "two hundred load one chain at once" same_chain

race()
{
	crowd race 20 >&3
	clean_again
}
claim "a key is loaded, published, resealed and read while others end it" race

#
# A TPM that hangs. $hung are processes that wait for it.
#

hang_with()
{
	tpm_hang hang
	"$@" > "$tmp/first" 2>&1 &
	hung=$!
	crowd stuck $hung
}

still_hangs()
{
	kill -0 "$hung" 2>/dev/null || fail "nothing hangs any more: $(cat "$tmp/first")"
}

over()
{
	tpm_go hang
	wait "$hung" || :
}

own_tpm()
{
	tpm_have hang
	module_reload
}

killed_waiters()
{
	local i pid pids=()

	own_tpm
	keyctl unlink "$(new_key hang:a)" @s
	hang_with keyop add tkm hang:first new @s
	for ((i = 0; i < 20; i++)); do
		setsid keyop add tkm "hang:k$i" new @s &
		pids+=($!)
	done
	crowd stuck "${pids[@]}"
	kill -KILL "${pids[@]}" $hung
	for pid in "${pids[@]}" $hung; do
		poll 10 is_dead "$pid" || fail "$pid lives: $(cat "/proc/$pid/stack")"
	done
	# The TPM still hangs: whoever asks now waits.
	hang_with keyop add tkm hang:next new @s
	still_hangs
	over
	check "$(cat "$tmp/first")" -gt 0
	for ((i = 0; i < 20; i++)); do
		expect_errno ENOKEY keyctl search @s tkm "hang:k$i"
	done
	clean_again
}

is_dead()
{
	[ ! -e "/proc/$1" ] || grep -q '^State:	[ZX]' "/proc/$1/status"
}
claim "who waits for a TPM that hangs dies at once of SIGKILL, and has made nothing" killed_waiters

others_go_on()
{
	local key

	own_tpm
	hang_with keyop add tkm hang:first new @s
	key=$(timeout $((60 * slow)) setpriv --reuid=4301 --regid=4301 --clear-groups \
		keyop session bash -c 'keyctl add user a:b value @u')
	still_hangs
	check "$key" -gt 0
	timeout $((60 * slow)) setpriv --reuid=4301 --regid=4301 --clear-groups \
		keyop session bash -c 'keyctl print "$(keyctl search @u user a:b)"
			keyctl unlink "$(keyctl search @u user a:b)" @u' > "$tmp/second"
	still_hangs
	contains "$(cat "$tmp/second")" value
	timeout $((60 * slow)) cat /proc/keys /proc/key-users > /dev/null
	still_hangs
	# Our own type, where no TPM is needed.
	timeout $((60 * slow)) bash -c '! keyop add tkm hang:x "new wrong" @s' > "$tmp/third"
	still_hangs
	check "$(cat "$tmp/third")" = EINVAL
	over
	clean_again
}
claim "while the TPM hangs, another user's keyctl add user does not wait" others_go_on

resealed_while_hanging()
{
	local key

	own_tpm
	key=$(new_key hang:r)
	new_key hang:other > /dev/null
	hang_with keyop update "$key" reseal
	timeout $((60 * slow)) keyctl pipe "$(keyctl search @s tkm hang:other)" > /dev/null
	timeout $((60 * slow)) keyctl add user a:b value @s > /dev/null
	timeout $((60 * slow)) cat /proc/keys > /dev/null
	still_hangs
	over
	clean_again
}
claim "... nor does anyone while a reseal hangs" resealed_while_hanging

# Two minutes are the limit after which the kernel reports a task; here three
# seconds are. The report would be a failure of the run. (The kernel's own reader
# of random numbers waits for any TPM that is busy, and not killably: it has to
# read elsewhere meanwhile.)
no_report()
{
	local sysctl=/proc/sys/kernel end old oldcheck

	[ -e $sysctl/hung_task_timeout_secs ] || skip "no hung task detector"
	own_tpm
	echo none > /sys/class/misc/hw_random/rng_current 2>/dev/null || :
	old=$(cat $sysctl/hung_task_timeout_secs)
	oldcheck=$(cat $sysctl/hung_task_check_interval_secs)
	echo 1 > $sysctl/hung_task_check_interval_secs
	echo 3 > $sysctl/hung_task_timeout_secs
	hang_with keyop add tkm hang:first new @s
	end=$((SECONDS + 9))
	poll 20 time_is $end
	still_hangs
	over
	echo "$old" > $sysctl/hung_task_timeout_secs
	echo "$oldcheck" > $sysctl/hung_task_check_interval_secs
	lacks "$(dmesg)" "blocked for more than"
	clean_again
}

time_is()
{
	[ $SECONDS -ge "$1" ]
}
claim "whoever waits is no hung task to the kernel" no_report

# The bound is the documented one: an operation at work, a turn of eight, and its own.
one_among_many()
{
	local place old keys=/proc/sys/kernel/keys/maxkeys

	own_tpm
	keyctl unlink "$(new_key hang:a parent=srk)" @s
	old=$(cat $keys)
	echo 2000 > $keys
	tpm_hang hang
	place=$(crowd fair "$(cat "$tpms/hang.pid")" 500 4401 4402) || fail "$place"
	echo "$old" > $keys
	comment "the single one ended as number $place of 501"
	check "$place" -le 10
	clean_again
}
claim "of two users one asks five hundred times: the other waits for nine operations at most" one_among_many

pulled_out_while_waiting()
{
	local i pid pids=()

	own_tpm
	hang_with keyop add tkm hang:first new @s
	for ((i = 0; i < 10; i++)); do
		keyop add tkm "hang:k$i" new @s > "$tmp/out.$i" 2>&1 &
		pids+=($!)
	done
	crowd stuck "${pids[@]}"
	kill -KILL "$(cat "$tpms/hang.pid")"
	for pid in "${pids[@]}" $hung; do
		wait "$pid" && fail "$pid made a key without a TPM"
	done
	check "$(cat "$tmp/first" "$tmp"/out.* | sort -u)" = ENODEV
	rm "$tpms/hang.pid"
	clean_again_without
}

clean_again_without()
{
	keyctl clear @s
	poll 60 all_gone || fail "left: $(grep -c ' tkm ' /proc/keys) keys"
}
claim "a TPM pulled out while many wait: ENODEV for each" pulled_out_while_waiting

run_claims
