// SPDX-License-Identifier: GPL-2.0
/*
 * The storage keys that are known, each a node: its two parts as the chain has
 * them, and its context, saved from the TPM the first time it was loaded.
 *
 * Only the worker touches nodes, so they need no lock. What keys and child
 * nodes hold is a count; the worker gives back nodes whose count is zero when
 * there are many.
 */
#include <linux/hashtable.h>
#include <linux/slab.h>

#include "hierarchy.h"

/* Nodes beyond this number that no key uses are given back. */
#define NODES_KEPT 256

static DEFINE_HASHTABLE(nodes, 8);
static LIST_HEAD(by_use);
static unsigned int node_count;

void tkm_node_forget(struct tkm_node *node)
{
	kfree(node->context);
	node->context = NULL;
}

void tkm_node_free(struct tkm_node *node)
{
	if (!node)
		return;
	tkm_node_put(node->parent);
	tkm_node_forget(node);
	tkm_domain_free(node->domain);
	kfree(node->own_priv);
	kfree(node);
}

/**
 * tkm_node_put() - give a reference on a storage key back
 * @node: may be NULL; stays until the worker trims
 *
 * Any context.
 */
void tkm_node_put(struct tkm_node *node)
{
	if (node)
		atomic_dec(&node->refs);
}

/**
 * tkm_node_get() - take a reference on a storage key
 * @node: may be NULL; the caller is the worker or holds a reference already
 *
 * Return: @node.
 */
struct tkm_node *tkm_node_get(struct tkm_node *node)
{
	if (node)
		atomic_inc(&node->refs);
	return node;
}

static struct tkm_piece node_keep(struct tkm_node *node, size_t *at,
				  struct tkm_piece from)
{
	u8 *to = node->bytes + *at;

	memcpy(to, from.data, from.len);
	*at += from.len;
	return (struct tkm_piece){ to, from.len };
}

/* A TDK without noDA is one that a password guards; all others have it. */
static bool is_guarded(struct tkm_piece pub)
{
	return !(get_unaligned_be32(pub.data + 4) & TPM_OA_NO_DA);
}

static size_t policy_size(const struct tkm_policy *policy)
{
	unsigned int i;
	size_t n = 0;

	for (i = 0; i < policy->n; i++)
		n += policy->el[i].body_len;
	return n;
}

static void policy_keep(struct tkm_node *node, size_t *at,
			const struct tkm_policy *policy)
{
	struct tkm_policy_element *el;
	unsigned int i;

	node->policy = *policy;
	for (i = 0; i < policy->n; i++) {
		el = &node->policy.el[i];
		el->body = node_keep(node, at, (struct tkm_piece){
				el->body, el->body_len }).data;
	}
}

struct tkm_node *tkm_node_alloc(struct tkm_node *parent, struct tkm_piece text,
				struct tkm_piece pub, struct tkm_piece priv,
				const struct tkm_policy *policy)
{
	struct tkm_node *node;
	size_t at = 0;

	node = kzalloc(struct_size(node, bytes, text.len + pub.len + priv.len +
				   policy_size(policy)), GFP_KERNEL);
	if (!node)
		return NULL;
	policy_keep(node, &at, policy);
	node->text = node_keep(node, &at, text);
	node->pub = node_keep(node, &at, pub);
	node->priv = node_keep(node, &at, priv);
	if (tkm_record_parse(node->text.data, node->text.len, &node->rec))
		goto out;
	if (is_guarded(pub)) {
		node->domain = tkm_domain_alloc();
		if (!node->domain)
			goto out;
	}
	tkm_public_name(node->pub.data, node->pub.len, node->name);
	node->parent = tkm_node_get(parent);
	return node;

out:
	kfree(node);
	return NULL;
}

void tkm_node_add(struct tkm_node *node)
{
	hash_add(nodes, &node->hash, node->rec.owner);
	list_add_tail(&node->used, &by_use);
	node_count++;
}

void tkm_node_remove(struct tkm_node *node)
{
	hash_del(&node->hash);
	list_del(&node->used);
	node_count--;
	tkm_node_free(node);
}

/* Free what nobody refers to, the longest unused first, down to @keep nodes. */
static void trim_to(unsigned int keep)
{
	struct tkm_node *node, *next;

	list_for_each_entry_safe(node, next, &by_use, used) {
		if (node_count <= keep)
			return;
		if (!atomic_read(&node->refs))
			tkm_node_remove(node);
	}
}

/**
 * tkm_hierarchy_trim() - give back storage keys that no key uses
 *
 * The longest unused first, down to NODES_KEPT. By the worker, outside a hold.
 */
void tkm_hierarchy_trim(void)
{
	trim_to(NODES_KEPT);
}

void tkm_node_used(struct tkm_node *node)
{
	list_move_tail(&node->used, &by_use);
}

/* Any storage key of this place in the hierarchy, under this parent. */
struct tkm_node *tkm_node_find_record(struct tkm_node *parent,
				      const struct tkm_record *rec)
{
	struct tkm_node *node;

	hash_for_each_possible(nodes, node, hash, rec->owner)
		if (node->parent == parent && node->rec.kind == rec->kind &&
		    node->rec.class == rec->class &&
		    node->rec.owner == rec->owner &&
		    node->rec.side == rec->side &&
		    tkm_record_same_authority(&node->rec, rec) &&
		    !strcmp(node->rec.app, rec->app) &&
		    !memcmp(node->rec.srk, rec->srk, TKM_NAME_SIZE))
			return node;
	return NULL;
}

static bool piece_equal(struct tkm_piece a, const void *data, size_t len)
{
	return a.len == len && !memcmp(a.data, data, len);
}

/* The very same object: a private part that was changed must meet the TPM. */
struct tkm_node *tkm_node_find_object(struct tkm_node *parent, u32 owner,
				      const struct tkm_object *obj)
{
	struct tkm_node *node;

	hash_for_each_possible(nodes, node, hash, owner)
		if (node->parent == parent &&
		    piece_equal(node->pub, obj->pub, obj->pub_len) &&
		    piece_equal(node->priv, obj->priv, obj->priv_len) &&
		    piece_equal(node->text, obj->description,
				obj->description_len))
			return node;
	return NULL;
}

/* The same object but for its private part, which a changed password changes. */
struct tkm_node *tkm_node_find_guarded(struct tkm_node *parent, u32 owner,
				       const struct tkm_object *obj)
{
	struct tkm_node *node;

	hash_for_each_possible(nodes, node, hash, owner)
		if (node->domain && node->parent == parent &&
		    piece_equal(node->pub, obj->pub, obj->pub_len) &&
		    piece_equal(node->text, obj->description,
				obj->description_len))
			return node;
	return NULL;
}

/**
 * tkm_node_domain() - whose password stands before a storage key
 * @node: with a reference, or NULL
 *
 * Return: the domain, which lives as long as the node; NULL without a password.
 */
struct tkm_domain *tkm_node_domain(const struct tkm_node *node)
{
	while (node && !node->domain)
		node = node->parent;
	return node ? node->domain : NULL;
}

const struct tkm_policy *tkm_node_policy(const struct tkm_node *node)
{
	static const struct tkm_policy none;

	return node ? &node->policy : &none;
}

const struct tkm_record *tkm_node_record(const struct tkm_node *node)
{
	return &node->rec;
}

struct tkm_piece tkm_node_private(const struct tkm_node *node)
{
	return node->priv;
}

/**
 * tkm_node_set_private() - the password was changed
 * @node: a TDK; by the worker
 * @priv: of kmalloc's, taken over
 * @len: its length
 */
void tkm_node_set_private(struct tkm_node *node, u8 *priv, u16 len)
{
	kfree(node->own_priv);
	node->own_priv = priv;
	node->priv = (struct tkm_piece){ priv, len };
	/* It was saved with the password that was. */
	tkm_node_forget(node);
}

/**
 * tkm_hierarchy_forget_locked() - no context opens a domain that is locked
 *
 * By the worker.
 */
void tkm_hierarchy_forget_locked(void)
{
	struct tkm_domain *domain;
	struct tkm_node *node;

	list_for_each_entry(node, &by_use, used) {
		domain = tkm_node_domain(node);
		if (domain && !tkm_domain_period(domain))
			tkm_node_forget(node);
	}
}

/* The TKMRK above a storage key. */
static const struct tkm_node *root_of(const struct tkm_node *node)
{
	while (node->parent)
		node = node->parent;
	return node;
}

/* The TDK of a domain that has a password or a policy, under the SRK that is pinned. */
struct tkm_node *tkm_node_guarded_of(u32 owner, enum tkm_side side)
{
	const u8 *srk = tkm_srk_pinned();
	struct tkm_node *node;

	if (!srk)
		return NULL;
	hash_for_each_possible(nodes, node, hash, owner)
		if ((node->domain || node->policy.n) &&
		    node->rec.kind == TKM_KIND_TDK &&
		    node->rec.owner == owner && node->rec.side == side &&
		    !memcmp(root_of(node)->rec.srk, srk, TKM_NAME_SIZE))
			return node;
	return NULL;
}

struct tkm_node *tkm_hierarchy_guarded(u32 owner, enum tkm_side side)
{
	return tkm_node_get(tkm_node_guarded_of(owner, side));
}

/* The one that a new key has to lie under; those guard what never moves. */
struct tkm_node *tkm_node_guarded_for(const struct tkm_record *key)
{
	return key->class == TKM_CLASS_FIXED ?
	       tkm_node_guarded_of(key->owner, key->side) : NULL;
}

/* A TDK for keys of this class, of whatever authority unless one is named. */
struct tkm_node *tkm_node_find_tdk(const struct tkm_record *key)
{
	const u8 *srk = tkm_srk_pinned();
	struct tkm_node *node, *other = NULL;

	if (!srk)
		return NULL;
	hash_for_each_possible(nodes, node, hash, key->owner) {
		if (node->rec.kind != TKM_KIND_TDK ||
		    node->rec.class != key->class ||
		    node->rec.owner != key->owner ||
		    node->rec.side != key->side ||
		    memcmp(root_of(node)->rec.srk, srk, TKM_NAME_SIZE))
			continue;
		if (tkm_record_same_authority(&node->rec, key))
			return node;
		other = node;
	}
	return other;
}

/*
 * Any ASK for keys of this record, under the SRK that is pinned; and when the
 * domain has a password or a policy, below that.
 */
struct tkm_node *tkm_node_find_ask(const struct tkm_record *key)
{
	struct tkm_node *tdk = tkm_node_guarded_for(key);
	const u8 *srk = tkm_srk_pinned();
	struct tkm_node *node;

	if (!srk)
		return NULL;
	hash_for_each_possible(nodes, node, hash, key->owner)
		if (node->rec.kind == TKM_KIND_ASK &&
		    node->rec.class == key->class &&
		    node->rec.owner == key->owner &&
		    node->rec.side == key->side &&
		    (!tkm_name_is_set(key->authority) ||
		     tkm_record_same_authority(&node->rec, key)) &&
		    !strcmp(node->rec.app, key->app) &&
		    (!tdk || node->parent == tdk) &&
		    !memcmp(root_of(node)->rec.srk, srk, TKM_NAME_SIZE))
			return node;
	return NULL;
}

/**
 * tkm_hierarchy_forget() - saved contexts are worth nothing any more
 * @bus: of another chip than they were saved from, or one that slept
 *
 * The storage keys stay, and are loaded from their blobs when next used.
 */
void tkm_hierarchy_forget(struct tkm_bus *bus)
{
	struct tkm_node *node;

	tkm_reset_forget();
	list_for_each_entry(node, &by_use, used)
		tkm_node_forget(node);
	/* Those of RSA and EC keys are with their payloads. */
	bus->era++;
}

/* Children refer to their parents, so the leaves go first, then the next. */
void tkm_hierarchy_exit(void)
{
	unsigned int before;

	do {
		before = node_count;
		trim_to(0);
	} while (node_count && node_count < before);
	/* No key is left, so a reference that is was never given back. */
	WARN_ON(node_count);
}
