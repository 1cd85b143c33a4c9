# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # state and top are the program's
#
# What a machine has after `make install`, and tkmd's folder on a disk, for programs
# that run inside:
#
#   fail TEXT; check A = B
#   install_all          and the init script
#   mount_state new|old  $state, a disk, as tkmd's folder
#   say_log              in a trap: tkmd's log, when something failed

fail()
{
	echo "FAILED: $*"
	exit 1
}

# check A = B
check()
{
	[ "$1" = "$3" ] || fail "'$1' is not '$3'"
}

install_all()
{
	make -s --no-print-directory -C "$top/userspace" install
	install -D /usr/local/share/tkm/tkm.init /etc/init.d/tkm
	systemd-sysusers /usr/local/lib/sysusers.d/tkm.conf
}

mount_state()
{
	if [ "$1" = new ]; then
		mkfs.ext4 -q "$state"
	fi
	mkdir -p /var/lib/tkm
	mount "$state" /var/lib/tkm
	rmdir /var/lib/tkm/lost+found 2> /dev/null || :
	chown tkm:tkm /var/lib/tkm
	chmod 700 /var/lib/tkm
}

say_log()
{
	[ $? = 0 ] || cat /var/log/tkmd.log 2> /dev/null || :
}
