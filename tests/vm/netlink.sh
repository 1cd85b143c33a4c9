#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The netlink family: what anyone may ask, who may be the helper, and what a
# helper is told, keeps and finds; that it is not believed, and that its end or its
# silence is nobody's for longer than said. The helper here is nlop.c.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/helper.bash"

find_key()
{
	keyctl request2 tkm "$1" x "${2-@s}"
}

anyone()
{
	local before after

	contains "$(nlop supports)" "version=0.1.0 features=0x1ff"
	check "$(as 4501 nlop supports)" = "$(nlop supports)"
	before=$(nlop status)
	check "$before" = "keys=0"
	keyctl unlink "$(new_key a:b)" @s
	new_key a:c > /dev/null
	after=$(as 4501 nlop status)
	contains "$after" "keys="
	lacks "$after" helper
	poll 10 one_key || fail "$(nlop status)"
}

one_key()
{
	[ "$(nlop status)" = "keys=1" ]
}
claim "anyone may ask what the module supports, and how it is" anyone

who_may_help()
{
	check "$(as 4501 nlop register || :)" = EPERM
	# Opened by one, used by the other: both have to be privileged.
	check "$(nlop -o 4501 register || :)" = EPERM
	check "$(nlop -s 4501 register || :)" = EPERM
	check "$(unshare -Ur nlop register || :)" = EPERM
	check "$(setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin nlop register || :)" = EPERM
	# Another network namespace has no such family.
	check "$(unshare -n nlop register || :)" = ENOENT
	check "$(unshare -Urn nlop status || :)" = ENOENT
	is_free
	for deadline in 0 99 600001 4294967295; do
		check "$(nlop register $deadline || :)" = EINVAL
	done
	echo "no chain" > "$tmp/chain"
	for verb in accept "done 1 0" "done 1 5" "done 0 0 $tmp/chain"; do
		# shellcheck disable=SC2086 # words
		check "$(nlop $verb || :)" = EPERM
	done
	helper_start hold
	check "$(nlop status)" = "keys=0 helper"
	check "$(nlop register || :)" = EBUSY
	for verb in accept "done 1 0"; do
		# shellcheck disable=SC2086 # words
		check "$(nlop $verb || :)" = EPERM
	done
	helper_stop
	nlop register
	is_free
}
claim "one helper, and only with CAP_SYS_ADMIN of who opened the socket and who sends" who_may_help

# The address of a helper that is gone makes nobody the helper.
same_address()
{
	helper_start hold
	helper_stop
	: > "$tmp/helper"
	nlop -a 4711 helper hold > "$tmp/helper" &
	helper=$!
	poll 20 grep -q registered "$tmp/helper"
	helper_stop
	check "$(nlop -a 4711 accept || :)" = EPERM
	check "$(nlop -a 4711 "done" 1 0 || :)" = EPERM
}
claim "whoever has the address that a helper had is no helper" same_address

kept()
{
	local key file first

	mkdir "$tmp/db"
	helper_start keep "$tmp/db"
	key=$(new_key a:b)
	# add_key returned: it is there.
	file="$tmp/db/0.0.a:b"
	check "$(hex "$file")" = "$(keyctl pipe "$key")"
	first=$(stat -c %s "$file")
	must update "$key" "reseal pcrs=7" > /dev/null
	check "$(hex "$file")" = "$(keyctl pipe "$key")"
	new_key c ec > /dev/null
	new_key flat:d parent=srk > /dev/null
	as 4501 keyop add tkm a:b new @s > /dev/null
	unshare -Ur keyop session keyop add tkm a:b new @s > /dev/null
	# Loading and using are nothing new: only the state is asked for.
	keyctl unlink "$key" @s
	key=$(must add tkm a:b "load $(hex "$file")" @s)
	must update "$key" "publish logon:net:link keyring=@s" > /dev/null
	told "store 0 init a:b chain=$first deadline" \
		"replace 0 init a:b chain=$(stat -c %s "$file") deadline" \
		"store 0 init default:c chain=$(stat -c %s "$tmp/db/0.0.default:c") deadline" \
		"store 0 init flat:d chain=$(stat -c %s "$tmp/db/0.0.flat:d") deadline" \
		"store 4501 init a:b chain=$(stat -c %s "$tmp/db/4501.0.a:b") deadline" \
		"store 0 other a:b chain=$(stat -c %s "$tmp/db/0.1.a:b") deadline" \
		"state 0 init a:b chain=$(stat -c %s "$file") deadline"
	helper_stop
	# Without one, keys are made as ever.
	new_key a:without > /dev/null
}
claim "a new key is kept before add_key returns, a resealed one in its place" kept

never_made()
{
	local quota=/proc/sys/kernel/keys/root_maxkeys old key

	mkdir "$tmp/db"
	helper_start keep "$tmp/db"
	key=$(new_key a:b)
	# That name has a key here; there, it has one too.
	expect_errno EEXIST keyop add tkm a:b new @s
	check "$(hex "$tmp/db/0.0.a:b")" = "$(keyctl pipe "$key")"
	keyctl unlink "$key" @s
	expect_errno EEXIST keyop add tkm a:b new @s
	rm "$tmp/db/0.0.a:b"
	# No quota, and what no key became goes away again.
	old=$(cat $quota)
	echo 1 > $quota
	expect_errno EDQUOT keyop add tkm a:c new @s
	echo "$old" > $quota
	poll 20 has_told drop
	check "$(ls "$tmp/db")" = ""
	contains "$(tail -n 1 "$tmp/helper")" "drop 0 init a:c"
	helper_stop
}
claim "what could not become a key is dropped again; a name that is taken is EEXIST" never_made

found()
{
	local key

	mkdir "$tmp/db"
	key=$(new_key a:b)
	chain_of "$key" "$tmp/db/0.0.a:b"
	keyctl unlink "$key" @s
	expect_errno ENOKEY find_key a:b
	keyctl clear @s
	keyctl link @u @s
	helper_start keep "$tmp/db"
	key=$(find_key a:b)
	check "$(keyctl pipe "$key")" = "$(hex "$tmp/db/0.0.a:b")"
	# It is in the keyring now, and nobody is asked.
	check "$(find_key a:b)" = "$key"
	check "$(keyctl request tkm a:b)" = "$key"
	told "find 0 init a:b chain=0 deadline" \
		"state 0 init a:b chain=$(stat -c %s "$tmp/db/0.0.a:b") deadline"
	# Of their domain, and no other.
	expect_errno ENOKEY as 4501 keyctl request2 tkm a:b x @s
	expect_errno ENOKEY unshare -Ur keyop session keyctl request2 tkm a:b x @s
	expect_errno ENOKEY find_key a:none
	contains "$(cat "$tmp/helper")" "find 4501 init a:b"
	contains "$(cat "$tmp/helper")" "find 0 other a:b"
	helper_stop
}
claim "request_key finds what is kept, in the caller's domain" found

found_in_container()
{
	mkdir "$tmp/db"
	helper_start keep "$tmp/db"
	unshare -Ur keyop session bash -c 'keyop add tkm a:b "new use=crypt" @s' > "$tmp/key"
	check "$(cat "$tmp/key")" -gt 0
	# shellcheck disable=SC2016
	unshare -Ur keyop session bash -c 'keyctl pipe "$(keyctl request2 tkm a:b x @s)"' > "$tmp/hex"
	check "$(cat "$tmp/hex")" = "$(hex "$tmp/db/0.1.a:b")"
	helper_stop
}
claim "... from a container, too" found_in_container

lies()
{
	local key errno what

	key=$(new_key a:other)
	chain_of "$key" "$tmp/other"
	as 4501 keyop add tkm a:b new @s > /dev/null
	as 4501 bash -c 'keyctl pipe "$(keyop add tkm a:b new @s)"' | xxd -r -p > "$tmp/theirs"
	unshare -Ur keyop session bash -c 'keyctl pipe "$(keyop add tkm a:b new @s)"' |
		xxd -r -p > "$tmp/contained"
	head -c 100 "$tmp/other" > "$tmp/cut"
	: > "$tmp/empty"
	head -c 8192 /dev/zero > "$tmp/zeros"
	# A chain is what it may give, and not the words of a person.
	for what in new "load $(hex "$tmp/other")" unpublish; do
		printf '%s' "$what" > "$tmp/${what%% *}"
	done
	while read -r what errno; do
		keyctl clear @s
		keyctl link @u @s
		helper_start DEADLINE=2000 give "$tmp/$what"
		expect_errno "$errno" find_key a:b
		expect_errno ENOKEY keyctl search @s tkm a:b
		helper_stop
	done <<-LIST
	other EKEYREJECTED
	theirs EPERM
	contained EPERM
	cut EBADMSG
	zeros EBADMSG
	new EBADMSG
	load EBADMSG
	unpublish EBADMSG
	empty ETIMEDOUT
	LIST
}
claim "a helper that gives another's chain, or anything else, is not believed" lies

says()
{
	local status errno key before

	while read -r status errno; do
		helper_start say "$status"
		expect_errno "$errno" keyop add tkm a:b new @s
		keyctl clear @s
		helper_stop
	done <<-LIST
	28 ENOSPC
	30 EROFS
	122 EDQUOT
	17 EEXIST
	5 EIO
	1 EIO
	126 EIO
	4095 EIO
	LIST
	helper_start say 126
	expect_errno ENOKEY find_key a:b
	helper_stop
	# Too large to be one.
	helper_start DEADLINE=500 say 4096
	expect_errno ETIMEDOUT keyop add tkm a:b new @s
	contains "$(cat "$tmp/helper")" "done: ERANGE"
	helper_stop
	# The old key stays what it was.
	key=$(new_key a:r)
	before=$(keyctl pipe "$key")
	helper_start say 28
	expect_errno ENOSPC keyop update "$key" reseal
	check "$(keyctl pipe "$key")" = "$before"
	helper_stop
}
claim "what the helper says is what the caller gets, of a few errnos; nothing is changed" says

silence()
{
	local how

	for how in hold deaf; do
		helper_start DEADLINE=300 $how
		expect_errno ETIMEDOUT keyop add tkm a:b new @s
		expect_errno ETIMEDOUT find_key a:x$how
		helper_stop
	done
	lacks "$(keyctl show @s)" "tkm: a:b"
}
claim "a helper that is silent: ETIMEDOUT, after its deadline" silence

late()
{
	local out

	mkfifo "$tmp/go"
	nlop helper DEADLINE=300 late 0 > "$tmp/helper" 2>&1 < "$tmp/go" &
	helper=$!
	exec 9> "$tmp/go"
	poll 20 grep -q registered "$tmp/helper"
	expect_errno ETIMEDOUT keyop add tkm a:b new @s
	echo >&9
	poll 20 has_told "done: ENOENT"
	# It goes on with the next.
	new_key a:b > /dev/null &
	out=$!
	poll 20 has_told "store 0 init a:b.*" 
	echo >&9
	wait $out || :
	exec 9>&-
	helper_stop
	mkdir "$tmp/db"
	helper_start twice "$tmp/db"
	new_key a:twice > /dev/null
	poll 20 has_told "second: ENOENT"
	helper_stop
}
claim "an answer that comes late, or again, is ENOENT and changes nothing" late

dies()
{
	local i pids=()

	helper_start DEADLINE=600000 hold
	for ((i = 0; i < 40; i++)); do
		if [ $((i % 2)) = 0 ]; then
			as 4502 keyop add tkm a:k$i new @s
		else
			as 4502 keyctl request2 tkm a:f$i x @s
		fi > "$tmp/out.$i" 2>&1 &
		pids+=($!)
	done
	poll 120 all_told 40 || fail "$(cat "$tmp/helper")"
	helper_stop
	for i in "${pids[@]}"; do
		! wait "$i" || fail "something was made"
	done
	check "$(cat "$tmp"/out.* | grep -cx ENOTCONN)" = 20
	check "$(cat "$tmp"/out.* | grep -c ': Transport endpoint is not connected$')" = 20
	mkdir "$tmp/db"
	helper_start keep "$tmp/db"
	new_key a:after > /dev/null
	helper_stop
}

all_told()
{
	[ "$(grep -v "^branch " "$tmp/helper" | grep -c deadline)" = "$1" ]
}
claim "a helper that dies with forty who wait: ENOTCONN for each, at once; another takes over" dies

killed()
{
	local pid

	helper_start DEADLINE=600000 hold
	keyop add tkm a:b new @s &
	pid=$!
	poll 20 has_told store
	kill -KILL $pid
	wait $pid 2> /dev/null || :
	lacks "$(keyctl show @s)" "tkm: a:b"
	helper_stop
}
claim "who waits for a helper dies of SIGKILL at once" killed

itself()
{
	helper_start own
	poll 20 has_told "own: "
	told "own: made"
	helper_stop
}
claim "what the helper makes itself it does not wait for" itself

# What nobody sends: every verb, by anyone, and by who may do all.
nonsense()
{
	local key out

	key=$(new_key a:b)
	out=$(changes_nothing as 4501 nlop mutate)
	comment "anyone: $out"
	contains "$out" " EPERM "
	out=$(changes_nothing nlop mutate)
	comment "root: $out"
	contains "$out" " EINVAL "
	is_free
	# And while another is the helper.
	helper_start DEADLINE=2000 keep "$tmp"
	out=$(changes_nothing nlop mutate)
	comment "beside a helper: $out"
	contains "$out" " EBUSY "
	new_key a:c > /dev/null
	helper_stop
	holds "$key"
}

holds()
{
	[ "$(keyctl pipe "$1" | wc -c)" -gt 1000 ]
}
claim "messages that no program would send harm nobody" nonsense

flooded()
{
	local i pids=()

	mkdir "$tmp/db"
	helper_start keep "$tmp/db"
	for i in 1 2 3; do
		as 4501 nlop flood 6 > "$tmp/flood.$i" &
		pids+=($!)
	done
	for i in 1 2 3; do
		new_key a:k$i > /dev/null
		# Another family, which has the same lock.
		nlop supports > /dev/null
	done
	wait "${pids[@]}"
	for i in 1 2 3; do
		check "$(cat "$tmp/flood.$i")" -gt 10
	done
	helper_stop
}
claim "a flood of questions keeps no key from being made" flooded

# needed Y|N
needed()
{
	echo "$1" > /sys/module/tkm/parameters/helper_needed
}

none_without()
{
	local key before value

	key=$(new_key a:before)
	before=$(keyctl pipe "$key")
	value=$(keyop add logon pw:needed secret @s)
	needed Y
	expect_errno ENOTCONN keyop add tkm a:new new @s
	expect_errno ENOTCONN keyop add tkm a:flat "new parent=srk" @s
	expect_errno ENOTCONN keyop update "$key" "reseal pcrs=7"
	expect_errno ENOTCONN keyop add tkm-domain me "new auth=$value" @s
	expect_errno ENOKEY keyctl search @s tkm a:new
	check "$(keyctl pipe "$key")" = "$before"
	# What there is stays good for what it was.
	must update "$key" "publish logon:net:needed keyring=@s" > /dev/null
	keyctl unlink "$key" @s
	key=$(must add tkm a:before "load $before" @s)
	keyctl unlink "$key" @s
	mkdir "$tmp/db"
	helper_start keep "$tmp/db"
	key=$(new_key a:new)
	check "$(hex "$tmp/db/0.0.a:new")" = "$(keyctl pipe "$key")"
	helper_stop
	expect_errno ENOTCONN keyop add tkm a:late new @s
	# One that goes while it is asked, as ever.
	helper_start hold
	(poll 20 has_told "^store " && helper_stop) &
	expect_errno ENOTCONN keyop add tkm a:asked new @s
	wait $!
	needed N
	new_key a:late > /dev/null
}
claim "with helper_needed nothing is made that nobody keeps: ENOTCONN" none_without

unloaded()
{
	helper_start hold
	check "$(nlop status)" = "keys=0 helper"
	module_unload
	kill -0 $helper
	module_load
	is_free
	kill -KILL $helper
	wait $helper 2> /dev/null || :
	is_free
	nlop register
}
claim "the module goes while a helper is registered, and has none when it comes back" unloaded

run_claims
