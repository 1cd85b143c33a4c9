# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Policy keys and what they approve, made with OpenSSL and tpm2-tools, for whoever has
# $work for what stays, $tmp, hex FILE and fail.

bytes()
{
	xxd -r -p
}

# A TPM2B around what comes, as hex.
tpm2b()
{
	local hex

	read -r -d '' hex || :
	printf '%04x%s' $((${#hex} / 2)) "$hex"
}

# A P-256 key of that name, its private half in $work/NAME.pem and its public
# area, which signs, in $work/NAME.pub: for all claims. With another word: p384
# or a number of bits.
authority()
{
	local name=$1 sort=${2-p256} point curve=0003

	[ ! -e "$work/$name.pub" ] || return 0
	case $sort in
	p256 | p384)
		[ "$sort" = p256 ] || curve=0004
		openssl ecparam -name "$([ "$sort" = p256 ] && echo prime256v1 ||
			echo secp384r1)" -genkey -noout -out "$work/$name.pem"
		point=$(openssl ec -in "$work/$name.pem" -pubout -outform DER 2> /dev/null |
			tail -c $((curve == 3 ? 64 : 96)) | xxd -p | tr -d '\n')
		echo "0023 000b 00040040 0000 0010 0010 $curve 0010
			$(printf %s "${point:0:${#point}/2}" | tpm2b)
			$(printf %s "${point:${#point}/2}" | tpm2b)" |
			tr -d '\t' | bytes > "$work/$name.pub"
		;;
	*)
		openssl genrsa -out "$work/$name.pem" "$sort" 2> /dev/null
		echo "0001 000b 00040040 0000 0010 0010 $(printf %04x "$sort") 00000000
			$(openssl rsa -in "$work/$name.pem" -noout -modulus |
				sed 's/Modulus=//' | tpm2b)" |
			tr -d '\t' | bytes > "$work/$name.pub"
		;;
	esac
}

policy_ref()
{
	local hash

	read -r hash _ < <(printf 'tkm policy v1\0%s' "$1" | sha256sum)
	echo "$hash"
}

# From a message on stdin: TPMT_SIGNATURE as hex.
signature()
{
	local key=$1 der len number

	der=$(openssl dgst -sha256 -sign "$work/$key.pem" | xxd -p -c 0)
	if [[ $(< "$work/$key.pem") != *"BEGIN EC PRIVATE KEY"* ]]; then
		printf '0014000b%04x%s' $((${#der} / 2)) "$der"
		return
	fi
	printf '0018000b'
	# A sequence of two integers, below 128 bytes.
	der=${der:4}
	while [ -n "$der" ]; do
		len=$((2 * 0x${der:2:2}))
		number=${der:4:len} der=${der:4 + len}
		number=${number#00}
		printf '%04x%s' $((${#number} / 2)) "$number"
	done
}

# A sequence of elements NAME..., then the sections with them: elements CC HEX ...
elements()
{
	local n=0 list='' sections='' format

	while [ $# -gt 0 ]; do
		n=$((n + 1)) format=HEX
		# It takes no hex of no bytes.
		[ -n "$2" ] || format=ASCII
		list+="e$n=SEQUENCE:e${n}_fields"$'\n'
		sections+="[e${n}_fields]"$'\n'"a=EXPLICIT:0,INTEGER:$1"$'\n'
		sections+="b=EXPLICIT:1,FORMAT:$format,OCTETSTRING:$2"$'\n'
		shift 2
	done
	printf '%s%s' "$list" "$sections"
}

# auth_policy FILE TEXT CC HEX ...: a TPMAuthPolicy; no text without TEXT
auth_policy()
{
	local file=$1 text=$2

	shift 2
	{
		printf 'asn1=SEQUENCE:all\n[all]\n'
		[ -z "$text" ] || printf 'name=EXPLICIT:0,UTF8String:%s\n' "$text"
		printf 'policy=EXPLICIT:1,SEQUENCE:list\n[list]\n'
		elements "$@"
	} > "$tmp/genconf"
	openssl asn1parse -genconf "$tmp/genconf" -noout -out "$file"
}

# The body of a PolicyAuthorize: authorize KEY POLICY [SIGNATURE]
authorize()
{
	local pub

	pub=$(xxd -p -c 0 "$work/$1.pub")
	printf '%04x%s0020%s%s' $((${#pub} / 2)) "$pub" "$(policy_ref "$2")" "${3-0010}"
}

pcr_selection()
{
	local bank=$1 mask=$2

	printf '00000001%04x03%02x%02x%02x' "$bank" $((mask & 255)) \
		$((mask >> 8 & 255)) $((mask >> 16 & 255))
}

# Of SHA-256 registers as they are now: pcr_body NUMBER...
pcr_body()
{
	local mask=0 number list hash

	for number; do
		mask=$((mask | 1 << number))
	done
	list=$(printf '%s,' "$@")
	tpm2_pcrread "sha256:${list%,}" -o "$tmp/values" > /dev/null
	read -r hash _ < <(sha256sum < "$tmp/values")
	printf '0020%s' "$hash"
	pcr_selection 11 $mask
}

# The counter of epochs, made anew unless it is there.
counter=0x01800b7d

counter_there()
{
	# tpm2_nvreadpublic crashes where there is none.
	tpm2_getcap handles-nv-index | grep -qi 0x1800b7d &&
		tpm2_nvreadpublic $counter > "$tmp/counter"
}

counter_new()
{
	! counter_there || tpm2_nvundefine -Q $counter -C o
	tpm2_nvdefine -Q $counter -C o "$@" -a "nt=counter|authread|ownerwrite"
	tpm2_nvincrement -Q $counter -C o
}

counter_gone()
{
	! counter_there || tpm2_nvundefine -Q $counter -C o
}

# The number in it, into a file.
epoch_now()
{
	tpm2_nvread -Q $counter -C $counter -s 8 -o "$1"
	[ "$(stat -c %s "$1")" = 8 ] || fail "no epoch"
}

epoch_body()
{
	counter_there || fail "no counter"
	printf '%08x%s%s00000000' $counter \
		"$(sed -n 's/.*name: *//p' "$tmp/counter" | tpm2b)" \
		"$(hex "$1" | tpm2b)"
}

sha256_hex()
{
	local hash

	read -r hash _ < <(printf %s "$@" | xxd -r -p | sha256sum)
	echo "$hash"
}

zeros=$(printf '0%.0s' {1..64})

# What TPM 2.0 Part 3 says of PolicyPCR, and of PolicyNV with an epoch, whose body
# comes second: the TPM that opens a key for it says whether that is so.
approved_digest()
{
	local digest

	digest=$(sha256_hex "$zeros" 0000017f "${1:68}" "${1:4:64}")
	[ -z "${2-}" ] || digest=$(sha256_hex "$digest" 00000149 \
		"$(sha256_hex "${2: -24:16}" 00000000)" "${2:12:68}")
	echo "$digest"
}

# approve FILE KEY POLICY NUMBER...: an approval by KEY for the registers of now;
# with epoch=FILE in front, for that number in the counter, too. What is signed
# is for policy $SIGNED, if that is set.
approve()
{
	local file=$1 key=$2 policy=$3 nv=() body

	shift 3
	case $1 in
	epoch=*)
		nv=(329 "$(epoch_body "${1#epoch=}")")
		shift
		;;
	esac
	body=$(pcr_body "$@")
	auth_policy "$file" "${TEXT-}" 362 "$(authorize "$key" "$policy" \
		"$(echo "$(approved_digest "$body" "${nv[1]-}")$(policy_ref "${SIGNED-$policy}")" |
			bytes | signature "$key")")" 383 "$body" "${nv[@]}"
}
