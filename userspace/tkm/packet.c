// SPDX-License-Identifier: GPL-2.0
/*
 * Packets and receipts in DER. A packet may hold tens of thousands of keys, and is
 * a stranger's until its manifest is checked: it is read in place, from the front,
 * by readers that end where their value ends, and written backwards (kernel/der.c).
 */
#include <stdlib.h>

#include "packet.h"

#define VERSION	1

static const char packet_label[] = "tkm packet v1";
static const char receipt_label[] = "tkm receipt v1";

/* Of one row, around its object. */
#define ROW_AROUND	48
/* Of everything that is not a row. */
#define AROUND		(TKM_MOVE_MAX + AREA_MAX + 512)
#define MANIFEST_MAX	(AREA_MAX + ATTEST_MAX + 2 * SIGNATURE_AREA_MAX + 64)

const char *packet_kind_name(enum packet_kind kind)
{
	return kind == PACKET_COPY ? "copy" : kind == PACKET_MOVE ? "move" :
	       "backup";
}

const char *packet_why_name(enum packet_why why)
{
	static const char *const names[] = { "", "fixed", "class", "branch",
					     "flat" };

	return names[why];
}

const char *packet_why_text(enum packet_why why)
{
	static const char *const texts[] = {
		"", "it is fixed, and ends with its TPM", "it is of another class",
		"it is of another branch", "it is flat, and ends with its TPM",
	};

	return texts[why];
}

/* ---- reading DER --------------------------------------------------------------- */

/* A value whole, with its head. */
static struct tkm_piece get_whole(struct tkm_reader *r, u8 tag)
{
	struct tkm_piece piece = { .data = r->data };
	size_t before = r->len;

	tkm_der_get(r, tag);
	if (!r->bad)
		piece.len = before - r->len;
	return piece;
}

/* Below 2^63. */
static u64 get_integer(struct tkm_reader *r)
{
	return tkm_der_number(r, tkm_der_get(r, TKM_DER_INTEGER), INT64_MAX);
}

static struct tkm_piece get_octets(struct tkm_reader *r)
{
	struct tkm_reader content = tkm_der_get(r, TKM_DER_OCTETS);
	struct tkm_piece piece = { .data = content.data, .len = content.len };

	if (!piece.len)
		r->bad = true;
	return piece;
}

static void get_exactly(struct tkm_reader *r, u8 *out, size_t n)
{
	struct tkm_piece piece = get_octets(r);

	if (r->bad || piece.len != n)
		r->bad = true;
	else
		memcpy(out, piece.data, n);
}

static void get_at_most(struct tkm_reader *r, u8 *out, size_t max, size_t *len)
{
	struct tkm_piece piece = get_octets(r);

	if (r->bad || piece.len > max) {
		r->bad = true;
		return;
	}
	memcpy(out, piece.data, piece.len);
	*len = piece.len;
}

ssize_t packet_size(const u8 *head, size_t len)
{
	struct tkm_reader r;
	size_t n;

	tkm_reader_init(&r, head, len);
	if (tkm_get_u8(&r) != TKM_DER_SEQUENCE)
		return -EBADMSG;
	n = tkm_der_length(&r);
	if (r.bad)
		return -EBADMSG;
	n += len - r.len;
	return n > PACKET_MAX ? -E2BIG : (ssize_t)n;
}

/* ---- the manifest ------------------------------------------------------------------ */

static int get_manifest(struct tkm_reader *r, struct manifest *manifest)
{
	struct certify *certify = &manifest->certify;
	struct tkm_piece signer = get_octets(r);

	get_at_most(r, certify->attest, sizeof(certify->attest),
		    &certify->attest_len);
	get_at_most(r, certify->signature, sizeof(certify->signature),
		    &certify->signature_len);
	get_at_most(r, manifest->signature, sizeof(manifest->signature),
		    &manifest->signature_len);
	if (r->bad)
		return -EBADMSG;
	return area_read(&manifest->signer, signer.data, signer.len);
}

static int get_version(struct tkm_reader *r)
{
	u64 version = get_integer(r);

	return r->bad ? -EBADMSG : version == VERSION ? 0 : -EOPNOTSUPP;
}

/* ---- rows ------------------------------------------------------------------------------ */

/* How many values follow one another, and that they do to the end. */
static int count_rows(struct tkm_reader list, size_t max, size_t *n)
{
	for (*n = 0; list.len && !list.bad; ++*n)
		if (*n == max)
			return -E2BIG;
		else
			tkm_der_get(&list, TKM_DER_SEQUENCE);
	return list.bad ? -EBADMSG : 0;
}

static void get_row(struct tkm_reader *list, bool key, struct packet_row *row)
{
	struct tkm_reader r = tkm_der_get(list, TKM_DER_SEQUENCE);
	u64 state = TKM_STATE_PRE_ACTIVE, parent = 0;

	if (key) {
		parent = get_integer(&r);
		state = get_integer(&r);
		row->since = (s64)get_integer(&r);
	}
	if (parent > PACKET_STORAGE || state < TKM_STATE_PRE_ACTIVE ||
	    state >= TKM_STATE_DESTROYED)
		r.bad = true;
	row->parent = (u32)parent;
	row->state = key ? (enum tkm_state)state : 0;
	row->object = get_whole(&r, TKM_DER_SEQUENCE);
	if (!tkm_reader_done(&r))
		list->bad = true;
}

static int get_rows(struct tkm_reader *body, bool keys, size_t max,
		    struct packet_row **rows, size_t *n)
{
	struct tkm_reader list = tkm_der_get(body, TKM_DER_SEQUENCE);
	size_t i;
	int ret;

	if (list.bad)
		return -EBADMSG;
	ret = count_rows(list, max, n);
	if (ret || !*n)
		return ret;
	*rows = calloc(*n, sizeof(**rows));
	if (!*rows)
		return -ENOMEM;
	for (i = 0; i < *n && !list.bad; i++)
		get_row(&list, keys, &(*rows)[i]);
	return tkm_reader_done(&list) ? 0 : -EBADMSG;
}

static void get_one_absent(struct tkm_reader *list, struct packet_absent *absent)
{
	struct tkm_reader r = tkm_der_get(list, TKM_DER_SEQUENCE);
	u64 why;

	absent->key = get_octets(&r);
	why = get_integer(&r);
	if (!tkm_reader_done(&r) || why < PACKET_FIXED || why > PACKET_FLAT)
		list->bad = true;
	absent->why = (enum packet_why)why;
}

static int get_absent(struct tkm_reader *body, struct packet *packet)
{
	struct tkm_reader list = tkm_der_get(body, TKM_DER_SEQUENCE);
	size_t i;
	int ret;

	if (list.bad)
		return -EBADMSG;
	ret = count_rows(list, PACKET_KEYS, &packet->n_absent);
	if (ret || !packet->n_absent)
		return ret;
	packet->absent = calloc(packet->n_absent, sizeof(*packet->absent));
	if (!packet->absent)
		return -ENOMEM;
	for (i = 0; i < packet->n_absent && !list.bad; i++)
		get_one_absent(&list, &packet->absent[i]);
	return tkm_reader_done(&list) ? 0 : -EBADMSG;
}

/* ---- what is in it ------------------------------------------------------------------------ */

static bool is_storage(enum tkm_kind kind)
{
	return kind == TKM_KIND_TDK || kind == TKM_KIND_ASK;
}

static int check_top(struct packet *packet)
{
	struct tkm_caller own = { 0 };
	struct tkm_move move;
	int ret;

	ret = tkm_move_decode(packet->move.data, packet->move.len, &move);
	if (ret)
		return ret == -E2BIG ? -EBADMSG : ret;
	ret = tkm_record_parse(move.obj.description, move.obj.description_len,
			       &packet->top);
	if (ret)
		return ret;
	/* Whoever it is of: that is for who takes it to ask. */
	own.owner = packet->top.owner;
	own.side = packet->top.side;
	ret = tkm_moved_verify(&move.obj, &own, &packet->top);
	if (ret)
		return ret == -EPERM ? -EBADMSG : ret;
	tkm_public_name(move.obj.pub, move.obj.pub_len, packet->object);
	return 0;
}

static int check_row(const struct tkm_record *above,
		     const struct packet_row *row, struct tkm_record *rec)
{
	struct tkm_object obj;
	int ret;

	ret = tkm_below_decode(row->object.data, row->object.len, &obj);
	return ret ? ret : tkm_below_verify(above, &obj, rec);
}

/* Each application once, by name. */
static int check_storage(const struct packet *packet,
			 char (*apps)[TKM_APP_MAX + 1])
{
	struct tkm_record rec;
	size_t i;
	int ret;

	for (i = 0; i < packet->n_storage; i++) {
		ret = check_row(&packet->top, &packet->storage[i], &rec);
		if (ret)
			return ret;
		if (rec.kind != TKM_KIND_ASK ||
		    (i && strcmp(apps[i - 1], rec.app) >= 0))
			return -EBADMSG;
		strcpy(apps[i], rec.app);
	}
	return 0;
}

/* Each under its application, once, by label. */
static int check_keys(const struct packet *packet,
		      char (*apps)[TKM_APP_MAX + 1])
{
	struct tkm_record above = packet->top, rec;
	bool domain = packet->top.kind == TKM_KIND_TDK;
	char label[TKM_LABEL_MAX + 1] = "";
	const struct packet_row *row;
	u32 before = 0;
	size_t i;
	int ret;

	for (i = 0; i < packet->n_keys; i++) {
		row = &packet->keys[i];
		if (domain ? !row->parent || row->parent > packet->n_storage :
			     row->parent)
			return -EBADMSG;
		if (domain) {
			above.kind = TKM_KIND_ASK;
			strcpy(above.app, apps[row->parent - 1]);
		}
		ret = check_row(&above, row, &rec);
		if (ret)
			return ret;
		if (is_storage(rec.kind) || row->parent < before ||
		    (i && row->parent == before && strcmp(label, rec.label) >= 0))
			return -EBADMSG;
		before = row->parent;
		strcpy(label, rec.label);
	}
	return 0;
}

static int check_rows(const struct packet *packet)
{
	bool key = !is_storage(packet->top.kind);
	char (*apps)[TKM_APP_MAX + 1];
	int ret;

	if (key ? packet->n_keys : !packet->n_keys)
		return -EBADMSG;
	if (packet->top.kind != TKM_KIND_TDK && packet->n_storage)
		return -EBADMSG;
	if (key ? packet->state < TKM_STATE_PRE_ACTIVE ||
			  packet->state >= TKM_STATE_DESTROYED :
		  packet->state || packet->since)
		return -EBADMSG;
	apps = calloc(packet->n_storage + 1, sizeof(*apps));
	if (!apps)
		return -ENOMEM;
	ret = check_storage(packet, apps);
	ret = ret ? ret : check_keys(packet, apps);
	free(apps);
	return ret;
}

/* As a key's whole name is written, into TKM_DESC_MAX + 1 bytes. */
static bool is_description(struct tkm_piece key, char *text)
{
	char app[TKM_APP_MAX + 1], label[TKM_LABEL_MAX + 1];
	char whole[TKM_DESC_MAX + 1];

	if (key.len > TKM_DESC_MAX)
		return false;
	memcpy(text, key.data, key.len);
	text[key.len] = 0;
	if (strlen(text) != key.len || tkm_description_parse(text, app, label))
		return false;
	snprintf(whole, sizeof(whole), "%s:%s", app, label);
	return !strcmp(whole, text);
}

/* Each once, by name, and of a backup. */
static int check_absent(const struct packet *packet)
{
	char texts[2][TKM_DESC_MAX + 1] = { "", "" };
	size_t i;

	if (packet->n_absent && packet->kind != PACKET_BACKUP)
		return -EBADMSG;
	for (i = 0; i < packet->n_absent; i++)
		if (!is_description(packet->absent[i].key, texts[i & 1]) ||
		    strcmp(texts[~i & 1], texts[i & 1]) >= 0)
			return -EBADMSG;
	return 0;
}

static int get_body(struct tkm_reader *r, struct packet *packet)
{
	struct tkm_reader body;
	u64 kind, state;
	int ret;

	body = tkm_der_get(r, TKM_DER_SEQUENCE);
	ret = get_version(&body);
	if (ret)
		return ret;
	get_exactly(&body, packet->id, PACKET_ID);
	kind = get_integer(&body);
	packet->created = (s64)get_integer(&body);
	get_exactly(&body, packet->source, TKM_NAME_SIZE);
	packet->to = get_octets(&body);
	packet->move = get_whole(&body, TKM_DER_SEQUENCE);
	state = get_integer(&body);
	packet->since = (s64)get_integer(&body);
	if (body.bad || kind < PACKET_COPY || kind > PACKET_BACKUP ||
	    state > TKM_STATE_LAST || !tkm_name_is_set(packet->source))
		return -EBADMSG;
	packet->kind = (enum packet_kind)kind;
	packet->state = (enum tkm_state)state;
	ret = get_rows(&body, false, PACKET_STORAGE, &packet->storage,
		       &packet->n_storage);
	ret = ret ? ret : get_rows(&body, true, PACKET_KEYS, &packet->keys,
				   &packet->n_keys);
	ret = ret ? ret : get_absent(&body, packet);
	return ret ? ret : tkm_reader_done(&body) ? 0 : -EBADMSG;
}

/* A storage key that never left its TPM; of a backup, it may be a recovery key. */
static int check_to(const struct packet *packet)
{
	int ret = tkm_parent_check(packet->to.data, packet->to.len);

	if (ret == -EPERM && packet->kind == PACKET_BACKUP)
		ret = tkm_recovery_check(packet->to.data, packet->to.len);

	return ret == -EPERM ? -EBADMSG : ret;
}

static int decode(struct packet *packet, const u8 *der, size_t len)
{
	struct tkm_reader r, all, peek;
	int ret;

	tkm_reader_init(&r, der, len);
	all = tkm_der_get(&r, TKM_DER_SEQUENCE);
	if (!tkm_reader_done(&r))
		return -EBADMSG;
	peek = all;
	packet->body = get_whole(&peek, TKM_DER_SEQUENCE);
	ret = get_body(&all, packet);
	ret = ret ? ret : get_manifest(&all, &packet->manifest);
	if (!ret && !tkm_reader_done(&all))
		ret = -EBADMSG;
	ret = ret ? ret : check_to(packet);
	ret = ret ? ret : check_top(packet);
	ret = ret ? ret : check_rows(packet);
	return ret ? ret : check_absent(packet);
}

int packet_decode(struct packet *packet, const u8 *der, size_t len)
{
	int ret;

	memset(packet, 0, sizeof(*packet));
	if (len > PACKET_MAX)
		return -E2BIG;
	ret = decode(packet, der, len);
	if (ret)
		packet_free(packet);
	return ret;
}

void packet_free(struct packet *packet)
{
	free(packet->storage);
	free(packet->keys);
	free(packet->absent);
	packet->storage = packet->keys = NULL;
	packet->absent = NULL;
	packet->n_storage = packet->n_keys = packet->n_absent = 0;
}

void packet_digest(struct tkm_piece body, u8 digest[32])
{
	const struct tkm_piece pieces[] = {
		{ packet_label, sizeof(packet_label) }, body,
	};

	tkm_sha256(pieces, 2, digest);
}

/* ---- writing, backwards ---------------------------------------------------------------------- */

static void back_octets(struct tkm_back *b, const void *p, size_t n)
{
	tkm_back_value(b, TKM_DER_OCTETS, p, n);
}

static void back_manifest(struct tkm_back *b, const struct manifest *manifest)
{
	const struct certify *certify = &manifest->certify;

	back_octets(b, manifest->signature, manifest->signature_len);
	back_octets(b, certify->signature, certify->signature_len);
	back_octets(b, certify->attest, certify->attest_len);
	back_octets(b, manifest->signer.bytes, manifest->signer.len);
}

static void back_rows(struct tkm_back *b, const struct packet_row *rows,
		      size_t n, bool keys)
{
	size_t all = b->at, end;

	while (n--) {
		end = b->at;
		tkm_back_bytes(b, rows[n].object.data, rows[n].object.len);
		if (keys) {
			tkm_back_number(b, (u64)rows[n].since);
			tkm_back_number(b, rows[n].state);
			tkm_back_number(b, rows[n].parent);
		}
		tkm_back_header(b, TKM_DER_SEQUENCE, end);
	}
	tkm_back_header(b, TKM_DER_SEQUENCE, all);
}

static void back_absent(struct tkm_back *b, const struct packet_absent *absent,
			size_t n)
{
	size_t all = b->at, end;

	while (n--) {
		end = b->at;
		tkm_back_number(b, absent[n].why);
		back_octets(b, absent[n].key.data, absent[n].key.len);
		tkm_back_header(b, TKM_DER_SEQUENCE, end);
	}
	tkm_back_header(b, TKM_DER_SEQUENCE, all);
}

static size_t room_for_absent(const struct packet_absent *absent, size_t n)
{
	size_t room = 0;

	while (n--)
		room += absent[n].key.len + ROW_AROUND;
	return room;
}

static size_t room_for(const struct packet_row *rows, size_t n)
{
	size_t room = 0;

	while (n--)
		room += rows[n].object.len + ROW_AROUND;
	return room;
}

/* What was written, at the beginning of memory of its own. */
static int take(struct tkm_back *b, u8 **out, size_t *len)
{
	ssize_t n = tkm_back_done(b);

	*out = n < 0 ? NULL : b->data;
	*len = n < 0 ? 0 : (size_t)n;
	if (n < 0)
		free(b->data);
	return n < 0 ? -EINVAL : 0;
}

int packet_body(const struct packet *packet, u8 **body, size_t *len)
{
	size_t room = AROUND + room_for(packet->storage, packet->n_storage) +
		      room_for(packet->keys, packet->n_keys) +
		      room_for_absent(packet->absent, packet->n_absent);
	struct tkm_back b;
	void *data;

	*body = NULL;
	if (packet->n_storage > PACKET_STORAGE || packet->n_keys > PACKET_KEYS ||
	    packet->n_absent > PACKET_KEYS || room > PACKET_MAX)
		return -E2BIG;
	data = malloc(room);
	if (!data)
		return -ENOMEM;
	tkm_back_init(&b, data, room);
	back_absent(&b, packet->absent, packet->n_absent);
	back_rows(&b, packet->keys, packet->n_keys, true);
	back_rows(&b, packet->storage, packet->n_storage, false);
	tkm_back_number(&b, (u64)packet->since);
	tkm_back_number(&b, packet->state);
	tkm_back_bytes(&b, packet->move.data, packet->move.len);
	back_octets(&b, packet->to.data, packet->to.len);
	back_octets(&b, packet->source, TKM_NAME_SIZE);
	tkm_back_number(&b, (u64)packet->created);
	tkm_back_number(&b, packet->kind);
	back_octets(&b, packet->id, PACKET_ID);
	tkm_back_number(&b, VERSION);
	tkm_back_header(&b, TKM_DER_SEQUENCE, room);
	return take(&b, body, len);
}

int packet_finish(struct tkm_piece body, const struct manifest *manifest,
		  u8 **der, size_t *len)
{
	size_t room = body.len + MANIFEST_MAX;
	struct packet again;
	struct tkm_back b;
	void *data = malloc(room);
	int ret;

	*der = NULL;
	if (!data)
		return -ENOMEM;
	tkm_back_init(&b, data, room);
	back_manifest(&b, manifest);
	tkm_back_bytes(&b, body.data, body.len);
	tkm_back_header(&b, TKM_DER_SEQUENCE, room);
	ret = take(&b, der, len);
	if (ret)
		return ret;
	/* What would not be taken is not given away. */
	ret = packet_decode(&again, *der, *len);
	if (!ret) {
		packet_free(&again);
		return 0;
	}
	free(*der);
	*der = NULL;
	return ret == -EBADMSG ? -EINVAL : ret;
}

/* ---- receipts ----------------------------------------------------------------------------------- */

static void back_receipt(struct tkm_back *b, const struct receipt *receipt)
{
	size_t end = b->at;

	tkm_back_number(b, receipt->keys);
	back_octets(b, receipt->source, TKM_NAME_SIZE);
	tkm_back_number(b, (u64)receipt->created);
	back_octets(b, receipt->packet, 32);
	back_octets(b, receipt->id, PACKET_ID);
	tkm_back_number(b, VERSION);
	tkm_back_header(b, TKM_DER_SEQUENCE, end);
}

int receipt_digest(const struct receipt *receipt, u8 digest[32])
{
	u8 body[RECEIPT_MAX];
	struct tkm_piece pieces[] = {
		{ receipt_label, sizeof(receipt_label) }, { 0 },
	};
	struct tkm_back b;

	tkm_back_init(&b, body, sizeof(body));
	back_receipt(&b, receipt);
	pieces[1] = (struct tkm_piece){ body + b.at, sizeof(body) - b.at };
	tkm_sha256(pieces, 2, digest);
	return b.overflow ? -EINVAL : 0;
}

ssize_t receipt_encode(const struct receipt *receipt, u8 der[RECEIPT_MAX])
{
	struct tkm_back b;
	ssize_t n;

	tkm_back_init(&b, der, RECEIPT_MAX);
	back_manifest(&b, &receipt->manifest);
	back_receipt(&b, receipt);
	tkm_back_header(&b, TKM_DER_SEQUENCE, RECEIPT_MAX);
	n = tkm_back_done(&b);
	return n < 0 ? -EINVAL : n;
}

int receipt_decode(struct receipt *receipt, const u8 *der, size_t len)
{
	struct tkm_reader r, all, body;
	u64 keys;
	int ret;

	memset(receipt, 0, sizeof(*receipt));
	if (len > RECEIPT_MAX)
		return -E2BIG;
	tkm_reader_init(&r, der, len);
	all = tkm_der_get(&r, TKM_DER_SEQUENCE);
	body = tkm_der_get(&all, TKM_DER_SEQUENCE);
	ret = tkm_reader_done(&r) ? get_version(&body) : -EBADMSG;
	if (ret)
		return ret;
	get_exactly(&body, receipt->id, PACKET_ID);
	get_exactly(&body, receipt->packet, 32);
	receipt->created = (s64)get_integer(&body);
	get_exactly(&body, receipt->source, TKM_NAME_SIZE);
	keys = get_integer(&body);
	receipt->keys = (u32)keys;
	if (!tkm_reader_done(&body) || !keys || keys > PACKET_KEYS ||
	    !tkm_name_is_set(receipt->source))
		return -EBADMSG;
	ret = get_manifest(&all, &receipt->manifest);
	return ret ? ret : tkm_reader_done(&all) ? 0 : -EBADMSG;
}
