# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the tests in the machine are written with. A test program is
#
#	. "$(dirname "$0")/lib.sh"
#	a_wrong_word_is_refused() { refuses_early EINVAL add tkm a:b "new x" @s; }
#	claim "a wrong word is refused" a_wrong_word_is_refused
#	run_claims
#
# Each claim runs in a subshell of its own, with `set -eu`, a fresh session
# keyring that has the user's keyring in it, an empty trace, and a folder $tmp;
# the first command that fails ends it. It passes when it comes to its end and
# the TPM then holds what it held before. KTAP goes to stdout. The exit status
# is 0, 1 when a claim failed, 4 when everything was skipped.
#
# Words:
#   claim NAME COMMAND...      to be run by run_claims
#   fail TEXT; skip TEXT       end the claim
#   comment TEXT               a line in the report
#   check A = B                [ A = B ], and says both when it is not
#   poll SECONDS COMMAND...    until it succeeds, or fail; on the debug kernel,
#                              which is slow, ten times as long
#   expect_errno NAME COMMAND...   it fails, and says so by name (keyop) or by
#                              text (keyctl)
#   refuses NAME VERB...       keyop VERB... fails so, and changes nothing
#   refuses_early NAME VERB... and sends no TPM command
#   changes_nothing COMMAND... neither keys nor quota nor what the TPM holds
#   keyop ...                  keyop.c; new_key DESC OPTIONS [KEYRING], KEY's
#                              number on stdout; load_key DESC FILE [OPTIONS]
#   state_of KEY               the part of /proc/keys that tkm writes
#   chain_of KEY FILE          its chain, as DER; areas_of, object_files and
#                              records_of cut it up
#   make_chain NAME DESC OPTIONS; loads DESC NAME; load_refused ERRNO DESC NAME
#   as UID COMMAND...          as another user, in a session of its own
#   trace_clear; trace_names   the TPM commands since, one word each
#   commands_of COMMAND...     the same for one command, on one line
#   module_reload [OPTIONS]    as after a boot; no key may be alive
#   tpm_*                      a TPM of our own, see below
#
# A program that needs no module for itself sets needs_tkm=no first.

set -eu
shopt -s inherit_errexit
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
top=$(cd "$here/../.." && pwd -P)
export PATH=${TKM_TESTS:-$top/build/tests}:$PATH
work=$(mktemp -d "${TMPDIR:-/tmp}/tkm-test.XXXXXX")
tracing=/sys/kernel/tracing
trace=$tracing/instances/tkm-tests
# Tools that speak to the TPM ask the kernel's resource manager.
export TPM_DEV=/dev/tpm0 TPM2TOOLS_TCTI=device:/dev/tpmrm0
needs_tkm=yes
# How much longer things may take: limits are for what hangs, not for what is slow.
slow=1
[ ! -e /sys/kernel/debug/kmemleak ] || slow=10
# A claim's own folder; outside of claims, the program's.
tmp=$work
# The report, also from inside a claim.
exec 3>&1

#
# Claims.
#

claim_names=()
claim_commands=()

claim()
{
	claim_names+=("$1")
	shift
	claim_commands+=("$(printf '%q ' "$@")")
}

comment()
{
	printf '# %s\n' "$*" >&3
}

call_trace()
{
	local i

	for ((i = 2; i < ${#FUNCNAME[@]}; i++)); do
		case ${FUNCNAME[i - 1]} in
		fail | run_claim | run_claims) ;;
		*) echo "  ${FUNCNAME[i - 1]} at ${BASH_SOURCE[i]##*/}:${BASH_LINENO[i - 1]}" ;;
		esac
	done
} >&2

fail()
{
	echo "FAILED: $*" >&2
	call_trace
	exit 1
}

skip()
{
	echo "$*" > "$tmp/skip"
	exit 4
}

# The trap's: a command that was not expected to fail.
unexpected()
{
	echo "status $1 of: $BASH_COMMAND" >&2
	call_trace
}

# The TPM may be busy giving back what a killed program held.
baseline_holds()
{
	[ "$(keyop handles)" = "$1" ]
}

# In a subshell of its own.
run_claim()
{
	local before

	set -E
	trap 'unexpected $?' ERR
	tmp=$work/$1
	mkdir "$tmp"
	keyctl new_session >/dev/null
	keyctl link @u @s
	# After a claim with a TPM of its own, the machine's may have another number.
	[ -c "$TPM_DEV" ] || tpm_find_own || :
	before=$(keyop handles)
	[ "$needs_tkm" = no ] || trace_clear
	eval "$2"
	# Of a TPM of its own a claim leaves nothing in it, or no TPM at all.
	if [ -e "$tmp/tpm-changed" ]; then
		before=$'transient\nloaded-session\nsaved-session'
		[ -c "$TPM_DEV" ] || before='tpm none'
	fi
	poll 5 baseline_holds "$before" ||
		fail "the TPM holds: $(keyop handles), before: $before"
}

# The report of one claim from its status.
report()
{
	local number=$1 status=$2 name=$3

	case $status in
	0) echo "ok $number $name" ;;
	4) echo "ok $number $name # SKIP $(cat "$work/$number/skip" 2>/dev/null || :)" ;;
	*)
		sed 's/^/# /' "$work/output" | cut -c 1-400 | tail -n 60
		echo "not ok $number $name"
		;;
	esac
}

run_claims()
{
	local i status start failed=0 skipped=0 only=${TKM_CLAIMS:-}

	if [ "$needs_tkm" != no ]; then
		module_load || fail "no module"
	fi
	echo "KTAP version 1"
	echo "1..${#claim_names[@]}"
	for i in "${!claim_names[@]}"; do
		if [[ ! ${claim_names[i]} =~ $only ]]; then
			echo "ok $((i + 1)) ${claim_names[i]} # SKIP not asked for"
			continue
		fi
		status=0 start=$SECONDS
		set +e
		(set -e; run_claim $((i + 1)) "${claim_commands[i]}") \
			> "$work/output" 2>&1 < /dev/null
		status=$?
		set -e
		[ $((SECONDS - start)) -lt 10 ] ||
			echo "# $((SECONDS - start)) seconds:"
		report $((i + 1)) $status "${claim_names[i]}"
		case $status in
		0) ;;
		4) skipped=$((skipped + 1)) ;;
		*)
			# A helper that it left has others wait for it, some not killably.
			pkill -KILL -x 'nlop|tkmd' || :
			failed=$((failed + 1))
			;;
		esac
	done
	[ $failed = 0 ] || exit 1
	[ $skipped != ${#claim_names[@]} ] || exit 4
}


# finish [STATUS]: that of the program, unless said
finish()
{
	local status=${1-$?}

	set +e
	tpm_stop_all
	rm -rf "$work"
	exit "$status"
}
trap finish EXIT

#
# Words of claims.
#

check()
{
	test "$1" "$2" "$3" || fail "'$1' $2 '$3' does not hold"
}

contains()
{
	[[ $1 == *"$2"* ]] || fail "'$1' does not contain '$2'"
}

lacks()
{
	[[ $1 != *"$2"* ]] || fail "'$1' contains '$2'"
}

# poll SECONDS COMMAND...: its last status
poll()
{
	local end=$((SECONDS + $1 * slow + 1))

	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.02
	done
}

expect_errno()
{
	local name=$1 out

	shift
	if out=$("$@" 2>&1); then
		fail "$name expected, but this succeeded: ${*:0:200}: $out"
	fi
	if [ "$out" != "$name" ] && [[ $out != *": $(keyop strerror "$name")" ]]; then
		fail "$name expected, not '$out': $(printf '%.300s' "$*")"
	fi
}

refuses()
{
	local name=$1

	shift
	expect_errno "$name" keyop -u "$@"
}

refuses_early()
{
	local name=$1

	shift
	expect_errno "$name" keyop -u -e "$@"
}

state_is()
{
	[ "$(keyop state)" = "$1" ]
}

# Keyrings, quota and the TPM are afterwards what they were before.
changes_nothing()
{
	local before

	before=$(keyop state)
	"$@"
	poll 5 state_is "$before" ||
		fail "changed, from: $before to: $(keyop state), by: $(printf '%.300s' "$*")"
}

# keyop, which must succeed, with its number or nothing on stdout.
must()
{
	local out

	out=$(keyop "$@") || fail "$out: $(printf '%.300s' "$*")"
	echo "$out"
}

new_key()
{
	must add tkm "$1" "new ${2-}" "${3-@s}"
}

# From a file with hex, as keyctl pipe writes it.
load_key()
{
	must add tkm "$1" "load $(cat "$2") ${3-}" "${4-@s}"
}

# A key that holds an authorisation value; not seen in @s's listing of keys.
auth_key()
{
	keyop add "${2-user}" "${3-auth:$RANDOM$RANDOM}" "$1" @s
}

state_of()
{
	keyctl rdescribe "$1" > /dev/null
	awk -v id="$(printf '%08x' "$1")" '
		$1 == id { $1 = $2 = $3 = $4 = $5 = $6 = $7 = $8 = ""; print }' \
		/proc/keys | sed 's/^ *//'
}

# as UID COMMAND...: the functions of this file are not known there
as()
{
	local uid=$1

	shift
	setpriv --reuid="$uid" --regid="$uid" --clear-groups \
		keyop session "$@"
}

# A process that stays, as UID, in one session: as_open UID; as_do COMMAND...
as_open()
{
	coproc AS { exec setpriv --reuid="$1" --regid="$1" --clear-groups \
		keyop session bash --norc 2>&1; }
}

as_do()
{
	local line

	printf '{ %s; } < /dev/null; echo "status $?"\n' "$(printf '%q ' "$@")" >&"${AS[1]}"
	while read -r line <&"${AS[0]}"; do
		case $line in
		"status "*) return "${line#status }" ;;
		esac
		echo "$line"
	done
	fail "the other user's shell ended"
}

as_close()
{
	eval "exec ${AS[1]}>&-"
	wait "$AS_PID" || :
}

#
# Chains, cut up by OpenSSL, which knows DER and nothing of tkm.
#

# A key's chain as DER in a file.
chain_of()
{
	keyctl pipe "$1" | xxd -r -p > "$2"
	[ -s "$2" ] || fail "no chain of key $1"
}

# Its objects, the fields that are whole, one hex line each: public and private
# in turn. Of a flat key just the two. Read here, for a process costs more.
areas_of()
{
	local line depth=1 objects=0 parsed

	mapfile -t parsed < <(openssl asn1parse -inform DER -in "$1")
	for line in "${parsed[@]}"; do
		[[ $line != *":d=1 "*SEQUENCE* ]] || objects=$((objects + 1))
	done
	[ $objects != 4 ] || depth=2
	for line in "${parsed[@]}"; do
		[[ $line == *":d=$depth "*"OCTET STRING"*"[HEX DUMP]:"* ]] || continue
		line=${line##*:}
		echo "${line,,}"
	done
}

# 4, or 0 of a flat key
objects_of()
{
	openssl asn1parse -inform DER -in "$1" | grep -c ':d=1 .*SEQUENCE' || :
}

# Object N (from 0) into files: PREFIX.pub, PREFIX.priv, as tpm2_load has them.
object_files()
{
	local areas

	mapfile -t areas < <(areas_of "$1")
	[ -n "${areas[2 * $2 + 1]-}" ] || fail "no object $2 in $1"
	xxd -r -p <<< "${areas[2 * $2]}" > "$3.pub"
	xxd -r -p <<< "${areas[2 * $2 + 1]}" > "$3.priv"
}

# The records, one a line.
records_of()
{
	openssl asn1parse -inform DER -in "$1" | sed -n 's/.*UTF8STRING *://p'
}

# make_chain NAME DESC OPTIONS: a new key's chain into $tmp/NAME.der; the key
# itself is gone afterwards.
make_chain()
{
	local key

	key=$(new_key "$2" "${3-}")
	chain_of "$key" "$tmp/$1.der"
	keyctl unlink "$key" @s
}

# Of a file.
hex()
{
	xxd -p -c 0 "$1"
}

# loads DESC NAME [OPTIONS], and the same that is refused, without a TPM command
# or with
loads()
{
	must add tkm "$1" "load $(hex "$tmp/$2.der")${3+ $3}" @s
}

load_refused()
{
	refuses "$1" add tkm "$2" "load $(hex "$tmp/$3.der")${4+ $4}" @s
}

load_refused_early()
{
	refuses_early "$1" add tkm "$2" "load $(hex "$tmp/$3.der")${4+ $4}" @s
}

# make_chain_with NAME DESC COMMAND...: the same behind "as UID" or "inside"
make_chain_with()
{
	local name=$1 desc=$2

	shift 2
	# shellcheck disable=SC2016 # the other shell expands it
	"$@" bash -c 'key=$(keyop add tkm "$0" new @s) && keyctl pipe "$key"' \
		"$desc" | xxd -r -p > "$tmp/$name.der"
	[ -s "$tmp/$name.der" ] || fail "$* makes no key"
}

# In a user namespace of its own, as root there.
inside()
{
	unshare --user --map-root-user keyop session "$@"
}

#
# TPM commands, by the tracepoint. An instance of our own leaves others' alone.
#

trace_start()
{
	mountpoint -q $tracing || mount -t tracefs tracefs $tracing
	mkdir -p $trace
	echo 1 > $trace/events/tkm/tkm_tpm_command/enable
	echo 1 > $trace/tracing_on
}

# The module can only be unloaded, and its event only be counted anew, without.
trace_stop()
{
	[ ! -d $trace ] || rmdir $trace
}

# As after a boot: no SRK pinned, no storage key known. No key may be alive.
module_gone()
{
	[ ! -d /sys/module/tkm ] || rmmod tkm 2>/dev/null
}

module_unload()
{
	trace_stop
	poll 20 module_gone || fail "the module does not go: $(grep ' tkm ' /proc/keys)"
}

module_load()
{
	modprobe tkm "$@"
	trace_start
}

module_reload()
{
	module_unload
	module_load "$@"
}

# The one before has its answer before the last flush. The chip is free after it.
trace_clear()
{
	keyop handles > /dev/null
	: > $trace/trace
}

trace_names()
{
	sed -n 's/.*tkm_tpm_command: \([A-Za-z_0-9]*\) .*/\1/p' $trace/trace
}

commands_of()
{
	trace_clear
	"$@" > /dev/null
	# Who asked has the answer before the last flush. The chip is free after it.
	keyop handles > /dev/null
	trace_names | tr '\n' ' ' | sed 's/ $//'
}

#
# A TPM of our own: swtpm behind the vTPM proxy, in the machine.
#
#   tpm_start NAME [SWTPM-OPTION...]  starts it, and is what tkm then finds; a
#                    chip that was there before is unbound. The same NAME has
#                    the same state, as long as the program lives.
#   tpm_have NAME    the same, unless it runs already
#   tpm_stop NAME    it is gone, as if pulled out
#   tpm_reset NAME   as if the machine were reset, but without us
#   tpm_hang NAME; tpm_go NAME   it answers nothing, then what it was asked
#   tpm_log NAME     the file with every command and answer
#   tpm_stop_all     and the machine's own chip is bound again
#
# tkm goes on to want the SRK it knows: module_reload before it may meet another
# TPM for the first time, and again when the machine's own chip is back.
#
# TPM_DEV and TPM2TOOLS_TCTI then name it. In a claim, they are known until the
# claim ends, and its other TPMs should be stopped by then.
#

tpms=$work/tpm

# In user-mode Linux the machine's own chip is a process, with a number of its own.
uml_tpm()
{
	[ -d /run/tkm-vm ] && "$top/tools/uml-tpm" "$1"
}

tpm_park()
{
	local chip device driver

	if uml_tpm number > /dev/null; then
		uml_tpm stop
		echo uml_tpm start >> "$work/parked"
	fi
	for chip in /sys/class/tpm/tpm*; do
		[ -e "$chip/device/driver" ] || continue
		device=$(basename "$(realpath "$chip/device")")
		driver=$(realpath "$chip/device/driver")
		echo "$device" > "$driver/unbind"
		echo "$device $driver" >> "$work/parked"
	done
}

tpm_unpark()
{
	local device driver

	[ -e "$work/parked" ] || return 0
	while read -r device driver; do
		case $device in
		uml_tpm) uml_tpm start ;;
		*) echo "$device" > "$driver/bind" ;;
		esac
	done < "$work/parked"
	rm "$work/parked"
	TPM_DEV=/dev/tpm0 TPM2TOOLS_TCTI=device:/dev/tpmrm0
	poll 20 tpm_find_own
}

# The machine's own chip need not have the number it had.
tpm_find_own()
{
	local chip number

	if number=$(uml_tpm number); then
		tpm_use "$number"
		return 0
	fi
	for chip in /sys/class/tpm/tpm*; do
		[ -e "$chip/device/driver" ] || continue
		tpm_use "${chip##*/tpm}"
		[ -c "$TPM_DEV" ] && return 0
	done
	return 1
}

tpm_use()
{
	export TPM_DEV=/dev/tpm$1 TPM2TOOLS_TCTI=device:/dev/tpmrm$1
}

tpm_number()
{
	[ ! -e "$tpms/$1.out" ] ||
		sed -n 's|.*/dev/tpm\([0-9]*\).*|\1|p' "$tpms/$1.out" | head -n 1
}

# The driver says hello to a new chip first; the resource manager comes last.
tpm_answers()
{
	local number

	number=$(tpm_number "$1")
	[ -n "$number" ] && [ -c "/dev/tpmrm$number" ] &&
		tpm2_getcap properties-fixed -T "device:/dev/tpmrm$number" \
			> /dev/null 2>&1
}

# The driver gives a new chip two seconds for its self test, which on a busy host
# are not always enough; then it drops the chip, and swtpm ends.
tpm_start()
{
	local name=$1 tries=12

	[ -d /sys/module/tpm_vtpm_proxy ] || modprobe tpm_vtpm_proxy
	: > "$tmp/tpm-changed"
	tpm_park
	mkdir -p "$tpms/$name"
	until tpm_try "$@"; do
		[ $((tries -= 1)) -gt 0 ] || fail "no TPM: $(cat "$tpms/$name.out")"
	done
	tpm_use "$(tpm_number "$name")"
}

# The same, but one that an earlier claim left running will do.
tpm_have()
{
	: > "$tmp/tpm-changed"
	if [ -e "$tpms/$1.pid" ] && tpm_go "$1" && tpm_answers "$1"; then
		tpm_use "$(tpm_number "$1")"
	else
		tpm_start "$@"
	fi
}

tpm_try()
{
	local name=$1

	shift
	rm -f "$tpms/$name.sock" "$tpms/$name.out"
	# Not a child of the claim's: a later one may stop it. Nor does it hold the
	# claim's session keyring, not even by a file that was opened under it. Not
	# every kernel has seccomp filters: without, it would end.
	# shellcheck disable=SC2016
	setsid keyop session bash -c 'out=$1; shift; exec "$@" < /dev/null > "$out" 2>&1' \
		- "$tpms/$name.out" swtpm chardev --tpm2 --vtpm-proxy \
		--seccomp action=none \
		--tpmstate "dir=$tpms/$name" --ctrl "type=unixio,path=$tpms/$name.sock" \
		--log "file=$tpms/$name.log,level=20" --pid "file=$tpms/$name.pid" "$@" \
		3>&- &
	poll 30 tpm_settles "$name" $! && tpm_answers "$name"
}

tpm_settles()
{
	tpm_answers "$1" || tpm_ended "$2"
}

tpm_gone()
{
	! [ -e "$1" ]
}

tpm_stop()
{
	local name=$1 number pid

	[ -e "$tpms/$name.pid" ] || return 0
	: > "$tmp/tpm-changed"
	number=$(tpm_number "$name")
	pid=$(cat "$tpms/$name.pid")
	kill -CONT "$pid" 2>/dev/null || :
	swtpm_ioctl --unix "$tpms/$name.sock" -s || :
	poll 10 tpm_gone "/dev/tpm$number" || fail "the TPM did not go"
	# It lets go of its state last.
	poll 10 tpm_ended "$pid" || fail "swtpm did not end"
	rm -f "$tpms/$name.pid"
}

tpm_ended()
{
	! kill -0 "$1" 2>/dev/null || grep -qs '^State:[[:space:]]Z' "/proc/$1/status"
}

tpm_reset()
{
	swtpm_ioctl --unix "$tpms/$1.sock" -i
	TPM_DEV=/dev/tpm$(tpm_number "$1") keyop startup
}

tpm_hang()
{
	kill -STOP "$(cat "$tpms/$1.pid")"
}

tpm_go()
{
	kill -CONT "$(cat "$tpms/$1.pid")"
}

tpm_log()
{
	echo "$tpms/$1.log"
}

tpm_stop_all()
{
	local pid

	for pid in "$tpms"/*.pid; do
		[ -e "$pid" ] || continue
		tpm_stop "$(basename "$pid" .pid)"
	done
	tpm_unpark
}
