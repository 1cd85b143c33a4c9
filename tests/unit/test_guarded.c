// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/* Storage keys under a policy. */
#include "chain.h"

/*
 * A real chain whose TDK and ASK are made to lie under an authorised policy, so
 * far as that needs no TPM: what is theirs is their public areas and policies.
 */
struct guarded {
	struct bytes der;
	struct tkm_chain chain;
	u8 authority[128], ref[32], by[256], keys[80];
	size_t authority_len, by_len;
	u8 own[2][80], pub[2][256];
};

static void make_authority(struct guarded *g, u8 first)
{
	u8 point[32] = { first, 1 };
	const struct tkm_public pub = {
		.type = TPM_ALG_ECC, .name_alg = TPM_ALG_SHA256,
		.attributes = TPM_OA_SIGN, .sym_alg = TPM_ALG_NULL,
		.scheme = TPM_ALG_NULL, .curve = TPM_ECC_NIST_P256,
		.x = point, .x_len = 32, .y = point, .y_len = 32,
	};
	struct tkm_writer w;

	tkm_writer_init(&w, g->authority, sizeof(g->authority));
	tkm_public_encode(&w, &pub);
	g->authority_len = w.len;
	tkm_writer_init(&w, g->by, sizeof(g->by));
	tkm_authorize_encode(&w, (struct tkm_piece){ g->authority,
						     g->authority_len },
			     g->ref);
	g->by_len = w.len;
}

/* Its policy ends in its record, and its public area commits to that. */
static void guard_commit(struct guarded *g, unsigned int i, u32 attributes)
{
	struct tkm_object *obj = &g->chain.obj[i];
	struct tkm_policy *policy = &obj->policy;
	u8 before[32], hash[32], digest[32];
	struct tkm_public pub;
	struct tkm_writer w;

	assert_int_equal(tkm_policy_digest(policy, before), 0);
	tkm_record_hash(obj->description, obj->description_len, hash);
	tkm_writer_init(&w, g->own[i - 1], sizeof(g->own[0]));
	tkm_policy_or_encode(&w, before, hash);
	policy->el[policy->n++] = (struct tkm_policy_element){
		TPM_CC_POLICY_OR, g->own[i - 1], 72,
	};
	assert_int_equal(tkm_policy_digest(policy, digest), 0);
	assert_int_equal(tkm_public_decode(obj->pub, obj->pub_len, &pub), 0);
	pub.policy = digest;
	pub.policy_len = 32;
	pub.attributes = attributes;
	tkm_writer_init(&w, g->pub[i - 1], sizeof(g->pub[0]));
	tkm_public_encode(&w, &pub);
	obj->pub = g->pub[i - 1];
	obj->pub_len = (u16)w.len;
}

#define GUARDED	(STORAGE & ~TPM_OA_USER_WITH_AUTH)

static void put_by(struct guarded *g, unsigned int i, bool recovery)
{
	struct tkm_policy *policy = &g->chain.obj[i].policy;
	const u8 other[32] = { 7 };
	struct tkm_writer w;
	u8 branch[32];

	policy->n = 1;
	policy->el[0] = (struct tkm_policy_element){
		TPM_CC_POLICY_AUTHORIZE, g->by, (u16)g->by_len,
	};
	if (!recovery)
		return;
	tkm_authorize_digest((struct tkm_piece){ g->authority,
						 g->authority_len },
			     g->ref, branch);
	tkm_writer_init(&w, g->keys, sizeof(g->keys));
	tkm_policy_or_encode(&w, branch, other);
	policy->el[policy->n++] = (struct tkm_policy_element){
		TPM_CC_POLICY_OR, g->keys, 72,
	};
}

/* What the TKMRK must not have; its area is right but for that. */
static void guard_tkmrk(struct guarded *g)
{
	struct tkm_object tdk = g->chain.obj[1];

	g->chain.obj[1] = g->chain.obj[0];
	guard_commit(g, 1, GUARDED);
	g->chain.obj[0] = g->chain.obj[1];
	g->chain.obj[1] = tdk;
}

static void begin_guarded(struct guarded *g)
{
	memset(g, 0, sizeof(*g));
	g->der = vector(file, "plain");
	assert_int_equal(tkm_blob_decode(g->der.p, g->der.len, &g->chain), 0);
	tkm_policy_ref("boot", g->ref);
	make_authority(g, 1);
}

/* The chain as it stands, written and read back. */
static int verify_guarded(struct guarded *g)
{
	static u8 der[TKM_CHAIN_MAX];
	struct tkm_chain chain;
	struct tkm_record rec;
	ssize_t len = tkm_blob_encode(&g->chain, der, sizeof(der));

	assert_true(len > 0);
	exact_free(g->der.p);
	return verify(der, (size_t)len, &owner, &chain, &rec);
}

static void storage_keys_may_lie_under_a_policy(void **state)
{
	struct guarded g;
	int recovery;

	(void)state;
	for (recovery = 0; recovery < 2; recovery++) {
		begin_guarded(&g);
		put_by(&g, 1, recovery);
		put_by(&g, 2, recovery);
		guard_commit(&g, 1, GUARDED);
		guard_commit(&g, 2, GUARDED);
		assert_int_equal(verify_guarded(&g), 0);
	}
}

static void storage_keys_lie_under_one_policy(void **state)
{
	struct guarded g;

	(void)state;
	/* Only the one, only the other. */
	begin_guarded(&g);
	put_by(&g, 1, false);
	guard_commit(&g, 1, GUARDED);
	assert_int_equal(verify_guarded(&g), -EBADMSG);
	begin_guarded(&g);
	put_by(&g, 2, false);
	guard_commit(&g, 2, GUARDED);
	assert_int_equal(verify_guarded(&g), -EBADMSG);
	/* With a recovery key, and without. */
	begin_guarded(&g);
	put_by(&g, 1, true);
	put_by(&g, 2, false);
	guard_commit(&g, 1, GUARDED);
	guard_commit(&g, 2, GUARDED);
	assert_int_equal(verify_guarded(&g), -EBADMSG);
}

static void another_key_below_is_refused(void **state)
{
	struct guarded g;
	u8 first[256];

	(void)state;
	begin_guarded(&g);
	put_by(&g, 1, false);
	memcpy(first, g.by, sizeof(first));
	g.chain.obj[1].policy.el[0].body = first;
	guard_commit(&g, 1, GUARDED);
	make_authority(&g, 2);
	put_by(&g, 2, false);
	guard_commit(&g, 2, GUARDED);
	assert_int_equal(verify_guarded(&g), -EBADMSG);
}

static void a_policy_leaves_no_value(void **state)
{
	struct guarded g;
	unsigned int i;

	(void)state;
	/* An authValue that would do instead; a password as well. */
	for (i = 1; i <= 2; i++) {
		begin_guarded(&g);
		put_by(&g, 1, false);
		put_by(&g, 2, false);
		guard_commit(&g, 1, i == 1 ? STORAGE : GUARDED);
		guard_commit(&g, 2, i == 2 ? STORAGE : GUARDED);
		assert_int_equal(verify_guarded(&g), -EBADMSG);
	}
	begin_guarded(&g);
	put_by(&g, 1, false);
	put_by(&g, 2, false);
	g.chain.obj[1].empty_auth = false;
	guard_commit(&g, 1, GUARDED & ~TPM_OA_NO_DA);
	guard_commit(&g, 2, GUARDED);
	assert_int_equal(verify_guarded(&g), -EBADMSG);
	/* None that is left out: userWithAuth clear, and no policy. */
	begin_guarded(&g);
	put_by(&g, 1, false);
	put_by(&g, 2, false);
	guard_commit(&g, 1, GUARDED);
	guard_commit(&g, 2, GUARDED);
	g.chain.obj[1].policy.n = 0;
	g.chain.obj[2].policy.n = 0;
	assert_int_equal(verify_guarded(&g), -EBADMSG);
}

static void other_policies_of_storage_keys_are_refused(void **state)
{
	const struct tkm_pcrs seven = { TPM_ALG_SHA256, 0x80 };
	static const u8 zeros[32];
	struct tkm_policy_element *el;
	struct tkm_writer w;
	struct guarded g;
	unsigned int i;
	u8 pcr[64];

	(void)state;
	tkm_writer_init(&w, pcr, sizeof(pcr));
	tkm_put_tpm2b(&w, zeros, 32);
	tkm_pcrs_encode(&w, &seven);
	/* Registers alone; and behind an approval. */
	for (i = 0; i < 2; i++) {
		begin_guarded(&g);
		put_by(&g, 1, false);
		put_by(&g, 2, false);
		el = &g.chain.obj[1].policy.el[i];
		*el = (struct tkm_policy_element){ TPM_CC_POLICY_PCR, pcr,
						   (u16)w.len };
		g.chain.obj[2].policy.el[i] = *el;
		g.chain.obj[1].policy.n = g.chain.obj[2].policy.n = i + 1;
		guard_commit(&g, 1, GUARDED);
		guard_commit(&g, 2, GUARDED);
		assert_int_equal(verify_guarded(&g), -EBADMSG);
	}
	/* Only the record; under everybody's TKMRK, the right one. */
	begin_guarded(&g);
	put_by(&g, 1, false);
	guard_commit(&g, 1, GUARDED);
	g.chain.obj[1].policy.el[0] = g.chain.obj[1].policy.el[1];
	g.chain.obj[1].policy.n = 1;
	assert_int_equal(verify_guarded(&g), -EBADMSG);
	begin_guarded(&g);
	put_by(&g, 1, false);
	g.chain.obj[0].policy = g.chain.obj[1].policy;
	g.chain.obj[1].policy.n = 0;
	guard_tkmrk(&g);
	assert_int_equal(verify_guarded(&g), -EBADMSG);
	/* A value, which nobody could be asked for. */
	begin_guarded(&g);
	for (i = 1; i <= 2; i++) {
		put_by(&g, i, false);
		g.chain.obj[i].policy.el[1] = (struct tkm_policy_element){
			.cc = TPM_CC_POLICY_AUTH_VALUE,
		};
		g.chain.obj[i].policy.n = 2;
		guard_commit(&g, i, GUARDED);
	}
	assert_int_equal(verify_guarded(&g), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(storage_keys_may_lie_under_a_policy),
		cmocka_unit_test(storage_keys_lie_under_one_policy),
		cmocka_unit_test(another_key_below_is_refused),
		cmocka_unit_test(a_policy_leaves_no_value),
		cmocka_unit_test(other_policies_of_storage_keys_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
