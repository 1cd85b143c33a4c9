/* SPDX-License-Identifier: GPL-2.0 */
/* What the actions of tkm policy share. */
#ifndef TKM_POLICY_H
#define TKM_POLICY_H

#include "approval.h"
#include "ask.h"
#include "values.h"

/* ---- policy.c: named policies, where they are kept --------------------------- */

struct policy_approval {
	u8 der[TKM_APPROVAL_MAX];
	size_t len;
	bool rejected;		/* the TPM found its signature wrong */
};

/**
 * struct policy - a named policy
 * @pcrs: literal registers; mask 0 when it is authorised
 * @authority: TPMT_PUBLIC; @recovery likewise, of no bytes when there is none
 */
struct policy {
	char name[TKM_POLICY_NAME_MAX + 1];
	struct tkm_pcrs pcrs;
	u8 authority[PUBLIC_MAX];
	size_t authority_len;
	u8 recovery[PUBLIC_MAX];
	size_t recovery_len;
	unsigned int n;
	struct policy_approval approval[APPROVALS_MAX];
};

/**
 * struct policies - all that are known
 * @kept: tkmd keeps them; else the module has them until it goes
 */
struct policies {
	struct policy *policy;
	size_t n;
	bool kept;
};

/*
 * These ask tkmd, and where there is none the module. They say what failed;
 * return: exit status.
 */
int policies_get(struct policies *policies);
/* The same, and says nothing: none, when nobody tells. */
void policies_look(struct policies *policies);
void policies_free(struct policies *policies);
/* One, alone in @policies. */
int policy_get(const char *name, struct policies *policies);
/* Only a person who changes something is told that nobody keeps it. */
int policy_set(const struct policy *policy, bool *kept);
int policy_approve(const struct policy *policy, bool *kept);
int policy_remove(const char *name, bool *kept);

/* "sha256:7+11" as tkm-keys(7) has it; usage error. */
void pcrs_of(const char *text, struct tkm_pcrs *pcrs);
/* The key @branch (0 authority, 1 recovery) of a policy; NULL for none. */
const u8 *policy_branch(const struct policy *policy, int branch, size_t *len);
/* The digest that guards keys under it; of registers it is that of @values. */
bool policy_digest(const struct policy *policy, const struct values *values,
		   u8 digest[32]);

/* ---- epoch.c: the counter in the TPM ------------------------------------------- */

/* -ENOENT: there is none, or it was never counted; -EEXIST: it is no counter of ours. */
int epoch_read(u32 index, u64 *epoch);
/* Whether the owner's authorisation is set. */
int epoch_owner_auth(bool *set);
/* One further; made first when there is none. -EKEYREJECTED. */
int epoch_next(u32 index, const void *auth, size_t auth_len, u64 *epoch);

/* ---- verdict.c: would it open? ---------------------------------------------------- */

enum verdict {
	OPENS,
	DIFFERS,		/* literal registers */
	UNAPPROVED,		/* no approval is for these values */
	RETIRED,		/* one is, of another epoch */
	WRONG,			/* one is, whose signature does not hold */
	UNNAMED,		/* no policy of that name and key is known */
	UNREADABLE,		/* a chain that is not understood */
};

/**
 * struct state - what is compared with
 * @values: of registers, filled in from the machine as they are needed
 * @policies: those that are known
 * @epoch: by counter, read once
 */
struct state {
	struct values values;
	const struct policies *policies;
	u32 index;
	u64 epoch;
	int epoch_error;
};

/*
 * @policy: the name of the policy that says no, "" when it has none
 * @what: "PCR 7 differs" and so on
 */
enum verdict verdict_of_chain(struct state *state, const u8 *der, size_t len,
			      char policy[TKM_POLICY_NAME_MAX + 1],
			      char what[160]);
/* Of one approval, by the same rules. */
enum verdict verdict_of_approval(struct state *state, const u8 *der, size_t len,
				 char what[160]);

/* ---- the actions ---------------------------------------------------------------------- */

int policy_cmd_approve(int argc, char **argv);
int policy_cmd_check(int argc, char **argv);

/* --value and --predict, wherever they may stand; false for another option. */
enum {
	OPT_VALUE = OPT_ASK_OWN, OPT_PREDICT, OPT_PCRS, OPT_AUTHORITY,
	OPT_RECOVERY, OPT_YES, OPT_INDEX, OPT_EPOCH, OPT_NO_EPOCH, OPT_KEY,
	OPT_OFFLINE, OPT_SIGNATURE, OPT_APPROVAL, OPT_ONLY, OPT_DRY_RUN,
};
#define VALUE_OPTIONS						\
	{ "value", required_argument, NULL, OPT_VALUE },	\
	{ "predict", required_argument, NULL, OPT_PREDICT }
bool value_option(int c, const char *argument, struct values *values);
/* A number as --index takes it; usage error. */
u32 index_of(const char *text);

void put_text(struct json_object *object, const char *name, const char *text);
void put_hex(struct json_object *object, const char *name, const u8 *p,
	     size_t len);
void hex_of(const u8 *p, size_t len, char *out);

#endif /* TKM_POLICY_H */
