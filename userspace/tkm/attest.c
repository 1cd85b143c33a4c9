// SPDX-License-Identifier: GPL-2.0
/*
 * What a TPM says and signs. tpm2-tss takes the structures apart; that they are that
 * and nothing else is seen by putting them together again.
 */
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "attest.h"
#include "cursor.h"
#include "public.h"

#define COORDINATE_MAX	48

/* ---- structures ------------------------------------------------------------------ */

static bool same(const u8 *p, size_t len, const u8 *q, size_t n)
{
	return len == n && !memcmp(p, q, n);
}

int attest_read(const u8 *p, size_t len, TPMS_ATTEST *attest)
{
	u8 again[sizeof(TPMS_ATTEST)];
	size_t n = 0;

	memset(attest, 0, sizeof(*attest));
	if (len > sizeof(again))
		return -EBADMSG;
	if (len >= 4 && get_unaligned_be32(p) != TPM2_GENERATED_VALUE)
		return -EPROTO;
	if (Tss2_MU_TPMS_ATTEST_Unmarshal(p, len, &n, attest) || n != len)
		return -EBADMSG;
	n = 0;
	if (Tss2_MU_TPMS_ATTEST_Marshal(attest, again, sizeof(again), &n) ||
	    !same(p, len, again, n))
		return -EBADMSG;
	return 0;
}

int attest_public(const u8 *p, size_t len, TPMT_PUBLIC *pub)
{
	u8 again[sizeof(TPMT_PUBLIC)];
	size_t n = 0;

	memset(pub, 0, sizeof(*pub));
	/* They are not mistaken: no area is as long as the number of its type. */
	if (len > 2 && get_unaligned_be16(p) == len - 2) {
		p += 2;
		len -= 2;
	}
	if (len > sizeof(again) ||
	    Tss2_MU_TPMT_PUBLIC_Unmarshal(p, len, &n, pub) || n != len)
		return -EBADMSG;
	n = 0;
	if (Tss2_MU_TPMT_PUBLIC_Marshal(pub, again, sizeof(again), &n) ||
	    !same(p, len, again, n))
		return -EBADMSG;
	return 0;
}

int attest_signature(const u8 *p, size_t len, TPMT_SIGNATURE *signature)
{
	u8 again[sizeof(TPMT_SIGNATURE)];
	size_t n = 0;

	memset(signature, 0, sizeof(*signature));
	if (len > sizeof(again) ||
	    Tss2_MU_TPMT_SIGNATURE_Unmarshal(p, len, &n, signature) || n != len)
		return -EBADMSG;
	n = 0;
	if (Tss2_MU_TPMT_SIGNATURE_Marshal(signature, again, sizeof(again),
					   &n) ||
	    !same(p, len, again, n))
		return -EBADMSG;
	return 0;
}

/* ---- Names ------------------------------------------------------------------------- */

int attest_name(const TPMT_PUBLIC *pub, u8 name[TKM_NAME_SIZE])
{
	u8 area[sizeof(TPMT_PUBLIC)];
	size_t n = 0;

	if (pub->nameAlg != TPM2_ALG_SHA256 ||
	    Tss2_MU_TPMT_PUBLIC_Marshal(pub, area, sizeof(area), &n))
		return -EOPNOTSUPP;
	tkm_public_name(area, n, name);
	return 0;
}

void attest_qualified(u32 hierarchy, const u8 parent[TKM_NAME_SIZE],
		      const u8 name[TKM_NAME_SIZE], u8 out[TKM_NAME_SIZE])
{
	u8 handle[4];
	const struct tkm_piece pieces[] = {
		parent ? (struct tkm_piece){ parent, TKM_NAME_SIZE } :
			 (struct tkm_piece){ handle, sizeof(handle) },
		{ name, TKM_NAME_SIZE },
	};

	put_unaligned_be32(hierarchy, handle);
	put_unaligned_be16(TPM_ALG_SHA256, out);
	tkm_sha256(pieces, 2, out + 2);
}

/* ---- signatures ---------------------------------------------------------------------- */

static EVP_PKEY *rsa_key(const TPMT_PUBLIC *pub)
{
	const TPMS_RSA_PARMS *parms = &pub->parameters.rsaDetail;
	const TPM2B_PUBLIC_KEY_RSA *n = &pub->unique.rsa;

	if (n->size * 8 != parms->keyBits)
		return NULL;
	return public_rsa((struct tkm_piece){ n->buffer, n->size },
			  parms->exponent);
}

static EVP_PKEY *ec_key(const TPMT_PUBLIC *pub)
{
	const TPM2B_ECC_PARAMETER *x = &pub->unique.ecc.x;
	const TPM2B_ECC_PARAMETER *y = &pub->unique.ecc.y;

	return public_ec(pub->parameters.eccDetail.curveID,
			 (struct tkm_piece){ x->buffer, x->size },
			 (struct tkm_piece){ y->buffer, y->size });
}

EVP_PKEY *attest_key(const TPMT_PUBLIC *pub)
{
	switch (pub->type) {
	case TPM2_ALG_RSA:
		return rsa_key(pub);
	case TPM2_ALG_ECC:
		return ec_key(pub);
	default:
		return NULL;
	}
}

static const EVP_MD *hash_of(u16 alg)
{
	switch (alg) {
	case TPM2_ALG_SHA256:
		return EVP_sha256();
	case TPM2_ALG_SHA384:
		return EVP_sha384();
	case TPM2_ALG_SHA512:
		return EVP_sha512();
	default:
		/* SHA-1 proves nothing any more. */
		return NULL;
	}
}

/* DER of r and s; the length, 0 for none. */
static size_t ecdsa_der(const TPMS_SIGNATURE_ECC *from, u8 *out, size_t size)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(from->signatureR.buffer, from->signatureR.size,
			      NULL);
	BIGNUM *s = BN_bin2bn(from->signatureS.buffer, from->signatureS.size,
			      NULL);
	int len = 0;
	u8 *end = out;

	if (!sig || !r || !s || !ECDSA_SIG_set0(sig, r, s)) {
		BN_free(r);
		BN_free(s);
	} else {
		len = i2d_ECDSA_SIG(sig, NULL);
		len = len > 0 && (size_t)len <= size ? i2d_ECDSA_SIG(sig, &end) :
						       0;
	}
	ECDSA_SIG_free(sig);
	return len > 0 ? (size_t)len : 0;
}

/* The scheme that the key itself has; a key of any scheme has TPM_ALG_NULL. */
static u16 scheme_of(const TPMT_PUBLIC *pub)
{
	return pub->type == TPM2_ALG_RSA ?
		       pub->parameters.rsaDetail.scheme.scheme :
		       pub->parameters.eccDetail.scheme.scheme;
}

/**
 * struct signed_as - a signature as OpenSSL takes it
 */
struct signed_as {
	u16 hash;
	int padding;
	const u8 *p;
	size_t len;
	u8 der[3 * COORDINATE_MAX];
};

static bool take_signature(const TPMT_PUBLIC *pub,
			   const TPMT_SIGNATURE *signature, struct signed_as *as)
{
	u16 scheme = scheme_of(pub);

	memset(as, 0, sizeof(*as));
	if (scheme != TPM2_ALG_NULL && scheme != signature->sigAlg)
		return false;
	switch (signature->sigAlg) {
	case TPM2_ALG_RSASSA:
	case TPM2_ALG_RSAPSS:
		as->padding = signature->sigAlg == TPM2_ALG_RSASSA ?
				      RSA_PKCS1_PADDING : RSA_PKCS1_PSS_PADDING;
		as->hash = signature->signature.rsassa.hash;
		as->p = signature->signature.rsassa.sig.buffer;
		as->len = signature->signature.rsassa.sig.size;
		return pub->type == TPM2_ALG_RSA;
	case TPM2_ALG_ECDSA:
		as->hash = signature->signature.ecdsa.hash;
		as->p = as->der;
		as->len = ecdsa_der(&signature->signature.ecdsa, as->der,
				    sizeof(as->der));
		return pub->type == TPM2_ALG_ECC && as->len;
	default:
		return false;
	}
}

int attest_verify(const TPMT_PUBLIC *pub, const TPMT_SIGNATURE *signature,
		  const u8 *p, size_t len)
{
	struct signed_as as;
	EVP_PKEY_CTX *key_ctx;
	const EVP_MD *hash;
	EVP_MD_CTX *ctx;
	EVP_PKEY *pkey;
	bool holds;

	if (!take_signature(pub, signature, &as))
		return -EKEYREJECTED;
	hash = hash_of(as.hash);
	pkey = attest_key(pub);
	ctx = EVP_MD_CTX_new();
	if (!hash || !pkey || !ctx) {
		EVP_PKEY_free(pkey);
		EVP_MD_CTX_free(ctx);
		return -EOPNOTSUPP;
	}
	holds = EVP_DigestVerifyInit(ctx, &key_ctx, hash, NULL, pkey) > 0 &&
		(!as.padding ||
		 EVP_PKEY_CTX_set_rsa_padding(key_ctx, as.padding) > 0) &&
		EVP_DigestVerify(ctx, as.p, as.len, p, len) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return holds ? 0 : -EKEYREJECTED;
}

/* ---- registers ---------------------------------------------------------------------- */

int attest_registers(const TPML_PCR_SELECTION *selection,
		     struct registers *registers)
{
	const TPMS_PCR_SELECTION *one;
	struct tkm_pcrs *pcrs;
	size_t i, k;

	memset(registers, 0, sizeof(*registers));
	if (selection->count > ATTEST_BANKS)
		return -EBADMSG;
	for (i = 0; i < selection->count; i++) {
		one = &selection->pcrSelections[i];
		pcrs = &registers->pcrs[i];
		pcrs->bank = one->hash;
		if (one->sizeofSelect > TPM2_PCR_SELECT_MAX)
			return -EBADMSG;
		for (k = 0; k < one->sizeofSelect; k++)
			pcrs->mask |= (u32)one->pcrSelect[k] << 8 * k;
		if (pcrs->mask >> REGISTERS ||
		    (pcrs->mask && bank_of(pcrs->bank) < 0))
			return -EBADMSG;
		for (k = 0; k < i; k++)
			if (registers->pcrs[k].bank == pcrs->bank)
				return -EBADMSG;
	}
	registers->n = selection->count;
	return 0;
}

static u32 mask_of(const struct registers *registers, u16 bank)
{
	u32 mask = 0;
	size_t i;

	for (i = 0; i < registers->n; i++)
		if (registers->pcrs[i].bank == bank)
			mask |= registers->pcrs[i].mask;
	return mask;
}

bool registers_same(const struct registers *a, const struct registers *b)
{
	int bank;

	for (bank = 0; bank < BANKS; bank++)
		if (mask_of(a, bank_alg(bank)) != mask_of(b, bank_alg(bank)))
			return false;
	return true;
}

bool registers_empty(const struct registers *registers)
{
	static const struct registers none;

	return registers_same(registers, &none);
}

int registers_digest(const struct registers *registers,
		     const struct values *values, u16 alg, u8 *digest)
{
	const EVP_MD *hash = hash_of(alg);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const struct tkm_pcrs *pcrs;
	bool good = hash && ctx && EVP_DigestInit(ctx, hash);
	size_t i;
	int k, bank;

	for (i = 0; good && i < registers->n; i++) {
		pcrs = &registers->pcrs[i];
		bank = bank_of(pcrs->bank);
		for (k = 0; good && k < REGISTERS; k++)
			if (pcrs->mask & BIT(k))
				good = values->known[bank] & BIT(k) &&
				       EVP_DigestUpdate(ctx,
							values->value[bank][k],
							tkm_hash_size(pcrs->bank));
	}
	good = good && EVP_DigestFinal(ctx, digest, NULL);
	EVP_MD_CTX_free(ctx);
	return good ? 0 : -EBADMSG;
}

/* ---- tpm2-tools' file of registers --------------------------------------------------- */

/*
 * Structures of theirs as they lie in memory, numbers little-endian: a selection
 * (a count, 16 of eight bytes each: bank, size, four bytes of bitmap, one of
 * nothing), then a count of lists, each a count, and eight digests of 2 + 64 bytes.
 */
#define LIST_DIGESTS	8
#define DIGEST_ROOM	64

static int read_selection(struct cursor *c, struct registers *registers)
{
	TPML_PCR_SELECTION selection = { .count = cursor_number(c, 4) };
	TPMS_PCR_SELECTION *one;
	const u8 *p;
	size_t i;

	if (selection.count > ATTEST_BANKS)
		return -EBADMSG;
	for (i = 0; i < ATTEST_BANKS; i++) {
		one = &selection.pcrSelections[i];
		one->hash = (u16)cursor_number(c, 2);
		one->sizeofSelect = (u8)cursor_number(c, 1);
		p = cursor_bytes(c, TPM2_PCR_SELECT_MAX);
		cursor_number(c, 1);
		if (!p)
			return -EBADMSG;
		memcpy(one->pcrSelect, p, TPM2_PCR_SELECT_MAX);
	}
	return attest_registers(&selection, registers);
}

/* Digests in a row, of lists whose ends lie anywhere. */
struct digests {
	struct cursor *c;
	u32 lists;		/* that are not begun */
	u32 left;		/* of the one that is */
	u32 unused;		/* places after those */
};

static const u8 *next_digest(struct digests *d, size_t size)
{
	const u8 *p;

	while (!d->left) {
		cursor_bytes(d->c, d->unused * (2 + DIGEST_ROOM));
		if (!d->lists-- || d->c->bad)
			return NULL;
		d->left = cursor_number(d->c, 4);
		if (d->left > LIST_DIGESTS)
			return NULL;
		d->unused = LIST_DIGESTS - d->left;
	}
	d->left--;
	if (cursor_number(d->c, 2) != size)
		return NULL;
	p = cursor_bytes(d->c, DIGEST_ROOM);
	return p;
}

int registers_read(const u8 *p, size_t len, struct registers *registers,
		   struct values *values)
{
	struct cursor c = { .p = p, .len = len };
	struct digests d = { .c = &c };
	const u8 *digest;
	size_t i, size;
	int k, bank;

	memset(values, 0, sizeof(*values));
	if (len > REGISTERS_FILE_MAX || read_selection(&c, registers))
		return -EBADMSG;
	d.lists = cursor_number(&c, 4);
	for (i = 0; i < registers->n; i++) {
		bank = bank_of(registers->pcrs[i].bank);
		for (k = 0; k < REGISTERS; k++) {
			if (!(registers->pcrs[i].mask & BIT(k)))
				continue;
			size = tkm_hash_size(registers->pcrs[i].bank);
			digest = next_digest(&d, size);
			if (!digest)
				return -EBADMSG;
			memcpy(values->value[bank][k], digest, size);
			values->known[bank] |= (u32)BIT(k);
		}
	}
	/* Nothing is left but the places that the last list does not use. */
	if (d.left || d.lists || c.bad ||
	    c.len != d.unused * (2 + DIGEST_ROOM))
		return -EBADMSG;
	return 0;
}

static void put_little(struct tkm_writer *w, u32 v, size_t size)
{
	for (; size--; v >>= 8)
		tkm_put_u8(w, (u8)v);
}

static void put_zeros(struct tkm_writer *w, size_t n)
{
	while (n--)
		tkm_put_u8(w, 0);
}

ssize_t registers_write(const struct registers *registers,
			const struct values *values, u8 *out, size_t size)
{
	const u8 *digests[ATTEST_BANKS * REGISTERS];
	size_t sizes[ATTEST_BANKS * REGISTERS], n = 0, i;
	struct tkm_writer w;
	int k, bank;

	tkm_writer_init(&w, out, size);
	put_little(&w, (u32)registers->n, 4);
	for (i = 0; i < ATTEST_BANKS; i++) {
		const struct tkm_pcrs *pcrs = &registers->pcrs[i];

		if (i >= registers->n) {
			put_zeros(&w, 8);
			continue;
		}
		put_little(&w, pcrs->bank, 2);
		tkm_put_u8(&w, 3);
		put_little(&w, pcrs->mask, 4);
		tkm_put_u8(&w, 0);
		bank = bank_of(pcrs->bank);
		for (k = 0; bank >= 0 && k < REGISTERS; k++) {
			if (!(pcrs->mask & BIT(k)))
				continue;
			digests[n] = values->value[bank][k];
			sizes[n++] = tkm_hash_size(pcrs->bank);
		}
	}
	put_little(&w, (u32)((n + LIST_DIGESTS - 1) / LIST_DIGESTS), 4);
	for (i = 0; i < n; i++) {
		if (i % LIST_DIGESTS == 0)
			put_little(&w, (u32)min_t(size_t, n - i, LIST_DIGESTS), 4);
		put_little(&w, (u32)sizes[i], 2);
		tkm_put_bytes(&w, digests[i], sizes[i]);
		put_zeros(&w, DIGEST_ROOM - sizes[i]);
	}
	for (; i % LIST_DIGESTS; i++)
		put_zeros(&w, 2 + DIGEST_ROOM);
	return w.overflow ? -EMSGSIZE : (ssize_t)w.len;
}

/* ---- questions --------------------------------------------------------------------- */

void attest_extra(const char *purpose, const u8 *nonce, size_t len,
		  u8 extra[32])
{
	static const char label[] = "tkm attest v1";
	const struct tkm_piece pieces[] = {
		{ label, sizeof(label) },
		{ purpose, strlen(purpose) + 1 },
		{ nonce, len },
	};

	tkm_sha256(pieces, ARRAY_SIZE(pieces), extra);
}

int attest_nonce(u8 nonce[NONCE_NEW])
{
	return RAND_bytes(nonce, NONCE_NEW) == 1 ? 0 : -EIO;
}
