// SPDX-License-Identifier: GPL-2.0
/*
 * The state of a key, beside its chain in the row: it changes when the chain does
 * not.
 */
#include <errno.h>
#include <sqlite3.h>
#include <time.h>

#include "kdb.h"

/* As they were numbered when there was one: that is active. */
static uint32_t state_number(uint32_t state)
{
	return state == TKM_STATE_ACTIVE ? TKM_STATE_PRE_ACTIVE :
	       state == TKM_STATE_PRE_ACTIVE ? TKM_STATE_ACTIVE : state;
}

int kdb_state_read(const uint8_t *in, size_t len,
		   struct kdb_state_record *state)
{
	struct tkm_reader r;
	uint64_t stored;

	tkm_reader_init(&r, in, len);
	state->state = state_number(tkm_get_u32(&r));
	stored = (uint64_t)tkm_get_u32(&r) << 32;
	state->stored = (int64_t)(stored | tkm_get_u32(&r));
	if (state->state < TKM_STATE_PRE_ACTIVE || state->state > TKM_STATE_LAST)
		return -EBADMSG;
	return r.bad ? -EBADMSG : 0;
}

static size_t state_write(const struct kdb_state_record *state, uint8_t *out,
			  size_t size)
{
	struct tkm_writer w;

	tkm_writer_init(&w, out, size);
	tkm_put_u32(&w, state_number(state->state));
	tkm_put_u32(&w, (uint64_t)state->stored >> 32);
	tkm_put_u32(&w, state->stored);
	return w.len;
}

ssize_t kdb_seal_state(struct kdb *kdb, int64_t id, int64_t storage,
		       enum tkm_state state, uint8_t *sealed)
{
	const struct kdb_state_record record = {
		.state = state,
		.stored = time(NULL),
	};
	const struct place place = { SEAL_STATE, id, storage };
	uint8_t plain[64];
	size_t len = state_write(&record, plain, sizeof(plain));

	return seal(kdb->cipher, &place, plain, len, 0, sealed);
}

/*
 * Whether a chain is of the key that is kept: what was made in that second, and
 * may have been resealed since. A flat key has only its name; one that is
 * destroyed, too.
 */
static int is_of(struct kdb *kdb, const struct kdb_key *key, const uint8_t *der,
		 size_t len)
{
	static struct chain kept;
	struct branch theirs, ours;
	int ret;

	if (key->state.state == TKM_STATE_DESTROYED)
		return 0;
	ret = branch_cut(der, len, &key->name, &theirs);
	if (!ret)
		ret = kdb_chain(kdb, key, &kept);
	if (!ret)
		ret = branch_cut(kept.der, kept.len, &key->name, &ours);
	if (ret)
		return ret;
	if (ours.n != theirs.n)
		return -ENOKEY;
	return ours.n == 1 ||
	       (ours.part[ours.n - 1].record.created ==
			theirs.part[ours.n - 1].record.created &&
		ours.part[ours.n - 1].record.kind ==
			theirs.part[ours.n - 1].record.kind) ? 0 : -ENOKEY;
}

int kdb_state(struct kdb *kdb, const struct name *name, const uint8_t *der,
	      size_t len, enum tkm_state *state)
{
	static struct kdb_key key;
	int ret = kdb_get(kdb, name, &key);

	if (!ret)
		ret = is_of(kdb, &key, der, len);
	if (!ret)
		*state = key.state.state;
	return ret;
}

static int put_state(struct kdb *kdb, const struct kdb_key *key,
		     enum tkm_state state)
{
	uint8_t sealed[SEAL_MAX];
	sqlite3_stmt *put;
	ssize_t len;

	len = kdb_seal_state(kdb, key->id, key->storage, state, sealed);
	if (len < 0)
		return len;
	put = kdb_prepare(kdb, "UPDATE keys SET state = ? WHERE id = ?");
	kdb_bind(put, 1, sealed, len);
	sqlite3_bind_int64(put, 2, key->id);
	return kdb_run(kdb, put);
}

int kdb_state_destroy(struct kdb *kdb, const struct kdb_key *key)
{
	const struct place place = { SEAL_KEY, key->id, 0 };
	uint8_t plain[TKM_DESC_MAX + 16], sealed[SEAL_MAX], state[SEAL_MAX];
	ssize_t len, state_len;
	sqlite3_stmt *put;

	len = kdb_key_write(&key->name, NULL, 0, plain, sizeof(plain));
	len = seal(kdb->cipher, &place, plain, len, sizeof(plain), sealed);
	state_len = len < 0 ? len : kdb_seal_state(kdb, key->id, 0,
						   TKM_STATE_DESTROYED, state);
	if (state_len < 0)
		return state_len;
	put = kdb_prepare(kdb, "UPDATE keys SET storage = NULL, object = ?, state = ? WHERE id = ?");
	kdb_bind(put, 1, sealed, len);
	kdb_bind(put, 2, state, state_len);
	sqlite3_bind_int64(put, 3, key->id);
	return kdb_run(kdb, put);
}

int kdb_set_state(struct kdb *kdb, const struct name *name, const uint8_t *der,
		  size_t len, enum tkm_state state)
{
	static struct kdb_key key;
	int ret = kdb_get(kdb, name, &key);

	if (!ret)
		ret = is_of(kdb, &key, der, len);
	if (ret || key.state.state == state)
		return ret;
	/* What dates make of it, the module knows. */
	if (!tkm_state_may_become(key.state.state, state))
		return -EPERM;
	ret = kdb_begin(kdb);
	if (!ret)
		ret = kdb_end(kdb, state == TKM_STATE_DESTROYED ?
				       kdb_state_destroy(kdb, &key) :
				       put_state(kdb, &key, state));
	return kdb_mend(kdb, ret);
}
