/* SPDX-License-Identifier: GPL-2.0 */
/* Secrets that one TPM alone opens, made without one. */
#ifndef TKM_SEED_H
#define TKM_SEED_H

#include "area.h"

/* TPM2B_ENCRYPTED_SECRET, without its length. */
struct seed_secret {
	u8 bytes[512];
	size_t len;
};

/*
 * A seed, as long as the hash that the Name of @to is made with, and what only @to opens;
 * @label says what for. -EIO.
 */
int seed_make(const struct area *to, const char *label, u8 seed[EVP_MAX_MD_SIZE],
	      struct seed_secret *secret);
/* KDFa: SP 800-108 in counter mode with HMAC. */
int seed_derive(const EVP_MD *md, const u8 *key, size_t key_len,
		const char *label, const void *context, size_t context_len,
		u8 *out, size_t len);
/* AES-CFB with an IV of zeros. */
int seed_encrypt(const u8 *key, size_t bits, const u8 *in, size_t len, u8 *out);

#endif
