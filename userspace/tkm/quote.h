/* SPDX-License-Identifier: GPL-2.0 */
/* What this machine's TPM says of its registers. */
#ifndef TKM_QUOTE_H
#define TKM_QUOTE_H

#include "ak.h"
#include "attest.h"

/**
 * struct quote - a quote, and the values that it is of
 * @attest: TPMS_ATTEST
 * @signature: TPMT_SIGNATURE
 */
struct quote {
	u8 attest[sizeof(TPMS_ATTEST)];
	size_t attest_len;
	u8 signature[sizeof(TPMT_SIGNATURE)];
	size_t signature_len;
	struct values values;
};

/*
 * -EOPNOTSUPP when the TPM does not have these registers; -EAGAIN when they change all
 * the time; or as chip_errno().
 */
int quote_make(struct chip *chip, const struct ak *ak,
	       const struct registers *registers, const u8 extra[32],
	       struct quote *quote);

#endif /* TKM_QUOTE_H */
