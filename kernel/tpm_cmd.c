// SPDX-License-Identifier: GPL-2.0
/*
 * One function for each TPM command (TPM 2.0 Part 3, by the command's name).
 * They know bytes, not policy: build, send, check, parse, wipe. Each returns 0
 * or what tkm_bus_exec() returns, and -EIO for an answer whose parameters are
 * not the command's.
 *
 * Commands run in the worker only, one after the other, so the parameters have
 * one buffer. It is wiped after every command that carried a secret.
 */
#include <linux/bitops.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "tkm_internal.h"

static u8 param_buf[3072];

/* Every command of ours that makes or uses a secret goes through here. */
static void with_session(struct tkm_wire *wire, struct tkm_bus *bus,
			 u8 attributes)
{
	wire->session = &bus->session;
	wire->session_attributes = attributes;
	/* A policy session before its policy is done cannot authorise yet. */
	wire->authorises = !bus->session.policy || bus->session.ready;
	wire->password = !wire->authorises;
	bus->session.ready = false;
}

/* A policy session is one operation's, another one would take it for its own. */
static u8 goes_on(const struct tkm_bus *bus, bool last)
{
	return last && (!bus->more || bus->session.policy) ? 0 :
							     TPM_SA_CONTINUE;
}

/*
 * A parent's authValue, which only an HMAC session proves: never a password in
 * clear.
 */
static void with_parent(struct tkm_wire *wire, const struct tkm_parent *parent)
{
	wire->auth_value = parent->auth.data;
	wire->auth_value_len = parent->auth.len;
}

static int exec(struct tkm_bus *bus, struct tkm_wire *wire,
		const struct tkm_writer *params,
		struct tkm_wire_answer *answer, struct tkm_reader *r)
{
	int ret;

	if (params->overflow || (wire->session && !wire->session->handle))
		return -EIO;
	if (wire->auth_value_len && wire->password)
		return -EIO;
	wire->params = params->data;
	wire->params_len = params->len;
	ret = tkm_bus_exec(bus, wire, answer);
	if (!ret)
		tkm_reader_init(r, answer->params, answer->params_len);
	return ret;
}

/* The same with parameters that are secret. */
static int exec_wiping(struct tkm_bus *bus, struct tkm_wire *wire,
		       const struct tkm_writer *params,
		       struct tkm_wire_answer *answer, struct tkm_reader *r)
{
	int ret = exec(bus, wire, params, answer, r);

	memzero_explicit(param_buf, params->len);
	return ret;
}

/* Copy a TPM2B out; false if it does not fit or is empty. */
static bool take_tpm2b(struct tkm_reader *r, u8 *out, size_t size, u16 *len)
{
	const u8 *p = tkm_get_tpm2b(r, len);

	if (!p || !*len || *len > size)
		return false;
	memcpy(out, p, *len);
	return true;
}

static bool handle_is(u32 handle, u8 type)
{
	return handle >> 24 == type;
}

/**
 * tkm_tpm_handles() - TPM2_GetCapability of handles, without a session
 * @bus: held
 * @first: of a sort of handles: 0x80000000, 0x02000000
 * @all: gets what the TPM says it holds of that sort, after what is there;
 *	nothing vouches for it: good for flushing only
 *
 * Return: 0; -EIO when there are too many; else as above.
 */
int tkm_tpm_handles(struct tkm_bus *bus, u32 first, struct tkm_handles *all)
{
	const u8 params[] = { 0, 0, 0, TPM_CAP_HANDLES, first >> 24, 0, 0, 0,
			      0, 0, 0, ARRAY_SIZE(all->handle) };
	const struct tkm_wire wire = {
		.cc = TPM_CC_GET_CAPABILITY,
		.params = params,
		.params_len = sizeof(params),
	};
	struct tkm_wire_answer answer;
	struct tkm_reader r;
	u32 n;
	int ret;

	ret = tkm_bus_exec(bus, &wire, &answer);
	if (ret)
		return ret;
	tkm_reader_init(&r, answer.params, answer.params_len);
	if (tkm_get_u8(&r) || tkm_get_u32(&r) != TPM_CAP_HANDLES)
		return -EIO;	/* moreData */
	for (n = tkm_get_u32(&r); n && all->n < ARRAY_SIZE(all->handle); n--)
		all->handle[all->n++] = tkm_get_u32(&r);
	return !n && tkm_reader_done(&r) ? 0 : -EIO;
}

/**
 * tkm_tpm_read_public() - TPM2_ReadPublic, without a session
 * @bus: held
 * @handle: of the object
 * @pub: its TPMT_PUBLIC; nothing vouches for it
 * @size: of @pub
 * @len: the length
 *
 * Return: 0; -ENOKEY when there is no such object; else as above.
 */
int tkm_tpm_read_public(struct tkm_bus *bus, u32 handle, u8 *pub, u16 size,
			u16 *len)
{
	struct tkm_wire wire = {
		.cc = TPM_CC_READ_PUBLIC,
		.handles = { handle },
		.n_handles = 1,
	};
	struct tkm_wire_answer answer;
	struct tkm_writer none = {};
	struct tkm_reader r;
	u16 n;
	int ret;

	ret = exec(bus, &wire, &none, &answer, &r);
	if (ret)
		return ret;
	if (!take_tpm2b(&r, pub, size, len))
		return -EIO;
	/* Name and qualified name: ours is computed. */
	tkm_get_tpm2b(&r, &n);
	tkm_get_tpm2b(&r, &n);
	return tkm_reader_done(&r) ? 0 : -EIO;
}

static void put_public(struct tkm_writer *w, const struct tkm_public *pub)
{
	size_t at = tkm_put_tpm2b_begin(w);

	tkm_public_encode(w, pub);
	tkm_put_tpm2b_end(w, at);
}

/* What follows inPublic in Create and CreatePrimary: nothing chosen. */
static void put_no_creation(struct tkm_writer *w)
{
	tkm_put_u16(w, 0);
	tkm_put_u32(w, 0);
}

/* creationData, creationHash, creationTicket: there, and not used. */
static void skip_creation(struct tkm_reader *r)
{
	u16 n;

	tkm_get_tpm2b(r, &n);
	tkm_get_tpm2b(r, &n);
	tkm_get_u16(r);
	tkm_get_u32(r);
	tkm_get_tpm2b(r, &n);
}

static int create_primary(struct tkm_bus *bus, u32 hierarchy,
			  struct tkm_piece tmpl, u32 *handle, u8 *pub, u16 size,
			  u16 *len)
{
	struct tkm_wire wire = {
		.cc = TPM_CC_CREATE_PRIMARY,
		.handles = { hierarchy },
		.n_handles = 1,
		.response_handle = true,
		.password = true,
	};
	struct tkm_wire_answer answer;
	struct tkm_writer w;
	struct tkm_reader r;
	u16 n;
	int ret;

	if (hierarchy != TPM_RH_OWNER)
		with_session(&wire, bus, TPM_SA_ENCRYPT | TPM_SA_CONTINUE);
	tkm_writer_init(&w, param_buf, sizeof(param_buf));
	/* inSensitive: no authValue, no data. */
	tkm_put_u16(&w, 4);
	tkm_put_u32(&w, 0);
	tkm_put_tpm2b(&w, tmpl.data, tmpl.len);
	put_no_creation(&w);
	ret = exec(bus, &wire, &w, &answer, &r);
	if (ret)
		return ret;
	if (!handle_is(answer.handle, 0x80))
		return -EIO;
	tkm_bus_opened(bus, answer.handle);
	*handle = answer.handle;
	if (!take_tpm2b(&r, pub, size, len))
		return -EIO;
	skip_creation(&r);
	tkm_get_tpm2b(&r, &n);
	return tkm_reader_done(&r) ? 0 : -EIO;
}

/**
 * tkm_tpm_create_primary() - TPM2_CreatePrimary, no authValue
 * @bus: held, with a session for TPM_RH_NULL
 * @hierarchy: TPM_RH_OWNER, whose empty password it takes, for a session needs
 *	the SRK, and nothing vouches for the answer; or TPM_RH_NULL, with the
 *	session, whose HMAC covers the answer
 * @tmpl: its public area; deterministic: the same one gives the same key
 * @handle: of the key, to be flushed by the caller or the end of the hold
 * @pub: its TPMT_PUBLIC
 * @size: of @pub
 * @len: the length
 *
 * Return: 0; -EKEYREJECTED when the owner has an authValue; else as above.
 */
int tkm_tpm_create_primary(struct tkm_bus *bus, u32 hierarchy,
			   const struct tkm_public *tmpl, u32 *handle, u8 *pub,
			   u16 size, u16 *len)
{
	struct tkm_writer w;
	u8 area[256];

	tkm_writer_init(&w, area, sizeof(area));
	tkm_public_encode(&w, tmpl);
	if (w.overflow)
		return -EIO;
	return create_primary(bus, hierarchy, (struct tkm_piece){ area, w.len },
			      handle, pub, size, len);
}

/**
 * tkm_tpm_create_ak() - TPM2_CreatePrimary of the attestation key
 * @bus: held, with an HMAC session, which goes on and covers the answer
 * @handle: of the key, to be flushed by the caller or the end of the hold
 * @pub: its TPMT_PUBLIC
 * @size: of @pub
 * @len: the length
 *
 * Return: 0; -EKEYREJECTED when the endorsement hierarchy has an authValue; else as
 * above.
 */
int tkm_tpm_create_ak(struct tkm_bus *bus, u32 *handle, u8 *pub, u16 size,
		      u16 *len)
{
	struct tkm_writer w;
	u8 area[128];

	tkm_writer_init(&w, area, sizeof(area));
	tkm_ak_template(&w);
	if (w.overflow)
		return -EIO;
	return create_primary(bus, TPM_RH_ENDORSEMENT,
			      (struct tkm_piece){ area, w.len }, handle, pub,
			      size, len);
}

/**
 * tkm_tpm_certify() - TPM2_Certify: what an object is, signed
 * @bus: held, with an HMAC session; it ends, unless another operation waits
 * @item: the loaded object, with its authValue
 * @ak: the loaded key that signs, by its own scheme and its empty authValue
 * @extra: what the certificate answers
 * @out: what was signed, and the signature
 *
 * Return: 0; -EKEYREJECTED for a wrong authValue, which the TPM counts unless the
 * object is exempt; -EBUSY in lockout; else as above.
 */
int tkm_tpm_certify(struct tkm_bus *bus, struct tkm_parent item,
		    struct tkm_parent ak, const u8 extra[32],
		    struct tkm_certified *out)
{
	struct tkm_wire wire = {
		.cc = TPM_CC_CERTIFY,
		.handles = { item.handle, ak.handle },
		.n_handles = 2,
		.names = { item.name, ak.name },
		.name_lens = { TKM_NAME_SIZE, TKM_NAME_SIZE },
	};
	struct tkm_wire_answer answer;
	struct tkm_writer w;
	struct tkm_reader r;
	int ret;

	with_session(&wire, bus, goes_on(bus, true));
	with_parent(&wire, &item);
	wire.password_after = true;
	tkm_writer_init(&w, param_buf, sizeof(param_buf));
	tkm_put_tpm2b(&w, extra, 32);
	tkm_put_u16(&w, TPM_ALG_NULL);
	ret = exec(bus, &wire, &w, &answer, &r);
	if (ret)
		return ret;
	if (!take_tpm2b(&r, out->attest, sizeof(out->attest),
			&out->attest_len) ||
	    !r.len || r.len > sizeof(out->signature))
		return -EIO;
	/* What it is made of tkm_certificate_check() sees. */
	memcpy(out->signature, r.data, r.len);
	out->signature_len = r.len;
	return 0;
}

/**
 * tkm_tpm_evict_control() - TPM2_EvictControl by the owner: keep an object
 * @bus: held
 * @object: transient handle
 * @name: its Name
 * @persistent: handle to keep it under
 *
 * Return: 0; -ENOMEM when the TPM has no room; else as above.
 */
int tkm_tpm_evict_control(struct tkm_bus *bus, u32 object, const u8 *name,
			  u32 persistent)
{
	struct tkm_wire wire = {
		.cc = TPM_CC_EVICT_CONTROL,
		.handles = { TPM_RH_OWNER, object },
		.n_handles = 2,
		.names = { NULL, name },
		.name_lens = { 0, TKM_NAME_SIZE },
		.password = true,
	};
	struct tkm_wire_answer answer;
	struct tkm_writer w;
	struct tkm_reader r;

	tkm_writer_init(&w, param_buf, sizeof(param_buf));
	tkm_put_u32(&w, persistent);
	return exec(bus, &wire, &w, &answer, &r);
}

/**
 * tkm_tpm_start_auth_session() - TPM2_StartAuthSession, salted with the SRK
 * @bus: held; its session is the result
 * @policy: a policy session, else an HMAC session
 * @salt: made for this SRK, used once
 *
 * Return: 0; -ENOKEY without an SRK; -ENOMEM without a slot; else as above.
 */
int tkm_tpm_start_auth_session(struct tkm_bus *bus, bool policy,
			       const struct tkm_salt *salt)
{
	struct tkm_session *s = &bus->session;
	struct tkm_wire wire = {
		.cc = TPM_CC_START_AUTH_SESSION,
		.handles = { TKM_SRK_HANDLE, TPM_RH_NULL },
		.n_handles = 2,
		.response_handle = true,
	};
	struct tkm_wire_answer answer;
	struct tkm_writer w;
	struct tkm_reader r;
	const u8 *nonce;
	u16 n;
	int ret;

	get_random_bytes(s->nonce_caller, sizeof(s->nonce_caller));
	tkm_writer_init(&w, param_buf, sizeof(param_buf));
	tkm_put_tpm2b(&w, s->nonce_caller, sizeof(s->nonce_caller));
	tkm_put_tpm2b(&w, salt->encrypted, salt->encrypted_len);
	tkm_put_u8(&w, policy ? TPM_SE_POLICY : TPM_SE_HMAC);
	tkm_put_u16(&w, TPM_ALG_AES);
	tkm_put_u16(&w, 128);
	tkm_put_u16(&w, TPM_ALG_CFB);
	tkm_put_u16(&w, TPM_ALG_SHA256);
	ret = exec(bus, &wire, &w, &answer, &r);
	if (ret)
		return ret;
	s->handle = answer.handle;
	if (!handle_is(answer.handle, policy ? 0x03 : 0x02))
		return -EIO;
	s->policy = policy;
	s->auth_value_needed = false;
	s->ready = false;
	nonce = tkm_get_tpm2b(&r, &n);
	if (n != sizeof(s->nonce_tpm) || !tkm_reader_done(&r))
		return -EIO;
	memcpy(s->nonce_tpm, nonce, n);
	tkm_kdfa(salt->secret, sizeof(salt->secret), "ATH",
		 (struct tkm_piece){ s->nonce_tpm, 32 },
		 (struct tkm_piece){ s->nonce_caller, 32 }, s->key,
		 sizeof(s->key));
	return 0;
}

/* What the TPM made must be what was asked for, but for its unique part. */
static int check_created(const struct tkm_created *out,
			 const struct tkm_public *tmpl)
{
	struct tkm_public pub;
	int ret;

	ret = tkm_public_decode(out->pub, out->pub_len, &pub);
	if (ret)
		return -EBADMSG;
	if (pub.type != tmpl->type || pub.attributes != tmpl->attributes ||
	    pub.sym_alg != tmpl->sym_alg || pub.curve != tmpl->curve ||
	    pub.rsa_bits != tmpl->rsa_bits ||
	    pub.policy_len != tmpl->policy_len ||
	    memcmp(pub.policy, tmpl->policy, tmpl->policy_len))
		return -EBADMSG;
	return 0;
}

/**
 * tkm_tpm_create() - TPM2_Create: a storage key, a key that works, or sealed data
 * @bus: held, with an HMAC session
 * @parent: loaded
 * @auth: authValue of the new object; encrypted on the wire
 * @data: what to seal, else empty; encrypted on the wire
 * @tmpl: its public area
 * @last: of its operation: the session ends, unless another operation waits
 * @out: what the TPM made; its public area is @tmpl's but for the unique part
 *
 * Return: 0; -EBADMSG when the TPM made something else; else as above.
 */
int tkm_tpm_create(struct tkm_bus *bus, struct tkm_parent parent,
		   struct tkm_piece auth, struct tkm_piece data,
		   const struct tkm_public *tmpl, bool last,
		   struct tkm_created *out)
{
	struct tkm_wire wire = {
		.cc = TPM_CC_CREATE,
		.handles = { parent.handle },
		.n_handles = 1,
		.names = { parent.name },
		.name_lens = { TKM_NAME_SIZE },
	};
	struct tkm_wire_answer answer;
	struct tkm_writer w;
	struct tkm_reader r;
	size_t at;
	int ret;

	with_session(&wire, bus, TPM_SA_DECRYPT | TPM_SA_ENCRYPT |
		     goes_on(bus, last));
	with_parent(&wire, &parent);
	tkm_writer_init(&w, param_buf, sizeof(param_buf));
	at = tkm_put_tpm2b_begin(&w);
	tkm_put_tpm2b(&w, auth.data, auth.len);
	tkm_put_tpm2b(&w, data.data, data.len);
	tkm_put_tpm2b_end(&w, at);
	put_public(&w, tmpl);
	put_no_creation(&w);
	ret = exec_wiping(bus, &wire, &w, &answer, &r);
	if (ret)
		return ret;
	if (!take_tpm2b(&r, out->priv, sizeof(out->priv), &out->priv_len) ||
	    !take_tpm2b(&r, out->pub, sizeof(out->pub), &out->pub_len))
		return -EIO;
	skip_creation(&r);
	if (!tkm_reader_done(&r))
		return -EIO;
	return check_created(out, tmpl);
}

/**
 * tkm_tpm_load() - TPM2_Load
 * @bus: held, with a session
 * @parent: loaded
 * @pub: TPMT_PUBLIC
 * @priv: TPM2B_PRIVATE's content
 * @last: of its operation: the session ends, unless another operation waits
 * @handle: of the object, to be flushed by the caller or the end of the hold
 *
 * Return: 0; -EBADMSG when the parts do not belong together, to this parent, or
 * to the Name that comes back; else as above.
 */
int tkm_tpm_load(struct tkm_bus *bus, struct tkm_parent parent,
		 struct tkm_piece pub, struct tkm_piece priv, bool last,
		 u32 *handle)
{
	struct tkm_wire wire = {
		.cc = TPM_CC_LOAD,
		.handles = { parent.handle },
		.n_handles = 1,
		.names = { parent.name },
		.name_lens = { TKM_NAME_SIZE },
		.response_handle = true,
	};
	struct tkm_wire_answer answer;
	u8 name[TKM_NAME_SIZE];
	struct tkm_writer w;
	struct tkm_reader r;
	const u8 *p;
	u16 n;
	int ret;

	with_session(&wire, bus, TPM_SA_DECRYPT | TPM_SA_ENCRYPT |
		     goes_on(bus, last));
	with_parent(&wire, &parent);
	tkm_writer_init(&w, param_buf, sizeof(param_buf));
	tkm_put_tpm2b(&w, priv.data, priv.len);
	tkm_put_tpm2b(&w, pub.data, pub.len);
	ret = exec(bus, &wire, &w, &answer, &r);
	if (ret)
		return ret;
	if (!handle_is(answer.handle, 0x80))
		return -EIO;
	tkm_bus_opened(bus, answer.handle);
	tkm_public_name(pub.data, pub.len, name);
	p = tkm_get_tpm2b(&r, &n);
	if (!tkm_reader_done(&r))
		return -EIO;
	if (n != sizeof(name) || memcmp(p, name, sizeof(name)))
		return -EBADMSG;
	*handle = answer.handle;
	return 0;
}

static void put_inner_alg(struct tkm_writer *w)
{
	tkm_put_u16(w, TPM_ALG_AES);
	tkm_put_u16(w, 128);
	tkm_put_u16(w, TPM_ALG_CFB);
}

/**
 * tkm_tpm_duplicate() - TPM2_Duplicate: an object for another parent
 * @bus: held, with a policy session whose policy is done; it ends
 * @item: the loaded object
 * @to: the new parent, a public area that is loaded
 * @inner: TKM_INNER_SIZE random bytes; encrypted on the wire
 * @out: its private part for that parent, and the secret that only that opens
 *
 * Return: 0; -EPERM when the policy is not this object's, or not for this parent;
 * else as above.
 */
int tkm_tpm_duplicate(struct tkm_bus *bus, struct tkm_parent item,
		      struct tkm_parent to, const u8 inner[TKM_INNER_SIZE],
		      struct tkm_duplicated *out)
{
	struct tkm_wire wire = {
		.cc = TPM_CC_DUPLICATE,
		.handles = { item.handle, to.handle },
		.n_handles = 2,
		.names = { item.name, to.name },
		.name_lens = { TKM_NAME_SIZE, TKM_NAME_SIZE },
	};
	struct tkm_wire_answer answer;
	struct tkm_writer w;
	struct tkm_reader r;
	u16 n;
	int ret;

	with_session(&wire, bus, TPM_SA_DECRYPT);
	tkm_writer_init(&w, param_buf, sizeof(param_buf));
	tkm_put_tpm2b(&w, inner, TKM_INNER_SIZE);
	put_inner_alg(&w);
	ret = exec_wiping(bus, &wire, &w, &answer, &r);
	if (ret)
		return ret;
	/* A key that it chose, where it was given one. */
	tkm_get_tpm2b(&r, &n);
	if (n || !take_tpm2b(&r, out->priv, sizeof(out->priv), &out->priv_len) ||
	    !take_tpm2b(&r, out->secret, sizeof(out->secret),
			&out->secret_len) || !tkm_reader_done(&r))
		return -EIO;
	return 0;
}

/**
 * tkm_tpm_import() - TPM2_Import: an object that was made for this parent
 * @bus: held, with an HMAC session, which goes on
 * @parent: loaded
 * @move: the object
 * @priv: its private part as the parent's child: TPM2B_PRIVATE's content
 * @size: of @priv
 * @len: its length
 *
 * Return: 0; -EBADMSG when it is damaged, or for another parent; else as above.
 */
int tkm_tpm_import(struct tkm_bus *bus, struct tkm_parent parent,
		   const struct tkm_move *move, u8 *priv, size_t size, u16 *len)
{
	struct tkm_wire wire = {
		.cc = TPM_CC_IMPORT,
		.handles = { parent.handle },
		.n_handles = 1,
		.names = { parent.name },
		.name_lens = { TKM_NAME_SIZE },
	};
	struct tkm_wire_answer answer;
	struct tkm_writer w;
	struct tkm_reader r;
	int ret;

	with_session(&wire, bus, TPM_SA_DECRYPT | TPM_SA_ENCRYPT |
		     TPM_SA_CONTINUE);
	with_parent(&wire, &parent);
	tkm_writer_init(&w, param_buf, sizeof(param_buf));
	tkm_put_tpm2b(&w, move->inner, TKM_INNER_SIZE);
	tkm_put_tpm2b(&w, move->obj.pub, move->obj.pub_len);
	tkm_put_tpm2b(&w, move->obj.priv, move->obj.priv_len);
	tkm_put_tpm2b(&w, move->secret, move->secret_len);
	put_inner_alg(&w);
	ret = exec_wiping(bus, &wire, &w, &answer, &r);
	if (ret)
		return ret;
	if (!take_tpm2b(&r, priv, size, len) || !tkm_reader_done(&r))
		return -EIO;
	return 0;
}

/**
 * tkm_tpm_rewrap() - TPM2_Rewrap: an object that was made for one parent, for another
 * @bus: held, with an HMAC session, which goes on
 * @from: loaded: what it was made for
 * @to: loaded
 * @move: the object
 * @out: its private part for that parent, and the secret that only that opens
 *
 * What wraps the object inside stays as it is, so nobody sees what is in it.
 *
 * Return: 0; -EBADMSG when it is damaged, or for another parent; -EOPNOTSUPP when the
 * TPM has no such command; else as above.
 */
int tkm_tpm_rewrap(struct tkm_bus *bus, struct tkm_parent from,
		   struct tkm_parent to, const struct tkm_move *move,
		   struct tkm_duplicated *out)
{
	struct tkm_wire wire = {
		.cc = TPM_CC_REWRAP,
		.handles = { from.handle, to.handle },
		.n_handles = 2,
		.names = { from.name, to.name },
		.name_lens = { TKM_NAME_SIZE, TKM_NAME_SIZE },
	};
	struct tkm_wire_answer answer;
	u8 name[TKM_NAME_SIZE];
	struct tkm_writer w;
	struct tkm_reader r;
	int ret;

	with_session(&wire, bus, TPM_SA_CONTINUE);
	with_parent(&wire, &from);
	tkm_public_name(move->obj.pub, move->obj.pub_len, name);
	tkm_writer_init(&w, param_buf, sizeof(param_buf));
	tkm_put_tpm2b(&w, move->obj.priv, move->obj.priv_len);
	tkm_put_tpm2b(&w, name, sizeof(name));
	tkm_put_tpm2b(&w, move->secret, move->secret_len);
	ret = exec(bus, &wire, &w, &answer, &r);
	if (ret)
		return ret;
	if (!take_tpm2b(&r, out->priv, sizeof(out->priv), &out->priv_len) ||
	    !take_tpm2b(&r, out->secret, sizeof(out->secret),
			&out->secret_len) || !tkm_reader_done(&r))
		return -EIO;
	return 0;
}

/**
 * tkm_tpm_unseal() - TPM2_Unseal
 * @bus: held, with a session; a policy session whose policy is done, or, for an
 *	object without policy and authValue, one that authorises nothing
 * @item: the loaded object
 * @auth: its authValue
 * @data: what was sealed; encrypted on the wire
 * @len: its length
 *
 * Ends the session, unless it is an HMAC session and another operation waits.
 *
 * Return: 0; -EKEYREJECTED for a wrong authValue; -EPERM when the policy is not
 * this object's, or a register changed under it; -EBUSY in lockout; else as
 * above.
 */
int tkm_tpm_unseal(struct tkm_bus *bus, struct tkm_parent item,
		   struct tkm_piece auth, u8 data[TKM_DATA_MAX],
		   unsigned int *len)
{
	struct tkm_wire wire = {
		.cc = TPM_CC_UNSEAL,
		.handles = { item.handle },
		.n_handles = 1,
		.names = { item.name },
		.name_lens = { TKM_NAME_SIZE },
	};
	struct tkm_wire_answer answer;
	struct tkm_writer none = {};
	struct tkm_reader r;
	u16 n;
	int ret;

	with_session(&wire, bus, TPM_SA_ENCRYPT);
	wire.auth_value = auth.data;
	wire.auth_value_len = auth.len;
	if (bus->more && !bus->session.policy)
		wire.session_attributes |= TPM_SA_CONTINUE;
	ret = exec(bus, &wire, &none, &answer, &r);
	if (ret)
		return ret;
	if (!take_tpm2b(&r, data, TKM_DATA_MAX, &n) || !tkm_reader_done(&r))
		ret = -EIO;
	*len = n;
	memzero_explicit(bus->buf, TKM_WIRE_MAX);
	return ret;
}

/**
 * tkm_tpm_object_change_auth() - TPM2_ObjectChangeAuth
 * @bus: held, with an HMAC session, which goes on
 * @item: the loaded object, with its authValue
 * @parent: loaded, of which nothing is asked but its Name
 * @auth: the new authValue; encrypted on the wire
 * @priv: its private part under the new one: TPM2B_PRIVATE's content
 * @size: of @priv
 * @len: its length
 *
 * Return: 0; -EKEYREJECTED for a wrong authValue, which the TPM counts; -EBUSY in
 * lockout; else as above.
 */
int tkm_tpm_object_change_auth(struct tkm_bus *bus, struct tkm_parent item,
			       struct tkm_parent parent, struct tkm_piece auth,
			       u8 *priv, size_t size, u16 *len)
{
	struct tkm_wire wire = {
		.cc = TPM_CC_OBJECT_CHANGE_AUTH,
		.handles = { item.handle, parent.handle },
		.n_handles = 2,
		.names = { item.name, parent.name },
		.name_lens = { TKM_NAME_SIZE, TKM_NAME_SIZE },
	};
	struct tkm_wire_answer answer;
	struct tkm_writer w;
	struct tkm_reader r;
	int ret;

	with_session(&wire, bus, TPM_SA_DECRYPT | TPM_SA_ENCRYPT |
		     TPM_SA_CONTINUE);
	with_parent(&wire, &item);
	tkm_writer_init(&w, param_buf, sizeof(param_buf));
	tkm_put_tpm2b(&w, auth.data, auth.len);
	ret = exec_wiping(bus, &wire, &w, &answer, &r);
	if (ret)
		return ret;
	if (!take_tpm2b(&r, priv, size, len) || !tkm_reader_done(&r))
		return -EIO;
	return 0;
}

/**
 * tkm_tpm_lockout() - TPM2_GetCapability: the state of dictionary attack logic
 * @bus: held
 * @lockout: the result; nothing vouches for it: the TPM has its own limit
 *
 * Return: 0; -EIO; else as above.
 */
int tkm_tpm_lockout(struct tkm_bus *bus, struct tkm_lockout *lockout)
{
	u32 *const values[] = { &lockout->counter, &lockout->max,
				&lockout->interval };
	u8 params[12];
	const struct tkm_wire wire = {
		.cc = TPM_CC_GET_CAPABILITY,
		.params = params,
		.params_len = sizeof(params),
	};
	struct tkm_wire_answer answer;
	struct tkm_reader r;
	unsigned int i;
	int ret;

	put_unaligned_be32(TPM_CAP_TPM_PROPERTIES, params);
	put_unaligned_be32(TPM_PT_LOCKOUT_COUNTER, params + 4);
	put_unaligned_be32(ARRAY_SIZE(values), params + 8);
	ret = tkm_bus_exec(bus, &wire, &answer);
	if (ret)
		return ret;
	tkm_reader_init(&r, answer.params, answer.params_len);
	tkm_get_u8(&r);		/* moreData: there are others */
	if (tkm_get_u32(&r) != TPM_CAP_TPM_PROPERTIES ||
	    tkm_get_u32(&r) != ARRAY_SIZE(values))
		return -EIO;
	for (i = 0; i < ARRAY_SIZE(values); i++) {
		if (tkm_get_u32(&r) != TPM_PT_LOCKOUT_COUNTER + i)
			return -EIO;
		*values[i] = tkm_get_u32(&r);
	}
	return tkm_reader_done(&r) ? 0 : -EIO;
}

/**
 * tkm_tpm_context_save() - TPM2_ContextSave
 * @bus: held
 * @handle: of a loaded object, which stays loaded
 * @context: TPMS_CONTEXT; the caller frees it
 * @len: its length
 *
 * Return: 0; -ENOMEM; else as above.
 */
int tkm_tpm_context_save(struct tkm_bus *bus, u32 handle, u8 **context,
			 u16 *len)
{
	struct tkm_wire wire = {
		.cc = TPM_CC_CONTEXT_SAVE,
		.handles = { handle },
		.n_handles = 1,
	};
	struct tkm_wire_answer answer;
	struct tkm_writer none = {};
	struct tkm_reader r;
	int ret;

	ret = exec(bus, &wire, &none, &answer, &r);
	if (ret)
		return ret;
	if (!answer.params_len)
		return -EIO;
	*context = kmemdup(answer.params, answer.params_len, GFP_KERNEL);
	*len = answer.params_len;
	return *context ? 0 : -ENOMEM;
}

/**
 * tkm_tpm_context_load() - TPM2_ContextLoad
 * @bus: held
 * @context: as tkm_tpm_context_save() gave it
 * @len: its length
 * @handle: of the object, to be flushed by the caller or the end of the hold
 *
 * What is loaded is proven by the next command's HMAC, which covers its Name.
 *
 * Return: 0; -EBADMSG or -ENOKEY, among others, for a context that the TPM does
 * not take, as those from before a reset; else as above.
 */
int tkm_tpm_context_load(struct tkm_bus *bus, const u8 *context, u16 len,
			 u32 *handle)
{
	struct tkm_wire wire = {
		.cc = TPM_CC_CONTEXT_LOAD,
		.response_handle = true,
		.params = context,
		.params_len = len,
	};
	struct tkm_wire_answer answer;
	int ret;

	ret = tkm_bus_exec(bus, &wire, &answer);
	if (ret)
		return ret;
	if (!handle_is(answer.handle, 0x80) || answer.params_len)
		return -EIO;
	tkm_bus_opened(bus, answer.handle);
	*handle = answer.handle;
	return 0;
}

/**
 * tkm_tpm_test_parms() - TPM2_TestParms: whether the TPM has keys of a sort
 * @bus: held
 * @tmpl: their public area; unique part and policy do not count
 *
 * Nothing vouches for the answer: who is told wrong gets another error later.
 *
 * Return: 0; -EOPNOTSUPP when it has not; else as above.
 */
int tkm_tpm_test_parms(struct tkm_bus *bus, const struct tkm_public *tmpl)
{
	struct tkm_wire wire = { .cc = TPM_CC_TEST_PARMS };
	struct tkm_wire_answer answer;
	struct tkm_writer w;
	struct tkm_reader r;
	int ret;

	tkm_writer_init(&w, param_buf, sizeof(param_buf));
	tkm_public_parms(&w, tmpl);
	ret = exec(bus, &wire, &w, &answer, &r);
	if (!ret)
		return tkm_reader_done(&r) ? 0 : -EIO;
	switch (tkm_tpm_rc_base(bus->rc)) {
	case TPM_RC_VALUE:
	case TPM_RC_TYPE:
		return -EOPNOTSUPP;
	default:
		return ret;
	}
}

/*
 * How a key that works is authorised: by the session, when there is one that
 * its operation needs, which then ends, unless another operation waits; else
 * by the empty authValue.
 */
static void authorise(struct tkm_wire *wire, struct tkm_bus *bus,
		      struct tkm_piece auth, u8 attributes, bool session)
{
	if (!session) {
		wire->password = true;
		return;
	}
	wire->session = &bus->session;
	wire->session_attributes = attributes;
	if (bus->more && !bus->session.policy)
		wire->session_attributes |= TPM_SA_CONTINUE;
	wire->authorises = true;
	wire->auth_value = auth.data;
	wire->auth_value_len = auth.len;
}

/**
 * tkm_tpm_sign() - TPM2_Sign
 * @bus: held; with a session if the key has an authValue or a policy, which
 *	then is done
 * @item: the loaded key
 * @auth: its authValue
 * @digest: of @hash
 * @scheme: TPM_ALG_RSASSA, RSAPSS, ECDSA
 * @hash: TPM_ALG_*
 * @pub: its public area, for the lengths
 * @sig: room for the modulus, or for two of the curve's numbers
 * @len: how much of it is used
 *
 * Ends the session as tkm_tpm_unseal() does. Nothing vouches for a signature
 * made without one: verify it.
 *
 * Return: 0; -EKEYREJECTED for a wrong authValue; -EPERM when the policy is not
 * this key's; -EOPNOTSUPP for a scheme or hash that the TPM lacks; else as
 * above.
 */
int tkm_tpm_sign(struct tkm_bus *bus, struct tkm_parent item,
		 struct tkm_piece auth, struct tkm_piece digest, u16 scheme,
		 u16 hash, const struct tkm_public *pub, u8 *sig, size_t *len)
{
	const bool guarded = auth.len ||
			     (bus->session.handle && bus->session.policy);
	struct tkm_wire wire = {
		.cc = TPM_CC_SIGN,
		.handles = { item.handle },
		.n_handles = 1,
		.names = { item.name },
		.name_lens = { TKM_NAME_SIZE },
	};
	struct tkm_wire_answer answer;
	struct tkm_writer w;
	struct tkm_reader r;
	size_t n;
	int ret;

	authorise(&wire, bus, auth, 0, guarded);
	tkm_writer_init(&w, param_buf, sizeof(param_buf));
	tkm_put_tpm2b(&w, digest.data, digest.len);
	tkm_put_u16(&w, scheme);
	tkm_put_u16(&w, hash);
	/* No ticket: the key is not a restricted one. */
	tkm_put_u16(&w, TPM_ST_HASHCHECK);
	tkm_put_u32(&w, TPM_RH_NULL);
	tkm_put_u16(&w, 0);
	ret = exec(bus, &wire, &w, &answer, &r);
	if (ret)
		return ret;
	if (tkm_get_u16(&r) != scheme || tkm_get_u16(&r) != hash)
		return -EIO;
	n = pub->type == TPM_ALG_RSA ? pub->x_len : tkm_curve_bytes(pub->curve);
	*len = n;
	ret = tkm_get_number(&r, sig, n);
	if (!ret && pub->type == TPM_ALG_ECC) {
		*len = 2 * n;
		ret = tkm_get_number(&r, sig + n, n);
	}
	return ret || !tkm_reader_done(&r) ? -EIO : 0;
}

/**
 * tkm_tpm_rsa_decrypt() - TPM2_RSA_Decrypt
 * @bus: held, with a session; a policy session whose policy is done
 * @item: the loaded key
 * @auth: its authValue
 * @in: as long as the modulus
 * @scheme: TPM_ALG_NULL, RSAES, OAEP
 * @hash: of OAEP, whose label is empty
 * @out: the message; encrypted on the wire
 * @size: its room
 * @len: its length
 *
 * Return: 0; -EBADMSG for a ciphertext that is not the key's; else as
 * tkm_tpm_sign().
 */
int tkm_tpm_rsa_decrypt(struct tkm_bus *bus, struct tkm_parent item,
			struct tkm_piece auth, struct tkm_piece in, u16 scheme,
			u16 hash, u8 *out, size_t size, size_t *len)
{
	struct tkm_wire wire = {
		.cc = TPM_CC_RSA_DECRYPT,
		.handles = { item.handle },
		.n_handles = 1,
		.names = { item.name },
		.name_lens = { TKM_NAME_SIZE },
	};
	struct tkm_wire_answer answer;
	struct tkm_writer w;
	struct tkm_reader r;
	const u8 *p;
	u16 n;
	int ret;

	authorise(&wire, bus, auth, TPM_SA_ENCRYPT, true);
	tkm_writer_init(&w, param_buf, sizeof(param_buf));
	tkm_put_tpm2b(&w, in.data, in.len);
	tkm_put_u16(&w, scheme);
	if (scheme == TPM_ALG_OAEP)
		tkm_put_u16(&w, hash);
	tkm_put_u16(&w, 0);
	ret = exec(bus, &wire, &w, &answer, &r);
	/*
	 * What libtpms says of wrong padding. A TPM that has failed said so to
	 * the commands before, and will to those after.
	 */
	if (ret == -EIO && tkm_tpm_rc_base(bus->rc) == TPM_RC_FAILURE)
		ret = -EBADMSG;
	if (ret)
		return ret;
	p = tkm_get_tpm2b(&r, &n);
	if (!p || n > size || !tkm_reader_done(&r))
		ret = -EIO;
	else
		memcpy(out, p, n);
	*len = n;
	memzero_explicit(bus->buf, TKM_WIRE_MAX);
	return ret;
}

/**
 * tkm_tpm_ecdh_zgen() - TPM2_ECDH_ZGen
 * @bus: held, with a session; a policy session whose policy is done
 * @item: the loaded key
 * @auth: its authValue
 * @point: x, then y, each as the curve's numbers are long
 * @x: x coordinate of the shared point, as long; encrypted on the wire
 * @len: its length
 *
 * Return: 0; -EBADMSG for a point that is not on the curve; else as
 * tkm_tpm_sign().
 */
int tkm_tpm_ecdh_zgen(struct tkm_bus *bus, struct tkm_parent item,
		      struct tkm_piece auth, struct tkm_piece point, u8 *x,
		      size_t *len)
{
	const size_t n = point.len / 2;
	const u8 *bytes = point.data;
	struct tkm_wire wire = {
		.cc = TPM_CC_ECDH_ZGEN,
		.handles = { item.handle },
		.n_handles = 1,
		.names = { item.name },
		.name_lens = { TKM_NAME_SIZE },
	};
	struct tkm_wire_answer answer;
	struct tkm_writer w;
	struct tkm_reader r;
	size_t at;
	u16 skipped;
	int ret;

	authorise(&wire, bus, auth, TPM_SA_ENCRYPT, true);
	tkm_writer_init(&w, param_buf, sizeof(param_buf));
	at = tkm_put_tpm2b_begin(&w);
	tkm_put_tpm2b(&w, bytes, n);
	tkm_put_tpm2b(&w, bytes + n, n);
	tkm_put_tpm2b_end(&w, at);
	ret = exec(bus, &wire, &w, &answer, &r);
	if (ret)
		return ret;
	tkm_get_u16(&r);
	ret = tkm_get_number(&r, x, n);
	tkm_get_tpm2b(&r, &skipped);
	if (!tkm_reader_done(&r))
		ret = -EIO;
	*len = n;
	memzero_explicit(bus->buf, TKM_WIRE_MAX);
	return ret;
}

/* One answer of PCR_Read into the hash; *left loses what was read. */
static int hash_registers(struct tkm_reader *r, const struct tkm_pcrs *asked,
			  u32 *left, tkm_sha256_ctx *ctx)
{
	size_t size = tkm_hash_size(asked->bank);
	struct tkm_pcrs got = {};
	const u8 *selection = r->data, *p;
	u32 count, i;
	u16 n;

	/* TPML_PCR_SELECTION of one bank: count, hash, size, bitmap. */
	count = tkm_get_u32(r);
	tkm_get_u16(r);
	tkm_get_bytes(r, tkm_get_u8(r));
	if (r->bad || count != 1)
		return -EIO;
	/* A bank that is not allocated answers with no register at all. */
	if (tkm_pcrs_decode(selection, r->data - selection, &got) ||
	    got.bank != asked->bank || !got.mask)
		return -EOPNOTSUPP;
	if (got.mask & ~*left)
		return -EIO;
	count = tkm_get_u32(r);
	if (count != hweight32(got.mask))
		return -EIO;
	for (i = 0; i < count; i++) {
		p = tkm_get_tpm2b(r, &n);
		if (!p || n != size)
			return -EIO;
		tkm_sha256_update(ctx, p, n);
	}
	/* Nothing left out below the highest: the hash goes upwards. */
	if ((*left & (BIT(fls(got.mask)) - 1)) != got.mask)
		return -EIO;
	*left &= ~got.mask;
	return tkm_reader_done(r) ? 0 : -EIO;
}

/**
 * tkm_tpm_pcr_read() - TPM2_PCR_Read, and the digest of what was read
 * @bus: held; with @vouched an HMAC session, which audits: its HMAC covers the
 *	answer
 * @pcrs: which registers
 * @vouched: else nothing vouches for the answer: it may tell what to try, and
 *	the TPM then says whether it is so
 * @digest: SHA-256 of their values, upwards, as TPM2_PolicyPCR takes it
 *
 * One command for every 8 registers.
 *
 * Return: 0; -EOPNOTSUPP for a bank that is not allocated; -EPERM when a
 * register changed between two answers (bus->again is set); else as above.
 */
int tkm_tpm_pcr_read(struct tkm_bus *bus, const struct tkm_pcrs *pcrs,
		     bool vouched, u8 digest[32])
{
	struct tkm_wire wire = {
		.cc = TPM_CC_PCR_READ,
		.session = vouched ? &bus->session : NULL,
		.session_attributes = TPM_SA_AUDIT | TPM_SA_CONTINUE,
	};
	struct tkm_pcrs left = *pcrs;
	struct tkm_wire_answer answer;
	u32 update = 0, first = 0;
	tkm_sha256_ctx ctx;
	struct tkm_writer w;
	struct tkm_reader r;
	int ret;

	tkm_sha256_init(&ctx);
	while (left.mask) {
		tkm_writer_init(&w, param_buf, sizeof(param_buf));
		tkm_pcrs_encode(&w, &left);
		ret = exec(bus, &wire, &w, &answer, &r);
		if (ret)
			return ret;
		update = tkm_get_u32(&r);
		if (left.mask == pcrs->mask)
			first = update;
		ret = hash_registers(&r, pcrs, &left.mask, &ctx);
		if (ret)
			return ret;
	}
	tkm_sha256_final(&ctx, digest);
	if (update != first) {
		/* A register changed between two answers. */
		bus->again = true;
		return -EPERM;
	}
	return 0;
}

/**
 * tkm_tpm_policy() - one TPM2_Policy* command
 * @bus: held, with a policy session
 * @el: the element
 *
 * Carries no secret, and what it does is enforced by the TPM at the command that
 * the policy authorises.
 *
 * Return: as above.
 */
int tkm_tpm_policy(struct tkm_bus *bus, const struct tkm_policy_element *el)
{
	struct tkm_wire wire = {
		.cc = el->cc,
		.handles = { bus->session.handle },
		.n_handles = 1,
	};
	struct tkm_wire_answer answer;
	struct tkm_writer w;
	struct tkm_reader r;
	int ret;

	tkm_writer_init(&w, param_buf, sizeof(param_buf));
	tkm_put_bytes(&w, el->body, el->body_len);
	ret = exec(bus, &wire, &w, &answer, &r);
	if (ret)
		return ret;
	return tkm_reader_done(&r) ? 0 : -EIO;
}

/**
 * tkm_tpm_policy_restart() - TPM2_PolicyRestart: the policy from its beginning
 * @bus: held, with a policy session
 *
 * Return: as above.
 */
int tkm_tpm_policy_restart(struct tkm_bus *bus)
{
	const struct tkm_policy_element none = { .cc = TPM_CC_POLICY_RESTART };

	return tkm_tpm_policy(bus, &none);
}

/**
 * tkm_tpm_policy_nv() - TPM2_PolicyNV: a counter has this number
 * @bus: held, with a policy session
 * @nv: the counter, which its own empty authValue reads, and the number
 *
 * Return: 0; -EPERM when it has another; else as above.
 */
int tkm_tpm_policy_nv(struct tkm_bus *bus, const struct tkm_policy_nv *nv)
{
	struct tkm_wire wire = {
		.cc = TPM_CC_POLICY_NV,
		.handles = { nv->index, nv->index, bus->session.handle },
		.n_handles = 3,
		.password = true,
	};
	struct tkm_wire_answer answer;
	struct tkm_writer w;
	struct tkm_reader r;
	int ret;

	tkm_writer_init(&w, param_buf, sizeof(param_buf));
	tkm_put_tpm2b(&w, nv->epoch, TKM_EPOCH_SIZE);
	tkm_put_u16(&w, 0);
	tkm_put_u16(&w, TPM_EO_EQ);
	ret = exec(bus, &wire, &w, &answer, &r);
	if (ret)
		return ret;
	return tkm_reader_done(&r) ? 0 : -EIO;
}

/**
 * tkm_tpm_policy_authorize() - TPM2_PolicyAuthorize: what was played is approved
 * @bus: held, with a policy session
 * @approved: what its digest is, as was signed
 * @by: whose signature, for which policyRef
 * @ticket: that it was verified, TPMT_TK_VERIFIED
 *
 * Return: 0; -EBADMSG when the digest is another one, or the ticket is not this
 * TPM's (tkm_tpm_rc_parameter() tells, 1 or 4); else as above.
 */
int tkm_tpm_policy_authorize(struct tkm_bus *bus, const u8 approved[32],
			     const struct tkm_authorize *by,
			     struct tkm_piece ticket)
{
	struct tkm_wire wire = {
		.cc = TPM_CC_POLICY_AUTHORIZE,
		.handles = { bus->session.handle },
		.n_handles = 1,
	};
	struct tkm_wire_answer answer;
	u8 name[TKM_NAME_SIZE];
	struct tkm_writer w;
	struct tkm_reader r;
	int ret;

	tkm_public_name(by->pub, by->pub_len, name);
	tkm_writer_init(&w, param_buf, sizeof(param_buf));
	tkm_put_tpm2b(&w, approved, 32);
	tkm_put_tpm2b(&w, by->ref, 32);
	tkm_put_tpm2b(&w, name, sizeof(name));
	tkm_put_bytes(&w, ticket.data, ticket.len);
	ret = exec(bus, &wire, &w, &answer, &r);
	if (ret)
		return ret;
	return tkm_reader_done(&r) ? 0 : -EIO;
}

/**
 * tkm_tpm_load_external() - TPM2_LoadExternal of a public key, for the owner
 * @bus: held
 * @pub: TPMT_PUBLIC
 * @handle: of the object, to be flushed by the caller or the end of the hold
 *
 * Return: 0; -EOPNOTSUPP for a sort of key that the TPM lacks; -EBADMSG for one
 * that is none, or when another Name comes back; else as above.
 */
int tkm_tpm_load_external(struct tkm_bus *bus, struct tkm_piece pub,
			  u32 *handle)
{
	struct tkm_wire wire = {
		.cc = TPM_CC_LOAD_EXTERNAL,
		.response_handle = true,
	};
	struct tkm_wire_answer answer;
	u8 name[TKM_NAME_SIZE];
	struct tkm_writer w;
	struct tkm_reader r;
	const u8 *p;
	u16 n;
	int ret;

	tkm_writer_init(&w, param_buf, sizeof(param_buf));
	tkm_put_u16(&w, 0);	/* no private part */
	tkm_put_tpm2b(&w, pub.data, pub.len);
	tkm_put_u32(&w, TPM_RH_OWNER);
	ret = exec(bus, &wire, &w, &answer, &r);
	if (ret)
		return ret;
	if (!handle_is(answer.handle, 0x80))
		return -EIO;
	tkm_bus_opened(bus, answer.handle);
	p = tkm_get_tpm2b(&r, &n);
	if (!tkm_reader_done(&r))
		return -EIO;
	/* Nothing vouches for it, but an altered one need not go unseen. */
	tkm_public_name(pub.data, pub.len, name);
	if (n != sizeof(name) || memcmp(p, name, sizeof(name))) {
		/* The next approval's key wants its place. */
		tkm_bus_flush(bus, answer.handle);
		return -EBADMSG;
	}
	*handle = answer.handle;
	return 0;
}

/* 0; -EKEYREJECTED when the signature is not that key's; else as above. */
static int verify_signature(struct tkm_bus *bus, u32 handle,
			    const u8 digest[32], struct tkm_piece sig,
			    u8 ticket[TKM_TICKET_MAX], u16 *len)
{
	struct tkm_wire wire = {
		.cc = TPM_CC_VERIFY_SIGNATURE,
		.handles = { handle },
		.n_handles = 1,
	};
	struct tkm_wire_answer answer;
	struct tkm_writer w;
	struct tkm_reader r;
	u16 n;
	int ret;

	tkm_writer_init(&w, param_buf, sizeof(param_buf));
	tkm_put_tpm2b(&w, digest, 32);
	tkm_put_bytes(&w, sig.data, sig.len);
	ret = exec(bus, &wire, &w, &answer, &r);
	if (ret)
		return ret;
	if (tkm_get_u16(&r) != TPM_ST_VERIFIED ||
	    tkm_get_u32(&r) != TPM_RH_OWNER)
		return -EIO;
	tkm_get_tpm2b(&r, &n);
	if (!n || !tkm_reader_done(&r) ||
	    answer.params_len > TKM_TICKET_MAX)
		return -EIO;
	memcpy(ticket, answer.params, answer.params_len);
	*len = answer.params_len;
	return 0;
}

/**
 * tkm_tpm_ticket() - have the TPM verify a signature: three commands
 * @bus: held
 * @by: the public key, and its signature
 * @digest: 32 bytes that were signed
 * @ticket: TPMT_TK_VERIFIED; nothing vouches for it but its use
 * @len: its length
 *
 * LoadExternal, VerifySignature, FlushContext. bus->rc is that of the first two.
 *
 * Return: 0; -EKEYREJECTED when the signature is not that key's; -EOPNOTSUPP for
 * a sort of key that the TPM lacks; else as above.
 */
int tkm_tpm_ticket(struct tkm_bus *bus, const struct tkm_authorize *by,
		   const u8 digest[32], u8 ticket[TKM_TICKET_MAX], u16 *len)
{
	const struct tkm_piece pub = { by->pub, by->pub_len };
	const struct tkm_piece sig = { by->sig, by->sig_len };
	u32 handle, rc;
	int ret;

	ret = tkm_tpm_load_external(bus, pub, &handle);
	if (ret)
		return ret;
	ret = verify_signature(bus, handle, digest, sig, ticket, len);
	rc = bus->rc;
	tkm_bus_flush(bus, handle);
	bus->rc = rc;
	return ret;
}
