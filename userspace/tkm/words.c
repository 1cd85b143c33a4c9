// SPDX-License-Identifier: GPL-2.0
/*
 * Words that are typed. They are checked with the module's own parser, so that a
 * wrong one is named before anything is done.
 */
#include <ctype.h>
#include <keyutils.h>
#include <pwd.h>
#include <unistd.h>

#include "core.h"
#include "tkm.h"

libtkm_serial keyring_of(const char *text)
{
	static const struct {
		const char *name;
		libtkm_serial serial;
	} special[] = {
		{ "@t", KEY_SPEC_THREAD_KEYRING },
		{ "@p", KEY_SPEC_PROCESS_KEYRING },
		{ "@s", KEY_SPEC_SESSION_KEYRING },
		{ "@u", KEY_SPEC_USER_KEYRING },
		{ "@us", KEY_SPEC_USER_SESSION_KEYRING },
	};
	char *end;
	size_t i;
	long v;

	if (!text)
		return KEY_SPEC_SESSION_KEYRING;
	for (i = 0; i < ARRAY_SIZE(special); i++)
		if (!strcmp(text, special[i].name))
			return special[i].serial;
	errno = 0;
	v = strtol(text, &end, 0);
	if (*end || end == text || errno || v <= 0 || v > INT32_MAX)
		usage("%s is no keyring: @s, @u, @us, @p or a serial number", text);
	return (libtkm_serial)v;
}

uid_t user_of(const char *text)
{
	const struct passwd *user = getpwnam(text);
	unsigned long uid;
	char *end;

	if (user)
		return user->pw_uid;
	uid = strtoul(text, &end, 10);
	if (*end || end == text || uid >= UINT32_MAX)
		usage("there is no user %s", text);
	return (uid_t)uid;
}

void want_description(const char *text)
{
	char app[TKM_APP_MAX + 1], label[TKM_LABEL_MAX + 1];

	if (tkm_description_parse(text, app, label))
		usage("'%s' is no description: application:label", text);
}

/* Nothing but digits: strtoll() also takes a sign, and spaces before it. */
int64_t want_number(const char *text, const char *what, int64_t least,
		    int64_t most)
{
	int64_t n = -1;
	char *end = NULL;

	errno = 0;
	if (isdigit((unsigned char)*text))
		n = strtoll(text, &end, 10);
	if (!end || *end || errno || n < least || n > most)
		usage("%s is no %s: %lld to %lld", text, what, (long long)least,
		      (long long)most);
	return n;
}

static bool one_word(const char *word)
{
	return *word && !strpbrk(word, " \t\n");
}

static char *join(const char *first, int n, char **words)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int i;

	if (!f)
		exit(failed(-ENOMEM, NULL));
	fputs(first, f);
	for (i = 0; i < n; i++)
		fprintf(f, " %s", words[i]);
	if (fclose(f))
		exit(failed(-ENOMEM, NULL));
	return text;
}

/* The parser says yes or no: the first word that makes it no is the one. */
static void name_wrong_word(const char *first, int n, char **words)
{
	struct tkm_request req;
	char *text;
	int i, ret;

	for (i = 1; i <= n; i++) {
		text = join(first, i, words);
		ret = tkm_optparse(text, strlen(text), &req);
		free(text);
		if (ret == -EINVAL)
			usage("'%s' is not understood here: see tkm-keys(7)",
			      words[i - 1]);
	}
	usage("this is not understood: see tkm-keys(7)");
}

char *words_join(const char *first, int n, char **words)
{
	struct tkm_request req;
	char *text;
	int i;

	for (i = 0; i < n; i++)
		if (!one_word(words[i]))
			usage("'%s' is more than a word, or less", words[i]);
	text = join(first, n, words);
	/* Other refusals than of the grammar are the kernel's to make. */
	if (tkm_optparse(text, strlen(text), &req) == -EINVAL)
		name_wrong_word(first, n, words);
	return text;
}

int want_key(const char *name, libtkm_serial *key, struct libtkm_key *show)
{
	int ret;

	ret = libtkm_key_find(name, key);
	if (ret == -ENOKEY && access("/sys/module/tkm", F_OK))
		ret = -ENODEV;
	if (ret)
		return failed(ret, name);
	if (!show)
		return DONE;
	ret = libtkm_key_show(*key, show);
	return ret ? failed(ret, name) : DONE;
}
