// SPDX-License-Identifier: GPL-2.0
/* tkm new: make a key. */
#include <keyutils.h>
#include <unistd.h>

#include "tkm.h"

/* Who keeps the chain, if it is not written: the helper, or nobody. */
static bool is_kept(void)
{
	struct libtkm_status status = { .helper = false };
	struct libtkm_nl *nl;

	if (libtkm_nl_open(&nl))
		return false;
	(void)libtkm_nl_status(nl, &status);
	libtkm_nl_close(nl);
	return status.helper;
}

/* The chain goes into the file, or the key goes. */
static int keep(struct output *out, libtkm_serial key, libtkm_serial keyring)
{
	int ret = output_chain(out, key);

	if (ret)
		libtkm_key_unlink(key, keyring);
	return ret;
}

static int say(libtkm_serial key, const char *description)
{
	struct json_object *object;

	if (!json) {
		printf("%d\n", key);
		return say_done();
	}
	object = json_object_new_object();
	json_object_object_add(object, "serial", json_object_new_int(key));
	json_object_object_add(object, "description",
			       json_object_new_string(description));
	if (out_path)
		json_object_object_add(object, "file",
				       json_object_new_string(out_path));
	return say_json(object);
}

static int make(const char *description, const char *words,
		libtkm_serial keyring, struct output *out)
{
	libtkm_serial auth, key;
	char *options;
	int ret;

	ret = auth_take(true, &auth);
	if (ret)
		return ret;
	if (asprintf(&options, auth ? "%s auth=%d" : "%s", words, auth) < 0)
		return failed(-ENOMEM, NULL);
	progress_begin("the TPM makes a key");
	ret = libtkm_key_add(description, options, strlen(options), keyring,
			     &key);
	progress_end();
	auth_drop();
	free(options);
	if (ret)
		return failed_with_words(ret, words);
	if (out_path) {
		ret = keep(out, key, keyring);
		if (ret)
			return failed(ret, out_path);
	} else if (!is_kept()) {
		note("nobody keeps this key: tkm export %d FILE, or it is gone with its keyring",
		     key);
	}
	return say(key, description);
}

int cmd_new(int argc, char **argv)
{
	static const struct option options[] = {
		{ "keyring", required_argument, NULL, 'k' },
		OUT_OPTIONS, AUTH_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	libtkm_serial keyring = KEY_SPEC_SESSION_KEYRING;
	struct output out = { .temporary = NULL };
	char *words;
	int ret;

	while (next_option(argc, argv, options) == 'k')
		keyring = keyring_of(optarg);
	want_words(argc, 1, 64);
	want_description(argv[optind]);
	words = words_join("new", argc - optind - 1, argv + optind + 1);
	ret = out_path ? output_open(&out, 0600) : 0;
	if (ret)
		ret = failed(ret, out_path);
	else
		ret = make(argv[optind], words, keyring, &out);
	output_drop(&out);
	free(words);
	return ret;
}
