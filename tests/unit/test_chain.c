// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * What a chain must be before a TPM sees it. The chains are real ones
 * (tests/data/gen-chains): everything in them but what only the TPM can judge
 * is changed bit by bit here.
 */
#include "unit.h"

static const char file[] = "chains.vec";

static const struct tkm_caller owner = {
	.owner = 0,
	.side = TKM_SIDE_INIT,
	.app = "disk",
	.label = "vol1",
	.now = 1800000000,
};

static int verify(const u8 *der, size_t len, const struct tkm_caller *caller,
		  struct tkm_chain *chain, struct tkm_record *rec)
{
	u8 srk[TKM_NAME_SIZE];
	int ret;

	ret = tkm_blob_decode(der, len, chain);
	return ret ? ret : tkm_chain_verify(chain, caller, srk, rec);
}

static int verify_named(const char *name, const struct tkm_caller *caller,
			struct tkm_record *rec)
{
	struct bytes b = vector(file, name);
	struct tkm_chain chain;
	int ret = verify(b.p, b.len, caller, &chain, rec);

	exact_free(b.p);
	return ret;
}

static const char *const hierarchical[] = { "plain", "pcrs", "auth", "both",
					    "dates" };
static const char *const flat[] = { "flat", "flatpcrs" };

static void chains_of_the_module_are_taken(void **state)
{
	struct tkm_record rec;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(hierarchical); i++) {
		assert_int_equal(verify_named(hierarchical[i], &owner, &rec),
				 0);
		assert_int_equal(rec.kind, TKM_KIND_DATA);
		assert_string_equal(rec.app, "disk");
		assert_string_equal(rec.label, "vol1");
		assert_int_equal(rec.uses, TKM_USE_PUBLISH);
	}
	for (i = 0; i < ARRAY_SIZE(flat); i++)
		assert_int_equal(verify_named(flat[i], &owner, &rec), 0);
}

static bool within(const u8 *at, const u8 *p, size_t n)
{
	return n && at >= p && at < p + n;
}

/*
 * Whether only the TPM can judge a byte: it stands in a private part, or in
 * what the TPM itself chose for the public part, which the private part's
 * integrity covers.
 */
static bool is_for_the_tpm(const struct tkm_chain *chain, const u8 *at)
{
	const struct tkm_object *obj;
	struct tkm_public pub;

	for (obj = chain->obj; obj < chain->obj + chain->n; obj++) {
		assert_int_equal(tkm_public_decode(obj->pub, obj->pub_len,
						   &pub), 0);
		if (within(at, obj->priv, obj->priv_len) ||
		    within(at, pub.x, pub.x_len) || within(at, pub.y, pub.y_len))
			return true;
	}
	return false;
}

static void flip_all(const char *name)
{
	struct bytes b = vector(file, name);
	struct tkm_chain chain, flipped;
	struct tkm_record rec;
	size_t bit;
	int ret;

	assert_int_equal(verify(b.p, b.len, &owner, &chain, &rec), 0);
	for (bit = 0; bit < 8 * b.len; bit++) {
		if (is_for_the_tpm(&chain, b.p + bit / 8))
			continue;
		b.p[bit / 8] ^= (u8)(1 << bit % 8);
		ret = verify(b.p, b.len, &owner, &flipped, &rec);
		if (ret != -EBADMSG && ret != -EOPNOTSUPP)
			fail_msg("%s: bit %zu gives %d", name, bit, ret);
		b.p[bit / 8] ^= (u8)(1 << bit % 8);
	}
	exact_free(b.p);
}

static void no_bit_that_needs_no_tpm_may_change(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(hierarchical); i++)
		flip_all(hierarchical[i]);
}

static void no_length_of_a_chain_may_change(void **state)
{
	struct bytes b = vector(file, "both");
	struct tkm_chain chain;
	struct tkm_record rec;
	const u8 *q;
	size_t n;

	(void)state;
	for (n = 0; n < b.len; n++) {
		q = exact(b.p, n);
		assert_int_equal(verify(q, n, &owner, &chain, &rec), -EBADMSG);
		exact_free(q);
	}
	exact_free(b.p);
}

/* Objects of one owner's two chains do not mix where their places differ. */
static void objects_of_another_place_are_refused(void **state)
{
	struct bytes b = vector(file, "plain");
	struct tkm_chain chain, mixed;
	struct tkm_record rec;
	u8 srk[TKM_NAME_SIZE];
	unsigned int i, j;

	(void)state;
	assert_int_equal(tkm_blob_decode(b.p, b.len, &chain), 0);
	for (i = 0; i < chain.n; i++) {
		for (j = 0; j < chain.n; j++) {
			if (i == j)
				continue;
			mixed = chain;
			mixed.obj[i] = chain.obj[j];
			mixed.obj[i].parent = chain.obj[i].parent;
			assert_int_equal(tkm_chain_verify(&mixed, &owner, srk,
							  &rec), -EBADMSG);
		}
	}
	exact_free(b.p);
}

static void somebody_else_is_refused_before_the_description(void **state)
{
	struct tkm_caller other = owner;
	struct tkm_record rec;

	(void)state;
	other.owner = 1000;
	other.label = "vol2";
	assert_int_equal(verify_named("plain", &other, &rec), -EPERM);
	other = owner;
	other.side = TKM_SIDE_OTHER;
	assert_int_equal(verify_named("plain", &other, &rec), -EPERM);
}

static void another_description_is_refused(void **state)
{
	struct tkm_caller other = owner;
	struct tkm_record rec;

	(void)state;
	other.label = "vol2";
	assert_int_equal(verify_named("plain", &other, &rec), -EKEYREJECTED);
	other = owner;
	other.app = "dis";
	assert_int_equal(verify_named("plain", &other, &rec), -EKEYREJECTED);
}

static void a_key_that_is_over_is_refused(void **state)
{
	struct tkm_caller late = owner;
	struct tkm_record rec;

	(void)state;
	assert_int_equal(verify_named("dates", &owner, &rec), 0);
	late.now = rec.not_after;
	assert_int_equal(verify_named("dates", &late, &rec), -EKEYEXPIRED);
	late.now = rec.not_after - 1;
	assert_int_equal(verify_named("dates", &late, &rec), 0);
}

static void a_flat_key_takes_any_description_and_has_none(void **state)
{
	struct tkm_caller other = owner;
	struct tkm_record rec;

	(void)state;
	other.owner = 1000;
	other.label = "else";
	assert_int_equal(verify_named("flat", &other, &rec), 0);
	assert_string_equal(rec.label, "else");
	assert_int_equal(rec.class, TKM_CLASS_FIXED);
	assert_int_equal(rec.created, 0);
}

/* The last object of a chain, alone: its record would claim too much. */
static void an_object_out_of_its_chain_is_refused(void **state)
{
	struct bytes b = vector(file, "plain");
	struct tkm_chain chain, alone = { .n = 1, .flat = true };
	struct tkm_record rec;
	u8 srk[TKM_NAME_SIZE];

	(void)state;
	assert_int_equal(tkm_blob_decode(b.p, b.len, &chain), 0);
	alone.obj[0] = chain.obj[3];
	alone.obj[0].parent = TKM_SRK_HANDLE;
	assert_int_equal(tkm_chain_verify(&alone, &owner, srk, &rec), -EBADMSG);
	exact_free(b.p);
}

static void a_flat_key_belongs_under_the_srk(void **state)
{
	static const u32 others[] = { 0x81000000, 0x81000002, 0x81010001,
				      0x80000001, TPM_RH_NULL, 0 };
	struct bytes b = vector(file, "flat");
	struct tkm_chain chain;
	struct tkm_record rec;
	u8 srk[TKM_NAME_SIZE];
	size_t i;

	(void)state;
	assert_int_equal(tkm_blob_decode(b.p, b.len, &chain), 0);
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		chain.obj[0].parent = others[i];
		assert_int_equal(tkm_chain_verify(&chain, &owner, srk, &rec),
				 -ENOKEY);
	}
	chain.obj[0].parent = TPM_RH_OWNER;
	assert_int_equal(tkm_chain_verify(&chain, &owner, srk, &rec), 0);
	exact_free(b.p);
}

/* tpm2_encodeobject calls sealed data loadable, and its emptyAuth FALSE. */
static void a_flat_key_of_tpm2_tools_is_taken(void **state)
{
	struct bytes b = vector(file, "flat");
	struct tkm_chain chain;
	struct tkm_record rec;
	u8 srk[TKM_NAME_SIZE];

	(void)state;
	/* SEQUENCE(4), OID(8), [0] { BOOLEAN }: the last byte of each. */
	b.p[4 + 7] = 3;
	b.p[4 + 8 + 4] = 0;
	assert_int_equal(tkm_blob_decode(b.p, b.len, &chain), 0);
	assert_int_equal(chain.obj[0].type, TKM_OBJECT_LOADABLE);
	assert_false(chain.obj[0].empty_auth);
	assert_true(chain.obj[0].auth_unsaid);
	assert_int_equal(tkm_chain_verify(&chain, &owner, srk, &rec), 0);
	exact_free(b.p);
}

static void a_flat_policy_that_leads_elsewhere_is_refused(void **state)
{
	struct bytes b = vector(file, "flatpcrs");
	struct tkm_chain chain;
	struct tkm_record rec;
	u8 srk[TKM_NAME_SIZE];

	(void)state;
	assert_int_equal(tkm_blob_decode(b.p, b.len, &chain), 0);
	chain.obj[0].policy.el[1].cc = TPM_CC_POLICY_AUTH_VALUE;
	chain.obj[0].policy.el[1].body = NULL;
	chain.obj[0].policy.el[1].body_len = 0;
	chain.obj[0].policy.n = 2;
	assert_int_equal(tkm_chain_verify(&chain, &owner, srk, &rec), -EBADMSG);
	/* No policy at all, and no userWithAuth: nothing opens it. */
	chain.obj[0].policy.n = 0;
	assert_int_equal(tkm_chain_verify(&chain, &owner, srk, &rec),
			 -EOPNOTSUPP);
	exact_free(b.p);
}

/* Attributes follow from what guards a key (design, section 3). */
static void attributes_follow_from_what_guards(void **state)
{
	(void)state;
	assert_int_equal(tkm_key_attributes(false, false), 0x452);
	assert_int_equal(tkm_key_attributes(false, true), 0x052);
	assert_int_equal(tkm_key_attributes(true, false), 0x412);
	assert_int_equal(tkm_key_attributes(true, true), 0x012);
	assert_int_equal(TKM_STORAGE_ATTRIBUTES, 0x30472);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chains_of_the_module_are_taken),
		cmocka_unit_test(no_bit_that_needs_no_tpm_may_change),
		cmocka_unit_test(no_length_of_a_chain_may_change),
		cmocka_unit_test(objects_of_another_place_are_refused),
		cmocka_unit_test(
			somebody_else_is_refused_before_the_description),
		cmocka_unit_test(another_description_is_refused),
		cmocka_unit_test(a_key_that_is_over_is_refused),
		cmocka_unit_test(a_flat_key_takes_any_description_and_has_none),
		cmocka_unit_test(an_object_out_of_its_chain_is_refused),
		cmocka_unit_test(a_flat_key_belongs_under_the_srk),
		cmocka_unit_test(a_flat_key_of_tpm2_tools_is_taken),
		cmocka_unit_test(a_flat_policy_that_leads_elsewhere_is_refused),
		cmocka_unit_test(attributes_follow_from_what_guards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
