// SPDX-License-Identifier: GPL-2.0
/*
 * Approvals: made, read and checked without a TPM. What is computed here the TPM
 * computes again, and takes only what is the same.
 */
#include <openssl/bn.h>
#include <openssl/ecdsa.h>

#include "approval.h"

/* ---- what is approved -------------------------------------------------------------- */

void epoch_name(u32 index, u8 name[TKM_NAME_SIZE])
{
	u8 area[16];
	struct tkm_writer w;

	tkm_writer_init(&w, area, sizeof(area));
	tkm_put_u32(&w, index);
	tkm_put_u16(&w, TPM_ALG_SHA256);
	tkm_put_u32(&w, EPOCH_ATTRIBUTES | EPOCH_WRITTEN);
	tkm_put_u16(&w, 0);		/* authPolicy */
	tkm_put_u16(&w, TKM_EPOCH_SIZE);
	public_name(area, w.len, name);
}

/* The elements of a policy, and the bytes they are made of. */
struct elements {
	struct tkm_policy policy;
	struct tkm_writer w;
	u8 bytes[1536];
};

static void begin_elements(struct elements *e)
{
	e->policy.n = 0;
	tkm_writer_init(&e->w, e->bytes, sizeof(e->bytes));
}

/* What was written since @begin is the body of the next one. */
static void end_element(struct elements *e, u32 cc, size_t begin)
{
	e->policy.el[e->policy.n++] = (struct tkm_policy_element){
		.cc = cc,
		.body = e->bytes + begin,
		.body_len = (u16)(e->w.len - begin),
	};
}

static void add_approved(struct elements *e, const struct approved *approved)
{
	size_t begin;
	u8 name[TKM_NAME_SIZE];
	unsigned int i;

	for (i = 0; i < approved->n; i++) {
		begin = e->w.len;
		tkm_put_tpm2b(&e->w, approved->pcr[i].digest, 32);
		tkm_pcrs_encode(&e->w, &approved->pcr[i].pcrs);
		end_element(e, TPM_CC_POLICY_PCR, begin);
	}
	if (!approved->index)
		return;
	begin = e->w.len;
	epoch_name(approved->index, name);
	tkm_put_u32(&e->w, approved->index);
	tkm_put_tpm2b(&e->w, name, sizeof(name));
	tkm_put_u16(&e->w, TKM_EPOCH_SIZE);
	tkm_put_u32(&e->w, (u32)(approved->epoch >> 32));
	tkm_put_u32(&e->w, (u32)approved->epoch);
	tkm_put_u16(&e->w, 0);		/* offset */
	tkm_put_u16(&e->w, TPM_EO_EQ);
	end_element(e, TPM_CC_POLICY_NV, begin);
}

int approved_digest(const struct approved *approved, u8 digest[32])
{
	struct elements e;

	begin_elements(&e);
	add_approved(&e, approved);
	return tkm_approved_digest(&e.policy, digest);
}

int approval_signed(const char *name, const struct approved *approved,
		    u8 message[APPROVAL_SIGNED])
{
	tkm_policy_ref(name, message + 32);
	return approved_digest(approved, message);
}

/* ---- signatures --------------------------------------------------------------------- */

int approval_sign(EVP_PKEY *pkey, const u8 message[APPROVAL_SIGNED], u8 *out,
		  size_t *len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ret = -EIO;

	*len = SIGNATURE_MAX;
	if (ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, pkey) > 0 &&
	    EVP_DigestSign(ctx, out, len, message, APPROVAL_SIGNED) == 1)
		ret = 0;
	EVP_MD_CTX_free(ctx);
	return ret;
}

const char *approval_words(EVP_PKEY *pkey)
{
	return EVP_PKEY_is_a(pkey, "RSA") ? "enc=pkcs1 hash=sha256" :
					    "enc=x962 hash=sha256";
}

static ssize_t put_ecdsa(struct tkm_writer *w, size_t size, const u8 *der,
			 size_t len)
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
	u8 r[48], s[48];
	bool fits;

	if (!sig)
		return -EBADMSG;
	fits = BN_bn2binpad(ECDSA_SIG_get0_r(sig), r, (int)size) >= 0 &&
	       BN_bn2binpad(ECDSA_SIG_get0_s(sig), s, (int)size) >= 0;
	ECDSA_SIG_free(sig);
	if (!fits)
		return -EBADMSG;
	tkm_put_u16(w, TPM_ALG_ECDSA);
	tkm_put_u16(w, TPM_ALG_SHA256);
	tkm_put_tpm2b(w, r, size);
	tkm_put_tpm2b(w, s, size);
	return 0;
}

ssize_t signature_encode(EVP_PKEY *pkey, const u8 *signature, size_t len,
			 u8 *out, size_t size)
{
	struct tkm_writer w;
	ssize_t ret = 0;

	tkm_writer_init(&w, out, size);
	if (EVP_PKEY_is_a(pkey, "RSA")) {
		if (len != (size_t)EVP_PKEY_get_size(pkey))
			return -EBADMSG;
		tkm_put_u16(&w, TPM_ALG_RSASSA);
		tkm_put_u16(&w, TPM_ALG_SHA256);
		tkm_put_tpm2b(&w, signature, len);
	} else {
		ret = put_ecdsa(&w, tkm_curve_bytes(public_curve(pkey)),
				signature, len);
	}
	if (ret)
		return ret;
	return w.overflow ? -EMSGSIZE : (ssize_t)w.len;
}

/* What OpenSSL checks, of a TPMT_SIGNATURE; the length in @out, 0 for none. */
static size_t signature_decode(const struct tkm_authorize *by, u8 *out,
			       size_t size)
{
	const u8 *p, *q;
	struct tkm_reader r;
	ECDSA_SIG *sig;
	u16 alg, n, m;
	u8 *end = out;
	int len = 0;

	tkm_reader_init(&r, by->sig, by->sig_len);
	alg = tkm_get_u16(&r);
	if (tkm_get_u16(&r) != TPM_ALG_SHA256)
		return 0;
	p = tkm_get_tpm2b(&r, &n);
	if (alg == TPM_ALG_RSASSA) {
		if (!tkm_reader_done(&r) || n > size)
			return 0;
		memcpy(out, p, n);
		return n;
	}
	q = tkm_get_tpm2b(&r, &m);
	if (alg != TPM_ALG_ECDSA || !tkm_reader_done(&r) || n > 48 || m > 48)
		return 0;
	sig = ECDSA_SIG_new();
	if (sig && ECDSA_SIG_set0(sig, BN_bin2bn(p, n, NULL),
				  BN_bin2bn(q, m, NULL)) &&
	    i2d_ECDSA_SIG(sig, NULL) <= (int)size)
		len = i2d_ECDSA_SIG(sig, &end);
	ECDSA_SIG_free(sig);
	return len > 0 ? (size_t)len : 0;
}

/* Of what was approved, and for what. */
static int verify(const struct tkm_authorize *by, const u8 digest[32])
{
	EVP_PKEY *pkey = public_decode(by->pub, by->pub_len);
	u8 message[APPROVAL_SIGNED], signature[SIGNATURE_MAX];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len;
	bool holds;

	len = signature_decode(by, signature, sizeof(signature));
	memcpy(message, digest, 32);
	memcpy(message + 32, by->ref, 32);
	holds = pkey && len && ctx &&
		EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, pkey) > 0 &&
		EVP_DigestVerify(ctx, signature, len, message,
				 sizeof(message)) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return holds ? 0 : -EKEYREJECTED;
}

/* ---- DER -------------------------------------------------------------------------- */

ssize_t approval_encode(const char *name, const u8 *pub, size_t pub_len,
			const struct approved *approved, const u8 *signature,
			size_t signature_len, u8 *out, size_t size)
{
	static const u8 unsigned_yet[] = { 0x00, TPM_ALG_NULL };
	struct elements e;
	u8 ref[32];

	begin_elements(&e);
	tkm_policy_ref(name, ref);
	tkm_put_tpm2b(&e.w, pub, pub_len);
	tkm_put_tpm2b(&e.w, ref, sizeof(ref));
	if (signature)
		tkm_put_bytes(&e.w, signature, signature_len);
	else
		tkm_put_bytes(&e.w, unsigned_yet, sizeof(unsigned_yet));
	end_element(&e, TPM_CC_POLICY_AUTHORIZE, 0);
	add_approved(&e, approved);
	if (e.w.overflow)
		return -EMSGSIZE;
	return tkm_auth_policy_encode(name, &e.policy, out,
				      min_t(size_t, size, TKM_APPROVAL_MAX));
}

int approval_read(const struct tkm_policy *policy, struct approved *approved)
{
	struct tkm_policy_pcr pcr;
	struct tkm_policy_nv nv;
	unsigned int i;

	memset(approved, 0, sizeof(*approved));
	for (i = 0; i < policy->n; i++) {
		if (policy->el[i].cc == TPM_CC_POLICY_NV) {
			if (tkm_policy_nv_decode(&policy->el[i], &nv))
				return -EBADMSG;
			approved->index = nv.index;
			approved->epoch =
				(u64)get_unaligned_be32(nv.epoch) << 32 |
				get_unaligned_be32(nv.epoch + 4);
			continue;
		}
		if (policy->el[i].cc != TPM_CC_POLICY_PCR ||
		    approved->n == APPROVED_PCRS ||
		    tkm_policy_pcr_decode(&policy->el[i], &pcr) ||
		    tkm_pcrs_decode(pcr.selection, pcr.selection_len,
				    &approved->pcr[approved->n].pcrs))
			return -EBADMSG;
		memcpy(approved->pcr[approved->n++].digest, pcr.digest, 32);
	}
	return 0;
}

int approval_to_sign(const u8 *der, size_t len, struct approved *approved)
{
	struct tkm_authorize by;
	struct tkm_policy policy;

	if (tkm_auth_policy_decode(der, len, &policy) ||
	    policy.el[0].cc != TPM_CC_POLICY_AUTHORIZE ||
	    tkm_authorize_decode(&policy.el[0], &by) || by.sig)
		return -EBADMSG;
	policy.n--;
	memmove(policy.el, policy.el + 1, policy.n * sizeof(policy.el[0]));
	return approval_read(&policy, approved);
}

int approval_verify(const struct tkm_approval *approval)
{
	return verify(&approval->by, approval->digest);
}

/* ---- moves ------------------------------------------------------------------------- */

void permit_signed(const u8 object[TKM_NAME_SIZE], const u8 parent[TKM_NAME_SIZE],
		   u8 message[APPROVAL_SIGNED])
{
	tkm_duplication_select_digest(object, parent, message);
	tkm_duplicate_ref(message + 32);
}

ssize_t permit_encode(const u8 *pub, size_t pub_len,
		      const u8 object[TKM_NAME_SIZE],
		      const u8 parent[TKM_NAME_SIZE], const u8 *signature,
		      size_t signature_len, u8 *out, size_t size)
{
	struct elements e;
	size_t begin;
	u8 ref[32];

	begin_elements(&e);
	tkm_duplicate_ref(ref);
	tkm_put_tpm2b(&e.w, pub, pub_len);
	tkm_put_tpm2b(&e.w, ref, sizeof(ref));
	tkm_put_bytes(&e.w, signature, signature_len);
	end_element(&e, TPM_CC_POLICY_AUTHORIZE, 0);
	begin = e.w.len;
	tkm_put_tpm2b(&e.w, object, TKM_NAME_SIZE);
	tkm_put_tpm2b(&e.w, parent, TKM_NAME_SIZE);
	tkm_put_u8(&e.w, 1);	/* the object is included */
	end_element(&e, TPM_CC_POLICY_DUPLICATION_SELECT, begin);
	if (e.w.overflow)
		return -EMSGSIZE;
	return tkm_auth_policy_encode(NULL, &e.policy, out,
				      min_t(size_t, size, TKM_APPROVAL_MAX));
}

int permit_verify(const struct tkm_permit *permit)
{
	return verify(&permit->by, permit->digest);
}
