/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A packet: a branch of keys on its way to another platform, in one file, and the
 * receipt that comes back. Read and written without a TPM; whether it is to be
 * believed is manifest.c's. Documentation/packet-format.rst has the bytes.
 *
 * What is read stays where it is: rows point into the file, so that a file that
 * claims much costs no more memory than it has bytes, and its rows.
 */
#ifndef TKM_PACKET_H
#define TKM_PACKET_H

#include "credential.h"

/* What makes a file one that is not read any further: -E2BIG. */
#define PACKET_MAX	(64 << 20)
#define PACKET_STORAGE	4096
#define PACKET_KEYS	65536
/* Enough of its beginning for packet_size(). */
#define PACKET_HEAD	6
#define PACKET_ID	16
#define RECEIPT_MAX	4096

enum packet_kind {
	PACKET_COPY = 1,
	PACKET_MOVE,		/* the source gives its keys up for a receipt */
	PACKET_BACKUP,
};

/* "copy", "move", "backup" */
const char *packet_kind_name(enum packet_kind kind);

/* Why a key is not in a backup. */
enum packet_why {
	PACKET_FIXED = 1,
	PACKET_CLASS,		/* of another class */
	PACKET_BRANCH,		/* of that class, in another branch */
	PACKET_FLAT,
};

/* "fixed", "class", "branch", "flat"; and for people. */
const char *packet_why_name(enum packet_why why);
const char *packet_why_text(enum packet_why why);

/**
 * struct packet_absent - a key that a backup was asked for, and lacks
 * @key: its description
 * @why: why
 */
struct packet_absent {
	struct tkm_piece key;
	enum packet_why why;
};

/**
 * struct packet_row - an object below the top one
 * @parent: 0: that; n: the nth storage key
 * @state: of a key
 * @since: of a key: when the state was kept, seconds since 1970
 * @object: TPMKey in DER, as in a chain
 */
struct packet_row {
	u32 parent;
	enum tkm_state state;
	s64 since;
	struct tkm_piece object;
};

/**
 * struct manifest - who says so: a signing key, and the AK that certifies it
 * @signer: the key that signed
 * @certify: TPM2_Certify of it by the AK, about what was signed
 * @signature: TPMT_SIGNATURE
 */
struct manifest {
	struct area signer;
	struct certify certify;
	u8 signature[SIGNATURE_AREA_MAX];
	size_t signature_len;
};

/**
 * struct packet - what is in it; all pieces point into the file
 * @id: random: what makes it good for one import
 * @kind: what is to become of the source's keys
 * @created: seconds since 1970
 * @source: Name of the AK of the platform that made it
 * @to: TPMT_PUBLIC of the storage key that it is for
 * @move: of the top object (struct tkm_move), in DER
 * @state: of a top object that is a key, else 0
 * @since: of that
 * @storage: of a domain: its applications, by name
 * @keys: by their parents, then by label
 * @absent: of a backup, by description
 * @top: record of the top object
 * @object: Name of the top object
 * @body: all of the above as it stands in the file: what is signed
 * @manifest: who says so
 */
struct packet {
	u8 id[PACKET_ID];
	enum packet_kind kind;
	s64 created;
	u8 source[TKM_NAME_SIZE];
	struct tkm_piece to;
	struct tkm_piece move;
	enum tkm_state state;
	s64 since;
	size_t n_storage, n_keys, n_absent;
	struct packet_row *storage, *keys;
	struct packet_absent *absent;
	struct tkm_record top;
	u8 object[TKM_NAME_SIZE];
	struct tkm_piece body;
	struct manifest manifest;
};

/**
 * struct receipt - what a platform says that took a packet
 * @id: the packet's
 * @packet: packet_digest() of it
 * @created: seconds since 1970
 * @source: Name of the AK of the platform that took it
 * @keys: how many
 * @manifest: who says so
 */
struct receipt {
	u8 id[PACKET_ID];
	u8 packet[32];
	s64 created;
	u8 source[TKM_NAME_SIZE];
	u32 keys;
	struct manifest manifest;
};

/*
 * How long a file that begins so has to be, before it is read: -EBADMSG for what is
 * no packet, -E2BIG.
 */
ssize_t packet_size(const u8 *head, size_t len);

/*
 * packet_free() after 0. -EBADMSG; -E2BIG for too many rows; -EOPNOTSUPP for another
 * version, or for what tkm does not know in an object; -ENOMEM. Every object is
 * what its record says, and in its place; there is one way to write a packet.
 */
int packet_decode(struct packet *packet, const u8 *der, size_t len);
void packet_free(struct packet *packet);

/*
 * What is signed, of @id to @absent; in memory to be freed. -EINVAL for what
 * packet_decode() would not take.
 */
int packet_body(const struct packet *packet, u8 **body, size_t *len);
void packet_digest(struct tkm_piece body, u8 digest[32]);
/* All of it: body and manifest; to be freed. */
int packet_finish(struct tkm_piece body, const struct manifest *manifest,
		  u8 **der, size_t *len);

/* The same of a receipt; the digest is what is signed. */
int receipt_digest(const struct receipt *receipt, u8 digest[32]);
ssize_t receipt_encode(const struct receipt *receipt, u8 der[RECEIPT_MAX]);
int receipt_decode(struct receipt *receipt, const u8 *der, size_t len);

#endif /* TKM_PACKET_H */
