// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * The text that add_key and keyctl_update hand over, as a struct tkm_request.
 *
 * Total and exact: every byte is accounted for, and the answer does not
 * depend on the order of the options. What the design names and this version
 * lacks is -EOPNOTSUPP, but only in a text that is otherwise well formed.
 */
#include "core.h"

/* One word of the text, or one part of a word. */
struct word {
	const char *p;
	size_t len;
};

static bool word_is(struct word w, const char *text)
{
	return w.len == strlen(text) && !memcmp(w.p, text, w.len);
}

/*
 * Takes what stands before the next @separator (or the end) off @rest. False
 * when @rest is used up, which after a final separator it is only once the
 * empty part behind it was given.
 */
static bool next_part(struct word *rest, char separator, struct word *part)
{
	const char *end;

	if (!rest->p)
		return false;
	end = rest->len ? memchr(rest->p, separator, rest->len) : NULL;
	part->p = rest->p;
	if (!end) {
		part->len = rest->len;
		rest->p = NULL;
		rest->len = 0;
		return true;
	}
	part->len = (size_t)(end - rest->p);
	rest->p = end + 1;
	rest->len -= part->len + 1;
	return true;
}

/* Like next_part() with a space, where several count as one. */
static bool next_word(struct word *rest, struct word *part)
{
	while (next_part(rest, ' ', part))
		if (part->len)
			return true;
	return false;
}

/* Decimal without sign or leading zero, at most @max; 0 or -EINVAL. */
static int parse_number(struct word w, u32 max, u32 *value)
{
	u64 n = 0;
	size_t i;

	if (!w.len || w.len > 10 || (w.p[0] == '0' && w.len > 1))
		return -EINVAL;
	for (i = 0; i < w.len; i++) {
		if (w.p[i] < '0' || w.p[i] > '9')
			return -EINVAL;
		n = n * 10 + (u64)(w.p[i] - '0');
	}
	if (n > max)
		return -EINVAL;
	*value = (u32)n;
	return 0;
}

static int parse_serial(struct word w, s32 *serial)
{
	u32 n;

	if (parse_number(w, INT_MAX, &n) || !n)
		return -EINVAL;
	*serial = (s32)n;
	return 0;
}

/* ---- options ----------------------------------------------------------- */

static int parse_len(struct word w, struct tkm_request *req)
{
	u32 n;

	if (parse_number(w, TKM_DATA_MAX, &n) || n < TKM_DATA_MIN)
		return -EINVAL;
	req->len = n;
	return 0;
}

static int parse_use(struct word w, struct tkm_request *req)
{
	static const struct {
		const char *name;
		unsigned int use;
	} table[] = {
		{ "publish", TKM_USE_PUBLISH },
		{ "crypt", TKM_USE_CRYPT },
		{ "sign", TKM_USE_SIGN },
		{ "decrypt", TKM_USE_DECRYPT },
	};
	struct word part;
	size_t i;

	req->uses = 0;
	while (next_part(&w, ',', &part)) {
		for (i = 0; i < ARRAY_SIZE(table); i++)
			if (word_is(part, table[i].name))
				break;
		if (i == ARRAY_SIZE(table) || (req->uses & table[i].use))
			return -EINVAL;
		req->uses |= table[i].use;
	}
	return req->uses == TKM_USE_PUBLISH ? 0 : -EOPNOTSUPP;
}

static int parse_class(struct word w, struct tkm_request *req)
{
	req->class = TKM_CLASS_FIXED;
	if (word_is(w, "fixed"))
		return 0;
	if (word_is(w, "portable") || word_is(w, "certified"))
		return -EOPNOTSUPP;
	return -EINVAL;
}

static const struct {
	const char *name;
	u16 bank;
} banks[] = {
	{ "sha1", TPM_ALG_SHA1 },
	{ "sha256", TPM_ALG_SHA256 },
	{ "sha384", TPM_ALG_SHA384 },
	{ "sha512", TPM_ALG_SHA512 },
};

static int parse_bank(struct word w, u16 *bank)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(banks); i++) {
		if (word_is(w, banks[i].name)) {
			*bank = banks[i].bank;
			return 0;
		}
	}
	return -EINVAL;
}

/* Numbers joined by "+" or ",", which may be mixed. */
static int parse_registers(struct word w, u32 *mask)
{
	struct word sum, part;
	u32 n;

	*mask = 0;
	while (next_part(&w, ',', &sum)) {
		while (next_part(&sum, '+', &part)) {
			if (parse_number(part, 23, &n) || (*mask & BIT(n)))
				return -EINVAL;
			*mask |= (u32)BIT(n);
		}
	}
	return 0;
}

static int parse_pcrs(struct word w, struct tkm_request *req)
{
	struct word bank;

	if (req->command == TKM_COMMAND_RESEAL && word_is(w, "none")) {
		req->pcrs_choice = TKM_NONE;
		return 0;
	}
	req->pcrs_choice = TKM_SET;
	req->pcrs.bank = TPM_ALG_SHA256;
	if (memchr(w.p, ':', w.len)) {
		next_part(&w, ':', &bank);
		if (parse_bank(bank, &req->pcrs.bank))
			return -EINVAL;
	}
	return parse_registers(w, &req->pcrs.mask);
}

static int parse_auth(struct word w, struct tkm_request *req)
{
	if (req->command == TKM_COMMAND_RESEAL && word_is(w, "none")) {
		req->auth_choice = TKM_NONE;
		return 0;
	}
	req->auth_choice = TKM_SET;
	return parse_serial(w, &req->auth);
}

/* The first second of 1970 cannot be told from "none", and is no use. */
static int parse_limit(struct word w, s64 *seconds)
{
	if (tkm_time_parse(w.p, w.len, seconds) || !*seconds)
		return -EINVAL;
	return 0;
}

static int parse_not_before(struct word w, struct tkm_request *req)
{
	return parse_limit(w, &req->not_before);
}

static int parse_not_after(struct word w, struct tkm_request *req)
{
	return parse_limit(w, &req->not_after);
}

static int parse_parent(struct word w, struct tkm_request *req)
{
	req->flat = true;
	return word_is(w, "srk") ? 0 : -EINVAL;
}

static int parse_keyring(struct word w, struct tkm_request *req)
{
	/* The numbers of linux/keyctl.h, the names of keyctl(1). */
	static const struct {
		const char *name;
		s32 serial;
	} special[] = {
		{ "@t", -1 }, { "@p", -2 }, { "@s", -3 },
		{ "@u", -4 }, { "@us", -5 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(special); i++) {
		if (word_is(w, special[i].name)) {
			req->keyring = special[i].serial;
			return 0;
		}
	}
	return parse_serial(w, &req->keyring);
}

static int parse_later(struct word w, struct tkm_request *req)
{
	(void)w;
	(void)req;
	return -EOPNOTSUPP;
}

#define NEW	BIT(TKM_COMMAND_NEW)
#define LOAD	BIT(TKM_COMMAND_LOAD)
#define RESEAL	BIT(TKM_COMMAND_RESEAL)
#define PUBLISH	BIT(TKM_COMMAND_PUBLISH)
#define ABOUT_METADATA true

/* Metadata: the option is written into the record, which flat keys lack. */
static const struct option {
	const char *name;
	unsigned long commands;
	bool metadata;
	int (*parse)(struct word value, struct tkm_request *req);
} options[] = {
	{ "len", NEW, false, parse_len },
	{ "use", NEW, ABOUT_METADATA, parse_use },
	{ "class", NEW, ABOUT_METADATA, parse_class },
	{ "pcrs", NEW | RESEAL, false, parse_pcrs },
	{ "auth", NEW | LOAD | RESEAL, false, parse_auth },
	{ "not-before", NEW, ABOUT_METADATA, parse_not_before },
	{ "not-after", NEW, ABOUT_METADATA, parse_not_after },
	{ "parent", NEW, false, parse_parent },
	{ "keyring", PUBLISH, false, parse_keyring },
	{ "bits", NEW, false, parse_later },
	{ "curve", NEW, false, parse_later },
	{ "policy", NEW | RESEAL, false, parse_later },
};

/* What is remembered while the options go by. */
struct parse {
	struct tkm_request *req;
	unsigned long seen;	/* bit n: options[n] */
	bool metadata;		/* one that speaks of metadata was seen */
	bool unsupported;	/* something of a later version was seen */
};

/* Puts off a refusal as unsupported, so that an invalid text is invalid. */
static int defer_unsupported(struct parse *parse, int ret)
{
	if (ret != -EOPNOTSUPP)
		return ret;
	parse->unsupported = true;
	return 0;
}

static int parse_option(struct parse *parse, struct word w)
{
	struct word name;
	size_t i;

	if (!memchr(w.p, '=', w.len))
		return -EINVAL;
	next_part(&w, '=', &name);
	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (word_is(name, options[i].name))
			break;
	if (i == ARRAY_SIZE(options) || (parse->seen & BIT(i)) || !w.len ||
	    !(options[i].commands & BIT(parse->req->command)))
		return -EINVAL;
	parse->seen |= BIT(i);
	parse->metadata |= options[i].metadata;
	return defer_unsupported(parse, options[i].parse(w, parse->req));
}

/* ---- what stands between the command and its options ------------------- */

/* "data", "rsa" or "ec", if it is there; an option stays in @rest. */
static void parse_kind(struct parse *parse, struct word *rest)
{
	static const struct {
		const char *name;
		enum tkm_kind kind;
	} table[] = {
		{ "data", TKM_KIND_DATA },
		{ "rsa", TKM_KIND_RSA },
		{ "ec", TKM_KIND_EC },
	};
	struct word after = *rest, w;
	size_t i;

	if (!next_word(&after, &w))
		return;
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		if (!word_is(w, table[i].name))
			continue;
		parse->req->kind = table[i].kind;
		parse->unsupported = table[i].kind != TKM_KIND_DATA;
		*rest = after;
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int parse_chain(struct parse *parse, struct word *rest)
{
	struct word w;
	size_t i;

	if (!next_word(rest, &w) || w.len % 2)
		return -EINVAL;
	for (i = 0; i < w.len; i++)
		if (hex_digit(w.p[i]) < 0)
			return -EINVAL;
	if (w.len > 2 * TKM_CHAIN_MAX)
		return -E2BIG;
	parse->req->chain = (const u8 *)w.p;
	parse->req->chain_len = w.len;
	return 0;
}

/*
 * "<type>:<description>". A logon key's description must itself begin with
 * a service and a colon, or the kernel refuses it, which is better learned
 * before the TPM has worked.
 */
static int parse_target(struct parse *parse, struct word *rest)
{
	struct tkm_request *req = parse->req;
	struct word desc, type;
	const char *colon;

	if (!next_word(rest, &desc) || !memchr(desc.p, ':', desc.len))
		return -EINVAL;
	next_part(&desc, ':', &type);
	if (!desc.len || desc.len > TKM_PUBLISH_DESC_MAX ||
	    !tkm_text_ok(desc.p, desc.len))
		return -EINVAL;
	if (word_is(type, "user") || word_is(type, "encrypted") ||
	    word_is(type, "fscrypt-provisioning"))
		return defer_unsupported(parse, -EOPNOTSUPP);
	colon = memchr(desc.p, ':', desc.len);
	if (!word_is(type, "logon") || !colon || colon == desc.p)
		return -EINVAL;
	memcpy(req->publish_desc, desc.p, desc.len);
	return 0;
}

static int parse_command(struct parse *parse, struct word *rest)
{
	struct tkm_request *req = parse->req;
	struct word w;

	next_part(rest, ' ', &w);
	if (word_is(w, "new")) {
		req->command = TKM_COMMAND_NEW;
		parse_kind(parse, rest);
		return 0;
	}
	if (word_is(w, "load")) {
		req->command = TKM_COMMAND_LOAD;
		return parse_chain(parse, rest);
	}
	if (word_is(w, "reseal")) {
		req->command = TKM_COMMAND_RESEAL;
		return 0;
	}
	if (word_is(w, "publish")) {
		req->command = TKM_COMMAND_PUBLISH;
		return parse_target(parse, rest);
	}
	return -EINVAL;
}

/* ---- the whole --------------------------------------------------------- */

static void set_defaults(struct tkm_request *req)
{
	memset(req, 0, sizeof(*req));
	req->kind = TKM_KIND_DATA;
	req->class = TKM_CLASS_FIXED;
	req->len = TKM_DATA_DEFAULT;
	req->uses = TKM_USE_PUBLISH;
	req->keyring = -3; /* @s */
}

static int check_together(const struct parse *parse)
{
	const struct tkm_request *req = parse->req;

	if (req->flat && parse->metadata)
		return -EINVAL;
	if (req->not_after && req->not_after <= req->not_before)
		return -EINVAL;
	return parse->unsupported ? -EOPNOTSUPP : 0;
}

static int parse_text(const char *text, size_t len, struct tkm_request *req)
{
	struct parse parse = { .req = req };
	struct word rest = { text, len }, w;
	int ret;

	ret = parse_command(&parse, &rest);
	while (!ret && next_word(&rest, &w))
		ret = parse_option(&parse, w);
	return ret ? ret : check_together(&parse);
}

int tkm_optparse(const char *text, size_t len, struct tkm_request *req)
{
	set_defaults(req);
	if (!len)
		return -EINVAL;
	if (len > TKM_PAYLOAD_MAX)
		return -E2BIG;
	if (text[0] == 0x30) { /* SEQUENCE, and no command begins with "0" */
		req->command = TKM_COMMAND_LOAD;
		req->chain = (const u8 *)text;
		req->chain_len = len;
		req->chain_is_der = true;
		return len > TKM_CHAIN_MAX ? -E2BIG : 0;
	}
	if (text[len - 1] == '\n')
		len--;
	return parse_text(text, len, req);
}

/* ---- the same, the other way ------------------------------------------- */

size_t tkm_pcrs_write(const struct tkm_pcrs *pcrs, char *out, size_t size)
{
	const char *separator = ":";
	const char *bank = "?";
	size_t len, i;

	if (!size)
		return 0;
	for (i = 0; i < ARRAY_SIZE(banks); i++)
		if (banks[i].bank == pcrs->bank)
			bank = banks[i].name;
	len = (size_t)scnprintf(out, size, "%s", bank);
	for (i = 0; i < 24; i++) {
		if (!(pcrs->mask & BIT(i)))
			continue;
		len += (size_t)scnprintf(out + len, size - len, "%s%u",
					 separator, (unsigned int)i);
		separator = "+";
	}
	return len;
}

int tkm_hex_decode(const char *hex, size_t hex_len, u8 *out)
{
	size_t i;
	int high, low;

	if (hex_len % 2)
		return -EINVAL;
	for (i = 0; i < hex_len / 2; i++) {
		high = hex_digit(hex[2 * i]);
		low = hex_digit(hex[2 * i + 1]);
		if (high < 0 || low < 0)
			return -EINVAL;
		out[i] = (u8)(high << 4 | low);
	}
	return 0;
}
