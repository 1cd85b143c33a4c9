/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What must be so after each test, and what the next one finds.
 */
#ifndef TKM_TESTS_FAULT_AFTERMATH_H
#define TKM_TESTS_FAULT_AFTERMATH_H

#include "operations.h"

/* Seconds that went into these, and the rest into cells. */
extern double with_modules, with_chips;

/* The kernel's log, from now on. */
void watch_kernel(void);
/*
 * So that the next test sends what its operation always sends: contexts are
 * saved, and tkm has lost an answer (and is wary of that; what it lost then is
 * nobody's any more).
 */
void warm_up(void);
/* The same for this one operation. */
void be_ready(const struct operation *op);
/* Its approvals are said anew. */
void approve(const struct operation *op);

void check_handles(void);
/* @after: as the head of cells.c says it. */
void check_after(const struct operation *op, const char *after);

#endif
