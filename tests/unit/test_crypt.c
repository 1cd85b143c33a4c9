// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * What TPM sessions compute, and what is made of a data key, against
 * tests/data/crypt.vec, published vectors and OpenSSL.
 */
#include "openssl.h"

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

/* ---- what is made of a data key ---------------------------------------- */

/* RFC 5869, A.3, the one example with SHA-256 and no salt. */
static void hkdf_of_the_rfcs_example(void **state)
{
	struct bytes ikm = bytes_of_hex("0b0b0b0b0b0b0b0b0b0b0b"
					"0b0b0b0b0b0b0b0b0b0b0b");
	struct bytes okm = bytes_of_hex(
		"8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
		"9d201395faa4b61a96c8");
	u8 out[42];

	(void)state;
	tkm_hkdf(ikm.p, ikm.len, NULL, 0, out, sizeof(out));
	assert_bytes(okm, out, sizeof(out));
	exact_free(ikm.p);
	exact_free(okm.p);
}

static void hkdf_gives_openssls_bytes(void **state)
{
	static const size_t keys[] = { 1, 16, 32, 63, 64, 65, 128 };
	static const size_t infos[] = { 0, 1, 40, 200 };
	static const size_t outs[] = { 1, 16, 31, 32, 33, 64, 128, 8160 };
	u8 ikm[128], info[200], want[8160];
	struct bytes key, text, out;
	struct tkm_piece p;
	size_t i, j, k;

	(void)state;
	scramble(ikm, sizeof(ikm), 1);
	scramble(info, sizeof(info), 2);
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		for (j = 0; j < ARRAY_SIZE(infos); j++) {
			for (k = 0; k < ARRAY_SIZE(outs); k++) {
				key = bytes_of(ikm, keys[i]);
				text = bytes_of(info, infos[j]);
				out = bytes_of(want, outs[k]);
				p = piece(text);
				tkm_hkdf(key.p, key.len, &p, 1, out.p, out.len);
				openssl_hkdf(ikm, keys[i], info, infos[j],
					     want, outs[k]);
				assert_bytes(out, want, outs[k]);
				exact_free(key.p);
				exact_free(text.p);
				exact_free(out.p);
			}
		}
	}
}

static void hkdf_takes_its_info_in_pieces(void **state)
{
	const struct tkm_piece split[TKM_HKDF_PIECES] = {
		{ "tkm ", 4 }, { NULL, 0 }, { "label", 5 },
	};
	u8 ikm[32], out[80], want[80];

	(void)state;
	scramble(ikm, sizeof(ikm), 3);
	tkm_hkdf(ikm, 32, split, ARRAY_SIZE(split), out, sizeof(out));
	openssl_hkdf(ikm, 32, "tkm label", 9, want, sizeof(want));
	assert_memory_equal(out, want, sizeof(want));
	tkm_hkdf(ikm, 32, NULL, 0, out, 0); /* nothing asked, nothing written */
	assert_memory_equal(out, want, sizeof(want));
}

/* AES-256-GCM by OpenSSL: ciphertext and tag. */
static void gcm(const u8 key[32], const u8 nonce[12], const char *aad,
		const char *text, u8 *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = (int)strlen(text), len;

	assert_true(EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key,
				       nonce));
	assert_true(EVP_EncryptUpdate(ctx, NULL, &len, (const u8 *)aad,
				      (int)strlen(aad)));
	assert_true(EVP_EncryptUpdate(ctx, out, &len, (const u8 *)text, n));
	assert_int_equal(len, n);
	assert_true(EVP_EncryptFinal_ex(ctx, out + n, &len));
	assert_true(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16,
					out + n));
	EVP_CIPHER_CTX_free(ctx);
}

/* Those two that the specification gives (C2SP, XAES-256-GCM). */
static void xaes_of_the_specifications_examples(void **state)
{
	static const struct {
		u8 key;
		const char *aad;
		const char *result;
	} cases[] = {
		{ 1, "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e"
			 "2271" },
		{ 3, "c2sp.org/XAES-256-GCM",
		  "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d" },
	};
	static const u8 nonce[] = "ABCDEFGHIJKLMNOPQRSTUVWX";
	u8 key[32], derived[32], out[12 + 16];
	struct bytes half, want;
	size_t i;

	(void)state;
	assert_int_equal(sizeof(nonce) - 1, TKM_XAES_NONCE);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(key, cases[i].key, sizeof(key));
		half = bytes_of(nonce, 12);
		assert_int_equal(tkm_xaes_key(key, half.p, derived), 0);
		gcm(derived, nonce + 12, cases[i].aad, "XAES-256-GCM", out);
		want = bytes_of_hex(cases[i].result);
		assert_bytes(want, out, sizeof(out));
		exact_free(half.p);
		exact_free(want.p);
	}
}

static void openssl_cmac(const u8 key[32], const u8 *p, size_t n, u8 out[16])
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "CMAC", NULL);
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
	char cipher[] = "AES-256-CBC";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 11),
		OSSL_PARAM_END,
	};
	size_t len;

	assert_true(EVP_MAC_init(ctx, key, 32, params));
	assert_true(EVP_MAC_update(ctx, p, n));
	assert_true(EVP_MAC_final(ctx, out, &len, 16));
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
}

/*
 * SP 800-108 in counter mode: two CMACs of counter, label, zero, context. Of
 * so many keys about half have a subkey that is reduced when it is doubled.
 */
static void xaes_gives_openssls_cmac(void **state)
{
	u8 input[44], message[16] = { 0, 0, 'X', 0 }, out[32], want[32];
	u32 i;

	(void)state;
	for (i = 0; i < 500; i++) {
		scramble(input, sizeof(input), i);
		memcpy(message + 4, input + 32, 12);
		message[1] = 1;
		openssl_cmac(input, message, 16, want);
		message[1] = 2;
		openssl_cmac(input, message, 16, want + 16);
		assert_int_equal(tkm_xaes_key(input, input + 32, out), 0);
		assert_memory_equal(out, want, 32);
	}
}

static void cbc_gives_openssls_bytes(void **state)
{
	u8 input[48 + 160], want[160];
	EVP_CIPHER_CTX *ctx;
	struct bytes work;
	size_t n;
	int len;

	(void)state;
	for (n = 0; n <= 160; n += 16) {
		scramble(input, sizeof(input), (u32)n);
		work = bytes_of(input + 48, n);
		assert_int_equal(tkm_cbc_encrypt(input, input + 32, work.p, n),
				 0);
		ctx = EVP_CIPHER_CTX_new();
		assert_true(EVP_EncryptInit_ex(ctx, EVP_aes_256_cbc(), NULL,
					       input, input + 32));
		EVP_CIPHER_CTX_set_padding(ctx, 0);
		assert_true(EVP_EncryptUpdate(ctx, want, &len, input + 48,
					      (int)n));
		assert_int_equal(len, n);
		assert_bytes(work, want, n);
		EVP_CIPHER_CTX_free(ctx);
		exact_free(work.p);
	}
}

/* ---- hashes, MGF1, OAEP ------------------------------------------------- */

static void hashers_give_openssls_digests(void **state)
{
	u8 text[300], want[TKM_HASH_MAX], out[TKM_HASH_MAX];
	const struct tkm_piece pieces[] = {
		{ text, 7 }, { text, 0 }, { text + 7, sizeof(text) - 7 },
	};
	struct tkm_hasher hasher;
	size_t i;

	(void)state;
	scramble(text, sizeof(text), 4);
	for (i = 0; i < ARRAY_SIZE(test_hashes); i++) {
		hasher = hasher_of(test_hashes[i].alg);
		assert_int_equal(hasher.alg, test_hashes[i].alg);
		assert_int_equal(hasher.size, test_hashes[i].size);
		tkm_hash(&hasher, pieces, ARRAY_SIZE(pieces), out);
		assert_true(EVP_Digest(text, sizeof(text), want, NULL,
				       md_of(&test_hashes[i]), NULL));
		assert_memory_equal(out, want, hasher.size);
		tkm_hash(&hasher, NULL, 0, out);
		assert_true(EVP_Digest("", 0, want, NULL,
				       md_of(&test_hashes[i]), NULL));
		assert_memory_equal(out, want, hasher.size);
		tkm_hasher_close(&hasher);
		assert_null(hasher.impl);
		tkm_hasher_close(&hasher);
	}
}

static void other_hashers_are_refused(void **state)
{
	struct tkm_hasher hasher;
	u32 alg;

	(void)state;
	for (alg = 0; alg < 65536; alg++) {
		if (alg == TPM_ALG_SHA1 ||
		    (alg >= TPM_ALG_SHA256 && alg <= TPM_ALG_SHA512))
			continue;
		assert_int_equal(tkm_hasher_open(&hasher, (u16)alg), -EINVAL);
		tkm_hasher_close(&hasher);
	}
}

/* What the machine does not have is said; SHA-256 it always has. */
static void missing_hashes_are_unsupported(void **state)
{
	struct tkm_hasher hasher;

	(void)state;
	assert_true(EVP_set_default_properties(NULL, "provider=none"));
	assert_int_equal(tkm_hasher_open(&hasher, TPM_ALG_SHA384),
			 -EOPNOTSUPP);
	tkm_hasher_close(&hasher);
	assert_int_equal(tkm_hasher_open(&hasher, TPM_ALG_SHA256), 0);
	tkm_hasher_close(&hasher);
	assert_true(EVP_set_default_properties(NULL, ""));
}

static void mgf1_gives_openssls_mask(void **state)
{
	u8 seed[70], data[400], mask[400];
	struct tkm_hasher hasher;
	struct bytes from, work;
	size_t i, n, j;

	(void)state;
	scramble(seed, sizeof(seed), 5);
	scramble(data, sizeof(data), 6);
	for (i = 0; i < ARRAY_SIZE(test_hashes); i++) {
		hasher = hasher_of(test_hashes[i].alg);
		for (n = 0; n < sizeof(data); n += n < 140 ? 1 : 37) {
			from = bytes_of(seed, n % sizeof(seed));
			work = bytes_of(data, n);
			tkm_mgf1_xor(&hasher, from.p, from.len, work.p, n);
			assert_int_equal(PKCS1_MGF1(mask, (long)n, seed,
						    (long)from.len,
						    md_of(&test_hashes[i])),
					 0);
			for (j = 0; j < n; j++)
				mask[j] ^= data[j];
			assert_bytes(work, mask, n);
			exact_free(from.p);
			exact_free(work.p);
		}
		tkm_hasher_close(&hasher);
	}
}

static void oaep_vectors(void **state)
{
	struct tkm_hasher hasher = hasher_of(TPM_ALG_SHA256);
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
		assert_int_equal(tkm_oaep_pad(&hasher, msg.p, msg.len, label.p,
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
static void undone_at_every_length(const struct test_hash *hash, size_t size)
{
	static const unsigned char label[] = "SECRET";
	struct tkm_hasher hasher = hasher_of(hash->alg);
	const EVP_MD *md = md_of(hash);
	u8 random[TKM_HASH_MAX], back[400];
	struct bytes msg, seed, out;
	size_t n;
	int len;

	scramble(random, sizeof(random), 7);
	for (n = 0; n <= size - 2 * hash->size - 2; n += n < 20 ? 1 : 9) {
		memset(back, (int)n, sizeof(back));
		msg = bytes_of(back, n);
		seed = bytes_of(random, hash->size);
		out = bytes_of(back, size);
		assert_int_equal(tkm_oaep_pad(&hasher, msg.p, n, label,
					      sizeof(label), seed.p, out.p,
					      size), 0);
		assert_int_equal(out.p[0], 0);
		len = RSA_padding_check_PKCS1_OAEP_mgf1(
			back, sizeof(back), out.p, (int)size, (int)size, label,
			sizeof(label), md, md);
		assert_int_equal(len, n);
		assert_bytes(msg, back, n);
		len = RSA_padding_check_PKCS1_OAEP_mgf1(
			back, sizeof(back), out.p, (int)size, (int)size, label,
			sizeof(label) - 1, md, md);
		assert_true(len < 0);
		exact_free(msg.p);
		exact_free(seed.p);
		exact_free(out.p);
	}
	tkm_hasher_close(&hasher);
}

static void openssl_undoes_oaep_at_every_length(void **state)
{
	static const size_t sizes[] = { 130, 192, 256, 384 };
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(test_hashes); i++)
		for (j = 0; j < ARRAY_SIZE(sizes); j++)
			undone_at_every_length(&test_hashes[i], sizes[j]);
}

/* With a key, as whoever has it decrypts; the public half is bare here. */
static void openssl_decrypts(EVP_PKEY *key, const struct test_hash *hash,
			     const char *label)
{
	struct tkm_hasher hasher = hasher_of(hash->alg);
	size_t size = (size_t)EVP_PKEY_get_size(key);
	size_t n = size - 2 * hash->size - 2, len = size;
	u8 msg[384], seed[TKM_HASH_MAX], block[384], back[384];
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);

	scramble(msg, sizeof(msg), 8);
	scramble(seed, sizeof(seed), 9);
	assert_int_equal(tkm_oaep_pad(&hasher, msg, n, label, strlen(label),
				      seed, block, size), 0);
	rsa_public(key, block, block);
	assert_int_equal(EVP_PKEY_decrypt_init(ctx), 1);
	assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx,
						 RSA_PKCS1_OAEP_PADDING) > 0);
	assert_true(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md_of(hash)) > 0);
	if (*label)
		assert_true(EVP_PKEY_CTX_set0_rsa_oaep_label(
				    ctx, OPENSSL_strdup(label),
				    (int)strlen(label)) > 0);
	assert_int_equal(EVP_PKEY_decrypt(ctx, back, &len, block, size), 1);
	assert_int_equal(len, n);
	assert_memory_equal(back, msg, n);
	EVP_PKEY_CTX_free(ctx);
	tkm_hasher_close(&hasher);
}

static void openssl_decrypts_oaep(void **state)
{
	static const unsigned int bits[] = { 1536, 2048, 3072 };
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(test_hashes); i++) {
		for (j = 0; j < ARRAY_SIZE(bits); j++) {
			openssl_decrypts(rsa_key(bits[j]), &test_hashes[i], "");
			openssl_decrypts(rsa_key(bits[j]), &test_hashes[i],
					 "label");
		}
	}
}

static void oaep_refuses_what_does_not_fit(void **state)
{
	u8 seed[TKM_HASH_MAX] = { 0 }, msg[256] = { 0 }, out[256];
	struct tkm_hasher h;
	size_t i, n, over;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(test_hashes); i++) {
		h = hasher_of(test_hashes[i].alg);
		over = 2 * h.size + 2;
		assert_int_equal(tkm_oaep_pad(&h, msg, 256 - over, "", 1, seed,
					      out, 256), 0);
		assert_int_equal(tkm_oaep_pad(&h, msg, 257 - over, "", 1, seed,
					      out, 256), -EINVAL);
		assert_int_equal(tkm_oaep_pad(&h, msg, SIZE_MAX, "", 1, seed,
					      out, 256), -EINVAL);
		assert_int_equal(tkm_oaep_pad(&h, msg, 0, "", 1, seed, out,
					      over), 0);
		for (n = 0; n < over; n++) {
			u8 *small = exact(out, n);

			assert_int_equal(tkm_oaep_pad(&h, msg, 0, "", 1, seed,
						      small, n), -EINVAL);
			exact_free(small);
		}
		tkm_hasher_close(&h);
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
		cmocka_unit_test(hkdf_of_the_rfcs_example),
		cmocka_unit_test(hkdf_gives_openssls_bytes),
		cmocka_unit_test(hkdf_takes_its_info_in_pieces),
		cmocka_unit_test(xaes_of_the_specifications_examples),
		cmocka_unit_test(xaes_gives_openssls_cmac),
		cmocka_unit_test(cbc_gives_openssls_bytes),
		cmocka_unit_test(hashers_give_openssls_digests),
		cmocka_unit_test(other_hashers_are_refused),
		cmocka_unit_test(missing_hashes_are_unsupported),
		cmocka_unit_test(mgf1_gives_openssls_mask),
		cmocka_unit_test(oaep_vectors),
		cmocka_unit_test(openssl_undoes_oaep_at_every_length),
		cmocka_unit_test(openssl_decrypts_oaep),
		cmocka_unit_test(oaep_refuses_what_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
