#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The story that named policies are for, as its people live it, with tkm alone: seal,
# update the measured thing, see the refusal and its advice, approve, open; retire; lose
# everything, and recover with the offline key.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$here/tk.bash"
. "$here/tkmd.bash"

# t VERB ARGUMENT...: tkm, which must succeed and complain of nothing; policies of this
# claim's tkmd
t()
{
	[ "$1" != policy ] || set -- "$@" --socket "$tmp/run/socket"
	tk "$@"
}

# A pair for the site, and one for the safe.
keys()
{
	local name

	for name in site safe; do
		openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$tmp/$name.pem"
		openssl pkey -in "$tmp/$name.pem" -pubout -out "$tmp/$name.pub"
	done
}

# What the machine measures: the value that an update of it leaves in register 14.
measure()
{
	tpm2_pcrextend "14:sha256=$(sha256sum <<< "$1" | cut -c -64)"
}

now()
{
	tpm2_pcrread sha256:14 | awk '/0x/ { print substr($2, 3) }'
}

# The same, before it happens.
after()
{
	printf '%s%s' "$(now)" "$(sha256sum <<< "$1" | cut -c -64)" | xxd -r -p | sha256sum | cut -c -64
}

# What a claim before, one that failed, left.
begin()
{
	local name

	tpm2_nvundefine 0x01800b7d > /dev/null 2>&1 || :
	for name in boot boot2; do
		nlop policy-remove $name > /dev/null 2>&1 || :
	done
	tkmd_start
}

end()
{
	tkmd_stop
	tpm2_nvundefine 0x01800b7d
}

sealed()
{
	keys
	t policy set boot --authority "$tmp/site.pub" --recovery "$tmp/safe.pub" > /dev/null
	t policy approve boot --pcrs 14 --key "$tmp/site.pem"
	t new -o "$tmp/box.tkm" disk:box use=crypt policy=boot > /dev/null
	t new -o "$tmp/vol.tkm" disk:vol len=64 policy=boot > /dev/null
	t new -o "$tmp/sign.tkm" web:sign ec policy=boot > /dev/null
	t new -o "$tmp/old.tkm" disk:old pcrs=14 > /dev/null
	echo "what matters" > "$tmp/letter"
	t encrypt disk:box "$tmp/letter" -o "$tmp/letter.box"
	contains "$(t show disk:box)" "policy       name:boot"
	keyctl clear @s
}

# All keys open, and do what they are for.
opens()
{
	t import "$tmp/box.tkm" > /dev/null
	t import "$tmp/vol.tkm" > /dev/null
	t import "$tmp/sign.tkm" > /dev/null
	check "$(t decrypt disk:box "$tmp/letter.box")" = "what matters"
	t sign web:sign "$tmp/letter" -f -o "$tmp/letter.sig"
	t verify web:sign "$tmp/letter.sig" "$tmp/letter"
	keyctl clear @s
}

# refused WHY REMEDY: what a person is told, of a file, of what tkmd keeps, of a use
refused()
{
	ends 3 tkm import "$tmp/box.tkm"
	says_why "$@"
	ends 3 tkm load disk:vol --socket "$tmp/run/socket"
	says_why "$@"
	t import "$tmp/sign.tkm" > /dev/null
	ends 3 tkm sign web:sign "$tmp/letter" -f -o "$tmp/none"
	says_why "$@"
	keyctl clear @s
}

says_why()
{
	contains "$(head -n 1 "$tmp/err")" "$1 (EPERM)"
	contains "$(tail -n 1 "$tmp/err")" "what to do: $2"
}

story()
{
	begin
	sealed
	opens
	# The update is announced: which keys would it cost?
	t policy check > /dev/null
	echo "sha256:14=$(after update)" > "$tmp/update"
	ends 1 tkm policy check --dry-run --predict "$tmp/update" --socket "$tmp/run/socket"
	check "$(grep -v '^ ' "$tmp/out" | sort)" = \
"0 would open, 4 would not
disk:box would not open: boot: no approval is for these registers
disk:old would not open: PCR 14 differs
disk:vol would not open: boot: no approval is for these registers
web:sign would not open: boot: no approval is for these registers"
	# Nobody listened.
	measure update
	refused "the policy boot is not satisfied: no approval is for these registers" "tkm policy approve boot"
	# One signature, and all of them open; but for the one that is bound to registers.
	t policy approve boot --predict "$tmp/update" --key "$tmp/site.pem"
	opens
	ends 3 tkm import "$tmp/old.tkm"
	contains "$(cat "$tmp/err")" "the PCR policy is not satisfied: PCR 14 differs"
	ends 1 tkm policy check --socket "$tmp/run/socket"
	check "$(tail -n 1 "$tmp/out")" = "3 would open, 1 would not"
	# The next one is approved before it comes, and nobody notices.
	t policy approve boot --value "sha256:14=$(after more)" --key "$tmp/site.pem"
	ends 0 tkm policy check --dry-run --value "sha256:14=$(after more)" --socket "$tmp/run/socket" \
		disk:box disk:vol web:sign
	measure more
	opens
	# It survives a boot: another module, another tkmd.
	tkmd_stop
	keyctl clear @u
	module_reload
	tkmd_start
	opens
	end
}
claim "seal, update, see the refusal and its advice, approve once, and everything opens" story

retired()
{
	local old new

	begin
	sealed
	opens
	# The old version has a hole: whoever has its approval would still boot it.
	old=$(ask '{"verb":"policy","name":"boot"}' | jq -c .approvals)
	new=$(t policy retire --yes)
	check "$(tk audit show --json --event policy-retire --socket "$tmp/run/socket" |
		jq -r '.[] | "\(.result) \(.uid) \(.key)"')" = "ok 0 @epoch:$new"
	refused "its approval is of epoch $((new - 1)), and now is $new" "tkm policy approve boot"
	t policy approve boot --pcrs 14 --key "$tmp/site.pem"
	opens
	# The old one, put back by who has a copy, opens nothing; beside the new one it harms nobody.
	check "$(ask "{\"verb\":\"policy-approve\",\"name\":\"boot\",\"approvals\":$old}")" = '{"ok":true}'
	refused "its approval is of epoch $((new - 1)), and now is $new" "tkm policy approve boot"
	t policy approve boot --pcrs 14 --key "$tmp/site.pem"
	opens
	end
}
claim "an epoch is retired: its approvals are refused, put back, too; new ones open" retired

# What tkm would not put in force: an approval whose signature does not hold.
forged()
{
	local right wrong

	begin
	sealed
	right=$(ask '{"verb":"policy","name":"boot"}' | jq -r '.approvals[0]')
	# The last byte of the name it calls itself is for people; of its signature it is not.
	wrong=$(base64 -d <<< "$right" | python3 -c 'import sys
der = bytearray(sys.stdin.buffer.read())
at = der.index(b"\0\x18\0\x0b\0\x20") + 6 + 31
der[at] ^= 1
sys.stdout.buffer.write(der)' | base64 -w 0)
	check "$(ask "{\"verb\":\"policy-approve\",\"name\":\"boot\",\"approvals\":[\"$wrong\"]}")" = '{"ok":true}'
	ends 3 tkm import "$tmp/box.tkm"
	contains "$(cat "$tmp/err")" "the policy boot is not satisfied: its approval's signature does not hold (EKEYREJECTED)"
	contains "$(t policy show boot)" "its approval's signature does not hold"
	t policy approve boot --pcrs 14 --key "$tmp/site.pem" --only
	opens
	end
}
claim "an approval that was altered is told from a wrong authorisation value" forged

# A domain lies under the policy: its keys name none themselves.
beneath()
{
	local name

	begin
	keys
	t policy set boot --authority "$tmp/site.pub" --recovery "$tmp/safe.pub"
	t policy approve boot --pcrs 14 --key "$tmp/site.pem"
	t policy set regs --pcrs 14
	ends 4 tkm policy domain regs
	contains "$(cat "$tmp/err")" "regs is of registers: the next update would be the end of all your keys (EOPNOTSUPP)"
	ends 1 tkm policy domain none-such
	contains "$(cat "$tmp/err")" "there is no policy none-such"
	tk policy domain boot
	ends 5 tkm policy domain boot
	check "$(tk status --json --socket "$tmp/run/socket" | jq -r .module.domain)" = "under a policy"
	contains "$(tk domain list --socket "$tmp/run/socket")" policy=boot
	ends 4 tkm domain passwd --socket "$tmp/run/socket"
	contains "$(cat "$tmp/err")" "your domain is under the policy boot"
	t policy remove --yes regs
	for name in disk:a disk:b web:c; do
		t new -o "$tmp/${name/:/_}" $name > /dev/null
	done
	t new -o "$tmp/web_d" web:d ec > /dev/null
	keyctl clear @s
	measure update
	ends 1 tkm policy check --socket "$tmp/run/socket"
	check "$(grep -v '^ ' "$tmp/out" | sort)" = \
"0 would open, 4 would not
disk:a would not open: boot: no approval is for these registers
disk:b would not open: boot: no approval is for these registers
web:c would not open: boot: no approval is for these registers
web:d would not open: boot: no approval is for these registers"
	for name in disk_a disk_b web_c web_d; do
		ends 3 tkm import "$tmp/$name"
		says_why "the policy boot is not satisfied: no approval is for these registers" "tkm policy approve boot"
	done
	t policy approve boot --pcrs 14 --key "$tmp/site.pem"
	ends 0 tkm policy check --socket "$tmp/run/socket"
	for name in disk_a disk_b web_c web_d; do
		t import "$tmp/$name" > /dev/null
	done
	keyctl clear @s
	# What tkmd keeps of it outlives the module: the next keys lie there, too.
	tkmd_stop
	keyctl clear @u
	module_reload
	tkmd_start
	t new -o "$tmp/disk_e" disk:e > /dev/null
	keyctl clear @s
	measure more
	ends 3 tkm import "$tmp/disk_e"
	says_why "the policy boot is not satisfied: no approval is for these registers" "tkm policy approve boot"
	end
	module_reload
}
claim "one approval serves every key of a domain that lies under the policy" beneath

recovered()
{
	begin
	sealed
	measure update
	# The site's key is gone, and so is tkmd's disk, with all approvals. There are the chains,
	# which were kept elsewhere, two public keys, and a safe.
	rm "$tmp/site.pem"
	tkmd_kill
	rm -rf "$tmp/state"
	keyctl clear @u
	module_reload
	tkmd_start
	ends 3 tkm import "$tmp/box.tkm"
	check "$(t policy list)" = ""
	t policy set boot --authority "$tmp/site.pub" --recovery "$tmp/safe.pub"
	ends 3 tkm import "$tmp/box.tkm"
	# At the machine; at the safe; at the machine.
	t policy approve boot --pcrs 14 --offline "$tmp/request"
	openssl dgst -sha256 -sign "$tmp/safe.pem" -out "$tmp/request.sig" "$tmp/request"
	t policy approve boot --offline "$tmp/request" --signature "$tmp/request.sig"
	opens
	# To a new authority, for good: what is sealed is sealed anew, without being revealed.
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$tmp/site.pem"
	openssl pkey -in "$tmp/site.pem" -pubout -out "$tmp/site.pub"
	t policy set boot2 --authority "$tmp/site.pub" --recovery "$tmp/safe.pub"
	t policy approve boot2 --pcrs 14 --key "$tmp/site.pem"
	t import "$tmp/box.tkm" > /dev/null
	t reseal disk:box policy=boot2 -f -o "$tmp/box.tkm"
	keyctl clear @s
	t policy remove --yes boot
	t import "$tmp/box.tkm" > /dev/null
	check "$(t decrypt disk:box "$tmp/letter.box")" = "what matters"
	keyctl clear @s
	end
}
claim "all is lost but the chains and the offline key: with it everything opens again" recovered

run_claims
