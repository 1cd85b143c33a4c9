#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# tkm policy: each action, what it refuses, and what tpm2-tools and OpenSSL say of the
# same. What keys do under a policy is policy_story.sh.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$here/tk.bash"
. "$here/tkmd.bash"

# p ACTION ARGUMENT...: tkm policy without tkmd, which must succeed
p()
{
	tkm policy "$@" 2> "$tmp/p-err" || fail "tkm policy $*: $(cat "$tmp/p-err")"
}

# key NAME [CURVE|rsa]: $tmp/NAME.pem and $tmp/NAME.pub, made once
key()
{
	local made=$work/$1-${2-P-256}

	if [ -e "$made.pub" ]; then
		:
	elif [ "${2-}" = rsa ]; then
		openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$made.pem"
	else
		openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:${2-P-256}" -out "$made.pem"
	fi 2> /dev/null
	openssl pkey -in "$made.pem" -pubout -out "$made.pub"
	cp "$made.pem" "$tmp/$1.pem"
	cp "$made.pub" "$tmp/$1.pub"
}

# All of them in user-mode Linux; elsewhere, where OpenSSL is slow, one at random.
kinds()
{
	local all=(P-256 P-384 rsa)

	if [ -d /run/tkm-vm ]; then
		echo "${all[@]}"
	else
		echo "${all[RANDOM % 3]}"
	fi
}

# refused STATUS ERRNO ACTION ARGUMENT...
refused()
{
	local status=$1 name=$2

	shift 2
	ends "$status" tkm policy "$@"
	contains "$(head -n 1 "$tmp/err")" "tkm: policy $1: "
	contains "$(head -n 1 "$tmp/err")" "($name)"
	check "$(cat "$tmp/out")" = ""
}

none()
{
	local name

	for name in $(tkm policy list --json 2> /dev/null | jq -r '.[].name'); do
		p remove --yes "$name"
	done
}

usages()
{
	key a
	wrong policy
	wrong policy sett
	wrong policy set
	wrong policy set x
	wrong policy set x --pcrs sha256:7 --authority "$tmp/a.pub"
	wrong policy set x --pcrs sha256:24
	wrong policy set x --pcrs "7 len=3"
	wrong policy set x --pcrs 7 --recovery "$tmp/a.pub"
	wrong policy set x --authority "$tmp/a.pub" --recovery "$tmp/a.pub"
	wrong policy set none --pcrs 7
	wrong policy set Upper --pcrs 7
	wrong policy set "$(printf 'x%.0s' {1..33})" --pcrs 7
	wrong policy remove x
	wrong policy retire
	wrong policy digest
	wrong policy approve x
	wrong policy approve x --key a --offline b
	wrong policy approve x --key a --signature b
	wrong policy approve x --key a --epoch x
	wrong policy approve x --key a --epoch 1 --no-epoch
	wrong policy approve x --key a --index 0x81000001
	wrong policy check --value sha256:7=00
	wrong policy check --predict /proc/self/environ
	refused 1 ENOENT set x --authority "$tmp/no.pub"
	refused 1 EBADMSG set x --authority /proc/version
	# A private key is not what a policy is made of.
	refused 1 EBADMSG set x --authority "$tmp/a.pem"
	openssl genpkey -algorithm ED25519 | openssl pkey -pubout -out "$tmp/ed.pub"
	refused 4 EOPNOTSUPP set x --authority "$tmp/ed.pub"
	errs 1 ENOKEY new a:b policy=x
	contains "$(cat "$tmp/err")" "there is no policy x"
	new_key a:b > /dev/null
	errs 1 ENOKEY reseal a:b policy=x
	contains "$(cat "$tmp/err")" "there is no policy x"
	refused 1 ENOENT show x
	refused 1 ENOENT remove --yes x
	refused 1 ENOENT approve x --pcrs 7 --key "$tmp/a.pem"
	as 4501 tkm policy list 2> "$tmp/err" && fail "they are told"
	contains "$(cat "$tmp/err")" "root only (EPERM)"
}
claim "what is typed wrong, or is not there, is refused by name" usages

defined()
{
	none
	key a
	key r rsa
	p set regs --pcrs sha256:7+11
	contains "$(cat "$tmp/p-err")" "no helper keeps it"
	p set boot --authority "$tmp/a.pub" --recovery "$tmp/r.pub"
	p set flat --authority "$tmp/r.pub"
	check "$(tk policy list | sort | awk '{ print $1, $2, $3, $4, $5 }')" = \
"authorised boot 0 approvals, recovery
authorised flat 0 approvals 
pcrs regs sha256:7+11  "
	check "$(tk policy list --json | jq -c 'sort_by(.name)[] | [.name, .kind, .pcrs, .kept]' | tr '\n' ' ')" = \
		'["boot","authorised",null,false] ["flat","authorised",null,false] ["regs","pcrs","sha256:7+11",false] '
	# Once more is no change; another one is refused, or takes its place.
	p set boot --authority "$tmp/a.pub" --recovery "$tmp/r.pub"
	refused 5 EEXIST set boot --authority "$tmp/a.pub"
	p set boot -f --authority "$tmp/a.pub"
	check "$(tk policy show boot --json | jq -r '.name, .kind, .recovery')" = $'boot\nauthorised\nnull'
	contains "$(tk policy show boot)" "kept         by nobody"
	p remove --yes boot
	refused 1 ENOENT show boot
	none
	check "$(tk policy list)" = ""
}
claim "policies are set, listed, shown, replaced and removed, in the module alone" defined

# tpm2-tools do the same with the TPM: a trial session.
# trial COMMAND...: with -S, and the digest in $tmp/digest
trial()
{
	local command=$1

	shift
	"$command" -S "$tmp/session" -L "$tmp/digest" "$@" > /dev/null
}

digest_of()
{
	xxd -p -c 100 "$tmp/digest"
}

digests()
{
	local kind ref

	key r rsa
	for kind in $(kinds); do
		none
		key a "$kind"
		p set boot --authority "$tmp/a.pub"
		ref=$(printf 'tkm policy v1\0boot' | sha256sum | cut -c -64)
		xxd -r -p <<< "$ref" > "$tmp/ref"
		load a.pub name
		tpm2_startauthsession -S "$tmp/session"
		trial tpm2_policyauthorize -i /dev/null -q "$tmp/ref" -n "$tmp/name"
		check "$(tk policy digest boot | awk '{ print $2 }')" = "$(digest_of)"
		cp "$tmp/digest" "$tmp/first"
		contains "$(tk policy show boot)" "$(xxd -p -c 100 "$tmp/name")"
		p set boot --force --authority "$tmp/a.pub" --recovery "$tmp/r.pub"
		load r.pub rname
		trial tpm2_policyauthorize -i /dev/null -q "$tmp/ref" -n "$tmp/rname"
		cp "$tmp/digest" "$tmp/second"
		trial tpm2_policyor -l "sha256:$tmp/first,$tmp/second"
		check "$(tk policy show boot --json | jq -r .digest)" = "$(digest_of)"
		tpm2_flushcontext "$tmp/session"
	done
	tpm2_startauthsession -S "$tmp/session"
	trial tpm2_policypcr -l sha256:7,11
	check "$(tk policy digest --pcrs 7+11 --json | jq -r .approved)" = "$(digest_of)"
	tpm2_flushcontext "$tmp/session"
	none
}
claim "digests are those that the TPM itself comes to" digests

# load PEM NAME: its Name in $tmp/NAME, as tpm2-tools load it; these say the exponent of
# RSA, where the TPM's own keys have 0 for the usual one.
load()
{
	if grep -q '^MII' "$tmp/$1"; then
		tpm2_loadexternal -Q -C o -u "$tmp/$1" -G rsa -c "$tmp/ctx" -a 'sign|userwithauth'
		tpm2_readpublic -Q -c "$tmp/ctx" -o "$tmp/public"
		tpm2_flushcontext -t
		xxd -p "$tmp/public" | tr -d '\n' | sed 's/080000010001/080000000000/' |
			xxd -r -p > "$tmp/public0"
		tpm2_loadexternal -Q -C o -u "$tmp/public0" -n "$tmp/$2" -c "$tmp/ctx"
	else
		tpm2_loadexternal -Q -C o -u "$tmp/$1" -G ecc -n "$tmp/$2" -c "$tmp/ctx" \
			-a 'sign|userwithauth'
	fi
	tpm2_flushcontext -t
}

# approved NAME: how many approvals there are, and what the last one is
approved()
{
	tk policy show "$1" --json | jq -c '.approvals | [length, .[-1].by, .[-1].fits, .[-1].epoch]'
}

zero=$(printf '0%.0s' {1..64})

approvals()
{
	local kind

	key r rsa
	key stranger
	for kind in $(kinds); do
		none
		key a "$kind"
		p set boot --authority "$tmp/a.pub" --recovery "$tmp/r.pub"
		p approve boot --pcrs 7 --key "$tmp/a.pem" --no-epoch
		check "$(approved boot)" = '[1,"authority",true,null]'
		# The same once more takes the first one's place.
		p approve boot --pcrs 7 --key "$tmp/a.pem" --no-epoch
		check "$(approved boot)" = '[1,"authority",true,null]'
		p approve boot --pcrs 7 --key "$tmp/r.pem" --no-epoch
		check "$(approved boot)" = '[2,"recovery",true,null]'
		p approve boot --value "sha256:14=$(printf 'f%.0s' {1..64})" --key "$tmp/a.pem" --epoch 3
		check "$(approved boot)" = '[3,"authority",false,3]'
		refused 3 EKEYREJECTED approve boot --pcrs 7 --no-epoch --key "$tmp/stranger.pem"
		check "$(approved boot)" = '[3,"authority",false,3]'
		p approve boot --pcrs 14 --key "$tmp/a.pem" --no-epoch --only
		check "$(approved boot)" = '[1,"authority",true,null]'
	done
	refused 1 EBADMSG approve boot --pcrs 7 --no-epoch --key "$tmp/a.pub"
	# What anybody can set back guards nothing.
	p approve boot --pcrs 14+23 --no-epoch --only --key "$tmp/a.pem"
	contains "$(cat "$tmp/p-err")" "PCRs 16 and 23 can be set back"
	# Of registers nobody approves anything.
	p set regs --pcrs 7
	refused 1 EINVAL approve regs --pcrs 7 --no-epoch --key "$tmp/a.pem"
	# As many as there may be.
	for ((i = 0; i < 15; i++)); do
		p approve boot --value "sha256:$i=$(printf '%064d' 7)" --no-epoch --key "$tmp/a.pem"
	done
	check "$(approved boot)" = '[16,"authority",false,null]'
	refused 1 ENOSPC approve boot --value "sha256:20=$zero" --no-epoch --key "$tmp/a.pem"
	none
}
claim "approvals by either key, of registers as they are or are said to be" approvals

by_a_tkm_key()
{
	none
	tk new site:policy ec > "$tmp/serial"
	p set boot --authority %tkm:site:policy
	p approve boot --pcrs 7+14 --no-epoch --key %tkm:site:policy
	check "$(approved boot)" = '[1,"authority",true,null]'
	tk new -k @u site:rsa rsa > "$tmp/serial"
	refused 3 EKEYREJECTED approve boot --pcrs 7 --no-epoch --key %tkm:site:rsa
	refused 1 ENOKEY approve boot --pcrs 7 --no-epoch --key %tkm:site:none
	tk new site:data > "$tmp/serial"
	ends 1 tkm policy set x --authority %tkm:site:data
	contains "$(cat "$tmp/err")" "site:data does not sign"
	none
	keyctl unlink "%tkm:site:rsa" @u
}
claim "a tkm key is the authority, and signs in the TPM" by_a_tkm_key

offline()
{
	none
	key a
	key r rsa
	p set boot --authority "$tmp/a.pub" --recovery "$tmp/r.pub"
	for name in a r; do
		p approve boot --pcrs 7 --no-epoch --offline "$tmp/$name"
		check "$(stat -c %s "$tmp/$name")" = 64
		check "$(head -c 32 "$tmp/$name" | xxd -p -c 100)" = \
			"$(tk policy digest --pcrs 7 --json | jq -r .approved)"
		openssl dgst -sha256 -sign "$tmp/$name.pem" -out "$tmp/$name.sig" "$tmp/$name"
		p approve boot --offline "$tmp/$name" --signature "$tmp/$name.sig"
	done
	check "$(approved boot)" = '[2,"recovery",true,null]'
	refused 1 ENOENT approve boot --offline "$tmp/a" --signature "$tmp/none"
	# A signature of something else.
	p approve boot --pcrs 14 --no-epoch --offline "$tmp/other"
	refused 3 EKEYREJECTED approve boot --offline "$tmp/other" --signature "$tmp/a.sig"
	refused 5 EEXIST approve boot --pcrs 14 --no-epoch --offline "$tmp/other"
	# Signed elsewhere, where nobody knows the policy, and brought as a file.
	tk policy approve later --value "sha256:7=$zero" --epoch 1 --key "$tmp/a.pem" -o "$tmp/file"
	refused 3 EKEYREJECTED approve boot --approval "$tmp/file"
	p set later --authority "$tmp/a.pub"
	p approve later --approval "$tmp/file"
	check "$(approved later)" = '[1,"authority",false,1]'
	printf 'x' >> "$tmp/file"
	refused 1 EBADMSG approve later --approval "$tmp/file"
	none
}
claim "a key that is elsewhere signs a file, and approvals come from files" offline

epochs()
{
	local first

	none
	key a
	p set boot --authority "$tmp/a.pub"
	tpm2_nvreadpublic 0x01800b7d > /dev/null 2>&1 && fail "there is a counter"
	# The first approval makes it.
	p approve boot --pcrs 7 --key "$tmp/a.pem"
	first=$(tk policy show boot --json | jq '.approvals[0].epoch')
	check "$first" = "$((0x$(tpm2_nvread 0x01800b7d | xxd -p)))"
	check "$(approved boot)" = "[1,\"authority\",true,$first]"
	check "$(tk policy retire --yes)" = $((first + 1))
	check "$(approved boot)" = "[1,\"authority\",false,$first]"
	contains "$(tk policy show boot)" "its approval is of epoch $first, and now is $((first + 1))"
	# What is over goes when another one comes.
	p approve boot --pcrs 14 --key "$tmp/a.pem"
	check "$(approved boot)" = "[1,\"authority\",true,$((first + 1))]"
	# Its Name is what the approval says.
	tpm2_nvreadpublic 0x01800b7d > "$tmp/public"
	contains "$(cat "$tmp/public")" "$(tk policy approve boot --epoch 1 --pcrs 7 --key "$tmp/a.pem" -o "$tmp/x" --json |
		jq -r .approval | grep -o '0022000b[0-9a-f]\{64\}0008' | cut -c 5-72)"
	# Who owns the TPM says who counts.
	tpm2_changeauth -c owner secret
	refused 4 ENXIO retire --yes
	refused 3 EKEYREJECTED retire --yes --auth-file <(printf wrong)
	check "$(tk policy retire --yes --auth-stdin <<< secret)" = $((first + 2))
	tpm2_changeauth -c owner -p secret
	# Made anew, it goes on from where it was.
	tpm2_nvundefine 0x01800b7d
	check "$(tk policy retire --yes)" -gt $((first + 2))
	tpm2_nvundefine 0x01800b7d
	tpm2_nvdefine -Q 0x01800b7d -s 8 -a 'ownerwrite|authread|ownerread'
	refused 5 EEXIST retire --yes
	refused 5 EEXIST approve boot --pcrs 7 --key "$tmp/a.pem"
	tpm2_nvundefine 0x01800b7d
	check "$(tk policy retire --yes --index 0x01800b7e)" -gt 0
	tpm2_nvundefine 0x01800b7e
	none
}
claim "the counter of epochs is made, counted by the owner alone, and never goes back" epochs

# ---- with tkmd ----

s()
{
	tkm policy "$@" --socket "$tmp/run/socket" 2> "$tmp/s-err" ||
		fail "tkm policy $*: $(cat "$tmp/s-err")"
	check "$(cat "$tmp/s-err")" = ""
}

audit()
{
	tk audit show --json --socket "$tmp/run/socket"
}

has_record()
{
	audit | jq -e --arg key "$1" 'any(.[]; .key == $key)' > /dev/null
}

# Each once, in the name of who asked: what tkmd then tells the module is no second one.
# (What was said to the module before, without tkmd, is of a program with a path.)
changes_are_noted()
{
	expect_errno EBADMSG keyop add tkm a:mark "load 3000" @s
	poll 30 has_record a:mark
	check "$(audit | jq -r '.[] | select(.event | startswith("policy-")) | select(.program | endswith("/tkm") | not) |
		"\(.event) \(.result) \(.uid) \(.key)"')" = "$(cat <<-LIST
	policy-set ok 0 @policy:boot
	policy-set ok 0 @policy:regs
	policy-approve ok 0 @policy:boot
	policy-approve ok 0 @policy:boot
	policy-set ok 0 @policy:boot
	policy-set ok 0 @policy:boot
	policy-set EPERM 4501 @policy:mine
	policy-remove EPERM 4501 @policy:boot
	policy-remove ok 0 @policy:boot
	LIST
	)"
}

kept()
{
	local before

	none
	key a
	key r rsa
	tkmd_start
	s set boot --authority "$tmp/a.pub" --recovery "$tmp/r.pub"
	s set regs --pcrs sha384:1
	s approve boot --pcrs 7 --key "$tmp/a.pem"
	s approve boot --pcrs 14 --key "$tmp/r.pem" --no-epoch
	before=$(s show boot --json)
	check "$(jq -c '[.kept, (.approvals | length)]' <<< "$before")" = '[true,2]'
	check "$(nlop policy-list | wc -l)" = 4
	tkmd_kill
	none
	check "$(nlop policy-list | wc -l)" = 0
	# Another module is told by the next one.
	tkmd_start
	check "$(nlop policy-list | wc -l)" = 4
	check "$(s show boot --json)" = "$before"
	check "$(s list --json | jq -c '[.[] | [.name, .kept]]')" = '[["boot",true],["regs",true]]'
	# Set once more, approvals stay; with another key they go.
	s set boot --authority "$tmp/a.pub" --recovery "$tmp/r.pub"
	check "$(s show boot --json)" = "$before"
	s set boot -f --authority "$tmp/a.pub"
	check "$(s show boot --json | jq '.approvals | length')" = 0
	# The module takes them from its helper and from root, and from nobody else.
	expect_errno EPERM as 4501 nlop policy-list
	# Everybody may look, only root may change.
	chmod -R a+rX "$tmp"
	as 4501 tkm policy list --socket "$tmp/run/socket" > "$tmp/theirs"
	contains "$(cat "$tmp/theirs")" boot
	as 4501 tkm policy set mine --pcrs 7 --socket "$tmp/run/socket" 2> "$tmp/theirs" && fail "they may"
	contains "$(cat "$tmp/theirs")" "(EPERM)"
	as 4501 tkm policy remove --yes boot --socket "$tmp/run/socket" 2> "$tmp/theirs" && fail "they may"
	contains "$(cat "$tmp/theirs")" "(EPERM)"
	s remove --yes boot
	check "$(nlop policy-list | wc -l)" = 1
	changes_are_noted
	lacks "$(cat "$tmp/tkmd.log")" boot
	tkmd_stop
	# The names are not in the database.
	! grep -qa -e regs -e boot "$tmp/state/kdb" || fail "a name is"
	none
}
claim "tkmd keeps policies and approvals, and tells them to the module when it comes" kept

# What tkmd says to who asks it wrongly.
asked_wrongly()
{
	local question

	tkmd_start
	for question in '{"verb":"policy"}' '{"verb":"policy","name":7}' '{"verb":"policy","name":"A"}' \
		'{"verb":"policy-set","name":"x"}' '{"verb":"policy-set","name":"x","pcrs":"99"}' \
		'{"verb":"policy-set","name":"x","pcrs":"7","authority":"00"}' \
		'{"verb":"policy-set","name":"x","authority":"0"}' \
		'{"verb":"policy-set","name":"x","recovery":"00"}' \
		'{"verb":"policy-approve","name":"x"}' '{"verb":"policy-approve","name":"x","approvals":["!"]}' \
		'{"verb":"policy-approve","name":"x","approvals":[""]}' \
		'{"verb":"policy-approve","name":"x","approvals":[1]}' \
		'{"verb":"policy-remove"}' '{"verb":"policies","name":"x"}'; do
		contains "$(ask "$question")" '"errno":"EINVAL"'
	done
	contains "$(ask '{"verb":"policy","name":"x"}')" ENOKEY
	contains "$(ask '{"verb":"policy-remove","name":"x"}')" ENOKEY
	contains "$(ask '{"verb":"policy-approve","name":"x","approvals":[]}')" ENOKEY
	contains "$(ask '{"verb":"policy-set","name":"x","authority":"0023000b"}')" EBADMSG
	check "$(ask '{"verb":"policies"}')" = '{"ok":true,"policies":[]}'
	check "$(nlop policy-list | wc -l)" = 0
	tkmd_stop
}
claim "tkmd takes no policy that is not one, and changes nothing then" asked_wrongly

# What is damaged costs what it is of, and nothing else.
damaged()
{
	key a
	none
	tkmd_start
	for name in one two; do
		s set $name --authority "$tmp/a.pub"
		s approve $name --pcrs 7 --no-epoch --key "$tmp/a.pem"
	done
	s set three --pcrs 7
	none_in_module
	tkmd_stop
	# The approval of one in the place of the other's; a policy in another's.
	db "UPDATE approvals SET approval = (SELECT approval FROM approvals WHERE id = 1) WHERE id = 2;
	    UPDATE policies SET policy = (SELECT policy FROM policies WHERE id = 1) WHERE id = 3"
	tkmd_start
	contains "$(cat "$tmp/tkmd.log")" "approval 2: its row does not open"
	contains "$(cat "$tmp/tkmd.log")" "policy 3: its row does not open"
	check "$(s list --json | jq -c '[.[] | [.name, .approvals]]')" = '[["one",1],["two",0]]'
	contains "$(ask '{"verb":"policy","name":"three"}')" EBADMSG
	ends 1 tkm check --socket "$tmp/run/socket"
	check "$(cat "$tmp/out")" = $'3 checked, 2 damaged\npolicy 2\npolicy 3'
	ends 1 tkm check --json --socket "$tmp/run/socket"
	check "$(jq -c . "$tmp/out")" = '{"checked":3,"bad":[],"bad-policies":[2,3],"bad-domains":[]}'
	# It is written anew, and can be removed.
	s set three --pcrs 11
	check "$(s list --json | jq -r '.[] | select(.name == "three") | .pcrs')" = sha256:11
	for name in one two three; do
		s remove --yes $name
	done
	check "$(nlop policy-list | wc -l)" = 0
	tkmd_stop
	check "$(db "SELECT (SELECT count(*) FROM policies) + (SELECT count(*) FROM approvals)")" = 0
}

none_in_module()
{
	local name

	for name in one two three; do
		nlop policy-remove $name
	done
}
claim "a row that is damaged, or in another's place, does not open, and harms no other" damaged

# ---- would it open? ----

dry_runs()
{
	local now

	none
	tkmd_start
	now=$(tpm2_pcrread sha256:14 | awk '/0x/ { print substr($2, 3) }')
	kept_key a:free
	kept_key a:bound pcrs=14
	kept_key b:bound pcrs=14+7
	s check > "$tmp/out"
	check "$(cat "$tmp/out")" = "3 would open, 0 would not"
	ends 1 tkm policy check --socket "$tmp/run/socket" --dry-run --value "sha256:14=$(printf '1%.0s' {1..64})"
	check "$(grep -v '^ ' "$tmp/out")" = \
"a:bound would not open: PCR 14 differs
b:bound would not open: one or more of PCRs 7+14 differ
1 would open, 2 would not"
	ends 0 tkm policy check --socket "$tmp/run/socket" --dry-run --value "sha256:14=$now"
	ends 1 tkm policy check --socket "$tmp/run/socket" --dry-run --value "sha256:7=$(printf '1%.0s' {1..64})" --json
	check "$(jq -c '[.open, .refused, (.keys[] | select(.opens | not) | .key)]' "$tmp/out")" = '[2,1,"b:bound"]'
	printf '# after the update\nsha256:7=%064d\n' 5 > "$tmp/list"
	ends 0 tkm policy check --socket "$tmp/run/socket" --dry-run --predict "$tmp/list" a:bound a:free
	ends 1 tkm policy check --socket "$tmp/run/socket" --dry-run --predict "$tmp/list" a:bound b:bound
	ends 1 tkm policy check --socket "$tmp/run/socket" a:none
	contains "$(cat "$tmp/err")" "(ENOKEY)"
	# It was right.
	loads_kept a:bound
	tpm2_pcrextend "7:sha256=$zero"
	finds EPERM b:bound
	loads_kept a:bound
	tkmd_stop
	# Without tkmd, what is loaded.
	new_key c:bound pcrs=23 > /dev/null
	ends 1 tkm policy check --dry-run --value "sha256:23=$(printf '1%.0s' {1..64})" c:bound
	contains "$(cat "$tmp/out")" "c:bound would not open: PCR 23 differs"
}

loads_kept()
{
	keyctl unlink "$(found "$1")" @s
}
claim "which keys would not open is told, and so it is" dry_runs

run_claims
