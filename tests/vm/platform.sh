#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# tkm platform: a TPM that its maker certified says who it is.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$here/tk.bash"
. "$here/tkmd.bash"
. "$here/platform.bash"

# The TPM of the test's platform A, and what tkm then knows of it.
on_a()
{
	module_unload
	made_by maker A
	tpm_stop B
	tpm_have A
	module_load
}

# The same of platform B, another maker's.
on_b()
{
	module_unload
	made_by stranger B
	tpm_stop A
	tpm_have B
	module_load
}

# Most claims start tkmd and swap chips, which takes its time on kernels in QEMU: of
# those that are like others a sixth, at random; all in user-mode Linux.
sometimes()
{
	! in_part || claim "$@"
}

# p ACTION ARGUMENT...: tkm platform, with the tkmd of the claim, which must succeed
p()
{
	local action=$1

	shift
	tkm platform "$action" --socket "$tmp/run/socket" "$@" 2> "$tmp/p-err" ||
		fail "tkm platform $action $*: $(cat "$tmp/p-err")"
	[ ! -s "$tmp/p-err" ] || fail "tkm platform $action $*: $(cat "$tmp/p-err")"
}

# The DER of a file, and its parts by OpenSSL, which knows nothing of tkm.
der_of()
{
	sed '/^-----/d' "$1" | base64 -d
}

# blob FILE N OUT: the Nth OCTET STRING
blob()
{
	local at

	at=$(der_of "$1" | openssl asn1parse -inform DER |
		sed -n 's/^ *\([0-9]*\):.*OCTET STRING.*/\1/p' | sed -n "$2p")
	der_of "$1" | openssl asn1parse -inform DER -strparse "$at" -noout -out "$3" 2> /dev/null ||
		der_of "$1" | openssl asn1parse -inform DER -offset "$at" |
		sed -n '1s/.*\[HEX DUMP\]://p' | xxd -r -p > "$3"
	[ -s "$3" ] || fail "no octet string $2 in $1"
}

a_credential_says_who_it_is()
{
	on_a
	tkmd_start
	p show -o "$tmp/a"
	check "$(head -n 1 "$tmp/a")" = "-----BEGIN TKM PLATFORM-----"
	p show --json > "$tmp/json"
	check "$(jq -r '.ek | map(.index) | join(" ")' "$tmp/json")" = "29360130 29360150"
	check "$(jq -r '.facts["tpm.banks"]' "$tmp/json")" = sha256
	check "$(jq -r '.srk' "$tmp/json")" = \
		"$(tpm2_readpublic -c 0x81000001 -n "$tmp/name" > /dev/null; hex "$tmp/name")"
	# The same keys each time, and nothing stays in the TPM.
	check "$(jq -r '.ak' "$tmp/json")" = "$(p show --json | jq -r .ak)"
	check "$(tpm2_getcap handles-transient)" = ""
	check "$(tpm2_getcap handles-loaded-session)" = ""
	# What has no word of the module's leaves a record as well.
	check "$(tk audit show --json --key @:tkmrk --socket "$tmp/run/socket" |
		jq -r '.[] | "\(.event) \(.result) \(.uid) \(.program)"' | sort | uniq -c | xargs)" = \
		"3 export ok 0 tkm"
	tkmd_stop
}
claim "a credential says who it is" a_credential_says_who_it_is

the_endorsement_keys_are_those_of_the_certificates()
{
	on_a
	tkmd_start
	p show -o "$tmp/a"
	blob "$tmp/a" 1 "$tmp/cert"
	tpm2_nvread 0x01c00002 -o "$tmp/nv" > /dev/null
	head -c "$(stat -c %s "$tmp/cert")" "$tmp/nv" | cmp - "$tmp/cert"
	openssl x509 -inform DER -in "$tmp/cert" -noout -pubkey > "$tmp/of-cert"
	blob "$tmp/a" 2 "$tmp/area"
	tpm2_readpublic -c 0x81010001 -f pem -o "$tmp/of-tpm" > /dev/null
	cmp "$tmp/of-cert" "$tmp/of-tpm"
	tail -c 256 "$tmp/area" > "$tmp/modulus"
	check "Modulus=$(hex "$tmp/modulus" | tr a-f A-F)" = \
		"$(openssl rsa -pubin -in "$tmp/of-tpm" -noout -modulus)"
	tkmd_stop
}
sometimes "the endorsement keys are those of the certificates" \
	the_endorsement_keys_are_those_of_the_certificates

# Without the RSA key's certificate, and with none of the keys left in the TPM.
a_key_on_a_curve_answers()
{
	on_a
	tpm2_evictcontrol -C o -c 0x81010001 > /dev/null 2>&1 ||
		tpm2_evictcontrol -C p -c 0x81010001 > /dev/null
	tkmd_start
	p show --json > "$tmp/json"
	check "$(jq -r '.ek | map(.index) | join(" ")' "$tmp/json")" = "29360130 29360150"
	tpm2_nvundefine -C p 0x01c00002
	p show --json > "$tmp/json"
	check "$(jq -r '.ek | map(.index) | join(" ")' "$tmp/json")" = 29360150
	p add a --ca "$work/maker/trusted" --via "$(serve)"
	answers a
	tkmd_stop
}

without_tkmd_a_key_has_the_root_key()
{
	local key

	on_a
	ends 4 tkm platform show --socket "$tmp/nobody"
	says "(ECONNREFUSED)"
	key=$(new_key a:b)
	p show --key "$key" -o "$tmp/a"
	check "$(head -n 1 "$tmp/a")" = "-----BEGIN TKM PLATFORM-----"
	chain_of "$key" "$tmp/chain"
	object_files "$tmp/chain" 0 "$tmp/root"
	# 5 and 6 are the certificate and area of the second endorsement key and AK's.
	blob "$tmp/a" 6 "$tmp/tkmrk"
	tail -c +3 "$tmp/root.pub" | cmp - "$tmp/tkmrk"
	ends 1 tkm platform show --key a:none
	key=$(new_key a:flat parent=srk)
	ends 1 tkm platform show --key "$key"
	says "(ENOKEY)"
	keyctl clear @s
}
claim "without tkmd a key has the root key" without_tkmd_a_key_has_the_root_key

an_authorisation_of_the_endorsement_hierarchy_is_told()
{
	on_a
	tkmd_start
	tpm2_changeauth -c endorsement secret
	ends 3 tkm platform show --socket "$tmp/run/socket"
	tpm2_changeauth -c endorsement -p secret
	says "the TPM's endorsement hierarchy has an authorisation value"
	says "(EKEYREJECTED)"
	p show > /dev/null
	tkmd_stop
}
sometimes "an authorisation of the endorsement hierarchy is told" \
	an_authorisation_of_the_endorsement_hierarchy_is_told

a_tpm_without_certificates_is_told()
{
	module_unload
	tpm_stop A
	tpm_have plain
	module_load
	tkmd_start
	ends 1 tkm platform show --socket "$tmp/run/socket"
	says "the TPM has no certificate of an endorsement key (ENOENT)"
	tkmd_stop
	module_unload
	tpm_stop plain
	on_a
}
sometimes "a TPM without certificates is told" a_tpm_without_certificates_is_told

# forge ...: forge.py
forge()
{
	python3 "$here/forge.py" "$@"
}

# Platform A's credential, made once, and what is with it: the tkmd of the claim runs.
a_is_shown()
{
	on_a
	tkmd_start
	trusted=$work/maker/trusted
	p show -o "$tmp/a"
}

# refused CHECK ACTION ARGUMENT...: that check failed, and nobody is known by it
refused()
{
	local check=$1 action=$2

	shift 2
	ends 3 tkm platform "$action" --socket "$tmp/run/socket" "$@"
	contains "$(head -n 1 "$tmp/err")" "tkm: platform $action: $check: "
	contains "$(head -n 1 "$tmp/err")" "(EKEYREJECTED)"
	check "$(cat "$tmp/out")" = ""
	check "$(p list)" = "${known-}"
}

serve()
{
	echo "tkm platform serve --socket $tmp/run/socket"
}

# bytes_of LOG SINCE: what went over the bus since the log had that size, in hex
bytes_of()
{
	tail -c +$(($2 + 1)) "$1" |
		sed -n 's/^ *\(\([0-9A-F][0-9A-F] \{0,1\}\)\{1,16\}\) *$/\1/p' | tr -d ' \n'
}

# keeps_secret ANSWER: no 32 of those bytes are what the answer proves
keeps_secret()
{
	blob "$1" 1 "$tmp/asked"
	blob "$1" 2 "$tmp/proof"
	python3 -c 'import hmac, sys
bus = bytes.fromhex(sys.stdin.read())
said = b"tkm platform proof v1\0" + open(sys.argv[1], "rb").read()
proof = open(sys.argv[2], "rb").read()
assert len(bus) > 1000 and len(proof) == 32
sys.exit(any(hmac.digest(bus[i:i + 32], said, "sha256") == proof
             for i in range(len(bus) - 31)))' "$tmp/asked" "$tmp/proof"
}

# answers NAME: A does, in a file, and the bus has not the secret
answers()
{
	local since

	p show -o "$tmp/a"
	p challenge --ca "$work/maker/trusted" -o "$tmp/question" "$tmp/a"
	since=$(stat -c %s "$(tpm_log A)")
	p answer -o "$tmp/answer" "$tmp/question"
	bytes_of "$(tpm_log A)" "$since" | keeps_secret "$tmp/answer" ||
		fail "the secret was on the bus"
	p add "$1" --ca "$work/maker/trusted" "$tmp/a" "$tmp/answer"
}

the_secret_is_not_on_the_bus()
{
	on_a
	tkmd_start
	answers a
	tkmd_stop
}
claim "who listens on the bus does not learn what a challenge asks for" \
	the_secret_is_not_on_the_bus

a_platform_is_known_by_its_answer_over_a_pipe()
{
	a_is_shown
	p add a --ca "$trusted" --via "$(serve)"
	p show a --json > "$tmp/json"
	check "$(jq -r .name "$tmp/json")" = a
	check "$(jq -r .tkmrk "$tmp/json")" = "$(p show --json | jq -r .tkmrk)"
	check "$(jq -r '.facts["tpm.banks"]' "$tmp/json")" = sha256
	contains "$(p show a)" "tpm.banks    sha256"
	check "$(p list --json | jq -r '.[].name')" = a
	check "$(p list | awk '{ print $1 }')" = a
	# It is the same once more, and stays one.
	p add a --ca "$trusted" --via "$(serve)"
	check "$(p list | wc -l)" = 1
	p check a --ca "$trusted"
	p check a --ca "$trusted" --via "$(serve)"
	tkmd_stop
	tkmd_start
	check "$(p list | awk '{ print $1 }')" = a
	p remove --yes a
	check "$(p list)" = ""
	check "$(tk audit show --json --key @platform:a --socket "$tmp/run/socket" |
		jq -r '.[] | .event + " " + .result' | tr '\n' ' ')" = \
		"platform-add ok platform-add ok platform-add ok platform-remove ok "
	ends 1 tkm platform remove --yes --socket "$tmp/run/socket" a
	says "(ENOKEY)"
	ends 1 tkm platform show --socket "$tmp/run/socket" a
	says "(ENOKEY)"
	tkmd_stop
}
claim "a platform is known by its answer over a pipe" \
	a_platform_is_known_by_its_answer_over_a_pipe

# Evidence of a platform that is known is believed by its name.
a_known_platform_is_believed()
{
	local nonce ak

	a_is_shown
	nonce=$(head -c 16 /dev/urandom | xxd -p)
	ak=$(p show --json | jq -r .ak)
	# Of who is not known, and of who is another.
	tk attest quote --nonce "$nonce" --pcrs sha256:16 -o "$tmp/e" > /dev/null
	believed() { ends "$1" tkm verify --socket "$tmp/run/socket" --nonce "$nonce" \
		--pcrs sha256:16 "${@:2}" "$tmp/e"; }
	believed 1 --platform a
	says "(ENOKEY)"
	p add a --ca "$trusted" --via "$(serve)"
	believed 0 --platform a
	check "$(head -n 1 "$tmp/out")" = accepted
	wrong verify --nonce "$nonce" --platform a --ak "$tmp/none" "$tmp/e"
	# And by its certificate, that tkmd has or that a file has, once more.
	believed 0 --platform a --ca "$trusted" --json
	check "$(jq -r '.checks["ek-certificate", "ek-public", "binding"]' "$tmp/out" | xargs)" = \
		"passed passed passed"
	believed 0 --credential "$tmp/a" --ca "$trusted" --ak "$ak"
	# That says nothing of the attestation key.
	believed 3 --credential "$tmp/a" --ca "$trusted"
	check "$(cat "$tmp/out")" = "refused: binding: nobody said that this attestation key is a TPM's"
	believed 1 --credential "$tmp/e" --ca "$trusted" --ak "$ak"
	says "is no platform's credential, or damaged (EBADMSG)"
	believed 1 --credential "$tmp/a" --ca "$tmp/run" --ak "$ak"
	says "there is no certificate of a CA (ENOENT)"
	wrong verify --nonce "$nonce" --credential "$tmp/a" "$tmp/e"
	wrong verify --nonce "$nonce" --ca "$trusted" "$tmp/e"
	wrong verify --nonce "$nonce" --platform a --credential "$tmp/a" --ca "$trusted" "$tmp/e"
	tkmd_stop
	mv "$tmp/state" "$tmp/state-a"
	on_b
	tkmd_start
	p add b --ca "$work/stranger/trusted" --via "$(serve)"
	believed 3 --platform b
	check "$(head -n 1 "$tmp/out")" = "refused: binding: nobody said that this attestation key is a TPM's"
	believed 3 --platform b --ca "$work/stranger/trusted"
	contains "$(cat "$tmp/out")" "refused: binding: the attestation key is another one than the credential's"
	# The certificate comes first, whatever else there is.
	believed 3 --platform b --ca "$trusted" --json
	check "$(jq -r '.failed, (.checks | length)' "$tmp/out" | xargs)" = "ek-certificate 2"
	believed 3 --credential "$tmp/a" --ca "$work/stranger/trusted" --ak "$ak"
	contains "$(cat "$tmp/out")" "refused: ek-certificate: unable to get local issuer certificate"
	tkmd_stop
	on_a
}
sometimes "evidence is believed by the name of a platform that is known" a_known_platform_is_believed

# The verifier has another TPM than the platform, and files go between them.
a_platform_is_known_by_its_answer_in_a_file()
{
	local state

	a_is_shown
	tkmd_stop
	state=$tmp/state
	mv "$state" "$tmp/state-a"
	on_b
	tkmd_start
	p challenge --ca "$trusted" -o "$tmp/question" "$tmp/a"
	tkmd_stop
	mv "$state" "$tmp/state-b"
	# It is not for B, and A alone can answer.
	mv "$tmp/state-a" "$state"
	on_a
	tkmd_start
	p answer -o "$tmp/answer" "$tmp/question"
	tkmd_stop
	mv "$state" "$tmp/state-a"
	mv "$tmp/state-b" "$state"
	on_b
	tkmd_start
	ends 3 tkm platform answer --socket "$tmp/run/socket" "$tmp/question"
	says "this TPM cannot answer"
	p add a --ca "$trusted" "$tmp/a" "$tmp/answer"
	check "$(p list | awk '{ print $1 }')" = a
	# What was answered is over.
	known=$(p list)
	refused replay add again --ca "$trusted" "$tmp/a" "$tmp/answer"
	# B is not A, until a person says so.
	ends 5 tkm platform add a --socket "$tmp/run/socket" \
		--ca "$work/stranger/trusted" --via "$(serve)"
	says "is another one: its endorsement key was another (EEXIST)"
	check "$(p list)" = "$known"
	p add a --replace --ca "$work/stranger/trusted" --via "$(serve)"
	check "$(p show a --json | jq -r .ek)" = "$(p show --json | jq -r '.ek[0].name')"
	# What A once said is over, said over a pipe, too.
	known=$(p list)
	refused replay add again --ca "$trusted" --via "cat '$tmp/a' '$tmp/answer'; cat > /dev/null"
	tkmd_stop
	on_a
}
claim "a platform is known by its answer in a file" a_platform_is_known_by_its_answer_in_a_file

another_makers_certificates_are_refused()
{
	a_is_shown
	made_by stranger B
	refused ek-certificate challenge --ca "$work/stranger/trusted" "$tmp/a"
	refused ek-certificate add a --ca "$work/stranger/trusted" --via "$(serve)"
	# Without the root, what is in between leads nowhere.
	mkdir "$tmp/between" "$tmp/empty"
	cp "$work/maker/trusted/issuercert.pem" "$tmp/between"
	refused ek-certificate challenge --ca "$tmp/between" "$tmp/a"
	ends 1 tkm platform challenge --socket "$tmp/run/socket" --ca "$tmp/empty" "$tmp/a"
	says "there is no certificate of a CA (ENOENT)"
	ends 1 tkm platform challenge --socket "$tmp/run/socket" --ca "$tmp/none" "$tmp/a"
	says "(ENOENT)"
	tkmd_stop
}
claim "another maker's certificates are refused" another_makers_certificates_are_refused

# certify OUT DAYS [OPTION...]: a certificate of A's RSA endorsement key, in DER
certify()
{
	local out=$1 days=$2

	shift 2
	cat > "$tmp/ext" <<-EXT
	basicConstraints = critical,CA:FALSE
	keyUsage = keyEncipherment
	extendedKeyUsage = 2.23.133.8.1
	subjectAltName = critical,dirName:tpm
	[tpm]
	tpm.2.23.133.2.1 = id:00001014
	EXT
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$tmp/any.pem" 2> /dev/null
	openssl req -new -key "$tmp/any.pem" -subj /CN=tpm -out "$tmp/csr"
	openssl x509 -inform DER -in "$tmp/cert" -noout -pubkey > "$tmp/ek.pub"
	openssl x509 -req -in "$tmp/csr" -days "$days" -extfile "$tmp/ext" -outform DER \
		-out "$out" "$@" 2> /dev/null
}

certificates_that_are_over_or_their_own_are_refused()
{
	local maker=$work/maker now

	a_is_shown
	blob "$tmp/a" 1 "$tmp/cert"
	# A second one by the same CA counts as much, for a day.
	certify "$tmp/day" 1 -force_pubkey "$tmp/ek.pub" -CA "$maker/issuercert.pem" \
		-CAkey "$maker/signkey.pem" -set_serial 7
	forge swap "$tmp/a" 1 "$tmp/day" "$tmp/a-day"
	# The body is another one, which the AK did not sign.
	refused nonce challenge --ca "$trusted" "$tmp/a-day"
	# The other endorsement key has its own, which is good for ten years.
	forge swap "$tmp/a-day" 3 "$tmp/day" "$tmp/a-over"
	now=$(date +%s)
	date -s "@$((now + 172800))" > /dev/null
	refused ek-certificate challenge --ca "$trusted" "$tmp/a-over"
	contains "$(cat "$tmp/err")" "has expired"
	date -s "@$((now - 172800))" > /dev/null
	refused ek-certificate challenge --ca "$trusted" "$tmp/a-over"
	contains "$(cat "$tmp/err")" "not yet valid"
	date -s "@$((now + 1))" > /dev/null
	# One that issued itself, even where it is trusted.
	certify "$tmp/self" 9 -signkey "$tmp/any.pem"
	forge swap "$tmp/a" 1 "$tmp/self" "$tmp/one"
	forge swap "$tmp/one" 3 "$tmp/self" "$tmp/a-self"
	mkdir "$tmp/ca"
	cp "$trusted"/* "$tmp/self" "$tmp/ca"
	refused ek-certificate challenge --ca "$tmp/ca" "$tmp/a-self"
	contains "$(cat "$tmp/err")" "it issued itself"
	# A right one, of another key.
	certify "$tmp/wrong" 9 -CA "$maker/issuercert.pem" -CAkey "$maker/signkey.pem" -set_serial 8
	forge swap "$tmp/a" 1 "$tmp/wrong" "$tmp/one"
	forge swap "$tmp/one" 3 "$tmp/wrong" "$tmp/a-wrong"
	refused ek-certificate challenge --ca "$trusted" "$tmp/a-wrong"
	tkmd_stop
}
claim "certificates that are over, or their own, are refused" \
	certificates_that_are_over_or_their_own_are_refused

another_attestation_key_is_refused()
{
	a_is_shown
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$tmp/soft.pem" 2> /dev/null
	# In the place of A's, and nothing else changed.
	forge ak "$tmp/a" "$tmp/soft.pem" "$tmp/soft"
	blob "$tmp/soft" 5 "$tmp/ak"
	forge swap "$tmp/a" 5 "$tmp/ak" "$tmp/a-swapped"
	refused signature challenge --ca "$trusted" "$tmp/a-swapped"
	# One that has signed all of it looks right, until A's TPM is asked.
	p challenge --ca "$trusted" -o "$tmp/question" "$tmp/soft"
	ends 3 tkm platform answer --socket "$tmp/run/socket" "$tmp/question"
	says "this TPM cannot answer"
	p challenge --ca "$trusted" -o "$tmp/right" "$tmp/a"
	p answer -o "$tmp/answer" "$tmp/right"
	head -c 32 /dev/urandom > "$tmp/guess"
	forge swap "$tmp/answer" 2 "$tmp/guess" "$tmp/guessed"
	refused activation add a --ca "$trusted" "$tmp/a" "$tmp/guessed"
	# One that would sign anything: restricted is not set.
	blob "$tmp/a" 5 "$tmp/ak"
	{ head -c 4 "$tmp/ak"; printf '\0\4\4\162'; tail -c +9 "$tmp/ak"; } > "$tmp/free"
	forge swap "$tmp/a" 5 "$tmp/free" "$tmp/a-free"
	refused ak-attributes challenge --ca "$trusted" "$tmp/a-free"
	# And A is still believed, with the answer it gave.
	p add a --ca "$trusted" "$tmp/a" "$tmp/answer"
	p remove --yes a
	tkmd_stop
}
claim "another attestation key is refused" another_attestation_key_is_refused

a_root_key_that_could_leave_is_refused()
{
	a_is_shown
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$tmp/soft.pem" 2> /dev/null
	# As it should be, but for one attribute: fixedTPM; fixedParent; restricted.
	for attributes in 00030470 00030462 00020472; do
		forge ak "$tmp/a" "$tmp/soft.pem" "$tmp/loose" "$attributes"
		refused tkmrk-attributes challenge --ca "$trusted" "$tmp/loose"
	done
	forge ak "$tmp/a" "$tmp/soft.pem" "$tmp/tight" 00030472
	p challenge --ca "$trusted" "$tmp/tight" > /dev/null
	tkmd_stop
}
sometimes "a root key that could leave its TPM is refused" a_root_key_that_could_leave_is_refused

an_answer_is_for_one_question()
{
	a_is_shown
	p challenge --ca "$trusted" -o "$tmp/one" "$tmp/a"
	p challenge --ca "$trusted" -o "$tmp/two" "$tmp/a"
	p answer -o "$tmp/answer-one" "$tmp/one"
	p answer -o "$tmp/answer-two" "$tmp/two"
	# What the TPM signed for the one, with the proof of the other.
	blob "$tmp/answer-two" 3 "$tmp/attest"
	blob "$tmp/answer-two" 4 "$tmp/sig"
	forge swap "$tmp/answer-one" 3 "$tmp/attest" "$tmp/half"
	refused signature add a --ca "$trusted" "$tmp/a" "$tmp/half"
	forge swap "$tmp/half" 4 "$tmp/sig" "$tmp/mixed"
	refused nonce add a --ca "$trusted" "$tmp/a" "$tmp/mixed"
	# Of another credential of the same platform.
	p show -o "$tmp/other"
	ends 3 tkm platform add a --socket "$tmp/run/socket" --ca "$trusted" \
		"$tmp/other" "$tmp/answer-one"
	says "(EKEYREJECTED)"
	p add a --ca "$trusted" "$tmp/a" "$tmp/answer-one"
	known=$(p list)
	refused replay add a --ca "$trusted" "$tmp/a" "$tmp/answer-one"
	# A day later it is over.
	date -s "@$(($(date +%s) + 90000))" > /dev/null
	refused replay add a --ca "$trusted" "$tmp/a" "$tmp/answer-two"
	date -s "@$(($(date +%s) - 90000))" > /dev/null
	p add a --ca "$trusted" "$tmp/a" "$tmp/answer-two"
	tkmd_stop
}
sometimes "an answer is for one question" an_answer_is_for_one_question

a_platform_that_changed_waits_for_a_person()
{
	a_is_shown
	p add a --ca "$trusted" --via "$(serve)"
	known=$(p list)
	# The same under another name.
	ends 5 tkm platform add b --socket "$tmp/run/socket" --ca "$trusted" --via "$(serve)"
	says "known under another name (EEXIST)"
	ends 5 tkm platform add b --replace --socket "$tmp/run/socket" --ca "$trusted" --via "$(serve)"
	# Another root key: one that the module made while nobody kept one
	tkmd_stop
	module_reload
	key=$(new_key other:root)
	tkmd_start
	other="tkm platform serve --key $key"
	ends 5 tkm platform add a --socket "$tmp/run/socket" --ca "$trusted" --via "$other"
	says "had another attestation key or root key (EEXIST)"
	ends 5 tkm platform check a --socket "$tmp/run/socket" --ca "$trusted" --via "$other"
	check "$(p list)" = "$known"
	p add a --replace --ca "$trusted" --via "$other"
	check "$(p show a --json | jq -r .tkmrk)" = \
		"$(tkm platform show --key "$key" --json | jq -r .tkmrk)"
	tkmd_stop
	keyctl clear @s
}
claim "a platform that changed waits for a person" a_platform_that_changed_waits_for_a_person

what_is_damaged_is_refused()
{
	a_is_shown
	p challenge --ca "$trusted" -o "$tmp/question" "$tmp/a"
	p answer -o "$tmp/answer" "$tmp/question"
	ends 1 tkm platform challenge --ca "$trusted" "$tmp/answer"
	says "(EBADMSG)"
	ends 1 tkm platform answer "$tmp/a"
	says "(EBADMSG)"
	ends 1 tkm platform add a --ca "$trusted" "$tmp/a" "$tmp/question"
	says "(EBADMSG)"
	{ cat "$tmp/a"; echo x; } > "$tmp/more"
	ends 1 tkm platform challenge --ca "$trusted" "$tmp/more"
	says "(EBADMSG)"
	head -c 40000 /dev/zero > "$tmp/large"
	ends 1 tkm platform challenge --ca "$trusted" "$tmp/large"
	says "(E2BIG)"
	ends 1 tkm platform add a --ca "$trusted" --via "cat $tmp/question"
	ends 4 tkm platform add a --ca "$trusted" --via true
	says "(ENOTCONN)"
	ends 4 tkm platform add a --ca "$trusted" --socket "$tmp/run/socket" --via "cat $tmp/a"
	check "$(p list)" = ""
	tkmd_stop
}
sometimes "what is damaged is refused" what_is_damaged_is_refused

the_database_learns_of_platforms()
{
	a_is_shown
	p add a --ca "$trusted" --via "$(serve)"
	tkmd_stop
	# Of a row that is bent, only that is known.
	db "UPDATE platforms SET platform = zeroblob(length(platform)); PRAGMA journal_mode = DELETE" > /dev/null
	chown tkm "$tmp/state/kdb"
	tkmd_start
	check "$(p list)" = "a row that is damaged"
	ends 1 tkm platform show --socket "$tmp/run/socket" a
	says "(EBADMSG)"
	ends 5 tkm platform add a --socket "$tmp/run/socket" --ca "$trusted" --via "$(serve)"
	p add a --replace --ca "$trusted" --via "$(serve)"
	check "$(p list | awk '{ print $1 }')" = a
	p remove --yes a
	tkmd_stop
	db_of_version 5
	tkmd_start
	check "$(db "PRAGMA user_version" "$tmp/state/kdb.old")" = 5
	p add a --ca "$trusted" --via "$(serve)"
	tkmd_stop
}
sometimes "the database learns of platforms" the_database_learns_of_platforms

sometimes "a key on a curve answers, and one that is made anew" a_key_on_a_curve_answers

usages()
{
	wrong platform
	wrong platform shew
	wrong platform show a b
	wrong platform show a -o "$tmp/x"
	wrong platform show "a b"
	wrong platform challenge
	wrong platform challenge "$tmp/a"
	wrong platform answer
	wrong platform add --ca "$tmp" a
	wrong platform add --ca "$tmp" a b --via true
	wrong platform add a b c
	wrong platform add --ca "$tmp" none b c
	wrong platform serve x
	wrong platform list x
	wrong platform check --ca "$tmp"
	wrong platform remove a
	wrong platform remove --yes
}
claim "each action wants its words" usages

platforms_are_roots()
{
	local words

	on_a
	tkmd_start
	for words in "show" "show a" "list" "remove --yes a"; do
		# shellcheck disable=SC2086 # words
		ends 3 as 1000 tkm platform $words --socket "$tmp/run/socket"
		says "(EPERM)"
	done
	for words in '"platform-challenge"' '"platform-answer"' '"platform-put"'; do
		contains "$(as 1000 python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(sys.argv[2].encode() + b"\n")
print(s.makefile().readline(), end="")' "$tmp/run/socket" "{\"verb\":$words}")" EPERM
	done
	tkmd_stop
	module_unload
	tpm_stop_all
	module_load
}
claim "platforms are root's" platforms_are_roots

run_claims
