// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/* What TPM sessions compute, against tests/data/crypt.vec and OpenSSL. */
#include "unit.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>

#define FILE_NAME "crypt.vec"

static struct bytes field(const char *group, int i, const char *name)
{
	return vector_field(FILE_NAME, group, i, name);
}

static struct tkm_piece piece(struct bytes b)
{
	return (struct tkm_piece){ b.p, b.len };
}

/* Labels are texts: as a string on the heap, with its final zero. */
static char *label_of(struct bytes b)
{
	char *s = malloc(b.len + 1);

	memcpy(s, b.p, b.len);
	s[b.len] = '\0';
	exact_free(b.p);
	return s;
}

static void sha256_of_the_standards_examples(void **state)
{
	static const struct {
		const char *text;
		const char *digest;
	} cases[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb924"
		      "27ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223"
			 "b00361a396177a9cb410ff61f20015ad" },
	};
	struct tkm_piece p;
	struct bytes want;
	u8 out[32];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		p = (struct tkm_piece){ cases[i].text, strlen(cases[i].text) };
		want = bytes_of_hex(cases[i].digest);
		tkm_sha256(&p, 1, out);
		assert_bytes(want, out, 32);
		exact_free(want.p);
	}
	want = bytes_of_hex(cases[0].digest);
	tkm_sha256(NULL, 0, out);
	assert_bytes(want, out, 32);
	exact_free(want.p);
}

static void pieces_are_hashed_as_if_they_were_one(void **state)
{
	const struct tkm_piece split[] = {
		{ "", 0 }, { "a", 1 }, { NULL, 0 }, { "bc", 2 },
	};
	const struct tkm_piece whole = { "abc", 3 };
	u8 a[32], b[32];

	(void)state;
	tkm_sha256(split, ARRAY_SIZE(split), a);
	tkm_sha256(&whole, 1, b);
	assert_memory_equal(a, b, 32);
	tkm_hmac_sha256((const u8 *)"k", 1, split, ARRAY_SIZE(split), a);
	tkm_hmac_sha256((const u8 *)"k", 1, &whole, 1, b);
	assert_memory_equal(a, b, 32);
}

static void hmac_vectors(void **state)
{
	struct bytes key, data, mac;
	struct tkm_piece p;
	u8 out[32];
	int i;

	(void)state;
	for (i = 0; vector_exists(FILE_NAME, "hmac", i, "key"); i++) {
		key = field("hmac", i, "key");
		data = field("hmac", i, "data");
		mac = field("hmac", i, "mac");
		p = piece(data);
		tkm_hmac_sha256(key.p, key.len, &p, 1, out);
		assert_bytes(mac, out, 32);
		exact_free(key.p);
		exact_free(data.p);
		exact_free(mac.p);
	}
	assert_int_equal(i, 9);
}

static void kdfa_vectors(void **state)
{
	struct bytes key, u, v, want;
	char *label;
	u8 *out;
	int i;

	(void)state;
	for (i = 0; vector_exists(FILE_NAME, "kdfa", i, "key"); i++) {
		key = field("kdfa", i, "key");
		u = field("kdfa", i, "u");
		v = field("kdfa", i, "v");
		want = field("kdfa", i, "result");
		label = label_of(field("kdfa", i, "label"));
		out = malloc(want.len);
		tkm_kdfa(key.p, key.len, label, piece(u), piece(v), out,
			 want.len);
		assert_bytes(want, out, want.len);
		free(out);
		free(label);
		exact_free(key.p);
		exact_free(u.p);
		exact_free(v.p);
		exact_free(want.p);
	}
	assert_int_equal(i, 6);
}

static void kdfa_takes_no_key_and_no_context(void **state)
{
	const struct tkm_piece none = { NULL, 0 };
	u8 zero[1] = { 0 }, a[32], b[32];

	(void)state;
	tkm_kdfa(NULL, 0, "ATH", none, none, a, 32);
	tkm_kdfa(zero, 0, "ATH", none, none, b, 32);
	assert_memory_equal(a, b, 32);
}

static void kdfe_vectors(void **state)
{
	struct bytes z, u, v, want;
	char *label;
	u8 out[32];
	int i;

	(void)state;
	for (i = 0; vector_exists(FILE_NAME, "kdfe", i, "z"); i++) {
		z = field("kdfe", i, "z");
		u = field("kdfe", i, "u");
		v = field("kdfe", i, "v");
		want = field("kdfe", i, "result");
		label = label_of(field("kdfe", i, "label"));
		tkm_kdfe(z.p, label, u.p, v.p, out);
		assert_bytes(want, out, 32);
		free(label);
		exact_free(z.p);
		exact_free(u.p);
		exact_free(v.p);
		exact_free(want.p);
	}
	assert_int_equal(i, 2);
}

static void cfb_vectors(void **state)
{
	struct bytes key, plain, cipher, work;
	int i;

	(void)state;
	for (i = 0; vector_exists(FILE_NAME, "cfb", i, "key"); i++) {
		key = field("cfb", i, "key");
		plain = field("cfb", i, "plain");
		cipher = field("cfb", i, "cipher");
		work = bytes_of(plain.p, plain.len);
		assert_int_equal(tkm_cfb_encrypt(key.p, work.p, work.len), 0);
		assert_bytes(cipher, work.p, work.len);
		assert_int_equal(tkm_cfb_decrypt(key.p, work.p, work.len), 0);
		assert_bytes(plain, work.p, work.len);
		exact_free(key.p);
		exact_free(plain.p);
		exact_free(cipher.p);
		exact_free(work.p);
	}
	assert_int_equal(i, 7);
}

static void cfb_comes_back_at_every_length(void **state)
{
	u8 plain[70], key[32];
	struct bytes work;
	size_t n, i;

	(void)state;
	for (i = 0; i < sizeof(plain); i++)
		plain[i] = (u8)(i * 3);
	memset(key, 0x5a, sizeof(key));
	for (n = 0; n <= sizeof(plain); n++) {
		work = bytes_of(plain, n);
		assert_int_equal(tkm_cfb_encrypt(key, work.p, n), 0);
		if (n > 8)
			assert_memory_not_equal(work.p, plain, n);
		assert_int_equal(tkm_cfb_decrypt(key, work.p, n), 0);
		assert_bytes(work, plain, n);
		exact_free(work.p);
	}
}

static void oaep_vectors(void **state)
{
	struct bytes msg, label, seed, block;
	u8 *out;
	int i;

	(void)state;
	for (i = 0; vector_exists(FILE_NAME, "oaep", i, "msg"); i++) {
		msg = field("oaep", i, "msg");
		label = field("oaep", i, "label");
		seed = field("oaep", i, "seed");
		block = field("oaep", i, "block");
		out = malloc(block.len);
		assert_int_equal(tkm_oaep_pad(msg.p, msg.len, label.p,
					      label.len, seed.p, out,
					      block.len), 0);
		assert_bytes(block, out, block.len);
		free(out);
		exact_free(msg.p);
		exact_free(label.p);
		exact_free(seed.p);
		exact_free(block.p);
	}
	assert_int_equal(i, 4);
}

/* OpenSSL takes the padding off; a wrong label it does not take. */
static void openssl_undoes_oaep_at_every_length(void **state)
{
	static const unsigned char label[] = "SECRET";
	u8 seed[32], out[128], back[128];
	struct bytes msg;
	size_t n;
	int len;

	(void)state;
	memset(seed, 0xa7, sizeof(seed));
	for (n = 0; n <= sizeof(out) - 66; n++) {
		memset(back, (int)n, sizeof(back));
		msg = bytes_of(back, n);
		assert_int_equal(tkm_oaep_pad(msg.p, n, label, sizeof(label),
					      seed, out, sizeof(out)), 0);
		assert_int_equal(out[0], 0);
		len = RSA_padding_check_PKCS1_OAEP_mgf1(
			back, sizeof(back), out, sizeof(out), sizeof(out),
			label, sizeof(label), EVP_sha256(), EVP_sha256());
		assert_int_equal(len, n);
		assert_bytes(msg, back, n);
		len = RSA_padding_check_PKCS1_OAEP_mgf1(
			back, sizeof(back), out, sizeof(out), sizeof(out),
			label, sizeof(label) - 1, EVP_sha256(), EVP_sha256());
		assert_true(len < 0);
		exact_free(msg.p);
	}
}

static void oaep_refuses_what_does_not_fit(void **state)
{
	u8 seed[32] = { 0 }, msg[256] = { 0 }, out[256];
	size_t n;

	(void)state;
	assert_int_equal(tkm_oaep_pad(msg, 190, "", 1, seed, out, 256), 0);
	assert_int_equal(tkm_oaep_pad(msg, 191, "", 1, seed, out, 256),
			 -EINVAL);
	assert_int_equal(tkm_oaep_pad(msg, SIZE_MAX, "", 1, seed, out, 256),
			 -EINVAL);
	assert_int_equal(tkm_oaep_pad(msg, 0, "", 1, seed, out, 66), 0);
	for (n = 0; n < 66; n++) {
		u8 *small = exact(out, n);

		assert_int_equal(tkm_oaep_pad(msg, 0, "", 1, seed, small, n),
				 -EINVAL);
		exact_free(small);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_of_the_standards_examples),
		cmocka_unit_test(pieces_are_hashed_as_if_they_were_one),
		cmocka_unit_test(hmac_vectors),
		cmocka_unit_test(kdfa_vectors),
		cmocka_unit_test(kdfa_takes_no_key_and_no_context),
		cmocka_unit_test(kdfe_vectors),
		cmocka_unit_test(cfb_vectors),
		cmocka_unit_test(cfb_comes_back_at_every_length),
		cmocka_unit_test(oaep_vectors),
		cmocka_unit_test(openssl_undoes_oaep_at_every_length),
		cmocka_unit_test(oaep_refuses_what_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
