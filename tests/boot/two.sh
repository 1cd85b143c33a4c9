#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Two machines with a TPM each, and what goes from one to the other on a stick, as
# KTAP: they get to know each other, keys move and are used there, and keys of a
# migration authority move only with its signature. Then one of the TPMs dies. Runs on
# the host, and boots by itself, on $TKM_KERNEL.
#
#   tests/boot/two.sh
#
# Of tkm's files a boot has what `make install` puts there. Disks keep tkmd's folder of
# each machine, and the stick. The TPMs have a maker, who certifies them.
#
# shellcheck disable=SC2317 # the trap calls clean_up
set -u

here=$(cd "$(dirname "$0")" && pwd -P)
top=$(cd "$here/../.." && pwd -P)
vm=$top/tools/vm
kernel=${TKM_KERNEL:-6.12}
# Ours alone: two runs at once do not meet.
name=two-$$-$RANDOM
number=0 status=0
mkdir -p "$top/build"
# Where a machine sees it: its /tmp is its own.
work=$(mktemp -d "$top/build/two.XXXXXX")

clean_up()
{
	local code=$? each

	trap - EXIT
	for each in a b new; do
		"$vm" tpm-remove "$name-$each"
	done
	for each in a b s; do
		"$vm" disk-remove "$name-$each"
	done
	rm -rf "$work"
	exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

result()
{
	number=$((number + 1))
	if "${@:2}" > "$work/output" 2>&1; then
		echo "ok $number $1"
	else
		sed 's/^/# /' "$work/output" | tail -n 40
		echo "not ok $number $1"
		status=1
	fi
}

# A maker of TPMs, and three of them: one will be in a's new mainboard.
makers()
{
	local each

	printf '%s\n' "statedir = $work/ca" "signingkey = $work/ca/signkey.pem" \
		"issuercert = $work/ca/issuercert.pem" \
		"certserial = $work/ca/certserial" > "$work/ca.conf"
	printf '%s\n' "--platform-manufacturer tkm" "--platform-version 1" \
		"--platform-model test" > "$work/ca.options"
	printf '%s\n' "create_certs_tool = $(command -v swtpm_localca)" \
		"create_certs_tool_config = $work/ca.conf" \
		"create_certs_tool_options = $work/ca.options" > "$work/setup.conf"
	mkdir "$work/ca" "$work/trusted"
	for each in a b new; do
		"$vm" tpm-make "$name-$each" --config "$work/setup.conf" \
			--create-ek-cert || return
	done
	cp "$work/ca/issuercert.pem" "$work/ca/swtpm-localca-rootca-cert.pem" \
		"$work/trusted"
}

# boot CLAIM a|b PART [TPM]: a boot in which two.bash PART succeeds
boot()
{
	result "$1" "$vm" run --kernel "$kernel" --tpm "$name-${4-$2}" --timeout 400 \
		--memory 1536 --disk "$name-$2" --disk "$name-s" \
		-- bash "$here/two.bash" "$name-$2" "$name-s" "$work/trusted" "$3"
}

echo "KTAP version 1"
echo "1..9"
result "two TPMs, certified by their maker" makers
boot "a says who it is" a shows
boot "b asks it to prove that, and says who it is" b asks
boot "a proves it, and asks b the same" a answers
boot "b knows a, and proves it, too" b knows
boot "a knows b; keys are made and used, and packed for b: who did not approve is refused" \
	a packs
boot "b takes them, once, and opens and signs with them as a did" b takes
boot "a's keys that moved end for b's receipt; the others stay, and are backed up" a retires
boot "a's TPM is another one: by shares on paper all comes back that may, and the rest was named" \
	a recovers new
exit $status
