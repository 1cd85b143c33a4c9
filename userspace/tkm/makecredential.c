// SPDX-License-Identifier: GPL-2.0
/*
 * TPM2_MakeCredential without a TPM. TPM 2.0 Part 1, "Credential Protection" and
 * annexes B.10.4 and C.6.1: a seed is encrypted to the endorsement key; of it come a
 * key for the secret, and one for an HMAC over that and the Name of the key which
 * the TPM has to have.
 */
#include <openssl/core_names.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "attest.h"
#include "trust.h"

#define LABEL	"IDENTITY"

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

/* KDFa: SP 800-108 in counter mode with HMAC. */
static int kdf_a(const EVP_MD *md, const u8 *key, size_t key_len,
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

static int seed_rsa(EVP_PKEY *ek, const EVP_MD *md, const u8 *seed, size_t size,
		    struct challenge *challenge)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(ek, NULL);
	char *label = OPENSSL_strdup(LABEL);
	size_t len = sizeof(challenge->secret);
	int ret = -EIO;

	if (ctx && label && EVP_PKEY_encrypt_init(ctx) > 0 &&
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0 &&
	    EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) > 0 &&
	    EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) > 0 &&
	    /* With its zero. It is the context's then. */
	    EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, label, sizeof(LABEL)) > 0) {
		label = NULL;
		if (EVP_PKEY_encrypt(ctx, challenge->secret, &len, seed, size) > 0)
			ret = 0;
	}
	challenge->secret_len = len;
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
static int seed_ecc(EVP_PKEY *ek, u16 curve, const EVP_MD *md, u8 *seed,
		    size_t size, struct challenge *challenge)
{
	EVP_PKEY *own = EVP_PKEY_Q_keygen(NULL, NULL, "EC",
					  curve == TPM_ECC_NIST_P384 ? "P-384" :
								       "P-256");
	u8 x[48], y[48], ek_x[48], shared[48], info[sizeof(LABEL) + 2 * 48];
	size_t n = tkm_curve_bytes(curve), shared_len = sizeof(shared);
	struct tkm_writer w;
	int ret;

	if (!own || !n) {
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
	memcpy(info, LABEL, sizeof(LABEL));
	memcpy(info + sizeof(LABEL), x, n);
	memcpy(info + sizeof(LABEL) + n, ek_x, n);
	tkm_writer_init(&w, challenge->secret, sizeof(challenge->secret));
	tkm_put_tpm2b(&w, x, n);
	tkm_put_tpm2b(&w, y, n);
	challenge->secret_len = w.len;
	ret = kdf_e(md, shared, shared_len, info, sizeof(LABEL) + 2 * n, seed,
		    size);
	memzero_explicit(shared, sizeof(shared));
	return ret;
}

/* ---- the secret ------------------------------------------------------------------ */

static int encrypt(const u8 *key, size_t bits, const u8 *in, size_t len, u8 *out)
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

/* TPM2B_DIGEST integrityHMAC || encIdentity. */
static int seal_secret(const struct area *ek, const EVP_MD *md, const u8 *seed,
		       const u8 *name, size_t name_len, const u8 *secret,
		       size_t secret_len, struct challenge *challenge)
{
	size_t size = (size_t)EVP_MD_get_size(md), len = 2 + secret_len;
	u16 bits = ek->pub.parameters.asymDetail.symmetric.keyBits.aes;
	u8 key[EVP_MAX_MD_SIZE], plain[2 + 32], both[2 + 32 + AREA_NAME_MAX];
	unsigned int n = 0;
	int ret;

	if (secret_len > 32 || name_len > AREA_NAME_MAX ||
	    2 + size + len > sizeof(challenge->id))
		return -EIO;
	put_unaligned_be16((u16)secret_len, plain);
	memcpy(plain + 2, secret, secret_len);
	ret = kdf_a(md, seed, size, "STORAGE", name, name_len, key, bits / 8) ?:
	      encrypt(key, bits, plain, len, both) ?:
	      kdf_a(md, seed, size, "INTEGRITY", NULL, 0, key, size);
	if (ret)
		return ret;
	memcpy(both + len, name, name_len);
	put_unaligned_be16((u16)size, challenge->id);
	if (!HMAC(md, key, (int)size, both, len + name_len, challenge->id + 2, &n))
		return -EIO;
	memcpy(challenge->id + 2 + size, both, len);
	challenge->id_len = 2 + size + len;
	memzero_explicit(key, sizeof(key));
	memzero_explicit(plain, sizeof(plain));
	return 0;
}

int challenge_seal(const struct area *ek, const u8 *name, size_t name_len,
		   const u8 *secret, size_t secret_len,
		   struct challenge *challenge)
{
	const EVP_MD *md = area_hash(ek->pub.nameAlg);
	EVP_PKEY *key = attest_key(&ek->pub);
	u8 seed[EVP_MAX_MD_SIZE];
	size_t size = md ? (size_t)EVP_MD_get_size(md) : 0;
	int ret = -EIO;

	if (key && md && ek->pub.type == TPM2_ALG_RSA)
		ret = RAND_bytes(seed, (int)size) == 1 ?
			      seed_rsa(key, md, seed, size, challenge) : -EIO;
	else if (key && md)
		ret = seed_ecc(key, ek->pub.parameters.eccDetail.curveID, md,
			       seed, size, challenge);
	ret = ret ? ret : seal_secret(ek, md, seed, name, name_len, secret,
				      secret_len, challenge);
	memzero_explicit(seed, sizeof(seed));
	EVP_PKEY_free(key);
	return ret;
}
