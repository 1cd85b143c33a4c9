// SPDX-License-Identifier: GPL-2.0
/* A worker: its keys, its corpus, and running programs. */
#include "kcov.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>

#define CORPUS		6000
#define COMPARED	128	/* hints that are tried of a program */
#define LOOK_EVERY	16	/* programs between two looks at the log */

#define CONTAINER 2

const unsigned int worker_uids[WORKERS] = { 0, 5301, 600000 };

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
	"new class=portable approver=%d", "new rsa parent=srk pcrs=7",
};

const char *const base_names[BASES] = {
	"base:data", "base:crypt", "base:flat", "base:pcrs", "base:auth",
	"base:ec", "base:ecdh", "base:rsa", "base:hide", "base:p384",
	"base:later", "base:until", "base:ecauth", "base:moves", "base:rsaflat",
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

	if (worker_uids[number] && (setgid(worker_uids[number]) || setuid(worker_uids[number])))
		die("setuid: %s", strerror(errno));
	prctl(PR_SET_DUMPABLE, 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (number != CONTAINER)
		return;
	if (unshare(CLONE_NEWUSER))
		die("unshare: %s", strerror(errno));
	snprintf(map, sizeof(map), "0 %u 1", worker_uids[number]);
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

static bool ends_in(const char *name, size_t n, const char *end)
{
	return n >= strlen(end) && !memcmp(name + n - strlen(end), end, strlen(end));
}

/*
 * Lines of "name = hex", of names that end so; an area, which is the first end, with
 * its size before it, as it is asked for. The number of the next chain.
 */
static unsigned int read_hex(const char *file, unsigned int n, const char *area,
			     const char *end)
{
	char path[512], *text, *line, *save, *hex;
	struct bytes *chain;
	unsigned int byte;
	bool sized;

	snprintf(path, sizeof(path), "%s/data/%s", shared->data, file);
	text = read_file(path, NULL);
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		hex = strstr(line, " = ");
		if (!hex || *line == '#' || n == CHAINS)
			continue;
		sized = *area && ends_in(line, hex - line, area);
		if (!sized && !ends_in(line, hex - line, end))
			continue;
		chain = &machine.chain[n++];
		chain->p = malloc(2 + strlen(hex) / 2);
		chain->n = sized ? 2 : 0;
		for (hex += 3; sscanf(hex, "%2x", &byte) == 1; hex += 2)
			chain->p[chain->n++] = byte;
		if (sized) {
			chain->p[0] = (chain->n - 2) >> 8;
			chain->p[1] = chain->n - 2;
		}
	}
	free(text);
	return n;
}

static void read_dictionary(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/fuzz/dict/%s", shared->data, name);
	program_words(path);
}

static void read_vectors(void)
{
	static const char *const files[] = { "move", "recovery", "certificate" };
	char path[512];
	unsigned int i, n = read_hex("chains.vec", BASES, "", "");

	if (n != BLOBS)
		die("chains.vec has %u chains", n - BASES);
	n = read_hex("approvals.vec", BLOBS, ".public", ".approval");
	if (n + COUNT(files) != CHAINS)
		die("approvals.vec has %u areas and approvals", n - BLOBS);
	for (i = 0; i < COUNT(files); i++, n++) {
		snprintf(path, sizeof(path), "%s/fuzz/corpus/chain/%s",
			 shared->data, files[i]);
		machine.chain[n].p = (uint8_t *)read_file(path,
							  &machine.chain[n].n);
	}
	read_dictionary("options");
	read_dictionary("encoding");
	read_dictionary("names");
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

static serial_t make_base(int i, serial_t auth, serial_t approver)
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
	} else {
		n = sprintf(text, base_new[i], has_auth ? auth : approver);
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
	const struct bytes *area = &machine.chain[BLOBS];
	serial_t auth = key_add("user", "auth", "secret", 6, base_ring);
	serial_t approver = key_add("user", "approver", area->p, area->n,
				    base_ring);
	int i;

	machine.base[BASES - 1] = auth;
	for (i = 0; i < BASES - 1; i++)
		machine.base[i] = make_base(i, auth, approver);
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

unsigned int worker_read_replayed(const char *path)
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
	return n_replayed;
}

enum phase worker_replayed_phase(unsigned int i)
{
	return replayed[i].phase;
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

unsigned int shared_load(const unsigned int *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

void worker_run(int number)
{
	unsigned int done = 0;

	told = &shared->worker[number];
	cover_seen = told->seen;
	machine.worker = number;
	machine.foreign = shared->worker[(number + 1) % WORKERS].base;
	random_seed(shared->seed * WORKERS + number);
	machine_meet(&machine, shared->socket);
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
		while (shared_load(&shared->number) == done)
			usleep(1000);
		done = shared_load(&shared->number);
		obey(number);
	}
}
