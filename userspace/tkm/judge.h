/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whether evidence is to be believed, and acceptable: every check, in the order in
 * which they are to be made, and the first that fails. Without a TPM, a file or a
 * clock: whoever calls has read them.
 */
#ifndef TKM_JUDGE_H
#define TKM_JUDGE_H

#include "attest.h"
#include "evidence.h"
#include "ima.h"
#include "trust.h"

/* ---- rules.c: what is acceptable ------------------------------------------------- */

#define RULES_FILE_MAX	(4 << 20)
#define RULES_MANY	256

struct rule_value {
	u16 bank;
	u8 number;
	u8 digest[TKM_HASH_MAX];
};

struct rule_digest {
	u16 alg;
	u8 digest[TKM_HASH_MAX];
};

/* Both are acceptable, and all between. */
struct rule_range {
	u64 first, last;
};

/**
 * struct rules - what a policy file says
 * @ak: Names of attestation keys that are known to be a TPM's
 * @registers: that have to be quoted, these and no others
 * @value: of registers; of one that has any, one of them has to be there
 * @log: an event log has to be there
 * @replay: registers that have to follow from the event log
 * @ima: a list has to be there
 * @violations: files that changed while they were measured are acceptable
 * @ima_allow: the file of digests of files, as it is named; @files is what it
 *	says, in order; empty and no file: every file is acceptable
 * @allow, @deny: versions of the TPM's firmware; of none @allow, all
 * @classes: of a certified key, a bit for each; none: any
 * @same_boot: since the last time the machine has not started again
 * @safe_clock: the TPM was shut down orderly
 * @max_age: of a quote, by the TPM's clock since the last time; 0: any
 */
struct rules {
	size_t aks;
	u8 ak[RULES_MANY][TKM_NAME_SIZE];
	struct registers registers;
	size_t values;
	struct rule_value value[RULES_MANY];
	bool log;
	struct registers replay;
	bool ima;
	bool violations;
	char *ima_allow;
	size_t n_files;
	struct rule_digest *files;
	size_t allows, denies;
	struct rule_range allow[RULES_MANY], deny[RULES_MANY];
	u32 classes;
	bool same_boot;
	bool safe_clock;
	u32 max_age;
};

/* "sha256:0+1", another bank or more of one; -EINVAL. */
int registers_say(struct registers *registers, const char *text);
/* "sha256:0+1 sha1:7"; at most @size - 1. */
void registers_tell(const struct registers *registers, char *out, size_t size);

/*
 * A policy file, changed while it is read. *line: the one that is wrong (-EBADMSG),
 * *what: why.
 */
int rules_read(struct rules *rules, char *text, unsigned int *line,
	       const char **what);
/*
 * The digests of files that are acceptable: lines as sha256sum and its like write
 * them. -EBADMSG with *line, -ENOMEM.
 */
int rules_files(struct rules *rules, char *text, unsigned int *line);
void rules_free(struct rules *rules);

/* ---- seen.c: what was seen of a TPM the last time ---------------------------------- */

#define SEEN_MAX	512

struct seen {
	u8 ak[TKM_NAME_SIZE];
	u64 clock;		/* TPM's, in ms */
	u32 resets, restarts;
	u64 firmware;
	s64 time;		/* ours, in seconds */
};

/* A record as text; -EBADMSG for what seen_write() would not write. */
int seen_read(const char *text, size_t len, struct seen *seen);
size_t seen_write(const struct seen *seen, char out[SEEN_MAX]);

/* ---- judge.c ------------------------------------------------------------------------- */

/* In the order in which they are made; their names are in judge.c. */
enum check {
	CHECK_EVIDENCE,		/* it can be read, and all is there */
	CHECK_EK_CERTIFICATE,	/* the EK's leads to a CA that is trusted */
	CHECK_EK_PUBLIC,	/* the EK is the one in it */
	CHECK_ATTRIBUTES,	/* of the AK */
	CHECK_BINDING,		/* the AK is one that is known */
	CHECK_SIGNATURE,
	CHECK_MAGIC,
	CHECK_TYPE,		/* a quote, or a certificate of a key */
	CHECK_NONCE,
	CHECK_SIGNER,		/* the AK is in the endorsement hierarchy */
	CHECK_NAME,		/* it is of this key */
	CHECK_RECORD,		/* the key is what its record says */
	CHECK_PARENTS,		/* and lies beneath those that it names */
	CHECK_SELECTION,
	CHECK_VALUES,		/* are those that were quoted */
	CHECK_EVENT_LOG,	/* can be read */
	CHECK_REPLAY,		/* and leads to the values */
	CHECK_IMA,
	CHECK_CLOCK,
	CHECK_FIRMWARE,
	CHECK_REGISTERS,	/* hold what is acceptable */
	CHECKS
};

enum outcome {
	NOT_ASKED,		/* there is nothing to check it with */
	PASSED,
	NOT_PASSED,
};

/**
 * struct question - what the evidence has to answer
 * @nonce: @nonce_len bytes, as they are in a bare quote; of a key there may be none
 * @bare: made by another tool: the nonce is extraData
 * @rules: with the registers that were asked for
 * @parent: qualified Name of the AK's parent, NULL for a primary key
 * @any_signer: of a bare quote nobody said what the AK's parent is
 * @key: its chain in DER, @key_len bytes, when it is a key that is certified; NULL
 *	for registers
 * @credential: of the machine, whose EK's certificate has to lead to @store; NULL for none
 * @seen: the last time; NULL for the first
 * @now: seconds since 1970
 */
struct question {
	const u8 *nonce;
	size_t nonce_len;
	bool bare;
	const struct rules *rules;
	const u8 *parent;
	bool any_signer;
	const u8 *key;
	size_t key_len;
	const struct credential *credential;
	X509_STORE *store;
	const struct seen *seen;
	s64 now;
};

/**
 * struct judgement - what came of it
 * @outcome: of each check; after the first that failed none was made
 * @failed: that one, or CHECKS
 * @why: in words
 * @ek: which one of the credential's endorsement keys
 * @ak, @name: the attestation key
 * @chain: of the key, in place
 * @record: and what it is
 * @attest, @registers, @values, @ima: what was found; only what passed counts
 */
struct judgement {
	enum outcome outcome[CHECKS];
	enum check failed;
	char why[256];
	unsigned int ek;
	TPMT_PUBLIC ak;
	u8 name[TKM_NAME_SIZE];
	TPMS_ATTEST attest;
	TPMT_SIGNATURE signature;
	struct tkm_chain chain;
	struct tkm_record record;
	u8 srk[TKM_NAME_SIZE];
	struct registers registers;
	struct values values;
	struct ima_match ima;
};

const char *check_word(enum check check);
/* True when it is accepted. */
bool judge(const struct evidence *evidence, const struct question *question,
	   struct judgement *judgement);
/* What is to be remembered of it. */
void judge_seen(const struct judgement *judgement, s64 now, struct seen *seen);

#endif /* TKM_JUDGE_H */
