#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# tkm migrate: a domain, an application and a key in packets, from platform A to B.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2119,SC2154,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$here/tk.bash"
. "$here/tkmd.bash"
. "$here/platform.bash"
. "$here/approval.bash"
. "$here/moving.bash"
. "$here/a_and_b.bash"

# Another user's, which root exports: in $tmp/user, with a message in $tmp/user-message.
users_key()
{
	chmod a+rx "$tmp"
	chmod a+r "$tmp/mine.tpm2b" "$tmp/in"
	as 4501 bash -euc '
		approver=$(keyctl padd user approver @s < "$1/mine.tpm2b")
		key=$(keyop add tkm web:two "new class=portable approver=$approver use=crypt" @s)
		keyctl pkey_encrypt "$key" 0 "$1/in" enc=gcm' - "$tmp" > "$tmp/user-message"
	p migrate export --owner 4501 --to b --approver "$work/mine.pem" -o "$tmp/user" domain
	check "$(p migrate show --json "$tmp/user" | jq -c '[.owner, (.keys | length)]')" = '[4501,1]'
}

packets()
{
	local key approver what at

	authority mine
	public_file mine "$tmp/mine.tpm2b"
	acquainted
	approver=$(keyctl padd user approver @s < "$tmp/mine.tpm2b")
	kept_key web:two "class=portable approver=$approver use=publish,crypt"
	kept_key web:one "ec class=portable"
	kept_key mail:one "class=portable"
	kept_key web:fixed
	key=$(found web:two)
	echo "a letter" > "$tmp/in"
	keyctl pkey_encrypt "$key" 0 "$tmp/in" enc=gcm > "$tmp/message"
	keyctl unlink "$key" @s
	for what in domain "application web" "key web:two"; do
		# shellcheck disable=SC2086
		p migrate export --to b --approver "$work/mine.pem" -o "$tmp/${what%% *}" $what
	done
	check "$(stat -c %a "$tmp/domain")" = 600
	# Never the same twice (M-12).
	p migrate export --to b --approver "$work/mine.pem" -o "$tmp/again" key web:two
	! cmp -s "$tmp/again" "$tmp/key" || fail "the same packet twice"
	# What does not move, and what nobody approved (M-14).
	ends 1 tkm migrate export --socket "$tmp/run/socket" --to b --approver "$work/mine.pem" key web:fixed
	says "(ENOKEY)"
	authority other
	ends 3 tkm migrate export --socket "$tmp/run/socket" --to b --approver "$work/other.pem" key web:two
	says "does not move there with this approval"
	p migrate export --to b --approver "$work/mine.pem" --move -o "$tmp/move" application mail
	users_key
	# Its own is known for that; and is for another one.
	check "$(p migrate show --json "$tmp/move" | jq -r '[.from, .purpose] | join(", ")')" = \
		"this platform, move"
	ends 3 tkm migrate import --socket "$tmp/run/socket" --yes "$tmp/key"
	contains "$(cat "$tmp/err")" "the packet is for another platform"
	for what in domain application key move message user user-message; do
		cp "$tmp/$what" "$work"
	done
	go B
	check "$(keys_in "$tmp/domain" | cut -d ' ' -f 2 | xargs)" = "mail:one web:one web:two"
	check "$(keys_in "$tmp/application" | cut -d ' ' -f 2 | xargs)" = "web:one web:two"
	check "$(keys_in "$tmp/key")" = "active web:two"
	p migrate show --json "$tmp/key" > "$tmp/json"
	check "$(jq -r '[.from, .purpose, .top, .class] | join(" ")' "$tmp/json")" = "a copy key portable"
	check "$(jq -r .to "$tmp/json")" = "$(p platform show --json | jq -r .tkmrk)"
	# A bit, a byte more, one less; junk, and what claims to be large.
	for at in 100 400 -40 -300; do
		python3 -c 'import sys
b = bytearray(open(sys.argv[1], "rb").read()); b[int(sys.argv[2])] ^= 4
open(sys.argv[3], "wb").write(b)' "$tmp/key" "$at" "$tmp/bad"
		! tkm migrate show --socket "$tmp/run/socket" "$tmp/bad" > "$tmp/out" 2> "$tmp/err" ||
			fail "byte $at is another, and it is shown"
		grep -qE '\((EBADMSG|EKEYREJECTED|EOPNOTSUPP)\)$' "$tmp/err" || fail "$(cat "$tmp/err")"
		check "$(cat "$tmp/out")" = ""
	done
	{ cat "$tmp/key"; echo; } > "$tmp/bad"
	ends 1 tkm migrate show --socket "$tmp/run/socket" "$tmp/bad"
	says "is no packet, or is damaged (EBADMSG)"
	head -c -1 "$tmp/key" > "$tmp/bad"
	ends 1 tkm migrate show --socket "$tmp/run/socket" "$tmp/bad"
	truncate -s 100M "$tmp/bad"
	ends 1 tkm migrate show --socket "$tmp/run/socket" "$tmp/bad"
	says "(EBADMSG)"
	printf '\x30\x84\xff\xff\xff\xff' > "$tmp/bad"
	ends 1 tkm migrate show --socket "$tmp/run/socket" "$tmp/bad"
	says "(E2BIG)"
	leave
}
claim "packets say what is in them, from whom, and for whom" packets

# web:two as it was on A, by what tkmd keeps, and what else came with it.
is_web_two()
{
	local key

	key=$(tk load web:two)
	check "$(tk decrypt --enc gcm web:two "$work/message")" = "a letter"
	chain_of "$key" "$tmp/chain"
	check "$(values "$tmp/chain" 1 | wc -l)" = "$1"
	keyctl unlink "$key" @s
}

taken()
{
	go_B_empty
	trace_clear
	check "$(imports -o "$tmp/receipt" "$work/domain" | tail -n 1)" = "3 keys taken"
	# One object for the TPM, whatever lies below.
	check "$(trace_names | grep -Ec '^(Import|Load)$')" = 2
	check "$(stored)" = "mail:one web:one web:two"
	is_web_two 4
	# Once, whatever the file is called; its receipt is there at any time.
	cp "$work/domain" "$tmp/again"
	refused_import 5 "is good for one time (EALREADY)" "$tmp/again"
	tkmd_stop
	keyctl clear @s
	module_reload
	tkmd_start
	is_web_two 4
	refused_import 5 "(EALREADY)" "$work/domain"
	p migrate receipt -o "$tmp/later" "$work/domain"
	check "$(values "$tmp/later" 2 | wc -l)" = "$(values "$tmp/receipt" 2 | wc -l)"
	# Names that are here: refused, and nothing of it came; or left, or replaced.
	refused_import 5 "there is a key web:two here already: nothing was taken (EEXIST)" "$work/key"
	refused_import 5 "(EEXIST)" "$work/application"
	check "$(imports --existing keep "$work/application" | tail -n 1)" = \
		"0 keys taken, 2 left out: there are others of their names"
	is_web_two 4
	ends 3 tkm migrate receipt --socket "$tmp/run/socket" -o "$tmp/none" "$work/application"
	says "2 keys of the packet were not taken"
	check "$(imports --existing replace "$work/key" | tail -n 1)" = "1 keys taken"
	is_web_two 2
	check "$(stored)" = "mail:one web:one web:two"
	all_is_whole
	contains "$(ask '{"verb":"audit","event":"packet-take"}')" '"result":"EEXIST"'
	leave
}
claim "a domain that was imported is kept and used; a second time is refused by name" taken

# tkm_chain_verify() takes them; tkmd has to, too.
short()
{
	go_B_empty
	check "$(imports --json "$work/application" | jq -c '[.from, .top, .taken, .left]')" = \
		'["a","application",2,0]'
	check "$(stored)" = "web:one web:two"
	is_web_two 3
	tk load web:one > /dev/null
	tk sign -o "$tmp/sig" web:one "$work/message"
	tk verify web:one "$tmp/sig" "$work/message"
	# What came without its domain is not in a backup of one, which says so.
	openssl pkey -in "$work/mine.pem" -pubout -out "$tmp/mine.pub"
	p new here:one -k @p --approver "$tmp/mine.pub" class=portable > /dev/null
	ends 0 tkm backup --socket "$tmp/run/socket" --approver "$work/mine.pem" -o "$tmp/own" domain
	says "2 keys of that class are in another branch, and stay"
	check "$(p migrate show --json "$tmp/own" | jq -r '.absent[] | "\(.key) \(.why)"' | xargs)" = \
		"web:one branch web:two branch"
	go_B_empty
	imports "$work/key" > /dev/null
	is_web_two 2
	# Another user's is that user's here, beside root's of the same name.
	refused_import 3 "the keys are of uid 4501, which is nobody here (EPERM)" "$work/user"
	check "$(imports --even-so "$work/user" | tail -n 1)" = "1 keys taken"
	chmod a+rx "$tmp" "$work"
	cp "$work/user-message" "$tmp/in"
	chmod a+r "$tmp/in"
	check "$(as 4501 bash -euc 'key=$(keyctl request2 tkm web:two x @s)
		keyctl pkey_decrypt "$key" 0 "$1" enc=gcm' - "$tmp/in")" = "a letter"
	is_web_two 2
	# What came may go on: back, and from there anywhere.
	p migrate export --to a --approver "$work/mine.pem" -o "$work/back" key web:two
	# The state goes with it, and may change as any other's.
	tkm state --stored --socket "$tmp/run/socket" web:two suspended
	check "$(ask '{"verb":"show","key":"web:two"}' | jq -r .state)" = suspended
	leave
}
claim "so are an application, and a key, that came without their domain" short

# give ID EXISTING FILE...: as tkm does it, but whatever FILE is ("-": none); "twice:FILE"
# sends it twice, of which the kernel closes what tkmd has no room for
give()
{
	python3 - "$tmp/run/socket" "$@" <<-'PYTHON'
		import json, socket, sys
		question = {"verb": "packet-take", "id": sys.argv[2], "existing": sys.argv[3],
		            "digest": "22" * 32, "source": "33" * 34}
		line = json.dumps(question).encode() + b"\n"
		said = []
		for name in sys.argv[4:]:
		    s = socket.socket(socket.AF_UNIX)
		    s.connect(sys.argv[1])
		    if name == "-":
		        s.sendall(line)
		    else:
		        with open(name.replace("twice:", ""), "rb") as f:
		            socket.send_fds(s, [line], [f.fileno()] * (1 + (name[:6] == "twice:")))
		    said.append(json.loads(s.makefile().readline()).get("errno", "ok"))
		print(*said)
	PYTHON
}

# arrival OBJECT STATE: that top chain's own key, as a file for give
arrival()
{
	local chain

	chain=$(cat "$1")
	printf '00000001%04x%s00000000000000010000000%s%08x0000' $((${#chain} / 2)) "$chain" "$2" "$3" |
		bytes
}

given()
{
	local i id=11111111111111111111111111111111

	go_B_empty
	imports "$work/key" > /dev/null
	kept_key own:key
	# A chain of two is what the TPM gives for a key that came alone.
	tk load web:two > /dev/null
	keyctl pipe %tkm:web:two > "$tmp/chain"
	arrival "$tmp/chain" 0 2 > "$tmp/good"
	check "$(give "$id" refuse "$tmp/good")" = EEXIST
	check "$(give "$id" keep "$tmp/good" "$tmp/good")" = "ok EALREADY"
	id=${id//1/2}
	check "$(give "$id" keep - /dev/zero "twice:$tmp/good")" = "EINVAL EINVAL EINVAL"
	check "$(give "$id" perhaps "$tmp/good")" = EINVAL
	# A copy of before is not better than what is here.
	tkm state --stored --socket "$tmp/run/socket" web:two compromised
	check "$(give "$id" replace "$tmp/good")" = ok
	check "$(ask '{"verb":"show","key":"web:two"}' | jq -r .state)" = compromised
	# Cut short anywhere, a byte more; states and parents that there are not.
	for i in 0 1 7 40 -1 -9; do
		head -c "$i" "$tmp/good" > "$tmp/bad$i"
	done
	{ cat "$tmp/good"; echo; } > "$tmp/bad-more"
	arrival "$tmp/chain" 0 6 > "$tmp/bad-state"
	arrival "$tmp/chain" 1 2 > "$tmp/bad-parent"
	for i in "$tmp"/bad*; do echo EBADMSG; done > "$tmp/wanted"
	check "$(give "${id//2/3}" replace "$tmp"/bad*)" = "$(xargs < "$tmp/wanted")"
	truncate -s 65M "$tmp/bad-long"
	check "$(give "${id//2/3}" replace "$tmp/bad-long")" = E2BIG
	check "$(stored)" = "web:two own:key"
	all_is_whole
	# Nobody else does, whatever comes along.
	chmod 755 "$tmp" "$tmp/run"
	chmod 644 "$tmp/good"
	check "$(as 4501 bash -c "$(declare -f give); tmp=$tmp; give $id keep $tmp/good")" = EPERM
	leave
}
claim "tkmd takes whole files of keys, of root, each packet once" given

# More than tkmd lists at a time, and than it tells chains of.
many()
{
	local n=70 i approver

	in_part || n=20
	go A
	public_file mine "$tmp/mine.tpm2b"
	approver=$(keyctl padd user approver @s < "$tmp/mine.tpm2b")
	for ((i = 0; i < n; i++)); do
		keyctl unlink "$(new_key "many:k$i" "class=portable approver=$approver use=crypt")" @s
	done
	tkm state --stored --socket "$tmp/run/socket" many:k13 suspended
	tkm state --stored --socket "$tmp/run/socket" many:k14 destroyed
	# Who has to wait is told for what.
	kill -STOP "$tkmd"
	(sleep 3; kill -CONT "$tkmd") &
	at_terminal 0 tkm migrate export --socket "$tmp/run/socket" --to b \
		--approver "$work/mine.pem" -o "$work/many" application many <<-SCRIPT
		wait tkm: migrate export: tkmd answers... 1 s
	SCRIPT
	wait $!
	check "$(keys_in "$work/many" | sort | uniq -c | wc -l)" = $((n - 1))
	check "$(keys_in "$work/many" | grep -c '^active many:k')" = $((n - 2))
	check "$(keys_in "$work/many" | grep -v '^active')" = "suspended many:k13"
	# Each is written down, once.
	check "$(p audit show --json --event export --key "many:k$((n - 1))" |
		jq -r '.[] | select(.program == "tkm") | "\(.key) \(.uid) \(.result)"')" = \
		"many:k$((n - 1)) 0 ok"
	go_B_empty
	check "$(imports "$work/many" | tail -n 1)" = "$((n - 1)) keys taken"
	check "$(stored | wc -w)" = $((n - 1))
	all_is_whole
	leave
}
claim "many keys move, and whoever waits is told for what" many

# retires STATUS TEXT PACKET RECEIPT
retires()
{
	ends "$1" tkm migrate retire --socket "$tmp/run/socket" --yes "$3" "$4"
	contains "$(cat "$tmp/out" "$tmp/err")" "$2"
}

moved()
{
	local at

	go_B_empty
	imports -o "$tmp/receipt" "$work/move" > /dev/null
	check "$(stored)" = mail:one
	imports -o "$tmp/other" "$work/key" > /dev/null
	# Not where they went.
	retires 3 "made by another platform" "$work/move" "$tmp/receipt"
	go A
	# For another packet, of a copy, damaged anywhere: nothing ends.
	retires 3 "is of another packet (EKEYREJECTED)" "$work/move" "$tmp/other"
	retires 3 "its keys stay (EPERM)" "$work/key" "$tmp/other"
	for at in 6 30 70 150 -40 -1; do
		python3 -c 'import sys
b = bytearray(open(sys.argv[1], "rb").read()); b[int(sys.argv[2])] ^= 1
open(sys.argv[3], "wb").write(b)' "$tmp/receipt" "$at" "$tmp/bad"
		! tkm migrate retire --socket "$tmp/run/socket" --yes "$work/move" "$tmp/bad" \
			> "$tmp/out" 2> "$tmp/err" || fail "byte $at is another, and it is believed"
		grep -qE '\((EBADMSG|EKEYREJECTED|EOPNOTSUPP)\)$' "$tmp/err" || fail "$(cat "$tmp/err")"
	done
	head -c -1 "$tmp/receipt" > "$tmp/bad"
	retires 1 "is no receipt, or is damaged (EBADMSG)" "$work/move" "$tmp/bad"
	truncate -s 100M "$tmp/bad"
	retires 1 "(E2BIG)" "$work/move" "$tmp/bad"
	check "$(state_here mail:one)" = active
	retires 0 "1 keys ended here" "$work/move" "$tmp/receipt"
	check "$(state_here mail:one)" = destroyed
	finds ENOKEY mail:one
	retires 0 "0 keys ended here" "$work/move" "$tmp/receipt"
	check "$(state_here web:two)" = active
	contains "$(ask '{"verb":"audit","event":"packet-retire"}')" '"result":"ok"'
	leave
}
claim "keys that move end at their source for the receipt, and for nothing else" moved

restored()
{
	go A
	tk backup --socket "$tmp/run/socket" --approver "$work/mine.pem" -o "$tmp/backup" application web
	check "$(p migrate show --json "$tmp/backup" | jq -r '[.purpose, .from] | join(" ")')" = \
		"backup this platform"
	tkm remove --yes --socket "$tmp/run/socket" web:two
	finds ENOKEY web:two
	keyctl clear @s
	ends 5 tkm restore --socket "$tmp/run/socket" --yes "$tmp/backup"
	contains "$(cat "$tmp/err")" "(EEXIST)"
	check "$(tk restore --socket "$tmp/run/socket" --yes --existing keep "$tmp/backup" | tail -n 1)" = \
		"1 keys taken, 1 left out: there are others of their names"
	is_web_two 3
	# And the same key came back from B.
	check "$(imports --existing replace "$work/back" | tail -n 1)" = "1 keys taken"
	is_web_two 2
	leave
}
claim "a backup brings back what was removed" restored

run_claims
