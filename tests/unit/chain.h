/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * What the tests of chains share: whose the real ones are (tests/data/gen-chains),
 * and a forger, who can compute every hash.
 */
#ifndef TKM_UNIT_CHAIN_H
#define TKM_UNIT_CHAIN_H

#include "unit.h"

static const char file[] = "chains.vec";
/* Those of four objects that never move. */
static const char *const hierarchical[] = { "plain", "pcrs", "auth", "both",
					    "dates" };

#define FIXED	(TPM_OA_FIXED_TPM | TPM_OA_FIXED_PARENT)
#define STORAGE	(TKM_STORAGE_ATTRIBUTES | FIXED)

/* Names of keys that approve of moves. */
#define AUTHORITY "000b000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define ANOTHER	"000b100102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static const struct tkm_caller owner = {
	.owner = 0,
	.side = TKM_SIDE_INIT,
	.app = "disk",
	.label = "vol1",
	.now = 1800000000,
};

static inline int verify(const u8 *der, size_t len,
			 const struct tkm_caller *caller,
			 struct tkm_chain *chain, struct tkm_record *rec)
{
	u8 srk[TKM_NAME_SIZE];
	int ret;

	ret = tkm_blob_decode(der, len, chain);
	return ret ? ret : tkm_chain_verify(chain, caller, srk, rec);
}

static inline bool within(const u8 *at, const u8 *p, size_t n)
{
	return n && at >= p && at < p + n;
}

/*
 * Whether only the TPM can judge a byte: it stands in a private part, or in
 * what the TPM itself chose for the public part, which the private part's
 * integrity covers.
 */
static inline bool is_for_the_tpm(const struct tkm_chain *chain, const u8 *at)
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

/* Each bit of a chain that is none of those; @b is given back. */
static inline void flip_all(const char *name, struct bytes b)
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

/* ---- by a forger, who can compute every hash ---- */

struct forgery {
	struct bytes b;
	struct tkm_chain chain;
	u8 pub[TKM_CHAIN_OBJECTS][768];
	char text[TKM_RECORD_MAX];
	u8 or[72];
};

static inline void forge(struct forgery *f, const char *name)
{
	f->b = vector(file, name);
	assert_int_equal(tkm_blob_decode(f->b.p, f->b.len, &f->chain), 0);
}

static inline struct tkm_public public_of(const struct forgery *f,
					  unsigned int place)
{
	const struct tkm_object *obj = &f->chain.obj[place];
	struct tkm_public pub;

	assert_int_equal(tkm_public_decode(obj->pub, obj->pub_len, &pub), 0);
	return pub;
}

static inline void put_public(struct forgery *f, unsigned int place,
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
static inline void put_text(struct forgery *f, unsigned int place,
			    const char *from, const char *to)
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

static inline int judge(struct forgery *f)
{
	struct tkm_record rec;
	u8 srk[TKM_NAME_SIZE];
	int ret = tkm_chain_verify(&f->chain, &owner, srk, &rec);

	exact_free(f->b.p);
	return ret;
}

#endif
