// SPDX-License-Identifier: GPL-2.0
/* The attestation key. TPM 2.0 Part 1, "Attestation"; Part 3, "TPM2_CreatePrimary". */
#include "ak.h"
#include "tkm.h"

/* Part of what the TPM derives the key from: no other program's key is ours. */
#define UNIQUE	"tkm AK v1"

static const TPM2B_PUBLIC template = {
	.publicArea = {
		.type = TPM2_ALG_ECC,
		.nameAlg = TPM2_ALG_SHA256,
		.objectAttributes = AK_ATTRIBUTES | TPMA_OBJECT_USERWITHAUTH |
				    TPMA_OBJECT_NODA,
		.parameters.eccDetail = {
			.symmetric.algorithm = TPM2_ALG_NULL,
			.scheme = {
				.scheme = TPM2_ALG_ECDSA,
				.details.ecdsa.hashAlg = TPM2_ALG_SHA256,
			},
			.curveID = TPM2_ECC_NIST_P256,
			.kdf.scheme = TPM2_ALG_NULL,
		},
		/* As long as coordinates are: some TPMs want that. */
		.unique.ecc = {
			.x = { .size = 32, .buffer = UNIQUE },
			.y = { .size = 32 },
		},
	},
};

bool ak_attributes_ok(TPMA_OBJECT attributes)
{
	return (attributes & (AK_ATTRIBUTES | TPMA_OBJECT_DECRYPT)) ==
	       AK_ATTRIBUTES;
}

bool ak_public_ok(const TPMT_PUBLIC *pub)
{
	const TPMT_PUBLIC *want = &template.publicArea;
	const TPMS_ECC_PARMS *is = &pub->parameters.eccDetail;

	return pub->type == want->type && pub->nameAlg == want->nameAlg &&
	       pub->objectAttributes == want->objectAttributes &&
	       !pub->authPolicy.size &&
	       is->symmetric.algorithm == TPM2_ALG_NULL &&
	       is->scheme.scheme == TPM2_ALG_ECDSA &&
	       is->scheme.details.ecdsa.hashAlg == TPM2_ALG_SHA256 &&
	       is->curveID == TPM2_ECC_NIST_P256 &&
	       is->kdf.scheme == TPM2_ALG_NULL &&
	       pub->unique.ecc.x.size && pub->unique.ecc.x.size <= 32 &&
	       pub->unique.ecc.y.size && pub->unique.ecc.y.size <= 32;
}

static int take(struct chip *chip, struct ak *ak)
{
	TPM2B_NAME *name = NULL;
	int ret;

	ret = chip_errno(Esys_TR_GetName(chip->esys, ak->handle, &name));
	if (ret)
		return ret;
	ak->name = *name;
	Esys_Free(name);
	return ak_public_ok(&ak->pub.publicArea) ? 0 : -EIO;
}

int ak_make(struct chip *chip, struct ak *ak)
{
	static const TPM2B_SENSITIVE_CREATE sensitive;
	static const TPML_PCR_SELECTION pcrs;
	static const TPM2B_DATA outside;
	TPM2B_PUBLIC *pub = NULL;
	TSS2_RC rc;
	int ret;

	*ak = (struct ak){ .handle = ESYS_TR_NONE };
	rc = Esys_CreatePrimary(chip->esys, ESYS_TR_RH_ENDORSEMENT,
				ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
				&sensitive, &template, &outside, &pcrs,
				&ak->handle, &pub, NULL, NULL, NULL);
	if (rc)
		return chip_errno(rc);
	ak->pub = *pub;
	Esys_Free(pub);
	ret = take(chip, ak);
	if (ret)
		ak_flush(chip, ak);
	return ret;
}

void ak_flush(struct chip *chip, struct ak *ak)
{
	if (ak->handle != ESYS_TR_NONE)
		Esys_FlushContext(chip->esys, ak->handle);
	ak->handle = ESYS_TR_NONE;
}

int ak_failed(int err)
{
	if (err == -EKEYREJECTED)
		return failed_as(err, "tpm2_changeauth -c endorsement takes it away",
				 "the TPM's endorsement hierarchy has an authorisation value, and tkm makes its attestation key without one");
	return failed(err, "the attestation key");
}
