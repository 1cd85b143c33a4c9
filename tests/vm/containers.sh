#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Keys and containers: what a container can do with keys of its own, and what it
# cannot with the host's, however it came by their numbers. Namespaces as
# rootless containers make them, nested ones, and a container as systemd-nspawn
# runs it. What two users and one namespace do is in users.sh.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2119,SC2317,SC2329
# run_claims calls the functions
. "$(dirname "$0")/lib.sh"

# Others look into it.
chmod 755 "$work"

# What a script prints as some user, without the session's own talk.
quietly()
{
	"$@" 2>&1 || :
}

is_number()
{
	[[ $1 =~ ^[0-9]+$ ]] || fail "no key, but '$1'"
}

record_of()
{
	xxd -r -p "$1" | strings -n 8 | grep -o "tkm1 kind=$2 .*"
}

# An input and a digest that every operation can take.
printf 'hello' > "$work/text"
openssl dgst -sha256 -binary "$work/text" > "$work/digest"
chmod 644 "$work/text" "$work/digest"
# Where a container finds it too.
cp "$(command -v keyop)" "$work"
PATH=$work:$PATH

# Every way to a key that there is, by its number. Each must say EPERM: the
# permissions of the keys let everyone, tkm does not. $work/out stays as it is.
cat > "$work/try-all" <<'E'
#!/bin/bash
# try-all DATA EC
cd "${WORK?}" || exit 1
data=$1 ec=$2
try()
{
	local out

	if out=$("$@" 2>&1 | tr -d '\0'; exit "${PIPESTATUS[0]}"); then
		echo "may: $*"
	elif [[ $out != *": Operation not permitted" && $out != EPERM ]]; then
		echo "$* says $out"
	fi
}
for key in $data $ec; do
	try keyctl pipe $key
	try keyctl pkey_query $key 0
	try keyop update $key reseal
	try keyop update $key unpublish
done
try keyop update $data "publish logon:c:d keyring=@s"
try keyop update $data "publish user:d keyring=@s reveal=every-possessor-can-read-it"
try keyctl pkey_encrypt $data 0 text enc=gcm
try keyctl pkey_decrypt $data 0 text enc=gcm
try keyctl pkey_sign $ec 0 digest enc=x962 hash=sha256
try keyctl pkey_verify $ec 0 digest text enc=x962 hash=sha256
try keyctl pkey_encrypt $ec 0 /dev/null enc=spki
echo tried
E
chmod 755 "$work/try-all"

# A data and an EC key that everyone may do everything with
keys_of_all()
{
	data=$(new_key containers:d "use=publish,crypt")
	ec=$(new_key containers:e ec)
	keyctl setperm "$data" 0x3f3f3f3f
	keyctl setperm "$ec" 0x3f3f3f3f
}

still_works()
{
	keyctl pkey_sign "$ec" 0 "$work/digest" enc=x962 hash=sha256 > "$tmp/sig"
	keyctl pkey_verify "$ec" 0 "$work/digest" "$tmp/sig" enc=x962 hash=sha256
	contains "$(state_of "$data")" state=active
}

#
# Rootless containers.
#

# As a rootless container's own first process: `unshare -Ur`, the user's session
# keyring with it.
rootless()
{
	WORK=$work unshare -Ur "$@"
}

inherited_keyring()
{
	keys_of_all
	trace_clear
	check "$(rootless "$work/try-all" "$data" "$ec" 2>&1)" = tried
	check "$(trace_names)" = ""
	still_works
}
claim "a keyring inherited over unshare -Ur opens nothing, by any call" inherited_keyring

numbers_by_socket()
{
	keys_of_all
	# The number comes another way than the keyring, which is a new one here.
	check "$(echo "$data $ec" | rootless keyop session \
		bash -c 'read -r data ec; exec "$WORK/try-all" $data $ec' 2>&1)" = tried
	check "$(WORK=$work python3 - "$work/try-all" "$data" "$ec" <<'E'
import os, socket, subprocess, sys
ours, theirs = socket.socketpair()
child = subprocess.Popen(
    ["unshare", "-Ur", "python3", "-c",
     "import os, socket, sys\n"
     "s = socket.socket(fileno=int(sys.argv[1]))\n"
     "os.execv(sys.argv[2], [sys.argv[2]] + s.recv(99).decode().split())",
     str(theirs.fileno()), sys.argv[1]], pass_fds=[theirs.fileno()])
ours.send(f"{sys.argv[2]} {sys.argv[3]}".encode())
sys.exit(child.wait())
E
	)" = tried
	still_works
}
claim "a number that was guessed, or came over a socket, does not help" numbers_by_socket

nested()
{
	keys_of_all
	check "$(rootless unshare -Ur "$work/try-all" "$data" "$ec" 2>&1)" = tried
	# What the outer one made, the inner one has: the same kuid, the same side.
	rootless keyop session bash -c "
		keyctl pipe \$(keyop add tkm containers:n new @s) > /proc/self/fd/9
		" 9> "$tmp/chain"
	contains "$(record_of "$tmp/chain" data)" "owner=0 side=other"
	is_number "$(quietly rootless unshare -Ur keyop session \
		keyop add tkm containers:n "load $(cat "$tmp/chain")" @s)"
	check "$(quietly keyop add tkm containers:n "load $(cat "$tmp/chain")" @s)" = EPERM
}
claim "a namespace in a namespace is no way out, and of the same domain" nested

range_of_another()
{
	unshare -U sleep 300 3>&- &
	ns=$!
	trap 'kill "$ns" 2> /dev/null || :' EXIT
	poll 10 ns_is_new || fail "no user namespace"
	echo "0 $1 65536" > "/proc/$ns/uid_map"
	echo "0 $1 65536" > "/proc/$ns/gid_map"
	shift
	WORK=$work nsenter -U -S 0 -G 0 -t "$ns" "$@"
	kill "$ns"
	wait "$ns" || :
	trap - EXIT
}

ns_is_new()
{
	[ "$(readlink "/proc/$ns/ns/user")" != "$(readlink /proc/self/ns/user)" ]
}

two_ranges()
{
	range_of_another 100000 keyop session bash -c '
		keyctl pipe $(keyop add tkm containers:r "new ec" @s)' > "$tmp/one"
	contains "$(record_of "$tmp/one" ec)" "owner=100000 side=other"
	check "$(range_of_another 200000 keyop session keyop add tkm containers:r \
		"load $(cat "$tmp/one")" @s 2>&1 || :)" = EPERM
	is_number "$(range_of_another 100000 keyop session keyop add tkm containers:r \
		"load $(cat "$tmp/one")" @s 2>&1)"
}
claim "a chain of one range is refused in another, and loads in its own" two_ranges

keys_of_its_own()
{
	range_of_another 100000 keyop session bash -ec '
		cd /tmp
		ec=$(keyop add tkm containers:o "new ec" @s)
		data=$(keyop add tkm containers:p "new use=publish,crypt" @s)
		keyctl pkey_sign $ec 0 $WORK/digest enc=x962 hash=sha256 |
			cat > "/tmp/sig.$$"
		keyctl pkey_verify $ec 0 $WORK/digest "/tmp/sig.$$" enc=x962 hash=sha256
		keyctl pkey_encrypt $data 0 $WORK/text enc=gcm > "/tmp/ct.$$"
		keyctl pkey_decrypt $data 0 "/tmp/ct.$$" enc=gcm
		[ "$(keyop update $data "publish logon:c:d keyring=@s")" = 0 ]
		keyctl search @s logon c:d > /dev/null && echo " works"' > "$tmp/out"
	check "$(cat "$tmp/out")" = "hello works"
}
claim "keys of a container's own are made, sign, encrypt and are published there" \
	keys_of_its_own

#
# A container as people run one. Its own filter lets no call of the keyring's
# through, unless it is told to: --system-call-filter=@keyring.
#

nspawn()
{
	systemd-nspawn --quiet --directory="$root" --private-users=300000:65536 \
		--private-users-ownership=off --register=no --keep-unit \
		--resolv-conf=off --timezone=off --link-journal=no \
		--bind="$work" --setenv=WORK="$work" --setenv=PATH="$PATH" \
		--console=pipe "$@" 2>&1
}

# The tool wants a folder that is a mount point, and cgroups.
nspawn_ready()
{
	root=$tmp/root
	mkdir -p "$root" /run/systemd
	mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup
	mount --bind / "$root"
	mount --bind "$root" "$root"
	trap 'umount -R "$root" 2> /dev/null || :; umount -R "$root"' EXIT
	chmod 755 "$tmp"
}

nspawn_filter()
{
	nspawn_ready
	check "$(nspawn bash -c 'keyop add tkm containers:s new @s || :')" = EPERM
	is_number "$(nspawn --system-call-filter=@keyring bash -c \
		'keyop session keyop add tkm containers:s new @s')"
}
claim "systemd-nspawn: no key without --system-call-filter=@keyring, one with it" \
	nspawn_filter

nspawn_keys()
{
	nspawn_ready
	keys_of_all
	check "$(nspawn --system-call-filter=@keyring "$work/try-all" "$data" "$ec")" = tried
	nspawn --system-call-filter=@keyring keyop session bash -c '
		keyctl pipe $(keyop add tkm containers:s "new ec" @s)' > "$tmp/chain"
	contains "$(record_of "$tmp/chain" ec)" "owner=300000 side=other"
	check "$(quietly keyop add tkm containers:s "load $(cat "$tmp/chain")" @s)" = EPERM
	chmod 644 "$tmp/chain"
	is_number "$(nspawn --system-call-filter=@keyring --bind-ro="$tmp" \
		keyop session bash -c 'keyop add tkm containers:s "load $(cat "$1")" @s' \
		- "$tmp/chain")"
	still_works
}
claim "systemd-nspawn: keys of its own, which come back; nothing of the host's" nspawn_keys

run_claims
