#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# tkmd's database when the disk, or a person, did something to it: it is refused, or
# what is damaged is refused and the rest is found; never is one key another.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"
. "$here/tkmd.bash"

# A database of a few keys, made once, and a copy of it for each claim.
database()
{
	if [ ! -d "$work/state" ]; then
		tkmd_start
		for key in a:one a:two b:three; do
			kept_key "$key"
		done
		kept_key a:flat parent=srk
		tkmd_stop
		cp -a "$tmp/state" "$work/state"
		cp "$tmp"/[ab]_* "$work"
	fi
	rm -rf "$tmp/state"
	cp -a "$work/state" "$tmp/state"
	cp "$work"/[ab]_* "$tmp"
	tkmd_user
}

all_are_kept()
{
	for key in a:one a:two b:three a:flat; do
		is_kept "$key"
	done
}

files()
{
	local what
	local -A wrong=(
		[": > kdb"]="is cut short"
		["truncate -s 511 kdb"]="is cut short"
		["truncate -s 8192 kdb"]="is damaged"
		["head -c 45056 /dev/urandom > kdb"]="is no database"
		["rm kdb; mkdir kdb"]="is no file"
		["rm kdb; mkfifo -m 600 kdb; chown tkm kdb"]="is no file"
		["mv kdb x; ln -s x kdb"]="is a symbolic link"
		["ln kdb x"]="has another name"
		["chmod 640 kdb"]="is open to other users"
		["chmod 4600 kdb; chown root kdb; chmod 644 kdb"]="Permission denied|belongs to another user"
		["chmod 711 ."]="must be tkmd's own, and closed"
		["chown 4501 ."]="must be tkmd's own|Permission denied"
		["rm kdb; : > kdb-wal; chown tkm kdb-wal; chmod 600 kdb-wal"]="is there without its database"
		["ln -s /etc/passwd kdb-wal"]="is a symbolic link"
		["sqlite3 kdb 'PRAGMA application_id = 1'"]="is another program's database"
		["sqlite3 kdb 'PRAGMA user_version = 8'"]="has version 8, and this tkmd knows up to 7: install"
		["sqlite3 kdb 'PRAGMA user_version = 0'"]="is another program's database"
		["sqlite3 kdb 'DELETE FROM meta'"]="has no key of its own"
		["sqlite3 kdb 'UPDATE meta SET chain = zeroblob(900)'"]="the database is damaged: put a copy back"
		["sqlite3 kdb 'UPDATE meta SET index_key = zeroblob(557)'"]="has no index that its own key opens"
	)

	for what in "${!wrong[@]}"; do
		in_part || continue
		database
		(cd "$tmp/state" && eval "$what")
		comment "$what"
		refused_one_of "${wrong[$what]}"
	done
	database
	tkmd_start
	all_are_kept
	tkmd_stop
}

# tkmd_refuses, with one of "TEXT|TEXT"
refused_one_of()
{
	tkmd_refuses ""
	[[ $(cat "$tmp/tkmd.log") =~ $1 ]] || fail "not '$1': $(cat "$tmp/tkmd.log")"
}
claim "what is no database of tkmd's own is refused, with the reason, and is not changed" files

# The first one is stopped while its files are compared: it writes when it likes.
second()
{
	local first

	database
	tkmd_start
	first=$tkmd
	kill -STOP "$first"
	tkmd_refuses "another tkmd has this database" --socket "$tmp/run/second"
	cp -a "$work/state" "$tmp/second"
	kill -CONT "$first"
	tkmd_ends "the module has another helper already" --state "$tmp/second" \
		--socket "$tmp/run/second"
	tkmd=$first
	all_are_kept
	kill "$tkmd"
	wait "$tkmd"
}
claim "a second tkmd ends, with the same database and with another" second

# Whatever it opens, each key that is found is the one that it was.
none_is_another()
{
	local key chain

	for key in a:one a:two b:three a:flat; do
		if chain=$(found $key 2> /dev/null); then
			check "$(keyctl pipe "$chain")" = "$(cat "$tmp/${key//:/_}")"
			keyctl unlink "$chain" @s
		fi
		keyctl clear @s
	done
}

bits()
{
	local i size where opened=0

	database
	size=$(stat -c %s "$work/state/kdb")
	for ((i = 0; i < ${TKM_FLIPS:-30}; i++)); do
		in_part || continue
		database
		# The header's every byte sometimes, and anywhere.
		where=$(((RANDOM << 15 | RANDOM) % (i % 3 ? size : 100)))
		flip_bit "$tmp/state/kdb" $where $((RANDOM % 8))
		tkmd_run_any
		if tkmd_is_ready; then
			opened=$((opened + 1))
			none_is_another
			ask '{"verb":"check"}' > /dev/null
			tkmd_kill
		fi
	done
	comment "$opened opened"
}

flip_bit()
{
	local byte

	byte=$(xxd -p -s "$2" -l 1 "$1")
	printf %02x $((0x$byte ^ 1 << $3)) | xxd -r -p |
		dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

tkmd_run_any()
{
	poll 20 nobody_helps
	rm -f "$tmp/tkmd.log"
	tkmd_run &
	tkmd=$!
	poll 20 tkmd_settles || fail "tkmd hangs: $(cat "$tmp/tkmd.log")"
	tkmd_is_ready || ! wait "$tkmd" || fail "no word"
}
claim "a bit flipped anywhere: refused, or found, and no key is another" bits

page()
{
	local page pages

	database
	pages=$(($(stat -c %s "$work/state/kdb") / 4096))
	for ((page = 1; page < pages; page++)); do
		in_part || continue
		database
		dd if=/dev/urandom of="$tmp/state/kdb" bs=4096 seek=$page count=1 \
			conv=notrunc status=none
		tkmd_run_any
		if tkmd_is_ready; then
			none_is_another
			tkmd_kill
		fi
	done
	# Whose pages are all right, and one row's content is not.
	database
	db "UPDATE keys SET object = zeroblob(length(object)) WHERE id = 1"
	tkmd_start
	finds EIO a:one
	is_kept a:two
	is_kept b:three
	contains "$(cat "$tmp/tkmd.log")" "key 1: its row does not open"
	contains "$(ask '{"verb":"check"}')" '"bad":[1]'
	contains "$(ask '{"verb":"show","id":1}')" EBADMSG
	contains "$(ask '{"verb":"list"}')" '{"id":1,"errno":"EBADMSG"}'
	# Root clears it away, and the name is free.
	expect_errno EEXIST keyop add tkm a:one new @s
	contains "$(ask '{"verb":"remove","id":1}')" '"ok":true'
	contains "$(ask '{"verb":"check"}')" '"bad":[]'
	kept_key a:one
	is_kept a:one
	tkmd_stop
}
claim "a page of rubbish, a row of zeros: that is refused, the rest is found" page

swapped()
{
	local sql

	while read -r sql; do
		in_part || continue
		database
		db "$sql"
		tkmd_start
		finds EIO a:one
		is_kept b:three
		contains "$(ask '{"verb":"check","all":true}')" '"bad":[1'
		lacks "$(ask '{"verb":"check","all":true}')" ',3'
		tkmd_stop
		keyctl clear @s
	done <<-LIST
	UPDATE keys SET object = (SELECT object FROM keys WHERE id = 2) WHERE id = 1
	UPDATE keys SET object = (SELECT object FROM keys WHERE id = 3), storage = (SELECT storage FROM keys WHERE id = 3), state = (SELECT state FROM keys WHERE id = 3) WHERE id = 1
	UPDATE keys SET state = (SELECT state FROM keys WHERE id = 2) WHERE id = 1
	UPDATE keys SET storage = (SELECT storage FROM keys WHERE id = 3) WHERE id = 1
	UPDATE keys SET storage = NULL WHERE id = 1
	UPDATE keys SET domain = zeroblob(32) WHERE id = 1
	UPDATE storage SET object = (SELECT object FROM storage WHERE id = 4) WHERE id = 3
	UPDATE storage SET parent = 1 WHERE id = 3
	UPDATE storage SET parent = 3 WHERE id = 3
	UPDATE storage SET hash = zeroblob(32) WHERE id = 3
	LIST
	# Under another's name it is found, and is refused all the same.
	database
	db "UPDATE keys SET hash = zeroblob(32) WHERE id = 2;
	    UPDATE keys SET hash = (SELECT hash FROM keys WHERE id = 3) WHERE id = 1 AND
	    (SELECT count(*) FROM keys) = 0;
	    CREATE TEMP TABLE h AS SELECT hash FROM keys WHERE id = 1;
	    UPDATE keys SET hash = x'01' WHERE id = 1;
	    UPDATE keys SET hash = (SELECT hash FROM h) WHERE id = 2"
	tkmd_start
	finds EIO a:one
	finds ENOKEY a:two
	tkmd_stop
}
claim "a row copied over another, hung elsewhere, under another's name: it does not open" swapped

# A damaged storage key is written anew by the next key that is made below it.
mended()
{
	database
	db "UPDATE storage SET object = zeroblob(length(object)) WHERE id = 1"
	tkmd_start
	finds EIO a:one
	finds EIO b:three
	# What failed is remembered for a minute.
	keyctl clear @s
	kept_key a:four
	contains "$(cat "$tmp/tkmd.log")" "storage key 1: its row is written anew"
	is_kept a:four
	is_kept a:one
	is_kept b:three
	tkmd_stop
}
claim "a damaged storage key is mended by the next key that is kept under it" mended

full()
{
	local i key errno made=0 policies=0

	mkdir "$tmp/disk"
	mount -t tmpfs -o size=512k tmpfs "$tmp/disk"
	tkmd_user
	ln -s disk/state "$tmp/state"
	mkdir -m 700 "$tmp/disk/state"
	chown tkm "$tmp/disk/state"
	tkmd_start
	for ((i = 0; i < 200; i++)); do
		errno=$(keyop add tkm a:k$i new @s) || break
		keyctl pipe "$errno" > "$tmp/a_k$i"
		keyctl unlink "$errno" @s
		made=$((made + 1))
	done
	check "$errno" = ENOSPC
	comment "$made keys"
	check "$made" -gt 5
	is_kept a:k0
	is_kept a:k$((made - 1))
	# What takes the place of something needs less, until there is none of that.
	for ((i = 0; i < 100; i++)); do
		key=$(found a:k1)
		errno=$(keyop update "$key" reseal) || break
		keyctl pipe "$key" > "$tmp/a_k1"
	done
	check "$errno" = ENOSPC
	keyctl clear @s
	is_kept a:k1
	# A policy is in the module and on the disk, or nowhere. It needs less than a key:
	# one or two may have room.
	while ask "{\"verb\":\"policy-set\",\"name\":\"p$policies\",\"pcrs\":\"7\"}" > "$tmp/said" &&
		[ "$(cat "$tmp/said")" = '{"ok":true}' ]; do
		policies=$((policies + 1))
	done
	contains "$(cat "$tmp/said")" '"errno":"ENOSPC"'
	check "$(nlop policy-list | wc -l)" = $policies
	# A key with a storage key of its own needs most of all.
	expect_errno ENOSPC keyop add tkm b:other new @s
	# There is room, and all goes on; what was refused is free.
	mount -o remount,size=2m "$tmp/disk"
	check "$(ask '{"verb":"policy-set","name":"full","pcrs":"7"}')" = '{"ok":true}'
	contains "$(nlop policy-list)" full
	check "$(ask '{"verb":"policy-remove","name":"full"}')" = '{"ok":true}'
	for ((i = 0; i < policies; i++)); do
		check "$(ask "{\"verb\":\"policy-remove\",\"name\":\"p$i\"}")" = '{"ok":true}'
	done
	kept_key a:k$made
	kept_key b:other
	tkmd_kill
	tkmd_start
	for ((i = 0; i <= made; i++)); do
		is_kept a:k$i
	done
	is_kept b:other
	contains "$(ask '{"verb":"check"}')" '"bad":[]'
	tkmd_stop
	umount "$tmp/disk"
}
claim "a full disk is ENOSPC, changes nothing, and is forgotten when there is room" full

read_only()
{
	local log

	database
	mkdir "$tmp/disk"
	mount -t tmpfs tmpfs "$tmp/disk"
	cp -a "$tmp/state" "$tmp/disk/state"
	# With a log, as it is left by a crash.
	rm -rf "$tmp/state"
	ln -s disk/state "$tmp/state"
	tkmd_start
	kept_key a:logged
	tkmd_kill
	for log in with without; do
		mount -o remount,ro "$tmp/disk"
		tkmd_start
		contains "$(cat "$tmp/tkmd.log")" "cannot be written"
		contains "$(ask '{"verb":"status"}')" '"read-only":true'
		all_are_kept
		is_kept a:logged
		expect_errno EROFS keyop add tkm a:new new @s
		expect_errno EROFS keyop update "$(found a:one)" "reseal pcrs=7"
		contains "$(ask '{"verb":"remove","key":"a:one"}')" EROFS
		keyctl clear @s
		all_are_kept
		tkmd_stop
		mount -o remount,rw "$tmp/disk"
		[ $log = without ] || { tkmd_start; tkmd_stop; }
		keyctl clear @s
	done
	check "$(cd "$tmp/disk/state" && echo *)" = "audit.head kdb"
	umount "$tmp/disk"
}
claim "a disk that cannot be written: what is kept is found, what is new is EROFS" read_only

old_copy()
{
	local key

	database
	tkmd_start
	kept_key a:newer
	key=$(found a:one)
	must update "$key" "reseal pcrs=7" > /dev/null
	keyctl unlink "$key" @s
	contains "$(ask '{"verb":"remove","key":"b:three"}')" '"ok":true'
	finds ENOKEY b:three
	tkmd_stop
	keyctl clear @s
	# Not found out, and documented so: what was kept then is found.
	database
	tkmd_start
	all_are_kept
	finds ENOKEY a:newer
	tkmd_stop
}
claim "an old copy put back gives what it had, and no more" old_copy

other_tpm()
{
	local before

	database
	module_unload
	tpm_start other
	module_load
	tkmd_refuses "the TPM is another one than the database was made with, or was cleared"
	before=$(tkmd_files)
	# A key that is made there waits for nobody, and the database is as it was.
	keyctl unlink "$(new_key a:here)" @s
	check "$(tkmd_files)" = "$before"
	keyctl clear @s
	module_unload
	tpm_stop_all
	module_load
	tkmd_start
	all_are_kept
	tkmd_stop
	# Another user's.
	chown -R 4501 "$tmp/state"
	(tkmd_user; as_4501 "$tmp/run2") > "$tmp/log" 2>&1 && fail "it runs"
	contains "$(cat "$tmp/log")" "the database is another user's"
}

as_4501()
{
	echo "u other 4501 -" > "$tmp/other.conf"
	systemd-sysusers "$tmp/other.conf"
	tkmd --user other --state "$tmp/state" --socket "$1/socket"
}
claim "in another machine, or as another user, it says so, and changes nothing" other_tpm

# upgraded VERSION
upgraded()
{
	database
	db_of_version "$1"
	cp "$tmp/state/kdb" "$tmp/before"
	tkmd_start
	contains "$(cat "$tmp/tkmd.log")" "has version $1; it becomes 7"
	all_are_kept
	contains "$(ask '{"verb":"status"}')" '"keys":4,'
	contains "$(ask '{"verb":"check"}')" '"bad":[]'
	contains "$(ask '{"verb":"audit-verify"}')" '"ok":true'
	check "$(ask '{"verb":"policy-set","name":"x","pcrs":"7"}')" = '{"ok":true}'
	contains "$(ask '{"verb":"packet","id":"11111111111111111111111111111111"}')" ENOKEY
	tkmd_stop
	check "$(db "PRAGMA user_version")" = 7
	# The old one is whole, and of the old version.
	check "$(db .dump "$tmp/state/kdb.old" | sort | md5sum)" = \
		"$(db .dump "$tmp/before" | sort | md5sum)"
	check "$(db "PRAGMA user_version" "$tmp/state/kdb.old")" = "$1"
	keyctl clear @s
	tkmd_start
	check "$(ask '{"verb":"policies"}')" = '{"ok":true,"policies":[{"name":"x"}]}'
	check "$(ask '{"verb":"policy-remove","name":"x"}')" = '{"ok":true}'
	tkmd_stop
	# It can take its place again.
	mv "$tmp/state/kdb.old" "$tmp/state/kdb"
	rm -f "$tmp/state/kdb-wal"
	keyctl clear @s
	tkmd_start
	all_are_kept
	tkmd_stop
}
claim "a database of version 1 becomes one of version 7, and a copy of it stays" upgraded 1

# They differ in nothing but in tables that are missing.
upgraded_others()
{
	local version

	for version in 2 3 4 5 6; do
		! in_part || upgraded "$version"
	done
}
claim "so does one of each version since" upgraded_others

run_claims
