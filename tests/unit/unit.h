/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * What the unit tests share: exactly sized copies, so that the address
 * sanitizer sees a read of one byte too many; vectors; walks over every
 * truncation and every flipped bit of an input.
 */
#ifndef TKM_UNIT_H
#define TKM_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include "core.h"

#include <cmocka.h>

/*
 * A copy that ends where its allocation ends. It does not begin there, so
 * that a copy of no bytes at all is out of bounds from its first one.
 */
#define EXACT_FRONT 16

static inline void *exact(const void *p, size_t n)
{
	u8 *block = malloc(EXACT_FRONT + n);

	assert_non_null(block);
	if (n)
		memcpy(block + EXACT_FRONT, p, n);
	return block + EXACT_FRONT;
}

static inline void exact_free(const void *p)
{
	free((u8 *)(uintptr_t)p - EXACT_FRONT);
}

struct bytes {
	u8 *p;
	size_t len;
};

static inline struct bytes bytes_of(const void *p, size_t n)
{
	return (struct bytes){ exact(p, n), n };
}

static inline struct bytes bytes_of_hex(const char *hex)
{
	size_t len = strlen(hex), i;
	u8 *raw = malloc(len / 2 + 1);
	struct bytes b;
	unsigned int v;

	for (i = 0; i < len / 2; i++) {
		assert_int_equal(sscanf(hex + 2 * i, "%2x", &v), 1);
		raw[i] = (u8)v;
	}
	b = bytes_of(raw, len / 2);
	free(raw);
	return b;
}

/* The value of @name in a file of "name = hex" lines; tests/data/gen-*. */
static inline bool vector_find(const char *file, const char *name,
			       struct bytes *out)
{
	static char line[65536];
	size_t n = strlen(name);
	bool found = false;
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", TEST_DATA, file);
	f = fopen(path, "r");
	assert_non_null(f);
	while (!found && fgets(line, sizeof(line), f)) {
		if (strncmp(line, name, n) || strncmp(line + n, " = ", 3))
			continue;
		line[strcspn(line, "\n")] = '\0';
		*out = bytes_of_hex(line + n + 3);
		found = true;
	}
	fclose(f);
	return found;
}

static inline struct bytes vector(const char *file, const char *name)
{
	struct bytes b = { 0 };

	if (!vector_find(file, name, &b))
		fail_msg("%s is not in %s", name, file);
	return b;
}

/* "@group.@i.@field", or "@group.@field" when @i is negative. */
static inline struct bytes vector_field(const char *file, const char *group,
					int i, const char *field)
{
	char name[100];

	if (i < 0)
		snprintf(name, sizeof(name), "%s.%s", group, field);
	else
		snprintf(name, sizeof(name), "%s.%d.%s", group, i, field);
	return vector(file, name);
}

static inline bool vector_exists(const char *file, const char *group, int i,
				 const char *field)
{
	struct bytes b;
	char name[100];

	snprintf(name, sizeof(name), "%s.%d.%s", group, i, field);
	if (!vector_find(file, name, &b))
		return false;
	exact_free(b.p);
	return true;
}

static inline void assert_bytes(struct bytes b, const void *p, size_t n)
{
	assert_int_equal(b.len, n);
	if (n)
		assert_memory_equal(b.p, p, n);
}

/* Calls @check with every shorter beginning of @p, exactly sized. */
static inline void each_truncation(const void *p, size_t n,
				   void (*check)(const u8 *q, size_t m))
{
	size_t m;

	for (m = 0; m < n; m++) {
		const u8 *q = exact(p, m);

		check(q, m);
		exact_free(q);
	}
}

/* Calls @check with every variant of @p that has one other bit. */
static inline void each_flip(const void *p, size_t n,
			     void (*check)(const u8 *q, size_t m))
{
	size_t bit;

	for (bit = 0; bit < 8 * n; bit++) {
		u8 *q = exact(p, n);

		q[bit / 8] ^= (u8)(1 << bit % 8);
		check(q, n);
		exact_free(q);
	}
}

#endif /* TKM_UNIT_H */
