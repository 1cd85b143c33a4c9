// SPDX-License-Identifier: GPL-2.0
/*
 * tkm policy check: which keys would open, now or after a change. Keys are those
 * that are loaded and can be read, and those that the helper keeps.
 */
#include "policy.h"

struct check {
	struct state state;
	struct json_object *list;
	struct json_object *seen;	/* "uid description" of those judged */
	char **names;		/* that are asked about; none: all */
	int n;
	bool *found;
	bool all;
	unsigned int good, bad;
};

static bool is_wanted(struct check *check, const char *description)
{
	int i;

	for (i = 0; i < check->n; i++) {
		const char *name = check->names[i];

		if (!strncmp(name, "%tkm:", 5))
			name += 5;
		if (!strcmp(name, description)) {
			check->found[i] = true;
			return true;
		}
	}
	return !check->n;
}

/* Whether it was not seen before; a key may be loaded, and kept, too. */
static bool is_new(struct check *check, int64_t uid, const char *description)
{
	char text[320];

	snprintf(text, sizeof(text), "%lld %s", (long long)uid, description);
	if (json_object_object_get_ex(check->seen, text, NULL))
		return false;
	json_object_object_add(check->seen, text, NULL);
	return true;
}

/* What a person does about it. */
static void advice(enum verdict verdict, const char *policy, char text[256])
{
	switch (verdict) {
	case DIFFERS:
		snprintf(text, 256, "before the change: tkm reseal KEY pcrs=none, or policy=NAME");
		break;
	case UNAPPROVED:
	case RETIRED:
	case WRONG:
		snprintf(text, 256, "tkm policy approve %s, for these values", policy);
		break;
	case UNNAMED:
		snprintf(text, 256, "tkm policy set, with the name and the keys it was made under");
		break;
	default:
		text[0] = 0;
	}
}

static void say_one(struct check *check, const char *description,
		    enum verdict verdict, const char *policy, const char *what)
{
	struct json_object *one;
	char todo[256];

	verdict == OPENS ? check->good++ : check->bad++;
	advice(verdict, policy, todo);
	if (!json) {
		if (verdict == OPENS)
			return;
		printf("%s would not open: %s%s%s\n", description,
		       *policy ? policy : "", *policy ? ": " : "", what);
		if (*todo)
			printf("    %s\n", todo);
		return;
	}
	one = json_object_new_object();
	put_text(one, "key", description);
	json_object_object_add(one, "opens",
			       json_object_new_boolean(verdict == OPENS));
	if (*policy)
		put_text(one, "policy", policy);
	if (verdict != OPENS)
		put_text(one, "why", what);
	if (*todo)
		put_text(one, "remedy", todo);
	json_object_array_add(check->list, one);
}

static void judge(struct check *check, const char *description, const u8 *der,
		  size_t len)
{
	char policy[TKM_POLICY_NAME_MAX + 1], what[160];
	enum verdict verdict;

	verdict = verdict_of_chain(&check->state, der, len, policy, what);
	say_one(check, description, verdict, policy, what);
}

/* ---- what the helper keeps --------------------------------------------------------- */

static void judge_kept(struct check *check, const char *description, int64_t id)
{
	struct json_object *question = ask_about("show", NULL), *reply;
	u8 der[TKM_CHAIN_MAX];
	const char *hex;
	size_t n;

	json_object_object_add(question, "id", json_object_new_int64(id));
	json_object_object_add(question, "chain",
			       json_object_new_boolean(true));
	if (ask(question, &reply)) {
		say_one(check, description, UNREADABLE, "",
			"what is kept of it is damaged");
		json_object_put(reply);
		return;
	}
	hex = ask_string(reply, "chain");
	n = strlen(hex);
	/* Of a key that is destroyed there is none. */
	if (n && n / 2 <= sizeof(der) && !tkm_hex_decode(hex, n, der))
		judge(check, description, der, n / 2);
	json_object_put(reply);
}

static int64_t each_kept(struct json_object *reply, void *data)
{
	struct check *check = data;
	struct json_object *keys, *one, *member;
	const char *description;
	int64_t id = 0;
	size_t i;

	if (!json_object_object_get_ex(reply, "keys", &keys))
		return 0;
	for (i = 0; i < json_object_array_length(keys); i++) {
		one = json_object_array_get_idx(keys, i);
		if (json_object_object_get_ex(one, "id", &member))
			id = json_object_get_int64(member);
		description = ask_string(one, "key");
		json_object_object_get_ex(one, "owner", &member);
		if (is_wanted(check, description) &&
		    is_new(check, json_object_get_int64(member), description))
			judge_kept(check, description, id);
	}
	return id;
}

/* ---- what is loaded ---------------------------------------------------------------- */

static int each_loaded(const struct libtkm_key *key, void *data)
{
	struct check *check = data;
	uint8_t *der;
	size_t len;

	if (!is_wanted(check, key->description) ||
	    libtkm_key_chain(key->serial, &der, &len))
		return 0;
	if (!is_new(check, key->uid, key->description)) {
		free(der);
		return 0;
	}
	judge(check, key->description, der, len);
	free(der);
	return 0;
}

static int finish(struct check *check)
{
	struct json_object *object;
	int i, ret;

	for (i = 0; i < check->n; i++)
		if (!check->found[i])
			return failed(-ENOKEY, check->names[i]);
	if (json) {
		object = json_object_new_object();
		json_object_object_add(object, "keys",
				       json_object_get(check->list));
		json_object_object_add(object, "open",
			json_object_new_int((int)check->good));
		json_object_object_add(object, "refused",
			json_object_new_int((int)check->bad));
		ret = say_json(object);
	} else {
		printf("%u would open, %u would not\n", check->good, check->bad);
		ret = say_done();
	}
	return ret ? ret : check->bad ? FAILED : DONE;
}

int policy_cmd_check(int argc, char **argv)
{
	static const struct option options[] = {
		{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
		{ "all", no_argument, NULL, OPT_ALL },
		VALUE_OPTIONS, ASK_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	static struct check check;
	struct policies policies;
	int c, ret;

	while ((c = next_option(argc, argv, options)) != -1) {
		if (value_option(c, optarg, &check.state.values))
			continue;
		if (c == OPT_SOCKET)
			ask_socket = optarg;
		else if (c == OPT_ALL)
			check.all = true;
	}
	check.names = argv + optind;
	check.n = argc - optind;
	check.found = calloc((size_t)check.n + 1, sizeof(bool));
	ret = policies_get(&policies);
	if (ret)
		return ret;
	check.state.policies = &policies;
	check.list = json_object_new_array();
	check.seen = json_object_new_object();
	if (policies.kept)
		ret = ask_each("list", check.all, each_kept, &check);
	if (!ret)
		ret = libtkm_key_list(each_loaded, &check);
	ret = ret ? ret : finish(&check);
	json_object_put(check.list);
	json_object_put(check.seen);
	policies_free(&policies);
	free(check.found);
	return ret;
}
