// SPDX-License-Identifier: GPL-2.0
/* tkm show: all there is to know of a key, from its keyring and its chain. */
#include <time.h>

#include "ask.h"

struct shown {
	struct json_object *object;	/* or lines */
};

static void put(struct shown *shown, const char *name, const char *text)
{
	if (!*text)
		return;
	if (shown->object)
		json_object_object_add(shown->object, name,
				       json_object_new_string(text));
	else
		printf("%-12s %s\n", name, text);
}

static void put_number(struct shown *shown, const char *name, int64_t number)
{
	if (shown->object)
		json_object_object_add(shown->object, name,
				       json_object_new_int64(number));
	else
		printf("%-12s %lld\n", name, (long long)number);
}

static void put_time(struct shown *shown, const char *name, int64_t seconds)
{
	time_t when = seconds;
	char text[32];
	struct tm tm;

	if (seconds && gmtime_r(&when, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		put(shown, name, text);
}

static void put_uses(struct shown *shown, unsigned int uses)
{
	static const char *const names[] = { "publish", "crypt", "sign",
					     "decrypt" };
	char text[64] = "";
	size_t i;

	for (i = 0; i < 4; i++)
		if (uses & 1U << i)
			snprintf(text + strlen(text),
				 sizeof(text) - strlen(text), "%s%s",
				 *text ? "," : "", names[i]);
	put(shown, "use", text);
}

static void put_chain(struct shown *shown, const struct libtkm_chain *chain,
		      size_t len)
{
	if (!chain->flat) {
		put_uses(shown, chain->uses);
		put_number(shown, "owner", chain->owner);
		put_time(shown, "created", chain->created);
		put_time(shown, "not-before", chain->not_before);
		put_time(shown, "not-after", chain->not_after);
	}
	put_number(shown, "chain-bytes", (int64_t)len);
}

static void put_key(struct shown *shown, const struct libtkm_key *key)
{
	put_number(shown, "serial", key->serial);
	put(shown, "description", key->description);
	put(shown, "application", key->app);
	put(shown, "label", key->label);
	put(shown, "kind", key->kind);
	put(shown, "class", key->key_class);
	put(shown, "state", key->state);
	put(shown, "policy", key->policy);
	if (*key->kind)
		put(shown, "parent", key->flat ? "srk" : "hierarchy");
	put_number(shown, "uid", key->uid);
}

/* ---- what the helper keeps ------------------------------------------------------- */

static int show_stored(const char *name)
{
	struct json_object *reply;
	int ret;

	ret = ask(ask_about("show", name), &reply);
	if (ret)
		return ask_failed(ret, reply, name);
	json_object_object_del(reply, "ok");
	if (json)
		return say_json(reply);
	json_object_object_foreach(reply, member, value)
		printf("%-12s %s\n", member, json_object_get_string(value));
	json_object_put(reply);
	return say_done();
}

int cmd_show(int argc, char **argv)
{
	static const struct option options[] = {
		{ "stored", no_argument, NULL, OPT_STORED },
		ASK_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	struct shown shown = { .object = NULL };
	struct libtkm_chain chain;
	struct libtkm_pkey pkey;
	struct libtkm_key key;
	libtkm_serial serial;
	uint8_t *der;
	bool stored = false;
	size_t len;
	int c, ret;

	while ((c = next_option(argc, argv, options)) != -1) {
		if (c == OPT_STORED)
			stored = true;
		else
			ask_socket = optarg;
	}
	want_words(argc, 1, 1);
	if (stored)
		return show_stored(argv[optind]);
	ret = want_key(argv[optind], &serial, &key);
	if (ret)
		return ret;
	if (json)
		shown.object = json_object_new_object();
	put_key(&shown, &key);
	/* What the keyring's permissions let be seen of the rest. */
	if ((!strcmp(key.kind, "rsa") || !strcmp(key.kind, "ec")) &&
	    !libtkm_pkey_query(serial, "enc=spki", &pkey))
		put_number(&shown, "bits", pkey.bits);
	if (!libtkm_key_chain(serial, &der, &len)) {
		if (!libtkm_chain_look(der, len, &chain))
			put_chain(&shown, &chain, len);
		free(der);
	}
	return json ? say_json(shown.object) : say_done();
}
