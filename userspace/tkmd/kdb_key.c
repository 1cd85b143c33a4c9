// SPDX-License-Identifier: GPL-2.0
/*
 * Rows of keys: found by a keyed hash of their names, and each with the storage key
 * it is under.
 */
#include <errno.h>
#include <sqlite3.h>

#include "audit.h"
#include "kdb.h"

#define KEY_COLUMNS	"SELECT id, storage, hash, object, state, domain FROM keys "

static const uint8_t *take(struct tkm_reader *r, size_t len, uint8_t *out)
{
	const uint8_t *bytes = tkm_get_bytes(r, len);

	if (bytes)
		memcpy(out, bytes, len);
	return bytes;
}

/*
 * A key's value: owner, side, length of the description, the description, the
 * object.
 */
size_t kdb_key_write(const struct name *name, const uint8_t *der, size_t len,
		     uint8_t *out, size_t size)
{
	struct tkm_writer w;

	tkm_writer_init(&w, out, size);
	tkm_put_u32(&w, name->owner);
	tkm_put_u32(&w, name->side);
	tkm_put_tpm2b(&w, name->description, strlen(name->description));
	tkm_put_bytes(&w, der, len);
	return w.len;
}

int kdb_key_read(const uint8_t *in, size_t len, struct kdb_key *key)
{
	struct tkm_reader r;
	uint16_t n;

	tkm_reader_init(&r, in, len);
	key->name.owner = tkm_get_u32(&r);
	key->name.side = tkm_get_u32(&r);
	n = tkm_get_u16(&r);
	if (n > TKM_DESC_MAX)
		return -EBADMSG;
	take(&r, n, (uint8_t *)key->name.description);
	key->name.description[n] = '\0';
	key->object_len = r.len;
	if (key->object_len > sizeof(key->object))
		return -EBADMSG;
	take(&r, key->object_len, key->object);
	return r.bad ? -EBADMSG : 0;
}

/* ---- looking ---- */

/* All but the domain, which an older version does not have. */
int kdb_open_row(struct kdb *kdb, sqlite3_stmt *row, struct kdb_key *key)
{
	struct place place = {
		.what = SEAL_KEY,
		.id = sqlite3_column_int64(row, 0),
		.parent = sqlite3_column_int64(row, 1),
	};
	uint8_t plain[SEAL_MAX], hash[SEAL_HASH];
	ssize_t len;
	int ret;

	key->id = place.id;
	key->storage = place.parent;
	len = kdb_unseal(kdb, row, 3, &place, plain);
	ret = len < 0 ? (int)len : kdb_key_read(plain, len, key);
	if (ret)
		return ret;
	seal_hash_key(&key->name, hash);
	if (!kdb_column_is(row, 2, hash))
		return -EBADMSG;
	place.what = SEAL_STATE;
	len = kdb_unseal(kdb, row, 4, &place, plain);
	return len < 0 ? (int)len : kdb_state_read(plain, len, &key->state);
}

static int open_key(struct kdb *kdb, sqlite3_stmt *row, struct kdb_key *key)
{
	uint8_t domain[SEAL_HASH];
	int ret = kdb_open_row(kdb, row, key);

	if (!ret) {
		seal_hash_domain(key->name.owner, key->name.side, domain);
		ret = kdb_column_is(row, 5, domain) ? 0 : -EBADMSG;
	}
	if (ret)
		log_error("key %lld: its row does not open: %s",
			  (long long)sqlite3_column_int64(row, 0), strerror(-ret));
	return ret;
}

static int get(struct kdb *kdb, sqlite3_stmt *row, struct kdb_key *key)
{
	int code = sqlite3_step(row), ret;

	if (code == SQLITE_ROW)
		ret = open_key(kdb, row, key);
	else
		ret = code == SQLITE_DONE ? -ENOKEY : kdb_failed(kdb);
	sqlite3_finalize(row);
	return ret;
}

int kdb_get_id(struct kdb *kdb, int64_t id, struct kdb_key *key)
{
	sqlite3_stmt *row = kdb_prepare(kdb, KEY_COLUMNS "WHERE id = ?");

	sqlite3_bind_int64(row, 1, id);
	return get(kdb, row, key);
}

int64_t kdb_key_id(struct kdb *kdb, const struct name *name)
{
	uint8_t hash[SEAL_HASH];
	sqlite3_stmt *row;
	int64_t id = 0;
	int ret;

	seal_hash_key(name, hash);
	row = kdb_prepare(kdb, "SELECT id FROM keys WHERE hash = ?");
	kdb_bind(row, 1, hash, SEAL_HASH);
	ret = kdb_number_of(kdb, row, &id);
	return ret ? ret : id;
}

int kdb_get(struct kdb *kdb, const struct name *name, struct kdb_key *key)
{
	int64_t id = kdb_key_id(kdb, name);

	return id < 0 ? (int)id : kdb_get_id(kdb, id, key);
}

int kdb_chain(struct kdb *kdb, const struct kdb_key *key, struct chain *chain)
{
	static uint8_t bytes[TKM_CHAIN_OBJECTS - 1][SEAL_MAX];
	struct tkm_piece pieces[TKM_CHAIN_OBJECTS];
	int n = kdb_get_branch(kdb, key->storage, bytes, pieces);

	if (n < 0)
		return n;
	pieces[n].data = key->object;
	pieces[n].len = key->object_len;
	return branch_join(pieces, n + 1, !n, chain);
}

int kdb_find(struct kdb *kdb, const struct name *name, struct chain *chain)
{
	struct kdb_key key;
	int ret = kdb_get(kdb, name, &key);

	if (!ret && key.state.state == TKM_STATE_DESTROYED)
		return -ENOKEY;
	return ret ? ret : kdb_chain(kdb, &key, chain);
}

int kdb_ids(struct kdb *kdb, const struct name *domain, int64_t after,
	    int64_t ids[KDB_LIST_MAX])
{
	uint8_t hash[SEAL_HASH];
	sqlite3_stmt *row;
	int n = 0, code;

	row = kdb_prepare(kdb, domain ?
		"SELECT id FROM keys WHERE id > ? AND domain = ? ORDER BY id LIMIT ?" :
		"SELECT id FROM keys WHERE id > ? ORDER BY id LIMIT ?");
	sqlite3_bind_int64(row, 1, after);
	if (domain) {
		seal_hash_domain(domain->owner, domain->side, hash);
		kdb_bind(row, 2, hash, SEAL_HASH);
	}
	sqlite3_bind_int(row, domain ? 3 : 2, KDB_LIST_MAX);
	while ((code = sqlite3_step(row)) == SQLITE_ROW && n < KDB_LIST_MAX)
		ids[n++] = sqlite3_column_int64(row, 0);
	if (code != SQLITE_DONE && code != SQLITE_ROW)
		n = kdb_failed(kdb);
	sqlite3_finalize(row);
	return n;
}

int64_t kdb_count(struct kdb *kdb, const struct name *domain)
{
	uint8_t hash[SEAL_HASH];
	sqlite3_stmt *row;
	int64_t n = 0;
	int ret;

	row = kdb_prepare(kdb, domain ?
		"SELECT count(*) FROM keys WHERE domain = ?" :
		"SELECT count(*) FROM keys");
	if (domain) {
		seal_hash_domain(domain->owner, domain->side, hash);
		kdb_bind(row, 1, hash, SEAL_HASH);
	}
	ret = kdb_number_of(kdb, row, &n);
	return ret ? ret : n;
}

/* ---- changes ---- */

int kdb_key_put(struct kdb *kdb, int64_t id, const struct name *name,
		const uint8_t *der, size_t len, enum tkm_state in)
{
	static uint8_t plain[SEAL_MAX], sealed[SEAL_MAX], state[SEAL_MAX];
	uint8_t hash[SEAL_HASH], domain[SEAL_HASH];
	struct branch branch;
	struct place place = { .what = SEAL_KEY, .id = id };
	const struct part *part;
	ssize_t n, state_len;
	sqlite3_stmt *put;
	int ret;

	ret = branch_cut(der, len, name, &branch);
	if (ret)
		return ret;
	place.parent = kdb_have_branch(kdb, &branch);
	if (place.parent < 0)
		return place.parent;
	part = &branch.part[branch.n - 1];
	n = kdb_key_write(name, part->der, part->len, plain, sizeof(plain));
	n = seal(kdb->cipher, &place, plain, n, part->room, sealed);
	state_len = n < 0 ? n : kdb_seal_state(kdb, id, place.parent, in, state);
	if (state_len < 0)
		return state_len;
	seal_hash_key(name, hash);
	seal_hash_domain(name->owner, name->side, domain);
	put = kdb_prepare(kdb, "INSERT INTO keys (id, storage, hash, object, state, domain) VALUES (?, ?, ?, ?, ?, ?)"
			       " ON CONFLICT (id) DO UPDATE SET storage = excluded.storage,"
			       " object = excluded.object, state = excluded.state");
	sqlite3_bind_int64(put, 1, id);
	kdb_bind_reference(put, 2, place.parent);
	kdb_bind(put, 3, hash, SEAL_HASH);
	kdb_bind(put, 4, sealed, n);
	kdb_bind(put, 5, state, state_len);
	kdb_bind(put, 6, domain, SEAL_HASH);
	return kdb_run(kdb, put);
}

int kdb_key_delete(struct kdb *kdb, int64_t id)
{
	sqlite3_stmt *row = kdb_prepare(kdb, "DELETE FROM keys WHERE id = ?");

	sqlite3_bind_int64(row, 1, id);
	return kdb_run(kdb, row);
}

/* Of a row; one that does not open is written anew, as active. */
static enum tkm_state state_of(struct kdb *kdb, int64_t id)
{
	static struct kdb_key key;

	return kdb_get_id(kdb, id, &key) ? TKM_STATE_ACTIVE : key.state.state;
}

static int try_put_back(struct kdb *kdb, const struct name *name,
			const uint8_t *der, size_t len,
			const struct chain *before)
{
	static struct chain now;
	int64_t id;
	int ret;

	ret = kdb_find(kdb, name, &now);
	if (ret)
		return ret == -ENOKEY ? 0 : ret;
	if (now.len != len || memcmp(now.der, der, len))
		return 0;
	ret = kdb_begin(kdb);
	if (ret)
		return ret;
	id = kdb_key_id(kdb, name);
	if (id < 0)
		ret = id;
	else if (before && before->len)
		ret = kdb_key_put(kdb, id, name, before->der, before->len,
				  state_of(kdb, id));
	else
		ret = kdb_key_delete(kdb, id);
	return kdb_end(kdb, ret);
}

/*
 * After a change that failed with @ret: when it may be there all the same, it is
 * undone, or nothing is sure.
 */
static int settle(struct kdb *kdb, int ret, const struct name *name,
		  const uint8_t *der, size_t len, const struct chain *before)
{
	if (!ret || !kdb->doubted)
		return ret;
	if (kdb_reopen(kdb) || try_put_back(kdb, name, der, len, before) ||
	    kdb->doubted) {
		log_error("the disk fails, and what is on it is not sure: tkmd ends");
		return -ENOTRECOVERABLE;
	}
	return ret;
}

int kdb_store(struct kdb *kdb, const struct name *name, const uint8_t *der,
	      size_t len, enum tkm_state state)
{
	int64_t id;
	int ret;

	ret = kdb_begin(kdb);
	if (!ret) {
		id = kdb_key_id(kdb, name);
		if (id >= 0 && state_of(kdb, id) == TKM_STATE_DESTROYED)
			ret = kdb_key_delete(kdb, id);
		else if (id >= 0)
			ret = -EEXIST;
		else if (id != -ENOKEY)
			ret = id;
		if (!ret) {
			id = kdb_next_id(kdb, "keys");
			ret = id < 0 ? (int)id :
				       kdb_key_put(kdb, id, name, der, len,
						   state);
		}
		ret = kdb_end(kdb, ret);
	}
	return settle(kdb, ret, name, der, len, NULL);
}

int kdb_replace(struct kdb *kdb, const struct name *name, const uint8_t *der,
		size_t len, struct chain *before)
{
	enum tkm_state state = TKM_STATE_ACTIVE;
	int64_t id;
	int ret;

	ret = kdb_find(kdb, name, before);
	if (ret)
		before->len = 0;
	ret = kdb_begin(kdb);
	if (!ret) {
		id = kdb_key_id(kdb, name);
		if (id >= 0)
			state = state_of(kdb, id);
		else if (id == -ENOKEY)
			id = kdb_next_id(kdb, "keys");
		if (state == TKM_STATE_DESTROYED)
			ret = -EIO;
		else
			ret = id < 0 ? (int)id :
				       kdb_key_put(kdb, id, name, der, len,
						   state);
		ret = kdb_end(kdb, ret);
	}
	return settle(kdb, ret, name, der, len, before);
}

int kdb_put_back(struct kdb *kdb, const struct name *name, const uint8_t *der,
		 size_t len, const struct chain *before)
{
	int ret = try_put_back(kdb, name, der, len, before);

	return kdb_mend(kdb, ret);
}

int kdb_remove(struct kdb *kdb, int64_t id, struct trail_record *record)
{
	int ret = kdb_begin(kdb);

	if (!ret) {
		ret = kdb_key_delete(kdb, id);
		ret = ret ? ret : audit_with(kdb, record);
		ret = kdb_end(kdb, ret);
	}
	return audit_ended(kdb, kdb_mend(kdb, ret));
}
