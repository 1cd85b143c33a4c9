/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keys for OpenSSL, by what somebody typed: a file in PEM, or "%tkm:KEY". These say
 * what failed.
 */
#ifndef TKM_KEYFILE_H
#define TKM_KEYFILE_H

#include "public.h"

/* A public key from a PEM file, or of "%tkm:KEY". To be freed; NULL and a status. */
EVP_PKEY *public_of(const char *from, int *status);
/* A private key from a PEM file; what to do is @advice, or NULL. The same. */
EVP_PKEY *private_of(const char *path, const char *advice, int *status);
/* A public key as TPMT_PUBLIC, into PUBLIC_MAX bytes. Exit status. */
int public_take(const char *from, u8 *out, size_t *len);

#endif /* TKM_KEYFILE_H */
