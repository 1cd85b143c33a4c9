// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * The text of add_key and keyctl_update: what is accepted is within its
 * limits, means the same with its options turned round, and means the same
 * when it is written anew from what was understood.
 */
#include "fuzz.h"

static void is_sound(const struct tkm_request *req, const char *text, size_t len)
{
	bool new = req->command == TKM_COMMAND_NEW;
	bool reseal = req->command == TKM_COMMAND_RESEAL;
	bool load = req->command == TKM_COMMAND_LOAD;
	const char *colon = strchr(req->publish_desc, ':');
	u8 *bytes;

	must(req->kind == TKM_KIND_DATA && req->class == TKM_CLASS_FIXED);
	must(req->uses == TKM_USE_PUBLISH);
	must(req->len >= TKM_DATA_MIN && req->len <= TKM_DATA_MAX);
	must(new || (!req->flat && !req->not_before && !req->not_after));
	must(!req->flat || (!req->not_before && !req->not_after));
	must(!req->not_after || req->not_after > req->not_before);
	must(req->not_before >= 0);
	must(req->pcrs_choice != TKM_NONE || reseal);
	must(req->pcrs_choice == TKM_KEEP || new || reseal);
	must((req->pcrs_choice == TKM_SET) == (req->pcrs.mask != 0));
	must(req->pcrs.mask < BIT(24));
	must(req->auth_choice != TKM_NONE || reseal);
	must((req->auth_choice == TKM_SET) == (req->auth > 0));
	must(req->keyring > 0 || (req->keyring <= -1 && req->keyring >= -5));
	must(load == (req->chain_len > 0) && load == (req->chain != NULL));
	must((req->command == TKM_COMMAND_PUBLISH) ==
	     (colon && colon != req->publish_desc));
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
	       (n > 1 && !memchr(words[1].data, '=', words[1].len)) ? 2 : 1;
	for (i = 0; i < n; i++) {
		end = i < head ? i : n - 1 - (i - head);
		memcpy(at, words[end].data, words[end].len);
		at += words[end].len;
		*at++ = i < n - 1 ? ' ' : '\n';
	}
	means_the_same(req, ret, out, (size_t)(at - out));
	free(out);
}

static void written_anew(const struct tkm_request *req)
{
	static const char *const special[] = { "@t", "@p", "@s", "@u", "@us" };
	char out[1024], date[21], pcrs[80];
	size_t n, size = sizeof(out);

	n = (size_t)scnprintf(out, size, "%s",
			      req->command == TKM_COMMAND_NEW ? "new data" :
			      req->command == TKM_COMMAND_RESEAL ? "reseal" :
							"publish logon:");
	if (req->command == TKM_COMMAND_NEW)
		n += scnprintf(out + n, size - n, " %slen=%u",
			       req->flat ? "parent=srk " :
					   "use=publish class=fixed ",
			       req->len);
	if (req->command == TKM_COMMAND_PUBLISH)
		n += scnprintf(out + n, size - n, "%s keyring=",
			       req->publish_desc);
	if (req->command == TKM_COMMAND_PUBLISH && req->keyring > 0)
		n += scnprintf(out + n, size - n, "%d", req->keyring);
	else if (req->command == TKM_COMMAND_PUBLISH)
		n += scnprintf(out + n, size - n, "%s",
			       special[-1 - req->keyring]);
	must(tkm_pcrs_write(&req->pcrs, pcrs, sizeof(pcrs)) == strlen(pcrs));
	if (req->pcrs_choice != TKM_KEEP)
		n += scnprintf(out + n, size - n, " pcrs=%s",
			       req->pcrs_choice == TKM_NONE ? "none" : pcrs);
	if (req->auth_choice == TKM_NONE)
		n += scnprintf(out + n, size - n, " auth=none");
	if (req->auth_choice == TKM_SET)
		n += scnprintf(out + n, size - n, " auth=%d", req->auth);
	tkm_time_write(req->not_before, date);
	if (req->not_before)
		n += scnprintf(out + n, size - n, " not-before=%s", date);
	tkm_time_write(req->not_after, date);
	if (req->not_after)
		n += scnprintf(out + n, size - n, " not-after=%s", date);
	means_the_same(req, 0, out, n);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	char *text = exact(data, len);
	struct tkm_request req;
	int ret = tkm_optparse(text, len, &req);

	must(ret == 0 || ret == -EINVAL || ret == -E2BIG || ret == -EOPNOTSUPP);
	must(!len || !memcmp(text, data, len));
	if (!ret)
		is_sound(&req, text, len);
	if ((!ret || ret == -EOPNOTSUPP) && !req.chain_is_der)
		turned_round(&req, ret, text, len);
	if (!ret && req.command != TKM_COMMAND_LOAD)
		written_anew(&req);
	exact_free(text);
	return 0;
}
