// SPDX-License-Identifier: GPL-2.0
/*
 * The files of tkm platform. What is read is written as the same bytes; a certificate
 * that leads nowhere is believed by nobody, whatever else it says.
 */
#include "../../userspace/tkm/credential.h"
#include "../../userspace/tkm/trust.h"

#include "fuzz.h"

/* What values.c and ak.c need, and is not called here. */
int read_input(const char *path, size_t max, uint8_t **data, size_t *len);
int failed(int err, const char *what);
int failed_as(int err, const char *remedy, const char *format, ...);

int read_input(const char *path, size_t max, uint8_t **data, size_t *len)
{
	(void)path;
	(void)max;
	(void)data;
	(void)len;
	abort();
}

int failed(int err, const char *what)
{
	(void)err;
	(void)what;
	abort();
}

int failed_as(int err, const char *remedy, const char *format, ...)
{
	(void)err;
	(void)remedy;
	(void)format;
	abort();
}

static void is_sound(const struct credential *credential)
{
	unsigned int i;

	must(credential->n_ek >= 1 && credential->n_ek <= CREDENTIAL_EKS);
	must(credential->n_facts <= CREDENTIAL_FACTS);
	for (i = 0; i < credential->n_ek; i++)
		must(credential->ek[i].cert_len &&
		     credential->ek[i].cert_len <= CREDENTIAL_CERT_MAX);
	for (i = 0; i < credential->n_facts; i++) {
		must(strlen(credential->fact[i].name) <= CREDENTIAL_FACT_NAME);
		must(*credential->fact[i].name && *credential->fact[i].value);
	}
}

static void is_trusted_by_nobody(const struct credential *credential)
{
	X509_STORE *store = X509_STORE_new();
	struct finding finding;
	unsigned int ek;

	must(store);
	must(trust_credential(credential, store, &ek, &finding) ==
	     -EKEYREJECTED);
	must(!strcmp(finding.check, "ek-certificate"));
	X509_STORE_free(store);
}

static void a_credential(const u8 *der, size_t len)
{
	static struct credential credential;
	static u8 again[CREDENTIAL_MAX];
	u8 hash[32];
	int ret = credential_decode(&credential, der, len);

	must(ret == 0 || ret == -EBADMSG || ret == -E2BIG ||
	     ret == -EOPNOTSUPP);
	if (ret)
		return;
	is_sound(&credential);
	must(credential_encode(&credential, again) == (ssize_t)len);
	must(!memcmp(again, der, len));
	must(!credential_signed(&credential, hash));
	is_trusted_by_nobody(&credential);
}

/* PEM has many ways to write a thing; what is read is the same once written. */
static void a_challenge(const u8 *text, size_t len)
{
	struct challenge challenge, same;
	u8 one[32], two[32];
	char *pem;

	if (challenge_read(&challenge, text, len))
		return;
	must(!challenge_write(&challenge, &pem));
	must(!challenge_read(&same, pem, strlen(pem)));
	must(!challenge_hash(&challenge, one) && !challenge_hash(&same, two));
	must(!memcmp(one, two, 32));
	free(pem);
}

static void an_answer(const u8 *text, size_t len)
{
	struct answer answer, same;
	char *pem;

	if (answer_read(&answer, text, len))
		return;
	must(!answer_write(&answer, &pem));
	must(!answer_read(&same, pem, strlen(pem)));
	must(!memcmp(&answer, &same, sizeof(same)));
	free(pem);
}

static void a_file(const u8 *text, size_t len)
{
	static struct credential credential;

	(void)credential_read(&credential, text, len);
	a_challenge(text, len);
	an_answer(text, len);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	const u8 *input = exact(data, size);

	if (size && input[0] == '-')
		a_file(input, size);
	else
		a_credential(input, size);
	exact_free(input);
	return 0;
}
