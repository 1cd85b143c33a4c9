// SPDX-License-Identifier: GPL-2.0
/*
 * Templates of endorsement keys: TCG EK Credential Profile for TPM Family 2.0,
 * version 2.5, annex B. Those of the low range (L-1, L-2) are used under a policy
 * alone; those of the high range by an authorisation value, too.
 */
#include "endorsement.h"

#define LOW	0x000300b2	/* TPMA_OBJECT */
#define HIGH	0x000300f2	/* and userWithAuth */

static const u8 policy_a_256[32] = {
	0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc,
	0x8d, 0x46, 0xa5, 0xd7, 0x24, 0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52,
	0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa,
};

static const u8 policy_b_256[32] = {
	0xca, 0x3d, 0x0a, 0x99, 0xa2, 0xb9, 0x39, 0x06, 0xf7, 0xa3, 0x34,
	0x24, 0x14, 0xef, 0xcf, 0xb3, 0xa3, 0x85, 0xd4, 0x4c, 0xd1, 0xfd,
	0x45, 0x90, 0x89, 0xd1, 0x9b, 0x50, 0x71, 0xc0, 0xb7, 0xa0,
};

static const u8 policy_b_384[48] = {
	0xb2, 0x6e, 0x7d, 0x28, 0xd1, 0x1a, 0x50, 0xbc, 0x53, 0xd8, 0x82, 0xbc,
	0xf5, 0xfd, 0x3a, 0x1a, 0x07, 0x41, 0x48, 0xbb, 0x35, 0xd3, 0xb4, 0xe4,
	0xcb, 0x1c, 0x0a, 0xd9, 0xbd, 0xe4, 0x19, 0xca, 0xcb, 0x47, 0xba, 0x09,
	0x69, 0x96, 0x46, 0x15, 0x0f, 0x9f, 0xc0, 0x00, 0xf3, 0xf8, 0x0e, 0x12,
};

const struct endorsement endorsements[ENDORSEMENTS] = {
	{ 0x01c00002, 0x81010001, true },	/* L-1: RSA 2048 */
	{ 0x01c0000a, 0x81010002, true },	/* L-2: ECC P-256 */
	{ 0x01c00012, 0x81010012, false },	/* H-1: RSA 2048 */
	{ 0x01c00014, 0x81010014, false },	/* H-2: ECC P-256 */
	{ 0x01c0001c, 0x8101001c, false },	/* H-6: RSA 3072 */
	{ 0x01c00016, 0x81010016, false },	/* H-3: ECC P-384 */
};

const struct endorsement *endorsement_of(u32 index)
{
	unsigned int i;

	for (i = 0; i < ENDORSEMENTS; i++)
		if (endorsements[i].index == index)
			return &endorsements[i];
	return NULL;
}

static void rsa(TPMT_PUBLIC *pub, u16 bits, u16 aes)
{
	pub->type = TPM2_ALG_RSA;
	pub->parameters.rsaDetail = (TPMS_RSA_PARMS){
		.symmetric = { .algorithm = TPM2_ALG_AES, .keyBits.aes = aes,
			       .mode.aes = TPM2_ALG_CFB },
		.scheme.scheme = TPM2_ALG_NULL,
		.keyBits = bits,
	};
}

static void ecc(TPMT_PUBLIC *pub, u16 curve, u16 aes)
{
	pub->type = TPM2_ALG_ECC;
	pub->parameters.eccDetail = (TPMS_ECC_PARMS){
		.symmetric = { .algorithm = TPM2_ALG_AES, .keyBits.aes = aes,
			       .mode.aes = TPM2_ALG_CFB },
		.scheme.scheme = TPM2_ALG_NULL,
		.curveID = curve,
		.kdf.scheme = TPM2_ALG_NULL,
	};
}

static void guard(TPMT_PUBLIC *pub, u16 hash, const u8 *policy)
{
	pub->nameAlg = hash;
	pub->authPolicy.size = (u16)tkm_hash_size(hash);
	memcpy(pub->authPolicy.buffer, policy, pub->authPolicy.size);
}

void endorsement_template(const struct endorsement *ek, TPM2B_PUBLIC *template)
{
	TPMT_PUBLIC *pub = &template->publicArea;

	memset(template, 0, sizeof(*template));
	pub->objectAttributes = ek->by_policy ? LOW : HIGH;
	guard(pub, TPM2_ALG_SHA256, ek->by_policy ? policy_a_256 : policy_b_256);
	switch (ek->index) {
	case 0x01c00002:
		rsa(pub, 2048, 128);
		pub->unique.rsa.size = 256;
		break;
	case 0x01c0000a:
		ecc(pub, TPM2_ECC_NIST_P256, 128);
		pub->unique.ecc.x.size = pub->unique.ecc.y.size = 32;
		break;
	case 0x01c00012:
		rsa(pub, 2048, 128);
		break;
	case 0x01c00014:
		ecc(pub, TPM2_ECC_NIST_P256, 128);
		break;
	case 0x01c0001c:
		rsa(pub, 3072, 256);
		guard(pub, TPM2_ALG_SHA384, policy_b_384);
		break;
	case 0x01c00016:
		ecc(pub, TPM2_ECC_NIST_P384, 256);
		guard(pub, TPM2_ALG_SHA384, policy_b_384);
		break;
	}
}

bool endorsement_fits(const struct endorsement *ek, const TPMT_PUBLIC *pub)
{
	TPM2B_PUBLIC template;
	const TPMT_PUBLIC *want = &template.publicArea;
	const TPMT_SYM_DEF_OBJECT *is, *sym;

	endorsement_template(ek, &template);
	if (pub->type != want->type || pub->nameAlg != want->nameAlg ||
	    pub->objectAttributes != want->objectAttributes ||
	    pub->authPolicy.size != want->authPolicy.size ||
	    memcmp(pub->authPolicy.buffer, want->authPolicy.buffer,
		   want->authPolicy.size))
		return false;
	is = &pub->parameters.asymDetail.symmetric;
	sym = &want->parameters.asymDetail.symmetric;
	if (is->algorithm != sym->algorithm || is->mode.sym != sym->mode.sym ||
	    is->keyBits.sym != sym->keyBits.sym ||
	    pub->parameters.asymDetail.scheme.scheme != TPM2_ALG_NULL)
		return false;
	if (pub->type == TPM2_ALG_ECC)
		return pub->parameters.eccDetail.curveID ==
			       want->parameters.eccDetail.curveID &&
		       pub->parameters.eccDetail.kdf.scheme == TPM2_ALG_NULL;
	return pub->parameters.rsaDetail.keyBits ==
		       want->parameters.rsaDetail.keyBits &&
	       !pub->parameters.rsaDetail.exponent;
}
