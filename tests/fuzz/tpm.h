/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * The TPM's side of a session, on OpenSSL alone, from TPM 2.0 Part 1: a second
 * opinion of which answer is to be believed, and right answers. The session's
 * key is 32 bytes of 0x11.
 */
#ifndef TKM_FUZZ_TPM_H
#define TKM_FUZZ_TPM_H

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "fuzz.h"

static struct tkm_session session;
static u8 auth[40];

/* sessionKey, then the authValue if it belongs to the key of this one. */
static void keyed(const struct tkm_wire *wire, bool with_auth, const u8 *msg,
		  size_t len, u8 out[32])
{
	u8 key[32 + sizeof(auth)];
	size_t n = wire->auth_value ? wire->auth_value_len : 0;
	unsigned int size = 32;

	memset(key, 0x11, 32);
	memcpy(key + 32, auth, sizeof(auth));
	while (n && !auth[n - 1])
		n--;
	HMAC(EVP_sha256(), key, (int)(32 + (with_auth ? n : 0)), msg, len, out,
	     &size);
}

static void hmac_of(const struct tkm_wire *wire, const u8 hash[32],
		    const u8 *newer, const u8 *older, u8 attributes, u8 out[32])
{
	bool with_auth = wire->authorises &&
			 (!session.policy || session.auth_value_needed);
	u8 msg[97];

	memcpy(msg, hash, 32);
	memcpy(msg + 32, newer, 32);
	memcpy(msg + 64, older, 32);
	msg[96] = attributes;
	keyed(wire, with_auth, msg, sizeof(msg), out);
}

static void answer_hash(const u8 *p, size_t n, u8 out[32])
{
	static const u8 codes[8] = { 0, 0, 0, 0, 0, 0, 0x01, 0x5e };
	const struct tkm_piece pieces[] = { { codes, 8 }, { p, n } };

	digest_of(pieces, 2, out);
}

/* KDFa, then AES-CFB both ways: both are one call of OpenSSL's. */
static void crypt_first(const struct tkm_wire *wire, const u8 *newer,
			const u8 *older, u8 *p, size_t n, int encrypt)
{
	u8 msg[76] = { 0, 0, 0, 1, 'C', 'F', 'B', 0, [74] = 1 }, key[32];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int size;

	memcpy(msg + 8, newer, 32);
	memcpy(msg + 40, older, 32);
	keyed(wire, wire->authorises, msg, sizeof(msg), key);
	must(EVP_CipherInit_ex(ctx, EVP_aes_128_cfb128(), NULL, key, key + 16,
			       encrypt));
	must(!n || EVP_CipherUpdate(ctx, p, &size, p, (int)n));
	EVP_CIPHER_CTX_free(ctx);
}

/* Where the parameters and what is behind them stand; false: not an answer. */
struct layout {
	const u8 *params, *nonce, *hmac;
	size_t n;
	u8 attributes;
};

static bool lay_out(const struct tkm_wire *wire, const u8 *p, size_t len,
		    struct layout *l)
{
	static const u8 password[5] = { 0, 0, 1, 0, 0 };
	bool auths = wire->session || wire->password;
	size_t head = 10 + (wire->response_handle ? 4 : 0) + (auths ? 4 : 0);
	size_t tail = (wire->password ? 5 : 0) + (wire->session ? 69 : 0);

	if (len < head + tail || get_unaligned_be16(p) != 0x8001 + auths ||
	    get_unaligned_be32(p + 2) != len || get_unaligned_be32(p + 6))
		return false;
	l->params = p + head;
	l->n = len - head - tail;
	l->nonce = wire->session ? p + len - 67 : NULL;
	l->attributes = wire->session ? p[len - 35] : 0;
	l->hmac = wire->session ? p + len - 32 : NULL;
	return (!auths || get_unaligned_be32(p + head - 4) == l->n) &&
	       (!wire->password || !memcmp(p + len - tail, password, 5)) &&
	       (!wire->session || (get_unaligned_be16(l->nonce - 2) == 32 &&
				   get_unaligned_be16(l->hmac - 2) == 32));
}

static bool believable(const struct tkm_wire *wire, const struct layout *l)
{
	u8 changed = l->attributes ^ wire->session_attributes;
	u8 hash[32], hmac[32];

	/* auditExclusive is the TPM's to say, of a session that audits */
	if (changed && !(wire->session_attributes & 0x80 && changed == 2 &&
			 l->attributes & 2))
		return false;
	answer_hash(l->params, l->n, hash);
	hmac_of(wire, hash, l->nonce, session.nonce_caller, l->attributes, hmac);
	return !memcmp(hmac, l->hmac, 32);
}

/*
 * Lengths, tag and HMAC as they should be over what the input gives; only the
 * session's attributes may be others.
 */
static void put_right(const struct tkm_wire *wire, u8 *p, size_t len,
		      u8 attributes)
{
	bool auths = wire->session || wire->password;
	size_t head = 10 + (wire->response_handle ? 4 : 0) + (auths ? 4 : 0);
	size_t tail = (wire->password ? 5 : 0) + (wire->session ? 69 : 0);
	u8 hash[32];

	if (len < head + tail)
		return;
	put_unaligned_be16(0x8001 + auths, p);
	put_unaligned_be32((u32)len, p + 2);
	put_unaligned_be32(0, p + 6);
	if (auths)
		put_unaligned_be32((u32)(len - head - tail), p + head - 4);
	if (wire->password)
		memcpy(p + len - tail, "\0\0\1\0\0", 5);
	if (!wire->session)
		return;
	put_unaligned_be16(32, p + len - 69);
	p[len - 35] = wire->session_attributes ^ attributes;
	put_unaligned_be16(32, p + len - 34);
	answer_hash(p + head, len - head - tail, hash);
	hmac_of(wire, hash, p + len - 67, session.nonce_caller, p[len - 35],
		p + len - 32);
}

#endif /* TKM_FUZZ_TPM_H */
