/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A key that may move, on its way: where to is where it comes from, so that one TPM
 * is enough. The packets that are taken were made before, one for a recovery key.
 */
#ifndef TKM_TESTS_FAULT_MOVES_H
#define TKM_TESTS_FAULT_MOVES_H

void prepare_moves(void);

/* 0 or an errno. */
int do_duplicate(void);
int do_import(void);
int do_recover(void);

#endif
