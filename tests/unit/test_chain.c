// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * What a chain must be before a TPM sees it. The chains are real ones
 * (tests/data/gen-chains): everything in them but what only the TPM can judge
 * is changed bit by bit here; then a forger makes what no bit does.
 */
#include "chain.h"

static int verify_named(const char *name, const struct tkm_caller *caller,
			struct tkm_record *rec)
{
	struct bytes b = vector(file, name);
	struct tkm_chain chain;
	int ret = verify(b.p, b.len, caller, &chain, rec);

	exact_free(b.p);
	return ret;
}

static const char *const moving[] = { "portable", "portablepcrs" };
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
	for (i = 0; i < ARRAY_SIZE(moving); i++) {
		assert_int_equal(verify_named(moving[i], &owner, &rec), 0);
		assert_int_equal(rec.class, TKM_CLASS_PORTABLE);
	}
	for (i = 0; i < ARRAY_SIZE(flat); i++)
		assert_int_equal(verify_named(flat[i], &owner, &rec), 0);
}

static void no_bit_that_needs_no_tpm_may_change(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(hierarchical); i++)
		flip_all(hierarchical[i], vector(file, hierarchical[i]));
	for (i = 0; i < ARRAY_SIZE(moving); i++)
		flip_all(moving[i], vector(file, moving[i]));
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
	assert_int_equal(rec.kind, TKM_KIND_DATA);
	assert_int_equal(rec.uses, TKM_USE_PUBLISH | TKM_USE_CRYPT);
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
	static const struct {
		unsigned int uses;
		u32 more; /* sensitiveDataOrigin, and sign or decrypt */
	} cases[] = {
		{ 0, 0 },
		{ TKM_USE_PUBLISH, 0 },
		{ TKM_USE_CRYPT, 0 },
		{ TKM_USE_PUBLISH | TKM_USE_CRYPT, 0 },
		{ TKM_USE_SIGN, 0x40020 },
		{ TKM_USE_DECRYPT, 0x20020 },
	};
	unsigned int uses;
	size_t i;
	u32 more;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		uses = cases[i].uses;
		more = cases[i].more;
		assert_int_equal(tkm_key_attributes(TKM_CLASS_FIXED, uses, false, false),
				 0x452 | more);
		assert_int_equal(tkm_key_attributes(TKM_CLASS_FIXED, uses, false, true),
				 0x052 | more);
		assert_int_equal(tkm_key_attributes(TKM_CLASS_FIXED, uses, true, false),
				 0x412 | more);
		assert_int_equal(tkm_key_attributes(TKM_CLASS_FIXED, uses, true, true),
				 0x012 | more);
	}
	assert_int_equal(STORAGE, 0x30472);
	assert_int_equal(tkm_class_attributes(TKM_CLASS_FIXED), 0x12);
	assert_int_equal(tkm_class_attributes(TKM_CLASS_PORTABLE), 0x800);
	assert_int_equal(tkm_class_attributes(TKM_CLASS_CERTIFIED), 0x800);
	assert_int_equal(tkm_key_attributes(TKM_CLASS_PORTABLE, TKM_USE_SIGN,
					    true, true), 0x40820);
	assert_int_equal(tkm_public_storage(TKM_CLASS_CERTIFIED,
					    NULL).attributes, 0x30c60);
}

/* ---- by a forger, who can compute every hash ---- */

static void records_of_a_chain_belong_together(void **state)
{
	static const struct {
		unsigned int place;
		const char *from, *to;
		int err;
	} cases[] = {
		{ 0, "class=fixed", "class=portable", -EBADMSG },
		{ 3, "class=fixed", "class=certified", -EBADMSG },
		{ 0, "class=fixed", "class=portable authority=" AUTHORITY, -EBADMSG },
		{ 1, "class=fixed", "class=portable authority=" AUTHORITY, -EBADMSG },
		{ 3, "class=fixed", "class=certified authority=" AUTHORITY, -EBADMSG },
		{ 1, "owner=0", "owner=1", -EBADMSG },
		{ 2, "owner=0", "owner=1", -EBADMSG },
		{ 3, "owner=0", "owner=1", -EBADMSG },
		{ 1, "side=init", "side=other", -EBADMSG },
		{ 2, "side=init", "side=other", -EBADMSG },
		{ 3, "side=init", "side=other", -EBADMSG },
		{ 2, "app=disk", "app=dusk", -EBADMSG },
		{ 3, "app=disk", "app=dusk", -EBADMSG },
		{ 3, "label=vol1", "label=vol2", -EKEYREJECTED },
		{ 3, "kind=data", "kind=rsa", -EBADMSG },
		{ 3, "label=vol1", "label=vol1", 0 },
	};
	struct forgery f;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		forge(&f, "plain");
		put_text(&f, cases[i].place, cases[i].from, cases[i].to);
		if (judge(&f) != cases[i].err)
			fail_msg("%u: %s", cases[i].place, cases[i].to);
	}
}

static void storage_keys_have_one_shape(void **state)
{
	struct tkm_public pub;
	struct forgery f;

	(void)state;
	forge(&f, "plain");
	f.chain.obj[1].type = TKM_OBJECT_SEALED;
	assert_int_equal(judge(&f), -EBADMSG);
	forge(&f, "plain");
	f.chain.obj[1].empty_auth = false;
	assert_int_equal(judge(&f), -EBADMSG);
	forge(&f, "plain");
	f.chain.obj[1].policy.n = 1;
	assert_int_equal(judge(&f), -EBADMSG);
	forge(&f, "plain");
	pub = public_of(&f, 1);
	pub.sym_alg = TPM_ALG_NULL;
	put_public(&f, 1, &pub);
	assert_int_equal(judge(&f), -EBADMSG);
	forge(&f, "plain");
	pub = public_of(&f, 1);
	pub.curve = TPM_ECC_NIST_P384;
	put_public(&f, 1, &pub);
	assert_int_equal(judge(&f), -EBADMSG);
	forge(&f, "plain");
	pub = public_of(&f, 1);
	pub.policy_len = 0;
	put_public(&f, 1, &pub);
	assert_int_equal(judge(&f), -EBADMSG);
	forge(&f, "plain");
	pub = tkm_public_sealed(public_of(&f, 1).policy, 32,
				STORAGE);
	put_public(&f, 1, &pub);
	assert_int_equal(judge(&f), -EBADMSG);
}

static void keys_have_one_shape(void **state)
{
	struct tkm_public pub;
	struct forgery f;

	(void)state;
	forge(&f, "plain");
	f.chain.obj[3].type = TKM_OBJECT_LOADABLE;
	assert_int_equal(judge(&f), -EBADMSG);
	forge(&f, "plain");
	pub = tkm_public_storage(TKM_CLASS_FIXED,
				 public_of(&f, 3).policy);
	put_public(&f, 3, &pub);
	assert_int_equal(judge(&f), -EBADMSG);
	forge(&f, "plain");
	pub = public_of(&f, 3);
	pub.policy_len = 0;
	put_public(&f, 3, &pub);
	assert_int_equal(judge(&f), -EBADMSG);
	forge(&f, "plain");
	f.chain.n--;
	assert_int_equal(judge(&f), -EBADMSG);
}

/* The attributes of a key without or with a value, the policy of the other. */
static void a_value_is_asked_for_by_the_policy(void **state)
{
	static const char *const names[] = { "pcrs", "auth", "both" };
	struct tkm_object *key;
	struct tkm_public pub;
	struct forgery f;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		forge(&f, names[i]);
		key = &f.chain.obj[3];
		key->empty_auth = !key->empty_auth;
		pub = public_of(&f, 3);
		pub.attributes = tkm_key_attributes(TKM_CLASS_FIXED, TKM_USE_PUBLISH, true,
						    !key->empty_auth);
		put_public(&f, 3, &pub);
		assert_int_equal(judge(&f), -EBADMSG);
	}
}

/*
 * PolicyOR alone, of the record and of the zeros that a session starts with:
 * anybody's session satisfies it.
 */
static void a_policy_that_asks_nothing_is_refused(void **state)
{
	static const u8 zeros[32];
	struct tkm_object *key;
	struct tkm_public pub;
	struct tkm_writer w;
	u8 hash[32], digest[32];
	struct forgery f;

	(void)state;
	forge(&f, "pcrs");
	key = &f.chain.obj[3];
	tkm_record_hash(key->description, key->description_len, hash);
	tkm_writer_init(&w, f.or, sizeof(f.or));
	tkm_policy_or_encode(&w, zeros, hash);
	key->policy.n = 1;
	key->policy.el[0] = (struct tkm_policy_element){
		TPM_CC_POLICY_OR, f.or, sizeof(f.or),
	};
	assert_int_equal(tkm_policy_digest(&key->policy, digest), 0);
	pub = public_of(&f, 3);
	pub.policy = digest;
	put_public(&f, 3, &pub);
	assert_int_equal(judge(&f), -EBADMSG);
}

static void flat_data_is_sealed_and_nothing_else(void **state)
{
	struct tkm_public pub;
	struct forgery f;

	(void)state;
	forge(&f, "flat");
	f.chain.obj[0].description = "a text, and no record";
	f.chain.obj[0].description_len = 21;
	assert_int_equal(judge(&f), 0);
	forge(&f, "flat");
	f.chain.obj[0].pub_len--;
	assert_int_equal(judge(&f), -EBADMSG);
	forge(&f, "flat");
	pub = public_of(&f, 0);
	pub.type = TPM_ALG_ECC;
	pub.curve = TPM_ECC_NIST_P256;
	put_public(&f, 0, &pub);
	assert_int_equal(judge(&f), -EOPNOTSUPP);
	forge(&f, "flat");
	pub = public_of(&f, 0);
	pub.attributes |= TPM_OA_DECRYPT;
	put_public(&f, 0, &pub);
	assert_int_equal(judge(&f), -EOPNOTSUPP);
	forge(&f, "flatpcrs");
	f.chain.obj[0].policy.el[0].cc = 0x16c; /* PolicyCommandCode */
	assert_int_equal(judge(&f), -EOPNOTSUPP);
}

/* One that another TPM may have too, by whatever tool. */
static void a_flat_key_may_have_come_from_elsewhere(void **state)
{
	struct tkm_public pub;
	struct tkm_record rec;
	u8 srk[TKM_NAME_SIZE];
	struct forgery f;

	(void)state;
	forge(&f, "flat");
	pub = public_of(&f, 0);
	pub.attributes &= ~(u32)TPM_OA_FIXED_TPM;
	put_public(&f, 0, &pub);
	assert_int_equal(tkm_chain_verify(&f.chain, &owner, srk, &rec), 0);
	assert_int_equal(rec.class, TKM_CLASS_PORTABLE);
	exact_free(f.b.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chains_of_the_module_are_taken),
		cmocka_unit_test(no_bit_that_needs_no_tpm_may_change),
		cmocka_unit_test(no_length_of_a_chain_may_change),
		cmocka_unit_test(objects_of_another_place_are_refused),
		cmocka_unit_test(somebody_else_is_refused_before_the_description),
		cmocka_unit_test(another_description_is_refused),
		cmocka_unit_test(a_key_that_is_over_is_refused),
		cmocka_unit_test(a_flat_key_takes_any_description_and_has_none),
		cmocka_unit_test(an_object_out_of_its_chain_is_refused),
		cmocka_unit_test(a_flat_key_belongs_under_the_srk),
		cmocka_unit_test(a_flat_key_of_tpm2_tools_is_taken),
		cmocka_unit_test(a_flat_policy_that_leads_elsewhere_is_refused),
		cmocka_unit_test(attributes_follow_from_what_guards),
		cmocka_unit_test(records_of_a_chain_belong_together),
		cmocka_unit_test(storage_keys_have_one_shape),
		cmocka_unit_test(keys_have_one_shape),
		cmocka_unit_test(a_value_is_asked_for_by_the_policy),
		cmocka_unit_test(a_policy_that_asks_nothing_is_refused),
		cmocka_unit_test(flat_data_is_sealed_and_nothing_else),
		cmocka_unit_test(a_flat_key_may_have_come_from_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
