// SPDX-License-Identifier: GPL-2.0
/* tkm state: in which state a key is, or to set it to another. */
#include "tkm.h"

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

int cmd_state(int argc, char **argv)
{
	static const struct option options[] = { COMMON_OPTIONS, END_OPTIONS };
	struct libtkm_key shown;
	libtkm_serial key;
	char *text;
	int ret;

	next_option(argc, argv, options);
	want_words(argc, 1, 2);
	if (!argv[optind + 1]) {
		ret = want_key(argv[optind], &key, &shown);
		return ret ? ret : say(shown.state);
	}
	text = words_join("state", 1, argv + optind + 1);
	ret = want_key(argv[optind], &key, NULL);
	if (!ret) {
		ret = libtkm_key_update(key, text);
		if (ret == -EPERM)
			ret = failed_as(ret, "tkm state KEY says in which it is; States in tkm-keys(7), which may follow",
					"%s does not follow its state, or the key is another's",
					argv[optind + 1]);
		else if (ret)
			ret = failed(ret, argv[optind]);
		else if (json)
			ret = say(argv[optind + 1]);
	}
	free(text);
	return ret;
}
