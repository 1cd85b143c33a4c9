// SPDX-License-Identifier: GPL-2.0
/*
 * What a TPM signed, and the logs it comes from: tests/data/gen-attest has made them
 * with swtpm, tpm2-tools and Python. Each is read; then cut at every byte, each bit of it
 * flipped, and with counts and lengths that nobody means well with.
 */
#include "unit.h"

#include "../../userspace/tkm/attest.h"
#include "../../userspace/tkm/evidence.h"
#include "../../userspace/tkm/ima.h"

#define VECTORS	"attest.vec"

/* values.c wants it of io.c: files are none of this. */
int read_input(const char *path, size_t max, uint8_t **data, size_t *len);
int read_input(const char *path, size_t max, uint8_t **data, size_t *len)
{
	(void)path;
	(void)max;
	(void)data;
	(void)len;
	return -ENOENT;
}

static const char *const schemes[] = { "ecdsa", "rsassa", "rsapss" };

static struct bytes of(const char *group, const char *field)
{
	return vector_field(VECTORS, group, -1, field);
}

static void same(struct bytes b, const void *p, size_t n)
{
	assert_bytes(b, p, n);
	exact_free(b.p);
}

/* ---- TPM structures ---- */

static TPMT_PUBLIC ak;
static TPMT_SIGNATURE signature;

static void take_ak(const char *scheme)
{
	struct bytes b = of(scheme, "ak.pub");

	assert_int_equal(attest_public(b.p, b.len, &ak), 0);
	exact_free(b.p);
}

static void take_signature(const char *group)
{
	struct bytes b = of(group, "sig");

	assert_int_equal(attest_signature(b.p, b.len, &signature), 0);
	exact_free(b.p);
}

static void test_quotes(void **state)
{
	struct bytes msg, pcrs;
	struct registers registers, given;
	static struct values values;
	u8 digest[64], name[TKM_NAME_SIZE], out[REGISTERS_FILE_MAX];
	TPMS_ATTEST attest;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(schemes); i++) {
		take_ak(schemes[i]);
		take_signature(schemes[i]);
		assert_int_equal(attest_name(&ak, name), 0);
		same(of(schemes[i], "ak.name"), name, sizeof(name));
		msg = of(schemes[i], "msg");
		assert_int_equal(attest_read(msg.p, msg.len, &attest), 0);
		assert_int_equal(attest.type, TPM2_ST_ATTEST_QUOTE);
		signature.signature.any.hashAlg = TPM2_ALG_SHA1;
		assert_int_equal(attest_verify(&ak, &signature, msg.p, msg.len),
				 -EOPNOTSUPP);
		take_signature(schemes[i]);
		same(vector(VECTORS, "nonce"), attest.extraData.buffer,
		     attest.extraData.size);
		assert_int_equal(attest_verify(&ak, &signature, msg.p, msg.len),
				 0);
		pcrs = of(schemes[i], "pcrs");
		assert_int_equal(registers_read(pcrs.p, pcrs.len, &given,
						&values), 0);
		assert_int_equal(attest_registers(
				&attest.attested.quote.pcrSelect, &registers), 0);
		assert_true(registers_same(&registers, &given));
		assert_false(registers_empty(&given));
		assert_int_equal(registers_digest(&registers, &values,
						  TPM_ALG_SHA256, digest), 0);
		assert_int_equal(attest.attested.quote.pcrDigest.size, 32);
		assert_memory_equal(attest.attested.quote.pcrDigest.buffer,
				    digest, 32);
		assert_int_equal(registers_write(&given, &values, out,
						 sizeof(out)), pcrs.len);
		assert_memory_equal(out, pcrs.p, pcrs.len);
		assert_int_equal(registers_write(&given, &values, out,
						 pcrs.len - 1), -EMSGSIZE);
		exact_free(pcrs.p);
		exact_free(msg.p);
	}
}

/* The Name that the TPM gives a child of its endorsement key. */
static void test_qualified(void **state)
{
	struct bytes b = vector(VECTORS, "ek"), msg = of("ecdsa", "msg");
	u8 name[TKM_NAME_SIZE], parent[TKM_NAME_SIZE], out[TKM_NAME_SIZE];
	TPMS_ATTEST attest;
	TPMT_PUBLIC ek;

	(void)state;
	assert_int_equal(attest_public(b.p, b.len, &ek), 0);
	assert_int_equal(attest_name(&ek, name), 0);
	attest_qualified(TPM2_RH_ENDORSEMENT, NULL, name, parent);
	take_ak("ecdsa");
	assert_int_equal(attest_name(&ak, name), 0);
	attest_qualified(0, parent, name, out);
	assert_int_equal(attest_read(msg.p, msg.len, &attest), 0);
	assert_int_equal(attest.qualifiedSigner.size, TKM_NAME_SIZE);
	assert_memory_equal(attest.qualifiedSigner.name, out, TKM_NAME_SIZE);
	/* Bare, without its size. */
	assert_int_equal(attest_public(b.p + 2, b.len - 2, &ek), 0);
	exact_free(b.p);
	exact_free(msg.p);
}

static void test_other_types(void **state)
{
	static const char *const others[] = { "certify", "gettime" };
	struct bytes msg;
	TPMS_ATTEST attest;
	size_t i;

	(void)state;
	take_ak("ecdsa");
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		msg = of(others[i], "msg");
		assert_int_equal(attest_read(msg.p, msg.len, &attest), 0);
		assert_int_not_equal(attest.type, TPM2_ST_ATTEST_QUOTE);
		take_signature(others[i]);
		assert_int_equal(attest_verify(&ak, &signature, msg.p, msg.len),
				 0);
		exact_free(msg.p);
	}
}

static void no_attest(const u8 *p, size_t n)
{
	TPMS_ATTEST attest;

	assert_int_not_equal(attest_read(p, n, &attest), 0);
}

static void no_public(const u8 *p, size_t n)
{
	TPMT_PUBLIC pub;

	assert_int_equal(attest_public(p, n, &pub), -EBADMSG);
}

static void no_signature(const u8 *p, size_t n)
{
	TPMT_SIGNATURE sig;

	assert_int_equal(attest_signature(p, n, &sig), -EBADMSG);
}

static void no_registers(const u8 *p, size_t n)
{
	static struct values values;
	struct registers registers;

	assert_int_equal(registers_read(p, n, &registers, &values), -EBADMSG);
}

/* One byte more is as wrong as one less. */
static void and_longer(struct bytes b, void (*check)(const u8 *p, size_t n))
{
	u8 *longer = malloc(EXACT_FRONT + b.len + 1);

	memcpy(longer + EXACT_FRONT, b.p, b.len);
	longer[EXACT_FRONT + b.len] = 0;
	check(longer + EXACT_FRONT, b.len + 1);
	free(longer);
	each_truncation(b.p, b.len, check);
	exact_free(b.p);
}

static void test_cut(void **state)
{
	static const char *const groups[] = { "ecdsa", "rsassa", "rsapss",
					      "certify", "gettime" };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		and_longer(of(groups[i], "msg"), no_attest);
		and_longer(of(groups[i], "sig"), no_signature);
		if (i >= ARRAY_SIZE(schemes))
			continue;
		and_longer(of(groups[i], "ak.pub"), no_public);
		and_longer(of(groups[i], "pcrs"), no_registers);
	}
}

/* Whatever bit is changed of what was signed, the signature does not hold. */
static void not_signed(const u8 *p, size_t n)
{
	assert_int_equal(attest_verify(&ak, &signature, p, n), -EKEYREJECTED);
}

static struct bytes message;

static void other_signature(const u8 *p, size_t n)
{
	TPMT_SIGNATURE sig;

	if (!attest_signature(p, n, &sig))
		assert_int_not_equal(attest_verify(&ak, &sig, message.p,
						   message.len), 0);
}

static void other_public(const u8 *p, size_t n)
{
	u8 name[TKM_NAME_SIZE], right[TKM_NAME_SIZE];
	TPMT_PUBLIC pub;

	assert_int_equal(attest_name(&ak, right), 0);
	if (!attest_public(p, n, &pub) && !attest_name(&pub, name))
		assert_memory_not_equal(name, right, sizeof(name));
	EVP_PKEY_free(attest_key(&pub));
}

static void test_flipped(void **state)
{
	struct bytes b;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(schemes); i++) {
		take_ak(schemes[i]);
		take_signature(schemes[i]);
		message = of(schemes[i], "msg");
		each_flip(message.p, message.len, not_signed);
		b = of(schemes[i], "sig");
		each_flip(b.p, b.len, other_signature);
		exact_free(b.p);
		b = of(schemes[i], "ak.pub");
		each_flip(b.p, b.len, other_public);
		exact_free(b.p);
		exact_free(message.p);
	}
}

/* Whatever bit of values is changed, the digest is another one. */
static struct registers quoted;
static u8 quoted_digest[32];

static void any_registers(const u8 *p, size_t n)
{
	static struct values values;
	struct registers registers;

	(void)registers_read(p, n, &registers, &values);
}

static void test_flipped_values(void **state)
{
	static struct values values, other;
	struct bytes b = of("ecdsa", "pcrs");
	struct registers registers;
	u8 digest[64];
	int bank, i, bit;

	(void)state;
	assert_int_equal(registers_read(b.p, b.len, &quoted, &values), 0);
	assert_int_equal(registers_digest(&quoted, &values, TPM_ALG_SHA256,
					  quoted_digest), 0);
	each_flip(b.p, b.len, any_registers);
	for (bank = 0; bank < BANKS; bank++)
		for (i = 0; i < REGISTERS; i++)
			for (bit = 0; values.known[bank] & BIT(i) &&
			     bit < (int)tkm_hash_size(bank_alg(bank)) * 8; bit++) {
				other = values;
				other.value[bank][i][bit / 8] ^= (u8)(1 << bit % 8);
				assert_int_equal(registers_digest(&quoted,
					&other, TPM_ALG_SHA256, digest), 0);
				assert_memory_not_equal(digest, quoted_digest, 32);
			}
	/* A register of which nothing is known. */
	values.known[bank_of(TPM_ALG_SHA256)] &= ~(u32)BIT(7);
	assert_int_equal(registers_digest(&quoted, &values, TPM_ALG_SHA256,
					  digest), -EBADMSG);
	/* Fewer of them, or of another bank, are others. */
	registers = quoted;
	registers.pcrs[0].mask &= ~(u32)BIT(0);
	assert_false(registers_same(&registers, &quoted));
	registers = quoted;
	registers.pcrs[1].bank = TPM_ALG_SHA384;
	assert_false(registers_same(&registers, &quoted));
	exact_free(b.p);
}

static void test_selections(void **state)
{
	TPML_PCR_SELECTION s = {
		.count = 2,
		.pcrSelections = {
			{ TPM2_ALG_SHA256, 3, { 0x81, 0, 0x80 } },
			{ TPM2_ALG_SHA1, 3, { 1 } },
		},
	};
	struct registers registers;

	(void)state;
	assert_int_equal(attest_registers(&s, &registers), 0);
	assert_int_equal(registers.pcrs[0].mask, BIT(0) | BIT(7) | BIT(23));
	s.pcrSelections[0].sizeofSelect = 4;
	assert_int_equal(attest_registers(&s, &registers), 0);
	s.pcrSelections[0].pcrSelect[3] = 1;
	assert_int_equal(attest_registers(&s, &registers), -EBADMSG);
	s.pcrSelections[0].sizeofSelect = 5;
	assert_int_equal(attest_registers(&s, &registers), -EBADMSG);
	s.pcrSelections[0].sizeofSelect = 3;
	s.pcrSelections[1].hash = TPM2_ALG_SHA256;
	assert_int_equal(attest_registers(&s, &registers), -EBADMSG);
	s.pcrSelections[1].hash = TPM2_ALG_SM3_256;
	assert_int_equal(attest_registers(&s, &registers), -EBADMSG);
	s.pcrSelections[1].pcrSelect[0] = 0;
	assert_int_equal(attest_registers(&s, &registers), 0);
	s.count = ATTEST_BANKS + 1;
	assert_int_equal(attest_registers(&s, &registers), -EBADMSG);
}

static void test_extra(void **state)
{
	static const u8 text[] = "tkm attest v1\0quote\0nonce";
	u8 extra[32], wanted[32];

	(void)state;
	attest_extra("quote", (const u8 *)"nonce", 5, extra);
	SHA256(text, sizeof(text) - 1, wanted);
	assert_memory_equal(extra, wanted, 32);
	attest_extra("key", (const u8 *)"nonce", 5, wanted);
	assert_memory_not_equal(extra, wanted, 32);
}

#define DRAWS	100000

static int by_nonce(const void *a, const void *b)
{
	return memcmp(a, b, NONCE_NEW);
}

/* All of their length, each byte of which is any. */
static void test_nonces(void **state)
{
	static u8 nonces[DRAWS][NONCE_NEW], seen[NONCE_NEW][256];
	size_t i, k;

	(void)state;
	for (i = 0; i < DRAWS; i++) {
		assert_int_equal(attest_nonce(nonces[i]), 0);
		for (k = 0; k < NONCE_NEW; k++)
			seen[k][nonces[i][k]] = 1;
	}
	qsort(nonces, DRAWS, NONCE_NEW, by_nonce);
	for (i = 1; i < DRAWS; i++)
		assert_memory_not_equal(nonces[i], nonces[i - 1], NONCE_NEW);
	for (k = 0; k < NONCE_NEW; k++)
		assert_null(memchr(seen[k], 0, 256));
}

/* ---- event logs ---- */

static void hold(const struct values *values, const char *group)
{
	static const struct {
		const char *name;
		u16 alg;
	} banks[] = { { "sha1", TPM_ALG_SHA1 }, { "sha256", TPM_ALG_SHA256 } };
	unsigned int n = 0;
	struct bytes b;
	char field[32];
	size_t i;
	int k;

	for (i = 0; i < ARRAY_SIZE(banks); i++)
		for (k = 0; k < REGISTERS; k++) {
			int bank = bank_of(banks[i].alg);

			snprintf(field, sizeof(field), "%s.%s.%d", group,
				 banks[i].name, k);
			if (!vector_find(VECTORS, field, &b)) {
				assert_false(values->known[bank] & BIT(k));
				continue;
			}
			/* IMA's own register, in the log of the firmware's. */
			if (k != 10 || values->known[bank] & BIT(k)) {
				assert_true(values->known[bank] & BIT(k));
				assert_memory_equal(b.p, values->value[bank][k],
						    b.len);
				n++;
			}
			exact_free(b.p);
		}
	assert_true(n >= 2);
}

static void test_logs(void **state)
{
	static const char *const logs[] = { "log", "legacy", "locality" };
	static struct values values;
	struct bytes b;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(logs); i++) {
		b = vector(VECTORS, logs[i]);
		memset(&values, 0, sizeof(values));
		assert_int_equal(values_log(&values, b.p, b.len), 0);
		hold(&values, logs[i]);
		exact_free(b.p);
	}
}

static unsigned int whole;

static void cut_log(const u8 *p, size_t n)
{
	static struct values values;

	whole += !values_log(&values, p, n);
}

/* Where the first event begins, and how long it is without what it tells. */
#define HEAD	69
#define FIRST	72

static void test_logs_damaged(void **state)
{
	static struct values values, right;
	struct bytes b = vector(VECTORS, "log");
	size_t bit;

	(void)state;
	whole = 0;
	each_truncation(b.p, b.len, cut_log);
	/* After the head, and after each of 18 events but the last. */
	assert_int_equal(whole, 18);
	assert_int_equal(values_log(&right, b.p, b.len), 0);
	/* The register of the first event, then its digests and its length. */
	for (bit = 8 * HEAD; bit < 8 * (HEAD + FIRST); bit++) {
		if (bit == 8 * (HEAD + 4))
			bit += 8 * 4;
		b.p[bit / 8] ^= (u8)(1 << bit % 8);
		memset(&values, 0, sizeof(values));
		if (!values_log(&values, b.p, b.len))
			assert_memory_not_equal(&values, &right, sizeof(values));
		b.p[bit / 8] ^= (u8)(1 << bit % 8);
	}
	each_flip(b.p, HEAD + FIRST, cut_log);
	exact_free(b.p);
}

/* A log of one event, as it is wanted. */
struct made {
	u8 bytes[512];
	size_t len;
};

static void put(struct made *m, u32 v, size_t size)
{
	for (; size--; v >>= 8)
		m->bytes[m->len++] = (u8)v;
}

static void put_head(struct made *m, u32 size, u32 n, u16 alg, u16 length)
{
	m->len = 0;
	put(m, 0, 4);
	put(m, 3, 4);
	memset(m->bytes + m->len, 0, 20);
	m->len += 20;
	put(m, size, 4);
	memcpy(m->bytes + m->len, "Spec ID Event03", 16);
	m->len += 16;
	memset(m->bytes + m->len, 0, 8);
	m->len += 8;
	put(m, n, 4);
	put(m, alg, 2);
	put(m, length, 2);
	put(m, 0, 1);
}

static void put_event(struct made *m, u32 number, u32 type, u32 n, u16 alg,
		      u32 size, const char *text, size_t len)
{
	put(m, number, 4);
	put(m, type, 4);
	put(m, n, 4);
	put(m, alg, 2);
	memset(m->bytes + m->len, 0x5a, 32);
	m->len += 32;
	put(m, size, 4);
	memcpy(m->bytes + m->len, text, len);
	m->len += len;
}

static int read_made(const struct made *m)
{
	static struct values values;
	u8 *p = exact(m->bytes, m->len);
	int ret = values_log(&values, p, m->len);

	exact_free(p);
	return ret;
}

/* A head with SHA-256 and @alg, and an event with SHA-256 and @second. */
static void put_two(struct made *m, u16 alg, u16 size, u16 second)
{
	put_head(m, 37, 2, TPM_ALG_SHA256, 32);
	m->len--;
	put(m, alg, 2);
	put(m, size, 2);
	put(m, 0, 1);
	put(m, 7, 4);
	put(m, 4, 4);
	put(m, 2, 4);
	put(m, TPM_ALG_SHA256, 2);
	memset(m->bytes + m->len, 0x5a, 32);
	m->len += 32;
	put(m, second, 2);
	memset(m->bytes + m->len, 0x5a, 32);
	m->len += 32;
	put(m, 0, 4);
}

static void test_logs_hostile(void **state)
{
	static const u32 numbers[] = { 24, 31, 32, 0x7fffffff, 0xffffffff };
	static const u32 counts[] = { 0, 2, 17, 0x10000, 0xffffffff };
	static const u32 sizes[] = { 2, 0x7fffffff, 0xfffffffe, 0xffffffff };
	static const char start[] = "StartupLocality\0\3";
	struct made m;
	size_t i;

	(void)state;
	put_head(&m, 33, 1, TPM_ALG_SHA256, 32);
	put_event(&m, 7, 4, 1, TPM_ALG_SHA256, 1, "x", 1);
	assert_int_equal(read_made(&m), 0);
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		put_head(&m, 33, 1, TPM_ALG_SHA256, 32);
		put_event(&m, numbers[i], 4, 1, TPM_ALG_SHA256, 1, "x", 1);
		assert_int_equal(read_made(&m), -EBADMSG);
	}
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		put_head(&m, 33, 1, TPM_ALG_SHA256, 32);
		put_event(&m, 7, 4, counts[i], TPM_ALG_SHA256, 1, "x", 1);
		assert_int_equal(read_made(&m), -EBADMSG);
		put_head(&m, 33, counts[i], TPM_ALG_SHA256, 32);
		assert_int_equal(read_made(&m), -EBADMSG);
	}
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		put_head(&m, 33, 1, TPM_ALG_SHA256, 32);
		put_event(&m, 7, 4, 1, TPM_ALG_SHA256, sizes[i], "x", 1);
		assert_int_equal(read_made(&m), -EBADMSG);
		put_head(&m, sizes[i], 1, TPM_ALG_SHA256, 32);
		assert_int_equal(read_made(&m), -EBADMSG);
	}
	/* An algorithm that the head does not have; lengths that none has. */
	put_head(&m, 33, 1, TPM_ALG_SHA256, 32);
	put_event(&m, 7, 4, 1, TPM_ALG_SHA384, 1, "x", 1);
	assert_int_equal(read_made(&m), -EBADMSG);
	put_head(&m, 33, 1, TPM_ALG_SHA256, 31);
	assert_int_equal(read_made(&m), -EBADMSG);
	put_head(&m, 33, 1, 0x12, 0);
	assert_int_equal(read_made(&m), -EBADMSG);
	put_head(&m, 33, 1, 0x12, 65);
	assert_int_equal(read_made(&m), -EBADMSG);
	/* An event without digests, and one with two of the same bank. */
	put_head(&m, 33, 1, TPM_ALG_SHA256, 32);
	put(&m, 7, 4);
	put(&m, 4, 4);
	put(&m, 0, 4);
	put(&m, 0, 4);
	assert_int_equal(read_made(&m), -EBADMSG);
	put_two(&m, TPM_ALG_SHA384, 48, TPM_ALG_SHA256);
	assert_int_equal(read_made(&m), -EBADMSG);
	put_two(&m, 0x12, 32, TPM_ALG_SHA256);
	assert_int_equal(read_made(&m), -EBADMSG);
	/* A head that has a bank twice. */
	put_two(&m, TPM_ALG_SHA256, 32, TPM_ALG_SHA256);
	m.len = 32 + 37;
	assert_int_equal(read_made(&m), -EBADMSG);
	put_two(&m, 0x12, 32, 0x12);
	assert_int_equal(read_made(&m), 0);
	/* More algorithms than there is room for. */
	put_head(&m, 33 + 4 * 16, 17, TPM_ALG_SHA256, 32);
	m.len--;
	for (i = 0; i < 16; i++)
		put(&m, (u32)(0x2000 + i) | 32 << 16, 4);
	put(&m, 0, 1);
	assert_int_equal(read_made(&m), -EBADMSG);
	/* The locality is told twice, too late, or is none, or too long. */
	put_head(&m, 33, 1, TPM_ALG_SHA256, 32);
	put_event(&m, 0, 3, 1, TPM_ALG_SHA256, 17, start, 17);
	assert_int_equal(read_made(&m), 0);
	put_event(&m, 0, 3, 1, TPM_ALG_SHA256, 17, start, 17);
	assert_int_equal(read_made(&m), -EBADMSG);
	put_head(&m, 33, 1, TPM_ALG_SHA256, 32);
	put_event(&m, 0, 4, 1, TPM_ALG_SHA256, 1, "x", 1);
	put_event(&m, 0, 3, 1, TPM_ALG_SHA256, 17, start, 17);
	assert_int_equal(read_made(&m), -EBADMSG);
	put_head(&m, 33, 1, TPM_ALG_SHA256, 32);
	put_event(&m, 0, 3, 1, TPM_ALG_SHA256, 17, "StartupLocality\0\2", 17);
	assert_int_equal(read_made(&m), -EBADMSG);
	put_head(&m, 33, 1, TPM_ALG_SHA256, 32);
	put_event(&m, 0, 3, 1, TPM_ALG_SHA256, 18, "StartupLocality\0\3\0", 18);
	assert_int_equal(read_made(&m), -EBADMSG);
	m.len = 0;
	assert_int_equal(read_made(&m), -EBADMSG);
}

/* 100 MiB are refused before they are looked at. */
static void test_too_long(void **state)
{
	static struct values values;
	struct ima_match match;
	u8 byte = 0;

	(void)state;
	assert_int_equal(values_log(&values, &byte, 100 << 20), -E2BIG);
	assert_int_equal(ima_match(&byte, 100 << 20, &values, NULL, 0, &match),
			 -E2BIG);
}

/* Registers of a dynamic launch begin with ones. */
static void test_dynamic(void **state)
{
	static struct values values;
	u8 both[64], wanted[32];
	struct made m;

	(void)state;
	put_head(&m, 33, 1, TPM_ALG_SHA256, 32);
	put_event(&m, 17, 4, 1, TPM_ALG_SHA256, 1, "x", 1);
	assert_int_equal(values_log(&values, m.bytes, m.len), 0);
	memset(both, 0xff, 32);
	memset(both + 32, 0x5a, 32);
	SHA256(both, 64, wanted);
	assert_memory_equal(values.value[bank_of(TPM_ALG_SHA256)][17], wanted, 32);
}

/* ---- IMA ---- */

static void take_values(const char *group, struct values *values)
{
	static const char *const names[] = { "sha1", "sha256" };
	struct bytes b;
	char field[32];
	int i;

	memset(values, 0, sizeof(*values));
	for (i = 0; i < 2; i++) {
		snprintf(field, sizeof(field), "%s.10", names[i]);
		b = of(group, field);
		memcpy(values->value[i][10], b.p, b.len);
		values->known[i] |= (u32)BIT(10);
		exact_free(b.p);
	}
}

static const struct tkm_pcrs pcr10[] = { { TPM_ALG_SHA1, BIT(10) },
					 { TPM_ALG_SHA256, BIT(10) | BIT(7) } };

static int tell(const struct ima_entry *entry, void *data)
{
	char *text = data;

	sprintf(text + strlen(text), "%s%.*s%s", *text ? " " : "",
		(int)entry->name_len, (const char *)entry->name,
		entry->violation ? "!" : ima_is_boot_aggregate(entry) ? "*" :
		!entry->alg ? "?" : "");
	return 0;
}

static void test_lists(void **state)
{
	static struct values values;
	char text[512] = "";
	struct ima_match match;
	struct bytes b = vector(VECTORS, "all");

	(void)state;
	take_values("all", &values);
	assert_int_equal(ima_match(b.p, b.len, &values, pcr10, 2, &match), 0);
	assert_int_equal(match.entries, 10);
	assert_int_equal(match.covered, 10);
	assert_int_equal(match.violations, 1);
	assert_int_equal(ima_match(b.p, b.len, &values, pcr10, 1, &match), 0);
	assert_int_equal(ima_each(b.p, b.len, match.covered, tell, text), 0);
	assert_string_equal(text, "boot_aggregate* /init /bin/sh /bin/odd? "
		"/tmp/changing! /bin/ls kexec-cmdline /bin/cp /bin/mv /m.ko");
	/* Banks that are not those of the list, and values of nothing. */
	assert_int_equal(ima_match(b.p, b.len, &values, pcr10, 0, &match),
			 -ENOENT);
	values.value[1][10][0] ^= 1;
	assert_int_equal(ima_match(b.p, b.len, &values, pcr10, 2, &match),
			 -ENOENT);
	assert_int_equal(ima_match(b.p, 0, &values, pcr10, 2, &match), -ENOENT);
	exact_free(b.p);
}

/* Register, SHA-1, "ima-ng", and the fields of boot_aggregate. */
#define FIRST_ENTRY	(4 + 20 + 4 + 6 + 4 + 4 + 40 + 4 + 15)

/* A list that has grown since the quote: what came after it is not covered. */
static void test_list_grown(void **state)
{
	static struct values values;
	struct bytes b = vector(VECTORS, "ima"), more = vector(VECTORS, "all");
	u8 *both = malloc(b.len + more.len);
	struct ima_match match;

	(void)state;
	take_values("log", &values);
	memcpy(both, b.p, b.len);
	memcpy(both + b.len, more.p, more.len);
	assert_int_equal(ima_match(both, b.len + more.len, &values, pcr10, 2,
				   &match), 0);
	assert_int_equal(match.covered, 4);
	assert_int_equal(match.entries, 14);
	free(both);
	/* Entries of a register that nobody quoted are not, nor what follows. */
	both = malloc(FIRST_ENTRY + b.len);
	memcpy(both, b.p, FIRST_ENTRY);
	both[0] = 11;
	memcpy(both + FIRST_ENTRY, b.p, b.len);
	assert_int_equal(ima_match(both, FIRST_ENTRY + b.len, &values, pcr10, 2,
				   &match), -ENOENT);
	free(both);
	exact_free(b.p);
	exact_free(more.p);
}

static void cut_list(const u8 *p, size_t n)
{
	static struct values values;
	struct ima_match match;

	take_values("all", &values);
	assert_int_not_equal(ima_match(p, n, &values, pcr10, 2, &match), 0);
	whole += ima_match(p, n, &values, pcr10, 2, &match) == -ENOENT;
}

/* What is a violation has its file's name in no register. */
static void flipped_list(const u8 *p, size_t n)
{
	static struct values values;
	struct ima_match match;

	if (!values.known[0])
		take_values("all", &values);
	whole += !ima_match(p, n, &values, pcr10, 2, &match);
}

static void test_lists_damaged(void **state)
{
	struct bytes b = vector(VECTORS, "all");

	(void)state;
	whole = 0;
	each_truncation(b.p, b.len, cut_list);
	/* Nothing at all, and after each entry but the last. */
	assert_int_equal(whole, 10);
	whole = 0;
	each_flip(b.p, b.len, flipped_list);
	/* In the violation: the digest, its name, and the file's name. */
	assert_in_range(whole, 200, 320);
	exact_free(b.p);
}

static void test_lists_hostile(void **state)
{
	static const u32 lengths[] = { 0x7fffffff, 0xfffffff0, 0xffffffff };
	static const size_t places[] = { 24, 34, 38, 85 };
	static struct values values;
	struct bytes b = vector(VECTORS, "ima");
	struct ima_match match;
	size_t i, k;
	u8 saved[4];

	(void)state;
	for (i = 0; i < ARRAY_SIZE(places); i++)
		for (k = 0; k < ARRAY_SIZE(lengths); k++) {
			memcpy(saved, b.p + places[i], 4);
			memcpy(b.p + places[i], &lengths[k], 4);
			assert_int_equal(ima_match(b.p, b.len, &values, pcr10,
						   2, &match), -EBADMSG);
			memcpy(b.p + places[i], saved, 4);
		}
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		memcpy(b.p, &lengths[i], 4);
		assert_int_equal(ima_match(b.p, b.len, &values, pcr10, 2,
					   &match), -EBADMSG);
	}
	exact_free(b.p);
}

/* An entry "ima-ng" of these fields, and whether it is read. */
static int read_fields(const char *fields, size_t len)
{
	static struct values values;
	struct ima_match match;
	struct made m = { .len = 0 };
	u8 *p;
	int ret;

	put(&m, 10, 4);
	SHA1((const u8 *)fields, len, m.bytes + m.len);
	m.len += 20;
	put(&m, 6, 4);
	memcpy(m.bytes + m.len, "ima-ng", 6);
	m.len += 6;
	put(&m, (u32)len, 4);
	memcpy(m.bytes + m.len, fields, len);
	m.len += len;
	p = exact(m.bytes, m.len);
	ret = ima_match(p, m.len, &values, pcr10, 2, &match);
	exact_free(p);
	return ret;
}

#define FIELDS(text)	read_fields(text, sizeof(text) - 1)
#define TWENTY		"12345678901234567890"

static void test_fields(void **state)
{
	(void)state;
	/* Read, and not what registers hold. */
	assert_int_equal(FIELDS("\x1a\0\0\0sha1:\0" TWENTY "\2\0\0\0a\0"),
			 -ENOENT);
	/* A digest of another length than its algorithm's; none; no algorithm. */
	assert_int_equal(FIELDS("\x1b\0\0\0sha1:\0" TWENTY "1\2\0\0\0a\0"),
			 -EBADMSG);
	assert_int_equal(FIELDS("\0\0\0\0\2\0\0\0a\0"), -EBADMSG);
	assert_int_equal(FIELDS("\1\0\0\0\0\2\0\0\0a\0"), -EBADMSG);
	assert_int_equal(FIELDS("\x18\0\0\0sha1" TWENTY "\2\0\0\0a\0"),
			 -EBADMSG);
	/* A name without its end, with two, none; something after it. */
	assert_int_equal(FIELDS("\x1a\0\0\0sha1:\0" TWENTY "\2\0\0\0aa"),
			 -EBADMSG);
	assert_int_equal(FIELDS("\x1a\0\0\0sha1:\0" TWENTY "\2\0\0\0\0\0"),
			 -EBADMSG);
	assert_int_equal(FIELDS("\x1a\0\0\0sha1:\0" TWENTY "\0\0\0\0"),
			 -EBADMSG);
	assert_int_equal(FIELDS("\x1a\0\0\0sha1:\0" TWENTY "\2\0\0\0a\0b"),
			 -EBADMSG);
	assert_int_equal(FIELDS(""), -EBADMSG);
}

/* ---- evidence ---- */

static struct bytes make_evidence(void)
{
	static const char *const names[PARTS] = { "ecdsa.ak.pub", "ecdsa.msg",
		"ecdsa.sig", "ecdsa.pcrs", "log", "ima", "ecdsa.msg", "ecdsa.sig",
		"ecdsa.ak.pub" };
	struct evidence evidence = { 0 };
	struct bytes b;
	u8 *out;
	size_t n;
	int i;

	for (i = 0; i < PARTS; i++) {
		b = vector(VECTORS, names[i]);
		evidence.part[i].p = b.p;
		evidence.part[i].len = b.len;
	}
	n = evidence_size(&evidence);
	out = malloc(n);
	evidence_write(&evidence, out);
	b = bytes_of(out, n);
	free(out);
	for (i = 0; i < PARTS; i++)
		exact_free(evidence.part[i].p);
	return b;
}

static void no_evidence(const u8 *p, size_t n)
{
	struct evidence evidence;

	assert_int_not_equal(evidence_read(p, n, &evidence), 0);
}

static struct evidence right_evidence;

/* No bit of it is without meaning: what is read is other content, or nothing. */
static void other_evidence(const u8 *p, size_t n)
{
	struct evidence evidence;
	bool differs = false;
	int i;

	if (evidence_read(p, n, &evidence))
		return;
	for (i = 0; i < PARTS; i++)
		differs |= evidence.part[i].len != right_evidence.part[i].len ||
			   memcmp(evidence.part[i].p, right_evidence.part[i].p,
				  evidence.part[i].len);
	assert_true(differs);
}

/* Of registers or of a key, and all of that. */
static void evidence_is_of_one(const struct evidence *both)
{
	struct evidence evidence = *both;
	const char *why = NULL;
	int part;

	assert_true(evidence_of_key(&evidence, &why));
	assert_string_equal(why, "it is of registers and of a key");
	evidence = *both;
	for (part = PART_CERTIFICATE; part < PARTS; part++)
		evidence.part[part].p = NULL;
	why = NULL;
	assert_false(evidence_of_key(&evidence, &why));
	assert_null(why);
	for (part = PART_CERTIFICATE; part <= PARTS; part++) {
		evidence = *both;
		memset(&evidence.part[PART_QUOTE], 0,
		       (PART_CERTIFICATE - PART_QUOTE) * sizeof(evidence.part[0]));
		if (part < PARTS)
			evidence.part[part].p = NULL;
		why = NULL;
		assert_true(evidence_of_key(&evidence, &why));
		if (part < PARTS)
			assert_string_equal(why, "a part of the key's certificate is not there");
		else
			assert_null(why);
		assert_ptr_equal(evidence.part[PART_QUOTE].p,
				 evidence.part[PART_CERTIFICATE].p);
	}
}

static void test_evidence(void **state)
{
	struct bytes b = make_evidence(), log = vector(VECTORS, "log");
	struct evidence evidence;
	u8 *again;

	(void)state;
	assert_int_equal(evidence_read(b.p, b.len, &evidence), 0);
	assert_int_equal(evidence.part[PART_EVENT_LOG].len, log.len);
	assert_memory_equal(evidence.part[PART_EVENT_LOG].p, log.p, log.len);
	/* Parts may be absent, and what is read is written the same. */
	evidence.part[PART_IMA].p = NULL;
	again = malloc(evidence_size(&evidence));
	evidence_write(&evidence, again);
	assert_int_equal(evidence_read(again, evidence_size(&evidence),
				       &right_evidence), 0);
	assert_null(right_evidence.part[PART_IMA].p);
	evidence_is_of_one(&right_evidence);
	free(again);
	exact_free(log.p);

	assert_int_equal(evidence_read(b.p, b.len, &right_evidence), 0);
	b.p[512] = '2';
	assert_int_equal(evidence_read(b.p, b.len, &evidence), -EOPNOTSUPP);
	b.p[512] = '1';
	each_flip(b.p, b.len, other_evidence);
	and_longer(b, no_evidence);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_qualified),
		cmocka_unit_test(test_other_types),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_flipped),
		cmocka_unit_test(test_flipped_values),
		cmocka_unit_test(test_selections),
		cmocka_unit_test(test_extra),
		cmocka_unit_test(test_nonces),
		cmocka_unit_test(test_logs),
		cmocka_unit_test(test_logs_damaged),
		cmocka_unit_test(test_logs_hostile),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_dynamic),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_list_grown),
		cmocka_unit_test(test_lists_damaged),
		cmocka_unit_test(test_lists_hostile),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_evidence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
