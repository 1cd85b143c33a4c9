#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Storage keys from the helper: after a boot, before any key was loaded, a new key
# goes under the TKMRK, TDK and ASK that the helper keeps, and nothing that it
# gives is believed because it gave it. The helper here is nlop.c.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2034,SC2119,SC2317,SC2329
# run_claims calls the functions; eval uses the arrays
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/count.bash"
. "$(dirname "$0")/helper.bash"

# What the helper was asked since the last time, its kinds and domains.
asked()
{
	sed -n '2,$p' "$tmp/helper" | cut -d ' ' -f 1-4 | paste -sd ,
	helper_forget
}

helper_forget()
{
	echo registered > "$tmp/helper"
}

# As after a boot: no key, no storage key known.
boot()
{
	keyctl clear @s
	keyctl link @u @s
	module_reload
}

# The first N objects of a chain, in full, one hex line each.
objects()
{
	local offset head length

	openssl asn1parse -inform DER -in "$1" |
		sed -nE 's/^ *([0-9]+):d=1 +hl= *([0-9]+) +l= *([0-9]+) cons: SEQUENCE.*/\1 \2 \3/p' |
		head -n "$2" |
		while read -r offset head length; do
			tail -c +$((offset + 1)) "$1" | head -c $((head + length)) |
				xxd -p | tr -d '\n'
			echo
		done
}

# line FILE OBJECT...: objects in hex as a branch
line()
{
	local out=$1 text

	shift
	text=$(printf %s "$@")
	printf '3082%04x%s' $((${#text} / 2)) "$text" | xxd -r -p > "$out"
}

# branch_of FILE CHAIN N
branch_of()
{
	local all

	mapfile -t all < <(objects "$2" "$3")
	check "${#all[@]}" = "$3"
	line "$1" "${all[@]}"
}

reused()
{
	local first

	mkdir "$tmp/db"
	boot
	helper_start keep "$tmp/db"
	new_key a:first > /dev/null
	check "$(asked)" = "branch 0 init a:first,store 0 init a:first"
	first=$(objects "$tmp/db/0.0.a:first" 3)
	check "$(wc -l <<< "$first")" = 3
	# Known now: nobody is asked.
	new_key a:second > /dev/null
	check "$(asked)" = "store 0 init a:second"
	check "$(objects "$tmp/db/0.0.a:second" 3)" = "$first"
	new_key flat:key parent=srk > /dev/null
	check "$(asked)" = "store 0 init flat:key"
	helper_stop
	for options in "" rsa "ec pcrs=7"; do
		boot
		helper_start keep "$tmp/db"
		new_key "a:third${options%% *}" "$options" > /dev/null
		check "$(asked)" = "branch 0 init a:third${options%% *},store 0 init a:third${options%% *}"
		check "$(objects "$tmp/db/0.0.a:third${options%% *}" 3)" = "$first"
		new_key "a:fourth${options%% *}" > /dev/null
		check "$(objects "$tmp/db/0.0.a:fourth${options%% *}" 3)" = "$first"
		helper_stop
	done
	# And they load, as they were before.
	boot
	must add tkm a:first "load $(hex "$tmp/db/0.0.a:first")" @s > /dev/null
}
claim "after a boot, a new key goes under the storage keys that were there" reused

# How many of the storage keys of two chains are the same, from the top.
same_above()
{
	local i one other

	mapfile -t one < <(objects "$1" 3)
	mapfile -t other < <(objects "$2" 3)
	for ((i = 0; i < 3; i++)); do
		[ "${one[i]}" = "${other[i]}" ] || break
	done
	echo $i
}

as_far_as_kept()
{
	mkdir "$tmp/db"
	boot
	helper_start keep "$tmp/db"
	new_key a:first > /dev/null
	boot_with_helper
	new_key b:first > /dev/null
	check "$(same_above "$tmp/db/0.0.a:first" "$tmp/db/0.0.b:first")" = 2
	boot_with_helper
	as 4501 keyop add tkm a:first new @s > /dev/null
	check "$(same_above "$tmp/db/0.0.a:first" "$tmp/db/4501.0.a:first")" = 1
	boot_with_helper
	inside keyop add tkm a:first new @s > /dev/null
	check "$(same_above "$tmp/db/0.0.a:first" "$tmp/db/0.1.a:first")" = 1
	# Each again is its own.
	boot_with_helper
	new_key b:second > /dev/null
	as 4501 keyop add tkm a:second new @s > /dev/null
	inside keyop add tkm a:second new @s > /dev/null
	check "$(same_above "$tmp/db/0.0.b:first" "$tmp/db/0.0.b:second")" = 3
	check "$(same_above "$tmp/db/4501.0.a:first" "$tmp/db/4501.0.a:second")" = 3
	check "$(same_above "$tmp/db/0.1.a:first" "$tmp/db/0.1.a:second")" = 3
	helper_stop
}

boot_with_helper()
{
	helper_stop
	boot
	helper_start keep "$tmp/db"
}
claim "... as far down as they are kept, each domain and application its own" as_far_as_kept

# refused ERRNO: what the helper gives; nothing is made, and the TPM is not asked.
# The helper reads $tmp/branch for each errand.
refused()
{
	refuses_early "$1" add tkm a:b new @s
	check "$(asked)" = "branch 0 init a:b"
}

lies()
{
	local mine theirs contained other second i

	for i in chain:a:b other:c:b; do
		make_chain "${i%%:*}" "${i#*:}"
	done
	make_chain_with theirs a:b as 4501
	make_chain_with contained a:b inside
	boot
	make_chain second a:b
	boot
	mapfile -t mine < <(objects "$tmp/chain.der" 4)
	mapfile -t theirs < <(objects "$tmp/theirs.der" 4)
	mapfile -t contained < <(objects "$tmp/contained.der" 4)
	mapfile -t other < <(objects "$tmp/other.der" 4)
	mapfile -t second < <(objects "$tmp/second.der" 4)
	new_key known:srk > /dev/null
	helper_start branch "$tmp/branch"

	while read -r errno words; do
		eval "line '$tmp/branch' $words"
		refused "$errno"
	done <<-'LIST'
	EPERM "${theirs[@]:0:3}"
	EPERM "${theirs[@]:0:2}"
	EPERM "${contained[@]:0:3}"
	EPERM "${contained[@]:0:2}"
	EPERM "${other[@]:0:3}"
	EBADMSG "${mine[@]}"
	EBADMSG "${mine[@]:1:2}"
	EBADMSG "${mine[@]:2:1}"
	EBADMSG "${mine[3]}"
	EBADMSG "${mine[0]}" "${mine[2]}"
	EBADMSG "${mine[0]}" "${mine[0]}"
	EBADMSG "${mine[0]}" "${mine[1]}" "${mine[1]}"
	EBADMSG "${mine[0]}" "${mine[1]}" "${mine[3]}"
	EBADMSG "${mine[0]}" "${theirs[1]}" "${mine[2]}"
	EBADMSG "${mine[0]}" "${mine[1]}" "${theirs[2]}"
	EBADMSG "${mine[0]}" "${mine[1]}00"
	EBADMSG
	LIST
	echo new > "$tmp/branch"
	refused EBADMSG
	head -c 8192 /dev/zero > "$tmp/branch"
	refused EBADMSG
	xxd -r -p <<< "${mine[0]}" > "$tmp/branch"
	refused EBADMSG
	cp "$tmp/chain.der" "$tmp/branch"
	refused EBADMSG
	# Of this TPM and domain, but not of one line: what only the TPM can tell.
	for i in "${second[1]} ${mine[2]}" "${mine[1]} ${second[2]}" "${second[1]} ${second[2]}"; do
		# shellcheck disable=SC2086 # words
		line "$tmp/branch" "${mine[0]}" $i
		refuses EBADMSG add tkm a:b new @s
	done
	helper_stop
	# Nothing, and silence, and what is none of the errnos for it.
	: > "$tmp/branch"
	helper_start DEADLINE=300 branch "$tmp/branch"
	refuses_early ETIMEDOUT add tkm a:b new @s
	contains "$(cat "$tmp/helper")" "done: EINVAL"
	helper_stop
	line "$tmp/branch" "${mine[@]:0:3}"
	helper_start branch "$tmp/branch"
	chain_of "$(new_key a:b)" "$tmp/now.der"
	check "$(same_above "$tmp/now.der" "$tmp/chain.der")" = 3
	helper_stop
}
claim "a branch of another domain, another application or another line is refused" lies

truncated()
{
	local n size

	make_chain chain a:b
	boot
	new_key known:srk > /dev/null
	branch_of "$tmp/whole" "$tmp/chain.der" 3
	size=$(stat -c %s "$tmp/whole")
	helper_start branch "$tmp/branch"
	for ((n = 1; n < size; n += 97)); do
		head -c "$n" "$tmp/whole" > "$tmp/branch"
		refused EBADMSG
	done
	{ cat "$tmp/whole"; echo; } > "$tmp/branch"
	refused EBADMSG
	helper_stop
}
claim "a branch that is cut off, or goes on, is refused" truncated

# Those that need no TPM to be seen are all flipped in tests/unit; here some,
# and those that do.
flipped()
{
	local i bits step=$((401 * slow)) out

	make_chain chain a:b
	branch_of "$tmp/whole" "$tmp/chain.der" 3
	boot
	new_key known:srk > /dev/null
	bits=$((8 * $(stat -c %s "$tmp/whole")))
	helper_start flips "$tmp/whole" $step
	for ((i = 0; i < bits; i += step)); do
		out=$(keyop add tkm a:b new @s || :)
		case $out in
		EBADMSG | EOPNOTSUPP) ;;
		*) fail "bit $i: $out" ;;
		esac
	done
	helper_stop
	helper_start branch "$tmp/whole"
	chain_of "$(new_key a:b)" "$tmp/now.der"
	check "$(same_above "$tmp/now.der" "$tmp/chain.der")" = 3
	helper_stop
}
claim "no bit of a branch may be another" flipped

silent()
{
	boot
	helper_start DEADLINE=300 deaf
	expect_errno ETIMEDOUT keyop add tkm a:b new @s
	helper_stop
	# None is no fault.
	helper_start hold
	keyop add tkm a:b new @s > /dev/null &
	poll 20 grep -q store "$tmp/helper"
	check "$(asked)" = "branch 0 init a:b,store 0 init a:b"
	helper_stop
	! wait $! || fail "it was made"
}
claim "a helper that is silent: ETIMEDOUT; one that has none: they are made" silent

# Last: the machine's own TPM comes back when the program ends.
# The Name of the SRK is what the TKMRK carries, when nothing was known before.
cost()
{
	local key

	tpm_have count
	mkdir "$tmp/db"
	boot
	helper_start keep "$tmp/db"
	new_key a:first > /dev/null
	check "$(commands_sent count keyop add tkm a:second new @s)" = \
		"StartAuthSession ContextLoad Create FlushContext"
	boot_with_helper
	check "$(commands_sent count keyop add tkm a:third new @s)" = \
		"ReadPublic StartAuthSession Load CreatePrimary FlushContext ContextSave Load FlushContext ContextSave Load FlushContext ContextSave Create FlushContext"
	check "$(commands_sent count keyop add tkm a:fourth new @s)" = \
		"StartAuthSession ContextLoad Create FlushContext"
	helper_stop
	keyctl clear @s
	tpm_stop count
	module_unload
	# Another TPM: they are not its own, and its SRK is not taken for theirs.
	tpm_start other
	module_load
	helper_start keep "$tmp/db"
	expect_errno ENOKEY keyop add tkm a:fifth new @s
	check "$(cat /sys/module/tkm/parameters/srk_name)" = none
	helper_stop
	tpm_stop other
}
claim "no TPM command more when they are known; another TPM is told apart" cost

run_claims
