/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The endorsement keys (EK) that a TPM can have, by the NV index of the certificate
 * that its maker put there.
 */
#ifndef TKM_ENDORSEMENT_H
#define TKM_ENDORSEMENT_H

#include <tss2/tss2_tpm2_types.h>

#include "core.h"

#define ENDORSEMENTS	6

/**
 * struct endorsement
 * @index: of the certificate
 * @handle: where many makers, and tools, leave the key itself
 * @by_policy: it is used by TPM2_PolicySecret of its hierarchy, not by a value
 */
struct endorsement {
	u32 index;
	u32 handle;
	bool by_policy;
};

extern const struct endorsement endorsements[ENDORSEMENTS];
/* NULL. */
const struct endorsement *endorsement_of(u32 index);
/* What TPM2_CreatePrimary makes it from. */
void endorsement_template(const struct endorsement *ek, TPM2B_PUBLIC *template);
/* Whether that public area is of a key made from it. */
bool endorsement_fits(const struct endorsement *ek, const TPMT_PUBLIC *pub);

#endif /* TKM_ENDORSEMENT_H */
