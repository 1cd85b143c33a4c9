#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Users do not reach one another's keys, and neither does root, nor a task on
# the other side of the border of the initial user namespace.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"

alice=4101 bob=4102

# Others look into it.
chmod 755 "$work"

# What a script prints as some user, without the session's own talk.
quietly()
{
	"$@" 2>&1 || :
}

# chain_of UID DESC FILE [OPTIONS]: a key made and dropped again
chain_of()
{
	as "$1" bash -c 'keyctl pipe "$(keyop add tkm "$1" "new $2" @s)"' \
		- "$2" "${4-}" > "$3"
	chmod 644 "$3"
}

# try_load UID DESC FILE: a number, or an errno's name
try_load()
{
	quietly as "$1" keyop add tkm "$2" "load $(cat "$3")" @s
}

is_number()
{
	[[ $1 =~ ^[0-9]+$ ]] || fail "no key, but '$1'"
}

record_of()
{
	xxd -r -p "$1" | strings -n 8 | grep -o "tkm1 kind=$2 .*"
}

#
# Two users.
#

own_chain()
{
	chain_of $alice users:a "$tmp/chain"
	is_number "$(try_load $alice users:a "$tmp/chain")"
	contains "$(record_of "$tmp/chain" data)" "owner=$alice side=init"
}
claim "a user's chain loads for that user" own_chain

others_chain()
{
	chain_of $alice users:a "$tmp/chain"
	trace_clear
	check "$(try_load $bob users:a "$tmp/chain")" = EPERM
	check "$(try_load 0 users:a "$tmp/chain")" = EPERM
	check "$(trace_names)" = ""
	new_key users:r > /dev/null
	keyctl pipe "$(keyctl search @s tkm users:r)" > "$tmp/chain"
	trace_clear
	check "$(try_load $alice users:r "$tmp/chain")" = EPERM
	check "$(trace_names)" = ""
}
claim "another's chain does not, for root neither, and the TPM is not asked" others_chain

flat_chain()
{
	chain_of $alice users:f "$tmp/chain" "parent=srk"
	is_number "$(try_load $alice users:f "$tmp/chain")"
	is_number "$(try_load $bob users:f "$tmp/chain")"
}
claim "a flat key, which has no metadata, loads for whoever holds it" flat_chain

# deny NAME COMMAND...: bob's shell, which was opened
deny()
{
	local out

	if out=$(as_do "${@:2}" 2>&1); then
		fail "bob may: ${*:2}"
	fi
	[ "$out" = "$1" ] || [[ $out == *": $(keyop strerror "$1")" ]] ||
		fail "$1 expected, not '$out': ${*:2}"
}

out_of_reach()
{
	local key=$1 name

	name=$(printf %08x "$key")
	deny EACCES keyctl describe "$key"
	deny EACCES keyctl pipe "$key"
	deny EACCES keyop update "$key" reseal
	deny EACCES keyop update "$key" "publish logon:a:b keyring=@s"
	deny EACCES keyctl revoke "$key"
	deny EACCES keyctl invalidate "$key"
	deny EACCES keyctl timeout "$key" 1
	deny EACCES keyctl setperm "$key" 0x3f3f3f3f
	deny EACCES keyctl link "$key" @s
	deny ENOKEY keyctl search @s tkm users:k
	deny ENOKEY keyctl search @u tkm users:k
	lacks "$(as_do cat /proc/keys)" "$name"
	lacks "$(as_do cat /proc/keys)" users:k
}

two_users()
{
	local key before

	key=$(as $alice keyop add tkm users:k "new" @u)
	is_number "$key"
	before=$(as $alice bash -c "keyctl rdescribe $key; keyctl pipe $key")
	as_open $bob
	out_of_reach "$key"
	as_close
	check "$(as $alice bash -c "keyctl rdescribe $key; keyctl pipe $key")" = "$before"
	as $alice keyctl unlink "$key" @u
}
claim "a key cannot be seen, found, read, changed or ended by another user" two_users

no_exception_for_root()
{
	local key before

	key=$(as $alice keyop add tkm users:k "new" @u)
	before=$(as $alice keyctl pipe "$key")
	as_open 0
	out_of_reach "$key"
	as_close
	check "$(as $alice keyctl pipe "$key")" = "$before"
	as $alice keyctl unlink "$key" @u
}
claim "... nor by root" no_exception_for_root

own_domains()
{
	chain_of $alice users:a "$tmp/one"
	chain_of $alice users:b "$tmp/two"
	chain_of $bob users:a "$tmp/other"
	check "$(record_of "$tmp/one" tdk)" = "$(record_of "$tmp/two" tdk)"
	contains "$(record_of "$tmp/other" tdk)" "owner=$bob"
	contains "$(record_of "$tmp/other" ask)" "owner=$bob"
	# Public area and private part too: the first two objects are the same.
	check "$(storage_of "$tmp/one" $alice | wc -c)" -gt 500
	check "$(storage_of "$tmp/one" $alice)" = "$(storage_of "$tmp/two" $alice)"
	check "$(storage_of "$tmp/one" $alice)" != "$(storage_of "$tmp/other" $bob)"
}

# The bytes between the record of the TDK and that of the ASK.
storage_of()
{
	local hex owner

	hex=$(cat "$1")
	owner=$(printf 'kind=tdk class=fixed owner=%s' "$2" | xxd -p | tr -d '\n')
	hex=${hex#*"$owner"}
	printf '%s' "${hex%%"$(printf 'kind=ask' | xxd -p)"*}"
}
claim "one user's keys share storage keys, two users' do not" own_domains

unprivileged()
{
	local out

	out=$(quietly setpriv --reuid=$alice --regid=$alice --clear-groups \
		--no-new-privs --inh-caps=-all --bounding-set=-all keyop session bash -c '
		key=$(keyop add tkm users:p "new len=64" @s) &&
		keyop update $key "reseal pcrs=sha256:16" &&
		keyop update $key "publish logon:users:p keyring=@s" &&
		keyctl search @s logon users:p > /dev/null && echo done')
	check "$out" = "0
0
done"
}
claim "no privilege is needed" unprivileged

#
# A session keyring that goes along.
#

# su, sudo and the like may keep the session keyring: who has it possesses what
# is in it. What it holds may be used; the chain still belongs to its owner.
inherited_session()
{
	local key

	key=$(new_key users:s)
	keyctl pipe "$key" > "$tmp/chain"
	chmod 755 "$tmp"
	chmod 644 "$tmp/chain"
	inherited="setpriv --reuid=$alice --regid=$alice --clear-groups"
	check "$($inherited keyctl pipe "$key")" = "$(cat "$tmp/chain")"
	check "$($inherited keyop update "$key" reseal)" = 0
	check "$($inherited keyop add tkm users:other "load $(cat "$tmp/chain")" @p ||
		:)" = EPERM
	check "$($inherited keyop add tkm users:s "load $(cat "$tmp/chain")" @p ||
		:)" = EPERM
	# With a session of their own, nothing is possessed any more.
	check "$(as $alice keyop update "$key" reseal || :)" = EACCES
}
claim "a session keyring that is inherited gives possession, not the domain" inherited_session

made_in_inherited_session()
{
	local key

	key=$(setpriv --reuid=$alice --regid=$alice --clear-groups \
		keyop add tkm users:m new @s)
	keyctl pipe "$key" > "$tmp/chain"
	contains "$(record_of "$tmp/chain" data)" owner=$alice
	check "$(try_load 0 users:m "$tmp/chain")" = EPERM
}
claim "a key belongs to the user who made it, in whatever keyring" made_in_inherited_session

#
# User namespaces.
#

# A namespace in which $2 is the outer uid of its 0; its pid in $ns.
ns_open()
{
	unshare -U sleep 300 3>&- &
	ns=$!
	# Also when the claim fails.
	trap 'kill "$ns" 2> /dev/null || :' EXIT
	poll 10 ns_is_new $ns || fail "no user namespace"
	echo "0 $1 ${2:-1}" > "/proc/$ns/uid_map"
	echo "0 $1 ${2:-1}" > "/proc/$ns/gid_map"
}

ns_is_new()
{
	[ "$(readlink "/proc/$1/ns/user")" != "$(readlink /proc/self/ns/user)" ]
}

ns_close()
{
	kill "$ns"
	wait "$ns" || :
}

# ns_as COMMAND...: as its uid 0, in a session of its own
ns_as()
{
	nsenter -U -S 0 -G 0 -t "$ns" keyop session "$@"
}

# ns_kept COMMAND...: as its uid 0, with the session keyring of before
ns_kept()
{
	nsenter -U -S 0 -G 0 -t "$ns" "$@"
}

same_kuid()
{
	chain_of $alice users:n "$tmp/init"
	ns_open $alice
	trace_clear
	check "$(quietly ns_as keyop add tkm users:n "load $(cat "$tmp/init")" @s)" = EPERM
	check "$(trace_names)" = ""
	ns_as bash -c 'keyctl pipe "$(keyop add tkm users:n new @s)"' > "$tmp/other"
	ns_close
	contains "$(record_of "$tmp/other" data)" "owner=$alice side=other"
	contains "$(record_of "$tmp/other" tdk)" "owner=$alice side=other"
	check "$(try_load $alice users:n "$tmp/other")" = EPERM
	check "$(try_load 0 users:n "$tmp/other")" = EPERM
}
claim "a user namespace with the same kuid is another domain" same_kuid

range_has_own_domain()
{
	ns_open 100000 1000
	ns_as bash -c 'id -u; keyctl pipe "$(keyop add tkm users:n new @s)"' > "$tmp/out"
	check "$(head -n 1 "$tmp/out")" = 0
	tail -n +2 "$tmp/out" > "$tmp/chain"
	contains "$(record_of "$tmp/chain" data)" "owner=100000 side=other"
	is_number "$(quietly ns_as keyop add tkm users:n "load $(cat "$tmp/chain")" @s)"
	ns_close
	check "$(try_load 0 users:n "$tmp/chain")" = EPERM
}
claim "uid 0 of a mapped range has a domain of its own" range_has_own_domain

two_namespaces_share()
{
	ns_open $alice
	ns_as bash -c 'keyctl pipe "$(keyop add tkm users:n new @s)"' > "$tmp/chain"
	ns_close
	ns_open $alice
	is_number "$(quietly ns_as keyop add tkm users:n "load $(cat "$tmp/chain")" @s)"
	ns_close
	ns_open $bob
	check "$(quietly ns_as keyop add tkm users:n "load $(cat "$tmp/chain")" @s)" = EPERM
	ns_close
}
claim "two user namespaces share what one kuid has there" two_namespaces_share

session_over_border()
{
	local key logon

	key=$(new_key users:n)
	ns_open 0
	expect_errno EPERM ns_kept keyctl pipe "$key"
	expect_errno EPERM ns_kept keyop update "$key" reseal
	expect_errno EPERM ns_kept keyop update "$key" "publish logon:users:n keyring=@s"
	keyctl pipe "$key" > "$tmp/chain"
	expect_errno EPERM ns_kept keyop add tkm users:n "load $(cat "$tmp/chain")" @s
	ns_close
	expect_errno ENOKEY keyctl search @s logon users:n
	contains "$(state_of "$key")" state=active
	logon=$(keyop update "$key" "publish logon:users:n keyring=@s")
	check "$logon" = 0
}
claim "a session keyring inherited into a namespace opens nothing there" session_over_border

session_over_border_unmapped()
{
	local key

	key=$(new_key users:n)
	ns_open 200000 1000
	# Not even possession helps: kuid 0 is nobody there.
	expect_errno EPERM ns_kept keyctl pipe "$key"
	expect_errno EPERM ns_kept keyop update "$key" reseal
	ns_close
}
claim "... nor where the owner is not mapped" session_over_border_unmapped

session_out_of_namespace()
{
	local key

	ns_open 0
	key=$(ns_kept keyop add tkm users:o new @s)
	is_number "$key"
	ns_close
	expect_errno EPERM keyctl pipe "$key"
	expect_errno EPERM keyop update "$key" reseal
	expect_errno EPERM keyop update "$key" "publish logon:users:o keyring=@s"
}
claim "a key made in a namespace opens nothing outside" session_out_of_namespace

namespace_ends()
{
	local before

	before=$(cat /sys/module/tkm/refcnt)
	ns_open 300000 1000
	ns_as keyop add tkm users:e new @s > /dev/null
	ns_as keyop add tkm users:e new @u > /dev/null
	ns_close
	poll 20 users_are "$before" ||
		fail "$(cat /sys/module/tkm/refcnt) keys, $before before"
}

users_are()
{
	[ "$(cat /sys/module/tkm/refcnt)" = "$1" ]
}
claim "keys of a namespace end with it" namespace_ends

quota_counts_kuid()
{
	local in_ns

	ns_open 400000 1000
	ns_as keyop add tkm users:q new @u > /dev/null
	in_ns=$(awk '$1 == "400000:" { print $4 }' /proc/key-users)
	ns_close
	contains "$in_ns" "/200"
}
claim "a namespace's keys are charged to the kuid" quota_counts_kuid

run_claims
