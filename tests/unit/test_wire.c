// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * A command on the wire, and the decision whether to believe its answer. The
 * TPM's side is written here a second time, on OpenSSL's HMAC, from TPM 2.0
 * Part 1: what the core builds must satisfy it, and of what it answers not one
 * bit may be changed.
 */
#include <openssl/hmac.h>

#include "unit.h"

#define SESSION 0x02000000

static const u8 name[TKM_NAME_SIZE] = { 0x00, 0x0b, 1, 2, 3 };
static const u8 secret[] = "pass\0\0";	/* trailing zeros do not count */

static void new_session(struct tkm_session *s, bool policy)
{
	memset(s, 0, sizeof(*s));
	s->handle = policy ? 0x03000000 : SESSION;
	s->policy = policy;
	memset(s->key, 0x11, 32);
	memset(s->nonce_tpm, 0x22, 32);
}

static struct tkm_wire unseal(struct tkm_session *s)
{
	return (struct tkm_wire){
		.cc = TPM_CC_UNSEAL,
		.handles = { 0x80000001 },
		.n_handles = 1,
		.names = { name },
		.name_lens = { sizeof(name) },
		.session = s,
		.session_attributes = TPM_SA_ENCRYPT,
		.authorises = true,
		.auth_value = secret,
		.auth_value_len = sizeof(secret),
	};
}

/* ---- the TPM's side ---- */

struct tpm {
	u8 key[64];		/* sessionKey || authValue */
	size_t key_len;
};

static struct tpm tpm_with(const char *auth)
{
	struct tpm t;

	memset(t.key, 0x11, 32);
	memcpy(t.key + 32, auth, strlen(auth));
	t.key_len = 32 + strlen(auth);
	return t;
}

static void put_hmac(const struct tpm *t, u8 *msg, size_t len, u8 out[32])
{
	unsigned int n = 32;

	HMAC(EVP_sha256(), t->key, (int)t->key_len, msg, len, out, &n);
}

/* KDFa for 256 bits is one round: HMAC(key, 1 || label || 0 || u || v || 256). */
static void xor_key(const struct tpm *t, const u8 *newer, const u8 *older,
		    u8 out[32])
{
	u8 msg[4 + 4 + 64 + 4] = { 0, 0, 0, 1, 'C', 'F', 'B', 0 };

	memcpy(msg + 8, newer, 32);
	memcpy(msg + 40, older, 32);
	msg[74] = 1;
	put_hmac(t, msg, sizeof(msg), out);
}

/* H(parts) || newer nonce || older nonce || attributes, under the key. */
static void tpm_hmac(const struct tpm *t, const u8 *hashed, size_t len,
		     const u8 *newer, const u8 *older, u8 attributes,
		     u8 out[32])
{
	u8 msg[32 + 32 + 32 + 1];

	SHA256(hashed, len, msg);
	memcpy(msg + 32, newer, 32);
	memcpy(msg + 64, older, 32);
	msg[96] = attributes;
	put_hmac(t, msg, sizeof(msg), out);
}

static const u8 fresh[32] = { 0x33, 0x33, 0x33 };

/* An answer with one TPM2B parameter; returns its length. */
static size_t tpm_answer(const struct tpm *t, const struct tkm_wire *wire,
			 const char *text, u8 *out)
{
	u8 params[256], hashed[8 + 256] = { 0 }, hmac[32], key[32];
	struct tkm_writer w, p;
	size_t at;

	tkm_writer_init(&p, params, sizeof(params));
	tkm_put_tpm2b(&p, text, strlen(text));
	if (wire->session_attributes & TPM_SA_ENCRYPT) {
		xor_key(t, fresh, wire->session->nonce_caller, key);
		assert_int_equal(tkm_cfb_encrypt(key, params + 2, p.len - 2),
				 0);
	}
	put_unaligned_be32(wire->cc, hashed + 4);
	memcpy(hashed + 8, params, p.len);
	tpm_hmac(t, hashed, 8 + p.len, fresh, wire->session->nonce_caller,
		 wire->session_attributes, hmac);

	tkm_writer_init(&w, out, 512);
	tkm_put_u16(&w, TPM_ST_SESSIONS);
	tkm_put_u32(&w, 0);
	tkm_put_u32(&w, 0);
	if (wire->response_handle)
		tkm_put_u32(&w, 0x80000002);
	tkm_put_u32(&w, (u32)p.len);
	tkm_put_bytes(&w, params, p.len);
	if (wire->password) {
		tkm_put_u16(&w, 0);
		tkm_put_u8(&w, TPM_SA_CONTINUE);
		tkm_put_u16(&w, 0);
	}
	tkm_put_tpm2b(&w, fresh, 32);
	tkm_put_u8(&w, wire->session_attributes);
	tkm_put_tpm2b(&w, hmac, 32);
	if (wire->password_after) {
		tkm_put_u16(&w, 0);
		tkm_put_u8(&w, TPM_SA_CONTINUE);
		tkm_put_u16(&w, 0);
	}
	at = w.len;
	put_unaligned_be32((u32)at, out + 2);
	return at;
}

static int check(const struct tkm_wire *wire, const u8 *answer, size_t len,
		 u32 *rc, struct tkm_wire_answer *out, u8 **buf)
{
	*buf = exact(answer, len);
	return tkm_wire_check(wire, *buf, len, rc, out);
}

/* ---- building ---- */

static void command_without_session_is_bare(void **state)
{
	static const u8 expected[] = { 0x80, 0x01, 0, 0, 0, 14,
				       0, 0, 0x01, 0x65, 0x80, 0, 0, 1 };
	const u8 param[4] = { 0x80, 0, 0, 1 };
	const struct tkm_wire wire = {
		.cc = TPM_CC_FLUSH_CONTEXT,
		.params = param,
		.params_len = 4,
	};
	u8 out[sizeof(expected)];

	(void)state;
	assert_int_equal(tkm_wire_build(&wire, NULL, out, sizeof(out)),
			 sizeof(expected));
	assert_memory_equal(out, expected, sizeof(expected));
	assert_int_equal(tkm_wire_build(&wire, NULL, out, sizeof(out) - 1),
			 -EMSGSIZE);
}

static void password_alone_is_empty(void **state)
{
	const struct tkm_wire wire = {
		.cc = TPM_CC_CREATE_PRIMARY,
		.handles = { TPM_RH_OWNER },
		.n_handles = 1,
		.password = true,
	};
	static const u8 expected[] = { 0x80, 0x02, 0, 0, 0, 27, 0, 0, 1, 0x31,
				       0x40, 0, 0, 1, 0, 0, 0, 9, 0x40, 0, 0, 9,
				       0, 0, 1, 0, 0 };
	u8 out[64];

	(void)state;
	assert_int_equal(tkm_wire_build(&wire, NULL, out, sizeof(out)),
			 sizeof(expected));
	assert_memory_equal(out, expected, sizeof(expected));
}

/* The HMAC of a command, computed from what is on the wire. */
static void command_hmac_is_what_the_tpm_computes(void **state)
{
	struct tpm t = tpm_with("pass");
	struct tkm_session s;
	struct tkm_wire wire = unseal(&s);
	u8 out[256], hashed[4 + TKM_NAME_SIZE], hmac[32];
	const u8 *auth = out + 10 + 4 + 4;
	ssize_t len;

	(void)state;
	new_session(&s, false);
	len = tkm_wire_build(&wire, fresh, out, sizeof(out));
	assert_int_equal(len, 10 + 4 + 4 + 73);
	put_unaligned_be32(TPM_CC_UNSEAL, hashed);
	memcpy(hashed + 4, name, sizeof(name));
	tpm_hmac(&t, hashed, sizeof(hashed), fresh, s.nonce_tpm,
		 TPM_SA_ENCRYPT, hmac);
	assert_int_equal(get_unaligned_be32(auth), SESSION);
	assert_memory_equal(auth + 6, fresh, 32);
	assert_int_equal(auth[38], TPM_SA_ENCRYPT);
	assert_memory_equal(auth + 41, hmac, 32);
}

static void first_parameter_is_encrypted_for_the_tpm(void **state)
{
	struct tpm t = tpm_with("");
	struct tkm_session s;
	struct tkm_wire wire = unseal(&s);
	u8 params[] = { 0, 6, 's', 'e', 'c', 'r', 'e', 't', 0xaa, 0xbb };
	u8 out[256], key[32], *sent;
	ssize_t len;

	(void)state;
	new_session(&s, false);
	wire.auth_value = NULL;
	wire.params = params;
	wire.params_len = sizeof(params);
	wire.session_attributes = TPM_SA_DECRYPT | TPM_SA_CONTINUE;
	len = tkm_wire_build(&wire, fresh, out, sizeof(out));
	assert_true(len > 0);
	sent = out + len - sizeof(params);
	/* Size and what follows stand in clear, the content does not. */
	assert_memory_equal(sent, params, 2);
	assert_memory_equal(sent + 8, params + 8, 2);
	assert_memory_not_equal(sent + 2, params + 2, 6);
	xor_key(&t, fresh, s.nonce_tpm, key);
	assert_int_equal(tkm_cfb_decrypt(key, sent + 2, 6), 0);
	assert_memory_equal(sent, params, sizeof(params));
	/* The caller's copy is left as it was. */
	assert_memory_equal(params + 2, "secret", 6);
}

static void a_first_parameter_that_is_no_tpm2b_is_refused(void **state)
{
	struct tkm_session s;
	struct tkm_wire wire = unseal(&s);
	u8 params[] = { 0, 3, 'a', 'b' }, out[256];

	(void)state;
	wire.params = params;
	wire.session_attributes = TPM_SA_DECRYPT;
	for (wire.params_len = 0; wire.params_len <= 4; wire.params_len++) {
		new_session(&s, false);
		assert_int_equal(tkm_wire_build(&wire, fresh, out, sizeof(out)),
				 -EINVAL);
	}
}

/* ---- answers ---- */

struct scene {
	struct tkm_session s;
	struct tkm_wire wire;
	struct tpm t;
	u8 answer[512];
	size_t len;
};

static void set_scene(struct scene *sc, const char *auth)
{
	u8 out[512];

	new_session(&sc->s, false);
	sc->wire = unseal(&sc->s);
	sc->t = tpm_with(auth);
	assert_true(tkm_wire_build(&sc->wire, fresh, out, sizeof(out)) > 0);
	memset(sc->s.nonce_caller, 0x44, 32);
	sc->len = tpm_answer(&sc->t, &sc->wire, "the key", sc->answer);
}

static void a_true_answer_is_believed_and_decrypted(void **state)
{
	struct tkm_wire_answer a;
	struct scene sc;
	u32 rc;
	u8 *buf;

	(void)state;
	set_scene(&sc, "pass");
	assert_int_equal(check(&sc.wire, sc.answer, sc.len, &rc, &a, &buf), 0);
	assert_int_equal(rc, 0);
	assert_int_equal(a.params_len, 9);
	assert_memory_equal(a.params + 2, "the key", 7);
	assert_memory_equal(sc.s.nonce_tpm, fresh, 32);
	/* It did not continue: the session is over. */
	assert_int_equal(sc.s.handle, 0);
	exact_free(buf);
}

static void a_session_that_continues_stays(void **state)
{
	struct tkm_wire_answer a;
	struct scene sc;
	u32 rc;
	u8 *buf;

	(void)state;
	set_scene(&sc, "pass");
	sc.wire.session_attributes |= TPM_SA_CONTINUE;
	sc.len = tpm_answer(&sc.t, &sc.wire, "x", sc.answer);
	assert_int_equal(check(&sc.wire, sc.answer, sc.len, &rc, &a, &buf), 0);
	assert_int_equal(sc.s.handle, SESSION);
	exact_free(buf);
}

static void no_bit_of_an_answer_may_change(void **state)
{
	struct tkm_wire_answer a;
	struct scene sc;
	size_t i;
	int ret;
	u32 rc;
	u8 *buf;

	(void)state;
	set_scene(&sc, "pass");
	for (i = 0; i < 8 * sc.len; i++) {
		sc.answer[i / 8] ^= 1 << (i % 8);
		ret = check(&sc.wire, sc.answer, sc.len, &rc, &a, &buf);
		assert_true(ret == -EIO || ret == -EBADMSG);
		/* Refused, and nothing moved. */
		assert_int_equal(sc.s.handle, SESSION);
		assert_int_equal(sc.s.nonce_tpm[0], 0x22);
		exact_free(buf);
		sc.answer[i / 8] ^= 1 << (i % 8);
	}
}

static void no_length_of_an_answer_may_change(void **state)
{
	struct tkm_wire_answer a;
	struct scene sc;
	size_t n;
	u32 rc;
	u8 *buf;

	(void)state;
	set_scene(&sc, "pass");
	for (n = 0; n < sc.len; n++) {
		assert_int_equal(check(&sc.wire, sc.answer, n, &rc, &a, &buf),
				 -EIO);
		exact_free(buf);
		/* And with a header that admits it. */
		put_unaligned_be32((u32)n, sc.answer + 2);
		assert_int_not_equal(check(&sc.wire, sc.answer, n, &rc, &a,
					   &buf), 0);
		exact_free(buf);
		put_unaligned_be32((u32)sc.len, sc.answer + 2);
	}
	sc.answer[sc.len] = 0;
	put_unaligned_be32((u32)sc.len + 1, sc.answer + 2);
	assert_int_equal(check(&sc.wire, sc.answer, sc.len + 1, &rc, &a, &buf),
			 -EIO);
	exact_free(buf);
}

static void an_answer_under_another_auth_value_is_not_believed(void **state)
{
	struct tkm_wire_answer a;
	struct scene sc;
	u32 rc;
	u8 *buf;

	(void)state;
	set_scene(&sc, "past");
	assert_int_equal(check(&sc.wire, sc.answer, sc.len, &rc, &a, &buf),
			 -EBADMSG);
	exact_free(buf);
}

static void an_old_answer_is_not_believed_again(void **state)
{
	struct tkm_wire_answer a;
	struct scene sc;
	u32 rc;
	u8 *buf;

	(void)state;
	set_scene(&sc, "pass");
	memset(sc.s.nonce_caller, 0x45, 32);
	assert_int_equal(check(&sc.wire, sc.answer, sc.len, &rc, &a, &buf),
			 -EBADMSG);
	exact_free(buf);
}

static void success_without_sessions_is_not_believed(void **state)
{
	static const u8 bare[] = { 0x80, 0x01, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0 };
	struct tkm_wire_answer a;
	struct scene sc;
	u32 rc;
	u8 *buf;

	(void)state;
	set_scene(&sc, "pass");
	assert_int_equal(check(&sc.wire, bare, sizeof(bare), &rc, &a, &buf),
			 -EBADMSG);
	exact_free(buf);
}

static void a_refusal_is_taken_and_leaves_the_session(void **state)
{
	static const u8 refusal[] = { 0x80, 0x01, 0, 0, 0, 10, 0, 0, 9, 0x8e };
	static const u8 longer[] = { 0x80, 0x01, 0, 0, 0, 11, 0, 0, 9, 0x8e,
				     0 };
	struct tkm_wire_answer a;
	struct scene sc;
	u32 rc;
	u8 *buf;

	(void)state;
	set_scene(&sc, "pass");
	assert_int_equal(check(&sc.wire, refusal, sizeof(refusal), &rc, &a,
			       &buf), 0);
	assert_int_equal(rc, 0x98e);
	assert_int_equal(sc.s.handle, SESSION);
	exact_free(buf);
	assert_int_equal(check(&sc.wire, longer, sizeof(longer), &rc, &a, &buf),
			 -EIO);
	exact_free(buf);
}

/* A policy session that only accompanies: password first, no authValue. */
static void an_accompanying_session_protects_too(void **state)
{
	struct tpm t = tpm_with("");
	struct tkm_session s;
	struct tkm_wire wire = unseal(&s);
	struct tkm_wire_answer a;
	u8 out[512], answer[512], *buf;
	size_t len, i;
	u32 rc;

	(void)state;
	new_session(&s, true);
	wire.cc = TPM_CC_LOAD;
	wire.authorises = false;
	wire.password = true;
	wire.response_handle = true;
	wire.session_attributes |= TPM_SA_CONTINUE;
	assert_int_equal(tkm_wire_build(&wire, fresh, out, sizeof(out)),
			 10 + 4 + 4 + 9 + 73);
	assert_int_equal(get_unaligned_be32(out + 18), TPM_RS_PW);
	len = tpm_answer(&t, &wire, "name", answer);
	for (i = 0; i < 8 * len; i++) {
		/* The handle is not under the HMAC: the next command's Name is. */
		if (i / 8 >= 10 && i / 8 < 14)
			continue;
		answer[i / 8] ^= 1 << (i % 8);
		assert_int_not_equal(check(&wire, answer, len, &rc, &a, &buf),
				     0);
		exact_free(buf);
		answer[i / 8] ^= 1 << (i % 8);
	}
	assert_int_equal(check(&wire, answer, len, &rc, &a, &buf), 0);
	assert_int_equal(a.handle, 0x80000002);
	assert_memory_equal(a.params + 2, "name", 4);
	exact_free(buf);
}

/* A second handle: its empty password comes after the session. */
static void a_password_may_follow_the_session(void **state)
{
	struct tpm t = tpm_with("pass");
	struct tkm_session s;
	struct tkm_wire wire = unseal(&s);
	struct tkm_wire_answer a;
	u8 out[512], answer[512], *buf;
	size_t len, i;
	u32 rc;

	(void)state;
	new_session(&s, false);
	wire.cc = TPM_CC_CERTIFY;
	wire.handles[1] = 0x80000003;
	wire.names[1] = wire.names[0];
	wire.name_lens[1] = wire.name_lens[0];
	wire.n_handles = 2;
	wire.auth_value = (const u8 *)"pass";
	wire.auth_value_len = 4;
	wire.password_after = true;
	wire.session_attributes = TPM_SA_CONTINUE;
	assert_int_equal(tkm_wire_build(&wire, fresh, out, sizeof(out)),
			 10 + 8 + 4 + 73 + 9);
	assert_int_equal(get_unaligned_be32(out + 18), 73 + 9);
	assert_int_equal(get_unaligned_be32(out + 22), SESSION);
	assert_int_equal(get_unaligned_be32(out + 22 + 73), TPM_RS_PW);
	len = tpm_answer(&t, &wire, "said", answer);
	for (i = 0; i < 8 * len; i++) {
		answer[i / 8] ^= 1 << (i % 8);
		assert_int_not_equal(check(&wire, answer, len, &rc, &a, &buf),
				     0);
		exact_free(buf);
		answer[i / 8] ^= 1 << (i % 8);
	}
	/* Nor without it. */
	put_unaligned_be32((u32)len - 5, answer + 2);
	assert_int_not_equal(check(&wire, answer, len - 5, &rc, &a, &buf), 0);
	exact_free(buf);
	put_unaligned_be32((u32)len, answer + 2);
	assert_int_equal(check(&wire, answer, len, &rc, &a, &buf), 0);
	assert_memory_equal(a.params + 2, "said", 4);
	exact_free(buf);
}

static void an_audit_session_may_be_exclusive(void **state)
{
	struct tkm_wire_answer a;
	struct scene sc;
	u32 rc;
	u8 *buf;

	(void)state;
	set_scene(&sc, "");
	sc.wire.auth_value = NULL;
	sc.wire.authorises = false;
	sc.wire.session_attributes = TPM_SA_AUDIT | TPM_SA_CONTINUE | 0x02;
	sc.len = tpm_answer(&sc.t, &sc.wire, "x", sc.answer);
	sc.wire.session_attributes = TPM_SA_AUDIT | TPM_SA_CONTINUE;
	assert_int_equal(check(&sc.wire, sc.answer, sc.len, &rc, &a, &buf), 0);
	exact_free(buf);
}

/* ---- other sessions, and none ---- */

/*
 * A policy session that authorises: its HMAC has the authValue only after
 * PolicyAuthValue, the key of an encrypted parameter always.
 */
static void a_policy_session_proves_the_value_it_was_asked_for(void **state)
{
	struct tpm t = tpm_with("pass"), bare = tpm_with("");
	struct tkm_session s;
	struct tkm_wire wire = unseal(&s);
	struct tkm_wire_answer a;
	u8 out[256], answer[512], *buf, hashed[4 + TKM_NAME_SIZE], hmac[32];
	size_t len;
	u32 rc;

	(void)state;
	put_unaligned_be32(TPM_CC_UNSEAL, hashed);
	memcpy(hashed + 4, name, sizeof(name));
	new_session(&s, true);
	assert_true(tkm_wire_build(&wire, fresh, out, sizeof(out)) > 0);
	tpm_hmac(&bare, hashed, sizeof(hashed), fresh, s.nonce_tpm,
		 TPM_SA_ENCRYPT, hmac);
	assert_memory_equal(out + 18 + 41, hmac, 32);
	/* An answer under the value's HMAC is not this session's. */
	len = tpm_answer(&t, &wire, "x", answer);
	assert_int_equal(check(&wire, answer, len, &rc, &a, &buf), -EBADMSG);
	exact_free(buf);

	s.auth_value_needed = true;
	assert_true(tkm_wire_build(&wire, fresh, out, sizeof(out)) > 0);
	tpm_hmac(&t, hashed, sizeof(hashed), fresh, s.nonce_tpm,
		 TPM_SA_ENCRYPT, hmac);
	assert_memory_equal(out + 18 + 41, hmac, 32);
	len = tpm_answer(&t, &wire, "x", answer);
	assert_int_equal(check(&wire, answer, len, &rc, &a, &buf), 0);
	exact_free(buf);
}

static void zeros_alone_are_the_empty_auth_value(void **state)
{
	static const u8 zeros[32];
	struct tkm_wire_answer a;
	struct scene sc;
	u32 rc;
	u8 *buf;

	(void)state;
	set_scene(&sc, "");
	sc.wire.auth_value = zeros;
	sc.wire.auth_value_len = sizeof(zeros);
	assert_int_equal(check(&sc.wire, sc.answer, sc.len, &rc, &a, &buf), 0);
	exact_free(buf);
}

/* No caller has more than 32 bytes; what is beyond them is not looked at. */
static void an_auth_value_ends_after_32_bytes(void **state)
{
	static const u8 longer[] = "0123456789abcdef0123456789abcdef and more";
	struct tkm_wire_answer a;
	struct scene sc;
	u32 rc;
	u8 *buf;

	(void)state;
	set_scene(&sc, "0123456789abcdef0123456789abcdef");
	sc.wire.auth_value = longer;
	sc.wire.auth_value_len = sizeof(longer);
	assert_int_equal(check(&sc.wire, sc.answer, sc.len, &rc, &a, &buf), 0);
	exact_free(buf);
}

/* As sequences and sessions have none: the handle stands for itself. */
static void a_handle_without_a_name_is_its_own(void **state)
{
	static const u8 hashed[] = { 0, 0, 0x01, 0x5e, 0x80, 0, 0, 1 };
	struct tpm t = tpm_with("pass");
	struct tkm_session s;
	struct tkm_wire wire = unseal(&s);
	u8 out[256], hmac[32];

	(void)state;
	new_session(&s, false);
	wire.names[0] = NULL;
	wire.name_lens[0] = 0;
	assert_true(tkm_wire_build(&wire, fresh, out, sizeof(out)) > 0);
	tpm_hmac(&t, hashed, sizeof(hashed), fresh, s.nonce_tpm,
		 TPM_SA_ENCRYPT, hmac);
	assert_memory_equal(out + 18 + 41, hmac, 32);
}

/* The HMAC is right, and what it covers is no TPM2B that could be decrypted. */
static void an_encrypted_answer_must_have_a_tpm2b(void **state)
{
	struct tkm_wire_answer a;
	struct scene sc;
	u8 *buf, hashed[8 + 4] = { 0, 0, 0, 0, 0, 0, 0x01, 0x5e, 0, 3, 1, 2 };
	u8 answer[10 + 4 + 4 + 69] = { 0x80, 0x02 };
	struct tkm_writer w;
	size_t n;
	u32 rc;

	(void)state;
	for (n = 0; n <= 4; n++) {
		set_scene(&sc, "pass");
		tkm_writer_init(&w, answer + 10, sizeof(answer) - 10);
		tkm_put_u32(&w, (u32)n);
		tkm_put_bytes(&w, hashed + 8, n);
		tkm_put_tpm2b(&w, fresh, 32);
		tkm_put_u8(&w, TPM_SA_ENCRYPT);
		tkm_put_u16(&w, 32);
		tpm_hmac(&sc.t, hashed, 8 + n, fresh, sc.s.nonce_caller,
			 TPM_SA_ENCRYPT, answer + 10 + w.len);
		put_unaligned_be32(10 + (u32)w.len + 32, answer + 2);
		assert_int_equal(check(&sc.wire, answer, 10 + w.len + 32, &rc,
				       &a, &buf), -EIO);
		/* It was the TPM that said so: the session has moved on. */
		assert_memory_equal(sc.s.nonce_tpm, fresh, 32);
		exact_free(buf);
	}
}

/* All lengths fit, but the HMAC has taken a byte from the nonce, or given it. */
static void nonce_and_hmac_have_their_own_sizes(void **state)
{
	struct tkm_wire_answer a;
	struct scene sc;
	u8 *nonce, *buf;
	u32 rc;

	(void)state;
	set_scene(&sc, "pass");
	nonce = sc.answer + sc.len - 69;
	put_unaligned_be16(31, nonce);
	put_unaligned_be16(33, nonce + 34);
	assert_int_equal(check(&sc.wire, sc.answer, sc.len, &rc, &a, &buf),
			 -EBADMSG);
	exact_free(buf);
	set_scene(&sc, "pass");
	put_unaligned_be16(33, nonce + 35);
	put_unaligned_be32((u32)sc.len + 1, sc.answer + 2);
	sc.answer[sc.len] = 0;
	assert_int_equal(check(&sc.wire, sc.answer, sc.len + 1, &rc, &a, &buf),
			 -EBADMSG);
	exact_free(buf);
}

static int check_bare(const struct tkm_wire *wire, const char *hex,
		      struct tkm_wire_answer *a)
{
	struct bytes b = bytes_of_hex(hex);
	u32 rc;
	int ret = tkm_wire_check(wire, b.p, b.len, &rc, a);

	exact_free(b.p);
	return ret;
}

static void answers_without_sessions_are_bare(void **state)
{
	const struct tkm_wire handle = { .response_handle = true };
	const struct tkm_wire none = { 0 };
	struct tkm_wire_answer a;

	(void)state;
	assert_int_equal(check_bare(&none, "80010000000a00000000", &a), 0);
	assert_int_equal(a.params_len, 0);
	assert_int_equal(check_bare(&none, "80010000000c00000000abcd", &a), 0);
	assert_int_equal(a.params_len, 2);
	assert_int_equal(check_bare(&handle, "80010000000f0000000080000002ab",
				    &a), 0);
	assert_int_equal(a.handle, 0x80000002);
	assert_int_equal(a.params_len, 1);
	assert_int_equal(check_bare(&handle, "80010000000d00000000800000", &a),
			 -EIO);
	/* The tag of an answer with sessions. */
	assert_int_equal(check_bare(&none, "80020000000e0000000000000000", &a),
			 -EIO);
}

static void a_password_is_answered_by_nothing(void **state)
{
	const struct tkm_wire wire = { .password = true };
	struct tkm_wire_answer a;

	(void)state;
	assert_int_equal(check_bare(&wire, "80020000001500000000" "00000002"
				    "abcd" "0000010000", &a), 0);
	assert_int_equal(a.params_len, 2);
	/* Nothing, a part, a nonce, other attributes, an HMAC, too much. */
	assert_int_equal(check_bare(&wire, "80020000000e00000000" "00000000",
				    &a), -EIO);
	assert_int_equal(check_bare(&wire, "80020000001200000000" "00000000"
				    "00000100", &a), -EIO);
	assert_int_equal(check_bare(&wire, "80020000001300000000" "00000000"
				    "0001010000", &a), -EBADMSG);
	assert_int_equal(check_bare(&wire, "80020000001300000000" "00000000"
				    "0000000000", &a), -EBADMSG);
	assert_int_equal(check_bare(&wire, "80020000001300000000" "00000000"
				    "0000010001", &a), -EBADMSG);
	assert_int_equal(check_bare(&wire, "80020000001400000000" "00000000"
				    "000001000000", &a), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(command_without_session_is_bare),
		cmocka_unit_test(password_alone_is_empty),
		cmocka_unit_test(command_hmac_is_what_the_tpm_computes),
		cmocka_unit_test(first_parameter_is_encrypted_for_the_tpm),
		cmocka_unit_test(a_first_parameter_that_is_no_tpm2b_is_refused),
		cmocka_unit_test(a_true_answer_is_believed_and_decrypted),
		cmocka_unit_test(a_session_that_continues_stays),
		cmocka_unit_test(no_bit_of_an_answer_may_change),
		cmocka_unit_test(no_length_of_an_answer_may_change),
		cmocka_unit_test(
			an_answer_under_another_auth_value_is_not_believed),
		cmocka_unit_test(an_old_answer_is_not_believed_again),
		cmocka_unit_test(success_without_sessions_is_not_believed),
		cmocka_unit_test(a_refusal_is_taken_and_leaves_the_session),
		cmocka_unit_test(an_accompanying_session_protects_too),
		cmocka_unit_test(a_password_may_follow_the_session),
		cmocka_unit_test(an_audit_session_may_be_exclusive),
		cmocka_unit_test(
			a_policy_session_proves_the_value_it_was_asked_for),
		cmocka_unit_test(zeros_alone_are_the_empty_auth_value),
		cmocka_unit_test(an_auth_value_ends_after_32_bytes),
		cmocka_unit_test(a_handle_without_a_name_is_its_own),
		cmocka_unit_test(an_encrypted_answer_must_have_a_tpm2b),
		cmocka_unit_test(nonce_and_hmac_have_their_own_sizes),
		cmocka_unit_test(answers_without_sessions_are_bare),
		cmocka_unit_test(a_password_is_answered_by_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
