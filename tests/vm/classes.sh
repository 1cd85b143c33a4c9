#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Classes of keys: what never moves, and what moves where somebody approves of it.
# What the TPM would let anyone do is tried with tpm2-tools, on the same objects.
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/helper.bash"
. "$(dirname "$0")/tkmd.bash"
. "$(dirname "$0")/approval.bash"
. "$(dirname "$0")/moving.bash"

# Whoever the first keys of both classes name; after it new ones need no word.
approver_key()
{
	public_file "$1" "$tmp/$1.tpm2b"
	keyctl padd user "approver:$1" @s < "$tmp/$1.tpm2b"
}

# begin: no storage key of a class is known, and both classes have their authority
begin()
{
	authority mine
	authority site p384
	keyctl clear @u
	module_reload
	nlop policy-set moves authority "$work/site.pub"
	portable="class=portable approver=$(approver_key mine)"
	certified="class=certified authority=moves"
}

attributes_are()
{
	local i=0 wanted

	for wanted in 00030472 00030c60 00030c60 "$2"; do
		check "$(areas_of "$1" | sed -n "$((2 * i + 1))p" | cut -c 13-20)" = "$wanted"
		i=$((i + 1))
	done
}

# What stands in the authPolicy of each object below the TKMRK, computed here.
policies_are()
{
	local chain=$1 name=$2 i=1 record policy digest

	records_of "$chain" > "$tmp/records"
	for i in 1 2 3; do
		record=$(sed -n "$((i + 1))p" "$tmp/records")
		[[ $record == *" class=$3 authority=$name "* ]] || fail "$record"
		policy=$(areas_of "$chain" | sed -n "$((2 * i + 1))p" | cut -c 25-88)
		[ "$i" = 3 ] && [ -n "${4-}" ] && continue
		digest=$(or_digest "$(record_hash "$record")" "$(duplicate_digest "$name")")
		check "$policy" = "$digest"
	done
}

table()
{
	local pin

	begin
	pin=$(auth_key secret)
	make_chain data a:data "$portable"
	attributes_are "$tmp/data.der" 00000c40
	policies_are "$tmp/data.der" "$(name_of "$work/mine.pub")" portable
	make_chain pcrs a:pcrs "class=portable pcrs=7"
	attributes_are "$tmp/pcrs.der" 00000c00
	policies_are "$tmp/pcrs.der" "$(name_of "$work/mine.pub")" portable policy
	make_chain pin a:pin "class=portable auth=$pin"
	attributes_are "$tmp/pin.der" 00000840
	make_chain both a:both "class=portable auth=$pin pcrs=7"
	attributes_are "$tmp/both.der" 00000800
	make_chain ec a:ec "ec $certified"
	attributes_are "$tmp/ec.der" 00040c60
	policies_are "$tmp/ec.der" "$(name_of "$work/site.pub")" certified
	make_chain rsa a:rsa "rsa class=certified use=decrypt"
	attributes_are "$tmp/rsa.der" 00020c60
	policies_are "$tmp/rsa.der" "$(name_of "$work/site.pub")" certified
	# And what is fixed is as it was.
	make_chain fixed a:fixed
	for i in 0 1 2; do
		check "$(areas_of "$tmp/fixed.der" | sed -n "$((2 * i + 1))p" | cut -c 13-20)" = 00030472
	done
	# One TKMRK for all; a branch for each class.
	check "$(for c in data ec fixed; do names_of "$tmp/$c.der" | sed -n 1p; done | sort -u | wc -l)" = 1
	check "$(for c in data pcrs pin both ec rsa fixed; do names_of "$tmp/$c.der" | sed -n 2p; done |
		sort -u | wc -l)" = 3
}
claim "attributes and policies of every object are the design's" table

recovery()
{
	local chain=$tmp/key.der record i

	begin
	authority offline
	nlop policy-set moves authority "$work/site.pub" recovery "$work/offline.pub"
	make_chain key a:key "class=certified authority=moves pcrs=7"
	records_of "$chain" > "$tmp/records"
	for i in 1 2; do
		record=$(sed -n "$((i + 1))p" "$tmp/records")
		[[ $record == *" recovery=$(name_of "$work/offline.pub") "* ]] || fail "$record"
		check "$(areas_of "$chain" | sed -n "$((2 * i + 1))p" | cut -c 25-88)" = \
			"$(or_digest "$(record_hash "$record")" \
			"$(duplicate_digest "$(name_of "$work/site.pub")")" \
			"$(duplicate_digest "$(name_of "$work/offline.pub")")")"
	done
	loads a:key key > /dev/null
	nlop policy-set moves authority "$work/site.pub"
}
claim "... with a recovery key, one branch more" recovery

# publish, crypt, reseal, states, chains: nothing is otherwise.
used()
{
	local data pair

	begin
	data=$(new_key a:data "$portable use=publish,crypt pcrs=7")
	echo hello > "$tmp/in"
	keyctl pkey_encrypt "$data" 0 "$tmp/in" enc=gcm > "$tmp/message"
	check "$(keyctl pkey_decrypt "$data" 0 "$tmp/message" enc=gcm)" = hello
	keyctl update "$data" "publish logon:tkm:moving"
	keyctl search @s logon tkm:moving > /dev/null
	keyctl update "$data" "reseal pcrs=none"
	[[ $(state_of "$data") == *"class=portable state=active policy=none" ]] || fail "$(state_of "$data")"
	chain_of "$data" "$tmp/data.der"
	attributes_are "$tmp/data.der" 00000c40
	policies_are "$tmp/data.der" "$(name_of "$work/mine.pub")" portable
	keyctl update "$data" "state deactivated"
	expect_errno EPERM keyctl pkey_encrypt "$data" 0 "$tmp/in" enc=gcm
	check "$(keyctl pkey_decrypt "$data" 0 "$tmp/message" enc=gcm)" = hello
	pair=$(new_key a:pair "ec $certified")
	openssl dgst -sha256 -binary "$tmp/in" > "$tmp/digest"
	keyctl pkey_encrypt "$pair" 0 /dev/null enc=spki > "$tmp/pair.spki"
	keyctl pkey_sign "$pair" 0 "$tmp/digest" enc=x962 hash=sha256 > "$tmp/signed"
	openssl dgst -sha256 -verify "$tmp/pair.spki" -keyform DER -signature "$tmp/signed" \
		"$tmp/in" > /dev/null
	chain_of "$pair" "$tmp/pair.der"
	keyctl clear @s
	module_reload
	data=$(loads a:data data)
	check "$(keyctl pkey_decrypt "$data" 0 "$tmp/message" enc=gcm)" = hello
	pair=$(loads a:pair pair)
	[[ $(state_of "$pair") == *"kind=ec class=certified"* ]] || fail "$(state_of "$pair")"
	keyctl pkey_sign "$pair" 0 "$tmp/digest" enc=x962 hash=sha256 > "$tmp/signed"
	openssl dgst -sha256 -verify "$tmp/pair.spki" -keyform DER -signature "$tmp/signed" \
		"$tmp/in" > /dev/null
}
claim "keys of these classes are used as fixed ones are" used

words()
{
	local other pin

	begin
	authority other
	other=$(approver_key other)
	# Nobody has said yet who approves.
	refuses ENOKEY add tkm a:x "new class=portable" @s
	refuses ENOKEY add tkm a:x "new class=certified" @s
	refuses_early ENOKEY add tkm a:x "new class=portable authority=nobody" @s
	refuses_early ENOKEY add tkm a:x "new class=portable approver=2147483647" @s
	nlop policy-set regs bank 11 mask 0x80
	refuses_early EOPNOTSUPP add tkm a:x "new class=certified authority=regs" @s
	pin=$(auth_key secret)
	refuses_early EBADMSG add tkm a:x "new class=portable approver=$pin" @s
	head -c 40 "$tmp/mine.tpm2b" > "$tmp/half"
	pin=$(keyctl padd user half @s < "$tmp/half")
	refuses_early EBADMSG add tkm a:x "new class=portable approver=$pin" @s
	{ cat "$tmp/mine.tpm2b"; printf x; } > "$tmp/more"
	pin=$(keyctl padd user more @s < "$tmp/more")
	refuses_early EBADMSG add tkm a:x "new class=portable approver=$pin" @s
	pin=$(auth_key secret logon auth:logon)
	refuses_early EINVAL add tkm a:x "new class=portable approver=$pin" @s
	pin=$(keyctl padd user gone @s < "$tmp/mine.tpm2b")
	keyctl revoke "$pin"
	refuses_early EKEYREVOKED add tkm a:x "new class=portable approver=$pin" @s
	# The first says who, the others inherit it; a second one is refused.
	make_chain first a:first "$portable"
	make_chain second a:second class=portable
	make_chain third b:third class=portable
	make_chain fourth a:fourth "$portable"
	for i in second third fourth; do
		check "$(names_of "$tmp/$i.der" | sed -n 2p)" = "$(names_of "$tmp/first.der" | sed -n 2p)"
		policies_are "$tmp/$i.der" "$(name_of "$work/mine.pub")" portable
	done
	refuses EEXIST add tkm a:x "new class=portable approver=$other" @s
	refuses EEXIST add tkm b:x "new class=portable authority=moves" @s
	refuses ENOKEY add tkm a:x "new class=certified" @s
	make_chain fifth a:fifth "$certified"
	refuses EEXIST add tkm a:x "new class=portable authority=moves" @s
	make_chain sixth a:sixth class=certified
	policies_are "$tmp/sixth.der" "$(name_of "$work/site.pub")" certified
	# After a boot it is in what is loaded.
	keyctl clear @s
	module_reload
	loads a:first first > /dev/null
	make_chain seventh c:seventh class=portable
	check "$(names_of "$tmp/seventh.der" | sed -n 2p)" = "$(names_of "$tmp/first.der" | sed -n 2p)"
	refuses ENOKEY add tkm a:x "new class=certified" @s
}
claim "the first key says who approves, others inherit it, another one is EEXIST" words

# What guards a domain guards what is fixed.
guarded()
{
	local pin

	begin
	pin=$(auth_key secret)
	keyctl add tkm-domain mine "new auth=$pin" @s > /dev/null
	refuses EOPNOTSUPP add tkm a:x "new $portable" @s
	new_key a:fixed > /dev/null
	keyctl clear @s
	module_reload
}
claim "a domain with a password has fixed keys only: EOPNOTSUPP" guarded

kept_names()
{
	xxd -r -p "$tmp/$1" > "$tmp/$1.der"
	names_of "$tmp/$1.der"
}

kept()
{
	local key tdk

	begin
	tkmd_start
	kept_key a:mine "$portable"
	kept_key a:fixed ""
	tdk=$(kept_names a_mine | sed -n 2p)
	[ "$tdk" != "$(kept_names a_fixed | sed -n 2p)" ]
	tkmd_stop
	keyctl clear @s
	module_reload
	tkmd_start
	# Who approves is what the kept branch says.
	kept_key b:second class=portable
	check "$(kept_names b_second | sed -n 2p)" = "$tdk"
	kept_key a:third class=portable
	check "$(kept_names a_third | sed -n 2,3p)" = "$(kept_names a_mine | sed -n 2,3p)"
	kept_key a:fourth ""
	check "$(kept_names a_fourth | sed -n 2,3p)" = "$(kept_names a_fixed | sed -n 2,3p)"
	refuses ENOKEY add tkm a:x "new class=certified" @s
	is_kept a:mine
	# The domain's password is known to tkmd before the module has seen it.
	key=$(keyctl add tkm-domain mine "new auth=$(auth_key secret)" @s)
	keyctl unlink "$key" @s
	tkmd_stop
	keyctl clear @s
	module_reload
	tkmd_start
	refuses EOPNOTSUPP add tkm a:x "new class=portable" @s
	tkmd_stop
	module_reload
}
claim "the helper keeps and finds a branch of each class" kept

# What the TPM would do for anyone who has the objects. ------------------------

# A storage key to duplicate to, $tmp/to.ctx.
destination()
{
	tpm2_create -C $srk -G ecc256:aes128cfb -g sha256 \
		-a "restricted|decrypt|fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda" \
		-u "$tmp/to.pub" -r "$tmp/to.priv" > /dev/null
	tpm2_load -C $srk -u "$tmp/to.pub" -r "$tmp/to.priv" -c "$tmp/to.ctx" -n "$tmp/to.name" > /dev/null
	openssl rand 16 > "$tmp/inner"
}

# duplicate AUTH OBJECT [OPTION...]
duplicate()
{
	tpm2_duplicate -p "$1" -c "$2" -r "$tmp/dup.priv" -s "$tmp/dup.seed" "${@:3}"
}

to_destination=()
fixed_stays()
{
	local i chain

	begin
	make_chain fixed a:fixed
	make_chain pair a:pair ec
	destination
	to_destination=(-C "$tmp/to.ctx" -G aes -i "$tmp/inner")
	for chain in fixed pair; do
		tools_load "$tmp/$chain.der"
		for i in 0 1 2 3; do
			# The storage keys are the same.
			[ "$chain" = fixed ] || [ "$i" = 3 ] || continue
			# By its (empty) authValue: AUTH_TYPE.
			tpm_refuses "Esys_Duplicate() Esys Finish ErrorCode (0x00000124)" \
				duplicate "" "$tmp/o$i.ctx" "${to_destination[@]}"
			# By a policy, for that very command: POLICY_FAIL.
			tpm2_startauthsession --policy-session -S "$tmp/s" > /dev/null
			tpm2_policycommandcode -S "$tmp/s" TPM2_CC_Duplicate > /dev/null
			tpm_refuses "Esys_Duplicate() Esys Finish ErrorCode (0x0000099d)" \
				duplicate "session:$tmp/s" "$tmp/o$i.ctx" "${to_destination[@]}"
			tpm_refuses "Esys_Duplicate() Esys Finish ErrorCode (0x0000099d)" \
				duplicate "session:$tmp/s" "$tmp/o$i.ctx" -C null -G null
			tpm2_flushcontext "$tmp/s"
		done
	done
}
claim "nothing that is fixed is duplicated, by whatever authorisation" fixed_stays

# The strongest an authority could say: anywhere.
clear_never()
{
	local i list record name

	begin
	make_chain key a:key "$portable"
	destination
	name=$(name_of "$work/mine.pub")
	records_of "$tmp/key.der" > "$tmp/records"
	tools_load "$tmp/key.der"
	for i in 1 2 3; do
		record=$(sed -n "$((i + 1))p" "$tmp/records")
		list=$(or_list "$(record_hash "$record")" "$(duplicate_digest "$name")")
		dup_session "$tmp/s" mine "$list"
		# SYMMETRIC; HIERARCHY; SYMMETRIC; and not without approval: AUTH_TYPE.
		tpm_refuses "Esys_Duplicate() Esys Finish ErrorCode (0x000002d6)" \
			duplicate "session:$tmp/s" "$tmp/o$i.ctx" -C null -G null
		tpm_refuses "Esys_Duplicate() Esys Finish ErrorCode (0x00000285)" \
			duplicate "session:$tmp/s" "$tmp/o$i.ctx" -C null -G aes -i "$tmp/inner"
		tpm_refuses "Esys_Duplicate() Esys Finish ErrorCode (0x000002d6)" \
			duplicate "session:$tmp/s" "$tmp/o$i.ctx" -C "$tmp/to.ctx" -G null
		tpm_refuses "Esys_Duplicate() Esys Finish ErrorCode (0x00000124)" \
			duplicate "" "$tmp/o$i.ctx" -C "$tmp/to.ctx" -G aes -i "$tmp/inner"
		[ "$i" = 3 ] || tpm2_flushcontext "$tmp/s"
	done
	# The same session does it where the class allows it: it was not refused for
	# something else.
	duplicate "session:$tmp/s" "$tmp/o3.ctx" -C "$tmp/to.ctx" -G aes -i "$tmp/inner" > /dev/null
	tpm2_flushcontext "$tmp/s"
}
claim "what may move never leaves in clear, whatever its authority says" clear_never

approved_only()
{
	local list record name select

	begin
	authority other
	make_chain key a:key "$portable"
	destination
	name=$(name_of "$work/mine.pub")
	record=$(records_of "$tmp/key.der" | sed -n 4p)
	list=$(or_list "$(record_hash "$record")" "$(duplicate_digest "$name")")
	tools_load "$tmp/key.der"
	to_destination=(-C "$tmp/to.ctx" -G aes -i "$tmp/inner")
	select=(tpm2_policyduplicationselect -n "$tmp/o3.name" -N "$tmp/to.name" --include-object)
	# Somebody else's approval, and one of its own for something else than moving:
	# no branch of the PolicyOR: VALUE.
	tpm_refuses "Esys_PolicyOR() Esys Finish ErrorCode (0x000001c4)" \
		dup_session "$tmp/s" other "$list" "${select[@]}"
	tpm2_flushcontext "$tmp/s"
	DUP_REF=$(policy_ref moves) tpm_refuses "Esys_PolicyOR() Esys Finish ErrorCode (0x000001c4)" \
		dup_session "$tmp/s" mine "$list" "${select[@]}"
	tpm2_flushcontext "$tmp/s"
	# To another parent, of another object: POLICY_FAIL.
	dup_session "$tmp/s" mine "$list" "${select[@]}"
	tpm_refuses "Esys_Duplicate() Esys Finish ErrorCode (0x0000099d)" \
		duplicate "session:$tmp/s" "$tmp/o3.ctx" -C "$tmp/o0.ctx" -G aes -i "$tmp/inner"
	tpm2_flushcontext "$tmp/s"
	dup_session "$tmp/s" mine "$list" tpm2_policyduplicationselect -n "$tmp/o2.name" \
		-N "$tmp/to.name" --include-object
	tpm_refuses "Esys_Duplicate() Esys Finish ErrorCode (0x0000099d)" \
		duplicate "session:$tmp/s" "$tmp/o3.ctx" "${to_destination[@]}"
	tpm2_flushcontext "$tmp/s"
	# What was approved.
	dup_session "$tmp/s" mine "$list" "${select[@]}"
	duplicate "session:$tmp/s" "$tmp/o3.ctx" "${to_destination[@]}" > /dev/null
	tpm2_flushcontext "$tmp/s"
}
claim "it moves as its authority approved, to that parent, and not otherwise" approved_only

# unused OBJECT COMMAND...: that branch of the object's policy is not for this
unused()
{
	local record list

	record=$(sed -n "$(($1 + 1))p" "$tmp/records")
	list=$(or_list "$(record_hash "$record")" "$(duplicate_digest "$(name_of "$work/mine.pub")")")
	dup_session "$tmp/s" mine "$list"
	# POLICY_CC.
	tpm_refuses "Esys Finish ErrorCode (0x000009a4)" "${@:2}"
	tpm2_flushcontext "$tmp/s"
}

no_use()
{
	begin
	make_chain key a:key "$portable"
	make_chain pair a:pair "ec class=portable"
	records_of "$tmp/key.der" > "$tmp/records"
	echo x > "$tmp/small"
	tools_load "$tmp/key.der"
	unused 3 tpm2_unseal -c "$tmp/o3.ctx" -p "session:$tmp/s"
	unused 2 tpm2_load -C "$tmp/o2.ctx" -P "session:$tmp/s" -u "$tmp/o3.pub" -r "$tmp/o3.priv" \
		-c "$tmp/x.ctx"
	unused 1 tpm2_create -C "$tmp/o1.ctx" -P "session:$tmp/s" -i "$tmp/small" \
		-a "userwithauth|encryptedduplication|fixedparent" -u "$tmp/x.pub" -r "$tmp/x.priv"
	unused 3 tpm2_changeauth -C "$tmp/o2.ctx" -c "$tmp/o3.ctx" -p "session:$tmp/s" -r "$tmp/x.priv" new
	records_of "$tmp/pair.der" > "$tmp/records"
	tools_load "$tmp/pair.der"
	unused 3 tpm2_sign -c "$tmp/o3.ctx" -p "session:$tmp/s" -g sha256 -o "$tmp/x.sig" "$tmp/records"
	# The empty authValue does; so it was the session that was refused.
	tpm2_sign -c "$tmp/o3.ctx" -g sha256 -o "$tmp/x.sig" "$tmp/records"
}
claim "who approves of moving a key cannot use it by that" no_use

run_claims
