// SPDX-License-Identifier: GPL-2.0
/*
 * tkm migrate import and receipt. The TPM takes the top object, once; that changes
 * nothing anywhere. Then tkmd keeps all keys, and that it has this packet, or nothing.
 * The receipt can be written at any time after.
 */
#include <keyutils.h>
#include <openssl/crypto.h>
#include <pwd.h>
#include <unistd.h>

#include "manifest.h"
#include "migrate.h"
#include "policy.h"
#include "recover.h"

enum { OPT_TAKE_YES = OPT_ASK_OWN, OPT_EXISTING, OPT_EVEN_SO, OPT_FROM,
       OPT_SHARE };

/* How what tkmd is given begins. */
#define FORMAT		1

static struct {
	const char *existing;
	bool yes, even_so;
	const char *from;		/* credential of a platform that is dead */
	char *share[SHARES_MAX];
	size_t n_shares;
} want;

/* The recovery key that a packet is for, on its way to this TPM; or len 0. */
static struct {
	u8 bytes[TKM_RECOVERY_MAX];
	size_t len;
} recovery;

/* ---- whether it is for here ---------------------------------------------------------- */

static int take_recovery(const struct packet *packet, const struct root_key *root)
{
	u8 secret[SHARE_SECRET], area[TKM_RECOVERY_AREA];
	static struct area to;
	int ret;

	if (!want.n_shares)
		return failed_as(-EKEYREJECTED, "tkm restore --recovery-share FILE, for each",
				 "the packet is for a recovery key, whose shares open it");
	ret = recover_join(want.share, want.n_shares, secret, area);
	if (ret)
		return ret;
	if (packet->to.len != sizeof(area) ||
	    memcmp(packet->to.data, area, sizeof(area))) {
		ret = failed_as(-EKEYREJECTED, NULL,
				"the packet is for another recovery key than the shares give");
	} else {
		ret = area_read(&to, root->pub, root->pub_len);
		ret = ret ? ret : recover_wrap(secret, area, &to, recovery.bytes,
					       &recovery.len);
		ret = ret ? failed(ret, "the recovery key") : DONE;
	}
	OPENSSL_cleanse(secret, sizeof(secret));
	return ret;
}

static int check_to(const struct packet *packet)
{
	static struct root_key root;
	int ret;

	ret = platform_root(NULL, &root);
	if (ret)
		return ret;
	if (!tkm_recovery_check(packet->to.data, packet->to.len))
		return take_recovery(packet, &root);
	if (root.pub_len != packet->to.len ||
	    memcmp(root.pub, packet->to.data, root.pub_len))
		return failed_as(-EKEYREJECTED, "tkm migrate show tells for whom it is",
				 "the packet is for another platform, or for this one before its TPM was cleared");
	return DONE;
}

static int check_here(const struct packet *packet)
{
	int ret = check_to(packet);

	if (ret)
		return ret;
	if (packet->top.side != TKM_SIDE_INIT)
		return failed_as(-EPERM, NULL,
				 "the packet is of a user namespace, whose keys come to no other");
	if (!want.even_so && !getpwuid(packet->top.owner))
		return failed_as(-EPERM, "make that user first, or --even-so",
				 "the keys are of uid %u, which is nobody here",
				 packet->top.owner);
	return DONE;
}

/* What tkmd knows of it; the reply is the caller's, NULL for none. */
static int ask_taken(const struct packet *packet, struct json_object **taken)
{
	int ret = ask(migrate_question("packet", packet), taken);

	if (!ret)
		return DONE;
	if (ret != -ENOKEY)
		return ask_failed(ret, *taken, NULL);
	json_object_put(*taken);
	*taken = NULL;
	return DONE;
}

static int check_new(const struct packet *packet)
{
	struct json_object *taken;
	int ret = ask_taken(packet, &taken);

	if (ret || !taken)
		return ret;
	ret = failed_as(-EALREADY, "tkm migrate receipt writes its receipt",
			"this packet was taken here at %s, and is good for one time",
			ask_string(taken, "taken"));
	json_object_put(taken);
	return ret;
}

/* ---- the TPM's part -------------------------------------------------------------------- */

/* The chain down to the object that moved. */
static int import_top(const void *data, void **out, size_t *len)
{
	const struct tkm_piece *move = data;
	libtkm_serial key, other, in;
	char text[64];
	long n;

	n = migrate_put_user("tkm:packet", move->data, move->len, &key);
	if (!n && recovery.len)
		n = migrate_put_user("tkm:recovery", recovery.bytes,
				     recovery.len, &other);
	if (n)
		return (int)n;
	n = snprintf(text, sizeof(text), "import packet=%d", key);
	if (recovery.len)
		snprintf(text + n, sizeof(text) - (size_t)n, " recovery=%d", other);
	in = add_key("tkm-move", "in", text, strlen(text),
		     KEY_SPEC_PROCESS_KEYRING);
	n = in < 0 ? -1 : keyctl_read_alloc(in, out);
	if (n < 0)
		return -errno;
	*len = (size_t)n;
	keyctl_unlink(in, KEY_SPEC_PROCESS_KEYRING);
	return 0;
}

static int import_failed(int err)
{
	if (err == -EBADMSG)
		return failed_as(err, NULL,
				 "the TPM does not open it: it is damaged, or for another platform");
	return failed(err, "the top object");
}

/* ---- what tkmd is given ------------------------------------------------------------------ */

static size_t room_for(const struct packet *packet, size_t top)
{
	size_t room = 64 + top, i;

	for (i = 0; i < packet->n_storage; i++)
		room += 2 + packet->storage[i].object.len;
	for (i = 0; i < packet->n_keys; i++)
		room += 10 + packet->keys[i].object.len;
	return room;
}

static void put_key(struct tkm_writer *w, u32 parent, enum tkm_state state,
		    struct tkm_piece object)
{
	tkm_put_u32(w, parent);
	tkm_put_u32(w, state);
	tkm_put_tpm2b(w, object.data, object.len);
}

static void put_packet(struct tkm_writer *w, const struct packet *packet,
		       struct tkm_piece top)
{
	const struct packet_row *row;
	size_t i;

	tkm_put_u32(w, FORMAT);
	tkm_put_tpm2b(w, top.data, top.len);
	tkm_put_u32(w, (u32)packet->n_storage);
	for (i = 0; i < packet->n_storage; i++)
		tkm_put_tpm2b(w, packet->storage[i].object.data,
			      packet->storage[i].object.len);
	tkm_put_u32(w, packet->n_keys ? (u32)packet->n_keys : 1);
	/* The top object is the key. */
	if (!packet->n_keys)
		put_key(w, 0, packet->state, (struct tkm_piece){ NULL, 0 });
	for (i = 0; i < packet->n_keys; i++) {
		row = &packet->keys[i];
		put_key(w, row->parent, row->state, row->object);
	}
}

static int file_of(const struct packet *packet, struct tkm_piece top)
{
	size_t room = room_for(packet, top.len);
	u8 *bytes = malloc(room);
	struct tkm_writer w;
	int fd;

	if (!bytes)
		return -ENOMEM;
	tkm_writer_init(&w, bytes, room);
	put_packet(&w, packet, top);
	fd = w.overflow ? -EIO : migrate_file(bytes, w.len);
	free(bytes);
	return fd;
}

/* All or nothing. The reply is the caller's. */
static int keep(const struct packet *packet, struct tkm_piece top,
		struct json_object **reply)
{
	struct json_object *question;
	u8 digest[32];
	int fd, ret;

	fd = file_of(packet, top);
	if (fd < 0)
		return failed(fd, "the keys");
	packet_digest(packet->body, digest);
	question = migrate_question("packet-take", packet);
	put_hex(question, "digest", digest, sizeof(digest));
	put_hex(question, "source", packet->source, TKM_NAME_SIZE);
	if (want.existing)
		put_text(question, "existing", want.existing);
	progress_begin("tkmd keeps the keys");
	ret = ask_with(question, fd, MIGRATE_SECONDS, reply);
	progress_end();
	close(fd);
	if (ret == -EEXIST) {
		ret = failed_as(ret, "tkm remove that key, or --existing keep, or --existing replace",
				"%s", ask_string(*reply, "message"));
		json_object_put(*reply);
		return ret;
	}
	return ret ? ask_failed(ret, *reply, NULL) : DONE;
}

/* ---- the receipt ---------------------------------------------------------------------------- */

/* That all of its keys are here: what was left out is its source's still. */
static int write_receipt(const struct packet *packet, struct json_object *taken)
{
	static struct receipt receipt;
	static struct area ak;
	u8 digest[32], again[TKM_NAME_SIZE], der[RECEIPT_MAX];
	ssize_t len;
	int ret;

	if (migrate_number(taken, "left"))
		return failed_as(-EPERM, NULL,
				 "%d keys of the packet were not taken, because there were others of their names: no receipt",
				 migrate_number(taken, "left"));
	memcpy(receipt.id, packet->id, PACKET_ID);
	packet_digest(packet->body, receipt.packet);
	receipt.created = time(NULL);
	receipt.keys = (u32)migrate_number(taken, "keys");
	ret = manifest_ak(&ak);
	if (ret)
		return ret;
	memcpy(receipt.source, ak.name, TKM_NAME_SIZE);
	ret = receipt_digest(&receipt, digest);
	if (ret)
		return failed(ret, "the receipt");
	ret = manifest_sign(digest, &receipt.manifest, again);
	if (ret)
		return ret;
	len = memcmp(again, receipt.source, TKM_NAME_SIZE) ?
		      -EIO : receipt_encode(&receipt, der);
	return len < 0 ? failed((int)len, "the receipt") :
			 output_all(der, (size_t)len, 0644);
}

int migrate_cmd_receipt(int argc, char **argv)
{
	static const struct option options[] = {
		ASK_OPTIONS, OUT_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	static struct packet packet;
	struct json_object *taken = NULL;
	u8 *der;
	int c, ret;

	while ((c = next_option(argc, argv, options)) != -1)
		if (c == OPT_SOCKET)
			ask_socket = optarg;
	want_words(argc, 1, 1);
	want_no_terminal();
	ret = migrate_read(argv[optind], &der, &packet);
	if (ret)
		return ret;
	ret = ask_taken(&packet, &taken);
	if (!ret && !taken)
		ret = failed_as(-ENOKEY, "tkm migrate import takes it",
				"this packet was not taken here");
	ret = ret ? ret : write_receipt(&packet, taken);
	json_object_put(taken);
	packet_free(&packet);
	free(der);
	return ret;
}

/* ---- import --------------------------------------------------------------------------------- */

static int say_taken(struct json_object *about, struct json_object *taken)
{
	const int keys = migrate_number(taken, "keys"), left = migrate_number(taken, "left");

	if (json) {
		json_object_object_add(about, "taken", json_object_new_int(keys));
		json_object_object_add(about, "left", json_object_new_int(left));
		return say_json(about);
	}
	printf("%d keys taken", keys);
	if (left)
		printf(", %d left out: there are others of their names", left);
	printf("\n");
	json_object_put(about);
	return say_done();
}

static int take(const struct packet *packet, struct json_object *about)
{
	struct json_object *taken = NULL;
	void *top = NULL;
	size_t len = 0;
	int ret;

	progress_begin("the TPM imports");
	ret = as_owner(packet->top.owner, import_top, &packet->move, &top, &len);
	progress_end();
	ret = ret ? import_failed(ret) :
		    keep(packet, (struct tkm_piece){ top, len }, &taken);
	free(top);
	if (ret) {
		json_object_put(about);
		return ret;
	}
	ret = say_taken(about, taken);
	if (!ret && out_path)
		ret = write_receipt(packet, taken);
	json_object_put(taken);
	return ret;
}

static int import(const struct packet *packet)
{
	char source[TKM_POLICY_NAME_MAX + 1] = "a platform that was";
	struct json_object *about;
	int ret;

	ret = want.from ? migrate_check_by(packet, want.from) :
			  migrate_check(packet, source);
	ret = ret ? ret : check_here(packet);
	ret = ret ? ret : check_new(packet);
	if (ret)
		return ret;
	about = migrate_describe(packet, source);
	if (!json)
		migrate_say(json_object_get(about));
	if (want.yes || migrate_person_agrees("take these keys?"))
		return take(packet, about);
	json_object_put(about);
	note("nothing was taken");
	return FAILED;
}

#define IMPORT_OPTIONS						\
	{ "yes", no_argument, NULL, OPT_TAKE_YES },			\
	{ "existing", required_argument, NULL, OPT_EXISTING },	\
	{ "even-so", no_argument, NULL, OPT_EVEN_SO },		\
	ASK_OPTIONS, OUT_OPTIONS, COMMON_OPTIONS, END_OPTIONS

static int take_and_import(int argc, char **argv, const struct option *options)
{
	static struct packet packet;
	u8 *der;
	int c, ret;

	while ((c = next_option(argc, argv, options)) != -1) {
		if (c == OPT_TAKE_YES)
			want.yes = true;
		else if (c == OPT_EXISTING)
			want.existing = optarg;
		else if (c == OPT_EVEN_SO)
			want.even_so = true;
		else if (c == OPT_FROM)
			want.from = optarg;
		else if (c == OPT_SHARE && want.n_shares == SHARES_MAX)
			usage("there are no more than %d shares", SHARES_MAX);
		else if (c == OPT_SHARE)
			want.share[want.n_shares++] = optarg;
		else
			ask_socket = optarg;
	}
	want_words(argc, 1, 1);
	if (want.existing && strcmp(want.existing, "refuse") &&
	    strcmp(want.existing, "keep") && strcmp(want.existing, "replace"))
		usage("%s is no rule: refuse, keep, replace", want.existing);
	ret = migrate_read(argv[optind], &der, &packet);
	if (ret)
		return ret;
	ret = import(&packet);
	packet_free(&packet);
	free(der);
	return ret;
}

int migrate_cmd_import(int argc, char **argv)
{
	static const struct option options[] = { IMPORT_OPTIONS };

	return take_and_import(argc, argv, options);
}

int cmd_restore(int argc, char **argv)
{
	static const struct option options[] = {
		{ "recovery-share", required_argument, NULL, OPT_SHARE },
		{ "from", required_argument, NULL, OPT_FROM }, IMPORT_OPTIONS,
	};

	return take_and_import(argc, argv, options);
}
