// SPDX-License-Identifier: GPL-2.0
/*
 * How long others wait at the keyring while the TPM answers nobody:
 *
 *   blocked MS PID UID TYPE DESC PAYLOAD
 *
 * stops process PID, the TPM; adds the key to @s, which waits for it; lets other
 * processes, of user UID, use keys of their own in a loop; and after MS
 * milliseconds lets the TPM go on. Prints what each did and the microseconds of
 * its longest call: "self" is the key itself, which has to succeed; "list" is
 * another process of its own user, which lists the keyring it is added to.
 */
#include "vm.h"

#include <grp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "clock.h"

/* Nothing here takes that long. */
#define PATIENCE_S	60

enum { SELF, ADD, READ, REQUEST, UPDATE, LIST, ACTORS };

static const char *const names[ACTORS] = {
	"self", "add_key", "read", "request_key", "update", "list",
};

static struct {
	atomic_bool stop;
	atomic_int ready;
	struct {
		atomic_llong longest;
		atomic_long calls;
	} actor[ACTORS];
} *shared;

static void become(uid_t uid)
{
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
	    setresuid(uid, uid, uid))
		die("uid %u: %s", uid, strerror(errno));
	if (key_ctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0) < 0)
		die("session keyring: %s", strerror(errno));
}

static long act(int actor, serial_t key, long number)
{
	static char buf[4096];
	char desc[32];

	switch (actor) {
	case ADD:
		snprintf(desc, sizeof(desc), "blocked:%ld", number % 100);
		return key_add("user", desc, "value", 5,
			       KEY_SPEC_PROCESS_KEYRING);
	case READ:
		return key_read(key, buf, sizeof(buf));
	case REQUEST:
		return syscall(SYS_request_key, "user", "blocked:own", NULL, 0);
	case UPDATE:
		return key_update(key, "again", 5);
	default:
		return key_read(KEY_SPEC_SESSION_KEYRING, buf, sizeof(buf));
	}
}

static void one_call(int actor, serial_t key, long number)
{
	long long start = clock_us(), took;

	if (act(actor, key, number) < 0)
		die("%s: %s", names[actor], strerrorname_np(errno));
	took = clock_us() - start;
	if (took > atomic_load(&shared->actor[actor].longest))
		atomic_store(&shared->actor[actor].longest, took);
	atomic_fetch_add(&shared->actor[actor].calls, 1);
}

static void loop(int actor, uid_t uid)
{
	serial_t key = 0;
	long number;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (actor != LIST) {
		become(uid);
		key = key_add("user", "blocked:own", "value", 5,
			      KEY_SPEC_SESSION_KEYRING);
		if (key < 0)
			die("blocked:own: %s", strerror(errno));
	}
	/* What is built up by the first call is built. */
	act(actor, key, 0);
	atomic_fetch_add(&shared->ready, 1);
	while (atomic_load(&shared->ready) < ACTORS)
		usleep(1000);
	for (number = 0; !atomic_load(&shared->stop); number++) {
		one_call(actor, key, number);
		usleep(1000);
	}
	_exit(0);
}

/* The third field of stat, after a name that may have anything in it. */
static bool waits(pid_t pid)
{
	char path[40], *stat, *p;
	bool is;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	stat = read_file(path, NULL);
	p = strrchr(stat, ')');
	is = p && p[2] == 'D';
	free(stat);
	return is;
}

static void self(char **argv)
{
	long long start = clock_us();

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (key_add(argv[0], argv[1], argv[2], strlen(argv[2]),
		    KEY_SPEC_SESSION_KEYRING) < 0)
		die("%s: %s", argv[1], strerrorname_np(errno));
	atomic_store(&shared->actor[SELF].longest, clock_us() - start);
	_exit(0);
}

int main(int argc, char **argv)
{
	long long end = clock_us() + PATIENCE_S * 1000000LL;
	int actor, status;
	pid_t tpm, pid;
	uid_t uid;

	if (argc != 7)
		die("see the head of blocked.c");
	tpm = atoi(argv[2]);
	uid = atoi(argv[3]);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		die("no memory");
	for (actor = SELF + 1; actor < ACTORS; actor++)
		if (!fork())
			loop(actor, uid);
	while (atomic_load(&shared->ready) < ACTORS - 1)
		usleep(1000);
	if (kill(tpm, SIGSTOP))
		die("kill %d: %s", tpm, strerror(errno));
	pid = fork();
	if (!pid)
		self(argv + 4);
	while (!waits(pid))
		if (clock_us() > end)
			die("%s does not wait", argv[5]);
	/* The others begin now. */
	atomic_fetch_add(&shared->ready, 1);
	usleep(atoi(argv[1]) * 1000L);
	kill(tpm, SIGCONT);
	if (waitpid(pid, &status, 0) != pid || status)
		die("%s: no key", argv[5]);
	atomic_store(&shared->stop, true);
	while (wait(&status) > 0)
		if (status)
			die("a process ended with status 0x%x", status);
	for (actor = 0; actor < ACTORS; actor++)
		printf("%s %lld %ld\n", names[actor],
		       atomic_load(&shared->actor[actor].longest),
		       atomic_load(&shared->actor[actor].calls));
	return 0;
}
