// SPDX-License-Identifier: GPL-2.0
/*
 * What SQLite says, in the words of the files of the database: errnos, one number,
 * a transaction.
 */
#include <errno.h>
#include <sqlite3.h>
#include <string.h>

#include "kdb.h"

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
int kdb_failed(struct kdb *kdb)
{
	int ret = kdb_errno(kdb);

	return ret ? ret : -EIO;
}

int kdb_exec(struct kdb *kdb, const char *sql)
{
	return sqlite3_exec(kdb->db, sql, NULL, NULL, NULL) ? kdb_failed(kdb) : 0;
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
	int ret = code == SQLITE_DONE || code == SQLITE_ROW ? 0 : kdb_failed(kdb);

	sqlite3_finalize(statement);
	return ret;
}

/* The one number that it gives; -ENOKEY for no row. */
int kdb_number_of(struct kdb *kdb, sqlite3_stmt *statement, int64_t *number)
{
	int code = sqlite3_step(statement);
	int ret = 0;

	if (code == SQLITE_ROW)
		*number = sqlite3_column_int64(statement, 0);
	else
		ret = code == SQLITE_DONE ? -ENOKEY : kdb_failed(kdb);
	sqlite3_finalize(statement);
	return ret;
}

int kdb_number(struct kdb *kdb, const char *sql, int64_t *number)
{
	return kdb_number_of(kdb, kdb_prepare(kdb, sql), number);
}

void kdb_bind(sqlite3_stmt *statement, int where, const void *blob,
	      size_t len)
{
	sqlite3_bind_blob(statement, where, blob, (int)len, SQLITE_STATIC);
}

void kdb_bind_reference(sqlite3_stmt *statement, int where, int64_t id)
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

bool kdb_column_is(sqlite3_stmt *row, int column, const uint8_t *hash)
{
	return sqlite3_column_bytes(row, column) == SEAL_HASH &&
	       !memcmp(sqlite3_column_blob(row, column), hash, SEAL_HASH);
}

int64_t kdb_next_id(struct kdb *kdb, const char *table)
{
	sqlite3_stmt *row;
	int64_t last = 0;
	int ret;

	/* Of a row that is gone, too: no number is given twice. */
	row = kdb_prepare(kdb, "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = ?");
	sqlite3_bind_text(row, 1, table, -1, SQLITE_STATIC);
	ret = kdb_number_of(kdb, row, &last);
	return ret ? ret : last + 1;
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
