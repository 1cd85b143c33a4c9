// SPDX-License-Identifier: GPL-2.0
/*
 * This machine's credential, and its answers to challenges, from its TPM. All that is
 * loaded is flushed: the resource manager does that too, but only at the end.
 */
#include <openssl/x509.h>

#include "ak.h"
#include "attest.h"
#include "endorsement.h"
#include "platform.h"

#define SRK	0x81000001
/* What every TPM reads of an NV index at once. */
#define NV_PIECE	512

/* ---- TKMRK ------------------------------------------------------------------------- */

static int take_root(const u8 *der, size_t len, struct root_key *root)
{
	struct tkm_chain chain;
	int ret = tkm_blob_decode(der, len, &chain);

	if (ret)
		return ret;
	if (chain.flat)
		return -ENOKEY;
	memcpy(root->pub, chain.obj[0].pub, chain.obj[0].pub_len);
	memcpy(root->priv, chain.obj[0].priv, chain.obj[0].priv_len);
	root->pub_len = chain.obj[0].pub_len;
	root->priv_len = chain.obj[0].priv_len;
	return 0;
}

static int root_of_key(const char *name, struct root_key *root)
{
	libtkm_serial key;
	uint8_t *der = NULL;
	size_t len;
	int ret;

	ret = want_key(name, &key, NULL);
	if (ret)
		return ret;
	ret = libtkm_key_chain(key, &der, &len);
	ret = ret ? ret : take_root(der, len, root);
	free(der);
	if (ret == -ENOKEY)
		return failed_as(ret, "one that was not made with parent=srk",
				 "%s is under no root key of tkm", name);
	return ret ? failed(ret, name) : DONE;
}

static int take_hex(struct json_object *reply, const char *name, u8 *out,
		    size_t *len)
{
	const char *hex = ask_string(reply, name);
	size_t n = strlen(hex);

	*len = n / 2;
	return n && n % 2 == 0 && n / 2 <= AREA_MAX ?
		       tkm_hex_decode(hex, n, out) : -EIO;
}

int platform_root(const char *key, struct root_key *root)
{
	struct json_object *reply;
	int ret;

	if (key)
		return root_of_key(key, root);
	ret = ask(ask_about("tkmrk", NULL), &reply);
	if (ret == -ECONNREFUSED)
		return failed_as(ret, "start tkmd, or --key KEY: one of your keys, which has the root key's chain",
				 "tkmd, which keeps this platform's root key, does not answer");
	if (ret)
		return ask_failed(ret, reply, NULL);
	ret = take_hex(reply, "pub", root->pub, &root->pub_len) ?:
	      take_hex(reply, "priv", root->priv, &root->priv_len);
	json_object_put(reply);
	return ret ? failed(ret, "tkmd") : DONE;
}

/* ---- certificates in the TPM ---------------------------------------------------------- */

static int read_nv(struct chip *chip, u32 index, u8 *out, size_t max,
		   size_t *len)
{
	TPM2B_NV_PUBLIC *pub = NULL;
	TPM2B_MAX_NV_BUFFER *data;
	size_t size, n;
	ESYS_TR nv;
	int ret;

	ret = chip_errno(Esys_TR_FromTPMPublic(chip->esys, index, ESYS_TR_NONE,
					       ESYS_TR_NONE, ESYS_TR_NONE, &nv));
	if (!ret)
		ret = chip_errno(Esys_NV_ReadPublic(chip->esys, nv, ESYS_TR_NONE,
						    ESYS_TR_NONE, ESYS_TR_NONE,
						    &pub, NULL));
	if (ret)
		return ret;
	size = pub->nvPublic.dataSize;
	Esys_Free(pub);
	if (size > max)
		return -E2BIG;
	for (*len = 0; !ret && *len < size; *len += n) {
		n = size - *len < NV_PIECE ? size - *len : NV_PIECE;
		data = NULL;
		ret = chip_errno(Esys_NV_Read(chip->esys, nv, nv,
					      ESYS_TR_PASSWORD, ESYS_TR_NONE,
					      ESYS_TR_NONE, (UINT16)n,
					      (UINT16)*len, &data));
		if (!ret && data->size != n)
			ret = -EIO;
		if (!ret)
			memcpy(out + *len, data->buffer, n);
		Esys_Free(data);
	}
	return ret;
}

/* The index may be longer than what stands in it. */
static EVP_PKEY *key_of_cert(struct credential_ek *ek)
{
	const u8 *p = ek->cert;
	X509 *cert = d2i_X509(NULL, &p, (long)ek->cert_len);
	EVP_PKEY *pkey = cert ? X509_get_pubkey(cert) : NULL;

	if (cert)
		ek->cert_len = (size_t)(p - ek->cert);
	X509_free(cert);
	return pkey;
}

/* ---- endorsement keys ------------------------------------------------------------------ */

/* @made: it is to be flushed. */
struct ek {
	ESYS_TR handle;
	bool made;
	struct area area;
};

/* The one that is there, which spares a TPM a search for primes; else -ENOENT. */
static int find_ek(struct chip *chip, const struct endorsement *row,
		   struct ek *ek)
{
	TPM2B_PUBLIC *pub = NULL;
	int ret;

	ek->made = false;
	ret = chip_errno(Esys_TR_FromTPMPublic(chip->esys, row->handle,
					       ESYS_TR_NONE, ESYS_TR_NONE,
					       ESYS_TR_NONE, &ek->handle));
	if (!ret)
		ret = chip_errno(Esys_ReadPublic(chip->esys, ek->handle,
						 ESYS_TR_NONE, ESYS_TR_NONE,
						 ESYS_TR_NONE, &pub, NULL, NULL));
	if (!ret && (!endorsement_fits(row, &pub->publicArea) ||
		     area_take(&ek->area, &pub->publicArea)))
		ret = -ENOENT;
	Esys_Free(pub);
	return ret;
}

static int make_ek(struct chip *chip, const struct endorsement *row,
		   struct ek *ek)
{
	static const TPM2B_SENSITIVE_CREATE sensitive;
	static const TPML_PCR_SELECTION pcrs;
	static const TPM2B_DATA outside;
	TPM2B_PUBLIC template, *pub = NULL;
	int ret;

	endorsement_template(row, &template);
	ret = chip_errno(Esys_CreatePrimary(chip->esys, ESYS_TR_RH_ENDORSEMENT,
					    ESYS_TR_PASSWORD, ESYS_TR_NONE,
					    ESYS_TR_NONE, &sensitive, &template,
					    &outside, &pcrs, &ek->handle, &pub,
					    NULL, NULL, NULL));
	if (ret)
		return ret;
	ek->made = true;
	ret = area_take(&ek->area, &pub->publicArea);
	if (!ret && !endorsement_fits(row, &pub->publicArea))
		ret = -EIO;
	Esys_Free(pub);
	if (ret)
		Esys_FlushContext(chip->esys, ek->handle);
	return ret;
}

static int get_ek(struct chip *chip, const struct endorsement *row,
		  struct ek *ek)
{
	return find_ek(chip, row, ek) ? make_ek(chip, row, ek) : 0;
}

static void put_ek(struct chip *chip, struct ek *ek)
{
	if (ek->made)
		Esys_FlushContext(chip->esys, ek->handle);
}

static bool certifies(EVP_PKEY *certified, const struct area *area)
{
	EVP_PKEY *key = attest_key(&area->pub);
	bool is = key && EVP_PKEY_eq(key, certified) == 1;

	EVP_PKEY_free(key);
	return is;
}

/* 0; -ENOENT for none; -EINVAL for a certificate of another key. */
static int take_ek(struct chip *chip, const struct endorsement *row,
		   struct credential_ek *ek)
{
	EVP_PKEY *certified;
	struct ek own;
	int ret;

	ek->index = row->index;
	ret = read_nv(chip, row->index, ek->cert, sizeof(ek->cert),
		      &ek->cert_len);
	if (ret)
		return ret;
	certified = key_of_cert(ek);
	if (!certified)
		return -EINVAL;
	ret = get_ek(chip, row, &own);
	if (!ret) {
		ek->area = own.area;
		put_ek(chip, &own);
		ret = certifies(certified, &ek->area) ? 0 : -EINVAL;
	}
	EVP_PKEY_free(certified);
	return ret;
}

static bool is_rsa(u32 index)
{
	TPM2B_PUBLIC template;

	endorsement_template(endorsement_of(index), &template);
	return template.publicArea.type == TPM2_ALG_RSA;
}

/* One RSA key and one on a curve, of each the first. */
static bool has_such(const struct credential *credential, u32 index)
{
	unsigned int i;

	for (i = 0; i < credential->n_ek; i++)
		if (is_rsa(credential->ek[i].index) == is_rsa(index))
			return true;
	return false;
}

static int collect_eks(struct chip *chip, struct credential *credential)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ENDORSEMENTS; i++) {
		if (has_such(credential, endorsements[i].index))
			continue;
		ret = take_ek(chip, &endorsements[i],
			      &credential->ek[credential->n_ek]);
		if (!ret)
			credential->n_ek++;
		else if (ret == -EINVAL)
			warn("the certificate in NV index 0x%08x is none of this TPM's endorsement key, and is left out",
			     endorsements[i].index);
		else if (ret != -ENOENT)
			return ak_failed(ret);
	}
	if (credential->n_ek)
		return DONE;
	return failed_as(-ENOENT, "its maker may have it for download; swtpm_setup --create-ek-cert makes one for an swtpm",
			 "the TPM has no certificate of an endorsement key");
}

/* ---- what the AK says ------------------------------------------------------------------- */

static int load_root(struct chip *chip, const struct root_key *root,
		     ESYS_TR *handle)
{
	TPM2B_PRIVATE priv = { .size = (UINT16)root->priv_len };
	TPM2B_PUBLIC pub = { .size = 0 };
	struct area area;
	ESYS_TR srk;
	int ret;

	ret = area_read(&area, root->pub, root->pub_len);
	if (!ret && root->priv_len > sizeof(priv.buffer))
		ret = -EBADMSG;
	if (ret)
		return ret;
	pub.publicArea = area.pub;
	memcpy(priv.buffer, root->priv, root->priv_len);
	ret = chip_errno(Esys_TR_FromTPMPublic(chip->esys, SRK, ESYS_TR_NONE,
					       ESYS_TR_NONE, ESYS_TR_NONE, &srk));
	return ret ? ret : chip_errno(Esys_Load(chip->esys, srk, ESYS_TR_PASSWORD,
						ESYS_TR_NONE, ESYS_TR_NONE,
						&priv, &pub, handle));
}

static int keep(struct certify *certify, const TPM2B_ATTEST *attest,
		const TPMT_SIGNATURE *signature)
{
	if (attest->size > sizeof(certify->attest))
		return -EIO;
	memcpy(certify->attest, attest->attestationData, attest->size);
	certify->attest_len = attest->size;
	certify->signature_len = 0;
	return Tss2_MU_TPMT_SIGNATURE_Marshal(signature, certify->signature,
					      sizeof(certify->signature),
					      &certify->signature_len) ? -EIO : 0;
}

/* That TKMRK is in this TPM, together with @about. */
static int certify_root(struct chip *chip, const struct ak *ak,
			const struct root_key *root, const u8 about[32],
			struct certify *certify)
{
	const TPMT_SIG_SCHEME scheme = { .scheme = TPM2_ALG_NULL };
	TPM2B_DATA data = { .size = 32 };
	TPMT_SIGNATURE *signature = NULL;
	TPM2B_ATTEST *attest = NULL;
	ESYS_TR handle;
	int ret;

	memcpy(data.buffer, about, 32);
	ret = load_root(chip, root, &handle);
	if (ret)
		return ret;
	ret = chip_errno(Esys_Certify(chip->esys, handle, ak->handle,
				      ESYS_TR_PASSWORD, ESYS_TR_PASSWORD,
				      ESYS_TR_NONE, &data, &scheme, &attest,
				      &signature));
	if (!ret)
		ret = keep(certify, attest, signature);
	Esys_Free(attest);
	Esys_Free(signature);
	Esys_FlushContext(chip->esys, handle);
	return ret;
}

static int root_failed(int err)
{
	return failed_as(err, "was the TPM cleared, or is the key another TPM's? tkm doctor tells",
			 "the TPM does not certify this platform's root key");
}

/* ---- facts ---------------------------------------------------------------------------------- */

static void add_fact(struct credential *credential, const char *name,
		     const char *value)
{
	struct credential_fact *fact;
	size_t i;

	if (!*value || credential->n_facts == CREDENTIAL_FACTS)
		return;
	fact = &credential->fact[credential->n_facts++];
	snprintf(fact->name, sizeof(fact->name), "%s", name);
	snprintf(fact->value, sizeof(fact->value), "%s", value);
	for (i = 0; fact->value[i]; i++)
		if (fact->value[i] < ' ' || fact->value[i] > '~')
			fact->value[i] = '?';
}

static void add_dmi(struct credential *credential, const char *name)
{
	char path[64], fact[32], line[CREDENTIAL_FACT_VALUE + 1] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/dmi/id/%s", name);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fgets(line, sizeof(line), f))
		line[strcspn(line, "\n")] = 0;
	fclose(f);
	snprintf(fact, sizeof(fact), "dmi.%s", name);
	add_fact(credential, fact, line);
}

static void add_banks(struct chip *chip, struct credential *credential)
{
	TPMS_CAPABILITY_DATA *data = NULL;
	const TPMS_PCR_SELECTION *one;
	char list[CREDENTIAL_FACT_VALUE + 1] = "";
	unsigned int i, k, used;

	if (Esys_GetCapability(chip->esys, ESYS_TR_NONE, ESYS_TR_NONE,
			       ESYS_TR_NONE, TPM2_CAP_PCRS, 0, 1, NULL, &data))
		return;
	for (i = 0; i < data->data.assignedPCR.count; i++) {
		one = &data->data.assignedPCR.pcrSelections[i];
		for (k = used = 0; k < one->sizeofSelect; k++)
			used |= one->pcrSelect[k];
		if (used && tkm_hash_name(one->hash))
			snprintf(list + strlen(list), sizeof(list) - strlen(list),
				 "%s%s", *list ? " " : "",
				 tkm_hash_name(one->hash));
	}
	Esys_Free(data);
	add_fact(credential, "tpm.banks", list);
}

static void collect_facts(struct chip *chip, struct credential *credential)
{
	static const char *const dmi[] = {
		"sys_vendor", "product_name", "board_vendor", "board_name",
		"bios_vendor", "bios_version", "bios_date",
	};
	struct tpm tpm;
	size_t i;

	tpm_look(&tpm);
	add_fact(credential, "tpm.manufacturer", tpm.manufacturer);
	add_fact(credential, "tpm.vendor", tpm.vendor);
	add_fact(credential, "tpm.firmware", tpm.firmware);
	add_banks(chip, credential);
	for (i = 0; i < ARRAY_SIZE(dmi); i++)
		add_dmi(credential, dmi[i]);
}

/* ---- all of it -------------------------------------------------------------------------------- */

static int take_srk(struct chip *chip, struct area *area)
{
	TPM2B_PUBLIC *pub = NULL;
	ESYS_TR srk;
	int ret;

	ret = chip_errno(Esys_TR_FromTPMPublic(chip->esys, SRK, ESYS_TR_NONE,
					       ESYS_TR_NONE, ESYS_TR_NONE, &srk));
	if (!ret)
		ret = chip_errno(Esys_ReadPublic(chip->esys, srk, ESYS_TR_NONE,
						 ESYS_TR_NONE, ESYS_TR_NONE,
						 &pub, NULL, NULL));
	if (!ret)
		ret = area_take(area, &pub->publicArea);
	Esys_Free(pub);
	return ret;
}

static int collect(struct chip *chip, const struct root_key *root,
		   struct credential *credential)
{
	struct ak ak;
	u8 hash[32];
	int ret;

	ret = collect_eks(chip, credential);
	if (ret)
		return ret;
	ret = take_srk(chip, &credential->srk);
	if (ret)
		return failed(ret, "the storage root key");
	ret = area_read(&credential->tkmrk, root->pub, root->pub_len);
	if (ret)
		return root_failed(ret);
	collect_facts(chip, credential);
	ret = ak_make(chip, &ak);
	if (ret)
		return ak_failed(ret);
	ret = area_take(&credential->ak, &ak.pub.publicArea);
	ret = ret ? ret : credential_signed(credential, hash);
	ret = ret ? ret : certify_root(chip, &ak, root, hash,
				       &credential->certify);
	ak_flush(chip, &ak);
	return ret ? root_failed(ret) : DONE;
}

static int open_failed(int err)
{
	return err == -EACCES ? failed_as(err, "as root, or of the group tss",
					  "/dev/tpmrm0 is not for you") :
				failed(err, "the TPM");
}

int platform_collect(const struct root_key *root, struct credential *credential)
{
	struct chip chip;
	int ret;

	memset(credential, 0, sizeof(*credential));
	ret = chip_open(&chip);
	if (ret)
		return open_failed(ret);
	progress_begin("the TPM makes its endorsement keys");
	ret = collect(&chip, root, credential);
	progress_end();
	chip_close(&chip);
	return ret;
}

/* ---- answers --------------------------------------------------------------------------------- */

/*
 * What the key's use wants, a value that is empty or a policy, in a session that is
 * salted with the key itself: who listens on the bus does not learn the secret.
 */
static int allow(struct chip *chip, const struct endorsement *row, ESYS_TR ek)
{
	const TPMT_SYM_DEF aes = {
		.algorithm = TPM2_ALG_AES,
		.keyBits.aes = 128,
		.mode.aes = TPM2_ALG_CFB,
	};
	int ret;

	ret = chip_errno(Esys_StartAuthSession(chip->esys, ek, ESYS_TR_NONE,
				ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, NULL,
				row->by_policy ? TPM2_SE_POLICY : TPM2_SE_HMAC,
				&aes, TPM2_ALG_SHA256, &chip->session));
	ret = ret ? ret : chip_errno(Esys_TRSess_SetAttributes(chip->esys,
				chip->session, TPMA_SESSION_ENCRYPT, 0xff));
	if (ret || !row->by_policy)
		return ret;
	return chip_errno(Esys_PolicySecret(chip->esys, ESYS_TR_RH_ENDORSEMENT,
				chip->session, ESYS_TR_PASSWORD, ESYS_TR_NONE,
				ESYS_TR_NONE, NULL, NULL, NULL, 0, NULL, NULL));
}

static int activate(struct chip *chip, const struct ak *ak, ESYS_TR ek,
		    const struct endorsement *row,
		    const struct challenge *challenge, TPM2B_DIGEST **secret)
{
	TPM2B_ENCRYPTED_SECRET encrypted = {
		.size = (UINT16)challenge->secret_len,
	};
	TPM2B_ID_OBJECT id = { .size = (UINT16)challenge->id_len };
	int ret;

	if (challenge->id_len > sizeof(id.credential) ||
	    challenge->secret_len > sizeof(encrypted.secret))
		return -EBADMSG;
	memcpy(id.credential, challenge->id, challenge->id_len);
	memcpy(encrypted.secret, challenge->secret, challenge->secret_len);
	ret = allow(chip, row, ek);
	if (ret)
		return ret;
	ret = chip_errno(Esys_ActivateCredential(chip->esys, ak->handle, ek,
						 ESYS_TR_PASSWORD,
						 chip->session, ESYS_TR_NONE, &id,
						 &encrypted, secret));
	/* The session ends with a success. */
	if (!ret)
		chip->session = ESYS_TR_NONE;
	/* INTEGRITY, VALUE, SIZE and so on: all that is made for another key. */
	return ret == -EIO ? -EKEYREJECTED : ret;
}

static int prove(struct chip *chip, const struct ak *ak,
		 const struct challenge *challenge, struct answer *answer)
{
	const struct endorsement *row = endorsement_of(challenge->index);
	TPM2B_DIGEST *secret = NULL;
	struct ek ek;
	int ret;

	if (!row)
		return failed_as(-EOPNOTSUPP, NULL,
				 "the challenge is for an endorsement key of another sort, 0x%08x",
				 challenge->index);
	ret = get_ek(chip, row, &ek);
	if (ret)
		return ak_failed(ret);
	ret = activate(chip, ak, ek.handle, row, challenge, &secret);
	put_ek(chip, &ek);
	if (ret)
		return failed_as(ret, "give it to the platform that the credential is of",
				 "this TPM cannot answer: the challenge is another one's, or damaged");
	answer_proof(answer->challenge, secret->buffer, secret->size,
		     answer->proof);
	memzero_explicit(secret, sizeof(*secret));
	Esys_Free(secret);
	return DONE;
}

static int respond(struct chip *chip, const struct root_key *root,
		   const struct challenge *challenge, struct answer *answer)
{
	struct ak ak;
	u8 hash[32];
	int ret;

	ret = challenge_hash(challenge, answer->challenge);
	ret = ret ? ret : ak_make(chip, &ak);
	if (ret)
		return ak_failed(ret);
	ret = prove(chip, &ak, challenge, answer);
	if (!ret) {
		answer_signed(answer->challenge, answer->proof, hash);
		ret = certify_root(chip, &ak, root, hash, &answer->certify);
		ret = ret ? root_failed(ret) : DONE;
	}
	ak_flush(chip, &ak);
	return ret;
}

int platform_answer(const struct root_key *root,
		    const struct challenge *challenge, struct answer *answer)
{
	struct chip chip;
	int ret;

	memset(answer, 0, sizeof(*answer));
	ret = chip_open(&chip);
	if (ret)
		return open_failed(ret);
	progress_begin("the TPM makes its endorsement key");
	ret = respond(&chip, root, challenge, answer);
	progress_end();
	chip_close(&chip);
	return ret;
}
