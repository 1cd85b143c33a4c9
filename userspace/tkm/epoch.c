// SPDX-License-Identifier: GPL-2.0
/*
 * The counter of epochs: an NV index of the TPM that only goes up, anybody may
 * read, and the owner counts. With tpm2-tss, because there a session protects what
 * the owner's authorisation value is.
 */
#include <glob.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_tctildr.h>
#include <unistd.h>

#include "policy.h"

#define SRK		0x81000001

struct chip {
	TSS2_TCTI_CONTEXT *tcti;
	ESYS_CONTEXT *esys;
	ESYS_TR session;
};

/* The TPM's own code, without which handle or parameter it is about. */
static TSS2_RC plain(TSS2_RC rc)
{
	if (rc >> 16 && rc >> 16 != TSS2_RESMGR_TPM_RC_LAYER >> 16)
		return rc;
	rc &= 0xffff;
	return rc & TPM2_RC_FMT1 ? rc & 0xbf : rc;
}

static int errno_of(TSS2_RC rc)
{
	switch (plain(rc)) {
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

static int open_chip(struct chip *chip)
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

static void close_chip(struct chip *chip)
{
	if (chip->session != ESYS_TR_NONE)
		Esys_FlushContext(chip->esys, chip->session);
	Esys_Finalize(&chip->esys);
	Tss2_TctiLdr_Finalize(&chip->tcti);
}

/* The index as it is; -EEXIST when it is another one's. */
static int find_index(struct chip *chip, u32 index, ESYS_TR *nv)
{
	TPM2B_NV_PUBLIC *pub = NULL;
	TSS2_RC rc;
	int ret = 0;

	rc = Esys_TR_FromTPMPublic(chip->esys, index, ESYS_TR_NONE,
				   ESYS_TR_NONE, ESYS_TR_NONE, nv);
	if (rc)
		return errno_of(rc);
	rc = Esys_NV_ReadPublic(chip->esys, *nv, ESYS_TR_NONE, ESYS_TR_NONE,
				ESYS_TR_NONE, &pub, NULL);
	if (rc)
		return errno_of(rc);
	if ((pub->nvPublic.attributes & ~(TPMA_NV)EPOCH_WRITTEN) !=
		    EPOCH_ATTRIBUTES || pub->nvPublic.authPolicy.size ||
	    pub->nvPublic.nameAlg != TPM2_ALG_SHA256)
		ret = -EEXIST;
	Esys_Free(pub);
	return ret;
}

static int read_counter(struct chip *chip, ESYS_TR nv, u64 *epoch)
{
	TPM2B_MAX_NV_BUFFER *data = NULL;
	TSS2_RC rc;
	int ret = 0;

	rc = Esys_NV_Read(chip->esys, nv, nv, ESYS_TR_PASSWORD, ESYS_TR_NONE,
			  ESYS_TR_NONE, 8, 0, &data);
	if (rc)
		return errno_of(rc);
	if (data->size == 8)
		*epoch = (u64)get_unaligned_be32(data->buffer) << 32 |
			 get_unaligned_be32(data->buffer + 4);
	else
		ret = -EIO;
	Esys_Free(data);
	return ret;
}

int epoch_read(u32 index, u64 *epoch)
{
	struct chip chip;
	ESYS_TR nv;
	int ret;

	ret = open_chip(&chip);
	if (ret)
		return ret;
	ret = find_index(&chip, index, &nv);
	if (!ret)
		ret = read_counter(&chip, nv, epoch);
	close_chip(&chip);
	return ret;
}

int epoch_owner_auth(bool *set)
{
	TPMS_CAPABILITY_DATA *data = NULL;
	struct chip chip;
	TSS2_RC rc;
	int ret;

	ret = open_chip(&chip);
	if (ret)
		return ret;
	rc = Esys_GetCapability(chip.esys, ESYS_TR_NONE, ESYS_TR_NONE,
				ESYS_TR_NONE, TPM2_CAP_TPM_PROPERTIES,
				TPM2_PT_PERMANENT, 1, NULL, &data);
	ret = errno_of(rc);
	if (!ret)
		*set = data->data.tpmProperties.count &&
		       data->data.tpmProperties.tpmProperty[0].value &
			       TPMA_PERMANENT_OWNERAUTHSET;
	Esys_Free(data);
	close_chip(&chip);
	return ret;
}

/*
 * A session for the owner's authorisation, which then never crosses the bus.
 * Salted with the storage root key where there is one.
 */
static int begin_session(struct chip *chip)
{
	const TPMT_SYM_DEF none = { .algorithm = TPM2_ALG_NULL };
	ESYS_TR srk = ESYS_TR_NONE;

	if (Esys_TR_FromTPMPublic(chip->esys, SRK, ESYS_TR_NONE, ESYS_TR_NONE,
				  ESYS_TR_NONE, &srk))
		srk = ESYS_TR_NONE;
	return errno_of(Esys_StartAuthSession(chip->esys, srk, ESYS_TR_NONE,
					      ESYS_TR_NONE, ESYS_TR_NONE,
					      ESYS_TR_NONE, NULL, TPM2_SE_HMAC,
					      &none, TPM2_ALG_SHA256,
					      &chip->session)) ?:
	       errno_of(Esys_TRSess_SetAttributes(chip->esys, chip->session,
						  TPMA_SESSION_CONTINUESESSION,
						  0xff));
}

static int make_index(struct chip *chip, u32 index, ESYS_TR *nv)
{
	const TPM2B_AUTH empty = { .size = 0 };
	const TPM2B_NV_PUBLIC pub = {
		.nvPublic = {
			.nvIndex = index,
			.nameAlg = TPM2_ALG_SHA256,
			.attributes = EPOCH_ATTRIBUTES,
			.dataSize = 8,
		},
	};

	return errno_of(Esys_NV_DefineSpace(chip->esys, ESYS_TR_RH_OWNER,
					    chip->session, ESYS_TR_NONE,
					    ESYS_TR_NONE, &empty, &pub, nv));
}

static int count(struct chip *chip, u32 index, u64 *epoch)
{
	ESYS_TR nv = ESYS_TR_NONE;
	int ret;

	ret = find_index(chip, index, &nv);
	if (ret == -ENOENT)
		ret = make_index(chip, index, &nv);
	if (!ret)
		ret = errno_of(Esys_NV_Increment(chip->esys, ESYS_TR_RH_OWNER,
						 nv, chip->session,
						 ESYS_TR_NONE, ESYS_TR_NONE));
	return ret ? ret : read_counter(chip, nv, epoch);
}

int epoch_next(u32 index, const void *auth, size_t auth_len, u64 *epoch)
{
	TPM2B_AUTH value = { .size = (UINT16)auth_len };
	struct chip chip;
	int ret;

	if (auth_len > sizeof(value.buffer))
		return -E2BIG;
	ret = open_chip(&chip);
	if (ret)
		return ret;
	if (auth_len)
		memcpy(value.buffer, auth, auth_len);
	ret = errno_of(Esys_TR_SetAuth(chip.esys, ESYS_TR_RH_OWNER, &value));
	memzero_explicit(&value, sizeof(value));
	ret = ret ? ret : begin_session(&chip);
	ret = ret ? ret : count(&chip, index, epoch);
	close_chip(&chip);
	return ret;
}
