/* SPDX-License-Identifier: GPL-2.0 */
/* What the actions of tkm platform share. */
#ifndef TKM_PLATFORM_H
#define TKM_PLATFORM_H

#include "ask.h"
#include "credential.h"

/* ---- platform.c: this machine's side, with its TPM -------------------------- */

/* TKMRK as chains have it. */
struct root_key {
	u8 pub[AREA_MAX];
	size_t pub_len;
	u8 priv[AREA_MAX];
	size_t priv_len;
};

/* These say what failed; exit status. */
int platform_collect(const struct root_key *root, struct credential *credential);
int platform_answer(const struct root_key *root,
		    const struct challenge *challenge, struct answer *answer);
/* Of the chain of the key of that name, or NULL: of what tkmd keeps. */
int platform_root(const char *key, struct root_key *root);

#endif /* TKM_PLATFORM_H */
