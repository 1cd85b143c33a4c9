// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * PEM (RFC 7468) of chains: a block for each object, the way certificate chains
 * are kept; and the one value of DER that the module takes.
 */
#include <stdlib.h>

#include <libtkm.h>

#include "core.h"

#define BEGIN	"-----BEGIN TSS2 PRIVATE KEY-----"
#define END	"-----END TSS2 PRIVATE KEY-----"
#define LINE	64

/* ---- DER: heads of values, no more --------------------------------------- */

/*
 * One value at the front of @der: its whole length, and where its content
 * begins. Definite, shortest lengths of at most two bytes, as in chains.
 */
static int der_value(const u8 *der, size_t len, size_t *whole, size_t *head)
{
	size_t n;

	if (len < 2)
		return -EBADMSG;
	if (der[1] < 0x80) {
		*head = 2;
		n = der[1];
	} else if (der[1] == 0x81 && len >= 3 && der[2] >= 0x80) {
		*head = 3;
		n = der[2];
	} else if (der[1] == 0x82 && len >= 4 && der[2]) {
		*head = 4;
		n = get_unaligned_be16(der + 2);
	} else {
		return -EBADMSG;
	}
	if (n > len - *head)
		return -EBADMSG;
	*whole = *head + n;
	return 0;
}

/* A single object begins with its type, a chain with an object. */
static int der_objects(const u8 *der, size_t len, bool *flat, size_t *head)
{
	size_t whole;

	if (!len || der[0] != TKM_DER_SEQUENCE ||
	    der_value(der, len, &whole, head) || whole != len || *head == len)
		return -EBADMSG;
	*flat = der[*head] != TKM_DER_SEQUENCE;
	return 0;
}

/* ---- writing -------------------------------------------------------------- */

static void put_block(FILE *f, const u8 *der, size_t len)
{
	u8 line[LINE + 1];
	size_t n;

	fprintf(f, BEGIN "\n");
	for (; len; der += n, len -= n) {
		n = len < LINE / 4 * 3 ? len : LINE / 4 * 3;
		EVP_EncodeBlock(line, der, (int)n);
		fprintf(f, "%s\n", line);
	}
	fprintf(f, END "\n");
}

static int put_chain(FILE *f, const u8 *der, size_t len)
{
	size_t head, whole, at;
	bool flat;
	int ret;

	ret = der_objects(der, len, &flat, &head);
	if (ret)
		return ret;
	if (flat) {
		put_block(f, der, len);
		return 0;
	}
	for (at = head; at < len; at += whole) {
		if (der[at] != TKM_DER_SEQUENCE)
			return -EBADMSG;
		ret = der_value(der + at, len - at, &whole, &head);
		if (ret)
			return ret;
		put_block(f, der + at, whole);
	}
	return 0;
}

int libtkm_pem_write(const void *der, size_t len, char **pem)
{
	size_t size;
	FILE *f;
	int ret;

	*pem = NULL;
	if (len > TKM_CHAIN_MAX)
		return -E2BIG;
	f = open_memstream(pem, &size);
	if (!f)
		return -ENOMEM;
	ret = put_chain(f, der, len);
	if (fclose(f) && !ret)
		ret = -ENOMEM;
	if (ret) {
		free(*pem);
		*pem = NULL;
	}
	return ret;
}

/* ---- reading -------------------------------------------------------------- */

static int digit_value(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

/*
 * What base64 says: white space is nothing, "=" stands only at the end, and
 * the bits that it leaves over are zero.
 */
static ssize_t decode(const char *p, const char *end, u8 *out, size_t size)
{
	unsigned int bits = 0, held = 0, digits = 0, pads = 0;
	size_t len = 0;
	int v;

	for (; p < end; p++) {
		if (isspace((unsigned char)*p))
			continue;
		if (*p == '=' && digits % 4 + pads >= 2 && pads < 2) {
			pads++;
			continue;
		}
		v = digit_value(*p);
		if (v < 0 || pads)
			return -EBADMSG;
		digits++;
		bits = (bits << 6 | (unsigned int)v) & 0xfff;
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		if (len == size)
			return -E2BIG;
		out[len++] = (u8)(bits >> held);
	}
	if ((digits + pads) % 4 || (bits & ((1U << held) - 1)))
		return -EBADMSG;
	return (ssize_t)len;
}

static const char *find(const char *p, const char *end, const char *what)
{
	return p ? memmem(p, (size_t)(end - p), what, strlen(what)) : NULL;
}

/* The next block into @out; 0 when there is none. */
static ssize_t next_block(const char **pem, const char *end, u8 *out,
			  size_t size)
{
	const char *begin = find(*pem, end, BEGIN), *stop;
	size_t whole, head;
	ssize_t len;

	if (!begin)
		return 0;
	begin += strlen(BEGIN);
	stop = find(begin, end, END);
	if (!stop)
		return -EBADMSG;
	*pem = stop + strlen(END);
	len = decode(begin, stop, out, size);
	if (len < 0)
		return len;
	/* Just one object in it. */
	if (!len || out[0] != TKM_DER_SEQUENCE ||
	    der_value(out, (size_t)len, &whole, &head) || whole != (size_t)len)
		return -EBADMSG;
	return len;
}

/* In front of the objects: the sequence that they are. */
static size_t put_head(u8 *der, size_t content)
{
	size_t n = 0;

	der[n++] = TKM_DER_SEQUENCE;
	if (content > 0xff)
		der[n++] = 0x82;
	else if (content > 0x7f)
		der[n++] = 0x81;
	if (content > 0xff)
		der[n++] = (u8)(content >> 8);
	der[n++] = (u8)content;
	return n;
}

/* All blocks one after the other, behind room for a head. */
static ssize_t read_blocks(const char *pem, size_t len, u8 *out, size_t size,
			   unsigned int *blocks)
{
	const char *end = pem + len;
	size_t got = 0;
	ssize_t n;

	for (*blocks = 0; ; ++*blocks) {
		n = next_block(&pem, end, out + got, size - got);
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	if (n < 0)
		return n;
	if (!*blocks)
		return -ENOMSG;
	if (*blocks > TKM_CHAIN_OBJECTS)
		return -EBADMSG;
	return (ssize_t)got;
}

int libtkm_pem_read(const char *pem, size_t len, uint8_t **der,
		    size_t *der_len)
{
	u8 objects[TKM_CHAIN_MAX - 4], head[4], *out;
	unsigned int blocks;
	size_t head_len = 0;
	ssize_t n;

	*der = NULL;
	n = read_blocks(pem, len, objects, sizeof(objects), &blocks);
	if (n < 0)
		return (int)n;
	out = malloc((size_t)n + sizeof(head));
	if (!out)
		return -ENOMEM;
	if (blocks > 1)
		head_len = put_head(head, (size_t)n);
	memcpy(out, head, head_len);
	memcpy(out + head_len, objects, (size_t)n);
	*der = out;
	*der_len = head_len + (size_t)n;
	return 0;
}
