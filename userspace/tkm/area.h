/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Public areas of any sort of key a TPM has, not only those that tkm makes: an
 * endorsement key, an attestation key, another program's.
 */
#ifndef TKM_AREA_H
#define TKM_AREA_H

#include <openssl/evp.h>
#include <tss2/tss2_tpm2_types.h>

#include "core.h"

#define AREA_MAX	1024
#define AREA_NAME_MAX	(2 + TKM_HASH_MAX)

/**
 * struct area - a TPMT_PUBLIC
 * @bytes: it, @len of them
 * @pub: taken apart
 * @name: its Name
 */
struct area {
	u8 bytes[AREA_MAX];
	size_t len;
	TPMT_PUBLIC pub;
	u8 name[AREA_NAME_MAX];
	size_t name_len;
};

/* Exactly one, as the TPM itself writes it: -EBADMSG; -EOPNOTSUPP. */
int area_read(struct area *area, const void *bytes, size_t len);
int area_take(struct area *area, const TPMT_PUBLIC *pub);
bool area_same(const struct area *a, const struct area *b);
/* Of a TPM_ALG_ID that Names are made with; NULL. */
const EVP_MD *area_hash(u16 alg);

#endif /* TKM_AREA_H */
