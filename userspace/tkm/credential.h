/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A platform's credential, and the challenge and answer by which it is believed:
 * what stands in these files, read and written without a TPM.
 * Documentation/platform-format.rst has the bytes.
 */
#ifndef TKM_CREDENTIAL_H
#define TKM_CREDENTIAL_H

#include "area.h"

/* Of a file, and of what is in it, in DER. */
#define CREDENTIAL_FILE_MAX	32768
#define CREDENTIAL_MAX		14336
#define CREDENTIAL_EKS		2
#define CREDENTIAL_CERT_MAX	4096
#define CREDENTIAL_FACTS	24
#define CREDENTIAL_FACT_NAME	32
#define CREDENTIAL_FACT_VALUE	128
#define ATTEST_MAX		1024
#define SIGNATURE_AREA_MAX	1024

/**
 * struct credential_ek - an endorsement key
 * @index: NV index of its certificate, which tells its template
 * @cert: the certificate, in DER
 */
struct credential_ek {
	u32 index;
	u8 cert[CREDENTIAL_CERT_MAX];
	size_t cert_len;
	struct area area;
};

/* What the maker says of itself; @value is text for a person. */
struct credential_fact {
	char name[CREDENTIAL_FACT_NAME + 1];
	char value[CREDENTIAL_FACT_VALUE + 1];
};

/* TPM2_Certify: what the TPM said, and its signature. */
struct certify {
	u8 attest[ATTEST_MAX];
	size_t attest_len;
	u8 signature[SIGNATURE_AREA_MAX];
	size_t signature_len;
};

struct credential {
	unsigned int n_ek;
	struct credential_ek ek[CREDENTIAL_EKS];
	struct area ak, tkmrk, srk;
	unsigned int n_facts;
	struct credential_fact fact[CREDENTIAL_FACTS];
	struct certify certify;
};

/**
 * struct challenge - what the TPM with that endorsement key alone can answer
 * @credential: of the credential it is for
 * @index: of its endorsement key
 * @id: TPM2B_ID_OBJECT's content
 * @secret: TPM2B_ENCRYPTED_SECRET's
 */
struct challenge {
	u8 credential[32];
	u32 index;
	u8 nonce[32];
	u8 id[256];
	size_t id_len;
	u8 secret[512];
	size_t secret_len;
};

/**
 * struct answer
 * @challenge: credential_hash() of the challenge
 * @proof: made of the secret
 */
struct answer {
	u8 challenge[32];
	u8 proof[32];
	struct certify certify;
};

/*
 * The part that is signed: all but @certify; what is signed of it is
 * credential_signed(). Return: the length, or a negative errno.
 */
int credential_signed(const struct credential *credential, u8 hash[32]);
/* PEM, to be freed. */
int credential_write(const struct credential *credential, char **pem);
int challenge_write(const struct challenge *challenge, char **pem);
int answer_write(const struct answer *answer, char **pem);

/*
 * One PEM block and nothing behind it. -EBADMSG; -E2BIG; -EOPNOTSUPP for another
 * version.
 */
int credential_read(struct credential *credential, const void *text, size_t len);
int challenge_read(struct challenge *challenge, const void *text, size_t len);
int answer_read(struct answer *answer, const void *text, size_t len);
/* The same in DER, as tkmd keeps it. */
int credential_decode(struct credential *credential, const u8 *der, size_t len);
ssize_t credential_encode(const struct credential *credential,
			  u8 der[CREDENTIAL_MAX]);

/* Of a challenge: what names it. */
int challenge_hash(const struct challenge *challenge, u8 hash[32]);
/* What the answer proves with; and what its TPM2_Certify has to say. */
void answer_proof(const u8 challenge[32], const u8 *secret, size_t len,
		  u8 proof[32]);
void answer_signed(const u8 challenge[32], const u8 proof[32], u8 hash[32]);

#endif /* TKM_CREDENTIAL_H */
