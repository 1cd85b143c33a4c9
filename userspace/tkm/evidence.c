// SPDX-License-Identifier: GPL-2.0
/*
 * Evidence as an archive (POSIX, "ustar Interchange Format"). Of all that a header
 * can say, ours say a name and a size; any other header is another file's.
 */
#include <stdlib.h>

#include "attest.h"
#include "evidence.h"
#include "ima.h"

#define BLOCK	512

static const char version_name[] = "tkm-evidence";
static const char version[] = "1\n";

static const struct {
	const char *name;
	size_t max;
} parts[PARTS] = {
	[PART_AK] = { "ak.pub", sizeof(TPM2B_PUBLIC) },
	[PART_QUOTE] = { "quote.msg", sizeof(TPMS_ATTEST) },
	[PART_QUOTE_SIGNATURE] = { "quote.sig", sizeof(TPMT_SIGNATURE) },
	[PART_REGISTERS] = { "quote.pcrs", REGISTERS_FILE_MAX },
	[PART_EVENT_LOG] = { "event.log", EVENT_LOG_MAX },
	[PART_IMA] = { "ima.list", IMA_LIST_MAX },
	[PART_CERTIFICATE] = { "key.msg", sizeof(TPMS_ATTEST) },
	[PART_CERTIFICATE_SIGNATURE] = { "key.sig", sizeof(TPMT_SIGNATURE) },
	[PART_KEY] = { "key.chain", TKM_CHAIN_MAX },
};

size_t evidence_part_max(enum part part)
{
	return parts[part].max;
}

const char *evidence_part_name(enum part part)
{
	return parts[part].name;
}

/* ---- headers ----------------------------------------------------------------- */

static void put_octal(u8 *at, size_t digits, size_t v)
{
	at[digits] = 0;
	for (; digits--; v >>= 3)
		at[digits] = (u8)('0' + (v & 7));
}

static void write_header(const char *name, size_t size, u8 block[BLOCK])
{
	size_t sum = 0, i;

	memset(block, 0, BLOCK);
	memcpy(block, name, strlen(name));
	put_octal(block + 100, 7, 0644);
	put_octal(block + 108, 7, 0);		/* owner */
	put_octal(block + 116, 7, 0);		/* group */
	put_octal(block + 124, 11, size);
	put_octal(block + 136, 11, 0);		/* time */
	memset(block + 148, ' ', 8);
	block[156] = '0';			/* a file */
	memcpy(block + 257, "ustar\0" "00", 8);
	for (i = 0; i < BLOCK; i++)
		sum += block[i];
	put_octal(block + 148, 6, sum);
}

/* The size that a header says; it is ours when it is the header of that. */
static bool read_header(const u8 block[BLOCK], const char *name, size_t *size)
{
	u8 ours[BLOCK];
	size_t i;

	*size = 0;
	for (i = 124; i < 135; i++) {
		if (block[i] < '0' || block[i] > '7')
			return false;
		*size = *size << 3 | (size_t)(block[i] - '0');
	}
	write_header(name, *size, ours);
	return !memcmp(ours, block, BLOCK);
}

/* ---- reading ------------------------------------------------------------------ */

struct archive {
	const u8 *p;
	size_t len;
};

static bool is_zero(const u8 *p, size_t n)
{
	while (n--)
		if (*p++)
			return false;
	return true;
}

/*
 * The member of that name, if it is the next: 1, 0 if another is, -EBADMSG for one
 * that is cut, or too long.
 */
static int next_member(struct archive *a, const char *name, size_t max,
		       const u8 **p, size_t *len)
{
	size_t rest;

	if (a->len < BLOCK)
		return -EBADMSG;
	if (!read_header(a->p, name, len))
		return 0;
	rest = -*len % BLOCK;
	if (*len > max || *len + rest > a->len - BLOCK ||
	    !is_zero(a->p + BLOCK + *len, rest))
		return -EBADMSG;
	*p = a->p + BLOCK;
	a->p += BLOCK + *len + rest;
	a->len -= BLOCK + *len + rest;
	return 1;
}

int evidence_read(const u8 *p, size_t len, struct evidence *evidence)
{
	struct archive a = { p, len };
	const u8 *is;
	size_t n;
	int part, ret;

	memset(evidence, 0, sizeof(*evidence));
	ret = next_member(&a, version_name, 16, &is, &n);
	if (ret <= 0)
		return -EBADMSG;
	if (n != strlen(version) || memcmp(is, version, n))
		return -EOPNOTSUPP;
	for (part = 0; part < PARTS; part++) {
		ret = next_member(&a, parts[part].name, parts[part].max, &is,
				  &n);
		if (ret < 0)
			return ret;
		if (!ret)
			continue;
		evidence->part[part].p = is;
		evidence->part[part].len = n;
	}
	return a.len == 2 * BLOCK && is_zero(a.p, a.len) ? 0 : -EBADMSG;
}

/* ---- of a key ------------------------------------------------------------------ */

bool evidence_of_key(struct evidence *evidence, const char **why)
{
	int part, is = 0, others = 0;

	for (part = PART_QUOTE; part < PARTS; part++) {
		if (!evidence->part[part].p)
			continue;
		if (part < PART_CERTIFICATE)
			others++;
		else
			is++;
	}
	if (!is)
		return false;
	if (others)
		*why = "it is of registers and of a key";
	else if (is != PARTS - PART_CERTIFICATE)
		*why = "a part of the key's certificate is not there";
	evidence->part[PART_QUOTE] = evidence->part[PART_CERTIFICATE];
	evidence->part[PART_QUOTE_SIGNATURE] =
		evidence->part[PART_CERTIFICATE_SIGNATURE];
	return true;
}

int evidence_chain(const u8 *der, size_t len, u8 **out, size_t *out_len)
{
	static const u8 nothing[1];
	struct tkm_chain chain;
	unsigned int i;
	ssize_t n;
	int ret;

	ret = tkm_blob_decode(der, len, &chain);
	if (ret)
		return ret;
	/* One byte, for a private part is never empty. */
	for (i = 0; i < chain.n; i++) {
		chain.obj[i].priv = nothing;
		chain.obj[i].priv_len = sizeof(nothing);
	}
	*out = malloc(TKM_CHAIN_MAX);
	if (!*out)
		return -ENOMEM;
	n = tkm_blob_encode(&chain, *out, TKM_CHAIN_MAX);
	if (n < 0) {
		free(*out);
		return (int)n;
	}
	*out_len = (size_t)n;
	return 0;
}

/* ---- writing ------------------------------------------------------------------- */

static size_t rounded(size_t n)
{
	return n + -n % BLOCK;
}

static u8 *put_member(u8 *out, const char *name, const void *p, size_t len)
{
	write_header(name, len, out);
	memset(out + BLOCK, 0, rounded(len));
	if (len)
		memcpy(out + BLOCK, p, len);
	return out + BLOCK + rounded(len);
}

size_t evidence_size(const struct evidence *evidence)
{
	size_t size = BLOCK + rounded(strlen(version)) + 2 * BLOCK;
	int part;

	for (part = 0; part < PARTS; part++)
		if (evidence->part[part].p)
			size += BLOCK + rounded(evidence->part[part].len);
	return size;
}

void evidence_write(const struct evidence *evidence, u8 *out)
{
	int part;

	out = put_member(out, version_name, version, strlen(version));
	for (part = 0; part < PARTS; part++)
		if (evidence->part[part].p)
			out = put_member(out, parts[part].name,
					 evidence->part[part].p,
					 evidence->part[part].len);
	memset(out, 0, 2 * BLOCK);
}
