// SPDX-License-Identifier: GPL-2.0
/*
 * tkm platform: who this machine is, and which others are known. An action is a row
 * of the table, as a verb is.
 */
#include <openssl/evp.h>
#include <unistd.h>

#include "platform.h"
#include "policy.h"

void want_platform(const char *name)
{
	if (!tkm_policy_name_ok(name, strlen(name)))
		usage("'%s' is no name: 1 to 32 of a-z, 0-9, '.', '_', '-'; and not none",
		      name);
}

/* ---- show ------------------------------------------------------------------------ */

static void put_area(struct json_object *object, const char *name,
		     const struct area *area)
{
	char hex[2 * AREA_NAME_MAX + 1];

	hex_of(area->name, area->name_len, hex);
	put_text(object, name, hex);
}

/* What a credential says, unchecked. */
static struct json_object *describe(const struct credential *credential)
{
	struct json_object *object = json_object_new_object();
	struct json_object *list = json_object_new_array();
	struct json_object *facts = json_object_new_object();
	struct json_object *one;
	unsigned int i;

	for (i = 0; i < credential->n_ek; i++) {
		one = json_object_new_object();
		put_area(one, "name", &credential->ek[i].area);
		json_object_object_add(one, "index", json_object_new_int64(
					       credential->ek[i].index));
		json_object_array_add(list, one);
	}
	json_object_object_add(object, "ek", list);
	put_area(object, "ak", &credential->ak);
	put_area(object, "tkmrk", &credential->tkmrk);
	put_area(object, "srk", &credential->srk);
	for (i = 0; i < credential->n_facts; i++)
		put_text(facts, credential->fact[i].name,
			 credential->fact[i].value);
	json_object_object_add(object, "facts", facts);
	return object;
}

static int show_own(const char *key)
{
	static struct credential credential;
	static struct root_key root;
	struct json_object *object;
	char *pem;
	int ret;

	ret = platform_root(key, &root);
	ret = ret ? ret : platform_collect(&root, &credential);
	if (ret)
		return ret;
	ret = credential_write(&credential, &pem);
	if (ret)
		return failed(ret, "the credential");
	if (json && !out_path) {
		object = describe(&credential);
		put_text(object, "credential", pem);
		ret = say_json(object);
	} else {
		ret = output_all(pem, strlen(pem), 0644);
	}
	free(pem);
	return ret;
}

/* Base64 without lines, as tkmd writes it. */
static int take_base64(const char *text, u8 *out, size_t max, size_t *len)
{
	size_t n = strlen(text);
	u8 *bytes;
	int got;

	if (!n || n % 4 || n / 4 * 3 > max + 2)
		return -EIO;
	bytes = malloc(n / 4 * 3);
	if (!bytes)
		return -ENOMEM;
	got = EVP_DecodeBlock(bytes, (const u8 *)text, (int)n);
	got -= (text[n - 1] == '=') + (text[n - 2] == '=');
	*len = got > 0 ? (size_t)got : 0;
	if (*len && *len <= max)
		memcpy(out, bytes, *len);
	free(bytes);
	return *len && *len <= max ? 0 : -EIO;
}

int platform_known(const char *name, struct credential *credential,
		   struct json_object **reply)
{
	struct json_object *question = ask_about("platform", NULL);
	u8 der[CREDENTIAL_MAX];
	size_t len;
	int ret;

	put_text(question, "name", name);
	ret = ask(question, reply);
	if (ret)
		return ask_failed(ret, *reply, name);
	ret = take_base64(ask_string(*reply, "credential"), der, sizeof(der),
			  &len) ?:
	      credential_decode(credential, der, len);
	if (ret)
		json_object_put(*reply);
	return ret ? failed(ret, name) : DONE;
}

static int show_known(const char *name)
{
	static const char *const members[] = { "name", "ek", "ak", "tkmrk",
					       "added", "checked" };
	static struct credential credential;
	struct json_object *reply, *object;
	char srk[2 * AREA_NAME_MAX + 1], *pem;
	unsigned int i;
	int ret;

	want_platform(name);
	ret = platform_known(name, &credential, &reply);
	if (ret)
		return ret;
	object = describe(&credential);
	for (i = 0; i < ARRAY_SIZE(members); i++) {
		json_object_object_del(object, members[i]);
		put_text(object, members[i], ask_string(reply, members[i]));
		if (!json)
			line(members[i], ask_string(reply, members[i]));
	}
	json_object_put(reply);
	if (json) {
		ret = credential_write(&credential, &pem);
		if (!ret)
			put_text(object, "credential", pem);
		free(pem);
		return say_json(object);
	}
	hex_of(credential.srk.name, credential.srk.name_len, srk);
	line("srk", srk);
	for (i = 0; i < credential.n_facts; i++)
		line(credential.fact[i].name, credential.fact[i].value);
	json_object_put(object);
	return say_done();
}

/* Of a list: printed, or into the array. */
static int64_t list_part(struct json_object *reply, void *all)
{
	struct json_object *list, *one, *last;
	size_t i;

	if (!json_object_object_get_ex(reply, "platforms", &list))
		return 0;
	for (i = 0; i < json_object_array_length(list); i++) {
		one = json_object_array_get_idx(list, i);
		if (json)
			json_object_array_add(all, json_object_get(one));
		else if (*ask_string(one, "errno"))
			printf("a row that is damaged\n");
		else
			printf("%-32s %.20s  %s\n", ask_string(one, "name"),
			       ask_string(one, "checked"),
			       ask_string(one, "ek"));
	}
	return json_object_object_get_ex(reply, "last", &last) ?
		       json_object_get_int64(last) : 0;
}

static int cmd_show_platform(int argc, char **argv)
{
	static const struct option options[] = {
		{ "key", required_argument, NULL, OPT_ROOT_KEY },
		OUT_OPTIONS, ASK_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	const char *key = NULL;
	int c;

	while ((c = next_option(argc, argv, options)) != -1) {
		if (c == OPT_ROOT_KEY)
			key = optarg;
		else if (c == OPT_SOCKET)
			ask_socket = optarg;
	}
	want_words(argc, 0, 1);
	if (!argv[optind])
		return show_own(key);
	if (key || out_path)
		usage("--key and --out are for this platform's own credential");
	return show_known(argv[optind]);
}

/* ---- answer, serve ------------------------------------------------------------------ */

static int read_challenge(const char *path, struct challenge *challenge)
{
	uint8_t *data;
	size_t len;
	int ret = read_input(path, CREDENTIAL_FILE_MAX, &data, &len);

	if (!ret)
		ret = challenge_read(challenge, data, len);
	free(data);
	if (ret == -EBADMSG)
		return failed_as(ret, "tkm platform challenge writes one",
				 "%s is no challenge, or damaged", path);
	return ret ? failed(ret, path) : DONE;
}

static int say_answer(const struct root_key *root,
		      const struct challenge *challenge)
{
	static struct answer answer;
	char *pem;
	int ret = platform_answer(root, challenge, &answer);

	if (ret)
		return ret;
	ret = answer_write(&answer, &pem);
	if (ret)
		return failed(ret, "the answer");
	ret = output_all(pem, strlen(pem), 0644);
	free(pem);
	return ret;
}

static int cmd_answer(int argc, char **argv)
{
	static const struct option options[] = {
		{ "key", required_argument, NULL, OPT_ROOT_KEY },
		OUT_OPTIONS, ASK_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	static struct root_key root;
	struct challenge challenge;
	const char *key = NULL;
	int c, ret;

	while ((c = next_option(argc, argv, options)) != -1) {
		if (c == OPT_ROOT_KEY)
			key = optarg;
		else if (c == OPT_SOCKET)
			ask_socket = optarg;
	}
	want_words(argc, 1, 1);
	ret = read_challenge(argv[optind], &challenge);
	ret = ret ? ret : platform_root(key, &root);
	return ret ? ret : say_answer(&root, &challenge);
}

/* Nobody waits for ever: who is asked nothing ends. */
#define SERVE_SECONDS	600

static int cmd_serve(int argc, char **argv)
{
	static const struct option options[] = {
		{ "key", required_argument, NULL, OPT_ROOT_KEY },
		ASK_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	static struct credential credential;
	static struct root_key root;
	struct challenge challenge;
	const char *key = NULL;
	char *pem;
	int c, ret;

	while ((c = next_option(argc, argv, options)) != -1) {
		if (c == OPT_ROOT_KEY)
			key = optarg;
		else
			ask_socket = optarg;
	}
	want_words(argc, 0, 0);
	ret = platform_root(key, &root);
	ret = ret ? ret : platform_collect(&root, &credential);
	if (ret)
		return ret;
	ret = credential_write(&credential, &pem);
	if (ret)
		return failed(ret, "the credential");
	ret = output_all(pem, strlen(pem), 0644);
	free(pem);
	if (ret)
		return ret;
	ret = pipe_receive(STDIN_FILENO, SERVE_SECONDS, &pem);
	if (!ret)
		ret = challenge_read(&challenge, pem, strlen(pem));
	free(pem);
	if (ret)
		return failed_as(ret, "tkm platform add --via asks",
				 "no challenge came");
	return say_answer(&root, &challenge);
}

/* ---- list, remove ---------------------------------------------------------------------- */

static int cmd_list_platforms(int argc, char **argv)
{
	static const struct option options[] = {
		ASK_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	struct json_object *all = json_object_new_array();
	int ret;

	while (next_option(argc, argv, options) != -1)
		ask_socket = optarg;
	want_words(argc, 0, 0);
	ret = ask_each("platforms", false, list_part, all);
	if (!ret && json)
		return say_json(all);
	json_object_put(all);
	return ret ? ret : say_done();
}

static int cmd_remove_platform(int argc, char **argv)
{
	static const struct option options[] = {
		{ "yes", no_argument, NULL, OPT_YES_REMOVE },
		ASK_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	struct json_object *question, *reply;
	bool yes = false;
	int c, ret;

	while ((c = next_option(argc, argv, options)) != -1) {
		if (c == OPT_YES_REMOVE)
			yes = true;
		else
			ask_socket = optarg;
	}
	want_words(argc, 1, 1);
	want_platform(argv[optind]);
	if (!yes)
		usage("it has to prove itself again to be known: --yes");
	question = ask_about("platform-remove", NULL);
	put_text(question, "name", argv[optind]);
	ret = ask(question, &reply);
	if (ret)
		return ask_failed(ret, reply, argv[optind]);
	json_object_put(reply);
	return json ? say_json(json_object_new_object()) : DONE;
}

/* ---- the table --------------------------------------------------------------------- */

#define KEY_HELP							\
	"  --key KEY           the root key that KEY is under, not the one tkmd keeps\n"

#define CA_HELP								\
	"  --ca FOLDER         certificates of the CAs that are trusted, a file each\n"
#define VIA_HELP							\
	"  --via COMMAND       what talks to it: 'ssh root@host tkm platform serve'\n"

static const struct verb actions[] = {
	{ "platform show", cmd_show_platform, "write this platform's credential, or show another",
	  "[OPTION...] [NAME]",
	  "This platform's: with the certificates that the TPM's maker put into it, its\n"
	  "keys, and what it says of them. It is no secret. Or what is known of NAME.\n"
	  "\n" OUT_HELP KEY_HELP },
	{ "platform challenge", platform_cmd_challenge, "check a credential, and ask its TPM",
	  "--ca FOLDER [OPTION...] FILE",
	  "Checks the credential in FILE, and writes what only the TPM that it is of can\n"
	  "answer, within a day.\n"
	  "\n" CA_HELP OUT_HELP },
	{ "platform answer", cmd_answer, "answer a challenge", "[OPTION...] FILE",
	  "On the platform that the challenge in FILE is for.\n"
	  "\n" OUT_HELP KEY_HELP },
	{ "platform add", platform_cmd_add, "believe another platform",
	  "--ca FOLDER [OPTION...] NAME FILE ANSWER|--via COMMAND",
	  "With its credential and its answer, or by talking to it.\n"
	  "\n" CA_HELP VIA_HELP
	  "  --replace           ... if it has other keys now, or is another one\n" },
	{ "platform serve", cmd_serve, "answer on standard input and output",
	  "[OPTION...]", "For --via, at the other end.\n\n" KEY_HELP },
	{ "platform list", cmd_list_platforms, "list those that are known",
	  "[OPTION...]", "Name, when it last answered, Name of its endorsement key.\n\n" },
	{ "platform check", platform_cmd_check, "check a known one again",
	  "--ca FOLDER [OPTION...] NAME",
	  "Whether its certificate still leads to a CA; and with --via whether it is still\n"
	  "the same.\n"
	  "\n" CA_HELP VIA_HELP },
	{ "platform remove", cmd_remove_platform, "forget one",
	  "[OPTION...] NAME", "  --yes               yes, forget it\n" },
};

#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

int cmd_platform(int argc, char **argv)
{
	return run_action(actions, ACTIONS, argc, argv);
}
