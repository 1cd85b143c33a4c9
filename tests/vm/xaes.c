// SPDX-License-Identifier: GPL-2.0
/*
 * The messages of a data key with use=crypt, by OpenSSL, from what Documentation
 * says of them: none of the module's code is in here.
 *
 *   xaes seal|open PAYLOAD [AAD] < IN > OUT     both in hex
 *
 * seal takes the nonce from OpenSSL's random numbers. open gives status 1 for a
 * message that does not hold. With TKM_XAES_KEY=bare, PAYLOAD is not what a key
 * is derived from, but the key (32 bytes).
 */
#include "vm.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#define NONCE	24
#define TAG	16
#define HEAD	(1 + NONCE)
#define LABEL	"tkm crypt v1"

static void need(int ok, const char *what)
{
	if (ok != 1)
		die("OpenSSL: %s", what);
}

static unsigned char *hex_of(const char *hex, long *len)
{
	unsigned char *bytes = OPENSSL_hexstr2buf(hex, len);

	if (!bytes)
		die("'%.40s' is no hex", hex);
	return bytes;
}

/* RFC 5869 */
static void hkdf(unsigned char *payload, size_t len, unsigned char out[32])
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, "SHA256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, payload, len),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, LABEL,
						  strlen(LABEL)),
		OSSL_PARAM_construct_end(),
	};

	need(EVP_KDF_derive(ctx, out, 32, params), "HKDF");
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

/* C2SP XAES-256-GCM: two blocks of CMAC, each over 00 n 'X' 00 and 12 bytes. */
static void message_key(const unsigned char key[32],
			const unsigned char nonce[12], unsigned char out[32])
{
	unsigned char block[16] = { 0, 0, 'X', 0 };
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER,
						 "AES-256-CBC", 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "CMAC", NULL);
	EVP_MAC_CTX *ctx;
	size_t len;
	int i;

	memcpy(block + 4, nonce, 12);
	for (i = 0; i < 2; i++) {
		block[1] = i + 1;
		ctx = EVP_MAC_CTX_new(mac);
		need(EVP_MAC_init(ctx, key, 32, params), "CMAC");
		need(EVP_MAC_update(ctx, block, sizeof(block)), "CMAC");
		need(EVP_MAC_final(ctx, out + 16 * i, &len, 16), "CMAC");
		EVP_MAC_CTX_free(ctx);
	}
	EVP_MAC_free(mac);
}

static EVP_CIPHER_CTX *gcm(const unsigned char key[32],
			   const unsigned char *nonce, const unsigned char *aad,
			   long aad_len, int encrypt)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	unsigned char mine[32];
	int n;

	message_key(key, nonce, mine);
	need(EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, mine, nonce + 12,
			       encrypt), "GCM");
	if (aad_len)
		need(EVP_CipherUpdate(ctx, NULL, &n, aad, aad_len), "GCM");
	return ctx;
}

static void put(const void *p, size_t n)
{
	if (fwrite(p, 1, n, stdout) != n)
		die("stdout");
}

static void seal(const unsigned char key[32], const unsigned char *aad,
		 long aad_len, const unsigned char *in, size_t len)
{
	unsigned char head[HEAD] = { 1 }, *out = malloc(len + 1), tag[TAG];
	EVP_CIPHER_CTX *ctx;
	int n = 0;

	need(RAND_bytes(head + 1, NONCE), "random numbers");
	ctx = gcm(key, head + 1, aad, aad_len, 1);
	if (len)
		need(EVP_CipherUpdate(ctx, out, &n, in, len), "GCM");
	need(EVP_CipherFinal_ex(ctx, out + n, &n), "GCM");
	need(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG, tag), "GCM");
	put(head, HEAD);
	put(out, len);
	put(tag, TAG);
}

static int open_message(const unsigned char key[32], const unsigned char *aad,
			long aad_len, unsigned char *in, size_t len)
{
	unsigned char *out = malloc(len + 1);
	EVP_CIPHER_CTX *ctx;
	int n = 0;

	if (len < HEAD + TAG || in[0] != 1)
		return 1;
	len -= HEAD + TAG;
	ctx = gcm(key, in + 1, aad, aad_len, 0);
	if (len)
		need(EVP_CipherUpdate(ctx, out, &n, in + HEAD, len), "GCM");
	need(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG, in + HEAD + len),
	     "GCM");
	if (EVP_CipherFinal_ex(ctx, out + n, &n) != 1)
		return 1;
	put(out, len);
	return 0;
}

int main(int argc, char **argv)
{
	const char *bare = getenv("TKM_XAES_KEY");
	unsigned char key[32], *payload, *aad = NULL, *in;
	long payload_len, aad_len = 0;
	size_t len;

	if (argc < 3)
		die("see the head of xaes.c");
	payload = hex_of(argv[2], &payload_len);
	if (argc > 3)
		aad = hex_of(argv[3], &aad_len);
	if (!bare)
		hkdf(payload, payload_len, key);
	else if (payload_len == 32)
		memcpy(key, payload, 32);
	else
		die("a key has 32 bytes");
	in = (unsigned char *)read_all(0, &len);
	if (!strcmp(argv[1], "open"))
		return open_message(key, aad, aad_len, in, len);
	seal(key, aad, aad_len, in, len);
	return 0;
}
