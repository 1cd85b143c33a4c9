/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who says what stands in a packet or a receipt. An AK signs nothing but what its
 * TPM made up, so there is a second key, which signs digests: made from a template
 * of its own whenever it is needed, as the AK is, and certified by the AK together
 * with what it signs.
 */
#ifndef TKM_MANIFEST_H
#define TKM_MANIFEST_H

#include "chip.h"
#include "packet.h"
#include "trust.h"

/* Of the key, all of them and no other. */
#define SIGNER_ATTRIBUTES						\
	(TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |		\
	 TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |	\
	 TPMA_OBJECT_NODA | TPMA_OBJECT_SIGN_ENCRYPT)

/* This machine's AK; says what failed. Exit status. */
int manifest_ak(struct area *ak);
/* With this machine's TPM; says what failed. @ak: becomes the AK's Name. Exit status. */
int manifest_sign(const u8 digest[32], struct manifest *manifest,
		  u8 ak[TKM_NAME_SIZE]);

/*
 * Whether the platform with that AK says @digest: the checks of
 * Documentation/packet-format.rst in their order. -EKEYREJECTED with a finding.
 */
int manifest_check(const struct manifest *manifest, const struct area *ak,
		   const u8 digest[32], struct finding *finding);

#endif /* TKM_MANIFEST_H */
