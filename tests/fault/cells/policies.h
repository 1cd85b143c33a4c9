/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The named policy of the cells, as an administrator says it over netlink. The
 * module forgets it when it goes.
 */
#ifndef TKM_TESTS_FAULT_POLICIES_H
#define TKM_TESTS_FAULT_POLICIES_H

#include <stddef.h>

#define POLICY "cells"

/* Where approvals.sh put what it made. */
void policies_open(const char *folder);
/* One of them, with a NUL behind it; the caller's to free. */
char *policies_file(const char *name, size_t *n);
/* Both give 0 or an errno. The policy, and the approvals that were said last. */
int policies_say(void);
/* Files, with spaces between; the same ones again are new to the module. */
int policies_approve(const char *names);

#endif
