# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # tmp is lib.sh's
#
# A disk whose power can be cut, for programs that have lib.sh and tkmd.bash. A cut is
# what the disk holds at one moment, and nothing else: the device below the file
# system is stopped between two writes, and copied. What only the kernel's memory had
# is not in the copy. (What a disk itself loses of what it was not yet told to flush,
# is.)
#
#   disk_make                  $tmp/state is a folder on it; disk_remove
#   disk_cut FILE [COMMAND...] what it has now; COMMAND before it goes on
#   after_cut FILE             tkmd's folder is the one on that copy, as after a boot;
#                              after_done

# A file, a loop device, a mapping, a file system.
disk_make()
{
	modprobe -a loop dm-mod ext4 2> /dev/null || :
	mkdir -p "$tmp/disk" "$tmp/after"
	truncate -s 12M "$tmp/image"
	mke2fs -q -t ext4 -b 1024 -J size=2 "$tmp/image"
	loop=$(losetup --find --show "$tmp/image")
	dmsetup create --noudevsync tkm-cut --table "0 $((12 * 2048)) linear $loop 0"
	dmsetup mknodes tkm-cut
	mount /dev/mapper/tkm-cut "$tmp/disk"
	mkdir -m 700 "$tmp/disk/state"
	chown tkm "$tmp/disk/state"
	ln -sfn disk/state "$tmp/state"
}

disk_remove()
{
	umount "$tmp/disk"
	dmsetup remove --noudevsync tkm-cut
	losetup -d "$loop"
	rm "$tmp/image"
}

disk_cut()
{
	local file=$1

	shift
	dmsetup suspend --nolockfs --noflush --noudevsync tkm-cut
	cp --sparse=always "$tmp/image" "$file"
	"$@"
	dmsetup resume --noudevsync tkm-cut
}

after_cut()
{
	ln -sfn after/state "$tmp/state"
	mount -o loop "$1" "$tmp/after"
	keyctl clear @s
}

after_done()
{
	umount "$tmp/after"
}
