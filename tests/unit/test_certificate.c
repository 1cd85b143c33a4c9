// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/* What a TPM says of a key. That a TPM says it so, tests/vm/certify.sh tries. */
#include "unit.h"

static const u8 numbers[64] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
static const u8 nonce[] = "sixteen bytes...";

/* A certificate as it should be, of a key of this Name in this place. */
struct made {
	u8 ak[128], attest[256], signature[128], der[TKM_CERTIFICATE_MAX];
	u8 extra[32], name[TKM_NAME_SIZE], qualified[TKM_NAME_SIZE];
	struct tkm_certificate c;
	size_t der_len;
};

static void make_ak(struct made *m)
{
	u8 template[128];
	struct tkm_writer w, from;

	tkm_writer_init(&from, template, sizeof(template));
	tkm_ak_template(&from);
	assert_int_equal(from.len, 20 + 2 + 32 + 2 + 32);
	tkm_writer_init(&w, m->ak, sizeof(m->ak));
	tkm_put_bytes(&w, template, 20);
	tkm_put_tpm2b(&w, numbers, 32);
	tkm_put_tpm2b(&w, numbers, 31);
	m->c.ak = m->ak;
	m->c.ak_len = (u16)w.len;
}

static void make_attest(struct made *m)
{
	u8 ak[TKM_NAME_SIZE], signer[TKM_NAME_SIZE];
	struct tkm_writer w;

	tkm_public_name(m->ak, m->c.ak_len, ak);
	tkm_qualified_name(0x4000000b, NULL, ak, signer);
	tkm_writer_init(&w, m->attest, sizeof(m->attest));
	tkm_put_u32(&w, 0xff544347);
	tkm_put_u16(&w, 0x8017);
	tkm_put_tpm2b(&w, signer, sizeof(signer));
	tkm_put_tpm2b(&w, m->extra, sizeof(m->extra));
	tkm_put_bytes(&w, numbers, 25);
	tkm_put_tpm2b(&w, m->name, sizeof(m->name));
	tkm_put_tpm2b(&w, m->qualified, sizeof(m->qualified));
	m->c.attest = m->attest;
	m->c.attest_len = (u16)w.len;
}

static void make(struct made *m)
{
	struct tkm_writer w;
	ssize_t n;

	memset(m, 0, sizeof(*m));
	tkm_certify_extra(nonce, sizeof(nonce) - 1, m->extra);
	tkm_public_name(numbers, 20, m->name);
	tkm_qualified_name(TPM_RH_OWNER, NULL, m->name, m->qualified);
	make_ak(m);
	make_attest(m);
	tkm_writer_init(&w, m->signature, sizeof(m->signature));
	tkm_put_u32(&w, 0x0018000b);
	tkm_put_tpm2b(&w, numbers, 31);
	tkm_put_tpm2b(&w, numbers, 32);
	m->c.signature = m->signature;
	m->c.signature_len = (u16)w.len;
	n = tkm_certificate_encode(&m->c, m->der, sizeof(m->der));
	assert_true(n > 0);
	m->der_len = (size_t)n;
}

static int judge(const struct made *m, const struct tkm_certificate *c)
{
	return tkm_certificate_check(c, m->extra, m->name, m->qualified);
}

/* By hand: sha256("tkm attest v1\0" "key\0" "sixteen bytes..."). */
static void a_question_is_of_its_purpose(void **state)
{
	static const char text[] = "tkm attest v1\0key\0sixteen bytes...";
	const struct tkm_piece whole = { text, sizeof(text) - 1 };
	u8 extra[32], hash[32];

	(void)state;
	tkm_certify_extra(nonce, sizeof(nonce) - 1, extra);
	tkm_sha256(&whole, 1, hash);
	assert_memory_equal(extra, hash, sizeof(hash));
}

static void a_qualified_name_is_of_the_one_above(void **state)
{
	u8 name[TKM_NAME_SIZE], above[TKM_NAME_SIZE], is[TKM_NAME_SIZE];
	const struct tkm_piece primary[] = { { "\x40\0\0\x01", 4 },
					     { name, sizeof(name) } };
	const struct tkm_piece below[] = { { above, sizeof(above) },
					   { name, sizeof(name) } };
	u8 hash[32];

	(void)state;
	tkm_public_name(numbers, 20, name);
	tkm_qualified_name(TPM_RH_OWNER, NULL, name, above);
	tkm_sha256(primary, 2, hash);
	assert_int_equal(get_unaligned_be16(above), TPM_ALG_SHA256);
	assert_memory_equal(above + 2, hash, 32);
	tkm_qualified_name(TPM_RH_OWNER, above, name, is);
	tkm_sha256(below, 2, hash);
	assert_memory_equal(is + 2, hash, 32);
}

static void one_as_it_should_be_is_taken(void **state)
{
	struct tkm_certificate back;
	struct made m;
	const u8 *copy;

	(void)state;
	make(&m);
	assert_int_equal(judge(&m, &m.c), 0);
	copy = exact(m.der, m.der_len);
	assert_int_equal(tkm_certificate_decode(copy, m.der_len, &back), 0);
	assert_int_equal(judge(&m, &back), 0);
	exact_free(copy);
}

/* What is not the TPM's to choose: clocks, versions, numbers; and which key made it. */
static bool may_differ(const struct made *m, const u8 *base, size_t at)
{
	if (base == m->signature)
		return (at >= 6 && at < 6 + 31) || at >= 6 + 31 + 2;
	return base == m->attest && at >= 6 + 36 + 34 && at < 6 + 36 + 34 + 25;
}

static void no_bit_of_it_is_another(void **state)
{
	struct tkm_certificate c;
	struct made m;
	u8 *parts[3];
	size_t lens[3], i, bit;

	(void)state;
	make(&m);
	parts[0] = m.ak;
	parts[1] = m.attest;
	parts[2] = m.signature;
	lens[0] = m.c.ak_len;
	lens[1] = m.c.attest_len;
	lens[2] = m.c.signature_len;
	for (i = 0; i < 3; i++) {
		for (bit = 0; bit < 8 * lens[i]; bit++) {
			parts[i][bit / 8] ^= 1 << bit % 8;
			assert_int_equal(judge(&m, &m.c),
					 may_differ(&m, parts[i], bit / 8) ?
						 0 : -EBADMSG);
			parts[i][bit / 8] ^= 1 << bit % 8;
		}
	}
	c = m.c;
	c.attest_len--;
	assert_int_equal(judge(&m, &c), -EBADMSG);
	c.attest_len += 2;
	assert_int_equal(judge(&m, &c), -EBADMSG);
	c = m.c;
	c.signature_len--;
	assert_int_equal(judge(&m, &c), -EBADMSG);
	c.signature_len += 2;
	assert_int_equal(judge(&m, &c), -EBADMSG);
	c = m.c;
	c.ak_len--;
	assert_int_equal(judge(&m, &c), -EBADMSG);
}

static int decode(const u8 *der, size_t len)
{
	const u8 *copy = exact(der, len);
	struct tkm_certificate c;
	int ret = tkm_certificate_decode(copy, len, &c);

	exact_free(copy);
	return ret;
}

static void no_byte_less_or_more(void **state)
{
	u8 out[TKM_CERTIFICATE_MAX + 1];
	struct tkm_certificate c;
	struct made m;
	size_t i;

	(void)state;
	make(&m);
	for (i = 0; i < m.der_len; i++)
		assert_int_equal(decode(m.der, i), -EBADMSG);
	memcpy(out, m.der, m.der_len);
	out[m.der_len] = 0;
	assert_int_equal(decode(out, m.der_len + 1), -EBADMSG);
	assert_int_equal(tkm_certificate_decode(out, TKM_CERTIFICATE_MAX + 1, &c),
			 -E2BIG);
	assert_int_equal(tkm_certificate_encode(&m.c, out, m.der_len - 1),
			 -EMSGSIZE);
	c = m.c;
	c.signature_len = 0;
	i = (size_t)tkm_certificate_encode(&c, out, sizeof(out));
	assert_int_equal(decode(out, i), -EBADMSG);
}

static void an_ak_is_whole(void **state)
{
	struct made m;
	size_t i;

	(void)state;
	make(&m);
	assert_true(tkm_ak_is(m.ak, m.c.ak_len));
	for (i = 0; i < m.c.ak_len; i++) {
		const u8 *copy = exact(m.ak, i);

		assert_false(tkm_ak_is(copy, i));
		exact_free(copy);
	}
	m.ak[m.c.ak_len] = 0;
	assert_false(tkm_ak_is(m.ak, m.c.ak_len + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_is_of_its_purpose),
		cmocka_unit_test(a_qualified_name_is_of_the_one_above),
		cmocka_unit_test(one_as_it_should_be_is_taken),
		cmocka_unit_test(no_bit_of_it_is_another),
		cmocka_unit_test(no_byte_less_or_more),
		cmocka_unit_test(an_ak_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
