// SPDX-License-Identifier: GPL-2.0
/*
 * Why a policy said no: a chain says what it is bound to, sysfs what registers hold
 * now, and tkmd which approvals there are.
 */
#include "policy.h"

#define BOOT	"boot what the key was bound to; then reseal it, with pcrs=none, before the next change"

struct refusal {
	char text[256];
	char remedy[256];
};

/* By the policy; false when it says yes, or nothing can be told. */
static bool explain(int err, const uint8_t *der, size_t len,
		    struct refusal *refusal)
{
	char name[TKM_POLICY_NAME_MAX + 1], what[160];
	static struct state state;
	struct policies policies;
	enum verdict verdict;

	policies_look(&policies);
	state.policies = &policies;
	verdict = verdict_of_chain(&state, der, len, name, what);
	policies_free(&policies);
	/* Else it is about an authorisation value. */
	if (err == -EKEYREJECTED && verdict != WRONG)
		return false;
	switch (verdict) {
	case DIFFERS:
		snprintf(refusal->text, sizeof(refusal->text),
			 "the PCR policy is not satisfied: %s", what);
		snprintf(refusal->remedy, sizeof(refusal->remedy), BOOT);
		return true;
	case UNAPPROVED:
	case RETIRED:
	case WRONG:
		snprintf(refusal->text, sizeof(refusal->text),
			 "the policy %s is not satisfied: %s", name, what);
		snprintf(refusal->remedy, sizeof(refusal->remedy),
			 "tkm policy approve %s, by who has its key; tkm policy check tells which other keys wait for it",
			 name);
		return true;
	case UNNAMED:
		snprintf(refusal->text, sizeof(refusal->text),
			 "the policy is not satisfied: %s", what);
		snprintf(refusal->remedy, sizeof(refusal->remedy),
			 "tkm policy set NAME, as it was when the key was made; then tkm policy approve NAME");
		return true;
	default:
		return false;
	}
}

int failed_with(int err, const uint8_t *der, size_t len)
{
	struct refusal refusal;

	if ((err != -EPERM && err != -EKEYREJECTED) || !der ||
	    !explain(err, der, len, &refusal))
		return failed(err, NULL);
	return failed_as(err, refusal.remedy, "%s", refusal.text);
}

int failed_with_key(int err, libtkm_serial key)
{
	uint8_t *der = NULL;
	size_t len = 0;
	int status;

	if (err == -EPERM || err == -EKEYREJECTED)
		(void)libtkm_key_chain(key, &der, &len);
	status = failed_with(err, der, len);
	free(der);
	return status;
}

int failed_with_kept(int err, const char *description)
{
	struct json_object *question = ask_about("show", description), *reply;
	u8 der[TKM_CHAIN_MAX];
	const char *hex;
	size_t n;
	int status;

	json_object_object_add(question, "chain",
			       json_object_new_boolean(true));
	if (ask(question, &reply)) {
		json_object_put(reply);
		return failed(err, description);
	}
	hex = ask_string(reply, "chain");
	n = strlen(hex);
	status = !n || n / 2 > sizeof(der) || tkm_hex_decode(hex, n, der) ?
			 failed(err, description) :
			 failed_with(err, der, n / 2);
	json_object_put(reply);
	return status;
}

/* Whether there is a policy of the name that stands in the words. */
static bool is_known(const char *words, char name[TKM_POLICY_NAME_MAX + 1])
{
	const char *word = strstr(words, " policy=");
	struct policies policies;
	bool known = false;
	size_t i;

	if (!word)
		return true;
	word += strlen(" policy=");
	snprintf(name, TKM_POLICY_NAME_MAX + 1, "%.*s",
		 (int)strcspn(word, " "), word);
	policies_look(&policies);
	for (i = 0; i < policies.n && !known; i++)
		known = !strcmp(policies.policy[i].name, name);
	policies_free(&policies);
	return known;
}

int failed_with_words(int err, const char *words)
{
	char name[TKM_POLICY_NAME_MAX + 1];

	if (err != -ENOKEY || is_known(words, name))
		return failed(err, NULL);
	return failed_as(err, "tkm policy list shows those that there are; tkm policy set defines one",
			 "there is no policy %s", name);
}
