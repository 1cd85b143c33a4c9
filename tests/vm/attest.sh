#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# tkm attest quote and key, and what tkm verify and tpm2-tools say of it; and of a key
# that an AK of tpm2-tools certified. What verify refuses is
# tried on the host: tests/unit/test_judge.c, tests/userspace/attest.
# shellcheck source-path=SCRIPTDIR disable=SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$here/tk.bash"

firmware=sha256:0+1+2+3+4+5+6+7

expect_status()
{
	local wanted=$1 status=0

	shift
	"$@" 2> /dev/null || status=$?
	check "$status" = "$wanted"
}

# tell NAME OPTION...: evidence of this machine to $tmp/NAME, for the nonce $nonce
tell()
{
	ends 0 tkm attest quote --nonce "$nonce" --force -o "$tmp/$1" "${@:2}"
	check "$(cat "$tmp/err")" = ""
}

# verdict STATUS NAME OPTION...: what verify says of it, on the first line
verdict()
{
	ends "$1" tkm verify --nonce "$nonce" "${@:3}" "$tmp/$2"
	check "$(cat "$tmp/err")" = ""
	head -n 1 "$tmp/out"
}

# The Name of the AK, by tpm2-tools.
ak_of()
{
	tar -xOf "$tmp/$1" ak.pub > "$tmp/$1.ak"
	tpm2_loadexternal -Q -C n -u "$tmp/$1.ak" -c "$tmp/ak.ctx" -n "$tmp/ak.name"
	xxd -p -c 99 "$tmp/ak.name"
}

a_quote_is_believed_once()
{
	local ak

	nonce=$(tkm attest nonce)
	check ${#nonce} = 64
	tell first --pcrs "$firmware" --no-logs
	check "$(stat -c %a "$tmp/first")" = 600
	ak=$(ak_of first)
	check "$(verdict 0 first --pcrs "$firmware" --ak "$ak" --record "$tmp/record")" = accepted
	check "$(verdict 3 first --pcrs "$firmware" --ak "$ak" --record "$tmp/record")" = \
		"refused: clock: it is not younger than the last one"
	# The same key each time, and a newer answer.
	tell second --pcrs "$firmware" --no-logs
	check "$(ak_of second)" = "$ak"
	check "$(verdict 0 second --pcrs "$firmware" --ak "$ak" --record "$tmp/record")" = accepted
	# The record alone does not say whose key it is.
	check "$(verdict 3 second --pcrs "$firmware")" = \
		"refused: binding: nobody said that this attestation key is a TPM's"
	nonce=$(tkm attest nonce)
	check "$(verdict 3 second --pcrs "$firmware" --ak "$ak")" = \
		"refused: nonce: it answers another question"
}
claim "a quote is believed once" a_quote_is_believed_once

tpm2_tools_take_the_parts()
{
	nonce=$(tkm attest nonce)
	ends 0 tkm attest quote --nonce "$nonce" --pcrs "$firmware+23" --pcrs sha256:16 --json -o "$tmp/e"
	check "$(jq -r .ak "$tmp/out")" = "$(cp "$tmp/out" "$tmp/json"; ak_of e)"
	mkdir "$tmp/parts"
	tar -C "$tmp/parts" -xf "$tmp/e"
	cd "$tmp/parts"
	tpm2_checkquote -Q -u ak.pub -m quote.msg -s quote.sig -f quote.pcrs \
		-q "$(jq -r .extra "$tmp/json")"
	expect_status 1 tpm2_checkquote -Q -u ak.pub -m quote.msg -s quote.sig -f quote.pcrs -q "$nonce"
	# And taken apart it is a bare quote, of another purpose.
	ends 3 tkm verify --nonce "$nonce" --ak ak.pub --pcrs "$firmware+16+23" --message quote.msg \
		--signature quote.sig --values quote.pcrs
	check "$(cat "$tmp/out")" = "refused: nonce: it answers another question"
	ends 0 tkm verify --nonce "$(jq -r .extra "$tmp/json")" --ak ak.pub \
		--pcrs "$firmware+16+23" --message quote.msg --signature quote.sig --values quote.pcrs
}
claim "tpm2-tools take the parts" tpm2_tools_take_the_parts

# Somebody extends all the while: what comes out fits together each time.
registers_may_change_meanwhile()
{
	local ak i extender

	nonce=$(tkm attest nonce)
	tell e --pcrs sha256:23 --no-logs
	ak=$(ak_of e)
	while tpm2_pcrextend "23:sha256=$nonce"; do :; done > /dev/null 2>&1 3>&- &
	extender=$!
	for i in {1..12}; do
		tell "e$i" --pcrs sha256:23 --no-logs
	done
	kill $extender
	wait $extender || :
	for i in {1..12}; do
		check "$(verdict 0 "e$i" --pcrs sha256:23 --ak "$ak")" = accepted
	done
	check "$(verdict 0 e --pcrs sha256:23 --ak "$ak" --json)" = "{"
}
claim "registers may change meanwhile" registers_may_change_meanwhile

# of_key STATUS CHAIN OPTION...: what verify says of the certificate $tmp/k, on the first line
of_key()
{
	ends "$1" tkm verify --ak "$tmp/ak.pub" --ek "$tmp/ek.pub" --message "$tmp/k.msg" \
		--signature "$tmp/k.sig" --key "$2" "${@:3}"
	check "$(cat "$tmp/err")" = ""
	head -n 1 "$tmp/out"
}

a_certified_key_is_what_its_record_says()
{
	local parent=0x81000001 i key

	tpm2_createek -Q -c "$tmp/ek.ctx" -G ecc -u "$tmp/ek.pub"
	tpm2_createak -Q -C "$tmp/ek.ctx" -c "$tmp/ak.ctx" -G ecc -g sha256 -s ecdsa -u "$tmp/ak.pub"
	key=$(new_key web:tls ec)
	chain_of "$key" "$tmp/k.der"
	tkm export "$key" "$tmp/k.pem"
	make_chain other web:other ec
	for i in 0 1 2 3; do
		object_files "$tmp/k.der" $i "$tmp/o$i"
		tpm2_load -Q -C "$parent" -u "$tmp/o$i.pub" -r "$tmp/o$i.priv" -c "$tmp/o$i.ctx"
		parent=$tmp/o$i.ctx
	done
	tpm2_certify -Q -c "$parent" -C "$tmp/ak.ctx" -g sha256 -o "$tmp/k.msg" -s "$tmp/k.sig"
	check "$(of_key 0 "$tmp/k.der")" = accepted
	check "$(grep ^key "$tmp/out")" = "key          web:tls"
	check "$(grep ^kind "$tmp/out")" = "kind         ec, class fixed, for sign, guarded by none"
	check "$(of_key 0 "$tmp/k.pem" --json)" = "{"
	check "$(jq -r '.key | .application, .label, .kind, .class, .owner' "$tmp/out" |
		paste -sd ' ')" = "web tls ec fixed 0"
	check "$(of_key 3 "$tmp/other.der")" = "refused: name: it is of another key"
	# Its own record, but for a letter.
	LC_ALL=C sed 's/label=tls/label=tlt/' "$tmp/k.der" > "$tmp/odd.der"
	check "$(of_key 3 "$tmp/odd.der")" = "refused: record: the key is not what its record says"
	echo "key-class = certified" > "$tmp/policy"
	check "$(of_key 3 "$tmp/k.der" --policy "$tmp/policy")" = \
		"refused: record: the key is of class fixed"
	check "$(of_key 3 "$tmp/k.der" --nonce "$(tkm attest nonce)")" = \
		"refused: nonce: it answers another question"
	# Another key of the same TPM, which lies elsewhere.
	tpm2_certify -Q -c "$tmp/o2.ctx" -C "$tmp/ak.ctx" -g sha256 -o "$tmp/k.msg" -s "$tmp/k.sig"
	check "$(of_key 3 "$tmp/k.der")" = "refused: name: it is of another key"
	keyctl unlink "$key" @s
}
claim "a certified key is what its record says" a_certified_key_is_what_its_record_says

# tell_key KEY OPTION...: the same of a key, to $tmp/key
tell_key()
{
	ends 0 tkm attest key --nonce "$nonce" --force -o "$tmp/key" "$@"
	check "$(cat "$tmp/err")" = ""
}

a_key_is_certified()
{
	local key ak tpm

	nonce=$(tkm attest nonce)
	key=$(new_key app:signer "ec pcrs=23")
	tell_key app:signer
	ak=$(ak_of key)
	check "$(verdict 0 key --ak "$ak")" = accepted
	grep -q signer "$tmp/out" || fail "$(cat "$tmp/out")"
	check "$(tar -tf "$tmp/key" | tr '\n' ' ')" = "tkm-evidence ak.pub key.msg key.sig key.chain "
	# The AK is the one of quotes.
	tell quote --pcrs sha256:23 --no-logs
	check "$(ak_of quote)" = "$ak"
	# Nothing of the key's private half is in it.
	chain_of "$key" "$tmp/chain.der"
	check "$(grep -cF "$(areas_of "$tmp/chain.der" | sed -n 8p)" <(xxd -p -c 0 "$tmp/key") || :)" = 0
	check "$(grep -cF "$(areas_of "$tmp/chain.der" | sed -n 7p)" <(xxd -p -c 0 "$tmp/key") || :)" = 1
	# Another question, another chain; and of no quote's purpose.
	tpm=$nonce
	nonce=$(tkm attest nonce)
	check "$(verdict 3 key --ak "$ak")" = "refused: nonce: it answers another question"
	key=$(new_key app:other "auth=$(auth_key secret)")
	printf secret > "$tmp/secret"
	chmod 600 "$tmp/secret"
	ends 2 tkm attest key app:other -o "$tmp/x"
	ends 3 tkm attest key --nonce "$nonce" app:other -o "$tmp/x"
	[ ! -e "$tmp/x" ]
	tell_key app:other --auth-file "$tmp/secret"
	check "$(verdict 0 key --ak "$ak" --json)" = "{"
	echo "key-class = portable" > "$tmp/policy"
	check "$(verdict 3 key --ak "$ak" --policy "$tmp/policy")" = \
		"refused: record: the key is of class fixed"
	nonce=$tpm
}
claim "a key is certified, and nothing of its private half is shown" a_key_is_certified

# Where this machine's own firmware and kernel measure.
this_machine_is_as_its_logs_say()
{
	nonce=$(tkm attest nonce)
	tell e --pcrs "$firmware+10"
	printf 'event-log = required\nima = required\nima-violations = allowed\n' > "$tmp/policy"
	check "$(verdict 0 e --pcrs "$firmware+10" --ak "$(ak_of e)" --policy "$tmp/policy")" = accepted
	comment "$(grep ^IMA "$tmp/out")"
	tar -xOf "$tmp/e" event.log | cmp - /sys/kernel/security/tpm0/binary_bios_measurements
}
if [ -s /sys/kernel/security/tpm0/binary_bios_measurements ]; then
	claim "this machine is as its logs say" this_machine_is_as_its_logs_say
fi

what_cannot_be_said_is_told()
{
	nonce=$(tkm attest nonce)
	wrong attest
	wrong attest key
	wrong attest quote --pcrs sha256:0 -o "$tmp/e"
	wrong attest quote --nonce "$nonce" -o "$tmp/e"
	wrong attest quote --nonce 00 --pcrs sha256:0 -o "$tmp/e"
	wrong attest quote --nonce "$nonce" --pcrs sha256:24 -o "$tmp/e"
	wrong attest nonce --pcrs sha256:0
	ends 3 setpriv --reuid=1000 --regid=1000 --clear-groups tkm attest quote --nonce "$nonce" \
		--pcrs sha256:0 -o "$tmp/e"
	says "(EACCES)"
	touch "$tmp/there"
	errs 5 EEXIST attest quote --nonce "$nonce" --pcrs sha256:0 -o "$tmp/there"
	tpm2_changeauth -c endorsement secret
	ends 3 tkm attest quote --nonce "$nonce" --pcrs sha256:0 -o "$tmp/e"
	tpm2_changeauth -c endorsement -p secret
	says "the TPM's endorsement hierarchy has an authorisation value"
	check "$(ls "$tmp/e" 2> /dev/null)" = ""
}
claim "what cannot be said is told" what_cannot_be_said_is_told

# The firmware's log and IMA's list of tests/data, and a TPM that fits them.
logs_lead_to_the_registers()
{
	local root=/sys/kernel/security name policy=$tmp/policy

	module_unload
	tpm_start logs
	module_load
	"$top/tests/data/gen-attest" extends "$tmp" > "$tmp/extends"
	xargs tpm2_pcrextend < "$tmp/extends"
	mount -t tmpfs none "$root"
	mkdir "$root/tpm0" "$root/ima"
	cp "$tmp/event.log" "$root/tpm0/binary_bios_measurements"
	cp "$tmp/ima.list" "$root/ima/binary_runtime_measurements"
	nonce=$(tkm attest nonce)
	tell e --pcrs "$firmware+10"
	for name in /usr/lib/systemd/systemd /usr/bin/bash /usr/bin/true; do
		echo "$(printf %s "$name" | sha256sum | cut -d ' ' -f 1)  $name"
	done > "$tmp/files"
	cat > "$policy" <<-TEXT
		ak = $(ak_of e)
		registers = $firmware+10
		event-log = required
		ima = required
		ima-allow = files
		value = sha256:7=$(sed -n 's/^log.sha256.7 = //p' "$top/tests/data/attest.vec")
	TEXT
	check "$(verdict 0 e --policy "$policy")" = accepted
	check "$(grep ^IMA "$tmp/out")" = "IMA          4 files measured, 0 later ones"
	check "$(verdict 0 e --policy "$policy" --json)" = "{"
	check "$(jq -r '.verdict, .checks.replay, .ima.covered' "$tmp/out" | paste -sd ' ')" = \
		"accepted passed 4"
	sed -i 1d "$tmp/files"
	check "$(verdict 3 e --policy "$policy")" = \
		"refused: ima: /usr/lib/systemd/systemd is not on the list of files"
	sed -i '/^ima-allow/d' "$policy"
	# A list that has grown meanwhile is no harm; one that is another's is.
	cat "$tmp/ima.list" >> "$root/ima/binary_runtime_measurements"
	tell e --pcrs "$firmware+10"
	check "$(verdict 0 e --policy "$policy")" = accepted
	check "$(grep ^IMA "$tmp/out")" = "IMA          4 files measured, 4 later ones"
	tail -c +102 "$tmp/ima.list" > "$root/ima/binary_runtime_measurements"
	tell e --pcrs "$firmware+10"
	check "$(verdict 3 e --policy "$policy")" = "refused: ima: the list does not lead to the registers"
	tell e --pcrs "$firmware+10" --no-logs
	check "$(verdict 3 e --policy "$policy")" = "refused: event-log: there is none"
	cp "$tmp/ima.list" "$root/ima/binary_runtime_measurements"
	tpm2_pcrextend "4:sha256=$nonce"
	tell e --pcrs "$firmware+10"
	check "$(verdict 3 e --policy "$policy")" = \
		"refused: replay: sha256:4 does not follow from the event log"
	umount "$root"
}
claim "logs lead to the registers" logs_lead_to_the_registers

a_bank_that_is_not_active_is_told()
{
	module_unload
	# tkm takes the first one that there is.
	tpm_stop logs
	mkdir -p "$tpms/banks"
	swtpm_setup --tpm2 --tpmstate "$tpms/banks" --runas root --pcr-banks sha256 > "$tmp/setup" \
		2>&1 || fail "$(cat "$tmp/setup")"
	tpm_start banks
	module_load
	nonce=$(tkm attest nonce)
	tell e --pcrs sha256:0 --no-logs
	errs 4 EOPNOTSUPP attest quote --nonce "$nonce" --pcrs sha512:0 -o "$tmp/none"
	errs 4 EOPNOTSUPP attest quote --nonce "$nonce" --pcrs sha256:0 --pcrs sha512:0 -o "$tmp/none"
	check "$(ls "$tmp/none" 2> /dev/null)" = ""
}
claim "a bank that is not active is told" a_bank_that_is_not_active_is_told

run_claims
