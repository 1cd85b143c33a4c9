/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A platform as OpenSSL makes one up: a maker's CA, an endorsement key with its
 * certificate, and an attestation key that says of itself what a TPM would say.
 */
#ifndef TKM_UNIT_PLATFORM_H
#define TKM_UNIT_PLATFORM_H

#include <openssl/ecdsa.h>
#include <openssl/x509v3.h>
#include <tss2/tss2_mu.h>

#include "../../userspace/tkm/attest.h"
#include "../../userspace/tkm/endorsement.h"
#include "../../userspace/tkm/trust.h"

#define DAY	86400L
#define SAN	"critical,dirName:tpm"
#define EKU	"2.23.133.8.1"

/* What a certificate is to be; 0 and NULL: as it should. */
struct paper {
	long from, to;		/* in seconds from now */
	const char *basic, *usage, *purpose, *name;
	bool bare;		/* without any of these */
	bool self;		/* its issuer is its subject */
	EVP_PKEY *signer;	/* not the CA's key */
	const char *hash;
};

struct platform {
	EVP_PKEY *ca, *ek, *ak;
	X509 *root;
	X509_STORE *store;
	struct credential credential;
};

static inline X509_NAME *name_of(const char *cn)
{
	X509_NAME *name = X509_NAME_new();

	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const u8 *)cn, -1,
				   -1, 0);
	return name;
}

static inline void extend(X509 *cert, int nid, const char *value)
{
	static const char section[] = "[tpm]\ntpm.2.23.133.2.1=id:00001014\n"
				      "[person]\nCN=somebody\n";
	CONF *conf = NCONF_new(NULL);
	BIO *bio = BIO_new_mem_buf(section, -1);
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	if (!value || !*value)
		goto out;
	assert_int_equal(NCONF_load_bio(conf, bio, NULL), 1);
	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_nconf(&ctx, conf);
	ext = X509V3_EXT_nconf_nid(conf, &ctx, nid, value);
	assert_non_null(ext);
	X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
out:
	BIO_free(bio);
	NCONF_free(conf);
}

static inline X509 *certify(EVP_PKEY *subject, const char *cn, X509 *issuer,
			    EVP_PKEY *signer, const struct paper *paper)
{
	X509_NAME *name = name_of(cn);
	X509 *cert = X509_new();
	const char *hash = paper->hash ? paper->hash : "SHA256";

	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 7);
	X509_gmtime_adj(X509_getm_notBefore(cert), paper->from ? paper->from :
								 -DAY);
	X509_gmtime_adj(X509_getm_notAfter(cert), paper->to ? paper->to : DAY);
	X509_set_subject_name(cert, name);
	X509_set_issuer_name(cert, issuer && !paper->self ?
				     X509_get_subject_name(issuer) : name);
	X509_set_pubkey(cert, subject);
	if (!paper->bare) {
		extend(cert, NID_basic_constraints, paper->basic ?
		       paper->basic : "critical,CA:FALSE");
		extend(cert, NID_key_usage, paper->usage ?
		       paper->usage : "keyEncipherment");
		extend(cert, NID_ext_key_usage, paper->purpose ?
		       paper->purpose : EKU);
		extend(cert, NID_subject_alt_name, paper->name ?
		       paper->name : SAN);
	}
	assert_true(X509_sign(cert, paper->signer ? paper->signer : signer,
			      EVP_get_digestbyname(hash)) > 0);
	X509_NAME_free(name);
	return cert;
}

static inline void put_cert(struct credential_ek *ek, X509 *cert)
{
	u8 *p = ek->cert;
	int n = i2d_X509(cert, NULL);

	assert_in_range(n, 1, sizeof(ek->cert));
	ek->cert_len = (size_t)i2d_X509(cert, &p);
}

static inline void number_of(EVP_PKEY *key, const char *which, u8 *out,
			     size_t size)
{
	BIGNUM *n = NULL;

	assert_true(EVP_PKEY_get_bn_param(key, which, &n));
	assert_int_equal(BN_bn2binpad(n, out, (int)size), (int)size);
	BN_free(n);
}

static inline void put_ek(struct credential_ek *ek, u32 index, EVP_PKEY *key)
{
	TPM2B_PUBLIC made;
	TPMU_PUBLIC_ID *unique = &made.publicArea.unique;

	ek->index = index;
	endorsement_template(endorsement_of(index), &made);
	if (made.publicArea.type == TPM2_ALG_RSA) {
		unique->rsa.size = 256;
		number_of(key, "n", unique->rsa.buffer, 256);
	} else {
		unique->ecc.x.size = unique->ecc.y.size =
			(UINT16)(EVP_PKEY_get_bits(key) / 8);
		number_of(key, "qx", unique->ecc.x.buffer, unique->ecc.x.size);
		number_of(key, "qy", unique->ecc.y.buffer, unique->ecc.y.size);
	}
	assert_int_equal(area_take(&ek->area, &made.publicArea), 0);
}

static inline TPMT_PUBLIC ecc_public(u32 attributes, bool storage, EVP_PKEY *key)
{
	TPMT_PUBLIC pub = {
		.type = TPM2_ALG_ECC,
		.nameAlg = TPM2_ALG_SHA256,
		.objectAttributes = attributes,
		.parameters.eccDetail = {
			.symmetric.algorithm = TPM2_ALG_NULL,
			.scheme.scheme = TPM2_ALG_ECDSA,
			.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256,
			.curveID = TPM2_ECC_NIST_P256,
			.kdf.scheme = TPM2_ALG_NULL,
		},
		.unique.ecc = { .x.size = 32, .y.size = 32 },
	};

	if (storage) {
		pub.parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
		pub.parameters.eccDetail.symmetric = (TPMT_SYM_DEF_OBJECT){
			.algorithm = TPM2_ALG_AES, .keyBits.aes = 128,
			.mode.aes = TPM2_ALG_CFB,
		};
		pub.authPolicy.size = 32;
	}
	number_of(key, "qx", pub.unique.ecc.x.buffer, 32);
	number_of(key, "qy", pub.unique.ecc.y.buffer, 32);
	return pub;
}

/* What the AK's TPM would say of TKMRK. */
static inline TPMS_ATTEST said(const struct credential *credential,
			       const u8 about[32])
{
	TPMS_ATTEST attest = {
		.magic = TPM2_GENERATED_VALUE,
		.type = TPM2_ST_ATTEST_CERTIFY,
		.extraData.size = 32,
		.clockInfo = { .clock = 1, .safe = 1 },
		.attested.certify.name.size = TKM_NAME_SIZE,
	};

	attest.qualifiedSigner.size = TKM_NAME_SIZE;
	attest_qualified(TPM2_RH_ENDORSEMENT, NULL, credential->ak.name,
			 attest.qualifiedSigner.name);
	memcpy(attest.extraData.buffer, about, 32);
	memcpy(attest.attested.certify.name.name, credential->tkmrk.name,
	       TKM_NAME_SIZE);
	return attest;
}

static inline void sign_bytes(struct certify *certify, EVP_PKEY *ak)
{
	TPMT_SIGNATURE signature = {
		.sigAlg = TPM2_ALG_ECDSA,
		.signature.ecdsa = {
			.hash = TPM2_ALG_SHA256,
			.signatureR.size = 32, .signatureS.size = 32,
		},
	};
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	u8 der[128];
	const u8 *p = der;
	size_t len = sizeof(der);
	ECDSA_SIG *sig;

	assert_true(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, ak) > 0);
	assert_true(EVP_DigestSign(ctx, der, &len, certify->attest,
				   certify->attest_len) > 0);
	EVP_MD_CTX_free(ctx);
	sig = d2i_ECDSA_SIG(NULL, &p, (long)len);
	BN_bn2binpad(ECDSA_SIG_get0_r(sig),
		     signature.signature.ecdsa.signatureR.buffer, 32);
	BN_bn2binpad(ECDSA_SIG_get0_s(sig),
		     signature.signature.ecdsa.signatureS.buffer, 32);
	ECDSA_SIG_free(sig);
	certify->signature_len = 0;
	assert_int_equal(Tss2_MU_TPMT_SIGNATURE_Marshal(&signature,
			 certify->signature, sizeof(certify->signature),
			 &certify->signature_len), 0);
}

static inline void sign(struct certify *certify, const TPMS_ATTEST *attest,
			EVP_PKEY *ak)
{
	certify->attest_len = 0;
	assert_int_equal(Tss2_MU_TPMS_ATTEST_Marshal(attest, certify->attest,
			 sizeof(certify->attest), &certify->attest_len), 0);
	sign_bytes(certify, ak);
}

/* After a change of its body. */
static inline void sign_again(struct platform *p)
{
	TPMS_ATTEST attest;
	u8 hash[32];

	assert_int_equal(credential_signed(&p->credential, hash), 0);
	attest = said(&p->credential, hash);
	sign(&p->credential.certify, &attest, p->ak);
}

#define AK_OK	0x00050472
#define ROOT_OK	0x00030472

static inline void platform_make(struct platform *p)
{
	static const struct paper ca = { .basic = "critical,CA:TRUE",
					 .usage = "keyCertSign", .purpose = "",
					 .name = "" };
	static const struct paper right = { 0 };
	struct credential *credential = &p->credential;
	TPMT_PUBLIC pub;
	X509 *cert;

	memset(p, 0, sizeof(*p));
	p->ca = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	p->ek = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	p->ak = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	p->root = certify(p->ca, "a maker", NULL, p->ca, &ca);
	p->store = X509_STORE_new();
	X509_STORE_add_cert(p->store, p->root);
	cert = certify(p->ek, "a chip", p->root, p->ca, &right);
	credential->n_ek = 1;
	put_cert(&credential->ek[0], cert);
	X509_free(cert);
	put_ek(&credential->ek[0], 0x01c00002, p->ek);
	pub = ecc_public(AK_OK, false, p->ak);
	assert_int_equal(area_take(&credential->ak, &pub), 0);
	pub = ecc_public(ROOT_OK, true, p->ca);
	assert_int_equal(area_take(&credential->tkmrk, &pub), 0);
	assert_int_equal(area_take(&credential->srk, &pub), 0);
	credential->n_facts = 1;
	strcpy(credential->fact[0].name, "tpm.banks");
	strcpy(credential->fact[0].value, "sha256 sha384");
	sign_again(p);
}

static inline void platform_free(struct platform *p)
{
	X509_STORE_free(p->store);
	X509_free(p->root);
	EVP_PKEY_free(p->ca);
	EVP_PKEY_free(p->ek);
	EVP_PKEY_free(p->ak);
}

#endif /* TKM_UNIT_PLATFORM_H */
