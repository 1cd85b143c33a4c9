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
	check "$(stored check --all --json | jq -c .)" = '{"checked":2,"bad":[]}'
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
