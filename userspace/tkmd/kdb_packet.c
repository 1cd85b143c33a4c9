// SPDX-License-Identifier: GPL-2.0
/*
 * Keys that come from another platform: all of them in one transaction, with a row
 * that says which packet they were in, so that none is taken twice.
 *
 * What is to be believed of a packet, root looked at (tkm migrate). Here each key has to be
 * a chain as any other, and to go under a name of its own.
 */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "audit.h"
#include "kdb.h"

/* How the file begins. */
#define FORMAT	1
#define STORAGE_MOST	4096
/* What is done in much less than the watchdog's time. */
#define SOME		1024
/* id, digest, source, when, keys, left out */
#define ROOM	(16 + 32 + TKM_NAME_SIZE + 8 + 4 + 4)

/* ---- rows: which packets were taken ---------------------------------------- */

static ssize_t taken_write(const struct taken *taken, uint8_t out[ROOM])
{
	struct tkm_writer w;

	tkm_writer_init(&w, out, ROOM);
	tkm_put_bytes(&w, taken->id, sizeof(taken->id));
	tkm_put_bytes(&w, taken->digest, sizeof(taken->digest));
	tkm_put_bytes(&w, taken->source, sizeof(taken->source));
	tkm_put_u32(&w, (uint64_t)taken->when >> 32);
	tkm_put_u32(&w, taken->when);
	tkm_put_u32(&w, taken->keys);
	tkm_put_u32(&w, taken->left);
	return w.len;
}

static void take_bytes(struct tkm_reader *r, uint8_t *out, size_t len)
{
	const uint8_t *bytes = tkm_get_bytes(r, len);

	if (bytes)
		memcpy(out, bytes, len);
}

static int taken_read(const uint8_t *in, size_t len, struct taken *taken)
{
	struct tkm_reader r;
	uint64_t when;

	tkm_reader_init(&r, in, len);
	take_bytes(&r, taken->id, sizeof(taken->id));
	take_bytes(&r, taken->digest, sizeof(taken->digest));
	take_bytes(&r, taken->source, sizeof(taken->source));
	when = (uint64_t)tkm_get_u32(&r) << 32;
	taken->when = (int64_t)(when | tkm_get_u32(&r));
	taken->keys = tkm_get_u32(&r);
	taken->left = tkm_get_u32(&r);
	return r.bad || r.len ? -EBADMSG : 0;
}

static int open_row(struct kdb *kdb, sqlite3_stmt *row,
		    const uint8_t id[PACKET_ID], struct taken *taken)
{
	const struct place place = {
		.what = SEAL_PACKET,
		.id = sqlite3_column_int64(row, 0),
	};
	uint8_t plain[SEAL_MAX];
	ssize_t len;
	int ret;

	len = kdb_unseal(kdb, row, 1, &place, plain);
	ret = len < 0 ? (int)len : taken_read(plain, len, taken);
	/* It is where it belongs. */
	if (!ret && memcmp(taken->id, id, PACKET_ID))
		ret = -EBADMSG;
	if (ret == -EBADMSG)
		log_error("packet %lld: its row does not open",
			  (long long)place.id);
	return ret;
}

int kdb_packet_get(struct kdb *kdb, const uint8_t id[PACKET_ID],
		   struct taken *taken)
{
	uint8_t hash[SEAL_HASH];
	sqlite3_stmt *row;
	int code, ret;

	seal_hash_packet(id, hash);
	row = kdb_prepare(kdb, "SELECT id, packet FROM packets WHERE hash = ?");
	kdb_bind(row, 1, hash, SEAL_HASH);
	code = sqlite3_step(row);
	if (code == SQLITE_ROW)
		ret = open_row(kdb, row, id, taken);
	else
		ret = code == SQLITE_DONE ? -ENOKEY : kdb_failed(kdb);
	sqlite3_finalize(row);
	return ret;
}

static int put_row(struct kdb *kdb, const struct taken *taken)
{
	struct place place = { .what = SEAL_PACKET };
	uint8_t plain[ROOM], sealed[SEAL_MAX], hash[SEAL_HASH];
	sqlite3_stmt *put;
	ssize_t len;

	place.id = kdb_next_id(kdb, "packets");
	if (place.id < 0)
		return place.id;
	len = taken_write(taken, plain);
	len = seal(kdb->cipher, &place, plain, len, sizeof(plain), sealed);
	if (len < 0)
		return len;
	seal_hash_packet(taken->id, hash);
	put = kdb_prepare(kdb, "INSERT INTO packets (id, hash, packet) VALUES (?, ?, ?)");
	sqlite3_bind_int64(put, 1, place.id);
	kdb_bind(put, 2, hash, SEAL_HASH);
	kdb_bind(put, 3, sealed, len);
	return kdb_run(kdb, put);
}

/* ---- what came: storage keys and keys, one after the other ---------------------- */

/**
 * struct arrival - the file
 * @top: the root key, and the object that the TPM imported
 * @storage: what is between that and keys
 * @left: how many keys follow, in @r
 */
struct arrival {
	struct tkm_piece top[2];
	struct tkm_piece storage[STORAGE_MOST];
	uint32_t n_storage, left;
	struct tkm_reader r;
};

static struct tkm_piece get_piece(struct tkm_reader *r)
{
	struct tkm_piece piece = { 0 };
	uint16_t len;

	piece.data = tkm_get_tpm2b(r, &len);
	piece.len = piece.data ? len : 0;
	return piece;
}

static int begin(const uint8_t *bytes, size_t len, struct arrival *arrival)
{
	struct tkm_reader *r = &arrival->r;
	struct tkm_piece top;
	uint32_t i;

	tkm_reader_init(r, bytes, len);
	if (tkm_get_u32(r) != FORMAT)
		return -EBADMSG;
	top = get_piece(r);
	arrival->n_storage = tkm_get_u32(r);
	if (r->bad || arrival->n_storage > STORAGE_MOST ||
	    branch_cut_two(top.data, top.len, arrival->top))
		return -EBADMSG;
	for (i = 0; i < arrival->n_storage; i++)
		arrival->storage[i] = get_piece(r);
	arrival->left = tkm_get_u32(r);
	return r->bad || !arrival->left ? -EBADMSG : 0;
}

/* The next key: its chain, whose it is, its state. */
static int next(struct arrival *arrival, struct chain *chain, struct name *name,
		enum tkm_state *state)
{
	struct tkm_piece pieces[TKM_CHAIN_OBJECTS], key;
	uint32_t parent = tkm_get_u32(&arrival->r), given;
	unsigned int n = 2;
	int ret;

	given = tkm_get_u32(&arrival->r);
	key = get_piece(&arrival->r);
	if (arrival->r.bad || parent > arrival->n_storage ||
	    given < TKM_STATE_PRE_ACTIVE || given >= TKM_STATE_DESTROYED)
		return -EBADMSG;
	memcpy(pieces, arrival->top, sizeof(arrival->top));
	if (parent)
		pieces[n++] = arrival->storage[parent - 1];
	/* The top object may be the key itself. */
	if (key.len)
		pieces[n++] = key;
	*state = (enum tkm_state)given;
	ret = branch_join(pieces, n, false, chain);
	return ret ? ret : branch_name(chain->der, chain->len, name);
}

/* ---- taking ---------------------------------------------------------------------- */

/* Whether the key that is here under a name is the one with that public area. */
static bool is_key(struct kdb *kdb, const struct kdb_key *key,
		   struct tkm_piece pub)
{
	static struct chain here;
	struct branch branch;
	const struct part *part;

	if (kdb_chain(kdb, key, &here) ||
	    branch_cut(here.der, here.len, &key->name, &branch))
		return false;
	part = &branch.part[branch.n - 1];
	return part->pub_len == pub.len && !memcmp(part->pub, pub.data, pub.len);
}

static bool same_key(struct kdb *kdb, const struct kdb_key *key,
		     const struct chain *chain)
{
	struct branch branch;
	const struct part *part;

	if (branch_cut(chain->der, chain->len, &key->name, &branch))
		return false;
	part = &branch.part[branch.n - 1];
	return is_key(kdb, key, (struct tkm_piece){ part->pub, part->pub_len });
}

/* 1: it is left as it is. @id: of its row, 0 for a new one. */
static int make_room(struct kdb *kdb, const struct name *name,
		     const struct chain *chain, enum existing existing,
		     int64_t *id, enum tkm_state *state)
{
	static struct kdb_key key;
	int ret;

	*id = kdb_key_id(kdb, name);
	if (*id == -ENOKEY) {
		*id = 0;
		return 0;
	}
	if (*id < 0)
		return *id;
	ret = kdb_get_id(kdb, *id, &key);
	if (ret && ret != -EBADMSG)
		return ret;
	if (!ret && key.state.state == TKM_STATE_DESTROYED) {
		ret = kdb_key_delete(kdb, *id);
		*id = 0;
		return ret;
	}
	if (existing == EXISTING_REFUSE)
		return -EEXIST;
	if (existing == EXISTING_KEEP)
		return 1;
	/* The same key in an older copy is not better than it is here. */
	if (!ret && same_key(kdb, &key, chain) &&
	    !tkm_state_may_become(key.state.state, *state))
		*state = key.state.state;
	return 0;
}

static int take_one(struct kdb *kdb, const struct name *name,
		    const struct chain *chain, enum tkm_state state,
		    enum existing existing, struct taken *taken)
{
	int64_t id;
	int ret;

	ret = make_room(kdb, name, chain, existing, &id, &state);
	if (ret > 0) {
		taken->left++;
		return 0;
	}
	if (ret)
		return ret;
	if (!id)
		id = kdb_next_id(kdb, "keys");
	if (id < 0)
		return id;
	taken->keys++;
	return kdb_key_put(kdb, id, name, chain->der, chain->len, state);
}

static int take_all(struct kdb *kdb, struct arrival *arrival,
		    enum existing existing, struct taken *taken,
		    struct name *which)
{
	static struct chain chain;
	enum tkm_state state;
	int ret = 0;

	for (; !ret && arrival->left; arrival->left--) {
		if (arrival->left % SOME == 0)
			loop_alive();
		ret = next(arrival, &chain, which, &state);
		ret = ret ? ret : take_one(kdb, which, &chain, state, existing,
					   taken);
	}
	return ret ? ret : arrival->r.len ? -EBADMSG : 0;
}

static int take(struct kdb *kdb, struct arrival *arrival,
		enum existing existing, struct taken *taken, struct name *which)
{
	struct taken before;
	int ret;

	ret = kdb_packet_get(kdb, taken->id, &before);
	if (ret != -ENOKEY)
		return ret ? ret : -EALREADY;
	ret = take_all(kdb, arrival, existing, taken, which);
	return ret ? ret : put_row(kdb, taken);
}

int kdb_packet_take(struct kdb *kdb, const uint8_t *bytes, size_t len,
		    enum existing existing, struct taken *taken,
		    struct name *which, struct trail_record *record)
{
	static struct arrival arrival;
	int ret;

	taken->when = time(NULL);
	taken->keys = taken->left = 0;
	memset(which, 0, sizeof(*which));
	ret = begin(bytes, len, &arrival);
	ret = ret ? ret : kdb_begin(kdb);
	if (ret)
		return ret;
	ret = take(kdb, &arrival, existing, taken, which);
	ret = ret ? ret : audit_with(kdb, record);
	return audit_ended(kdb, kdb_mend(kdb, kdb_end(kdb, ret)));
}

/* ---- giving up ---------------------------------------------------------------------- */

/* What is not that key any more is not what moved. */
static int end_one(struct kdb *kdb, const struct name *name, struct tkm_piece pub,
		   struct retired *retired)
{
	static struct kdb_key key;
	int64_t id = kdb_key_id(kdb, name);
	int ret;

	if (id < 0)
		return id == -ENOKEY ? 0 : (int)id;
	ret = kdb_get_id(kdb, id, &key);
	if (ret && ret != -EBADMSG)
		return ret;
	if (!ret && key.state.state == TKM_STATE_DESTROYED)
		return 0;
	if (ret || !is_key(kdb, &key, pub)) {
		retired->left++;
		return 0;
	}
	retired->keys++;
	return kdb_state_destroy(kdb, &key);
}

static int end_all(struct kdb *kdb, struct tkm_reader *r, struct name *name,
		   struct retired *retired)
{
	char app[TKM_APP_MAX + 1], label[TKM_LABEL_MAX + 1];
	struct tkm_piece text, pub;
	uint32_t n;
	int ret = 0;

	if (tkm_get_u32(r) != FORMAT)
		return -EBADMSG;
	for (n = tkm_get_u32(r); !ret && !r->bad && n; n--) {
		if (n % SOME == 0)
			loop_alive();
		text = get_piece(r);
		pub = get_piece(r);
		if (r->bad || text.len > TKM_DESC_MAX)
			return -EBADMSG;
		memcpy(name->description, text.data, text.len);
		name->description[text.len] = '\0';
		ret = tkm_description_parse(name->description, app, label) ?
			      -EBADMSG : end_one(kdb, name, pub, retired);
	}
	return ret ? ret : r->bad || r->len ? -EBADMSG : 0;
}

int kdb_packet_retire(struct kdb *kdb, uint32_t owner, const uint8_t *bytes,
		      size_t len, struct retired *retired,
		      struct trail_record *record)
{
	struct name name = { .owner = owner, .side = TKM_SIDE_INIT };
	struct tkm_reader r;
	int ret = kdb_begin(kdb);

	retired->keys = retired->left = 0;
	if (ret)
		return ret;
	tkm_reader_init(&r, bytes, len);
	ret = end_all(kdb, &r, &name, retired);
	ret = ret ? ret : audit_with(kdb, record);
	return audit_ended(kdb, kdb_mend(kdb, kdb_end(kdb, ret)));
}
