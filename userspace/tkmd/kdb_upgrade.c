// SPDX-License-Identifier: GPL-2.0
/*
 * Databases of older versions. An upgrade is one transaction, so that a database
 * is of the old version or of the new one; before it, a copy is made, kdb.old,
 * which stays.
 *
 * A row that does not open keeps none from being used: it is damaged after the
 * upgrade as it was before.
 */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>

#include "audit.h"
#include "kdb.h"

/* 1: a key's domain could only be known by opening its row. */
static int domain_of_key(struct kdb *kdb, sqlite3_stmt *row)
{
	uint8_t domain[SEAL_HASH];
	static struct kdb_key key;
	sqlite3_stmt *set;
	int code;

	if (kdb_open_row(kdb, row, &key)) {
		log_error("key %lld: its row does not open, and is left as it is",
			  (long long)sqlite3_column_int64(row, 0));
		return 0;
	}
	seal_hash_domain(key.name.owner, key.name.side, domain);
	set = kdb_prepare(kdb, "UPDATE keys SET domain = ? WHERE id = ?");
	sqlite3_bind_blob(set, 1, domain, SEAL_HASH, SQLITE_STATIC);
	sqlite3_bind_int64(set, 2, key.id);
	code = sqlite3_step(set);
	sqlite3_finalize(set);
	return code == SQLITE_DONE ? 0 : -EIO;
}

static int from_1(struct kdb *kdb)
{
	sqlite3_stmt *row;
	int code, ret;

	ret = kdb_exec(kdb, "ALTER TABLE keys ADD COLUMN domain BLOB NOT NULL DEFAULT x''");
	if (ret)
		return ret;
	row = kdb_prepare(kdb, "SELECT id, storage, hash, object, state FROM keys");
	while (!ret && (code = sqlite3_step(row)) == SQLITE_ROW)
		ret = domain_of_key(kdb, row);
	if (!ret && code != SQLITE_DONE)
		ret = -EIO;
	sqlite3_finalize(row);
	if (!ret)
		ret = kdb_exec(kdb, "CREATE INDEX keys_domain ON keys (domain, id)");
	return ret;
}

static int from_2(struct kdb *kdb)
{
	int ret = kdb_exec(kdb, KDB_SCHEMA_3);

	return ret ? ret : audit_begin(kdb);
}

static int step(struct kdb *kdb, int64_t from)
{
	switch (from) {
	case 1:
		return from_1(kdb);
	case 2:
		return from_2(kdb);
	case 3:
		return kdb_exec(kdb, KDB_SCHEMA_4);
	case 4:
		return kdb_exec(kdb, KDB_SCHEMA_5);
	case 5:
		return kdb_exec(kdb, KDB_SCHEMA_6);
	case 6:
		return kdb_exec(kdb, KDB_SCHEMA_7);
	default:
		return -EOPNOTSUPP;
	}
}

int kdb_upgrade(struct kdb *kdb, int64_t from)
{
	char version[40];
	int ret;

	log_info("the database has version %lld; it becomes %d, and kdb.old is what it was",
		 (long long)from, KDB_VERSION);
	snprintf(version, sizeof(version), "PRAGMA user_version = %d",
		 KDB_VERSION);
	ret = kdb_save(kdb, "kdb.old");
	if (!ret)
		ret = kdb_exec(kdb, "BEGIN IMMEDIATE");
	for (; !ret && from < KDB_VERSION; from++)
		ret = step(kdb, from);
	if (!ret)
		ret = kdb_exec(kdb, version);
	if (!ret)
		ret = kdb_exec(kdb, "COMMIT");
	if (ret)
		log_error("the database could not be brought to version %d, and is as it was: %s",
			  KDB_VERSION, strerror(-ret));
	return ret;
}
