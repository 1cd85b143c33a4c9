// SPDX-License-Identifier: GPL-2.0
/*
 * RSA and EC keys at work: the TPM signs, decrypts and agrees with a private
 * half that never leaves it.
 *
 * A key that was loaded once is kept as a saved context, so using it costs
 * ContextLoad, the operation, FlushContext. A context that the TPM takes no
 * more, after a sleep or with another chip, is thrown away and the key loaded
 * from its chain again; that a reset happened behind our back is then noticed
 * by the context of its storage key.
 *
 * A signature says nothing secret, so a key without policy and authValue signs
 * without a session; whoever altered the question or the answer on the bus is
 * found out, because every signature is verified before it is given away
 * (pkey.c). What comes out of a decryption is secret, and takes a session; so
 * does everything that an authValue or a policy guards.
 *
 * Only the worker touches a context, so it needs no lock.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "tkm_internal.h"

/**
 * struct tkm_pair - what a payload of kind rsa or ec has beside its chain
 * @obj: the chain's last object, in place
 * @pub: its public area, in place
 * @name: its Name
 * @auth: its authValue; it is asked for at each use
 * @context: TPMS_CONTEXT, NULL until it was saved
 * @context_len: its length
 * @era: of the bus when it was saved
 * @doubted: what came of it was wrong: set by anyone
 */
struct tkm_pair {
	struct tkm_object obj;
	struct tkm_public pub;
	u8 name[TKM_NAME_SIZE];
	struct tkm_auth auth;
	u8 *context;
	u16 context_len;
	unsigned int era;
	bool doubted;
};

/**
 * tkm_pair_init() - a payload becomes a key of the TPM's
 * @payload: with its chain
 * @obj: the last object, which points into that
 * @auth: its authValue; len 0 for none
 *
 * Return: 0, -ENOMEM, or -EBADMSG for a public area that is none.
 */
int tkm_pair_init(struct tkm_payload *payload, const struct tkm_object *obj,
		  const struct tkm_auth *auth)
{
	struct tkm_pair *pair;
	int ret;

	pair = kzalloc(sizeof(*pair), GFP_KERNEL);
	if (!pair)
		return -ENOMEM;
	ret = tkm_public_decode(obj->pub, obj->pub_len, &pair->pub);
	if (ret) {
		kfree(pair);
		return ret;
	}
	pair->obj = *obj;
	pair->auth = *auth;
	tkm_public_name(obj->pub, obj->pub_len, pair->name);
	payload->pair = pair;
	return 0;
}

/**
 * tkm_pair_doubt() - the next use loads the key from its chain
 * @payload: whose result was not what it must be: perhaps its context is
 *	another object's
 */
void tkm_pair_doubt(const struct tkm_payload *payload)
{
	WRITE_ONCE(payload->pair->doubted, true);
}

/* With the payload's last reference. */
void tkm_pair_free(struct tkm_pair *pair)
{
	if (!pair)
		return;
	kfree(pair->context);
	kfree_sensitive(pair);
}

const struct tkm_public *tkm_pair_public(const struct tkm_payload *payload)
{
	return &payload->pair->pub;
}

const struct tkm_auth *tkm_pair_auth(const struct tkm_payload *payload)
{
	return &payload->pair->auth;
}

/* ---- in the TPM ---- */

static void context_drop(struct tkm_pair *pair)
{
	kfree(pair->context);
	pair->context = NULL;
}

/**
 * tkm_pair_keep() - save the context of a key that was just loaded
 * @bus: held
 * @payload: the key
 * @handle: what it is loaded under, and stays
 *
 * Return: 0, and what tkm_tpm_context_save() returns.
 */
int tkm_pair_keep(struct tkm_bus *bus, struct tkm_payload *payload, u32 handle)
{
	struct tkm_pair *pair = payload->pair;

	context_drop(pair);
	pair->era = bus->era;
	return tkm_tpm_context_save(bus, handle, &pair->context,
				    &pair->context_len);
}

/* Under its storage key, as the first time. */
static int load_blob(struct tkm_bus *bus, struct tkm_payload *payload,
		     u32 *handle)
{
	const struct tkm_object *obj = &payload->pair->obj;
	struct tkm_parent parent;
	int ret;

	ret = tkm_hierarchy_ready(bus, payload->node);
	if (!ret)
		ret = tkm_session_start(bus, payload->pair->obj.policy.n);
	if (!ret)
		ret = tkm_hierarchy_use(bus, payload->node, &parent);
	if (!ret)
		ret = tkm_hierarchy_permit(bus, payload->node);
	if (ret)
		return ret;
	ret = tkm_tpm_load(bus, parent,
			   (struct tkm_piece){ obj->pub, obj->pub_len },
			   (struct tkm_piece){ obj->priv, obj->priv_len },
			   false, handle);
	if (ret == -EKEYREJECTED || ret == -ENOKEY)
		tkm_hierarchy_doubt(bus);
	ret = ret ?: tkm_pair_keep(bus, payload, *handle);
	/*
	 * The policy session that a storage key took is none of a key's that has
	 * no policy: that one begins the session it needs, or none.
	 */
	if (bus->session.handle && bus->session.policy && !obj->policy.n)
		tkm_session_end(bus);
	return ret;
}

/**
 * tkm_pair_load() - have a key loaded
 * @bus: held
 * @payload: the key
 * @handle: to be flushed by the caller or the end of the hold
 *
 * Begins a session if the key's context is not known, and may leave it.
 *
 * Return: 0; what tkm_tpm_load(), tkm_tpm_context_load() and those of the hierarchy
 * return.
 */
int tkm_pair_load(struct tkm_bus *bus, struct tkm_payload *payload, u32 *handle)
{
	struct tkm_pair *pair = payload->pair;
	int ret;

	if (READ_ONCE(pair->doubted)) {
		WRITE_ONCE(pair->doubted, false);
		context_drop(pair);
	}
	if (pair->context && pair->era == bus->era) {
		ret = tkm_tpm_context_load(bus, pair->context,
					   pair->context_len, handle);
		/* As in hierarchy.c: what the TPM blames may be damaged. */
		if (!ret || !bus->rc ||
		    tkm_tpm_rc_base(bus->rc) > TPM_RC_FORMAT_ONE_LAST)
			return ret;
	}
	context_drop(pair);
	return load_blob(bus, payload, handle);
}

/**
 * struct use_op - one use of a key
 * @op: for the bus
 * @payload: the key, with a reference
 * @pick: of approvals for it
 * @what: sign, or decrypt
 * @e: how
 * @in: digest, ciphertext or point
 * @in_len: its length
 * @out: signature, message or x coordinate
 * @out_len: its length
 */
struct use_op {
	struct tkm_op op;
	struct tkm_payload *payload;
	struct tkm_pick pick;
	unsigned int what;
	struct tkm_encoding e;
	u8 in[TKM_RSA_MAX];
	size_t in_len;
	u8 out[TKM_RSA_MAX];
	size_t out_len;
};

static void use_release(struct tkm_op *op)
{
	struct use_op *u = container_of(op, struct use_op, op);

	tkm_payload_put(u->payload);
	tkm_pick_end(&u->pick);
	kfree_sensitive(u);
}

static u16 scheme_of(const struct use_op *u)
{
	switch (u->e.enc) {
	case TKM_ENC_PKCS1:
		return u->what == TKM_USE_SIGN ? TPM_ALG_RSASSA :
						 TPM_ALG_RSAES;
	case TKM_ENC_PSS:
		return TPM_ALG_RSAPSS;
	case TKM_ENC_OAEP:
		return TPM_ALG_OAEP;
	case TKM_ENC_X962:
		return TPM_ALG_ECDSA;
	default:
		return u->what == TKM_USE_SIGN ? TPM_ALG_ECDSA : TPM_ALG_NULL;
	}
}

static int use_in(struct tkm_bus *bus, struct use_op *u, u32 handle)
{
	const struct tkm_pair *pair = u->payload->pair;
	const struct tkm_parent item = { handle, pair->name };
	const struct tkm_piece auth = { pair->auth.value, pair->auth.len };
	const struct tkm_piece in = { u->in, u->in_len };

	if (u->what == TKM_USE_SIGN)
		return tkm_tpm_sign(bus, item, auth, in, scheme_of(u),
				    u->e.hash, &pair->pub, u->out,
				    &u->out_len);
	if (u->e.enc == TKM_ENC_ECDH)
		return tkm_tpm_ecdh_zgen(bus, item, auth, in, u->out,
					 &u->out_len);
	return tkm_tpm_rsa_decrypt(bus, item, auth, in, scheme_of(u),
				   u->e.hash, u->out, sizeof(u->out),
				   &u->out_len);
}

static int use_run(struct tkm_bus *bus, struct tkm_op *op)
{
	struct use_op *u = container_of(op, struct use_op, op);
	const struct tkm_pair *pair = u->payload->pair;
	const struct tkm_policy *policy = &pair->obj.policy;
	u32 handle;
	int ret;

	/* It may have been locked while this was in the queue. */
	ret = tkm_domain_check(u->payload);
	if (!ret)
		ret = tkm_hierarchy_open(bus, NULL);
	/* It may run once more. */
	tkm_pick_end(&u->pick);
	if (!ret)
		ret = tkm_policy_choose(bus, policy, &u->pick);
	if (!ret && (policy->n || pair->auth.len || u->what != TKM_USE_SIGN))
		ret = tkm_session_start(bus, policy->n);
	if (!ret)
		ret = tkm_pair_load(bus, u->payload, &handle);
	if (ret)
		return ret;
	if (!policy->n && !bus->session.handle &&
	    (pair->auth.len || u->what != TKM_USE_SIGN))
		ret = tkm_session_start(bus, false);
	if (!ret && policy->n)
		ret = tkm_policy_play(bus, policy, &u->pick);
	if (!ret)
		ret = use_in(bus, u, handle);
	/*
	 * Whatever the TPM says, its reason may be that the context is another
	 * object's, if someone changed it on its way. Only what it finds wrong
	 * with a ciphertext or a point comes after the Name was proven.
	 */
	if (ret && (ret != -EBADMSG || u->what == TKM_USE_SIGN))
		tkm_pair_doubt(u->payload);
	tkm_bus_spent(bus, handle);
	return ret;
}

/* Do it; the result is copied out if it is no longer than @size. */
static long use(struct tkm_payload *payload, unsigned int what,
		const struct tkm_encoding *e, const u8 *in, size_t len, u8 *out,
		size_t size)
{
	struct use_op *u;
	long ret;

	if (len > sizeof(u->in))
		return -EINVAL;
	u = kzalloc(sizeof(*u), GFP_KERNEL);
	if (!u)
		return -ENOMEM;
	tkm_op_init(&u->op, use_run, use_release);
	u->payload = tkm_payload_get(payload);
	u->what = what;
	u->e = *e;
	memcpy(u->in, in, len);
	u->in_len = len;
	ret = tkm_bus_run(&u->op);
	if (!ret && u->out_len > size)
		ret = -EIO;
	if (!ret) {
		memcpy(out, u->out, u->out_len);
		ret = u->out_len;
	}
	tkm_op_put(&u->op);
	return ret;
}

/**
 * tkm_pair_sign() - TPM2_Sign
 * @payload: a key for sign
 * @e: pkcs1, pss (RSA), raw or x962 (EC, the same here), and a hash
 * @digest: of that hash
 * @sig: the bare signature: RSA as the modulus is long, EC r and then s, each
 *	as the curve's numbers are long
 * @size: of @sig
 *
 * Sleeps (tkm_bus_run()). Not verified yet.
 *
 * Return: the length, or an errno of the table.
 */
long tkm_pair_sign(struct tkm_payload *payload, const struct tkm_encoding *e,
		   const u8 *digest, u8 *sig, size_t size)
{
	return use(payload, TKM_USE_SIGN, e, digest, tkm_hash_size(e->hash),
		   sig, size);
}

/**
 * tkm_pair_decrypt() - TPM2_RSA_Decrypt or TPM2_ECDH_ZGen
 * @payload: a key for decrypt
 * @e: pkcs1, oaep with a hash, raw (RSA); ecdh (EC)
 * @in: ciphertext; for ecdh the other's point, x and then y
 * @len: its length
 * @out: the message; for ecdh the x coordinate of the shared point
 * @size: of @out
 *
 * Sleeps (tkm_bus_run()).
 *
 * Return: the length, at most @size; -EBADMSG for a ciphertext that is none and
 * a point that is not on the curve; else an errno of the table.
 */
long tkm_pair_decrypt(struct tkm_payload *payload, const struct tkm_encoding *e,
		      const u8 *in, size_t len, u8 *out, size_t size)
{
	return use(payload, TKM_USE_DECRYPT, e, in, len, out, size);
}
