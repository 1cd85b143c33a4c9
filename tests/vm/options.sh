#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Text that add_key and keyctl update do not take: each with its errno, without
# a TPM command, and with nothing changed.
# shellcheck source-path=SCRIPTDIR disable=SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"

# refused ERRNO VERB ARGUMENT...: with each line of stdin in the place of "%"
refused()
{
	local out

	out=$(keyop -u -e refused "$@") || fail "$out"
}

# add_refused ERRNO: each line is a payload
add_refused()
{
	refused "$1" add tkm a:b % @s
}

# desc_refused ERRNO DESCRIPTION...
desc_refused()
{
	printf '%s\n' "${@:2}" | refused "$1" add tkm % new @s
}

# update_refused ERRNO KEY: each line is a payload
update_refused()
{
	refused "$1" update "$2" %
}

repeat()
{
	printf "%$2s" '' | tr ' ' "$1"
}

unknown_words()
{
	add_refused EINVAL <<-'LIST'
	x
	New
	newdata
	 new
	new x
	new data x
	new foo=1
	new =32
	new len
	new len:32
	new Len=32
	new data=1
	new data data
	new len=32 data
	new keyring=@u
	new length=32
	new use=
	new use=fly
	new use=publish,
	new use=,publish
	new use=publish,publish
	new class=free
	new parent=owner
	new parent=0x81000001
	load
	LIST
	add_refused EINVAL < <(printf 'new\tlen=32\nnew len=32\t\nnew len=32\v\n')
	refuses_early EINVAL add tkm a:b $'new\nlen=32' @s
	refuses_early EINVAL add tkm a:b $'new\n\n' @s
	printf 'new\0' | refuses_early EINVAL add tkm a:b - @s
	printf 'new len=32\0 parent=srk' | refuses_early EINVAL add tkm a:b - @s
}
claim "words that are unknown or misplaced: EINVAL" unknown_words

doubled()
{
	add_refused EINVAL <<-'LIST'
	new len=32 len=32
	new len=32 len=64
	new use=publish use=publish
	new class=fixed class=fixed
	new pcrs=7 pcrs=8
	new auth=1 auth=1
	new not-before=2026-01-01 not-before=2026-01-01
	new not-after=2036-01-01 not-after=2036-01-01
	new parent=srk parent=srk
	load 3000 auth=1 auth=1
	LIST
}
claim "an option given twice: EINVAL" doubled

empty()
{
	add_refused EINVAL <<-'LIST'
	new len=
	new use=
	new class=
	new pcrs=
	new pcrs=sha256:
	new auth=
	new not-before=
	new not-after=
	new parent=
	load 3000 auth=
	LIST
}
claim "an option without a value: EINVAL" empty

out_of_range()
{
	add_refused EINVAL <<-'LIST'
	new len=0
	new len=15
	new len=129
	new len=-32
	new len=+32
	new len=032
	new len=0x20
	new len=32k
	new len=4294967328
	new len=18446744073709551648
	new pcrs=24
	new pcrs=-1
	new pcrs=07
	new pcrs=4294967303
	new pcrs=7+7
	new pcrs=7+
	new pcrs=+7
	new pcrs=7++8
	new pcrs=7;8
	new pcrs=sha256
	new pcrs=sha256:24
	new pcrs=sha256:7+sha1:8
	new pcrs=sha3:7
	new pcrs=SHA256:7
	new auth=0
	new auth=-3
	new auth=@u
	new auth=abc
	new auth=01
	new auth=2147483648
	new auth=4294967297
	new auth=99999999999999999999
	LIST
}
claim "a value out of its range: EINVAL" out_of_range

wrong_times()
{
	add_refused EINVAL <<-'LIST'
	new not-after=tomorrow
	new not-after=0
	new not-after=1970-01-01
	new not-after=1969-12-31
	new not-after=10000-01-01
	new not-after=2036-13-01
	new not-after=2036-00-01
	new not-after=2036-01-32
	new not-after=2036-01-00
	new not-after=2035-02-29
	new not-after=2036-04-31
	new not-after=2036-1-1
	new not-after=2036-01-01T00:00:00
	new not-after=2036-01-01T24:00:00Z
	new not-after=2036-01-01T00:60:00Z
	new not-after=2036-01-01T00:00:60Z
	new not-after=2036-01-01T00:00:00+01:00
	new not-after=2036-01-01t00:00:00z
	new not-before=2036-01-01 not-after=2036-01-01
	new not-before=2036-01-02 not-after=2036-01-01
	LIST
	add_refused EKEYEXPIRED <<< "new not-after=1970-01-02"
}
claim "times that the calendar does not have: EINVAL, over: EKEYEXPIRED" wrong_times

over_long()
{
	refuses_early EINVAL add tkm a:b "$(repeat a 20000)" @s
	refuses_early EINVAL add tkm a:b "new $(repeat a 20000)" @s
	refuses_early EINVAL add tkm a:b "new len=$(repeat 0 1000)32" @s
	refuses_early EINVAL add tkm a:b "new len=32$(repeat 0 1000)" @s
	refuses_early EINVAL add tkm a:b "new pcrs=$(repeat 7 1000)" @s
	refuses_early EINVAL add tkm a:b "new pcrs=sha256:0$(printf '+%d' {1..23})+0" @s
	refuses_early EINVAL add tkm a:b "new auth=$(repeat 9 1000)" @s
	refuses_early EINVAL add tkm a:b "new not-after=$(repeat 9 1000)" @s
	refuses_early EINVAL add tkm a:b "new use=$(repeat a 1000)" @s
	refuses_early EINVAL add tkm a:b "new class=$(repeat a 1000)" @s
	refuses_early EINVAL add tkm a:b "new parent=$(repeat a 1000)" @s
}
claim "words and values that are over-long: EINVAL" over_long

wrong_for_the_kind()
{
	add_refused EINVAL <<-'LIST'
	new bits=2048
	new curve=p256
	new use=sign
	new use=decrypt
	new use=publish,sign
	new rsa len=32
	new rsa curve=p256
	new rsa bits=1024
	new rsa bits=4096
	new rsa use=publish
	new rsa use=sign,decrypt
	new ec bits=2048
	new ec curve=p521
	new ec curve=P256
	new ec use=crypt
	new ec rsa
	LIST
}
claim "options and uses that are another kind's: EINVAL" wrong_for_the_kind

flat_has_no_record()
{
	add_refused EINVAL <<-'LIST'
	new parent=srk use=publish
	new parent=srk class=fixed
	new not-before=2026-01-01 parent=srk
	new parent=srk not-after=2036-01-01
	LIST
}
claim "metadata of a flat key, which carries none: EINVAL" flat_has_no_record

classes()
{
	add_refused EINVAL <<-'LIST'
	new approver=7
	new authority=site
	new class=fixed approver=7
	new class=fixed authority=site
	new class=certified approver=7
	new class=portable approver=7 authority=site
	new class=portable approver=0
	new class=portable authority=none
	new class=portables
	new class=portable parent=srk
	LIST
}
claim "who approves of moving what does not move, or twice: EINVAL" classes

payload_sizes()
{
	refuses_early EINVAL add tkm a:b "" @s
	refuses_early EINVAL -0 add tkm a:b "" @s
	refuses_early EFAULT -0 add tkm a:b zero:16 @s
	refuses_early EINVAL add tkm a:b zero:1 @s
	refuses_early EINVAL add tkm a:b zero:4096 @s
	refuses_early EINVAL add tkm a:b zero:32768 @s
	refuses_early E2BIG add tkm a:b zero:32769 @s
	refuses_early E2BIG add tkm a:b zero:1048575 @s
	# The keyring's own limit, which no type is asked about.
	refuses_early EINVAL add tkm a:b zero:1048576 @s
	refuses_early E2BIG add tkm a:b "new$(repeat ' ' 32766)" @s
	refuses_early E2BIG add tkm a:b "load $(repeat 0 16386)" @s
	refuses_early EBADMSG add tkm a:b "load $(repeat 0 16384)" @s
	# DER: a sequence of 16380 bytes, all zero.
	{ printf '\x30\x82\x3f\xfc'; head -c 16380 /dev/zero; } > "$tmp/der"
	refuses_early E2BIG add tkm a:b "@$tmp/der" @s
}
claim "payloads of 0 bytes, 1 MiB, and around each limit" payload_sizes

wrong_hex()
{
	add_refused EINVAL <<-'LIST'
	load 3
	load 308
	load 30820
	load 3g
	load 30 82
	load 0x3082
	load 30:82
	load +1
	load 30-1
	LIST
	add_refused EBADMSG <<-'LIST'
	load 00
	load 30
	load 3000
	load 3080
	load 30830000010000
	load ff
	LIST
}
claim "hex that is odd or wrong: EINVAL; right hex of no chain: EBADMSG" wrong_hex

descriptions()
{
	local long

	desc_refused EINVAL "" : a: :b "a: " "a:b c" " a:b" "a b:c" "a/b:c" \
		a:. a:.. a:../x a:x/../y a:x/.. a:./x ..:x .:x "a\\b:c" 'a*:b'
	refuses_early EINVAL add tkm $'a:b\n' new @s
	desc_refused EINVAL $'a:\x01b' $'a:\x1b[m' $'a:\x7f' $'a\t:b' \
		$'a:\xc2\x85' $'\x01:b' $'a\x7f:b'
	desc_refused EINVAL $'a:\xff' $'a:\x80' $'a:\xc3' $'a:\xc3(' $'a:\xc0\xaf' \
		$'a:\xe0\x80\xaf' $'a:\xed\xa0\x80' $'a:\xf4\x90\x80\x80' \
		$'a:\xf8\x88\x80\x80\x80' $'\xc3\xa4:b'
	long=$(repeat a 64)
	desc_refused EINVAL "$long:b" "a:$(repeat b 192)" "$(repeat b 192)" \
		"a:$(repeat b 4093)" "a:$(repeat b 4094)" "$(repeat a 4095)"
}
claim "descriptions: empty, no label, control bytes, '..', bad UTF-8, 4 KiB: EINVAL" descriptions

good_descriptions()
{
	local desc

	for desc in b a:b a:b:c a:b/c a:...x A.b_c@d+e-f:x $'a:\xc3\xa4' \
		"$(repeat a 63):$(repeat b 191)"; do
		new_key "$desc" > "$tmp/key"
	done
	check "$(keyctl rlist @s | wc -w)" = 9
	contains "$(state_of "$(keyctl search @s tkm b)")" "app=default label=b "
	contains "$(state_of "$(keyctl search @s tkm a:b:c)")" "app=a label=b:c "
}
claim "descriptions that are right, at their limits too" good_descriptions

good_words()
{
	local payload

	while IFS= read -r payload; do
		keyop add tkm "a:$RANDOM$RANDOM" "$payload" @s > "$tmp/key" ||
			fail "'$payload': $(cat "$tmp/key")"
	done <<-'LIST'
	new
	new 
	new data
	new   data   len=16  
	new len=128
	new len=16 parent=srk
	new use=publish class=fixed not-before=2026-01-01 not-after=2036-01-01T00:00:00Z
	new pcrs=sha256:0,1
	new use=publish,crypt
	new ec
	new ec curve=p256 use=decrypt parent=srk
	LIST
	keyop add tkm a:newline $'new\n' @s > "$tmp/key"
}
claim "options that are right" good_words

type_names()
{
	refuses_early EPERM add .tkm a:b new @s
	refuses_early ENODEV add tkmx a:b new @s
	refuses_early ENODEV add TKM a:b new @s
}
claim "type .tkm: EPERM; other names of types: ENODEV" type_names

add_is_no_update()
{
	add_refused EINVAL <<-'LIST'
	reseal
	reseal pcrs=7
	publish logon:a:b
	LIST
	refuses_early EINVAL add tkm "" reseal @s
	refuses_early EINVAL add tkm "" "publish logon:a:b" @s
	new_key a:b > "$tmp/key"
	add_refused EINVAL <<-'LIST'
	reseal
	publish logon:a:b
	LIST
}
claim "reseal and publish through add_key: EINVAL" add_is_no_update

update_words()
{
	local key

	key=$(new_key a:b)
	update_refused EINVAL "$key" <<-'LIST'
	new
	new len=32
	load 3000
	x
	reseal x
	reseal len=32
	reseal pcrs=
	reseal pcrs=24
	reseal pcrs=7 pcrs=7
	reseal pcrs=None
	reseal auth=
	reseal auth=0
	reseal auth=none auth=none
	reseal auth=
	reseal parent=srk
	reseal use=publish
	reseal not-after=2036-01-01
	publish
	publish logon
	publish logon:
	publish logon:x
	publish logon::x
	publish logon:a:b x
	publish logon:a:b logon:a:c
	publish fish:a:b
	publish logon:a:b keyring=
	publish logon:a:b keyring=0
	publish logon:a:b keyring=@x
	publish logon:a:b keyring=@g
	publish logon:a:b keyring=-4
	publish logon:a:b keyring=@s keyring=@s
	publish logon:a:b keyring=4294967292
	LIST
	update_refused EINVAL "$key" <<-'LIST'
	publish logon:a:b format=ecryptfs
	publish logon:a:b reveal=every-possessor-can-read-it
	publish logon:a:b len=32
	publish logon:a:b derive=
	publish user:a reveal=yes
	publish encrypted:a format=ecryptfs
	publish encrypted:0123456789abcde format=ecryptfs
	publish encrypted:a format=enc32
	publish fscrypt-provisioning:
	unpublish logon
	unpublish logon:a:b keyring=@s
	unpublish logon:a:b x
	LIST
	update_refused EPERM "$key" <<-'LIST'
	publish user:a:b
	LIST
	update_refused EMSGSIZE "$key" <<-'LIST'
	publish encrypted:a derive=x len=16
	publish encrypted:0123456789abcdef format=ecryptfs derive=x len=32
	publish fscrypt-provisioning:a derive=x len=65
	LIST
	update_refused ENOKEY "$key" <<-'LIST'
	reseal policy=never.said
	LIST
	refuses_early EINVAL update "$key" ""
	refuses_early EFAULT -0 update "$key" zero:16
	refuses_early EINVAL update "$key" zero:16
	refuses_early EINVAL update "$key" zero:1048576
	refuses_early EINVAL update "$key" "publish logon:a:$(repeat b 254)"
	refuses_early EINVAL update "$key" $'publish logon:a:\x01'
}
claim "words of keyctl update that are wrong: as with add_key" update_words

publish_targets()
{
	local key other ring

	key=$(new_key a:b)
	other=$(keyop add user x y @s)
	ring=$(keyctl newring r @s)
	refuses_early ENOTDIR update "$key" "publish logon:a:b keyring=$other"
	refuses_early ENOTDIR update "$key" "publish logon:a:b keyring=$key"
	refuses_early ENOKEY update "$key" "publish logon:a:b keyring=999999999"
	keyctl setperm "$ring" 0x3b3b0000
	refuses_early EACCES update "$key" "publish logon:a:b keyring=$ring"
	keyctl revoke "$ring"
	refuses_early EKEYREVOKED update "$key" "publish logon:a:b keyring=$ring"
}
claim "publish into what is no keyring: ENOTDIR; unknown: ENOKEY; closed: EACCES" publish_targets

nobody_answers()
{
	expect_errno ENOKEY keyctl request tkm nobody:has
	expect_errno ENOKEY keyctl request2 tkm nobody:has info @s
	check "$(trace_names)" = ""
}
claim "request_key that nobody answers: ENOKEY" nobody_answers

run_claims
