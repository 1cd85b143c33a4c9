// SPDX-License-Identifier: GPL-2.0
/*
 * Domains with passwords or policies, and the key type `tkm-domain`.
 *
 * A domain with a policy has a TDK that wants an approval whenever something is
 * loaded or made right below it, and so have the ASKs below it: there is nothing
 * to unlock, and the rest of this file is about passwords.
 *
 * A domain with a password has a TDK with an authValue, which the TPM asks for
 * whenever something is loaded or made right below it, and guards against
 * guessing. While the domain is unlocked the authValue is here, in the struct
 * tkm_domain that the TDK's node owns.
 *
 * It is unlocked by a key of type tkm-domain, and for as long as one of them
 * lives that did so: until it is revoked, unlinked, or its time is over, or the
 * session ends whose keyring has it. Then, and at the word `lock`, the value is
 * wiped, keys of the domain are revoked, what they published with them, and the
 * contexts of its ASKs are dropped. Such a span is a period; what was opened in
 * one is of no use in another.
 *
 * The TPM counts wrong passwords of all of its users together. So that one of
 * them does not use up what it allows, tries are counted here first, and some are
 * refused before the TPM sees them: how long one has to wait is a domain's, how many
 * of the TPM's tries are left an owner's, who may have two.
 *
 * Locking: domain_lock, a spinlock and a leaf, protects everything of a struct
 * tkm_domain, the openers' list, the lists of payloads, and the typists, whom
 * the bus's worker alone changes.
 */
#define pr_fmt(fmt) "tkm: " fmt

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/user_namespace.h>
#include <linux/workqueue.h>

#include "tkm_internal.h"
#include "netlink.h"

#define OPENER		0
#define UPDATE		1

#define QUOTA_BYTES	64
#define BRANCH_MAX	4096
/* What a chain may have as a private part. */
#define PRIVATE_MAX	1024

/* After so many wrong passwords in a row each next one has to wait. */
#define FREE_TRIES	3
#define WAIT_MAX	3600

struct tkm_domain {
	u64 period;			/* 0 while it is locked */
	unsigned int changes;		/* of its password */
	struct tkm_auth auth;
	struct list_head payloads;	/* tkm_payload.live */
};

/**
 * struct opener - what a tkm-domain key holds
 * @link: in openers, empty when it does not keep its domain unlocked
 * @rcu: describe looks at it under RCU only
 * @node: the TDK, with a reference
 * @until: seconds since boot, 0 for as long as the key lives
 * @policy: the domain has no password, and this opens nothing
 */
struct opener {
	struct list_head link;
	struct rcu_head rcu;
	struct tkm_node *node;
	time64_t until;
	bool policy;
};

static DEFINE_SPINLOCK(domain_lock);
static LIST_HEAD(openers);
/* Payloads whose keys are to be revoked. */
static LIST_HEAD(ending);
static u64 last_period;

static struct workqueue_struct *domain_wq;
static void end_work(struct work_struct *work);
static DECLARE_WORK(ender, end_work);
static void expire_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(expirer, expire_work);

/* ---- periods ---- */

static time64_t now(void)
{
	return ktime_get_boottime_seconds();
}

static bool is_over(const struct opener *opener)
{
	return opener->until && opener->until <= now();
}

/* Whether anything keeps it unlocked. */
static bool is_open(const struct tkm_domain *domain)
{
	const struct opener *opener;

	lockdep_assert_held(&domain_lock);
	if (!domain->period)
		return false;
	list_for_each_entry(opener, &openers, link)
		if (tkm_node_domain(opener->node) == domain && !is_over(opener))
			return true;
	return false;
}

/* What is not open any more is locked. */
static void settle(struct tkm_domain *domain)
{
	lockdep_assert_held(&domain_lock);
	if (!domain->period || is_open(domain))
		return;
	domain->period = 0;
	memzero_explicit(&domain->auth, sizeof(domain->auth));
	list_splice_tail_init(&domain->payloads, &ending);
	queue_work(domain_wq, &ender);
}

struct tkm_domain *tkm_domain_alloc(void)
{
	struct tkm_domain *domain = kzalloc(sizeof(*domain), GFP_KERNEL);

	if (domain)
		INIT_LIST_HEAD(&domain->payloads);
	return domain;
}

void tkm_domain_free(struct tkm_domain *domain)
{
	kfree_sensitive(domain);
}

/**
 * tkm_domain_auth() - what opens a TDK
 * @domain: whose, or NULL for a storage key that no password guards
 * @auth: a copy, to be wiped; left alone for NULL
 *
 * Return: 0; -ENOKEY while it is locked.
 */
int tkm_domain_auth(struct tkm_domain *domain, struct tkm_auth *auth)
{
	bool open;

	if (!domain)
		return 0;
	spin_lock(&domain_lock);
	open = is_open(domain);
	if (open)
		*auth = domain->auth;
	spin_unlock(&domain_lock);
	if (!open)
		pr_notice_ratelimited("a key was asked for of a domain that is locked\n");
	return open ? 0 : -ENOKEY;
}

u64 tkm_domain_period(struct tkm_domain *domain)
{
	u64 period;

	if (!domain)
		return 0;
	spin_lock(&domain_lock);
	period = is_open(domain) ? domain->period : 0;
	spin_unlock(&domain_lock);
	return period;
}

/**
 * tkm_domain_check() - whether a domain is unlocked still, or has no password
 * @payload: of one of its keys, or of any other
 *
 * Return: 0; -ENOKEY when it was locked since the payload was opened.
 */
int tkm_domain_check(const struct tkm_payload *payload)
{
	struct tkm_domain *domain = tkm_node_domain(payload->node);

	if (!domain || tkm_domain_period(domain) == payload->period)
		return domain && !payload->period ? -ENOKEY : 0;
	return -ENOKEY;
}

/**
 * tkm_domain_join() - a payload gets a key
 * @payload: opened in a period
 * @key: that gets it; without a reference: tkm_domain_leave() comes first
 *
 * Does not sleep. Return: 0; -ENOKEY when the period is over.
 */
int tkm_domain_join(struct tkm_payload *payload, struct key *key)
{
	struct tkm_domain *domain = tkm_node_domain(payload->node);
	int ret = 0;

	if (!domain)
		return 0;
	spin_lock(&domain_lock);
	if (payload->period && domain->period == payload->period &&
	    is_open(domain)) {
		payload->key = key;
		list_add_tail(&payload->live, &domain->payloads);
	} else {
		ret = -ENOKEY;
	}
	spin_unlock(&domain_lock);
	return ret;
}

void tkm_domain_leave(struct tkm_payload *payload)
{
	if (!payload || !tkm_node_domain(payload->node))
		return;
	spin_lock(&domain_lock);
	list_del_init(&payload->live);
	spin_unlock(&domain_lock);
}

/* ---- the end of a period ---- */

/* The next key to revoke, with a reference; one that is being freed is none. */
static struct key *next_ending(void)
{
	struct tkm_payload *payload;
	struct key *key = NULL;

	spin_lock(&domain_lock);
	while (!key && !list_empty(&ending)) {
		payload = list_first_entry(&ending, struct tkm_payload, live);
		list_del_init(&payload->live);
		if (refcount_inc_not_zero(&payload->key->usage))
			key = payload->key;
	}
	spin_unlock(&domain_lock);
	return key;
}

static void end_work(struct work_struct *work)
{
	struct key *key;

	while ((key = next_ending())) {
		/* Its payload is wiped at once; then nothing finds it. */
		key_revoke(key);
		key_invalidate(key);
		key_put(key);
	}
	tkm_bus_forget_locked();
}

/* Looks which time is over, and when the next will be. */
static void expire_work(struct work_struct *work)
{
	struct opener *opener, *next;
	time64_t soonest = 0, at = now();
	struct tkm_domain *domain;

	spin_lock(&domain_lock);
	list_for_each_entry_safe(opener, next, &openers, link) {
		if (is_over(opener)) {
			domain = tkm_node_domain(opener->node);
			list_del_init(&opener->link);
			settle(domain);
		} else if (opener->until &&
			   (!soonest || opener->until < soonest)) {
			soonest = opener->until;
		}
	}
	spin_unlock(&domain_lock);
	if (soonest)
		mod_delayed_work(domain_wq, &expirer, (soonest - at) * HZ);
}

/*
 * The domain is unlocked by this; -EKEYREJECTED when its password is another one
 * since this was proven. (The TPM would count each use of the old one.)
 */
static int opener_begin(struct opener *opener, const struct tkm_auth *auth,
			unsigned int changes)
{
	struct tkm_domain *domain = tkm_node_domain(opener->node);

	spin_lock(&domain_lock);
	if (domain->changes != changes) {
		spin_unlock(&domain_lock);
		return -EKEYREJECTED;
	}
	settle(domain);
	if (!domain->period)
		domain->period = ++last_period;
	domain->auth = *auth;
	list_add_tail(&opener->link, &openers);
	spin_unlock(&domain_lock);
	if (opener->until)
		mod_delayed_work(domain_wq, &expirer, 0);
	return 0;
}

static void opener_free(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct opener, rcu));
	module_put(THIS_MODULE);
}

/* And not any more. */
static void opener_end(struct opener *opener)
{
	if (!opener)
		return;
	spin_lock(&domain_lock);
	if (!list_empty(&opener->link)) {
		list_del_init(&opener->link);
		settle(tkm_node_domain(opener->node));
	}
	spin_unlock(&domain_lock);
	tkm_node_put(opener->node);
	call_rcu(&opener->rcu, opener_free);
}

/* At once, whoever unlocked it. */
static void close_all(struct tkm_domain *domain)
{
	struct opener *opener, *next;

	lockdep_assert_held(&domain_lock);
	list_for_each_entry_safe(opener, next, &openers, link)
		if (tkm_node_domain(opener->node) == domain)
			list_del_init(&opener->link);
	settle(domain);
}

static void lock_now(struct tkm_domain *domain)
{
	spin_lock(&domain_lock);
	close_all(domain);
	spin_unlock(&domain_lock);
	flush_work(&ender);
}

static unsigned int changes_of(struct tkm_domain *domain)
{
	unsigned int changes;

	spin_lock(&domain_lock);
	changes = domain->changes;
	spin_unlock(&domain_lock);
	return changes;
}

static void change_auth(struct tkm_domain *domain, const struct tkm_auth *auth)
{
	spin_lock(&domain_lock);
	domain->changes++;
	if (domain->period)
		domain->auth = *auth;
	spin_unlock(&domain_lock);
}

/* ---- who is unlocked ---- */

static u32 left_of(const struct opener *opener)
{
	return opener->until ? opener->until - now() : 0;
}

/* One more that keeps the same domain unlocked. */
static void count_opener(struct tkm_unlocked *is, const struct opener *opener)
{
	u32 left = left_of(opener);

	if (!is->openers++)
		is->left = left;
	else if (is->left)
		is->left = left ? max(is->left, left) : 0;
}

/**
 * tkm_domain_next() - the domains that are unlocked, one after the other
 * @after: period of the one before, 0 for the first
 * @is: the next one
 *
 * Takes domain_lock, and does not sleep. Return: whether there is one.
 */
bool tkm_domain_next(u64 after, struct tkm_unlocked *is)
{
	const struct tkm_record *rec;
	const struct opener *opener;
	u64 period;

	memset(is, 0, sizeof(*is));
	spin_lock(&domain_lock);
	list_for_each_entry(opener, &openers, link) {
		period = tkm_node_domain(opener->node)->period;
		if (period <= after || is_over(opener) ||
		    (is->period && period > is->period))
			continue;
		rec = tkm_node_record(opener->node);
		if (period != is->period)
			*is = (struct tkm_unlocked){
				.owner = rec->owner,
				.side = rec->side,
				.period = period,
			};
		count_opener(is, opener);
	}
	spin_unlock(&domain_lock);
	return is->period;
}

static struct tkm_domain *open_domain_of(u32 owner, enum tkm_side side)
{
	const struct tkm_record *rec;
	const struct opener *opener;

	lockdep_assert_held(&domain_lock);
	list_for_each_entry(opener, &openers, link) {
		rec = tkm_node_record(opener->node);
		if (rec->owner == owner && rec->side == side)
			return tkm_node_domain(opener->node);
	}
	return NULL;
}

/**
 * tkm_domain_lock() - lock a domain at once, whoever unlocked it
 * @owner: uid
 * @side: of the border
 *
 * Its keys are of no use when this returns; they are revoked a little later. Takes
 * domain_lock, and does not sleep. Return: 0; -ENOKEY when it is not unlocked.
 */
int tkm_domain_lock(u32 owner, enum tkm_side side)
{
	struct tkm_domain *domain;
	int ret = -ENOKEY;

	spin_lock(&domain_lock);
	/* After another SRK was pinned, there may be the one under the old one, too. */
	while ((domain = open_domain_of(owner, side))) {
		if (is_open(domain))
			ret = 0;
		close_all(domain);
	}
	spin_unlock(&domain_lock);
	return ret;
}

/* ---- tries ---- */

/* Wrong passwords of one domain. */
struct streak {
	unsigned int wrong;		/* in a row */
	time64_t next;			/* seconds since boot: not before that */
};

/**
 * struct typist - who types passwords
 * @link: in typists
 * @owner: uid
 * @streak: of the owner's domain on either side
 * @spent: tries that the TPM has counted, and not forgotten
 * @since: when it forgot one last, or began to count
 * @most: of them that are one user's, as the TPM said last
 * @interval: seconds after which it forgets one
 */
struct typist {
	struct list_head link;
	u32 owner;
	struct streak streak[TKM_SIDE_OTHER + 1];
	unsigned int spent;
	time64_t since;
	unsigned int most;
	u32 interval;
};

static LIST_HEAD(typists);

static struct typist *find_typist(u32 owner)
{
	struct typist *typist;

	lockdep_assert_held(&domain_lock);
	list_for_each_entry(typist, &typists, link)
		if (typist->owner == owner)
			return typist;
	return NULL;
}

static bool is_remembered(const struct typist *typist)
{
	unsigned int side;

	for (side = 0; side < ARRAY_SIZE(typist->streak); side++)
		if (typist->streak[side].next + WAIT_MAX >= now())
			return true;
	return typist->spent;
}

/* Of whom nothing is remembered that counts. */
static void forget_typists(void)
{
	struct typist *typist, *next;

	lockdep_assert_held(&domain_lock);
	list_for_each_entry_safe(typist, next, &typists, link) {
		if (!is_remembered(typist)) {
			list_del(&typist->link);
			kfree(typist);
		}
	}
}

/* For the worker. */
static struct typist *typist_of(u32 owner)
{
	struct typist *fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
	struct typist *typist;

	spin_lock(&domain_lock);
	typist = find_typist(owner);
	if (!typist && fresh) {
		forget_typists();
		typist = fresh;
		fresh = NULL;
		typist->owner = owner;
		list_add(&typist->link, &typists);
	}
	spin_unlock(&domain_lock);
	kfree(fresh);
	return typist;
}

static int wait_for(const struct typist *typist, const struct streak *streak)
{
	pr_notice_ratelimited("uid %u has to wait for %lld s with the next password\n",
			      typist->owner, streak->next - now());
	return -EAGAIN;
}

/* As the TPM does: one for each interval. */
static void forget_tries(struct typist *typist)
{
	lockdep_assert_held(&domain_lock);
	if (!typist->spent || !typist->interval) {
		typist->spent = 0;
		typist->since = now();
	}
	while (typist->spent && now() - typist->since >= typist->interval) {
		typist->spent--;
		typist->since += typist->interval;
	}
}

/* False: all that are one user's are spent, and when there is one again is known. */
static bool has_tries(struct typist *typist, struct streak *streak,
		      const struct tkm_lockout *lockout)
{
	bool has;

	spin_lock(&domain_lock);
	typist->most = lockout->max / 2;
	typist->interval = lockout->interval;
	forget_tries(typist);
	has = !typist->spent || typist->spent < typist->most;
	if (!has)
		streak->next = typist->since + typist->interval;
	spin_unlock(&domain_lock);
	return has;
}

/*
 * Half of what the TPM allows all of its users is a user's, for all domains together;
 * and the last one is nobody's, for it would lock the others out. -EAGAIN, -EBUSY.
 */
static int may_try(struct tkm_bus *bus, struct typist *typist,
		   struct streak *streak)
{
	struct tkm_lockout lockout;
	int ret;

	ret = tkm_tpm_lockout(bus, &lockout);
	if (ret)
		return ret;
	if (!has_tries(typist, streak, &lockout))
		return wait_for(typist, streak);
	if (lockout.counter + 1 >= lockout.max) {
		pr_notice_ratelimited("the TPM has seen %u wrong passwords of %u: none is tried before it forgets one (%u s)\n",
				      lockout.counter, lockout.max,
				      lockout.interval);
		return -EBUSY;
	}
	return 0;
}

static void try_failed(struct typist *typist, struct streak *streak)
{
	unsigned int more;

	spin_lock(&domain_lock);
	typist->spent++;
	streak->wrong++;
	if (streak->wrong >= FREE_TRIES) {
		more = min(streak->wrong - FREE_TRIES, 12U);
		streak->next = now() + min(1 << more, WAIT_MAX);
	}
	spin_unlock(&domain_lock);
}

static void try_succeeded(struct streak *streak)
{
	spin_lock(&domain_lock);
	*streak = (struct streak){};
	spin_unlock(&domain_lock);
}

/**
 * tkm_domain_tries() - what came of the passwords of a domain
 * @owner: uid
 * @side: of the border
 * @tries: the result
 *
 * Return: whether any was wrong that still counts, for the owner's other one, too.
 */
bool tkm_domain_tries(u32 owner, enum tkm_side side, struct tkm_tries *tries)
{
	struct typist *typist;
	time64_t next = 0;

	memset(tries, 0, sizeof(*tries));
	spin_lock(&domain_lock);
	typist = find_typist(owner);
	if (typist) {
		forget_tries(typist);
		tries->wrong = typist->streak[side].wrong;
		tries->spent = typist->spent;
		if (typist->most > typist->spent)
			tries->left = typist->most - typist->spent;
		next = typist->streak[side].next;
		if (typist->spent && !tries->left)
			next = max(next, typist->since + typist->interval);
	}
	if (next > now())
		tries->wait = next - now();
	spin_unlock(&domain_lock);
	return tries->wrong || tries->spent;
}

/* ---- the TPM ---- */

/**
 * struct domain_op - an operation on a domain
 * @op: for the bus
 * @command: what to do
 * @of: the domain; its strings are @label, and "@"
 * @label: what the key is called
 * @auth: the password
 * @fresh: the new one, of passwd; else the same
 * @guard: new: what its policy is made of; nothing when it has a password
 * @branch: that the helper keeps, in @branch_der; n 0 for none
 * @branch_der: of kmalloc's
 * @srk: Name that it was made under
 * @node: the TDK, with a reference
 * @made: it is not known to the hierarchy yet
 * @changes: of its password, when @auth was proven
 * @priv: its new private part; NULL once it has it
 * @priv_len: its length
 * @kept: TKMRK and TDK as they are to be kept
 * @kept_len: their length
 */
struct domain_op {
	struct tkm_op op;
	enum tkm_domain_command command;
	struct tkm_caller of;
	char label[TKM_LABEL_MAX + 1];
	struct tkm_auth auth;
	struct tkm_auth fresh;
	struct tkm_guard guard;
	struct tkm_chain branch;
	u8 *branch_der;
	u8 srk[TKM_NAME_SIZE];
	struct tkm_node *node;
	bool made;
	unsigned int changes;
	u8 *priv;
	u16 priv_len;
	u8 kept[BRANCH_MAX];
	size_t kept_len;
};

static void domain_release(struct tkm_op *op)
{
	struct domain_op *d = container_of(op, struct domain_op, op);

	if (d->made)
		tkm_hierarchy_abandon(d->node);
	else
		tkm_node_put(d->node);
	kfree(d->branch_der);
	kfree(d->priv);
	kfree_sensitive(d);
}

static int keep(struct domain_op *d, struct tkm_piece priv)
{
	ssize_t n = tkm_hierarchy_branch(d->node, priv, d->kept,
					 sizeof(d->kept));

	d->kept_len = n;
	return n < 0 ? n : 0;
}

static int new_run(struct tkm_bus *bus, struct domain_op *d)
{
	struct tkm_node *node;

	node = tkm_hierarchy_guard(bus, &d->of, &d->branch, &d->auth,
				   d->guard.authorize_len ? &d->guard : NULL);
	if (IS_ERR(node))
		return PTR_ERR(node);
	d->node = node;
	d->made = true;
	return keep(d, (struct tkm_piece){});
}

/* The TDK, and the private part to try: the helper's, if it has one. */
static int find_tdk(struct tkm_bus *bus, struct domain_op *d,
		    struct tkm_piece *priv)
{
	const struct tkm_object *obj = &d->branch.obj[1];
	int ret;

	if (d->branch.n == 2 && !obj->empty_auth && !d->node) {
		ret = tkm_hierarchy_adopt_domain(bus, &d->branch, &d->node);
		if (ret)
			return ret;
	}
	if (!d->node)
		d->node = tkm_hierarchy_guarded(d->of.owner, d->of.side);
	/* One with a policy has nothing that could be proven. */
	if (!d->node || !tkm_node_domain(d->node))
		return -ENOKEY;
	*priv = tkm_node_private(d->node);
	if (d->branch.n == 2 && !obj->empty_auth)
		*priv = (struct tkm_piece){ obj->priv, obj->priv_len };
	return 0;
}

static int prove_run(struct tkm_bus *bus, struct domain_op *d)
{
	struct typist *typist = typist_of(d->of.owner);
	struct tkm_piece priv;
	struct streak *streak;
	int ret;

	if (!typist)
		return -ENOMEM;
	streak = &typist->streak[d->of.side];
	if (streak->next > now())
		return wait_for(typist, streak);
	ret = find_tdk(bus, d, &priv);
	if (!ret)
		ret = may_try(bus, typist, streak);
	if (ret)
		return ret;
	if (!d->priv)
		d->priv = kmalloc(PRIVATE_MAX, GFP_KERNEL);
	if (!d->priv)
		return -ENOMEM;
	ret = tkm_hierarchy_prove(bus, d->node, priv, &d->auth, &d->fresh,
				  d->priv, PRIVATE_MAX, &d->priv_len);
	if (ret == -EKEYREJECTED && !bus->again)
		try_failed(typist, streak);
	if (ret)
		return ret;
	try_succeeded(streak);
	d->changes = changes_of(tkm_node_domain(d->node));
	if (d->command == TKM_DOMAIN_PASSWD)
		return keep(d, (struct tkm_piece){ d->priv, d->priv_len });
	/* The helper's is the one that the password belongs to. */
	if (priv.data != tkm_node_private(d->node).data) {
		memcpy(d->priv, priv.data, priv.len);
		tkm_node_set_private(d->node, d->priv, priv.len);
		d->priv = NULL;
	}
	return 0;
}

static int domain_run(struct tkm_bus *bus, struct tkm_op *op)
{
	struct domain_op *d = container_of(op, struct domain_op, op);
	int ret;

	ret = tkm_hierarchy_open(bus, d->branch.n ? d->srk : NULL);
	if (!ret)
		ret = tkm_session_start(bus, false);
	if (ret)
		return ret;
	return d->command == TKM_DOMAIN_NEW ? new_run(bus, d) :
					      prove_run(bus, d);
}

/*
 * What the helper keeps is what counts from now on. Nothing is loaded between the
 * private part and its password.
 */
static int commit_run(struct tkm_bus *bus, struct tkm_op *op)
{
	struct domain_op *d = container_of(op, struct domain_op, op);

	if (d->made) {
		tkm_hierarchy_add(d->node);
		d->made = false;
	}
	if (d->priv) {
		tkm_node_set_private(d->node, d->priv, d->priv_len);
		d->priv = NULL;
		change_auth(tkm_node_domain(d->node), &d->fresh);
	}
	return 0;
}

/* The domain's storage keys that the helper keeps: none is no error. */
static int ask_helper(struct domain_op *d)
{
	size_t len;
	int ret;

	ret = tkm_helper_branch(&d->of, &d->branch_der, &len);
	if (ret)
		return ret == -ENOKEY ? 0 : ret;
	ret = tkm_branch_decode(d->branch_der, len, &d->branch);
	if (ret)
		return ret;
	/* An application is not asked for. */
	d->branch.n = min(d->branch.n, 2U);
	ret = tkm_branch_verify(&d->branch, &d->of, d->srk);
	if (ret)
		return ret;
	if (d->command == TKM_DOMAIN_NEW && d->branch.n == 2 &&
	    (!d->branch.obj[1].empty_auth || d->branch.obj[1].policy.n))
		return -EEXIST;
	return 0;
}

static int domain_work(struct domain_op *d)
{
	int ret;

	if (d->command == TKM_DOMAIN_PASSWD && !tkm_helper_is_there())
		return -ENOTCONN;
	ret = ask_helper(d);
	if (!ret)
		ret = tkm_bus_run(&d->op);
	if (ret || d->command == TKM_DOMAIN_UNLOCK)
		return ret;
	ret = tkm_helper_keep_domain(&d->of, d->kept, d->kept_len);
	/* Nobody else has the new private part; the next boot would not know it. */
	if (!ret && d->command == TKM_DOMAIN_PASSWD)
		ret = -ENOTCONN;
	if (ret < 0)
		return ret;
	d->op.run = commit_run;
	return tkm_bus_run(&d->op);
}

static struct domain_op *domain_op_new(enum tkm_domain_command command,
				       const char *label,
				       const struct tkm_auth *auth,
				       const struct tkm_auth *fresh)
{
	struct domain_op *d = kzalloc(sizeof(*d), GFP_KERNEL);

	if (!d)
		return NULL;
	tkm_op_init(&d->op, domain_run, domain_release);
	d->command = command;
	strscpy(d->label, label, sizeof(d->label));
	tkm_caller_now(&d->of);
	d->of.app = "@";
	d->of.label = d->label;
	d->auth = *auth;
	d->fresh = *fresh;
	return d;
}

/* -ENOKEY for a name that stands for nothing. */
static int guard_of(const char *name, struct tkm_guard *guard)
{
	int ret = tkm_policies_guard(name, guard);

	/* Registers as they are now would be the end of all keys beneath. */
	return !ret && guard->pcrs.mask ? -EOPNOTSUPP : ret;
}

/* new and unlock: an opener, or an ERR_PTR. */
static struct opener *domain_open(const struct tkm_domain_request *req,
				  const char *label,
				  const struct tkm_auth *auth)
{
	struct opener *opener;
	struct domain_op *d;
	int ret;

	if (!try_module_get(THIS_MODULE))
		return ERR_PTR(-ENODEV);
	d = domain_op_new(req->command, label, auth, auth);
	opener = kzalloc(sizeof(*opener), GFP_KERNEL);
	ret = d && opener ? guard_of(req->policy, &d->guard) : -ENOMEM;
	ret = ret ?: domain_work(d);
	if (!ret) {
		INIT_LIST_HEAD(&opener->link);
		opener->node = tkm_node_get(d->node);
		if (req->seconds)
			opener->until = now() + req->seconds;
		/* What a policy guards is not locked, nor unlocked by a key. */
		opener->policy = !tkm_node_domain(d->node);
		if (!opener->policy)
			ret = opener_begin(opener, auth, d->changes);
		if (ret)
			tkm_node_put(opener->node);
	}
	if (d)
		tkm_op_put(&d->op);
	if (!ret)
		return opener;
	kfree(opener);
	module_put(THIS_MODULE);
	return ERR_PTR(ret);
}

static int domain_passwd(struct opener *opener, const char *label,
			 const struct tkm_auth *auth,
			 const struct tkm_auth *fresh)
{
	struct domain_op *d;
	int ret;

	d = domain_op_new(TKM_DOMAIN_PASSWD, label, auth, fresh);
	if (!d)
		return -ENOMEM;
	d->node = tkm_node_get(opener->node);
	ret = domain_work(d);
	tkm_op_put(&d->op);
	return ret;
}

/* ---- the key type ---- */

/**
 * struct domain_update - a word on its way from preparse to update
 * @req: the word
 * @auth: the password
 * @fresh: passwd: the new one
 */
struct domain_update {
	struct tkm_domain_request req;
	struct tkm_auth auth;
	struct tkm_auth fresh;
};

static int domain_vet_description(const char *desc)
{
	char app[TKM_APP_MAX + 1], label[TKM_LABEL_MAX + 1];

	/* A label alone. */
	if (strchr(desc, ':'))
		return -EINVAL;
	return tkm_description_parse(desc, app, label);
}

static int audit(enum tkm_domain_command command,
		 const struct tkm_caller *whose, const char *label, int result)
{
	static const u32 events[] = {
		[TKM_DOMAIN_NEW] = TKM_AUDIT_EVENT_DOMAIN_NEW,
		[TKM_DOMAIN_UNLOCK] = TKM_AUDIT_EVENT_UNLOCK,
		[TKM_DOMAIN_LOCK] = TKM_AUDIT_EVENT_LOCK,
		[TKM_DOMAIN_PASSWD] = TKM_AUDIT_EVENT_PASSWD,
	};
	struct tkm_caller of = *whose;

	of.app = "@";
	of.label = label;
	tkm_audit(events[command], &of, result);
	return result;
}

static int prepare(struct key_preparsed_payload *prep, struct domain_update *u)
{
	struct tkm_caller caller;
	struct opener *opener;
	int ret;

	ret = tkm_domain_parse(prep->data, prep->datalen, &u->req);
	/* The keyring has it vetted later. */
	if (!ret && prep->orig_description)
		ret = domain_vet_description(prep->orig_description);
	if (!ret && u->req.auth)
		ret = tkm_auth_get(u->req.auth, &u->auth);
	if (!ret && u->req.fresh)
		ret = tkm_auth_get(u->req.fresh, &u->fresh);
	if (ret || !prep->orig_description)
		return ret;
	/* These make a key; the other words want one. */
	if (u->req.command != TKM_DOMAIN_NEW &&
	    u->req.command != TKM_DOMAIN_UNLOCK)
		return -EINVAL;
	opener = domain_open(&u->req, prep->orig_description, &u->auth);
	tkm_caller_now(&caller);
	ret = audit(u->req.command, &caller, prep->orig_description,
		    PTR_ERR_OR_ZERO(opener));
	if (ret)
		return ret;
	prep->payload.data[OPENER] = opener;
	if (u->req.seconds)
		prep->expiry = ktime_get_real_seconds() + u->req.seconds;
	return 0;
}

static int domain_preparse(struct key_preparsed_payload *prep)
{
	struct domain_update *u;
	int ret;

	if (!prep->data || !prep->datalen)
		return -EINVAL;
	u = kzalloc(sizeof(*u), GFP_KERNEL);
	if (!u)
		return -ENOMEM;
	ret = prepare(prep, u);
	prep->quotalen = QUOTA_BYTES;
	if (!ret && !prep->orig_description)
		prep->payload.data[UPDATE] = u;
	else
		kfree_sensitive(u);
	return ret;
}

static void domain_free_preparse(struct key_preparsed_payload *prep)
{
	opener_end(prep->payload.data[OPENER]);
	kfree_sensitive(prep->payload.data[UPDATE]);
}

static void opener_replace(struct key *key, struct opener *fresh)
{
	struct opener *old = dereference_key_locked(key);

	rcu_assign_keypointer(key, fresh);
	opener_end(old);
}

static int update_key(struct key *key, struct opener *opener,
		      const struct tkm_caller *whose,
		      const struct domain_update *u)
{
	struct tkm_caller caller;
	struct opener *fresh;

	tkm_caller_now(&caller);
	if (whose->owner != caller.owner || whose->side != caller.side)
		return -EPERM;
	if (opener->policy && u->req.command != TKM_DOMAIN_NEW)
		return -EOPNOTSUPP;
	switch (u->req.command) {
	case TKM_DOMAIN_LOCK:
		lock_now(tkm_node_domain(opener->node));
		return 0;
	case TKM_DOMAIN_PASSWD:
		return domain_passwd(opener, key->description, &u->auth,
				     &u->fresh);
	case TKM_DOMAIN_UNLOCK:
		fresh = domain_open(&u->req, key->description, &u->auth);
		if (IS_ERR(fresh))
			return PTR_ERR(fresh);
		opener_replace(key, fresh);
		return 0;
	default:
		return -EINVAL;
	}
}

static int domain_update(struct key *key, struct key_preparsed_payload *prep)
{
	const struct domain_update *u = prep->payload.data[UPDATE];
	struct tkm_caller whose;
	struct opener *opener;
	int ret;

	if (key_is_negative(key))
		return -ENOKEY;
	ret = key_validate(key);
	if (ret)
		return ret;
	opener = dereference_key_locked(key);
	if (!opener)
		return -EKEYREVOKED;
	if (u) {
		whose = tkm_caller_of(tkm_node_record(opener->node));
		ret = update_key(key, opener, &whose, u);
		return audit(u->req.command, &whose, key->description, ret);
	}
	/* add_key found one of this description: it was unlocked anew. */
	opener_replace(key, prep->payload.data[OPENER]);
	prep->payload.data[OPENER] = NULL;
	key->expiry = prep->expiry;
	return 0;
}

static void domain_detach(struct key *key)
{
	struct opener *opener =
		rcu_dereference_protected(key->payload.rcu_data0, true);

	rcu_assign_keypointer(key, NULL);
	opener_end(opener);
}

static void domain_revoke(struct key *key)
{
	key_payload_reserve(key, 0);
	if (key_is_positive(key))
		domain_detach(key);
}

static void domain_destroy(struct key *key)
{
	if (key_is_positive(key))
		domain_detach(key);
}

static void domain_describe(const struct key *key, struct seq_file *m)
{
	const struct opener *opener;
	const char *state = "locked";

	seq_puts(m, key->description);
	if (!key_is_positive(key))
		return;
	rcu_read_lock();
	opener = rcu_dereference(key->payload.rcu_data0);
	spin_lock(&domain_lock);
	if (opener && opener->policy)
		state = "policy";
	else if (opener && !list_empty(&opener->link) && !is_over(opener))
		state = "unlocked";
	spin_unlock(&domain_lock);
	rcu_read_unlock();
	seq_printf(m, ": %s", state);
}

struct key_type tkm_domain_key_type = {
	.name = "tkm-domain",
	.def_datalen = QUOTA_BYTES,
	.vet_description = domain_vet_description,
	.preparse = domain_preparse,
	.free_preparse = domain_free_preparse,
	.instantiate = generic_key_instantiate,
	.update = domain_update,
	.revoke = domain_revoke,
	.destroy = domain_destroy,
	.describe = domain_describe,
};

int tkm_domain_init(void)
{
	domain_wq = alloc_ordered_workqueue("tkm_domain", WQ_FREEZABLE);
	return domain_wq ? 0 : -ENOMEM;
}

void tkm_domain_exit(void)
{
	struct typist *typist, *next;

	cancel_delayed_work_sync(&expirer);
	destroy_workqueue(domain_wq);
	list_for_each_entry_safe(typist, next, &typists, link)
		kfree(typist);
}
