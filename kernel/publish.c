// SPDX-License-Identifier: GPL-2.0
/*
 * Publishing: the module itself puts a payload's key, or what a label derives
 * from it, into a key of a type that a consumer in the kernel takes: `logon`
 * and `encrypted` (dm-crypt, eCryptfs), `fscrypt-provisioning`, and `user` for
 * who wants it readable.
 *
 * What was published dies with the key it came from: when that is revoked,
 * destroyed, or expires, and when its state does not let it protect any more.
 * Neither expiry nor unlinking nor a date has a hook in the keyring, so while
 * anything is published a deferrable work looks every few seconds.
 *
 * Locking: publish_lock (a spinlock) protects the list of all that is
 * published, each one's @owner and its list of keys. Revoking sleeps, so keys
 * are taken off the list first and revoked from the workqueue. A consumer's
 * key is made with key_alloc() and not key_create_or_update(), because the
 * latter takes key_types_sem, under which others wait for the key->sem that
 * our caller holds.
 */
#define pr_fmt(fmt) "tkm: " fmt

#include <keys/encrypted-type.h>
#include <keys/user-type.h>
#include <linux/cred.h>
#include <linux/fscrypt.h>
#include <linux/ktime.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "tkm_internal.h"

#define WATCH_EVERY (2 * HZ)

/* Use it, not read it, change it or give it away. */
#define PUBLISHED_PERM \
	(KEY_POS_VIEW | KEY_POS_SEARCH | KEY_POS_LINK | KEY_USR_VIEW)

/*
 * One key of a consumer's, with a reference, and the keyring it was put into,
 * by number: a keyring of that number that is gone stays gone.
 */
struct published_key {
	struct list_head link;
	struct key *key;
	key_serial_t keyring;
};

/**
 * struct tkm_published - what one tkm key has published
 * @link: in all
 * @owner: the tkm key, without a reference: its destroy ends this first
 * @life: the tkm key's, with a reference
 * @keys: struct published_key
 * @end: revokes @keys and frees this
 */
struct tkm_published {
	struct list_head link;
	struct key *owner;
	struct tkm_life *life;
	struct list_head keys;
	struct work_struct end;
};

static DEFINE_SPINLOCK(publish_lock);
static LIST_HEAD(all);
static struct workqueue_struct *publish_wq;

/* fs/crypto exports no symbol for its type; see fscrypt_type_find(). */
static struct key_type *fscrypt_type;

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
	tkm_life_put(published->life);
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

/* And all the keys of an owner that has expired, or that protects no more. */
static bool has_ended(const struct tkm_published *published)
{
	return tkm_key_expires(published->owner) <= ktime_get_real_seconds() ||
	       !tkm_state_allows(tkm_life_state(published->life), TKM_PROTECT);
}

static void take_ended(struct list_head *ended)
{
	struct tkm_published *published;

	spin_lock(&publish_lock);
	list_for_each_entry(published, &all, link) {
		if (has_ended(published))
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

/**
 * tkm_publish_look() - a key does not protect any more
 *
 * Does not sleep: the workqueue looks which one, and revokes.
 */
void tkm_publish_look(void)
{
	mod_delayed_work(publish_wq, &watcher, 0);
}

/* The slot's record of what is published, made with the first. */
static struct tkm_published *published_of(struct key *key,
					  const struct tkm_payload *payload,
					  struct tkm_published **slot)
{
	struct tkm_published *published = *slot;

	if (published)
		return published;
	published = kzalloc(sizeof(*published), GFP_KERNEL);
	if (!published)
		return NULL;
	published->owner = key;
	published->life = tkm_life_get(payload->life);
	INIT_LIST_HEAD(&published->keys);
	INIT_WORK(&published->end, publish_end_work);
	spin_lock(&publish_lock);
	list_add(&published->link, &all);
	spin_unlock(&publish_lock);
	*slot = published;
	queue_delayed_work(publish_wq, &watcher, WATCH_EVERY);
	return published;
}

/* ---- a consumer's key ---- */

static struct key_type *consumer_type(enum tkm_consumer consumer)
{
	switch (consumer) {
	case TKM_CONSUMER_LOGON:
		return &key_type_logon;
	case TKM_CONSUMER_USER:
		return &key_type_user;
	case TKM_CONSUMER_ENCRYPTED:
	case TKM_CONSUMER_ECRYPTFS:
#if IS_ENABLED(CONFIG_ENCRYPTED_KEYS)
		return &key_type_encrypted;
#else
		return NULL;
#endif
	case TKM_CONSUMER_FSCRYPT:
		return fscrypt_type;
	}
	return NULL;
}

/* Bytes on their way into a consumer's key, of kmalloc's and wiped. */
struct material {
	u8 key[TKM_DATA_MAX];
	unsigned int len;
	u8 payload[TKM_ENCRYPTED_TEXT + 1];
	size_t payload_len;
	u8 master[32];
	char master_desc[64];
};

static void payload_plain(struct material *m)
{
	memcpy(m->payload, m->key, m->len);
	m->payload_len = m->len;
}

/* linux/fscrypt.h: for policies of version 2, whose keys have an identifier. */
static void payload_fscrypt(struct material *m)
{
	const struct fscrypt_provisioning_key_payload head = {
		.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER,
	};

	memcpy(m->payload, &head, sizeof(head));
	memcpy(m->payload + sizeof(head), m->key, m->len);
	m->payload_len = sizeof(head) + m->len;
}

/*
 * An encrypted key can only be loaded, and only under a master key that is
 * found by name: one of random bytes, which will not outlive this.
 */
static int payload_encrypted(struct material *m, enum tkm_consumer consumer)
{
	u8 iv[16], name[8];
	ssize_t len;

	get_random_bytes(m->master, sizeof(m->master));
	get_random_bytes(iv, sizeof(iv));
	get_random_bytes(name, sizeof(name));
	scnprintf(m->master_desc, sizeof(m->master_desc), "user:tkm-%*phN",
		  (int)sizeof(name), name);
	len = tkm_encrypted_text(consumer, m->master_desc, m->master, iv,
				 m->key, m->len, m->payload,
				 sizeof(m->payload) - 1);
	if (len < 0)
		return -EIO;
	m->payload_len = len;
	return 0;
}

static int payload_make(struct material *m, enum tkm_consumer consumer)
{
	switch (consumer) {
	case TKM_CONSUMER_LOGON:
	case TKM_CONSUMER_USER:
		payload_plain(m);
		return 0;
	case TKM_CONSUMER_FSCRYPT:
		payload_fscrypt(m);
		return 0;
	case TKM_CONSUMER_ENCRYPTED:
	case TKM_CONSUMER_ECRYPTFS:
		return payload_encrypted(m, consumer);
	}
	return -EOPNOTSUPP;
}

/**
 * tkm_publish_wrong_size() - why a publish is refused, into the log
 * @req: consumer, publish_desc
 * @len: of what would be published
 *
 * Return: -EMSGSIZE.
 */
int tkm_publish_wrong_size(const struct tkm_request *req, unsigned int len)
{
	struct tkm_sizes sizes = tkm_consumer_sizes(req->consumer);

	pr_notice_ratelimited("publish %s:%s: such a key has %u to %u bytes and this one %u; derive=LABEL makes them\n",
			      tkm_consumer_type(req->consumer),
			      req->publish_desc, sizes.min, sizes.max, len);
	return -EMSGSIZE;
}

static int material_fill(struct material *m, const struct tkm_payload *payload,
			 const struct tkm_request *req)
{
	if (req->derive[0]) {
		m->len = req->len;
		tkm_consumer_derive(payload->data, payload->data_len,
				    req->derive, m->key, m->len);
	} else {
		m->len = payload->data_len;
		memcpy(m->key, payload->data, m->len);
	}
	if (!tkm_consumer_takes(req->consumer, m->len))
		return tkm_publish_wrong_size(req, m->len);
	return payload_make(m, req->consumer);
}

/* A key with this payload, linked into @keyring, and a reference on it. */
static struct key *key_make(struct key_type *type, const char *desc,
			    key_perm_t perm, const void *data, size_t len,
			    struct key *keyring)
{
	const struct cred *cred = current_cred();
	struct key *key;
	int ret;

	key = key_alloc(type, desc, cred->fsuid, cred->fsgid, cred, perm,
			KEY_ALLOC_IN_QUOTA, NULL);
	if (IS_ERR(key))
		return key;
	ret = key_instantiate_and_link(key, data, len, keyring, NULL);
	if (!ret)
		return key;
	key_put(key);
	return ERR_PTR(ret);
}

/*
 * The type looks for the master in the keyrings of whoever makes the key. For
 * a moment that is us with a keyring of our own, where nobody else looks; the
 * owner, the quota and the keyring that the key goes to stay the caller's.
 */
static struct key *encrypted_make(struct key_type *type, const char *desc,
				  const struct material *m, struct key *keyring)
{
	const struct cred *old;
	struct cred *cred;
	struct key *ring, *master, *key;

	cred = prepare_creds();
	if (!cred)
		return ERR_PTR(-ENOMEM);
	ring = keyring_alloc(".tkm", cred->fsuid, cred->fsgid, cred,
			     KEY_POS_ALL & ~KEY_POS_SETATTR,
			     KEY_ALLOC_NOT_IN_QUOTA, NULL, NULL);
	if (IS_ERR(ring)) {
		put_cred(cred);
		return ring;
	}
	key_put(cred->thread_keyring);
	cred->thread_keyring = ring;
	old = override_creds(cred);
	master = key_make(&key_type_user, m->master_desc + strlen("user:"),
			  KEY_POS_SEARCH, m->master, sizeof(m->master), ring);
	if (IS_ERR(master)) {
		key = master;
	} else {
		key = key_make(type, desc, PUBLISHED_PERM, m->payload,
			       m->payload_len, keyring);
		key_invalidate(master);
		key_put(master);
	}
	revert_creds(old);
	put_cred(cred);
	return key;
}

static struct key *consumer_make(struct key_type *type,
				 const struct tkm_request *req,
				 const struct material *m, struct key *keyring)
{
	key_perm_t perm = PUBLISHED_PERM;

	if (m->master_desc[0])
		return encrypted_make(type, req->publish_desc, m, keyring);
	if (req->consumer == TKM_CONSUMER_USER)
		perm |= KEY_POS_READ;
	return key_make(type, req->publish_desc, perm, m->payload,
			m->payload_len, keyring);
}

static struct key *make(const struct tkm_payload *payload,
			const struct tkm_request *req, struct key *keyring)
{
	struct key_type *type = consumer_type(req->consumer);
	struct material *m;
	struct key *key;
	int ret;

	if (!type)
		return ERR_PTR(-EOPNOTSUPP);
	m = kzalloc(sizeof(*m), GFP_KERNEL);
	if (!m)
		return ERR_PTR(-ENOMEM);
	ret = material_fill(m, payload, req);
	key = ret ? ERR_PTR(ret) : consumer_make(type, req, m, keyring);
	kfree_sensitive(m);
	return key;
}

/* ---- publish and unpublish ---- */

static bool is_of(const struct published_key *p, const struct key *like)
{
	return p->key->type == like->type &&
	       !strcmp(p->key->description, like->description);
}

/* @fresh is in its place; what was published there before goes. */
static void add(struct tkm_published *published, struct published_key *fresh)
{
	struct published_key *p, *next;
	LIST_HEAD(dead);

	spin_lock(&publish_lock);
	list_for_each_entry_safe(p, next, &published->keys, link)
		if (p->keyring == fresh->keyring && is_of(p, fresh->key))
			list_move(&p->link, &dead);
	list_add(&fresh->link, &published->keys);
	spin_unlock(&publish_lock);
	revoke_keys(&dead);
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
 * tkm_publish() - put a payload's key into a consumer's key
 * @key: the tkm key; its sem is held for writing
 * @payload: what @key holds: data
 * @req: consumer, publish_desc, derive, len
 * @keyring: where it is linked; the caller may write to it
 * @slot: where @key remembers what it published
 *
 * In the current task's name and quota. One of the same name that @key put
 * into @keyring before is replaced, and revoked. No TPM command. Takes
 * @keyring's sem and key_construction_mutex, never key_types_sem.
 *
 * Return: 0; -EMSGSIZE for a size that the consumer does not take (the kernel
 * log says which it does); -EOPNOTSUPP for a consumer that this kernel has
 * not; -EDQUOT; -ENOMEM; what linking into @keyring gives.
 */
int tkm_publish(struct key *key, const struct tkm_payload *payload,
		const struct tkm_request *req, struct key *keyring,
		struct tkm_published **slot)
{
	struct tkm_published *published;
	struct published_key *p;
	struct key *made;
	time64_t expires = tkm_key_expires(key);

	if (payload->rec.not_after)
		expires = min_t(time64_t, expires, payload->rec.not_after);
	if (payload->rec.protect_until)
		expires = min_t(time64_t, expires, payload->rec.protect_until);
	p = kmalloc(sizeof(*p), GFP_KERNEL);
	published = published_of(key, payload, slot);
	if (!p || !published) {
		kfree(p);
		return -ENOMEM;
	}
	forget_dead(published);
	made = make(payload, req, keyring);
	if (IS_ERR(made)) {
		kfree(p);
		return PTR_ERR(made);
	}
	/* Not a second longer than the key it came from. */
	if (expires != TIME64_MAX)
		key_set_timeout(made,
				max_t(time64_t, 1,
				      expires - ktime_get_real_seconds()));
	p->key = made;
	p->keyring = keyring->serial;
	add(published, p);
	return 0;
}

/**
 * tkm_unpublish() - revoke what a key has published
 * @req: consumer and publish_desc; an empty publish_desc means all of it
 * @published: the key's; may be NULL; the caller holds the key's sem for writing
 *
 * Return: 0; -ENOENT when nothing of that name was published and still lives.
 */
int tkm_unpublish(const struct tkm_request *req,
		  struct tkm_published *published)
{
	const char *type = tkm_consumer_type(req->consumer);
	struct published_key *p, *next;
	LIST_HEAD(dead);
	bool found;

	if (!published)
		return -ENOENT;
	forget_dead(published);
	spin_lock(&publish_lock);
	list_for_each_entry_safe(p, next, &published->keys, link)
		if (!req->publish_desc[0] ||
		    (!strcmp(p->key->type->name, type) &&
		     !strcmp(p->key->description, req->publish_desc)))
			list_move(&p->link, &dead);
	spin_unlock(&publish_lock);
	found = !list_empty(&dead);
	revoke_keys(&dead);
	return found ? 0 : -ENOENT;
}

/* ---- init ---- */

/*
 * By name a type can only be used under key_types_sem. So one key is made by
 * name now, when nothing is locked, and says where its type is: built in, and
 * never unregistered. -ENOMEM: that must not look like a kernel without fscrypt,
 * for as long as the module stays.
 */
static int fscrypt_type_find(void)
{
	const struct fscrypt_provisioning_key_payload head = {
		.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER,
	};
	u8 payload[sizeof(head) + FSCRYPT_MAX_KEY_SIZE] = {};
	struct key *ring;
	key_ref_t ref;
	int ret = 0;

	if (!IS_BUILTIN(CONFIG_FS_ENCRYPTION))
		return 0;
	memcpy(payload, &head, sizeof(head));
	ring = keyring_alloc(".tkm", GLOBAL_ROOT_UID, GLOBAL_ROOT_GID,
			     current_cred(), KEY_POS_ALL & ~KEY_POS_SETATTR,
			     KEY_ALLOC_NOT_IN_QUOTA, NULL, NULL);
	if (IS_ERR(ring))
		return PTR_ERR(ring);
	ref = key_create_or_update(make_key_ref(ring, true),
				   tkm_consumer_type(TKM_CONSUMER_FSCRYPT),
				   "tkm", payload, sizeof(payload),
				   KEY_POS_SEARCH, KEY_ALLOC_NOT_IN_QUOTA);
	if (!IS_ERR(ref)) {
		fscrypt_type = key_ref_to_ptr(ref)->type;
		key_ref_put(ref);
	} else if (PTR_ERR(ref) == -ENOMEM) {
		ret = -ENOMEM;
	}
	key_put(ring);
	return ret;
}

int tkm_publish_init(void)
{
	int ret;

	publish_wq = alloc_workqueue("tkm_publish", WQ_UNBOUND, 0);
	if (!publish_wq)
		return -ENOMEM;
	ret = fscrypt_type_find();
	if (ret)
		destroy_workqueue(publish_wq);
	return ret;
}

void tkm_publish_exit(void)
{
	cancel_delayed_work_sync(&watcher);
	destroy_workqueue(publish_wq);
}
