// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/* Keys that are used, put in the place of data in real chains. */
#include "chain.h"

struct pair {
	enum tkm_kind kind;
	u16 rsa_bits;
	u16 curve;
	const char *use;
	unsigned int uses;
};

static const struct pair pairs[] = {
	{ TKM_KIND_RSA, 2048, 0, "sign", TKM_USE_SIGN },
	{ TKM_KIND_RSA, 3072, 0, "decrypt", TKM_USE_DECRYPT },
	{ TKM_KIND_RSA, 3072, 0, "sign", TKM_USE_SIGN },
	{ TKM_KIND_EC, 0, TPM_ECC_NIST_P256, "sign", TKM_USE_SIGN },
	{ TKM_KIND_EC, 0, TPM_ECC_NIST_P256, "decrypt", TKM_USE_DECRYPT },
	{ TKM_KIND_EC, 0, TPM_ECC_NIST_P384, "sign", TKM_USE_SIGN },
};

/* Its area, with bytes for the TPM's in it. */
static struct tkm_public pair_public(const struct pair *pair, u32 attributes,
				     const u8 *policy, u16 policy_len)
{
	static const u8 unique[512] = { 0x80, [511] = 1 };
	struct tkm_public pub = tkm_public_pair(pair->kind, pair->rsa_bits,
						pair->curve, policy,
						policy_len, attributes);

	pub.x = unique;
	pub.y = unique;
	pub.y_len = pair->curve == TPM_ECC_NIST_P384 ? 48 : 32;
	pub.x_len = pair->kind == TKM_KIND_RSA ? pair->rsa_bits / 8 : pub.y_len;
	return pub;
}

/* Its policy, if it has one, in which the record is the other branch. */
static void commit(struct forgery *f, struct tkm_public *pub, u8 digest[32])
{
	struct tkm_object *key = &f->chain.obj[3];
	struct tkm_writer w;
	u8 hash[32], before[32];

	tkm_record_hash(key->description, key->description_len, hash);
	memcpy(digest, hash, 32);
	if (key->policy.n) {
		key->policy.n--;
		assert_int_equal(tkm_policy_digest(&key->policy, before), 0);
		tkm_writer_init(&w, f->or, sizeof(f->or));
		tkm_policy_or_encode(&w, before, hash);
		key->policy.el[key->policy.n++].body = f->or;
		assert_int_equal(tkm_policy_digest(&key->policy, digest), 0);
	}
	pub->policy = digest;
	pub->policy_len = 32;
	put_public(f, 3, pub);
}

static struct tkm_public forge_pair(struct forgery *f, const char *name,
				    const struct pair *pair, u8 digest[32])
{
	struct tkm_object *key;
	struct tkm_public pub;
	char text[40];

	forge(f, name);
	key = &f->chain.obj[3];
	snprintf(text, sizeof(text), "kind=%s", tkm_kind_name(pair->kind));
	put_text(f, 3, "kind=data", text);
	snprintf(text, sizeof(text), "use=%s", pair->use);
	put_text(f, 3, "use=publish", text);
	key->type = TKM_OBJECT_LOADABLE;
	pub = pair_public(pair, tkm_key_attributes(TKM_CLASS_FIXED, pair->uses,
						   key->policy.n > 0,
						   !key->empty_auth),
			  NULL, 0);
	commit(f, &pub, digest);
	return pub;
}

static void templates_have_what_was_asked_for(void **state)
{
	static const u8 policy[32] = { 1 };
	struct tkm_public pub;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		pub = tkm_public_pair(pairs[i].kind, pairs[i].rsa_bits,
				      pairs[i].curve, policy, 32, 0x40472);
		assert_int_equal(pub.type, pairs[i].kind == TKM_KIND_RSA ?
						   TPM_ALG_RSA : TPM_ALG_ECC);
		assert_int_equal(pub.name_alg, TPM_ALG_SHA256);
		assert_int_equal(pub.attributes, 0x40472);
		assert_ptr_equal(pub.policy, policy);
		assert_int_equal(pub.policy_len, 32);
		assert_int_equal(pub.sym_alg, TPM_ALG_NULL);
		assert_int_equal(pub.scheme, TPM_ALG_NULL);
		assert_int_equal(pub.rsa_bits, pairs[i].rsa_bits);
		assert_int_equal(pub.rsa_exponent,
				 pairs[i].rsa_bits ? 65537 : 0);
		assert_int_equal(pub.curve, pairs[i].curve);
		assert_int_equal(pub.x_len + pub.y_len, 0);
	}
}

static void keys_that_are_used_are_taken_in_a_chain(void **state)
{
	struct tkm_record rec;
	u8 srk[TKM_NAME_SIZE], digest[32];
	struct forgery f;
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		for (j = 0; j < ARRAY_SIZE(hierarchical); j++) {
			forge_pair(&f, hierarchical[j], &pairs[i], digest);
			assert_int_equal(tkm_chain_verify(&f.chain, &owner,
							  srk, &rec), 0);
			assert_int_equal(rec.kind, pairs[i].kind);
			assert_int_equal(rec.uses, pairs[i].uses);
			assert_string_equal(rec.label, "vol1");
			exact_free(f.b.p);
		}
	}
}

/* The same, written as a chain: every bit that is not the TPM's to judge. */
static void no_bit_of_a_key_that_is_used_may_change(void **state)
{
	static const char *const names[] = { "plain", "both" };
	u8 der[TKM_CHAIN_MAX], digest[32];
	struct forgery f;
	ssize_t n;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(pairs); i += 3) {
		forge_pair(&f, names[i / 3], &pairs[i], digest);
		n = tkm_blob_encode(&f.chain, der, sizeof(der));
		assert_true(n > 0);
		flip_all(names[i / 3], bytes_of(der, (size_t)n));
		exact_free(f.b.p);
	}
}

static void a_chains_key_is_of_the_kind_that_it_says(void **state)
{
	const struct pair *rsa = &pairs[0], *ec = &pairs[3], *p;
	struct tkm_public pub;
	struct forgery f;
	u8 digest[32];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		p = &pairs[i];
		/* The OID of sealed data. */
		forge_pair(&f, "plain", p, digest);
		f.chain.obj[3].type = TKM_OBJECT_SEALED;
		assert_int_equal(judge(&f), -EBADMSG);
		/* A key of the other kind. */
		pub = forge_pair(&f, "plain", p, digest);
		pub = pair_public(p->kind == TKM_KIND_RSA ? ec : rsa,
				  pub.attributes, NULL, 0);
		commit(&f, &pub, digest);
		assert_int_equal(judge(&f), -EBADMSG);
		/* Sealed data. */
		pub = forge_pair(&f, "plain", p, digest);
		pub = tkm_public_sealed(NULL, 0, pub.attributes);
		commit(&f, &pub, digest);
		assert_int_equal(judge(&f), -EBADMSG);
		/* A storage key's cipher. */
		pub = forge_pair(&f, "plain", p, digest);
		pub.sym_alg = TPM_ALG_AES;
		pub.sym_bits = 128;
		pub.sym_mode = TPM_ALG_CFB;
		commit(&f, &pub, digest);
		assert_int_equal(judge(&f), -EBADMSG);
		/* No policy at all. */
		pub = forge_pair(&f, "plain", p, digest);
		pub.policy_len = 0;
		put_public(&f, 3, &pub);
		assert_int_equal(judge(&f), -EBADMSG);
	}
}

static void a_chains_key_has_the_attributes_of_its_use(void **state)
{
	static const char *const names[] = { "plain", "pcrs", "auth", "both" };
	struct tkm_public pub;
	struct forgery f;
	unsigned int bit;
	u8 digest[32];
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		for (j = 0; j < ARRAY_SIZE(names); j++) {
			for (bit = 0; bit < 32; bit++) {
				pub = forge_pair(&f, names[j], &pairs[i],
						 digest);
				pub.attributes ^= (u32)1 << bit;
				commit(&f, &pub, digest);
				assert_int_equal(judge(&f), -EBADMSG);
			}
		}
	}
}

/* A record is made as it pleases; the key has the attributes it claims. */
static void a_chains_uses_are_of_its_kind(void **state)
{
	static const struct {
		const char *use;
		unsigned int uses;
		int ret_data, ret_pair;
	} cases[] = {
		{ "publish", TKM_USE_PUBLISH, 0, -EBADMSG },
		{ "crypt", TKM_USE_CRYPT, 0, -EBADMSG },
		{ "publish,crypt", TKM_USE_PUBLISH | TKM_USE_CRYPT, 0,
		  -EBADMSG },
		{ "sign", TKM_USE_SIGN, -EBADMSG, 0 },
		{ "decrypt", TKM_USE_DECRYPT, -EBADMSG, 0 },
		{ "sign,decrypt", TKM_USE_SIGN | TKM_USE_DECRYPT, -EBADMSG,
		  -EBADMSG },
		{ "publish,sign", TKM_USE_PUBLISH | TKM_USE_SIGN, -EBADMSG,
		  -EBADMSG },
		{ "crypt,decrypt", TKM_USE_CRYPT | TKM_USE_DECRYPT, -EBADMSG,
		  -EBADMSG },
		{ "publish,crypt,sign,decrypt", 15, -EBADMSG, -EBADMSG },
	};
	struct tkm_public pub;
	struct forgery f;
	struct pair pair;
	char text[40];
	size_t i, j;
	u8 digest[32];

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		for (j = 0; j < ARRAY_SIZE(pairs); j++) {
			pair = pairs[j];
			pair.use = cases[i].use;
			pair.uses = cases[i].uses;
			forge_pair(&f, "plain", &pair, digest);
			assert_int_equal(judge(&f), cases[i].ret_pair);
		}
		forge(&f, "plain");
		snprintf(text, sizeof(text), "use=%s", cases[i].use);
		put_text(&f, 3, "use=publish", text);
		pub = public_of(&f, 3);
		pub.attributes = tkm_key_attributes(TKM_CLASS_FIXED, cases[i].uses, false,
						    false);
		put_public(&f, 3, &pub);
		assert_int_equal(judge(&f), cases[i].ret_data);
	}
}

static void a_chains_last_record_is_a_keys(void **state)
{
	static const char *const kinds[] = { "kind=tkmrk", "kind=tdk",
					     "kind=ask" };
	struct forgery f;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		forge(&f, "plain");
		put_text(&f, 3, "kind=data", kinds[i]);
		assert_int_equal(judge(&f), -EBADMSG);
	}
	/* A whole record of the place above, and its key. */
	forge(&f, "plain");
	f.chain.obj[3] = f.chain.obj[2];
	assert_int_equal(judge(&f), -EBADMSG);
}

static void moduli_of_other_sizes_are_unsupported(void **state)
{
	static const u16 bits[] = { 1024, 2040, 2056, 3064, 4096 };
	struct tkm_public pub;
	struct pair pair = pairs[0];
	struct forgery f;
	u8 digest[32];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bits); i++) {
		pair.rsa_bits = bits[i];
		forge_pair(&f, "plain", &pair, digest);
		assert_int_equal(judge(&f), -EOPNOTSUPP);
		forge(&f, "flat");
		pub = pair_public(&pair, 0x40472, NULL, 0);
		put_public(&f, 0, &pub);
		assert_int_equal(judge(&f), -EOPNOTSUPP);
	}
}

/* A value of its own is asked for by the policy, here as with data. */
static void a_used_keys_value_is_asked_for_by_the_policy(void **state)
{
	static const char *const names[] = { "pcrs", "both" };
	struct tkm_object *key;
	struct tkm_public pub;
	struct forgery f;
	u8 digest[32];
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		for (j = 0; j < ARRAY_SIZE(pairs); j++) {
			pub = forge_pair(&f, names[i], &pairs[j], digest);
			key = &f.chain.obj[3];
			key->empty_auth = !key->empty_auth;
			pub.attributes ^= TPM_OA_NO_DA;
			commit(&f, &pub, digest);
			assert_int_equal(judge(&f), -EBADMSG);
		}
	}
}

static int judge_flat(struct forgery *f, struct tkm_record *rec)
{
	u8 srk[TKM_NAME_SIZE];
	int ret = tkm_chain_verify(&f->chain, &owner, srk, rec);

	exact_free(f->b.p);
	return ret;
}

static void flat_keys_are_for_what_they_can_do(void **state)
{
	static const struct {
		u32 attributes;
		unsigned int uses;
		int ret;
	} cases[] = {
		{ 0x40472, TKM_USE_SIGN, 0 },
		{ 0x20472, TKM_USE_DECRYPT, 0 },
		{ 0x60472, TKM_USE_SIGN | TKM_USE_DECRYPT, 0 },
		{ 0x40072, TKM_USE_SIGN, 0 },	 /* guesses count */
		{ 0x00472, 0, -EOPNOTSUPP },	 /* for nothing */
		{ 0x30472, 0, -EOPNOTSUPP },	 /* a storage key */
		{ 0x50472, 0, -EOPNOTSUPP },	 /* an attestation key */
		{ 0x40432, 0, -EOPNOTSUPP },	 /* nothing opens it */
	};
	struct tkm_public pub;
	struct tkm_record rec;
	struct forgery f;
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		for (j = 0; j < ARRAY_SIZE(pairs); j++) {
			forge(&f, "flat");
			pub = pair_public(&pairs[j], cases[i].attributes, NULL,
					  0);
			put_public(&f, 0, &pub);
			f.chain.obj[0].type = TKM_OBJECT_LOADABLE;
			memset(&rec, 0xee, sizeof(rec));
			assert_int_equal(judge_flat(&f, &rec), cases[i].ret);
			if (cases[i].ret)
				continue;
			assert_int_equal(rec.kind, pairs[j].kind);
			assert_int_equal(rec.uses, cases[i].uses);
			assert_int_equal(rec.class, TKM_CLASS_FIXED);
			assert_int_equal(rec.owner, owner.owner);
			assert_int_equal(rec.side, owner.side);
			assert_string_equal(rec.app, "disk");
			assert_string_equal(rec.label, "vol1");
			assert_int_equal(rec.created, 0);
			assert_int_equal(rec.not_before, 0);
			assert_int_equal(rec.not_after, 0);
		}
	}
}

static void flat_keys_that_are_used_may_have_a_policy(void **state)
{
	struct tkm_public pub;
	struct tkm_record rec;
	struct forgery f;
	u8 digest[32];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		forge(&f, "flatpcrs");
		assert_int_equal(tkm_policy_digest(&f.chain.obj[0].policy,
						   digest), 0);
		pub = pair_public(&pairs[i], 0x40432, digest, 32);
		put_public(&f, 0, &pub);
		assert_int_equal(judge_flat(&f, &rec), 0);
		forge(&f, "flatpcrs");
		digest[31] ^= 1;
		pub = pair_public(&pairs[i], 0x40432, digest, 32);
		put_public(&f, 0, &pub);
		assert_int_equal(judge_flat(&f, &rec), -EBADMSG);
		/* Duplicable, so it may have come from anywhere. */
		forge(&f, "flat");
		pub = pair_public(&pairs[i], 0x40460, NULL, 0);
		put_public(&f, 0, &pub);
		assert_int_equal(judge_flat(&f, &rec), 0);
		assert_int_equal(rec.class, TKM_CLASS_PORTABLE);
		/* A cipher, as only storage keys have. */
		forge(&f, "flat");
		pub = pair_public(&pairs[i], 0x40472, NULL, 0);
		pub.sym_alg = TPM_ALG_AES;
		pub.sym_bits = 128;
		pub.sym_mode = TPM_ALG_CFB;
		put_public(&f, 0, &pub);
		assert_int_equal(judge_flat(&f, &rec), -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(templates_have_what_was_asked_for),
		cmocka_unit_test(keys_that_are_used_are_taken_in_a_chain),
		cmocka_unit_test(no_bit_of_a_key_that_is_used_may_change),
		cmocka_unit_test(a_chains_key_is_of_the_kind_that_it_says),
		cmocka_unit_test(a_chains_key_has_the_attributes_of_its_use),
		cmocka_unit_test(a_chains_uses_are_of_its_kind),
		cmocka_unit_test(a_chains_last_record_is_a_keys),
		cmocka_unit_test(moduli_of_other_sizes_are_unsupported),
		cmocka_unit_test(a_used_keys_value_is_asked_for_by_the_policy),
		cmocka_unit_test(flat_keys_are_for_what_they_can_do),
		cmocka_unit_test(flat_keys_that_are_used_may_have_a_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
