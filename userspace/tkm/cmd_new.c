// SPDX-License-Identifier: GPL-2.0
/* tkm new: make a key. */
#include <keyutils.h>
#include <unistd.h>

#include "approver.h"

enum { OPT_APPROVER = OPT_ASK_OWN };

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

/* As the module wants it: a key whose payload is TPM2B_PUBLIC. 0 without an approver. */
static int approver_take(const char *from, libtkm_serial *key)
{
	u8 area[2 + PUBLIC_MAX];
	size_t len;
	int ret;

	*key = 0;
	if (!from)
		return DONE;
	ret = approver_public(from, area + 2, &len);
	if (ret)
		return ret;
	put_unaligned_be16((u16)len, area);
	*key = add_key("user", "tkm:approver", area, 2 + len,
		       KEY_SPEC_PROCESS_KEYRING);
	return *key < 0 ? failed(-errno, from) : DONE;
}

/* Both are numbers of keys, or 0. */
static char *options_of(const char *words, libtkm_serial approver,
			libtkm_serial auth)
{
	char by[32] = "", with[32] = "", *options;

	if (approver)
		snprintf(by, sizeof(by), " approver=%d", approver);
	if (auth)
		snprintf(with, sizeof(with), " auth=%d", auth);
	return asprintf(&options, "%s%s%s", words, by, with) < 0 ? NULL :
								   options;
}

static int make(const char *description, const char *words,
		const char *by, libtkm_serial keyring, struct output *out)
{
	libtkm_serial approver, auth, key;
	char *options;
	int ret;

	ret = approver_take(by, &approver);
	ret = ret ? ret : auth_take(true, &auth);
	if (ret)
		return ret;
	options = options_of(words, approver, auth);
	if (!options)
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
		{ "approver", required_argument, NULL, OPT_APPROVER },
		ASK_OPTIONS, OUT_OPTIONS, AUTH_OPTIONS, COMMON_OPTIONS,
		END_OPTIONS,
	};
	libtkm_serial keyring = KEY_SPEC_SESSION_KEYRING;
	struct output out = { .temporary = NULL };
	const char *approver = NULL;
	char *words;
	int c, ret;

	while ((c = next_option(argc, argv, options)) != -1) {
		if (c == 'k')
			keyring = keyring_of(optarg);
		else if (c == OPT_APPROVER)
			approver = optarg;
		else
			ask_socket = optarg;
	}
	want_words(argc, 1, 64);
	want_description(argv[optind]);
	words = words_join("new", argc - optind - 1, argv + optind + 1);
	ret = out_path ? output_open(&out, 0600) : 0;
	if (ret)
		ret = failed(ret, out_path);
	else
		ret = make(argv[optind], words, approver, keyring, &out);
	output_drop(&out);
	free(words);
	return ret;
}
