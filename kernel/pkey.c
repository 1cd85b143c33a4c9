// SPDX-License-Identifier: GPL-2.0
/*
 * keyctl_pkey_query(3), _sign, _verify, _encrypt, _decrypt: what they mean for
 * each kind of key. Private halves work in the TPM (pair.c), public ones here,
 * and data keys encrypt in the kernel (cipher.c).
 *
 * The kernel calls without any lock. It asks for the sizes first, refuses
 * input that is longer, and gives us a buffer of the size we named, of which
 * it copies to the caller what we say was written: so nothing longer than the
 * size named is ever returned. A signature to verify is always as long as the
 * longest one, whatever the caller said.
 *
 * max_enc_size and max_dec_size are always the same: keyctl(1) makes room for
 * a ciphertext by the size of a message and for a message by that of a
 * ciphertext, and would be written past its buffer if they differed.
 */
#include <linux/err.h>
#include <linux/keyctl.h>
#include <linux/random.h>
#include <linux/slab.h>

#include <linux/tkm_netlink.h>

#include "tkm_internal.h"

#define SIGNS	(KEYCTL_SUPPORTS_SIGN | KEYCTL_SUPPORTS_VERIFY)
#define HIDES	(KEYCTL_SUPPORTS_ENCRYPT | KEYCTL_SUPPORTS_DECRYPT)

/* What an operation does with a key, and by what right. */
struct purpose {
	unsigned int use;
	enum tkm_way way;
	u32 event;			/* 0: not worth a record */
};

/* How it ended, for the record. */
static void note(const struct purpose *purpose,
		 const struct tkm_payload *payload, long ret)
{
	if (!purpose->event)
		return;
	if (ret >= 0)
		tkm_life_count(payload->life);
	tkm_audit_key(purpose->event, payload, ret < 0 ? ret : 0);
}

/* The key's payload, with a reference, for who may use it so; or an ERR_PTR. */
static struct tkm_payload *payload_for(const struct kernel_pkey_params *params,
				       const struct purpose *purpose)
{
	struct key *key = params->key;
	struct tkm_payload *payload;
	int ret;

	down_read(&key->sem);
	payload = key_is_positive(key) ? dereference_key_locked(key) : NULL;
	ret = key_validate(key);
	if (!payload)
		ret = ret ?: -EKEYREVOKED;
	else
		ret = ret ?: tkm_may_use(key, payload, purpose->use,
					 purpose->way);
	if (payload)
		tkm_payload_get(payload);
	up_read(&key->sem);
	if (!ret)
		return payload;
	if (payload)
		note(purpose, payload, ret);
	tkm_payload_put(payload);
	return ERR_PTR(ret);
}

static int encoding_of(const struct kernel_pkey_params *params,
		       struct tkm_encoding *e)
{
	return tkm_encoding_parse(params->encoding, params->hash_algo, e);
}

/* ---- query ---- */

/*
 * The sizes are the key's, whatever it was made for: the kernel refuses what is
 * longer before it asks whether the key may do that at all, and a key that may
 * not has to say so itself.
 */
static void query_signs(const struct tkm_public *pub,
			const struct tkm_encoding *e,
			struct kernel_pkey_query *info)
{
	unsigned int n = tkm_curve_bytes(pub->curve);

	info->max_data_size = e->hash ? tkm_hash_size(e->hash) : TKM_HASH_MAX;
	if (pub->type == TPM_ALG_RSA)
		info->max_sig_size = pub->x_len;
	else if (e->enc == TKM_ENC_X962)
		info->max_sig_size = 2 + 2 * (3 + n);
	else
		info->max_sig_size = 2 * n;
}

static void query_room(struct kernel_pkey_query *info, u16 size)
{
	info->max_enc_size = size;
	info->max_dec_size = size;
}

static void query_hides(const struct tkm_public *pub,
			struct kernel_pkey_query *info)
{
	if (pub->type == TPM_ALG_ECC)
		query_room(info, 1 + 2 * tkm_curve_bytes(pub->curve));
	else
		query_room(info, pub->x_len);
}

static void query_pair(const struct tkm_payload *payload,
		       const struct tkm_encoding *e,
		       struct kernel_pkey_query *info)
{
	const struct tkm_public *pub = tkm_pair_public(payload);

	info->key_size = tkm_public_bits(pub);
	query_signs(pub, e, info);
	query_hides(pub, info);
	if (payload->rec.uses & TKM_USE_SIGN)
		info->supported_ops |= SIGNS;
	if (payload->rec.uses & TKM_USE_DECRYPT)
		info->supported_ops |= pub->type == TPM_ALG_RSA ?
					       HIDES :
					       KEYCTL_SUPPORTS_DECRYPT;
	/* Encrypting nothing this way gives the public key. */
	if (e->enc == TKM_ENC_SPKI)
		query_room(info, TKM_SPKI_MAX);
}

static void query_data(const struct tkm_payload *payload,
		       struct kernel_pkey_query *info)
{
	info->key_size = 8 * payload->data_len;
	if (payload->rec.uses & TKM_USE_CRYPT) {
		info->supported_ops = HIDES;
		info->key_size = 256;
	}
	query_room(info, TKM_CRYPT_MAX + TKM_CRYPT_OVERHEAD);
}

/**
 * tkm_pkey_query() - what a key can do, and the sizes that go with it
 * @params: key and encoding; which need not go together here
 * @info: every field is filled
 *
 * Sleeps; takes key->sem for reading. No TPM command.
 *
 * Return: 0; -EINVAL for an encoding or hash that is none; what tkm_may_use()
 * gives.
 */
int tkm_pkey_query(const struct kernel_pkey_params *params,
		   struct kernel_pkey_query *info)
{
	static const struct purpose looking = { .use = 0 };
	struct tkm_payload *payload;
	struct tkm_encoding e;
	int ret;

	memset(info, 0, sizeof(*info));
	ret = encoding_of(params, &e);
	if (ret)
		return ret;
	payload = payload_for(params, &looking);
	if (IS_ERR(payload))
		return PTR_ERR(payload);
	if (payload->pair)
		query_pair(payload, &e, info);
	else
		query_data(payload, info);
	tkm_payload_put(payload);
	return 0;
}

/* ---- which encodings go with which key ---- */

static bool hash_signs(u16 hash)
{
	return hash == TPM_ALG_SHA256 || hash == TPM_ALG_SHA384 ||
	       hash == TPM_ALG_SHA512;
}

static int check_signs(const struct tkm_public *pub,
		       const struct tkm_encoding *e, size_t len)
{
	bool fits = pub->type == TPM_ALG_RSA ?
			    e->enc == TKM_ENC_PKCS1 || e->enc == TKM_ENC_PSS :
			    e->enc == TKM_ENC_X962 || e->enc == TKM_ENC_RAW;

	if (!fits || !hash_signs(e->hash) || len != tkm_hash_size(e->hash))
		return -EINVAL;
	return 0;
}

static int check_hides(const struct tkm_public *pub,
		       const struct tkm_encoding *e)
{
	if (pub->type == TPM_ALG_ECC)
		return e->enc == TKM_ENC_ECDH ? 0 : -EINVAL;
	if (e->enc == TKM_ENC_OAEP)
		return e->hash ? 0 : -EINVAL;
	return e->enc == TKM_ENC_PKCS1 || e->enc == TKM_ENC_RAW ? 0 : -EINVAL;
}

/* ---- signatures ---- */

static int verify_rsa(const struct tkm_public *pub,
		      const struct tkm_encoding *e, const u8 *digest,
		      const u8 *sig)
{
	struct {
		u8 sig[TKM_RSA_MAX];
		u8 block[TKM_RSA_MAX];
		u8 want[TKM_RSA_MAX];
	} *w;
	struct tkm_hasher hasher;
	int ret;

	w = kmalloc(sizeof(*w), GFP_KERNEL);
	if (!w)
		return -ENOMEM;
	memcpy(w->sig, sig, pub->x_len);
	ret = tkm_rsa_public(pub, w->sig, w->block);
	if (ret == -EINVAL)
		ret = -EBADMSG;
	if (ret)
		goto out;
	if (e->enc == TKM_ENC_PKCS1) {
		ret = tkm_pkcs1_signed(e->hash, digest, w->want, pub->x_len);
		if (!ret && memcmp(w->block, w->want, pub->x_len))
			ret = -EBADMSG;
		goto out;
	}
	ret = tkm_hasher_open(&hasher, e->hash);
	if (ret)
		goto out;
	ret = tkm_pss_verify(&hasher, digest, w->block, pub->x_len);
	tkm_hasher_close(&hasher);
out:
	kfree(w);
	return ret;
}

/**
 * tkm_signature_verify() - check a signature, without the TPM
 * @pub: the key
 * @e: pkcs1, pss (RSA), raw or x962 (EC, the same here), and a hash
 * @digest: of that hash
 * @sig: bare, as tkm_pair_sign() gives it
 *
 * Return: 0; -EBADMSG when it is another's; -EIO when the key is none; -ENOMEM;
 * -EOPNOTSUPP in a kernel without RSA.
 */
int tkm_signature_verify(const struct tkm_public *pub,
			 const struct tkm_encoding *e, const u8 *digest,
			 const u8 *sig)
{
	if (pub->type == TPM_ALG_RSA)
		return verify_rsa(pub, e, digest, sig);
	return tkm_ecdsa_verify(pub, digest, tkm_hash_size(e->hash), sig,
				sig + tkm_curve_bytes(pub->curve));
}

static long sign(struct tkm_payload *payload, const struct tkm_encoding *e,
		 const u8 *digest, size_t len, u8 *out, size_t size)
{
	const struct tkm_public *pub = tkm_pair_public(payload);
	u8 *sig;
	long ret;

	ret = check_signs(pub, e, len);
	if (ret)
		return ret;
	sig = kmalloc(TKM_RSA_MAX, GFP_KERNEL);
	if (!sig)
		return -ENOMEM;
	ret = tkm_pair_sign(payload, e, digest, sig, TKM_RSA_MAX);
	if (ret < 0)
		goto out;
	len = ret;
	/* A wrong one is someone's on the bus, or gives an RSA key away. */
	ret = tkm_signature_verify(pub, e, digest, sig);
	if (ret == -EBADMSG)
		tkm_pair_doubt(payload);
	if (ret)
		goto out;
	if (e->enc == TKM_ENC_X962) {
		ret = tkm_x962_encode(sig, sig + len / 2, len / 2, out, size);
	} else if (len <= size) {
		memcpy(out, sig, len);
		ret = len;
	} else {
		ret = -EIO;
	}
out:
	kfree(sig);
	return ret;
}

static int verify(const struct tkm_payload *payload,
		  const struct tkm_encoding *e, const u8 *digest, size_t len,
		  const u8 *sig, size_t sig_len)
{
	const struct tkm_public *pub = tkm_pair_public(payload);
	unsigned int n = tkm_curve_bytes(pub->curve);
	u8 bare[2 * TKM_CURVE_MAX];
	int ret;

	ret = check_signs(pub, e, len);
	if (ret)
		return ret;
	if (e->enc == TKM_ENC_X962) {
		ret = tkm_x962_decode(sig, sig_len, bare, bare + n, n);
		if (ret)
			return -EKEYREJECTED;
		sig = bare;
	}
	ret = tkm_signature_verify(pub, e, digest, sig);
	/* As every other key type says it. */
	return ret == -EBADMSG ? -EKEYREJECTED : ret;
}

/* ---- ciphertexts ---- */

static int pad_pkcs1(const u8 *in, size_t len, u8 *block, size_t n)
{
	u8 *random;
	size_t i;
	int ret;

	random = kmalloc(n, GFP_KERNEL);
	if (!random)
		return -ENOMEM;
	get_random_bytes(random, n);
	for (i = 0; i < n; i++)
		while (!random[i])
			get_random_bytes(&random[i], 1);
	ret = tkm_pkcs1_pad(in, len, random, block, n);
	kfree_sensitive(random);
	return ret;
}

static int pad_oaep(u16 hash, const u8 *in, size_t len, u8 *block, size_t n)
{
	struct tkm_hasher hasher;
	u8 seed[TKM_HASH_MAX];
	int ret;

	ret = tkm_hasher_open(&hasher, hash);
	if (ret)
		return ret;
	get_random_bytes(seed, hasher.size);
	ret = tkm_oaep_pad(&hasher, in, len, "", 0, seed, block, n);
	tkm_hasher_close(&hasher);
	memzero_explicit(seed, sizeof(seed));
	return ret;
}

static int pad(const struct tkm_encoding *e, const u8 *in, size_t len,
	       u8 *block, size_t n)
{
	switch (e->enc) {
	case TKM_ENC_PKCS1:
		return pad_pkcs1(in, len, block, n);
	case TKM_ENC_OAEP:
		return pad_oaep(e->hash, in, len, block, n);
	default:
		/* A number, which may be written with fewer digits. */
		memset(block, 0, n - len);
		memcpy(block + n - len, in, len);
		return 0;
	}
}

static long encrypt_rsa(const struct tkm_public *pub,
			const struct tkm_encoding *e, const u8 *in, size_t len,
			u8 *out)
{
	const size_t n = pub->x_len;
	u8 *block;
	int ret;

	ret = check_hides(pub, e);
	if (ret || len > n)
		return ret ?: -EINVAL;
	block = kmalloc(n, GFP_KERNEL);
	if (!block)
		return -ENOMEM;
	ret = pad(e, in, len, block, n);
	if (!ret)
		ret = tkm_rsa_public(pub, block, out);
	kfree_sensitive(block);
	return ret ? ret : (long)n;
}

static long encrypt(struct tkm_payload *payload, const struct tkm_encoding *e,
		    const u8 *in, size_t len, u8 *out, size_t size)
{
	const struct tkm_public *pub;

	if (!payload->pair) {
		if (e->enc != TKM_ENC_GCM || e->hash || len > TKM_CRYPT_MAX)
			return -EINVAL;
		return tkm_cipher_encrypt(payload, e, in, len, out);
	}
	pub = tkm_pair_public(payload);
	if (e->enc == TKM_ENC_SPKI)
		return len || e->hash ? -EINVAL :
					tkm_public_info(pub, out, size);
	if (pub->type != TPM_ALG_RSA)
		return -EOPNOTSUPP;
	return encrypt_rsa(pub, e, in, len, out);
}

static long decrypt_pair(struct tkm_payload *payload,
			 const struct tkm_encoding *e, const u8 *in, size_t len,
			 u8 *out, size_t size)
{
	const struct tkm_public *pub = tkm_pair_public(payload);
	int ret;

	ret = check_hides(pub, e);
	if (ret)
		return ret;
	if (pub->type == TPM_ALG_RSA) {
		if (len != pub->x_len)
			return -EINVAL;
	} else {
		/* SEC 1, 2.3.3: uncompressed. */
		if (len != 1 + 2 * tkm_curve_bytes(pub->curve) || in[0] != 4)
			return -EINVAL;
		in++;
		len--;
	}
	return tkm_pair_decrypt(payload, e, in, len, out, size);
}

static long decrypt(struct tkm_payload *payload, const struct tkm_encoding *e,
		    const u8 *in, size_t len, u8 *out, size_t size)
{
	if (payload->pair)
		return decrypt_pair(payload, e, in, len, out, size);
	return e->enc == TKM_ENC_GCM && !e->hash ?
		tkm_cipher_decrypt(payload, e, in, len, out) : -EINVAL;
}

/* ---- what the kernel calls ---- */

static struct purpose purpose_of(enum kernel_pkey_operation op,
				 const struct tkm_encoding *e)
{
	const unsigned int hides = TKM_USE_DECRYPT | TKM_USE_CRYPT;

	if (op == kernel_pkey_sign)
		return (struct purpose){ TKM_USE_SIGN, TKM_PROTECT,
					 TKM_AUDIT_EVENT_SIGN };
	if (op == kernel_pkey_verify)
		return (struct purpose){ TKM_USE_SIGN, TKM_PROCESS,
					 TKM_AUDIT_EVENT_VERIFY };
	if (op == kernel_pkey_decrypt)
		return (struct purpose){ hides, TKM_PROCESS,
					 TKM_AUDIT_EVENT_DECRYPT };
	/* A public key is nobody's secret. */
	if (e->enc == TKM_ENC_SPKI)
		return (struct purpose){ .use = 0 };
	return (struct purpose){ hides, TKM_PROTECT, TKM_AUDIT_EVENT_ENCRYPT };
}

/**
 * tkm_pkey_eds_op() - encrypt, decrypt or sign
 * @params: key, operation and encoding; in_len as the caller gave it, out_len
 *	as tkm_pkey_query() said
 * @in: params->in_len bytes of kmalloc's
 * @out: params->out_len bytes of kmalloc's
 *
 * Sleeps; takes key->sem for reading, and gives it back before the TPM works.
 *
 * Return: how many bytes of @out are used, or an errno of the table.
 */
int tkm_pkey_eds_op(struct kernel_pkey_params *params, const void *in,
		    void *out)
{
	struct tkm_payload *payload;
	struct purpose purpose;
	struct tkm_encoding e;
	long ret;

	ret = encoding_of(params, &e);
	if (ret)
		return ret;
	purpose = purpose_of(params->op, &e);
	payload = payload_for(params, &purpose);
	if (IS_ERR(payload))
		return PTR_ERR(payload);
	if (params->op == kernel_pkey_sign)
		ret = sign(payload, &e, in, params->in_len, out,
			   params->out_len);
	else if (params->op == kernel_pkey_encrypt)
		ret = encrypt(payload, &e, in, params->in_len, out,
			      params->out_len);
	else
		ret = decrypt(payload, &e, in, params->in_len, out,
			      params->out_len);
	note(&purpose, payload, ret);
	tkm_payload_put(payload);
	return ret;
}

/**
 * tkm_pkey_verify() - verify a signature, in the kernel
 * @params: key and encoding
 * @in: the digest, params->in_len bytes
 * @in2: the signature, params->in2_len bytes, of which X9.62 may use fewer
 *
 * Return: 0; -EKEYREJECTED when it is another's, or of something else;
 * -EINVAL, -ENOMEM, what tkm_may_use() gives.
 */
int tkm_pkey_verify(struct kernel_pkey_params *params, const void *in,
		    const void *in2)
{
	struct tkm_payload *payload;
	struct purpose purpose;
	struct tkm_encoding e;
	int ret;

	ret = encoding_of(params, &e);
	if (ret)
		return ret;
	purpose = purpose_of(kernel_pkey_verify, &e);
	payload = payload_for(params, &purpose);
	if (IS_ERR(payload))
		return PTR_ERR(payload);
	ret = verify(payload, &e, in, params->in_len, in2, params->in2_len);
	note(&purpose, payload, ret);
	tkm_payload_put(payload);
	return ret;
}
