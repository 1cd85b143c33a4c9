// SPDX-License-Identifier: GPL-2.0
/*
 * The TPM certifies a key of ours: TPM2_Certify by the attestation key, which is
 * made for it and flushed after. What comes of it are public parts and a signature.
 *
 * The key's role in that command is ADMIN: as adminWithPolicy is clear in all that
 * we make, its authValue is asked for, also where userWithAuth is clear and
 * only a policy lets it be used. So registers and approvals do not matter here: what a
 * key is may be said when it may not be used. An RSA or EC key has its authValue since
 * it was loaded, of a data key it has to be given.
 *
 * Counted in TPM commands, the storage keys being known:
 *   data      StartAuthSession, ContextLoad, Load, Flush, CreatePrimary, Certify,
 *             Flush, Flush
 *   RSA, EC   StartAuthSession, ContextLoad, CreatePrimary, Certify, Flush, Flush
 *
 * TPM 2.0 Part 1, "Attestation", "Authorization Roles"; Part 3, "TPM2_Certify".
 */
#define pr_fmt(fmt) "tkm: " fmt

#include <linux/err.h>
#include <linux/slab.h>

#include "tkm_internal.h"

/**
 * struct certify_op - one certificate
 * @op: for the bus
 * @payload: the key, with a reference
 * @auth: its authValue, if it is a data key with one
 * @chain: of the key, in place
 * @name: its Name
 * @extra: what binds the certificate to a question
 * @ak: public area of the attestation key
 * @ak_len: its length
 * @out: what the TPM said, and its signature
 * @der: the result
 * @len: its length
 */
struct certify_op {
	struct tkm_op op;
	struct tkm_payload *payload;
	struct tkm_auth auth;
	struct tkm_chain chain;
	u8 name[TKM_NAME_SIZE];
	u8 extra[32];
	u8 ak[256];
	u16 ak_len;
	struct tkm_certified out;
	u8 der[TKM_CERTIFICATE_MAX];
	size_t len;
};

static void certify_release(struct tkm_op *op)
{
	struct certify_op *d = container_of(op, struct certify_op, op);

	if (d->payload)
		tkm_payload_put(d->payload);
	kfree_sensitive(d);
}

static const struct tkm_object *object_of(const struct certify_op *d)
{
	return &d->chain.obj[d->chain.n - 1];
}

static int prepare(struct certify_op *d, const struct tkm_move_request *req)
{
	struct tkm_payload *payload = tkm_payload_of(req->key);
	int ret;

	if (IS_ERR(payload))
		return PTR_ERR(payload);
	d->payload = payload;
	if (req->auth) {
		ret = tkm_auth_get(req->auth, &d->auth);
		if (ret)
			return ret;
	}
	/* As at load: no try is spent on what cannot be right. */
	if ((payload->has_auth && !payload->pair) != (d->auth.len > 0))
		return -EKEYREJECTED;
	ret = tkm_blob_decode(payload->chain, payload->chain_len, &d->chain);
	if (ret)
		return ret;
	tkm_public_name(object_of(d)->pub, object_of(d)->pub_len, d->name);
	tkm_certify_extra(req->nonce, req->nonce_len, d->extra);
	return 0;
}

/* ---- in the TPM ---- */

static int load_data(struct tkm_bus *bus, struct certify_op *d, u32 *handle)
{
	const struct tkm_object *obj = object_of(d);
	struct tkm_node *node = d->payload->node;
	const struct tkm_policy *above = tkm_node_policy(node);
	struct tkm_parent parent;
	int ret;

	ret = tkm_hierarchy_door(bus, above);
	ret = ret ?: tkm_hierarchy_ready(bus, node);
	ret = ret ?: tkm_session_start(bus, above->n);
	ret = ret ?: tkm_hierarchy_use(bus, node, &parent);
	ret = ret ?: tkm_hierarchy_permit(bus, node);
	if (ret)
		return ret;
	ret = tkm_tpm_load(bus, parent,
			   (struct tkm_piece){ obj->pub, obj->pub_len },
			   (struct tkm_piece){ obj->priv, obj->priv_len },
			   false, handle);
	if (ret == -EKEYREJECTED || ret == -ENOKEY)
		tkm_hierarchy_doubt(bus);
	return ret;
}

static int make_ak(struct tkm_bus *bus, struct certify_op *d,
		   struct tkm_parent *ak, u8 name[TKM_NAME_SIZE])
{
	int ret;

	ret = tkm_tpm_create_ak(bus, &ak->handle, d->ak, sizeof(d->ak),
				&d->ak_len);
	if (ret == -EKEYREJECTED) {
		pr_err_ratelimited("the endorsement hierarchy has an authorisation value: no attestation key can be made\n");
		return -EACCES;
	}
	if (ret)
		return ret;
	if (!tkm_ak_is(d->ak, d->ak_len))
		return -EIO;
	tkm_public_name(d->ak, d->ak_len, name);
	ak->name = name;
	return 0;
}

/* Qualified Name of the key: from the SRK down. */
static void place_of(struct tkm_bus *bus, const struct certify_op *d,
		     u8 qualified[TKM_NAME_SIZE])
{
	u8 above[TKM_NAME_SIZE], name[TKM_NAME_SIZE];
	unsigned int i;

	tkm_qualified_name(TPM_RH_OWNER, NULL, bus->srk.name, qualified);
	for (i = 0; i < d->chain.n; i++) {
		memcpy(above, qualified, sizeof(above));
		tkm_public_name(d->chain.obj[i].pub, d->chain.obj[i].pub_len,
				name);
		tkm_qualified_name(0, above, name, qualified);
	}
}

static int write_certificate(struct tkm_bus *bus, struct certify_op *d)
{
	const struct tkm_certificate certificate = {
		.ak = d->ak,
		.ak_len = d->ak_len,
		.attest = d->out.attest,
		.attest_len = d->out.attest_len,
		.signature = d->out.signature,
		.signature_len = d->out.signature_len,
	};
	u8 qualified[TKM_NAME_SIZE];
	ssize_t len;
	int ret;

	place_of(bus, d, qualified);
	ret = tkm_certificate_check(&certificate, d->extra, d->name, qualified);
	if (ret)
		return ret;
	len = tkm_certificate_encode(&certificate, d->der, sizeof(d->der));
	if (len < 0)
		return -EIO;
	d->len = len;
	return 0;
}

static int certify_in(struct tkm_bus *bus, struct certify_op *d, u32 handle)
{
	const struct tkm_pair *pair = d->payload->pair;
	const struct tkm_auth *auth = pair ? tkm_pair_auth(d->payload) :
					     &d->auth;
	const struct tkm_parent item = {
		handle, d->name, { auth->value, auth->len },
	};
	struct tkm_parent ak = {};
	u8 name[TKM_NAME_SIZE];
	int ret;

	/* The key and the one that signs: two slots are enough. */
	tkm_hierarchy_leave(bus);
	/* What a policy session let through above is done. */
	ret = tkm_session_start(bus, false);
	ret = ret ?: make_ak(bus, d, &ak, name);
	if (ret)
		return ret;
	ret = tkm_tpm_certify(bus, item, ak, d->extra, &d->out);
	/* As in pair.c: its context may be another object's. */
	if (ret && pair)
		tkm_pair_doubt(d->payload);
	tkm_bus_flush(bus, ak.handle);
	return ret ?: write_certificate(bus, d);
}

static int certify_run(struct tkm_bus *bus, struct tkm_op *op)
{
	struct certify_op *d = container_of(op, struct certify_op, op);
	u32 handle;
	int ret;

	/* It may have been locked while this was in the queue. */
	ret = tkm_domain_check(d->payload);
	ret = ret ?: tkm_hierarchy_open(bus, NULL);
	if (!ret)
		ret = d->payload->pair ? tkm_pair_load(bus, d->payload, &handle) :
					 load_data(bus, d, &handle);
	if (ret)
		return ret;
	ret = certify_in(bus, d, handle);
	tkm_bus_spent(bus, handle);
	return ret;
}

/**
 * tkm_certify() - have the TPM say what a key is
 * @req: key, nonce, auth
 * @rec: the key's record, once it is known which key that is
 * @out: the certificate in DER
 * @size: of @out
 *
 * Sleeps (tkm_bus_run()).
 *
 * Return: the length, or an errno of the table; -EACCES when the endorsement
 * hierarchy has an authValue.
 */
ssize_t tkm_certify(const struct tkm_move_request *req, struct tkm_record *rec,
		    u8 *out, size_t size)
{
	struct certify_op *d = kzalloc(sizeof(*d), GFP_KERNEL);
	ssize_t ret;

	if (!d)
		return -ENOMEM;
	tkm_op_init(&d->op, certify_run, certify_release);
	ret = prepare(d, req);
	if (d->payload)
		*rec = d->payload->rec;
	ret = ret ?: tkm_bus_run(&d->op);
	if (!ret && d->len > size)
		ret = -EIO;
	if (!ret) {
		memcpy(out, d->der, d->len);
		ret = d->len;
	}
	tkm_op_put(&d->op);
	return ret;
}
