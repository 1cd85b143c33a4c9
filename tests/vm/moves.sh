#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Moving: the module duplicates the top object of a branch for another parent, and
# imports what came for its own. Approvals are OpenSSL's; the other side is another
# TPM, or tpm2-tools.
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tkmd.bash"
. "$(dirname "$0")/approval.bash"
. "$(dirname "$0")/helper.bash"
. "$(dirname "$0")/moving.bash"
. "$(dirname "$0")/recovery.bash"

# begin KEY...: nothing is known; an authority, and keys of its class in $tmp/NAME.der
begin()
{
	authority mine
	keyctl clear @u
	module_reload
	public_file mine "$tmp/mine.tpm2b"
	approver=$(keyctl padd user approver @s < "$tmp/mine.tpm2b")
}

# field FILE N: the Nth OCTET STRING of a move, TPM2B's whole
octets()
{
	openssl asn1parse -inform DER -in "$1" |
		sed -n 's/.*OCTET STRING *\[HEX DUMP\]://p' | sed -n "$2p" | tail -c +1 | xxd -r -p
}

# The last four: secret, public, private, inner key.
cut_move()
{
	local n

	n=$(openssl asn1parse -inform DER -in "$1" | grep -c 'OCTET STRING *\[HEX DUMP\]')
	octets "$1" $((n - 3)) > "$tmp/m.secret"
	octets "$1" $((n - 2)) > "$tmp/m.pub"
	octets "$1" $((n - 1)) > "$tmp/m.dup"
	octets "$1" "$n" > "$tmp/m.inner"
	check "$(stat -c %s "$tmp/m.inner")" = 16
}

# M-20: tpm2_import and tpm2_load take it, with the same Name.
tools_take()
{
	cut_move "$1"
	tpm2_load -C $srk -u "$tmp/to.pub" -r "$tmp/to.priv" -c "$tmp/to.ctx" > /dev/null
	tpm2_import -C "$tmp/to.ctx" -G aes -k "$tmp/m.inner" -i "$tmp/m.dup" -s "$tmp/m.secret" \
		-u "$tmp/m.pub" -r "$tmp/m.priv" > /dev/null
	tpm2_load -C "$tmp/to.ctx" -u "$tmp/m.pub" -r "$tmp/m.priv" -c "$tmp/m.ctx" -n "$tmp/m.name" > /dev/null
	check "$(hex "$tmp/m.name")" = "$2"
}

interop()
{
	local key kind place

	begin
	key=$(new_key a:key "ec class=portable approver=$approver")
	chain_of "$key" "$tmp/key.der"
	destination
	place=2
	for kind in tdk ask key; do
		moved "$tmp/$kind.move" "$(words "$key" $kind $place)"
		tools_take "$tmp/$kind.move" "$(names_of "$tmp/key.der" | sed -n "${place}p")"
		place=$((place + 1))
	done
	# M-12: nothing that protects is used twice.
	moved "$tmp/again.move" "$(words "$key" key 4)"
	cut_move "$tmp/key.move"
	for i in secret dup inner; do cp "$tmp/m.$i" "$tmp/first.$i"; done
	cut_move "$tmp/again.move"
	for i in secret dup inner; do
		! cmp -s "$tmp/m.$i" "$tmp/first.$i" || fail "the same $i twice"
	done
}
claim "what is duplicated, tpm2_import takes; twice is never the same bytes" interop

commands()
{
	local key list

	begin
	key=$(new_key a:key "class=portable approver=$approver")
	chain_of "$key" "$tmp/key.der"
	destination
	list=$(words "$key" tdk 2)
	check "$(commands_of keyop add tkm-move move "$list" @s)" = "LoadExternal VerifySignature FlushContext StartAuthSession ContextLoad LoadExternal PolicyDuplicationSelect PolicyAuthorize PolicyCommandCode PolicyOR Duplicate FlushContext FlushContext"
}
claim "so many TPM commands, whatever lies below" commands

refused()
{
	local key id good to permit name fixed

	begin
	authority other
	key=$(new_key a:key "class=portable approver=$approver")
	chain_of "$key" "$tmp/key.der"
	fixed=$(new_key a:fixed)
	destination
	to=$(user_key to "$tmp/to.pub")
	good=$(words "$key" key 4)
	# M-14: what is fixed, whoever approves of it.
	refuses_early EPERM add tkm-move x "${good/key=$key/key=$fixed}" @s
	refuses_early EOPNOTSUPP add tkm-move x "${good/key=$key/key=$(new_key a:flat parent=srk)}" @s
	# What was approved is one object and one parent.
	refuses_early EPERM add tkm-move x "${good/object=key/object=ask}" @s
	refuses_early EPERM add tkm-move x "${good/object=key/object=tdk}" @s
	name=$(names_of "$tmp/key.der" | sed -n 4p)
	permit "$tmp/p" mine "$name" "$(names_of "$tmp/key.der" | sed -n 1p)"
	permit=$(user_key p "$tmp/p")
	refuses_early EPERM add tkm-move x "duplicate key=$key object=key parent=$to approval=$permit" @s
	# By somebody else; for another policyRef: the signature does not hold.
	permit "$tmp/p" other "$name" "$(name_of "$tmp/to.tpmt")"
	permit=$(user_key p "$tmp/p")
	refuses_early EKEYREJECTED add tkm-move x "duplicate key=$key object=key parent=$to approval=$permit" @s
	DUP_REF=$(policy_ref moves) permit "$tmp/p" mine "$name" "$(name_of "$tmp/to.tpmt")"
	permit=$(user_key p "$tmp/p")
	refuses EKEYREJECTED add tkm-move x "duplicate key=$key object=key parent=$to approval=$permit" @s
	# No approval; one of registers; one that is cut off.
	refuses_early EBADMSG add tkm-move x "duplicate key=$key object=key parent=$to approval=$to" @s
	approve "$tmp/p" mine moves 7
	permit=$(user_key p "$tmp/p")
	refuses_early EINVAL add tkm-move x "duplicate key=$key object=key parent=$to approval=$permit" @s
	head -c 100 "$tmp/permit" > "$tmp/p"
	permit=$(user_key p "$tmp/p")
	refuses_early EBADMSG add tkm-move x "duplicate key=$key object=key parent=$to approval=$permit" @s
	# M-8: a parent that was made outside, or could leave.
	permit=$(user_key permit "$tmp/permit")
	destination encryptedduplication || destination fixedparent
	to=$(user_key to "$tmp/to.pub")
	refuses_early EPERM add tkm-move x "duplicate key=$key object=key parent=$to approval=$permit" @s
	to=$(user_key to "$tmp/mine.tpm2b")
	refuses_early EPERM add tkm-move x "duplicate key=$key object=key parent=$to approval=$permit" @s
	to=$(user_key to "$tmp/to.tpmt")
	refuses_early EBADMSG add tkm-move x "duplicate key=$key object=key parent=$to approval=$permit" @s
	# M-15: another user's.
	keyctl setperm "$key" 0x3f3f3f3f
	for id in "${good##*approval=}" "$(sed 's/.*parent=//; s/ .*//' <<< "$good")"; do
		keyctl setperm "$id" 0x3f3f3f3f
	done
	expect_errno EPERM as 4501 keyop add tkm-move x "$good" @s
}
claim "fixed keys, other objects, other parents, other authorities: refused, before the TPM is asked" refused

# Not TPM_RH_NULL, and no clear inside: there is no word for either (M-13).
words_only()
{
	begin
	refuses_early EINVAL add tkm-move x "duplicate" @s
	refuses_early EINVAL add tkm-move x "duplicate key=1 object=key parent=null approval=1" @s
	refuses_early EINVAL add tkm-move x "import packet=1 symmetric=null" @s
	refuses_early ENOKEY add tkm-move x "import packet=2147483647" @s
	refuses_early EINVAL add tkm-move a:x "import packet=1" @s
}
claim "there is no word for a parent that is none, and none for no cipher: EINVAL" words_only

# The chain of what came, and what is unchanged below.
join()
{
	local hex

	hex=$(cat)
	printf '3082%04x%s' $((${#hex} / 2)) "$hex" | xxd -r -p
}

objects()
{
	local offset head length

	openssl asn1parse -inform DER -in "$1" |
		sed -nE 's/^ *([0-9]+):d=1 +hl= *([0-9]+) +l= *([0-9]+) cons: SEQUENCE.*/\1 \2 \3/p' |
		while read -r offset head length; do
			tail -c +$((offset + 1)) "$1" | head -c $((head + length)) |
				xxd -p | tr -d '\n'
			echo
		done
}

# On another TPM: the TDK once, and then every chain loads with it.
story()
{
	local data pair kind place id

	begin
	tpm_start a
	begin
	data=$(new_key a:key "class=portable approver=$approver use=publish,crypt pcrs=7")
	chain_of "$data" "$tmp/key.der"
	echo "moved with its TDK" > "$tmp/in"
	keyctl pkey_encrypt "$data" 0 "$tmp/in" enc=gcm > "$tmp/message"
	pair=$(new_key b:pair "ec class=portable")
	chain_of "$pair" "$tmp/pair.der"
	keyctl pkey_encrypt "$pair" 0 /dev/null enc=spki > "$tmp/spki"
	keyctl clear @s
	module_reload
	tpm_stop a
	tpm_start b
	# The other side's TKMRK is in any chain of its own.
	make_chain there x:there
	areas_of "$tmp/there.der" | sed -n 1p | xxd -r -p > "$tmp/to.pub"
	tail -c +3 "$tmp/to.pub" > "$tmp/to.tpmt"
	keyctl clear @s
	module_reload
	tpm_stop b
	tpm_start a
	data=$(loads a:key key)
	moved "$tmp/tdk.move" "$(words "$data" tdk 2)"
	moved "$tmp/ask.move" "$(words "$data" ask 3)"
	moved "$tmp/one.move" "$(words "$data" key 4)"
	keyctl clear @s
	module_reload
	tpm_stop a
	tpm_start b
	loads x:there there > /dev/null
	for kind in tdk ask one; do
		moved "$tmp/$kind.der" "import packet=$(user_key packet "$tmp/$kind.move")"
		check "$(objects "$tmp/$kind.der" | sed -n 1p)" = "$(objects "$tmp/there.der" | sed -n 1p)"
	done
	{ objects "$tmp/tdk.der"; objects "$tmp/key.der" | tail -n +3; } | tr -d '\n' | join > "$tmp/came.der"
	id=$(loads a:key came)
	check "$(keyctl pkey_decrypt "$id" 0 "$tmp/message" enc=gcm)" = "moved with its TDK"
	keyctl unlink "$id" @s
	{ objects "$tmp/tdk.der"; objects "$tmp/pair.der" | tail -n +3; } | tr -d '\n' | join > "$tmp/came.der"
	id=$(loads b:pair came)
	openssl dgst -sha256 -binary "$tmp/in" > "$tmp/digest"
	keyctl pkey_sign "$id" 0 "$tmp/digest" enc=x962 hash=sha256 > "$tmp/signed"
	openssl dgst -sha256 -verify "$tmp/spki" -keyform DER -signature "$tmp/signed" "$tmp/in" > /dev/null
	# An application, and one key.
	{ objects "$tmp/ask.der"; objects "$tmp/key.der" | tail -n 1; } | tr -d '\n' | join > "$tmp/came.der"
	id=$(loads a:key came)
	check "$(keyctl pkey_decrypt "$id" 0 "$tmp/message" enc=gcm)" = "moved with its TDK"
	keyctl update "$id" "reseal pcrs=none"
	chain_of "$id" "$tmp/resealed.der"
	check "$(objects "$tmp/resealed.der" | wc -l)" = 3
	keyctl unlink "$id" @s
	id=$(loads a:key resealed)
	keyctl unlink "$id" @s
	id=$(loads a:key one)
	check "$(keyctl pkey_decrypt "$id" 0 "$tmp/message" enc=gcm)" = "moved with its TDK"
	# M-1 in part: some bits of what came; M-5: it is for that platform only.
	flip "$tmp/tdk.move"
	keyctl clear @s
	module_reload
	tpm_stop b
	tpm_start a
	refuses EBADMSG add tkm-move x "import packet=$(user_key packet "$tmp/tdk.move")" @s
	keyctl clear @s
	module_reload
	tpm_stop a
}

# Here the destination is the source.
alone()
{
	local key list

	begin
	key=$(new_key a:key "class=portable approver=$approver")
	chain_of "$key" "$tmp/key.der"
	areas_of "$tmp/key.der" | sed -n 1p | xxd -r -p > "$tmp/to.pub"
	tail -c +3 "$tmp/to.pub" > "$tmp/to.tpmt"
	moved "$tmp/one.move" "$(words "$key" key 4)"
	keyctl unlink "$key" @s
	moved "$tmp/one.der" "import packet=$(user_key packet "$tmp/one.move")"
	key=$(loads a:key one)
	list=$(words "$key" key 2)
	refuses_early ENOKEY add tkm-move x "${list/object=key/object=ask}" @s
	mkdir "$tmp/db"
	helper_start AUDIT="$tmp/audit" keep "$tmp/db"
	refuses_early ENOKEY add tkm-move x "${list/object=key/object=tdk}" @s
	poll 30 grep -q '^duplicate.*ENOKEY' "$tmp/audit" || fail "not recorded: $(cat "$tmp/audit")"
	check "$(awk '/^duplicate.*ENOKEY/ { print $2, $4 }' "$tmp/audit" | sort -u)" = "0 a:key"
	helper_stop
}
claim "a key that came alone has no application and no domain: ENOKEY, recorded as that key's" alone

# Each fortieth byte, where processes cost much a sixth of those, with a bit flipped: refused, or the same object comes of it.
flip()
{
	local size at packet out=0

	size=$(stat -c %s "$1")
	for ((at = RANDOM % 40; at < size; at += 40)); do
		in_part || continue
		python3 -c 'import sys
b = bytearray(open(sys.argv[1], "rb").read()); b[int(sys.argv[2])] ^= 1 << int(sys.argv[3])
open(sys.argv[4], "wb").write(b)' "$1" $at $((RANDOM % 8)) "$tmp/flipped"
		packet=$(user_key packet "$tmp/flipped")
		! keyop add tkm-move x "import packet=$packet" @s > "$tmp/said" 2>&1 ||
			fail "byte $at of $size is another, and it is imported"
		grep -qxE 'EBADMSG|EOPNOTSUPP|EPERM|EKEYREJECTED' "$tmp/said" || fail "byte $at: $(cat "$tmp/said")"
		out=$((out + 1))
	done
	comment "$out bits"
}
claim "from one TPM to another: a domain, an application, a key, and to no third one" story

to_recovery()
{
	recovery_key "$1"
	cp "$work/$1.tpm2b" "$tmp/to.pub"
	cp "$work/$1.area" "$tmp/to.tpmt"
}

# The TPM is dead: what moved to a recovery key, while it lived, comes into another one.
dead()
{
	local data list fixed key packet recovery at

	begin
	authority other
	tpm_start c
	begin
	data=$(new_key a:key "class=portable approver=$approver use=publish,crypt pcrs=7")
	chain_of "$data" "$tmp/key.der"
	fixed=$(new_key a:fixed)
	echo "moved with its TDK" > "$tmp/in"
	keyctl pkey_encrypt "$data" 0 "$tmp/in" enc=gcm > "$tmp/message"
	# That it is one has to be said, of nothing else; and it is approved of by Name.
	destination
	list=$(words "$data" key 4)
	refuses_early EPERM add tkm-move x "$list to=recovery" @s
	to_recovery paper
	list=$(words "$data" tdk 2)
	refuses_early EPERM add tkm-move x "$list" @s
	refuses_early EPERM add tkm-move x "${list/key=$data/key=$fixed} to=recovery" @s
	recovery_key another
	refuses_early EPERM add tkm-move x "${list/parent=*approval/parent=$(user_key other "$work/another.tpm2b") approval} to=recovery" @s
	permit "$tmp/p" other "$(names_of "$tmp/key.der" | sed -n 2p)" "$(name_of "$tmp/to.tpmt")"
	refuses_early EKEYREJECTED add tkm-move x "${list%=*}=$(user_key p "$tmp/p") to=recovery" @s
	moved "$tmp/tdk.move" "$list to=recovery"
	keyctl clear @s
	module_reload
	tpm_stop c
	tpm_start d
	make_chain there x:there
	areas_of "$tmp/there.der" | sed -n 1p | xxd -r -p | tail -c +3 > "$tmp/root.tpmt"
	loads x:there there > /dev/null
	recovery_wrap paper "$tmp/root.tpmt" > "$tmp/paper"
	packet=$(user_key packet "$tmp/tdk.move")
	recovery=$(user_key recovery "$tmp/paper")
	check "$(commands_of keyop add tkm-move y "import packet=$packet recovery=$recovery" @s)" = \
		"StartAuthSession ContextLoad Import Load Rewrap FlushContext Import Load FlushContext FlushContext"
	moved "$tmp/tdk.der" "import packet=$packet recovery=$recovery"
	{ objects "$tmp/tdk.der"; objects "$tmp/key.der" | tail -n +3; } | tr -d '\n' | join > "$tmp/came.der"
	key=$(loads a:key came)
	check "$(keyctl pkey_decrypt "$key" 0 "$tmp/message" enc=gcm)" = "moved with its TDK"
	# Not without it, nor with another one, or one that is for another TPM or damaged.
	refuses EBADMSG add tkm-move x "import packet=$packet" @s
	recovery_wrap another "$tmp/root.tpmt" > "$tmp/another"
	refuses EBADMSG add tkm-move x "import packet=$packet recovery=$(user_key r "$tmp/another")" @s
	for ((at = RANDOM % 96 + 1; at < 2 * $(stat -c %s "$tmp/paper"); at += 96)); do
		in_part || continue
		hex "$tmp/paper" | sed "s/./$((RANDOM % 10))/$at" | bytes > "$tmp/flipped"
		! cmp -s "$tmp/paper" "$tmp/flipped" || continue
		! keyop add tkm-move x "import packet=$packet recovery=$(user_key r "$tmp/flipped")" @s > "$tmp/said" 2>&1 ||
			fail "digit $at is another, and it is imported"
		grep -qxE 'EBADMSG|EOPNOTSUPP|EPERM|EKEYREJECTED' "$tmp/said" || fail "digit $at: $(cat "$tmp/said")"
	done
	keyctl clear @s
	module_reload
	tpm_stop d
	tpm_start c
	refuses EBADMSG add tkm-move x "import packet=$(user_key packet "$tmp/tdk.move") recovery=$(user_key r "$tmp/paper")" @s
	keyctl clear @s
	module_reload
	tpm_stop c
}
claim "to a recovery key that was approved of, and from it into another TPM" dead

run_claims
