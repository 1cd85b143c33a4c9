/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * What the fuzz targets share: a property that must hold, exactly sized copies
 * for the address sanitizer, and the input read as a row of choices. Digests
 * that the core is compared with come from OpenSSL and not from crypt.c.
 */
#ifndef TKM_FUZZ_H
#define TKM_FUZZ_H

#include <stdlib.h>

#include "core.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

/* A property of the core; an input that breaks it is a find. */
#define must(condition)                                                     \
	do {                                                                \
		if (!(condition)) {                                         \
			fprintf(stderr, "%s:%d: does not hold: %s\n",       \
				__FILE__, __LINE__, #condition);            \
			abort();                                            \
		}                                                           \
	} while (0)

/*
 * A copy that ends where its allocation ends. It does not begin there, so
 * that of a copy of no bytes at all the first one is out of bounds.
 */
#define EXACT_FRONT 16

static inline void *exact(const void *p, size_t n)
{
	u8 *block = malloc(EXACT_FRONT + n);

	must(block);
	if (n && p)
		memcpy(block + EXACT_FRONT, p, n);
	return block + EXACT_FRONT;
}

static inline void exact_free(const void *p)
{
	free((u8 *)(uintptr_t)p - EXACT_FRONT);
}

static inline bool inside(const void *p, size_t n, const void *all, size_t len)
{
	return (uintptr_t)p >= (uintptr_t)all && n <= len &&
	       (uintptr_t)p - (uintptr_t)all <= len - n;
}

/* Choices; zeros once the input is used up. */
struct input {
	const u8 *p;
	size_t len;
};

static inline void take(struct input *in, void *out, size_t n)
{
	size_t have = min_t(size_t, n, in->len);

	memset(out, 0, n);
	if (have)
		memcpy(out, in->p, have);
	in->p += have;
	in->len -= have;
}

static inline u8 take_u8(struct input *in)
{
	u8 v;

	take(in, &v, 1);
	return v;
}

static inline u16 take_u16(struct input *in)
{
	u8 v[2];

	take(in, v, 2);
	return get_unaligned_be16(v);
}

static inline u32 take_u32(struct input *in)
{
	u8 v[4];

	take(in, v, 4);
	return get_unaligned_be32(v);
}

/* At most *n bytes in an exact copy; *n becomes how many there were. */
static inline u8 *take_exact(struct input *in, size_t *n)
{
	u8 *copy;

	*n = min_t(size_t, *n, in->len);
	copy = exact(in->p, *n);
	in->p += *n;
	in->len -= *n;
	return copy;
}

/* SHA-256 of what stands in @n pieces, by OpenSSL alone. */
static inline void digest_of(const struct tkm_piece *pieces, size_t n,
			     u8 out[32])
{
	SHA256_CTX ctx;
	size_t i;

	SHA256_Init(&ctx);
	for (i = 0; i < n; i++)
		SHA256_Update(&ctx, pieces[i].data, pieces[i].len);
	SHA256_Final(out, &ctx);
}

/* What a record's hash is, from Documentation and not from record.c. */
static inline void metadata_digest(const void *text, size_t len, u8 out[32])
{
	const struct tkm_piece pieces[] = {
		{ "tkm metadata v1", 15 }, { text, len },
	};

	digest_of(pieces, ARRAY_SIZE(pieces), out);
}

#endif /* TKM_FUZZ_H */
