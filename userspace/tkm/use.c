// SPDX-License-Identifier: GPL-2.0
/*
 * What the verbs that use a key have in common. Encodings and hashes are checked
 * with the module's own parser.
 */
#include <openssl/evp.h>
#include <unistd.h>

#include "core.h"
#include "sealed.h"

void use_option(struct use *use, int c, const char *value)
{
	struct tkm_encoding e;

	switch (c) {
	case OPT_ENC:
		if (strchr(value, ';') || !strcmp(value, "spki") ||
		    tkm_encoding_parse(value, NULL, &e))
			usage("%s is no encoding", value);
		use->enc = value;
		break;
	case OPT_HASH:
		if (tkm_encoding_parse("pkcs1", value, &e))
			usage("%s is no hash that tkm does", value);
		use->hash = value;
		break;
	case OPT_AAD:
		if (!*value || strlen(value) % 2 ||
		    value[strspn(value, "0123456789abcdefABCDEF")])
			usage("--aad wants pairs of hex digits");
		if (strlen(value) > 1024)
			usage("--aad takes at most 512 bytes");
		use->aad = value;
		break;
	case OPT_DIGEST:
		use->digest = true;
		break;
	}
}

void use_signing(const struct use *use, const struct libtkm_key *key,
		 char *info, size_t size)
{
	const char *enc = use->enc;

	if (!strcmp(key->kind, "data"))
		usage("%s is a data key, and does not sign: it encrypts",
		      key->description);
	if (!enc)
		enc = strcmp(key->kind, "rsa") ? "x962" : "pkcs1";
	snprintf(info, size, "enc=%s hash=%s", enc,
		 use->hash ? use->hash : "sha256");
}

void use_encrypting(const struct use *use, const struct libtkm_key *key,
		    char *info, size_t size)
{
	bool data = !strcmp(key->kind, "data");
	const char *enc = use->enc;

	if (!enc)
		enc = data ? "gcm" : strcmp(key->kind, "ec") ? "oaep" : "ecdh";
	if (data != !strcmp(enc, "gcm"))
		usage("%s is a key of kind %s, and does not do %s",
		      key->description, key->kind, enc);
	if (use->aad && !data)
		usage("associated data are for data keys");
	if (use->hash && strcmp(enc, "oaep"))
		usage("--hash is for oaep");
	if (data)
		snprintf(info, size, "enc=gcm%s%s", use->aad ? ";aad=" : "",
			 use->aad ? use->aad : "");
	else if (!strcmp(enc, "oaep"))
		snprintf(info, size, "enc=oaep hash=%s",
			 use->hash ? use->hash : "sha256");
	else
		snprintf(info, size, "enc=%s", enc);
}

static int digest_of(int fd, const char *hash, uint8_t digest[64], size_t *len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	static uint8_t buf[65536];
	unsigned int size = 0;
	ssize_t n;
	int ret = 0;

	if (!ctx || !EVP_DigestInit_ex(ctx, EVP_get_digestbyname(hash), NULL))
		ret = -EOPNOTSUPP;
	while (!ret) {
		n = read(fd, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			ret = -errno;
		if (n <= 0)
			break;
		if (!EVP_DigestUpdate(ctx, buf, (size_t)n))
			ret = -ENOMEM;
	}
	if (!ret && !EVP_DigestFinal_ex(ctx, digest, &size))
		ret = -ENOMEM;
	*len = size;
	EVP_MD_CTX_free(ctx);
	return ret;
}

int use_digest(const struct use *use, const char *path, uint8_t digest[64],
	       size_t *len)
{
	const char *hash = use->hash ? use->hash : "sha256";
	struct tkm_encoding e;
	uint8_t *data;
	int fd, ret;

	if (use->digest) {
		ret = read_input(path, 64, &data, len);
		if (!ret) {
			memcpy(digest, data, *len);
			free(data);
		}
		tkm_encoding_parse("pkcs1", hash, &e);
		if (ret == -E2BIG || (!ret && *len != tkm_hash_size(e.hash)))
			usage("a digest of %s has %u bytes: without --digest it is computed",
			      hash, tkm_hash_size(e.hash));
	} else {
		fd = open_input(path);
		progress_begin("reading");
		ret = fd < 0 ? fd : digest_of(fd, hash, digest, len);
		progress_end();
		if (fd >= 0)
			close(fd);
	}
	return ret ? failed(ret, path ? path : "standard input") : DONE;
}
