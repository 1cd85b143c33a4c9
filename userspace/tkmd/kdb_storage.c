// SPDX-License-Identifier: GPL-2.0
/*
 * Rows of storage keys: each once, whatever is under it. What stands under another
 * says so by its parent, up to the root.
 */
#include <errno.h>
#include <sqlite3.h>

#include "domain.h"
#include "kdb.h"

/* A storage key's object into @out; its parent. */
static ssize_t get_storage(struct kdb *kdb, int64_t id, int64_t *parent,
			   uint8_t out[SEAL_MAX])
{
	struct place place = { .what = SEAL_STORAGE, .id = id };
	uint8_t hash[SEAL_HASH];
	sqlite3_stmt *row;
	ssize_t len = -EBADMSG;
	int code;

	row = kdb_prepare(kdb, "SELECT parent, hash, object FROM storage WHERE id = ?");
	sqlite3_bind_int64(row, 1, id);
	code = sqlite3_step(row);
	if (code == SQLITE_ROW) {
		*parent = place.parent = sqlite3_column_int64(row, 0);
		len = kdb_unseal(kdb, row, 2, &place, out);
		if (len > TKM_CHAIN_MAX)
			len = -EBADMSG;
		if (len >= 0) {
			seal_hash_object(out, len, hash);
			len = kdb_column_is(row, 1, hash) ? len : -EBADMSG;
		}
	} else if (code != SQLITE_DONE) {
		len = kdb_failed(kdb);
	}
	sqlite3_finalize(row);
	if (len < 0)
		log_error("storage key %lld: its row does not open: %s",
			  (long long)id, strerror((int)-len));
	return len;
}

/* Storage keys from @id up to the root, the root first; how many. */
int kdb_get_branch(struct kdb *kdb, int64_t id,
		   uint8_t bytes[TKM_CHAIN_OBJECTS - 1][SEAL_MAX],
		   struct tkm_piece pieces[TKM_CHAIN_OBJECTS - 1])
{
	const int most = TKM_CHAIN_OBJECTS - 1;
	int n = 0, i;
	ssize_t len;

	while (id) {
		if (n == most)
			return -EBADMSG;
		len = get_storage(kdb, id, &id, bytes[n]);
		if (len < 0)
			return len;
		pieces[n].data = bytes[n];
		pieces[n++].len = len;
	}
	for (i = 0; i < n / 2; i++) {
		struct tkm_piece piece = pieces[i];

		pieces[i] = pieces[n - 1 - i];
		pieces[n - 1 - i] = piece;
	}
	return n;
}

/* The newest storage key that is this, under @parent unless that is 0. */
static int64_t newest(struct kdb *kdb, const struct tkm_record *record,
		      int64_t parent)
{
	uint8_t name[SEAL_HASH];
	sqlite3_stmt *row;
	int64_t id = 0;
	int ret;

	seal_hash_storage(record, name);
	row = kdb_prepare(kdb, "SELECT id FROM storage WHERE name = ?1 AND (?2 = 0 OR parent = ?2) ORDER BY id DESC LIMIT 1");
	kdb_bind(row, 1, name, SEAL_HASH);
	sqlite3_bind_int64(row, 2, parent);
	ret = kdb_number_of(kdb, row, &id);
	return ret ? ret : id;
}

int kdb_branch(struct kdb *kdb, const struct name *name, enum tkm_class class,
	       struct chain *chain)
{
	/* From below, with how many objects that makes. */
	static const enum tkm_kind kinds[] = { TKM_KIND_ASK, TKM_KIND_TDK,
					       TKM_KIND_TKMRK };
	static uint8_t bytes[TKM_CHAIN_OBJECTS - 1][SEAL_MAX];
	struct tkm_piece pieces[TKM_CHAIN_OBJECTS];
	struct tkm_record record = {
		.owner = name->owner,
		.side = name->side,
	};
	int64_t id, guarded;
	size_t i;
	int n;

	if (tkm_description_parse(name->description, record.app, record.label))
		return -EINVAL;
	/* Of two TDKs the one that has a password: it says so to every class. */
	guarded = domain_tdk(kdb, name->owner, name->side);
	if (guarded < 0 && guarded != -ENOKEY)
		return guarded;
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		record.kind = kinds[i];
		record.class = kinds[i] == TKM_KIND_TKMRK ? TKM_CLASS_FIXED :
							    class;
		if (guarded > 0 && kinds[i] == TKM_KIND_TDK)
			id = guarded;
		else
			id = newest(kdb, &record,
				    guarded > 0 && kinds[i] == TKM_KIND_ASK ?
					    guarded : 0);
		n = id < 0 ? (int)id : kdb_get_branch(kdb, id, bytes, pieces);
		if (n == (int)(ARRAY_SIZE(kinds) - i))
			return branch_join(pieces, n, false, chain);
		/* What is damaged is not needed: another is made. */
		if (n < 0 && n != -ENOKEY && n != -EBADMSG)
			return n;
	}
	return -ENOKEY;
}

int64_t kdb_count_storage(struct kdb *kdb)
{
	int64_t n = 0;
	int ret = kdb_number(kdb, "SELECT count(*) FROM storage", &n);

	return ret ? ret : n;
}

/* ---- changes ---- */

int kdb_put_storage(struct kdb *kdb, int64_t id, int64_t parent,
		    const struct part *part)
{
	const struct place place = { SEAL_STORAGE, id, parent };
	uint8_t hash[SEAL_HASH], name[SEAL_HASH], sealed[SEAL_MAX];
	sqlite3_stmt *put;
	ssize_t n;

	n = seal(kdb->cipher, &place, part->der, part->len, part->room, sealed);
	if (n < 0)
		return n;
	seal_hash_object(part->der, part->len, hash);
	seal_hash_storage(&part->record, name);
	put = kdb_prepare(kdb, "INSERT INTO storage (id, parent, hash, name, object) VALUES (?, ?, ?, ?, ?)"
			       " ON CONFLICT (id) DO UPDATE SET hash = excluded.hash, object = excluded.object");
	sqlite3_bind_int64(put, 1, id);
	kdb_bind_reference(put, 2, parent);
	kdb_bind(put, 3, hash, SEAL_HASH);
	kdb_bind(put, 4, name, SEAL_HASH);
	kdb_bind(put, 5, sealed, n);
	return kdb_run(kdb, put);
}

/* The row of this storage key under that one: as it is, mended, or new. */
int64_t kdb_have_storage(struct kdb *kdb, int64_t parent,
			 const struct part *part)
{
	static uint8_t there[SEAL_MAX];
	uint8_t hash[SEAL_HASH];
	int64_t id = 0, above;
	sqlite3_stmt *row;
	ssize_t n;
	int ret;

	seal_hash_object(part->der, part->len, hash);
	row = kdb_prepare(kdb, "SELECT id FROM storage WHERE hash = ?");
	kdb_bind(row, 1, hash, SEAL_HASH);
	ret = kdb_number_of(kdb, row, &id);
	if (ret && ret != -ENOKEY)
		return ret;
	if (ret) {
		id = kdb_next_id(kdb, "storage");
	} else {
		n = get_storage(kdb, id, &above, there);
		if (n == (ssize_t)part->len &&
		    !memcmp(there, part->der, part->len) && above == parent)
			return id;
		if (n >= 0 || n != -EBADMSG)
			return n < 0 ? n : -EBADMSG;
		log_warning("storage key %lld: its row is written anew",
			    (long long)id);
	}
	if (id < 0)
		return id;
	ret = kdb_put_storage(kdb, id, parent, part);
	return ret ? ret : id;
}

/* The storage keys above a key; 0 for a flat one. */
int64_t kdb_have_branch(struct kdb *kdb, const struct branch *branch)
{
	int64_t id = 0, same;
	unsigned int i;

	for (i = 0; i + 1 < branch->n && id >= 0; i++) {
		/* With another password it is another object, and the same row. */
		same = i == 1 ? domain_same_tdk(kdb, &branch->part[i]) : -ENOKEY;
		if (same != -ENOKEY)
			id = same;
		else
			id = kdb_have_storage(kdb, id, &branch->part[i]);
	}
	return id;
}
