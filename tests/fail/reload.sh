#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The module comes and goes while it is used. Wants make -C tests/fail.
# TKM_SEED=N repeats a run's choices, TKM_ROUNDS=N its length.
# shellcheck source-path=SCRIPTDIR/../vm disable=SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/../vm/lib.sh"

build=${TKM_FAIL:-$top/build/fail}
export PATH=$build:$PATH
seed=${TKM_SEED:-$RANDOM}
rounds=${TKM_ROUNDS:-25}
needs_tkm=no

under_load()
{
	local kind

	module_unload
	for kind in failslab fail_page_alloc; do
		[ -d /sys/kernel/debug/$kind ] || continue
		echo 0 > /sys/kernel/debug/$kind/verbose
	done
	if [ -d /sys/kernel/debug/failslab ]; then
		echo N > /sys/kernel/debug/failslab/ignore-gfp-wait
		insmod "$build/$(uname -r)/inject.ko" spare=__trace_add_new_event
	fi
	comment "TKM_SEED=$seed"
	reload "$(modinfo -n tkm)" "$rounds" "$seed" > "$tmp/out" ||
		fail "$(cat "$tmp/out")"
	cat "$tmp/out" >&3
	# As if nothing had been.
	modprobe tkm
	keyctl unlink "$(new_key reload:after)" @s
	module_unload
	[ ! -d /sys/module/inject ] || rmmod inject
}
claim "the module is loaded and unloaded under load; who comes while it goes hears ENODEV" under_load

run_claims
