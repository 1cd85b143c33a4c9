// SPDX-License-Identifier: GPL-2.0
/*
 * What the module asks. An answer that says yes is given when the change is on
 * the disk. When nobody waits for it any more, the change is undone, because
 * whoever waited was told that it failed.
 *
 * Whether the answer reached them, only done says. If it cannot tell (no memory),
 * the change stays: a key too many can be removed, one too few is lost.
 */
#include <errno.h>
#include <linux/tkm_netlink.h>

#include "audit.h"
#include "domain.h"

/* Then it is the others' turn. */
#define MANY	256

/* Chains are large, and there is one errand at a time. */
static struct chain before, found;
static enum tkm_state state;
static uint8_t given[TKM_CHAIN_MAX];
/* Not written yet. */
static struct trail_record records[64];
static uint64_t ids[64];
static unsigned int noted;

static int begin(struct kdb *kdb, const struct errand *e)
{
	before.len = 0;
	state = 0;
	switch (e->kind) {
	case TKM_ERRAND_STORE:
		return kdb_store(kdb, &e->name, e->der, e->len, e->state);
	case TKM_ERRAND_REPLACE:
		return kdb_replace(kdb, &e->name, e->der, e->len, &before);
	case TKM_ERRAND_DROP:
		return kdb_put_back(kdb, &e->name, e->der, e->len, NULL);
	case TKM_ERRAND_FIND:
		return kdb_find(kdb, &e->name, &found);
	case TKM_ERRAND_BRANCH:
		return kdb_branch(kdb, &e->name, e->class, &found);
	case TKM_ERRAND_SET_STATE:
		return kdb_set_state(kdb, &e->name, e->der, e->len, e->state);
	case TKM_ERRAND_STATE:
		return kdb_state(kdb, &e->name, e->der, e->len, &state);
	case TKM_ERRAND_DOMAIN:
		return domain_keep(kdb, &e->name, e->der, e->len);
	default:
		log_warning("an errand of kind %u, which this tkmd does not know",
			    e->kind);
		return -EOPNOTSUPP;
	}
}

static bool changes(const struct errand *e)
{
	return e->kind == TKM_ERRAND_STORE || e->kind == TKM_ERRAND_REPLACE;
}

static bool asks(const struct errand *e)
{
	return e->kind == TKM_ERRAND_FIND || e->kind == TKM_ERRAND_BRANCH;
}

static int answer(struct kdb *kdb, const struct errand *e, int ret)
{
	bool yes = !ret && asks(e);
	int done = nl_done(e->id, -ret, yes ? &found : NULL, ret ? 0 : state);

	if (done == -ENOENT && !ret && changes(e))
		return kdb_put_back(kdb, &e->name, e->der, e->len, &before);
	if (done == -ENOENT && !ret && e->kind == TKM_ERRAND_DOMAIN)
		return domain_put_back(kdb, &e->name);
	if (done && done != -ENOENT)
		log_warning("errand %llu: the module does not take the answer: %s",
			    (unsigned long long)e->id, strerror(-done));
	return 0;
}

static int one(struct kdb *kdb, struct errand *e)
{
	int ret;

	/* What it points to is overwritten by the answer to ours. */
	if (e->len > sizeof(given))
		return nl_done(e->id, EIO, NULL, 0);
	if (e->len)
		memcpy(given, e->der, e->len);
	e->der = given;
	if (e->waited_for && !e->deadline)
		return answer(kdb, e, -ETIMEDOUT);
	ret = begin(kdb, e);
	if (ret == -ENOTRECOVERABLE)
		return ret;
	if (ret && ret != -ENOKEY && ret != -EEXIST && ret != -EPERM)
		log_warning("errand %llu: %s", (unsigned long long)e->id,
			    strerror(-ret));
	if (!e->waited_for)
		return 0;
	return answer(kdb, e, ret) == -ENOTRECOVERABLE ? -ENOTRECOVERABLE : 0;
}

/*
 * Records of the audit are written many at a time. The module has them in line
 * until they are done: what cannot be written goes back there, the last one
 * first, which keeps their order.
 */
static int write_down(struct kdb *kdb)
{
	const unsigned int n = noted;
	unsigned int i;
	int ret;

	if (!n)
		return 0;
	noted = 0;
	ret = audit_append(kdb, records, n);
	if (ret == -ENOTRECOVERABLE)
		return ret;
	for (i = 0; i < n; i++)
		nl_done(ids[ret ? n - 1 - i : i], -ret, NULL, 0);
	return 0;
}

static int next(struct kdb *kdb)
{
	struct errand e = { .audit = &records[noted] };
	int ret = nl_accept(&e);

	if (ret == -EPERM || ret == -ENOENT) {
		log_error("the module does not know us any more");
		return ret;
	}
	/* None, or no memory for it: it is looked at again. */
	if (ret)
		return write_down(kdb) ? -ENOTRECOVERABLE : 0;
	if (e.kind != TKM_ERRAND_AUDIT) {
		ret = one(kdb, &e);
	} else {
		ids[noted++] = e.id;
		ret = noted == ARRAY_SIZE(ids) ? write_down(kdb) : 0;
	}
	return ret == -ENOTRECOVERABLE ? ret : 1;
}

int errand_many(struct kdb *kdb)
{
	int left = MANY, ret = 1;

	nl_drain();
	while (ret > 0 && left--)
		ret = next(kdb);
	return ret > 0 && write_down(kdb) ? -ENOTRECOVERABLE : ret;
}
