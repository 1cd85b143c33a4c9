// SPDX-License-Identifier: GPL-2.0
/*
 * Salted sessions: what keeps the wire between kernel and TPM from reading or
 * changing what goes over it.
 *
 * The idea: we make a secret, encrypt it to the SRK whose Name we pinned, and
 * hand it over in TPM2_StartAuthSession. Only the chip that holds the SRK can
 * compute the session key from it, so every HMAC under that key proves that
 * the chip answered, and every parameter encrypted under it is for the chip
 * alone. What this does not meet: an interposer that was there before the SRK
 * was ever seen, and a chip that is broken itself.
 *
 * Use: tkm_session_salt() (no TPM command; before the hold), then
 * tkm_session_start(), then commands with bus->session; the command that does
 * not continue the session ends it, else tkm_session_end() does.
 *
 * TPM 2.0 Part 1, "Session Key Creation", "Secret Sharing" (Annexes B.10.3 and
 * C.6.1 for RSA and ECC); Part 3, TPM2_StartAuthSession.
 */
#define pr_fmt(fmt) "tkm: " fmt

#include <crypto/akcipher.h>
#include <crypto/ecdh.h>
#include <crypto/internal/ecc.h>
#include <linux/crypto.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "tkm_internal.h"

#define P256_DIGITS	4
#define P256_BYTES	32
#define RSA_BYTES	256

/* "rsa" is built in on the kernels we know; ECC SRKs work without it. */
static struct crypto_akcipher *rsa_tfm;

/* ---- ECC: an ephemeral key, ECDH with the SRK, KDFe ---- */

/*
 * The ecc library takes and gives public keys and secrets as big-endian bytes,
 * x then y; only private keys are numbers to it.
 */
struct ecc_work {
	u64 private[P256_DIGITS];
	u64 public[2 * P256_DIGITS];
	u64 srk[2 * P256_DIGITS];
	u64 shared[P256_DIGITS];
};

/* Whatever else a library complains of is the SRK's fault. */
static int library_errno(int ret)
{
	return !ret || ret == -ENOMEM ? ret : -EIO;
}

/* A coordinate on the wire may lack leading zeros. */
static void pad_coordinate(const u8 *p, u16 len, u8 *out)
{
	memset(out, 0, P256_BYTES);
	memcpy(out + P256_BYTES - len, p, len);
}

/*
 * The library checks the public key that it made. Without memory for that it
 * says that the key is wrong, -EAGAIN; that of a valid private key never is.
 */
static int public_key(struct ecc_work *w)
{
	int ret = ecc_make_pub_key(ECC_CURVE_NIST_P256, P256_DIGITS,
				   w->private, w->public);

	return ret == -EAGAIN ? -ENOMEM : ret;
}

static int ephemeral_key(struct ecc_work *w)
{
	int tries;

	for (tries = 0; tries < 8; tries++) {
		get_random_bytes(w->private, sizeof(w->private));
		if (!ecc_is_key_valid(ECC_CURVE_NIST_P256, P256_DIGITS,
				      w->private, sizeof(w->private)))
			return public_key(w);
	}
	return -EIO;
}

static int salt_ecc(const struct tkm_public *srk, struct tkm_salt *salt)
{
	struct tkm_writer out;
	struct ecc_work *w;
	const u8 *x, *y;
	u8 *srk_x;
	int ret;

	w = kzalloc(sizeof(*w), GFP_KERNEL);
	if (!w)
		return -ENOMEM;
	x = (u8 *)w->public;
	y = x + P256_BYTES;
	srk_x = (u8 *)w->srk;
	pad_coordinate(srk->x, srk->x_len, srk_x);
	pad_coordinate(srk->y, srk->y_len, srk_x + P256_BYTES);

	ret = ephemeral_key(w);
	/* Refuses a point that is not on the curve. */
	if (!ret)
		ret = crypto_ecdh_shared_secret(ECC_CURVE_NIST_P256,
						P256_DIGITS, w->private,
						w->srk, w->shared);
	ret = library_errno(ret);
	if (ret)
		goto out;
	tkm_kdfe((u8 *)w->shared, "SECRET", x, srk_x, salt->secret);

	tkm_writer_init(&out, salt->encrypted, sizeof(salt->encrypted));
	tkm_put_tpm2b(&out, x, P256_BYTES);
	tkm_put_tpm2b(&out, y, P256_BYTES);
	salt->encrypted_len = out.len;
out:
	kfree_sensitive(w);
	return ret;
}

/* ---- RSA: OAEP under the SRK's modulus ---- */

static int salt_rsa(const struct tkm_public *srk, struct tkm_salt *salt)
{
	static const struct tkm_hasher sha256 = { TPM_ALG_SHA256, 32, NULL };
	/* Scatterlists want memory of kmalloc's. */
	struct {
		u8 block[RSA_BYTES];
		u8 out[RSA_BYTES];
		u8 seed[32];
	} *w;
	int ret;

	if (!rsa_tfm || srk->x_len != RSA_BYTES)
		return -EOPNOTSUPP;
	w = kzalloc(sizeof(*w), GFP_KERNEL);
	if (!w)
		return -ENOMEM;
	get_random_bytes(salt->secret, sizeof(salt->secret));
	get_random_bytes(w->seed, sizeof(w->seed));
	ret = tkm_oaep_pad(&sha256, salt->secret, sizeof(salt->secret), "SECRET",
			   sizeof("SECRET"), w->seed, w->block, RSA_BYTES);
	if (!ret)
		ret = tkm_rsa_apply(rsa_tfm, srk, w->block, w->out);
	ret = library_errno(ret);
	if (!ret) {
		memcpy(salt->encrypted, w->out, RSA_BYTES);
		salt->encrypted_len = RSA_BYTES;
	}
	kfree_sensitive(w);
	return ret;
}

/**
 * tkm_session_salt() - a secret for one session, and its encryption to the SRK
 * @srk: known
 * @salt: the result; wiped when that fails
 *
 * No TPM command. Allocates; the RSA transform belongs to the worker.
 *
 * Return: 0; -EOPNOTSUPP for an RSA SRK in a kernel without RSA; -ENOMEM; -EIO
 * when the SRK's point or modulus is none.
 */
int tkm_session_salt(const struct tkm_srk *srk, struct tkm_salt *salt)
{
	int ret;

	if (srk->pub.type == TPM_ALG_ECC)
		ret = salt_ecc(&srk->pub, salt);
	else
		ret = salt_rsa(&srk->pub, salt);
	salt->ready = !ret;
	if (ret)
		memzero_explicit(salt, sizeof(*salt));
	return ret;
}

/**
 * tkm_session_start() - have a session in bus->session
 * @bus: held, with the SRK known
 * @policy: a policy session, always a new one; else an HMAC session, the one
 *	that is there if one is
 *
 * One TPM command, and a flush of a session of the other sort.
 *
 * Return: 0; -ENOKEY when the SRK is not the one we know (the operation is then
 * run again); what tkm_session_salt() and tkm_bus_exec() return.
 */
int tkm_session_start(struct tkm_bus *bus, bool policy)
{
	int ret;

	if (bus->session.handle) {
		if (!policy && !bus->session.policy)
			return 0;
		tkm_session_end(bus);
	}
	bus->alive = false;
	/* The first of a hold has its salt; a later one makes it here. */
	if (!bus->salt.ready) {
		ret = tkm_session_salt(&bus->srk, &bus->salt);
		if (ret)
			return ret;
	}
	ret = tkm_tpm_start_auth_session(bus, policy, &bus->salt);
	memzero_explicit(&bus->salt, sizeof(bus->salt));
	/* No such handle, or it could not decrypt: not the SRK we know. */
	if (ret && (tkm_tpm_rc_base(bus->rc) == TPM_RC_HANDLE ||
		    tkm_tpm_rc_base(bus->rc) == TPM_RC_VALUE)) {
		tkm_hierarchy_doubt(bus);
		return -ENOKEY;
	}
	return ret;
}

/**
 * tkm_session_end() - flush the session, if there is one, and wipe it
 * @bus: held
 */
void tkm_session_end(struct tkm_bus *bus)
{
	if (bus->session.handle)
		tkm_bus_flush(bus, bus->session.handle);
	memzero_explicit(&bus->session, sizeof(bus->session));
}

/*
 * Return: 0, also without RSA; -ENOMEM: that must not look like a kernel without
 * RSA, for as long as the module stays.
 */
int tkm_session_init(void)
{
	struct crypto_akcipher *tfm = crypto_alloc_akcipher("rsa", 0, 0);

	if (tfm == ERR_PTR(-ENOMEM))
		return -ENOMEM;
	if (IS_ERR(tfm))
		pr_notice("no RSA in this kernel: an RSA storage root key cannot be used\n");
	else
		rsa_tfm = tfm;
	return 0;
}

void tkm_session_exit(void)
{
	if (rsa_tfm)
		crypto_free_akcipher(rsa_tfm);
	rsa_tfm = NULL;
}
