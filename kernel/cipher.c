// SPDX-License-Identifier: GPL-2.0
/*
 * Authenticated encryption with a data key, in the kernel: at the speed of
 * memory, without a TPM command, and with a key that user space never has.
 *
 * A message is
 *
 *	01 || nonce (24) || ciphertext || tag (16)
 *
 * under XAES-256-GCM (C2SP): the first half of the nonce makes a key of the
 * message's own, the second half is the nonce of AES-256-GCM under it. The
 * nonces are random. 2^80 messages of one key would have two the same with a
 * chance of one in 2^32; a loaded key does TKM_CRYPT_MESSAGES and no more, so
 * that the bound does not rest on an argument about time.
 *
 * The cipher's key is HKDF-SHA256 of the payload under a label of this
 * version, so it shares no byte with what is published of the same payload,
 * and a later version of the message cannot be passed off as this one.
 *
 * What the caller hands over and gets is not ours: keyctl frees its own
 * buffers, unwiped, as it does for every type.
 */
#include <crypto/aead.h>
#include <linux/crypto.h>
#include <linux/err.h>
#include <linux/random.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "tkm_internal.h"

#define VERSION		1
#define TAG		16
#define GCM_NONCE	12

static_assert(TKM_CRYPT_OVERHEAD == 1 + TKM_XAES_NONCE + TAG);
/* The sizes of keyctl_pkey_query(3) have 16 bits. */
static_assert(TKM_CRYPT_OVERHEAD + TKM_CRYPT_MAX == U16_MAX);

/* Everything that an operation wipes. */
struct cipher_work {
	u8 key[32];
	u8 message_key[32];
	u8 nonce[GCM_NONCE];
};

static struct crypto_aead *aead_for(const struct tkm_payload *payload,
				    const u8 nonce[TKM_XAES_NONCE],
				    struct cipher_work *w)
{
	static const char label[] = "tkm crypt v1";
	const struct tkm_piece info = { label, sizeof(label) - 1 };
	struct crypto_aead *aead;
	int ret;

	aead = crypto_alloc_aead("gcm(aes)", 0, 0);
	if (IS_ERR(aead))
		return PTR_ERR(aead) == -ENOENT ? ERR_PTR(-EOPNOTSUPP) : aead;
	tkm_hkdf(payload->data, payload->data_len, &info, 1, w->key,
		 sizeof(w->key));
	memcpy(w->nonce, nonce + TKM_XAES_NONCE - GCM_NONCE, GCM_NONCE);
	ret = tkm_xaes_key(w->key, nonce, w->message_key);
	/* It may take memory for a moment. */
	if (!ret)
		ret = crypto_aead_setkey(aead, w->message_key, 32);
	if (!ret)
		ret = crypto_aead_setauthsize(aead, TAG);
	if (!ret)
		return aead;
	crypto_free_aead(aead);
	return ERR_PTR(ret == -ENOMEM ? -ENOMEM : -EIO);
}

/* Associated data, then @len bytes: the request wants one list of both. */
static void lists(struct scatterlist sg[2], u8 *aad, size_t aad_len,
		  const u8 *data, size_t len)
{
	unsigned int n = (aad_len ? 1 : 0) + (len ? 1 : 0);

	sg_init_table(sg, n ?: 1);
	if (aad_len)
		sg_set_buf(&sg[0], aad, aad_len);
	if (len)
		sg_set_buf(&sg[n - 1], data, len);
}

static int apply(struct crypto_aead *aead, struct cipher_work *w, u8 *aad,
		 size_t aad_len, const u8 *in, size_t in_len, u8 *out,
		 size_t out_len, bool encrypt)
{
	struct scatterlist src[2], dst[2];
	struct aead_request *req;
	DECLARE_CRYPTO_WAIT(wait);
	int ret;

	req = aead_request_alloc(aead, GFP_KERNEL);
	if (!req)
		return -ENOMEM;
	lists(src, aad, aad_len, in, in_len);
	lists(dst, aad, aad_len, out, out_len);
	aead_request_set_ad(req, aad_len);
	aead_request_set_crypt(req, src, dst, in_len, w->nonce);
	aead_request_set_callback(req, CRYPTO_TFM_REQ_MAY_SLEEP,
				  crypto_req_done, &wait);
	ret = encrypt ? crypto_aead_encrypt(req) : crypto_aead_decrypt(req);
	ret = crypto_wait_req(ret, &wait);
	/* Its context has had the key's schedule on some architectures. */
	kfree_sensitive(req);
	return ret;
}

/* The request reads and (with a list of its own) writes associated data. */
static int aad_get(const struct tkm_encoding *e, u8 **aad)
{
	*aad = NULL;
	if (!e->aad_len)
		return 0;
	*aad = kmalloc(e->aad_len, GFP_KERNEL);
	if (!*aad)
		return -ENOMEM;
	return tkm_hex_decode(e->aad, 2 * e->aad_len, *aad);
}

static int run(const struct tkm_payload *payload, const struct tkm_encoding *e,
	       const u8 *nonce, const u8 *in, size_t in_len, u8 *out,
	       size_t out_len, bool encrypt)
{
	struct crypto_aead *aead;
	struct cipher_work *w;
	u8 *aad;
	int ret;

	w = kzalloc(sizeof(*w), GFP_KERNEL);
	ret = aad_get(e, &aad);
	if (!w)
		ret = -ENOMEM;
	if (ret)
		goto out;
	aead = aead_for(payload, nonce, w);
	if (IS_ERR(aead)) {
		ret = PTR_ERR(aead);
		goto out;
	}
	ret = apply(aead, w, aad, e->aad_len, in, in_len, out, out_len,
		    encrypt);
	crypto_free_aead(aead);
out:
	kfree(aad);
	kfree_sensitive(w);
	return ret;
}

/**
 * tkm_cipher_encrypt() - make a message
 * @payload: a data key
 * @e: enc gcm, and its associated data
 * @in: of kmalloc's
 * @len: its length, at most TKM_CRYPT_MAX
 * @out: room for @len + TKM_CRYPT_OVERHEAD, of kmalloc's
 *
 * Return: the message's length; -EKEYREJECTED when this key has made
 * TKM_CRYPT_MESSAGES since it was loaded; -EOPNOTSUPP without AES-GCM in this
 * kernel; -ENOMEM; -EIO.
 */
long tkm_cipher_encrypt(struct tkm_payload *payload,
			const struct tkm_encoding *e, const u8 *in, size_t len,
			u8 *out)
{
	u8 *nonce = out + 1, *body = nonce + TKM_XAES_NONCE;
	int ret;

	if (atomic64_inc_return(&payload->messages) > TKM_CRYPT_MESSAGES) {
		atomic64_dec(&payload->messages);
		return -EKEYREJECTED;
	}
	out[0] = VERSION;
	get_random_bytes(nonce, TKM_XAES_NONCE);
	ret = run(payload, e, nonce, in, len, body, len + TAG, true);
	return ret ? ret : (long)len + TKM_CRYPT_OVERHEAD;
}

/**
 * tkm_cipher_decrypt() - open a message
 * @payload: a data key
 * @e: enc gcm, and its associated data
 * @in: of kmalloc's
 * @len: its length
 * @out: room for @len - TKM_CRYPT_OVERHEAD, of kmalloc's; wiped on failure
 *
 * Return: the content's length; -EBADMSG when the message is another key's, was
 * changed, is none, or has other associated data; else as above.
 */
long tkm_cipher_decrypt(struct tkm_payload *payload,
			const struct tkm_encoding *e, const u8 *in, size_t len,
			u8 *out)
{
	const u8 *nonce = in + 1, *body = nonce + TKM_XAES_NONCE;
	size_t content = len - TKM_CRYPT_OVERHEAD;
	int ret;

	if (len < TKM_CRYPT_OVERHEAD || in[0] != VERSION)
		return -EBADMSG;
	ret = run(payload, e, nonce, body, content + TAG, out, content, false);
	if (!ret)
		return content;
	memzero_explicit(out, content);
	return ret;
}
