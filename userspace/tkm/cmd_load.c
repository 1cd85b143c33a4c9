// SPDX-License-Identifier: GPL-2.0
/* tkm load: load keys that the helper keeps. */
#include <keyutils.h>

#include "ask.h"

static int load_failed(int err, const char *description)
{
	switch (err) {
	case -ENOKEY:
		return failed_as(err, "tkm doctor tells if the helper runs; tkm import FILE loads a chain",
				 "%s: nobody keeps such a key of yours, or it is another TPM's",
				 description);
	case -EKEYREJECTED:
		return failed_as(err, "load it from a file: tkm export, tkm import --ask-auth",
				 "%s: the key has an authorisation value",
				 description);
	case -EPERM:
		return failed_with_kept(err, description);
	default:
		return failed(err, description);
	}
}

static int load(const char *description, libtkm_serial keyring,
		struct json_object *list)
{
	struct json_object *object;
	libtkm_serial key;
	int ret;

	progress_begin("the TPM loads a key");
	ret = libtkm_key_request(description, keyring, &key);
	progress_end();
	if (ret)
		return load_failed(ret, description);
	if (!json) {
		printf("%d\n", key);
		return DONE;
	}
	object = json_object_new_object();
	json_object_object_add(object, "serial", json_object_new_int(key));
	json_object_object_add(object, "description",
			       json_object_new_string(description));
	json_object_array_add(list, object);
	return DONE;
}

int cmd_load(int argc, char **argv)
{
	static const struct option options[] = {
		{ "keyring", required_argument, NULL, 'k' },
		ASK_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	libtkm_serial keyring = KEY_SPEC_SESSION_KEYRING;
	struct json_object *list;
	int c, i, ret, status = DONE;

	while ((c = next_option(argc, argv, options)) != -1) {
		if (c == 'k')
			keyring = keyring_of(optarg);
		else
			ask_socket = optarg;
	}
	want_words(argc, 1, 1000);
	for (i = optind; i < argc; i++)
		want_description(argv[i]);
	list = json_object_new_array();
	/* One that fails keeps none of the others from being tried. */
	for (i = optind; i < argc; i++) {
		ret = load(argv[i], keyring, list);
		status = status ? status : ret;
	}
	if (json)
		ret = say_json(list);
	else
		ret = say_done();
	return status ? status : ret;
}
