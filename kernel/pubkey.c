// SPDX-License-Identifier: GPL-2.0
/*
 * What a public key does, in the kernel: the RSA function, and the check of an
 * ECDSA signature. The former is the crypto API's; the latter stands on its
 * library of curves, because Debian's 6.1 is built without "ecdsa", and after
 * 6.12 its interface is another one.
 *
 * Everything here is public, so none of it need take the same time always.
 */
#include <crypto/akcipher.h>
#include <crypto/ecdh.h>
#include <crypto/internal/ecc.h>
#include <linux/crypto.h>
#include <linux/err.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "tkm_internal.h"

/*
 * SP 800-56B Rev. 2, 7.1.1: 1 < @in < n - 1; the others are known to everybody.
 * Some kernels ask for that and some do not. @n is odd.
 */
static bool is_message(const u8 *in, const u8 *n, size_t len)
{
	if (!memchr_inv(in, 0, len - 1) && in[len - 1] <= 1)
		return false;
	if (!memcmp(in, n, len - 1) && (in[len - 1] | 1) == n[len - 1])
		return false;
	return memcmp(in, n, len) < 0;
}

/**
 * tkm_rsa_apply() - the RSA public function (RFC 8017, 5.1.1 and 5.2.2)
 * @tfm: "rsa"; its key is set here
 * @pub: the key
 * @in: pub->x_len bytes, of kmalloc's
 * @out: as many, of kmalloc's
 *
 * Return: 0; -ENOMEM; -EINVAL when @in is 0, 1 or not below the modulus less one;
 * -EIO when the modulus is none.
 */
int tkm_rsa_apply(struct crypto_akcipher *tfm, const struct tkm_public *pub,
		  const u8 *in, u8 *out)
{
	struct akcipher_request *req;
	struct scatterlist src, dst;
	DECLARE_CRYPTO_WAIT(wait);
	ssize_t len;
	u8 *der;
	int ret;

	if (!(pub->x[pub->x_len - 1] & 1))
		return -EIO;
	if (!is_message(in, pub->x, pub->x_len))
		return -EINVAL;
	der = kmalloc(TKM_SPKI_MAX, GFP_KERNEL);
	if (!der)
		return -ENOMEM;
	len = tkm_rsa_public_key(pub, der, TKM_SPKI_MAX);
	ret = len < 0 ? len : crypto_akcipher_set_pub_key(tfm, der, len);
	kfree(der);
	if (ret)
		return ret == -ENOMEM ? ret : -EIO;
	req = akcipher_request_alloc(tfm, GFP_KERNEL);
	if (!req)
		return -ENOMEM;
	sg_init_one(&src, in, pub->x_len);
	sg_init_one(&dst, out, pub->x_len);
	akcipher_request_set_crypt(req, &src, &dst, pub->x_len, pub->x_len);
	akcipher_request_set_callback(req, CRYPTO_TFM_REQ_MAY_SLEEP,
				      crypto_req_done, &wait);
	ret = crypto_wait_req(crypto_akcipher_encrypt(req), &wait);
	akcipher_request_free(req);
	/* It asks the same again; without memory for that it says no. */
	if (ret == -EINVAL || ret == -ENOMEM)
		return -ENOMEM;
	return ret ? -EIO : 0;
}

/* The same with a transform for once. -EOPNOTSUPP in a kernel without RSA. */
int tkm_rsa_public(const struct tkm_public *pub, const u8 *in, u8 *out)
{
	struct crypto_akcipher *tfm = crypto_alloc_akcipher("rsa", 0, 0);
	int ret;

	if (IS_ERR(tfm))
		return PTR_ERR(tfm) == -ENOMEM ? -ENOMEM : -EOPNOTSUPP;
	ret = tkm_rsa_apply(tfm, pub, in, out);
	crypto_free_akcipher(tfm);
	return ret;
}

/* Numbers of the library: words, the least one first. */
struct numbers {
	u64 x[ECC_MAX_DIGITS], y[ECC_MAX_DIGITS];
	u64 r[ECC_MAX_DIGITS], s[ECC_MAX_DIGITS];
	u64 hash[ECC_MAX_DIGITS], one[ECC_MAX_DIGITS];
	u64 u1[ECC_MAX_DIGITS], u2[ECC_MAX_DIGITS];
	u64 rx[ECC_MAX_DIGITS], ry[ECC_MAX_DIGITS];
	u8 bytes[2 * TKM_CURVE_MAX];
};

static bool is_scalar(const u64 *v, const struct ecc_curve *curve)
{
	return !vli_is_zero(v, curve->g.ndigits) &&
	       vli_cmp(v, curve->n, curve->g.ndigits) < 0;
}

/* FIPS 186-5, 6.4.2; @w holds x, y, r, s and hash. */
static int ecdsa_check(struct numbers *w, const struct ecc_curve *curve)
{
	const unsigned int n = curve->g.ndigits;
	struct ecc_point key = ECC_POINT_INIT(w->x, w->y, n);
	struct ecc_point result = ECC_POINT_INIT(w->rx, w->ry, n);

	/* Curves of prime order: every point but zero has the order of the base. */
	if (ecc_is_pubkey_valid_partial(curve, &key))
		return -EIO;
	if (!is_scalar(w->r, curve) || !is_scalar(w->s, curve))
		return -EBADMSG;
	/* s becomes its inverse */
	vli_mod_inv(w->s, w->s, curve->n, n);
	vli_mod_mult_slow(w->u1, w->hash, w->s, curve->n, n);
	vli_mod_mult_slow(w->u2, w->r, w->s, curve->n, n);
	ecc_point_mult_shamir(&result, w->u1, &curve->g, w->u2, &key, curve);
	/* x is below the prime, and may be above the order. */
	w->one[0] = 1;
	vli_mod_mult_slow(w->rx, w->rx, w->one, curve->n, n);
	return vli_cmp(w->rx, w->r, n) ? -EBADMSG : 0;
}

/**
 * tkm_ecdsa_verify() - check an ECDSA signature (FIPS 186-5, 6.4.2)
 * @pub: the key
 * @digest: what was signed; of a longer digest than the curve's order only the
 *	front counts
 * @len: its length
 * @r: tkm_curve_bytes(pub->curve) bytes
 * @s: the same
 *
 * Return: 0; -EBADMSG when the signature is another's; -EIO when the key is no
 * point of its curve; -ENOMEM.
 */
int tkm_ecdsa_verify(const struct tkm_public *pub, const u8 *digest, size_t len,
		     const u8 *r, const u8 *s)
{
	const struct ecc_curve *curve =
		ecc_get_curve(pub->curve == TPM_ECC_NIST_P384 ?
				      ECC_CURVE_NIST_P384 :
				      ECC_CURVE_NIST_P256);
	const unsigned int bytes = tkm_curve_bytes(pub->curve);
	const unsigned int n = curve->g.ndigits;
	struct numbers *w;
	int ret;

	w = kzalloc(sizeof(*w), GFP_KERNEL);
	if (!w)
		return -ENOMEM;
	ecc_swap_digits(r, w->r, n);
	ecc_swap_digits(s, w->s, n);
	tkm_public_point(pub, w->bytes, w->bytes + bytes);
	ecc_swap_digits(w->bytes, w->x, n);
	ecc_swap_digits(w->bytes + bytes, w->y, n);
	/* A short digest has zeros in front. */
	len = min_t(size_t, len, bytes);
	memset(w->bytes, 0, bytes);
	memcpy(w->bytes + bytes - len, digest, len);
	ecc_swap_digits(w->bytes, w->hash, n);
	ret = ecdsa_check(w, curve);
	kfree(w);
	return ret;
}
