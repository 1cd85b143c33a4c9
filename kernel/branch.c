// SPDX-License-Identifier: GPL-2.0
/*
 * Branches: where storage keys come from. They are taken from a chain, or made
 * when a new key wants them.
 */
#include <linux/ktime.h>
#include <linux/slab.h>

#include "hierarchy.h"

/* ---- making ---- */

/* What one making needs, too large for the stack. */
struct making {
	struct tkm_created made;
	struct tkm_policy_made policy;
	struct tkm_guard guard;
};

/*
 * With @auth a TDK that this password guards; with @guard one that a policy does;
 * an ASK below one is guarded as that is. It is not added yet.
 */
static struct tkm_node *node_create(struct tkm_bus *bus,
				    struct tkm_node *above,
				    struct tkm_record *rec,
				    struct tkm_piece auth,
				    const struct tkm_guard *guard)
{
	struct tkm_created *made;
	struct making *work;
	struct tkm_node *node = NULL;
	struct tkm_parent parent;
	struct tkm_public tmpl;
	const struct tkm_piece none = {};
	char text[TKM_RECORD_MAX];
	u8 hash[32];
	ssize_t len;
	int ret;

	work = kzalloc(sizeof(*work), GFP_KERNEL);
	if (!work)
		return ERR_PTR(-ENOMEM);
	made = &work->made;
	rec->created = ktime_get_real_seconds();
	len = tkm_record_write(rec, text, sizeof(text));
	ret = len < 0 ? len : 0;
	if (guard)
		work->guard = *guard;
	else if (!ret && tkm_node_policy(above)->n)
		ret = tkm_guard_keep(&work->guard, &above->policy, false);
	ret = ret ?: tkm_hierarchy_use(bus, above, &parent);
	if (ret)
		goto out;
	tkm_record_hash(text, len, hash);
	ret = tkm_policy_make(bus, &work->guard, false, rec, hash,
			      &work->policy);
	if (ret)
		goto out;
	tmpl = tkm_public_storage(rec->class, work->policy.digest);
	if (auth.len)
		tmpl.attributes &= ~TPM_OA_NO_DA;
	if (work->policy.policy.n)
		tmpl.attributes &= ~TPM_OA_USER_WITH_AUTH;
	ret = tkm_hierarchy_permit(bus, above);
	ret = ret ?: tkm_tpm_create(bus, parent, auth, none, &tmpl, false, made);
	if (ret == -EKEYREJECTED || ret == -ENOKEY)
		tkm_hierarchy_doubt(bus);
	if (ret)
		goto out;
	node = tkm_node_alloc(above, (struct tkm_piece){ text, len },
			  (struct tkm_piece){ made->pub, made->pub_len },
			  (struct tkm_piece){ made->priv, made->priv_len },
			  &work->policy.policy);
	if (!node)
		ret = -ENOMEM;
out:
	kfree(work);
	return ret ? ERR_PTR(ret) : node;
}

/* One level further down: there already, or made now. */
static struct tkm_node *node_below(struct tkm_bus *bus, struct tkm_node *above,
				   struct tkm_record *rec)
{
	struct tkm_node *node = tkm_node_find_record(above, rec);

	if (node)
		return node;
	node = node_create(bus, above, rec, (struct tkm_piece){}, NULL);
	if (!IS_ERR(node))
		tkm_node_add(node);
	return node;
}

/* ---- taking from a chain ---- */

/* A storage key of a chain: known, or shown to the TPM now. */
static struct tkm_node *node_adopt(struct tkm_bus *bus, struct tkm_node *above,
				   const struct tkm_object *obj)
{
	struct tkm_node *node;
	struct tkm_record rec;
	struct tkm_parent parent;
	int ret;

	ret = tkm_record_parse(obj->description, obj->description_len, &rec);
	if (ret)
		return ERR_PTR(ret);
	node = tkm_node_find_object(above, rec.owner, obj);
	if (!node && !obj->empty_auth)
		node = tkm_node_find_guarded(above, rec.owner, obj);
	if (node)
		return node;
	node = tkm_node_alloc(above,
			  (struct tkm_piece){ obj->description,
					      obj->description_len },
			  (struct tkm_piece){ obj->pub, obj->pub_len },
			  (struct tkm_piece){ obj->priv, obj->priv_len },
			  &obj->policy);
	if (!node)
		return ERR_PTR(-ENOMEM);
	tkm_node_add(node);
	/* What a password guards is shown to the TPM once it is unlocked. */
	ret = node->domain ? 0 : tkm_hierarchy_use(bus, node, &parent);
	if (!ret)
		return node;
	tkm_node_remove(node);
	return ERR_PTR(ret);
}

/* The first @n of a chain's objects; NULL for none of them. */
static struct tkm_node *adopt_line(struct tkm_bus *bus,
				   const struct tkm_chain *chain, unsigned int n)
{
	struct tkm_node *node = NULL;
	unsigned int i;

	for (i = 0; i < n && !IS_ERR(node); i++)
		node = node_adopt(bus, node, &chain->obj[i]);
	return node;
}

/**
 * tkm_hierarchy_adopt() - the storage keys of a chain become known
 * @bus: held, with a session
 * @chain: verified (tkm_chain_verify())
 * @ask: the last of them, with a reference for the caller
 *
 * Each one that is not known to the byte is shown to the TPM first.
 *
 * Return: 0, -ENOMEM, and what tkm_hierarchy_use() returns.
 */
int tkm_hierarchy_adopt(struct tkm_bus *bus, const struct tkm_chain *chain,
			struct tkm_node **ask)
{
	struct tkm_node *node = adopt_line(bus, chain, chain->n - 1);

	if (IS_ERR(node))
		return PTR_ERR(node);
	*ask = tkm_node_get(node);
	return 0;
}

/* ---- for a new key ---- */

/**
 * tkm_hierarchy_knows() - whether nothing has to be made above a new key
 * @key: the new key's record
 *
 * By the worker. No TPM command.
 */
bool tkm_hierarchy_knows(const struct tkm_record *key)
{
	return tkm_node_find_ask(key);
}

/**
 * tkm_hierarchy_policy_above() - what will guard the ASK of a new key
 * @key: the new key's record
 *
 * By the worker. Return: n 0 for nothing, and for what is not known yet.
 */
const struct tkm_policy *tkm_hierarchy_policy_above(const struct tkm_record *key)
{
	struct tkm_node *node = tkm_node_find_ask(key);

	return tkm_node_policy(node ?: tkm_node_guarded_for(key));
}

/**
 * tkm_hierarchy_inherit() - who approves of a new key's moving
 * @key: the new key's record, with the authority that was asked for, or none; it
 *	gets that of its branch
 * @branch: verified: the storage keys to begin with; or n 0
 *
 * All keys of a class lie under one TDK, whose authority is theirs. By the worker.
 * No TPM command.
 *
 * Return: 0; -EEXIST when another was asked for; -ENOKEY when none was, and there
 * is no such TDK; -EOPNOTSUPP for a domain that has a password or a policy, which
 * guards what never moves only.
 */
int tkm_hierarchy_inherit(struct tkm_record *key,
			  const struct tkm_chain *branch)
{
	const struct tkm_object *tdk = &branch->obj[1];
	struct tkm_record above = {};
	struct tkm_node *node;
	int ret;

	if (key->class == TKM_CLASS_FIXED)
		return 0;
	if (tkm_node_guarded_of(key->owner, key->side))
		return -EOPNOTSUPP;
	/* What came alone has no TDK here. */
	node = tkm_node_find_tdk(key) ?: tkm_node_find_ask(key);
	if (branch->n > 1) {
		ret = tkm_record_parse(tdk->description, tdk->description_len,
				       &above);
		if (ret)
			return ret;
	} else if (node) {
		above = node->rec;
	}
	if (!tkm_name_is_set(above.authority))
		return tkm_name_is_set(key->authority) ? 0 : -ENOKEY;
	if (tkm_name_is_set(key->authority))
		return tkm_record_same_authority(key, &above) ? 0 : -EEXIST;
	memcpy(key->authority, above.authority, TKM_NAME_SIZE);
	memcpy(key->recovery, above.recovery, TKM_NAME_SIZE);
	return 0;
}

/* Whether a storage key is a TDK or lies below it. */
static bool is_under(const struct tkm_node *node, const struct tkm_node *tdk)
{
	while (node && node != tdk)
		node = node->parent;
	return node;
}

/* The record of the storage key of this kind above a new key. */
static void record_above(const struct tkm_record *key, enum tkm_kind kind,
			 const u8 srk[TKM_NAME_SIZE], struct tkm_record *rec)
{
	memset(rec, 0, sizeof(*rec));
	rec->kind = kind;
	rec->class = key->class;
	if (kind == TKM_KIND_TKMRK) {
		rec->class = TKM_CLASS_FIXED;
		memcpy(rec->srk, srk, TKM_NAME_SIZE);
		return;
	}
	memcpy(rec->authority, key->authority, TKM_NAME_SIZE);
	memcpy(rec->recovery, key->recovery, TKM_NAME_SIZE);
	rec->owner = key->owner;
	rec->side = key->side;
	if (kind == TKM_KIND_ASK)
		strcpy(rec->app, key->app);
}

/**
 * tkm_hierarchy_ask() - the storage key for a new key
 * @bus: held, with an HMAC session
 * @key: the new key's record: class, owner, side, application
 * @branch: verified (tkm_branch_verify()): the storage keys to begin with; or n 0
 * @ask: the ASK, with a reference for the caller
 *
 * What of TKMRK, TDK and ASK is neither given nor known is made.
 *
 * Return: 0, -ENOMEM, and what tkm_hierarchy_use() and tkm_tpm_create() return.
 */
int tkm_hierarchy_ask(struct tkm_bus *bus, const struct tkm_record *key,
		      const struct tkm_chain *branch, struct tkm_node **ask)
{
	static const enum tkm_kind kinds[] = {
		TKM_KIND_TKMRK, TKM_KIND_TDK, TKM_KIND_ASK,
	};
	struct tkm_node *node = tkm_node_find_ask(key), *tdk;
	struct tkm_record rec;
	unsigned int i;

	if (!node) {
		node = adopt_line(bus, branch, branch->n);
		i = branch->n;
		tdk = tkm_node_guarded_for(key);
		/* Of two TDKs the one that has a password or a policy. */
		if (tdk && !IS_ERR(node) && !is_under(node, tdk)) {
			node = tdk;
			i = 2;
		}
		for (; i < ARRAY_SIZE(kinds) && !IS_ERR(node); i++) {
			record_above(key, kinds[i], bus->srk.name, &rec);
			node = node_below(bus, node, &rec);
		}
	}
	if (IS_ERR(node))
		return PTR_ERR(node);
	*ask = tkm_node_get(node);
	return 0;
}

/* ---- for a domain ---- */

/* A storage key and those above it as the first objects of a chain. */
static void objects_of(const struct tkm_node *node, struct tkm_chain *chain)
{
	const struct tkm_node *above;
	unsigned int n = 0;

	for (above = node; above; above = above->parent)
		n++;
	chain->n = n;
	chain->flat = false;
	for (; node; node = node->parent) {
		chain->obj[--n] = (struct tkm_object){
			.type = TKM_OBJECT_LOADABLE,
			.empty_auth = !node->domain,
			.policy = node->policy,
			.description = node->text.data,
			.description_len = node->text.len,
			.parent = node->parent ? TKM_PARENT_PREVIOUS :
						 TKM_SRK_HANDLE,
			.pub = node->pub.data,
			.pub_len = node->pub.len,
			.priv = node->priv.data,
			.priv_len = node->priv.len,
		};
	}
}

/**
 * tkm_hierarchy_root() - the TKMRK
 * @bus: held, with an HMAC session
 * @branch: verified; its first is the TKMRK; or n 0
 *
 * Return: the node, without a reference; or an ERR_PTR as tkm_hierarchy_ask().
 */
struct tkm_node *tkm_hierarchy_root(struct tkm_bus *bus,
				    const struct tkm_chain *branch)
{
	const struct tkm_record any = {};
	struct tkm_record rec;
	struct tkm_node *node;

	node = adopt_line(bus, branch, min(branch->n, 1U));
	if (node)
		return node;
	record_above(&any, TKM_KIND_TKMRK, bus->srk.name, &rec);
	return node_below(bus, NULL, &rec);
}

/**
 * tkm_hierarchy_guard() - a new TDK with a password or a policy
 * @bus: held, with an HMAC session
 * @of: the domain
 * @branch: verified; its first is the TKMRK; or n 0
 * @auth: the password; len 0 for none
 * @guard: the policy; NULL for none
 *
 * Return: the TDK with a reference, nobody's until tkm_hierarchy_add(); or an
 * ERR_PTR: -EEXIST when the domain has one, and what tkm_hierarchy_ask() returns.
 */
struct tkm_node *tkm_hierarchy_guard(struct tkm_bus *bus,
				     const struct tkm_caller *of,
				     const struct tkm_chain *branch,
				     const struct tkm_auth *auth,
				     const struct tkm_guard *guard)
{
	const struct tkm_record key = { .owner = of->owner, .side = of->side };
	struct tkm_record rec;
	struct tkm_node *node;

	if (tkm_node_guarded_of(of->owner, of->side))
		return ERR_PTR(-EEXIST);
	node = tkm_hierarchy_root(bus, branch);
	if (IS_ERR(node))
		return node;
	record_above(&key, TKM_KIND_TDK, NULL, &rec);
	node = node_create(bus, node, &rec,
			   (struct tkm_piece){ auth->value, auth->len }, guard);
	return IS_ERR(node) ? node : tkm_node_get(node);
}

void tkm_hierarchy_add(struct tkm_node *node)
{
	tkm_node_add(node);
}

void tkm_hierarchy_abandon(struct tkm_node *node)
{
	tkm_node_free(node);
}

/* No password is asked for that. Else as tkm_hierarchy_adopt(). */
int tkm_hierarchy_adopt_domain(struct tkm_bus *bus,
			       const struct tkm_chain *branch,
			       struct tkm_node **tdk)
{
	struct tkm_node *node = adopt_line(bus, branch, branch->n);

	if (IS_ERR(node))
		return PTR_ERR(node);
	*tdk = tkm_node_get(node);
	return 0;
}

/**
 * tkm_hierarchy_prove() - have the TPM say whether a password is right
 * @bus: held, with an HMAC session
 * @tdk: that a password guards
 * @priv: its private part, the known one or another
 * @auth: the password
 * @fresh: the one that @out is to have; the same will do
 * @out: private part with @fresh
 * @size: of @out
 * @len: how much of it is used
 *
 * Return: 0; -EKEYREJECTED when it is wrong, which the TPM has counted; -EBUSY in
 * lockout; -EBADMSG when @priv does not belong to it; and what
 * tkm_hierarchy_use() returns.
 */
int tkm_hierarchy_prove(struct tkm_bus *bus, struct tkm_node *tdk,
			struct tkm_piece priv, const struct tkm_auth *auth,
			const struct tkm_auth *fresh, u8 *out, size_t size,
			u16 *len)
{
	struct tkm_parent parent, item = {
		.name = tdk->name,
		.auth = { auth->value, auth->len },
	};
	int ret;

	ret = tkm_hierarchy_use(bus, tdk->parent, &parent);
	if (ret)
		return ret;
	ret = tkm_tpm_load(bus, parent, tdk->pub, priv, false, &item.handle);
	if (ret == -EKEYREJECTED || ret == -ENOKEY)
		tkm_hierarchy_doubt(bus);
	if (ret)
		return ret;
	/* Not to be doubted: each try is counted. */
	ret = tkm_tpm_object_change_auth(bus, item, parent,
			(struct tkm_piece){ fresh->value, fresh->len }, out,
			size, len);
	tkm_bus_spent(bus, item.handle);
	return ret;
}

/**
 * tkm_hierarchy_branch() - TKMRK and TDK as the helper keeps them
 * @tdk: with a reference
 * @priv: its private part instead of the known one, or nothing
 * @out: DER
 * @size: of @out
 *
 * Return: the length; -EMSGSIZE; -ENOMEM.
 */
ssize_t tkm_hierarchy_branch(const struct tkm_node *tdk, struct tkm_piece priv,
			     u8 *out, size_t size)
{
	struct tkm_chain *chain = kzalloc(sizeof(*chain), GFP_KERNEL);
	ssize_t ret;

	if (!chain)
		return -ENOMEM;
	objects_of(tdk, chain);
	if (priv.len) {
		chain->obj[1].priv = priv.data;
		chain->obj[1].priv_len = priv.len;
	}
	ret = tkm_branch_encode(chain, out, size);
	kfree(chain);
	return ret;
}

/**
 * tkm_hierarchy_objects() - the storage keys above a key, as chain objects
 * @ask: with a reference, for as long as @chain is used
 * @chain: all objects but the last are filled in; they point into the nodes
 */
void tkm_hierarchy_objects(const struct tkm_node *ask, struct tkm_chain *chain)
{
	objects_of(ask, chain);
	chain->n++;
}
