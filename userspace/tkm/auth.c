// SPDX-License-Identifier: GPL-2.0
/*
 * Authorisation values: from a terminal, a file or a descriptor, never from an
 * argument, into a key of this process's own, whose number is all that the
 * module is told. It ends with the process, if not before.
 */
#include <keyutils.h>
#include <linux/tkm.h>

#include "tkm.h"

static struct {
	int option;		/* 0: no value is given */
	const char *argument;
	libtkm_serial key;
} auth;

bool auth_option(int c, const char *value)
{
	if (c < OPT_AUTH_FILE || c > OPT_ASK_AUTH)
		return false;
	if (auth.option)
		usage("one way to give the authorisation value is enough");
	auth.option = c;
	auth.argument = value;
	return true;
}

bool auth_takes_stdin(void)
{
	return auth.option == OPT_AUTH_STDIN ||
	       (auth.option == OPT_AUTH_FILE && !strcmp(auth.argument, "-")) ||
	       (auth.option == OPT_AUTH_FD && !strcmp(auth.argument, "0"));
}

static int descriptor(const char *text)
{
	char *end;
	long fd = strtol(text, &end, 10);

	if (*end || end == text || fd < 0 || fd > INT32_MAX)
		usage("%s is no file descriptor", text);
	return (int)fd;
}

static bool equal(const void *a, ssize_t a_len, const void *b, ssize_t b_len)
{
	return a_len == b_len && !memcmp(a, b, (size_t)a_len);
}

static ssize_t ask(const char *prompt, bool twice, size_t max, void **value)
{
	ssize_t len, again_len;
	void *again;
	bool same;

	len = libtkm_secret_ask(prompt, max, value);
	if (len < 0 || !twice)
		return len;
	again_len = libtkm_secret_ask("Again: ", max, &again);
	same = equal(*value, len, again, again_len);
	libtkm_secret_free(again);
	if (again_len >= 0 && same)
		return len;
	libtkm_secret_free(*value);
	*value = NULL;
	return again_len < 0 ? again_len : -EKEYREJECTED;
}

static ssize_t get(const char *prompt, bool twice, size_t max, void **value)
{
	switch (auth.option) {
	case OPT_AUTH_FILE:
		if (strcmp(auth.argument, "-")) {
			warn_if_open(auth.argument);
			return libtkm_secret_read_file(auth.argument, max,
						       value);
		}
		return libtkm_secret_read_fd(0, max, value);
	case OPT_AUTH_FD:
		return libtkm_secret_read_fd(descriptor(auth.argument), max,
					     value);
	case OPT_AUTH_STDIN:
		return libtkm_secret_read_fd(0, max, value);
	default:
		return ask(prompt, twice, max, value);
	}
}

static int refused(ssize_t err)
{
	switch (err) {
	case -E2BIG:
		return failed_as(-E2BIG, NULL,
				 "the authorisation value has more than %d bytes",
				 TKM_AUTH_MAX);
	case -EKEYREJECTED:
		return failed_as(-EKEYREJECTED, NULL,
				 "the two values are not the same");
	default:
		return failed((int)err, auth.option == OPT_AUTH_FILE ?
						auth.argument :
						"the authorisation value");
	}
}

int auth_take(bool twice, libtkm_serial *key)
{
	void *value;
	ssize_t len;
	int ret;

	*key = 0;
	if (!auth.option)
		return DONE;
	/* From here on no other process of the user's looks into this one. */
	libtkm_secret_no_dumps();
	len = get("Authorisation value: ", twice, TKM_AUTH_MAX, &value);
	if (len < 0)
		return refused(len);
	if (!len)
		ret = -EINVAL;
	else
		ret = libtkm_key_auth(value, (size_t)len,
				      KEY_SPEC_PROCESS_KEYRING, key);
	libtkm_secret_free(value);
	if (!len)
		return failed_as(-EINVAL, NULL,
				 "the authorisation value is empty");
	if (ret)
		return failed(ret, NULL);
	auth.key = *key;
	return DONE;
}

int auth_value(bool needed, void **value, ssize_t *len)
{
	*value = NULL;
	*len = 0;
	if (!auth.option && !needed)
		return DONE;
	libtkm_secret_no_dumps();
	*len = get("Authorisation value: ", false, TKM_AUTH_MAX, value);
	return *len < 0 ? refused(*len) : DONE;
}

/* ---- passwords ---- */

static int password_refused(ssize_t err)
{
	switch (err) {
	case 0:
		return failed_as(-EINVAL, NULL, "the password is empty");
	case -E2BIG:
		return failed_as(-E2BIG, NULL, "the password has more than %d bytes",
				 PASSWORD_MAX);
	case -EKEYREJECTED:
		return failed_as(-EKEYREJECTED, NULL,
				 "the two passwords are not the same");
	default:
		return failed((int)err, auth.option == OPT_AUTH_FILE ?
						auth.argument : "the password");
	}
}

int auth_password(const char *prompt, bool twice, struct secret *password)
{
	ssize_t len;

	libtkm_secret_no_dumps();
	len = get(prompt, twice, PASSWORD_MAX, &password->value);
	if (len <= 0) {
		libtkm_secret_free(len ? NULL : password->value);
		return password_refused(len);
	}
	password->len = (size_t)len;
	return DONE;
}

/* The first line, and the rest. */
static int split(void *both, size_t len, struct secret *old,
		 struct secret *fresh)
{
	const char *newline = memchr(both, '\n', len);
	const size_t first = newline ? (size_t)(newline - (char *)both) : 0;

	if (!newline)
		usage("the old password goes on the first line, the new one on the second");
	if (!first || first + 1 == len)
		return password_refused(0);
	if (first > PASSWORD_MAX || len - first - 1 > PASSWORD_MAX)
		return password_refused(-E2BIG);
	old->value = libtkm_secret_alloc(first);
	fresh->value = libtkm_secret_alloc(len - first - 1);
	if (!old->value || !fresh->value)
		return password_refused(-ENOMEM);
	old->len = first;
	fresh->len = len - first - 1;
	memcpy(old->value, both, old->len);
	memcpy(fresh->value, newline + 1, fresh->len);
	return DONE;
}

int auth_two_passwords(struct secret *old, struct secret *fresh)
{
	void *both;
	ssize_t len;
	int ret;

	if (!auth.option || auth.option == OPT_ASK_AUTH) {
		ret = auth_password("Old password: ", false, old);
		return ret ? ret : auth_password("New password: ", true, fresh);
	}
	libtkm_secret_no_dumps();
	len = get(NULL, false, 2 * PASSWORD_MAX + 1, &both);
	if (len <= 0) {
		libtkm_secret_free(len ? NULL : both);
		return password_refused(len);
	}
	ret = split(both, (size_t)len, old, fresh);
	libtkm_secret_free(both);
	return ret;
}

bool auth_is_given(void)
{
	return auth.option;
}

void auth_drop(void)
{
	if (auth.key)
		libtkm_key_revoke(auth.key);
	auth.key = 0;
}
