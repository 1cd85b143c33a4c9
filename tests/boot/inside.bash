#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The part of tests/boot/reboot.sh that runs in the machine:
#
#   tests/boot/inside.bash KEYS VOLUME PART
#
# KEYS and VOLUME are names of disks; the chains are on the first.
set -eu
shopt -s inherit_errexit

keys=/dev/disk/by-id/virtio-$1
volume=/dev/disk/by-id/virtio-$2
part=$3
kept=/run/kept
# fscryptop is of tests/vm.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
export PATH=${TKM_TESTS:-$here/../../build/tests}:$PATH
text='a line that outlives its machine'

fail()
{
	echo "FAILED: $*"
	exit 1
}

attach()
{
	mkdir -p $kept
	if [ "$part" = make ]; then
		mkfs.ext4 -q "$keys"
	fi
	mount "$keys" $kept
}

open_volume()
{
	modprobe dm_crypt
	dmsetup create opened --table "0 $(blockdev --getsz "$volume") crypt \
aes-xts-plain64 :64:logon:boot:vol 0 $volume 0"
}

# A directory in the volume, with a key of its own out of the volume's key $1.
unlock()
{
	keyctl update "$1" "publish fscrypt-provisioning:boot:home keyring=@u derive=home"
	fscryptop add /mnt "$(keyctl search @u fscrypt-provisioning boot:home)"
}

# A key that signs: by the public half that was kept, it is the same one.
sign()
{
	openssl dgst -sha256 -binary $kept/srk > /tmp/digest
	keyctl pkey_sign "$1" 0 /tmp/digest enc=x962 hash=sha256 > /tmp/signature
	openssl dgst -sha256 -verify $kept/sign.pem -signature /tmp/signature $kept/srk
}

make()
{
	local key id

	key=$(keyctl add tkm boot:vol "new data len=64 pcrs=sha256:7" @u)
	keyctl pipe "$key" > $kept/vol
	keyctl pipe "$(keyctl add tkm boot:flat "new parent=srk" @u)" > $kept/flat
	cat /sys/module/tkm/parameters/srk_name > $kept/srk
	keyctl update "$key" "publish logon:boot:vol keyring=@u"
	open_volume
	mkfs.ext4 -q -O encrypt /dev/mapper/opened
	mount /dev/mapper/opened /mnt
	echo "$text" > /mnt/file
	id=$(unlock "$key")
	mkdir /mnt/home
	fscryptop policy /mnt/home "$id"
	echo "$text" > /mnt/home/file
	umount /mnt
	dmsetup remove opened
	! grep -aqF "$text" "$volume" || fail "the text is on the disk"
	key=$(keyctl add tkm boot:sign "new ec" @u)
	keyctl pipe "$key" > $kept/sign
	keyctl pkey_encrypt "$key" 0 /dev/null enc=spki |
		openssl pkey -pubin -inform DER -out $kept/sign.pem
	sign "$key"
}

open()
{
	local key

	key=$(keyctl add tkm boot:vol "load $(cat $kept/vol)" @u)
	[ "$(keyctl pipe "$key")" = "$(cat $kept/vol)" ] || fail "another chain"
	keyctl add tkm boot:flat "load $(cat $kept/flat)" @u
	cmp $kept/srk /sys/module/tkm/parameters/srk_name
	keyctl update "$key" "publish logon:boot:vol keyring=@u"
	open_volume
	mount -o ro /dev/mapper/opened /mnt
	[ "$(cat /mnt/file)" = "$text" ] || fail "the file says $(cat /mnt/file)"
	[ ! -e /mnt/home/file ] || fail "the directory is open without its key"
	unlock "$key"
	[ "$(cat /mnt/home/file)" = "$text" ] || fail "the directory does not open"
	umount /mnt
	dmsetup remove opened
	sign "$(keyctl add tkm boot:sign "load $(cat $kept/sign)" @u)"
	# A new key beside it has storage keys of its own if need be.
	key=$(keyctl add tkm boot:more "new" @u)
	keyctl pipe "$key" > $kept/more
	[ ! -e $kept/more.before ] ||
		keyctl add tkm boot:more2 "new" @u
	mv $kept/more $kept/more.before
}

# is_refused ERRNO-TEXT DESC FILE
is_refused()
{
	local out

	if out=$(keyctl add tkm "$2" "load $(cat "$3")" @u 2>&1); then
		fail "$2 loads"
	fi
	[[ $out == *": $1" ]] || fail "$2: $out"
	! keyctl search @u tkm "$2" 2>/dev/null || fail "$2 is there"
}

refused()
{
	is_refused "Required key not available" boot:vol $kept/vol
	is_refused "Required key not available" boot:vol $kept/vol
	grep -qx none /sys/module/tkm/parameters/srk_name || fail "pinned"
	# A flat chain names no SRK; under another it does not unwrap.
	is_refused "Bad message" boot:flat $kept/flat
	keyctl add tkm boot:own new @u
	is_refused "Required key not available" boot:vol $kept/vol
}

refused-again()
{
	keyctl add tkm boot:own new @u
	is_refused "Required key not available" boot:vol $kept/vol
	if open_volume 2>/dev/null; then
		fail "the volume opens without a key"
	fi
}

without()
{
	is_refused "No such device" boot:vol $kept/vol
}

modprobe tkm
attach
"$part"
sync
umount $kept
