// SPDX-License-Identifier: GPL-2.0
#include "operations.h"

#include "moves.h"
#include "policies.h"
#include "script.h"
#include "used.h"
#include "verdict.h"

#include <ctype.h>
#include <sys/mman.h>
#include <sys/wait.h>

/* In no message, ever: the sealed bytes, and an authorisation value. */
static const uint8_t canary[32] = {
	0xca, 0x9a, 0x51, 0x0e, 0xc3, 0x77, 0x21, 0xf0,
	0x0d, 0xb6, 0x48, 0x93, 0x5c, 0xe2, 0x3f, 0x86,
	0xd9, 0x14, 0x6b, 0xa7, 0x30, 0xf5, 0x8e, 0x42,
	0x97, 0x2b, 0xec, 0x65, 0x01, 0xbd, 0x78, 0xdf,
};
#define AUTH "the canary's own password"

serial_t ring;
unsigned int operations;

static char *plain, *policy, *flat_policy, *other, *named, *guarded;
static size_t flat_len;
static char *flat;

int give(long key)
{
	int err = key < 0 ? errno : 0;

	operations++;
	if (key >= 0)
		key_ctl(KEYCTL_UNLINK, key, ring, 0, 0);
	return err;
}

static int load(const char *desc, const char *text)
{
	return give(key_add("tkm", desc, text, strlen(text), ring));
}

int do_load(void)
{
	return load("cells:plain", plain);
}

int do_policy(void)
{
	return load("cells:policy", policy);
}

static int do_flat(void)
{
	return give(key_add("tkm", "cells:flat", flat, flat_len, ring));
}

static int do_flat_policy(void)
{
	return load("cells:flat-policy", flat_policy);
}

static int do_named(void)
{
	return load("cells:named", named);
}

int do_other(void)
{
	return load("other:key", other);
}

static int do_new(void)
{
	return load("cells:new", "new");
}

static int do_new_pcrs(void)
{
	return load("cells:new", "new pcrs=sha256:0,7");
}

/* Makes a storage key too, and saves its context. */
static int do_new_app(void)
{
	static int n;
	char desc[32];

	snprintf(desc, sizeof(desc), "app%d:new", n++);
	return load(desc, "new");
}

/* The canary itself goes to the TPM again. */
static int do_reseal(void)
{
	static const char text[] = "reseal pcrs=sha256:7";
	serial_t key = key_add("tkm", "cells:flat", flat, flat_len, ring);
	long ret;
	int err;

	if (key < 0)
		return give(key);
	ret = key_update(key, text, strlen(text));
	err = ret < 0 ? errno : 0;
	give(key);
	return err;
}

/* The SRK is missing, and is made again. */
static int do_no_srk(void)
{
	say("evict");
	return do_load();
}

/* And another key below that storage key, by the context that was saved. */
static int do_new_app_twice(void)
{
	static int n;
	char desc[32];
	int err;

	snprintf(desc, sizeof(desc), "twice%d:one", n);
	err = load(desc, "new");
	if (err)
		return err;
	snprintf(desc, sizeof(desc), "twice%d:two", n++);
	return load(desc, "new");
}

static int do_new_ec(void)
{
	return load("cells:new-ec", "new ec");
}

/* The fault is for a load; what works in the kernel goes on whatever happens. */
static int do_crypt(void)
{
	int err = do_load(), ret = do_decrypt();

	if (ret)
		wrong("a message: %s", name_of(ret));
	return err;
}

/* In a session of that user's, which ends with it. */
static int user_does(uid_t user, int (*what)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (setresuid(user, user, user) ||
		    key_ctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0) < 0)
			_exit(255);
		ring = KEY_SPEC_SESSION_KEYRING;
		_exit(what());
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) ||
	    WEXITSTATUS(status) == 255)
		die("user %u", user);
	return WEXITSTATUS(status);
}

/* ---- a domain under a policy ---- */

#define GUARDED	46000

static int load_guarded(void)
{
	return load("cells:guarded", guarded);
}

/* An application's first key: a storage key is made, and that one. */
static int new_guarded(void)
{
	char desc[32];
	int err = load_guarded();

	snprintf(desc, sizeof(desc), "app%u:new", operations);
	return err ?: load(desc, "new");
}

static int do_load_guarded(void)
{
	operations++;
	return user_does(GUARDED, load_guarded);
}

static int do_new_guarded(void)
{
	operations++;
	return user_does(GUARDED, new_guarded);
}

static int guard(void)
{
	static const char word[] = "new policy=" POLICY;

	if (key_add("tkm-domain", "cells", word, strlen(word), ring) < 0)
		return errno;
	strcpy(guarded, chain_of(new_key("cells:guarded", ""), ""));
	return 0;
}

/* The child's chain is ours, too. */
static void prepare_guarded(void)
{
	guarded = mmap(NULL, 65536, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (guarded == MAP_FAILED || user_does(GUARDED, guard) ||
	    do_load_guarded())
		die("no domain under a policy");
}

/* ---- domains with passwords ---- */

/* Each time somebody else's: after a wrong password its owner has to wait. */
static uid_t typist = 47000;

static int typist_does(int (*what)(void))
{
	return user_does(typist, what);
}

/* It is locked again before this returns, and nothing of it goes on. */
static int domain_word(const char *word)
{
	char text[64];
	long value, key;

	value = key_add("user", "cells:auth", AUTH, strlen(AUTH),
			KEY_SPEC_SESSION_KEYRING);
	snprintf(text, sizeof(text), "%s auth=%ld", word, value);
	key = key_add("tkm-domain", "cells", text, strlen(text),
		      KEY_SPEC_SESSION_KEYRING);
	if (key < 0)
		return errno;
	return key_update(key, "lock", 4) ? errno : 0;
}

static int new_domain(void)
{
	return domain_word("new");
}

static int unlock(void)
{
	return domain_word("unlock");
}

void new_typist(void)
{
	int err;

	typist++;
	say("forgive");
	err = typist_does(new_domain);
	if (err)
		wrong("no domain: %s", name_of(err));
	hold_is_over();
}

static int do_unlock(void)
{
	operations++;
	return typist_does(unlock);
}

/* ---- the table ---- */

static const struct operation table[] = {
#define OP(word, function, ...) { .name = word, .run = function, __VA_ARGS__ }
	OP("load", do_load),	   OP("policy", do_policy),
	OP("flat", do_flat),	   OP("flat-policy", do_flat_policy),
	OP("new", do_new),	   OP("new-pcrs", do_new_pcrs),
	OP("new-app", do_new_app), OP("new-app-twice", do_new_app_twice),
	OP("reseal", do_reseal),   OP("no-srk", do_no_srk),
	OP("approved", do_named, .approvals = "good"),
	OP("approved-second", do_named, .approvals = "retired good"),
	OP("approved-rsa", do_named, .approvals = "rsa"),
	/* More than the TPM has room for their keys. */
	OP("approved-six", do_named,
	   .approvals = "good good good good good good"),
	OP("retired", do_named, .approvals = "retired"),
	OP("forged", do_named, .approvals = "forged"),
	OP("new-ec", do_new_ec),
	OP("new-ec-first", do_new_ec, .anew = true),
	OP("sign", do_sign, .key = &ec_signs),
	OP("sign-policy", do_sign_policy, .key = &ec_guarded),
	OP("sign-approved", do_sign_named, .key = &ec_named, .approvals = "good"),
	OP("sign-rsa", do_sign_rsa, .key = &rsa_signs),
	OP("sign-pss", do_sign_pss, .key = &rsa_signs),
	OP("open", do_open, .key = &rsa_opens),
	OP("share", do_share, .key = &ec_shares),
	OP("share-policy", do_share_policy, .key = &share_guarded),
	OP("load-sign", do_load_sign),
	OP("swap-sign", do_swap_sign), OP("swap-share", do_swap_share),
	OP("crypt", do_crypt, .key = &data_crypts),
	OP("certify", do_certify, .key = &data_crypts),
	OP("certify-ec", do_certify_ec, .key = &ec_signs),
	OP("unlock", do_unlock, .typist = true),
	OP("load-guarded", do_load_guarded, .approvals = "good"),
	OP("load-guarded-retired", do_load_guarded, .approvals = "retired"),
	OP("new-guarded", do_new_guarded, .approvals = "good"),
	OP("duplicate", do_duplicate), OP("import", do_import),
	OP("recover", do_recover),
};

const struct operation *operation_of(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcmp(name, table[i].name))
			return &table[i];
	die("no operation '%s'", name);
}

/* ---- before the tests ---- */

/* A key's chain, as the text that loads it. */
char *chain_of(serial_t key, const char *options)
{
	char *text = calloc(1, 65536);
	long n = sprintf(text, "load "), got;

	if (key < 0)
		die("a key: %s", strerror(errno));
	got = key_read(key, text + n, 60000);
	if (got <= 0)
		die("a chain: %s", strerror(errno));
	n += got;
	while (isspace(text[n - 1]) || !text[n - 1])
		n--;
	text[n] = 0;
	sprintf(text + n, "%s%s", *options ? " " : "", options);
	key_ctl(KEYCTL_UNLINK, key, ring, 0, 0);
	return text;
}

serial_t new_key(const char *desc, const char *options)
{
	char text[160];

	snprintf(text, sizeof(text), "new %s", options);
	return key_add("tkm", desc, text, strlen(text), ring);
}

void prepare(void)
{
	char hex[2 * sizeof(canary) + 1], with[64], text[96], path[64];
	serial_t key, auth;
	size_t i;

	/* Whatever comes, no key stays when this process ends. */
	ring = key_add("keyring", "cells", NULL, 0, KEY_SPEC_PROCESS_KEYRING);
	auth = key_add("user", "cells:auth", AUTH, strlen(AUTH), ring);
	if (ring < 0 || auth < 0)
		die("keyring: %s", strerror(errno));
	snprintf(with, sizeof(with), "auth=%d", auth);
	for (i = 0; i < sizeof(canary); i++)
		sprintf(hex + 2 * i, "%02x", canary[i]);

	plain = chain_of(new_key("cells:plain", ""), "");
	other = chain_of(new_key("other:key", ""), "");
	snprintf(text, sizeof(text), "pcrs=sha256:0,7 %s", with);
	policy = chain_of(new_key("cells:policy", text), with);

	snprintf(path, sizeof(path), "/tmp/canary.%d", getpid());
	say("seal %s %s", hex, path);
	/* Half of it is enough to know it by. */
	say("canary %.32s", hex);
	say("canary %s", hex + 32);
	for (i = 0; i < 24; i++)
		sprintf(hex + 2 * i, "%02x", AUTH[i]);
	say("canary %s", hex);
	flat = read_file(path, &flat_len);
	unlink(path);
	key = key_add("tkm", "cells:flat-policy", flat, flat_len, ring);
	snprintf(text, sizeof(text), "reseal pcrs=sha256:7 %s", with);
	if (key < 0 || key_update(key, text, strlen(text)))
		die("the canary: %s", strerror(errno));
	flat_policy = chain_of(key, with);
	policies_approve("good");
	if (policies_say() || policies_approve("good"))
		die("no policy");
	named = chain_of(new_key("cells:named", "policy=" POLICY), "");
	if (do_named())
		die("what is approved does not open");
	prepare_guarded();
	prepare_moves();
	prepare_used(with);
}
