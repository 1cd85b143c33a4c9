// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * Bytes of TPM structures, in and out.
 *
 * A writer and a reader with sticky errors, so that code which builds a
 * command or takes an answer apart reads as the list of its fields and checks
 * once; and the one structure that tkm must understand in detail, the public
 * area of an object.
 */
#include "core.h"

void tkm_writer_init(struct tkm_writer *w, void *buf, size_t size)
{
	w->data = buf;
	w->size = size;
	w->len = 0;
	w->overflow = false;
}

/* Where the next @n bytes go, or NULL once something did not fit. */
static u8 *claim(struct tkm_writer *w, size_t n)
{
	u8 *p;

	if (w->overflow || n > w->size - w->len) {
		w->overflow = true;
		return NULL;
	}
	p = w->data + w->len;
	w->len += n;
	return p;
}

void tkm_put_u8(struct tkm_writer *w, u8 v)
{
	u8 *p = claim(w, 1);

	if (p)
		*p = v;
}

void tkm_put_u16(struct tkm_writer *w, u16 v)
{
	u8 *p = claim(w, 2);

	if (p)
		put_unaligned_be16(v, p);
}

void tkm_put_u32(struct tkm_writer *w, u32 v)
{
	u8 *p = claim(w, 4);

	if (p)
		put_unaligned_be32(v, p);
}

void tkm_put_bytes(struct tkm_writer *w, const void *p, size_t n)
{
	u8 *to;

	/* Nothing may come with a NULL pointer, which memcpy() must not see. */
	if (!n)
		return;
	to = claim(w, n);
	if (to)
		memcpy(to, p, n);
}

void tkm_put_hex(struct tkm_writer *w, const u8 *p, size_t n)
{
	static const char hex[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < n; i++) {
		tkm_put_u8(w, (u8)hex[p[i] >> 4]);
		tkm_put_u8(w, (u8)hex[p[i] & 15]);
	}
}

void tkm_put_tpm2b(struct tkm_writer *w, const void *p, size_t n)
{
	if (n > 0xffff) {
		w->overflow = true;
		return;
	}
	tkm_put_u16(w, (u16)n);
	tkm_put_bytes(w, p, n);
}

size_t tkm_put_tpm2b_begin(struct tkm_writer *w)
{
	size_t begin = w->len;

	tkm_put_u16(w, 0);
	return begin;
}

void tkm_put_tpm2b_end(struct tkm_writer *w, size_t begin)
{
	size_t n;

	if (w->overflow)
		return;
	n = w->len - begin - 2;
	if (n > 0xffff) {
		w->overflow = true;
		return;
	}
	put_unaligned_be16((u16)n, w->data + begin);
}

void tkm_reader_init(struct tkm_reader *r, const void *buf, size_t len)
{
	r->data = buf;
	r->len = len;
	r->bad = false;
}

const u8 *tkm_get_bytes(struct tkm_reader *r, size_t n)
{
	const u8 *p = r->data;

	if (r->bad || n > r->len) {
		r->bad = true;
		return NULL;
	}
	if (n) {
		r->data += n;
		r->len -= n;
	}
	return p;
}

u8 tkm_get_u8(struct tkm_reader *r)
{
	const u8 *p = tkm_get_bytes(r, 1);

	return p ? *p : 0;
}

u16 tkm_get_u16(struct tkm_reader *r)
{
	const u8 *p = tkm_get_bytes(r, 2);

	return p ? get_unaligned_be16(p) : 0;
}

u32 tkm_get_u32(struct tkm_reader *r)
{
	const u8 *p = tkm_get_bytes(r, 4);

	return p ? get_unaligned_be32(p) : 0;
}

const u8 *tkm_get_tpm2b(struct tkm_reader *r, u16 *n)
{
	u16 size = tkm_get_u16(r);
	const u8 *p = tkm_get_bytes(r, size);

	*n = p ? size : 0;
	return p;
}

int tkm_get_number(struct tkm_reader *r, u8 *out, size_t size)
{
	u16 n;
	const u8 *p = tkm_get_tpm2b(r, &n);

	if (!p)
		return -EIO;
	while (n > size && !*p) {
		p++;
		n--;
	}
	if (n > size)
		return -EIO;
	memset(out, 0, size - n);
	memcpy(out + size - n, p, n);
	return 0;
}

bool tkm_reader_done(const struct tkm_reader *r)
{
	return !r->bad && !r->len;
}

/*
 * The decoder checks after each selector, because what follows it cannot be
 * told apart without knowing it.
 */
static int decode_symmetric(struct tkm_reader *r, struct tkm_public *pub)
{
	pub->sym_alg = tkm_get_u16(r);
	if (r->bad)
		return -EBADMSG;
	if (pub->sym_alg == TPM_ALG_NULL)
		return 0;
	if (pub->sym_alg != TPM_ALG_AES)
		return -EOPNOTSUPP;

	pub->sym_bits = tkm_get_u16(r);
	pub->sym_mode = tkm_get_u16(r);
	if (r->bad)
		return -EBADMSG;
	if (pub->sym_bits != 128 || pub->sym_mode != TPM_ALG_CFB)
		return -EOPNOTSUPP;
	return 0;
}

/* A scheme other than null would be followed by details of its own. */
static int decode_null_scheme(struct tkm_reader *r)
{
	u16 scheme = tkm_get_u16(r);

	if (r->bad)
		return -EBADMSG;
	return scheme == TPM_ALG_NULL ? 0 : -EOPNOTSUPP;
}

static int decode_ecc(struct tkm_reader *r, struct tkm_public *pub)
{
	int ret;

	ret = decode_symmetric(r, pub);
	if (ret)
		return ret;
	ret = decode_null_scheme(r);
	if (ret)
		return ret;
	pub->curve = tkm_get_u16(r);
	if (r->bad)
		return -EBADMSG;
	if (pub->curve != TPM_ECC_NIST_P256 && pub->curve != TPM_ECC_NIST_P384)
		return -EOPNOTSUPP;
	ret = decode_null_scheme(r); /* of key derivation */
	if (ret)
		return ret;

	pub->x = tkm_get_tpm2b(r, &pub->x_len);
	pub->y = tkm_get_tpm2b(r, &pub->y_len);
	return pub->x_len > tkm_curve_bytes(pub->curve) ||
	       pub->y_len > tkm_curve_bytes(pub->curve) ? -EBADMSG : 0;
}

static int decode_rsa(struct tkm_reader *r, struct tkm_public *pub)
{
	int ret;

	ret = decode_symmetric(r, pub);
	if (ret)
		return ret;
	ret = decode_null_scheme(r);
	if (ret)
		return ret;
	pub->rsa_bits = tkm_get_u16(r);
	pub->rsa_exponent = tkm_get_u32(r);
	if (r->bad)
		return -EBADMSG;
	if (!pub->rsa_exponent)
		pub->rsa_exponent = 65537;
	if (pub->rsa_exponent != 65537)
		return -EOPNOTSUPP;

	pub->x = tkm_get_tpm2b(r, &pub->x_len);
	return !pub->x_len || pub->x_len * 8 != pub->rsa_bits ? -EBADMSG : 0;
}

static int decode_keyedhash(struct tkm_reader *r, struct tkm_public *pub)
{
	int ret;

	pub->sym_alg = TPM_ALG_NULL;
	ret = decode_null_scheme(r);
	if (ret)
		return ret;

	/* The digest that binds the data; empty in a template. */
	pub->x = tkm_get_tpm2b(r, &pub->x_len);
	return pub->x_len && pub->x_len != TKM_SHA256_SIZE ? -EBADMSG : 0;
}

static int decode_by_type(struct tkm_reader *r, struct tkm_public *pub)
{
	switch (pub->type) {
	case TPM_ALG_ECC:
		return decode_ecc(r, pub);
	case TPM_ALG_RSA:
		return decode_rsa(r, pub);
	case TPM_ALG_KEYEDHASH:
		return decode_keyedhash(r, pub);
	default:
		return -EOPNOTSUPP;
	}
}

int tkm_public_decode(const u8 *p, size_t n, struct tkm_public *pub)
{
	struct tkm_reader r;
	int ret;

	memset(pub, 0, sizeof(*pub));
	tkm_reader_init(&r, p, n);
	pub->type = tkm_get_u16(&r);
	pub->name_alg = tkm_get_u16(&r);
	pub->attributes = tkm_get_u32(&r);
	if (r.bad)
		return -EBADMSG;
	if (pub->name_alg != TPM_ALG_SHA256)
		return -EOPNOTSUPP;

	pub->policy = tkm_get_tpm2b(&r, &pub->policy_len);
	if (r.bad || (pub->policy_len && pub->policy_len != TKM_SHA256_SIZE))
		return -EBADMSG;
	pub->scheme = TPM_ALG_NULL;
	ret = decode_by_type(&r, pub);
	if (ret)
		return ret;
	return tkm_reader_done(&r) ? 0 : -EBADMSG;
}

static void encode_symmetric(struct tkm_writer *w,
			     const struct tkm_public *pub)
{
	tkm_put_u16(w, pub->sym_alg);
	if (pub->sym_alg == TPM_ALG_NULL)
		return;
	tkm_put_u16(w, pub->sym_bits);
	tkm_put_u16(w, pub->sym_mode);
}

static void encode_ecc(struct tkm_writer *w, const struct tkm_public *pub)
{
	encode_symmetric(w, pub);
	tkm_put_u16(w, pub->scheme);
	tkm_put_u16(w, pub->curve);
	tkm_put_u16(w, TPM_ALG_NULL); /* key derivation scheme */
	tkm_put_tpm2b(w, pub->x, pub->x_len);
	tkm_put_tpm2b(w, pub->y, pub->y_len);
}

static void encode_rsa(struct tkm_writer *w, const struct tkm_public *pub)
{
	encode_symmetric(w, pub);
	tkm_put_u16(w, pub->scheme);
	tkm_put_u16(w, pub->rsa_bits);
	/* Zero is how the TCG's templates spell the usual exponent. */
	tkm_put_u32(w, pub->rsa_exponent == 65537 ? 0 : pub->rsa_exponent);
	tkm_put_tpm2b(w, pub->x, pub->x_len);
}

void tkm_public_encode(struct tkm_writer *w, const struct tkm_public *pub)
{
	tkm_put_u16(w, pub->type);
	tkm_put_u16(w, pub->name_alg);
	tkm_put_u32(w, pub->attributes);
	tkm_put_tpm2b(w, pub->policy, pub->policy_len);
	switch (pub->type) {
	case TPM_ALG_ECC:
		encode_ecc(w, pub);
		break;
	case TPM_ALG_RSA:
		encode_rsa(w, pub);
		break;
	case TPM_ALG_KEYEDHASH:
		tkm_put_u16(w, pub->scheme);
		tkm_put_tpm2b(w, pub->x, pub->x_len);
		break;
	default:
		/* No such structure: nothing that could be used by mistake. */
		w->overflow = true;
	}
}

void tkm_public_parms(struct tkm_writer *w, const struct tkm_public *pub)
{
	tkm_put_u16(w, pub->type);
	encode_symmetric(w, pub);
	tkm_put_u16(w, pub->scheme);
	if (pub->type == TPM_ALG_RSA) {
		tkm_put_u16(w, pub->rsa_bits);
		tkm_put_u32(w, 0);
	} else {
		tkm_put_u16(w, pub->curve);
		tkm_put_u16(w, TPM_ALG_NULL);
	}
}

void tkm_public_name(const u8 *p, size_t n, u8 name[TKM_NAME_SIZE])
{
	struct tkm_piece public = { p, n };

	put_unaligned_be16(TPM_ALG_SHA256, name);
	tkm_sha256(&public, 1, name + 2);
}
