// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/* The text of add_key and keyctl_update. */
#include "unit.h"

static int parse(const void *text, size_t len, struct tkm_request *req)
{
	const char *copy = exact(text, len);
	int ret = tkm_optparse(copy, len, req);

	/* What points into the text is looked at by those who keep it. */
	exact_free(copy);
	return ret;
}

static int parse_text(const char *text)
{
	struct tkm_request req;

	return parse(text, strlen(text), &req);
}

/* Parses @text, which must be taken. */
static struct tkm_request taken(const char *text)
{
	struct tkm_request req;
	int ret = parse(text, strlen(text), &req);

	if (ret)
		fail_msg("%s: %d", text, ret);
	return req;
}

static void all_are(int ret, const char *const *texts, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (parse_text(texts[i]) != ret)
			fail_msg("%s: %d, not %d", texts[i],
				 parse_text(texts[i]), ret);
}

#define ALL_ARE(ret, ...)                                             \
	do {                                                          \
		static const char *const texts_[] = { __VA_ARGS__ };  \
		all_are(ret, texts_, ARRAY_SIZE(texts_));             \
	} while (0)

/* ---- what is taken ----------------------------------------------------- */

static void new_has_defaults(void **state)
{
	static const char *const same[] = { "new", "new data", "new\n", "new ",
					    "new data   ", "new \n" };
	struct tkm_request req;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(same); i++) {
		req = taken(same[i]);
		assert_int_equal(req.command, TKM_COMMAND_NEW);
		assert_int_equal(req.kind, TKM_KIND_DATA);
		assert_int_equal(req.class, TKM_CLASS_FIXED);
		assert_int_equal(req.len, 32);
		assert_int_equal(req.uses, TKM_USE_PUBLISH);
		assert_false(req.flat);
		assert_int_equal(req.pcrs_choice, TKM_KEEP);
		assert_int_equal(req.pcrs.mask, 0);
		assert_int_equal(req.auth_choice, TKM_KEEP);
		assert_int_equal(req.not_before, 0);
		assert_int_equal(req.protect_until, 0);
		assert_int_equal(req.not_after, 0);
		assert_int_equal(req.state, TKM_STATE_ACTIVE);
		assert_null(req.chain);
	}
}

static void new_takes_every_option(void **state)
{
	struct tkm_request req = taken(
		"new data  len=128 use=publish class=fixed "
		"pcrs=sha384:0+7,23 auth=2147483647   "
		"not-before=2026-01-01 state=pre-active "
		"protect-until=2026-02-01 not-after=2026-11-21T20:00:00Z\n");

	(void)state;
	assert_int_equal(req.len, 128);
	assert_int_equal(req.pcrs_choice, TKM_SET);
	assert_int_equal(req.pcrs.bank, TPM_ALG_SHA384);
	assert_int_equal(req.pcrs.mask, 0x800081);
	assert_int_equal(req.auth_choice, TKM_SET);
	assert_int_equal(req.auth, 2147483647);
	assert_int_equal(req.not_before, 1767225600);
	assert_int_equal(req.protect_until, 1769904000);
	assert_int_equal(req.not_after, 1795291200);
	assert_int_equal(req.state, TKM_STATE_PRE_ACTIVE);
	assert_int_equal(taken("new state=active").state, TKM_STATE_ACTIVE);
	assert_int_equal(taken("new parent=srk state=pre-active").state,
			 TKM_STATE_PRE_ACTIVE);
	assert_true(taken("new parent=srk len=16 auth=1 pcrs=7").flat);
}

static void new_rsa_and_ec_have_defaults(void **state)
{
	struct tkm_request req = taken("new rsa");

	(void)state;
	assert_int_equal(req.command, TKM_COMMAND_NEW);
	assert_int_equal(req.kind, TKM_KIND_RSA);
	assert_int_equal(req.rsa_bits, 2048);
	assert_int_equal(req.uses, TKM_USE_SIGN);
	assert_false(req.flat);
	req = taken("new ec\n");
	assert_int_equal(req.kind, TKM_KIND_EC);
	assert_int_equal(req.curve, TPM_ECC_NIST_P256);
	assert_int_equal(req.uses, TKM_USE_SIGN);
	assert_int_equal(req.class, TKM_CLASS_FIXED);
}

static void new_rsa_and_ec_take_every_option(void **state)
{
#define FOR_EVERY_KIND " class=fixed pcrs=7 auth=3 not-before=2026-01-01 " \
		       "not-after=2027-01-01"
	static const struct {
		const char *text;
		enum tkm_kind kind;
		unsigned int bits;
		u16 curve;
		unsigned int uses;
	} cases[] = {
		{ "new rsa bits=2048 use=sign" FOR_EVERY_KIND, TKM_KIND_RSA,
		  2048, TPM_ECC_NIST_P256, TKM_USE_SIGN },
		{ "new  rsa  use=decrypt bits=3072" FOR_EVERY_KIND,
		  TKM_KIND_RSA, 3072, TPM_ECC_NIST_P256, TKM_USE_DECRYPT },
		{ "new ec curve=p256 use=decrypt" FOR_EVERY_KIND, TKM_KIND_EC,
		  2048, TPM_ECC_NIST_P256, TKM_USE_DECRYPT },
		{ "new ec use=sign curve=p384" FOR_EVERY_KIND, TKM_KIND_EC,
		  2048, TPM_ECC_NIST_P384, TKM_USE_SIGN },
		{ "new use=crypt" FOR_EVERY_KIND, TKM_KIND_DATA, 2048,
		  TPM_ECC_NIST_P256, TKM_USE_CRYPT },
		{ "new data use=crypt,publish len=128" FOR_EVERY_KIND,
		  TKM_KIND_DATA, 2048, TPM_ECC_NIST_P256,
		  TKM_USE_CRYPT | TKM_USE_PUBLISH },
	};
	struct tkm_request req;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		req = taken(cases[i].text);
		assert_int_equal(req.kind, cases[i].kind);
		assert_int_equal(req.rsa_bits, cases[i].bits);
		assert_int_equal(req.curve, cases[i].curve);
		assert_int_equal(req.uses, cases[i].uses);
		assert_int_equal(req.pcrs.mask, 1 << 7);
		assert_int_equal(req.auth, 3);
		assert_int_equal(req.not_before, 1767225600);
		assert_int_equal(req.not_after, 1798761600);
	}
}

/* A flat key has no record to limit it: data is for all that data is for. */
static void flat_keys_say_what_they_are_for(void **state)
{
	struct tkm_request req = taken("new parent=srk");

	(void)state;
	assert_true(req.flat);
	assert_int_equal(req.uses, TKM_USE_PUBLISH | TKM_USE_CRYPT);
	req = taken("new rsa parent=srk pcrs=7 auth=1 bits=3072");
	assert_true(req.flat);
	assert_int_equal(req.uses, TKM_USE_SIGN);
	assert_int_equal(req.rsa_bits, 3072);
	req = taken("new rsa use=decrypt parent=srk");
	assert_int_equal(req.uses, TKM_USE_DECRYPT);
	req = taken("new ec parent=srk use=sign curve=p384");
	assert_int_equal(req.uses, TKM_USE_SIGN);
	assert_int_equal(req.curve, TPM_ECC_NIST_P384);
	taken("new ec parent=srk use=decrypt");
}

/* Options of one text in every order mean the same. */
static void order_of_options_does_not_matter(void **state)
{
	static const char *const options[] = { "len=64", "pcrs=7", "auth=5",
					       "not-after=2030-01-01" };
	struct tkm_request want, req;
	size_t a, b, c, d;
	char text[100];

	(void)state;
	want = taken("new len=64 pcrs=7 auth=5 not-after=2030-01-01");
	for (a = 0; a < 256; a++) {
		b = a / 4 % 4;
		c = a / 16 % 4;
		d = a / 64;
		if ((1 << a % 4 | 1 << b | 1 << c | 1 << d) != 15)
			continue;
		snprintf(text, sizeof(text), "new %s %s %s %s", options[a % 4],
			 options[b], options[c], options[d]);
		req = taken(text);
		assert_int_equal(req.len, want.len);
		assert_int_equal(req.pcrs.mask, want.pcrs.mask);
		assert_int_equal(req.auth, want.auth);
		assert_int_equal(req.not_after, want.not_after);
	}
}

static void load_takes_hex(void **state)
{
	static const char text[] = "load 30a0FF auth=7\n";
	const char *copy = exact(text, strlen(text));
	struct tkm_request req;

	(void)state;
	assert_int_equal(tkm_optparse(copy, strlen(text), &req), 0);
	assert_int_equal(req.command, TKM_COMMAND_LOAD);
	assert_false(req.chain_is_der);
	assert_ptr_equal(req.chain, copy + 5);
	assert_int_equal(req.chain_len, 6);
	assert_int_equal(req.auth_choice, TKM_SET);
	assert_int_equal(req.auth, 7);
	exact_free(copy);
	assert_int_equal(taken("load   00").chain_len, 2);
	assert_int_equal(taken("load 00 ").auth_choice, TKM_KEEP);
}

static void der_is_taken_whole(void **state)
{
	const char *copy = exact("0\x03\x02\x01\n", 5);
	struct tkm_request req;

	(void)state;
	assert_int_equal(tkm_optparse(copy, 5, &req), 0);
	assert_int_equal(req.command, TKM_COMMAND_LOAD);
	assert_true(req.chain_is_der);
	assert_ptr_equal(req.chain, copy);
	assert_int_equal(req.chain_len, 5);
	assert_int_equal(tkm_optparse(copy, 1, &req), 0);
	exact_free(copy);
}

static void reseal_tells_keep_from_none(void **state)
{
	struct tkm_request req = taken("reseal");

	(void)state;
	assert_int_equal(req.command, TKM_COMMAND_RESEAL);
	assert_int_equal(req.pcrs_choice, TKM_KEEP);
	assert_int_equal(req.auth_choice, TKM_KEEP);

	req = taken("reseal auth=none pcrs=none");
	assert_int_equal(req.pcrs_choice, TKM_NONE);
	assert_int_equal(req.auth_choice, TKM_NONE);
	assert_int_equal(req.pcrs.mask, 0);
	assert_int_equal(req.auth, 0);

	req = taken("reseal pcrs=sha1:10 auth=3");
	assert_int_equal(req.pcrs_choice, TKM_SET);
	assert_int_equal(req.pcrs.bank, TPM_ALG_SHA1);
	assert_int_equal(req.pcrs.mask, 1 << 10);
	assert_int_equal(req.auth_choice, TKM_SET);
}

static void publish_names_a_logon_key(void **state)
{
	static const struct {
		const char *name;
		s32 serial;
	} rings[] = {
		{ "@t", -1 }, { "@p", -2 }, { "@s", -3 }, { "@u", -4 },
		{ "@us", -5 }, { "1", 1 }, { "2147483647", 2147483647 },
	};
	struct tkm_request req = taken("publish logon:cryptsetup:vol1");
	char text[100];
	size_t i;

	(void)state;
	assert_int_equal(req.command, TKM_COMMAND_PUBLISH);
	assert_string_equal(req.publish_desc, "cryptsetup:vol1");
	assert_int_equal(req.keyring, -3);
	for (i = 0; i < ARRAY_SIZE(rings); i++) {
		snprintf(text, sizeof(text), "publish logon:a:b keyring=%s",
			 rings[i].name);
		assert_int_equal(taken(text).keyring, rings[i].serial);
	}
}

#define REVEAL " reveal=every-possessor-can-read-it"

/* Each type, what is said to it, and what it gets. */
static void publish_knows_every_consumer(void **state)
{
	static const struct {
		const char *text;
		enum tkm_consumer consumer;
		const char *desc;
		const char *derive;
		unsigned int len;
	} cases[] = {
		{ "publish logon:a:b", TKM_CONSUMER_LOGON, "a:b", "", 32 },
		{ "publish logon:a:b derive=x", TKM_CONSUMER_LOGON, "a:b", "x",
		  32 },
		{ "publish logon:a:b len=16 derive=x", TKM_CONSUMER_LOGON,
		  "a:b", "x", 16 },
		{ "publish logon:a:b derive=x=y:z len=128", TKM_CONSUMER_LOGON,
		  "a:b", "x=y:z", 128 },
		{ "publish user:a" REVEAL, TKM_CONSUMER_USER, "a", "", 32 },
		{ "publish user:a:b" REVEAL " derive=\xc3\xa9 len=128",
		  TKM_CONSUMER_USER, "a:b", "\xc3\xa9", 128 },
		{ "publish encrypted:vol", TKM_CONSUMER_ENCRYPTED, "vol", "",
		  32 },
		{ "publish encrypted:vol format=default",
		  TKM_CONSUMER_ENCRYPTED, "vol", "", 32 },
		{ "publish encrypted:vol derive=x len=20",
		  TKM_CONSUMER_ENCRYPTED, "vol", "x", 20 },
		{ "publish encrypted:vol derive=x len=128 format=default",
		  TKM_CONSUMER_ENCRYPTED, "vol", "x", 128 },
		{ "publish encrypted:0123456789abcdef", TKM_CONSUMER_ENCRYPTED,
		  "0123456789abcdef", "", 32 },
		{ "publish encrypted:0123456789abCDEF format=ecryptfs",
		  TKM_CONSUMER_ECRYPTFS, "0123456789abCDEF", "", 64 },
		{ "publish encrypted:0123456789abcdef len=64 format=ecryptfs "
		  "derive=x", TKM_CONSUMER_ECRYPTFS, "0123456789abcdef", "x",
		  64 },
		{ "publish fscrypt-provisioning:p", TKM_CONSUMER_FSCRYPT, "p",
		  "", 64 },
		{ "publish fscrypt-provisioning:fscrypt:0123 derive=x",
		  TKM_CONSUMER_FSCRYPT, "fscrypt:0123", "x", 64 },
		{ "publish fscrypt-provisioning:p derive=x len=16",
		  TKM_CONSUMER_FSCRYPT, "p", "x", 16 },
		{ "publish fscrypt-provisioning:p derive=x len=64",
		  TKM_CONSUMER_FSCRYPT, "p", "x", 64 },
	};
	struct tkm_request req;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		req = taken(cases[i].text);
		assert_int_equal(req.command, TKM_COMMAND_PUBLISH);
		assert_int_equal(req.consumer, cases[i].consumer);
		assert_string_equal(req.publish_desc, cases[i].desc);
		assert_string_equal(req.derive, cases[i].derive);
		assert_int_equal(req.len, cases[i].len);
		assert_int_equal(req.keyring, -3);
	}
	assert_int_equal(taken("publish user:a keyring=@u" REVEAL).keyring,
			 -4);
	assert_int_equal(taken("publish encrypted:a keyring=7").keyring, 7);
}

static void unpublish_names_one_or_all(void **state)
{
	static const struct {
		const char *text;
		const char *type;
		const char *desc;
	} cases[] = {
		{ "unpublish logon:a:b", "logon", "a:b" },
		{ "unpublish  user:a\n", "user", "a" },
		{ "unpublish encrypted:vol ", "encrypted", "vol" },
		{ "unpublish encrypted:0123456789abcdef", "encrypted",
		  "0123456789abcdef" },
		{ "unpublish fscrypt-provisioning:p", "fscrypt-provisioning",
		  "p" },
	};
	static const char *const all[] = { "unpublish", "unpublish\n",
					   "unpublish   ", "unpublish \n" };
	struct tkm_request req;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		req = taken(cases[i].text);
		assert_int_equal(req.command, TKM_COMMAND_UNPUBLISH);
		assert_string_equal(tkm_consumer_type(req.consumer),
				    cases[i].type);
		assert_string_equal(req.publish_desc, cases[i].desc);
	}
	for (i = 0; i < ARRAY_SIZE(all); i++) {
		req = taken(all[i]);
		assert_int_equal(req.command, TKM_COMMAND_UNPUBLISH);
		assert_string_equal(req.publish_desc, "");
	}
}

/* ---- what is refused --------------------------------------------------- */

/* By hand, and not from optparse.c: who may say what, each with a value. */
static void options_belong_to_their_commands(void **state)
{
	enum { NEW = 1, RSA = 2, EC = 4, LOAD = 8, RESEAL = 16, LOGON = 32,
	       ENCRYPTED = 64, USER = 128, UNPUBLISH = 256, ALL = 512 };
	static const struct {
		const char *option;
		unsigned int with;
	} rows[] = {
		{ "len=64", NEW },
		{ "use=publish", NEW },
		{ "use=crypt", NEW },
		{ "use=publish,crypt", NEW },
		{ "use=sign", RSA | EC },
		{ "use=decrypt", RSA | EC },
		{ "use=sign,decrypt", 0 },
		{ "use=publish,sign", 0 },
		{ "use=crypt,decrypt", 0 },
		{ "use=publish,crypt,sign,decrypt", 0 },
		{ "bits=2048", RSA },
		{ "bits=3072", RSA },
		{ "curve=p256", EC },
		{ "curve=p384", EC },
		{ "class=fixed", NEW | RSA | EC },
		{ "pcrs=7", NEW | RSA | EC | RESEAL },
		{ "pcrs=none", RESEAL },
		{ "auth=1", NEW | RSA | EC | LOAD | RESEAL },
		{ "auth=none", RESEAL },
		{ "not-before=2026-01-01", NEW | RSA | EC },
		{ "not-after=2026-01-01", NEW | RSA | EC },
		{ "protect-until=2026-01-01", NEW | RSA | EC },
		{ "state=active", NEW | RSA | EC },
		{ "state=pre-active", NEW | RSA | EC },
		{ "parent=srk", NEW | RSA | EC },
		{ "keyring=@s", LOGON | ENCRYPTED | USER },
		{ "derive=x", LOGON | ENCRYPTED | USER },
		{ "derive=x len=64", LOGON | ENCRYPTED | USER },
		{ "format=default", ENCRYPTED },
		{ "reveal=every-possessor-can-read-it", 0 }, /* twice */
	};
	static const struct {
		const char *command;
		unsigned int bit;
		const char *behind;
	} commands[] = {
		{ "new", NEW, "" }, { "new data", NEW, "" },
		{ "new rsa", RSA, "" }, { "new ec", EC, "" },
		{ "load 00", LOAD, "" }, { "reseal", RESEAL, "" },
		{ "publish logon:a:b", LOGON, "" },
		{ "publish encrypted:a", ENCRYPTED, "" },
		{ "publish user:a", USER, REVEAL },
		{ "unpublish logon:a:b", UNPUBLISH, "" },
		{ "unpublish", ALL, "" },
	};
	char text[200];
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		for (j = 0; j < ARRAY_SIZE(commands); j++) {
			snprintf(text, sizeof(text), "%s %s%s",
				 commands[j].command, rows[i].option,
				 commands[j].behind);
			if (parse_text(text) !=
			    (rows[i].with & commands[j].bit ? 0 : -EINVAL))
				fail_msg("%s: %d", text, parse_text(text));
		}
	}
}

static void kinds_have_their_own_words(void **state)
{
	(void)state;
	ALL_ARE(-EINVAL, "new RSA", "new rsa2048", "new ecc", "new dsa",
		"new rsa rsa", "new rsa data", "new rsa ec", "new data ec",
		"new bits=2048 rsa", "new use=sign rsa", "new rsa=2048",
		"new rsa bits=1024", "new rsa bits=4096", "new rsa bits=02048",
		"new rsa bits=2048x", "new rsa bits=20480", "new rsa bits=p256",
		"new rsa bits=307", "new rsa bits=+3072", "new rsa bits=3072,",
		"new ec curve=p521", "new ec curve=P256", "new ec curve=p-256",
		"new ec curve=prime256v1", "new ec curve=p25", "new ec curve=p",
		"new ec curve=p2566", "new ec curve=p38", "new ec curve=p384,",
		"new ec curve=secp384r1", "new ec curve=256",
		"new rsa bits=2048 bits=2048", "new ec curve=p256 curve=p256",
		"new rsa bits=2048 curve=p256", "new ec bits=2048 curve=p256",
		"new rsa use=sign use=sign", "new rsa use=sign,",
		"new rsa use=,sign", "new rsa use=sign,sign",
		"new rsa use=Sign", "new ec use=derive", "new ec use=verify",
		"new rsa use=encrypt", "new ec use=ecdh");
}

static void user_keys_must_be_revealed(void **state)
{
	(void)state;
	ALL_ARE(-EPERM, "publish user:a", "publish user:a:b", "publish user::",
		"publish user:a keyring=@u", "publish user:a derive=x",
		"publish user:a derive=x len=128 keyring=@t\n");
	ALL_ARE(-EINVAL, "publish user:a reveal=", "publish user:a reveal",
		"publish user:a reveal=yes", "publish user:a reveal=1",
		"publish user:a reveal=every-possessor-can-read-i",
		"publish user:a reveal=every-possessor-can-read-it.",
		"publish user:a reveal=Every-possessor-can-read-it",
		"publish user:a" REVEAL REVEAL, "publish user:a len=32",
		"publish logon:a:b" REVEAL, "publish encrypted:a" REVEAL,
		"publish encrypted:0123456789abcdef format=ecryptfs" REVEAL,
		"publish fscrypt-provisioning:a" REVEAL,
		"unpublish user:a" REVEAL, "new" REVEAL, "load 00" REVEAL,
		"reseal" REVEAL, "publish user:a format=default",
		"publish user:a x=1", "publish user:a keyring=0",
		"publish user:a derive=x len=15");
}

/* Within what len= takes at all, and yet not a size of this consumer. */
static void derived_sizes_are_the_consumers(void **state)
{
	static const struct {
		const char *target;
		int min, max;
	} cases[] = {
		{ "logon:a:b", 16, 128 },
		{ "user:a" REVEAL, 16, 128 },
		{ "encrypted:a", 20, 128 },
		{ "encrypted:a format=default", 20, 128 },
		{ "encrypted:0123456789abcdef format=ecryptfs", 64, 64 },
		{ "fscrypt-provisioning:a", 16, 64 },
	};
	char text[150];
	size_t i;
	int n, want;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		for (n = 0; n < 300; n++) {
			want = n < 16 || n > 128 ? -EINVAL :
			       n < cases[i].min || n > cases[i].max ?
				       -EMSGSIZE : 0;
			snprintf(text, sizeof(text),
				 "publish %s len=%d derive=x", cases[i].target,
				 n);
			if (parse_text(text) != want)
				fail_msg("%s: %d, not %d", text,
					 parse_text(text), want);
			if (!want)
				assert_int_equal(taken(text).len, n);
		}
	}
	/* Without a derivation there is nothing to give a length to. */
	ALL_ARE(-EINVAL, "publish logon:a:b len=32", "publish encrypted:a "
		"len=16", "publish fscrypt-provisioning:a len=64",
		"publish encrypted:0123456789abcdef format=ecryptfs len=64");
	/* What is not said rightly comes before what is not possible. */
	ALL_ARE(-EINVAL, "publish encrypted:a len=16 derive=x x=1",
		"publish encrypted:a len=16 derive=x len=16",
		"publish encrypted:a len=16 derive=x format=ecryptfs");
}

static void formats_are_of_the_encrypted_type(void **state)
{
	(void)state;
	ALL_ARE(-EINVAL, "publish encrypted:a format=",
		"publish encrypted:a format", "publish encrypted:a format=raw",
		"publish encrypted:a format=Default",
		"publish encrypted:a format=defaul",
		"publish encrypted:a format=default,",
		"publish encrypted:a format=enc32",
		"publish encrypted:a format=default format=default",
		"publish encrypted:0123456789abcdef format=ecryptfs "
		"format=ecryptfs",
		"publish encrypted:0123456789abcdef format=ecryptfs "
		"format=default",
		"publish encrypted:0123456789abcdef format=ecryptfss",
		"publish encrypted:0123456789abcdef format=eCryptfs",
		"publish encrypted:0123456789abcde format=ecryptfs",
		"publish encrypted:0123456789abcdef0 format=ecryptfs",
		"publish encrypted:0123456789abcdeg format=ecryptfs",
		"publish encrypted:0123456789:abcde format=ecryptfs",
		"publish ecryptfs:0123456789abcdef",
		"publish logon:0123:456789abcdef format=ecryptfs",
		"publish fscrypt-provisioning:0123456789abcdef format=default",
		"publish logon:a:b format=default");
}

static void derivations_have_a_label(void **state)
{
	struct tkm_request req;
	char text[300];
	int n;

	(void)state;
	ALL_ARE(-EINVAL, "publish logon:a:b derive=",
		"publish logon:a:b derive", "publish logon:a:b derive=a b",
		"publish logon:a:b derive=\x01", "publish logon:a:b derive=a\t",
		"publish logon:a:b derive=\x7f", "publish logon:a:b derive=\xc3",
		"publish logon:a:b derive=\xc2\x85",
		"publish logon:a:b derive=a derive=a",
		"publish logon:a:b derive=a derive=b");
	for (n = 180; n < 200; n++) {
		snprintf(text, sizeof(text), "publish logon:a:b derive=%0*d",
			 n, 0);
		assert_int_equal(parse(text, strlen(text), &req),
				 n <= TKM_LABEL_MAX ? 0 : -EINVAL);
		if (n <= TKM_LABEL_MAX)
			assert_int_equal(strlen(req.derive), n);
	}
}

static void unpublish_takes_a_target_alone(void **state)
{
	(void)state;
	ALL_ARE(-EINVAL, "unpublish logon", "unpublish logon:",
		"unpublish :a:b", "unpublish all", "unpublish tkm:a",
		"unpublish logon:a:b logon:a:b", "unpublish logon:a:b x",
		"unpublish keyring=@s", "unpublish logon:a:b keyring=@s",
		"unpublish encrypted:a format=default",
		"unpublish ecryptfs:0123456789abcdef", "unpublish *",
		"unpublish logon:a\x01:b", "unpublish\t", "unpublishh",
		"Unpublish", "unpublis", "unpublish user:a auth=1",
		"unpublish user:\xc3");
}

static void words_are_separated_by_spaces_alone(void **state)
{
	(void)state;
	ALL_ARE(-EINVAL, "", " ", "\n", "\t", " new", "\nnew", "new\n\n",
		"new\t", "new\tlen=32", "new len=32\tauth=1", "new\nlen=32",
		"new\r\n", "new\v", "new\xa0", "new  \t", "newlen=32",
		"new len=32auth=1", "new len=32,auth=1", "new len =32",
		"new len= 32", "new = ", "new =", "new =32", "new ==");
}

static void commands_are_exact(void **state)
{
	(void)state;
	ALL_ARE(-EINVAL, "n", "ne", "neww", "New", "NEW", "new=", "data",
		"loa", "load", "load ", "load\n", "Load 00", "LOAD 00",
		"loads 00", "resea", "reseall", "Reseal", "publis", "publish",
		"publish ", "Publish logon:a:b", "update", "revoke",
		"len=32", "1", "\x31", "\xff", "\x2f");
}

static void unknown_options_are_refused(void **state)
{
	(void)state;
	ALL_ARE(-EINVAL, "new x", "new x=", "new x=1", "new lens=32",
		"new le=32", "new LEN=32", "new Len=32", "new data data",
		"new len=32 data", "new DATA", "new datas", "new data=1",
		"new handle=1", "new keyhandle=0x81000001", "new hash=sha256",
		"new none", "new keyring=@s", "load 00 x", "load 00 00",
		"load 00 len=32", "load 00 pcrs=7", "load 00 keyring=@s",
		"load 00 parent=srk", "load auth=1", "load auth=1 00",
		"load 00 policy=p", "reseal len=32", "reseal data",
		"reseal parent=srk", "reseal class=fixed", "reseal use=publish",
		"reseal not-after=2030-01-01", "reseal keyring=@s", "reseal x",
		"publish logon:a:b auth=1", "publish logon:a:b pcrs=7",
		"publish logon:a:b x", "publish logon:a:b x=1",
		"publish keyring=@s", "publish keyring=@s logon:a:b");
}

static void doubled_options_are_refused(void **state)
{
	(void)state;
	ALL_ARE(-EINVAL, "new len=32 len=32", "new len=32 len=64",
		"new use=publish use=publish", "new class=fixed class=fixed",
		"new pcrs=7 pcrs=7", "new auth=1 auth=2",
		"new not-before=2026-01-01 not-before=2026-01-01",
		"new not-after=2026-01-01 not-after=2026-01-01",
		"new protect-until=2026-01-01 protect-until=2026-01-01",
		"new state=active state=pre-active",
		"new parent=srk parent=srk", "new bits=1 bits=1",
		"new curve=a curve=a", "new policy=a policy=a",
		"load 00 auth=1 auth=1", "reseal auth=1 auth=none",
		"reseal pcrs=none pcrs=7",
		"publish logon:a:b keyring=@s keyring=@s");
}

static void empty_options_are_refused(void **state)
{
	(void)state;
	ALL_ARE(-EINVAL, "new len=", "new use=", "new class=", "new pcrs=",
		"new auth=", "new not-before=", "new not-after=",
		"new protect-until=", "new state=",
		"new parent=", "new bits=", "new curve=", "new policy=",
		"new len= auth=1", "load 00 auth=", "reseal pcrs=",
		"reseal auth=", "publish logon:a:b keyring=", "new rsa bits=",
		"new rsa use=", "new ec curve=", "new ec parent=");
}

static void numbers_are_plain_decimal_in_range(void **state)
{
	char text[50];
	int n;

	(void)state;
	for (n = 0; n < 200; n++) {
		snprintf(text, sizeof(text), "new len=%d", n);
		assert_int_equal(parse_text(text),
				 n >= 16 && n <= 128 ? 0 : -EINVAL);
	}
	ALL_ARE(-EINVAL, "new len=032", "new len=+32", "new len=-32",
		"new len=0x20", "new len=32.", "new len=32 32", "new len=3 2",
		"new len=4294967328", "new len=18446744073709551648",
		"new len=00000000000000000032", "new len=32=", "new len=32k",
		"new len=\xd9\xa3\xd9\xa2", "new auth=0", "new auth=-1",
		"new auth=00", "new auth=01", "new auth=+1", "new auth=0x1",
		"new auth=2147483648", "new auth=4294967297",
		"new auth=9999999999", "new auth=18446744073709551617",
		"new auth=none", "load 00 auth=none", "new auth=@s",
		"publish logon:a:b keyring=0", "publish logon:a:b keyring=-3",
		"publish logon:a:b keyring=2147483648",
		"publish logon:a:b keyring=@", "publish logon:a:b keyring=@g",
		"publish logon:a:b keyring=@S",
		"publish logon:a:b keyring=@uss",
		"publish logon:a:b keyring=s");
}

static void words_have_no_other_case(void **state)
{
	(void)state;
	ALL_ARE(-EINVAL, "new class=Fixed", "new class=fix", "new class=fixedd",
		"new class=loose", "new class=fixed,", "new use=Publish",
		"new use=pub", "new use=publish,", "new use=,publish",
		"new use=publish,publish", "new use=publish+crypt",
		"new use=crypt,crypt", "new use=all", "new use=wrap",
		"new parent=SRK", "new parent=srk2", "new parent=0x81000001",
		"new parent=owner", "new pcrs=SHA256:7", "reseal pcrs=None");
}

static void pcr_lists_are_taken(void **state)
{
	static const struct {
		const char *list;
		u16 bank;
		u32 mask;
	} good[] = {
		{ "0", TPM_ALG_SHA256, 1 },
		{ "23", TPM_ALG_SHA256, 1 << 23 },
		{ "7+11", TPM_ALG_SHA256, 0x880 },
		{ "7,11", TPM_ALG_SHA256, 0x880 },
		{ "11+7,0", TPM_ALG_SHA256, 0x881 },
		{ "sha1:7", TPM_ALG_SHA1, 0x80 },
		{ "sha256:7", TPM_ALG_SHA256, 0x80 },
		{ "sha384:7", TPM_ALG_SHA384, 0x80 },
		{ "sha512:7", TPM_ALG_SHA512, 0x80 },
		{ "0+1+2+3+4+5+6+7+8+9+10+11+12+13+14+15+16+17+18+19+20+21+22"
		  "+23", TPM_ALG_SHA256, 0xffffff },
	};
	struct tkm_request req;
	char text[150];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		snprintf(text, sizeof(text), "new pcrs=%s", good[i].list);
		req = taken(text);
		assert_int_equal(req.pcrs_choice, TKM_SET);
		assert_int_equal(req.pcrs.bank, good[i].bank);
		assert_int_equal(req.pcrs.mask, good[i].mask);
	}
}

static void other_pcr_lists_are_refused(void **state)
{
	(void)state;
	ALL_ARE(-EINVAL, "new pcrs=24", "new pcrs=100", "new pcrs=4294967296",
		"new pcrs=07", "new pcrs=00", "new pcrs=+7", "new pcrs=-7",
		"new pcrs=7+", "new pcrs=7,", "new pcrs=,7", "new pcrs=7++8",
		"new pcrs=7,,8", "new pcrs=7+,8", "new pcrs=7+7",
		"new pcrs=7,8,7", "new pcrs=7-8", "new pcrs=7:8",
		"new pcrs=sha256", "new pcrs=sha256:", "new pcrs=:7",
		"new pcrs=:", "new pcrs=sha224:7", "new pcrs=sha-256:7",
		"new pcrs=sha256:sha256:7", "new pcrs=sha256:7+sha1:7",
		"new pcrs=sha256:7:", "new pcrs=sha256=7", "new pcrs=none",
		"new pcrs=all", "new pcrs=0x7", "new pcrs=7;8",
		"new pcrs=0+1+2+3+4+5+6+7+8+9+10+11+12+13+14+15+16+17+18+19+20"
		"+21+22+23+24",
		"reseal pcrs=sha256:none", "reseal pcrs=none+7");
}

static void times_are_checked_together(void **state)
{
	(void)state;
	taken("new not-before=2026-01-01 not-after=2026-01-01T00:00:01Z");
	ALL_ARE(-EINVAL, "new not-before=2026", "new not-before=2026-02-30",
		"new not-before=tomorrow", "new not-after=1970-01-01",
		"new not-before=1970-01-01", "new not-after=10000-01-01",
		"new not-before=2026-01-01 not-after=2026-01-01",
		"new not-after=2025-12-31 not-before=2026-01-01");
}

static void flat_keys_have_no_metadata(void **state)
{
	(void)state;
	ALL_ARE(-EINVAL, "new parent=srk use=publish",
		"new parent=srk class=fixed", "new class=fixed parent=srk",
		"new parent=srk not-before=2026-01-01",
		"new parent=srk not-after=2026-01-01",
		"new parent=srk protect-until=2030-01-01",
		"new parent=srk use=crypt", "new parent=srk class=portable",
		"new use=publish,crypt parent=srk",
		"new rsa parent=srk class=fixed",
		"new ec class=fixed parent=srk use=sign",
		"new rsa parent=srk not-before=2026-01-01",
		"new ec parent=srk not-after=2026-01-01",
		"new rsa parent=srk use=crypt", "new rsa parent=srk len=32",
		"new ec parent=srk bits=2048", "new parent=srk curve=p256");
}

static void hex_must_be_hex(void **state)
{
	(void)state;
	ALL_ARE(-EINVAL, "load 0", "load 000", "load 0g", "load 0x00",
		"load 00 0", "load zz", "load 0\x30\x80", "load :0", "load @0",
		"load /0", "load G0", "load `0", "load -1", "load 00\n\n",
		"load 00\n00", "load 00,00", "load 00\t");
}

static void targets_are_checked(void **state)
{
	(void)state;
	ALL_ARE(-EINVAL, "publish logon", "publish logon:", "publish :a:b",
		"publish Logon:a:b", "publish logons:a:b", "publish tkm:a:b",
		"publish keyring:a", "publish logon:a", "publish logon::a",
		"publish logon:a\x01:b", "publish logon:a:\x7f",
		"publish logon:a:\xc3", "publish logon:a:\xc2\x85",
		"publish logon:a:b\tc", "publish user:", "publish logon:a:b c",
		"publish user:\x01", "publish logon\n");
	taken("publish logon:a:");
	taken("publish logon:fscrypt:\xc3\xa9\n");
}

static void target_length_ends_where_it_should(void **state)
{
	struct tkm_request req;
	char text[400];
	int n;

	(void)state;
	for (n = 240; n < 270; n++) {
		snprintf(text, sizeof(text), "publish logon:a:%0*d", n, 0);
		assert_int_equal(parse(text, strlen(text), &req),
				 n + 2 <= TKM_PUBLISH_DESC_MAX ? 0 : -EINVAL);
		if (n + 2 == TKM_PUBLISH_DESC_MAX)
			assert_int_equal(strlen(req.publish_desc), 255);
	}
}

static void policies_are_named(void **state)
{
	static const char *const wrong[] = {
		"new policy=none", "new policy=A", "new policy=a/b",
		"new policy=a pcrs=7", "new pcrs=7 policy=a",
		"reseal policy=a pcrs=7", "reseal policy=none pcrs=7",
		"reseal pcrs=none policy=a", "reseal policy=a policy=none",
		"new policy=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	struct tkm_request req;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(parse(wrong[i], strlen(wrong[i]), &req),
				 -EINVAL);
	assert_int_equal(parse("new", 3, &req), 0);
	assert_string_equal(req.policy, "");
	assert_int_equal(parse("new ec policy=boot.v2_a-b", 25, &req), 0);
	assert_string_equal(req.policy, "boot.v2_a-b");
	assert_int_equal(req.pcrs_choice, TKM_SET);
	assert_int_equal(parse("new policy=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 43,
			       &req), 0);
	assert_int_equal(strlen(req.policy), TKM_POLICY_NAME_MAX);
	assert_int_equal(parse("reseal policy=site auth=none", 28, &req), 0);
	assert_string_equal(req.policy, "site");
	assert_int_equal(parse("reseal policy=none", 18, &req), 0);
	assert_int_equal(req.pcrs_choice, TKM_NONE);
	assert_string_equal(req.policy, "");
}

static void states_are_named(void **state)
{
	(void)state;
	ALL_ARE(-EINVAL, "new state=", "new state=Active", "new state=pre_active",
		"new state=deactivated", "new state=destroyed", "state", "state ",
		"state x", "state active active", "state active len=32",
		"load 3000 state=active");
	assert_int_equal(taken("new").state, TKM_STATE_ACTIVE);
	assert_int_equal(taken("new state=active").state, TKM_STATE_ACTIVE);
	assert_int_equal(taken("new state=pre-active").state,
			 TKM_STATE_PRE_ACTIVE);
	assert_int_equal(taken("state deactivated").command, TKM_COMMAND_STATE);
	assert_int_equal(taken("state deactivated").state,
			 TKM_STATE_DEACTIVATED);
}

static void classes_say_who_approves(void **state)
{
	struct tkm_request req;

	(void)state;
	req = taken("new class=portable approver=77");
	assert_int_equal(req.class, TKM_CLASS_PORTABLE);
	assert_int_equal(req.approver, 77);
	assert_string_equal(req.authority, "");
	req = taken("new authority=site class=portable");
	assert_int_equal(req.class, TKM_CLASS_PORTABLE);
	assert_int_equal(req.approver, 0);
	assert_string_equal(req.authority, "site");
	req = taken("new ec class=certified authority=site policy=boot");
	assert_int_equal(req.class, TKM_CLASS_CERTIFIED);
	assert_string_equal(req.authority, "site");
	assert_string_equal(req.policy, "boot");
	/* Those after the first key of a class need no more. */
	assert_int_equal(taken("new class=certified").class,
			 TKM_CLASS_CERTIFIED);
	req = taken("new rsa class=portable bits=3072");
	assert_int_equal(req.class, TKM_CLASS_PORTABLE);
	assert_int_equal(taken("new class=fixed").class, TKM_CLASS_FIXED);
	ALL_ARE(-EINVAL, "new approver=77", "new authority=site",
		"new class=fixed approver=77", "new class=fixed authority=site",
		"new class=certified approver=77",
		"new class=portable approver=77 authority=site",
		"new class=portable approver=0", "new class=portable approver=",
		"new class=portable approver=-1", "new class=portable approver=a",
		"new class=portable authority=Site",
		"new class=portable authority=none",
		"new class=portable authority=", "new class=portables",
		"new class=", "new class=?", "reseal class=portable",
		"reseal authority=site", "load 00 approver=77",
		"new class=portable approver=77 parent=srk");
}

static int parse_move(const char *text, struct tkm_move_request *req)
{
	const char *copy = exact(text, strlen(text));
	int ret = tkm_move_parse(copy, strlen(text), req);

	exact_free(copy);
	return ret;
}

#define NONCE "00112233445566778899aaBBccddeeff"

static void moves_are_said_in_full(void **state)
{
	static const char *const wrong[] = {
		"", " ", "move", "duplicate", "import", "import packet=0",
		"import packet=1 packet=2", "import packet=1 key=2",
		"import key=1", "import packet=", "importpacket=1",
		"duplicate key=1 object=tdk parent=2",
		"duplicate key=1 object=tdk approval=2",
		"duplicate key=1 parent=2 approval=3",
		"duplicate object=tdk parent=2 approval=3",
		"duplicate key=1 object=tkmrk parent=2 approval=3",
		"duplicate key=1 object= parent=2 approval=3",
		"duplicate key=1 object=key object=key parent=2 approval=3",
		"duplicate key=1 key=1 object=key parent=2 approval=3",
		"duplicate key=1 object=key parent=2 approval=3 x=4",
		"duplicate key=1 object=key parent=2 approval=3 packet=4",
		"duplicate key=-1 object=key parent=2 approval=3",
		"certify", "certify key=1", "certify nonce=" NONCE,
		"certify key=0 nonce=" NONCE, "certify key=1 nonce=",
		"certify key=1 key=1 nonce=" NONCE,
		"certify key=1 nonce=" NONCE " nonce=" NONCE,
		"certify key=1 nonce=" NONCE "0",
		"certify key=1 nonce=" NONCE NONCE NONCE NONCE "00",
		"certify key=1 nonce=00112233445566778899aabbccddee",
		"certify key=1 nonce=00112233445566778899aabbccddeefg",
		"certify key=1 nonce=" NONCE " auth=0",
		"certify key=1 nonce=" NONCE " auth=1 auth=1",
		"certify key=1 nonce=" NONCE " object=key",
		"certify key=1 nonce=" NONCE " packet=2",
		"import packet=1 nonce=" NONCE, "import packet=1 auth=2",
		"import recovery=1", "import packet=1 recovery=0",
		"import packet=1 recovery=2 recovery=2",
		"import packet=1 to=recovery",
		"duplicate key=1 object=key parent=2 approval=3 recovery=4",
		"duplicate key=1 object=key parent=2 approval=3 to=recover",
		"duplicate key=1 object=key parent=2 approval=3 to=recovery "
		"to=recovery",
		"duplicate key=1 object=key approval=3 to=recovery",
	};
	struct tkm_move_request req;
	size_t i;

	(void)state;
	assert_int_equal(parse_move("import packet=7\n", &req), 0);
	assert_true(req.import && req.packet == 7 && !req.recovery);
	assert_int_equal(parse_move("import recovery=8 packet=7", &req), 0);
	assert_true(req.import && req.packet == 7 && req.recovery == 8);
	assert_int_equal(parse_move("duplicate key=1 object=key to=recovery "
				    "parent=2 approval=3", &req), 0);
	assert_true(req.to_recovery && req.parent == 2);
	assert_int_equal(parse_move("duplicate  approval=4 key=2 object=ask "
				    "parent=3 ", &req), 0);
	assert_true(!req.import && req.key == 2 && req.parent == 3 &&
		    req.approval == 4 && req.kind == TKM_KIND_ASK);
	assert_int_equal(parse_move("duplicate key=1 object=tdk parent=2 "
				    "approval=3", &req), 0);
	assert_int_equal(req.kind, TKM_KIND_TDK);
	assert_int_equal(parse_move("duplicate key=1 object=key parent=2 "
				    "approval=3", &req), 0);
	assert_int_equal(req.kind, TKM_KIND_NONE);
	assert_int_equal(parse_move("certify nonce=" NONCE " key=3", &req), 0);
	assert_true(req.certify && !req.import && req.key == 3 && !req.auth &&
		    req.nonce_len == 16 && req.nonce[1] == 0x11 &&
		    req.nonce[11] == 0xbb);
	assert_int_equal(parse_move("certify key=3 auth=4 nonce=" NONCE NONCE
				    NONCE NONCE, &req), 0);
	assert_true(req.auth == 4 && req.nonce_len == 64);
	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		if (parse_move(wrong[i], &req) != -EINVAL)
			fail_msg("%s", wrong[i]);
	assert_int_equal(tkm_move_parse("import packet=7", TKM_PAYLOAD_MAX + 1,
					&req), -E2BIG);
}

static void invalid_is_invalid_in_any_class(void **state)
{
	(void)state;
	ALL_ARE(-EINVAL, "new class=portable len=1",
		"new len=1 class=portable", "new policy=a policy=b",
		"new class=certified x=1", "new rsa class=portable len=32",
		"new policy=a bits=2048", "new ec policy=a use=crypt",
		"new class=portable not-after=x", "new policy=a pcrs=24",
		"new class=portable parent=srk", "reseal policy=a len=3",
		"new class=portable use=sign", "new policy=", "load 00 policy=a",
		"publish logon:a:b policy=a", "unpublish policy=a",
		"publish logon:a:b class=portable");
}

/* ---- any text ---------------------------------------------------------- */

#define EVERY_OPTION                                           \
	"new data len=64 use=publish class=fixed "             \
	"pcrs=sha256:7+11 auth=123456 not-before=2026-01-01 " \
	"not-after=2026-11-21T20:00:00Z"

static const char *const valid[] = {
	"new", EVERY_OPTION, "new parent=srk len=16\n",
	"load 30820123abCD auth=99",
	"reseal pcrs=sha1:0,23 auth=none", "reseal pcrs=none auth=7",
	"new rsa bits=3072 use=decrypt class=fixed auth=9",
	"new ec curve=p384 use=sign pcrs=sha512:1,2+3 not-after=2030-12-31",
	"new use=publish,crypt", "new ec parent=srk use=decrypt",
	"publish logon:fscrypt:0123456789abcdef keyring=@us",
	"publish user:a" REVEAL " derive=disk:0 len=48",
	"publish encrypted:0123456789abcdef format=ecryptfs derive=x len=64",
	"publish fscrypt-provisioning:a keyring=77 len=16 derive=x",
	"unpublish", "unpublish encrypted:0123456789abcdef",
};

/* Whether a description or label stands in it, which may have other bytes. */
static bool has_free_text(const char *text)
{
	return strstr(text, "publish ") && !strstr(text, "use=");
}

static void uses_are_of_the_kind(const struct tkm_request *req)
{
	const unsigned int data_uses = TKM_USE_PUBLISH | TKM_USE_CRYPT;

	if (req->command != TKM_COMMAND_NEW)
		assert_int_equal(req->kind, TKM_KIND_DATA);
	else if (req->kind == TKM_KIND_DATA)
		assert_true(req->uses && !(req->uses & ~data_uses));
	else
		assert_true((req->kind == TKM_KIND_RSA ||
			     req->kind == TKM_KIND_EC) &&
			    (req->uses == TKM_USE_SIGN ||
			     req->uses == TKM_USE_DECRYPT));
	assert_true(req->rsa_bits == 2048 ||
		    (req->rsa_bits == 3072 && req->kind == TKM_KIND_RSA));
	assert_true(req->curve == TPM_ECC_NIST_P256 ||
		    (req->curve == TPM_ECC_NIST_P384 &&
		     req->kind == TKM_KIND_EC));
}

static void publishing_is_within_its_rules(const struct tkm_request *req)
{
	bool publish = req->command == TKM_COMMAND_PUBLISH;

	assert_true(req->consumer <= TKM_CONSUMER_FSCRYPT);
	if (publish) {
		assert_true(tkm_consumer_desc_ok(req->consumer,
						 req->publish_desc));
		assert_true(tkm_consumer_takes(req->consumer, req->len));
	} else {
		assert_false(req->derive[0]);
		assert_true(req->command == TKM_COMMAND_UNPUBLISH ||
			    !req->publish_desc[0]);
	}
	assert_true(tkm_text_ok(req->derive, strlen(req->derive)));
}

static void request_is_within_its_rules(const struct tkm_request *req,
					const u8 *text, size_t len)
{
	assert_true(req->command <= TKM_COMMAND_UNPUBLISH);
	assert_int_equal(req->class, TKM_CLASS_FIXED);
	uses_are_of_the_kind(req);
	publishing_is_within_its_rules(req);
	assert_true(req->len >= TKM_DATA_MIN && req->len <= TKM_DATA_MAX);
	assert_true(req->pcrs.mask < 1 << 24);
	assert_int_equal(req->pcrs_choice == TKM_SET, req->pcrs.mask != 0);
	assert_int_equal(req->auth_choice == TKM_SET, req->auth > 0);
	assert_true(req->not_before >= 0 && req->not_after >= 0);
	assert_int_equal(req->command == TKM_COMMAND_LOAD, !!req->chain);
	if (!req->chain)
		return;
	assert_true(req->chain >= text && req->chain_len);
	assert_true(req->chain + req->chain_len <= text + len);
	assert_true(req->chain_is_der || req->chain_len % 2 == 0);
}

/* Taken within its rules, or refused as the contract says. */
static void total(const u8 *p, size_t n)
{
	struct tkm_request req;
	int ret = tkm_optparse((const char *)p, n, &req);

	if (!ret)
		request_is_within_its_rules(&req, p, n);
	else
		assert_true(ret == -EINVAL || ret == -EOPNOTSUPP ||
			    ret == -E2BIG || ret == -EPERM ||
			    ret == -EMSGSIZE);
}

static void every_truncation_is_read_within_its_bounds(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(valid); i++) {
		taken(valid[i]);
		each_truncation(valid[i], strlen(valid[i]), total);
	}
	/* Cut inside a word, nothing of these is left to mean. */
	ALL_ARE(-EINVAL, "new data l", "new data len", "new data len=",
		"new data len=6", "new pcrs=sha256:", "new pcrs=sha25",
		"new pcrs=sha256:7+", "new not-before=2026-01-0",
		"new not-after=2026-11-21T20:00:00", "load 308",
		"reseal auth=non", "publish logon:", "publish logo");
}

static void every_flipped_bit_is_read_within_its_bounds(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(valid); i++)
		each_flip(valid[i], strlen(valid[i]), total);
}

/* Bytes that no text of ours has, in every place. */
static void foreign_bytes_are_refused_everywhere(void **state)
{
	static const u8 foreign[] = { 0, 1, '\t', '\v', '\r', 0x7f, 0x80,
				      0xff, '"', '%', '\\', ';' };
	struct tkm_request req;
	size_t i, j, at, len;
	u8 *p;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(valid); i++) {
		if (has_free_text(valid[i]))
			continue;
		len = strlen(valid[i]);
		p = exact(valid[i], len + 1);
		for (at = 0; at <= len; at++) {
			memcpy(p, valid[i], at);
			memcpy(p + at + 1, valid[i] + at, len - at);
			for (j = 0; j < ARRAY_SIZE(foreign); j++) {
				p[at] = foreign[j];
				assert_int_equal(
					tkm_optparse((char *)p, len + 1, &req),
					-EINVAL);
			}
		}
		exact_free(p);
	}
}

static void zero_bytes_are_refused_everywhere(void **state)
{
	struct tkm_request req;
	size_t i, at, len;
	char *p;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(valid); i++) {
		len = strlen(valid[i]);
		assert_int_equal(parse(valid[i], len + 1, &req), -EINVAL);
		for (at = 0; at < len; at++) {
			p = exact(valid[i], len);
			p[at] = '\0';
			assert_int_equal(tkm_optparse(p, len, &req), -EINVAL);
			exact_free(p);
		}
	}
}

/* Three letters and less: every text there is. */
static void every_short_text_is_read_within_its_bounds(void **state)
{
	struct tkm_request req;
	u8 *p = exact("   ", 3);
	u32 n;

	(void)state;
	for (n = 0; n < 1 << 24; n++) {
		p[0] = (u8)(n >> 16);
		p[1] = (u8)(n >> 8);
		p[2] = (u8)n;
		if (p[0] != '0' && memcmp(p, "new", 3))
			assert_int_equal(tkm_optparse((char *)p, 3, &req),
					 -EINVAL);
	}
	exact_free(p);
}

static void long_texts_are_too_big(void **state)
{
	struct tkm_request req;
	size_t n = TKM_PAYLOAD_MAX + 1;
	char *p = malloc(n);

	(void)state;
	memset(p, ' ', n);
	memcpy(p, "new", 3);
	assert_int_equal(parse(p, n - 1, &req), 0);
	assert_int_equal(parse(p, n, &req), -E2BIG);
	memset(p, 'x', n);
	assert_int_equal(parse(p, n - 1, &req), -EINVAL);
	assert_int_equal(parse(p, n, &req), -E2BIG);
	memset(p, 0, n);
	assert_int_equal(parse(p, n, &req), -E2BIG);
	assert_int_equal(tkm_optparse(p, 1 << 20, &req), -E2BIG);

	memset(p, '0', n);
	assert_int_equal(parse(p, TKM_CHAIN_MAX, &req), 0);
	assert_int_equal(parse(p, TKM_CHAIN_MAX + 1, &req), -E2BIG);
	memcpy(p, "load ", 5);
	assert_int_equal(parse(p, 5 + 2 * TKM_CHAIN_MAX, &req), 0);
	assert_int_equal(parse(p, 5 + 2 * TKM_CHAIN_MAX + 1, &req), -EINVAL);
	assert_int_equal(parse(p, 5 + 2 * TKM_CHAIN_MAX + 2, &req), -E2BIG);
	free(p);
}

/* ---- the other way ----------------------------------------------------- */

static void pcrs_are_written_as_they_are_read(void **state)
{
	static const u16 banks[] = { TPM_ALG_SHA1, TPM_ALG_SHA256,
				     TPM_ALG_SHA384, TPM_ALG_SHA512 };
	struct tkm_pcrs pcrs;
	struct tkm_request req;
	char text[90];
	u32 mask;
	size_t i;

	(void)state;
	memcpy(text, "new pcrs=", 9);
	for (i = 0; i < ARRAY_SIZE(banks); i++) {
		for (mask = 1; mask < 1 << 24; mask += 4093) {
			pcrs = (struct tkm_pcrs){ banks[i], mask };
			assert_true(tkm_pcrs_write(&pcrs, text + 9, 80) < 80);
			req = taken(text);
			assert_int_equal(req.pcrs.bank, banks[i]);
			assert_int_equal(req.pcrs.mask, mask);
		}
	}
	pcrs = (struct tkm_pcrs){ TPM_ALG_SHA256, 0x880 };
	assert_int_equal(tkm_pcrs_write(&pcrs, text, 80), 11);
	assert_string_equal(text, "sha256:7+11");
}

static void pcrs_are_written_within_their_buffer(void **state)
{
	const struct tkm_pcrs all = { TPM_ALG_SHA256, 0xffffff };
	char whole[80], *p;
	size_t size, len;

	(void)state;
	len = tkm_pcrs_write(&all, whole, sizeof(whole));
	assert_int_equal(len, strlen(whole));
	for (size = 1; size < sizeof(whole); size++) {
		p = exact(whole, size);
		assert_int_equal(tkm_pcrs_write(&all, p, size),
				 size - 1 < len ? size - 1 : len);
		assert_int_equal(strlen(p), size - 1 < len ? size - 1 : len);
		assert_memory_equal(p, whole, strlen(p));
		exact_free(p);
	}
	p = exact("", 0);
	assert_int_equal(tkm_pcrs_write(&all, p, 0), 0);
	exact_free(p);
}

static void hex_is_decoded_in_either_case(void **state)
{
	unsigned int v;
	char hex[5];
	u8 out[2];

	(void)state;
	for (v = 0; v < 65536; v++) {
		snprintf(hex, sizeof(hex), v & 1 ? "%04x" : "%04X", v);
		assert_int_equal(tkm_hex_decode(hex, 4, out), 0);
		assert_int_equal(get_unaligned_be16(out), v);
	}
	assert_int_equal(tkm_hex_decode("", 0, out), 0);
	assert_int_equal(tkm_hex_decode("000", 3, out), -EINVAL);
	for (v = 0; v < 256; v++) {
		hex[0] = '0';
		hex[1] = (char)v;
		assert_int_equal(tkm_hex_decode(hex, 2, out),
				 v && strchr("0123456789abcdefABCDEF", (int)v) ?
					 0 : -EINVAL);
	}
}

/* ---- domains ---- */

static void words_for_domains_are_read(void **state)
{
	static const struct {
		const char *text;
		struct tkm_domain_request req;
	} cases[] = {
		{ "new auth=12", { TKM_DOMAIN_NEW, 12, 0, 0, "" } },
		{ "new for=1 auth=2147483647\n", { TKM_DOMAIN_NEW, 2147483647, 0, 1, "" } },
		{ "new policy=boot.v2_a-b", { TKM_DOMAIN_NEW, 0, 0, 0, "boot.v2_a-b" } },
		{ "new  policy=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
		  { TKM_DOMAIN_NEW, 0, 0, 0, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" } },
		{ "unlock  auth=7 for=31536000 ", { TKM_DOMAIN_UNLOCK, 7, 0, 31536000, "" } },
		{ "lock", { TKM_DOMAIN_LOCK, 0, 0, 0, "" } },
		{ "lock ", { TKM_DOMAIN_LOCK, 0, 0, 0, "" } },
		{ "passwd new=2 auth=1", { TKM_DOMAIN_PASSWD, 1, 2, 0, "" } },
	};
	struct tkm_domain_request req;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *q = exact(cases[i].text, strlen(cases[i].text));

		assert_int_equal(tkm_domain_parse(q, strlen(cases[i].text), &req), 0);
		assert_int_equal(req.command, cases[i].req.command);
		assert_int_equal(req.auth, cases[i].req.auth);
		assert_int_equal(req.fresh, cases[i].req.fresh);
		assert_int_equal(req.seconds, cases[i].req.seconds);
		assert_string_equal(req.policy, cases[i].req.policy);
		exact_free(q);
	}
}

static void other_words_for_domains_are_refused(void **state)
{
	static const char *const texts[] = {
		"", "\n", " ", "new", "unlock", "passwd", "locks", "loc", "Lock",
		" lock", "lock\n\n", "lock auth=1", "lock for=1", "new auth=",
		"new auth=0", "new auth=-1", "new auth=01", "new auth=2147483648",
		"new auth=1 auth=1", "new auth=1 for=0", "new auth=1 for=31536001",
		"new auth=1 for=1 for=1", "new auth=1 for=", "new auth=1 new=2",
		"new\tauth=1", "unlock auth=1 x", "unlock auth", "passwd auth=1",
		"passwd new=1", "passwd auth=1 new=2 for=3", "passwd auth=1 new=2 new=3",
		"passwd auth=1 new=0", "new auth=1x", "newauth=1",
		"new policy=", "new policy=none", "new policy=A", "new policy=a/b",
		"new policy=a auth=1", "new auth=1 policy=a", "new policy=a for=3",
		"new policy=a policy=a", "new policy=a policy=b", "new policy=a new=1",
		"new policy=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "unlock policy=a",
		"unlock auth=1 policy=a", "lock policy=a", "passwd policy=a",
		"passwd auth=1 new=2 policy=a",
	};
	struct tkm_domain_request req;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		const char *q = exact(texts[i], strlen(texts[i]));

		if (tkm_domain_parse(q, strlen(texts[i]), &req) != -EINVAL)
			fail_msg("'%s' is taken", texts[i]);
		exact_free(q);
	}
	assert_int_equal(tkm_domain_parse("", TKM_PAYLOAD_MAX + 1, &req), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_for_domains_are_read),
		cmocka_unit_test(other_words_for_domains_are_refused),
		cmocka_unit_test(new_has_defaults),
		cmocka_unit_test(new_takes_every_option),
		cmocka_unit_test(new_rsa_and_ec_have_defaults),
		cmocka_unit_test(new_rsa_and_ec_take_every_option),
		cmocka_unit_test(flat_keys_say_what_they_are_for),
		cmocka_unit_test(order_of_options_does_not_matter),
		cmocka_unit_test(load_takes_hex),
		cmocka_unit_test(der_is_taken_whole),
		cmocka_unit_test(reseal_tells_keep_from_none),
		cmocka_unit_test(publish_names_a_logon_key),
		cmocka_unit_test(publish_knows_every_consumer),
		cmocka_unit_test(unpublish_names_one_or_all),
		cmocka_unit_test(options_belong_to_their_commands),
		cmocka_unit_test(kinds_have_their_own_words),
		cmocka_unit_test(user_keys_must_be_revealed),
		cmocka_unit_test(derived_sizes_are_the_consumers),
		cmocka_unit_test(formats_are_of_the_encrypted_type),
		cmocka_unit_test(derivations_have_a_label),
		cmocka_unit_test(unpublish_takes_a_target_alone),
		cmocka_unit_test(words_are_separated_by_spaces_alone),
		cmocka_unit_test(commands_are_exact),
		cmocka_unit_test(unknown_options_are_refused),
		cmocka_unit_test(doubled_options_are_refused),
		cmocka_unit_test(empty_options_are_refused),
		cmocka_unit_test(numbers_are_plain_decimal_in_range),
		cmocka_unit_test(words_have_no_other_case),
		cmocka_unit_test(pcr_lists_are_taken),
		cmocka_unit_test(other_pcr_lists_are_refused),
		cmocka_unit_test(times_are_checked_together),
		cmocka_unit_test(flat_keys_have_no_metadata),
		cmocka_unit_test(hex_must_be_hex),
		cmocka_unit_test(targets_are_checked),
		cmocka_unit_test(target_length_ends_where_it_should),
		cmocka_unit_test(policies_are_named),
		cmocka_unit_test(states_are_named),
		cmocka_unit_test(classes_say_who_approves),
		cmocka_unit_test(moves_are_said_in_full),
		cmocka_unit_test(invalid_is_invalid_in_any_class),
		cmocka_unit_test(every_truncation_is_read_within_its_bounds),
		cmocka_unit_test(every_flipped_bit_is_read_within_its_bounds),
		cmocka_unit_test(foreign_bytes_are_refused_everywhere),
		cmocka_unit_test(zero_bytes_are_refused_everywhere),
		cmocka_unit_test(every_short_text_is_read_within_its_bounds),
		cmocka_unit_test(long_texts_are_too_big),
		cmocka_unit_test(pcrs_are_written_as_they_are_read),
		cmocka_unit_test(pcrs_are_written_within_their_buffer),
		cmocka_unit_test(hex_is_decoded_in_either_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
