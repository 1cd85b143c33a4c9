/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The attestation key (AK): what says of other keys, and of registers, that they are
 * in the TPM. It is made from a template whenever it is needed, in the endorsement
 * hierarchy, and is the same key each time until the TPM gets another
 * endorsement seed: nothing is kept. In that hierarchy what it signs has the
 * TPM's counts of resets and its firmware's version in clear.
 */
#ifndef TKM_AK_H
#define TKM_AK_H

#include <stdbool.h>

#include "chip.h"

struct ak {
	ESYS_TR handle;
	TPM2B_PUBLIC pub;
	TPM2B_NAME name;
};

/*
 * To be flushed after 0. -EKEYREJECTED when the endorsement hierarchy has an
 * authorisation value; -EIO when what the TPM made is not what it was asked for.
 */
int ak_make(struct chip *chip, struct ak *ak);
void ak_flush(struct chip *chip, struct ak *ak);
/* failed(), but of EKEYREJECTED says what it means here. */
int ak_failed(int err);

/* Attributes that every AK has; others may be set, but see ak_attributes_ok(). */
#define AK_ATTRIBUTES							\
	(TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT |		\
	 TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |		\
	 TPMA_OBJECT_SENSITIVEDATAORIGIN)

/*
 * Whether a key with these attributes signs nothing but what a TPM made up, and
 * never left the TPM that made it. That it is in a TPM at all they do not say.
 */
bool ak_attributes_ok(TPMA_OBJECT attributes);
/* The same of an AK of ours, and all else that the template says of it. */
bool ak_public_ok(const TPMT_PUBLIC *pub);

#endif /* TKM_AK_H */
