#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What is done to keys and what is refused becomes a record for the helper: each
# event, who it was, that the same again is a count, that records wait for a helper
# and stay until they are written, and that one user's noise does not cost
# another's. The helper here is nlop.c, which writes them into $tmp/audit. And who
# hears of them at once: an administrator, and nobody else.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/helper.bash"
. "$(dirname "$0")/events.bash"

# The records of earlier claims are nobody's business in this one.
forget()
{
	module_reload
	: > "$tmp/audit"
}

# listen HOW...: a helper that writes records down
listen()
{
	helper_start AUDIT="$tmp/audit" "$@"
}

has_record()
{
	grep -q -- "$1" "$tmp/audit"
}

wait_for()
{
	poll 30 has_record "$1" || fail "no $1 in: $(cat "$tmp/audit")"
}

# The last thing that a claim does; then everything before it is there.
mark()
{
	expect_errno EBADMSG keyop add tkm "mark:$1" "load 3000" @s
	wait_for "^load 0 init mark:$1 result=EBADMSG "
}

# records FIELD...: those fields of every record but the marks', a line each
records()
{
	grep -v ' mark:' "$tmp/audit" | awk -v want="$*" '{
		n = split(want, w, " ")
		line = ""
		for (i = 1; i <= n; i++)
			line = line (i > 1 ? " " : "") $w[i]
		print line
	}'
}

# Event, description, result.
events()
{
	records 1 4 5
}

every_event()
{
	forget
	mkdir "$tmp/db"
	listen keep "$tmp/db"
	events_happen
	mark every
	check "$(records 1 5 7 4 | sed 's/ result=0 / ok /; s/ result=/ /; s/ uid=/ /')" = \
		"$(events_wanted)"
	contains "$(grep '^state a\|^state 0' "$tmp/audit" | head -n 1)" " state=suspended "
	# A domain's records are its owner's; a policy's are root's, whoever tried.
	check "$(records 2 4 | grep '@' | sort -u | xargs)" = "0 @policy:regs 4501 @:me"
	helper_stop
}
claim "every event has a record, in its order" every_event

refused()
{
	local key

	forget
	mkdir "$tmp/db"
	listen keep "$tmp/db"
	head -c 32 /dev/urandom > "$tmp/digest"
	key=$(new_key a:key "ec state=pre-active")
	expect_errno EPERM keyctl pkey_sign "$key" 0 "$tmp/digest" enc=x962 hash=sha256
	expect_errno EPERM keyop update "$key" "publish logon:a:b keyring=@s"
	expect_errno EPERM keyop update "$key" "state suspended"
	expect_errno EOPNOTSUPP keyop update "$key" reseal
	keyctl pipe "$key" > "$tmp/hex"
	expect_errno EKEYREJECTED keyop add tkm a:other "load $(cat "$tmp/hex")" @s
	expect_errno EPERM as 4501 keyop add tkm a:key "load $(cat "$tmp/hex")" @s
	expect_errno EEXIST keyop add tkm a:key new @s
	expect_errno EPERM as 4501 nlop set-state destroyed 0 0 a:key
	# The keyring, to which it was not worth a key.
	expect_errno EDQUOT quota_of 1 keyop add tkm a:many new @s
	mark refused
	check "$(records 1 2 4 5 7)" = "$(cat <<-LIST
	create 0 a:key result=0 uid=0
	sign 0 a:key result=EPERM uid=0
	publish 0 a:key result=EPERM uid=0
	state 0 a:key result=EPERM uid=0
	reseal 0 a:key result=EOPNOTSUPP uid=0
	export 0 a:key result=0 uid=0
	load 0 a:other result=EKEYREJECTED uid=0
	load 4501 a:key result=EPERM uid=4501
	create 0 a:key result=EEXIST uid=0
	state 0 a:key result=EPERM uid=4501
	create 0 a:many result=0 uid=0
	create 0 a:many result=ECANCELED uid=0
	LIST
	)"
	helper_stop
}

# quota_of KEYS COMMAND...
quota_of()
{
	local quota=/proc/sys/kernel/keys/root_maxkeys old status=0

	old=$(cat $quota)
	echo "$1" > $quota
	shift
	"$@" || status=$?
	echo "$old" > $quota
	return $status
}
claim "every refusal has one, with its errno" refused

who()
{
	local ns long odd=$tmp/$'a b=c\td'

	forget
	listen keep "$tmp"
	ns=$(stat -L -c %i /proc/self/ns/user)
	as 4501 keyop add tkm a:user new @s > /dev/null
	wait_for "^create 4501 init a:user result=0 count=1 uid=4501 ns=$ns pid=[0-9]* program=.*/keyop "
	unshare -Ur keyop session bash -c 'stat -L -c %i /proc/self/ns/user >&2
		exec keyop add tkm a:inside new @s' > /dev/null 2> "$tmp/ns"
	wait_for "^create 0 other a:inside result=0 count=1 uid=0 ns=$(cat "$tmp/ns") pid="
	# The program's own name for itself, and any name for its file.
	cp "$(command -v keyop)" "$odd"
	"$odd" add tkm a:named new @s > /dev/null
	wait_for "^create 0 init a:named .* program=$odd first"
	# Too long for a record: what it calls itself.
	long=$tmp/$(printf 'x%.0s' {1..200})/$(printf 'y%.0s' {1..100})
	mkdir -p "$long"
	cp "$(command -v keyop)" "$long/short"
	"$long/short" add tkm a:long new @s > /dev/null
	wait_for "^create 0 init a:long .* program=short first"
	"$long/short" add tkm a:pid new @s > /dev/null &
	ns=$!
	wait $ns
	wait_for "^create 0 init a:pid result=0 count=1 uid=0 .* pid=$ns program="
	helper_stop
}
claim "who: user, user namespace, process, program, whatever it is called" who

counted()
{
	local key n=500 sum lines

	forget
	mkdir "$tmp/db"
	listen keep "$tmp/db"
	key=$(new_key a:many "use=crypt")
	pkop nonces $n "$key"
	mark counted
	sum=$(grep '^encrypt' "$tmp/audit" | sed 's/.* count=\([0-9]*\).*/\1/' | paste -sd + | bc)
	lines=$(grep -c '^encrypt' "$tmp/audit")
	comment "$n messages of one process: $lines records"
	check "$sum" = $n
	# One a second at most, and the module does more than that in a second.
	check "$lines" -lt $((n / 4))
	grep '^encrypt' "$tmp/audit" | sed 's/.* first=\([0-9]*\) last=\([0-9]*\)/\1 \2/' > "$tmp/times"
	check "$(awk '$2 && $2 < $1' "$tmp/times")" = ""
	check "$(sort -n -c "$tmp/times" 2>&1)" = ""
	# Another process, another record.
	echo x > "$tmp/in"
	keyctl pkey_encrypt "$key" 0 "$tmp/in" enc=gcm > /dev/null
	keyctl pkey_encrypt "$key" 0 "$tmp/in" enc=gcm > /dev/null
	mark counted-again
	check "$(grep -c '^encrypt.* count=1 .*program=.*/keyctl ' "$tmp/audit")" = 2
	helper_stop
}
claim "the same again and again is one record with a count" counted

stays()
{
	local i

	forget
	for i in 1 2 3; do
		expect_errno EBADMSG keyop add tkm "a:$i" "load 3000" @s
	done
	# Nobody was there; the first helper takes them, and dies.
	listen hold
	wait_for "^load 0 init a:3 "
	helper_stop
	check "$(events)" = "$(printf 'load a:%d result=EBADMSG\n' 1 2 3)"
	# The next one gets them again; it cannot write, and gets them again.
	: > "$tmp/audit"
	listen say 28
	poll 30 twice_there || fail "$(cat "$tmp/audit")"
	helper_stop
	: > "$tmp/audit"
	listen keep "$tmp"
	mark stays
	check "$(events)" = "$(printf 'load a:%d result=EBADMSG\n' 1 2 3)"
	helper_stop
	# Written, they are gone.
	: > "$tmp/audit"
	listen keep "$tmp"
	mark gone
	check "$(events)" = ""
	helper_stop
}

twice_there()
{
	[ "$(grep -c ' a:1 ' "$tmp/audit")" -ge 2 ]
}
claim "records wait for a helper, and stay until they are written" stays

noise()
{
	local n=1500 kept lost

	forget
	expect_errno EBADMSG keyop add tkm a:before "load 3000" @s
	as 4501 nlop noise $n
	as 4502 nlop noise 10
	expect_errno EBADMSG keyop add tkm a:after "load 3000" @s
	listen keep "$tmp"
	mark noise
	helper_stop
	# Ours are all there, and so are those of who was quieter.
	check "$(records 2 4 5 | grep '^0 ')" = "$(printf '0 a:%s result=EBADMSG\n' before after)"
	check "$(grep -c ' uid=4502 ' "$tmp/audit")" = 10
	kept=$(grep -c ' uid=4501 ' "$tmp/audit")
	lost=$(sed -n 's/.* uid=4501 .* lost=\([0-9]*\) .*/\1/p' "$tmp/audit")
	comment "of $n: $kept kept, $lost lost"
	check $((kept + lost)) = $n
	check "$kept" -lt 1024
	check "$kept" -gt 900
	# The oldest went, and the first that is left says so.
	contains "$(grep ' uid=4501 ' "$tmp/audit" | head -n 1)" " lost=$lost "
	contains "$(grep ' uid=4501 ' "$tmp/audit" | tail -n 1)" " noise:$((n - 1)) "
	check "$(grep -c ' lost=' "$tmp/audit")" = 1
}
claim "one user's noise costs their own records, and how many is told" noise

own()
{
	forget
	helper_start AUDIT="$tmp/audit" own
	poll 20 has_told "own: made"
	helper_stop
	: > "$tmp/audit"
	listen keep "$tmp"
	mark own
	check "$(events)" = ""
	helper_stop
}
claim "what the helper does itself it writes itself" own

unloaded()
{
	forget
	expect_errno EBADMSG keyop add tkm a:b "load 3000" @s
	helper_start AUDIT="$tmp/audit" hold
	wait_for "^load 0 init a:b "
	expect_errno EBADMSG keyop add tkm a:c "load 3000" @s
	module_unload
	module_load
	kill -KILL "$helper"
	wait "$helper" 2> /dev/null || :
}
claim "the module goes with records that nobody wrote" unloaded

# ---- who listens ----

# hear NAME [HOW]: a listener; what it hears is in $tmp/NAME. After the helper, whose
# start ends all others.
hear()
{
	nlop listen ${2+"$2"} > "$tmp/$1" 2>&1 &
	poll 20 has_heard "$1" "^listening " || fail "$1: $(cat "$tmp/$1")"
	eval "$1=$!"
}

has_heard()
{
	grep -q -- "$2" "$tmp/$1"
}

hears()
{
	poll 20 has_heard "$1" "$2" || fail "$1 did not hear $2: $(cat "$tmp/$1")"
}

hush()
{
	kill "$@"
	wait "$@" 2> /dev/null || :
}

refusal()
{
	expect_errno EBADMSG keyop add tkm "$1" "load 3000" @s
}

heard()
{
	local listener

	forget
	mkdir "$tmp/db"
	listen keep "$tmp/db"
	hear listener
	events_happen
	mark heard
	hears listener "^load 0 init mark:heard "
	# All of a record, and in its order.
	check "$(tail -n +2 "$tmp/listener")" = "$(cat "$tmp/audit")"
	check "$(records 1 5 7 4 | sed 's/ result=0 / ok /; s/ result=/ /; s/ uid=/ /')" = \
		"$(events_wanted)"
	hush "$listener"
	helper_stop
}
claim "who listens hears of every record as it begins, and all that is in it" heard

alone()
{
	local listener key

	forget
	hear listener
	key=$(new_key a:bell "use=crypt")
	# At once, and though nobody writes it down.
	hears listener "^create 0 init a:bell result=0 count=1 "
	pkop nonces 100 "$key"
	refusal a:after
	hears listener "^load 0 init a:after result=EBADMSG count=1 "
	check "$(grep -c '^encrypt' "$tmp/listener")" = 1
	hush "$listener"
}
claim "without a helper, too; the same again is no event" alone

admitted()
{
	local listener elsewhere number

	forget
	hear listener
	expect_errno EPERM as 4501 timeout 5 nlop listen
	expect_errno EPERM timeout 5 nlop -s 4501 listen
	expect_errno EPERM inside timeout 5 nlop listen
	# Where another user has every capability: no family, and its number is no use.
	expect_errno ENOENT unshare --user --map-root-user --net \
		timeout 5 nlop listen
	number=$(sed -n 's/^listening //p' "$tmp/listener")
	unshare --user --map-root-user --net nlop -g "$number" listen > "$tmp/elsewhere" 2>&1 &
	elsewhere=$!
	hears elsewhere "^listening $number$"
	refusal a:admitted
	hears listener " a:admitted "
	sleep 0.5
	check "$(cat "$tmp/elsewhere")" = "listening $number"
	hush "$listener" "$elsewhere"
}
claim "who is no administrator of the machine cannot join: EPERM" admitted

left()
{
	local listener leaver word

	forget
	mkfifo "$tmp/word"
	exec {word}<> "$tmp/word"
	hear listener
	hear leaver leave <&"$word"
	refusal a:before
	hears leaver " a:before "
	echo >&"$word"
	hears leaver "^left 0$"
	refusal a:after
	hears listener " a:after "
	sleep 0.5
	lacks "$(cat "$tmp/leaver")" " a:after "
	hush "$listener" "$leaver"
	exec {word}>&-
}
claim "who left hears nothing more" left

deaf()
{
	local listener deaf n=1500 kept lost

	forget
	hear deaf deaf
	hear listener
	as 4501 nlop noise $n
	# It has all that its buffer takes, and the others hear on.
	check "$(awk -v pid="$deaf" '$3 == pid { print $9 }' /proc/net/netlink)" -gt 0
	poll 20 rings_for listener
	hush "$listener" "$deaf"
	# Nor did a record suffer.
	listen keep "$tmp"
	mark deaf
	kept=$(grep -c ' uid=4501 ' "$tmp/audit")
	lost=$(sed -n 's/.* uid=4501 .* lost=\([0-9]*\) .*/\1/p' "$tmp/audit")
	check $((kept + lost)) = $n
	helper_stop
}

# It may itself have been behind.
rings_for()
{
	refusal a:ring
	has_heard "$1" " a:ring "
}
claim "a listener that never reads costs nobody anything" deaf

run_claims
