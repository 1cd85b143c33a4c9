// SPDX-License-Identifier: GPL-2.0
/* tkm sign, and what verifies it: a file, by an RSA or EC key. */
#include "sealed.h"

static const struct option options[] = {
	{ "hash", required_argument, NULL, OPT_HASH },
	{ "enc", required_argument, NULL, OPT_ENC },
	{ "digest", no_argument, NULL, OPT_DIGEST },
	OUT_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
};
/* No signature is longer: RSA of 3072 bits. */
#define SIGNATURE_MAX	1024

static int say(const uint8_t *signature, size_t len)
{
	struct json_object *object;
	char *hex;
	size_t i;

	if (!json || out_path) {
		int ret = output_all(signature, len, 0666);

		return ret || !json ? ret : say_json(json_object_new_object());
	}
	hex = malloc(2 * len + 1);
	if (!hex)
		return failed(-ENOMEM, NULL);
	for (i = 0; i < len; i++)
		sprintf(hex + 2 * i, "%02x", signature[i]);
	object = json_object_new_object();
	json_object_object_add(object, "signature",
			       json_object_new_string(hex));
	free(hex);
	return say_json(object);
}

int cmd_sign(int argc, char **argv)
{
	struct use use = { .enc = NULL };
	struct libtkm_key shown;
	uint8_t digest[64], *signature;
	libtkm_serial key;
	size_t len, signature_len;
	char info[128];
	int c, ret;

	while ((c = next_option(argc, argv, options)) != -1)
		use_option(&use, c, optarg);
	want_words(argc, 1, 2);
	ret = want_key(argv[optind], &key, &shown);
	if (ret)
		return ret;
	use_signing(&use, &shown, info, sizeof(info));
	if (!json)
		want_no_terminal();
	ret = use_digest(&use, argv[optind + 1], digest, &len);
	if (ret)
		return ret;
	progress_begin("the TPM signs");
	ret = libtkm_pkey_sign(key, info, digest, len, &signature,
			       &signature_len);
	progress_end();
	if (ret)
		return failed_with_key(ret, key);
	ret = say(signature, signature_len);
	free(signature);
	return ret;
}

static int valid(bool is)
{
	struct json_object *object;
	int ret;

	if (!json) {
		if (is)
			return DONE;
		failed(-EKEYREJECTED, NULL);
		return FAILED;
	}
	object = json_object_new_object();
	json_object_object_add(object, "valid", json_object_new_boolean(is));
	ret = say_json(object);
	return ret ? ret : is ? DONE : FAILED;
}

int verify_signature(const struct use *use, char **words)
{
	uint8_t digest[64], *signature;
	struct libtkm_key shown;
	libtkm_serial key;
	size_t len, signature_len;
	char info[128];
	int ret;

	ret = want_key(words[0], &key, &shown);
	if (ret)
		return ret;
	use_signing(use, &shown, info, sizeof(info));
	if (!strcmp(words[1], "-") && (!words[2] || !strcmp(words[2], "-")))
		usage("standard input cannot be both the signature and the file");
	ret = read_input(words[1], SIGNATURE_MAX, &signature, &signature_len);
	if (ret)
		return failed(ret, words[1]);
	ret = use_digest(use, words[2], digest, &len);
	if (!ret) {
		ret = libtkm_pkey_verify(key, info, digest, len, signature,
					 signature_len);
		/* Neither is a form of this key's. */
		if (!ret || ret == -EKEYREJECTED || ret == -EBADMSG)
			ret = valid(!ret);
		else
			ret = failed_with_key(ret, key);
	}
	free(signature);
	return ret;
}
