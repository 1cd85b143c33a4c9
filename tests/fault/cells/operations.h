/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is done while the TPM lies. No operation leaves a key, but those that use one
 * have it already.
 */
#ifndef TKM_TESTS_FAULT_OPERATIONS_H
#define TKM_TESTS_FAULT_OPERATIONS_H

#include "vm.h"

struct used;

/*
 * @run: 0 or an errno
 * @key: which it uses, and has
 * @anew: the module is loaded anew before it: what it asks the TPM once only
 * @typist: another one, with a domain, is there before it
 * @approvals: they are said before it, so the TPM has yet to verify them
 */
struct operation {
	const char *name;
	int (*run)(void);
	struct used *key;
	bool anew;
	bool typist;
	const char *approvals;
};

/* Where keys are, and how many operations there have been. */
extern serial_t ring;
extern unsigned int operations;

void prepare(void);
const struct operation *operation_of(const char *name);
void new_typist(void);

/* 0 or an errno. */
int do_load(void);
int do_policy(void);
int do_other(void);
/* The same of what a system call gave, which ends the operation and the key. */
int give(long key);

/* A key's chain, as the text that loads it; the key goes. */
char *chain_of(serial_t key, const char *options);
serial_t new_key(const char *desc, const char *options);

#endif
