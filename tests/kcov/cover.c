// SPDX-License-Identifier: GPL-2.0
/*
 * What of tkm a call went through, by KCOV (the kernel's dev-tools/kcov.rst),
 * which on the kernels of this loop watches tkm and nothing else.
 *
 * It is the calling task's path: the key type, all parsers and checks, publish,
 * the ciphers. The worker that speaks to the TPM is another task, and is not
 * seen here; what it did shows in errnos, which count as something new too.
 */
#include "kcov.h"

#include <sys/ioctl.h>
#include <sys/mman.h>

#define KCOV_INIT_TRACE	_IOR('c', 1, unsigned long)
#define KCOV_ENABLE	_IO('c', 100)
#define KCOV_TRACE_PC	0
#define WORDS		(512 << 10)
#define EDGES		(1 << 20)

unsigned int cover_blocks, cover_edges;
uint8_t *cover_seen;

static int kcov;
static unsigned long *area, base, size;
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

void cover_open(void)
{
	kcov = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	if (kcov < 0)
		die("no KCOV: %s", strerror(errno));
	if (ioctl(kcov, KCOV_INIT_TRACE, WORDS))
		die("KCOV_INIT_TRACE: %s", strerror(errno));
	area = mmap(NULL, WORDS * sizeof(*area), PROT_READ | PROT_WRITE,
		    MAP_SHARED, kcov, 0);
	if (area == MAP_FAILED)
		die("KCOV's area: %s", strerror(errno));
	find_module();
}

void cover_on(void)
{
	if (ioctl(kcov, KCOV_ENABLE, KCOV_TRACE_PC))
		die("KCOV_ENABLE: %s", strerror(errno));
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

unsigned int cover_end(void)
{
	unsigned long n = __atomic_load_n(&area[0], __ATOMIC_RELAXED), i, at;
	unsigned int fresh = 0;
	uint32_t before = 0;

	for (i = 1; i <= n && i < WORDS; i++) {
		at = area[i] - base;
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

unsigned int cover_note(uint32_t what)
{
	return set_bit(notes, what * 0x9e3779b1u >> 12);
}
