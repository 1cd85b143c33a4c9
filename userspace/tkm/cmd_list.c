// SPDX-License-Identifier: GPL-2.0
/* tkm list: the keys that can be seen, or those that the helper keeps. */
#include <unistd.h>

#include "ask.h"

struct table {
	struct libtkm_key *keys;
	size_t n;
	int width[3];		/* state, kind, policy */
};

static void widen(int *width, const char *text)
{
	if ((int)strlen(text) > *width)
		*width = (int)strlen(text);
}

static int take(const struct libtkm_key *key, void *data)
{
	struct table *table = data;
	struct libtkm_key *more;

	if (table->n % 64 == 0) {
		more = realloc(table->keys, (table->n + 64) * sizeof(*more));
		if (!more)
			return -ENOMEM;
		table->keys = more;
	}
	table->keys[table->n++] = *key;
	widen(&table->width[0], key->state);
	widen(&table->width[1], key->kind);
	widen(&table->width[2], key->policy);
	return 0;
}

static int say_table(const struct table *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		printf("%10d  %-*s  %-*s  %-*s  %s\n", t->keys[i].serial,
		       t->width[0], t->keys[i].state, t->width[1],
		       t->keys[i].kind, t->width[2], t->keys[i].policy,
		       t->keys[i].description);
	return say_done();
}

static void put(struct json_object *object, const char *name, const char *text)
{
	if (*text)
		json_object_object_add(object, name,
				       json_object_new_string(text));
}

static int say_list(const struct table *t)
{
	struct json_object *list = json_object_new_array(), *object;
	size_t i;

	for (i = 0; i < t->n; i++) {
		object = json_object_new_object();
		json_object_object_add(object, "serial",
				       json_object_new_int(t->keys[i].serial));
		put(object, "description", t->keys[i].description);
		json_object_object_add(object, "uid",
				       json_object_new_int64(t->keys[i].uid));
		put(object, "kind", t->keys[i].kind);
		put(object, "class", t->keys[i].key_class);
		put(object, "state", t->keys[i].state);
		put(object, "policy", t->keys[i].policy);
		json_object_object_add(object, "flat",
				       json_object_new_boolean(t->keys[i].flat));
		json_object_array_add(list, object);
	}
	return say_json(list);
}

/* ---- what the helper keeps ------------------------------------------------------- */

struct stored {
	struct json_object *list;
	bool all;
};

static void say_stored(struct json_object *key, bool all)
{
	printf("%8s  %-11s %-4s  ", ask_string(key, "id"),
	       ask_string(key, "state"), ask_string(key, "kind"));
	if (all)
		printf("%8s/%-5s  ", ask_string(key, "owner"),
		       ask_string(key, "side"));
	printf("%s\n", ask_string(key, "key"));
}

static int64_t take_stored(struct json_object *reply, void *data)
{
	struct json_object *keys, *key, *id;
	struct stored *stored = data;
	int64_t last = 0;
	size_t i;

	if (!json_object_object_get_ex(reply, "keys", &keys))
		return 0;
	for (i = 0; i < json_object_array_length(keys); i++) {
		key = json_object_array_get_idx(keys, i);
		if (json)
			json_object_array_add(stored->list,
					      json_object_get(key));
		else
			say_stored(key, stored->all);
		if (json_object_object_get_ex(key, "id", &id))
			last = json_object_get_int64(id);
	}
	return last;
}

static int list_stored(bool all)
{
	struct stored stored = { json_object_new_array(), all };
	int ret;

	ret = ask_each("list", all, take_stored, &stored);
	if (ret) {
		json_object_put(stored.list);
		return ret;
	}
	if (json)
		return say_json(stored.list);
	json_object_put(stored.list);
	return say_done();
}

int cmd_list(int argc, char **argv)
{
	static const struct option options[] = {
		{ "stored", no_argument, NULL, OPT_STORED },
		{ "all", no_argument, NULL, OPT_ALL },
		ASK_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	struct table table = { .n = 0 };
	bool stored = false, all = false;
	int c, ret;

	while ((c = next_option(argc, argv, options)) != -1) {
		if (c == OPT_STORED)
			stored = true;
		else if (c == OPT_ALL)
			all = true;
		else
			ask_socket = optarg;
	}
	want_words(argc, 0, 0);
	if (all && !stored)
		usage("--all is for --stored");
	if (stored)
		return list_stored(all);
	ret = libtkm_key_list(take, &table);
	if (!ret && !table.n && access("/sys/module/tkm", F_OK))
		ret = -ENODEV;
	if (ret)
		ret = failed(ret, NULL);
	else
		ret = json ? say_list(&table) : say_table(&table);
	free(table.keys);
	return ret;
}
