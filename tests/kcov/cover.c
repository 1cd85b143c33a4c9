// SPDX-License-Identifier: GPL-2.0
/*
 * What of tkm a call went through, by KCOV (the kernel's dev-tools/kcov.rst),
 * which on the kernels of this loop watches tkm and nothing else.
 *
 * The calling task's path is the key type, all parsers and checks, publish, the
 * ciphers. The worker that speaks to the TPM is another task: its path comes by
 * witness/witness.c, some time later, for all who call together. An errno that a
 * call did not give before counts as something new too.
 */
#include "kcov.h"

#include <linux/kcov.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define WORDS		(512 << 10)
#define REMOTE_WORDS	(64 << 10)	/* of one run of a worker */
#define REMOTE_HANDLE	1		/* as witness.c has it */
#define EDGES		(1 << 20)

unsigned int cover_blocks, cover_edges;
uint8_t *cover_seen;

static int kcov;
static unsigned long *area, *remote, base, size;
static uint8_t edges[EDGES / 8];
static uint8_t notes[EDGES / 8];

/* Where the module's text is: whatever else is traced does not count. */
static void find_module(void)
{
	char *modules = read_file("/proc/modules", NULL), *p;

	p = strstr(modules, "\ntkm ");
	p = p ? p + 1 : modules;
	if (sscanf(p, "tkm %lu %*s %*s %*s %lx", &size, &base) != 2 || !base)
		die("tkm is not loaded, or may not be looked for");
	free(modules);
}

static int open_area(unsigned long **where)
{
	int fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die("no KCOV: %s", strerror(errno));
	if (ioctl(fd, KCOV_INIT_TRACE, WORDS))
		die("KCOV_INIT_TRACE: %s", strerror(errno));
	*where = mmap(NULL, WORDS * sizeof(**where), PROT_READ | PROT_WRITE,
		      MAP_SHARED, fd, 0);
	if (*where == MAP_FAILED)
		die("KCOV's area: %s", strerror(errno));
	return fd;
}

void cover_open(void)
{
	kcov = open_area(&area);
	find_module();
}

void cover_open_remote(void)
{
	struct kcov_remote_arg arg = {
		.trace_mode = KCOV_TRACE_PC,
		.area_size = REMOTE_WORDS,
		.common_handle = REMOTE_HANDLE,
	};
	int fd = open_area(&remote);

	if (ioctl(fd, KCOV_REMOTE_ENABLE, &arg))
		die("KCOV_REMOTE_ENABLE: %s", strerror(errno));
}

void cover_on(void)
{
	if (ioctl(kcov, KCOV_ENABLE, KCOV_TRACE_PC))
		die("KCOV_ENABLE: %s", strerror(errno));
}

static void stop(void)
{
	if (ioctl(kcov, KCOV_DISABLE, 0))
		die("KCOV_DISABLE: %s", strerror(errno));
}

bool cover_compare_begin(void)
{
	stop();
	/* A kernel that was built without it says so. */
	if (ioctl(kcov, KCOV_ENABLE, KCOV_TRACE_CMP)) {
		cover_on();
		return false;
	}
	cover_begin();
	return true;
}

static bool is_known(const struct compared *list, unsigned int n,
		     const struct compared *c)
{
	while (n--)
		if (list[n].one == c->one && list[n].other == c->other)
			return true;
	return false;
}

/* Entries of four words: kind and length, the two values, where it was. */
unsigned int cover_compare_end(struct compared *list, unsigned int max)
{
	unsigned long n = __atomic_load_n(&area[0], __ATOMIC_RELAXED), i;
	const unsigned long *entry = &area[1];
	unsigned int kept = 0;
	struct compared c;

	for (i = 0; i < n && kept < max; i++, entry += 4) {
		if (entry[3] - base >= size || entry[1] == entry[2])
			continue;
		c.len = 1 << (entry[0] >> 1 & 3);
		/* Of a constant it is the other that came from outside. */
		c.one = entry[2];
		c.other = entry[1];
		if (!is_known(list, kept, &c))
			list[kept++] = c;
	}
	stop();
	cover_on();
	return kept;
}

void cover_begin(void)
{
	__atomic_store_n(&area[0], 0, __ATOMIC_RELAXED);
}

static bool set_bit(uint8_t *map, uint32_t bit)
{
	uint8_t mask = 1 << bit % 8;
	bool was = map[bit / 8] & mask;

	map[bit / 8] |= mask;
	return !was;
}

/* What is new among @n that were recorded. */
static unsigned int count_new(const unsigned long *pc, unsigned long n)
{
	unsigned int fresh = 0;
	unsigned long i, at;
	uint32_t before = 0;

	for (i = 0; i < n; i++) {
		at = pc[i] - base;
		if (at >= size || at >= 8ul * COVER_BYTES)
			continue;
		if (set_bit(cover_seen, at)) {
			cover_blocks++;
			fresh++;
		}
		if (set_bit(edges, (before * 0x9e3779b1u ^ at) % EDGES)) {
			cover_edges++;
			fresh++;
		}
		before = at;
	}
	return fresh;
}

static unsigned int take(unsigned long *from)
{
	unsigned long n = __atomic_load_n(&from[0], __ATOMIC_ACQUIRE);
	unsigned int fresh = count_new(from + 1, n < WORDS ? n : WORDS - 1);

	__atomic_store_n(&from[0], 0, __ATOMIC_RELEASE);
	return fresh;
}

unsigned int cover_end(void)
{
	return take(area);
}

unsigned int cover_remote(void)
{
	return take(remote);
}

unsigned int cover_note(uint32_t what)
{
	return set_bit(notes, what * 0x9e3779b1u >> 12);
}
