#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What approves in the cells, made before them; each a file in FOLDER:
#
#   approvals.sh FOLDER
#
#   key        the public area of who approves
#   recovery   and of who does when that one is lost, an RSA key
#   good       opens keys: two registers, and the number in a counter of the TPM's
#   retired    the same with the number from before
#   rsa        the registers alone, by the recovery key
#   forged     signed by somebody else in the name of the key
#
#   moves      what loads a key that may move, "cells:moves"
#   parent     the public area of the storage key above all, to which it moves
#   permit     that approves of it
#   paper.tpm2b, to-paper   the same of a recovery key
#   recovered  that, on its way to the storage key above all
#
# TPM2TOOLS_TCTI says which TPM; the module is loaded.
# shellcheck source-path=SCRIPTDIR disable=SC2119 # counter_new without words
set -eu

work=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

fail()
{
	echo "$*" >&2
	exit 1
}

hex()
{
	xxd -p "$1" | tr -d '\n'
}

. "$(dirname "$0")/../vm/approval.bash"
. "$(dirname "$0")/../vm/recovery.bash"

# The public areas of a chain's objects, TPM2B_PUBLIC, one a line.
publics()
{
	openssl asn1parse -inform DER -in "$1" |
		sed -n 's/.*:d=2 .*OCTET STRING *\[HEX DUMP\]://p' | sed -n '1~2p' |
		tr A-F a-f
}

name_of_area()
{
	echo "000b$(sha256_hex "${1:4}")"
}

# permit FILE OBJECT PARENT: mover approves of that, Names in hex
permit()
{
	local ref digest body

	ref=$(printf 'tkm duplicate v1\0' | sha256sum | cut -c -64)
	digest=$(sha256_hex "$zeros" 00000188 "$2" "$3" 01)
	body=$(printf %s "$2" | tpm2b)$(printf %s "$3" | tpm2b)01
	auth_policy "$1" "" \
		362 "$(hex "$work/mover.pub" | tpm2b)$(printf %s "$ref" | tpm2b)$(
			printf %s "$digest$ref" | bytes | signature mover)" \
		392 "$body"
}

# moves: a key that mover approves of, once it is in a file and not in the keyring
moves()
{
	local approver key areas object

	authority mover
	approver=$(hex "$work/mover.pub" | tpm2b | bytes | keyctl padd user mover @s)
	key=$(keyctl add tkm cells:moves "new class=portable approver=$approver" @s)
	keyctl pipe "$key" | bytes > "$tmp/chain"
	printf 'load %s' "$(hex "$tmp/chain")" > "$work/moves"
	keyctl unlink "$key" @s
	keyctl unlink "$approver" @s
	mapfile -t areas < <(publics "$tmp/chain")
	printf %s "${areas[0]}" | bytes > "$work/parent"
	object=$(name_of_area "${areas[3]}")
	permit "$work/permit" "$object" "$(name_of_area "${areas[0]}")"
	recovery_key paper
	permit "$work/to-paper" "$object" "$(name_of_area "$(hex "$work/paper.tpm2b")")"
	tail -c +3 "$work/parent" > "$tmp/root"
	recovery_wrap paper "$tmp/root" > "$work/recovered"
}

moves
authority site
authority stranger
authority offline 2048
counter_new
epoch_now "$tmp/epoch"
approve "$work/retired" site cells "epoch=$tmp/epoch" 0 7
tpm2_nvincrement -Q "$counter" -C o
epoch_now "$tmp/epoch"
approve "$work/good" site cells "epoch=$tmp/epoch" 0 7
approve "$work/rsa" offline cells 0 7
mv "$work/stranger.pem" "$work/site.pem"
approve "$work/forged" site cells 0 7
mv "$work/site.pub" "$work/key"
mv "$work/offline.pub" "$work/recovery"
