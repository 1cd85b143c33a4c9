#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Others who use the TPM while tkm works, and what comes of it. Each neighbour
# goes on for a whole test; keys are made, loaded and dropped beside it.
#
#   neighbour.sh SOCKET      a TPM is there, and no module
#
# shellcheck disable=SC2317 # tests are given to try by name
set -u

here=$(cd "$(dirname "$0")" && pwd -P)
top=$(cd "$here/../.." && pwd -P)
export PATH=${TKM_FAULT:-$top/build/fault}:${TKM_TESTS:-$top/build/tests}:$PATH
socket=$1
work=$(mktemp -d /tmp/tkm-neighbour.XXXXXX)
number=0 failed=0 tests=0 all=7
IFS=/ read -r share shares <<< "${TKM_SHARE:-1/1}"
# A share of more than there are is one of them, and never none.
[ "$shares" -le $all ] || share=$(((share - 1) % all + 1)) shares=$all
ROUNDS=${TKM_ROUNDS:-6}
chip=$(hostile ask "$socket" chip)
raw=device:/dev/tpm$chip shared=device:/dev/tpmrm$chip
export TPM2TOOLS_TCTI=$shared TPM_DEV=/dev/tpm$chip

say()
{
	hostile ask "$socket" "$@"
}

# Runs a function as a test; it says what is wrong on its stdout. With
# TKM_SHARE=K/N, only the Kth of every N.
try()
{
	local name=$1 output

	shift
	tests=$((tests + 1))
	[ $(((tests - share) % shares)) = 0 ] || return 0
	number=$((number + 1))
	if output=$("$@" 2>&1); then
		echo "ok $number $name"
	else
		printf '%s\n' "$output" | tail -n 20 | cut -c 1-300 | sed 's/^/# /'
		echo "not ok $number $name"
		failed=1
	fi
}

fail()
{
	echo "$*"
	exit 1
}

# beside NEIGHBOUR COMMAND...: the neighbour works in a loop until the command
# is done, and must have come round at least twice.
beside()
{
	local neighbour=$1 pid status=0

	shift
	: > "$work/rounds"
	: > "$work/go"
	while [ -e "$work/go" ]; do
		"$neighbour" > "$work/neighbour" 2>&1 || :
		echo >> "$work/rounds"
	done &
	pid=$!
	("$@") || status=1
	while [ "$(wc -l < "$work/rounds")" -lt 2 ]; do
		sleep 0.02
	done
	rm "$work/go"
	wait "$pid"
	return "$status"
}

new()
{
	keyop add tkm "$1" "new ${2-}" @s
}

load()
{
	keyop add tkm "$1" "load $(cat "$2")" @s
}

drop()
{
	keyctl unlink "$1" @s
}

# Keys are made and loaded, and all must succeed.
all_works()
{
	local i key options

	for ((i = 0; i < ROUNDS; i++)); do
		options=
		[ $((i % 3)) != 0 ] || options=pcrs=sha256:7
		key=$(new "beside:key$i" "$options") || fail "new: $key"
		keyctl pipe "$key" > "$work/chain"
		drop "$key"
		key=$(load "beside:key$i" "$work/chain") || fail "load: $key"
		drop "$key"
	done
}

# What tkm did left nothing behind, whatever the neighbour has there.
holds_only()
{
	local held i

	for ((i = 0; i < 1000; i++)); do
		held=$(say handles)
		[ "$held" != "$1" ] || return 0
		sleep 0.02
	done
	fail "the TPM holds '$held', not '$1'"
}

#
# Neighbours.
#

# Every session and object that can be found through the resource manager.
flushes()
{
	local handle

	tpm2_flushcontext -t
	tpm2_flushcontext -l
	tpm2_flushcontext -s
	for handle in 0x02000000 0x02000001 0x03000000 0x80000000 0x80000001; do
		tpm2_flushcontext "$handle"
	done
}

flushed()
{
	beside flushes all_works && holds_only ''
}

# Objects and sessions of its own, saved and loaded all the time.
works()
{
	tpm2_createprimary -Q -c "$work/primary.ctx"
	tpm2_startauthsession -Q -S "$work/session.ctx"
	tpm2_getrandom -Q 16 -S "$work/session.ctx"
	tpm2_flushcontext "$work/session.ctx"
	tpm2_flushcontext -t
}

crowded()
{
	beside works all_works && holds_only ''
}

extends()
{
	tpm2_pcrextend "16:sha256=$(printf '%064d' 7)"
	tpm2_pcrreset 16
}

# Registers that keys are not bound to move; those that they are do not.
extended()
{
	beside extends all_works && holds_only ''
}

# All that the TPM has room for is another's, loaded through the raw device.
slots_taken()
{
	local before key i

	key=$(new full:key) || fail "new: $key"
	keyctl pipe "$key" > "$work/full"
	drop "$key"
	for ((i = 0; i < 8; i++)); do
		tpm2_createprimary -Q -T "$raw" -c "$work/raw.ctx" || break
	done > "$work/fill" 2>&1
	if [ "$i" = 0 ] || [ "$i" = 8 ]; then
		fail "$i objects: $(cat "$work/fill")"
	fi
	before=$(say handles)
	for ((i = 0; i < ROUNDS; i++)); do
		key=$(load full:key "$work/full") && fail "it loaded"
		[ "$key" = ENOMEM ] || fail "load: $key"
		key=$(new full:other) && fail "it was made"
		[ "$key" = ENOMEM ] || fail "new: $key"
	done
	# Theirs are all still there.
	holds_only "$before"
	tpm2_flushcontext -T "$raw" -t
	key=$(load full:key "$work/full") || fail "afterwards: $key"
	drop "$key"
	holds_only ''
}

# All slots, and then none, again and again.
fills()
{
	local i

	for ((i = 0; i < 8; i++)); do
		tpm2_createprimary -Q -T "$raw" -c "$work/raw.ctx" || break
	done
	tpm2_flushcontext -T "$raw" -t
}

works_or_not()
{
	local i key

	for ((i = 0; i < ROUNDS; i++)); do
		key=$(load fill:key "$work/fill.key") || [ "$key" = ENOMEM ] ||
			fail "load: $key"
		[ "$key" = ENOMEM ] || drop "$key"
		key=$(new "fill:$i") || [ "$key" = ENOMEM ] || fail "new: $key"
		[ "$key" = ENOMEM ] || drop "$key"
	done
}

filled()
{
	local key

	key=$(new fill:key) || fail "new: $key"
	keyctl pipe "$key" > "$work/fill.key"
	drop "$key"
	beside fills works_or_not && holds_only '' && all_works
}

# One slot is another's, by the raw device, and tkm loses answers meanwhile:
# what it looks for then is its own, never the other's.
lost_and_found()
{
	local before key i

	key=$(new lost:key) || fail "new: $key"
	keyctl pipe "$key" > "$work/lost"
	drop "$key"
	# The first loss cannot be found again.
	say clear "arm cut StartAuthSession 1 9"
	load lost:key "$work/lost"
	say clear flush
	tpm2_createprimary -Q -T "$raw" -c "$work/raw.ctx" ||
		fail "no object of another's"
	tpm2_startauthsession -Q -T "$raw" -S "$work/raw.session"
	before=$(say handles)
	for i in StartAuthSession ContextLoad Load; do
		say clear "arm cut $i 1 9"
		key=$(load lost:key "$work/lost") && fail "$i: it loaded"
		[ "$key" = EIO ] || fail "$i: $key"
		holds_only "$before"
	done
	say clear
	key=$(load lost:key "$work/lost") || fail "afterwards: $key"
	drop "$key"
	holds_only "$before"
	say flush
}

clears()
{
	tpm2_clear
}

# Until the first clear it loads; from then on never.
works_until()
{
	local i key lost=

	for ((i = 0; i < ROUNDS; i++)); do
		if key=$(load clear:key "$work/clear"); then
			[ -z "$lost" ] || fail "it loaded again"
			drop "$key"
		else
			[ "$key" = ENOKEY ] || fail "load: $key"
			lost=1
		fi
	done
}

# The owner's hierarchy is cleared: the SRK is another one, for ever.
cleared()
{
	local key

	key=$(new clear:key) || fail "new: $key"
	keyctl pipe "$key" > "$work/clear"
	drop "$key"
	beside clears works_until || return 1
	key=$(load clear:key "$work/clear") && fail "it loaded"
	[ "$key" = ENOKEY ] || fail "load: $key"
	key=$(new clear:other) && fail "it was made"
	[ "$key" = ENOKEY ] || fail "new: $key"
	tpm2_getcap handles-persistent | grep -q 0x81000001 &&
		fail "there is an SRK again"
	holds_only ''
}

trap 'rm -rf "$work"' EXIT
keyctl new_session > /dev/null
modprobe tkm
say clear flush > /dev/null
echo "KTAP version 1"
try "sessions and objects are flushed beside us" flushed
try "another's objects and sessions come and go beside us" crowded
try "registers are extended beside us" extended
try "all slots are taken: ENOMEM, and theirs stay" slots_taken
try "all slots are taken and given back beside us" filled
try "what gets lost is found again, and theirs stay" lost_and_found
try "the owner is cleared: ENOKEY, and nothing is made" cleared
[ $tests = $all ] || failed=1
echo "1..$number"
exit $failed
