// SPDX-License-Identifier: GPL-2.0
/*
 * Chains with edits, as words with numbers:
 *
 *	f BIT		a bit turned
 *	s AT VALUE	a byte set
 *	c N		cut to N bytes
 *	i AT VALUE	a byte put in
 *	x AT N		N bytes taken out
 *	p I CHAIN J	the DER value I in the place of which J of CHAIN stands
 *	r I		left out
 *	t I		doubled
 *	b I AT VALUE	a byte of its content
 *
 * Values are counted as they begin, from the outside in; the last four keep the
 * lengths around them right, so that a parser goes on behind them. All numbers
 * count modulo what there is.
 */
#include "kcov.h"

#define ROOM	16384
#define VALUES	256

struct value {
	size_t at, header, len;	/* len: of header and content */
};

struct bytes_out {
	uint8_t *p;
	size_t n, size;
};

static void put(struct bytes_out *out, const uint8_t *p, size_t n)
{
	if (n > out->size - out->n)
		n = out->size - out->n;
	memcpy(out->p + out->n, p, n);
	out->n += n;
}

/* Header and whole length of a value at @p; false where there is none. */
static bool read_header(const uint8_t *p, size_t n, size_t *header, size_t *len)
{
	size_t content, bytes, i;

	if (n < 2)
		return false;
	content = p[1];
	*header = 2;
	if (content >= 0x80) {
		bytes = content & 0x7f;
		if (!bytes || bytes > 2 || n < 2 + bytes)
			return false;
		for (i = content = 0; i < bytes; i++)
			content = content << 8 | p[2 + i];
		*header += bytes;
	}
	*len = *header + content;
	return *len <= n;
}

static bool is_made_of_values(uint8_t tag)
{
	return tag & 0x20;
}

static unsigned int list_values(const uint8_t *p, size_t from, size_t to,
				struct value *v, unsigned int n)
{
	while (n < VALUES && from < to) {
		v[n].at = from;
		if (!read_header(p + from, to - from, &v[n].header, &v[n].len))
			break;
		from += v[n].len;
		n++;
		if (is_made_of_values(p[v[n - 1].at]))
			n = list_values(p, v[n - 1].at + v[n - 1].header, from,
					v, n);
	}
	return n;
}

static void put_value(struct bytes_out *out, uint8_t tag, const uint8_t *p,
		      size_t n)
{
	uint8_t header[4] = { tag, n };
	size_t size = 2;

	if (n >= 0x100) {
		header[1] = 0x82;
		header[2] = n >> 8;
		header[3] = n;
		size = 4;
	} else if (n >= 0x80) {
		header[1] = 0x81;
		header[2] = n;
		size = 3;
	}
	put(out, header, size);
	put(out, p, n);
}

/* @p again, where the value at @hole is @with, and lengths around it follow. */
static void rebuild(const uint8_t *p, size_t from, size_t to, size_t hole,
		    const struct bytes *with, struct bytes_out *out)
{
	uint8_t *room;
	struct bytes_out inside;
	size_t header, len;

	while (from < to) {
		if (!read_header(p + from, to - from, &header, &len)) {
			put(out, p + from, to - from);
			return;
		}
		if (from == hole) {
			put(out, with->p, with->n);
		} else if (from < hole && hole < from + len) {
			room = malloc(ROOM);
			inside = (struct bytes_out){ room, 0, ROOM };
			rebuild(p, from + header, from + len, hole, with,
				&inside);
			put_value(out, p[from], room, inside.n);
			free(room);
		} else {
			put(out, p + from, len);
		}
		from += len;
	}
}

/* One edit of values. */
static void edit_value(const struct bytes *chains, char verb, const long *a,
		       struct bytes_out *der)
{
	static struct value mine[VALUES], theirs[VALUES];
	uint8_t with[2 * ROOM], fresh[ROOM];
	struct bytes_out out = { fresh, 0, ROOM };
	struct bytes new = { with, 0 };
	const struct bytes *other;
	unsigned int n, m;
	struct value v;

	n = list_values(der->p, 0, der->n, mine, 0);
	if (!n)
		return;
	v = mine[a[0] % n];
	switch (verb) {
	case 'p':
		other = &chains[a[1] % CHAINS];
		m = list_values(other->p, 0, other->n, theirs, 0);
		if (!m)
			return;
		new.n = theirs[a[2] % m].len;
		memcpy(with, other->p + theirs[a[2] % m].at, new.n);
		break;
	case 't':
		memcpy(with, der->p + v.at, v.len);
		memcpy(with + v.len, der->p + v.at, v.len);
		new.n = 2 * v.len;
		break;
	case 'b':
		memcpy(with, der->p + v.at, v.len);
		new.n = v.len;
		if (v.len > v.header)
			with[v.header + a[1] % (v.len - v.header)] = a[2];
		break;
	}
	rebuild(der->p, 0, der->n, v.at, &new, &out);
	memcpy(der->p, fresh, out.n);
	der->n = out.n;
}

static void edit_bytes(char verb, const long *a, struct bytes_out *der)
{
	size_t at, n;

	if (verb == 'c') {
		der->n = a[0] % (der->n + 1);
		return;
	}
	if (!der->n)
		return;
	at = a[0] % der->n;
	switch (verb) {
	case 'f':
		at = a[0] / 8 % der->n;
		der->p[at] ^= 1 << a[0] % 8;
		break;
	case 's':
		der->p[at] = a[1];
		break;
	case 'i':
		if (der->n == der->size)
			break;
		memmove(der->p + at + 1, der->p + at, der->n - at);
		der->p[at] = a[1];
		der->n++;
		break;
	case 'x':
		n = a[1] % (der->n - at) + 1;
		memmove(der->p + at, der->p + at + n, der->n - at - n);
		der->n -= n;
		break;
	}
}

size_t chain_edit(struct bytes start, const struct bytes *chains,
		  const char *edits, uint8_t *out, size_t size)
{
	static uint8_t room[ROOM];
	struct bytes_out der = { room, 0, ROOM };
	int taken, n;
	long a[3];
	char verb;

	put(&der, start.p, start.n);
	while (sscanf(edits, " %c%n", &verb, &taken) == 1) {
		edits += taken;
		memset(a, 0, sizeof(a));
		for (n = 0; n < 3; n++) {
			if (sscanf(edits, " %ld%n", &a[n], &taken) != 1)
				break;
			edits += taken;
		}
		for (n = 0; n < 3; n++)
			a[n] &= 0xffffff;
		if (strchr("prtb", verb))
			edit_value(chains, verb, a, &der);
		else
			edit_bytes(verb, a, &der);
	}
	if (der.n > size)
		der.n = size;
	memcpy(out, der.p, der.n);
	return der.n;
}

size_t chain_edit_make(char *out, size_t size)
{
	static const char verbs[] = "fffsscixpppprtbbb";
	char verb = verbs[random_below(sizeof(verbs) - 1)];

	switch (verb) {
	case 'f':
		return snprintf(out, size, " f %u", random_below(8 * 2048));
	case 'c':
		return snprintf(out, size, " c %u", random_below(2048));
	case 's':
	case 'i':
		return snprintf(out, size, " %c %u %u", verb,
				random_below(2048), random_below(256));
	case 'x':
		return snprintf(out, size, " x %u %u", random_below(2048),
				random_below(32));
	case 'p':
		return snprintf(out, size, " p %u %u %u", random_below(64),
				random_below(CHAINS), random_below(64));
	case 'b':
		return snprintf(out, size, " b %u %u %u", random_below(64),
				random_below(256), random_below(256));
	default:
		return snprintf(out, size, " %c %u", verb, random_below(64));
	}
}
