// SPDX-License-Identifier: GPL-2.0
/*
 * tkm platform challenge, add and check: another platform is believed when its
 * credential is right, and its TPM has answered what only that TPM can.
 */
#include <openssl/rand.h>

#include "platform.h"
#include "policy.h"
#include "trust.h"

/* A TPM takes seconds for a key, and a person for a password of ssh. */
#define PATIENCE	120

/* ---- words ------------------------------------------------------------------------- */

static int check_failed(const struct finding *finding)
{
	return failed_as(-EKEYREJECTED, "nothing was changed; the platform is not to be trusted as it is",
			 "%s: %s", finding->check, finding->why);
}

static int trust_failed(int err, const struct finding *finding, const char *what)
{
	return err == -EKEYREJECTED ? check_failed(finding) : failed(err, what);
}

static int file_failed(int err, const char *path, const char *what)
{
	switch (err) {
	case -EBADMSG:
		return failed_as(err, "have it written again",
				 "%s is no %s, or damaged", path, what);
	case -EOPNOTSUPP:
		return failed_as(err, "a newer tkm reads it",
				 "%s is a %s of another version", path, what);
	default:
		return failed(err, path);
	}
}

X509_STORE *want_store(const char *folder, int *status)
{
	X509_STORE *store;
	int err;

	if (!folder)
		usage("--ca says whose certificates are trusted: a folder of those of CAs");
	store = trust_folder(folder, &err);
	*status = store ? DONE : err == -ENOENT ?
		failed_as(err, "those of TPMs' makers, in PEM or DER, a file each",
			  "%s: there is no certificate of a CA", folder) :
		failed(err, folder);
	return store;
}

static int read_file(const char *path, uint8_t **data, size_t *len)
{
	int ret = read_input(path, CREDENTIAL_FILE_MAX, data, len);

	return ret ? failed(ret, path) : DONE;
}

int read_credential(const char *path, struct credential *credential)
{
	uint8_t *data;
	size_t len;
	int ret = read_file(path, &data, &len);

	if (ret)
		return ret;
	ret = credential_read(credential, data, len);
	free(data);
	return ret ? file_failed(ret, path, "platform's credential") : DONE;
}

static int read_answer(const char *path, struct answer *answer)
{
	uint8_t *data;
	size_t len;
	int ret = read_file(path, &data, &len);

	if (ret)
		return ret;
	ret = answer_read(answer, data, len);
	free(data);
	return ret ? file_failed(ret, path, "answer to a challenge") : DONE;
}

/* ---- challenges ---------------------------------------------------------------------- */

static void put_hash(struct json_object *object, const char *name,
		     const u8 hash[32])
{
	char hex[65];

	hex_of(hash, 32, hex);
	put_text(object, name, hex);
}

static int credential_hash(const struct credential *credential, u8 hash[32])
{
	u8 der[CREDENTIAL_MAX];
	ssize_t n = credential_encode(credential, der);
	const struct tkm_piece piece = { der, n > 0 ? (size_t)n : 0 };

	if (n < 0)
		return (int)n;
	tkm_sha256(&piece, 1, hash);
	return 0;
}

/* One that tkmd waits for, with what it will be answered with. */
static int open_challenge(const struct credential *credential, unsigned int ek,
			  struct challenge *challenge)
{
	const struct credential_ek *to = &credential->ek[ek];
	struct json_object *question, *reply;
	u8 secret[32], hash[32], proof[32], expect[32];
	const struct tkm_piece piece = { proof, sizeof(proof) };
	int ret;

	memset(challenge, 0, sizeof(*challenge));
	challenge->index = to->index;
	if (RAND_bytes(secret, sizeof(secret)) != 1 ||
	    RAND_bytes(challenge->nonce, sizeof(challenge->nonce)) != 1)
		return failed(-EIO, "random numbers");
	ret = credential_hash(credential, challenge->credential) ?:
	      challenge_seal(&to->area, credential->ak.name,
			     credential->ak.name_len, secret, sizeof(secret),
			     challenge) ?:
	      challenge_hash(challenge, hash);
	if (!ret)
		answer_proof(hash, secret, sizeof(secret), proof);
	memzero_explicit(secret, sizeof(secret));
	if (ret)
		return failed(ret, "the challenge");
	tkm_sha256(&piece, 1, expect);
	question = ask_about("platform-challenge", NULL);
	put_hash(question, "challenge", hash);
	put_hash(question, "credential", challenge->credential);
	put_hash(question, "expect", expect);
	ret = ask(question, &reply);
	if (ret)
		return ask_failed(ret, reply, NULL);
	json_object_put(reply);
	return DONE;
}

int platform_cmd_challenge(int argc, char **argv)
{
	static const struct option options[] = {
		{ "ca", required_argument, NULL, OPT_CA },
		OUT_OPTIONS, ASK_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	static struct credential credential;
	struct challenge challenge;
	struct finding finding;
	const char *folder = NULL;
	X509_STORE *store;
	unsigned int ek;
	char *pem;
	int c, ret;

	while ((c = next_option(argc, argv, options)) != -1) {
		if (c == OPT_CA)
			folder = optarg;
		else if (c == OPT_SOCKET)
			ask_socket = optarg;
	}
	want_words(argc, 1, 1);
	store = want_store(folder, &ret);
	if (!store)
		return ret;
	ret = read_credential(argv[optind], &credential);
	if (!ret) {
		ret = trust_credential(&credential, store, &ek, &finding);
		ret = ret ? trust_failed(ret, &finding, argv[optind]) : DONE;
	}
	X509_STORE_free(store);
	ret = ret ? ret : open_challenge(&credential, ek, &challenge);
	if (ret)
		return ret;
	ret = challenge_write(&challenge, &pem);
	if (ret)
		return failed(ret, "the challenge");
	ret = output_all(pem, strlen(pem), 0644);
	free(pem);
	return ret;
}

/* ---- answers -------------------------------------------------------------------------- */

/* Before what the TPM signed is looked at: is it the TPM? */
static int check_proof(const struct answer *answer)
{
	struct json_object *question = ask_about("platform-answer", NULL), *reply;
	struct finding finding;
	int ret;

	put_hash(question, "challenge", answer->challenge);
	put_hash(question, "proof", answer->proof);
	ret = ask(question, &reply);
	if (ret == -ENOKEY || ret == -EKEYREJECTED) {
		finding.check = ret == -ENOKEY ? "replay" : "activation";
		snprintf(finding.why, sizeof(finding.why), "%s",
			 ask_string(reply, "message"));
		json_object_put(reply);
		return check_failed(&finding);
	}
	if (ret)
		return ask_failed(ret, reply, NULL);
	json_object_put(reply);
	return DONE;
}

static int check_answer(const struct credential *credential,
			const struct answer *answer)
{
	struct finding finding;
	u8 hash[32];
	int ret;

	ret = check_proof(answer);
	if (ret)
		return ret;
	answer_signed(answer->challenge, answer->proof, hash);
	ret = trust_answer(credential, answer, hash, &finding);
	return ret ? trust_failed(ret, &finding, "the answer") : DONE;
}

static int put_failed(int err, struct json_object *reply, const char *name)
{
	int status;

	if (err != -EEXIST)
		return ask_failed(err, reply, name);
	status = failed_as(err, "ask who runs it what was done to it; --replace takes it as it is now; tkm platform remove forgets one",
			   "%s: %s", name, ask_string(reply, "message"));
	json_object_put(reply);
	return status;
}

static void put_base64(struct json_object *object, const char *name, const u8 *p,
		       size_t len)
{
	char text[CREDENTIAL_MAX / 3 * 4 + 8];

	EVP_EncodeBlock((u8 *)text, p, (int)len);
	put_text(object, name, text);
}

static void put_area(struct json_object *object, const char *name,
		     const struct area *area)
{
	char hex[2 * AREA_NAME_MAX + 1];

	hex_of(area->name, area->name_len, hex);
	put_text(object, name, hex);
}

static int store_platform(const char *name, const struct credential *credential,
			  unsigned int ek, const struct answer *answer,
			  bool replace)
{
	struct json_object *question = ask_about("platform-put", NULL), *reply;
	u8 der[CREDENTIAL_MAX];
	ssize_t n = credential_encode(credential, der);
	int ret;

	if (n < 0) {
		json_object_put(question);
		return failed((int)n, "the credential");
	}
	put_text(question, "name", name);
	put_area(question, "ek", &credential->ek[ek].area);
	put_area(question, "ak", &credential->ak);
	put_area(question, "tkmrk", &credential->tkmrk);
	json_object_object_add(question, "index",
			       json_object_new_int64(credential->ek[ek].index));
	put_base64(question, "credential", der, (size_t)n);
	put_hash(question, "challenge", answer->challenge);
	put_hash(question, "proof", answer->proof);
	if (replace)
		json_object_object_add(question, "replace",
				       json_object_new_boolean(true));
	ret = ask(question, &reply);
	if (ret)
		return put_failed(ret, reply, name);
	json_object_put(reply);
	return DONE;
}

/* ---- over a pipe -------------------------------------------------------------------------- */

static int via_failed(int err, const char *command)
{
	switch (err) {
	case -ENOTCONN:
	case -EPIPE:
		return failed_as(-ENOTCONN, "tkm platform serve, there, says what is wrong",
				 "%s: it ended without an answer", command);
	case -ETIMEDOUT:
		return failed_as(err, "is it tkm platform serve that runs there?",
				 "%s: no answer", command);
	default:
		return file_failed(err, command, "tkm platform serve");
	}
}

static int converse(struct pipe_end *end, const char *command, X509_STORE *store,
		    struct credential *credential, unsigned int *ek,
		    struct answer *answer)
{
	struct challenge challenge;
	struct finding finding;
	char *pem;
	int ret;

	ret = pipe_receive(end->from, PATIENCE, &pem);
	if (!ret)
		ret = credential_read(credential, pem, strlen(pem));
	free(pem);
	if (ret)
		return via_failed(ret, command);
	ret = trust_credential(credential, store, ek, &finding);
	if (ret)
		return trust_failed(ret, &finding, command);
	ret = open_challenge(credential, *ek, &challenge);
	if (ret)
		return ret;
	ret = challenge_write(&challenge, &pem);
	ret = ret ? ret : pipe_send(end, pem);
	free(pem);
	pem = NULL;
	ret = ret ? ret : pipe_receive(end->from, PATIENCE, &pem);
	ret = ret ? ret : answer_read(answer, pem, strlen(pem));
	free(pem);
	return ret ? via_failed(ret, command) : DONE;
}

static int ask_via(const char *command, X509_STORE *store,
		   struct credential *credential, unsigned int *ek,
		   struct answer *answer)
{
	struct pipe_end end;
	int ret = pipe_open(&end, command);

	if (ret)
		return failed(ret, command);
	progress_begin("the other platform answers");
	ret = converse(&end, command, store, credential, ek, answer);
	progress_end();
	pipe_close(&end);
	return ret;
}

static int ask_files(const char *file, const char *from, X509_STORE *store,
		     struct credential *credential, unsigned int *ek,
		     struct answer *answer)
{
	struct finding finding;
	int ret = read_credential(file, credential);

	ret = ret ? ret : read_answer(from, answer);
	if (ret)
		return ret;
	ret = trust_credential(credential, store, ek, &finding);
	return ret ? trust_failed(ret, &finding, file) : DONE;
}

/* ---- add ------------------------------------------------------------------------------------ */

static int say_known(const char *name)
{
	struct json_object *object;

	if (!json)
		return DONE;
	object = json_object_new_object();
	put_text(object, "name", name);
	return say_json(object);
}

int platform_cmd_add(int argc, char **argv)
{
	static const struct option options[] = {
		{ "ca", required_argument, NULL, OPT_CA },
		{ "via", required_argument, NULL, OPT_VIA },
		{ "replace", no_argument, NULL, OPT_REPLACE },
		ASK_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	static struct credential credential;
	static struct answer answer;
	const char *folder = NULL, *via = NULL, *name;
	bool replace = false;
	unsigned int ek = 0;
	X509_STORE *store;
	int c, ret;

	while ((c = next_option(argc, argv, options)) != -1) {
		if (c == OPT_CA)
			folder = optarg;
		else if (c == OPT_VIA)
			via = optarg;
		else if (c == OPT_REPLACE)
			replace = true;
		else
			ask_socket = optarg;
	}
	want_words(argc, via ? 1 : 3, via ? 1 : 3);
	name = argv[optind];
	want_platform(name);
	store = want_store(folder, &ret);
	if (!store)
		return ret;
	if (via)
		ret = ask_via(via, store, &credential, &ek, &answer);
	else
		ret = ask_files(argv[optind + 1], argv[optind + 2], store,
				&credential, &ek, &answer);
	X509_STORE_free(store);
	ret = ret ? ret : check_answer(&credential, &answer);
	ret = ret ? ret : store_platform(name, &credential, ek, &answer, replace);
	return ret ? ret : say_known(name);
}

/* ---- check ------------------------------------------------------------------------------------ */

/* Of what tkmd has: certificates end, and CAs leave the folder. */
static int check_kept(const char *name, X509_STORE *store)
{
	static struct credential credential;
	struct json_object *reply;
	struct finding finding;
	unsigned int ek;
	int ret;

	ret = platform_known(name, &credential, &reply);
	if (ret)
		return ret;
	json_object_put(reply);
	ret = trust_credential(&credential, store, &ek, &finding);
	return ret ? trust_failed(ret, &finding, name) : DONE;
}

/* And of the platform itself, which is the one that is known, or is refused. */
static int check_via(const char *name, const char *via, X509_STORE *store)
{
	static struct credential credential;
	static struct answer answer;
	unsigned int ek;
	int ret;

	ret = ask_via(via, store, &credential, &ek, &answer);
	ret = ret ? ret : check_answer(&credential, &answer);
	return ret ? ret : store_platform(name, &credential, ek, &answer, false);
}

int platform_cmd_check(int argc, char **argv)
{
	static const struct option options[] = {
		{ "ca", required_argument, NULL, OPT_CA },
		{ "via", required_argument, NULL, OPT_VIA },
		ASK_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	const char *folder = NULL, *via = NULL;
	X509_STORE *store;
	int c, ret;

	while ((c = next_option(argc, argv, options)) != -1) {
		if (c == OPT_CA)
			folder = optarg;
		else if (c == OPT_VIA)
			via = optarg;
		else
			ask_socket = optarg;
	}
	want_words(argc, 1, 1);
	want_platform(argv[optind]);
	store = want_store(folder, &ret);
	if (!store)
		return ret;
	ret = check_kept(argv[optind], store);
	if (!ret && via)
		ret = check_via(argv[optind], via, store);
	X509_STORE_free(store);
	return ret ? ret : say_known(argv[optind]);
}
