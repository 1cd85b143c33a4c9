// SPDX-License-Identifier: GPL-2.0
/*
 * What the module asks its helper: to keep the chain of a key that was just
 * made, to find one for request_key, and the storage keys for a key that is to be
 * made. netlink.c carries it.
 *
 * An errand belongs to the task that waits for it, and stands in one of two
 * lists: waiting for the helper, or accepted by it. It ends once, by whoever
 * takes it off its list: the helper's answer, the end of the helper, the task
 * that is killed or has waited long enough.
 *
 * The helper is trusted to answer, not to be right: a chain that it gives is
 * loaded like one that a user gives, in the domain and under the description
 * that were asked for.
 *
 * Locking: helper.lock protects the helper, the lists, and all of an errand
 * that changes. It is a leaf.
 */
#include <linux/err.h>
#include <linux/moduleparam.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "tkm_internal.h"
#include "netlink.h"

static struct {
	spinlock_t lock;
	const void *socket;		/* compared, never followed; NULL: none */
	u32 portid;
	struct pid *process;
	unsigned int deadline;		/* ms */
	u64 last_id;
	u32 last_owner;
	struct list_head waiting;
	struct list_head accepted;
} helper = {
	.lock = __SPIN_LOCK_UNLOCKED(helper.lock),
	.waiting = LIST_HEAD_INIT(helper.waiting),
	.accepted = LIST_HEAD_INIT(helper.accepted),
};

/* Whether nothing is made that no helper keeps. */
static bool helper_needed;
module_param(helper_needed, bool, 0644);

/**
 * tkm_errand_put() - give a reference back
 * @errand: freed with the last one
 */
void tkm_errand_put(struct tkm_errand *errand)
{
	if (!refcount_dec_and_test(&errand->refs))
		return;
	tkm_audit_free(errand->audit);
	kfree(errand->answer);
	kfree(errand->chain);
	kfree(errand);
}

/* ---- who asks ---- */

static struct tkm_errand *errand_alloc(u32 kind, const struct tkm_caller *of,
				       const u8 *chain, size_t len)
{
	struct tkm_errand *errand;

	errand = kzalloc(sizeof(*errand), GFP_KERNEL);
	if (!errand)
		return NULL;
	refcount_set(&errand->refs, 1);
	INIT_LIST_HEAD(&errand->link);
	init_completion(&errand->ended);
	errand->kind = kind;
	errand->owner = of->owner;
	errand->side = of->side;
	errand->class = of->class;
	snprintf(errand->description, sizeof(errand->description), "%s:%s",
		 of->app, of->label);
	if (!len)
		return errand;
	errand->chain = kmemdup(chain, len, GFP_KERNEL);
	if (!errand->chain) {
		tkm_errand_put(errand);
		return NULL;
	}
	errand->chain_len = len;
	return errand;
}

/* About the chain of a payload. */
static struct tkm_errand *errand_about(u32 kind,
				       const struct tkm_payload *payload)
{
	const struct tkm_caller of = tkm_caller_of(&payload->rec);

	return errand_alloc(kind, &of, payload->chain, payload->chain_len);
}

/* Something that is to be written down. */
struct tkm_errand *tkm_errand_audit(const struct tkm_caller *of,
				    struct tkm_audit *audit)
{
	struct tkm_errand *errand = errand_alloc(TKM_ERRAND_AUDIT, of, NULL, 0);

	if (!errand)
		return NULL;
	errand->audit = audit;
	audit->errand = errand;
	return errand;
}

/*
 * Put it in line, with a reference of the list's, and tell the helper. What the
 * helper does itself it must not wait for. -ENOTCONN when there is no helper,
 * or this is it.
 */
static int errand_send(struct tkm_errand *errand)
{
	u32 portid = 0;

	spin_lock(&helper.lock);
	if (helper.socket && helper.process != task_tgid(current)) {
		portid = helper.portid;
		errand->id = ++helper.last_id;
		errand->deadline = helper.deadline;
		errand->until = jiffies + msecs_to_jiffies(helper.deadline);
		refcount_inc(&errand->refs);
		list_add_tail(&errand->link, &helper.waiting);
	}
	spin_unlock(&helper.lock);
	if (!portid)
		return -ENOTCONN;
	/* When its socket is full, it has been told before. */
	tkm_netlink_ready(portid);
	return 0;
}

/* With the lock held: it is over, and this is how. */
static void errand_end(struct tkm_errand *errand, int result)
{
	lockdep_assert_held(&helper.lock);
	list_del_init(&errand->link);
	errand->result = result;
	complete(&errand->ended);
}

/* 0 or an errno: how it ended, which may be by ourselves. */
static int errand_wait(struct tkm_errand *errand)
{
	long left;
	bool ours;

	left = wait_for_completion_killable_timeout(
		&errand->ended, msecs_to_jiffies(errand->deadline));
	if (left > 0)
		return errand->result;
	spin_lock(&helper.lock);
	ours = !list_empty(&errand->link);
	if (ours)
		errand_end(errand, left ? -EINTR : -ETIMEDOUT);
	spin_unlock(&helper.lock);
	if (ours)
		tkm_errand_put(errand);
	return errand->result;
}

/* 1 when it is done; 0 when there was nobody to do it; or an errno. */
static int errand_run(struct tkm_errand *errand)
{
	int ret;

	if (!errand)
		return -ENOMEM;
	ret = errand_send(errand);
	if (ret)
		ret = 0;
	else
		ret = errand_wait(errand) ?: 1;
	tkm_errand_put(errand);
	return ret;
}

/*
 * What comes of a chain when there is nobody to keep it: 0, for then its owner does;
 * or -ENOTCONN, where it was said that a helper has to.
 */
static int kept_by_nobody(void)
{
	return READ_ONCE(helper_needed) && !tkm_helper_is_self() ? -ENOTCONN : 0;
}

/**
 * tkm_helper_keep() - have the helper keep a chain
 * @kind: TKM_ERRAND_STORE or TKM_ERRAND_REPLACE
 * @payload: whole
 *
 * Sleeps, killably, until the helper says that the chain is on the disk. May
 * be called with the key->sem of that key held.
 *
 * Return: 1 when it is kept; 0 when there is no helper and none is needed, or the
 * caller is it; -ENOTCONN when one is needed, or went away meanwhile; -ETIMEDOUT;
 * -EINTR; -ENOMEM; what the helper said: -EEXIST, -ENOSPC, -EROFS, -EDQUOT, -EIO
 * for all else.
 */
int tkm_helper_keep(u32 kind, const struct tkm_payload *payload)
{
	struct tkm_errand *errand;

	if (!tkm_helper_is_there())
		return kept_by_nobody();
	errand = errand_about(kind, payload);
	if (errand && kind == TKM_ERRAND_STORE)
		errand->state = tkm_life_kept(payload->life);
	return errand_run(errand) ?: kept_by_nobody();
}

/**
 * tkm_helper_keep_domain() - have the helper keep a domain's TDK
 * @of: the domain, "@", and what its key is called
 * @branch: TKMRK and TDK, DER
 * @len: its length
 *
 * Sleeps and returns as tkm_helper_keep(); 0 also when it keeps no domains.
 */
int tkm_helper_keep_domain(const struct tkm_caller *of, const u8 *branch,
			   size_t len)
{
	int ret;

	if (!tkm_helper_is_there())
		return kept_by_nobody();
	ret = errand_run(errand_alloc(TKM_ERRAND_DOMAIN, of, branch, len));
	return ret && ret != -EOPNOTSUPP ? ret : kept_by_nobody();
}

/* How it ended; @nobody when there is nobody to ask. */
static int ask(struct tkm_errand *errand, int nobody)
{
	return errand_send(errand) ? nobody : errand_wait(errand);
}

/**
 * tkm_helper_set_state() - have the helper keep the state of a key
 * @payload: of the key
 * @state: the new one
 *
 * Sleeps, killably, until the helper says that it is on the disk.
 *
 * Return: 0, also when there is no helper, the caller is it, or it does not keep
 * that key, or no states; -EPERM when the state that it keeps says otherwise; else
 * as tkm_helper_keep().
 */
int tkm_helper_set_state(const struct tkm_payload *payload,
			 enum tkm_state state)
{
	struct tkm_errand *errand;
	int ret;

	if (!tkm_helper_is_there())
		return 0;
	errand = errand_about(TKM_ERRAND_SET_STATE, payload);
	if (!errand)
		return -ENOMEM;
	errand->state = state;
	ret = ask(errand, 0);
	tkm_errand_put(errand);
	return ret == -ENOKEY || ret == -EOPNOTSUPP ? 0 : ret;
}

/**
 * tkm_helper_state() - in which state the helper keeps a key
 * @payload: of the key, being loaded
 * @state: set to it, and to TKM_STATE_ACTIVE when it keeps none
 *
 * Sleeps, killably.
 *
 * Return: 0, or as tkm_helper_set_state().
 */
int tkm_helper_state(const struct tkm_payload *payload, enum tkm_state *state)
{
	struct tkm_errand *errand;
	int ret;

	*state = TKM_STATE_ACTIVE;
	if (!tkm_helper_is_there())
		return 0;
	errand = errand_about(TKM_ERRAND_STATE, payload);
	if (!errand)
		return -ENOMEM;
	ret = ask(errand, -ENOKEY);
	if (!ret)
		*state = errand->answer_state;
	tkm_errand_put(errand);
	return ret == -ENOKEY || ret == -EOPNOTSUPP ? 0 : ret;
}

/**
 * tkm_helper_drop() - a chain that the helper keeps is nobody's key
 * @payload: tkm_helper_keep() kept it
 *
 * Sleeps for memory; waits for nobody. What cannot be told is a key too many in
 * the helper's database, which can be loaded and removed like any other.
 */
void tkm_helper_drop(const struct tkm_payload *payload)
{
	struct tkm_errand *errand;

	errand = errand_about(TKM_ERRAND_DROP, payload);
	if (!errand)
		return;
	errand_send(errand);
	tkm_errand_put(errand);
}

/* What the helper gives; -ENOKEY when there is nobody to ask. */
static int helper_give(u32 kind, const struct tkm_caller *of, u8 **chain,
		       size_t *len)
{
	struct tkm_errand *errand;
	int ret;

	if (!tkm_helper_is_there())
		return -ENOKEY;
	errand = errand_alloc(kind, of, NULL, 0);
	if (!errand)
		return -ENOMEM;
	ret = ask(errand, -ENOKEY);
	if (!ret) {
		*chain = errand->answer;
		*len = errand->answer_len;
		errand->answer = NULL;
	}
	tkm_errand_put(errand);
	return ret;
}

/**
 * tkm_helper_find() - have the helper find a chain
 * @of: the domain and description
 * @chain: set to what it gave, which may be anything; the caller frees it
 * @len: its length
 *
 * Sleeps, killably.
 *
 * Return: 0; -ENOKEY when there is no helper, it has no such key, or the caller
 * is the helper; else as tkm_helper_keep().
 */
int tkm_helper_find(const struct tkm_caller *of, u8 **chain, size_t *len)
{
	return helper_give(TKM_ERRAND_FIND, of, chain, len);
}

/**
 * tkm_helper_branch() - have the helper find the storage keys for a new key
 * @of: the domain and description
 * @branch: set to what it gave, which may be anything; the caller frees it
 * @len: its length
 *
 * Sleeps and returns as tkm_helper_find().
 */
int tkm_helper_branch(const struct tkm_caller *of, u8 **branch, size_t *len)
{
	return helper_give(TKM_ERRAND_BRANCH, of, branch, len);
}

/* ---- the helper ---- */

bool tkm_helper_is_there(void)
{
	return READ_ONCE(helper.socket);
}

bool tkm_helper_is_self(void)
{
	/* Compared, not followed. */
	return READ_ONCE(helper.process) == task_tgid(current);
}

bool tkm_helper_tell(void)
{
	u32 portid = 0;

	spin_lock(&helper.lock);
	if (helper.socket)
		portid = helper.portid;
	spin_unlock(&helper.lock);
	if (portid)
		tkm_netlink_ready(portid);
	return portid;
}

bool tkm_helper_is(const void *socket)
{
	return socket && READ_ONCE(helper.socket) == socket;
}

bool tkm_helper_is_another(const void *socket)
{
	const void *now = READ_ONCE(helper.socket);

	return now && now != socket;
}

/**
 * tkm_helper_register() - who sent this is the helper from now on
 * @socket: the sender's, until tkm_helper_gone() for @portid
 * @portid: its address
 * @deadline: for each errand, in ms
 *
 * Return: 0; -EBUSY when there is one.
 */
int tkm_helper_register(const void *socket, u32 portid, unsigned int deadline)
{
	struct pid *process = get_pid(task_tgid(current));
	int ret = 0;

	spin_lock(&helper.lock);
	if (helper.socket) {
		ret = -EBUSY;
	} else {
		swap(helper.process, process);
		helper.portid = portid;
		helper.deadline = deadline;
		WRITE_ONCE(helper.socket, socket);
	}
	spin_unlock(&helper.lock);
	put_pid(process);
	tkm_audit_wake();
	return ret;
}

/**
 * tkm_helper_gone() - a socket was closed
 * @portid: its address; when it was the helper's, all that wait for the helper
 *	end at once, with -ENOTCONN
 */
void tkm_helper_gone(u32 portid)
{
	struct tkm_errand *errand, *next;
	struct pid *process = NULL;
	LIST_HEAD(over);
	LIST_HEAD(unwritten);

	spin_lock(&helper.lock);
	if (helper.socket && helper.portid == portid) {
		WRITE_ONCE(helper.socket, NULL);
		swap(helper.process, process);
		list_splice_init(&helper.waiting, &over);
		list_splice_init(&helper.accepted, &over);
		/* Off the list they are nobody's but ours and the waiter's. */
		list_for_each_entry_safe(errand, next, &over, link) {
			if (errand->audit) {
				list_move_tail(&errand->link, &unwritten);
				continue;
			}
			errand_end(errand, -ENOTCONN);
			tkm_errand_put(errand);
		}
		tkm_audit_return(&unwritten, false);
	}
	spin_unlock(&helper.lock);
	put_pid(process);
}

/**
 * tkm_helper_exit() - forget the helper and what it was not told
 *
 * Nobody waits any more: the key type is gone.
 */
void tkm_helper_exit(void)
{
	tkm_helper_gone(helper.portid);
}

/*
 * One user's many are no reason for another's one to wait for all of them. What
 * nobody waits for comes last.
 */
static struct tkm_errand *next_waiting(void)
{
	struct tkm_errand *errand;

	lockdep_assert_held(&helper.lock);
	list_for_each_entry(errand, &helper.waiting, link)
		if (errand->owner != helper.last_owner)
			return errand;
	return list_first_entry_or_null(&helper.waiting, struct tkm_errand,
					link);
}

/**
 * tkm_helper_accept() - the next errand
 * @socket: whose sender asks
 *
 * Return: the errand, with a reference of the caller's, counted as accepted; a
 * drop has ended with that. -EPERM for who is not the helper; -EAGAIN for none.
 */
struct tkm_errand *tkm_helper_accept(const void *socket)
{
	struct tkm_errand *errand;

	spin_lock(&helper.lock);
	if (helper.socket != socket) {
		errand = ERR_PTR(-EPERM);
		goto out;
	}
	errand = next_waiting();
	if (errand) {
		helper.last_owner = errand->owner;
		list_del(&errand->link);
	} else {
		errand = tkm_audit_take();
		if (!errand) {
			errand = ERR_PTR(-EAGAIN);
			goto out;
		}
		errand->id = ++helper.last_id;
	}
	refcount_inc(&errand->refs);
	list_add_tail(&errand->link, &helper.accepted);
out:
	spin_unlock(&helper.lock);
	return errand;
}

/**
 * tkm_helper_accepted() - whether the helper was told of an errand
 * @errand: from tkm_helper_accept()
 * @told: no: it is the next one again, if anyone still waits
 */
void tkm_helper_accepted(struct tkm_errand *errand, bool told)
{
	LIST_HEAD(unwritten);
	bool over = false;

	spin_lock(&helper.lock);
	if (!list_empty(&errand->link)) {
		if (!told && errand->audit) {
			list_move(&errand->link, &unwritten);
			tkm_audit_return(&unwritten, true);
		} else if (!told)
			list_move(&errand->link, &helper.waiting);
		else
			over = errand->kind == TKM_ERRAND_DROP;
	}
	if (over)
		errand_end(errand, 0);
	spin_unlock(&helper.lock);
	if (over)
		tkm_errand_put(errand);
}

static struct tkm_errand *find_accepted(u64 id)
{
	struct tkm_errand *errand;

	lockdep_assert_held(&helper.lock);
	list_for_each_entry(errand, &helper.accepted, link)
		if (errand->id == id)
			return errand;
	return NULL;
}

/* Whether a chain is what it is to answer. */
static bool asks_for_chain(const struct tkm_errand *errand)
{
	return errand->kind == TKM_ERRAND_FIND ||
	       errand->kind == TKM_ERRAND_BRANCH;
}

static bool is_of_states(const struct tkm_errand *errand)
{
	return errand->kind == TKM_ERRAND_SET_STATE ||
	       errand->kind == TKM_ERRAND_STATE;
}

/* About something that the helper may have, or not. */
static bool asks_of_kept(const struct tkm_errand *errand)
{
	return asks_for_chain(errand) || is_of_states(errand);
}

/* What a helper may say; the rest is between it and its log. */
static int answer_errno(const struct tkm_errand *errand, u32 status)
{
	switch (status) {
	case 0:
		return 0;
	case ENOKEY:
		return asks_of_kept(errand) ? -ENOKEY : -EIO;
	case EPERM:
		return errand->kind == TKM_ERRAND_SET_STATE ? -EPERM : -EIO;
	case EOPNOTSUPP:
		/* One that knows of no such thing keeps none. */
		if (errand->kind == TKM_ERRAND_BRANCH)
			return -ENOKEY;
		return is_of_states(errand) ||
		       errand->kind == TKM_ERRAND_DOMAIN ? -EOPNOTSUPP : -EIO;
	case EEXIST:
		return errand->kind == TKM_ERRAND_STORE ? -EEXIST : -EIO;
	case ENOSPC:
		return -ENOSPC;
	case EROFS:
		return -EROFS;
	case EDQUOT:
		return -EDQUOT;
	default:
		return -EIO;
	}
}

/* Whether what should be in an answer is there, and nothing else. */
static bool answers(const struct tkm_errand *errand,
		    const struct tkm_answer *answer)
{
	bool good = !answer->status;

	return !!answer->chain == (good && asks_for_chain(errand)) &&
	       !!answer->state == (good && errand->kind == TKM_ERRAND_STATE);
}

/**
 * tkm_helper_done() - what came of an errand
 * @socket: whose sender says so
 * @answer: with a chain of kmalloc's, taken over on success, for a find or a
 *	branch with status 0; with a state for a state with status 0
 *
 * Return: 0; -EPERM for who is not the helper; -ENOENT when nobody waits for
 * that; -EINVAL when a chain or a state is there that should not be, or is not
 * there.
 */
int tkm_helper_done(const void *socket, const struct tkm_answer *answer)
{
	struct tkm_errand *errand = NULL;
	LIST_HEAD(unwritten);
	int ret = -EPERM;

	spin_lock(&helper.lock);
	if (helper.socket != socket)
		goto out;
	ret = -ENOENT;
	errand = find_accepted(answer->id);
	if (!errand)
		goto out;
	ret = -EINVAL;
	if (!answers(errand, answer)) {
		errand = NULL;
		goto out;
	}
	/* What it cannot write it is to try again, and not at once. */
	if (errand->audit && answer->status) {
		list_move(&errand->link, &unwritten);
		tkm_audit_return(&unwritten, true);
		errand = NULL;
		ret = 0;
		goto out;
	}
	errand->answer = answer->chain;
	errand->answer_len = answer->len;
	errand->answer_state = answer->state;
	errand_end(errand, answer_errno(errand, answer->status));
	ret = 0;
out:
	spin_unlock(&helper.lock);
	if (errand)
		tkm_errand_put(errand);
	return ret;
}
