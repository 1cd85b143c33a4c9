// SPDX-License-Identifier: GPL-2.0
/*
 * Packets and receipts: the format, and who says so. That a TPM makes such,
 * tests/vm/migrate.sh tries.
 */
#include "unit.h"
#include "packet.h"

#include "../../userspace/tkm/approval.h"

/* What ak.c and values.c need, and is not called here. */
int failed(int err, const char *what);
int failed_as(int err, const char *remedy, const char *format, ...);
int read_input(const char *path, size_t max, uint8_t **data, size_t *len);

int read_input(const char *path, size_t max, uint8_t **data, size_t *len)
{
	fail_msg("%s: %zu %p %p", path, max, (void *)data, (void *)len);
	return -ENOENT;
}

int failed(int err, const char *what)
{
	fail_msg("%d: %s", err, what);
	return 1;
}

int failed_as(int err, const char *remedy, const char *format, ...)
{
	fail_msg("%d: %s: %s", err, format, remedy);
	return 1;
}

static struct platform p;
static struct made m;
static struct packet read;

static int make(void **state)
{
	(void)state;
	platform_make(&p);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	free_packet(&m);
	platform_free(&p);
	return 0;
}

static const enum tkm_kind tops[] = { TKM_KIND_TDK, TKM_KIND_ASK, TKM_KIND_DATA };

static struct tkm_piece body_of(const struct made *made)
{
	return (struct tkm_piece){ made->body, made->body_len };
}

/* ---- what is written is read ----------------------------------------------------- */

static void is_the_same(const struct packet *a, const struct packet *b)
{
	size_t i;

	assert_memory_equal(a->id, b->id, PACKET_ID);
	assert_memory_equal(a->source, b->source, TKM_NAME_SIZE);
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->created, b->created);
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->since, b->since);
	assert_int_equal(a->n_storage, b->n_storage);
	assert_int_equal(a->n_keys, b->n_keys);
	assert_int_equal(a->move.len, b->move.len);
	assert_memory_equal(a->move.data, b->move.data, a->move.len);
	for (i = 0; i < a->n_keys; i++) {
		assert_int_equal(a->keys[i].parent, b->keys[i].parent);
		assert_int_equal(a->keys[i].state, b->keys[i].state);
		assert_int_equal(a->keys[i].since, b->keys[i].since);
		assert_int_equal(a->keys[i].object.len, b->keys[i].object.len);
		assert_memory_equal(a->keys[i].object.data,
				    b->keys[i].object.data,
				    a->keys[i].object.len);
	}
	assert_int_equal(a->n_absent, b->n_absent);
	for (i = 0; i < a->n_absent; i++) {
		assert_int_equal(a->absent[i].why, b->absent[i].why);
		assert_int_equal(a->absent[i].key.len, b->absent[i].key.len);
		assert_memory_equal(a->absent[i].key.data,
				    b->absent[i].key.data,
				    a->absent[i].key.len);
	}
}

static void what_is_written_is_read(void **state)
{
	unsigned int i;
	u8 *again;
	size_t n;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(tops); i++) {
		make_packet(&m, &p, tops[i]);
		assert_int_equal(packet_size(m.der, PACKET_HEAD), m.len);
		assert_int_equal(packet_decode(&read, m.der, m.len), 0);
		is_the_same(&m.packet, &read);
		assert_int_equal(read.top.kind, tops[i]);
		assert_int_equal(read.body.len, m.body_len);
		assert_memory_equal(read.body.data, m.body, m.body_len);
		assert_int_equal(packet_body(&read, &again, &n), 0);
		assert_int_equal(n, m.body_len);
		assert_memory_equal(again, m.body, n);
		free(again);
		packet_free(&read);
		if (i + 1 < ARRAY_SIZE(tops))
			free_packet(&m);
	}
}

/* What is gone with the TPM is known where the packet is. */
static void a_backup_says_what_it_lacks(void **state)
{
	static const char *const names[] = { "branch", "class", "fixed", "flat" };
	enum packet_why why;
	unsigned int i;
	u8 *again;
	size_t n;

	(void)state;
	make_backup(&m, &p);
	assert_int_equal(packet_decode(&read, m.der, m.len), 0);
	is_the_same(&m.packet, &read);
	assert_int_equal(read.n_absent, ARRAY_SIZE(names));
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		why = read.absent[i].why;
		assert_string_equal(packet_why_name(why), names[i]);
		assert_true(strlen(packet_why_text(why)) > 10);
	}
	assert_int_equal(packet_body(&read, &again, &n), 0);
	assert_int_equal(n, m.body_len);
	assert_memory_equal(again, m.body, n);
	free(again);
	packet_free(&read);
	assert_null(read.absent);
}

/* M-1, M-2: nothing else is that packet, and nothing else is believed. */
static void check_other(const u8 *der, size_t len)
{
	struct finding finding;
	u8 digest[32];
	int ret = packet_decode(&read, der, len);

	if (ret) {
		assert_true(ret == -EBADMSG || ret == -EOPNOTSUPP);
		return;
	}
	packet_digest(read.body, digest);
	assert_int_equal(manifest_check(&read.manifest, &p.credential.ak, digest,
					&finding), -EKEYREJECTED);
	packet_free(&read);
}

static void check_short(const u8 *der, size_t len)
{
	assert_int_equal(packet_decode(&read, der, len), -EBADMSG);
}

static void every_bit_counts(void **state)
{
	unsigned int i;
	u8 *more;

	(void)state;
	/* The last one is a backup. */
	for (i = 0; i <= ARRAY_SIZE(tops); i++) {
		if (i < ARRAY_SIZE(tops))
			make_packet(&m, &p, tops[i]);
		else
			make_backup(&m, &p);
		each_flip(m.der, m.len, check_other);
		each_truncation(m.der, m.len, check_short);
		more = exact(m.der, m.len + 1);
		more[m.len] = 0;
		check_short(more, m.len + 1);
		exact_free(more);
		if (i < ARRAY_SIZE(tops))
			free_packet(&m);
	}
}

/* M-7: of all versions this one. */
static void other_versions_are_not_read(void **state)
{
	u8 *version;

	(void)state;
	make_packet(&m, &p, TKM_KIND_TDK);
	version = memmem(m.der, m.len, "\2\1\1\4\20\245", 6);
	assert_non_null(version);
	for (version[2] = 2; version[2] < 0x80; version[2]++)
		assert_int_equal(packet_decode(&read, m.der, m.len), -EOPNOTSUPP);
	version[2] = 0;
	assert_int_equal(packet_decode(&read, m.der, m.len), -EOPNOTSUPP);
	version[2] = 0x80;
	assert_int_equal(packet_decode(&read, m.der, m.len), -EBADMSG);
}

/* ---- limits (M-3) ------------------------------------------------------------------ */

static void what_claims_much_is_not_read(void **state)
{
	static const struct {
		const char *head;
		ssize_t is;
	} rows[] = {
		{ "308400000000", -EBADMSG }, { "3084ffffffff", -E2BIG },
		{ "308404000000", -E2BIG }, { "308403fffffb", -E2BIG },
		{ "308403fffffa", PACKET_MAX }, { "308400ffffff", -EBADMSG },
		{ "308301000030", 0x10000 + 5 }, { "3082ffff3000", 0x10003 },
		{ "308501000000", -EBADMSG }, { "308000000000", -EBADMSG },
		{ "000000000000", -EBADMSG }, { "7f454c460201", -EBADMSG },
		{ "30", -EBADMSG }, { "3084ffffff", -EBADMSG },
	};
	struct bytes b;
	size_t i;
	u8 *junk;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		b = bytes_of_hex(rows[i].head);
		assert_int_equal(packet_size(b.p, b.len), rows[i].is);
		assert_int_equal(packet_decode(&read, b.p, b.len), -EBADMSG);
		exact_free(b.p);
	}
	junk = calloc(1, PACKET_MAX + 1);
	assert_int_equal(packet_decode(&read, junk, PACKET_MAX + 1), -E2BIG);
	assert_int_equal(packet_decode(&read, junk, PACKET_MAX), -EBADMSG);
	free(junk);
}

/* Tag and length in front of @n bytes that are there already; how many it takes. */
static size_t put_head(u8 *out, size_t n)
{
	struct tkm_writer w;

	tkm_writer_init(&w, out, 5);
	tkm_put_u8(&w, 0x30);
	if (n < 0x80) {
		tkm_put_u8(&w, (u8)n);
	} else if (n < 0x10000) {
		tkm_put_u8(&w, n < 0x100 ? 0x81 : 0x82);
		if (n >= 0x100)
			tkm_put_u8(&w, (u8)(n >> 8));
		tkm_put_u8(&w, (u8)n);
	} else {
		tkm_put_u8(&w, 0x83);
		tkm_put_u8(&w, (u8)(n >> 16));
		tkm_put_u16(&w, (u16)n);
	}
	return w.len;
}

static struct bytes wrap(struct bytes content, const void *behind, size_t more)
{
	struct bytes b = { .p = malloc(content.len + more + 5) };
	size_t head = put_head(b.p, content.len + more);

	memcpy(b.p + head, content.p, content.len);
	memcpy(b.p + head + content.len, behind, more);
	b.len = head + content.len + more;
	free(content.p);
	return b;
}

/* @n rows of no content. */
static struct bytes empty_rows(size_t n)
{
	struct bytes b = { .p = calloc(n + 1, 2), .len = 2 * n };

	while (n--)
		b.p[2 * n] = 0x30;
	return wrap(b, "", 0);
}

/* A packet with that many in each of its lists. */
static int decode_rows(size_t storage, size_t keys, size_t absent)
{
	struct bytes lists[] = { empty_rows(storage), empty_rows(keys),
				 empty_rows(absent) };
	const u8 *content = m.body + 4, *behind = m.der + 4 + m.body_len;
	/* Both heads are of four bytes, and the lists are empty. */
	struct bytes b = { .len = m.body_len - 4 - 6 };
	unsigned int i;
	int ret;

	assert_int_equal(m.body[1], 0x82);
	assert_int_equal(m.der[1], 0x82);
	assert_memory_equal(content + b.len, "\x30\0\x30\0\x30\0", 6);
	b.p = malloc(b.len + lists[0].len + lists[1].len);
	memcpy(b.p, content, b.len);
	for (i = 0; i < 2; i++) {
		memcpy(b.p + b.len, lists[i].p, lists[i].len);
		b.len += lists[i].len;
	}
	b = wrap(b, lists[2].p, lists[2].len);
	b = wrap(b, behind, m.len - 4 - m.body_len);
	ret = packet_decode(&read, b.p, b.len);
	if (!ret)
		packet_free(&read);
	for (i = 0; i < 3; i++)
		free(lists[i].p);
	free(b.p);
	return ret;
}

static void rows_are_counted_before_they_are_read(void **state)
{
	(void)state;
	make_packet(&m, &p, TKM_KIND_DATA);
	assert_int_equal(decode_rows(0, 0, 0), 0);
	assert_int_equal(decode_rows(0, 1, 0), -EBADMSG);
	assert_int_equal(decode_rows(PACKET_STORAGE, 0, 0), -EBADMSG);
	assert_int_equal(decode_rows(PACKET_STORAGE + 1, 0, 0), -E2BIG);
	assert_int_equal(decode_rows(0, PACKET_KEYS, 0), -EBADMSG);
	assert_int_equal(decode_rows(0, PACKET_KEYS + 1, 0), -E2BIG);
	assert_int_equal(decode_rows(0, 0, 1), -EBADMSG);
	assert_int_equal(decode_rows(0, 0, PACKET_KEYS), -EBADMSG);
	assert_int_equal(decode_rows(0, 0, PACKET_KEYS + 1), -E2BIG);
}

/* ---- what is in it ------------------------------------------------------------------- */

static void cannot_be_written(void)
{
	assert_int_equal(write_packet(&m, &p), -EINVAL);
}

static void swap(struct packet_row *rows)
{
	struct packet_row row = rows[0];

	rows[0] = rows[1];
	rows[1] = row;
}

/* M-6 in part: one order, each once, each in its place. */
static void rows_have_their_places(void **state)
{
	struct packet_row row;

	(void)state;
	make_packet(&m, &p, TKM_KIND_TDK);
	swap(m.storage);
	cannot_be_written();
	swap(m.storage);
	swap(m.keys + 1);
	cannot_be_written();
	swap(m.keys + 1);
	swap(m.keys);
	cannot_be_written();
	swap(m.keys);
	assert_int_equal(write_packet(&m, &p), 0);
	row = m.keys[1];
	m.keys[1] = m.keys[2];		/* twice the same */
	cannot_be_written();
	m.keys[1] = row;
	m.keys[1].parent = 1;		/* another's application */
	cannot_be_written();
	m.keys[1].parent = 0;
	cannot_be_written();
	m.keys[1].parent = 3;
	cannot_be_written();
	m.keys[1].parent = UINT32_MAX;
	cannot_be_written();
	m.keys[1] = row;
	m.keys[1].object = m.storage[1].object;
	cannot_be_written();
	m.keys[1] = row;
	row = m.storage[1];
	m.storage[1].object = m.keys[1].object;
	cannot_be_written();
	m.storage[1].object = m.storage[0].object;
	cannot_be_written();
	m.storage[1] = row;
	m.packet.n_keys = 0;
	cannot_be_written();
	m.packet.n_keys = 3;
	m.packet.state = TKM_STATE_ACTIVE;
	cannot_be_written();
	m.packet.state = 0;
	assert_int_equal(write_packet(&m, &p), 0);
}

/* What is said of a key of that name, alone. */
static int write_absent(const char *key, size_t len, unsigned int why)
{
	m.packet.n_absent = 1;
	m.absent[0] = (struct packet_absent){ { (const u8 *)key, len },
					      (enum packet_why)why };
	return write_packet(&m, &p);
}

static void what_is_absent_has_a_name_and_a_reason(void **state)
{
	static const char *const wrong[] = { "", ":", "c", "web:", ":c", "web:c ",
					     "web:\x1b[2J", "we/b:c", "web:.",
					     "web:\xc2\x9b" };
	char longest[TKM_DESC_MAX + 2];
	struct packet_absent absent;
	size_t i;

	(void)state;
	make_backup(&m, &p);
	absent = m.absent[0];
	m.absent[0] = m.absent[1];	/* twice the same */
	cannot_be_written();
	m.absent[1] = absent;		/* one behind the other */
	cannot_be_written();
	m.absent[0] = absent;
	m.packet.n_absent = 1;
	assert_int_equal(write_packet(&m, &p), 0);
	m.packet.kind = PACKET_COPY;	/* which is of what is in it */
	cannot_be_written();
	m.packet.kind = PACKET_MOVE;
	cannot_be_written();
	m.packet.n_absent = 0;
	assert_int_equal(write_packet(&m, &p), 0);
	m.packet.kind = PACKET_BACKUP;
	for (i = 0; i < 300; i++)
		assert_int_equal(write_absent("web:c", 5, (unsigned int)i),
				 i >= PACKET_FIXED && i <= PACKET_FLAT ?
					 0 : -EINVAL);
	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(write_absent(wrong[i], strlen(wrong[i]),
					      PACKET_FIXED), -EINVAL);
	assert_int_equal(write_absent("web:c\0d", 7, PACKET_FIXED), -EINVAL);
	memset(longest, 'a', sizeof(longest));
	longest[TKM_APP_MAX] = ':';
	assert_int_equal(write_absent(longest, TKM_DESC_MAX, PACKET_FIXED), 0);
	assert_int_equal(write_absent(longest, TKM_DESC_MAX + 1, PACKET_FIXED),
			 -EINVAL);
	/* Behind another there is no room for one byte more. */
	m.packet.n_absent = 2;
	m.absent[1] = m.absent[0];
	m.absent[0].key = (struct tkm_piece){ (const u8 *)"a:b", 3 };
	cannot_be_written();
	m.absent[1].key.len--;
	assert_int_equal(write_packet(&m, &p), 0);
}

static void states_are_those_of_keys_that_live(void **state)
{
	unsigned int i;

	(void)state;
	make_packet(&m, &p, TKM_KIND_ASK);
	for (i = 0; i < 300; i++) {
		m.keys[0].state = (enum tkm_state)i;
		assert_int_equal(write_packet(&m, &p),
				 i >= TKM_STATE_PRE_ACTIVE &&
				 i < TKM_STATE_DESTROYED ? 0 : -EINVAL);
	}
	free_packet(&m);
	make_packet(&m, &p, TKM_KIND_DATA);
	for (i = 0; i < 300; i++) {
		m.packet.state = (enum tkm_state)i;
		assert_int_equal(write_packet(&m, &p),
				 i >= TKM_STATE_PRE_ACTIVE &&
				 i < TKM_STATE_DESTROYED ? 0 : -EINVAL);
	}
	m.packet.state = TKM_STATE_ACTIVE;
	for (i = 0; i < 300; i++) {
		m.packet.kind = (enum packet_kind)i;
		assert_int_equal(write_packet(&m, &p),
				 i >= PACKET_COPY && i <= PACKET_BACKUP ? 0 :
									  -EINVAL);
	}
}

static void other_record(const struct tkm_record *rec)
{
	m.keys[0].object = put_object(&m, rec);
	cannot_be_written();
	m.used--;
}

/* Of one domain, one class, one authority. */
static void objects_are_of_one_branch(void **state)
{
	struct tkm_record rec = record_of(TKM_KIND_DATA, "web", "a");

	(void)state;
	make_packet(&m, &p, TKM_KIND_ASK);
	rec.owner++;
	other_record(&rec);
	rec.owner--;
	rec.side = TKM_SIDE_OTHER;
	other_record(&rec);
	rec.side = TKM_SIDE_INIT;
	rec.class = TKM_CLASS_CERTIFIED;
	other_record(&rec);
	rec.class = TKM_CLASS_FIXED;
	memset(rec.authority, 0, sizeof(rec.authority));
	other_record(&rec);
	rec = record_of(TKM_KIND_DATA, "mail", "a");
	other_record(&rec);
	rec = record_of(TKM_KIND_DATA, "web", "a");
	rec.authority[5] ^= 1;
	other_record(&rec);
	rec.authority[5] ^= 1;
	m.keys[0].object = put_object(&m, &rec);
	assert_int_equal(write_packet(&m, &p), 0);
}

/* M-8: a parent that was made outside, or could leave. */
static void it_is_for_a_storage_key_in_a_tpm(void **state)
{
	static const u32 needed = TPM_OA_FIXED_TPM | TPM_OA_FIXED_PARENT |
				  TPM_OA_SENSITIVE_DATA_ORIGIN |
				  TPM_OA_RESTRICTED | TPM_OA_DECRYPT;
	TPMT_PUBLIC pub = p.credential.tkmrk.pub;
	struct area area;
	unsigned int i;

	(void)state;
	make_packet(&m, &p, TKM_KIND_ASK);
	for (i = 0; i < 32; i++) {
		if (!(needed & BIT(i)))
			continue;
		pub.objectAttributes = ROOT_OK & ~(u32)BIT(i);
		assert_int_equal(area_take(&area, &pub), 0);
		m.packet.to = (struct tkm_piece){ area.bytes, area.len };
		cannot_be_written();
	}
	m.packet.to.len--;
	cannot_be_written();
}

/* And a backup may be for a recovery key, nothing else. */
static void a_backup_may_be_for_a_recovery_key(void **state)
{
	static const u8 point[64] = { 1, [40] = 2 };
	u8 area[TKM_RECOVERY_AREA];

	(void)state;
	make_packet(&m, &p, TKM_KIND_ASK);
	tkm_recovery_area(point, area);
	m.packet.to = (struct tkm_piece){ area, sizeof(area) };
	m.packet.kind = PACKET_MOVE;
	cannot_be_written();
	m.packet.kind = PACKET_COPY;
	cannot_be_written();
	m.packet.kind = PACKET_BACKUP;
	assert_int_equal(write_packet(&m, &p), 0);
	area[7] ^= 0x02; /* fixedTPM */
	cannot_be_written();
}

/* ---- who says so ---------------------------------------------------------------------- */

static void says(const char *check)
{
	struct finding finding = { "none", "" };
	u8 digest[32];
	int ret;

	packet_digest(body_of(&m), digest);
	ret = manifest_check(&m.packet.manifest, &p.credential.ak, digest,
			     &finding);
	assert_int_equal(ret, check ? -EKEYREJECTED : 0);
	assert_string_equal(finding.check, check ? check : "none");
}

static void each_check_has_its_name(void **state)
{
	struct manifest *manifest = &m.packet.manifest, right;
	EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	static struct platform stranger;
	TPMT_PUBLIC pub;
	u8 digest[32];
	unsigned int i;

	(void)state;
	make_packet(&m, &p, TKM_KIND_ASK);
	says(NULL);
	right = *manifest;
	for (i = 0; i < 32; i++) {
		pub = right.signer.pub;
		pub.objectAttributes ^= (u32)BIT(i);
		assert_int_equal(area_take(&manifest->signer, &pub), 0);
		says("signer-attributes");
	}
	/* Another key, of the same sort. */
	pub = ecc_public(SIGNER_ATTRIBUTES, false, other);
	assert_int_equal(area_take(&manifest->signer, &pub), 0);
	says("manifest");
	packet_digest(body_of(&m), digest);
	sign_manifest(manifest, other, &p, digest);
	says(NULL);
	manifest->certify = right.certify;
	says("signer-name");
	*manifest = right;
	manifest->certify.signature[30] ^= 1;
	says("signature");
	/* Another platform's AK. */
	platform_make(&stranger);
	sign_manifest(manifest, m.signer, &stranger, digest);
	says("signature");
	platform_free(&stranger);
	/* Of another packet. */
	digest[0] ^= 1;
	sign_manifest(manifest, m.signer, &p, digest);
	says("manifest");
	memcpy(manifest->signature, right.signature, right.signature_len);
	manifest->signature_len = right.signature_len;
	says("nonce");
	*manifest = right;
	m.body[m.body_len - 1] ^= 1;
	says("manifest");
	EVP_PKEY_free(other);
}

/* M-6: what one packet says of itself is worth nothing beside another. */
static void parts_of_two_packets_are_no_third(void **state)
{
	static struct made other;
	struct finding finding;
	u8 digest[32], *der;
	size_t len;

	(void)state;
	make_packet(&m, &p, TKM_KIND_ASK);
	make_packet(&other, &p, TKM_KIND_DATA);
	assert_int_equal(packet_finish(body_of(&m), &other.packet.manifest,
				       &der, &len), 0);
	assert_int_equal(packet_decode(&read, der, len), 0);
	packet_digest(read.body, digest);
	assert_int_equal(manifest_check(&read.manifest, &p.credential.ak,
					digest, &finding), -EKEYREJECTED);
	assert_string_equal(finding.check, "manifest");
	packet_free(&read);
	free(der);
	free_packet(&other);
}

/* ---- receipts ---------------------------------------------------------------------------- */

static struct receipt receipt, got;

static void check_receipt(const u8 *der, size_t len)
{
	struct finding finding;
	u8 digest[32];

	if (receipt_decode(&got, der, len))
		return;
	assert_int_equal(receipt_digest(&got, digest), 0);
	assert_int_equal(manifest_check(&got.manifest, &p.credential.ak, digest,
					&finding), -EKEYREJECTED);
}

static void check_no_receipt(const u8 *der, size_t len)
{
	assert_int_equal(receipt_decode(&got, der, len), -EBADMSG);
}

static void a_receipt_is_what_was_written(void **state)
{
	u8 der[RECEIPT_MAX], digest[32];
	struct finding finding;
	ssize_t n;

	(void)state;
	make_packet(&m, &p, TKM_KIND_ASK);
	receipt = (struct receipt){ .id = { 9 }, .created = 5, .keys = 3 };
	memcpy(receipt.source, p.credential.ak.name, TKM_NAME_SIZE);
	packet_digest(body_of(&m), receipt.packet);
	assert_int_equal(receipt_digest(&receipt, digest), 0);
	sign_manifest(&receipt.manifest, m.signer, &p, digest);
	n = receipt_encode(&receipt, der);
	assert_true(n > 0);
	assert_int_equal(receipt_decode(&got, der, (size_t)n), 0);
	assert_memory_equal(got.packet, receipt.packet, 32);
	assert_memory_equal(got.id, receipt.id, PACKET_ID);
	assert_int_equal(got.keys, 3);
	assert_int_equal(manifest_check(&got.manifest, &p.credential.ak, digest,
					&finding), 0);
	each_flip(der, (size_t)n, check_receipt);
	each_truncation(der, (size_t)n, check_no_receipt);
	der[n] = 0;
	check_no_receipt(der, (size_t)n + 1);
	/* A packet's is no receipt's, and the other way. */
	check_no_receipt(m.der, m.len);
	assert_int_equal(packet_decode(&read, der, (size_t)n), -EBADMSG);
}

/* ---- approvals of moves --------------------------------------------------------------------- */

static const u8 some[TKM_NAME_SIZE] = { 0, TPM_ALG_SHA256, 1 };
static const u8 other_name[TKM_NAME_SIZE] = { 0, TPM_ALG_SHA256, 2 };

static u8 authority[TKM_NAME_SIZE];

static void check_permit(const u8 *der, size_t len)
{
	struct tkm_permit permit;
	u8 name[TKM_NAME_SIZE];

	if (tkm_permit_decode(der, len, &permit) || permit_verify(&permit))
		return;
	/* The same key with another attribute is another authority. */
	public_name(permit.by.pub, permit.by.pub_len, name);
	assert_memory_not_equal(name, authority, TKM_NAME_SIZE);
}

static void approve(const char *type, const char *of)
{
	EVP_PKEY *pkey = of ? EVP_PKEY_Q_keygen(NULL, NULL, type, of) :
			      EVP_PKEY_Q_keygen(NULL, NULL, type, (size_t)2048);
	u8 message[APPROVAL_SIGNED], signature[512], sig[SIGNATURE_MAX];
	u8 pub[PUBLIC_MAX], der[TKM_APPROVAL_MAX];
	size_t len = sizeof(signature);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	ssize_t pub_len, sig_len, n;
	struct tkm_permit permit;

	permit_signed(some, other_name, message);
	assert_true(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, pkey) > 0);
	assert_true(EVP_DigestSign(ctx, signature, &len, message,
				   sizeof(message)) > 0);
	EVP_MD_CTX_free(ctx);
	pub_len = public_encode(pkey, pub, sizeof(pub));
	sig_len = signature_encode(pkey, signature, len, sig, sizeof(sig));
	assert_true(pub_len > 0 && sig_len > 0);
	public_name(pub, (size_t)pub_len, authority);
	n = permit_encode(pub, (size_t)pub_len, some, other_name, sig,
			  (size_t)sig_len, der, sizeof(der));
	assert_true(n > 0);
	assert_int_equal(tkm_permit_decode(der, (size_t)n, &permit), 0);
	assert_memory_equal(permit.object, some, TKM_NAME_SIZE);
	assert_memory_equal(permit.parent, other_name, TKM_NAME_SIZE);
	assert_int_equal(permit_verify(&permit), 0);
	each_flip(der, (size_t)n, check_permit);
	/* Another object, another parent: another approval. */
	n = permit_encode(pub, (size_t)pub_len, other_name, some, sig,
			  (size_t)sig_len, der, sizeof(der));
	assert_int_equal(tkm_permit_decode(der, (size_t)n, &permit), 0);
	assert_int_equal(permit_verify(&permit), -EKEYREJECTED);
	EVP_PKEY_free(pkey);
}

static void an_approval_is_of_one_object_and_one_parent(void **state)
{
	(void)state;
	approve("EC", "P-256");
	approve("EC", "P-384");
	approve("RSA", NULL);
}

#define each(test) cmocka_unit_test_setup_teardown(test, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		each(what_is_written_is_read),
		each(a_backup_says_what_it_lacks),
		each(every_bit_counts),
		each(other_versions_are_not_read),
		each(what_claims_much_is_not_read),
		each(rows_are_counted_before_they_are_read),
		each(rows_have_their_places),
		each(what_is_absent_has_a_name_and_a_reason),
		each(states_are_those_of_keys_that_live),
		each(objects_are_of_one_branch),
		each(it_is_for_a_storage_key_in_a_tpm),
		each(a_backup_may_be_for_a_recovery_key),
		each(each_check_has_its_name),
		each(parts_of_two_packets_are_no_third),
		each(a_receipt_is_what_was_written),
		each(an_approval_is_of_one_object_and_one_parent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
