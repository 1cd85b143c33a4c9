// SPDX-License-Identifier: GPL-2.0
/*
 * Domains with passwords: which TDK of a domain has one, and what the domain's owner
 * says of it, which is how its value is made of a password. Another password is
 * another private part of the same TDK, in the same row, so that no key beneath it
 * changes.
 */
#include <errno.h>
#include <sqlite3.h>

#include "domain.h"
#include "kdb.h"

/* What stood there before, for who is not waited for any more. */
static struct chain before;
static char before_about[TKM_DESC_MAX + 1];

static int64_t id_of(struct kdb *kdb, uint32_t owner, uint32_t side,
		     int64_t *storage)
{
	uint8_t hash[SEAL_HASH];
	sqlite3_stmt *row;
	int64_t id = -ENOKEY;
	int code;

	seal_hash_domain(owner, side, hash);
	row = kdb_prepare(kdb, "SELECT id, storage FROM domains WHERE domain = ?");
	kdb_bind(row, 1, hash, SEAL_HASH);
	code = sqlite3_step(row);
	if (code == SQLITE_ROW) {
		id = sqlite3_column_int64(row, 0);
		*storage = sqlite3_column_int64(row, 1);
	} else if (code != SQLITE_DONE) {
		id = kdb_errno(kdb);
	}
	sqlite3_finalize(row);
	return id;
}

int64_t domain_tdk(struct kdb *kdb, uint32_t owner, uint32_t side)
{
	int64_t storage = 0, id = id_of(kdb, owner, side, &storage);

	return id < 0 ? id : storage;
}

/* TKMRK and TDK as they are kept. */
static int get_branch(struct kdb *kdb, int64_t storage, struct chain *chain)
{
	static uint8_t bytes[TKM_CHAIN_OBJECTS - 1][SEAL_MAX];
	struct tkm_piece pieces[TKM_CHAIN_OBJECTS];
	int n = kdb_get_branch(kdb, storage, bytes, pieces);

	if (n < 0)
		return n;
	return n == 2 ? branch_join(pieces, n, false, chain) : -EBADMSG;
}

int64_t domain_same_tdk(struct kdb *kdb, const struct part *part)
{
	static struct chain kept;
	struct tkm_chain branch;
	int64_t storage;
	int ret;

	storage = domain_tdk(kdb, part->record.owner, part->record.side);
	if (storage < 0)
		return storage;
	ret = get_branch(kdb, storage, &kept);
	/* What is damaged is written anew. */
	if (ret || tkm_branch_decode(kept.der, kept.len, &branch))
		return ret && ret != -EBADMSG ? ret : -ENOKEY;
	return branch.obj[1].pub_len == part->pub_len &&
	       !memcmp(branch.obj[1].pub, part->pub, part->pub_len) ?
		       storage : -ENOKEY;
}

static int put_row(struct kdb *kdb, int64_t id, const struct name *name,
		   int64_t storage)
{
	const struct place place = { SEAL_DOMAIN, id, storage };
	uint8_t plain[TKM_DESC_MAX + 16], sealed[SEAL_MAX], hash[SEAL_HASH];
	sqlite3_stmt *put;
	ssize_t len;

	len = kdb_key_write(name, NULL, 0, plain, sizeof(plain));
	len = seal(kdb->cipher, &place, plain, len, sizeof(plain), sealed);
	if (len < 0)
		return len;
	seal_hash_domain(name->owner, name->side, hash);
	put = kdb_prepare(kdb, "INSERT OR REPLACE INTO domains (id, domain, storage, about) VALUES (?, ?, ?, ?)");
	sqlite3_bind_int64(put, 1, id);
	kdb_bind(put, 2, hash, SEAL_HASH);
	sqlite3_bind_int64(put, 3, storage);
	kdb_bind(put, 4, sealed, len);
	return kdb_run(kdb, put);
}

/* In a transaction. */
static int put(struct kdb *kdb, const struct name *name,
	       const struct branch *branch)
{
	int64_t root, tdk, was, id;
	int ret;

	root = kdb_have_storage(kdb, 0, &branch->part[0]);
	if (root < 0)
		return root;
	tdk = domain_same_tdk(kdb, &branch->part[1]);
	if (tdk == -ENOKEY) {
		tdk = kdb_have_storage(kdb, root, &branch->part[1]);
	} else if (tdk > 0) {
		ret = kdb_put_storage(kdb, tdk, root, &branch->part[1]);
		if (ret)
			return ret;
	}
	if (tdk < 0)
		return tdk;
	id = id_of(kdb, name->owner, name->side, &was);
	if (id == -ENOKEY)
		id = kdb_next_id(kdb, "domains");
	return id < 0 ? id : put_row(kdb, id, name, tdk);
}

static int keep(struct kdb *kdb, const struct name *name,
		const struct branch *branch)
{
	int ret = kdb_begin(kdb);

	if (!ret)
		ret = kdb_end(kdb, put(kdb, name, branch));
	if (!ret || !kdb->doubted)
		return ret;
	/* Which password opens it must not depend on chance. */
	log_error("the disk fails, and what is on it is not sure: tkmd ends");
	return -ENOTRECOVERABLE;
}

static void remember(struct kdb *kdb, const struct name *name)
{
	int64_t storage = domain_tdk(kdb, name->owner, name->side);
	struct domain domain;

	before.len = 0;
	if (storage > 0 && !get_branch(kdb, storage, &before) &&
	    !domain_get(kdb, name->owner, name->side, &domain))
		strcpy(before_about, domain.name.description);
	else
		before.len = 0;
}

int domain_keep(struct kdb *kdb, const struct name *name, const uint8_t *der,
		size_t len)
{
	struct branch branch;
	int ret;

	ret = branch_cut_storage(der, len, name, &branch);
	if (ret)
		return ret;
	remember(kdb, name);
	return keep(kdb, name, &branch);
}

int domain_put_back(struct kdb *kdb, const struct name *name)
{
	uint8_t hash[SEAL_HASH];
	struct name was = *name;
	struct branch branch;
	sqlite3_stmt *row;
	int ret;

	if (before.len) {
		strcpy(was.description, before_about);
		ret = branch_cut_storage(before.der, before.len, &was, &branch);
		return ret ? ret : keep(kdb, &was, &branch);
	}
	seal_hash_domain(name->owner, name->side, hash);
	ret = kdb_begin(kdb);
	if (!ret) {
		row = kdb_prepare(kdb, "DELETE FROM domains WHERE domain = ?");
		kdb_bind(row, 1, hash, SEAL_HASH);
		ret = kdb_end(kdb, kdb_run(kdb, row));
	}
	return kdb_mend(kdb, ret);
}

/* ---- looking ---- */

static int open_row(struct kdb *kdb, sqlite3_stmt *row, struct domain *domain)
{
	struct place place = {
		.what = SEAL_DOMAIN,
		.id = sqlite3_column_int64(row, 0),
		.parent = sqlite3_column_int64(row, 1),
	};
	static struct kdb_key about;
	uint8_t plain[SEAL_MAX], hash[SEAL_HASH];
	ssize_t len;

	domain->id = place.id;
	len = kdb_unseal(kdb, row, 2, &place, plain);
	if (len < 0 || kdb_key_read(plain, len, &about))
		return len < 0 ? (int)len : -EBADMSG;
	domain->name = about.name;
	/* It is where it belongs. */
	seal_hash_domain(domain->name.owner, domain->name.side, hash);
	return sqlite3_column_bytes(row, 3) == SEAL_HASH &&
	       !memcmp(sqlite3_column_blob(row, 3), hash, SEAL_HASH) ?
		       0 : -EBADMSG;
}

static int get(struct kdb *kdb, sqlite3_stmt *row, struct domain *domain)
{
	int code = sqlite3_step(row), ret;

	if (code == SQLITE_ROW)
		ret = open_row(kdb, row, domain);
	else
		ret = code == SQLITE_DONE ? -ENOKEY : kdb_errno(kdb);
	if (ret == -EBADMSG)
		log_error("domain %lld: its row does not open",
			  (long long)domain->id);
	sqlite3_finalize(row);
	return ret;
}

int domain_get(struct kdb *kdb, uint32_t owner, uint32_t side,
	       struct domain *domain)
{
	uint8_t hash[SEAL_HASH];
	sqlite3_stmt *row;

	seal_hash_domain(owner, side, hash);
	row = kdb_prepare(kdb, "SELECT id, storage, about, domain FROM domains WHERE domain = ?");
	kdb_bind(row, 1, hash, SEAL_HASH);
	return get(kdb, row, domain);
}

int domain_next(struct kdb *kdb, int64_t after, struct domain *domain)
{
	sqlite3_stmt *row;

	row = kdb_prepare(kdb, "SELECT id, storage, about, domain FROM domains WHERE id > ? ORDER BY id LIMIT 1");
	sqlite3_bind_int64(row, 1, after);
	return get(kdb, row, domain);
}
