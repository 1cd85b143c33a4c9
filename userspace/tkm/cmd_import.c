// SPDX-License-Identifier: GPL-2.0
/* tkm import: load a key from a file. */
#include <keyutils.h>
#include <linux/tkm.h>
#include <unistd.h>

#include "tkm.h"

/* PEM, with text around it, or hex: nothing that is meant is larger. */
#define FILE_MAX	65536

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
	return say_json(object);
}

static int import(const uint8_t *der, size_t len, const char *description,
		  libtkm_serial keyring)
{
	libtkm_serial auth, key;
	int ret;

	ret = auth_take(false, &auth);
	if (ret)
		return ret;
	progress_begin("the TPM loads a key");
	ret = libtkm_key_load(description, der, len, auth, keyring, &key);
	progress_end();
	auth_drop();
	return ret ? failed_with(ret, der, len) : say(key, description);
}

int cmd_import(int argc, char **argv)
{
	static const struct option options[] = {
		{ "keyring", required_argument, NULL, 'k' },
		AUTH_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	libtkm_serial keyring = KEY_SPEC_SESSION_KEYRING;
	const char *path, *description;
	struct libtkm_chain chain;
	uint8_t *data, *der;
	size_t len, der_len;
	int ret;

	while (next_option(argc, argv, options) == 'k')
		keyring = keyring_of(optarg);
	want_words(argc, 1, 2);
	path = argv[optind];
	description = argv[optind + 1];
	if (description)
		want_description(description);
	if (!strcmp(path, "-") && auth_takes_stdin())
		usage("standard input cannot be both the key and its authorisation value");
	ret = read_input(path, FILE_MAX, &data, &len);
	if (ret)
		return failed(ret, path);
	warn_if_open(path);
	ret = libtkm_chain_read(data, len, &der, &der_len);
	free(data);
	if (!ret)
		ret = libtkm_chain_look(der, der_len, &chain);
	if (ret)
		return failed(ret, path);
	if (!description && chain.flat)
		usage("a flat key has no name of its own: tkm import %s DESCRIPTION",
		      path);
	ret = import(der, der_len, description ? description : chain.description,
		     keyring);
	free(der);
	return ret;
}
