#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A key's life over several boots, as KTAP. Runs on the host, and boots by itself:
# on $TKM_KERNEL, and once on the other series. User-mode Linux has no firmware that
# measures into PCR 7 as QEMU's does, so its other is user-mode Linux, too.
#
#   tests/boot/reboot.sh
#
# shellcheck disable=SC2317 # the trap calls clean_up
set -u

here=$(cd "$(dirname "$0")" && pwd -P)
top=$(cd "$here/../.." && pwd -P)
vm=$top/tools/vm
kernel=${TKM_KERNEL:-6.12}
case $kernel in
6.1) other=6.12 ;;
uml) other=uml-hmac ;;
uml-*) other=uml ;;
*) other=6.1 ;;
esac
# Ours alone: two runs at once do not meet.
name=boot-$$-$RANDOM
number=0 status=0
output=$(mktemp)

clean_up()
{
	local code=$?

	trap - EXIT
	"$vm" tpm-remove "$name"
	"$vm" tpm-remove "$name-b"
	"$vm" disk-remove "$name-k"
	"$vm" disk-remove "$name-v"
	rm -f "$output"
	exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# boot CLAIM KERNEL TPM PART: a boot in which inside.bash PART succeeds
boot()
{
	local claim=$1 with=$2 tpm=$3

	shift 3
	number=$((number + 1))
	if "$vm" run --kernel "$with" --tpm "$tpm" --timeout 240 \
		--disk "$name-k" --disk "$name-v" \
		-- bash "$here/inside.bash" "$name-k" "$name-v" "$@" > "$output" 2>&1; then
		echo "ok $number $claim"
	else
		sed 's/^/# /' "$output" | tail -n 40
		echo "not ok $number $claim"
		status=1
	fi
}

echo "KTAP version 1"
echo "1..7"
boot "a key is made, its chain kept, a volume opened with it" \
	"$kernel" "$name" make
boot "after a reboot the chain loads and opens the volume" \
	"$kernel" "$name" open
boot "on another machine the chain is refused" \
	"$kernel" "$name-b" refused
boot "... and once more, now that this one has keys of its own" \
	"$kernel" "$name-b" refused-again
boot "another kernel loads it and opens the volume" \
	"$other" "$name" open
boot "without a TPM it is refused" \
	"$kernel" none without
boot "and back in its own machine it is as it was" \
	"$kernel" "$name" open
exit $status
