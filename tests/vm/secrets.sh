#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# No clear key comes out: bytes that we know are sealed by another tool, loaded,
# resealed and published, and then looked for in everything that a user or a
# wire can see. Each search is first shown to find them where they are.
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/helper.bash"

srk=0x81000001
known="a known key, thirty-two bytes it."
known=${known:0:32}
value="the value of a person"

# A TPM in the machine, because its log has every byte of the bus.
tpm_start bus

# ---- searching ----

# What the bus carried since the log had this size, one hex string.
bus_since()
{
	tail -c +$(($1 + 1)) "$(tpm_log bus)" |
		sed -n 's/^ *\(\([0-9A-F][0-9A-F] \{0,1\}\)\{1,16\}\) *$/\1/p' |
		tr -d ' \n' | tr A-F a-f
}

bus_size()
{
	stat -c %s "$(tpm_log bus)"
}

hex_of()
{
	printf '%s' "$1" | xxd -p | tr -d '\n'
}

# The bytes as they are, as hex in both cases, or as base64, in a file.
is_in()
{
	grep -aqF -- "$2" "$1" || tr -d ' \n' < "$1" | grep -aqiF -- "$(hex_of "$2")" ||
		tr -d ' \n' < "$1" | grep -aqF -- "$(printf '%s' "$2" | base64 | cut -c -40)"
}

is_not_in()
{
	! is_in "$1" "$2" || fail "$1 has it"
	# Nor a part of it, which is enough to know it by.
	! is_in "$1" "${2:8:16}" || fail "$1 has the middle of it"
}

# ---- a key whose bytes are known ----

# $tmp/known.der; the bytes were on the bus for this, but not for what follows.
seal_known()
{
	printf '%s' "$known" > "$tmp/data"
	tpm2_create -C $srk -g sha256 -i "$tmp/data" -u "$tmp/pub" \
		-r "$tmp/priv" "$@" > /dev/null
	{
		printf '%s\n' 'asn1=SEQUENCE:key' '[key]' 'type=OID:2.23.133.10.1.5'
		[ $# -gt 0 ] || echo 'empty=EXPLICIT:0,BOOLEAN:TRUE'
		printf '%s\n' "parent=INTEGER:$srk" \
			"pub=FORMAT:HEX,OCTETSTRING:$(hex "$tmp/pub")" \
			"priv=FORMAT:HEX,OCTETSTRING:$(hex "$tmp/priv")"
	} > "$tmp/conf"
	openssl asn1parse -genconf "$tmp/conf" -noout -out "$tmp/known.der"
}

# Proof that a tkm key holds the bytes: another tool unseals them from it.
holds_known()
{
	chain_of "$1" "$tmp/proof.der"
	object_files "$tmp/proof.der" 0 "$tmp/proof"
	tpm2_load -C $srk -u "$tmp/proof.pub" -r "$tmp/proof.priv" \
		-c "$tmp/proof.ctx" > /dev/null
	tpm2_unseal -c "$tmp/proof.ctx" "${@:2}" > "$tmp/unsealed"
	check "$(cat "$tmp/unsealed")" = "$known"
}

need_srk()
{
	new_key a:first parent=srk > /dev/null
}

search_finds()
{
	local file=$tmp/file

	for text in "$known" "$(hex_of "$known")" \
		"$(hex_of "$known" | tr a-f A-F | sed 's/../& /g')" \
		"$(hex_of "$known" | fold -w 32)" \
		"$(printf '%s' "$known" | base64)"; do
		printf 'before %s after' "$text" > "$file"
		is_in "$file" "$known" || fail "not found in '$text'"
	done
	echo "something else" > "$file"
	is_not_in "$file" "$known"
}
claim "the search finds what it looks for, in each spelling" search_finds

bus_is_searched()
{
	local before

	need_srk
	seal_known
	before=$(bus_size)
	tpm2_load -C $srk -u "$tmp/pub" -r "$tmp/priv" -c "$tmp/ctx" > /dev/null
	bus_since "$before" > "$tmp/bus"
	is_not_in "$tmp/bus" "$known"
	# Without a session, it crosses the bus in clear.
	tpm2_unseal -c "$tmp/ctx" > /dev/null
	bus_since "$before" > "$tmp/bus"
	is_in "$tmp/bus" "$known" || fail "the log has not what crossed the bus"
}
claim "the log has what crosses the bus, in clear where a tool sends it so" bus_is_searched

# on_bus NAME: nothing secret since $before, and at least these commands
bus_is_clean()
{
	bus_since "$before" > "$tmp/bus"
	is_not_in "$tmp/bus" "$known"
	is_not_in "$tmp/bus" "$value"
	while [ $# -gt 0 ]; do
		# The command's code after tag and size: that it was there at all.
		grep -qE "8002[0-9a-f]{8}$1" "$tmp/bus" || fail "no command $1 in the log"
		shift
	done
}

bus()
{
	local before key auth

	need_srk
	auth=$(auth_key "$value")
	seal_known
	before=$(bus_size)
	key=$(loads a:b known)
	bus_is_clean 00000157 0000015e
	before=$(bus_size)
	keyop update "$key" "reseal pcrs=14"
	bus_is_clean 00000153
	before=$(bus_size)
	chain_of "$key" "$tmp/pcrs.der"
	keyctl unlink "$key" @s
	key=$(loads a:b pcrs)
	bus_is_clean 00000157 0000015e
	before=$(bus_size)
	keyop update "$key" "reseal pcrs=none auth=$auth"
	bus_is_clean 00000153
	before=$(bus_size)
	chain_of "$key" "$tmp/auth.der"
	keyctl unlink "$key" @s
	key=$(loads a:b auth "auth=$auth")
	bus_is_clean 00000157 0000015e
	before=$(bus_size)
	keyop update "$key" "reseal pcrs=14 auth=$auth"
	chain_of "$key" "$tmp/both.der"
	keyctl unlink "$key" @s
	key=$(loads a:b both "auth=$auth")
	bus_is_clean 00000153 00000157 0000015e
	keyop update "$key" "reseal pcrs=none auth=none"
	holds_known "$key"
}
claim "the key never crosses the bus in clear: load, unseal, reseal, with and without a value" bus

# The same for bytes that tkm made, in a hierarchy: first made, then known.
bus_new()
{
	local before made

	before=$(bus_size)
	make_chain f a:f "parent=srk len=32"
	loads a:f f
	make_chain h a:h
	loads a:h h
	bus_since "$before" > "$tmp/bus"
	object_files "$tmp/f.der" 0 "$tmp/o"
	tpm2_load -C $srk -u "$tmp/o.pub" -r "$tmp/o.priv" -c "$tmp/o.ctx" > /dev/null
	before=$(bus_size)
	tpm2_unseal -c "$tmp/o.ctx" -o "$tmp/made"
	bus_since "$before" > "$tmp/unseal"
	made=$(hex "$tmp/made")
	contains "$(cat "$tmp/unseal")" "$made"
	# The public part is no secret, and shows that Create was in it.
	contains "$(cat "$tmp/bus")" "$(areas_of "$tmp/f.der" | head -n 1)"
	lacks "$(cat "$tmp/bus")" "${made:16:32}"
}
claim "nor does a key that tkm makes" bus_new

# ---- messages ----

# Every message between module and helper from now on, in $tmp/messages by
# messages_end.
messages_begin()
{
	strace -p "$helper" -qq -xx -s 65536 -e trace=sendto,sendmsg,recvfrom,recvmsg,read,write \
		-o "$tmp/strace" 2> "$tmp/strace-err" &
	tracer=$!
	poll 20 is_traced || fail "no strace: $(cat "$tmp/strace-err")"
}

is_traced()
{
	grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/$helper/status"
}

messages_end()
{
	helper_stop
	wait "$tracer" || :
	sed 's/\\x//g' "$tmp/strace" > "$tmp/messages"
}

messages()
{
	local auth other key domain

	need_srk
	tpm2_dictionarylockout -Q -s -n 32 -t 10000 -l 1
	seal_known -p "$value"
	mkdir "$tmp/db"
	helper_start AUDIT="$tmp/audit" keep "$tmp/db"
	messages_begin
	auth=$(auth_key "$value" logon)
	other=$(auth_key "$known" user)
	key=$(loads a:b known "auth=$auth")
	must update "$key" "publish logon:tkm:b" > /dev/null
	must update "$key" "reseal pcrs=14 auth=$auth" > /dev/null
	must update "$key" "reseal pcrs=none auth=$other" > /dev/null
	must update "$key" "state suspended" > /dev/null
	make_chain f a:f "parent=srk len=32"
	domain=$(must add tkm-domain me "new auth=$auth" @s)
	new_key b:c "auth=$other" > /dev/null
	must update "$domain" lock > /dev/null
	expect_errno EKEYREJECTED keyop update "$domain" "unlock auth=$other"
	must update "$domain" "unlock auth=$auth" > /dev/null
	must update "$domain" "passwd auth=$auth new=$other" > /dev/null
	new_key b:d rsa > /dev/null
	nlop list > /dev/null
	poll 30 grep -q '^create.* b:d ' "$tmp/audit" || fail "nothing is written: $(cat "$tmp/audit")"
	messages_end
	is_not_in "$tmp/messages" "$known"
	is_not_in "$tmp/messages" "$value"
	# What is no secret is there: a name, and a chain of what was made.
	is_in "$tmp/messages" "b:d"
	contains "$(cat "$tmp/messages")" "$(areas_of "$tmp/f.der" | head -n 1)"
	object_files "$tmp/f.der" 0 "$tmp/o"
	tpm2_load -C $srk -u "$tmp/o.pub" -r "$tmp/o.priv" -c "$tmp/o.ctx" > /dev/null
	tpm2_unseal -c "$tmp/o.ctx" -o "$tmp/made"
	lacks "$(cat "$tmp/messages")" "$(hex "$tmp/made" | cut -c 17-48)"
	tpm2_dictionarylockout -c
	# The domain has a password, and is not to be known to the next.
	keyctl clear @s
	module_reload
}
claim "no message between module and helper has a key, a value or a password" messages

# ---- what a user sees ----

everything()
{
	local key=$1 logon=$2

	keyctl pipe "$key"
	keyctl read "$key"
	keyctl print "$key"
	keyctl describe "$key"
	keyctl rdescribe "$key"
	keyctl show
	keyctl describe "$logon"
	cat /proc/keys /proc/key-users
	dmesg
	cat $trace/trace
	cat /sys/module/tkm/parameters/*
	keyctl pipe "$key" | xxd -r -p
}

in_sight()
{
	local key logon auth verb

	need_srk
	auth=$(auth_key "$value" logon)
	seal_known -p "$value"
	trace_clear
	key=$(loads a:b known "auth=$auth")
	keyop update "$key" "publish logon:tkm:b"
	logon=$(keyctl search @s logon tkm:b)
	keyop update "$key" "reseal pcrs=14 auth=$auth"
	everything "$key" "$logon" > "$tmp/seen" 2>&1
	is_not_in "$tmp/seen" "$known"
	is_not_in "$tmp/seen" "$value"
	contains "$(cat "$tmp/seen")" Unseal
	contains "$(cat "$tmp/seen")" "logon     tkm:b: 32"
	# What is published is for the kernel alone.
	for verb in read print pipe; do
		expect_errno EOPNOTSUPP keyctl $verb "$logon"
	done
	keyop update "$key" "reseal pcrs=none auth=none"
	holds_known "$key"
}
claim "the key is in nothing that a user reads: keyctl, /proc, the log, the trace" in_sight

side_doors()
{
	local key verb

	need_srk
	seal_known
	key=$(loads a:b known)
	# Other parts of the keyring that take a key's payload.
	expect_errno EOPNOTSUPP keyctl dh_compute "$key" "$key" "$key"
	head -c 64 /dev/zero > "$tmp/zero"
	# (It has no size for a digest, and the kernel asks for sizes first.)
	expect_errno EINVAL keyctl pkey_sign "$key" 0 "$tmp/zero"
	expect_errno EINVAL keyctl pkey_verify "$key" 0 "$tmp/zero" "$tmp/zero"
	# The cipher's key is another than the payload, and opens what it closed.
	expect_errno EINVAL keyctl pkey_decrypt "$key" 0 "$tmp/zero"
	expect_errno EBADMSG keyctl pkey_decrypt "$key" 0 "$tmp/zero" enc=gcm
	key=$(new_key a:sealed use=publish)
	for verb in encrypt decrypt; do
		expect_errno EPERM keyctl pkey_$verb "$key" 0 "$tmp/zero" enc=gcm
	done
	# A consumer that takes another type of key as its master.
	modprobe encrypted-keys
	key=$(keyctl add encrypted e "new user:a:b 32" @s)
	expect_errno ENOKEY keyctl pipe "$key"
}
claim "other doors of the keyring stay closed" side_doors

refusals_tell_nothing()
{
	local auth wrong key i

	need_srk
	auth=$(auth_key "$value")
	wrong=$(auth_key "$known")
	seal_known -p "$value"
	trace_clear
	load_refused EKEYREJECTED a:b known "auth=$wrong"
	key=$(loads a:b known "auth=$auth")
	refuses_early EINVAL update "$key" "reseal auth=$wrong $value"
	for i in 40 100 200; do
		head -c $i "$tmp/known.der" > "$tmp/cut.der"
		load_refused_early EBADMSG a:c cut "auth=$auth"
	done
	dmesg > "$tmp/seen"
	cat $trace/trace >> "$tmp/seen"
	is_not_in "$tmp/seen" "$value"
	is_not_in "$tmp/seen" "$known"
	tpm2_dictionarylockout -c
}
claim "refusals put nothing of it into the log" refusals_tell_nothing

run_claims
