// SPDX-License-Identifier: GPL-2.0
/* tkm publish and unpublish: a data key's bytes for a consumer in the kernel. */
#include "tkm.h"

static int update(const char *first, int argc, char **argv)
{
	libtkm_serial key;
	char *text;
	int ret;

	text = words_join(first, argc - 1, argv + 1);
	ret = want_key(argv[0], &key, NULL);
	if (!ret) {
		ret = libtkm_key_update(key, text);
		if (ret)
			ret = failed_with_key(ret, key);
		else if (json)
			ret = say_json(json_object_new_object());
	}
	free(text);
	return ret;
}

int cmd_publish(int argc, char **argv)
{
	static const struct option options[] = { COMMON_OPTIONS, END_OPTIONS };

	next_option(argc, argv, options);
	want_words(argc, 2, 64);
	return update("publish", argc - optind, argv + optind);
}

int cmd_unpublish(int argc, char **argv)
{
	static const struct option options[] = { COMMON_OPTIONS, END_OPTIONS };

	next_option(argc, argv, options);
	want_words(argc, 1, 2);
	return update("unpublish", argc - optind, argv + optind);
}
