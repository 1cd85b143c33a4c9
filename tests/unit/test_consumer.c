// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * What the kernel's consumers take: the rules as they stand in the kernel, and
 * the text of an `encrypted` key read as the kernel reads it, with OpenSSL.
 */
#include "openssl.h"

#include <openssl/hmac.h>

static const struct {
	enum tkm_consumer consumer;
	const char *type;
	const char *format;
	unsigned int min, max, derived;
} consumers[] = {
	{ TKM_CONSUMER_LOGON, "logon", NULL, 1, 128, 32 },
	{ TKM_CONSUMER_USER, "user", NULL, 1, 128, 32 },
	{ TKM_CONSUMER_ENCRYPTED, "encrypted", "default", 20, 128, 32 },
	{ TKM_CONSUMER_ECRYPTFS, "encrypted", "ecryptfs", 64, 64, 64 },
	{ TKM_CONSUMER_FSCRYPT, "fscrypt-provisioning", NULL, 16, 64, 64 },
};

/* ---- names and sizes ---------------------------------------------------- */

static void consumers_have_their_types_and_sizes(void **state)
{
	struct tkm_sizes sizes;
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(consumers); i++) {
		assert_string_equal(tkm_consumer_type(consumers[i].consumer),
				    consumers[i].type);
		sizes = tkm_consumer_sizes(consumers[i].consumer);
		assert_int_equal(sizes.min, consumers[i].min);
		assert_int_equal(sizes.max, consumers[i].max);
		assert_int_equal(sizes.derived, consumers[i].derived);
		for (n = 0; n < 300; n++)
			assert_int_equal(
				tkm_consumer_takes(consumers[i].consumer, n),
				n >= consumers[i].min && n <= consumers[i].max);
		assert_false(tkm_consumer_takes(consumers[i].consumer,
						SIZE_MAX));
	}
}

static int found(int (*find)(const char *, size_t, enum tkm_consumer *),
		 const char *name, size_t len, enum tkm_consumer *consumer)
{
	const char *copy = exact(name, len);
	int ret = find(copy, len, consumer);

	exact_free(copy);
	return ret;
}

static void only_the(int (*find)(const char *, size_t, enum tkm_consumer *),
		     const char *name, enum tkm_consumer want)
{
	enum tkm_consumer consumer = (enum tkm_consumer)99;
	char other[40];
	size_t n = strlen(name), i;

	assert_int_equal(found(find, name, n, &consumer), 0);
	assert_int_equal(consumer, want);
	consumer = (enum tkm_consumer)99;
	for (i = 0; i < n; i++) {
		assert_int_equal(found(find, name, i, &consumer), -EINVAL);
		strcpy(other, name);
		other[i] ^= 0x20;
		assert_int_equal(found(find, other, n, &consumer), -EINVAL);
	}
	snprintf(other, sizeof(other), "%s:", name);
	assert_int_equal(found(find, other, n + 1, &consumer), -EINVAL);
	assert_int_equal(found(find, name, n + 1, &consumer), -EINVAL);
	assert_int_equal(consumer, 99); /* never written in vain */
}

static void consumers_are_found_by_type_and_format(void **state)
{
	enum tkm_consumer consumer;

	(void)state;
	only_the(tkm_consumer_of, "logon", TKM_CONSUMER_LOGON);
	only_the(tkm_consumer_of, "user", TKM_CONSUMER_USER);
	only_the(tkm_consumer_of, "encrypted", TKM_CONSUMER_ENCRYPTED);
	only_the(tkm_consumer_of, "fscrypt-provisioning",
		 TKM_CONSUMER_FSCRYPT);
	only_the(tkm_consumer_format, "default", TKM_CONSUMER_ENCRYPTED);
	only_the(tkm_consumer_format, "ecryptfs", TKM_CONSUMER_ECRYPTFS);
	assert_int_equal(tkm_consumer_of("ecryptfs", 8, &consumer), -EINVAL);
	assert_int_equal(tkm_consumer_of("keyring", 7, &consumer), -EINVAL);
	assert_int_equal(tkm_consumer_of("trusted", 7, &consumer), -EINVAL);
	assert_int_equal(tkm_consumer_of("tkm", 3, &consumer), -EINVAL);
	assert_int_equal(tkm_consumer_format("enc32", 5, &consumer), -EINVAL);
	assert_int_equal(tkm_consumer_format("logon", 5, &consumer), -EINVAL);
}

/* ---- descriptions ------------------------------------------------------- */

static bool desc_ok(enum tkm_consumer consumer, const char *desc)
{
	char *copy = exact(desc, strlen(desc) + 1);
	bool ok = tkm_consumer_desc_ok(consumer, copy);

	exact_free(copy);
	return ok;
}

static void descriptions_are_printable_for_all(void **state)
{
	static const char *const bad[] = {
		"", " ", "a: b", "a:b ", " a:b", "a:\tb", "a:b\n", "a:\x01",
		"a:\x7f", "a:\xc3", "a:\xc2\x85", "a:\xff", "a:\xed\xa0\x80",
	};
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(consumers); i++)
		for (j = 0; j < ARRAY_SIZE(bad); j++)
			assert_false(desc_ok(consumers[i].consumer, bad[j]));
}

static void descriptions_are_as_long_as_they_may_be(void **state)
{
	char text[TKM_PUBLISH_DESC_MAX + 20];
	size_t n, i;

	(void)state;
	for (n = 3; n < sizeof(text); n++) {
		memset(text, 'a', n);
		text[n] = '\0';
		text[1] = ':';
		for (i = 0; i < ARRAY_SIZE(consumers); i++)
			assert_int_equal(
				desc_ok(consumers[i].consumer, text),
				n <= TKM_PUBLISH_DESC_MAX &&
				consumers[i].consumer != TKM_CONSUMER_ECRYPTFS);
	}
}

/* security/keys/user_defined.c, logon_vet_description() */
static void logon_descriptions_have_a_prefix(void **state)
{
	static const struct {
		const char *desc;
		bool ok;
	} cases[] = {
		{ "a", false }, { "ab", false }, { ":", false },
		{ ":a", false }, { ":a:b", false }, { "::", false },
		{ "a:", true }, { "a:b", true }, { "a::", true },
		{ "cryptsetup:vol:1", true }, { "\xc3\xa9:\xc3\xa9", true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(desc_ok(TKM_CONSUMER_LOGON, cases[i].desc),
				 cases[i].ok);
		assert_true(desc_ok(TKM_CONSUMER_USER, cases[i].desc));
		assert_true(desc_ok(TKM_CONSUMER_ENCRYPTED, cases[i].desc));
		assert_true(desc_ok(TKM_CONSUMER_FSCRYPT, cases[i].desc));
	}
}

/* security/keys/encrypted-keys/encrypted.c, valid_ecryptfs_desc() */
static void ecryptfs_descriptions_are_signatures(void **state)
{
	char text[40];
	size_t n;
	int c;

	(void)state;
	for (n = 1; n < 33; n++) {
		memset(text, 'f', n);
		text[n] = '\0';
		assert_int_equal(desc_ok(TKM_CONSUMER_ECRYPTFS, text),
				 n == 16);
	}
	assert_true(desc_ok(TKM_CONSUMER_ECRYPTFS, "0123456789abcdef"));
	assert_true(desc_ok(TKM_CONSUMER_ECRYPTFS, "ABCDEF9876543210"));
	strcpy(text, "0123456789abcdef");
	for (n = 0; n < 16; n++) {
		for (c = 1; c < 256; c++) {
			text[n] = (char)c;
			assert_int_equal(
				desc_ok(TKM_CONSUMER_ECRYPTFS, text),
				strspn(text, "0123456789abcdefABCDEF") == 16);
		}
		text[n] = '7';
	}
}

/* ---- derivation --------------------------------------------------------- */

static void derivation_is_hkdf_of_the_label(void **state)
{
	static const char *const labels[] = { "", "a", "dm-crypt",
					      "\xd0\xba\xd0\xbb" };
	u8 key[128], out[128], want[128];
	char info[250], longest[TKM_LABEL_MAX + 1];
	struct bytes k, o;
	size_t i, n;
	const char *label;
	char *copy;

	(void)state;
	scramble(key, sizeof(key), 1);
	memset(longest, 'l', TKM_LABEL_MAX);
	longest[TKM_LABEL_MAX] = '\0';
	for (i = 0; i <= ARRAY_SIZE(labels); i++) {
		label = i < ARRAY_SIZE(labels) ? labels[i] : longest;
		copy = exact(label, strlen(label) + 1);
		snprintf(info, sizeof(info), "tkm publish v1 %s", label);
		for (n = 16; n <= 128; n += 7) {
			k = bytes_of(key, 144 - n);
			o = bytes_of(out, n);
			tkm_consumer_derive(k.p, k.len, copy, o.p, n);
			openssl_hkdf(key, 144 - n, info, strlen(info), want,
				     n);
			assert_bytes(o, want, n);
			exact_free(k.p);
			exact_free(o.p);
		}
		exact_free(copy);
	}
}

static void labels_give_different_keys(void **state)
{
	u8 key[32], a[64], b[64];

	(void)state;
	scramble(key, sizeof(key), 2);
	tkm_consumer_derive(key, 32, "a", a, 64);
	tkm_consumer_derive(key, 32, "b", b, 64);
	assert_memory_not_equal(a, b, 32);
	assert_memory_not_equal(a, key, 32);
	/* A shorter one is how a longer one begins (RFC 5869, 2.3). */
	tkm_consumer_derive(key, 32, "a", b, 16);
	assert_memory_equal(a, b, 16);
}

/* ---- encrypted keys ----------------------------------------------------- */

/*
 * get_derived_key() of the kernel: the buffer is as long as AUTH_KEY needs,
 * is zero, and is hashed as a whole.
 */
static void kernel_key(const char *name, const u8 master[32], u8 out[32])
{
	u8 buf[9 + 32] = { 0 };

	strcpy((char *)buf, name);
	memcpy(buf + strlen(name) + 1, master, 32);
	assert_true(EVP_Digest(buf, sizeof(buf), out, NULL, EVP_sha256(),
			       NULL));
}

/* strsep() as datablob_parse() uses it. */
static char *next_token(char **text)
{
	return strsep(text, " \t");
}

static size_t unhex(const char *hex, size_t n, u8 *out)
{
	struct bytes b;
	char *copy = strndup(hex, 2 * n);

	assert_int_equal(strlen(copy), 2 * n);
	assert_int_equal(strspn(copy, "0123456789abcdef"), 2 * n);
	b = bytes_of_hex(copy);
	memcpy(out, b.p, n);
	exact_free(b.p);
	free(copy);
	return n;
}

struct loaded {
	char format[20], master_desc[80];
	u8 data[160];
	size_t len;
};

/*
 * datablob_parse() and encrypted_key_decrypt(), for "load" and a user key:
 * what the kernel would hold. -EINVAL where it says so.
 */
static int kernel_loads(const char *payload, size_t n, const u8 master[32],
			struct loaded *key)
{
	char *text = strndup(payload, n), *at = text, *end;
	char *format, *desc, *number, *hex;
	u8 blob[400] = { 0 }, derived[32], hmac[32], want[32], *iv, *cipher;
	size_t blob_len, padded;
	EVP_CIPHER_CTX *ctx;
	unsigned int mac_len;
	int ret = -EINVAL, len;

	assert_string_equal(next_token(&at), "load");
	format = next_token(&at);
	desc = next_token(&at);
	number = next_token(&at);
	hex = next_token(&at);
	assert_non_null(hex);
	assert_null(at);
	assert_int_equal(strncmp(desc, "user:", 5), 0);
	assert_true(desc[5]);
	key->len = strtoul(number, &end, 10);
	assert_false(*end);
	assert_true(key->len <= 128);
	padded = (key->len + 15) / 16 * 16;
	assert_int_equal(strlen(hex), 2 * (16 + 1 + padded + 32));

	/* format\0master_desc\0datalen\0iv\0encrypted_data */
	strcpy((char *)blob, format);
	blob_len = strlen(format) + 1;
	strcpy((char *)blob + blob_len, desc);
	blob_len += strlen(desc) + 1;
	strcpy((char *)blob + blob_len, number);
	blob_len += strlen(number) + 1;
	iv = blob + blob_len;
	cipher = iv + 16 + 1;
	unhex(hex, 16, iv);
	unhex(hex + 2 * 16 + 2, padded, cipher);
	unhex(hex + 2 * 16 + 2 + 2 * padded, 32, hmac);
	blob_len += 16 + 1 + padded;
	/* It skips these two digits; written by it they are zero. */
	assert_int_equal(strncmp(hex + 2 * 16, "00", 2), 0);

	kernel_key("AUTH_KEY", master, derived);
	assert_non_null(HMAC(EVP_sha256(), derived, 32, blob, blob_len, want,
			     &mac_len));
	if (memcmp(want, hmac, 32))
		goto out;
	kernel_key("ENC_KEY", master, derived);
	ctx = EVP_CIPHER_CTX_new();
	assert_true(EVP_DecryptInit_ex(ctx, EVP_aes_256_cbc(), NULL, derived,
				       iv));
	EVP_CIPHER_CTX_set_padding(ctx, 0);
	assert_true(EVP_DecryptUpdate(ctx, key->data, &len, cipher,
				      (int)padded));
	assert_int_equal(len, padded);
	EVP_CIPHER_CTX_free(ctx);
	snprintf(key->format, sizeof(key->format), "%s", format);
	snprintf(key->master_desc, sizeof(key->master_desc), "%s", desc);
	ret = 0;
out:
	free(text);
	return ret;
}

static const u8 none[16];

static ssize_t text_of(enum tkm_consumer consumer, const char *desc,
		       const u8 *data, size_t len, char *out, size_t size)
{
	u8 secret[48];
	struct bytes master, iv, d = bytes_of(data, len);
	char *desc_copy = exact(desc, strlen(desc) + 1);
	ssize_t ret;

	scramble(secret, sizeof(secret), 50);
	master = bytes_of(secret, 32);
	iv = bytes_of(secret + 32, 16);
	ret = tkm_encrypted_text(consumer, desc_copy, master.p, iv.p, d.p, len,
				 out, size);
	exact_free(master.p);
	exact_free(iv.p);
	exact_free(d.p);
	exact_free(desc_copy);
	return ret;
}

static void kernel_takes(enum tkm_consumer consumer, const char *format,
			 const char *desc, size_t len)
{
	char out[TKM_ENCRYPTED_TEXT];
	u8 data[128], master[32];
	struct loaded key;
	ssize_t n;

	scramble(data, sizeof(data), (u32)len);
	scramble(master, sizeof(master), 50);
	memset(out, '!', sizeof(out));
	n = text_of(consumer, desc, data, len, out, sizeof(out));
	assert_true(n > 0);
	assert_int_equal(out[n], '!'); /* no zero, nothing behind */
	assert_int_equal(kernel_loads(out, (size_t)n, master, &key), 0);
	assert_string_equal(key.format, format);
	assert_string_equal(key.master_desc, desc);
	assert_int_equal(key.len, len);
	assert_memory_equal(key.data, data, len);
	/* The end of the last block is zero, as the kernel pads. */
	assert_memory_equal(key.data + len, none, (16 - len % 16) % 16);
	/* Of another master it would know nothing. */
	master[0] ^= 1;
	assert_int_equal(kernel_loads(out, (size_t)n, master, &key), -EINVAL);
}

static void the_kernel_loads_what_was_given(void **state)
{
	char longest[64];
	size_t n;

	(void)state;
	memset(longest, 'm', 63);
	memcpy(longest, "user:", 5);
	longest[63] = '\0';
	for (n = 1; n <= TKM_DATA_MAX; n++) {
		kernel_takes(TKM_CONSUMER_ENCRYPTED, "default", "user:m", n);
		kernel_takes(TKM_CONSUMER_ENCRYPTED, "default", longest, n);
	}
	kernel_takes(TKM_CONSUMER_ECRYPTFS, "ecryptfs", "user:tkm-1234", 64);
	kernel_takes(TKM_CONSUMER_ECRYPTFS, "ecryptfs", longest, 64);
	kernel_takes(TKM_CONSUMER_ECRYPTFS, "ecryptfs", longest, TKM_DATA_MAX);
}

static void the_text_fits_or_is_not_written(void **state)
{
	char whole[TKM_ENCRYPTED_TEXT], longest[64];
	char *out;
	u8 data[128];
	ssize_t n;
	size_t size;

	(void)state;
	scramble(data, sizeof(data), 1);
	memset(longest, 'm', 63);
	longest[63] = '\0';
	n = text_of(TKM_CONSUMER_ECRYPTFS, longest, data, 128, whole,
		    sizeof(whole));
	assert_true(n > 0 && n <= TKM_ENCRYPTED_TEXT);
	for (size = 0; size <= (size_t)n; size++) {
		out = exact(whole, size);
		memset(out, 0, size);
		assert_int_equal(text_of(TKM_CONSUMER_ECRYPTFS, longest, data,
					 128, out, size),
				 size < (size_t)n ? -EMSGSIZE : n);
		if (size == (size_t)n)
			assert_memory_equal(out, whole, size);
		exact_free(out);
	}
}

static void other_consumers_and_sizes_have_no_text(void **state)
{
	char out[TKM_ENCRYPTED_TEXT], desc[65];
	u8 data[300] = { 0 };
	size_t i;

	(void)state;
	memset(desc, 'm', 64);
	desc[64] = '\0';
	for (i = 0; i < ARRAY_SIZE(consumers); i++) {
		if (!consumers[i].format)
			assert_int_equal(text_of(consumers[i].consumer,
						 "user:m", data, 64, out,
						 sizeof(out)), -EINVAL);
		assert_int_equal(text_of(consumers[i].consumer, "user:m", data,
					 TKM_DATA_MAX + 1, out, sizeof(out)),
				 -EINVAL);
		assert_int_equal(text_of(consumers[i].consumer, desc, data, 64,
					 out, sizeof(out)), -EINVAL);
	}
	assert_int_equal(tkm_encrypted_text(TKM_CONSUMER_ENCRYPTED, "user:m",
					    data, data, data, SIZE_MAX, out,
					    sizeof(out)), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(consumers_have_their_types_and_sizes),
		cmocka_unit_test(consumers_are_found_by_type_and_format),
		cmocka_unit_test(descriptions_are_printable_for_all),
		cmocka_unit_test(descriptions_are_as_long_as_they_may_be),
		cmocka_unit_test(logon_descriptions_have_a_prefix),
		cmocka_unit_test(ecryptfs_descriptions_are_signatures),
		cmocka_unit_test(derivation_is_hkdf_of_the_label),
		cmocka_unit_test(labels_give_different_keys),
		cmocka_unit_test(the_kernel_loads_what_was_given),
		cmocka_unit_test(the_text_fits_or_is_not_written),
		cmocka_unit_test(other_consumers_and_sizes_have_no_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
