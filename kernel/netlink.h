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

struct audit_user;

/**
 * struct tkm_audit - what the helper is to write down; audit.c's
 * @errand: the one that carries it
 * @user: who, for the count of records; NULL before it stands in line
 * @of_user: in that user's
 * @started: of the process, like @execs to tell it from others of that number
 * @execs: of the process
 * @event: enum tkm_audit_event
 * @state: of a state, the one that was asked for; 0 for the others
 * @result: 0 or an errno, without its sign
 * @uid: who, as the initial user namespace counts
 * @user_ns: inode number
 * @pid: of the process, in the initial pid namespace
 * @count: how many
 * @lost: how many before it were
 * @first: ns since 1970
 * @last: the same; 0 when @count is 1
 * @program: NUL-terminated, any bytes
 */
struct tkm_audit {
	struct tkm_errand *errand;
	struct audit_user *user;
	struct list_head of_user;
	u64 started;
	u64 execs;
	u32 event;
	u32 state;
	u32 result;
	u32 uid;
	u32 user_ns;
	u32 pid;
	u64 count;
	u64 lost;
	u64 first;
	u64 last;
	char program[TKM_PROGRAM_MAX + 1];
};

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
 * @until: in jiffies; of an audit, when it came into the line
 * @kind: enum tkm_errand_kind
 * @owner: the domain's uid, as the initial user namespace counts
 * @side: the domain's side, enum tkm_domain_side
 * @description: "application:label"
 * @chain: what to keep, DER; NULL for a find or a branch
 * @chain_len: its length
 * @state: store, set-state: enum key_state; 0 for the others
 * @class: branch: enum tkm_key_class
 * @audit: of an audit, NULL for the others
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
	u32 class;
	struct tkm_audit *audit;
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
/* Whether the helper is on this socket. */
bool tkm_helper_is(const void *socket);
/* Whether there is a helper that is not on this socket. */
bool tkm_helper_is_another(const void *socket);
/* Whether the current task is the helper's. */
bool tkm_helper_is_self(void);
/* Tell it that there is something to accept; false when there is none. */
bool tkm_helper_tell(void);
/* An errand of kind audit, which owns @audit then. NULL without memory. */
struct tkm_errand *tkm_errand_audit(const struct tkm_caller *of,
				    struct tkm_audit *audit);
void tkm_errand_put(struct tkm_errand *errand);

/* audit.c; under helper.lock, but for the last two */
struct tkm_errand *tkm_audit_take(void);
void tkm_audit_return(struct list_head *errands, bool later);
void tkm_audit_wake(void);
void tkm_audit_free(struct tkm_audit *audit);

/* netlink.c */
void tkm_netlink_ready(u32 portid);
void tkm_netlink_event(const struct tkm_errand *errand);

#endif /* TKM_NETLINK_H */
