// SPDX-License-Identifier: GPL-2.0
/* tkm reseal: give a data key another policy. */
#include "tkm.h"

static int reseal(libtkm_serial key, const char *words, struct output *out)
{
	libtkm_serial auth;
	char *text;
	int ret;

	ret = auth_take(true, &auth);
	if (ret)
		return ret;
	if (asprintf(&text, auth ? "%s auth=%d" : "%s", words, auth) < 0)
		return failed(-ENOMEM, NULL);
	progress_begin("the TPM seals the data anew");
	ret = libtkm_key_update(key, text);
	progress_end();
	auth_drop();
	free(text);
	if (ret == -ENOKEY)
		return failed_with_words(ret, words);
	if (ret)
		return failed_with_key(ret, key);
	if (out_path) {
		ret = output_chain(out, key);
		if (ret)
			return failed_as(ret, "it is resealed all the same: tkm export writes the new chain",
					 "%s: %s", out_path,
					 libtkm_error_text(ret, "export"));
	}
	if (json)
		return say_json(json_object_new_object());
	return DONE;
}

int cmd_reseal(int argc, char **argv)
{
	static const struct option options[] = {
		OUT_OPTIONS, AUTH_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	struct output out = { .temporary = NULL };
	libtkm_serial key;
	char *words;
	int ret;

	next_option(argc, argv, options);
	want_words(argc, 1, 64);
	words = words_join("reseal", argc - optind - 1, argv + optind + 1);
	ret = want_key(argv[optind], &key, NULL);
	if (!ret && out_path) {
		ret = output_open(&out, 0600);
		if (ret)
			ret = failed(ret, out_path);
	}
	if (!ret)
		ret = reseal(key, words, &out);
	output_drop(&out);
	free(words);
	return ret;
}
