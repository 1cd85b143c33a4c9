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

struct checked {
	int64_t number;
	struct json_object *bad;
};

static int64_t take(struct json_object *reply, void *data)
{
	struct checked *checked = data;
	struct json_object *member;
	size_t i;

	if (json_object_object_get_ex(reply, "checked", &member))
		checked->number += json_object_get_int64(member);
	if (json_object_object_get_ex(reply, "bad", &member))
		for (i = 0; i < json_object_array_length(member); i++)
			json_object_array_add(checked->bad, json_object_get(
				json_object_array_get_idx(member, i)));
	if (!json_object_object_get_ex(reply, "last", &member))
		return 0;
	return json_object_get_int64(member);
}

static int say(struct checked *checked)
{
	size_t n = json_object_array_length(checked->bad), i;
	struct json_object *object;

	if (!json) {
		printf("%lld checked, %zu damaged\n", (long long)checked->number,
		       n);
		for (i = 0; i < n; i++)
			printf("%s\n", json_object_get_string(
				json_object_array_get_idx(checked->bad, i)));
		return say_done();
	}
	object = json_object_new_object();
	json_object_object_add(object, "checked",
			       json_object_new_int64(checked->number));
	json_object_object_add(object, "bad", json_object_get(checked->bad));
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

	while ((c = next_option(argc, argv, options)) != -1) {
		if (c == OPT_ALL)
			all = true;
		else
			ask_socket = optarg;
	}
	want_words(argc, 0, 0);
	checked.bad = json_object_new_array();
	progress_begin("the helper reads what it keeps");
	ret = ask_each("check", all, take, &checked);
	progress_end();
	if (!ret)
		ret = say(&checked);
	if (!ret && json_object_array_length(checked.bad))
		ret = FAILED;
	json_object_put(checked.bad);
	return ret;
}
