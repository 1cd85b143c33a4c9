# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What tools/kernel and tools/built-kernel ask apt, and fetch by it. Nothing is
# installed, and the machine's own sources stay as they are.
#
#   apt_depends PACKAGE    the packages that its candidate depends on, one a line
#   apt_version PACKAGE    the version of its candidate, or nothing
#   apt_update             the lists anew
#   apt_remembered FILE COMMAND...   FILE has what COMMAND printed, now or earlier
#   apt_download PACKAGE[=VERSION]...   into the current folder
#   apt_sid FOLDER         from here on, all of the above are about Debian's sid,
#                          with lists in FOLDER, and apt_names PREFIX works

apt_options=()

apt_show()
{
	apt-cache "${apt_options[@]}" show --no-all-versions "$1" 2>/dev/null
}

apt_depends()
{
	apt_show "$1" | sed -n -e 's/[,|]/\n/g' -e 's/^Depends: //p' |
		awk 'NF { print $1 }'
}

apt_version()
{
	apt_show "$1" | sed -n 's/^Version: //p'
}

apt_names()
{
	apt-cache "${apt_options[@]}" pkgnames "$1"
}

apt_die()
{
	echo "tools/${0##*/}: $*" >&2
	exit 1
}

# Of its own lists apt says by its status whether they are new.
apt_update()
{
	if [ ${#apt_options[@]} = 0 ] && [ "$(id -u)" != 0 ]; then
		apt_die "apt's lists are absent or too old, and only root can run apt-get update"
	fi
	apt-get "${apt_options[@]}" -q update >&2
}

# Asking apt takes a second or more; its answer stays true until the machine's
# lists change.
apt_is_fresh()
{
	[ -s "$1" ] &&
		[ -z "$(find /var/lib/apt/lists /etc/apt -newer "$1" -print -quit 2>/dev/null)" ]
}

# Without lists and without network, what the cache already has will do.
apt_remembered()
{
	local answer=$1

	shift
	apt_is_fresh "$answer" && return
	if ("$@") > "$answer.new"; then
		mv "$answer.new" "$answer"
	elif [ -s "$answer" ]; then
		echo "tools/${0##*/}: apt does not answer, taking $(cat "$answer")" >&2
	else
		exit 1
	fi
}

# The sandbox user of apt may not write here, and root needs none for this.
apt_download()
{
	apt-get "${apt_options[@]}" -q -o APT::Sandbox::User=root download "$@" >&2
}

# Where apt gets Debian itself from; its lists know, and nobody else does.
apt_archive()
{
	# shellcheck disable=SC2016 # apt expands it
	apt-get indextargets --format \
		'$(ORIGIN) $(LABEL) $(COMPONENT) $(REPO_URI)' 'Identifier: Packages' |
		awk '$1 == "Debian" && $2 == "Debian" && $3 == "main" { print $4; exit }'
}

apt_sid()
{
	local archive keyring=/usr/share/keyrings/debian-archive-keyring.gpg

	archive=$(apt_archive)
	if [ -z "$archive" ]; then
		apt_update
		archive=$(apt_archive)
	fi
	[ -n "$archive" ] || apt_die "apt knows no archive of Debian's to take sid from"
	mkdir -p "$1/lists/partial" "$1/archives/partial"
	[ -e "$keyring" ] && keyring="[signed-by=$keyring]" || keyring=
	echo "deb $keyring $archive sid main" > "$1/sources.list"
	# Nothing is installed there, and a list that did not come is an error.
	apt_options=(-o "Dir::State::lists=$1/lists" -o "Dir::Cache=$1"
		-o "Dir::Etc::sourcelist=$1/sources.list" -o Dir::Etc::sourceparts=-
		-o Dir::State::status=/dev/null -o Acquire::Languages=none
		-o APT::Sandbox::User=root -o APT::Update::Error-Mode=any)
}
