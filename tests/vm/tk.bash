# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # tmp and here are lib.sh's
#
# Words of the tests of the command tkm, beside those of lib.sh.

# Files are nobody else's unless a claim says otherwise, or tkm warns.
umask 077

# ends STATUS COMMAND...: with that exit status; output in $tmp/out, $tmp/err
ends()
{
	local wanted=$1 status=0

	shift
	"$@" > "$tmp/out" 2> "$tmp/err" || status=$?
	[ "$status" = "$wanted" ] ||
		fail "status $status, not $wanted: ${*:0:300}: $(cat "$tmp/err")"
}

# says TEXT: the last command, on stderr; said nothing on stdout
says()
{
	contains "$(cat "$tmp/err")" "$1"
	check "$(cat "$tmp/out")" = ""
}

# As JSON too? Each third time: it is the same code, and forks cost on some kernels.
as_json()
{
	[ $((tk_turn++ % 3)) = 0 ]
}
tk_turn=0

# errs STATUS ERRNO VERB ARGUMENT...: tkm, in the form that all errors have, and
# the same with --json
errs()
{
	local status=$1 name=$2 verb=$3 first

	shift 2
	ends "$status" tkm "$@"
	read -r first < "$tmp/err"
	[[ $first == "tkm: $verb: "*" ($name)" ]] ||
		fail "not the form of an error: $(cat "$tmp/err")"
	[ ! -s "$tmp/out" ] || fail "on standard output: $(cat "$tmp/out")"
	as_json || return 0
	ends "$status" tkm "$@" --json
	check "$(jq -r '.error | "\(.verb) \(.errno) \(.status)"' "$tmp/err")" = \
		"$verb $name $status"
}

# wrong VERB ARGUMENT...: usage
wrong()
{
	ends 2 tkm "$@"
	contains "$(cat "$tmp/err")" "usage: tkm"
	[ ! -s "$tmp/out" ] || fail "on standard output: $(cat "$tmp/out")"
	as_json || return 0
	ends 2 tkm "$@" --json
	check "$(jq .error.status "$tmp/err")" = 2
}

# tkm, which must succeed, and say nothing but its result
tk()
{
	tkm "$@" 2> "$tmp/tk-err" || fail "tkm $*: $(cat "$tmp/tk-err")"
	[ ! -s "$tmp/tk-err" ] || fail "tkm $*: $(cat "$tmp/tk-err")"
}

field()
{
	tk show "$1" --json | jq -r ".\"$2\""
}

extend()
{
	tpm2_pcrextend "$1:sha256=$(printf '%064d' "$1")"
}

# at_terminal STATUS COMMAND... < SCRIPT: what it showed is in $tmp/screen
at_terminal()
{
	local wanted=$1 status=0

	shift
	"$here/terminal.py" "$@" > "$tmp/screen" || status=$?
	[ $status = "$wanted" ] || fail "status $status: $(cat "$tmp/screen")"
}
