# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # lib.sh sets work and tmp
#
# What tests of RSA and EC keys share. Needs lib.sh.
#
#   pair NAME [OPTIONS]   a key, in @s: made with "new OPTIONS" the first time, later
#                         loaded from the chain that it had. NAME may be one of
#                         those below. $work/NAME.pem is its public key
#   is_made NAME OPTIONS BITS QUERY   pair, and the key says this of itself
#   public_pem KEY FILE
#   a_message             $tmp/msg, and its digests: $tmp/sha256 and so on
#   holds NAME ENC HASH   signs that, and has it verified by all
#   refuses_pkey ERRNO VERB KEY INFO IN OUT    pkop VERB... fails so, and sends no
#                         TPM command

declare -A pair_options=(
	[rs]="rsa" [rS]="rsa bits=3072" [rd]="rsa use=decrypt"
	[rD]="rsa bits=3072 use=decrypt"
	[es]="ec" [eS]="ec curve=p384" [ed]="ec use=decrypt"
	[eD]="ec curve=p384 use=decrypt" [esother]="ec curve=p384"
	[flatr]="rsa parent=srk" [flatd]="rsa parent=srk use=decrypt"
	[flate]="ec parent=srk" [flatE]="ec parent=srk use=decrypt"
)

public_pem()
{
	keyctl pkey_encrypt "$1" 0 /dev/null enc=spki > "$2.der"
	openssl pkey -pubin -inform DER -in "$2.der" -out "$2"
}

pair()
{
	local key

	if key=$(keyctl search @s tkm "pair:$1" 2> /dev/null); then
		:
	elif [ -e "$work/$1.chain" ]; then
		key=$(load_key "pair:$1" "$work/$1.chain")
	else
		key=$(new_key "pair:$1" "${2-${pair_options[$1]}}")
		keyctl pipe "$key" > "$work/$1.chain"
		public_pem "$key" "$work/$1.pem"
	fi
	echo "$key"
}

is_made()
{
	local key

	key=$(pair "$1" "$2")
	contains "$(state_of "$key")" "kind=${2%% *} "
	public_pem "$key" "$tmp/pem"
	contains "$(openssl pkey -pubin -in "$tmp/pem" -noout -text)" "Public-Key: ($3 bit)"
	check "$(pkop query "$key" "")" = "bits=$3 $4"
	keyctl unlink "$key" @s
}

a_message()
{
	local hash

	head -c 1000 /dev/urandom > "$tmp/msg"
	for hash in sha256 sha384 sha512; do
		openssl dgst -$hash -binary "$tmp/msg" > "$tmp/$hash"
	done
}

# r, then s, as OpenSSL wants them.
der_of_raw()
{
	local hex half

	hex=$(hex "$1")
	half=$((${#hex} / 2))
	printf '%s\n' asn1=SEQUENCE:s '[s]' "r=INTEGER:0x${hex:0:half}" \
		"s=INTEGER:0x${hex:half}" > "$1.conf"
	openssl asn1parse -genconf "$1.conf" -noout -out "$1.der"
}

holds()
{
	local key options=() sig=$tmp/sig info="enc=$2 hash=$3"

	key=$(pair "$1")
	keyctl pkey_sign "$key" 0 "$tmp/$3" "enc=$2" "hash=$3" > "$sig"
	keyctl pkey_verify "$key" 0 "$tmp/$3" "$sig" "enc=$2" "hash=$3"
	if [ "$2" = raw ]; then
		der_of_raw "$sig"
		sig=$sig.der
	fi
	# A salt as long as the digest is what TLS and X.509 want.
	[ "$2" != pss ] ||
		options=(-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest)
	openssl dgst "-$3" -verify "$work/$1.pem" -signature "$sig" "${options[@]}" \
		"$tmp/msg" || fail "$1 $info"
}

# The query that the kernel makes first sends nothing either.
refuses_pkey()
{
	trace_clear
	expect_errno "$1" pkop "${@:2}"
	[ -z "$(trace_names)" ] || fail "TPM commands: $(trace_names), by: ${*:2}"
}
