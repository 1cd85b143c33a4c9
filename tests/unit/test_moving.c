// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/* What may move: classes, who approves of it, what came, and where it goes. */
#include "chain.h"

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
		move_object(m, i, class, AUTHORITY, recovery);
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
	begin_moving(&m, "plain", "certified", ANOTHER);
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
			move_object(&m, k, "portable", k == i ? ANOTHER : AUTHORITY, NULL);
		assert_int_equal(judge(&m.f), -EBADMSG);
		forge(&m.f, "plain");
		for (unsigned int k = 1; k < TKM_CHAIN_OBJECTS; k++)
			move_object(&m, k, "portable", AUTHORITY, k == i ? ANOTHER : NULL);
		assert_int_equal(judge(&m.f), -EBADMSG);
		forge(&m.f, "plain");
		for (unsigned int k = 1; k < TKM_CHAIN_OBJECTS; k++)
			move_object(&m, k, k == i ? "certified" : "portable", AUTHORITY,
				    NULL);
		assert_int_equal(judge(&m.f), -EBADMSG);
		forge(&m.f, "plain");
		for (unsigned int k = 1; k < TKM_CHAIN_OBJECTS; k++)
			if (k != i)
				move_object(&m, k, "portable", AUTHORITY, NULL);
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
			mover(k == 0 ? ANOTHER : AUTHORITY, list[k != 2]);
			mover(ANOTHER, list[2]);
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
		begin_moving(&m, names[i], "portable", ANOTHER);
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
		mover(AUTHORITY, digest);
		assert_memory_equal(b.digest[b.n - 2], digest, 32);
		mover(ANOTHER, digest);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes_that_may_move_are_taken),
		cmocka_unit_test(attributes_are_those_of_the_class),
		cmocka_unit_test(who_approves_is_one_all_the_way_down),
		cmocka_unit_test(a_branch_that_the_record_does_not_name_is_refused),
		cmocka_unit_test(a_policy_stands_beside_who_approves),
		cmocka_unit_test(chains_of_what_came_are_shorter),
		cmocka_unit_test(a_moved_object_is_verified_alone),
		cmocka_unit_test(a_new_parent_never_left_its_tpm),
		cmocka_unit_test(what_guards_a_domain_is_fixed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
