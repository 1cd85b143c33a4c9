// SPDX-License-Identifier: GPL-2.0
/*
 * Secrets for one TPM: what of TPM2_MakeCredential and TPM2_Duplicate needs no TPM.
 * TPM 2.0 Part 1, "Protected Storage" and annexes B.10 and C.6: a seed is
 * encrypted to a storage key, and keys come of it.
 */
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "attest.h"
#include "seed.h"

/* The longest label, with its zero. */
#define SEED_LABEL	16

/* ---- key derivation ---------------------------------------------------------- */

static int derive(const char *kdf_name, OSSL_PARAM *params, u8 *out, size_t len)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, kdf_name, NULL);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	int ret = ctx && EVP_KDF_derive(ctx, out, len, params) > 0 ? 0 : -EIO;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ret;
}

int seed_derive(const EVP_MD *md, const u8 *key, size_t key_len,
		const char *label, const void *context, size_t context_len,
		u8 *out, size_t len)
{
	OSSL_PARAM params[7], *p = params;

	*p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MAC,
						(char *)"HMAC", 0);
	*p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
						(char *)EVP_MD_get0_name(md), 0);
	*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)key,
						 key_len);
	*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT,
						 (void *)label, strlen(label));
	*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO,
						 (void *)context, context_len);
	*p = OSSL_PARAM_construct_end();
	return derive("KBKDF", params, out, len);
}

/* KDFe: SP 800-56A's one-step derivation. */
static int kdf_e(const EVP_MD *md, const u8 *shared, size_t shared_len,
		 const u8 *info, size_t info_len, u8 *out, size_t len)
{
	OSSL_PARAM params[4], *p = params;

	*p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
						(char *)EVP_MD_get0_name(md), 0);
	*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY,
						 (void *)shared, shared_len);
	*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO,
						 (void *)info, info_len);
	*p = OSSL_PARAM_construct_end();
	return derive("SSKDF", params, out, len);
}

/* ---- the seed ------------------------------------------------------------------- */

static int seed_rsa(EVP_PKEY *ek, const EVP_MD *md, const char *name,
		    const u8 *seed, size_t size, struct seed_secret *secret)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(ek, NULL);
	char *label = OPENSSL_strdup(name);
	size_t len = sizeof(secret->bytes);
	int ret = -EIO;

	if (ctx && label && EVP_PKEY_encrypt_init(ctx) > 0 &&
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0 &&
	    EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) > 0 &&
	    EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) > 0 &&
	    /* With its zero. It is the context's then. */
	    EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, label, (int)strlen(name) + 1) > 0) {
		label = NULL;
		if (EVP_PKEY_encrypt(ctx, secret->bytes, &len, seed, size) > 0)
			ret = 0;
	}
	secret->len = len;
	OPENSSL_free(label);
	EVP_PKEY_CTX_free(ctx);
	return ret;
}

static int coordinate(EVP_PKEY *key, const char *which, u8 *out, size_t size)
{
	BIGNUM *n = NULL;
	int ret = EVP_PKEY_get_bn_param(key, which, &n) &&
		  BN_bn2binpad(n, out, (int)size) == (int)size ? 0 : -EIO;

	BN_free(n);
	return ret;
}

static int agree(EVP_PKEY *own, EVP_PKEY *ek, u8 *out, size_t *len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
	int ret = ctx && EVP_PKEY_derive_init(ctx) > 0 &&
		  EVP_PKEY_derive_set_peer(ctx, ek) > 0 &&
		  EVP_PKEY_derive(ctx, out, len) > 0 ? 0 : -EIO;

	EVP_PKEY_CTX_free(ctx);
	return ret;
}

/* A key for once; its point is what the TPM gets. */
static int seed_ecc(EVP_PKEY *ek, u16 curve, const EVP_MD *md,
		    const char *label, u8 *seed, size_t size,
		    struct seed_secret *secret)
{
	EVP_PKEY *own = EVP_PKEY_Q_keygen(NULL, NULL, "EC",
					  curve == TPM_ECC_NIST_P384 ? "P-384" :
								       "P-256");
	u8 x[48], y[48], ek_x[48], shared[48], info[SEED_LABEL + 2 * 48];
	size_t n = tkm_curve_bytes(curve), shared_len = sizeof(shared);
	size_t label_len = strlen(label) + 1;
	struct tkm_writer w;
	int ret;

	if (!own || !n || label_len > SEED_LABEL) {
		EVP_PKEY_free(own);
		return -EIO;
	}
	ret = coordinate(own, OSSL_PKEY_PARAM_EC_PUB_X, x, n) ?:
	      coordinate(own, OSSL_PKEY_PARAM_EC_PUB_Y, y, n) ?:
	      coordinate(ek, OSSL_PKEY_PARAM_EC_PUB_X, ek_x, n) ?:
	      agree(own, ek, shared, &shared_len);
	EVP_PKEY_free(own);
	if (ret)
		return ret;
	memcpy(info, label, label_len);
	memcpy(info + label_len, x, n);
	memcpy(info + label_len + n, ek_x, n);
	tkm_writer_init(&w, secret->bytes, sizeof(secret->bytes));
	tkm_put_tpm2b(&w, x, n);
	tkm_put_tpm2b(&w, y, n);
	secret->len = w.len;
	ret = kdf_e(md, shared, shared_len, info, label_len + 2 * n, seed,
		    size);
	memzero_explicit(shared, sizeof(shared));
	return ret;
}

int seed_encrypt(const u8 *key, size_t bits, const u8 *in, size_t len, u8 *out)
{
	static const u8 zero[16];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	const EVP_CIPHER *cipher = bits == 128 ? EVP_aes_128_cfb128() :
				   bits == 256 ? EVP_aes_256_cfb128() : NULL;
	int n, ret = ctx && cipher &&
		     EVP_EncryptInit_ex(ctx, cipher, NULL, key, zero) > 0 &&
		     EVP_EncryptUpdate(ctx, out, &n, in, (int)len) > 0 ?
			     0 : -EIO;

	EVP_CIPHER_CTX_free(ctx);
	return ret;
}

int seed_make(const struct area *to, const char *label, u8 seed[EVP_MAX_MD_SIZE],
	      struct seed_secret *secret)
{
	const EVP_MD *md = area_hash(to->pub.nameAlg);
	EVP_PKEY *key = attest_key(&to->pub);
	size_t size = md ? (size_t)EVP_MD_get_size(md) : 0;
	int ret = -EIO;

	if (key && md && to->pub.type == TPM2_ALG_RSA)
		ret = RAND_bytes(seed, (int)size) == 1 ?
			      seed_rsa(key, md, label, seed, size, secret) : -EIO;
	else if (key && md)
		ret = seed_ecc(key, to->pub.parameters.eccDetail.curveID, md,
			       label, seed, size, secret);
	EVP_PKEY_free(key);
	return ret;
}
