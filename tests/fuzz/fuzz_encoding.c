// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * What comes from outside with a key that is used: names of encodings, EC
 * signatures, the block in an RSA signature. Signatures are held against
 * OpenSSL's reading of them; a block that is made to be right is taken, and is
 * not with one bit changed.
 */
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>

#include "fuzz.h"

/* ---- names -------------------------------------------------------------- */

static void any_name(const u8 *data, size_t len)
{
	static const char *const encs[] = {
		[TKM_ENC_RAW] = "raw", [TKM_ENC_PKCS1] = "pkcs1",
		[TKM_ENC_OAEP] = "oaep", [TKM_ENC_PSS] = "pss",
		[TKM_ENC_X962] = "x962", [TKM_ENC_ECDH] = "ecdh",
		[TKM_ENC_GCM] = "gcm", [TKM_ENC_SPKI] = "spki",
	};
	char *text = exact(NULL, len + 1), *hash;
	struct tkm_encoding e;
	u8 *aad;
	int ret;

	/* "enc hash", each with its zero. */
	if (len)
		memcpy(text, data, len);
	text[len] = '\0';
	hash = strchr(text, ' ');
	if (hash)
		*hash++ = '\0';
	ret = tkm_encoding_parse(text, hash, &e);
	must(ret == 0 || ret == -EINVAL);
	if (ret)
		goto out;
	must(e.enc < ARRAY_SIZE(encs));
	must(!strncmp(text, encs[e.enc], strlen(encs[e.enc])));
	must((hash != NULL) == (e.hash != 0));
	must(!hash || !strcmp(hash, tkm_hash_name(e.hash)));
	must(!hash || tkm_hash_size(e.hash));
	must((e.aad != NULL) == (e.aad_len > 0));
	must(!e.aad || e.enc == TKM_ENC_GCM);
	must(strlen(text) == strlen(encs[e.enc]) +
				     (e.aad ? 5 + 2 * e.aad_len : 0));
	if (e.aad) {
		must(inside(e.aad, 2 * e.aad_len, text, len));
		aad = exact(NULL, e.aad_len);
		must(!tkm_hex_decode(e.aad, 2 * e.aad_len, aad));
		exact_free(aad);
	}
out:
	exact_free(text);
}

/* ---- X9.62 -------------------------------------------------------------- */

/* Two numbers that fit and are not negative, written as OpenSSL writes them. */
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

static void any_signature(const u8 *data, size_t len, size_t n)
{
	u8 *sig = exact(data, len), *r = exact(NULL, n), *s = exact(NULL, n);
	u8 r0[TKM_CURVE_MAX], s0[TKM_CURVE_MAX], *again;
	int ret = tkm_x962_decode(sig, len, r, s, n);
	ssize_t size;

	must(ret == 0 || ret == -EBADMSG);
	must(openssl_takes(sig, len, n, r0, s0) == !ret);
	if (!ret) {
		must(!memcmp(r, r0, n) && !memcmp(s, s0, n));
		again = exact(NULL, TKM_X962_MAX);
		size = tkm_x962_encode(r, s, n, again, TKM_X962_MAX);
		must(size > 0 && (size_t)size <= len);
		must(!memcmp(again, sig, (size_t)size));
		must(tkm_x962_encode(r, s, n, again, (size_t)size - 1) ==
		     -EMSGSIZE);
		must(tkm_x962_decode(sig, (size_t)size, r, s, n) == 0);
		must(tkm_x962_decode(sig, (size_t)size - 1, r, s, n) ==
		     -EBADMSG);
		exact_free(again);
	}
	exact_free(sig);
	exact_free(r);
	exact_free(s);
}

/* ---- PSS ---------------------------------------------------------------- */

static const struct {
	u16 alg;
	const char *name;
} hashes[] = {
	{ TPM_ALG_SHA1, "sha1" }, { TPM_ALG_SHA256, "sha256" },
	{ TPM_ALG_SHA384, "sha384" }, { TPM_ALG_SHA512, "sha512" },
};

/* EMSA-PSS of RFC 8017, 9.1.2, from db backwards: any db, any length. */
static void pss_block(const EVP_MD *md, const u8 *digest, u8 *db,
		      size_t db_len, size_t salt_at, u8 *em)
{
	static const u8 zeros[8];
	size_t size = (size_t)EVP_MD_get_size(md), i;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	u8 *h = em + db_len;

	EVP_DigestInit_ex(ctx, md, NULL);
	EVP_DigestUpdate(ctx, zeros, 8);
	EVP_DigestUpdate(ctx, digest, size);
	EVP_DigestUpdate(ctx, db + salt_at, db_len - salt_at);
	EVP_DigestFinal_ex(ctx, h, NULL);
	EVP_MD_CTX_free(ctx);
	PKCS1_MGF1(em, (long)db_len, h, (long)size, md);
	for (i = 0; i < db_len; i++)
		em[i] ^= db[i];
	em[0] &= 0x7f;
	h[size] = 0xbc;
}

/* What it unmasks to, padded anew, is the same block. */
static bool is_right(const EVP_MD *md, const u8 *digest, const u8 *em, size_t n)
{
	size_t size = (size_t)EVP_MD_get_size(md), db_len, i;
	u8 db[384], again[384];

	if (n < size + 2)
		return false;
	db_len = n - size - 1;
	PKCS1_MGF1(db, (long)db_len, em + db_len, (long)size, md);
	for (i = 0; i < db_len; i++)
		db[i] ^= em[i];
	db[0] &= 0x7f;
	for (i = 0; i < db_len && !db[i]; i++)
		;
	if (i == db_len || db[i] != 1)
		return false;
	pss_block(md, digest, db, db_len, i + 1, again);
	return !memcmp(again, em, n);
}

static int verify(const struct tkm_hasher *hasher, const EVP_MD *md,
		  const u8 *digest, const u8 *em, size_t n)
{
	u8 *d = exact(digest, hasher->size), *e = exact(em, n);
	int ret = tkm_pss_verify(hasher, d, e, n);

	must(ret == (is_right(md, digest, em, n) ? 0 : -EBADMSG));
	exact_free(d);
	exact_free(e);
	return ret;
}

static void any_block(const u8 *data, size_t len)
{
	struct input in = { data, len };
	u8 which = take_u8(&in), digest[TKM_HASH_MAX], db[256], em[384];
	const EVP_MD *md = EVP_get_digestbyname(hashes[which % 4].name);
	struct tkm_hasher hasher;
	size_t bit, n, one;

	must(!tkm_hasher_open(&hasher, hashes[which % 4].alg));
	take(&in, digest, hasher.size);
	/* As it comes. */
	verify(&hasher, md, digest, in.p, min_t(size_t, in.len, 384));
	/* A right one, or one with another byte before its salt. */
	bit = take_u16(&in);
	n = 1 + take_u8(&in);
	one = take_u8(&in) % n;
	take(&in, db, n);
	memset(db, 0, one);
	if (which & 0x80)
		db[one] &= 0x7f;
	else
		db[one] = 1;
	pss_block(md, digest, db, n, one + 1, em);
	n += hasher.size + 1;
	if (db[one])
		must(verify(&hasher, md, digest, em, n) ==
		     (db[one] == 1 ? 0 : -EBADMSG));
	bit %= 8 * n;
	em[bit / 8] ^= (u8)(1 << bit % 8);
	if (verify(&hasher, md, digest, em, n))
		goto out;
	/* Then the bit was what was wrong with it. */
	must(db[one] != 1 && bit / 8 == one);
out:
	tkm_hasher_close(&hasher);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	any_name(data, len);
	any_signature(data, len, 32);
	any_signature(data, len, 48);
	any_block(data, len);
	return 0;
}
