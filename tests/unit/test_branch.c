// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/* Storage keys alone, as the helper gives them. */
#include "chain.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(branches_of_the_module_are_taken),
		cmocka_unit_test(no_bit_and_no_length_of_a_branch_may_change),
		cmocka_unit_test(a_branch_of_somebody_else_is_refused),
		cmocka_unit_test(only_a_tdk_may_have_a_password),
		cmocka_unit_test(what_is_no_branch_is_not_written),
		cmocka_unit_test(a_branch_out_of_order_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
