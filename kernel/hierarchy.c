// SPDX-License-Identifier: GPL-2.0
/*
 * Having a storage key loaded, for the command that needs it.
 *
 * ContextLoad is much cheaper than Load, and it does one thing more: the TPM
 * refuses a context from before its last reset, and what that means is looked at
 * then (reset.c). The nodes are in node.c, the SRK in srk.c, and how storage keys
 * come to be in branch.c.
 *
 * TPM 2.0 Part 1, "Protected Storage", "Context Management".
 */
#include <linux/slab.h>

#include "hierarchy.h"

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
		tkm_node_forget(bus->parent);
	bus->again = true;
}

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
	ret = tkm_reset_check(bus);
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
	tkm_node_forget(node);
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
 * -ENOKEY when it was cleared, or a password guards it and the domain is locked;
 * -EBADMSG when it refuses a storage key of a chain; what tkm_bus_exec() returns.
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
	tkm_node_used(node);
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
