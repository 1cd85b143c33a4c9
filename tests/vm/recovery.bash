# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Recovery keys by OpenSSL, and how one comes into a TPM (TPM 2.0 Part 1, "Protected
# Storage", annex C.6.3), for whoever has approval.bash, $work, $tmp and hex:
#
#   recovery_key NAME          its private half in $work/NAME.pem; its public area in
#                              $work/NAME.area, as TPM2B_PUBLIC in $work/NAME.tpm2b
#   recovery_wrap NAME AREA    it, on its way to the TPM whose storage key has that
#                              TPMT_PUBLIC (ECC P-256), to stdout

recovery_point()
{
	openssl ec -in "$1" -pubout -outform DER 2> /dev/null | tail -c 64 | xxd -p -c 0
}

recovery_key()
{
	local point

	[ -e "$work/$1.pem" ] ||
		openssl ecparam -name prime256v1 -genkey -noout -out "$work/$1.pem"
	point=$(recovery_point "$work/$1.pem")
	printf '0023000b0003044000000006008000430010000300100020%s0020%s' \
		"${point:0:64}" "${point:64}" | bytes > "$work/$1.area"
	hex "$work/$1.area" | tpm2b | bytes > "$work/$1.tpm2b"
}

recovery_hmac()
{
	bytes <<< "$2" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$1" -binary | xxd -p -c 0
}

# A cipher's key, or an HMAC's, of a seed: KDFa of 128 or 256 bits.
recovery_derive()
{
	recovery_hmac "$1" "00000001$(printf %s "$2" | xxd -p)00${4-}$(printf %08x "$3")" |
		cut -c "-$(($3 / 4))"
}

recovery_cfb()
{
	bytes <<< "$2" | openssl enc -aes-128-cfb -K "$1" -iv "${zeros:0:32}" | xxd -p -c 0
}

recovery_wrap()
{
	local area name own x to seed sensitive inner wrapped secret to_pem=$tmp/to.spki own_pem=$tmp/own.pem

	area=$(hex "$2")
	to=${area: -136}
	printf '3059301306072a8648ce3d020106082a8648ce3d03010703420004%s%s' \
		"${to:4:64}" "${to:72:64}" | bytes > "$to_pem"
	openssl ecparam -name prime256v1 -genkey -noout -out "$own_pem"
	own=$(recovery_point "$own_pem")
	x=${own:0:64}
	# KDFe
	seed=$(sha256_hex 00000001 "$(openssl pkeyutl -derive -inkey "$own_pem" -peerform DER \
		-peerkey "$to_pem" | xxd -p -c 0)" "$(printf 'DUPLICATE\0' | xxd -p)" "$x" "${to:4:64}")
	area=$(hex "$work/$1.area")
	name=000b$(sha256_hex "$area")
	# TPM2B_SENSITIVE: no authValue, a seed for what would lie beneath, the number.
	sensitive=0023$(tpm2b < /dev/null)$(openssl rand -hex 32 | tr -d '\n' | tpm2b)$(
		openssl asn1parse -in "$work/$1.pem" | sed -n 's/.*\[HEX DUMP\]://p' |
			head -n 1 | tr -d '\n' | tpm2b)
	sensitive=$(printf %s "$sensitive" | tpm2b)
	inner=$(openssl rand -hex 16)
	wrapped=$(recovery_cfb "$inner" "0020$(sha256_hex "$sensitive" "$name")$sensitive")
	wrapped=$(recovery_cfb "$(recovery_derive "$seed" STORAGE 128 "$name")" "$wrapped")
	wrapped=0020$(recovery_hmac "$(recovery_derive "$seed" INTEGRITY 256)" "$wrapped$name")$wrapped
	secret=$(printf %s "$x" | tpm2b)$(printf %s "${own:64}" | tpm2b)
	printf '%s%s%s%s' "$(printf %s "$area" | tpm2b)" "$(printf %s "$wrapped" | tpm2b)" \
		"$(printf %s "$secret" | tpm2b)" "$inner" | bytes
}
