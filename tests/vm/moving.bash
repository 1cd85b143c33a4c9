# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Keys that may move, taken apart with tpm2-tools, for whoever has lib.sh and
# approval.bash:
#
#   name_of FILE               Name of a TPMT_PUBLIC, hex
#   names_of CHAIN             Names of a chain's objects, one a line
#   public_file KEY FILE       an authority's public area as TPM2B_PUBLIC
#   tools_load CHAIN [PREFIX]  its objects in the TPM, as $tmp/o0.ctx to $tmp/o3.ctx
#   duplicate_digest NAME      what a session has after that authority approved
#   branches_of CHAIN I        the last PolicyOR of an object without a policy
#   dup_session FILE KEY APPROVED LIST   a session that KEY approved of, see there
#   user_key NAME FILE         a user key with these bytes, its serial number
#   permit, destination, words, moved   a move by the module, see there

srk=0x81000001
dup_ref=$(printf 'tkm duplicate v1\0' | sha256sum)
dup_ref=${dup_ref%% *}

name_of()
{
	local hash

	read -r hash _ < <(sha256sum < "$1")
	echo "000b$hash"
}

names_of()
{
	local area

	areas_of "$1" | sed -n '1~2p' | while read -r area; do
		printf '000b%s\n' "$(sha256_hex "${area:4}")"
	done
}

public_file()
{
	hex "$work/$1.pub" | tpm2b | bytes > "$2"
}

# The key beneath a chain's storage keys, which go when they have done.
tools_load()
{
	local i above=$srk as=${2-$tmp/o} areas

	mapfile -t areas < <(areas_of "$1")
	for i in 0 1 2 3; do
		xxd -r -p <<< "${areas[2 * i]}" > "$as$i.pub"
		xxd -r -p <<< "${areas[2 * i + 1]}" > "$as$i.priv"
		tpm2_load -C "$above" -u "$as$i.pub" -r "$as$i.priv" \
			-c "$as$i.ctx" -n "$as$i.name" > /dev/null
		above=$as$i.ctx
	done
}

# What TPM 2.0 Part 3 says of PolicyAuthorize and PolicyCommandCode.
duplicate_digest()
{
	local digest

	digest=$(sha256_hex "$zeros" 0000016a "$1")
	digest=$(sha256_hex "$digest" "$dup_ref")
	sha256_hex "$digest" 0000016c 0000014b
}

# Of PolicyOR.
or_digest()
{
	sha256_hex "$zeros" 00000171 "$@"
}

record_hash()
{
	local hash

	read -r hash _ < <(printf 'tkm metadata v1%s' "$1" | sha256sum)
	echo "$hash"
}

# A list for tpm2_policyor, of digests in hex.
or_list()
{
	local list=sha256: digest n=0

	for digest; do
		n=$((n + 1))
		printf %s "$digest" | bytes > "$tmp/or$n"
		list+=$tmp/or$n,
	done
	echo "${list%,}"
}

# dup_session FILE KEY LIST [TOOL...]: begins a policy session, plays what KEY is to
# approve of, if there is anything, has KEY approve of that, and says that the
# session is for Duplicate, and which branch it is. Under another policyRef:
# DUP_REF=hex.
dup_session()
{
	local file=$1 key=$2 list=$3 ref ticket

	shift 3
	ref=${DUP_REF-$dup_ref}
	printf %s "$ref" | bytes > "$tmp/ref"
	tpm2_startauthsession --policy-session -S "$file" > /dev/null
	printf %s "$zeros" | bytes > "$tmp/approved"
	[ $# = 0 ] || "$@" -S "$file" -L "$tmp/approved" > /dev/null
	cat "$tmp/approved" "$tmp/ref" > "$tmp/to-sign"
	ticket=$tmp/ticket.$key.$(sha256sum < "$tmp/to-sign" | cut -c -64)
	# It is good for every session.
	if [ ! -e "$ticket" ]; then
		signature "$key" < "$tmp/to-sign" | bytes > "$tmp/signature"
		public_file "$key" "$tmp/authority"
		tpm2_loadexternal -C o -u "$tmp/authority" -c "$tmp/authority.ctx" \
			-n "$tmp/$key.name" > /dev/null
		tpm2_verifysignature -c "$tmp/authority.ctx" -g sha256 -m "$tmp/to-sign" \
			-s "$tmp/signature" -t "$ticket"
	fi
	tpm2_policyauthorize -S "$file" -i "$tmp/approved" -q "$tmp/ref" \
		-n "$tmp/$key.name" -t "$ticket" > /dev/null &&
	tpm2_policycommandcode -S "$file" TPM2_CC_Duplicate > /dev/null &&
	tpm2_policyor -S "$file" "$list" > /dev/null
}

# The TPM refuses, and says so: tpm_refuses TEXT COMMAND...
tpm_refuses()
{
	local text=$1

	shift
	! "$@" > "$tmp/said" 2>&1 || fail "the TPM did it: $*"
	grep -qF -- "$text" "$tmp/said" || fail "$*: $(cat "$tmp/said")"
}

# ---- moves by the module ----

user_key()
{
	keyctl padd user "$1" @s < "$2"
}

# permit FILE KEY OBJECT PARENT: KEY approves of OBJECT's moving, Names in hex
permit()
{
	local body digest

	body=$(printf %s "$3" | tpm2b)$(printf %s "$4" | tpm2b)01
	digest=$(sha256_hex "$zeros" 00000188 "$3" "$4" 01)
	auth_policy "$1" "" 362 "$(xxd -p "$work/$2.pub" | tr -d '\n' | tpm2b)$(tpm2b <<< "$dup_ref")$(echo "$digest${DUP_REF-$dup_ref}" | bytes | signature "$2")" \
		392 "$body"
}

# A storage key as another platform's TKMRK is, TPM2B_PUBLIC in $tmp/to.pub, with
# more attributes, or others.
destination()
{
	tpm2_create -C $srk -G ecc256:aes128cfb -g sha256 -u "$tmp/to.pub" -r "$tmp/to.priv" \
		-a "restricted|decrypt|sensitivedataorigin|userwithauth|noda|${1-fixedtpm|fixedparent}" > /dev/null
	tail -c +3 "$tmp/to.pub" > "$tmp/to.tpmt"
}

# words KEY KIND [PLACE]: for that object of $tmp/key.der to $tmp/to.pub
words()
{
	permit "$tmp/permit" mine "$(names_of "$tmp/key.der" | sed -n "$3p")" "$(name_of "$tmp/to.tpmt")"
	echo "duplicate key=$1 object=$2 parent=$(user_key to "$tmp/to.pub") approval=$(user_key permit "$tmp/permit")"
}

# moved FILE WORDS: what comes of them
moved()
{
	local key

	key=$(must add tkm-move move "$2" @s)
	keyctl pipe "$key" > "$1"
	keyctl unlink "$key" @s
}
