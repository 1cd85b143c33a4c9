# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # tmp and work are lib.sh's
#
# Two platforms, A and B, one after the other in the same machine, each with a TPM and a
# database of its own, for programs that have lib.sh, tk.bash, tkmd.bash and
# platform.bash:
#
#   acquainted                 they know each other; A runs
#   go A|B; go_B_empty; leave  see there
#   p VERB ACTION ARGUMENT...  tkm, which must succeed, and has nothing to say
#   imports, refused_import    packets there
#   stored                     names of the caller's keys that tkmd keeps; state_here NAME
#   keys_in FILE               state and name, in the packet's order
#   values FILE DEPTH          of DER: offset, length of the head, of the content
#   all_is_whole               every row of the database opens

running=

# The platform at hand is switched off.
leave()
{
	[ -n "$running" ] || return 0
	tkmd_stop
	rm -rf "$work/state-$running"
	mv "$tmp/state" "$work/state-$running"
	keyctl clear @s
	keyctl clear @u
	module_unload
	tpm_stop "$running"
	module_load
	running=
}

# go A|B: that platform's TPM and database, from now on
go()
{
	leave
	# What a claim that failed has left.
	tpm_stop A
	tpm_stop B
	running=$1
	made_by maker "$1"
	[ ! -e "$work/state-$1" ] || cp -a "$work/state-$1" "$tmp/state"
	tpm_have "$1"
	module_reload
	tkmd_start
}

# B as it was when it knew A and had no key.
go_B_empty()
{
	leave
	rm -rf "$work/state-B"
	cp -a "$work/empty-B" "$work/state-B"
	go B
}

# p VERB ACTION ARGUMENT...: which must succeed, and has nothing to say
p()
{
	local verb=$1 action=$2

	shift 2
	tkm "$verb" "$action" --socket "$tmp/run/socket" "$@" 2> "$tmp/p-err" ||
		fail "tkm $verb $action $*: $(cat "$tmp/p-err")"
	[ ! -s "$tmp/p-err" ] || fail "tkm $verb $action $*: $(cat "$tmp/p-err")"
}

# A and B know each other.
acquainted()
{
	local ca=$work/maker/trusted

	go A
	p platform show -o "$tmp/a"
	go B
	p platform show -o "$tmp/b"
	p platform challenge --ca "$ca" -o "$tmp/ask-a" "$tmp/a"
	go A
	p platform answer -o "$tmp/of-a" "$tmp/ask-a"
	p platform challenge --ca "$ca" -o "$tmp/ask-b" "$tmp/b"
	go B
	p platform add a --ca "$ca" "$tmp/a" "$tmp/of-a"
	p platform answer -o "$tmp/of-b" "$tmp/ask-b"
	go A
	cp -a "$work/state-B" "$work/empty-B"
	p platform add b --ca "$ca" "$tmp/b" "$tmp/of-b"
}

# Imported, which is said, and never asked twice.
imports()
{
	p migrate import --yes "$@"
}

refused_import()
{
	local status=$1 text=$2

	shift 2
	ends "$status" tkm migrate import --socket "$tmp/run/socket" --yes "$@"
	contains "$(cat "$tmp/err")" "$text"
}

stored()
{
	tkm list --stored --socket "$tmp/run/socket" | awk '{ print $NF }' | xargs
}

state_here()
{
	ask "{\"verb\":\"show\",\"key\":\"$1\"}" | jq -r .state
}

keys_in()
{
	p migrate show --json "$1" | jq -r '.keys[] | "\(.state) \(.key)"'
}

values()
{
	openssl asn1parse -inform DER -in "$1" |
		sed -nE "s/^ *([0-9]+):d=$2 +hl= *([0-9]+) +l= *([0-9]+) .*/\1 \2 \3/p"
}

all_is_whole()
{
	contains "$(ask '{"verb":"check","all":true}')" '"bad":[]'
}
