// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * Named policies and approvals. What a TPM makes of them is compared in
 * tests/vm/approve.sh.
 */
#include "unit.h"

/* A public area of a P-256 key that signs, and bodies that belong to it. */
struct made {
	u8 pub[128], ref[32], authorize[512], pcr[128], nv[128], der[2048];
	size_t pub_len, authorize_len, pcr_len, nv_len, der_len;
	struct tkm_policy policy;
};

static const u8 numbers[96] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
				15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25 };

static void make_public(struct made *m)
{
	struct tkm_public pub = {
		.type = TPM_ALG_ECC,
		.name_alg = TPM_ALG_SHA256,
		.attributes = TPM_OA_SIGN | TPM_OA_USER_WITH_AUTH,
		.sym_alg = TPM_ALG_NULL,
		.scheme = TPM_ALG_NULL,
		.curve = TPM_ECC_NIST_P256,
		.x = numbers,
		.x_len = 32,
		.y = numbers,
		.y_len = 32,
	};
	struct tkm_writer w;

	tkm_writer_init(&w, m->pub, sizeof(m->pub));
	tkm_public_encode(&w, &pub);
	m->pub_len = w.len;
}

static void put_signature(struct tkm_writer *w, u16 alg, u16 hash, size_t r,
			  size_t s)
{
	tkm_put_u16(w, alg);
	tkm_put_u16(w, hash);
	tkm_put_tpm2b(w, numbers, r);
	if (s)
		tkm_put_tpm2b(w, numbers, s);
}

/* As an approval has it, but for the signature's being right. */
static void make_authorize(struct made *m)
{
	struct tkm_writer w;

	tkm_writer_init(&w, m->authorize, sizeof(m->authorize));
	tkm_put_tpm2b(&w, m->pub, m->pub_len);
	tkm_put_tpm2b(&w, m->ref, sizeof(m->ref));
	put_signature(&w, TPM_ALG_ECDSA, TPM_ALG_SHA256, 32, 31);
	m->authorize_len = w.len;
}

static void make_pcr(struct made *m)
{
	const struct tkm_pcrs pcrs = { TPM_ALG_SHA256, 0x80 };
	struct tkm_writer w;

	tkm_writer_init(&w, m->pcr, sizeof(m->pcr));
	tkm_put_tpm2b(&w, numbers, 32);
	tkm_pcrs_encode(&w, &pcrs);
	m->pcr_len = w.len;
}

static void put_nv(struct made *m, u32 index, u16 name_alg, size_t name_len,
		   size_t epoch_len, u16 offset, u16 operation)
{
	struct tkm_writer w;

	tkm_writer_init(&w, m->nv, sizeof(m->nv));
	tkm_put_u32(&w, index);
	tkm_put_u16(&w, (u16)(2 + name_len));
	tkm_put_u16(&w, name_alg);
	tkm_put_bytes(&w, numbers, name_len);
	tkm_put_tpm2b(&w, numbers, epoch_len);
	tkm_put_u16(&w, offset);
	tkm_put_u16(&w, operation);
	m->nv_len = w.len;
}

static void make_bodies(struct made *m)
{
	memset(m, 0, sizeof(*m));
	make_public(m);
	tkm_policy_ref("boot", m->ref);
	make_authorize(m);
	make_pcr(m);
	put_nv(m, 0x01800b7d, TPM_ALG_SHA256, 32, 8, 0, 0);
	m->policy.n = 3;
	m->policy.el[0] = (struct tkm_policy_element){
		TPM_CC_POLICY_AUTHORIZE, m->authorize, (u16)m->authorize_len,
	};
	m->policy.el[1] = (struct tkm_policy_element){
		TPM_CC_POLICY_PCR, m->pcr, (u16)m->pcr_len,
	};
	m->policy.el[2] = (struct tkm_policy_element){
		TPM_CC_POLICY_NV, m->nv, (u16)m->nv_len,
	};
}

static void write_der(struct made *m, const char *name)
{
	ssize_t len;

	m->policy.el[0].body_len = (u16)m->authorize_len;
	m->policy.el[1].body_len = (u16)m->pcr_len;
	m->policy.el[2].body_len = (u16)m->nv_len;
	len = tkm_auth_policy_encode(name, &m->policy, m->der, sizeof(m->der));
	assert_true(len > 0);
	m->der_len = (size_t)len;
}

static int decode(const struct made *m, struct tkm_approval *approval)
{
	struct bytes b = bytes_of(m->der, m->der_len);
	int ret = tkm_approval_decode(b.p, b.len, approval);

	/* It points into what is gone now. */
	exact_free(b.p);
	return ret;
}

static void expect(struct made *m, int ret)
{
	struct tkm_approval approval;

	write_der(m, NULL);
	assert_int_equal(decode(m, &approval), ret);
}

/* ---- names ---- */

static void names(void **state)
{
	static const char *const bad[] = {
		"", "none", "A", "a b", "a/b", "a:b", "a\n", "\xc3\xa4", "a=b",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "a{",
	};
	static const char *const good[] = {
		"a", "none2", "non", "0", "._-", "boot.v2",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(tkm_policy_name_ok(bad[i], strlen(bad[i])));
	for (i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(tkm_policy_name_ok(good[i], strlen(good[i])));
}

/* printf 'tkm policy v1\0boot' | sha256sum */
static void ref_is_of_the_name(void **state)
{
	struct bytes want = bytes_of_hex(
		"4bce2427002e8b0d034651d2583dbd139c985c6ab3297a8e2f7db640b9559f17");
	u8 ref[32];

	(void)state;
	tkm_policy_ref("boot", ref);
	assert_bytes(want, ref, 32);
	exact_free(want.p);
}

/* ---- approvals ---- */

static void sha256(const void *a, size_t a_len, const void *b, size_t b_len,
		   u8 out[32])
{
	const struct tkm_piece pieces[] = { { a, a_len }, { b, b_len } };

	tkm_sha256(pieces, 2, out);
}

/* The formulas of TPM 2.0 Part 3, written down once more. */
static void approval_is_taken_apart(void **state)
{
	static const u8 zeros[32];
	struct tkm_approval approval;
	u8 text[128], digest[32], args[32], hash[32], want[32];
	struct tkm_writer w;
	struct made m;

	(void)state;
	make_bodies(&m);
	write_der(&m, "for people");
	assert_int_equal(tkm_approval_decode(m.der, m.der_len, &approval), 0);
	assert_int_equal(approval.by.pub_len, m.pub_len);
	assert_memory_equal(approval.by.pub, m.pub, m.pub_len);
	assert_memory_equal(approval.by.ref, m.ref, 32);
	assert_int_equal(approval.by.sig_len, 4 + 2 + 32 + 2 + 31);
	assert_int_equal(approval.policy.n, 2);

	/* PolicyPCR: H(0 || CC || selection || digest). */
	tkm_writer_init(&w, text, sizeof(text));
	tkm_put_bytes(&w, zeros, 32);
	tkm_put_u32(&w, 0x17f);
	tkm_put_bytes(&w, m.pcr + 34, m.pcr_len - 34);
	sha256(text, w.len, numbers, 32, digest);
	/* PolicyNV: H(old || CC || H(operand || offset || op) || Name). */
	sha256(numbers, 8, zeros, 4, args);
	tkm_writer_init(&w, text, sizeof(text));
	tkm_put_bytes(&w, digest, 32);
	tkm_put_u32(&w, 0x149);
	tkm_put_bytes(&w, args, 32);
	tkm_put_u16(&w, TPM_ALG_SHA256);
	sha256(text, w.len, numbers, 32, want);
	assert_memory_equal(approval.digest, want, 32);
	/* PolicyAuthorize: H(H(0 || CC || Name of the key) || policyRef). */
	sha256(m.pub, m.pub_len, NULL, 0, hash);
	tkm_writer_init(&w, text, sizeof(text));
	tkm_put_bytes(&w, zeros, 32);
	tkm_put_u32(&w, 0x16a);
	tkm_put_u16(&w, TPM_ALG_SHA256);
	sha256(text, w.len, hash, 32, digest);
	sha256(digest, 32, m.ref, 32, want);
	assert_memory_equal(approval.branch, want, 32);
	/* What is signed. */
	sha256(approval.digest, 32, m.ref, 32, want);
	tkm_approval_hash(&approval, hash);
	assert_memory_equal(hash, want, 32);
}

static void not_taken(const u8 *p, size_t n)
{
	struct tkm_approval approval;

	assert_int_not_equal(tkm_approval_decode(p, n, &approval), 0);
}

/*
 * Another bit is damage or another approval, never the same. The handle of the
 * counter is not in the digest, its Name is: the TPM knows which is whose.
 */
static u8 whole[32], whole_branch[32], whole_sig[128];
static size_t whole_sig_len;

static void another_or_not_taken(const u8 *p, size_t n)
{
	struct tkm_approval approval;
	struct tkm_policy_nv nv;

	if (tkm_approval_decode(p, n, &approval))
		return;
	if (!tkm_policy_nv_decode(&approval.policy.el[1], &nv) &&
	    nv.index != 0x01800b7d)
		return;
	if (!memcmp(approval.digest, whole, 32) &&
	    !memcmp(approval.branch, whole_branch, 32))
		assert_true(approval.by.sig_len != whole_sig_len ||
			    memcmp(approval.by.sig, whole_sig, whole_sig_len));
}

static void every_bit_of_an_approval_counts(void **state)
{
	struct tkm_approval approval;
	struct made m;

	(void)state;
	make_bodies(&m);
	write_der(&m, NULL);
	assert_int_equal(tkm_approval_decode(m.der, m.der_len, &approval), 0);
	memcpy(whole, approval.digest, 32);
	memcpy(whole_branch, approval.branch, 32);
	whole_sig_len = approval.by.sig_len;
	memcpy(whole_sig, approval.by.sig, whole_sig_len);
	each_truncation(m.der, m.der_len, not_taken);
	each_flip(m.der, m.der_len, another_or_not_taken);
	m.der[m.der_len++] = 0;
	not_taken(m.der, m.der_len);
}

static void order_and_number_of_elements(void **state)
{
	struct tkm_policy_element swapped;
	struct tkm_approval approval;
	struct made m;

	(void)state;
	make_bodies(&m);
	m.policy.n = 1;
	expect(&m, -EINVAL);
	/* Only registers; only an epoch; two epochs; two of registers. */
	m.policy.n = 2;
	expect(&m, 0);
	m.policy.el[1] = m.policy.el[2];
	m.pcr_len = m.nv_len;
	expect(&m, -EINVAL);
	make_bodies(&m);
	m.policy.el[3] = m.policy.el[2];
	m.policy.n = 4;
	expect(&m, -EINVAL);
	m.policy.el[3] = m.policy.el[1];
	expect(&m, 0);
	/* The epoch may stand before them, the approval itself nowhere else. */
	make_bodies(&m);
	swapped = m.policy.el[1];
	m.policy.el[1] = m.policy.el[2];
	m.policy.el[2] = swapped;
	assert_true(tkm_auth_policy_encode(NULL, &m.policy, m.der,
					   sizeof(m.der)) > 0);
	swapped = m.policy.el[0];
	m.policy.el[0] = m.policy.el[2];
	m.policy.el[2] = swapped;
	m.der_len = (size_t)tkm_auth_policy_encode(NULL, &m.policy, m.der,
						   sizeof(m.der));
	assert_int_equal(decode(&m, &approval), -EBADMSG);
	/* Too many; others. */
	make_bodies(&m);
	m.policy.n = TKM_POLICY_MAX;
	while (m.policy.n > 3)
		m.policy.el[--m.policy.n] = m.policy.el[1];
	m.policy.n = TKM_POLICY_MAX;
	expect(&m, 0);
	make_bodies(&m);
	m.policy.el[2].cc = TPM_CC_POLICY_AUTH_VALUE;
	expect(&m, -EOPNOTSUPP);
	m.policy.el[2] = m.policy.el[0];
	m.nv_len = m.authorize_len;
	expect(&m, -EOPNOTSUPP);
}

static void nv_is_a_counters_number(void **state)
{
	struct made m;

	(void)state;
	make_bodies(&m);
	put_nv(&m, 0x01ffffff, TPM_ALG_SHA256, 32, 8, 0, 0);
	expect(&m, 0);
	put_nv(&m, 0x81000001, TPM_ALG_SHA256, 32, 8, 0, 0);
	expect(&m, -EBADMSG);
	put_nv(&m, 0x01800b7d, TPM_ALG_SHA384, 48, 8, 0, 0);
	expect(&m, -EOPNOTSUPP);
	put_nv(&m, 0x01800b7d, TPM_ALG_SHA384, 32, 8, 0, 0);
	expect(&m, -EOPNOTSUPP);
	put_nv(&m, 0x01800b7d, TPM_ALG_SHA256, 32, 7, 0, 0);
	expect(&m, -EOPNOTSUPP);
	put_nv(&m, 0x01800b7d, TPM_ALG_SHA256, 32, 0, 0, 0);
	expect(&m, -EBADMSG);
	/* Behind the index: no Name at all, an epoch of a byte, offset, operation. */
	memcpy(m.nv + 4, "\0\0" "\0\x01\x01" "\0\0" "\0\0", 9);
	m.nv_len = 13;
	expect(&m, -EBADMSG);
	put_nv(&m, 0x01800b7d, TPM_ALG_SHA256, 32, 8, 1, 0);
	expect(&m, -EOPNOTSUPP);
	/* Not equal, which every other epoch is. */
	put_nv(&m, 0x01800b7d, TPM_ALG_SHA256, 32, 8, 0, 1);
	expect(&m, -EOPNOTSUPP);
}

static void signatures(void **state)
{
	static const struct {
		u16 alg, hash;
		size_t r, s;
		int ret;
	} cases[] = {
		{ TPM_ALG_ECDSA, TPM_ALG_SHA256, 1, 1, 0 },
		{ TPM_ALG_ECDSA, TPM_ALG_SHA384, 32, 32, -EOPNOTSUPP },
		{ TPM_ALG_ECDSA, TPM_ALG_SHA256, 33, 32, -EBADMSG },
		{ TPM_ALG_ECDSA, TPM_ALG_SHA256, 32, 33, -EBADMSG },
		{ TPM_ALG_ECDSA, TPM_ALG_SHA256, 32, 0, -EBADMSG },
		{ TPM_ALG_RSASSA, TPM_ALG_SHA256, 32, 0, -EBADMSG },
		{ TPM_ALG_RSASSA, TPM_ALG_SHA256, 32, 32, -EBADMSG },
		{ TPM_ALG_NULL, TPM_ALG_SHA256, 32, 32, -EBADMSG },
	};
	struct tkm_writer w;
	struct made m;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make_bodies(&m);
		tkm_writer_init(&w, m.authorize, sizeof(m.authorize));
		tkm_put_tpm2b(&w, m.pub, m.pub_len);
		tkm_put_tpm2b(&w, m.ref, 32);
		put_signature(&w, cases[i].alg, cases[i].hash, cases[i].r,
			      cases[i].s);
		m.authorize_len = w.len;
		expect(&m, cases[i].ret);
	}
	/* None at all is for chains. */
	tkm_writer_init(&w, m.authorize, sizeof(m.authorize));
	tkm_authorize_encode(&w, (struct tkm_piece){ m.pub, m.pub_len }, m.ref);
	m.authorize_len = w.len;
	expect(&m, -EBADMSG);
}

static void too_long(void **state)
{
	struct tkm_approval approval;
	static u8 der[TKM_APPROVAL_MAX + 1];

	(void)state;
	assert_int_equal(tkm_approval_decode(der, sizeof(der), &approval),
			 -E2BIG);
	assert_int_equal(tkm_approval_decode(der, sizeof(der) - 1, &approval),
			 -EBADMSG);
}

/* Its form is that of others, who may write what tkm never does. */
static void no_name_too_long_and_nothing_behind(void **state)
{
	char text[TKM_APPROVAL_NAME_MAX + 1];
	struct tkm_approval approval;
	struct made m;
	u8 name[300];
	size_t len;

	(void)state;
	make_bodies(&m);
	memset(text, 'x', TKM_APPROVAL_NAME_MAX);
	text[TKM_APPROVAL_NAME_MAX] = '\0';
	write_der(&m, text);
	/* 30 82 LLLL, a0 82 LLLL, 0c 81 LL: a letter more, and all lengths say so. */
	assert_memory_equal(m.der + 4, "\xa0\x82\x01\x02\x0c\x81\xff", 7);
	len = 4 + 4 + 3 + TKM_APPROVAL_NAME_MAX;
	memcpy(name, "\xa0\x82\x01\x04\x0c\x82\x01\x00", 8);
	memset(name + 8, 'x', 256);
	memmove(m.der + 4 + 8 + 256, m.der + len, m.der_len - len);
	memcpy(m.der + 4, name, 8 + 256);
	m.der_len += 2;
	put_unaligned_be16((u16)(m.der_len - 4), m.der + 2);
	assert_int_equal(decode(&m, &approval), -EBADMSG);
	/* Something behind the elements, and inside of the whole. */
	write_der(&m, NULL);
	assert_int_equal(m.der[1], 0x82);
	memcpy(m.der + m.der_len, "\x05\0", 2);
	m.der_len += 2;
	put_unaligned_be16((u16)(m.der_len - 4), m.der + 2);
	assert_int_equal(decode(&m, &approval), -EBADMSG);
}

/* ---- approvals of moves ---- */

/* PolicyAuthorize of moves, and what comes behind it. */
static void make_permit(struct made *m, size_t object, size_t parent, u8 included)
{
	struct tkm_writer w;

	make_bodies(m);
	tkm_duplicate_ref(m->ref);
	make_authorize(m);
	tkm_writer_init(&w, m->pcr, sizeof(m->pcr));
	tkm_put_tpm2b(&w, numbers, object);
	tkm_put_tpm2b(&w, numbers + 1, parent);
	tkm_put_u8(&w, included);
	assert_false(w.overflow);
	m->pcr_len = w.len;
	m->policy.el[1].cc = TPM_CC_POLICY_DUPLICATION_SELECT;
	m->policy.n = 2;
}

static void expect_permit(struct made *m, int ret)
{
	struct tkm_permit permit;
	struct bytes b;

	write_der(m, NULL);
	b = bytes_of(m->der, m->der_len);
	assert_int_equal(tkm_permit_decode(b.p, b.len, &permit), ret);
	exact_free(b.p);
}

static void a_move_is_approved_of_by_both_names(void **state)
{
	static u8 der[TKM_APPROVAL_MAX + 1];
	struct tkm_permit permit;
	struct tkm_writer w;
	struct made m;

	(void)state;
	make_permit(&m, TKM_NAME_SIZE, TKM_NAME_SIZE, 1);
	expect_permit(&m, 0);
	/* The new parent's alone; no object's; of another hash; no yes or no. */
	make_permit(&m, TKM_NAME_SIZE, TKM_NAME_SIZE, 0);
	expect_permit(&m, -EOPNOTSUPP);
	make_permit(&m, 0, TKM_NAME_SIZE, 1);
	expect_permit(&m, -EOPNOTSUPP);
	make_permit(&m, TKM_NAME_SIZE, TKM_NAME_SIZE + 16, 1);
	expect_permit(&m, -EOPNOTSUPP);
	make_permit(&m, TKM_NAME_SIZE, TKM_NAME_SIZE, 2);
	expect_permit(&m, -EBADMSG);
	/* Something beside the two names. */
	make_permit(&m, TKM_NAME_SIZE, TKM_NAME_SIZE, 1);
	m.policy.n = 3;
	expect_permit(&m, -EINVAL);
	/* Nobody signed it. */
	make_permit(&m, TKM_NAME_SIZE, TKM_NAME_SIZE, 1);
	tkm_writer_init(&w, m.authorize, sizeof(m.authorize));
	tkm_authorize_encode(&w, (struct tkm_piece){ m.pub, m.pub_len }, m.ref);
	m.authorize_len = w.len;
	expect_permit(&m, -EBADMSG);
	assert_int_equal(tkm_permit_decode(der, sizeof(der), &permit), -E2BIG);
}

/* ---- what it is for ---- */

static void fits_its_own_branch_and_name(void **state)
{
	struct tkm_approval approval;
	struct tkm_policy chain = { .n = 1 };
	u8 body[256], or[80], other[32] = { 1 };
	struct tkm_writer w;
	struct made m;

	(void)state;
	make_bodies(&m);
	write_der(&m, NULL);
	assert_int_equal(tkm_approval_decode(m.der, m.der_len, &approval), 0);
	tkm_writer_init(&w, body, sizeof(body));
	tkm_authorize_encode(&w, (struct tkm_piece){ m.pub, m.pub_len }, m.ref);
	chain.el[0] = (struct tkm_policy_element){
		TPM_CC_POLICY_AUTHORIZE, body, (u16)w.len,
	};
	assert_true(tkm_approval_fits(&approval, &chain));
	/* Another name. */
	body[m.pub_len + 4] ^= 1;
	assert_false(tkm_approval_fits(&approval, &chain));
	body[m.pub_len + 4] ^= 1;
	/* Another key: only as the branch beside it. */
	body[m.pub_len + 1] ^= 1;
	assert_false(tkm_approval_fits(&approval, &chain));
	chain.n = 2;
	chain.el[1] = (struct tkm_policy_element){ TPM_CC_POLICY_OR, or, 72 };
	tkm_writer_init(&w, or, sizeof(or));
	tkm_policy_or_encode(&w, other, approval.branch);
	assert_true(tkm_approval_fits(&approval, &chain));
	tkm_writer_init(&w, or, sizeof(or));
	tkm_policy_or_encode(&w, other, other);
	assert_false(tkm_approval_fits(&approval, &chain));
	/* Beside it, but as no branch. */
	tkm_writer_init(&w, or, sizeof(or));
	tkm_policy_or_encode(&w, other, approval.branch);
	chain.el[1].cc = TPM_CC_POLICY_PCR;
	assert_false(tkm_approval_fits(&approval, &chain));
	/* Damage. */
	chain.el[0].body_len--;
	assert_false(tkm_approval_fits(&approval, &chain));
	/* Where there is nothing to approve. */
	chain.n = 0;
	assert_false(tkm_approval_fits(&approval, &chain));
	chain = m.policy;
	chain.el[0] = m.policy.el[1];
	assert_false(tkm_approval_fits(&approval, &chain));
}

static void encoder_has_limits(void **state)
{
	struct made m;
	char text[TKM_APPROVAL_NAME_MAX + 2];
	size_t n;

	(void)state;
	make_bodies(&m);
	memset(text, 'x', sizeof(text));
	text[TKM_APPROVAL_NAME_MAX] = '\0';
	write_der(&m, text);
	expect(&m, 0);
	text[TKM_APPROVAL_NAME_MAX] = 'x';
	text[TKM_APPROVAL_NAME_MAX + 1] = '\0';
	assert_int_equal(tkm_auth_policy_encode(text, &m.policy, m.der,
						sizeof(m.der)), -EINVAL);
	assert_int_equal(tkm_auth_policy_encode("", &m.policy, m.der,
						sizeof(m.der)), -EINVAL);
	write_der(&m, NULL);
	for (n = 0; n < m.der_len; n++) {
		struct bytes room = bytes_of(m.der, n);

		assert_int_equal(tkm_auth_policy_encode(NULL, &m.policy, room.p,
							n), -EMSGSIZE);
		exact_free(room.p);
	}
	m.policy.n = 0;
	assert_int_equal(tkm_auth_policy_encode(NULL, &m.policy, m.der,
						sizeof(m.der)), -EINVAL);
	m.policy.n = TKM_POLICY_MAX + 1;
	assert_int_equal(tkm_auth_policy_encode(NULL, &m.policy, m.der,
						sizeof(m.der)), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(ref_is_of_the_name),
		cmocka_unit_test(approval_is_taken_apart),
		cmocka_unit_test(every_bit_of_an_approval_counts),
		cmocka_unit_test(order_and_number_of_elements),
		cmocka_unit_test(nv_is_a_counters_number),
		cmocka_unit_test(signatures),
		cmocka_unit_test(too_long),
		cmocka_unit_test(no_name_too_long_and_nothing_behind),
		cmocka_unit_test(a_move_is_approved_of_by_both_names),
		cmocka_unit_test(fits_its_own_branch_and_name),
		cmocka_unit_test(encoder_has_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
