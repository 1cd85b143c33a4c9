// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * What a TPM says of a key: that it is in there, with this Name, beneath those
 * parents (TPM 2.0 Part 2, "TPMS_ATTEST", "TPMS_CERTIFY_INFO"). Who signs it is the
 * attestation key, a primary key of the endorsement hierarchy that is made from one
 * template wherever it is needed (userspace/tkm/ak.c has the same).
 */
#include "core.h"

/*
 * Its public area but for the unique part: ECC, SHA-256; fixedTPM, fixedParent,
 * sensitiveDataOrigin, userWithAuth, noDA, restricted, sign; no policy, no cipher;
 * ECDSA with SHA-256 on P-256; no key derivation.
 */
static const u8 ak_head[] = {
	0x00, 0x23, 0x00, 0x0b, 0x00, 0x05, 0x04, 0x72, 0x00, 0x00,
	0x00, 0x10, 0x00, 0x18, 0x00, 0x0b, 0x00, 0x03, 0x00, 0x10,
};

#define COORDINATE	32

void tkm_ak_template(struct tkm_writer *w)
{
	static const u8 x[COORDINATE] = "tkm AK v1", y[COORDINATE];

	tkm_put_bytes(w, ak_head, sizeof(ak_head));
	tkm_put_tpm2b(w, x, sizeof(x));
	tkm_put_tpm2b(w, y, sizeof(y));
}

static bool number_fits(struct tkm_reader *r)
{
	u16 n;

	return tkm_get_tpm2b(r, &n) && n && n <= COORDINATE;
}

bool tkm_ak_is(const u8 *pub, size_t len)
{
	struct tkm_reader r;
	const u8 *head;

	tkm_reader_init(&r, pub, len);
	head = tkm_get_bytes(&r, sizeof(ak_head));
	return head && !memcmp(head, ak_head, sizeof(ak_head)) &&
	       number_fits(&r) && number_fits(&r) && tkm_reader_done(&r);
}

void tkm_qualified_name(u32 hierarchy, const u8 *parent,
			const u8 name[TKM_NAME_SIZE], u8 out[TKM_NAME_SIZE])
{
	u8 handle[4], hash[TKM_SHA256_SIZE];
	const struct tkm_piece pieces[] = {
		parent ? (struct tkm_piece){ parent, TKM_NAME_SIZE } :
			 (struct tkm_piece){ handle, sizeof(handle) },
		{ name, TKM_NAME_SIZE },
	};

	put_unaligned_be32(hierarchy, handle);
	tkm_sha256(pieces, ARRAY_SIZE(pieces), hash);
	put_unaligned_be16(TPM_ALG_SHA256, out);
	memcpy(out + 2, hash, sizeof(hash));
}

void tkm_certify_extra(const u8 *nonce, size_t len, u8 extra[32])
{
	static const char label[] = "tkm attest v1", purpose[] = "key";
	const struct tkm_piece pieces[] = {
		{ label, sizeof(label) },
		{ purpose, sizeof(purpose) },
		{ nonce, len },
	};

	tkm_sha256(pieces, ARRAY_SIZE(pieces), extra);
}

static bool next_is(struct tkm_reader *r, const u8 *p, size_t len)
{
	const u8 *is;
	u16 n;

	is = tkm_get_tpm2b(r, &n);
	return is && n == len && !memcmp(is, p, len);
}

/* ECDSA with SHA-256: two numbers. */
static bool signature_fits(const struct tkm_certificate *c)
{
	struct tkm_reader r;

	tkm_reader_init(&r, c->signature, c->signature_len);
	return tkm_get_u16(&r) == TPM_ALG_ECDSA &&
	       tkm_get_u16(&r) == TPM_ALG_SHA256 && number_fits(&r) &&
	       number_fits(&r) && tkm_reader_done(&r);
}

int tkm_certificate_check(const struct tkm_certificate *c, const u8 extra[32],
			  const u8 name[TKM_NAME_SIZE],
			  const u8 qualified[TKM_NAME_SIZE])
{
	u8 ak[TKM_NAME_SIZE], signer[TKM_NAME_SIZE];
	struct tkm_reader r;

	if (!tkm_ak_is(c->ak, c->ak_len) || !signature_fits(c))
		return -EBADMSG;
	tkm_public_name(c->ak, c->ak_len, ak);
	tkm_qualified_name(TPM_RH_ENDORSEMENT, NULL, ak, signer);
	tkm_reader_init(&r, c->attest, c->attest_len);
	if (tkm_get_u32(&r) != TPM_GENERATED_VALUE ||
	    tkm_get_u16(&r) != TPM_ST_ATTEST_CERTIFY ||
	    !next_is(&r, signer, sizeof(signer)) || !next_is(&r, extra, 32))
		return -EBADMSG;
	/* clock, resetCount, restartCount, safe; firmwareVersion */
	tkm_get_bytes(&r, 8 + 4 + 4 + 1 + 8);
	return next_is(&r, name, TKM_NAME_SIZE) &&
	       next_is(&r, qualified, TKM_NAME_SIZE) && tkm_reader_done(&r) ?
		       0 : -EBADMSG;
}
