// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * The states of a key: which may follow which, what each allows, and what dates
 * make of them. NIST SP 800-57 part 1 revision 5, section 7.
 */
#include "core.h"

static const char *const names[] = {
	[TKM_STATE_PRE_ACTIVE] = "pre-active",
	[TKM_STATE_ACTIVE] = "active",
	[TKM_STATE_SUSPENDED] = "suspended",
	[TKM_STATE_DEACTIVATED] = "deactivated",
	[TKM_STATE_COMPROMISED] = "compromised",
	[TKM_STATE_DESTROYED] = "destroyed",
};

#define PRE_ACTIVE	BIT(TKM_STATE_PRE_ACTIVE)
#define ACTIVE		BIT(TKM_STATE_ACTIVE)
#define SUSPENDED	BIT(TKM_STATE_SUSPENDED)
#define DEACTIVATED	BIT(TKM_STATE_DEACTIVATED)
#define COMPROMISED	BIT(TKM_STATE_COMPROMISED)
#define DESTROYED	BIT(TKM_STATE_DESTROYED)

/* Its transitions 1 to 14. */
static const unsigned long followers[] = {
	[TKM_STATE_PRE_ACTIVE] = ACTIVE | COMPROMISED | DESTROYED,
	[TKM_STATE_ACTIVE] = SUSPENDED | DEACTIVATED | COMPROMISED | DESTROYED,
	[TKM_STATE_SUSPENDED] = ACTIVE | DEACTIVATED | COMPROMISED | DESTROYED,
	[TKM_STATE_DEACTIVATED] = COMPROMISED | DESTROYED,
	[TKM_STATE_COMPROMISED] = DESTROYED,
	[TKM_STATE_DESTROYED] = 0,
};

static const unsigned long allowing[] = {
	[TKM_PROTECT] = ACTIVE,
	[TKM_PROCESS] = ACTIVE | SUSPENDED | DEACTIVATED | COMPROMISED,
};

static bool is_state(enum tkm_state state)
{
	return state >= TKM_STATE_PRE_ACTIVE && state <= TKM_STATE_LAST;
}

const char *tkm_state_name(enum tkm_state state)
{
	return is_state(state) ? names[state] : "?";
}

int tkm_state_parse(const char *name, size_t len, enum tkm_state *state)
{
	enum tkm_state s;

	for (s = TKM_STATE_PRE_ACTIVE; s <= TKM_STATE_LAST; s++) {
		if (strlen(names[s]) != len || memcmp(names[s], name, len))
			continue;
		*state = s;
		return 0;
	}
	return -EINVAL;
}

bool tkm_state_may_become(enum tkm_state from, enum tkm_state to)
{
	return is_state(from) && is_state(to) && (followers[from] & BIT(to));
}

bool tkm_state_allows(enum tkm_state state, enum tkm_way way)
{
	return is_state(state) && (allowing[way] & BIT(state));
}

enum tkm_state tkm_state_later(enum tkm_state a, enum tkm_state b)
{
	return a > b ? a : b;
}

enum tkm_state tkm_state_at(enum tkm_state kept, const struct tkm_record *rec,
			    s64 now)
{
	if (kept != TKM_STATE_ACTIVE)
		return kept;
	if (rec->not_before > now)
		return TKM_STATE_PRE_ACTIVE;
	if (rec->protect_until && rec->protect_until <= now)
		return TKM_STATE_DEACTIVATED;
	return TKM_STATE_ACTIVE;
}

int tkm_state_change(enum tkm_state kept, const struct tkm_record *rec, s64 now,
		     enum tkm_state to)
{
	if (!tkm_state_may_become(tkm_state_at(kept, rec, now), to) ||
	    tkm_state_at(to, rec, now) != to)
		return -EPERM;
	return 0;
}
