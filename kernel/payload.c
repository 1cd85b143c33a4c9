// SPDX-License-Identifier: GPL-2.0
/*
 * What a key holds. A payload is made whole, published once, and never changed
 * after that: reseal makes another one. Who uses it takes a reference first;
 * describe, which may not sleep, looks under RCU. The last reference wipes it.
 *
 * Each payload holds a reference on the module, so that rmmod says busy while
 * a key lives: key types have no owner of their own.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "tkm_internal.h"

static atomic_t payloads = ATOMIC_INIT(0);

/**
 * tkm_payload_count() - how many there are, for status
 * Return: those of all users, resealed ones that are in use twice.
 */
unsigned int tkm_payload_count(void)
{
	return atomic_read(&payloads);
}

/**
 * tkm_payload_alloc() - an empty payload, and a reference on the module
 * Return: the payload with one reference; -ENOMEM; -ENODEV when the module is on
 * its way out, as the keyring says once it is gone.
 */
struct tkm_payload *tkm_payload_alloc(void)
{
	struct tkm_payload *payload;

	if (!try_module_get(THIS_MODULE))
		return ERR_PTR(-ENODEV);
	payload = kzalloc(sizeof(*payload), GFP_KERNEL);
	if (!payload) {
		module_put(THIS_MODULE);
		return ERR_PTR(-ENOMEM);
	}
	refcount_set(&payload->refs, 1);
	INIT_LIST_HEAD(&payload->live);
	atomic_inc(&payloads);
	return payload;
}

/**
 * tkm_payload_get() - take another reference
 * @payload: the caller has one, or holds the key->sem of the key that has
 *
 * Return: @payload.
 */
struct tkm_payload *tkm_payload_get(struct tkm_payload *payload)
{
	refcount_inc(&payload->refs);
	return payload;
}

static void payload_free(struct rcu_head *rcu)
{
	struct tkm_payload *payload =
		container_of(rcu, struct tkm_payload, rcu);

	tkm_node_put(payload->node);
	tkm_pair_free(payload->pair);
	kfree(payload->chain);
	kfree_sensitive(payload);
	/* tkm_exit() waits for the rest of this function (rcu_barrier). */
	module_put(THIS_MODULE);
}

/**
 * tkm_payload_put() - give a reference back
 * @payload: may be NULL; with the last one the clear key is wiped at once, the
 *	rest is freed after a grace period
 *
 * Any context that may not sleep either.
 */
void tkm_payload_put(struct tkm_payload *payload)
{
	if (!payload || !refcount_dec_and_test(&payload->refs))
		return;
	/* The clear key does not wait for the grace period; nobody reads it. */
	memzero_explicit(payload->data, sizeof(payload->data));
	tkm_life_put(payload->life);
	atomic_dec(&payloads);
	call_rcu(&payload->rcu, payload_free);
}

/* The registers of a policy; a selection that is not ours stays unnamed. */
static void policy_pcrs(const struct tkm_policy *policy, struct tkm_pcrs *pcrs)
{
	struct tkm_policy_pcr pcr;
	unsigned int i;

	for (i = 0; i < policy->n; i++)
		if (policy->el[i].cc == TPM_CC_POLICY_PCR &&
		    !tkm_policy_pcr_decode(&policy->el[i], &pcr))
			tkm_pcrs_decode(pcr.selection, pcr.selection_len, pcrs);
}

/* Who approves: the name, or what begins what was made of it. */
static size_t name_approved(const struct tkm_policy_element *el, char *out,
			    size_t size)
{
	char name[TKM_POLICY_NAME_MAX + 1];
	struct tkm_authorize by;

	if (tkm_authorize_decode(el, &by))
		return 0;
	if (tkm_policies_name(by.ref, name))
		return scnprintf(out, size, "name:%s", name);
	return scnprintf(out, size, "ref:%*phN", 8, by.ref);
}

/**
 * tkm_payload_name_policy() - what describe says of a policy
 * @payload: not published yet, with has_auth set; its pcrs and policy are
 *	filled in
 * @policy: of the chain's last object
 */
void tkm_payload_name_policy(struct tkm_payload *payload,
			     const struct tkm_policy *policy)
{
	char *out = payload->policy;
	size_t size = sizeof(payload->policy), n = 0;

	policy_pcrs(policy, &payload->pcrs);
	payload->approved = tkm_policy_has(policy, TPM_CC_POLICY_AUTHORIZE);
	if (payload->approved)
		n = name_approved(&policy->el[0], out, size);
	else if (payload->pcrs.mask)
		n = tkm_pcrs_write(&payload->pcrs, out, size);
	else if (tkm_policy_has(policy, TPM_CC_POLICY_PCR))
		n = scnprintf(out, size, "pcrs");
	if (payload->has_auth)
		n += scnprintf(out + n, size - n, "%sauth", n ? "+" : "");
	if (!n)
		scnprintf(out, size, "none");
}
