#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Approved policies: a key is bound to a name and to whoever signs for it, and
# what was signed opens it. Keys, signatures and digests are OpenSSL's and
# tpm2-tools', who know nothing of tkm.
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"

# ---- keys and approvals ----

bytes()
{
	tr -d ' \n' | xxd -r -p
}

# A TPM2B around what comes, as hex.
tpm2b()
{
	local hex

	hex=$(cat)
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
	printf 'tkm policy v1\0%s' "$1" | sha256sum | cut -c -64
}

# From a message on stdin: TPMT_SIGNATURE as hex.
signature()
{
	local key=$1 numbers

	if openssl rsa -in "$work/$key.pem" -noout 2> /dev/null; then
		printf '0014000b'
		openssl dgst -sha256 -sign "$work/$key.pem" | xxd -p | tr -d '\n' | tpm2b
		return
	fi
	printf '0018000b'
	numbers=$(openssl dgst -sha256 -sign "$work/$key.pem" |
		openssl asn1parse -inform DER | sed -n 's/.*INTEGER *://p')
	while read -r number; do
		printf %s "$number" | tpm2b
	done <<< "$numbers"
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
	printf '%s%s%s' "$(xxd -p "$work/$1.pub" | tr -d '\n' | tpm2b)" \
		"$(policy_ref "$2" | tpm2b)" "${3-0010}"
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
	local mask=0 number list

	for number; do
		mask=$((mask | 1 << number))
	done
	list=$(printf '%s,' "$@")
	tpm2_pcrread "sha256:${list%,}" -o "$tmp/values" > /dev/null
	printf '0020%s' "$(sha256sum < "$tmp/values" | cut -c -64)"
	pcr_selection 11 $mask
}

digest_start()
{
	tpm2_startauthsession -S "$tmp/trial" > /dev/null
}

digest_end()
{
	tpm2_flushcontext "$tmp/trial" > /dev/null
	rm -f "$tmp/trial"
}

# approve FILE KEY POLICY NUMBER...: an approval by KEY for the registers of now;
# with epoch=FILE-of-8-bytes in front, for that number in the counter, too
approve()
{
	local file=$1 key=$2 policy=$3 epoch='' nv=() list body digest

	shift 3
	case ${1-} in
	epoch=*)
		epoch=${1#epoch=}
		shift
		;;
	esac
	list=$(printf '%s,' "$@")
	body=$(pcr_body "$@")
	digest_start
	tpm2_policypcr -S "$tmp/trial" -l "sha256:${list%,}" -L "$tmp/approved" > /dev/null
	digest_end
	digest=$(hex "$tmp/approved")
	if [ -n "$epoch" ]; then
		nv=(329 "$(epoch_body "$epoch")")
		digest=$(epoch_digest "$digest" "$epoch")
	fi
	auth_policy "$file" "${TEXT-}" 362 "$(authorize "$key" "$policy" \
		"$(echo "$digest$(policy_ref "$policy")" | bytes | signature "$key")")" \
		383 "$body" "${nv[@]}"
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

run_claims
