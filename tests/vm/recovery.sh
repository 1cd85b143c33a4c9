#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The day that the mainboard dies: what was backed up to a recovery key comes back on
# another TPM, by its shares; and what does not is named.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2119,SC2154,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$here/tk.bash"
. "$here/tkmd.bash"
. "$here/platform.bash"
. "$here/approval.bash"
. "$here/moving.bash"

# p VERB ARGUMENT...: which must succeed
p()
{
	local verb=$1

	shift
	[ "$verb" = recovery ] || set -- "$@" --socket "$tmp/run/socket"
	tkm "$verb" "$@" 2> "$tmp/p-err" || fail "tkm $verb $*: $(cat "$tmp/p-err")"
}

# refused STATUS TEXT OPTION...: to restore, and nothing came
refused()
{
	local status=$1 text=$2

	shift 2
	ends "$status" tkm restore --socket "$tmp/run/socket" --yes "$@" "$tmp/backup"
	contains "$(cat "$tmp/err")" "$text"
	check "$(tkm list --stored --socket "$tmp/run/socket")" = ""
}

begins()
{
	made_by maker "$1"
	tpm_have "$1"
	module_reload
	tkmd_start
}

ends_here()
{
	tkmd_stop
	rm -rf "$tmp/state"
	keyctl clear @s
	keyctl clear @u
	module_unload
	tpm_stop "$1"
	module_load
}

# What has to be said of the keys that do not come.
absent()
{
	cat <<-END
		mail-2:site: it is of another class
		web:fixed: it is fixed, and ends with its TPM
		web:flat: it is flat, and ends with its TPM
	END
}

while_it_lived()
{
	local approver key

	authority mine
	public_file mine "$tmp/mine.tpm2b"
	begins A
	p platform show -o "$tmp/credential"
	approver=$(keyctl padd user approver @s < "$tmp/mine.tpm2b")
	kept_key web:two "class=portable approver=$approver use=publish,crypt"
	kept_key mail:one "ec class=portable"
	kept_key web:fixed
	kept_key web:flat "parent=srk"
	openssl pkey -in "$work/mine.pem" -pubout -out "$tmp/mine.pub"
	p policy set site --authority "$tmp/mine.pub"
	kept_key mail-2:site "class=certified authority=site"
	key=$(found web:two)
	echo "a letter" > "$tmp/in"
	keyctl pkey_encrypt "$key" 0 "$tmp/in" enc=gcm > "$tmp/message"
	keyctl unlink "$key" @s
	mkdir "$tmp/paper" "$tmp/other"
	p recovery new --needed 2 --shares 3 --into "$tmp/paper" -o "$tmp/paper.pem"
	p recovery new --needed 2 --shares 3 --into "$tmp/other" -o "$tmp/other.pem"
	check "$(stat -c %a "$tmp"/paper/share-* | sort -u)" = 600
	openssl pkey -pubin -in "$tmp/paper.pem" -noout
	check "$(p recovery check "$tmp/paper/share-3" "$tmp/paper/share-1" | wc -l)" = 1
	# Nobody's approval is one for the other.
	p backup --to-recovery-key "$tmp/paper.pem" --approver "$work/mine.pem" -o "$tmp/backup" domain
	check "$(sort "$tmp/p-err")" = "$(absent | sort | sed 's/^/tkm: backup: warning: /; s/: it is/ is not in it: it is/')"
	# And in the packet, for the machine that has nobody to ask; of what was meant.
	check "$(p migrate show "$tmp/backup" | sed -n 's/^not in it *//p')" = "$(absent)"
	check "$(p migrate show --json "$tmp/backup" | jq -r '.absent[] | "\(.key) \(.why)"' | xargs)" = \
		"mail-2:site class web:fixed fixed web:flat flat"
	p backup --approver "$work/mine.pem" -o "$tmp/mail" application mail
	check "$(p migrate show --json "$tmp/mail" | jq -c .absent)" = "[]"
	p backup --approver "$work/mine.pem" -o "$tmp/web" application web
	check "$(p migrate show --json "$tmp/web" | jq -r '.absent[].key' | xargs)" = "web:fixed web:flat"
	check "$(cat "$tmp/p-err")" = ""
	check "$(stat -c %a "$tmp/backup")" = 600
	ends_here A
}

the_day_it_died()
{
	local key first=$tmp/paper/share-1 second=$tmp/paper/share-2

	begins B
	p platform show -o "$tmp/here"
	refused 3 "a platform that is not known" --recovery-share "$first" --recovery-share "$second"
	refused 3 "not of the platform of $tmp/here" --from "$tmp/here"
	refused 3 "whose shares open it" --from "$tmp/credential"
	set -- --from "$tmp/credential" --recovery-share "$first"
	refused 3 "1 shares of the 2 that are needed" "$@"
	refused 3 "$tmp/other/share-2 is of another recovery key than $first" "$@" --recovery-share "$tmp/other/share-2"
	refused 1 "are the same share" "$@" --recovery-share "$first"
	sed 's/value ./value z/' "$second" > "$tmp/damaged"
	chmod 600 "$tmp/damaged"
	refused 1 "$tmp/damaged is damaged, or is no share" "$@" --recovery-share "$tmp/damaged"
	refused 3 "for another recovery key than the shares give" --from "$tmp/credential" \
		--recovery-share "$tmp/other/share-1" --recovery-share "$tmp/other/share-2"
	p restore --yes "$@" --recovery-share "$second" "$tmp/backup" > "$tmp/out"
	contains "$(cat "$tmp/out")" "2 keys taken"
	check "$(sed -n 's/^not in it *//p' "$tmp/out")" = "$(absent)"
	key=$(tk load web:two)
	check "$(tk decrypt --enc gcm web:two "$tmp/message")" = "a letter"
	keyctl unlink "$key" @s
	check "$(tkm list --stored --socket "$tmp/run/socket" | awk '{ print $NF }' | xargs)" = "mail:one web:two"
	ends 5 tkm restore --socket "$tmp/run/socket" --yes "$@" --recovery-share "$second" "$tmp/backup"
	contains "$(cat "$tmp/err")" "good for one time"
	ends_here B
}

story()
{
	while_it_lived
	the_day_it_died
}
claim "the TPM is dead: all that may comes back by two of three shares, and the rest is named" story

run_claims
