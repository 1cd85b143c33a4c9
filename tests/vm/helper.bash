# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # tmp is lib.sh's
#
# A helper for the module (nlop.c) in the claims of a test program; what it sees is
# in $tmp/helper.
#
#   helper_start HOW...        as nlop has it
#   helper_stop                by SIGKILL
#   told LINE...               that is what it saw, all of it but for branches, which
#                              depend on what was made before (branch.sh)
#   has_told REGEX             one line of it

helper_start()
{
	# A claim that failed may have left one.
	pkill -KILL -x nlop || :
	poll 20 is_free
	: > "$tmp/helper"
	nlop helper "$@" > "$tmp/helper" 2>&1 < /dev/null &
	helper=$!
	poll 20 grep -q registered "$tmp/helper" || fail "no helper: $(cat "$tmp/helper")"
}

is_free()
{
	[[ $(nlop status) != *helper* ]]
}

# Its socket is closed when it is gone, and not before.
helper_stop()
{
	kill -KILL "$helper"
	wait "$helper" 2> /dev/null || :
	poll 20 is_free || fail "a helper that is gone is still there"
}

told()
{
	check "$(tail -n +2 "$tmp/helper" | grep -v '^branch ')" = "$(printf '%s\n' "$@")"
}

has_told()
{
	grep -q "$1" "$tmp/helper"
}
