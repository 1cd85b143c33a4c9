// SPDX-License-Identifier: GPL-2.0
/* Public keys: as OpenSSL has them, and as TPMs do. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "public.h"

/* sign, and userWithAuth, which says nothing of a key without a secret half. */
#define EXTERNAL_ATTRIBUTES 0x00040040
#define RSA_EXPONENT	65537
#define COORDINATE_MAX	48

/* ---- for OpenSSL ---------------------------------------------------------------- */

static EVP_PKEY *from_params(const char *type, OSSL_PARAM_BLD *build)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY *pkey = NULL;

	if (ctx && params && EVP_PKEY_fromdata_init(ctx) > 0 &&
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		pkey = NULL;
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

EVP_PKEY *public_rsa(struct tkm_piece modulus, u32 exponent)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *n = BN_bin2bn(modulus.data, (int)modulus.len, NULL);
	EVP_PKEY *pkey = NULL;

	if (build && n && modulus.len >= 2048 / 8 &&
	    (!exponent || exponent == RSA_EXPONENT) &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) &&
	    OSSL_PARAM_BLD_push_ulong(build, OSSL_PKEY_PARAM_RSA_E, RSA_EXPONENT))
		pkey = from_params("RSA", build);
	BN_free(n);
	OSSL_PARAM_BLD_free(build);
	return pkey;
}

EVP_PKEY *public_ec(u16 curve, struct tkm_piece x, struct tkm_piece y)
{
	u8 point[1 + 2 * COORDINATE_MAX] = { POINT_CONVERSION_UNCOMPRESSED };
	const char *group = curve == TPM_ECC_NIST_P256 ? "P-256" : "P-384";
	size_t size = tkm_curve_bytes(curve);
	EVP_PKEY *pkey = NULL;
	OSSL_PARAM_BLD *build;

	if (!size || x.len > size || y.len > size)
		return NULL;
	memcpy(point + 1 + size - x.len, x.data, x.len);
	memcpy(point + 1 + 2 * size - y.len, y.data, y.len);
	build = OSSL_PARAM_BLD_new();
	/* OpenSSL takes no point that is not on the curve. */
	if (build &&
	    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
					    group, 0) &&
	    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
					     point, 1 + 2 * size))
		pkey = from_params("EC", build);
	OSSL_PARAM_BLD_free(build);
	return pkey;
}

/* ---- for TPMs: keys that sign -------------------------------------------------- */

u16 public_curve(EVP_PKEY *pkey)
{
	char name[32] = "";

	EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, name,
				       sizeof(name), NULL);
	if (!strcmp(name, SN_X9_62_prime256v1) || !strcmp(name, "P-256"))
		return TPM_ECC_NIST_P256;
	if (!strcmp(name, SN_secp384r1) || !strcmp(name, "P-384"))
		return TPM_ECC_NIST_P384;
	return 0;
}

static int put_number(struct tkm_writer *w, EVP_PKEY *pkey, const char *what,
		      size_t size)
{
	u8 bytes[512];
	BIGNUM *n = NULL;
	int ret = -EOPNOTSUPP;

	if (size <= sizeof(bytes) && EVP_PKEY_get_bn_param(pkey, what, &n) &&
	    BN_bn2binpad(n, bytes, (int)size) == (int)size) {
		tkm_put_tpm2b(w, bytes, size);
		ret = 0;
	}
	BN_free(n);
	return ret;
}

static int put_rsa(struct tkm_writer *w, EVP_PKEY *pkey)
{
	int bits = EVP_PKEY_get_bits(pkey);
	BIGNUM *e = NULL;
	BN_ULONG exponent = 0;

	if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e))
		exponent = BN_get_word(e);
	BN_free(e);
	if ((bits != 2048 && bits != 3072) || exponent != RSA_EXPONENT)
		return -EOPNOTSUPP;
	tkm_put_u16(w, TPM_ALG_NULL);	/* symmetric */
	tkm_put_u16(w, TPM_ALG_NULL);	/* scheme */
	tkm_put_u16(w, (u16)bits);
	tkm_put_u32(w, 0);
	return put_number(w, pkey, OSSL_PKEY_PARAM_RSA_N, (size_t)bits / 8);
}

static int put_ec(struct tkm_writer *w, EVP_PKEY *pkey)
{
	u16 curve = public_curve(pkey);
	int ret;

	if (!curve)
		return -EOPNOTSUPP;
	tkm_put_u16(w, TPM_ALG_NULL);	/* symmetric */
	tkm_put_u16(w, TPM_ALG_NULL);	/* scheme */
	tkm_put_u16(w, curve);
	tkm_put_u16(w, TPM_ALG_NULL);	/* kdf */
	ret = put_number(w, pkey, OSSL_PKEY_PARAM_EC_PUB_X,
			 tkm_curve_bytes(curve));
	return ret ? ret : put_number(w, pkey, OSSL_PKEY_PARAM_EC_PUB_Y,
				      tkm_curve_bytes(curve));
}

ssize_t public_encode(EVP_PKEY *pkey, u8 *out, size_t size)
{
	bool rsa = EVP_PKEY_is_a(pkey, "RSA");
	struct tkm_writer w;
	int ret;

	if (!rsa && !EVP_PKEY_is_a(pkey, "EC"))
		return -EOPNOTSUPP;
	tkm_writer_init(&w, out, size);
	tkm_put_u16(&w, rsa ? TPM_ALG_RSA : TPM_ALG_ECC);
	tkm_put_u16(&w, TPM_ALG_SHA256);
	tkm_put_u32(&w, EXTERNAL_ATTRIBUTES);
	tkm_put_u16(&w, 0);		/* authPolicy */
	ret = rsa ? put_rsa(&w, pkey) : put_ec(&w, pkey);
	if (ret)
		return ret;
	return w.overflow ? -EMSGSIZE : (ssize_t)w.len;
}

static EVP_PKEY *get_rsa(struct tkm_reader *r)
{
	u16 bits = tkm_get_u16(r), len;
	u32 exponent = tkm_get_u32(r);
	const u8 *modulus = tkm_get_tpm2b(r, &len);

	if (!tkm_reader_done(r) || len * 8 != bits)
		return NULL;
	return public_rsa((struct tkm_piece){ modulus, len }, exponent);
}

static EVP_PKEY *get_ec(struct tkm_reader *r)
{
	u16 curve = tkm_get_u16(r), x_len, y_len;
	const u8 *x, *y;

	tkm_get_u16(r);			/* kdf */
	x = tkm_get_tpm2b(r, &x_len);
	y = tkm_get_tpm2b(r, &y_len);
	if (!tkm_reader_done(r))
		return NULL;
	return public_ec(curve, (struct tkm_piece){ x, x_len },
			 (struct tkm_piece){ y, y_len });
}

EVP_PKEY *public_decode(const u8 *pub, size_t len)
{
	struct tkm_reader r;
	u16 type, policy_len;

	tkm_reader_init(&r, pub, len);
	type = tkm_get_u16(&r);
	tkm_get_u16(&r);		/* nameAlg */
	tkm_get_u32(&r);		/* attributes */
	tkm_get_tpm2b(&r, &policy_len);
	/* Keys that only sign have neither. */
	if (tkm_get_u16(&r) != TPM_ALG_NULL || tkm_get_u16(&r) != TPM_ALG_NULL)
		return NULL;
	return type == TPM_ALG_RSA ? get_rsa(&r) :
	       type == TPM_ALG_ECC ? get_ec(&r) : NULL;
}

void public_name(const u8 *pub, size_t len, u8 name[TKM_NAME_SIZE])
{
	const struct tkm_piece all = { pub, len };

	put_unaligned_be16(TPM_ALG_SHA256, name);
	tkm_sha256(&all, 1, name + 2);
}
