/* SPDX-License-Identifier: GPL-2.0 */
/* Records of the audit: Documentation/audit.rst. */
#ifndef TKMD_TRAIL_H
#define TKMD_TRAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "core.h"

#define TRAIL_PROGRAM_MAX	255
/* A record in bytes, with names of any length. */
#define TRAIL_MAX		(76 + 2 + TKM_DESC_MAX + 2 + TRAIL_PROGRAM_MAX)

/* Beside those of the module, TKM_AUDIT_EVENT_*: what tkmd does itself. */
enum {
	TRAIL_START = 256,
	TRAIL_STOP,
	TRAIL_REMOVE,
	TRAIL_QUERY,		/* a question that was refused */
	TRAIL_GAP,		/* records are missing; state says why */
	TRAIL_FLOOD,		/* of this user not each is written any more */
	TRAIL_RETIRE,		/* an epoch of approvals, as root says */
	TRAIL_PLATFORM_ADD,	/* another platform is known, or not */
	TRAIL_PLATFORM_REMOVE,
	TRAIL_PACKET_TAKE,	/* a packet's keys came, or not */
	TRAIL_PACKET_RETIRE,	/* a packet's keys moved away, and ended here */
};

/* State of a gap. */
enum trail_gap {
	TRAIL_OLD_COPY = 1,	/* the database is older than audit.head */
	TRAIL_NO_HEAD,		/* the head in the database does not open */
	TRAIL_NO_FILE,		/* audit.head is gone, or not this database's */
};

/**
 * struct trail_record - who did what to which key, when, and how it ended
 * @number: its place in the chain, from 1
 * @key: description, "" for none; @owner and @side are its domain
 * @first: nanoseconds since 1970; @last: 0, or of a count above 1
 * @lost: how many before this were not written
 */
struct trail_record {
	uint64_t number;
	uint32_t event, state, result;
	uint32_t owner, side;
	uint32_t uid, user_ns, pid;
	uint64_t first, last, count, lost;
	char key[TKM_DESC_MAX + 1];
	char program[TRAIL_PROGRAM_MAX + 1];
};

size_t trail_write(const struct trail_record *record, uint8_t out[TRAIL_MAX]);
/* All of @in, or -EBADMSG. */
int trail_read(const uint8_t *in, size_t len, struct trail_record *record);

const char *trail_event_name(uint32_t event);
/* 0: there is no such event. */
uint32_t trail_event(const char *name);

/* What is not printable ASCII, space and backslash as \xNN; four times the size. */
void trail_escape(const char *bytes, char *out);

/* NULL and 0 ask for nothing. Times in nanoseconds, both ends in. */
struct trail_filter {
	const char *key;
	bool by_uid;
	uint32_t uid;
	uint32_t event;
	bool refused;
	uint64_t since, until;
};

bool trail_fits(const struct trail_filter *filter,
		const struct trail_record *record);
/* One's own doings, what was done with one's keys; all for root. */
bool trail_may_see(uint32_t uid, const struct trail_record *record);

/*
 * So that no user's noise costs another's records, or the disk: each has @each at
 * once and as many a day, and again so many for uses that succeed, which are the
 * most and tell the least.
 */
struct trail_bucket {
	bool used, use, told;
	uint32_t uid;
	int64_t left, at;
	uint64_t lost;
};

struct trail_room {
	int64_t each;
	struct trail_bucket buckets[1024];
};

enum trail_admission {
	TRAIL_WRITE,		/* and its lost is what was counted until now */
	TRAIL_TELL,		/* count it, and write that a flood begins */
	TRAIL_COUNT,
};

/* @now: seconds that never go back. */
enum trail_admission trail_admit(struct trail_room *room,
				 struct trail_record *record, int64_t now);

#endif /* TKMD_TRAIL_H */
