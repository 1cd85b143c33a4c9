// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * What a policy session ends in, computed without a TPM (TPM 2.0 Part 3,
 * TPM2_PolicyPCR, TPM2_PolicyAuthValue, TPM2_PolicyOR), and the parameters of
 * these commands as the TSS2 key format stores them.
 *
 * Every command turns the digest before it into H(digest || command code ||
 * what it asserts); PolicyOR starts over from zeros, once the digest before
 * it is one of its branches.
 */
#include "core.h"

/* PCRs of one bank; the fourth byte is for TPMs with more than 24. */
#define SELECT_MAX	4

static const u8 zeros[TKM_SHA256_SIZE];

/* One TPMS_PCR_SELECTION; its bitmap as a number, lowest register lowest. */
static u16 get_bank(struct tkm_reader *r, u32 *mask)
{
	u16 bank = tkm_get_u16(r);
	u8 n = tkm_get_u8(r);
	const u8 *bits;
	u8 i;

	*mask = 0;
	if (!n || n > SELECT_MAX)
		r->bad = true;
	bits = tkm_get_bytes(r, n);
	for (i = 0; bits && i < n; i++)
		*mask |= (u32)bits[i] << (8 * i);
	/* A bank of which nothing is chosen would assert nothing. */
	if (!*mask)
		r->bad = true;
	return bank;
}

/* Steps over a TPML_PCR_SELECTION; its length, or 0 when it is none. */
static size_t skip_selection(struct tkm_reader *r)
{
	size_t before = r->len;
	u32 n = tkm_get_u32(r);
	u32 mask;

	if (!n)
		r->bad = true;
	while (n-- && !r->bad)
		get_bank(r, &mask);
	return r->bad ? 0 : before - r->len;
}

int tkm_policy_pcr_decode(const struct tkm_policy_element *el,
			  struct tkm_policy_pcr *pcr)
{
	struct tkm_reader r;
	bool digest_first;

	memset(pcr, 0, sizeof(*pcr));
	tkm_reader_init(&r, el->body, el->body_len);
	/* A selection begins with its count, which is never that large. */
	digest_first = el->body_len >= 2 &&
		       get_unaligned_be16(el->body) == TKM_SHA256_SIZE;
	if (digest_first) {
		tkm_get_u16(&r);
		pcr->digest = tkm_get_bytes(&r, TKM_SHA256_SIZE);
	}
	pcr->selection = r.data;
	pcr->selection_len = (u16)skip_selection(&r);
	if (!digest_first)
		pcr->digest = tkm_get_bytes(&r, TKM_SHA256_SIZE);
	return tkm_reader_done(&r) ? 0 : -EBADMSG;
}

int tkm_pcrs_decode(const u8 *selection, size_t len, struct tkm_pcrs *pcrs)
{
	struct tkm_reader r;

	memset(pcrs, 0, sizeof(*pcrs));
	tkm_reader_init(&r, selection, len);
	if (!skip_selection(&r) || !tkm_reader_done(&r))
		return -EBADMSG;

	tkm_reader_init(&r, selection, len);
	if (tkm_get_u32(&r) != 1)
		return -EOPNOTSUPP;
	pcrs->bank = get_bank(&r, &pcrs->mask);
	if (pcrs->mask >= BIT(24))
		return -EOPNOTSUPP;
	switch (pcrs->bank) {
	case TPM_ALG_SHA1:
	case TPM_ALG_SHA256:
	case TPM_ALG_SHA384:
	case TPM_ALG_SHA512:
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

void tkm_pcrs_encode(struct tkm_writer *w, const struct tkm_pcrs *pcrs)
{
	tkm_put_u32(w, 1);
	tkm_put_u16(w, pcrs->bank);
	tkm_put_u8(w, 3);
	tkm_put_u8(w, (u8)pcrs->mask);
	tkm_put_u8(w, (u8)(pcrs->mask >> 8));
	tkm_put_u8(w, (u8)(pcrs->mask >> 16));
}

void tkm_policy_or_encode(struct tkm_writer *w, const u8 a[32], const u8 b[32])
{
	tkm_put_u32(w, 2);
	tkm_put_tpm2b(w, a, TKM_SHA256_SIZE);
	tkm_put_tpm2b(w, b, TKM_SHA256_SIZE);
}

/* digest = H(digest || cc || a || b) */
static void extend(u8 digest[32], u32 cc, struct tkm_piece a,
		   struct tkm_piece b)
{
	u8 code[4];
	const struct tkm_piece pieces[] = {
		{ digest, TKM_SHA256_SIZE }, { code, sizeof(code) }, a, b,
	};

	put_unaligned_be32(cc, code);
	tkm_sha256(pieces, ARRAY_SIZE(pieces), digest);
}

static int play_pcr(const struct tkm_policy_element *el, u8 digest[32])
{
	struct tkm_policy_pcr pcr;

	if (tkm_policy_pcr_decode(el, &pcr))
		return -EBADMSG;
	extend(digest, el->cc,
	       (struct tkm_piece){ pcr.selection, pcr.selection_len },
	       (struct tkm_piece){ pcr.digest, TKM_SHA256_SIZE });
	return 0;
}

static int play_auth_value(const struct tkm_policy_element *el, u8 digest[32])
{
	if (el->body_len)
		return -EBADMSG;
	extend(digest, el->cc, (struct tkm_piece){ NULL, 0 },
	       (struct tkm_piece){ NULL, 0 });
	return 0;
}

/* Reads the branches; how many, or 0 when the body is not of that shape. */
static u32 get_branches(const struct tkm_policy_element *el,
			struct tkm_piece branches[TKM_OR_MAX])
{
	struct tkm_reader r;
	u32 n, i;
	u16 len;

	tkm_reader_init(&r, el->body, el->body_len);
	n = tkm_get_u32(&r);
	if (n < 2 || n > TKM_OR_MAX)
		return 0;
	for (i = 0; i < n; i++) {
		branches[i].data = tkm_get_tpm2b(&r, &len);
		branches[i].len = len;
		if (len != TKM_SHA256_SIZE)
			return 0;
	}
	return tkm_reader_done(&r) ? n : 0;
}

static int play_or(const struct tkm_policy_element *el, u8 digest[32])
{
	/* Two pieces in front of the branches: zeros and the command code. */
	struct tkm_piece pieces[2 + TKM_OR_MAX];
	u8 code[4];
	u32 n, i;

	n = get_branches(el, pieces + 2);
	for (i = 0; i < n; i++)
		if (!memcmp(pieces[2 + i].data, digest, TKM_SHA256_SIZE))
			break;
	if (i == n)
		return -EBADMSG;

	put_unaligned_be32(el->cc, code);
	pieces[0] = (struct tkm_piece){ zeros, sizeof(zeros) };
	pieces[1] = (struct tkm_piece){ code, sizeof(code) };
	tkm_sha256(pieces, 2 + n, digest);
	return 0;
}

int tkm_policy_digest(const struct tkm_policy *policy, u8 digest[32])
{
	const struct tkm_policy_element *el = policy->el;
	unsigned int i;
	int ret = 0;

	memset(digest, 0, TKM_SHA256_SIZE);
	if (policy->n > TKM_POLICY_MAX)
		return -EBADMSG;
	for (i = 0; i < policy->n && !ret; i++, el++) {
		switch (el->cc) {
		case TPM_CC_POLICY_PCR:
			ret = play_pcr(el, digest);
			break;
		case TPM_CC_POLICY_AUTH_VALUE:
			ret = play_auth_value(el, digest);
			break;
		case TPM_CC_POLICY_OR:
			ret = play_or(el, digest);
			break;
		default:
			ret = -EOPNOTSUPP;
		}
	}
	return ret;
}

void tkm_policy_or_digest(const u8 a[32], const u8 b[32], u8 digest[32])
{
	u8 code[4];
	const struct tkm_piece pieces[] = {
		{ zeros, sizeof(zeros) },
		{ code, sizeof(code) },
		{ a, TKM_SHA256_SIZE },
		{ b, TKM_SHA256_SIZE },
	};

	put_unaligned_be32(TPM_CC_POLICY_OR, code);
	tkm_sha256(pieces, ARRAY_SIZE(pieces), digest);
}

bool tkm_policy_has(const struct tkm_policy *policy, u32 cc)
{
	unsigned int i;

	for (i = 0; i < policy->n; i++)
		if (policy->el[i].cc == cc)
			return true;
	return false;
}
