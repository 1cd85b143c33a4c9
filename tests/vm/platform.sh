#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# tkm platform: a TPM that its maker certified says who it is.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$here/tk.bash"
. "$here/tkmd.bash"
. "$here/platform.bash"

# The TPM of the test's platform A, and what tkm then knows of it.
on_a()
{
	module_unload
	made_by maker A
	tpm_have A
	module_load
}

# p ACTION ARGUMENT...: tkm platform, with the tkmd of the claim, which must succeed
p()
{
	local action=$1

	shift
	tkm platform "$action" --socket "$tmp/run/socket" "$@" 2> "$tmp/p-err" ||
		fail "tkm platform $action $*: $(cat "$tmp/p-err")"
	[ ! -s "$tmp/p-err" ] || fail "tkm platform $action $*: $(cat "$tmp/p-err")"
}

# The DER of a file, and its parts by OpenSSL, which knows nothing of tkm.
der_of()
{
	sed '/^-----/d' "$1" | base64 -d
}

# blob FILE N OUT: the Nth OCTET STRING
blob()
{
	local at

	at=$(der_of "$1" | openssl asn1parse -inform DER |
		sed -n 's/^ *\([0-9]*\):.*OCTET STRING.*/\1/p' | sed -n "$2p")
	der_of "$1" | openssl asn1parse -inform DER -strparse "$at" -noout -out "$3" 2> /dev/null ||
		der_of "$1" | openssl asn1parse -inform DER -offset "$at" |
		sed -n '1s/.*\[HEX DUMP\]://p' | xxd -r -p > "$3"
	[ -s "$3" ] || fail "no octet string $2 in $1"
}

a_credential_says_who_it_is()
{
	on_a
	tkmd_start
	p show -o "$tmp/a"
	check "$(head -n 1 "$tmp/a")" = "-----BEGIN TKM PLATFORM-----"
	p show --json > "$tmp/json"
	check "$(jq -r '.ek | map(.index) | join(" ")' "$tmp/json")" = "29360130 29360150"
	check "$(jq -r '.facts["tpm.banks"]' "$tmp/json")" = sha256
	check "$(jq -r '.srk' "$tmp/json")" = \
		"$(tpm2_readpublic -c 0x81000001 -n "$tmp/name" > /dev/null; hex "$tmp/name")"
	# The same keys each time, and nothing stays in the TPM.
	check "$(jq -r '.ak' "$tmp/json")" = "$(p show --json | jq -r .ak)"
	check "$(tpm2_getcap handles-transient)" = ""
	check "$(tpm2_getcap handles-loaded-session)" = ""
	tkmd_stop
}
claim "a credential says who it is" a_credential_says_who_it_is

the_endorsement_keys_are_those_of_the_certificates()
{
	on_a
	tkmd_start
	p show -o "$tmp/a"
	blob "$tmp/a" 1 "$tmp/cert"
	tpm2_nvread 0x01c00002 -o "$tmp/nv" > /dev/null
	head -c "$(stat -c %s "$tmp/cert")" "$tmp/nv" | cmp - "$tmp/cert"
	openssl x509 -inform DER -in "$tmp/cert" -noout -pubkey > "$tmp/of-cert"
	blob "$tmp/a" 2 "$tmp/area"
	tpm2_readpublic -c 0x81010001 -f pem -o "$tmp/of-tpm" > /dev/null
	cmp "$tmp/of-cert" "$tmp/of-tpm"
	tail -c 256 "$tmp/area" > "$tmp/modulus"
	check "Modulus=$(hex "$tmp/modulus" | tr a-f A-F)" = \
		"$(openssl rsa -pubin -in "$tmp/of-tpm" -noout -modulus)"
	tkmd_stop
}
claim "the endorsement keys are those of the certificates" \
	the_endorsement_keys_are_those_of_the_certificates

without_tkmd_a_key_has_the_root_key()
{
	local key

	on_a
	ends 4 tkm platform show --socket "$tmp/nobody"
	says "(ECONNREFUSED)"
	key=$(new_key a:b)
	p show --key "$key" -o "$tmp/a"
	check "$(head -n 1 "$tmp/a")" = "-----BEGIN TKM PLATFORM-----"
	chain_of "$key" "$tmp/chain"
	object_files "$tmp/chain" 0 "$tmp/root"
	# 5 and 6 are the certificate and area of the second endorsement key and AK's.
	blob "$tmp/a" 6 "$tmp/tkmrk"
	tail -c +3 "$tmp/root.pub" | cmp - "$tmp/tkmrk"
	ends 1 tkm platform show --key a:none
	key=$(new_key a:flat parent=srk)
	ends 1 tkm platform show --key "$key"
	says "(ENOKEY)"
	keyctl clear @s
}
claim "without tkmd a key has the root key" without_tkmd_a_key_has_the_root_key

an_authorisation_of_the_endorsement_hierarchy_is_told()
{
	on_a
	tkmd_start
	tpm2_changeauth -c endorsement secret
	ends 3 tkm platform show --socket "$tmp/run/socket"
	tpm2_changeauth -c endorsement -p secret
	says "the TPM's endorsement hierarchy has an authorisation value"
	says "(EKEYREJECTED)"
	p show > /dev/null
	tkmd_stop
}
claim "an authorisation of the endorsement hierarchy is told" \
	an_authorisation_of_the_endorsement_hierarchy_is_told

a_tpm_without_certificates_is_told()
{
	module_unload
	tpm_stop A
	tpm_have plain
	module_load
	tkmd_start
	ends 1 tkm platform show --socket "$tmp/run/socket"
	says "the TPM has no certificate of an endorsement key (ENOENT)"
	tkmd_stop
	module_unload
	tpm_stop plain
	on_a
}
claim "a TPM without certificates is told" a_tpm_without_certificates_is_told

only_root_asks_for_the_root_key()
{
	on_a
	tkmd_start
	ends 3 as 1000 tkm platform show --socket "$tmp/run/socket"
	says "(EPERM)"
	tkmd_stop
	module_unload
	tpm_stop_all
	module_load
}
claim "only root asks for the root key" only_root_asks_for_the_root_key

run_claims
