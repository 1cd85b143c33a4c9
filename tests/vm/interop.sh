#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# tpm2-tools and OpenSSL read what tkm writes, and tkm what they write. Nothing
# here that looks into a chain shares code with the module.
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"

srk=0x81000001

extend()
{
	tpm2_pcrextend "$1:sha256=$(sha256sum <<< x | cut -c -64)"
}

# ---- ours, with their tools ----

# A policy session that has seen these registers; $tmp/session.
session()
{
	tpm2_startauthsession --policy-session -S "$tmp/session" > /dev/null
	tpm2_policypcr -S "$tmp/session" -l "$1" > "$tmp/digest"
}

session_end()
{
	tpm2_flushcontext "$tmp/session"
}

# A flat key's object is $tmp/NAME.ctx then.
load_flat()
{
	object_files "$tmp/$1.der" 0 "$tmp/$1"
	tpm2_load -C $srk -u "$tmp/$1.pub" -r "$tmp/$1.priv" -c "$tmp/$1.ctx" \
		> /dev/null
}

# All objects of a chain, each under the one before; the last is $tmp/NAME.ctx.
load_all()
{
	local parent=$srk i

	for i in 0 1 2 3; do
		object_files "$tmp/$1.der" $i "$tmp/$1$i"
		tpm2_load -C "$parent" -u "$tmp/$1$i.pub" -r "$tmp/$1$i.priv" \
			-c "$tmp/$1$i.ctx" > /dev/null
		parent=$tmp/$1$i.ctx
	done
	cp "$parent" "$tmp/$1.ctx"
}

size_of()
{
	stat -c %s "$1"
}

# What tpm2_unseal gives: NAME [-p AUTH]
unseal()
{
	tpm2_unseal -c "$tmp/$1.ctx" -o "$tmp/$1.data" "${@:2}"
}

flat_plain()
{
	local len

	for len in 16 32 64 128; do
		make_chain f a:b "len=$len parent=srk"
		load_flat f
		unseal f
		check "$(size_of "$tmp/f.data")" = $len
	done
	# And no two are the same, nor all one byte.
	check "$(xxd -p -c 1 "$tmp/f.data" | sort -u | wc -l)" -gt 32
}
claim "tpm2-tools load and unseal a flat key" flat_plain

flat_pcrs()
{
	make_chain f a:b "parent=srk pcrs=sha256:14,15"
	load_flat f
	if unseal f; then
		fail "no policy is needed"
	fi
	session sha256:14,15
	unseal f -p "session:$tmp/session"
	session_end
	check "$(size_of "$tmp/f.data")" = 32
	extend 15
	session sha256:14,15
	if unseal f -p "session:$tmp/session"; then
		fail "the register does not matter"
	fi
	session_end
}
claim "... with registers, by a policy session, and not after they changed" flat_pcrs

flat_auth()
{
	local auth

	auth=$(auth_key "a secret")
	make_chain f a:b "parent=srk auth=$auth"
	load_flat f
	if unseal f; then
		fail "no value is needed"
	fi
	unseal f -p "a secret"
	make_chain g a:b "parent=srk pcrs=14 auth=$auth"
	load_flat g
	session sha256:14
	tpm2_policypassword -S "$tmp/session" > /dev/null
	unseal g -p "session:$tmp/session+a secret"
	session_end
	tpm2_dictionarylockout -c
}
claim "... with a value, and with both" flat_auth

hierarchical()
{
	local key

	key=$(new_key a:b len=48)
	chain_of "$key" "$tmp/a.der"
	load_all a
	unseal a
	check "$(size_of "$tmp/a.data")" = 48
	# Resealed, it is the same bytes under the same record.
	keyop update "$key" "reseal pcrs=14"
	chain_of "$key" "$tmp/p.der"
	load_all p
	if unseal p; then
		fail "no policy is needed"
	fi
	either p 14
	unseal p -p "session:$tmp/session"
	session_end
	cmp "$tmp/a.data" "$tmp/p.data"
	# A key that was loaded, not made.
	keyctl clear @s
	key=$(loads a:b p)
	keyop update "$key" "reseal pcrs=none"
	chain_of "$key" "$tmp/n.der"
	load_all n
	unseal n
	cmp "$tmp/a.data" "$tmp/n.data"
}
claim "... and a chain, object by object; reseal keeps its bytes" hierarchical

# H("tkm metadata v1" || record), as a file
record_hash()
{
	printf 'tkm metadata v1%s' "$1" | openssl dgst -sha256 -binary
}

# A session that satisfies a chain's registers and its metadata branch's OR.
either()
{
	records_of "$tmp/$1.der" | tail -n 1 | tr -d '\n' > "$tmp/record"
	record_hash "$(cat "$tmp/record")" > "$tmp/branch"
	tpm2_startauthsession --policy-session -S "$tmp/session" > /dev/null
	tpm2_policypcr -S "$tmp/session" -l "sha256:$2" -L "$tmp/real" > /dev/null
	tpm2_policyor -S "$tmp/session" "sha256:$tmp/real,$tmp/branch" > /dev/null
}

# ---- what the objects are ----

public_of()
{
	tpm2_print -t TPM2B_PUBLIC "$1"
}

attributes_of()
{
	public_of "$1" | sed -n '/^attributes:/,/raw:/s/^ *value: //p'
}

policy_of()
{
	public_of "$1" | sed -n 's/^authorization policy: //p'
}

storage="fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt"
sealed="fixedtpm|fixedparent"

# NAME ATTRIBUTES of the last object
table()
{
	local i

	for i in 0 1 2 3; do
		object_files "$tmp/$1.der" $i "$tmp/$1$i"
		[ $i = 3 ] || check "$(attributes_of "$tmp/$1$i.pub")" = "$storage"
	done
	check "$(attributes_of "$tmp/${1}3.pub")" = "$2"
	check "$(public_of "$tmp/${1}0.pub" | grep -c -E \
		'value: (ecc|aes|cfb|sha256|NIST p256)$')" = 5
}

attributes()
{
	local auth

	auth=$(auth_key x)
	make_chain a a:b
	make_chain p a:b pcrs=14
	make_chain v a:b "auth=$auth"
	make_chain pv a:b "pcrs=14 auth=$auth"
	table a "$sealed|userwithauth|noda"
	table p "$sealed|noda"
	table v "$sealed|userwithauth"
	table pv "$sealed"
	make_chain f a:b parent=srk
	object_files "$tmp/f.der" 0 "$tmp/f"
	check "$(attributes_of "$tmp/f.pub")" = "$sealed|userwithauth|noda"
}
claim "every object of a chain has the design's attributes and no other" attributes

records()
{
	local i record srk_name

	tpm2_readpublic -c $srk -n "$tmp/srk.name" > /dev/null
	srk_name=$(hex "$tmp/srk.name")
	make_chain a app:lab "not-before=2026-01-01 not-after=2099-01-01"
	i=0
	while read -r record; do
		# The Name commits to the text.
		object_files "$tmp/a.der" $i "$tmp/o"
		check "$(policy_of "$tmp/o.pub")" = "$(record_hash "$record" | xxd -p -c 64)"
		i=$((i + 1))
	done < <(records_of "$tmp/a.der")
	check $i = 4
	mapfile -t text < <(records_of "$tmp/a.der" |
		sed 's/created=20[0-9T:-]*Z/created=NOW/')
	check "${text[0]}" = "tkm1 kind=tkmrk class=fixed created=NOW srk=$srk_name"
	check "${text[1]}" = "tkm1 kind=tdk class=fixed owner=0 side=init created=NOW"
	check "${text[2]}" = "tkm1 kind=ask class=fixed owner=0 side=init app=app created=NOW"
	check "${text[3]}" = "tkm1 kind=data class=fixed owner=0 side=init app=app label=lab use=publish created=NOW not-before=2026-01-01T00:00:00Z not-after=2099-01-01T00:00:00Z"
}
claim "each record's hash is the object's authPolicy, and it says what it should" records

# PolicyOR(a, b) from nothing: the command's code, then the two.
or_digest()
{
	{
		head -c 32 /dev/zero
		printf '\0\0\1\x71'
		cat "$1" "$2"
	} | openssl dgst -sha256 -binary | xxd -p -c 64
}

policy_branch()
{
	local auth

	auth=$(auth_key x)
	make_chain p a:b pcrs=14,15
	records_of "$tmp/p.der" | tail -n 1 | tr -d '\n' > "$tmp/record"
	record_hash "$(cat "$tmp/record")" > "$tmp/branch"
	tpm2_createpolicy --policy-pcr -l sha256:14,15 -L "$tmp/real" > /dev/null
	object_files "$tmp/p.der" 3 "$tmp/o"
	check "$(policy_of "$tmp/o.pub")" = "$(or_digest "$tmp/real" "$tmp/branch")"
	# With a value too: PolicyAuthValue extends the digest by its code alone.
	make_chain v a:b "pcrs=14,15 auth=$auth"
	records_of "$tmp/v.der" | tail -n 1 | tr -d '\n' > "$tmp/record"
	record_hash "$(cat "$tmp/record")" > "$tmp/branch"
	{
		cat "$tmp/real"
		printf '\0\0\1\x6b'
	} | openssl dgst -sha256 -binary > "$tmp/both"
	object_files "$tmp/v.der" 3 "$tmp/o"
	check "$(policy_of "$tmp/o.pub")" = "$(or_digest "$tmp/both" "$tmp/branch")"
	# Flat: the real policy alone.
	make_chain f a:b "pcrs=14,15 parent=srk"
	object_files "$tmp/f.der" 0 "$tmp/o"
	check "$(policy_of "$tmp/o.pub")" = "$(hex "$tmp/real")"
}
claim "the metadata branch: authPolicy = PolicyOR(real policy, H(record))" policy_branch

# ---- theirs, with tkm ----

# seal NAME [OPTIONS of tpm2_create]: known bytes, $tmp/known
seal()
{
	printf 'these are thirty-two known bytes' > "$tmp/known"
	tpm2_create -C $srk -g sha256 -i "$tmp/known" -u "$tmp/$1.pub" \
		-r "$tmp/$1.priv" "${@:2}" > /dev/null
}

# tss2 NAME PARENT [LINE...]: OpenSSL writes the DER; the lines are fields
# between type and parent, in its configuration's language.
tss2()
{
	{
		printf '%s\n' 'asn1=SEQUENCE:key' '[key]' \
			"type=OID:${oid:-2.23.133.10.1.5}"
		printf '%s\n' "${@:3}" | sed -n '/^field/p'
		printf '%s\n' "parent=INTEGER:$2" \
			"pub=FORMAT:HEX,OCTETSTRING:$(hex "$tmp/$1.pub")" \
			"priv=FORMAT:HEX,OCTETSTRING:$(hex "$tmp/$1.priv")"
		printf '%s\n' "${@:3}" | sed '/^field/d'
	} > "$tmp/conf"
	openssl asn1parse -genconf "$tmp/conf" -noout -out "$tmp/$1.der"
}

empty='field1=EXPLICIT:0,BOOLEAN:TRUE'
not_empty='field1=EXPLICIT:0,BOOLEAN:FALSE'

# Loads, and holds the known bytes: resealed, tpm2_unseal gives them.
holds_known()
{
	local key

	key=$(loads a:b "$@")
	contains "$(state_of "$key")" " flat"
	keyop update "$key" "reseal pcrs=none auth=none"
	chain_of "$key" "$tmp/again.der"
	keyctl unlink "$key" @s
	load_flat again
	unseal again
	cmp "$tmp/again.data" "$tmp/known"
}

foreign()
{
	seal t
	tss2 t $srk "$empty"
	holds_known t
	# As a whole payload, without "load".
	check "$(keyop add tkm a:c "@$tmp/t.der" @s)" -gt 0
	# The ways that other tools write it: the owner as parent, a default spelt
	# out, a comment, who made the parent.
	tss2 t 0x40000001 "$empty"
	holds_known t
	tss2 t $srk "$empty" 'field2=EXPLICIT:4,UTF8:made by hand'
	holds_known t
	tss2 t $srk "$empty" 'field2=EXPLICIT:5,BOOLEAN:TRUE'
	holds_known t
}
claim "a sealed object of tpm2-tools loads, and holds what they sealed" foreign

# As the tool itself writes it: a "loadable" key, and emptyAuth false, or with -p,
# which is for objects that have a value, true as 01.
encoded()
{
	tpm2_encodeobject -C $srk -u "$tmp/t.pub" -r "$tmp/t.priv" -o "$tmp/t.pem" "$@"
	sed '/-----/d' "$tmp/t.pem" | base64 -d > "$tmp/t.der"
}

tool_encoded()
{
	local auth key

	auth=$(auth_key "a secret")
	seal t
	encoded
	holds_known t
	seal t -p "a secret"
	encoded -p
	holds_known t "auth=$auth"
	load_refused EKEYREJECTED a:b t
	encoded
	holds_known t "auth=$auth"
	load_refused EKEYREJECTED a:b t
	# A key is what its public area says, whatever the object is called.
	tpm2_create -C $srk -G ecc256 -u "$tmp/t.pub" -r "$tmp/t.priv" > /dev/null
	encoded
	key=$(loads a:b t)
	contains "$(state_of "$key")" "kind=ec"
	keyctl unlink "$key" @s
	# One that encrypts other keys does nothing for us.
	tpm2_create -C $srk -G ecc256:aes128cfb -u "$tmp/t.pub" -r "$tmp/t.priv" \
		-a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|decrypt' \
		> /dev/null
	encoded
	load_refused_early EOPNOTSUPP a:b t
	tpm2_create -C $srk -G hmac -u "$tmp/t.pub" -r "$tmp/t.priv" > /dev/null
	encoded
	load_refused_early EOPNOTSUPP a:b t
	tpm2_dictionarylockout -c
}
claim "... as tpm2_encodeobject writes it" tool_encoded

foreign_auth()
{
	local right wrong

	right=$(auth_key "a secret")
	wrong=$(auth_key "no secret")
	seal t -p "a secret"
	tss2 t $srk
	holds_known t "auth=$right"
	load_refused EKEYREJECTED a:b t "auth=$wrong"
	load_refused_early EKEYREJECTED a:b t
	tss2 t $srk "$not_empty"
	holds_known t "auth=$right"
	# One that says it has none, and has.
	tss2 t $srk "$empty"
	load_refused EKEYREJECTED a:b t
	tpm2_dictionarylockout -c
}
claim "... with a value" foreign_auth

# TPML_PCR_SELECTION: SHA-256, one register from 8 to 15
selection()
{
	printf '00000001000b0300%02x00' $((1 << ($1 - 8)))
}

# The digest of the register's value, hex.
pcr_digest()
{
	tpm2_pcrread "sha256:$1" -o "$tmp/pcr" > /dev/null
	openssl dgst -sha256 -binary "$tmp/pcr" | xxd -p -c 64
}

pcr_fields()
{
	printf '%s\n' 'field2=EXPLICIT:1,SEQUENCE:policy' '[policy]' \
		'one=SEQUENCE:element' '[element]' \
		'code=EXPLICIT:0,INTEGER:0x17f' \
		"body=EXPLICIT:1,FORMAT:HEX,OCTETSTRING:$1"
}

foreign_pcrs()
{
	local digest command hash

	tpm2_createpolicy --policy-pcr -l sha256:14 -L "$tmp/policy" > /dev/null
	seal t -L "$tmp/policy"
	digest=$(pcr_digest 14)
	command=0020$digest$(selection 14)
	hash=$(selection 14)$digest
	mapfile -t fields < <(pcr_fields "$command")
	tss2 t $srk "$empty" "${fields[@]}"
	holds_known t
	cp "$tmp/t.der" "$tmp/command.der"
	mapfile -t fields < <(pcr_fields "$hash")
	tss2 t $srk "$empty" "${fields[@]}"
	holds_known t
	# Registers of another value: in the text, which the Name does not commit
	# to, and in the TPM.
	mapfile -t fields < <(pcr_fields "0020$(printf '%064d' 0)$(selection 14)")
	cp "$tmp/t.pub" "$tmp/w.pub"
	cp "$tmp/t.priv" "$tmp/w.priv"
	tss2 w $srk "$empty" "${fields[@]}"
	load_refused_early EBADMSG a:b w
	extend 14
	load_refused EPERM a:b t
	load_refused EPERM a:b command
}
claim "... with registers, in both spellings of CommandPolicy" foreign_pcrs

foreign_refused()
{
	seal good
	tss2 good $srk "$empty"
	seal t
	# An importable key, no key at all; a persistent handle that is not the
	# SRK, the endorsement hierarchy, none.
	oid=2.23.133.10.1.4 tss2 t $srk "$empty"
	load_refused_early EOPNOTSUPP a:b t
	oid=2.23.133.10.1.6 tss2 t $srk "$empty"
	load_refused_early EBADMSG a:b t
	for parent in 0x81000002 0x4000000b 0x40000007 0x80000000 1; do
		tss2 t $parent "$empty"
		load_refused_early ENOKEY a:b t
	done
	for parent in 0 -1 0x100000000 0x810000010000000000; do
		tss2 t $parent "$empty"
		load_refused_early EBADMSG a:b t
	done
	tss2 t $srk "$empty" 'field2=EXPLICIT:2,FORMAT:HEX,OCTETSTRING:00'
	load_refused_early EOPNOTSUPP a:b t
	tss2 t $srk "$empty" 'field2=EXPLICIT:6,BOOLEAN:TRUE'
	load_refused_early EBADMSG a:b t
	# A child of another key than it says.
	tpm2_createprimary -C o -G ecc256:aes128cfb -c "$tmp/other.ctx" > /dev/null
	tpm2_create -C "$tmp/other.ctx" -i "$tmp/known" -u "$tmp/t.pub" \
		-r "$tmp/t.priv" > /dev/null
	tss2 t $srk "$empty"
	load_refused EBADMSG a:b t
	loads a:c good
}

claim "... and what is not a sealed object under the SRK does not" foreign_refused

# ---- what is published ----

# A device of 1 MiB whose key is given as dm-crypt takes it, at $tmp/image.
crypt_device()
{
	dmsetup create "$1" --table "0 2048 crypt aes-xts-plain64 $2 0 $loop 0"
	dmsetup mknodes
}

published_bytes()
{
	local key

	modprobe loop
	modprobe dm-crypt
	truncate -s 1M "$tmp/image"
	loop=$(losetup -f --show "$tmp/image")
	key=$(new_key a:b "len=64 parent=srk")
	chain_of "$key" "$tmp/f.der"
	keyop update "$key" "publish logon:tkm:b keyring=@u"
	load_flat f
	unseal f
	crypt_device published ":64:logon:tkm:b"
	printf '%-512s' "written with the published key" |
		dd of=/dev/mapper/published bs=512 conv=fsync status=none
	dmsetup remove published
	crypt_device unsealed "$(hex "$tmp/f.data")"
	contains "$(dd if=/dev/mapper/unsealed bs=512 count=1 status=none)" \
		"written with the published key"
	dmsetup remove unsealed
	losetup -d "$loop"
	keyctl unlink "$(keyctl search @u logon tkm:b)" @u
}
claim "what is published is what is sealed: dm-crypt with the one reads what the other wrote" published_bytes

run_claims
