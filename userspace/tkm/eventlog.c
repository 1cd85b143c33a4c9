// SPDX-License-Identifier: GPL-2.0
/*
 * The event log of a firmware, as TCG PC Client Platform Firmware Profile has it
 * and the kernel gives it (binary_bios_measurements): the first event is of the
 * old form and says which banks there are, the others have a digest of each. A log
 * whose first event says nothing of that kind is of the old form throughout, and
 * of SHA-1 alone. Numbers are little-endian. Played again, it tells the registers'
 * values.
 *
 * Strangers write it. Whatever it says, it is read once, front to back, and
 * nothing is taken that another reader could take for something else.
 */
#include <openssl/evp.h>

#include "cursor.h"
#include "values.h"

#define EV_NO_ACTION	3
#define ALGORITHMS	16
#define DIGEST_MAX	64
/* Those that a start resets to ones: only a dynamic launch makes zeros of them. */
#define DYNAMIC_FIRST	17
#define DYNAMIC_LAST	22

static const char *const hash_names[BANKS] = { "SHA1", "SHA256", "SHA384",
					       "SHA512" };

/**
 * struct log - a log that is being played
 * @rest: what is not read yet
 * @n: how many algorithms each event may have digests of
 * @alg: their numbers, and @size the lengths of their digests
 * @located: the locality of the start was told
 * @values: what registers hold by now
 */
struct log {
	struct cursor rest;
	u32 n;
	u16 alg[ALGORITHMS];
	u16 size[ALGORITHMS];
	bool located;
	struct values values;
};

void values_extend(struct values *values, int bank, u32 number,
		   const u8 *digest)
{
	u8 both[2 * TKM_HASH_MAX];
	u8 *value = values->value[bank][number];
	size_t size = tkm_hash_size(bank_alg(bank));

	memcpy(both, value, size);
	memcpy(both + size, digest, size);
	if (EVP_Q_digest(NULL, hash_names[bank], NULL, both, 2 * size, value,
			 NULL))
		values->known[bank] |= (u32)BIT(number);
}

void values_reset(struct values *values)
{
	int bank, i;

	memset(values, 0, sizeof(*values));
	for (bank = 0; bank < BANKS; bank++)
		for (i = DYNAMIC_FIRST; i <= DYNAMIC_LAST; i++)
			memset(values->value[bank][i], 0xff, TKM_HASH_MAX);
}

static int place_of(const struct log *log, u16 alg)
{
	u32 i;

	for (i = 0; i < log->n; i++)
		if (log->alg[i] == alg)
			return (int)i;
	return -1;
}

static bool add_algorithm(struct log *log, u16 alg, u16 size)
{
	int bank = bank_of(alg);

	if (place_of(log, alg) >= 0 || !size || size > DIGEST_MAX ||
	    (bank >= 0 && size != tkm_hash_size(alg)))
		return false;
	log->alg[log->n] = alg;
	log->size[log->n++] = size;
	return true;
}

/* TCG_EfiSpecIDEvent, all of it. */
static bool read_spec(struct log *log, struct cursor *event)
{
	u32 n, i;
	u16 alg;

	cursor_bytes(event, 24);	/* signature, platform, version */
	n = cursor_number(event, 4);
	if (event->bad || !n || n > ALGORITHMS)
		return false;
	for (i = 0; i < n; i++) {
		alg = (u16)cursor_number(event, 2);
		if (!add_algorithm(log, alg, (u16)cursor_number(event, 2)))
			return false;
	}
	cursor_bytes(event, cursor_number(event, 1));	/* vendor's own */
	return !event->bad && !event->len;
}

/* What its first event says: 1 for a log of several banks, 0 for the old form. */
static int read_header(struct log *log)
{
	static const char signature[] = "Spec ID Event03";
	struct cursor c = log->rest, event = { 0 };
	u32 type, n;

	cursor_number(&c, 4);		/* register */
	type = cursor_number(&c, 4);
	cursor_bytes(&c, 20);
	event.p = cursor_sized(&c, &n);
	event.len = n;
	if (c.bad)
		return -EBADMSG;
	if (type != EV_NO_ACTION || n < sizeof(signature) ||
	    memcmp(event.p, signature, sizeof(signature)))
		return add_algorithm(log, TPM_ALG_SHA1, 20) ? 0 : -EBADMSG;
	log->rest = c;
	return read_spec(log, &event) ? 1 : -EBADMSG;
}

/*
 * A start from another locality is in the value PCR 0 began with, so it is told
 * once, and before anything else of PCR 0.
 */
static bool read_locality(struct log *log, const u8 *event, u32 len)
{
	static const char name[] = "StartupLocality";
	u8 locality;
	int i;

	if (len < sizeof(name) || memcmp(event, name, sizeof(name)))
		return true;
	if (len != sizeof(name) + 1 || log->located)
		return false;
	locality = event[sizeof(name)];
	if (locality != 0 && locality != 3 && locality != 4)
		return false;
	for (i = 0; i < BANKS; i++) {
		if (log->values.known[i] & BIT(0))
			return false;
		log->values.value[i][0][tkm_hash_size(bank_alg(i)) - 1] =
			locality;
	}
	log->located = true;
	return true;
}

struct event {
	u32 number;
	u32 type;
	const u8 *digest[ALGORITHMS];
	const u8 *data;
	u32 len;
};

/* One digest for each bank at most, and at least one. */
static bool read_digests(struct log *log, struct event *event)
{
	u32 n = cursor_number(&log->rest, 4), i;
	int place;

	if (log->rest.bad || !n || n > log->n)
		return false;
	for (i = 0; i < n; i++) {
		place = place_of(log, (u16)cursor_number(&log->rest, 2));
		if (place < 0 || event->digest[place])
			return false;
		event->digest[place] = cursor_bytes(&log->rest,
						    log->size[place]);
		if (!event->digest[place])
			return false;
	}
	return true;
}

static bool read_event(struct log *log, bool agile)
{
	struct event event = { 0 };
	u32 i;
	int bank;

	event.number = cursor_number(&log->rest, 4);
	event.type = cursor_number(&log->rest, 4);
	if (agile && !read_digests(log, &event))
		return false;
	if (!agile)
		event.digest[0] = cursor_bytes(&log->rest, 20);
	event.data = cursor_sized(&log->rest, &event.len);
	if (log->rest.bad || event.number >= REGISTERS)
		return false;
	if (event.type == EV_NO_ACTION)
		return event.number ||
		       read_locality(log, event.data, event.len);
	for (i = 0; i < log->n; i++) {
		bank = bank_of(log->alg[i]);
		if (event.digest[i] && bank >= 0)
			values_extend(&log->values, bank, event.number,
				      event.digest[i]);
	}
	return true;
}

int values_log(struct values *values, const u8 *data, size_t len)
{
	struct log log = { .rest = { .p = data, .len = len } };
	int bank, i, agile;

	if (len > EVENT_LOG_MAX)
		return -E2BIG;
	values_reset(&log.values);
	agile = read_header(&log);
	if (agile < 0)
		return agile;
	while (log.rest.len)
		if (!read_event(&log, agile))
			return -EBADMSG;
	for (bank = 0; bank < BANKS; bank++) {
		for (i = 0; i < REGISTERS; i++)
			if (log.values.known[bank] & BIT(i))
				memcpy(values->value[bank][i],
				       log.values.value[bank][i],
				       TKM_HASH_MAX);
		values->known[bank] |= log.values.known[bank];
	}
	return 0;
}
