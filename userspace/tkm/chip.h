/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The TPM through tpm2-tss, for the verbs that talk to it themselves: by the kernel's
 * resource manager, beside the module.
 */
#ifndef TKM_CHIP_H
#define TKM_CHIP_H

#include <tss2/tss2_esys.h>
#include <tss2/tss2_tctildr.h>

struct chip {
	TSS2_TCTI_CONTEXT *tcti;
	ESYS_CONTEXT *esys;
	ESYS_TR session;	/* flushed at the end, if there is one */
};

/* -ENODEV, -EACCES; chip_close() after 0. */
int chip_open(struct chip *chip);
void chip_close(struct chip *chip);

/*
 * 0 or a negative errno: -ENOENT for what is not there, -EKEYREJECTED for a wrong
 * authorisation value, -EBUSY for a TPM that is locked, -EAGAIN, -ENOSPC, -EIO.
 */
int chip_errno(TSS2_RC rc);
/* The TPM's own code, without which handle or parameter it is about. */
TSS2_RC chip_code(TSS2_RC rc);

#endif /* TKM_CHIP_H */
