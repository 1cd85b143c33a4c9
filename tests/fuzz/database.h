/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * A database of tkmd's for its fuzzers, with some of everything in it: keys from
 * tests/data/chains.vec, a domain with a password, a policy, an audit. Its cipher is
 * none: whatever stands in a row is what comes out of it, as if the key were the
 * attacker's.
 */
#ifndef TKM_FUZZ_DATABASE_H
#define TKM_FUZZ_DATABASE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../userspace/tkmd/audit.h"
#include "../../userspace/tkmd/domain.h"
#include "../../userspace/tkmd/kdb.h"

#include "fuzz.h"

#define KEYS_MOST	8

static struct kdb kdb;
static struct name names[KEYS_MOST];
static struct chain chains[KEYS_MOST];
static unsigned int n_keys;

/* What is no database's. */
void log_error(const char *format, ...) { (void)format; }
void log_warning(const char *format, ...) { (void)format; }
void log_info(const char *format, ...) { (void)format; }
void loop_alive(void) { }
int nl_policy_set(const struct policy *policy) { (void)policy; return 0; }
int nl_policy_approve(const struct policy *policy) { (void)policy; return 0; }
int nl_policy_remove(const char *name) { (void)name; return 0; }

static int clear_seal(const void *aad, size_t aad_len, const void *in,
		      size_t len, uint8_t *out)
{
	(void)aad;
	(void)aad_len;
	memcpy(out, in, len);
	memset(out + len, 0, CIPHER_OVERHEAD);
	return 0;
}

static int clear_open(const void *aad, size_t aad_len, const uint8_t *in,
		      size_t len, void *out)
{
	(void)aad;
	(void)aad_len;
	must(len >= CIPHER_OVERHEAD);
	memcpy(out, in, len - CIPHER_OVERHEAD);
	return 0;
}

static const struct cipher cipher_clear = { clear_seal, clear_open };

static void name_of(const struct chain *chain, struct name *name)
{
	struct tkm_record rec = { .owner = 0 };
	struct tkm_chain decoded;

	must(!tkm_blob_decode(chain->der, chain->len, &decoded));
	memset(name, 0, sizeof(*name));
	if (decoded.flat) {
		strcpy(name->description, "flat:key");
		return;
	}
	must(!tkm_record_parse(decoded.obj[decoded.n - 1].description,
			       decoded.obj[decoded.n - 1].description_len, &rec));
	name->owner = rec.owner;
	name->side = rec.side;
	snprintf(name->description, sizeof(name->description), "%s:%s", rec.app,
		 rec.label);
}

static void read_chains(void)
{
	static char line[65536];
	const char *hex;
	unsigned int v;
	FILE *f = fopen("../data/chains.vec", "r");

	must(f);
	while (fgets(line, sizeof(line), f) && n_keys < KEYS_MOST) {
		hex = strstr(line, " = ");
		if (!hex)
			continue;
		for (hex += 3; sscanf(hex, "%2x", &v) == 1; hex += 2)
			chains[n_keys].der[chains[n_keys].len++] = (uint8_t)v;
		name_of(&chains[n_keys], &names[n_keys]);
		n_keys++;
	}
	fclose(f);
}

/* Those that are not there (any more). */
static void store_keys(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < n_keys; i++) {
		ret = kdb_store(&kdb, &names[i], chains[i].der, chains[i].len,
				TKM_STATE_ACTIVE);
		/* One of them has a not-after, which may be over. */
		must(!ret || ret == -EEXIST || ret == -EBADMSG);
	}
}

static void store_others(void)
{
	static struct policy policy = { .name = "boot", .pcrs = { 11, 128 } };
	struct trail_record record;
	unsigned int i;

	must(!audit_open(&kdb, AUDIT_LEAST));
	audit_fill(&record, TRAIL_START, 0, NULL, NULL);
	must(!kdb_policy_put(&kdb, &policy, &record));
	for (i = 0; i < 4; i++) {
		audit_fill(&record, 1 + i, 0, &names[0], NULL);
		must(!audit_append(&kdb, &record, 1));
	}
	must(!kdb_exec(&kdb, "PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF"));
	must(!kdb_exec(&kdb, "INSERT INTO domains VALUES (1, (SELECT domain FROM keys WHERE id = 1), 2,"
			     " (SELECT object FROM keys WHERE id = 1))"));
}

static void database_make(void)
{
	static char folder[] = "/dev/shm/tkm-fuzz.XXXXXX";
	static const struct chain own = { .der = { 0x30 }, .len = 1 };
	char command[64];

	if (n_keys)
		return;
	must(mkdtemp(folder));
	read_chains();
	must(kdb_open(&kdb, folder, &cipher_clear) == 1);
	must(!kdb_create(&kdb, &own));
	store_keys();
	must(kdb_count(&kdb, NULL) > 1);
	store_others();
	/* It is open, and nobody else's. */
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	must(!system(command));
}

#endif /* TKM_FUZZ_DATABASE_H */
