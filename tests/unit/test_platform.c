// SPDX-License-Identifier: GPL-2.0
/*
 * Credentials of platforms: their format, and each check by itself. That a TPM makes
 * such, and answers, tests/vm/platform.sh tries.
 */
#include "unit.h"
#include "platform.h"

/* What ak.c and values.c need, and is not called here. */
int failed(int err, const char *what);
int failed_as(int err, const char *remedy, const char *format, ...);
int read_input(const char *path, size_t max, uint8_t **data, size_t *len);

int read_input(const char *path, size_t max, uint8_t **data, size_t *len)
{
	fail_msg("%s: %zu %p %p", path, max, (void *)data, (void *)len);
	return -ENOENT;
}

int failed(int err, const char *what)
{
	fail_msg("%d: %s", err, what);
	return 1;
}

int failed_as(int err, const char *remedy, const char *format, ...)
{
	fail_msg("%d: %s: %s", err, format, remedy);
	return 1;
}

static struct platform p;

static int make(void **state)
{
	(void)state;
	platform_make(&p);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	platform_free(&p);
	return 0;
}

static void passes(void)
{
	struct finding finding = { "none", "" };
	unsigned int ek = 9;
	int ret = trust_credential(&p.credential, p.store, &ek, &finding);

	if (ret)
		fail_msg("%s: %s", finding.check, finding.why);
}

static void refused(const char *check, const char *why)
{
	struct finding finding = { "none", "" };
	unsigned int ek;

	assert_int_equal(trust_credential(&p.credential, p.store, &ek, &finding),
			 -EKEYREJECTED);
	assert_string_equal(finding.check, check);
	if (why && !strstr(finding.why, why))
		fail_msg("%s, not %s", finding.why, why);
}

static void the_right_one_passes(void **state)
{
	(void)state;
	passes();
}

/* ---- certificates --------------------------------------------------------------- */

static void each_wrong_certificate_is_refused(void **state)
{
	EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	const struct {
		struct paper paper;
		const char *why;	/* NULL: it is right */
	} rows[] = {
		{ { .usage = "keyEncipherment,digitalSignature" }, NULL },
		{ { .purpose = "clientAuth," EKU }, NULL },
		{ { .purpose = "" }, NULL },
		{ { .name = "dirName:tpm" }, NULL },
		{ { .from = -2 * DAY, .to = -DAY }, "expired" },
		{ { .from = DAY, .to = 2 * DAY }, "not yet valid" },
		{ { .basic = "critical,CA:TRUE" }, "CA" },
		{ { .usage = "keyCertSign" }, "key usage" },
		{ { .usage = "keyAgreement" }, "key usage" },
		{ { .usage = "" }, "key usage" },
		{ { .purpose = "clientAuth" }, "extended key usage" },
		{ { .name = "" }, "maker" },
		{ { .name = "dirName:person" }, "maker" },
		{ { .name = "DNS:chip.example" }, "maker" },
		{ { .bare = true }, "key usage" },
		{ { .self = true }, "issued itself" },
		{ { .self = true, .signer = p.ek }, "issued itself" },
		{ { .signer = other }, "signature" },
		{ { .hash = "SHA1" }, "" },
	};
	size_t i;
	X509 *cert;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		cert = certify(p.ek, "a chip", p.root, p.ca, &rows[i].paper);
		put_cert(&p.credential.ek[0], cert);
		X509_free(cert);
		sign_again(&p);
		if (rows[i].why)
			refused("ek-certificate", rows[i].why);
		else
			passes();
	}
	EVP_PKEY_free(other);
}

static X509 *between(EVP_PKEY *key, const char *basic)
{
	const struct paper paper = { .basic = basic, .usage = "keyCertSign",
				     .purpose = "", .name = "" };

	return certify(key, "between", p.root, p.ca, &paper);
}

/* In the folder, not in the file; and not above what a CA may be above. */
static void a_chain_leads_to_a_root(void **state)
{
	static const struct paper right = { 0 };
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	X509 *ca = between(key, "critical,CA:TRUE"), *no, *cert;
	X509_STORE *alone = X509_STORE_new();

	(void)state;
	cert = certify(p.ek, "a chip", ca, key, &right);
	put_cert(&p.credential.ek[0], cert);
	X509_free(cert);
	sign_again(&p);
	refused("ek-certificate", "issuer");
	/* What lies between is no root. */
	X509_STORE_add_cert(alone, ca);
	X509_STORE_free(p.store);
	p.store = alone;
	refused("ek-certificate", "issuer");
	X509_STORE_add_cert(p.store, p.root);
	passes();
	/* One that may not sign. */
	no = between(key, "critical,CA:FALSE");
	X509_STORE_free(p.store);
	p.store = X509_STORE_new();
	X509_STORE_add_cert(p.store, p.root);
	X509_STORE_add_cert(p.store, no);
	refused("ek-certificate", "CA");
	X509_free(no);
	X509_free(ca);
	EVP_PKEY_free(key);
}

static void a_path_has_its_length(void **state)
{
	static const struct paper right = { 0 };
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	X509 *top = between(p.ca, "critical,CA:TRUE,pathlen:0");
	const struct paper paper = { .basic = "critical,CA:TRUE",
				     .usage = "keyCertSign", .purpose = "",
				     .name = "" };
	X509 *below = certify(key, "below", top, p.ca, &paper);
	X509 *cert = certify(p.ek, "a chip", below, key, &right);

	(void)state;
	X509_STORE_add_cert(p.store, top);
	X509_STORE_add_cert(p.store, below);
	put_cert(&p.credential.ek[0], cert);
	sign_again(&p);
	refused("ek-certificate", "path length");
	X509_free(cert);
	X509_free(below);
	X509_free(top);
	EVP_PKEY_free(key);
}

static void check_der(const u8 *der, size_t len)
{
	struct credential_ek ek = p.credential.ek[0];
	struct finding finding;

	memcpy(ek.cert, der, len);
	ek.cert_len = len;
	assert_int_equal(trust_certificate(&ek, p.store, &finding),
			 -EKEYREJECTED);
}

static void every_bit_of_a_certificate_counts(void **state)
{
	struct credential_ek *ek = &p.credential.ek[0];
	u8 der[CREDENTIAL_CERT_MAX];
	size_t n = ek->cert_len;

	(void)state;
	memcpy(der, ek->cert, n);
	each_flip(der, n, check_der);
	each_truncation(der, n, check_der);
	der[n] = 0;
	check_der(der, n + 1);
}

static void the_second_key_counts_when_the_first_leads_nowhere(void **state)
{
	EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
	const struct paper right = { .usage = "keyAgreement" };
	const struct paper wrong = { .signer = other };
	struct finding finding;
	unsigned int ek;
	X509 *cert;

	(void)state;
	p.credential.n_ek = 2;
	put_ek(&p.credential.ek[1], 0x01c00016, other);
	cert = certify(other, "a chip", p.root, p.ca, &right);
	put_cert(&p.credential.ek[1], cert);
	X509_free(cert);
	sign_again(&p);
	assert_int_equal(trust_credential(&p.credential, p.store, &ek, &finding), 0);
	assert_int_equal(ek, 0);
	cert = certify(p.ek, "a chip", p.root, p.ca, &wrong);
	put_cert(&p.credential.ek[0], cert);
	X509_free(cert);
	sign_again(&p);
	assert_int_equal(trust_credential(&p.credential, p.store, &ek, &finding), 0);
	assert_int_equal(ek, 1);
	p.credential.ek[1].cert[40] ^= 1;
	refused("ek-certificate", "signature");
	EVP_PKEY_free(other);
}

/* ---- keys ------------------------------------------------------------------------- */

static void change(struct area *area, u32 attributes)
{
	TPMT_PUBLIC pub = area->pub;

	pub.objectAttributes = attributes;
	assert_int_equal(area_take(area, &pub), 0);
	sign_again(&p);
}

static void an_endorsement_key_is_its_certificates(void **state)
{
	EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	struct credential_ek *ek = &p.credential.ek[0];
	unsigned int i;

	(void)state;
	put_ek(ek, 0x01c00002, other);
	sign_again(&p);
	refused("ek-public", "not the one");
	put_ek(ek, 0x01c00002, p.ek);
	for (i = 0; i < 32; i++) {
		change(&ek->area, 0x000300b2 ^ (u32)BIT(i));
		/* Of some bits there is no area. */
		refused("ek-public", "template");
	}
	put_ek(ek, 0x01c00012, p.ek);
	ek->index = 0x01c00002;
	sign_again(&p);
	refused("ek-public", "template");
	ek->index = 0x01c00003;
	sign_again(&p);
	refused("ek-public", "template");
	EVP_PKEY_free(other);
}

static void an_attestation_key_has_its_attributes(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 32; i++) {
		change(&p.credential.ak, AK_OK ^ (u32)BIT(i));
		refused("ak-attributes", NULL);
	}
	change(&p.credential.ak, AK_OK);
	passes();
}

static void a_root_key_has_its_attributes(void **state)
{
	TPMT_PUBLIC pub;
	unsigned int i;

	(void)state;
	for (i = 0; i < 32; i++) {
		change(&p.credential.tkmrk, ROOT_OK ^ (u32)BIT(i));
		refused("tkmrk-attributes", NULL);
	}
	change(&p.credential.tkmrk, ROOT_OK);
	passes();
	pub = p.credential.tkmrk.pub;
	pub.parameters.eccDetail.symmetric.keyBits.aes = 256;
	assert_int_equal(area_take(&p.credential.tkmrk, &pub), 0);
	sign_again(&p);
	refused("tkmrk-attributes", "sort");
}

/* ---- what was signed ------------------------------------------------------------------ */

static void what_was_signed_is_that_and_nothing_else(void **state)
{
	struct certify *certify = &p.credential.certify;
	TPMS_ATTEST right, attest;
	u8 hash[32];

	(void)state;
	credential_signed(&p.credential, hash);
	right = said(&p.credential, hash);
	certify->signature[20] ^= 1;
	refused("signature", NULL);
	sign(certify, &right, p.ca);
	refused("signature", NULL);

	sign(certify, &right, p.ak);
	passes();
	certify->attest[0] ^= 1;
	sign_bytes(certify, p.ak);
	refused("magic", NULL);
	sign(certify, &right, p.ak);
	certify->attest[certify->attest_len++] = 0;
	sign_bytes(certify, p.ak);
	refused("type", NULL);
	attest = right;
	attest.type = TPM2_ST_ATTEST_CREATION;
	memset(&attest.attested, 0, sizeof(attest.attested));
	sign(certify, &attest, p.ak);
	refused("type", NULL);
	attest = right;
	attest.extraData.buffer[31] ^= 1;
	sign(certify, &attest, p.ak);
	refused("nonce", NULL);
	attest = right;
	attest.extraData.size = 31;
	sign(certify, &attest, p.ak);
	refused("nonce", NULL);
	attest = right;
	attest_qualified(TPM2_RH_OWNER, NULL, p.credential.ak.name,
			 attest.qualifiedSigner.name);
	sign(certify, &attest, p.ak);
	refused("signer", NULL);
	attest = right;
	attest.attested.certify.name.name[33] ^= 1;
	sign(certify, &attest, p.ak);
	refused("tkmrk-name", NULL);
	/* The body is signed, too. */
	sign(certify, &right, p.ak);
	p.credential.fact[0].value[0] ^= 1;
	refused("nonce", NULL);
}

static void an_answer_is_about_its_question(void **state)
{
	static const u8 challenge[32] = { 1 }, proof[32] = { 2 };
	struct answer answer = { .proof = { 2 } };
	struct finding finding;
	TPMS_ATTEST attest;
	u8 hash[32];

	(void)state;
	answer_signed(challenge, proof, hash);
	attest = said(&p.credential, hash);
	sign(&answer.certify, &attest, p.ak);
	assert_int_equal(trust_answer(&p.credential, &answer, hash, &finding), 0);
	answer_signed(proof, challenge, hash);
	assert_int_equal(trust_answer(&p.credential, &answer, hash, &finding),
			 -EKEYREJECTED);
	assert_string_equal(finding.check, "nonce");
}

/* ---- files ------------------------------------------------------------------------------ */

static void a_file_is_what_was_written(void **state)
{
	static struct credential again;
	u8 one[CREDENTIAL_MAX], two[CREDENTIAL_MAX];
	char *pem, *more;
	ssize_t n;

	(void)state;
	n = credential_encode(&p.credential, one);
	assert_true(n > 0);
	assert_int_equal(credential_write(&p.credential, &pem), 0);
	assert_int_equal(credential_read(&again, pem, strlen(pem)), 0);
	assert_int_equal(credential_encode(&again, two), n);
	assert_memory_equal(one, two, (size_t)n);
	assert_int_equal(asprintf(&more, "%sx", pem), (int)strlen(pem) + 1);
	assert_int_equal(credential_read(&again, more, strlen(more)), -EBADMSG);
	assert_int_equal(credential_read(&again, pem, CREDENTIAL_FILE_MAX + 1),
			 -E2BIG);
	free(more);
	free(pem);
	assert_int_equal(credential_decode(&again, one, CREDENTIAL_MAX + 1),
			 -E2BIG);
}

/* No reading of it is the credential, and none is believed. */
static void check_credential(const u8 *der, size_t len)
{
	static struct credential other;
	struct finding finding;
	unsigned int ek;
	u8 again[CREDENTIAL_MAX];
	static unsigned int turn;

	if (credential_decode(&other, der, len))
		return;
	assert_int_equal(credential_encode(&other, again), (ssize_t)len);
	assert_memory_equal(again, der, len);
	/* Believing costs: of those, one bit in each byte, another each time. */
	if (turn++ % 7)
		return;
	assert_int_equal(trust_credential(&other, p.store, &ek, &finding),
			 -EKEYREJECTED);
}

static void none_of_less(const u8 *der, size_t len)
{
	static struct credential other;

	assert_int_equal(credential_decode(&other, der, len), -EBADMSG);
}

static void every_bit_of_a_file_counts(void **state)
{
	u8 der[CREDENTIAL_MAX];
	ssize_t n = credential_encode(&p.credential, der);

	(void)state;
	assert_true(n > 0);
	each_flip(der, (size_t)n, check_credential);
	each_truncation(der, (size_t)n, none_of_less);
	der[n] = 0;
	none_of_less(der, (size_t)n + 1);
	/* The version: INTEGER 1, the first in the body. */
	der[10] = 2;
	assert_int_equal(der[8], 2);
	assert_int_equal(credential_decode(&p.credential, der, (size_t)n),
			 -EOPNOTSUPP);
}

static void challenges_and_answers_too(void **state)
{
	struct challenge challenge = { .index = 0x01c00002, .id_len = 3,
				       .secret_len = 2 }, again;
	struct answer answer = { .certify = { .attest_len = 5,
					      .signature_len = 1 } }, same;
	u8 one[32], two[32];
	char *pem;

	(void)state;
	assert_int_equal(challenge_write(&challenge, &pem), 0);
	assert_int_equal(challenge_read(&again, pem, strlen(pem)), 0);
	assert_int_equal(answer_read(&same, pem, strlen(pem)), -EBADMSG);
	assert_int_equal(challenge_hash(&challenge, one), 0);
	assert_int_equal(challenge_hash(&again, two), 0);
	assert_memory_equal(one, two, 32);
	again.nonce[0]++;
	assert_int_equal(challenge_hash(&again, two), 0);
	assert_memory_not_equal(one, two, 32);
	free(pem);
	assert_int_equal(answer_write(&answer, &pem), 0);
	assert_int_equal(answer_read(&same, pem, strlen(pem)), 0);
	assert_int_equal(same.certify.attest_len, 5);
	assert_int_equal(challenge_read(&again, pem, strlen(pem)), -EBADMSG);
	free(pem);
}

#define each(test) cmocka_unit_test_setup_teardown(test, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		each(the_right_one_passes),
		each(each_wrong_certificate_is_refused),
		each(a_chain_leads_to_a_root),
		each(a_path_has_its_length),
		each(every_bit_of_a_certificate_counts),
		each(the_second_key_counts_when_the_first_leads_nowhere),
		each(an_endorsement_key_is_its_certificates),
		each(an_attestation_key_has_its_attributes),
		each(a_root_key_has_its_attributes),
		each(what_was_signed_is_that_and_nothing_else),
		each(an_answer_is_about_its_question),
		each(a_file_is_what_was_written),
		each(every_bit_of_a_file_counts),
		each(challenges_and_answers_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
