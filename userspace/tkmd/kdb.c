// SPDX-License-Identifier: GPL-2.0
/*
 * The key database, with SQLite. Documentation/kdb-format.rst says what stands in
 * it and why.
 *
 * One process at a time: the folder is locked, and SQLite, in exclusive mode,
 * keeps its index of the log in memory. A change is one transaction, and is on the
 * disk when COMMIT returns, because synchronous is FULL.
 *
 * When a write or an fsync fails other than for lack of room, the kernel may have
 * forgotten what it did not write, and reading it back proves nothing. Then the
 * connection is closed, opened anew, and all of the log is written into the
 * database (a checkpoint), before what was to be changed is undone. If that fails
 * too, tkmd ends, and says so.
 */
#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "audit.h"
#include "kdb.h"

static uint8_t *index_key;

static const char schema[] =
	"CREATE TABLE meta ("
	" id INTEGER PRIMARY KEY CHECK (id = 1),"
	" chain BLOB NOT NULL,"
	" index_key BLOB NOT NULL) STRICT;"
	"CREATE TABLE storage ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" parent INTEGER REFERENCES storage,"
	" hash BLOB NOT NULL UNIQUE,"
	" name BLOB NOT NULL,"
	" object BLOB NOT NULL) STRICT;"
	"CREATE INDEX storage_parent ON storage (parent);"
	"CREATE INDEX storage_name ON storage (name, id);"
	"CREATE TABLE keys ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" storage INTEGER REFERENCES storage,"
	" hash BLOB NOT NULL UNIQUE,"
	" object BLOB NOT NULL,"
	" state BLOB NOT NULL,"
	" domain BLOB NOT NULL) STRICT;"
	"CREATE INDEX keys_storage ON keys (storage);"
	"CREATE INDEX keys_domain ON keys (domain, id);"
	KDB_SCHEMA_3
	KDB_SCHEMA_4
	KDB_SCHEMA_5
	KDB_SCHEMA_6
	KDB_SCHEMA_7;

/* ---- opening ---- */

/* A log that is not there need not be made, in order to read. */
static const char *options_for(struct kdb *kdb, int flags)
{
	if (!(flags & SQLITE_OPEN_READONLY))
		return "";
	/* Our lock of the folder is the lock. */
	return faccessat(kdb->folder_fd, "kdb-wal", F_OK, 0) ? "?immutable=1" :
							       "?vfs=unix-none";
}

static int connect_to(struct kdb *kdb, const char *file, int flags)
{
	const char *options = options_for(kdb, flags);
	char uri[PATH_MAX];

	flags |= SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI;
	if (kdb_uri(kdb, file, options, uri))
		return -ENAMETOOLONG;
	kdb->doubted = false;
	if (sqlite3_open_v2(uri, &kdb->db, flags, NULL)) {
		if (!kdb->db)
			return -ENOMEM;
		return kdb_failed(kdb);
	}
	sqlite3_extended_result_codes(kdb->db, 1);
	sqlite3_db_config(kdb->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(kdb->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(kdb->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(kdb->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	if (flags & SQLITE_OPEN_READONLY)
		sqlite3_db_config(kdb->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
				  NULL);
	return kdb_exec(kdb, "PRAGMA locking_mode = EXCLUSIVE;"
			     "PRAGMA synchronous = FULL;"
			     "PRAGMA foreign_keys = ON;"
			     "PRAGMA cell_size_check = ON;"
			     "PRAGMA mmap_size = 0;"
			     "PRAGMA temp_store = MEMORY;"
			     "PRAGMA secure_delete = ON;");
}

static void disconnect(struct kdb *kdb)
{
	/* Nothing is in the making that could keep it open. */
	sqlite3_close(kdb->db);
	kdb->db = NULL;
}

static int check_version(struct kdb *kdb, int64_t *version)
{
	int64_t application = 0;
	int ret;

	ret = kdb_number(kdb, "PRAGMA application_id", &application);
	if (!ret)
		ret = kdb_number(kdb, "PRAGMA user_version", version);
	if (ret)
		return ret;
	if (application != KDB_APPLICATION || *version < 1)
		return kdb_refuse(kdb, "kdb", "is another program's database");
	if (*version <= KDB_VERSION)
		return 0;
	log_error("%s/kdb: has version %lld, and this tkmd knows up to %d: install the newer tkmd. Nothing was changed",
		  kdb->folder, (long long)*version, KDB_VERSION);
	return -EOPNOTSUPP;
}

static int check_pages(struct kdb *kdb)
{
	sqlite3_stmt *check = kdb_prepare(kdb, "PRAGMA quick_check(1)");
	bool ok = sqlite3_step(check) == SQLITE_ROW &&
		  !strcmp((const char *)sqlite3_column_text(check, 0), "ok");

	if (!ok)
		log_error("the check of the database: %s",
			  sqlite3_column_count(check) && sqlite3_column_text(check, 0) ?
			  (const char *)sqlite3_column_text(check, 0) :
			  sqlite3_errmsg(kdb->db));
	sqlite3_finalize(check);
	return ok ? 0 : kdb_refuse(kdb, "kdb", "is damaged");
}

/* Nothing can be written, until all of it is as it should be. */
static int connect_and_check(struct kdb *kdb)
{
	int64_t version;
	int ret;

	kdb->read_only = kdb_disk_is_read_only(kdb);
	ret = connect_to(kdb, "kdb", SQLITE_OPEN_READONLY);
	if (!ret)
		ret = check_version(kdb, &version);
	if (!ret)
		ret = check_pages(kdb);
	if (ret)
		log_error("%s/kdb is not used", kdb->folder);
	return ret;
}

int kdb_open(struct kdb *kdb, const char *folder, const struct cipher *cipher)
{
	int ret;

	kdb->folder = folder;
	kdb->cipher = cipher;
	ret = kdb_open_folder(kdb);
	if (!ret)
		ret = kdb_look(kdb);
	return ret ? ret : connect_and_check(kdb);
}

int kdb_own_chain(struct kdb *kdb, struct chain *chain)
{
	sqlite3_stmt *row = kdb_prepare(kdb, "SELECT chain FROM meta");
	int ret = -EBADMSG;

	if (sqlite3_step(row) == SQLITE_ROW) {
		chain->len = sqlite3_column_bytes(row, 0);
		if (chain->len && chain->len <= sizeof(chain->der)) {
			memcpy(chain->der, sqlite3_column_blob(row, 0),
			       chain->len);
			ret = 0;
		}
	}
	sqlite3_finalize(row);
	return ret ? kdb_refuse(kdb, "kdb", "has no key of its own") : 0;
}

static const struct place index_place = { .what = SEAL_INDEX, .id = 1 };

static int open_index(struct kdb *kdb)
{
	sqlite3_stmt *row = kdb_prepare(kdb, "SELECT index_key FROM meta");
	uint8_t plain[SEAL_MAX];
	ssize_t len = -EBADMSG;

	if (!index_key)
		index_key = secret_alloc();
	if (!index_key) {
		log_error("no memory that is not swapped: %s (see the limit of locked memory)",
			  strerror(errno));
		sqlite3_finalize(row);
		return -ENOMEM;
	}
	if (sqlite3_step(row) == SQLITE_ROW)
		len = kdb_unseal(kdb, row, 0, &index_place, plain);
	sqlite3_finalize(row);
	if (len == SEAL_HASH)
		memcpy(index_key, plain, SEAL_HASH);
	memzero_explicit(plain, sizeof(plain));
	if (len != SEAL_HASH)
		return kdb_refuse(kdb, "kdb", "has no index that its own key opens");
	seal_index_key(index_key);
	return 0;
}

static bool has_log(struct kdb *kdb)
{
	sqlite3_stmt *row = kdb_prepare(kdb, "PRAGMA journal_mode");
	bool is = sqlite3_step(row) == SQLITE_ROW &&
		  !strcmp((const char *)sqlite3_column_text(row, 0), "wal");

	sqlite3_finalize(row);
	return is;
}

/* From here on it is ours to write. */
static int begin_writing(struct kdb *kdb)
{
	int ret;

	if (kdb->read_only) {
		log_warning("%s cannot be written: keys are found, and none is kept",
			    kdb->folder);
		return 0;
	}
	disconnect(kdb);
	ret = connect_to(kdb, "kdb", SQLITE_OPEN_READWRITE);
	if (ret)
		return ret;
	/* A copy that was saved has none, and nothing to be written from it. */
	return kdb_exec(kdb, has_log(kdb) ? "PRAGMA wal_checkpoint(TRUNCATE)" :
					    "PRAGMA journal_mode = WAL");
}

int kdb_unlock(struct kdb *kdb)
{
	int64_t version = 0;
	int ret;

	ret = open_index(kdb);
	if (!ret)
		ret = kdb_number(kdb, "PRAGMA user_version", &version);
	if (!ret && version < KDB_VERSION && kdb->read_only)
		return kdb_refuse(kdb, "kdb", "is of an older version, and the disk cannot be written");
	if (!ret)
		ret = begin_writing(kdb);
	if (!ret && version < KDB_VERSION)
		ret = kdb_upgrade(kdb, version);
	if (ret)
		log_error("the database is not used: %s", strerror(-ret));
	return ret;
}

/* ---- a new one ---- */

static int write_meta(struct kdb *kdb, const struct chain *own)
{
	uint8_t key[SEAL_HASH], sealed[SEAL_MAX];
	sqlite3_stmt *insert;
	ssize_t len;

	if (getrandom(key, sizeof(key), 0) != sizeof(key))
		return -EIO;
	len = seal(kdb->cipher, &index_place, key, sizeof(key), 0, sealed);
	memzero_explicit(key, sizeof(key));
	if (len < 0)
		return len;
	insert = kdb_prepare(kdb, "INSERT INTO meta VALUES (1, ?, ?)");
	kdb_bind(insert, 1, own->der, own->len);
	kdb_bind(insert, 2, sealed, len);
	return kdb_run(kdb, insert);
}

static int fill_new(struct kdb *kdb, const struct chain *own)
{
	char sql[80];
	int ret;

	snprintf(sql, sizeof(sql),
		 "PRAGMA application_id = %d; PRAGMA user_version = %d;",
		 KDB_APPLICATION, KDB_VERSION);
	ret = kdb_exec(kdb, "BEGIN");
	ret = ret ? ret : kdb_exec(kdb, sql);
	ret = ret ? ret : kdb_exec(kdb, schema);
	ret = ret ? ret : write_meta(kdb, own);
	ret = ret ? ret : audit_begin(kdb);
	ret = ret ? ret : kdb_exec(kdb, "COMMIT");
	return ret ? ret : kdb_exec(kdb, "PRAGMA journal_mode = WAL");
}

int kdb_create(struct kdb *kdb, const struct chain *own)
{
	int ret;

	/* What was left by one that did not end this. */
	kdb_remove_file(kdb, "kdb.new");
	kdb_remove_file(kdb, "kdb.new-journal");
	kdb_remove_file(kdb, "kdb.new-wal");
	ret = connect_to(kdb, "kdb.new",
			 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
	if (!ret)
		ret = fill_new(kdb, own);
	disconnect(kdb);
	if (!ret)
		ret = kdb_give_name(kdb, "kdb.new", "kdb");
	if (ret) {
		log_error("%s: no database can be made: %s", kdb->folder,
			  strerror(-ret));
		return ret;
	}
	ret = connect_and_check(kdb);
	return ret ? ret : kdb_unlock(kdb);
}

void kdb_close(struct kdb *kdb)
{
	disconnect(kdb);
	secret_free(index_key);
	index_key = NULL;
	close(kdb->folder_fd);
}

int kdb_save(struct kdb *kdb, const char *name)
{
	sqlite3_stmt *save;
	char path[PATH_MAX];
	int ret;

	kdb_remove_file(kdb, "kdb.save");
	if (kdb_path(kdb, "kdb.save", path))
		return -ENAMETOOLONG;
	save = kdb_prepare(kdb, "VACUUM INTO ?");
	sqlite3_bind_text(save, 1, path, -1, SQLITE_STATIC);
	ret = kdb_run(kdb, save);
	return ret ? ret : kdb_give_name(kdb, "kdb.save", name);
}

/* ---- after a write that failed ---- */

/* Another connection, with all of the log in the database. */
int kdb_reopen(struct kdb *kdb)
{
	int ret;

	log_warning("the database is opened anew, for a write failed");
	disconnect(kdb);
	ret = kdb_look(kdb);
	if (!ret)
		ret = connect_and_check(kdb);
	if (!ret)
		ret = begin_writing(kdb);
	return ret || kdb->doubted ? -ENOTRECOVERABLE : 0;
}

int kdb_mend(struct kdb *kdb, int ret)
{
	return ret && kdb->doubted && kdb_reopen(kdb) ? -ENOTRECOVERABLE : ret;
}
