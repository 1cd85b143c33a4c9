// SPDX-License-Identifier: GPL-2.0
/*
 * Making a policy, and playing one into a session. Policy sessions are
 * started, run and closed in the module: no handle from outside ever gets
 * here, so the authValue never has to leave the kernel in clear.
 */
#include "tkm_internal.h"

/* PolicyPCR in the command's order, whichever order the file had. */
static int play_pcr(struct tkm_bus *bus, const struct tkm_policy_element *el)
{
	struct tkm_policy_element command = { .cc = el->cc };
	struct tkm_policy_pcr pcr;
	struct tkm_writer w;
	u8 body[128];
	int ret;

	ret = tkm_policy_pcr_decode(el, &pcr);
	if (ret)
		return ret;
	tkm_writer_init(&w, body, sizeof(body));
	tkm_put_tpm2b(&w, pcr.digest, 32);
	tkm_put_bytes(&w, pcr.selection, pcr.selection_len);
	if (w.overflow)
		return -EOPNOTSUPP;
	command.body = body;
	command.body_len = w.len;
	return tkm_tpm_policy(bus, &command);
}

/**
 * tkm_policy_play() - run every element of a policy in bus->session
 * @bus: held, with a policy session
 * @policy: as the chain has it; may be empty
 *
 * One TPM command for each element.
 *
 * Return: 0; -EPERM where the TPM says that it is not so (a register differs);
 * -EBADMSG or -EOPNOTSUPP for an element we cannot send; what tkm_bus_exec()
 * returns.
 */
int tkm_policy_play(struct tkm_bus *bus, const struct tkm_policy *policy)
{
	unsigned int i;
	int ret;

	for (i = 0; i < policy->n; i++) {
		const struct tkm_policy_element *el = &policy->el[i];

		if (el->cc == TPM_CC_POLICY_PCR)
			ret = play_pcr(bus, el);
		else
			ret = tkm_tpm_policy(bus, el);
		/* "Not the value": the registers differ, or no branch fits. */
		if (ret && tkm_tpm_rc_base(bus->rc) == TPM_RC_VALUE)
			return -EPERM;
		if (ret)
			return ret;
		if (el->cc == TPM_CC_POLICY_AUTH_VALUE)
			bus->session.auth_value_needed = true;
	}
	return 0;
}

static struct tkm_policy_element *add(struct tkm_policy *policy, u32 cc)
{
	struct tkm_policy_element *el = &policy->el[policy->n++];

	el->cc = cc;
	el->body = NULL;
	el->body_len = 0;
	return el;
}

static int add_pcrs(struct tkm_bus *bus, const struct tkm_pcrs *pcrs,
		    struct tkm_policy_made *made)
{
	struct tkm_policy_element *el;
	struct tkm_writer w;
	u8 digest[32];
	int ret;

	ret = tkm_tpm_pcr_read(bus, pcrs, digest);
	if (ret)
		return ret;
	tkm_writer_init(&w, made->pcr, sizeof(made->pcr));
	tkm_put_tpm2b(&w, digest, sizeof(digest));
	tkm_pcrs_encode(&w, pcrs);
	if (w.overflow)
		return -EIO;
	el = add(&made->policy, TPM_CC_POLICY_PCR);
	el->body = made->pcr;
	el->body_len = w.len;
	return 0;
}

/* The record as the branch that nobody can take. */
static void add_either(const u8 real[32], const u8 hash[32],
		       struct tkm_policy_made *made)
{
	struct tkm_policy_element *el;
	struct tkm_writer w;

	tkm_writer_init(&w, made->either, sizeof(made->either));
	tkm_policy_or_encode(&w, real, hash);
	el = add(&made->policy, TPM_CC_POLICY_OR);
	el->body = made->either;
	el->body_len = w.len;
}

/**
 * tkm_policy_make() - the policy of a key to be sealed
 * @bus: held, with an HMAC session
 * @pcrs: registers, bound to their values of now; mask 0 for none
 * @has_auth: an authValue guards the key too
 * @hash: of the record, which becomes the branch beside the policy; NULL for a
 *	flat key
 * @made: the result; points into itself, so it must not be copied
 *
 * One PCR_Read for every 8 registers, none without @pcrs.
 *
 * Return: 0; -EOPNOTSUPP for a bank that is not allocated; -EPERM when a
 * register changed meanwhile (the operation is then run again); what
 * tkm_bus_exec() returns.
 */
int tkm_policy_make(struct tkm_bus *bus, const struct tkm_pcrs *pcrs,
		    bool has_auth, const u8 *hash,
		    struct tkm_policy_made *made)
{
	int ret;

	memset(made, 0, sizeof(*made));
	/* An authValue alone needs no policy: userWithAuth asks for it. */
	if (!pcrs->mask) {
		made->any = hash;
		if (hash)
			memcpy(made->digest, hash, 32);
		return 0;
	}
	ret = add_pcrs(bus, pcrs, made);
	if (ret)
		return ret;
	if (has_auth)
		add(&made->policy, TPM_CC_POLICY_AUTH_VALUE);
	made->any = true;
	ret = tkm_policy_digest(&made->policy, made->digest);
	if (ret || !hash)
		return ret;
	add_either(made->digest, hash, made);
	return tkm_policy_digest(&made->policy, made->digest);
}
