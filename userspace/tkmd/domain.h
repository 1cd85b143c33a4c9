/* SPDX-License-Identifier: GPL-2.0 */
/* Domains with passwords, in the database. */
#ifndef TKMD_DOMAIN_H
#define TKMD_DOMAIN_H

#include "tkmd.h"

/* A row; the description is what its owner says of it, "@:" in front. */
struct domain {
	int64_t id;
	struct name name;
};

/* Its TKMRK and TDK, with a password. As kdb_store(). */
int domain_keep(struct kdb *kdb, const struct name *name, const uint8_t *der,
		size_t len);
/* What the last domain_keep() found takes its place again, or nothing. */
int domain_put_back(struct kdb *kdb, const struct name *name);

/* The row of the TDK that has the password; -ENOKEY for none. */
int64_t domain_tdk(struct kdb *kdb, uint32_t owner, uint32_t side);
/* The same, if this is that TDK, with whatever private part. */
int64_t domain_same_tdk(struct kdb *kdb, const struct part *part);

/* -ENOKEY for none, -EBADMSG. */
int domain_get(struct kdb *kdb, uint32_t owner, uint32_t side,
	       struct domain *domain);
int domain_next(struct kdb *kdb, int64_t after, struct domain *domain);

#endif /* TKMD_DOMAIN_H */
