#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Chains: damaged, mixed, somebody else's, of another TPM; what two of them
# share; and the storage root key that they hang on.
# shellcheck source-path=SCRIPTDIR disable=SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"

tamper()
{
	local out

	out=$(mutate "$@") || fail "$out"
	comment "${1}: $out"
	echo "$out"
}

# ---- damaged ----

cut_short()
{
	make_chain a a:b pcrs=sha256:7
	changes_nothing tamper truncate "$tmp/a.der" a:b
	make_chain f a:f parent=srk
	changes_nothing tamper truncate "$tmp/f.der" a:f
	# All of that without the TPM.
	trace_clear
	tamper trail "$tmp/a.der" a:b
	tamper truncate "$tmp/f.der" a:f
	check "$(trace_names)" = ""
	loads a:b a
	loads a:f f
}
claim "a chain cut after any byte: EBADMSG; in any byte's digits: EINVAL; a byte more: EBADMSG" cut_short

disordered()
{
	make_chain a a:b
	changes_nothing tamper permute "$tmp/a.der" a:b
	loads a:b a
}
claim "objects left out, doubled or disordered never load" disordered

flipped_chain()
{
	make_chain a a:b pcrs=sha256:7
	changes_nothing tamper flip "$tmp/a.der" a:b
	loads a:b a
}
claim "no chain loads with any single bit flipped" flipped_chain

flipped_flat()
{
	local auth chain end

	auth=$(auth_key secret)
	make_chain f a:f "parent=srk pcrs=sha256:7 auth=$auth"
	changes_nothing tamper flip "$tmp/f.der" a:f "auth=$auth"
	# A parent that is another handle; a private part, which only the TPM can judge.
	chain=$(hex "$tmp/f.der")
	contains "$chain" 02050081000001
	refuses ENOKEY add tkm a:f "load ${chain/02050081000001/02050081000002} auth=$auth" @s
	printf -v end '%02x' $((0x${chain: -2} ^ 1))
	trace_clear
	refuses EBADMSG add tkm a:f "load ${chain%??}$end auth=$auth" @s
	contains "$(trace_names)" Load
	loads a:f f "auth=$auth"
}
claim "no flat object loads with any single bit flipped" flipped_flat

# ---- mixed ----

# mixed NAME DESC NAME DESC
mixed()
{
	changes_nothing tamper swap "$tmp/$1.der" "$2" "$tmp/$3.der" "$4"
	changes_nothing tamper fields "$tmp/$1.der" "$2" "$tmp/$3.der" "$4"
	changes_nothing tamper fields "$tmp/$3.der" "$4" "$tmp/$1.der" "$2"
	loads "$2" "$1"
	keyctl clear @s
	loads "$4" "$3"
}

mixed_labels()
{
	make_chain a a:b
	make_chain b a:c
	mixed a a:b b a:c
}
claim "two keys of one application do not mix" mixed_labels

mixed_apps()
{
	make_chain a a:b
	make_chain b b:b
	mixed a a:b b b:b
}
claim "two keys of two applications do not mix" mixed_apps

mixed_trees()
{
	make_chain a a:b
	keyctl clear @s
	module_reload
	make_chain b a:b
	check "$(areas_of "$tmp/a.der" | head -n 1)" != "$(areas_of "$tmp/b.der" | head -n 1)"
	mixed a a:b b a:b
}
claim "two keys of two hierarchies, with the same description, do not mix" mixed_trees

# ---- somebody else's ----

other_user()
{
	make_chain mine a:b
	make_chain_with theirs a:b as 1000
	contains "$(records_of "$tmp/theirs.der")" " owner=1000 side=init "
	load_refused_early EPERM a:b theirs
	# Whose it is comes before what it is called.
	load_refused_early EPERM a:c theirs
	expect_errno EPERM as 1000 keyop -u add tkm a:b \
		"load $(hex "$tmp/mine.der")" @s
	expect_errno EPERM as 1001 keyop -u add tkm a:b \
		"load $(hex "$tmp/theirs.der")" @s
	as 1000 keyop add tkm a:b "load $(hex "$tmp/theirs.der")" @s
}
claim "a chain of another user: EPERM, for root too" other_user

other_side()
{
	make_chain mine a:b
	make_chain_with inner a:b inside
	contains "$(records_of "$tmp/inner.der")" " owner=0 side=other "
	load_refused_early EPERM a:b inner
	expect_errno EPERM inside keyop -u add tkm a:b \
		"load $(hex "$tmp/mine.der")" @s
	inside keyop add tkm a:b "load $(hex "$tmp/inner.der")" @s
}
claim "a chain from the other side of the initial user namespace: EPERM" other_side

other_description()
{
	make_chain a a:b
	make_chain d b
	load_refused_early EKEYREJECTED a:c a
	load_refused_early EKEYREJECTED b:b a
	load_refused_early EKEYREJECTED b a
	load_refused_early EKEYREJECTED A:b a
	load_refused_early EKEYREJECTED a:b d
	loads default:b d
	loads b d
	make_chain f a:f parent=srk
	loads x:y f
	contains "$(state_of "$(keyctl search @s tkm x:y)")" "app=x label=y"
}
claim "another description: EKEYREJECTED; a flat object takes any" other_description

twice()
{
	local key flat

	key=$(new_key a:b)
	chain_of "$key" "$tmp/a.der"
	check "$(loads a:b a)" = "$key"
	check "$(keyop add tkm a:b "@$tmp/a.der" @s)" = "$key"
	refuses EEXIST add tkm a:b new @s
	refuses EEXIST add tkm a:b "new len=64" @s
	refuses EEXIST add tkm a:b "new parent=srk" @s
	keyctl unlink "$key" @s
	make_chain b a:b
	loads a:b a
	load_refused EEXIST a:b b
	flat=$(new_key a:f parent=srk)
	chain_of "$flat" "$tmp/f.der"
	check "$(loads a:f f)" = "$flat"
	load_refused_early EKEYREJECTED a:f a
	refuses EEXIST add tkm a:f new @s
}
claim "the same chain again is the same key; anything else under its name: EEXIST" twice

short_reads()
{
	local key

	key=$(new_key a:b)
	check "$(keyop read-short "$key")" = "$(keyctl pipe "$key" | wc -c)"
	key=$(new_key a:f "len=16 parent=srk")
	check "$(keyop read-short "$key")" = "$(keyctl pipe "$key" | wc -c)"
}
claim "reading into a buffer that is too short writes nothing and gives the length" short_reads

# ---- shared ----

# How many of the first objects two chains share.
shared()
{
	local n=0

	while [ $n -lt 4 ] &&
		[ "$(areas_of "$tmp/$1.der" | head -n $((2 * n + 2)))" = \
			"$(areas_of "$tmp/$2.der" | head -n $((2 * n + 2)))" ]; do
		n=$((n + 1))
	done
	echo $n
}

shared_parents()
{
	make_chain a a:b
	make_chain b a:c pcrs=sha256:7
	make_chain c b:b
	make_chain_with other a:b as 1000
	make_chain_with inner a:b inside
	check "$(shared a a)" = 4
	check "$(shared a b)" = 3
	check "$(shared a c)" = 2
	check "$(shared a other)" = 1
	check "$(shared a inner)" = 1
	# And so do those that come after a chain was loaded, not made.
	keyctl clear @s
	module_reload
	loads a:b a
	make_chain d a:d
	check "$(shared a d)" = 3
}
claim "keys of one domain and application share their storage keys, others what they may" shared_parents

commands()
{
	local hierarchical="StartAuthSession ContextLoad Load Unseal FlushContext FlushContext"

	make_chain a a:b
	make_chain f a:f parent=srk
	check "$(commands_of loads a:b a)" = "$hierarchical"
	check "$(commands_of loads a:f f)" = "StartAuthSession Load Unseal FlushContext"
	check "$(commands_of new_key a:n)" = "StartAuthSession ContextLoad Create FlushContext"
	check "$(commands_of new_key a:nf parent=srk)" = "StartAuthSession Create"
}
claim "what an operation costs, in TPM commands" commands

# ---- the storage root key ----

srk=0x81000001

pinned()
{
	cat /sys/module/tkm/parameters/srk_name
}

srk_name()
{
	tpm2_readpublic -c $srk -n "$tmp/srk.name" > /dev/null
	hex "$tmp/srk.name"
}

srk_evict()
{
	if tpm2_getcap handles-persistent | grep -q $srk; then
		tpm2_evictcontrol -C o -c $srk > /dev/null
	fi
}

# srk_make OPTIONS of tpm2_createprimary
srk_make()
{
	srk_evict
	tpm2_createprimary -C o -c "$tmp/srk.ctx" "$@" > "$tmp/srk.out"
	tpm2_evictcontrol -C o -c "$tmp/srk.ctx" $srk > /dev/null
	tpm2_flushcontext -t
}

# The TCG's template: the unique part is as long as the key's, all zero. The
# file is the tool's own structure: sizes in the machine's order, room for 128.
tcg_template()
{
	{
		printf '\x20\0'
		head -c 128 /dev/zero
		printf '\x20\0'
		head -c 128 /dev/zero
	} > "$tmp/unique"
	echo -g sha256 -G ecc256:aes128cfb -u "$tmp/unique" -a \
		"restricted|decrypt|fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda"
}

srk_by_template()
{
	local name

	keyctl clear @s
	module_reload
	srk_evict
	check "$(pinned)" = none
	make_chain a a:b
	name=$(pinned)
	check "$(srk_name)" = "$name"
	contains "$(records_of "$tmp/a.der")" " srk=$name"
	# Somebody else's hands make the same.
	keyctl clear @s
	module_reload
	# shellcheck disable=SC2046 # words
	srk_make $(tcg_template)
	check "$(srk_name)" = "$name"
	loads a:b a
	check "$(pinned)" = "$name"
}
claim "an SRK that is missing is made as the TCG's template says" srk_by_template

srk_rsa()
{
	local auth

	make_chain ecc a:b
	keyctl clear @s
	srk_make -g sha256 -G rsa2048:aes128cfb
	module_reload
	load_refused ENOKEY a:b ecc
	check "$(pinned)" = none
	auth=$(auth_key secret)
	make_chain a a:rsa
	make_chain p a:p "pcrs=sha256:7 auth=$auth"
	make_chain f a:f parent=srk
	check "$(pinned)" = "$(srk_name)"
	loads a:rsa a
	loads a:p p "auth=$auth"
	loads a:f f
	keyctl clear @s
	module_reload
	loads a:rsa a
	keyctl clear @s
	# Back to what the machine had; tkm makes it.
	srk_evict
	module_reload
	load_refused ENOKEY a:rsa a
	loads a:b ecc
}
claim "an RSA-2048 SRK, made by another tool, serves; its chains are its own: ENOKEY" srk_rsa

srk_unfit()
{
	local auth

	make_chain a a:b
	make_chain f a:f parent=srk
	keyctl clear @s
	module_reload
	srk_make -g sha256 -G ecc256:ecdsa -a \
		"sign|fixedtpm|fixedparent|sensitivedataorigin|userwithauth"
	refuses EOPNOTSUPP add tkm a:new new @s
	load_refused EOPNOTSUPP a:b a
	load_refused EOPNOTSUPP a:f f
	srk_make -g sha256 -G ecc256:aes256cfb
	refuses EOPNOTSUPP add tkm a:new new @s
	load_refused EOPNOTSUPP a:b a
	check "$(pinned)" = none
	srk_evict
	loads a:b a
}
claim "an SRK that is no storage key tkm can work with: EOPNOTSUPP" srk_unfit

pinned_parameter=/sys/module/tkm/parameters/srk_pinned

srk_pinned()
{
	local name

	make_chain a a:b
	make_chain f a:f parent=srk
	name=$(pinned)
	keyctl clear @s
	check "$(cat $pinned_parameter)" = N
	module_reload "srk_name=$name"
	check "$(pinned)" = "$name"
	check "$(cat $pinned_parameter)" = Y
	loads a:b a
	keyctl clear @s
	module_reload "srk_name=000b$(printf '%064d' 0)"
	refuses ENOKEY add tkm a:new new @s
	refuses ENOKEY add tkm a:new "new parent=srk" @s
	load_refused_early ENOKEY a:b a
	load_refused ENOKEY a:f f
	module_unload
	for wrong in '' 00 "000c${name:4}" "${name}00" "${name%?}g" "${name%??}"; do
		if modprobe tkm "srk_name=$wrong"; then
			fail "srk_name=$wrong is taken"
		fi
	done
	if modprobe tkm srk_pinned=Y; then
		fail "srk_pinned= is taken"
	fi
	module_load
	loads a:b a
}
claim "srk_name= pins: another SRK is ENOKEY, what is no Name keeps the module out" srk_pinned

# ---- another TPM ----

other_tpm()
{
	make_chain a a:b
	make_chain f a:f parent=srk
	# The module knows the first TPM.
	tpm_start other
	load_refused ENOKEY a:b a
	refuses ENOKEY add tkm a:new new @s
	# And here it knows none.
	module_reload
	load_refused ENOKEY a:b a
	check "$(tpm2_getcap handles-persistent)" = ""
	make_chain b a:b
	load_refused ENOKEY a:b a
	# Nothing in a flat object says where it is from, but the TPM tells.
	load_refused EBADMSG a:f f
	loads a:b b
	keyctl clear @s
	tpm_stop_all
	# The SRK that is pinned is the other's.
	load_refused ENOKEY a:b a
	module_reload
	load_refused ENOKEY a:b b
	loads a:b a
	loads a:f f
}
claim "a chain of another TPM: ENOKEY, whether the module met it or not" other_tpm

run_claims
