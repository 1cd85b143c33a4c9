#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What tkm says of the keys that tkmd keeps: list, show, export, remove, check, load.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$here/tk.bash"
. "$here/tkmd.bash"

# tkm VERB with the socket of the claim's tkmd
stored()
{
	tk "$@" --socket "$tmp/run/socket"
}

nobody()
{
	local verb

	for verb in "list --stored" "show --stored a:b" "export --stored a:b" \
		"remove --yes a:b" check; do
		# shellcheck disable=SC2086 # words
		errs 4 ECONNREFUSED $verb --socket "$tmp/none"
	done
	wrong list --all
	wrong remove a:b
	contains "$(cat "$tmp/err")" "--yes"
	wrong export --stored --public a:b
	# Who answers nonsense is no helper; nor who says nothing.
	python3 - "$tmp/fake" <<-'PYTHON' &
		import socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.bind(sys.argv[1])
		s.listen()
		for answer in b"nonsense\n", b"[1]\n", b'{"ok":false,"errno":"EWHAT"}\n', b"":
		    c, _ = s.accept()
		    c.recv(1000)
		    c.sendall(answer)
		    c.close()
	PYTHON
	poll 20 test -S "$tmp/fake"
	ends 1 tkm list --stored --socket "$tmp/fake"
	says "(EIO)"
	ends 1 tkm list --stored --socket "$tmp/fake"
	says "(EIO)"
	ends 1 tkm list --stored --socket "$tmp/fake"
	says "(EIO)"
	ends 4 tkm list --stored --socket "$tmp/fake"
	says "(ENOTCONN)"
	wait
}
claim "without tkmd, what it keeps is not available" nobody

kept()
{
	local key id

	tkmd_start
	check "$(stored list --stored)" = ""
	check "$(stored list --stored --json | jq -c .)" = "[]"
	key=$(tk new app:one ec)
	tk export "$key" "$tmp/one"
	keyctl unlink "$key" @s
	key=$(tk new app:two parent=srk)
	keyctl unlink "$key" @s
	check "$(stored list --stored | awk '{ print $2, $3, $4 }' | sort | xargs)" = \
		"active data app:two active ec app:one"
	check "$(stored list --stored --json | jq -r '.[].key' | sort | xargs)" = "app:one app:two"
	id=$(stored show --stored app:one --json | jq .id)
	check "$(stored show --stored "$id" | sed -n 's/^key *//p')" = app:one
	check "$(stored show --stored app:two --json | jq .flat)" = true
	check "$(stored export --stored app:one)" = "$(cat "$tmp/one")"
	errs 1 ENOKEY show --stored app:none --socket "$tmp/run/socket"
	check "$(stored check)" = "2 checked, 0 damaged"
	check "$(stored check --all --json | jq -c .)" = \
		'{"checked":2,"bad":[],"bad-policies":[],"bad-domains":[]}'
	key=$(tk load app:one)
	check "$(field "$key" kind)" = ec
	stored remove --yes app:one
	errs 1 ENOKEY remove --yes app:one --socket "$tmp/run/socket"
	errs 1 ENOKEY export --stored app:one --socket "$tmp/run/socket"
	# What is loaded stays.
	check "$(field "$key" kind)" = ec
	check "$(stored list --stored | wc -l)" = 1
	tkmd_stop
}
claim "what tkmd keeps is listed, shown, exported, checked and removed" kept

# kept_as NAME STATE: by its name, by its id, and in the lists
kept_as()
{
	local id

	check "$(stored state --stored "$1")" = "$2"
	id=$(stored show --stored "$1" --json | jq .id)
	check "$(stored state --stored "$id" --json | jq -r .state)" = "$2"
	check "$(stored list --stored --json | jq -r '.[] | select(.key == "'"$1"'") | .state')" = "$2"
}

states()
{
	local key state

	tkmd_start
	for state in pre-active active suspended deactivated compromised destroyed; do
		key=$(tk new "app:$state" state=pre-active)
		[ $state = pre-active ] || stored state --stored "app:$state" active
		case $state in
		pre-active | active) ;;
		*) stored state --stored "app:$state" $state ;;
		esac
		kept_as "app:$state" $state
		# The one that is loaded is in the same; a destroyed one goes.
		[ $state = destroyed ] || check "$(tk state "$key")" = $state
		keyctl unlink "$key" @s 2> /dev/null || :
	done
	# Not loaded any more; what does not follow is refused, and changes nothing.
	keyctl clear @s
	errs 3 EPERM state --stored app:pre-active suspended --socket "$tmp/run/socket"
	errs 3 EPERM state --stored app:deactivated active --socket "$tmp/run/socket"
	errs 3 EPERM state --stored app:compromised deactivated --socket "$tmp/run/socket"
	errs 3 EPERM state --stored app:destroyed active --socket "$tmp/run/socket"
	for state in pre-active active suspended deactivated compromised destroyed; do
		kept_as "app:$state" $state
	done
	# Up and down again, and what is the same is no error.
	stored state --stored app:suspended active
	stored state --stored app:suspended suspended
	stored state --stored app:suspended suspended
	kept_as app:suspended suspended
	tkmd_kill
	keyctl clear @s
	tkmd_start
	kept_as app:suspended suspended
	kept_as app:destroyed destroyed
	check "$(tk state "$(tk load app:deactivated)")" = deactivated
	errs 1 ENOKEY state --stored app:none --socket "$tmp/run/socket"
	errs 1 ENOKEY state --stored app:none active --socket "$tmp/run/socket"
	errs 4 ECONNREFUSED state --stored app:active --socket "$tmp/none"
	wrong state --stored app:active lost
	wrong state --stored
	wrong state app:active active now
	ends 1 as 4520 tkm state --stored app:active destroyed --socket "$tmp/run/socket"
	says "(ENOKEY)"
	kept_as app:active active
	# Done by whom is in the audit.
	poll 20 state_is_written || fail "$(stored audit show)"
	tkmd_stop
}

state_is_written()
{
	stored audit show --key app:suspended --event state --json |
		jq -e '[.[] | select(.state == "suspended" and .result == "ok" and .uid == 0)] | length >= 2' > /dev/null
}
claim "the state of a kept key, in all six, is told and set as that of a loaded one" states

# More than one part of a list.
many()
{
	local i key

	tkmd_start
	for ((i = 0; i < 40; i++)); do
		key=$(new_key "$(printf 'many:%0180d' $i)" parent=srk)
		keyctl unlink "$key" @s
	done
	check "$(stored list --stored | sort -u | wc -l)" = 40
	check "$(stored check)" = "40 checked, 0 damaged"
	tkmd_stop
}
claim "a long list is whole" many

others()
{
	tkmd_start
	tkm new app:root > /dev/null || fail "$(cat "$tmp/tkmd.log")"
	as 4520 tkm new app:mine > "$tmp/out"
	check "$(as 4520 tkm list --stored --socket "$tmp/run/socket" | awk '{ print $NF }')" = app:mine
	ends 1 as 4520 tkm show --stored app:root --socket "$tmp/run/socket"
	says "(ENOKEY)"
	ends 3 as 4520 tkm list --stored --all --socket "$tmp/run/socket"
	says "(EPERM)"
	check "$(stored list --stored --all | awk '{ print $4, $5 }' | sort | xargs)" = \
		"0/init app:root 4520/init app:mine"
	tkmd_stop
}
claim "each user is told of their own, root of all" others

run_claims
