#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The command tkm, verb by verb: without words and with wrong ones, what it does,
# its exit statuses, as root and as another user; that it gives no secret away;
# and that other programs read what it writes and the other way round. What doctor
# finds is in doctor.sh.
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"

# Files are nobody else's unless a claim says otherwise, or tkm warns.
umask 077

# ---- words ----

# ends STATUS COMMAND...: with that exit status; output in $tmp/out, $tmp/err
ends()
{
	local wanted=$1 status=0

	shift
	"$@" > "$tmp/out" 2> "$tmp/err" || status=$?
	[ "$status" = "$wanted" ] ||
		fail "status $status, not $wanted: ${*:0:300}: $(cat "$tmp/err")"
}

# says TEXT: the last command, on stderr; said nothing on stdout
says()
{
	contains "$(cat "$tmp/err")" "$1"
	check "$(cat "$tmp/out")" = ""
}

# errs STATUS ERRNO VERB ARGUMENT...: tkm, in the form that all errors have, and
# the same with --json
errs()
{
	local status=$1 name=$2 verb=$3

	shift 2
	ends "$status" tkm "$@"
	head -n 1 "$tmp/err" | grep -qE "^tkm: $verb: .* \\($name\\)\$" ||
		fail "not the form of an error: $(cat "$tmp/err")"
	check "$(cat "$tmp/out")" = ""
	ends "$status" tkm "$@" --json
	check "$(jq -r '.error | "\(.verb) \(.errno) \(.status)"' "$tmp/err")" = \
		"$verb $name $status"
}

# wrong VERB ARGUMENT...: usage
wrong()
{
	ends 2 tkm "$@"
	contains "$(cat "$tmp/err")" "usage: tkm"
	check "$(cat "$tmp/out")" = ""
	ends 2 tkm "$@" --json
	check "$(jq .error.status "$tmp/err")" = 2
}

# tkm, which must succeed, and say nothing but its result
tk()
{
	tkm "$@" 2> "$tmp/tk-err" || fail "tkm $*: $(cat "$tmp/tk-err")"
	check "$(cat "$tmp/tk-err")" = ""
}

field()
{
	tk show "$1" --json | jq -r ".\"$2\""
}

# ---- all of them ----

verbs=(new load import export list show reseal sign verify encrypt decrypt
	publish unpublish status doctor)
# Those that do something without any word.
alone=(list status doctor)

helps()
{
	local verb

	ends 0 tkm --help
	check "$(cat "$tmp/err")" = ""
	[ "$(wc -l < "$tmp/out")" -le 24 ] || fail "more than a screen"
	[ "$(wc -L < "$tmp/out")" -lt 80 ] || fail "wider than a screen"
	check "$(sed -n 's/^  \([a-z]*\) .*/\1/p' "$tmp/out" | grep -vx tkm | xargs)" = "${verbs[*]}"
	check "$(tk --version)" = "tkm 0.1.0"
	for verb in "${verbs[@]}"; do
		ends 0 tkm "$verb" --help
		check "$(head -n 1 "$tmp/out" | cut -d ' ' -f 1-3)" = "usage: tkm $verb"
		[ "$(wc -l < "$tmp/out")" -le 24 ] || fail "$verb: more than a screen"
		[ "$(wc -L < "$tmp/out")" -lt 80 ] || fail "$verb: wider than a screen"
	done
}
claim "--help fits a screen, for each verb too" helps

no_words()
{
	local verb

	wrong
	wrong ne
	wrong news
	wrong --no-such-option
	for verb in "${verbs[@]}"; do
		wrong "$verb" --no-such-option
		[[ " ${alone[*]} " == *" $verb "* ]] || wrong "$verb"
	done
	for verb in "${alone[@]}"; do
		wrong "$verb" word
	done
}
claim "without words, or with a wrong verb or option, it is usage" no_words

full()
{
	tk new a:full data > /dev/null
	ends 1 bash -c 'tkm list > /dev/full'
	contains "$(cat "$tmp/err")" "(ENOSPC)"
	ends 1 bash -c 'tkm list --json > /dev/full'
	ends 1 bash -c 'tkm --help > /dev/full'
	ends 1 bash -c 'tkm export a:full > /dev/full'
}
claim "a result that cannot be written is an error" full

# ---- new ----

new_wrong()
{
	wrong new ""
	wrong new "a b"
	wrong new a:b nonsense
	contains "$(cat "$tmp/err")" "'nonsense' is not understood"
	wrong new a:b len=15
	wrong new a:b "len=32 pcrs=7"
	wrong new a:b data len=32 len=32
	wrong new a:b -k nowhere
	wrong new a:b -k
	wrong new a:b --auth-fd x
	wrong new a:b --auth-stdin --ask-auth
	errs 4 EOPNOTSUPP new a:b class=portable
	errs 1 ENOENT new a:b --auth-file "$tmp/none"
	errs 1 EINVAL new a:b --auth-file /dev/null
	head -c 33 /dev/zero | tr '\0' a > "$tmp/long"
	errs 1 E2BIG new a:b --auth-file "$tmp/long"
	errs 1 EBADF new a:b --auth-fd 77
	errs 4 ENXIO new a:b --ask-auth
	errs 3 EKEYEXPIRED new a:b not-after=2001-01-01
	errs 1 ENOENT new a:b -o "$tmp/none/file"
	check "$(tk list)" = ""
}
claim "new: wrong words are named, and make nothing" new_wrong

new_right()
{
	local key

	key=$(tk new app:one)
	check "$(field "$key" description)" = app:one
	check "$(field app:one kind)" = data
	check "$(field app:one parent)" = hierarchy
	check "$(field app:one use)" = publish
	check "$(field %tkm:app:one serial)" = "$key"
	key=$(tk new -k @u app:two ec use=sign)
	contains "$(keyctl rlist @u)" "$key"
	check "$(field "$key" bits)" = 256
	keyctl unlink "$key" @u
	check "$(tk new app:three data len=16 parent=srk --json | jq -r .description)" = app:three
	check "$(field app:three parent)" = srk
	errs 5 EEXIST new app:one
}
claim "new: prints the serial number" new_right

new_out()
{
	local key again

	key=$(umask 0; tk new app:file -o "$tmp/chain")
	check "$(stat -c %a "$tmp/chain")" = 600
	check "$(grep -c 'BEGIN TSS2 PRIVATE KEY' "$tmp/chain")" = 4
	check "$(tk export "$key")" = "$(cat "$tmp/chain")"
	errs 5 EEXIST new app:other -o "$tmp/chain"
	check "$(tk list --json | jq length)" = 1
	again=$(tk new app:other -f -o "$tmp/chain")
	check "$(tk export "$again")" = "$(cat "$tmp/chain")"
	check "$(find "$tmp" -name 'chain*' | wc -l)" = 1
	# What cannot be kept is not made.
	keyctl unlink "$again" @s
	ends 1 tkm new app:other -f -o /proc/self/none
	check "$(tk list --json | jq length)" = 1
}
claim "new: --out keeps the chain, readable for its owner only" new_out

# ---- values ----

with_value()
{
	local key

	printf 'a value' > "$tmp/value"
	printf 'another' > "$tmp/wrong"
	chmod 600 "$tmp/value" "$tmp/wrong"
	key=$(tk new app:pin --auth-file "$tmp/value" -o "$tmp/pin")
	check "$(field "$key" policy)" = auth
	keyctl unlink "$key" @s
	errs 3 EKEYREJECTED import "$tmp/pin"
	errs 3 EKEYREJECTED import "$tmp/pin" --auth-file "$tmp/wrong"
	key=$(tk import "$tmp/pin" --auth-file "$tmp/value")
	keyctl unlink "$key" @s
	key=$(tk import "$tmp/pin" --auth-stdin < "$tmp/value")
	keyctl unlink "$key" @s
	key=$(tk import "$tmp/pin" --auth-fd 9 9< "$tmp/value")
	keyctl unlink "$key" @s
	# A newline at its end is an editor's.
	echo 'a value' > "$tmp/value"
	key=$(tk import "$tmp/pin" --auth-file "$tmp/value")
	tk reseal "$key" auth=none
	check "$(field "$key" policy)" = none
	chmod 644 "$tmp/value"
	keyctl unlink "$key" @s
	ends 0 tkm import "$tmp/pin" --auth-file "$tmp/value"
	contains "$(cat "$tmp/err")" "others can read"
	tpm2_dictionarylockout -c
}
claim "a value comes from a file, standard input or a descriptor" with_value

no_trace_of_value()
{
	printf 'a value' > "$tmp/value"
	chmod 600 "$tmp/value"
	tk new app:pin --auth-file "$tmp/value" > /dev/null
	if grep -a 'tkm:auth' /proc/keys | awk '$4 != "expd" && $2 !~ /R/' | grep .; then
		fail "the key with the value is still there"
	fi
}
claim "the key with the value is gone afterwards" no_trace_of_value

run_claims
