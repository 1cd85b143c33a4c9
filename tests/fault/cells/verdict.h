/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whether the test at hand passes, and what is reported of it.
 */
#ifndef TKM_TESTS_FAULT_VERDICT_H
#define TKM_TESTS_FAULT_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

/* How much longer things may take on the debug kernel. */
extern int slow;

double now(void);
const char *name_of(int err);
/* Whether it is one of "A/B/C". */
bool one_of(int err, const char *names);

/* The test at hand fails, for this reason among others. */
__attribute__((format(printf, 1, 2)))
void wrong(const char *format, ...);
/* How much there is of that; 0: nothing. */
size_t how_wrong(void);
/* It ends, and the next one begins. */
void report(const char *name);
void skip(const char *name);
bool any_failed(void);

#endif
