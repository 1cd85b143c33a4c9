// SPDX-License-Identifier: GPL-2.0
/*
 * tkm attest: this machine says what its registers hold, or what a key of it is, to who
 * asked with a nonce. All that it needs to be believed goes into one file
 * (Documentation/evidence-format.rst).
 */
#include <glob.h>
#include <keyutils.h>

#include "evidence.h"
#include "ima.h"
#include "judge.h"
#include "quote.h"
#include "tkm.h"

#define SECURITYFS	"/sys/kernel/security"
#define EVENT_LOG	SECURITYFS "/tpm[0-9]*/binary_bios_measurements"
#define IMA_LIST	SECURITYFS "/ima/binary_runtime_measurements"
#define IMA_REGISTER	10

enum { OPT_NONCE = OPT_OWN, OPT_PCRS, OPT_NO_LOGS };

static void hex(const u8 *p, size_t len, char *out)
{
	struct tkm_writer w;

	tkm_writer_init(&w, out, 2 * len);
	tkm_put_hex(&w, p, len);
	out[2 * len] = 0;
}

static void put_hex(struct json_object *object, const char *name, const u8 *p,
		    size_t len)
{
	char text[2 * TKM_NAME_SIZE + 1];

	hex(p, len, text);
	json_object_object_add(object, name, json_object_new_string(text));
}

/* ---- nonce --------------------------------------------------------------------------- */

static int say_nonce(void)
{
	struct json_object *object;
	char text[2 * NONCE_NEW + 1];
	u8 nonce[NONCE_NEW];

	if (attest_nonce(nonce))
		return failed(-EIO, "random bytes");
	if (json) {
		object = json_object_new_object();
		put_hex(object, "nonce", nonce, sizeof(nonce));
		return say_json(object);
	}
	hex(nonce, sizeof(nonce), text);
	printf("%s\n", text);
	return say_done();
}

/* ---- quote ---------------------------------------------------------------------------- */

/* What is asked for, and what the answer is made of. */
static struct {
	u8 nonce[NONCE_MAX];
	size_t nonce_len;
	struct registers registers;
	bool no_logs;
} asked;

static struct quote quote;
static u8 ak_area[sizeof(TPM2B_PUBLIC)], values[REGISTERS_FILE_MAX];
static u8 ak_name[TKM_NAME_SIZE], extra[32];
static struct evidence evidence;

static void put_part(enum part part, const u8 *p, size_t len)
{
	evidence.part[part].p = p;
	evidence.part[part].len = len;
}

static bool is_asked(int number)
{
	size_t i;

	for (i = 0; i < asked.registers.n; i++)
		if (asked.registers.pcrs[i].mask & BIT(number))
			return true;
	return false;
}

/* A file of the kernel's; where there is none, there is none in the evidence. */
static int take_log(enum part part, const char *pattern)
{
	size_t max = evidence_part_max(part), len;
	uint8_t *log;
	glob_t found;
	int ret;

	ret = glob(pattern, 0, NULL, &found);
	if (!ret) {
		ret = read_input(found.gl_pathv[0], max, &log, &len);
		if (ret)
			ret = failed(ret, found.gl_pathv[0]);
		else
			put_part(part, log, len);
	} else {
		note("there is no %s on this machine",
		     evidence_part_name(part));
		ret = DONE;
	}
	globfree(&found);
	return ret;
}

static int take_ak(const struct ak *ak)
{
	size_t n = 0;

	if (ak->name.size != sizeof(ak_name) ||
	    Tss2_MU_TPM2B_PUBLIC_Marshal(&ak->pub, ak_area, sizeof(ak_area), &n))
		return failed(-EIO, "the attestation key");
	memcpy(ak_name, ak->name.name, sizeof(ak_name));
	put_part(PART_AK, ak_area, n);
	return DONE;
}

static int failed_quote(int err)
{
	if (err == -EOPNOTSUPP)
		return failed_as(err, "tpm2_getcap pcrs shows which banks are active",
				 "the TPM does not have these registers");
	if (err == -EAGAIN)
		return failed_as(err, NULL,
				 "the registers change faster than they are read");
	return failed(err, "the TPM");
}

static int ask_chip(struct chip *chip)
{
	struct ak ak;
	int ret;

	ret = ak_make(chip, &ak);
	if (ret)
		return ak_failed(ret);
	attest_extra("quote", asked.nonce, asked.nonce_len, extra);
	ret = quote_make(chip, &ak, &asked.registers, extra, &quote);
	ret = ret ? failed_quote(ret) : take_ak(&ak);
	ak_flush(chip, &ak);
	return ret;
}

static int collect(void)
{
	struct chip chip;
	ssize_t n;
	int ret;

	ret = chip_open(&chip);
	if (ret)
		return failed(ret, "the TPM");
	ret = ask_chip(&chip);
	chip_close(&chip);
	if (ret)
		return ret;
	put_part(PART_QUOTE, quote.attest, quote.attest_len);
	put_part(PART_QUOTE_SIGNATURE, quote.signature, quote.signature_len);
	n = registers_write(&asked.registers, &quote.values, values,
			    sizeof(values));
	if (n < 0)
		return failed((int)n, "the registers");
	put_part(PART_REGISTERS, values, (size_t)n);
	if (asked.no_logs)
		return DONE;
	ret = take_log(PART_EVENT_LOG, EVENT_LOG);
	/* After the quote: what is measured meanwhile stands behind. */
	if (!ret && is_asked(IMA_REGISTER))
		ret = take_log(PART_IMA, IMA_LIST);
	return ret;
}

static int write_out(void)
{
	size_t size = evidence_size(&evidence);
	struct json_object *object;
	u8 *out = malloc(size);
	int ret;

	if (!out)
		return failed(-ENOMEM, NULL);
	evidence_write(&evidence, out);
	ret = output_all(out, size, 0600);
	free(out);
	if (ret || !json || !out_path)
		return ret;
	object = json_object_new_object();
	put_hex(object, "ak", ak_name, sizeof(ak_name));
	put_hex(object, "extra", extra, sizeof(extra));
	return say_json(object);
}

static int make_quote(void)
{
	int ret;

	if (!asked.nonce_len)
		usage("say what was asked: --nonce");
	if (registers_empty(&asked.registers))
		usage("say which registers: --pcrs");
	if (json && !out_path)
		usage("with --json the evidence goes to a file: -o FILE");
	want_no_terminal();
	progress_begin("the TPM signs");
	ret = collect();
	progress_end();
	ret = ret ? ret : write_out();
	free((void *)(uintptr_t)evidence.part[PART_EVENT_LOG].p);
	free((void *)(uintptr_t)evidence.part[PART_IMA].p);
	return ret;
}

/* ---- key ------------------------------------------------------------------------------- */

/* What the module gives: it has the TPM certify the key. */
static int ask_module(libtkm_serial key, libtkm_serial auth, void **der,
		      size_t *len)
{
	char text[80 + 2 * NONCE_MAX], nonce[2 * NONCE_MAX + 1], with[24] = "";
	key_serial_t certificate;
	long n;

	hex(asked.nonce, asked.nonce_len, nonce);
	if (auth)
		snprintf(with, sizeof(with), " auth=%d", auth);
	snprintf(text, sizeof(text), "certify key=%d nonce=%s%s", key, nonce,
		 with);
	certificate = add_key("tkm-move", "certificate", text, strlen(text),
			      KEY_SPEC_PROCESS_KEYRING);
	if (certificate < 0)
		return -errno;
	n = keyctl_read_alloc(certificate, der);
	keyctl_unlink(certificate, KEY_SPEC_PROCESS_KEYRING);
	if (n < 0)
		return -errno;
	*len = (size_t)n;
	return 0;
}

static int failed_key(int err, const char *name)
{
	if (err == -EACCES)
		return failed_as(err, "tpm2_changeauth -c endorsement takes it away; the kernel's log says if that is it",
				 "the TPM's endorsement hierarchy has an authorisation value, or the key may not be written");
	if (err == -ENODEV)
		return failed_as(err, NULL, "no TPM, or the module is not loaded or too old");
	return failed(err, name);
}

/* Certificate and chain into the evidence, which points into them. */
static int take_certificate(const void *der, size_t len, const u8 *chain,
			    size_t chain_len)
{
	struct tkm_certificate is;
	TPMT_PUBLIC ak;
	size_t n = 0;
	int ret;

	ret = tkm_certificate_decode(der, len, &is);
	ret = ret ? ret : attest_public(is.ak, is.ak_len, &ak);
	ret = ret ? ret : attest_name(&ak, ak_name);
	if (ret)
		return ret;
	Tss2_MU_UINT16_Marshal(is.ak_len, ak_area, sizeof(ak_area), &n);
	memcpy(ak_area + n, is.ak, is.ak_len);
	put_part(PART_AK, ak_area, n + is.ak_len);
	put_part(PART_CERTIFICATE, is.attest, is.attest_len);
	put_part(PART_CERTIFICATE_SIGNATURE, is.signature, is.signature_len);
	put_part(PART_KEY, chain, chain_len);
	return 0;
}

static int certify(const char *name, libtkm_serial key)
{
	libtkm_serial auth;
	size_t len = 0, whole_len, chain_len;
	uint8_t *whole = NULL;
	u8 *chain = NULL;
	void *der = NULL;
	int ret;

	ret = auth_take(false, &auth);
	if (ret)
		return ret;
	progress_begin("the TPM certifies");
	ret = ask_module(key, auth, &der, &len);
	progress_end();
	auth_drop();
	if (ret)
		return failed_key(ret, name);
	ret = libtkm_key_chain(key, &whole, &whole_len);
	ret = ret ? ret : evidence_chain(whole, whole_len, &chain, &chain_len);
	ret = ret ? ret : take_certificate(der, len, chain, chain_len);
	attest_extra("key", asked.nonce, asked.nonce_len, extra);
	ret = ret ? failed(ret, name) : write_out();
	free(whole);
	free(chain);
	free(der);
	return ret;
}

static int make_certificate(const char *name)
{
	libtkm_serial key;
	int ret;

	if (!asked.nonce_len)
		usage("say what was asked: --nonce");
	if (asked.registers.n || asked.no_logs)
		usage("--pcrs and --no-logs are for quotes");
	if (json && !out_path)
		usage("with --json the evidence goes to a file: -o FILE");
	want_no_terminal();
	ret = want_key(name, &key, NULL);
	return ret ? ret : certify(name, key);
}

static void take_nonce(const char *text)
{
	size_t n = strlen(text);

	if (n % 2 || n < 2 * NONCE_MIN || n > 2 * NONCE_MAX ||
	    tkm_hex_decode(text, n, asked.nonce))
		usage("a nonce is %d to %d bytes, two hex digits each",
		      NONCE_MIN, NONCE_MAX);
	asked.nonce_len = n / 2;
}

int cmd_attest(int argc, char **argv)
{
	static const struct option options[] = {
		{ "nonce", required_argument, NULL, OPT_NONCE },
		{ "pcrs", required_argument, NULL, OPT_PCRS },
		{ "no-logs", no_argument, NULL, OPT_NO_LOGS },
		AUTH_OPTIONS, OUT_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	const char *action;
	bool auth = false;
	int c;

	while ((c = next_option(argc, argv, options)) != -1) {
		if (c == OPT_NONCE)
			take_nonce(optarg);
		else if (c == OPT_NO_LOGS)
			asked.no_logs = true;
		else if (auth_option(c, optarg))
			auth = true;
		else if (registers_say(&asked.registers, optarg))
			usage("%s is no list of registers, as sha256:0+1+7",
			      optarg);
	}
	want_words(argc, 1, 2);
	action = argv[optind];
	if (!strcmp(action, "key")) {
		want_words(argc, 2, 2);
		return make_certificate(argv[optind + 1]);
	}
	want_words(argc, 1, 1);
	if (auth)
		usage("an authorisation value is a key's");
	if (!strcmp(action, "quote"))
		return make_quote();
	if (strcmp(action, "nonce"))
		usage("there is nothing called %s to attest", action);
	if (asked.nonce_len || asked.registers.n || asked.no_logs || out_path)
		usage("nonce takes no options");
	return say_nonce();
}
