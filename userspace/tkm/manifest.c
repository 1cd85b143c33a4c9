// SPDX-License-Identifier: GPL-2.0
/* Who says what stands in a packet: made by a TPM, and checked without one. */
#include "ak.h"
#include "attest.h"
#include "manifest.h"
#include "primary.h"
#include "tkm.h"

static const struct primary ours = {
	.attributes = SIGNER_ATTRIBUTES,
	.label = "tkm packet v1",
};

/* ---- signing ------------------------------------------------------------------- */

static int make_signer(struct chip *chip, ESYS_TR *handle, struct area *area)
{
	TPM2B_PUBLIC pub;
	int ret;

	ret = primary_make(chip, &ours, handle, &pub);
	if (ret)
		return ret;
	ret = area_take(area, &pub.publicArea);
	if (ret)
		Esys_FlushContext(chip->esys, *handle);
	return ret;
}

static int keep_signature(const TPMT_SIGNATURE *signature, u8 *out, size_t max,
			  size_t *len)
{
	*len = 0;
	return Tss2_MU_TPMT_SIGNATURE_Marshal(signature, out, max, len) ? -EIO : 0;
}

static int sign(struct chip *chip, ESYS_TR signer, const u8 digest[32],
		struct manifest *manifest)
{
	const TPMT_SIG_SCHEME scheme = { .scheme = TPM2_ALG_NULL };
	/* None is needed for a key that is not restricted. */
	const TPMT_TK_HASHCHECK ticket = { .tag = TPM2_ST_HASHCHECK,
					   .hierarchy = TPM2_RH_NULL };
	TPM2B_DIGEST what = { .size = 32 };
	TPMT_SIGNATURE *signature = NULL;
	int ret;

	tkm_sha256(&(struct tkm_piece){ digest, 32 }, 1, what.buffer);
	ret = chip_errno(Esys_Sign(chip->esys, signer, ESYS_TR_PASSWORD,
				   ESYS_TR_NONE, ESYS_TR_NONE, &what, &scheme,
				   &ticket, &signature));
	if (!ret)
		ret = keep_signature(signature, manifest->signature,
				     sizeof(manifest->signature),
				     &manifest->signature_len);
	Esys_Free(signature);
	return ret;
}

static int certify(struct chip *chip, ESYS_TR ak, ESYS_TR signer,
		   const u8 digest[32], struct certify *certify)
{
	const TPMT_SIG_SCHEME scheme = { .scheme = TPM2_ALG_NULL };
	TPM2B_DATA about = { .size = 32 };
	TPMT_SIGNATURE *signature = NULL;
	TPM2B_ATTEST *attest = NULL;
	int ret;

	memcpy(about.buffer, digest, 32);
	ret = chip_errno(Esys_Certify(chip->esys, signer, ak, ESYS_TR_PASSWORD,
				      ESYS_TR_PASSWORD, ESYS_TR_NONE, &about,
				      &scheme, &attest, &signature));
	if (!ret && attest->size > sizeof(certify->attest))
		ret = -EIO;
	if (!ret) {
		memcpy(certify->attest, attest->attestationData, attest->size);
		certify->attest_len = attest->size;
		ret = keep_signature(signature, certify->signature,
				     sizeof(certify->signature),
				     &certify->signature_len);
	}
	Esys_Free(attest);
	Esys_Free(signature);
	return ret;
}

/* With an AK of its own, so that what is certified is about this and no other. */
static int sign_with(struct chip *chip, const u8 digest[32],
		     struct manifest *manifest, u8 name[TKM_NAME_SIZE])
{
	struct ak ak;
	ESYS_TR signer;
	int ret;

	ret = ak_make(chip, &ak);
	if (ret)
		return ret;
	memcpy(name, ak.name.name, TKM_NAME_SIZE);
	ret = make_signer(chip, &signer, &manifest->signer);
	if (!ret) {
		ret = sign(chip, signer, digest, manifest);
		ret = ret ? ret : certify(chip, ak.handle, signer, digest,
					  &manifest->certify);
		Esys_FlushContext(chip->esys, signer);
	}
	ak_flush(chip, &ak);
	return ret;
}

int manifest_ak(struct area *area)
{
	struct chip chip;
	struct ak ak;
	int ret;

	ret = chip_open(&chip);
	if (ret)
		return failed(ret, "the TPM");
	ret = ak_make(&chip, &ak);
	if (!ret) {
		ret = area_take(area, &ak.pub.publicArea);
		ak_flush(&chip, &ak);
	}
	chip_close(&chip);
	return ret ? ak_failed(ret) : DONE;
}

int manifest_sign(const u8 digest[32], struct manifest *manifest,
		  u8 ak[TKM_NAME_SIZE])
{
	struct chip chip;
	int ret;

	memset(manifest, 0, sizeof(*manifest));
	ret = chip_open(&chip);
	if (ret)
		return failed(ret, "the TPM");
	ret = sign_with(&chip, digest, manifest, ak);
	chip_close(&chip);
	return ret ? ak_failed(ret) : DONE;
}

/* ---- checking --------------------------------------------------------------------- */

static int refuse(struct finding *finding, const char *check, const char *why)
{
	finding->check = check;
	snprintf(finding->why, sizeof(finding->why), "%s", why);
	return -EKEYREJECTED;
}

int manifest_check(const struct manifest *manifest, const struct area *ak,
		   const u8 digest[32], struct finding *finding)
{
	TPMT_SIGNATURE signature;

	if (!primary_is(&ours, &manifest->signer.pub))
		return refuse(finding, "signer-attributes",
			      "the key that signed is of another sort than tkm's, or could leave its TPM");
	if (attest_signature(manifest->signature, manifest->signature_len,
			     &signature) ||
	    attest_verify(&manifest->signer.pub, &signature, digest, 32))
		return refuse(finding, "manifest",
			      "what stands in it is not what was signed");
	return trust_certified(ak, &manifest->signer, &manifest->certify, digest,
			       "signer-name", finding);
}
