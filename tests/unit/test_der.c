// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/* DER: lengths and numbers as OpenSSL writes them, and every other spelling refused. */
#include "unit.h"

#include <openssl/asn1.h>

static const size_t sizes[] = { 0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000,
				0xffffff, 0x1000000 };

static struct tkm_reader reader_of(const void *p, size_t n)
{
	struct tkm_reader r;

	tkm_reader_init(&r, p, n);
	return r;
}

static void lengths_are_openssls(void **state)
{
	size_t room = 0x1000000 + 16, i;
	u8 *buf = calloc(1, room), head[16], *p;
	struct tkm_reader r, content;
	struct tkm_back b;
	ssize_t n;

	(void)state;
	assert_non_null(buf);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		p = head;
		ASN1_put_object(&p, 0, (int)sizes[i], V_ASN1_OCTET_STRING,
				V_ASN1_UNIVERSAL);
		tkm_back_init(&b, buf, room);
		b.at -= sizes[i];
		tkm_back_header(&b, TKM_DER_OCTETS, b.end);
		n = tkm_back_done(&b);
		assert_int_equal(n, (p - head) + (ssize_t)sizes[i]);
		assert_memory_equal(buf, head, p - head);
		r = reader_of(buf, (size_t)n);
		assert_true(tkm_der_next_is(&r, TKM_DER_OCTETS));
		content = tkm_der_get(&r, TKM_DER_OCTETS);
		assert_false(content.bad);
		assert_int_equal(content.len, sizes[i]);
		assert_true(tkm_reader_done(&r));
	}
	free(buf);
}

static void bad_length(const char *hex)
{
	struct bytes b = bytes_of_hex(hex);
	struct tkm_reader r = reader_of(b.p, b.len);

	tkm_der_length(&r);
	assert_true(r.bad);
	exact_free(b.p);
}

static void another_spelling_of_a_length_is_none(void **state)
{
	(void)state;
	bad_length("");
	bad_length("80");		/* indefinite */
	bad_length("8100");
	bad_length("817f");
	bad_length("820000");
	bad_length("82007f");
	bad_length("8200ff");
	bad_length("8300ffff");
	bad_length("8400ffffff");
	bad_length("850100000000");
	bad_length("ff");
	/* Cut off. */
	bad_length("81");
	bad_length("8201");
	bad_length("84010000");
}

static void a_value_ends_where_it_says(void **state)
{
	const u8 value[] = { TKM_DER_OCTETS, 2, 7, 8, TKM_DER_SEQUENCE, 0 };
	struct tkm_reader r, content;
	size_t len;

	(void)state;
	r = reader_of(value, sizeof(value));
	content = tkm_der_get(&r, TKM_DER_OCTETS);
	assert_int_equal(tkm_get_u8(&content), 7);
	assert_int_equal(tkm_get_u8(&content), 8);
	assert_true(tkm_reader_done(&content));
	assert_true(tkm_der_next_is(&r, TKM_DER_SEQUENCE));
	assert_false(tkm_der_next_is(&r, TKM_DER_OCTETS));
	content = tkm_der_get(&r, TKM_DER_SEQUENCE);
	assert_true(tkm_reader_done(&content));
	assert_true(tkm_reader_done(&r));
	assert_false(tkm_der_next_is(&r, TKM_DER_SEQUENCE));
	/* Another type, or cut off: both readers know it, and so does the next. */
	r = reader_of(value, sizeof(value));
	content = tkm_der_get(&r, TKM_DER_UTF8);
	assert_true(content.bad && r.bad);
	assert_false(tkm_der_next_is(&r, TKM_DER_SEQUENCE));
	for (len = 0; len < 4; len++) {
		u8 *cut = exact(value, len);

		r = reader_of(cut, len);
		content = tkm_der_get(&r, TKM_DER_OCTETS);
		assert_true(content.bad && r.bad);
		exact_free(cut);
	}
}

static u64 number(const void *p, size_t n, u64 max, bool *bad)
{
	struct tkm_reader r = reader_of(p, n);
	u64 v = tkm_der_number(&r, tkm_der_get(&r, TKM_DER_INTEGER), max);

	*bad = !tkm_reader_done(&r);
	return v;
}

static void numbers_are_openssls(void **state)
{
	ASN1_INTEGER *integer = ASN1_INTEGER_new();
	u8 buf[16], *der;
	struct tkm_back b;
	unsigned int bit;
	bool bad;
	ssize_t n;
	int len;
	u64 v, d;

	(void)state;
	for (bit = 0; bit < 63; bit++) {
		for (d = 0; d < 3; d++) {
			v = ((u64)1 << bit) + d - 1;
			assert_true(ASN1_INTEGER_set_uint64(integer, v));
			der = NULL;
			len = i2d_ASN1_INTEGER(integer, &der);
			tkm_back_init(&b, buf, sizeof(buf));
			tkm_back_number(&b, v);
			n = tkm_back_done(&b);
			assert_int_equal(n, len);
			assert_memory_equal(buf, der, len);
			assert_true(number(der, (size_t)len, INT64_MAX, &bad) == v);
			assert_false(bad);
			/* The largest that may be, and one more than may be. */
			assert_true(number(der, (size_t)len, v, &bad) == v);
			assert_false(bad);
			if (v) {
				assert_int_equal(number(der, (size_t)len, v - 1, &bad), 0);
				assert_true(bad);
			}
			OPENSSL_free(der);
		}
	}
	ASN1_INTEGER_free(integer);
}

static void bad_number(const char *hex)
{
	struct bytes b = bytes_of_hex(hex);
	bool bad;

	assert_int_equal(number(b.p, b.len, UINT64_MAX, &bad), 0);
	assert_true(bad);
	exact_free(b.p);
}

static void another_spelling_of_a_number_is_none(void **state)
{
	(void)state;
	bad_number("0200");
	bad_number("020180");			/* negative */
	bad_number("0201ff");
	bad_number("02020001");			/* longer than it has to be */
	bad_number("0202007f");
	bad_number("0209008000000000000000");	/* no room */
	bad_number("0a0101");
}

static void what_does_not_fit_is_said_once(void **state)
{
	u8 buf[3];
	struct tkm_back b;

	(void)state;
	tkm_back_init(&b, buf, sizeof(buf));
	tkm_back_value(&b, TKM_DER_OCTETS, "ab", 2);
	/* What would fit does not undo it. */
	tkm_back_u8(&b, 0);
	assert_true(b.overflow);
	assert_int_equal(tkm_back_done(&b), -EMSGSIZE);
	tkm_back_init(&b, buf, sizeof(buf));
	tkm_back_value(&b, TKM_DER_OCTETS, "a", 1);
	assert_int_equal(tkm_back_done(&b), 3);
	assert_memory_equal(buf, "\x04\x01" "a", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths_are_openssls),
		cmocka_unit_test(another_spelling_of_a_length_is_none),
		cmocka_unit_test(a_value_ends_where_it_says),
		cmocka_unit_test(numbers_are_openssls),
		cmocka_unit_test(another_spelling_of_a_number_is_none),
		cmocka_unit_test(what_does_not_fit_is_said_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
