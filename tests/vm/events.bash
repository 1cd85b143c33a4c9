# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # tmp is lib.sh's
#
# Everything that leaves a record in the audit, once each, and that list, for who
# looks at what the module gives and for who looks at what tkmd keeps. A helper has to
# be there, and does what it is asked.
#
#   events_happen              leaves the chain of a:data in $tmp/hex
#   events_wanted              lines of "EVENT RESULT UID KEY"

events_happen()
{
	local data ec

	head -c 32 /dev/urandom > "$tmp/digest"
	echo secret > "$tmp/clear"
	data=$(new_key a:data "use=publish,crypt len=64")
	keyctl pkey_encrypt "$data" 0 "$tmp/clear" enc=gcm > "$tmp/hidden"
	keyctl pkey_decrypt "$data" 0 "$tmp/hidden" enc=gcm > /dev/null
	keyctl pipe "$data" > "$tmp/hex"
	must update "$data" "publish logon:au:a keyring=@s" > /dev/null
	must update "$data" "unpublish logon:au:a" > /dev/null
	must update "$data" reseal > /dev/null
	must update "$data" "state suspended" > /dev/null
	ec=$(new_key a:ec ec)
	keyctl pkey_sign "$ec" 0 "$tmp/digest" enc=x962 hash=sha256 > "$tmp/sig"
	keyctl pkey_verify "$ec" 0 "$tmp/digest" "$tmp/sig" enc=x962 hash=sha256
	# The public key, sizes and looking are nobody's secret.
	keyctl pkey_encrypt "$ec" 0 /dev/null enc=spki > "$tmp/spki"
	keyctl pkey_query "$ec" 0 enc=x962 hash=sha256 > /dev/null
	nlop show "$ec" > /dev/null
	# It never leaves.
	refuses EPERM add tkm-move away "duplicate key=$ec object=key parent=$ec approval=$ec" @s
	keyctl revoke "$ec"
	keyctl unlink "$data" @s
	data=$(load_key a:data "$tmp/hex")
	expect_errno EBUSY nlop set-state deactivated "$data"
	keyctl unlink "$data" @s
	expect_errno EPERM as 4501 keyop add tkm a:data "load $(cat "$tmp/hex")" @s
	policy_events
	tpm2_dictionarylockout -Q -s -n 32 -t 10000 -l 1
	# shellcheck disable=SC2016 # that shell's
	as 4501 bash -euc '
		right=$(keyop add logon pw:right right @s) wrong=$(keyop add logon pw:wrong wrong @s)
		domain=$(keyop add tkm-domain me "new auth=$right" @s)
		keyop update $domain lock
		! keyop update $domain "unlock auth=$wrong"
		keyop update $domain "unlock auth=$right"
		keyop update $domain "passwd auth=$right new=$wrong"' > /dev/null 2>&1
}

# By netlink, which tkmd is not asked for.
policy_events()
{
	nlop policy-set regs bank 11 mask 0x880
	expect_errno EINVAL nlop policy-approve regs
	expect_errno EPERM as 4501 nlop policy-remove regs
	nlop policy-remove regs
	expect_errno ENOENT nlop policy-remove regs
}

events_wanted()
{
	cat <<-LIST
	create ok 0 a:data
	encrypt ok 0 a:data
	decrypt ok 0 a:data
	export ok 0 a:data
	publish ok 0 a:data
	unpublish ok 0 a:data
	reseal ok 0 a:data
	state ok 0 a:data
	create ok 0 a:ec
	sign ok 0 a:ec
	verify ok 0 a:ec
	duplicate EPERM 0 a:ec
	revoke ok 0 a:ec
	load ok 0 a:data
	state EBUSY 0 a:data
	load EPERM 4501 a:data
	policy-set ok 0 @policy:regs
	policy-approve EINVAL 0 @policy:regs
	policy-remove EPERM 4501 @policy:regs
	policy-remove ok 0 @policy:regs
	policy-remove ENOENT 0 @policy:regs
	domain-new ok 4501 @:me
	lock ok 4501 @:me
	unlock EKEYREJECTED 4501 @:me
	unlock ok 4501 @:me
	passwd ok 4501 @:me
	LIST
}
