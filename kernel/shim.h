/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * What the pure files stand on, inside the kernel and outside it.
 *
 * The pure files (marshal, crypt, encoding, record, state, optparse, consumer,
 * policy_digest, blob, chain, tpm_errno, wire) touch no TPM, lock, key or clock and never allocate. They build
 * into the module, into the library, into the host tests and into the fuzzers
 * from the same source. Everything they need from their surroundings is named
 * here and nowhere else: fixed-width types, byte order, two wiping and
 * comparing helpers, SHA-256 and one AES block; and the other hashes, which
 * alone are taken up and given back (struct tkm_hasher).
 */
#ifndef TKM_SHIM_H
#define TKM_SHIM_H

#ifdef __KERNEL__

#include <crypto/hash.h>
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/string.h>
#include <linux/time64.h>
#include <linux/types.h>

#include "compat.h"

typedef struct crypto_shash tkm_shim_hasher;

#else /* a program on the host */

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include <openssl/aes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define BIT(n) (1UL << (n))
#define U32_MAX UINT32_MAX
#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define fallthrough __attribute__((__fallthrough__))
#ifndef __must_check
#define __must_check __attribute__((warn_unused_result))
#endif
#ifndef static_assert
#define static_assert _Static_assert
#endif

static inline u16 get_unaligned_be16(const void *p)
{
	const u8 *b = p;

	return (u16)(b[0] << 8 | b[1]);
}

static inline u32 get_unaligned_be32(const void *p)
{
	const u8 *b = p;

	return (u32)b[0] << 24 | (u32)b[1] << 16 | (u32)b[2] << 8 | b[3];
}

static inline void put_unaligned_be16(u16 v, void *p)
{
	u8 *b = p;

	b[0] = (u8)(v >> 8);
	b[1] = (u8)v;
}

static inline void put_unaligned_be32(u32 v, void *p)
{
	u8 *b = p;

	put_unaligned_be16((u16)(v >> 16), b);
	put_unaligned_be16((u16)v, b + 2);
}

static inline void memzero_explicit(void *p, size_t n)
{
	OPENSSL_cleanse(p, n);
}

static inline int crypto_memneq(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) != 0;
}

/* Like the kernel's: what was written, never more than fits. */
#define scnprintf(buf, size, ...)                                       \
	({                                                              \
		size_t size_ = (size);                                  \
		int n_ = snprintf((buf), size_, __VA_ARGS__);           \
		(size_t)n_ < size_ ? n_ : (int)(size_ ? size_ - 1 : 0); \
	})

typedef SHA256_CTX tkm_sha256_ctx;

static inline void tkm_sha256_init(tkm_sha256_ctx *ctx)
{
	SHA256_Init(ctx);
}

static inline void tkm_sha256_update(tkm_sha256_ctx *ctx, const void *p,
				     size_t n)
{
	SHA256_Update(ctx, p, n);
}

static inline void tkm_sha256_final(tkm_sha256_ctx *ctx, u8 out[32])
{
	SHA256_Final(out, ctx);
	OPENSSL_cleanse(ctx, sizeof(*ctx));
}

typedef AES_KEY tkm_aes_key;

static inline int tkm_aes_prepare(tkm_aes_key *key, const u8 *k, size_t len)
{
	return AES_set_encrypt_key(k, (int)len * 8, key) ? -EINVAL : 0;
}

static inline void tkm_aes_block(const tkm_aes_key *key, u8 out[16],
				    const u8 in[16])
{
	AES_encrypt(in, out, key);
}

typedef EVP_MD tkm_shim_hasher;

#endif /* __KERNEL__ */

/* One piece of a message that is hashed from several places. */
struct tkm_piece {
	const void *data;
	size_t len;
};

#ifdef __KERNEL__

static inline int tkm_shim_hash_open(tkm_shim_hasher **impl, const char *name)
{
	struct crypto_shash *tfm = crypto_alloc_shash(name, 0, 0);

	if (IS_ERR(tfm))
		return PTR_ERR(tfm) == -ENOENT ? -EOPNOTSUPP : PTR_ERR(tfm);
	*impl = tfm;
	return 0;
}

static inline void tkm_shim_hash_close(tkm_shim_hasher *impl)
{
	crypto_free_shash(impl);
}

/* None of these fails once there is a transform without a key. */
static inline void tkm_shim_hash(tkm_shim_hasher *impl,
				 const struct tkm_piece *pieces, size_t n,
				 u8 *out)
{
	SHASH_DESC_ON_STACK(desc, impl);
	size_t i;

	desc->tfm = impl;
	crypto_shash_init(desc);
	for (i = 0; i < n; i++)
		crypto_shash_update(desc, pieces[i].data, pieces[i].len);
	crypto_shash_final(desc, out);
	shash_desc_zero(desc);
}

#else

static inline int tkm_shim_hash_open(tkm_shim_hasher **impl, const char *name)
{
	*impl = EVP_MD_fetch(NULL, name, NULL);
	return *impl ? 0 : -EOPNOTSUPP;
}

static inline void tkm_shim_hash_close(tkm_shim_hasher *impl)
{
	EVP_MD_free(impl);
}

static inline void tkm_shim_hash(tkm_shim_hasher *impl,
				 const struct tkm_piece *pieces, size_t n,
				 u8 *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t i;

	EVP_DigestInit_ex(ctx, impl, NULL);
	for (i = 0; i < n; i++)
		EVP_DigestUpdate(ctx, pieces[i].data, pieces[i].len);
	EVP_DigestFinal_ex(ctx, out, NULL);
	EVP_MD_CTX_free(ctx);
}

#endif /* __KERNEL__ */
#endif /* TKM_SHIM_H */
