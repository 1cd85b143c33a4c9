// SPDX-License-Identifier: GPL-2.0
/*
 * OpenSSL at work with a key of tkm's: every private operation of its own code
 * for certificates and TLS ends in keyctl_pkey_sign().
 *
 *   tlskey certificate KEY NAME     self-signed, in PEM
 *   tlskey issue KEY CA-PEM NAME PUBLIC-PEM   signed by KEY for another public key
 *   tlskey serve KEY CERT-PEM SOCKET TEXT     one client of TLS gets TEXT
 *
 * EC keys sign X9.62; RSA keys PKCS #1, so TLS with them is 1.2 here: OpenSSL
 * pads PSS itself, and a TPM's key does not do the bare function.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "vm.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/un.h>

static serial_t key;

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	ERR_print_errors_fp(stderr);
	die("%s does not work", what);
}

/* ---- the key ---- */

static long pkey(int op, const char *info, const void *in, size_t in_len,
		 void *out)
{
	struct keyctl_pkey_params params = { .key_id = key, .in_len = in_len };

	return syscall(SYS_keyctl, op, &params, info, in, out);
}

static const char *hash_of(int len)
{
	switch (len) {
	case 32: return "sha256";
	case 48: return "sha384";
	case 64: return "sha512";
	default: return NULL;
	}
}

/* 1 and a length; 0 is OpenSSL's word for failure. */
static int sign(const char *enc, const unsigned char *digest, int len,
		unsigned char *sig, unsigned int *sig_len)
{
	const char *hash = hash_of(len);
	char info[40];
	long ret;

	if (!hash)
		return 0;
	snprintf(info, sizeof(info), "enc=%s hash=%s", enc, hash);
	ret = pkey(KEYCTL_PKEY_SIGN, info, digest, len, sig);
	fprintf(stderr, "pkey_sign %s: %ld\n", info, ret);
	*sig_len = ret > 0 ? ret : 0;
	return ret > 0;
}

static int ec_sign(int type, const unsigned char *digest, int len,
		   unsigned char *sig, unsigned int *sig_len,
		   const BIGNUM *kinv, const BIGNUM *r, EC_KEY *ec)
{
	(void)type, (void)kinv, (void)r, (void)ec;
	return sign("x962", digest, len, sig, sig_len);
}

static int rsa_sign(int type, const unsigned char *digest, unsigned int len,
		    unsigned char *sig, unsigned int *sig_len, const RSA *rsa)
{
	(void)type, (void)rsa;
	return sign("pkcs1", digest, len, sig, sig_len);
}

static EVP_PKEY *ec_key(EVP_PKEY *public)
{
	EC_KEY *ec = EVP_PKEY_get1_EC_KEY(public);
	EC_KEY_METHOD *method = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
	EVP_PKEY *ours = EVP_PKEY_new();

	EC_KEY_METHOD_set_sign(method, ec_sign, NULL, NULL);
	need(EC_KEY_set_method(ec, method) && EVP_PKEY_assign_EC_KEY(ours, ec),
	     "an EC key");
	return ours;
}

static EVP_PKEY *rsa_key(EVP_PKEY *public)
{
	RSA *rsa = EVP_PKEY_get1_RSA(public);
	RSA_METHOD *method = RSA_meth_dup(RSA_PKCS1_OpenSSL());
	EVP_PKEY *ours = EVP_PKEY_new();

	RSA_meth_set_sign(method, rsa_sign);
	need(RSA_set_method(rsa, method) && EVP_PKEY_assign_RSA(ours, rsa),
	     "an RSA key");
	return ours;
}

static EVP_PKEY *private_of(void)
{
	unsigned char der[4096];
	const unsigned char *p = der;
	long len = pkey(KEYCTL_PKEY_ENCRYPT, "enc=spki", "", 0, der);
	EVP_PKEY *public;

	if (len < 0)
		die("the public key: %s", strerrorname_np(errno));
	public = d2i_PUBKEY(NULL, &p, len);
	need(public, "SubjectPublicKeyInfo");
	return EVP_PKEY_base_id(public) == EVP_PKEY_EC ? ec_key(public) :
							 rsa_key(public);
}

/* ---- certificates ---- */

static void extension(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	need(ext && X509_add_ext(x, ext, -1), "an extension");
	X509_EXTENSION_free(ext);
}

static X509 *certificate(const char *name, EVP_PKEY *public, X509 *issuer)
{
	X509 *x = X509_new();
	char san[80];

	snprintf(san, sizeof(san), "DNS:%s", name);
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1 + !!issuer);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	need(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN",
					MBSTRING_ASC, (const unsigned char *)name,
					-1, -1, 0), "a name");
	X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer : x));
	need(X509_set_pubkey(x, public), "a public key");
	extension(x, NID_subject_alt_name, san);
	if (!issuer)
		extension(x, NID_basic_constraints, "critical,CA:TRUE");
	return x;
}

static void signed_out(X509 *x, EVP_PKEY *signer)
{
	need(X509_sign(x, signer, EVP_sha256()), "signing");
	need(PEM_write_X509(stdout, x), "stdout");
}

static X509 *read_certificate(const char *path)
{
	FILE *f = fopen(path, "r");
	X509 *x = f ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;

	need(x, path);
	return x;
}

static EVP_PKEY *read_public(const char *path)
{
	FILE *f = fopen(path, "r");
	EVP_PKEY *public = f ? PEM_read_PUBKEY(f, NULL, NULL, NULL) : NULL;

	need(public, path);
	return public;
}

/* ---- a server ---- */

static int client_of(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0), client;

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	if (bind(s, (struct sockaddr *)&at, sizeof(at)) || listen(s, 1))
		die("%s: %s", path, strerror(errno));
	client = accept(s, NULL, NULL);
	if (client < 0)
		die("accept: %s", strerror(errno));
	return client;
}

static void serve(EVP_PKEY *private, const char *cert, const char *path,
		  const char *text)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	SSL *ssl;

	if (EVP_PKEY_base_id(private) == EVP_PKEY_RSA)
		need(SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION) &&
		     SSL_CTX_set1_sigalgs_list(ctx, "RSA+SHA256:RSA+SHA384"),
		     "PKCS #1");
	need(SSL_CTX_use_certificate_file(ctx, cert, SSL_FILETYPE_PEM) == 1 &&
	     SSL_CTX_use_PrivateKey(ctx, private) == 1, "the certificate");
	ssl = SSL_new(ctx);
	SSL_set_fd(ssl, client_of(path));
	need(SSL_accept(ssl) == 1, "the handshake");
	need(SSL_write(ssl, text, strlen(text)) > 0, "writing");
	SSL_shutdown(ssl);
}

int main(int argc, char **argv)
{
	EVP_PKEY *private;

	if (argc < 4)
		die("see the head of tlskey.c");
	key = keyring_number(argv[2]);
	private = private_of();
	if (!strcmp(argv[1], "certificate") && argc == 4)
		signed_out(certificate(argv[3], private, NULL), private);
	else if (!strcmp(argv[1], "issue") && argc == 6)
		signed_out(certificate(argv[4], read_public(argv[5]),
				       read_certificate(argv[3])), private);
	else if (!strcmp(argv[1], "serve") && argc == 6)
		serve(private, argv[3], argv[4], argv[5]);
	else
		die("see the head of tlskey.c");
	return 0;
}
