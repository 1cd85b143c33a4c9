/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A packet as it could come from platform.h's platform: objects with right public
 * areas and records, whose private parts are only bytes.
 */
#ifndef TKM_UNIT_PACKET_H
#define TKM_UNIT_PACKET_H

#include "../../userspace/tkm/manifest.h"
#include "platform.h"

#define MADE_MAX	64

struct made {
	struct packet packet;
	struct packet_row storage[MADE_MAX], keys[MADE_MAX];
	struct packet_absent absent[MADE_MAX];
	u8 bytes[2 * MADE_MAX + 1][TKM_MOVE_MAX];
	unsigned int used;
	EVP_PKEY *signer;
	u8 *body, *der;
	size_t body_len, len;
};

/* Not fixed, of owner 1000, and an authority that approves. */
static inline struct tkm_record record_of(enum tkm_kind kind, const char *app,
					  const char *label)
{
	struct tkm_record rec = {
		.kind = kind,
		.class = TKM_CLASS_PORTABLE,
		.authority = { 0, TPM_ALG_SHA256, 7 },
		.owner = 1000,
		.created = 1700000000,
	};

	strcpy(rec.app, app);
	strcpy(rec.label, label);
	if (kind == TKM_KIND_DATA)
		rec.uses = TKM_USE_PUBLISH;
	return rec;
}

/* The parts of an object of that record; they stay until the next one. */
static inline struct tkm_object object_of(const struct tkm_record *rec)
{
	static char text[TKM_RECORD_MAX];
	static u8 area[512];
	static const u8 priv[190] = { 1 }, point[32] = { 2 };
	bool data = rec->kind == TKM_KIND_DATA;
	struct tkm_branches branches;
	struct tkm_public pub;
	struct tkm_writer w;
	u8 hash[32], policy[32];
	ssize_t n = tkm_record_write(rec, text, sizeof(text));

	assert_true(n > 0);
	tkm_record_hash(text, (size_t)n, hash);
	tkm_record_branches(rec, hash, NULL, &branches);
	tkm_branches_digest(&branches, policy);
	pub = data ? tkm_public_sealed(policy, 32,
				       tkm_key_attributes(rec->class, rec->uses,
							  false, false)) :
		     tkm_public_storage(rec->class, policy);
	pub.x = point;
	pub.x_len = 32;
	pub.y = data ? NULL : point;
	pub.y_len = data ? 0 : 32;
	tkm_writer_init(&w, area, sizeof(area));
	tkm_public_encode(&w, &pub);
	assert_false(w.overflow);
	return (struct tkm_object){
		.type = data ? TKM_OBJECT_SEALED : TKM_OBJECT_LOADABLE,
		.empty_auth = true,
		.description = text,
		.description_len = (u16)n,
		.pub = area,
		.pub_len = (u16)w.len,
		.priv = priv,
		.priv_len = sizeof(priv),
	};
}

static inline struct tkm_piece put_move(struct made *m,
					const struct tkm_record *rec)
{
	static const u8 secret[66] = { 3 }, inner[TKM_INNER_SIZE] = { 4 };
	struct tkm_move move = { .obj = object_of(rec), .secret = secret,
				 .secret_len = sizeof(secret), .inner = inner };
	u8 *out = m->bytes[m->used++];
	ssize_t n;

	move.obj.type = TKM_OBJECT_IMPORTABLE;
	n = tkm_move_encode(&move, out, TKM_MOVE_MAX);
	assert_true(n > 0);
	return (struct tkm_piece){ out, (size_t)n };
}

/* As it stands in a chain below another. */
static inline struct tkm_piece put_object(struct made *m,
					  const struct tkm_record *rec)
{
	struct tkm_record root = { .kind = TKM_KIND_TKMRK,
				   .srk = { 0, TPM_ALG_SHA256 } };
	static u8 chain[TKM_CHAIN_MAX];
	char text[TKM_RECORD_MAX];
	struct tkm_chain pair = { .n = 2 };
	u8 *out = m->bytes[m->used++];
	size_t head;
	ssize_t n = tkm_record_write(&root, text, sizeof(text));

	assert_true(n > 0);
	pair.obj[1] = object_of(rec);
	pair.obj[0] = pair.obj[1];
	pair.obj[0].type = TKM_OBJECT_LOADABLE;
	pair.obj[0].parent = TKM_SRK_HANDLE;
	pair.obj[0].description = text;
	pair.obj[0].description_len = (u16)n;
	n = tkm_blob_encode(&pair, chain, sizeof(chain));
	assert_true(n > 0);
	/* 30 82 and two bytes, of both. */
	head = 8 + (size_t)(chain[6] << 8 | chain[7]);
	memcpy(out, chain + head, (size_t)n - head);
	return (struct tkm_piece){ out, (size_t)n - head };
}

static inline void put_storage(struct made *m, const char *app)
{
	struct tkm_record rec = record_of(TKM_KIND_ASK, app, "");

	m->storage[m->packet.n_storage++].object = put_object(m, &rec);
}

static inline void put_key(struct made *m, u32 parent, const char *app,
			   const char *label)
{
	struct tkm_record rec = record_of(TKM_KIND_DATA, app, label);

	m->keys[m->packet.n_keys++] = (struct packet_row){
		.parent = parent,
		.state = TKM_STATE_ACTIVE,
		.since = 1700000001,
		.object = put_object(m, &rec),
	};
}

/* With what is signed; what that is, @digest says. */
static inline void sign_manifest(struct manifest *manifest, EVP_PKEY *signer,
				 const struct platform *p, const u8 digest[32])
{
	struct certify as = { .attest_len = 32 };
	TPMS_ATTEST attest = said(&p->credential, digest);
	TPMT_PUBLIC pub = ecc_public(SIGNER_ATTRIBUTES, false, signer);

	assert_int_equal(area_take(&manifest->signer, &pub), 0);
	memcpy(as.attest, digest, 32);
	sign_bytes(&as, signer);
	memcpy(manifest->signature, as.signature, as.signature_len);
	manifest->signature_len = as.signature_len;
	memcpy(attest.attested.certify.name.name, manifest->signer.name,
	       TKM_NAME_SIZE);
	sign(&manifest->certify, &attest, p->ak);
}

/* Writes it; 0 or what packet_body() or packet_finish() says. */
static inline int write_packet(struct made *m, const struct platform *p)
{
	struct tkm_piece body;
	u8 digest[32];
	int ret;

	free(m->body);
	free(m->der);
	m->body = m->der = NULL;
	ret = packet_body(&m->packet, &m->body, &m->body_len);
	if (ret)
		return ret;
	body = (struct tkm_piece){ m->body, m->body_len };
	packet_digest(body, digest);
	sign_manifest(&m->packet.manifest, m->signer, p, digest);
	return packet_finish(body, &m->packet.manifest, &m->der, &m->len);
}

static inline void begin_packet(struct made *m, const struct platform *p,
				enum tkm_kind top)
{
	struct tkm_record rec = record_of(top, top == TKM_KIND_TDK ? "" : "web",
					  top == TKM_KIND_DATA ? "a" : "");

	memset(m, 0, sizeof(*m));
	m->signer = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	m->packet.kind = PACKET_COPY;
	m->packet.id[0] = 0xa5;
	m->packet.created = 1800000000;
	memcpy(m->packet.source, p->credential.ak.name, TKM_NAME_SIZE);
	m->packet.to = (struct tkm_piece){ p->credential.tkmrk.bytes,
					   p->credential.tkmrk.len };
	m->packet.move = put_move(m, &rec);
	m->packet.storage = m->storage;
	m->packet.keys = m->keys;
	m->packet.absent = m->absent;
	if (top == TKM_KIND_DATA) {
		m->packet.state = TKM_STATE_SUSPENDED;
		m->packet.since = 1700000001;
	}
}

/* A domain of two applications with three keys; an application with two; a key. */
static inline void make_packet(struct made *m, const struct platform *p,
			       enum tkm_kind top)
{
	begin_packet(m, p, top);
	if (top == TKM_KIND_TDK) {
		put_storage(m, "mail");
		put_storage(m, "web");
		put_key(m, 1, "mail", "a");
		put_key(m, 2, "web", "a");
		put_key(m, 2, "web", "b");
	} else if (top == TKM_KIND_ASK) {
		put_key(m, 0, "web", "a");
		put_key(m, 0, "web", "b");
	}
	assert_int_equal(write_packet(m, p), 0);
}

static inline void put_absent(struct made *m, const char *key,
			      enum packet_why why)
{
	m->absent[m->packet.n_absent++] = (struct packet_absent){
		{ (const u8 *)key, strlen(key) }, why,
	};
}

/* That domain as a backup, which lacks a key for each reason. */
static inline void make_backup(struct made *m, const struct platform *p)
{
	make_packet(m, p, TKM_KIND_TDK);
	m->packet.kind = PACKET_BACKUP;
	put_absent(m, "mail-2:c", PACKET_BRANCH);
	put_absent(m, "mail:b", PACKET_CLASS);
	put_absent(m, "web:c", PACKET_FIXED);
	put_absent(m, "web:c:d", PACKET_FLAT);
	assert_int_equal(write_packet(m, p), 0);
}

static inline void free_packet(struct made *m)
{
	EVP_PKEY_free(m->signer);
	free(m->body);
	free(m->der);
	m->signer = NULL;
	m->body = m->der = NULL;
}

#endif /* TKM_UNIT_PACKET_H */
