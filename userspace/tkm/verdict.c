// SPDX-License-Identifier: GPL-2.0
/*
 * Whether a key would open: by the rules of the module (kernel/approval.c), with
 * the registers as they are, or as somebody says they will be.
 */
#include "policy.h"

#define WHAT	160

/* "PCR 7 differs", "one or more of PCRs 7+11 differ". */
static void name_registers(const struct tkm_pcrs *pcrs, char what[WHAT])
{
	bool one = !(pcrs->mask & (pcrs->mask - 1));
	char list[80], *colon;

	tkm_pcrs_write(pcrs, list, sizeof(list));
	colon = strchr(list, ':');
	snprintf(what, WHAT, "%s%s differ%s",
		 one ? "PCR " : "one or more of PCRs ", colon ? colon + 1 : list,
		 one ? "s" : "");
}

static enum verdict of_registers(struct state *state,
				 const struct tkm_pcrs *pcrs,
				 const u8 digest[32], char what[WHAT])
{
	u8 now[32];

	if (values_now(&state->values, pcrs) ||
	    !values_digest(&state->values, pcrs, now)) {
		snprintf(what, WHAT, "registers cannot be read");
		return UNREADABLE;
	}
	if (!memcmp(now, digest, 32))
		return OPENS;
	name_registers(pcrs, what);
	return DIFFERS;
}

static enum verdict of_epoch(struct state *state,
			     const struct approved *approved, char what[WHAT])
{
	if (!approved->index)
		return OPENS;
	if (state->index != approved->index) {
		state->index = approved->index;
		state->epoch_error = epoch_read(state->index, &state->epoch);
	}
	if (!state->epoch_error && state->epoch == approved->epoch)
		return OPENS;
	if (!state->epoch_error)
		snprintf(what, WHAT, "its approval is of epoch %llu, and now is %llu",
			 (unsigned long long)approved->epoch,
			 (unsigned long long)state->epoch);
	else if (state->epoch_error == -ENOENT || state->epoch_error == -EEXIST)
		snprintf(what, WHAT, "its approval is of an epoch, and the TPM has no counter 0x%08x",
			 approved->index);
	else
		/* Who may not ask the TPM is not told no. */
		return OPENS;
	return RETIRED;
}

static enum verdict of_approval(struct state *state,
				const struct tkm_approval *approval,
				char what[WHAT])
{
	struct approved approved;
	enum verdict verdict = OPENS;
	unsigned int i;

	if (approval_read(&approval->policy, &approved)) {
		snprintf(what, WHAT, "an approval is not understood");
		return UNREADABLE;
	}
	for (i = 0; i < approved.n && verdict == OPENS; i++)
		verdict = of_registers(state, &approved.pcr[i].pcrs,
				       approved.pcr[i].digest, what);
	if (verdict == DIFFERS)
		verdict = UNAPPROVED;
	if (verdict == OPENS)
		verdict = of_epoch(state, &approved, what);
	if (verdict == OPENS && approval_verify(approval)) {
		snprintf(what, WHAT, "its approval's signature does not hold");
		verdict = WRONG;
	}
	return verdict;
}

enum verdict verdict_of_approval(struct state *state, const u8 *der, size_t len,
				 char what[WHAT])
{
	struct tkm_approval approval;

	*what = 0;
	if (tkm_approval_decode(der, len, &approval)) {
		snprintf(what, WHAT, "an approval is not understood");
		return UNREADABLE;
	}
	return of_approval(state, &approval, what);
}

/* How near it comes: what is worth telling, if none opens. */
static int rank(enum verdict verdict)
{
	switch (verdict) {
	case OPENS:
		return 4;
	case RETIRED:
		return 3;
	case WRONG:
		return 2;
	case UNREADABLE:
		return 1;
	default:
		return 0;
	}
}

/* By the approvals of one policy that are for this object's keys. */
static enum verdict of_approvals(struct state *state,
				 const struct policy *policy,
				 const struct tkm_policy *guard,
				 char what[WHAT])
{
	enum verdict best = UNAPPROVED, now;
	struct tkm_approval approval;
	bool any = false;
	char text[WHAT];
	unsigned int i;

	snprintf(what, WHAT, "no approval is for these registers");
	for (i = 0; i < policy->n; i++) {
		if (tkm_approval_decode(policy->approval[i].der,
					policy->approval[i].len, &approval) ||
		    !tkm_approval_fits(&approval, guard))
			continue;
		any = true;
		now = of_approval(state, &approval, text);
		if (rank(now) <= rank(best))
			continue;
		best = now;
		memcpy(what, text, WHAT);
	}
	if (!any)
		snprintf(what, WHAT, "there is no approval");
	return best;
}

static bool has_key(const struct policy *policy, const struct tkm_authorize *by)
{
	const u8 *pub;
	size_t len;
	int i;

	for (i = 0; i < 2; i++) {
		pub = policy_branch(policy, i, &len);
		if (pub && len == by->pub_len && !memcmp(pub, by->pub, len))
			return true;
	}
	return false;
}

static enum verdict of_named(struct state *state,
			     const struct tkm_policy *guard, char *name,
			     char what[WHAT])
{
	const struct policies *policies = state->policies;
	struct tkm_authorize by;
	u8 ref[32];
	size_t i;

	if (tkm_authorize_decode(&guard->el[0], &by)) {
		snprintf(what, WHAT, "its policy is not understood");
		return UNREADABLE;
	}
	for (i = 0; i < policies->n; i++) {
		tkm_policy_ref(policies->policy[i].name, ref);
		if (memcmp(ref, by.ref, 32))
			continue;
		strcpy(name, policies->policy[i].name);
		if (has_key(&policies->policy[i], &by))
			return of_approvals(state, &policies->policy[i], guard,
					    what);
		snprintf(what, WHAT, "the policy has another authority now");
		return UNNAMED;
	}
	snprintf(what, WHAT, "the policy that it was made under is not known");
	return UNNAMED;
}

static enum verdict of_object(struct state *state, const struct tkm_policy *guard,
			      char *name, char what[WHAT])
{
	struct tkm_policy_pcr pcr;
	struct tkm_pcrs pcrs;
	enum verdict verdict;
	unsigned int i;

	if (guard->n && guard->el[0].cc == TPM_CC_POLICY_AUTHORIZE)
		return of_named(state, guard, name, what);
	for (i = 0; i < guard->n; i++) {
		if (guard->el[i].cc != TPM_CC_POLICY_PCR)
			continue;
		if (tkm_policy_pcr_decode(&guard->el[i], &pcr) ||
		    tkm_pcrs_decode(pcr.selection, pcr.selection_len, &pcrs)) {
			snprintf(what, WHAT, "its policy is not understood");
			return UNREADABLE;
		}
		verdict = of_registers(state, &pcrs, pcr.digest, what);
		if (verdict != OPENS)
			return verdict;
	}
	return OPENS;
}

enum verdict verdict_of_chain(struct state *state, const u8 *der, size_t len,
			      char name[TKM_POLICY_NAME_MAX + 1],
			      char what[WHAT])
{
	struct tkm_chain chain;
	enum verdict verdict = OPENS;
	unsigned int i;

	*name = 0;
	*what = 0;
	if (tkm_blob_decode(der, len, &chain)) {
		snprintf(what, WHAT, "its chain is not understood");
		return UNREADABLE;
	}
	for (i = 0; i < chain.n && verdict == OPENS; i++)
		verdict = of_object(state, &chain.obj[i].policy, name, what);
	return verdict;
}
