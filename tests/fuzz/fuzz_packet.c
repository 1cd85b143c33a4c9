// SPDX-License-Identifier: GPL-2.0
/*
 * Packets and receipts. What is read is written as the same bytes, points into what
 * was given, and is believed of nobody: the AK here is no key at all.
 */
#include "../../userspace/tkm/manifest.h"

#include "fuzz.h"
#include "verify.h"

/* What manifest.c and ak.c need, and is not called here. */
int failed(int err, const char *what);
int failed_as(int err, const char *remedy, const char *format, ...);

int failed(int err, const char *what)
{
	(void)err;
	(void)what;
	abort();
}

int failed_as(int err, const char *remedy, const char *format, ...)
{
	(void)err;
	(void)remedy;
	(void)format;
	abort();
}

static void is_believed_of_nobody(const struct manifest *manifest,
				  const u8 digest[32])
{
	static const struct area nobody;
	struct finding finding = { .check = NULL };

	must(manifest_check(manifest, &nobody, digest, &finding) ==
	     -EKEYREJECTED);
	must(finding.check && *finding.why);
}

static void rows_are_inside(const struct packet_row *rows, size_t n,
			    const u8 *der, size_t len)
{
	for (; n; n--, rows++)
		must(rows->object.len &&
		     inside(rows->object.data, rows->object.len, der, len));
}

static void absent_are_inside(const struct packet *packet, const u8 *der,
			      size_t len)
{
	size_t i;

	must(!packet->n_absent || packet->kind == PACKET_BACKUP);
	for (i = 0; i < packet->n_absent; i++) {
		must(inside(packet->absent[i].key.data,
			    packet->absent[i].key.len, der, len));
		must(*packet_why_name(packet->absent[i].why));
		must(*packet_why_text(packet->absent[i].why));
	}
}

static void is_sound(const struct packet *packet, const u8 *der, size_t len)
{
	u8 *body, *again, digest[32];
	size_t n, all;

	must(packet->n_storage <= PACKET_STORAGE);
	must(packet->n_keys <= PACKET_KEYS);
	must(inside(packet->body.data, packet->body.len, der, len));
	must(inside(packet->move.data, packet->move.len, der, len));
	must(inside(packet->to.data, packet->to.len, der, len));
	rows_are_inside(packet->storage, packet->n_storage, der, len);
	rows_are_inside(packet->keys, packet->n_keys, der, len);
	must(packet->n_absent <= PACKET_KEYS);
	absent_are_inside(packet, der, len);
	must(!packet_body(packet, &body, &n));
	must(n == packet->body.len && !memcmp(body, packet->body.data, n));
	must(!packet_finish((struct tkm_piece){ body, n }, &packet->manifest,
			    &again, &all));
	must(all == len && !memcmp(again, der, len));
	packet_digest(packet->body, digest);
	is_believed_of_nobody(&packet->manifest, digest);
	free(body);
	free(again);
}

static void a_packet(const u8 *der, size_t len)
{
	static struct packet packet;
	ssize_t size = packet_size(der, min_t(size_t, len, PACKET_HEAD));
	int ret = packet_decode(&packet, der, len);

	must(ret == 0 || ret == -EBADMSG || ret == -E2BIG ||
	     ret == -EOPNOTSUPP);
	if (ret) {
		must(!packet.storage && !packet.keys && !packet.absent);
		return;
	}
	must(size == (ssize_t)len);
	is_sound(&packet, der, len);
	packet_free(&packet);
}

static void a_receipt(const u8 *der, size_t len)
{
	static struct receipt receipt;
	u8 again[RECEIPT_MAX], digest[32];
	int ret = receipt_decode(&receipt, der, len);

	must(ret == 0 || ret == -EBADMSG || ret == -E2BIG ||
	     ret == -EOPNOTSUPP);
	if (ret)
		return;
	must(receipt_encode(&receipt, again) == (ssize_t)len);
	must(!memcmp(again, der, len));
	must(!receipt_digest(&receipt, digest));
	is_believed_of_nobody(&receipt.manifest, digest);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	const u8 *input = exact(data, size);

	a_packet(input, size);
	a_receipt(input, size);
	exact_free(input);
	return 0;
}
