#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The part of tests/boot/services.sh that runs in the machine:
#
#   tests/boot/services.bash STATE VOLUME PART
#
# STATE and VOLUME are names of disks; tkmd's folder is on the first.
# shellcheck disable=SC2317 # parts are called by name
set -eu
shopt -s inherit_errexit

state=/dev/disk/by-id/virtio-$1
volume=/dev/disk/by-id/virtio-$2
part=$3
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
text='a line that outlives its machine'
# What units and fstab say is written into the machine's own /etc, which is gone
# with it.
units=/etc/systemd/system

# shellcheck source=installed.bash
. "$top/tests/boot/installed.bash"

install_services()
{
	install_all
	mkdir -p /etc/tkm/load.d
	printf '%s\n' '# of the test' key=boot:vol publish=logon:tkm:vol \
		'publish=logon:tkm:other derive=other len=32' \
		> /etc/tkm/load.d/vol.conf
}

table()
{
	echo "0 $(blockdev --getsz "$volume") crypt aes-xts-plain64 :64:logon:tkm:vol 0 $volume 0"
}

has_text()
{
	check "$(cat "$1")" = "$text"
}

make()
{
	command make "$@"
}

part_make()
{
	mount_state new
	# No key yet: what is named does not load, and tkmd is there all the same.
	if /etc/init.d/tkm start 2> /tmp/said; then
		fail "a key that is nowhere loads"
	fi
	grep -q ENOKEY /tmp/said || fail "$(cat /tmp/said)"
	/etc/init.d/tkm status
	tkm new --keyring @u boot:vol len=64
	/usr/local/libexec/tkm/tkm-load vol
	keyctl search @u logon tkm:other
	dmsetup create opened --table "$(table)"
	mkfs.ext4 -q /dev/mapper/opened
	mount /dev/mapper/opened /mnt
	echo "$text" > /mnt/file
	umount /mnt
	dmsetup remove opened
	! grep -aqF "$text" "$volume" || fail "the text is on the disk"
	/etc/init.d/tkm stop
	if /etc/init.d/tkm status; then
		fail "tkmd is still there"
	fi
	umount /var/lib/tkm
}

part_init()
{
	mount_state old
	/etc/init.d/tkm start
	# Twice is no harm.
	/etc/init.d/tkm start
	dmsetup create opened --table "$(table)"
	mount -o ro /dev/mapper/opened /mnt
	has_text /mnt/file
	umount /mnt
	dmsetup remove opened
	/etc/init.d/tkm restart
	tkm list | grep -q boot:vol
	/etc/init.d/tkm stop
	umount /var/lib/tkm
}

# What an administrator writes: a mount of a volume that a key opens.
write_units()
{
	cat > $units/open-vol.service <<-END
	[Unit]
	DefaultDependencies=no
	Requires=tkm-load@vol.service
	After=tkm-load@vol.service
	Before=local-fs.target
	[Service]
	Type=oneshot
	RemainAfterExit=yes
	KeyringMode=shared
	ExecStart=/sbin/dmsetup create opened --table "$(table)"
	ExecStop=/sbin/dmsetup remove opened
	END
	cat > $units/mnt.mount <<-END
	[Unit]
	DefaultDependencies=no
	Requires=open-vol.service
	After=open-vol.service
	Before=local-fs.target
	[Mount]
	What=/dev/mapper/opened
	Where=/mnt
	Type=ext4
	Options=ro
	END
	mkdir -p $units/local-fs.target.requires
	ln -sf ../mnt.mount $units/local-fs.target.requires/
	cat > $units/test.service <<-END
	[Unit]
	Requires=local-fs.target
	After=local-fs.target
	SuccessAction=exit
	FailureAction=exit
	[Service]
	Type=oneshot
	KeyringMode=shared
	ExecStart=/bin/bash $top/tests/boot/services.bash $1 $2 looking
	ExecStopPost=/bin/sh -c 'echo "\$EXIT_STATUS" > /run/status'
	StandardOutput=append:/run/said
	StandardError=append:/run/said
	END
	cat > $units/failed.service <<-END
	[Unit]
	DefaultDependencies=no
	[Service]
	Type=oneshot
	ExecStart=/bin/sh -c 'echo failed > /run/status; { systemctl --no-pager status tkmd tkm-load@vol open-vol mnt.mount; journalctl --no-pager -b -u tkmd -u tkm-load@vol -u open-vol -u mnt.mount -t systemd; } > /run/said 2>&1'
	ExecStart=/bin/systemctl exit 1
	END
	mkdir -p $units/local-fs.target.d
	printf '[Unit]\nOnFailure=failed.service\nOnFailureJobMode=replace-irreversibly\n' \
		> $units/local-fs.target.d/test.conf
	# What this machine's own files name is not there.
	: > /etc/fstab
}

# The first process of a PID namespace, on this very kernel: its keyrings, its
# module, its TPM.
run_systemd()
{
	rm -f /run/status /run/said
	container=tkm-test unshare --pid --mount --fork --mount-proc \
		/lib/systemd/systemd --system --unit=test.service \
		--log-target=kmsg --show-status=no > /run/console 2>&1 < /dev/null || :
	if [ ! -e /run/status ]; then
		dmesg | tail -n 60
		fail "systemd ended before the test did"
	fi
	cat /run/said
	status=$(cat /run/status)
}

part_systemd()
{
	mount_state old
	write_units "${state##*virtio-}" "${volume##*virtio-}"
	run_systemd
	check "$status" = 0
}

# Under systemd.
part_looking()
{
	local unit pid

	has_text /mnt/file
	for unit in tkmd tkm-load@vol open-vol; do
		check "$(systemctl is-active $unit)" = active
	done
	# Nothing of its rights is left, and nobody reads its folder.
	check "$(ps -o user= -p "$(systemctl show -P MainPID tkmd)")" = tkm
	grep -q '^CapEff:[[:space:]]*0*$' "/proc/$(systemctl show -P MainPID tkmd)/status"
	tkm list | grep -q boot:vol
	# When it is killed, it comes again, and what is open stays open.
	pid=$(systemctl show -P MainPID tkmd)
	kill -KILL "$pid"
	for _ in $(seq 600); do
		[ "$(systemctl show -P MainPID tkmd)" = "$pid" ] ||
			! tkm status | grep -q 'helper.*registered' || break
		sleep 0.1
	done
	tkm new boot:again
	keyctl unlink "$(keyctl search @u tkm boot:vol)" @u
	/usr/local/libexec/tkm/tkm-load vol
	has_text /mnt/file
	check "$(systemctl is-active open-vol)" = active
}

part_without()
{
	mount_state old
	write_units "${state##*virtio-}" "${volume##*virtio-}"
	rm /etc/tkm/load.d/vol.conf
	run_systemd
	check "$status" = failed
	grep -q 'tkm-load: /etc/tkm/load.d/vol.conf is not there' /run/said
}

if [ "$part" = looking ]; then
	part_looking
	exit
fi
trap say_log EXIT
install_services
"part_$part"
sync
