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

#include "ask.h"
#include "findings.h"
#include "platform.h"
#include "sealed.h"

enum {
	OPT_NONCE = OPT_USE_OWN, OPT_POLICY, OPT_AK, OPT_EK, OPT_RECORD,
	OPT_PCRS, OPT_MESSAGE, OPT_SIGNATURE, OPT_VALUES, OPT_EVENT_LOG, OPT_IMA,
	OPT_KEY, OPT_PLATFORM, OPT_FROM, OPT_CREDENTIAL, OPT_CAS,
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
	{ "platform", required_argument, NULL, OPT_PLATFORM },
	{ "credential", required_argument, NULL, OPT_CREDENTIAL },
	{ "ca", required_argument, NULL, OPT_CAS },
	{ "socket", required_argument, NULL, OPT_FROM },
	COMMON_OPTIONS, END_OPTIONS,
};

/* What was typed. */
static struct {
	const char *nonce, *policy, *ak, *ek, *record, *key, *platform;
	const char *credential, *cas;
	const char *file[PARTS];	/* of a bare quote */
	bool evidence;			/* any option of evidence's */
	struct registers pcrs;
} said;

/* What was read, until the end. */
static uint8_t *held[PARTS + 1], *chain;
static size_t chain_len;
static struct evidence evidence;
static bool of_key;			/* not of registers */
static struct rules rules;
static struct judgement judgement;
static u8 nonce[NONCE_MAX], ek_name[TKM_NAME_SIZE];
static struct credential credential;
static X509_STORE *store;		/* with it, or NULL */

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
	case OPT_PLATFORM:
		said.platform = optarg;
		want_platform(optarg);
		break;
	case OPT_CREDENTIAL:
		said.credential = optarg;
		break;
	case OPT_CAS:
		said.cas = optarg;
		break;
	case OPT_FROM:
		ask_socket = optarg;
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

/* That of a platform whose endorsement key's certificate was checked once. */
static int take_known(bool bare, u8 *name)
{
	struct json_object *reply;
	int ret = platform_known(said.platform, &credential, &reply);

	if (ret)
		return ret;
	json_object_put(reply);
	memcpy(name, credential.ak.name, TKM_NAME_SIZE);
	rules.aks++;
	if (bare) {
		evidence.part[PART_AK].p = credential.ak.bytes;
		evidence.part[PART_AK].len = credential.ak.len;
	}
	return DONE;
}

/* Said on the command line: one that may be. */
static int take_ak(bool bare, const char **why)
{
	u8 *name = rules.ak[rules.aks];
	int ret;

	if (said.ak && said.platform)
		usage("--ak or --platform");
	if (!said.ak && !said.platform && bare)
		usage("say which key signed: --ak");
	if (!said.ak && !said.platform)
		return DONE;
	if (rules.aks == RULES_MANY)
		return failed(-E2BIG, said.policy);
	if (said.platform)
		return take_known(bare, name);
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

static void want_credential(void)
{
	if (said.credential && !said.cas)
		usage("whose certificates are trusted? --ca FOLDER");
	if (said.cas && !said.credential == !said.platform)
		usage("whose certificate? --credential, or --platform");
}

/* Whose certificate counts, too: that of a file, or of the platform that is known. */
static int take_credential(void)
{
	int ret;

	if (!said.cas)
		return DONE;
	store = want_store(said.cas, &ret);
	if (!store || said.platform)
		return ret;
	return read_credential(said.credential, &credential);
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
	if (!ret && evidence_of_key(&evidence, why))
		of_key = true;
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

static int refuse(const char *why)
{
	judgement.failed = CHECK_EVIDENCE;
	judgement.outcome[CHECK_EVIDENCE] = NOT_PASSED;
	snprintf(judgement.why, sizeof(judgement.why), "%s", why);
	return findings_say(&judgement);
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
		.credential = store ? &credential : NULL,
		.store = store,
		.now = time(NULL),
	};
	u8 parent[TKM_NAME_SIZE];
	struct seen seen;
	bool is, accepted;
	int ret = DONE;

	if (of_key && !bare) {
		question.key = evidence.part[PART_KEY].p;
		question.key_len = evidence.part[PART_KEY].len;
	}
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
	return ret ? ret : findings_say(&judgement);
}

static int verify_evidence(const char *path)
{
	const char *why = NULL;
	size_t unused;
	int i, ret;

	take_nonce(&unused);
	want_credential();
	ret = read_policy();
	ret = ret ? ret : take_ak(!path, &why);
	ret = ret ? ret : take_credential();
	if (!ret)
		ret = path ? read_evidence(path, &why) : read_bare(&why);
	if (!ret && !said.key && !of_key)
		want_registers();
	if (!ret)
		ret = why ? refuse(why) : weigh(!path);
	rules_free(&rules);
	X509_STORE_free(store);
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
