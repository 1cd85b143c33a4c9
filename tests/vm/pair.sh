#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# RSA and EC keys: what guards them, what they cost, what they outlive, and other
# tools with them. What they compute is in pkey.sh.
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pair.bash"

srk=0x81000001
ec="enc=x962 hash=sha256"
rsa="enc=pkcs1 hash=sha256"

# sign KEY INFO, of a message that is there: $tmp/sig
sign()
{
	pkop sign "$1" "$2" "$tmp/sha256" "$tmp/sig"
}

signs()
{
	sign "$1" "$2" > /dev/null
	pkop verify "$1" "$2" "$tmp/sha256" "$tmp/sig" > /dev/null
}

extend()
{
	tpm2_pcrextend "$1:sha256=$(sha256sum <<< x | cut -c -64)"
}

# ---- costs ----

# costs WANTED COMMAND...: the TPM commands, in order, by the tracepoint
costs()
{
	check "$(commands_of "${@:2}")" = "$1"
}

counted()
{
	local name session=StartAuthSession load

	a_message
	# The first of a sort asks the TPM whether it has such.
	module_reload
	new_key pair:first > /dev/null
	contains "$(commands_of new_key pair:rs rsa)" "TestParms"
	costs "$session ContextLoad Create FlushContext" new_key pair:r2 rsa
	costs "$session Create" new_key pair:f2 "rsa parent=srk"
	keyctl clear @s
	for name in rs es rd ed flate; do
		pair $name > /dev/null
		keyctl clear @s
		load="$session ContextLoad Load ContextSave FlushContext FlushContext"
		[ $name != flate ] || load="$session Load ContextSave FlushContext"
		check "$(commands_of pair $name)" = "$load"
	done
	costs "ContextLoad Sign FlushContext" sign "$(pair rs)" "$rsa"
	costs "ContextLoad Sign FlushContext" sign "$(pair es)" "$ec"
	costs "ContextLoad Sign FlushContext" sign "$(pair es)" "$ec"
	costs "ContextLoad Sign FlushContext" sign "$(pair flate)" "$ec"
	costs "" pkop verify "$(pair flate)" "$ec" "$tmp/sha256" "$tmp/sig"
	costs "" pkop query "$(pair es)" "$ec"
	costs "" pkop encrypt "$(pair es)" enc=spki - -
	costs "" pkop encrypt "$(pair rd)" enc=pkcs1 "$tmp/sha256" "$tmp/ct"
	costs "$session ContextLoad RSA_Decrypt FlushContext" \
		pkop decrypt "$(pair rd)" enc=pkcs1 "$tmp/ct" -
	openssl pkey -pubin -in "$work/flate.pem" -outform DER | tail -c 65 > "$tmp/point"
	costs "$session ContextLoad ECDH_ZGen FlushContext" \
		pkop decrypt "$(pair ed)" enc=ecdh "$tmp/point" -
	# What was made and not loaded is loaded when it is used first.
	new_key pair:fresh ec > /dev/null
	check "$(commands_of sign "$(keyctl search @s tkm pair:fresh)" "$ec")" = \
		"$session ContextLoad Load ContextSave Sign FlushContext FlushContext FlushContext"
	costs "ContextLoad Sign FlushContext" \
		sign "$(keyctl search @s tkm pair:fresh)" "$ec"
}
claim "a key used again: ContextLoad, the operation, FlushContext" counted

parallel()
{
	a_message
	pkop crowd 100 "$(pair es)" "$ec" "$tmp/sha256"
	pkop crowd 20 "$(pair rs)" "$rsa" "$tmp/sha256"
}
claim "a hundred processes sign at once, and every signature is right" parallel

# ---- what guards them ----

lockout_counter()
{
	tpm2_getcap properties-variable | sed -n 's/^TPM2_PT_LOCKOUT_COUNTER: *//p'
}

# new NAME OPTIONS with a value; loads with another one, which shows at the first
# use and counts once; USE is "verb info in"
guarded()
{
	local key right wrong before

	right=$(auth_key "the value" user auth:right)
	wrong=$(auth_key "no value" user auth:wrong)
	key=$(new_key pair:guarded "$1 auth=$right")
	contains "$(state_of "$key" | sed 's/.*policy=//')" auth
	chain_of "$key" "$tmp/guarded.der"
	pkop "${@:2}" > /dev/null
	keyctl unlink "$key" @s
	tpm2_dictionarylockout -c
	load_refused_early EKEYREJECTED pair:guarded guarded
	key=$(loads pair:guarded guarded "auth=$wrong")
	before=$(lockout_counter)
	expect_errno EKEYREJECTED pkop "${@:2}"
	check $(($(lockout_counter) - before)) = 1
	keyctl unlink "$key" @s
	key=$(loads pair:guarded guarded "auth=$right")
	pkop "${@:2}" > /dev/null
	pkop "${@:2}" > /dev/null
	check $(($(lockout_counter) - before)) = 1
	keyctl unlink "$key" @s
	tpm2_dictionarylockout -c
}

# The number of the key is not known before: %tkm: is for keyctl(1) alone.
with_auth()
{
	a_message
	pkop()
	{
		command pkop "$1" "$(keyctl search @s tkm pair:guarded)" "${@:2}"
	}
	guarded ec sign "$ec" "$tmp/sha256" -
	guarded "ec parent=srk" sign "$ec" "$tmp/sha256" -
	guarded rsa sign "$rsa" "$tmp/sha256" -
	printf '\4' > "$tmp/point"
	openssl ecparam -name prime256v1 -genkey -noout |
		openssl pkey -pubout -outform DER | tail -c 64 >> "$tmp/point"
	guarded "ec use=decrypt" decrypt enc=ecdh "$tmp/point" -
	guarded "ec pcrs=23" sign "$ec" "$tmp/sha256" -
}
claim "a value is asked for at use: a wrong one is EKEYREJECTED and counts once" with_auth

registers()
{
	local key flat

	a_message
	tpm2_pcrreset 23
	key=$(new_key pair:bound "ec pcrs=23")
	flat=$(new_key pair:flat "ec pcrs=23 parent=srk")
	chain_of "$key" "$tmp/bound.der"
	signs "$key" "$ec"
	signs "$flat" "$ec"
	contains "$(commands_of sign "$key" "$ec")" "PolicyPCR PolicyOR Sign"
	extend 23
	expect_errno EPERM sign "$key" "$ec"
	expect_errno EPERM sign "$flat" "$ec"
	# It loads: what guards it is asked for at use.
	keyctl unlink "$key" @s
	key=$(loads pair:bound bound)
	expect_errno EPERM sign "$key" "$ec"
	# Its public half is anybody's.
	pkop verify "$key" "$ec" "$tmp/sha256" "$tmp/sig" || check $? = 1
	tpm2_pcrreset 23
	signs "$key" "$ec"
	signs "$flat" "$ec"
}
claim "registers are compared at use: EPERM when one was extended, until it is back" registers

expired()
{
	! sign "$1" "$ec" > "$tmp/out" && [ "$(cat "$tmp/out")" = EKEYEXPIRED ]
}

times()
{
	local key

	a_message
	key=$(new_key pair:later "ec not-before=2099-01-01")
	contains "$(state_of "$key")" state=pre-active
	refuses_pkey EPERM sign "$key" "$ec" "$tmp/sha256" -
	pkop encrypt "$key" enc=spki - - > /dev/null
	key=$(new_key pair:once "ec not-after=$(date -u -d "+$((4 * slow)) seconds" +%Y-%m-%dT%H:%M:%SZ)")
	signs "$key" "$ec"
	poll 20 expired "$key"
	key=$(new_key pair:gone ec)
	keyctl revoke "$key"
	refuses_pkey EKEYREVOKED sign "$key" "$ec" "$tmp/sha256" -
}
claim "not-before EPERM, not-after EKEYEXPIRED, revoked EKEYREVOKED" times

refused()
{
	local name key

	a_message
	for name in rs es; do
		key=$(pair $name)
		refuses_early EPERM update "$key" "publish logon:a:b keyring=@s"
		refuses_early EPERM update "$key" "publish user:b keyring=@s reveal=every-possessor-can-read-it"
		refuses_early EOPNOTSUPP update "$key" "reseal"
		refuses_early EOPNOTSUPP update "$key" "reseal pcrs=23"
	done
	refuses_pkey EPERM decrypt "$(pair rs)" enc=pkcs1 "$tmp/sha256" -
	refuses_pkey EPERM encrypt "$(pair rs)" enc=pkcs1 "$tmp/sha256" -
	refuses_pkey EPERM decrypt "$(pair es)" enc=ecdh "$tmp/sha256" -
	refuses_pkey EPERM sign "$(pair rd)" "$rsa" "$tmp/sha256" -
	refuses_pkey EPERM sign "$(pair ed)" "$ec" "$tmp/sha256" -
	refuses_pkey EPERM verify "$(pair rd)" "$rsa" "$tmp/sha256" "$tmp/sha256"
	# There are no words for that.
	refuses_pkey EINVAL sign "$(new_key pair:data)" "$rsa" "$tmp/sha256" -
	refuses_pkey EPERM encrypt "$(new_key pair:data2)" enc=gcm "$tmp/sha256" -
	for name in "rsa bits=1024" "rsa bits=4096" "ec curve=p521" "rsa curve=p256" \
		"ec bits=2048" "rsa use=sign,decrypt" "ec use=publish" "rsa len=32" \
		"data use=sign" "dsa"; do
		refuses_early EINVAL add tkm pair:x "new $name" @s
	done
}
claim "publish and another use are EPERM, reseal EOPNOTSUPP, without a TPM command" refused

strangers()
{
	local key

	a_message
	chmod a+rx "$work" "$tmp"
	key=$(new_key pair:mine ec)
	expect_errno EACCES as 4601 pkop sign "$key" "$ec" "$tmp/sha256" -
	# Its owner may let others use it, but nobody over the border.
	keyctl setperm "$key" 0x3f3f3f3f
	as 4601 pkop sign "$key" "$ec" "$tmp/sha256" - > /dev/null
	expect_errno EPERM inside pkop sign "$key" "$ec" "$tmp/sha256" -
	expect_errno EPERM inside pkop encrypt "$key" enc=spki - -
	expect_errno EPERM inside pkop query "$key" "$ec"
	signs "$key" "$ec"
}
claim "another user needs the permission, and another user namespace gets EPERM" strangers

# ---- what they outlive ----

reload()
{
	local name info

	a_message
	for name in rs es flate; do
		signs "$(pair $name)" "$([ $name = rs ] && echo "$rsa" || echo "$ec")"
		cp "$tmp/sig" "$tmp/sig.$name"
	done
	keyctl clear @s
	module_reload
	for name in rs es flate; do
		info=$([ $name = rs ] && echo "$rsa" || echo "$ec")
		public_pem "$(pair $name)" "$tmp/pem"
		cmp "$tmp/pem" "$work/$name.pem"
		pkop verify "$(pair $name)" "$info" "$tmp/sha256" "$tmp/sig.$name"
		signs "$(pair $name)" "$info"
	done
}
claim "a chain loads after rmmod and modprobe, and is the same key" reload

same_chip_again()
{
	local key flat

	keyctl clear @s
	a_message
	tpm_start own
	module_reload
	key=$(new_key own:key ec)
	flat=$(new_key own:flat "ec parent=srk")
	signs "$key" "$ec"
	signs "$flat" "$ec"
	# Restarted, and back as another chip: no context of before is any good.
	tpm_stop own
	expect_errno ENODEV sign "$key" "$ec"
	tpm_start own
	contains "$(commands_of sign "$key" "$ec")" "Load ContextSave Sign"
	signs "$key" "$ec"
	signs "$flat" "$ec"
	check "$(commands_of sign "$key" "$ec")" = "ContextLoad Sign FlushContext"
	# A reset that the kernel does not know of: refused, not signed with whatever.
	tpm_reset own
	expect_errno ENODEV sign "$key" "$ec"
	keyctl clear @s
	tpm_stop own
	# Another TPM has other keys.
	tpm_start another
	module_reload
	new_key own:other ec > /dev/null
	keyctl clear @s
	tpm_stop another
	tpm_unpark
	module_reload
}
claim "when its chip was away, a key loads itself from its chain" same_chip_again

# ---- TPMs that lack something ----

lacking_answers()
{
	[ -s "$tmp/number" ] && [ -c "/dev/tpmrm$(cat "$tmp/number")" ] &&
		tpm2_getcap properties-fixed -T "device:/dev/tpmrm$(cat "$tmp/number")" \
			> /dev/null 2>&1
}

lacking_settles()
{
	lacking_answers || tpm_ended "$1"
}

# As lib.sh's tpm_try: the driver may drop a chip that is slow to begin.
lacking_try()
{
	rm -rf "$tmp/state"
	mkdir "$tmp/state"
	: > "$tmp/number"
	setsid keyop session lacking "$tmp/state" > "$tmp/number" 3>&- &
	lacking_pid=$!
	poll 60 lacking_settles $lacking_pid && lacking_answers
}

lacking()
{
	local tries=12

	keyctl clear @s
	: > "$tmp/tpm-changed"
	modprobe tpm_vtpm_proxy
	tpm_park
	until lacking_try; do
		[ $((tries -= 1)) -gt 0 ] || fail "no TPM: $(cat "$tmp/number")"
	done
	tpm_use "$(cat "$tmp/number")"
	module_reload
	# Not even storage keys are made for it.
	new_key lacks:data > /dev/null
	trace_clear
	refuses EOPNOTSUPP add tkm lacks2:a "new rsa bits=3072" @s
	refuses EOPNOTSUPP add tkm lacks2:a "new ec curve=p384" @s
	refuses EOPNOTSUPP add tkm lacks2:a "new ec curve=p384 parent=srk" @s
	lacks "$(trace_names)" Create
	lacks "$(trace_names)" ContextSave
	new_key lacks2:a rsa > /dev/null
	new_key lacks2:b ec > /dev/null
	keyctl clear @s
	module_unload
	kill "$lacking_pid"
	poll 10 tpm_gone "/dev/tpm$(cat "$tmp/number")"
	tpm_unpark
	module_load
}
claim "a size or curve that the TPM lacks: EOPNOTSUPP, before anything is made" lacking

# ---- other tools ----

# openssl COMMAND..., with the keys of the TPM
with_provider()
{
	TPM2OPENSSL_TCTI=$TPM2TOOLS_TCTI openssl "$1" -provider tpm2 \
		-provider default -propquery '?provider=tpm2' "${@:2}"
}

# TSS2 PEM of a flat key's chain
tss2_pem()
{
	{
		echo "-----BEGIN TSS2 PRIVATE KEY-----"
		base64 "$tmp/$1.der"
		echo "-----END TSS2 PRIVATE KEY-----"
	} > "$tmp/$1.pem"
}

ours_elsewhere()
{
	local key name info scheme

	a_message
	for name in flate flatr; do
		key=$(pair $name)
		info=$([ $name = flatr ] && echo "$rsa" || echo "$ec")
		chain_of "$key" "$tmp/$name.der"
		object_files "$tmp/$name.der" 0 "$tmp/$name"
		tpm2_load -C $srk -u "$tmp/$name.pub" -r "$tmp/$name.priv" \
			-c "$tmp/$name.ctx" > /dev/null
		scheme=$([ $name = flatr ] && echo rsassa || echo ecdsa)
		tpm2_sign -c "$tmp/$name.ctx" -g sha256 -s "$scheme" -d "$tmp/sha256" \
			-f plain -o "$tmp/their.sig"
		pkop verify "$key" "$info" "$tmp/sha256" "$tmp/their.sig"
		sign "$key" "$info"
		tpm2_verifysignature -c "$tmp/$name.ctx" -g sha256 -m "$tmp/msg" \
			-s "$tmp/sig" -f "$scheme"
		# OpenSSL's provider reads the file as it is.
		tss2_pem $name
		with_provider dgst -sha256 -sign "$tmp/$name.pem" \
			-out "$tmp/their.sig" "$tmp/msg"
		pkop verify "$key" "$info" "$tmp/sha256" "$tmp/their.sig"
		openssl dgst -sha256 -verify "$work/$name.pem" -signature "$tmp/sig" "$tmp/msg"
	done
}
claim "tpm2-tools and OpenSSL's provider sign with our flat keys, and we verify" ours_elsewhere

# tss2 NAME: what tpm2_create made, in DER by OpenSSL's own writer
tss2()
{
	printf '%s\n' 'asn1=SEQUENCE:key' '[key]' type=OID:2.23.133.10.1.3 \
		field1=EXPLICIT:0,BOOLEAN:TRUE parent=INTEGER:$srk \
		"pub=FORMAT:HEX,OCTETSTRING:$(hex "$tmp/$1.pub")" \
		"priv=FORMAT:HEX,OCTETSTRING:$(hex "$tmp/$1.priv")" > "$tmp/conf"
	openssl asn1parse -genconf "$tmp/conf" -noout -out "$tmp/$1.der"
}

# NAME INFO: it signs, and the tool's public key says so
foreign_signs()
{
	local key

	key=$(loads "pair:$1" "$1")
	sign "$key" "$2"
	openssl dgst -sha256 -verify "$tmp/$1.public" -signature "$tmp/sig" "$tmp/msg"
	keyctl unlink "$key" @s
}

theirs_here()
{
	local alg

	a_message
	for alg in ecc256 ecc384 rsa2048; do
		tpm2_create -C $srk -G $alg -u "$tmp/$alg.pub" -r "$tmp/$alg.priv" > /dev/null
		tpm2_load -C $srk -u "$tmp/$alg.pub" -r "$tmp/$alg.priv" -c "$tmp/$alg.ctx" > /dev/null
		tpm2_readpublic -c "$tmp/$alg.ctx" -f pem -o "$tmp/$alg.public" > /dev/null
		tss2 $alg
		foreign_signs $alg "$([ $alg = rsa2048 ] && echo "$rsa" || echo "$ec")"
		tpm2_encodeobject -C $srk -u "$tmp/$alg.pub" -r "$tmp/$alg.priv" -o "$tmp/$alg.pem"
		sed '/-----/d' "$tmp/$alg.pem" | base64 -d > "$tmp/$alg.der"
		foreign_signs $alg "$([ $alg = rsa2048 ] && echo "$rsa" || echo "$ec")"
	done
	# A storage key is none to sign with, and one with a scheme of its own is not
	# one that we use.
	tpm2_create -C $srk -G ecc256:aes128cfb -u "$tmp/s.pub" -r "$tmp/s.priv" \
		-a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|decrypt' > /dev/null
	tss2 s
	load_refused_early EOPNOTSUPP pair:s s
	tpm2_create -C $srk -G ecc256:ecdsa-sha256 -u "$tmp/s.pub" -r "$tmp/s.priv" > /dev/null
	tss2 s
	load_refused_early EOPNOTSUPP pair:s s
}
claim "keys of tpm2_create load, by two encoders, and sign" theirs_here

provider_key()
{
	a_message
	with_provider genpkey -algorithm EC -pkeyopt group:P-256 -pkeyopt parent:$srk \
		-out "$tmp/p.pem"
	sed '/-----/d' "$tmp/p.pem" | base64 -d > "$tmp/p.der"
	with_provider pkey -in "$tmp/p.pem" -pubout -out "$tmp/p.public"
	foreign_signs p "$ec"
}
claim "a key of OpenSSL's provider loads from its file, and signs" provider_key

run_claims
