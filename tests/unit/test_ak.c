// SPDX-License-Identifier: GPL-2.0
/* What an attestation key has to be. That a TPM makes one, tests/vm/platform.sh tries. */
#include "unit.h"

#include "../../userspace/tkm/ak.h"

/* What else it needs, and is not called here. */
int failed(int err, const char *what);
int failed_as(int err, const char *remedy, const char *format, ...);

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

static TPMT_PUBLIC an_ak(void)
{
	return (TPMT_PUBLIC){
		.type = TPM2_ALG_ECC,
		.nameAlg = TPM2_ALG_SHA256,
		.objectAttributes = 0x00050472,
		.parameters.eccDetail = {
			.symmetric.algorithm = TPM2_ALG_NULL,
			.scheme = { .scheme = TPM2_ALG_ECDSA,
				    .details.ecdsa.hashAlg = TPM2_ALG_SHA256 },
			.curveID = TPM2_ECC_NIST_P256,
			.kdf.scheme = TPM2_ALG_NULL,
		},
		.unique.ecc = { .x.size = 32, .y.size = 31 },
	};
}

static void one_as_it_should_be_is_taken(void **state)
{
	const TPMT_PUBLIC pub = an_ak();

	(void)state;
	assert_true(ak_public_ok(&pub));
	assert_true(ak_attributes_ok(pub.objectAttributes));
}

/* restricted, sign, fixedTPM, fixedParent, sensitiveDataOrigin; not decrypt. */
static void any_other_attributes_are_not(void **state)
{
	static const TPMA_OBJECT needed[] = { 1 << 16, 1 << 18, 1 << 1, 1 << 4,
					      1 << 5 };
	TPMT_PUBLIC pub;
	unsigned int i;

	(void)state;
	for (i = 0; i < 32; i++) {
		pub = an_ak();
		pub.objectAttributes ^= (TPMA_OBJECT)1 << i;
		assert_false(ak_public_ok(&pub));
	}
	for (i = 0; i < ARRAY_SIZE(needed); i++)
		assert_false(ak_attributes_ok(0x00050472 & ~needed[i]));
	assert_false(ak_attributes_ok(0x00050472 | 1 << 17));
	/* Whoever else's AK: its own business. */
	assert_true(ak_attributes_ok(0x00050032));
}

static void another_sort_of_key_is_not(void **state)
{
	TPMT_PUBLIC pub;

	(void)state;
	pub = an_ak();
	pub.type = TPM2_ALG_RSA;
	assert_false(ak_public_ok(&pub));
	pub = an_ak();
	pub.nameAlg = TPM2_ALG_SHA384;
	assert_false(ak_public_ok(&pub));
	pub = an_ak();
	pub.authPolicy.size = 32;
	assert_false(ak_public_ok(&pub));
	pub = an_ak();
	pub.parameters.eccDetail.symmetric.algorithm = TPM2_ALG_AES;
	assert_false(ak_public_ok(&pub));
	pub = an_ak();
	pub.parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
	assert_false(ak_public_ok(&pub));
	pub = an_ak();
	pub.parameters.eccDetail.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA1;
	assert_false(ak_public_ok(&pub));
	pub = an_ak();
	pub.parameters.eccDetail.curveID = TPM2_ECC_NIST_P384;
	assert_false(ak_public_ok(&pub));
	pub = an_ak();
	pub.parameters.eccDetail.kdf.scheme = TPM2_ALG_KDF1_SP800_56A;
	assert_false(ak_public_ok(&pub));
	pub = an_ak();
	pub.unique.ecc.x.size = 33;
	assert_false(ak_public_ok(&pub));
	pub = an_ak();
	pub.unique.ecc.y.size = 0;
	assert_false(ak_public_ok(&pub));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_as_it_should_be_is_taken),
		cmocka_unit_test(any_other_attributes_are_not),
		cmocka_unit_test(another_sort_of_key_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
