// SPDX-License-Identifier: GPL-2.0
/*
 * The policy file of tkm verify: "word = value", a line each, and comments (#).
 * Documentation/man/tkm-attest.8 says what each word means.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "judge.h"

/* ---- registers ------------------------------------------------------------------- */

static struct tkm_pcrs *bank_in(struct registers *registers, u16 bank)
{
	size_t i;

	for (i = 0; i < registers->n; i++)
		if (registers->pcrs[i].bank == bank)
			return &registers->pcrs[i];
	if (registers->n == ATTEST_BANKS)
		return NULL;
	registers->pcrs[registers->n].bank = bank;
	return &registers->pcrs[registers->n++];
}

int registers_say(struct registers *registers, const char *text)
{
	const char *colon = strchr(text, ':');
	struct tkm_pcrs *pcrs = NULL;
	unsigned int number;
	int bank, n;

	for (bank = 0; colon && bank < BANKS; bank++) {
		const char *name = tkm_hash_name(bank_alg(bank));

		if (strlen(name) == (size_t)(colon - text) &&
		    !memcmp(name, text, strlen(name)))
			pcrs = bank_in(registers, bank_alg(bank));
	}
	if (!pcrs)
		return -EINVAL;
	text = colon;
	do {
		text++;
		if (*text < '0' || *text > '9' ||
		    sscanf(text, "%2u%n", &number, &n) != 1 ||
		    number >= REGISTERS || (n > 1 && *text == '0'))
			return -EINVAL;
		pcrs->mask |= (u32)BIT(number);
		text += n;
	} while (*text == '+' || *text == ',');
	return *text ? -EINVAL : 0;
}

void registers_tell(const struct registers *registers, char *out, size_t size)
{
	size_t n = 0, i;
	char list[80];

	*out = 0;
	for (i = 0; i < registers->n; i++) {
		if (!registers->pcrs[i].mask)
			continue;
		tkm_pcrs_write(&registers->pcrs[i], list, sizeof(list));
		n += (size_t)scnprintf(out + n, size - n, "%s%s",
				       n ? " " : "", list);
	}
}

/* ---- words ------------------------------------------------------------------------ */

static bool take_ak(struct rules *rules, const char *value)
{
	if (rules->aks == RULES_MANY || strlen(value) != 2 * TKM_NAME_SIZE ||
	    tkm_hex_decode(value, 2 * TKM_NAME_SIZE, rules->ak[rules->aks]) ||
	    get_unaligned_be16(rules->ak[rules->aks]) != TPM_ALG_SHA256)
		return false;
	rules->aks++;
	return true;
}

static bool take_registers(struct rules *rules, const char *value)
{
	return !registers_say(&rules->registers, value);
}

static bool take_replay(struct rules *rules, const char *value)
{
	return !registers_say(&rules->replay, value);
}

static bool take_value(struct rules *rules, const char *value)
{
	struct rule_value *one = &rules->value[rules->values];
	static struct values said;
	int bank, i;

	memset(&said, 0, sizeof(said));
	if (rules->values == RULES_MANY || values_say(&said, value))
		return false;
	for (bank = 0; bank < BANKS; bank++)
		for (i = 0; i < REGISTERS; i++)
			if (said.known[bank] & BIT(i)) {
				one->bank = bank_alg(bank);
				one->number = (u8)i;
				memcpy(one->digest, said.value[bank][i],
				       sizeof(one->digest));
			}
	rules->values++;
	return true;
}

/* "required" or "optional", and so on. */
static bool take_choice(bool *is, const char *value, const char *yes,
			const char *no)
{
	*is = !strcmp(value, yes);
	return *is || !strcmp(value, no);
}

static bool take_log(struct rules *rules, const char *value)
{
	return take_choice(&rules->log, value, "required", "optional");
}

static bool take_ima(struct rules *rules, const char *value)
{
	return take_choice(&rules->ima, value, "required", "optional");
}

static bool take_violations(struct rules *rules, const char *value)
{
	return take_choice(&rules->violations, value, "allowed", "refused");
}

static bool take_boot(struct rules *rules, const char *value)
{
	return take_choice(&rules->same_boot, value, "same", "any");
}

static bool take_clock(struct rules *rules, const char *value)
{
	return take_choice(&rules->safe_clock, value, "safe", "any");
}

static bool take_class(struct rules *rules, const char *value)
{
	static const enum tkm_class classes[] = {
		TKM_CLASS_FIXED, TKM_CLASS_PORTABLE, TKM_CLASS_CERTIFIED,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(classes); i++)
		if (!strcmp(tkm_class_name(classes[i]), value)) {
			rules->classes |= (u32)BIT(classes[i]);
			return true;
		}
	return false;
}

static bool take_ima_allow(struct rules *rules, const char *value)
{
	if (rules->ima_allow)
		return false;
	rules->ima_allow = strdup(value);
	return rules->ima_allow;
}

/* 16 hex digits, or two of these with ".." between. */
static bool take_range(struct rule_range *range, size_t *n, const char *value)
{
	const char *last = value;
	u8 bytes[8];
	int i;

	if (*n == RULES_MANY)
		return false;
	range += *n;
	if (strlen(value) == 34 && !memcmp(value + 16, "..", 2))
		last = value + 18;
	else if (strlen(value) != 16)
		return false;
	range->first = range->last = 0;
	if (tkm_hex_decode(value, 16, bytes))
		return false;
	for (i = 0; i < 8; i++)
		range->first = range->first << 8 | bytes[i];
	if (tkm_hex_decode(last, 16, bytes))
		return false;
	for (i = 0; i < 8; i++)
		range->last = range->last << 8 | bytes[i];
	++*n;
	return range->first <= range->last;
}

static bool take_allow(struct rules *rules, const char *value)
{
	return take_range(rules->allow, &rules->allows, value);
}

static bool take_deny(struct rules *rules, const char *value)
{
	return take_range(rules->deny, &rules->denies, value);
}

static bool take_age(struct rules *rules, const char *value)
{
	int n = 0;

	return *value >= '1' && *value <= '9' && strlen(value) <= 9 &&
	       sscanf(value, "%" SCNu32 "%n", &rules->max_age, &n) == 1 &&
	       !value[n];
}

static const struct {
	const char *word;
	bool (*take)(struct rules *rules, const char *value);
	const char *wants;
} words[] = {
	{ "ak", take_ak, "a Name, 68 hex digits that begin with 000b" },
	{ "registers", take_registers, "registers, as sha256:0+1+7" },
	{ "value", take_value, "a value, as sha256:7=HEX" },
	{ "event-log", take_log, "required or optional" },
	{ "replay", take_replay, "registers, as sha256:0+1+7" },
	{ "ima", take_ima, "required or optional" },
	{ "ima-allow", take_ima_allow, "one file, with lines as sha256sum's" },
	{ "ima-violations", take_violations, "refused or allowed" },
	{ "key-class", take_class, "fixed, portable or certified" },
	{ "boot", take_boot, "same or any" },
	{ "clock", take_clock, "safe or any" },
	{ "max-age", take_age, "seconds" },
	{ "firmware-allow", take_allow, "16 hex digits, or two such with .. between" },
	{ "firmware-deny", take_deny, "16 hex digits, or two such with .. between" },
};

static char *trim(char *text)
{
	size_t n;

	text += strspn(text, " \t");
	for (n = strlen(text); n && strchr(" \t\r", text[n - 1]); n--)
		;
	text[n] = 0;
	return text;
}

static const char *read_line(struct rules *rules, char *line)
{
	char *value = strchr(line, '=');
	size_t i;

	if (!value)
		return "word = value";
	*value++ = 0;
	line = trim(line);
	value = trim(value);
	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(words[i].word, line))
			return *value && words[i].take(rules, value) ?
				       NULL : words[i].wants;
	return "another word";
}

int rules_read(struct rules *rules, char *text, unsigned int *line,
	       const char **what)
{
	char *one, *rest = text;

	*line = 0;
	while ((one = strsep(&rest, "\n"))) {
		++*line;
		one[strcspn(one, "#")] = 0;
		one = trim(one);
		if (!*one)
			continue;
		*what = read_line(rules, one);
		if (*what)
			return -EBADMSG;
	}
	return 0;
}

/* ---- digests of files ---------------------------------------------------------------- */

static u16 alg_of_length(size_t digits)
{
	int i;

	for (i = 0; i < BANKS; i++)
		if (2 * (size_t)tkm_hash_size(bank_alg(i)) == digits)
			return bank_alg(i);
	return 0;
}

static int by_digest(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct rule_digest));
}

int rules_files(struct rules *rules, char *text, unsigned int *line)
{
	struct rule_digest one;
	char *this, *rest = text;
	size_t room = 1;

	*line = 0;
	for (this = text; *this; this++)
		room += *this == '\n';
	rules->files = calloc(room, sizeof(*rules->files));
	if (!rules->files)
		return -ENOMEM;
	while ((this = strsep(&rest, "\n"))) {
		++*line;
		if (*this == '#' || !*trim(this))
			continue;
		this[strcspn(this, " \t\r")] = 0;
		memset(&one, 0, sizeof(one));
		one.alg = alg_of_length(strlen(this));
		if (!one.alg || tkm_hex_decode(this, strlen(this), one.digest))
			return -EBADMSG;
		rules->files[rules->n_files++] = one;
	}
	qsort(rules->files, rules->n_files, sizeof(one), by_digest);
	return 0;
}

void rules_free(struct rules *rules)
{
	free(rules->files);
	free(rules->ima_allow);
	rules->files = NULL;
	rules->ima_allow = NULL;
}
