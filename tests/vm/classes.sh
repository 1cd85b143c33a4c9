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
	local i=0 wanted areas

	mapfile -t areas < <(areas_of "$1")
	for wanted in 00030472 00030c60 00030c60 "$2"; do
		check "${areas[2 * i]:12:8}" = "$wanted"
		i=$((i + 1))
	done
}

# tdk_of CHAIN, all of its public area: as good as its Name
tdk_of()
{
	local areas

	mapfile -t areas < <(areas_of "$1")
	echo "${areas[2]}"
}

# What stands in the authPolicy of each object below the TKMRK, computed here.
policies_are()
{
	local chain=$1 name=$2 i records areas moves

	mapfile -t records < <(records_of "$chain")
	mapfile -t areas < <(areas_of "$chain")
	moves=$(duplicate_digest "$name")
	for i in 1 2 3; do
		[[ ${records[i]} == *" class=$3 authority=$name "* ]] || fail "${records[i]}"
		[ "$i" = 3 ] && [ -n "${4-}" ] && continue
		check "${areas[2 * i]:24:64}" = \
			"$(or_digest "$(record_hash "${records[i]}")" "$moves")"
	done
}

table()
{
	local pin areas i c

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
	mapfile -t areas < <(areas_of "$tmp/fixed.der")
	for i in 0 1 2; do
		check "${areas[2 * i]:12:8}" = 00030472
	done
	# One TKMRK for all; a branch for each class.
	check "$(for c in data ec fixed; do areas_of "$tmp/$c.der" | sed -n 1p; done | sort -u | wc -l)" = 1
	check "$(for c in data pcrs pin both ec rsa fixed; do tdk_of "$tmp/$c.der"; done |
		sort -u | wc -l)" = 3
}
claim "attributes and policies of every object are the design's" table

recovery()
{
	local chain=$tmp/key.der records areas site offline i

	begin
	authority offline
	nlop policy-set moves authority "$work/site.pub" recovery "$work/offline.pub"
	make_chain key a:key "class=certified authority=moves pcrs=7"
	mapfile -t records < <(records_of "$chain")
	mapfile -t areas < <(areas_of "$chain")
	site=$(duplicate_digest "$(name_of "$work/site.pub")")
	offline=$(duplicate_digest "$(name_of "$work/offline.pub")")
	for i in 1 2; do
		[[ ${records[i]} == *" recovery=$(name_of "$work/offline.pub") "* ]] ||
			fail "${records[i]}"
		check "${areas[2 * i]:24:64}" = \
			"$(or_digest "$(record_hash "${records[i]}")" "$site" "$offline")"
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
		check "$(tdk_of "$tmp/$i.der")" = "$(tdk_of "$tmp/first.der")"
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
	check "$(tdk_of "$tmp/seventh.der")" = "$(tdk_of "$tmp/first.der")"
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

# Keys that all these claims share, loaded with tpm2-tools: $work/key0.ctx to key3, and
# a storage key to duplicate to, $work/to.ctx.
strangers()
{
	local i

	if [ ! -e "$work/to.name" ]; then
		begin
		make_chain key a:key "$portable"
		make_chain pair a:pair "ec class=portable"
		make_chain fixed a:fixed
		make_chain fixed-pair a:pair2 ec
		for i in key pair fixed fixed-pair; do
			records_of "$tmp/$i.der" > "$work/$i.records"
			tools_load "$tmp/$i.der" "$work/$i"
		done
		destination
	fi
	name=$(name_of "$work/mine.pub")
	to=(-C "$work/to.ctx" -G aes -i "$work/inner")
}

destination()
{
	tpm2_create -C $srk -G ecc256:aes128cfb -g sha256 \
		-a "restricted|decrypt|fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda" \
		-u "$work/to.pub" -r "$work/to.priv" > /dev/null
	openssl rand 16 > "$work/inner"
	tpm2_load -C $srk -u "$work/to.pub" -r "$work/to.priv" -c "$work/to.ctx" -n "$work/to.name" > /dev/null
}

# list_of KEY I: the branches of that object, as tpm2_policyor takes them
list_of()
{
	or_list "$(record_hash "$(sed -n "$(($2 + 1))p" "$work/$1.records")")" \
		"$(duplicate_digest "$name")"
}

# duplicate AUTH OBJECT [OPTION...]
duplicate()
{
	tpm2_duplicate -p "$1" -c "$2" -r "$tmp/dup.priv" -s "$tmp/dup.seed" "${@:3}"
}

# stays OBJECT: duplicated by nothing
stays()
{
	# By its (empty) authValue: AUTH_TYPE.
	tpm_refuses "Esys_Duplicate() Esys Finish ErrorCode (0x00000124)" \
		duplicate "" "$1" "${to[@]}"
	# By a policy, for that very command: POLICY_FAIL.
	tpm2_startauthsession --policy-session -S "$tmp/s" > /dev/null
	tpm2_policycommandcode -S "$tmp/s" TPM2_CC_Duplicate > /dev/null
	tpm_refuses "Esys_Duplicate() Esys Finish ErrorCode (0x0000099d)" \
		duplicate "session:$tmp/s" "$1" "${to[@]}"
	tpm_refuses "Esys_Duplicate() Esys Finish ErrorCode (0x0000099d)" \
		duplicate "session:$tmp/s" "$1" -C null -G null
	tpm2_flushcontext "$tmp/s"
}

fixed_stays()
{
	local name to i

	strangers
	stays "$work/fixed3.ctx"
	stays "$work/fixed-pair3.ctx"
	for i in 0 1 2; do
		! in_part || stays "$work/fixed$i.ctx"
	done
}
claim "nothing that is fixed is duplicated, by whatever authorisation" fixed_stays

# goes_covered I: the strongest an authority could say, anywhere, and it is refused
goes_covered()
{
	local object=$work/key$1.ctx

	dup_session "$tmp/s" mine "$(list_of key "$1")"
	# SYMMETRIC; HIERARCHY; SYMMETRIC; and not without approval: AUTH_TYPE.
	tpm_refuses "Esys_Duplicate() Esys Finish ErrorCode (0x000002d6)" \
		duplicate "session:$tmp/s" "$object" -C null -G null
	tpm_refuses "Esys_Duplicate() Esys Finish ErrorCode (0x00000285)" \
		duplicate "session:$tmp/s" "$object" -C null -G aes -i "$work/inner"
	tpm_refuses "Esys_Duplicate() Esys Finish ErrorCode (0x000002d6)" \
		duplicate "session:$tmp/s" "$object" -C "$work/to.ctx" -G null
	tpm_refuses "Esys_Duplicate() Esys Finish ErrorCode (0x00000124)" \
		duplicate "" "$object" "${to[@]}"
	# The same session does it where the class allows it: it was not refused for
	# something else.
	duplicate "session:$tmp/s" "$object" "${to[@]}" > /dev/null
	tpm2_flushcontext "$tmp/s"
}

clear_never()
{
	local name to i

	strangers
	goes_covered 3
	for i in 1 2; do
		! in_part || goes_covered $i
	done
}
claim "what may move never leaves in clear, whatever its authority says" clear_never

approved_only()
{
	local name to list select

	authority other
	strangers
	list=$(list_of key 3)
	select=(tpm2_policyduplicationselect -n "$work/key3.name" -N "$work/to.name" --include-object)
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
		duplicate "session:$tmp/s" "$work/key3.ctx" -C "$work/key0.ctx" -G aes -i "$work/inner"
	tpm2_flushcontext "$tmp/s"
	dup_session "$tmp/s" mine "$list" tpm2_policyduplicationselect -n "$work/key2.name" \
		-N "$work/to.name" --include-object
	tpm_refuses "Esys_Duplicate() Esys Finish ErrorCode (0x0000099d)" \
		duplicate "session:$tmp/s" "$work/key3.ctx" "${to[@]}"
	tpm2_flushcontext "$tmp/s"
	# What was approved.
	dup_session "$tmp/s" mine "$list" "${select[@]}"
	duplicate "session:$tmp/s" "$work/key3.ctx" "${to[@]}" > /dev/null
	tpm2_flushcontext "$tmp/s"
}
claim "it moves as its authority approved, to that parent, and not otherwise" approved_only

# unused CHAIN OBJECT COMMAND...: that branch of the object's policy is not for this
unused()
{
	dup_session "$tmp/s" mine "$(list_of "$1" "$2")"
	# POLICY_CC.
	tpm_refuses "Esys Finish ErrorCode (0x000009a4)" "${@:3}"
	tpm2_flushcontext "$tmp/s"
}

no_use()
{
	local name to key=$work/key pair=$work/pair

	strangers
	echo x > "$tmp/small"
	unused key 3 tpm2_unseal -c "${key}3.ctx" -p "session:$tmp/s"
	unused key 2 tpm2_load -C "${key}2.ctx" -P "session:$tmp/s" -u "${key}3.pub" -r "${key}3.priv" \
		-c "$tmp/x.ctx"
	unused key 1 tpm2_create -C "${key}1.ctx" -P "session:$tmp/s" -i "$tmp/small" \
		-a "userwithauth|encryptedduplication|fixedparent" -u "$tmp/x.pub" -r "$tmp/x.priv"
	unused key 3 tpm2_changeauth -C "${key}2.ctx" -c "${key}3.ctx" -p "session:$tmp/s" -r "$tmp/x.priv" new
	unused pair 3 tpm2_sign -c "${pair}3.ctx" -p "session:$tmp/s" -g sha256 -o "$tmp/x.sig" "$tmp/small"
	# The empty authValue does; so it was the session that was refused.
	tpm2_sign -c "${pair}3.ctx" -g sha256 -o "$tmp/x.sig" "$tmp/small"
}
claim "who approves of moving a key cannot use it by that" no_use

run_claims
