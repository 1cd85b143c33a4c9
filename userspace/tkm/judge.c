// SPDX-License-Identifier: GPL-2.0
/*
 * The checks. Each says what it found wrong, and is made only when those before it
 * passed: what a signature covers is looked at when the signature holds.
 */
#include <stdarg.h>
#include <stdlib.h>

#include "ak.h"
#include "judge.h"

/* Those that a firmware's log is about, unless a policy says others. */
#define FIRMWARE_REGISTERS	0xff

static const char *const names[CHECKS] = {
	[CHECK_EVIDENCE] = "evidence",
	[CHECK_EK_CERTIFICATE] = "ek-certificate",
	[CHECK_EK_PUBLIC] = "ek-public",
	[CHECK_ATTRIBUTES] = "attributes",
	[CHECK_BINDING] = "binding",
	[CHECK_SIGNATURE] = "signature",
	[CHECK_MAGIC] = "magic",
	[CHECK_TYPE] = "type",
	[CHECK_NONCE] = "nonce",
	[CHECK_SIGNER] = "signer",
	[CHECK_NAME] = "name",
	[CHECK_RECORD] = "record",
	[CHECK_PARENTS] = "parents",
	[CHECK_SELECTION] = "selection",
	[CHECK_VALUES] = "values",
	[CHECK_EVENT_LOG] = "event-log",
	[CHECK_REPLAY] = "replay",
	[CHECK_IMA] = "ima",
	[CHECK_CLOCK] = "clock",
	[CHECK_FIRMWARE] = "firmware",
	[CHECK_REGISTERS] = "registers",
};

const char *check_word(enum check check)
{
	return names[check];
}

/* All that a check looks at. */
struct court {
	const struct evidence *evidence;
	const struct question *question;
	const struct rules *rules;
	struct judgement *j;
	struct values started;	/* before anything is extended */
	struct values played;
};

__attribute__((format(printf, 2, 3)))
static enum outcome no(struct court *court, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(court->j->why, sizeof(court->j->why), format, args);
	va_end(args);
	return NOT_PASSED;
}

static bool has(const struct court *court, enum part part)
{
	return court->evidence->part[part].p;
}

/* ---- who signed ------------------------------------------------------------------- */

static enum outcome check_evidence(struct court *court)
{
	static const enum part wanted[] = { PART_AK, PART_QUOTE,
					    PART_QUOTE_SIGNATURE };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wanted); i++)
		if (!has(court, wanted[i]))
			return no(court, "there is no %s",
				  evidence_part_name(wanted[i]));
	if (attest_public(court->evidence->part[PART_AK].p,
			  court->evidence->part[PART_AK].len, &court->j->ak))
		return no(court, "the attestation key's public area is not understood");
	if (attest_name(&court->j->ak, court->j->name))
		return no(court, "the attestation key's Name is not of SHA-256");
	if (attest_signature(court->evidence->part[PART_QUOTE_SIGNATURE].p,
			     court->evidence->part[PART_QUOTE_SIGNATURE].len,
			     &court->j->signature))
		return no(court, "the signature is not understood");
	return PASSED;
}

static enum outcome found(struct court *court, int ret,
			  const struct finding *finding)
{
	if (!ret)
		return PASSED;
	return no(court, "%s", ret == -EKEYREJECTED ? finding->why : "no memory");
}

static enum outcome check_ek_certificate(struct court *court)
{
	const struct question *question = court->question;
	struct finding finding;

	if (!question->credential)
		return NOT_ASKED;
	return found(court, trust_choose(question->credential, question->store,
					 &court->j->ek, &finding), &finding);
}

static enum outcome check_ek_public(struct court *court)
{
	const struct credential *credential = court->question->credential;
	struct finding finding;

	if (!credential)
		return NOT_ASKED;
	return found(court, trust_ek(&credential->ek[court->j->ek], &finding),
		     &finding);
}

static enum outcome check_attributes(struct court *court)
{
	if (ak_attributes_ok(court->j->ak.objectAttributes))
		return PASSED;
	return no(court, "the key that signed may sign other things than what its TPM says, or can leave it (attributes 0x%08x)",
		  court->j->ak.objectAttributes);
}

static enum outcome check_binding(struct court *court)
{
	const struct credential *credential = court->question->credential;
	const struct seen *seen = court->question->seen;
	size_t i;

	if (credential && memcmp(credential->ak.name, court->j->name,
				 TKM_NAME_SIZE))
		return no(court, "the attestation key is another one than the credential's");
	if (seen && memcmp(seen->ak, court->j->name, TKM_NAME_SIZE))
		return no(court, "the attestation key is another one than the last time");
	for (i = 0; i < court->rules->aks; i++)
		if (!memcmp(court->rules->ak[i], court->j->name,
			    TKM_NAME_SIZE))
			return PASSED;
	return no(court, "nobody said that this attestation key is a TPM's");
}

static enum outcome check_signature(struct court *court)
{
	switch (attest_verify(&court->j->ak, &court->j->signature,
			      court->evidence->part[PART_QUOTE].p,
			      court->evidence->part[PART_QUOTE].len)) {
	case 0:
		return PASSED;
	case -EOPNOTSUPP:
		return no(court, "it is of a key or a hash that is not known, or not trusted any more");
	default:
		return no(court, "it does not hold");
	}
}

/* ---- what was signed ---------------------------------------------------------------- */

static enum outcome check_magic(struct court *court)
{
	switch (attest_read(court->evidence->part[PART_QUOTE].p,
			    court->evidence->part[PART_QUOTE].len,
			    &court->j->attest)) {
	case 0:
		return PASSED;
	case -EPROTO:
		return no(court, "what was signed was not made by a TPM");
	default:
		return no(court, "what was signed is not understood");
	}
}

static enum outcome check_type(struct court *court)
{
	TPM2_ST type = court->j->attest.type;

	if (type == (court->question->key ? TPM2_ST_ATTEST_CERTIFY :
					    TPM2_ST_ATTEST_QUOTE))
		return PASSED;
	return no(court, "it is no %s (0x%04x)",
		  court->question->key ? "certificate of a key" : "quote", type);
}

static enum outcome check_nonce(struct court *court)
{
	const struct question *question = court->question;
	const TPM2B_DATA *extra = &court->j->attest.extraData;
	u8 ours[32];

	/* What a key is does not change: its certificate may be of any time. */
	if (question->key && !question->nonce_len)
		return NOT_ASKED;
	attest_extra(question->key ? "key" : "quote", question->nonce,
		     question->nonce_len, ours);
	if (question->bare ? extra->size == question->nonce_len &&
			     !memcmp(extra->buffer, question->nonce,
				     question->nonce_len) :
			     extra->size == sizeof(ours) &&
			     !memcmp(extra->buffer, ours, sizeof(ours)))
		return PASSED;
	return no(court, "it answers another question");
}

static enum outcome check_signer(struct court *court)
{
	const TPM2B_NAME *signer = &court->j->attest.qualifiedSigner;
	u8 wanted[TKM_NAME_SIZE];

	if (court->question->any_signer)
		return NOT_ASKED;
	attest_qualified(TPM2_RH_ENDORSEMENT, court->question->parent,
			 court->j->name, wanted);
	if (signer->size == sizeof(wanted) &&
	    !memcmp(signer->name, wanted, sizeof(wanted)))
		return PASSED;
	return no(court, "the key that signed is not where it should be in the TPM's endorsement hierarchy");
}

/* ---- which key ---------------------------------------------------------------------- */

static enum outcome check_name(struct court *court)
{
	const TPM2B_NAME *certified = &court->j->attest.attested.certify.name;
	struct tkm_chain *chain = &court->j->chain;
	const struct tkm_object *key;
	u8 name[TKM_NAME_SIZE];

	if (!court->question->key)
		return NOT_ASKED;
	if (tkm_blob_decode(court->question->key, court->question->key_len,
			    chain))
		return no(court, "the key's chain is not understood");
	key = &chain->obj[chain->n - 1];
	tkm_public_name(key->pub, key->pub_len, name);
	if (certified->size == sizeof(name) &&
	    !memcmp(certified->name, name, sizeof(name)))
		return PASSED;
	return no(court, "it is of another key");
}

/* The record is in the Name, by way of authPolicy: kernel/chain.c. */
static enum outcome check_record(struct court *court)
{
	const struct tkm_chain *chain = &court->j->chain;
	struct tkm_record *record = &court->j->record;
	const struct tkm_object *key = &chain->obj[chain->n - 1];
	struct tkm_caller caller;

	if (!court->question->key)
		return NOT_ASKED;
	if (chain->flat)
		return no(court, "a flat key has none");
	if (tkm_record_parse(key->description, key->description_len, record))
		return no(court, "it is not understood");
	/* Whoever owns it may show it. */
	caller = (struct tkm_caller){
		.owner = record->owner,
		.side = record->side,
		.class = record->class,
		.app = record->app,
		.label = record->label,
		.now = court->question->now,
	};
	switch (tkm_chain_verify(chain, &caller, court->j->srk, record)) {
	case 0:
		break;
	case -EKEYEXPIRED:
		return no(court, "the key's time is over");
	case -EOPNOTSUPP:
		return no(court, "the key is of a sort that is not known");
	default:
		return no(court, "the key is not what its record says");
	}
	if (court->rules->classes && !(court->rules->classes & BIT(record->class)))
		return no(court, "the key is of class %s",
			  tkm_class_name(record->class));
	return PASSED;
}

/* From the storage root key down: the TPM says beneath which keys it lies. */
static enum outcome check_parents(struct court *court)
{
	const TPM2B_NAME *is = &court->j->attest.attested.certify.qualifiedName;
	const struct tkm_chain *chain = &court->j->chain;
	u8 wanted[TKM_NAME_SIZE], above[TKM_NAME_SIZE], name[TKM_NAME_SIZE];
	unsigned int i;

	if (!court->question->key)
		return NOT_ASKED;
	attest_qualified(TPM2_RH_OWNER, NULL, court->j->srk, wanted);
	for (i = 0; i < chain->n; i++) {
		memcpy(above, wanted, sizeof(above));
		tkm_public_name(chain->obj[i].pub, chain->obj[i].pub_len, name);
		attest_qualified(0, above, name, wanted);
	}
	if (is->size == sizeof(wanted) &&
	    !memcmp(is->name, wanted, sizeof(wanted)))
		return PASSED;
	return no(court, "the key lies elsewhere than its chain says");
}

/* ---- what registers hold ------------------------------------------------------------- */

static enum outcome check_selection(struct court *court)
{
	char is[256], wanted[256];

	if (court->question->key)
		return NOT_ASKED;
	if (attest_registers(&court->j->attest.attested.quote.pcrSelect,
			     &court->j->registers))
		return no(court, "which registers it is of is not understood");
	if (registers_same(&court->j->registers, &court->rules->registers))
		return PASSED;
	registers_tell(&court->j->registers, is, sizeof(is));
	registers_tell(&court->rules->registers, wanted, sizeof(wanted));
	return no(court, "it is of %s, and %s was asked for",
		  *is ? is : "no registers", wanted);
}

static u16 signing_hash(const TPMT_SIGNATURE *signature)
{
	return signature->sigAlg == TPM2_ALG_ECDSA ?
		       signature->signature.ecdsa.hash :
		       signature->signature.rsassa.hash;
}

static enum outcome check_values(struct court *court)
{
	const TPM2B_DIGEST *quoted =
		&court->j->attest.attested.quote.pcrDigest;
	u16 hash = signing_hash(&court->j->signature);
	struct registers given;
	u8 digest[EVP_MAX_MD_SIZE];

	if (court->question->key)
		return NOT_ASKED;
	if (!has(court, PART_REGISTERS)) {
		/* Without values nothing can be said of them. */
		if (has(court, PART_EVENT_LOG) || has(court, PART_IMA) ||
		    court->rules->values || court->rules->log ||
		    court->rules->ima || !court->question->bare)
			return no(court, "the values of the registers are not there");
		return NOT_ASKED;
	}
	if (registers_read(court->evidence->part[PART_REGISTERS].p,
			   court->evidence->part[PART_REGISTERS].len, &given,
			   &court->j->values))
		return no(court, "they are not understood");
	if (!registers_same(&given, &court->j->registers))
		return no(court, "they are of other registers than the quote");
	if (registers_digest(&court->j->registers, &court->j->values, hash,
			     digest) ||
	    quoted->size != tkm_hash_size(hash) ||
	    memcmp(quoted->buffer, digest, quoted->size))
		return no(court, "they are not those that were quoted");
	return PASSED;
}

/* ---- where it comes from --------------------------------------------------------------- */

static enum outcome check_event_log(struct court *court)
{
	memset(&court->played, 0, sizeof(court->played));
	if (court->question->key)
		return NOT_ASKED;
	if (!has(court, PART_EVENT_LOG))
		return court->rules->log ?
			       no(court, "there is none") : NOT_ASKED;
	switch (values_log(&court->played,
			   court->evidence->part[PART_EVENT_LOG].p,
			   court->evidence->part[PART_EVENT_LOG].len)) {
	case 0:
		return PASSED;
	case -E2BIG:
		return no(court, "it is too long");
	default:
		return no(court, "it is not understood");
	}
}

/* Registers that the log does not name still hold what they began with. */
static bool follows(const struct court *court, int bank, int number)
{
	const struct values *wanted =
		court->played.known[bank] & BIT(number) ? &court->played :
							  &court->started;

	return !memcmp(court->j->values.value[bank][number],
		       wanted->value[bank][number],
		       tkm_hash_size(bank_alg(bank)));
}

static enum outcome check_replay(struct court *court)
{
	const struct registers *quoted = &court->j->registers;
	const struct registers *said = &court->rules->replay;
	u32 mask, wanted;
	bool any = false;
	size_t i, k;
	int bank, n;

	if (court->question->key || !has(court, PART_EVENT_LOG))
		return NOT_ASKED;
	for (i = 0; i < quoted->n; i++) {
		bank = bank_of(quoted->pcrs[i].bank);
		wanted = said->n ? 0 : FIRMWARE_REGISTERS;
		for (k = 0; k < said->n; k++)
			if (said->pcrs[k].bank == quoted->pcrs[i].bank)
				wanted = said->pcrs[k].mask;
		if (bank < 0)
			continue;
		mask = quoted->pcrs[i].mask & wanted;
		any |= !!mask;
		for (n = 0; n < REGISTERS; n++)
			if (mask & BIT(n) && !follows(court, bank, n))
				return no(court, "%s:%d does not follow from the event log",
					  tkm_hash_name(quoted->pcrs[i].bank), n);
	}
	for (k = 0; k < said->n; k++)
		for (n = 0; n < REGISTERS; n++) {
			bank = bank_of(said->pcrs[k].bank);
			if (said->pcrs[k].mask & BIT(n) &&
			    !(court->j->values.known[bank] & BIT(n)))
				return no(court, "%s:%d was not quoted",
					  tkm_hash_name(said->pcrs[k].bank), n);
		}
	if (!any && court->rules->log)
		return no(court, "no register that the event log is about was quoted");
	return any ? PASSED : NOT_ASKED;
}

static int by_digest(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct rule_digest));
}

/* 1, with the reason, for a file that is not acceptable. */
static int look_at_file(const struct ima_entry *entry, void *data)
{
	struct court *court = data;
	struct rule_digest one = { .alg = entry->alg };

	if (entry->violation || ima_is_boot_aggregate(entry))
		return 0;
	memcpy(one.digest, entry->digest, entry->digest_len);
	if (entry->alg && bsearch(&one, court->rules->files,
				  court->rules->n_files, sizeof(one), by_digest))
		return 0;
	no(court, "%.*s is not on the list of files",
	   (int)min_t(u32, entry->name_len, 200), (const char *)entry->name);
	return 1;
}

static enum outcome check_ima(struct court *court)
{
	const u8 *list = court->evidence->part[PART_IMA].p;
	size_t len = court->evidence->part[PART_IMA].len;

	if (court->question->key)
		return NOT_ASKED;
	if (!list)
		return court->rules->ima || court->rules->ima_allow ?
			       no(court, "there is no list") : NOT_ASKED;
	switch (ima_match(list, len, &court->j->values,
			  court->j->registers.pcrs, court->j->registers.n,
			  &court->j->ima)) {
	case 0:
		break;
	case -ENOENT:
		return no(court, "the list does not lead to the registers");
	case -E2BIG:
		return no(court, "the list is too long");
	default:
		return no(court, "the list is not understood");
	}
	if (court->j->ima.violations && !court->rules->violations)
		return no(court, "%u files changed while they were measured",
			  court->j->ima.violations);
	if (court->rules->ima_allow &&
	    ima_each(list, len, court->j->ima.covered, look_at_file, court))
		return NOT_PASSED;
	return PASSED;
}

/* ---- when, and what ---------------------------------------------------------------------- */

/* In seconds, by the TPM's clock since the last time; less than none is none. */
static s64 age_of(const struct court *court)
{
	const struct seen *seen = court->question->seen;
	s64 ours = court->question->now - seen->time;
	s64 theirs = (s64)((court->j->attest.clockInfo.clock - seen->clock) /
			   1000);

	return ours - theirs;
}

static enum outcome check_clock(struct court *court)
{
	const TPMS_CLOCK_INFO *is = &court->j->attest.clockInfo;
	const struct seen *was = court->question->seen;
	bool same;

	if (court->rules->safe_clock && !is->safe)
		return no(court, "the TPM was not shut down orderly, and its clock may have gone back");
	if (!was)
		return court->rules->safe_clock ? PASSED : NOT_ASKED;
	same = is->resetCount == was->resets;
	if (is->resetCount < was->resets ||
	    (same && is->restartCount < was->restarts))
		return no(court, "it is older than the last one: the TPM has started more often since, or was cleared");
	if (court->rules->same_boot && !same)
		return no(court, "the machine has started again since the last time");
	same = same && is->restartCount == was->restarts;
	if (same && is->clock <= was->clock)
		return no(court, "it is not younger than the last one");
	if (same && court->rules->max_age &&
	    age_of(court) > (s64)court->rules->max_age)
		return no(court, "it is %lld seconds old",
			  (long long)age_of(court));
	return PASSED;
}

static bool in_range(const struct rule_range *range, size_t n, u64 version)
{
	while (n--)
		if (range[n].first <= version && version <= range[n].last)
			return true;
	return false;
}

static enum outcome check_firmware(struct court *court)
{
	u64 version = court->j->attest.firmwareVersion;
	const struct rules *rules = court->rules;

	if (!rules->allows && !rules->denies)
		return NOT_ASKED;
	if (court->j->outcome[CHECK_SIGNER] != PASSED)
		return no(court, "its version is veiled: the key that signed is not known to be in the endorsement hierarchy");
	if (in_range(rules->deny, rules->denies, version) ||
	    (rules->allows && !in_range(rules->allow, rules->allows, version)))
		return no(court, "the TPM has firmware %016llx",
			  (unsigned long long)version);
	return PASSED;
}

static enum outcome check_registers(struct court *court)
{
	const struct rules *rules = court->rules;
	const struct rule_value *one, *other;
	size_t i, k;
	int bank;
	bool good;

	if (court->question->key)
		return NOT_ASKED;
	for (i = 0; i < rules->values; i++) {
		one = &rules->value[i];
		bank = bank_of(one->bank);
		if (!(court->j->values.known[bank] & BIT(one->number)))
			return no(court, "%s:%u was not quoted",
				  tkm_hash_name(one->bank), one->number);
		for (k = 0, good = false; k < rules->values && !good; k++) {
			other = &rules->value[k];
			good = other->bank == one->bank &&
			       other->number == one->number &&
			       !memcmp(other->digest,
				       court->j->values.value[bank][one->number],
				       tkm_hash_size(one->bank));
		}
		if (!good)
			return no(court, "%s:%u has another value",
				  tkm_hash_name(one->bank), one->number);
	}
	return rules->values ? PASSED : NOT_ASKED;
}

static enum outcome (*const checks[CHECKS])(struct court *court) = {
	[CHECK_EVIDENCE] = check_evidence,
	[CHECK_EK_CERTIFICATE] = check_ek_certificate,
	[CHECK_EK_PUBLIC] = check_ek_public,
	[CHECK_ATTRIBUTES] = check_attributes,
	[CHECK_BINDING] = check_binding,
	[CHECK_SIGNATURE] = check_signature,
	[CHECK_MAGIC] = check_magic,
	[CHECK_TYPE] = check_type,
	[CHECK_NONCE] = check_nonce,
	[CHECK_SIGNER] = check_signer,
	[CHECK_NAME] = check_name,
	[CHECK_RECORD] = check_record,
	[CHECK_PARENTS] = check_parents,
	[CHECK_SELECTION] = check_selection,
	[CHECK_VALUES] = check_values,
	[CHECK_EVENT_LOG] = check_event_log,
	[CHECK_REPLAY] = check_replay,
	[CHECK_IMA] = check_ima,
	[CHECK_CLOCK] = check_clock,
	[CHECK_FIRMWARE] = check_firmware,
	[CHECK_REGISTERS] = check_registers,
};

bool judge(const struct evidence *evidence, const struct question *question,
	   struct judgement *judgement)
{
	static struct court court;
	int i;

	memset(judgement, 0, sizeof(*judgement));
	court = (struct court){ .evidence = evidence, .question = question,
				.rules = question->rules, .j = judgement };
	values_reset(&court.started);
	judgement->failed = CHECKS;
	for (i = 0; i < CHECKS; i++) {
		judgement->outcome[i] = checks[i](&court);
		if (judgement->outcome[i] != NOT_PASSED)
			continue;
		judgement->failed = (enum check)i;
		return false;
	}
	return true;
}

void judge_seen(const struct judgement *judgement, s64 now, struct seen *seen)
{
	const TPMS_CLOCK_INFO *is = &judgement->attest.clockInfo;

	*seen = (struct seen){
		.clock = is->clock,
		.resets = is->resetCount,
		.restarts = is->restartCount,
		.firmware = judgement->attest.firmwareVersion,
		.time = now,
	};
	memcpy(seen->ak, judgement->name, TKM_NAME_SIZE);
}
