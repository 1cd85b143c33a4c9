#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The command tkm, verb by verb: wrong words, what it does, its exit statuses, as
# root and as another user, and that it gives no secret away. cli_use.sh has the
# verbs that use a key, cli_stored.sh what tkmd keeps, doctor.sh what doctor finds;
# what needs no kernel is in tests/userspace/check.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"

. "$(dirname "$0")/tk.bash"

# ---- all of them ----

full()
{
	tk new a:full data > /dev/null
	ends 1 bash -c 'tkm list > /dev/full'
	contains "$(cat "$tmp/err")" "(ENOSPC)"
	ends 1 bash -c 'tkm list --json > /dev/full'
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
	errs 1 ENOKEY new a:b class=portable
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

with_approver()
{
	local key pub

	module_reload
	openssl ecparam -name prime256v1 -genkey -noout -out "$tmp/mine.pem"
	openssl ec -in "$tmp/mine.pem" -pubout -out "$tmp/mine.pub" 2> /dev/null
	errs 1 EBADMSG new a:moves class=portable --approver "$tmp/mine.pem"
	errs 1 ENOENT new a:moves class=portable --approver "$tmp/none.pem"
	errs 1 EINVAL new a:moves --approver "$tmp/mine.pub"
	key=$(tk new --approver "$tmp/mine.pub" a:moves class=portable)
	check "$(field "$key" class)" = portable
	# Its Name is in the record, as any tool computes it.
	pub=$(openssl ec -pubin -in "$tmp/mine.pub" -outform DER 2> /dev/null | tail -c 64 | xxd -p -c 0)
	chain_of "$key" "$tmp/chain"
	contains "$(records_of "$tmp/chain" | tail -n 1)" "authority=000b$(sha256_hex 0023 000b 00040040 0000 \
		0010 0010 0003 0010 0020 "${pub:0:64}" 0020 "${pub:64}")"
	tk new a:next class=portable > /dev/null
}
claim "new --approver takes a public key in PEM" with_approver

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

# ---- load ----

load_wrong()
{
	wrong load "not a description"
	errs 1 ENOKEY load app:none
	contains "$(tkm load app:none2 2>&1)" "tkm import"
}
claim "load: without a helper there is nothing to load" load_wrong

load_helper()
{
	local key

	mkdir "$tmp/keep"
	nlop helper keep "$tmp/keep" > "$tmp/helper" 2>&1 < /dev/null &
	helper=$!
	poll 20 grep -q registered "$tmp/helper"
	key=$(tk new stored:key ec)
	keyctl unlink "$key" @s
	key=$(tk new stored:other)
	keyctl unlink "$key" @s
	# The second is there all the same.
	ends 1 tkm load stored:key stored:none stored:other
	check "$(wc -l < "$tmp/out")" = 2
	contains "$(cat "$tmp/err")" "stored:none: "
	check "$(field stored:key kind)" = ec
	check "$(field stored:other kind)" = data
	kill -KILL "$helper"
	wait "$helper" 2> /dev/null || :
	poll 20 eval '[[ $(nlop status) != *helper* ]]'
}
claim "load: the helper gives what it keeps" load_helper

# ---- import and export ----

import_wrong()
{
	errs 1 ENOENT import "$tmp/none"
	echo "no key" > "$tmp/text"
	errs 1 ENOMSG import "$tmp/text"
	: > "$tmp/empty"
	errs 1 ENOMSG import "$tmp/empty"
	errs 1 E2BIG import /dev/zero
	tk new app:one -o "$tmp/one" > /dev/null
	keyctl unlink "$(tk show app:one --json | jq .serial)" @s
	wrong import "$tmp/one" "no description"
	wrong import - --auth-stdin
	errs 3 EKEYREJECTED import "$tmp/one" app:two
	# A letter, a block, a line less.
	sed '3s/./+/' "$tmp/one" > "$tmp/changed"
	errs 1 EBADMSG import "$tmp/changed"
	sed '/END/q' "$tmp/one" > "$tmp/first"
	errs 1 EBADMSG import "$tmp/first" app:one
	sed 3d "$tmp/one" > "$tmp/short"
	errs 1 EBADMSG import "$tmp/short"
	cat "$tmp/one" "$tmp/one" > "$tmp/twice"
	errs 1 EBADMSG import "$tmp/twice"
	tk import "$tmp/one" > /dev/null
	# The same again is the same key.
	check "$(tk import "$tmp/one")" = "$(field app:one serial)"
	chmod 644 "$tmp/one"
	ends 0 tkm import "$tmp/one"
	contains "$(cat "$tmp/err")" "others can read"
	wrong export app:one --form jpeg
	errs 1 EINVAL export app:one --public
	errs 5 EEXIST export app:one "$tmp/one"
	errs 1 ENOKEY export app:none
	# What is no file is written to, and stays what it is.
	check "$(tk export app:one /dev/stdout | head -c 5)" = -----
	tk export app:one /dev/null
	tk export -f app:one /dev/null
	[ -c /dev/null ]
	mkdir "$tmp/folder"
	errs 1 EISDIR export -f app:one "$tmp/folder"
}
claim "import, export: what is refused" import_wrong

import_forms()
{
	local form

	tk new app:one -o "$tmp/pem" > /dev/null
	for form in pem der hex; do
		tk export app:one --form $form "$tmp/form.$form"
		check "$(stat -c %a "$tmp/form.$form")" = 600
		tk export app:one --form $form > "$tmp/again.$form"
		cmp "$tmp/form.$form" "$tmp/again.$form"
	done
	cmp "$tmp/pem" "$tmp/form.pem"
	check "$(cat "$tmp/form.hex")" = "$(keyctl pipe %tkm:app:one)"
	cmp "$tmp/form.der" <(keyctl pipe %tkm:app:one | xxd -r -p)
	keyctl pipe %tkm:app:one > "$tmp/form.pipe"
	{ echo "my key"; sed 's/$/\r/' "$tmp/pem"; echo "that was it"; } > "$tmp/form.mail"
	for form in pem der hex pipe mail; do
		keyctl unlink %tkm:app:one @s
		tk import "$tmp/form.$form" > /dev/null
		keyctl unlink %tkm:app:one @s
		tk import - < "$tmp/form.$form" > /dev/null
	done
	check "$(tk export app:one)" = "$(cat "$tmp/pem")"
	check "$(tk export app:one --json | jq -r .pem)" = "$(cat "$tmp/pem")"
	tk export -f app:one "$tmp/form.hex"
	cmp "$tmp/form.hex" "$tmp/pem"
}
claim "import, export: PEM, DER and hex, there and back" import_forms

refused_registers()
{
	extend 15
	tk new app:pcr pcrs=sha256:15 -o "$tmp/pcr" > /dev/null
	tk new app:pcrs pcrs=sha256:14+15 -o "$tmp/pcrs" > /dev/null
	keyctl clear @s
	extend 15
	errs 3 EPERM import "$tmp/pcr"
	tkm import "$tmp/pcr" 2> "$tmp/err" || :
	contains "$(cat "$tmp/err")" "the PCR policy is not satisfied: PCR 15 differs (EPERM)"
	contains "$(cat "$tmp/err")" "what to do: "
	tkm import "$tmp/pcrs" 2> "$tmp/err" || :
	contains "$(cat "$tmp/err")" "one or more of PCRs 14+15 differ (EPERM)"
}
claim "a register that differs is named" refused_registers

# ---- list, show, reseal, publish ----

list_show()
{
	local key other

	check "$(tk list)" = ""
	check "$(tk list --json | jq -c .)" = "[]"
	key=$(tk new app:one not-after=2999-01-01)
	other=$(tk new app:two rsa use=decrypt)
	check "$(tk list | wc -l)" = 2
	check "$(tk list | grep app:one | xargs)" = "$key active data none app:one"
	check "$(tk --json list | jq -r '.[] | select(.kind == "rsa") | .serial')" = "$other"
	check "$(field "$key" not-after)" = 2999-01-01T00:00:00Z
	check "$(field "$other" use)" = decrypt
	check "$(tk show "$key" | sed -n 's/^label *//p')" = one
	errs 1 ENOKEY show app:none
	errs 1 ENOKEY show 1
	keyctl revoke "$other"
	check "$(tk list | grep app:two | xargs)" = "$other revoked app:two"
	errs 3 EKEYREVOKED export "$other"
}
claim "list, show: what /proc/keys and the chain say" list_show

reseal_publish()
{
	local key

	key=$(tk new app:one len=64 pcrs=15)
	wrong reseal "$key" len=5
	wrong reseal "$key" pcrs=24
	tk reseal "$key" pcrs=none -o "$tmp/new"
	check "$(field "$key" policy)" = none
	check "$(tk export "$key")" = "$(cat "$tmp/new")"
	check "$(tk reseal "$key" pcrs=14 --json | jq -c .)" = "{}"
	check "$(field "$key" policy)" = sha256:14
	errs 5 EEXIST reseal "$key" -o "$tmp/new"
	errs 1 ENOKEY reseal app:none
	wrong publish "$key"
	wrong publish "$key" nothing:x
	wrong publish "$key" logon:x:y len=
	errs 1 EMSGSIZE publish "$key" fscrypt-provisioning:x derive=z len=128
	errs 3 EPERM publish "$key" user:x
	tk publish "$key" logon:x:y keyring=@u derive=z
	keyctl search @u logon x:y > /dev/null
	errs 1 ENOENT unpublish "$key" logon:x:z
	tk unpublish "$key" logon:x:y
	errs 1 ENOENT unpublish "$key" logon:x:y
	errs 4 EOPNOTSUPP reseal "$(tk new app:ec ec)"
}
claim "reseal, publish, unpublish: as keyctl update does" reseal_publish

states()
{
	local key

	key=$(tk new web:key ec state=pre-active)
	echo letter > "$tmp/letter"
	wrong state "$key" undead
	check "$(tk state "$key")" = pre-active
	errs 3 EPERM sign "$key" "$tmp/letter"
	tk state "$key" active
	check "$(tk state web:key --json | jq -r .state)" = active
	tk sign "$key" "$tmp/letter" -o "$tmp/sig"
	check "$(tk state "$key" deactivated --json | jq -r .state)" = deactivated
	errs 3 EPERM sign "$key" "$tmp/letter"
	tk verify "$key" "$tmp/sig" "$tmp/letter"
	errs 3 EPERM state "$key" active
	tk state "$key" destroyed
	errs 1 ENOKEY state web:none active
}
claim "state: tells it, and sets what may follow" states

# ---- another user ----

other_user()
{
	local folder=$tmp/other

	mkdir "$folder"
	chown 4510 "$folder"
	chmod 711 "$work" "$tmp"
	tk new app:root -o "$tmp/root" > /dev/null
	cp "$tmp/root" "$folder/root"
	chown 4510 "$folder/root"
	as 4510 bash -c '
		umask 077
		cd "$1"
		echo "a value" > value
		tkm new app:mine ec --auth-file value -o mine > serial &&
		tkm show "$(cat serial)" > shown && tkm list > list' - "$folder"
	check "$(stat -c '%a %u' "$folder/mine")" = "600 4510"
	contains "$(cat "$folder/shown")" "4510"
	check "$(wc -l < "$folder/list")" = 1
	# Not mine, and not readable.
	ends 3 as 4510 tkm import "$folder/root"
	contains "$(cat "$tmp/err")" "(EPERM)"
	ends 3 as 4510 tkm import "$tmp/root"
	contains "$(cat "$tmp/err")" "(EACCES)"
	errs 3 EPERM import "$folder/mine" --auth-file "$folder/value"
	# What a shell opens for it.
	as 4510 bash -c 'tkm import <(cat "$1/mine") --auth-file <(cat "$1/value")' \
		- "$folder" > "$tmp/serial"
	ends 0 as 4510 bash -c 'tkm import /dev/stdin --auth-fd 5 < "$1/mine" 5< "$1/value"' - "$folder"
}
claim "another user has keys of their own" other_user

# ---- secrets ----

# While tkm waits for its value, and afterwards.
silent_about_value()
{
	local pid secret="a secret of 21 bytes!"

	mkfifo "$tmp/pipe"
	tkm new app:pin --auth-fd 6 6< "$tmp/pipe" > "$tmp/out" 2> "$tmp/err" &
	pid=$!
	exec 7> "$tmp/pipe"
	printf %s "${secret:0:10}" >&7
	poll 20 eval '[ "$(readlink /proc/$pid/exe)" = "$(readlink -f "$(command -v tkm)")" ]'
	cat /proc/[0-9]*/cmdline > "$tmp/cmdlines" 2> /dev/null || :
	grep -aq auth-fd "$tmp/cmdlines"
	# What it has is locked in memory.
	grep -q 'VmLck:[[:space:]]*[1-9]' "/proc/$pid/status" || fail "no locked memory"
	if grep -aqF "${secret:0:10}" "$tmp/cmdlines" "/proc/$pid/environ"; then
		fail "it is in an argument"
	fi
	# It leaves no core, and only root may look into it.
	poll 20 eval 'grep -q "Max core file size  *0 " /proc/$pid/limits'
	printf %s "${secret:10}" >&7
	exec 7>&-
	wait $pid
	if grep -aqF "${secret:0:10}" "$tmp/out" "$tmp/err" /proc/keys; then
		fail "it is in the output"
	fi
	check "$(field app:pin policy)" = auth
	check "$(tk show app:pin --json | jq length)" -gt 5
}
claim "a value is in no argument, no output and no core" silent_about_value

# ---- a terminal ----

asked()
{
	local secret="never shown" key

	at_terminal 0 tkm new app:pin --ask-auth -o "$tmp/pin" <<-SCRIPT
		wait Authorisation value:
		type $secret
		wait Again:
		type $secret
	SCRIPT
	lacks "$(cat "$tmp/screen")" "$secret"
	key=$(field app:pin serial)
	contains "$(cat "$tmp/screen")" "$key"
	keyctl unlink "$key" @s
	at_terminal 0 tkm import "$tmp/pin" --ask-auth <<-SCRIPT
		wait Authorisation value:
		type $secret
	SCRIPT
	lacks "$(cat "$tmp/screen")" "$secret"
	printf %s "$secret" > "$tmp/value"
	check "$(tk import "$tmp/pin" --auth-file "$tmp/value")" = "$(field app:pin serial)"
	at_terminal 3 tkm new app:other --ask-auth <<-SCRIPT
		wait Authorisation value:
		type $secret
		wait Again:
		type another
	SCRIPT
	contains "$(cat "$tmp/screen")" "not the same (EKEYREJECTED)"
	at_terminal 1 tkm new app:other --ask-auth <<-SCRIPT
		wait Authorisation value:
		type 123456789012345678901234567890123
	SCRIPT
	contains "$(cat "$tmp/screen")" "(E2BIG)"
	# Interrupted, it ends, and the terminal shows what is typed again.
	at_terminal 0 bash -c 'trap : INT; stty -a | grep -o "[- ]echo "
		tkm new app:other --ask-auth; echo "status $?"; stty -a | grep -o "[- ]echo "' <<-SCRIPT
		wait Authorisation value:
		press c
		wait status 130
	SCRIPT
	check "$(grep -c '^ echo ' "$tmp/screen")" = 2
	check "$(tk list --json | jq length)" = 1
}
claim "a value that is typed is not shown, and asked for twice when it is new" asked

waiting()
{
	tk new box:key use=crypt > /dev/null
	at_terminal 0 bash -c 'cat | tkm encrypt box:key -o "$0"' "$tmp/box" <<-SCRIPT
		wait tkm: encrypt: encrypting... 2 s
		press d
	SCRIPT
	tk decrypt box:key "$tmp/box" > "$tmp/clear"
	[ ! -s "$tmp/clear" ]
	# For programs, and into files, nothing of that kind.
	at_terminal 0 bash -c 'cat | tkm encrypt box:key 2> "$0" | wc -c' "$tmp/errors" <<-SCRIPT
		type and a line
		press d
	SCRIPT
	[ ! -s "$tmp/errors" ]
	at_terminal 2 tkm encrypt box:key "$tmp/box" < /dev/null
	contains "$(cat "$tmp/screen")" "nothing for a terminal"
	at_terminal 0 tkm new app:lost < /dev/null
	contains "$(cat "$tmp/screen")" "nobody keeps this key: tkm export"
}
claim "what takes longer than a second says how far it is, on a terminal" waiting

run_claims
