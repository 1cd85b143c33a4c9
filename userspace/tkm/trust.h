/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whether another platform's credential is to be believed. Each check has a name, and
 * they are made in an order: the first that fails is told. None needs a TPM.
 */
#ifndef TKM_TRUST_H
#define TKM_TRUST_H

#include <openssl/x509.h>

#include "credential.h"

/**
 * struct finding - the check that failed
 * @check: its name, as tkm-platform(8) has them
 * @why: for a person
 */
struct finding {
	const char *check;
	char why[256];
};

/*
 * The certificates in the files of a folder, PEM or DER, to be freed. Those that
 * issued themselves are trusted, the others lead there. NULL with a negative
 * errno: -ENOENT for none.
 */
X509_STORE *trust_folder(const char *folder, int *err);

/*
 * All but a challenge: the first endorsement key whose certificate leads to @store is
 * the one that counts, *ek. -EKEYREJECTED with a finding.
 */
int trust_credential(const struct credential *credential, X509_STORE *store,
		     unsigned int *ek, struct finding *finding);
/* One endorsement key and its certificate: the first of these checks. */
int trust_certificate(const struct credential_ek *ek, X509_STORE *store,
		      struct finding *finding);
/* The first that passes it, *ek; the finding is of the first one. */
int trust_choose(const struct credential *credential, X509_STORE *store,
		 unsigned int *ek, struct finding *finding);
/* The endorsement key is the one in its certificate: the second of them. */
int trust_ek(const struct credential_ek *ek, struct finding *finding);
/* What came with an answer that was right, of @hash (answer_signed()). */
int trust_answer(const struct credential *credential, const struct answer *answer,
		 const u8 hash[32], struct finding *finding);
/*
 * Whether the AK certified that key, about @hash; @check is what the last of these
 * checks is called, that it was this key and no other.
 */
int trust_certified(const struct area *ak, const struct area *key,
		    const struct certify *certify, const u8 hash[32],
		    const char *check, struct finding *finding);

/*
 * TPM2_MakeCredential without a TPM: what only the TPM that has @ek and a key of the
 * Name @name opens. -EIO.
 */
int challenge_seal(const struct area *ek, const u8 *name, size_t name_len,
		   const u8 *secret, size_t secret_len,
		   struct challenge *challenge);

#endif /* TKM_TRUST_H */
