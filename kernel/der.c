// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * DER: the one spelling of an ASN.1 value. The reader goes down through readers that
 * end where their value ends; the writer goes backwards, from the last byte of the
 * last field, because a length stands in front of what it measures.
 */
#include "core.h"

/* ---- reading ------------------------------------------------------------ */

size_t tkm_der_length(struct tkm_reader *r)
{
	u8 first = tkm_get_u8(r);
	unsigned int n = first & 0x7f, i;
	u32 len = 0;

	if (first < 0x80)
		return first;
	if (!n || n > sizeof(len))
		r->bad = true;
	for (i = 0; i < n && !r->bad; i++)
		len = len << 8 | tkm_get_u8(r);
	if (len < 0x80 || (n > 1 && len >> 8 * (n - 1) == 0))
		r->bad = true;
	return len;
}

bool tkm_der_next_is(const struct tkm_reader *r, u8 tag)
{
	return !r->bad && r->len && r->data[0] == tag;
}

struct tkm_reader tkm_der_get(struct tkm_reader *r, u8 tag)
{
	struct tkm_reader content = { 0 };
	const u8 *p;
	size_t n;

	if (tkm_get_u8(r) != tag)
		r->bad = true;
	n = tkm_der_length(r);
	p = tkm_get_bytes(r, n);
	if (p)
		tkm_reader_init(&content, p, n);
	else
		content.bad = true;
	return content;
}

u64 tkm_der_number(struct tkm_reader *r, struct tkm_reader content, u64 max)
{
	const u8 *p = content.data;
	size_t n = content.len;
	u64 v = 0;

	if (content.bad || !n || n > sizeof(v) || p[0] & 0x80 ||
	    (n > 1 && !p[0] && !(p[1] & 0x80)))
		r->bad = true;
	for (; n && !r->bad; n--)
		v = v << 8 | *p++;
	if (v > max)
		r->bad = true;
	return r->bad ? 0 : v;
}

/* ---- writing, backwards -------------------------------------------------- */

void tkm_back_init(struct tkm_back *b, void *buf, size_t size)
{
	*b = (struct tkm_back){ .data = buf, .at = size, .end = size };
}

void tkm_back_bytes(struct tkm_back *b, const void *p, size_t n)
{
	if (b->overflow || n > b->at) {
		b->overflow = true;
		return;
	}
	b->at -= n;
	if (n)
		memcpy(b->data + b->at, p, n);
}

void tkm_back_u8(struct tkm_back *b, u8 v)
{
	tkm_back_bytes(b, &v, 1);
}

void tkm_back_header(struct tkm_back *b, u8 tag, size_t end)
{
	size_t n = end - b->at;
	u8 bytes = 0;

	if (n < 0x80) {
		tkm_back_u8(b, (u8)n);
	} else {
		for (; n; n >>= 8, bytes++)
			tkm_back_u8(b, (u8)n);
		tkm_back_u8(b, 0x80 | bytes);
	}
	tkm_back_u8(b, tag);
}

void tkm_back_value(struct tkm_back *b, u8 tag, const void *p, size_t n)
{
	size_t end = b->at;

	tkm_back_bytes(b, p, n);
	tkm_back_header(b, tag, end);
}

void tkm_back_number(struct tkm_back *b, u64 v)
{
	size_t end = b->at;
	u8 low;

	do {
		low = (u8)v;
		tkm_back_u8(b, low);
		v >>= 8;
	} while (v);
	if (low & 0x80) /* or it would be read as negative */
		tkm_back_u8(b, 0);
	tkm_back_header(b, TKM_DER_INTEGER, end);
}

ssize_t tkm_back_done(struct tkm_back *b)
{
	size_t n = b->end - b->at;

	if (b->overflow)
		return -EMSGSIZE;
	memmove(b->data, b->data + b->at, n);
	return (ssize_t)n;
}
