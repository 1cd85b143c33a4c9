/* SPDX-License-Identifier: GPL-2.0 */
/* Public keys: as OpenSSL has them, and as TPMs do. */
#ifndef TKM_PUBLIC_H
#define TKM_PUBLIC_H

#include <openssl/evp.h>

#include "core.h"

#define PUBLIC_MAX	512

/*
 * For OpenSSL, to be freed; NULL for a key that it or we do not know: RSA of less
 * than 2048 bits or with an exponent of its own, EC on another curve than P-256 and
 * P-384. An exponent of 0 is the usual one.
 */
EVP_PKEY *public_rsa(struct tkm_piece modulus, u32 exponent);
EVP_PKEY *public_ec(u16 curve, struct tkm_piece x, struct tkm_piece y);

/* The curve as TPMs know it; 0 for another one, and for another sort of key. */
u16 public_curve(EVP_PKEY *pkey);

/* Keys that sign, in a TPMT_PUBLIC as TPM2_LoadExternal takes it. */

/*
 * RSA of 2048 or 3072 bits, or EC on P-256 or P-384. Return: the length,
 * -EOPNOTSUPP for any other key.
 */
ssize_t public_encode(EVP_PKEY *pkey, u8 *out, size_t size);
/* The same key for OpenSSL, to be freed; NULL if it is none of these. */
EVP_PKEY *public_decode(const u8 *pub, size_t len);
void public_name(const u8 *pub, size_t len, u8 name[TKM_NAME_SIZE]);

#endif
