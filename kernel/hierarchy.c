// SPDX-License-Identifier: GPL-2.0
/*
 * The storage keys: SRK, TKMRK, TDK, ASK.
 *
 * The SRK belongs to the platform. It is believed only under its Name: the one
 * that the administrator gave (tkm.srk_name=), else the one that the first
 * chain which was loaded, or the first key which was made, carried. An SRK
 * that is missing is made from the TCG template, and kept only if that gives
 * the Name we know (or none is known yet).
 *
 * Below it every storage key is a node here: its two parts as the chain has
 * them, and its context, saved from the TPM the first time it was loaded.
 * ContextLoad is much cheaper than Load, and it does one thing more: the TPM
 * refuses a context from before its last reset. That is how a reset that no
 * suspend explains is noticed. But a refusal has no HMAC, anyone on the bus can
 * make one, and a context that was damaged on its way to us is refused too. So
 * what proves a reset is the TPM's null hierarchy, whose seed is another after
 * each reset, and with it the Name of a key that is made from it, in an answer
 * with an HMAC. It is looked at whenever a storage key is loaded from its blob,
 * and that is what is done when its context is refused.
 *
 * Only the worker touches nodes, so they need no lock. What keys and child
 * nodes hold is a count; the worker gives back nodes whose count is zero when
 * there are many.
 *
 * TPM 2.0 Part 1, "Protected Storage", "Context Management",
 * "NULL Hierarchy"; TCG TPM v2.0 Provisioning Guidance, "Storage Primary Key
 * (SRK) Templates".
 */
#define pr_fmt(fmt) "tkm: " fmt

#include <linux/atomic.h>
#include <linux/hashtable.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "tkm_internal.h"

/* Nodes beyond this number that no key uses are given back. */
#define NODES_KEPT 256

/**
 * struct tkm_node - a storage key
 * @hash: in nodes, by owner
 * @used: in by_use, the last used at the end
 * @parent: the node above, with a reference; NULL under the SRK
 * @refs: keys and child nodes; the list itself holds none
 * @rec: its record
 * @name: its Name
 * @context: TPMS_CONTEXT, NULL until it was loaded once
 * @context_len: its length
 * @text: the record's text, in @bytes, like the next two
 * @pub: TPMT_PUBLIC
 * @priv: TPM2B_PRIVATE's content
 * @policy: what opens it, in @bytes; n 0 when its record is all of its authPolicy
 * @own_priv: where that lies since the password was changed, else NULL
 * @domain: of a TDK that a password guards, else NULL
 * @bytes: where those lie
 */
struct tkm_node {
	struct hlist_node hash;
	struct list_head used;
	struct tkm_node *parent;
	atomic_t refs;
	struct tkm_record rec;
	u8 name[TKM_NAME_SIZE];
	u8 *context;
	u16 context_len;
	struct tkm_piece text;
	struct tkm_piece pub;
	struct tkm_piece priv;
	struct tkm_policy policy;
	u8 *own_priv;
	struct tkm_domain *domain;
	u8 bytes[];
};

static DEFINE_HASHTABLE(nodes, 8);
static LIST_HEAD(by_use);
static unsigned int node_count;

/*
 * One life of the TPM, from reset to reset: the Name of a key of its null
 * hierarchy. Known before there is a context.
 */
static struct {
	u8 name[TKM_NAME_SIZE];
	bool known;
} life;

/*
 * The pinned Name. Written once, by the parameter before anything runs or by
 * the worker; @set is the last to be written. @given: it was the parameter.
 */
static struct {
	u8 name[TKM_NAME_SIZE];
	bool given;
	bool set;
} pin;

static int srk_name_set(const char *val, const struct kernel_param *kp)
{
	u8 name[TKM_NAME_SIZE];
	size_t len = strcspn(val, "\n");

	if (len != 2 * TKM_NAME_SIZE || tkm_hex_decode(val, len, name) ||
	    get_unaligned_be16(name) != TPM_ALG_SHA256)
		return -EINVAL;
	memcpy(pin.name, name, sizeof(name));
	pin.given = true;
	smp_store_release(&pin.set, true);
	return 0;
}

static int srk_name_get(char *buffer, const struct kernel_param *kp)
{
	if (!smp_load_acquire(&pin.set))
		return scnprintf(buffer, PAGE_SIZE, "none\n");
	return scnprintf(buffer, PAGE_SIZE, "%*phN\n", TKM_NAME_SIZE, pin.name);
}

static const struct kernel_param_ops srk_name_ops = {
	.set = srk_name_set,
	.get = srk_name_get,
};

module_param_cb(srk_name, &srk_name_ops, NULL, 0444);
MODULE_PARM_DESC(srk_name,
		 "Name of the storage root key, 68 hex digits (default: the one of the first chain)");

/* Whether that was given: to be read, and nothing to be set. */
static int srk_pinned_set(const char *val, const struct kernel_param *kp)
{
	return -EPERM;
}

static int srk_pinned_get(char *buffer, const struct kernel_param *kp)
{
	return scnprintf(buffer, PAGE_SIZE, "%c\n", pin.given ? 'Y' : 'N');
}

static const struct kernel_param_ops srk_pinned_ops = {
	.set = srk_pinned_set,
	.get = srk_pinned_get,
};

module_param_cb(srk_pinned, &srk_pinned_ops, NULL, 0444);
MODULE_PARM_DESC(srk_pinned, "Read only: whether srk_name was given");

/* ---- the SRK ---- */

static int srk_check(const struct tkm_public *pub)
{
	const u32 needed = TPM_OA_FIXED_TPM | TPM_OA_FIXED_PARENT |
			   TPM_OA_RESTRICTED | TPM_OA_DECRYPT |
			   TPM_OA_USER_WITH_AUTH;

	if ((pub->attributes & (needed | TPM_OA_SIGN)) != needed ||
	    pub->sym_alg != TPM_ALG_AES)
		return -EOPNOTSUPP;
	if (pub->type == TPM_ALG_ECC)
		return pub->curve == TPM_ECC_NIST_P256 ? 0 : -EOPNOTSUPP;
	return pub->type == TPM_ALG_RSA && pub->rsa_bits == 2048 ? 0 :
								   -EOPNOTSUPP;
}

/* What the TPM showed becomes what we know, if it is an SRK. */
static int srk_take(struct tkm_srk *srk)
{
	int ret = tkm_public_decode(srk->bytes, srk->len, &srk->pub);

	if (!ret)
		ret = srk_check(&srk->pub);
	if (ret)
		pr_err_ratelimited("0x%08x is not a storage key tkm can work with (ECC P-256 or RSA-2048, AES-128-CFB, SHA-256)\n",
				   TKM_SRK_HANDLE);
	else
		tkm_public_name(srk->bytes, srk->len, srk->name);
	return ret == -EBADMSG ? -EIO : ret;
}

/* Of no use if it cannot stay: the owner says no, or its place is taken. */
static int srk_keep(struct tkm_bus *bus, u32 handle)
{
	int ret;

	ret = tkm_tpm_evict_control(bus, handle, bus->srk.name, TKM_SRK_HANDLE);
	if (ret == -EKEYREJECTED ||
	    tkm_tpm_rc_base(bus->rc) == TPM_RC_NV_DEFINED)
		return -ENOKEY;
	return ret;
}

static int srk_create(struct tkm_bus *bus, const u8 *want)
{
	static const u8 zero[32];
	struct tkm_srk *srk = &bus->srk;
	struct tkm_public tmpl = tkm_public_storage(NULL);
	u32 handle;
	int ret;

	/* The template's unique part is all zero, as long as the key's. */
	tmpl.policy_len = 0;
	tmpl.x = tmpl.y = zero;
	tmpl.x_len = tmpl.y_len = sizeof(zero);
	ret = tkm_tpm_create_primary(bus, TPM_RH_OWNER, &tmpl, &handle,
				     srk->bytes, sizeof(srk->bytes), &srk->len);
	if (ret) {
		pr_err_ratelimited("no storage root key at 0x%08x, and none can be made (TPM code 0x%x): make one with tpm2_createprimary and tpm2_evictcontrol\n",
				   TKM_SRK_HANDLE, bus->rc);
		return ret == -EKEYREJECTED ? -ENOKEY : ret;
	}
	ret = srk_take(srk);
	if (!ret && want && memcmp(srk->name, want, TKM_NAME_SIZE)) {
		pr_err_ratelimited("the storage root key is gone and cannot be made again: the TPM was cleared, or is another one\n");
		ret = -ENOKEY;
	}
	if (!ret)
		ret = srk_keep(bus, handle);
	tkm_bus_flush(bus, handle);
	return ret;
}

/**
 * tkm_hierarchy_open() - know the SRK of the chip at hand
 * @bus: held
 * @want: Name that the chain at hand was made under, or NULL
 *
 * The Name that is pinned has the last word; @want pins when it proved right
 * and nothing was pinned. With neither, what is there is taken and pinned:
 * the first contact.
 *
 * Return: 0; -ENOKEY when it is another one, or missing and not to be had;
 * -EOPNOTSUPP when it is no key to work with.
 */
int tkm_hierarchy_open(struct tkm_bus *bus, const u8 *want)
{
	struct tkm_srk *srk = &bus->srk;
	int ret;

	if (pin.set && want && memcmp(pin.name, want, TKM_NAME_SIZE))
		return -ENOKEY;
	if (pin.set)
		want = pin.name;
	if (!srk->known) {
		ret = tkm_tpm_read_public(bus, TKM_SRK_HANDLE, srk->bytes,
					  sizeof(srk->bytes), &srk->len);
		if (ret == -ENOKEY)
			ret = srk_create(bus, want);
		else if (!ret)
			ret = srk_take(srk);
		/* Where it is not, the chip may not be: see chip_get(). */
		bus->stranger = ret == -ENOKEY && pin.set;
		if (ret)
			return ret;
		srk->known = true;
	}
	if (want && memcmp(srk->name, want, TKM_NAME_SIZE)) {
		/* Look again next time: it may be put right without us. */
		srk->known = false;
		bus->stranger = pin.set;
		pr_err_ratelimited("the storage root key 0x%08x is not the one whose Name is known\n",
				   TKM_SRK_HANDLE);
		return -ENOKEY;
	}
	if (!pin.set) {
		memcpy(pin.name, srk->name, TKM_NAME_SIZE);
		smp_store_release(&pin.set, true);
	}
	return 0;
}

/* ---- resets ---- */

/* What tells this life of the TPM from others. Two commands; cheap ones. */
static int life_name(struct tkm_bus *bus, u8 name[TKM_NAME_SIZE])
{
	/* Any key would do; the TPM derives this sort without a search. */
	const struct tkm_public tmpl = tkm_public_sealed(NULL, 0,
		TPM_OA_FIXED_TPM | TPM_OA_FIXED_PARENT |
		TPM_OA_SENSITIVE_DATA_ORIGIN | TPM_OA_USER_WITH_AUTH |
		TPM_OA_NO_DA | TPM_OA_DECRYPT | TPM_OA_SIGN);
	static u8 pub[64];
	u32 handle;
	u16 len;
	int ret;

	ret = tkm_tpm_create_primary(bus, TPM_RH_NULL, &tmpl, &handle, pub,
				     sizeof(pub), &len);
	if (ret == -EKEYREJECTED || ret == -ENOKEY)
		tkm_hierarchy_doubt(bus);
	if (ret)
		return ret;
	tkm_public_name(pub, len, name);
	tkm_bus_flush(bus, handle);
	return 0;
}

/*
 * Whether it is the life that we know; the first one is learned. Once a session,
 * for none outlives a reset. -ENODEV after a reset.
 */
static int life_check(struct tkm_bus *bus)
{
	u8 name[TKM_NAME_SIZE];
	int ret;

	if (bus->alive)
		return 0;
	ret = life_name(bus, name);
	if (ret)
		return ret;
	if (life.known && memcmp(name, life.name, sizeof(name)))
		return tkm_bus_close(bus, "its null hierarchy is another one");
	memcpy(life.name, name, sizeof(name));
	life.known = true;
	bus->alive = true;
	return 0;
}

/* ---- nodes ---- */

static void context_forget(struct tkm_node *node)
{
	kfree(node->context);
	node->context = NULL;
}

/*
 * A parent that took no HMAC of ours, or a handle that is gone, can mean that
 * the SRK is not what it was, or the parent's context. Look at them anew and run
 * the operation again; what is found then decides. Once an operation: each try
 * may count in the TPM's dictionary attack logic.
 */
void tkm_hierarchy_doubt(struct tkm_bus *bus)
{
	if (bus->doubted)
		return;
	bus->doubted = true;
	bus->srk.known = false;
	if (bus->parent)
		context_forget(bus->parent);
	bus->again = true;
}

static void node_free(struct tkm_node *node)
{
	if (!node)
		return;
	tkm_node_put(node->parent);
	context_forget(node);
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

static struct tkm_node *node_alloc(struct tkm_node *parent,
				   struct tkm_piece text, struct tkm_piece pub,
				   struct tkm_piece priv,
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

static void node_add(struct tkm_node *node)
{
	hash_add(nodes, &node->hash, node->rec.owner);
	list_add_tail(&node->used, &by_use);
	node_count++;
}

static void node_remove(struct tkm_node *node)
{
	hash_del(&node->hash);
	list_del(&node->used);
	node_count--;
	node_free(node);
}

/* Free what nobody refers to, the longest unused first, down to @keep nodes. */
static void trim_to(unsigned int keep)
{
	struct tkm_node *node, *next;

	list_for_each_entry_safe(node, next, &by_use, used) {
		if (node_count <= keep)
			return;
		if (!atomic_read(&node->refs))
			node_remove(node);
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

/* Any storage key of this place in the hierarchy, under this parent. */
static struct tkm_node *find_record(struct tkm_node *parent,
				    const struct tkm_record *rec)
{
	struct tkm_node *node;

	hash_for_each_possible(nodes, node, hash, rec->owner)
		if (node->parent == parent && node->rec.kind == rec->kind &&
		    node->rec.class == rec->class &&
		    node->rec.owner == rec->owner &&
		    node->rec.side == rec->side &&
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
static struct tkm_node *find_object(struct tkm_node *parent, u32 owner,
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
static struct tkm_node *find_guarded(struct tkm_node *parent, u32 owner,
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
	context_forget(node);
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
			context_forget(node);
	}
}

/* ---- loading ---- */

/**
 * tkm_hierarchy_leave() - flush the storage key that is loaded, if one is
 * @bus: held
 */
void tkm_hierarchy_leave(struct tkm_bus *bus)
{
	if (bus->parent)
		tkm_bus_flush(bus, bus->parent_handle);
	bus->parent = NULL;
}

static void be_parent(struct tkm_bus *bus, struct tkm_node *node, u32 handle)
{
	tkm_hierarchy_leave(bus);
	bus->parent = node;
	bus->parent_handle = handle;
}

static struct tkm_parent srk_parent(struct tkm_bus *bus)
{
	return (struct tkm_parent){ TKM_SRK_HANDLE, bus->srk.name };
}

/**
 * tkm_hierarchy_door() - pick approvals for the storage keys of an operation
 * @bus: held; or not, with @policy NULL
 * @policy: that a storage key has; NULL: forget those that were picked
 *
 * Return: 0, also when it wants none; what tkm_policy_choose() returns; -ENOMEM.
 */
int tkm_hierarchy_door(struct tkm_bus *bus, const struct tkm_policy *policy)
{
	if (bus->door)
		tkm_pick_end(bus->door);
	kfree(bus->door);
	bus->door = NULL;
	if (!policy || !policy->n)
		return 0;
	bus->door = kzalloc(sizeof(*bus->door), GFP_KERNEL);
	if (!bus->door)
		return -ENOMEM;
	return tkm_policy_choose(bus, policy, bus->door);
}

/**
 * tkm_hierarchy_permit() - have a storage key authorise the next command
 * @bus: held, with a session
 * @node: the storage key, loaded; NULL for the SRK
 *
 * Nothing is done for one that wants no approval. Else its policy is played, one
 * command for each element, in a policy session that is begun unless there is
 * one. The command after that ends the policy, and not the session.
 *
 * Return: 0; what tkm_policy_choose(), tkm_policy_play() and tkm_session_start()
 * return.
 */
int tkm_hierarchy_permit(struct tkm_bus *bus, struct tkm_node *node)
{
	const struct tkm_policy *policy = tkm_node_policy(node);
	int ret = 0;

	if (!policy->n)
		return 0;
	if (!bus->door)
		ret = tkm_hierarchy_door(bus, policy);
	if (!ret && !(bus->session.handle && bus->session.policy))
		ret = tkm_session_start(bus, true);
	return ret ?: tkm_policy_play(bus, policy, bus->door);
}

/* Load under its own parent, and keep the context. */
static int use_blob(struct tkm_bus *bus, struct tkm_node *node)
{
	struct tkm_parent parent;
	u32 handle;
	int ret;

	/* Its context was refused in the midst of a policy: begin anew. */
	if (bus->session.policy && node->parent && node->parent->domain) {
		tkm_hierarchy_doubt(bus);
		return -ENOKEY;
	}
	ret = tkm_hierarchy_use(bus, node->parent, &parent);
	ret = ret ?: tkm_hierarchy_permit(bus, node->parent);
	if (ret)
		return ret;
	ret = tkm_tpm_load(bus, parent, node->pub, node->priv, false, &handle);
	if (ret == -EKEYREJECTED || ret == -ENOKEY)
		tkm_hierarchy_doubt(bus);
	if (ret)
		return ret;
	/* Two slots are enough: its parent goes first. */
	tkm_hierarchy_leave(bus);
	ret = life_check(bus);
	if (!ret)
		ret = tkm_tpm_context_save(bus, handle, &node->context,
					   &node->context_len);
	if (!ret)
		be_parent(bus, node, handle);
	return ret;
}

static int use_context(struct tkm_bus *bus, struct tkm_node *node)
{
	u32 handle;
	int ret;

	/* Two slots are enough: the one before goes first. */
	tkm_hierarchy_leave(bus);
	ret = tkm_tpm_context_load(bus, node->context, node->context_len,
				   &handle);
	if (!ret) {
		be_parent(bus, node, handle);
		return 0;
	}
	if (!bus->rc || tkm_tpm_rc_base(bus->rc) > TPM_RC_FORMAT_ONE_LAST)
		return ret;
	/*
	 * It is from before a reset, which is then found; or it was damaged,
	 * when it was saved or just now; or the refusal is not the TPM's.
	 */
	context_forget(node);
	return use_blob(bus, node);
}

/**
 * tkm_hierarchy_use() - have a storage key loaded
 * @bus: held, with a session
 * @node: which; NULL for the SRK, which always is
 * @parent: handle and Name for the commands that follow
 *
 * One storage key is loaded at a time. Costs nothing if it is this one, one
 * ContextLoad if its context is known, else Load and ContextSave, and the same
 * for its parents.
 *
 * Return: 0; -ENODEV when the TPM refuses a context it gave us, and was reset;
 * -ENOKEY when it was cleared, or a password guards it and the domain is locked; -EBADMSG when it refuses a storage key of a
 * chain; what tkm_bus_exec() returns.
 */
int tkm_hierarchy_use(struct tkm_bus *bus, struct tkm_node *node,
		      struct tkm_parent *parent)
{
	int ret = 0;

	if (!node) {
		*parent = srk_parent(bus);
		return 0;
	}
	/* Of a key below, too, whose context may be known. */
	ret = tkm_domain_auth(tkm_node_domain(node), &bus->domain_auth);
	if (ret)
		return ret;
	if (bus->parent != node)
		ret = node->context ? use_context(bus, node) :
				      use_blob(bus, node);
	if (ret)
		return ret;
	list_move_tail(&node->used, &by_use);
	*parent = (struct tkm_parent){ bus->parent_handle, node->name };
	if (node->domain)
		parent->auth = (struct tkm_piece){ bus->domain_auth.value,
						   bus->domain_auth.len };
	return 0;
}

/**
 * tkm_hierarchy_ready() - before a policy session is begun
 * @bus: held
 * @node: the storage key that will be used in it; NULL for the SRK
 *
 * A password is proven in an HMAC session only. What it guards is loaded in one
 * now, if its context is not known; it then stays loaded.
 *
 * Return: 0, and what tkm_session_start() and tkm_hierarchy_use() return.
 */
int tkm_hierarchy_ready(struct tkm_bus *bus, struct tkm_node *node)
{
	struct tkm_parent parent;
	int ret;

	if (!node || node->context || !tkm_node_domain(node))
		return 0;
	ret = tkm_session_start(bus, false);
	return ret ?: tkm_hierarchy_use(bus, node, &parent);
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

	life.known = false;
	list_for_each_entry(node, &by_use, used)
		context_forget(node);
	/* Those of RSA and EC keys are with their payloads. */
	bus->era++;
}

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
	ret = tkm_policy_make(bus, &work->guard, false, hash, &work->policy);
	if (ret)
		goto out;
	tmpl = tkm_public_storage(work->policy.digest);
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
	node = node_alloc(above, (struct tkm_piece){ text, len },
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
	struct tkm_node *node = find_record(above, rec);

	if (node)
		return node;
	node = node_create(bus, above, rec, (struct tkm_piece){}, NULL);
	if (!IS_ERR(node))
		node_add(node);
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
	node = find_object(above, rec.owner, obj);
	if (!node && !obj->empty_auth)
		node = find_guarded(above, rec.owner, obj);
	if (node)
		return node;
	node = node_alloc(above,
			  (struct tkm_piece){ obj->description,
					      obj->description_len },
			  (struct tkm_piece){ obj->pub, obj->pub_len },
			  (struct tkm_piece){ obj->priv, obj->priv_len },
			  &obj->policy);
	if (!node)
		return ERR_PTR(-ENOMEM);
	node_add(node);
	/* What a password guards is shown to the TPM once it is unlocked. */
	ret = node->domain ? 0 : tkm_hierarchy_use(bus, node, &parent);
	if (!ret)
		return node;
	node_remove(node);
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

/* The TKMRK above a storage key. */
static const struct tkm_node *root_of(const struct tkm_node *node)
{
	while (node->parent)
		node = node->parent;
	return node;
}

/* The TDK of a domain that has a password or a policy, under the SRK that is pinned. */
static struct tkm_node *guarded_of(u32 owner, enum tkm_side side)
{
	struct tkm_node *node;

	if (!pin.set)
		return NULL;
	hash_for_each_possible(nodes, node, hash, owner)
		if ((node->domain || node->policy.n) &&
		    node->rec.kind == TKM_KIND_TDK &&
		    node->rec.owner == owner && node->rec.side == side &&
		    !memcmp(root_of(node)->rec.srk, pin.name, TKM_NAME_SIZE))
			return node;
	return NULL;
}

struct tkm_node *tkm_hierarchy_guarded(u32 owner, enum tkm_side side)
{
	return tkm_node_get(guarded_of(owner, side));
}

/*
 * Any ASK for keys of this record, under the SRK that is pinned; and when the
 * domain has a password or a policy, below that.
 */
static struct tkm_node *find_ask(const struct tkm_record *key)
{
	struct tkm_node *tdk = guarded_of(key->owner, key->side);
	struct tkm_node *node;

	if (!pin.set)
		return NULL;
	hash_for_each_possible(nodes, node, hash, key->owner)
		if (node->rec.kind == TKM_KIND_ASK &&
		    node->rec.class == key->class &&
		    node->rec.owner == key->owner &&
		    node->rec.side == key->side &&
		    !strcmp(node->rec.app, key->app) &&
		    (!tdk || node->parent == tdk) &&
		    !memcmp(root_of(node)->rec.srk, pin.name, TKM_NAME_SIZE))
			return node;
	return NULL;
}

/**
 * tkm_hierarchy_knows() - whether nothing has to be made above a new key
 * @key: the new key's record
 *
 * By the worker. No TPM command.
 */
bool tkm_hierarchy_knows(const struct tkm_record *key)
{
	return find_ask(key);
}

/**
 * tkm_hierarchy_policy_above() - what will guard the ASK of a new key
 * @key: the new key's record
 *
 * By the worker. Return: n 0 for nothing, and for what is not known yet.
 */
const struct tkm_policy *tkm_hierarchy_policy_above(const struct tkm_record *key)
{
	struct tkm_node *node = find_ask(key);

	return tkm_node_policy(node ?: guarded_of(key->owner, key->side));
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
	struct tkm_node *node = find_ask(key), *tdk;
	struct tkm_record rec;
	unsigned int i;

	if (!node) {
		node = adopt_line(bus, branch, branch->n);
		i = branch->n;
		tdk = guarded_of(key->owner, key->side);
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

/* A storage key and those above it as the first @n objects of a chain. */
static void objects_of(const struct tkm_node *node, struct tkm_chain *chain,
		       unsigned int n)
{
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

	if (guarded_of(of->owner, of->side))
		return ERR_PTR(-EEXIST);
	node = adopt_line(bus, branch, min(branch->n, 1U));
	if (!node) {
		record_above(&key, TKM_KIND_TKMRK, bus->srk.name, &rec);
		node = node_below(bus, NULL, &rec);
	}
	if (IS_ERR(node))
		return node;
	record_above(&key, TKM_KIND_TDK, NULL, &rec);
	node = node_create(bus, node, &rec,
			   (struct tkm_piece){ auth->value, auth->len }, guard);
	return IS_ERR(node) ? node : tkm_node_get(node);
}

void tkm_hierarchy_add(struct tkm_node *node)
{
	node_add(node);
}

void tkm_hierarchy_abandon(struct tkm_node *node)
{
	node_free(node);
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
	objects_of(tdk, chain, 2);
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
	objects_of(ask, chain, TKM_CHAIN_OBJECTS - 1);
	chain->n = TKM_CHAIN_OBJECTS;
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
