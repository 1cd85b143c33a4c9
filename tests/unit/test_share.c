// SPDX-License-Identifier: GPL-2.0
/*
 * Recovery keys in shares: any m of n give the key, fewer do not; and the form of one
 * that comes to a TPM. That a TPM takes it, tests/vm/recovery.sh tries.
 */
#include <openssl/hmac.h>

#include "unit.h"

#include "../../userspace/tkm/attest.h"
#include "../../userspace/tkm/policy.h"
#include "../../userspace/tkm/recover.h"
#include "../../userspace/tkm/seed.h"

/* What policy.c has, and files and words, which are none of this. */
int read_input(const char *path, size_t max, uint8_t **data, size_t *len)
{
	(void)path;
	(void)max;
	(void)data;
	(void)len;
	return -ENOENT;
}

void hex_of(const u8 *p, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	while (len--) {
		*out++ = digits[*p >> 4];
		*out++ = digits[*p++ & 15];
	}
	*out = 0;
}

static void any_so_many_give_the_key(void **state)
{
	struct share shares[5], some[5];
	u8 secret[SHARE_SECRET], first[SHARE_SECRET], area[TKM_RECOVERY_AREA];
	u8 own[TKM_RECOVERY_AREA];
	size_t which, other;
	unsigned int set, i, n;
	EVP_PKEY *pkey;

	(void)state;
	assert_int_equal(recovery_new(3, 5, &pkey, shares), 0);
	assert_int_equal(recovery_area(pkey, own), 0);
	EVP_PKEY_free(pkey);
	assert_int_equal(share_join(shares, 5, first, area), SHARE_FITS);
	for (set = 0; set < 32; set++) {
		for (i = n = 0; i < 5; i++)
			if (set & 1u << i)
				some[n++] = shares[i];
		if (n < 3) {
			assert_int_equal(share_check(some, n, &which, &other),
					 SHARE_TOO_FEW);
			if (n)
				assert_int_equal(share_join(some, n, secret, area),
						 SHARE_WRONG);
			continue;
		}
		assert_int_equal(share_check(some, n, &which, &other), SHARE_FITS);
		assert_int_equal(share_join(some, n, secret, area), SHARE_FITS);
		assert_memory_equal(secret, first, sizeof(first));
		assert_memory_equal(area, own, sizeof(own));
	}
	/* No share is the secret, nor another share. */
	for (i = 0; i < 5; i++) {
		assert_memory_not_equal(shares[i].value, first, sizeof(first));
		assert_memory_not_equal(shares[i].value, shares[(i + 1) % 5].value,
					sizeof(first));
	}
	some[0] = shares[0], some[1] = shares[1], some[2] = shares[2];
	some[1].value[7] ^= 1;
	assert_int_equal(share_join(some, 3, secret, area), SHARE_WRONG);
	for (i = 0; i < SHARE_SECRET; i++)
		assert_int_equal(secret[i], 0);
}

static void shares_that_do_not_fit_are_named(void **state)
{
	struct share one[3], two[3], some[3];
	size_t which, other;
	EVP_PKEY *pkey;

	(void)state;
	assert_int_equal(recovery_new(2, 3, &pkey, one), 0);
	EVP_PKEY_free(pkey);
	assert_int_equal(recovery_new(2, 3, &pkey, two), 0);
	EVP_PKEY_free(pkey);
	some[0] = one[0], some[1] = one[2], some[2] = two[1];
	assert_int_equal(share_check(some, 3, &which, &other), SHARE_OTHER_KEY);
	assert_true(which == 2 && other == 0);
	some[2] = one[2];
	assert_int_equal(share_check(some, 3, &which, &other), SHARE_TWICE);
	assert_true(which == 2 && other == 1);
	assert_int_equal(share_check(some, 1, &which, &other), SHARE_TOO_FEW);
}

static int read_text(const char *text, size_t len, struct share *share)
{
	const char *copy = exact(text, len);
	int ret = share_read(share, copy, len);

	exact_free(copy);
	return ret;
}

static void a_share_is_read_as_it_was_written(void **state)
{
	char text[SHARE_TEXT], other[SHARE_TEXT];
	struct share shares[12], is;
	EVP_PKEY *pkey;
	size_t n, i;

	(void)state;
	assert_int_equal(recovery_new(2, 12, &pkey, shares), 0);
	EVP_PKEY_free(pkey);
	n = share_write(&shares[11], text);
	assert_int_equal(read_text(text, n, &is), 0);
	assert_memory_equal(is.value, shares[11].value, SHARE_SECRET);
	assert_memory_equal(is.key, shares[11].key, TKM_NAME_SIZE);
	assert_true(is.number == 12 && is.of == 12 && is.needed == 2);
	for (i = 0; i < n; i++)
		assert_int_equal(read_text(text, i, &is), -EBADMSG);
	for (i = 0; i < 8 * n; i++) {
		memcpy(other, text, n);
		other[i / 8] ^= (char)(1 << i % 8);
		assert_int_not_equal(read_text(other, n, &is), 0);
	}
	memcpy(other, text, n);
	other[n] = '\n';
	assert_int_equal(read_text(other, n + 1, &is), -EBADMSG);
	memcpy(other, text, n);
	other[strlen("tkm recovery share ")] = '2';
	assert_int_equal(read_text(other, n, &is), -EOPNOTSUPP);
	shares[0].needed = 1;
	n = share_write(&shares[0], text);
	assert_int_equal(read_text(text, n, &is), -EBADMSG);
}

static EVP_PKEY *destination(struct area *area)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	u8 bytes[TKM_RECOVERY_AREA];

	assert_int_equal(recovery_area(pkey, bytes), 0);
	/* fixedTPM, fixedParent, sensitiveDataOrigin: as a TKMRK */
	bytes[7] |= 0x32;
	assert_int_equal(area_read(area, bytes, sizeof(bytes)), 0);
	assert_int_equal(tkm_parent_check(area->bytes, area->len), 0);
	return pkey;
}

/* As the module reads it; the seed of the one who has @to, by ECDH. */
static void it_comes_as_duplicate_makes_it(void **state)
{
	u8 secret[SHARE_SECRET], own[TKM_RECOVERY_AREA], out[TKM_RECOVERY_MAX];
	u8 once[TKM_RECOVERY_MAX];
	struct share shares[2];
	struct tkm_move move, again;
	struct area to;
	EVP_PKEY *pkey, *there = destination(&to);
	size_t len, once_len;

	(void)state;
	assert_int_equal(recovery_new(2, 2, &pkey, shares), 0);
	EVP_PKEY_free(pkey);
	assert_int_equal(share_join(shares, 2, secret, own), SHARE_FITS);
	assert_int_equal(recover_wrap(secret, own, &to, out, &len), 0);
	assert_int_equal(tkm_recovery_decode(out, len, &move), 0);
	assert_memory_equal(move.obj.pub, own, sizeof(own));
	assert_int_equal(move.secret_len, 68);
	assert_null(memmem(out, len, secret, sizeof(secret)));
	/* Never the same twice. */
	assert_int_equal(recover_wrap(secret, own, &to, once, &once_len), 0);
	assert_int_equal(tkm_recovery_decode(once, once_len, &again), 0);
	assert_memory_not_equal(move.inner, again.inner, TKM_INNER_SIZE);
	assert_memory_not_equal(move.secret, again.secret, 34);
	assert_memory_not_equal(move.obj.priv, again.obj.priv, 34);
	/* To no key that could leave its TPM. */
	to.bytes[7] &= (u8)~0x02;
	assert_int_equal(recover_wrap(secret, own, &to, out, &len), -EIO);
	EVP_PKEY_free(there);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_so_many_give_the_key),
		cmocka_unit_test(shares_that_do_not_fit_are_named),
		cmocka_unit_test(a_share_is_read_as_it_was_written),
		cmocka_unit_test(it_comes_as_duplicate_makes_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
