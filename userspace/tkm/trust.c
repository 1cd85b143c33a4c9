// SPDX-License-Identifier: GPL-2.0
/* Whether another platform's credential is to be believed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ak.h"
#include "attest.h"
#include "endorsement.h"
#include "trust.h"

/* Of a folder of CAs: more is a mistake. */
#define CA_FILE_MAX	(1 << 20)
#define CA_FILES	4096
#define DEPTH		8
/* Of TKMRK, all of them and no other. */
#define ROOT_ATTRIBUTES							\
	(TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |		\
	 TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |	\
	 TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT)
/* TCG EK Credential Profile: the purpose, and what names a TPM. */
#define OID_EK		"2.23.133.8.1"
#define OID_MAKER	"2.23.133.2.1"

__attribute__((format(printf, 3, 4)))
static int fails(struct finding *finding, const char *check, const char *format,
		 ...)
{
	va_list args;

	finding->check = check;
	va_start(args, format);
	vsnprintf(finding->why, sizeof(finding->why), format, args);
	va_end(args);
	return -EKEYREJECTED;
}

/* ---- the folder of CAs ----------------------------------------------------------- */

static int add_pem(X509_STORE *store, BIO *bio)
{
	X509 *cert;
	int n = 0;

	while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		n += X509_STORE_add_cert(store, cert);
		X509_free(cert);
	}
	return n;
}

static int add_file(X509_STORE *store, int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	X509 *cert = NULL;
	BIO *bio = NULL;
	int n = 0;

	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) &&
	    st.st_size <= CA_FILE_MAX)
		bio = BIO_new_fd(fd, BIO_NOCLOSE);
	if (bio)
		n = add_pem(store, bio);
	BIO_free(bio);
	/* No PEM: DER, then. */
	if (bio && !n && lseek(fd, 0, SEEK_SET) == 0) {
		bio = BIO_new_fd(fd, BIO_NOCLOSE);
		cert = bio ? d2i_X509_bio(bio, NULL) : NULL;
		n = cert ? X509_STORE_add_cert(store, cert) : 0;
		X509_free(cert);
		BIO_free(bio);
	}
	if (fd >= 0)
		close(fd);
	ERR_clear_error();
	return n;
}

X509_STORE *trust_folder(const char *folder, int *err)
{
	X509_STORE *store = X509_STORE_new();
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int n = 0, files = 0;

	*err = dir ? -ENOENT : -errno;
	while (dir && store && (entry = readdir(dir)) && files++ < CA_FILES)
		n += add_file(store, dirfd(dir), entry->d_name);
	if (dir)
		closedir(dir);
	if (n)
		return store;
	X509_STORE_free(store);
	return NULL;
}

/* ---- certificates ------------------------------------------------------------------- */

/* All of it, and written the one way. */
static X509 *certificate_of(const struct credential_ek *ek)
{
	const u8 *p = ek->cert;
	X509 *cert = d2i_X509(NULL, &p, (long)ek->cert_len);
	u8 *again = NULL;
	int n;

	if (!cert)
		return NULL;
	n = i2d_X509(cert, &again);
	if (p != ek->cert + ek->cert_len || n != (int)ek->cert_len ||
	    memcmp(again, ek->cert, ek->cert_len)) {
		X509_free(cert);
		cert = NULL;
	}
	OPENSSL_free(again);
	return cert;
}

static bool names_a_maker(const X509_NAME *name)
{
	ASN1_OBJECT *maker = OBJ_txt2obj(OID_MAKER, 1);
	bool is = maker && X509_NAME_get_index_by_OBJ(name, maker, -1) >= 0;

	ASN1_OBJECT_free(maker);
	return is;
}

/* subjectAltName, critical in most of them: the TPM's maker, model and version. */
static bool is_for_a_tpm(X509 *cert)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL,
						NULL);
	const GENERAL_NAME *name;
	bool is = false;
	int i;

	for (i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		name = sk_GENERAL_NAME_value(names, i);
		is |= name->type == GEN_DIRNAME &&
		      names_a_maker(name->d.directoryName);
	}
	GENERAL_NAMES_free(names);
	return is;
}

/* A purpose, if any is said, is that of an endorsement key. */
static bool purpose_fits(X509 *cert)
{
	EXTENDED_KEY_USAGE *uses = X509_get_ext_d2i(cert, NID_ext_key_usage,
						    NULL, NULL);
	ASN1_OBJECT *ek = OBJ_txt2obj(OID_EK, 1);
	bool is = !uses && X509_get_ext_by_NID(cert, NID_ext_key_usage, -1) < 0;
	int i;

	for (i = 0; uses && ek && i < sk_ASN1_OBJECT_num(uses); i++)
		is |= !OBJ_cmp(sk_ASN1_OBJECT_value(uses, i), ek);
	ASN1_OBJECT_free(ek);
	EXTENDED_KEY_USAGE_free(uses);
	return is;
}

static bool usage_fits(X509 *cert)
{
	bool rsa = EVP_PKEY_is_a(X509_get0_pubkey(cert), "RSA");
	u32 usage = X509_get_key_usage(cert);

	return usage != UINT32_MAX &&
	       usage & (rsa ? KU_KEY_ENCIPHERMENT : KU_KEY_AGREEMENT);
}

static int check_chain(X509 *cert, X509_STORE *store, struct finding *finding)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int ret = -ENOMEM, code;
	X509_VERIFY_PARAM *param;

	if (ctx && X509_STORE_CTX_init(ctx, store, cert, NULL)) {
		param = X509_STORE_CTX_get0_param(ctx);
		X509_VERIFY_PARAM_set_depth(param, DEPTH);
		/* No SHA-1, no short keys. */
		X509_VERIFY_PARAM_set_auth_level(param, 1);
		ret = X509_verify_cert(ctx) == 1 ? 0 : -EKEYREJECTED;
		code = X509_STORE_CTX_get_error(ctx);
		if (ret)
			fails(finding, "ek-certificate", "%s%s",
			      X509_verify_cert_error_string(code),
			      X509_STORE_CTX_get_error_depth(ctx) ?
				      " (of a CA)" : "");
	}
	X509_STORE_CTX_free(ctx);
	return ret;
}

static int check_certificate(X509 *cert, X509_STORE *store,
			     struct finding *finding)
{
	static const char *const check = "ek-certificate";

	if (!cert)
		return fails(finding, check, "it is no certificate in DER, or has something behind it");
	if (!X509_get0_pubkey(cert))
		return fails(finding, check, "its key is none that is known");
	if (!X509_NAME_cmp(X509_get_subject_name(cert),
			   X509_get_issuer_name(cert)))
		return fails(finding, check, "it issued itself");
	/* That one counts no CA that may not sign. */
	if (X509_check_ca(cert) || X509_get_extension_flags(cert) & EXFLAG_CA)
		return fails(finding, check, "it is a CA's");
	if (!usage_fits(cert))
		return fails(finding, check, "its key usage is not that of an endorsement key");
	if (!purpose_fits(cert))
		return fails(finding, check, "its extended key usage is not that of an endorsement key");
	if (!is_for_a_tpm(cert))
		return fails(finding, check, "it names no TPM's maker");
	return check_chain(cert, store, finding);
}

int trust_certificate(const struct credential_ek *ek, X509_STORE *store,
		      struct finding *finding)
{
	X509 *cert = certificate_of(ek);
	int ret = check_certificate(cert, store, finding);

	X509_free(cert);
	ERR_clear_error();
	return ret;
}

/* ---- endorsement keys and AK ------------------------------------------------------------ */

int trust_ek(const struct credential_ek *ek, struct finding *finding)
{
	const struct endorsement *row = endorsement_of(ek->index);
	X509 *cert = certificate_of(ek);
	EVP_PKEY *key = attest_key(&ek->area.pub);
	int ret = 0;

	if (!cert || !key || EVP_PKEY_eq(key, X509_get0_pubkey(cert)) != 1)
		ret = fails(finding, "ek-public",
			    "the endorsement key is not the one in its certificate");
	else if (!row || !endorsement_fits(row, &ek->area.pub))
		ret = fails(finding, "ek-public",
			    "the endorsement key is not of the TCG's template");
	EVP_PKEY_free(key);
	X509_free(cert);
	ERR_clear_error();
	return ret;
}

static int check_ak(const struct area *ak, struct finding *finding)
{
	if (!ak_attributes_ok(ak->pub.objectAttributes))
		return fails(finding, "ak-attributes",
			     "the attestation key signs more than a TPM's own words, or could leave its TPM");
	if (!ak_public_ok(&ak->pub))
		return fails(finding, "ak-attributes",
			     "the attestation key is of another sort than tkm's");
	return 0;
}

/* ---- what the AK said --------------------------------------------------------------------- */

static int check_signature(const struct area *ak, const struct certify *certify,
			   struct finding *finding)
{
	TPMT_SIGNATURE signature;

	if (attest_signature(certify->signature, certify->signature_len,
			     &signature) ||
	    attest_verify(&ak->pub, &signature, certify->attest,
			  certify->attest_len))
		return fails(finding, "signature",
			     "the attestation key did not sign that");
	return 0;
}

/* Of a primary key of the endorsement hierarchy. */
static bool signer_fits(const struct area *ak, const TPM2B_NAME *signer)
{
	u8 qualified[TKM_NAME_SIZE];

	attest_qualified(TPM2_RH_ENDORSEMENT, NULL, ak->name, qualified);
	return signer->size == sizeof(qualified) &&
	       !memcmp(signer->name, qualified, sizeof(qualified));
}

int trust_certified(const struct area *ak, const struct area *key,
		    const struct certify *certify, const u8 hash[32],
		    const char *check, struct finding *finding)
{
	const TPM2B_NAME *name;
	TPMS_ATTEST attest;
	int ret;

	ret = check_signature(ak, certify, finding);
	if (ret)
		return ret;
	ret = attest_read(certify->attest, certify->attest_len, &attest);
	if (ret == -EPROTO)
		return fails(finding, "magic", "no TPM made up what was signed");
	if (ret)
		return fails(finding, "type", "what was signed is nothing that a TPM says");
	if (attest.type != TPM2_ST_ATTEST_CERTIFY)
		return fails(finding, "type", "what was signed certifies no key");
	if (attest.extraData.size != 32 ||
	    memcmp(attest.extraData.buffer, hash, 32))
		return fails(finding, "nonce", "what was signed is about something else");
	if (!signer_fits(ak, &attest.qualifiedSigner))
		return fails(finding, "signer",
			     "the attestation key is not of the endorsement hierarchy");
	name = &attest.attested.certify.name;
	if (name->size != key->name_len ||
	    memcmp(name->name, key->name, key->name_len))
		return fails(finding, check, "what was certified is another key");
	return 0;
}

static int check_certify(const struct credential *credential,
			 const struct certify *certify, const u8 hash[32],
			 struct finding *finding)
{
	return trust_certified(&credential->ak, &credential->tkmrk, certify,
			       hash, "tkmrk-name", finding);
}

static int check_root(const struct area *root, struct finding *finding)
{
	const TPMT_PUBLIC *pub = &root->pub;
	const TPMT_SYM_DEF_OBJECT *sym = &pub->parameters.eccDetail.symmetric;

	if (pub->objectAttributes != ROOT_ATTRIBUTES)
		return fails(finding, "tkmrk-attributes",
			     "the root key is no storage key that never leaves its TPM");
	if (pub->type != TPM2_ALG_ECC || pub->nameAlg != TPM2_ALG_SHA256 ||
	    pub->parameters.eccDetail.curveID != TPM2_ECC_NIST_P256 ||
	    sym->algorithm != TPM2_ALG_AES || sym->keyBits.aes != 128 ||
	    sym->mode.aes != TPM2_ALG_CFB)
		return fails(finding, "tkmrk-attributes",
			     "the root key is of another sort than tkm's");
	return 0;
}

/* ---- all together -------------------------------------------------------------------------- */

int trust_choose(const struct credential *credential, X509_STORE *store,
		 unsigned int *ek, struct finding *finding)
{
	struct finding other;
	int ret;

	for (*ek = 0; *ek < credential->n_ek; ++*ek) {
		ret = trust_certificate(&credential->ek[*ek], store,
					*ek ? &other : finding);
		if (ret != -EKEYREJECTED)
			return ret;
	}
	return -EKEYREJECTED;
}

int trust_credential(const struct credential *credential, X509_STORE *store,
		     unsigned int *ek, struct finding *finding)
{
	u8 hash[32];
	int ret;

	ret = trust_choose(credential, store, ek, finding);
	ret = ret ? ret : trust_ek(&credential->ek[*ek], finding);
	ret = ret ? ret : check_ak(&credential->ak, finding);
	ret = ret ? ret : credential_signed(credential, hash);
	ret = ret ? ret : check_certify(credential, &credential->certify, hash,
					finding);
	return ret ? ret : check_root(&credential->tkmrk, finding);
}

int trust_answer(const struct credential *credential, const struct answer *answer,
		 const u8 hash[32], struct finding *finding)
{
	return check_certify(credential, &answer->certify, hash, finding);
}
