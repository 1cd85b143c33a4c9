// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * The text that add_key and keyctl_update hand over, as a struct tkm_request.
 *
 * Total and exact: every byte is accounted for, and the answer does not
 * depend on the order of the options.
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
	return 0;
}

static int parse_bits(struct word w, struct tkm_request *req)
{
	req->rsa_bits = word_is(w, "2048") ? 2048 : 3072;
	return req->rsa_bits == 2048 || word_is(w, "3072") ? 0 : -EINVAL;
}

static int parse_curve(struct word w, struct tkm_request *req)
{
	req->curve = word_is(w, "p256") ? TPM_ECC_NIST_P256 :
					  TPM_ECC_NIST_P384;
	return req->curve == TPM_ECC_NIST_P256 || word_is(w, "p384") ?
		0 : -EINVAL;
}

static int parse_class(struct word w, struct tkm_request *req)
{
	for (req->class = TKM_CLASS_FIXED; req->class <= TKM_CLASS_CERTIFIED;
	     req->class++)
		if (word_is(w, tkm_class_name(req->class)))
			return 0;
	return -EINVAL;
}

static int parse_approver(struct word w, struct tkm_request *req)
{
	return parse_serial(w, &req->approver);
}

static int parse_authority(struct word w, struct tkm_request *req)
{
	if (!tkm_policy_name_ok(w.p, w.len))
		return -EINVAL;
	memcpy(req->authority, w.p, w.len);
	return 0;
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

static int parse_policy(struct word w, struct tkm_request *req)
{
	if (req->command == TKM_COMMAND_RESEAL && word_is(w, "none")) {
		req->pcrs_choice = TKM_NONE;
		return 0;
	}
	if (!tkm_policy_name_ok(w.p, w.len))
		return -EINVAL;
	req->pcrs_choice = TKM_SET;
	memcpy(req->policy, w.p, w.len);
	return 0;
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

static int parse_protect_until(struct word w, struct tkm_request *req)
{
	return parse_limit(w, &req->protect_until);
}

static int parse_not_after(struct word w, struct tkm_request *req)
{
	return parse_limit(w, &req->not_after);
}

/* What a key is made in; the others are for keys that were in use. */
static int parse_state(struct word w, struct tkm_request *req)
{
	if (tkm_state_parse(w.p, w.len, &req->state))
		return -EINVAL;
	return req->state <= TKM_STATE_ACTIVE ? 0 : -EINVAL;
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

static int parse_derive(struct word w, struct tkm_request *req)
{
	if (w.len > TKM_LABEL_MAX || !tkm_text_ok(w.p, w.len))
		return -EINVAL;
	memcpy(req->derive, w.p, w.len);
	return 0;
}

/* Of the encrypted type, which parse_target() took for the first format. */
static int parse_format(struct word w, struct tkm_request *req)
{
	if (req->consumer != TKM_CONSUMER_ENCRYPTED)
		return -EINVAL;
	return tkm_consumer_format(w.p, w.len, &req->consumer);
}

/* Nothing that a finger types by accident. */
static int parse_reveal(struct word w, struct tkm_request *req)
{
	return req->consumer == TKM_CONSUMER_USER &&
	       word_is(w, "every-possessor-can-read-it") ? 0 : -EINVAL;
}

#define NEW	BIT(TKM_COMMAND_NEW)
#define LOAD	BIT(TKM_COMMAND_LOAD)
#define RESEAL	BIT(TKM_COMMAND_RESEAL)
#define PUBLISH	BIT(TKM_COMMAND_PUBLISH)

/* The options that are spoken of below, as bits of what was seen. */
enum {
	OPT_LEN, OPT_USE, OPT_CLASS, OPT_PCRS, OPT_AUTH, OPT_NOT_BEFORE,
	OPT_PROTECT_UNTIL, OPT_NOT_AFTER, OPT_STATE, OPT_PARENT, OPT_BITS, OPT_CURVE, OPT_POLICY,
	OPT_APPROVER, OPT_AUTHORITY,
	OPT_KEYRING, OPT_DERIVE, OPT_FORMAT, OPT_REVEAL,
};

static const struct option {
	const char *name;
	unsigned long commands;
	int (*parse)(struct word value, struct tkm_request *req);
} options[] = {
	[OPT_LEN] = { "len", NEW | PUBLISH, parse_len },
	[OPT_USE] = { "use", NEW, parse_use },
	[OPT_CLASS] = { "class", NEW, parse_class },
	[OPT_PCRS] = { "pcrs", NEW | RESEAL, parse_pcrs },
	[OPT_AUTH] = { "auth", NEW | LOAD | RESEAL, parse_auth },
	[OPT_NOT_BEFORE] = { "not-before", NEW, parse_not_before },
	[OPT_PROTECT_UNTIL] = { "protect-until", NEW, parse_protect_until },
	[OPT_NOT_AFTER] = { "not-after", NEW, parse_not_after },
	[OPT_STATE] = { "state", NEW, parse_state },
	[OPT_PARENT] = { "parent", NEW, parse_parent },
	[OPT_BITS] = { "bits", NEW, parse_bits },
	[OPT_CURVE] = { "curve", NEW, parse_curve },
	[OPT_POLICY] = { "policy", NEW | RESEAL, parse_policy },
	[OPT_APPROVER] = { "approver", NEW, parse_approver },
	[OPT_AUTHORITY] = { "authority", NEW, parse_authority },
	[OPT_KEYRING] = { "keyring", PUBLISH, parse_keyring },
	[OPT_DERIVE] = { "derive", PUBLISH, parse_derive },
	[OPT_FORMAT] = { "format", PUBLISH, parse_format },
	[OPT_REVEAL] = { "reveal", PUBLISH, parse_reveal },
};

/* What is remembered while the options go by. */
struct parse {
	struct tkm_request *req;
	unsigned long seen;	/* bit n: options[n] */
};

static bool saw(const struct parse *parse, unsigned int option)
{
	return parse->seen & BIT(option);
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
	return options[i].parse(w, parse->req);
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

/* "<type>:<description>" */
static int parse_target(struct parse *parse, struct word *rest)
{
	struct tkm_request *req = parse->req;
	struct word desc, type;

	if (!next_word(rest, &desc) || !memchr(desc.p, ':', desc.len))
		return -EINVAL;
	next_part(&desc, ':', &type);
	if (tkm_consumer_of(type.p, type.len, &req->consumer) || !desc.len ||
	    desc.len > TKM_PUBLISH_DESC_MAX || !tkm_text_ok(desc.p, desc.len))
		return -EINVAL;
	memcpy(req->publish_desc, desc.p, desc.len);
	return 0;
}

/* Whether there is another word; it stays. */
static bool more_words(struct word rest)
{
	struct word w;

	return next_word(&rest, &w);
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
	if (word_is(w, "unpublish")) {
		req->command = TKM_COMMAND_UNPUBLISH;
		return more_words(*rest) ? parse_target(parse, rest) : 0;
	}
	if (word_is(w, "state")) {
		req->command = TKM_COMMAND_STATE;
		if (!next_word(rest, &w))
			return -EINVAL;
		return tkm_state_parse(w.p, w.len, &req->state);
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
	req->rsa_bits = 2048;
	req->curve = TPM_ECC_NIST_P256;
	req->state = TKM_STATE_ACTIVE;
	req->keyring = -3; /* @s */
}

/* A key that signs does not decrypt, and the other way round: SP 800-57, 5.2. */
static int check_uses(struct parse *parse)
{
	struct tkm_request *req = parse->req;
	bool data = req->kind == TKM_KIND_DATA;

	if (data && req->flat)
		req->uses = TKM_USE_PUBLISH | TKM_USE_CRYPT;
	else if (!saw(parse, OPT_USE))
		req->uses = data ? TKM_USE_PUBLISH : TKM_USE_SIGN;
	else if (data)
		return req->uses & (TKM_USE_SIGN | TKM_USE_DECRYPT) ?
			-EINVAL : 0;
	return data || req->uses == TKM_USE_SIGN ||
	       req->uses == TKM_USE_DECRYPT ? 0 : -EINVAL;
}

/* Who approves of a key's moving; what is certified has a named one. */
static int check_class(const struct parse *parse)
{
	const enum tkm_class class = parse->req->class;

	if (saw(parse, OPT_APPROVER) &&
	    (class != TKM_CLASS_PORTABLE || saw(parse, OPT_AUTHORITY)))
		return -EINVAL;
	return saw(parse, OPT_AUTHORITY) && class == TKM_CLASS_FIXED ?
	       -EINVAL : 0;
}

static int check_new(struct parse *parse)
{
	const struct tkm_request *req = parse->req;

	/* A flat key says with its attributes what it is for, or not at all. */
	if (req->flat && (saw(parse, OPT_CLASS) || saw(parse, OPT_NOT_BEFORE) ||
			  saw(parse, OPT_PROTECT_UNTIL) ||
			  saw(parse, OPT_NOT_AFTER) ||
			  (saw(parse, OPT_USE) && req->kind == TKM_KIND_DATA)))
		return -EINVAL;
	if ((saw(parse, OPT_LEN) && req->kind != TKM_KIND_DATA) ||
	    (saw(parse, OPT_BITS) && req->kind != TKM_KIND_RSA) ||
	    (saw(parse, OPT_CURVE) && req->kind != TKM_KIND_EC))
		return -EINVAL;
	if (!tkm_dates_in_order(req->not_before, req->protect_until,
				req->not_after) ||
	    check_class(parse))
		return -EINVAL;
	return check_uses(parse);
}

static int check_publish(struct parse *parse)
{
	struct tkm_request *req = parse->req;

	if (!tkm_consumer_desc_ok(req->consumer, req->publish_desc) ||
	    (saw(parse, OPT_LEN) && !saw(parse, OPT_DERIVE)))
		return -EINVAL;
	if (req->consumer == TKM_CONSUMER_USER && !saw(parse, OPT_REVEAL))
		return -EPERM;
	if (!saw(parse, OPT_LEN))
		req->len = tkm_consumer_sizes(req->consumer).derived;
	return tkm_consumer_takes(req->consumer, req->len) ? 0 : -EMSGSIZE;
}

static int check_together(struct parse *parse)
{
	/* Of registers, literally or by a name, there is one choice. */
	if (saw(parse, OPT_PCRS) && saw(parse, OPT_POLICY))
		return -EINVAL;
	if (parse->req->command == TKM_COMMAND_NEW)
		return check_new(parse);
	if (parse->req->command == TKM_COMMAND_PUBLISH)
		return check_publish(parse);
	return 0;
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
	if (text[0] == TKM_DER_SEQUENCE) { /* no command begins with "0" */
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

/* The words of a text that has no chain in it; a final newline is none's. */
static int begin_words(const char *text, size_t len, struct word *rest)
{
	if (!len)
		return -EINVAL;
	if (len > TKM_PAYLOAD_MAX)
		return -E2BIG;
	if (text[len - 1] == '\n')
		len--;
	*rest = (struct word){ text, len };
	return 0;
}

/* ---- domains ----------------------------------------------------------- */

/* Longest time of an unlocked domain: a year. */
#define SECONDS_MAX	31536000

static bool word_begins(struct word *w, const char *text)
{
	size_t n = strlen(text);

	if (w->len < n || memcmp(w->p, text, n))
		return false;
	w->p += n;
	w->len -= n;
	return true;
}

static int parse_domain_option(struct word w, struct tkm_domain_request *req)
{
	bool opens = req->command == TKM_DOMAIN_NEW ||
		     req->command == TKM_DOMAIN_UNLOCK;

	if (req->command == TKM_DOMAIN_NEW && !req->policy[0] &&
	    word_begins(&w, "policy=")) {
		if (!tkm_policy_name_ok(w.p, w.len))
			return -EINVAL;
		memcpy(req->policy, w.p, w.len);
		return 0;
	}
	if (req->command != TKM_DOMAIN_LOCK && !req->auth &&
	    word_begins(&w, "auth="))
		return parse_serial(w, &req->auth);
	if (req->command == TKM_DOMAIN_PASSWD && !req->fresh &&
	    word_begins(&w, "new="))
		return parse_serial(w, &req->fresh);
	if (opens && !req->seconds && word_begins(&w, "for="))
		return parse_number(w, SECONDS_MAX, &req->seconds) ||
		       !req->seconds ? -EINVAL : 0;
	return -EINVAL;
}

int tkm_domain_parse(const char *text, size_t len,
		     struct tkm_domain_request *req)
{
	static const char *const commands[] = {
		[TKM_DOMAIN_NEW] = "new", [TKM_DOMAIN_UNLOCK] = "unlock",
		[TKM_DOMAIN_LOCK] = "lock", [TKM_DOMAIN_PASSWD] = "passwd",
	};
	struct word rest, w;
	unsigned int i;
	int ret;

	memset(req, 0, sizeof(*req));
	ret = begin_words(text, len, &rest);
	if (ret)
		return ret;
	next_part(&rest, ' ', &w);
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (word_is(w, commands[i]))
			break;
	if (i == ARRAY_SIZE(commands))
		return -EINVAL;
	req->command = i;
	while (!ret && next_word(&rest, &w))
		ret = parse_domain_option(w, req);
	if (ret)
		return ret;
	/* A value, which is typed, or a policy, which is not. */
	if (req->policy[0])
		return req->auth || req->seconds ? -EINVAL : 0;
	if (req->command != TKM_DOMAIN_LOCK && !req->auth)
		return -EINVAL;
	return req->command == TKM_DOMAIN_PASSWD && !req->fresh ? -EINVAL : 0;
}

/* ---- moves ------------------------------------------------------------- */

static int parse_object(struct word w, struct tkm_move_request *req)
{
	static const struct {
		const char *name;
		enum tkm_kind kind;
	} table[] = {
		{ "tdk", TKM_KIND_TDK },
		{ "ask", TKM_KIND_ASK },
		{ "key", TKM_KIND_NONE },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		if (word_is(w, table[i].name)) {
			req->kind = table[i].kind;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_nonce(struct word w, struct tkm_move_request *req)
{
	size_t n = w.len / 2;

	if (n < TKM_NONCE_MIN || n > TKM_NONCE_MAX ||
	    tkm_hex_decode(w.p, w.len, req->nonce))
		return -EINVAL;
	req->nonce_len = n;
	return 0;
}

static int parse_certify_option(struct word w, struct tkm_move_request *req)
{
	if (!req->key && word_begins(&w, "key="))
		return parse_serial(w, &req->key);
	if (!req->auth && word_begins(&w, "auth="))
		return parse_serial(w, &req->auth);
	if (!req->nonce_len && word_begins(&w, "nonce="))
		return parse_nonce(w, req);
	return -EINVAL;
}

static int parse_move_option(struct word w, struct tkm_move_request *req,
			     bool *object)
{
	if (req->import && !req->packet && word_begins(&w, "packet="))
		return parse_serial(w, &req->packet);
	if (req->import)
		return !req->recovery && word_begins(&w, "recovery=") ?
		       parse_serial(w, &req->recovery) : -EINVAL;
	if (req->certify)
		return parse_certify_option(w, req);
	if (!*object && word_begins(&w, "object=")) {
		*object = true;
		return parse_object(w, req);
	}
	if (!req->to_recovery && word_is(w, "to=recovery")) {
		req->to_recovery = true;
		return 0;
	}
	if (!req->key && word_begins(&w, "key="))
		return parse_serial(w, &req->key);
	if (!req->parent && word_begins(&w, "parent="))
		return parse_serial(w, &req->parent);
	if (!req->approval && word_begins(&w, "approval="))
		return parse_serial(w, &req->approval);
	return -EINVAL;
}

int tkm_move_parse(const char *text, size_t len, struct tkm_move_request *req)
{
	struct word rest, w;
	bool object = false;
	int ret;

	memset(req, 0, sizeof(*req));
	ret = begin_words(text, len, &rest);
	if (ret)
		return ret;
	next_part(&rest, ' ', &w);
	req->import = word_is(w, "import");
	req->certify = word_is(w, "certify");
	if (!req->import && !req->certify && !word_is(w, "duplicate"))
		return -EINVAL;
	while (!ret && next_word(&rest, &w))
		ret = parse_move_option(w, req, &object);
	if (ret)
		return ret;
	if (req->import)
		return req->packet ? 0 : -EINVAL;
	if (req->certify)
		return req->key && req->nonce_len ? 0 : -EINVAL;
	return object && req->key && req->parent && req->approval ? 0 : -EINVAL;
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
