// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/* Bytes of TPM structures, in and out. */
#include "unit.h"

/* ---- writer ------------------------------------------------------------ */

static void put_sample(struct tkm_writer *w)
{
	size_t begin;

	tkm_put_u8(w, 0x01);
	tkm_put_u16(w, 0x0203);
	tkm_put_u32(w, 0x04050607);
	tkm_put_bytes(w, "ab", 2);
	tkm_put_tpm2b(w, "cde", 3);
	begin = tkm_put_tpm2b_begin(w);
	tkm_put_u16(w, 0x0809);
	tkm_put_tpm2b_end(w, begin);
}

static const u8 sample[] = {
	1, 2, 3, 4, 5, 6, 7, 'a', 'b', 0, 3, 'c', 'd', 'e', 0, 2, 8, 9,
};

static void writer_writes_big_endian(void **state)
{
	u8 *buf = malloc(sizeof(sample));
	struct tkm_writer w;

	(void)state;
	tkm_writer_init(&w, buf, sizeof(sample));
	put_sample(&w);
	assert_false(w.overflow);
	assert_int_equal(w.len, sizeof(sample));
	assert_memory_equal(buf, sample, sizeof(sample));
	free(buf);
}

static void writer_overflows_at_every_smaller_size(void **state)
{
	struct tkm_writer w;
	size_t size;
	u8 *buf;

	(void)state;
	for (size = 0; size < sizeof(sample); size++) {
		buf = exact(sample, size);
		tkm_writer_init(&w, buf, size);
		put_sample(&w);
		assert_true(w.overflow);
		assert_true(w.len <= size);
		exact_free(buf);
	}
}

static void writer_overflow_is_sticky(void **state)
{
	u8 buf[4] = { 0xee, 0xee, 0xee, 0xee };
	struct tkm_writer w;

	(void)state;
	tkm_writer_init(&w, buf, sizeof(buf));
	tkm_put_u8(&w, 1);
	tkm_put_u32(&w, 0);
	tkm_put_u8(&w, 2); /* would fit */
	assert_true(w.overflow);
	assert_int_equal(buf[1], 0xee);
}

static void writer_takes_nothing_from_null(void **state)
{
	struct tkm_writer w;
	u8 buf[2];

	(void)state;
	tkm_writer_init(&w, buf, sizeof(buf));
	tkm_put_bytes(&w, NULL, 0);
	tkm_put_tpm2b(&w, NULL, 0);
	assert_false(w.overflow);
	assert_int_equal(w.len, 2);
	assert_int_equal(buf[0] | buf[1], 0);
}

static void writer_refuses_a_tpm2b_above_65535(void **state)
{
	size_t n = 65536, begin;
	u8 *in = calloc(1, n), *out = malloc(n + 10);
	struct tkm_writer w;

	(void)state;
	tkm_writer_init(&w, out, n + 10);
	tkm_put_tpm2b(&w, in, n - 1);
	assert_false(w.overflow);
	assert_int_equal(w.len, n + 1);
	assert_int_equal(get_unaligned_be16(out), 0xffff);

	tkm_writer_init(&w, out, n + 10);
	tkm_put_tpm2b(&w, in, n);
	assert_true(w.overflow);
	assert_int_equal(w.len, 0);

	tkm_writer_init(&w, out, n + 10);
	begin = tkm_put_tpm2b_begin(&w);
	tkm_put_bytes(&w, in, n);
	assert_false(w.overflow);
	tkm_put_tpm2b_end(&w, begin);
	assert_true(w.overflow);
	free(in);
	free(out);
}

static void writer_nests_tpm2bs(void **state)
{
	static const u8 want[] = { 0xff, 0, 5, 1, 0, 2, 2, 3 };
	struct tkm_writer w;
	size_t outer, inner;
	u8 buf[8];

	(void)state;
	tkm_writer_init(&w, buf, sizeof(buf));
	tkm_put_u8(&w, 0xff);
	outer = tkm_put_tpm2b_begin(&w);
	tkm_put_u8(&w, 1);
	inner = tkm_put_tpm2b_begin(&w);
	tkm_put_u16(&w, 0x0203);
	tkm_put_tpm2b_end(&w, inner);
	tkm_put_tpm2b_end(&w, outer);
	assert_false(w.overflow);
	assert_memory_equal(buf, want, sizeof(want));
}

static void writer_writes_hex(void **state)
{
	struct tkm_writer w;
	struct bytes b;
	char want[513], *out;
	size_t n, i;
	u8 all[256];

	(void)state;
	for (i = 0; i < sizeof(all); i++) {
		all[i] = (u8)i;
		snprintf(want + 2 * i, 3, "%02x", (unsigned int)i);
	}
	for (n = 0; n <= sizeof(all); n += n < 8 ? 1 : 31) {
		b = bytes_of(all + 256 - n, n);
		out = exact(want, 2 * n);
		tkm_writer_init(&w, out, 2 * n);
		tkm_put_hex(&w, b.p, n);
		assert_false(w.overflow);
		assert_int_equal(w.len, 2 * n);
		if (n)
			assert_memory_equal(out, want + 512 - 2 * n, 2 * n);
		/* One digit less is no room, and then for nothing else. */
		tkm_writer_init(&w, out, n ? 2 * n - 1 : 0);
		tkm_put_hex(&w, b.p, n);
		assert_int_equal(w.overflow, n > 0);
		exact_free(out);
		exact_free(b.p);
	}
}

/* ---- reader ------------------------------------------------------------ */

static void reader_reads_what_was_written(void **state)
{
	struct bytes b = bytes_of(sample, sizeof(sample));
	struct tkm_reader r;
	u16 n;

	(void)state;
	tkm_reader_init(&r, b.p, b.len);
	assert_int_equal(tkm_get_u8(&r), 1);
	assert_int_equal(tkm_get_u16(&r), 0x0203);
	assert_int_equal(tkm_get_u32(&r), 0x04050607);
	assert_ptr_equal(tkm_get_bytes(&r, 2), b.p + 7);
	assert_ptr_equal(tkm_get_tpm2b(&r, &n), b.p + 11);
	assert_int_equal(n, 3);
	assert_false(tkm_reader_done(&r));
	assert_ptr_equal(tkm_get_tpm2b(&r, &n), b.p + 16);
	assert_int_equal(n, 2);
	assert_true(tkm_reader_done(&r));
	exact_free(b.p);
}

static void reader_is_bad_when_short(const u8 *p, size_t n)
{
	struct tkm_reader r;
	u16 size;

	tkm_reader_init(&r, p, n);
	tkm_get_u8(&r);
	tkm_get_u16(&r);
	tkm_get_u32(&r);
	tkm_get_bytes(&r, 2);
	tkm_get_tpm2b(&r, &size);
	assert_null(tkm_get_tpm2b(&r, &size));
	assert_int_equal(size, 0);
	assert_true(r.bad);
	assert_false(tkm_reader_done(&r));
}

static void reader_refuses_every_truncation(void **state)
{
	(void)state;
	each_truncation(sample, sizeof(sample), reader_is_bad_when_short);
}

static void reader_error_is_sticky(void **state)
{
	struct bytes b = bytes_of("\1\2\3", 3);
	struct tkm_reader r;
	u16 n = 77;

	(void)state;
	tkm_reader_init(&r, b.p, b.len);
	assert_int_equal(tkm_get_u32(&r), 0);
	assert_true(r.bad);
	/* All of these would fit. */
	assert_int_equal(tkm_get_u8(&r), 0);
	assert_int_equal(tkm_get_u16(&r), 0);
	assert_null(tkm_get_bytes(&r, 0));
	assert_null(tkm_get_bytes(&r, 1));
	assert_null(tkm_get_tpm2b(&r, &n));
	assert_int_equal(n, 0);
	exact_free(b.p);
}

static void reader_gives_no_bytes_at_the_end(void **state)
{
	struct bytes b = bytes_of("", 0);
	struct tkm_reader r;

	(void)state;
	tkm_reader_init(&r, b.p, 0);
	assert_ptr_equal(tkm_get_bytes(&r, 0), b.p);
	assert_true(tkm_reader_done(&r));
	tkm_reader_init(&r, NULL, 0);
	assert_null(tkm_get_bytes(&r, 0));
	assert_true(tkm_reader_done(&r));
	exact_free(b.p);
}

static void reader_refuses_a_huge_size(void **state)
{
	struct bytes b = bytes_of("\xff\xff\0", 3);
	struct tkm_reader r;
	u16 n;

	(void)state;
	tkm_reader_init(&r, b.p, b.len);
	assert_null(tkm_get_tpm2b(&r, &n));
	assert_true(r.bad);
	tkm_reader_init(&r, b.p, b.len);
	assert_null(tkm_get_bytes(&r, SIZE_MAX));
	assert_true(r.bad);
	exact_free(b.p);
}

/* A TPM may have left zeros out in front, or put some there. */
static void numbers_have_the_length_that_is_wanted(void **state)
{
	static const struct {
		const char *tpm2b, *number;
	} cases[] = {
		{ "0004" "01020304", "01020304" },
		{ "0003" "020304", "00020304" },
		{ "0006" "0000" "01020304", "01020304" },
		{ "0005" "0000000000", "00000000" },
		{ "0000", "00000000" },
		{ "0005" "0101020304", NULL },
		{ "0004" "010203", NULL },
		{ "00", NULL },
	};
	u8 out[4];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bytes b = bytes_of_hex(cases[i].tpm2b), want;
		struct tkm_reader r;

		tkm_reader_init(&r, b.p, b.len);
		if (!cases[i].number) {
			assert_int_equal(tkm_get_number(&r, out, 4), -EIO);
		} else {
			want = bytes_of_hex(cases[i].number);
			assert_int_equal(tkm_get_number(&r, out, 4), 0);
			assert_bytes(want, out, 4);
			assert_true(tkm_reader_done(&r));
			exact_free(want.p);
		}
		exact_free(b.p);
	}
}

/* ---- public areas ------------------------------------------------------ */

static const char *const publics[] = {
	"srk.ecc", "srk.rsa", "sealed", "chain.0", "chain.1", "chain.2",
	"chain.3",
};

/* The TPMT_PUBLIC in a TPM2B_PUBLIC of tpm.vec. */
static struct bytes public_vector(const char *name)
{
	struct bytes b = vector_field("tpm.vec", name, -1, "public");
	struct bytes t = bytes_of(b.p + 2, b.len - 2);

	assert_int_equal(get_unaligned_be16(b.p), t.len);
	exact_free(b.p);
	return t;
}

static void public_is_what_was_asked_of_the_tpm(void **state)
{
	struct tkm_public pub;
	struct bytes b;

	(void)state;
	b = public_vector("srk.ecc");
	assert_int_equal(tkm_public_decode(b.p, b.len, &pub), 0);
	assert_int_equal(pub.type, TPM_ALG_ECC);
	assert_int_equal(pub.name_alg, TPM_ALG_SHA256);
	assert_int_equal(pub.attributes, 0x00030472);
	assert_int_equal(pub.policy_len, 0);
	assert_int_equal(pub.sym_alg, TPM_ALG_AES);
	assert_int_equal(pub.sym_bits, 128);
	assert_int_equal(pub.sym_mode, TPM_ALG_CFB);
	assert_int_equal(pub.scheme, TPM_ALG_NULL);
	assert_int_equal(pub.curve, TPM_ECC_NIST_P256);
	assert_int_equal(pub.x_len, 32);
	assert_int_equal(pub.y_len, 32);
	assert_ptr_equal(pub.y, b.p + b.len - 32);
	exact_free(b.p);

	b = public_vector("srk.rsa");
	assert_int_equal(tkm_public_decode(b.p, b.len, &pub), 0);
	assert_int_equal(pub.type, TPM_ALG_RSA);
	assert_int_equal(pub.sym_alg, TPM_ALG_AES);
	assert_int_equal(pub.rsa_bits, 2048);
	assert_int_equal(pub.rsa_exponent, 65537);
	assert_int_equal(pub.x_len, 256);
	assert_null(pub.y);
	exact_free(b.p);

	b = public_vector("sealed");
	assert_int_equal(tkm_public_decode(b.p, b.len, &pub), 0);
	assert_int_equal(pub.type, TPM_ALG_KEYEDHASH);
	assert_int_equal(pub.attributes, 0x12);
	assert_int_equal(pub.policy_len, 32);
	assert_int_equal(pub.sym_alg, TPM_ALG_NULL);
	assert_int_equal(pub.x_len, 32);
	exact_free(b.p);
}

static void name_is_the_tpms(void **state)
{
	u8 name[TKM_NAME_SIZE];
	struct bytes b, want;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(publics); i++) {
		b = public_vector(publics[i]);
		want = vector_field("tpm.vec", publics[i], -1, "name");
		tkm_public_name(b.p, b.len, name);
		assert_bytes(want, name, sizeof(name));
		exact_free(b.p);
		exact_free(want.p);
	}
}

static void encode_again(const struct tkm_public *pub, const u8 *p, size_t n)
{
	u8 *buf = malloc(n);
	struct tkm_writer w;

	tkm_writer_init(&w, buf, n);
	tkm_public_encode(&w, pub);
	assert_false(w.overflow);
	assert_int_equal(w.len, n);
	assert_memory_equal(buf, p, n);
	free(buf);
}

/* Whatever is taken must have been understood whole. */
static void refused_or_understood(const u8 *p, size_t n)
{
	struct tkm_public pub;
	int ret = tkm_public_decode(p, n, &pub);

	if (ret)
		assert_true(ret == -EBADMSG || ret == -EOPNOTSUPP);
	else
		encode_again(&pub, p, n);
}

static void public_is_short(const u8 *p, size_t n)
{
	struct tkm_public pub;

	assert_int_equal(tkm_public_decode(p, n, &pub), -EBADMSG);
}

static void every_truncation_of_a_public_is_refused(void **state)
{
	struct bytes b;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(publics); i++) {
		b = public_vector(publics[i]);
		refused_or_understood(b.p, b.len);
		each_truncation(b.p, b.len, public_is_short);
		exact_free(b.p);
	}
}

static void every_flipped_bit_of_a_public_is_refused_or_seen(void **state)
{
	struct bytes b;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(publics); i++) {
		b = public_vector(publics[i]);
		each_flip(b.p, b.len, refused_or_understood);
		exact_free(b.p);
	}
}

static void public_with_a_byte_left_over_is_refused(void **state)
{
	struct tkm_public pub;
	struct bytes b;
	size_t i;
	u8 *longer;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(publics); i++) {
		b = public_vector(publics[i]);
		longer = calloc(1, b.len + 1);
		memcpy(longer, b.p, b.len);
		assert_int_equal(tkm_public_decode(longer, b.len + 1, &pub),
				 -EBADMSG);
		free(longer);
		exact_free(b.p);
	}
}

static int decode_hex(const char *hex)
{
	struct bytes b = bytes_of_hex(hex);
	struct tkm_public pub;
	int ret = tkm_public_decode(b.p, b.len, &pub);

	if (!ret)
		encode_again(&pub, b.p, b.len);
	exact_free(b.p);
	return ret;
}

#define X4 "01020304"
#define X32 X4 X4 X4 X4 X4 X4 X4 X4
#define X128 X32 X32 X32 X32
#define X256 X128 X128

static const struct {
	const char *what;
	const char *hex;
	int ret;
} public_cases[] = {
	{ "ECC storage key",
	  "0023000b00030472" "0000" "000600800043" "0010" "0003" "0010"
	  "0020" X32 "0020" X32, 0 },
	{ "ECC key that is no storage key",
	  "0023000b00000000" "0000" "0010" "0010" "0003" "0010"
	  "0020" X32 "0020" X32, 0 },
	{ "ECC template", "0023000b00030472" "0000" "000600800043" "0010"
	  "0003" "0010" "0000" "0000", 0 },
	{ "ECC with a short coordinate",
	  "0023000b00030472" "0000" "000600800043" "0010" "0003" "0010"
	  "0004" X4 "0020" X32, 0 },
	{ "P-384 key", "0023000b00040472" "0000" "0010" "0010" "0004" "0010"
	  "0030" X32 X4 X4 X4 X4 "0030" X32 X4 X4 X4 X4, 0 },
	{ "P-384 key with short coordinates", "0023000b00040472" "0000" "0010"
	  "0010" "0004" "0010" "0020" X32 "0024" X32 X4, 0 },
	{ "P-384 template", "0023000b00040472" "0000" "0010" "0010" "0004"
	  "0010" "0000" "0000", 0 },
	{ "RSA-3072 key", "0001000b00040472" "0000" "0010" "0010" "0c00"
	  "00000000" "0180" X256 X128, 0 },
	{ "sealed data", "0008000b00000012" "0000" "0010" "0020" X32, 0 },
	{ "sealed template", "0008000b00000012" "0000" "0010" "0000", 0 },

	{ "nothing", "", -EBADMSG },
	{ "type SYMCIPHER", "0025000b00030472" "0000", -EOPNOTSUPP },
	{ "type 0", "0000000b00030472" "0000", -EOPNOTSUPP },
	{ "Name under SHA-1", "0008000400000012" "0000" "0010" "0000",
	  -EOPNOTSUPP },
	{ "Name under SHA-384", "0008000c00000012" "0000" "0010" "0000",
	  -EOPNOTSUPP },
	{ "no Name", "0008001000000012" "0000" "0010" "0000", -EOPNOTSUPP },
	{ "policy of 20 bytes",
	  "0008000b00000012" "0014" X4 X4 X4 X4 X4 "0010" "0000", -EBADMSG },
	{ "policy of 33 bytes",
	  "0008000b00000012" "0021" X32 "00" "0010" "0000", -EBADMSG },
	{ "Camellia", "0023000b00030472" "0000" "002600800043" "0010" "0003"
	  "0010" "0000" "0000", -EOPNOTSUPP },
	{ "AES-256", "0023000b00030472" "0000" "000601000043" "0010" "0003"
	  "0010" "0000" "0000", -EOPNOTSUPP },
	{ "AES in CTR", "0023000b00030472" "0000" "000600800040" "0010" "0003"
	  "0010" "0000" "0000", -EOPNOTSUPP },
	{ "ECDSA", "0023000b00030472" "0000" "0010" "0018000b" "0003" "0010"
	  "0000" "0000", -EOPNOTSUPP },
	{ "P-224", "0023000b00030472" "0000" "000600800043" "0010" "0002"
	  "0010" "0000" "0000", -EOPNOTSUPP },
	{ "P-521", "0023000b00040472" "0000" "0010" "0010" "0005" "0010"
	  "0000" "0000", -EOPNOTSUPP },
	{ "a scheme of derivation", "0023000b00030472" "0000" "000600800043"
	  "0010" "0003" "0020000b" "0000" "0000", -EOPNOTSUPP },
	{ "x of 33 bytes", "0023000b00030472" "0000" "000600800043" "0010"
	  "0003" "0010" "0021" X32 "00" "0000", -EBADMSG },
	{ "y of 33 bytes", "0023000b00030472" "0000" "000600800043" "0010"
	  "0003" "0010" "0000" "0021" X32 "00", -EBADMSG },
	{ "P-384 and x of 49 bytes", "0023000b00040472" "0000" "0010" "0010"
	  "0004" "0010" "0031" X32 X4 X4 X4 X4 "00" "0000", -EBADMSG },
	{ "P-384 and y of 49 bytes", "0023000b00040472" "0000" "0010" "0010"
	  "0004" "0010" "0000" "0031" X32 X4 X4 X4 X4 "00", -EBADMSG },
	{ "P-256 and x of 48 bytes", "0023000b00040472" "0000" "0010" "0010"
	  "0003" "0010" "0030" X32 X4 X4 X4 X4 "0020" X32, -EBADMSG },
	{ "RSA-3072 and 256 bytes", "0001000b00040472" "0000" "0010" "0010"
	  "0c00" "00000000" "0100" X256, -EBADMSG },
	{ "RSA-2048 and 384 bytes", "0001000b00040472" "0000" "0010" "0010"
	  "0800" "00000000" "0180" X256 X128, -EBADMSG },
	{ "exponent 3", "0001000b00030472" "0000" "000600800043" "0010" "0800"
	  "00000003" "0100" X256, -EOPNOTSUPP },
	{ "RSASSA", "0001000b00030472" "0000" "0010" "0014000b" "0800"
	  "00000000" "0100" X256, -EOPNOTSUPP },
	{ "modulus of 255 bytes", "0001000b00030472" "0000" "000600800043"
	  "0010" "0800" "00000000" "00e0" X128 X32 X32 X32, -EBADMSG },
	{ "modulus longer than it says", "0001000b00030472" "0000"
	  "000600800043" "0010" "0400" "00000000" "0100" X256, -EBADMSG },
	{ "no modulus", "0001000b00030472" "0000" "000600800043" "0010" "0000"
	  "00000000" "0000", -EBADMSG },
	{ "HMAC key", "0008000b00040072" "0000" "0005000b" "0020" X32,
	  -EOPNOTSUPP },
	{ "unique of 20 bytes", "0008000b00000012" "0000" "0010"
	  "0014" X4 X4 X4 X4 X4, -EBADMSG },
};

static void public_cases_have_their_errno(void **state)
{
	size_t i;
	int ret;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(public_cases); i++) {
		ret = decode_hex(public_cases[i].hex);
		if (ret != public_cases[i].ret)
			fail_msg("%s: %d", public_cases[i].what, ret);
	}
}

static void exponent_may_be_spelled_out(void **state)
{
	struct bytes b = bytes_of_hex("0001000b00030472" "0000" "0010" "0010"
				      "0800" "00010001" "0100" X256);
	struct tkm_public pub;

	(void)state;
	assert_int_equal(tkm_public_decode(b.p, b.len, &pub), 0);
	assert_int_equal(pub.rsa_exponent, 65537);
	exact_free(b.p);
}

static void template_is_written_as_the_tcg_has_it(void **state)
{
	const struct tkm_public pub = {
		.type = TPM_ALG_RSA, .name_alg = TPM_ALG_SHA256,
		.attributes = 0x00030472, .sym_alg = TPM_ALG_AES,
		.sym_bits = 128, .sym_mode = TPM_ALG_CFB,
		.scheme = TPM_ALG_NULL, .rsa_bits = 2048,
		.rsa_exponent = 65537,
	};
	struct bytes want = bytes_of_hex("0001000b00030472" "0000"
					 "000600800043" "0010" "0800"
					 "00000000" "0000");
	u8 buf[64];
	struct tkm_writer w;

	(void)state;
	tkm_writer_init(&w, buf, sizeof(buf));
	tkm_public_encode(&w, &pub);
	assert_false(w.overflow);
	assert_bytes(want, buf, w.len);
	exact_free(want.p);
}

/* What TPM2_TestParms is asked: the area's middle, between its TPM2Bs. */
static void parms_are_the_middle_of_an_area(void **state)
{
	static const char *const areas[] = {
		"0001000b00040472" "0000" "0010" "0010" "0800" "00000000"
		"0100" X256,
		"0001000b00040472" "0000" "0010" "0010" "0c00" "00000000"
		"0180" X256 X128,
		"0023000b00040472" "0000" "0010" "0010" "0003" "0010"
		"0020" X32 "0020" X32,
		"0023000b00040472" "0000" "0010" "0010" "0004" "0010"
		"0000" "0000",
		"0023000b00030472" "0000" "000600800043" "0010" "0003" "0010"
		"0020" X32 "0020" X32,
	};
	static const size_t lens[] = { 10, 10, 8, 8, 12 };
	struct tkm_public pub;
	struct tkm_writer w;
	struct bytes b;
	u8 *out;
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(areas); i++) {
		b = bytes_of_hex(areas[i]);
		assert_int_equal(tkm_public_decode(b.p, b.len, &pub), 0);
		for (n = 0; n <= 2 + lens[i]; n++) {
			out = exact(b.p, n);
			tkm_writer_init(&w, out, n);
			tkm_public_parms(&w, &pub);
			assert_int_equal(w.overflow, n < 2 + lens[i]);
			if (!w.overflow) {
				assert_int_equal(w.len, n);
				assert_memory_equal(out, b.p, 2);
				assert_memory_equal(out + 2, b.p + 10, lens[i]);
			}
			exact_free(out);
		}
		exact_free(b.p);
	}
}

static void unknown_type_is_not_written(void **state)
{
	const struct tkm_public pub = { .type = 0x25 };
	struct tkm_writer w;
	u8 buf[64];

	(void)state;
	tkm_writer_init(&w, buf, sizeof(buf));
	tkm_public_encode(&w, &pub);
	assert_true(w.overflow);
}

/* The decoder takes none but the usual one; the encoder writes what it gets. */
static void another_exponent_is_written_as_it_is(void **state)
{
	const struct tkm_public pub = {
		.type = TPM_ALG_RSA, .name_alg = TPM_ALG_SHA256,
		.sym_alg = TPM_ALG_NULL, .scheme = TPM_ALG_NULL,
		.rsa_bits = 2048, .rsa_exponent = 3,
	};
	struct tkm_public again;
	struct tkm_writer w;
	u8 out[64];

	(void)state;
	tkm_writer_init(&w, out, sizeof(out));
	tkm_public_encode(&w, &pub);
	assert_false(w.overflow);
	assert_int_equal(get_unaligned_be32(out + 16), 3);
	assert_int_equal(tkm_public_decode(out, w.len, &again), -EOPNOTSUPP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writer_writes_big_endian),
		cmocka_unit_test(writer_overflows_at_every_smaller_size),
		cmocka_unit_test(writer_overflow_is_sticky),
		cmocka_unit_test(writer_takes_nothing_from_null),
		cmocka_unit_test(writer_refuses_a_tpm2b_above_65535),
		cmocka_unit_test(writer_nests_tpm2bs),
		cmocka_unit_test(writer_writes_hex),
		cmocka_unit_test(reader_reads_what_was_written),
		cmocka_unit_test(reader_refuses_every_truncation),
		cmocka_unit_test(reader_error_is_sticky),
		cmocka_unit_test(reader_gives_no_bytes_at_the_end),
		cmocka_unit_test(reader_refuses_a_huge_size),
		cmocka_unit_test(numbers_have_the_length_that_is_wanted),
		cmocka_unit_test(public_is_what_was_asked_of_the_tpm),
		cmocka_unit_test(name_is_the_tpms),
		cmocka_unit_test(every_truncation_of_a_public_is_refused),
		cmocka_unit_test(
			every_flipped_bit_of_a_public_is_refused_or_seen),
		cmocka_unit_test(public_with_a_byte_left_over_is_refused),
		cmocka_unit_test(public_cases_have_their_errno),
		cmocka_unit_test(exponent_may_be_spelled_out),
		cmocka_unit_test(template_is_written_as_the_tcg_has_it),
		cmocka_unit_test(parms_are_the_middle_of_an_area),
		cmocka_unit_test(unknown_type_is_not_written),
		cmocka_unit_test(another_exponent_is_written_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
