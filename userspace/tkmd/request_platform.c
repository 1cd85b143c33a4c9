// SPDX-License-Identifier: GPL-2.0
/* What is asked about platforms: all of it by root. */
#include <errno.h>
#include <linux/tkm_netlink.h>
#include <openssl/evp.h>

#include "audit.h"
#include "pcd.h"
#include "request.h"

#define BASE64(n)	(((n) + 2) / 3 * 4 + 1)

static int only_root(struct ask *ask)
{
	return is_root(ask) ? 0 : no(ask, EPERM, "platforms are root's");
}

static int no_platform(struct ask *ask, int ret)
{
	switch (ret) {
	case -ENOKEY:
		return no(ask, ENOKEY, "no platform of that name is known");
	case -EBADMSG:
		return no(ask, EBADMSG, "the platform's row is damaged");
	case -ENOSPC:
		return no(ask, ENOSPC, "the disk is full, or there are as many platforms as there may be");
	default:
		return ret;
	}
}

/* ---- this platform ---- */

/*
 * The one above the database's own key: it is there as long as the database. Half of
 * any chain, so it is given to nobody without a record.
 */
int platform_root(struct ask *ask)
{
	static const struct name root = { .side = TKM_SIDE_INIT,
					  .description = "@:tkmrk" };
	static struct chain own;
	struct tkm_chain chain;
	int ret;

	if (!is_root(ask))
		return no(ask, EPERM, "platforms are root's");
	ret = kdb_own_chain(ask->kdb, &own);
	ret = ret ? ret : tkm_blob_decode(own.der, own.len, &chain);
	if (ret || chain.flat)
		return no(ask, EBADMSG, "the database's own key is under no root key");
	ret = audit_note(ask->kdb, TKM_AUDIT_EVENT_EXPORT, 0, &root, ask->peer);
	ret = ret ? ret : add_bytes(ask->out, "pub", chain.obj[0].pub,
				    chain.obj[0].pub_len);
	return ret ? ret : add_bytes(ask->out, "priv", chain.obj[0].priv,
				     chain.obj[0].priv_len);
}

/* ---- members ---- */

static int take_name(struct ask *ask, char name[TKM_POLICY_NAME_MAX + 1])
{
	const char *given_name = text(ask, "name");

	if (!given_name || !tkm_policy_name_ok(given_name, strlen(given_name)))
		return no(ask, EINVAL, "name is 1 to 32 of a-z 0-9 . _ -");
	strcpy(name, given_name);
	return 0;
}

static int take_hash(struct ask *ask, const char *name, uint8_t hash[32])
{
	const char *hex = text(ask, name);

	if (!hex || strlen(hex) != 64 || tkm_hex_decode(hex, 64, hash))
		return no(ask, EINVAL, "a hash is 64 digits, 0 to f");
	return 0;
}

static int take_key(struct ask *ask, const char *name, struct key_name *key)
{
	const char *hex = text(ask, name);
	size_t n = hex ? strlen(hex) : 0;

	if (!n || n % 2 || n / 2 > sizeof(key->bytes) ||
	    tkm_hex_decode(hex, n, key->bytes))
		return no(ask, EINVAL, "ek, ak and tkmrk are Names in hex");
	key->len = n / 2;
	return 0;
}

static int take_credential(struct ask *ask, struct platform *platform)
{
	static uint8_t der[PLATFORM_CREDENTIAL + 3];
	const char *base64 = text(ask, "credential");
	size_t n = base64 ? strlen(base64) : 0;
	int len = -1;

	if (n && n % 4 == 0 && n < BASE64(PLATFORM_CREDENTIAL)) {
		len = EVP_DecodeBlock(der, (const uint8_t *)base64, (int)n);
		len -= base64[n - 1] == '=';
		len -= base64[n - 2] == '=';
	}
	if (len <= 0 || len > PLATFORM_CREDENTIAL)
		return no(ask, EINVAL, "credential is DER in base64");
	memcpy(platform->credential, der, len);
	platform->len = len;
	return 0;
}

/* ---- looking ---- */

static int describe(struct json_object *to, const struct platform *platform)
{
	int ret;

	ret = add_text(to, "name", platform->name);
	ret = ret ? ret : add_bytes(to, "ek", platform->ek.bytes,
				    platform->ek.len);
	ret = ret ? ret : add_bytes(to, "ak", platform->ak.bytes,
				    platform->ak.len);
	ret = ret ? ret : add_bytes(to, "tkmrk", platform->tkmrk.bytes,
				    platform->tkmrk.len);
	ret = ret ? ret : add_number(to, "index", platform->index);
	ret = ret ? ret : add_time(to, "added", platform->added);
	return ret ? ret : add_time(to, "checked", platform->checked);
}

int platform_list(struct ask *ask)
{
	static struct platform platform;
	int64_t after = number(ask, "after", ID_MAX);
	struct json_object *list, *one;
	int ret = only_root(ask), n = 0;

	if (!ret && after < 0)
		ret = no(ask, EINVAL, "after is a number");
	if (ret)
		return ret;
	list = json_object_new_array();
	ret = add(ask->out, "platforms", list);
	while (!ret && n++ < KDB_LIST_MAX) {
		ret = pcd_next(ask->kdb, after, &platform);
		if (ret && ret != -EBADMSG)
			break;
		after = platform.id;
		one = json_object_new_object();
		if (!one || json_object_array_add(list, one))
			return -ENOMEM;
		ret = ret ? add_text(one, "errno", "EBADMSG") :
			    describe(one, &platform);
	}
	if (ret && ret != -ENOKEY)
		return ret;
	ret = add_bool(ask->out, "more", !ret);
	return ret ? ret : add_number(ask->out, "last", after);
}

int platform_show(struct ask *ask)
{
	static char base64[BASE64(PLATFORM_CREDENTIAL)];
	static struct platform platform;
	char name[TKM_POLICY_NAME_MAX + 1];
	int ret;

	ret = only_root(ask);
	ret = ret ? ret : take_name(ask, name);
	if (ret)
		return ret;
	ret = pcd_get(ask->kdb, name, &platform);
	if (ret)
		return no_platform(ask, ret);
	EVP_EncodeBlock((uint8_t *)base64, platform.credential,
			(int)platform.len);
	ret = describe(ask->out, &platform);
	return ret ? ret : add_text(ask->out, "credential", base64);
}

/* ---- changes ---- */

/* What is refused is in the audit, too, by itself. */
static int note(struct ask *ask, uint32_t event, int ret, const struct name *of)
{
	if (!ret || ret == -ENOTRECOVERABLE)
		return ret;
	ask->noted = true;
	return audit_note(ask->kdb, event, ret, of, ask->peer) ?: ret;
}

static void fill(struct ask *ask, uint32_t event, const char *name,
		 struct name *of, struct trail_record *record)
{
	memset(of, 0, sizeof(*of));
	of->side = TKM_SIDE_INIT;
	snprintf(of->description, sizeof(of->description), "@platform:%s", name);
	audit_fill(record, event, 0, of, ask->peer);
}

static int no_challenge(struct ask *ask, int ret)
{
	switch (ret) {
	case -ENOKEY:
		return no(ask, ENOKEY, "no such challenge is open: it was answered, or is older than a day");
	case -EKEYREJECTED:
		return no(ask, EKEYREJECTED, "that is no answer to the challenge");
	default:
		return no_platform(ask, ret);
	}
}

int platform_challenge(struct ask *ask)
{
	struct challenge challenge;
	int ret;

	ret = only_root(ask);
	ret = ret ? ret : take_hash(ask, "challenge", challenge.hash);
	ret = ret ? ret : take_hash(ask, "credential", challenge.credential);
	ret = ret ? ret : take_hash(ask, "expect", challenge.expect);
	return ret ? ret : no_platform(ask, pcd_challenge(ask->kdb, &challenge));
}

int platform_answer(struct ask *ask)
{
	uint8_t hash[32], proof[32];
	int ret;

	ret = only_root(ask);
	ret = ret ? ret : take_hash(ask, "challenge", hash);
	ret = ret ? ret : take_hash(ask, "proof", proof);
	return ret ? ret : no_challenge(ask, pcd_answer(ask->kdb, hash, proof));
}

static int conflicts(struct ask *ask, enum pcd_conflict conflict)
{
	switch (conflict) {
	case PCD_CHANGED:
		return no(ask, EEXIST, "the platform of that name had another attestation key or root key");
	case PCD_OTHER:
		return no(ask, EEXIST, "the platform of that name is another one: its endorsement key was another");
	case PCD_KNOWN:
		return no(ask, EEXIST, "that platform, or one of its keys, is known under another name");
	default:
		return -EEXIST;
	}
}

int platform_put(struct ask *ask)
{
	static struct platform platform;
	int64_t index = number(ask, "index", UINT32_MAX);
	enum pcd_conflict conflict;
	uint8_t hash[32], proof[32];
	struct trail_record record;
	struct name of;
	bool replace;
	int ret;

	memset(&platform, 0, sizeof(platform));
	ret = only_root(ask);
	ret = ret ? ret : take_name(ask, platform.name);
	ret = ret ? ret : take_key(ask, "ek", &platform.ek);
	ret = ret ? ret : take_key(ask, "ak", &platform.ak);
	ret = ret ? ret : take_key(ask, "tkmrk", &platform.tkmrk);
	ret = ret ? ret : take_credential(ask, &platform);
	ret = ret ? ret : take_hash(ask, "challenge", hash);
	ret = ret ? ret : take_hash(ask, "proof", proof);
	ret = ret ? ret : flag(ask, "replace", &replace);
	if (!ret && index <= 0)
		ret = no(ask, EINVAL, "index is an NV index");
	if (ret)
		return ret;
	platform.index = index;
	fill(ask, TRAIL_PLATFORM_ADD, platform.name, &of, &record);
	ret = pcd_put(ask->kdb, &platform, hash, proof, replace, &record,
		      &conflict);
	if (!ret)
		log_info("a platform is known");
	ret = ret == -EEXIST ? conflicts(ask, conflict) : no_challenge(ask, ret);
	return note(ask, TRAIL_PLATFORM_ADD, ret, &of);
}

int platform_remove(struct ask *ask)
{
	char name[TKM_POLICY_NAME_MAX + 1];
	struct trail_record record;
	struct name of;
	int ret;

	ret = only_root(ask);
	ret = ret ? ret : take_name(ask, name);
	if (ret)
		return ret;
	fill(ask, TRAIL_PLATFORM_REMOVE, name, &of, &record);
	ret = pcd_remove(ask->kdb, name, &record);
	if (!ret)
		log_info("a platform is removed");
	return note(ask, TRAIL_PLATFORM_REMOVE, no_platform(ask, ret), &of);
}
