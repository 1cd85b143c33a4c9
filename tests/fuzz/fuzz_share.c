// SPDX-License-Identifier: GPL-2.0
/*
 * Shares of recovery keys, as they come from paper: one, and several in a row. Nobody
 * finds a checksum by chance: each is tried as it is, and with the one that it should
 * have. What is read is written as the same text, and shares that fit give the key
 * whose Name they say, or none.
 */
#include <openssl/sha.h>

#include "../../userspace/tkm/policy.h"
#include "../../userspace/tkm/share.h"

#include "fuzz.h"
#include "verify.h"

#define SOME	8

/* policy.c has it. */
void hex_of(const u8 *p, size_t len, char *out)
{
	for (; len; len--, p++, out += 2)
		sprintf(out, "%02x", *p);
	*out = 0;
}

static bool is_wiped(const void *p, size_t len)
{
	const u8 *bytes = p;

	while (len && !bytes[len - 1])
		len--;
	return !len;
}

static bool any_share(const char *text, size_t len, struct share *share)
{
	char again[SHARE_TEXT];
	int ret = share_read(share, text, len);

	must(ret == 0 || ret == -EBADMSG || ret == -EOPNOTSUPP);
	if (ret) {
		must(is_wiped(share, sizeof(*share)));
		return false;
	}
	must(share->needed > 1 && share->needed <= share->of);
	must(share->number && share->number <= share->of);
	must(share->of <= SHARES_MAX);
	must(share_write(share, again) == len && !memcmp(again, text, len));
	return true;
}

/* The same with the checksum that it should have, if it has one at all. */
static bool mended_share(const char *text, size_t len, struct share *share)
{
	static const char word[] = "check ";
	char hex[17], *mended = exact(text, len);
	u8 hash[SHA256_DIGEST_LENGTH];
	const char *at;
	bool is;

	at = memmem(mended, len, word, strlen(word));
	if (at && (size_t)(mended + len - at) >= strlen(word) + 16) {
		SHA256((const u8 *)mended, (size_t)(at - mended), hash);
		hex_of(hash, 8, hex);
		memcpy(mended + (at - mended) + strlen(word), hex, 16);
	}
	is = any_share(mended, len, share);
	exact_free(mended);
	return is;
}

static void any_key(const struct share *shares, size_t n)
{
	u8 secret[SHARE_SECRET], area[TKM_RECOVERY_AREA], name[TKM_NAME_SIZE];
	enum share_fault fault;
	size_t which = 0, other = 0;

	fault = share_check(shares, n, &which, &other);
	must(fault == SHARE_FITS || fault == SHARE_OTHER_KEY ||
	     fault == SHARE_TWICE || fault == SHARE_TOO_FEW);
	if (fault == SHARE_TWICE || fault == SHARE_OTHER_KEY)
		must(which < n && other < which);
	if (fault != SHARE_FITS)
		return;
	fault = share_join(shares, n, secret, area);
	must(fault == SHARE_FITS || fault == SHARE_WRONG);
	if (fault == SHARE_WRONG) {
		must(is_wiped(secret, sizeof(secret)));
		return;
	}
	tkm_public_name(area, sizeof(area), name);
	must(!memcmp(name, shares[0].key, sizeof(name)));
}

/* Where the next one begins. */
static size_t next(const char *text, size_t len)
{
	static const char word[] = "tkm recovery";
	const char *at = len ? memmem(text + 1, len - 1, word, strlen(word)) :
			       NULL;

	return at ? (size_t)(at - text) : len;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	const char *text = exact(data, size), *p = text;
	struct share shares[SOME], one;
	size_t n = 0, part;

	any_share(text, size, &one);
	for (; size && n < SOME; p += part, size -= part) {
		part = next(p, size);
		if (mended_share(p, part, &shares[n]))
			n++;
	}
	any_key(shares, n);
	exact_free(text);
	return 0;
}
