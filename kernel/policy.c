// SPDX-License-Identifier: GPL-2.0
/*
 * Making a policy, and playing one into a session. Policy sessions are
 * started, run and closed in the module: no handle from outside ever gets
 * here, so the authValue never has to leave the kernel in clear.
 */
#include <linux/slab.h>

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

/* ---- approvals ---- */

/*
 * Which approval is to be tried is read from registers without a session, which
 * anyone on the bus may answer: a lie has the wrong one tried, or none, and the
 * TPM opens nothing with it. The signature is verified by the TPM, which gives
 * a ticket for it, an HMAC of its own; it is good as long as the owner's seed.
 */

/* What registers were read for one pick. */
struct readings {
	unsigned int n;
	struct {
		struct tkm_pcrs pcrs;
		u8 digest[32];
		int ret;
	} of[TKM_APPROVALS_MAX];
};

/* Each selection is read once, up to a number of them. */
static int read_registers(struct tkm_bus *bus, struct readings *readings,
			  const struct tkm_pcrs *pcrs, u8 digest[32])
{
	unsigned int i;
	int ret;

	for (i = 0; i < readings->n; i++) {
		if (readings->of[i].pcrs.bank != pcrs->bank ||
		    readings->of[i].pcrs.mask != pcrs->mask)
			continue;
		memcpy(digest, readings->of[i].digest, 32);
		return readings->of[i].ret;
	}
	ret = tkm_tpm_pcr_read(bus, pcrs, false, digest);
	/* A bank that the TPM has not is an answer like another. */
	if ((ret && ret != -EOPNOTSUPP) ||
	    readings->n == ARRAY_SIZE(readings->of))
		return ret;
	readings->of[i].pcrs = *pcrs;
	readings->of[i].ret = ret;
	memcpy(readings->of[i].digest, digest, 32);
	readings->n++;
	return ret;
}

/* 1: its registers have these values; 0: they have not. */
static int registers_fit(struct tkm_bus *bus, struct readings *readings,
			 const struct tkm_policy *approved)
{
	struct tkm_policy_pcr pcr;
	struct tkm_pcrs pcrs;
	u8 digest[32];
	unsigned int i;
	int ret;

	for (i = 0; i < approved->n; i++) {
		if (approved->el[i].cc != TPM_CC_POLICY_PCR)
			continue;
		if (tkm_policy_pcr_decode(&approved->el[i], &pcr) ||
		    tkm_pcrs_decode(pcr.selection, pcr.selection_len, &pcrs))
			return 0;
		ret = read_registers(bus, readings, &pcrs, digest);
		if (ret)
			return ret == -EOPNOTSUPP ? 0 : ret;
		if (memcmp(digest, pcr.digest, 32))
			return 0;
	}
	return 1;
}

static int reject(struct tkm_held *held)
{
	WRITE_ONCE(held->rejected, true);
	return -EKEYREJECTED;
}

/* Whether the signature holds, without the TPM; as tkm_signature_verify(). */
static int verify(const struct tkm_approval *approval)
{
	struct tkm_encoding e = { .enc = TKM_ENC_RAW, .hash = TPM_ALG_SHA256 };
	const struct tkm_authorize *by = &approval->by;
	struct tkm_public pub;
	struct tkm_reader r;
	u8 hash[32], *bare;
	size_t n;
	int ret;
	u16 alg;

	ret = tkm_public_decode(by->pub, by->pub_len, &pub);
	if (ret)
		return ret;
	/* What a TPM may have, and the kernel's half does not know. */
	if (pub.x_len > TKM_RSA_MAX)
		return -EOPNOTSUPP;
	bare = kmalloc(TKM_RSA_MAX, GFP_KERNEL);
	if (!bare)
		return -ENOMEM;
	tkm_reader_init(&r, by->sig, by->sig_len);
	alg = tkm_get_u16(&r);
	tkm_get_u16(&r);
	if (pub.type == TPM_ALG_RSA) {
		e.enc = alg == TPM_ALG_RSAPSS ? TKM_ENC_PSS : TKM_ENC_PKCS1;
		ret = tkm_get_number(&r, bare, pub.x_len);
	} else {
		n = tkm_curve_bytes(pub.curve);
		ret = tkm_get_number(&r, bare, n) ?:
		      tkm_get_number(&r, bare + n, n);
	}
	tkm_approval_hash(approval, hash);
	ret = ret ?: tkm_signature_verify(&pub, &e, hash, bare);
	kfree(bare);
	return ret;
}

/* A refusal of the approval itself. */
static bool blames(const struct tkm_bus *bus, int ret)
{
	return bus->rc && (ret == -EKEYREJECTED || ret == -EBADMSG);
}

/*
 * The TPM says that the signature is wrong, or the key is none. Nothing vouches
 * for that: who says it once, from the bus, shall not have an approval rejected
 * for good. So the kernel verifies, too.
 */
static int blamed(struct tkm_held *held, int ret)
{
	switch (verify(&held->approval)) {
	case -EBADMSG:
	case -EIO:
		return reject(held);
	case 0:
		pr_err_ratelimited("an approval that holds was refused: the answer is not the TPM's (someone on the bus?)\n");
		return -EBADMSG;
	default:
		return ret;
	}
}

/*
 * Three commands. -EKEYREJECTED: not signed by its key; -EBADMSG: it is, but
 * something is altered; -EOPNOTSUPP: not by this TPM.
 */
static int get_ticket(struct tkm_bus *bus, struct tkm_held *held)
{
	u8 hash[32];
	int ret;

	tkm_approval_hash(&held->approval, hash);
	ret = tkm_tpm_ticket(bus, &held->approval.by, hash, held->ticket,
			     &held->ticket_len);
	return blames(bus, ret) ? blamed(held, ret) : ret;
}

static struct tkm_held *held_at(const struct tkm_pick *pick)
{
	return pick->all->held[pick->which[pick->at]];
}

/* The next one that has a ticket, or gets one. */
static int have_ticket(struct tkm_bus *bus, struct tkm_pick *pick)
{
	struct tkm_held *held;
	int ret;

	for (; pick->at < pick->n; pick->at++) {
		held = held_at(pick);
		ret = 0;
		if (held->rejected)
			ret = -EKEYREJECTED;
		else if (!held->ticket_len)
			ret = get_ticket(bus, held);
		if (ret != -EKEYREJECTED && ret != -EBADMSG &&
		    ret != -EOPNOTSUPP)
			return ret;
		pick->why = ret;
	}
	return pick->why;
}

/* What opened something last is tried first. */
static int pick_fitting(struct tkm_bus *bus, const struct tkm_policy *policy,
		struct readings *readings, struct tkm_pick *pick)
{
	unsigned int i, which;
	struct tkm_held *held;
	int ret;

	for (i = 0; i < pick->all->n; i++) {
		which = (pick->all->last + i) % pick->all->n;
		held = pick->all->held[which];
		if (!tkm_approval_fits(&held->approval, policy))
			continue;
		ret = registers_fit(bus, readings, &held->approval.policy);
		if (ret < 0)
			return ret;
		if (ret)
			pick->which[pick->n++] = which;
	}
	return 0;
}

/**
 * tkm_policy_choose() - pick the approvals that may open a policy now
 * @bus: held
 * @policy: as the chain has it
 * @pick: the result; tkm_pick_end() in any case
 *
 * Nothing is done for a policy that needs no approval. Otherwise registers are
 * read, PCR_Read for each selection that approvals name; and the first that is
 * right gets its ticket, if it has none: LoadExternal, VerifySignature,
 * FlushContext. No session is needed, and none begun.
 *
 * Return: 0; -EPERM when no approval is right; -EKEYREJECTED when what is right
 * is not signed by its key; what tkm_bus_exec() returns.
 */
int tkm_policy_choose(struct tkm_bus *bus, const struct tkm_policy *policy,
		      struct tkm_pick *pick)
{
	struct tkm_authorize by;
	struct readings *readings;
	int ret;

	memset(pick, 0, sizeof(*pick));
	pick->why = -EPERM;
	if (!policy->n || policy->el[0].cc != TPM_CC_POLICY_AUTHORIZE)
		return 0;
	ret = tkm_authorize_decode(&policy->el[0], &by);
	if (ret)
		return ret;
	pick->all = tkm_policies_approvals(by.ref);
	if (!pick->all)
		return -EPERM;
	readings = kzalloc(sizeof(*readings), GFP_KERNEL);
	if (!readings)
		return -ENOMEM;
	ret = pick_fitting(bus, policy, readings, pick);
	kfree(readings);
	return ret ?: have_ticket(bus, pick);
}

/**
 * tkm_pick_end() - give back what tkm_policy_choose() took
 * @pick: as it left it, or zeros
 */
void tkm_pick_end(struct tkm_pick *pick)
{
	tkm_approvals_put(pick->all);
	pick->all = NULL;
}

/* NV_RANGE, NV_SIZE, NV_LOCKED, NV_AUTHORIZATION, NV_UNINITIALIZED. */
static bool is_of_counter(u32 rc)
{
	return rc >= TPM_RC_NV_RANGE && rc <= TPM_RC_NV_UNINITIALIZED;
}

/*
 * What the TPM says of a counter when it says no. 0: that the approval does not
 * hold, for now; else an errno. A counter that wants another authValue than the
 * empty one counts each try against all users of the TPM: there is one.
 */
static int counter_errno(struct tkm_bus *bus, struct tkm_held *held, int ret)
{
	switch (tkm_tpm_rc_base(bus->rc)) {
	case TPM_RC_AUTH_FAIL:
	case TPM_RC_BAD_AUTH:
		reject(held);
		return 0;
	}
	switch (ret) {
	case -EBUSY:
	case -EAGAIN:
	case -ENOMEM:
	case -ENODEV:
		return ret;
	case -EIO:
		return is_of_counter(tkm_tpm_rc_base(bus->rc)) ? 0 : ret;
	default:
		return bus->rc ? 0 : ret;
	}
}

/* 1: its elements hold; 0: they do not. */
static int play_elements(struct tkm_bus *bus, struct tkm_held *held)
{
	const struct tkm_policy *approved = &held->approval.policy;
	struct tkm_policy_nv nv;
	unsigned int i;
	int ret;

	for (i = 0; i < approved->n; i++) {
		if (approved->el[i].cc == TPM_CC_POLICY_PCR) {
			ret = play_pcr(bus, &approved->el[i]);
			/* It had that value a moment ago, or so it was said. */
			if (tkm_tpm_rc_base(bus->rc) == TPM_RC_VALUE) {
				bus->again = true;
				return -EPERM;
			}
			if (ret)
				return ret;
			continue;
		}
		ret = tkm_policy_nv_decode(&approved->el[i], &nv);
		if (ret)
			return ret;
		ret = tkm_tpm_policy_nv(bus, &nv);
		if (ret)
			return counter_errno(bus, held, ret);
	}
	return 1;
}

static int authorize(struct tkm_bus *bus, const struct tkm_held *held)
{
	return tkm_tpm_policy_authorize(bus, held->approval.digest,
					&held->approval.by,
					(struct tkm_piece){ held->ticket,
							    held->ticket_len });
}

/* The ticket may be another TPM's, or from before it was cleared: one more try. */
static bool is_stale(const struct tkm_bus *bus)
{
	u32 rc = tkm_tpm_rc_base(bus->rc);

	return rc == TPM_RC_TICKET ||
	       (rc == TPM_RC_VALUE && tkm_tpm_rc_parameter(bus->rc) == 4);
}

/* 1: it is approved; 0: this one does not hold. */
static int play_approval(struct tkm_bus *bus, struct tkm_held *held)
{
	int ret;

	ret = play_elements(bus, held);
	if (ret <= 0)
		return ret;
	ret = authorize(bus, held);
	if (ret && is_stale(bus)) {
		held->ticket_len = 0;
		ret = get_ticket(bus, held);
		if (ret)
			return ret == -EKEYREJECTED ? 0 : ret;
		ret = authorize(bus, held);
		/* It was just made: whoever spoiled it may do so again. */
		if (ret && is_stale(bus))
			held->ticket_len = 0;
	}
	if (!ret)
		return 1;
	/* The counter has another Name than it was approved with. */
	return bus->rc && ret == -EBADMSG ? 0 : ret;
}

static int play_authorize(struct tkm_bus *bus, struct tkm_pick *pick)
{
	struct tkm_held *held;
	int ret;

	for (;;) {
		ret = have_ticket(bus, pick);
		if (ret)
			return ret;
		held = held_at(pick);
		ret = play_approval(bus, held);
		if (ret > 0) {
			pick->all->last = pick->which[pick->at];
			return 0;
		}
		if (ret)
			return ret;
		/* From the beginning, with the next one; if there is one. */
		if (++pick->at == pick->n)
			return held->rejected ? -EKEYREJECTED : pick->why;
		ret = tkm_tpm_policy_restart(bus);
		if (ret)
			return ret;
	}
}

/* ---- playing ---- */

/**
 * tkm_policy_play() - run every element of a policy in bus->session
 * @bus: held, with a policy session
 * @policy: as the chain has it; may be empty
 * @pick: of approvals for it
 *
 * One TPM command for each element; for PolicyAuthorize one more for each element
 * of the approval.
 *
 * Return: 0; -EPERM where the TPM says that it is not so (a register differs, an
 * epoch is over); -EBADMSG or -EOPNOTSUPP for an element we cannot send; what
 * tkm_policy_choose() returns.
 */
int tkm_policy_play(struct tkm_bus *bus, const struct tkm_policy *policy,
		    struct tkm_pick *pick)
{
	unsigned int i;
	int ret;

	for (i = 0; i < policy->n; i++) {
		const struct tkm_policy_element *el = &policy->el[i];

		if (el->cc == TPM_CC_POLICY_AUTHORIZE) {
			ret = play_authorize(bus, pick);
			if (ret)
				return ret;
			continue;
		}
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
	bus->session.ready = policy->n;
	return 0;
}

/* ---- making ---- */

/**
 * tkm_guard_named() - what a named policy stands for
 * @guard: the result
 * @is: the policy
 */
void tkm_guard_named(struct tkm_guard *guard, const struct tkm_named *is)
{
	const struct tkm_piece authority = { is->authority, is->authority_len };
	const struct tkm_piece recovery = { is->recovery, is->recovery_len };
	u8 first[32], second[32];
	struct tkm_writer w;

	memset(guard, 0, sizeof(*guard));
	guard->pcrs = is->pcrs;
	if (!is->authority_len)
		return;
	tkm_writer_init(&w, guard->authorize, sizeof(guard->authorize));
	tkm_authorize_encode(&w, authority, is->ref);
	guard->authorize_len = w.len;
	if (!is->recovery_len)
		return;
	tkm_authorize_digest(authority, is->ref, first);
	tkm_authorize_digest(recovery, is->ref, second);
	tkm_writer_init(&w, guard->keys, sizeof(guard->keys));
	tkm_policy_or_encode(&w, first, second);
	guard->keys_len = w.len;
}

/**
 * tkm_guard_keep() - what a key is guarded with, for the same once more
 * @guard: the result, without registers
 * @policy: the key's, which begins with PolicyAuthorize
 * @flat: the last element is not that of a record
 *
 * Return: 0; -EOPNOTSUPP for what tkm does not make.
 */
int tkm_guard_keep(struct tkm_guard *guard, const struct tkm_policy *policy,
		   bool flat)
{
	unsigned int n = flat ? policy->n : policy->n - 1;
	const struct tkm_policy_element *el = policy->el;

	memset(guard, 0, sizeof(*guard));
	if (!n || el->body_len > sizeof(guard->authorize))
		return -EOPNOTSUPP;
	memcpy(guard->authorize, el->body, el->body_len);
	guard->authorize_len = el->body_len;
	el++;
	n--;
	if (n && el->cc == TPM_CC_POLICY_OR) {
		if (el->body_len > sizeof(guard->keys))
			return -EOPNOTSUPP;
		memcpy(guard->keys, el->body, el->body_len);
		guard->keys_len = el->body_len;
		el++;
		n--;
	}
	if (n && el->cc == TPM_CC_POLICY_AUTH_VALUE)
		n--;
	return n ? -EOPNOTSUPP : 0;
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

	ret = tkm_tpm_pcr_read(bus, pcrs, true, digest);
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

static void add_authorize(struct tkm_policy_made *made)
{
	struct tkm_policy_element *el;

	el = add(&made->policy, TPM_CC_POLICY_AUTHORIZE);
	el->body = made->guard.authorize;
	el->body_len = made->guard.authorize_len;
	if (!made->guard.keys_len)
		return;
	el = add(&made->policy, TPM_CC_POLICY_OR);
	el->body = made->guard.keys;
	el->body_len = made->guard.keys_len;
}

/*
 * The record as the branch that nobody can take, and those of who approves of the
 * key's moving.
 */
static void add_either(const struct tkm_branches *branches,
		       struct tkm_policy_made *made)
{
	struct tkm_policy_element *el;
	struct tkm_writer w;

	tkm_writer_init(&w, made->either, sizeof(made->either));
	tkm_branches_encode(&w, branches);
	el = add(&made->policy, TPM_CC_POLICY_OR);
	el->body = made->either;
	el->body_len = w.len;
}

/**
 * tkm_policy_make() - the policy of a key to be sealed
 * @bus: held, with an HMAC session
 * @guard: registers, or who approves; or neither
 * @has_auth: an authValue guards the key too
 * @rec: the record, which becomes the branch beside the policy, and says who
 *	approves of its moving; NULL for a flat key
 * @hash: of the record
 * @made: the result; points into itself, so it must not be copied
 *
 * One PCR_Read for every 8 registers, none without any.
 *
 * Return: 0; -EOPNOTSUPP for a bank that is not allocated; -EPERM when a
 * register changed meanwhile (the operation is then run again); what
 * tkm_bus_exec() returns.
 */
int tkm_policy_make(struct tkm_bus *bus, const struct tkm_guard *guard,
		    bool has_auth, const struct tkm_record *rec,
		    const u8 *hash, struct tkm_policy_made *made)
{
	struct tkm_branches branches;
	int ret = 0;

	memset(made, 0, sizeof(*made));
	/* An authValue alone needs no policy: userWithAuth asks for it. */
	made->guard = *guard;
	if (!guard->pcrs.mask && !guard->authorize_len) {
		made->any = rec;
		if (rec) {
			tkm_record_branches(rec, hash, NULL, &branches);
			tkm_branches_digest(&branches, made->digest);
		}
		return 0;
	}
	if (guard->authorize_len)
		add_authorize(made);
	else
		ret = add_pcrs(bus, &guard->pcrs, made);
	if (ret)
		return ret;
	if (has_auth)
		add(&made->policy, TPM_CC_POLICY_AUTH_VALUE);
	made->any = true;
	ret = tkm_policy_digest(&made->policy, made->digest);
	if (ret || !rec)
		return ret;
	tkm_record_branches(rec, hash, made->digest, &branches);
	add_either(&branches, made);
	return tkm_policy_digest(&made->policy, made->digest);
}
