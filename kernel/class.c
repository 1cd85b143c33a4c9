// SPDX-License-Identifier: GPL-2.0
/*
 * Who approves of a key's moving, as whoever makes it says: a public key, from a
 * key of type `user`, or a policy's, by its name. A record has their Names.
 */
#include <keys/user-type.h>
#include <linux/err.h>
#include <linux/key.h>
#include <linux/slab.h>

#include "tkm_internal.h"

/* TPM2B_PUBLIC, and nothing after it. */
static int name_of(const u8 *data, size_t len, u8 name[TKM_NAME_SIZE])
{
	struct tkm_reader r;
	const u8 *pub;
	u16 n;
	int ret;

	tkm_reader_init(&r, data, len);
	pub = tkm_get_tpm2b(&r, &n);
	if (!tkm_reader_done(&r))
		return -EBADMSG;
	ret = tkm_authority_check(pub, n);
	if (!ret)
		tkm_public_name(pub, n, name);
	return ret;
}

static int copy_bytes(const struct key *key, size_t max, u8 **data, size_t *len)
{
	const struct user_key_payload *value = user_key_payload_locked(key);

	if (!value)
		return -EKEYREVOKED;
	if (value->datalen > max)
		return -E2BIG;
	*data = kmemdup(value->data, value->datalen, GFP_KERNEL);
	*len = value->datalen;
	return *data ? 0 : -ENOMEM;
}

/**
 * tkm_user_bytes() - what a key of type `user` holds
 * @serial: of a key that the current task may search
 * @max: bytes, at most
 * @data: set to a copy, which the caller frees
 * @len: its length
 *
 * Return: 0; -EINVAL for a key of another type; -E2BIG; -EKEYREVOKED; -ENOMEM;
 * what the keyring says.
 */
int tkm_user_bytes(key_serial_t serial, size_t max, u8 **data, size_t *len)
{
	key_ref_t ref;
	struct key *key;
	int ret;

	ref = lookup_user_key(serial, 0, KEY_NEED_SEARCH);
	if (IS_ERR(ref))
		return PTR_ERR(ref);
	key = key_ref_to_ptr(ref);
	if (key->type != &key_type_user) {
		ret = -EINVAL;
	} else {
		down_read(&key->sem);
		ret = key_validate(key);
		if (!ret)
			ret = copy_bytes(key, max, data, len);
		up_read(&key->sem);
	}
	key_ref_put(ref);
	return ret;
}

static int approver(key_serial_t serial, u8 name[TKM_NAME_SIZE])
{
	size_t len;
	u8 *data;
	int ret;

	ret = tkm_user_bytes(serial, 2 + TKM_POLICY_PUBLIC_MAX, &data, &len);
	if (ret)
		return ret == -E2BIG ? -EBADMSG : ret;
	ret = name_of(data, len, name);
	kfree(data);
	return ret;
}

static int named(const char *policy, struct tkm_record *rec)
{
	struct tkm_named *is = kmalloc(sizeof(*is), GFP_KERNEL);
	int ret;

	if (!is)
		return -ENOMEM;
	ret = tkm_policies_find(policy, is);
	/* Registers approve of nothing. */
	if (!ret && !is->authority_len)
		ret = -EOPNOTSUPP;
	if (!ret)
		tkm_public_name(is->authority, is->authority_len,
				rec->authority);
	if (!ret && is->recovery_len)
		tkm_public_name(is->recovery, is->recovery_len, rec->recovery);
	kfree(is);
	return ret;
}

/**
 * tkm_class_authority() - who approves of a new key's moving
 * @req: with approver, authority, or neither
 * @rec: gets the Names of their public areas
 *
 * Return: 0; -ENOKEY for a key or a name that is not there; -EACCES; -EINVAL for a
 * key of another type; -EBADMSG for what is no public key in it; -EOPNOTSUPP for
 * a sort of key that tkm_authority_check() does not know, and for a policy of
 * registers; -EKEYEXPIRED; -EKEYREVOKED; -ENOMEM.
 */
int tkm_class_authority(const struct tkm_request *req, struct tkm_record *rec)
{
	if (req->approver)
		return approver(req->approver, rec->authority);
	return req->authority[0] ? named(req->authority, rec) : 0;
}
