/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The platform credential database (PCD): the platforms that root has decided to
 * know, beside the keys. What a credential says tkm has checked; here it is bytes.
 */
#ifndef TKMD_PCD_H
#define TKMD_PCD_H

#include "kdb.h"

#define PLATFORMS		1024
#define PLATFORM_NAME		(2 + TKM_HASH_MAX)	/* of a key, as TPMs have it */
#define PLATFORM_CREDENTIAL	14336
/* Of a challenge: how many are open, and for how long. */
#define PCD_CHALLENGES		64
#define PCD_SECONDS		86400

struct key_name {
	uint8_t bytes[PLATFORM_NAME];
	size_t len;
};

/**
 * struct platform - one that is known
 * @index: NV index of the certificate that its EK was believed by
 * @added: seconds; @checked: when it last answered a challenge
 * @credential: DER, as Documentation/platform-format.rst has it
 */
struct platform {
	int64_t id;
	char name[TKM_POLICY_NAME_MAX + 1];
	struct key_name ek, ak, tkmrk;
	uint32_t index;
	int64_t added, checked;
	uint8_t credential[PLATFORM_CREDENTIAL];
	size_t len;
};

/**
 * struct challenge - one that is open
 * @hash: names it
 * @credential: SHA-256 of the credential it is for
 * @expect: SHA-256 of what answers it
 */
struct challenge {
	uint8_t hash[32];
	uint8_t credential[32];
	uint8_t expect[32];
};

/* Changes as those of keys, with their record. -ENOKEY for none, -EBADMSG. */
int pcd_get(struct kdb *kdb, const char *name, struct platform *platform);
int pcd_next(struct kdb *kdb, int64_t after, struct platform *platform);
int pcd_remove(struct kdb *kdb, const char *name, struct trail_record *record);

int pcd_challenge(struct kdb *kdb, const struct challenge *challenge);
/* -ENOKEY when none of that name is open; -EKEYREJECTED for a wrong answer. */
int pcd_answer(struct kdb *kdb, const uint8_t hash[32], const uint8_t proof[32]);

/* What keeps a platform from being stored under its name. */
enum pcd_conflict {
	PCD_NONE,
	PCD_CHANGED,		/* of that name and EK, with another AK or TKMRK */
	PCD_OTHER,		/* of that name, with another EK */
	PCD_KNOWN,		/* one of its keys is known under another name */
};

/*
 * With the answer that it was believed for, which is used up. -EEXIST with
 * *conflict, of which @replace overrides the first two; -ENOKEY, -EKEYREJECTED as
 * above, or when the challenge was for another credential; -ENOSPC.
 */
int pcd_put(struct kdb *kdb, struct platform *platform, const uint8_t hash[32],
	    const uint8_t proof[32], bool replace, struct trail_record *record,
	    enum pcd_conflict *conflict);

#endif /* TKMD_PCD_H */
