// SPDX-License-Identifier: GPL-2.0
/*
 * Loads and unloads the module, over and over, while users make keys, load
 * them, publish them and read /proc/keys.
 *
 *   reload MODULE ROUNDS SEED
 *
 * until it was unloaded ROUNDS times and refused to go as often because a key
 * lives. Every third loading has an allocation fail, if the kernel can do that.
 * Users may find no such type (ENODEV), and short memory nothing (ENOMEM).
 *
 * Prints how often what happened; status 1 with what went wrong on lines that
 * begin with "# ", also when there is something that did not happen in time.
 */
#include "vm.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#define USERS 3
/* For the whole of it, on a machine that is slow and busy. */
#define PATIENCE_S 1800
/* The module has less allocations than that. */
#define NTH_MAX 400

enum { LOADED, FAILED, UNLOADED, BUSY, MADE, LOADED_KEY, PUBLISHED, NO_TYPE,
       SEEN, COUNTS };

static const char *const names[COUNTS] = {
	"loaded", "failed to load", "unloaded", "busy", "keys made",
	"keys loaded", "keys published", "without the type", "keys seen",
};

static struct {
	atomic_long did[COUNTS];
	atomic_int failed;
	atomic_bool stop;
} *shared;

static unsigned int seed;
static int fail_nth = -1;

static long count(int what)
{
	return atomic_load(&shared->did[what]);
}

static void did(int what)
{
	atomic_fetch_add(&shared->did[what], 1);
}

static void complain(const char *what, int err)
{
	if (atomic_fetch_add(&shared->failed, 1) < 20)
		dprintf(STDOUT_FILENO, "# %s: %s\n", what, strerrorname_np(err));
}

static unsigned int dice(unsigned int sides)
{
	return rand_r(&seed) % sides;
}

static void pause_ms(unsigned int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- users ---- */

static long use(const char *payload, size_t len, serial_t ring)
{
	long key = key_add("tkm", "reload:key", payload, len, ring);

	if (key < 0 && errno == ENODEV)
		did(NO_TYPE);
	else if (key < 0)
		complain(len > 20 ? "load" : "new", errno);
	return key;
}

static void user_round(serial_t ring, const char *publish)
{
	static char chain[65536] = "load ";
	long key, n;

	key = use("new use=publish", 15, ring);
	if (key < 0)
		return;
	did(MADE);
	n = key_read(key, chain + 5, sizeof(chain) - 5);
	if (n <= 0)
		complain("read", errno);
	if (key_update(key, publish, strlen(publish)) < 0)
		complain("publish", errno);
	else
		did(PUBLISHED);
	pause_ms(dice(20));
	key_ctl(KEYCTL_CLEAR, ring, 0, 0, 0);
	if (n > 0 && use(chain, n + 5, ring) >= 0)
		did(LOADED_KEY);
	key_ctl(KEYCTL_CLEAR, ring, 0, 0, 0);
}

static void user(void)
{
	char publish[64];
	serial_t ring;
	long start;

	key_ctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0);
	ring = key_add("keyring", "reload", NULL, 0, KEY_SPEC_SESSION_KEYRING);
	snprintf(publish, sizeof(publish), "publish logon:reload:it keyring=%d",
		 ring);
	while (!atomic_load(&shared->stop)) {
		start = now_ms();
		user_round(ring, publish);
		/*
		 * Now and then nobody has a key, and the module may go,
		 * however slow the machine is.
		 */
		pause_ms(dice(6 * (now_ms() - start) + 50));
	}
}

static void reader(void)
{
	char *keys;

	while (!atomic_load(&shared->stop)) {
		keys = read_file("/proc/keys", NULL);
		if (strstr(keys, " reload:key: app=reload label=key kind=data "))
			did(SEEN);
		free(keys);
		pause_ms(5);
	}
}

/* ---- the module ---- */

static void fail(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	if (fail_nth >= 0 && pwrite(fail_nth, text, len, 0) != len)
		complain("fail-nth", errno);
}

static void insmod(const char *image, size_t len, unsigned int n)
{
	long ret;
	int err;

	fail(n);
	ret = syscall(SYS_init_module, image, len, "");
	err = errno;
	fail(0);
	if (ret == 0)
		did(LOADED);
	else if (n && err == ENOMEM)
		did(FAILED);
	else
		complain("insmod", err);
}

static void rmmod(void)
{
	if (syscall(SYS_delete_module, "tkm", O_NONBLOCK) == 0)
		did(UNLOADED);
	else if (errno == EBUSY || errno == EAGAIN)
		did(BUSY);
	else if (errno != ENOENT)
		complain("rmmod", errno);
}

/* However slow the machine is, every other time somebody gets to use it. */
static void let_be_used(void)
{
	time_t end = time(NULL) + 30;
	long made = count(MADE);

	while (count(MADE) == made && time(NULL) < end)
		pause_ms(5);
}

static bool all_happened(long rounds)
{
	int i;

	for (i = 0; i < COUNTS; i++)
		if (!count(i) && (i != FAILED || fail_nth >= 0))
			return false;
	return count(UNLOADED) >= rounds && count(BUSY) >= rounds;
}

static void modules(const char *path, long rounds)
{
	time_t end = time(NULL) + PATIENCE_S;
	size_t len;
	char *image = read_file(path, &len);
	unsigned int round = 0;

	while (!all_happened(rounds) && time(NULL) < end &&
	       !atomic_load(&shared->failed)) {
		if (access("/sys/module/tkm", F_OK)) {
			insmod(image, len, ++round % 3 ? 0 : 1 + dice(NTH_MAX));
			if (round % 2)
				let_be_used();
		}
		pause_ms(dice(100));
		rmmod();
	}
	atomic_store(&shared->stop, true);
}

static pid_t spawn(void (*run)(void))
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork: %s", strerror(errno));
	seed = seed * 31 + 7;
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	run();
	_exit(0);
}

int main(int argc, char **argv)
{
	int i, status;

	if (argc != 4)
		die("see the head of reload.c");
	seed = strtoul(argv[3], NULL, 0);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		die("%s", strerror(errno));
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	for (i = 0; i < USERS; i++)
		spawn(user);
	spawn(reader);
	modules(argv[1], atol(argv[2]));
	while (wait(&status) > 0)
		if (status)
			complain("a process died", ECHILD);
	for (i = 0; i < COUNTS; i++)
		printf("# %s %ld\n", names[i], count(i));
	if (!all_happened(atol(argv[2])))
		complain("not all of it happened", ETIME);
	return atomic_load(&shared->failed) ? 1 : 0;
}
