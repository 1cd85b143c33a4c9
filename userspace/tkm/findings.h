/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TKM_FINDINGS_H
#define TKM_FINDINGS_H

#include "judge.h"
#include "tkm.h"

/* The verdict, and of what is accepted what is known by it. Exit status. */
int findings_say(struct judgement *judgement);

#endif /* TKM_FINDINGS_H */
