// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * Approvals: what is taken points into its input, is written again as itself, has
 * the digests that TPM 2.0 Part 3 has, by OpenSSL, and fits the policy that it is
 * for and no other.
 */
#include "fuzz.h"

static const u8 zeros[32];

/* H(@digest || CC || @a || @b) */
static void extend(u8 digest[32], u32 cc, struct tkm_piece a,
		   struct tkm_piece b)
{
	u8 code[4];

	put_unaligned_be32(cc, code);
	digest_of((struct tkm_piece[]){ { digest, 32 }, { code, 4 }, a, b }, 4,
		  digest);
}

static void extend_nv(const struct tkm_policy_element *el, u8 digest[32])
{
	struct tkm_policy_nv nv;
	u8 args[32];

	must(!tkm_policy_nv_decode(el, &nv));
	must(nv.index >> 24 == 1);
	must(inside(nv.name, 34, el->body, el->body_len));
	must(inside(nv.epoch, 8, el->body, el->body_len));
	digest_of((struct tkm_piece[]){ { nv.epoch, 8 }, { zeros, 4 } }, 2,
		  args);
	extend(digest, 0x149, (struct tkm_piece){ args, 32 },
	       (struct tkm_piece){ nv.name, 34 });
}

static void extend_pcr(const struct tkm_policy_element *el, u8 digest[32])
{
	struct tkm_policy_pcr pcr;
	struct tkm_pcrs pcrs;

	must(!tkm_policy_pcr_decode(el, &pcr));
	must(!tkm_pcrs_decode(pcr.selection, pcr.selection_len, &pcrs));
	extend(digest, 0x17f,
	       (struct tkm_piece){ pcr.selection, pcr.selection_len },
	       (struct tkm_piece){ pcr.digest, 32 });
}

static void digests(const struct tkm_approval *a)
{
	u8 digest[32] = { 0 }, hash[32], name[34] = { 0, 0x0b };
	unsigned int i, pcrs = 0;

	for (i = 0; i < a->policy.n; i++) {
		if (a->policy.el[i].cc == 0x149) {
			extend_nv(&a->policy.el[i], digest);
		} else {
			extend_pcr(&a->policy.el[i], digest);
			pcrs++;
		}
	}
	must(pcrs && pcrs + 1 >= a->policy.n);
	must(!memcmp(digest, a->digest, 32));
	digest_of((struct tkm_piece[]){ { digest, 32 }, { a->by.ref, 32 } }, 2,
		  digest);
	tkm_approval_hash(a, hash);
	must(!memcmp(hash, digest, 32));
	digest_of(&(struct tkm_piece){ a->by.pub, a->by.pub_len }, 1, name + 2);
	memset(digest, 0, 32);
	extend(digest, 0x16a, (struct tkm_piece){ name, 34 },
	       (struct tkm_piece){ NULL, 0 });
	digest_of((struct tkm_piece[]){ { digest, 32 }, { a->by.ref, 32 } }, 2,
		  digest);
	must(!memcmp(digest, a->branch, 32));
}

/* Written again it is the same, but for a name, which is for people. */
static void again(const u8 *der, size_t len)
{
	struct tkm_policy policy, second;
	u8 *out = exact(NULL, len);
	unsigned int i;
	ssize_t n;

	must(!tkm_auth_policy_decode(der, len, &policy));
	n = tkm_auth_policy_encode(NULL, &policy, out, len);
	must(n > 0 && (size_t)n <= len);
	must((size_t)n < len || !memcmp(out, der, len));
	must(!tkm_auth_policy_decode(out, (size_t)n, &second));
	must(second.n == policy.n);
	for (i = 0; i < policy.n; i++) {
		must(inside(policy.el[i].body, policy.el[i].body_len, der, len));
		must(policy.el[i].cc == second.el[i].cc &&
		     policy.el[i].body_len == second.el[i].body_len &&
		     !memcmp(policy.el[i].body, second.el[i].body,
			     policy.el[i].body_len));
	}
	exact_free(out);
}

/* A chain's policy for this key and name, and for another name. */
static void fits(const struct tkm_approval *a)
{
	struct tkm_policy policy = { .n = 1 };
	static u8 body[TKM_APPROVAL_MAX];
	struct tkm_writer w;
	u8 digest[32];

	tkm_writer_init(&w, body, sizeof(body));
	tkm_authorize_encode(&w, (struct tkm_piece){ a->by.pub, a->by.pub_len },
			     a->by.ref);
	must(!w.overflow);
	policy.el[0] = (struct tkm_policy_element){ 0x16a, body, (u16)w.len };
	must(!tkm_policy_digest(&policy, digest));
	must(!memcmp(digest, a->branch, 32));
	must(tkm_approval_fits(a, &policy));
	body[2 + a->by.pub_len + 2] ^= 1;
	must(!tkm_approval_fits(a, &policy));
}

/* The same about an approval of a move. */
static void any_permit(const u8 *der, size_t len)
{
	struct tkm_permit p;
	u8 ref[32], hash[32];
	int ret = tkm_permit_decode(der, len, &p);

	must(ret == 0 || ret == -EBADMSG || ret == -EOPNOTSUPP ||
	     ret == -EINVAL || (ret == -E2BIG && len > TKM_APPROVAL_MAX));
	if (ret)
		return;
	tkm_duplicate_ref(ref);
	must(!memcmp(p.by.ref, ref, 32) && p.by.sig);
	must(inside(p.by.pub, p.by.pub_len, der, len));
	must(inside(p.object, TKM_NAME_SIZE, der, len));
	must(inside(p.parent, TKM_NAME_SIZE, der, len));
	must(p.select.body_len == 2 * (2 + TKM_NAME_SIZE) + 1);
	tkm_permit_hash(&p, hash);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	u8 *der = exact(data, len);
	struct tkm_approval a;
	int ret = tkm_approval_decode(der, len, &a);

	any_permit(der, len);
	must(ret == 0 || ret == -EBADMSG || ret == -EOPNOTSUPP ||
	     ret == -EINVAL || (ret == -E2BIG && len > TKM_APPROVAL_MAX));
	if (!ret) {
		must(len <= TKM_APPROVAL_MAX && a.by.sig);
		must(inside(a.by.pub, a.by.pub_len, der, len));
		must(inside(a.by.sig, a.by.sig_len, der, len));
		must(!tkm_authority_check(a.by.pub, a.by.pub_len));
		again(der, len);
		digests(&a);
		fits(&a);
	}
	exact_free(der);
	return 0;
}
