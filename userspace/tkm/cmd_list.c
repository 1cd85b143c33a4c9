// SPDX-License-Identifier: GPL-2.0
/* tkm list: the keys that can be seen. */
#include <unistd.h>

#include "tkm.h"

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

int cmd_list(int argc, char **argv)
{
	static const struct option options[] = { COMMON_OPTIONS, END_OPTIONS };
	struct table table = { .n = 0 };
	int ret;

	next_option(argc, argv, options);
	want_words(argc, 0, 0);
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
