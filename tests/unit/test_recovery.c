// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/* Recovery keys: there is one shape of them. That a TPM takes it, tests/vm/moves.sh tries. */
#include "unit.h"

static const u8 point[64] = { 1, 2, [32] = 3, [63] = 4 };

static void one_shape_is_a_recovery_key(void **state)
{
	u8 area[TKM_RECOVERY_AREA + 1] = { 0 };
	struct tkm_public pub;
	size_t i;

	(void)state;
	tkm_recovery_area(point, area);
	assert_int_equal(tkm_recovery_check(area, TKM_RECOVERY_AREA), 0);
	/* Read by the code that reads all others. */
	assert_int_equal(tkm_public_decode(area, TKM_RECOVERY_AREA, &pub), 0);
	assert_int_equal(pub.type, TPM_ALG_ECC);
	assert_int_equal(pub.attributes, TPM_OA_RESTRICTED | TPM_OA_DECRYPT |
			 TPM_OA_USER_WITH_AUTH | TPM_OA_NO_DA);
	assert_int_equal(pub.curve, TPM_ECC_NIST_P256);
	assert_int_equal(pub.policy_len, 0);
	assert_memory_equal(pub.x, point, 32);
	assert_memory_equal(pub.y, point + 32, 32);
	/* It is no parent that never left its TPM, and one of those is none of these. */
	assert_int_equal(tkm_parent_check(area, TKM_RECOVERY_AREA), -EPERM);
	for (i = 0; i < 22 * 8; i++) {
		area[i / 8] ^= 1 << i % 8;
		assert_int_equal(tkm_recovery_check(area, TKM_RECOVERY_AREA),
				 -EPERM);
		area[i / 8] ^= 1 << i % 8;
	}
	for (i = 0; i < TKM_RECOVERY_AREA; i++)
		assert_int_equal(tkm_recovery_check(area, i),
				 i < 22 ? -EPERM : -EBADMSG);
	assert_int_equal(tkm_recovery_check(area, sizeof(area)), -EBADMSG);
	area[23]--;
	assert_int_equal(tkm_recovery_check(area, TKM_RECOVERY_AREA), -EBADMSG);
}

/* Numbers without their leading zeros are another area, with another Name. */
static int check_numbers(size_t x, size_t y)
{
	u8 area[TKM_RECOVERY_AREA], out[TKM_RECOVERY_AREA];
	struct tkm_writer w;

	tkm_recovery_area(point, area);
	tkm_writer_init(&w, out, sizeof(out));
	tkm_put_bytes(&w, area, 22);
	tkm_put_tpm2b(&w, point, x);
	tkm_put_tpm2b(&w, point + 32, y);
	return tkm_recovery_check(out, w.len);
}

static void numbers_of_a_recovery_key_are_whole(void **state)
{
	(void)state;
	assert_int_equal(check_numbers(32, 32), 0);
	assert_int_equal(check_numbers(31, 32), -EBADMSG);
	assert_int_equal(check_numbers(32, 31), -EBADMSG);
}

static size_t on_its_way(u8 *out, size_t size, size_t priv, size_t secret,
			 size_t inner)
{
	static const u8 bytes[1024] = { 5 };
	u8 area[TKM_RECOVERY_AREA];
	struct tkm_writer w;

	tkm_recovery_area(point, area);
	tkm_writer_init(&w, out, size);
	tkm_put_tpm2b(&w, area, sizeof(area));
	tkm_put_tpm2b(&w, bytes, priv);
	tkm_put_tpm2b(&w, bytes, secret);
	tkm_put_bytes(&w, bytes, inner);
	assert_false(w.overflow);
	return w.len;
}

static int decode(const u8 *p, size_t len, struct tkm_move *move)
{
	const u8 *copy = exact(p, len);
	int ret = tkm_recovery_decode(copy, len, move);

	exact_free(copy);
	return ret;
}

static void one_on_its_way_is_whole(void **state)
{
	u8 out[TKM_RECOVERY_MAX];
	struct tkm_move move;
	size_t n, i;

	(void)state;
	n = on_its_way(out, sizeof(out), 200, 68, 16);
	assert_int_equal(tkm_recovery_decode(out, n, &move), 0);
	assert_ptr_equal(move.obj.pub, out + 2);
	assert_int_equal(move.obj.pub_len, TKM_RECOVERY_AREA);
	assert_ptr_equal(move.obj.priv, out + 2 + 90 + 2);
	assert_int_equal(move.obj.priv_len, 200);
	assert_int_equal(move.secret_len, 68);
	assert_ptr_equal(move.inner, out + n - 16);
	for (i = 0; i < n; i++)
		assert_int_equal(decode(out, i, &move), -EBADMSG);
	out[9] ^= 0x02; /* fixedTPM */
	assert_int_equal(decode(out, n, &move), -EPERM);
	n = on_its_way(out, sizeof(out), 200, 68, 17);
	assert_int_equal(decode(out, n, &move), -EBADMSG);
	n = on_its_way(out, sizeof(out), 0, 68, 16);
	assert_int_equal(decode(out, n, &move), -EBADMSG);
	n = on_its_way(out, sizeof(out), 200, 0, 16);
	assert_int_equal(decode(out, n, &move), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_shape_is_a_recovery_key),
		cmocka_unit_test(numbers_of_a_recovery_key_are_whole),
		cmocka_unit_test(one_on_its_way_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
