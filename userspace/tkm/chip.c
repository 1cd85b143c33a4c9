// SPDX-License-Identifier: GPL-2.0
/* The TPM through tpm2-tss. */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "chip.h"

TSS2_RC chip_code(TSS2_RC rc)
{
	if (rc >> 16 && rc >> 16 != TSS2_RESMGR_TPM_RC_LAYER >> 16)
		return rc;
	rc &= 0xffff;
	return rc & TPM2_RC_FMT1 ? rc & 0xbf : rc;
}

int chip_errno(TSS2_RC rc)
{
	switch (chip_code(rc)) {
	case TPM2_RC_SUCCESS:
		return 0;
	case TPM2_RC_HANDLE:
	case TPM2_RC_NV_UNINITIALIZED:
		return -ENOENT;
	case TPM2_RC_AUTH_FAIL:
	case TPM2_RC_BAD_AUTH:
		return -EKEYREJECTED;
	case TPM2_RC_NV_SPACE:
		return -ENOSPC;
	case TPM2_RC_LOCKOUT:
		return -EBUSY;
	case TPM2_RC_RETRY:
	case TPM2_RC_NV_RATE:
		return -EAGAIN;
	default:
		return -EIO;
	}
}

int chip_open(struct chip *chip)
{
	char config[64];
	const char *name;
	glob_t chips;
	TSS2_RC rc;

	*chip = (struct chip){ .session = ESYS_TR_NONE };
	if (glob("/dev/tpmrm[0-9]*", 0, NULL, &chips)) {
		globfree(&chips);
		return -ENODEV;
	}
	name = chips.gl_pathv[0];
	snprintf(config, sizeof(config), "device:%s", name);
	rc = access(name, R_OK | W_OK) ? (TSS2_RC)errno : 0;
	globfree(&chips);
	if (rc)
		return -(int)rc;
	/* What fails is said by us. */
	setenv("TSS2_LOG", "all+none", 0);
	if (Tss2_TctiLdr_Initialize(config, &chip->tcti))
		return -ENODEV;
	if (Esys_Initialize(&chip->esys, chip->tcti, NULL)) {
		Tss2_TctiLdr_Finalize(&chip->tcti);
		return -EIO;
	}
	return 0;
}

void chip_close(struct chip *chip)
{
	if (chip->session != ESYS_TR_NONE)
		Esys_FlushContext(chip->esys, chip->session);
	Esys_Finalize(&chip->esys);
	Tss2_TctiLdr_Finalize(&chip->tcti);
}
