// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/* Policy digests, against those of a TPM in tests/data/tpm.vec. */
#include "unit.h"

static struct bytes tpm(const char *name)
{
	return vector("tpm.vec", name);
}

/* A body under construction, with room for any. */
struct body {
	u8 data[1024];
	struct tkm_writer w;
};

static struct tkm_policy_element element(u32 cc, const struct body *b)
{
	return (struct tkm_policy_element){ cc, b->data, (u16)b->w.len };
}

static void begin(struct body *b)
{
	tkm_writer_init(&b->w, b->data, sizeof(b->data));
}

static void put_bank(struct body *b, u16 bank, u32 mask)
{
	tkm_put_u16(&b->w, bank);
	tkm_put_u8(&b->w, 3);
	tkm_put_u8(&b->w, (u8)mask);
	tkm_put_u8(&b->w, (u8)(mask >> 8));
	tkm_put_u8(&b->w, (u8)(mask >> 16));
}

static const struct {
	const char *name;
	unsigned int n;
	struct tkm_pcrs banks[2];
} pcr_cases[] = {
	{ "policy.pcr.sha256.7", 1, { { TPM_ALG_SHA256, 0x80 } } },
	{ "policy.pcr.sha256.0.7.11.23", 1, { { TPM_ALG_SHA256, 0x800881 } } },
	{ "policy.pcr.sha1.16", 1, { { TPM_ALG_SHA1, 0x10000 } } },
	{ "policy.pcr.sha256.7.sha1.4", 2,
	  { { TPM_ALG_SHA256, 0x80 }, { TPM_ALG_SHA1, 0x10 } } },
};

static void put_selection(struct body *b, size_t i)
{
	unsigned int j;

	tkm_put_u32(&b->w, pcr_cases[i].n);
	for (j = 0; j < pcr_cases[i].n; j++)
		put_bank(b, pcr_cases[i].banks[j].bank,
			 pcr_cases[i].banks[j].mask);
}

/* PolicyPCR as the command has it, or as the hash has it. */
static struct tkm_policy_element pcr_element(struct body *b, size_t i,
					     bool hash_order)
{
	struct bytes digest = vector_field("tpm.vec", pcr_cases[i].name, -1,
					   "pcrdigest");

	begin(b);
	if (!hash_order)
		tkm_put_tpm2b(&b->w, digest.p, digest.len);
	put_selection(b, i);
	if (hash_order)
		tkm_put_bytes(&b->w, digest.p, digest.len);
	exact_free(digest.p);
	return element(TPM_CC_POLICY_PCR, b);
}

static const struct tkm_policy_element auth_value = {
	.cc = TPM_CC_POLICY_AUTH_VALUE,
};

static void assert_digest(const struct tkm_policy *policy, struct bytes want)
{
	u8 digest[32];

	assert_int_equal(tkm_policy_digest(policy, digest), 0);
	assert_bytes(want, digest, 32);
	exact_free(want.p);
}

static void empty_policy_is_zeros(void **state)
{
	static const u8 zeros[32];
	struct tkm_policy policy = { 0 };

	(void)state;
	assert_digest(&policy, bytes_of(zeros, 32));
}

static void policy_pcr_is_the_tpms(void **state)
{
	struct tkm_policy policy = { .n = 1 };
	struct body b;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(pcr_cases); i++) {
		policy.el[0] = pcr_element(&b, i, false);
		assert_digest(&policy, vector_field("tpm.vec",
						    pcr_cases[i].name, -1,
						    "digest"));
		policy.el[0] = pcr_element(&b, i, true);
		assert_digest(&policy, vector_field("tpm.vec",
						    pcr_cases[i].name, -1,
						    "digest"));
	}
}

static void policy_auth_value_is_the_tpms(void **state)
{
	struct tkm_policy policy = { .n = 1, .el = { auth_value } };
	struct body b;

	(void)state;
	assert_digest(&policy, tpm("policy.auth.digest"));
	policy.el[0] = pcr_element(&b, 0, false);
	policy.el[1] = auth_value;
	policy.n = 2;
	assert_digest(&policy, tpm("policy.pcr.sha256.7.auth.digest"));
}

static void policy_or_is_the_tpms(void **state)
{
	struct bytes a = tpm("policy.pcr.sha256.7.digest");
	struct bytes b = tpm("policy.auth.digest");
	struct bytes want = tpm("policy.or.digest");
	struct tkm_policy policy = { .n = 2 };
	struct body pcr, or;
	u8 digest[32];

	(void)state;
	tkm_policy_or_digest(a.p, b.p, digest);
	assert_bytes(want, digest, 32);

	begin(&or);
	tkm_policy_or_encode(&or.w, a.p, b.p);
	assert_int_equal(or.w.len, 72);
	policy.el[0] = pcr_element(&pcr, 0, false);
	policy.el[1] = element(TPM_CC_POLICY_OR, &or);
	assert_int_equal(tkm_policy_digest(&policy, digest), 0);
	assert_bytes(want, digest, 32);

	/* In the place of a branch. */
	memcpy(digest, b.p, 32);
	tkm_policy_or_digest(a.p, digest, digest);
	assert_bytes(want, digest, 32);

	/* The same from the other branch. */
	policy.el[0] = auth_value;
	assert_int_equal(tkm_policy_digest(&policy, digest), 0);
	assert_bytes(want, digest, 32);
	exact_free(a.p);
	exact_free(b.p);
	exact_free(want.p);
}

static void put_branches(struct body *or, u32 n, const struct bytes *branches)
{
	u32 i;

	begin(or);
	tkm_put_u32(&or->w, n);
	for (i = 0; i < n; i++)
		tkm_put_tpm2b(&or->w, branches[i % 3].p, branches[i % 3].len);
}

static void policy_or_takes_two_to_eight_branches(void **state)
{
	struct bytes branches[3] = {
		tpm("policy.pcr.sha256.7.digest"), tpm("policy.auth.digest"),
		tpm("policy.pcr.sha256.7.auth.digest"),
	};
	struct tkm_policy policy = { .n = 2, .el = { auth_value } };
	struct body or;
	u8 digest[32];
	u32 n;

	(void)state;
	for (n = 0; n < 12; n++) {
		put_branches(&or, n, branches);
		policy.el[1] = element(TPM_CC_POLICY_OR, &or);
		assert_int_equal(tkm_policy_digest(&policy, digest),
				 n >= 2 && n <= 8 ? 0 : -EBADMSG);
		if (n == 3)
			assert_digest(&policy, tpm("policy.or3.digest"));
	}
	for (n = 0; n < 3; n++)
		exact_free(branches[n].p);
}

static void policy_or_needs_a_branch_that_was_reached(void **state)
{
	struct bytes a = tpm("policy.pcr.sha256.7.digest");
	struct bytes b = tpm("policy.pcr.sha1.16.digest");
	struct tkm_policy policy = { .n = 2, .el = { auth_value } };
	static const u8 zeros[32];
	struct body or;
	u8 digest[32];

	(void)state;
	begin(&or);
	tkm_policy_or_encode(&or.w, a.p, b.p);
	policy.el[1] = element(TPM_CC_POLICY_OR, &or);
	assert_int_equal(tkm_policy_digest(&policy, digest), -EBADMSG);
	policy.el[0] = policy.el[1];
	policy.n = 1;
	assert_int_equal(tkm_policy_digest(&policy, digest), -EBADMSG);

	/* At the start, zeros are what was reached. */
	begin(&or);
	tkm_policy_or_encode(&or.w, a.p, zeros);
	assert_int_equal(tkm_policy_digest(&policy, digest), 0);
	exact_free(a.p);
	exact_free(b.p);
}

static void digests_of_other_sizes_are_no_branches(void **state)
{
	static const u8 bytes[64];
	struct tkm_policy policy = { .n = 1 };
	struct body or;
	u8 digest[32];
	size_t n;

	(void)state;
	for (n = 0; n <= 64; n++) {
		begin(&or);
		tkm_put_u32(&or.w, 2);
		tkm_put_tpm2b(&or.w, bytes, 32);
		tkm_put_tpm2b(&or.w, bytes, n);
		policy.el[0] = element(TPM_CC_POLICY_OR, &or);
		assert_int_equal(tkm_policy_digest(&policy, digest),
				 n == 32 ? 0 : -EBADMSG);
	}
}

static u32 walked_cc;

static void body_is_damaged(const u8 *p, size_t n)
{
	struct tkm_policy policy = { 2, { auth_value,
					  { walked_cc, p, (u16)n } } };
	u8 digest[32];

	assert_int_equal(tkm_policy_digest(&policy, digest), -EBADMSG);
}

static void every_truncation_of_a_body_is_refused(void **state)
{
	struct bytes a = tpm("policy.auth.digest");
	struct bytes b = tpm("policy.pcr.sha1.16.digest");
	struct body body;
	size_t i;

	(void)state;
	walked_cc = TPM_CC_POLICY_PCR;
	for (i = 0; i < ARRAY_SIZE(pcr_cases); i++) {
		pcr_element(&body, i, false);
		each_truncation(body.data, body.w.len, body_is_damaged);
		tkm_put_u8(&body.w, 0);
		body_is_damaged(body.data, body.w.len);
		pcr_element(&body, i, true);
		each_truncation(body.data, body.w.len, body_is_damaged);
		tkm_put_u8(&body.w, 0);
		body_is_damaged(body.data, body.w.len);
	}
	walked_cc = TPM_CC_POLICY_OR;
	begin(&body);
	tkm_policy_or_encode(&body.w, a.p, b.p);
	each_truncation(body.data, body.w.len, body_is_damaged);
	tkm_put_u8(&body.w, 0);
	body_is_damaged(body.data, body.w.len);
	walked_cc = TPM_CC_POLICY_AUTH_VALUE;
	body_is_damaged(body.data, 1);
	exact_free(a.p);
	exact_free(b.p);
}

static u8 undamaged[32];

static void digest_is_another(const u8 *p, size_t n)
{
	struct tkm_policy policy = { 1, { { walked_cc, p, (u16)n } } };
	u8 digest[32];
	int ret = tkm_policy_digest(&policy, digest);

	if (ret)
		assert_int_equal(ret, -EBADMSG);
	else
		assert_memory_not_equal(digest, undamaged, 32);
}

static void every_flipped_bit_changes_the_digest(void **state)
{
	struct tkm_policy policy = { .n = 1 };
	struct body b;
	size_t i;

	(void)state;
	walked_cc = TPM_CC_POLICY_PCR;
	for (i = 0; i < 2 * ARRAY_SIZE(pcr_cases); i++) {
		policy.el[0] = pcr_element(&b, i / 2, i % 2);
		assert_int_equal(tkm_policy_digest(&policy, undamaged), 0);
		each_flip(b.data, b.w.len, digest_is_another);
	}
}

static void other_commands_are_unsupported(void **state)
{
	static const u32 codes[] = {
		0, 0x160 /* PolicySigned */,
		0x16c /* PolicyCommandCode */, 0x16d /* PolicyCounterTimer */,
		0x149 /* PolicyNV */, 0x18c /* PolicyPassword */,
		TPM_CC_UNSEAL, 0x8000017f, 0xffffffff,
	};
	struct tkm_policy policy = { .n = 1 };
	u8 digest[32];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(codes); i++) {
		policy.el[0].cc = codes[i];
		assert_int_equal(tkm_policy_digest(&policy, digest),
				 -EOPNOTSUPP);
	}
}

/* Keys that sign, as far as their public areas say so. */
static const u8 number[256] = { 9 };
static const struct tkm_public ec = {
	.type = TPM_ALG_ECC, .name_alg = TPM_ALG_SHA256,
	.attributes = TPM_OA_SIGN, .sym_alg = TPM_ALG_NULL,
	.scheme = TPM_ALG_NULL, .curve = TPM_ECC_NIST_P256,
	.x = number, .x_len = 32, .y = number, .y_len = 32,
};
static const struct tkm_public rsa = {
	.type = TPM_ALG_RSA, .name_alg = TPM_ALG_SHA256,
	.attributes = TPM_OA_SIGN, .sym_alg = TPM_ALG_NULL,
	.scheme = TPM_ALG_NULL, .rsa_bits = 2048, .rsa_exponent = 65537,
	.x = number, .x_len = 256,
};

static void policy_authorize_is_first_and_unsigned(void **state)
{
	static const u8 ref[32] = { 3 };
	struct tkm_policy policy = { .n = 1 };
	struct body pub, by;
	u8 digest[32], want[32];

	(void)state;
	begin(&pub);
	tkm_public_encode(&pub.w, &ec);
	begin(&by);
	tkm_authorize_encode(&by.w, (struct tkm_piece){ pub.data, pub.w.len },
			     ref);
	policy.el[0] = element(TPM_CC_POLICY_AUTHORIZE, &by);
	assert_int_equal(tkm_policy_digest(&policy, digest), 0);
	tkm_authorize_digest((struct tkm_piece){ pub.data, pub.w.len }, ref,
			     want);
	assert_memory_equal(digest, want, 32);
	/* What comes before it would count for nothing. */
	policy.el[1] = policy.el[0];
	policy.el[0] = auth_value;
	policy.n = 2;
	assert_int_equal(tkm_policy_digest(&policy, digest), -EOPNOTSUPP);
	/* A signature belongs to an approval. */
	by.w.len -= 2;
	tkm_put_u16(&by.w, TPM_ALG_ECDSA);
	tkm_put_u16(&by.w, TPM_ALG_SHA256);
	tkm_put_tpm2b(&by.w, number, 32);
	tkm_put_tpm2b(&by.w, number, 32);
	policy.el[0] = element(TPM_CC_POLICY_AUTHORIZE, &by);
	policy.n = 1;
	assert_int_equal(tkm_policy_digest(&policy, digest), -EOPNOTSUPP);
	/* Nor is there any body but its own. */
	policy.el[0].body_len--;
	assert_int_equal(tkm_policy_digest(&policy, digest), -EBADMSG);
	policy.el[0].body_len = 0;
	assert_int_equal(tkm_policy_digest(&policy, digest), -EBADMSG);
}

static int authority(const struct tkm_public *pub)
{
	struct body b;

	begin(&b);
	tkm_public_encode(&b.w, pub);
	return tkm_authority_check(b.data, b.w.len);
}

static void an_authority_signs_with_a_key_that_is_there(void **state)
{
	struct tkm_public pub;

	(void)state;
	assert_int_equal(authority(&ec), 0);
	assert_int_equal(authority(&rsa), 0);
#define IS(ret, of, change)                                                   \
	do {                                                                  \
		pub = of;                                                     \
		change;                                                       \
		assert_int_equal(authority(&pub), ret);                       \
	} while (0)
	IS(-EBADMSG, ec, pub.x_len = 0);
	IS(-EBADMSG, ec, pub.y_len = 0);
	IS(-EOPNOTSUPP, rsa, { pub.rsa_bits = 1024; pub.x_len = 128; });
	IS(-EOPNOTSUPP, ec, pub.type = TPM_ALG_KEYEDHASH);
	IS(-EOPNOTSUPP, ec, pub.attributes = TPM_OA_DECRYPT);
	IS(-EOPNOTSUPP, ec, {
		pub.sym_alg = TPM_ALG_AES;
		pub.sym_bits = 128;
		pub.sym_mode = TPM_ALG_CFB;
	});
#undef IS
	assert_int_equal(tkm_authority_check(number, 3), -EBADMSG);
}

/* By an RSA key: a signature of @n bytes, of which the last @cut are not there. */
static int signed_with(u16 alg, size_t n, size_t cut)
{
	static const u8 ref[32] = { 3 };
	struct tkm_policy_element el;
	struct tkm_authorize got;
	struct body pub, by;

	begin(&pub);
	tkm_public_encode(&pub.w, &rsa);
	tkm_writer_init(&by.w, by.data, sizeof(by.data));
	tkm_put_tpm2b(&by.w, pub.data, pub.w.len);
	tkm_put_tpm2b(&by.w, ref, 32);
	if (alg) {
		tkm_put_u16(&by.w, alg);
		tkm_put_u16(&by.w, TPM_ALG_SHA256);
		tkm_put_tpm2b(&by.w, number, n);
	}
	assert_false(by.w.overflow);
	by.w.len -= cut;
	el = element(TPM_CC_POLICY_AUTHORIZE, &by);
	return tkm_authorize_decode(&el, &got);
}

static void a_signature_is_as_long_as_its_modulus(void **state)
{
	(void)state;
	assert_int_equal(signed_with(TPM_ALG_RSASSA, 256, 0), 0);
	assert_int_equal(signed_with(TPM_ALG_RSAPSS, 256, 0), 0);
	assert_int_equal(signed_with(TPM_ALG_RSASSA, 255, 0), -EBADMSG);
	assert_int_equal(signed_with(TPM_ALG_RSASSA, 0, 0), -EBADMSG);
	assert_int_equal(signed_with(TPM_ALG_RSASSA, 256, 1), -EBADMSG);
	assert_int_equal(signed_with(TPM_ALG_ECDSA, 256, 0), -EBADMSG);
	/* Nothing there at all, not even that there is nothing. */
	assert_int_equal(signed_with(0, 0, 0), -EBADMSG);
}

static void guards_are_compared_but_for_the_record(void **state)
{
	struct tkm_policy a = { .n = 2 }, b;
	struct body first, second;

	(void)state;
	begin(&first);
	tkm_put_u32(&first.w, 1);
	begin(&second);
	tkm_put_u32(&second.w, 2);
	a.el[0] = element(TPM_CC_POLICY_PCR, &first);
	a.el[1] = element(TPM_CC_POLICY_OR, &first);
	b = a;
	b.el[1] = element(TPM_CC_POLICY_OR, &second);
	assert_true(tkm_policy_same_guard(&a, &b));
	b.el[0] = element(TPM_CC_POLICY_PCR, &second);
	assert_false(tkm_policy_same_guard(&a, &b));
	b.el[0] = element(TPM_CC_POLICY_OR, &first);
	assert_false(tkm_policy_same_guard(&a, &b));
	b = a;
	b.el[0].body_len--;
	assert_false(tkm_policy_same_guard(&a, &b));
	b = a;
	b.n = 1;
	assert_false(tkm_policy_same_guard(&a, &b));
	/* Some have no body. */
	b = a;
	a.el[0] = b.el[0] = auth_value;
	assert_true(tkm_policy_same_guard(&a, &b));
	a.n = b.n = 0;
	assert_true(tkm_policy_same_guard(&a, &b));
}

static void policy_of_too_many_commands_is_refused(void **state)
{
	struct tkm_policy policy = { .n = TKM_POLICY_MAX };
	u8 digest[32];
	unsigned int i;

	(void)state;
	for (i = 0; i < TKM_POLICY_MAX; i++)
		policy.el[i] = auth_value;
	assert_int_equal(tkm_policy_digest(&policy, digest), 0);
	policy.n++;
	assert_int_equal(tkm_policy_digest(&policy, digest), -EBADMSG);
	policy.n = UINT_MAX;
	assert_int_equal(tkm_policy_digest(&policy, digest), -EBADMSG);
}

static void policy_of_the_chain_is_its_objects(void **state)
{
	struct bytes area = tpm("chain.3.public"), text = tpm("chain.3.record");
	struct bytes pcr_digest = tpm("policy.pcr.sha256.7.digest");
	struct tkm_policy policy = { .n = 2 };
	struct tkm_public pub;
	struct body pcr, or;
	u8 hash[32];

	(void)state;
	assert_int_equal(tkm_public_decode(area.p + 2, area.len - 2, &pub), 0);
	tkm_record_hash((const char *)text.p, text.len, hash);
	begin(&or);
	tkm_policy_or_encode(&or.w, pcr_digest.p, hash);
	policy.el[0] = pcr_element(&pcr, 0, false);
	policy.el[1] = element(TPM_CC_POLICY_OR, &or);
	assert_digest(&policy, bytes_of(pub.policy, pub.policy_len));
	assert_true(tkm_policy_has(&policy, TPM_CC_POLICY_PCR));
	assert_true(tkm_policy_has(&policy, TPM_CC_POLICY_OR));
	policy.el[2] = auth_value; /* behind the end */
	assert_false(tkm_policy_has(&policy, TPM_CC_POLICY_AUTH_VALUE));
	exact_free(area.p);
	exact_free(text.p);
	exact_free(pcr_digest.p);
}

/* ---- parameters of PolicyPCR ------------------------------------------- */

static void policy_pcr_is_taken_apart_in_both_spellings(void **state)
{
	struct bytes digest = tpm("policy.pcr.sha256.7.pcrdigest");
	struct tkm_policy_element el;
	struct tkm_policy_pcr pcr;
	struct tkm_pcrs pcrs;
	struct body b;
	int order;

	(void)state;
	for (order = 0; order < 2; order++) {
		el = pcr_element(&b, 0, order);
		assert_int_equal(tkm_policy_pcr_decode(&el, &pcr), 0);
		assert_bytes(digest, pcr.digest, 32);
		assert_int_equal(pcr.selection_len, 10);
		assert_int_equal(tkm_pcrs_decode(pcr.selection,
						 pcr.selection_len, &pcrs), 0);
		assert_int_equal(pcrs.bank, TPM_ALG_SHA256);
		assert_int_equal(pcrs.mask, 0x80);
	}
	exact_free(digest.p);
}

static void policy_pcr_that_asserts_nothing_is_refused(void **state)
{
	static const char digest[] = "12345678123456781234567812345678";
	static const u32 counts[] = { 0, 2, 17, 0x200000, 0xffffffff };
	struct tkm_policy_element el;
	struct tkm_policy_pcr pcr;
	struct body b;
	size_t i;
	u8 size;

	(void)state;
	/* Counts that are not what follows. */
	for (i = 0; i < 2 * ARRAY_SIZE(counts); i++) {
		begin(&b);
		if (i % 2)
			tkm_put_tpm2b(&b.w, digest, 32);
		tkm_put_u32(&b.w, counts[i / 2]);
		put_bank(&b, TPM_ALG_SHA256, 0x80);
		if (!(i % 2))
			tkm_put_bytes(&b.w, digest, 32);
		el = element(TPM_CC_POLICY_PCR, &b);
		assert_int_equal(tkm_policy_pcr_decode(&el, &pcr), -EBADMSG);
	}
	/* Banks of which nothing is chosen. */
	for (i = 0; i < 3; i++) {
		begin(&b);
		tkm_put_tpm2b(&b.w, digest, 32);
		tkm_put_u32(&b.w, i ? 2 : 1);
		put_bank(&b, TPM_ALG_SHA256, i == 2 ? 0x80 : 0);
		if (i)
			put_bank(&b, TPM_ALG_SHA1, i == 1 ? 0x80 : 0);
		el = element(TPM_CC_POLICY_PCR, &b);
		assert_int_equal(tkm_policy_pcr_decode(&el, &pcr), -EBADMSG);
	}
	/* Digests that are none. */
	for (size = 0; size < 65; size++) {
		begin(&b);
		tkm_put_tpm2b(&b.w, "1234567812345678123456781234567812345678"
				    "123456781234567812345678", size);
		tkm_put_u32(&b.w, 1);
		put_bank(&b, TPM_ALG_SHA256, 0x80);
		el = element(TPM_CC_POLICY_PCR, &b);
		assert_int_equal(tkm_policy_pcr_decode(&el, &pcr),
				 size == 32 ? 0 : -EBADMSG);
	}
	/* Sizes of bitmaps that are none. */
	for (size = 0; size < 12; size++) {
		begin(&b);
		tkm_put_tpm2b(&b.w, digest, 32);
		tkm_put_u32(&b.w, 1);
		tkm_put_u16(&b.w, TPM_ALG_SHA256);
		tkm_put_u8(&b.w, size);
		tkm_put_bytes(&b.w, "\x80\0\0\0\0\0\0\0\0\0\0\0", size);
		el = element(TPM_CC_POLICY_PCR, &b);
		assert_int_equal(tkm_policy_pcr_decode(&el, &pcr),
				 size >= 1 && size <= 4 ? 0 : -EBADMSG);
	}
}

static int pcrs_of_hex(const char *hex)
{
	struct bytes b = bytes_of_hex(hex);
	struct tkm_pcrs pcrs;
	int ret = tkm_pcrs_decode(b.p, b.len, &pcrs);

	exact_free(b.p);
	return ret;
}

static void pcrs_of_one_known_bank_are_decoded(void **state)
{
	static const struct {
		const char *hex;
		int ret;
	} cases[] = {
		{ "00000001000b03800000", 0 },
		{ "00000001000403010000", 0 },
		{ "00000001000c03000080", 0 },
		{ "00000001000d03ffffff", 0 },
		{ "00000001000b0180", 0 },
		{ "00000001000b0480000000", 0 },
		{ "00000001000b0480000001", -EOPNOTSUPP },
		{ "000000010012" "03800000", -EOPNOTSUPP },
		{ "00000001001003800000", -EOPNOTSUPP },
		{ "00000002000b03800000000403800000", -EOPNOTSUPP },
		{ "", -EBADMSG },
		{ "00000000", -EBADMSG },
		{ "00000001000b03800000" "00", -EBADMSG },
		{ "00000001000b038000", -EBADMSG },
		{ "00000001000b03000000", -EBADMSG },
		{ "00000001000b00", -EBADMSG },
		{ "00000001000b058000000000", -EBADMSG },
		{ "00000002000b03800000", -EBADMSG },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		if (pcrs_of_hex(cases[i].hex) != cases[i].ret)
			fail_msg("%s: %d", cases[i].hex,
				 pcrs_of_hex(cases[i].hex));
}

static void pcrs_come_back(void **state)
{
	struct tkm_pcrs pcrs = { .bank = TPM_ALG_SHA384 }, back;
	struct body b;
	int i;

	(void)state;
	for (i = 0; i < 24; i++) {
		pcrs.mask = 1u << i | 1;
		begin(&b);
		tkm_pcrs_encode(&b.w, &pcrs);
		assert_int_equal(b.w.len, 10);
		assert_int_equal(tkm_pcrs_decode(b.data, b.w.len, &back), 0);
		assert_int_equal(back.bank, pcrs.bank);
		assert_int_equal(back.mask, pcrs.mask);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_policy_is_zeros),
		cmocka_unit_test(policy_pcr_is_the_tpms),
		cmocka_unit_test(policy_auth_value_is_the_tpms),
		cmocka_unit_test(policy_or_is_the_tpms),
		cmocka_unit_test(policy_or_takes_two_to_eight_branches),
		cmocka_unit_test(policy_or_needs_a_branch_that_was_reached),
		cmocka_unit_test(digests_of_other_sizes_are_no_branches),
		cmocka_unit_test(every_truncation_of_a_body_is_refused),
		cmocka_unit_test(every_flipped_bit_changes_the_digest),
		cmocka_unit_test(other_commands_are_unsupported),
		cmocka_unit_test(policy_authorize_is_first_and_unsigned),
		cmocka_unit_test(an_authority_signs_with_a_key_that_is_there),
		cmocka_unit_test(a_signature_is_as_long_as_its_modulus),
		cmocka_unit_test(guards_are_compared_but_for_the_record),
		cmocka_unit_test(policy_of_too_many_commands_is_refused),
		cmocka_unit_test(policy_of_the_chain_is_its_objects),
		cmocka_unit_test(policy_pcr_is_taken_apart_in_both_spellings),
		cmocka_unit_test(policy_pcr_that_asserts_nothing_is_refused),
		cmocka_unit_test(pcrs_of_one_known_bank_are_decoded),
		cmocka_unit_test(pcrs_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
