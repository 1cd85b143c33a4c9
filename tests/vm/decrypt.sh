#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# RSA and EC keys that decrypt: what OpenSSL encrypts for them they open, and they
# agree with it on a secret; nothing else comes out.
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pair.bash"

kinds()
{
	is_made rd "rsa bits=2048 use=decrypt" 2048 "data=64 sig=256 enc=256 dec=256 ops=encrypt+decrypt"
	is_made rD "rsa bits=3072 use=decrypt" 3072 "data=64 sig=384 enc=384 dec=384 ops=encrypt+decrypt"
	is_made ed "ec curve=p256 use=decrypt" 256 "data=64 sig=64 enc=65 dec=65 ops=decrypt"
	is_made eD "ec curve=p384 use=decrypt" 384 "data=64 sig=96 enc=97 dec=97 ops=decrypt"
}
claim "keys that decrypt, of every kind and size, say what they are" kinds

# encrypted NAME FILE WORDS...: by OpenSSL, to $tmp/ct
encrypted()
{
	local word options=()

	for word in "${@:3}"; do
		options+=(-pkeyopt "$word")
	done
	openssl pkeyutl -encrypt -pubin -inkey "$work/$1.pem" -in "$2" \
		-out "$tmp/ct" "${options[@]}"
}

# decrypts NAME INFO FILE: what is in $tmp/ct, by keyctl(1) too
decrypts()
{
	local key

	key=$(pair "$1")
	pkop decrypt "$key" "$2" "$tmp/ct" "$tmp/clear" > /dev/null
	cmp "$tmp/clear" "$3"
}

oaep=rsa_padding_mode:oaep

decryption()
{
	local name size hash n

	printf 'a short text' > "$tmp/text"
	for name in rd rD; do
		pair $name > /dev/null
		size=256
		[ $name = rd ] || size=384
		for hash in sha1:20 sha256:32 sha384:48 sha512:64; do
			n=$((size - 2 - 2 * ${hash#*:}))
			hash=${hash%:*}
			head -c $n /dev/urandom > "$tmp/most"
			encrypted $name "$tmp/most" $oaep "rsa_oaep_md:$hash"
			decrypts $name "enc=oaep hash=$hash" "$tmp/most"
		done
		encrypted $name "$tmp/text" $oaep rsa_oaep_md:sha256
		decrypts $name "enc=oaep hash=sha256" "$tmp/text"
		keyctl pkey_decrypt "$(pair $name)" 0 "$tmp/ct" enc=oaep hash=sha256 > "$tmp/clear"
		cmp "$tmp/clear" "$tmp/text"
		head -c $((size - 11)) /dev/urandom > "$tmp/most"
		encrypted $name "$tmp/most" rsa_padding_mode:pkcs1
		decrypts $name enc=pkcs1 "$tmp/most"
		# The bare function: a block below the modulus.
		{ printf '\0'; head -c $((size - 1)) /dev/urandom; } > "$tmp/block"
		encrypted $name "$tmp/block" rsa_padding_mode:none
		decrypts $name enc=raw "$tmp/block"
	done
	: > "$tmp/none"
	encrypted rd "$tmp/none" $oaep rsa_oaep_md:sha256
	decrypts rd "enc=oaep hash=sha256" "$tmp/none"
}
claim "what OpenSSL encrypts with PKCS #1, OAEP of every hash, or bare, decrypts" decryption

# What the kernel encrypts, the TPM decrypts, and is no longer than it may be.
round_trip()
{
	local info most

	while read -r info most; do
		info=${info/,/ }
		head -c "$most" /dev/urandom > "$tmp/text"
		pkop encrypt "$(pair rd)" "$info" "$tmp/text" "$tmp/ct" > /dev/null
		decrypts rd "$info" "$tmp/text"
		head -c $((most + 1)) /dev/urandom > "$tmp/text"
		refuses_pkey EINVAL encrypt "$(pair rd)" "$info" "$tmp/text" -
	done <<-LIST
		enc=pkcs1 245
		enc=oaep,hash=sha1 214
		enc=oaep,hash=sha256 190
		enc=oaep,hash=sha512 126
	LIST
}
claim "what the kernel encrypts decrypts; one byte more is EINVAL" round_trip

# The same on every kernel, whose RSA differ: of these only the last hides.
bare_numbers()
{
	local key modulus n name value

	key=$(pair rd)
	modulus=$(openssl rsa -pubin -in "$work/rd.pem" -noout -modulus)
	n=${modulus#*=}
	while read -r name value; do
		xxd -r -p <<< "$value" > "$tmp/text"
		if [ "$name" = hides ]; then
			pkop encrypt "$key" enc=raw "$tmp/text" "$tmp/ct" > /dev/null
			decrypts rd enc=raw <(printf '%0512x' 2 | xxd -r -p)
		else
			refuses_pkey EINVAL encrypt "$key" enc=raw "$tmp/text" -
		fi
	done <<-LIST
	zero 00
	one 01
	modulus $n
	less-one $(printf '%s%02x' "${n%??}" $((0x${n: -2} - 1)))
	too-many-bits $(tr '\0' f < /dev/zero | head -c 512)
	hides 02
	LIST
}
claim "a bare number that no key hides, or that is none below the modulus: EINVAL" bare_numbers

damaged()
{
	local key

	printf 'a short text' > "$tmp/text"
	key=$(pair rd)
	encrypted rd "$tmp/text" $oaep rsa_oaep_md:sha256
	pkop flips decrypt "$key" "enc=oaep hash=sha256" "$tmp/ct" - 509 EBADMSG
	expect_errno EBADMSG pkop decrypt "$key" "enc=oaep hash=sha1" "$tmp/ct" -
	expect_errno EBADMSG pkop decrypt "$key" "enc=pkcs1" "$tmp/ct" -
	expect_errno EBADMSG pkop decrypt "$(pair flatd)" "enc=oaep hash=sha256" "$tmp/ct" -
	head -c 255 "$tmp/ct" > "$tmp/short"
	refuses_pkey EINVAL decrypt "$key" "enc=oaep hash=sha256" "$tmp/short" -
	refuses_pkey EINVAL decrypt "$key" "enc=oaep" "$tmp/ct" -
	refuses_pkey EINVAL decrypt "$key" "enc=ecdh" "$tmp/ct" -
	# Not below the modulus.
	tr '\0' '\377' < /dev/zero | head -c 256 > "$tmp/most"
	expect_errno EBADMSG pkop decrypt "$key" "enc=oaep hash=sha256" "$tmp/most" -
}
claim "a ciphertext that is damaged or another's: EBADMSG, and nothing is written" damaged

# NAME CURVE
agrees()
{
	local key point

	key=$(pair "$1")
	openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:$2" -out "$tmp/eph.pem"
	point=$((1 + 2 * ${2#P-} / 8))
	openssl pkey -in "$tmp/eph.pem" -pubout -outform DER | tail -c $point > "$tmp/point"
	openssl pkeyutl -derive -inkey "$tmp/eph.pem" -peerkey "$work/$1.pem" -out "$tmp/theirs"
	pkop decrypt "$key" enc=ecdh "$tmp/point" "$tmp/ours" > /dev/null
	cmp "$tmp/ours" "$tmp/theirs"
	keyctl pkey_decrypt "$key" 0 "$tmp/point" enc=ecdh > "$tmp/ours"
	cmp "$tmp/ours" "$tmp/theirs"
	# Off the curve.
	{ head -c $((point - 1)) "$tmp/point"; printf '\1'; } > "$tmp/off"
	! cmp -s "$tmp/off" "$tmp/point" ||
		{ head -c $((point - 1)) "$tmp/point"; printf '\2'; } > "$tmp/off"
	expect_errno EBADMSG pkop decrypt "$key" enc=ecdh "$tmp/off" -
	head -c $((point - 1)) "$tmp/point" > "$tmp/short"
	refuses_pkey EINVAL decrypt "$key" enc=ecdh "$tmp/short" -
	{ printf '\2'; tail -c +2 "$tmp/point"; } > "$tmp/other"
	refuses_pkey EINVAL decrypt "$key" enc=ecdh "$tmp/other" -
	refuses_pkey EINVAL decrypt "$key" "enc=oaep hash=sha256" "$tmp/point" -
}

agreement()
{
	agrees ed P-256
	agrees eD P-384
}
claim "ECDH gives what OpenSSL's derive gives; a point off the curve: EBADMSG" agreement

run_claims
