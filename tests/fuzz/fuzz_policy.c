// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * Policies: every step of a digest that is computed is the one that TPM 2.0
 * Part 3 has, by OpenSSL; both spellings of PolicyPCR say the same; a
 * selection that is read is written again and read as itself.
 */
#include "fuzz.h"

static void selection(const struct tkm_policy_pcr *pcr)
{
	u8 again[10], *exactly = exact(pcr->selection, pcr->selection_len);
	struct tkm_pcrs pcrs, same;
	struct tkm_writer w;
	char text[80];
	int ret = tkm_pcrs_decode(exactly, pcr->selection_len, &pcrs);

	must(ret == 0 || ret == -EOPNOTSUPP); /* a PolicyPCR has a right one */
	must(tkm_pcrs_decode(exactly, pcr->selection_len - 1, &same));
	tkm_writer_init(&w, again, sizeof(again));
	tkm_pcrs_encode(&w, &pcrs);
	must(!w.overflow && w.len == sizeof(again));
	if (!ret) {
		must(pcrs.mask && pcrs.mask < BIT(24));
		must(!tkm_pcrs_decode(again, sizeof(again), &same));
		must(same.bank == pcrs.bank && same.mask == pcrs.mask);
		must(pcr->selection[6] != 3 ||
		     !memcmp(again, exactly, sizeof(again)));
		must(tkm_pcrs_write(&pcrs, text, sizeof(text)) == strlen(text));
		must(strlen(text) < sizeof(text) - 1);
	}
	exact_free(exactly);
}

/* The element in the other spelling gives the same digest and selection. */
static void other_spelling(const struct tkm_policy_element *el,
			   const struct tkm_policy_pcr *pcr)
{
	bool digest_first = el->body_len == pcr->selection_len + 34;
	size_t n = pcr->selection_len + (digest_first ? 32 : 34);
	u8 *body = exact(NULL, n);
	struct tkm_policy_element turned = { el->cc, body, (u16)n };
	struct tkm_policy_pcr again;
	struct tkm_writer w;

	tkm_writer_init(&w, body, n);
	if (!digest_first)
		tkm_put_tpm2b(&w, pcr->digest, 32);
	tkm_put_bytes(&w, pcr->selection, pcr->selection_len);
	if (digest_first)
		tkm_put_bytes(&w, pcr->digest, 32);
	must(!w.overflow && w.len == n && n <= 0xffff);
	must(!tkm_policy_pcr_decode(&turned, &again));
	must(again.selection_len == pcr->selection_len);
	must(!memcmp(again.selection, pcr->selection, pcr->selection_len));
	must(!memcmp(again.digest, pcr->digest, 32));
	exact_free(body);
}

/* PolicyAuthorize, which is the first: H(H(0 || CC || Name) || policyRef). */
static void authorize(const struct tkm_policy_element *el, u8 digest[32])
{
	static const u8 zeros[32];
	struct tkm_authorize by;
	u8 code[4], name[TKM_NAME_SIZE] = { 0, 0x0b };

	must(!tkm_authorize_decode(el, &by) && !by.sig);
	must(inside(by.pub, by.pub_len, el->body, el->body_len));
	must(inside(by.ref, 32, el->body, el->body_len));
	must(!tkm_authority_check(by.pub, by.pub_len));
	put_unaligned_be32(el->cc, code);
	digest_of(&(struct tkm_piece){ by.pub, by.pub_len }, 1, name + 2);
	digest_of((struct tkm_piece[]){ { zeros, 32 }, { code, 4 },
					{ name, sizeof(name) } }, 3, digest);
	digest_of((struct tkm_piece[]){ { digest, 32 }, { by.ref, 32 } }, 2,
		  digest);
}

/* digest after @el, which was accepted, from the digest before it */
static void step(const struct tkm_policy_element *el, u8 digest[32])
{
	static const u8 zeros[32];
	struct tkm_piece pieces[2 + TKM_OR_MAX] = { { digest, 32 } };
	struct tkm_policy_pcr pcr;
	bool branch = false;
	u8 code[4];
	size_t n = 2, at;

	put_unaligned_be32(el->cc, code);
	pieces[1] = (struct tkm_piece){ code, 4 };
	if (el->cc == TPM_CC_POLICY_AUTHORIZE) {
		authorize(el, digest);
		return;
	}
	if (el->cc == TPM_CC_POLICY_PCR) {
		must(!tkm_policy_pcr_decode(el, &pcr));
		must(inside(pcr.digest, 32, el->body, el->body_len));
		must(inside(pcr.selection, pcr.selection_len, el->body,
			    el->body_len));
		other_spelling(el, &pcr);
		selection(&pcr);
		pieces[n++] = (struct tkm_piece){ pcr.selection,
						  pcr.selection_len };
		pieces[n++] = (struct tkm_piece){ pcr.digest, 32 };
	} else if (el->cc == TPM_CC_POLICY_OR) {
		pieces[0].data = zeros;
		must((el->body_len - 4) % 34 == 0 && el->body_len > 4 + 34);
		for (at = 4; at < el->body_len; at += 34) {
			must(n < ARRAY_SIZE(pieces));
			pieces[n++] = (struct tkm_piece){ el->body + at + 2, 32 };
			branch |= !memcmp(el->body + at + 2, digest, 32);
		}
		must(branch);
	} else {
		must(el->cc == TPM_CC_POLICY_AUTH_VALUE && !el->body_len);
	}
	digest_of(pieces, n, digest);
}

/* A body that is the input's, or of PolicyOR one that holds the digest. */
static void take_element(struct input *in, const struct tkm_policy *before,
			 struct tkm_policy_element *el)
{
	static const u32 codes[] = { TPM_CC_POLICY_PCR, TPM_CC_POLICY_OR,
				     TPM_CC_POLICY_AUTH_VALUE };
	u8 kind = take_u8(in) % 5;
	size_t n = take_u8(in);
	u8 *body, digest[32];

	if (kind == 2)
		n = n == 1;
	body = take_exact(in, &n);
	if (kind == 3 && n >= 72 && !tkm_policy_digest(before, digest)) {
		kind = 1;
		put_unaligned_be32((u32)(n - 4) / 34, body);
		memcpy(body + 6 + body[5] % ((n - 4) / 34) * 34, digest, 32);
		for (size_t at = 4; at + 34 <= n; at += 34)
			put_unaligned_be16(32, body + at);
	}
	el->cc = kind < 3 ? codes[kind] : take_u32(in);
	el->body = body;
	el->body_len = (u16)n;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	u8 digest[32], expected[32] = { 0 };
	struct tkm_policy policy = { 0 };
	struct input in = { data, len };
	unsigned int i, last = take_u8(&in) % (TKM_POLICY_MAX + 1);
	int ret = 0;

	for (i = 0; i < last && !ret; i++) {
		take_element(&in, &policy, &policy.el[policy.n]);
		policy.n++;
		must(tkm_policy_has(&policy, policy.el[i].cc));
		ret = tkm_policy_digest(&policy, digest);
		must(ret == 0 || ret == -EBADMSG || ret == -EOPNOTSUPP);
		if (ret)
			break;
		step(&policy.el[i], expected);
		must(!memcmp(digest, expected, 32));
	}
	for (i = 0; i < policy.n; i++)
		exact_free(policy.el[i].body);
	policy.n = 0;
	must(!tkm_policy_digest(&policy, digest) && !digest[0] && !digest[31]);
	return 0;
}
