#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every allocation of every operation fails once: of the caller, of the worker
# that speaks to the TPM, and of those that end keys. What came of each is in
# failnth.c; after the program, tests/vm/run looks for what leaked.
#
# Wants a kernel with fault injection (tools/vm run --kernel debug), and
# make -C tests/fail. TKM_NTH_STEP=N: only every Nth, beginning anywhere, of loading
# the module and of keys that are used, which takes long. TKM_NTH_SHARE=K/N: only the
# Kth of N shares of the claims.
# shellcheck source-path=SCRIPTDIR/../vm disable=SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/../vm/lib.sh"
. "$(dirname "$0")/../vm/helper.bash"
. "$(dirname "$0")/../vm/approval.bash"
. "$(dirname "$0")/../vm/moving.bash"

debugfs=/sys/kernel/debug
build=${TKM_FAIL:-$top/build/fail}
export PATH=$build:$PATH
step=${TKM_NTH_STEP:-1}
# Of this every allocation; a claim that takes only every Nth says so.
every=1
# The module comes and goes.
needs_tkm=no

# What memory the kernel's own checkers take is nothing of an operation's: it
# does not count, and when it fails they give up.
checkers='kmemleak_object|kmemleak_scan_area|debug_objects_cache'

setting()
{
	echo "$2" > "$debugfs/$1"
}

# Only what is counted down by fail-nth fails, but of that everything does.
prepare_injection()
{
	local cache

	for cache in /sys/kernel/slab/*; do
		[[ ${cache##*/} =~ ^($checkers)$ ]] || echo 1 > "$cache/failslab"
	done
	setting failslab/cache-filter Y
	for kind in failslab fail_page_alloc; do
		setting $kind/probability 0
		setting $kind/times -1
		setting $kind/verbose 0
	done
	setting fail_page_alloc/ignore-gfp-highmem N
	setting fail_page_alloc/min-order 0
	# The tracer learns of a module's events, and warns when it has no memory.
	insmod "$build/$(uname -r)/inject.ko" spare=__trace_add_new_event
}

# Slab objects, or pages: both count down one number, so one of them may not.
kind_is()
{
	case $1 in
	slab)
		setting failslab/ignore-gfp-wait N
		setting fail_page_alloc/ignore-gfp-wait Y
		setting fail_page_alloc/min-order 10
		;;
	pages)
		setting failslab/ignore-gfp-wait Y
		setting fail_page_alloc/ignore-gfp-wait N
		setting fail_page_alloc/min-order 0
		;;
	esac
}

# nth ARGUMENT...: of slab objects, then of pages
nth()
{
	local kind out status

	for kind in slab pages; do
		kind_is $kind
		status=0
		out=$(failnth -s "$every" "$@" 2>&1) || status=$?
		[ $status = 0 ] || fail "$kind: $out"
		comment "$kind, ${out##*$'\n'# }"
		[[ $out =~ ([0-9]+)\ points ]]
		echo "${BASH_REMATCH[1]}" >> "$work/points"
	done
}

worker=tkm:bus_work

# The module as modprobe would load it.
image()
{
	modinfo -n tkm
}

both()
{
	nth "$@"
	nth -i $worker "$@"
}

loaded()
{
	[ -d /sys/module/tkm ] || modprobe tkm
}

new_fails()
{
	local auth

	loaded
	auth=$(auth_key secret)
	both new
	both new "len=64 use=publish"
	both new parent=srk
	both new pcrs=sha256:7,14
	both new "auth=$auth pcrs=sha256:7"
}
claim "new: hierarchical, flat, with registers, with a value, to be published" new_fails

# A key with this description and none of its own.
chain_file()
{
	local key

	key=$(new_key fail:nth "${2-}")
	keyctl pipe "$key" > "$tmp/$1"
	xxd -r -p "$tmp/$1" > "$tmp/$1.der"
	keyctl unlink "$key" @s
}

load_fails()
{
	loaded
	chain_file chain
	both load "$tmp/chain"
	both raw "$tmp/chain.der"
	chain_file bound pcrs=sha256:7
	both load "$tmp/bound"
	chain_file flat parent=srk
	both load "$tmp/flat"
	both raw "$tmp/flat.der"
}
claim "load: a chain, raw DER, with registers, a flat object" load_fails

foreign_fails()
{
	loaded
	keyctl unlink "$(new_key fail:srk)" @s
	head -c 32 /dev/urandom | tpm2_create -Q -C 0x81000001 -i - \
		-u "$tmp/pub" -r "$tmp/priv"
	tpm2_encodeobject -C 0x81000001 -u "$tmp/pub" -r "$tmp/priv" -o "$tmp/pem"
	sed '/-----/d' "$tmp/pem" | base64 -d > "$tmp/der"
	both raw "$tmp/der"
}
claim "load: an object that another tool made" foreign_fails

reseal_fails()
{
	loaded
	both reseal
	both reseal pcrs=sha256:7
}
claim "reseal" reseal_fails

state_fails()
{
	loaded
	nth state suspended
	nth state destroyed
}
claim "state" state_fails

listened_to()
{
	local listener

	loaded
	nlop listen > "$tmp/heard" 2>&1 < /dev/null &
	listener=$!
	poll 20 grep -q listening "$tmp/heard"
	nth state suspended
	nth read
	kill "$listener"
	wait "$listener" 2> /dev/null || :
	check "$(grep -c '^state ' "$tmp/heard")" -gt 0
}
claim "what somebody listens to: an event that finds no memory is no failure" listened_to

publish_fails()
{
	local what every=1

	loaded
	nth publish
	nth republish
	every=$step
	for what in "logon:fail:nth derive=x len=64" \
		encrypted:fail:nth \
		"encrypted:0123456789abcdef format=ecryptfs derive=x" \
		"fscrypt-provisioning:fail:nth derive=x" \
		"user:fail:nth reveal=every-possessor-can-read-it"; do
		nth publish "$what"
		nth republish "$what"
		nth unpublish "$what"
	done
}
claim "publish, once more, and unpublish: each consumer" publish_fails

# ---- keys that are used ----

pair_fails()
{
	local options every=$step

	loaded
	for options in ec rsa "ec parent=srk" "ec use=decrypt pcrs=sha256:7"; do
		both new "$options"
		chain_file pair "$options"
		both load "$tmp/pair"
	done
}
claim "new and load of RSA and EC keys" pair_fails

ec_words="enc=raw hash=sha256"
rsa_words="enc=pkcs1 hash=sha256"

sign_fails()
{
	local auth every=$step

	loaded
	auth=$(auth_key secret)
	both first-sign ec "$ec_words"
	both first-sign rsa "$rsa_words"
	both first-sign "ec pcrs=sha256:7 auth=$auth" "$ec_words"
	both sign ec "$ec_words"
	both sign rsa "$rsa_words"
	both sign rsa "enc=pss hash=sha384"
	both sign "ec curve=p384" "enc=x962 hash=sha384"
	both sign "ec pcrs=sha256:7 auth=$auth" "$ec_words"
}
claim "a key's first signature, and the next" sign_fails

verify_fails()
{
	local every=$step

	loaded
	nth verify ec "$ec_words"
	nth verify rsa "$rsa_words"
	nth verify rsa "enc=pss hash=sha256"
	nth query ec "$ec_words"
	nth query rsa "$rsa_words"
	nth query use=crypt "enc=gcm"
}
claim "verify and query" verify_fails

open_fails()
{
	local words every=$step

	loaded
	for words in "enc=oaep hash=sha256" "enc=oaep hash=sha1" enc=pkcs1; do
		nth encrypt "rsa use=decrypt" "$words"
		both decrypt "rsa use=decrypt" "$words"
	done
	both decrypt "ec use=decrypt" "enc=ecdh"
	both decrypt "ec use=decrypt pcrs=sha256:7" "enc=ecdh"
}
claim "encrypt and decrypt, RSA and EC" open_fails

cipher_fails()
{
	local every=$step

	loaded
	nth encrypt use=crypt "enc=gcm;aad=00112233445566778899"
	nth decrypt use=crypt "enc=gcm;aad=00112233445566778899"
	nth encrypt use=crypt enc=gcm
	nth decrypt use=crypt enc=gcm
}
claim "the cipher of a data key" cipher_fails

look_fails()
{
	loaded
	nth read
	nth describe
	nth list
}
claim "read, describe, /proc/keys" look_fails

ends_fail()
{
	local end

	loaded
	for end in revoke unlink invalidate; do
		nth $end
		nth -i tkm:publish_end_work $end
	done
	nth -i key_garbage_collector unlink
}
claim "revoke, unlink, invalidate, and what they leave to workers" ends_fail

watch_fails()
{
	loaded
	nth -i tkm:watch publish
}
claim "the look at what is published" watch_fails

first_fails()
{
	loaded
	nth -k "$(image)" first
	nth -k "$(image)" -i $worker first
	nth -k "$(image)" -i $worker first parent=srk
}
claim "the first use after the module came: its storage keys are made" first_fails

salt_without_memory()
{
	loaded
	nth -i $worker new parent=srk
}
claim "a salt that finds no memory: ENOMEM, not EIO nor EAGAIN" salt_without_memory

rsa_without_memory()
{
	module_unload
	tpm2_createprimary -Q -C o -G rsa2048:aes128cfb -c "$tmp/srk"
	[ -z "$(tpm2_getcap handles-persistent)" ] ||
		tpm2_evictcontrol -Q -C o -c 0x81000001 > /dev/null
	tpm2_evictcontrol -Q -C o -c "$tmp/srk" 0x81000001 > /dev/null
	tpm2_flushcontext -t
	nth -k "$(image)" -i $worker first parent=srk
	modprobe tkm
	nth -i $worker new parent=srk
	module_unload
	tpm2_evictcontrol -Q -C o -c 0x81000001 > /dev/null
}
claim "... nor under an RSA storage root key" rsa_without_memory

# ---- domains, policies ----

# As module_unload leaves it: root's domain has none, and may have another.
domain_fails()
{
	local auth every=$step

	module_unload
	auth=auth=$(auth_key secret)
	nth -k "$(image)" domain "$auth"
	nth -k "$(image)" -i $worker domain "$auth"
	both unlock "$auth"
	nth lock "$auth"
	nth -i tkm:end_work lock "$auth"
	mkdir "$tmp/rows"
	helper_start keep "$tmp/rows"
	both passwd "$auth new=${auth#*=}"
	helper_stop
	keyop add tkm-domain nth "unlock $auth" @s > /dev/null
	both new
	chain_file beneath
	both load "$tmp/beneath"
	keyctl clear @s
	module_unload
}
claim "a domain with a password: new, unlock, lock, passwd, and keys beneath" domain_fails

policy_fails()
{
	local every=$step

	module_unload
	loaded
	authority site
	nlop policy-set boot authority "$work/site.pub"
	approve "$tmp/approval" site boot 7
	nlop policy-approve boot "$tmp/approval"
	both new policy=boot
	chain_file approved policy=boot
	both load "$tmp/approved"
	both first-sign "ec policy=boot" "$ec_words"
	module_unload
}
claim "keys under an approved policy: new, load, the first signature" policy_fails

# Everything of two more classes that fixed keys do not do.
move_fails()
{
	local approver key every=$step

	module_unload
	loaded
	authority mine
	public_file mine "$tmp/mine.tpm2b"
	approver=$(user_key approver "$tmp/mine.tpm2b")
	both new "class=portable approver=$approver"
	key=$(new_key fail:nth "class=portable approver=$approver")
	chain_of "$key" "$tmp/key.der"
	keyctl pipe "$key" > "$tmp/chain"
	both load "$tmp/chain"
	both move "certify key=$key nonce=00112233445566778899aabbccddeeff"
	destination
	both move "$(words "$key" key 4)"
	# To where it is.
	areas_of "$tmp/key.der" | head -1 | bytes > "$tmp/to.pub"
	tail -c +3 "$tmp/to.pub" > "$tmp/to.tpmt"
	moved "$tmp/packet" "$(words "$key" key 4)"
	both move "import packet=$(user_key packet "$tmp/packet")"
	keyctl clear @s
	module_unload
}
claim "keys that move: new, load, certify, duplicate, import" move_fails

# ---- netlink ----

# netlink RESET VERB...: until no allocation is left to fail. ENOMEM changed nothing;
# ENOBUFS says that the answer found no memory, and what was asked for may be done:
# RESET, a command, undoes it. One that changes nothing has true.
netlink()
{
	local reset=$1 kind n status out before='' points

	shift
	for kind in slab pages; do
		kind_is $kind
		points=0
		for ((n = 1 + RANDOM % every; n < 200; n += every)); do
			$reset
			[ "$reset" = true ] || before=$(kept)
			status=0
			out=$(nlop -n $n "$@" 2> "$tmp/err") || status=$?
			grep -qx hit "$tmp/err" || break
			points=$((points + 1))
			[ $status = 0 ] || [[ $out =~ (ENOMEM|ENOBUFS)$ ]] ||
				fail "$kind $n: $*: $out"
			if [ "$reset" != true ] && [[ $out =~ ENOMEM$ ]]; then
				check "$(kept)" = "$before"
			fi
			$reset
			nlop "$@" > /dev/null
		done
		check $n -lt 200
		check $status = 0
		comment "$1: $kind, $points points"
		echo "$points" >> "$work/points"
	done
}

kept()
{
	nlop policy-list
	nlop list
	nlop domains
}

without_third()
{
	nlop policy-remove third > /dev/null || :
}

reactivate()
{
	nlop set-state active "$1" || :
}

unlocked()
{
	keyop update "$1" "unlock auth=$2" > /dev/null
}

netlink_fails()
{
	local key verb right unlock every=$step

	loaded
	authority site
	authority offline
	approve "$tmp/approval" site boot 7
	key=$(new_key fail:netlink)
	nlop policy-set boot authority "$work/site.pub"
	right=$(keyop add user right right @s)
	unlock=$(keyop add tkm-domain me "new auth=$right" @s)
	for verb in supports status "show $key" list domain domains policy-list \
		"policy-list boot"; do
		# shellcheck disable=SC2086 # words
		netlink true $verb
	done
	netlink "poll 20 is_free" register
	netlink "nlop policy-set boot bank 11 mask 1" policy-set boot authority "$work/site.pub" \
		recovery "$work/offline.pub"
	netlink without_third policy-set third authority "$work/site.pub"
	netlink "nlop policy-set boot bank 11 mask 1" policy-remove boot
	nlop policy-set boot authority "$work/site.pub"
	netlink "nlop policy-approve boot" policy-approve boot "$tmp/approval"
	netlink "reactivate $key" set-state suspended "$key"
	netlink "unlocked $unlock $right" lock
	keyctl clear @s
	module_unload
}
claim "netlink: each verb of an administrator" netlink_fails

# Each first try of what a helper asks for fails; the next does not, and who waits for
# it learns nothing of that.
helper_fails()
{
	local n kind key hits=0 every=$step

	loaded
	mkdir "$tmp/kept"
	for kind in slab pages; do
		kind_is $kind
		for ((n = 1 + RANDOM % every; n < 100; n += every)); do
			nlop -n $n helper keep "$tmp/kept" > "$tmp/helper" 2> "$tmp/err" < /dev/null &
			helper=$!
			poll 20 grep -q registered "$tmp/helper"
			key=$(new_key fail:helped)
			keyctl update "$key" "state suspended"
			keyctl unlink "$key" @s
			keyctl request2 tkm fail:helped x @s > /dev/null
			keyctl unlink "$(keyctl search @s tkm fail:helped)" @s
			helper_stop
			rm "$tmp/kept"/*
			grep -qx hit "$tmp/err" || break
			hits=$((hits + $(grep -cx hit "$tmp/err")))
		done
		check $n -lt 100
	done
	comment "$hits points"
	echo "$hits" >> "$work/points"
	module_unload
}
claim "netlink: what a helper asks for; nothing that it keeps is lost" helper_fails

module_fails()
{
	module_unload
	every=$step nth -k "$(image)" insmod
	nth -k "$(image)" rmmod
	# A module that came without memory for it must not go without RSA.
	lacks "$(dmesg)" "no RSA in this kernel"
}
claim "modprobe and rmmod; short memory is no kernel without RSA or fscrypt" module_fails

total()
{
	local points

	points=$(awk '{ n += $1 } END { print n + 0 }' "$work/points")
	comment "$points allocations failed, one at a time"
	check "$points" -gt 0
}
claim "all of them" total

# The last one is about all the others.
take_share()
{
	local k=${1%/*} n=${1#*/} i last=$((${#claim_names[@]} - 1))

	for ((i = 0; i < last; i++)); do
		[ $((i % n)) = $((k % n)) ] || unset "claim_names[i]" "claim_commands[i]"
	done
	claim_names=("${claim_names[@]}")
	claim_commands=("${claim_commands[@]}")
}

if [ ! -e /proc/self/fail-nth ]; then
	echo "1..0 # SKIP no fault injection in this kernel"
	exit 4
fi
[ -e "$build/$(uname -r)/inject.ko" ] || { echo "Bail out! make -C tests/fail"; exit 1; }
[ -z "${TKM_NTH_SHARE-}" ] || take_share "$TKM_NTH_SHARE"
prepare_injection
trap 'status=$?; rmmod inject 2>/dev/null || :; finish $status' EXIT
run_claims
