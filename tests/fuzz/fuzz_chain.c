// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * Chains: what is decoded encodes to the same bytes; and what a forger, who
 * can compute every hash, makes of it is believed only where record, policy,
 * attributes and caller agree by a computation of our own. The same for the storage
 * keys above a key, which the helper gives, for objects on their way, for recovery
 * keys and for certificates.
 */
#include "fuzz.h"

/*
 * Other tools may say emptyAuth FALSE, spell TRUE as 01, and say rsaParent:
 * these are not kept.
 */
static bool says_more(const u8 *der, size_t len)
{
	return memmem(der, len, "\xa0\x03\x01\x01\x00", 5) ||
	       memmem(der, len, "\xa0\x03\x01\x01\x01", 5) ||
	       memmem(der, len, "\xa5\x03\x01\x01", 4);
}

static void encodes_to_itself(const struct tkm_chain *chain, const u8 *der,
			      size_t len)
{
	u8 *out = exact(NULL, len), *again = exact(NULL, len);
	ssize_t n = tkm_blob_encode(chain, out, len);
	struct tkm_chain other;

	must(n > 0 && (size_t)n <= len);
	if ((size_t)n != len || memcmp(out, der, len))
		must(chain->flat && says_more(der, len));
	must(tkm_blob_encode(chain, again, (size_t)n - 1) == -EMSGSIZE);
	must(!tkm_blob_decode(out, (size_t)n, &other));
	must(tkm_blob_encode(&other, again, len) == n);
	must(!memcmp(out, again, (size_t)n));
	must(tkm_blob_decode(der, len - 1, &other));
	exact_free(out);
	exact_free(again);
}

static void is_sound(const struct tkm_chain *chain, const u8 *der, size_t len)
{
	const struct tkm_object *obj;
	unsigned int i, j;

	must(chain->flat ? chain->n == 1 :
			   chain->n && chain->n <= TKM_CHAIN_OBJECTS);
	for (i = 0; i < chain->n; i++) {
		obj = &chain->obj[i];
		must(inside(obj->pub, obj->pub_len, der, len) && obj->pub_len);
		must(inside(obj->priv, obj->priv_len, der, len));
		must(obj->priv_len && obj->description_len <= TKM_RECORD_MAX);
		must(obj->description || chain->flat);
		must(!obj->description ||
		     inside(obj->description, obj->description_len, der, len));
		must(obj->policy.n <= TKM_POLICY_MAX);
		for (j = 0; j < obj->policy.n; j++)
			must(inside(obj->policy.el[j].body,
				    obj->policy.el[j].body_len, der, len));
	}
}

/* Makes the public area commit to the policy, as whoever writes it can. */
static void forge(struct tkm_object *obj, bool flat, u8 pub[1024], u8 or[72])
{
	struct tkm_policy_element *last = obj->policy.el;
	struct tkm_writer w;
	u8 hash[32], digest[32];

	metadata_digest(obj->description, obj->description_len, hash);
	if (obj->policy.n)
		last += obj->policy.n - 1;
	if (obj->policy.n && !flat && last->cc == TPM_CC_POLICY_OR &&
	    last->body_len == 72) {
		obj->policy.n--;
		if (!tkm_policy_digest(&obj->policy, digest)) {
			tkm_writer_init(&w, or, 72);
			tkm_policy_or_encode(&w, digest, hash);
			last->body = or;
		}
		obj->policy.n++;
	}
	memmove(pub, obj->pub, obj->pub_len);
	if (obj->policy.n && tkm_policy_digest(&obj->policy, hash))
		return;
	if (obj->pub_len >= 42 && get_unaligned_be16(pub + 8) == 32)
		memcpy(pub + 10, hash, 32);
	obj->pub = pub;
}

/* Whether a key's record says so; what it says of a storage key is nothing. */
static bool says(const struct tkm_object *obj, const char *field)
{
	return memmem(obj->description, obj->description_len, field,
		      strlen(field));
}

static bool moves(const struct tkm_object *obj)
{
	return says(obj, " class=portable ") || says(obj, " class=certified ");
}

/* H(what was || a command code || what follows). */
static void step(u8 digest[32], u32 cc, const void *more, size_t n)
{
	u8 code[4];
	const struct tkm_piece pieces[] = {
		{ digest, 32 }, { code, 4 }, { more, n },
	};

	put_unaligned_be32(cc, code);
	tkm_sha256(pieces, ARRAY_SIZE(pieces), digest);
}

/* Whoever the text names so: PolicyAuthorize, PolicyCommandCode(Duplicate). */
static bool mover(const struct tkm_object *obj, const char *field, u8 digest[32])
{
	const char *at = memmem(obj->description, obj->description_len, field,
				strlen(field));
	const struct tkm_piece text = { "tkm duplicate v1", 17 };
	u8 name[TKM_NAME_SIZE], ref[32];
	const struct tkm_piece both[] = { { digest, 32 }, { ref, 32 } };

	if (!at)
		return false;
	must(!tkm_hex_decode(at + strlen(field), 68, name));
	tkm_sha256(&text, 1, ref);
	memset(digest, 0, 32);
	step(digest, 0x16a, name, sizeof(name));
	tkm_sha256(both, 2, digest);
	step(digest, 0x16c, "\0\0\x01\x4b", 4);
	return true;
}

/* What the record alone makes of an authPolicy; @list: as PolicyOR has it. */
static unsigned int branches(const struct tkm_object *obj, const u8 hash[32],
			     u8 list[3][32], u8 digest[32])
{
	unsigned int n = 1;

	memcpy(list[0], hash, 32);
	memcpy(digest, hash, 32);
	if (!moves(obj))
		return 1;
	must(mover(obj, " authority=", list[n++]));
	n += mover(obj, " recovery=", list[n]);
	memset(digest, 0, 32);
	step(digest, 0x171, list, n * 32);
	return n;
}

/* Attributes of a key or a storage key as Documentation has them. */
static u32 attributes_of(const struct tkm_object *obj, unsigned int place)
{
	u32 works = says(obj, " use=sign ") ? 0x40020 :
		    says(obj, " use=decrypt ") ? 0x20020 : 0;
	u32 class = moves(obj) ? 0x800 : 0x12;

	if (place == 1 && !obj->empty_auth)
		return 0x00030072;
	if (place < 3)
		return 0x00030460 | class;
	return works | class | (obj->policy.n ? 0 : 0x40) |
	       (obj->empty_auth ? 0x400 : 0);
}

/* What bytes hardly reach, because all lengths around them would change. */
static void twist(struct tkm_chain *chain, u8 choice)
{
	struct tkm_object *obj = &chain->obj[(choice >> 6) % chain->n];

	obj->empty_auth ^= choice & 1;
	if (choice & 2)
		obj->type = obj->type == TKM_OBJECT_SEALED ?
			    TKM_OBJECT_LOADABLE : TKM_OBJECT_SEALED;
	if (choice & 4)
		obj->parent ^= 1;
	if (choice & 8)
		*obj = chain->obj[(choice >> 4 & 3) % chain->n];
	if (choice & 16 && obj->policy.n)
		obj->policy.n--;
}

/* A key's public area is of the kind and for the use that its record says. */
static void kind_is_right(const struct tkm_object *obj)
{
	static const char *const kinds[] = { "data", "rsa", "ec" };
	static const u16 types[] = { 0x08, 0x01, 0x23 };
	static const char head[] = "tkm1 kind=";
	const char *at = obj->description + sizeof(head) - 1;
	unsigned int i, bits;
	char begin[40];

	must(!memcmp(obj->description, head, sizeof(head) - 1));
	for (i = 0; i < 2; i++)
		if (!memcmp(at, kinds[i], strlen(kinds[i])))
			break;
	snprintf(begin, sizeof(begin), "%s class=", kinds[i]);
	must(!memcmp(at, begin, strlen(begin)));
	must(get_unaligned_be16(obj->pub) == types[i]);
	must(obj->type == (i ? TKM_OBJECT_LOADABLE : TKM_OBJECT_SEALED));
	must((says(obj, " use=sign ") || says(obj, " use=decrypt ")) == (i > 0));
	/* 42 bytes to the parameters: cipher and scheme, both none; then bits. */
	must(!i || get_unaligned_be32(obj->pub + 42) == 0x00100010);
	bits = i ? get_unaligned_be16(obj->pub + 46) : 0;
	must(i != 1 || bits == 2048 || bits == 3072);
	must(i != 2 || bits == 3 || bits == 4);
}

/* What every object of a believed chain is, read off its bytes. */
static void object_is_right(const struct tkm_object *obj, unsigned int place)
{
	static const char *const begins[] = {
		"tkm1 kind=tkmrk class=fixed created=",
		"tkm1 kind=tdk class=",
		"tkm1 kind=ask class=",
	};
	bool open = place == 3 && obj->policy.n;
	u8 hash[32], digest[32], list[3][32];
	const struct tkm_policy_element *or;
	unsigned int i, n;

	if (place == 3) {
		kind_is_right(obj);
	} else {
		must(!memcmp(obj->description, begins[place],
			     strlen(begins[place])));
		must(get_unaligned_be16(obj->pub) == 0x23);
		must(get_unaligned_be16(obj->pub + 50) == 3); /* P-256 */
		must(obj->type == TKM_OBJECT_LOADABLE);
		must(obj->empty_auth || place == 1);
	}
	must(get_unaligned_be16(obj->pub + 2) == 0x0b);
	must(get_unaligned_be32(obj->pub + 4) == attributes_of(obj, place));
	metadata_digest(obj->description, obj->description_len, hash);
	n = branches(obj, hash, list, digest);
	must(open || (!obj->policy.n && !memcmp(obj->pub + 10, digest, 32)));
	if (!open)
		return;
	must(!tkm_policy_digest(&obj->policy, digest));
	must(!memcmp(obj->pub + 10, digest, 32));
	or = &obj->policy.el[obj->policy.n - 1];
	must(or->body_len == 4 + 34 * (n + 1));
	for (i = 0; i < n; i++)
		must(!memcmp(or->body + 40 + 34 * i, list[i], 32));
	must(tkm_policy_has(&obj->policy, TPM_CC_POLICY_AUTH_VALUE) ==
	     !obj->empty_auth);
}

static void others_are_refused(const struct tkm_chain *chain,
			       struct tkm_caller caller)
{
	struct tkm_record rec;
	u8 srk[TKM_NAME_SIZE];

	const struct tkm_object *key = &chain->obj[chain->n - 1];

	tkm_record_parse(key->description, key->description_len, &rec);
	caller.now = rec.not_after;
	must(!rec.not_after ||
	     tkm_chain_verify(chain, &caller, srk, &rec) == -EKEYEXPIRED);
	caller.label = "another";
	must(tkm_chain_verify(chain, &caller, srk, &rec) == -EKEYREJECTED);
	caller.side = !caller.side;
	must(tkm_chain_verify(chain, &caller, srk, &rec) == -EPERM);
	caller.side = !caller.side;
	caller.owner++;
	must(tkm_chain_verify(chain, &caller, srk, &rec) == -EPERM);
}

/* What a flat object may be used for, read off its attributes. */
static void flat_is_right(const struct tkm_object *obj,
			  const struct tkm_record *rec)
{
	u32 attributes = get_unaligned_be32(obj->pub + 4);
	bool data = rec->kind == TKM_KIND_DATA;

	must(!(attributes & 0x10000)); /* restricted */
	must((attributes & 0x40) || obj->policy.n);
	must(!data || !(attributes & 0x60000));
	must(data ? rec->uses == (TKM_USE_PUBLISH | TKM_USE_CRYPT) :
		    rec->uses && !(rec->uses & ~(TKM_USE_SIGN |
						 TKM_USE_DECRYPT)));
	must(data || !(rec->uses & TKM_USE_SIGN) == !(attributes & 0x40000));
	must(data || !(rec->uses & TKM_USE_DECRYPT) == !(attributes & 0x20000));
	must(rec->class == ((attributes & 0x12) == 0x12 ? TKM_CLASS_FIXED :
							  TKM_CLASS_PORTABLE));
	must(!rec->created && !rec->not_before && !rec->not_after);
}

/* Where its kind stands in a chain of all four. */
static unsigned int place_of(const struct tkm_record *rec)
{
	return rec->kind >= TKM_KIND_DATA ? 3 : rec->kind - TKM_KIND_TKMRK;
}

static void verified(const struct tkm_chain *chain)
{
	const struct tkm_object *last = &chain->obj[chain->n - 1];
	struct tkm_record own, rec, above;
	struct tkm_caller caller = { .app = own.app, .label = own.label };
	u8 srk[TKM_NAME_SIZE];
	unsigned int i;
	int ret;

	if (chain->flat || tkm_record_parse(last->description,
					    last->description_len, &own))
		tkm_description_parse("disk:vol1", own.app, own.label);
	else
		caller.owner = own.owner, caller.side = own.side;
	ret = tkm_chain_verify(chain, &caller, srk, &rec);
	must(ret <= 0);
	if (ret)
		return;
	must(!strcmp(rec.app, own.app) && !strcmp(rec.label, own.label));
	must(rec.owner == caller.owner && rec.side == caller.side);
	must(get_unaligned_be16(last->pub) ==
	     (rec.kind == TKM_KIND_DATA ? TPM_ALG_KEYEDHASH :
	      rec.kind == TKM_KIND_RSA ? TPM_ALG_RSA : TPM_ALG_ECC));
	if (chain->flat) {
		flat_is_right(last, &rec);
		return;
	}
	must(chain->obj[0].parent == TKM_SRK_HANDLE);
	for (i = 0; i < chain->n; i++) {
		must(!tkm_record_parse(chain->obj[i].description,
				       chain->obj[i].description_len, &above));
		object_is_right(&chain->obj[i], place_of(&above));
		must(chain->n == 4 || rec.class != TKM_CLASS_FIXED);
		must(i ? above.owner == rec.owner && above.side == rec.side &&
			 above.class == rec.class &&
			 !memcmp(above.authority, rec.authority, TKM_NAME_SIZE) &&
			 !memcmp(above.recovery, rec.recovery, TKM_NAME_SIZE) :
			 !memcmp(above.srk, srk, sizeof(srk)));
		must(place_of(&above) < 2 || !strcmp(above.app, rec.app));
	}
	others_are_refused(chain, caller);
}

/* ---- the storage keys above a key ---- */

/* What is believed of them is right, and nobody else's. */
static void branch_verified(const struct tkm_chain *branch)
{
	const struct tkm_object *last = &branch->obj[branch->n - 1];
	struct tkm_record rec, above;
	struct tkm_caller caller = { .app = rec.app, .label = rec.label };
	u8 srk[TKM_NAME_SIZE];
	unsigned int i;
	int ret;

	memset(&rec, 0, sizeof(rec));
	if (!tkm_record_parse(last->description, last->description_len, &rec))
		caller.owner = rec.owner, caller.side = rec.side,
		caller.class = rec.class;
	ret = tkm_branch_verify(branch, &caller, srk);
	must(ret <= 0);
	if (ret)
		return;
	must(branch->obj[0].parent == TKM_SRK_HANDLE);
	for (i = 0; i < branch->n; i++) {
		object_is_right(&branch->obj[i], i);
		must(!tkm_record_parse(branch->obj[i].description,
				       branch->obj[i].description_len, &above));
		must(i ? above.owner == rec.owner && above.side == rec.side &&
			 above.class == rec.class &&
			 !memcmp(above.authority, rec.authority, TKM_NAME_SIZE) &&
			 !memcmp(above.recovery, rec.recovery, TKM_NAME_SIZE) :
			 !memcmp(above.srk, srk, sizeof(srk)));
		must(i < 2 || !strcmp(above.app, rec.app));
	}
	caller.app = "another";
	must(tkm_branch_verify(branch, &caller, srk) ==
	     (branch->n > 2 ? -EPERM : 0));
	caller.app = rec.app;
	caller.owner++;
	must(tkm_branch_verify(branch, &caller, srk) ==
	     (branch->n > 1 ? -EPERM : 0));
	caller.owner--;
	caller.side = !caller.side;
	must(tkm_branch_verify(branch, &caller, srk) ==
	     (branch->n > 1 ? -EPERM : 0));
}

static void any_branch(const u8 *der, size_t len)
{
	u8 pub[TKM_CHAIN_OBJECTS][1024], or[TKM_CHAIN_OBJECTS][72];
	struct tkm_chain branch, other;
	unsigned int i;
	int ret = tkm_branch_decode(der, len, &branch);

	must(ret == 0 || ret == -EBADMSG || ret == -EOPNOTSUPP);
	if (ret)
		return;
	must(branch.n && branch.n < TKM_CHAIN_OBJECTS && !branch.flat);
	is_sound(&branch, der, len);
	/* As long as a chain of what came from elsewhere; but no chain. */
	must((branch.n < 2) == !!tkm_blob_decode(der, len, &other));
	must(tkm_branch_decode(der, len - 1, &other));
	branch_verified(&branch);
	for (i = 0; i < branch.n; i++)
		forge(&branch.obj[i], false, pub[i], or[i]);
	branch_verified(&branch);
}

/* A chain's storage keys, as they stand there, are a branch; it is no branch. */
static void branch_of_chain(const struct tkm_chain *chain, const u8 *der,
			    size_t len)
{
	const struct tkm_object *obj;
	struct tkm_chain branch;
	unsigned int n;
	size_t end;
	u8 *copy;

	must(tkm_branch_decode(der, len, &branch) == -EBADMSG);
	for (n = 1; n < TKM_CHAIN_OBJECTS; n++) {
		obj = &chain->obj[n - 1];
		end = (size_t)(obj->priv + obj->priv_len - der);
		/* Shorter ones have another head. */
		if (end < 4 + 256 || der[1] != 0x82)
			continue;
		copy = exact(der, end);
		put_unaligned_be16((u16)(end - 4), copy + 2);
		must(!tkm_branch_decode(copy, end, &branch) && branch.n == n);
		must(branch.obj[n - 1].pub_len == obj->pub_len);
		any_branch(copy, end);
		exact_free(copy);
	}
}

/* An object on its way: what is read is written so, and only what is right is taken. */
static void any_move(const u8 *der, size_t len)
{
	struct tkm_caller caller = { 0 };
	u8 out[TKM_MOVE_MAX];
	struct tkm_record rec;
	struct tkm_move move;
	int ret = tkm_move_decode(der, len, &move);

	must(ret <= 0);
	if (ret)
		return;
	must(tkm_move_encode(&move, out, sizeof(out)) == (ssize_t)len);
	must(!memcmp(out, der, len));
	if (!tkm_record_parse(move.obj.description, move.obj.description_len,
			      &rec))
		caller.owner = rec.owner, caller.side = rec.side;
	ret = tkm_moved_verify(&move.obj, &caller, &rec);
	must(ret <= 0);
	if (ret)
		return;
	must(moves(&move.obj));
	move.obj.type = rec.kind == TKM_KIND_DATA ? TKM_OBJECT_SEALED :
						    TKM_OBJECT_LOADABLE;
	object_is_right(&move.obj, place_of(&rec));
	caller.owner++;
	must(tkm_moved_verify(&move.obj, &caller, &rec) == -EPERM);
}

/* What a TPM says of a key: it is of this key, in this place, or it is refused. */
static void any_certificate(const u8 *der, size_t len)
{
	u8 out[TKM_CERTIFICATE_MAX], other[TKM_NAME_SIZE] = { 0 };
	struct tkm_certificate c;
	const u8 *name, *place;
	int ret = tkm_certificate_decode(der, len, &c);

	must(ret == 0 || ret == -EBADMSG || ret == -E2BIG);
	must((ret == -E2BIG) == (len > sizeof(out)));
	if (ret)
		return;
	must(inside(c.ak, c.ak_len, der, len) && c.ak_len);
	must(inside(c.attest, c.attest_len, der, len) && c.attest_len);
	must(inside(c.signature, c.signature_len, der, len) && c.signature_len);
	must(tkm_certificate_encode(&c, out, sizeof(out)) == (ssize_t)len);
	must(!memcmp(out, der, len));
	must(tkm_certificate_encode(&c, out, len - 1) == -EMSGSIZE);
	/* The end of a TPMS_ATTEST of ours: Name and qualified Name. */
	if (c.attest_len != 6 + 36 + 34 + 25 + 36 + 36)
		return;
	name = c.attest + 6 + 36 + 34 + 25 + 2;
	place = name + 36;
	if (tkm_certificate_check(&c, c.attest + 6 + 36 + 2, name, place))
		return;
	must(tkm_ak_is(c.ak, c.ak_len));
	must(get_unaligned_be32(c.signature) == 0x0018000b);
	must(tkm_certificate_check(&c, other, name, place) == -EBADMSG ||
	     !memcmp(c.attest + 44, other, 32));
	must(tkm_certificate_check(&c, c.attest + 44, other, place) == -EBADMSG ||
	     !memcmp(name, other, sizeof(other)));
	must(tkm_certificate_check(&c, c.attest + 44, name, other) == -EBADMSG ||
	     !memcmp(place, other, sizeof(other)));
}

/* A recovery key on its way: all of it, and of its one shape. */
static void any_recovery(const u8 *p, size_t len)
{
	static const u8 zero[64];
	u8 area[TKM_RECOVERY_AREA];
	struct tkm_move move;
	int ret = tkm_recovery_decode(p, len, &move);

	must(ret == 0 || ret == -EBADMSG || ret == -EPERM);
	if (ret)
		return;
	must(move.obj.pub_len == sizeof(area));
	must(len == 2 + sizeof(area) + 2 + move.obj.priv_len + 2 +
	     move.secret_len + TKM_INNER_SIZE);
	must(move.inner + TKM_INNER_SIZE == p + len);
	tkm_recovery_area(zero, area);
	memcpy(area + 24, move.obj.pub + 24, 32);
	memcpy(area + 58, move.obj.pub + 58, 32);
	must(!memcmp(area, move.obj.pub, sizeof(area)));
	must(tkm_parent_check(area, sizeof(area)) == -EPERM);
	must(tkm_recovery_decode(p, len - 1, &move));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	u8 *der = exact(data, len), pub[TKM_CHAIN_OBJECTS][1024];
	u8 or[TKM_CHAIN_OBJECTS][72];
	struct tkm_chain chain;
	unsigned int i;
	int ret = tkm_blob_decode(der, len, &chain);

	must(ret == 0 || ret == -EBADMSG || ret == -EOPNOTSUPP);
	any_branch(der, len);
	any_move(der, len);
	any_certificate(der, len);
	any_recovery(der, len);
	must(!len || !memcmp(der, data, len));
	if (!ret) {
		is_sound(&chain, der, len);
		must(chain.flat ? chain.n == 1 :
		     chain.n >= 2 && chain.n <= TKM_CHAIN_OBJECTS);
		encodes_to_itself(&chain, der, len);
		if (chain.n == TKM_CHAIN_OBJECTS)
			branch_of_chain(&chain, der, len);
		verified(&chain);
		for (i = 0; i < chain.n; i++)
			forge(&chain.obj[i], chain.flat, pub[i], or[i]);
		verified(&chain);
		/* Its last byte is of a private area, which means nothing. */
		if (!chain.flat)
			twist(&chain, der[len - 1]);
		for (i = 0; i < chain.n; i++)
			forge(&chain.obj[i], chain.flat, pub[i], or[i]);
		for (i = 0; i < chain.n && !chain.flat; i++)
			if (chain.obj[i].pub == pub[i] &&
			    chain.obj[i].pub_len >= 8)
				put_unaligned_be32(attributes_of(&chain.obj[i],
								 i),
						   pub[i] + 4);
		verified(&chain);
	}
	exact_free(der);
	return 0;
}
