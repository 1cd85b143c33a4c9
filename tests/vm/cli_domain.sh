#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# tkm domain: a password for all of a user's keys, with tkmd, which keeps salt, cost
# and storage keys. A TPM of its own, whose counter is looked at.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$here/count.bash"
. "$here/tk.bash"
. "$here/tkmd.bash"

# A TPM that allows many tries, or as many as are said, and forgets none soon.
begin()
{
	keyctl clear @s
	tpm_have domain
	pkill -KILL -x tkmd || :
	poll 20 nobody_helps
	module_reload
	tpm2_dictionarylockout -Q -c
	tpm2_dictionarylockout -Q -s -n "${1-32}" -t 10000 -l 1
	tkmd_start
}

# As after a boot.
again()
{
	keyctl clear @s
	tkmd_stop
	module_reload
	tkmd_start
}

counter()
{
	printf '%d\n' "$(tpm2_getcap properties-variable | sed -n 's/^TPM2_PT_LOCKOUT_COUNTER: *//p')"
}

# What a first password costs: little, for the time of these tests.
cheap="--memory 8 --passes 1"

cost_of()
{
	[ "$1" != new ] || echo "$cheap"
}

# domain PASSWORD WORD [OPTION...]
domain()
{
	local password=$1

	shift
	# shellcheck disable=SC2046 # words
	tk domain "$@" $(cost_of "$1") --auth-stdin --socket "$tmp/run/socket" <<< "$password"
}

# refused STATUS ERRNO PASSWORD WORD [OPTION...]
refused()
{
	local status=$1 name=$2 password=$3

	shift 3
	# shellcheck disable=SC2046 # words
	ends "$status" tkm domain "$@" $(cost_of "$1") --auth-stdin --socket "$tmp/run/socket" <<< "$password"
	says "tkm: domain: "
	says "($name)"
}

about()
{
	ask '{"verb":"domains"}' | jq -r '.domains[0].about'
}

listed()
{
	tk domain list --socket "$tmp/run/socket" | awk '{ print $1, $2 }'
}

all_listed()
{
	tk domain list --all --socket "$tmp/run/socket" | awk '{ print $1, $2 }'
}

# What tkm status says of the domain
state_of()
{
	tkm status --json --socket "$tmp/run/socket" | jq -r .module.domain
}

whole_story()
{
	local key

	begin
	check "$(listed)" = ""
	check "$(state_of)" = none
	refused 1 ENOKEY right unlock
	says "tkm domain new"
	domain right new
	check "$(listed)" = "0/init unlocked"
	check "$(state_of)" = unlocked
	check "$(tk domain list --json --socket "$tmp/run/socket" | jq -c '.[0] | [.owner, .side, .unlocked]')" = '[0,"init",true]'
	refused 5 EEXIST right new
	kept_key a:one
	kept_key a:ec ec
	is_kept a:one
	key=$(found a:one)
	tk domain lock --socket "$tmp/run/socket"
	check "$(listed)" = "0/init locked"
	check "$(state_of)" = locked
	contains "$(tkm status --socket "$tmp/run/socket")" $'\ndomain       locked\n'
	contains "$(tkm status --socket "$tmp/none")" "domain       unknown: the helper does not tell (ECONNREFUSED)"
	expect_errno ENOKEY keyop update "$key" "publish logon:a:b keyring=@s"
	finds ENOKEY a:one
	keyctl clear @s
	# Locked is locked, and no error.
	tk domain lock --socket "$tmp/run/socket"
	check "$(counter)" = 0
	refused 3 EKEYREJECTED wrong unlock
	says "three wrong ones in a row are free"
	check "$(counter)" = 1
	check "$(listed)" = "0/init locked"
	domain right unlock
	check "$(counter)" = 1
	is_kept a:one
	is_kept a:ec
	# After a boot.
	again
	check "$(listed)" = "0/init locked"
	finds ENOKEY a:one
	keyctl clear @s
	refused 3 EKEYREJECTED "right " unlock
	domain right unlock
	is_kept a:one
	is_kept a:ec
	kept_key a:later
	is_kept a:later
	check "$(ask '{"verb":"status"}' | jq .storage)" = 3
	contains "$(ask '{"verb":"check","all":true}')" '"bad":[]'
	contains "$(ask '{"verb":"check","all":true}')" '"bad-domains":[],"domains":1'
	tkmd_stop
}
claim "a password: new, lock, unlock; a wrong one is one count; keys are there after a boot" whole_story

# What libargon2 says, by another way.
value_is_argon2()
{
	local auth

	begin
	tk domain new --auth-stdin --socket "$tmp/run/socket" <<< "pass word"
	[[ $(about) =~ ^argon2id,v=19,m=65536,t=3,p=4,salt=[0-9a-f]{32}$ ]] || fail "$(about)"
	tk domain lock --socket "$tmp/run/socket"
	keyctl clear @s
	python3 - "$(about)" "pass word" > "$tmp/value" <<-'PYTHON'
		import ctypes, re, sys
		argon2 = ctypes.CDLL("libargon2.so.1").argon2id_hash_raw
		number, size, text = ctypes.c_uint32, ctypes.c_size_t, ctypes.c_char_p
		argon2.argtypes = number, number, number, text, size, text, size, text, size
		m, t, p, salt = re.fullmatch(r"argon2id,v=19,m=(\d+),t=(\d+),p=(\d+),salt=(.*)", sys.argv[1]).groups()
		salt, word, out = bytes.fromhex(salt), sys.argv[2].encode(), ctypes.create_string_buffer(32)
		assert argon2(int(t), int(m), int(p), word, len(word), salt, len(salt), out, 32) == 0
		sys.stdout.buffer.write(out.raw)
	PYTHON
	auth=$(keyctl padd logon pw:value @s < "$tmp/value")
	must add tkm-domain any "unlock auth=$auth" @s > /dev/null
	check "$(listed)" = "0/init unlocked"
	tkmd_stop
}
claim "the value is Argon2id of password, salt and cost, and of nothing else" value_is_argon2

held()
{
	local shown

	begin
	domain right new --for $((3 * slow))
	kept_key a:one
	poll 20 is_listed_locked || fail "$(listed)"
	finds ENOKEY a:one
	keyctl clear @s
	domain right unlock --for 1h
	is_kept a:one
	# One look: the hour is one of minutes a moment later.
	shown=$(grep tkm-doma /proc/keys)
	[[ $shown == *" 59m "* || $shown == *" 1h "* ]] || fail "$shown"
	tk domain lock --socket "$tmp/run/socket"
	# For a session, and as long as that is there.
	keyctl clear @s
	keyop session bash -c 'tkm domain unlock --auth-stdin --socket "$1" <<< right; keyctl request2 tkm a:one x @s' \
		- "$tmp/run/socket" > "$tmp/out"
	poll 20 is_listed_locked || fail "$(listed)"
	# In another session, too; where the module cannot be asked, with the password.
	echo right > "$tmp/password"
	as_open 0
	as_do tkm domain unlock --auth-file "$tmp/password" --socket "$tmp/run/socket"
	check "$(listed)" = "0/init unlocked"
	ends 3 unshare -n tkm domain lock --socket "$tmp/run/socket"
	says "(EACCES)"
	ends 3 unshare -n tkm domain lock --auth-stdin --socket "$tmp/run/socket" <<< wrong
	says "(EKEYREJECTED)"
	unshare -n tkm domain lock --auth-stdin --socket "$tmp/run/socket" <<< right
	check "$(listed)" = "0/init locked"
	as_do tkm domain unlock --auth-file "$tmp/password" --socket "$tmp/run/socket"
	check "$(listed)" = "0/init unlocked"
	tk domain lock --socket "$tmp/run/socket"
	check "$(listed)" = "0/init locked"
	tk domain lock --socket "$tmp/run/socket"
	as_close
	tkmd_stop
}

is_listed_locked()
{
	[ "$(listed)" = "0/init locked" ]
}
claim "unlocked for a time, or for a session; locked from any other one" held

# opens DESC: the same key, whose chain has its storage key in another form by now
opens()
{
	local key

	key=$(found "$1") || fail "$1 is not found: $key"
	check "$(keyctl pipe "$key" | tail -c 400)" = "$(tail -c 400 "$tmp/${1//:/_}")"
	must update "$key" "publish logon:opens:it keyring=@s" > /dev/null
	keyctl unlink "$key" @s
}

changed()
{
	local before key

	begin
	domain old new
	kept_key a:one
	before=$(about)
	refused 3 EKEYREJECTED $'wrong\nnew' passwd
	check "$(counter)" = 1
	check "$(about)" = "$before"
	domain $'old\nnew' passwd
	check "$(counter)" = 1
	# Another salt; keys as they were, and still open.
	check "$(about)" != "$before"
	opens a:one
	kept_key a:two
	tk domain lock --socket "$tmp/run/socket"
	refused 3 EKEYREJECTED old unlock
	domain new unlock
	opens a:one
	tkmd_kill
	keyctl clear @s
	module_reload
	tkmd_start
	refused 3 EKEYREJECTED old unlock
	domain new unlock
	opens a:one
	is_kept a:two
	kept_key a:three
	# One TDK, in one row, before and after.
	check "$(ask '{"verb":"status"}' | jq .storage)" = 3
	# Resealed from a chain of before: the row is the one that has the new password.
	key=$(must add tkm a:one "load $(cat "$tmp/a_one")" @s)
	must update "$key" "reseal pcrs=7" > /dev/null
	check "$(ask '{"verb":"status"}' | jq .storage)" = 3
	keyctl clear @s
	again
	domain new unlock
	keyctl unlink "$(found a:one)" @s
	tkmd_stop
}
claim "another password: another salt, the same keys, and only the new one from then on" changed

cost()
{
	begin
	tk domain new --memory 16 --auth-stdin --socket "$tmp/run/socket" <<< one
	[[ $(about) =~ ^argon2id,v=19,m=16384,t=3,p=4, ]] || fail "$(about)"
	contains "$(tk domain list --socket "$tmp/run/socket")" "argon2id 16 MiB, 3 passes, 4 lanes"
	domain $'one\ntwo' passwd
	[[ $(about) =~ ^argon2id,v=19,m=16384,t=3,p=4, ]] || fail "$(about)"
	domain $'two\nthree' passwd --memory 8 --passes 2
	[[ $(about) =~ ^argon2id,v=19,m=8192,t=2,p=4, ]] || fail "$(about)"
	tk domain lock --socket "$tmp/run/socket"
	domain three unlock
	for words in "new --memory 7" "new --memory 1025" "new --memory 8x" "new --passes 0" \
		"new --passes 65" "passwd --passes" "unlock --memory 8" "list --passes 3"; do
		# shellcheck disable=SC2086 # words
		wrong domain $words
	done
	tkmd_stop
}
claim "a try costs what was said, and after a change of the password what it did" cost

own_tries()
{
	tkm status --json | jq .module.passwords
}

typing()
{
	local i

	begin 8
	domain right new
	tk domain lock --socket "$tmp/run/socket"
	keyctl clear @s
	for i in 1 2 3; do
		refused 3 EKEYREJECTED wrong unlock
	done
	check "$(counter)" = 3
	says "3 wrong in a row, the next is tried "
	says "1 left before the TPM has to forget one"
	says "the TPM has counted 3 wrong ones of 8, half of which may be one user's, and forgets one every 10000 s"
	# Who may not ask the TPM is told the rule.
	as 4702 bash -c 'tkm domain new '"$cheap"' --auth-stdin --socket "$1" <<< theirs
		tkm domain lock --socket "$1"
		! tkm domain unlock --auth-stdin --socket "$1" <<< wrong' - "$tmp/run/socket" > "$tmp/out" 2>&1 ||
		fail "$(cat "$tmp/out")"
	contains "$(cat "$tmp/out")" "what to do: 1 wrong in a row, the next is tried at once, 3 left"
	contains "$(cat "$tmp/out")" "; three wrong ones in a row are free"
	check "$(counter)" = 4
	# To each their own, and nothing to who typed nothing.
	check "$(own_tries | jq -c '[.wrong, .left, .wait <= 1]')" = "[3,1,true]"
	check "$(as 4702 tkm status --json | jq -c .module.passwords)" = '{"wrong":1,"wait":0,"left":3}'
	check "$(as 4703 tkm status --json | jq -c .module.passwords)" = null
	contains "$(nlop status)" " wrong=3 tries=1 wait="
	# A socket that one opened and another writes to tells neither's.
	lacks "$(nlop -o 4702 status)" wrong
	lacks "$(nlop -s 4702 status)" wrong
	contains "$(tkm status)" "passwords    3 wrong in a row, "
	contains "$(tk domain list --socket "$tmp/run/socket")" " 3 wrong in a row, "
	# The next one is two seconds away, and then four.
	refused 3 EKEYREJECTED wrong unlock --wait
	check "$(counter)" = 5
	refused 5 EAGAIN right unlock
	says "nothing was tried"
	check "$(counter)" = 5
	# All that are one user's: until the TPM forgets the first, to the second.
	check "$(own_tries | jq -c '[.wrong, .left, .wait > 9000, .wait <= 10000]')" = "[4,0,true,true]"
	check "$(tk domain list --json --socket "$tmp/run/socket" | jq -c '.[0].passwords | [.wrong, .left]')" = "[4,0]"
	tkmd_stop
}
claim "after three wrong ones one has to wait, and is told so; nothing is counted meanwhile" typing

# typed WORDS SCRIPT...: on a terminal
typed()
{
	local word=$1

	shift
	# shellcheck disable=SC2086 # words
	printf '%s\n' "$@" | python3 "$here/terminal.py" tkm domain $word --socket "$tmp/run/socket"
}

sources()
{
	local long

	begin
	typed "new $cheap" "wait New password: " "type secret word" "wait Again: " "type secret word" > "$tmp/screen"
	lacks "$(cat "$tmp/screen")" secret
	contains "$(cat "$tmp/screen")" "keys that you made before have no password"
	tkm domain lock --socket "$tmp/run/socket"
	keyctl clear @s
	typed unlock "wait Password: " "type secret word" > "$tmp/screen"
	printf 'secret word' > "$tmp/file"
	chmod 600 "$tmp/file"
	tk domain unlock --auth-file "$tmp/file" --socket "$tmp/run/socket"
	tk domain unlock --auth-fd 7 --socket "$tmp/run/socket" 7< "$tmp/file"
	typed passwd "wait Old password: " "type secret word" "wait New password: " "type another" \
		"wait Again: " "type another" > "$tmp/screen"
	domain another unlock
	ends 3 typed passwd "wait Old password: " "type another" "wait New password: " "type one" \
		"wait Again: " "type two"
	contains "$(cat "$tmp/out")" "the two passwords are not the same"
	domain another unlock
	long=$(printf 'x%.0s' {1..1025})
	refused 1 E2BIG "$long" unlock
	refused 1 EINVAL "" unlock
	refused 1 EINVAL $'\nnew' passwd
	check "$(counter)" = 0
	ends 2 tkm domain passwd --auth-stdin --socket "$tmp/run/socket" <<< "one line"
	for words in "" look "unlock x" "unlock --for 0" "unlock --for 1x" "unlock --for 400d" \
		"lock --for 1" "new --all" "unlock --password x" "unlock -k nowhere"; do
		# shellcheck disable=SC2086 # words
		wrong domain $words
	done
	# Nobody asks, and nobody is there.
	ends 4 setsid tkm domain unlock --socket "$tmp/run/socket"
	says "(ENXIO)"
	errs 4 ECONNREFUSED domain unlock --socket "$tmp/none"
	errs 4 ECONNREFUSED domain list --socket "$tmp/none"
	tkmd_stop
}
claim "from a terminal, a file, a descriptor, standard input; never an argument" sources

others()
{
	local i

	begin
	domain right new
	as 4701 bash -c 'tkm domain new '"$cheap"' --auth-stdin --socket "$1" <<< theirs && keyop add tkm a:theirs new @s' \
		- "$tmp/run/socket" > "$tmp/out" 2>&1 || fail "$(cat "$tmp/out")"
	# Their session is over, and with it what it held, soon.
	poll 20 theirs_is_locked || fail "$(all_listed)"
	check "$(as 4701 tkm domain list --socket "$tmp/run/socket" | awk '{ print $1 }')" = 4701/init
	ends 3 as 4701 tkm domain list --all --socket "$tmp/run/socket"
	# Root sees who is unlocked, and may lock it; nobody else may.
	as_open 4701
	as_do bash -c 'tkm domain unlock --auth-stdin --socket "$1" <<< theirs' - "$tmp/run/socket"
	check "$(all_listed)" = $'0/init unlocked\n4701/init unlocked'
	ends 3 as 4701 tkm domain lock --owner root
	says "(EPERM)"
	tk domain lock --owner 4701/other
	ends 2 tkm domain lock --owner 4701/another
	ends 2 tkm domain unlock --owner 4701
	check "$(all_listed)" = $'0/init unlocked\n4701/init unlocked'
	tk domain lock --owner 4701
	check "$(all_listed)" = $'0/init unlocked\n4701/init locked'
	as_close
	# Another's password opens nothing of ours.
	refused 3 EKEYREJECTED theirs unlock
	tkmd_kill
	for i in argon2 salt=; do
		! grep -qa "$i" "$tmp"/state/* || fail "the disk has $i"
	done
	# A row that was changed is none.
	db "UPDATE domains SET about = (SELECT about FROM domains WHERE id = 2) WHERE id = 1"
	keyctl clear @s
	tkmd_start
	ends 1 tkm domain unlock --auth-stdin --socket "$tmp/run/socket" <<< right
	says "(EBADMSG)"
	contains "$(ask '{"verb":"check","all":true}')" '"bad-domains":[1],"domains":2'
	contains "$(ask '{"verb":"check"}')" '"bad-domains":[1],"domains":1'
	tkmd_stop
}

theirs_is_locked()
{
	[ "$(all_listed)" = $'0/init unlocked\n4701/init locked' ]
}
claim "each user's own; a copy of the disk tells nothing of it" others

run_claims
