// SPDX-License-Identifier: GPL-2.0
/*
 * What only the keys' owner may do, for root: a process that becomes that user, and
 * hands back what came of it.
 */
#include <grp.h>
#include <keyutils.h>
#include <pwd.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "migrate.h"

/* What one object takes, on its way. */
#define RESULT_MAX	65536

static int become(uid_t uid)
{
	const struct passwd *user = getpwuid(uid);
	gid_t gid = user ? user->pw_gid : (gid_t)uid;

	if (setgroups(0, NULL) || setresgid(gid, gid, gid) ||
	    setresuid(uid, uid, uid))
		return -errno;
	/* Nothing of root's is within reach, in keyrings or memory, and nothing stays. */
	(void)libtkm_secret_no_dumps();
	return keyctl_join_session_keyring(NULL) < 0 ? -errno : 0;
}

static bool write_all(int fd, const void *bytes, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, bytes, len);
		if (n <= 0)
			return false;
		bytes = (const u8 *)bytes + n;
		len -= (size_t)n;
	}
	return true;
}

/* The other process: what came of it, then what was made. */
__attribute__((noreturn))
static void be_owner(int to, uid_t uid, owner_fn work, const void *data)
{
	void *out = NULL;
	size_t len = 0;
	int ret;

	ret = become(uid);
	ret = ret ? ret : work(data, &out, &len);
	if (ret)
		len = 0;
	_exit(write_all(to, &ret, sizeof(ret)) && write_all(to, out, len) ?
		      0 : 1);
}

static int read_result(int from, void **out, size_t *len)
{
	u8 *bytes = malloc(RESULT_MAX);
	size_t n = 0;
	ssize_t more;
	int ret;

	if (!bytes)
		return -ENOMEM;
	do {
		more = read(from, bytes + n, RESULT_MAX - n);
		n += more > 0 ? (size_t)more : 0;
	} while (more > 0 || (more < 0 && errno == EINTR));
	memcpy(&ret, bytes, sizeof(ret));
	if (more < 0 || n < sizeof(ret))
		ret = -EIO;
	if (ret) {
		free(bytes);
		return ret;
	}
	*len = n - sizeof(ret);
	memmove(bytes, bytes + sizeof(ret), *len);
	*out = bytes;
	return 0;
}

int as_owner(uid_t uid, owner_fn work, const void *data, void **out,
	     size_t *len)
{
	int pipes[2], status = 0, ret;
	pid_t pid;

	*out = NULL;
	if (uid == geteuid())
		return work(data, out, len);
	if (pipe(pipes))
		return -errno;
	pid = fork();
	if (!pid) {
		close(pipes[0]);
		be_owner(pipes[1], uid, work, data);
	}
	ret = pid < 0 ? -errno : 0;
	close(pipes[1]);
	ret = ret ? ret : read_result(pipes[0], out, len);
	close(pipes[0]);
	if (pid > 0)
		waitpid(pid, &status, 0);
	return ret;
}
