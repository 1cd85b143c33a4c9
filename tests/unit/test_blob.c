// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * TSS2 key objects and chains: those that others wrote (tests/data), and
 * everything that can be wrong with one.
 */
#include "unit.h"

#include <openssl/pem.h>

/* ---- DER by hand ------------------------------------------------------- */

/* Values are put together forwards, each from the one inside it. */
struct der {
	size_t len;
	u8 p[20000];
};

static struct der *der_new(void)
{
	struct der *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	return d;
}

static void der_raw(struct der *d, const void *p, size_t n)
{
	assert_true(n <= sizeof(d->p) - d->len);
	memcpy(d->p + d->len, p, n);
	d->len += n;
}

/* Tag and length; @form is the number of length bytes, 0 for the shortest. */
static void der_header(struct der *d, u8 tag, size_t n, int form)
{
	u8 bytes[5] = { (u8)(n >> 24), (u8)(n >> 16), (u8)(n >> 8), (u8)n };

	if (!form)
		form = n < 0x80 ? 1 : n < 0x100 ? 2 : n < 0x10000 ? 3 : 4;
	der_raw(d, &tag, 1);
	if (form == 1) {
		der_raw(d, bytes + 3, 1);
		return;
	}
	tag = (u8)(0x80 + form - 1);
	der_raw(d, &tag, 1);
	der_raw(d, bytes + 4 - (form - 1), (size_t)form - 1);
}

static void der_value(struct der *d, u8 tag, const void *p, size_t n)
{
	der_header(d, tag, n, 0);
	der_raw(d, p, n);
}

/* Appends @inner, wrapped, and frees it. */
static void der_wrap(struct der *d, u8 tag, struct der *inner)
{
	der_value(d, tag, inner->p, inner->len);
	free(inner);
}

static void der_hex(struct der *d, const char *hex)
{
	struct bytes b = bytes_of_hex(hex);

	der_raw(d, b.p, b.len);
	exact_free(b.p);
}

/* The fields of an object as hex; NULL stands for the usual one. */
struct fields {
	const char *type;
	const char *before;	/* between type and description */
	const char *description;
	const char *after;	/* between description and parent */
	const char *parent;
	const char *pubkey;
	const char *privkey;
	const char *end;
};

#define OID_LOADABLE "06066781050a0103"
#define OID_IMPORTABLE "06066781050a0104"
#define OID_SEALED "06066781050a0105"
#define SRK_HANDLE "02050081000001"
#define PREVIOUS "020100"

static void put(struct der *d, const char *hex, const char *usual)
{
	der_hex(d, hex ? hex : usual);
}

static struct der *object(const struct fields *f, const char *usual_parent,
			  const char *usual_description)
{
	struct der *in = der_new(), *d = der_new();

	put(in, f->type, OID_LOADABLE);
	put(in, f->before, "");
	put(in, f->description, usual_description);
	put(in, f->after, "");
	put(in, f->parent, usual_parent);
	put(in, f->pubkey, "0405" "0003" "aabbcc");
	put(in, f->privkey, "0404" "0002" "ddee");
	put(in, f->end, "");
	der_wrap(d, 0x30, in);
	return d;
}

static int decode(const u8 *p, size_t n)
{
	struct tkm_chain *chain = malloc(sizeof(*chain));
	const u8 *copy = exact(p, n);
	int ret = tkm_blob_decode(copy, n, chain);

	exact_free(copy);
	free(chain);
	return ret;
}

static int decode_der(struct der *d)
{
	int ret = decode(d->p, d->len);

	free(d);
	return ret;
}

static int decode_flat(const struct fields *f)
{
	return decode_der(object(f, SRK_HANDLE, ""));
}

/* A chain of which object @at has these fields. */
static int decode_chain(unsigned int at, const struct fields *f)
{
	static const struct fields usual;
	struct der *list = der_new(), *d = der_new(), *o;
	unsigned int i;

	for (i = 0; i < TKM_CHAIN_OBJECTS; i++) {
		o = object(i == at ? f : &usual, i ? PREVIOUS : SRK_HANDLE,
			   "a403" "0c01" "78");
		der_raw(list, o->p, o->len);
		free(o);
	}
	der_wrap(d, 0x30, list);
	return decode_der(d);
}

static int decode_hex(const char *hex)
{
	struct der *d = der_new();

	der_hex(d, hex);
	return decode_der(d);
}

#define FLAT(...) decode_flat(&(const struct fields){ __VA_ARGS__ })
#define CHAIN(at, ...) decode_chain(at, &(const struct fields){ __VA_ARGS__ })

/* ---- what others wrote ------------------------------------------------- */

static struct bytes pem(const char *name)
{
	char path[4096], *label, *header;
	unsigned char *data;
	struct bytes b;
	long len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", TEST_DATA, name);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(PEM_read(f, &label, &header, &data, &len), 1);
	fclose(f);
	assert_string_equal(label, "TSS2 PRIVATE KEY");
	b = bytes_of(data, (size_t)len);
	OPENSSL_free(label);
	OPENSSL_free(header);
	OPENSSL_free(data);
	return b;
}

/* @area is the content of the TPM2B that tpm.vec has under this name. */
static void assert_area(const char *name, const u8 *area, u16 len)
{
	struct bytes b = vector("tpm.vec", name);

	assert_int_equal(get_unaligned_be16(b.p), len);
	assert_int_equal(b.len, len + 2);
	assert_memory_equal(b.p + 2, area, len);
	exact_free(b.p);
}

static void loadable_of_tpm2_tools_is_read(void **state)
{
	struct bytes b = pem("loadable.pem");
	struct tkm_chain chain;

	(void)state;
	assert_int_equal(tkm_blob_decode(b.p, b.len, &chain), 0);
	assert_int_equal(chain.n, 1);
	assert_true(chain.flat);
	assert_int_equal(chain.obj[0].type, TKM_OBJECT_LOADABLE);
	assert_false(chain.obj[0].empty_auth); /* it writes FALSE out */
	assert_int_equal(chain.obj[0].policy.n, 0);
	assert_null(chain.obj[0].description);
	assert_int_equal(chain.obj[0].parent, 0x81000001);
	assert_area("leaf.public", chain.obj[0].pub, chain.obj[0].pub_len);
	assert_area("leaf.private", chain.obj[0].priv, chain.obj[0].priv_len);
	exact_free(b.p);
}

static void sealed_object_of_openssl_is_read(void **state)
{
	struct bytes b = pem("sealed.pem");
	struct tkm_public pub;
	struct tkm_chain chain;
	u8 digest[32];

	(void)state;
	assert_int_equal(tkm_blob_decode(b.p, b.len, &chain), 0);
	assert_true(chain.flat);
	assert_int_equal(chain.obj[0].type, TKM_OBJECT_SEALED);
	assert_true(chain.obj[0].empty_auth);
	assert_int_equal(chain.obj[0].policy.n, 1);
	assert_int_equal(chain.obj[0].policy.el[0].cc, TPM_CC_POLICY_PCR);
	assert_area("sealed.public", chain.obj[0].pub, chain.obj[0].pub_len);
	assert_area("sealed.private", chain.obj[0].priv,
		    chain.obj[0].priv_len);

	assert_int_equal(tkm_public_decode(chain.obj[0].pub,
					   chain.obj[0].pub_len, &pub), 0);
	assert_int_equal(tkm_policy_digest(&chain.obj[0].policy, digest), 0);
	assert_int_equal(pub.policy_len, 32);
	assert_memory_equal(pub.policy, digest, 32);
	exact_free(b.p);
}

static void chain_of_openssl_is_read(void **state)
{
	struct bytes b = vector("der.vec", "chain"), text;
	static const enum tkm_kind kinds[] = { TKM_KIND_TKMRK, TKM_KIND_TDK,
					       TKM_KIND_ASK, TKM_KIND_DATA };
	struct tkm_chain chain;
	struct tkm_record rec;
	char name[32];
	unsigned int i;

	(void)state;
	assert_int_equal(tkm_blob_decode(b.p, b.len, &chain), 0);
	assert_int_equal(chain.n, 4);
	assert_false(chain.flat);
	for (i = 0; i < 4; i++) {
		const struct tkm_object *o = &chain.obj[i];

		assert_int_equal(o->type, i < 3 ? TKM_OBJECT_LOADABLE :
						  TKM_OBJECT_SEALED);
		assert_true(o->empty_auth);
		assert_int_equal(o->policy.n, i < 3 ? 0 : 2);
		assert_int_equal(o->parent, i ? 0 : 0x81000001);
		text = vector_field("tpm.vec", "chain", (int)i, "record");
		assert_bytes(text, o->description, o->description_len);
		exact_free(text.p);
		assert_int_equal(tkm_record_parse(o->description,
						  o->description_len, &rec),
				 0);
		assert_int_equal(rec.kind, kinds[i]);
		snprintf(name, sizeof(name), "chain.%u.public", i);
		assert_area(name, o->pub, o->pub_len);
		snprintf(name, sizeof(name), "chain.%u.private", i);
		assert_area(name, o->priv, o->priv_len);
	}
	exact_free(b.p);
}

/* ---- round trips ------------------------------------------------------- */

static void encode_again(const struct tkm_chain *chain, const u8 *p, size_t n)
{
	u8 *out = malloc(n);

	assert_int_equal(tkm_blob_encode(chain, out, n), n);
	assert_memory_equal(out, p, n);
	free(out);
}

static void encoder_writes_what_openssl_writes(void **state)
{
	static const char *const names[] = { "flat", "chain" };
	struct tkm_chain chain;
	struct bytes b;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		b = vector("der.vec", names[i]);
		assert_int_equal(tkm_blob_decode(b.p, b.len, &chain), 0);
		encode_again(&chain, b.p, b.len);
		exact_free(b.p);
	}
}

static void encoder_needs_the_whole_length(void **state)
{
	struct bytes b = vector("der.vec", "chain");
	struct tkm_chain chain;
	size_t size;
	u8 *out;

	(void)state;
	assert_int_equal(tkm_blob_decode(b.p, b.len, &chain), 0);
	for (size = 0; size < b.len; size++) {
		out = exact(b.p, size);
		assert_int_equal(tkm_blob_encode(&chain, out, size),
				 -EMSGSIZE);
		exact_free(out);
	}
	out = malloc(b.len + 100);
	assert_int_equal(tkm_blob_encode(&chain, out, b.len + 100), b.len);
	assert_bytes(b, out, b.len);
	free(out);
	exact_free(b.p);
}

/* Every length at which a header changes its form. */
static void areas_of_every_length_come_back(void **state)
{
	static const u8 area[1024] = { 1 };
	struct tkm_chain chain = { .n = 1, .flat = true }, back;
	u8 *out = malloc(TKM_CHAIN_MAX);
	const u8 *copy;
	ssize_t n;
	u16 len;

	(void)state;
	chain.obj[0].parent = 0xffffffff;
	chain.obj[0].pub = area;
	chain.obj[0].priv = area;
	for (len = 1; len <= sizeof(area); len++) {
		chain.obj[0].pub_len = len;
		chain.obj[0].priv_len = (u16)(1025 - len);
		n = tkm_blob_encode(&chain, out, TKM_CHAIN_MAX);
		assert_true(n > 0);
		copy = exact(out, (size_t)n);
		assert_int_equal(tkm_blob_decode(copy, (size_t)n, &back), 0);
		assert_int_equal(back.obj[0].pub_len, len);
		assert_int_equal(back.obj[0].priv_len, 1025 - len);
		exact_free(copy);
	}
	free(out);
}

static void handles_of_every_length_come_back(void **state)
{
	static const u32 handles[] = { 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff,
				       0x8000, 0xffff, 0x10000, 0x7fffff,
				       0x800000, 0x40000001, 0x7fffffff,
				       0x80000000, 0x81000001, 0xffffffff };
	static const u8 area[1] = { 1 };
	struct tkm_chain chain = { .n = 1, .flat = true }, back;
	u8 out[100];
	ssize_t n;
	size_t i;

	(void)state;
	chain.obj[0].pub = chain.obj[0].priv = area;
	chain.obj[0].pub_len = chain.obj[0].priv_len = 1;
	for (i = 0; i < ARRAY_SIZE(handles); i++) {
		chain.obj[0].parent = handles[i];
		n = tkm_blob_encode(&chain, out, sizeof(out));
		assert_true(n > 0);
		assert_int_equal(tkm_blob_decode(out, (size_t)n, &back), 0);
		assert_int_equal(back.obj[0].parent, handles[i]);
	}
}

static void encoder_refuses_what_the_decoder_would(void **state)
{
	struct bytes b = vector("der.vec", "chain");
	u8 *out = malloc(TKM_CHAIN_MAX), *big = calloc(1, 8000);
	struct tkm_chain good, chain;
	unsigned int i;

	(void)state;
	assert_int_equal(tkm_blob_decode(b.p, b.len, &good), 0);
#define REFUSES(change)                                                       \
	do {                                                                  \
		chain = good;                                                 \
		change;                                                       \
		assert_int_equal(tkm_blob_encode(&chain, out, TKM_CHAIN_MAX), \
				 -EINVAL);                                    \
	} while (0)
	REFUSES(chain.n = 0);
	REFUSES(chain.n = 5);
	REFUSES(chain.n = UINT_MAX);
	REFUSES(chain.n = 1);
	REFUSES(chain.flat = true);
	REFUSES(chain.obj[0].parent = TKM_PARENT_PREVIOUS);
	REFUSES(chain.obj[1].parent = 0x81000001);
	REFUSES(chain.obj[2].type = TKM_OBJECT_SEALED);
	REFUSES(chain.obj[1].description = NULL);
	REFUSES(chain.obj[1].description_len = 0);
	REFUSES(chain.obj[1].description_len = TKM_RECORD_MAX + 1);
	REFUSES(chain.obj[3].policy.n = TKM_POLICY_MAX + 1);
	REFUSES(chain.obj[3].pub_len = 0);
	REFUSES(chain.obj[3].pub_len = 1025);
	REFUSES(chain.obj[3].priv_len = 0);
	REFUSES(chain.obj[3].priv_len = 1025);

	/* Each within its limits, and together too long for any chain. */
	chain = good;
	for (i = 0; i < 4; i++) {
		chain.obj[i].pub = chain.obj[i].priv = big;
		chain.obj[i].pub_len = chain.obj[i].priv_len = 1024;
	}
	assert_int_equal(tkm_blob_encode(&chain, out, TKM_CHAIN_MAX),
			 -EMSGSIZE);
	free(out);
	out = malloc(20000);
	assert_int_equal(tkm_blob_encode(&chain, out, 20000), -EMSGSIZE);
	free(out);
	free(big);
	exact_free(b.p);
}

/* ---- damage ------------------------------------------------------------ */

static void is_damaged(const u8 *p, size_t n)
{
	static struct tkm_chain chain;

	assert_int_equal(tkm_blob_decode(p, n, &chain), -EBADMSG);
}

/*
 * Refused, or something else, of which all that was read comes back. What is
 * read past in a foreign object does not come back: FALSE, rsaParent; and TRUE
 * as 01 comes back as DER has it.
 */
static void refused_or_another(const u8 *p, size_t n)
{
	static const u8 true_as_01[] = { 0xa0, 0x03, 0x01, 0x01, 0x01 };
	static struct tkm_chain chain;
	static u8 out[TKM_CHAIN_MAX], same[TKM_CHAIN_MAX];
	int ret = tkm_blob_decode(p, n, &chain);
	ssize_t len;
	u8 *at;

	if (ret) {
		assert_true(ret == -EBADMSG || ret == -EOPNOTSUPP);
		return;
	}
	len = tkm_blob_encode(&chain, out, sizeof(out));
	if (chain.flat && len != (ssize_t)n) {
		assert_true(len > 0 && len < (ssize_t)n);
		return;
	}
	memcpy(same, p, n);
	at = memmem(same, n, true_as_01, sizeof(true_as_01));
	if (chain.flat && at)
		at[4] = 0xff;
	assert_memory_equal(out, same, n);
}

static const char *const whole[] = { "flat", "chain" };

static void every_truncation_is_refused(void **state)
{
	struct bytes b;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(whole); i++) {
		b = vector("der.vec", whole[i]);
		each_truncation(b.p, b.len, is_damaged);
		exact_free(b.p);
	}
	b = pem("loadable.pem");
	each_truncation(b.p, b.len, is_damaged);
	exact_free(b.p);
}

static void every_flipped_bit_is_refused_or_seen(void **state)
{
	struct bytes b;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(whole); i++) {
		b = vector("der.vec", whole[i]);
		refused_or_another(b.p, b.len);
		each_flip(b.p, b.len, refused_or_another);
		exact_free(b.p);
	}
	b = pem("loadable.pem");
	each_flip(b.p, b.len, refused_or_another);
	exact_free(b.p);
}

static void every_other_header_byte_is_refused_or_seen(void **state)
{
	struct bytes b = vector("der.vec", "flat");
	unsigned int c;
	size_t at;
	u8 *p;

	(void)state;
	p = exact(b.p, b.len);
	for (at = 0; at < b.len; at++) {
		for (c = 0; c < 256; c++) {
			p[at] = (u8)c;
			refused_or_another(p, b.len);
		}
		p[at] = b.p[at];
	}
	exact_free(p);
	exact_free(b.p);
}

static void trailing_bytes_are_refused(void **state)
{
	struct bytes b;
	size_t i;
	u8 *p;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(whole); i++) {
		b = vector("der.vec", whole[i]);
		p = malloc(2 * b.len);
		memcpy(p, b.p, b.len);
		memcpy(p + b.len, b.p, b.len);
		assert_int_equal(decode(p, b.len), 0);
		assert_int_equal(decode(p, b.len + 1), -EBADMSG);
		assert_int_equal(decode(p, 2 * b.len), -EBADMSG);
		p[b.len] = 0;
		assert_int_equal(decode(p, b.len + 1), -EBADMSG);
		free(p);
		exact_free(b.p);
	}
}

static void lengths_of_other_forms_are_refused(void **state)
{
	struct bytes b = vector("der.vec", "flat");
	struct der *d;
	int form;

	(void)state;
	/* Behind the outer header of four bytes. */
	for (form = 2; form <= 5; form++) {
		d = der_new();
		der_header(d, 0x30, b.len - 4, form);
		der_raw(d, b.p + 4, b.len - 4);
		assert_int_equal(decode_der(d), form == 3 ? 0 : -EBADMSG);
	}
	exact_free(b.p);
	assert_int_equal(FLAT(.parent = "02" "8105" "0081000001"), -EBADMSG);
	assert_int_equal(FLAT(.parent = "02" "820005" "0081000001"), -EBADMSG);
	assert_int_equal(FLAT(.pubkey = "04" "8105" "0003aabbcc"), -EBADMSG);
	assert_int_equal(FLAT(.pubkey = "04" "820005" "0003aabbcc"), -EBADMSG);
	assert_int_equal(decode_hex("30" "84ffffffff"), -EBADMSG);
	assert_int_equal(decode_hex("30" "84ffffffff" "00000000"), -EBADMSG);
	assert_int_equal(decode_hex("30" "88ffffffffffffffff"), -EBADMSG);
	assert_int_equal(decode_hex("30" "ff"), -EBADMSG);
	assert_int_equal(decode_hex("30" "81"), -EBADMSG);
	assert_int_equal(decode_hex("30" "82"), -EBADMSG);
	assert_int_equal(decode_hex("30" "8201"), -EBADMSG);
}

static void indefinite_lengths_are_refused(void **state)
{
	struct bytes b = vector("der.vec", "flat");
	struct der *d = der_new();

	(void)state;
	der_hex(d, "3080");
	der_raw(d, b.p + 4, b.len - 4);
	der_hex(d, "0000");
	assert_int_equal(decode_der(d), -EBADMSG);
	exact_free(b.p);
	assert_int_equal(FLAT(.before = "a080" "0101ff" "0000"), -EBADMSG);
	assert_int_equal(FLAT(.pubkey = "2480" "04050003aabbcc" "0000"),
			 -EBADMSG);
	assert_int_equal(decode_hex("3080"), -EBADMSG);
	assert_int_equal(decode_hex("30800000"), -EBADMSG);
	assert_int_equal(decode_hex("3080308030803080"), -EBADMSG);
}

static void nests_are_refused(void **state)
{
	struct der *in = der_new(), *out;
	int depth;

	(void)state;
	for (depth = 0; depth < 1000; depth++) {
		out = der_new();
		der_wrap(out, 0x30, in);
		in = out;
	}
	assert_int_equal(decode_der(in), -EBADMSG);
	/* An object in a sequence of its own, a chain in a sequence. */
	in = object(&(const struct fields){ 0 }, SRK_HANDLE, "");
	out = der_new();
	der_wrap(out, 0x30, in);
	assert_int_equal(decode_der(out), -EBADMSG);
}

static void no_object_is_refused(void **state)
{
	(void)state;
	assert_int_equal(decode_hex(""), -EBADMSG);
	assert_int_equal(decode_hex("30"), -EBADMSG);
	assert_int_equal(decode_hex("3000"), -EBADMSG);
	assert_int_equal(decode_hex("30023000"), -EBADMSG);
	assert_int_equal(decode_hex("0500"), -EBADMSG);
	assert_int_equal(decode_hex("3100"), -EBADMSG);
	assert_int_equal(decode_hex("30" "08" OID_LOADABLE), -EBADMSG);
}

static void too_long_is_too_big(void **state)
{
	u8 *p = calloc(1, TKM_CHAIN_MAX + 1);

	(void)state;
	assert_int_equal(decode(p, TKM_CHAIN_MAX), -EBADMSG);
	assert_int_equal(decode(p, TKM_CHAIN_MAX + 1), -E2BIG);
	memcpy(p, "\x30\x82\x1f\xfd", 4);
	assert_int_equal(decode(p, TKM_CHAIN_MAX + 1), -E2BIG);
	free(p);
}

/* ---- fields of one object ---------------------------------------------- */

static void types_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(FLAT(.type = OID_LOADABLE), 0);
	assert_int_equal(FLAT(.type = OID_SEALED), 0);
	assert_int_equal(FLAT(.type = OID_IMPORTABLE), -EOPNOTSUPP);
	assert_int_equal(CHAIN(1, .type = OID_IMPORTABLE), -EOPNOTSUPP);
	assert_int_equal(FLAT(.type = "06066781050a0100"), -EBADMSG);
	assert_int_equal(FLAT(.type = "06066781050a0102"), -EBADMSG);
	assert_int_equal(FLAT(.type = "06066781050a0106"), -EBADMSG);
	assert_int_equal(FLAT(.type = "06066781050a0203"), -EBADMSG);
	assert_int_equal(FLAT(.type = "06056781050a01"), -EBADMSG);
	assert_int_equal(FLAT(.type = "06076781050a010300"), -EBADMSG);
	assert_int_equal(FLAT(.type = "06092a864886f70d010101"), -EBADMSG);
	assert_int_equal(FLAT(.type = "0600"), -EBADMSG);
	assert_int_equal(FLAT(.type = ""), -EBADMSG);
	assert_int_equal(FLAT(.type = OID_LOADABLE OID_LOADABLE), -EBADMSG);
}

static void empty_auth_is_a_der_boolean(void **state)
{
	(void)state;
	assert_int_equal(FLAT(.before = "a003" "0101ff"), 0);
	assert_int_equal(FLAT(.before = "a003" "010100"), 0);
	/* tpm2_encodeobject's TRUE, and nothing else that is not DER. */
	assert_int_equal(FLAT(.before = "a003" "010101"), 0);
	assert_int_equal(FLAT(.before = "a003" "010102"), -EBADMSG);
	assert_int_equal(FLAT(.before = "a003" "01017f"), -EBADMSG);
	assert_int_equal(FLAT(.before = "a003" "0101fe"), -EBADMSG);
	assert_int_equal(FLAT(.before = "a002" "0100"), -EBADMSG);
	assert_int_equal(FLAT(.before = "a000"), -EBADMSG);
	assert_int_equal(FLAT(.before = "a004" "0102ffff"), -EBADMSG);
	assert_int_equal(FLAT(.before = "a003" "0201ff"), -EBADMSG);
	assert_int_equal(FLAT(.before = "a006" "0101ff0101ff"), -EBADMSG);
	assert_int_equal(FLAT(.before = "8001" "ff"), -EBADMSG);
	assert_int_equal(FLAT(.before = "0101ff"), -EBADMSG);
	assert_int_equal(FLAT(.before = "a0030101ff" "a0030101ff"), -EBADMSG);
	assert_int_equal(CHAIN(2, .before = "a003" "0101ff"), 0);
	assert_int_equal(CHAIN(2, .before = "a003" "010100"), -EBADMSG);
	assert_int_equal(CHAIN(2, .before = "a003" "010101"), -EBADMSG);
}

#define ELEMENT "300b" "a004" "0202017f" "a103" "0401" "00"

static void policies_are_lists_of_elements(void **state)
{
	(void)state;
	assert_int_equal(FLAT(.before = "a10f" "300d" ELEMENT), 0);
	assert_int_equal(FLAT(.before = "a11c" "301a" ELEMENT ELEMENT), 0);
	/* An empty body is PolicyAuthValue's. */
	assert_int_equal(FLAT(.before = "a10e" "300c" "300a" "a004" "0202016b"
			      "a102" "0400"), 0);
	assert_int_equal(FLAT(.before = "a102" "3000"), -EBADMSG);
	assert_int_equal(FLAT(.before = "a100"), -EBADMSG);
	assert_int_equal(FLAT(.before = "a10d" ELEMENT), -EBADMSG);
	assert_int_equal(FLAT(.before = "a111" "300f" ELEMENT "0500"),
			 -EBADMSG);
	assert_int_equal(FLAT(.before = "a111" "300d" ELEMENT "0500"),
			 -EBADMSG);
	assert_int_equal(FLAT(.before = "a10f" "300d" ELEMENT
			      "a10f" "300d" ELEMENT), -EBADMSG);
	/* Before its code, without it, without a body, with more. */
	assert_int_equal(FLAT(.before = "a10f" "300d" "300b" "a103" "040100"
			      "a004" "0202017f"), -EBADMSG);
	assert_int_equal(FLAT(.before = "a109" "3007" "3005" "a103" "040100"),
			 -EBADMSG);
	assert_int_equal(FLAT(.before = "a10a" "3008" "3006" "a004"
			      "0202017f"), -EBADMSG);
	assert_int_equal(FLAT(.before = "a111" "300f" "300d" "a004" "0202017f"
			      "a103" "040100" "0500"), -EBADMSG);
	/* After what must come after it. */
	assert_int_equal(FLAT(.before = "a10f" "300d" ELEMENT "a0030101ff"),
			 -EBADMSG);
}

static void command_codes_are_der_integers(void **state)
{
	(void)state;
	/* Negative, padded, above 32 bits, none. */
	assert_int_equal(FLAT(.before = "a10e" "300c" "300a" "a003" "020180"
			      "a103" "040100"), -EBADMSG);
	assert_int_equal(FLAT(.before = "a10f" "300d" "300b" "a004" "0202007f"
			      "a103" "040100"), -EBADMSG);
	assert_int_equal(FLAT(.before = "a112" "3010" "300e" "a007"
			      "02050100000000" "a103" "040100"), -EBADMSG);
	assert_int_equal(FLAT(.before = "a10d" "300b" "3009" "a002" "0200"
			      "a103" "040100"), -EBADMSG);
	assert_int_equal(FLAT(.before = "a112" "3010" "300e" "a007"
			      "020500ffffffff" "a103" "040100"), 0);
}

static void eight_elements_are_the_most(void **state)
{
	struct der *d, *list, *field;
	int n, i, want;

	(void)state;
	for (n = 1; n < 20; n++) {
		struct der *in = der_new();

		list = der_new();
		for (i = 0; i < n; i++)
			der_hex(list, ELEMENT);
		field = der_new();
		der_wrap(field, 0x30, list);
		der_hex(in, OID_LOADABLE);
		der_wrap(in, 0xa1, field);
		der_hex(in, SRK_HANDLE "04050003aabbcc" "04040002ddee");
		d = der_new();
		der_wrap(d, 0x30, in);
		want = n <= TKM_POLICY_MAX ? 0 : -EOPNOTSUPP;
		assert_int_equal(decode_der(d), want);
	}
}

static void secret_and_auth_policy_are_unsupported(void **state)
{
	(void)state;
	assert_int_equal(FLAT(.before = "a203" "040100"), -EOPNOTSUPP);
	assert_int_equal(FLAT(.before = "a302" "3000"), -EOPNOTSUPP);
	assert_int_equal(FLAT(.before = "a0030101ff" "a203040100"),
			 -EOPNOTSUPP);
	assert_int_equal(CHAIN(3, .before = "a203" "040100"), -EOPNOTSUPP);
	/* Behind the description, where they do not belong. */
	assert_int_equal(FLAT(.description = "a4030c0178",
			      .after = "a203" "040100"), -EBADMSG);
}

static void descriptions_are_short_texts(void **state)
{
	char hex[2000];
	int n;

	(void)state;
	assert_int_equal(FLAT(.description = "a403" "0c01" "78"), 0);
	assert_int_equal(FLAT(.description = "a402" "0c00"), -EBADMSG);
	assert_int_equal(FLAT(.description = "a403" "1301" "78"), -EBADMSG);
	assert_int_equal(FLAT(.description = "a403" "0401" "78"), -EBADMSG);
	assert_int_equal(FLAT(.description = "8401" "78"), -EBADMSG);
	assert_int_equal(FLAT(.description = "a4030c0178" "a4030c0178"),
			 -EBADMSG);
	assert_int_equal(CHAIN(1, .description = ""), -EBADMSG);
	assert_int_equal(CHAIN(0, .description = "a402" "0c00"), -EBADMSG);
	for (n = 600; n < 700; n++) {
		snprintf(hex, sizeof(hex), "a482%04x" "0c82%04x%0*d", n + 4, n,
			 2 * n, 0);
		assert_int_equal(FLAT(.description = hex),
				 n <= TKM_RECORD_MAX ? 0 : -EBADMSG);
	}
}

static void rsa_parent_is_read_past_in_foreign_objects(void **state)
{
	(void)state;
	assert_int_equal(FLAT(.after = "a503" "0101ff"), 0);
	assert_int_equal(FLAT(.after = "a503" "010100"), 0);
	assert_int_equal(FLAT(.after = "a503" "010101"), -EBADMSG);
	assert_int_equal(FLAT(.after = "a500"), -EBADMSG);
	assert_int_equal(FLAT(.after = "a5030101ff" "a5030101ff"), -EBADMSG);
	assert_int_equal(FLAT(.after = "a603" "0101ff"), -EBADMSG);
	assert_int_equal(CHAIN(0, .after = "a503" "0101ff"), -EBADMSG);
	assert_int_equal(CHAIN(3, .after = "a503" "010100"), -EBADMSG);
}

static void parents_are_der_integers(void **state)
{
	(void)state;
	assert_int_equal(FLAT(.parent = "020101"), 0);
	assert_int_equal(FLAT(.parent = "020440000001"), 0);
	assert_int_equal(FLAT(.parent = "020500ffffffff"), 0);
	/* Previous, with nothing before it; none; negative. */
	assert_int_equal(FLAT(.parent = "020100"), -EBADMSG);
	assert_int_equal(FLAT(.parent = "0200"), -EBADMSG);
	assert_int_equal(FLAT(.parent = ""), -EBADMSG);
	assert_int_equal(FLAT(.parent = "0201ff"), -EBADMSG);
	assert_int_equal(FLAT(.parent = "020481000001"), -EBADMSG);
	/* Padded, above 32 bits, of nine bytes, of 127. */
	assert_int_equal(FLAT(.parent = "02020001"), -EBADMSG);
	assert_int_equal(FLAT(.parent = "0206000081000001"), -EBADMSG);
	assert_int_equal(FLAT(.parent = "02050100000000"), -EBADMSG);
	assert_int_equal(FLAT(.parent = "02050181000001"), -EBADMSG);
	assert_int_equal(FLAT(.parent = "0209010000000081000001"), -EBADMSG);
	assert_int_equal(FLAT(.parent = "0a050081000001"), -EBADMSG);
	assert_int_equal(FLAT(.parent = SRK_HANDLE SRK_HANDLE), -EBADMSG);
}

static void areas_are_whole_tpm2bs(void **state)
{
	static const char *const bad[] = {
		"", "0400", "040100", "04020000", "04030002aa",
		"04050002aabbcc", "04040003aabb", "0404ffffaabb",
		"04030000aa", "05020001aa", "24050003aabbcc",
	};
	char hex[5000];
	size_t i;
	int n;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(FLAT(.pubkey = bad[i]), -EBADMSG);
		assert_int_equal(FLAT(.privkey = bad[i]), -EBADMSG);
	}
	for (n = 1020; n < 1030; n++) {
		snprintf(hex, sizeof(hex), "0482%04x%04x%0*d", n + 2, n, 2 * n,
			 0);
		assert_int_equal(FLAT(.pubkey = hex),
				 n <= 1024 ? 0 : -EBADMSG);
		assert_int_equal(FLAT(.privkey = hex),
				 n <= 1024 ? 0 : -EBADMSG);
	}
}

static void fields_after_the_last_are_refused(void **state)
{
	(void)state;
	assert_int_equal(FLAT(.end = "0500"), -EBADMSG);
	assert_int_equal(FLAT(.end = "00"), -EBADMSG);
	assert_int_equal(FLAT(.end = "04040002ddee"), -EBADMSG);
	assert_int_equal(CHAIN(0, .end = "0500"), -EBADMSG);
	assert_int_equal(CHAIN(3, .end = "0500"), -EBADMSG);
}

/* ---- what lies below, alone ---------------------------------------------- */

static int decode_below(struct der *d)
{
	const u8 *copy = exact(d->p, d->len);
	struct tkm_object obj;
	int ret = tkm_below_decode(copy, d->len, &obj);

	exact_free(copy);
	free(d);
	return ret;
}

static void an_object_below_stands_alone(void **state)
{
	static const char description[] = "a403" "0c01" "78";
	static const struct fields usual;
	static u8 zeros[TKM_CHAIN_MAX + 1];
	struct tkm_object obj;
	struct der *d;

	(void)state;
	assert_int_equal(decode_below(object(&usual, PREVIOUS, description)), 0);
	assert_int_equal(decode_below(object(&usual, SRK_HANDLE, description)),
			 -EBADMSG);
	d = object(&usual, PREVIOUS, description);
	der_hex(d, "0500");
	assert_int_equal(decode_below(d), -EBADMSG);
	d = object(&usual, PREVIOUS, description);
	d->len--;
	assert_int_equal(decode_below(d), -EBADMSG);
	assert_int_equal(tkm_below_decode(zeros, sizeof(zeros), &obj), -E2BIG);
}

/* ---- a move ------------------------------------------------------------ */

static const u8 inner_key[TKM_INNER_SIZE] = "sixteen bytes...";
static const u8 some_secret[] = { 0, 32, 1, 2, 3 };

static struct tkm_move sample_move(const struct tkm_chain *chain)
{
	struct tkm_move move = {
		.obj = chain->obj[3],
		.secret = some_secret,
		.secret_len = sizeof(some_secret),
		.inner = inner_key,
	};

	move.obj.type = TKM_OBJECT_IMPORTABLE;
	return move;
}

static int decode_move(const u8 *der, size_t len, struct tkm_move *move)
{
	const u8 *copy = exact(der, len);
	int ret = tkm_move_decode(copy, len, move);

	exact_free(copy);
	return ret;
}

static void a_move_is_written_and_read(void **state)
{
	struct bytes b = vector("chains.vec", "portablepcrs");
	u8 out[TKM_MOVE_MAX], flat[TKM_MOVE_MAX];
	struct tkm_chain chain;
	struct tkm_move move, back;
	ssize_t n;
	size_t i;
	u8 *copy;

	(void)state;
	assert_int_equal(tkm_blob_decode(b.p, b.len, &chain), 0);
	move = sample_move(&chain);
	n = tkm_move_encode(&move, out, sizeof(out));
	assert_true(n > 0);
	copy = bytes_of(out, (size_t)n).p;
	assert_int_equal(tkm_move_decode(copy, (size_t)n, &back), 0);
	assert_int_equal(back.obj.type, TKM_OBJECT_IMPORTABLE);
	assert_int_equal(back.obj.policy.n, move.obj.policy.n);
	assert_int_equal(back.secret_len, sizeof(some_secret));
	assert_memory_equal(back.secret, some_secret, sizeof(some_secret));
	assert_memory_equal(back.inner, inner_key, sizeof(inner_key));
	assert_int_equal(back.obj.pub_len, move.obj.pub_len);
	assert_memory_equal(back.obj.priv, move.obj.priv, move.obj.priv_len);
	assert_int_equal(tkm_move_encode(&back, flat, sizeof(flat)), n);
	assert_memory_equal(out, flat, (size_t)n);
	exact_free(copy);
	/* M-2: no byte less or more. */
	for (i = 0; i < (size_t)n; i++)
		assert_int_equal(decode_move(out, i, &back), -EBADMSG);
	out[n] = 0;
	assert_int_equal(decode_move(out, (size_t)n + 1, &back), -EBADMSG);
	assert_int_equal(tkm_move_decode(out, TKM_MOVE_MAX + 1, &back), -E2BIG);
	/* No chain, and the other way round. */
	assert_int_equal(tkm_blob_decode(out, (size_t)n, &chain), -EOPNOTSUPP);
	assert_int_equal(decode_move(b.p, b.len, &back), -EOPNOTSUPP);
	assert_int_equal(tkm_move_encode(&move, out, (size_t)n - 1), -EMSGSIZE);
	exact_free(b.p);
}

/* A field more inside of it, which the lengths count. */
static void a_move_has_its_fields_and_no_more(void **state)
{
	struct bytes b = vector("chains.vec", "portable");
	u8 out[TKM_MOVE_MAX];
	struct tkm_chain chain;
	struct tkm_move move;
	ssize_t n;

	(void)state;
	assert_int_equal(tkm_blob_decode(b.p, b.len, &chain), 0);
	move = sample_move(&chain);
	n = tkm_move_encode(&move, out, sizeof(out) - 2);
	assert_true(n > 256);
	assert_int_equal(out[1], 0x82);
	put_unaligned_be16(get_unaligned_be16(out + 2) + 2, out + 2);
	memcpy(out + n, "\x05\0", 2);
	assert_int_equal(decode_move(out, (size_t)n + 2, &move), -EBADMSG);
	exact_free(b.p);
}

static void what_is_no_move_is_not_written(void **state)
{
	struct bytes b = vector("chains.vec", "portable");
	u8 out[TKM_MOVE_MAX];
	struct tkm_chain chain;
	struct tkm_move move;

	(void)state;
	assert_int_equal(tkm_blob_decode(b.p, b.len, &chain), 0);
	move = sample_move(&chain);
	assert_true(tkm_move_encode(&move, out, sizeof(out)) > 0);
#define NO_MOVE(change)                                                      \
	do {                                                                  \
		move = sample_move(&chain);                                   \
		change;                                                       \
		assert_int_equal(tkm_move_encode(&move, out, sizeof(out)),    \
				 -EINVAL);                                    \
	} while (0)
	NO_MOVE(move.obj.type = TKM_OBJECT_SEALED);
	NO_MOVE(move.obj.parent = TKM_SRK_HANDLE);
	NO_MOVE(move.secret_len = 0);
	NO_MOVE(move.secret_len = 1025);
	NO_MOVE(move.obj.description = NULL);
	NO_MOVE(move.obj.priv_len = 0);
	chain.obj[3].type = TKM_OBJECT_IMPORTABLE;
	assert_int_equal(tkm_blob_encode(&chain, out, sizeof(out)), -EINVAL);
	exact_free(b.p);
}

/* ---- the shape of a chain ---------------------------------------------- */

/* All four; or fewer, where what moved left some behind: chain.c knows which. */
static void chain_has_exactly_its_objects(void **state)
{
	static const struct fields usual;
	struct der *list, *d, *o;
	int n, i;

	(void)state;
	for (n = 0; n < 8; n++) {
		list = der_new();
		for (i = 0; i < n; i++) {
			o = object(&usual, i ? PREVIOUS : SRK_HANDLE,
				   "a403" "0c01" "78");
			der_raw(list, o->p, o->len);
			free(o);
		}
		d = der_new();
		der_wrap(d, 0x30, list);
		assert_int_equal(decode_der(d), n >= 2 && n <= 4 ? 0 : -EBADMSG);
	}
}

static void chain_hangs_together(void **state)
{
	unsigned int i;

	(void)state;
	assert_int_equal(CHAIN(0, .parent = PREVIOUS), -EBADMSG);
	for (i = 1; i < 4; i++)
		assert_int_equal(CHAIN(i, .parent = SRK_HANDLE), -EBADMSG);
	for (i = 0; i < 3; i++)
		assert_int_equal(CHAIN(i, .type = OID_SEALED), -EBADMSG);
	assert_int_equal(CHAIN(3, .type = OID_SEALED), 0);
	assert_int_equal(CHAIN(3, .type = OID_LOADABLE), 0);
}

/* The chains of the module: one has a PolicyAuthValue, whose body is empty. */
static void chains_of_the_module_come_back(void **state)
{
	static const char *const names[] = { "plain", "pcrs", "auth", "both",
					     "dates", "flat", "flatpcrs" };
	u8 out[TKM_CHAIN_MAX];
	struct tkm_chain chain;
	struct bytes b;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		b = vector("chains.vec", names[i]);
		assert_int_equal(tkm_blob_decode(b.p, b.len, &chain), 0);
		assert_int_equal(tkm_blob_encode(&chain, out, sizeof(out)),
				 b.len);
		assert_memory_equal(out, b.p, b.len);
		exact_free(b.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loadable_of_tpm2_tools_is_read),
		cmocka_unit_test(sealed_object_of_openssl_is_read),
		cmocka_unit_test(chain_of_openssl_is_read),
		cmocka_unit_test(encoder_writes_what_openssl_writes),
		cmocka_unit_test(encoder_needs_the_whole_length),
		cmocka_unit_test(areas_of_every_length_come_back),
		cmocka_unit_test(handles_of_every_length_come_back),
		cmocka_unit_test(encoder_refuses_what_the_decoder_would),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(every_flipped_bit_is_refused_or_seen),
		cmocka_unit_test(every_other_header_byte_is_refused_or_seen),
		cmocka_unit_test(trailing_bytes_are_refused),
		cmocka_unit_test(lengths_of_other_forms_are_refused),
		cmocka_unit_test(indefinite_lengths_are_refused),
		cmocka_unit_test(nests_are_refused),
		cmocka_unit_test(no_object_is_refused),
		cmocka_unit_test(too_long_is_too_big),
		cmocka_unit_test(types_are_told_apart),
		cmocka_unit_test(empty_auth_is_a_der_boolean),
		cmocka_unit_test(policies_are_lists_of_elements),
		cmocka_unit_test(command_codes_are_der_integers),
		cmocka_unit_test(eight_elements_are_the_most),
		cmocka_unit_test(secret_and_auth_policy_are_unsupported),
		cmocka_unit_test(descriptions_are_short_texts),
		cmocka_unit_test(rsa_parent_is_read_past_in_foreign_objects),
		cmocka_unit_test(parents_are_der_integers),
		cmocka_unit_test(areas_are_whole_tpm2bs),
		cmocka_unit_test(fields_after_the_last_are_refused),
		cmocka_unit_test(an_object_below_stands_alone),
		cmocka_unit_test(a_move_is_written_and_read),
		cmocka_unit_test(a_move_has_its_fields_and_no_more),
		cmocka_unit_test(what_is_no_move_is_not_written),
		cmocka_unit_test(chain_has_exactly_its_objects),
		cmocka_unit_test(chain_hangs_together),
		cmocka_unit_test(chains_of_the_module_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
