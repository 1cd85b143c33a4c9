// SPDX-License-Identifier: GPL-2.0
/*
 * What is done to keys, and what is refused, as records for the helper to write
 * down: who, what, to which key, when, and how it ended.
 *
 * A record is an errand that nobody waits for. It is in line from a second after
 * it began, so that until then more of the same only adds to its count; and it
 * stays until the helper says that it is written. While there is no helper,
 * records wait for the next one.
 *
 * There is room for so many. When it is used up, the oldest one of whoever has
 * the most goes, and the next one of that user tells how many were lost: one
 * user's noise costs their own records.
 *
 * Locking: audit_lock (a spinlock, inside helper.lock) protects all of this.
 * Nothing is allocated under it.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <linux/workqueue.h>

#include "tkm_internal.h"
#include "netlink.h"

#define RECORDS_MAX	1024
/* So many of a user's last records may be the same as what comes. */
#define LOOK_BACK	8
#define RIPE		HZ

/**
 * struct audit_user - somebody who has records
 * @node: in users
 * @uid: who
 * @n: records, those that the helper has accepted too
 * @waiting: records that it has not
 * @records: those, the oldest first
 */
struct audit_user {
	struct hlist_node node;
	u32 uid;
	unsigned int n;
	unsigned int waiting;
	struct list_head records;
};

static DEFINE_SPINLOCK(audit_lock);
static DEFINE_HASHTABLE(users, 6);
static LIST_HEAD(waiting);
static unsigned int total;
/* Lost before any record that is there. */
static u64 lost;

static void tell(struct work_struct *work);
static DECLARE_DELAYED_WORK(teller, tell);

/* ---- users ---- */

static struct audit_user *user_of(u32 uid)
{
	struct audit_user *user;

	lockdep_assert_held(&audit_lock);
	hash_for_each_possible(users, user, node, uid)
		if (user->uid == uid)
			return user;
	return NULL;
}

static struct audit_user *noisiest(void)
{
	struct audit_user *user, *most = NULL;
	int i;

	lockdep_assert_held(&audit_lock);
	hash_for_each(users, i, user, node)
		if (user->waiting && (!most || user->waiting > most->waiting))
			most = user;
	return most;
}

/* With the lock held: a record less. The user, if it was the last; to be freed. */
static struct audit_user *record_less(struct audit_user *user)
{
	lockdep_assert_held(&audit_lock);
	total--;
	if (--user->n)
		return NULL;
	hash_del(&user->node);
	return user;
}

/**
 * tkm_audit_free() - what an errand of kind audit has
 * @audit: the errand is in no list
 */
void tkm_audit_free(struct tkm_audit *audit)
{
	struct audit_user *last = NULL;

	if (!audit)
		return;
	spin_lock(&audit_lock);
	if (audit->user)
		last = record_less(audit->user);
	spin_unlock(&audit_lock);
	kfree(last);
	kfree(audit);
}

/* ---- the line ---- */

static void stand(struct tkm_errand *errand)
{
	struct audit_user *user = errand->audit->user;

	list_add_tail(&errand->link, &waiting);
	list_add_tail(&errand->audit->of_user, &user->records);
	user->waiting++;
}

static void leave(struct tkm_errand *errand)
{
	lockdep_assert_held(&audit_lock);
	list_del_init(&errand->link);
	list_del_init(&errand->audit->of_user);
	errand->audit->user->waiting--;
}

/* The oldest of whoever has the most; NULL when the helper has accepted all. */
static struct tkm_errand *displace(void)
{
	struct audit_user *user = noisiest();
	struct tkm_audit *oldest, *next;
	u64 gone;

	lockdep_assert_held(&audit_lock);
	if (!user)
		return NULL;
	oldest = list_first_entry(&user->records, struct tkm_audit, of_user);
	gone = oldest->lost + oldest->count;
	leave(oldest->errand);
	next = list_first_entry_or_null(&user->records, struct tkm_audit,
					of_user);
	if (next)
		next->lost += gone;
	else
		lost += gone;
	return oldest->errand;
}

/**
 * tkm_audit_take() - the next record, for the helper
 *
 * Called with helper.lock held. Return: it, out of the line, with the line's
 * reference; NULL when there is none yet.
 */
struct tkm_errand *tkm_audit_take(void)
{
	struct tkm_errand *errand;

	spin_lock(&audit_lock);
	errand = list_first_entry_or_null(&waiting, struct tkm_errand, link);
	if (errand && time_before(jiffies, errand->until + RIPE))
		errand = NULL;
	if (errand)
		leave(errand);
	spin_unlock(&audit_lock);
	return errand;
}

/**
 * tkm_audit_return() - records that the helper took and did not write
 * @errands: in the order of their time; empty afterwards
 * @later: not at once again
 *
 * Called with helper.lock held. They are the next ones again.
 */
void tkm_audit_return(struct list_head *errands, bool later)
{
	struct tkm_errand *errand, *next;
	struct audit_user *user;

	spin_lock(&audit_lock);
	list_for_each_entry_safe_reverse(errand, next, errands, link) {
		user = errand->audit->user;
		if (later)
			errand->until = jiffies;
		list_move(&errand->link, &waiting);
		list_add(&errand->audit->of_user, &user->records);
		user->waiting++;
	}
	spin_unlock(&audit_lock);
}

/* As long as any wait for a helper that is there. */
static void tell(struct work_struct *work)
{
	bool any;

	spin_lock(&audit_lock);
	any = !list_empty(&waiting);
	spin_unlock(&audit_lock);
	if (any && tkm_helper_tell())
		schedule_delayed_work(&teller, RIPE);
}

/* There is a helper, or a record. */
void tkm_audit_wake(void)
{
	if (tkm_helper_is_there())
		schedule_delayed_work(&teller, RIPE);
}

/* ---- a record ---- */

/* What makes two records one, but for the key and the time. */
struct doing {
	u32 event;
	u32 state;
	u32 result;
	u32 uid;
	u32 user_ns;
	u32 pid;
	u64 started;
	u64 execs;
};

static struct doing doing_now(u32 event, u32 state, int result)
{
	return (struct doing){
		.event = event,
		.state = state,
		.result = -result,
		.uid = from_kuid(&init_user_ns, current_fsuid()),
		.user_ns = current_user_ns()->ns.inum,
		.pid = task_tgid_nr(current),
		.started = current->group_leader->start_boottime,
		.execs = current->self_exec_id,
	};
}

static bool is_about(const struct tkm_errand *errand,
		     const struct tkm_caller *of)
{
	const char *text = errand->description;
	size_t n = strlen(of->app);

	return errand->owner == of->owner && errand->side == of->side &&
	       !strncmp(text, of->app, n) && text[n] == ':' &&
	       !strcmp(text + n + 1, of->label);
}

static bool is_same(const struct tkm_audit *a, const struct doing *d)
{
	return a->event == d->event && a->state == d->state &&
	       a->result == d->result && a->user_ns == d->user_ns &&
	       a->pid == d->pid && a->started == d->started &&
	       a->execs == d->execs;
}

/* One more of a record that is there. */
static bool add_to(const struct doing *d, const struct tkm_caller *of)
{
	struct audit_user *user;
	struct tkm_audit *a;
	int left = LOOK_BACK;

	lockdep_assert_held(&audit_lock);
	user = user_of(d->uid);
	if (!user)
		return false;
	list_for_each_entry_reverse(a, &user->records, of_user) {
		if (!left--)
			break;
		if (!is_same(a, d) || !is_about(a->errand, of))
			continue;
		a->count++;
		a->last = ktime_get_real_ns();
		return true;
	}
	return false;
}

/*
 * As the process sees it, who chose what is in it; without one, or with one that
 * is too long, what the process calls itself.
 */
static void name_program(char name[TKM_PROGRAM_MAX + 1])
{
	struct file *file = current->mm ? tkm_exe_file(current->mm) : NULL;
	char *path = ERR_PTR(-ENOENT);
	char own[TASK_COMM_LEN];

	if (file)
		path = file_path(file, name, TKM_PROGRAM_MAX + 1);
	if (IS_ERR(path))
		path = get_task_comm(own, current);
	memmove(name, path, strlen(path) + 1);
	if (file)
		fput(file);
}

static struct tkm_audit *audit_alloc(const struct doing *d)
{
	struct tkm_audit *a = kzalloc(sizeof(*a), GFP_KERNEL);

	if (!a)
		return NULL;
	INIT_LIST_HEAD(&a->of_user);
	a->event = d->event;
	a->state = d->state;
	a->result = d->result;
	a->uid = d->uid;
	a->user_ns = d->user_ns;
	a->pid = d->pid;
	a->started = d->started;
	a->execs = d->execs;
	a->count = 1;
	a->first = ktime_get_real_ns();
	name_program(a->program);
	return a;
}

/* With the lock held: a place in the line. False when there is none. */
static bool enter(struct tkm_errand *errand, struct audit_user **spare,
		  struct tkm_errand **displaced)
{
	struct tkm_audit *audit = errand->audit;
	struct audit_user *user;

	lockdep_assert_held(&audit_lock);
	if (total >= RECORDS_MAX) {
		*displaced = displace();
		if (!*displaced)
			return false;
	}
	user = user_of(audit->uid);
	if (!user) {
		user = *spare;
		*spare = NULL;
		user->uid = audit->uid;
		INIT_LIST_HEAD(&user->records);
		hash_add(users, &user->node, user->uid);
	}
	user->n++;
	total++;
	audit->user = user;
	audit->lost = lost;
	lost = 0;
	errand->until = jiffies;
	stand(errand);
	return true;
}

static void record(const struct doing *d, const struct tkm_caller *of)
{
	struct audit_user *spare = kzalloc(sizeof(*spare), GFP_KERNEL);
	struct tkm_errand *errand = NULL, *displaced = NULL;
	struct tkm_audit *audit = audit_alloc(d);

	if (audit && spare)
		errand = tkm_errand_audit(of, audit);
	if (errand)
		tkm_netlink_event(errand);
	else
		kfree(audit);
	spin_lock(&audit_lock);
	if (errand && enter(errand, &spare, &displaced))
		errand = NULL;
	else
		lost++;
	spin_unlock(&audit_lock);
	kfree(spare);
	if (errand)
		tkm_errand_put(errand);
	if (displaced)
		tkm_errand_put(displaced);
	tkm_audit_wake();
}

static void note(u32 event, const struct tkm_caller *of, u32 state, int result)
{
	struct doing d = doing_now(event, state, result);
	bool known;

	/* It writes what it does itself, or would have to write for ever. */
	if (tkm_helper_is_self())
		return;
	spin_lock(&audit_lock);
	known = add_to(&d, of);
	spin_unlock(&audit_lock);
	if (!known)
		record(&d, of);
}

/**
 * tkm_audit() - something was done, or refused, to a key
 * @event: enum tkm_audit_event
 * @of: which key, though there may be none
 * @result: 0 or an errno
 *
 * In the name of the current task. Sleeps for memory; without, it is counted as
 * lost. Takes audit_lock.
 */
void tkm_audit(u32 event, const struct tkm_caller *of, int result)
{
	note(event, of, 0, result);
}

/* The same of a key that is there. */
void tkm_audit_key(u32 event, const struct tkm_payload *payload, int result)
{
	const struct tkm_caller of = tkm_caller_of(&payload->rec);

	note(event, &of, 0, result);
}

/* And of one that was to enter a state. */
void tkm_audit_state(const struct tkm_record *rec, enum tkm_state to, int result)
{
	const struct tkm_caller of = tkm_caller_of(rec);

	note(TKM_AUDIT_EVENT_STATE, &of, to, result);
}

/**
 * tkm_audit_exit() - forget what was not written
 *
 * Nobody does anything any more, and there is no helper.
 */
void tkm_audit_exit(void)
{
	struct tkm_errand *errand, *next;

	cancel_delayed_work_sync(&teller);
	list_for_each_entry_safe(errand, next, &waiting, link) {
		spin_lock(&audit_lock);
		leave(errand);
		spin_unlock(&audit_lock);
		tkm_errand_put(errand);
	}
}
