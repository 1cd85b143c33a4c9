// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * What TPM sessions compute: SHA-256 and HMAC over pieces, the two key
 * derivations, CFB and OAEP (TPM 2.0 Part 1, "Key Derivation Function",
 * Annexes B and C). And what is made of a data key: keys for one purpose
 * (HKDF), for one message (XAES-256-GCM), and CBC as `encrypted` keys have it.
 *
 * None of it allocates or sleeps, so all of it may run while the chip is
 * held. Whatever could help to find a key is wiped before return.
 */
#include "core.h"

#define HMAC_BLOCK	64 /* of SHA-256, which HMAC fills with the key */
#define AES_BLOCK	16

static void update_pieces(tkm_sha256_ctx *ctx, const struct tkm_piece *pieces,
			  size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (pieces[i].len)
			tkm_sha256_update(ctx, pieces[i].data, pieces[i].len);
}

void tkm_sha256(const struct tkm_piece *pieces, size_t n, u8 out[32])
{
	tkm_sha256_ctx ctx;

	tkm_sha256_init(&ctx);
	update_pieces(&ctx, pieces, n);
	tkm_sha256_final(&ctx, out);
}

/* Starts a hash with the key's block, every byte of it xored with @pad. */
static void hmac_start(tkm_sha256_ctx *ctx, const u8 *key, size_t key_len,
		       u8 pad)
{
	u8 block[HMAC_BLOCK];
	size_t i;

	memset(block, pad, sizeof(block));
	for (i = 0; i < key_len; i++)
		block[i] ^= key[i];
	tkm_sha256_init(ctx);
	tkm_sha256_update(ctx, block, sizeof(block));
	memzero_explicit(block, sizeof(block));
}

void tkm_hmac_sha256(const u8 *key, size_t key_len,
		     const struct tkm_piece *pieces, size_t n, u8 out[32])
{
	u8 short_key[32], inner[32];
	tkm_sha256_ctx ctx;

	if (key_len > HMAC_BLOCK) {
		struct tkm_piece whole = { key, key_len };

		tkm_sha256(&whole, 1, short_key);
		key = short_key;
		key_len = sizeof(short_key);
	}
	hmac_start(&ctx, key, key_len, 0x36);
	update_pieces(&ctx, pieces, n);
	tkm_sha256_final(&ctx, inner);

	hmac_start(&ctx, key, key_len, 0x5c);
	tkm_sha256_update(&ctx, inner, sizeof(inner));
	tkm_sha256_final(&ctx, out);
	memzero_explicit(inner, sizeof(inner));
	memzero_explicit(short_key, sizeof(short_key));
}

void tkm_kdfa(const u8 *key, size_t key_len, const char *label,
	      struct tkm_piece u, struct tkm_piece v, u8 *out, size_t out_len)
{
	u8 counter[4], bits[4], block[32];
	const struct tkm_piece pieces[] = {
		{ counter, sizeof(counter) },
		{ label, strlen(label) + 1 },
		u,
		v,
		{ bits, sizeof(bits) },
	};
	size_t done, n;
	u32 i = 1;

	put_unaligned_be32((u32)out_len * 8, bits);
	for (done = 0; done < out_len; done += n) {
		put_unaligned_be32(i++, counter);
		tkm_hmac_sha256(key, key_len, pieces, ARRAY_SIZE(pieces),
				block);
		n = min_t(size_t, out_len - done, sizeof(block));
		memcpy(out + done, block, n);
	}
	memzero_explicit(block, sizeof(block));
}

void tkm_kdfe(const u8 z[32], const char *label, const u8 u[32],
	      const u8 v[32], u8 out[32])
{
	/* The result is one digest long, so the counter never passes one. */
	static const u8 counter[4] = { 0, 0, 0, 1 };
	const struct tkm_piece pieces[] = {
		{ counter, sizeof(counter) },
		{ z, 32 },
		{ label, strlen(label) + 1 },
		{ u, 32 },
		{ v, 32 },
	};

	tkm_sha256(pieces, ARRAY_SIZE(pieces), out);
}

/*
 * CFB turns the same stream both ways; the next block's input is always the
 * ciphertext, which is the result when encrypting and the source when not.
 */
static int cfb(const u8 key[32], u8 *data, size_t len, bool encrypt)
{
	u8 feedback[AES_BLOCK], stream[AES_BLOCK];
	tkm_aes_key aes;
	size_t i, n;
	u8 c;
	int ret;

	ret = tkm_aes_prepare(&aes, key, 16);
	if (ret) {
		ret = -EINVAL;
		goto out_wipe;
	}
	memcpy(feedback, key + 16, AES_BLOCK);
	for (; len; data += n, len -= n) {
		tkm_aes_block(&aes, stream, feedback);
		n = min_t(size_t, len, AES_BLOCK);
		for (i = 0; i < n; i++) {
			c = data[i];
			data[i] = c ^ stream[i];
			feedback[i] = encrypt ? data[i] : c;
		}
	}
out_wipe:
	memzero_explicit(&aes, sizeof(aes));
	memzero_explicit(stream, sizeof(stream));
	/* Decrypted or not yet encrypted bytes never stand in @feedback. */
	return ret;
}

int tkm_cfb_encrypt(const u8 key[32], u8 *data, size_t len)
{
	return cfb(key, data, len, true);
}

int tkm_cfb_decrypt(const u8 key[32], u8 *data, size_t len)
{
	return cfb(key, data, len, false);
}

void tkm_hkdf(const u8 *ikm, size_t ikm_len, const struct tkm_piece *info,
	      size_t n, u8 *out, size_t out_len)
{
	static const u8 no_salt[32];
	const struct tkm_piece key = { ikm, ikm_len };
	struct tkm_piece pieces[2 + TKM_HKDF_PIECES];
	u8 prk[32], block[32], counter = 0;
	size_t done, i;

	tkm_hmac_sha256(no_salt, sizeof(no_salt), &key, 1, prk);
	/* The block before, which the first has none of; info; a count. */
	pieces[0] = (struct tkm_piece){ block, 0 };
	for (i = 0; i < n; i++)
		pieces[1 + i] = info[i];
	pieces[1 + n] = (struct tkm_piece){ &counter, 1 };
	for (done = 0; done < out_len; done += i) {
		counter++;
		tkm_hmac_sha256(prk, sizeof(prk), pieces, n + 2, block);
		pieces[0].len = sizeof(block);
		i = min_t(size_t, out_len - done, sizeof(block));
		memcpy(out + done, block, i);
	}
	memzero_explicit(prk, sizeof(prk));
	memzero_explicit(block, sizeof(block));
}

/* CMAC's first subkey: the encryption of zero, doubled in GF(2^128). */
static void cmac_subkey(const tkm_aes_key *aes, u8 k1[AES_BLOCK])
{
	static const u8 zero[AES_BLOCK];
	size_t i;
	u8 top;

	tkm_aes_block(aes, k1, zero);
	top = k1[0] >> 7;
	for (i = 0; i < AES_BLOCK - 1; i++)
		k1[i] = (u8)(k1[i] << 1 | k1[i + 1] >> 7);
	/* 0x87 or nothing, without asking the secret bit. */
	k1[AES_BLOCK - 1] = (u8)(k1[AES_BLOCK - 1] << 1 ^ (0x87 & -top));
}

int tkm_xaes_key(const u8 key[32], const u8 nonce[12], u8 out[32])
{
	u8 k1[AES_BLOCK], block[AES_BLOCK];
	tkm_aes_key aes;
	size_t half, i;
	int ret;

	ret = tkm_aes_prepare(&aes, key, 32);
	if (ret) {
		ret = -EINVAL;
		goto out_wipe;
	}
	cmac_subkey(&aes, k1);
	for (half = 0; half < 2; half++) {
		block[0] = 0;
		block[1] = (u8)(half + 1);
		block[2] = 'X';
		block[3] = 0;
		memcpy(block + 4, nonce, 12);
		for (i = 0; i < AES_BLOCK; i++)
			block[i] ^= k1[i];
		tkm_aes_block(&aes, out + half * AES_BLOCK, block);
	}
	memzero_explicit(k1, sizeof(k1));
	memzero_explicit(block, sizeof(block));
out_wipe:
	memzero_explicit(&aes, sizeof(aes));
	return ret;
}

int tkm_cbc_encrypt(const u8 key[32], const u8 iv[16], u8 *data, size_t len)
{
	const u8 *chained = iv;
	tkm_aes_key aes;
	size_t i;
	int ret;

	ret = tkm_aes_prepare(&aes, key, 32);
	if (ret) {
		ret = -EINVAL;
		goto out_wipe;
	}
	for (; len; data += AES_BLOCK, len -= AES_BLOCK) {
		for (i = 0; i < AES_BLOCK; i++)
			data[i] ^= chained[i];
		tkm_aes_block(&aes, data, data);
		chained = data;
	}
out_wipe:
	memzero_explicit(&aes, sizeof(aes));
	return ret;
}

void tkm_hash(const struct tkm_hasher *hasher, const struct tkm_piece *pieces,
	      size_t n, u8 *out)
{
	/* What sessions need is always there, without anything allocated. */
	if (hasher->alg == TPM_ALG_SHA256)
		tkm_sha256(pieces, n, out);
	else
		tkm_shim_hash(hasher->impl, pieces, n, out);
}

int tkm_hasher_open(struct tkm_hasher *hasher, u16 alg)
{
	hasher->alg = alg;
	hasher->size = tkm_hash_size(alg);
	hasher->impl = NULL;
	if (!hasher->size)
		return -EINVAL;
	if (alg == TPM_ALG_SHA256)
		return 0;
	return tkm_shim_hash_open(&hasher->impl, tkm_hash_name(alg));
}

void tkm_hasher_close(struct tkm_hasher *hasher)
{
	if (hasher->impl)
		tkm_shim_hash_close(hasher->impl);
	hasher->impl = NULL;
}

void tkm_mgf1_xor(const struct tkm_hasher *hasher, const u8 *seed,
		  size_t seed_len, u8 *data, size_t len)
{
	u8 counter[4], mask[TKM_HASH_MAX];
	const struct tkm_piece pieces[] = {
		{ seed, seed_len },
		{ counter, sizeof(counter) },
	};
	size_t i, n;
	u32 c = 0;

	for (; len; data += n, len -= n) {
		put_unaligned_be32(c++, counter);
		tkm_hash(hasher, pieces, ARRAY_SIZE(pieces), mask);
		n = min_t(size_t, len, hasher->size);
		for (i = 0; i < n; i++)
			data[i] ^= mask[i];
	}
	memzero_explicit(mask, sizeof(mask));
}

int tkm_oaep_pad(const struct tkm_hasher *hasher, const u8 *msg,
		 size_t msg_len, const void *label, size_t label_len,
		 const u8 *seed, u8 *out, size_t out_len)
{
	const struct tkm_piece label_piece = { label, label_len };
	const size_t size = hasher->size;
	u8 *masked_seed = out + 1, *db = out + 1 + size;
	size_t db_len;

	if (out_len < 2 * size + 2 || msg_len > out_len - 2 * size - 2)
		return -EINVAL;
	db_len = out_len - size - 1;

	/* 0 || seed || db, and db = H(label) || zeros || 1 || message */
	out[0] = 0;
	memcpy(masked_seed, seed, size);
	tkm_hash(hasher, &label_piece, 1, db);
	memset(db + size, 0, db_len - size);
	db[db_len - msg_len - 1] = 1;
	if (msg_len)
		memcpy(db + db_len - msg_len, msg, msg_len);

	tkm_mgf1_xor(hasher, masked_seed, size, db, db_len);
	tkm_mgf1_xor(hasher, db, db_len, masked_seed, size);
	return 0;
}
