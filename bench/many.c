// SPDX-License-Identifier: GPL-2.0
/*
 * Many keys of one application, made or loaded by many processes:
 *
 *   many make PROCESSES N TYPE APP PAYLOAD FILE   keys APP:0 to APP:N-1, whose
 *                                    chains become the lines of FILE; none stays
 *   many load PROCESSES FILE TYPE APP RINGS   each line of FILE, as the key it
 *                                    was, into each of so many new keyrings in @s
 *   many plain N BYTES               N keys of type user, into one
 *
 * The processes take the next key as soon as they are done with one. Prints the
 * microseconds from the first key to the last, and on lines of their own those
 * of each key, in the order of their beginnings.
 */
#include "vm.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <signal.h>
#include <sys/wait.h>

#include "clock.h"

#define CHAIN_MAX	16384

static struct {
	atomic_int next;
	atomic_int ready;
	atomic_bool go;
} *shared;

/* One a key: what it took; and its chain, where it was made. */
static long *took;
static char (*chains)[CHAIN_MAX];

static const char *type, *app;
static int keys, rings;
/* make: the payload. load: one a line, "load " in front; the keyrings. */
static const char *payload;
static char **lines;
static serial_t *ring;

static void *share(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		die("no memory");
	return p;
}

static long add(int number, const char *text, serial_t keyring)
{
	char desc[64];
	long key;

	snprintf(desc, sizeof(desc), "%s:%d", app, number);
	key = key_add(type, desc, text, strlen(text), keyring);
	if (key < 0)
		die("%s: %s", desc, strerrorname_np(errno));
	return key;
}

static void make_one(int i)
{
	long key = add(i, payload, KEY_SPEC_PROCESS_KEYRING);
	long n = key_read(key, chains[i], CHAIN_MAX - 1);

	if (n <= 0 || n >= CHAIN_MAX)
		die("a chain of %ld bytes", n);
	key_ctl(KEYCTL_UNLINK, key, KEY_SPEC_PROCESS_KEYRING, 0, 0);
}

static void load_one(int i)
{
	int n = keys / rings;

	add(i % n, lines[i % n], ring[i / n]);
}

static void plain_one(int i)
{
	add(i, payload, *ring);
}

static void work(void (*one)(int i))
{
	long long start;
	int i;

	atomic_fetch_add(&shared->ready, 1);
	while (!atomic_load(&shared->go))
		usleep(1000);
	while ((i = atomic_fetch_add(&shared->next, 1)) < keys) {
		start = clock_us();
		one(i);
		took[i] = clock_us() - start;
	}
	_exit(0);
}

static void run(int processes, void (*one)(int i))
{
	long long start;
	int i, status;

	took = share(keys * sizeof(*took));
	for (i = 0; i < processes; i++)
		if (!fork()) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			work(one);
		}
	while (atomic_load(&shared->ready) < processes)
		usleep(1000);
	start = clock_us();
	atomic_store(&shared->go, true);
	while (wait(&status) > 0)
		if (status)
			die("a process ended with status 0x%x", status);
	printf("%lld\n", clock_us() - start);
	for (i = 0; i < keys; i++)
		printf("%ld\n", took[i]);
}

static void make(int processes, const char *path)
{
	FILE *f;
	int i;

	chains = share((size_t)keys * CHAIN_MAX);
	run(processes, make_one);
	f = fopen(path, "w");
	for (i = 0; f && i < keys; i++)
		fprintf(f, "%s\n", chains[i]);
	if (!f || fclose(f))
		die("%s: %s", path, strerror(errno));
}

static void make_rings(void)
{
	char desc[64];
	int i;

	ring = calloc(rings, sizeof(*ring));
	for (i = 0; i < rings; i++) {
		snprintf(desc, sizeof(desc), "many:%d", i);
		ring[i] = key_add("keyring", desc, NULL, 0,
				  KEY_SPEC_SESSION_KEYRING);
		if (ring[i] < 0)
			die("%s: %s", desc, strerrorname_np(errno));
	}
}

static void load(int processes, const char *path)
{
	char *text = read_file(path, NULL), *line, *save;
	int n = 0;

	lines = calloc(strlen(text) + 1, sizeof(*lines));
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (asprintf(&lines[n++], "load %s", line) < 0)
			die("no memory");
	keys = n * rings;
	make_rings();
	run(processes, load_one);
}

static void plain(int bytes)
{
	char *text = malloc(bytes + 1);

	memset(text, 'x', bytes);
	text[bytes] = 0;
	payload = text;
	type = "user";
	app = "plain";
	make_rings();
	run(1, plain_one);
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	shared = share(sizeof(*shared));
	if (!strcmp(verb, "make") && argc == 8) {
		keys = atoi(argv[3]);
		type = argv[4];
		app = argv[5];
		payload = argv[6];
		make(atoi(argv[2]), argv[7]);
	} else if (!strcmp(verb, "load") && argc == 7) {
		type = argv[4];
		app = argv[5];
		rings = atoi(argv[6]);
		load(atoi(argv[2]), argv[3]);
	} else if (!strcmp(verb, "plain") && argc == 4) {
		keys = atoi(argv[2]);
		rings = 1;
		plain(atoi(argv[3]));
	} else {
		die("see the head of many.c");
	}
	return 0;
}
