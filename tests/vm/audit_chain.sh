#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The audit that tkmd keeps: who did what to which key, when, and what came of it;
# there after SIGKILL; what is changed, taken out, put in, cut off or older is found,
# by the number of the record; a copy of the disk tells no names; and one user's noise
# costs neither the disk nor another's records.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$here/tk.bash"
. "$here/tkmd.bash"
. "$here/events.bash"

# The records of earlier claims are nobody's business in this one.
begin()
{
	keyctl clear @s
	module_reload
	tkmd_start "$@"
}

audit()
{
	tkm audit "$@" --socket "$tmp/run/socket"
}

# rows [OPTION...]: number, event, result, uid and key of each, a line each, but for
# tkmd's own key, which is loaded before the module knows tkmd
rows()
{
	audit show --json "$@" | jq -r '.[] | select(.key != "tkmd:kdb") |
		"\(.record) \(.event) \(.result) \(.uid) \(.key // "-")"'
}

events()
{
	rows "$@" | cut -d ' ' -f 2-
}

has_row()
{
	rows | grep -q -- "$1"
}

wait_for()
{
	poll 30 has_row "$1" || fail "no $1 in: $(rows)"
}

is_noted()
{
	[ -n "$(audit show --key "$1")" ]
}

# The last thing that is done; then everything before it is there. (One program a look:
# it takes many.)
mark()
{
	expect_errno EBADMSG keyop add tkm "mark:$1" "load 3000" @s
	poll 30 is_noted "mark:$1" || fail "no mark:$1 in: $(rows)"
}

fits()
{
	audit verify "$@" > "$tmp/verdict" || fail "$(cat "$tmp/verdict")"
	contains "$(cat "$tmp/verdict")" " records fit; the last is "
}

# misfit NUMBER TEXT [OPTION...]: the first that does not fit, "next" for the one after
# the end
misfit()
{
	local number=$1 text=$2 bad next why

	shift 2
	ends 1 tkm audit verify --json --socket "$tmp/run/socket" "$@"
	read -r bad next why <<< "$(jq -r '"\(.bad) \(.ends + 1) \(.why)"' "$tmp/out")"
	[ "$number" != next ] || number=$next
	check "$bad" = "$number"
	contains "$why" "$text"
	as_json || return 0
	ends 1 tkm audit verify --socket "$tmp/run/socket" "$@"
	contains "$(cat "$tmp/out")" "record "
	contains "$(cat "$tmp/out")" "$text"
}

every_event()
{
	local before

	begin
	before=$(date +%s)
	events_happen
	mark every
	# And what tkmd did itself.
	tk export --stored a:ec --socket "$tmp/run/socket" > /dev/null
	tk remove --yes a:ec --socket "$tmp/run/socket"
	ends 3 as 4501 tkm list --stored --all --socket "$tmp/run/socket"
	ends 1 as 4501 tkm show --stored 1 --socket "$tmp/run/socket"
	check "$(events)" = "$(cat <<-LIST
	start ok $(id -u tkm) -
	$(events_wanted)
	load EBADMSG 0 mark:every
	export ok 0 a:ec
	remove ok 0 a:ec
	query EPERM 4501 -
	query ENOKEY 4501 -
	LIST
	)"
	audit show --json > "$tmp/all"
	check "$(jq -r '.[] | select(.event == "state") | .state' "$tmp/all" | xargs)" = "suspended deactivated"
	check "$(jq -r '[.[].record] | . == [range(1; length + 1)]' "$tmp/all")" = true
	check "$(jq -r '.[] | select(.event == "publish") | ."user-ns"' "$tmp/all")" = \
		"$(stat -L -c %i /proc/self/ns/user)"
	contains "$(jq -r '.[] | select(.event == "sign") | .program' "$tmp/all")" /keyctl
	check "$(jq -r '.[] | select(.event == "remove") | .program' "$tmp/all")" = tkm
	check "$(jq -r '[.[].pid] | min > 0' "$tmp/all")" = true
	# When: between the beginning and now.
	check "$(jq -r '[.[].first | sub("\\.[0-9]*"; "") | fromdate] |
		all(. >= '"$before"' - 2 and . <= now + 1)' "$tmp/all")" = true
	fits
	lacks "$(cat "$tmp/tkmd.log")" " a:"
	tkmd_stop
}
claim "every event and every refusal, with who, what, when and what came of it" every_event

shown()
{
	local odd=$tmp/$'a b\e[31m\nc\\d' when now

	begin
	keyctl unlink "$(new_key a:one use=crypt)" @s
	cp "$(command -v keyop)" "$odd"
	"$odd" add tkm a:odd new @s > /dev/null
	as 4501 keyop add tkm a:theirs new @s > /dev/null
	expect_errno EBADMSG as 4501 keyop add tkm a:theirs2 "load 3000" @s
	mark shown
	# Program names are bytes that somebody chose.
	audit show > "$tmp/out"
	check "$(wc -l < "$tmp/out")" = 6
	check "$(LC_ALL=C grep -c '[^ -~]' "$tmp/out")" = 0
	contains "$(cat "$tmp/out")" 'a\x20b\x1b[31m\x0ac\x5cd'
	contains "$(audit show --json | jq -r '.[] | select(.key == "a:odd") | .program')" \
		'a\x20b\x1b[31m\x0ac\x5cd'
	# By key, uid, event, result, and more than one of them.
	check "$(events --key a:one)" = "create ok 0 a:one"
	check "$(events --uid 4501)" = "$(printf '%s\n' "create ok 4501 a:theirs" "load EBADMSG 4501 a:theirs2")"
	check "$(events --event start | wc -l)" = 1
	check "$(events --refused --uid 4501)" = "load EBADMSG 4501 a:theirs2"
	check "$(events --event create --uid 4501)" = "create ok 4501 a:theirs"
	check "$(events --key a:nothing)" = ""
	# By time, and in the time of who looks.
	now=$(date +%s)
	check "$(rows --since "$(date -u -d "@$((now - 600))" +%FT%TZ)" | wc -l)" = 6
	check "$(rows --since "$(date -u -d "@$((now + 600))" +%FT%TZ)")" = ""
	check "$(rows --until "$(date -u -d "@$((now - 600))" +%FT%TZ)")" = ""
	check "$(rows --since "$(date -d "@$((now - 600))" +%FT%T)" --until "$(date -d "@$((now + 60))" +%F\ %T)" | wc -l)" = 6
	check "$(TZ=TKM-9 rows --since "$(TZ=TKM-9 date -d "@$((now - 600))" +%FT%T)" | wc -l)" = 6
	check "$(TZ=TKM-9 rows --since "$(date -u -d "@$((now - 600))" +%FT%T)" | wc -l)" = 6
	check "$(TZ=TKM+9 rows --since "$(date -u -d "@$((now - 600))" +%FT%T)" | wc -l)" = 0
	when=$(audit show --json | jq -r '.[0].first | sub("\\.[0-9]*"; "")')
	contains "$(TZ=TKM-9 tkm audit show --socket "$tmp/run/socket" | head -n 1)" \
		"$(TZ=TKM-9 date -d "$when" '+%F %T')"
	# Each user sees their own, and what was done with their keys.
	check "$(as 4501 tkm audit show --json --socket "$tmp/run/socket" | jq -r '.[].key' | xargs)" = \
		"a:theirs a:theirs2"
	ends 3 as 4501 tkm audit verify --socket "$tmp/run/socket"
	says "(EPERM)"
	for words in "" look "show --since x" "show --since 2026-13-01" "show --uid -1" "show --uid x" \
		"show --from 1" "verify --uid 1" "verify --head 1" "verify --head x:00" "show --key ../x"; do
		# shellcheck disable=SC2086 # words
		wrong audit $words
	done
	errs 1 EINVAL audit show --event nothing --socket "$tmp/run/socket"
	errs 4 ECONNREFUSED audit verify --socket "$tmp/none"
	tkmd_stop
}
claim "shown by key, user, event, result and time; escaped, in local time, one's own" shown

# head: the end as verify tells it
head_now()
{
	sed -n 's/.* the last is //p' "$tmp/verdict"
}

survives()
{
	local i head

	begin
	for i in 1 2 3; do
		kept_key a:$i
		mark $i
		fits
		head=$(head_now)
		rows > "$tmp/before"
		tkmd_kill
		keyctl clear @s
		tkmd_start
		fits --head "$head"
		# As they were, and the start behind them.
		check "$(head -n "$(wc -l < "$tmp/before")" <(rows))" = "$(cat "$tmp/before")"
		check "$(events | tail -n 1)" = "start ok $(id -u tkm) -"
		contains "$(cat "$tmp/tkmd.log")" "the audit goes on with record $((${head%%:*} + 1)):"
	done
	# Nobody was there.
	tkmd_kill
	expect_errno EBADMSG keyop add tkm a:alone "load 3000" @s
	tkmd_start
	wait_for " a:alone\$"
	fits
	tkmd_stop
	tkmd_start
	contains "$(events | tail -n 2)" "stop ok"
	fits --head "$head"
	misfit "${head%%:*}" "another than the one that is wanted" --head "${head%:*}:$(printf '%064d' 0)"
	misfit next "is wanted" --head "99:$(printf '%064d' 0)"
	tkmd_stop
}
claim "what was written is there after SIGKILL, in one chain" survives

# Twelve records and their start, once, and a copy of it for each thing to be tried.
chain()
{
	local i

	if [ ! -d "$work/state" ]; then
		begin
		for i in {1..6}; do
			expect_errno EBADMSG keyop add tkm "a:$i" "load 3000" @s
		done
		mark half
		tkmd_stop
		cp -a "$tmp/state" "$work/half"
		tkmd_start
		for i in {7..10}; do
			expect_errno EBADMSG keyop add tkm "a:$i" "load 3000" @s
		done
		mark whole
		fits
		head_now > "$work/head"
		tkmd_stop
		cp -a "$tmp/state" "$work/state"
	fi
	rm -rf "$tmp/state"
	cp -a "$work/state" "$tmp/state"
}

# bent SQL NUMBER TEXT
bent()
{
	in_part || return 0
	chain
	db "$1"
	tkmd_start
	misfit "$2" "$3"
	tkmd_stop
}

bit_of_record()
{
	db "SELECT hex(record) FROM audit WHERE id = $1" > "$tmp/row"
	sed "s/^\(.\{$2\}\)./\1$(printf %X $((0x$(cut -c $(($2 + 1)) "$tmp/row") ^ 1)))/" "$tmp/row"
}

bends()
{
	local last

	chain
	tkmd_start
	fits --head "$(cat "$work/head")"
	tkmd_stop
	last=$(cut -d : -f 1 "$work/head")
	# A bit of it: of nonce, text, tag.
	for at in 1 49 1000 2100; do
		in_part || continue
		chain
		bit=$(bit_of_record 5 $at)
		bent "UPDATE audit SET record = x'$bit' WHERE id = 5" 5 "it was changed"
	done
	bent "DELETE FROM audit WHERE id = 4" 4 "not there"
	bent "DELETE FROM audit WHERE id = 1" 1 "not there"
	bent "UPDATE audit SET record = (SELECT record FROM audit WHERE id = 3) WHERE id = 2" 2 "it was changed"
	bent "UPDATE audit SET id = 100 WHERE id = 6; UPDATE audit SET id = 6 WHERE id = 7;
	      UPDATE audit SET id = 7 WHERE id = 100" 6 "it was changed"
	bent "UPDATE audit SET id = id - 1 WHERE id > 3 AND (SELECT count(*) FROM audit WHERE id = 3) = 0;
	      DELETE FROM audit WHERE id = 3; UPDATE audit SET id = 3 WHERE id = 4" 3 "it was changed"
	bent "INSERT INTO audit SELECT 1000, record FROM audit WHERE id = 3" next "not there"
	bent "UPDATE audit SET record = zeroblob(length(record)) WHERE id = 9" 9 "it was changed"
	# Cut off: what tkmd writes goes on behind what it was.
	bent "DELETE FROM audit WHERE id > 8" 9 "not there"
	bent "DELETE FROM audit" 1 "not there"
	bent "DELETE FROM audit_head" $((last + 2)) "the end of the audit is damaged"
	bent "UPDATE audit_head SET head = zeroblob(length(head))" $((last + 2)) "the end of the audit is damaged"
}
claim "a bit, a record changed, swapped, taken out, put in or cut off is found, and named" bends

# older FILE...: these are of the older copy
older()
{
	local file

	chain
	for file; do
		cp -a "$work/half/$file" "$tmp/state/$file"
	done
	tkmd_start
}

old_copies()
{
	local half last i

	chain
	half=$(db "SELECT max(id) FROM audit" "$work/half/kdb")
	last=$(db "SELECT max(id) FROM audit")
	# The database, but not the file: what is missing is known, and its numbers stay free.
	older kdb
	contains "$(cat "$tmp/tkmd.log")" "the database is an older copy than audit.head"
	misfit $((half + 1)) "older copy"
	check "$(audit show --json --event gap | jq -r '.[] | "\(.record) \(.lost)"')" = \
		"$((last + 1)) $((last - half))"
	misfit $((last + 1)) "older copy" --from $((last + 1))
	fits --from $((last + 2))
	# It stays said, and goes on.
	tkmd_kill
	tkmd_start
	misfit $((half + 1)) "older copy"
	tkmd_stop
	# Its rows, and the file not.
	chain
	db "ATTACH '$work/half/kdb' AS half; DELETE FROM audit; DELETE FROM audit_head;
	    INSERT INTO audit SELECT * FROM half.audit; INSERT INTO audit_head SELECT * FROM half.audit_head"
	tkmd_start
	misfit $((half + 1)) "older copy"
	tkmd_stop
	# The file alone harms nothing: it may be behind.
	older audit.head
	fits --head "$(cat "$work/head")"
	tkmd_stop
	# Gone, or rubbish.
	chain
	rm "$tmp/state/audit.head"
	tkmd_start
	misfit $((last + 1)) "audit.head is gone, or damaged"
	fits --from $((last + 2))
	tkmd_stop
	chain
	head -c 8192 /dev/urandom > "$tmp/state/audit.head"
	tkmd_start
	misfit $((last + 1)) "audit.head is gone, or damaged"
	tkmd_stop
	# One half of it: a write that the power cut.
	chain
	dd if=/dev/urandom of="$tmp/state/audit.head" bs=4096 seek=$((last % 2)) count=1 \
		conv=notrunc status=none
	tkmd_start
	fits
	tkmd_stop
	# A record of the same number, from what came after the copy the first time.
	older kdb audit.head
	for i in other others more; do
		expect_errno EBADMSG keyop add tkm "a:$i" "load 3000" @s
	done
	mark other
	fits
	tkmd_stop
	db "ATTACH '$work/state/kdb' AS whole; UPDATE audit SET record =
	    (SELECT record FROM whole.audit WHERE id = $((half + 4))) WHERE id = $((half + 4))"
	tkmd_start
	misfit $((half + 4)) "what was before it is not what was when it was written"
	tkmd_stop
	# All of the older copy: only who kept the end elsewhere finds that.
	older kdb audit.head
	fits
	misfit next "is wanted" --head "$(cat "$work/head")"
	tkmd_stop
}
claim "an older copy put back is found by what was not put back with it" old_copies

tells_nothing()
{
	local word file

	begin
	keyctl unlink "$(new_key canary-app:canary-label)" @s
	as 4501 keyop add tkm canary-app:canary-theirs new @s > /dev/null
	expect_errno EBADMSG as 4501 keyop add tkm canary:refused "load 3000" @s
	cp "$(command -v keyop)" "$tmp/canary-program"
	"$tmp/canary-program" add tkm canary:c new @s > /dev/null
	mark tells
	contains "$(audit show)" canary-program
	tkmd_kill
	check "$(find "$tmp/state" -type f | wc -l)" = 3
	for file in "$tmp"/state/*; do
		for word in canary keyop EBADMSG mark: 4501; do
			! grep -qa -e "$word" "$file" || fail "$file has $word"
		done
		# The uid as a number, in either order.
		! xxd -p "$file" | tr -d '\n' | grep -qE '00001195|95110000' || fail "$file has the uid"
	done
	grep -qa "app=tkmd label=kdb" "$tmp"/state/kdb
	tkmd_start
	tkmd_stop
	check "$(db "SELECT count(DISTINCT length(record)) FROM audit")" = 1
}
claim "a copy of the disk shows no name, no user, no event, by no size either" tells_nothing

noise()
{
	local size i

	begin --audit 256
	# Twelve that another user's noise must not cost, and tkmd's own.
	for i in {1..12}; do
		expect_errno EBADMSG keyop add tkm "before:$i" "load 3000" @s
	done
	mark noise
	size=$(du -sb "$tmp/state" | cut -f 1)
	as 4501 nlop noise 900
	# It is written, when nothing waits any more.
	expect_errno EBADMSG keyop add tkm after:noise "load 3000" @s
	wait_for " load EBADMSG 0 after:noise\$"
	check "$(rows --uid 4501 | wc -l)" -le 17
	check "$(events --uid 4501 | tail -n 1)" = "flood ok 4501 -"
	check "$(rows --uid 0 | grep -c ' before:')" = 12
	check "$(du -sb "$tmp/state" | cut -f 1)" -lt $((size + 200000))
	comment "900 of one user: $(rows --uid 4501 | wc -l) records, $(du -sb "$tmp/state" | cut -f 1) bytes"
	fits
	# Uses that succeed have a share of their own.
	keyctl unlink "$(new_key own:key use=crypt)" @s 2> /dev/null || :
	tkmd_stop
	# The share is in memory: the next tkmd gives a new one.
	tkmd_start --audit 256
	expect_errno EBADMSG as 4501 keyop add tkm a:late "load 3000" @s
	wait_for " load EBADMSG 4501 a:late\$"
	tkmd_stop
}
claim "one user's noise is counted, and costs neither others' records nor the disk" noise

rotates()
{
	local i first

	begin --audit 64
	# Each of some users has four.
	for ((i = 0; i < 25; i++)); do
		as $((4600 + i)) nlop noise 4
	done
	mark last
	first=$(rows | head -n 1 | cut -d ' ' -f 1)
	comment "the first is $first, of $(rows | wc -l)"
	check "$first" -gt 30
	check "$(rows | wc -l)" -le 64
	check "$(rows | wc -l)" -ge 59
	contains "$(cat "$tmp/tkmd.log")" "the audit is full: records up to "
	fits
	misfit 3 "gone by now" --head "3:$(printf '%064d' 0)"
	tkmd_kill
	tkmd_start --audit 64
	fits
	tkmd_stop
	# Not the oldest: it may be gone by itself, by what is written meanwhile.
	db "DELETE FROM audit WHERE id = (SELECT min(id) + 30 FROM audit)"
	tkmd_start --audit 64
	ends 1 tkm audit verify --socket "$tmp/run/socket"
	contains "$(cat "$tmp/out")" "it is not there"
	tkmd_stop
	for n in 0 63 x 10000001; do
		! tkmd --audit $n 2> "$tmp/err" || fail "it takes --audit $n"
		contains "$(cat "$tmp/err")" "usage: tkmd"
	done
}
claim "what is full makes room at its beginning, and the rest still fits" rotates

full()
{
	mkdir "$tmp/disk"
	mount -t tmpfs -o size=320k tmpfs "$tmp/disk"
	tkmd_user
	ln -s disk/state "$tmp/state"
	mkdir -m 700 "$tmp/disk/state"
	chown tkm "$tmp/disk/state"
	begin
	fits
	dd if=/dev/zero of="$tmp/disk/fill" bs=4096 status=none 2> /dev/null || :
	# 200 chains that are none, each under another name, from one process.
	nlop noise 200
	poll 30 is_said || fail "$(cat "$tmp/tkmd.log")"
	check "$(grep -c "cannot be written" "$tmp/tkmd.log")" = 1
	fits
	rm "$tmp/disk/fill"
	mount -o remount,size=4m "$tmp/disk"
	poll 60 is_noted noise:199 || fail "$(rows | tail -n 3)"
	check "$(rows | grep ' noise:' | sed 's/.* noise://' | xargs)" = "$(seq 0 199 | xargs)"
	contains "$(cat "$tmp/tkmd.log")" "the audit is written again"
	fits
	tkmd_stop
	umount "$tmp/disk"
}

is_said()
{
	grep -q "the audit cannot be written: No space left" "$tmp/tkmd.log"
}
claim "a full disk: records wait in the module, in their order, and are written when there is room" full

upgraded()
{
	tkmd_start
	kept_key a:b
	tkmd_stop
	db_of_version 1
	keyctl clear @s
	tkmd_start
	is_kept a:b
	check "$(events | head -n 1)" = "start ok $(id -u tkm) -"
	fits
	tkmd_stop
}
claim "an older database has an audit from its upgrade on" upgraded

run_claims
