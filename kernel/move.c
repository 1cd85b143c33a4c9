// SPDX-License-Identifier: GPL-2.0
/*
 * Objects on their way to another TPM, and from one: the key type `tkm-move`.
 *
 * Its keys are made by `duplicate`, and then hold what the new parent imports; or by
 * `import`, and then hold the chain down to what came; or by `certify` (certify.c), and
 * then hold what the TPM says of a key. As with every key of ours the
 * TPM works in preparse, where no key's lock is held, for whoever waits killably.
 *
 * What may move, where to, is in an approval. Everything about it that can be
 * known here is compared here, and refused before a TPM command; the TPM then asks for
 * the same: for the authority's signature, by a ticket of its own, for both Names,
 * for this very command. Nothing that comes back is given away but in the form that
 * a reader of ours takes.
 *
 * Counted in TPM commands, the storage keys being known:
 *   duplicate  LoadExternal, VerifySignature, Flush, StartAuthSession, ContextLoad,
 *              [Load, Flush], LoadExternal, PolicyDuplicationSelect,
 *              PolicyAuthorize, PolicyCommandCode, PolicyOR, Duplicate, Flush, Flush
 *   import     StartAuthSession, ContextLoad, [Import, Load, Rewrap, Flush,] Import,
 *              Load, Flush, Flush
 * whatever lies below the object.
 *
 * TPM 2.0 Part 1, "Protected Storage", "Duplication".
 */
#define pr_fmt(fmt) "tkm: " fmt

#include <linux/err.h>
#include <linux/key-type.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "hierarchy.h"

/* What a key holds; it never changes. */
struct moved {
	size_t len;
	u8 der[];
};

/**
 * struct move_op - an object on its way
 * @op: for the bus
 * @payload: duplicate: the key in whose chain it is, with a reference
 * @chain: duplicate: that chain, decoded; import: what is written
 * @place: duplicate: the object's place in @chain
 * @rec: its record
 * @name: its Name
 * @to: duplicate: TPMT_PUBLIC of the new parent, in @to_bytes
 * @to_bytes: of kmalloc's
 * @permit: duplicate: the approval, in @permit_bytes
 * @permit_bytes: of kmalloc's
 * @ticket: that its signature was verified
 * @ticket_len: its length
 * @inner: wraps the object inside of all else; random
 * @out: duplicate: what the TPM made; import: of what came for a recovery key
 * @move: import: what came, in @move_bytes
 * @move_bytes: of kmalloc's
 * @recovery: import: the recovery key that it came for, in @recovery_bytes
 * @recovery_bytes: of kmalloc's, or NULL
 * @branch: import: the storage keys that the helper has, in @branch_der; or n 0
 * @branch_der: of kmalloc's
 * @srk: Name of the SRK that those were made under
 * @priv: import: private part under the TKMRK
 * @priv_len: its length
 * @der: the result
 * @len: its length
 */
struct move_op {
	struct tkm_op op;
	struct tkm_payload *payload;
	struct tkm_chain chain;
	unsigned int place;
	struct tkm_record rec;
	u8 name[TKM_NAME_SIZE];
	struct tkm_piece to;
	u8 *to_bytes;
	struct tkm_permit permit;
	u8 *permit_bytes;
	u8 ticket[TKM_TICKET_MAX];
	u16 ticket_len;
	u8 inner[TKM_INNER_SIZE];
	struct tkm_duplicated out;
	struct tkm_move move;
	u8 *move_bytes;
	struct tkm_move recovery;
	u8 *recovery_bytes;
	struct tkm_chain branch;
	u8 *branch_der;
	u8 srk[TKM_NAME_SIZE];
	u8 priv[1024];
	u16 priv_len;
	u8 der[TKM_MOVE_MAX];
	size_t len;
};

static void move_release(struct tkm_op *op)
{
	struct move_op *d = container_of(op, struct move_op, op);

	if (d->payload)
		tkm_payload_put(d->payload);
	kfree(d->to_bytes);
	kfree(d->permit_bytes);
	kfree_sensitive(d->move_bytes);
	kfree_sensitive(d->recovery_bytes);
	kfree(d->branch_der);
	kfree_sensitive(d);
}

static struct tkm_object *object_of(struct move_op *d)
{
	return &d->chain.obj[d->place];
}

/* ---- duplicate: before the TPM is asked ---- */

/* Until it is found, what is spoken of is the key. */
static int find_object(struct move_op *d, enum tkm_kind kind)
{
	struct tkm_record rec = d->rec;
	const struct tkm_object *obj;
	int ret;

	ret = tkm_blob_decode(d->payload->chain, d->payload->chain_len,
			      &d->chain);
	if (ret)
		return ret;
	d->place = d->chain.n - 1;
	while (kind && rec.kind != kind) {
		/* Of an object that came alone nothing is above but the TKMRK. */
		if (!d->place--)
			return -ENOKEY;
		obj = object_of(d);
		ret = tkm_record_parse(obj->description, obj->description_len,
				       &rec);
		if (ret)
			return ret;
	}
	d->rec = rec;
	obj = object_of(d);
	tkm_public_name(obj->pub, obj->pub_len, d->name);
	return 0;
}

/*
 * TPM2B_PUBLIC of a storage key that nobody else has; or of a recovery key, if that was
 * said.
 */
static int take_parent(struct move_op *d, const struct tkm_move_request *req)
{
	struct tkm_reader r;
	size_t len;
	u16 n;
	int ret;

	ret = tkm_user_bytes(req->parent, 2 + TKM_POLICY_PUBLIC_MAX,
			     &d->to_bytes, &len);
	if (ret)
		return ret;
	tkm_reader_init(&r, d->to_bytes, len);
	d->to.data = tkm_get_tpm2b(&r, &n);
	d->to.len = n;
	if (!tkm_reader_done(&r))
		return -EBADMSG;
	return req->to_recovery ? tkm_recovery_check(d->to.data, d->to.len) :
				  tkm_parent_check(d->to.data, d->to.len);
}

/* For this object, for that parent, by who may say so. */
static int take_permit(struct move_op *d, key_serial_t serial)
{
	const struct tkm_authorize *by = &d->permit.by;
	u8 name[TKM_NAME_SIZE];
	size_t len;
	int ret;

	ret = tkm_user_bytes(serial, TKM_APPROVAL_MAX, &d->permit_bytes, &len);
	ret = ret ?: tkm_permit_decode(d->permit_bytes, len, &d->permit);
	if (ret)
		return ret;
	tkm_public_name(by->pub, by->pub_len, name);
	if (memcmp(name, d->rec.authority, sizeof(name)) &&
	    memcmp(name, d->rec.recovery, sizeof(name)))
		return -EKEYREJECTED;
	tkm_public_name(d->to.data, d->to.len, name);
	if (memcmp(d->permit.object, d->name, sizeof(name)) ||
	    memcmp(d->permit.parent, name, sizeof(name)))
		return -EPERM;
	return 0;
}

static int prepare_duplicate(struct move_op *d,
			     const struct tkm_move_request *req)
{
	struct tkm_payload *payload = tkm_payload_of(req->key);
	int ret;

	if (IS_ERR(payload))
		return PTR_ERR(payload);
	d->payload = payload;
	d->rec = payload->rec;
	/* Of what never leaves this TPM; and another tool's is its own affair. */
	if (payload->flat || payload->rec.class == TKM_CLASS_FIXED)
		return payload->flat ? -EOPNOTSUPP : -EPERM;
	ret = find_object(d, req->kind);
	ret = ret ?: take_parent(d, req);
	ret = ret ?: take_permit(d, req->approval);
	get_random_bytes(d->inner, sizeof(d->inner));
	return ret;
}

/* ---- duplicate: in the TPM ---- */

static int get_ticket(struct tkm_bus *bus, struct move_op *d)
{
	u8 hash[32];

	tkm_permit_hash(&d->permit, hash);
	return tkm_tpm_ticket(bus, &d->permit.by, hash, d->ticket,
			      &d->ticket_len);
}

/* The storage key itself, or the key below the last of them. */
static int load_object(struct tkm_bus *bus, struct move_op *d,
		       struct tkm_parent *item)
{
	const struct tkm_object *obj = object_of(d);
	unsigned int up = d->chain.n - 1 - d->place;
	struct tkm_node *node = d->payload->node;
	struct tkm_parent parent;
	int ret;

	for (; up > 1; up--)
		node = node->parent;
	if (up)
		return tkm_hierarchy_use(bus, node, item);
	ret = tkm_hierarchy_use(bus, node, &parent);
	if (ret)
		return ret;
	item->name = d->name;
	ret = tkm_tpm_load(bus, parent,
			   (struct tkm_piece){ obj->pub, obj->pub_len },
			   (struct tkm_piece){ obj->priv, obj->priv_len },
			   false, &item->handle);
	if (ret == -EKEYREJECTED || ret == -ENOKEY)
		tkm_hierarchy_doubt(bus);
	/* Two slots are enough. */
	if (!ret)
		tkm_hierarchy_leave(bus);
	return ret;
}

static int play_one(struct tkm_bus *bus, u32 cc, const u8 *body, size_t len)
{
	const struct tkm_policy_element el = { cc, body, len };

	return tkm_tpm_policy(bus, &el);
}

/* Which branch it is: the last PolicyOR of its policy, or all of its authPolicy. */
static int play_branches(struct tkm_bus *bus, struct move_op *d)
{
	const struct tkm_object *obj = object_of(d);
	unsigned int n = obj->policy.n;
	const struct tkm_policy_element *or;
	struct tkm_branches branches;
	u8 body[TKM_BRANCHES_MAX], hash[32];
	struct tkm_writer w;

	if (n) {
		or = &obj->policy.el[n - 1];
		return play_one(bus, or->cc, or->body, or->body_len);
	}
	tkm_record_hash(obj->description, obj->description_len, hash);
	tkm_record_branches(&d->rec, hash, NULL, &branches);
	tkm_writer_init(&w, body, sizeof(body));
	tkm_branches_encode(&w, &branches);
	return play_one(bus, TPM_CC_POLICY_OR, body, w.len);
}

static int play(struct tkm_bus *bus, struct move_op *d)
{
	static const u8 duplicate[] = { 0, 0, TPM_CC_DUPLICATE >> 8,
					TPM_CC_DUPLICATE & 0xff };
	int ret;

	ret = play_one(bus, d->permit.select.cc, d->permit.select.body,
		       d->permit.select.body_len);
	ret = ret ?: tkm_tpm_policy_authorize(bus, d->permit.digest,
			&d->permit.by, (struct tkm_piece){ d->ticket,
							   d->ticket_len });
	ret = ret ?: play_one(bus, TPM_CC_POLICY_COMMAND_CODE, duplicate,
			      sizeof(duplicate));
	ret = ret ?: play_branches(bus, d);
	bus->session.ready = !ret;
	return ret;
}

static int write_move(struct move_op *d)
{
	struct tkm_move *move = &d->move;
	ssize_t len;

	move->obj = *object_of(d);
	move->obj.type = TKM_OBJECT_IMPORTABLE;
	move->obj.parent = TKM_PARENT_PREVIOUS;
	move->obj.priv = d->out.priv;
	move->obj.priv_len = d->out.priv_len;
	move->secret = d->out.secret;
	move->secret_len = d->out.secret_len;
	move->inner = d->inner;
	len = tkm_move_encode(move, d->der, sizeof(d->der));
	if (len < 0)
		return -EIO;
	d->len = len;
	return 0;
}

static int duplicate_run(struct tkm_bus *bus, struct tkm_op *op)
{
	struct move_op *d = container_of(op, struct move_op, op);
	struct tkm_parent item = {}, to = {};
	u8 name[TKM_NAME_SIZE];
	int ret;

	ret = tkm_hierarchy_open(bus, NULL);
	ret = ret ?: get_ticket(bus, d);
	ret = ret ?: tkm_session_start(bus, true);
	ret = ret ?: load_object(bus, d, &item);
	ret = ret ?: tkm_tpm_load_external(bus, d->to, &to.handle);
	if (ret)
		return ret;
	tkm_public_name(d->to.data, d->to.len, name);
	to.name = name;
	ret = play(bus, d);
	ret = ret ?: tkm_tpm_duplicate(bus, item, to, d->inner, &d->out);
	tkm_bus_flush(bus, to.handle);
	if (d->place == d->chain.n - 1)
		tkm_bus_flush(bus, item.handle);
	return ret ?: write_move(d);
}

/* ---- import ---- */

static int take_recovery(struct move_op *d, key_serial_t serial)
{
	size_t len;
	int ret;

	ret = tkm_user_bytes(serial, TKM_RECOVERY_MAX, &d->recovery_bytes,
			     &len);
	return ret ?: tkm_recovery_decode(d->recovery_bytes, len, &d->recovery);
}

static int prepare_import(struct move_op *d, const struct tkm_move_request *req)
{
	struct tkm_caller caller = { .app = "@", .label = "import" };
	size_t len;
	int ret;

	tkm_caller_now(&caller);
	ret = tkm_user_bytes(req->packet, TKM_MOVE_MAX, &d->move_bytes, &len);
	ret = ret ?: tkm_move_decode(d->move_bytes, len, &d->move);
	ret = ret ?: tkm_moved_verify(&d->move.obj, &caller, &d->rec);
	if (!ret && req->recovery)
		ret = take_recovery(d, req->recovery);
	if (ret)
		return ret;
	/* Under the TKMRK that others lie under, if the helper keeps one. */
	ret = tkm_helper_branch(&caller, &d->branch_der, &len);
	if (ret)
		return ret == -ENOKEY ? 0 : ret;
	ret = tkm_branch_decode(d->branch_der, len, &d->branch);
	return ret ?: tkm_branch_verify(&d->branch, &caller, d->srk);
}

/* TKMRK and what came, as a chain begins with them. */
static int write_chain(struct move_op *d, struct tkm_node *root)
{
	struct tkm_object *obj;
	ssize_t len;

	tkm_hierarchy_objects(root, &d->chain);
	obj = &d->chain.obj[d->chain.n - 1];
	*obj = d->move.obj;
	obj->type = d->rec.kind == TKM_KIND_DATA ? TKM_OBJECT_SEALED :
						   TKM_OBJECT_LOADABLE;
	obj->priv = d->priv;
	obj->priv_len = d->priv_len;
	len = tkm_blob_encode(&d->chain, d->der, sizeof(d->der));
	if (len < 0)
		return -EIO;
	d->len = len;
	return 0;
}

/*
 * What came was made for a recovery key: that comes into the TPM, has the TPM make it
 * anew for the TKMRK, and goes.
 */
static int recover(struct tkm_bus *bus, struct move_op *d,
		   struct tkm_parent parent, struct tkm_move *move)
{
	const struct tkm_object *obj = &d->recovery.obj;
	struct tkm_parent from = {};
	u8 name[TKM_NAME_SIZE];
	int ret;

	tkm_public_name(obj->pub, obj->pub_len, name);
	from.name = name;
	ret = tkm_tpm_import(bus, parent, &d->recovery, d->priv,
			     sizeof(d->priv), &d->priv_len);
	ret = ret ?: tkm_tpm_load(bus, parent,
			(struct tkm_piece){ obj->pub, obj->pub_len },
			(struct tkm_piece){ d->priv, d->priv_len }, false,
			&from.handle);
	if (ret)
		return ret;
	ret = tkm_tpm_rewrap(bus, from, parent, move, &d->out);
	/* Two slots are enough. */
	tkm_bus_flush(bus, from.handle);
	move->obj.priv = d->out.priv;
	move->obj.priv_len = d->out.priv_len;
	move->secret = d->out.secret;
	move->secret_len = d->out.secret_len;
	return ret;
}

static int import_run(struct tkm_bus *bus, struct tkm_op *op)
{
	struct move_op *d = container_of(op, struct move_op, op);
	const struct tkm_object *obj = &d->move.obj;
	struct tkm_move move = d->move;
	struct tkm_parent parent;
	struct tkm_node *root;
	u32 handle;
	int ret;

	ret = tkm_hierarchy_open(bus, d->branch.n ? d->srk : NULL);
	ret = ret ?: tkm_session_start(bus, false);
	if (ret)
		return ret;
	root = tkm_hierarchy_root(bus, &d->branch);
	if (IS_ERR(root))
		return PTR_ERR(root);
	ret = tkm_hierarchy_use(bus, root, &parent);
	if (!ret && d->recovery_bytes)
		ret = recover(bus, d, parent, &move);
	ret = ret ?: tkm_tpm_import(bus, parent, &move, d->priv,
				    sizeof(d->priv), &d->priv_len);
	/* That it is what it says it is, the TPM has to say. */
	ret = ret ?: tkm_tpm_load(bus, parent,
			(struct tkm_piece){ obj->pub, obj->pub_len },
			(struct tkm_piece){ d->priv, d->priv_len }, true,
			&handle);
	if (ret == -EKEYREJECTED || ret == -ENOKEY)
		tkm_hierarchy_doubt(bus);
	if (ret)
		return ret;
	tkm_bus_spent(bus, handle);
	return write_chain(d, root);
}

/* ---- the key type ---- */

/* A label alone, as a domain's key has. */
static int move_vet_description(const char *desc)
{
	char app[TKM_APP_MAX + 1], label[TKM_LABEL_MAX + 1];

	if (strchr(desc, ':'))
		return -EINVAL;
	return tkm_description_parse(desc, app, label);
}

static struct moved *result_of(const u8 *der, size_t len)
{
	struct moved *moved;

	if (!try_module_get(THIS_MODULE))
		return ERR_PTR(-ENODEV);
	moved = kmalloc(struct_size(moved, der, len), GFP_KERNEL);
	if (!moved) {
		module_put(THIS_MODULE);
		return ERR_PTR(-ENOMEM);
	}
	moved->len = len;
	memcpy(moved->der, der, len);
	return moved;
}

static void moved_free(struct moved *moved)
{
	if (!moved)
		return;
	kfree_sensitive(moved);
	module_put(THIS_MODULE);
}

/* What it is about, once that is known: a storage key by its kind. */
static void audit(u32 event, const struct tkm_record *rec, int result)
{
	struct tkm_caller of = tkm_caller_of(rec);

	if (!rec->kind)
		return;
	if (!of.app[0])
		of.app = "@";
	if (!of.label[0])
		of.label = tkm_kind_name(rec->kind);
	tkm_audit(event, &of, result);
}

static struct moved *move(const struct tkm_move_request *req)
{
	struct move_op *d = kzalloc(sizeof(*d), GFP_KERNEL);
	struct moved *moved;
	int ret;

	if (!d)
		return ERR_PTR(-ENOMEM);
	tkm_op_init(&d->op, req->import ? import_run : duplicate_run,
		    move_release);
	ret = req->import ? prepare_import(d, req) : prepare_duplicate(d, req);
	ret = ret ?: tkm_bus_run(&d->op);
	moved = ret ? ERR_PTR(ret) : result_of(d->der, d->len);
	audit(req->import ? TKM_AUDIT_EVENT_IMPORT : TKM_AUDIT_EVENT_DUPLICATE,
	      &d->rec, PTR_ERR_OR_ZERO(moved));
	tkm_op_put(&d->op);
	return moved;
}

/* A certificate, and which key it is of. */
struct certified {
	struct tkm_record rec;
	u8 der[TKM_CERTIFICATE_MAX];
};

static struct moved *certify(const struct tkm_move_request *req)
{
	struct certified *c = kzalloc(sizeof(*c), GFP_KERNEL);
	struct moved *moved;
	ssize_t len;

	if (!c)
		return ERR_PTR(-ENOMEM);
	len = tkm_certify(req, &c->rec, c->der, sizeof(c->der));
	moved = len < 0 ? ERR_PTR(len) : result_of(c->der, len);
	audit(TKM_AUDIT_EVENT_CERTIFY, &c->rec, PTR_ERR_OR_ZERO(moved));
	kfree(c);
	return moved;
}

static int move_preparse(struct key_preparsed_payload *prep)
{
	struct tkm_move_request req;
	struct moved *moved;
	int ret;

	/* There is nothing to update. */
	if (!prep->orig_description)
		return -EOPNOTSUPP;
	if (!prep->data || !prep->datalen)
		return -EINVAL;
	ret = move_vet_description(prep->orig_description);
	ret = ret ?: tkm_move_parse(prep->data, prep->datalen, &req);
	if (ret)
		return ret;
	moved = req.certify ? certify(&req) : move(&req);
	if (IS_ERR(moved))
		return PTR_ERR(moved);
	prep->payload.data[0] = moved;
	prep->quotalen = moved->len;
	return 0;
}

static void move_free_preparse(struct key_preparsed_payload *prep)
{
	moved_free(prep->payload.data[0]);
}

static long move_read(const struct key *key, char *buffer, size_t size)
{
	const struct moved *moved = key->payload.data[0];

	if (!moved)
		return -EKEYREVOKED;
	if (buffer && size >= moved->len)
		memcpy(buffer, moved->der, moved->len);
	return moved->len;
}

/* With key->sem for writing, or when nobody has the key any more. */
static void move_end(struct key *key)
{
	if (!key_is_positive(key))
		return;
	moved_free(key->payload.data[0]);
	key->payload.data[0] = NULL;
}

static void move_revoke(struct key *key)
{
	key_payload_reserve(key, 0);
	move_end(key);
}

static void move_describe(const struct key *key, struct seq_file *m)
{
	seq_puts(m, key->description);
	if (key_is_positive(key))
		seq_printf(m, ": %u", key->datalen);
}

struct key_type tkm_move_key_type = {
	.name = "tkm-move",
	.vet_description = move_vet_description,
	.preparse = move_preparse,
	.free_preparse = move_free_preparse,
	.instantiate = generic_key_instantiate,
	.revoke = move_revoke,
	.destroy = move_end,
	.describe = move_describe,
	.read = move_read,
};
