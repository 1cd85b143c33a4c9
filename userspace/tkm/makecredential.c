// SPDX-License-Identifier: GPL-2.0
/*
 * TPM2_MakeCredential without a TPM. TPM 2.0 Part 1, "Credential Protection": a seed
 * is encrypted to the endorsement key; of it come a key for the secret, and one for an
 * HMAC over that and the Name of the key which the TPM has to have.
 */
#include <openssl/hmac.h>

#include "seed.h"
#include "trust.h"

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
	ret = seed_derive(md, seed, size, "STORAGE", name, name_len, key, bits / 8) ?:
	      seed_encrypt(key, bits, plain, len, both) ?:
	      seed_derive(md, seed, size, "INTEGRITY", NULL, 0, key, size);
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
	struct seed_secret opens;
	u8 seed[EVP_MAX_MD_SIZE];
	int ret;

	ret = seed_make(ek, "IDENTITY", seed, &opens);
	if (!ret && opens.len > sizeof(challenge->secret))
		ret = -EIO;
	if (!ret) {
		memcpy(challenge->secret, opens.bytes, opens.len);
		challenge->secret_len = opens.len;
		ret = seal_secret(ek, area_hash(ek->pub.nameAlg), seed, name,
				  name_len, secret, secret_len, challenge);
	}
	memzero_explicit(seed, sizeof(seed));
	return ret;
}
