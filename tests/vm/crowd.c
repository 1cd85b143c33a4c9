// SPDX-License-Identifier: GPL-2.0
/*
 * Many processes at the keyring at once.
 *
 *   crowd make PROCESSES UID...     each makes a key, drops it and loads its
 *                                   chain again, and all must succeed
 *   crowd load PROCESSES CHAIN DESC the same chain (a file) in each at once
 *   crowd race SECONDS              one key is used by some processes while
 *                                   others revoke, unlink and replace it
 *   crowd fair PID MANY UID UID     with process PID (the TPM) stopped, MANY
 *                                   processes of the first user queue up, then
 *                                   one of the second; PID goes on, and the
 *                                   place in which that one ends is printed
 *   crowd stuck PID...              waits until each of them sleeps in tkm, in a
 *                                   call that only a fatal signal ends
 *
 * Status 0, or 1 with what went wrong on lines that begin with "# ".
 */
#include "vm.h"

#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#define HEX_MAX 32768
/* Nothing in a machine of the tests takes that long. */
#define PATIENCE_S 1200
/* More of them tell nothing new. */
#define COMPLAINTS 20

/* What the processes of one run tell one another. */
static struct {
	atomic_int failed;
	atomic_int serial;		/* race: the key of now, 0 for none */
	atomic_int place;		/* fair: how many have ended */
	atomic_int single;		/* fair: the place of the single one */
	atomic_bool stop;
	atomic_long did[8];
} *shared;

__attribute__((format(printf, 1, 2)))
static void complain(const char *format, ...)
{
	char line[400] = "# ";
	va_list args;
	size_t n;

	va_start(args, format);
	vsnprintf(line + 2, sizeof(line) - 3, format, args);
	va_end(args);
	n = strlen(line);
	line[n++] = '\n';
	if (atomic_fetch_add(&shared->failed, 1) >= COMPLAINTS)
		return;
	/* One write: lines of several processes do not mix. */
	if (write(STDOUT_FILENO, line, n) < 0)
		_exit(2);
}

static time_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* Another user, with a session keyring of its own. */
static void become(uid_t uid)
{
	if (uid != getuid() &&
	    (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
	     setresuid(uid, uid, uid)))
		die("uid %u: %s", uid, strerror(errno));
	if (key_ctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0) < 0)
		die("session keyring: %s", strerror(errno));
}

static pid_t spawn(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* Ends with the last child; one that died counts as a failure. */
static void reap_all(void)
{
	int status;

	while (wait(&status) > 0)
		if (status) {
			complain("a process ended with status 0x%x", status);
			atomic_store(&shared->stop, true);
		}
}

/* A starting gun: children wait at the read end until it is closed. */
static int gun[2];

static void on_your_marks(void)
{
	char byte;

	close(gun[1]);
	if (read(gun[0], &byte, 1) < 0)
		_exit(2);
}

static void go(void)
{
	close(gun[0]);
	close(gun[1]);
}

static long key_load(const char *desc, const char *hex, serial_t keyring)
{
	static char text[HEX_MAX + 8];
	int n = snprintf(text, sizeof(text), "load %s", hex);

	return key_add("tkm", desc, text, n, keyring);
}

/* A chain as text; its length, or -1 with errno. */
static long chain_of(serial_t key, char hex[HEX_MAX])
{
	long n = key_read(key, hex, HEX_MAX - 1);

	if (n >= HEX_MAX) {
		errno = E2BIG;
		return -1;
	}
	hex[n > 0 ? n : 0] = 0;
	return n;
}

/* ---- make ---- */

static void make_one(int number, uid_t uid)
{
	static char before[HEX_MAX], after[HEX_MAX];
	char desc[32];
	serial_t key;

	become(uid);
	snprintf(desc, sizeof(desc), "crowd%d:k%d", number % 3, number);
	on_your_marks();
	key = key_add("tkm", desc, "new data", 8, KEY_SPEC_SESSION_KEYRING);
	if (key < 0 || chain_of(key, before) <= 0) {
		complain("%s: new: %s", desc, strerrorname_np(errno));
		return;
	}
	if (key_ctl(KEYCTL_UNLINK, key, KEY_SPEC_SESSION_KEYRING, 0, 0) < 0)
		complain("%s: unlink: %s", desc, strerrorname_np(errno));
	key = key_load(desc, before, KEY_SPEC_SESSION_KEYRING);
	if (key < 0 || chain_of(key, after) <= 0)
		complain("%s: load: %s", desc, strerrorname_np(errno));
	else if (strcmp(before, after))
		complain("%s: another chain came back", desc);
}

static void make(int processes, char **uids, int n_uids)
{
	int i;

	for (i = 0; i < processes; i++)
		if (!spawn()) {
			make_one(i, atoi(uids[i % n_uids]));
			_exit(0);
		}
	go();
	reap_all();
}

/* ---- load ---- */

static void load(int processes, const char *path, const char *desc)
{
	char *hex = read_file(path, NULL);
	int i;

	for (i = 0; i < processes; i++) {
		if (spawn())
			continue;
		become(getuid());
		on_your_marks();
		if (key_load(desc, hex, KEY_SPEC_SESSION_KEYRING) < 0)
			complain("load %d: %s", i, strerrorname_np(errno));
		_exit(0);
	}
	go();
	reap_all();
}

/* ---- race ---- */

enum { MAKE, LOAD, PUBLISH, RESEAL, READ, LOOK, ACTORS };

static serial_t ring;

/* Dead, gone, or no longer possessed: what a loser of the race may see. */
static bool lawful(int err)
{
	return err == EKEYREVOKED || err == ENOKEY || err == EACCES ||
	       err == EKEYEXPIRED;
}

static void judge(int actor, const char *what, long ret)
{
	if (ret >= 0)
		atomic_fetch_add(&shared->did[actor], 1);
	else if (!lawful(errno))
		complain("race: %s: %s", what, strerrorname_np(errno));
}

static void race_end_key(serial_t key, int way)
{
	switch (way % 5) {
	case 0: key_ctl(KEYCTL_REVOKE, key, 0, 0, 0); break;
	case 1: key_ctl(KEYCTL_UNLINK, key, ring, 0, 0); break;
	case 2: key_ctl(KEYCTL_INVALIDATE, key, 0, 0, 0); break;
	case 3: key_ctl(KEYCTL_CLEAR, ring, 0, 0, 0); break;
	case 4: key_ctl(KEYCTL_SET_TIMEOUT, key, 1, 0, 0);
		key_ctl(KEYCTL_UNLINK, key, ring, 0, 0);
		break;
	}
}

static void race_make(int round)
{
	long key = key_add("tkm", "race:key", "new data", 8, ring);

	judge(MAKE, "new", key);
	if (key < 0)
		return;
	atomic_store(&shared->serial, key);
	pause_ms(20 + round * 37 % 250);
	race_end_key(key, round);
}

/* Whatever was read, before a reseal or after it, must load. */
static void race_load(serial_t key)
{
	static char hex[HEX_MAX];
	long loaded;

	if (chain_of(key, hex) <= 0)
		return;
	loaded = key_load("race:key", hex, KEY_SPEC_PROCESS_KEYRING);
	if (loaded < 0) {
		complain("race: load: %s", strerrorname_np(errno));
		return;
	}
	atomic_fetch_add(&shared->did[LOAD], 1);
	key_ctl(KEYCTL_UNLINK, loaded, KEY_SPEC_PROCESS_KEYRING, 0, 0);
}

static void race_publish(serial_t key)
{
	char text[80];

	snprintf(text, sizeof(text), "publish logon:race:it keyring=%d", ring);
	judge(PUBLISH, "publish", key_update(key, text, strlen(text)));
}

static void race_reseal(serial_t key, int round)
{
	const char *text = round % 2 ? "reseal pcrs=16" : "reseal pcrs=none";

	judge(RESEAL, "reseal", key_update(key, text, strlen(text)));
}

static void race_read(serial_t key)
{
	static char hex[HEX_MAX];
	long n = chain_of(key, hex);

	judge(READ, "read", n);
	if (n >= 0 && (n % 2 || strncmp(hex, "3082", 4) ||
		       strspn(hex, "0123456789abcdef") != (size_t)n))
		complain("race: read %ld bytes that are no chain", n);
}

static void race_look(void)
{
	char *keys = read_file("/proc/keys", NULL), *line;

	line = strstr(keys, " race:key: ");
	if (line && !strncmp(line, " race:key: app=race label=key kind=data ", 40))
		atomic_fetch_add(&shared->did[LOOK], 1);
	else if (line)
		complain("race: /proc/keys says '%.60s'", line);
	free(keys);
}

static void race_act(int actor, int round)
{
	serial_t key = atomic_load(&shared->serial);

	if (!key && actor != MAKE && actor != LOOK) {
		pause_ms(5);
		return;
	}
	switch (actor) {
	case MAKE: race_make(round); break;
	case LOAD: race_load(key); break;
	case PUBLISH: race_publish(key); break;
	case RESEAL: race_reseal(key, round); break;
	case READ: race_read(key); break;
	case LOOK: race_look(); break;
	}
}

static void race(int duration)
{
	static const char *const names[ACTORS] = {
		"made", "loaded", "published", "resealed", "read", "seen",
	};
	time_t end = seconds() + duration;
	int actor, round;

	key_ctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0);
	ring = key_add("keyring", "race", NULL, 0, KEY_SPEC_SESSION_KEYRING);
	if (ring < 0)
		die("keyring: %s", strerror(errno));
	for (actor = 0; actor < ACTORS; actor++) {
		if (spawn())
			continue;
		for (round = 0; seconds() < end &&
				!atomic_load(&shared->stop); round++)
			race_act(actor, round);
		_exit(0);
	}
	reap_all();
	for (actor = 0; actor < ACTORS; actor++) {
		long n = atomic_load(&shared->did[actor]);

		printf("# %s %ld\n", names[actor], n);
		fflush(stdout);
		if (!n)
			complain("race: never %s", names[actor]);
	}
}

/* ---- fair, stuck ---- */

/* The third field of stat, after a name that may have anything in it. */
static char state_of(pid_t pid)
{
	char path[40], stat[512];
	ssize_t n;
	char *p;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 'X';
	n = read(fd, stat, sizeof(stat) - 1);
	close(fd);
	stat[n > 0 ? n : 0] = 0;
	p = strrchr(stat, ')');
	return p ? p[2] : '?';
}

/*
 * Of many at once some wait for each other, as to join a session: those have not
 * come to the TPM yet. Where the kernel shows no stack, nobody can tell.
 */
static bool is_in_tkm(pid_t pid)
{
	char path[40], stack[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stack", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT && !kill(pid, 0);
	n = read(fd, stack, sizeof(stack) - 1);
	close(fd);
	stack[n > 0 ? n : 0] = 0;
	return strstr(stack, "[tkm]");
}

static void until_stuck(pid_t pid)
{
	time_t end = seconds() + PATIENCE_S;
	char state;

	while ((state = state_of(pid)) != 'D' || !is_in_tkm(pid)) {
		if (state == 'X' || state == 'Z' || seconds() > end) {
			complain("process %d does not wait, it is %c", pid, state);
			return;
		}
		pause_ms(5);
	}
}

static pid_t fair_one(uid_t uid, int number, bool single)
{
	pid_t pid = spawn();
	char desc[32];
	int place;

	if (pid)
		return pid;
	become(uid);
	snprintf(desc, sizeof(desc), "fair:k%d", number);
	if (key_add("tkm", desc, "new data parent=srk", 19,
		    KEY_SPEC_SESSION_KEYRING) < 0)
		complain("%s: %s", desc, strerrorname_np(errno));
	place = atomic_fetch_add(&shared->place, 1) + 1;
	if (single)
		atomic_store(&shared->single, place);
	_exit(0);
}

/* Whoever has its answer runs at once: so they end in the order they were served in. */
static void stuck_in_order(pid_t pid)
{
	const struct sched_param first = { .sched_priority = 1 };

	until_stuck(pid);
	if (sched_setscheduler(pid, SCHED_FIFO, &first))
		die("scheduler of %d: %s", pid, strerror(errno));
}

static void fair(pid_t tpm, int many, uid_t a, uid_t b)
{
	pid_t *pids = calloc(many, sizeof(*pids));
	int i;

	for (i = 0; i < many; i++)
		pids[i] = fair_one(a, i, false);
	for (i = 0; i < many; i++)
		stuck_in_order(pids[i]);
	stuck_in_order(fair_one(b, many, true));
	if (kill(tpm, SIGCONT))
		die("kill %d: %s", tpm, strerror(errno));
	reap_all();
	printf("%d\n", atomic_load(&shared->single));
	free(pids);
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	int i;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || pipe(gun))
		die("%s", strerror(errno));
	if (!strcmp(verb, "make") && argc > 3)
		make(atoi(argv[2]), argv + 3, argc - 3);
	else if (!strcmp(verb, "load") && argc == 5)
		load(atoi(argv[2]), argv[3], argv[4]);
	else if (!strcmp(verb, "race") && argc == 3)
		race(atoi(argv[2]));
	else if (!strcmp(verb, "fair") && argc == 6)
		fair(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), atoi(argv[5]));
	else if (!strcmp(verb, "stuck") && argc > 2)
		for (i = 2; i < argc; i++)
			until_stuck(atoi(argv[i]));
	else
		die("see the head of crowd.c");
	return atomic_load(&shared->failed) ? 1 : 0;
}
