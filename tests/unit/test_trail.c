// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * Records of tkmd's audit: bytes, words, who may see which, who may have how many.
 */
#include <errno.h>

#include "unit.h"
#include "../../userspace/tkmd/trail.h"

static struct trail_record sample(void)
{
	struct trail_record r = {
		.number = 0x0102030405060708,
		.event = 9,
		.state = 3,
		.result = 1,
		.owner = 1000,
		.side = 1,
		.uid = 1001,
		.user_ns = 4026531837,
		.pid = 77,
		.first = 1789000000123456789,
		.last = 1789000001123456789,
		.count = 12,
		.lost = 3,
	};

	strcpy(r.key, "disk:vol1");
	strcpy(r.program, "/usr/bin/a b\xff");
	return r;
}

static bool same(const struct trail_record *a, const struct trail_record *b)
{
	uint8_t x[TRAIL_MAX], y[TRAIL_MAX];
	const size_t n = trail_write(a, x);

	return n == trail_write(b, y) && !memcmp(x, y, n);
}

static void there_and_back(void **state)
{
	const struct trail_record r = sample();
	struct trail_record again, longest = sample();
	uint8_t bytes[TRAIL_MAX];
	size_t len = trail_write(&r, bytes);

	(void)state;
	/* The number, highest byte first, behind the version. */
	assert_memory_equal(bytes, "\0\0\0\1\1\2\3\4\5\6\7\x8", 12);
	assert_int_equal(len, 76 + 2 + 9 + 2 + 13);
	assert_int_equal(trail_read(bytes, len, &again), 0);
	assert_memory_equal(&again.number, &r.number, sizeof(r.number));
	assert_string_equal(again.key, r.key);
	assert_string_equal(again.program, r.program);
	assert_true(again.first == r.first && again.last == r.last);
	assert_true(again.count == 12 && again.lost == 3 && again.pid == 77);
	assert_true(again.owner == 1000 && again.side == 1 && again.uid == 1001);
	assert_true(again.event == 9 && again.state == 3 && again.result == 1);
	memset(longest.key, 'k', TKM_DESC_MAX);
	memset(longest.program, 'p', TRAIL_PROGRAM_MAX);
	len = trail_write(&longest, bytes);
	assert_true(len <= TRAIL_MAX);
	assert_int_equal(trail_read(bytes, len, &again), 0);
	assert_true(same(&again, &longest));
}

static void is_bad(const u8 *q, size_t m)
{
	struct trail_record record;

	assert_int_equal(trail_read(q, m, &record), -EBADMSG);
}

/* Every bit counts: another record, or none. */
static void is_another(const u8 *q, size_t m)
{
	const struct trail_record r = sample();
	struct trail_record record;

	if (!trail_read(q, m, &record))
		assert_false(same(&r, &record));
}

static void damaged(void **state)
{
	struct trail_record r = sample();
	uint8_t bytes[TRAIL_MAX + 1];
	size_t len = trail_write(&r, bytes);

	(void)state;
	each_truncation(bytes, len, is_bad);
	each_flip(bytes, len, is_another);
	bytes[len] = 0;
	is_bad(bytes, len + 1);
	/* A zero within a name would hide what is behind it. */
	bytes[len - 3] = 0;
	is_bad(bytes, len);
	memset(bytes, 0xff, sizeof(bytes));
	is_bad(bytes, TRAIL_MAX);
}

static void words(void **state)
{
	char out[4 * 255 + 1];
	uint32_t event;
	int known = 0;

	(void)state;
	for (event = 0; event < 1000; event++)
		if (strcmp(trail_event_name(event), "unknown")) {
			assert_int_equal(trail_event(trail_event_name(event)), event);
			known++;
		}
	assert_int_equal(known, 33);
	assert_string_equal(trail_event_name(TRAIL_GAP), "gap");
	assert_int_equal(trail_event("unknown"), 0);
	assert_int_equal(trail_event(""), 0);
	trail_escape("", out);
	assert_string_equal(out, "");
	trail_escape("/bin/x", out);
	assert_string_equal(out, "/bin/x");
	trail_escape("a b\\c\n\x1b[0m\x7f\x80\xff", out);
	assert_string_equal(out, "a\\x20b\\x5cc\\x0a\\x1b[0m\\x7f\\x80\\xff");
}

static void filters(void **state)
{
	struct trail_record r = sample(), refused = sample();
	struct trail_filter all = { .key = NULL }, f;

	(void)state;
	r.result = 0;
	assert_true(trail_fits(&all, &r));
#define FITS(field, good, bad)				\
	f = all;					\
	f.field = good;					\
	assert_true(trail_fits(&f, &r));		\
	f.field = bad;					\
	assert_false(trail_fits(&f, &r));
	FITS(key, "disk:vol1", "disk:vol");
	FITS(event, 9, 8);
	/* Any of the time that it lasted. */
	FITS(since, r.last, r.last + 1);
	FITS(until, r.first, r.first - 1);
	f = (struct trail_filter){ .by_uid = true, .uid = 1001 };
	assert_true(trail_fits(&f, &r));
	f.uid = 0;
	assert_false(trail_fits(&f, &r));
	f = (struct trail_filter){ .refused = true };
	assert_false(trail_fits(&f, &r));
	assert_true(trail_fits(&f, &refused));
	r.last = 0;
	f = (struct trail_filter){ .since = r.first + 1 };
	assert_false(trail_fits(&f, &r));
}

static void whose(void **state)
{
	struct trail_record r = sample();

	(void)state;
	assert_true(trail_may_see(0, &r));
	assert_true(trail_may_see(1001, &r));
	/* The key is of that number on the other side. */
	assert_false(trail_may_see(1000, &r));
	r.side = TKM_SIDE_INIT;
	assert_true(trail_may_see(1000, &r));
	assert_false(trail_may_see(1002, &r));
	r.key[0] = '\0';
	assert_false(trail_may_see(1000, &r));
}

static enum trail_admission one(struct trail_room *room, uint32_t uid,
				uint32_t event, uint32_t result, int64_t now,
				uint64_t *lost)
{
	struct trail_record r = { .uid = uid, .event = event, .result = result,
				  .count = 2, .lost = 1 };
	const enum trail_admission a = trail_admit(room, &r, now);

	*lost = r.lost;
	return a;
}

static void shares(void **state)
{
	static struct trail_room room;
	const int64_t pause = 86400 / 4 + 1;
	uint64_t lost;
	int i;

	(void)state;
	memset(&room, 0, sizeof(room));
	room.each = 4;
	for (i = 0; i < 4; i++) {
		assert_int_equal(one(&room, 7, 1, 0, 100, &lost), TRAIL_WRITE);
		assert_int_equal(lost, 1);
	}
	assert_int_equal(one(&room, 7, 1, 0, 100, &lost), TRAIL_TELL);
	for (i = 0; i < 10; i++)
		assert_int_equal(one(&room, 7, 1, 0, 101, &lost), TRAIL_COUNT);
	/* Nobody else's, and uses that succeed are another thing. */
	assert_int_equal(one(&room, 8, 1, 0, 101, &lost), TRAIL_WRITE);
	assert_int_equal(one(&room, 7, 4, 0, 101, &lost), TRAIL_WRITE);
	assert_int_equal(one(&room, 7, 4, 1, 101, &lost), TRAIL_COUNT);
	/* A while later one is written, which says what was not. */
	assert_int_equal(one(&room, 7, 1, 0, 100 + pause - 1, &lost), TRAIL_COUNT);
	assert_int_equal(one(&room, 7, 1, 0, 100 + pause, &lost), TRAIL_WRITE);
	assert_int_equal(lost, 1 + 3 * 13);
	assert_int_equal(one(&room, 7, 1, 0, 100 + pause, &lost), TRAIL_TELL);
	/* Never more than at first, and not for a clock that goes back. */
	for (i = 0; i < 4; i++)
		assert_int_equal(one(&room, 7, 1, 0, 100 + 50 * pause, &lost),
				 TRAIL_WRITE);
	assert_int_equal(one(&room, 7, 1, 0, 100 + 50 * pause, &lost), TRAIL_TELL);
	assert_int_equal(one(&room, 7, 1, 0, 5, &lost), TRAIL_COUNT);
	/* Many users: each has some, and who is noisy stays known. */
	for (i = 1000; i < 3000; i++)
		assert_int_equal(one(&room, i, 1, 0, 200 + 50 * pause, &lost),
				 TRAIL_WRITE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(damaged),
		cmocka_unit_test(words),
		cmocka_unit_test(filters),
		cmocka_unit_test(whose),
		cmocka_unit_test(shares),
	};

	return cmocka_run_group_tests_name("trail", tests, NULL, NULL);
}
