// SPDX-License-Identifier: GPL-2.0
/* Public areas as TPMs write them, with their Names. */
#include <openssl/evp.h>
#include <tss2/tss2_mu.h>

#include "area.h"
#include "attest.h"

const EVP_MD *area_hash(u16 alg)
{
	switch (alg) {
	case TPM2_ALG_SHA256:
		return EVP_sha256();
	case TPM2_ALG_SHA384:
		return EVP_sha384();
	case TPM2_ALG_SHA512:
		return EVP_sha512();
	default:
		return NULL;
	}
}

static int set_name(struct area *area)
{
	const EVP_MD *md = area_hash(area->pub.nameAlg);
	unsigned int len = 0;

	if (!md)
		return -EOPNOTSUPP;
	put_unaligned_be16(area->pub.nameAlg, area->name);
	if (!EVP_Digest(area->bytes, area->len, area->name + 2, &len, md, NULL))
		return -EIO;
	area->name_len = 2 + len;
	return 0;
}

int area_take(struct area *area, const TPMT_PUBLIC *pub)
{
	size_t len = 0;

	area->pub = *pub;
	if (Tss2_MU_TPMT_PUBLIC_Marshal(pub, area->bytes, sizeof(area->bytes),
					&len))
		return -EBADMSG;
	area->len = len;
	return set_name(area);
}

int area_read(struct area *area, const void *bytes, size_t len)
{
	TPMT_PUBLIC pub;
	int ret;

	if (len > AREA_MAX || attest_public(bytes, len, &pub))
		return -EBADMSG;
	ret = area_take(area, &pub);
	/* A TPM2B_PUBLIC is another form of the same. */
	return ret ? ret : area->len == len ? 0 : -EBADMSG;
}

bool area_same(const struct area *a, const struct area *b)
{
	return a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}
