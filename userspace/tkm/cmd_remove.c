// SPDX-License-Identifier: GPL-2.0
/* tkm remove and check: what the helper keeps. */
#include "ask.h"

enum { OPT_YES = OPT_ASK_OWN };

int cmd_remove(int argc, char **argv)
{
	static const struct option options[] = {
		{ "yes", no_argument, NULL, OPT_YES },
		ASK_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	struct json_object *reply;
	bool yes = false;
	int c, ret;

	while ((c = next_option(argc, argv, options)) != -1) {
		if (c == OPT_YES)
			yes = true;
		else
			ask_socket = optarg;
	}
	want_words(argc, 1, 1);
	if (!yes)
		usage("then nobody keeps this key, unless it was exported: --yes");
	ret = ask(ask_about("remove", argv[optind]), &reply);
	if (ret)
		return ask_failed(ret, reply, argv[optind]);
	json_object_object_del(reply, "ok");
	if (json)
		return say_json(reply);
	json_object_put(reply);
	return DONE;
}

/* ---- check ----------------------------------------------------------------------- */

/* What tkmd calls how many there are, and which of them are damaged. */
static const struct {
	const char *number, *bad, *one;
} sorts[] = {
	{ "checked", "bad", "" },
	{ "policies", "bad-policies", "policy " },
	{ "domains", "bad-domains", "domain " },
};

#define SORTS (sizeof(sorts) / sizeof(sorts[0]))

struct checked {
	int64_t number;
	struct json_object *bad[SORTS];
};

static void take_bad(struct json_object *reply, const char *name,
		     struct json_object *bad)
{
	struct json_object *list;
	size_t i;

	if (!json_object_object_get_ex(reply, name, &list))
		return;
	for (i = 0; i < json_object_array_length(list); i++)
		json_object_array_add(bad, json_object_get(
			json_object_array_get_idx(list, i)));
}

static int64_t take(struct json_object *reply, void *data)
{
	struct checked *checked = data;
	struct json_object *member;
	size_t i;

	for (i = 0; i < SORTS; i++) {
		if (json_object_object_get_ex(reply, sorts[i].number, &member))
			checked->number += json_object_get_int64(member);
		take_bad(reply, sorts[i].bad, checked->bad[i]);
	}
	if (!json_object_object_get_ex(reply, "last", &member))
		return 0;
	return json_object_get_int64(member);
}

static size_t damaged(const struct checked *checked)
{
	size_t n = 0, i;

	for (i = 0; i < SORTS; i++)
		n += json_object_array_length(checked->bad[i]);
	return n;
}

static void say_bad(const struct checked *checked)
{
	size_t i, k;

	for (i = 0; i < SORTS; i++)
		for (k = 0; k < json_object_array_length(checked->bad[i]); k++)
			printf("%s%s\n", sorts[i].one, json_object_get_string(
				json_object_array_get_idx(checked->bad[i], k)));
}

static int say(const struct checked *checked)
{
	struct json_object *object;
	size_t i;

	if (!json) {
		printf("%lld checked, %zu damaged\n", (long long)checked->number,
		       damaged(checked));
		say_bad(checked);
		return say_done();
	}
	object = json_object_new_object();
	json_object_object_add(object, "checked",
			       json_object_new_int64(checked->number));
	for (i = 0; i < SORTS; i++)
		json_object_object_add(object, sorts[i].bad,
				       json_object_get(checked->bad[i]));
	return say_json(object);
}

int cmd_check(int argc, char **argv)
{
	static const struct option options[] = {
		{ "all", no_argument, NULL, OPT_ALL },
		ASK_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	struct checked checked = { .number = 0 };
	bool all = false;
	int c, ret;
	size_t i;

	while ((c = next_option(argc, argv, options)) != -1) {
		if (c == OPT_ALL)
			all = true;
		else
			ask_socket = optarg;
	}
	want_words(argc, 0, 0);
	for (i = 0; i < SORTS; i++)
		checked.bad[i] = json_object_new_array();
	progress_begin("the helper reads what it keeps");
	ret = ask_each("check", all, take, &checked);
	progress_end();
	if (!ret)
		ret = say(&checked);
	if (!ret && damaged(&checked))
		ret = FAILED;
	for (i = 0; i < SORTS; i++)
		json_object_put(checked.bad[i]);
	return ret;
}
