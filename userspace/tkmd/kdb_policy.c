// SPDX-License-Identifier: GPL-2.0
/*
 * Named policies and their approvals in the database. They are no secrets, but
 * names tell something: rows are sealed, and found by a keyed hash, as keys are.
 */
#include <errno.h>
#include <sqlite3.h>

#include "audit.h"
#include "kdb.h"

/* All of them are as long as the longest. */
#define POLICY_ROOM	(2 + TKM_POLICY_NAME_MAX + 6 + 2 * (2 + POLICY_KEY_MAX))

static size_t policy_write(const struct policy *policy, uint8_t *out,
			   size_t size)
{
	struct tkm_writer w;

	tkm_writer_init(&w, out, size);
	tkm_put_tpm2b(&w, policy->name, strlen(policy->name));
	tkm_put_u16(&w, policy->pcrs.bank);
	tkm_put_u32(&w, policy->pcrs.mask);
	tkm_put_tpm2b(&w, policy->key[0].pub, policy->key[0].len);
	tkm_put_tpm2b(&w, policy->key[1].pub, policy->key[1].len);
	return w.len;
}

static int policy_read(const uint8_t *in, size_t len, struct policy *policy)
{
	struct tkm_reader r;
	const uint8_t *p;
	uint16_t n;
	int i;

	tkm_reader_init(&r, in, len);
	p = tkm_get_tpm2b(&r, &n);
	if (!p || !tkm_policy_name_ok((const char *)p, n))
		return -EBADMSG;
	memcpy(policy->name, p, n);
	policy->name[n] = '\0';
	policy->pcrs.bank = tkm_get_u16(&r);
	policy->pcrs.mask = tkm_get_u32(&r);
	for (i = 0; i < 2; i++) {
		p = tkm_get_tpm2b(&r, &n);
		if (n > POLICY_KEY_MAX)
			return -EBADMSG;
		if (n)
			memcpy(policy->key[i].pub, p, n);
		policy->key[i].len = n;
	}
	return tkm_reader_done(&r) ? 0 : -EBADMSG;
}

static int open_approvals(struct kdb *kdb, struct policy *policy)
{
	static uint8_t plain[SEAL_MAX];
	struct place place = { .what = SEAL_APPROVAL, .parent = policy->id };
	struct approval *approval;
	sqlite3_stmt *row;
	int code, ret = 0;
	ssize_t len;

	policy->n = policy->damaged = 0;
	row = kdb_prepare(kdb, "SELECT id, approval FROM approvals WHERE policy = ? ORDER BY id");
	sqlite3_bind_int64(row, 1, policy->id);
	while ((code = sqlite3_step(row)) == SQLITE_ROW) {
		place.id = sqlite3_column_int64(row, 0);
		len = kdb_unseal(kdb, row, 1, &place, plain);
		/* The others are as good as before. */
		if (len <= 0 || len > TKM_APPROVAL_MAX ||
		    policy->n == POLICY_APPROVALS) {
			log_error("approval %lld: its row does not open",
				  (long long)place.id);
			policy->damaged++;
			continue;
		}
		approval = &policy->approval[policy->n++];
		memcpy(approval->der, plain, len);
		approval->len = len;
	}
	if (code != SQLITE_DONE)
		ret = kdb_errno(kdb) ?: -EIO;
	sqlite3_finalize(row);
	return ret;
}

static int open_policy(struct kdb *kdb, sqlite3_stmt *row, struct policy *policy)
{
	static uint8_t plain[SEAL_MAX];
	struct place place = { .what = SEAL_POLICY };
	uint8_t hash[SEAL_HASH];
	ssize_t len;
	int ret;

	memset(policy, 0, sizeof(*policy));
	place.id = policy->id = sqlite3_column_int64(row, 0);
	len = kdb_unseal(kdb, row, 2, &place, plain);
	ret = len < 0 ? (int)len : policy_read(plain, len, policy);
	if (!ret) {
		seal_hash_policy(policy->name, hash);
		if (sqlite3_column_bytes(row, 1) != SEAL_HASH ||
		    memcmp(sqlite3_column_blob(row, 1), hash, SEAL_HASH))
			ret = -EBADMSG;
	}
	if (ret)
		log_error("policy %lld: its row does not open: %s",
			  (long long)policy->id, strerror(-ret));
	return ret;
}

static int get(struct kdb *kdb, sqlite3_stmt *row, struct policy *policy)
{
	int code = sqlite3_step(row), ret;

	if (code == SQLITE_ROW)
		ret = open_policy(kdb, row, policy);
	else
		ret = code == SQLITE_DONE ? -ENOKEY : kdb_errno(kdb) ?: -EIO;
	sqlite3_finalize(row);
	return ret ? ret : open_approvals(kdb, policy);
}

int kdb_policy_get_id(struct kdb *kdb, int64_t id, struct policy *policy)
{
	sqlite3_stmt *row;

	row = kdb_prepare(kdb, "SELECT id, hash, policy FROM policies WHERE id = ?");
	sqlite3_bind_int64(row, 1, id);
	return get(kdb, row, policy);
}

int kdb_policy_get(struct kdb *kdb, const char *name, struct policy *policy)
{
	uint8_t hash[SEAL_HASH];
	sqlite3_stmt *row;

	seal_hash_policy(name, hash);
	row = kdb_prepare(kdb, "SELECT id, hash, policy FROM policies WHERE hash = ?");
	kdb_bind(row, 1, hash, SEAL_HASH);
	return get(kdb, row, policy);
}

int kdb_policy_ids(struct kdb *kdb, int64_t ids[POLICIES])
{
	sqlite3_stmt *row;
	int n = 0, code;

	row = kdb_prepare(kdb, "SELECT id FROM policies ORDER BY id");
	while ((code = sqlite3_step(row)) == SQLITE_ROW && n < POLICIES)
		ids[n++] = sqlite3_column_int64(row, 0);
	if (code != SQLITE_DONE && code != SQLITE_ROW)
		n = kdb_errno(kdb) ?: -EIO;
	sqlite3_finalize(row);
	return n;
}

/* ---- changes ---- */

/* The row of that name, damaged or not; -ENOKEY. */
static int64_t id_of(struct kdb *kdb, const char *name)
{
	uint8_t hash[SEAL_HASH];
	sqlite3_stmt *row;
	int64_t id;
	int code;

	seal_hash_policy(name, hash);
	row = kdb_prepare(kdb, "SELECT id FROM policies WHERE hash = ?");
	kdb_bind(row, 1, hash, SEAL_HASH);
	code = sqlite3_step(row);
	if (code == SQLITE_ROW)
		id = sqlite3_column_int64(row, 0);
	else
		id = code == SQLITE_DONE ? -ENOKEY : kdb_errno(kdb) ?: -EIO;
	sqlite3_finalize(row);
	return id;
}

/* Never one that was there before. */
static int64_t next_id(struct kdb *kdb, const char *table)
{
	sqlite3_stmt *row;
	int64_t id = -EIO;

	row = kdb_prepare(kdb, "SELECT 1 + coalesce((SELECT seq FROM sqlite_sequence WHERE name = ?), 0)");
	sqlite3_bind_text(row, 1, table, -1, SQLITE_STATIC);
	if (sqlite3_step(row) == SQLITE_ROW)
		id = sqlite3_column_int64(row, 0);
	sqlite3_finalize(row);
	return id;
}

static int delete_rows(struct kdb *kdb, const char *sql, int64_t id)
{
	sqlite3_stmt *row = kdb_prepare(kdb, sql);

	sqlite3_bind_int64(row, 1, id);
	return kdb_run(kdb, row);
}

static int drop_approvals(struct kdb *kdb, int64_t id)
{
	return delete_rows(kdb, "DELETE FROM approvals WHERE policy = ?", id);
}

static int put_policy(struct kdb *kdb, int64_t id, const struct policy *policy)
{
	const struct place place = { .what = SEAL_POLICY, .id = id };
	uint8_t plain[POLICY_ROOM], hash[SEAL_HASH];
	static uint8_t sealed[SEAL_MAX];
	sqlite3_stmt *put;
	ssize_t len;

	len = policy_write(policy, plain, sizeof(plain));
	len = seal(kdb->cipher, &place, plain, len, sizeof(plain), sealed);
	if (len < 0)
		return len;
	seal_hash_policy(policy->name, hash);
	put = kdb_prepare(kdb, "INSERT INTO policies (id, hash, policy) VALUES (?, ?, ?)"
			       " ON CONFLICT (id) DO UPDATE SET policy = excluded.policy");
	sqlite3_bind_int64(put, 1, id);
	kdb_bind(put, 2, hash, SEAL_HASH);
	kdb_bind(put, 3, sealed, len);
	return kdb_run(kdb, put);
}

static int put_approval(struct kdb *kdb, int64_t policy,
			const struct approval *approval)
{
	struct place place = { .what = SEAL_APPROVAL, .parent = policy };
	static uint8_t sealed[SEAL_MAX];
	sqlite3_stmt *put;
	ssize_t len;

	place.id = next_id(kdb, "approvals");
	if (place.id < 0)
		return place.id;
	len = seal(kdb->cipher, &place, approval->der, approval->len,
		   TKM_APPROVAL_MAX, sealed);
	if (len < 0)
		return len;
	put = kdb_prepare(kdb, "INSERT INTO approvals (id, policy, approval) VALUES (?, ?, ?)");
	sqlite3_bind_int64(put, 1, place.id);
	sqlite3_bind_int64(put, 2, policy);
	kdb_bind(put, 3, sealed, len);
	return kdb_run(kdb, put);
}

static int put_approvals(struct kdb *kdb, int64_t id,
			 const struct policy *policy)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < policy->n; i++)
		ret = put_approval(kdb, id, &policy->approval[i]);
	return ret;
}

int kdb_policy_put(struct kdb *kdb, const struct policy *policy,
		   struct trail_record *record)
{
	int64_t id, ids[POLICIES];
	int ret = kdb_begin(kdb);

	if (ret)
		return kdb_mend(kdb, ret);
	id = id_of(kdb, policy->name);
	if (id == -ENOKEY) {
		ret = kdb_policy_ids(kdb, ids);
		ret = ret < 0 ? ret : ret == POLICIES ? -ENOSPC : 0;
		id = next_id(kdb, "policies");
	} else if (id > 0) {
		ret = drop_approvals(kdb, id);
	}
	if (!ret && id < 0)
		ret = id;
	ret = ret ? ret : put_policy(kdb, id, policy);
	ret = ret ? ret : put_approvals(kdb, id, policy);
	ret = ret ? ret : audit_with(kdb, record);
	return audit_ended(kdb, kdb_mend(kdb, kdb_end(kdb, ret)));
}

int kdb_policy_remove(struct kdb *kdb, const char *name,
		      struct trail_record *record)
{
	int ret = kdb_begin(kdb);
	int64_t id;

	if (ret)
		return kdb_mend(kdb, ret);
	id = id_of(kdb, name);
	ret = id < 0 ? (int)id : drop_approvals(kdb, id);
	if (!ret)
		ret = delete_rows(kdb, "DELETE FROM policies WHERE id = ?", id);
	ret = ret ? ret : audit_with(kdb, record);
	return audit_ended(kdb, kdb_mend(kdb, kdb_end(kdb, ret)));
}
