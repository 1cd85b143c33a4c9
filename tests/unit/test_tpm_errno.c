// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * The errno of every response code there is, against a list written by hand
 * from TPM 2.0 Part 2, "TPM_RC", in the order of the contract's errnos.
 */
#include "unit.h"

static const struct {
	int err;
	u32 codes[32];
} contract[] = {
	/* AUTH_FAIL BAD_AUTH AUTH_TYPE AUTH_MISSING AUTH_UNAVAILABLE SIGNATURE */
	{ -EKEYREJECTED, { 0x08e, 0x0a2, 0x124, 0x125, 0x12f, 0x09b } },
	/* POLICY_FAIL POLICY PCR PCR_CHANGED POLICY_CC EXPIRED LOCALITY PP */
	{ -EPERM, { 0x09d, 0x126, 0x127, 0x128, 0x0a4, 0x0a3, 0x907, 0x090 } },
	/*
	 * INTEGRITY VALUE SIZE TYPE TAG ATTRIBUTES BINDING KEY ECC_POINT
	 * INSUFFICIENT SENSITIVE NONCE RESERVED_BITS SELECTOR RANGE
	 * BAD_CONTEXT
	 */
	{ -EBADMSG, { 0x09f, 0x084, 0x095, 0x08a, 0x097, 0x082, 0x0a5, 0x09c,
		      0x0a7, 0x09a, 0x155, 0x08f, 0x0a1, 0x098, 0x08d,
		      0x150 } },
	/* HANDLE REFERENCE_H0-6 REFERENCE_S0-6 */
	{ -ENOKEY, { 0x08b, 0x910, 0x911, 0x912, 0x913, 0x914, 0x915, 0x916,
		     0x918, 0x919, 0x91a, 0x91b, 0x91c, 0x91d, 0x91e } },
	/* LOCKOUT */
	{ -EBUSY, { 0x921 } },
	/*
	 * RETRY YIELDED CANCELED TESTING NV_RATE NV_UNAVAILABLE CONTEXT_GAP
	 */
	{ -EAGAIN, { 0x922, 0x908, 0x909, 0x90a, 0x920, 0x923, 0x901 } },
	/*
	 * OBJECT_MEMORY SESSION_MEMORY MEMORY SESSION_HANDLES OBJECT_HANDLES
	 * NV_SPACE TOO_MANY_CONTEXTS
	 */
	{ -ENOMEM, { 0x902, 0x903, 0x904, 0x905, 0x906, 0x14b, 0x12e } },
	/* INITIALIZE DISABLED UPGRADE REBOOT */
	{ -ENODEV, { 0x100, 0x120, 0x12d, 0x130 } },
	/* FAILURE */
	{ -EIO, { 0x101 } },
	/*
	 * ASYMMETRIC HASH HIERARCHY KEY_SIZE MGF MODE KDF SCHEME SYMMETRIC
	 * CURVE COMMAND_CODE
	 */
	{ -EOPNOTSUPP, { 0x081, 0x083, 0x085, 0x087, 0x088, 0x089, 0x08c,
			 0x092, 0x096, 0x0a6, 0x143 } },
};

static int errno_in_contract(u32 base)
{
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(contract); i++)
		for (j = 0; contract[i].codes[j]; j++)
			if (contract[i].codes[j] == base)
				return contract[i].err;
	return -EIO;
}

static void success_is_no_error(void **state)
{
	(void)state;
	assert_int_equal(tkm_tpm_errno(0), 0);
}

static void each_code_has_the_errno_of_the_contract(void **state)
{
	u32 rc;

	(void)state;
	/* Up to here a format-one code carries no number. */
	for (rc = 1; rc < 0x1000; rc++) {
		if ((rc & 0x80) && (rc & 0xf40))
			continue;
		if (tkm_tpm_errno(rc) != errno_in_contract(rc))
			fail_msg("0x%03x: %d", rc, tkm_tpm_errno(rc));
		assert_int_equal(tkm_tpm_rc_base(rc), rc);
	}
}

static void handle_parameter_and_session_numbers_do_not_count(void **state)
{
	u32 base, number, rc;

	(void)state;
	for (base = 0x80; base < 0xc0; base++) {
		for (number = 0; number < 16; number++) {
			rc = base | number << 8;
			assert_int_equal(tkm_tpm_rc_base(rc), base);
			assert_int_equal(tkm_tpm_errno(rc),
					 errno_in_contract(base));
			rc |= 0x40;
			assert_int_equal(tkm_tpm_rc_base(rc), base);
			assert_int_equal(tkm_tpm_errno(rc),
					 errno_in_contract(base));
		}
	}
}

static void parameters_are_told_from_handles(void **state)
{
	(void)state;
	assert_int_equal(tkm_tpm_rc_parameter(0), 0);
	assert_int_equal(tkm_tpm_rc_parameter(0x1c4), 1);
	assert_int_equal(tkm_tpm_rc_parameter(0x4c4), 4);
	assert_int_equal(tkm_tpm_rc_parameter(0xfdf), 15);
	assert_int_equal(tkm_tpm_rc_parameter(0xb04c4), 4);
	/* A handle, a session, none, and codes that have no number at all. */
	assert_int_equal(tkm_tpm_rc_parameter(0x184), 0);
	assert_int_equal(tkm_tpm_rc_parameter(0x98e), 0);
	assert_int_equal(tkm_tpm_rc_parameter(0x084), 0);
	assert_int_equal(tkm_tpm_rc_parameter(0x143), 0);
	assert_int_equal(tkm_tpm_rc_parameter(0x922), 0);
	assert_int_equal(tkm_tpm_rc_parameter(0x14c4), 0);
}

static void the_layer_does_not_count(void **state)
{
	u32 layer;

	(void)state;
	for (layer = 0; layer < 256; layer++) {
		/* The kernel's resource manager is layer 11. */
		assert_int_equal(tkm_tpm_errno(layer << 16 | 0x143),
				 -EOPNOTSUPP);
		assert_int_equal(tkm_tpm_errno(layer << 16 | 0x98e),
				 -EKEYREJECTED);
		assert_int_equal(tkm_tpm_rc_base(layer << 16 | 0x5df), 0x9f);
	}
	assert_int_equal(tkm_tpm_errno(0x000b0000), -EIO);
}

static void other_high_bits_make_a_code_unknown(void **state)
{
	int bit;

	(void)state;
	for (bit = 12; bit < 32; bit++) {
		if (bit >= 16 && bit < 24)
			continue;
		assert_int_equal(tkm_tpm_errno(1u << bit | 0x921), -EIO);
		assert_int_equal(tkm_tpm_errno(1u << bit | 0x09f), -EIO);
	}
}

static void constants_are_bases(void **state)
{
	static const u32 constants[] = {
		TPM_RC_INITIALIZE, TPM_RC_FAILURE, TPM_RC_PCR_CHANGED,
		TPM_RC_ATTRIBUTES, TPM_RC_VALUE, TPM_RC_HANDLE,
		TPM_RC_AUTH_FAIL, TPM_RC_POLICY_FAIL, TPM_RC_INTEGRITY,
		TPM_RC_BAD_AUTH, TPM_RC_OBJECT_MEMORY, TPM_RC_SESSION_MEMORY,
		TPM_RC_YIELDED, TPM_RC_TESTING, TPM_RC_REFERENCE_H0,
		TPM_RC_LOCKOUT, TPM_RC_RETRY, TPM_RC_SIGNATURE, TPM_RC_TICKET,
		TPM_RC_POLICY,
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(constants); i++)
		assert_int_equal(tkm_tpm_rc_base(constants[i]), constants[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(success_is_no_error),
		cmocka_unit_test(each_code_has_the_errno_of_the_contract),
		cmocka_unit_test(
			handle_parameter_and_session_numbers_do_not_count),
		cmocka_unit_test(parameters_are_told_from_handles),
		cmocka_unit_test(the_layer_does_not_count),
		cmocka_unit_test(other_high_bits_make_a_code_unknown),
		cmocka_unit_test(constants_are_bases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
