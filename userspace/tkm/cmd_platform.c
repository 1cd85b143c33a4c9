// SPDX-License-Identifier: GPL-2.0
/*
 * tkm platform: who this machine is, and which others are known. An action is a row
 * of the table, as a verb is.
 */
#include <unistd.h>

#include "platform.h"
#include "policy.h"

enum {
	OPT_ROOT_KEY = OPT_ASK_OWN,
};

/* ---- show ------------------------------------------------------------------------ */

static void put_area(struct json_object *object, const char *name,
		     const struct area *area)
{
	char hex[2 * AREA_NAME_MAX + 1];

	hex_of(area->name, area->name_len, hex);
	put_text(object, name, hex);
}

/* What a credential says, unchecked. */
static struct json_object *describe(const struct credential *credential)
{
	struct json_object *object = json_object_new_object();
	struct json_object *list = json_object_new_array();
	struct json_object *facts = json_object_new_object();
	struct json_object *one;
	unsigned int i;

	for (i = 0; i < credential->n_ek; i++) {
		one = json_object_new_object();
		put_area(one, "name", &credential->ek[i].area);
		json_object_object_add(one, "index", json_object_new_int64(
					       credential->ek[i].index));
		json_object_array_add(list, one);
	}
	json_object_object_add(object, "ek", list);
	put_area(object, "ak", &credential->ak);
	put_area(object, "tkmrk", &credential->tkmrk);
	put_area(object, "srk", &credential->srk);
	for (i = 0; i < credential->n_facts; i++)
		put_text(facts, credential->fact[i].name,
			 credential->fact[i].value);
	json_object_object_add(object, "facts", facts);
	return object;
}

static int show_own(const char *key)
{
	static struct credential credential;
	static struct root_key root;
	struct json_object *object;
	char *pem;
	int ret;

	ret = platform_root(key, &root);
	ret = ret ? ret : platform_collect(&root, &credential);
	if (ret)
		return ret;
	ret = credential_write(&credential, &pem);
	if (ret)
		return failed(ret, "the credential");
	if (json && !out_path) {
		object = describe(&credential);
		put_text(object, "credential", pem);
		ret = say_json(object);
	} else {
		ret = output_all(pem, strlen(pem), 0644);
	}
	free(pem);
	return ret;
}

static int cmd_show_platform(int argc, char **argv)
{
	static const struct option options[] = {
		{ "key", required_argument, NULL, OPT_ROOT_KEY },
		OUT_OPTIONS, ASK_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	const char *key = NULL;
	int c;

	while ((c = next_option(argc, argv, options)) != -1) {
		if (c == OPT_ROOT_KEY)
			key = optarg;
		else if (c == OPT_SOCKET)
			ask_socket = optarg;
	}
	want_words(argc, 0, 0);
	return show_own(key);
}

/* ---- the table --------------------------------------------------------------------- */

#define KEY_HELP							\
	"  --key KEY           the root key that KEY is under, not the one tkmd keeps\n"

static const struct verb actions[] = {
	{ "platform show", cmd_show_platform, "write this platform's credential",
	  "[OPTION...]",
	  "As root: with the certificates that the TPM's maker put into it, its keys, and\n"
	  "what it says of them. It is no secret.\n"
	  "\n" OUT_HELP KEY_HELP },
};

#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

int cmd_platform(int argc, char **argv)
{
	return run_action(actions, ACTIONS, argc, argv);
}
