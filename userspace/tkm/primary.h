/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keys that sign and that nothing is kept of: the TPM makes them from its endorsement
 * seed whenever one is needed, and the same each time. ECDSA on P-256 with SHA-256.
 */
#ifndef TKM_PRIMARY_H
#define TKM_PRIMARY_H

#include <stdbool.h>

#include "chip.h"

/**
 * struct primary - which one
 * @attributes: all of them
 * @label: part of what it is derived from, so that no other program's is ours; at
 *	most 32 bytes
 */
struct primary {
	TPMA_OBJECT attributes;
	const char *label;
};

/* Whether a public area is of such a key: all that the template says of it. */
bool primary_is(const struct primary *primary, const TPMT_PUBLIC *pub);

/*
 * To be flushed after 0. -EKEYREJECTED when the endorsement hierarchy has an
 * authorisation value; -EIO when what the TPM made is not what it was asked for.
 */
int primary_make(struct chip *chip, const struct primary *primary,
		 ESYS_TR *handle, TPM2B_PUBLIC *pub);

#endif /* TKM_PRIMARY_H */
