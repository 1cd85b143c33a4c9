// SPDX-License-Identifier: GPL-2.0
/* Keys for OpenSSL, by what somebody typed; what is wrong with them is said here. */
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "keyfile.h"
#include "tkm.h"

static EVP_PKEY *public_of_key(const char *name, int *status)
{
	EVP_PKEY *pkey = NULL;
	libtkm_serial key;
	const u8 *p;
	uint8_t *der;
	size_t len;
	int ret;

	*status = want_key(name, &key, NULL);
	if (*status)
		return NULL;
	ret = libtkm_pkey_encrypt(key, "enc=spki", "", 0, &der, &len);
	if (!ret) {
		p = der;
		pkey = d2i_PUBKEY(NULL, &p, (long)len);
		free(der);
	}
	if (!pkey)
		*status = failed_as(ret ? ret : -EBADMSG,
				    "tkm new NAME ec makes one that does",
				    "%s does not sign", name);
	return pkey;
}

EVP_PKEY *public_of(const char *from, int *status)
{
	EVP_PKEY *pkey = NULL;
	uint8_t *data;
	size_t len;
	BIO *bio;
	int ret;

	*status = DONE;
	if (!strncmp(from, "%tkm:", 5))
		return public_of_key(from, status);
	ret = read_input(from, 65536, &data, &len);
	if (ret) {
		*status = failed(ret, from);
		return NULL;
	}
	bio = BIO_new_mem_buf(data, (int)len);
	if (bio)
		pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	BIO_free(bio);
	free(data);
	if (!pkey)
		*status = failed_as(-EBADMSG, "openssl pkey -pubout writes the public half of a key",
				    "%s is no public key in PEM", from);
	return pkey;
}

EVP_PKEY *private_of(const char *path, const char *advice, int *status)
{
	EVP_PKEY *pkey = NULL;
	uint8_t *data;
	size_t len;
	BIO *bio;
	int ret;

	warn_if_open(path);
	ret = read_input(path, 65536, &data, &len);
	if (ret) {
		*status = failed(ret, path);
		return NULL;
	}
	/* A passphrase is asked for on the terminal, by OpenSSL. */
	bio = BIO_new_mem_buf(data, (int)len);
	if (bio)
		pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	OPENSSL_cleanse(data, len);
	free(data);
	if (!pkey)
		*status = failed_as(-EBADMSG, advice, "%s is no private key in PEM",
				    path);
	return pkey;
}

int public_take(const char *from, u8 *out, size_t *len)
{
	EVP_PKEY *pkey;
	ssize_t n;
	int status;

	pkey = public_of(from, &status);
	if (!pkey)
		return status;
	n = public_encode(pkey, out, PUBLIC_MAX);
	EVP_PKEY_free(pkey);
	if (n < 0)
		return failed_as((int)n, "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 makes one",
				 "%s: TPMs know RSA with 2048 or 3072 bits, and EC on P-256 and P-384",
				 from);
	*len = (size_t)n;
	return DONE;
}
