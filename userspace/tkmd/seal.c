// SPDX-License-Identifier: GPL-2.0
/*
 * What stands in the database. Rows are found by keyed hashes of what they are
 * about, and hold nothing else that is not sealed. A sealed value is
 *
 *	length (4 bytes, big endian) || value || zeros
 *
 * up to a multiple of ROUND, encrypted with the place it stands in as associated
 * data: in another row, or another column, it does not open.
 */
#include "tkmd.h"

#define FORMAT	1
#define ROUND	512

static const uint8_t *index_key;

void seal_index_key(const uint8_t key[SEAL_HASH])
{
	index_key = key;
}

/* What is hashed begins with what it is, so that one is never another. */
static void hash(uint32_t what, const void *a, size_t a_len, const void *b,
		 size_t b_len, uint8_t out[SEAL_HASH])
{
	uint8_t head[8];
	const struct tkm_piece pieces[] = {
		{ head, sizeof(head) }, { a, a_len }, { b, b_len },
	};

	put_unaligned_be32(what, head);
	put_unaligned_be32(a_len, head + 4);
	tkm_hmac_sha256(index_key, SEAL_HASH, pieces, ARRAY_SIZE(pieces), out);
}

enum { HASH_KEY = 1, HASH_DOMAIN, HASH_OBJECT, HASH_STORAGE, HASH_AUDIT,
       HASH_HEAD,
	HASH_POLICY, HASH_PLATFORM, HASH_PACKET,
};

static void domain_bytes(uint32_t owner, uint32_t side, uint8_t out[8])
{
	put_unaligned_be32(owner, out);
	put_unaligned_be32(side, out + 4);
}

void seal_hash_key(const struct name *name, uint8_t out[SEAL_HASH])
{
	uint8_t domain[8];

	domain_bytes(name->owner, name->side, domain);
	hash(HASH_KEY, domain, sizeof(domain), name->description,
	     strlen(name->description), out);
}

void seal_hash_domain(uint32_t owner, uint32_t side, uint8_t out[SEAL_HASH])
{
	uint8_t domain[8];

	domain_bytes(owner, side, domain);
	hash(HASH_DOMAIN, domain, sizeof(domain), NULL, 0, out);
}

void seal_hash_object(const void *der, size_t len, uint8_t out[SEAL_HASH])
{
	hash(HASH_OBJECT, der, len, NULL, 0, out);
}

void seal_hash_storage(const struct tkm_record *record, uint8_t out[SEAL_HASH])
{
	uint8_t about[16] = { 0 };

	put_unaligned_be32(record->kind, about);
	put_unaligned_be32(record->class, about + 4);
	/* A TKMRK has none. */
	if (record->kind != TKM_KIND_TKMRK)
		domain_bytes(record->owner, record->side, about + 8);
	hash(HASH_STORAGE, about, sizeof(about), record->app,
	     record->kind == TKM_KIND_ASK ? strlen(record->app) : 0, out);
}

void seal_hash_audit(const uint8_t before[SEAL_HASH], const void *record,
		     size_t len, uint8_t out[SEAL_HASH])
{
	hash(HASH_AUDIT, before, SEAL_HASH, record, len, out);
}

void seal_hash_head(const void *head, size_t len, uint8_t out[SEAL_HASH])
{
	hash(HASH_HEAD, head, len, NULL, 0, out);
}

void seal_hash_policy(const char *name, uint8_t out[SEAL_HASH])
{
	hash(HASH_POLICY, name, strlen(name), NULL, 0, out);
}

void seal_hash_platform(uint32_t what, const void *bytes, size_t len,
			uint8_t out[SEAL_HASH])
{
	uint8_t which[4];

	put_unaligned_be32(what, which);
	hash(HASH_PLATFORM, which, sizeof(which), bytes, len, out);
}

void seal_hash_packet(const uint8_t id[PACKET_ID], uint8_t out[SEAL_HASH])
{
	hash(HASH_PACKET, id, PACKET_ID, NULL, 0, out);
}

static size_t aad_of(const struct place *place, uint8_t aad[32])
{
	struct tkm_writer w;

	tkm_writer_init(&w, aad, 32);
	tkm_put_u32(&w, FORMAT);
	tkm_put_u32(&w, place->what);
	tkm_put_u32(&w, (uint64_t)place->id >> 32);
	tkm_put_u32(&w, place->id);
	tkm_put_u32(&w, (uint64_t)place->parent >> 32);
	tkm_put_u32(&w, place->parent);
	return w.len;
}

ssize_t seal(const struct cipher *cipher, const struct place *place,
	     const void *in, size_t len, size_t room, uint8_t *out)
{
	uint8_t plain[SEAL_MAX] = { 0 }, aad[32];
	int ret;

	if (room < len)
		room = len;
	room = (4 + room + ROUND - 1) / ROUND * ROUND;
	if (room + CIPHER_OVERHEAD > SEAL_MAX)
		return -E2BIG;
	put_unaligned_be32(len, plain);
	memcpy(plain + 4, in, len);
	ret = cipher->seal(aad, aad_of(place, aad), plain, room, out);
	memzero_explicit(plain, room);
	return ret ? ret : (ssize_t)(room + CIPHER_OVERHEAD);
}

ssize_t unseal(const struct cipher *cipher, const struct place *place,
	       const void *sealed, size_t len, uint8_t *out)
{
	uint8_t aad[32];
	size_t content;
	int ret;

	if (len > SEAL_MAX || len < CIPHER_OVERHEAD + 4)
		return -EBADMSG;
	ret = cipher->open(aad, aad_of(place, aad), sealed, len, out);
	if (ret)
		return ret;
	content = get_unaligned_be32(out);
	if (content > len - CIPHER_OVERHEAD - 4)
		return -EBADMSG;
	memmove(out, out + 4, content);
	return content;
}
