#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What guards a key: registers, a value that somebody knows, times.
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"

# The registers that the machine's firmware and kernel leave alone.
extend()
{
	local register

	for register; do
		tpm2_pcrextend "$register:sha1=$(sha1sum <<< x | cut -c -40),sha256=$(sha256sum <<< x | cut -c -64),sha384=$(sha384sum <<< x | cut -c -96),sha512=$(sha512sum <<< x | cut -c -128)"
	done
}

policy_of()
{
	state_of "$1" | sed 's/.* policy=//'
}

# ---- registers ----

spellings()
{
	check "$(policy_of "$(new_key a:1 pcrs=7)")" = sha256:7
	check "$(policy_of "$(new_key a:2 pcrs=7+11)")" = sha256:7+11
	check "$(policy_of "$(new_key a:3 pcrs=7,11)")" = sha256:7+11
	check "$(policy_of "$(new_key a:4 pcrs=sha256:7,11)")" = sha256:7+11
	check "$(policy_of "$(new_key a:5 pcrs=sha256:11+7)")" = sha256:7+11
	check "$(policy_of "$(new_key a:6 pcrs=sha1:0)")" = sha1:0
	check "$(policy_of "$(new_key a:7 pcrs=sha384:23)")" = sha384:23
	check "$(policy_of "$(new_key a:8 pcrs=sha512:1,2+3)")" = sha512:1+2+3
	check "$(policy_of "$(new_key a:9)")" = none
	check "$(policy_of "$(new_key a:10 "pcrs=7 parent=srk")")" = "sha256:7 flat"
	check "$(policy_of "$(new_key a:11 parent=srk)")" = "none flat"
	check "$(policy_of "$(new_key a:12 "auth=$(auth_key x)")")" = auth
	check "$(policy_of "$(new_key a:13 "pcrs=7 auth=$(auth_key x)")")" = sha256:7+auth
}
claim "registers in both spellings, in every bank, and what /proc/keys says" spellings

# registers LIST THE-ONES-IN-IT ANOTHER
bound_to()
{
	local register

	make_chain a a:b "pcrs=$1"
	make_chain f a:f "pcrs=$1 parent=srk"
	loads a:b a
	loads a:f f
	keyctl clear @s
	extend "$3"
	loads a:b a
	loads a:f f
	keyctl clear @s
	for register in $2; do
		make_chain "a$register" a:b "pcrs=$1"
		extend "$register"
		load_refused EPERM a:b "a$register"
	done
	load_refused EPERM a:b a
	load_refused EPERM a:f f
}

one_register()
{
	bound_to sha256:14 14 15
	contains "$(trace_names | tail -n 6 | tr '\n' ' ')" PolicyPCR
}
claim "a register that was extended: EPERM; another one: loads" one_register

banks()
{
	bound_to sha1:14 14 15
	bound_to sha384:14 14 15
	bound_to sha512:14+13 "14 13" 15
}
claim "the same in the other banks" banks

many_registers()
{
	bound_to sha256:0+1+2+3+4+5+6+7+8+9 "0 8 9" 10
	bound_to sha256:8,9,10,11,12,13,14,15,23 "8 15 23" 7
	make_chain all a:all "pcrs=sha256:0$(printf '+%d' {1..23})"
	loads a:all all
	keyctl clear @s
	extend 23
	load_refused EPERM a:all all
}
claim "more registers than the TPM reads at once" many_registers

only_the_value()
{
	tpm2_pcrreset 23
	make_chain a a:b pcrs=23
	extend 23
	load_refused EPERM a:b a
	tpm2_pcrreset 23
	loads a:b a
}
claim "a register that has its value again opens the key again" only_the_value

reseal()
{
	local key

	key=$(new_key a:b pcrs=14)
	chain_of "$key" "$tmp/old.der"
	extend 14
	# What is loaded stays usable; its chain is not.
	keyop update "$key" "reseal"
	chain_of "$key" "$tmp/new.der"
	keyctl clear @s
	load_refused EPERM a:b old
	loads a:b new
	extend 14
	key=$(keyctl search @s tkm a:b)
	keyop update "$key" "reseal pcrs=none"
	check "$(policy_of "$key")" = none
	chain_of "$key" "$tmp/none.der"
	keyop update "$key" "reseal pcrs=sha1:14,15"
	check "$(policy_of "$key")" = sha1:14+15
	chain_of "$key" "$tmp/sha1.der"
	keyctl clear @s
	load_refused EPERM a:b new
	loads a:b none
	keyctl clear @s
	loads a:b sha1
	keyctl clear @s
	extend 15
	load_refused EPERM a:b sha1
	# The record is the same in all of them.
	check "$(records_of "$tmp/sha1.der")" = "$(records_of "$tmp/old.der")"
}
claim "resealed under the values of now, the key loads again; the old chain does not" reseal

no_bank()
{
	make_chain own a:b
	keyctl clear @s
	tpm_start banks
	module_reload
	make_chain sha1 a:sha1 pcrs=sha1:7
	keyctl clear @s
	tpm2_pcrallocate sha256:all+sha1:none+sha384:none+sha512:none > /dev/null
	tpm_stop banks
	tpm_start banks
	refuses EOPNOTSUPP add tkm a:b "new pcrs=sha1:7" @s
	refuses EOPNOTSUPP add tkm a:b "new pcrs=sha384:7" @s
	refuses EOPNOTSUPP add tkm a:b "new pcrs=sha512:7 parent=srk" @s
	load_refused EPERM a:sha1 sha1
	key=$(new_key a:b pcrs=sha256:7)
	refuses EOPNOTSUPP update "$key" "reseal pcrs=sha1:7"
	keyctl clear @s
	tpm_stop_all
	module_reload
	loads a:b own
}
claim "a bank that is not allocated: EOPNOTSUPP; a chain bound to it: EPERM" no_bank

costs()
{
	local auth load="StartAuthSession ContextLoad Load"
	local end="Unseal FlushContext FlushContext"

	auth=$(auth_key x)
	make_chain p a:p pcrs=14
	make_chain a a:a "auth=$auth"
	make_chain pa a:pa "pcrs=14 auth=$auth"
	make_chain fp a:fp "pcrs=14 parent=srk"
	make_chain fpa a:fpa "pcrs=14 auth=$auth parent=srk"
	check "$(commands_of loads a:p p)" = "$load PolicyPCR PolicyOR $end"
	check "$(commands_of loads a:a a "auth=$auth")" = "$load $end"
	check "$(commands_of loads a:pa pa "auth=$auth")" = \
		"$load PolicyPCR PolicyAuthValue PolicyOR $end"
	check "$(commands_of loads a:fp fp)" = \
		"StartAuthSession Load PolicyPCR Unseal FlushContext"
	check "$(commands_of loads a:fpa fpa "auth=$auth")" = \
		"StartAuthSession Load PolicyPCR PolicyAuthValue Unseal FlushContext"
	check "$(commands_of new_key a:n pcrs=14)" = \
		"StartAuthSession PCR_Read ContextLoad Create FlushContext"
}
claim "each element of a policy costs one TPM command" costs

# ---- a value that somebody knows ----

# Tries that the TPM has counted.
tries()
{
	echo $(($(tpm2_getcap properties-variable |
		sed -n 's/TPM2_PT_LOCKOUT_COUNTER: //p')))
}

forget_tries()
{
	tpm2_dictionarylockout -s -n 32 -t 1000 -l 1000
	tpm2_dictionarylockout -c
	check "$(tries)" = 0
}

# guarded OPTIONS: of a key, besides auth=
guarded()
{
	local right wrong

	right=$(auth_key "the right one")
	wrong=$(auth_key "a wrong one")
	forget_tries
	make_chain a a:b "$1 auth=$right"
	loads a:b a "auth=$right"
	keyctl unlink "$(keyctl search @s tkm a:b)" @s
	check "$(tries)" = 0
	load_refused_early EKEYREJECTED a:b a
	check "$(tries)" = 0
	load_refused EKEYREJECTED a:b a "auth=$wrong"
	# Counted once, whatever tkm tried.
	check "$(tries)" = 1
	load_refused EKEYREJECTED a:b a "auth=$wrong"
	check "$(tries)" = 2
	loads a:b a "auth=$right"
	keyctl clear @s
	forget_tries
}

auth_values()
{
	guarded ""
	guarded "parent=srk"
	guarded "pcrs=14"
	guarded "pcrs=14 parent=srk"
}
claim "a value that is wrong or missing: EKEYREJECTED, and the TPM counts wrong ones once" auth_values

superfluous()
{
	local auth

	auth=$(auth_key x)
	make_chain a a:b
	make_chain p a:p pcrs=14
	make_chain f a:f parent=srk
	load_refused_early EKEYREJECTED a:b a "auth=$auth"
	load_refused_early EKEYREJECTED a:p p "auth=$auth"
	load_refused_early EKEYREJECTED a:f f "auth=$auth"
}
claim "a value for a key that has none: EKEYREJECTED" superfluous

# The key that auth= names, as it must not be: ERRNO KEY
bad_auth()
{
	refuses_early "$1" add tkm a:new "new auth=$2" @s
	load_refused_early "$1" a:b a "auth=$2"
	refuses_early "$1" update "$loaded" "reseal auth=$2"
}

is_expired()
{
	[ "$(keyop read-short "$1")" = EKEYEXPIRED ]
}

auth_keys()
{
	local right key

	right=$(auth_key right)
	make_chain a a:b "auth=$right"
	loaded=$(new_key a:loaded "auth=$right")
	bad_auth ENOKEY 999999999
	bad_auth EINVAL "$(keyctl newring ring @s)"
	bad_auth EINVAL "$loaded"
	bad_auth EINVAL "$(new_key a:other)"
	bad_auth E2BIG "$(auth_key 012345678901234567890123456789012)"
	head -c 16 /dev/zero > "$tmp/zeros"
	bad_auth EINVAL "$(auth_key "@$tmp/zeros")"
	key=$(auth_key right)
	keyctl setperm "$key" 0x37370000
	bad_auth EACCES "$key"
	key=$(auth_key right)
	keyctl revoke "$key"
	bad_auth EKEYREVOKED "$key"
	key=$(auth_key right)
	keyctl timeout "$key" 1
	poll 10 is_expired "$key" || fail "does not expire"
	bad_auth EKEYEXPIRED "$key"
	key=$(setpriv --reuid=1000 --regid=1000 --clear-groups keyop add user x right @u)
	bad_auth EACCES "$key"
	loads a:b a "auth=$right"
}
claim "an auth= key that is unknown, of another type, closed, revoked, expired, too long, empty" auth_keys

auth_types()
{
	local right logon

	right=$(auth_key right)
	logon=$(auth_key right logon)
	make_chain a a:b "auth=$logon"
	loads a:b a "auth=$right"
	keyctl unlink "$(keyctl search @s tkm a:b)" @s
	make_chain c a:c "auth=$right"
	loads a:c c "auth=$logon"
	# 32 bytes is what the TPM takes under SHA-256, and it sees no zeros behind.
	right=$(auth_key 01234567890123456789012345678901)
	make_chain d a:d "auth=$right"
	loads a:d d "auth=$right"
	printf 'abc' > "$tmp/abc"
	printf 'abc\0\0' > "$tmp/abc00"
	make_chain e a:e "auth=$(auth_key "@$tmp/abc00")"
	loads a:e e "auth=$(auth_key "@$tmp/abc")"
	keyctl unlink "$(keyctl search @s tkm a:e)" @s
	loads a:e e "auth=$(auth_key "@$tmp/abc00")"
}
claim "auth= takes user and logon keys, up to 32 bytes, and counts no zeros behind" auth_types

auth_reseal()
{
	local first second key

	first=$(auth_key first)
	second=$(auth_key second)
	forget_tries
	key=$(new_key a:b)
	keyop update "$key" "reseal auth=$first"
	check "$(policy_of "$key")" = auth
	chain_of "$key" "$tmp/first.der"
	# What is not named stays, but what a key is guarded with, tkm has not kept.
	refuses_early EKEYREJECTED update "$key" "reseal"
	refuses_early EKEYREJECTED update "$key" "reseal pcrs=14"
	keyop update "$key" "reseal auth=$second pcrs=14"
	check "$(policy_of "$key")" = sha256:14+auth
	chain_of "$key" "$tmp/second.der"
	keyop update "$key" "reseal auth=none"
	check "$(policy_of "$key")" = sha256:14
	chain_of "$key" "$tmp/none.der"
	keyctl unlink "$key" @s
	load_refused EKEYREJECTED a:b first "auth=$second"
	load_refused EKEYREJECTED a:b second "auth=$first"
	load_refused_early EKEYREJECTED a:b none "auth=$first"
	for i in "first auth=$first" "second auth=$second" none; do
		# shellcheck disable=SC2086 # two words or one
		loads a:b $i
		keyctl unlink "$(keyctl search @s tkm a:b)" @s
	done
	forget_tries
}
claim "reseal puts a value on a key, changes it, takes it away" auth_reseal

# both OPTIONS
both()
{
	local right wrong

	right=$(auth_key right)
	wrong=$(auth_key wrong)
	forget_tries
	make_chain a a:b "pcrs=14 auth=$right $1"
	loads a:b a "auth=$right"
	keyctl unlink "$(keyctl search @s tkm a:b)" @s
	load_refused EKEYREJECTED a:b a "auth=$wrong"
	load_refused_early EKEYREJECTED a:b a
	extend 14
	forget_tries
	load_refused EPERM a:b a "auth=$right"
	load_refused EPERM a:b a "auth=$wrong"
	load_refused_early EKEYREJECTED a:b a
	# Nobody could guess, for the TPM was not told a value.
	check "$(tries)" = 0
}

both_conditions()
{
	both ""
	both "parent=srk"
}
claim "registers and a value: each alone is not enough" both_conditions

lockout()
{
	local right wrong

	right=$(auth_key right)
	wrong=$(auth_key wrong)
	make_chain machine a:m
	make_chain pcrs a:p pcrs=14
	make_chain flat a:f parent=srk
	make_chain person a:b "auth=$right"
	make_chain both a:c "pcrs=14 auth=$right"
	forget_tries
	tpm2_dictionarylockout -s -n 2 -t 1000 -l 1000
	load_refused EKEYREJECTED a:b person "auth=$wrong"
	load_refused EKEYREJECTED a:b person "auth=$wrong"
	check "$(tries)" = 2
	load_refused EBUSY a:b person "auth=$right"
	load_refused EBUSY a:c both "auth=$right"
	check "$(tries)" = 2
	loads a:m machine
	loads a:p pcrs
	loads a:f flat
	new_key a:n
	forget_tries
	loads a:b person "auth=$right"
	loads a:c both "auth=$right"
}
claim "in lockout: EBUSY for keys with a value; a machine's keys load" lockout

# ---- times ----

day()
{
	date -u -d "@$(($(date +%s) + 86400 * $1))" +%Y-%m-%dT%H:%M:%SZ
}

# Puts the machine's clock forward, until the claim ends.
clock_forward()
{
	date -s "@$(($(date +%s) + $1))" > /dev/null
}

not_before()
{
	local key

	key=$(new_key a:b "not-before=$(day 1)")
	contains "$(state_of "$key")" "state=pre-active"
	refuses_early EPERM update "$key" "publish logon:a:b"
	chain_of "$key" "$tmp/a.der"
	keyctl unlink "$key" @s
	# It may be kept and sealed, only not used.
	key=$(loads a:b a)
	contains "$(state_of "$key")" "state=pre-active"
	refuses_early EPERM update "$key" "publish logon:a:b"
	keyop update "$key" "reseal pcrs=14"
	refuses_early EPERM update "$key" "publish logon:a:b"
	clock_forward 86401
	contains "$(state_of "$key")" "state=active"
	keyop update "$key" "publish logon:a:b"
	keyctl search @s logon a:b
	clock_forward -86401
}
claim "before its not-before a key is not published: EPERM" not_before

is_revoked()
{
	[ "$(keyop read-short "$1")" = EKEYREVOKED ]
}

not_after()
{
	local key logon old delay=/proc/sys/kernel/keys/gc_delay

	# The collector would take what expired hours ago, whenever it next runs.
	old=$(cat $delay)
	echo 200000 > $delay
	key=$(new_key a:b "not-after=$(day 1)")
	contains "$(state_of "$key")" "state=active"
	chain_of "$key" "$tmp/a.der"
	keyop update "$key" "publish logon:a:b"
	loads a:b a
	logon=$(keyctl search @s logon a:b)
	clock_forward 86401
	# Else it goes while a refusal is asked whether it changed anything.
	poll 20 is_revoked "$logon" || fail "what was published lives on"
	contains "$(state_of_expired "$key")" "state=expired"
	load_refused_early EKEYEXPIRED a:b a
	refuses_early EKEYEXPIRED update "$key" "publish logon:a:c"
	refuses_early EKEYEXPIRED update "$key" reseal
	expect_errno EKEYEXPIRED keyop read-short "$key"
	clock_forward -86401
	echo "$old" > $delay
}

# keyctl does not show what has expired, /proc does.
state_of_expired()
{
	grep "^$(printf '%08x' "$1") " /proc/keys
}
claim "after its not-after a key neither loads nor serves: EKEYEXPIRED" not_after

run_claims
