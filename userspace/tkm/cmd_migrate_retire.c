// SPDX-License-Identifier: GPL-2.0
/*
 * tkm migrate retire: the keys of a packet end here, once the platform that it was for
 * has signed that it has all of them. Until then they stay, whatever becomes of the packet.
 */
#include <unistd.h>

#include "manifest.h"
#include "migrate.h"
#include "policy.h"

enum { OPT_RETIRE_YES = OPT_ASK_OWN };

/* How what tkmd is given begins. */
#define FORMAT	1

/* ---- the receipt ------------------------------------------------------------------------ */

static int read_receipt(const char *path, struct receipt *receipt)
{
	uint8_t *der;
	size_t len;
	int ret;

	ret = read_input(path, RECEIPT_MAX, &der, &len);
	if (ret)
		return failed(ret, path);
	ret = receipt_decode(receipt, der, len);
	free(der);
	return ret ? failed_as(ret, NULL, "%s is no receipt, or is damaged",
			       path) : DONE;
}

static size_t keys_of(const struct packet *packet)
{
	return packet->n_keys ? packet->n_keys : 1;
}

/* Of this packet, of all of it, by the platform that it is for. */
static int check_receipt(const struct packet *packet,
			 const struct receipt *receipt)
{
	static struct credential by;
	char name[TKM_POLICY_NAME_MAX + 1];
	struct finding finding;
	u8 digest[32];
	int ret;

	packet_digest(packet->body, digest);
	if (memcmp(receipt->id, packet->id, PACKET_ID) ||
	    memcmp(receipt->packet, digest, sizeof(digest)))
		return failed_as(-EKEYREJECTED, NULL,
				 "the receipt is of another packet");
	if (receipt->keys != keys_of(packet))
		return failed_as(-EKEYREJECTED, NULL,
				 "the receipt is of %u keys, and the packet has %zu",
				 receipt->keys, keys_of(packet));
	ret = migrate_known(receipt->source, &by, name);
	if (ret)
		return ret;
	if (!*name)
		return failed_as(-EKEYREJECTED, "tkm platform add believes it",
				 "the receipt is of a platform that is not known");
	if (by.tkmrk.len != packet->to.len ||
	    memcmp(by.tkmrk.bytes, packet->to.data, packet->to.len))
		return failed_as(-EKEYREJECTED, NULL,
				 "the receipt is of %s, and the packet was for another platform",
				 name);
	ret = receipt_digest(receipt, digest);
	ret = ret ? ret : manifest_check(&receipt->manifest, &by.ak, digest,
					 &finding);
	return ret ? failed_as(ret, NULL, "%s: %s (%s)", name, finding.why,
			       finding.check) : DONE;
}

/* ---- the keys ------------------------------------------------------------------------------ */

static void put_one(struct tkm_writer *w, const struct tkm_record *record,
		    const u8 *pub, size_t len)
{
	char name[TKM_DESC_MAX + 1];
	int n = snprintf(name, sizeof(name), "%s:%s", record->app, record->label);

	tkm_put_tpm2b(w, name, (size_t)n);
	tkm_put_tpm2b(w, pub, len);
}

/* Names and public areas. packet_decode() read all of it. */
static int put_keys(struct tkm_writer *w, const struct packet *packet)
{
	struct tkm_record record;
	struct tkm_object obj;
	struct tkm_move move;
	size_t i;

	tkm_put_u32(w, FORMAT);
	tkm_put_u32(w, (u32)keys_of(packet));
	if (!packet->n_keys) {
		if (tkm_move_decode(packet->move.data, packet->move.len, &move))
			return -EBADMSG;
		put_one(w, &packet->top, move.obj.pub, move.obj.pub_len);
	}
	for (i = 0; i < packet->n_keys; i++) {
		if (tkm_below_decode(packet->keys[i].object.data,
				     packet->keys[i].object.len, &obj) ||
		    tkm_record_parse(obj.description, obj.description_len,
				     &record))
			return -EBADMSG;
		put_one(w, &record, obj.pub, obj.pub_len);
	}
	return w->overflow ? -EIO : 0;
}

static int file_of(const struct packet *packet)
{
	size_t room = 64 + packet->body.len +
		      keys_of(packet) * (TKM_DESC_MAX + 4);
	u8 *bytes = malloc(room);
	struct tkm_writer w;
	int fd;

	if (!bytes)
		return -ENOMEM;
	tkm_writer_init(&w, bytes, room);
	fd = put_keys(&w, packet) ?: migrate_file(bytes, w.len);
	free(bytes);
	return fd;
}

static int say(struct json_object *reply)
{
	const int left = migrate_number(reply, "left");

	json_object_object_del(reply, "ok");
	if (json)
		return say_json(reply);
	printf("%d keys ended here", migrate_number(reply, "keys"));
	if (left)
		printf(", %d stay: they became others since", left);
	printf("\n");
	json_object_put(reply);
	return say_done();
}

static int end_keys(const struct packet *packet)
{
	struct json_object *question, *reply;
	int fd, ret;

	fd = file_of(packet);
	if (fd < 0)
		return failed(fd, "the keys");
	question = migrate_question("packet-retire", packet);
	json_object_object_add(question, "owner",
			       json_object_new_int64(packet->top.owner));
	progress_begin("tkmd ends the keys");
	ret = ask_with(question, fd, MIGRATE_SECONDS, &reply);
	progress_end();
	close(fd);
	return ret ? ask_failed(ret, reply, NULL) : say(reply);
}

/* ---- the verb -------------------------------------------------------------------------------- */

static int retire(const struct packet *packet, const struct receipt *receipt,
		  bool yes)
{
	char name[TKM_POLICY_NAME_MAX + 1];
	static struct area ak;
	int ret;

	ret = migrate_check(packet, name);
	ret = ret ? ret : manifest_ak(&ak);
	if (ret)
		return ret;
	/* On the other side the keys are what the receipt is about. */
	if (memcmp(ak.name, packet->source, TKM_NAME_SIZE))
		return failed_as(-EKEYREJECTED, NULL,
				 "the packet was made by another platform, %s",
				 name);
	if (packet->kind != PACKET_MOVE)
		return failed_as(-EPERM, "tkm migrate export --move makes one",
				 "the packet is a %s: its keys stay",
				 packet_kind_name(packet->kind));
	ret = check_receipt(packet, receipt);
	if (ret)
		return ret;
	if (yes || migrate_person_agrees("destroy these keys here?"))
		return end_keys(packet);
	note("nothing was changed");
	return FAILED;
}

int migrate_cmd_retire(int argc, char **argv)
{
	static const struct option options[] = {
		{ "yes", no_argument, NULL, OPT_RETIRE_YES },
		ASK_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	static struct receipt receipt;
	static struct packet packet;
	bool yes = false;
	u8 *der;
	int c, ret;

	while ((c = next_option(argc, argv, options)) != -1) {
		if (c == OPT_RETIRE_YES)
			yes = true;
		else
			ask_socket = optarg;
	}
	want_words(argc, 2, 2);
	ret = read_receipt(argv[optind + 1], &receipt);
	ret = ret ? ret : migrate_read(argv[optind], &der, &packet);
	if (ret)
		return ret;
	ret = retire(&packet, &receipt, yes);
	packet_free(&packet);
	free(der);
	return ret;
}
