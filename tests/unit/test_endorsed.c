// SPDX-License-Identifier: GPL-2.0
/*
 * Evidence beside the credential of the machine that it is of: the certificate of its
 * endorsement key is the first thing that is looked at. What else may be wrong with one
 * is test_platform.c's, and with the rest of the evidence test_judge.c's.
 */
#include "unit.h"
#include "platform.h"

#include "../../userspace/tkm/judge.h"

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

static const u8 nonce[32] = "whose are you?";
static struct platform p, other;
static struct area ak;
static struct rules rules;
static struct judgement judgement;

static int make(void **state)
{
	(void)state;
	platform_make(&p);
	platform_make(&other);
	ak = p.credential.ak;
	memset(&rules, 0, sizeof(rules));
	assert_int_equal(registers_say(&rules.registers, "sha256:0"), 0);
	rules.aks = 1;
	memcpy(rules.ak[0], ak.name, TKM_NAME_SIZE);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	platform_free(&p);
	platform_free(&other);
	return 0;
}

/* A quote by @p's AK, beside that credential. */
static enum check judged(const struct credential *credential, X509_STORE *store)
{
	TPMS_ATTEST attest = {
		.magic = TPM2_GENERATED_VALUE,
		.type = TPM2_ST_ATTEST_QUOTE,
		.extraData.size = sizeof(nonce),
		.attested.quote = {
			.pcrSelect = { 1, { { TPM2_ALG_SHA256, 3, { 1 } } } },
			.pcrDigest.size = 32,
		},
	};
	struct question question = {
		.nonce = nonce, .nonce_len = sizeof(nonce), .bare = true,
		.any_signer = true, .rules = &rules,
		.credential = credential, .store = store,
	};
	struct evidence evidence = { 0 };
	struct certify quote;
	bool accepted;

	memcpy(attest.extraData.buffer, nonce, sizeof(nonce));
	sign(&quote, &attest, p.ak);
	evidence.part[PART_AK].p = ak.bytes;
	evidence.part[PART_AK].len = ak.len;
	evidence.part[PART_QUOTE].p = quote.attest;
	evidence.part[PART_QUOTE].len = quote.attest_len;
	evidence.part[PART_QUOTE_SIGNATURE].p = quote.signature;
	evidence.part[PART_QUOTE_SIGNATURE].len = quote.signature_len;
	accepted = judge(&evidence, &question, &judgement);
	assert_int_equal(accepted, judgement.failed == CHECKS);
	return judgement.failed;
}

static void is_refused(enum check by, const char *why)
{
	const enum check is = judged(&p.credential, p.store);

	if (is != by)
		fail_msg("%s: %s", is == CHECKS ? "accepted" : check_word(is),
			 judgement.why);
	if (!strstr(judgement.why, why))
		fail_msg("%s, not %s", judgement.why, why);
}

static void the_right_one_is_accepted(void **state)
{
	(void)state;
	assert_int_equal(judged(&p.credential, p.store), CHECKS);
	assert_int_equal(judgement.outcome[CHECK_EK_CERTIFICATE], PASSED);
	assert_int_equal(judgement.outcome[CHECK_EK_PUBLIC], PASSED);
	/* Without one neither is asked for. */
	assert_int_equal(judged(NULL, NULL), CHECKS);
	assert_int_equal(judgement.outcome[CHECK_EK_CERTIFICATE], NOT_ASKED);
	assert_int_equal(judgement.outcome[CHECK_EK_PUBLIC], NOT_ASKED);
}

static void certificate(const struct paper *paper)
{
	X509 *cert = certify(p.ek, "a chip", p.root, p.ca, paper);

	put_cert(&p.credential.ek[0], cert);
	X509_free(cert);
}

static void a_certificate_that_is_not_good_is_told_first(void **state)
{
	static const struct paper expired = { .from = -2 * DAY, .to = -DAY };
	static const struct paper client = { .purpose = "clientAuth" };

	(void)state;
	certificate(&expired);
	/* Before all that comes after it. */
	rules.aks = 0;
	is_refused(CHECK_EK_CERTIFICATE, "expired");
	rules.aks = 1;
	is_refused(CHECK_EK_CERTIFICATE, "expired");
	certificate(&client);
	is_refused(CHECK_EK_CERTIFICATE, "extended key usage");
}

static void another_maker_is_none(void **state)
{
	(void)state;
	assert_int_equal(judged(&p.credential, other.store),
			 CHECK_EK_CERTIFICATE);
	assert_int_equal(judged(&p.credential, p.store), CHECKS);
}

static void the_key_is_that_of_the_certificate(void **state)
{
	(void)state;
	put_ek(&p.credential.ek[0], 0x01c00002, other.ek);
	is_refused(CHECK_EK_PUBLIC, "not the one in its certificate");
	put_ek(&p.credential.ek[0], 0x01c00002, p.ek);
	assert_int_equal(judged(&p.credential, p.store), CHECKS);
	p.credential.ek[0].index = 0x01c00012;
	is_refused(CHECK_EK_PUBLIC, "template");
}

/* The second has the certificate that counts. */
static void one_of_two_is_enough(void **state)
{
	static const struct paper expired = { .from = -2 * DAY, .to = -DAY };

	(void)state;
	p.credential.ek[1] = p.credential.ek[0];
	p.credential.n_ek = 2;
	certificate(&expired);
	assert_int_equal(judged(&p.credential, p.store), CHECKS);
	assert_int_equal(judgement.ek, 1);
	put_ek(&p.credential.ek[1], 0x01c00002, other.ek);
	is_refused(CHECK_EK_PUBLIC, "not the one in its certificate");
}

/* Whoever has a certificate may copy it: it does not say which AK is beside it. */
static void it_says_nothing_of_the_attestation_key(void **state)
{
	(void)state;
	rules.aks = 0;
	is_refused(CHECK_BINDING, "nobody said");
	rules.aks = 1;
	p.credential.ak = other.credential.ak;
	is_refused(CHECK_BINDING, "than the credential's");
	memcpy(rules.ak[0], other.credential.ak.name, TKM_NAME_SIZE);
	is_refused(CHECK_BINDING, "than the credential's");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_right_one_is_accepted, make,
						drop),
		cmocka_unit_test_setup_teardown(
			a_certificate_that_is_not_good_is_told_first, make, drop),
		cmocka_unit_test_setup_teardown(another_maker_is_none, make,
						drop),
		cmocka_unit_test_setup_teardown(
			the_key_is_that_of_the_certificate, make, drop),
		cmocka_unit_test_setup_teardown(one_of_two_is_enough, make,
						drop),
		cmocka_unit_test_setup_teardown(
			it_says_nothing_of_the_attestation_key, make, drop),
	};

	return cmocka_run_group_tests_name("endorsed", tests, NULL, NULL);
}
