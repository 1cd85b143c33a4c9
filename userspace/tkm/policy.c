// SPDX-License-Identifier: GPL-2.0
/*
 * Named policies, where they are kept: tkmd keeps them, and tells the module.
 * Without tkmd the module is told directly, and forgets them when it goes.
 */
#include <linux/tkm_netlink.h>

#include "policy.h"

/* ---- hex and base64 ---------------------------------------------------------------- */

void hex_of(const u8 *p, size_t len, char *out)
{
	struct tkm_writer w;

	tkm_writer_init(&w, out, 2 * len);
	tkm_put_hex(&w, p, len);
	out[w.len] = 0;
}

void put_text(struct json_object *object, const char *name, const char *text)
{
	json_object_object_add(object, name, json_object_new_string(text));
}

void put_hex(struct json_object *object, const char *name, const u8 *p,
	     size_t len)
{
	char hex[2 * TKM_APPROVAL_MAX + 1];

	hex_of(p, len, hex);
	put_text(object, name, hex);
}

static bool get_hex(struct json_object *object, const char *name, u8 *out,
		    size_t size, size_t *len)
{
	const char *hex = ask_string(object, name);
	size_t n = strlen(hex);

	*len = n / 2;
	return *len <= size && !(n % 2) && !tkm_hex_decode(hex, n, out);
}

static struct json_object *base64(const u8 *p, size_t len)
{
	char text[TKM_APPROVAL_MAX * 4 / 3 + 8];

	EVP_EncodeBlock((u8 *)text, p, (int)len);
	return json_object_new_string(text);
}

static bool get_base64(const char *text, struct policy_approval *approval)
{
	u8 out[TKM_APPROVAL_MAX + 4];
	size_t n = strlen(text);
	int len;

	if (!n || n % 4 || n > TKM_APPROVAL_MAX * 4 / 3 + 4)
		return false;
	len = EVP_DecodeBlock(out, (const u8 *)text, (int)n);
	len -= text[n - 1] == '=';
	len -= text[n - 2] == '=';
	if (len <= 0 || len > TKM_APPROVAL_MAX)
		return false;
	memcpy(approval->der, out, (size_t)len);
	approval->len = (size_t)len;
	return true;
}

/* ---- both ----------------------------------------------------------------------------- */

static struct policy *add(struct policies *policies)
{
	struct policy *more = realloc(policies->policy,
				      (policies->n + 1) * sizeof(*more));

	if (!more)
		return NULL;
	policies->policy = more;
	more += policies->n++;
	memset(more, 0, sizeof(*more));
	return more;
}

void policies_free(struct policies *policies)
{
	free(policies->policy);
	policies->policy = NULL;
	policies->n = 0;
}

void pcrs_of(const char *text, struct tkm_pcrs *pcrs)
{
	struct tkm_request req;
	char *words;

	if (asprintf(&words, "new pcrs=%s", text) < 0)
		exit(failed(-ENOMEM, NULL));
	if (strpbrk(text, " \t\n") ||
	    tkm_optparse(words, strlen(words), &req) ||
	    req.pcrs_choice != TKM_SET)
		usage("'%s' is no list of registers: sha256:7+11", text);
	free(words);
	*pcrs = req.pcrs;
}

const u8 *policy_branch(const struct policy *policy, int branch, size_t *len)
{
	*len = branch ? policy->recovery_len : policy->authority_len;
	if (!*len)
		return NULL;
	return branch ? policy->recovery : policy->authority;
}

bool policy_digest(const struct policy *policy, const struct values *values,
		   u8 digest[32])
{
	u8 ref[32], branch[2][32];
	struct approved approved = { .n = 1 };
	const u8 *pub;
	size_t len;
	int i;

	if (policy->pcrs.mask) {
		approved.pcr[0].pcrs = policy->pcrs;
		if (!values_digest(values, &policy->pcrs,
				   approved.pcr[0].digest))
			return false;
		return !approved_digest(&approved, digest);
	}
	tkm_policy_ref(policy->name, ref);
	for (i = 0; i < 2; i++) {
		pub = policy_branch(policy, i, &len);
		if (!pub)
			break;
		tkm_authorize_digest((struct tkm_piece){ pub, len }, ref,
				     branch[i]);
	}
	if (i == 2)
		tkm_policy_or_digest(branch[0], branch[1], digest);
	else
		memcpy(digest, branch[0], 32);
	return true;
}

/* While somebody else is about to say what failed. */
static bool silent;

/* ---- tkmd ------------------------------------------------------------------------------- */

static struct json_object *question(const char *what, const char *name)
{
	struct json_object *object = ask_about(what, NULL);

	if (name)
		put_text(object, "name", name);
	return object;
}

static bool read_reply(struct json_object *reply, struct policy *policy)
{
	const char *pcrs = ask_string(reply, "pcrs");
	struct json_object *list;
	size_t i, n;

	snprintf(policy->name, sizeof(policy->name), "%s",
		 ask_string(reply, "name"));
	if (*pcrs)
		pcrs_of(pcrs, &policy->pcrs);
	if (!get_hex(reply, "authority", policy->authority, PUBLIC_MAX,
		     &policy->authority_len) ||
	    !get_hex(reply, "recovery", policy->recovery, PUBLIC_MAX,
		     &policy->recovery_len) ||
	    !tkm_policy_name_ok(policy->name, strlen(policy->name)) ||
	    !policy->pcrs.mask == !policy->authority_len)
		return false;
	if (!json_object_object_get_ex(reply, "approvals", &list))
		return true;
	n = json_object_array_length(list);
	if (n > APPROVALS_MAX)
		return false;
	for (i = 0; i < n; i++)
		if (!get_base64(json_object_get_string(
					json_object_array_get_idx(list, i)),
				&policy->approval[policy->n++]))
			return false;
	return true;
}

static int say_reply(int err, struct json_object *reply, const char *name)
{
	if (!silent)
		return ask_failed(err, reply, name);
	json_object_put(reply);
	return FAILED;
}

/* -ECONNREFUSED: there is no tkmd, and nothing was said. */
static int ask_one(const char *name, struct policies *policies, int *status)
{
	struct json_object *reply;
	struct policy *policy;
	int ret;

	ret = ask(question("policy", name), &reply);
	if (ret == -ECONNREFUSED)
		return ret;
	if (ret == -ENOKEY) {
		json_object_put(reply);
		*status = failed_as(-ENOENT, "tkm policy list shows those that there are",
				    "%s: there is no policy of that name", name);
		return ret;
	}
	if (ret) {
		*status = say_reply(ret, reply, name);
		return ret;
	}
	policies->kept = true;
	policy = add(policies);
	ret = policy && read_reply(reply, policy) ? 0 : -EIO;
	json_object_put(reply);
	*status = !ret ? DONE : silent ? FAILED : failed(ret, name);
	return ret;
}

static int ask_all(struct policies *policies, int *status)
{
	struct json_object *reply, *list;
	size_t i;
	int ret;

	ret = ask(question("policies", NULL), &reply);
	if (ret == -ECONNREFUSED)
		return ret;
	if (ret) {
		*status = say_reply(ret, reply, NULL);
		return ret;
	}
	policies->kept = true;
	*status = DONE;
	if (json_object_object_get_ex(reply, "policies", &list))
		for (i = 0; !ret && i < json_object_array_length(list); i++)
			ret = ask_one(ask_string(json_object_array_get_idx(
							 list, i), "name"),
				      policies, status);
	json_object_put(reply);
	return ret;
}

/* ---- the module ------------------------------------------------------------------------- */

static void take(const struct libtkm_nl_attr *attr, u8 *out, size_t size,
		 size_t *len)
{
	if (!attr || attr->len > size)
		return;
	memcpy(out, attr->data, attr->len);
	*len = attr->len;
}

/* For each policy what it is, then its approvals, one a message. */
static int each(const struct libtkm_nl_attr *attrs, size_t n, void *data)
{
	const struct libtkm_nl_attr *at, *bank;
	struct policies *policies = data;
	struct policy_approval *approval;
	struct policy *policy;

	at = libtkm_nl_find(attrs, n, TKM_A_POLICY_APPROVAL);
	if (at) {
		policy = policies->n ? &policies->policy[policies->n - 1] : NULL;
		if (!policy || policy->n == APPROVALS_MAX)
			return -EPROTO;
		approval = &policy->approval[policy->n++];
		take(at, approval->der, TKM_APPROVAL_MAX, &approval->len);
		approval->rejected =
			libtkm_nl_find(attrs, n, TKM_A_POLICY_REJECTED);
		return 0;
	}
	policy = add(policies);
	if (!policy)
		return -ENOMEM;
	snprintf(policy->name, sizeof(policy->name), "%s",
		 libtkm_nl_string(libtkm_nl_find(attrs, n, TKM_A_POLICY_NAME)));
	bank = libtkm_nl_find(attrs, n, TKM_A_POLICY_BANK);
	if (bank && bank->len == sizeof(policy->pcrs.bank))
		memcpy(&policy->pcrs.bank, bank->data, bank->len);
	policy->pcrs.mask = libtkm_nl_u32(
		libtkm_nl_find(attrs, n, TKM_A_POLICY_MASK));
	take(libtkm_nl_find(attrs, n, TKM_A_POLICY_AUTHORITY),
	     policy->authority, PUBLIC_MAX, &policy->authority_len);
	take(libtkm_nl_find(attrs, n, TKM_A_POLICY_RECOVERY),
	     policy->recovery, PUBLIC_MAX, &policy->recovery_len);
	return 0;
}

static int module_failed(int err, struct libtkm_nl *nl, const char *name)
{
	const char *text = nl ? libtkm_nl_text(nl) : "";

	if (silent)
		return FAILED;
	switch (err) {
	case -ENOENT:
		return failed_as(err, "tkm policy list shows those that there are",
				 "%s: there is no policy of that name", name);
	case -EPERM:
		return failed_as(err, "as root; with tkmd everybody may look (systemctl start tkmd)",
				 "the module tells policies to root only");
	case -EOPNOTSUPP:
		return failed_as(err, "install the module of this version",
				 "the module that is loaded knows no named policies");
	case -ENOSPC:
		return failed_as(err, "tkm policy remove one that is not needed",
				 "there are as many policies as there may be");
	default:
		return *text ? failed_as(err, libtkm_error_remedy(err, NULL),
					 "%s: %s", name, text) :
			       failed(err, name);
	}
}

static int module_ask(u8 command, const struct libtkm_nl_attr *attrs, size_t n,
		      bool dump, struct policies *policies, const char *name)
{
	struct libtkm_nl *nl;
	int ret;

	ret = libtkm_nl_open(&nl);
	if (ret)
		return silent ? FAILED : failed(ret, NULL);
	ret = libtkm_nl_request(nl, command, attrs, n, dump,
				policies ? each : NULL, policies);
	ret = ret ? module_failed(ret, nl, name ? name : "policies") : DONE;
	libtkm_nl_close(nl);
	return ret;
}

static struct libtkm_nl_attr name_attr(const char *name)
{
	return (struct libtkm_nl_attr){
		TKM_A_POLICY_NAME, name, strlen(name) + 1,
	};
}

/* ---- whom there is ------------------------------------------------------------------------ */

int policies_get(struct policies *policies)
{
	int status = DONE;

	memset(policies, 0, sizeof(*policies));
	if (ask_all(policies, &status) == -ECONNREFUSED)
		status = module_ask(TKM_CMD_POLICY_LIST, NULL, 0, true,
				    policies, NULL);
	if (status)
		policies_free(policies);
	return status;
}

void policies_look(struct policies *policies)
{
	silent = true;
	(void)policies_get(policies);
	silent = false;
}

/* The module's dump has the approvals, too. */
static int module_one(const char *name, struct policies *policies)
{
	struct policies all = { .n = 0 };
	struct policy *one;
	size_t i;
	int ret;

	ret = module_ask(TKM_CMD_POLICY_LIST, NULL, 0, true, &all, name);
	if (ret)
		return ret;
	for (i = 0; i < all.n; i++)
		if (!strcmp(all.policy[i].name, name))
			break;
	one = i < all.n ? add(policies) : NULL;
	if (one)
		*one = all.policy[i];
	policies_free(&all);
	return one ? DONE : module_failed(-ENOENT, NULL, name);
}

int policy_get(const char *name, struct policies *policies)
{
	int status = DONE;

	memset(policies, 0, sizeof(*policies));
	if (ask_one(name, policies, &status) == -ECONNREFUSED)
		status = module_one(name, policies);
	if (status)
		policies_free(policies);
	return status;
}

/* The answer to a change; -1 when the module has to be asked. */
static int ask_change(struct json_object *object, const char *name, bool *kept)
{
	struct json_object *reply;
	int ret = ask(object, &reply);

	*kept = !ret;
	if (ret == -ECONNREFUSED)
		return -1;
	if (ret)
		return ask_failed(ret, reply, name);
	json_object_put(reply);
	return DONE;
}

/* What nobody keeps. */
static int lasts(int status)
{
	if (!status)
		warn("no helper keeps it: it lasts until the module goes (systemctl start tkmd, then once more)");
	return status;
}

int policy_set(const struct policy *policy, bool *kept)
{
	struct json_object *object = question("policy-set", policy->name);
	struct libtkm_nl_attr attrs[3] = { name_attr(policy->name) };
	char list[80];
	size_t n = 1;
	int status;

	if (policy->pcrs.mask) {
		tkm_pcrs_write(&policy->pcrs, list, sizeof(list));
		put_text(object, "pcrs", list);
		attrs[n++] = (struct libtkm_nl_attr){ TKM_A_POLICY_BANK,
			&policy->pcrs.bank, sizeof(policy->pcrs.bank) };
		attrs[n++] = (struct libtkm_nl_attr){ TKM_A_POLICY_MASK,
			&policy->pcrs.mask, sizeof(policy->pcrs.mask) };
	} else {
		put_hex(object, "authority", policy->authority,
			policy->authority_len);
		attrs[n++] = (struct libtkm_nl_attr){ TKM_A_POLICY_AUTHORITY,
			policy->authority, policy->authority_len };
		if (policy->recovery_len) {
			put_hex(object, "recovery", policy->recovery,
				policy->recovery_len);
			attrs[n++] = (struct libtkm_nl_attr){
				TKM_A_POLICY_RECOVERY, policy->recovery,
				policy->recovery_len };
		}
	}
	status = ask_change(object, policy->name, kept);
	if (status >= 0)
		return status;
	return lasts(module_ask(TKM_CMD_POLICY_SET, attrs, n, false, NULL,
				policy->name));
}

int policy_approve(const struct policy *policy, bool *kept)
{
	struct json_object *object = question("policy-approve", policy->name);
	struct json_object *list = json_object_new_array();
	struct libtkm_nl_attr attrs[1 + APPROVALS_MAX];
	unsigned int i;
	int status;

	attrs[0] = name_attr(policy->name);
	for (i = 0; i < policy->n; i++) {
		json_object_array_add(list, base64(policy->approval[i].der,
						   policy->approval[i].len));
		attrs[1 + i] = (struct libtkm_nl_attr){ TKM_A_POLICY_APPROVAL,
			policy->approval[i].der, policy->approval[i].len };
	}
	json_object_object_add(object, "approvals", list);
	status = ask_change(object, policy->name, kept);
	if (status >= 0)
		return status;
	return lasts(module_ask(TKM_CMD_POLICY_APPROVE, attrs, 1 + policy->n,
				false, NULL, policy->name));
}

int policy_remove(const char *name, bool *kept)
{
	const struct libtkm_nl_attr attr = name_attr(name);
	int status = ask_change(question("policy-remove", name), name, kept);

	if (status >= 0)
		return status;
	return module_ask(TKM_CMD_POLICY_REMOVE, &attr, 1, false, NULL, name);
}
