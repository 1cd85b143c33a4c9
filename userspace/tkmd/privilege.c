// SPDX-License-Identifier: GPL-2.0
/*
 * What tkmd may do, less and less: root makes it a user with one capability; once
 * the module knows it, with none; then with few system calls.
 *
 * A system call that is not in the list fails with EPERM, as one that the kernel
 * does not have would: a C library that tries something new goes on without it, and
 * a program that was taken over gets nothing of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tkmd.h"

static int said(const char *what)
{
	int ret = -errno;

	log_error("%s: %s", what, strerror(errno));
	return ret;
}

/* Nothing but @capability, -1 for nothing at all. */
static int keep_capability(int capability)
{
	const cap_value_t value = capability;
	cap_t caps = cap_init();
	int ret = -1;

	if (!caps)
		return -1;
	if (capability < 0 ||
	    (!cap_set_flag(caps, CAP_PERMITTED, 1, &value, CAP_SET) &&
	     !cap_set_flag(caps, CAP_EFFECTIVE, 1, &value, CAP_SET)))
		ret = cap_set_proc(caps);
	cap_free(caps);
	return ret;
}

static int have_folder(const struct folder *folder, const struct passwd *user)
{
	if (mkdir(folder->path, folder->mode))
		return errno == EEXIST ? 0 : said(folder->path);
	/* The one that was made is the user's. */
	if (chown(folder->path, user->pw_uid, user->pw_gid))
		return said(folder->path);
	return 0;
}

static int become(const char *name, const struct folder *folders)
{
	const struct passwd *user;
	int cap, ret;

	errno = 0;
	user = getpwnam(name);
	if (!user || !user->pw_uid) {
		log_error("there is no user %s to run as: systemd-sysusers, or useradd --system %s",
			  name, name);
		return -ENOENT;
	}
	for (; folders->path; folders++) {
		ret = have_folder(folders, user);
		if (ret)
			return ret;
	}
	/* Nothing that is executed could ever get one back. */
	for (cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (cap != CAP_SYS_ADMIN)
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || setgroups(0, NULL) ||
	    setresgid(user->pw_gid, user->pw_gid, user->pw_gid) ||
	    setresuid(user->pw_uid, user->pw_uid, user->pw_uid))
		return said(name);
	return 0;
}

int privilege_take(const char *user, const struct folder *folders)
{
	const struct rlimit none = { 0, 0 };
	int ret;

	umask(022);
	if (!geteuid()) {
		ret = become(user, folders);
		if (ret)
			return ret;
		if (keep_capability(CAP_SYS_ADMIN))
			return said("CAP_SYS_ADMIN");
	}
	umask(077);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || setrlimit(RLIMIT_CORE, &none))
		return said("no dumps");
	return 0;
}

int privilege_drop(void)
{
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return keep_capability(-1) ? said("dropping capabilities") : 0;
}

/* Of which no argument matters. */
static const int calls[] = {
	/* files: SQLite's, and /proc/PID/uid_map */
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(pread64),
	SCMP_SYS(pwrite64), SCMP_SYS(lseek), SCMP_SYS(openat), SCMP_SYS(open),
	SCMP_SYS(close), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(stat),
	SCMP_SYS(lstat), SCMP_SYS(statx), SCMP_SYS(access), SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2), SCMP_SYS(fcntl), SCMP_SYS(fsync),
	SCMP_SYS(fdatasync), SCMP_SYS(ftruncate), SCMP_SYS(fallocate),
	SCMP_SYS(fchmod), SCMP_SYS(unlink), SCMP_SYS(unlinkat),
	SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd),
	/* connections */
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(accept4), SCMP_SYS(recvmsg),
	SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(sendmsg),
	SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(shutdown),
	SCMP_SYS(pidfd_open),
	/* memory, time, ourselves */
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	SCMP_SYS(munlock), SCMP_SYS(futex), SCMP_SYS(getrandom),
	SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time),
	SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(getpid),
	SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid),
	SCMP_SYS(getegid), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall), SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

static int allow_some(scmp_filter_ctx filter)
{
	/* The key of ours that is loaded, and nothing else of keys. */
	static const unsigned int operations[] = { KEYCTL_PKEY_ENCRYPT,
						   KEYCTL_PKEY_DECRYPT };
	static const int mapping[] = { SCMP_SYS(mmap), SCMP_SYS(mprotect) };
	int ret = 0;
	size_t i;

	for (i = 0; !ret && i < ARRAY_SIZE(operations); i++)
		ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(keyctl), 1,
				       SCMP_A0(SCMP_CMP_EQ, operations[i]));
	/* No memory that can be executed. */
	for (i = 0; !ret && i < ARRAY_SIZE(mapping); i++)
		ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, mapping[i], 1,
				       SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	/* To tell systemd. */
	if (!ret)
		ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
				       SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
	return ret;
}

int privilege_filter(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int ret = filter ? 0 : -ENOMEM;
	size_t i;

	for (i = 0; !ret && i < ARRAY_SIZE(calls); i++)
		ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	ret = ret ? ret : allow_some(filter);
	ret = ret ? ret : seccomp_load(filter);
	seccomp_release(filter);
	if (ret == -EINVAL || ret == -ECANCELED) {
		log_warning("this kernel has no filters of system calls");
		return 0;
	}
	if (ret)
		log_error("no filter of system calls: %s", strerror(-ret));
	return ret;
}
