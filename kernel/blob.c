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
 * Only DER is read (der.c), so a chain has one spelling.
 */
#include "core.h"

/* Field numbers of TPMKey, of TPMAuthPolicy (whose policy has the same) and of TPMPolicy. */
#define KEY_EMPTY_AUTH	TKM_DER_EXPLICIT(0)
#define KEY_POLICY	TKM_DER_EXPLICIT(1)
#define KEY_SECRET	TKM_DER_EXPLICIT(2)
#define KEY_AUTH_POLICY	TKM_DER_EXPLICIT(3)
#define KEY_DESCRIPTION	TKM_DER_EXPLICIT(4)
#define KEY_RSA_PARENT	TKM_DER_EXPLICIT(5)
#define APPROVAL_NAME	TKM_DER_EXPLICIT(0)
#define POLICY_CODE	TKM_DER_EXPLICIT(0)
#define POLICY_BODY	TKM_DER_EXPLICIT(1)

/* Largest TPMT_PUBLIC and private area: twice what an RSA-4096 key takes. */
#define AREA_MAX	1024

/* 2.23.133.10.1, without the last number. */
static const u8 oid_prefix[] = { 0x67, 0x81, 0x05, 0x0a, 0x01 };
#define OID_LOADABLE	3
#define OID_IMPORTABLE	4
#define OID_SEALED	5

/* ---- reading DER ------------------------------------------------------- */

/*
 * The value of type @tag that is all there is in the explicit tag @outer. An
 * error inside is an error of @r.
 */
static struct tkm_reader get_explicit(struct tkm_reader *r, u8 outer, u8 tag)
{
	struct tkm_reader wrapper = tkm_der_get(r, outer);
	struct tkm_reader content = tkm_der_get(&wrapper, tag);

	if (!tkm_reader_done(&wrapper)) {
		r->bad = true;
		content.bad = true;
	}
	return content;
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
	struct tkm_reader oid = tkm_der_get(r, TKM_DER_OID);
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
	struct tkm_reader r = tkm_der_get(list, TKM_DER_SEQUENCE);
	struct tkm_reader code = get_explicit(&r, POLICY_CODE, TKM_DER_INTEGER);
	struct tkm_reader body = get_explicit(&r, POLICY_BODY, TKM_DER_OCTETS);

	el->cc = (u32)tkm_der_number(&r, code, U32_MAX);
	el->body = body.data;
	el->body_len = (u16)body.len;
	if (!tkm_reader_done(&r))
		list->bad = true;
}

static int get_policy(struct tkm_reader *r, struct tkm_policy *policy)
{
	struct tkm_reader list;

	if (!tkm_der_next_is(r, KEY_POLICY))
		return 0;
	list = get_explicit(r, KEY_POLICY, TKM_DER_SEQUENCE);
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

	if (!tkm_der_next_is(r, KEY_EMPTY_AUTH))
		return;
	said = boolean_value(r, get_explicit(r, KEY_EMPTY_AUTH,
					     TKM_DER_BOOLEAN), foreign);
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

	if (!tkm_der_next_is(r, KEY_DESCRIPTION)) {
		if (!foreign)
			r->bad = true;
		return;
	}
	text = get_explicit(r, KEY_DESCRIPTION, TKM_DER_UTF8);
	if (!text.len || text.len > TKM_RECORD_MAX)
		r->bad = true;
	obj->description = (const char *)text.data;
	obj->description_len = (u16)text.len;
}

/* Says how a parent was made that is not tkm's affair: read past it. */
static void skip_rsa_parent(struct tkm_reader *r, bool foreign)
{
	if (foreign && tkm_der_next_is(r, KEY_RSA_PARENT))
		boolean_value(r, get_explicit(r, KEY_RSA_PARENT,
					      TKM_DER_BOOLEAN), false);
}

/* An OCTET STRING that is one whole TPM2B. */
static const u8 *get_area(struct tkm_reader *r, u16 *len)
{
	struct tkm_reader octets = tkm_der_get(r, TKM_DER_OCTETS);
	const u8 *p = tkm_get_tpm2b(&octets, len);

	if (!tkm_reader_done(&octets) || !*len || *len > AREA_MAX)
		r->bad = true;
	return p;
}

/* The same in an explicit tag. */
static const u8 *get_secret(struct tkm_reader *r, u16 *len)
{
	struct tkm_reader wrapper = tkm_der_get(r, KEY_SECRET);
	const u8 *p = get_area(&wrapper, len);

	if (!tkm_reader_done(&wrapper))
		r->bad = true;
	return p;
}

/* With @move an object of one, else of a chain. */
static int get_object(struct tkm_reader *list, struct tkm_object *obj,
		      bool foreign, struct tkm_move *move)
{
	struct tkm_reader r = tkm_der_get(list, TKM_DER_SEQUENCE);
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
	if (tkm_der_next_is(&r, KEY_SECRET) ||
	    tkm_der_next_is(&r, KEY_AUTH_POLICY))
		return -EOPNOTSUPP;
	get_description(&r, obj, foreign);
	skip_rsa_parent(&r, foreign);
	obj->parent = (u32)tkm_der_number(&r, tkm_der_get(&r, TKM_DER_INTEGER),
					  U32_MAX);
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
	struct tkm_reader list = tkm_der_get(r, TKM_DER_SEQUENCE);
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

	while (tkm_der_next_is(&r, TKM_DER_SEQUENCE) && n < TKM_CHAIN_OBJECTS) {
		tkm_der_get(&r, TKM_DER_SEQUENCE);
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
	peek = tkm_der_get(&peek, TKM_DER_SEQUENCE);
	n = count_values(peek);
	if (tkm_der_next_is(&peek, TKM_DER_SEQUENCE))
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
	n = count_values(tkm_der_get(&peek, TKM_DER_SEQUENCE));
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
	fields = tkm_der_get(&r, TKM_DER_SEQUENCE);
	ret = get_object(&fields, &move->obj, false, move);
	if (ret)
		return ret;
	inner = tkm_der_get(&fields, TKM_DER_OCTETS);
	move->inner = tkm_get_bytes(&inner, TKM_INNER_SIZE);
	if (!tkm_reader_done(&inner) || !tkm_reader_done(&fields) ||
	    !tkm_reader_done(&r) || move->obj.parent != TKM_PARENT_PREVIOUS)
		return -EBADMSG;
	return 0;
}

/* An OCTET STRING of a certificate, which is short; not empty. */
static const u8 *get_octets(struct tkm_reader *r, u16 *len)
{
	struct tkm_reader value = tkm_der_get(r, TKM_DER_OCTETS);

	*len = (u16)value.len;
	if (!value.len)
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
	fields = tkm_der_get(&r, TKM_DER_SEQUENCE);
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
	fields = tkm_der_get(&r, TKM_DER_SEQUENCE);
	if (tkm_der_next_is(&fields, APPROVAL_NAME)) {
		name = get_explicit(&fields, APPROVAL_NAME, TKM_DER_UTF8);
		if (!name.len || name.len > TKM_APPROVAL_NAME_MAX)
			return -EBADMSG;
	}
	ret = get_policy(&fields, policy);
	if (ret)
		return ret;
	return policy->n && tkm_reader_done(&fields) && tkm_reader_done(&r) ?
		       0 : -EBADMSG;
}

/* ---- writing an object ------------------------------------------------- */

static void back_area(struct tkm_back *b, const u8 *p, u16 n)
{
	size_t end = b->at;
	u8 size[2];

	put_unaligned_be16(n, size);
	tkm_back_bytes(b, p, n);
	tkm_back_bytes(b, size, sizeof(size));
	tkm_back_header(b, TKM_DER_OCTETS, end);
}

static void back_element(struct tkm_back *b,
			 const struct tkm_policy_element *el)
{
	size_t end = b->at, inner;

	tkm_back_value(b, TKM_DER_OCTETS, el->body, el->body_len);
	tkm_back_header(b, POLICY_BODY, end);
	inner = b->at;
	tkm_back_number(b, el->cc);
	tkm_back_header(b, POLICY_CODE, inner);
	tkm_back_header(b, TKM_DER_SEQUENCE, end);
}

static void back_policy(struct tkm_back *b, const struct tkm_policy *policy)
{
	size_t end = b->at;
	unsigned int i;

	if (!policy->n)
		return;
	for (i = policy->n; i; i--)
		back_element(b, &policy->el[i - 1]);
	tkm_back_header(b, TKM_DER_SEQUENCE, end);
	tkm_back_header(b, KEY_POLICY, end);
}

static void back_description(struct tkm_back *b, const struct tkm_object *obj)
{
	size_t end = b->at;

	if (!obj->description)
		return;
	tkm_back_value(b, TKM_DER_UTF8, obj->description, obj->description_len);
	tkm_back_header(b, KEY_DESCRIPTION, end);
}

static void back_empty_auth(struct tkm_back *b, bool empty_auth)
{
	static const u8 yes = 0xff;
	size_t end = b->at;

	if (!empty_auth)
		return;
	tkm_back_value(b, TKM_DER_BOOLEAN, &yes, 1);
	tkm_back_header(b, KEY_EMPTY_AUTH, end);
}

static void back_type(struct tkm_back *b, enum tkm_object_type type)
{
	size_t end = b->at;

	tkm_back_u8(b, type == TKM_OBJECT_SEALED ? OID_SEALED :
		   type == TKM_OBJECT_IMPORTABLE ? OID_IMPORTABLE :
						   OID_LOADABLE);
	tkm_back_bytes(b, oid_prefix, sizeof(oid_prefix));
	tkm_back_header(b, TKM_DER_OID, end);
}

static void back_secret(struct tkm_back *b, const struct tkm_move *move)
{
	size_t end = b->at;

	if (!move)
		return;
	back_area(b, move->secret, move->secret_len);
	tkm_back_header(b, KEY_SECRET, end);
}

static void back_object(struct tkm_back *b, const struct tkm_object *obj,
			const struct tkm_move *move)
{
	size_t end = b->at;

	back_area(b, obj->priv, obj->priv_len);
	back_area(b, obj->pub, obj->pub_len);
	tkm_back_number(b, obj->parent);
	back_description(b, obj);
	back_secret(b, move);
	back_policy(b, &obj->policy);
	back_empty_auth(b, obj->empty_auth);
	back_type(b, obj->type);
	tkm_back_header(b, TKM_DER_SEQUENCE, end);
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
	struct tkm_back b;
	unsigned int i;

	if (!writable(chain))
		return -EINVAL;
	tkm_back_init(&b, out, min_t(size_t, size, TKM_CHAIN_MAX));
	for (i = chain->n; i; i--)
		back_object(&b, &chain->obj[i - 1], NULL);
	if (!chain->flat)
		tkm_back_header(&b, TKM_DER_SEQUENCE, b.end);
	return tkm_back_done(&b);
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
	struct tkm_back b;

	if (move->obj.type != TKM_OBJECT_IMPORTABLE ||
	    move->obj.parent != TKM_PARENT_PREVIOUS || !move->secret_len ||
	    move->secret_len > AREA_MAX || !object_writable(&move->obj, false))
		return -EINVAL;
	tkm_back_init(&b, out, min_t(size_t, size, TKM_MOVE_MAX));
	tkm_back_value(&b, TKM_DER_OCTETS, move->inner, TKM_INNER_SIZE);
	back_object(&b, &move->obj, move);
	tkm_back_header(&b, TKM_DER_SEQUENCE, b.end);
	return tkm_back_done(&b);
}

ssize_t tkm_certificate_encode(const struct tkm_certificate *certificate,
			       u8 *out, size_t size)
{
	struct tkm_back b;

	tkm_back_init(&b, out, min_t(size_t, size, TKM_CERTIFICATE_MAX));
	tkm_back_value(&b, TKM_DER_OCTETS, certificate->signature,
		       certificate->signature_len);
	tkm_back_value(&b, TKM_DER_OCTETS, certificate->attest,
		       certificate->attest_len);
	back_area(&b, certificate->ak, certificate->ak_len);
	tkm_back_header(&b, TKM_DER_SEQUENCE, b.end);
	return tkm_back_done(&b);
}

ssize_t tkm_auth_policy_encode(const char *name,
			       const struct tkm_policy *policy, u8 *out,
			       size_t size)
{
	size_t len = name ? strlen(name) : 0, n;
	struct tkm_back b;

	if (!policy->n || policy->n > TKM_POLICY_MAX ||
	    (name && (!len || len > TKM_APPROVAL_NAME_MAX)))
		return -EINVAL;
	tkm_back_init(&b, out, size);
	back_policy(&b, policy);
	if (name) {
		n = b.at;
		tkm_back_value(&b, TKM_DER_UTF8, name, len);
		tkm_back_header(&b, APPROVAL_NAME, n);
	}
	tkm_back_header(&b, TKM_DER_SEQUENCE, b.end);
	return tkm_back_done(&b);
}
