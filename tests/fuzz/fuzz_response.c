// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * Answers to a command, in every configuration of its session: the core
 * believes what the second opinion of tpm.h believes and nothing else, reads
 * the same out of it, and what it does not believe changes nothing. The TPM of
 * the fuzzer knows the session and computes right HMACs; the hostile bus
 * changes bytes afterwards.
 */
#include "tpm.h"

static u8 name[TKM_NAME_SIZE] = { 0, 11, 1 }, params[64];

static struct tkm_wire take_wire(struct input *in)
{
	u8 flags = take_u8(in), use = take_u8(in);
	struct tkm_wire wire = {
		.cc = TPM_CC_UNSEAL,
		.handles = { 0x80000001, 0x80000002 },
		.n_handles = use & 3 ? (use & 3) - 1 : 1,
		.names = { name },
		.name_lens = { sizeof(name) },
		.response_handle = flags & 1,
		.password = flags & 2,
		.authorises = flags & 4,
		.session = flags & 8 ? &session : NULL,
		.params = params,
		.params_len = (use >> 2) % (sizeof(params) + 1),
	};

	memset(&session, 0x11, sizeof(session));
	session.handle = 0x02000000;
	session.policy = flags & 16;
	session.auth_value_needed = flags & 32;
	wire.session_attributes = take_u8(in) &
				  (TPM_SA_CONTINUE | TPM_SA_DECRYPT |
				   TPM_SA_ENCRYPT | TPM_SA_AUDIT);
	wire.auth_value_len = take_u8(in) % sizeof(auth);
	take(in, auth, 4); /* the rest stays zeros: they do not count */
	wire.auth_value = flags & 64 ? auth : NULL;
	take(in, params, 4);
	return wire;
}

static void build(const struct tkm_wire *wire, const u8 nonce[32])
{
	static const u8 cc[4] = { 0, 0, 0x01, 0x5e };
	u8 out[512], *less, hash[32], hmac[32], handle[4] = { 0x80, 0, 0, 2 };
	struct tkm_piece pieces[4] = { { cc, 4 } };
	ssize_t n = tkm_wire_build(wire, nonce, out, sizeof(out));
	size_t k = 1;

	if (n < 0) {
		must(n == -EINVAL && wire->session &&
		     wire->session_attributes & TPM_SA_DECRYPT);
		must(wire->params_len < 2 ||
		     get_unaligned_be16(params) > wire->params_len - 2);
		return;
	}
	must(get_unaligned_be32(out + 2) == n);
	less = exact(NULL, (size_t)n - 1);
	must(tkm_wire_build(wire, nonce, less, (size_t)n - 1) == -EMSGSIZE);
	exact_free(less);
	if (!wire->session) {
		must(!memcmp(out + n - wire->params_len, params,
			     wire->params_len));
		return;
	}
	if (wire->n_handles > 0)
		pieces[k++] = (struct tkm_piece){ name, sizeof(name) };
	if (wire->n_handles > 1)
		pieces[k++] = (struct tkm_piece){ handle, 4 };
	pieces[k++] = (struct tkm_piece){ out + n - wire->params_len,
					  wire->params_len };
	digest_of(pieces, k, hash);
	hmac_of(wire, hash, nonce, session.nonce_tpm, wire->session_attributes,
		hmac);
	must(!memcmp(hmac, out + n - wire->params_len - 32, 32));
	if (wire->session_attributes & TPM_SA_DECRYPT)
		crypt_first(wire, nonce, session.nonce_tpm,
			    out + n - wire->params_len + 2,
			    get_unaligned_be16(params), 0);
	must(!memcmp(out + n - wire->params_len, params, wire->params_len));
}

static void judge(const struct tkm_wire *wire, u8 *p, size_t len)
{
	u8 *before = exact(p, len);
	struct tkm_session was = session;
	struct tkm_wire_answer answer;
	struct layout l;
	bool shaped = lay_out(wire, before, len, &l);
	bool right = shaped && (!wire->session || believable(wire, &l));
	bool encrypted = wire->session &&
			 wire->session_attributes & TPM_SA_ENCRYPT;
	size_t head = shaped ? (size_t)(l.params - before) : 0;
	u32 rc;
	int ret = tkm_wire_check(wire, p, len, &rc, &answer);

	must(ret == 0 || ret == -EIO || ret == -EBADMSG);
	must(ret != -EBADMSG || wire->session || wire->password);
	if (right && encrypted &&
	    (l.n < 2 || get_unaligned_be16(l.params) > l.n - 2)) {
		must(ret == -EIO);
	} else if (right) {
		must(!ret && !rc);
		must(answer.params == p + head && answer.params_len == l.n);
		must(answer.handle == (wire->response_handle ?
				       get_unaligned_be32(before + 10) : 0));
		if (encrypted)
			crypt_first(wire, l.nonce, session.nonce_caller,
				    before + head + 2,
				    get_unaligned_be16(l.params), 0);
	} else {
		must(ret || rc);
		must(ret || (len == 10 && !memcmp(p, "\x80\1\0\0\0\12", 6) &&
			     rc == get_unaligned_be32(p + 6) && !answer.params));
		must(!shaped || ret == -EBADMSG);
	}
	if (right && wire->session) {
		memcpy(was.nonce_tpm, l.nonce, 32);
		if (!(wire->session_attributes & TPM_SA_CONTINUE))
			was.handle = 0;
	}
	must(!memcmp(&session, &was, sizeof(session)));
	must(!len || !memcmp(p, before, len));
	exact_free(before);
}

static void return_code(u32 rc)
{
	u32 base = tkm_tpm_rc_base(rc);

	must(rc ? tkm_tpm_errno(rc) < 0 : !tkm_tpm_errno(rc));
	must(tkm_tpm_rc_base(base) == base);
	must(tkm_tpm_rc_base(rc & 0xff00ffff) == base);
	must(!base || tkm_tpm_errno(base) == tkm_tpm_errno(rc));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct input in = { data, len };
	struct tkm_wire wire = take_wire(&in);
	u8 how = take_u8(&in), bits = take_u8(&in), nonce[32], *p, *old;
	size_t at = take_u16(&in), n = TKM_WIRE_MAX;

	take(&in, nonce, 2);
	return_code(take_u32(&in));
	build(&wire, nonce);
	p = take_exact(&in, &n);
	if (how & 1)
		put_right(&wire, p, n, how & 2 ? 1 << bits % 8 : 0);
	old = exact(p, n);
	if (how & 4 && n)
		p[at % n] ^= bits;
	judge(&wire, p, how & 8 ? n - (n > 0) : n);
	if (how & 16) {
		/* The same answer to the next command: an old one. */
		session.nonce_caller[31] ^= 1;
		judge(&wire, old, n);
	}
	exact_free(p);
	exact_free(old);
	return 0;
}
