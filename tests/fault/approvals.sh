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
# TPM2TOOLS_TCTI says which TPM.
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
