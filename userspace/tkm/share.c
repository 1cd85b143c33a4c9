// SPDX-License-Identifier: GPL-2.0
/*
 * Recovery keys and their shares: Shamir's, over GF(2^8), by libgfshare. Each says
 * which key it is of and has a checksum, for paper and for people; the Name of the
 * key says in the end whether they gave the right one.
 */
#include <libgfshare.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "policy.h"
#include "public.h"
#include "share.h"

#define CHECK	8

/* ---- text ----------------------------------------------------------------------- */

size_t share_write(const struct share *share, char text[SHARE_TEXT])
{
	char key[2 * TKM_NAME_SIZE + 1], value[2 * SHARE_SECRET + 1];
	char check[2 * CHECK + 1];
	u8 hash[SHA256_DIGEST_LENGTH];
	size_t n;

	hex_of(share->key, sizeof(share->key), key);
	hex_of(share->value, sizeof(share->value), value);
	n = (size_t)snprintf(text, SHARE_TEXT,
			     "tkm recovery share 1\nkey %s\nshare %u of %u, %u needed\nvalue %s\n",
			     key, share->number, share->of, share->needed, value);
	SHA256((const u8 *)text, n, hash);
	hex_of(hash, CHECK, check);
	n += (size_t)snprintf(text + n, SHARE_TEXT - n, "check %s\n", check);
	OPENSSL_cleanse(value, sizeof(value));
	return n;
}

int share_read(struct share *share, const char *text, size_t len)
{
	char copy[SHARE_TEXT], again[SHARE_TEXT], key[69], value[65], check[17];
	unsigned int version = 0;
	int n, ret = -EBADMSG;

	memset(share, 0, sizeof(*share));
	if (len >= sizeof(copy))
		return -EBADMSG;
	memcpy(copy, text, len);
	copy[len] = 0;
	n = sscanf(copy, "tkm recovery share %3u\nkey %68s\nshare %3u of %3u, %3u needed\nvalue %64s\ncheck %16s\n",
		   &version, key, &share->number, &share->of, &share->needed,
		   value, check);
	if (n >= 1 && version != 1)
		ret = -EOPNOTSUPP;
	else if (n == 7 && strlen(key) == 68 && strlen(value) == 64 &&
		 !tkm_hex_decode(key, 68, share->key) &&
		 !tkm_hex_decode(value, 64, share->value) &&
		 share_write(share, again) == len && !memcmp(again, text, len) &&
		 share->number && share->number <= share->of &&
		 share->of <= SHARES_MAX && share->needed > 1 &&
		 share->needed <= share->of)
		ret = 0;
	OPENSSL_cleanse(copy, sizeof(copy));
	OPENSSL_cleanse(again, sizeof(again));
	OPENSSL_cleanse(value, sizeof(value));
	if (ret)
		OPENSSL_cleanse(share, sizeof(*share));
	return ret;
}

/* ---- keys ------------------------------------------------------------------------ */

int recovery_area(EVP_PKEY *pkey, u8 area[TKM_RECOVERY_AREA])
{
	BIGNUM *x = NULL, *y = NULL;
	u8 point[64];
	int ret = -EOPNOTSUPP;

	if (public_curve(pkey) == TPM_ECC_NIST_P256 &&
	    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_X, &x) &&
	    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &y) &&
	    BN_bn2binpad(x, point, 32) == 32 &&
	    BN_bn2binpad(y, point + 32, 32) == 32) {
		tkm_recovery_area(point, area);
		ret = 0;
	}
	BN_free(x);
	BN_free(y);
	return ret;
}

/* It has no way to say that there was none. */
static void fill_random(unsigned char *out, unsigned int n)
{
	if (RAND_priv_bytes(out, (int)n) != 1)
		abort();
}

static int cut(const u8 secret[SHARE_SECRET], struct share *shares)
{
	unsigned char numbers[SHARES_MAX], copy[SHARE_SECRET];
	const unsigned int of = shares[0].of;
	gfshare_ctx *ctx;
	unsigned int i;

	for (i = 0; i < of; i++)
		numbers[i] = (unsigned char)(i + 1);
	gfshare_fill_rand = fill_random;
	ctx = gfshare_ctx_init_enc(numbers, of, (unsigned char)shares[0].needed,
				   SHARE_SECRET);
	if (!ctx)
		return -ENOMEM;
	memcpy(copy, secret, sizeof(copy));
	gfshare_ctx_enc_setsecret(ctx, copy);
	for (i = 0; i < of; i++)
		gfshare_ctx_enc_getshare(ctx, (unsigned char)i, shares[i].value);
	/* It overwrites what it had. */
	gfshare_ctx_free(ctx);
	OPENSSL_cleanse(copy, sizeof(copy));
	return 0;
}

int recovery_new(unsigned int needed, unsigned int of, EVP_PKEY **pkey,
		 struct share *shares)
{
	u8 secret[SHARE_SECRET], area[TKM_RECOVERY_AREA], name[TKM_NAME_SIZE];
	BIGNUM *d = NULL;
	unsigned int i;
	int ret = -EIO;

	*pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	if (*pkey && EVP_PKEY_get_bn_param(*pkey, OSSL_PKEY_PARAM_PRIV_KEY, &d) &&
	    BN_bn2binpad(d, secret, SHARE_SECRET) == SHARE_SECRET)
		ret = recovery_area(*pkey, area);
	if (!ret) {
		tkm_public_name(area, sizeof(area), name);
		for (i = 0; i < of; i++) {
			memcpy(shares[i].key, name, sizeof(name));
			shares[i].number = i + 1;
			shares[i].of = of;
			shares[i].needed = needed;
		}
		ret = cut(secret, shares);
	}
	BN_clear_free(d);
	OPENSSL_cleanse(secret, sizeof(secret));
	if (ret) {
		EVP_PKEY_free(*pkey);
		*pkey = NULL;
	}
	return ret;
}

/* ---- shares together ------------------------------------------------------------------ */

enum share_fault share_check(const struct share *shares, size_t n, size_t *which,
			     size_t *other)
{
	size_t i, j;

	for (i = 1; i < n; i++) {
		*which = i;
		*other = 0;
		if (memcmp(shares[i].key, shares[0].key, TKM_NAME_SIZE) ||
		    shares[i].needed != shares[0].needed ||
		    shares[i].of != shares[0].of)
			return SHARE_OTHER_KEY;
		for (j = 0; j < i; j++) {
			*other = j;
			if (shares[j].number == shares[i].number)
				return SHARE_TWICE;
		}
	}
	return n && n >= shares[0].needed ? SHARE_FITS : SHARE_TOO_FEW;
}

/* d times the generator, in a key of OpenSSL's. */
static int area_of_secret(const u8 secret[SHARE_SECRET],
			  u8 area[TKM_RECOVERY_AREA])
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	EC_POINT *point = group ? EC_POINT_new(group) : NULL;
	BIGNUM *d = BN_bin2bn(secret, SHARE_SECRET, NULL);
	BIGNUM *x = BN_new(), *y = BN_new();
	u8 both[64];
	int ret = -EBADMSG;

	if (point && d && x && y && !BN_is_zero(d) &&
	    BN_cmp(d, EC_GROUP_get0_order(group)) < 0 &&
	    EC_POINT_mul(group, point, d, NULL, NULL, NULL) &&
	    EC_POINT_get_affine_coordinates(group, point, x, y, NULL) &&
	    BN_bn2binpad(x, both, 32) == 32 &&
	    BN_bn2binpad(y, both + 32, 32) == 32) {
		tkm_recovery_area(both, area);
		ret = 0;
	}
	BN_clear_free(d);
	BN_free(x);
	BN_free(y);
	EC_POINT_free(point);
	EC_GROUP_free(group);
	return ret;
}

enum share_fault share_join(const struct share *shares, size_t n,
			    u8 secret[SHARE_SECRET], u8 area[TKM_RECOVERY_AREA])
{
	unsigned char numbers[SHARES_MAX], value[SHARE_SECRET];
	u8 name[TKM_NAME_SIZE];
	gfshare_ctx *ctx;
	size_t i;

	/* More than are needed say the same. */
	n = shares[0].needed < n ? shares[0].needed : n;
	for (i = 0; i < n; i++)
		numbers[i] = (unsigned char)shares[i].number;
	gfshare_fill_rand = fill_random;
	ctx = gfshare_ctx_init_dec(numbers, (unsigned int)n, SHARE_SECRET);
	if (!ctx)
		return SHARE_WRONG;
	for (i = 0; i < n; i++) {
		memcpy(value, shares[i].value, sizeof(value));
		gfshare_ctx_dec_giveshare(ctx, (unsigned char)i, value);
	}
	gfshare_ctx_dec_extract(ctx, secret);
	gfshare_ctx_free(ctx);
	OPENSSL_cleanse(value, sizeof(value));
	if (!area_of_secret(secret, area)) {
		tkm_public_name(area, TKM_RECOVERY_AREA, name);
		if (!memcmp(name, shares[0].key, sizeof(name)))
			return SHARE_FITS;
	}
	OPENSSL_cleanse(secret, SHARE_SECRET);
	return SHARE_WRONG;
}
