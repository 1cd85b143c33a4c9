/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files that keep rows in the database share, one section for each file.
 * tkmd.h has what others ask of them.
 */
#ifndef TKMD_KDB_H
#define TKMD_KDB_H

#include <limits.h>

#include "tkmd.h"

/* ---- what each version brought ------------------------------------------- */

#define KDB_SCHEMA_3					\
	"CREATE TABLE audit ("				\
	" id INTEGER PRIMARY KEY,"			\
	" record BLOB NOT NULL) STRICT;"		\
	"CREATE TABLE audit_head ("			\
	" id INTEGER PRIMARY KEY CHECK (id = 1),"	\
	" head BLOB NOT NULL) STRICT;"
#define KDB_SCHEMA_4						\
	"CREATE TABLE policies ("				\
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"		\
	" hash BLOB NOT NULL UNIQUE,"				\
	" policy BLOB NOT NULL) STRICT;"			\
	"CREATE TABLE approvals ("				\
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"		\
	" policy INTEGER NOT NULL REFERENCES policies,"		\
	" approval BLOB NOT NULL) STRICT;"			\
	"CREATE INDEX approvals_policy ON approvals (policy, id);"
#define KDB_SCHEMA_5					\
	"CREATE TABLE domains ("			\
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"	\
	" domain BLOB NOT NULL UNIQUE,"			\
	" storage INTEGER NOT NULL REFERENCES storage,"	\
	" about BLOB NOT NULL) STRICT;"
#define KDB_SCHEMA_6					\
	"CREATE TABLE platforms ("			\
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"	\
	" name BLOB NOT NULL UNIQUE,"			\
	" ek BLOB NOT NULL,"				\
	" ak BLOB NOT NULL,"				\
	" tkmrk BLOB NOT NULL,"				\
	" platform BLOB NOT NULL) STRICT;"		\
	"CREATE INDEX platforms_ek ON platforms (ek);"	\
	"CREATE INDEX platforms_ak ON platforms (ak);"	\
	"CREATE INDEX platforms_tkmrk ON platforms (tkmrk);"	\
	"CREATE TABLE challenges ("			\
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"	\
	" hash BLOB NOT NULL UNIQUE,"			\
	" challenge BLOB NOT NULL) STRICT;"
#define KDB_SCHEMA_7					\
	"CREATE TABLE packets ("			\
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"	\
	" hash BLOB NOT NULL UNIQUE,"			\
	" packet BLOB NOT NULL) STRICT;"

/* ---- kdb.c: the database ------------------------------------------------- */

/* A copy of that name in the folder. */
int kdb_save(struct kdb *kdb, const char *name);
/* Another connection, with all of the log in the database; -ENOTRECOVERABLE. */
int kdb_reopen(struct kdb *kdb);
/* After a change that ended with @ret: that, if it may have gone half. */
int kdb_mend(struct kdb *kdb, int ret);

/* ---- kdb_upgrade.c: databases of older versions -------------------------- */

/* In one transaction, after a copy that stays. */
int kdb_upgrade(struct kdb *kdb, int64_t from);

/* ---- kdb_sql.c: SQLite --------------------------------------------------- */

/* What went wrong last, and 0 for nothing; the same when something did. */
int kdb_errno(struct kdb *kdb);
int kdb_failed(struct kdb *kdb);
int kdb_exec(struct kdb *kdb, const char *sql);
struct sqlite3_stmt *kdb_prepare(struct kdb *kdb, const char *sql);
/* To its end; rows are not looked at. */
int kdb_run(struct kdb *kdb, struct sqlite3_stmt *statement);
/* The one number that it gives, to its end; -ENOKEY for no row. */
int kdb_number_of(struct kdb *kdb, struct sqlite3_stmt *statement,
		  int64_t *number);
int kdb_number(struct kdb *kdb, const char *sql, int64_t *number);
/* The id of the next row: none is given twice. */
int64_t kdb_next_id(struct kdb *kdb, const char *table);
/* Not copied: it stays where it is until the statement has run. */
void kdb_bind(struct sqlite3_stmt *statement, int where, const void *blob,
	      size_t len);
/* NULL for 0. */
void kdb_bind_reference(struct sqlite3_stmt *statement, int where, int64_t id);
bool kdb_column_is(struct sqlite3_stmt *row, int column, const uint8_t *hash);
ssize_t kdb_unseal(struct kdb *kdb, struct sqlite3_stmt *row, int column,
		   const struct place *place, uint8_t *out);
/* A transaction, and its end: COMMIT for 0. */
int kdb_begin(struct kdb *kdb);
int kdb_end(struct kdb *kdb, int ret);

/* ---- kdb_folder.c: its files --------------------------------------------- */

/* Say why, and give -EBADMSG. */
int kdb_refuse(struct kdb *kdb, const char *file, const char *why);
/* Locked. */
int kdb_open_folder(struct kdb *kdb);
bool kdb_disk_is_read_only(struct kdb *kdb);
/* Whether they can be the database. 1: there is none. */
int kdb_look(struct kdb *kdb);
int kdb_path(struct kdb *kdb, const char *file, char path[PATH_MAX]);
int kdb_uri(struct kdb *kdb, const char *file, const char *options,
	    char uri[PATH_MAX]);
void kdb_remove_file(struct kdb *kdb, const char *file);
/* What was made aside takes the name, and is on the disk under it. */
int kdb_give_name(struct kdb *kdb, const char *from, const char *to);

/* ---- kdb_key.c: rows of keys --------------------------------------------- */

/* All but the domain, which an older version does not have. */
int kdb_open_row(struct kdb *kdb, struct sqlite3_stmt *row,
		 struct kdb_key *key);
/* A name and an object as bytes. */
size_t kdb_key_write(const struct name *name, const uint8_t *der, size_t len,
		     uint8_t *out, size_t size);
int kdb_key_read(const uint8_t *in, size_t len, struct kdb_key *key);
/* -ENOKEY for none. */
int64_t kdb_key_id(struct kdb *kdb, const struct name *name);
/* In a transaction: whether there is a row of that number already, or not. */
int kdb_key_put(struct kdb *kdb, int64_t id, const struct name *name,
		const uint8_t *der, size_t len, enum tkm_state in);
int kdb_key_delete(struct kdb *kdb, int64_t id);

/* ---- kdb_state.c: their states ------------------------------------------- */

int kdb_state_read(const uint8_t *in, size_t len,
		   struct kdb_state_record *state);
/* For the row @id, under @storage. Return: the length or a negative errno. */
ssize_t kdb_seal_state(struct kdb *kdb, int64_t id, int64_t storage,
		       enum tkm_state state, uint8_t *sealed);

/* In a transaction: the name and that it is destroyed are what is left of a key. */
int kdb_state_destroy(struct kdb *kdb, const struct kdb_key *key);

/* ---- kdb_storage.c: rows of storage keys --------------------------------- */

/* Storage keys from @id up to the root, the root first; how many. */
int kdb_get_branch(struct kdb *kdb, int64_t id,
		   uint8_t bytes[TKM_CHAIN_OBJECTS - 1][SEAL_MAX],
		   struct tkm_piece pieces[TKM_CHAIN_OBJECTS - 1]);
/* The row of this storage key under that one: as it is, mended, or new. */
int64_t kdb_have_storage(struct kdb *kdb, int64_t parent,
			 const struct part *part);
/* Those above a key; 0 for a flat one. */
int64_t kdb_have_branch(struct kdb *kdb, const struct branch *branch);
int kdb_put_storage(struct kdb *kdb, int64_t id, int64_t parent,
		    const struct part *part);

#endif /* TKMD_KDB_H */
