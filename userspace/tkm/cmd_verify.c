// SPDX-License-Identifier: GPL-2.0
/*
 * tkm verify: the signature of a file; or evidence of a machine, which needs neither
 * a TPM nor the module here.
 */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "judge.h"
#include "sealed.h"

enum {
	OPT_NONCE = OPT_USE_OWN, OPT_POLICY, OPT_AK, OPT_EK, OPT_RECORD,
	OPT_PCRS, OPT_MESSAGE, OPT_SIGNATURE, OPT_VALUES, OPT_EVENT_LOG, OPT_IMA,
	OPT_KEY,
};

static const struct option options[] = {
	{ "hash", required_argument, NULL, OPT_HASH },
	{ "enc", required_argument, NULL, OPT_ENC },
	{ "digest", no_argument, NULL, OPT_DIGEST },
	{ "nonce", required_argument, NULL, OPT_NONCE },
	{ "policy", required_argument, NULL, OPT_POLICY },
	{ "pcrs", required_argument, NULL, OPT_PCRS },
	{ "ak", required_argument, NULL, OPT_AK },
	{ "ek", required_argument, NULL, OPT_EK },
	{ "record", required_argument, NULL, OPT_RECORD },
	{ "message", required_argument, NULL, OPT_MESSAGE },
	{ "signature", required_argument, NULL, OPT_SIGNATURE },
	{ "values", required_argument, NULL, OPT_VALUES },
	{ "event-log", required_argument, NULL, OPT_EVENT_LOG },
	{ "ima", required_argument, NULL, OPT_IMA },
	{ "key", required_argument, NULL, OPT_KEY },
	COMMON_OPTIONS, END_OPTIONS,
};

/* What was typed. */
static struct {
	const char *nonce, *policy, *ak, *ek, *record, *key;
	const char *file[PARTS];	/* of a bare quote */
	bool evidence;			/* any option of evidence's */
	struct registers pcrs;
} said;

/* What was read, until the end. */
static uint8_t *held[PARTS + 1], *chain;
static size_t chain_len;
static struct evidence evidence;
static struct rules rules;
static struct judgement judgement;
static u8 nonce[NONCE_MAX], ek_name[TKM_NAME_SIZE];

static void take_option(int c)
{
	said.evidence = true;
	switch (c) {
	case OPT_NONCE:
		said.nonce = optarg;
		break;
	case OPT_POLICY:
		said.policy = optarg;
		break;
	case OPT_AK:
		said.ak = optarg;
		break;
	case OPT_EK:
		said.ek = optarg;
		break;
	case OPT_RECORD:
		said.record = optarg;
		break;
	case OPT_PCRS:
		if (registers_say(&said.pcrs, optarg))
			usage("%s is no list of registers, as sha256:0+1+7",
			      optarg);
		break;
	case OPT_MESSAGE:
		said.file[PART_QUOTE] = optarg;
		break;
	case OPT_SIGNATURE:
		said.file[PART_QUOTE_SIGNATURE] = optarg;
		break;
	case OPT_VALUES:
		said.file[PART_REGISTERS] = optarg;
		break;
	case OPT_EVENT_LOG:
		said.file[PART_EVENT_LOG] = optarg;
		break;
	case OPT_IMA:
		said.file[PART_IMA] = optarg;
		break;
	case OPT_KEY:
		said.key = optarg;
		break;
	}
}

/* ---- the policy ------------------------------------------------------------------- */

/* A file of text, with a zero after it. Says what failed. */
static int read_text(const char *path, size_t max, uint8_t **text, size_t *len)
{
	int ret = read_input(path, max, text, len);

	if (ret)
		return failed(ret, path);
	/* There is room for one byte more. */
	(*text)[*len] = 0;
	if (!memchr(*text, 0, *len))
		return DONE;
	free(*text);
	*text = NULL;
	return failed_as(-EBADMSG, NULL, "%s: this is no text", path);
}

/* Beside the policy file, unless it begins with a slash. */
static int read_files(void)
{
	const char *slash = strrchr(said.policy, '/');
	unsigned int line;
	uint8_t *text;
	size_t len;
	char *path;
	int ret;

	if (*rules.ima_allow == '/' || !slash)
		ret = asprintf(&path, "%s", rules.ima_allow);
	else
		ret = asprintf(&path, "%.*s/%s", (int)(slash - said.policy),
			       said.policy, rules.ima_allow);
	if (ret < 0)
		return failed(-ENOMEM, NULL);
	ret = read_text(path, 16 * RULES_FILE_MAX, &text, &len);
	if (!ret) {
		ret = rules_files(&rules, (char *)text, &line);
		if (ret == -EBADMSG)
			ret = failed_as(ret, NULL,
					"%s: line %u is no digest of a file",
					path, line);
		else if (ret)
			ret = failed(ret, path);
		free(text);
	}
	free(path);
	return ret;
}

static int read_policy(void)
{
	unsigned int line;
	const char *what;
	uint8_t *text;
	size_t len;
	int ret;

	if (!said.policy)
		return DONE;
	ret = read_text(said.policy, RULES_FILE_MAX, &text, &len);
	if (ret)
		return ret;
	if (rules_read(&rules, (char *)text, &line, &what))
		ret = failed_as(-EBADMSG, NULL, "%s: line %u: it should be %s",
				said.policy, line, what);
	free(text);
	return ret || !rules.ima_allow ? ret : read_files();
}

static void want_registers(void)
{
	if (said.pcrs.n && rules.registers.n &&
	    !registers_same(&said.pcrs, &rules.registers))
		usage("--pcrs and the policy want different registers");
	if (said.pcrs.n)
		rules.registers = said.pcrs;
	if (registers_empty(&rules.registers))
		usage("say which registers were asked for: --pcrs, or registers = in the policy");
}

/* ---- what is given -------------------------------------------------------------------- */

static void take_nonce(size_t *len)
{
	size_t n;

	*len = 0;
	if (!said.nonce && said.key)
		return;
	if (!said.nonce)
		usage("say which question it answers: --nonce");
	n = strlen(said.nonce);
	if (n % 2 || n < 2 * NONCE_MIN || n > 2 * NONCE_MAX ||
	    tkm_hex_decode(said.nonce, n, nonce))
		usage("a nonce is %d to %d bytes, two hex digits each",
		      NONCE_MIN, NONCE_MAX);
	*len = n / 2;
}

/* 0; what is too long was not read, and is said in *why. */
static int read_part(enum part part, const char *path, const char **why)
{
	size_t len;
	int ret;

	ret = read_input(path, evidence_part_max(part), &held[part], &len);
	if (ret == -E2BIG) {
		*why = "a part of it is too long";
		return DONE;
	}
	if (ret)
		return failed(ret, path);
	evidence.part[part].p = held[part];
	evidence.part[part].len = len;
	return DONE;
}

/* A public area from a file, and its Name. Says what failed. */
static int name_of_file(const char *path, u8 name[TKM_NAME_SIZE])
{
	TPMT_PUBLIC pub;
	uint8_t *data;
	size_t len;
	int ret;

	ret = read_input(path, evidence_part_max(PART_AK), &data, &len);
	if (ret)
		return failed(ret, path);
	ret = attest_public(data, len, &pub);
	ret = ret ? ret : attest_name(&pub, name);
	free(data);
	if (!ret)
		return DONE;
	return failed_as(ret, "tpm2_readpublic -o FILE writes one; PEM does not say enough",
			 "%s: this is no public area (TPM2B_PUBLIC) with a Name of SHA-256",
			 path);
}

/* Said on the command line: one that may be. */
static int take_ak(bool bare, const char **why)
{
	u8 *name = rules.ak[rules.aks];
	int ret;

	if (!said.ak && bare)
		usage("say which key signed: --ak");
	if (!said.ak)
		return DONE;
	if (rules.aks == RULES_MANY)
		return failed(-E2BIG, said.policy);
	if (strlen(said.ak) == 2 * TKM_NAME_SIZE &&
	    !tkm_hex_decode(said.ak, 2 * TKM_NAME_SIZE, name)) {
		if (bare)
			usage("of a bare quote the key itself is needed: --ak FILE");
		rules.aks++;
		return DONE;
	}
	ret = name_of_file(said.ak, name);
	if (ret)
		return ret;
	rules.aks++;
	return bare ? read_part(PART_AK, said.ak, why) : DONE;
}

/* A chain in any form; what is none is said in *why. */
static int read_chain(const char **why)
{
	uint8_t *data;
	size_t len;
	int ret;

	if (!said.key)
		return DONE;
	ret = read_input(said.key, 8 * TKM_CHAIN_MAX, &data, &len);
	if (ret == -E2BIG) {
		*why = "a part of it is too long";
		return DONE;
	}
	if (ret)
		return failed(ret, said.key);
	ret = libtkm_chain_read(data, len, &chain, &chain_len);
	free(data);
	if (ret)
		*why = "the key's chain is none";
	return DONE;
}

static int read_bare(const char **why)
{
	int part, ret = DONE;

	if (!said.file[PART_QUOTE] || !said.file[PART_QUOTE_SIGNATURE])
		usage("a bare quote is --message, --signature and --ak");
	for (part = 0; part < PARTS && !ret; part++)
		if (said.file[part])
			ret = read_part((enum part)part, said.file[part], why);
	return ret ? ret : read_chain(why);
}

/* 0, or in *why what is wrong with it. */
static int read_evidence(const char *path, const char **why)
{
	size_t len;
	int ret;

	ret = read_input(path, EVIDENCE_MAX, &held[PARTS], &len);
	if (ret == -E2BIG) {
		*why = "it is too long";
		return DONE;
	}
	if (ret)
		return failed(ret, path);
	ret = evidence_read(held[PARTS], len, &evidence);
	*why = ret == -EOPNOTSUPP ? "it is of another version" :
	       ret ? "the file is damaged, or is no evidence" : NULL;
	return DONE;
}

/* ---- the record ------------------------------------------------------------------------- */

/*
 * Two that judge at the same time would take the same answer twice: who comes second
 * waits. The lock is a file of its own, since the record itself is replaced.
 */
static int lock_record(void)
{
	char *path;
	int fd;

	if (asprintf(&path, "%s.lock", said.record) < 0)
		return failed(-ENOMEM, NULL);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || flock(fd, LOCK_EX)) {
		int status = failed(-errno, path);

		free(path);
		return status;
	}
	free(path);
	/* Until the program ends. */
	return DONE;
}

static int read_record(struct seen *seen, bool *is)
{
	uint8_t *text;
	size_t len;
	int ret;

	*is = false;
	if (!said.record)
		return DONE;
	ret = lock_record();
	if (ret)
		return ret;
	ret = read_input(said.record, SEEN_MAX, &text, &len);
	if (ret == -ENOENT)
		return DONE;
	if (ret)
		return failed(ret, said.record);
	ret = seen_read((const char *)text, len, seen);
	free(text);
	if (ret)
		return failed_as(ret, "look at the machine; then remove the record, to begin anew",
				 "%s: this is no record", said.record);
	*is = true;
	return DONE;
}

static int write_record(s64 now)
{
	struct output out;
	char text[SEEN_MAX];
	struct seen seen;
	size_t len;
	int ret;

	if (!said.record)
		return DONE;
	judge_seen(&judgement, now, &seen);
	len = seen_write(&seen, text);
	out_path = said.record;
	out_force = true;
	ret = output_open(&out, 0600);
	if (!ret) {
		ret = output_write(&out, text, len);
		if (ret)
			output_drop(&out);
		else
			ret = output_close(&out);
	}
	return ret ? failed(ret, said.record) : DONE;
}

/* ---- the verdict ------------------------------------------------------------------------- */

static void hex(const u8 *p, size_t len, char *out)
{
	struct tkm_writer w;

	tkm_writer_init(&w, out, 2 * len);
	tkm_put_hex(&w, p, len);
	out[2 * len] = 0;
}

static struct json_object *json_registers(void)
{
	struct json_object *all = json_object_new_object(), *bank;
	char text[2 * TKM_HASH_MAX + 1], number[8];
	size_t i;
	int k, b;

	for (i = 0; i < judgement.registers.n; i++) {
		b = bank_of(judgement.registers.pcrs[i].bank);
		if (b < 0 || !judgement.values.known[b])
			continue;
		bank = json_object_new_object();
		for (k = 0; k < REGISTERS; k++) {
			if (!(judgement.values.known[b] & BIT(k)))
				continue;
			hex(judgement.values.value[b][k],
			    tkm_hash_size(bank_alg(b)), text);
			snprintf(number, sizeof(number), "%d", k);
			json_object_object_add(bank, number,
					       json_object_new_string(text));
		}
		json_object_object_add(all, tkm_hash_name(bank_alg(b)), bank);
	}
	return all;
}

static struct json_object *json_clock(void)
{
	const TPMS_CLOCK_INFO *is = &judgement.attest.clockInfo;
	struct json_object *clock = json_object_new_object();

	json_object_object_add(clock, "clock", json_object_new_uint64(is->clock));
	json_object_object_add(clock, "resets",
			       json_object_new_int64(is->resetCount));
	json_object_object_add(clock, "restarts",
			       json_object_new_int64(is->restartCount));
	json_object_object_add(clock, "safe", json_object_new_boolean(is->safe));
	return clock;
}

/* The Name of the key, "sign,decrypt" and so on, in text that the caller has. */
static void name_key(char name[2 * TKM_NAME_SIZE + 1], char uses[64])
{
	static const char *const words[] = { "publish", "crypt", "sign",
					     "decrypt" };
	const struct tkm_object *key =
		&judgement.chain.obj[judgement.chain.n - 1];
	u8 bytes[TKM_NAME_SIZE];
	size_t i, n = 0;

	tkm_public_name(key->pub, key->pub_len, bytes);
	hex(bytes, sizeof(bytes), name);
	*uses = 0;
	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (judgement.record.uses & BIT(i))
			n += (size_t)scnprintf(uses + n, 64 - n, "%s%s",
					       n ? "," : "", words[i]);
}

/* Whether something besides the record guards its use. */
static const char *guard_of_key(void)
{
	const struct tkm_policy *policy =
		&judgement.chain.obj[judgement.chain.n - 1].policy;

	return tkm_policy_has(policy, TPM_CC_POLICY_AUTHORIZE) ? "approvals" :
	       tkm_policy_has(policy, TPM_CC_POLICY_PCR) ? "registers" :
	       tkm_policy_has(policy, TPM_CC_POLICY_AUTH_VALUE) ? "value" :
								  "none";
}

static void json_time(struct json_object *object, const char *name, s64 seconds)
{
	char text[21];

	if (!seconds)
		return;
	tkm_time_write(seconds, text);
	json_object_object_add(object, name, json_object_new_string(text));
}

static struct json_object *json_key(void)
{
	const struct tkm_record *record = &judgement.record;
	char name[2 * TKM_NAME_SIZE + 1], uses[64];
	struct json_object *key = json_object_new_object();

	name_key(name, uses);
	json_object_object_add(key, "name", json_object_new_string(name));
	json_object_object_add(key, "kind",
		json_object_new_string(tkm_kind_name(record->kind)));
	json_object_object_add(key, "class",
		json_object_new_string(tkm_class_name(record->class)));
	json_object_object_add(key, "application",
			       json_object_new_string(record->app));
	json_object_object_add(key, "label",
			       json_object_new_string(record->label));
	json_object_object_add(key, "owner",
			       json_object_new_int64(record->owner));
	json_object_object_add(key, "use", json_object_new_string(uses));
	json_object_object_add(key, "guard",
			       json_object_new_string(guard_of_key()));
	json_time(key, "created", record->created);
	json_time(key, "not-before", record->not_before);
	json_time(key, "protect-until", record->protect_until);
	json_time(key, "not-after", record->not_after);
	if (record->class != TKM_CLASS_FIXED) {
		hex(record->authority, TKM_NAME_SIZE, name);
		json_object_object_add(key, "authority",
				       json_object_new_string(name));
	}
	return key;
}

static void say_key(void)
{
	const struct tkm_record *record = &judgement.record;
	char name[2 * TKM_NAME_SIZE + 1], uses[64], created[21];

	name_key(name, uses);
	tkm_time_write(record->created, created);
	printf("%-12s %s:%s\n%-12s %s\n%-12s %s, class %s, for %s, guarded by %s\n"
	       "%-12s %u, created %s\n",
	       "key", record->app, record->label, "Name", name, "kind",
	       tkm_kind_name(record->kind), tkm_class_name(record->class), uses,
	       guard_of_key(), "owner", record->owner, created);
}

/* What was found, of evidence that is accepted. */
static void json_facts(struct json_object *object)
{
	char text[2 * TKM_NAME_SIZE + 1];
	struct json_object *ima;

	hex(judgement.name, TKM_NAME_SIZE, text);
	json_object_object_add(object, "ak", json_object_new_string(text));
	json_object_object_add(object, "clock", json_clock());
	if (judgement.outcome[CHECK_SIGNER] == PASSED) {
		snprintf(text, sizeof(text), "%016llx",
			 (unsigned long long)judgement.attest.firmwareVersion);
		json_object_object_add(object, "firmware",
				       json_object_new_string(text));
	}
	json_object_object_add(object, said.key ? "key" : "registers",
			       said.key ? json_key() : json_registers());
	if (!judgement.ima.entries)
		return;
	ima = json_object_new_object();
	json_object_object_add(ima, "entries",
			       json_object_new_int64(judgement.ima.entries));
	json_object_object_add(ima, "covered",
			       json_object_new_int64(judgement.ima.covered));
	json_object_object_add(ima, "violations",
			       json_object_new_int64(judgement.ima.violations));
	json_object_object_add(object, "ima", ima);
}

static int say_verdict_json(bool accepted)
{
	static const char *const words[] = { "not asked", "passed", "failed" };
	struct json_object *object = json_object_new_object();
	struct json_object *all = json_object_new_object();
	int i;

	json_object_object_add(object, "verdict",
		json_object_new_string(accepted ? "accepted" : "refused"));
	if (!accepted) {
		json_object_object_add(object, "failed",
			json_object_new_string(check_word(judgement.failed)));
		json_object_object_add(object, "why",
			json_object_new_string(judgement.why));
	}
	for (i = 0; i < CHECKS && (accepted || i <= (int)judgement.failed); i++)
		json_object_object_add(all, check_word((enum check)i),
			json_object_new_string(words[judgement.outcome[i]]));
	json_object_object_add(object, "checks", all);
	if (accepted)
		json_facts(object);
	return say_json(object);
}

static void say_facts(void)
{
	const TPMS_CLOCK_INFO *is = &judgement.attest.clockInfo;
	char text[256];
	int i;

	hex(judgement.name, TKM_NAME_SIZE, text);
	printf("accepted\n%-12s %s\n", "AK", text);
	registers_tell(&judgement.registers, text, sizeof(text));
	if (said.key)
		say_key();
	else
		printf("%-12s %s\n", "registers", text);
	printf("%-12s %llu ms, %u resets, %u restarts%s\n", "clock",
	       (unsigned long long)is->clock, is->resetCount, is->restartCount,
	       is->safe ? "" : ", not safe");
	/* Outside that hierarchy it is veiled. */
	if (judgement.outcome[CHECK_SIGNER] == PASSED)
		printf("%-12s %016llx\n", "firmware",
		       (unsigned long long)judgement.attest.firmwareVersion);
	if (judgement.ima.entries)
		printf("%-12s %u files measured, %u later ones\n", "IMA",
		       judgement.ima.covered,
		       judgement.ima.entries - judgement.ima.covered);
	printf("%-12s", "not asked");
	for (i = 0; i < CHECKS; i++)
		if (judgement.outcome[i] == NOT_ASKED)
			printf(" %s", check_word((enum check)i));
	printf("\n");
}

/* Names in it were chosen by strangers, and a terminal is not theirs. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if ((u8)*text < ' ' || (u8)*text >= 0x7f)
			*text = '?';
}

static int say_verdict(bool accepted)
{
	int ret;

	make_printable(judgement.why);
	if (json) {
		ret = say_verdict_json(accepted);
	} else {
		if (accepted)
			say_facts();
		else
			printf("refused: %s: %s\n",
			       check_word(judgement.failed), judgement.why);
		ret = say_done();
	}
	return ret ? ret : accepted ? DONE : REFUSED;
}

static int refuse(const char *why)
{
	judgement.failed = CHECK_EVIDENCE;
	judgement.outcome[CHECK_EVIDENCE] = NOT_PASSED;
	snprintf(judgement.why, sizeof(judgement.why), "%s", why);
	return say_verdict(false);
}

static int weigh(bool bare)
{
	struct question question = {
		.nonce = nonce,
		.bare = bare,
		.rules = &rules,
		.any_signer = bare && !said.ek,
		.key = chain,
		.key_len = chain_len,
		.now = time(NULL),
	};
	u8 parent[TKM_NAME_SIZE];
	struct seen seen;
	bool is, accepted;
	int ret = DONE;

	take_nonce(&question.nonce_len);
	if (said.ek) {
		ret = name_of_file(said.ek, ek_name);
		attest_qualified(TPM2_RH_ENDORSEMENT, NULL, ek_name, parent);
		question.parent = parent;
	}
	ret = ret ? ret : read_record(&seen, &is);
	if (ret)
		return ret;
	question.seen = is ? &seen : NULL;
	accepted = judge(&evidence, &question, &judgement);
	/* What is not remembered could be answered once more. */
	if (accepted)
		ret = write_record(question.now);
	return ret ? ret : say_verdict(accepted);
}

static int verify_evidence(const char *path)
{
	const char *why = NULL;
	size_t unused;
	int i, ret;

	take_nonce(&unused);
	ret = read_policy();
	if (!ret && !said.key)
		want_registers();
	ret = ret ? ret : take_ak(!path, &why);
	if (!ret)
		ret = path ? read_evidence(path, &why) : read_bare(&why);
	if (!ret)
		ret = why ? refuse(why) : weigh(!path);
	rules_free(&rules);
	for (i = 0; i <= PARTS; i++)
		free(held[i]);
	free(chain);
	return ret;
}

int cmd_verify(int argc, char **argv)
{
	struct use use = { .enc = NULL };
	bool bare;
	int c;

	while ((c = next_option(argc, argv, options)) != -1) {
		if (c >= OPT_USE_OWN)
			take_option(c);
		else
			use_option(&use, c, optarg);
	}
	bare = said.file[PART_QUOTE] || said.file[PART_QUOTE_SIGNATURE] ||
	       said.file[PART_REGISTERS] || said.file[PART_EVENT_LOG] ||
	       said.file[PART_IMA] || said.key;
	if (said.evidence) {
		if (use.enc || use.hash || use.digest)
			usage("--hash, --enc and --digest are for signatures of files");
		want_words(argc, bare ? 0 : 1, bare ? 0 : 1);
		return verify_evidence(argv[optind]);
	}
	want_words(argc, 2, 3);
	return verify_signature(&use, argv + optind);
}
