// SPDX-License-Identifier: GPL-2.0
/* tkm export: write a key's chain, or its public half. */
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "ask.h"

enum { OPT_FORM = OPT_ASK_OWN, OPT_PUBLIC };
enum form { PEM, DER, HEX };

static enum form form_of(const char *name)
{
	if (!strcmp(name, "pem"))
		return PEM;
	if (!strcmp(name, "der"))
		return DER;
	if (!strcmp(name, "hex"))
		return HEX;
	usage("%s is no form: pem, der, hex", name);
}

static char *hex_of(const uint8_t *p, size_t len)
{
	char *hex = malloc(2 * len + 2);
	size_t i;

	for (i = 0; hex && i < len; i++)
		sprintf(hex + 2 * i, "%02x", p[i]);
	if (hex)
		strcpy(hex + 2 * len, "\n");
	return hex;
}

/* SubjectPublicKeyInfo in PEM, as other programs read it. */
static int public_pem(const uint8_t *der, size_t len, char **pem)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int ret = -ENOMEM;
	char *data;
	long n;

	*pem = NULL;
	if (bio && PEM_write_bio(bio, PEM_STRING_PUBLIC, "", der, (long)len) > 0) {
		n = BIO_get_mem_data(bio, &data);
		*pem = strndup(data, (size_t)n);
		ret = *pem ? 0 : -ENOMEM;
	}
	BIO_free(bio);
	return ret;
}

static int json_of(const char *name, const char *text)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, name, json_object_new_string(text));
	return say_json(object);
}

static int say(enum form form, bool public, const uint8_t *der, size_t len)
{
	unsigned int mode = public ? 0666 : 0600;
	char *text = NULL;
	int ret = 0;

	if (form == DER && !json) {
		want_no_terminal();
		return output_all(der, len, mode);
	}
	if (form == PEM)
		ret = public ? public_pem(der, len, &text) :
			       libtkm_pem_write(der, len, &text);
	else
		text = hex_of(der, len);
	if (ret || !text)
		return failed(ret ? ret : -ENOMEM, NULL);
	if (json && !out_path)
		ret = json_of(form == PEM ? "pem" : "hex", text);
	else
		ret = output_all(text, strlen(text), mode);
	if (!ret && json && out_path)
		ret = json_of("file", out_path);
	free(text);
	return ret;
}

/* The chain that the helper keeps. */
static int export_stored(enum form form, const char *name)
{
	struct json_object *question = ask_about("show", name), *reply;
	const char *hex;
	uint8_t *der;
	size_t len;
	int ret;

	json_object_object_add(question, "chain", json_object_new_boolean(true));
	ret = ask(question, &reply);
	if (ret)
		return ask_failed(ret, reply, name);
	hex = ask_string(reply, "chain");
	ret = libtkm_chain_read(hex, strlen(hex), &der, &len);
	json_object_put(reply);
	if (ret)
		return failed(ret, name);
	ret = say(form, false, der, len);
	free(der);
	return ret;
}

int cmd_export(int argc, char **argv)
{
	static const struct option options[] = {
		{ "form", required_argument, NULL, OPT_FORM },
		{ "public", no_argument, NULL, OPT_PUBLIC },
		{ "stored", no_argument, NULL, OPT_STORED },
		ASK_OPTIONS, OUT_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	enum form form = PEM;
	bool public = false, stored = false;
	libtkm_serial key;
	uint8_t *der;
	size_t len;
	int c, ret;

	while ((c = next_option(argc, argv, options)) != -1) {
		if (c == OPT_FORM)
			form = form_of(optarg);
		else if (c == OPT_PUBLIC)
			public = true;
		else if (c == OPT_STORED)
			stored = true;
		else
			ask_socket = optarg;
	}
	want_words(argc, 1, 2);
	if (argv[optind + 1] && strcmp(argv[optind + 1], "-"))
		out_path = argv[optind + 1];
	if (stored && public)
		usage("the public half is a loaded key's: --public without --stored");
	if (stored)
		return export_stored(form, argv[optind]);
	ret = want_key(argv[optind], &key, NULL);
	if (ret)
		return ret;
	if (public)
		ret = libtkm_pkey_encrypt(key, "enc=spki", "", 0, &der, &len);
	else
		ret = libtkm_key_chain(key, &der, &len);
	if (ret == -EINVAL && public)
		return failed_as(ret, NULL, "a data key has no public half");
	if (ret)
		return failed(ret, argv[optind]);
	ret = say(form, public, der, len);
	free(der);
	return ret;
}
