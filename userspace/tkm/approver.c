// SPDX-License-Identifier: GPL-2.0
/*
 * Who approves of keys' moves. A tkm key is taken as tkmd keeps it, and loaded for one
 * signature: one that a keyring has remembers its authorisation value, and would sign for
 * whoever comes by.
 */
#include <keyutils.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <sys/mman.h>
#include <unistd.h>

#include "approver.h"
#include "keyfile.h"
#include "policy.h"

#define KEPT	"%tkm:"

bool approver_is_kept(const char *approver)
{
	return approver && !strncmp(approver, KEPT, strlen(KEPT));
}

/* ---- a key that tkmd keeps --------------------------------------------------------- */

/**
 * struct kept - a tkm key that signs
 * @named: as it was typed
 * @owner: whose it is
 * @description: the one it was made under
 * @der: its chain
 * @len: of that
 * @has_value: it wants an authorisation value
 * @pkey: its public half
 */
struct kept {
	const char *named;
	uid_t owner;
	char description[TKM_DESC_MAX + 1];
	uint8_t *der;
	size_t len;
	bool has_value;
	EVP_PKEY *pkey;
};

static int ask_chain(struct kept *kept)
{
	struct json_object *question = ask_about("show", NULL), *reply;
	const char *hex;
	int ret;

	put_text(question, "key", kept->named + strlen(KEPT));
	json_object_object_add(question, "chain", json_object_new_boolean(true));
	if (kept->owner != geteuid())
		json_object_object_add(question, "owner",
				       json_object_new_int64(kept->owner));
	ret = ask(question, &reply);
	if (ret)
		return ask_failed(ret, reply, kept->named);
	hex = ask_string(reply, "chain");
	ret = libtkm_chain_read(hex, strlen(hex), &kept->der, &kept->len);
	json_object_put(reply);
	return ret ? failed(ret, kept->named) : DONE;
}

/* One in the hierarchy: of a flat key nothing says whose it is. */
static int look(struct kept *kept)
{
	const struct tkm_object *key;
	struct tkm_chain chain;
	struct tkm_record rec;
	int ret;

	ret = tkm_blob_decode(kept->der, kept->len, &chain);
	if (ret)
		return failed(ret, kept->named);
	key = &chain.obj[chain.n - 1];
	if (!chain.flat &&
	    !tkm_record_parse(key->description, key->description_len, &rec) &&
	    rec.uses & TKM_USE_SIGN)
		kept->pkey = public_decode(key->pub, key->pub_len);
	if (!kept->pkey)
		return failed_as(-EINVAL, "tkm new NAME ec --ask-auth makes one that does",
				 "%s does not sign", kept->named);
	snprintf(kept->description, sizeof(kept->description), "%s:%s",
		 rec.app, rec.label);
	kept->has_value = !key->empty_auth;
	return DONE;
}

/* kept_free() whatever comes of it. */
static int kept_take(const char *approver, uid_t owner, struct kept *kept)
{
	int ret;

	*kept = (struct kept){ .named = approver, .owner = owner };
	ret = ask_chain(kept);
	return ret ? ret : look(kept);
}

static void kept_free(struct kept *kept)
{
	EVP_PKEY_free(kept->pkey);
	free(kept->der);
}

/* ---- it signs ------------------------------------------------------------------------ */

/* For the owner's own process. */
struct signing {
	const struct kept *kept;
	const struct secret *value;
	u8 digest[32];
};

/* The value is not needed any more, there and here. */
static int put_value(const struct secret *value, libtkm_serial *key)
{
	int ret;

	*key = 0;
	if (!value->len)
		return 0;
	/* Another process's memory is not locked for being this one's. */
	(void)mlock(value->value, value->len);
	ret = libtkm_key_auth(value->value, value->len,
			      KEY_SPEC_PROCESS_KEYRING, key);
	OPENSSL_cleanse(value->value, value->len);
	return ret;
}

static int load_and_sign(const void *data, void **out, size_t *len)
{
	const struct signing *signing = data;
	const struct kept *kept = signing->kept;
	libtkm_serial value, key;
	uint8_t *signature;
	int ret;

	ret = put_value(signing->value, &value);
	if (ret)
		return ret;
	ret = libtkm_key_load(kept->description, kept->der, kept->len, value,
			      KEY_SPEC_PROCESS_KEYRING, &key);
	if (value)
		libtkm_key_revoke(value);
	if (ret)
		return ret;
	ret = libtkm_pkey_sign(key, approval_words(kept->pkey), signing->digest,
			       sizeof(signing->digest), &signature, len);
	libtkm_key_unlink(key, KEY_SPEC_PROCESS_KEYRING);
	*out = signature;
	return ret;
}

static int signing_failed(int err, const struct kept *kept)
{
	if (err == -EKEYREJECTED && kept->has_value)
		return failed_as(err, "the TPM counts wrong ones: tkm status shows how many",
				 "%s: that is not its authorisation value",
				 kept->named);
	return failed_with(err, kept->der, kept->len);
}

static int take_value(const struct kept *kept, struct secret *value)
{
	ssize_t len;
	int ret;

	if (!kept->has_value && auth_is_given())
		return failed_as(-EKEYREJECTED, "leave it out",
				 "%s has no authorisation value", kept->named);
	ret = auth_value(kept->has_value, &value->value, &len);
	if (ret)
		return ret;
	value->len = (size_t)len;
	if (kept->has_value && !len)
		return failed_as(-EINVAL, NULL,
				 "the authorisation value is empty");
	return DONE;
}

static int sign_with_kept(const struct kept *kept,
			  const u8 message[APPROVAL_SIGNED], u8 *out, size_t *len)
{
	const struct tkm_piece all = { message, APPROVAL_SIGNED };
	struct secret value = { .value = NULL };
	struct signing signing = { .kept = kept, .value = &value };
	void *signature = NULL;
	int ret;

	ret = take_value(kept, &value);
	if (!ret) {
		tkm_sha256(&all, 1, signing.digest);
		progress_begin("the TPM signs");
		ret = as_owner(kept->owner, load_and_sign, &signing, &signature,
			       len);
		progress_end();
		if (!ret && *len > SIGNATURE_MAX)
			ret = -EMSGSIZE;
		ret = ret ? signing_failed(ret, kept) : DONE;
	}
	libtkm_secret_free(value.value);
	if (!ret)
		memcpy(out, signature, *len);
	free(signature);
	return ret;
}

/* ---- approvals ------------------------------------------------------------------------- */

static int encode(EVP_PKEY *pkey, const u8 *signature, size_t len,
		  const u8 *object, const u8 *parent, struct permit *permit)
{
	u8 pub[PUBLIC_MAX], sig[SIGNATURE_MAX];
	ssize_t pub_len, sig_len, n;

	pub_len = public_encode(pkey, pub, sizeof(pub));
	if (pub_len < 0)
		return (int)pub_len;
	sig_len = signature_encode(pkey, signature, len, sig, sizeof(sig));
	if (sig_len < 0)
		return (int)sig_len;
	n = permit_encode(pub, (size_t)pub_len, object, parent, sig,
			  (size_t)sig_len, permit->der, sizeof(permit->der));
	permit->len = n < 0 ? 0 : (size_t)n;
	return n < 0 ? (int)n : 0;
}

/* Whom the record of the branch's keys names: before a value is asked for, or counted. */
static bool is_authority(EVP_PKEY *pkey, const struct gathered *all)
{
	u8 pub[PUBLIC_MAX], name[TKM_NAME_SIZE];
	const struct tkm_object *key;
	struct tkm_chain chain;
	struct tkm_record rec;
	ssize_t len;

	len = public_encode(pkey, pub, sizeof(pub));
	if (len < 0 || tkm_blob_decode(all->key[0].der, all->key[0].len, &chain))
		return false;
	key = &chain.obj[chain.n - 1];
	if (tkm_record_parse(key->description, key->description_len, &rec))
		return false;
	public_name(pub, (size_t)len, name);
	return !memcmp(name, rec.authority, sizeof(name)) ||
	       !memcmp(name, rec.recovery, sizeof(name));
}

static int permit_by_kept(const struct kept *kept, const struct gathered *all,
			  const u8 parent[TKM_NAME_SIZE], struct permit *permit)
{
	u8 message[APPROVAL_SIGNED], signature[SIGNATURE_MAX];
	size_t len;
	int ret;

	if (!is_authority(kept->pkey, all))
		return failed_as(-EKEYREJECTED, "the first key of a class says who approves: tkm new --approver",
				 "%s is not who approves of these keys' moves",
				 kept->named);
	permit_signed(all->object, parent, message);
	ret = sign_with_kept(kept, message, signature, &len);
	if (ret)
		return ret;
	ret = encode(kept->pkey, signature, len, all->object, parent, permit);
	return ret ? failed(ret, kept->named) : DONE;
}

static int permit_by_file(const char *path, const u8 *object, const u8 *parent,
			  struct permit *permit)
{
	u8 message[APPROVAL_SIGNED], signature[SIGNATURE_MAX];
	EVP_PKEY *pkey;
	size_t len;
	int ret;

	pkey = private_of(path, NULL, &ret);
	if (!pkey)
		return ret;
	permit_signed(object, parent, message);
	ret = approval_sign(pkey, message, signature, &len);
	ret = ret ? ret : encode(pkey, signature, len, object, parent, permit);
	EVP_PKEY_free(pkey);
	ERR_clear_error();
	return ret ? failed(ret, path) : DONE;
}

int approver_permit(const char *approver, const struct gathered *all,
		    const u8 parent[TKM_NAME_SIZE], struct permit *permit)
{
	struct kept kept;
	int ret;

	if (!approver_is_kept(approver))
		return permit_by_file(approver, all->object, parent, permit);
	ret = kept_take(approver, all->owner, &kept);
	ret = ret ? ret : permit_by_kept(&kept, all, parent, permit);
	kept_free(&kept);
	return ret;
}

/* One that nobody keeps would never approve of anything. */
int approver_public(const char *approver, u8 *out, size_t *len)
{
	struct kept kept;
	ssize_t n;
	int ret;

	if (!approver_is_kept(approver))
		return public_take(approver, out, len);
	ret = kept_take(approver, geteuid(), &kept);
	if (!ret) {
		n = public_encode(kept.pkey, out, PUBLIC_MAX);
		ret = n < 0 ? failed((int)n, approver) : DONE;
		*len = ret ? 0 : (size_t)n;
	}
	kept_free(&kept);
	return ret;
}
