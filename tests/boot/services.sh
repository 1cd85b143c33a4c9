#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A volume that opens at boot with a key that tkmd keeps, as KTAP: by systemd's units,
# and by the init script. Runs on the host, and boots by itself, on $TKM_KERNEL.
#
#   tests/boot/services.sh
#
# Of tkm's files a boot has what `make install` puts there. What has to outlive one
# is on two disks: tkmd's folder, and the volume.
#
# shellcheck disable=SC2317 # the trap calls clean_up
set -u

here=$(cd "$(dirname "$0")" && pwd -P)
vm=$here/../../tools/vm
kernel=${TKM_KERNEL:-6.12}
# Ours alone: two runs at once do not meet.
name=serv-$$-$RANDOM
number=0 status=0
output=$(mktemp)

clean_up()
{
	local code=$?

	trap - EXIT
	"$vm" tpm-remove "$name"
	"$vm" disk-remove "$name-s"
	"$vm" disk-remove "$name-v"
	rm -f "$output"
	exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# boot CLAIM PART: a boot in which services.bash PART succeeds
boot()
{
	number=$((number + 1))
	if "$vm" run --kernel "$kernel" --tpm "$name" --timeout 300 --memory 1536 \
		--disk "$name-s" --disk "$name-v" \
		-- bash "$here/services.bash" "$name-s" "$name-v" "$2" > "$output" 2>&1; then
		echo "ok $number $1"
	else
		sed 's/^/# /' "$output" | tail -n 60
		echo "not ok $number $1"
		status=1
	fi
}

echo "KTAP version 1"
echo "1..4"
boot "the init script starts tkmd, which keeps a key; a volume is made with it" make
boot "after a reboot the init script loads the key, and the volume opens" init
boot "after a reboot systemd does the same, before local file systems are there" systemd
boot "without the key's file it does not open, and tkm-load says why" without
exit $status
