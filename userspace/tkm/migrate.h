/* SPDX-License-Identifier: GPL-2.0 */
/* What the actions of tkm migrate share. */
#ifndef TKM_MIGRATE_H
#define TKM_MIGRATE_H

#include "packet.h"
#include "platform.h"

/* ---- gather.c: from what tkmd keeps ------------------------------------------------- */

/**
 * struct gathered - a branch of a user's keys as tkmd keeps it
 * @kind: TKM_KIND_TDK, TKM_KIND_ASK, or TKM_KIND_NONE for one key
 * @class: of the branch
 * @owner: whose keys
 * @app: of the last two
 * @label: of the last
 * @n: how many keys
 * @key: each with its chain
 * @left: of that class, and in another branch: they came from somewhere else
 * @backup: the packet says which keys that were meant are not in it
 * @tell: and a person is told
 * @n_absent: how many are not
 * @absent: those
 * @object: Name of the top object
 * @packet: its rows, state and date
 */
struct gathered {
	enum tkm_kind kind;
	enum tkm_class class;
	uid_t owner;
	char app[TKM_APP_MAX + 1], label[TKM_LABEL_MAX + 1];
	size_t n, room, left, n_absent, absent_room;
	bool backup, tell;
	struct gathered_key *key;
	struct gathered_absent *absent;
	u8 object[TKM_NAME_SIZE];
	struct packet packet;
};

struct gathered_absent {
	char name[TKM_DESC_MAX + 1];
	enum packet_why why;
};

/* A key, with its chain cut into objects. */
struct gathered_key {
	char app[TKM_APP_MAX + 1], label[TKM_LABEL_MAX + 1];
	enum tkm_state state;
	s64 since;
	u8 *der;
	size_t len;
	unsigned int n;
	struct tkm_piece object[TKM_CHAIN_OBJECTS];
	u8 name[TKM_CHAIN_OBJECTS][TKM_NAME_SIZE];
	enum tkm_kind kind[TKM_CHAIN_OBJECTS];
};

/* Says what failed; exit status. gathered_free() whatever came of it. */
int gather(struct gathered *all);
void gathered_free(struct gathered *all);

/* ---- migrate.c: packets as files ------------------------------------------------- */

/* Says what failed; exit status. packet_free() and free() of @der after DONE. */
int migrate_read(const char *path, u8 **der, struct packet *packet);
/* Whether a platform that is known, or this one, says so, and which. Says what failed; exit status. */
int migrate_check(const struct packet *packet,
		  char name[TKM_POLICY_NAME_MAX + 1]);
/*
 * The same by a credential in a file: of a platform whose TPM is dead, whom nobody can ask
 * any more.
 */
int migrate_check_by(const struct packet *packet, const char *path);
struct json_object *migrate_describe(const struct packet *packet,
				     const char *source);
/* Takes the object; exit status. */
int migrate_say(struct json_object *object);
/*
 * The platform with that AK as it is known; an empty name for none. Says what failed; exit
 * status.
 */
int migrate_known(const u8 name[TKM_NAME_SIZE], struct credential *credential,
		  char platform[TKM_POLICY_NAME_MAX + 1]);
/* On the terminal; usage error without one. */
bool migrate_person_agrees(const char *question);
/* Of a verb of tkmd's. */
struct json_object *migrate_question(const char *name,
				     const struct packet *packet);
int migrate_number(struct json_object *object, const char *name);
/* A file of no folder, which nobody else can change. Descriptor or negative errno. */
int migrate_file(const u8 *bytes, size_t len);
/* What tkmd may need for as many keys as there may be. */
#define MIGRATE_SECONDS	600
/* What this platform is called where a packet is its own. */
#define MIGRATE_OWN	"this platform"
/* A key of type user, for the kernel to read. Negative errno. */
int migrate_put_user(const char *name, const void *data, size_t len,
		     libtkm_serial *key);

/* ---- owner.c: what only the keys' owner may do -------------------------------------- */

/* Makes @out, to be freed. Negative errno. */
typedef int (*owner_fn)(const void *data, void **out, size_t *len);
/*
 * By a process of that user, unless the caller is that user: the module asks who it is,
 * and root is nobody else to it. What @work returns; -EPERM when one may not become another.
 */
int as_owner(uid_t uid, owner_fn work, const void *data, void **out,
	     size_t *len);

/* ---- cmd_migrate_import.c ----------------------------------------------------------- */

int migrate_cmd_import(int argc, char **argv);
int migrate_cmd_receipt(int argc, char **argv);

/* ---- cmd_migrate_retire.c ----------------------------------------------------------- */

int migrate_cmd_retire(int argc, char **argv);

#endif /* TKM_MIGRATE_H */
