#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Approved policies: a key is bound to a name and to whoever signs for it, and
# what was signed opens it. Keys, signatures and digests are OpenSSL's and
# tpm2-tools', who know nothing of tkm.
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/helper.bash"
. "$(dirname "$0")/tkmd.bash"
. "$(dirname "$0")/approval.bash"

# The registers that the machine's firmware and kernel leave alone.
extend()
{
	local register

	for register; do
		tpm2_pcrextend "$register:sha256=$(sha256sum <<< x | cut -c -64)"
	done
}

# ---- the table ----

said()
{
	nlop policy-list | cut -c "-${1-100}" | sort
}

# Whatever an earlier claim left.
forget_all()
{
	local name

	nlop policy-list | cut -d ' ' -f 1 | sort -u | while read -r name; do
		nlop policy-remove "$name"
	done
}

table()
{
	authority site
	authority offline
	forget_all
	check "$(nlop policy-list)" = ""
	nlop policy-set boot authority "$work/site.pub"
	nlop policy-set boot.v2_a-b authority "$work/site.pub" recovery "$work/offline.pub"
	nlop policy-set regs bank 11 mask 0x880
	nlop policy-set "$(printf 'a%.0s' {1..32})" bank 4 mask 0xffffff
	check "$(said 1000)" = "$(printf '%s\n' \
		"$(printf 'a%.0s' {1..32}) bank=4 mask=0xffffff" \
		"boot authority=$(hex "$work/site.pub")" \
		"boot.v2_a-b authority=$(hex "$work/site.pub") recovery=$(hex "$work/offline.pub")" \
		"regs bank=11 mask=0x880")"
	check "$(nlop policy-list regs)" = "regs bank=11 mask=0x880"
	nlop policy-set regs bank 12 mask 1
	check "$(nlop policy-list regs)" = "regs bank=12 mask=0x1"
	nlop policy-set regs authority "$work/site.pub"
	check "$(nlop policy-list regs)" = "regs authority=$(hex "$work/site.pub")"
	nlop policy-remove regs
	check "$(nlop policy-list regs || :)" = ENOENT
	check "$(nlop policy-remove regs || :)" = ENOENT
	forget_all
	check "$(nlop policy-list)" = ""
}
claim "policies are said, replaced, listed and forgotten" table

who()
{
	local verb

	authority site
	nlop policy-set boot authority "$work/site.pub"
	for verb in "policy-set evil bank 11 mask 1" "policy-approve boot" \
		"policy-remove boot" policy-list "policy-list boot"; do
		# shellcheck disable=SC2086 # words
		for how in "as 4501 nlop" "nlop -o 4501" "nlop -s 4501" "unshare -Ur nlop" \
			"setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin nlop"; do
			check "$($how $verb || :)" = EPERM
		done
	done
	check "$(nlop policy-list)" = "boot authority=$(hex "$work/site.pub")"
}
claim "only with CAP_SYS_ADMIN of who opened the socket and who sends: EPERM" who

set_refused()
{
	local errno=$1

	shift
	check "$(nlop policy-set "$@" || :)" = "$errno"
}

definitions()
{
	local name

	authority site
	authority small 1024
	authority large 3072
	authority middle p384
	forget_all
	for name in "" none A "a b" "a/b" "$(printf 'ä')" "$(printf 'a%.0s' {1..33})"; do
		set_refused EINVAL "$name" bank 11 mask 1
	done
	set_refused EINVAL a
	set_refused EINVAL a bank 11
	set_refused EINVAL a mask 1
	set_refused EINVAL a bank 11 mask 0
	set_refused EINVAL a bank 11 mask 0x1000000
	set_refused EINVAL a bank 5 mask 1
	set_refused EINVAL a recovery "$work/site.pub"
	set_refused EINVAL a bank 11 mask 1 authority "$work/site.pub"
	set_refused EINVAL a bank 11 mask 1 recovery "$work/site.pub"
	set_refused EINVAL a authority "$work/site.pub" recovery "$work/site.pub"
	set_refused EOPNOTSUPP a authority "$work/small.pub"
	# Half of it; one byte more; no key in it; that does not sign; another Name's.
	head -c 40 "$work/site.pub" > "$tmp/half"
	set_refused EBADMSG a authority "$tmp/half"
	{ cat "$work/site.pub"; echo; } > "$tmp/more"
	set_refused EBADMSG a authority "$tmp/more"
	hex "$work/site.pub" | sed 's/^0023000b00040040/0023000b00020040/' | bytes > "$tmp/decrypt"
	set_refused EOPNOTSUPP a authority "$tmp/decrypt"
	hex "$work/site.pub" | sed 's/^0023000b/0023000c/' | bytes > "$tmp/sha384"
	set_refused EOPNOTSUPP a authority "$tmp/sha384"
	head -c 513 /dev/zero > "$tmp/long"
	set_refused ERANGE a authority "$tmp/long"
	check "$(nlop policy-list)" = ""
	nlop policy-set a authority "$work/large.pub"
	nlop policy-set a authority "$work/middle.pub"
	for name in {1..63}; do
		nlop policy-set "p$name" bank 11 mask "$name"
	done
	set_refused ENOSPC one-more bank 11 mask 1
	nlop policy-set p63 bank 11 mask 0x7fffff
	check "$(nlop policy-list | wc -l)" = 64
	nlop policy-remove p1
	nlop policy-set one-more bank 11 mask 1
	forget_all
}
claim "what is no name, no registers and no key is refused, and the 65th policy" definitions

approve_refused()
{
	local errno=$1

	shift
	check "$(nlop policy-approve boot "$@" || :)" = "$errno"
	check "$(nlop policy-list)" = "$before"
}

approvals()
{
	local before good key body

	authority site
	authority offline
	authority stranger
	authority large 3072
	authority middle p384
	forget_all
	nlop policy-set boot authority "$work/site.pub" recovery "$work/offline.pub"
	nlop policy-set regs bank 11 mask 1
	approve "$tmp/a" site boot 7
	TEXT="for people: Käse" approve "$tmp/b" offline boot 7 11
	nlop policy-approve boot "$tmp/a" "$tmp/b"
	check "$(nlop policy-list | grep approval)" = "boot approval=$(hex "$tmp/a")
boot approval=$(hex "$tmp/b")"
	before=$(nlop policy-list)
	# Whose it is.
	approve "$tmp/other" site another 7
	approve "$tmp/stranger" stranger boot 7
	check "$(nlop policy-approve nobody "$tmp/a" || :)" = ENOENT
	check "$(nlop policy-approve regs "$tmp/a" || :)" = EINVAL
	approve_refused EINVAL "$tmp/other"
	approve_refused EINVAL "$tmp/a" "$tmp/stranger"
	# Its form.
	good=$(xxd -p "$tmp/a" | tr -d '\n')
	echo "${good%??}" | bytes > "$tmp/bad"
	approve_refused EBADMSG "$tmp/bad"
	echo "${good}00" | bytes > "$tmp/bad"
	approve_refused EBADMSG "$tmp/a" "$tmp/bad"
	: > "$tmp/bad"
	approve_refused EBADMSG "$tmp/bad"
	body=$(pcr_body 7)
	key=$(authorize site boot "$(echo 00 | bytes | signature site)")
	auth_policy "$tmp/bad" "" 362 "$(authorize site boot)" 383 "$body"
	approve_refused EBADMSG "$tmp/bad"
	auth_policy "$tmp/bad" "" 383 "$body" 362 "$key"
	approve_refused EBADMSG "$tmp/bad"
	auth_policy "$tmp/bad" "" 362 "$key"
	approve_refused EINVAL "$tmp/bad"
	auth_policy "$tmp/bad" "" 362 "$key" 363 ""
	approve_refused EOPNOTSUPP "$tmp/bad"
	auth_policy "$tmp/bad" "" 362 "$key" 383 "$body" 362 "$key"
	approve_refused EOPNOTSUPP "$tmp/bad"
	auth_policy "$tmp/bad" "" 362 "$key" 383 "${body%??}"
	approve_refused EBADMSG "$tmp/bad"
	# How many, and how long.
	# shellcheck disable=SC2046 # words
	approve_refused EINVAL $(printf "$tmp/a %.0s" {1..17})
	head -c 2049 /dev/zero > "$tmp/bad"
	approve_refused ERANGE "$tmp/bad"
	# shellcheck disable=SC2046 # words
	nlop policy-approve boot $(printf "$tmp/a %.0s" {1..16})
	check "$(nlop policy-list | grep -c "approval=$good$")" = 16
	# The same keys again: nothing changes; others: the approvals are gone.
	nlop policy-set boot authority "$work/site.pub" recovery "$work/offline.pub"
	check "$(nlop policy-list | grep -c "approval=$good$")" = 16
	nlop policy-set boot authority "$work/site.pub"
	check "$(nlop policy-list | grep -c approval)" = 0
	nlop policy-approve boot "$tmp/a"
	nlop policy-approve boot
	check "$(nlop policy-list | grep -c approval)" = 0
	for key in large middle; do
		nlop policy-set boot authority "$work/$key.pub"
		approve "$tmp/k" $key boot 7
		nlop policy-approve boot "$tmp/k"
		check "$(nlop policy-list | grep approval)" = "boot approval=$(hex "$tmp/k")"
	done
	forget_all
}
claim "approvals take the place of those before, whole and in form, or not at all" approvals

# ---- keys ----

policy_of()
{
	state_of "$1" | sed 's/.* policy=//'
}

words()
{
	local key auth

	authority site
	authority offline
	forget_all
	auth=$(auth_key x)
	refuses_early ENOKEY add tkm a:b "new policy=boot" @s
	nlop policy-set boot authority "$work/site.pub"
	nlop policy-set both authority "$work/site.pub" recovery "$work/offline.pub"
	nlop policy-set regs bank 11 mask 0x880
	for text in "new policy=boot pcrs=7" "new policy=" "new policy=none" \
		"new policy=Boot" "new policy=boot policy=boot" \
		"new policy=$(printf 'a%.0s' {1..33})" "load 00 policy=boot"; do
		refuses_early EINVAL add tkm a:b "$text" @s
	done
	refuses_early ENOKEY add tkm a:b "new ec policy=boots" @s
	check "$(policy_of "$(new_key a:1 policy=boot)")" = name:boot
	check "$(policy_of "$(new_key a:2 "policy=boot auth=$auth")")" = name:boot+auth
	check "$(policy_of "$(new_key a:3 "ec policy=both")")" = name:both
	check "$(policy_of "$(new_key a:4 "policy=both parent=srk")")" = "name:both flat"
	# Of registers: what pcrs= would say.
	check "$(policy_of "$(new_key a:5 policy=regs)")" = sha256:7+11
	key=$(new_key a:6)
	refuses_early EINVAL update "$key" "reseal policy=boot pcrs=7"
	refuses_early EINVAL update "$key" "reseal policy=boot policy=none"
	refuses_early ENOKEY update "$key" "reseal policy=boots"
	check "$(policy_of "$key")" = none
	keyop update "$key" "reseal policy=boot"
	check "$(policy_of "$key")" = name:boot
	keyop update "$key" "reseal auth=$auth"
	check "$(policy_of "$key")" = name:boot+auth
	keyop update "$key" "reseal pcrs=7 auth=none"
	check "$(policy_of "$key")" = sha256:7
	keyop update "$key" "reseal policy=both"
	keyop update "$key" "reseal"
	check "$(policy_of "$key")" = name:both
	keyop update "$key" "reseal policy=none"
	check "$(policy_of "$key")" = none
	keyop update "$key" "reseal policy=regs"
	check "$(policy_of "$key")" = sha256:7+11
	# What is not known when it is loaded has no name.
	chain_of "$(keyctl search @s tkm a:1)" "$tmp/one.der"
	keyctl clear @s
	approve "$tmp/a" site boot 7
	nlop policy-approve boot "$tmp/a"
	check "$(policy_of "$(loads a:1 one)")" = name:boot
	keyctl clear @s
	authority site
	nlop policy-remove boot
	load_refused EPERM a:1 one
	new_key a:1 ec > /dev/null
}
claim "policy= of new and reseal, and what /proc/keys says" words

# The keys of one kind each, made under policy $1; their chains stay.
make_all()
{
	auth=$(auth_key x)
	make_chain data a:data "policy=$1"
	make_chain auth a:auth "policy=$1 auth=$auth"
	make_chain flat a:flat "policy=$1 parent=srk"
	make_chain flatauth a:flatauth "policy=$1 parent=srk auth=$auth"
	make_chain ec a:ec "ec policy=$1"
	make_chain rsa a:rsa "rsa policy=$1 use=decrypt auth=$auth"
	echo text > "$tmp/text"
	sha256sum "$tmp/text" | cut -c -64 | bytes > "$tmp/digest"
}

all_open()
{
	local ec rsa

	loads a:data data
	loads a:auth auth "auth=$auth"
	loads a:flat flat
	loads a:flatauth flatauth "auth=$auth"
	ec=$(loads a:ec ec)
	keyctl pkey_sign "$ec" 0 "$tmp/digest" enc=x962 hash=sha256 > "$tmp/signature"
	keyctl pkey_verify "$ec" 0 "$tmp/digest" "$tmp/signature" enc=x962 hash=sha256
	rsa=$(loads a:rsa rsa "auth=$auth")
	keyctl pkey_encrypt "$rsa" 0 "$tmp/text" enc=oaep hash=sha256 > "$tmp/secret"
	check "$(keyctl pkey_decrypt "$rsa" 0 "$tmp/secret" enc=oaep hash=sha256)" = text
	auth=$(auth_gone)
}

# Only the keys of this module go.
auth_gone()
{
	keyctl clear @s
	auth_key x
}

none_opens()
{
	local errno=$1 ec rsa

	load_refused "$errno" a:data data
	load_refused "$errno" a:auth auth "auth=$auth"
	load_refused "$errno" a:flat flat
	load_refused "$errno" a:flatauth flatauth "auth=$auth"
	ec=$(loads a:ec ec)
	expect_errno "$errno" keyctl pkey_sign "$ec" 0 "$tmp/digest" enc=x962 hash=sha256
	rsa=$(loads a:rsa rsa "auth=$auth")
	keyctl pkey_encrypt "$rsa" 0 "$tmp/text" enc=oaep hash=sha256 > "$tmp/secret"
	expect_errno "$errno" keyctl pkey_decrypt "$rsa" 0 "$tmp/secret" enc=oaep hash=sha256
	auth=$(auth_gone)
}

update_and_approve()
{
	local auth

	authority site
	forget_all
	nlop policy-set boot authority "$work/site.pub"
	make_all boot
	none_opens EPERM
	approve "$tmp/before" site boot 14 15
	nlop policy-approve boot "$tmp/before"
	all_open
	# The update, and its refusal.
	extend 14
	none_opens EPERM
	# Both are approved; then only the new one.
	approve "$tmp/after" site boot 14 15
	nlop policy-approve boot "$tmp/before" "$tmp/after"
	all_open
	extend 15
	none_opens EPERM
	nlop policy-approve boot
	none_opens EPERM
}
claim "one approval opens every key of a policy; other registers: EPERM; the next approval opens them" update_and_approve

costs()
{
	local auth load="StartAuthSession ContextLoad Load" key ticket
	local end="Unseal FlushContext FlushContext"

	authority site
	authority offline
	forget_all
	counter_new
	epoch_now "$tmp/epoch"
	nlop policy-set boot authority "$work/site.pub"
	nlop policy-set both authority "$work/site.pub" recovery "$work/offline.pub"
	auth=$(auth_key x)
	make_chain p a:p policy=boot
	make_chain pa a:pa "policy=boot auth=$auth"
	make_chain pf a:pf "policy=boot parent=srk"
	make_chain pe a:pe "ec policy=boot"
	make_chain pb a:pb policy=both
	approve "$tmp/a" site boot 14
	ticket="LoadExternal VerifySignature FlushContext"
	# Nothing that fits: registers are read, once, and no session is begun.
	check "$(commands_of load_refused EPERM a:p p)" = ""
	extend 14
	nlop policy-approve boot "$tmp/a" "$tmp/a"
	check "$(commands_of load_refused EPERM a:p p)" = PCR_Read
	approve "$tmp/a" site boot 14
	nlop policy-approve boot "$tmp/a"
	check "$(commands_of loads a:p p)" = \
		"PCR_Read $ticket $load PolicyPCR PolicyAuthorize PolicyOR $end"
	keyctl clear @s
	check "$(commands_of loads a:p p)" = \
		"PCR_Read $load PolicyPCR PolicyAuthorize PolicyOR $end"
	auth=$(auth_gone)
	check "$(commands_of loads a:pa pa "auth=$auth")" = \
		"PCR_Read $load PolicyPCR PolicyAuthorize PolicyAuthValue PolicyOR $end"
	check "$(commands_of loads a:pf pf)" = \
		"PCR_Read StartAuthSession Load PolicyPCR PolicyAuthorize Unseal FlushContext"
	# An EC key: at each use, and not when it is loaded.
	check "$(commands_of loads a:pe pe)" = \
		"StartAuthSession ContextLoad Load ContextSave FlushContext FlushContext"
	key=$(keyctl search @s tkm a:pe)
	head -c 32 /dev/zero > "$tmp/digest"
	check "$(commands_of keyctl pkey_sign "$key" 0 "$tmp/digest" enc=x962 hash=sha256)" = \
		"PCR_Read StartAuthSession ContextLoad PolicyPCR PolicyAuthorize PolicyOR Sign FlushContext"
	# An epoch and a recovery key cost a command each.
	approve "$tmp/e" site both "epoch=$tmp/epoch" 14
	nlop policy-approve both "$tmp/e"
	loads a:pb pb > /dev/null
	keyctl unlink "$(keyctl search @s tkm a:pb)" @s
	check "$(commands_of loads a:pb pb)" = \
		"PCR_Read $load PolicyPCR PolicyNV PolicyAuthorize PolicyOR PolicyOR $end"
	check "$(commands_of new_key a:n policy=both)" = \
		"StartAuthSession ContextLoad Create FlushContext"
	counter_gone
}
claim "what approvals cost, in TPM commands" costs

# load_is ERRNO, with the commands that it took
refused_after()
{
	check "$(commands_of load_refused "$1" a:data data)" = "$2"
}

wrong_signatures()
{
	local read="PCR_Read" try="LoadExternal VerifySignature FlushContext"

	authority site
	authority stranger
	forget_all
	nlop policy-set boot authority "$work/site.pub"
	make_chain data a:data policy=boot
	# Signed by a stranger, who says that it is the authority.
	approve "$tmp/good" site boot 14
	cp "$work/site.pem" "$tmp/site.pem"
	cp "$work/stranger.pem" "$work/site.pem"
	approve "$tmp/forged" site boot 14
	cp "$tmp/site.pem" "$work/site.pem"
	# Signed for another policy, and for other registers than it says.
	SIGNED=another approve "$tmp/another" site boot 14
	approve "$tmp/fifteen" site boot 15
	hex "$tmp/fifteen" | sed "s/$(pcr_body 15)/$(pcr_body 14)/" | bytes > "$tmp/moved"
	[ "$(hex "$tmp/moved")" != "$(hex "$tmp/fifteen")" ] || fail "nothing was moved"
	for file in forged another moved; do
		nlop policy-approve boot "$tmp/$file"
		refused_after EKEYREJECTED "$read $try"
		# Never tried again.
		refused_after EKEYREJECTED "$read"
		check "$(nlop policy-list | grep -c rejected)" = 1
		# Said again, once more.
		nlop policy-approve boot "$tmp/$file" "$tmp/good"
		check "$(nlop policy-list | grep -c rejected)" = 0
		check "$(commands_of loads a:data data)" = \
			"$read $try $try StartAuthSession ContextLoad Load PolicyPCR PolicyAuthorize PolicyOR Unseal FlushContext FlushContext"
		check "$(nlop policy-list | grep -c rejected)" = 1
		keyctl clear @s
		check "$(commands_of loads a:data data)" = \
			"$read StartAuthSession ContextLoad Load PolicyPCR PolicyAuthorize PolicyOR Unseal FlushContext FlushContext"
		keyctl clear @s
	done
}
claim "an approval that its key did not sign so: EKEYREJECTED, tried once, and others are no worse for it" wrong_signatures

epochs()
{
	local name

	authority site
	forget_all
	counter_new
	nlop policy-set boot authority "$work/site.pub"
	make_chain data a:data policy=boot
	epoch_now "$tmp/epoch1"
	approve "$tmp/one" site boot "epoch=$tmp/epoch1" 14
	nlop policy-approve boot "$tmp/one"
	loads a:data data
	keyctl clear @s
	# Retired: for the key that was open, too, once it is loaded again.
	tpm2_nvincrement -Q $counter -C o
	load_refused EPERM a:data data
	epoch_now "$tmp/epoch2"
	approve "$tmp/two" site boot "epoch=$tmp/epoch2" 14
	nlop policy-approve boot "$tmp/two"
	loads a:data data
	keyctl clear @s
	# The old one, said again: alone, first, last.
	nlop policy-approve boot "$tmp/one"
	load_refused EPERM a:data data
	nlop policy-approve boot "$tmp/one" "$tmp/two"
	check "$(commands_of loads a:data data)" = \
		"PCR_Read LoadExternal VerifySignature FlushContext StartAuthSession ContextLoad Load PolicyPCR PolicyNV PolicyRestart LoadExternal VerifySignature FlushContext PolicyPCR PolicyNV PolicyAuthorize PolicyOR Unseal FlushContext FlushContext"
	keyctl clear @s
	# What opened last is tried first.
	check "$(commands_of loads a:data data)" = \
		"PCR_Read StartAuthSession ContextLoad Load PolicyPCR PolicyNV PolicyAuthorize PolicyOR Unseal FlushContext FlushContext"
	keyctl clear @s
	# Its number changed to the one of now: not what was signed.
	nlop policy-approve boot "$tmp/one"
	hex "$tmp/one" | sed "s/$(hex "$tmp/epoch1")0000/$(hex "$tmp/epoch2")0000/" | bytes > "$tmp/lie"
	[ "$(hex "$tmp/lie")" != "$(hex "$tmp/one")" ] || fail "no lie"
	nlop policy-approve boot "$tmp/lie"
	load_refused EKEYREJECTED a:data data
	# A counter that is made anew does not come back to a number, and one that was
	# never counted has another Name.
	tpm2_nvundefine -Q $counter -C o
	nlop policy-approve boot "$tmp/two"
	load_refused EPERM a:data data
	counter_new
	load_refused EPERM a:data data
	epoch_now "$tmp/epoch3"
	approve "$tmp/three" site boot "epoch=$tmp/epoch3" 14
	nlop policy-approve boot "$tmp/one" "$tmp/two" "$tmp/three"
	loads a:data data
	keyctl clear @s
	# Another index under that number.
	tpm2_nvundefine -Q $counter -C o
	tpm2_nvdefine -Q $counter -C o -s 8 -a "authread|ownerwrite|ownerread"
	tpm2_nvwrite -Q $counter -C o -i "$tmp/epoch3"
	load_refused EPERM a:data data
	tpm2_nvundefine -Q $counter -C o
}
claim "an approval ends with its epoch: EPERM, replayed or altered; a new one opens" epochs

tries()
{
	echo $(($(tpm2_getcap properties-variable |
		sed -n 's/TPM2_PT_LOCKOUT_COUNTER: //p')))
}

guarded_counter()
{
	local before

	authority site
	forget_all
	counter_new -p secret
	nlop policy-set boot authority "$work/site.pub"
	make_chain data a:data policy=boot
	tpm2_nvread -Q $counter -C $counter -P secret -s 8 -o "$tmp/epoch"
	approve "$tmp/one" site boot "epoch=$tmp/epoch" 14
	nlop policy-approve boot "$tmp/one"
	before=$(tries)
	load_refused EKEYREJECTED a:data data
	load_refused EKEYREJECTED a:data data
	load_refused EKEYREJECTED a:data data
	check "$(tries)" = $((before + 1))
	tpm2_dictionarylockout -c
	counter_gone
}

claim "a counter that asks for a password costs one try of the TPM's, and no more" guarded_counter

recovery()
{
	local auth

	authority site
	authority offline
	authority stranger
	forget_all
	nlop policy-set boot authority "$work/site.pub" recovery "$work/offline.pub"
	make_all boot
	approve "$tmp/site" site boot 14
	approve "$tmp/offline" offline boot 14
	nlop policy-approve boot "$tmp/site"
	all_open
	nlop policy-approve boot "$tmp/offline"
	all_open
	extend 14
	none_opens EPERM
	# Everything is lost but the chains and the offline key.
	forget_all
	none_opens EPERM
	nlop policy-set boot authority "$work/offline.pub"
	approve "$tmp/offline" offline boot 14
	nlop policy-approve boot "$tmp/offline"
	all_open
	# Its approvals are no other policy's, and a stranger's are none.
	nlop policy-set boot authority "$work/stranger.pub" recovery "$work/site.pub"
	approve "$tmp/stranger" stranger boot 14
	nlop policy-approve boot "$tmp/stranger"
	none_opens EPERM
	# Made without a recovery key, there is none.
	nlop policy-set boot authority "$work/site.pub"
	make_chain without a:without policy=boot
	nlop policy-set boot authority "$work/site.pub" recovery "$work/offline.pub"
	nlop policy-approve boot "$tmp/offline"
	load_refused EPERM a:without without
	loads a:data data
}
claim "with the recovery key alone everything opens again" recovery

other_keys()
{
	local key

	authority large 3072
	authority rsa 2048
	authority middle p384
	forget_all
	for key in large rsa middle; do
		nlop policy-set "$key" authority "$work/$key.pub"
		make_chain "$key" "a:$key" "policy=$key"
		approve "$tmp/$key.approval" "$key" "$key" 7 8 9 10 11 12 13 14 15
		nlop policy-approve "$key" "$tmp/$key.approval"
		loads "a:$key" "$key"
		keyctl clear @s
		# What the kernel verifies, too, before it is rejected for good.
		SIGNED=another approve "$tmp/$key.approval" "$key" "$key" 7
		nlop policy-approve "$key" "$tmp/$key.approval"
		load_refused EKEYREJECTED "a:$key" "$key"
		check "$(nlop policy-list | grep "^$key " | grep -c rejected)" = 1
	done
}
claim "policy keys of RSA and P-384, and more registers than the TPM reads at once" other_keys

many()
{
	local files

	authority site
	forget_all
	nlop policy-set boot authority "$work/site.pub"
	make_chain data a:data policy=boot
	approve "$tmp/before" site boot 13 14
	read -r -a files <<< "$(printf "$tmp/before %.0s" {1..15})"
	extend 14
	approve "$tmp/after" site boot 13 14
	nlop policy-approve boot "${files[@]}" "$tmp/after"
	check "$(commands_of loads a:data data)" = \
		"PCR_Read LoadExternal VerifySignature FlushContext StartAuthSession ContextLoad Load PolicyPCR PolicyAuthorize PolicyOR Unseal FlushContext FlushContext"
	keyctl clear @s
	nlop policy-approve boot "${files[@]}"
	check "$(commands_of load_refused EPERM a:data data)" = PCR_Read
}
claim "of sixteen approvals the one that is right is found by reading registers once" many

# An element of the last object's policy, as hex, is another one.
altered()
{
	hex "$tmp/data.der" | sed "s/$1/$2/" | bytes > "$tmp/bad.der"
	[ "$(hex "$tmp/bad.der")" != "$(hex "$tmp/data.der")" ] || fail "not altered: $1"
}

hostile_chains()
{
	local body ref pub

	authority site
	authority stranger
	forget_all
	nlop policy-set boot authority "$work/site.pub"
	approve "$tmp/a" site boot 14
	nlop policy-approve boot "$tmp/a"
	make_chain data a:data policy=boot
	ref=$(policy_ref boot)
	pub=$(hex "$work/site.pub")
	body=$(authorize site boot)
	# Another name, another key: not what the object's Name says.
	altered "$ref" "$(policy_ref another)"
	load_refused_early EBADMSG a:data bad
	altered "$pub" "$(hex "$work/stranger.pub")"
	load_refused_early EBADMSG a:data bad
	# Another command in its place: PolicyNV would read what it names.
	altered "0202016a" "02020149"
	load_refused_early EOPNOTSUPP a:data bad
	altered "${body}" "${body%0010}0018"
	load_refused_early EBADMSG a:data bad
	altered "${body}" "${body:0:4}0025${body:8}"
	load_refused_early EOPNOTSUPP a:data bad
	# Its own key for everybody else's policy: nobody approves.
	nlop policy-set boot authority "$work/stranger.pub"
	make_chain mine a:mine policy=boot
	nlop policy-set boot authority "$work/site.pub"
	nlop policy-approve boot "$tmp/a"
	load_refused EPERM a:mine mine
	loads a:data data
	# Another user's, and from inside a container: not theirs, approved or not.
	expect_errno EPERM as 4501 keyop add tkm a:data "load $(hex "$tmp/data.der")" @s
	expect_errno EPERM inside keyop add tkm a:data "load $(hex "$tmp/data.der")" @s
	# They may use the policy for their own.
	as 4501 keyop add tkm a:own "new policy=boot" @s > /dev/null
	make_chain_with theirs a:own inside
	inside keyop add tkm a:own "load $(hex "$tmp/theirs.der")" @s > /dev/null
}
claim "a chain that says another key or name is no chain; another user's is not opened by an approval" hostile_chains

# ---- domains ----

# The commands of what the other user does.
commands_as()
{
	commands_of as_do "$@"
}

as_loads()
{
	as_do keyop add tkm "$1" "load $(hex "$tmp/$2.der")${3+ $3}" @s
}

# as_unlink DESC...
as_unlink()
{
	local desc

	for desc; do
		as_do keyctl unlink "$(as_do keyctl search @s tkm "$desc")" @s > /dev/null
	done
}

# A chain of the other user's into a file; the key goes.
as_keep()
{
	local chain

	# Its shell cannot be spoken to from within a pipe.
	chain=$(as_do keyctl print "$(as_do keyctl search @s tkm "$2")")
	echo "$chain" | bytes > "$tmp/$1.der"
	as_unlink "$2"
}

guarded_domain()
{
	local play="PolicyPCR PolicyAuthorize PolicyOR" auth key
	local begin="PCR_Read StartAuthSession ContextLoad"

	authority site
	forget_all
	nlop policy-set boot authority "$work/site.pub"
	nlop policy-set regs bank 11 mask 1
	as_open "$1"
	# Not by registers, not twice, nor with a password as well.
	check "$(as_do keyop add tkm-domain me "new policy=nobody" @s || :)" = ENOKEY
	check "$(as_do keyop add tkm-domain me "new policy=regs" @s || :)" = EOPNOTSUPP
	as_do keyop add tkm-domain me "new policy=boot" @s > /dev/null
	check "$(as_do keyop add tkm-domain me2 "new policy=boot" @s || :)" = EEXIST
	auth=$(as_do keyop add user v x @s)
	check "$(as_do keyop add tkm-domain me2 "new auth=$auth" @s || :)" = EEXIST
	check "$(as_do keyop add tkm-domain me2 "unlock auth=$auth" @s || :)" = ENOKEY
	key=$(as_do keyctl search @s tkm-domain me)
	for word in lock "unlock auth=$auth" "passwd auth=$auth new=$auth"; do
		check "$(as_do keyop update "$key" "$word" || :)" = EOPNOTSUPP
	done
	contains "$(as_do grep tkm-doma /proc/keys)" "me: policy"
	# Nothing is made or loaded in it without an approval: no session is begun.
	check "$(commands_as keyop add tkm a:b new @s 2>&1 || :)" = ""
	check "$(as_do keyop add tkm a:b new @s || :)" = EPERM
	approve "$tmp/a" site boot 14
	nlop policy-approve boot "$tmp/a"
	as_do keyop add tkm a:first new @s > /dev/null
	# Once the ASK is known: what a key costs, and its policy.
	check "$(commands_as keyop add tkm a:b new @s)" = "$begin $play Create FlushContext"
	as_do keyop add tkm a:pcrs "new pcrs=15" @s > /dev/null
	as_do keyop add tkm a:auth "new auth=$auth" @s > /dev/null
	as_do keyop add tkm a:both "new policy=boot auth=$auth" @s > /dev/null
	as_do keyop add tkm a:ec "new ec" @s > /dev/null
	as_do keyop add tkm a:zgen "new ec use=decrypt auth=$auth" @s > /dev/null
	# A new key is loaded from its chain when it is used first, which needs the same.
	as_works
	for key in b pcrs auth both ec zgen; do
		as_keep $key a:$key
	done
	# TDK and ASK want the policy and no value; the key is as it was asked for.
	check "$(areas_of "$tmp/b.der" | sed -n '1~2p' | cut -c 13-20 | paste -sd ' ')" = \
		"00030472 00030432 00030432 00000452"
	check "$(commands_as keyop add tkm a:b "load $(hex "$tmp/b.der")" @s)" = \
		"$begin $play Load Unseal FlushContext FlushContext"
	check "$(commands_as keyop add tkm a:pcrs "load $(hex "$tmp/pcrs.der")" @s)" = \
		"$begin $play Load PolicyPCR PolicyOR Unseal FlushContext FlushContext"
	check "$(commands_as keyop add tkm a:auth "load $(hex "$tmp/auth.der") auth=$auth" @s)" = \
		"$begin $play Load FlushContext StartAuthSession Unseal FlushContext FlushContext"
	check "$(commands_as keyop add tkm a:both "load $(hex "$tmp/both.der") auth=$auth" @s)" = \
		"PCR_Read $begin $play Load PolicyPCR PolicyAuthorize PolicyAuthValue PolicyOR Unseal FlushContext FlushContext"
	check "$(commands_as keyop add tkm a:ec "load $(hex "$tmp/ec.der")" @s)" = \
		"$begin $play Load ContextSave FlushContext FlushContext"
	as_loads a:zgen zgen "auth=$auth" > /dev/null
	as_works
	as_unlink a:b a:pcrs a:auth a:both a:ec a:zgen a:first
	# An update: nothing of the domain opens, whatever it is; and no new key.
	extend 14
	for key in b pcrs ec; do
		check "$(commands_as keyop add tkm a:$key "load $(hex "$tmp/$key.der")" @s || :)" = PCR_Read
		check "$(as_loads a:$key $key || :)" = EPERM
	done
	check "$(as_loads a:auth auth "auth=$auth" || :)" = EPERM
	check "$(as_do keyop add tkm a:new new @s || :)" = EPERM
	check "$(as_do keyop add tkm b:new new @s || :)" = EPERM
	# One approval opens it all.
	approve "$tmp/b" site boot 14
	nlop policy-approve boot "$tmp/b"
	for key in b pcrs ec; do
		as_loads a:$key $key > /dev/null
	done
	as_loads a:auth auth "auth=$auth" > /dev/null
	as_loads a:both both "auth=$auth" > /dev/null
	as_loads a:zgen zgen "auth=$auth" > /dev/null
	as_works
	as_do keyop add tkm b:new "new pcrs=15" @s > /dev/null
	# Sealed anew it stays where it is.
	as_do keyop update "$(as_do keyctl search @s tkm a:b)" "reseal pcrs=15"
	as_unlink a:b a:pcrs a:auth a:both a:ec a:zgen b:new
	as_close
	for key in b pcrs auth both ec zgen; do
		cp "$tmp/$key.der" "$work/domain-$key.der"
	done
	cp "$tmp/b" "$work/domain-approval"
}

# The EC keys that are loaded do what they are for.
as_works()
{
	local key

	head -c 32 /dev/zero > "$tmp/digest"
	chmod 755 "$work" "$tmp"
	key=$(as_do keyctl search @s tkm a:ec)
	as_do bash -c "keyctl pkey_sign $key 0 '$tmp/digest' enc=x962 hash=sha256 > /dev/null"
	key=$(as_do keyctl search @s tkm a:zgen)
	openssl ec -in "$work/site.pem" -pubout -outform DER 2> /dev/null | tail -c 65 > "$tmp/point"
	as_do bash -c "keyctl pkey_decrypt $key 0 '$tmp/point' enc=ecdh > /dev/null"
}
claim "a domain under a policy: one approval serves every key beneath, whatever it is" guarded_domain 4651

# Nothing is known but the chains: as after a boot.
after_a_boot()
{
	local key auth

	[ -e "$work/domain-b.der" ] || fail "the claim before failed"
	keyctl clear @s
	module_reload
	nlop policy-set boot authority "$work/site.pub"
	as_open "$1"
	auth=$(as_do keyop add user v x @s)
	for key in b auth; do
		cp "$work/domain-$key.der" "$tmp/$key.der"
	done
	# Not even the storage keys are shown to the TPM, but those above them.
	check "$(as_loads a:b b || :)" = EPERM
	nlop policy-approve boot "$work/domain-approval"
	check "$(commands_as keyop add tkm a:b "load $(hex "$tmp/b.der")" @s)" = \
		"PCR_Read LoadExternal VerifySignature FlushContext StartAuthSession Load CreatePrimary FlushContext ContextSave Load FlushContext ContextSave PolicyPCR PolicyAuthorize PolicyOR Load FlushContext ContextSave PolicyPCR PolicyAuthorize PolicyOR Load Unseal FlushContext FlushContext"
	as_loads a:auth auth "auth=$auth" > /dev/null
	# New keys go below the same.
	as_do keyop add tkm a:later new @s > /dev/null
	as_keep later a:later
	check "$(areas_of "$tmp/later.der" | sed -n 3,6p)" = "$(areas_of "$tmp/b.der" | sed -n 3,6p)"
	as_close
}
claim "... after a boot, from its chains" after_a_boot 4651

# What a user could write who wants to be without.
unguarded()
{
	[ -e "$work/domain-b.der" ] || fail "the claim before failed"
	cp "$work/domain-b.der" "$tmp/data.der"
	nlop policy-set boot authority "$work/site.pub"
	nlop policy-approve boot "$work/domain-approval"
	as_open "$1"
	# Another name or key in the policy.
	altered "$(policy_ref boot)" "$(policy_ref other)"
	check "$(as_loads a:b bad || :)" = EBADMSG
	authority stranger
	altered "$(hex "$work/site.pub")" "$(hex "$work/stranger.pub")"
	check "$(as_loads a:b bad || :)" = EBADMSG
	# Attributes that let a value in.
	altered 0023000b00030432 0023000b00030472
	check "$(as_loads a:b bad || :)" = EBADMSG
	as_close
}
claim "a chain whose storage keys say another policy than their Names is EBADMSG" unguarded 4651

# The helper keeps it, and gives it back.
kept_domain()
{
	mkdir "$tmp/db"
	authority site
	authority offline
	forget_all
	nlop policy-set boot authority "$work/site.pub" recovery "$work/offline.pub"
	approve "$tmp/a" offline boot 14
	nlop policy-approve boot "$tmp/a"
	helper_start keep "$tmp/db"
	as_open "$1"
	as_do keyop add tkm-domain me "new policy=boot" @s > /dev/null
	as_do keyop add tkm a:b new @s > /dev/null
	as_close
	helper_stop
	keyctl clear @s
	module_reload
	nlop policy-set boot authority "$work/site.pub" recovery "$work/offline.pub"
	helper_start keep "$tmp/db"
	as_open "$1"
	check "$(as_do keyop add tkm a:c new @s || :)" = EPERM
	nlop policy-approve boot "$tmp/a"
	check "$(as_do keyop add tkm-domain me "new policy=boot" @s || :)" = EEXIST
	as_do keyop add tkm b:c new @s > /dev/null
	check "$(areas_of "$tmp/db/$1.0.b:c" | sed -n 3p)" = "$(areas_of "$tmp/db/$1.0.a:b" | sed -n 3p)"
	# Asked for, too: by request_key.
	as_do keyctl request2 tkm a:b x @s > /dev/null
	as_close
	helper_stop
	# A helper that gives storage keys without: none of this domain's.
	forget_all
}
claim "... kept by a helper, with a recovery key" kept_domain 4652

# The same with tkmd: after a boot, nothing but what it has on its disk.
kept_by_tkmd()
{
	local tdk

	keyctl clear @s
	module_reload
	authority site
	tkmd_start
	nlop policy-set boot authority "$work/site.pub"
	approve "$tmp/a" site boot 14
	nlop policy-approve boot "$tmp/a"
	as_open "$1"
	# One from before, without: it is not the one for new keys after that.
	as_do keyop add tkm a:before new @s > /dev/null
	as_do keyop add tkm-domain me "new policy=boot" @s > /dev/null
	as_do keyop add tkm a:one new @s > /dev/null
	as_keep one a:one
	tdk=$(areas_of "$tmp/one.der" | sed -n 3p)
	check "${tdk:12:8}" = 00030432
	as_close
	tkmd_stop
	module_reload
	tkmd_start
	nlop policy-set boot authority "$work/site.pub"
	as_open "$1"
	check "$(as_do keyop add tkm b:new new @s || :)" = EPERM
	nlop policy-approve boot "$tmp/a"
	as_do keyop add tkm a:two new @s > /dev/null
	as_keep two a:two
	as_do keyop add tkm b:new new @s > /dev/null
	as_keep new b:new
	for key in two new; do
		check "$(areas_of "$tmp/$key.der" | sed -n 3p)" = "$tdk"
	done
	as_do keyctl request2 tkm a:one x @s > /dev/null
	as_close
	tkmd_stop
}
claim "... kept by tkmd" kept_by_tkmd 4653

run_claims
