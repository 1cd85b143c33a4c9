/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What registers hold: now, as somebody says, or as a file predicts.
 */
#ifndef TKM_VALUES_H
#define TKM_VALUES_H

#include "core.h"

#define BANKS	4
#define REGISTERS	24

struct values {
	u32 known[BANKS];	/* a bit for each register */
	u8 value[BANKS][REGISTERS][TKM_HASH_MAX];
};

/* The bank's place in these, or -1; and the other way round. */
int bank_of(u16 alg);
u16 bank_alg(int bank);

/* "sha256:7=HEX"; -EINVAL. The last one of a register counts. */
int values_say(struct values *values, const char *text);
/*
 * A list of these, a line each, with empty ones and comments (#); or the event
 * log of a firmware, as it would be after the change. *line: the one that is
 * wrong. -EBADMSG, or what reading it gave.
 */
int values_file(struct values *values, const char *path, unsigned int *line);

/* No firmware's log is longer. */
#define EVENT_LOG_MAX	(4 << 20)
/*
 * eventlog.c: what registers hold after a firmware's log; those that it does not
 * name stay as they were. -EBADMSG for a log that is none, -E2BIG.
 */
int values_log(struct values *values, const u8 *log, size_t len);
/* As after a start of the machine, none of them known. */
void values_reset(struct values *values);
/* What TPM2_PCR_Extend does; @digest is as long as the bank's are. */
void values_extend(struct values *values, int bank, u32 number,
		   const u8 *digest);

/* Fills in from the machine what is not known of these; -ENODEV, -EBADMSG. */
int values_now(struct values *values, const struct tkm_pcrs *pcrs);
/* What the TPM compares; false when one of them is not known. */
bool values_digest(const struct values *values, const struct tkm_pcrs *pcrs,
		   u8 digest[32]);

#endif /* TKM_VALUES_H */
