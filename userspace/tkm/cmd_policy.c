// SPDX-License-Identifier: GPL-2.0
/*
 * tkm policy: named policies, and what approves them. An action is a row of the
 * table, as a verb is; approve and check have files of their own.
 */
#include <keyutils.h>

#include "keyfile.h"
#include "policy.h"

/* ---- what actions have in common --------------------------------------------------- */

bool value_option(int c, const char *argument, struct values *values)
{
	unsigned int line;
	int ret;

	switch (c) {
	case OPT_VALUE:
		if (values_say(values, argument))
			usage("'%s' is no value of a register: sha256:7=HEX",
			      argument);
		return true;
	case OPT_PREDICT:
		ret = values_file(values, argument, &line);
		if (ret == -EBADMSG && line)
			usage("%s: line %u is no value of a register: sha256:7=HEX",
			      argument, line);
		if (ret == -EBADMSG)
			usage("%s: neither a list of values nor an event log",
			      argument);
		if (ret)
			exit(failed(ret, argument));
		return true;
	default:
		return false;
	}
}

u32 index_of(const char *text)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(text, &end, 0);
	if (*end || end == text || errno || v >> 24 != 1 || v > UINT32_MAX)
		usage("%s is no NV index: 0x01000000 to 0x01ffffff", text);
	return (u32)v;
}

static void want_name(const char *name)
{
	if (!tkm_policy_name_ok(name, strlen(name)))
		usage("'%s' is no name: 1 to 32 of a-z, 0-9, '.', '_', '-'; and not none",
		      name);
}

static int say_change(struct json_object *object, const char *name, bool kept)
{
	if (!json) {
		json_object_put(object);
		return say_done();
	}
	if (!object)
		object = json_object_new_object();
	put_text(object, "name", name);
	json_object_object_add(object, "kept", json_object_new_boolean(kept));
	return say_json(object);
}

/* ---- set ----------------------------------------------------------------------------- */

/* The same once more is no change; another one needs --force. */
static int want_new(const struct policy *policy)
{
	struct policies all;
	size_t i, len, other;
	const u8 *a, *b;
	int ret, branch;
	bool same;

	if (out_force)
		return DONE;
	ret = policies_get(&all);
	if (ret)
		return ret;
	for (i = 0; i < all.n; i++) {
		if (strcmp(all.policy[i].name, policy->name))
			continue;
		same = all.policy[i].pcrs.bank == policy->pcrs.bank &&
		       all.policy[i].pcrs.mask == policy->pcrs.mask;
		for (branch = 0; branch < 2; branch++) {
			a = policy_branch(policy, branch, &len);
			b = policy_branch(&all.policy[i], branch, &other);
			same = same && len == other &&
			       (!len || !memcmp(a, b, len));
		}
		if (!same)
			ret = failed_as(-EEXIST, "another name; --force replaces it, and its approvals go",
					"%s: there is another policy of that name",
					policy->name);
	}
	policies_free(&all);
	return ret;
}

static int cmd_set(int argc, char **argv)
{
	static const struct option options[] = {
		{ "pcrs", required_argument, NULL, OPT_PCRS },
		{ "authority", required_argument, NULL, OPT_AUTHORITY },
		{ "recovery", required_argument, NULL, OPT_RECOVERY },
		{ "force", no_argument, NULL, 'f' },
		ASK_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	const char *authority = NULL, *recovery = NULL, *pcrs = NULL;
	static struct policy policy;
	bool kept;
	int c, ret;

	while ((c = next_option(argc, argv, options)) != -1) {
		if (c == OPT_PCRS)
			pcrs = optarg;
		else if (c == OPT_AUTHORITY)
			authority = optarg;
		else if (c == OPT_RECOVERY)
			recovery = optarg;
		else
			ask_socket = optarg;
	}
	want_words(argc, 1, 1);
	want_name(argv[optind]);
	strcpy(policy.name, argv[optind]);
	if (!pcrs == !authority)
		usage("either --pcrs or --authority says what the policy is");
	if (recovery && !authority)
		usage("--recovery goes with --authority");
	if (pcrs)
		pcrs_of(pcrs, &policy.pcrs);
	ret = authority ? public_take(authority, policy.authority,
				      &policy.authority_len) : DONE;
	if (!ret && recovery)
		ret = public_take(recovery, policy.recovery,
				  &policy.recovery_len);
	if (!ret && policy.recovery_len &&
	    policy.recovery_len == policy.authority_len &&
	    !memcmp(policy.recovery, policy.authority, policy.recovery_len))
		usage("the recovery key is the authority's: it has to be another one");
	ret = ret ? ret : want_new(&policy);
	ret = ret ? ret : policy_set(&policy, &kept);
	return ret ? ret : say_change(NULL, policy.name, kept);
}

/* ---- list, show ---------------------------------------------------------------------- */

static const char *kind_of(const struct policy *policy)
{
	return policy->pcrs.mask ? "pcrs" : "authorised";
}

static int cmd_list_policies(int argc, char **argv)
{
	static const struct option options[] = {
		ASK_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	struct json_object *list, *one;
	struct policies all;
	char what[80];
	size_t i;
	int ret;

	while (next_option(argc, argv, options) != -1)
		ask_socket = optarg;
	want_words(argc, 0, 0);
	ret = policies_get(&all);
	if (ret)
		return ret;
	list = json_object_new_array();
	for (i = 0; i < all.n; i++) {
		const struct policy *policy = &all.policy[i];

		tkm_pcrs_write(&policy->pcrs, what, sizeof(what));
		if (!policy->pcrs.mask)
			snprintf(what, sizeof(what), "%u approval%s%s",
				 policy->n, policy->n == 1 ? "" : "s",
				 policy->recovery_len ? ", recovery" : "");
		if (!json) {
			printf("%-11s %-32s %s\n", kind_of(policy),
			       policy->name, what);
			continue;
		}
		one = json_object_new_object();
		put_text(one, "name", policy->name);
		put_text(one, "kind", kind_of(policy));
		if (policy->pcrs.mask)
			put_text(one, "pcrs", what);
		else
			json_object_object_add(one, "approvals",
				json_object_new_int((int)policy->n));
		json_object_object_add(one, "kept",
				       json_object_new_boolean(all.kept));
		json_object_array_add(list, one);
	}
	policies_free(&all);
	if (json)
		return say_json(list);
	json_object_put(list);
	return say_done();
}

/* "ECC P-256, Name 000b..." */
static void key_text(const u8 *pub, size_t len, char text[128])
{
	u8 name[TKM_NAME_SIZE];
	EVP_PKEY *pkey = public_decode(pub, len);
	int n;

	n = snprintf(text, 128, "%s %d, Name ",
		     pkey && EVP_PKEY_is_a(pkey, "RSA") ? "RSA" : "EC",
		     pkey ? EVP_PKEY_get_bits(pkey) : 0);
	EVP_PKEY_free(pkey);
	public_name(pub, len, name);
	hex_of(name, sizeof(name), text + n);
}

static const char *signer_of(const struct policy *policy,
			     const struct tkm_approval *approval)
{
	static const char *const names[] = { "authority", "recovery" };
	const u8 *pub;
	size_t len;
	int i;

	for (i = 0; i < 2; i++) {
		pub = policy_branch(policy, i, &len);
		if (pub && len == approval->by.pub_len &&
		    !memcmp(pub, approval->by.pub, len))
			return names[i];
	}
	return "another key";
}

static struct json_object *show_approval(struct state *state,
					 const struct policy *policy,
					 const struct policy_approval *held)
{
	struct json_object *object = json_object_new_object();
	struct json_object *pcrs = json_object_new_array();
	struct tkm_approval approval;
	struct approved approved = { .n = 0 };
	char list[80], all[256] = "", digest[65], what[160], epoch[32] = "";
	enum verdict verdict;
	unsigned int i;

	verdict = verdict_of_approval(state, held->der, held->len, what);
	if (!tkm_approval_decode(held->der, held->len, &approval)) {
		(void)approval_read(&approval.policy, &approved);
		put_text(object, "by", signer_of(policy, &approval));
	}
	for (i = 0; i < approved.n; i++) {
		struct json_object *one = json_object_new_object();

		tkm_pcrs_write(&approved.pcr[i].pcrs, list, sizeof(list));
		hex_of(approved.pcr[i].digest, 32, digest);
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s",
			 i ? " " : "", list);
		put_text(one, "pcrs", list);
		put_text(one, "digest", digest);
		json_object_array_add(pcrs, one);
	}
	json_object_object_add(object, "registers", pcrs);
	if (approved.index) {
		snprintf(epoch, sizeof(epoch), ", epoch %llu",
			 (unsigned long long)approved.epoch);
		json_object_object_add(object, "index",
				       json_object_new_int64(approved.index));
		json_object_object_add(object, "epoch",
			json_object_new_int64((int64_t)approved.epoch));
	}
	json_object_object_add(object, "fits",
			       json_object_new_boolean(verdict == OPENS));
	if (*what)
		put_text(object, "why", what);
	if (held->rejected)
		json_object_object_add(object, "rejected",
				       json_object_new_boolean(true));
	if (!json)
		printf("%-12s %s by %s%s: %s\n", "approval", all,
		       ask_string(object, "by"), epoch,
		       verdict == OPENS ? "fits now" : what);
	return object;
}

static int show_policy(const struct policies *policies)
{
	const struct policy *policy = &policies->policy[0];
	struct json_object *object = json_object_new_object();
	struct json_object *list = json_object_new_array();
	static const char *const branches[] = { "authority", "recovery" };
	struct state state = { .policies = policies };
	char text[128], pcrs[80], digest[65];
	const u8 *pub;
	u8 bytes[32];
	unsigned int i;
	size_t len;

	put_text(object, "name", policy->name);
	put_text(object, "kind", kind_of(policy));
	if (!json) {
		line("name", policy->name);
		line("kind", kind_of(policy));
	}
	if (policy->pcrs.mask) {
		tkm_pcrs_write(&policy->pcrs, pcrs, sizeof(pcrs));
		put_text(object, "pcrs", pcrs);
		if (!json)
			line("pcrs", pcrs);
	} else if (policy_digest(policy, &state.values, bytes)) {
		hex_of(bytes, 32, digest);
		put_text(object, "digest", digest);
		if (!json)
			line("digest", digest);
	}
	for (i = 0; i < 2; i++) {
		pub = policy_branch(policy, (int)i, &len);
		if (!pub)
			continue;
		key_text(pub, len, text);
		put_text(object, branches[i], text);
		if (!json)
			line(branches[i], text);
	}
	if (!json)
		line("kept", policies->kept ? "by tkmd" :
					      "by nobody: until the module goes");
	json_object_object_add(object, "kept",
			       json_object_new_boolean(policies->kept));
	for (i = 0; i < policy->n; i++)
		json_object_array_add(list, show_approval(&state, policy,
							  &policy->approval[i]));
	json_object_object_add(object, "approvals", list);
	if (json)
		return say_json(object);
	json_object_put(object);
	return say_done();
}

static int cmd_show_policy(int argc, char **argv)
{
	static const struct option options[] = {
		ASK_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	struct policies policies;
	int ret;

	while (next_option(argc, argv, options) != -1)
		ask_socket = optarg;
	want_words(argc, 1, 1);
	want_name(argv[optind]);
	ret = policy_get(argv[optind], &policies);
	if (ret)
		return ret;
	ret = show_policy(&policies);
	policies_free(&policies);
	return ret;
}

/* ---- digest --------------------------------------------------------------------------- */

static int say_digests(const char *policy, const char *approved)
{
	struct json_object *object;

	if (!json) {
		if (policy)
			line("policy", policy);
		if (approved)
			line("approved", approved);
		return say_done();
	}
	object = json_object_new_object();
	if (policy)
		put_text(object, "policy", policy);
	if (approved)
		put_text(object, "approved", approved);
	return say_json(object);
}

static int registers_failed(int err)
{
	return failed_as(err, "--value sha256:7=HEX says what is not known",
			 "registers cannot be read");
}

static int cmd_digest(int argc, char **argv)
{
	static const struct option options[] = {
		{ "pcrs", required_argument, NULL, OPT_PCRS },
		VALUE_OPTIONS, ASK_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	static struct values values;
	struct policies policies = { .n = 0 };
	struct approved approved = { .n = 0 };
	char policy[65], yes[65];
	const char *name;
	u8 digest[32];
	int c, ret = DONE;

	while ((c = next_option(argc, argv, options)) != -1) {
		if (value_option(c, optarg, &values))
			continue;
		if (c == OPT_SOCKET)
			ask_socket = optarg;
		else
			pcrs_of(optarg, &approved.pcr[approved.n = 0].pcrs);
		approved.n |= c == OPT_PCRS;
	}
	name = argv[optind];
	want_words(argc, 0, 1);
	if (!name && !approved.n)
		usage("say which policy, or which registers (--pcrs)");
	if (name) {
		want_name(name);
		ret = policy_get(name, &policies);
	}
	if (ret)
		return ret;
	if (name && policies.policy[0].pcrs.mask && !approved.n) {
		approved.n = 1;
		approved.pcr[0].pcrs = policies.policy[0].pcrs;
	}
	if (approved.n) {
		ret = values_now(&values, &approved.pcr[0].pcrs);
		if (ret || !values_digest(&values, &approved.pcr[0].pcrs,
					  approved.pcr[0].digest) ||
		    approved_digest(&approved, digest)) {
			policies_free(&policies);
			return registers_failed(ret ? ret : -ENODEV);
		}
		hex_of(digest, 32, yes);
	}
	if (name && policy_digest(&policies.policy[0], &values, digest))
		hex_of(digest, 32, policy);
	policies_free(&policies);
	return say_digests(name ? policy : NULL, approved.n ? yes : NULL);
}

/* ---- domain --------------------------------------------------------------------------- */

static int domain_failed(int err, const char *name)
{
	switch (err) {
	case -EEXIST:
		return failed_as(err, "tkm domain list shows it; keys are made anew, elsewhere",
				 "your domain has a password, or is under a policy");
	case -ENOKEY:
		return failed_as(err, "tkm policy list shows those that there are",
				 "there is no policy %s, or the storage root key is gone",
				 name);
	case -EOPNOTSUPP:
		return failed_as(err, "one with --authority survives updates",
				 "%s is of registers: the next update would be the end of all your keys",
				 name);
	default:
		return failed(err, name);
	}
}

static int cmd_domain_policy(int argc, char **argv)
{
	static const struct option options[] = {
		{ "keyring", required_argument, NULL, 'k' },
		COMMON_OPTIONS, END_OPTIONS,
	};
	libtkm_serial keyring = KEY_SPEC_SESSION_KEYRING;
	char text[TKM_POLICY_NAME_MAX + 16], label[TKM_POLICY_NAME_MAX + 16];
	long key;

	while (next_option(argc, argv, options) != -1)
		keyring = keyring_of(optarg);
	want_words(argc, 1, 1);
	want_name(argv[optind]);
	snprintf(text, sizeof(text), "new policy=%s", argv[optind]);
	/* What tkm domain list shows. */
	snprintf(label, sizeof(label), "policy=%s", argv[optind]);
	progress_begin("the TPM makes storage keys");
	key = add_key("tkm-domain", label, text, strlen(text), keyring);
	key = key < 0 ? -errno : key;
	progress_end();
	if (key < 0)
		return domain_failed((int)key, argv[optind]);
	note("keys that you made before are not under it: make them anew");
	if (!json)
		return DONE;
	return say_json(json_object_new_object());
}

/* ---- remove --------------------------------------------------------------------------- */

static int cmd_remove_policy(int argc, char **argv)
{
	static const struct option options[] = {
		{ "yes", no_argument, NULL, OPT_YES },
		ASK_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	bool yes = false, kept;
	int c, ret;

	while ((c = next_option(argc, argv, options)) != -1) {
		if (c == OPT_YES)
			yes = true;
		else
			ask_socket = optarg;
	}
	want_words(argc, 1, 1);
	want_name(argv[optind]);
	if (!yes)
		usage("its approvals go with it, and keys under it open no more: --yes");
	ret = policy_remove(argv[optind], &kept);
	return ret ? ret : say_change(NULL, argv[optind], kept);
}

/* ---- retire --------------------------------------------------------------------------- */

static int retire_failed(int err, u32 index)
{
	switch (err) {
	case -EKEYREJECTED:
		return failed_as(err, "--ask-auth asks for it; tpm2_changeauth -c owner sets another",
				 "the owner's authorisation value is not that");
	case -EEXIST:
		return failed_as(err, "--index 0x01...... takes another one, in approve too",
				 "NV index 0x%08x is something else", index);
	case -ENOSPC:
		return failed_as(err, "tpm2_nvundefine what is not needed",
				 "the TPM has no room for the counter");
	case -EAGAIN:
		return failed_as(err, "try again in a minute",
				 "the TPM wants a pause between writes");
	case -EACCES:
		return failed_as(err, "as root, or of the group tss",
				 "/dev/tpmrm0 is not for you");
	default:
		return failed(err, "the counter of epochs");
	}
}

/* tkmd cannot see that the TPM counted, or did not. */
static bool write_down(u64 epoch, int result)
{
	struct json_object *question = ask_about("policy-retired", NULL), *reply;
	int ret;

	json_object_object_add(question, "epoch",
			       json_object_new_int64((int64_t)epoch));
	json_object_object_add(question, "result", json_object_new_int(-result));
	ret = ask(question, &reply);
	if (ret)
		note("tkmd did not write it down: %s", libtkm_errno_name(ret));
	json_object_put(reply);
	return !ret;
}

static int cmd_retire(int argc, char **argv)
{
	static const struct option options[] = {
		{ "index", required_argument, NULL, OPT_INDEX },
		{ "yes", no_argument, NULL, OPT_YES },
		ASK_OPTIONS, AUTH_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	u32 index = EPOCH_INDEX;
	struct json_object *object;
	void *auth = NULL;
	ssize_t len = 0;
	bool yes = false, set = false, written;
	u64 epoch = 0;
	int c, ret;

	while ((c = next_option(argc, argv, options)) != -1) {
		if (c == OPT_INDEX)
			index = index_of(optarg);
		else if (c == OPT_SOCKET)
			ask_socket = optarg;
		else
			yes = true;
	}
	want_words(argc, 0, 0);
	if (!yes)
		usage("all approvals of this epoch end, of every policy: --yes");
	ret = epoch_owner_auth(&set);
	if (ret)
		return retire_failed(ret, index);
	ret = auth_value(set, &auth, &len);
	if (ret)
		return ret;
	progress_begin("the TPM counts");
	ret = epoch_next(index, auth, (size_t)len, &epoch);
	progress_end();
	libtkm_secret_free(auth);
	written = write_down(ret ? 0 : epoch, ret);
	if (ret)
		return retire_failed(ret, index);
	if (!json) {
		printf("%llu\n", (unsigned long long)epoch);
		return say_done();
	}
	object = json_object_new_object();
	json_object_object_add(object, "epoch",
			       json_object_new_int64((int64_t)epoch));
	json_object_object_add(object, "index", json_object_new_int64(index));
	json_object_object_add(object, "audit", json_object_new_boolean(written));
	return say_json(object);
}

/* ---- the table ------------------------------------------------------------------------ */

#define VALUE_HELP							\
	"  --value sha256:7=HEX  that this register has this value\n"	\
	"  --predict FILE        that registers have the values of FILE: lines as above,\n" \
	"                        or the event log of a firmware\n"

#define APPROVE_HELP							\
	"Signs that keys under NAME open with these registers: as they are, unless said.\n" \
	"\n"								\
	"  --pcrs LIST           which; those of --value and --predict unless said\n" \
	VALUE_HELP							\
	"  --key KEY.pem         signs: the private key, or %tkm:KEY\n"	\
	"  --offline FILE        write there what is to be signed, and FILE.approval\n" \
	"  --signature FILE      ... and with the same --offline: this is its signature\n" \
	"  --approval FILE       take this one, which was signed before\n" \
	"  -o, --out FILE        write it there, and do not put it in force\n" \
	"  --only                let those of before go\n"		\
	"  --epoch N             of this epoch, not of the TPM's counter; --no-epoch: of\n" \
	"                        none, so it is never retired\n"	\
	"  --index 0x01800b7d    the counter's NV index\n"		\
	AUTH_HELP

static const struct verb actions[] = {
	{ "policy set", cmd_set, "define a policy, or replace it",
	  "[OPTION...] NAME",
	  "  --pcrs LIST         of these registers, at their values when a key is made\n"
	  "  --authority FILE    of what this key approves: its public half in PEM; or\n"
	  "                      %tkm:KEY\n"
	  "  --recovery FILE     ... or this one, which is kept offline\n"
	  "  -f, --force         replace another one; its approvals go\n" },
	{ "policy list", cmd_list_policies, "list them", "[OPTION...]", NULL },
	{ "policy show", cmd_show_policy, "show one, and its approvals",
	  "[OPTION...] NAME", NULL },
	{ "policy digest", cmd_digest, "print the digest of a policy, and of what is approved",
	  "[OPTION...] [NAME]",
	  "  --pcrs LIST           what approving these registers would sign\n"
	  VALUE_HELP },
	{ "policy approve", policy_cmd_approve, "sign that keys open with these registers",
	  "[OPTION...] NAME", APPROVE_HELP },
	{ "policy authorize", policy_cmd_approve, "the same",
	  "[OPTION...] NAME", APPROVE_HELP },
	{ "policy retire", cmd_retire, "end all approvals of this epoch",
	  "[OPTION...]",
	  "Counts on, in the TPM: approvals of before are refused, of every policy, and\n"
	  "there is no way back. Prints the new epoch. The owner's authorisation is asked\n"
	  "for when the TPM has one.\n"
	  "\n"
	  "  --yes               yes, end them\n"
	  "  --index 0x01800b7d  the counter's NV index\n" AUTH_HELP },
	{ "policy check", policy_cmd_check, "tell which keys would not open",
	  "[OPTION...] [KEY...]",
	  "Of your keys, those that are loaded and those that the helper keeps. Ends with\n"
	  "1 when one would not open. Nothing is changed.\n"
	  "\n"
	  "  --dry-run             as if\n"
	  VALUE_HELP
	  "  --all                 keys of all users, for root\n" },
	{ "policy domain", cmd_domain_policy, "put your domain under it",
	  "[OPTION...] NAME",
	  "All keys that you make from now on want its approval, whatever guards them\n"
	  "besides. There is no way back; those of before stay as they are.\n"
	  "\n"
	  "  -k, --keyring RING  what holds the domain: @s unless said, @u, @us, a number\n" },
	{ "policy remove", cmd_remove_policy, "forget a policy and its approvals",
	  "[OPTION...] NAME", "  --yes               yes, forget it\n" },
};

#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

int cmd_policy(int argc, char **argv)
{
	return run_action(actions, ACTIONS, argc, argv);
}
