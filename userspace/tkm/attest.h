/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a TPM says and signs (TPM 2.0 Part 2, "Attestation Structures"), read and
 * checked without one. All of it was written by strangers: every function here takes
 * any bytes at all, and takes for right only what is so to the last byte.
 */
#ifndef TKM_ATTEST_H
#define TKM_ATTEST_H

#include <openssl/evp.h>
#include <tss2/tss2_mu.h>

#include "values.h"

/* Banks of a quote's selection. */
#define ATTEST_BANKS	TPM2_NUM_PCR_BANKS

/**
 * struct registers - which registers, in the order that a quote has them
 * @n: selections
 * @pcrs: of one bank each, with any register or none
 */
struct registers {
	size_t n;
	struct tkm_pcrs pcrs[ATTEST_BANKS];
};

/*
 * TPMS_ATTEST, and nothing after it. -EPROTO when it does not begin with
 * TPM_GENERATED_VALUE, which is what makes it a TPM's; -EBADMSG.
 */
int attest_read(const u8 *p, size_t len, TPMS_ATTEST *attest);
/* TPM2B_PUBLIC, as tpm2-tools write it, or a bare TPMT_PUBLIC. -EBADMSG. */
int attest_public(const u8 *p, size_t len, TPMT_PUBLIC *pub);
/* TPMT_SIGNATURE. -EBADMSG. */
int attest_signature(const u8 *p, size_t len, TPMT_SIGNATURE *signature);

/* The Name of an object under SHA-256; -EOPNOTSUPP under another algorithm. */
int attest_name(const TPMT_PUBLIC *pub, u8 name[TKM_NAME_SIZE]);
/*
 * The qualified Name of an object whose parent has that one; NULL: it is a primary
 * key of the hierarchy.
 */
void attest_qualified(u32 hierarchy, const u8 parent[TKM_NAME_SIZE],
		      const u8 name[TKM_NAME_SIZE], u8 out[TKM_NAME_SIZE]);

/* For OpenSSL, to be freed; NULL for a key that it or we do not know. */
EVP_PKEY *attest_key(const TPMT_PUBLIC *pub);
/* Whether a key's signature of these bytes holds: -EKEYREJECTED, -EOPNOTSUPP. */
int attest_verify(const TPMT_PUBLIC *pub, const TPMT_SIGNATURE *signature,
		  const u8 *p, size_t len);

/*
 * A selection as ours; -EBADMSG for registers above 23, a bank that is there twice,
 * or one that is not known and has registers.
 */
int attest_registers(const TPML_PCR_SELECTION *selection,
		     struct registers *registers);
/* Whether both choose the same, whatever the order. */
bool registers_same(const struct registers *a, const struct registers *b);
bool registers_empty(const struct registers *registers);
/* What a quote's digest is of these, by the hash @alg of its signature. */
int registers_digest(const struct registers *registers,
		     const struct values *values, u16 alg, u8 *digest);

/*
 * A file of registers as tpm2_quote --pcr writes it (its format "serialized"): which,
 * in what order, and their values. -EBADMSG.
 */
#define REGISTERS_FILE_MAX	8192
int registers_read(const u8 *p, size_t len, struct registers *registers,
		   struct values *values);
/* The same written; the length, or -EMSGSIZE. */
ssize_t registers_write(const struct registers *registers,
			const struct values *values, u8 *out, size_t size);

/*
 * What binds a quote to a question: SHA-256 of "tkm attest v1", a zero, the purpose
 * ("quote", "key"), a zero, and the nonce.
 */
#define NONCE_MIN	16
#define NONCE_MAX	64
#define NONCE_NEW	32
void attest_extra(const char *purpose, const u8 *nonce, size_t len,
		  u8 extra[32]);

/* Never the same. -EIO. */
int attest_nonce(u8 nonce[NONCE_NEW]);

#endif /* TKM_ATTEST_H */
