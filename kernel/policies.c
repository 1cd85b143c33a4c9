// SPDX-License-Identifier: GPL-2.0
/*
 * The named policies that an administrator has said, and the approvals that are
 * held for them. Nothing here is on disk: the helper says it again.
 *
 * Three sorts of tasks come here: those that speak netlink, those that name a
 * policy for a key, and the worker, which picks an approval. The table has a
 * mutex, held for lookups only; nobody allocates or waits for the TPM under it.
 * A set of approvals never changes but for what the worker finds out about each,
 * and lives as long as somebody works with it.
 */
#include <linux/err.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "tkm_internal.h"
#include "netlink.h"

/**
 * struct policy - a named policy
 * @link: in policies, the oldest first
 * @id: of its place in the list, for dumps
 * @is: what it is
 * @approvals: those held for it, with a reference; NULL for none
 */
struct policy {
	struct list_head link;
	unsigned int id;
	struct tkm_named is;
	struct tkm_approvals *approvals;
};

static DEFINE_MUTEX(policies_lock);
static LIST_HEAD(policies);
static unsigned int policy_count, last_id, generation;

static struct policy *find_name(const char *name)
{
	struct policy *p;

	list_for_each_entry(p, &policies, link)
		if (!strcmp(p->is.name, name))
			return p;
	return NULL;
}

static struct policy *find_ref(const u8 ref[32])
{
	struct policy *p;

	list_for_each_entry(p, &policies, link)
		if (!memcmp(p->is.ref, ref, sizeof(p->is.ref)))
			return p;
	return NULL;
}

/* ---- approvals ---- */

static void held_free(struct tkm_held *held)
{
	if (!held)
		return;
	kfree(held->der);
	kfree(held);
}

/**
 * tkm_approvals_put() - give a reference back
 * @approvals: may be NULL
 */
void tkm_approvals_put(struct tkm_approvals *approvals)
{
	unsigned int i;

	if (!approvals || !refcount_dec_and_test(&approvals->refs))
		return;
	for (i = 0; i < approvals->n; i++)
		held_free(approvals->held[i]);
	kfree(approvals);
}

static struct tkm_held *held_new(struct tkm_piece der)
{
	struct tkm_held *held = kzalloc(sizeof(*held), GFP_KERNEL);
	int ret = -ENOMEM;

	if (!held)
		return ERR_PTR(-ENOMEM);
	held->der = kmemdup(der.data, der.len, GFP_KERNEL);
	held->len = der.len;
	if (held->der)
		ret = tkm_approval_decode(held->der, held->len,
					  &held->approval);
	if (!ret)
		return held;
	held_free(held);
	return ERR_PTR(ret);
}

static struct tkm_approvals *approvals_new(const struct tkm_piece *ders,
					   unsigned int n)
{
	struct tkm_approvals *all = kzalloc(sizeof(*all), GFP_KERNEL);
	struct tkm_held *held;

	if (!all)
		return ERR_PTR(-ENOMEM);
	refcount_set(&all->refs, 1);
	while (all->n < n) {
		held = held_new(ders[all->n]);
		if (IS_ERR(held)) {
			tkm_approvals_put(all);
			return ERR_CAST(held);
		}
		all->held[all->n++] = held;
	}
	return all;
}

static bool is_key(const u8 *pub, u16 len, const struct tkm_authorize *by)
{
	return len && len == by->pub_len && !memcmp(pub, by->pub, len);
}

/* Whether they are this policy's, and signed in the name of one of its keys. */
static bool belong(const struct tkm_approvals *all, const struct tkm_named *to)
{
	const struct tkm_authorize *by;
	unsigned int i;

	for (i = 0; i < all->n; i++) {
		by = &all->held[i]->approval.by;
		if (memcmp(by->ref, to->ref, sizeof(to->ref)) ||
		    (!is_key(to->authority, to->authority_len, by) &&
		     !is_key(to->recovery, to->recovery_len, by)))
			return false;
	}
	return true;
}

/* ---- what administrators say ---- */

static bool same_keys(const struct tkm_named *a, const struct tkm_named *b)
{
	return a->authority_len == b->authority_len &&
	       a->recovery_len == b->recovery_len &&
	       !memcmp(a->authority, b->authority, a->authority_len) &&
	       !memcmp(a->recovery, b->recovery, a->recovery_len);
}

/**
 * tkm_policies_set() - define a policy, or replace it
 * @is: what it is, its name and keys or registers checked; its ref is filled in
 *
 * Return: 0; -ENOSPC; -ENOMEM.
 */
int tkm_policies_set(const struct tkm_named *is)
{
	struct tkm_approvals *gone = NULL;
	struct policy *fresh, *p;
	int ret = 0;

	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
	if (!fresh)
		return -ENOMEM;
	fresh->is = *is;
	tkm_policy_ref(is->name, fresh->is.ref);
	mutex_lock(&policies_lock);
	p = find_name(is->name);
	if (p) {
		if (!same_keys(&p->is, &fresh->is))
			swap(gone, p->approvals);
		p->is = fresh->is;
	} else if (policy_count == TKM_POLICIES_MAX) {
		ret = -ENOSPC;
	} else {
		fresh->id = ++last_id;
		list_add_tail(&fresh->link, &policies);
		policy_count++;
		fresh = NULL;
	}
	generation++;
	mutex_unlock(&policies_lock);
	tkm_approvals_put(gone);
	kfree(fresh);
	return ret;
}

/**
 * tkm_policies_approve() - these are a policy's approvals from now on
 * @name: of the policy
 * @ders: the approvals
 * @n: how many, at most TKM_APPROVALS_MAX; 0 for none
 *
 * Return: 0; -ENOENT for no such policy; -EINVAL for one of registers, and for an
 * approval that is not its own; what tkm_approval_decode() returns; -ENOMEM.
 */
int tkm_policies_approve(const char *name, const struct tkm_piece *ders,
			 unsigned int n)
{
	struct tkm_approvals *all = approvals_new(ders, n);
	struct policy *p;
	int ret = 0;

	if (IS_ERR(all))
		return PTR_ERR(all);
	mutex_lock(&policies_lock);
	p = find_name(name);
	if (!p) {
		ret = -ENOENT;
	} else if (!p->is.authority_len || !belong(all, &p->is)) {
		ret = -EINVAL;
	} else {
		swap(all, p->approvals);
		generation++;
	}
	mutex_unlock(&policies_lock);
	tkm_approvals_put(all);
	return ret;
}

static void policy_free(struct policy *p)
{
	if (p)
		tkm_approvals_put(p->approvals);
	kfree(p);
}

/**
 * tkm_policies_remove() - forget a policy
 * @name: of it
 *
 * Return: 0; -ENOENT.
 */
int tkm_policies_remove(const char *name)
{
	struct policy *p;

	mutex_lock(&policies_lock);
	p = find_name(name);
	if (p) {
		list_del(&p->link);
		policy_count--;
		generation++;
	}
	mutex_unlock(&policies_lock);
	policy_free(p);
	return p ? 0 : -ENOENT;
}

/* ---- who looks ---- */

/**
 * tkm_policies_find() - what a name stands for
 * @name: of a policy
 * @is: the result
 *
 * Return: 0; -ENOKEY when there is none of that name.
 */
int tkm_policies_find(const char *name, struct tkm_named *is)
{
	struct policy *p;

	mutex_lock(&policies_lock);
	p = find_name(name);
	if (p)
		*is = p->is;
	mutex_unlock(&policies_lock);
	return p ? 0 : -ENOKEY;
}

/**
 * tkm_policies_guard() - what a policy makes of what is made under it
 * @name: of a policy, or "" for none: then @guard stays as it is
 * @guard: the result
 *
 * Return: 0; -ENOKEY when there is none of that name; -ENOMEM.
 */
int tkm_policies_guard(const char *name, struct tkm_guard *guard)
{
	struct tkm_named *is;
	int ret;

	if (!name[0])
		return 0;
	is = kmalloc(sizeof(*is), GFP_KERNEL);
	if (!is)
		return -ENOMEM;
	ret = tkm_policies_find(name, is);
	if (!ret)
		tkm_guard_named(guard, is);
	kfree(is);
	return ret;
}

/**
 * tkm_policies_name() - whose policyRef that is
 * @ref: policyRef
 * @name: the result
 *
 * Return: whether there is such a policy.
 */
bool tkm_policies_name(const u8 ref[32], char name[TKM_POLICY_NAME_MAX + 1])
{
	struct policy *p;

	mutex_lock(&policies_lock);
	p = find_ref(ref);
	if (p)
		strscpy(name, p->is.name, TKM_POLICY_NAME_MAX + 1);
	mutex_unlock(&policies_lock);
	return p;
}

/**
 * tkm_policies_approvals() - what is approved under a policyRef
 * @ref: policyRef
 *
 * Return: approvals, with a reference; NULL when there are none.
 */
struct tkm_approvals *tkm_policies_approvals(const u8 ref[32])
{
	struct tkm_approvals *all = NULL;
	struct policy *p;

	mutex_lock(&policies_lock);
	p = find_ref(ref);
	if (p && p->approvals) {
		all = p->approvals;
		refcount_inc(&all->refs);
	}
	mutex_unlock(&policies_lock);
	return all;
}

/* Counts changes, for dumps. */
unsigned int tkm_policies_generation(void)
{
	return READ_ONCE(generation);
}

/**
 * tkm_policies_visit() - look at a policy, or at one of its approvals
 * @name: of the one; NULL: the first whose place is @at->id or later
 * @at: where; without a name it is set to what was found. at->approval is 0 for
 *	the policy itself, n for its nth approval; above the last: the next policy
 * @look: called under the mutex, with the approval or NULL; may not sleep long
 * @arg: for it
 *
 * Return: what @look gave; -ENOENT when there is nothing (more).
 */
int tkm_policies_visit(const char *name, struct tkm_policies_at *at,
		       tkm_policy_look_fn look, void *arg)
{
	const struct tkm_held *held;
	struct policy *p;
	int ret = -ENOENT;

	mutex_lock(&policies_lock);
	list_for_each_entry(p, &policies, link) {
		if (name ? strcmp(p->is.name, name) : p->id < at->id)
			continue;
		if (p->id != at->id)
			at->approval = 0;
		at->id = p->id;
		if (at->approval &&
		    (!p->approvals || at->approval > p->approvals->n)) {
			at->id++;
			at->approval = 0;
			continue;
		}
		held = at->approval ? p->approvals->held[at->approval - 1] :
				      NULL;
		ret = look(&p->is, held, arg);
		break;
	}
	mutex_unlock(&policies_lock);
	return ret;
}

/* Nobody works with them any more. */
void tkm_policies_exit(void)
{
	struct policy *p, *next;

	list_for_each_entry_safe(p, next, &policies, link)
		policy_free(p);
}
