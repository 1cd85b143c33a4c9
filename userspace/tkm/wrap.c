// SPDX-License-Identifier: GPL-2.0
/*
 * A recovery key, wrapped for one TPM without a TPM: what TPM2_Duplicate gives. TPM
 * 2.0 Part 1, "Protected Storage", "Duplication".
 */
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "recover.h"
#include "seed.h"

#define HASH	SHA256_DIGEST_LENGTH
/* TPM2B_SENSITIVE: type, no authValue, a seed for what would lie beneath, the number. */
#define SENSITIVE	(2 + 2 + 2 + 2 + HASH + 2 + SHARE_SECRET)
#define INNER	(2 + HASH + SENSITIVE)

static int put_sensitive(struct tkm_writer *w, const u8 *secret)
{
	u8 seed[HASH];

	if (RAND_priv_bytes(seed, sizeof(seed)) != 1)
		return -EIO;
	tkm_put_u16(w, SENSITIVE - 2);
	tkm_put_u16(w, TPM_ALG_ECC);
	tkm_put_u16(w, 0);
	tkm_put_tpm2b(w, seed, sizeof(seed));
	tkm_put_tpm2b(w, secret, SHARE_SECRET);
	OPENSSL_cleanse(seed, sizeof(seed));
	return w->overflow ? -EIO : 0;
}

/* What the inner key wraps: a hash with the Name, and it. */
static int wrap_inner(const u8 *secret, const u8 name[TKM_NAME_SIZE],
		      const u8 key[TKM_INNER_SIZE], u8 out[INNER])
{
	u8 plain[INNER + TKM_NAME_SIZE];
	struct tkm_writer w;
	int ret;

	put_unaligned_be16(HASH, plain);
	tkm_writer_init(&w, plain + 2 + HASH, SENSITIVE);
	ret = put_sensitive(&w, secret);
	memcpy(plain + INNER, name, TKM_NAME_SIZE);
	SHA256(plain + 2 + HASH, SENSITIVE + TKM_NAME_SIZE, plain + 2);
	ret = ret ? ret : seed_encrypt(key, 128, plain, INNER, out);
	OPENSSL_cleanse(plain, sizeof(plain));
	return ret;
}

/* TPM2B_DIGEST, an HMAC with the Name; and what the seed wraps. */
static int wrap_outer(const u8 *seed, const u8 name[TKM_NAME_SIZE],
		      const u8 inner[INNER], u8 out[2 + HASH + INNER])
{
	u8 key[HASH], both[INNER + TKM_NAME_SIZE];
	unsigned int n = 0;
	int ret;

	ret = seed_derive(EVP_sha256(), seed, HASH, "STORAGE", name,
			  TKM_NAME_SIZE, key, 16) ?:
	      seed_encrypt(key, 128, inner, INNER, both) ?:
	      seed_derive(EVP_sha256(), seed, HASH, "INTEGRITY", NULL, 0, key,
			  HASH);
	if (!ret) {
		memcpy(both + INNER, name, TKM_NAME_SIZE);
		put_unaligned_be16(HASH, out);
		if (!HMAC(EVP_sha256(), key, HASH, both, sizeof(both), out + 2, &n))
			ret = -EIO;
		memcpy(out + 2 + HASH, both, INNER);
	}
	OPENSSL_cleanse(key, sizeof(key));
	return ret;
}

int recover_wrap(const u8 secret[SHARE_SECRET],
		 const u8 area[TKM_RECOVERY_AREA], const struct area *to,
		 u8 out[TKM_RECOVERY_MAX], size_t *len)
{
	u8 seed[EVP_MAX_MD_SIZE], key[TKM_INNER_SIZE], name[TKM_NAME_SIZE];
	u8 inner[INNER], outer[2 + HASH + INNER];
	struct seed_secret opens;
	struct tkm_writer w;
	int ret;

	/* AES-128 and SHA-256, as every storage key of ours has it. */
	if (tkm_parent_check(to->bytes, to->len))
		return -EIO;
	tkm_public_name(area, TKM_RECOVERY_AREA, name);
	ret = RAND_priv_bytes(key, sizeof(key)) == 1 ? 0 : -EIO;
	ret = ret ? ret : seed_make(to, "DUPLICATE", seed, &opens);
	ret = ret ? ret : wrap_inner(secret, name, key, inner);
	ret = ret ? ret : wrap_outer(seed, name, inner, outer);
	OPENSSL_cleanse(seed, sizeof(seed));
	tkm_writer_init(&w, out, TKM_RECOVERY_MAX);
	tkm_put_tpm2b(&w, area, TKM_RECOVERY_AREA);
	tkm_put_tpm2b(&w, outer, sizeof(outer));
	tkm_put_tpm2b(&w, opens.bytes, ret ? 0 : opens.len);
	tkm_put_bytes(&w, key, sizeof(key));
	OPENSSL_cleanse(key, sizeof(key));
	*len = w.len;
	return ret ? ret : w.overflow ? -EIO : 0;
}
