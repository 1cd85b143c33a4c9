// SPDX-License-Identifier: GPL-2.0
/*
 * tkm state: in which state a key is, or to set it to another; of a key that is
 * loaded, or of one that the helper keeps.
 */
#include <keyutils.h>

#include "ask.h"

static int say(const char *state)
{
	struct json_object *object;

	if (!json) {
		printf("%s\n", state);
		return say_done();
	}
	object = json_object_new_object();
	json_object_object_add(object, "state", json_object_new_string(state));
	return say_json(object);
}

static int set(libtkm_serial key, const char *name, const char *state)
{
	char *text = words_join("state", 1, (char **)&state);
	int ret = libtkm_key_update(key, text);

	free(text);
	if (ret == -EPERM)
		return failed_as(ret, "tkm state KEY says in which it is; States in tkm-keys(7), which may follow",
				 "%s does not follow its state, or the key is another's",
				 state);
	if (ret)
		return failed(ret, name);
	return json ? say(state) : DONE;
}

/* ---- what the helper keeps ------------------------------------------------------- */

/*
 * The module sets it, and asks the helper to keep that: so a state is one thing,
 * wherever the key is loaded. For that it is loaded, for as long as this runs.
 */
static int set_stored(const char *description, const char *now,
		      const char *state)
{
	libtkm_serial key;
	int ret;

	if (!strcmp(now, state))
		return json ? say(state) : DONE;
	if (!strcmp(now, "destroyed"))
		return failed_as(-EPERM, NULL, "%s is destroyed, and stays it",
				 description);
	ret = libtkm_key_request(description, KEY_SPEC_PROCESS_KEYRING, &key);
	return ret ? failed(ret, description) : set(key, description, state);
}

static int stored(const char *name, const char *state)
{
	struct json_object *reply;
	int ret;

	/* A wrong word is one before anybody is asked. */
	if (state)
		free(words_join("state", 1, (char **)&state));
	ret = ask(ask_about("show", name), &reply);
	if (ret)
		return ask_failed(ret, reply, name);
	if (!state)
		ret = say(ask_string(reply, "state"));
	else
		ret = set_stored(ask_string(reply, "key"),
				 ask_string(reply, "state"), state);
	json_object_put(reply);
	return ret;
}

int cmd_state(int argc, char **argv)
{
	static const struct option options[] = {
		{ "stored", no_argument, NULL, OPT_STORED },
		ASK_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	bool is_stored = false;
	struct libtkm_key shown;
	libtkm_serial key;
	int c, ret;

	while ((c = next_option(argc, argv, options)) != -1) {
		if (c == OPT_STORED)
			is_stored = true;
		else
			ask_socket = optarg;
	}
	want_words(argc, 1, 2);
	if (is_stored)
		return stored(argv[optind], argv[optind + 1]);
	if (!argv[optind + 1]) {
		ret = want_key(argv[optind], &key, &shown);
		return ret ? ret : say(shown.state);
	}
	/* Named, if it is none, before the key is. */
	free(words_join("state", 1, argv + optind + 1));
	ret = want_key(argv[optind], &key, NULL);
	return ret ? ret : set(key, argv[optind], argv[optind + 1]);
}
