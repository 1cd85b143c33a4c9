#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The part of tests/boot/two.sh that runs in a machine:
#
#   tests/boot/two.bash STATE STICK TRUSTED PART
#
# STATE and STICK are names of disks: tkmd's folder, and what is carried from one
# machine to the other. TRUSTED is a folder with the maker's certificates.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # parts are called by name
set -eu
shopt -s inherit_errexit

state=/dev/disk/by-id/virtio-$1
stick=/dev/disk/by-id/virtio-$2
ca=$3
part=$4
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
. "$top/tests/boot/installed.bash"

# refused ERRNO COMMAND...
refused()
{
	if "${@:2}" > /tmp/out 2> /tmp/err; then
		fail "not refused: ${*:2}"
	fi
	grep -q "($1)" /tmp/err || fail "not $1: $(cat /tmp/err)"
}

# anna COMMAND...: as that user, in a session of her own
anna()
{
	setpriv --reuid anna --regid anna --init-groups keyctl session - "$@" 2> /tmp/anna-err ||
		fail "$*: $(cat /tmp/anna-err)"
}

# names [COMMAND]: what is kept of root's, or of who runs it
names()
{
	"$@" tkm list --stored --json | jq -r '.[] | "\(.state) \(.key)"' | sort | xargs
}

part_shows()
{
	tkm platform show -o /mnt/a
}

part_asks()
{
	tkm platform show -o /mnt/b
	tkm platform challenge --ca "$ca" -o /mnt/to-a /mnt/a
}

part_answers()
{
	tkm platform answer -o /mnt/of-a /mnt/to-a
	tkm platform challenge --ca "$ca" -o /mnt/to-b /mnt/b
}

part_knows()
{
	refused EKEYREJECTED tkm platform answer /mnt/to-a
	tkm platform add a --ca "$ca" /mnt/a /mnt/of-a
	tkm platform answer -o /mnt/of-b /mnt/to-b
}

# new_authority NAME: a key that approves; its public half is all that tkm is told
new_authority()
{
	openssl ecparam -name prime256v1 -genkey -noout -out "/mnt/$1.pem"
	openssl ec -in "/mnt/$1.pem" -pubout -out "/mnt/$1.pub" 2> /dev/null
}

# Anna's browser has a key for each class of data, under its application. An office says
# where its key goes, which is the machine's.
part_packs()
{
	tkm platform add b --ca "$ca" /mnt/b /mnt/of-b
	new_authority mine
	new_authority office
	anna tkm new --approver /mnt/mine.pub web:cookies use=crypt class=portable
	anna tkm new web:history use=crypt class=portable
	anna tkm new web:passwords use=crypt class=portable
	anna tkm new web:session
	anna tkm new mail:archive use=crypt class=portable
	anna bash -c 'tkm load web:cookies > /dev/null; echo "a cookie" | tkm encrypt --enc gcm web:cookies -' \
		> /mnt/cookie
	anna bash -c 'tkm load mail:archive > /dev/null; echo "a letter" | tkm encrypt --enc gcm mail:archive -' \
		> /mnt/letter
	tkm policy set office --authority /mnt/office.pub
	tkm new office:seal ec class=certified authority=office
	echo "a paper" > /mnt/paper
	# Who approves is who the first key said, for each class.
	refused EKEYREJECTED tkm migrate export --owner anna --to b --approver /mnt/office.pem \
		-o /mnt/none application web
	refused EKEYREJECTED tkm migrate export --to b --class certified --approver /mnt/mine.pem \
		-o /mnt/none application office
	refused ENOKEY tkm migrate export --owner anna --to b --approver /mnt/mine.pem \
		-o /mnt/none key web:session
	[ ! -e /mnt/none ] || fail "a packet of what was refused"
	tkm migrate export --move --owner anna --to b --approver /mnt/mine.pem -o /mnt/web application web
	tkm migrate export --to b --class certified --approver /mnt/office.pem -o /mnt/office \
		application office
}

part_takes()
{
	refused EBADMSG tkm migrate import --yes /mnt/a
	tkm migrate import --yes -o /mnt/web.receipt /mnt/web
	tkm migrate import --yes /mnt/office
	refused EALREADY tkm migrate import --yes /mnt/web
	check "$(names)" = "active office:seal"
	check "$(names anna)" = "active web:cookies active web:history active web:passwords"
	check "$(anna bash -c 'tkm load web:cookies > /dev/null; tkm decrypt --enc gcm web:cookies /mnt/cookie')" = \
		"a cookie"
	tkm load office:seal
	tkm sign -o /mnt/signature office:seal /mnt/paper
}

part_retires()
{
	tkm load office:seal
	tkm verify office:seal /mnt/signature /mnt/paper
	refused EKEYREJECTED tkm migrate import --yes /mnt/web
	tkm migrate retire --yes /mnt/web /mnt/web.receipt
	check "$(names)" = "active office:seal"
	check "$(names anna)" = \
		"active mail:archive active web:session destroyed web:cookies destroyed web:history destroyed web:passwords"
	refused ENOKEY setpriv --reuid anna --regid anna --init-groups tkm load web:cookies
	mkdir /mnt/shares
	tkm recovery new --into /mnt/shares -o /mnt/recovery.pem
	tkm backup --owner anna --to-recovery-key /mnt/recovery.pem --approver /mnt/mine.pem \
		-o /mnt/backup domain 2> /tmp/err
	grep -q "web:session is not in it: it is fixed, and ends with its TPM" /tmp/err ||
		fail "$(cat /tmp/err)"
}

# Of what a had there is the disk, which its TPM alone opens, the stick, and the paper.
part_recovers()
{
	if /etc/init.d/tkm start 2> /tmp/err; then
		fail "the dead TPM's database opens"
	fi
	grep -q "the TPM is another one than the database was made with" /var/log/tkmd.log ||
		fail "$(cat /tmp/err)"
	mkdir /var/lib/tkm/dead
	find /var/lib/tkm -mindepth 1 -maxdepth 1 ! -name dead -exec mv -t /var/lib/tkm/dead {} +
	/etc/init.d/tkm start
	refused EKEYREJECTED tkm restore --yes --from /mnt/a --recovery-share /mnt/shares/share-1 /mnt/backup
	tkm restore --yes --from /mnt/a --recovery-share /mnt/shares/share-1 \
		--recovery-share /mnt/shares/share-3 /mnt/backup > /tmp/out
	# The packet itself says what its machine could not any more.
	check "$(sed -n 's/^not in it *//p' /tmp/out)" = \
		"web:session: it is fixed, and ends with its TPM"
	check "$(names anna)" = "active mail:archive"
	check "$(anna bash -c 'tkm load mail:archive > /dev/null; tkm decrypt --enc gcm mail:archive /mnt/letter')" = \
		"a letter"
}

new_stick()
{
	[ "$part" != shows ] || mkfs.ext4 -q "$stick"
	mount "$stick" /mnt
}

trap say_log EXIT
install_all
useradd --uid 4800 --user-group anna
new_stick
case $part in
shows | asks) mount_state new ;;
*) mount_state old ;;
esac
# With a TPM that its folder is not of, it does not.
[ "$part" = recovers ] || /etc/init.d/tkm start
"part_$part"
/etc/init.d/tkm stop
umount /var/lib/tkm /mnt
