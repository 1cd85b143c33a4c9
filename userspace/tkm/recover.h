/* SPDX-License-Identifier: GPL-2.0 */
/* Recovery keys and what is beside them in files. */
#ifndef TKM_RECOVER_H
#define TKM_RECOVER_H

#include "area.h"
#include "share.h"

/*
 * A recovery key on its way to the TPM that has that storage key, as the module takes it
 * (kernel/recovery.c). -EIO.
 */
int recover_wrap(const u8 secret[SHARE_SECRET],
		 const u8 area[TKM_RECOVERY_AREA], const struct area *to,
		 u8 out[TKM_RECOVERY_MAX], size_t *len);

/* The area of a public key in a file. These say what failed; exit status. */
int recover_public(const char *path, struct area *area);
/* The private half, to be wiped, of shares in files. */
int recover_join(char *const *paths, size_t n, u8 secret[SHARE_SECRET],
		 u8 area[TKM_RECOVERY_AREA]);

#endif
