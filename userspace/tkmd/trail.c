// SPDX-License-Identifier: GPL-2.0
/*
 * Records of the audit as bytes, as words, and who may have how many of them. No
 * database and no kernel: Documentation/audit.rst, and tests/unit/test_trail.c.
 */
#include <errno.h>
#include <linux/tkm_netlink.h>
#include <stdio.h>

#include "trail.h"

/* ---- bytes ---- */

#define FORMAT	1

static void put_u64(struct tkm_writer *w, uint64_t v)
{
	tkm_put_u32(w, v >> 32);
	tkm_put_u32(w, v);
}

static uint64_t get_u64(struct tkm_reader *r)
{
	uint64_t high = tkm_get_u32(r);

	return high << 32 | tkm_get_u32(r);
}

size_t trail_write(const struct trail_record *record, uint8_t out[TRAIL_MAX])
{
	struct tkm_writer w;

	tkm_writer_init(&w, out, TRAIL_MAX);
	tkm_put_u32(&w, FORMAT);
	put_u64(&w, record->number);
	tkm_put_u32(&w, record->event);
	tkm_put_u32(&w, record->state);
	tkm_put_u32(&w, record->result);
	tkm_put_u32(&w, record->owner);
	tkm_put_u32(&w, record->side);
	tkm_put_u32(&w, record->uid);
	tkm_put_u32(&w, record->user_ns);
	tkm_put_u32(&w, record->pid);
	put_u64(&w, record->first);
	put_u64(&w, record->last);
	put_u64(&w, record->count);
	put_u64(&w, record->lost);
	tkm_put_tpm2b(&w, record->key, strlen(record->key));
	tkm_put_tpm2b(&w, record->program, strlen(record->program));
	return w.len;
}

static void get_text(struct tkm_reader *r, char *out, size_t size)
{
	uint16_t n;
	const uint8_t *bytes = tkm_get_tpm2b(r, &n);

	if (!bytes || n >= size || memchr(bytes, 0, n)) {
		r->bad = true;
		return;
	}
	memcpy(out, bytes, n);
	out[n] = '\0';
}

int trail_read(const uint8_t *in, size_t len, struct trail_record *record)
{
	struct tkm_reader r;

	memset(record, 0, sizeof(*record));
	tkm_reader_init(&r, in, len);
	if (tkm_get_u32(&r) != FORMAT)
		return -EBADMSG;
	record->number = get_u64(&r);
	record->event = tkm_get_u32(&r);
	record->state = tkm_get_u32(&r);
	record->result = tkm_get_u32(&r);
	record->owner = tkm_get_u32(&r);
	record->side = tkm_get_u32(&r);
	record->uid = tkm_get_u32(&r);
	record->user_ns = tkm_get_u32(&r);
	record->pid = tkm_get_u32(&r);
	record->first = get_u64(&r);
	record->last = get_u64(&r);
	record->count = get_u64(&r);
	record->lost = get_u64(&r);
	get_text(&r, record->key, sizeof(record->key));
	get_text(&r, record->program, sizeof(record->program));
	return r.bad || r.len ? -EBADMSG : 0;
}

/* ---- words ---- */

static const struct {
	uint32_t number;
	const char *name;
} events[] = {
	{ TKM_AUDIT_EVENT_CREATE, "create" },
	{ TKM_AUDIT_EVENT_LOAD, "load" },
	{ TKM_AUDIT_EVENT_EXPORT, "export" },
	{ TKM_AUDIT_EVENT_SIGN, "sign" },
	{ TKM_AUDIT_EVENT_VERIFY, "verify" },
	{ TKM_AUDIT_EVENT_ENCRYPT, "encrypt" },
	{ TKM_AUDIT_EVENT_DECRYPT, "decrypt" },
	{ TKM_AUDIT_EVENT_PUBLISH, "publish" },
	{ TKM_AUDIT_EVENT_UNPUBLISH, "unpublish" },
	{ TKM_AUDIT_EVENT_RESEAL, "reseal" },
	{ TKM_AUDIT_EVENT_STATE, "state" },
	{ TKM_AUDIT_EVENT_REVOKE, "revoke" },
	{ TKM_AUDIT_EVENT_POLICY_SET, "policy-set" },
	{ TKM_AUDIT_EVENT_POLICY_APPROVE, "policy-approve" },
	{ TKM_AUDIT_EVENT_POLICY_REMOVE, "policy-remove" },
	{ TKM_AUDIT_EVENT_DOMAIN_NEW, "domain-new" },
	{ TKM_AUDIT_EVENT_UNLOCK, "unlock" },
	{ TKM_AUDIT_EVENT_LOCK, "lock" },
	{ TKM_AUDIT_EVENT_PASSWD, "passwd" },
	{ TKM_AUDIT_EVENT_DUPLICATE, "duplicate" },
	{ TKM_AUDIT_EVENT_IMPORT, "import" },
	{ TKM_AUDIT_EVENT_CERTIFY, "certify" },
	{ TRAIL_START, "start" },
	{ TRAIL_STOP, "stop" },
	{ TRAIL_REMOVE, "remove" },
	{ TRAIL_QUERY, "query" },
	{ TRAIL_GAP, "gap" },
	{ TRAIL_FLOOD, "flood" },
	{ TRAIL_RETIRE, "policy-retire" },
	{ TRAIL_PLATFORM_ADD, "platform-add" },
	{ TRAIL_PLATFORM_REMOVE, "platform-remove" },
	{ TRAIL_PACKET_TAKE, "packet-take" },
	{ TRAIL_PACKET_RETIRE, "packet-retire" },
};

const char *trail_event_name(uint32_t event)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(events); i++)
		if (events[i].number == event)
			return events[i].name;
	return "unknown";
}

uint32_t trail_event(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(events); i++)
		if (!strcmp(events[i].name, name))
			return events[i].number;
	return 0;
}

void trail_escape(const char *bytes, char *out)
{
	for (; *bytes; bytes++) {
		if (*bytes > ' ' && *bytes < 0x7f && *bytes != '\\')
			*out++ = *bytes;
		else
			out += sprintf(out, "\\x%02x", (unsigned char)*bytes);
	}
	*out = '\0';
}

bool trail_fits(const struct trail_filter *filter,
		const struct trail_record *record)
{
	const uint64_t last = record->last ? record->last : record->first;

	if (filter->key && strcmp(filter->key, record->key))
		return false;
	if (filter->by_uid && filter->uid != record->uid)
		return false;
	if (filter->event && filter->event != record->event)
		return false;
	if (filter->refused && !record->result)
		return false;
	return last >= filter->since &&
	       (!filter->until || record->first <= filter->until);
}

bool trail_may_see(uint32_t uid, const struct trail_record *record)
{
	return !uid || record->uid == uid ||
	       (*record->key && record->owner == uid &&
		record->side == TKM_SIDE_INIT);
}

/* ---- who may have how many ---- */

static bool is_use(uint32_t event)
{
	return event >= TKM_AUDIT_EVENT_SIGN && event <= TKM_AUDIT_EVENT_DECRYPT;
}

/* Of who and what: theirs, or the place of whoever was quiet for longest. */
static struct trail_bucket *bucket_of(struct trail_room *room, uint32_t uid,
				      bool use, int64_t now)
{
	struct trail_bucket *bucket, *quiet = room->buckets;

	for (bucket = room->buckets;
	     bucket < room->buckets + ARRAY_SIZE(room->buckets); bucket++) {
		if (bucket->used && bucket->uid == uid && bucket->use == use)
			return bucket;
		if (!bucket->used || (quiet->used && bucket->at < quiet->at))
			quiet = bucket;
	}
	*quiet = (struct trail_bucket){
		.used = true,
		.uid = uid,
		.use = use,
		.left = room->each,
		.at = now,
	};
	return quiet;
}

enum trail_admission trail_admit(struct trail_room *room,
				 struct trail_record *record, int64_t now)
{
	struct trail_bucket *bucket =
		bucket_of(room, record->uid,
			  is_use(record->event) && !record->result, now);
	/* As many in a day as at once. */
	const int64_t pause = 86400 / room->each + 1;
	int64_t more;

	if (now < bucket->at)
		bucket->at = now;
	more = (now - bucket->at) / pause;
	bucket->at += more * pause;
	bucket->left = more < room->each - bucket->left ? bucket->left + more :
							  room->each;
	if (bucket->left) {
		bucket->left--;
		record->lost += bucket->lost;
		bucket->lost = 0;
		bucket->told = false;
		return TRAIL_WRITE;
	}
	bucket->lost += record->count + record->lost;
	if (bucket->told)
		return TRAIL_COUNT;
	bucket->told = true;
	return TRAIL_TELL;
}
