#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# RSA and EC keys that sign: what they sign holds in OpenSSL, and nothing else does.
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pair.bash"

# ---- what they are ----

kinds()
{
	is_made rs "rsa" 2048 "data=64 sig=256 enc=256 dec=256 ops=sign+verify"
	is_made rS "rsa bits=3072 use=sign" 3072 "data=64 sig=384 enc=384 dec=384 ops=sign+verify"
	is_made es "ec" 256 "data=64 sig=64 enc=65 dec=65 ops=sign+verify"
	is_made eS "ec curve=p384 use=sign" 384 "data=64 sig=96 enc=97 dec=97 ops=sign+verify"
}
claim "keys that sign, of every kind and size, say what they are" kinds

sizes()
{
	local key

	key=$(pair rs)
	check "$(pkop query "$key" "enc=pkcs1 hash=sha256")" = \
		"bits=2048 data=32 sig=256 enc=256 dec=256 ops=sign+verify"
	check "$(pkop query "$key" "enc=pss hash=sha512")" = \
		"bits=2048 data=64 sig=256 enc=256 dec=256 ops=sign+verify"
	contains "$(pkop query "$key" enc=spki)" " enc=432 dec=432 "
	key=$(pair es)
	check "$(pkop query "$key" "enc=x962 hash=sha384")" = \
		"bits=256 data=48 sig=72 enc=65 dec=65 ops=sign+verify"
	key=$(pair eS)
	check "$(pkop query "$key" "enc=x962 hash=sha384")" = \
		"bits=384 data=48 sig=104 enc=97 dec=97 ops=sign+verify"
	# As keyctl(1) shows it.
	contains "$(keyctl pkey_query "$key" 0 enc=x962 hash=sha384)" "max_sig_size=104"
	expect_errno EINVAL pkop query "$key" "enc=x963"
	expect_errno EINVAL pkop query "$key" "hash=md5"
}
claim "pkey_query fills every field for the words it is given" sizes

# ---- signatures ----

signs()
{
	local name hash enc

	a_message
	for name in rs rS; do
		pair "$name" > /dev/null
		for hash in sha256 sha384 sha512; do
			for enc in pkcs1 pss; do
				holds "$name" $enc $hash
			done
		done
	done
	for name in es eS; do
		pair "$name" > /dev/null
		for hash in sha256 sha384 sha512; do
			for enc in x962 raw; do
				holds "$name" $enc $hash
			done
		done
	done
}
claim "signatures of every encoding and hash hold in OpenSSL and in the kernel" signs

# NAME ENC HASH STEP OTHER ENC2: another digest, every STEPth bit of the signature,
# another key, and another encoding.
refused_signature()
{
	local key info="enc=$2 hash=$3"

	key=$(pair "$1")
	pkop sign "$key" "$info" "$tmp/$3" "$tmp/sig" > /dev/null
	pkop verify "$key" "$info" "$tmp/$3" "$tmp/sig"
	expect_errno EKEYREJECTED pkop verify "$key" "$info" "$tmp/other-$3" "$tmp/sig"
	pkop flips verify "$key" "$info" "$tmp/$3" "$tmp/sig" "$4" EKEYREJECTED
	expect_errno EKEYREJECTED pkop verify "$(pair "$5")" "$info" "$tmp/$3" "$tmp/sig"
	[ "$6" = "$2" ] ||
		expect_errno EKEYREJECTED pkop verify "$key" "enc=$6 hash=$3" "$tmp/$3" "$tmp/sig"
	head -c 20 /dev/zero > "$tmp/short"
	expect_errno EKEYREJECTED pkop verify "$key" "$info" "$tmp/$3" "$tmp/short"
}

wrong_signatures()
{
	local hash

	a_message
	for hash in sha256 sha384; do
		openssl dgst -$hash -binary <<< another > "$tmp/other-$hash"
	done
	refused_signature rs pkcs1 sha256 37 flatr pss
	refused_signature rs pss sha256 37 flatr pkcs1
	refused_signature es raw sha256 11 flate x962
	refused_signature eS raw sha384 29 esother x962
	refused_signature eS x962 sha384 31 esother x962
}
claim "a signature that is not the key's, of that digest: EKEYREJECTED" wrong_signatures

bad_words()
{
	local key info

	a_message
	sha1sum /dev/null | cut -c -40 | xxd -r -p > "$tmp/sha1"
	key=$(pair rs)
	for info in "enc=pkcs1" "enc=raw hash=sha256" "enc=x962 hash=sha256" \
		"enc=oaep hash=sha256" "enc=pkcs1 hash=md5" "enc=pkcs2 hash=sha256" \
		"enc=pkcs1;aad=00 hash=sha256" "hash=sha256" "enc=gcm" \
		"enc=pkcs1 hash=sha384" "enc=pss hash=sha512"; do
		refuses_pkey EINVAL sign "$key" "$info" "$tmp/sha256" -
	done
	refuses_pkey EINVAL sign "$key" "enc=pkcs1 hash=sha1" "$tmp/sha1" -
	refuses_pkey EINVAL sign "$key" "enc=pkcs1 hash=sha256" "$tmp/sha384" -
	refuses_pkey EINVAL encrypt "$key" "enc=spki hash=sha256" - -
	refuses_pkey EINVAL encrypt "$key" "enc=spki" "$tmp/sha1" -
	key=$(pair es)
	for info in "enc=x962" "enc=pkcs1 hash=sha256" "enc=pss hash=sha256" \
		"enc=ecdh" "enc=ecdh hash=sha256" "enc=x962 hash=sha384"; do
		refuses_pkey EINVAL sign "$key" "$info" "$tmp/sha256" -
	done
	refuses_pkey EINVAL sign "$key" "enc=x962 hash=sha256" "$tmp/sha1" -
}
claim "words, hashes and lengths that do not go together: EINVAL, no TPM command" bad_words

# ---- other people's protocols ----

# tls NAME OPTIONS...: with a certificate that the key itself signed
tls()
{
	local key server

	key=$(pair "$1")
	tlskey certificate "$key" tkm.test > "$tmp/cert.pem"
	openssl verify -CAfile "$tmp/cert.pem" "$tmp/cert.pem"
	contains "$(openssl x509 -in "$tmp/cert.pem" -noout -pubkey)" \
		"$(sed -n 2,3p "$work/$1.pem")"
	rm -f "$tmp/socket"
	tlskey serve "$key" "$tmp/cert.pem" "$tmp/socket" "said under TLS" > "$tmp/server" 2>&1 &
	server=$!
	poll 20 test -S "$tmp/socket" || fail "no server: $(cat "$tmp/server")"
	openssl s_client -unix "$tmp/socket" -CAfile "$tmp/cert.pem" -verify_return_error \
		-verify_hostname tkm.test -ign_eof "${@:2}" < /dev/null > "$tmp/client" 2>&1 ||
		fail "the client: $(cat "$tmp/client" "$tmp/server")"
	wait "$server" || fail "the server: $(cat "$tmp/server")"
	contains "$(tr '\0' ' ' < "$tmp/client")" "said under TLS"
	contains "$(cat "$tmp/client")" "Verify return code: 0 (ok)"
	# It was this key that signed the handshake.
	contains "$(cat "$tmp/server")" "pkey_sign enc="
}

tls_works()
{
	tls es -tls1_3
	contains "$(cat "$tmp/client")" TLSv1.3
	tls rs -tls1_2
	contains "$(cat "$tmp/client")" TLSv1.2
}
claim "a TLS client accepts a certificate that a tkm key signed, and its handshake" tls_works

authority()
{
	local key

	key=$(pair eS)
	tlskey certificate "$key" "tkm.ca" > "$tmp/ca.pem"
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$tmp/other.pem"
	openssl pkey -in "$tmp/other.pem" -pubout -out "$tmp/other.pub"
	tlskey issue "$key" "$tmp/ca.pem" other.test "$tmp/other.pub" > "$tmp/cert.pem"
	openssl verify -CAfile "$tmp/ca.pem" -verify_hostname other.test "$tmp/cert.pem"
	# The certificate of another authority of that name does not vouch for it.
	tlskey certificate "$(pair es)" "tkm.ca" > "$tmp/false.pem"
	if openssl verify -CAfile "$tmp/false.pem" "$tmp/cert.pem"; then
		fail "another key's authority vouches for it"
	fi
}
claim "it is an authority for other certificates" authority

run_claims
