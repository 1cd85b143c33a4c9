// SPDX-License-Identifier: GPL-2.0
/* What a judgement found, for people and for programs. */
#include "findings.h"

/* The one that is told of; a key's has a chain. */
static struct judgement *j;

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

	for (i = 0; i < j->registers.n; i++) {
		b = bank_of(j->registers.pcrs[i].bank);
		if (b < 0 || !j->values.known[b])
			continue;
		bank = json_object_new_object();
		for (k = 0; k < REGISTERS; k++) {
			if (!(j->values.known[b] & BIT(k)))
				continue;
			hex(j->values.value[b][k],
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
	const TPMS_CLOCK_INFO *is = &j->attest.clockInfo;
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
		&j->chain.obj[j->chain.n - 1];
	u8 bytes[TKM_NAME_SIZE];
	size_t i, n = 0;

	tkm_public_name(key->pub, key->pub_len, bytes);
	hex(bytes, sizeof(bytes), name);
	*uses = 0;
	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (j->record.uses & BIT(i))
			n += (size_t)scnprintf(uses + n, 64 - n, "%s%s",
					       n ? "," : "", words[i]);
}

/* Whether something besides the record guards its use. */
static const char *guard_of_key(void)
{
	const struct tkm_policy *policy =
		&j->chain.obj[j->chain.n - 1].policy;

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
	const struct tkm_record *record = &j->record;
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
	const struct tkm_record *record = &j->record;
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

	hex(j->name, TKM_NAME_SIZE, text);
	json_object_object_add(object, "ak", json_object_new_string(text));
	json_object_object_add(object, "clock", json_clock());
	if (j->outcome[CHECK_SIGNER] == PASSED) {
		snprintf(text, sizeof(text), "%016llx",
			 (unsigned long long)j->attest.firmwareVersion);
		json_object_object_add(object, "firmware",
				       json_object_new_string(text));
	}
	json_object_object_add(object, j->chain.n ? "key" : "registers",
			       j->chain.n ? json_key() : json_registers());
	if (!j->ima.entries)
		return;
	ima = json_object_new_object();
	json_object_object_add(ima, "entries",
			       json_object_new_int64(j->ima.entries));
	json_object_object_add(ima, "covered",
			       json_object_new_int64(j->ima.covered));
	json_object_object_add(ima, "violations",
			       json_object_new_int64(j->ima.violations));
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
			json_object_new_string(check_word(j->failed)));
		json_object_object_add(object, "why",
			json_object_new_string(j->why));
	}
	for (i = 0; i < CHECKS && (accepted || i <= (int)j->failed); i++)
		json_object_object_add(all, check_word((enum check)i),
			json_object_new_string(words[j->outcome[i]]));
	json_object_object_add(object, "checks", all);
	if (accepted)
		json_facts(object);
	return say_json(object);
}

static void say_facts(void)
{
	const TPMS_CLOCK_INFO *is = &j->attest.clockInfo;
	char text[256];
	int i;

	hex(j->name, TKM_NAME_SIZE, text);
	printf("accepted\n%-12s %s\n", "AK", text);
	registers_tell(&j->registers, text, sizeof(text));
	if (j->chain.n)
		say_key();
	else
		printf("%-12s %s\n", "registers", text);
	printf("%-12s %llu ms, %u resets, %u restarts%s\n", "clock",
	       (unsigned long long)is->clock, is->resetCount, is->restartCount,
	       is->safe ? "" : ", not safe");
	/* Outside that hierarchy it is veiled. */
	if (j->outcome[CHECK_SIGNER] == PASSED)
		printf("%-12s %016llx\n", "firmware",
		       (unsigned long long)j->attest.firmwareVersion);
	if (j->ima.entries)
		printf("%-12s %u files measured, %u later ones\n", "IMA",
		       j->ima.covered,
		       j->ima.entries - j->ima.covered);
	printf("%-12s", "not asked");
	for (i = 0; i < CHECKS; i++)
		if (j->outcome[i] == NOT_ASKED)
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

int findings_say(struct judgement *judgement)
{
	bool accepted = judgement->failed == CHECKS;
	int ret;

	j = judgement;
	make_printable(j->why);
	if (json) {
		ret = say_verdict_json(accepted);
	} else {
		if (accepted)
			say_facts();
		else
			printf("refused: %s: %s\n", check_word(j->failed),
			       j->why);
		ret = say_done();
	}
	return ret ? ret : accepted ? DONE : REFUSED;
}
