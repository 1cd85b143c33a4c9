/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who approves of keys' moves: a key in a file, or a tkm key, "%tkm:KEY", that tkmd keeps
 * and whose authorisation value is its owner's password.
 */
#ifndef TKM_APPROVER_H
#define TKM_APPROVER_H

#include "approval.h"
#include "migrate.h"

struct permit {
	u8 der[TKM_APPROVAL_MAX];
	size_t len;
};

/* Whether that is a tkm key; false for NULL. */
bool approver_is_kept(const char *approver);
/*
 * Its public half as TPMT_PUBLIC, in PUBLIC_MAX bytes: of a public key in PEM, or of a key
 * of the caller's. Says what failed; exit status.
 */
int approver_public(const char *approver, u8 *out, size_t *len);
/*
 * That the branch @all may move to the storage key of that Name: signed by a private key in
 * PEM, or by a key of the branch's owner, whose authorisation value the options say, or
 * it is asked for. Says what failed; exit status.
 */
int approver_permit(const char *approver, const struct gathered *all,
		    const u8 parent[TKM_NAME_SIZE], struct permit *permit);

#endif /* TKM_APPROVER_H */
