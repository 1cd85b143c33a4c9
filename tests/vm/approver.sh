#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Who approves of moves is a tkm key: with a password, without one, root's and another
# user's; and what becomes of its branch on a platform where it is not.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2119,SC2154,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$here/tk.bash"
. "$here/tkmd.bash"
. "$here/platform.bash"
. "$here/approval.bash"
. "$here/moving.bash"
. "$here/a_and_b.bash"

mine=%tkm:me:approver

# The Name of an approver whose key's chain tkmd keeps, as any tool computes it.
approver_name()
{
	local area

	tk export --socket "$tmp/run/socket" --stored --form der -o "$tmp/approver.der" "$1"
	area=$(areas_of "$tmp/approver.der" | sed -n 7p)
	echo "000b$(sha256_hex 0023 000b 00040040 0000 0010 0010 0003 0010 "${area: -136}")"
}

# exported FILE OPTION...: for B, domain, which has to work
exported()
{
	p migrate export --to b -o "$1" "${@:2}" domain
}

# Nothing is written, loaded or left anywhere.
not_exported()
{
	local status=$1 text=$2

	shift 2
	changes_nothing ends "$status" tkm migrate export --socket "$tmp/run/socket" --to b -o "$tmp/none" "$@" domain
	says "$text"
	[ ! -e "$tmp/none" ] || fail "a packet that nobody approved of: $*"
}

# Values of their own, in files that only root reads.
passwords()
{
	printf 'a password' > "$tmp/password"
	printf 'another one' > "$tmp/wrong"
}

# Its own keys, under the key that it is asked for once the packet is made.
web_two()
{
	p new web:two -k @p --approver "$mine" class=portable use=publish,crypt > /dev/null
	check "$(stored)" = "me:approver web:two"
	echo "a letter" > "$tmp/in"
	tk load web:two > "$tmp/key"
	tk encrypt --enc gcm web:two "$tmp/in" > "$work/message"
	chain_of "$(cat "$tmp/key")" "$tmp/chain"
	contains "$(records_of "$tmp/chain" | tail -n 1)" "authority=$(approver_name me:approver)"
	keyctl unlink "$(cat "$tmp/key")" @s
}

# Whoever could not approve on the day of the backup is not asked first.
no_approver()
{
	local key

	chmod a+rx "$tmp" "$tmp/run"
	as 4501 tkm new -k @p theirs:approver ec > /dev/null
	set -- new --socket "$tmp/run/socket" web:none class=portable --approver
	errs 1 ENOKEY "$@" %tkm:me:none
	errs 1 ENOKEY "$@" %tkm:theirs:approver
	p new me:data -k @p > /dev/null
	p new me:opens -k @p "rsa" use=decrypt > /dev/null
	errs 1 EINVAL "$@" %tkm:me:data
	errs 1 EINVAL "$@" %tkm:me:opens
	# Loaded is not kept.
	p new me:flat ec parent=srk > /dev/null
	errs 1 EINVAL "$@" %tkm:me:flat
	for key in me:data me:opens me:flat; do
		tkm remove --yes --socket "$tmp/run/socket" "$key"
	done
	keyctl clear @s
}

with_a_password()
{
	local file

	passwords
	acquainted
	# What is wrong here is meant to be.
	tpm2_dictionarylockout -Q -s -n 32 -t 10000 -l 1
	p new me:approver -k @p ec --auth-file "$tmp/password" > /dev/null
	no_approver
	web_two
	exported "$tmp/packet" --approver "$mine" --auth-file "$tmp/password"
	cp "$tmp/packet" "$work/root"
	exported "$tmp/stdin" --approver "$mine" --auth-stdin < "$tmp/password"
	exported "$tmp/fd" --approver "$mine" --auth-fd 9 9< "$tmp/password"
	printf '%s\n' "wait Authorisation value:" "type a password" |
		python3 "$here/terminal.py" tkm migrate export --socket "$tmp/run/socket" --to b -o "$tmp/typed" \
			--approver "$mine" domain > "$tmp/out" || fail "$(cat "$tmp/out")"
	lacks "$(cat "$tmp/out")" "a password"
	for file in stdin fd typed; do
		check "$(p migrate show --json "$tmp/$file" | jq -r '.keys[].key')" = web:two
	done
	not_exported 3 "$mine: that is not its authorisation value (EKEYREJECTED)" \
		--approver "$mine" --auth-file "$tmp/wrong"
	not_exported 1 "the authorisation value is empty (EINVAL)" --approver "$mine" --auth-file /dev/null
	# Nobody says it, and there is no terminal: also when a keyring has the key, with its value.
	not_exported 4 "(ENXIO)" --approver "$mine"
	tk export --socket "$tmp/run/socket" --stored -o "$tmp/approver" me:approver
	tk import --auth-file "$tmp/password" "$tmp/approver" > /dev/null
	not_exported 4 "(ENXIO)" --approver "$mine"
	not_exported 3 "(EKEYREJECTED)" --approver "$mine" --auth-file "$tmp/wrong"
	keyctl clear @s
	# Another key does not approve, and its value is not asked for.
	p new me:other -k @p ec --auth-file "$tmp/wrong" > /dev/null
	not_exported 3 "%tkm:me:other is not who approves of these keys' moves (EKEYREJECTED)" \
		--approver %tkm:me:other
	not_exported 1 "(ENOKEY)" --approver %tkm:theirs:approver
	not_exported 2 "an authorisation value is a tkm key's" --approver "$tmp/none.pem" --auth-file "$tmp/password"
	leave
}
claim "keys move where a tkm key approves, and that wants its password" with_a_password

# A backup was approved of when it was made.
backed_up()
{
	passwords
	go A
	p backup application --approver "$mine" --auth-file "$tmp/password" -o "$tmp/backup" web
	tkm remove --yes --socket "$tmp/run/socket" web:two
	tkm remove --yes --socket "$tmp/run/socket" me:approver
	finds ENOKEY web:two
	keyctl clear @s
	p restore "$tmp/backup" --yes > "$tmp/out"
	check "$(tail -n 1 "$tmp/out")" = "1 keys taken"
	tk load web:two > /dev/null
	check "$(tk decrypt --enc gcm web:two "$work/message")" = "a letter"
	leave
}

# The owner's key is what is meant, whatever root has of that name; root says its value.
users()
{
	local user=$1 value=$2

	as "$user" bash -euc '
		value=$3
		tkm new -k @p own:approver ec $value > /dev/null
		tkm new --socket "$1" --approver %tkm:own:approver web:two class=portable use=crypt > /dev/null
		tkm encrypt --enc gcm web:two "$2/in"' - "$tmp/run/socket" "$tmp" "$value" > "$work/message-$user"
}

for_others()
{
	passwords
	go A
	chmod a+rx "$tmp" "$tmp/run"
	echo "a letter" > "$tmp/in"
	cp "$tmp/password" "$tmp/theirs"
	chown 4501 "$tmp/theirs"
	chmod a+r "$tmp/in"
	users 4501 "--auth-file $tmp/theirs"
	users 4502 ""
	p new own:approver -k @p ec --auth-file "$tmp/wrong" > /dev/null
	set -- --owner 4501 --approver %tkm:own:approver
	not_exported 3 "that is not its authorisation value (EKEYREJECTED)" "$@" --auth-file "$tmp/wrong"
	not_exported 4 "(ENXIO)" "$@"
	exported "$tmp/user" "$@" --auth-file "$tmp/password"
	not_exported 1 "(ENOKEY)" --owner 4501 --approver %tkm:me:other
	# And without a value.
	set -- --owner 4502 --approver %tkm:own:approver
	not_exported 3 "%tkm:own:approver has no authorisation value (EKEYREJECTED)" "$@" --auth-file "$tmp/password"
	exported "$tmp/free" "$@"
	cp "$tmp/user" "$tmp/free" "$work"
	leave
}
claim "root exports another user's keys with that user's key, and still with its password" for_others

# user_reads UID: the message that was encrypted on A
user_reads()
{
	cp "$work/message-$1" "$tmp/in"
	chmod a+r "$tmp/in"
	check "$(as "$1" bash -euc 'key=$(keyctl request2 tkm web:two x @s)
		keyctl pkey_decrypt "$key" 0 "$1" enc=gcm' - "$tmp/in")" = "a letter"
}

# Used there; and nobody lets them go on, for who could is elsewhere.
elsewhere()
{
	local user

	passwords
	go_B_empty
	check "$(imports "$work/root" | tail -n 1)" = "1 keys taken"
	tk load web:two > /dev/null
	check "$(tk decrypt --enc gcm web:two "$work/message")" = "a letter"
	keyctl clear @s
	chmod a+rx "$tmp" "$work"
	for user in user:4501 free:4502; do
		imports --even-so "$work/${user%:*}" > /dev/null
		user_reads "${user#*:}"
	done
	set -- --socket "$tmp/run/socket" --to a -o "$tmp/none"
	ends 1 tkm migrate export "$@" --approver "$mine" domain
	says "(ENOKEY)"
	p new me:approver -k @p ec --auth-file "$tmp/password" > /dev/null
	ends 3 tkm migrate export "$@" --approver "$mine" --auth-file "$tmp/password" domain
	says "is not who approves of these keys' moves"
	leave
}
claim "they come to another platform, whose own key of that name is not the approver" elsewhere

claim "a backup comes back when who approved of it is gone" backed_up

# An authority with a recovery key: a tkm key day by day, and one on paper for that day.
with_recovery()
{
	passwords
	authority paper
	openssl pkey -in "$work/paper.pem" -pubout -out "$tmp/paper.pub"
	go A
	p new me:daily ec --auth-file "$tmp/password" > /dev/null
	p policy set mine --authority %tkm:me:daily --recovery "$tmp/paper.pub"
	keyctl clear @s
	p new site:one -k @p class=certified authority=mine > /dev/null
	p migrate export --to b --class certified --approver %tkm:me:daily --auth-file "$tmp/password" \
		-o "$tmp/packet" domain
	cp "$tmp/packet" "$work/certified"
	go_B_empty
	imports "$work/certified" > /dev/null
	p migrate export --to a --class certified --approver "$work/paper.pem" -o "$tmp/back" domain
	check "$(p migrate show --json "$tmp/back" | jq -r '.keys[].key')" = site:one
	leave
}
claim "beside a tkm key a recovery key approves, on the other platform, too" with_recovery

run_claims
