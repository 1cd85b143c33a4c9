// SPDX-License-Identifier: GPL-2.0
/*
 * What tkm policy makes: approvals, digests, public areas, values of registers. The
 * other side is Python's (tests/data/gen-policy), and the module's own reader.
 */
#include "unit.h"

#include <openssl/x509.h>

#include "../../userspace/tkm/approval.h"
#include "../../userspace/tkm/values.h"

#define VECTORS	"approvals.vec"
#define NAME	"boot.policy-1"
#define EPOCH	0x0102030405

static const char *const keys[] = { "p256", "p384", "rsa2048", "rsa3072" };

/* values.c wants it of io.c: files are none of this. */
int read_input(const char *path, size_t max, uint8_t **data, size_t *len);
int read_input(const char *path, size_t max, uint8_t **data, size_t *len)
{
	size_t n = strlen(path);

	assert_true(n <= max);
	*data = malloc(n + 1);
	memcpy(*data, path, n);
	*len = n;
	return 0;
}

static struct bytes of_key(const char *key, const char *field)
{
	char name[64];

	snprintf(name, sizeof(name), "%s.%s", key, field);
	return vector(VECTORS, name);
}

static void same(struct bytes b, const void *p, size_t n)
{
	assert_bytes(b, p, n);
	exact_free(b.p);
}

static EVP_PKEY *key_of(const char *key)
{
	struct bytes spki = of_key(key, "spki");
	const u8 *p = spki.p;
	EVP_PKEY *pkey = d2i_PUBKEY(NULL, &p, (long)spki.len);

	assert_non_null(pkey);
	exact_free(spki.p);
	return pkey;
}

/* As gen-policy has it: registers 7 and 11 of sha256, 14 of sha384. */
static void approve(struct approved *approved, bool with_epoch)
{
	struct values values;
	unsigned int i, k;

	memset(&values, 0, sizeof(values));
	memset(approved, 0, sizeof(*approved));
	approved->n = 2;
	approved->pcr[0].pcrs = (struct tkm_pcrs){ TPM_ALG_SHA256,
						   BIT(7) | BIT(11) };
	approved->pcr[1].pcrs = (struct tkm_pcrs){ TPM_ALG_SHA384, BIT(14) };
	for (i = 0; i < 48; i++) {
		for (k = 7; i < 32 && k <= 11; k += 4)
			values.value[bank_of(TPM_ALG_SHA256)][k][i] = (u8)(k + i);
		values.value[bank_of(TPM_ALG_SHA384)][14][i] = (u8)(14 + i);
	}
	assert_false(values_digest(&values, &approved->pcr[0].pcrs,
				   approved->pcr[0].digest));
	values.known[bank_of(TPM_ALG_SHA256)] = BIT(7) | BIT(11);
	values.known[bank_of(TPM_ALG_SHA384)] = BIT(14);
	for (i = 0; i < 2; i++)
		assert_true(values_digest(&values, &approved->pcr[i].pcrs,
					  approved->pcr[i].digest));
	if (with_epoch) {
		approved->index = EPOCH_INDEX;
		approved->epoch = EPOCH;
	}
}

static void test_public(void **state)
{
	u8 pub[PUBLIC_MAX], name[TKM_NAME_SIZE], ref[32], branch[32];
	EVP_PKEY *pkey, *again;
	ssize_t n;
	size_t i;

	(void)state;
	tkm_policy_ref(NAME, ref);
	same(vector(VECTORS, "ref"), ref, 32);
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		pkey = key_of(keys[i]);
		n = public_encode(pkey, pub, sizeof(pub));
		assert_true(n > 0);
		same(of_key(keys[i], "public"), pub, (size_t)n);
		assert_int_equal(public_encode(pkey, pub, (size_t)n - 1),
				 -EMSGSIZE);
		assert_int_equal(public_encode(pkey, pub, (size_t)n), n);
		assert_int_equal(tkm_authority_check(pub, (size_t)n), 0);
		public_name(pub, (size_t)n, name);
		same(of_key(keys[i], "name"), name, sizeof(name));
		tkm_authorize_digest((struct tkm_piece){ pub, (size_t)n }, ref,
				     branch);
		same(of_key(keys[i], "branch"), branch, 32);
		again = public_decode(pub, (size_t)n);
		assert_non_null(again);
		assert_int_equal(EVP_PKEY_eq(pkey, again), 1);
		EVP_PKEY_free(again);
		EVP_PKEY_free(pkey);
	}
}

static void no_key(const u8 *p, size_t n)
{
	EVP_PKEY_free(public_decode(p, n));
	assert_null(public_decode(p, n));
}

static void other_key(const u8 *p, size_t n)
{
	EVP_PKEY_free(public_decode(p, n));
}

static void test_public_damaged(void **state)
{
	struct bytes pub;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		pub = of_key(keys[i], "public");
		each_truncation(pub.p, pub.len, no_key);
		each_flip(pub.p, pub.len, other_key);
		exact_free(pub.p);
	}
}

static void test_other_keys(void **state)
{
	u8 pub[PUBLIC_MAX];
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521");

	(void)state;
	assert_int_equal(public_encode(pkey, pub, sizeof(pub)), -EOPNOTSUPP);
	EVP_PKEY_free(pkey);
	pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	assert_int_equal(public_encode(pkey, pub, sizeof(pub)), -EOPNOTSUPP);
	EVP_PKEY_free(pkey);
	pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
	assert_int_equal(public_encode(pkey, pub, sizeof(pub)), -EOPNOTSUPP);
	EVP_PKEY_free(pkey);
}

static void test_counter(void **state)
{
	u8 name[TKM_NAME_SIZE];

	(void)state;
	epoch_name(EPOCH_INDEX, name);
	same(vector(VECTORS, "counter"), name, sizeof(name));
}

/* By what the TPM would make of them: between their members there is anything. */
static void same_approved(const struct approved *a, const struct approved *b)
{
	u8 of_a[32], of_b[32];

	assert_int_equal(approved_digest(a, of_a), 0);
	assert_int_equal(approved_digest(b, of_b), 0);
	assert_memory_equal(of_a, of_b, sizeof(of_a));
}

static void one_approval(const char *key, const char *kind, bool with_epoch)
{
	u8 message[APPROVAL_SIGNED], pub[PUBLIC_MAX], sig[SIGNATURE_MAX];
	u8 der[TKM_APPROVAL_MAX];
	struct approved approved, again;
	struct tkm_approval approval;
	EVP_PKEY *pkey = key_of(key);
	struct bytes signature;
	char field[32];
	ssize_t n, pub_len, sig_len;

	approve(&approved, with_epoch);
	assert_int_equal(approval_signed(NAME, &approved, message), 0);
	snprintf(field, sizeof(field), "%s.signed", kind);
	same(of_key(key, field), message, sizeof(message));

	pub_len = public_encode(pkey, pub, sizeof(pub));
	n = approval_encode(NAME, pub, (size_t)pub_len, &approved, NULL, 0, der,
			    sizeof(der));
	assert_true(n > 0);
	snprintf(field, sizeof(field), "%s.unsigned", kind);
	same(of_key(key, field), der, (size_t)n);
	assert_int_equal(tkm_approval_decode(der, (size_t)n, &approval),
			 -EBADMSG);
	assert_int_equal(approval_to_sign(der, (size_t)n, &again), 0);
	same_approved(&again, &approved);

	snprintf(field, sizeof(field), "%s.signature", kind);
	signature = of_key(key, field);
	sig_len = signature_encode(pkey, signature.p, signature.len, sig,
				   sizeof(sig));
	assert_true(sig_len > 0);
	n = approval_encode(NAME, pub, (size_t)pub_len, &approved, sig,
			    (size_t)sig_len, der, sizeof(der));
	assert_true(n > 0);
	snprintf(field, sizeof(field), "%s.approval", kind);
	same(of_key(key, field), der, (size_t)n);
	assert_int_equal(approval_to_sign(der, (size_t)n, &again), -EBADMSG);
	assert_int_equal(tkm_approval_decode(der, (size_t)n, &approval), 0);
	assert_int_equal(approval_verify(&approval), 0);
	assert_int_equal(approval_read(&approval.policy, &again), 0);
	same_approved(&again, &approved);
	exact_free(signature.p);
	EVP_PKEY_free(pkey);
}

static void test_approvals(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		one_approval(keys[i], "plain", false);
		one_approval(keys[i], "epoch", true);
	}
}

static struct tkm_approval right;
static const u8 *right_name;

/*
 * Whatever is changed in it, it is no approval, or another key's, or its signature
 * does not hold.
 */
static void not_approved(const u8 *p, size_t n)
{
	struct tkm_approval approval;
	struct approved approved;

	(void)approval_to_sign(p, n, &approved);
	if (tkm_approval_decode(p, n, &approval))
		return;
	/*
	 * The name that it calls itself is for people. Which counter it is of, its
	 * Name says, that is signed; where it is, nobody signs.
	 */
	if (approval_read(&approval.policy, &approved) ||
	    approved.index != EPOCH_INDEX)
		return;
	if (!memcmp(p + 8, right_name, strlen(NAME)) &&
	    !memcmp(approval.branch, right.branch, 32))
		assert_int_equal(approval_verify(&approval), -EKEYREJECTED);
}

static void test_approvals_damaged(void **state)
{
	struct bytes der = of_key("p256", "epoch.approval");

	(void)state;
	right_name = der.p + 8;
	assert_memory_equal(right_name, NAME, strlen(NAME));
	assert_int_equal(tkm_approval_decode(der.p, der.len, &right), 0);
	each_truncation(der.p, der.len, not_approved);
	each_flip(der.p, der.len, not_approved);
	exact_free(der.p);
}

static void test_nothing_approved(void **state)
{
	struct approved approved = { .index = EPOCH_INDEX };
	u8 digest[32];

	(void)state;
	assert_int_equal(approved_digest(&approved, digest), -EINVAL);
	approved.index = 0;
	assert_int_equal(approved_digest(&approved, digest), -EINVAL);
}

/* ---- values ---- */

#define ZEROS	"0000000000000000000000000000000000000000000000000000000000000000"

static void test_said(void **state)
{
	static const char *const wrong[] = {
		"", "sha256", "sha256:7", "sha256:7=", "sha256:24=" ZEROS,
		"sha256:7=" ZEROS "0", "sha256:7=" ZEROS "00", "sha1:7=" ZEROS,
		"md5:7=" ZEROS, "sha256:-7=" ZEROS, "sha256:7 =" ZEROS,
		"sha256:7=g" ZEROS, ":7=" ZEROS, "7=" ZEROS,
	};
	struct values values;
	unsigned int line;
	size_t i;

	(void)state;
	memset(&values, 0, sizeof(values));
	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(values_say(&values, wrong[i]), -EINVAL);
	assert_int_equal(values_say(&values, "sha256:23=" ZEROS), 0);
	assert_int_equal(values.known[bank_of(TPM_ALG_SHA256)], BIT(23));
	assert_int_equal(values_file(&values, "# comment\n\n \tsha256:0=" ZEROS
				     " # more\r\nsha256:1=" ZEROS, &line), 0);
	assert_int_equal(values.known[bank_of(TPM_ALG_SHA256)],
			 BIT(23) | BIT(0) | BIT(1));
	assert_int_equal(values_file(&values, "sha256:0=" ZEROS "\nx\n", &line),
			 -EBADMSG);
	assert_int_equal(line, 2);
}

static void test_log(void **state)
{
	static const struct {
		const char *name;
		u16 alg;
	} banks[] = { { "sha1", TPM_ALG_SHA1 }, { "sha256", TPM_ALG_SHA256 },
		      { "sha384", TPM_ALG_SHA384 } };
	static const unsigned int used[] = { 0, 4, 7, 23 };
	struct bytes log = vector(VECTORS, "log");
	struct values values;
	char name[32];
	size_t i, k;

	(void)state;
	memset(&values, 0, sizeof(values));
	assert_int_equal(values_log(&values, log.p, log.len), 0);
	for (i = 0; i < ARRAY_SIZE(banks); i++) {
		int bank = bank_of(banks[i].alg);

		assert_int_equal(values.known[bank],
				 BIT(0) | BIT(4) | BIT(7) | BIT(23));
		for (k = 0; k < ARRAY_SIZE(used); k++) {
			snprintf(name, sizeof(name), "log.%s.%u", banks[i].name,
				 used[k]);
			same(vector(VECTORS, name),
			     values.value[bank][used[k]],
			     tkm_hash_size(banks[i].alg));
		}
	}
	exact_free(log.p);
}

/* A log that is cut between two events is a log; anywhere else it is none. */
static unsigned int whole;

static void cut_log(const u8 *p, size_t n)
{
	struct values values;

	memset(&values, 0, sizeof(values));
	whole += !values_log(&values, p, n);
}

static void flipped_log(const u8 *p, size_t n)
{
	struct values values;

	memset(&values, 0, sizeof(values));
	(void)values_log(&values, p, n);
}

static void test_log_damaged(void **state)
{
	struct bytes log = vector(VECTORS, "log");

	(void)state;
	whole = 0;
	each_truncation(log.p, log.len, cut_log);
	/* After the head, and after each event but the last. */
	assert_int_equal(whole, 6);
	each_flip(log.p, log.len, flipped_log);
	exact_free(log.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_public),
		cmocka_unit_test(test_public_damaged),
		cmocka_unit_test(test_other_keys),
		cmocka_unit_test(test_counter),
		cmocka_unit_test(test_approvals),
		cmocka_unit_test(test_approvals_damaged),
		cmocka_unit_test(test_nothing_approved),
		cmocka_unit_test(test_said),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_log_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
