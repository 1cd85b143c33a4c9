/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keys that stay, and what is done with them: nobody gets a signature that is none,
 * or another message than the one that was encrypted.
 */
#ifndef TKM_TESTS_FAULT_USED_H
#define TKM_TESTS_FAULT_USED_H

#include "vm.h"

/*
 * A key that stays while cells go on. The module cannot be loaded anew meanwhile;
 * and after another chip's appearance its context is saved anew, so that the
 * next cell sends what its operation always sends.
 */
struct used {
	const char *desc, *options, *info;
	bool guarded;		/* has the authorisation value */
	char *chain;
	serial_t key;
	bool stale;
};

extern struct used rsa_signs, rsa_opens, ec_signs, ec_shares, ec_guarded,
	share_guarded, ec_named, data_crypts;

/* Makes all of them; those that are guarded with these options. */
void prepare_used(const char *with);
void load_key(struct used *u);
void drop_keys(void);
/* Another chip: none is ready to be used at once. */
void age_keys(void);

/* Operations; 0 or an errno. */
int do_sign_rsa(void);
int do_sign_pss(void);
int do_sign(void);
int do_sign_policy(void);
int do_sign_named(void);
int do_open(void);
int do_share(void);
int do_share_policy(void);
int do_load_sign(void);
int do_swap_sign(void);
int do_swap_share(void);
int do_decrypt(void);
int do_certify(void);
int do_certify_ec(void);

#endif
