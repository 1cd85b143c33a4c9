/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between netlink.c, which speaks with programs, and helper.c, which asks one of
 * them.
 */
#ifndef TKM_NETLINK_H
#define TKM_NETLINK_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <uapi/linux/tkm_netlink.h>

/**
 * struct tkm_errand - what the helper is asked to do
 * @refs: one for the task that waits, one while it is in a list, one while
 *	netlink.c writes it down
 * @link: empty once it has ended
 * @ended: completed then
 * @result: valid then: 0 or an errno
 * @answer: valid then: the chain that a find or a branch gave
 * @answer_len: its length
 * @answer_state: valid then: the state that a state gave
 * @id: set as it is put in line, like what follows
 * @deadline: ms
 * @until: in jiffies
 * @kind: enum tkm_errand_kind
 * @owner: the domain's uid, as the initial user namespace counts
 * @side: the domain's side, enum tkm_domain_side
 * @description: "application:label"
 * @chain: what to keep, DER; NULL for a find or a branch
 * @chain_len: its length
 * @state: store, set-state: enum key_state; 0 for the others
 */
struct tkm_errand {
	refcount_t refs;
	struct list_head link;
	struct completion ended;
	int result;
	u8 *answer;
	size_t answer_len;
	u32 answer_state;
	u64 id;
	unsigned int deadline;
	unsigned long until;
	u32 kind;
	u32 owner;
	u32 side;
	char description[TKM_DESCRIPTION_MAX + 1];
	u8 *chain;
	size_t chain_len;
	u32 state;
};

/* What a helper says of an errand; 0 for a state that it does not say. */
struct tkm_answer {
	u64 id;
	u32 status;
	u32 state;
	u8 *chain;
	size_t len;
};

/* helper.c */
int tkm_helper_register(const void *socket, u32 portid, unsigned int deadline);
void tkm_helper_gone(u32 portid);
void tkm_helper_exit(void);
struct tkm_errand *tkm_helper_accept(const void *socket);
void tkm_helper_accepted(struct tkm_errand *errand, bool told);
int tkm_helper_done(const void *socket, const struct tkm_answer *answer);
/* Whether there is a helper that is not on this socket. */
bool tkm_helper_is_another(const void *socket);
void tkm_errand_put(struct tkm_errand *errand);

/* netlink.c */
void tkm_netlink_ready(u32 portid);

#endif /* TKM_NETLINK_H */
