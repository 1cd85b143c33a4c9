// SPDX-License-Identifier: GPL-2.0
/*
 * The counter of epochs: an NV index of the TPM that only goes up, anybody may
 * read, and the owner counts. With tpm2-tss, because there a session protects what
 * the owner's authorisation value is.
 */
#include "chip.h"
#include "policy.h"

#define SRK		0x81000001

/* The index as it is; -EEXIST when it is another one's. */
static int find_index(struct chip *chip, u32 index, ESYS_TR *nv)
{
	TPM2B_NV_PUBLIC *pub = NULL;
	TSS2_RC rc;
	int ret = 0;

	rc = Esys_TR_FromTPMPublic(chip->esys, index, ESYS_TR_NONE,
				   ESYS_TR_NONE, ESYS_TR_NONE, nv);
	if (rc)
		return chip_errno(rc);
	rc = Esys_NV_ReadPublic(chip->esys, *nv, ESYS_TR_NONE, ESYS_TR_NONE,
				ESYS_TR_NONE, &pub, NULL);
	if (rc)
		return chip_errno(rc);
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
		return chip_errno(rc);
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

	ret = chip_open(&chip);
	if (ret)
		return ret;
	ret = find_index(&chip, index, &nv);
	if (!ret)
		ret = read_counter(&chip, nv, epoch);
	chip_close(&chip);
	return ret;
}

int epoch_owner_auth(bool *set)
{
	TPMS_CAPABILITY_DATA *data = NULL;
	struct chip chip;
	TSS2_RC rc;
	int ret;

	ret = chip_open(&chip);
	if (ret)
		return ret;
	rc = Esys_GetCapability(chip.esys, ESYS_TR_NONE, ESYS_TR_NONE,
				ESYS_TR_NONE, TPM2_CAP_TPM_PROPERTIES,
				TPM2_PT_PERMANENT, 1, NULL, &data);
	ret = chip_errno(rc);
	if (!ret)
		*set = data->data.tpmProperties.count &&
		       data->data.tpmProperties.tpmProperty[0].value &
			       TPMA_PERMANENT_OWNERAUTHSET;
	Esys_Free(data);
	chip_close(&chip);
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
	return chip_errno(Esys_StartAuthSession(chip->esys, srk, ESYS_TR_NONE,
					      ESYS_TR_NONE, ESYS_TR_NONE,
					      ESYS_TR_NONE, NULL, TPM2_SE_HMAC,
					      &none, TPM2_ALG_SHA256,
					      &chip->session)) ?:
	       chip_errno(Esys_TRSess_SetAttributes(chip->esys, chip->session,
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

	return chip_errno(Esys_NV_DefineSpace(chip->esys, ESYS_TR_RH_OWNER,
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
		ret = chip_errno(Esys_NV_Increment(chip->esys, ESYS_TR_RH_OWNER,
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
	ret = chip_open(&chip);
	if (ret)
		return ret;
	if (auth_len)
		memcpy(value.buffer, auth, auth_len);
	ret = chip_errno(Esys_TR_SetAuth(chip.esys, ESYS_TR_RH_OWNER, &value));
	memzero_explicit(&value, sizeof(value));
	ret = ret ? ret : begin_session(&chip);
	ret = ret ? ret : count(&chip, index, epoch);
	chip_close(&chip);
	return ret;
}
