// SPDX-License-Identifier: GPL-2.0
/*
 * What is alive: the states of keys, and the list of all keys there are.
 *
 * A state belongs to a key as people mean it: what was made once, under a
 * description, in a domain. That may be loaded several times, into keyrings that
 * know nothing of each other, and resealed; all the payloads of it share one
 * struct tkm_life, and so all follow when it changes.
 *
 * A state is kept by the helper, if there is one: it says in which state a key
 * is that is loaded, and a change waits for it. Dates are the record's, and no
 * state undoes them.
 *
 * Locking: life_lock (a spinlock, outside of no other) protects the table of
 * lives, @changing and @kept for writing, and the tree of keys. @kept is read
 * without it.
 */
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/jhash.h>
#include <linux/key.h>
#include <linux/ktime.h>
#include <linux/rbtree.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "tkm_internal.h"

/**
 * struct tkm_life - the state that the payloads of one key share
 * @node: in lives
 * @refs: one for each payload, one for what was published; under life_lock
 * @rcu: describe looks at it under RCU only
 * @changing: a change waits for the helper
 * @kept: the state that was set; dates may make another one of it
 * @operations: uses that succeeded
 * @flat: it has no record; then @rec is what describe shows
 * @rec: which key, and its dates
 */
struct tkm_life {
	struct hlist_node node;
	unsigned int refs;
	struct rcu_head rcu;
	bool changing;
	enum tkm_state kept;
	atomic64_t operations;
	bool flat;
	struct tkm_record rec;
};

/**
 * struct tkm_seat - a key that holds a payload
 * @node: in seats, by the key's serial number; empty while it is in none
 * @key: without a reference: it is taken out before the key goes
 */
struct tkm_seat {
	struct rb_node node;
	struct key *key;
};

static DEFINE_SPINLOCK(life_lock);
static DEFINE_HASHTABLE(lives, 10);
static struct rb_root seats = RB_ROOT;
/* Counts what a dump would show otherwise than before. */
static unsigned int generation;

static void destroy(struct work_struct *work);
static DECLARE_WORK(destroyer, destroy);

/* ---- lives ---- */

static u32 hash_of(const struct tkm_record *rec)
{
	return jhash(rec->label, strlen(rec->label), rec->owner);
}

static bool same_description(const struct tkm_record *a,
			     const struct tkm_record *b)
{
	return a->owner == b->owner && a->side == b->side &&
	       !strcmp(a->app, b->app) && !strcmp(a->label, b->label);
}

static struct tkm_life *find(const struct tkm_record *rec, bool flat)
{
	struct tkm_life *life;

	lockdep_assert_held(&life_lock);
	hash_for_each_possible(lives, life, node, hash_of(rec))
		if (same_description(&life->rec, rec) && life->flat == flat &&
		    life->rec.kind == rec->kind &&
		    life->rec.created == rec->created)
			return life;
	return NULL;
}

static struct tkm_life *alloc(const struct tkm_payload *payload,
			      enum tkm_state state)
{
	struct tkm_life *life = kzalloc(sizeof(*life), GFP_KERNEL);

	if (!life)
		return NULL;
	life->refs = 1;
	life->kept = state;
	life->flat = payload->flat;
	life->rec = payload->rec;
	return life;
}

/* With the lock held: the new state, and whatever else follows from it. */
static void enter(struct tkm_life *life, enum tkm_state state)
{
	lockdep_assert_held(&life_lock);
	WRITE_ONCE(life->kept, state);
	generation++;
	if (!tkm_state_allows(state, TKM_PROTECT))
		tkm_publish_look();
	if (state == TKM_STATE_DESTROYED)
		schedule_work(&destroyer);
}

/**
 * tkm_life_begin() - a payload that was made
 * @payload: whole but for its life, which it has then
 * @state: that it begins in
 *
 * A key of the same description that was made in the same second is another one.
 *
 * Return: 0 or -ENOMEM.
 */
int tkm_life_begin(struct tkm_payload *payload, enum tkm_state state)
{
	struct tkm_life *life = alloc(payload, state);

	if (!life)
		return -ENOMEM;
	spin_lock(&life_lock);
	hash_add(lives, &life->node, hash_of(&life->rec));
	spin_unlock(&life_lock);
	payload->life = life;
	return 0;
}

/**
 * tkm_life_join() - a payload that was loaded
 * @payload: whole but for its life, which it has then
 * @state: that the helper says it is in; TKM_STATE_ACTIVE when it says nothing
 *
 * The same key may be loaded already. Then the later of both states is that of
 * both.
 *
 * Return: 0; -ENOMEM; -EKEYREVOKED for a key that is destroyed.
 */
int tkm_life_join(struct tkm_payload *payload, enum tkm_state state)
{
	struct tkm_life *fresh = alloc(payload, state);
	struct tkm_life *life;
	int ret = 0;

	if (!fresh)
		return -ENOMEM;
	spin_lock(&life_lock);
	life = find(&fresh->rec, fresh->flat);
	state = life ? tkm_state_later(life->kept, state) : state;
	if (life && state != life->kept)
		enter(life, state);
	if (state == TKM_STATE_DESTROYED) {
		ret = -EKEYREVOKED;
	} else if (life) {
		life->refs++;
	} else {
		life = fresh;
		fresh = NULL;
		hash_add(lives, &life->node, hash_of(&life->rec));
	}
	spin_unlock(&life_lock);
	kfree(fresh);
	if (!ret)
		payload->life = life;
	return ret;
}

/**
 * tkm_life_get() - take another reference
 * @life: the caller has one
 *
 * Return: @life.
 */
struct tkm_life *tkm_life_get(struct tkm_life *life)
{
	spin_lock(&life_lock);
	life->refs++;
	spin_unlock(&life_lock);
	return life;
}

/**
 * tkm_life_put() - give a reference back
 * @life: may be NULL; freed after a grace period with the last one
 *
 * Does not sleep.
 */
void tkm_life_put(struct tkm_life *life)
{
	bool last;

	if (!life)
		return;
	spin_lock(&life_lock);
	last = !--life->refs;
	if (last)
		hash_del(&life->node);
	spin_unlock(&life_lock);
	if (last)
		kfree_rcu(life, rcu);
}

/**
 * tkm_life_state() - the state that a key is in now
 * @life: whose
 *
 * Any context. Return: by what was set, and by its dates.
 */
enum tkm_state tkm_life_state(const struct tkm_life *life)
{
	return tkm_state_at(READ_ONCE(life->kept), &life->rec,
			    ktime_get_real_seconds());
}

/* What was set, whatever the dates say. */
enum tkm_state tkm_life_kept(const struct tkm_life *life)
{
	return READ_ONCE(life->kept);
}

/* What was used once more, and how often it was. */
void tkm_life_count(struct tkm_life *life)
{
	atomic64_inc(&life->operations);
}

u64 tkm_life_operations(const struct tkm_life *life)
{
	return atomic64_read(&life->operations);
}

/* ---- changes ---- */

static int may_change(const struct tkm_life *life, enum tkm_state to)
{
	lockdep_assert_held(&life_lock);
	if (life->changing)
		return -EAGAIN;
	return tkm_state_change(life->kept, &life->rec,
				ktime_get_real_seconds(), to);
}

/**
 * tkm_life_set() - set a key to another state, and have that kept
 * @payload: of the key
 * @to: the new state
 *
 * Sleeps, killably, until the helper says that it keeps the state. May be called
 * with the key->sem of that key held.
 *
 * Return: 0; -EPERM when that state does not follow the one that the key is in;
 * -EAGAIN when somebody else is just changing it; what tkm_helper_set_state()
 * gives. On failure nothing has changed here.
 */
int tkm_life_set(const struct tkm_payload *payload, enum tkm_state to)
{
	struct tkm_life *life = payload->life;
	int ret;

	spin_lock(&life_lock);
	ret = may_change(life, to);
	if (!ret)
		life->changing = true;
	spin_unlock(&life_lock);
	if (ret)
		return ret;
	ret = tkm_helper_set_state(payload, to);
	spin_lock(&life_lock);
	life->changing = false;
	if (!ret)
		enter(life, to);
	spin_unlock(&life_lock);
	return ret;
}

static struct tkm_seat *seat_at(key_serial_t from);

static struct tkm_payload *payload_of(const struct tkm_seat *seat)
{
	return rcu_dereference_check(seat->key->payload.rcu_data0,
				     lockdep_is_held(&life_lock));
}

static int set_key(key_serial_t serial, enum tkm_state to)
{
	struct tkm_seat *seat = seat_at(serial);
	struct tkm_payload *payload;
	int ret;

	if (!seat || seat->key->serial != serial)
		return -ENOKEY;
	rcu_read_lock();
	payload = payload_of(seat);
	ret = payload ? may_change(payload->life, to) : -ENOKEY;
	if (!ret)
		enter(payload->life, to);
	rcu_read_unlock();
	return ret;
}

/* One that is destroyed has given its name up, though it may not be gone yet. */
static bool is_called(const struct tkm_life *life, const struct tkm_record *rec)
{
	return same_description(&life->rec, rec) &&
	       life->kept != TKM_STATE_DESTROYED;
}

/* All or none. */
static int set_described(const struct tkm_record *rec, enum tkm_state to)
{
	struct tkm_life *life;
	int ret = -ENOKEY;

	hash_for_each_possible(lives, life, node, hash_of(rec)) {
		if (!is_called(life, rec))
			continue;
		ret = may_change(life, to);
		if (ret)
			return ret;
	}
	hash_for_each_possible(lives, life, node, hash_of(rec))
		if (is_called(life, rec))
			enter(life, to);
	return ret;
}

/**
 * tkm_life_set_now() - set keys to another state, and ask nobody
 * @serial: of the key; 0: all that are loaded under
 * @rec: owner, side, app and label
 * @to: the new state
 *
 * Does not sleep.
 *
 * Return: 0; -ENOKEY; -EPERM, -EAGAIN as tkm_life_set(): then none has changed.
 */
int tkm_life_set_now(key_serial_t serial, const struct tkm_record *rec,
		     enum tkm_state to)
{
	int ret;

	spin_lock(&life_lock);
	ret = serial ? set_key(serial, to) : set_described(rec, to);
	spin_unlock(&life_lock);
	return ret;
}

/* ---- keys ---- */

/* The first from this number on, or NULL. */
static struct tkm_seat *seat_at(key_serial_t from)
{
	struct rb_node *node = seats.rb_node;
	struct tkm_seat *seat, *best = NULL;

	lockdep_assert_held(&life_lock);
	while (node) {
		seat = rb_entry(node, struct tkm_seat, node);
		if (seat->key->serial < from) {
			node = node->rb_right;
		} else {
			best = seat;
			node = node->rb_left;
		}
	}
	return best;
}

/* Room for a key that will be; kfree() when it will not. */
struct tkm_seat *tkm_seat_alloc(void)
{
	struct tkm_seat *seat = kzalloc(sizeof(*seat), GFP_KERNEL);

	if (seat)
		RB_CLEAR_NODE(&seat->node);
	return seat;
}

/**
 * tkm_seat_take() - a key holds a payload from now on
 * @seat: of tkm_seat_alloc(), the key's then
 * @key: keeps @seat until tkm_seat_leave()
 *
 * Does not sleep.
 */
void tkm_seat_take(struct tkm_seat *seat, struct key *key)
{
	struct rb_node **at = &seats.rb_node, *parent = NULL;

	seat->key = key;
	spin_lock(&life_lock);
	while (*at) {
		parent = *at;
		at = rb_entry(parent, struct tkm_seat, node)->key->serial <
				     key->serial ?
			     &parent->rb_right : &parent->rb_left;
	}
	rb_link_node(&seat->node, parent, at);
	rb_insert_color(&seat->node, &seats);
	generation++;
	spin_unlock(&life_lock);
}

/* With the lock held. */
static void leave(struct tkm_seat *seat)
{
	lockdep_assert_held(&life_lock);
	if (RB_EMPTY_NODE(&seat->node))
		return;
	rb_erase(&seat->node, &seats);
	RB_CLEAR_NODE(&seat->node);
	generation++;
}

/**
 * tkm_seat_leave() - it does not any more
 * @seat: freed; may be NULL
 *
 * Does not sleep.
 */
void tkm_seat_leave(struct tkm_seat *seat)
{
	if (!seat)
		return;
	spin_lock(&life_lock);
	leave(seat);
	spin_unlock(&life_lock);
	kfree(seat);
}

/**
 * tkm_seat_visit() - look at a key
 * @serial: the first one from this number on; set to its number
 * @look: called with it under a spinlock and RCU
 * @arg: for @look
 *
 * Return: what @look gave; -ENOENT when there is none.
 */
int tkm_seat_visit(key_serial_t *serial, tkm_look_fn look, void *arg)
{
	struct tkm_payload *payload;
	struct tkm_seat *seat;
	int ret = -ENOENT;

	spin_lock(&life_lock);
	rcu_read_lock();
	seat = seat_at(*serial);
	if (seat) {
		*serial = seat->key->serial;
		payload = payload_of(seat);
		ret = payload ? look(seat->key, payload, arg) : 0;
	}
	rcu_read_unlock();
	spin_unlock(&life_lock);
	return ret;
}

/* As long as it stays the same, so do the keys that are there. Never 0. */
unsigned int tkm_life_generation(void)
{
	return READ_ONCE(generation) | 1u << 31;
}

/* The first from @from on that is destroyed, with a reference, or NULL. */
static struct key *next_destroyed(key_serial_t *from)
{
	struct tkm_payload *payload;
	struct tkm_seat *seat;
	struct key *key = NULL;

	spin_lock(&life_lock);
	rcu_read_lock();
	while (!key && (seat = seat_at(*from))) {
		*from = seat->key->serial + 1;
		payload = payload_of(seat);
		/* The collector has one of those whose last reference is gone. */
		if (payload && payload->life->kept == TKM_STATE_DESTROYED &&
		    refcount_inc_not_zero(&seat->key->usage))
			key = seat->key;
	}
	rcu_read_unlock();
	spin_unlock(&life_lock);
	return key;
}

/* Who destroys a key may hold its semaphore, or no context to sleep in. */
static void destroy(struct work_struct *work)
{
	key_serial_t from = 0;
	struct key *key;

	while ((key = next_destroyed(&from))) {
		key_revoke(key);
		key_put(key);
	}
}

/* No key is there any more. */
void tkm_life_exit(void)
{
	cancel_work_sync(&destroyer);
}
