/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The file that carries evidence from a machine to who judges it: an archive that tar
 * and tpm2-tools can use, but as it is written here, byte for byte, or it is none.
 * Documentation/evidence-format.rst.
 */
#ifndef TKM_EVIDENCE_H
#define TKM_EVIDENCE_H

#include "core.h"

/* In this order; those that are not there are left out. */
enum part {
	PART_AK,		/* TPM2B_PUBLIC of the attestation key */
	PART_QUOTE,		/* TPMS_ATTEST */
	PART_QUOTE_SIGNATURE,	/* TPMT_SIGNATURE */
	PART_REGISTERS,		/* as tpm2_quote --pcr writes them */
	PART_EVENT_LOG,
	PART_IMA,
	PART_CERTIFICATE,	/* of a key, in the place of a quote: TPMS_ATTEST */
	PART_CERTIFICATE_SIGNATURE, /* TPMT_SIGNATURE */
	PART_KEY,		/* its chain in DER, without private parts */
	PARTS
};

struct evidence {
	struct {
		const u8 *p;	/* NULL: not there */
		size_t len;
	} part[PARTS];
};

/* What a part may have at most, and with it the file. */
size_t evidence_part_max(enum part part);
#define EVIDENCE_MAX	(72 << 20)
const char *evidence_part_name(enum part part);

/* Points into @p. -EBADMSG; -EOPNOTSUPP for another version. */
int evidence_read(const u8 *p, size_t len, struct evidence *evidence);
/*
 * Whether it is of a key; then what was signed is moved to where that of a quote is.
 * *why: what is wrong, if it is of both, or a part is not there; else untouched.
 */
bool evidence_of_key(struct evidence *evidence, const char **why);
/* A chain for evidence: *out, to be freed, is a copy without private parts. */
int evidence_chain(const u8 *der, size_t len, u8 **out, size_t *out_len);
/* How long it becomes, then all of it. */
size_t evidence_size(const struct evidence *evidence);
void evidence_write(const struct evidence *evidence, u8 *out);

#endif /* TKM_EVIDENCE_H */
