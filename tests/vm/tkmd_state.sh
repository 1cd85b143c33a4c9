#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# tkmd keeps the states of keys: through its own end, through reseal, and against a
# module that knows less.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$here/tkmd.bash"

state_now()
{
	state_of "$1" | sed 's/.* state=\([^ ]*\).*/\1/'
}

# found_in DESC STATE: it is found, and in that
found_in()
{
	local key

	key=$(found "$1") || fail "$1 is not found: $key"
	check "$(state_now "$key")" = "$2"
	keyctl unlink "$key" @s
}

set_kept()
{
	local key

	key=$(found "$1")
	must update "$key" "state $2" > /dev/null
	keyctl unlink "$key" @s
}

survive()
{
	local state

	tkmd_start
	for state in active suspended deactivated compromised; do
		kept_key a:$state use=crypt
		[ $state = active ] || set_kept a:$state $state
		found_in a:$state $state
	done
	kept_key a:pre-active "ec state=pre-active"
	kept_key flat:key parent=srk
	set_kept flat:key suspended
	tkmd_kill
	keyctl clear @s
	tkmd_start
	for state in pre-active active suspended deactivated compromised; do
		found_in a:$state $state
		contains "$(ask '{"verb":"show","key":"a:'$state'"}')" '"state":"'$state'"'
	done
	found_in flat:key suspended
	# Taken up again, and resealed meanwhile.
	key=$(found a:suspended)
	must update "$key" "reseal pcrs=7" > /dev/null
	keyctl unlink "$key" @s
	found_in a:suspended suspended
	set_kept a:suspended active
	found_in a:suspended active
	set_kept a:pre-active active
	tkmd_stop
	tkmd_start
	found_in a:suspended active
	found_in a:pre-active active
	tkmd_stop
}
claim "a state is there again after SIGKILL, and after reseal" survive

destroyed()
{
	local key

	tkmd_start
	kept_key a:b use=crypt
	set_kept a:b destroyed
	finds ENOKEY a:b
	keyctl clear @s
	expect_errno EKEYREVOKED keyop add tkm a:b "load $(cat "$tmp/a_b")" @s
	contains "$(ask '{"verb":"show","key":"a:b"}')" '"state":"destroyed"'
	lacks "$(ask '{"verb":"show","key":"a:b"}')" '"chain"'
	contains "$(ask '{"verb":"list"}')" '"state":"destroyed"'
	tkmd_kill
	tkmd_start
	expect_errno EKEYREVOKED keyop add tkm a:b "load $(cat "$tmp/a_b")" @s
	# Its name may be given again.
	kept_key a:b use=crypt
	is_kept a:b
	found_in a:b active
	tkmd_stop
}
claim "a key that is destroyed keeps its name, and no chain" destroyed

whole()
{
	tkmd_start
	kept_key a:b use=crypt
	kept_key a:c use=crypt
	set_kept a:b destroyed
	contains "$(ask '{"verb":"check","all":true}')" '"bad":[],"checked":2'
	# What is damaged is, whatever its state.
	tkmd_stop
	db "UPDATE keys SET object = zeroblob(length(object)) WHERE id = 1"
	tkmd_start
	contains "$(ask '{"verb":"check","all":true}')" '"bad":[1],"checked":2'
	tkmd_stop
}
claim "... and is no damaged row" whole

later()
{
	local key

	tkmd_start
	kept_key a:b use=crypt
	set_kept a:b compromised
	tkmd_stop
	# Nobody says so now.
	key=$(must add tkm a:b "load $(cat "$tmp/a_b")" @s)
	check "$(state_now "$key")" = active
	tkmd_start
	expect_errno EPERM keyop update "$key" "state suspended"
	check "$(state_now "$key")" = active
	# What is the same already is kept.
	must update "$key" "state compromised" > /dev/null
	keyctl unlink "$key" @s
	key=$(must add tkm a:b "load $(cat "$tmp/a_b")" @s)
	check "$(state_now "$key")" = compromised
	# A key that it does not keep changes all the same.
	tkmd_stop
	key=$(new_key a:other use=crypt)
	tkmd_start
	must update "$key" "state suspended" > /dev/null
	check "$(state_now "$key")" = suspended
	tkmd_stop
}
claim "a state that tkmd keeps stands against a module that does not know it" later

run_claims
