// SPDX-License-Identifier: GPL-2.0
/*
 * A quote with the values that it is of. The two are asked for one after the other, and
 * IMA extends its register whenever it likes: what does not fit together is asked for
 * once more. TPM 2.0 Part 3, "TPM2_Quote", "TPM2_PCR_Read".
 */
#include "quote.h"

#define TRIES	20

static void selection_of(const struct registers *registers,
			 TPML_PCR_SELECTION *selection)
{
	size_t i, k;

	memset(selection, 0, sizeof(*selection));
	for (i = 0; i < registers->n; i++) {
		TPMS_PCR_SELECTION *one;

		if (!registers->pcrs[i].mask)
			continue;
		one = &selection->pcrSelections[selection->count++];
		one->hash = registers->pcrs[i].bank;
		one->sizeofSelect = 3;
		for (k = 0; k < 3; k++)
			one->pcrSelect[k] =
				(u8)(registers->pcrs[i].mask >> 8 * k);
	}
}

/* Takes the values that came, and from @left what they are of. */
static int take_values(const TPML_PCR_SELECTION *came, const TPML_DIGEST *digests,
		       struct registers *left, struct values *values)
{
	const struct registers before = *left;
	struct registers is;
	size_t i, k, size;
	u32 n = 0;
	int bank, number;

	if (attest_registers(came, &is))
		return -EIO;
	for (i = 0; i < is.n; i++) {
		bank = bank_of(is.pcrs[i].bank);
		size = bank < 0 ? 0 : tkm_hash_size(is.pcrs[i].bank);
		for (number = 0; number < REGISTERS; number++) {
			if (!(is.pcrs[i].mask & BIT(number)))
				continue;
			if (n >= digests->count || n >= 8 ||
			    digests->digests[n].size != size)
				return -EIO;
			memcpy(values->value[bank][number],
			       digests->digests[n++].buffer, size);
			values->known[bank] |= (u32)BIT(number);
		}
		for (k = 0; k < left->n; k++)
			if (left->pcrs[k].bank == is.pcrs[i].bank)
				left->pcrs[k].mask &= ~is.pcrs[i].mask;
	}
	/* None of what is left is there; what was not asked for is no answer. */
	return !registers_same(left, &before) ? 0 : n ? -EIO : -EOPNOTSUPP;
}

static int read_values(struct chip *chip, const struct registers *registers,
		       struct values *values)
{
	struct registers left = *registers;
	TPML_PCR_SELECTION wanted, *came;
	TPML_DIGEST *digests;
	u32 counter;
	int ret = 0;

	memset(values, 0, sizeof(*values));
	while (!ret && !registers_empty(&left)) {
		selection_of(&left, &wanted);
		ret = chip_errno(Esys_PCR_Read(chip->esys, ESYS_TR_NONE,
					       ESYS_TR_NONE, ESYS_TR_NONE,
					       &wanted, &counter, &came,
					       &digests));
		if (ret)
			return ret;
		ret = take_values(came, digests, &left, values);
		Esys_Free(came);
		Esys_Free(digests);
	}
	return ret;
}

static int sign(struct chip *chip, const struct ak *ak,
		const struct registers *registers, const u8 extra[32],
		struct quote *quote)
{
	const TPMT_SIG_SCHEME scheme = { .scheme = TPM2_ALG_NULL };
	TPM2B_DATA data = { .size = 32 };
	TPMT_SIGNATURE *signature = NULL;
	TPML_PCR_SELECTION selection;
	TPM2B_ATTEST *attest = NULL;
	int ret;

	memcpy(data.buffer, extra, 32);
	selection_of(registers, &selection);
	ret = chip_errno(Esys_Quote(chip->esys, ak->handle, ESYS_TR_PASSWORD,
				    ESYS_TR_NONE, ESYS_TR_NONE, &data, &scheme,
				    &selection, &attest, &signature));
	if (ret)
		return ret;
	quote->signature_len = 0;
	if (attest->size > sizeof(quote->attest) ||
	    Tss2_MU_TPMT_SIGNATURE_Marshal(signature, quote->signature,
					   sizeof(quote->signature),
					   &quote->signature_len)) {
		ret = -EIO;
	} else {
		memcpy(quote->attest, attest->attestationData, attest->size);
		quote->attest_len = attest->size;
	}
	Esys_Free(attest);
	Esys_Free(signature);
	return ret;
}

/* Whether it is of these registers, and these values. */
static int check(const struct registers *registers, const struct quote *quote)
{
	u8 digest[EVP_MAX_MD_SIZE];
	struct registers is;
	TPMS_ATTEST attest;

	if (attest_read(quote->attest, quote->attest_len, &attest) ||
	    attest.type != TPM2_ST_ATTEST_QUOTE ||
	    attest_registers(&attest.attested.quote.pcrSelect, &is))
		return -EIO;
	/* A bank that is not active is left out, and nothing is said of it. */
	if (!registers_same(&is, registers))
		return -EOPNOTSUPP;
	if (registers_digest(&is, &quote->values, TPM_ALG_SHA256, digest))
		return -EIO;
	return attest.attested.quote.pcrDigest.size == TKM_SHA256_SIZE &&
	       !memcmp(attest.attested.quote.pcrDigest.buffer, digest,
		       TKM_SHA256_SIZE) ? 0 : -EAGAIN;
}

int quote_make(struct chip *chip, const struct ak *ak,
	       const struct registers *registers, const u8 extra[32],
	       struct quote *quote)
{
	int i, ret = -EAGAIN;

	for (i = 0; i < TRIES && ret == -EAGAIN; i++) {
		ret = read_values(chip, registers, &quote->values);
		ret = ret ? ret : sign(chip, ak, registers, extra, quote);
		ret = ret ? ret : check(registers, quote);
	}
	return ret;
}
