# shellcheck shell=bash disable=SC2154 # tmp and work are lib.sh's
# SPDX-License-Identifier: GPL-2.0
#
# tkmd in a claim, for programs that have lib.sh:
#
#   tkmd_start [OPTION...]     on $tmp/state, and it is ready
#   tkmd_refuses TEXT [...]    it ends by itself, says that, and changes nothing
#   tkmd_stop; tkmd_kill       by SIGTERM, by SIGKILL
#   tkmd_killed CALL N         started to die at its Nth such call; true if it lived to
#                              be ready
#   ask JSON                   what it answers on its socket
#   found DESC [KEYRING]       the key that request_key finds; finds ERRNO DESC
#   kept_key DESC [OPTIONS]    made, and out of the keyrings; its chain in $tmp/DESC,
#                              with "_" for what no name of a file has
#   is_kept DESC               found, with that chain
#   in_part                    true each time in user-mode Linux, elsewhere, where a
#                              start takes seconds, every sixth, at random
#   db SQL [FILE]              on a database that nobody has open
#   db_of_version N            the one in $tmp/state becomes what that version was

tkmd_user()
{
	id tkm > /dev/null 2>&1 ||
		systemd-sysusers "$top/userspace/systemd/tkm.sysusers" > /dev/null 2>&1
	# The user has to come by.
	chmod a+x "$work" "$tmp"
}

tkmd_run()
{
	exec tkmd --state "$tmp/state" --socket "$tmp/run/socket" "$@" \
		> "$tmp/tkmd.log" 2>&1 < /dev/null 3>&-
}

tkmd_start()
{
	tkmd_user
	# A claim that failed may have left one.
	pkill -KILL -x tkmd || :
	poll 20 nobody_helps || fail "the module keeps its helper"
	rm -f "$tmp/tkmd.log"
	tkmd_run "$@" &
	tkmd=$!
	poll 20 tkmd_settles || fail "tkmd hangs: $(cat "$tmp/tkmd.log")"
	tkmd_is_ready || fail "no tkmd: $(cat "$tmp/tkmd.log")"
}

nobody_helps()
{
	[[ $(nlop status) != *helper* ]]
}

tkmd_is_ready()
{
	grep -qs "keys are kept" "$tmp/tkmd.log"
}

tkmd_ended()
{
	! kill -0 "$tkmd" 2> /dev/null || grep -qs '^State:[[:space:]]Z' "/proc/$tkmd/status"
}

tkmd_settles()
{
	tkmd_is_ready || tkmd_ended
}

tkmd_files()
{
	find "$tmp/state" -mindepth 1 -printf '%P %y %m %U %l ' -type f -exec sha256sum {} + \
		-o -mindepth 1 -printf '\n' | sort
}

# tkmd_ends TEXT [OPTION...]: by itself, with a status that is not 0, and says that
tkmd_ends()
{
	local text=$1

	shift
	tkmd_user
	tkmd_run "$@" &
	tkmd=$!
	poll 20 tkmd_ended || fail "it runs: $(cat "$tmp/tkmd.log")"
	! wait "$tkmd" || fail "it says that all is well"
	contains "$(cat "$tmp/tkmd.log")" "$text"
}

# And changes nothing
tkmd_refuses()
{
	local before

	before=$(tkmd_files)
	tkmd_ends "$@"
	check "$(tkmd_files)" = "$before"
}

tkmd_stop()
{
	kill "$tkmd"
	wait "$tkmd" || fail "status $?: $(cat "$tmp/tkmd.log")"
}

tkmd_kill()
{
	kill -KILL "$tkmd"
	wait "$tkmd" 2> /dev/null || :
}

tkmd_killed()
{
	tkmd_user
	poll 20 nobody_helps
	rm -f "$tmp/tkmd.log"
	strace -f -qq -o /dev/null -e trace="$1" -e inject="$1:signal=KILL:when=$2" \
		tkmd --state "$tmp/state" --socket "$tmp/run/socket" \
		> "$tmp/tkmd.log" 2>&1 < /dev/null 3>&- &
	tkmd=$!
	poll 30 tkmd_settles || fail "tkmd hangs: $(cat "$tmp/tkmd.log")"
	tkmd_is_ready
}

ask()
{
	asktkmd "$tmp/run/socket" "$1"
}

found()
{
	keyctl request2 tkm "$1" x "${2-@s}"
}

finds()
{
	expect_errno "$1" found "$2"
}

db()
{
	sqlite3 -bail "${2-$tmp/state/kdb}" "$1"
}

# db_of_version N: what each version brought is gone, down to that one
db_of_version()
{
	local sql=

	[ "$1" -ge 7 ] || sql+="DROP TABLE packets;"
	[ "$1" -ge 6 ] || sql+="DROP TABLE platforms; DROP TABLE challenges;"
	[ "$1" -ge 5 ] || sql+="DROP TABLE domains;"
	[ "$1" -ge 4 ] || sql+="DROP TABLE approvals; DROP TABLE policies;"
	[ "$1" -ge 3 ] || {
		sql+="DROP TABLE audit; DROP TABLE audit_head;"
		rm -f "$tmp/state/audit.head"
	}
	[ "$1" -ge 2 ] || sql+="DROP INDEX keys_domain; ALTER TABLE keys DROP COLUMN domain;"
	db "$sql PRAGMA user_version = $1; PRAGMA journal_mode = DELETE" > /dev/null
	chown tkm "$tmp/state/kdb"
}

kept_key()
{
	local key

	key=$(new_key "$1" "${2-}")
	keyctl pipe "$key" > "$tmp/${1//[:\/]/_}"
	keyctl unlink "$key" @s
}

is_kept()
{
	local key

	key=$(found "$1") || fail "$1 is not found: $key"
	check "$(keyctl pipe "$key")" = "$(cat "$tmp/${1//[:\/]/_}")"
	keyctl unlink "$key" @s
}

in_part()
{
	[ -d /run/tkm-vm ] || [ $((RANDOM % 6)) = 0 ]
}
