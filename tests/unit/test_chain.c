// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * What a chain must be before a TPM sees it. The chains are real ones
 * (tests/data/gen-chains): everything in them but what only the TPM can judge
 * is changed bit by bit here.
 */
#include "unit.h"

static const char file[] = "chains.vec";

#define FIXED	(TPM_OA_FIXED_TPM | TPM_OA_FIXED_PARENT)
#define STORAGE	(TKM_STORAGE_ATTRIBUTES | FIXED)

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

static void flip_all(const char *name, struct bytes b)
{
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

/* ---- storage keys from the helper ---- */

/* The first @n objects of a chain, as they stand there, in a sequence. */
static struct bytes branch_of(const char *name, unsigned int n)
{
	struct bytes b = vector(file, name), out;
	struct tkm_chain chain;
	const u8 *end;
	size_t len;

	assert_int_equal(tkm_blob_decode(b.p, b.len, &chain), 0);
	/* Its private part ends an object; the chain's head has four bytes. */
	end = chain.obj[n - 1].priv + chain.obj[n - 1].priv_len;
	len = (size_t)(end - b.p);
	out = bytes_of(b.p, len);
	put_unaligned_be16((u16)(len - 4), out.p + 2);
	exact_free(b.p);
	return out;
}

static int verify_branch(const u8 *der, size_t len,
			 const struct tkm_caller *caller,
			 struct tkm_chain *branch)
{
	u8 srk[TKM_NAME_SIZE];
	int ret = tkm_branch_decode(der, len, branch);

	return ret ? ret : tkm_branch_verify(branch, caller, srk);
}

static void branches_of_the_module_are_taken(void **state)
{
	struct bytes b, whole = vector(file, "plain");
	struct tkm_chain branch, chain;
	struct tkm_record rec;
	u8 srk[TKM_NAME_SIZE], same[TKM_NAME_SIZE], longer[TKM_CHAIN_MAX];
	unsigned int n;

	(void)state;
	assert_int_equal(tkm_blob_decode(whole.p, whole.len, &chain), 0);
	assert_int_equal(tkm_chain_verify(&chain, &owner, same, &rec), 0);
	for (n = 1; n <= 3; n++) {
		b = branch_of("plain", n);
		assert_int_equal(tkm_branch_decode(b.p, b.len, &branch), 0);
		assert_int_equal(branch.n, n);
		assert_int_equal(tkm_branch_verify(&branch, &owner, srk), 0);
		assert_memory_equal(srk, same, sizeof(srk));
		assert_int_equal(branch.obj[n - 1].pub_len,
				 chain.obj[n - 1].pub_len);
		exact_free(b.p);
	}
	assert_int_equal(tkm_branch_decode(whole.p, whole.len, &branch),
			 -EBADMSG);
	exact_free(whole.p);
	whole = vector(file, "flat");
	assert_int_equal(tkm_branch_decode(whole.p, whole.len, &branch),
			 -EBADMSG);
	exact_free(whole.p);
	assert_int_equal(tkm_branch_decode((const u8 *)"0", 2, &branch),
			 -EBADMSG);
	assert_int_equal(tkm_branch_decode((const u8 *)"0", TKM_CHAIN_MAX + 1,
					   &branch), -E2BIG);
	b = branch_of("plain", 2);
	assert_true(b.len < sizeof(longer));
	memcpy(longer, b.p, b.len);
	longer[b.len] = 0;
	assert_int_equal(tkm_branch_decode(longer, b.len + 1, &branch), -EBADMSG);
	exact_free(b.p);
	assert_int_equal(tkm_branch_verify(&chain, &owner, srk), -EBADMSG);
	memset(&branch, 0, sizeof(branch));
	assert_int_equal(tkm_branch_verify(&branch, &owner, srk), -EBADMSG);
}

static void no_bit_and_no_length_of_a_branch_may_change(void **state)
{
	struct tkm_chain branch, flipped;
	struct bytes b;
	size_t bit, n;
	const u8 *q;
	unsigned int k;
	int ret;

	(void)state;
	for (k = 1; k <= 3; k++) {
		b = branch_of("plain", k);
		assert_int_equal(verify_branch(b.p, b.len, &owner, &branch), 0);
		for (bit = 0; bit < 8 * b.len; bit++) {
			if (is_for_the_tpm(&branch, b.p + bit / 8))
				continue;
			b.p[bit / 8] ^= (u8)(1 << bit % 8);
			ret = verify_branch(b.p, b.len, &owner, &flipped);
			if (ret != -EBADMSG && ret != -EOPNOTSUPP)
				fail_msg("%u: bit %zu gives %d", k, bit, ret);
			b.p[bit / 8] ^= (u8)(1 << bit % 8);
		}
		for (n = 0; n < b.len; n++) {
			q = exact(b.p, n);
			assert_int_equal(verify_branch(q, n, &owner, &branch),
					 -EBADMSG);
			exact_free(q);
		}
		exact_free(b.p);
	}
}

static void a_branch_of_somebody_else_is_refused(void **state)
{
	struct tkm_caller other;
	struct tkm_chain branch;
	struct bytes b;
	unsigned int n;

	(void)state;
	for (n = 1; n <= 3; n++) {
		b = branch_of("plain", n);
		other = owner;
		other.owner = 1000;
		assert_int_equal(verify_branch(b.p, b.len, &other, &branch),
				 n > 1 ? -EPERM : 0);
		other = owner;
		other.side = TKM_SIDE_OTHER;
		assert_int_equal(verify_branch(b.p, b.len, &other, &branch),
				 n > 1 ? -EPERM : 0);
		other = owner;
		other.app = "dis";
		assert_int_equal(verify_branch(b.p, b.len, &other, &branch),
				 n > 2 ? -EPERM : 0);
		other = owner;
		other.label = "vol2";
		assert_int_equal(verify_branch(b.p, b.len, &other, &branch), 0);
		exact_free(b.p);
	}
}

/* A TDK, and nothing else, may have a password; then it has no noDA. */
static void only_a_tdk_may_have_a_password(void **state)
{
	struct bytes b = vector(file, "plain");
	struct tkm_chain chain, guarded;
	u8 pub[1024], srk[TKM_NAME_SIZE], out[TKM_CHAIN_MAX];
	struct tkm_record rec;
	unsigned int i;
	ssize_t n;

	(void)state;
	assert_int_equal(tkm_blob_decode(b.p, b.len, &chain), 0);
	for (i = 0; i < 3; i++) {
		guarded = chain;
		guarded.obj[i].empty_auth = false;
		assert_int_equal(tkm_chain_verify(&guarded, &owner, srk, &rec),
				 -EBADMSG);
		memcpy(pub, chain.obj[i].pub, chain.obj[i].pub_len);
		put_unaligned_be32(0x30072, pub + 4);
		guarded.obj[i].pub = pub;
		assert_int_equal(tkm_chain_verify(&guarded, &owner, srk, &rec),
				 i == 1 ? 0 : -EBADMSG);
		guarded.obj[i].empty_auth = true;
		assert_int_equal(tkm_chain_verify(&guarded, &owner, srk, &rec),
				 -EBADMSG);
	}
	guarded = chain;
	guarded.n = 2;
	guarded.obj[1].empty_auth = false;
	memcpy(pub, chain.obj[1].pub, chain.obj[1].pub_len);
	put_unaligned_be32(0x30072, pub + 4);
	guarded.obj[1].pub = pub;
	n = tkm_branch_encode(&guarded, out, sizeof(out));
	assert_true(n > 0);
	assert_int_equal(verify_branch(out, (size_t)n, &owner, &chain), 0);
	assert_int_equal(chain.n, 2);
	assert_false(chain.obj[1].empty_auth);
	assert_int_equal(tkm_branch_encode(&guarded, out, (size_t)n - 1),
			 -EMSGSIZE);
	exact_free(b.p);
}

static void what_is_no_branch_is_not_written(void **state)
{
	struct bytes b = vector(file, "plain");
	struct tkm_chain chain, wrong;
	u8 out[TKM_CHAIN_MAX];

	(void)state;
	assert_int_equal(tkm_blob_decode(b.p, b.len, &chain), 0);
	chain.n = 2;
	assert_true(tkm_branch_encode(&chain, out, sizeof(out)) > 0);
	wrong = chain;
	wrong.n = 4;
	assert_int_equal(tkm_branch_encode(&wrong, out, sizeof(out)), -EINVAL);
	wrong.n = 0;
	assert_int_equal(tkm_branch_encode(&wrong, out, sizeof(out)), -EINVAL);
	/* A key hangs below a branch, and is no part of it; a flat one hangs nowhere. */
	wrong = chain;
	wrong.obj[1].type = TKM_OBJECT_SEALED;
	assert_int_equal(tkm_branch_encode(&wrong, out, sizeof(out)), -EINVAL);
	wrong = chain;
	wrong.flat = true;
	assert_int_equal(tkm_branch_encode(&wrong, out, sizeof(out)), -EINVAL);
	exact_free(b.p);
}

static void a_branch_out_of_order_is_refused(void **state)
{
	struct bytes b = vector(file, "plain");
	struct tkm_chain chain, branch;
	u8 srk[TKM_NAME_SIZE];
	unsigned int i, j;

	(void)state;
	assert_int_equal(tkm_blob_decode(b.p, b.len, &chain), 0);
	for (i = 0; i < 3; i++) {
		for (j = 0; j < 4; j++) {
			branch = chain;
			branch.n = 3;
			branch.obj[i] = chain.obj[j];
			branch.obj[i].parent = chain.obj[i].parent;
			assert_int_equal(tkm_branch_verify(&branch, &owner, srk),
					 i == j ? 0 : -EBADMSG);
		}
	}
	branch = chain;
	branch.n = 2;
	branch.obj[0].parent = 0x81000002;
	assert_int_equal(tkm_branch_verify(&branch, &owner, srk), -EBADMSG);
	branch = chain;
	branch.n = 2;
	assert_int_equal(tkm_branch_verify(&branch, &owner, srk), 0);
	branch.flat = true;
	assert_int_equal(tkm_branch_verify(&branch, &owner, srk), -EBADMSG);
	exact_free(b.p);
}

/* ---- by a forger, who can compute every hash ---- */

struct forgery {
	struct bytes b;
	struct tkm_chain chain;
	u8 pub[TKM_CHAIN_OBJECTS][768];
	char text[TKM_RECORD_MAX];
	u8 or[72];
};

static void forge(struct forgery *f, const char *name)
{
	f->b = vector(file, name);
	assert_int_equal(tkm_blob_decode(f->b.p, f->b.len, &f->chain), 0);
}

static struct tkm_public public_of(const struct forgery *f, unsigned int place)
{
	const struct tkm_object *obj = &f->chain.obj[place];
	struct tkm_public pub;

	assert_int_equal(tkm_public_decode(obj->pub, obj->pub_len, &pub), 0);
	return pub;
}

static void put_public(struct forgery *f, unsigned int place,
		       const struct tkm_public *pub)
{
	u8 out[sizeof(f->pub[place])];
	struct tkm_writer w;

	tkm_writer_init(&w, out, sizeof(out));
	tkm_public_encode(&w, pub);
	assert_false(w.overflow);
	memcpy(f->pub[place], out, w.len);
	f->chain.obj[place].pub = f->pub[place];
	f->chain.obj[place].pub_len = (u16)w.len;
}

/* The first @from of a record becomes @to, and the Name commits to it. */
static void put_text(struct forgery *f, unsigned int place, const char *from,
		     const char *to)
{
	struct tkm_object *obj = &f->chain.obj[place];
	const char *at = memmem(obj->description, obj->description_len, from,
				strlen(from));
	struct tkm_public pub = public_of(f, place);
	char text[TKM_RECORD_MAX];
	size_t before;
	u8 hash[32];

	assert_non_null(at);
	before = (size_t)(at - obj->description);
	obj->description_len = (u16)snprintf(text, sizeof(text),
		"%.*s%s%.*s", (int)before, obj->description, to,
		(int)(obj->description_len - before - strlen(from)),
		at + strlen(from));
	memcpy(f->text, text, obj->description_len);
	obj->description = f->text;
	tkm_record_hash(f->text, obj->description_len, hash);
	pub.policy = hash;
	put_public(f, place, &pub);
}

static int judge(struct forgery *f)
{
	struct tkm_record rec;
	u8 srk[TKM_NAME_SIZE];
	int ret = tkm_chain_verify(&f->chain, &owner, srk, &rec);

	exact_free(f->b.p);
	return ret;
}

#define BY	"000b000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define OTHER	"000b100102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static void records_of_a_chain_belong_together(void **state)
{
	static const struct {
		unsigned int place;
		const char *from, *to;
		int err;
	} cases[] = {
		{ 0, "class=fixed", "class=portable", -EBADMSG },
		{ 3, "class=fixed", "class=certified", -EBADMSG },
		{ 0, "class=fixed", "class=portable authority=" BY, -EBADMSG },
		{ 1, "class=fixed", "class=portable authority=" BY, -EBADMSG },
		{ 3, "class=fixed", "class=certified authority=" BY, -EBADMSG },
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

/* ---- classes that may move ---- */

/* H(what is before || a command code || what follows), in plain. */
static void step(u8 digest[32], u32 cc, const void *more, size_t n)
{
	u8 code[4];
	const struct tkm_piece pieces[] = {
		{ digest, 32 }, { code, 4 }, { more, n },
	};

	put_unaligned_be32(cc, code);
	tkm_sha256(pieces, ARRAY_SIZE(pieces), digest);
}

/* PolicyAuthorize(name, dupRef), PolicyCommandCode(Duplicate). */
static void mover(const char *hex, u8 digest[32])
{
	u8 name[TKM_NAME_SIZE], ref[32];
	const struct tkm_piece text = { "tkm duplicate v1", 17 };
	const struct tkm_piece both[] = { { digest, 32 }, { ref, 32 } };

	assert_int_equal(tkm_hex_decode(hex, 68, name), 0);
	tkm_sha256(&text, 1, ref);
	memset(digest, 0, 32);
	step(digest, 0x16a, name, sizeof(name));
	tkm_sha256(both, 2, digest);
	step(digest, 0x16c, "\0\0\x01\x4b", 4);
}

/* What is below the TKMRK, of another class: each object's text and attributes. */
struct moving {
	struct forgery f;
	char text[TKM_CHAIN_OBJECTS][TKM_RECORD_MAX];
};

static void move_object(struct moving *m, unsigned int i, const char *class,
			const char *authority, const char *recovery)
{
	struct tkm_public pub;
	u8 list[4][32], digest[32];
	unsigned int n = 0;
	char words[256];

	snprintf(words, sizeof(words), "class=%s%s%s%s%s", class,
		 authority ? " authority=" : "", authority ? authority : "",
		 recovery ? " recovery=" : "", recovery ? recovery : "");
	put_text(&m->f, i, "class=fixed", words);
	/* Each has its own. */
	memcpy(m->text[i], m->f.text, sizeof(m->f.text));
	m->f.chain.obj[i].description = m->text[i];
	tkm_record_hash(m->text[i], m->f.chain.obj[i].description_len,
			list[n++]);
	if (authority)
		mover(authority, list[n++]);
	if (recovery)
		mover(recovery, list[n++]);
	memset(digest, 0, 32);
	step(digest, 0x171, list, n * 32);
	pub = public_of(&m->f, i);
	pub.policy = digest;
	pub.attributes = (pub.attributes & ~(u32)FIXED) |
			 TPM_OA_ENCRYPTED_DUPLICATION;
	put_public(&m->f, i, &pub);
}

static void begin_moving(struct moving *m, const char *name, const char *class,
			 const char *recovery)
{
	unsigned int i;

	forge(&m->f, name);
	for (i = 1; i < TKM_CHAIN_OBJECTS; i++)
		move_object(m, i, class, BY, recovery);
}

static void put_attributes(struct moving *m, unsigned int i, u32 add, u32 less)
{
	struct tkm_public pub = public_of(&m->f, i);

	pub.attributes = (pub.attributes | add) & ~less;
	put_public(&m->f, i, &pub);
}

static void classes_that_may_move_are_taken(void **state)
{
	struct tkm_caller as = owner;
	struct tkm_record rec;
	struct tkm_chain branch;
	struct moving m;
	u8 srk[TKM_NAME_SIZE];

	(void)state;
	begin_moving(&m, "plain", "portable", NULL);
	assert_int_equal(judge(&m.f), 0);
	begin_moving(&m, "plain", "certified", OTHER);
	assert_int_equal(tkm_chain_verify(&m.f.chain, &owner, srk, &rec), 0);
	assert_int_equal(rec.class, TKM_CLASS_CERTIFIED);
	/* Its storage keys are for keys of its class. */
	branch = m.f.chain;
	for (branch.n = 3; branch.n > 1; branch.n--) {
		as.class = TKM_CLASS_CERTIFIED;
		assert_int_equal(tkm_branch_verify(&branch, &as, srk), 0);
		as.class = TKM_CLASS_PORTABLE;
		assert_int_equal(tkm_branch_verify(&branch, &as, srk), -EPERM);
		as.class = TKM_CLASS_FIXED;
		assert_int_equal(tkm_branch_verify(&branch, &as, srk), -EPERM);
	}
	/* A TKMRK is for all. */
	as.class = TKM_CLASS_PORTABLE;
	assert_int_equal(tkm_branch_verify(&branch, &as, srk), 0);
	exact_free(m.f.b.p);
}

/* P8, P9: both clear, encryptedDuplication set, on each object; or refused. */
static void attributes_are_those_of_the_class(void **state)
{
	static const struct {
		u32 add, less;
	} cases[] = {
		{ TPM_OA_FIXED_TPM, 0 }, { TPM_OA_FIXED_PARENT, 0 },
		{ FIXED, 0 }, { 0, TPM_OA_ENCRYPTED_DUPLICATION },
		{ FIXED, TPM_OA_ENCRYPTED_DUPLICATION },
	};
	struct moving m;
	struct tkm_public pub;
	struct forgery f;
	unsigned int i;
	size_t k;

	(void)state;
	for (i = 1; i < TKM_CHAIN_OBJECTS; i++) {
		for (k = 0; k < ARRAY_SIZE(cases); k++) {
			begin_moving(&m, "plain", "portable", NULL);
			put_attributes(&m, i, cases[k].add, cases[k].less);
			assert_int_equal(judge(&m.f), -EBADMSG);
		}
		/* And what is fixed has no way out. */
		forge(&f, "plain");
		pub = public_of(&f, i);
		pub.attributes |= TPM_OA_ENCRYPTED_DUPLICATION;
		put_public(&f, i, &pub);
		assert_int_equal(judge(&f), -EBADMSG);
		forge(&f, "plain");
		pub = public_of(&f, i);
		pub.attributes &= ~(u32)TPM_OA_FIXED_PARENT;
		put_public(&f, i, &pub);
		assert_int_equal(judge(&f), -EBADMSG);
	}
}

static void who_approves_is_one_all_the_way_down(void **state)
{
	struct moving m;
	unsigned int i;

	(void)state;
	for (i = 1; i < TKM_CHAIN_OBJECTS; i++) {
		/* Another, one more, another class, none of the three. */
		forge(&m.f, "plain");
		for (unsigned int k = 1; k < TKM_CHAIN_OBJECTS; k++)
			move_object(&m, k, "portable", k == i ? OTHER : BY, NULL);
		assert_int_equal(judge(&m.f), -EBADMSG);
		forge(&m.f, "plain");
		for (unsigned int k = 1; k < TKM_CHAIN_OBJECTS; k++)
			move_object(&m, k, "portable", BY, k == i ? OTHER : NULL);
		assert_int_equal(judge(&m.f), -EBADMSG);
		forge(&m.f, "plain");
		for (unsigned int k = 1; k < TKM_CHAIN_OBJECTS; k++)
			move_object(&m, k, k == i ? "certified" : "portable", BY,
				    NULL);
		assert_int_equal(judge(&m.f), -EBADMSG);
		forge(&m.f, "plain");
		for (unsigned int k = 1; k < TKM_CHAIN_OBJECTS; k++)
			if (k != i)
				move_object(&m, k, "portable", BY, NULL);
		assert_int_equal(judge(&m.f), -EBADMSG);
	}
}

/* The digests: of somebody else, of nobody, in another order. */
static void a_branch_that_the_record_does_not_name_is_refused(void **state)
{
	u8 list[4][32], digest[32];
	struct tkm_public pub;
	struct moving m;
	unsigned int i, k;

	(void)state;
	for (i = 1; i < TKM_CHAIN_OBJECTS; i++) {
		for (k = 0; k < 4; k++) {
			begin_moving(&m, "plain", "portable", NULL);
			tkm_record_hash(m.text[i],
					m.f.chain.obj[i].description_len,
					list[k == 2]);
			mover(k == 0 ? OTHER : BY, list[k != 2]);
			mover(OTHER, list[2]);
			memset(digest, 0, 32);
			/* Of another; with one more; turned around; H(record). */
			step(digest, 0x171, list, k == 1 ? 96 : 64);
			if (k == 3)
				memcpy(digest, list[0], 32);
			pub = public_of(&m.f, i);
			pub.policy = digest;
			put_public(&m.f, i, &pub);
			assert_int_equal(judge(&m.f), -EBADMSG);
		}
	}
}

/* A key's own policy is a branch beside those of its class. */
static void a_policy_stands_beside_who_approves(void **state)
{
	static const char *const names[] = { "pcrs", "auth", "both" };
	struct tkm_branches b;
	struct tkm_record rec;
	struct moving m;
	struct tkm_object *key;
	struct tkm_public pub;
	struct tkm_policy real;
	struct tkm_writer w;
	u8 hash[32], before[32], digest[32], body[TKM_BRANCHES_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		begin_moving(&m, names[i], "portable", OTHER);
		key = &m.f.chain.obj[3];
		assert_int_equal(tkm_record_parse(key->description,
						  key->description_len, &rec),
				 0);
		tkm_record_hash(key->description, key->description_len, hash);
		real = key->policy;
		if (real.n) {
			real.n--;
			assert_int_equal(tkm_policy_digest(&real, before), 0);
		}
		tkm_record_branches(&rec, hash, key->policy.n ? before : NULL,
				    &b);
		assert_int_equal(b.n, key->policy.n ? 4 : 3);
		mover(BY, digest);
		assert_memory_equal(b.digest[b.n - 2], digest, 32);
		mover(OTHER, digest);
		assert_memory_equal(b.digest[b.n - 1], digest, 32);
		tkm_branches_digest(&b, digest);
		if (key->policy.n) {
			tkm_writer_init(&w, body, sizeof(body));
			tkm_branches_encode(&w, &b);
			assert_false(w.overflow);
			key->policy.el[key->policy.n - 1].body = body;
			key->policy.el[key->policy.n - 1].body_len = (u16)w.len;
		}
		pub = public_of(&m.f, 3);
		pub.policy = digest;
		put_public(&m.f, 3, &pub);
		assert_int_equal(judge(&m.f), 0);
	}
}

/* What came alone lies under the TKMRK; nothing that is fixed does. */
static void chains_of_what_came_are_shorter(void **state)
{
	struct tkm_chain shorter;
	struct tkm_record rec;
	struct moving m;
	u8 srk[TKM_NAME_SIZE];
	unsigned int less;
	struct forgery f;

	(void)state;
	begin_moving(&m, "plain", "portable", NULL);
	for (less = 0; less < 8; less++) {
		shorter.flat = false;
		shorter.n = 0;
		for (unsigned int i = 0; i < TKM_CHAIN_OBJECTS; i++)
			if (!i || !(less & 1 << (i - 1)))
				shorter.obj[shorter.n++] = m.f.chain.obj[i];
		/* Without TDK, without both; not without the ASK alone or the key. */
		assert_int_equal(tkm_chain_verify(&shorter, &owner, srk, &rec),
				 less == 0 || less == 1 || less == 3 ?
				 0 : -EBADMSG);
		/* New keys are made where keys are. */
		if (less == 1) {
			struct tkm_caller as = owner;

			shorter.n--;
			as.class = TKM_CLASS_PORTABLE;
			assert_int_equal(tkm_branch_verify(&shorter, &as, srk),
					 -EBADMSG);
		}
	}
	exact_free(m.f.b.p);
	for (less = 1; less < 3; less++) {
		forge(&f, "plain");
		memmove(&f.chain.obj[1], &f.chain.obj[1 + less],
			(3 - less) * sizeof(f.chain.obj[0]));
		f.chain.n -= less;
		assert_int_equal(judge(&f), -EBADMSG);
	}
}

static void a_moved_object_is_verified_alone(void **state)
{
	struct tkm_caller other = owner;
	struct tkm_record rec;
	struct tkm_object obj;
	struct moving m;
	unsigned int i;

	(void)state;
	begin_moving(&m, "plain", "portable", NULL);
	for (i = 1; i < TKM_CHAIN_OBJECTS; i++) {
		obj = m.f.chain.obj[i];
		obj.type = TKM_OBJECT_IMPORTABLE;
		assert_int_equal(tkm_moved_verify(&obj, &owner, &rec), 0);
		other.owner = 1;
		assert_int_equal(tkm_moved_verify(&obj, &other, &rec), -EPERM);
		other = owner;
		other.side = TKM_SIDE_OTHER;
		assert_int_equal(tkm_moved_verify(&obj, &other, &rec), -EPERM);
		put_attributes(&m, i, FIXED, 0);
		obj.pub = m.f.chain.obj[i].pub;
		assert_int_equal(tkm_moved_verify(&obj, &owner, &rec), -EBADMSG);
	}
	/* A record that says nothing. */
	obj.description_len--;
	assert_int_equal(tkm_moved_verify(&obj, &owner, &rec), -EBADMSG);
	exact_free(m.f.b.p);
	forge(&m.f, "plain");
	for (i = 0; i < TKM_CHAIN_OBJECTS; i++)
		assert_int_equal(tkm_moved_verify(&m.f.chain.obj[i], &owner,
						  &rec), -EPERM);
	exact_free(m.f.b.p);
}

static int parent_of(const struct tkm_public *pub)
{
	u8 out[512];
	struct tkm_writer w;

	tkm_writer_init(&w, out, sizeof(out));
	tkm_public_encode(&w, pub);
	return tkm_parent_check(out, w.len);
}

/* M-8: a storage key that was made outside, or could leave. */
static void a_new_parent_never_left_its_tpm(void **state)
{
	static const u32 needed[] = {
		TPM_OA_FIXED_TPM, TPM_OA_FIXED_PARENT,
		TPM_OA_SENSITIVE_DATA_ORIGIN, TPM_OA_RESTRICTED, TPM_OA_DECRYPT,
	};
	static const u8 number[384] = { 1 };
	struct tkm_public good = tkm_public_storage(TKM_CLASS_FIXED, number);
	struct tkm_public pub;
	size_t i;

	(void)state;
	good.x = good.y = number;
	good.x_len = good.y_len = 32;
	assert_int_equal(parent_of(&good), 0);
	for (i = 0; i < ARRAY_SIZE(needed); i++) {
		pub = good;
		pub.attributes &= ~needed[i];
		assert_int_equal(parent_of(&pub), -EPERM);
	}
	pub = good;
	pub.attributes |= TPM_OA_SIGN;
	assert_int_equal(parent_of(&pub), -EPERM);
	pub = good;
	pub.sym_alg = TPM_ALG_NULL;
	assert_int_equal(parent_of(&pub), -EPERM);
	/* Templates have no key yet. */
	pub = good;
	pub.x_len = 0;
	assert_int_equal(parent_of(&pub), -EBADMSG);
	pub = good;
	pub.y_len = 0;
	assert_int_equal(parent_of(&pub), -EBADMSG);
	pub = good;
	pub.curve = TPM_ECC_NIST_P384;
	assert_int_equal(parent_of(&pub), -EOPNOTSUPP);
	pub = good;
	pub.type = TPM_ALG_RSA;
	pub.rsa_bits = 2048;
	pub.rsa_exponent = 65537;
	pub.x_len = 256;
	assert_int_equal(parent_of(&pub), 0);
	pub.rsa_bits = 1024;
	pub.x_len = 128;
	assert_int_equal(parent_of(&pub), -EOPNOTSUPP);
	pub.x_len = 0;
	assert_int_equal(parent_of(&pub), -EBADMSG);
	pub = tkm_public_sealed(number, 32, STORAGE);
	assert_int_equal(parent_of(&pub), -EPERM);
	assert_int_equal(tkm_parent_check(number, 3), -EBADMSG);
}

/* A password or a policy is asked of what never moves only. */
static void what_guards_a_domain_is_fixed(void **state)
{
	struct moving m;

	(void)state;
	begin_moving(&m, "plain", "portable", NULL);
	m.f.chain.obj[1].empty_auth = false;
	put_attributes(&m, 1, 0, TPM_OA_NO_DA);
	assert_int_equal(judge(&m.f), -EOPNOTSUPP);
	begin_moving(&m, "plain", "portable", NULL);
	m.f.chain.obj[1].policy.n = 1;
	assert_int_equal(judge(&m.f), -EOPNOTSUPP);
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

/* ---- keys that are used, put in the place of data ----------------------- */

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

/* ---- storage keys under a policy ---- */

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
		cmocka_unit_test(branches_of_the_module_are_taken),
		cmocka_unit_test(no_bit_and_no_length_of_a_branch_may_change),
		cmocka_unit_test(a_branch_of_somebody_else_is_refused),
		cmocka_unit_test(only_a_tdk_may_have_a_password),
		cmocka_unit_test(what_is_no_branch_is_not_written),
		cmocka_unit_test(a_branch_out_of_order_is_refused),
		cmocka_unit_test(records_of_a_chain_belong_together),
		cmocka_unit_test(classes_that_may_move_are_taken),
		cmocka_unit_test(attributes_are_those_of_the_class),
		cmocka_unit_test(who_approves_is_one_all_the_way_down),
		cmocka_unit_test(a_branch_that_the_record_does_not_name_is_refused),
		cmocka_unit_test(a_policy_stands_beside_who_approves),
		cmocka_unit_test(chains_of_what_came_are_shorter),
		cmocka_unit_test(a_moved_object_is_verified_alone),
		cmocka_unit_test(a_new_parent_never_left_its_tpm),
		cmocka_unit_test(what_guards_a_domain_is_fixed),
		cmocka_unit_test(storage_keys_have_one_shape),
		cmocka_unit_test(keys_have_one_shape),
		cmocka_unit_test(a_value_is_asked_for_by_the_policy),
		cmocka_unit_test(a_policy_that_asks_nothing_is_refused),
		cmocka_unit_test(flat_data_is_sealed_and_nothing_else),
		cmocka_unit_test(a_flat_key_may_have_come_from_elsewhere),
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
		cmocka_unit_test(storage_keys_may_lie_under_a_policy),
		cmocka_unit_test(storage_keys_lie_under_one_policy),
		cmocka_unit_test(another_key_below_is_refused),
		cmocka_unit_test(a_policy_leaves_no_value),
		cmocka_unit_test(other_policies_of_storage_keys_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
