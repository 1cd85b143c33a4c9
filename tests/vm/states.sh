#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The states of keys: which may follow which, by whom, what each allows, what dates
# make of them, that all who have the key follow, and that the helper keeps them;
# and the verbs that show keys and set states. The helper here is nlop.c.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/helper.bash"

states=(pre-active active suspended deactivated compromised destroyed)

# From; then, for each of these in turn, whether it may follow. From NIST SP 800-57
# part 1, section 7, and not from the module.
may_follow()
{
	cat <<-LIST
	pre-active no yes no no yes yes
	active no no yes yes yes yes
	suspended no yes no yes yes yes
	deactivated no no no no yes yes
	compromised no no no no no yes
	LIST
}

# On which way a key comes there.
way_to()
{
	case $1 in
	pre-active | active) ;;
	*) echo "$1" ;;
	esac
}

# key_in STATE [OPTIONS]: a new key, in that state
key_in()
{
	local key options="${2-use=publish,crypt len=64}" way

	[ "$1" != pre-active ] || options="$options state=pre-active"
	key=$(new_key "a:$1.$RANDOM$RANDOM" "$options")
	for way in $(way_to "$1"); do
		must update "$key" "state $way" > /dev/null
	done
	echo "$key"
}

state_now()
{
	state_of "$1" | sed 's/.* state=\([^ ]*\).*/\1/'
}

# For who may not look at the key itself.
state_shown()
{
	nlop show "$1" | awk '{ print $8 }'
}

# Revoked keys show no state.
is_in()
{
	case $2 in
	destroyed) ! keyctl describe "$1" > /dev/null 2>&1 ;;
	*) [ "$(state_now "$1")" = "$2" ] ;;
	esac
}

set_as_owner()
{
	keyop update "$1" "state $2"
}

set_as_admin()
{
	nlop set-state "$2" "$1"
}

# transitions COMMAND: every one, by COMMAND KEY STATE
transitions()
{
	local from to follows i key line

	while read -r line; do
		read -r -a follows <<< "$line"
		from=${follows[0]} key=''
		for i in "${!states[@]}"; do
			to=${states[i]}
			# One that did not change will do for the next.
			[ -n "$key" ] || key=$(key_in "$from")
			if [ "${follows[i + 1]}" = yes ]; then
				"$1" "$key" "$to" > /dev/null || fail "$from to $to is refused"
				poll 10 is_in "$key" "$to" || fail "$from to $to: is $(state_now "$key")"
				keyctl unlink "$key" @s
				key=''
			else
				expect_errno EPERM "$1" "$key" "$to"
				check "$(state_now "$key")" = "$from"
			fi
		done
	done < <(may_follow)
}
claim "every transition, by the owner: EPERM for what does not follow, and nothing changes" \
	transitions set_as_owner
claim "... by administration, over netlink" transitions set_as_admin

destroyed()
{
	local key to

	key=$(key_in active)
	keyctl pipe "$key" > "$tmp/hex"
	must update "$key" "state destroyed" > /dev/null
	# At once, before it is revoked.
	for to in "${states[@]}"; do
		expect_errno EKEYREVOKED keyop update "$key" "state $to"
	done
	expect_errno EKEYREVOKED keyctl pipe "$key"
	poll 10 is_in "$key" destroyed
	poll 10 no_keys || fail "$(nlop status)"
	expect_errno ENOKEY nlop set-state active "$key"
}

no_keys()
{
	[ "$(nlop status)" = "keys=0" ]
}
claim "a key that is destroyed is revoked, wiped, and comes back to no state" destroyed

nonsense()
{
	local key word

	key=$(key_in active)
	for word in state "state " "state x" "state Active" "state active active" \
		"state suspended x=1" "state suspended len=32" "state expired" "states active"; do
		refuses EINVAL update "$key" "$word"
	done
	refuses_early EINVAL add tkm a:new "state active" @s
	refuses_early EINVAL add tkm a:new "new state=suspended" @s
	refuses_early EINVAL add tkm a:new "new state=" @s
	check "$(state_now "$key")" = active
}
claim "words that are no state are EINVAL" nonsense

# ---- who ----

who()
{
	local key to

	key=$(key_in active)
	for to in "${states[@]}"; do
		expect_errno EACCES as 4501 keyop update "$key" "state $to"
		keyctl setperm "$key" 0x3f3f3f3f
		# Who may write to a key does not yet decide over it.
		expect_errno EPERM as 4501 keyop update "$key" "state $to"
		# The same kuid from the other side of the border, the keyring at hand.
		expect_errno EPERM unshare -Ur keyop update "$key" "state $to"
		keyctl setperm "$key" 0x3f010000
		expect_errno EPERM as 4501 nlop set-state "$to" "$key"
		expect_errno EPERM unshare -Ur nlop set-state "$to" "$key"
		expect_errno EPERM nlop -o 4501 set-state "$to" "$key"
		expect_errno EPERM nlop -s 4501 set-state "$to" "$key"
	done
	check "$(state_now "$key")" = active
}
claim "other users, and root in a container, change no state" who

theirs()
{
	local key out

	as_open 4501
	key=$(as_do keyop add tkm a:theirs new @s)
	out=$(as_do nlop list)
	contains "$out" "$key a:theirs 4501 init"
	as_do keyctl setperm "$key" 0x3f3f3f3f
	# Root may, with the kernel's permission or over netlink.
	must update "$key" "state suspended" > /dev/null
	check "$(state_now "$key")" = suspended
	as_do keyctl setperm "$key" 0x3f010000
	expect_errno EACCES keyop update "$key" "state active"
	nlop set-state active "$key"
	check "$(state_shown "$key")" = active
	nlop set-state suspended 4501 0 a:theirs
	check "$(state_shown "$key")" = suspended
	expect_errno EPERM as_do keyop update "$key" "state pre-active"
	as_do keyop update "$key" "state active" > /dev/null
	check "$(state_shown "$key")" = active
	# In a container, its own.
	contains "$(inside bash -c 'key=$(keyop add tkm a:in new @s)
		keyop update "$key" "state suspended" > /dev/null && nlop list')" " a:in 0 other data class=0 use=publish suspended "
	as_close
}
claim "administration changes everybody's, a user and a container their own" theirs

named()
{
	local key

	key=$(new_key a:named)
	expect_errno ENOKEY nlop set-state suspended 1
	expect_errno ENOKEY nlop set-state suspended 0
	expect_errno ENOKEY nlop set-state suspended 4294967295
	expect_errno ENOKEY nlop set-state suspended 0 0 a:other
	expect_errno ENOKEY nlop set-state suspended 0 1 a:named
	expect_errno ENOKEY nlop set-state suspended 4501 0 a:named
	expect_errno ENOKEY nlop set-state suspended "$(keyctl id @s)"
	expect_errno EINVAL nlop set-state suspended 0 0 "a:"
	expect_errno ERANGE nlop set-state suspended 0 2 a:named
	expect_errno ERANGE nlop set-state 0 "$key"
	expect_errno ERANGE nlop set-state 7 "$key"
	check "$(state_now "$key")" = active
	nlop set-state suspended 0 0 a:named
	check "$(state_now "$key")" = suspended
}
claim "a key is named by its number, or by domain and description; ENOKEY for none" named

# ---- what each allows ----

# may YES COMMAND...: it succeeds, or is EPERM
may()
{
	local yes=$1

	shift
	if [ "$yes" = yes ]; then
		"$@" > /dev/null || fail "refused: $*"
	else
		expect_errno EPERM "$@"
	fi
}

uses()
{
	local state protect process data ec

	head -c 32 /dev/urandom > "$tmp/digest"
	echo "quite secret" > "$tmp/clear"
	while read -r state protect process; do
		# Made before, while it was active.
		data=$(key_in active)
		ec=$(new_key a:sign "ec")
		keyctl pkey_encrypt "$data" 0 "$tmp/clear" enc=gcm > "$tmp/hidden"
		keyctl pkey_sign "$ec" 0 "$tmp/digest" enc=x962 hash=sha256 > "$tmp/sig"
		if [ "$state" = pre-active ]; then
			keyctl unlink "$data" @s
			keyctl unlink "$ec" @s
			data=$(key_in pre-active)
			ec=$(key_in pre-active ec)
		elif [ "$state" != active ]; then
			must update "$data" "state $state" > /dev/null
			must update "$ec" "state $state" > /dev/null
		fi
		may "$protect" keyctl pkey_encrypt "$data" 0 "$tmp/clear" enc=gcm
		may "$protect" keyctl pkey_sign "$ec" 0 "$tmp/digest" enc=x962 hash=sha256
		may "$protect" keyop update "$data" "publish logon:st:a keyring=@s"
		may "$process" keyctl pkey_decrypt "$data" 0 "$tmp/hidden" enc=gcm
		may "$process" keyctl pkey_verify "$ec" 0 "$tmp/digest" "$tmp/sig" enc=x962 hash=sha256
		# What is nobody's secret, and what the key needs to be kept.
		keyctl pkey_encrypt "$ec" 0 /dev/null enc=spki > "$tmp/spki"
		keyctl pkey_query "$ec" 0 enc=x962 hash=sha256 > /dev/null
		keyctl pipe "$data" > /dev/null
		must update "$data" reseal > /dev/null
		check "$(state_now "$data")" = "$state"
		keyctl clear @s
	done <<-LIST
	pre-active no no
	active yes yes
	suspended no yes
	deactivated no yes
	compromised no yes
	LIST
}
claim "each state allows what it should: protect, process, neither" uses

published()
{
	local key state pub

	for state in suspended deactivated compromised destroyed; do
		key=$(key_in active)
		must update "$key" "publish logon:st:$state keyring=@s" > /dev/null
		pub=$(keyctl search @s logon "st:$state")
		must update "$key" "state $state" > /dev/null
		poll 10 is_revoked "$pub" || fail "$state: $(keyctl rdescribe "$pub")"
	done
	# Taken up again, it may be published again.
	key=$(key_in suspended)
	must update "$key" "state active" > /dev/null
	must update "$key" "publish logon:st:again keyring=@s" > /dev/null
	keyctl search @s logon st:again > /dev/null
}

is_revoked()
{
	keyctl describe "$1" 2>&1 | grep -q revoked
}
claim "what was published goes with every state that does not protect" published

# ---- dates ----

in_seconds()
{
	date -u -d "+$1 seconds" +%Y-%m-%dT%H:%M:%SZ
}

protect_until()
{
	local key ec pub

	head -c 32 /dev/urandom > "$tmp/digest"
	echo "quite secret" > "$tmp/clear"
	key=$(new_key a:stop "use=publish,crypt len=64 protect-until=$(in_seconds $((6 * slow))) not-after=2099-01-01")
	ec=$(new_key a:sign "ec protect-until=$(in_seconds $((6 * slow)))")
	chain_of "$key" "$tmp/stop.der"
	contains "$(records_of "$tmp/stop.der" | tail -n 1)" " protect-until="
	contains "$(nlop show "$key")" " protect-until="
	keyctl pkey_encrypt "$key" 0 "$tmp/clear" enc=gcm > "$tmp/hidden"
	keyctl pkey_sign "$ec" 0 "$tmp/digest" enc=x962 hash=sha256 > "$tmp/sig"
	must update "$key" "publish logon:st:stop keyring=@s" > /dev/null
	pub=$(keyctl search @s logon "st:stop")
	poll 20 is_in "$key" deactivated
	poll 20 is_in "$ec" deactivated
	poll 20 is_over "$pub" || fail "$(keyctl rdescribe "$pub")"
	expect_errno EPERM keyctl pkey_encrypt "$key" 0 "$tmp/clear" enc=gcm
	expect_errno EPERM keyctl pkey_sign "$ec" 0 "$tmp/digest" enc=x962 hash=sha256
	expect_errno EPERM keyop update "$key" "publish logon:st:stop keyring=@s"
	check "$(keyctl pkey_decrypt "$key" 0 "$tmp/hidden" enc=gcm)" = "quite secret"
	keyctl pkey_verify "$ec" 0 "$tmp/digest" "$tmp/sig" enc=x962 hash=sha256
	# A date is not undone by a state; one that follows is taken.
	expect_errno EPERM keyop update "$key" "state active"
	expect_errno EPERM nlop set-state suspended "$key"
	must update "$ec" "state compromised" > /dev/null
	# It loads, and processes.
	keyctl unlink "$key" @s
	key=$(must add tkm a:stop "load $(hex "$tmp/stop.der")" @s)
	check "$(state_now "$key")" = deactivated
	check "$(keyctl pkey_decrypt "$key" 0 "$tmp/hidden" enc=gcm)" = "quite secret"
}

is_over()
{
	keyctl describe "$1" 2>&1 | grep -q -e revoked -e expired
}
claim "after its protect-until a key protects no more, and still processes" protect_until

dates()
{
	local key option

	key=$(new_key a:later "use=crypt not-before=2099-01-01 protect-until=2099-01-02 not-after=2099-01-03")
	check "$(state_now "$key")" = pre-active
	# Its date says no, whoever asks.
	expect_errno EPERM keyop update "$key" "state active"
	expect_errno EPERM nlop set-state active "$key"
	check "$(state_now "$key")" = pre-active
	must update "$key" "state compromised" > /dev/null
	check "$(state_now "$key")" = compromised
	for option in "not-before=2099-01-01 protect-until=2099-01-01" \
		"protect-until=2099-01-01 not-after=2099-01-01" \
		"protect-until=2099-01-02 not-after=2099-01-01" \
		"protect-until=tomorrow" "parent=srk protect-until=2099-01-01"; do
		refuses_early EINVAL add tkm a:no "new $option" @s
	done
	refuses_early EKEYEXPIRED add tkm a:no "new protect-until=2020-01-01" @s
	# By a date it comes of itself, and needs nobody.
	key=$(new_key a:soon "use=crypt not-before=$(in_seconds 2)")
	poll 10 is_in "$key" active
}
claim "dates only take away: nobody activates a key before its not-before" dates

# ---- all follow ----

together()
{
	local first second third other

	first=$(new_key a:one use=crypt)
	chain_of "$first" "$tmp/one.der"
	keyctl newring other @s > "$tmp/other"
	other=$(cat "$tmp/other")
	second=$(must add tkm a:one "load $(hex "$tmp/one.der")" "$other")
	check "$first" != "$second"
	# Resealed, it is the same key.
	must update "$second" "reseal pcrs=7" > /dev/null
	third=$(new_key b:one use=crypt)
	must update "$second" "state suspended" > /dev/null
	check "$(state_now "$first")" = suspended
	check "$(state_now "$second")" = suspended
	check "$(state_now "$third")" = active
	must update "$first" "state active" > /dev/null
	check "$(state_now "$second")" = active
	# One that is loaded later finds it as it is.
	must update "$first" "state compromised" > /dev/null
	keyctl newring third @s > "$tmp/third"
	third=$(must add tkm a:one "load $(hex "$tmp/one.der")" "$(cat "$tmp/third")")
	check "$(state_now "$third")" = compromised
	must update "$third" "state destroyed" > /dev/null
	poll 10 is_in "$first" destroyed
	poll 10 is_in "$second" destroyed
	poll 10 is_in "$third" destroyed
}
claim "all that are loaded of one key follow; others do not" together

again()
{
	local first second

	first=$(new_key a:same use=crypt)
	must update "$first" "state destroyed" > /dev/null
	poll 10 is_in "$first" destroyed
	keyctl unlink "$first" @s
	second=$(new_key a:same use=crypt)
	check "$(state_now "$second")" = active
	# A key of that name in another keyring is another key.
	keyctl newring other @s > "$tmp/other"
	first=$(new_key a:same use=crypt "$(cat "$tmp/other")")
	must update "$second" "state suspended" > /dev/null
	check "$(state_now "$first")" = active
}
claim "a new key of an old name has nothing of the old one" again

flat()
{
	local key

	key=$(new_key flat:k parent=srk)
	keyctl pipe "$key" > "$tmp/hex"
	must update "$key" "state suspended" > /dev/null
	expect_errno EPERM keyop update "$key" "publish logon:st:flat keyring=@s"
	must update "$key" "state active" > /dev/null
	must update "$key" "publish logon:st:flat keyring=@s" > /dev/null
	check "$(state_now "$(new_key flat:pre "parent=srk state=pre-active")")" = pre-active
}
claim "flat keys have states too" flat

# ---- kept by the helper ----

kept()
{
	local key

	mkdir "$tmp/db"
	helper_start keep "$tmp/db"
	key=$(new_key a:b "use=crypt state=pre-active")
	check "$(cat "$tmp/db/0.0.a:b.state")" = pre-active
	must update "$key" "state active" > /dev/null
	check "$(cat "$tmp/db/0.0.a:b.state")" = active
	must update "$key" "state suspended" > /dev/null
	check "$(cat "$tmp/db/0.0.a:b.state")" = suspended
	keyctl unlink "$key" @s
	poll 10 no_keys_beside || fail "$(nlop status)"
	# Unloaded and loaded, from a file and by request_key.
	key=$(must add tkm a:b "load $(hex "$tmp/db/0.0.a:b")" @s)
	check "$(state_now "$key")" = suspended
	keyctl unlink "$key" @s
	poll 10 no_keys_beside
	keyctl clear @s
	keyctl link @u @s
	key=$(keyctl request2 tkm a:b x @s)
	check "$(state_now "$key")" = suspended
	must update "$key" "state active" > /dev/null
	must update "$key" "state destroyed" > /dev/null
	poll 10 is_in "$key" destroyed
	expect_errno EKEYREVOKED keyop add tkm a:b "load $(hex "$tmp/db/0.0.a:b")" @s
	has_told "set-state 0 init a:b chain=[0-9]* deadline suspended" || fail "$(cat "$tmp/helper")"
	helper_stop
	# With nobody who keeps it, a chain is as its dates say.
	key=$(must add tkm a:b "load $(hex "$tmp/db/0.0.a:b")" @s)
	check "$(state_now "$key")" = active
}

no_keys_beside()
{
	[ "$(nlop status)" = "keys=0 helper" ]
}
claim "a state survives unload and load, kept by the helper" kept

later_of_two()
{
	local key

	mkdir "$tmp/db"
	key=$(new_key a:b use=crypt)
	chain_of "$key" "$tmp/db/0.0.a:b"
	echo suspended > "$tmp/db/0.0.a:b.state"
	helper_start keep "$tmp/db"
	keyctl newring other @s > "$tmp/other"
	must add tkm a:b "load $(hex "$tmp/db/0.0.a:b")" "$(cat "$tmp/other")" > /dev/null
	check "$(state_now "$key")" = suspended
	# What it says takes nothing back.
	must update "$key" "state compromised" > /dev/null
	echo active > "$tmp/db/0.0.a:b.state"
	keyctl newring third @s > "$tmp/other"
	key=$(must add tkm a:b "load $(hex "$tmp/db/0.0.a:b")" "$(cat "$tmp/other")")
	check "$(state_now "$key")" = compromised
	helper_stop
}
claim "a helper that knows of a later state is heard, one that knows of an earlier one is not" later_of_two

not_kept()
{
	local key status errno

	key=$(new_key a:b use=crypt)
	keyctl pipe "$key" > "$tmp/hex"
	while read -r status errno; do
		helper_start say "$status"
		expect_errno "$errno" keyop update "$key" "state suspended"
		check "$(state_now "$key")" = active
		helper_stop
	done <<-LIST
	1 EPERM
	28 ENOSPC
	30 EROFS
	122 EDQUOT
	5 EIO
	17 EIO
	LIST
	helper_start DEADLINE=300 deaf
	expect_errno ETIMEDOUT keyop update "$key" "state suspended"
	check "$(state_now "$key")" = active
	helper_stop
	# It does not know that key, or no states at all, so there is nothing to keep.
	for status in 126 95; do
		helper_start say "$status"
		must update "$key" "state suspended" > /dev/null
		check "$(state_now "$key")" = suspended
		must update "$key" "state active" > /dev/null
		helper_stop
	done
	# What it says of a key that is loaded.
	keyctl unlink "$key" @s
	while read -r status errno; do
		helper_start say "$status"
		expect_errno "$errno" keyop add tkm a:b "load $(cat "$tmp/hex")" @s
		helper_stop
	done <<-LIST
	1 EIO
	28 ENOSPC
	5 EIO
	LIST
	# A status of 0 without a state is no answer.
	helper_start DEADLINE=300 say 0
	expect_errno ETIMEDOUT keyop add tkm a:b "load $(cat "$tmp/hex")" @s
	contains "$(cat "$tmp/helper")" "done: EINVAL"
	helper_stop
	for status in 126 95; do
		helper_start say "$status"
		key=$(must add tkm a:b "load $(cat "$tmp/hex")" @s)
		check "$(state_now "$key")" = active
		keyctl unlink "$key" @s
		helper_stop
	done
}
claim "what the helper cannot keep does not change; a key that it does not know changes here" not_kept

one_at_a_time()
{
	local key other pid

	key=$(new_key a:b use=crypt)
	chain_of "$key" "$tmp/one.der"
	keyctl newring other @s > "$tmp/other"
	other=$(must add tkm a:b "load $(hex "$tmp/one.der")" "$(cat "$tmp/other")")
	helper_start DEADLINE=600000 hold
	keyop update "$key" "state suspended" > "$tmp/out" 2>&1 &
	pid=$!
	poll 20 has_told set-state
	expect_errno EAGAIN keyop update "$other" "state compromised"
	# Who is not the helper is sent there.
	expect_errno EBUSY nlop set-state compromised "$other"
	# keyctl describe waits for whoever changes the key, and cannot be killed.
	check "$(state_shown "$key")" = active
	helper_stop
	! wait $pid || fail "it was set"
	check "$(cat "$tmp/out")" = ENOTCONN
	check "$(state_now "$key")" = active
	must update "$other" "state compromised" > /dev/null
	check "$(state_now "$key")" = compromised
}
claim "one change at a time; a helper that dies changes nothing" one_at_a_time

# ---- what is shown ----

shown()
{
	local key line

	key=$(new_key disk:vol1 "len=64 pcrs=7 use=publish,crypt not-before=2026-01-01 not-after=2099-01-01")
	line=$(nlop show "$key")
	contains "$line" "$key disk:vol1 0 init data class=0 use=publish=crypt active policy=sha256:7 operations=0 messages=0 created="
	contains "$line" " not-before=1767225600 not-after=4070908800"
	check "$(nlop list)" = "$line"
	echo x > "$tmp/clear"
	keyctl pkey_encrypt "$key" 0 "$tmp/clear" enc=gcm > /dev/null
	keyctl pkey_encrypt "$key" 0 "$tmp/clear" enc=gcm > "$tmp/hidden"
	keyctl pkey_decrypt "$key" 0 "$tmp/hidden" enc=gcm > /dev/null
	must update "$key" "publish logon:a:b keyring=@s" > /dev/null
	contains "$(nlop show "$key")" " operations=4 messages=2 "
	keyctl unlink "$key" @s
	key=$(new_key k "rsa use=decrypt parent=srk auth=$(auth_key secret)")
	contains "$(nlop show "$key")" "$key default:k 0 init rsa class=0 use=decrypt active policy=auth flat has-auth "
	keyctl timeout "$key" 1
	poll 10 is_shown_expired "$key" || fail "$(nlop show "$key")"
	expect_errno ENOKEY nlop show "$(keyctl id @s)"
	expect_errno ENOKEY nlop show 0
	expect_errno ENOKEY nlop show 4294967295
}

is_shown_expired()
{
	case $(nlop show "$1") in
	*" expired "* | ENOKEY) ;;
	*) return 1 ;;
	esac
}
claim "a key is shown with all that is said of it" shown

own_only()
{
	local mine theirs out

	mine=$(new_key a:mine)
	as_open 4501
	theirs=$(as_do keyop add tkm a:theirs new @s)
	check "$(nlop list | wc -l)" = 1
	contains "$(nlop list)" "$mine a:mine 0 init"
	out=$(as_do nlop list)
	check "$(wc -l <<< "$out")" = 1
	contains "$out" "$theirs a:theirs 4501 init"
	# Of others not even that they are there.
	expect_errno ENOKEY as_do nlop show "$mine"
	expect_errno ENOKEY as 4502 nlop show "$mine"
	check "$(as 4502 nlop list)" = ""
	expect_errno EPERM as 4501 nlop list all
	check "$(unshare -Ur nlop list)" = ""
	expect_errno ENOKEY unshare -Ur nlop show "$mine"
	expect_errno EPERM unshare -Ur nlop list all
	# A socket that was passed on shows nothing.
	expect_errno EPERM nlop -o 4501 list
	expect_errno EPERM nlop -s 4501 list
	expect_errno EPERM nlop -o 4501 list all
	expect_errno EPERM nlop -o 4501 show "$mine"
	check "$(nlop list all | wc -l)" = 2
	contains "$(nlop show "$theirs")" "a:theirs 4501"
	as_close
}
claim "a user sees the keys of their own domain, administration all" own_only

many()
{
	local i key n=40

	key=$(new_key a:b)
	chain_of "$key" "$tmp/one.der"
	for ((i = 0; i < n; i++)); do
		keyctl newring "r$i" @s > "$tmp/ring"
		keyop add tkm a:b "load $(hex "$tmp/one.der")" "$(cat "$tmp/ring")" > /dev/null
	done
	check "$(nlop list | wc -l)" = $((n + 1))
	check "$(nlop list | sort -u | wc -l)" = $((n + 1))
	check "$(nlop list | awk '{ print $1 }' | sort -n -c 2>&1)" = ""
	# One by one, while it changes.
	for ((i = 0; i < 20; i++)); do
		keyop update "$key" "state suspended" > /dev/null
		keyop update "$key" "state active" > /dev/null
	done &
	for ((i = 0; i < 20; i++)); do
		check "$(nlop list | wc -l)" = $((n + 1))
	done
	wait
}
claim "a list of many keys is whole, and in order" many

run_claims
