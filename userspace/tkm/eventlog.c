// SPDX-License-Identifier: GPL-2.0
/*
 * The event log of a firmware, as TCG PC Client Platform Firmware Profile has it
 * and the kernel gives it (binary_bios_measurements): the first event is of the
 * old form and says which banks there are, the others have a digest of each.
 * Numbers are little-endian. Played again, it tells the registers' values.
 */
#include <openssl/evp.h>

#include "values.h"

#define EV_NO_ACTION	3

struct log {
	const u8 *p;
	size_t len;
	bool bad;
};

static const u8 *get(struct log *log, size_t n)
{
	const u8 *p = log->p;

	if (log->bad || n > log->len) {
		log->bad = true;
		return NULL;
	}
	log->p += n;
	log->len -= n;
	return p;
}

static u32 get_number(struct log *log, size_t size)
{
	const u8 *p = get(log, size);
	u32 v = 0;

	while (p && size--)
		v = v << 8 | p[size];
	return v;
}

static const struct {
	u16 alg;
	const char *name;
	size_t size;
} hashes[] = {
	{ TPM_ALG_SHA1, "SHA1", 20 },
	{ TPM_ALG_SHA256, "SHA256", 32 },
	{ TPM_ALG_SHA384, "SHA384", 48 },
	{ TPM_ALG_SHA512, "SHA512", 64 },
};

static void extend(struct values *values, size_t bank, u32 number,
		   const u8 *digest)
{
	u8 both[2 * TKM_HASH_MAX];
	u8 *value = values->value[bank][number];
	size_t size = hashes[bank].size;

	memcpy(both, value, size);
	memcpy(both + size, digest, size);
	if (EVP_Q_digest(NULL, hashes[bank].name, NULL, both, 2 * size, value,
			 NULL))
		values->known[bank] |= (u32)BIT(number);
}

/* Which banks the log has, and how long digests of others are. */
struct sizes {
	u32 n;
	u16 alg[16];
	u16 size[16];
};

static bool read_header(struct log *log, struct sizes *sizes)
{
	static const char signature[] = "Spec ID Event03";
	struct log event;
	u32 i;

	get_number(log, 4);		/* register */
	if (get_number(log, 4) != EV_NO_ACTION)
		return false;
	get(log, 20);
	event.len = get_number(log, 4);
	event.p = get(log, event.len);
	event.bad = !event.p;
	if (event.bad || event.len < 28 ||
	    memcmp(event.p, signature, sizeof(signature)))
		return false;
	get(&event, 24);
	sizes->n = get_number(&event, 4);
	if (sizes->n > ARRAY_SIZE(sizes->alg))
		return false;
	for (i = 0; i < sizes->n; i++) {
		sizes->alg[i] = (u16)get_number(&event, 2);
		sizes->size[i] = (u16)get_number(&event, 2);
	}
	return !event.bad;
}

static size_t size_of(const struct sizes *sizes, u16 alg)
{
	u32 i;

	for (i = 0; i < sizes->n; i++)
		if (sizes->alg[i] == alg)
			return sizes->size[i];
	return 0;
}

/* A start from another locality is in the value PCR 0 began with. */
static void read_locality(struct values *values, const u8 *event, size_t len)
{
	static const char name[] = "StartupLocality";
	size_t i;

	if (!event || len != sizeof(name) + 1 || memcmp(event, name, sizeof(name)))
		return;
	for (i = 0; i < ARRAY_SIZE(hashes); i++)
		values->value[i][0][hashes[i].size - 1] = event[sizeof(name)];
}

static bool read_event(struct log *log, const struct sizes *sizes,
		       struct values *values)
{
	const u8 *digests[ARRAY_SIZE(hashes)] = { NULL }, *p;
	u32 number = get_number(log, 4), type = get_number(log, 4);
	u32 n = get_number(log, 4), i;
	size_t size;
	int bank;
	u16 alg;

	for (i = 0; i < n && !log->bad; i++) {
		alg = (u16)get_number(log, 2);
		size = size_of(sizes, alg);
		bank = bank_of(alg);
		p = size ? get(log, size) : NULL;
		if (!p || (bank >= 0 && size != hashes[bank].size))
			return false;
		if (bank >= 0)
			digests[bank] = p;
	}
	size = get_number(log, 4);
	p = get(log, size);
	if (log->bad || number >= REGISTERS)
		return false;
	if (type == EV_NO_ACTION) {
		if (!number)
			read_locality(values, p, size);
		return true;
	}
	for (i = 0; i < ARRAY_SIZE(hashes); i++)
		if (digests[i])
			extend(values, i, number, digests[i]);
	return true;
}

int values_log(struct values *values, const u8 *data, size_t len)
{
	struct log log = { .p = data, .len = len };
	struct values played;
	struct sizes sizes;
	int bank, i;

	memset(&played, 0, sizeof(played));
	if (!read_header(&log, &sizes))
		return -EBADMSG;
	while (log.len)
		if (!read_event(&log, &sizes, &played))
			return -EBADMSG;
	for (bank = 0; bank < BANKS; bank++)
		for (i = 0; i < REGISTERS; i++)
			if (played.known[bank] & BIT(i))
				memcpy(values->value[bank][i],
				       played.value[bank][i], TKM_HASH_MAX);
	for (bank = 0; bank < BANKS; bank++)
		values->known[bank] |= played.known[bank];
	return 0;
}
