// SPDX-License-Identifier: GPL-2.0
/*
 * The files of tkm platform: DER in PEM, by OpenSSL's templates. What is read is
 * written again and compared, so that there is one way to write a thing, nothing
 * is left over, and what is signed is what stands there.
 */
#include <openssl/asn1t.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include "credential.h"

#define VERSION	1

static const char credential_label[] = "tkm platform v1";
static const char challenge_label[] = "tkm platform challenge v1";
static const char proof_label[] = "tkm platform proof v1";
static const char answer_label[] = "tkm platform answer v1";

#define PEM_CREDENTIAL	"TKM PLATFORM"
#define PEM_CHALLENGE	"TKM PLATFORM CHALLENGE"
#define PEM_ANSWER	"TKM PLATFORM ANSWER"

/* ---- ASN.1 ------------------------------------------------------------------- */

typedef struct {
	ASN1_INTEGER *index;
	ASN1_OCTET_STRING *cert;
	ASN1_OCTET_STRING *area;
} ASN_EK;
ASN1_SEQUENCE(ASN_EK) = {
	ASN1_SIMPLE(ASN_EK, index, ASN1_INTEGER),
	ASN1_SIMPLE(ASN_EK, cert, ASN1_OCTET_STRING),
	ASN1_SIMPLE(ASN_EK, area, ASN1_OCTET_STRING),
} static_ASN1_SEQUENCE_END(ASN_EK)
IMPLEMENT_STATIC_ASN1_ALLOC_FUNCTIONS(ASN_EK)
DEFINE_STACK_OF(ASN_EK)

typedef struct {
	ASN1_UTF8STRING *name;
	ASN1_UTF8STRING *value;
} ASN_FACT;
ASN1_SEQUENCE(ASN_FACT) = {
	ASN1_SIMPLE(ASN_FACT, name, ASN1_UTF8STRING),
	ASN1_SIMPLE(ASN_FACT, value, ASN1_UTF8STRING),
} static_ASN1_SEQUENCE_END(ASN_FACT)
IMPLEMENT_STATIC_ASN1_ALLOC_FUNCTIONS(ASN_FACT)
DEFINE_STACK_OF(ASN_FACT)

typedef struct {
	ASN1_INTEGER *version;
	STACK_OF(ASN_EK) *eks;
	ASN1_OCTET_STRING *ak;
	ASN1_OCTET_STRING *tkmrk;
	ASN1_OCTET_STRING *srk;
	STACK_OF(ASN_FACT) *facts;
} ASN_BODY;
ASN1_SEQUENCE(ASN_BODY) = {
	ASN1_SIMPLE(ASN_BODY, version, ASN1_INTEGER),
	ASN1_SEQUENCE_OF(ASN_BODY, eks, ASN_EK),
	ASN1_SIMPLE(ASN_BODY, ak, ASN1_OCTET_STRING),
	ASN1_SIMPLE(ASN_BODY, tkmrk, ASN1_OCTET_STRING),
	ASN1_SIMPLE(ASN_BODY, srk, ASN1_OCTET_STRING),
	ASN1_SEQUENCE_OF(ASN_BODY, facts, ASN_FACT),
} static_ASN1_SEQUENCE_END(ASN_BODY)

typedef struct {
	ASN_BODY *body;
	ASN1_OCTET_STRING *attest;
	ASN1_OCTET_STRING *signature;
} ASN_CREDENTIAL;
ASN1_SEQUENCE(ASN_CREDENTIAL) = {
	ASN1_SIMPLE(ASN_CREDENTIAL, body, ASN_BODY),
	ASN1_SIMPLE(ASN_CREDENTIAL, attest, ASN1_OCTET_STRING),
	ASN1_SIMPLE(ASN_CREDENTIAL, signature, ASN1_OCTET_STRING),
} static_ASN1_SEQUENCE_END(ASN_CREDENTIAL)

typedef struct {
	ASN1_INTEGER *version;
	ASN1_OCTET_STRING *credential;
	ASN1_INTEGER *index;
	ASN1_OCTET_STRING *nonce;
	ASN1_OCTET_STRING *id;
	ASN1_OCTET_STRING *secret;
} ASN_CHALLENGE;
ASN1_SEQUENCE(ASN_CHALLENGE) = {
	ASN1_SIMPLE(ASN_CHALLENGE, version, ASN1_INTEGER),
	ASN1_SIMPLE(ASN_CHALLENGE, credential, ASN1_OCTET_STRING),
	ASN1_SIMPLE(ASN_CHALLENGE, index, ASN1_INTEGER),
	ASN1_SIMPLE(ASN_CHALLENGE, nonce, ASN1_OCTET_STRING),
	ASN1_SIMPLE(ASN_CHALLENGE, id, ASN1_OCTET_STRING),
	ASN1_SIMPLE(ASN_CHALLENGE, secret, ASN1_OCTET_STRING),
} static_ASN1_SEQUENCE_END(ASN_CHALLENGE)

typedef struct {
	ASN1_INTEGER *version;
	ASN1_OCTET_STRING *challenge;
	ASN1_OCTET_STRING *proof;
	ASN1_OCTET_STRING *attest;
	ASN1_OCTET_STRING *signature;
} ASN_ANSWER;
ASN1_SEQUENCE(ASN_ANSWER) = {
	ASN1_SIMPLE(ASN_ANSWER, version, ASN1_INTEGER),
	ASN1_SIMPLE(ASN_ANSWER, challenge, ASN1_OCTET_STRING),
	ASN1_SIMPLE(ASN_ANSWER, proof, ASN1_OCTET_STRING),
	ASN1_SIMPLE(ASN_ANSWER, attest, ASN1_OCTET_STRING),
	ASN1_SIMPLE(ASN_ANSWER, signature, ASN1_OCTET_STRING),
} static_ASN1_SEQUENCE_END(ASN_ANSWER)

/* One value of that type, written the one way; NULL. */
static void *decode(const ASN1_ITEM *type, const u8 *der, size_t len)
{
	const u8 *p = der;
	ASN1_VALUE *value;
	u8 *again = NULL;
	int n;

	value = ASN1_item_d2i(NULL, &p, (long)len, type);
	if (!value)
		return NULL;
	n = ASN1_item_i2d(value, &again, type);
	if (n < 0 || (size_t)n != len || memcmp(again, der, len)) {
		ASN1_item_free(value, type);
		value = NULL;
	}
	OPENSSL_free(again);
	return value;
}

static bool put(ASN1_OCTET_STRING *to, const void *bytes, size_t len)
{
	return ASN1_OCTET_STRING_set(to, bytes, (int)len);
}

static int get(const ASN1_OCTET_STRING *from, void *to, size_t max, size_t *len)
{
	size_t n = (size_t)ASN1_STRING_length(from);

	if (!n || n > max)
		return -EBADMSG;
	memcpy(to, ASN1_STRING_get0_data(from), n);
	*len = n;
	return 0;
}

static int get_hash(const ASN1_OCTET_STRING *from, u8 to[32])
{
	size_t len;

	return get(from, to, 32, &len) ?: len == 32 ? 0 : -EBADMSG;
}

static int get_area(const ASN1_OCTET_STRING *from, struct area *area)
{
	return area_read(area, ASN1_STRING_get0_data(from),
			 (size_t)ASN1_STRING_length(from));
}

static int get_index(const ASN1_INTEGER *from, u32 *index)
{
	uint64_t value;

	if (!ASN1_INTEGER_get_uint64(&value, from) || value > UINT32_MAX)
		return -EBADMSG;
	*index = (u32)value;
	return 0;
}

static int check_version(const ASN1_INTEGER *from)
{
	int64_t version;

	if (!ASN1_INTEGER_get_int64(&version, from))
		return -EBADMSG;
	return version == VERSION ? 0 : -EOPNOTSUPP;
}

static void sha256_of(const char *label, size_t label_size, const void *bytes,
		      size_t len, u8 hash[32])
{
	const struct tkm_piece pieces[] = { { label, label_size }, { bytes, len } };

	tkm_sha256(pieces, 2, hash);
}

/* ---- PEM ----------------------------------------------------------------------- */

static int write_pem(const char *label, const u8 *der, size_t len, char **pem)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long n;
	int ret = -ENOMEM;

	*pem = NULL;
	if (bio && PEM_write_bio(bio, label, "", der, (long)len) > 0) {
		n = BIO_get_mem_data(bio, &text);
		*pem = strndup(text, (size_t)n);
		ret = *pem ? 0 : -ENOMEM;
	}
	BIO_free(bio);
	return ret;
}

static bool only_space(BIO *bio)
{
	const char *rest;
	long n = BIO_get_mem_data(bio, &rest);

	for (; n > 0; n--, rest++)
		if (!strchr(" \t\r\n", *rest) || !*rest)
			return false;
	return true;
}

/* To be freed by OPENSSL_free(). */
static int read_pem(const char *label, const void *text, size_t len, u8 **der,
		    size_t *der_len)
{
	char *name = NULL, *header = NULL;
	long n = 0;
	BIO *bio;
	int ret = -EBADMSG;

	*der = NULL;
	if (len > CREDENTIAL_FILE_MAX)
		return -E2BIG;
	bio = BIO_new_mem_buf(text, (int)len);
	if (!bio)
		return -ENOMEM;
	if (PEM_read_bio(bio, &name, &header, der, &n) && !strcmp(name, label) &&
	    !*header && only_space(bio) && n > 0)
		ret = n > CREDENTIAL_MAX ? -E2BIG : 0;
	*der_len = (size_t)n;
	BIO_free(bio);
	OPENSSL_free(name);
	OPENSSL_free(header);
	if (ret) {
		OPENSSL_free(*der);
		*der = NULL;
	}
	return ret;
}

/* What PEM of that label holds, to be freed as its type. */
static int read_item(const char *label, const ASN1_ITEM *type, const void *text,
		     size_t len, void **value)
{
	size_t der_len;
	u8 *der;
	int ret = read_pem(label, text, len, &der, &der_len);

	if (!ret) {
		*value = decode(type, der, der_len);
		ret = *value ? 0 : -EBADMSG;
	}
	OPENSSL_free(der);
	return ret;
}

/* ---- the credential ---------------------------------------------------------------- */

static bool fill_ek(ASN_BODY *body, const struct credential_ek *ek)
{
	ASN_EK *one = ASN_EK_new();

	if (!one || !ASN1_INTEGER_set_uint64(one->index, ek->index) ||
	    !put(one->cert, ek->cert, ek->cert_len) ||
	    !put(one->area, ek->area.bytes, ek->area.len) ||
	    !sk_ASN_EK_push(body->eks, one)) {
		ASN_EK_free(one);
		return false;
	}
	return true;
}

static bool fill_fact(ASN_BODY *body, const struct credential_fact *fact)
{
	ASN_FACT *one = ASN_FACT_new();

	if (!one || !ASN1_STRING_set(one->name, fact->name, -1) ||
	    !ASN1_STRING_set(one->value, fact->value, -1) ||
	    !sk_ASN_FACT_push(body->facts, one)) {
		ASN_FACT_free(one);
		return false;
	}
	return true;
}

static bool fill_body(ASN_BODY *body, const struct credential *credential)
{
	unsigned int i;

	for (i = 0; i < credential->n_ek; i++)
		if (!fill_ek(body, &credential->ek[i]))
			return false;
	for (i = 0; i < credential->n_facts; i++)
		if (!fill_fact(body, &credential->fact[i]))
			return false;
	return ASN1_INTEGER_set_int64(body->version, VERSION) &&
	       put(body->ak, credential->ak.bytes, credential->ak.len) &&
	       put(body->tkmrk, credential->tkmrk.bytes,
		   credential->tkmrk.len) &&
	       put(body->srk, credential->srk.bytes, credential->srk.len);
}

int credential_signed(const struct credential *credential, u8 hash[32])
{
	ASN_BODY *body = (void *)ASN1_item_new(ASN1_ITEM_rptr(ASN_BODY));
	u8 *der = NULL;
	int n = -1;

	if (body && fill_body(body, credential))
		n = ASN1_item_i2d((void *)body, &der, ASN1_ITEM_rptr(ASN_BODY));
	if (n > 0)
		sha256_of(credential_label, sizeof(credential_label), der,
			  (size_t)n, hash);
	OPENSSL_free(der);
	ASN1_item_free((void *)body, ASN1_ITEM_rptr(ASN_BODY));
	return n > 0 ? 0 : -ENOMEM;
}

ssize_t credential_encode(const struct credential *credential,
			  u8 der[CREDENTIAL_MAX])
{
	ASN_CREDENTIAL *all =
		(void *)ASN1_item_new(ASN1_ITEM_rptr(ASN_CREDENTIAL));
	const struct certify *certify = &credential->certify;
	u8 *made = NULL;
	int n = -1;

	if (all && fill_body(all->body, credential) &&
	    put(all->attest, certify->attest, certify->attest_len) &&
	    put(all->signature, certify->signature, certify->signature_len))
		n = ASN1_item_i2d((void *)all, &made,
				  ASN1_ITEM_rptr(ASN_CREDENTIAL));
	if (n > 0 && n <= CREDENTIAL_MAX)
		memcpy(der, made, (size_t)n);
	OPENSSL_free(made);
	ASN1_item_free((void *)all, ASN1_ITEM_rptr(ASN_CREDENTIAL));
	return n <= 0 ? -ENOMEM : n > CREDENTIAL_MAX ? -E2BIG : n;
}

int credential_write(const struct credential *credential, char **pem)
{
	u8 der[CREDENTIAL_MAX];
	ssize_t n = credential_encode(credential, der);

	*pem = NULL;
	return n < 0 ? (int)n : write_pem(PEM_CREDENTIAL, der, (size_t)n, pem);
}

static int get_ek(const ASN_EK *from, struct credential_ek *ek)
{
	return get_index(from->index, &ek->index) ?:
	       get(from->cert, ek->cert, sizeof(ek->cert), &ek->cert_len) ?:
	       get_area(from->area, &ek->area);
}

/* Printable ASCII: it is shown to a person, on a terminal. */
static int get_text(const ASN1_UTF8STRING *from, char *to, size_t max)
{
	size_t len, i;
	int ret = get(from, to, max, &len);

	if (ret)
		return ret;
	for (i = 0; i < len; i++)
		if (to[i] < ' ' || to[i] > '~')
			return -EBADMSG;
	to[len] = 0;
	return 0;
}

static int get_fact(const ASN_FACT *from, struct credential_fact *fact)
{
	return get_text(from->name, fact->name, CREDENTIAL_FACT_NAME) ?:
	       get_text(from->value, fact->value, CREDENTIAL_FACT_VALUE);
}

static int get_body(const ASN_BODY *body, struct credential *credential)
{
	int eks = sk_ASN_EK_num(body->eks);
	int facts = sk_ASN_FACT_num(body->facts);
	int i, ret = check_version(body->version);

	if (!ret && (eks < 1 || eks > CREDENTIAL_EKS ||
		     facts > CREDENTIAL_FACTS))
		ret = -EBADMSG;
	for (i = 0; !ret && i < eks; i++)
		ret = get_ek(sk_ASN_EK_value(body->eks, i),
			     &credential->ek[credential->n_ek++]);
	for (i = 0; !ret && i < facts; i++)
		ret = get_fact(sk_ASN_FACT_value(body->facts, i),
			       &credential->fact[credential->n_facts++]);
	return ret ?: get_area(body->ak, &credential->ak) ?:
	       get_area(body->tkmrk, &credential->tkmrk) ?:
	       get_area(body->srk, &credential->srk);
}

static int get_certify(const ASN1_OCTET_STRING *attest,
		       const ASN1_OCTET_STRING *signature,
		       struct certify *certify)
{
	return get(attest, certify->attest, sizeof(certify->attest),
		   &certify->attest_len) ?:
	       get(signature, certify->signature, sizeof(certify->signature),
		   &certify->signature_len);
}

int credential_decode(struct credential *credential, const u8 *der, size_t len)
{
	ASN_CREDENTIAL *all;
	int ret;

	memset(credential, 0, sizeof(*credential));
	if (len > CREDENTIAL_MAX)
		return -E2BIG;
	all = decode(ASN1_ITEM_rptr(ASN_CREDENTIAL), der, len);
	if (!all)
		return -EBADMSG;
	ret = get_body(all->body, credential) ?:
	      get_certify(all->attest, all->signature, &credential->certify);
	ASN1_item_free((void *)all, ASN1_ITEM_rptr(ASN_CREDENTIAL));
	return ret;
}

int credential_read(struct credential *credential, const void *text, size_t len)
{
	size_t der_len;
	u8 *der;
	int ret = read_pem(PEM_CREDENTIAL, text, len, &der, &der_len);

	if (!ret)
		ret = credential_decode(credential, der, der_len);
	OPENSSL_free(der);
	return ret;
}

/* ---- challenge and answer -------------------------------------------------------------- */

/* To be freed by OPENSSL_free(); NULL with a negative length. */
static int encode_challenge(const struct challenge *challenge, u8 **der)
{
	ASN_CHALLENGE *asn = (void *)ASN1_item_new(ASN1_ITEM_rptr(ASN_CHALLENGE));
	int n = -1;

	*der = NULL;
	if (asn && ASN1_INTEGER_set_int64(asn->version, VERSION) &&
	    put(asn->credential, challenge->credential, 32) &&
	    ASN1_INTEGER_set_uint64(asn->index, challenge->index) &&
	    put(asn->nonce, challenge->nonce, 32) &&
	    put(asn->id, challenge->id, challenge->id_len) &&
	    put(asn->secret, challenge->secret, challenge->secret_len))
		n = ASN1_item_i2d((void *)asn, der,
				  ASN1_ITEM_rptr(ASN_CHALLENGE));
	ASN1_item_free((void *)asn, ASN1_ITEM_rptr(ASN_CHALLENGE));
	return n > 0 ? n : -ENOMEM;
}

int challenge_hash(const struct challenge *challenge, u8 hash[32])
{
	u8 *der;
	int n = encode_challenge(challenge, &der);

	if (n > 0)
		sha256_of(challenge_label, sizeof(challenge_label), der,
			  (size_t)n, hash);
	OPENSSL_free(der);
	return n > 0 ? 0 : n;
}

int challenge_write(const struct challenge *challenge, char **pem)
{
	u8 *der;
	int n = encode_challenge(challenge, &der);

	*pem = NULL;
	if (n > 0)
		n = write_pem(PEM_CHALLENGE, der, (size_t)n, pem);
	OPENSSL_free(der);
	return n;
}

int challenge_read(struct challenge *challenge, const void *text, size_t len)
{
	ASN_CHALLENGE *asn;
	void *item;
	int ret = read_item(PEM_CHALLENGE, ASN1_ITEM_rptr(ASN_CHALLENGE), text, len,
			    &item);

	memset(challenge, 0, sizeof(*challenge));
	if (ret)
		return ret;
	asn = item;
	ret = check_version(asn->version) ?:
	      get_hash(asn->credential, challenge->credential) ?:
	      get_index(asn->index, &challenge->index) ?:
	      get_hash(asn->nonce, challenge->nonce) ?:
	      get(asn->id, challenge->id, sizeof(challenge->id),
		  &challenge->id_len) ?:
	      get(asn->secret, challenge->secret, sizeof(challenge->secret),
		  &challenge->secret_len);
	ASN1_item_free((void *)asn, ASN1_ITEM_rptr(ASN_CHALLENGE));
	return ret;
}

int answer_write(const struct answer *answer, char **pem)
{
	ASN_ANSWER *asn = (void *)ASN1_item_new(ASN1_ITEM_rptr(ASN_ANSWER));
	const struct certify *certify = &answer->certify;
	u8 *der = NULL;
	int n = -1;

	*pem = NULL;
	if (asn && ASN1_INTEGER_set_int64(asn->version, VERSION) &&
	    put(asn->challenge, answer->challenge, 32) &&
	    put(asn->proof, answer->proof, 32) &&
	    put(asn->attest, certify->attest, certify->attest_len) &&
	    put(asn->signature, certify->signature, certify->signature_len))
		n = ASN1_item_i2d((void *)asn, &der, ASN1_ITEM_rptr(ASN_ANSWER));
	ASN1_item_free((void *)asn, ASN1_ITEM_rptr(ASN_ANSWER));
	n = n > 0 ? write_pem(PEM_ANSWER, der, (size_t)n, pem) : -ENOMEM;
	OPENSSL_free(der);
	return n;
}

int answer_read(struct answer *answer, const void *text, size_t len)
{
	ASN_ANSWER *asn;
	void *item;
	int ret = read_item(PEM_ANSWER, ASN1_ITEM_rptr(ASN_ANSWER), text, len,
			    &item);

	memset(answer, 0, sizeof(*answer));
	if (ret)
		return ret;
	asn = item;
	ret = check_version(asn->version) ?:
	      get_hash(asn->challenge, answer->challenge) ?:
	      get_hash(asn->proof, answer->proof) ?:
	      get_certify(asn->attest, asn->signature, &answer->certify);
	ASN1_item_free((void *)asn, ASN1_ITEM_rptr(ASN_ANSWER));
	return ret;
}

void answer_proof(const u8 challenge[32], const u8 *secret, size_t len,
		  u8 proof[32])
{
	const struct tkm_piece pieces[] = {
		{ proof_label, sizeof(proof_label) }, { challenge, 32 },
	};

	tkm_hmac_sha256(secret, len, pieces, 2, proof);
}

void answer_signed(const u8 challenge[32], const u8 proof[32], u8 hash[32])
{
	const struct tkm_piece pieces[] = {
		{ answer_label, sizeof(answer_label) },
		{ challenge, 32 }, { proof, 32 },
	};

	tkm_sha256(pieces, 3, hash);
}
