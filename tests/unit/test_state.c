// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * States: every transition and every use, against a table of this file's own,
 * which is written as NIST SP 800-57 part 1 revision 5, section 7, reads.
 */
#include "unit.h"

#define STATES 6

/* Rows: from; columns: to. P A S D C X, X for destroyed. */
static const char *const transitions[STATES] = {
	/*	  PASDCX */
	/* P */	".y..yy",
	/* A */	"..yyyy",
	/* S */	".y.yyy",
	/* D */	"....yy",
	/* C */	".....y",
	/* X */	"......",
};

/* What each allows: protect, process. */
static const char *const uses[STATES] = { "..", "yy", ".y", ".y", ".y", ".." };

static const char *const names[STATES] = {
	"pre-active", "active", "suspended", "deactivated", "compromised",
	"destroyed",
};

static enum tkm_state nth(int i)
{
	enum tkm_state state = 0;

	assert_int_equal(tkm_state_parse(names[i], strlen(names[i]), &state), 0);
	return state;
}

static void names_come_back(void **state)
{
	static const char *const bad[] = {
		"", "Active", "activ", "active ", "pre_active", "preactive",
		"expired", "revoked", "?", "destroyed-compromised",
	};
	enum tkm_state got = 77;
	size_t i, len;
	char *copy;

	(void)state;
	for (i = 0; i < STATES; i++)
		assert_string_equal(tkm_state_name(nth((int)i)), names[i]);
	assert_string_equal(tkm_state_name(0), "?");
	assert_string_equal(tkm_state_name(STATES + 1), "?");
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		len = strlen(bad[i]);
		copy = exact(bad[i], len);
		assert_int_equal(tkm_state_parse(copy, len, &got), -EINVAL);
		exact_free(copy);
	}
	assert_int_equal(got, 77);
}

static void every_transition_is_as_written(void **state)
{
	int from, to, legal = 0;

	(void)state;
	for (from = 0; from < STATES; from++) {
		for (to = 0; to < STATES; to++) {
			bool want = transitions[from][to] == 'y';

			legal += want;
			if (tkm_state_may_become(nth(from), nth(to)) != want)
				fail_msg("%s to %s", names[from], names[to]);
		}
		assert_false(tkm_state_may_become(nth(from), 0));
		assert_false(tkm_state_may_become(nth(from), STATES + 1));
		assert_false(tkm_state_may_become(0, nth(from)));
		assert_false(tkm_state_may_become(STATES + 1, nth(from)));
	}
	assert_int_equal(legal, 14);
}

static void every_use_is_as_written(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < STATES; i++) {
		assert_int_equal(tkm_state_allows(nth(i), TKM_PROTECT),
				 uses[i][0] == 'y');
		assert_int_equal(tkm_state_allows(nth(i), TKM_PROCESS),
				 uses[i][1] == 'y');
	}
	assert_false(tkm_state_allows(0, TKM_PROCESS));
	assert_false(tkm_state_allows(STATES + 1, TKM_PROCESS));
}

/* Nothing that follows allows a use that what it follows did not, but waking up. */
static void only_activation_gives(void **state)
{
	int from, to;

	(void)state;
	for (from = 0; from < STATES; from++)
		for (to = 0; to < STATES; to++)
			if (transitions[from][to] == 'y' && to != 1 && from)
				assert_true(uses[from][0] >= uses[to][0] &&
					    uses[from][1] >= uses[to][1]);
}

static void the_later_of_two(void **state)
{
	int a, b;

	(void)state;
	for (a = 0; a < STATES; a++)
		for (b = 0; b < STATES; b++)
			assert_int_equal(tkm_state_later(nth(a), nth(b)),
					 nth(a > b ? a : b));
}

#define NOT_BEFORE	1000
#define PROTECT_UNTIL	2000
#define NOT_AFTER	3000

/* The state at each moment, by what was set; dates say more of "active" only. */
static void dates_only_take_away(void **state)
{
	static const struct {
		s64 now;
		int active;
	} moments[] = {
		{ 0, 0 }, { NOT_BEFORE - 1, 0 }, { NOT_BEFORE, 1 },
		{ PROTECT_UNTIL - 1, 1 }, { PROTECT_UNTIL, 3 },
		{ NOT_AFTER, 3 }, { 253402300799LL, 3 },
	};
	const struct tkm_record with = { .not_before = NOT_BEFORE,
					 .protect_until = PROTECT_UNTIL,
					 .not_after = NOT_AFTER };
	const struct tkm_record without = { .not_after = NOT_AFTER };
	size_t m;
	int i, want;

	(void)state;
	for (m = 0; m < ARRAY_SIZE(moments); m++) {
		for (i = 0; i < STATES; i++) {
			want = i == 1 ? moments[m].active : i;
			assert_int_equal(tkm_state_at(nth(i), &with,
						      moments[m].now),
					 nth(want));
			assert_int_equal(tkm_state_at(nth(i), &without,
						      moments[m].now), nth(i));
		}
	}
}

/* Every change at every moment: legal from where the key is, and it lasts. */
static void changes_are_from_where_the_key_is(void **state)
{
	static const s64 moments[] = { NOT_BEFORE - 1, NOT_BEFORE,
				       PROTECT_UNTIL, NOT_AFTER };
	/* Where an active key is then. */
	static const int active[] = { 0, 1, 3, 3 };
	const struct tkm_record rec = { .not_before = NOT_BEFORE,
					.protect_until = PROTECT_UNTIL,
					.not_after = NOT_AFTER };
	int kept, to, from;
	size_t m;
	bool want;

	(void)state;
	for (m = 0; m < ARRAY_SIZE(moments); m++) {
		for (kept = 0; kept < STATES; kept++) {
			for (to = 0; to < STATES; to++) {
				from = kept == 1 ? active[m] : kept;
				want = transitions[from][to] == 'y' &&
				       (to != 1 || active[m] == 1);
				assert_int_equal(
					tkm_state_change(nth(kept), &rec,
							 moments[m], nth(to)),
					want ? 0 : -EPERM);
			}
		}
	}
	assert_int_equal(tkm_state_change(TKM_STATE_ACTIVE, &rec, NOT_BEFORE, 0),
			 -EPERM);
	assert_int_equal(tkm_state_change(TKM_STATE_ACTIVE, &rec, NOT_BEFORE,
					  STATES + 1), -EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_come_back),
		cmocka_unit_test(every_transition_is_as_written),
		cmocka_unit_test(every_use_is_as_written),
		cmocka_unit_test(only_activation_gives),
		cmocka_unit_test(the_later_of_two),
		cmocka_unit_test(dates_only_take_away),
		cmocka_unit_test(changes_are_from_where_the_key_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
