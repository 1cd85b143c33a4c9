// SPDX-License-Identifier: GPL-2.0
/*
 * Named policies: the database keeps them, and the module works with them. The
 * module is told first, because it knows what is wrong with one; when the database
 * then cannot keep it, the module gets back what is kept.
 */
#include <errno.h>

#include "tkmd.h"

static struct policy now;

static int push(const struct policy *policy)
{
	int ret = nl_policy_set(policy);

	if (!ret && !policy->pcrs.mask)
		ret = nl_policy_approve(policy);
	return ret;
}

int policy_push_all(struct kdb *kdb)
{
	int64_t ids[POLICIES];
	int n = kdb_policy_ids(kdb, ids), i, ret;

	for (i = 0; i < n; i++) {
		/* What is damaged was said; the others are as good as before. */
		if (kdb_policy_get_id(kdb, ids[i], &now))
			continue;
		ret = push(&now);
		if (ret)
			log_error("policy %lld: the module does not take it: %s",
				  (long long)now.id, strerror(-ret));
	}
	return n < 0 ? n : 0;
}

/* As it is kept. */
static void put_back(struct kdb *kdb, const char *name)
{
	int ret = kdb_policy_get(kdb, name, &now);

	if (ret == -ENOKEY)
		ret = nl_policy_remove(name);
	else if (!ret)
		ret = push(&now);
	if (ret)
		log_warning("a policy is not in the module as it is kept: %s",
			    strerror(-ret));
}

static bool same_keys(const struct policy *a, const struct policy *b)
{
	int i;

	for (i = 0; i < 2; i++)
		if (a->key[i].len != b->key[i].len ||
		    memcmp(a->key[i].pub, b->key[i].pub, a->key[i].len))
			return false;
	return true;
}

int policy_set(struct kdb *kdb, struct policy *policy,
	       struct trail_record *record)
{
	int ret;

	/* Approvals are of a key, and stay with it. */
	policy->n = 0;
	if (policy->key[0].len && !kdb_policy_get(kdb, policy->name, &now) &&
	    same_keys(policy, &now)) {
		policy->n = now.n;
		memcpy(policy->approval, now.approval, sizeof(now.approval));
	}
	ret = push(policy);
	if (ret)
		return ret;
	ret = kdb_policy_put(kdb, policy, record);
	if (ret && ret != -ENOTRECOVERABLE)
		put_back(kdb, policy->name);
	return ret;
}

int policy_approve(struct kdb *kdb, struct policy *policy,
		   struct trail_record *record)
{
	int ret;

	ret = kdb_policy_get(kdb, policy->name, &now);
	if (ret)
		return ret;
	policy->pcrs = now.pcrs;
	memcpy(policy->key, now.key, sizeof(now.key));
	if (policy->pcrs.mask)
		return -EINVAL;
	ret = push(policy);
	if (!ret)
		ret = kdb_policy_put(kdb, policy, record);
	/* The module may have a new policy's name and none of its approvals. */
	if (ret && ret != -ENOTRECOVERABLE)
		put_back(kdb, policy->name);
	return ret;
}

int policy_remove(struct kdb *kdb, const char *name,
		  struct trail_record *record)
{
	int ret = kdb_policy_remove(kdb, name, record);

	if (ret)
		return ret;
	ret = nl_policy_remove(name);
	return ret == -ENOENT ? 0 : ret;
}
