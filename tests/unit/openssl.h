/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * What the tests of keys that are used share, all of it OpenSSL's and none of
 * it ours: the hashes by their numbers, bytes without a pattern, RSA keys and
 * their bare public operation.
 */
#ifndef TKM_UNIT_OPENSSL_H
#define TKM_UNIT_OPENSSL_H

#include "unit.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

static const struct test_hash {
	u16 alg;
	unsigned int size;
	const char *name;
} test_hashes[] = {
	{ TPM_ALG_SHA1, 20, "sha1" },
	{ TPM_ALG_SHA256, 32, "sha256" },
	{ TPM_ALG_SHA384, 48, "sha384" },
	{ TPM_ALG_SHA512, 64, "sha512" },
};

static inline const EVP_MD *md_of(const struct test_hash *hash)
{
	return EVP_get_digestbyname(hash->name);
}

static inline struct tkm_hasher hasher_of(u16 alg)
{
	struct tkm_hasher hasher;

	assert_int_equal(tkm_hasher_open(&hasher, alg), 0);
	return hasher;
}

/* The same bytes for the same number, in every run. */
static inline void scramble(void *out, size_t n, u32 number)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	assert_true(EVP_DigestInit_ex(ctx, EVP_shake128(), NULL));
	assert_true(EVP_DigestUpdate(ctx, &number, sizeof(number)));
	assert_true(EVP_DigestFinalXOF(ctx, out, n));
	EVP_MD_CTX_free(ctx);
}

/* Keys are made once a size; only what they are, not which, is looked at. */
static inline EVP_PKEY *rsa_key(unsigned int bits)
{
	static struct {
		unsigned int bits;
		EVP_PKEY *key;
	} made[8];
	size_t i;

	for (i = 0; made[i].key && made[i].bits != bits; i++)
		;
	if (!made[i].key) {
		made[i].bits = bits;
		made[i].key = EVP_RSA_gen(bits);
		assert_non_null(made[i].key);
	}
	return made[i].key;
}

/* @in to the public exponent; as long as the modulus, both. */
static inline void rsa_public(EVP_PKEY *key, const u8 *in, u8 *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	size_t n = (size_t)EVP_PKEY_get_size(key);

	assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
	assert_int_equal(EVP_PKEY_encrypt(ctx, out, &n, in, n), 1);
	EVP_PKEY_CTX_free(ctx);
}

/* HKDF-SHA256 without salt. */
static inline void openssl_hkdf(const void *ikm, size_t ikm_len,
				const void *info, size_t info_len, u8 *out,
				size_t out_len)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	char sha256[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, sha256, 6),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_KEY, (void *)ikm,
					ikm_len),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_INFO, (void *)info,
					info_len),
		OSSL_PARAM_END,
	};

	assert_int_equal(EVP_KDF_derive(ctx, out, out_len, params), 1);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

#endif /* TKM_UNIT_OPENSSL_H */
