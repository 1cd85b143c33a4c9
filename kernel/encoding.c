// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * How signatures, ciphertexts and public keys look outside the TPM: the names
 * that keyctl_pkey_*(3) take, PKCS #1 (RFC 8017), ECDSA as X9.62 writes it,
 * and the SubjectPublicKeyInfo of X.509 (RFC 5280, 3279, 5480).
 *
 * The private half works in the TPM, which pads by itself. Here is what the
 * public half needs: padding before encryption, and the check of a signature's
 * padding. All of it works on public values, but for the message to encrypt.
 */
#include "core.h"

/* ---- names -------------------------------------------------------------- */

static const struct {
	const char *name;
	u16 hash;
	u8 size;
} hashes[] = {
	{ "sha1", TPM_ALG_SHA1, 20 },
	{ "sha256", TPM_ALG_SHA256, 32 },
	{ "sha384", TPM_ALG_SHA384, 48 },
	{ "sha512", TPM_ALG_SHA512, 64 },
};

unsigned int tkm_hash_size(u16 hash)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(hashes); i++)
		if (hashes[i].hash == hash)
			return hashes[i].size;
	return 0;
}

const char *tkm_hash_name(u16 hash)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(hashes); i++)
		if (hashes[i].hash == hash)
			return hashes[i].name;
	return NULL;
}

static const char *const encodings[] = {
	[TKM_ENC_RAW] = "raw",
	[TKM_ENC_PKCS1] = "pkcs1",
	[TKM_ENC_OAEP] = "oaep",
	[TKM_ENC_PSS] = "pss",
	[TKM_ENC_X962] = "x962",
	[TKM_ENC_ECDH] = "ecdh",
	[TKM_ENC_GCM] = "gcm",
	[TKM_ENC_SPKI] = "spki",
};

/* ";aad=<hex>", after gcm only. */
static int parse_aad(const char *text, struct tkm_encoding *e)
{
	static const char name[] = ";aad=";
	size_t i, len;

	if (!*text)
		return 0;
	if (e->enc != TKM_ENC_GCM || strncmp(text, name, sizeof(name) - 1))
		return -EINVAL;
	text += sizeof(name) - 1;
	len = strlen(text);
	if (!len || len % 2)
		return -EINVAL;
	for (i = 0; i < len; i++)
		if (!isxdigit((unsigned char)text[i]))
			return -EINVAL;
	e->aad = text;
	e->aad_len = len / 2;
	return 0;
}

int tkm_encoding_parse(const char *enc, const char *hash,
		       struct tkm_encoding *e)
{
	size_t len = strcspn(enc, ";"), i;

	memset(e, 0, sizeof(*e));
	for (i = 0; i < ARRAY_SIZE(encodings); i++)
		if (strlen(encodings[i]) == len &&
		    !memcmp(encodings[i], enc, len))
			break;
	if (i == ARRAY_SIZE(encodings))
		return -EINVAL;
	e->enc = i;
	if (hash) {
		for (i = 0; i < ARRAY_SIZE(hashes); i++)
			if (!strcmp(hashes[i].name, hash))
				e->hash = hashes[i].hash;
		if (!e->hash)
			return -EINVAL;
	}
	return parse_aad(enc + len, e);
}

/* ---- PKCS #1, version 1.5 ----------------------------------------------- */

/* DigestInfo up to the digest (RFC 8017, 9.2, note 1). */
static size_t digest_info(u16 hash, u8 out[19])
{
	/* 1.3.14.3.2.26 and 2.16.840.1.101.3.4.2.{1,2,3} */
	static const u8 sha1[] = { 0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b,
				   0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04,
				   0x14 };
	static const u8 sha2[] = { 0x30, 0x11, 0x30, 0x0d, 0x06, 0x09, 0x60,
				   0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
				   0x00, 0x05, 0x00, 0x04, 0x00 };
	u8 size = (u8)tkm_hash_size(hash);

	if (hash == TPM_ALG_SHA1) {
		memcpy(out, sha1, sizeof(sha1));
		return sizeof(sha1);
	}
	memcpy(out, sha2, sizeof(sha2));
	out[1] = (u8)(out[1] + size);
	out[14] = (u8)(hash - TPM_ALG_SHA256 + 1);
	out[18] = size;
	return sizeof(sha2);
}

int tkm_pkcs1_signed(u16 hash, const u8 *digest, u8 *out, size_t out_len)
{
	unsigned int size = tkm_hash_size(hash);
	size_t info_len, pad;
	u8 info[19];

	if (!size)
		return -EINVAL;
	info_len = digest_info(hash, info);
	if (out_len < 11 + info_len + size)
		return -EINVAL;
	/* 00 01 ff ... ff 00 DigestInfo */
	pad = out_len - 3 - info_len - size;
	out[0] = 0;
	out[1] = 1;
	memset(out + 2, 0xff, pad);
	out[2 + pad] = 0;
	memcpy(out + 3 + pad, info, info_len);
	memcpy(out + 3 + pad + info_len, digest, size);
	return 0;
}

int tkm_pkcs1_pad(const u8 *msg, size_t msg_len, const u8 *random, u8 *out,
		  size_t out_len)
{
	size_t pad;

	if (out_len < 11 || msg_len > out_len - 11)
		return -EINVAL;
	/* 00 02 random, none of it zero, 00 message */
	pad = out_len - 3 - msg_len;
	out[0] = 0;
	out[1] = 2;
	memcpy(out + 2, random, pad);
	out[2 + pad] = 0;
	if (msg_len)
		memcpy(out + 3 + pad, msg, msg_len);
	return memchr(out + 2, 0, pad) ? -EINVAL : 0;
}

/* ---- PSS ---------------------------------------------------------------- */

/* db: zeros, 1, salt; the salt is what is left, of any length. */
static const u8 *pss_salt(const u8 *db, size_t len, size_t *salt_len)
{
	size_t i = 0;

	while (i < len && !db[i])
		i++;
	if (i == len || db[i] != 1)
		return NULL;
	*salt_len = len - i - 1;
	return db + i + 1;
}

int tkm_pss_verify(const struct tkm_hasher *hasher, const u8 *digest, u8 *em,
		   size_t em_len)
{
	static const u8 zeros[8];
	const size_t size = hasher->size;
	u8 *h, expected[TKM_HASH_MAX];
	const u8 *salt;
	size_t db_len, salt_len = 0;

	/* The modulus has a multiple of 8 bits: emBits is one less. */
	if (em_len < size + 2 || em[em_len - 1] != 0xbc || em[0] & 0x80)
		return -EBADMSG;
	db_len = em_len - size - 1;
	h = em + db_len;
	tkm_mgf1_xor(hasher, h, size, em, db_len);
	em[0] &= 0x7f;
	salt = pss_salt(em, db_len, &salt_len);
	if (!salt)
		return -EBADMSG;
	tkm_hash(hasher,
		 (const struct tkm_piece[]){ { zeros, sizeof(zeros) },
					     { digest, size },
					     { salt, salt_len } },
		 3, expected);
	return memcmp(h, expected, size) ? -EBADMSG : 0;
}

/* ---- DER ---------------------------------------------------------------- */

/* Tag and length before @n bytes of content. */
static void put_header(struct tkm_writer *w, u8 tag, size_t n)
{
	tkm_put_u8(w, tag);
	if (n >= 0x100) {
		tkm_put_u8(w, 0x82);
		tkm_put_u16(w, (u16)n);
		return;
	}
	if (n >= 0x80)
		tkm_put_u8(w, 0x81);
	tkm_put_u8(w, (u8)n);
}

static size_t header_size(size_t n)
{
	return n < 0x80 ? 2 : n < 0x100 ? 3 : 4;
}

/* An unsigned number: without leading zeros, but for one before a high bit. */
static struct tkm_piece trim(const u8 *p, size_t n)
{
	while (n > 1 && !*p) {
		p++;
		n--;
	}
	return (struct tkm_piece){ p, n };
}

static size_t integer_size(struct tkm_piece v)
{
	size_t n = v.len + (*(const u8 *)v.data >> 7);

	return header_size(n) + n;
}

static void put_integer(struct tkm_writer *w, struct tkm_piece v)
{
	bool high = *(const u8 *)v.data >> 7;

	put_header(w, 0x02, v.len + high);
	if (high)
		tkm_put_u8(w, 0);
	tkm_put_bytes(w, v.data, v.len);
}

/* SEQUENCE { INTEGER a, INTEGER b }: an ECDSA signature, an RSA public key. */
static void put_pair(struct tkm_writer *w, struct tkm_piece a,
		     struct tkm_piece b)
{
	put_header(w, 0x30, integer_size(a) + integer_size(b));
	put_integer(w, a);
	put_integer(w, b);
}

static size_t pair_size(struct tkm_piece a, struct tkm_piece b)
{
	size_t n = integer_size(a) + integer_size(b);

	return header_size(n) + n;
}

ssize_t tkm_x962_encode(const u8 *r, const u8 *s, size_t n, u8 *out,
			size_t size)
{
	struct tkm_writer w;

	tkm_writer_init(&w, out, size);
	put_pair(&w, trim(r, n), trim(s, n));
	return w.overflow ? -EMSGSIZE : (ssize_t)w.len;
}

/* The length after a tag, shortest form, of at most 255 bytes. */
static size_t get_length(struct tkm_reader *r)
{
	size_t n = tkm_get_u8(r);

	if (n < 0x80)
		return n;
	if (n == 0x81) {
		n = tkm_get_u8(r);
		if (n >= 0x80)
			return n;
	}
	r->bad = true;
	return 0;
}

/* A positive INTEGER of at most @n bytes, as @n bytes. */
static void get_integer(struct tkm_reader *r, u8 *out, size_t n)
{
	const u8 *p;
	size_t len;

	if (tkm_get_u8(r) != 0x02)
		r->bad = true;
	len = get_length(r);
	p = tkm_get_bytes(r, len);
	if (!p || !len || p[0] & 0x80 ||
	    (len > 1 && !p[0] && !(p[1] & 0x80))) {
		r->bad = true;
		return;
	}
	if (!p[0]) {
		p++;
		len--;
	}
	if (len > n) {
		r->bad = true;
		return;
	}
	memset(out, 0, n - len);
	memcpy(out + n - len, p, len);
}

int tkm_x962_decode(const u8 *sig, size_t sig_len, u8 *r, u8 *s, size_t n)
{
	struct tkm_reader all, pair;
	const u8 *content;
	size_t len;

	tkm_reader_init(&all, sig, sig_len);
	if (tkm_get_u8(&all) != 0x30)
		return -EBADMSG;
	len = get_length(&all);
	content = tkm_get_bytes(&all, len);
	if (!content)
		return -EBADMSG;
	tkm_reader_init(&pair, content, len);
	get_integer(&pair, r, n);
	get_integer(&pair, s, n);
	return tkm_reader_done(&pair) ? 0 : -EBADMSG;
}

/* ---- public keys -------------------------------------------------------- */

unsigned int tkm_curve_bytes(u16 curve)
{
	return curve == TPM_ECC_NIST_P384 ? 48 : 32;
}

unsigned int tkm_public_bits(const struct tkm_public *pub)
{
	if (pub->type == TPM_ALG_RSA)
		return pub->rsa_bits;
	return 8 * tkm_curve_bytes(pub->curve);
}

void tkm_public_point(const struct tkm_public *pub, u8 *x, u8 *y)
{
	unsigned int n = tkm_curve_bytes(pub->curve);

	memset(x, 0, n);
	memset(y, 0, n);
	memcpy(x + n - pub->x_len, pub->x, pub->x_len);
	memcpy(y + n - pub->y_len, pub->y, pub->y_len);
}

static const u8 exponent[] = { 1, 0, 1 };

ssize_t tkm_rsa_public_key(const struct tkm_public *pub, u8 *out, size_t size)
{
	struct tkm_writer w;

	tkm_writer_init(&w, out, size);
	put_pair(&w, trim(pub->x, pub->x_len),
		 (struct tkm_piece){ exponent, sizeof(exponent) });
	return w.overflow ? -EMSGSIZE : (ssize_t)w.len;
}

static void put_rsa_info(struct tkm_writer *w, const struct tkm_public *pub)
{
	/* SEQUENCE { 1.2.840.113549.1.1.1, NULL } */
	static const u8 algorithm[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86,
					0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
					0x01, 0x05, 0x00 };
	const struct tkm_piece e = { exponent, sizeof(exponent) };
	struct tkm_piece n = trim(pub->x, pub->x_len);
	size_t bits = 1 + pair_size(n, e);

	put_header(w, 0x30, sizeof(algorithm) + header_size(bits) + bits);
	tkm_put_bytes(w, algorithm, sizeof(algorithm));
	put_header(w, 0x03, bits);
	tkm_put_u8(w, 0);
	put_pair(w, n, e);
}

static void put_ec_info(struct tkm_writer *w, const struct tkm_public *pub)
{
	/* SEQUENCE { 1.2.840.10045.2.1, 1.2.840.10045.3.1.7 or 1.3.132.0.34 } */
	static const u8 p256[] = { 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
				   0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
				   0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
	static const u8 p384[] = { 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48,
				   0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
				   0x81, 0x04, 0x00, 0x22 };
	bool large = pub->curve == TPM_ECC_NIST_P384;
	const u8 *algorithm = large ? p384 : p256;
	size_t algorithm_len = large ? sizeof(p384) : sizeof(p256);
	unsigned int n = tkm_curve_bytes(pub->curve);
	u8 point[2 * TKM_CURVE_MAX];

	tkm_public_point(pub, point, point + n);
	put_header(w, 0x30, algorithm_len + 2 + 2 + 2 * n);
	tkm_put_bytes(w, algorithm, algorithm_len);
	put_header(w, 0x03, 2 + 2 * n);
	tkm_put_u8(w, 0);
	tkm_put_u8(w, 4); /* uncompressed */
	tkm_put_bytes(w, point, 2 * n);
}

ssize_t tkm_public_info(const struct tkm_public *pub, u8 *out, size_t size)
{
	struct tkm_writer w;

	tkm_writer_init(&w, out, size);
	if (pub->type == TPM_ALG_RSA)
		put_rsa_info(&w, pub);
	else
		put_ec_info(&w, pub);
	return w.overflow ? -EMSGSIZE : (ssize_t)w.len;
}
