#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Certificates: the TPM says of a key of ours what it is, as `tkm verify` judges it, which
# shares no line with the module but the hash of the question.
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/helper.bash"
. "$(dirname "$0")/approval.bash"
. "$(dirname "$0")/moving.bash"

nonce=00112233445566778899aabbccddeeff

# EXTRA, computed here.
extra_of()
{
	local hash

	read -r hash _ < <({ printf 'tkm attest v1\0key\0'; printf %s "$1" | xxd -r -p; } | sha256sum)
	echo "$hash"
}

# certified FILE KEY [WORDS]: in $tmp/FILE.ak, .msg, .sig
certified()
{
	local key parts

	key=$(must add tkm-move certificate "certify key=$2 nonce=$nonce${3+ $3}" @s)
	keyctl pipe "$key" > "$tmp/$1.certificate"
	keyctl unlink "$key" @s
	mapfile -t parts < <(openssl asn1parse -inform DER -in "$tmp/$1.certificate" |
		sed -n 's/.*OCTET STRING *\[HEX DUMP\]://p')
	check "${#parts[@]}" = 3
	xxd -r -p <<< "${parts[0]}" > "$tmp/$1.ak"
	xxd -r -p <<< "${parts[1]}" > "$tmp/$1.msg"
	xxd -r -p <<< "${parts[2]}" > "$tmp/$1.sig"
}

# holds FILE CHAIN [NONCE]
holds()
{
	tkm verify --key "$tmp/$2.der" --ak "$tmp/$1.ak" --message "$tmp/$1.msg" \
		--signature "$tmp/$1.sig" --nonce "$(extra_of "${3-$nonce}")" > "$tmp/verdict" 2>&1
}

# made NAME OPTIONS [WORDS]: a key, its chain, its certificate, which holds
made()
{
	local key

	key=$(new_key "a:$1" "$2")
	chain_of "$key" "$tmp/$1.der"
	certified "$1" "$key" "${@:3}"
	holds "$1" "$1" || fail "$1: $(cat "$tmp/verdict")"
}

every_sort()
{
	local auth name

	keyctl clear @u
	module_reload
	auth=$(auth_key secret)
	authority mine
	public_file mine "$tmp/mine.tpm2b"
	made data ""
	made ec ec
	made rsa rsa
	# userWithAuth clear: the role is ADMIN, and no policy is asked for.
	made pcrs pcrs=16
	made ec-pcrs "ec pcrs=16"
	made pin "auth=$auth" "auth=$auth"
	made both "auth=$auth pcrs=16" "auth=$auth"
	made ec-pin "ec auth=$auth"
	made ec-both "ec auth=$auth pcrs=16"
	made moves "ec class=portable approver=$(keyctl padd user approver @s < "$tmp/mine.tpm2b")"
	# One AK for all; and a certificate is of one key, one question.
	for name in ec rsa pcrs ec-pcrs pin both ec-pin ec-both moves; do
		cmp "$tmp/data.ak" "$tmp/$name.ak"
	done
	! holds data ec || fail "the certificate of data holds of ec"
	grep -q "another key" "$tmp/verdict" || fail "$(cat "$tmp/verdict")"
	! holds data data "${nonce}00" || fail "it answers any question"
	grep -q "another question" "$tmp/verdict" || fail "$(cat "$tmp/verdict")"
}
claim "keys of every sort, with registers and authValues: the certificate holds" every_sort

# What a key is may be said when it may not be used, and tools say the same.
not_usable()
{
	local key

	module_reload
	key=$(new_key a:data pcrs=16)
	chain_of "$key" "$tmp/data.der"
	tpm2_pcrextend 16:sha256="$(printf 'aa%.0s' {1..32})"
	certified data "$key"
	holds data data || fail "$(cat "$tmp/verdict")"
	tools_load "$tmp/data.der"
	tpm2_createprimary -C e -G ecc256:ecdsa-sha256:null -a "restricted|sign|fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda" \
		-c "$tmp/signer" > /dev/null
	tpm2_certify -c "$tmp/o3.ctx" -C "$tmp/signer" -g sha256 -o "$tmp/attest" -s "$tmp/signature" > /dev/null
	tpm2_pcrreset 16
}
claim "a key may be certified when its registers do not let it be used" not_usable

# It has no record, of which the verifier says so; all before that holds.
flat()
{
	local key

	module_reload
	key=$(new_key a:flat "ec parent=srk")
	chain_of "$key" "$tmp/flat.der"
	certified flat "$key"
	! holds flat flat || fail "a flat key has a record"
	grep -q "a flat key has none" "$tmp/verdict" || fail "$(cat "$tmp/verdict")"
}
claim "a flat key is certified, too" flat

# A storage key that wants a password, loaded from its context and from its chain.
guarded()
{
	module_reload
	keyctl add tkm-domain mine "new auth=$(auth_key secret)" @s > /dev/null
	made data ""
	made pair ec
	keyctl clear @s
	module_reload
}
claim "and keys of a domain with a password" guarded

# An approval opens the storage keys for it, as for any use; what is loaded stays usable.
approved()
{
	module_reload
	authority site
	nlop policy-set boot authority "$work/site.pub"
	approve "$tmp/approval" site boot 16
	nlop policy-approve boot "$tmp/approval"
	keyctl add tkm-domain mine "new policy=boot" @s > /dev/null
	made below ""
	made below-ec ec
	made below-pin "auth=$(auth_key secret user below:pin)" "auth=$(auth_key secret user below:pin)"
	tpm2_pcrextend 16:sha256="$(printf 'aa%.0s' {1..32})"
	refuses EPERM add tkm-move x "certify key=$(keyctl search @s tkm a:below) nonce=$nonce" @s
	tpm2_pcrreset 16
	certified below "$(keyctl search @s tkm a:below)"
	holds below below || fail "$(cat "$tmp/verdict")"
	keyctl clear @s
	module_reload
}
claim "and of one under a policy, once that is approved" approved

commands()
{
	local data pair words

	module_reload
	data=$(new_key a:data)
	pair=$(new_key a:pair ec)
	words="nonce=$nonce"
	check "$(commands_of keyop add tkm-move c "certify key=$data $words" @s)" = \
		"StartAuthSession ContextLoad Load FlushContext CreatePrimary Certify FlushContext FlushContext"
	# The first use loads it from its chain.
	keyop add tkm-move d "certify key=$pair $words" @s > /dev/null
	check "$(commands_of keyop add tkm-move e "certify key=$pair $words" @s)" = \
		"ContextLoad StartAuthSession CreatePrimary Certify FlushContext FlushContext"
}
claim "so many TPM commands" commands

refused()
{
	local key pin other auth wrong words

	module_reload
	auth=$(auth_key secret user auth:right)
	wrong=$(auth_key mistaken user auth:wrong)
	key=$(new_key a:data)
	pin=$(new_key a:pin "auth=$auth")
	other=$(new_key a:other "ec auth=$auth")
	words="nonce=$nonce"
	refuses_early EINVAL add tkm-move x "certify key=$key" @s
	refuses_early EINVAL add tkm-move x "certify $words" @s
	refuses_early EINVAL add tkm-move x "certify key=$key nonce=${nonce:2}" @s
	refuses_early EINVAL add tkm-move x "certify key=$key nonce=${nonce}0" @s
	refuses_early EINVAL add tkm-move x "certify key=$key nonce=${nonce:1}x" @s
	refuses_early EINVAL add tkm-move x "certify key=$key $words $words" @s
	refuses_early EINVAL add tkm-move x "certify key=$key $words parent=1" @s
	refuses_early EINVAL add tkm-move x "certify key=$auth $words" @s
	refuses_early ENOKEY add tkm-move x "certify key=2147483647 $words" @s
	refuses_early EKEYREJECTED add tkm-move x "certify key=$pin $words" @s
	refuses_early EKEYREJECTED add tkm-move x "certify key=$key $words auth=$auth" @s
	refuses_early EKEYREJECTED add tkm-move x "certify key=$other $words auth=$auth" @s
	refuses EKEYREJECTED add tkm-move x "certify key=$pin $words auth=$wrong" @s
	must add tkm-move x "certify key=$pin $words auth=$auth" @s > /dev/null
	keyctl setperm "$key" 0x3f3f3f3f
	expect_errno EPERM as 4501 keyop add tkm-move x "certify key=$key $words" @s
	tpm2_changeauth -c e endorsed
	refuses EACCES add tkm-move y "certify key=$key $words" @s
	tpm2_changeauth -c e -p endorsed
	must add tkm-move y "certify key=$key $words" @s > /dev/null
}
claim "wrong words, other people's keys, an endorsement hierarchy with a password: refused" refused

is_recorded()
{
	[ "$(grep -c '^certify ' "$tmp/audit")" = 2 ]
}

recorded()
{
	local key auth words

	module_reload
	: > "$tmp/audit"
	mkdir "$tmp/db"
	helper_start AUDIT="$tmp/audit" keep "$tmp/db"
	auth=$(auth_key secret)
	key=$(new_key a:pin "auth=$auth")
	words="certify key=$key nonce=$nonce"
	must add tkm-move x "$words auth=$auth" @s > /dev/null
	expect_errno EKEYREJECTED keyop add tkm-move y "$words" @s
	poll 30 is_recorded || fail "$(cat "$tmp/audit")"
	check "$(awk '$1 == "certify" { print $4, $5 }' "$tmp/audit" | tr '\n' ' ')" = \
		"a:pin result=0 a:pin result=EKEYREJECTED "
	helper_stop
}
claim "both are recorded" recorded

run_claims
