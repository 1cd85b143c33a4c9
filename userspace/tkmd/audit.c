// SPDX-License-Identifier: GPL-2.0
/*
 * The audit: records, each with a hash of all before it, in the database, and
 * where their chain ends, both there and in a file beside it. What of this finds
 * which harm is in Documentation/audit.rst.
 *
 * A record is written when the transaction is on the disk, and after that the
 * file. So the file is behind by at most one transaction, and never ahead, unless
 * somebody put an older database back.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "audit.h"
#include "kdb.h"

#define FILE_NAME	"audit.head"
#define MAGIC		"tkm audit head 1"
#define SLOT		88
/* Apart, so that a torn write spoils one of them. */
#define SLOT_AT(n)	(((n) & 1) * 4096)

/**
 * struct head - where the chain begins and ends
 * @base: number before the first record that is kept, and @base_hash its hash
 * @last: of the last one, and its hash
 */
struct head {
	int64_t base, last;
	uint8_t base_hash[SEAL_HASH], hash[SEAL_HASH];
};

static struct head head;
static struct trail_room room = { .each = AUDIT_LIMIT / AUDIT_SHARES };
static int64_t limit = AUDIT_LIMIT;
static uint32_t own_namespace;
static int file = -1;
/* Of what tkmd did itself and could not write. */
static uint64_t unwritten;
static bool failing;
/* The file could not be written when the database was. */
static bool behind;

/* ---- rows ---- */

static const struct place head_place = { .what = SEAL_HEAD, .id = 1 };

static int64_t get_number(struct tkm_reader *r)
{
	const uint64_t high = tkm_get_u32(r);

	return (int64_t)(high << 32 | tkm_get_u32(r));
}

static void put_number(struct tkm_writer *w, int64_t number)
{
	tkm_put_u32(w, (uint64_t)number >> 32);
	tkm_put_u32(w, number);
}

static void get_hash(struct tkm_reader *r, uint8_t hash[SEAL_HASH])
{
	const uint8_t *bytes = tkm_get_bytes(r, SEAL_HASH);

	if (bytes)
		memcpy(hash, bytes, SEAL_HASH);
}

static int head_read(const uint8_t *in, size_t len, struct head *to)
{
	struct tkm_reader r;

	tkm_reader_init(&r, in, len);
	to->base = get_number(&r);
	get_hash(&r, to->base_hash);
	to->last = get_number(&r);
	get_hash(&r, to->hash);
	return r.bad || r.len || to->base < 0 || to->last < to->base ?
		       -EBADMSG : 0;
}

static int put_head(struct kdb *kdb, const struct head *from)
{
	uint8_t plain[128], sealed[SEAL_MAX];
	struct tkm_writer w;
	sqlite3_stmt *put;
	ssize_t len;

	tkm_writer_init(&w, plain, sizeof(plain));
	put_number(&w, from->base);
	tkm_put_bytes(&w, from->base_hash, SEAL_HASH);
	put_number(&w, from->last);
	tkm_put_bytes(&w, from->hash, SEAL_HASH);
	len = seal(kdb->cipher, &head_place, plain, w.len, 0, sealed);
	if (len < 0)
		return len;
	put = kdb_prepare(kdb, "INSERT OR REPLACE INTO audit_head VALUES (1, ?)");
	kdb_bind(put, 1, sealed, len);
	return kdb_run(kdb, put);
}

int audit_begin(struct kdb *kdb)
{
	static const struct head none;

	return put_head(kdb, &none);
}

static int get_head(struct kdb *kdb, struct head *to)
{
	sqlite3_stmt *row = kdb_prepare(kdb, "SELECT head FROM audit_head WHERE id = 1");
	uint8_t plain[SEAL_MAX];
	ssize_t len = -EBADMSG;
	const int code = sqlite3_step(row);

	if (code == SQLITE_ROW)
		len = kdb_unseal(kdb, row, 0, &head_place, plain);
	else if (code != SQLITE_DONE)
		len = kdb_errno(kdb);
	sqlite3_finalize(row);
	return len < 0 ? (int)len : head_read(plain, len, to);
}

/* The record of this row, and its hash. */
static int open_row(struct kdb *kdb, sqlite3_stmt *row,
		    struct trail_record *record, uint8_t hash[SEAL_HASH])
{
	const struct place place = {
		.what = SEAL_AUDIT,
		.id = sqlite3_column_int64(row, 0),
	};
	uint8_t plain[SEAL_MAX];
	ssize_t len;
	int ret;

	len = kdb_unseal(kdb, row, 1, &place, plain);
	if (len < SEAL_HASH)
		return len < 0 ? (int)len : -EBADMSG;
	memcpy(hash, plain, SEAL_HASH);
	ret = trail_read(plain + SEAL_HASH, len - SEAL_HASH, record);
	return ret || record->number != (uint64_t)place.id ? -EBADMSG : 0;
}

/* The next row after @after: its number, which does not open with -EBADMSG. */
static int next_row(struct kdb *kdb, int64_t after, struct trail_record *record,
		    uint8_t hash[SEAL_HASH])
{
	sqlite3_stmt *row;
	int64_t number;
	int ret, code;

	row = kdb_prepare(kdb, "SELECT id, record FROM audit WHERE id > ? ORDER BY id LIMIT 1");
	sqlite3_bind_int64(row, 1, after);
	code = sqlite3_step(row);
	if (code == SQLITE_ROW) {
		number = sqlite3_column_int64(row, 0);
		ret = open_row(kdb, row, record, hash);
		record->number = number;
	} else {
		ret = code == SQLITE_DONE ? -ENOKEY : kdb_errno(kdb);
	}
	sqlite3_finalize(row);
	return ret;
}

/* The hash of this one, if it is there and opens. */
static bool hash_at(struct kdb *kdb, int64_t number, uint8_t hash[SEAL_HASH])
{
	struct trail_record record;

	return !next_row(kdb, number - 1, &record, hash) &&
	       record.number == (uint64_t)number;
}

/* ---- the file ---- */

static void slot_write(const struct head *from, uint8_t slot[SLOT])
{
	struct tkm_writer w;

	tkm_writer_init(&w, slot, SLOT);
	tkm_put_bytes(&w, MAGIC, 16);
	put_number(&w, from->last);
	tkm_put_bytes(&w, from->hash, SEAL_HASH);
	seal_hash_head(slot, 16 + 8 + SEAL_HASH, slot + 16 + 8 + SEAL_HASH);
}

static bool slot_read(int from, off_t at, struct head *to)
{
	uint8_t slot[SLOT], mac[SEAL_HASH];
	struct tkm_reader r;

	if (pread(from, slot, SLOT, at) != SLOT || memcmp(slot, MAGIC, 16))
		return false;
	seal_hash_head(slot, 16 + 8 + SEAL_HASH, mac);
	if (memcmp(mac, slot + 16 + 8 + SEAL_HASH, SEAL_HASH))
		return false;
	tkm_reader_init(&r, slot + 16, SLOT - 16);
	to->last = get_number(&r);
	get_hash(&r, to->hash);
	return true;
}

/* The newest end that the file tells. */
static bool file_read(int from, struct head *to)
{
	struct head a, b;
	const bool is_a = slot_read(from, SLOT_AT(0), &a);
	const bool is_b = slot_read(from, SLOT_AT(1), &b);

	if (is_a && (!is_b || a.last > b.last))
		*to = a;
	else if (is_b)
		*to = b;
	return is_a || is_b;
}

static int file_write(void)
{
	uint8_t slot[SLOT];

	if (file < 0)
		return -EROFS;
	slot_write(&head, slot);
	errno = EIO;
	behind = pwrite(file, slot, SLOT, SLOT_AT(head.last)) != SLOT ||
		 fdatasync(file);
	return behind ? -errno : 0;
}

static int file_make(struct kdb *kdb)
{
	static const uint8_t empty[2 * 4096];
	int ret = 0;

	if (file >= 0)
		close(file);
	file = openat(kdb->folder_fd, FILE_NAME ".new",
		      O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	errno = file < 0 ? errno : EIO;
	if (file < 0 || write(file, empty, sizeof(empty)) != sizeof(empty))
		ret = -errno;
	ret = ret ? ret : file_write();
	if (!ret && (fsync(file) ||
		     renameat(kdb->folder_fd, FILE_NAME ".new", kdb->folder_fd,
			      FILE_NAME) || fsync(kdb->folder_fd)))
		ret = -errno;
	return ret;
}

/* -1 when there is none, or what is there is nobody's file but ours. */
static int file_open(struct kdb *kdb, int flags)
{
	struct stat st;
	int fd;

	fd = openat(kdb->folder_fd, FILE_NAME,
		    flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode) ||
			st.st_nlink != 1)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* ---- writing ---- */

/* What is full makes room for many. */
static int rotate(struct kdb *kdb)
{
	int64_t to = head.last - limit + limit / AUDIT_SHARES;
	struct trail_record record;
	sqlite3_stmt *old;
	int ret;

	if (head.last - head.base <= limit)
		return 0;
	ret = next_row(kdb, to - 1, &record, head.base_hash);
	if (ret == -ENOKEY)
		return 0;
	/* One that does not open is found by who looks, before it is gone. */
	if (ret && ret != -EBADMSG)
		return ret;
	to = record.number;
	if (ret)
		memset(head.base_hash, 0, SEAL_HASH);
	old = kdb_prepare(kdb, "DELETE FROM audit WHERE id <= ?");
	sqlite3_bind_int64(old, 1, to);
	head.base = to;
	log_info("the audit is full: records up to %" PRId64 " are gone", to);
	return kdb_run(kdb, old);
}

static int put_record(struct kdb *kdb, struct trail_record *record)
{
	struct place place = { .what = SEAL_AUDIT };
	uint8_t plain[SEAL_HASH + TRAIL_MAX], sealed[SEAL_MAX], hash[SEAL_HASH];
	sqlite3_stmt *put;
	ssize_t len;
	int ret;

	record->number = head.last + 1;
	place.id = record->number;
	len = trail_write(record, plain + SEAL_HASH);
	seal_hash_audit(head.hash, plain + SEAL_HASH, len, hash);
	memcpy(plain, hash, SEAL_HASH);
	len = seal(kdb->cipher, &place, plain, SEAL_HASH + len, sizeof(plain),
		   sealed);
	if (len < 0)
		return len;
	put = kdb_prepare(kdb, "INSERT INTO audit VALUES (?, ?)");
	sqlite3_bind_int64(put, 1, place.id);
	kdb_bind(put, 2, sealed, len);
	ret = kdb_run(kdb, put);
	if (ret)
		return ret;
	head.last = record->number;
	memcpy(head.hash, hash, SEAL_HASH);
	return 0;
}

static int64_t seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}

static int put_flood(struct kdb *kdb, const struct trail_record *of)
{
	struct trail_record flood = *of;

	flood.event = TRAIL_FLOOD;
	flood.state = flood.result = 0;
	flood.lost = flood.last = 0;
	flood.count = 1;
	flood.key[0] = '\0';
	return put_record(kdb, &flood);
}

/* One, if its user has any left. */
static int admit(struct kdb *kdb, struct trail_record *record)
{
	switch (trail_admit(&room, record, seconds_now())) {
	case TRAIL_WRITE:
		return put_record(kdb, record);
	case TRAIL_TELL:
		return put_flood(kdb, record);
	default:
		return 0;
	}
}

/* What is kept, said once when it cannot be, and once when it can again. */
static int tell(int ret)
{
	if (ret && !failing)
		log_error("the audit cannot be written: %s: records wait in the module, which has room for 1024",
			  strerror(-ret));
	else if (!ret && failing)
		log_info("the audit is written again");
	failing = ret;
	return ret;
}

static int append(struct kdb *kdb, struct trail_record *records, size_t n,
		  int (*put)(struct kdb *kdb, struct trail_record *record))
{
	static struct trail_room room_before;
	const struct head before = head;
	size_t i;
	int ret;

	/* Else every try would leave the same records once more. */
	ret = behind ? file_write() : 0;
	if (ret)
		return tell(ret);
	room_before = room;
	ret = kdb_begin(kdb);
	if (!ret) {
		for (i = 0; !ret && i < n; i++)
			ret = put(kdb, &records[i]);
		ret = ret ? ret : rotate(kdb);
		ret = ret ? ret : put_head(kdb, &head);
		ret = kdb_end(kdb, ret);
	}
	if (!ret)
		return tell(file_write());
	head = before;
	room = room_before;
	ret = kdb_mend(kdb, ret);
	/* It may be there all the same. */
	if (ret != -ENOTRECOVERABLE && get_head(kdb, &head))
		head = before;
	return ret == -ENOTRECOVERABLE ? ret : tell(ret);
}

int audit_append(struct kdb *kdb, struct trail_record *records, size_t n)
{
	return append(kdb, records, n, admit);
}

int audit_with(struct kdb *kdb, struct trail_record *record)
{
	int ret = admit(kdb, record);

	ret = ret ? ret : rotate(kdb);
	return ret ? ret : put_head(kdb, &head);
}

int audit_ended(struct kdb *kdb, int ret)
{
	if (!ret)
		tell(file_write());
	else if (ret != -ENOTRECOVERABLE)
		get_head(kdb, &head);
	return ret;
}

static uint64_t now(void)
{
	struct timespec when;

	clock_gettime(CLOCK_REALTIME, &when);
	return when.tv_sec * 1000000000ULL + when.tv_nsec;
}

static void comm_of(pid_t pid, char *out, size_t size)
{
	char path[40];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, out, size - 1);
		close(fd);
	}
	out[n < 0 ? 0 : n] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

void audit_fill(struct trail_record *record, uint32_t event, int result,
		const struct name *name, const struct who *who)
{
	*record = (struct trail_record){
		.event = event,
		.result = -result,
		.uid = who ? who->uid : geteuid(),
		.pid = who ? who->pid : getpid(),
		.user_ns = who && who->foreign ? 0 : own_namespace,
		.first = now(),
		.count = 1,
		.lost = unwritten,
	};
	if (name) {
		record->owner = name->owner;
		record->side = name->side;
		strcpy(record->key, name->description);
	}
	comm_of(record->pid, record->program, sizeof(record->program));
}

static int note(struct kdb *kdb, struct trail_record *records, size_t n,
		int (*put)(struct kdb *kdb, struct trail_record *record))
{
	const int ret = append(kdb, records, n, put);

	if (ret == -ENOTRECOVERABLE)
		return ret;
	unwritten = ret ? unwritten + n : 0;
	return 0;
}

int audit_note(struct kdb *kdb, uint32_t event, int result,
	       const struct name *name, const struct who *who)
{
	struct trail_record record;

	if (kdb->read_only)
		return 0;
	audit_fill(&record, event, result, name, who);
	return note(kdb, &record, 1, who ? admit : put_record);
}

int audit_notes(struct kdb *kdb, struct trail_record *records, size_t n)
{
	size_t i;

	if (kdb->read_only || !n)
		return 0;
	/* What is missing is missing once. */
	for (i = 1; i < n; i++)
		records[i].lost = 0;
	return note(kdb, records, n, admit);
}

/* ---- opening ---- */

static void say_head(const char *when)
{
	char hex[2 * SEAL_HASH + 1];
	struct tkm_writer w;

	tkm_writer_init(&w, hex, sizeof(hex) - 1);
	tkm_put_hex(&w, head.hash, SEAL_HASH);
	hex[w.len] = '\0';
	log_info("the audit %s with record %" PRId64 ":%s", when, head.last, hex);
}

static int64_t last_row(struct kdb *kdb)
{
	int64_t last = 0;

	return kdb_number(kdb, "SELECT coalesce(max(id), 0) FROM audit", &last) ?
		       0 : last;
}

/* What is missing, if anything is: one of TRAIL_*, and how many at least. */
static enum trail_gap find_gap(struct kdb *kdb, uint64_t *missing)
{
	struct head there;
	uint8_t hash[SEAL_HASH];
	const bool readable = file >= 0 && file_read(file, &there);

	*missing = 0;
	if (get_head(kdb, &head)) {
		memset(&head, 0, sizeof(head));
		head.last = last_row(kdb);
		if (readable && there.last > head.last)
			head.last = there.last;
		head.base = head.last;
		return TRAIL_NO_HEAD;
	}
	if (!readable)
		return head.last || file >= 0 ? TRAIL_NO_FILE : 0;
	if (there.last > head.last) {
		*missing = there.last - head.last;
		/* No number is given twice. */
		head.last = there.last;
		return TRAIL_OLD_COPY;
	}
	if (there.last == head.last ?
	    memcmp(there.hash, head.hash, SEAL_HASH) :
	    hash_at(kdb, there.last, hash) &&
	    memcmp(there.hash, hash, SEAL_HASH))
		return TRAIL_OLD_COPY;
	return 0;
}

static const char *const gaps[] = {
	[TRAIL_OLD_COPY] = "the database is an older copy than audit.head",
	[TRAIL_NO_HEAD] = "the end of the audit is damaged",
	[TRAIL_NO_FILE] = "audit.head is gone, or damaged",
};

static int put_gap(struct kdb *kdb, enum trail_gap gap, uint64_t missing)
{
	struct trail_record record;

	log_warning("%s: see tkm audit verify", gaps[gap]);
	audit_fill(&record, TRAIL_GAP, 0, NULL, NULL);
	record.state = gap;
	record.lost = missing;
	return append(kdb, &record, 1, put_record);
}

int audit_open(struct kdb *kdb, int64_t records)
{
	enum trail_gap gap;
	uint64_t missing;
	struct stat st;
	int ret = 0;

	limit = records;
	room.each = limit / AUDIT_SHARES;
	own_namespace = stat("/proc/self/ns/user", &st) ? 0 : st.st_ino;
	file = file_open(kdb, kdb->read_only ? O_RDONLY : O_RDWR);
	gap = find_gap(kdb, &missing);
	if (kdb->read_only) {
		if (gap)
			log_warning("%s: see tkm audit verify", gaps[gap]);
		return 0;
	}
	if (gap == TRAIL_NO_FILE || gap == TRAIL_NO_HEAD || file < 0)
		ret = file_make(kdb);
	if (ret) {
		log_error("audit.head cannot be made: %s", strerror(-ret));
		return ret;
	}
	ret = gap ? put_gap(kdb, gap, missing) : 0;
	ret = ret == -ENOTRECOVERABLE ? ret :
		audit_note(kdb, TRAIL_START, 0, NULL, NULL);
	say_head("goes on");
	return ret;
}

void audit_close(struct kdb *kdb)
{
	audit_note(kdb, TRAIL_STOP, 0, NULL, NULL);
	say_head("ends");
	if (file >= 0)
		close(file);
	file = -1;
}

/* ---- looking ---- */

int audit_get(struct kdb *kdb, int64_t after, struct trail_record *record)
{
	uint8_t hash[SEAL_HASH];

	return next_row(kdb, after, record, hash);
}

void audit_ends(int64_t *first, int64_t *last, uint8_t hash[SEAL_HASH])
{
	*first = head.base + 1;
	*last = head.last;
	memcpy(hash, head.hash, SEAL_HASH);
}

static int bad(struct audit_verdict *verdict, int64_t number, const char *why)
{
	verdict->bad = number;
	verdict->why = why;
	return 0;
}

/* The next one; 0 also when it does not fit, which is said. */
static int verify_next(struct kdb *kdb, struct audit_verdict *v,
		       uint8_t hash[SEAL_HASH], bool *known)
{
	uint8_t said[SEAL_HASH], real[SEAL_HASH], bytes[TRAIL_MAX];
	struct trail_record record;
	size_t len;
	int ret;

	ret = next_row(kdb, v->last, &record, said);
	if (ret && ret != -EBADMSG)
		return ret;
	if (record.number != (uint64_t)v->last + 1)
		return bad(v, v->last + 1,
			   !ret && record.event == TRAIL_GAP ?
				   gaps[TRAIL_OLD_COPY] : "it is not there");
	if ((int64_t)record.number > head.last)
		return bad(v, record.number, "it is after the end");
	if (ret)
		return bad(v, record.number, "it does not open: it was changed, or is another's");
	len = trail_write(&record, bytes);
	seal_hash_audit(hash, bytes, len, real);
	if (*known && memcmp(real, said, SEAL_HASH))
		return bad(v, record.number, "what was before it is not what was when it was written");
	if (record.event == TRAIL_GAP && record.state >= TRAIL_OLD_COPY &&
	    record.state <= TRAIL_NO_FILE)
		return bad(v, record.number, gaps[record.state]);
	memcpy(hash, said, SEAL_HASH);
	*known = true;
	v->last = record.number;
	v->checked++;
	if (v->against == v->last && memcmp(v->wanted, said, SEAL_HASH))
		return bad(v, v->last, "it is another than the one that is wanted");
	return 0;
}

/* After the last row. */
static int verify_end(struct kdb *kdb, struct audit_verdict *v,
		      const uint8_t hash[SEAL_HASH])
{
	struct head there, kept;

	if (v->last != head.last)
		return bad(v, v->last + 1, "it is not there, and the end is later");
	if (memcmp(hash, head.hash, SEAL_HASH) || get_head(kdb, &kept) ||
	    memcmp(&kept, &head, sizeof(head)))
		return bad(v, v->last, "it is not the one that the end tells");
	if (file < 0 || !file_read(file, &there))
		return bad(v, v->last, gaps[TRAIL_NO_FILE]);
	if (there.last > head.last)
		return bad(v, v->last + 1, gaps[TRAIL_OLD_COPY]);
	if (there.last == head.last && memcmp(there.hash, hash, SEAL_HASH))
		return bad(v, v->last, gaps[TRAIL_OLD_COPY]);
	if (v->against > head.last)
		return bad(v, head.last + 1, "it is not there, and is wanted");
	return 0;
}

int audit_verify(struct kdb *kdb, int64_t after, struct audit_verdict *v)
{
	uint8_t hash[SEAL_HASH] = { 0 };
	bool known = true;
	int ret = 0, left = AUDIT_PAGE;

	v->last = after;
	if (v->last <= head.base) {
		v->last = head.base;
		memcpy(hash, head.base_hash, SEAL_HASH);
	} else {
		known = hash_at(kdb, v->last, hash);
	}
	if (v->against && v->against <= head.base)
		return bad(v, v->against, "it is gone by now, and cannot be compared");
	while (!ret && !v->bad && left--)
		ret = verify_next(kdb, v, hash, &known);
	if (ret == -ENOKEY)
		return verify_end(kdb, v, hash);
	v->more = !ret && !v->bad;
	return ret;
}
