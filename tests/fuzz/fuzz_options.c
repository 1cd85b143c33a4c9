// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * The text of add_key and keyctl_update: what is accepted is within its
 * limits, means the same with its options turned round, and means the same
 * when it is written anew from what was understood.
 */
#include <stdarg.h>

#include "fuzz.h"

static void is_sound_new(const struct tkm_request *req)
{
	bool data = req->kind == TKM_KIND_DATA;

	must(data || req->kind == TKM_KIND_RSA || req->kind == TKM_KIND_EC);
	must(!data || (req->uses && !(req->uses & ~(TKM_USE_PUBLISH |
						    TKM_USE_CRYPT))));
	must(data || req->uses == TKM_USE_SIGN ||
	     req->uses == TKM_USE_DECRYPT);
	must(!data || !req->flat ||
	     req->uses == (TKM_USE_PUBLISH | TKM_USE_CRYPT));
	must(req->rsa_bits == 2048 ||
	     (req->rsa_bits == 3072 && req->kind == TKM_KIND_RSA));
	must(req->curve == TPM_ECC_NIST_P256 ||
	     (req->curve == TPM_ECC_NIST_P384 && req->kind == TKM_KIND_EC));
	must(data || req->len == TKM_DATA_DEFAULT);
}

/* From the consumers' own rules, and not from consumer.c. */
static void is_sound_publish(const struct tkm_request *req)
{
	const char *colon = strchr(req->publish_desc, ':');

	must(req->publish_desc[0]);
	must(req->consumer != TKM_CONSUMER_LOGON ||
	     (colon && colon != req->publish_desc));
	must(req->consumer != TKM_CONSUMER_ENCRYPTED || req->len >= 20);
	must(req->consumer != TKM_CONSUMER_FSCRYPT || req->len <= 64);
	must(req->consumer != TKM_CONSUMER_ECRYPTFS ||
	     (req->len == 64 && strlen(req->publish_desc) == 16 &&
	      strspn(req->publish_desc, "0123456789abcdefABCDEF") == 16));
}

static void is_sound(const struct tkm_request *req, const char *text, size_t len)
{
	bool new = req->command == TKM_COMMAND_NEW;
	bool reseal = req->command == TKM_COMMAND_RESEAL;
	bool load = req->command == TKM_COMMAND_LOAD;
	bool publish = req->command == TKM_COMMAND_PUBLISH;
	u8 *bytes;

	must(req->class == TKM_CLASS_FIXED || (new && !req->flat));
	must(req->class <= TKM_CLASS_CERTIFIED);
	must(!req->approver || (req->class == TKM_CLASS_PORTABLE &&
				req->approver > 0 && !req->authority[0]));
	must(!req->authority[0] ||
	     (req->class != TKM_CLASS_FIXED &&
	      tkm_policy_name_ok(req->authority, strlen(req->authority))));
	must(new || req->kind == TKM_KIND_DATA);
	must(new || !req->uses);
	must(req->len >= TKM_DATA_MIN && req->len <= TKM_DATA_MAX);
	must(new || !req->flat);
	must((new && !req->flat) ||
	     (!req->not_before && !req->protect_until && !req->not_after));
	must(!req->not_after || req->not_after > req->not_before);
	must(!req->not_after || req->not_after > req->protect_until);
	must(!req->protect_until || req->protect_until > req->not_before);
	must(req->state == TKM_STATE_ACTIVE ||
	     (new && req->state == TKM_STATE_PRE_ACTIVE) ||
	     req->command == TKM_COMMAND_STATE);
	must(tkm_state_name(req->state)[0] != '?');
	must(req->not_before >= 0);
	must(req->pcrs_choice != TKM_NONE || reseal);
	must(req->pcrs_choice == TKM_KEEP || new || reseal);
	must((req->pcrs_choice == TKM_SET) ==
	     (req->pcrs.mask != 0 || req->policy[0]));
	must(!req->pcrs.mask || !req->policy[0]);
	must(memchr(req->policy, 0, sizeof(req->policy)));
	must(req->pcrs.mask < BIT(24));
	must(req->auth_choice != TKM_NONE || reseal);
	must((req->auth_choice == TKM_SET) == (req->auth > 0));
	must(req->keyring > 0 || (req->keyring <= -1 && req->keyring >= -5));
	must(load == (req->chain_len > 0) && load == (req->chain != NULL));
	must(publish || !req->derive[0]);
	must(publish || req->command == TKM_COMMAND_UNPUBLISH ||
	     !req->publish_desc[0]);
	must(req->consumer <= TKM_CONSUMER_FSCRYPT);
	if (new)
		is_sound_new(req);
	if (publish)
		is_sound_publish(req);
	if (!load)
		return;
	must(inside(req->chain, req->chain_len, text, len));
	must(req->chain_len <= (req->chain_is_der ? 1 : 2) * TKM_CHAIN_MAX);
	if (req->chain_is_der)
		return;
	bytes = exact(NULL, req->chain_len / 2);
	must(!tkm_hex_decode((const char *)req->chain, req->chain_len, bytes));
	exact_free(bytes);
}

static void means_the_same(const struct tkm_request *req, int ret,
			   const char *text, size_t len)
{
	char *copy = exact(text, len);
	struct tkm_request again, first;

	memcpy(&first, req, sizeof(first));
	must(tkm_optparse(copy, len, &again) == ret);
	must(again.chain_len == first.chain_len);
	must(!again.chain_len ||
	     !memcmp(again.chain, first.chain, first.chain_len));
	first.chain = again.chain = NULL;
	must(!memcmp(&again, &first, sizeof(first)));
	exact_free(copy);
}

/* The words before the options stay, the options come last to first. */
static void turned_round(const struct tkm_request *req, int ret,
			 const char *text, size_t len)
{
	char *out = malloc(len + 2), *at = out;
	struct tkm_piece words[16];
	size_t n = 0, i, end, head;
	const char *space;

	if (text[len - 1] == '\n')
		len--;
	for (i = 0; i < len; i = end + 1) {
		space = memchr(text + i, ' ', len - i);
		end = space ? (size_t)(space - text) : len;
		if (end == i)
			continue;
		must(n < ARRAY_SIZE(words)); /* each option stands once */
		words[n++] = (struct tkm_piece){ text + i, end - i };
	}
	head = req->command == TKM_COMMAND_LOAD ||
	       req->command == TKM_COMMAND_PUBLISH ||
	       req->command == TKM_COMMAND_UNPUBLISH ||
	       req->command == TKM_COMMAND_STATE ||
	       (n > 1 && !memchr(words[1].data, '=', words[1].len)) ? 2 : 1;
	head = min_t(size_t, head, n); /* "unpublish" may stand alone */
	for (i = 0; i < n; i++) {
		end = i < head ? i : n - 1 - (i - head);
		memcpy(at, words[end].data, words[end].len);
		at += words[end].len;
		*at++ = i < n - 1 ? ' ' : '\n';
	}
	means_the_same(req, ret, out, (size_t)(at - out));
	free(out);
}

/* A text that grows at its end. */
struct text {
	char text[1536];
	size_t len;
};

static __attribute__((format(printf, 2, 3))) void say(struct text *t,
						      const char *how, ...)
{
	va_list args;
	int n;

	va_start(args, how);
	n = vsnprintf(t->text + t->len, sizeof(t->text) - t->len, how, args);
	va_end(args);
	must(n >= 0 && (size_t)n < sizeof(t->text) - t->len);
	t->len += (size_t)n;
}

static void say_new(struct text *t, const struct tkm_request *req)
{
	say(t, "new %s", tkm_kind_name(req->kind));
	if (req->flat)
		say(t, " parent=srk");
	else
		say(t, " class=%s", tkm_class_name(req->class));
	if (req->approver)
		say(t, " approver=%d", req->approver);
	if (req->authority[0])
		say(t, " authority=%s", req->authority);
	if (req->kind == TKM_KIND_DATA) {
		say(t, " len=%u", req->len);
		if (!req->flat)
			say(t, req->uses == TKM_USE_PUBLISH ? " use=publish" :
			       req->uses == TKM_USE_CRYPT ? " use=crypt" :
							 " use=crypt,publish");
		return;
	}
	say(t, " use=%s", req->uses == TKM_USE_SIGN ? "sign" : "decrypt");
	if (req->kind == TKM_KIND_RSA)
		say(t, " bits=%u", req->rsa_bits);
	else
		say(t, " curve=%s",
		    req->curve == TPM_ECC_NIST_P256 ? "p256" : "p384");
}

static void say_publish(struct text *t, const struct tkm_request *req)
{
	static const char *const special[] = { "@t", "@p", "@s", "@u", "@us" };

	say(t, "publish %s:%s", tkm_consumer_type(req->consumer),
	    req->publish_desc);
	if (req->keyring > 0)
		say(t, " keyring=%d", req->keyring);
	else
		say(t, " keyring=%s", special[-1 - req->keyring]);
	if (req->derive[0])
		say(t, " derive=%s len=%u", req->derive, req->len);
	if (req->consumer == TKM_CONSUMER_ENCRYPTED)
		say(t, " format=default");
	if (req->consumer == TKM_CONSUMER_ECRYPTFS)
		say(t, " format=ecryptfs");
	if (req->consumer == TKM_CONSUMER_USER)
		say(t, " reveal=every-possessor-can-read-it");
}

static void say_time(struct text *t, const char *name, s64 seconds)
{
	char date[21];

	tkm_time_write(seconds, date);
	if (seconds)
		say(t, " %s=%s", name, date);
}

static void written_anew(const struct tkm_request *req)
{
	struct text t = { .len = 0 };
	char pcrs[80];

	if (req->command == TKM_COMMAND_NEW)
		say_new(&t, req);
	else if (req->command == TKM_COMMAND_PUBLISH)
		say_publish(&t, req);
	else if (req->command == TKM_COMMAND_RESEAL)
		say(&t, "reseal");
	else if (req->command == TKM_COMMAND_STATE)
		say(&t, "state %s", tkm_state_name(req->state));
	else if (req->publish_desc[0])
		say(&t, "unpublish %s:%s", tkm_consumer_type(req->consumer),
		    req->publish_desc);
	else
		say(&t, "unpublish");
	must(tkm_pcrs_write(&req->pcrs, pcrs, sizeof(pcrs)) == strlen(pcrs));
	if (req->policy[0])
		say(&t, " policy=%s", req->policy);
	else if (req->pcrs_choice != TKM_KEEP)
		say(&t, " pcrs=%s",
		    req->pcrs_choice == TKM_NONE ? "none" : pcrs);
	if (req->auth_choice == TKM_NONE)
		say(&t, " auth=none");
	if (req->auth_choice == TKM_SET)
		say(&t, " auth=%d", req->auth);
	say_time(&t, "not-before", req->not_before);
	say_time(&t, "protect-until", req->protect_until);
	say_time(&t, "not-after", req->not_after);
	if (req->command == TKM_COMMAND_NEW)
		say(&t, " state=%s", tkm_state_name(req->state));
	means_the_same(req, 0, t.text, t.len);
}

/* Refused for what it asks, not for how: turned round it is too. */
static bool well_formed(int ret)
{
	return !ret || ret == -EOPNOTSUPP || ret == -EPERM || ret == -EMSGSIZE;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	char *text = exact(data, len);
	struct tkm_request req;
	int ret = tkm_optparse(text, len, &req);

	must(well_formed(ret) || ret == -EINVAL || ret == -E2BIG);
	must(!len || !memcmp(text, data, len));
	if (!ret)
		is_sound(&req, text, len);
	if (well_formed(ret) && !req.chain_is_der)
		turned_round(&req, ret, text, len);
	if (!ret && req.command != TKM_COMMAND_LOAD)
		written_anew(&req);
	exact_free(text);
	return 0;
}
