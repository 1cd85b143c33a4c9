// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * libtkm's pem.c and chain.c: chains there and back in each form, files of other
 * tools, and everything that can be wrong with one. OpenSSL reads along.
 */
#include "unit.h"

#include <openssl/pem.h>

#include <libtkm.h>

#define BEGIN	"-----BEGIN TSS2 PRIVATE KEY-----\n"
#define END	"-----END TSS2 PRIVATE KEY-----\n"

static struct bytes chain_vector(const char *name)
{
	return vector("chains.vec", name);
}

/* All blocks of a text, as OpenSSL reads them, one after the other. */
static size_t openssl_blocks(const char *pem, u8 *out, size_t size)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	char *name, *header;
	unsigned char *data;
	size_t got = 0;
	long len;

	while (PEM_read_bio(bio, &name, &header, &data, &len)) {
		assert_string_equal(name, "TSS2 PRIVATE KEY");
		assert_true((size_t)len <= size - got);
		memcpy(out + got, data, (size_t)len);
		got += (size_t)len;
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(data);
	}
	BIO_free(bio);
	return got;
}

static unsigned int count(const char *text, const char *what)
{
	unsigned int n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

static void there_and_back(struct bytes der, unsigned int blocks)
{
	u8 objects[TKM_CHAIN_MAX];
	size_t len, whole;
	u8 *again, *text;
	char *pem;

	assert_int_equal(libtkm_pem_write(der.p, der.len, &pem), 0);
	assert_int_equal(count(pem, BEGIN), blocks);
	assert_int_equal(count(pem, END), blocks);
	whole = openssl_blocks(pem, objects, sizeof(objects));
	assert_true(whole <= der.len);
	assert_memory_equal(objects, der.p + der.len - whole, whole);
	text = exact(pem, strlen(pem));
	assert_int_equal(libtkm_pem_read((char *)text, strlen(pem), &again,
					 &len), 0);
	assert_bytes(der, again, len);
	exact_free(text);
	free(again);
	free(pem);
}

static void chains_go_there_and_back(void **state)
{
	struct bytes der = chain_vector("plain");

	(void)state;
	there_and_back(der, 4);
	exact_free(der.p);
	der = chain_vector("flat");
	there_and_back(der, 1);
	exact_free(der.p);
}

/* Of lengths whose sequence has a head of two, three and four bytes. */
static void any_length_goes_there_and_back(void **state)
{
	static const size_t sizes[] = { 1, 10, 28, 29, 30, 50, 60, 61, 62, 100,
					1000, 2040 };
	u8 der[TKM_CHAIN_MAX];
	size_t i, j, at, n;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		/* From the inside: four times SEQUENCE { OCTET STRING }. */
		u8 object[2100], head[8];
		struct bytes exactly;

		n = sizes[i];
		at = 0;
		object[at++] = TKM_DER_SEQUENCE;
		if (n > 0xff) {
			object[at++] = 0x82;
			object[at++] = (u8)(n >> 8);
		} else if (n > 0x7f) {
			object[at++] = 0x81;
		}
		object[at++] = (u8)n;
		memset(object + at, (int)i, n);
		n += at;
		at = 0;
		head[at++] = TKM_DER_SEQUENCE;
		if (4 * n > 0xff) {
			head[at++] = 0x82;
			head[at++] = (u8)(4 * n >> 8);
		} else if (4 * n > 0x7f) {
			head[at++] = 0x81;
		}
		head[at++] = (u8)(4 * n);
		memcpy(der, head, at);
		for (j = 0; j < 4; j++)
			memcpy(der + at + j * n, object, n);
		exactly = bytes_of(der, at + 4 * n);
		there_and_back(exactly, 4);
		exact_free(exactly.p);
	}
}

static char *file_text(const char *name)
{
	char path[4096];
	char *text = NULL;
	size_t size = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", TEST_DATA, name);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_true(getdelim(&text, &size, 0, f) > 0);
	fclose(f);
	return text;
}

static void files_of_other_tools_are_read(void **state)
{
	static const char *const files[] = { "loadable.pem", "sealed.pem" };
	struct libtkm_chain chain;
	u8 wanted[TKM_CHAIN_MAX], *der;
	size_t len, i;
	char *text;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		text = file_text(files[i]);
		assert_int_equal(libtkm_chain_read(text, strlen(text), &der,
						   &len), 0);
		assert_int_equal(openssl_blocks(text, wanted, sizeof(wanted)),
				 len);
		assert_memory_equal(der, wanted, len);
		assert_int_equal(libtkm_chain_look(der, len, &chain), 0);
		assert_true(chain.flat);
		assert_int_equal(chain.objects, 1);
		assert_string_equal(chain.description, "");
		free(der);
		free(text);
	}
}

static void a_chain_tells_its_record(void **state)
{
	struct bytes der = chain_vector("plain");
	struct libtkm_chain chain;
	struct tkm_record rec;
	struct tkm_chain raw;

	(void)state;
	assert_int_equal(libtkm_chain_look(der.p, der.len, &chain), 0);
	assert_int_equal(tkm_blob_decode(der.p, der.len, &raw), 0);
	assert_int_equal(tkm_record_parse(raw.obj[3].description,
					  raw.obj[3].description_len, &rec), 0);
	assert_false(chain.flat);
	assert_int_equal(chain.objects, 4);
	assert_int_equal(strncmp(chain.description, rec.app, strlen(rec.app)), 0);
	assert_string_equal(strchr(chain.description, ':') + 1, rec.label);
	assert_string_equal(chain.kind, "data");
	assert_string_equal(chain.key_class, "fixed");
	assert_int_equal(chain.owner, rec.owner);
	assert_int_equal(chain.uses, rec.uses);
	assert_int_equal(chain.created, rec.created);
	assert_false(chain.has_auth);
	exact_free(der.p);
}

/* ---- what is refused ------------------------------------------------------- */

static int read_text(const char *text, size_t *len)
{
	u8 *exactly = exact(text, strlen(text)), *der;
	int ret = libtkm_pem_read((char *)exactly, strlen(text), &der, len);

	if (ret)
		assert_null(der);
	free(der);
	exact_free(exactly);
	return ret;
}

static void refused(int err, const char *text)
{
	size_t len;

	assert_int_equal(read_text(text, &len), err);
}

static void malformed_text_is_refused(void **state)
{
	size_t len;

	(void)state;
	/* 30 02 01 05, which is a value; and what is left out of it. */
	assert_int_equal(read_text(BEGIN "MAIBBQ==\n" END, &len), 0);
	assert_int_equal(len, 4);
	assert_int_equal(read_text("x" BEGIN " M\tAIB\r\nBQ = =" END, &len), 0);
	refused(-EBADMSG, BEGIN "MAIBBQ=\n" END);
	refused(-EBADMSG, BEGIN "MAIBBQ\n" END);
	refused(-EBADMSG, BEGIN "MAIBBQ===\n" END);
	refused(-EBADMSG, BEGIN "MAIBBQ==MAIBBQ==\n" END);
	refused(-EBADMSG, BEGIN "MAIBB===\n" END);
	refused(-EBADMSG, BEGIN "=MAIBBQ=\n" END);
	/* Bits that nobody reads. */
	refused(-EBADMSG, BEGIN "MAIBBR==\n" END);
	refused(-EBADMSG, BEGIN "MAIBBf==\n" END);
	refused(-EBADMSG, BEGIN "MAI*BBQ==\n" END);
	refused(-EBADMSG, BEGIN "MAIBBQ==\n");
	refused(-EBADMSG, BEGIN BEGIN "MAIBBQ==\n" END);
	refused(-EBADMSG, BEGIN END);
	refused(-EBADMSG, BEGIN "Comment: x\n\nMAIBBQ==\n" END);
	/* Not a sequence; more than it says; less. */
	refused(-EBADMSG, BEGIN "BAIBBQ==\n" END);
	refused(-EBADMSG, BEGIN "MAIBBQA=\n" END);
	refused(-EBADMSG, BEGIN "MAMBBQ==\n" END);
	refused(-EBADMSG, BEGIN "MIACAQUAAA==\n" END);
	refused(-EBADMSG, BEGIN "MIECAQU=\n" END);
	refused(-EBADMSG, BEGIN "MA==\n" END);
	refused(-EBADMSG, BEGIN "MIIB\n" END);
	/* Five. */
	refused(-EBADMSG, BEGIN "MAIBBQ==\n" END BEGIN "MAIBBQ==\n" END BEGIN
		"MAIBBQ==\n" END BEGIN "MAIBBQ==\n" END BEGIN "MAIBBQ==\n" END);
	refused(-ENOMSG, "");
	refused(-ENOMSG, END);
	refused(-ENOMSG, "-----BEGIN PRIVATE KEY-----\nMAIBBQ==\n"
			 "-----END PRIVATE KEY-----\n");
}

static void too_much_is_refused(void **state)
{
	size_t n = 4 * TKM_CHAIN_MAX, len;
	char *text = malloc(sizeof(BEGIN) + n + sizeof(END));

	(void)state;
	assert_non_null(text);
	strcpy(text, BEGIN);
	memset(text + strlen(BEGIN), 'A', n);
	strcpy(text + strlen(BEGIN) + n, END);
	assert_int_equal(read_text(text, &len), -E2BIG);
	free(text);
}

static void what_is_no_chain_is_not_written(void **state)
{
	static const u8 bad[][6] = {
		{ 0x04, 0x04, 0x30, 0x02, 0x01, 0x05 },
		{ 0x30, 0x05, 0x30, 0x02, 0x01, 0x05 },
		{ 0x30, 0x03, 0x30, 0x02, 0x01, 0x05 },
		{ 0x30, 0x04, 0x30, 0x03, 0x01, 0x05 },
		{ 0x30, 0x04, 0x30, 0x01, 0x01, 0x05 },
		{ 0x30, 0x80, 0x30, 0x02, 0x01, 0x05 },
	};
	static const u8 none[2] = { 0x30, 0x00 };
	char *pem;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		const u8 *der = exact(bad[i], sizeof(bad[i]));

		assert_int_equal(libtkm_pem_write(der, sizeof(bad[i]), &pem),
				 -EBADMSG);
		assert_null(pem);
		exact_free(der);
	}
	assert_int_equal(libtkm_pem_write(none, 2, &pem), -EBADMSG);
	assert_int_equal(libtkm_pem_write(none, 0, &pem), -EBADMSG);
	assert_int_equal(libtkm_pem_write(none, TKM_CHAIN_MAX + 1, &pem),
			 -E2BIG);
}

/* Whatever it is, what comes out of it can be written, and read again. */
static void any_text(const u8 *text, size_t n)
{
	struct libtkm_chain chain;
	size_t len, again_len;
	u8 *der, *again;
	char *pem;

	if (libtkm_chain_read(text, n, &der, &len)) {
		assert_null(der);
		return;
	}
	if (!libtkm_chain_look(der, len, &chain)) {
		assert_int_equal(libtkm_pem_write(der, len, &pem), 0);
		assert_int_equal(libtkm_pem_read(pem, strlen(pem), &again,
						 &again_len), 0);
		assert_int_equal(again_len, len);
		assert_memory_equal(again, der, len);
		free(again);
		free(pem);
	}
	free(der);
}

static void every_cut_and_bit_is_survived(void **state)
{
	struct bytes der = chain_vector("flat");
	char *pem, *hex;
	size_t i;

	(void)state;
	assert_int_equal(libtkm_pem_write(der.p, der.len, &pem), 0);
	each_truncation(pem, strlen(pem), any_text);
	each_flip(pem, strlen(pem), any_text);
	each_truncation(der.p, der.len, any_text);
	each_flip(der.p, der.len, any_text);
	hex = malloc(2 * der.len + 1);
	for (i = 0; i < der.len; i++)
		sprintf(hex + 2 * i, "%02X", der.p[i]);
	each_truncation(hex, 2 * der.len, any_text);
	free(hex);
	free(pem);
	exact_free(der.p);
}

static void each_form_is_known(void **state)
{
	static const char *const none[] = { "no chain", "308", "30 82",
					    "3082zz", "0x3082", "\n" };
	struct bytes der = chain_vector("plain");
	char hex[2 * TKM_CHAIN_MAX + 4] = " \n";
	size_t len, i;
	u8 *out;

	(void)state;
	for (i = 0; i < der.len; i++)
		sprintf(hex + 2 + 2 * i, i % 2 ? "%02x" : "%02X", der.p[i]);
	strcat(hex, "\n");
	assert_int_equal(libtkm_chain_read(hex, strlen(hex), &out, &len), 0);
	assert_bytes(der, out, len);
	free(out);
	assert_int_equal(libtkm_chain_read(der.p, der.len, &out, &len), 0);
	assert_bytes(der, out, len);
	free(out);
	exact_free(der.p);
	for (i = 0; i < ARRAY_SIZE(none); i++) {
		assert_int_equal(libtkm_chain_read(none[i], strlen(none[i]),
						   &out, &len), -ENOMSG);
		assert_null(out);
	}
	assert_int_equal(libtkm_chain_read("", 0, &out, &len), -ENOMSG);
	/* A zero inside is no text. */
	assert_int_equal(libtkm_chain_read("30\00082", 5, &out, &len), -ENOMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chains_go_there_and_back),
		cmocka_unit_test(any_length_goes_there_and_back),
		cmocka_unit_test(files_of_other_tools_are_read),
		cmocka_unit_test(a_chain_tells_its_record),
		cmocka_unit_test(malformed_text_is_refused),
		cmocka_unit_test(too_much_is_refused),
		cmocka_unit_test(what_is_no_chain_is_not_written),
		cmocka_unit_test(every_cut_and_bit_is_survived),
		cmocka_unit_test(each_form_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
