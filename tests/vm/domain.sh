#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Domains with passwords: what is locked, what the TPM counts, and that one user's
# typing is no other's harm. A TPM of its own, whose counter is looked at.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/count.bash"
. "$(dirname "$0")/helper.bash"

# A TPM that allows many tries, or as many as are said, and forgets none soon.
begin()
{
	keyctl clear @s
	keyctl link @u @s
	tpm_have domain
	module_reload
	tpm2_dictionarylockout -Q -c
	tpm2_dictionarylockout -Q -s -n "${1-32}" -t "${2-10000}" -l 1
}

counter()
{
	tpm2_getcap properties-variable | sed -n 's/^TPM2_PT_LOCKOUT_COUNTER: *//p'
}

no_lockout()
{
	check "$(tpm2_getcap properties-variable | sed -n 's/^ *inLockout: *//p')" = 0
}

# password TEXT: the number of a key that holds it
password()
{
	keyop add logon "pw:$1" "$1" @s
}

domain()
{
	must add tkm-domain me "$1" @s
}

no_key()
{
	expect_errno ENOKEY "$@"
}

used()
{
	must update "$1" "publish logon:used:$1 keyring=@s" > /dev/null
	keyctl unlink "$(keyctl search @s logon "used:$1")" @s
}

whole_story()
{
	local right wrong unlock key pair published

	begin
	right=$(password right) wrong=$(password wrong)
	unlock=$(domain "new auth=$right")
	contains "$(keyctl rdescribe "$unlock")" tkm-domain
	contains "$(grep tkm-doma /proc/keys)" "me: unlocked"
	key=$(new_key a:b)
	pair=$(new_key a:pair ec)
	chain_of "$key" "$tmp/key.der"
	chain_of "$pair" "$tmp/pair.der"
	# The TDK, and it alone, has no noDA.
	check "$(areas_of "$tmp/key.der" | sed -n '1~2p' | cut -c 13-20 | paste -sd ' ')" = \
		"00030472 00030072 00030472 00000452"
	used "$key"
	must update "$key" "publish logon:a:live keyring=@s" > /dev/null
	published=$(keyctl search @s logon a:live)
	check "$(counter)" = 0x0
	must update "$unlock" lock > /dev/null
	contains "$(grep tkm-doma /proc/keys)" "me: locked"
	# At once: the keys are gone, and what they had published soon.
	no_key keyop update "$key" "publish logon:used:x keyring=@s"
	no_key keyctl pipe "$pair"
	no_key keyop add tkm a:new new @s
	no_key keyop add tkm other:new new @s
	no_key keyop add tkm a:b "load $(hex "$tmp/key.der")" @s
	no_key keyop add tkm a:pair "load $(hex "$tmp/pair.der")" @s
	poll 10 is_revoked "$published"
	check "$(counter)" = 0x0
	# Wrong: one count, and no more.
	expect_errno EKEYREJECTED keyop update "$unlock" "unlock auth=$wrong"
	check "$(counter)" = 0x1
	no_key keyop add tkm a:b "load $(hex "$tmp/key.der")" @s
	must update "$unlock" "unlock auth=$right" > /dev/null
	check "$(counter)" = 0x1
	key=$(loads a:b key)
	used "$key"
	keyctl pipe "$(loads a:pair pair)" > /dev/null
	new_key a:new > /dev/null
	# Another user, and one without a password: nothing of that is theirs.
	as 4601 keyop add tkm a:b new @s > /dev/null
	as 4601 bash -c '! keyop add tkm-domain x "unlock auth=$(keyop add user p right @s)" @s' |
		grep -qx ENOKEY
	keyctl unlink "$unlock" @s
	poll 10 is_locked
}

is_revoked()
{
	! keyctl read "$1" > /dev/null 2> "$tmp/read" && grep -q revoked "$tmp/read" ||
		! keyctl search @s logon a:live > /dev/null 2>&1
}

is_locked()
{
	! keyop add tkm a:probe new @s > "$tmp/probe" && grep -qx ENOKEY "$tmp/probe"
}
claim "a password: made, locked at once, one count for a wrong one, unlocked" whole_story

# By netlink: by who did not unlock it, and has no password.
administered()
{
	local right key unlock

	begin
	expect_errno ENOKEY nlop domain
	expect_errno ENOKEY nlop lock
	check "$(nlop domains all | wc -l)" = 0
	right=$(password right)
	unlock=$(domain "new auth=$right")
	key=$(new_key a:b)
	must update "$key" "publish logon:a:live keyring=@s" > /dev/null
	check "$(nlop domain)" = "0 init openers=1"
	as_open 4605
	right=$(as_do keyop add user p right @s)
	as_do keyop add tkm-domain me "new auth=$right for=900" @s > /dev/null
	as_do keyop add tkm-domain two "unlock auth=$right for=90" @s > /dev/null
	as_do keyop add tkm a:b new @s > /dev/null
	is_of_4605 "$(as_do nlop domain)"
	is_of_4605 "$(as_do nlop domains)"
	is_of_4605 "$(nlop domain 4605 0)"
	check "$(nlop domains all | cut -d ' ' -f 1 | paste -sd ' ')" = "0 4605"
	check "$(nlop domains)" = "0 init openers=1"
	# Nobody else's, and not over a socket of somebody else's.
	expect_errno EPERM as_do nlop domain 0 0
	expect_errno EPERM as_do nlop domains all
	expect_errno EPERM as_do nlop lock 0 0
	expect_errno EPERM as_do nlop lock 4605 1
	expect_errno EPERM nlop -o 4605 -s 0 lock
	expect_errno EPERM nlop -o 0 -s 4605 lock 0 0
	expect_errno EINVAL nlop lock 4605
	used "$key"
	as_do keyctl search @s tkm a:b > /dev/null
	# By an administrator: all of its keys at once, and no other domain's.
	nlop lock 4605 0
	expect_errno ENOKEY as_do keyop add tkm a:c new @s
	expect_errno ENOKEY nlop lock 4605 0
	expect_errno ENOKEY as_do nlop domain
	poll 20 theirs_is_gone
	used "$key"
	right=$(as_do keyop add user p right @s)
	as_do keyop add tkm-domain me "unlock auth=$right" @s > /dev/null
	as_do keyop add tkm a:c new @s > /dev/null
	# By oneself, from anywhere.
	as 4605 nlop lock
	expect_errno ENOKEY as_do keyop add tkm a:d new @s
	as_close
	check "$(nlop domains all)" = "0 init openers=1"
	nlop lock
	no_key keyop update "$key" "publish logon:used:x keyring=@s"
	poll 10 is_revoked "$(keyctl search @s logon a:live 2> /dev/null || echo 0)"
	contains "$(grep tkm-doma /proc/keys)" "me: locked"
	must update "$unlock" "unlock auth=$(password right)" > /dev/null
	check "$(nlop domain)" = "0 init openers=1"
	check "$(counter)" = 0x0
}

# Of the two spans the longer one.
is_of_4605()
{
	[[ $1 =~ ^4605\ init\ openers=2\ left=(900|8[0-9][0-9])$ ]] || fail "'$1'"
}

theirs_is_gone()
{
	! as_do keyctl search @s tkm a:b > /dev/null 2>&1
}
claim "who is unlocked is told to them and to an administrator, who may lock it" administered

# The same key's chain, before anything of the domain was seen; and with a policy.
after_boot()
{
	local right auth

	begin
	right=$(password right)
	domain "new auth=$right" > /dev/null
	make_chain plain a:b
	make_chain pcrs a:p "pcrs=7"
	auth=$(auth_key value)
	make_chain both a:both "pcrs=7 auth=$auth"
	make_chain pair a:pair "ec pcrs=7"
	begin
	right=$(password right)
	auth=$(auth_key value)
	load_refused ENOKEY a:p pcrs
	# The TDK is known by now, if not open.
	domain "unlock auth=$right" > /dev/null
	loads a:p pcrs > /dev/null
	loads a:both both "auth=$auth" > /dev/null
	loads a:b plain > /dev/null
	loads a:pair pair > /dev/null
	check "$(counter)" = 0x0
	# No password, no TDK.
	begin
	no_key keyop add tkm-domain me "unlock auth=$(password right)" @s
}
claim "chains of a locked domain load once it is unlocked, with policies too" after_boot

times()
{
	local right key unlock

	begin
	right=$(password right)
	unlock=$(domain "new auth=$right for=$((3 * slow))")
	key=$(new_key a:b)
	used "$key"
	poll 20 is_locked
	no_key keyop update "$key" "publish logon:used:x keyring=@s"
	# The keyring counts in another clock's seconds.
	poll 20 is_not_shown "$unlock"
	expect_errno EKEYEXPIRED keyop update "$unlock" "unlock auth=$right"
	# As long as a session lives; and of two, the longer one.
	keyctl unlink "$unlock" @s
	as_open 4602
	right=$(as_do keyop add user p right @s)
	as_do keyop add tkm-domain me "new auth=$right" @s > /dev/null
	as_do keyop add tkm a:b new @s > /dev/null
	as_do keyop session bash -c 'keyop add tkm-domain two "unlock auth=$(keyop add user p right @s)" @s' > /dev/null
	as_do keyop add tkm a:c new @s > /dev/null
	as_close
	poll 20 theirs_is_locked
}

is_not_shown()
{
	! keyctl rdescribe "$1" > /dev/null 2>&1
}

theirs_is_locked()
{
	[ "$(as 4602 keyop add tkm a:d new @s || :)" = ENOKEY ]
}
claim "unlocked for a time, or for a session's life" times

changed()
{
	local old new unlock

	begin
	mkdir "$tmp/db"
	helper_start keep "$tmp/db"
	old=$(password old) new=$(password new)
	unlock=$(domain "new auth=$old")
	expect_errno EEXIST keyop add tkm-domain me2 "new auth=$old" @s
	make_chain before a:b
	expect_errno EKEYREJECTED keyop update "$unlock" "passwd auth=$new new=$old"
	check "$(counter)" = 0x1
	cp "$tmp/db/0.0@" "$tmp/old"
	must update "$unlock" "passwd auth=$old new=$new" > /dev/null
	! cmp -s "$tmp/db/0.0@" "$tmp/old" || fail "nothing was kept"
	# The keys beneath are as they were.
	loads a:b before > /dev/null
	new_key a:after > /dev/null
	must update "$unlock" lock > /dev/null
	expect_errno EKEYREJECTED keyop update "$unlock" "unlock auth=$old"
	check "$(counter)" = 0x2
	must update "$unlock" "unlock auth=$new" > /dev/null
	loads a:b before > /dev/null
	helper_stop
	expect_errno ENOTCONN keyop update "$unlock" "passwd auth=$new new=$old"
	# A helper that cannot keep it: the old one stays.
	helper_start say 28
	expect_errno ENOSPC keyop update "$unlock" "passwd auth=$new new=$old"
	helper_stop
	must update "$unlock" "unlock auth=$new" > /dev/null
	# After a boot the helper's is what counts.
	begin
	old=$(password old) new=$(password new)
	helper_start keep "$tmp/db"
	no_key keyop add tkm a:locked new @s
	expect_errno EKEYREJECTED keyop add tkm-domain me "unlock auth=$old" @s
	domain "unlock auth=$new" > /dev/null
	loads a:b before > /dev/null
	new_key a:later > /dev/null
	check "$(areas_of "$tmp/db/0.0.a:later" | sed -n 3,5p)" = \
		"$(areas_of "$tmp/db/0.0.a:after" | sed -n 3,5p)"
	helper_stop
}
claim "another password: kept by the helper first, keys beneath untouched" changed

typing()
{
	local i right out other

	begin 8
	right=$(password right)
	other=$(domain "new auth=$right")
	as_open 4603
	as_do keyop add tkm-domain me "new auth=$(as_do keyop add user p right @s)" @s > /dev/null
	as_do keyop update "$(as_do keyctl search @s tkm-domain me)" lock
	out=$(as_do keyop add user w wrong @s)
	for ((i = 0; i < 100; i++)); do
		as_do keyop add tkm-domain me "unlock auth=$out" @s || :
	done > "$tmp/tries"
	comment "a hundred tries: $(sort "$tmp/tries" | uniq -c | paste -sd ' ')"
	check "$(grep -cx EKEYREJECTED "$tmp/tries")" -ge 3
	check "$(grep -cx EKEYREJECTED "$tmp/tries")" -le 4
	check "$(grep -cx EAGAIN "$tmp/tries")" -ge 96
	no_lockout
	check "$(($(counter)))" -le 4
	# Nobody else has to wait.
	must update "$other" lock > /dev/null
	must update "$other" "unlock auth=$right" > /dev/null
	new_key a:mine > /dev/null
	as 4604 keyop add tkm a:b new @s > /dev/null
	as 4605 bash -c 'keyop add tkm-domain me "new auth=$(keyop add user p x @s)" @s && keyop add tkm a:b new @s' > /dev/null
	as_close
}
claim "a hundred wrong passwords of one user: the TPM sees half of what it allows, others go on" typing

# The same user's domain in a container is another one: it does not wait for this
# one's typing, and a right password there makes none of the waiting here shorter.
typing_beside()
{
	local out

	begin 100
	as_open 4606
	as_do keyop add tkm-domain me "new auth=$(as_do keyop add user p right @s)" @s > /dev/null
	as_do keyop update "$(as_do keyctl search @s tkm-domain me)" lock > /dev/null
	out=$(as_do keyop add user w wrong @s)
	for _ in 1 2 3; do
		check "$(as_do keyop add tkm-domain me "unlock auth=$out" @s || :)" = EKEYREJECTED
	done
	as_do nlop status > "$tmp/status"
	contains "$(cat "$tmp/status")" " wrong=3 "
	as_do unshare -Ur keyop session bash -euc '
		status() { nlop status | sed -n "s/.* wrong=\([0-9]*\).* wait=\([0-9]*\).*/\1 \2/p"; }
		echo "before: $(status)"
		right=$(keyop add user p theirs @s) wrong=$(keyop add user w wrong @s)
		domain=$(keyop add tkm-domain me "new auth=$right" @s)
		keyop update $domain lock > /dev/null
		! keyop update $domain "unlock auth=$wrong"
		echo "wrong: $(status)"
		keyop update $domain "unlock auth=$right" > /dev/null
		echo "right: $(status)"' > "$tmp/beside"
	check "$(cat "$tmp/beside")" = "$(printf '%s\n' "before: 0 0" EKEYREJECTED "wrong: 1 0" "right: 0 0")"
	# What the TPM counts is the user's, wherever it was typed.
	as_do nlop status > "$tmp/status"
	contains "$(cat "$tmp/status")" " wrong=3 tries=46 "
	check "$(counter)" = 0x4
	as_close
}
claim "a domain's wrong passwords make that domain wait, not the user's other one" typing_beside

# Nobody spends the last try of all.
last_try()
{
	local uid

	begin 3
	for uid in 4611 4612; do
		as "$uid" bash -c 'p=$(keyop add user p right @s) w=$(keyop add user w wrong @s)
			k=$(keyop add tkm-domain me "new auth=$p" @s)
			keyop update $k lock; keyop update $k "unlock auth=$w"' > "$tmp/$uid" || :
		check "$(tail -n 1 "$tmp/$uid")" = EKEYREJECTED
	done
	check "$(counter)" = 0x2
	as 4613 bash -c 'p=$(keyop add user p right @s) w=$(keyop add user w wrong @s)
		k=$(keyop add tkm-domain me "new auth=$p" @s)
		keyop update $k lock; keyop update $k "unlock auth=$w"' > "$tmp/4613" || :
	check "$(tail -n 1 "$tmp/4613")" = EBUSY
	check "$(counter)" = 0x2
	no_lockout
	keyctl clear @s
	new_key a:unguarded > /dev/null
}
claim "the last try that the TPM allows is nobody's" last_try

# The power goes while keys are in use: nothing is counted against them.
power_cuts()
{
	local i before cuts=${TKM_CUTS:-5}

	uname -r | grep -q uml && cuts=${TKM_CUTS:-100}
	[ "$slow" = 1 ] || cuts=2
	begin 3
	make_chain key a:b
	# What was used before, the administrator's password, costs one.
	tpm_cut 2> /dev/null
	before=$(counter)
	for ((i = 0; i < cuts; i++)); do
		keyctl clear @s
		tpm_cut 2> /dev/null
		module_reload
		loads a:b key > /dev/null
	done
	comment "$cuts cuts: the TPM counts $before before, $(counter) after"
	check "$(counter)" = "$before"
	no_lockout
}

# Without TPM2_Shutdown, in the midst of work.
tpm_cut()
{
	kill -KILL "$(cat "$tpms/domain.pid")"
	poll 20 tpm_gone "$TPM_DEV" || fail "the TPM did not go"
	rm -f "$tpms/domain.pid"
	tpm_start domain
}
claim "power cuts cost keys without a password nothing" power_cuts

words()
{
	local key p

	begin
	p=$(password p)
	for word in "" new unlock lock passwd "new auth=0" "new auth=" "new auth=$p for=0" \
		"new auth=$p for=31536001" "new auth=$p auth=$p" "new auth=$p new=$p" \
		"lock now" " new auth=$p" "unlock auth=$p x" "news auth=$p"; do
		refuses_early EINVAL add tkm-domain me "$word" @s
	done
	refuses_early EINVAL add tkm-domain a:b "new auth=$p" @s
	key=$(domain "new auth=$p")
	for word in "lock now" "passwd auth=$p" "passwd new=$p" "new auth=$p"; do
		refuses_early EINVAL update "$key" "$word"
	done
	expect_errno EOPNOTSUPP keyctl read "$key"
}
claim "what is no word for a domain is refused early" words

costs()
{
	local key p

	begin
	p=$(password p)
	key=$(domain "new auth=$p")
	# The first use of a password after a reset is noted in the TPM's memory.
	new_key a:b > /dev/null
	must update "$key" lock > /dev/null
	check "$(commands_sent domain keyop update "$key" "unlock auth=$p")" = \
		"StartAuthSession ContextLoad Load ObjectChangeAuth FlushContext FlushContext FlushContext"
	# Once: the ASK, below the TDK. Then as ever.
	check "$(commands_sent domain keyop add tkm a:c new @s)" = \
		"StartAuthSession ContextLoad Load FlushContext CreatePrimary FlushContext ContextSave Load FlushContext ContextSave Create FlushContext"
	check "$(commands_sent domain keyop add tkm a:d new @s)" = \
		"StartAuthSession ContextLoad Create FlushContext"
}
claim "a password costs three commands and a session, then a load of each ASK" costs

run_claims
