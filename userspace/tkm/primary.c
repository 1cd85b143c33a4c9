// SPDX-License-Identifier: GPL-2.0
/* Keys made anew from the endorsement seed. TPM 2.0 Part 3, "TPM2_CreatePrimary". */
#include <errno.h>
#include <string.h>

#include "primary.h"

#define COORDINATE	32

static void fill(const struct primary *primary, TPM2B_PUBLIC *template)
{
	*template = (TPM2B_PUBLIC){
		.publicArea = {
			.type = TPM2_ALG_ECC,
			.nameAlg = TPM2_ALG_SHA256,
			.objectAttributes = primary->attributes,
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
				.x = { .size = COORDINATE },
				.y = { .size = COORDINATE },
			},
		},
	};
	memcpy(template->publicArea.unique.ecc.x.buffer, primary->label,
	       strnlen(primary->label, COORDINATE));
}

bool primary_is(const struct primary *primary, const TPMT_PUBLIC *pub)
{
	const TPMS_ECC_PARMS *is = &pub->parameters.eccDetail;
	const TPMS_ECC_POINT *point = &pub->unique.ecc;

	return pub->type == TPM2_ALG_ECC && pub->nameAlg == TPM2_ALG_SHA256 &&
	       pub->objectAttributes == primary->attributes &&
	       !pub->authPolicy.size &&
	       is->symmetric.algorithm == TPM2_ALG_NULL &&
	       is->scheme.scheme == TPM2_ALG_ECDSA &&
	       is->scheme.details.ecdsa.hashAlg == TPM2_ALG_SHA256 &&
	       is->curveID == TPM2_ECC_NIST_P256 &&
	       is->kdf.scheme == TPM2_ALG_NULL &&
	       point->x.size && point->x.size <= COORDINATE &&
	       point->y.size && point->y.size <= COORDINATE;
}

int primary_make(struct chip *chip, const struct primary *primary,
		 ESYS_TR *handle, TPM2B_PUBLIC *pub)
{
	static const TPM2B_SENSITIVE_CREATE sensitive;
	static const TPML_PCR_SELECTION pcrs;
	static const TPM2B_DATA outside;
	TPM2B_PUBLIC template, *made = NULL;
	int ret;

	fill(primary, &template);
	ret = chip_errno(Esys_CreatePrimary(chip->esys, ESYS_TR_RH_ENDORSEMENT,
					    ESYS_TR_PASSWORD, ESYS_TR_NONE,
					    ESYS_TR_NONE, &sensitive, &template,
					    &outside, &pcrs, handle, &made, NULL,
					    NULL, NULL));
	if (ret)
		return ret;
	*pub = *made;
	Esys_Free(made);
	if (primary_is(primary, &pub->publicArea))
		return 0;
	Esys_FlushContext(chip->esys, *handle);
	return -EIO;
}
