// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * Public areas: what is decoded encodes to the same bytes, nothing longer or
 * shorter is taken for it, and what the encoder writes of any struct the
 * decoder either refuses or reads as that struct.
 */
#include <openssl/x509.h>

#include "fuzz.h"

/* What core.h promises of one that is decoded. */
static void is_sound(const struct tkm_public *pub, const u8 *p, size_t len)
{
	bool ecc = pub->type == TPM_ALG_ECC, rsa = pub->type == TPM_ALG_RSA;
	size_t size = pub->curve == TPM_ECC_NIST_P384 ? 48 : 32;

	must(ecc || rsa || pub->type == TPM_ALG_KEYEDHASH);
	must(pub->name_alg == TPM_ALG_SHA256 && pub->scheme == TPM_ALG_NULL);
	must(!pub->policy_len || pub->policy_len == 32);
	must(pub->sym_alg == TPM_ALG_NULL ||
	     ((ecc || rsa) && pub->sym_alg == TPM_ALG_AES &&
	      pub->sym_bits == 128 && pub->sym_mode == TPM_ALG_CFB));
	must(!ecc || pub->curve == TPM_ECC_NIST_P256 ||
	     pub->curve == TPM_ECC_NIST_P384);
	must(!ecc || (pub->x_len <= size && pub->y_len <= size));
	must(!rsa || (pub->rsa_exponent == 65537 && pub->x_len &&
		      pub->x_len * 8 == pub->rsa_bits));
	must(ecc || rsa || !pub->x_len || pub->x_len == 32);
	must(inside(pub->policy, pub->policy_len, p, len));
	must(inside(pub->x, pub->x_len, p, len));
	must(!ecc || inside(pub->y, pub->y_len, p, len));
}

static void same(const struct tkm_public *a, const struct tkm_public *b)
{
	must(a->type == b->type && a->name_alg == b->name_alg);
	must(a->attributes == b->attributes && a->scheme == b->scheme);
	must(a->policy_len == b->policy_len && a->x_len == b->x_len);
	must(!a->policy_len || !memcmp(a->policy, b->policy, a->policy_len));
	must(!a->x_len || !memcmp(a->x, b->x, a->x_len));
	if (a->type == TPM_ALG_KEYEDHASH)
		return;
	must(a->sym_alg == b->sym_alg);
	must(a->sym_alg == TPM_ALG_NULL || a->sym_bits == b->sym_bits);
	must(a->sym_alg == TPM_ALG_NULL || a->sym_mode == b->sym_mode);
	must(a->type != TPM_ALG_RSA || a->rsa_bits == b->rsa_bits);
	must(a->type != TPM_ALG_ECC || a->curve == b->curve);
	must(a->type != TPM_ALG_ECC || a->y_len == b->y_len);
	must(a->type != TPM_ALG_ECC || !a->y_len ||
	     !memcmp(a->y, b->y, a->y_len));
}

/* The exponent, which has two spellings, is the only freedom there is. */
static void encodes_to_itself(const struct tkm_public *pub, const u8 *p,
			      size_t len)
{
	static const u8 spelled[] = { 0, 1, 0, 1 };
	size_t at = 10 + pub->policy_len + (pub->sym_alg ==
					    TPM_ALG_NULL ? 6 : 10);
	u8 *out = exact(NULL, len);
	struct tkm_public again;
	struct tkm_writer w;

	tkm_writer_init(&w, out, len);
	tkm_public_encode(&w, pub);
	must(!w.overflow && w.len == len);
	must(!tkm_public_decode(out, len, &again));
	same(&again, pub);
	if (pub->type == TPM_ALG_RSA && !memcmp(p + at, spelled, 4))
		memcpy(out + at, spelled, 4);
	must(!memcmp(out, p, len));
	tkm_writer_init(&w, out, len - 1);
	tkm_public_encode(&w, pub);
	must(w.overflow);
	must(tkm_public_decode(p, len - 1, &again));
	exact_free(out);
}

/* Parameters alone are the area's middle; an exponent is never spelled out. */
static void has_its_parms(const struct tkm_public *pub, const u8 *p)
{
	size_t at = 10 + pub->policy_len, n = 8;
	struct tkm_writer w;
	u8 *out;

	if (pub->type == TPM_ALG_KEYEDHASH)
		return;
	n += pub->sym_alg == TPM_ALG_NULL ? 0 : 4;
	n += pub->type == TPM_ALG_RSA ? 2 : 0;
	out = exact(NULL, 2 + n);
	tkm_writer_init(&w, out, 2 + n);
	tkm_public_parms(&w, pub);
	must(!w.overflow && w.len == 2 + n);
	must(!memcmp(out, p, 2));
	must(!memcmp(out + 2, p + at, pub->type == TPM_ALG_RSA ? n - 4 : n));
	exact_free(out);
}

/* Whoever has the parts of a public key: OpenSSL reads what is written. */
static void is_written_for_others(const struct tkm_public *pub)
{
	u8 out[4096], short_out[TKM_SPKI_MAX];
	const u8 *at = out;
	X509_PUBKEY *key;
	ssize_t n;

	if (pub->type == TPM_ALG_KEYEDHASH)
		return;
	n = tkm_public_info(pub, out, sizeof(out));
	if (pub->x_len > sizeof(out) / 2)
		return;
	must(n > 0);
	key = d2i_X509_PUBKEY(NULL, &at, (long)n);
	must(key && at == out + n);
	X509_PUBKEY_free(key);
	must(tkm_public_info(pub, out, (size_t)n - 1) == -EMSGSIZE);
	if (pub->x_len <= TKM_RSA_MAX)
		must(tkm_public_info(pub, short_out, sizeof(short_out)) == n);
}

static void any_struct(const u8 *data, size_t len)
{
	static const u16 types[] = { TPM_ALG_RSA, TPM_ALG_KEYEDHASH,
				     TPM_ALG_ECC, TPM_ALG_AES };
	struct input in = { data, len };
	size_t policy_len, x_len, y_len;
	struct tkm_public pub, again;
	struct tkm_writer w;
	u8 out[4096], *p, *x, *y;
	int ret;

	memset(&pub, 0, sizeof(pub));
	pub.type = types[take_u8(&in) % 4];
	pub.name_alg = TPM_ALG_SHA256 + (take_u8(&in) == 1);
	pub.attributes = take_u32(&in);
	pub.scheme = take_u8(&in) == 1 ? take_u16(&in) : TPM_ALG_NULL;
	pub.sym_alg = take_u8(&in) % 2 ? TPM_ALG_AES : TPM_ALG_NULL;
	pub.sym_bits = take_u8(&in);
	pub.sym_mode = TPM_ALG_CFB + (take_u8(&in) == 1);
	pub.curve = take_u8(&in);
	pub.rsa_bits = take_u16(&in);
	pub.rsa_exponent = take_u8(&in) == 1 ? take_u32(&in) : 65537;
	policy_len = take_u8(&in) % 2 ? 32 : take_u8(&in);
	x_len = take_u16(&in) % 600;
	y_len = take_u8(&in);
	pub.policy = p = take_exact(&in, &policy_len);
	pub.x = x = take_exact(&in, &x_len);
	pub.y = y = take_exact(&in, &y_len);
	pub.policy_len = (u16)policy_len;
	pub.x_len = (u16)x_len;
	pub.y_len = (u16)y_len;
	tkm_writer_init(&w, out, sizeof(out));
	tkm_public_encode(&w, &pub);
	must(w.overflow == (pub.type == TPM_ALG_AES));
	ret = w.overflow ? 1 : tkm_public_decode(out, w.len, &again);
	if (!ret)
		same(&again, &pub);
	exact_free(p);
	exact_free(x);
	exact_free(y);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	u8 *p = exact(data, len), name[TKM_NAME_SIZE], digest[32];
	struct tkm_public pub;
	int ret = tkm_public_decode(p, len, &pub);

	must(ret == 0 || ret == -EBADMSG || ret == -EOPNOTSUPP);
	if (!ret) {
		is_sound(&pub, p, len);
		encodes_to_itself(&pub, p, len);
		has_its_parms(&pub, p);
		is_written_for_others(&pub);
	}
	tkm_public_name(p, len, name);
	digest_of(&(struct tkm_piece){ p, len }, 1, digest);
	must(name[0] == 0 && name[1] == 0x0b && !memcmp(name + 2, digest, 32));
	any_struct(data, len);
	exact_free(p);
	return 0;
}
