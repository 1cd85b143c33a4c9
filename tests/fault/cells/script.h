/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What hostile.c is told, and waiting for what it does.
 */
#ifndef TKM_TESTS_FAULT_SCRIPT_H
#define TKM_TESTS_FAULT_SCRIPT_H

#include <stdbool.h>

void meet(const char *path);
/* Its answer without the "ok", until the next line. */
__attribute__((format(printf, 1, 2)))
const char *say(const char *format, ...);
/* Whether every fault that was armed did happen. */
bool happened(void);
void hold_is_over(void);
/* The commands that the driver shall have little patience with; "": none. */
void hurry(const char *commands);

#endif
