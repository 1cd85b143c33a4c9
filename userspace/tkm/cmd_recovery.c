// SPDX-License-Identifier: GPL-2.0
/*
 * tkm recovery: a key that is in no TPM, for the day that the TPM is dead. Its private
 * half is never written but in shares.
 */
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy.h"
#include "recover.h"

enum { OPT_SHARES = OPT_OWN, OPT_NEEDED, OPT_INTO };

static unsigned int shares_of(const char *text)
{
	return (unsigned int)want_number(text, "number of shares", 2,
					 SHARES_MAX);
}

/* ---- new ------------------------------------------------------------------------- */

static int write_share(int folder, const struct share *share)
{
	char text[SHARE_TEXT], name[24];
	size_t n = share_write(share, text);
	int fd, ret = 0;

	snprintf(name, sizeof(name), "share-%u", share->number);
	fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		ret = -errno;
	} else {
		if (write(fd, text, n) != (ssize_t)n || fsync(fd))
			ret = -EIO;
		if (close(fd))
			ret = -EIO;
		if (ret)
			unlinkat(folder, name, 0);
	}
	OPENSSL_cleanse(text, sizeof(text));
	return ret;
}

static void drop_shares(int folder, unsigned int n)
{
	char name[24];

	for (; n; n--) {
		snprintf(name, sizeof(name), "share-%u", n);
		unlinkat(folder, name, 0);
	}
}

static int write_shares(int folder, const struct share *shares, unsigned int of)
{
	unsigned int i;
	int ret;

	for (i = 0; i < of; i++) {
		ret = write_share(folder, &shares[i]);
		if (ret) {
			drop_shares(folder, i);
			return ret;
		}
	}
	return fsync(folder) ? -errno : 0;
}

static int write_public(EVP_PKEY *pkey, int folder, unsigned int of)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem;
	long n;
	int ret = FAILED;

	if (bio && PEM_write_bio_PUBKEY(bio, pkey)) {
		n = BIO_get_mem_data(bio, &pem);
		ret = output_all(pem, (size_t)n, 0644);
	}
	BIO_free(bio);
	if (ret)
		drop_shares(folder, of);
	return ret;
}

static int make(unsigned int needed, unsigned int of, const char *into)
{
	struct share *shares = libtkm_secret_alloc(of * sizeof(*shares));
	int folder = open(into, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	EVP_PKEY *pkey = NULL;
	int ret;

	if (folder < 0 || !shares) {
		ret = folder < 0 ? failed(-errno, into) :
				   failed(-ENOMEM, "the shares");
		libtkm_secret_free(shares);
		return ret;
	}
	libtkm_secret_no_dumps();
	/* They first: a public half without them would be used, and be of no use. */
	ret = recovery_new(needed, of, &pkey, shares);
	ret = ret ? failed(ret, "the key") : DONE;
	if (!ret) {
		ret = write_shares(folder, shares, of);
		ret = ret ? failed(ret, into) : write_public(pkey, folder, of);
	}
	close(folder);
	EVP_PKEY_free(pkey);
	libtkm_secret_free(shares);
	return ret;
}

static int cmd_new_recovery(int argc, char **argv)
{
	static const struct option options[] = {
		{ "shares", required_argument, NULL, OPT_SHARES },
		{ "needed", required_argument, NULL, OPT_NEEDED },
		{ "into", required_argument, NULL, OPT_INTO },
		OUT_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	unsigned int needed = 2, of = 3;
	const char *into = NULL;
	int c;

	while ((c = next_option(argc, argv, options)) != -1) {
		if (c == OPT_SHARES)
			of = shares_of(optarg);
		else if (c == OPT_NEEDED)
			needed = shares_of(optarg);
		else
			into = optarg;
	}
	want_words(argc, 0, 0);
	if (!into)
		usage("where do the shares go? --into FOLDER");
	if (needed > of)
		usage("%u of %u shares: as many as are needed have to be there",
		      needed, of);
	return make(needed, of, into);
}

/* ---- check ------------------------------------------------------------------------- */

static int cmd_check_recovery(int argc, char **argv)
{
	static const struct option options[] = { COMMON_OPTIONS, END_OPTIONS };
	u8 secret[SHARE_SECRET], area[TKM_RECOVERY_AREA], name[TKM_NAME_SIZE];
	struct json_object *object;
	char hex[2 * TKM_NAME_SIZE + 1];
	int ret;

	while (next_option(argc, argv, options) != -1)
		;
	want_words(argc, 1, SHARES_MAX);
	ret = recover_join(argv + optind, (size_t)(argc - optind), secret, area);
	OPENSSL_cleanse(secret, sizeof(secret));
	if (ret)
		return ret;
	tkm_public_name(area, sizeof(area), name);
	hex_of(name, sizeof(name), hex);
	if (json) {
		object = json_object_new_object();
		put_text(object, "key", hex);
		return say_json(object);
	}
	line("key", hex);
	return say_done();
}

/* ---- the verb ------------------------------------------------------------------------- */

static const struct verb actions[] = {
	{ "recovery new", cmd_new_recovery, "make a recovery key, in shares",
	  "--into FOLDER [OPTION...]",
	  "Writes its public half, for tkm backup, and its private half in shares, which\n"
	  "are secret: give each to somebody else.\n"
	  "\n"
	  "  --into FOLDER       where shares go: share-1, share-2...\n"
	  "  --shares N          how many there are: 3 unless said\n"
	  "  --needed N          how many of them give the key: 2 unless said\n" OUT_HELP },
	{ "recovery check", cmd_check_recovery, "tell whether shares give a key",
	  "SHARE...", "Shows the Name of the key that they give.\n\n" },
};

int cmd_recovery(int argc, char **argv)
{
	return run_action(actions, ARRAY_SIZE(actions), argc, argv);
}
