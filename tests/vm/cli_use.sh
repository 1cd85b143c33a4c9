#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# tkm sign, verify, encrypt and decrypt: what OpenSSL says of the one, what happens
# to a file of which a byte, a piece or the end is not what it was, and keys of
# other tools.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tk.bash"

srk=0x81000001

# ---- sign and verify ----

sign_wrong()
{
	tk new web:ec ec > /dev/null
	tk new web:data > /dev/null
	echo letter > "$tmp/letter"
	wrong sign web:ec --hash md5
	wrong sign web:ec --enc x963
	wrong sign web:ec --enc spki
	wrong sign web:ec --digest "$tmp/letter"
	wrong sign web:data "$tmp/letter"
	wrong verify web:ec
	wrong verify web:ec - -
	errs 1 EINVAL sign web:ec --enc pss "$tmp/letter"
	errs 1 ENOENT sign web:ec "$tmp/none"
	errs 1 EISDIR sign web:ec /
	errs 1 ENOENT verify web:ec "$tmp/none" "$tmp/letter"
	errs 1 ENOKEY sign web:none "$tmp/letter"
	errs 5 EEXIST sign web:ec "$tmp/letter" -o "$tmp/letter"
	check "$(cat "$tmp/letter")" = letter
	tk new web:decrypt ec use=decrypt > /dev/null
	errs 3 EPERM sign web:decrypt "$tmp/letter"
	tk new web:later ec not-before=2999-01-01 > /dev/null
	errs 3 EPERM sign web:later "$tmp/letter"
}
claim "sign, verify: what is refused" sign_wrong

# signs KEY HASH [OPTION...]: a file's signature, as OpenSSL has it with "-sigopt"
signs()
{
	local key=$1 hash=$2 sigopt=()

	shift 2
	[[ $* != *pss* ]] || sigopt=(-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:-2)
	tk sign "$key" --hash "$hash" "$@" -o "$tmp/sig" -f "$tmp/letter"
	openssl dgst "-$hash" -verify "$tmp/pub" "${sigopt[@]}" \
		-signature "$tmp/sig" "$tmp/letter" > "$tmp/openssl"
	tk verify "$key" --hash "$hash" "$@" "$tmp/sig" "$tmp/letter"
	openssl dgst "-$hash" -binary "$tmp/letter" > "$tmp/digest"
	tk verify "$key" --hash "$hash" "$@" --digest "$tmp/sig" "$tmp/digest"
	tk sign "$key" --hash "$hash" "$@" --digest < "$tmp/digest" > "$tmp/sig2"
	tk verify "$key" --hash "$hash" "$@" "$tmp/sig2" < "$tmp/letter"
	# Another file, another signature.
	ends 1 tkm verify "$key" --hash "$hash" "$@" "$tmp/sig" "$tmp/other"
	says "(EKEYREJECTED)"
	tail -c +2 "$tmp/sig" > "$tmp/cut"
	ends 1 tkm verify "$key" --hash "$hash" "$@" "$tmp/cut" "$tmp/letter"
}

sign_right()
{
	head -c 200000 /dev/urandom > "$tmp/letter"
	echo other > "$tmp/other"
	tk new web:ec ec > /dev/null
	tk export web:ec --public "$tmp/pub"
	contains "$(openssl pkey -pubin -in "$tmp/pub" -noout -text)" "NIST CURVE: P-256"
	signs web:ec sha256
	signs web:ec sha512
	check "$(tk verify web:ec --json "$tmp/sig" --hash sha512 "$tmp/letter" | jq .valid)" = true
	ends 1 tkm verify web:ec --json "$tmp/sig" "$tmp/letter"
	check "$(jq .valid "$tmp/out")" = false
	tk sign web:ec --json "$tmp/letter" | jq -r .signature | xxd -r -p > "$tmp/sig"
	tk verify web:ec "$tmp/sig" "$tmp/letter"
	tk new web:rsa rsa > /dev/null
	tk export -f web:rsa --public "$tmp/pub"
	signs web:rsa sha256
	signs web:rsa sha384 --enc pss
	: > "$tmp/letter"
	signs web:rsa sha256
}
claim "what is signed is right for OpenSSL, and nothing else is" sign_right

# ---- encrypt and decrypt ----

crypt_wrong()
{
	echo clear > "$tmp/clear"
	tk new box:key use=crypt > /dev/null
	tk new box:ec ec use=decrypt > /dev/null
	tk new box:publish > /dev/null
	wrong encrypt box:key --aad 123
	wrong encrypt box:key --aad xy
	wrong encrypt box:key --enc oaep "$tmp/clear"
	wrong encrypt box:ec --enc gcm "$tmp/clear"
	wrong encrypt box:key --hash sha1 "$tmp/clear"
	errs 3 EPERM encrypt box:publish -o "$tmp/none" "$tmp/clear"
	errs 1 ENOENT encrypt box:key "$tmp/nothing" -o "$tmp/none"
	errs 5 EEXIST encrypt box:key "$tmp/clear" -o "$tmp/clear"
	errs 1 EBADMSG decrypt box:key "$tmp/clear" -o "$tmp/none"
	errs 1 EISDIR decrypt box:key / -o "$tmp/none"
	[ ! -e "$tmp/none" ]
	check "$(find "$tmp" -name 'none*')" = ""
	head -c 65495 /dev/zero > "$tmp/zero"
	errs 1 EINVAL encrypt box:key --enc gcm "$tmp/zero" -o "$tmp/none"
	tk new box:rsa rsa use=decrypt > /dev/null
	errs 1 EINVAL encrypt box:rsa "$tmp/zero" -o "$tmp/none"
}
claim "encrypt, decrypt: what is refused" crypt_wrong

# SIZE: there and back, through a file and through pipes
both_ways()
{
	head -c "$1" /dev/urandom > "$tmp/clear"
	tk encrypt box:key "$tmp/clear" -f -o "$tmp/box"
	check "$(stat -c %s "$tmp/box")" = \
		$((32 + $1 + 41 * (($1 + 61439) / 61440 + ($1 == 0))))
	tk decrypt box:key "$tmp/box" -f -o "$tmp/open"
	cmp "$tmp/clear" "$tmp/open"
	check "$(stat -c %a "$tmp/open")" = 600
	tk encrypt box:key --aad 0aFF < "$tmp/clear" > "$tmp/box2"
	tk decrypt box:key --aad 0aff < "$tmp/box2" | cmp - "$tmp/clear"
	ends 1 tkm decrypt box:key "$tmp/box2" -o "$tmp/none"
	says "(EBADMSG)"
	ends 1 tkm decrypt box:key --aad 0afe "$tmp/box2" -o "$tmp/none"
}

crypt_sizes()
{
	local size

	tk new box:key use=crypt > /dev/null
	for size in 0 1 61440 61441 300000; do
		both_ways $size
	done
	[ ! -e "$tmp/none" ]
}
claim "a file of any size is encrypted and decrypted" crypt_sizes

# spoiled WHAT: $tmp/bad is refused, and leaves nothing
spoiled()
{
	ends 1 tkm decrypt box:key "$tmp/bad" -o "$tmp/none"
	says "(EBADMSG)" || fail "$1"
	[ ! -e "$tmp/none" ] || fail "$1 leaves a file"
}

# piece N of FILE, whole messages
piece()
{
	tail -c +$((33 + $1 * 61481)) "$2" | head -c 61481
}

crypt_spoiled()
{
	local at

	tk new box:key use=crypt > /dev/null
	head -c 150000 /dev/urandom > "$tmp/clear"
	tk encrypt box:key "$tmp/clear" -o "$tmp/box"
	tk encrypt box:key "$tmp/clear" -o "$tmp/other"
	# A bit of the header, of each piece, of the end.
	for at in 0 11 13 20 31 32 40 61512 61513 130000 150150; do
		xxd -p -c 1 -s $at -l 1 "$tmp/box" > "$tmp/byte"
		cp "$tmp/box" "$tmp/bad"
		printf '%02x' $((0x$(cat "$tmp/byte") ^ 1)) | xxd -r -p |
			dd of="$tmp/bad" bs=1 seek=$at conv=notrunc status=none
		if [ $at = 11 ]; then
			errs 4 EOPNOTSUPP decrypt box:key "$tmp/bad" -o "$tmp/none"
			continue
		fi
		spoiled "bit of byte $at"
	done
	# Cut: in the header, between pieces, in a piece, by a byte.
	for at in 0 31 32 61513 70000 122994 $((150000 + 32 + 123 - 1)); do
		head -c $at "$tmp/box" > "$tmp/bad"
		spoiled "cut at $at"
	done
	{ cat "$tmp/box"; echo; } > "$tmp/bad"
	spoiled "a byte more"
	{ head -c 32 "$tmp/box"; piece 1 "$tmp/box"; piece 0 "$tmp/box"; piece 2 "$tmp/box"; } > "$tmp/bad"
	check "$(stat -c %s "$tmp/bad")" = "$(stat -c %s "$tmp/box")"
	spoiled "in another order"
	{ head -c 32 "$tmp/box"; piece 0 "$tmp/box"; piece 2 "$tmp/box"; } > "$tmp/bad"
	spoiled "one left out"
	{ head -c 32 "$tmp/box"; piece 0 "$tmp/box"; piece 0 "$tmp/box"; piece 1 "$tmp/box"; piece 2 "$tmp/box"; } > "$tmp/bad"
	spoiled "one twice"
	{ head -c 32 "$tmp/box"; piece 0 "$tmp/other"; piece 1 "$tmp/box"; piece 2 "$tmp/box"; } > "$tmp/bad"
	spoiled "one of another file"
	{ head -c 32 "$tmp/other"; tail -c +33 "$tmp/box"; } > "$tmp/bad"
	spoiled "another file's header"
	# Another key.
	tk new box:two use=crypt > /dev/null
	errs 1 EBADMSG decrypt box:two "$tmp/box" -o "$tmp/none"
	tk decrypt box:key "$tmp/box" | cmp - "$tmp/clear"
}
claim "a file that was changed, cut, moved around or mixed is refused" crypt_spoiled

interrupted()
{
	local signal pid

	tk new box:key use=crypt > /dev/null
	mkfifo "$tmp/pipe"
	for signal in INT TERM HUP; do
		# Not from the shell: what it starts behind its back ignores INT.
		python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' tkm encrypt box:key "$tmp/pipe" -o "$tmp/box" &
		pid=$!
		exec 7> "$tmp/pipe"
		head -c 100000 /dev/zero >&7
		poll 20 eval 'compgen -G "$tmp/box.*" > /dev/null'
		kill -$signal $pid
		if wait $pid; then
			fail "it ends well"
		fi
		exec 7>&-
		check "$(find "$tmp" -name 'box*')" = ""
	done
}
claim "a signal leaves no half of a file" interrupted

# A bare message, which keyctl knows; and one piece of a file by its words.
crypt_keyctl()
{
	local key aad

	key=$(tk new box:key use=crypt)
	echo clear > "$tmp/clear"
	tk encrypt box:key --enc gcm --aad 0102 "$tmp/clear" > "$tmp/message"
	keyctl pkey_decrypt "$key" 0 "$tmp/message" 'enc=gcm;aad=0102' | cmp - "$tmp/clear"
	keyctl pkey_encrypt "$key" 0 "$tmp/clear" enc=gcm > "$tmp/message"
	tk decrypt box:key --enc gcm "$tmp/message" | cmp - "$tmp/clear"
	tk encrypt box:key "$tmp/clear" > "$tmp/box"
	aad=$(printf 'tkm file piece v1' | xxd -p)$(head -c 32 "$tmp/box" | xxd -p | tr -d '\n')000000000000000001
	tail -c +33 "$tmp/box" > "$tmp/message"
	keyctl pkey_decrypt "$key" 0 "$tmp/message" "enc=gcm;aad=$aad" | cmp - "$tmp/clear"
}
claim "the format is as documented: keyctl opens a piece" crypt_keyctl

crypt_rsa()
{
	tk new box:rsa rsa use=decrypt > /dev/null
	tk export box:rsa --public "$tmp/pub"
	echo "a short message" > "$tmp/clear"
	tk encrypt box:rsa "$tmp/clear" > "$tmp/box"
	tk decrypt box:rsa "$tmp/box" | cmp - "$tmp/clear"
	openssl pkeyutl -encrypt -pubin -inkey "$tmp/pub" -in "$tmp/clear" \
		-pkeyopt rsa_padding_mode:oaep -out "$tmp/box"
	tk decrypt box:rsa --hash sha1 "$tmp/box" | cmp - "$tmp/clear"
	errs 1 EBADMSG decrypt box:rsa "$tmp/box"
	tk decrypt box:rsa --hash sha1 --json -o "$tmp/opened" "$tmp/box" | jq . > /dev/null
	cmp "$tmp/opened" "$tmp/clear"
}
claim "an RSA key decrypts what OpenSSL encrypts" crypt_rsa

# ---- other tools ----

provider()
{
	TPM2OPENSSL_TCTI=$TPM2TOOLS_TCTI openssl "$1" -provider tpm2 \
		-provider default -propquery '?provider=tpm2' "${@:2}"
}

provider_key()
{
	echo letter > "$tmp/letter"
	provider genpkey -algorithm EC -pkeyopt group:P-256 \
		-pkeyopt parent:$srk -out "$tmp/key.pem" > "$tmp/log" 2>&1 ||
		fail "$(cat "$tmp/log")"
	contains "$(head -n 1 "$tmp/key.pem")" "TSS2 PRIVATE KEY"
	wrong import "$tmp/key.pem"
	tk import "$tmp/key.pem" web:theirs > /dev/null
	check "$(field web:theirs parent)" = srk
	tk sign web:theirs "$tmp/letter" -o "$tmp/sig"
	provider pkey -in "$tmp/key.pem" -pubout -out "$tmp/pub"
	openssl dgst -sha256 -verify "$tmp/pub" -signature "$tmp/sig" "$tmp/letter"
	cmp "$tmp/pub" <(tk export web:theirs --public)
}
claim "a key of tpm2-openssl is imported, and signs" provider_key

encoded_key()
{
	echo letter > "$tmp/letter"
	tpm2_create -C $srk -G ecc256 -u "$tmp/t.pub" -r "$tmp/t.priv" > /dev/null
	tpm2_encodeobject -C $srk -u "$tmp/t.pub" -r "$tmp/t.priv" -o "$tmp/t.pem"
	chmod 600 "$tmp/t.pem"
	tk import "$tmp/t.pem" web:encoded > /dev/null
	tk sign web:encoded "$tmp/letter" -o "$tmp/sig"
	tk verify web:encoded "$tmp/sig" "$tmp/letter"
	tk export web:encoded --public > "$tmp/pub"
	openssl dgst -sha256 -verify "$tmp/pub" -signature "$tmp/sig" "$tmp/letter"
}
claim "a key that tpm2_encodeobject wrote is imported, and signs" encoded_key

exported_key()
{
	local kind

	echo letter > "$tmp/letter"
	for kind in ec rsa; do
		tk new web:$kind $kind parent=srk > /dev/null
		tk export web:$kind "$tmp/$kind.pem"
		provider dgst -sha256 -sign "$tmp/$kind.pem" -out "$tmp/sig" "$tmp/letter"
		tk verify web:$kind "$tmp/sig" "$tmp/letter"
	done
}
claim "an exported flat key signs in OpenSSL's provider" exported_key

run_claims
