// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * What a policy session ends in, computed without a TPM (TPM 2.0 Part 3,
 * TPM2_PolicyPCR, TPM2_PolicyAuthValue, TPM2_PolicyOR, TPM2_PolicyAuthorize,
 * TPM2_PolicyNV, TPM2_PolicyCommandCode), and the parameters of these commands
 * as the TSS2 key format stores them.
 *
 * Every command turns the digest before it into H(digest || command code ||
 * what it asserts); PolicyOR starts over from zeros, once the digest before
 * it is one of its branches, and so does PolicyAuthorize, once it is approved.
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

bool tkm_policy_or_has(const struct tkm_policy_element *el,
		       const u8 digest[32])
{
	struct tkm_piece branches[TKM_OR_MAX];
	u32 n = get_branches(el, branches);

	while (n--)
		if (!memcmp(branches[n].data, digest, TKM_SHA256_SIZE))
			return true;
	return false;
}

/* ---- PolicyAuthorize --------------------------------------------------- */

/* A pair of numbers on the curve, or one as long as the modulus. */
static int check_numbers(struct tkm_reader *r, const struct tkm_public *pub,
			 u16 alg)
{
	unsigned int i, count = pub->type == TPM_ALG_ECC ? 2 : 1;
	size_t max = pub->x_len;
	u16 n;

	if (pub->type == TPM_ALG_ECC ? alg != TPM_ALG_ECDSA :
	    alg != TPM_ALG_RSASSA && alg != TPM_ALG_RSAPSS)
		return -EBADMSG;
	if (pub->type == TPM_ALG_ECC)
		max = tkm_curve_bytes(pub->curve);
	for (i = 0; i < count; i++) {
		tkm_get_tpm2b(r, &n);
		if (!n || n > max || (count == 1 && n != max))
			return -EBADMSG;
	}
	return 0;
}

/* TPMT_SIGNATURE, up to the end; or TPM_ALG_NULL alone, which is none. */
static int get_signature(struct tkm_reader *r, const struct tkm_public *pub,
			 struct tkm_authorize *by)
{
	const u8 *start = r->data;
	size_t len = r->len;
	u16 alg = tkm_get_u16(r);
	u16 hash;
	int ret;

	if (r->bad)
		return -EBADMSG;
	if (alg == TPM_ALG_NULL)
		return tkm_reader_done(r) ? 0 : -EBADMSG;
	hash = tkm_get_u16(r);
	ret = check_numbers(r, pub, alg);
	if (ret || !tkm_reader_done(r))
		return -EBADMSG;
	/* The TPM signs and verifies with that of the key's Name. */
	if (hash != TPM_ALG_SHA256)
		return -EOPNOTSUPP;
	by->sig = start;
	by->sig_len = (u16)len;
	return 0;
}

static int authority(const u8 *p, size_t len, struct tkm_public *pub)
{
	int ret = tkm_public_decode(p, len, pub);

	if (ret)
		return ret;
	/* A template has no key yet. */
	if (!pub->x_len || (pub->type == TPM_ALG_ECC && !pub->y_len))
		return -EBADMSG;
	if (pub->type != TPM_ALG_ECC &&
	    (pub->type != TPM_ALG_RSA || pub->rsa_bits < 2048))
		return -EOPNOTSUPP;
	if (!(pub->attributes & TPM_OA_SIGN) || pub->sym_alg != TPM_ALG_NULL)
		return -EOPNOTSUPP;
	return 0;
}

int tkm_authority_check(const u8 *pub, size_t len)
{
	struct tkm_public decoded;

	return authority(pub, len, &decoded);
}

int tkm_authorize_decode(const struct tkm_policy_element *el,
			 struct tkm_authorize *by)
{
	struct tkm_public pub;
	struct tkm_reader r;
	u16 n;
	int ret;

	memset(by, 0, sizeof(*by));
	tkm_reader_init(&r, el->body, el->body_len);
	by->pub = tkm_get_tpm2b(&r, &by->pub_len);
	by->ref = tkm_get_tpm2b(&r, &n);
	if (r.bad || n != TKM_SHA256_SIZE)
		return -EBADMSG;
	ret = authority(by->pub, by->pub_len, &pub);
	return ret ? ret : get_signature(&r, &pub, by);
}

void tkm_authorize_encode(struct tkm_writer *w, struct tkm_piece pub,
			  const u8 ref[32])
{
	tkm_put_tpm2b(w, pub.data, pub.len);
	tkm_put_tpm2b(w, ref, TKM_SHA256_SIZE);
	tkm_put_u16(w, TPM_ALG_NULL);
}

static void authorized(const u8 name[TKM_NAME_SIZE], const u8 ref[32],
		       u8 digest[32])
{
	const struct tkm_piece last[] = {
		{ digest, TKM_SHA256_SIZE }, { ref, TKM_SHA256_SIZE },
	};

	memset(digest, 0, TKM_SHA256_SIZE);
	extend(digest, TPM_CC_POLICY_AUTHORIZE,
	       (struct tkm_piece){ name, TKM_NAME_SIZE },
	       (struct tkm_piece){ NULL, 0 });
	tkm_sha256(last, ARRAY_SIZE(last), digest);
}

void tkm_authorize_digest(struct tkm_piece pub, const u8 ref[32],
			  u8 digest[32])
{
	u8 name[TKM_NAME_SIZE];

	tkm_public_name(pub.data, pub.len, name);
	authorized(name, ref, digest);
}

/* Whoever approves is asked first, and signs elsewhere. */
static int play_authorize(const struct tkm_policy_element *el, bool first,
			  u8 digest[32])
{
	struct tkm_authorize by;
	int ret;

	ret = tkm_authorize_decode(el, &by);
	if (ret)
		return ret;
	if (!first || by.sig)
		return -EOPNOTSUPP;
	tkm_authorize_digest((struct tkm_piece){ by.pub, by.pub_len }, by.ref,
			     digest);
	return 0;
}

/* ---- PolicyNV ---------------------------------------------------------- */

int tkm_policy_nv_decode(const struct tkm_policy_element *el,
			 struct tkm_policy_nv *nv)
{
	struct tkm_reader r;
	u16 name_len, epoch_len, offset, operation;

	memset(nv, 0, sizeof(*nv));
	tkm_reader_init(&r, el->body, el->body_len);
	nv->index = tkm_get_u32(&r);
	nv->name = tkm_get_tpm2b(&r, &name_len);
	nv->epoch = tkm_get_tpm2b(&r, &epoch_len);
	offset = tkm_get_u16(&r);
	operation = tkm_get_u16(&r);
	if (!tkm_reader_done(&r) || nv->index >> 24 != TPM_HT_NV_INDEX ||
	    !name_len || !epoch_len)
		return -EBADMSG;
	if (name_len != TKM_NAME_SIZE ||
	    get_unaligned_be16(nv->name) != TPM_ALG_SHA256 ||
	    epoch_len != TKM_EPOCH_SIZE || offset || operation != TPM_EO_EQ)
		return -EOPNOTSUPP;
	return 0;
}

static int play_nv(const struct tkm_policy_element *el, u8 digest[32])
{
	static const u8 offset_and_operation[4] = { 0, 0, 0, TPM_EO_EQ };
	struct tkm_policy_nv nv;
	struct tkm_piece asserted[2];
	u8 args[TKM_SHA256_SIZE];
	int ret;

	ret = tkm_policy_nv_decode(el, &nv);
	if (ret)
		return ret;
	asserted[0] = (struct tkm_piece){ nv.epoch, TKM_EPOCH_SIZE };
	asserted[1] = (struct tkm_piece){ offset_and_operation,
					  sizeof(offset_and_operation) };
	tkm_sha256(asserted, ARRAY_SIZE(asserted), args);
	extend(digest, el->cc, (struct tkm_piece){ args, sizeof(args) },
	       (struct tkm_piece){ nv.name, TKM_NAME_SIZE });
	return 0;
}

/* One bank each: the registers have to be found among what can be read. */
static int play_approved_pcr(const struct tkm_policy_element *el,
			     u8 digest[32])
{
	struct tkm_policy_pcr pcr;
	struct tkm_pcrs pcrs;
	int ret;

	if (tkm_policy_pcr_decode(el, &pcr))
		return -EBADMSG;
	ret = tkm_pcrs_decode(pcr.selection, pcr.selection_len, &pcrs);
	return ret ? ret : play_pcr(el, digest);
}

int tkm_approved_digest(const struct tkm_policy *policy, u8 digest[32])
{
	const struct tkm_policy_element *el = policy->el;
	unsigned int i, pcrs = 0, nvs = 0;
	int ret = 0;

	memset(digest, 0, TKM_SHA256_SIZE);
	for (i = 0; i < policy->n && !ret; i++, el++) {
		if (el->cc == TPM_CC_POLICY_PCR) {
			ret = play_approved_pcr(el, digest);
			pcrs++;
		} else if (el->cc == TPM_CC_POLICY_NV) {
			ret = play_nv(el, digest);
			nvs++;
		} else {
			ret = -EOPNOTSUPP;
		}
	}
	if (ret)
		return ret;
	return pcrs && nvs <= 1 ? 0 : -EINVAL;
}

/* ---- a chain's --------------------------------------------------------- */

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
		case TPM_CC_POLICY_AUTHORIZE:
			ret = play_authorize(el, !i, digest);
			break;
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

void tkm_branches_encode(struct tkm_writer *w, const struct tkm_branches *b)
{
	unsigned int i;

	tkm_put_u32(w, b->n);
	for (i = 0; i < b->n; i++)
		tkm_put_tpm2b(w, b->digest[i], TKM_SHA256_SIZE);
}

void tkm_branches_digest(const struct tkm_branches *b, u8 digest[32])
{
	u8 code[4];
	const struct tkm_piece pieces[] = {
		{ zeros, sizeof(zeros) },
		{ code, sizeof(code) },
		{ b->digest, b->n * sizeof(b->digest[0]) },
	};

	if (b->n == 1) {
		memcpy(digest, b->digest[0], TKM_SHA256_SIZE);
		return;
	}
	put_unaligned_be32(TPM_CC_POLICY_OR, code);
	tkm_sha256(pieces, ARRAY_SIZE(pieces), digest);
}

/* ---- moving ------------------------------------------------------------ */

void tkm_duplicate_ref(u8 ref[32])
{
	/* The zero byte is the string's own. */
	static const char text[] = "tkm duplicate v1";
	const struct tkm_piece piece = { text, sizeof(text) };

	tkm_sha256(&piece, 1, ref);
}

void tkm_duplicate_digest(const u8 authority[TKM_NAME_SIZE], u8 digest[32])
{
	u8 ref[TKM_SHA256_SIZE], code[4];

	tkm_duplicate_ref(ref);
	authorized(authority, ref, digest);
	put_unaligned_be32(TPM_CC_DUPLICATE, code);
	extend(digest, TPM_CC_POLICY_COMMAND_CODE,
	       (struct tkm_piece){ code, sizeof(code) },
	       (struct tkm_piece){ NULL, 0 });
}

void tkm_duplication_select_digest(const u8 object[TKM_NAME_SIZE],
				   const u8 parent[TKM_NAME_SIZE],
				   u8 digest[32])
{
	static const u8 included = 1;
	u8 code[4];
	const struct tkm_piece pieces[] = {
		{ zeros, sizeof(zeros) },
		{ code, sizeof(code) },
		{ object, TKM_NAME_SIZE },
		{ parent, TKM_NAME_SIZE },
		{ &included, 1 },
	};

	put_unaligned_be32(TPM_CC_POLICY_DUPLICATION_SELECT, code);
	tkm_sha256(pieces, ARRAY_SIZE(pieces), digest);
}

bool tkm_policy_same_guard(const struct tkm_policy *a,
			   const struct tkm_policy *b)
{
	unsigned int i;

	if (a->n != b->n)
		return false;
	for (i = 0; i + 1 < a->n; i++)
		if (a->el[i].cc != b->el[i].cc ||
		    a->el[i].body_len != b->el[i].body_len ||
		    (a->el[i].body_len &&
		     memcmp(a->el[i].body, b->el[i].body, a->el[i].body_len)))
			return false;
	return true;
}

bool tkm_policy_has(const struct tkm_policy *policy, u32 cc)
{
	unsigned int i;

	for (i = 0; i < policy->n; i++)
		if (policy->el[i].cc == cc)
			return true;
	return false;
}
