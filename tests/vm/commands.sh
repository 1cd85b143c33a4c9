#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# How many TPM commands each operation costs, and which: a promise, for a TPM is
# slow. bench/inside counts with the same words. Counted where they arrive, in
# swtpm's log.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/count.bash"

start_counting()
{
	keyctl clear @s
	tpm_have count
	module_reload
}

# costs WANTED COMMAND...: the names of the commands it sends, in order
costs()
{
	local got want=$1

	shift
	got=$(commands_sent count "$@")
	[ "$got" = "$want" ] || fail "'$got', not '$want': ${*:0:60}"
}

new_cost()
{
	costs "$1" keyop add tkm "$2" "new ${3-}" @s
}

# The chain of the key $1, which is unlinked.
chain_away()
{
	local key

	key=$(keyctl search @s tkm "$1")
	keyctl pipe "$key" > "$tmp/$1"
	keyctl unlink "$key" @s
}

load_cost()
{
	chain_away "$2"
	costs "$1" keyop add tkm "$2" "load $(cat "$tmp/$2") ${3-}" @s
}

known_hierarchy()
{
	start_counting
	new_key count:known > /dev/null
}

session='StartAuthSession'
context='StartAuthSession ContextLoad'

isolated()
{
	known_hierarchy
	new_cost "$context Create FlushContext" count:a
	load_cost "$context Load Unseal FlushContext FlushContext" count:a
}
claim "hierarchical: new 4, load 6" isolated

flat()
{
	known_hierarchy
	new_cost "$session Create" count:f "parent=srk"
	load_cost "$session Load Unseal FlushContext" count:f
}
claim "flat: new 2, load 4" flat

with_pcrs()
{
	known_hierarchy
	new_cost "$session PCR_Read ContextLoad Create FlushContext" count:p \
		"pcrs=sha256:7"
	load_cost "$context Load PolicyPCR PolicyOR Unseal FlushContext FlushContext" \
		count:p
	new_cost "$session PCR_Read Create" count:fp "parent=srk pcrs=sha256:7"
	load_cost "$session Load PolicyPCR Unseal FlushContext" count:fp
}
claim "pcrs= costs one more to make, one a policy element to load" with_pcrs

with_auth()
{
	local auth

	known_hierarchy
	auth=$(auth_key "the value")
	# The first value after a reset has the TPM note that in its memory, and
	# ask for the same command again.
	new_key count:first "auth=$auth" > /dev/null
	chain_away count:first
	load_key count:first "$tmp/count:first" "auth=$auth" > /dev/null
	new_cost "$context Create FlushContext" count:u "auth=$auth"
	load_cost "$context Load Unseal FlushContext FlushContext" count:u "auth=$auth"
	new_cost "$session PCR_Read ContextLoad Create FlushContext" count:b \
		"auth=$auth pcrs=sha256:7"
	load_cost "$context Load PolicyPCR PolicyAuthValue PolicyOR Unseal FlushContext FlushContext" \
		count:b "auth=$auth"
	new_cost "$session PCR_Read Create" count:fb \
		"parent=srk auth=$auth pcrs=sha256:7"
	load_cost "$session Load PolicyPCR PolicyAuthValue Unseal FlushContext" \
		count:fb "auth=$auth"
}
claim "auth= alone costs nothing, with pcrs= one more" with_auth

reseal()
{
	local key

	known_hierarchy
	key=$(new_key count:r)
	costs "$context Create FlushContext" keyop update "$key" reseal
	costs "$session PCR_Read ContextLoad Create FlushContext" \
		keyop update "$key" "reseal pcrs=sha256:7"
}
claim "reseal costs what new does" reseal

free_of_charge()
{
	local key

	known_hierarchy
	key=$(new_key count:a)
	keyctl pipe "$key" > "$tmp/chain"
	costs "" keyop update "$key" "publish logon:count:a keyring=@s"
	costs "" keyctl pipe "$key"
	costs "" cat /proc/keys
	costs "" keyctl revoke "$key"
	costs "" refuses EINVAL add tkm count:b "new len=15" @s
	costs "" refuses EINVAL add tkm count:b "load 00zz" @s
	costs "" refuses EKEYREJECTED add tkm count:b "load $(cat "$tmp/chain")" @s
	costs "" expect_errno EPERM as 4501 keyop add tkm count:a \
		"load $(cat "$tmp/chain")" @s
	costs "" refuses EBADMSG add tkm count:a \
		"load $(sed 's/6c6162656c3d61/6c6162656c3d62/' "$tmp/chain")" @s
}
claim "publish, read and what fails early cost nothing" free_of_charge

first_contact()
{
	local sent

	keyctl clear @s
	tpm_stop count
	module_unload
	tpm_start fresh
	module_load
	sent=$(commands_sent fresh keyop add tkm count:a new @s)
	comment "the first key: $sent"
	# Once for a TPM's life, once for a boot, and once for each storage key;
	# and with the first of an operation, the proof that there was no reset.
	contains "$sent" "ReadPublic CreatePrimary EvictControl"
	check "$(wc -w <<< "$sent")" -le 20
	sent=$(commands_sent fresh keyop add tkm other:a new @s)
	comment "the first key of an application: $sent"
	check "$(wc -w <<< "$sent")" -le 10
	keyctl clear @s
	tpm_stop fresh
}
claim "the first key costs what storage keys cost, once" first_contact

shared_holds()
{
	local sent

	known_hierarchy
	keyctl pipe "$(keyctl search @s tkm count:known)" > "$tmp/chain"
	sent=$(commands_sent count crowd load 200 "$tmp/chain" count:known | wc -w)
	comment "200 loads at once: $sent commands"
	# Load, Unseal and a flush each; session and parent are shared.
	check "$sent" -ge 600
	check "$sent" -lt 1000
	poll 30 nothing_left
}

nothing_left()
{
	[ "$(grep -c ' tkm  *count:known' /proc/keys)" -le 1 ]
}
claim "loads that wait share session and parent" shared_holds

run_claims
