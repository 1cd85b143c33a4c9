// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * What a chain must be before a TPM sees it, and the templates that make its
 * objects so.
 *
 * A chain comes from a file that anyone may have written. Nothing in it is
 * taken at its word: each object's record is hashed and must be the branch of
 * the authPolicy that its Name commits to, each policy is computed anew, each
 * attribute is compared with what the kind and class of the object demand.
 * What remains for the TPM is what only it can do: whether the private parts
 * belong to these public parts and to this chip.
 */
#include "core.h"

u32 tkm_class_attributes(enum tkm_class class)
{
	return class == TKM_CLASS_FIXED ?
		TPM_OA_FIXED_TPM | TPM_OA_FIXED_PARENT :
		TPM_OA_ENCRYPTED_DUPLICATION;
}

u32 tkm_key_attributes(enum tkm_class class, unsigned int uses,
		       bool has_policy, bool has_auth)
{
	u32 attributes = tkm_class_attributes(class);

	if (uses & TKM_USE_SIGN)
		attributes |= TPM_OA_SIGN | TPM_OA_SENSITIVE_DATA_ORIGIN;
	if (uses & TKM_USE_DECRYPT)
		attributes |= TPM_OA_DECRYPT | TPM_OA_SENSITIVE_DATA_ORIGIN;
	if (!has_policy)
		attributes |= TPM_OA_USER_WITH_AUTH;
	if (!has_auth)
		attributes |= TPM_OA_NO_DA;
	return attributes;
}

static void add_branch(struct tkm_branches *b, const u8 digest[32])
{
	memcpy(b->digest[b->n++], digest, 32);
}

static void add_mover(struct tkm_branches *b, const u8 name[TKM_NAME_SIZE])
{
	if (tkm_name_is_set(name))
		tkm_duplicate_digest(name, b->digest[b->n++]);
}

void tkm_record_branches(const struct tkm_record *rec, const u8 hash[32],
			 const u8 *use, struct tkm_branches *b)
{
	memset(b, 0, sizeof(*b));
	if (use)
		add_branch(b, use);
	add_branch(b, hash);
	add_mover(b, rec->authority);
	add_mover(b, rec->recovery);
}

struct tkm_public tkm_public_storage(enum tkm_class class, const u8 policy[32])
{
	return (struct tkm_public){
		.type = TPM_ALG_ECC,
		.name_alg = TPM_ALG_SHA256,
		.attributes = TKM_STORAGE_ATTRIBUTES |
			      tkm_class_attributes(class),
		.policy = policy,
		.policy_len = 32,
		.sym_alg = TPM_ALG_AES,
		.sym_bits = 128,
		.sym_mode = TPM_ALG_CFB,
		.scheme = TPM_ALG_NULL,
		.curve = TPM_ECC_NIST_P256,
	};
}

struct tkm_public tkm_public_sealed(const u8 *policy, u16 policy_len,
				    u32 attributes)
{
	return (struct tkm_public){
		.type = TPM_ALG_KEYEDHASH,
		.name_alg = TPM_ALG_SHA256,
		.attributes = attributes,
		.policy = policy,
		.policy_len = policy_len,
		.sym_alg = TPM_ALG_NULL,
		.scheme = TPM_ALG_NULL,
	};
}

struct tkm_public tkm_public_pair(enum tkm_kind kind, u16 rsa_bits, u16 curve,
				  const u8 *policy, u16 policy_len,
				  u32 attributes)
{
	struct tkm_public pub = {
		.type = kind == TKM_KIND_RSA ? TPM_ALG_RSA : TPM_ALG_ECC,
		.name_alg = TPM_ALG_SHA256,
		.attributes = attributes,
		.policy = policy,
		.policy_len = policy_len,
		.sym_alg = TPM_ALG_NULL,
		.scheme = TPM_ALG_NULL,
	};

	if (kind == TKM_KIND_RSA) {
		pub.rsa_bits = rsa_bits;
		pub.rsa_exponent = 65537;
	} else {
		pub.curve = curve;
	}
	return pub;
}

static bool policy_is(const struct tkm_public *pub, const u8 digest[32])
{
	return pub->policy_len == 32 && !memcmp(pub->policy, digest, 32);
}

/* Nothing but its record, and who approves of its moving. */
static int verify_no_policy(const struct tkm_public *pub,
			    const struct tkm_record *rec, const u8 hash[32])
{
	struct tkm_branches branches;
	u8 digest[32];

	tkm_record_branches(rec, hash, NULL, &branches);
	tkm_branches_digest(&branches, digest);
	return policy_is(pub, digest) ? 0 : -EBADMSG;
}

/*
 * A policy that ends in PolicyOR(what came before, the record's hash, and who
 * approves of its moving), and is the one that the object's Name commits to.
 */
static int verify_policy(const struct tkm_object *obj,
			 const struct tkm_public *pub,
			 const struct tkm_record *rec, const u8 hash[32])
{
	struct tkm_policy real = obj->policy;
	const struct tkm_policy_element *or = &real.el[real.n - 1];
	u8 before[32], expected[32], digest[32];
	struct tkm_branches branches;
	int ret;

	if (or->cc != TPM_CC_POLICY_OR)
		return -EBADMSG;
	/* The whole list first: that the OR holds the branch before it. */
	ret = tkm_policy_digest(&obj->policy, digest);
	if (ret)
		return ret;
	real.n--;
	ret = tkm_policy_digest(&real, before);
	if (ret)
		return ret;
	tkm_record_branches(rec, hash, before, &branches);
	tkm_branches_digest(&branches, expected);
	if (!real.n || memcmp(digest, expected, 32) || !policy_is(pub, digest))
		return -EBADMSG;
	/* A value that is there is asked for, and only then. */
	if (tkm_policy_has(&real, TPM_CC_POLICY_AUTH_VALUE) == obj->empty_auth)
		return -EBADMSG;
	return 0;
}

/* PolicyAuthorize, perhaps PolicyOR of two keys, PolicyOR of the record. */
static bool is_authorised(const struct tkm_policy *policy)
{
	return (policy->n == 2 || policy->n == 3) &&
	       policy->el[0].cc == TPM_CC_POLICY_AUTHORIZE &&
	       policy->el[policy->n - 2].cc == (policy->n == 2 ?
			TPM_CC_POLICY_AUTHORIZE : TPM_CC_POLICY_OR);
}

/* A storage key: its record is the whole of its policy, or a branch of it. */
static int verify_storage(const struct tkm_object *obj,
			  const struct tkm_public *pub,
			  const struct tkm_record *rec, const u8 hash[32])
{
	u32 attributes = TKM_STORAGE_ATTRIBUTES |
			 tkm_class_attributes(rec->class);

	/* A person's password guards it: guessing counts. */
	if (!obj->empty_auth)
		attributes &= ~TPM_OA_NO_DA;
	if (obj->policy.n)
		attributes &= ~TPM_OA_USER_WITH_AUTH;
	if (obj->type != TKM_OBJECT_LOADABLE ||
	    (!obj->empty_auth && (rec->kind != TKM_KIND_TDK || obj->policy.n)))
		return -EBADMSG;
	if (pub->type != TPM_ALG_ECC || pub->curve != TPM_ECC_NIST_P256 ||
	    pub->sym_alg != TPM_ALG_AES || pub->attributes != attributes)
		return -EBADMSG;
	if (!obj->policy.n)
		return verify_no_policy(pub, rec, hash);
	if (rec->kind == TKM_KIND_TKMRK || !is_authorised(&obj->policy))
		return -EBADMSG;
	return verify_policy(obj, pub, rec, hash);
}

/* Whether the object is of the kind that its record names. */
static bool kind_is(const struct tkm_object *obj, const struct tkm_public *pub,
		    const struct tkm_record *rec)
{
	const unsigned int pair_uses = TKM_USE_SIGN | TKM_USE_DECRYPT;

	if (rec->kind == TKM_KIND_DATA)
		return obj->type == TKM_OBJECT_SEALED &&
		       pub->type == TPM_ALG_KEYEDHASH &&
		       !(rec->uses & pair_uses);
	return obj->type == TKM_OBJECT_LOADABLE &&
	       pub->type == (rec->kind == TKM_KIND_RSA ? TPM_ALG_RSA :
							 TPM_ALG_ECC) &&
	       (rec->uses == TKM_USE_SIGN || rec->uses == TKM_USE_DECRYPT);
}

/* An RSA or EC key of a size that tkm works with, and no storage key. */
static int verify_pair(const struct tkm_public *pub)
{
	if (pub->sym_alg != TPM_ALG_NULL)
		return -EBADMSG;
	if (pub->type == TPM_ALG_RSA && pub->rsa_bits != 2048 &&
	    pub->rsa_bits != 3072)
		return -EOPNOTSUPP;
	return 0;
}

static int verify_key(const struct tkm_object *obj,
		      const struct tkm_public *pub,
		      const struct tkm_record *rec, const u8 hash[32])
{
	int ret;

	if (!kind_is(obj, pub, rec))
		return -EBADMSG;
	if (pub->attributes != tkm_key_attributes(rec->class, rec->uses,
						  obj->policy.n > 0,
						  !obj->empty_auth))
		return -EBADMSG;
	if (rec->kind != TKM_KIND_DATA) {
		ret = verify_pair(pub);
		if (ret)
			return ret;
	}
	if (!obj->policy.n)
		return verify_no_policy(pub, rec, hash);
	return verify_policy(obj, pub, rec, hash);
}

static bool is_key(enum tkm_kind kind)
{
	return kind == TKM_KIND_DATA || kind == TKM_KIND_RSA ||
	       kind == TKM_KIND_EC;
}

/* One object of a chain against its own record; TKM_KIND_NONE: a key. */
static int verify_object(const struct tkm_object *obj, enum tkm_kind kind,
			 struct tkm_record *rec)
{
	struct tkm_public pub;
	u8 hash[32];
	int ret;

	ret = tkm_record_parse(obj->description, obj->description_len, rec);
	if (ret)
		return ret;
	if (kind ? rec->kind != kind : !is_key(rec->kind))
		return -EBADMSG;
	/* A password or a policy guards what never moves only. */
	if (kind && rec->class != TKM_CLASS_FIXED &&
	    (!obj->empty_auth || obj->policy.n))
		return -EOPNOTSUPP;
	ret = tkm_public_decode(obj->pub, obj->pub_len, &pub);
	if (ret)
		return ret;
	tkm_record_hash(obj->description, obj->description_len, hash);
	if (!kind)
		return verify_key(obj, &pub, rec, hash);
	return verify_storage(obj, &pub, rec, hash);
}

/* Whether an object's record fits under the one above it. */
static bool same_branch(const struct tkm_record *above,
			const struct tkm_record *rec)
{
	if (above->kind == TKM_KIND_TKMRK)
		return true;
	if (rec->class != above->class ||
	    !tkm_record_same_authority(rec, above))
		return false;
	if (rec->owner != above->owner || rec->side != above->side)
		return false;
	return above->kind == TKM_KIND_TDK || !strcmp(rec->app, above->app);
}

static int verify_caller(const struct tkm_record *rec,
			 const struct tkm_caller *caller)
{
	if (rec->owner != caller->owner || rec->side != caller->side)
		return -EPERM;
	if (strcmp(rec->app, caller->app) || strcmp(rec->label, caller->label))
		return -EKEYREJECTED;
	if (rec->not_after && caller->now >= rec->not_after)
		return -EKEYEXPIRED;
	return 0;
}

/* How far down an object is. */
static unsigned int depth_of(enum tkm_kind kind)
{
	return is_key(kind) ? 4 : kind;
}

/*
 * One further down; or more, where what is between was left behind: an object that
 * came from another TPM alone lies under the TKMRK. What is fixed has its place
 * (kind_at()).
 */
static bool is_below(const struct tkm_record *above,
		     const struct tkm_record *rec)
{
	unsigned int from = depth_of(above->kind), to = depth_of(rec->kind);

	return to == from + 1 || (to > from && from == TKM_KIND_TKMRK);
}

/* What an object has to be; TKM_KIND_NONE: a key. */
static enum tkm_kind kind_at(const struct tkm_chain *chain, unsigned int place)
{
	static const enum tkm_kind kinds[] = {
		TKM_KIND_TKMRK, TKM_KIND_TDK, TKM_KIND_ASK, TKM_KIND_NONE,
	};
	const struct tkm_object *obj = &chain->obj[place];
	struct tkm_record rec;

	/* Only one that came alone is not where it was made. */
	if (!place || tkm_record_parse(obj->description, obj->description_len,
				       &rec) ||
	    rec.class == TKM_CLASS_FIXED)
		return kinds[place];
	return is_key(rec.kind) ? TKM_KIND_NONE : rec.kind;
}

/* All objects, and that each fits under the one above; @rec: the last one's. */
static int verify_line(const struct tkm_chain *chain, u8 srk[TKM_NAME_SIZE],
		       struct tkm_record *rec)
{
	struct tkm_record above = {};
	unsigned int i;
	int ret;

	if (chain->obj[0].parent != TKM_SRK_HANDLE)
		return -EBADMSG;
	for (i = 0; i < chain->n; i++) {
		ret = verify_object(&chain->obj[i], kind_at(chain, i), rec);
		if (ret)
			return ret;
		if (!is_below(&above, rec))
			return -EBADMSG;
		if (!i)
			memcpy(srk, rec->srk, TKM_NAME_SIZE);
		else if (!same_branch(&above, rec))
			return -EBADMSG;
		/* What guards a domain guards each application of it. */
		if (rec->kind == TKM_KIND_ASK &&
		    !tkm_policy_same_guard(&chain->obj[i - 1].policy,
					   &chain->obj[i].policy))
			return -EBADMSG;
		above = *rec;
	}
	return 0;
}

static int verify_hierarchy(const struct tkm_chain *chain,
			    const struct tkm_caller *caller,
			    u8 srk[TKM_NAME_SIZE], struct tkm_record *rec)
{
	int ret;

	ret = verify_line(chain, srk, rec);
	if (ret)
		return ret;
	return is_key(rec->kind) ? verify_caller(rec, caller) : -EBADMSG;
}

int tkm_branch_verify(const struct tkm_chain *branch,
		      const struct tkm_caller *caller, u8 srk[TKM_NAME_SIZE])
{
	struct tkm_record rec;
	int ret;

	memset(srk, 0, TKM_NAME_SIZE);
	if (!branch->n || branch->n >= TKM_CHAIN_OBJECTS || branch->flat)
		return -EBADMSG;
	ret = verify_line(branch, srk, &rec);
	/* Storage keys, each in its place. */
	if (!ret && depth_of(rec.kind) != branch->n)
		return -EBADMSG;
	/* A TKMRK is nobody's. */
	if (ret || rec.kind == TKM_KIND_TKMRK)
		return ret;
	if (rec.owner != caller->owner || rec.side != caller->side ||
	    rec.class != caller->class)
		return -EPERM;
	return rec.kind == TKM_KIND_TDK || !strcmp(rec.app, caller->app) ?
	       0 : -EPERM;
}

int tkm_parent_check(const u8 *p, size_t len)
{
	const u32 needed = TPM_OA_FIXED_TPM | TPM_OA_FIXED_PARENT |
			   TPM_OA_SENSITIVE_DATA_ORIGIN | TPM_OA_RESTRICTED |
			   TPM_OA_DECRYPT;
	struct tkm_public pub;
	int ret;

	ret = tkm_public_decode(p, len, &pub);
	if (ret)
		return ret;
	if ((pub.attributes & (needed | TPM_OA_SIGN)) != needed ||
	    pub.sym_alg != TPM_ALG_AES)
		return -EPERM;
	if (pub.type == TPM_ALG_ECC)
		return !pub.x_len || !pub.y_len ? -EBADMSG :
		       pub.curve == TPM_ECC_NIST_P256 ? 0 : -EOPNOTSUPP;
	/* What has a cipher and no curve is RSA. */
	return pub.rsa_bits >= 2048 ? 0 : -EOPNOTSUPP;
}

int tkm_moved_verify(const struct tkm_object *obj,
		     const struct tkm_caller *caller, struct tkm_record *rec)
{
	struct tkm_object as = *obj;
	enum tkm_kind kind;
	int ret;

	ret = tkm_record_parse(obj->description, obj->description_len, rec);
	if (ret)
		return ret;
	kind = is_key(rec->kind) ? TKM_KIND_NONE : rec->kind;
	if (rec->class == TKM_CLASS_FIXED)
		return -EPERM;
	as.type = rec->kind == TKM_KIND_DATA ? TKM_OBJECT_SEALED :
					       TKM_OBJECT_LOADABLE;
	ret = verify_object(&as, kind, rec);
	if (ret)
		return ret;
	return rec->owner == caller->owner && rec->side == caller->side ?
	       0 : -EPERM;
}

int tkm_below_verify(const struct tkm_record *above,
		     const struct tkm_object *obj, struct tkm_record *rec)
{
	enum tkm_kind kind;
	int ret;

	ret = tkm_record_parse(obj->description, obj->description_len, rec);
	if (ret)
		return ret;
	kind = is_key(rec->kind) ? TKM_KIND_NONE : rec->kind;
	ret = verify_object(obj, kind, rec);
	if (ret)
		return ret;
	return is_below(above, rec) && same_branch(above, rec) ? 0 : -EBADMSG;
}

/* What a key without a record is, as its type and attributes say. */
static int flat_kind(const struct tkm_public *pub, struct tkm_record *rec)
{
	const u32 works = TPM_OA_DECRYPT | TPM_OA_SIGN;

	if (pub->attributes & TPM_OA_RESTRICTED)
		return -EOPNOTSUPP;
	if (pub->type == TPM_ALG_KEYEDHASH) {
		rec->kind = TKM_KIND_DATA;
		rec->uses = TKM_USE_PUBLISH | TKM_USE_CRYPT;
		return pub->attributes & works ? -EOPNOTSUPP : 0;
	}
	rec->kind = pub->type == TPM_ALG_RSA ? TKM_KIND_RSA : TKM_KIND_EC;
	if (pub->attributes & TPM_OA_SIGN)
		rec->uses |= TKM_USE_SIGN;
	if (pub->attributes & TPM_OA_DECRYPT)
		rec->uses |= TKM_USE_DECRYPT;
	return rec->uses ? verify_pair(pub) : -EOPNOTSUPP;
}

/* A single object of any tool's making, or our own parent=srk. */
static int verify_flat(const struct tkm_object *obj,
		       const struct tkm_caller *caller, struct tkm_record *rec)
{
	const u32 fixed = TPM_OA_FIXED_TPM | TPM_OA_FIXED_PARENT;
	struct tkm_public pub;
	u8 digest[32];
	int ret;

	/* A record of ours belongs into a chain; alone it proves nothing. */
	if (obj->description &&
	    !tkm_record_parse(obj->description, obj->description_len, rec))
		return -EBADMSG;
	/* Not by its OID: tpm2_encodeobject calls everything loadable. */
	if (!tkm_parent_is_srk(obj->parent))
		return -ENOKEY;
	ret = tkm_public_decode(obj->pub, obj->pub_len, &pub);
	if (ret)
		return ret;
	memset(rec, 0, sizeof(*rec));
	ret = flat_kind(&pub, rec);
	if (ret)
		return ret;
	if (obj->policy.n) {
		ret = tkm_policy_digest(&obj->policy, digest);
		if (ret)
			return ret;
		if (!policy_is(&pub, digest))
			return -EBADMSG;
	} else if (!(pub.attributes & TPM_OA_USER_WITH_AUTH)) {
		/* Only a policy opens it, and nothing says which. */
		return -EOPNOTSUPP;
	}
	rec->class = (pub.attributes & fixed) == fixed ? TKM_CLASS_FIXED :
							 TKM_CLASS_PORTABLE;
	rec->owner = caller->owner;
	rec->side = caller->side;
	strcpy(rec->app, caller->app);
	strcpy(rec->label, caller->label);
	return 0;
}

int tkm_chain_verify(const struct tkm_chain *chain,
		     const struct tkm_caller *caller, u8 srk[TKM_NAME_SIZE],
		     struct tkm_record *rec)
{
	memset(srk, 0, TKM_NAME_SIZE);
	if (chain->flat)
		return verify_flat(&chain->obj[0], caller, rec);
	return verify_hierarchy(chain, caller, srk, rec);
}
