/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tkmd keeps the chains of tkm keys on disk, for the module (netlink), and says
 * what it keeps to whom it belongs to (a socket). One section for each file.
 *
 * Functions that can fail return 0 or a negative errno. What fails for a reason
 * that a person has to know is logged where it is found, and nowhere else.
 */
#ifndef TKMD_H
#define TKMD_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core.h"

struct sqlite3;
struct sqlite3_stmt;
struct json_object;
struct trail_record;
struct who;

/* A chain in DER and nothing else is this long. */
struct chain {
	uint8_t der[TKM_CHAIN_MAX];
	size_t len;
};

/* What a key is found by. */
struct name {
	uint32_t owner;
	uint32_t side;
	char description[TKM_DESC_MAX + 1];
};

/* ---- log.c: to the journal, or to stderr -------------------------------- */

/*
 * No message has a description, an owner or an application in it: keys have
 * numbers. Lines begin with the journal's mark of their priority when the
 * journal reads them.
 */
void log_open(void);
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- privilege.c: who tkmd is, and what it can do ----------------------- */

struct folder {
	const char *path;	/* NULL: the last */
	mode_t mode;
};

/*
 * Become the user, with CAP_SYS_ADMIN and nothing else, if started by root;
 * without core dumps, unseen by debuggers, files for nobody else. @folders are
 * made first and given to the user, where they are missing.
 */
int privilege_take(const char *user, const struct folder *folders);
/* No capability, ever again. */
int privilege_drop(void);
/* And of the system calls only those that are needed from now on. */
int privilege_filter(void);

/* ---- secret.c: memory for keys ------------------------------------------ */

/* A page of zeros that is not swapped, dumped or inherited; NULL with errno. */
void *secret_alloc(void);
void secret_free(void *secret);

/* ---- cipher.c: what seals the database ---------------------------------- */

#define CIPHER_OVERHEAD	TKM_CRYPT_OVERHEAD

/*
 * Authenticated encryption: @out has CIPHER_OVERHEAD bytes more than what goes
 * in, and the other way round. -EBADMSG when it does not open.
 */
struct cipher {
	int (*seal)(const void *aad, size_t aad_len, const void *in,
		    size_t len, uint8_t *out);
	int (*open)(const void *aad, size_t aad_len, const uint8_t *in,
		    size_t len, void *out);
};

#define CIPHER_KEY	"tkmd:kdb"

/* By a tkm key of tkmd's own, which the kernel holds for this process. */
extern const struct cipher cipher_tkm;
/* Make it, and give its chain. */
int cipher_new(struct chain *chain);
/* Load it; when that fails, it has been said why and what to do. */
int cipher_load(const struct chain *chain);

/* ---- branch.c: chains, cut into their objects --------------------------- */

/**
 * struct part - one object of a chain, in place
 * @der: its bytes
 * @len: of them
 * @pub: its public part, @pub_len bytes
 * @room: what it takes in a database, however long names are: only the kind of
 *	key and its policy count
 * @record: its record
 */
struct part {
	const uint8_t *der;
	size_t len;
	const uint8_t *pub;
	size_t pub_len;
	size_t room;
	struct tkm_record record;
};

/**
 * struct branch - the objects of a chain, from the root down
 * @n: 1 of a flat key, 4 of any other; 2 or 3 where a part of a branch came from
 *	another platform
 */
struct branch {
	unsigned int n;
	struct part part[TKM_CHAIN_OBJECTS];
};

/*
 * -EBADMSG for what is no chain, and for one of another name than @name. A flat
 * key has no record: its kind, class and uses are what its attributes say.
 */
int branch_cut(const uint8_t *der, size_t len, const struct name *name,
	       struct branch *branch);
/* The same of TKMRK and TDK of a domain with a password, or under a policy. */
int branch_cut_storage(const uint8_t *der, size_t len, const struct name *name,
		       struct branch *branch);
/* Both objects of a chain that begins like others, as they stand there. */
int branch_cut_two(const uint8_t *der, size_t len, struct tkm_piece piece[2]);
/* Whose a key is, and its name, as its own record says. */
int branch_name(const uint8_t *der, size_t len, struct name *name);
/* The chain of these objects, or the one object itself. -E2BIG, -EBADMSG. */
int branch_join(const struct tkm_piece *parts, unsigned int n, bool flat,
		struct chain *chain);

/* ---- seal.c: rows as nobody else can read them -------------------------- */

#define SEAL_HASH	32
#define SEAL_MAX	16384

/* Keyed hashes, which rows are found by. */
void seal_index_key(const uint8_t key[SEAL_HASH]);
void seal_hash_key(const struct name *name, uint8_t out[SEAL_HASH]);
void seal_hash_domain(uint32_t owner, uint32_t side, uint8_t out[SEAL_HASH]);
/* Of a storage key by its bytes, and by what it is. */
void seal_hash_object(const void *der, size_t len, uint8_t out[SEAL_HASH]);
void seal_hash_storage(const struct tkm_record *record,
		       uint8_t out[SEAL_HASH]);
/* Of a record of the audit and all before it; of where the audit ends. */
void seal_hash_audit(const uint8_t before[SEAL_HASH], const void *record,
		     size_t len, uint8_t out[SEAL_HASH]);
void seal_hash_head(const void *head, size_t len, uint8_t out[SEAL_HASH]);

void seal_hash_policy(const char *name, uint8_t out[SEAL_HASH]);
/* Of a platform's name, of each of its keys, of a challenge: @what. */
void seal_hash_platform(uint32_t what, const void *bytes, size_t len,
			uint8_t out[SEAL_HASH]);

#define PACKET_ID	16
void seal_hash_packet(const uint8_t id[PACKET_ID], uint8_t out[SEAL_HASH]);

/**
 * struct place - where a sealed value stands: it opens nowhere else
 * @what: one of SEAL_*
 * @id: of its row
 * @parent: id of the row of the storage key above; 0 for none
 */
struct place {
	uint32_t what;
	int64_t id;
	int64_t parent;
};

enum { SEAL_INDEX = 1, SEAL_STORAGE, SEAL_KEY, SEAL_STATE, SEAL_AUDIT,
       SEAL_HEAD, SEAL_POLICY, SEAL_APPROVAL, SEAL_DOMAIN,
       SEAL_PLATFORM, SEAL_CHALLENGE, SEAL_PACKET };

/*
 * Seal @in, as if it were @room bytes, so that its size does not tell how long a
 * name is. @out has SEAL_MAX bytes. Return: the length or a negative errno.
 */
ssize_t seal(const struct cipher *cipher, const struct place *place,
	     const void *in, size_t len, size_t room, uint8_t *out);
/* Return: the length in @out, SEAL_MAX bytes; -EBADMSG. */
ssize_t unseal(const struct cipher *cipher, const struct place *place,
	       const void *sealed, size_t len, uint8_t *out);

/* ---- kdb.c: the key database -------------------------------------------- */

#define KDB_VERSION	7
#define KDB_APPLICATION	0x746b6d64	/* "tkmd" */
#define KDB_LIST_MAX	64

struct kdb {
	struct sqlite3 *db;
	const struct cipher *cipher;
	const char *folder;
	int folder_fd;
	bool read_only;		/* as the disk was when it was opened */
	/* A write may have failed half: nothing is believed until reopened. */
	bool doubted;
};

/* What is kept about a key beside its chain; changes with time. */
struct kdb_state_record {
	enum tkm_state state;
	int64_t stored;
};

/**
 * struct kdb_key - a row, opened
 */
struct kdb_key {
	int64_t id;
	int64_t storage;
	struct name name;
	struct kdb_state_record state;
	uint8_t object[TKM_CHAIN_MAX];
	size_t object_len;
};

/*
 * Lock the folder and open the database in it, after a look at everything that
 * can be looked at without the key. Return: 0; 1 when there is none yet; a
 * negative errno, when it has been said why and what to do, and nothing was
 * written.
 */
int kdb_open(struct kdb *kdb, const char *folder, const struct cipher *cipher);
/* The chain of the key that seals it. */
int kdb_own_chain(struct kdb *kdb, struct chain *chain);
/* With that key loaded: the database can be used after this, or it was said. */
int kdb_unlock(struct kdb *kdb);
/* A new one, whole or not at all; it can be used then. */
int kdb_create(struct kdb *kdb, const struct chain *own);
void kdb_close(struct kdb *kdb);

/*
 * What changes something returns when it is on the disk. -EEXIST, -ENOKEY;
 * -ENOSPC, -EDQUOT, -EROFS, -EIO when nothing was changed; -EBADMSG when a row
 * does not open. -ENOTRECOVERABLE: nothing can be said any more, and tkmd ends.
 */
int kdb_store(struct kdb *kdb, const struct name *name,
	      const uint8_t *der, size_t len, enum tkm_state state);
/* @before: set to the chain that was there, empty if none. */
int kdb_replace(struct kdb *kdb, const struct name *name, const uint8_t *der,
		size_t len, struct chain *before);
/*
 * If it is this very chain: @before takes its place, or nothing (NULL, or
 * empty). Else nothing is changed, and that is 0.
 */
int kdb_put_back(struct kdb *kdb, const struct name *name, const uint8_t *der,
		 size_t len, const struct chain *before);
/* And the record of that, or neither. */
int kdb_remove(struct kdb *kdb, int64_t id, struct trail_record *record);
/*
 * Of the key whose chain this is, resealed or not. -EPERM when the state that is
 * kept does not allow the new one; the same is no change. One that is destroyed
 * has no chain any more, and gives its name to the next.
 */
int kdb_set_state(struct kdb *kdb, const struct name *name, const uint8_t *der,
		  size_t len, enum tkm_state state);
int kdb_state(struct kdb *kdb, const struct name *name, const uint8_t *der,
	      size_t len, enum tkm_state *state);
int kdb_find(struct kdb *kdb, const struct name *name, struct chain *chain);
/*
 * The storage keys that a new key of that name would be under, the root first, as
 * far down as they are kept: of several the newest. -ENOKEY for none.
 */
int kdb_branch(struct kdb *kdb, const struct name *name, enum tkm_class class,
	       struct chain *chain);

/* One row by its name or id, for who is asked about it. */
int kdb_get(struct kdb *kdb, const struct name *name, struct kdb_key *key);
int kdb_get_id(struct kdb *kdb, int64_t id, struct kdb_key *key);
/* The chain of a key that was got. */
int kdb_chain(struct kdb *kdb, const struct kdb_key *key, struct chain *chain);
/*
 * Ids above @after of a domain, or of all with @domain NULL; the least first.
 * Return: how many, at most KDB_LIST_MAX, or a negative errno.
 */
int kdb_ids(struct kdb *kdb, const struct name *domain, int64_t after,
	    int64_t ids[KDB_LIST_MAX]);
/* How many; @domain NULL: of all. */
int64_t kdb_count(struct kdb *kdb, const struct name *domain);
int64_t kdb_count_storage(struct kdb *kdb);

/* ---- kdb_policy.c: named policies ---------------------------------------- */

#define POLICIES		64
#define POLICY_APPROVALS	16
#define POLICY_KEY_MAX		512

struct approval {
	uint8_t der[TKM_APPROVAL_MAX];
	size_t len;
};

/**
 * struct policy - a named policy
 * @pcrs: literal registers, or mask 0
 * @key: the authority, and the recovery key: TPMT_PUBLIC, or of no bytes
 * @damaged: rows of approvals that do not open, and are none
 */
struct policy {
	int64_t id;
	char name[TKM_POLICY_NAME_MAX + 1];
	struct tkm_pcrs pcrs;
	struct {
		uint8_t pub[POLICY_KEY_MAX];
		size_t len;
	} key[2];
	unsigned int n, damaged;
	struct approval approval[POLICY_APPROVALS];
};

/* -ENOKEY for none; changes as for keys, and -ENOSPC for one too many. */
int kdb_policy_get(struct kdb *kdb, const char *name, struct policy *policy);
int kdb_policy_get_id(struct kdb *kdb, int64_t id, struct policy *policy);
int kdb_policy_ids(struct kdb *kdb, int64_t ids[POLICIES]);
/* All of it, with its approvals, and the record of that, or neither. */
int kdb_policy_put(struct kdb *kdb, const struct policy *policy,
		   struct trail_record *record);
int kdb_policy_remove(struct kdb *kdb, const char *name,
		      struct trail_record *record);

/* ---- policy.c: in the database and in the module ------------------------- */

/* When the module knows us. */
int policy_push_all(struct kdb *kdb);
/*
 * What the module says of it, or the database; either both change or none. @record
 * is written with the change.
 */
int policy_set(struct kdb *kdb, struct policy *policy,
	       struct trail_record *record);
/* @policy has the name and the approvals, all of them. */
int policy_approve(struct kdb *kdb, struct policy *policy,
		   struct trail_record *record);
int policy_remove(struct kdb *kdb, const char *name,
		  struct trail_record *record);

/* ---- kdb_packet.c: keys from another platform ------------------------------- */

/**
 * struct taken - a packet whose keys are here
 * @id: its own, of which there is no second
 * @digest: of what was signed in it
 * @source: Name of the AK of the platform that made it
 * @when: seconds since 1970
 * @keys: how many came
 * @left: how many did not, because there was a key of their name
 */
struct taken {
	uint8_t id[PACKET_ID];
	uint8_t digest[32];
	uint8_t source[TKM_NAME_SIZE];
	int64_t when;
	uint32_t keys, left;
};

/* What becomes of a key whose name is here already. */
enum existing { EXISTING_REFUSE, EXISTING_KEEP, EXISTING_REPLACE };

/* As many bytes of storage keys and keys at a time. */
#define ARRIVAL_MAX	(64 << 20)

/* -ENOKEY for one that was never taken. */
int kdb_packet_get(struct kdb *kdb, const uint8_t id[PACKET_ID],
		   struct taken *taken);
/*
 * All keys in @bytes (Documentation/tkmd-socket.rst), and that they came, or nothing. @taken:
 * its first three members are given. @which: the key that did not go. -EALREADY; -EEXIST; -EBADMSG.
 */
int kdb_packet_take(struct kdb *kdb, const uint8_t *bytes, size_t len,
		    enum existing existing, struct taken *taken,
		    struct name *which, struct trail_record *record);

/* How many keys ended, and how many of a name that was given are others. */
struct retired {
	uint32_t keys, left;
};

/* Keys of that owner, in @bytes, which moved away: destroyed, all of them or none. */
int kdb_packet_retire(struct kdb *kdb, uint32_t owner, const uint8_t *bytes,
		      size_t len, struct retired *retired,
		      struct trail_record *record);

/* ---- nl.c: the module --------------------------------------------------- */

struct errand {
	uint64_t id;
	uint32_t kind;
	struct name name;
	const uint8_t *der;	/* until the next call */
	size_t len;
	enum tkm_state state;	/* of a store and a set-state */
	enum tkm_class class;	/* of a branch */
	struct trail_record *audit;	/* of an audit; the caller's */
	bool waited_for;
	uint32_t deadline;	/* ms, if someone waits */
};

/* The socket, and the family behind it. */
int nl_open(void);
int nl_fd(void);
int nl_register(void);
/* -EINVAL, -EBADMSG, -EOPNOTSUPP, -ENOENT, -ENOSPC as the module says. */
int nl_policy_set(const struct policy *policy);
int nl_policy_approve(const struct policy *policy);
int nl_policy_remove(const char *name);
/* Throw away what says that something is ready. */
void nl_drain(void);
/* -EAGAIN: no errand. -ENOENT, -EPERM: the module is another one now. */
int nl_accept(struct errand *errand);
/* @state: 0 for none. -ENOENT: nobody waits any more. */
int nl_done(uint64_t id, int status, const struct chain *chain,
	    enum tkm_state state);

/* ---- errand.c: what the module asks ------------------------------------- */

/*
 * Many. 1 when there may be more. -ENOTRECOVERABLE, or that we are no helper any
 * more: it has been said, and tkmd ends.
 */
int errand_many(struct kdb *kdb);

/* ---- socket.c: connections ---------------------------------------------- */

#define SOCKET_LINE	65536
#define SOCKET_CLIENTS	64
#define SOCKET_PER_UID	8
#define SOCKET_SECONDS	5

int socket_open(const char *path);
void socket_close(const char *path);
/* Fill in what to wait for. Return: how many, at most SOCKET_CLIENTS + 1. */
unsigned int socket_poll(struct pollfd *fds);
/* Milliseconds until a connection has taken too long; -1 for never. */
int socket_timeout(void);
/* After poll: take, read, answer, write, and end what took too long. */
int socket_serve(struct kdb *kdb, const struct pollfd *fds, unsigned int n);

/* ---- request.c: what is asked there ------------------------------------- */

/*
 * One line in, without its newline, with a @file or -1; one line out, without: in @out, which has
 * SOCKET_LINE bytes. Return: its length; -ENOTRECOVERABLE as above.
 */
ssize_t request_answer(struct kdb *kdb, const struct who *peer, int file,
		       const char *line, size_t len, char *out);
/* The line that says no. */
size_t request_refuse(int error, const char *message, char *out);

/* ---- loop.c: until it is told to end ------------------------------------ */

int loop_open(void);
/* 0: told to end. */
int loop_run(struct kdb *kdb);
/* In the middle of what may take long: that it is not hanging. */
void loop_alive(void);

#endif /* TKMD_H */
