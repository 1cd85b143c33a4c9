/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What approves a named policy, made without a TPM, a kernel or a file. It is read
 * by the module's own kernel/approval.c; Documentation/chain-format.rst has the
 * bytes.
 */
#ifndef TKM_APPROVAL_H
#define TKM_APPROVAL_H

#include "public.h"

#define APPROVALS_MAX	16
#define APPROVED_PCRS	6
#define SIGNATURE_MAX	512
/* What is signed: the approved policy's digest and the policyRef. */
#define APPROVAL_SIGNED	64

/* The counter of epochs, unless another one is said. */
#define EPOCH_INDEX	0x01800b7d
#define EPOCH_ATTRIBUTES	0x02040012	/* counter, owner writes, noDA */
#define EPOCH_WRITTEN		0x20000000

/* ---- what is approved ---------------------------------------------------------- */

struct approved_pcrs {
	struct tkm_pcrs pcrs;
	u8 digest[32];		/* of their values */
};

/**
 * struct approved - what an approval says yes to
 * @n: how many banks
 * @index: NV index of the epochs' counter, 0 for none
 * @epoch: what it has to say
 */
struct approved {
	unsigned int n;
	struct approved_pcrs pcr[APPROVED_PCRS];
	u32 index;
	u64 epoch;
};

/* Name of the counter once it was written; it says all that the index is. */
void epoch_name(u32 index, u8 name[TKM_NAME_SIZE]);

/* The digest of that policy; -EINVAL for one of no registers. */
int approved_digest(const struct approved *approved, u8 digest[32]);
/* What is signed, of a policy of that name. */
int approval_signed(const char *name, const struct approved *approved,
		    u8 message[APPROVAL_SIGNED]);

/* ---- approvals, DER --------------------------------------------------------------- */

/* By a private key: what signature_encode() takes, in SIGNATURE_MAX bytes. -EIO. */
int approval_sign(EVP_PKEY *pkey, const u8 message[APPROVAL_SIGNED], u8 *out,
		  size_t *len);
/* The words by which a tkm key with that public half makes the same of a SHA-256. */
const char *approval_words(EVP_PKEY *pkey);
/* TPMT_SIGNATURE of what OpenSSL or a tkm key gave: PKCS#1, or DER of ECDSA. */
ssize_t signature_encode(EVP_PKEY *pkey, const u8 *signature, size_t len,
			 u8 *out, size_t size);

/*
 * @signature NULL: one that is to be signed. Return: the length, or -EMSGSIZE.
 */
ssize_t approval_encode(const char *name, const u8 *pub, size_t pub_len,
			const struct approved *approved, const u8 *signature,
			size_t signature_len, u8 *out, size_t size);

/* What an approval's policy says yes to; -EBADMSG. */
int approval_read(const struct tkm_policy *policy, struct approved *approved);
/* The same of one that is to be signed. */
int approval_to_sign(const u8 *der, size_t len, struct approved *approved);
/* Whether the signature holds: -EKEYREJECTED. */
int approval_verify(const struct tkm_approval *approval);

/* ---- approvals of moves, DER -------------------------------------------------------- */

/* What is signed: that this object may move to that parent. */
void permit_signed(const u8 object[TKM_NAME_SIZE], const u8 parent[TKM_NAME_SIZE],
		   u8 message[APPROVAL_SIGNED]);
/*
 * @signature as signature_encode() writes it. What kernel/approval.c reads. Return: the
 * length, or -EMSGSIZE.
 */
ssize_t permit_encode(const u8 *pub, size_t pub_len,
		      const u8 object[TKM_NAME_SIZE],
		      const u8 parent[TKM_NAME_SIZE], const u8 *signature,
		      size_t signature_len, u8 *out, size_t size);
/* Whether the signature holds: -EKEYREJECTED. */
int permit_verify(const struct tkm_permit *permit);

#endif /* TKM_APPROVAL_H */
