// SPDX-License-Identifier: GPL-2.0
/*
 * Publishing: the module itself puts a payload's key into a key of a type that
 * a consumer in the kernel takes. dm-crypt takes `logon`, which user space can
 * name and not read.
 *
 * What was published dies with the key it came from: when that is revoked,
 * destroyed, or expires. Neither expiry nor unlinking has a hook in the keyring,
 * so while anything is published a deferrable work looks every few seconds.
 *
 * Locking: publish_lock (a spinlock) protects the list of all that is
 * published, each one's @owner and its list of keys. Revoking sleeps, so keys
 * are taken off the list first and revoked from the workqueue. A consumer's
 * key is made with key_alloc() and not key_create_or_update(), because the
 * latter takes key_types_sem, under which others wait for the key->sem that
 * our caller holds.
 */
#define pr_fmt(fmt) "tkm: " fmt

#include <keys/user-type.h>
#include <linux/cred.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "tkm_internal.h"

#define WATCH_EVERY (2 * HZ)

/* Use it, not read it, change it or give it away. */
#define PUBLISHED_PERM \
	(KEY_POS_VIEW | KEY_POS_SEARCH | KEY_POS_LINK | KEY_USR_VIEW)

/* One key of a consumer's, with a reference. */
struct published_key {
	struct list_head link;
	struct key *key;
};

/**
 * struct tkm_published - what one tkm key has published
 * @link: in all
 * @owner: the tkm key, without a reference: its destroy ends this first
 * @keys: struct published_key
 * @end: revokes @keys and frees this
 */
struct tkm_published {
	struct list_head link;
	struct key *owner;
	struct list_head keys;
	struct work_struct end;
};

static DEFINE_SPINLOCK(publish_lock);
static LIST_HEAD(all);
static struct workqueue_struct *publish_wq;

static void watch(struct work_struct *work);
static DECLARE_DEFERRABLE_WORK(watcher, watch);

static void revoke_keys(struct list_head *keys)
{
	struct published_key *p, *next;

	list_for_each_entry_safe(p, next, keys, link) {
		list_del(&p->link);
		key_revoke(p->key);
		key_put(p->key);
		kfree(p);
	}
}

static void publish_end_work(struct work_struct *work)
{
	struct tkm_published *published =
		container_of(work, struct tkm_published, end);

	revoke_keys(&published->keys);
	kfree(published);
}

/**
 * tkm_publish_end() - everything that a key has published dies
 * @published: the key's; may be NULL; not to be used any more
 *
 * Takes publish_lock; does not sleep: the workqueue revokes.
 */
void tkm_publish_end(struct tkm_published *published)
{
	if (!published)
		return;
	spin_lock(&publish_lock);
	list_del(&published->link);
	published->owner = NULL;
	spin_unlock(&publish_lock);
	queue_work(publish_wq, &published->end);
}

/*
 * Revoked ones, and those that only we still hold, because they were unlinked
 * or displaced by one of the same name: they must not go on counting in the
 * quota.
 */
static void take_dead(struct tkm_published *published, struct list_head *dead)
{
	struct published_key *p, *next;

	lockdep_assert_held(&publish_lock);
	list_for_each_entry_safe(p, next, &published->keys, link)
		if (key_validate(p->key) || refcount_read(&p->key->usage) == 1)
			list_move(&p->link, dead);
}

/* And all the keys of an owner that has expired. */
static void take_ended(struct list_head *ended)
{
	struct tkm_published *published;
	time64_t now = ktime_get_real_seconds();

	spin_lock(&publish_lock);
	list_for_each_entry(published, &all, link) {
		if (tkm_key_expires(published->owner) <= now)
			list_splice_tail_init(&published->keys, ended);
		else
			take_dead(published, ended);
	}
	spin_unlock(&publish_lock);
}

static void watch(struct work_struct *work)
{
	LIST_HEAD(ended);
	bool any;

	take_ended(&ended);
	revoke_keys(&ended);
	spin_lock(&publish_lock);
	any = !list_empty(&all);
	spin_unlock(&publish_lock);
	if (any)
		queue_delayed_work(publish_wq, &watcher, WATCH_EVERY);
}

/* The slot's record of what is published, made with the first. */
static struct tkm_published *published_of(struct key *key,
					  struct tkm_published **slot)
{
	struct tkm_published *published = *slot;

	if (published)
		return published;
	published = kzalloc(sizeof(*published), GFP_KERNEL);
	if (!published)
		return NULL;
	published->owner = key;
	INIT_LIST_HEAD(&published->keys);
	INIT_WORK(&published->end, publish_end_work);
	spin_lock(&publish_lock);
	list_add(&published->link, &all);
	spin_unlock(&publish_lock);
	*slot = published;
	queue_delayed_work(publish_wq, &watcher, WATCH_EVERY);
	return published;
}

/* A reference that a new logon key of ours hangs on. */
static struct key *logon_make(const struct tkm_payload *payload,
			      const char *desc, struct key *keyring)
{
	const struct cred *cred = current_cred();
	struct key *logon;
	int ret;

	logon = key_alloc(&key_type_logon, desc, cred->fsuid, cred->fsgid,
			  cred, PUBLISHED_PERM, KEY_ALLOC_IN_QUOTA, NULL);
	if (IS_ERR(logon))
		return logon;
	ret = key_instantiate_and_link(logon, payload->data,
				       payload->data_len, keyring, NULL);
	if (!ret)
		return logon;
	key_put(logon);
	return ERR_PTR(ret);
}

static void forget_dead(struct tkm_published *published)
{
	LIST_HEAD(dead);

	spin_lock(&publish_lock);
	take_dead(published, &dead);
	spin_unlock(&publish_lock);
	revoke_keys(&dead);
}

/**
 * tkm_publish() - put a payload's key into a logon key
 * @key: the tkm key; its sem is held for writing
 * @payload: what @key holds
 * @desc: description of the logon key
 * @keyring: where it is linked; the caller may write to it
 * @slot: where @key remembers what it published
 *
 * In the current task's name and quota. No TPM command. Takes @keyring's sem
 * and key_construction_mutex, never key_types_sem.
 *
 * Return: 0; -EDQUOT; -ENOMEM; -EINVAL for a description that a logon key cannot
 * have; what linking into @keyring gives.
 */
int tkm_publish(struct key *key, const struct tkm_payload *payload,
		const char *desc, struct key *keyring,
		struct tkm_published **slot)
{
	struct tkm_published *published;
	struct published_key *p;
	struct key *logon;
	time64_t expires = tkm_key_expires(key);

	if (payload->rec.not_after)
		expires = min_t(time64_t, expires, payload->rec.not_after);
	p = kmalloc(sizeof(*p), GFP_KERNEL);
	published = published_of(key, slot);
	if (!p || !published) {
		kfree(p);
		return -ENOMEM;
	}
	forget_dead(published);
	logon = logon_make(payload, desc, keyring);
	if (IS_ERR(logon)) {
		kfree(p);
		return PTR_ERR(logon);
	}
	/* Not a second longer than the key it came from. */
	if (expires != TIME64_MAX)
		key_set_timeout(logon,
				max_t(time64_t, 1,
				      expires - ktime_get_real_seconds()));
	p->key = logon;
	spin_lock(&publish_lock);
	list_add(&p->link, &published->keys);
	spin_unlock(&publish_lock);
	return 0;
}

int tkm_publish_init(void)
{
	publish_wq = alloc_workqueue("tkm_publish", WQ_UNBOUND, 0);
	return publish_wq ? 0 : -ENOMEM;
}

void tkm_publish_exit(void)
{
	cancel_delayed_work_sync(&watcher);
	destroy_workqueue(publish_wq);
}
