/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one room for what differs between kernels. The rest of the module is
 * written for the newest one. Versions are asked for, and not whether a header
 * is there, because sparse cannot ask that.
 */
#ifndef TKM_COMPAT_H
#define TKM_COMPAT_H

#include <crypto/aes.h>
#include <crypto/sha2.h>
#include <linux/fs.h>
#include <linux/mm_types.h>
#include <linux/version.h>
#include <net/genetlink.h>
#include <net/netlink.h>

/* linux/unaligned.h came with 6.12. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

/* crypto_memneq() moved out of algapi.h with 6.7. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#include <crypto/utils.h>
#else
#include <crypto/algapi.h>
#endif

/* bin2hex() has a header of its own, which kernel.h includes no more in 7.x. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#include <linux/hex.h>
#endif

/* A length that is at most this came with 7.x. */
#ifndef NLA_POLICY_MAX_LEN
#define NLA_POLICY_MAX_LEN(_len)	{ .type = NLA_BINARY, .len = (_len) }
#endif

/* The executable, with a reference, or NULL. */
static inline struct file *tkm_exe_file(struct mm_struct *mm)
{
	struct file *file;

	rcu_read_lock();
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	file = get_file_rcu(&mm->exe_file);
#else
	file = rcu_dereference(mm->exe_file);
	if (file && !get_file_rcu(file))
		file = NULL;
#endif
	rcu_read_unlock();
	return file;
}

/* What a dump was asked with: since 6.6 in the place where a verb has it. */
static inline struct nlattr **tkm_dump_attrs(struct netlink_callback *cb)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
	return genl_dumpit_info(cb)->info.attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

/* The library's SHA-256 context was renamed with 6.17. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0)
typedef struct sha256_ctx tkm_sha256_ctx;
#else
typedef struct sha256_state tkm_sha256_ctx;
#endif

static inline void tkm_sha256_init(tkm_sha256_ctx *ctx)
{
	sha256_init(ctx);
}

static inline void tkm_sha256_update(tkm_sha256_ctx *ctx, const void *p,
				     size_t n)
{
	sha256_update(ctx, p, n);
}

static inline void tkm_sha256_final(tkm_sha256_ctx *ctx, u8 out[32])
{
	sha256_final(ctx, out);
	memzero_explicit(ctx, sizeof(*ctx));
}

/* The library's AES has an encryption-only key since 7.0. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
typedef struct aes_enckey tkm_aes_key;

static inline int tkm_aes_prepare(tkm_aes_key *key, const u8 *k, size_t len)
{
	return aes_prepareenckey(key, k, len);
}
#else
typedef struct crypto_aes_ctx tkm_aes_key;

static inline int tkm_aes_prepare(tkm_aes_key *key, const u8 *k, size_t len)
{
	return aes_expandkey(key, k, len);
}
#endif

static inline void tkm_aes_block(const tkm_aes_key *key, u8 out[16],
				 const u8 in[16])
{
	aes_encrypt(key, out, in);
}

#endif /* TKM_COMPAT_H */
