// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * An attacker's database file: some values of it are what the input says, then a part
 * of it, the first byte says which, is read as tkmd does. What is found under a name is
 * of that name; nothing goes on for ever.
 */
#include <sqlite3.h>

#include "database.h"

static const struct {
	const char *table, *column;
	bool number;
} places[] = {
	{ "keys", "object", false }, { "keys", "state", false },
	{ "keys", "hash", false }, { "keys", "domain", false },
	{ "keys", "storage", true }, { "storage", "object", false },
	{ "storage", "hash", false }, { "storage", "parent", true },
	{ "audit", "record", false }, { "audit", "id", true },
	{ "audit_head", "head", false }, { "domains", "about", false },
	{ "domains", "storage", true }, { "policies", "policy", false },
	{ "policies", "hash", false }, { "meta", "chain", false },
	{ "packets", "packet", false }, { "packets", "hash", false },
};

/* The value that stands there, with some bytes changed; or another. */
static void alter(struct input *in)
{
	const unsigned int at = take_u8(in) % ARRAY_SIZE(places);
	const int id = take_u8(in) % 8;
	static u8 value[SEAL_MAX + 64];
	sqlite3_stmt *row;
	unsigned int changes;
	char sql[160];
	size_t len = 0, where;

	snprintf(sql, sizeof(sql), "SELECT %s FROM %s WHERE id = %d",
		 places[at].column, places[at].table, id);
	row = kdb_prepare(&kdb, sql);
	must(row);
	if (sqlite3_step(row) == SQLITE_ROW) {
		len = (size_t)sqlite3_column_bytes(row, 0);
		if (len && len <= SEAL_MAX)
			memcpy(value, sqlite3_column_blob(row, 0), len);
	}
	sqlite3_finalize(row);
	changes = take_u8(in);
	if (changes == 255) {
		len = take_u16(in) % sizeof(value);
		memset(value, 0, len);
		take(in, value, len < in->len ? len : in->len);
	}
	/* Most that is read as a number stands at the beginning. */
	for (changes %= 16; len && changes; changes--) {
		where = take_u16(in);
		where = where & 1 && len > 64 ? where % 64 : where % len;
		value[where] = take_u8(in);
	}
	snprintf(sql, sizeof(sql), "UPDATE %s SET %s = ? WHERE id = %d",
		 places[at].table, places[at].column, id);
	row = kdb_prepare(&kdb, sql);
	must(row);
	if (places[at].number)
		sqlite3_bind_int64(row, 1, (int64_t)take_u32(in) - 2);
	else
		sqlite3_bind_blob(row, 1, value, (int)len, SQLITE_STATIC);
	/* Some are refused: no two rows have one hash. */
	sqlite3_step(row);
	sqlite3_finalize(row);
}

static void read_key(const struct name *name, const struct chain *chain)
{
	static struct chain found;
	struct kdb_key key;
	struct branch branch;
	enum tkm_state state;

	if (!kdb_get(&kdb, name, &key)) {
		must(!strcmp(key.name.description, name->description));
		must(key.name.owner == name->owner);
		must(key.state.state >= TKM_STATE_PRE_ACTIVE &&
		     key.state.state <= TKM_STATE_LAST);
	}
	if (!kdb_find(&kdb, name, &found)) {
		must(found.len <= sizeof(found.der));
		branch_cut(found.der, found.len, name, &branch);
	}
	kdb_state(&kdb, name, chain->der, chain->len, &state);
	if (!kdb_branch(&kdb, name, TKM_CLASS_FIXED, &found))
		must(found.len <= sizeof(found.der));
}

static void read_others(void)
{
	static struct policy policy;
	static struct chain own;
	struct domain domain;
	int64_t ids[POLICIES];
	int i, n;

	domain_get(&kdb, names[0].owner, names[0].side, &domain);
	domain_next(&kdb, 0, &domain);
	n = kdb_policy_ids(&kdb, ids);
	for (i = 0; i < n; i++)
		kdb_policy_get_id(&kdb, ids[i], &policy);
	kdb_own_chain(&kdb, &own);
}

static void read_audit(void)
{
	struct audit_verdict verdict = { .last = 0 };
	struct trail_record record;
	int64_t after;
	int n, left;

	for (after = 0, left = 100; left; left--) {
		n = audit_get(&kdb, after, &record);
		if (n && n != -EBADMSG)
			break;
		must((int64_t)record.number > after);
		after = record.number;
	}
	must(left);
	if (!audit_verify(&kdb, 0, &verdict) && !verdict.bad)
		must(verdict.checked >= 4);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	const u8 part = take_u8(&in);
	int left = 4;

	database_make();
	must(!kdb_exec(&kdb, "BEGIN"));
	while (in.len && left--)
		alter(&in);
	if (part % 4 == 0)
		read_others();
	else if (part % 4 == 1)
		read_audit();
	else
		read_key(&names[part / 4 % n_keys], &chains[part / 4 % n_keys]);
	must(!kdb_exec(&kdb, "ROLLBACK"));
	kdb.doubted = false;
	return 0;
}
