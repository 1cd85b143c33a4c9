// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * One TPM command on the wire, with its authorisation area, and the decision
 * whether to believe the answer.
 *
 * tkm uses at most one session of its own at a time. It stands in one of two
 * places:
 *
 *   authorising    an HMAC session, or a policy session whose policy is done,
 *                  authorises the first handle and protects the parameters
 *   accompanying   a policy session whose policy is not done yet protects the
 *                  parameters; the first handle (a storage key of ours, whose
 *                  authValue is empty) is authorised by the empty password in
 *                  front of it. The HMAC covers the whole command all the same
 *
 * A second handle, if it is authorised, has an empty authValue and is authorised by the
 * empty password after a session that authorises the first.
 *
 * The layout and the computations follow TPM 2.0 Part 1, "Session-Based
 * Authorizations", "Session-Based Encryption" and Part 3, "Command
 * Processing". All sessions use SHA-256 and AES-128-CFB.
 */
#include "core.h"

#define HEADER_SIZE	10
/* What a TPM may set by itself in an answer: this session audits alone. */
#define SA_AUDIT_EXCLUSIVE 0x02

/* sessionKey || authValue: the longest key a computation here starts from. */
struct session_value {
	u8 bytes[32 + 32];
	size_t len;
};

static void session_value(const struct tkm_wire *wire, bool with_auth,
			  struct session_value *value)
{
	u16 n = wire->auth_value_len;

	memcpy(value->bytes, wire->session->key, 32);
	value->len = 32;
	if (!with_auth || !wire->auth_value)
		return;
	/* The TPM itself strips trailing zeros from an authValue. */
	while (n && !wire->auth_value[n - 1])
		n--;
	if (n > 32)
		n = 32;
	memcpy(value->bytes + 32, wire->auth_value, n);
	value->len += n;
}

/* The HMAC's key holds the authValue where the session proves knowledge of it. */
static bool hmac_has_auth(const struct tkm_wire *wire)
{
	const struct tkm_session *s = wire->session;

	return wire->authorises && (!s->policy || s->auth_value_needed);
}

static void session_hmac(const struct tkm_wire *wire, const u8 hash[32],
			 const u8 newer[32], const u8 older[32], u8 attributes,
			 u8 out[32])
{
	struct session_value key;
	const struct tkm_piece pieces[] = {
		{ hash, 32 }, { newer, 32 }, { older, 32 }, { &attributes, 1 },
	};

	session_value(wire, hmac_has_auth(wire), &key);
	tkm_hmac_sha256(key.bytes, key.len, pieces, ARRAY_SIZE(pieces), out);
	memzero_explicit(&key, sizeof(key));
}

/* Key and IV of one encrypted parameter; the newer nonce is its sender's. */
static void parameter_key(const struct tkm_wire *wire, const u8 newer[32],
			  const u8 older[32], u8 out[32])
{
	struct session_value value;

	session_value(wire, wire->authorises, &value);
	tkm_kdfa(value.bytes, value.len, "CFB", (struct tkm_piece){ newer, 32 },
		 (struct tkm_piece){ older, 32 }, out, 32);
	memzero_explicit(&value, sizeof(value));
}

static int encrypt_first(const struct tkm_wire *wire, u8 *params, size_t len)
{
	const struct tkm_session *s = wire->session;
	u8 key[32];
	size_t n;
	int ret;

	if (len < 2)
		return -EINVAL;
	n = get_unaligned_be16(params);
	if (n > len - 2)
		return -EINVAL;
	parameter_key(wire, s->nonce_caller, s->nonce_tpm, key);
	ret = tkm_cfb_encrypt(key, params + 2, n);
	memzero_explicit(key, sizeof(key));
	return ret;
}

static int decrypt_first(const struct tkm_wire *wire, u8 *params, size_t len)
{
	const struct tkm_session *s = wire->session;
	u8 key[32];
	size_t n;
	int ret;

	if (len < 2)
		return -EIO;
	n = get_unaligned_be16(params);
	if (n > len - 2)
		return -EIO;
	parameter_key(wire, s->nonce_tpm, s->nonce_caller, key);
	ret = tkm_cfb_decrypt(key, params + 2, n);
	memzero_explicit(key, sizeof(key));
	return ret ? -EIO : 0;
}

/* cpHash: H(commandCode || Names || parameters as they are sent). */
static void command_hash(const struct tkm_wire *wire, const u8 *params,
			 u8 out[32])
{
	u8 cc[4], handle[TKM_WIRE_HANDLES][4];
	struct tkm_piece pieces[2 + TKM_WIRE_HANDLES];
	size_t n = 0;
	unsigned int i;

	put_unaligned_be32(wire->cc, cc);
	pieces[n++] = (struct tkm_piece){ cc, 4 };
	for (i = 0; i < wire->n_handles; i++) {
		put_unaligned_be32(wire->handles[i], handle[i]);
		pieces[n++] = wire->names[i] ?
			(struct tkm_piece){ wire->names[i], wire->name_lens[i] } :
			(struct tkm_piece){ handle[i], 4 };
	}
	pieces[n++] = (struct tkm_piece){ params, wire->params_len };
	tkm_sha256(pieces, n, out);
}

/* rpHash: H(responseCode, which is success || commandCode || parameters). */
static void response_hash(const struct tkm_wire *wire, const u8 *params,
			  size_t len, u8 out[32])
{
	u8 codes[8];
	const struct tkm_piece pieces[] = { { codes, 8 }, { params, len } };

	put_unaligned_be32(0, codes);
	put_unaligned_be32(wire->cc, codes + 4);
	tkm_sha256(pieces, ARRAY_SIZE(pieces), out);
}

static void put_password(struct tkm_writer *w)
{
	tkm_put_u32(w, TPM_RS_PW);
	tkm_put_u16(w, 0);
	tkm_put_u8(w, TPM_SA_CONTINUE);
	tkm_put_u16(w, 0);
}

/*
 * The authorisation area; its HMAC depends on the parameters, which come after
 * it on the wire, so they have their place and are encrypted already.
 */
static void put_auths(struct tkm_writer *w, const struct tkm_wire *wire,
		      const u8 *params)
{
	const struct tkm_session *s = wire->session;
	u8 hash[32], hmac[32];

	command_hash(wire, params, hash);
	session_hmac(wire, hash, s->nonce_caller, s->nonce_tpm,
		     wire->session_attributes, hmac);
	if (wire->password)
		put_password(w);
	tkm_put_u32(w, s->handle);
	tkm_put_tpm2b(w, s->nonce_caller, 32);
	tkm_put_u8(w, wire->session_attributes);
	tkm_put_tpm2b(w, hmac, 32);
	if (wire->password_after)
		put_password(w);
	memzero_explicit(hmac, sizeof(hmac));
}

static size_t auths_size(const struct tkm_wire *wire)
{
	size_t n = 0;

	if (wire->password)
		n += 4 + 2 + 1 + 2;
	if (wire->session)
		n += 4 + 2 + 32 + 1 + 2 + 32;
	if (wire->session && wire->password_after)
		n += 4 + 2 + 1 + 2;
	return n;
}

static void put_head(struct tkm_writer *w, const struct tkm_wire *wire,
		     size_t total)
{
	unsigned int i;

	tkm_put_u16(w, auths_size(wire) ? TPM_ST_SESSIONS :
					  TPM_ST_NO_SESSIONS);
	tkm_put_u32(w, total);
	tkm_put_u32(w, wire->cc);
	for (i = 0; i < wire->n_handles; i++)
		tkm_put_u32(w, wire->handles[i]);
	if (auths_size(wire))
		tkm_put_u32(w, auths_size(wire));
}

ssize_t tkm_wire_build(const struct tkm_wire *wire, const u8 nonce[32],
		       u8 *out, size_t size)
{
	size_t auths = auths_size(wire);
	size_t head = HEADER_SIZE + 4 * wire->n_handles + (auths ? 4 : 0);
	size_t total = head + auths + wire->params_len;
	u8 *params = out + head + auths;
	struct tkm_writer w;
	int ret;

	if (total > size)
		return -EMSGSIZE;
	if (wire->params_len)
		memcpy(params, wire->params, wire->params_len);
	tkm_writer_init(&w, out, head + auths);
	put_head(&w, wire, total);
	if (wire->session) {
		memcpy(wire->session->nonce_caller, nonce, 32);
		if (wire->session_attributes & TPM_SA_DECRYPT) {
			ret = encrypt_first(wire, params, wire->params_len);
			if (ret) {
				memzero_explicit(out, total);
				return ret;
			}
		}
		put_auths(&w, wire, params);
	} else if (wire->password) {
		put_password(&w);
	}
	return w.overflow ? -EMSGSIZE : (ssize_t)total;
}

/* The password's place in an answer holds nothing, and says so. */
static bool password_answered(struct tkm_reader *r)
{
	u16 nonce = tkm_get_u16(r);
	u8 attributes = tkm_get_u8(r);
	u16 hmac = tkm_get_u16(r);

	return !r->bad && !nonce && !hmac && attributes == TPM_SA_CONTINUE;
}

/* Our session's place in an answer: believe it, and take its nonce over. */
static int check_session(const struct tkm_wire *wire, struct tkm_reader *r,
			 const u8 *params, size_t len)
{
	struct tkm_session *s = wire->session;
	u16 nonce_len, hmac_len;
	const u8 *nonce = tkm_get_tpm2b(r, &nonce_len);
	u8 attributes = tkm_get_u8(r);
	const u8 *hmac = tkm_get_tpm2b(r, &hmac_len);
	u8 hash[32], expected[32];
	u8 allowed = attributes;
	int ret = 0;

	if (wire->password_after && !password_answered(r))
		return r->bad ? -EIO : -EBADMSG;
	if (!tkm_reader_done(r))
		return -EIO;
	if (wire->session_attributes & TPM_SA_AUDIT)
		allowed &= ~SA_AUDIT_EXCLUSIVE;
	if (nonce_len != 32 || hmac_len != 32 ||
	    allowed != wire->session_attributes)
		return -EBADMSG;
	response_hash(wire, params, len, hash);
	session_hmac(wire, hash, nonce, s->nonce_caller, attributes, expected);
	if (crypto_memneq(hmac, expected, 32))
		ret = -EBADMSG;
	else
		memcpy(s->nonce_tpm, nonce, 32);
	memzero_explicit(expected, sizeof(expected));
	return ret;
}

/* Handle and parameters of an answer that succeeded; r is at its first byte. */
static int take_success(const struct tkm_wire *wire, u16 tag,
			struct tkm_reader *r, struct tkm_wire_answer *answer)
{
	bool sessions = auths_size(wire) > 0;
	u32 n;

	if (tag != (sessions ? TPM_ST_SESSIONS : TPM_ST_NO_SESSIONS))
		return sessions ? -EBADMSG : -EIO;
	if (wire->response_handle)
		answer->handle = tkm_get_u32(r);
	n = sessions ? tkm_get_u32(r) : (u32)r->len;
	answer->params = tkm_get_bytes(r, n);
	answer->params_len = n;
	return r->bad ? -EIO : 0;
}

int tkm_wire_check(const struct tkm_wire *wire, u8 *buf, size_t len, u32 *rc,
		   struct tkm_wire_answer *answer)
{
	struct tkm_reader r;
	u32 size;
	u16 tag;
	int ret;

	memset(answer, 0, sizeof(*answer));
	*rc = 0;
	tkm_reader_init(&r, buf, len);
	tag = tkm_get_u16(&r);
	size = tkm_get_u32(&r);
	*rc = tkm_get_u32(&r);
	if (r.bad || size != len)
		return -EIO;
	if (*rc)
		return tag == TPM_ST_NO_SESSIONS && !r.len ? 0 : -EIO;

	ret = take_success(wire, tag, &r, answer);
	if (ret)
		return ret;
	if (wire->password && !password_answered(&r))
		return r.bad ? -EIO : -EBADMSG;
	if (!wire->session)
		return tkm_reader_done(&r) ? 0 : -EIO;
	ret = check_session(wire, &r, answer->params, answer->params_len);
	if (ret)
		return ret;
	if (wire->session_attributes & TPM_SA_ENCRYPT)
		ret = decrypt_first(wire, buf + (answer->params - buf),
				    answer->params_len);
	if (!(wire->session_attributes & TPM_SA_CONTINUE))
		wire->session->handle = 0;
	return ret;
}
