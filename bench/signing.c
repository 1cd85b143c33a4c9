// SPDX-License-Identifier: GPL-2.0
/*
 * ECDSA signatures of P-256, one after the other:
 *
 *   signing key N KEY          by keyctl_pkey_sign() with a tkm key
 *   signing device N DEVICE    by TPM2_Sign, sent straight to DEVICE by a program
 *                              that made a key at its start and keeps it loaded
 *   signing provider N KEY     by OpenSSL with its tpm2 provider, one process; KEY
 *                              is a file, or handle:0x81... for a persistent key,
 *                              which needs no loading at all
 *
 * Prints the microseconds of all N. Nobody is asked for anything before the
 * first has succeeded, which is not counted.
 */
#include "vm.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/store.h>

#include "clock.h"

static const unsigned char digest[32] = "a digest as good as any other on";

/* ---- the module ---- */

static serial_t key;

static void key_sign(void)
{
	static const char info[] = "enc=x962 hash=sha256";
	struct keyctl_pkey_params params = {
		.key_id = key, .in_len = sizeof(digest), .out_len = 72,
	};
	unsigned char sig[72];

	if (syscall(SYS_keyctl, KEYCTL_PKEY_SIGN, &params, info, digest, sig) <= 0)
		die("pkey_sign: %s", strerrorname_np(errno));
}

/* ---- the device ---- */

static int device;
static unsigned char object[4];

static size_t transmit(const unsigned char *command, size_t len,
		       unsigned char answer[4096])
{
	ssize_t n;

	if (write(device, command, len) != (ssize_t)len)
		die("write: %s", strerror(errno));
	n = read(device, answer, 4096);
	if (n < 10 || memcmp(answer + 6, "\0\0\0\0", 4))
		die("the TPM says 0x%02x%02x", answer[8], answer[9]);
	return n;
}

/* TPM 2.0 Part 3, TPM2_CreatePrimary: an EC key of the owner's that signs. */
static void device_open(const char *path)
{
	static const unsigned char create[] = {
		0x80, 0x02, 0, 0, 0, 0, 0, 0, 0x01, 0x31,
		0x40, 0, 0, 0x01,			/* owner */
		0, 0, 0, 9, 0x40, 0, 0, 9, 0, 0, 0, 0, 0, /* empty password */
		0, 4, 0, 0, 0, 0,			/* inSensitive */
		0, 22, 0, 0x23, 0, 0x0b,		/* ECC, SHA-256 */
		0, 0x04, 0x04, 0x72, 0, 0,		/* sign, noDA, fixed */
		0, 0x10, 0, 0x10, 0, 3, 0, 0x10,	/* P-256 */
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	};
	unsigned char command[sizeof(create)], answer[4096];

	device = open(path, O_RDWR | O_CLOEXEC);
	if (device < 0)
		die("%s: %s", path, strerror(errno));
	memcpy(command, create, sizeof(create));
	command[5] = sizeof(create);
	transmit(command, sizeof(command), answer);
	memcpy(object, answer + 10, sizeof(object));
}

/* TPM2_Sign */
static void device_sign(void)
{
	static const unsigned char
		head[] = { 0x80, 0x02, 0, 0, 0, 73, 0, 0, 0x01, 0x5d },
		auth[] = { 0, 0, 0, 9, 0x40, 0, 0, 9, 0, 0, 0, 0, 0, 0, 32 },
		tail[] = { 0, 0x18, 0, 0x0b,		/* ECDSA, SHA-256 */
			   0x80, 0x24, 0x40, 0, 0, 7, 0, 0 };
	unsigned char command[73], answer[4096], *p = command;

	p = mempcpy(p, head, sizeof(head));
	p = mempcpy(p, object, sizeof(object));
	p = mempcpy(p, auth, sizeof(auth));
	p = mempcpy(p, digest, sizeof(digest));
	p = mempcpy(p, tail, sizeof(tail));
	transmit(command, p - command, answer);
}

/* ---- the provider ---- */

static EVP_PKEY *pkey;

__attribute__((noreturn))
static void openssl_die(const char *what)
{
	ERR_print_errors_fp(stderr);
	die("openssl: %s", what);
}

static void provider_open(const char *uri)
{
	OSSL_STORE_CTX *store;
	OSSL_STORE_INFO *info;

	if (!OSSL_PROVIDER_load(NULL, "tpm2") ||
	    !OSSL_PROVIDER_load(NULL, "default"))
		openssl_die("providers");
	store = OSSL_STORE_open_ex(uri, NULL, "?provider=tpm2", NULL, NULL, NULL,
				   NULL, NULL);
	if (!store)
		openssl_die(uri);
	while (!pkey && !OSSL_STORE_eof(store)) {
		info = OSSL_STORE_load(store);
		if (info && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
			pkey = OSSL_STORE_INFO_get1_PKEY(info);
		OSSL_STORE_INFO_free(info);
	}
	OSSL_STORE_close(store);
	if (!pkey)
		openssl_die("no key");
}

/* A digest as it is, and not what the provider makes of a message. */
static void provider_sign(void)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey,
						       "provider=tpm2");
	unsigned char sig[128];
	size_t len = sizeof(sig);

	if (!ctx || EVP_PKEY_sign_init(ctx) <= 0 ||
	    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) <= 0 ||
	    EVP_PKEY_sign(ctx, sig, &len, digest, sizeof(digest)) <= 0)
		openssl_die("sign");
	EVP_PKEY_CTX_free(ctx);
}

int main(int argc, char **argv)
{
	const char *who = argc == 4 ? argv[1] : "";
	void (*sign)(void);
	long long start;
	int i;

	if (!strcmp(who, "key")) {
		key = keyring_number(argv[3]);
		sign = key_sign;
	} else if (!strcmp(who, "device")) {
		device_open(argv[3]);
		sign = device_sign;
	} else if (!strcmp(who, "provider")) {
		provider_open(argv[3]);
		sign = provider_sign;
	} else {
		die("see the head of signing.c");
	}
	sign();
	start = clock_us();
	for (i = 0; i < atoi(argv[2]); i++)
		sign();
	printf("%lld\n", clock_us() - start);
	return 0;
}
