// SPDX-License-Identifier: GPL-2.0
/*
 * Keyring calls with tkm payloads, at random, led by coverage, in a machine
 * whose kernel has KCOV (kcov.h says what a program is):
 *
 *   loop SOCKET DATA SECONDS SEED BLOCKS     for so long
 *   loop SOCKET DATA replay FILE             what a report printed, once more
 *
 * SOCKET is the hostile TPM's (tests/fault/hostile.c), DATA the folder tests, and
 * BLOCKS how many blocks the module has.
 *
 * Three workers: root, a user, and the root of a user namespace. Each has keys
 * of its own that it made before, and goes through rounds: many programs
 * while the TPM is pulled out, when all that needs it fails at once and all that
 * does not is quick; some with the TPM; some with a TPM that lies, as the programs
 * say with "arm". A program that reached a block, or an edge between two, that
 * none did before is kept, and new ones are made of it. Each worker has random
 * numbers and a corpus of its own, so that a seed gives the same again, as far as
 * the kernel does the same.
 *
 * A find is: a report in the kernel's log, a worker that died or does not come
 * back, keys or charges that stay, a handle that stays in the TPM. What ran last is
 * printed then, as text that "replay" takes.
 */
#include "kcov.h"

#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

/* Of one worker and one round. */
#define GONE_PROGRAMS		40000	/* or TKM_KCOV_GONE */
#define CALM_PROGRAMS		40
#define HOSTILE_PROGRAMS	40

#define BLOCKS_AT_LEAST	100
#define REPORT_EVERY	10	/* seconds */
#define HANG		300	/* seconds without a sign of life */
#define PATIENCE	60	/* seconds for keys and handles to go */

struct shared *shared;

static int slow = 1;
static unsigned int blocks_all, n_replayed;
static unsigned int gone_programs = GONE_PROGRAMS;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static double started, ends, reported;
static struct machine leader;

static void print_last(const struct told *t, int number)
{
	unsigned long i = t->n_last > LAST ? t->n_last - LAST : 0;
	char text[sizeof(struct program) * 4], *line, *save;
	const struct last *last;

	for (; i < t->n_last; i++) {
		last = &t->last[i % LAST];
		printf("# program %d %d\n", number, last->phase);
		program_write(&last->p, text, sizeof(text));
		for (line = strtok_r(text, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save))
			printf("# %s\n", line);
		printf("#\n");
	}
}

/* Where a worker is, in the kernel, as far as that tells. */
static void print_place(int number)
{
	static const char *const files[] = { "wchan", "syscall", "stack" };
	const struct told *t = &shared->worker[number];
	char path[64], text[1024];
	ssize_t n;
	int fd, i;

	printf("# worker %d: order %u done, %lu programs, %lu calls\n", number,
	       t->done, t->programs, t->calls);
	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", t->pid, files[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
		if (fd >= 0)
			close(fd);
		text[n > 0 ? n : 0] = 0;
		for (n = 0; text[n]; n++)
			if (text[n] == '\n')
				text[n] = ';';
		if (*text)
			printf("# %s: %s\n", files[i], text);
	}
}

static unsigned int blocks(void)
{
	unsigned int i, w, n = 0;
	uint8_t all;

	for (i = 0; i < COVER_BYTES; i++) {
		for (w = 0, all = 0; w < WORKERS; w++)
			all |= shared->worker[w].seen[i];
		n += __builtin_popcount(all);
	}
	return n;
}

static unsigned long sum(size_t offset)
{
	unsigned long n = 0;
	int i;

	for (i = 0; i < WORKERS; i++)
		n += *(unsigned long *)((char *)&shared->worker[i] + offset);
	return n;
}

#define SUM(field) sum(offsetof(struct told, field))

static void report(void)
{
	unsigned long programs = SUM(programs);
	double seconds = now() - started;

	reported = now();
	printf("# %.0f s: %lu programs (%lu with a TPM), %.0f a second, %lu calls; %u of %u blocks, %lu edges; %lu kept\n",
	       seconds, programs, SUM(with_tpm), programs / seconds, SUM(calls),
	       blocks(), blocks_all, SUM(edges) / WORKERS, SUM(corpus));
}

static void report_errors(void)
{
	unsigned long n;
	unsigned int i;

	printf("# calls by errno:");
	for (i = 0; i < 256; i++) {
		n = sum(offsetof(struct told, errors) + i * sizeof(long));
		if (n)
			printf(" %s %lu", i ? strerrorname_np(i) : "ok", n);
	}
	printf("\n");
}

static void stop_workers(void)
{
	int i;

	for (i = 0; i < WORKERS; i++)
		kill(shared->worker[i].pid, SIGKILL);
	while (wait(NULL) > 0)
		;
}

__attribute__((format(printf, 1, 2), noreturn))
static void fail(const char *format, ...)
{
	va_list args;
	int i;

	printf("# FOUND: ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n# order %u, %d, TPM %d\n", shared->number, shared->order,
	       shared->phase);
	for (i = 0; i < WORKERS; i++)
		print_place(i);
	for (i = 0; i < WORKERS; i++)
		print_last(&shared->worker[i], i);
	report();
	report_errors();
	stop_workers();
	exit(1);
}

static void look_after(void)
{
	static unsigned long programs[WORKERS];
	static double alive[WORKERS];
	const char *trouble = kmsg_trouble();
	int i, status;
	pid_t pid;

	for (i = 0; i < WORKERS; i++)
		if (*shared->worker[i].finding)
			fail("worker %d: %s", i, shared->worker[i].finding);
	if (trouble)
		fail("the kernel's log: %s", trouble);
	pid = waitpid(-1, &status, WNOHANG);
	for (i = 0; pid > 0 && i < WORKERS; i++)
		if (pid == shared->worker[i].pid)
			fail("worker %d died: status %x", i, status);
	for (i = 0; i < WORKERS; i++) {
		if (programs[i] != shared->worker[i].programs || !alive[i] ||
		    shared->worker[i].done == shared->number) {
			programs[i] = shared->worker[i].programs;
			alive[i] = now();
		} else if (now() - alive[i] > HANG * slow) {
			fail("worker %d does not come back", i);
		}
	}
	if (now() - reported > REPORT_EVERY)
		report();
	if (ends && now() > ends)
		shared->stop = true;
}

static void order(enum order order, enum phase phase, unsigned int programs)
{
	unsigned int number = shared->number + 1;
	int i;

	shared->order = order;
	shared->phase = phase;
	shared->programs = programs;
	__atomic_store_n(&shared->number, number, __ATOMIC_RELEASE);
	for (i = 0; i < WORKERS; i++)
		while (shared_load(&shared->worker[i].done) != number) {
			look_after();
			usleep(2000);
		}
}

/* Keys and bytes that the workers' users are charged. */
static char *charges(void)
{
	unsigned int uid, usage, keys, inst, qkeys, qmax, qbytes, i;
	char *users = read_file("/proc/key-users", NULL), *line, *save;
	struct text t;
	FILE *f = text_open(&t);

	for (line = strtok_r(users, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		for (i = 0; i < WORKERS; i++)
			if (sscanf(line, "%u: %u %u/%u %u/%u %u/", &uid, &usage,
				   &keys, &inst, &qkeys, &qmax, &qbytes) == 7 &&
			    uid == worker_uids[i])
				fprintf(f, " user %u: %u keys, %u bytes;", uid,
					qkeys, qbytes);
	fprintf(f, " keys of tkm: %ld",
		strtol(read_file("/sys/module/tkm/refcnt", NULL), NULL, 10));
	fclose(f);
	free(users);
	return t.p;
}

static void must_be_as_before(const char *before)
{
	double end = now() + PATIENCE * slow;
	char *after;

	for (;;) {
		after = charges();
		if (!strcmp(before, after)) {
			free(after);
			return;
		}
		if (now() > end)
			fail("before the round:%s; now:%s", before, after);
		free(after);
		look_after();
		usleep(50000);
	}
}

static void tpm_must_be_empty(const char *when)
{
	double end = now() + PATIENCE * slow;
	char handles[4096];

	do {
		snprintf(handles, sizeof(handles), "%s",
			 machine_say(&leader, "handles\n") ?: "?");
		if (!*handles)
			return;
		look_after();
		usleep(20000);
	} while (now() < end);
	fail("%s the TPM holds %s", when, handles);
}

static void round_of(unsigned int n)
{
	char *before = charges();

	machine_chip(&leader, true);
	order(ORDER_SETUP, PHASE_CALM, 0);
	tpm_must_be_empty("after keys were made");
	machine_chip(&leader, false);
	order(ORDER_RUN, PHASE_GONE, gone_programs);
	machine_chip(&leader, true);
	order(ORDER_RUN, PHASE_CALM, CALM_PROGRAMS);
	tpm_must_be_empty("after a quiet while");
	/* Who spoils what tkm looks after handles with may keep some. */
	shared->strict = n % 2;
	order(ORDER_RUN, PHASE_HOSTILE, HOSTILE_PROGRAMS);
	if (shared->strict)
		tpm_must_be_empty("after faults");
	order(ORDER_CLEAN, PHASE_CALM, 0);
	must_be_as_before(before);
	free(before);
}

static void replay(void)
{
	unsigned int i;
	enum phase phase = PHASE_CALM, before;

	machine_chip(&leader, true);
	order(ORDER_SETUP, PHASE_CALM, 0);
	for (i = 0; i < n_replayed; i++) {
		before = phase;
		phase = worker_replayed_phase(i);
		if ((phase == PHASE_GONE) != (before == PHASE_GONE))
			machine_chip(&leader, phase != PHASE_GONE);
		order(ORDER_REPLAY, phase, i);
	}
	machine_chip(&leader, true);
	order(ORDER_CLEAN, PHASE_CALM, 0);
}

static void start_workers(void)
{
	pid_t pid;
	int i;

	for (i = 0; i < WORKERS; i++) {
		shared->worker[i].done = -1;
		pid = fork();
		if (pid < 0)
			die("fork: %s", strerror(errno));
		if (!pid)
			worker_run(i);
		shared->worker[i].pid = pid;
	}
	for (i = 0; i < WORKERS; i++)
		while (shared_load(&shared->worker[i].done) != 0) {
			look_after();
			usleep(2000);
		}
}

int main(int argc, char **argv)
{
	bool replays = argc == 5 && !strcmp(argv[3], "replay");
	unsigned int rounds = 0;
	char *before;

	if (argc != 6 && !replays)
		die("see the head of loop.c");
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (getenv("TKM_KCOV_GONE"))
		gone_programs = atoi(getenv("TKM_KCOV_GONE"));
	if (!access("/sys/kernel/debug/kmemleak", F_OK))
		slow = 10;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		die("no memory");
	shared->socket = argv[1];
	shared->data = argv[2];
	if (replays) {
		n_replayed = worker_read_replayed(argv[4]);
	} else {
		shared->seed = strtoull(argv[4], NULL, 0);
		blocks_all = atoi(argv[5]);
		printf("# seed %lu\n", (unsigned long)shared->seed);
	}
	kmsg_open();
	started = reported = now();
	machine_meet(&leader, shared->socket);
	cover_open_remote();
	start_workers();
	if (replays) {
		before = charges();
		replay();
		must_be_as_before(before);
		printf("# %u programs\n", n_replayed);
	} else {
		ends = now() + atoi(argv[3]);
		while (!shared->stop)
			round_of(rounds++);
	}
	if (blocks() < BLOCKS_AT_LEAST)
		fail("%u blocks: KCOV sees nothing", blocks());
	report();
	report_errors();
	stop_workers();
	return 0;
}
