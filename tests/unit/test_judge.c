// SPDX-License-Identifier: GPL-2.0
/*
 * Whether evidence is believed: quotes that a TPM made, and forgeries of every sort,
 * signed by a key of OpenSSL's that says it is a TPM's. Each has to be refused by the
 * check that is there for it, and by no other.
 */
#include "unit.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>

#include "../../userspace/tkm/judge.h"

#define VECTORS	"attest.vec"

/* values.c wants it of io.c, ak.c wants it of say.c. */
int read_input(const char *path, size_t max, uint8_t **data, size_t *len);
int read_input(const char *path, size_t max, uint8_t **data, size_t *len)
{
	(void)path;
	(void)max;
	(void)data;
	(void)len;
	return -ENOENT;
}

int failed(int err, const char *what);
int failed(int err, const char *what)
{
	(void)what;
	return err;
}

int failed_as(int err, const char *remedy, const char *format, ...);
int failed_as(int err, const char *remedy, const char *format, ...)
{
	(void)remedy;
	(void)format;
	return err;
}

static const u8 question_nonce[32] = "what do your registers hold?";
#define NOW	1800000000
#define FIRMWARE	0x2019102300163636

/* ---- a TPM of our own, which says what it is told to ------------------------------ */

static EVP_PKEY *key;

/**
 * struct made - evidence before it is signed
 * @patch: the place in what is signed where a byte is changed, -1 for none
 */
static struct made {
	TPMT_PUBLIC ak;
	TPMS_ATTEST attest;
	struct registers given;
	struct values values;
	int patch;
	bool no_values, no_log, no_ima;
	struct bytes log, ima;
	struct rules rules;
	struct question question;
	struct seen seen;
	u8 bytes[PARTS][REGISTERS_FILE_MAX];
} made;

static struct judgement judgement;

static void set_point(TPMT_PUBLIC *pub)
{
	u8 point[65];
	size_t n;

	assert_int_equal(EVP_PKEY_get_octet_string_param(key, "pub", point,
							 sizeof(point), &n), 1);
	assert_int_equal(n, 65);
	pub->unique.ecc.x.size = pub->unique.ecc.y.size = 32;
	memcpy(pub->unique.ecc.x.buffer, point + 1, 32);
	memcpy(pub->unique.ecc.y.buffer, point + 33, 32);
}

static void take_values(void)
{
	static const int numbers[] = { 0, 1, 2, 3, 4, 5, 6, 7, 10 };
	struct bytes b;
	char field[16];
	size_t i;
	int bank = bank_of(TPM_ALG_SHA256);

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		snprintf(field, sizeof(field), "sha256.%d", numbers[i]);
		b = vector_field(VECTORS, "log", -1, field);
		memcpy(made.values.value[bank][numbers[i]], b.p, 32);
		made.values.known[bank] |= (u32)BIT(numbers[i]);
		exact_free(b.p);
	}
	made.given.n = 1;
	made.given.pcrs[0] = (struct tkm_pcrs){ TPM_ALG_SHA256,
						made.values.known[bank] };
}

static void set_digest(void)
{
	TPMS_QUOTE_INFO *quote = &made.attest.attested.quote;
	SHA256_CTX ctx;
	int i;

	SHA256_Init(&ctx);
	for (i = 0; i < REGISTERS; i++)
		if (made.given.pcrs[0].mask & BIT(i))
			SHA256_Update(&ctx, made.values.value[1][i], 32);
	quote->pcrDigest.size = 32;
	SHA256_Final(quote->pcrDigest.buffer, &ctx);
	quote->pcrSelect.count = 1;
	quote->pcrSelect.pcrSelections[0] = (TPMS_PCR_SELECTION){
		TPM2_ALG_SHA256, 3,
		{ made.given.pcrs[0].mask & 0xff,
		  made.given.pcrs[0].mask >> 8 & 0xff, 0 },
	};
}

static void begin(void)
{
	static const TPMT_PUBLIC ak = {
		.type = TPM2_ALG_ECC,
		.nameAlg = TPM2_ALG_SHA256,
		.objectAttributes = 0x00050472,
		.parameters.eccDetail = {
			.symmetric.algorithm = TPM2_ALG_NULL,
			.scheme = { TPM2_ALG_ECDSA,
				    { .ecdsa = { TPM2_ALG_SHA256 } } },
			.curveID = TPM2_ECC_NIST_P256,
			.kdf.scheme = TPM2_ALG_NULL,
		},
	};
	u8 name[TKM_NAME_SIZE], extra[32];

	memset(&made, 0, sizeof(made));
	made.patch = -1;
	made.ak = ak;
	set_point(&made.ak);
	take_values();
	made.attest = (TPMS_ATTEST){
		.magic = TPM2_GENERATED_VALUE,
		.type = TPM2_ST_ATTEST_QUOTE,
		.clockInfo = { 1000000, 7, 3, 1 },
		.firmwareVersion = FIRMWARE,
	};
	attest_extra("quote", question_nonce, sizeof(question_nonce), extra);
	made.attest.extraData.size = 32;
	memcpy(made.attest.extraData.buffer, extra, 32);
	assert_int_equal(attest_name(&made.ak, name), 0);
	made.attest.qualifiedSigner.size = TKM_NAME_SIZE;
	attest_qualified(TPM2_RH_ENDORSEMENT, NULL, name,
			 made.attest.qualifiedSigner.name);
	set_digest();
	made.log = vector(VECTORS, "log");
	made.ima = vector(VECTORS, "ima");
	made.rules.registers = made.given;
	made.rules.aks = 1;
	memcpy(made.rules.ak[0], name, sizeof(name));
	made.question = (struct question){
		.nonce = question_nonce,
		.nonce_len = sizeof(question_nonce),
		.rules = &made.rules,
		.now = NOW,
	};
	made.seen = (struct seen){ .clock = 900000, .resets = 7, .restarts = 3,
				   .firmware = FIRMWARE, .time = NOW - 100 };
	memcpy(made.seen.ak, name, sizeof(name));
}

static size_t sign(const u8 *p, size_t len, u8 *out, size_t size)
{
	TPMT_SIGNATURE signature = { .sigAlg = TPM2_ALG_ECDSA };
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const u8 *at;
	u8 der[80];
	size_t n = sizeof(der);
	ECDSA_SIG *sig;

	assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key),
			 1);
	assert_int_equal(EVP_DigestSign(ctx, der, &n, p, len), 1);
	EVP_MD_CTX_free(ctx);
	at = der;
	sig = d2i_ECDSA_SIG(NULL, &at, (long)n);
	signature.signature.ecdsa.hash = TPM2_ALG_SHA256;
	signature.signature.ecdsa.signatureR.size =
		signature.signature.ecdsa.signatureS.size = 32;
	BN_bn2binpad(ECDSA_SIG_get0_r(sig),
		     signature.signature.ecdsa.signatureR.buffer, 32);
	BN_bn2binpad(ECDSA_SIG_get0_s(sig),
		     signature.signature.ecdsa.signatureS.buffer, 32);
	ECDSA_SIG_free(sig);
	n = 0;
	assert_int_equal(Tss2_MU_TPMT_SIGNATURE_Marshal(&signature, out, size,
							&n), 0);
	return n;
}

/* Signs it, and has it judged: the check that fails, or CHECKS. */
static enum check judged(void)
{
	struct evidence evidence = { 0 };
	u8 *p = made.bytes[PART_QUOTE];
	size_t n = 0;
	bool accepted;

	assert_int_equal(Tss2_MU_TPMT_PUBLIC_Marshal(&made.ak,
		made.bytes[PART_AK], sizeof(made.bytes[0]), &n), 0);
	evidence.part[PART_AK].len = n;
	n = 0;
	assert_int_equal(Tss2_MU_TPMS_ATTEST_Marshal(&made.attest, p,
		sizeof(made.bytes[0]), &n), 0);
	if (made.patch >= 0)
		p[made.patch] ^= 1;
	evidence.part[PART_QUOTE].len = n;
	evidence.part[PART_QUOTE_SIGNATURE].len =
		sign(p, n, made.bytes[PART_QUOTE_SIGNATURE],
		     sizeof(made.bytes[0]));
	evidence.part[PART_REGISTERS].len = (size_t)registers_write(
		&made.given, &made.values, made.bytes[PART_REGISTERS],
		sizeof(made.bytes[0]));
	evidence.part[PART_AK].p = made.bytes[PART_AK];
	evidence.part[PART_QUOTE].p = p;
	evidence.part[PART_QUOTE_SIGNATURE].p =
		made.bytes[PART_QUOTE_SIGNATURE];
	if (!made.no_values)
		evidence.part[PART_REGISTERS].p = made.bytes[PART_REGISTERS];
	if (!made.no_log)
		evidence.part[PART_EVENT_LOG].p = made.log.p;
	evidence.part[PART_EVENT_LOG].len = made.log.len;
	if (!made.no_ima)
		evidence.part[PART_IMA].p = made.ima.p;
	evidence.part[PART_IMA].len = made.ima.len;
	accepted = judge(&evidence, &made.question, &judgement);
	assert_int_equal(accepted, judgement.failed == CHECKS);
	assert_int_equal(accepted, !*judgement.why);
	exact_free(made.log.p);
	exact_free(made.ima.p);
	return judgement.failed;
}

/* ---- forgeries -------------------------------------------------------------------- */

static void nothing(void) {}

static void not_restricted(void)
{
	made.ak.objectAttributes &= ~(u32)TPMA_OBJECT_RESTRICTED;
}

static void not_fixed(void)
{
	made.ak.objectAttributes &= ~(u32)TPMA_OBJECT_FIXEDTPM;
}

static void not_of_this_parent(void)
{
	made.ak.objectAttributes &= ~(u32)TPMA_OBJECT_FIXEDPARENT;
}

static void not_born_there(void)
{
	made.ak.objectAttributes &= ~(u32)TPMA_OBJECT_SENSITIVEDATAORIGIN;
}

static void decrypts(void)
{
	made.ak.objectAttributes |= TPMA_OBJECT_DECRYPT;
}

static void unknown_key(void)
{
	made.rules.ak[0][5] ^= 1;
}

static void nobody_known(void)
{
	made.rules.aks = 0;
}

static void other_than_before(void)
{
	made.seen.ak[5] ^= 1;
	made.question.seen = &made.seen;
}

static void other_scheme(void)
{
	made.ak.parameters.eccDetail.scheme.scheme = TPM2_ALG_ECDAA;
	made.ak.parameters.eccDetail.scheme.details.ecdaa.hashAlg =
		TPM2_ALG_SHA256;
	assert_int_equal(attest_name(&made.ak, made.rules.ak[0]), 0);
}

static void wrong_magic(void)
{
	made.patch = 3;
}

static void of_type(TPM2_ST type)
{
	made.attest.type = type;
	memset(&made.attest.attested, 0, sizeof(made.attest.attested));
}

static void type_certify(void)
{
	of_type(TPM2_ST_ATTEST_CERTIFY);
}

static void type_nv(void)
{
	of_type(TPM2_ST_ATTEST_NV);
}

static void type_time(void)
{
	of_type(TPM2_ST_ATTEST_TIME);
}

static void type_session(void)
{
	of_type(TPM2_ST_ATTEST_SESSION_AUDIT);
}

static void type_creation(void)
{
	of_type(TPM2_ST_ATTEST_CREATION);
}

static void other_nonce(void)
{
	made.attest.extraData.buffer[31] ^= 1;
}

static void no_nonce(void)
{
	made.attest.extraData.size = 0;
}

/* As tpm2_quote would have it: no answer to a question of ours. */
static void bare_nonce(void)
{
	memcpy(made.attest.extraData.buffer, question_nonce, 32);
}

/* A key's certificate is no quote, whatever it says. */
static void other_purpose(void)
{
	attest_extra("key", question_nonce, sizeof(question_nonce),
		     made.attest.extraData.buffer);
}

static void ours_as_bare(void)
{
	made.question.bare = true;
}

static void other_hierarchy(void)
{
	attest_qualified(TPM2_RH_OWNER, NULL, made.rules.ak[0],
			 made.attest.qualifiedSigner.name);
}

static void no_signer(void)
{
	made.attest.qualifiedSigner.size = 0;
}

/* All of these say the same in the quote and beside it: fewer than were asked for. */
static void fewer_registers(void)
{
	made.given.pcrs[0].mask &= ~(u32)BIT(7);
	set_digest();
}

static void no_registers(void)
{
	made.given.pcrs[0].mask = 0;
	set_digest();
}

static void more_registers(void)
{
	made.given.pcrs[0].mask |= (u32)BIT(9);
	made.values.known[1] |= (u32)BIT(9);
	set_digest();
}

static void other_bank(void)
{
	made.attest.attested.quote.pcrSelect.pcrSelections[0].hash =
		TPM2_ALG_SHA384;
}

static void other_value(void)
{
	made.values.value[1][7][0] ^= 1;
}

static void values_of_others(void)
{
	made.given.pcrs[0].mask |= (u32)BIT(9);
}

static void lacking_values(void)
{
	made.no_values = true;
}

static void short_digest(void)
{
	made.attest.attested.quote.pcrDigest.size = 31;
}

static void cut_log(void)
{
	made.log.len--;
}

static void lacking_log(void)
{
	made.rules.log = true;
	made.no_log = true;
}

/* A log of a machine that is well, beside registers of one that is not. */
static void clean_log(void)
{
	made.values.value[1][4][0] ^= 1;
	set_digest();
}

/* A log that says nothing of a register which was extended. */
static void empty_log(void)
{
	made.log.len = 69;
}

/* Of SHA-1 alone, where SHA-256 was asked for. */
static void old_log(void)
{
	exact_free(made.log.p);
	made.log = vector(VECTORS, "legacy");
}

/* Nothing that was quoted is the firmware's. */
static void log_of_nothing(void)
{
	made.given.pcrs[0].mask = BIT(10);
	made.values.known[1] = BIT(10);
	set_digest();
	made.rules.registers = made.given;
	made.rules.log = true;
}

static void replay_not_quoted(void)
{
	assert_int_equal(registers_say(&made.rules.replay, "sha256:14"), 0);
}

static void replay_of_ima(void)
{
	assert_int_equal(registers_say(&made.rules.replay, "sha256:0+10"), 0);
}

static void cut_ima(void)
{
	made.ima.len--;
}

static void lacking_ima(void)
{
	made.rules.ima = true;
	made.no_ima = true;
}

static void lacking_ima_for_files(void)
{
	made.rules.ima_allow = (char *)(uintptr_t)"files";
	made.no_ima = true;
}

static void other_ima(void)
{
	exact_free(made.ima.p);
	made.ima = vector(VECTORS, "all");
}

static void older_resets(void)
{
	made.question.seen = &made.seen;
	made.seen.resets = 8;
}

static void older_restarts(void)
{
	made.question.seen = &made.seen;
	made.seen.restarts = 4;
}

static void older_clock(void)
{
	made.question.seen = &made.seen;
	made.seen.clock = 1000001;
}

static void same_clock(void)
{
	made.question.seen = &made.seen;
	made.seen.clock = 1000000;
}

static void other_boot(void)
{
	made.question.seen = &made.seen;
	made.seen.resets = 6;
	made.rules.same_boot = true;
}

/* 100 s went by on its clock, and 1000 on ours. */
static void too_old(void)
{
	made.question.seen = &made.seen;
	made.seen.time = NOW - 1000;
	made.rules.max_age = 899;
}

static void unsafe(void)
{
	made.attest.clockInfo.safe = 0;
	made.rules.safe_clock = true;
}

static void denied_firmware(void)
{
	made.rules.denies = 1;
	made.rules.deny[0] = (struct rule_range){ FIRMWARE - 1, FIRMWARE };
}

static void not_allowed_firmware(void)
{
	made.rules.allows = 1;
	made.rules.allow[0] = (struct rule_range){ FIRMWARE + 1, FIRMWARE + 9 };
}

static void veiled_firmware(void)
{
	made.rules.allows = 1;
	made.rules.allow[0] = (struct rule_range){ 0, UINT64_MAX };
	made.question.any_signer = true;
	no_signer();
}

static void wanted_value(u8 number)
{
	struct rule_value *value = &made.rules.value[made.rules.values++];

	*value = (struct rule_value){ .bank = TPM_ALG_SHA256, .number = number };
	memcpy(value->digest, made.values.value[1][number], 32);
}

static void unacceptable(void)
{
	wanted_value(7);
	made.rules.value[0].digest[0] ^= 1;
}

static void other_registers_value(void)
{
	wanted_value(7);
	made.rules.value[0].number = 6;
}

/* What is acceptable in PCR 6 is not so in PCR 7. */
static void value_of_another(void)
{
	wanted_value(6);
	wanted_value(7);
	made.rules.value[1].number = 6;
	wanted_value(7);
	made.rules.value[2].digest[0] ^= 1;
}

static void unquoted_value(void)
{
	wanted_value(9);
}

static void acceptable(void)
{
	wanted_value(7);
	made.rules.value[0].digest[0] ^= 1;
	wanted_value(7);
	wanted_value(0);
	made.rules.log = made.rules.ima = made.rules.safe_clock = true;
	made.rules.allows = made.rules.denies = 1;
	made.rules.allow[0] = (struct rule_range){ FIRMWARE, FIRMWARE };
	made.rules.deny[0] = (struct rule_range){ 0, FIRMWARE - 1 };
	made.question.seen = &made.seen;
	made.rules.same_boot = true;
	made.rules.max_age = 1;
	assert_int_equal(registers_say(&made.rules.replay, "sha256:0+7"), 0);
}

static void later_boot(void)
{
	made.question.seen = &made.seen;
	made.seen.resets = 6;
	made.seen.restarts = 100;
	made.seen.clock = 1000001;
	made.rules.max_age = 1;
}

static void later_restart(void)
{
	made.question.seen = &made.seen;
	made.seen.restarts = 2;
	made.seen.clock = 1000001;
}

static void bare(void)
{
	bare_nonce();
	made.question.bare = true;
	made.question.any_signer = true;
	made.no_values = made.no_log = made.no_ima = true;
}

/* ---- certificates of keys ---------------------------------------------------------- */

static struct bytes chain;
static struct tkm_chain decoded;

/* SHA-256 after the number of it, of a public area and what is above it. */
static void name_of(const struct tkm_object *object, u8 name[TKM_NAME_SIZE])
{
	name[0] = 0;
	name[1] = 0x0b;
	SHA256(object->pub, object->pub_len, name + 2);
}

static void below(u8 above[TKM_NAME_SIZE], const u8 *front, size_t len,
		  const u8 name[TKM_NAME_SIZE])
{
	SHA256_CTX ctx;

	SHA256_Init(&ctx);
	SHA256_Update(&ctx, front, len);
	SHA256_Update(&ctx, name, TKM_NAME_SIZE);
	above[0] = 0;
	above[1] = 0x0b;
	SHA256_Final(above + 2, &ctx);
}

static void certify(void)
{
	TPMS_CERTIFY_INFO *info = &made.attest.attested.certify;
	u8 above[TKM_NAME_SIZE], before[TKM_NAME_SIZE], name[TKM_NAME_SIZE];
	struct tkm_record root;
	unsigned int i;

	made.attest.type = TPM2_ST_ATTEST_CERTIFY;
	memset(&made.attest.attested, 0, sizeof(made.attest.attested));
	attest_extra("key", question_nonce, sizeof(question_nonce),
		     made.attest.extraData.buffer);
	assert_int_equal(tkm_blob_decode(chain.p, chain.len, &decoded), 0);
	assert_int_equal(tkm_record_parse(decoded.obj[0].description,
		decoded.obj[0].description_len, &root), 0);
	below(above, (const u8 *)"\x40\0\0\1", 4, root.srk);
	for (i = 0; i < decoded.n; i++) {
		name_of(&decoded.obj[i], name);
		memcpy(before, above, sizeof(before));
		below(above, before, sizeof(before), name);
	}
	info->name.size = info->qualifiedName.size = TKM_NAME_SIZE;
	memcpy(info->name.name, name, sizeof(name));
	memcpy(info->qualifiedName.name, above, sizeof(above));
	made.question.key = chain.p;
	made.question.key_len = chain.len;
	made.no_values = made.no_log = made.no_ima = true;
	/* Nothing that is asked of registers is asked of a key. */
	made.rules.log = made.rules.ima = true;
	wanted_value(9);
}

static void certify_bare(void)
{
	certify();
	made.attest.extraData.size = 0;
	made.question.nonce_len = 0;
	made.question.bare = true;
}

static void certify_fixed(void)
{
	certify();
	made.rules.classes = BIT(TKM_CLASS_FIXED);
}

static void certify_of_another(void)
{
	certify();
	made.attest.attested.certify.name.name[9] ^= 1;
}

static void certify_elsewhere(void)
{
	certify();
	made.attest.attested.certify.qualifiedName.name[9] ^= 1;
}

static void certify_of_storage_key(void)
{
	certify();
	name_of(&decoded.obj[2], made.attest.attested.certify.name.name);
}

static void certify_without_nonce(void)
{
	certify();
	made.attest.extraData.size = 0;
}

static void certify_for_quote(void)
{
	certify();
	attest_extra("quote", question_nonce, sizeof(question_nonce),
		     made.attest.extraData.buffer);
}

static void certify_movable(void)
{
	certify();
	made.rules.classes = BIT(TKM_CLASS_PORTABLE) | BIT(TKM_CLASS_CERTIFIED);
}

static struct bytes moving;

static void use_moving(void)
{
	struct bytes fixed = chain;

	chain = moving;
	certify();
	chain = fixed;
}

static void certify_portable(void)
{
	use_moving();
	made.rules.classes = BIT(TKM_CLASS_PORTABLE);
}

static void certify_not_fixed(void)
{
	use_moving();
	made.rules.classes = BIT(TKM_CLASS_FIXED) | BIT(TKM_CLASS_CERTIFIED);
}

static void quote_for_key(void)
{
	made.question.key = chain.p;
	made.question.key_len = chain.len;
}

static void key_for_quote(void)
{
	certify();
	made.question.key = NULL;
}

static void cut_chain(void)
{
	certify();
	made.question.key_len--;
}

#define REFUSED(what, check) { #what, what, check }
#define ACCEPTED(what) { #what, what, CHECKS }

static const struct {
	const char *name;
	void (*change)(void);
	enum check fails;
} cases[] = {
	ACCEPTED(nothing),
	ACCEPTED(acceptable),
	ACCEPTED(later_boot),
	ACCEPTED(later_restart),
	ACCEPTED(bare),
	ACCEPTED(certify),
	ACCEPTED(certify_bare),
	ACCEPTED(certify_fixed),
	REFUSED(certify_of_another, CHECK_NAME),
	REFUSED(certify_of_storage_key, CHECK_NAME),
	REFUSED(cut_chain, CHECK_NAME),
	ACCEPTED(certify_portable),
	REFUSED(certify_movable, CHECK_RECORD),
	REFUSED(certify_not_fixed, CHECK_RECORD),
	REFUSED(certify_elsewhere, CHECK_PARENTS),
	REFUSED(certify_without_nonce, CHECK_NONCE),
	REFUSED(certify_for_quote, CHECK_NONCE),
	REFUSED(quote_for_key, CHECK_TYPE),
	REFUSED(key_for_quote, CHECK_TYPE),
	REFUSED(not_restricted, CHECK_ATTRIBUTES),
	REFUSED(not_fixed, CHECK_ATTRIBUTES),
	REFUSED(not_of_this_parent, CHECK_ATTRIBUTES),
	REFUSED(not_born_there, CHECK_ATTRIBUTES),
	REFUSED(decrypts, CHECK_ATTRIBUTES),
	REFUSED(unknown_key, CHECK_BINDING),
	REFUSED(nobody_known, CHECK_BINDING),
	REFUSED(other_than_before, CHECK_BINDING),
	REFUSED(other_scheme, CHECK_SIGNATURE),
	REFUSED(wrong_magic, CHECK_MAGIC),
	REFUSED(type_certify, CHECK_TYPE),
	REFUSED(type_nv, CHECK_TYPE),
	REFUSED(type_time, CHECK_TYPE),
	REFUSED(type_session, CHECK_TYPE),
	REFUSED(type_creation, CHECK_TYPE),
	REFUSED(other_nonce, CHECK_NONCE),
	REFUSED(no_nonce, CHECK_NONCE),
	REFUSED(bare_nonce, CHECK_NONCE),
	REFUSED(other_purpose, CHECK_NONCE),
	REFUSED(ours_as_bare, CHECK_NONCE),
	REFUSED(other_hierarchy, CHECK_SIGNER),
	REFUSED(no_signer, CHECK_SIGNER),
	REFUSED(fewer_registers, CHECK_SELECTION),
	REFUSED(no_registers, CHECK_SELECTION),
	REFUSED(more_registers, CHECK_SELECTION),
	REFUSED(other_bank, CHECK_SELECTION),
	REFUSED(other_value, CHECK_VALUES),
	REFUSED(values_of_others, CHECK_VALUES),
	REFUSED(lacking_values, CHECK_VALUES),
	REFUSED(short_digest, CHECK_VALUES),
	REFUSED(cut_log, CHECK_EVENT_LOG),
	REFUSED(lacking_log, CHECK_EVENT_LOG),
	REFUSED(clean_log, CHECK_REPLAY),
	REFUSED(empty_log, CHECK_REPLAY),
	REFUSED(old_log, CHECK_REPLAY),
	REFUSED(log_of_nothing, CHECK_REPLAY),
	REFUSED(replay_not_quoted, CHECK_REPLAY),
	REFUSED(replay_of_ima, CHECK_REPLAY),
	REFUSED(cut_ima, CHECK_IMA),
	REFUSED(lacking_ima, CHECK_IMA),
	REFUSED(lacking_ima_for_files, CHECK_IMA),
	REFUSED(other_ima, CHECK_IMA),
	REFUSED(older_resets, CHECK_CLOCK),
	REFUSED(older_restarts, CHECK_CLOCK),
	REFUSED(older_clock, CHECK_CLOCK),
	REFUSED(same_clock, CHECK_CLOCK),
	REFUSED(other_boot, CHECK_CLOCK),
	REFUSED(too_old, CHECK_CLOCK),
	REFUSED(unsafe, CHECK_CLOCK),
	REFUSED(denied_firmware, CHECK_FIRMWARE),
	REFUSED(not_allowed_firmware, CHECK_FIRMWARE),
	REFUSED(veiled_firmware, CHECK_FIRMWARE),
	REFUSED(unacceptable, CHECK_REGISTERS),
	REFUSED(other_registers_value, CHECK_REGISTERS),
	REFUSED(value_of_another, CHECK_REGISTERS),
	REFUSED(unquoted_value, CHECK_REGISTERS),
};

/* The first of those that are quotes. */
#define FORGERIES	19

static void test_forgeries(void **state)
{
	enum check is;
	size_t i;
	int k;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		begin();
		cases[i].change();
		is = judged();
		if (is != cases[i].fails)
			fail_msg("%s: %s, %s", cases[i].name,
				 is == CHECKS ? "accepted" : check_word(is),
				 judgement.why);
		/* Those after it were not made. */
		for (k = (int)is + 1; k < CHECKS; k++)
			assert_int_equal(judgement.outcome[k], NOT_ASKED);
	}
}

/* The order is the one in which checks are to be made. */
static void test_order(void **state)
{
	static const char *const order[] = {
		"evidence", "ek-certificate", "ek-public", "attributes", "binding", "signature", "magic", "type",
		"nonce", "signer", "name", "record", "parents", "selection", "values", "event-log", "replay",
		"ima", "clock", "firmware", "registers",
	};
	int i;

	(void)state;
	assert_int_equal(ARRAY_SIZE(order), CHECKS);
	for (i = 0; i < CHECKS; i++)
		assert_string_equal(check_word((enum check)i), order[i]);
	/* Everything is wrong with it. */
	begin();
	for (i = FORGERIES; i < (int)ARRAY_SIZE(cases); i++)
		if (cases[i].fails > CHECK_BINDING &&
		    cases[i].change != old_log && cases[i].change != other_ima &&
		    cases[i].fails != CHECK_TYPE &&
		    cases[i].fails != CHECK_SIGNATURE)
			cases[i].change();
	assert_int_equal(judged(), CHECK_MAGIC);
}

/* ---- a real quote ------------------------------------------------------------------ */

static struct evidence real;

static void take(enum part part, const char *name)
{
	struct bytes b = vector(VECTORS, name);

	real.part[part].p = b.p;
	real.part[part].len = b.len;
}

static void take_real(struct rules *rules, struct question *question,
		      const u8 *parent)
{
	struct bytes name = vector(VECTORS, "ecdsa.ak.name");
	struct bytes nonce = vector(VECTORS, "nonce");

	take(PART_AK, "ecdsa.ak.pub");
	take(PART_QUOTE, "ecdsa.msg");
	take(PART_QUOTE_SIGNATURE, "ecdsa.sig");
	take(PART_REGISTERS, "ecdsa.pcrs");
	take(PART_EVENT_LOG, "log");
	take(PART_IMA, "ima");
	memset(rules, 0, sizeof(*rules));
	rules->aks = 1;
	memcpy(rules->ak[0], name.p, name.len);
	assert_int_equal(registers_say(&rules->registers,
			"sha256:0+1+2+3+4+5+6+7+10+14"), 0);
	assert_int_equal(registers_say(&rules->registers, "sha1:0,10"), 0);
	memset(question, 0, sizeof(*question));
	memcpy(made.bytes[0], nonce.p, nonce.len);
	question->nonce = made.bytes[0];
	question->nonce_len = nonce.len;
	question->bare = true;
	question->rules = rules;
	question->parent = parent;
	exact_free(name.p);
	exact_free(nonce.p);
}

static void drop_real(void)
{
	int i;

	for (i = 0; i <= PART_IMA; i++)
		exact_free(real.part[i].p);
}

static const char *file = "f00d";

static void set_files(struct rules *rules, const char *one)
{
	static const char *const names[] = { "/usr/lib/systemd/systemd",
					     "/usr/bin/bash", "/usr/bin/true" };
	char text[512] = "# files\n\n", *end;
	unsigned int line;
	u8 digest[32];
	size_t i, k;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (one && !strcmp(one, names[i]))
			continue;
		SHA256((const u8 *)names[i], strlen(names[i]), digest);
		end = text + strlen(text);
		for (k = 0; k < 32; k++)
			end += sprintf(end, "%02x", digest[k]);
		sprintf(end, "  %s\n", names[i]);
	}
	assert_int_equal(rules_files(rules, text, &line), 0);
	rules->ima_allow = strdup(file);
}

/* A quote of tpm2-tools', with the log and the list that its registers come from. */
static void test_real(void **state)
{
	static struct rules rules;
	struct bytes ek = vector(VECTORS, "ek");
	u8 name[TKM_NAME_SIZE], parent[TKM_NAME_SIZE];
	struct question question;
	TPMT_PUBLIC pub;

	(void)state;
	assert_int_equal(attest_public(ek.p, ek.len, &pub), 0);
	assert_int_equal(attest_name(&pub, name), 0);
	attest_qualified(TPM2_RH_ENDORSEMENT, NULL, name, parent);
	take_real(&rules, &question, parent);
	rules.log = rules.ima = true;
	assert_int_equal(registers_say(&rules.replay,
			"sha256:0+1+2+3+4+5+6+7+14"), 0);
	assert_true(judge(&real, &question, &judgement));
	assert_int_equal(judgement.ima.covered, 4);
	assert_int_equal(judgement.outcome[CHECK_SIGNER], PASSED);
	assert_int_equal(judgement.outcome[CHECK_REPLAY], PASSED);
	/* Files are on the list, or are not. */
	set_files(&rules, NULL);
	assert_true(judge(&real, &question, &judgement));
	rules_free(&rules);
	rules.n_files = 0;
	set_files(&rules, "/usr/bin/bash");
	assert_false(judge(&real, &question, &judgement));
	assert_int_equal(judgement.failed, CHECK_IMA);
	assert_string_equal(judgement.why,
			    "/usr/bin/bash is not on the list of files");
	rules_free(&rules);
	rules.n_files = 0;
	/* The endorsement key is another one's. */
	parent[5] ^= 1;
	assert_false(judge(&real, &question, &judgement));
	assert_int_equal(judgement.failed, CHECK_SIGNER);
	drop_real();
	exact_free(ek.p);
}

/* Each bit of what is signed, of the signature, of the key and of the values. */
static void test_real_flipped(void **state)
{
	static const enum part parts[] = { PART_AK, PART_QUOTE,
					   PART_QUOTE_SIGNATURE };
	static struct rules rules;
	struct question question;
	size_t i, bit;
	u8 *p;

	(void)state;
	take_real(&rules, &question, NULL);
	question.any_signer = true;
	assert_true(judge(&real, &question, &judgement));
	for (i = 0; i < ARRAY_SIZE(parts); i++)
		for (bit = 0; bit < 8 * real.part[parts[i]].len; bit++) {
			p = (u8 *)(uintptr_t)real.part[parts[i]].p;
			p[bit / 8] ^= (u8)(1 << bit % 8);
			assert_false(judge(&real, &question, &judgement));
			assert_true(judgement.failed <= CHECK_SIGNATURE);
			p[bit / 8] ^= (u8)(1 << bit % 8);
		}
	assert_true(judge(&real, &question, &judgement));
	drop_real();
}

/*
 * Bits of a chain: it is another key's, or damaged, or the bit is one that nobody
 * certifies: of what only the TPM can read, or whether there is a value to ask for.
 */
static void test_chain_flipped(void **state)
{
	struct tkm_chain is;
	size_t bit, taken = 0;
	unsigned int i;
	u8 *right;

	(void)state;
	right = exact(chain.p, chain.len);
	/* One of each byte, for each takes a signature. */
	for (bit = 0; bit < 8 * chain.len; bit += bit % 8 == 7 ? 1 : 9) {
		begin();
		certify();
		assert_int_equal(tkm_blob_decode(right, chain.len, &is), 0);
		chain.p[bit / 8] ^= (u8)(1 << bit % 8);
		if (judged() == CHECKS) {
			assert_int_equal(judgement.chain.n, is.n);
			for (i = 0; i < is.n; i++) {
				const struct tkm_object *a = &is.obj[i];
				const struct tkm_object *b =
					&judgement.chain.obj[i];

				assert_int_equal(a->pub_len, b->pub_len);
				assert_memory_equal(a->pub, b->pub, a->pub_len);
				assert_int_equal(a->description_len,
						 b->description_len);
				assert_memory_equal(a->description,
						    b->description,
						    a->description_len);
				assert_int_equal(a->policy.n, b->policy.n);
			}
			taken++;
		} else {
			assert_in_range(judgement.failed, CHECK_NAME,
					CHECK_PARENTS);
		}
		chain.p[bit / 8] ^= (u8)(1 << bit % 8);
	}
	assert_true(taken < chain.len / 2);
	exact_free(right);
}

/* Files that changed while they were measured. */
static void test_violations(void **state)
{
	struct bytes b;
	int bank = bank_of(TPM_ALG_SHA256);

	(void)state;
	for (bool allowed = false;; allowed = true) {
		begin();
		other_ima();
		b = vector(VECTORS, "all.sha256.10");
		memcpy(made.values.value[bank][10], b.p, 32);
		exact_free(b.p);
		set_digest();
		made.rules.violations = allowed;
		assert_int_equal(judged(), allowed ? CHECKS : CHECK_IMA);
		if (allowed)
			break;
	}
}

/* ---- policy files, records -------------------------------------------------------------- */

#define NAME68	"000b0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEX64	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static int read_rules(struct rules *rules, const char *text, unsigned int *line)
{
	char *copy = strdup(text);
	const char *what;
	int ret;

	memset(rules, 0, sizeof(*rules));
	ret = rules_read(rules, copy, line, &what);
	rules_free(rules);
	free(copy);
	return ret;
}

static void test_rules(void **state)
{
	static const char *const wrong[] = {
		"x", "x = y", "ak", "ak =", "ak = " HEX64, "ak = " NAME68 "0",
		"ak = 0004" HEX64, "registers = 7", "registers = sha256:",
		"registers = sha256:24", "registers = sha256:07",
		"registers = sha256:7+", "registers = md5:7",
		"registers = sha256:7 8", "value = sha256:7=00",
		"value = sha256:24=" HEX64, "event-log = yes", "ima = no",
		"key-class = open", "ima-violations = required", "boot = safe", "clock = same",
		"max-age = 0", "max-age = -1", "max-age = 1x",
		"max-age = 9999999999", "firmware-allow = 1",
		"firmware-deny = 0000000000000002..0000000000000001",
		"ima-allow = a\nima-allow = b",
	};
	static struct rules rules;
	unsigned int line;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		if (!read_rules(&rules, wrong[i], &line))
			fail_msg("%s", wrong[i]);
	assert_int_equal(read_rules(&rules, "# all\n\n"
		"ak = " NAME68 "\r\n  ak=" NAME68 " # twice\n"
		"registers = sha256:0+1,7\nregisters = sha1:23\n"
		"value = sha256:7=" HEX64 "\nevent-log = required\n"
		"replay = sha256:0\nima = required\nima-allow = files\n"
		"key-class = fixed\nkey-class = certified\n"
		"ima-violations = allowed\nboot = same\nclock = safe\n"
		"max-age = 60\nfirmware-allow = 0000000000000001\n"
		"firmware-deny = 0000000000000002..ffffffffffffffff", &line), 0);
	assert_int_equal(rules.aks, 2);
	assert_int_equal(rules.registers.n, 2);
	assert_int_equal(rules.registers.pcrs[0].mask, BIT(0) | BIT(1) | BIT(7));
	assert_int_equal(rules.value[0].number, 7);
	assert_true(rules.log && rules.ima && rules.violations &&
		    rules.same_boot && rules.safe_clock);
	assert_int_equal(rules.classes, BIT(TKM_CLASS_FIXED) |
					BIT(TKM_CLASS_CERTIFIED));
	assert_int_equal(rules.max_age, 60);
	assert_int_equal(rules.allow[0].last, 1);
	assert_true(rules.deny[0].last == UINT64_MAX);
	assert_int_equal(read_rules(&rules, "ima = optional\n\nx", &line),
			 -EBADMSG);
	assert_int_equal(line, 3);
}

static void test_files(void **state)
{
	char good[] = HEX64 "  a\n\n# b\n0123456789abcdef0123456789abcdef01234567\n";
	char bad[] = HEX64 "\n0123\n";
	static struct rules rules;
	unsigned int line;

	(void)state;
	assert_int_equal(rules_files(&rules, good, &line), 0);
	assert_int_equal(rules.n_files, 2);
	rules_free(&rules);
	rules.n_files = 0;
	assert_int_equal(rules_files(&rules, bad, &line), -EBADMSG);
	assert_int_equal(line, 2);
	rules_free(&rules);
}

static void no_record(const u8 *p, size_t n)
{
	struct seen seen;

	assert_int_equal(seen_read((const char *)p, n, &seen), -EBADMSG);
}

static struct seen remembered;

static void other_record(const u8 *p, size_t n)
{
	struct seen seen;

	if (!seen_read((const char *)p, n, &seen))
		assert_memory_not_equal(&seen, &remembered, sizeof(seen));
}

static void test_records(void **state)
{
	char text[SEEN_MAX];
	struct seen seen;
	size_t n;

	(void)state;
	begin();
	assert_int_equal(judged(), CHECKS);
	memset(&remembered, 0, sizeof(remembered));
	judge_seen(&judgement, NOW, &remembered);
	assert_int_equal(remembered.clock, 1000000);
	assert_int_equal(remembered.resets, 7);
	assert_int_equal(remembered.restarts, 3);
	n = seen_write(&remembered, text);
	assert_int_equal(seen_read(text, n, &seen), 0);
	assert_memory_equal(&seen, &remembered, sizeof(seen));
	each_truncation(text, n, no_record);
	each_flip(text, n, other_record);
	/* And the same once more is not believed. */
	begin();
	made.seen = remembered;
	made.question.seen = &made.seen;
	assert_int_equal(judged(), CHECK_CLOCK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forgeries),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_real),
		cmocka_unit_test(test_real_flipped),
		cmocka_unit_test(test_chain_flipped),
		cmocka_unit_test(test_violations),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_records),
	};
	int ret;

	key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	chain = vector("chains.vec", "plain");
	moving = vector("chains.vec", "portable");
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	exact_free(chain.p);
	exact_free(moving.p);
	EVP_PKEY_free(key);
	return ret;
}
