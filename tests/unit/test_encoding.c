// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * Signatures, ciphertexts and public keys as the world writes them: what
 * OpenSSL makes is understood, what is made here OpenSSL makes too.
 */
#include "openssl.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/x509.h>

/* ---- names -------------------------------------------------------------- */

static void hashes_have_their_names_and_sizes(void **state)
{
	const struct test_hash *hash;
	u32 alg;
	size_t i;

	(void)state;
	for (alg = 0; alg < 65536; alg++) {
		hash = NULL;
		for (i = 0; i < ARRAY_SIZE(test_hashes); i++)
			if (test_hashes[i].alg == alg)
				hash = &test_hashes[i];
		assert_int_equal(tkm_hash_size((u16)alg),
				 hash ? hash->size : 0);
		if (hash)
			assert_string_equal(tkm_hash_name((u16)alg),
					    hash->name);
		else
			assert_null(tkm_hash_name((u16)alg));
	}
}

static int parse(const char *enc, const char *hash, struct tkm_encoding *e)
{
	char *enc_copy = exact(enc, strlen(enc) + 1);
	char *hash_copy = hash ? exact(hash, strlen(hash) + 1) : NULL;
	int ret = tkm_encoding_parse(enc_copy, hash_copy, e);

	if (!ret && e->aad) {
		assert_ptr_equal(e->aad, enc_copy + 8);
		assert_int_equal(e->aad_len * 2, strlen(e->aad));
		e->aad = enc + 8;
	}
	exact_free(enc_copy);
	if (hash_copy)
		exact_free(hash_copy);
	return ret;
}

static const struct {
	const char *name;
	enum tkm_enc enc;
} encs[] = {
	{ "raw", TKM_ENC_RAW }, { "pkcs1", TKM_ENC_PKCS1 },
	{ "oaep", TKM_ENC_OAEP }, { "pss", TKM_ENC_PSS },
	{ "x962", TKM_ENC_X962 }, { "ecdh", TKM_ENC_ECDH },
	{ "gcm", TKM_ENC_GCM }, { "spki", TKM_ENC_SPKI },
};

static void encodings_are_known_with_every_hash(void **state)
{
	struct tkm_encoding e;
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(encs); i++) {
		memset(&e, 0xa5, sizeof(e));
		assert_int_equal(parse(encs[i].name, NULL, &e), 0);
		assert_int_equal(e.enc, encs[i].enc);
		assert_int_equal(e.hash, 0);
		assert_null(e.aad);
		assert_int_equal(e.aad_len, 0);
		for (j = 0; j < ARRAY_SIZE(test_hashes); j++) {
			assert_int_equal(parse(encs[i].name,
					       test_hashes[j].name, &e), 0);
			assert_int_equal(e.enc, encs[i].enc);
			assert_int_equal(e.hash, test_hashes[j].alg);
		}
	}
}

static void other_names_are_refused(void **state)
{
	static const char *const bad_encs[] = {
		"", "r", "raww", "Raw", "RAW", "raw ", " raw", "pkcs", "pkcs1;",
		"pkcs11", "oaep;aad=00", "pss;aad=", "raw;", "gcm;", "gcm;a",
		"gcm;aad", "gcm;aad=", "gcm;aad=0", "gcm;aad=000",
		"gcm;aad=0g", "gcm;aad=g0", "gcm;aad=0x00", "gcm;aad= 00",
		"gcm;aad=00 ", "gcm;aad=00;aad=00", "gcm;AAD=00",
		"gcm; aad=00", "gcm;;aad=00", "gcm;bad=00", "gcm;aad=0/",
		"gcm;aad=0:", "gcm;aad=0@", "gcm;aad=0G", "gcm;aad=0`",
		"gcm;aad=\xc3\xa9", "gcmaad=00", ";", ";aad=00", "spki;aad=00",
	};
	static const char *const bad_hashes[] = {
		"", "sha", "sha2", "sha-256", "SHA256", "sha256 ", "sha2566",
		"sha224", "md5", "sha512-256", "sha3-256", "none",
	};
	struct tkm_encoding e;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad_encs); i++)
		if (parse(bad_encs[i], NULL, &e) != -EINVAL)
			fail_msg("enc=%s was taken", bad_encs[i]);
	for (i = 0; i < ARRAY_SIZE(bad_hashes); i++)
		if (parse("raw", bad_hashes[i], &e) != -EINVAL)
			fail_msg("hash=%s was taken", bad_hashes[i]);
}

static void associated_data_is_found_in_place(void **state)
{
	struct tkm_encoding e;
	char text[300];
	size_t n;

	(void)state;
	memcpy(text, "gcm;aad=", 8);
	for (n = 1; n <= 140; n++) {
		memset(text + 8, "0123456789abcdefABCDEF"[n % 22], 2 * n);
		text[8 + 2 * n] = '\0';
		assert_int_equal(parse(text, "sha256", &e), 0);
		assert_int_equal(e.enc, TKM_ENC_GCM);
		assert_ptr_equal(e.aad, text + 8);
		assert_int_equal(e.aad_len, n);
	}
}

/* One letter of a name is another: no name, or another that is known. */
static void no_letter_of_a_name_may_differ(void **state)
{
	struct tkm_encoding e;
	size_t i, at;
	char text[20];
	int c;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(encs); i++) {
		for (at = 0; at < strlen(encs[i].name); at++) {
			strcpy(text, encs[i].name);
			for (c = 1; c < 256; c++) {
				text[at] = (char)c;
				assert_int_equal(
					parse(text, NULL, &e),
					strcmp(text, encs[i].name) ? -EINVAL :
								     0);
			}
		}
	}
}

/* ---- PKCS #1, version 1.5 ----------------------------------------------- */

/* What OpenSSL signs, as the block in it. */
static void block_signed(EVP_PKEY *key, const struct test_hash *hash,
			 int padding, int salt, const u8 *digest, u8 *block)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	size_t n = (size_t)EVP_PKEY_get_size(key);
	u8 sig[384];

	assert_true(n <= sizeof(sig));
	assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
	assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx, padding) > 0);
	assert_true(EVP_PKEY_CTX_set_signature_md(ctx, md_of(hash)) > 0);
	if (padding == RSA_PKCS1_PSS_PADDING)
		assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, salt) > 0);
	assert_int_equal(EVP_PKEY_sign(ctx, sig, &n, digest, hash->size), 1);
	EVP_PKEY_CTX_free(ctx);
	rsa_public(key, sig, block);
}

static void pkcs1_blocks_are_what_openssl_signs(void **state)
{
	static const unsigned int bits[] = { 1024, 2048, 3072 };
	u8 random[TKM_HASH_MAX], want[384];
	struct bytes digest, out;
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(test_hashes); i++) {
		for (j = 0; j < ARRAY_SIZE(bits); j++) {
			scramble(random, sizeof(random), (u32)(i * 9 + j));
			digest = bytes_of(random, test_hashes[i].size);
			out = bytes_of(want, bits[j] / 8);
			block_signed(rsa_key(bits[j]), &test_hashes[i],
				     RSA_PKCS1_PADDING, 0, digest.p, want);
			assert_int_equal(tkm_pkcs1_signed(test_hashes[i].alg,
							  digest.p, out.p,
							  out.len), 0);
			assert_bytes(out, want, bits[j] / 8);
			exact_free(digest.p);
			exact_free(out.p);
		}
	}
}

/* Eight bytes of ff at least (RFC 8017, 9.2). */
static void pkcs1_blocks_have_a_least_size(void **state)
{
	u8 digest[TKM_HASH_MAX] = { 0 }, raw[256] = { 0 };
	size_t i, n, least;
	struct bytes out;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(test_hashes); i++) {
		least = 11 + test_hashes[i].size +
			(test_hashes[i].alg == TPM_ALG_SHA1 ? 15 : 19);
		for (n = 0; n < least + 3; n++) {
			out = bytes_of(raw, n);
			assert_int_equal(tkm_pkcs1_signed(test_hashes[i].alg,
							  digest, out.p, n),
					 n < least ? -EINVAL : 0);
			exact_free(out.p);
		}
	}
	assert_int_equal(tkm_pkcs1_signed(0, digest, raw, 256), -EINVAL);
	assert_int_equal(tkm_pkcs1_signed(TPM_ALG_NULL, digest, raw, 256),
			 -EINVAL);
	assert_int_equal(tkm_pkcs1_signed(0x12, digest, raw, 256), -EINVAL);
}

static u8 *nonzero_bytes(size_t n, u32 number)
{
	u8 raw[400], *out;
	size_t i;

	scramble(raw, n, number);
	for (i = 0; i < n; i++)
		raw[i] |= (u8)(1 << i % 8);
	out = exact(raw, n);
	return out;
}

static void openssl_undoes_pkcs1_at_every_length(void **state)
{
	static const size_t sizes[] = { 11, 12, 64, 256, 384 };
	u8 raw[400], back[400], *random;
	struct bytes msg, out;
	size_t i, n, size;
	int len;

	(void)state;
	scramble(raw, sizeof(raw), 11);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size = sizes[i];
		for (n = 0; n <= size - 11; n++) {
			msg = bytes_of(raw, n);
			out = bytes_of(raw, size);
			random = nonzero_bytes(size - n - 3, (u32)n);
			assert_int_equal(tkm_pkcs1_pad(msg.p, n, random, out.p,
						       size), 0);
			assert_int_equal(out.p[0], 0);
			assert_memory_equal(out.p + 2, random, size - n - 3);
			/* It wants the block without the zero in front. */
			len = RSA_padding_check_PKCS1_type_2(
				back, sizeof(back), out.p + 1, (int)size - 1,
				(int)size);
			assert_int_equal(len, n);
			assert_bytes(msg, back, n);
			exact_free(msg.p);
			exact_free(out.p);
			exact_free(random);
		}
	}
}

static void openssl_decrypts_pkcs1(void **state)
{
	static const unsigned int bits[] = { 1024, 2048, 3072 };
	u8 block[384], back[384], *random;
	EVP_PKEY_CTX *ctx;
	size_t i, n, len;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bits); i++) {
		n = bits[i] / 8;
		random = nonzero_bytes(n - 3 - 7, (u32)i);
		assert_int_equal(tkm_pkcs1_pad((const u8 *)"message", 7,
					       random, block, n), 0);
		rsa_public(rsa_key(bits[i]), block, block);
		ctx = EVP_PKEY_CTX_new(rsa_key(bits[i]), NULL);
		assert_int_equal(EVP_PKEY_decrypt_init(ctx), 1);
		assert_true(EVP_PKEY_CTX_set_rsa_padding(
				    ctx, RSA_PKCS1_PADDING) > 0);
		len = sizeof(back);
		assert_int_equal(EVP_PKEY_decrypt(ctx, back, &len, block, n),
				 1);
		assert_int_equal(len, 7);
		assert_memory_equal(back, "message", 7);
		EVP_PKEY_CTX_free(ctx);
		exact_free(random);
	}
}

static void pkcs1_refuses_what_does_not_fit(void **state)
{
	u8 msg[256] = { 0 }, raw[256] = { 0 }, *random;
	struct bytes out;
	size_t n;

	(void)state;
	random = nonzero_bytes(256, 1);
	for (n = 0; n < 11; n++) {
		out = bytes_of(raw, n);
		assert_int_equal(tkm_pkcs1_pad(msg, 0, random, out.p, n),
				 -EINVAL);
		exact_free(out.p);
	}
	assert_int_equal(tkm_pkcs1_pad(msg, 245, random, raw, 256), 0);
	assert_int_equal(tkm_pkcs1_pad(msg, 246, random, raw, 256), -EINVAL);
	assert_int_equal(tkm_pkcs1_pad(msg, 256, random, raw, 256), -EINVAL);
	assert_int_equal(tkm_pkcs1_pad(msg, SIZE_MAX, random, raw, 256),
			 -EINVAL);
	exact_free(random);
}

static void pkcs1_refuses_a_zero_that_is_not_random(void **state)
{
	u8 raw[64], *random = nonzero_bytes(64 - 3 - 10, 2), kept;
	size_t at;

	(void)state;
	for (at = 0; at < 64 - 3 - 10; at++) {
		kept = random[at];
		random[at] = 0;
		assert_int_equal(tkm_pkcs1_pad((const u8 *)"\0\0message\0",
					       10, random, raw, 64), -EINVAL);
		random[at] = kept;
	}
	assert_int_equal(tkm_pkcs1_pad((const u8 *)"\0\0message\0", 10, random,
				       raw, 64), 0);
	exact_free(random);
}

/* ---- PSS ---------------------------------------------------------------- */

/* With copies of the exact sizes; @em stays. */
static int pss(const struct tkm_hasher *hasher, const u8 *digest, const u8 *em,
	       size_t n)
{
	struct bytes d = bytes_of(digest, hasher->size), e = bytes_of(em, n);
	int ret = tkm_pss_verify(hasher, d.p, e.p, n);

	exact_free(d.p);
	exact_free(e.p);
	return ret;
}

static void one_block(const struct test_hash *hash, EVP_PKEY *key, int salt,
		      bool flips)
{
	size_t n = (size_t)EVP_PKEY_get_size(key), bit, i;
	struct tkm_hasher hasher = hasher_of(hash->alg), other;
	u8 digest[TKM_HASH_MAX], em[384];

	scramble(digest, sizeof(digest), (u32)n);
	block_signed(key, hash, RSA_PKCS1_PSS_PADDING, salt, digest, em);
	assert_int_equal(pss(&hasher, digest, em, n), 0);
	for (bit = 0; flips && bit < 8 * n; bit++) {
		em[bit / 8] ^= (u8)(1 << bit % 8);
		assert_int_equal(pss(&hasher, digest, em, n), -EBADMSG);
		em[bit / 8] ^= (u8)(1 << bit % 8);
	}
	for (bit = 0; bit < 8 * hash->size; bit++) {
		digest[bit / 8] ^= (u8)(1 << bit % 8);
		assert_int_equal(pss(&hasher, digest, em, n), -EBADMSG);
		digest[bit / 8] ^= (u8)(1 << bit % 8);
	}
	for (i = 0; flips && i < n; i++) {
		assert_int_equal(pss(&hasher, digest, em, i), -EBADMSG);
		assert_int_equal(pss(&hasher, digest, em + n - i, i),
				 -EBADMSG);
	}
	for (i = 0; i < ARRAY_SIZE(test_hashes); i++) {
		if (test_hashes[i].alg == hash->alg)
			continue;
		other = hasher_of(test_hashes[i].alg);
		assert_int_equal(pss(&other, digest, em, n), -EBADMSG);
		tkm_hasher_close(&other);
	}
	tkm_hasher_close(&hasher);
}

static void openssls_pss_is_taken_and_no_other_bit(void **state)
{
	static const int salts[] = { 0, RSA_PSS_SALTLEN_DIGEST,
				     RSA_PSS_SALTLEN_MAX, 1, 33 };
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(test_hashes); i++) {
		for (j = 0; j < ARRAY_SIZE(salts); j++) {
			one_block(&test_hashes[i], rsa_key(2048), salts[j],
				  j < 3);
			one_block(&test_hashes[i], rsa_key(3072), salts[j],
				  false);
		}
	}
	one_block(&test_hashes[1], rsa_key(1024), RSA_PSS_SALTLEN_MAX, true);
	one_block(&test_hashes[3], rsa_key(1024), RSA_PSS_SALTLEN_MAX, true);
}

/* A block around any db, with the hash that would be right for its salt. */
static void pss_block(const struct test_hash *hash, const u8 *digest,
		      const u8 *db, size_t salt_at, u8 *em, size_t n)
{
	static const u8 zeros[8];
	size_t db_len = n - hash->size - 1, i;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	u8 *h = em + db_len;

	assert_true(EVP_DigestInit_ex(ctx, md_of(hash), NULL));
	assert_true(EVP_DigestUpdate(ctx, zeros, 8));
	assert_true(EVP_DigestUpdate(ctx, digest, hash->size));
	assert_true(EVP_DigestUpdate(ctx, db + salt_at, db_len - salt_at));
	assert_true(EVP_DigestFinal_ex(ctx, h, NULL));
	EVP_MD_CTX_free(ctx);
	assert_int_equal(PKCS1_MGF1(em, (long)db_len, h, hash->size,
				    md_of(hash)), 0);
	for (i = 0; i < db_len; i++)
		em[i] ^= db[i];
	em[0] &= 0x7f;
	em[n - 1] = 0xbc;
}

/* Every length of salt that has room, in blocks as short as they can be. */
static void pss_takes_every_length_of_salt(void **state)
{
	u8 digest[TKM_HASH_MAX], db[256], em[256];
	struct tkm_hasher hasher;
	size_t i, n, at, db_len;

	(void)state;
	scramble(digest, sizeof(digest), 12);
	for (i = 0; i < ARRAY_SIZE(test_hashes); i++) {
		hasher = hasher_of(test_hashes[i].alg);
		for (n = hasher.size + 2; n <= sizeof(em); n += 1 + n / 16) {
			db_len = n - hasher.size - 1;
			for (at = 0; at < db_len; at++) {
				scramble(db, db_len, (u32)at);
				memset(db, 0, at);
				db[at] = 1;
				pss_block(&test_hashes[i], digest, db, at + 1,
					  em, n);
				assert_int_equal(pss(&hasher, digest, em, n),
						 0);
			}
		}
		tkm_hasher_close(&hasher);
	}
}

/* Right hashes over padding that is not "zeros, then a one". */
static void pss_refuses_other_padding(void **state)
{
	const struct test_hash *hash = &test_hashes[1];
	struct tkm_hasher hasher = hasher_of(hash->alg);
	u8 digest[32], db[128 - 33], em[128];
	int c;

	(void)state;
	scramble(digest, sizeof(digest), 13);
	for (c = 0; c < 256; c++) {
		memset(db, 0, sizeof(db));
		db[40] = (u8)c;
		memset(db + 41, 0x55, sizeof(db) - 41);
		pss_block(hash, digest, db, 41, em, sizeof(em));
		assert_int_equal(pss(&hasher, digest, em, sizeof(em)),
				 c == 1 ? 0 : -EBADMSG);
		em[sizeof(em) - 1] = (u8)c;
		assert_int_equal(pss(&hasher, digest, em, sizeof(em)),
				 -EBADMSG);
	}
	/* Zeros to the end: no salt, and no one before it either. */
	memset(db, 0, sizeof(db));
	pss_block(hash, digest, db, sizeof(db), em, sizeof(em));
	assert_int_equal(pss(&hasher, digest, em, sizeof(em)), -EBADMSG);
	/* A trailer alone, where there is no room for a hash. */
	assert_int_equal(pss(&hasher, digest, (const u8 *)"\xbc", 1),
			 -EBADMSG);
	assert_int_equal(pss(&hasher, digest, em, 0), -EBADMSG);
	tkm_hasher_close(&hasher);
}

/* ---- X9.62 -------------------------------------------------------------- */

/* OpenSSL's DER of the two numbers. */
static struct bytes openssl_signature(const u8 *r, const u8 *s, size_t n)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	struct bytes out;
	u8 *der = NULL;
	int len;

	assert_true(ECDSA_SIG_set0(sig, BN_bin2bn(r, (int)n, NULL),
				   BN_bin2bn(s, (int)n, NULL)));
	len = i2d_ECDSA_SIG(sig, &der);
	assert_true(len > 0);
	out = bytes_of(der, (size_t)len);
	OPENSSL_free(der);
	ECDSA_SIG_free(sig);
	return out;
}

/* There and back, as OpenSSL does it, into buffers of every size. */
static void round_trip(const u8 *r, const u8 *s, size_t n)
{
	struct bytes want = openssl_signature(r, s, n), r1, s1, out;
	struct bytes r0 = bytes_of(r, n), s0 = bytes_of(s, n);
	u8 longer[TKM_X962_MAX + 60] = { 0 };
	size_t size;

	for (size = 0; size <= want.len; size++) {
		out = bytes_of(longer, size);
		assert_int_equal(tkm_x962_encode(r0.p, s0.p, n, out.p, size),
				 size < want.len ? -EMSGSIZE :
						   (ssize_t)want.len);
		if (size == want.len)
			assert_bytes(want, out.p, size);
		exact_free(out.p);
	}
	memset(r0.p, 0xee, n);
	memset(s0.p, 0xee, n);
	assert_int_equal(tkm_x962_decode(want.p, want.len, r0.p, s0.p, n), 0);
	assert_bytes(r0, r, n);
	assert_bytes(s0, s, n);
	/* What follows is not looked at, whatever it is. */
	memcpy(longer, want.p, want.len);
	memset(longer + want.len, 0x30, sizeof(longer) - want.len);
	r1 = bytes_of(longer, n);
	s1 = bytes_of(longer, n);
	assert_int_equal(tkm_x962_decode(longer, sizeof(longer), r1.p, s1.p,
					 n), 0);
	assert_bytes(r1, r, n);
	assert_bytes(s1, s, n);
	/* One byte less of either number, unless that one is zero. */
	assert_int_equal(tkm_x962_decode(want.p, want.len, r1.p, s1.p, n - 1),
			 r[0] || s[0] ? -EBADMSG : 0);
	exact_free(want.p);
	exact_free(r0.p);
	exact_free(s0.p);
	exact_free(r1.p);
	exact_free(s1.p);
}

/* A number with @zeros bytes of zero in front, then @first. */
static void shape(u8 *out, size_t n, size_t zeros, u8 first, u32 number)
{
	scramble(out, n, number);
	memset(out, 0, zeros);
	if (zeros < n)
		out[zeros] = first;
}

static void x962_is_openssls_of_every_shape(void **state)
{
	/* The last is no curve of ours: lengths that take two bytes. */
	static const size_t sizes[] = { 32, 48, 66 };
	static const u8 firsts[] = { 0x01, 0x7f, 0x80, 0xff };
	size_t i, zeros, a, b, n;
	u8 r[66], s[66];

	(void)state;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		n = sizes[i];
		for (zeros = 0; zeros <= n; zeros++) {
			for (a = 0; a < ARRAY_SIZE(firsts); a++) {
				b = (zeros + a) % ARRAY_SIZE(firsts);
				shape(r, n, zeros, firsts[a], (u32)zeros);
				shape(s, n, 0, firsts[b], (u32)a);
				round_trip(r, s, n);
				round_trip(s, r, n);
				round_trip(r, r, n);
			}
		}
	}
}

/* One long INTEGER and a short one: lengths 0x80 and above on both levels. */
static void x962_reads_long_lengths(void **state)
{
	u8 r[130], s[130] = { 0 };

	(void)state;
	s[129] = 5;
	shape(r, 130, 0, 0x80, 1);
	round_trip(r, s, 130);
	shape(r, 130, 3, 0x7f, 1);
	round_trip(r, s, 130);
	shape(r, 130, 2, 0x80, 1);
	round_trip(r, s, 130);
}

static void x962_takes_signatures_of_openssl(void **state)
{
	static const struct {
		const char *name;
		size_t n;
	} curves[] = { { "P-256", 32 }, { "P-384", 48 } };
	const BIGNUM *r0, *s0;
	u8 digest[32], der[120], r[48], s[48], want[48];
	const u8 *p;
	EVP_PKEY_CTX *ctx;
	ECDSA_SIG *sig;
	EVP_PKEY *key;
	size_t i, j, len;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(curves); i++) {
		key = EVP_EC_gen(curves[i].name);
		ctx = EVP_PKEY_CTX_new(key, NULL);
		assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
		for (j = 0; j < 100; j++) {
			scramble(digest, sizeof(digest), (u32)j);
			len = sizeof(der);
			assert_int_equal(EVP_PKEY_sign(ctx, der, &len, digest,
						       sizeof(digest)), 1);
			assert_true(len <= TKM_X962_MAX);
			assert_int_equal(tkm_x962_decode(der, len, r, s,
							 curves[i].n), 0);
			p = der;
			sig = d2i_ECDSA_SIG(NULL, &p, (long)len);
			ECDSA_SIG_get0(sig, &r0, &s0);
			BN_bn2binpad(r0, want, (int)curves[i].n);
			assert_memory_equal(r, want, curves[i].n);
			BN_bn2binpad(s0, want, (int)curves[i].n);
			assert_memory_equal(s, want, curves[i].n);
			ECDSA_SIG_free(sig);
		}
		EVP_PKEY_CTX_free(ctx);
		EVP_PKEY_free(key);
	}
}

/*
 * What OpenSSL makes of it: taken are two numbers that are not negative and
 * fit, written in the one way that OpenSSL itself writes them.
 */
static bool openssl_takes(const u8 *p, size_t len, size_t n, u8 *r, u8 *s)
{
	const BIGNUM *r0, *s0;
	const u8 *at = p;
	u8 *again = NULL;
	bool ok = false;
	ECDSA_SIG *sig;
	int written;

	sig = d2i_ECDSA_SIG(NULL, &at, (long)len);
	if (!sig)
		return false;
	ECDSA_SIG_get0(sig, &r0, &s0);
	written = i2d_ECDSA_SIG(sig, &again);
	if (written == at - p && !memcmp(again, p, (size_t)written) &&
	    !BN_is_negative(r0) && !BN_is_negative(s0))
		ok = BN_bn2binpad(r0, r, (int)n) >= 0 &&
		     BN_bn2binpad(s0, s, (int)n) >= 0;
	OPENSSL_free(again);
	ECDSA_SIG_free(sig);
	return ok;
}

static void as_openssl_says(const u8 *p, size_t len)
{
	u8 r[32], s[32], r0[32], s0[32];
	bool taken = openssl_takes(p, len, 32, r0, s0);
	int ret = tkm_x962_decode(p, len, r, s, 32);

	assert_int_equal(ret, taken ? 0 : -EBADMSG);
	if (!taken)
		return;
	assert_memory_equal(r, r0, 32);
	assert_memory_equal(s, s0, 32);
}

static void x962_refused(const u8 *p, size_t len)
{
	u8 r[48], s[48];

	assert_int_equal(tkm_x962_decode(p, len, r, s, 48), -EBADMSG);
	assert_int_equal(tkm_x962_decode(p, len, r, s, 32), -EBADMSG);
}

static void x962_takes_what_openssl_takes(void **state)
{
	static const u8 firsts[][2] = { { 0x01, 0x80 }, { 0x7f, 0x7f },
					{ 0xff, 0x01 } };
	struct bytes der, other;
	u8 r[32], s[32];
	size_t i, at;
	int c;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(firsts); i++) {
		shape(r, 32, i, firsts[i][0], 20);
		shape(s, 32, 30 * (i == 2), firsts[i][1], 21);
		der = openssl_signature(r, s, 32);
		each_truncation(der.p, der.len, x962_refused);
		each_flip(der.p, der.len, as_openssl_says);
		other = bytes_of(der.p, der.len);
		for (at = 0; at < der.len; at++) {
			for (c = 0; c < 256; c++) {
				other.p[at] = (u8)c;
				as_openssl_says(other.p, other.len);
			}
			other.p[at] = der.p[at];
		}
		exact_free(der.p);
		exact_free(other.p);
	}
}

static void x962_refuses_malformed_der(void **state)
{
	static const char *const bad[] = {
		"", "30", "3000", "3003020101",
		/* no SEQUENCE of INTEGERs */
		"3106020101020101", "2006020101020101", "b006020101020101",
		"0406020101020101", "3006020101030101", "3006020101820101",
		"3006030101020101",
		/* negative, empty, or longer than they need to be */
		"3006020180020101", "3006020101020180", "30060201ff020101",
		"3005020002010101", "30050200020101", "30050201010200",
		"300702020001020101", "300702010102020001",
		"30070201010202007f", "30080202000002020000",
		"3008020200800203000080",
		/* lengths that are too long, or not the shortest */
		"308106020101020101", "30820006020101020101",
		"308400000006020101020101", "3080020101020101",
		"30800201010201010000", "30ff020101020101",
		"300702010102810101", "300702810101020101",
		"30080201010282000101", "30080282000101020101",
		/* a third, or other things behind */
		"3009020101020101020101", "300702010102010100",
		"30080201010201010500",
		/* ends too early or too late */
		"3005020101020101", "3004020101020101", "3003020101020101",
		"3007020101020101", "3030020101020101", "3081", "3081ff02",
		"3006020101020201", "3006020401020101", "3006027f01020101",
		"300602ff01020101", "3006028001020101", "3006028101020101",
		"3006020501020101", "3002020102",
	};
	struct bytes b;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		b = bytes_of_hex(bad[i]);
		x962_refused(b.p, b.len);
		exact_free(b.p);
	}
}

/* Numbers one byte too long for the curve, and as long as they may be. */
static void x962_refuses_numbers_that_do_not_fit(void **state)
{
	u8 r[49], s[49], out[48], other[48];
	struct bytes der;
	size_t n;

	(void)state;
	for (n = 32; n <= 48; n += 16) {
		shape(r, n + 1, 1, 0xff, 30);
		shape(s, n + 1, 1, 0xff, 31);
		der = openssl_signature(r, s, n + 1);
		assert_int_equal(tkm_x962_decode(der.p, der.len, out, other,
						 n), 0);
		assert_memory_equal(out, r + 1, n);
		assert_memory_equal(other, s + 1, n);
		exact_free(der.p);
		r[0] = 1;
		der = openssl_signature(r, s, n + 1);
		assert_int_equal(tkm_x962_decode(der.p, der.len, out, other,
						 n), -EBADMSG);
		exact_free(der.p);
		r[0] = 0;
		s[0] = 1;
		der = openssl_signature(r, s, n + 1);
		assert_int_equal(tkm_x962_decode(der.p, der.len, out, other,
						 n), -EBADMSG);
		exact_free(der.p);
	}
}

/* ---- public keys -------------------------------------------------------- */

static void curves_have_their_bytes(void **state)
{
	struct tkm_public pub = { .type = TPM_ALG_ECC };

	(void)state;
	assert_int_equal(tkm_curve_bytes(TPM_ECC_NIST_P256), 32);
	assert_int_equal(tkm_curve_bytes(TPM_ECC_NIST_P384), 48);
	pub.curve = TPM_ECC_NIST_P256;
	assert_int_equal(tkm_public_bits(&pub), 256);
	pub.curve = TPM_ECC_NIST_P384;
	assert_int_equal(tkm_public_bits(&pub), 384);
	pub.type = TPM_ALG_RSA;
	pub.rsa_bits = 3072;
	assert_int_equal(tkm_public_bits(&pub), 3072);
}

static EVP_PKEY *key_of(const char *type, OSSL_PARAM *params)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY,
					   params), 1);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

typedef ssize_t public_writer(const struct tkm_public *pub, u8 *out,
			      size_t size);

/* Written as OpenSSL writes it, and into nothing that is shorter. */
static void written_like(public_writer *write, const struct tkm_public *pub,
			 const u8 *want, int len)
{
	struct bytes out;
	int size;

	assert_true(len > 0);
	for (size = 0; size <= len; size++) {
		out = bytes_of(want, (size_t)size);
		memset(out.p, 0, (size_t)size);
		assert_int_equal(write(pub, out.p, (size_t)size),
				 size < len ? -EMSGSIZE : len);
		if (size == len)
			assert_bytes(out, want, (size_t)len);
		exact_free(out.p);
	}
}

static void like_openssl(const struct tkm_public *pub, EVP_PKEY *key)
{
	u8 *der = NULL;
	int len;

	len = i2d_PUBKEY(key, &der);
	assert_true(len <= TKM_SPKI_MAX);
	written_like(tkm_public_info, pub, der, len);
	OPENSSL_free(der);
	if (pub->type != TPM_ALG_RSA)
		return;
	der = NULL;
	len = i2d_PublicKey(key, &der);
	written_like(tkm_rsa_public_key, pub, der, len);
	OPENSSL_free(der);
}

/* Only how it is written counts, not whether there are two primes. */
static void rsa_like_openssl(const u8 *modulus, size_t n)
{
	struct tkm_public pub = { .type = TPM_ALG_RSA, .rsa_exponent = 65537 };
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *n0 = BN_bin2bn(modulus, (int)n, NULL);
	OSSL_PARAM *params;
	EVP_PKEY *key;

	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n0);
	OSSL_PARAM_BLD_push_uint32(bld, OSSL_PKEY_PARAM_RSA_E, 65537);
	params = OSSL_PARAM_BLD_to_param(bld);
	key = key_of("RSA", params);
	pub.rsa_bits = (u16)(8 * n);
	pub.x = exact(modulus, n);
	pub.x_len = (u16)n;
	like_openssl(&pub, key);
	exact_free(pub.x);
	EVP_PKEY_free(key);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	BN_free(n0);
}

static void rsa_keys_are_written_like_openssl(void **state)
{
	/* Shorter than a TPM's, where the lengths have other forms. */
	static const size_t sizes[] = { 256, 384, 255, 192, 128, 127, 100, 64 };
	u8 modulus[384];
	size_t i, zeros;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (zeros = 0; zeros < 3; zeros++) {
			shape(modulus, sizes[i], zeros, 0x80, (u32)i);
			modulus[sizes[i] - 1] |= 1;
			rsa_like_openssl(modulus, sizes[i]);
			modulus[zeros] = 0x01;
			rsa_like_openssl(modulus, sizes[i]);
		}
	}
}

/* Coordinates as long as they are, and without their leading zeros. */
static void ec_like_openssl(const char *group, u16 curve, const u8 *point,
			    size_t n)
{
	struct tkm_public pub = { .type = TPM_ALG_ECC, .curve = curve };
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
				       (char *)(uintptr_t)group, strlen(group)),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
					(u8 *)(uintptr_t)point, 1 + 2 * n),
		OSSL_PARAM_END,
	};
	EVP_PKEY *key = key_of("EC", params);
	size_t x_at = 1, y_at = 1 + n;

	for (;;) {
		pub.x_len = (u16)(1 + n - x_at);
		pub.y_len = (u16)(1 + 2 * n - y_at);
		pub.x = exact(point + x_at, pub.x_len);
		pub.y = exact(point + y_at, pub.y_len);
		like_openssl(&pub, key);
		exact_free(pub.x);
		exact_free(pub.y);
		if (!point[x_at])
			x_at++;
		else if (!point[y_at])
			y_at++;
		else
			break;
	}
	EVP_PKEY_free(key);
}

static void ec_keys_are_written_like_openssl(void **state)
{
	static const struct {
		const char *name;
		u16 curve;
		int nid;
		size_t n;
	} curves[] = {
		{ "P-256", TPM_ECC_NIST_P256, NID_X9_62_prime256v1, 32 },
		{ "P-384", TPM_ECC_NIST_P384, NID_secp384r1, 48 },
	};
	const EC_POINT *base;
	size_t i, n, short_x, short_y, k;
	u8 point[1 + 2 * 48];
	EC_GROUP *group;
	EC_POINT *p;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(curves); i++) {
		n = curves[i].n;
		group = EC_GROUP_new_by_curve_name(curves[i].nid);
		base = EC_GROUP_get0_generator(group);
		p = EC_POINT_dup(base, group);
		short_x = short_y = 0;
		for (k = 0; short_x < 2 || short_y < 2; k++) {
			assert_int_equal(EC_POINT_point2oct(
						 group, p,
						 POINT_CONVERSION_UNCOMPRESSED,
						 point, sizeof(point), NULL),
					 1 + 2 * n);
			short_x += !point[1];
			short_y += !point[1 + n];
			if (k < 3 || !point[1] || !point[1 + n])
				ec_like_openssl(curves[i].name, curves[i].curve,
						point, n);
			EC_POINT_add(group, p, p, base, NULL);
		}
		EC_POINT_free(p);
		EC_GROUP_free(group);
	}
}

static void points_get_their_leading_zeros(void **state)
{
	static const u16 curves[] = { TPM_ECC_NIST_P256, TPM_ECC_NIST_P384 };
	struct tkm_public pub = { .type = TPM_ALG_ECC };
	u8 raw[48], want_x[48], want_y[48];
	size_t i, a, n;
	struct bytes x, y;

	(void)state;
	scramble(raw, sizeof(raw), 40);
	for (i = 0; i < ARRAY_SIZE(curves); i++) {
		n = tkm_curve_bytes(curves[i]);
		pub.curve = curves[i];
		for (a = 0; a <= n; a++) {
			memset(want_x, 0, n);
			memset(want_y, 0, n);
			memcpy(want_x + n - a, raw, a);
			memcpy(want_y + a, raw, n - a);
			pub.x_len = (u16)a;
			pub.y_len = (u16)(n - a);
			pub.x = exact(raw, a);
			pub.y = exact(raw, n - a);
			x = bytes_of(raw, n);
			y = bytes_of(raw, n);
			tkm_public_point(&pub, x.p, y.p);
			assert_bytes(x, want_x, n);
			assert_bytes(y, want_y, n);
			exact_free(x.p);
			exact_free(y.p);
			exact_free(pub.x);
			exact_free(pub.y);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_have_their_names_and_sizes),
		cmocka_unit_test(encodings_are_known_with_every_hash),
		cmocka_unit_test(other_names_are_refused),
		cmocka_unit_test(associated_data_is_found_in_place),
		cmocka_unit_test(no_letter_of_a_name_may_differ),
		cmocka_unit_test(pkcs1_blocks_are_what_openssl_signs),
		cmocka_unit_test(pkcs1_blocks_have_a_least_size),
		cmocka_unit_test(openssl_undoes_pkcs1_at_every_length),
		cmocka_unit_test(openssl_decrypts_pkcs1),
		cmocka_unit_test(pkcs1_refuses_what_does_not_fit),
		cmocka_unit_test(pkcs1_refuses_a_zero_that_is_not_random),
		cmocka_unit_test(openssls_pss_is_taken_and_no_other_bit),
		cmocka_unit_test(pss_takes_every_length_of_salt),
		cmocka_unit_test(pss_refuses_other_padding),
		cmocka_unit_test(x962_is_openssls_of_every_shape),
		cmocka_unit_test(x962_reads_long_lengths),
		cmocka_unit_test(x962_takes_signatures_of_openssl),
		cmocka_unit_test(x962_takes_what_openssl_takes),
		cmocka_unit_test(x962_refuses_malformed_der),
		cmocka_unit_test(x962_refuses_numbers_that_do_not_fit),
		cmocka_unit_test(curves_have_their_bytes),
		cmocka_unit_test(rsa_keys_are_written_like_openssl),
		cmocka_unit_test(ec_keys_are_written_like_openssl),
		cmocka_unit_test(points_get_their_leading_zeros),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
