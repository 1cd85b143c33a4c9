// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * TSS2 key objects, the ASN.1 of trusted keys, openssl's engines and
 * ssh-tpm-agent, and chains of them:
 *
 *   Chain  ::= SEQUENCE SIZE (2..4) OF TPMKey
 *   Branch ::= SEQUENCE SIZE (1..3) OF TPMKey    -- its storage keys, from the top
 *   TPMKey ::= SEQUENCE {
 *     type         OBJECT IDENTIFIER,           -- 2.23.133.10.1.3 to .5
 *     emptyAuth    [0] EXPLICIT BOOLEAN OPTIONAL,
 *     policy       [1] EXPLICIT SEQUENCE OF TPMPolicy OPTIONAL,
 *     secret       [2] EXPLICIT OCTET STRING OPTIONAL,   -- of a Move's only
 *     authPolicy   [3] EXPLICIT SEQUENCE OF ... OPTIONAL, -- refused
 *     description  [4] EXPLICIT UTF8String OPTIONAL,
 *     rsaParent    [5] EXPLICIT BOOLEAN OPTIONAL, -- a foreign object's only
 *     parent       INTEGER,
 *     pubkey       OCTET STRING,                -- TPM2B_PUBLIC
 *     privkey      OCTET STRING }               -- TPM2B_PRIVATE
 *   TPMPolicy ::= SEQUENCE {
 *     commandCode   [0] EXPLICIT INTEGER,
 *     commandPolicy [1] EXPLICIT OCTET STRING }
 *   Move ::= SEQUENCE {                         -- to another TPM
 *     object TPMKey,                            -- importable, with a secret
 *     inner  OCTET STRING }
 *   TPMAuthPolicy ::= SEQUENCE {                -- an approval
 *     name          [0] EXPLICIT UTF8String OPTIONAL,
 *     policy        [1] EXPLICIT SEQUENCE OF TPMPolicy }
 *
 * Only DER is read, so a chain has one spelling. The reader goes down through
 * readers that end where their value ends; the writer goes backwards, from
 * the last byte of the last field, because a DER length stands in front of
 * what it measures.
 */
#include "core.h"

#define DER_BOOLEAN	0x01
#define DER_INTEGER	0x02
#define DER_OCTETS	0x04
#define DER_OID		0x06
#define DER_UTF8	0x0c
#define DER_SEQUENCE	0x30
#define DER_EXPLICIT(n)	(0xa0 + (n))

/* Field numbers of TPMKey, of TPMAuthPolicy (whose policy has the same) and of TPMPolicy. */
#define KEY_EMPTY_AUTH	DER_EXPLICIT(0)
#define KEY_POLICY	DER_EXPLICIT(1)
#define KEY_SECRET	DER_EXPLICIT(2)
#define KEY_AUTH_POLICY	DER_EXPLICIT(3)
#define KEY_DESCRIPTION	DER_EXPLICIT(4)
#define KEY_RSA_PARENT	DER_EXPLICIT(5)
#define APPROVAL_NAME	DER_EXPLICIT(0)
#define POLICY_CODE	DER_EXPLICIT(0)
#define POLICY_BODY	DER_EXPLICIT(1)

/* Largest TPMT_PUBLIC and private area: twice what an RSA-4096 key takes. */
#define AREA_MAX	1024

/* 2.23.133.10.1, without the last number. */
static const u8 oid_prefix[] = { 0x67, 0x81, 0x05, 0x0a, 0x01 };
#define OID_LOADABLE	3
#define OID_IMPORTABLE	4
#define OID_SEALED	5

/* ---- reading DER ------------------------------------------------------- */

/* A definite length in its shortest form, of two bytes at most. */
static size_t get_length(struct tkm_reader *r)
{
	u8 first = tkm_get_u8(r);
	size_t n;

	if (first < 0x80)
		return first;
	if (first == 0x81) {
		n = tkm_get_u8(r);
		if (n < 0x80)
			r->bad = true;
		return n;
	}
	n = tkm_get_u16(r);
	if (first != 0x82 || n < 0x100)
		r->bad = true;
	return n;
}

static bool next_is(const struct tkm_reader *r, u8 tag)
{
	return !r->bad && r->len && r->data[0] == tag;
}

/*
 * The content of the next value, which must have this tag. When it has not,
 * both readers are bad, and so is everything that is read from them.
 */
static struct tkm_reader get_value(struct tkm_reader *r, u8 tag)
{
	struct tkm_reader content = { 0 };
	const u8 *p;
	size_t n;

	if (tkm_get_u8(r) != tag)
		r->bad = true;
	n = get_length(r);
	p = tkm_get_bytes(r, n);
	if (p)
		tkm_reader_init(&content, p, n);
	else
		content.bad = true;
	return content;
}

/*
 * The value of type @tag that is all there is in the explicit tag @outer. An
 * error inside is an error of @r.
 */
static struct tkm_reader get_explicit(struct tkm_reader *r, u8 outer, u8 tag)
{
	struct tkm_reader wrapper = get_value(r, outer);
	struct tkm_reader content = get_value(&wrapper, tag);

	if (!tkm_reader_done(&wrapper)) {
		r->bad = true;
		content.bad = true;
	}
	return content;
}

/* Not negative, at most 32 bits, in the shortest form. */
static u32 integer_value(struct tkm_reader *r, struct tkm_reader content)
{
	const u8 *p = content.data;
	size_t n = content.len;
	u32 v = 0;

	if (content.bad || !n || n > 5 || (p[0] & 0x80) ||
	    (n > 1 && !p[0] && !(p[1] & 0x80)) || (n == 5 && p[0])) {
		r->bad = true;
		return 0;
	}
	for (; n; n--)
		v = v << 8 | *p++;
	return v;
}

/*
 * 0 for FALSE, ff for TRUE. tpm2-tools writes TRUE as 01, which is no DER; of a
 * foreign object that one spelling is read too, and no other: TRUE with a bit
 * flipped stays damaged.
 */
static u8 boolean_value(struct tkm_reader *r, struct tkm_reader content,
			bool foreign)
{
	u8 v = tkm_get_u8(&content);

	if (!tkm_reader_done(&content) ||
	    (v != 0 && v != 0xff && !(foreign && v == 1)))
		r->bad = true;
	return v;
}

/* ---- reading an object ------------------------------------------------- */

static int get_type(struct tkm_reader *r, struct tkm_object *obj)
{
	struct tkm_reader oid = get_value(r, DER_OID);
	const u8 *prefix = tkm_get_bytes(&oid, sizeof(oid_prefix));
	u8 last = tkm_get_u8(&oid);

	if (!tkm_reader_done(&oid) ||
	    memcmp(prefix, oid_prefix, sizeof(oid_prefix)))
		return -EBADMSG;
	switch (last) {
	case OID_LOADABLE:
		obj->type = TKM_OBJECT_LOADABLE;
		return 0;
	case OID_SEALED:
		obj->type = TKM_OBJECT_SEALED;
		return 0;
	case OID_IMPORTABLE:
		obj->type = TKM_OBJECT_IMPORTABLE;
		return 0;
	default:
		return -EBADMSG;
	}
}

static void get_element(struct tkm_reader *list, struct tkm_policy_element *el)
{
	struct tkm_reader r = get_value(list, DER_SEQUENCE);
	struct tkm_reader code = get_explicit(&r, POLICY_CODE, DER_INTEGER);
	struct tkm_reader body = get_explicit(&r, POLICY_BODY, DER_OCTETS);

	el->cc = integer_value(&r, code);
	el->body = body.data;
	el->body_len = (u16)body.len;
	if (!tkm_reader_done(&r))
		list->bad = true;
}

static int get_policy(struct tkm_reader *r, struct tkm_policy *policy)
{
	struct tkm_reader list;

	if (!next_is(r, KEY_POLICY))
		return 0;
	list = get_explicit(r, KEY_POLICY, DER_SEQUENCE);
	if (list.bad || !list.len)
		return -EBADMSG;
	while (list.len && !list.bad) {
		if (policy->n == TKM_POLICY_MAX)
			return -EOPNOTSUPP;
		get_element(&list, &policy->el[policy->n++]);
	}
	return list.bad ? -EBADMSG : 0;
}

static void get_empty_auth(struct tkm_reader *r, struct tkm_object *obj,
			   bool foreign)
{
	u8 said;

	if (!next_is(r, KEY_EMPTY_AUTH))
		return;
	said = boolean_value(r, get_explicit(r, KEY_EMPTY_AUTH, DER_BOOLEAN),
			     foreign);
	obj->empty_auth = said;
	/*
	 * The format recommends to leave FALSE out. tpm2_encodeobject does not,
	 * and with -p, which is for objects that have an authValue, says TRUE:
	 * what it says, FALSE or 01, says nothing.
	 */
	obj->auth_unsaid = said != 0xff;
	if (obj->auth_unsaid && !foreign)
		r->bad = true;
}

static void get_description(struct tkm_reader *r, struct tkm_object *obj,
			    bool foreign)
{
	struct tkm_reader text;

	if (!next_is(r, KEY_DESCRIPTION)) {
		if (!foreign)
			r->bad = true;
		return;
	}
	text = get_explicit(r, KEY_DESCRIPTION, DER_UTF8);
	if (!text.len || text.len > TKM_RECORD_MAX)
		r->bad = true;
	obj->description = (const char *)text.data;
	obj->description_len = (u16)text.len;
}

/* Says how a parent was made that is not tkm's affair: read past it. */
static void skip_rsa_parent(struct tkm_reader *r, bool foreign)
{
	if (foreign && next_is(r, KEY_RSA_PARENT))
		boolean_value(r, get_explicit(r, KEY_RSA_PARENT, DER_BOOLEAN),
			      false);
}

/* An OCTET STRING that is one whole TPM2B. */
static const u8 *get_area(struct tkm_reader *r, u16 *len)
{
	struct tkm_reader octets = get_value(r, DER_OCTETS);
	const u8 *p = tkm_get_tpm2b(&octets, len);

	if (!tkm_reader_done(&octets) || !*len || *len > AREA_MAX)
		r->bad = true;
	return p;
}

/* The same in an explicit tag. */
static const u8 *get_secret(struct tkm_reader *r, u16 *len)
{
	struct tkm_reader wrapper = get_value(r, KEY_SECRET);
	const u8 *p = get_area(&wrapper, len);

	if (!tkm_reader_done(&wrapper))
		r->bad = true;
	return p;
}

/* With @move an object of one, else of a chain. */
static int get_object(struct tkm_reader *list, struct tkm_object *obj,
		      bool foreign, struct tkm_move *move)
{
	struct tkm_reader r = get_value(list, DER_SEQUENCE);
	int ret;

	ret = get_type(&r, obj);
	if (ret)
		return ret;
	if ((obj->type == TKM_OBJECT_IMPORTABLE) != !!move)
		return -EOPNOTSUPP;
	get_empty_auth(&r, obj, foreign);
	ret = get_policy(&r, &obj->policy);
	if (ret)
		return ret;
	if (move)
		move->secret = get_secret(&r, &move->secret_len);
	if (next_is(&r, KEY_SECRET) || next_is(&r, KEY_AUTH_POLICY))
		return -EOPNOTSUPP;
	get_description(&r, obj, foreign);
	skip_rsa_parent(&r, foreign);
	obj->parent = integer_value(&r, get_value(&r, DER_INTEGER));
	obj->pub = get_area(&r, &obj->pub_len);
	obj->priv = get_area(&r, &obj->priv_len);
	return tkm_reader_done(&r) ? 0 : -EBADMSG;
}

/* What is right or wrong only where the object stands. */
static bool fits_place(const struct tkm_object *obj, unsigned int place,
		       unsigned int n)
{
	if (place < n - 1 && obj->type != TKM_OBJECT_LOADABLE)
		return false;
	return (place == 0) == (obj->parent != TKM_PARENT_PREVIOUS);
}

static int get_chain(struct tkm_reader *r, struct tkm_chain *chain,
		     unsigned int n)
{
	struct tkm_reader list = get_value(r, DER_SEQUENCE);
	unsigned int i;
	int ret;

	chain->n = n;
	for (i = 0; i < chain->n; i++) {
		ret = get_object(&list, &chain->obj[i], false, NULL);
		if (ret)
			return ret;
		if (!fits_place(&chain->obj[i], i, chain->n))
			return -EBADMSG;
	}
	return tkm_reader_done(&list) ? 0 : -EBADMSG;
}

static int get_flat(struct tkm_reader *r, struct tkm_chain *chain)
{
	int ret;

	chain->n = 1;
	chain->flat = true;
	ret = get_object(r, &chain->obj[0], true, NULL);
	if (ret)
		return ret;
	return fits_place(&chain->obj[0], 0, 1) ? 0 : -EBADMSG;
}

/* How many values follow one another; what is none ends the count. */
static unsigned int count_values(struct tkm_reader r)
{
	unsigned int n = 0;

	while (next_is(&r, DER_SEQUENCE) && n < TKM_CHAIN_OBJECTS) {
		get_value(&r, DER_SEQUENCE);
		n += !r.bad;
	}
	return n;
}

int tkm_blob_decode(const u8 *der, size_t len, struct tkm_chain *chain)
{
	struct tkm_reader r, peek;
	unsigned int n;
	int ret;

	memset(chain, 0, sizeof(*chain));
	if (len > TKM_CHAIN_MAX)
		return -E2BIG;
	tkm_reader_init(&r, der, len);

	/* A chain begins with an object, an object with its type. */
	peek = r;
	peek = get_value(&peek, DER_SEQUENCE);
	n = count_values(peek);
	if (next_is(&peek, DER_SEQUENCE))
		ret = get_chain(&r, chain, n < 2 ? TKM_CHAIN_OBJECTS : n);
	else
		ret = get_flat(&r, chain);
	if (ret)
		return ret;
	return tkm_reader_done(&r) ? 0 : -EBADMSG;
}

int tkm_branch_decode(const u8 *der, size_t len, struct tkm_chain *branch)
{
	struct tkm_reader r, peek;
	unsigned int n;
	int ret;

	memset(branch, 0, sizeof(*branch));
	if (len > TKM_CHAIN_MAX)
		return -E2BIG;
	tkm_reader_init(&r, der, len);
	peek = r;
	n = count_values(get_value(&peek, DER_SEQUENCE));
	if (!n || n == TKM_CHAIN_OBJECTS)
		return -EBADMSG;
	ret = get_chain(&r, branch, n);
	if (ret)
		return ret;
	return tkm_reader_done(&r) ? 0 : -EBADMSG;
}

int tkm_below_decode(const u8 *der, size_t len, struct tkm_object *obj)
{
	struct tkm_reader r;
	int ret;

	memset(obj, 0, sizeof(*obj));
	if (len > TKM_CHAIN_MAX)
		return -E2BIG;
	tkm_reader_init(&r, der, len);
	ret = get_object(&r, obj, false, NULL);
	if (ret)
		return ret;
	return tkm_reader_done(&r) && obj->parent == TKM_PARENT_PREVIOUS ?
		       0 : -EBADMSG;
}

int tkm_move_decode(const u8 *der, size_t len, struct tkm_move *move)
{
	struct tkm_reader r, fields, inner;
	int ret;

	memset(move, 0, sizeof(*move));
	if (len > TKM_MOVE_MAX)
		return -E2BIG;
	tkm_reader_init(&r, der, len);
	fields = get_value(&r, DER_SEQUENCE);
	ret = get_object(&fields, &move->obj, false, move);
	if (ret)
		return ret;
	inner = get_value(&fields, DER_OCTETS);
	move->inner = tkm_get_bytes(&inner, TKM_INNER_SIZE);
	if (!tkm_reader_done(&inner) || !tkm_reader_done(&fields) ||
	    !tkm_reader_done(&r) || move->obj.parent != TKM_PARENT_PREVIOUS)
		return -EBADMSG;
	return 0;
}

/* An OCTET STRING that is not empty. */
static const u8 *get_octets(struct tkm_reader *r, u16 *len)
{
	struct tkm_reader value = get_value(r, DER_OCTETS);

	*len = (u16)value.len;
	if (!value.len || value.len > AREA_MAX)
		r->bad = true;
	return value.data;
}

int tkm_certificate_decode(const u8 *der, size_t len,
			   struct tkm_certificate *certificate)
{
	struct tkm_reader r, fields;

	memset(certificate, 0, sizeof(*certificate));
	if (len > TKM_CERTIFICATE_MAX)
		return -E2BIG;
	tkm_reader_init(&r, der, len);
	fields = get_value(&r, DER_SEQUENCE);
	certificate->ak = get_area(&fields, &certificate->ak_len);
	certificate->attest = get_octets(&fields, &certificate->attest_len);
	certificate->signature = get_octets(&fields,
					    &certificate->signature_len);
	return tkm_reader_done(&fields) && tkm_reader_done(&r) ? 0 : -EBADMSG;
}

int tkm_auth_policy_decode(const u8 *der, size_t len,
			   struct tkm_policy *policy)
{
	struct tkm_reader r, fields, name;
	int ret;

	memset(policy, 0, sizeof(*policy));
	tkm_reader_init(&r, der, len);
	fields = get_value(&r, DER_SEQUENCE);
	if (next_is(&fields, APPROVAL_NAME)) {
		name = get_explicit(&fields, APPROVAL_NAME, DER_UTF8);
		if (!name.len || name.len > TKM_APPROVAL_NAME_MAX)
			return -EBADMSG;
	}
	ret = get_policy(&fields, policy);
	if (ret)
		return ret;
	return policy->n && tkm_reader_done(&fields) && tkm_reader_done(&r) ?
		       0 : -EBADMSG;
}

/* ---- writing DER, backwards -------------------------------------------- */

/**
 * struct back - what is written, growing towards lower addresses
 * @data: the buffer
 * @at: where the written part begins; what is before it is free
 * @end: where it ends
 * @overflow: sticky: something did not fit
 */
struct back {
	u8 *data;
	size_t at;
	size_t end;
	bool overflow;
};

static void back_bytes(struct back *b, const void *p, size_t n)
{
	if (b->overflow || n > b->at) {
		b->overflow = true;
		return;
	}
	b->at -= n;
	if (n)
		memcpy(b->data + b->at, p, n);
}

static void back_u8(struct back *b, u8 v)
{
	back_bytes(b, &v, 1);
}

/* Tag and length in front of all that was written since @end was b->at. */
static void back_header(struct back *b, u8 tag, size_t end)
{
	size_t n = end - b->at;

	back_u8(b, (u8)n);
	if (n >= 0x100) {
		back_u8(b, (u8)(n >> 8));
		back_u8(b, 0x82);
	} else if (n >= 0x80) {
		back_u8(b, 0x81);
	}
	back_u8(b, tag);
}

static void back_value(struct back *b, u8 tag, const void *p, size_t n)
{
	size_t end = b->at;

	back_bytes(b, p, n);
	back_header(b, tag, end);
}

static void back_integer(struct back *b, u32 v)
{
	size_t end = b->at;
	u8 low;

	do {
		low = (u8)v;
		back_u8(b, low);
		v >>= 8;
	} while (v);
	if (low & 0x80) /* or it would be read as negative */
		back_u8(b, 0);
	back_header(b, DER_INTEGER, end);
}

/* ---- writing an object ------------------------------------------------- */

static void back_area(struct back *b, const u8 *p, u16 n)
{
	size_t end = b->at;
	u8 size[2];

	put_unaligned_be16(n, size);
	back_bytes(b, p, n);
	back_bytes(b, size, sizeof(size));
	back_header(b, DER_OCTETS, end);
}

static void back_element(struct back *b, const struct tkm_policy_element *el)
{
	size_t end = b->at, inner;

	back_value(b, DER_OCTETS, el->body, el->body_len);
	back_header(b, POLICY_BODY, end);
	inner = b->at;
	back_integer(b, el->cc);
	back_header(b, POLICY_CODE, inner);
	back_header(b, DER_SEQUENCE, end);
}

static void back_policy(struct back *b, const struct tkm_policy *policy)
{
	size_t end = b->at;
	unsigned int i;

	if (!policy->n)
		return;
	for (i = policy->n; i; i--)
		back_element(b, &policy->el[i - 1]);
	back_header(b, DER_SEQUENCE, end);
	back_header(b, KEY_POLICY, end);
}

static void back_description(struct back *b, const struct tkm_object *obj)
{
	size_t end = b->at;

	if (!obj->description)
		return;
	back_value(b, DER_UTF8, obj->description, obj->description_len);
	back_header(b, KEY_DESCRIPTION, end);
}

static void back_empty_auth(struct back *b, bool empty_auth)
{
	static const u8 yes = 0xff;
	size_t end = b->at;

	if (!empty_auth)
		return;
	back_value(b, DER_BOOLEAN, &yes, 1);
	back_header(b, KEY_EMPTY_AUTH, end);
}

static void back_type(struct back *b, enum tkm_object_type type)
{
	size_t end = b->at;

	back_u8(b, type == TKM_OBJECT_SEALED ? OID_SEALED :
		   type == TKM_OBJECT_IMPORTABLE ? OID_IMPORTABLE :
						   OID_LOADABLE);
	back_bytes(b, oid_prefix, sizeof(oid_prefix));
	back_header(b, DER_OID, end);
}

static void back_secret(struct back *b, const struct tkm_move *move)
{
	size_t end = b->at;

	if (!move)
		return;
	back_area(b, move->secret, move->secret_len);
	back_header(b, KEY_SECRET, end);
}

static void back_object(struct back *b, const struct tkm_object *obj,
			const struct tkm_move *move)
{
	size_t end = b->at;

	back_area(b, obj->priv, obj->priv_len);
	back_area(b, obj->pub, obj->pub_len);
	back_integer(b, obj->parent);
	back_description(b, obj);
	back_secret(b, move);
	back_policy(b, &obj->policy);
	back_empty_auth(b, obj->empty_auth);
	back_type(b, obj->type);
	back_header(b, DER_SEQUENCE, end);
}

static bool object_writable(const struct tkm_object *obj, bool flat)
{
	return obj->policy.n <= TKM_POLICY_MAX && (obj->description || flat) &&
	       (!obj->description || obj->description_len) &&
	       obj->description_len <= TKM_RECORD_MAX &&
	       obj->pub_len && obj->pub_len <= AREA_MAX &&
	       obj->priv_len && obj->priv_len <= AREA_MAX;
}

/* Whether the decoder would take it; sizes, which it counts, aside. */
static bool writable(const struct tkm_chain *chain)
{
	const struct tkm_object *obj;
	unsigned int i;

	for (i = 0; i < chain->n; i++) {
		obj = &chain->obj[i];
		if (!fits_place(obj, i, chain->n) ||
		    obj->type == TKM_OBJECT_IMPORTABLE ||
		    !object_writable(obj, chain->flat))
			return false;
	}
	return true;
}

static ssize_t encode(const struct tkm_chain *chain, u8 *out, size_t size)
{
	struct back b = { .data = out };
	unsigned int i;
	size_t n;

	if (!writable(chain))
		return -EINVAL;
	b.end = min_t(size_t, size, TKM_CHAIN_MAX);
	b.at = b.end;
	for (i = chain->n; i; i--)
		back_object(&b, &chain->obj[i - 1], NULL);
	if (!chain->flat)
		back_header(&b, DER_SEQUENCE, b.end);
	if (b.overflow)
		return -EMSGSIZE;

	n = b.end - b.at;
	memmove(out, out + b.at, n);
	return (ssize_t)n;
}

ssize_t tkm_blob_encode(const struct tkm_chain *chain, u8 *out, size_t size)
{
	if (chain->flat ? chain->n != 1 :
	    chain->n < 2 || chain->n > TKM_CHAIN_OBJECTS)
		return -EINVAL;
	return encode(chain, out, size);
}

ssize_t tkm_branch_encode(const struct tkm_chain *branch, u8 *out, size_t size)
{
	if (!branch->n || branch->n >= TKM_CHAIN_OBJECTS || branch->flat ||
	    branch->obj[branch->n - 1].type != TKM_OBJECT_LOADABLE)
		return -EINVAL;
	return encode(branch, out, size);
}

ssize_t tkm_move_encode(const struct tkm_move *move, u8 *out, size_t size)
{
	struct back b = { .data = out };
	size_t n;

	if (move->obj.type != TKM_OBJECT_IMPORTABLE ||
	    move->obj.parent != TKM_PARENT_PREVIOUS || !move->secret_len ||
	    move->secret_len > AREA_MAX || !object_writable(&move->obj, false))
		return -EINVAL;
	b.end = min_t(size_t, size, TKM_MOVE_MAX);
	b.at = b.end;
	back_value(&b, DER_OCTETS, move->inner, TKM_INNER_SIZE);
	back_object(&b, &move->obj, move);
	back_header(&b, DER_SEQUENCE, b.end);
	if (b.overflow)
		return -EMSGSIZE;
	n = b.end - b.at;
	memmove(out, out + b.at, n);
	return (ssize_t)n;
}

ssize_t tkm_certificate_encode(const struct tkm_certificate *certificate,
			       u8 *out, size_t size)
{
	struct back b = { .data = out };
	size_t n;

	b.end = min_t(size_t, size, TKM_CERTIFICATE_MAX);
	b.at = b.end;
	back_value(&b, DER_OCTETS, certificate->signature,
		   certificate->signature_len);
	back_value(&b, DER_OCTETS, certificate->attest,
		   certificate->attest_len);
	back_area(&b, certificate->ak, certificate->ak_len);
	back_header(&b, DER_SEQUENCE, b.end);
	if (b.overflow)
		return -EMSGSIZE;
	n = b.end - b.at;
	memmove(out, out + b.at, n);
	return (ssize_t)n;
}

ssize_t tkm_auth_policy_encode(const char *name,
			       const struct tkm_policy *policy, u8 *out,
			       size_t size)
{
	struct back b = { .data = out, .at = size, .end = size };
	size_t len = name ? strlen(name) : 0, n;

	if (!policy->n || policy->n > TKM_POLICY_MAX ||
	    (name && (!len || len > TKM_APPROVAL_NAME_MAX)))
		return -EINVAL;
	back_policy(&b, policy);
	if (name) {
		n = b.at;
		back_value(&b, DER_UTF8, name, len);
		back_header(&b, APPROVAL_NAME, n);
	}
	back_header(&b, DER_SEQUENCE, b.end);
	if (b.overflow)
		return -EMSGSIZE;
	n = b.end - b.at;
	memmove(out, out + b.at, n);
	return (ssize_t)n;
}
