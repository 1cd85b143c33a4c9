// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * Recovery keys: storage keys whose private half is on paper, and in no TPM, until the
 * day that the TPM is dead. There is one shape of them, which no key has that a TPM
 * made: whoever is to approve of a move to one can see it by the public area.
 *
 * In a new TPM such a key is the old parent of a TPM2_Rewrap, and no more. Nothing of
 * ours can lie beneath it: its encryptedDuplication is clear and theirs is set, which
 * a TPM does not let stand together (TPM 2.0 Part 2, "TPMA_OBJECT").
 */
#include "core.h"

/*
 * ECC, SHA-256; userWithAuth, noDA, restricted, decrypt, and so made outside of a TPM;
 * no policy; AES-128-CFB, no scheme, P-256, no key derivation.
 */
static const u8 head[] = {
	0x00, 0x23, 0x00, 0x0b, 0x00, 0x03, 0x04, 0x40, 0x00, 0x00, 0x00,
	0x06, 0x00, 0x80, 0x00, 0x43, 0x00, 0x10, 0x00, 0x03, 0x00, 0x10,
};

#define COORDINATE	32

void tkm_recovery_area(const u8 point[64], u8 out[TKM_RECOVERY_AREA])
{
	struct tkm_writer w;

	tkm_writer_init(&w, out, TKM_RECOVERY_AREA);
	tkm_put_bytes(&w, head, sizeof(head));
	tkm_put_tpm2b(&w, point, COORDINATE);
	tkm_put_tpm2b(&w, point + COORDINATE, COORDINATE);
}

int tkm_recovery_check(const u8 *pub, size_t len)
{
	struct tkm_reader r;
	u16 x, y;
	const u8 *is;

	tkm_reader_init(&r, pub, len);
	is = tkm_get_bytes(&r, sizeof(head));
	if (!is || memcmp(is, head, sizeof(head)))
		return -EPERM;
	tkm_get_tpm2b(&r, &x);
	tkm_get_tpm2b(&r, &y);
	return tkm_reader_done(&r) && x == COORDINATE && y == COORDINATE ?
		       0 : -EBADMSG;
}

int tkm_recovery_decode(const u8 *p, size_t len, struct tkm_move *move)
{
	struct tkm_reader r;

	memset(move, 0, sizeof(*move));
	tkm_reader_init(&r, p, len);
	move->obj.pub = tkm_get_tpm2b(&r, &move->obj.pub_len);
	move->obj.priv = tkm_get_tpm2b(&r, &move->obj.priv_len);
	move->secret = tkm_get_tpm2b(&r, &move->secret_len);
	move->inner = tkm_get_bytes(&r, TKM_INNER_SIZE);
	if (!tkm_reader_done(&r) || !move->obj.priv_len || !move->secret_len)
		return -EBADMSG;
	return tkm_recovery_check(move->obj.pub, move->obj.pub_len);
}
