// SPDX-License-Identifier: GPL-2.0
/*
 * The queue before the TPM, and one hold of it.
 *
 * The TPM does one thing at a time, slowly, and anyone may ask. So operations
 * stand in lanes, one a user, and one worker takes from the lanes in turn: who
 * asks a thousand times waits for their own thousand, not others for it. A
 * task that is killed stops waiting at once; its operation ends unseen.
 *
 * A hold is the span between tpm_try_get_ops() and tpm_put_ops(): nobody else
 * reaches the chip meanwhile. One operation has one hold, however many
 * commands it sends. When operations wait they share a hold, a bounded number
 * of them and for a bounded time, and then session and parent are paid once.
 * Nothing of ours stays in the TPM when a hold ends.
 *
 * Inside a hold nothing may wait for another part of the kernel that might
 * itself wait for the TPM: with IMA, loading any module does. The salt of the
 * session is made before the hold, transforms are allocated when the module
 * loads, and memory is taken without I/O.
 *
 * Locking: queue.lock protects the lanes and the links of operations.
 * Everything else here belongs to the worker.
 */
#define pr_fmt(fmt) "tkm: " fmt

#include <linux/cred.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/suspend.h>
#include <linux/workqueue.h>

#include "tkm_internal.h"
#include "trace.h"

/* A hold ends after so many operations, or so long. */
#define HOLD_OPS	16
#define HOLD_TIME	(HZ / 4)
/* Operations of one lane in a row: they are likely to share a parent. */
#define LANE_TURN	8
/* An operation is run again this often when a register moved under it. */
#define RUN_TRIES	3
/* TPM_RC_YIELDED is not retried by the driver. */
#define YIELD_TRIES	5
#define FLUSH_TRIES	2
/* Commands of one hold that may go without an answer; each takes minutes. */
#define SILENCES_MAX	2
/* So long after the last operation the next salt is made. */
#define SALT_PAUSE	1
/* Holds that are watched after a handle may have got lost. */
#define WARY_HOLDS	256

struct lane {
	struct list_head link;
	struct list_head ops;
	kuid_t uid;
};

static struct {
	spinlock_t lock;
	struct list_head lanes;
	unsigned int turn;		/* operations the first lane had in a row */
} queue = {
	.lock = __SPIN_LOCK_UNLOCKED(queue.lock),
	.lanes = LIST_HEAD_INIT(queue.lanes),
};

static struct tkm_bus bus;
static struct workqueue_struct *bus_wq;
/* A sleep that may have cost the TPM its contexts; set by the notifier. */
static bool bus_slept;
/* A domain was locked; set by whoever locks it. */
static bool bus_locked;

static void bus_work(struct work_struct *work);
static DECLARE_WORK(bus_worker, bus_work);
static void salt_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(salt_maker, salt_work);

/* ---- the queue ---- */

/**
 * tkm_op_init() - make an operation ready for tkm_bus_run()
 * @op: inside a larger structure that holds its inputs and results
 * @run: see struct tkm_op
 * @release: see struct tkm_op
 *
 * The caller has the one reference, to be given back with tkm_op_put().
 */
void tkm_op_init(struct tkm_op *op,
		 int (*run)(struct tkm_bus *bus, struct tkm_op *op),
		 void (*release)(struct tkm_op *op))
{
	op->run = run;
	op->release = release;
	op->result = -EINTR;
	refcount_set(&op->refs, 1);
	INIT_LIST_HEAD(&op->link);
	init_completion(&op->done);
}

/**
 * tkm_op_put() - give a reference back
 * @op: freed by its release with the last one, in whichever task that is
 */
void tkm_op_put(struct tkm_op *op)
{
	if (refcount_dec_and_test(&op->refs))
		op->release(op);
}

static struct lane *lane_of(kuid_t uid)
{
	struct lane *lane;

	lockdep_assert_held(&queue.lock);
	list_for_each_entry(lane, &queue.lanes, link)
		if (uid_eq(lane->uid, uid))
			return lane;
	return NULL;
}

static int queue_add(struct tkm_op *op)
{
	struct lane *lane, *fresh;

	fresh = kmalloc(sizeof(*fresh), GFP_KERNEL);
	if (!fresh)
		return -ENOMEM;
	fresh->uid = current_fsuid();
	INIT_LIST_HEAD(&fresh->ops);

	refcount_inc(&op->refs);
	spin_lock(&queue.lock);
	lane = lane_of(fresh->uid);
	if (!lane) {
		lane = fresh;
		fresh = NULL;
		list_add_tail(&lane->link, &queue.lanes);
	}
	list_add_tail(&op->link, &lane->ops);
	spin_unlock(&queue.lock);
	kfree(fresh);
	return 0;
}

/* The next operation, with the queue's reference; NULL when none waits. */
static struct tkm_op *queue_take(void)
{
	struct lane *lane, *empty = NULL;
	struct tkm_op *op = NULL;

	spin_lock(&queue.lock);
	lane = list_first_entry_or_null(&queue.lanes, struct lane, link);
	if (lane) {
		op = list_first_entry(&lane->ops, struct tkm_op, link);
		list_del_init(&op->link);
		if (list_empty(&lane->ops)) {
			list_del(&lane->link);
			empty = lane;
		}
		if (empty || ++queue.turn >= LANE_TURN) {
			if (!empty)
				list_move_tail(&lane->link, &queue.lanes);
			queue.turn = 0;
		}
	}
	spin_unlock(&queue.lock);
	kfree(empty);
	return op;
}

static bool queue_waits(void)
{
	bool waits;

	spin_lock(&queue.lock);
	waits = !list_empty(&queue.lanes);
	spin_unlock(&queue.lock);
	return waits;
}

/* Take an operation back that nobody waits for; false if it is under way. */
static bool queue_remove(struct tkm_op *op)
{
	struct lane *lane, *next, *empty = NULL;
	bool removed = false;

	spin_lock(&queue.lock);
	if (!list_empty(&op->link)) {
		list_del_init(&op->link);
		removed = true;
		list_for_each_entry_safe(lane, next, &queue.lanes, link) {
			if (!list_empty(&lane->ops))
				continue;
			list_del(&lane->link);
			empty = lane;
			break;
		}
	}
	spin_unlock(&queue.lock);
	kfree(empty);
	return removed;
}

/**
 * tkm_bus_run() - queue an operation for the current fsuid, and wait for it
 * @op: initialised; whatever it points at is its own
 *
 * Sleeps, killably; takes queue.lock. May be called with a key->sem held, never
 * with anything that the worker needs: a chip's mutex, key_construction_mutex.
 *
 * Return: what @op->run gave; -EINTR when a fatal signal came first: then the
 * operation is not begun, or ends unseen, and its results must not be looked
 * at; -ENOMEM.
 */
int tkm_bus_run(struct tkm_op *op)
{
	int ret;

	/* It may have been run before. */
	reinit_completion(&op->done);
	ret = queue_add(op);
	if (ret)
		return ret;
	queue_work(bus_wq, &bus_worker);
	if (wait_for_completion_killable(&op->done)) {
		if (queue_remove(op))
			tkm_op_put(op);
		return -EINTR;
	}
	return op->result;
}

/* ---- commands ---- */

/**
 * tkm_bus_opened() - remember a handle that the end of the hold must flush
 * @bus: held
 * @handle: as the TPM gave it
 */
void tkm_bus_opened(struct tkm_bus *bus, u32 handle)
{
	if (WARN_ON_ONCE(bus->n_open == TKM_BUS_OPEN_MAX))
		return;
	bus->open[bus->n_open++] = handle;
}

static void forget_open(struct tkm_bus *bus, u32 handle)
{
	unsigned int i;

	for (i = 0; i < bus->n_open; i++) {
		if (bus->open[i] != handle)
			continue;
		bus->open[i] = bus->open[--bus->n_open];
		return;
	}
}

/**
 * tkm_bus_flush() - TPM 2.0 Part 3, TPM2_FlushContext
 * @bus: held
 * @handle: transient object or session of ours
 *
 * There is nothing to return. The answer is not authenticated, and may be lost:
 * it is asked for again, unless the TPM says that the handle is gone, or says
 * nothing.
 */
void tkm_bus_flush(struct tkm_bus *bus, u32 handle)
{
	struct tkm_wire_answer answer;
	u8 param[4];
	const struct tkm_wire wire = {
		.cc = TPM_CC_FLUSH_CONTEXT,
		.params = param,
		.params_len = sizeof(param),
	};
	int tries, ret;

	put_unaligned_be32(handle, param);
	forget_open(bus, handle);
	for (tries = 0; tries < FLUSH_TRIES; tries++) {
		ret = tkm_bus_exec(bus, &wire, &answer);
		if (ret)
			bus->wary = WARY_HOLDS;
		if (!ret || ret == -ENODEV || ret == -ETIMEDOUT ||
		    tkm_tpm_rc_base(bus->rc) == TPM_RC_HANDLE)
			break;
	}
}

/**
 * tkm_bus_spent() - flush a handle once the operation has ended
 * @bus: held
 * @handle: transient object, the last that this operation needs
 *
 * Whoever asked goes on with the result meanwhile. It is gone before the next
 * operation begins, which wants its slot.
 */
void tkm_bus_spent(struct tkm_bus *bus, u32 handle)
{
	bus->spent = handle;
}

static void flush_spent(struct tkm_bus *bus)
{
	if (bus->spent)
		tkm_bus_flush(bus, bus->spent);
	bus->spent = 0;
}

static int transport_errno(ssize_t ret)
{
	switch (ret) {
	case -ETIME:
		return -ETIMEDOUT;
	case -EPIPE:
	case -ENODEV:
	/* It went away, or lost the command, while we waited for the answer. */
	case -ECANCELED:
		return -ENODEV;
	case -ENOMEM:
		return -ENOMEM;
	default:
		return -EIO;
	}
}

/* Objects and sessions: what commands of ours make. */
static bool is_made(u32 handle)
{
	u8 type = handle >> 24;

	return type == 0x80 || type == 0x02 || type == 0x03;
}

static bool is_open(const struct tkm_bus *bus, u32 handle)
{
	unsigned int i;

	for (i = 0; i < bus->n_open; i++)
		if (bus->open[i] == handle)
			return true;
	return false;
}

/* No HMAC covers a handle, but not every handle can be a new one. */
static int check_handle(const struct tkm_bus *bus, u32 handle)
{
	if (!is_made(handle))
		return -EIO;
	return is_open(bus, handle) ? -EBADMSG : 0;
}

/*
 * An answer that is not believed may have made a handle all the same. Whatever
 * it says is only good for flushing; where it may say nothing, look_after() is
 * what is left.
 */
static void flush_doubtful(struct tkm_bus *bus, u32 handle)
{
	bus->wary = WARY_HOLDS;
	if (is_made(handle) && !is_open(bus, handle))
		tkm_bus_flush(bus, handle);
}

static int exec_once(struct tkm_bus *bus, const struct tkm_wire *wire,
		     struct tkm_wire_answer *answer)
{
	struct tpm_buf buf = { .data = bus->buf };
	u32 handle;
	u8 nonce[32];
	ktime_t start;
	ssize_t sent, ret;
	size_t received = 0;
	int err;

	bus->rc = 0;
	if (!bus->held)
		return -ENODEV;
	if (bus->silences == SILENCES_MAX)
		return -ETIMEDOUT;
	get_random_bytes(nonce, sizeof(nonce));
	sent = tkm_wire_build(wire, nonce, bus->buf, TKM_WIRE_MAX);
	if (sent < 0)
		return -EIO;
	start = ktime_get();
	ret = tpm_transmit_cmd(bus->chip, &buf, 0, NULL);
	if (ret < 0) {
		err = transport_errno(ret);
		if (err == -ETIMEDOUT)
			bus->silences++;
	} else {
		received = min_t(size_t, get_unaligned_be32(bus->buf + 2),
				 TKM_WIRE_MAX);
		err = tkm_wire_check(wire, bus->buf, received, &bus->rc,
				     answer);
		if (!err && !bus->rc && wire->response_handle)
			err = check_handle(bus, answer->handle);
	}
	trace_tkm_tpm_command(wire->cc, sent, received, bus->rc, err,
			      ktime_us_delta(ktime_get(), start));
	if (err == -EBADMSG)
		pr_err_ratelimited("command 0x%03x: the answer is not the TPM's (someone on the bus?)\n",
				   wire->cc);
	if (err) {
		/* Its place in an answer, read or not; else what was sent. */
		handle = ret == -ETIME ? 0 : get_unaligned_be32(bus->buf + 10);
		memzero_explicit(bus->buf, TKM_WIRE_MAX);
		if (wire->response_handle && err != -ENODEV)
			flush_doubtful(bus, handle);
	}
	if (err)
		bus->rc = 0;
	return err;
}

/**
 * tkm_bus_exec() - send a command and believe its answer, or not
 * @bus: held
 * @wire: the command
 * @answer: points into the bus's page, until the next command
 *
 * Return: 0; an errno of the table for what the TPM answered (bus->rc has the
 * code); -EBADMSG, -EIO, -ENODEV, -ETIMEDOUT, -ENOMEM (bus->rc is 0).
 */
int tkm_bus_exec(struct tkm_bus *bus, const struct tkm_wire *wire,
		 struct tkm_wire_answer *answer)
{
	int tries, ret;
	u32 rc;

	for (tries = 0; ; tries++) {
		ret = exec_once(bus, wire, answer);
		if (ret || bus->rc != TPM_RC_YIELDED || tries == YIELD_TRIES)
			break;
		msleep(20 << tries);
	}
	if (ret || !bus->rc)
		return ret;
	rc = tkm_tpm_rc_base(bus->rc);
	if (rc == TPM_RC_PCR_CHANGED)
		bus->again = true;
	/* What we have in it is gone: it was reset, or this is a lie. */
	if (rc >= TPM_RC_REFERENCE_H0 && rc <= TPM_RC_REFERENCE_S6)
		tkm_hierarchy_doubt(bus);
	return tkm_tpm_errno(bus->rc);
}

/**
 * tkm_bus_close() - the chip was reset behind our back: send it nothing more
 * @bus: held
 * @what: how that was noticed, for the log, which says it once
 *
 * Return: -ENODEV, for the operation that noticed.
 */
int tkm_bus_close(struct tkm_bus *bus, const char *what)
{
	if (!bus->closed)
		pr_err("the TPM was reset behind our back (%s): nothing is sent to it until tkm is loaded anew\n",
		       what);
	bus->closed = true;
	return -ENODEV;
}

/* ---- what got lost ---- */

/*
 * When an answer with a new handle is lost, or another handle stands in it,
 * something of ours stays in the TPM, under a number that we do not know, and
 * beside what others have there: nothing tells whose is whose but a list from
 * before. To ask for one each time would cost every operation commands for
 * what almost never happens. So only the holds after a loss, or what looks like
 * one, begin with a list and end with a comparison: nobody else reaches the
 * chip between the two, so what is new is ours. What the first loss left there
 * stays until the TPM is reset.
 */
static bool look(struct tkm_bus *bus, struct tkm_handles *there)
{
	there->n = 0;
	return !tkm_tpm_handles(bus, 0x80000000, there) &&
	       !tkm_tpm_handles(bus, 0x02000000, there);
}

static void look_before(struct tkm_bus *bus)
{
	bus->before_known = bus->wary && look(bus, &bus->before);
	if (bus->wary)
		bus->wary--;
}

static void look_after(struct tkm_bus *bus)
{
	static struct tkm_handles now;
	u32 i, j;

	if (!bus->before_known || !look(bus, &now))
		return;
	for (i = 0; i < now.n; i++) {
		for (j = 0; j < bus->before.n; j++)
			if (now.handle[i] == bus->before.handle[j])
				break;
		if (j == bus->before.n)
			tkm_bus_flush(bus, now.handle[i]);
	}
	bus->before_known = false;
}

/* ---- the hold ---- */

/* Nothing of ours stays: what is still open is flushed whoever left it. */
static void hold_end(struct tkm_bus *bus)
{
	if (!bus->held)
		return;
	flush_spent(bus);
	tkm_session_end(bus);
	tkm_hierarchy_leave(bus);
	while (bus->n_open)
		tkm_bus_flush(bus, bus->open[0]);
	look_after(bus);
	memzero_explicit(bus->buf, TKM_WIRE_MAX);
	memzero_explicit(&bus->salt, sizeof(bus->salt));
	memzero_explicit(&bus->domain_auth, sizeof(bus->domain_auth));
	tpm_put_ops(bus->chip);
	bus->held = false;
}

static void chip_drop(struct tkm_bus *bus)
{
	if (bus->chip)
		put_device(&bus->chip->dev);
	bus->chip = NULL;
}

/* Another chip than before: what was saved from the one before is worth nothing. */
static void chip_change(struct tkm_bus *bus, struct tpm_chip *chip)
{
	chip_drop(bus);
	bus->chip = chip;
	bus->closed = false;
	bus->stranger = false;
	bus->srk.known = false;
	bus->n_sorts = 0;
	tkm_hierarchy_forget(bus);
}

static int chip_get(struct tkm_bus *bus)
{
	struct tpm_chip *chip;

	if (bus->chip && !bus->stranger && !tpm_try_get_ops(bus->chip))
		return 0;
	/*
	 * None yet, or it is gone, or it is not the one we know; perhaps there
	 * is another, or it came back.
	 */
	chip = tpm_default_chip();
	if (!chip)
		return -ENODEV;
	if (chip == bus->chip) {
		put_device(&chip->dev);
		if (!tpm_try_get_ops(chip))
			return 0;
		return chip->flags & TPM_CHIP_FLAG_SUSPENDED ? -EAGAIN :
							       -ENODEV;
	}
	if (tpm_try_get_ops(chip)) {
		put_device(&chip->dev);
		return -ENODEV;
	}
	chip_change(bus, chip);
	return 0;
}

/*
 * Three multiplications on the curve: as long as a few commands of a quick TPM.
 * So the next operation finds it made, and it is used once, or not.
 */
static int prepare_salt(struct tkm_bus *bus)
{
	if (!bus->srk.known || bus->salt.ready)
		return 0;
	return tkm_session_salt(&bus->srk, &bus->salt);
}

/* Have the chip, for us alone, and know its SRK. */
static int hold_begin(struct tkm_bus *bus)
{
	int ret;

	if (bus->held)
		return 0;
	ret = prepare_salt(bus);
	if (ret)
		return ret;
	ret = chip_get(bus);
	if (ret)
		return ret;
	bus->held = true;
	if (!(bus->chip->flags & TPM_CHIP_FLAG_TPM2))
		return -EOPNOTSUPP;
	/* 6.1 hands out the operations of a chip that sleeps. */
	if (bus->chip->flags & TPM_CHIP_FLAG_SUSPENDED)
		return -EAGAIN;
	if (READ_ONCE(bus_slept)) {
		WRITE_ONCE(bus_slept, false);
		tkm_hierarchy_forget(bus);
	}
	if (bus->closed)
		return -ENODEV;
	bus->silences = 0;
	look_before(bus);
	return 0;
}

static void run_op(struct tkm_bus *bus, struct tkm_op *op)
{
	int tries, ret = -EAGAIN;

	bus->doubted = false;
	for (tries = 0; tries < RUN_TRIES; tries++) {
		bus->again = false;
		tkm_hierarchy_door(bus, NULL);
		ret = hold_begin(bus);
		if (!ret)
			ret = op->run(bus, op);
		if (!ret)
			break;
		/* Whatever state the session is in: not for the next one. */
		hold_end(bus);
		if (!bus->again)
			break;
	}
	tkm_hierarchy_door(bus, NULL);
	op->result = ret;
	complete(&op->done);
	tkm_op_put(op);
	flush_spent(bus);
}

/* Whether another operation waits, and a hold of so many may go on with it. */
static bool room_for_more(unsigned int ops, unsigned long end)
{
	return ops < HOLD_OPS && time_before(jiffies, end) && queue_waits();
}

/**
 * tkm_bus_forget_locked() - have the worker drop what opens locked domains
 *
 * Does not sleep, and needs no TPM.
 */
void tkm_bus_forget_locked(void)
{
	WRITE_ONCE(bus_locked, true);
	queue_work(bus_wq, &bus_worker);
}

static void forget_locked(void)
{
	if (!READ_ONCE(bus_locked))
		return;
	WRITE_ONCE(bus_locked, false);
	tkm_hierarchy_forget_locked();
}

static void bus_work(struct work_struct *work)
{
	unsigned int noio = memalloc_noio_save();
	unsigned long end = jiffies + HOLD_TIME;
	unsigned int ops = 0;
	struct tkm_op *op;

	forget_locked();
	while ((op = queue_take())) {
		ops++;
		forget_locked();
		bus.more = room_for_more(ops, end);
		run_op(&bus, op);
		/* Who had its answer may have asked again: the parent is there. */
		if (bus.held && (bus.more || room_for_more(ops, end)))
			continue;
		hold_end(&bus);
		tkm_hierarchy_trim();
		ops = 0;
		end = jiffies + HOLD_TIME;
		cond_resched();
	}
	hold_end(&bus);
	/* Not now: whoever had the last answer may want this processor. */
	queue_delayed_work(bus_wq, &salt_maker, SALT_PAUSE);
	memalloc_noio_restore(noio);
}

static void salt_work(struct work_struct *work)
{
	unsigned int noio = memalloc_noio_save();

	/* Who finds none makes one, and says what is wrong. */
	prepare_salt(&bus);
	memalloc_noio_restore(noio);
}

/* After hibernation the TPM began anew, lawfully. */
static int bus_pm(struct notifier_block *nb, unsigned long event, void *data)
{
	if (event == PM_POST_HIBERNATION || event == PM_POST_RESTORE)
		WRITE_ONCE(bus_slept, true);
	return NOTIFY_OK;
}

static struct notifier_block bus_pm_nb = {
	.notifier_call = bus_pm,
};

int tkm_bus_init(void)
{
	int ret;

	bus.buf = (u8 *)get_zeroed_page(GFP_KERNEL);
	if (!bus.buf)
		return -ENOMEM;
	/*
	 * Ordered: what it runs, one after the other, is the worker. Freezable:
	 * operations that come while the machine sleeps wait.
	 */
	bus_wq = alloc_ordered_workqueue("tkm_bus", WQ_FREEZABLE);
	if (!bus_wq) {
		ret = -ENOMEM;
		goto err_page;
	}
	ret = register_pm_notifier(&bus_pm_nb);
	if (ret)
		goto err_wq;
	return 0;

err_wq:
	destroy_workqueue(bus_wq);
err_page:
	free_page((unsigned long)bus.buf);
	return ret;
}

void tkm_bus_exit(void)
{
	unregister_pm_notifier(&bus_pm_nb);
	flush_work(&bus_worker);
	cancel_delayed_work_sync(&salt_maker);
	destroy_workqueue(bus_wq);
	chip_drop(&bus);
	memzero_explicit(&bus.salt, sizeof(bus.salt));
	memzero_explicit(bus.buf, TKM_WIRE_MAX);
	free_page((unsigned long)bus.buf);
}
