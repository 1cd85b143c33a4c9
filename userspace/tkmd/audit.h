/* SPDX-License-Identifier: GPL-2.0 */
/* The audit in the database: Documentation/audit.rst. */
#ifndef TKMD_AUDIT_H
#define TKMD_AUDIT_H

#include "tkmd.h"
#include "trail.h"

/* So many records are kept, and a user may have one of so many shares of that. */
#define AUDIT_LIMIT	32768
#define AUDIT_LEAST	64
#define AUDIT_MOST	10000000
#define AUDIT_SHARES	16
/* So many rows are looked at for one question. */
#define AUDIT_PAGE	256

/* A process on the socket; NULL where it stands for tkmd itself. */
struct who {
	uint32_t uid;
	int32_t pid;
	bool foreign;
};

/* In the transaction that makes the tables: an empty chain. */
int audit_begin(struct kdb *kdb);
/*
 * After kdb_unlock() or kdb_create(): find the end, compare it with the file, and
 * write what that tells, and that tkmd starts.
 */
int audit_open(struct kdb *kdb, int64_t records);
void audit_close(struct kdb *kdb);

/*
 * On the disk when it returns 0, all or none; or counted, where that user had too
 * many. -ENOTRECOVERABLE as in kdb.c.
 */
int audit_append(struct kdb *kdb, struct trail_record *records, size_t n);

/* What tkmd did or refused; not written, it is counted as lost. */
int audit_note(struct kdb *kdb, uint32_t event, int result,
	       const struct name *name, const struct who *who);
/* The same of several that audit_fill() made, in one transaction. */
int audit_notes(struct kdb *kdb, struct trail_record *records, size_t n);
/* The same in a transaction of another's, and what came of that transaction. */
void audit_fill(struct trail_record *record, uint32_t event, int result,
		const struct name *name, const struct who *who);
int audit_with(struct kdb *kdb, struct trail_record *record);
int audit_ended(struct kdb *kdb, int ret);

/* The next one; -ENOKEY for none, -EBADMSG and its number for one that is bad. */
int audit_get(struct kdb *kdb, int64_t after, struct trail_record *record);
void audit_ends(int64_t *first, int64_t *last, uint8_t hash[SEAL_HASH]);

/**
 * struct audit_verdict - what came of looking
 * @against: number of one that has to have the hash @wanted; 0 for none
 * @last: up to there it fits
 * @bad: the first that does not, 0 for none, and @why
 * @more: there are more to look at
 */
struct audit_verdict {
	int64_t against;
	uint8_t wanted[SEAL_HASH];
	int64_t last, checked, bad;
	const char *why;
	bool more;
};

int audit_verify(struct kdb *kdb, int64_t after, struct audit_verdict *verdict);

#endif /* TKMD_AUDIT_H */
