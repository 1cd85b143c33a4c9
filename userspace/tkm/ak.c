// SPDX-License-Identifier: GPL-2.0
/* The attestation key. TPM 2.0 Part 1, "Attestation". */
#include "ak.h"
#include "primary.h"
#include "tkm.h"

static const struct primary ours = {
	.attributes = AK_ATTRIBUTES | TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA,
	.label = "tkm AK v1",
};

bool ak_attributes_ok(TPMA_OBJECT attributes)
{
	return (attributes & (AK_ATTRIBUTES | TPMA_OBJECT_DECRYPT)) ==
	       AK_ATTRIBUTES;
}

bool ak_public_ok(const TPMT_PUBLIC *pub)
{
	return primary_is(&ours, pub);
}

int ak_make(struct chip *chip, struct ak *ak)
{
	TPM2B_NAME *name = NULL;
	int ret;

	*ak = (struct ak){ .handle = ESYS_TR_NONE };
	ret = primary_make(chip, &ours, &ak->handle, &ak->pub);
	if (ret)
		return ret;
	ret = chip_errno(Esys_TR_GetName(chip->esys, ak->handle, &name));
	if (ret) {
		ak_flush(chip, ak);
		return ret;
	}
	ak->name = *name;
	Esys_Free(name);
	return 0;
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
