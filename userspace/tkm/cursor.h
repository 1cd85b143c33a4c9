/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads little-endian numbers and bytes in place, as firmware and IMA write them:
 * what kernel/marshal.c is for the TPM's own. What is asked for and is not there
 * makes it bad, and everything after that is zero or NULL.
 */
#ifndef TKM_CURSOR_H
#define TKM_CURSOR_H

#include "core.h"

struct cursor {
	const u8 *p;
	size_t len;
	bool bad;
};

static inline const u8 *cursor_bytes(struct cursor *c, size_t n)
{
	const u8 *p = c->p;

	if (c->bad || n > c->len) {
		c->bad = true;
		return NULL;
	}
	c->p += n;
	c->len -= n;
	return p;
}

/* @size 1 to 4 */
static inline u32 cursor_number(struct cursor *c, size_t size)
{
	const u8 *p = cursor_bytes(c, size);
	u32 v = 0;

	while (p && size--)
		v = v << 8 | p[size];
	return v;
}

/* A length of four bytes, and what it says; NULL for what is not there. */
static inline const u8 *cursor_sized(struct cursor *c, u32 *n)
{
	const u8 *p;

	*n = cursor_number(c, 4);
	p = cursor_bytes(c, *n);
	if (!p)
		*n = 0;
	return p;
}

#endif /* TKM_CURSOR_H */
