// SPDX-License-Identifier: GPL-2.0
/*
 * tkm migrate: branches of keys in packets, from one platform to another. An action is
 * a row of the table, as a verb is.
 */
#include <keyutils.h>
#include <openssl/rand.h>
#include <unistd.h>

#include "approver.h"
#include "manifest.h"
#include "migrate.h"
#include "policy.h"
#include "recover.h"

enum { OPT_PLATFORM = OPT_ASK_OWN, OPT_APPROVER, OPT_PERMIT, OPT_OF_CLASS,
       OPT_OF_OWNER, OPT_AS_MOVE, OPT_RECOVERY_KEY };

/* ---- show ---------------------------------------------------------------------------- */

static int cmd_show_packet(int argc, char **argv)
{
	static const struct option options[] = {
		ASK_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	char source[TKM_POLICY_NAME_MAX + 1];
	static struct packet packet;
	u8 *der;
	int c, ret;

	while ((c = next_option(argc, argv, options)) != -1)
		if (c == OPT_SOCKET)
			ask_socket = optarg;
	want_words(argc, 1, 1);
	ret = migrate_read(argv[optind], &der, &packet);
	if (ret)
		return ret;
	ret = migrate_check(&packet, source);
	if (!ret)
		ret = migrate_say(migrate_describe(&packet, source));
	packet_free(&packet);
	free(der);
	return ret;
}

/* ---- export: the approval --------------------------------------------------------------- */

/* Made by whoever has the authority's key. */
static int read_approval(const char *path, struct permit *permit)
{
	uint8_t *data;
	size_t len;
	int ret;

	ret = read_input(path, sizeof(permit->der), &data, &len);
	if (ret)
		return failed(ret, path);
	memcpy(permit->der, data, len);
	permit->len = len;
	free(data);
	return DONE;
}

/* ---- export: the TPM's part ---------------------------------------------------------------- */

/* TPM2B_PUBLIC of the other platform's root key. */
static int put_parent(const struct area *to, libtkm_serial *key)
{
	u8 area[AREA_MAX + 2];

	put_unaligned_be16((u16)to->len, area);
	memcpy(area + 2, to->bytes, to->len);
	return migrate_put_user("tkm:parent", area, to->len + 2, key);
}

/* For the owner's own process. */
struct duplication {
	const struct gathered *all;
	const struct area *to;
	const struct permit *permit;
	bool recovery;
};

/*
 * Any key of the branch has the top object in its chain: the first that loads without a
 * value of its own, and under its policy.
 */
static int find_key(const struct gathered *all, libtkm_serial *key)
{
	char name[TKM_DESC_MAX + 1];
	int ret = -ENOKEY;
	size_t i;

	for (i = 0; ret && i < all->n; i++) {
		snprintf(name, sizeof(name), "%s:%s", all->key[i].app,
			 all->key[i].label);
		ret = libtkm_key_request(name, KEY_SPEC_PROCESS_KEYRING, key);
		if (ret && ret != -EKEYREJECTED && ret != -EPERM &&
		    ret != -EKEYEXPIRED)
			break;
	}
	/* Of the approval it is that says so. */
	return ret == -EKEYREJECTED || ret == -EPERM ? -ENOKEY : ret;
}

static int duplicate(const void *data, void **move, size_t *len)
{
	const struct duplication *d = data;
	libtkm_serial key, parent, approval, out;
	char text[160];
	long n;
	int ret;

	ret = find_key(d->all, &key);
	ret = ret ? ret : put_parent(d->to, &parent);
	ret = ret ? ret : migrate_put_user("tkm:approval", d->permit->der,
					   d->permit->len, &approval);
	if (ret)
		return ret;
	snprintf(text, sizeof(text),
		 "duplicate key=%d object=%s parent=%d approval=%d%s", key,
		 d->all->kind == TKM_KIND_TDK ? "tdk" :
		 d->all->kind == TKM_KIND_ASK ? "ask" : "key", parent, approval,
		 d->recovery ? " to=recovery" : "");
	out = add_key("tkm-move", "out", text, strlen(text),
		      KEY_SPEC_PROCESS_KEYRING);
	if (out < 0)
		return -errno;
	n = keyctl_read_alloc(out, move);
	ret = n < 0 ? -errno : 0;
	*len = ret ? 0 : (size_t)n;
	keyctl_unlink(out, KEY_SPEC_PROCESS_KEYRING);
	return ret;
}

static int duplicate_failed(int err)
{
	if (err == -EPERM || err == -EKEYREJECTED)
		return failed_as(err, "the approval is of who the key's record names: tkm show tells",
				 "that key does not move there with this approval");
	if (err == -ENOKEY)
		return failed_as(err, "tkm load says why",
				 "no key of the branch can be loaded now without a value of its own");
	return failed(err, "the top object");
}

/* ---- export ------------------------------------------------------------------------------------- */

/* The digest is of the AK's Name, too: it is asked for first. */
static int seal_packet(struct packet *packet, u8 **der, size_t *len)
{
	struct tkm_piece body = { 0 };
	u8 digest[32], again[TKM_NAME_SIZE], *bytes;
	static struct area ak;
	int ret;

	ret = manifest_ak(&ak);
	if (ret)
		return ret;
	memcpy(packet->source, ak.name, TKM_NAME_SIZE);
	ret = packet_body(packet, &bytes, &body.len);
	if (ret)
		return failed(ret, "the packet");
	body.data = bytes;
	packet_digest(body, digest);
	ret = manifest_sign(digest, &packet->manifest, again);
	if (!ret && memcmp(again, packet->source, TKM_NAME_SIZE))
		ret = failed(-EIO, "the attestation key");
	if (!ret) {
		ret = packet_finish(body, &packet->manifest, der, len);
		ret = ret ? failed(ret, "the packet") : DONE;
	}
	free(bytes);
	return ret;
}

static struct {
	const char *to;
	const char *recovery;
	const char *approver;
	const char *approval;
	enum packet_kind kind;
} want;

/* The root key of the platform that is named, or of this one; or a recovery key. */
static int destination(struct area *to)
{
	static struct credential credential;
	static struct root_key root;
	struct json_object *reply;
	int ret;

	if (want.recovery)
		return recover_public(want.recovery, to);
	if (want.to) {
		ret = platform_known(want.to, &credential, &reply);
		if (ret)
			return ret;
		json_object_put(reply);
		*to = credential.tkmrk;
		return DONE;
	}
	ret = platform_root(NULL, &root);
	if (ret)
		return ret;
	ret = area_read(to, root.pub, root.pub_len);
	return ret ? failed(ret, "this platform's root key") : DONE;
}

static int write_packet(struct gathered *all, const struct area *to,
			struct tkm_piece move)
{
	struct packet *packet = &all->packet;
	u8 *der = NULL;
	size_t len;
	int ret;

	packet->move = move;
	packet->kind = want.kind;
	packet->created = time(NULL);
	packet->to = (struct tkm_piece){ to->bytes, to->len };
	ret = RAND_bytes(packet->id, PACKET_ID) == 1 ?
		      seal_packet(packet, &der, &len) :
		      failed(-EIO, "random numbers");
	if (!ret)
		ret = output_all(der, len, 0600);
	free(der);
	return ret;
}

/* @all: whose keys, which of them; to a storage key that the approver says is the right one. */
static int export_branch(struct gathered *all, const struct area *to)
{
	static struct permit permit;
	const struct duplication duplication = { all, to, &permit,
						   want.recovery };
	void *move = NULL;
	size_t len;
	int ret;

	ret = gather(all);
	ret = ret ? ret : want.approver ?
		approver_permit(want.approver, all, to->name, &permit) :
		read_approval(want.approval, &permit);
	if (ret)
		return ret;
	progress_begin("the TPM duplicates");
	ret = as_owner(all->owner, duplicate, &duplication, &move, &len);
	progress_end();
	ret = ret ? duplicate_failed(ret) :
		    write_packet(all, to, (struct tkm_piece){ move, len });
	free(move);
	return ret;
}

static enum tkm_class class_of(const char *name)
{
	if (!strcmp(name, tkm_class_name(TKM_CLASS_PORTABLE)))
		return TKM_CLASS_PORTABLE;
	if (!strcmp(name, tkm_class_name(TKM_CLASS_CERTIFIED)))
		return TKM_CLASS_CERTIFIED;
	usage("%s is no class of keys that move: portable, certified", name);
}

/* domain; application NAME; key KEY */
static void take_words(int argc, char **argv, struct gathered *all)
{
	const char *what = argv[optind];
	bool domain = !strcmp(what, "domain");

	if (!domain && strcmp(what, "application") && strcmp(what, "key"))
		usage("%s is nothing that moves: domain, application NAME, key KEY",
		      what);
	want_words(argc, domain ? 1 : 2, domain ? 1 : 2);
	all->kind = domain ? TKM_KIND_TDK :
		    !strcmp(what, "key") ? TKM_KIND_NONE : TKM_KIND_ASK;
	if (all->kind == TKM_KIND_ASK)
		snprintf(all->app, sizeof(all->app), "%s", argv[optind + 1]);
	if (all->kind == TKM_KIND_NONE &&
	    tkm_description_parse(argv[optind + 1], all->app, all->label))
		usage("%s is no name of a key", argv[optind + 1]);
}

static void take_option(int c, struct gathered *all)
{
	switch (c) {
	case OPT_PLATFORM:
		want_platform(optarg);
		want.to = optarg;
		break;
	case OPT_RECOVERY_KEY:
		want.recovery = optarg;
		break;
	case OPT_APPROVER:
		want.approver = optarg;
		break;
	case OPT_PERMIT:
		want.approval = optarg;
		break;
	case OPT_OF_CLASS:
		all->class = class_of(optarg);
		break;
	case OPT_OF_OWNER:
		all->owner = user_of(optarg);
		break;
	case OPT_AS_MOVE:
		want.kind = PACKET_MOVE;
		break;
	case OPT_SOCKET:
		ask_socket = optarg;
		break;
	}
}

static int write_branch(int argc, char **argv, const struct option *options)
{
	static struct gathered all = { .class = TKM_CLASS_PORTABLE };
	static struct area to;
	int c, ret;

	all.owner = geteuid();
	while ((c = next_option(argc, argv, options)) != -1)
		take_option(c, &all);
	want_words(argc, 1, 2);
	take_words(argc, argv, &all);
	if (!want.to && want.kind != PACKET_BACKUP)
		usage("where to? --to PLATFORM");
	if (want.to && want.recovery)
		usage("to one of them: --to, or --to-recovery-key");
	if (!want.approver == !want.approval)
		usage("who approves? --approver, or --approval FILE");
	if (auth_is_given() && !approver_is_kept(want.approver))
		usage("an authorisation value is a tkm key's: --approver %%tkm:KEY");
	want_no_terminal();
	/* Who reads it restores it, and has then nobody else to ask. */
	all.backup = want.kind == PACKET_BACKUP;
	/* For a dead TPM: who makes it knows what else to keep. */
	all.tell = want.recovery;
	ret = destination(&to);
	ret = ret ? ret : export_branch(&all, &to);
	gathered_free(&all);
	return ret;
}

#define BRANCH_OPTIONS							\
	{ "to", required_argument, NULL, OPT_PLATFORM },		\
	{ "approver", required_argument, NULL, OPT_APPROVER },		\
	{ "approval", required_argument, NULL, OPT_PERMIT },		\
	{ "class", required_argument, NULL, OPT_OF_CLASS },		\
	{ "owner", required_argument, NULL, OPT_OF_OWNER },		\
	ASK_OPTIONS, AUTH_OPTIONS, OUT_OPTIONS, COMMON_OPTIONS, END_OPTIONS

static int cmd_export_packet(int argc, char **argv)
{
	static const struct option options[] = {
		{ "move", no_argument, NULL, OPT_AS_MOVE }, BRANCH_OPTIONS,
	};

	want.kind = PACKET_COPY;
	return write_branch(argc, argv, options);
}

/* ---- backup -------------------------------------------------------------------------- */

int cmd_backup(int argc, char **argv)
{
	static const struct option options[] = {
		{ "to-recovery-key", required_argument, NULL, OPT_RECOVERY_KEY },
		BRANCH_OPTIONS,
	};

	want.kind = PACKET_BACKUP;
	return write_branch(argc, argv, options);
}

/* ---- the verb -------------------------------------------------------------------------------------- */

static const struct verb actions[] = {
	{ "migrate export", cmd_export_packet, "write a packet for another platform",
	  "--to PLATFORM [OPTION...] WHAT",
	  "WHAT is domain, application NAME, or key KEY.\n"
	  "All of your keys of a class, those of an application, or one key, for a\n"
	  "platform that is known (tkm platform). Nobody else can open it. Yours stay.\n"
	  "\n"
	  "  --approver FILE     the private key that approves, in PEM, or %tkm:KEY\n"
	  "  --approval FILE     what it signed, somewhere else\n"
	  "  --class CLASS       portable, unless said; certified\n"
	  "  --owner USER        not yours, but that user's, for root\n"
	  "  --move              yours shall end when the other platform has them\n"
	  OUT_HELP AUTH_HELP },
	{ "migrate show", cmd_show_packet, "tell what is in a packet, and from whom",
	  "[OPTION...] FILE", "Checks it first.\n\n" },
	{ "migrate import", migrate_cmd_import, "take the keys of a packet",
	  "[OPTION...] FILE",
	  "Shows what is in it, asks, and takes all of it or nothing: once.\n"
	  "\n"
	  "  --yes               do not ask\n"
	  "  --existing RULE     of a key whose name is here: refuse the packet, unless\n"
	  "                      said; keep what is here; replace it\n"
	  "  --even-so           even if there is no user of the keys' uid\n"
	  "  -o, --out FILE      write the receipt for the other platform there\n"
	  "  -f, --force         ... even if it exists\n" },
	{ "migrate receipt", migrate_cmd_receipt, "write the receipt of what was taken",
	  "[OPTION...] FILE",
	  "FILE is the packet that was imported here.\n\n" OUT_HELP },
	{ "migrate retire", migrate_cmd_retire, "end the keys that moved away",
	  "[OPTION...] FILE RECEIPT",
	  "FILE is the packet, made here with --move, and RECEIPT what the other platform\n"
	  "says that took it. The keys are destroyed here, all or none.\n"
	  "\n"
	  "  --yes               do not ask\n" },
};

int cmd_migrate(int argc, char **argv)
{
	return run_action(actions, ARRAY_SIZE(actions), argc, argv);
}
