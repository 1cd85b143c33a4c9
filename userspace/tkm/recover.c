// SPDX-License-Identifier: GPL-2.0
/* Recovery keys and shares in files, and what is said of those that do not fit. */
#include <openssl/crypto.h>

#include "keyfile.h"
#include "recover.h"
#include "tkm.h"

int recover_public(const char *path, struct area *area)
{
	u8 bytes[TKM_RECOVERY_AREA];
	int ret = FAILED;
	EVP_PKEY *pkey = public_of(path, &ret);

	if (!pkey)
		return ret;
	ret = recovery_area(pkey, bytes);
	EVP_PKEY_free(pkey);
	if (ret)
		return failed_as(ret, "tkm recovery new makes one",
				 "%s is no recovery key: it is not on P-256", path);
	ret = area_read(area, bytes, sizeof(bytes));
	return ret ? failed(ret, path) : DONE;
}

static int read_share(const char *path, struct share *share)
{
	void *text = NULL;
	ssize_t len;
	int ret;

	warn_if_open(path);
	len = libtkm_secret_read_file(path, SHARE_TEXT, &text);
	if (len < 0)
		return failed((int)len, path);
	/* One newline at its end is not part of what was read. */
	ret = len + 1 < SHARE_TEXT ? 0 : -EBADMSG;
	if (!ret) {
		char whole[SHARE_TEXT];

		memcpy(whole, text, (size_t)len);
		whole[len] = '\n';
		ret = share_read(share, whole, (size_t)len + 1);
		OPENSSL_cleanse(whole, sizeof(whole));
	}
	libtkm_secret_free(text);
	if (ret == -EOPNOTSUPP)
		return failed_as(ret, "a newer tkm may know it",
				 "%s is a share of another version", path);
	return ret ? failed_as(ret, NULL, "%s is damaged, or is no share", path) :
		     DONE;
}

static int share_failed(enum share_fault fault, char *const *paths,
			const struct share *shares, size_t n, size_t which,
			size_t other)
{
	switch (fault) {
	case SHARE_OTHER_KEY:
		return failed_as(-EKEYREJECTED, NULL,
				 "%s is of another recovery key than %s",
				 paths[which], paths[other]);
	case SHARE_TWICE:
		return failed_as(-EINVAL, NULL, "%s and %s are the same share",
				 paths[other], paths[which]);
	case SHARE_TOO_FEW:
		return failed_as(-EKEYREJECTED, NULL,
				 "%zu shares of the %u that are needed", n,
				 shares[0].needed);
	default:
		return failed_as(-EKEYREJECTED, NULL,
				 "the shares give another key than they say");
	}
}

int recover_join(char *const *paths, size_t n, u8 secret[SHARE_SECRET],
		 u8 area[TKM_RECOVERY_AREA])
{
	size_t which = 0, other = 0, i;
	struct share *shares;
	enum share_fault fault;
	int ret = DONE;

	shares = libtkm_secret_alloc(n * sizeof(*shares));
	if (!shares)
		return failed(-ENOMEM, "the shares");
	libtkm_secret_no_dumps();
	for (i = 0; !ret && i < n; i++)
		ret = read_share(paths[i], &shares[i]);
	if (!ret) {
		fault = share_check(shares, n, &which, &other);
		if (fault == SHARE_FITS)
			fault = share_join(shares, n, secret, area);
		if (fault != SHARE_FITS)
			ret = share_failed(fault, paths, shares, n, which, other);
	}
	libtkm_secret_free(shares);
	return ret;
}
