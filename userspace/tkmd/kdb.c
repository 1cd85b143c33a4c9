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
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "audit.h"
#include "domain.h"

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
	KDB_SCHEMA_5;

/* ---- SQLite ---- */

/* What went wrong last, as an errno, and whether it may have gone half. */
int kdb_errno(struct kdb *kdb)
{
	int code = sqlite3_extended_errcode(kdb->db);
	int err = sqlite3_system_errno(kdb->db);

	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		log_error("the database is damaged: %s", sqlite3_errmsg(kdb->db));
		return -EBADMSG;
	}
	if (err == ENOSPC || err == EDQUOT || err == EROFS) {
		/* What was not written at all is not written half. */
		if (code != SQLITE_IOERR_WRITE && code != SQLITE_CANTOPEN)
			kdb->doubted = true;
		return -err;
	}
	log_error("the database: %s (%d, %s)", sqlite3_errmsg(kdb->db), code,
		  strerror(err));
	kdb->doubted = true;
	return -EIO;
}

/* The errno of what just failed, whatever it says of itself. */
static int failed(struct kdb *kdb)
{
	int ret = kdb_errno(kdb);

	return ret ? ret : -EIO;
}

int kdb_exec(struct kdb *kdb, const char *sql)
{
	return sqlite3_exec(kdb->db, sql, NULL, NULL, NULL) ? failed(kdb) : 0;
}

sqlite3_stmt *kdb_prepare(struct kdb *kdb, const char *sql)
{
	sqlite3_stmt *statement = NULL;

	sqlite3_prepare_v2(kdb->db, sql, -1, &statement, NULL);
	return statement;
}

int kdb_run(struct kdb *kdb, sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);
	int ret = code == SQLITE_DONE || code == SQLITE_ROW ? 0 : failed(kdb);

	sqlite3_finalize(statement);
	return ret;
}

/* The one number that it gives; -ENOKEY for no row. */
static int number_of(struct kdb *kdb, sqlite3_stmt *statement, int64_t *number)
{
	int code = sqlite3_step(statement);
	int ret = 0;

	if (code == SQLITE_ROW)
		*number = sqlite3_column_int64(statement, 0);
	else
		ret = code == SQLITE_DONE ? -ENOKEY : failed(kdb);
	sqlite3_finalize(statement);
	return ret;
}

int kdb_number(struct kdb *kdb, const char *sql, int64_t *number)
{
	return number_of(kdb, kdb_prepare(kdb, sql), number);
}

void kdb_bind(sqlite3_stmt *statement, int where, const void *blob,
		      size_t len)
{
	sqlite3_bind_blob(statement, where, blob, (int)len, SQLITE_STATIC);
}

static void bind_reference(sqlite3_stmt *statement, int where, int64_t id)
{
	if (id)
		sqlite3_bind_int64(statement, where, id);
	else
		sqlite3_bind_null(statement, where);
}

ssize_t kdb_unseal(struct kdb *kdb, sqlite3_stmt *row, int column,
		   const struct place *place, uint8_t *out)
{
	return unseal(kdb->cipher, place, sqlite3_column_blob(row, column),
		      sqlite3_column_bytes(row, column), out);
}

static bool column_is(sqlite3_stmt *row, int column, const uint8_t *hash)
{
	return sqlite3_column_bytes(row, column) == SEAL_HASH &&
	       !memcmp(sqlite3_column_blob(row, column), hash, SEAL_HASH);
}

/* ---- the files ---- */

static int refuse(struct kdb *kdb, const char *file, const char *why)
{
	log_error("%s/%s: %s. Nothing was changed. Mend that, or put a copy back, or move the folder's content away to begin anew",
		  kdb->folder, file, why);
	return -EBADMSG;
}

/* 1: there is none. */
static int look_at(struct kdb *kdb, const char *file, off_t least)
{
	char magic[16];
	struct stat st;
	int fd, ret = 0;

	fd = openat(kdb->folder_fd, file,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 1;
	if (fd < 0)
		return refuse(kdb, file, errno == ELOOP ? "is a symbolic link" :
							  strerror(errno));
	if (fstat(fd, &st))
		ret = refuse(kdb, file, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		ret = refuse(kdb, file, "is no file");
	else if (st.st_uid != geteuid())
		ret = refuse(kdb, file, "belongs to another user");
	else if (st.st_mode & 077)
		ret = refuse(kdb, file, "is open to other users");
	else if (st.st_nlink != 1)
		ret = refuse(kdb, file, "has another name, too");
	else if (st.st_size < least)
		ret = refuse(kdb, file, "is cut short");
	else if (least && (read(fd, magic, 16) != 16 ||
			   memcmp(magic, "SQLite format 3", 16)))
		ret = refuse(kdb, file, "is no database");
	close(fd);
	return ret;
}

/* Before SQLite, which would take much for a database. 1: there is none. */
static int look(struct kdb *kdb)
{
	int log = look_at(kdb, "kdb-wal", 0);
	int ret;

	if (log < 0)
		return log;
	ret = look_at(kdb, "kdb", 512);
	if (ret == 1 && !log)
		return refuse(kdb, "kdb-wal", "is there without its database");
	return ret;
}

static int open_folder(struct kdb *kdb)
{
	struct stat st;

	kdb->folder_fd = open(kdb->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (kdb->folder_fd < 0 || fstat(kdb->folder_fd, &st)) {
		log_error("%s: %s", kdb->folder, strerror(errno));
		return -errno;
	}
	if (st.st_uid != geteuid() || st.st_mode & 077)
		return refuse(kdb, ".", "must be tkmd's own, and closed to other users (mode 0700)");
	/* On the folder, for that can be done where nothing can be written. */
	if (flock(kdb->folder_fd, LOCK_EX | LOCK_NB)) {
		log_error("%s: another tkmd has this database", kdb->folder);
		return -EBUSY;
	}
	return 0;
}

static int sync_folder(struct kdb *kdb)
{
	return fsync(kdb->folder_fd) ? -errno : 0;
}

static int path_of(struct kdb *kdb, const char *file, char path[PATH_MAX])
{
	return snprintf(path, PATH_MAX, "%s/%s", kdb->folder, file) < PATH_MAX ?
		       0 : -ENAMETOOLONG;
}

/* As a URI: the folder's name may have anything in it. */
static int uri_of(struct kdb *kdb, const char *file, const char *options,
		  char uri[PATH_MAX])
{
	static const char plain[] = "/-_.~";
	char path[PATH_MAX];
	size_t i, n = 5;

	if (path_of(kdb, file, path))
		return -ENAMETOOLONG;
	memcpy(uri, "file:", 5);
	for (i = 0; path[i]; i++) {
		if (n + strlen(options) + 4 > PATH_MAX)
			return -ENAMETOOLONG;
		if (isalnum((unsigned char)path[i]) || strchr(plain, path[i]))
			uri[n++] = path[i];
		else
			n += sprintf(uri + n, "%%%02x", (unsigned char)path[i]);
	}
	strcpy(uri + n, options);
	return 0;
}

/* ---- opening ---- */

static bool disk_is_read_only(struct kdb *kdb)
{
	return faccessat(kdb->folder_fd, "kdb", W_OK, AT_EACCESS) &&
	       errno == EROFS;
}

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
	if (uri_of(kdb, file, options, uri))
		return -ENAMETOOLONG;
	kdb->doubted = false;
	if (sqlite3_open_v2(uri, &kdb->db, flags, NULL)) {
		if (!kdb->db)
			return -ENOMEM;
		return failed(kdb);
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
		return refuse(kdb, "kdb", "is another program's database");
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
	return ok ? 0 : refuse(kdb, "kdb", "is damaged");
}

/* Nothing can be written, until all of it is as it should be. */
static int connect_and_check(struct kdb *kdb)
{
	int64_t version;
	int ret;

	kdb->read_only = disk_is_read_only(kdb);
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
	ret = open_folder(kdb);
	if (!ret)
		ret = look(kdb);
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
	return ret ? refuse(kdb, "kdb", "has no key of its own") : 0;
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
		return refuse(kdb, "kdb", "has no index that its own key opens");
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
		return refuse(kdb, "kdb", "is of an older version, and the disk cannot be written");
	if (!ret)
		ret = begin_writing(kdb);
	if (!ret && version < KDB_VERSION)
		ret = kdb_upgrade(kdb, version);
	if (ret)
		log_error("the database is not used: %s", strerror(-ret));
	return ret;
}

static void remove_file(struct kdb *kdb, const char *file)
{
	unlinkat(kdb->folder_fd, file, 0);
}

/* What was made aside takes the name, and is on the disk under it. */
static int give_name(struct kdb *kdb, const char *from, const char *to)
{
	int fd = openat(kdb->folder_fd, from, O_RDONLY | O_CLOEXEC);
	int ret = fd < 0 || fsync(fd) ? -errno : 0;

	if (fd >= 0)
		close(fd);
	if (!ret && renameat(kdb->folder_fd, from, kdb->folder_fd, to))
		ret = -errno;
	return ret ? ret : sync_folder(kdb);
}

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
	remove_file(kdb, "kdb.new");
	remove_file(kdb, "kdb.new-journal");
	remove_file(kdb, "kdb.new-wal");
	ret = connect_to(kdb, "kdb.new",
			 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
	if (!ret)
		ret = fill_new(kdb, own);
	disconnect(kdb);
	if (!ret)
		ret = give_name(kdb, "kdb.new", "kdb");
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

	remove_file(kdb, "kdb.save");
	if (path_of(kdb, "kdb.save", path))
		return -ENAMETOOLONG;
	save = kdb_prepare(kdb, "VACUUM INTO ?");
	sqlite3_bind_text(save, 1, path, -1, SQLITE_STATIC);
	ret = kdb_run(kdb, save);
	return ret ? ret : give_name(kdb, "kdb.save", name);
}

/* ---- rows ---- */

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

/* As they were numbered when there was one: that is active. */
static uint32_t state_number(uint32_t state)
{
	return state == TKM_STATE_ACTIVE ? TKM_STATE_PRE_ACTIVE :
	       state == TKM_STATE_PRE_ACTIVE ? TKM_STATE_ACTIVE : state;
}

static int state_read(const uint8_t *in, size_t len,
		      struct kdb_state_record *state)
{
	struct tkm_reader r;
	uint64_t stored;

	tkm_reader_init(&r, in, len);
	state->state = state_number(tkm_get_u32(&r));
	stored = (uint64_t)tkm_get_u32(&r) << 32;
	state->stored = (int64_t)(stored | tkm_get_u32(&r));
	if (state->state < TKM_STATE_PRE_ACTIVE || state->state > TKM_STATE_LAST)
		return -EBADMSG;
	return r.bad ? -EBADMSG : 0;
}

static size_t state_write(const struct kdb_state_record *state, uint8_t *out,
			  size_t size)
{
	struct tkm_writer w;

	tkm_writer_init(&w, out, size);
	tkm_put_u32(&w, state_number(state->state));
	tkm_put_u32(&w, (uint64_t)state->stored >> 32);
	tkm_put_u32(&w, state->stored);
	return w.len;
}

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
	if (!column_is(row, 2, hash))
		return -EBADMSG;
	place.what = SEAL_STATE;
	len = kdb_unseal(kdb, row, 4, &place, plain);
	return len < 0 ? (int)len : state_read(plain, len, &key->state);
}

static int open_key(struct kdb *kdb, sqlite3_stmt *row, struct kdb_key *key)
{
	uint8_t domain[SEAL_HASH];
	int ret = kdb_open_row(kdb, row, key);

	if (!ret) {
		seal_hash_domain(key->name.owner, key->name.side, domain);
		ret = column_is(row, 5, domain) ? 0 : -EBADMSG;
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
		ret = code == SQLITE_DONE ? -ENOKEY : failed(kdb);
	sqlite3_finalize(row);
	return ret;
}

int kdb_get_id(struct kdb *kdb, int64_t id, struct kdb_key *key)
{
	sqlite3_stmt *row = kdb_prepare(kdb, KEY_COLUMNS "WHERE id = ?");

	sqlite3_bind_int64(row, 1, id);
	return get(kdb, row, key);
}

static int64_t id_of(struct kdb *kdb, const struct name *name)
{
	uint8_t hash[SEAL_HASH];
	sqlite3_stmt *row;
	int64_t id = 0;
	int ret;

	seal_hash_key(name, hash);
	row = kdb_prepare(kdb, "SELECT id FROM keys WHERE hash = ?");
	kdb_bind(row, 1, hash, SEAL_HASH);
	ret = number_of(kdb, row, &id);
	return ret ? ret : id;
}

int kdb_get(struct kdb *kdb, const struct name *name, struct kdb_key *key)
{
	int64_t id = id_of(kdb, name);

	return id < 0 ? (int)id : kdb_get_id(kdb, id, key);
}

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
			len = column_is(row, 1, hash) ? len : -EBADMSG;
		}
	} else if (code != SQLITE_DONE) {
		len = failed(kdb);
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
	ret = number_of(kdb, row, &id);
	return ret ? ret : id;
}

int kdb_branch(struct kdb *kdb, const struct name *name, struct chain *chain)
{
	/* From below, with how many objects that makes. */
	static const enum tkm_kind kinds[] = { TKM_KIND_ASK, TKM_KIND_TDK,
					       TKM_KIND_TKMRK };
	static uint8_t bytes[TKM_CHAIN_OBJECTS - 1][SEAL_MAX];
	struct tkm_piece pieces[TKM_CHAIN_OBJECTS];
	struct tkm_record record = {
		.class = TKM_CLASS_FIXED,
		.owner = name->owner,
		.side = name->side,
	};
	int64_t id, guarded;
	size_t i;
	int n;

	if (tkm_description_parse(name->description, record.app, record.label))
		return -EINVAL;
	/* Of two TDKs the one that has a password. */
	guarded = domain_tdk(kdb, name->owner, name->side);
	if (guarded < 0 && guarded != -ENOKEY)
		return guarded;
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		record.kind = kinds[i];
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
		n = failed(kdb);
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
	ret = number_of(kdb, row, &n);
	return ret ? ret : n;
}

int64_t kdb_count_storage(struct kdb *kdb)
{
	int64_t n = 0;
	int ret = kdb_number(kdb, "SELECT count(*) FROM storage", &n);

	return ret ? ret : n;
}

/* ---- changes ---- */

int64_t kdb_next_id(struct kdb *kdb, const char *table)
{
	sqlite3_stmt *row;
	int64_t last = 0;
	int ret;

	/* Of a row that is gone, too: no number is given twice. */
	row = kdb_prepare(kdb, "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = ?");
	sqlite3_bind_text(row, 1, table, -1, SQLITE_STATIC);
	ret = number_of(kdb, row, &last);
	return ret ? ret : last + 1;
}

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
	bind_reference(put, 2, parent);
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
	ret = number_of(kdb, row, &id);
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
static int64_t have_branch(struct kdb *kdb, const struct branch *branch)
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

static ssize_t seal_state(struct kdb *kdb, int64_t id, int64_t storage,
			  enum tkm_state state, uint8_t *sealed)
{
	const struct kdb_state_record record = {
		.state = state,
		.stored = time(NULL),
	};
	const struct place place = { SEAL_STATE, id, storage };
	uint8_t plain[64];
	size_t len = state_write(&record, plain, sizeof(plain));

	return seal(kdb->cipher, &place, plain, len, 0, sealed);
}

/* Whether there is a row of that number already, or not. */
static int put_key(struct kdb *kdb, int64_t id, const struct name *name,
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
	place.parent = have_branch(kdb, &branch);
	if (place.parent < 0)
		return place.parent;
	part = &branch.part[branch.n - 1];
	n = kdb_key_write(name, part->der, part->len, plain, sizeof(plain));
	n = seal(kdb->cipher, &place, plain, n, part->room, sealed);
	state_len = n < 0 ? n : seal_state(kdb, id, place.parent, in, state);
	if (state_len < 0)
		return state_len;
	seal_hash_key(name, hash);
	seal_hash_domain(name->owner, name->side, domain);
	put = kdb_prepare(kdb, "INSERT INTO keys (id, storage, hash, object, state, domain) VALUES (?, ?, ?, ?, ?, ?)"
			       " ON CONFLICT (id) DO UPDATE SET storage = excluded.storage,"
			       " object = excluded.object, state = excluded.state");
	sqlite3_bind_int64(put, 1, id);
	bind_reference(put, 2, place.parent);
	kdb_bind(put, 3, hash, SEAL_HASH);
	kdb_bind(put, 4, sealed, n);
	kdb_bind(put, 5, state, state_len);
	kdb_bind(put, 6, domain, SEAL_HASH);
	return kdb_run(kdb, put);
}

static int delete_key(struct kdb *kdb, int64_t id)
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

int kdb_begin(struct kdb *kdb)
{
	return kdb->read_only ? -EROFS : kdb_exec(kdb, "BEGIN IMMEDIATE");
}

/* Of the transaction that was begun. */
int kdb_end(struct kdb *kdb, int ret)
{
	if (!ret)
		ret = kdb_exec(kdb, "COMMIT");
	if (ret && !sqlite3_get_autocommit(kdb->db))
		sqlite3_exec(kdb->db, "ROLLBACK", NULL, NULL, NULL);
	return ret;
}

/* Another connection, with all of the log in the database. */
static int reopen(struct kdb *kdb)
{
	int ret;

	log_warning("the database is opened anew, for a write failed");
	disconnect(kdb);
	ret = look(kdb);
	if (!ret)
		ret = connect_and_check(kdb);
	if (!ret)
		ret = begin_writing(kdb);
	return ret || kdb->doubted ? -ENOTRECOVERABLE : 0;
}

int kdb_mend(struct kdb *kdb, int ret)
{
	return ret && kdb->doubted && reopen(kdb) ? -ENOTRECOVERABLE : ret;
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
	id = id_of(kdb, name);
	if (id < 0)
		ret = id;
	else if (before && before->len)
		ret = put_key(kdb, id, name, before->der, before->len,
			      state_of(kdb, id));
	else
		ret = delete_key(kdb, id);
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
	if (reopen(kdb) || try_put_back(kdb, name, der, len, before) ||
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
		id = id_of(kdb, name);
		if (id >= 0 && state_of(kdb, id) == TKM_STATE_DESTROYED)
			ret = delete_key(kdb, id);
		else if (id >= 0)
			ret = -EEXIST;
		else if (id != -ENOKEY)
			ret = id;
		if (!ret) {
			id = kdb_next_id(kdb, "keys");
			ret = id < 0 ? (int)id :
				       put_key(kdb, id, name, der, len, state);
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
		id = id_of(kdb, name);
		if (id >= 0)
			state = state_of(kdb, id);
		else if (id == -ENOKEY)
			id = kdb_next_id(kdb, "keys");
		if (state == TKM_STATE_DESTROYED)
			ret = -EIO;
		else
			ret = id < 0 ? (int)id :
				       put_key(kdb, id, name, der, len, state);
		ret = kdb_end(kdb, ret);
	}
	return settle(kdb, ret, name, der, len, before);
}

/* ---- states ---- */

/*
 * Whether a chain is of the key that is kept: what was made in that second, and
 * may have been resealed since. A flat key has only its name; one that is
 * destroyed, too.
 */
static int is_of(struct kdb *kdb, const struct kdb_key *key, const uint8_t *der,
		 size_t len)
{
	static struct chain kept;
	struct branch theirs, ours;
	int ret;

	if (key->state.state == TKM_STATE_DESTROYED)
		return 0;
	ret = branch_cut(der, len, &key->name, &theirs);
	if (!ret)
		ret = kdb_chain(kdb, key, &kept);
	if (!ret)
		ret = branch_cut(kept.der, kept.len, &key->name, &ours);
	if (ret)
		return ret;
	if (ours.n != theirs.n)
		return -ENOKEY;
	return ours.n == 1 ||
	       (ours.part[ours.n - 1].record.created ==
			theirs.part[ours.n - 1].record.created &&
		ours.part[ours.n - 1].record.kind ==
			theirs.part[ours.n - 1].record.kind) ? 0 : -ENOKEY;
}

int kdb_state(struct kdb *kdb, const struct name *name, const uint8_t *der,
	      size_t len, enum tkm_state *state)
{
	static struct kdb_key key;
	int ret = kdb_get(kdb, name, &key);

	if (!ret)
		ret = is_of(kdb, &key, der, len);
	if (!ret)
		*state = key.state.state;
	return ret;
}

static int put_state(struct kdb *kdb, const struct kdb_key *key,
		     enum tkm_state state)
{
	uint8_t sealed[SEAL_MAX];
	sqlite3_stmt *put;
	ssize_t len;

	len = seal_state(kdb, key->id, key->storage, state, sealed);
	if (len < 0)
		return len;
	put = kdb_prepare(kdb, "UPDATE keys SET state = ? WHERE id = ?");
	kdb_bind(put, 1, sealed, len);
	sqlite3_bind_int64(put, 2, key->id);
	return kdb_run(kdb, put);
}

/* The name and that it is destroyed are what is left of a key. */
static int put_destroyed(struct kdb *kdb, const struct kdb_key *key)
{
	const struct place place = { SEAL_KEY, key->id, 0 };
	uint8_t plain[TKM_DESC_MAX + 16], sealed[SEAL_MAX], state[SEAL_MAX];
	ssize_t len, state_len;
	sqlite3_stmt *put;

	len = kdb_key_write(&key->name, NULL, 0, plain, sizeof(plain));
	len = seal(kdb->cipher, &place, plain, len, sizeof(plain), sealed);
	state_len = len < 0 ? len : seal_state(kdb, key->id, 0,
					       TKM_STATE_DESTROYED, state);
	if (state_len < 0)
		return state_len;
	put = kdb_prepare(kdb, "UPDATE keys SET storage = NULL, object = ?, state = ? WHERE id = ?");
	kdb_bind(put, 1, sealed, len);
	kdb_bind(put, 2, state, state_len);
	sqlite3_bind_int64(put, 3, key->id);
	return kdb_run(kdb, put);
}

int kdb_set_state(struct kdb *kdb, const struct name *name, const uint8_t *der,
		  size_t len, enum tkm_state state)
{
	static struct kdb_key key;
	int ret = kdb_get(kdb, name, &key);

	if (!ret)
		ret = is_of(kdb, &key, der, len);
	if (ret || key.state.state == state)
		return ret;
	/* What dates make of it, the module knows. */
	if (!tkm_state_may_become(key.state.state, state))
		return -EPERM;
	ret = kdb_begin(kdb);
	if (!ret)
		ret = kdb_end(kdb, state == TKM_STATE_DESTROYED ?
				       put_destroyed(kdb, &key) :
				       put_state(kdb, &key, state));
	return kdb_mend(kdb, ret);
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
		ret = delete_key(kdb, id);
		ret = ret ? ret : audit_with(kdb, record);
		ret = kdb_end(kdb, ret);
	}
	return audit_ended(kdb, kdb_mend(kdb, ret));
}
