#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Messages of data keys with use=crypt, against xaes.c, which is OpenSSL and what
# the documentation says.
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"

reveal=reveal=every-possessor-can-read-it

# The bytes that a key holds, in hex: published where they can be read.
payload_of()
{
	keyop update "$1" "publish user:cipher:known keyring=@s $reveal ${2-}" > /dev/null
	keyctl pipe "$(keyctl search @s user cipher:known)" | xxd -p | tr -d '\n'
}

crypt_key()
{
	new_key "${1:-cipher:key}" "use=publish,crypt ${2-}"
}

encrypt()
{
	pkop encrypt "$1" "enc=gcm${2+;aad=$2}" "$tmp/clear" "$tmp/message"
}

decrypt()
{
	pkop decrypt "$1" "enc=gcm${2+;aad=$2}" "$tmp/message" "$tmp/opened"
}

random()
{
	head -c "$1" /dev/urandom > "$tmp/clear"
}

# KEY PAYLOAD [AAD]: $tmp/clear, both ways
both_ways()
{
	encrypt "$1" ${3+"$3"} > /dev/null
	check "$(stat -c %s "$tmp/message")" = $(($(stat -c %s "$tmp/clear") + 41))
	xaes open "${@:2}" < "$tmp/message" > "$tmp/opened" || fail "OpenSSL does not open it"
	cmp "$tmp/opened" "$tmp/clear"
	xaes seal "${@:2}" < "$tmp/clear" > "$tmp/message"
	: > "$tmp/opened"
	decrypt "$1" ${3+"$3"} > /dev/null
	cmp "$tmp/opened" "$tmp/clear"
}

known_answers()
{
	local key payload size

	key=$(crypt_key)
	payload=$(payload_of "$key")
	check ${#payload} = 64
	for size in 0 1 15 16 17 1000 4096 65494; do
		random $size
		both_ways "$key" "$payload"
		both_ways "$key" "$payload" "$(head -c 20 /dev/urandom | xxd -p)"
	done
	# As much associated data as keyctl's words have room for.
	random 100
	both_ways "$key" "$payload" "$(head -c 1900 /dev/urandom | xxd -p | tr -d '\n')"
	both_ways "$key" "$payload" 00
}
claim "OpenSSL opens what the kernel makes, and the other way round, at every size" known_answers

lengths()
{
	local key payload size

	for size in 16 31 33 128; do
		key=$(crypt_key cipher:k$size "len=$size")
		payload=$(payload_of "$key")
		check ${#payload} = $((2 * size))
		random 50
		both_ways "$key" "$payload"
	done
	key=$(new_key cipher:flat "parent=srk")
	both_ways "$key" "$(payload_of "$key")" 0102
}
claim "... with keys of every length, and flat ones" lengths

too_long()
{
	local key

	key=$(crypt_key)
	random 65495
	expect_errno EINVAL encrypt "$key"
	# What the kernel never made, but has the right size.
	head -c 65535 /dev/urandom > "$tmp/message"
	expect_errno EBADMSG decrypt "$key"
	head -c 65536 /dev/urandom > "$tmp/message"
	expect_errno EINVAL decrypt "$key"
}
claim "one byte more than 65,494 is EINVAL" too_long

as_a_person()
{
	local key

	key=$(crypt_key)
	random 3000
	keyctl pkey_encrypt "$key" 0 "$tmp/clear" "enc=gcm;aad=0a0b" > "$tmp/message"
	keyctl pkey_decrypt "$key" 0 "$tmp/message" "enc=gcm;aad=0a0b" > "$tmp/opened"
	cmp "$tmp/opened" "$tmp/clear"
	contains "$(keyctl pkey_query "$key" 0 enc=gcm)" "max_enc_size=65535"
	check "$(pkop query "$key" enc=gcm)" = \
		"bits=256 data=0 sig=0 enc=65535 dec=65535 ops=encrypt+decrypt"
	# The chain that is loaded again opens what the key made.
	keyctl pipe "$key" > "$tmp/chain"
	keyctl unlink "$key" @s
	key=$(load_key cipher:key "$tmp/chain")
	decrypt "$key" 0a0b > /dev/null
	cmp "$tmp/opened" "$tmp/clear"
	check "$(commands_of encrypt "$key")" = ""
	check "$(commands_of decrypt "$key")" = ""
}
claim "keyctl(1) works, a chain that is loaded again opens, and no TPM command is sent" as_a_person

damaged()
{
	local key other

	key=$(crypt_key)
	other=$(crypt_key cipher:other)
	random 7
	encrypt "$key" aa55 > /dev/null
	# pkop looks at the caller's buffer each time.
	pkop flips decrypt "$key" "enc=gcm;aad=aa55" "$tmp/message" - 1 EBADMSG
	pkop cuts "$key" "enc=gcm;aad=aa55" "$tmp/message" EBADMSG
	printf '\0' >> "$tmp/message"
	expect_errno EBADMSG decrypt "$key" aa55
	truncate -s -1 "$tmp/message"
	decrypt "$key" aa55 > /dev/null
	for aad in aa54 aa5500 aa 0aa5; do
		expect_errno EBADMSG decrypt "$key" $aad
	done
	expect_errno EBADMSG decrypt "$key"
	expect_errno EBADMSG decrypt "$other" aa55
	# Every version but this one.
	cp "$tmp/message" "$tmp/right"
	for version in 00 02 03 80 ff; do
		{ xxd -r -p <<< $version; tail -c +2 "$tmp/right"; } > "$tmp/message"
		expect_errno EBADMSG decrypt "$key" aa55
	done
	# Nothing at all.
	: > "$tmp/message"
	expect_errno EBADMSG decrypt "$key"
}
claim "any bit, any length, other data, another key or version: EBADMSG, nothing written" damaged

words()
{
	local key info

	key=$(crypt_key)
	random 10
	for info in "" "enc=raw" "enc=pkcs1" "enc=oaep hash=sha256" "enc=spki" \
		"enc=gcm hash=sha256" "enc=gcm;aad=" "enc=gcm;aad=0" "enc=gcm;aad=0g" \
		"enc=gcm;iv=00" "enc=gcm;" "enc=gcm;aad=00;aad=00" "enc=aes"; do
		expect_errno EINVAL pkop encrypt "$key" "$info" "$tmp/clear" -
	done
	expect_errno EINVAL pkop sign "$key" "enc=pkcs1 hash=sha256" "$tmp/clear" -
	expect_errno EPERM encrypt "$(new_key cipher:published use=publish)"
	refuses_early EPERM update "$(new_key cipher:crypt use=crypt)" \
		"publish logon:a:b keyring=@s"
	key=$(new_key cipher:later "use=crypt not-before=2099-01-01")
	expect_errno EPERM encrypt "$key"
}
claim "words that are not for a cipher: EINVAL; a use that the key has not: EPERM" words

nonces()
{
	check "$(pkop nonces 1000 "$(crypt_key)")" = 0
}
claim "a thousand messages of one text have nothing in common" nonces

# opens_with PAYLOAD: OpenSSL opens $tmp/message; TKM_XAES_KEY=bare with it as key
opens_with()
{
	xaes open "$1" < "$tmp/message" > "$tmp/opened" && cmp "$tmp/opened" "$tmp/clear"
}

opens_with_key()
{
	TKM_XAES_KEY=bare opens_with "$1"
}

opens_not_with()
{
	if opens_with "$1" || { [ ${#1} = 64 ] && opens_with_key "$1"; }; then
		fail "it opens"
	fi
}

# With the key that the cipher would have if it were what is published.
apart()
{
	local key payload label

	key=$(crypt_key)
	payload=$(payload_of "$key")
	random 20
	encrypt "$key" > /dev/null
	opens_with "$payload"
	if opens_with_key "$payload"; then
		fail "the payload itself is the key"
	fi
	for label in crypt tkm v1 crypt-v1 tkm-crypt-v1; do
		opens_not_with "$(payload_of "$key" "derive=$label len=32")"
	done
	# It would be seen.
	TKM_XAES_KEY=bare xaes seal "$payload" < "$tmp/clear" > "$tmp/message"
	opens_with_key "$payload"
	expect_errno EBADMSG decrypt "$key"
}
claim "neither the key nor anything published of it is the cipher's key" apart

bound()
{
	local few key i

	few=${TKM_TESTS:-$top/build/tests}/tkm-few-$(uname -r).ko
	[ -e "$few" ] || fail "$few is not built: make -C tests/vm KERNELS=..."
	keyctl clear @s
	module_unload
	insmod "$few"
	trace_start
	key=$(crypt_key)
	random 10
	for i in 1 2 3; do
		encrypt "$key" > /dev/null
	done
	cp "$tmp/message" "$tmp/third"
	for i in 1 2; do
		expect_errno EKEYREJECTED encrypt "$key"
	done
	# Reading goes on; another key has a count of its own.
	cp "$tmp/third" "$tmp/message"
	decrypt "$key" > /dev/null
	encrypt "$(crypt_key cipher:other)" > /dev/null
	# What fails does not count, and loading again begins anew.
	keyctl pipe "$key" > "$tmp/chain"
	keyctl unlink "$key" @s
	key=$(load_key cipher:key "$tmp/chain")
	expect_errno EINVAL pkop encrypt "$key" enc=raw "$tmp/clear" -
	for i in 1 2 3; do
		encrypt "$key" > /dev/null
	done
	expect_errno EKEYREJECTED encrypt "$key"
	keyctl clear @s
	module_reload
}
claim "the bound on messages holds: EKEYREJECTED, until the key is loaded again" bound

run_claims
