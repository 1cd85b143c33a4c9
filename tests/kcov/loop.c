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

#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

/* Of one worker and one round. */
#define GONE_PROGRAMS		40000	/* or TKM_KCOV_GONE */
#define CALM_PROGRAMS		40
#define HOSTILE_PROGRAMS	40

#define CORPUS		6000
#define COMPARED	128	/* hints that are tried of a program */
#define LAST		64	/* programs that are remembered */
#define LOOK_EVERY	16	/* programs between two looks at the log */
#define BLOCKS_AT_LEAST	100
#define REPORT_EVERY	10	/* seconds */
#define HANG		300	/* seconds without a sign of life */
#define PATIENCE	60	/* seconds for keys and handles to go */

static const unsigned int uids[WORKERS] = { 0, 5301, 600000 };
#define CONTAINER 2

enum order { ORDER_NONE, ORDER_SETUP, ORDER_RUN, ORDER_CLEAN, ORDER_REPLAY };

struct last {
	enum phase phase;
	struct program p;
};

/* What a worker tells; only it writes there. */
struct told {
	pid_t pid;
	unsigned int done;		/* the order that it has done */
	unsigned long programs, with_tpm, calls, corpus, edges;
	unsigned long errors[256];
	serial_t base[BASES];
	char finding[1024];
	unsigned long n_last;
	struct last last[LAST];
	uint8_t seen[COVER_BYTES];
};

static struct shared {
	unsigned int number;		/* of the order; a new one is an order */
	enum order order;
	enum phase phase;
	unsigned int programs;
	bool strict;
	bool stop;
	struct told worker[WORKERS];
} *shared;

static const char *socket_path, *data;
static uint64_t seed;
static int slow = 1;
static unsigned int blocks_all;
static unsigned int gone_programs = GONE_PROGRAMS;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void meet_tpm(struct machine *m)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	m->script_out = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
	if (m->script_out < 0 ||
	    connect(m->script_out, (struct sockaddr *)&address, sizeof(address)))
		die("%s: %s", socket_path, strerror(errno));
	m->script_in = fdopen(m->script_out, "r");
}

/* ---- the kernel's log ---- */

static int kmsg = -1;

static void kmsg_open(void)
{
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg < 0 || lseek(kmsg, 0, SEEK_END) < 0)
		die("/dev/kmsg: %s", strerror(errno));
}

/* The line that says a bug, or NULL. */
static const char *kmsg_trouble(void)
{
	static const char *const words[] = {
		"WARNING:", "BUG:", "Oops", "KASAN", "UBSAN", "KFENCE:",
		"possible circular", "possible recursive",
		"inconsistent lock state", "suspicious RCU",
		"blocked for more than", "general protection", "refcount_t:",
		"corruption", "scheduling while atomic", "ODEBUG:",
		"sleeping function called", "kmemleak: ", "non-static key",
		"Unable to handle", "segfault at",
	};
	static char line[4096];
	ssize_t n;
	size_t i;

	while ((n = read(kmsg, line, sizeof(line) - 1)) > 0) {
		line[n] = 0;
		for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (strstr(line, words[i]))
				return line;
	}
	return NULL;
}

/* ---- a worker ---- */

static struct machine machine;
static struct told *told;
static struct program corpus[CORPUS];
static unsigned int n_corpus;
static serial_t base_ring, work_ring;
static int witness;

static const char *const base_new[BASES] = {
	"new", "new use=publish,crypt len=64", "new parent=srk",
	"new pcrs=7", "new use=publish,crypt auth=%d", "new ec",
	"new ec use=decrypt pcrs=7 auth=%d", "new rsa", "new rsa use=decrypt",
	"new ec curve=p384 parent=srk", "new not-before=2098-01-01",
	"new not-after=2098-01-01 use=crypt", "new ec auth=%d",
	"new len=20", "new rsa parent=srk pcrs=7",
};

const char *const base_names[BASES] = {
	"base:data", "base:crypt", "base:flat", "base:pcrs", "base:auth",
	"base:ec", "base:ecdh", "base:rsa", "base:hide", "base:p384",
	"base:later", "base:until", "base:ecauth", "base:short", "base:rsaflat",
	"",
};

__attribute__((format(printf, 1, 2)))
static void found(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(told->finding, sizeof(told->finding), format, args);
	va_end(args);
	for (;;)
		pause();
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die("%s: %s", path, strerror(errno));
	close(fd);
}

static void become(int number)
{
	char map[64];

	if (uids[number] && (setgid(uids[number]) || setuid(uids[number])))
		die("setuid: %s", strerror(errno));
	prctl(PR_SET_DUMPABLE, 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (number != CONTAINER)
		return;
	if (unshare(CLONE_NEWUSER))
		die("unshare: %s", strerror(errno));
	snprintf(map, sizeof(map), "0 %u 1", uids[number]);
	write_file("/proc/self/setgroups", "deny");
	write_file("/proc/self/uid_map", map);
	write_file("/proc/self/gid_map", map);
}

static void make_rings(void)
{
	if (key_ctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0) < 0)
		die("session keyring: %s", strerror(errno));
	base_ring = key_add("keyring", "base", NULL, 0,
			    KEY_SPEC_SESSION_KEYRING);
	work_ring = key_add("keyring", "work", NULL, 0,
			    KEY_SPEC_SESSION_KEYRING);
	if (base_ring < 0 || work_ring < 0)
		die("keyrings: %s", strerror(errno));
	machine.work = work_ring;
}

/* What programs left in our keyrings, but for our own two. */
static void sweep(void)
{
	static const serial_t all[] = {
		KEY_SPEC_PROCESS_KEYRING, KEY_SPEC_THREAD_KEYRING,
		KEY_SPEC_USER_KEYRING, KEY_SPEC_USER_SESSION_KEYRING,
	};
	serial_t keys[256];
	long n, i;

	key_ctl(KEYCTL_CLEAR, work_ring, 0, 0, 0);
	for (i = 0; i < 4; i++)
		key_ctl(KEYCTL_CLEAR, all[i], 0, 0, 0);
	n = key_read(KEY_SPEC_SESSION_KEYRING, keys, sizeof(keys));
	for (i = 0; i < n / (long)sizeof(keys[0]); i++)
		if (keys[i] != base_ring && keys[i] != work_ring)
			key_ctl(KEYCTL_UNLINK, keys[i],
				KEY_SPEC_SESSION_KEYRING, 0, 0);
}

static void read_vectors(void)
{
	char path[512], *text, *line, *save, *hex;
	unsigned int n = BASES, byte;
	struct bytes *chain;

	snprintf(path, sizeof(path), "%s/data/chains.vec", data);
	text = read_file(path, NULL);
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		hex = strstr(line, " = ");
		if (!hex || *line == '#' || n == CHAINS)
			continue;
		chain = &machine.chain[n++];
		chain->p = malloc(strlen(hex) / 2);
		for (hex += 3; sscanf(hex, "%2x", &byte) == 1; hex += 2)
			chain->p[chain->n++] = byte;
	}
	free(text);
	snprintf(path, sizeof(path), "%s/fuzz/dict/options", data);
	program_words(path);
	snprintf(path, sizeof(path), "%s/fuzz/dict/encoding", data);
	program_words(path);
	snprintf(path, sizeof(path), "%s/fuzz/dict/names", data);
	program_words(path);
}

static void keep_chain(int i, serial_t key)
{
	static char hex[2 * 8192 + 1];
	struct bytes *chain = &machine.chain[i];
	long n = key_read(key, hex, sizeof(hex));
	unsigned int byte;
	long j;

	if (n <= 0)
		return;
	chain->p = chain->p ?: malloc(8192);
	chain->n = 0;
	for (j = 0; j < n && sscanf(hex + j, "%2x", &byte) == 1; j += 2)
		chain->p[chain->n++] = byte;
}

static serial_t make_base(int i, serial_t auth)
{
	static char text[40000];
	const struct bytes *chain = &machine.chain[i];
	bool has_auth = strstr(base_new[i], "auth=");
	int n, tries;
	long key = -1;
	size_t j;

	if (chain->n) {
		n = sprintf(text, "load ");
		for (j = 0; j < chain->n; j++)
			n += sprintf(text + n, "%02x", chain->p[j]);
		if (has_auth)
			n += sprintf(text + n, " auth=%d", auth);
	} else if (has_auth) {
		n = sprintf(text, base_new[i], auth);
	} else {
		n = sprintf(text, "%s", base_new[i]);
	}
	/* A busy machine's TPM may not answer in time. */
	for (tries = 0; key < 0 && tries < 20; tries++)
		key = key_add("tkm", base_names[i], text, n, base_ring);
	if (key < 0)
		found("%s: %s, with a TPM that works", base_names[i],
		      strerrorname_np(errno));
	keep_chain(i, key);
	if (i % 2)
		key_ctl(KEYCTL_SETPERM, key, 0x3f3f3f3f, 0, 0);
	return key;
}

/* Keys that programs use: with a TPM, before it is pulled out. */
static void setup(void)
{
	serial_t auth = key_add("user", "auth", "secret", 6, base_ring);
	int i;

	machine.base[BASES - 1] = auth;
	for (i = 0; i < BASES - 1; i++)
		machine.base[i] = make_base(i, auth);
	memcpy(told->base, machine.base, sizeof(machine.base));
}

static void clean(void)
{
	sweep();
	key_ctl(KEYCTL_CLEAR, base_ring, 0, 0, 0);
	memset(machine.base, 0, sizeof(machine.base));
}

/* Loses an answer with a new handle, so that tkm looks after them from now on. */
static void bite(void)
{
	machine_say(&machine, "arm rc-after StartAuthSession 1 0x101\n");
	key_add("tkm", "a:bite", "new parent=srk", 14, work_ring);
	machine_say(&machine, "clear\n");
	machine_say(&machine, "flush\n");
	key_ctl(KEYCTL_CLEAR, work_ring, 0, 0, 0);
}

/* For who looks afterwards, also when the kernel is no more (witness.c). */
static void remember(const struct program *p)
{
	struct last *last = &told->last[told->n_last % LAST];
	static char text[8192];
	int n;

	last->phase = machine.phase;
	last->p = *p;
	told->n_last++;
	n = sprintf(text, "%dprogram %d %d\n", machine.worker, machine.worker,
		    machine.phase);
	program_write(p, text + n, sizeof(text) - n - 2);
	n += strlen(text + n);
	if (write(witness, text, n) != n)
		die("witness.ko: %s", strerror(errno));
}

/* What an errno of a call says, of which KCOV saw nothing. */
static unsigned int note_errors(const struct program *p)
{
	unsigned int i, fresh = 0;

	for (i = 0; i < p->n; i++) {
		fresh += cover_note(p->call[i].kind << 12 |
				    machine.error[i] << 2 | machine.phase);
		told->errors[machine.error[i] & 255]++;
	}
	return fresh;
}

/* True when it found something that is new. */
static bool execute(const struct program *p)
{
	unsigned int i, fresh;
	const char *trouble;

	remember(p);
	machine.armed = machine.made = machine.no_chip = false;
	cover_begin();
	for (i = 0; i < p->n; i++)
		call_run(&machine, p, i);
	netlink_close();
	fresh = cover_end() + note_errors(p);
	if (machine.armed) {
		machine_say(&machine, "clear\n");
		/* Pulled out, or reset: tkm wants to see it come anew. */
		if (machine.no_chip)
			machine_chip(&machine, false);
		machine_chip(&machine, true);
	}
	if (machine.made)
		sweep();
	told->programs++;
	told->calls += p->n;
	told->edges = cover_edges;
	if (machine.phase != PHASE_GONE)
		told->with_tpm++;
	if (machine.phase != PHASE_GONE || !(told->programs % LOOK_EVERY)) {
		trouble = kmsg_trouble();
		if (trouble)
			found("the kernel's log: %s", trouble);
	}
	return fresh;
}

static void keep(const struct program *p)
{
	unsigned int at = n_corpus < CORPUS ? n_corpus++ : random_below(CORPUS);

	corpus[at] = *p;
	told->corpus = n_corpus;
}

static const struct program *any_program(void)
{
	/* What came last leads on, most of the time. */
	if (n_corpus > 64 && random_one_in(2))
		return &corpus[n_corpus - 1 - random_below(64)];
	return &corpus[random_below(n_corpus)];
}

/* Once for each program that is kept, while that is quick. */
static void try_hints(const struct program *kept)
{
	struct compared list[COMPARED];
	struct program p;
	unsigned int i, n;

	machine.armed = machine.made = machine.no_chip = false;
	if (!cover_compare_begin())
		return;
	for (i = 0; i < kept->n; i++)
		call_run(&machine, kept, i);
	netlink_close();
	n = cover_compare_end(list, COMPARED);
	if (machine.made)
		sweep();
	for (i = 0; i < n; i++) {
		p = *kept;
		if (hint_apply(&p, machine.chain, &list[i]) && execute(&p))
			keep(&p);
	}
}

static void run_programs(unsigned int n)
{
	bool for_tpm = machine.phase != PHASE_GONE;
	struct program p = { 0 }, before;

	while (n-- && !shared->stop) {
		before = p;
		if (!n_corpus || random_one_in(for_tpm ? 2 : 6)) {
			program_make(&p, for_tpm || random_one_in(8));
		} else {
			p = *any_program();
			program_change(&p, any_program());
		}
		if (execute(&p)) {
			keep(&p);
			if (!for_tpm)
				try_hints(&p);
		}
		/* That comes when its worker is done, often one program late. */
		if (for_tpm && cover_remote()) {
			keep(&p);
			if (before.n)
				keep(&before);
		}
	}
}

static struct {
	struct program p;
	int worker;
	enum phase phase;
} *replayed;
static unsigned int n_replayed;

static void read_replayed(const char *path)
{
	FILE *f = fopen(path, "re");
	int worker = 0;
	enum phase phase = PHASE_CALM;
	struct program p;

	if (!f)
		die("%s: %s", path, strerror(errno));
	while (program_read(f, &p, &worker, &phase)) {
		replayed = realloc(replayed,
				   (n_replayed + 1) * sizeof(*replayed));
		replayed[n_replayed].p = p;
		replayed[n_replayed].worker = worker;
		replayed[n_replayed++].phase = phase;
	}
	fclose(f);
	if (!n_replayed)
		die("%s: no program", path);
}

static void obey(int number)
{
	machine.phase = shared->phase;
	machine.strict = shared->strict;
	switch (shared->order) {
	case ORDER_SETUP:
		setup();
		break;
	case ORDER_RUN:
		if (number == 0 && machine.phase == PHASE_HOSTILE)
			bite();
		run_programs(shared->programs);
		break;
	case ORDER_REPLAY:
		if (replayed[shared->programs].worker == number)
			execute(&replayed[shared->programs].p);
		break;
	case ORDER_CLEAN:
		clean();
		break;
	default:
		break;
	}
}

static unsigned int load(const unsigned int *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static void work(int number)
{
	unsigned int done = 0;

	told = &shared->worker[number];
	cover_seen = told->seen;
	machine.worker = number;
	machine.foreign = shared->worker[(number + 1) % WORKERS].base;
	random_seed(seed * WORKERS + number);
	meet_tpm(&machine);
	cover_open();
	witness = open("/sys/kernel/debug/tkm-kcov", O_WRONLY | O_CLOEXEC);
	if (witness < 0)
		die("witness.ko: %s", strerror(errno));
	kmsg_open();
	read_vectors();
	become(number);
	make_rings();
	sweep();
	cover_on();
	for (;;) {
		__atomic_store_n(&told->done, done, __ATOMIC_RELEASE);
		while (load(&shared->number) == done)
			usleep(1000);
		done = load(&shared->number);
		obey(number);
	}
}

/* ---- who leads them ---- */

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
		while (load(&shared->worker[i].done) != number) {
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
			    uid == uids[i])
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
	enum phase phase = PHASE_CALM;

	machine_chip(&leader, true);
	order(ORDER_SETUP, PHASE_CALM, 0);
	for (i = 0; i < n_replayed; i++) {
		if ((replayed[i].phase == PHASE_GONE) != (phase == PHASE_GONE))
			machine_chip(&leader, replayed[i].phase != PHASE_GONE);
		phase = replayed[i].phase;
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
			work(i);
		shared->worker[i].pid = pid;
	}
	for (i = 0; i < WORKERS; i++)
		while (load(&shared->worker[i].done) != 0) {
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
	socket_path = argv[1];
	data = argv[2];
	if (!access("/sys/kernel/debug/kmemleak", F_OK))
		slow = 10;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		die("no memory");
	if (replays) {
		read_replayed(argv[4]);
	} else {
		seed = strtoull(argv[4], NULL, 0);
		blocks_all = atoi(argv[5]);
		printf("# seed %lu\n", (unsigned long)seed);
	}
	kmsg_open();
	started = reported = now();
	meet_tpm(&leader);
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
