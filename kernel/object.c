// SPDX-License-Identifier: GPL-2.0
/*
 * The object at the end of a chain: random bytes that are sealed, or an RSA or
 * EC key that lives in the TPM. Making one, loading one from its chain, and
 * sealing bytes again under another policy. Each is an operation for the bus;
 * everything that needs no TPM is done before it is queued. What a loaded RSA
 * or EC key does is in pair.c.
 *
 * Counted in TPM commands, once storage keys are known:
 *   new    StartAuthSession, [PCR_Read], ContextLoad, Create, Flush
 *   load   StartAuthSession, ContextLoad, Load, [policy], Unseal, Flush, Flush
 *          and for RSA and EC ContextSave in the place of policy and Unseal;
 *          under an approved policy PCR_Read before that, and once for each
 *          approval LoadExternal, VerifySignature, Flush
 *   reseal as new
 * and without ContextLoad and its Flush under the SRK itself. The first RSA or
 * EC key of a sort costs TestParms once for each chip.
 */
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "tkm_internal.h"

/**
 * struct object_op - an operation on one key
 * @op: for the bus; its reference is the only one
 * @payload: being made; the result
 * @rsa_bits: new rsa: of the modulus
 * @curve: new ec: TPM_ECC_*
 * @guard: new, reseal: what to bind to, but for @auth
 * @pick: load: of approvals
 * @auth: the authValue; len 0 for none
 * @chain: load: decoded, points into @payload->chain
 * @srk: load: Name that the chain was made under; all zero when flat
 * @asked: new: the helper has been asked for storage keys
 * @branch: new: those it has, which lie in @branch_der; or n 0. @srk is then
 *	the Name that they were made under
 * @branch_der: of kmalloc's
 */
struct object_op {
	struct tkm_op op;
	struct tkm_payload *payload;
	u16 rsa_bits;
	u16 curve;
	struct tkm_guard guard;
	struct tkm_pick pick;
	struct tkm_auth auth;
	struct tkm_chain chain;
	u8 srk[TKM_NAME_SIZE];
	bool asked;
	struct tkm_chain branch;
	u8 *branch_der;
};

/* What make_run() says, once, when it would have to make storage keys. */
#define NEEDS_BRANCH	1

static void object_release(struct tkm_op *op)
{
	struct object_op *d = container_of(op, struct object_op, op);

	tkm_payload_put(d->payload);
	tkm_pick_end(&d->pick);
	kfree(d->branch_der);
	kfree_sensitive(d);
}

static struct object_op *object_op_alloc(int (*run)(struct tkm_bus *bus,
						struct tkm_op *op),
				     const struct tkm_auth *auth)
{
	struct tkm_payload *payload = tkm_payload_alloc();
	struct object_op *d;

	if (IS_ERR(payload))
		return ERR_CAST(payload);
	d = kzalloc(sizeof(*d), GFP_KERNEL);
	if (!d) {
		tkm_payload_put(payload);
		return ERR_PTR(-ENOMEM);
	}
	tkm_op_init(&d->op, run, object_release);
	d->auth = *auth;
	d->payload = payload;
	return d;
}

static bool is_pair(const struct tkm_payload *p)
{
	return p->rec.kind != TKM_KIND_DATA;
}

/*
 * The storage keys that the helper keeps: used like those of a chain that
 * anyone may have written. Without a helper, or when it has none, they are made.
 */
static int ask_for_branch(struct object_op *d)
{
	const struct tkm_caller caller = tkm_caller_of(&d->payload->rec);
	const struct tkm_object *tdk = &d->branch.obj[1];
	size_t len;
	int ret;

	d->asked = true;
	ret = tkm_helper_branch(&caller, &d->branch_der, &len);
	if (ret)
		return ret == -ENOKEY ? 0 : ret;
	ret = tkm_branch_decode(d->branch_der, len, &d->branch);
	ret = ret ?: tkm_branch_verify(&d->branch, &caller, d->srk);
	/* A domain that is guarded has that one class only. */
	if (ret == -EPERM && caller.class != TKM_CLASS_FIXED &&
	    d->branch.n > 1 && (!tdk->empty_auth || tdk->policy.n))
		return -EOPNOTSUPP;
	return ret;
}

/* Wait for it; the payload is the caller's, or an ERR_PTR. */
static struct tkm_payload *object_run(struct object_op *d)
{
	struct tkm_payload *payload = ERR_PTR(-EIO);
	int ret;

	ret = tkm_bus_run(&d->op);
	if (ret == NEEDS_BRANCH)
		ret = ask_for_branch(d) ?: tkm_bus_run(&d->op);
	if (ret) {
		payload = ERR_PTR(ret);
	} else {
		/* It ended: nobody else looks at d->payload any more. */
		payload = d->payload;
		d->payload = NULL;
	}
	tkm_op_put(&d->op);
	return payload;
}

static struct tkm_piece auth_piece(const struct object_op *d)
{
	return (struct tkm_piece){ d->auth.value, d->auth.len };
}

/* ---- making: new and reseal ---- */

static int keep_chain(struct tkm_payload *p, const struct tkm_chain *chain)
{
	u8 *buf;
	ssize_t len;

	buf = kmalloc(TKM_CHAIN_MAX, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	len = tkm_blob_encode(chain, buf, TKM_CHAIN_MAX);
	if (len > 0) {
		p->chain = kmemdup(buf, len, GFP_KERNEL);
		p->chain_len = len;
	}
	kfree(buf);
	if (len <= 0)
		return -EIO;
	return p->chain ? 0 : -ENOMEM;
}

/*
 * The object at the end of its chain, read back as if it came from a file: what
 * could not be loaded again is not handed out.
 */
static int finish_chain(struct object_op *d, const struct tkm_created *made,
			const struct tkm_policy *policy)
{
	struct tkm_payload *p = d->payload;
	/* Whether it is over was asked before; here, at 0, it never is. */
	const struct tkm_caller caller = tkm_caller_of(&p->rec);
	struct tkm_chain *chain = &d->chain;
	struct tkm_record *rec;
	struct tkm_object *key;
	u8 srk[TKM_NAME_SIZE];
	int ret;

	rec = kzalloc(sizeof(*rec), GFP_KERNEL);
	if (!rec)
		return -ENOMEM;
	memset(chain, 0, sizeof(*chain));
	if (p->flat) {
		chain->n = 1;
		chain->flat = true;
	} else {
		tkm_hierarchy_objects(p->node, chain);
	}
	key = &chain->obj[chain->n - 1];
	key->type = is_pair(p) ? TKM_OBJECT_LOADABLE : TKM_OBJECT_SEALED;
	key->empty_auth = !p->has_auth;
	key->policy = *policy;
	key->description = p->flat ? NULL : p->text;
	key->description_len = p->text_len;
	key->parent = p->flat ? TKM_SRK_HANDLE : TKM_PARENT_PREVIOUS;
	key->pub = made->pub;
	key->pub_len = made->pub_len;
	key->priv = made->priv;
	key->priv_len = made->priv_len;
	ret = keep_chain(p, chain);
	if (ret)
		goto out;
	tkm_payload_name_policy(p, policy);
	ret = tkm_blob_decode(p->chain, p->chain_len, chain);
	if (!ret)
		ret = tkm_chain_verify(chain, &caller, srk, rec);
	if (WARN_ON_ONCE(ret))
		ret = -EIO;
	if (!ret && is_pair(p))
		ret = tkm_pair_init(p, &chain->obj[chain->n - 1], &d->auth);
out:
	kfree(rec);
	return ret;
}

/* What one making needs, too large for the stack. */
struct making {
	struct tkm_policy_made policy;
	struct tkm_created made;
	u8 hash[32];
};

static struct tkm_public template_of(const struct object_op *d,
				     const struct tkm_policy_made *made)
{
	const struct tkm_payload *p = d->payload;
	u16 digest_len = made->any ? sizeof(made->digest) : 0;
	u32 attributes = tkm_key_attributes(p->rec.class, p->rec.uses,
					    made->policy.n, p->has_auth);

	if (!is_pair(p))
		return tkm_public_sealed(made->digest, digest_len, attributes);
	return tkm_public_pair(p->rec.kind, d->rsa_bits, d->curve,
			       made->digest, digest_len, attributes);
}

static int make_in(struct tkm_bus *bus, struct object_op *d, struct making *s)
{
	struct tkm_payload *p = d->payload;
	struct tkm_parent parent;
	struct tkm_public tmpl;
	int ret;

	tkm_record_hash(p->text, p->text_len, s->hash);
	ret = tkm_policy_make(bus, &d->guard, p->has_auth,
			      p->flat ? NULL : &p->rec, s->hash, &s->policy);
	if (ret)
		return ret;
	if (!p->flat && !p->node) {
		ret = tkm_hierarchy_ask(bus, &p->rec, &d->branch, &p->node);
		if (ret)
			return ret;
	}
	ret = tkm_hierarchy_use(bus, p->node, &parent);
	ret = ret ?: tkm_hierarchy_permit(bus, p->node);
	if (ret)
		return ret;
	p->period = tkm_domain_period(tkm_node_domain(p->node));
	tmpl = template_of(d, &s->policy);
	ret = tkm_tpm_create(bus, parent, auth_piece(d),
			     (struct tkm_piece){ p->data, p->data_len }, &tmpl,
			     true, &s->made);
	if (ret == -EKEYREJECTED || ret == -ENOKEY)
		tkm_hierarchy_doubt(bus);
	return ret ?: finish_chain(d, &s->made, &s->policy.policy);
}

/* Before anything is made for it: whether the TPM has such keys at all. */
static int test_parms(struct tkm_bus *bus, const struct object_op *d)
{
	const struct tkm_public tmpl = tkm_public_pair(
		d->payload->rec.kind, d->rsa_bits, d->curve, NULL, 0, 0);
	const u32 sort = d->payload->rec.kind == TKM_KIND_RSA ? d->rsa_bits :
								d->curve;
	unsigned int i;
	int ret;

	for (i = 0; i < bus->n_sorts; i++)
		if (bus->sorts[i] == sort)
			return 0;
	ret = tkm_tpm_test_parms(bus, &tmpl);
	if (!ret && bus->n_sorts < ARRAY_SIZE(bus->sorts))
		bus->sorts[bus->n_sorts++] = sort;
	return ret;
}

/* Whose approval it moves with is in its text, and known by now. */
static int settle_record(struct tkm_payload *p, const struct tkm_chain *branch)
{
	ssize_t len;
	int ret;

	ret = tkm_hierarchy_inherit(&p->rec, branch);
	if (ret)
		return ret;
	len = tkm_record_write(&p->rec, p->text, sizeof(p->text));
	if (len < 0)
		return -EINVAL;
	p->text_len = len;
	return 0;
}

static int make_run(struct tkm_bus *bus, struct tkm_op *op)
{
	struct object_op *d = container_of(op, struct object_op, op);
	const struct tkm_policy *above = tkm_node_policy(NULL);
	struct tkm_payload *p = d->payload;
	struct making *s;
	int ret = 0;

	/* Nobody waits for the helper here; nor is the SRK looked at yet. */
	if (!p->flat && !p->node && !d->asked && tkm_helper_is_there() &&
	    !tkm_hierarchy_knows(&p->rec))
		return NEEDS_BRANCH;
	if (!p->flat && !p->node)
		ret = settle_record(p, &d->branch);
	ret = ret ?: tkm_hierarchy_open(bus, d->branch.n ? d->srk : NULL);
	/* Refused before anything is begun. */
	if (!p->flat)
		above = p->node ? tkm_node_policy(p->node) :
				  tkm_hierarchy_policy_above(&p->rec);
	if (!ret)
		ret = tkm_hierarchy_door(bus, above);
	if (!ret && is_pair(p))
		ret = test_parms(bus, d);
	/* Registers are read in an HMAC session, also for a key under a policy. */
	if (!ret)
		ret = tkm_session_start(bus, above->n && !d->guard.pcrs.mask);
	if (ret)
		return ret;
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	ret = make_in(bus, d, s);
	kfree_sensitive(s);
	return ret;
}

/**
 * tkm_object_new() - make a key
 * @req: len or rsa_bits or curve, flat, pcrs or policy
 * @rec: its record; unused for a flat key but for what describe shows
 * @auth: the authValue, len 0 for none
 *
 * Sleeps (tkm_bus_run()).
 *
 * Return: a payload that the caller owns, or an ERR_PTR: an errno of the table
 * in Documentation/errors.rst.
 */
struct tkm_payload *tkm_object_new(const struct tkm_request *req,
				 const struct tkm_record *rec,
				 const struct tkm_auth *auth)
{
	struct tkm_payload *p;
	struct object_op *d;
	int ret;

	d = object_op_alloc(make_run, auth);
	if (IS_ERR(d))
		return ERR_CAST(d);
	p = d->payload;
	p->rec = *rec;
	p->flat = req->flat;
	p->has_auth = auth->len;
	if (!is_pair(p)) {
		/* The kernel's generator, which the TPM feeds; never it alone. */
		p->data_len = req->len;
		get_random_bytes(p->data, p->data_len);
	}
	d->rsa_bits = req->rsa_bits;
	d->curve = req->curve;
	d->guard.pcrs = req->pcrs;
	ret = tkm_policies_guard(req->policy, &d->guard);
	if (!ret)
		return object_run(d);
	tkm_op_put(&d->op);
	return ERR_PTR(ret);
}

/* What the key is guarded with, for the same once more. */
static int keep_guard(const struct tkm_payload *old, struct tkm_guard *guard)
{
	struct tkm_chain *chain;
	int ret;

	guard->pcrs = old->pcrs;
	if (!old->approved)
		return 0;
	chain = kmalloc(sizeof(*chain), GFP_KERNEL);
	if (!chain)
		return -ENOMEM;
	ret = tkm_blob_decode(old->chain, old->chain_len, chain);
	if (!ret)
		ret = tkm_guard_keep(guard, &chain->obj[chain->n - 1].policy,
				     old->flat);
	kfree(chain);
	return ret;
}

/**
 * tkm_object_reseal() - the same bytes and the same record under a new policy
 * @old: what the key holds now; the caller holds its key->sem
 * @req: pcrs or policy, and auth, each set, kept or removed
 * @auth: the new authValue, len 0 for none
 *
 * What the request does not name stays: the registers (at their values of now),
 * and whether there is an authValue, which then must be given again. Sleeps
 * (tkm_bus_run()).
 *
 * Return: a payload that the caller owns, or an ERR_PTR: an errno of the table.
 */
struct tkm_payload *tkm_object_reseal(struct tkm_payload *old,
				    const struct tkm_request *req,
				    const struct tkm_auth *auth)
{
	struct tkm_payload *p;
	struct object_op *d;
	int ret = 0;

	/* What never leaves the TPM cannot be sealed anew. */
	if (is_pair(old))
		return ERR_PTR(-EOPNOTSUPP);
	if (old->has_auth && req->auth_choice == TKM_KEEP)
		return ERR_PTR(-EKEYREJECTED);
	/* A policy of another tool's, whose registers we cannot name. */
	if (!old->pcrs.mask && req->pcrs_choice == TKM_KEEP &&
	    !strncmp(old->policy, "pcrs", 4))
		return ERR_PTR(-EOPNOTSUPP);
	d = object_op_alloc(make_run, auth);
	if (IS_ERR(d))
		return ERR_CAST(d);
	p = d->payload;
	p->rec = old->rec;
	/* Another tool's may have been of any; what is made here is fixed. */
	if (old->flat)
		p->rec.class = TKM_CLASS_FIXED;
	memcpy(p->text, old->text, old->text_len);
	p->text_len = old->text_len;
	p->flat = old->flat;
	p->has_auth = auth->len;
	p->node = tkm_node_get(old->node);
	memcpy(p->data, old->data, old->data_len);
	p->data_len = old->data_len;
	d->guard.pcrs = req->pcrs;
	if (req->pcrs_choice == TKM_KEEP)
		ret = keep_guard(old, &d->guard);
	else if (req->pcrs_choice == TKM_SET)
		ret = tkm_policies_guard(req->policy, &d->guard);
	if (!ret)
		return object_run(d);
	tkm_op_put(&d->op);
	return ERR_PTR(ret);
}

/* ---- load ---- */

static int load_in(struct tkm_bus *bus, struct object_op *d)
{
	const struct tkm_object *obj = &d->chain.obj[d->chain.n - 1];
	struct tkm_payload *p = d->payload;
	struct tkm_parent parent, item;
	u8 name[TKM_NAME_SIZE];
	int ret;

	ret = tkm_hierarchy_use(bus, p->node, &parent);
	ret = ret ?: tkm_hierarchy_permit(bus, p->node);
	if (ret)
		return ret;
	p->period = tkm_domain_period(tkm_node_domain(p->node));
	ret = tkm_tpm_load(bus, parent,
			   (struct tkm_piece){ obj->pub, obj->pub_len },
			   (struct tkm_piece){ obj->priv, obj->priv_len },
			   is_pair(p), &item.handle);
	if (ret == -EKEYREJECTED || ret == -ENOKEY)
		tkm_hierarchy_doubt(bus);
	if (ret)
		return ret;
	if (is_pair(p)) {
		ret = tkm_pair_keep(bus, p, item.handle);
		goto out;
	}
	tkm_public_name(obj->pub, obj->pub_len, name);
	item.name = name;
	/* A storage key's policy took a policy session, which proves no value. */
	if (d->auth.len && !obj->policy.n)
		ret = tkm_session_start(bus, false);
	if (!ret)
		ret = tkm_policy_play(bus, &obj->policy, &d->pick);
	if (!ret)
		ret = tkm_tpm_unseal(bus, item, auth_piece(d), p->data,
				     &p->data_len);
out:
	tkm_bus_spent(bus, item.handle);
	return ret;
}

static int load_run(struct tkm_bus *bus, struct tkm_op *op)
{
	struct object_op *d = container_of(op, struct object_op, op);
	const struct tkm_object *obj = &d->chain.obj[d->chain.n - 1];
	struct tkm_payload *p = d->payload;
	/* Of the ASK. */
	const struct tkm_policy *above = p->flat ? NULL : &obj[-1].policy;
	int ret;

	ret = tkm_hierarchy_open(bus, p->flat ? NULL : d->srk);
	/* It may run once more. */
	tkm_pick_end(&d->pick);
	if (!ret && !is_pair(p))
		ret = tkm_policy_choose(bus, &obj->policy, &d->pick);
	if (!ret && !p->flat)
		ret = tkm_hierarchy_door(bus, above);
	/* A password, which may be asked for on the way, is none of a policy. */
	if (!ret && d->chain.n == TKM_CHAIN_OBJECTS && !p->node &&
	    !d->chain.obj[1].empty_auth) {
		ret = tkm_session_start(bus, false);
		if (!ret)
			ret = tkm_hierarchy_adopt(bus, &d->chain, &p->node);
	}
	if (!ret)
		ret = tkm_hierarchy_ready(bus, p->node);
	/* What guards an RSA or EC key is asked at each use of it. */
	if (!ret)
		ret = tkm_session_start(bus, (!is_pair(p) && obj->policy.n) ||
					     (!p->flat && above->n));
	if (!ret && !p->flat && !p->node)
		ret = tkm_hierarchy_adopt(bus, &d->chain, &p->node);
	return ret ?: load_in(bus, d);
}

/* Everything that can be refused before the TPM is asked. */
static int load_prepare(struct object_op *d, const u8 *der, size_t len,
			const struct tkm_caller *caller)
{
	struct tkm_payload *p = d->payload;
	const struct tkm_object *obj;
	int ret;

	if (len > TKM_CHAIN_MAX)
		return -E2BIG;
	p->chain = kmemdup(der, len, GFP_KERNEL);
	if (!p->chain)
		return -ENOMEM;
	p->chain_len = len;
	ret = tkm_blob_decode(p->chain, len, &d->chain);
	if (!ret)
		ret = tkm_chain_verify(&d->chain, caller, d->srk, &p->rec);
	if (ret)
		return ret;
	p->flat = d->chain.flat;
	obj = &d->chain.obj[d->chain.n - 1];
	p->has_auth = !obj->empty_auth;
	if (obj->auth_unsaid)
		p->has_auth = d->auth.len;
	/* No try is spent on a value that is missing, or that is not asked for. */
	if (p->has_auth != (d->auth.len > 0))
		return -EKEYREJECTED;
	if (!p->flat) {
		memcpy(p->text, obj->description, obj->description_len);
		p->text_len = obj->description_len;
	}
	tkm_payload_name_policy(p, &obj->policy);
	return is_pair(p) ? tkm_pair_init(p, obj, &d->auth) : 0;
}

/**
 * tkm_object_load() - load a key from its chain
 * @der: the chain; copied
 * @len: its length
 * @caller: who asks, and under which description
 * @auth: the authValue, len 0 for none
 *
 * Sleeps (tkm_bus_run()), unless the chain is refused without the TPM.
 *
 * Return: a payload that the caller owns, or an ERR_PTR: an errno of the table.
 */
struct tkm_payload *tkm_object_load(const u8 *der, size_t len,
				  const struct tkm_caller *caller,
				  const struct tkm_auth *auth)
{
	struct object_op *d;
	int ret;

	d = object_op_alloc(load_run, auth);
	if (IS_ERR(d))
		return ERR_CAST(d);
	ret = load_prepare(d, der, len, caller);
	if (!ret)
		return object_run(d);
	tkm_op_put(&d->op);
	return ERR_PTR(ret);
}
