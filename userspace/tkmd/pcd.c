// SPDX-License-Identifier: GPL-2.0
/*
 * The platform credential database. A row is sealed as keys are, and found by keyed
 * hashes of its name and of the keys that are its identity.
 */
#include <errno.h>
#include <sqlite3.h>
#include <time.h>

#include "audit.h"
#include "pcd.h"

/* All of them are as long as the longest. */
#define ROOM	(TKM_POLICY_NAME_MAX + 3 * PLATFORM_NAME + PLATFORM_CREDENTIAL + 40)
#define CHALLENGE_ROOM	(2 * 32 + 8)

/* What a hash is of. */
enum { NAME = 1, EK, AK, TKMRK, CHALLENGE };

static void put_u64(struct tkm_writer *w, uint64_t value)
{
	tkm_put_u32(w, value >> 32);
	tkm_put_u32(w, (uint32_t)value);
}

static uint64_t get_u64(struct tkm_reader *r)
{
	uint64_t high = tkm_get_u32(r);

	return high << 32 | tkm_get_u32(r);
}

static void hash_of_name(const char *name, uint8_t hash[SEAL_HASH])
{
	seal_hash_platform(NAME, name, strlen(name), hash);
}

static void hash_of_key(int what, const struct key_name *name,
			uint8_t hash[SEAL_HASH])
{
	seal_hash_platform(what, name->bytes, name->len, hash);
}

/* ---- a row ---- */

static size_t platform_write(const struct platform *platform, uint8_t *out,
			     size_t size)
{
	struct tkm_writer w;

	tkm_writer_init(&w, out, size);
	tkm_put_tpm2b(&w, platform->name, strlen(platform->name));
	tkm_put_tpm2b(&w, platform->ek.bytes, platform->ek.len);
	tkm_put_tpm2b(&w, platform->ak.bytes, platform->ak.len);
	tkm_put_tpm2b(&w, platform->tkmrk.bytes, platform->tkmrk.len);
	tkm_put_u32(&w, platform->index);
	put_u64(&w, platform->added);
	put_u64(&w, platform->checked);
	tkm_put_tpm2b(&w, platform->credential, platform->len);
	return w.len;
}

static void get_key(struct tkm_reader *r, struct key_name *name)
{
	uint16_t n;
	const uint8_t *p = tkm_get_tpm2b(r, &n);

	if (!p || !n || n > PLATFORM_NAME) {
		r->bad = true;
		return;
	}
	memcpy(name->bytes, p, n);
	name->len = n;
}

static int platform_read(const uint8_t *in, size_t len,
			 struct platform *platform)
{
	struct tkm_reader r;
	const uint8_t *p;
	uint16_t n;

	tkm_reader_init(&r, in, len);
	p = tkm_get_tpm2b(&r, &n);
	if (!p || !tkm_policy_name_ok((const char *)p, n))
		return -EBADMSG;
	memcpy(platform->name, p, n);
	platform->name[n] = '\0';
	get_key(&r, &platform->ek);
	get_key(&r, &platform->ak);
	get_key(&r, &platform->tkmrk);
	platform->index = tkm_get_u32(&r);
	platform->added = get_u64(&r);
	platform->checked = get_u64(&r);
	p = tkm_get_tpm2b(&r, &n);
	if (!tkm_reader_done(&r) || !n || n > PLATFORM_CREDENTIAL)
		return -EBADMSG;
	memcpy(platform->credential, p, n);
	platform->len = n;
	return 0;
}

/* It says the same of itself as what it is found by. */
static bool hashes_fit(sqlite3_stmt *row, const struct platform *platform)
{
	uint8_t hash[4][SEAL_HASH];
	int i;

	hash_of_name(platform->name, hash[0]);
	hash_of_key(EK, &platform->ek, hash[1]);
	hash_of_key(AK, &platform->ak, hash[2]);
	hash_of_key(TKMRK, &platform->tkmrk, hash[3]);
	for (i = 0; i < 4; i++)
		if (!kdb_column_is(row, 1 + i, hash[i]))
			return false;
	return true;
}

#define COLUMNS	"SELECT id, name, ek, ak, tkmrk, platform FROM platforms "

static int open_row(struct kdb *kdb, sqlite3_stmt *row,
		    struct platform *platform)
{
	static uint8_t plain[SEAL_MAX];
	struct place place = { .what = SEAL_PLATFORM };
	ssize_t len;
	int ret;

	memset(platform, 0, sizeof(*platform));
	place.id = platform->id = sqlite3_column_int64(row, 0);
	len = kdb_unseal(kdb, row, 5, &place, plain);
	ret = len < 0 ? (int)len : platform_read(plain, len, platform);
	if (!ret && !hashes_fit(row, platform))
		ret = -EBADMSG;
	if (ret)
		log_error("platform %lld: its row does not open: %s",
			  (long long)platform->id, strerror(-ret));
	return ret;
}

static int get(struct kdb *kdb, sqlite3_stmt *row, struct platform *platform)
{
	int code = sqlite3_step(row), ret;

	if (code == SQLITE_ROW)
		ret = open_row(kdb, row, platform);
	else
		ret = code == SQLITE_DONE ? -ENOKEY : kdb_errno(kdb) ?: -EIO;
	sqlite3_finalize(row);
	return ret;
}

int pcd_get(struct kdb *kdb, const char *name, struct platform *platform)
{
	uint8_t hash[SEAL_HASH];
	sqlite3_stmt *row;

	hash_of_name(name, hash);
	row = kdb_prepare(kdb, COLUMNS "WHERE name = ?");
	kdb_bind(row, 1, hash, SEAL_HASH);
	return get(kdb, row, platform);
}

int pcd_next(struct kdb *kdb, int64_t after, struct platform *platform)
{
	sqlite3_stmt *row;

	row = kdb_prepare(kdb, COLUMNS "WHERE id > ? ORDER BY id LIMIT 1");
	sqlite3_bind_int64(row, 1, after);
	return get(kdb, row, platform);
}

/* The one row that a hash leads to, damaged or not; 0 for none. */
static int64_t id_by(struct kdb *kdb, const char *sql,
		     const uint8_t hash[SEAL_HASH])
{
	sqlite3_stmt *row = kdb_prepare(kdb, sql);
	int64_t id = 0;
	int code;

	kdb_bind(row, 1, hash, SEAL_HASH);
	code = sqlite3_step(row);
	if (code == SQLITE_ROW)
		id = sqlite3_column_int64(row, 0);
	else if (code != SQLITE_DONE)
		id = kdb_errno(kdb) ?: -EIO;
	sqlite3_finalize(row);
	return id;
}

static int64_t id_of_name(struct kdb *kdb, const char *name)
{
	uint8_t hash[SEAL_HASH];

	hash_of_name(name, hash);
	return id_by(kdb, "SELECT id FROM platforms WHERE name = ?", hash);
}

static int delete_row(struct kdb *kdb, const char *sql, int64_t id)
{
	sqlite3_stmt *row = kdb_prepare(kdb, sql);

	sqlite3_bind_int64(row, 1, id);
	return kdb_run(kdb, row);
}

int pcd_remove(struct kdb *kdb, const char *name, struct trail_record *record)
{
	int ret = kdb_begin(kdb);
	int64_t id;

	if (ret)
		return kdb_mend(kdb, ret);
	id = id_of_name(kdb, name);
	ret = id < 0 ? (int)id : id == 0 ? -ENOKEY :
	      delete_row(kdb, "DELETE FROM platforms WHERE id = ?", id);
	ret = ret ? ret : audit_with(kdb, record);
	return audit_ended(kdb, kdb_mend(kdb, kdb_end(kdb, ret)));
}

/* ---- challenges ---- */

/* A row of challenges, opened; -ENOKEY when it is over or does not open. */
static int open_challenge(struct kdb *kdb, sqlite3_stmt *row,
			  struct challenge *challenge)
{
	struct place place = {
		.what = SEAL_CHALLENGE,
		.id = sqlite3_column_int64(row, 0),
	};
	uint8_t plain[SEAL_MAX];
	struct tkm_reader r;
	int64_t age;
	ssize_t len;

	len = kdb_unseal(kdb, row, 1, &place, plain);
	if (len != CHALLENGE_ROOM)
		return -ENOKEY;
	memcpy(challenge->credential, plain, 32);
	memcpy(challenge->expect, plain + 32, 32);
	tkm_reader_init(&r, plain + 64, 8);
	age = time(NULL) - (int64_t)get_u64(&r);
	return age > PCD_SECONDS || age < -PCD_SECONDS ? -ENOKEY : 0;
}

static int find_challenge(struct kdb *kdb, const uint8_t hash[32],
			  struct challenge *challenge, int64_t *id)
{
	uint8_t keyed[SEAL_HASH];
	sqlite3_stmt *row;
	int code, ret;

	seal_hash_platform(CHALLENGE, hash, 32, keyed);
	row = kdb_prepare(kdb, "SELECT id, challenge FROM challenges WHERE hash = ?");
	kdb_bind(row, 1, keyed, SEAL_HASH);
	code = sqlite3_step(row);
	*id = sqlite3_column_int64(row, 0);
	if (code == SQLITE_ROW)
		ret = open_challenge(kdb, row, challenge);
	else
		ret = code == SQLITE_DONE ? -ENOKEY : kdb_errno(kdb) ?: -EIO;
	sqlite3_finalize(row);
	return ret;
}

static int check_proof(const struct challenge *challenge,
		       const uint8_t proof[32])
{
	const struct tkm_piece piece = { proof, 32 };
	uint8_t hash[32];

	tkm_sha256(&piece, 1, hash);
	return memcmp(hash, challenge->expect, 32) ? -EKEYREJECTED : 0;
}

int pcd_answer(struct kdb *kdb, const uint8_t hash[32], const uint8_t proof[32])
{
	struct challenge challenge;
	int64_t id;
	int ret = find_challenge(kdb, hash, &challenge, &id);

	return ret ? ret : check_proof(&challenge, proof);
}

/* Those that are over, and of those that are not all but the newest. */
static int drop_old(struct kdb *kdb)
{
	int64_t drop[PCD_CHALLENGES + 1];
	struct challenge challenge;
	int code, n = 0, open = 0, ret = 0;
	sqlite3_stmt *row;

	row = kdb_prepare(kdb, "SELECT id, challenge FROM challenges ORDER BY id DESC");
	while ((code = sqlite3_step(row)) == SQLITE_ROW && n <= PCD_CHALLENGES)
		if (open_challenge(kdb, row, &challenge) ||
		    ++open >= PCD_CHALLENGES)
			drop[n++] = sqlite3_column_int64(row, 0);
	if (code != SQLITE_DONE && code != SQLITE_ROW)
		ret = kdb_errno(kdb) ?: -EIO;
	sqlite3_finalize(row);
	while (!ret && n)
		ret = delete_row(kdb, "DELETE FROM challenges WHERE id = ?",
				 drop[--n]);
	return ret;
}

static int put_challenge(struct kdb *kdb, const struct challenge *challenge)
{
	struct place place = { .what = SEAL_CHALLENGE };
	uint8_t plain[CHALLENGE_ROOM], sealed[SEAL_MAX], keyed[SEAL_HASH];
	struct tkm_writer w;
	sqlite3_stmt *put;
	ssize_t len;

	place.id = kdb_next_id(kdb, "challenges");
	if (place.id < 0)
		return place.id;
	memcpy(plain, challenge->credential, 32);
	memcpy(plain + 32, challenge->expect, 32);
	tkm_writer_init(&w, plain + 64, 8);
	put_u64(&w, time(NULL));
	len = seal(kdb->cipher, &place, plain, sizeof(plain), 0, sealed);
	if (len < 0)
		return len;
	seal_hash_platform(CHALLENGE, challenge->hash, 32, keyed);
	put = kdb_prepare(kdb, "INSERT INTO challenges (id, hash, challenge) VALUES (?, ?, ?)");
	sqlite3_bind_int64(put, 1, place.id);
	kdb_bind(put, 2, keyed, SEAL_HASH);
	kdb_bind(put, 3, sealed, len);
	return kdb_run(kdb, put);
}

int pcd_challenge(struct kdb *kdb, const struct challenge *challenge)
{
	int ret = kdb_begin(kdb);

	if (ret)
		return kdb_mend(kdb, ret);
	ret = drop_old(kdb);
	ret = ret ? ret : put_challenge(kdb, challenge);
	return kdb_mend(kdb, kdb_end(kdb, ret));
}

/* ---- storing ---- */

static bool same_key(const struct key_name *a, const struct key_name *b)
{
	return a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}

/* Whether another row has one of its keys: -EEXIST. */
static int known_elsewhere(struct kdb *kdb, int64_t id,
			   const struct platform *platform)
{
	static const char *const sql[] = {
		"SELECT id FROM platforms WHERE ek = ?",
		"SELECT id FROM platforms WHERE ak = ?",
		"SELECT id FROM platforms WHERE tkmrk = ?",
	};
	uint8_t hash[3][SEAL_HASH];
	int64_t other;
	int i;

	hash_of_key(EK, &platform->ek, hash[0]);
	hash_of_key(AK, &platform->ak, hash[1]);
	hash_of_key(TKMRK, &platform->tkmrk, hash[2]);
	for (i = 0; i < 3; i++) {
		other = id_by(kdb, sql[i], hash[i]);
		if (other < 0)
			return other;
		if (other && other != id)
			return -EEXIST;
	}
	return 0;
}

/* What is there under that name; 0 or the row's id. @platform learns when it came. */
static int64_t may_put(struct kdb *kdb, struct platform *platform, bool replace,
		       enum pcd_conflict *conflict)
{
	static struct platform there;
	int64_t id = id_of_name(kdb, platform->name);
	int ret;

	*conflict = PCD_NONE;
	if (id < 0)
		return id;
	ret = known_elsewhere(kdb, id, platform);
	if (ret == -EEXIST)
		*conflict = PCD_KNOWN;
	if (ret || !id)
		return ret;
	ret = pcd_get(kdb, platform->name, &there);
	/* What does not open anybody may have been. */
	if (ret && ret != -EBADMSG)
		return ret;
	if (ret || !same_key(&there.ek, &platform->ek))
		*conflict = PCD_OTHER;
	else if (!same_key(&there.ak, &platform->ak) ||
		 !same_key(&there.tkmrk, &platform->tkmrk))
		*conflict = PCD_CHANGED;
	else
		platform->added = there.added;
	return *conflict != PCD_NONE && !replace ? -EEXIST : id;
}

static int put_row(struct kdb *kdb, int64_t id, const struct platform *platform)
{
	const struct place place = { .what = SEAL_PLATFORM, .id = id };
	static uint8_t plain[ROOM], sealed[SEAL_MAX];
	uint8_t hash[4][SEAL_HASH];
	sqlite3_stmt *put;
	ssize_t len;
	int i;

	len = platform_write(platform, plain, sizeof(plain));
	len = seal(kdb->cipher, &place, plain, len, sizeof(plain), sealed);
	if (len < 0)
		return len;
	hash_of_name(platform->name, hash[0]);
	hash_of_key(EK, &platform->ek, hash[1]);
	hash_of_key(AK, &platform->ak, hash[2]);
	hash_of_key(TKMRK, &platform->tkmrk, hash[3]);
	put = kdb_prepare(kdb, "INSERT OR REPLACE INTO platforms (id, name, ek, ak, tkmrk, platform)"
			       " VALUES (?, ?, ?, ?, ?, ?)");
	sqlite3_bind_int64(put, 1, id);
	for (i = 0; i < 4; i++)
		kdb_bind(put, 2 + i, hash[i], SEAL_HASH);
	kdb_bind(put, 6, sealed, len);
	return kdb_run(kdb, put);
}

/* Of this credential, and then it is over. */
static int use_challenge(struct kdb *kdb, const struct platform *platform,
			 const uint8_t hash[32], const uint8_t proof[32])
{
	const struct tkm_piece piece = { platform->credential, platform->len };
	struct challenge challenge;
	uint8_t credential[32];
	int64_t id;
	int ret;

	tkm_sha256(&piece, 1, credential);
	ret = find_challenge(kdb, hash, &challenge, &id);
	ret = ret ? ret : check_proof(&challenge, proof);
	if (!ret && memcmp(credential, challenge.credential, 32))
		ret = -EKEYREJECTED;
	return ret ? ret : delete_row(kdb, "DELETE FROM challenges WHERE id = ?",
				      id);
}

static int try_put(struct kdb *kdb, struct platform *platform,
		   const uint8_t hash[32], const uint8_t proof[32],
		   bool replace, enum pcd_conflict *conflict)
{
	int64_t id, n;
	int ret;

	ret = use_challenge(kdb, platform, hash, proof);
	if (ret)
		return ret;
	platform->added = platform->checked = time(NULL);
	id = may_put(kdb, platform, replace, conflict);
	if (id < 0)
		return id;
	if (!id) {
		ret = kdb_number(kdb, "SELECT count(*) FROM platforms", &n);
		if (!ret && n >= PLATFORMS)
			ret = -ENOSPC;
		id = kdb_next_id(kdb, "platforms");
	}
	return ret ? ret : id < 0 ? (int)id : put_row(kdb, id, platform);
}

int pcd_put(struct kdb *kdb, struct platform *platform, const uint8_t hash[32],
	    const uint8_t proof[32], bool replace, struct trail_record *record,
	    enum pcd_conflict *conflict)
{
	int ret = kdb_begin(kdb);

	*conflict = PCD_NONE;
	if (!ret) {
		ret = try_put(kdb, platform, hash, proof, replace, conflict);
		ret = ret ? ret : audit_with(kdb, record);
		ret = kdb_end(kdb, ret);
	}
	return audit_ended(kdb, kdb_mend(kdb, ret));
}
