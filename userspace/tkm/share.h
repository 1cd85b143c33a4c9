/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Recovery keys, and the shares of their private halves: any so many of them give
 * it, fewer say nothing of it. Without a TPM, a kernel or a file.
 */
#ifndef TKM_SHARE_H
#define TKM_SHARE_H

#include <openssl/evp.h>

#include "core.h"

#define SHARE_SECRET	32
#define SHARES_MAX	255
/* One as text, with a NUL. */
#define SHARE_TEXT	320

/**
 * struct share - a share
 * @key: Name of the recovery key
 * @number: which one, 1 to @of
 * @of: how many there are
 * @needed: how many give the private half
 * @value: secret
 */
struct share {
	u8 key[TKM_NAME_SIZE];
	unsigned int number, of, needed;
	u8 value[SHARE_SECRET];
};

/* Five lines; return: how long. */
size_t share_write(const struct share *share, char text[SHARE_TEXT]);
/* Just as it is written: -EBADMSG; -EOPNOTSUPP for another version. */
int share_read(struct share *share, const char *text, size_t len);

/* An area as the module takes it of a key on P-256: -EOPNOTSUPP for any other. */
int recovery_area(EVP_PKEY *pkey, u8 area[TKM_RECOVERY_AREA]);
/* A new key, cut up: its public half, to be freed, and @of shares. -EIO. */
int recovery_new(unsigned int needed, unsigned int of, EVP_PKEY **pkey,
		 struct share *shares);

/* What is wrong with shares that are whole; then which of them, and which other. */
enum share_fault {
	SHARE_FITS,
	SHARE_OTHER_KEY,
	SHARE_TWICE,
	SHARE_TOO_FEW,
	SHARE_WRONG,		/* they give another key: nobody's doing but a forger's */
};

enum share_fault share_check(const struct share *shares, size_t n, size_t *which,
			     size_t *other);
/*
 * The private half, and the area that goes with it, of shares that fit. SHARE_WRONG
 * when it is not that of their key; wiped then.
 */
enum share_fault share_join(const struct share *shares, size_t n,
			    u8 secret[SHARE_SECRET], u8 area[TKM_RECOVERY_AREA]);

#endif
