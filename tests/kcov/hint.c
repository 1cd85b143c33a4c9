// SPDX-License-Identifier: GPL-2.0
/*
 * What the module compared, told by KCOV: where a program has the one side of a
 * comparison, the other is put in its place. So it comes past checks of values that
 * chance does not guess.
 */
#include "kcov.h"

#define DER	16384

/* One of the places where @what is in @where; -1 when there is none. */
static long any_place(const uint8_t *where, size_t n, const uint8_t *what,
		      size_t len)
{
	size_t i, found = 0;
	long place = -1;

	for (i = 0; i + len <= n; i++)
		if (!memcmp(where + i, what, len) && random_one_in(++found))
			place = i;
	return place;
}

static void big_endian(uint64_t value, size_t len, uint8_t *out)
{
	while (len--) {
		out[len] = value;
		value >>= 8;
	}
}

/* In a chain: as edits, a byte each. */
static bool hint_chain(struct text_bytes *t, const struct bytes *chains,
		       const uint8_t *what, const uint8_t *with, size_t len)
{
	static uint8_t der[DER];
	char inside[TEXT], edits[128];
	const uint8_t *open = memchr(t->b, '{', t->n);
	const uint8_t *close = NULL;
	unsigned int number;
	size_t i, n, tail;
	int taken;
	char kind;
	long at;

	if (open)
		close = memchr(open, '}', t->b + t->n - open);
	if (!close)
		return false;
	memcpy(inside, open + 1, close - open - 1);
	inside[close - open - 1] = 0;
	if (sscanf(inside, "%c%u%n", &kind, &number, &taken) != 2 ||
	    (kind != 'd' && kind != 'h'))
		return false;
	n = chain_edit(chains[number % CHAINS], chains, inside + taken, der,
		       sizeof(der));
	at = any_place(der, n, what, len);
	if (at < 0)
		return false;
	for (i = n = 0; i < len; i++)
		n += sprintf(edits + n, " s %ld %u", at + (long)i, with[i]);
	if (t->n + n > TEXT)
		return false;
	tail = t->b + t->n - close;
	memmove(t->b + (close - t->b) + n, close, tail);
	memcpy(t->b + (close - t->b), edits, n);
	t->n += n;
	return true;
}

bool hint_apply(struct program *p, const struct bytes *chains,
		const struct compared *c)
{
	struct call *call = &p->call[random_below(p->n)];
	struct text_bytes *t = &call->text[random_below(TEXTS)];
	uint8_t what[8], with[8];
	long at;

	big_endian(c->one, c->len, what);
	big_endian(c->other, c->len, with);
	if (hint_chain(t, chains, what, with, c->len))
		return true;
	if ((uint32_t)call->number == c->one) {
		call->number = c->other;
		return true;
	}
	at = any_place(t->b, t->n, what, c->len);
	if (at < 0)
		return false;
	memcpy(t->b + at, with, c->len);
	return true;
}
