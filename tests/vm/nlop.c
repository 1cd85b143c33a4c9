// SPDX-License-Identifier: GPL-2.0
/*
 * tkm's netlink family for tests: one verb, or a helper that does what it is
 * told to.
 *
 *   nlop [-a PORTID] [-g N] [-n N] [-o UID] [-s UID] VERB
 *
 *   supports                  prints version and features
 *   status                    prints the number of keys, "helper" if there is one, and
 *                             what came of the sender's passwords
 *   register [DEADLINE]
 *   accept                    prints an errand
 *   done ID STATUS [FILE]
 *   show SERIAL; list; list all   prints keys, a line each
 *   set-state STATE SERIAL    or STATE OWNER SIDE DESCRIPTION; numbers
 *   domain [UID SIDE]         prints it, if it is unlocked
 *   domains; domains all      the same of each, a line each
 *   lock [UID SIDE]
 *   policy-set NAME [bank N] [mask N] [authority FILE] [recovery FILE]
 *                             FILE is a TPMT_PUBLIC
 *   policy-approve NAME [FILE...]
 *   policy-remove NAME
 *   policy-list [NAME]        prints policies and approvals, a line each
 *   helper [DEADLINE=N] [AUDIT=FILE] HOW [ARGUMENT]   register, say so, and print
 *                             every errand until killed; records for the audit go
 *                             into FILE, else they are taken and forgotten:
 *       keep DIR              chains as files OWNER.SIDE.DESCRIPTION, states as the
 *                             same with .state; for a branch
 *                             the storage keys at the head of the newest file
 *                             that has most of them; of a domain with a
 *                             password OWNER.SIDE@
 *       branch FILE           what is in there, to every branch; and 0
 *       flips FILE STEP       the same with a bit flipped, and for the next errand
 *                             another, STEP bits further
 *       say STATUS            that, to everything
 *       give FILE             that chain, to every find
 *       hold                  accept, and never answer
 *       twice DIR             as keep; and what the second answer gave
 *       late STATUS           answer when a line comes on standard input
 *       deaf                  accept nothing
 *       own                   make a key, own:key, itself; then as hold
 *                             But for keep, twice, branch and flips, a branch is ENOKEY.
 *   listen [HOW]              join the group of events, say so and which number it has,
 *                             and print each as a record until killed; "missed"
 *                             for those that the buffer had no room for:
 *       leave                 leave the group when a line comes on standard input
 *       deaf                  join, and never read
 *   mutate                    every verb's message with every bit flipped, cut
 *                             anywhere, an attribute twice, nested, or longer:
 *                             prints what came of them
 *   flood SECONDS             status, as quickly as it goes
 *   noise N                   N chains that are none, each under another name
 *
 * -a binds the socket to that address; -o has it opened by that user; -s
 * sends as that user; -g listens to that group, where there is no such family. A
 * verb that fails prints its errno's name, status 1.
 *
 * -n has the Nth allocation fail between a message and the first answer to it; then
 * "hit" is a line on standard error. A helper asks once more, and that may not fail.
 * Wants fault injection; what fails is set up by tests/fail/nth.sh.
 */
#include "vm.h"

#include <dirent.h>
#include <grp.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/tkm_netlink.h>
#include <poll.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#define BUFFER 65536
/* No set has more. */
#define ATTR_MAX 32

static struct mnl_socket *sock;
static uint16_t family;
/* Of events. */
static unsigned int group;
static unsigned int seq;
static unsigned int address = MNL_SOCKET_AUTOPID;
static uid_t opener, sender;
static char out[BUFFER], in[BUFFER];

static void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	fflush(stdout);
}

/* ---- allocations that fail ---- */

static unsigned int fail_at;
static int fail_nth = -1;
static bool armed;
/* A helper asks once more. */
static bool insists;

static void arm(void)
{
	char n[16];

	if (!fail_at)
		return;
	armed = true;
	if (pwrite(fail_nth, n, sprintf(n, "%u", fail_at), 0) < 0)
		die("fail-nth: %s", strerror(errno));
}

/* Leaves errno alone. */
static void disarm(void)
{
	char left[16] = "";
	int err = errno;

	if (!armed)
		return;
	armed = false;
	if (pread(fail_nth, left, sizeof(left) - 1, 0) <= 0 ||
	    pwrite(fail_nth, "0", 1, 0) != 1)
		die("fail-nth: %s", strerror(errno));
	if (atoi(left) == 0)
		fputs("hit\n", stderr);
	errno = err;
}

/* A page of ours that is not there yet would be an allocation too. */
static void fail_from_now_on(void)
{
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail_nth < 0 || mlockall(MCL_CURRENT | MCL_FUTURE))
		die("fail-nth: %s", strerror(errno));
}

/* ---- messages ---- */

static struct nlmsghdr *begin(uint16_t type, uint8_t cmd, uint16_t flags)
{
	struct nlmsghdr *msg = mnl_nlmsg_put_header(out);
	struct genlmsghdr *genl;

	msg->nlmsg_type = type;
	msg->nlmsg_flags = NLM_F_REQUEST | flags;
	msg->nlmsg_seq = ++seq;
	genl = mnl_nlmsg_put_extra_header(msg, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = 1;
	return msg;
}

/*
 * Without an address, as one that writes to a file that it was given: with one
 * the kernel asks only who sends.
 */
static bool post(const struct nlmsghdr *msg)
{
	arm();
	if (send(mnl_socket_get_fd(sock), msg, msg->nlmsg_len, 0) >= 0)
		return true;
	disarm();
	if (!fail_at)
		die("send: %s", strerror(errno));
	return false;
}

static ssize_t receive(void)
{
	ssize_t n = mnl_socket_recvfrom(sock, in, sizeof(in));

	disarm();
	if (n < 0 && !fail_at)
		die("receive: %s", strerror(errno));
	return n;
}

/* The next answer; a note that something is ready is none. NULL: an error, or 0. */
static const struct nlmsghdr *answer(unsigned int want, int *err)
{
	const struct nlmsghdr *msg;
	const struct nlmsgerr *e;
	ssize_t n;

	for (;;) {
		n = receive();
		if (n < 0) {
			*err = errno;
			return NULL;
		}
		msg = (const struct nlmsghdr *)in;
		if (msg->nlmsg_seq != want)
			continue;
		if (msg->nlmsg_type != NLMSG_ERROR)
			return msg;
		e = mnl_nlmsg_get_payload(msg);
		*err = -e->error;
		return NULL;
	}
}

static const struct nlmsghdr *ask(const struct nlmsghdr *msg, int *err)
{
	const struct nlmsghdr *reply = NULL;
	unsigned int n = fail_at;

	*err = 0;
	if (post(msg))
		reply = answer(msg->nlmsg_seq, err);
	else
		*err = errno;
	if (!reply && n && insists && (*err == ENOMEM || *err == ENOBUFS)) {
		fail_at = 0;
		reply = ask(msg, err);
		fail_at = n;
	}
	return reply;
}

static int refused(int err)
{
	say("%s\n", strerrorname_np(err));
	return 1;
}

static int attr_cb(const struct nlattr *attr, void *data)
{
	const struct nlattr **table = data;
	unsigned int type = mnl_attr_get_type(attr);

	if (type <= ATTR_MAX)
		table[type] = attr;
	return MNL_CB_OK;
}

static void attributes(const struct nlmsghdr *msg,
		       const struct nlattr *table[ATTR_MAX + 1])
{
	memset(table, 0, (ATTR_MAX + 1) * sizeof(*table));
	mnl_attr_parse(msg, sizeof(struct genlmsghdr), attr_cb, table);
}

/* ---- the socket ---- */

static void find_group(const struct nlattr *groups)
{
	const struct nlattr *one, *at[ATTR_MAX + 1];

	mnl_attr_for_each_nested(one, groups) {
		memset(at, 0, sizeof(at));
		mnl_attr_parse_nested(one, attr_cb, at);
		if (!strcmp(mnl_attr_get_str(at[CTRL_ATTR_MCAST_GRP_NAME]),
			    TKM_MCGRP_EVENTS))
			group = mnl_attr_get_u32(at[CTRL_ATTR_MCAST_GRP_ID]);
	}
}

static int find_family(void)
{
	struct nlmsghdr *msg = begin(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	const struct nlattr *at[ATTR_MAX + 1];
	const struct nlmsghdr *reply;
	int err;

	mnl_attr_put_strz(msg, CTRL_ATTR_FAMILY_NAME, TKM_FAMILY_NAME);
	reply = ask(msg, &err);
	if (!reply)
		return err;
	attributes(reply, at);
	family = mnl_attr_get_u16(at[CTRL_ATTR_FAMILY_ID]);
	if (at[CTRL_ATTR_MCAST_GROUPS])
		find_group(at[CTRL_ATTR_MCAST_GROUPS]);
	return 0;
}

/* Only for a while: root comes back. */
static void act_as(uid_t uid)
{
	if (setresuid(uid, uid, 0))
		die("uid %u: %s", uid, strerror(errno));
}

static void open_socket(void)
{
	if (opener)
		act_as(opener);
	sock = mnl_socket_open(NETLINK_GENERIC);
	if (!sock || mnl_socket_bind(sock, 0, address) < 0)
		die("socket: %s", strerror(errno));
	if (opener)
		act_as(0);
}

/* ---- verbs ---- */

static int supports(void)
{
	const struct nlattr *at[ATTR_MAX + 1];
	const struct nlmsghdr *reply;
	int err;

	reply = ask(begin(family, TKM_CMD_SUPPORTS, 0), &err);
	if (!reply)
		return refused(err);
	attributes(reply, at);
	say("version=%s features=0x%x\n",
	    mnl_attr_get_str(at[TKM_A_SUPPORTS_VERSION]),
	    mnl_attr_get_u32(at[TKM_A_SUPPORTS_FEATURES]));
	return 0;
}

static int status(void)
{
	const struct nlattr *at[ATTR_MAX + 1];
	const struct nlmsghdr *reply;
	int err;

	reply = ask(begin(family, TKM_CMD_STATUS, 0), &err);
	if (!reply)
		return refused(err);
	attributes(reply, at);
	say("keys=%u%s", mnl_attr_get_u32(at[TKM_A_STATUS_KEYS]),
	    at[TKM_A_STATUS_HELPER] ? " helper" : "");
	if (at[TKM_A_STATUS_WRONG])
		say(" wrong=%u tries=%u wait=%u",
		    mnl_attr_get_u32(at[TKM_A_STATUS_WRONG]),
		    mnl_attr_get_u32(at[TKM_A_STATUS_TRIES]),
		    mnl_attr_get_u32(at[TKM_A_STATUS_WAIT]));
	say("\n");
	return 0;
}

static int try_register(const char *deadline)
{
	struct nlmsghdr *msg = begin(family, TKM_CMD_REGISTER, NLM_F_ACK);
	int err;

	if (deadline)
		mnl_attr_put_u32(msg, TKM_A_ERRAND_DEADLINE, atoi(deadline));
	ask(msg, &err);
	return err;
}

static const char *const states[] = {
	"?", "pre-active", "active", "suspended", "deactivated", "compromised",
	"destroyed",
};

/* ---- keys ---- */

static uint32_t number(const struct nlattr *attr)
{
	return attr ? mnl_attr_get_u32(attr) : 0;
}

static void print_time(const char *name, const struct nlattr *attr)
{
	if (attr)
		say(" %s=%llu", name,
		    (unsigned long long)mnl_attr_get_u64(attr));
}

static void print_key(const struct nlmsghdr *msg)
{
	static const char *const kinds[] = { "?", "data", "rsa", "ec" };
	static const char *const uses[] = { "publish", "crypt", "sign",
					    "decrypt" };
	const struct nlattr *at[ATTR_MAX + 1];
	unsigned int i;

	attributes(msg, at);
	say("%u %s %u %s %s class=%u use", number(at[TKM_A_KEY_SERIAL]),
	    mnl_attr_get_str(at[TKM_A_KEY_DESCRIPTION]),
	    number(at[TKM_A_KEY_OWNER]),
	    number(at[TKM_A_KEY_SIDE]) ? "other" : "init",
	    kinds[number(at[TKM_A_KEY_KIND])], number(at[TKM_A_KEY_CLASS]));
	for (i = 0; i < 4; i++)
		if (number(at[TKM_A_KEY_USES]) & 1 << i)
			say("=%s", uses[i]);
	say(" %s%s policy=%s%s%s operations=%llu messages=%llu",
	    states[number(at[TKM_A_KEY_STATE])],
	    at[TKM_A_KEY_EXPIRED] ? " expired" : "",
	    mnl_attr_get_str(at[TKM_A_KEY_POLICY]),
	    at[TKM_A_KEY_FLAT] ? " flat" : "",
	    at[TKM_A_KEY_HAS_AUTH] ? " has-auth" : "",
	    (unsigned long long)mnl_attr_get_u64(at[TKM_A_KEY_OPERATIONS]),
	    (unsigned long long)mnl_attr_get_u64(at[TKM_A_KEY_MESSAGES]));
	print_time("created", at[TKM_A_KEY_CREATED]);
	print_time("not-before", at[TKM_A_KEY_NOT_BEFORE]);
	print_time("protect-until", at[TKM_A_KEY_PROTECT_UNTIL]);
	print_time("not-after", at[TKM_A_KEY_NOT_AFTER]);
	say("%s\n", msg->nlmsg_flags & NLM_F_DUMP_INTR ? " interrupted" : "");
}

static int show(const char *serial)
{
	struct nlmsghdr *msg = begin(family, TKM_CMD_KEY_SHOW, 0);
	const struct nlmsghdr *reply;
	int err;

	mnl_attr_put_u32(msg, TKM_A_KEY_SERIAL, strtoul(serial, NULL, 0));
	reply = ask(msg, &err);
	if (!reply)
		return err;
	print_key(reply);
	return 0;
}

/* Many messages come at once. */
static int dump(const struct nlmsghdr *msg,
		void (*print)(const struct nlmsghdr *m))
{
	const struct nlmsghdr *m;
	ssize_t n;
	int left;

	if (!post(msg))
		return errno;
	for (;;) {
		n = receive();
		if (n < 0)
			return errno;
		left = n;
		for (m = (void *)in; mnl_nlmsg_ok(m, left);
		     m = mnl_nlmsg_next(m, &left)) {
			if (m->nlmsg_type == NLMSG_ERROR)
				return -((struct nlmsgerr *)
					 mnl_nlmsg_get_payload(m))->error;
			if (m->nlmsg_type == NLMSG_DONE)
				return -*(int *)mnl_nlmsg_get_payload(m);
			print(m);
		}
	}
}

static int list(bool all)
{
	struct nlmsghdr *msg = begin(family, TKM_CMD_KEY_SHOW, NLM_F_DUMP);

	if (all)
		mnl_attr_put(msg, TKM_A_KEY_ALL, 0, NULL);
	return dump(msg, print_key);
}

static uint32_t state_number(const char *name)
{
	uint32_t i;

	for (i = 1; i < 7; i++)
		if (!strcmp(states[i], name))
			return i;
	return atoi(name);
}

static int set_state(int argc, char **argv)
{
	struct nlmsghdr *msg = begin(family, TKM_CMD_KEY_SET_STATE, NLM_F_ACK);
	int err;

	mnl_attr_put_u32(msg, TKM_A_KEY_STATE, state_number(argv[0]));
	if (argc == 2) {
		mnl_attr_put_u32(msg, TKM_A_KEY_SERIAL,
				 strtoul(argv[1], NULL, 0));
	} else {
		mnl_attr_put_u32(msg, TKM_A_KEY_OWNER,
				 strtoul(argv[1], NULL, 0));
		mnl_attr_put_u32(msg, TKM_A_KEY_SIDE, atoi(argv[2]));
		mnl_attr_put_strz(msg, TKM_A_KEY_DESCRIPTION, argv[3]);
	}
	ask(msg, &err);
	return err;
}

/* ---- domains ---- */

static void print_domain(const struct nlmsghdr *msg)
{
	const struct nlattr *at[ATTR_MAX + 1];

	attributes(msg, at);
	say("%u %s openers=%u", number(at[TKM_A_DOMAIN_OWNER]),
	    number(at[TKM_A_DOMAIN_SIDE]) ? "other" : "init",
	    number(at[TKM_A_DOMAIN_OPENERS]));
	if (at[TKM_A_DOMAIN_LEFT])
		say(" left=%u", number(at[TKM_A_DOMAIN_LEFT]));
	say("\n");
}

/* One's own, or that of a uid and a side. */
static void put_domain(struct nlmsghdr *msg, int argc, char **argv)
{
	if (argc > 0)
		mnl_attr_put_u32(msg, TKM_A_DOMAIN_OWNER,
				 strtoul(argv[0], NULL, 0));
	if (argc > 1)
		mnl_attr_put_u32(msg, TKM_A_DOMAIN_SIDE, atoi(argv[1]));
}

static int domain_one(int argc, char **argv)
{
	struct nlmsghdr *msg = begin(family, TKM_CMD_DOMAIN_LIST, 0);
	const struct nlmsghdr *reply;
	int err;

	put_domain(msg, argc, argv);
	reply = ask(msg, &err);
	if (!reply)
		return err;
	print_domain(reply);
	return 0;
}

static int domains(bool all)
{
	struct nlmsghdr *msg = begin(family, TKM_CMD_DOMAIN_LIST, NLM_F_DUMP);

	if (all)
		mnl_attr_put(msg, TKM_A_DOMAIN_ALL, 0, NULL);
	return dump(msg, print_domain);
}

static int lock(int argc, char **argv)
{
	struct nlmsghdr *msg = begin(family, TKM_CMD_DOMAIN_LOCK, NLM_F_ACK);
	int err;

	put_domain(msg, argc, argv);
	ask(msg, &err);
	return err;
}

/* ---- policies ---- */

static void print_hex(const char *name, const struct nlattr *attr)
{
	const uint8_t *p;
	unsigned int i;

	if (!attr)
		return;
	say(" %s=", name);
	p = mnl_attr_get_payload(attr);
	for (i = 0; i < mnl_attr_get_payload_len(attr); i++)
		say("%02x", p[i]);
}

static void print_policy(const struct nlmsghdr *msg)
{
	const struct nlattr *at[ATTR_MAX + 1];

	attributes(msg, at);
	say("%s", mnl_attr_get_str(at[TKM_A_POLICY_NAME]));
	if (at[TKM_A_POLICY_BANK])
		say(" bank=%u", mnl_attr_get_u16(at[TKM_A_POLICY_BANK]));
	if (at[TKM_A_POLICY_MASK])
		say(" mask=0x%x", number(at[TKM_A_POLICY_MASK]));
	print_hex("authority", at[TKM_A_POLICY_AUTHORITY]);
	print_hex("recovery", at[TKM_A_POLICY_RECOVERY]);
	print_hex("approval", at[TKM_A_POLICY_APPROVAL]);
	say("%s%s\n", at[TKM_A_POLICY_REJECTED] ? " rejected" : "",
	    msg->nlmsg_flags & NLM_F_DUMP_INTR ? " interrupted" : "");
}

static int policy_one(const char *name)
{
	struct nlmsghdr *msg = begin(family, TKM_CMD_POLICY_LIST, 0);
	const struct nlmsghdr *reply;
	int err;

	mnl_attr_put_strz(msg, TKM_A_POLICY_NAME, name);
	reply = ask(msg, &err);
	if (!reply)
		return err;
	print_policy(reply);
	return 0;
}

static void put_file(struct nlmsghdr *msg, uint16_t type, const char *path)
{
	size_t len;
	void *bytes = read_file(path, &len);

	mnl_attr_put(msg, type, len, bytes);
	free(bytes);
}

static int policy_set(int argc, char **argv)
{
	struct nlmsghdr *msg = begin(family, TKM_CMD_POLICY_SET, NLM_F_ACK);
	int err, i;

	mnl_attr_put_strz(msg, TKM_A_POLICY_NAME, argv[0]);
	for (i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "authority")) {
			put_file(msg, TKM_A_POLICY_AUTHORITY, argv[i + 1]);
		} else if (!strcmp(argv[i], "recovery")) {
			put_file(msg, TKM_A_POLICY_RECOVERY, argv[i + 1]);
		} else if (!strcmp(argv[i], "bank")) {
			mnl_attr_put_u16(msg, TKM_A_POLICY_BANK,
					 strtoul(argv[i + 1], NULL, 0));
		} else if (!strcmp(argv[i], "mask")) {
			mnl_attr_put_u32(msg, TKM_A_POLICY_MASK,
					 strtoul(argv[i + 1], NULL, 0));
		} else {
			die("see the head of nlop.c");
		}
	}
	ask(msg, &err);
	return err;
}

static int policy_approve(int argc, char **argv)
{
	struct nlmsghdr *msg = begin(family, TKM_CMD_POLICY_APPROVE, NLM_F_ACK);
	int err, i;

	mnl_attr_put_strz(msg, TKM_A_POLICY_NAME, argv[0]);
	for (i = 1; i < argc; i++)
		put_file(msg, TKM_A_POLICY_APPROVAL, argv[i]);
	ask(msg, &err);
	return err;
}

static int policy_remove(const char *name)
{
	struct nlmsghdr *msg = begin(family, TKM_CMD_POLICY_REMOVE, NLM_F_ACK);
	int err;

	mnl_attr_put_strz(msg, TKM_A_POLICY_NAME, name);
	ask(msg, &err);
	return err;
}

struct reply {
	uint32_t what;
	uint32_t state;
	void *chain;
	size_t len;
};

static int try_answer(uint64_t id, const struct reply *r)
{
	struct nlmsghdr *msg = begin(family, TKM_CMD_DONE, NLM_F_ACK);
	int err;

	mnl_attr_put_u64(msg, TKM_A_ERRAND_ID, id);
	mnl_attr_put_u32(msg, TKM_A_ERRAND_STATUS, r->what);
	if (r->chain)
		mnl_attr_put(msg, TKM_A_ERRAND_CHAIN, r->len, r->chain);
	if (r->state)
		mnl_attr_put_u32(msg, TKM_A_ERRAND_STATE, r->state);
	ask(msg, &err);
	return err;
}

/* ---- a helper ---- */

/* Who did what, as it came. */
struct record {
	uint64_t first, last, count, lost;
	uint32_t event, result, uid, ns, pid, state;
	char program[TKM_PROGRAM_MAX + 1];
};

struct errand {
	struct record audit;
	uint64_t id;
	uint32_t kind, owner, side, deadline, state;
	const char *description;
	const void *chain;
	size_t len;
};

static uint64_t large(const struct nlattr *attr)
{
	return attr ? mnl_attr_get_u64(attr) : 0;
}

static void read_record(const struct nlattr *nest, struct record *r)
{
	const struct nlattr *at[ATTR_MAX + 1] = { 0 };

	mnl_attr_parse_nested(nest, attr_cb, at);
	r->event = number(at[TKM_A_AUDIT_EVENT]);
	r->result = number(at[TKM_A_AUDIT_RESULT]);
	r->uid = number(at[TKM_A_AUDIT_UID]);
	r->ns = number(at[TKM_A_AUDIT_USER_NS]);
	r->pid = number(at[TKM_A_AUDIT_PID]);
	r->state = number(at[TKM_A_AUDIT_STATE]);
	r->first = large(at[TKM_A_AUDIT_FIRST]);
	r->last = large(at[TKM_A_AUDIT_LAST]);
	r->count = large(at[TKM_A_AUDIT_COUNT]);
	r->lost = large(at[TKM_A_AUDIT_LOST]);
	strcpy(r->program, mnl_attr_get_str(at[TKM_A_AUDIT_PROGRAM]));
}

/* Also of an event, which has neither number nor kind. */
static void read_errand(const struct nlmsghdr *msg, struct errand *e)
{
	const struct nlattr *at[ATTR_MAX + 1];

	attributes(msg, at);
	memset(e, 0, sizeof(*e));
	e->id = large(at[TKM_A_ERRAND_ID]);
	e->kind = number(at[TKM_A_ERRAND_KIND]);
	e->owner = mnl_attr_get_u32(at[TKM_A_ERRAND_OWNER]);
	e->side = mnl_attr_get_u32(at[TKM_A_ERRAND_SIDE]);
	e->description = mnl_attr_get_str(at[TKM_A_ERRAND_DESCRIPTION]);
	e->state = number(at[TKM_A_ERRAND_STATE]);
	if (at[TKM_A_ERRAND_AUDIT])
		read_record(at[TKM_A_ERRAND_AUDIT], &e->audit);
	if (at[TKM_A_ERRAND_DEADLINE])
		e->deadline = mnl_attr_get_u32(at[TKM_A_ERRAND_DEADLINE]);
	if (at[TKM_A_ERRAND_CHAIN]) {
		e->chain = mnl_attr_get_payload(at[TKM_A_ERRAND_CHAIN]);
		e->len = mnl_attr_get_payload_len(at[TKM_A_ERRAND_CHAIN]);
	}
}

static int try_accept(struct errand *e)
{
	const struct nlmsghdr *reply;
	int err;

	reply = ask(begin(family, TKM_CMD_ACCEPT, 0), &err);
	if (!reply)
		return err;
	read_errand(reply, e);
	return 0;
}

static void print_errand(const struct errand *e)
{
	static const char *const kinds[] = { "?", "store", "replace", "drop",
					     "find", "branch", "set-state",
					     "state", "audit", "domain" };

	say("%s %u %s %s chain=%zu%s", kinds[e->kind < 10 ? e->kind : 0],
	    e->owner, e->side ? "other" : "init", e->description, e->len,
	    e->deadline ? " deadline" : "");
	if (e->kind == TKM_ERRAND_SET_STATE)
		say(" %s", states[e->state]);
	say("\n");
}

static FILE *audit;

/* Seconds would not tell what came first. */
static void print_record(const struct errand *e)
{
	static const char *const events[] = {
		"?", "create", "load", "export", "sign", "verify", "encrypt",
		"decrypt", "publish", "unpublish", "reseal", "state", "revoke",
		"policy-set", "policy-approve", "policy-remove", "domain-new", "unlock",
		"lock", "passwd", "duplicate", "import", "certify",
	};
	const struct record *r = &e->audit;

	if (!audit)
		return;
	fprintf(audit, "%s %u %s %s result=%s count=%llu uid=%u ns=%u pid=%u program=%s",
		events[r->event], e->owner, e->side ? "other" : "init",
		e->description, r->result ? strerrorname_np(r->result) : "0",
		(unsigned long long)r->count, r->uid, r->ns, r->pid, r->program);
	if (r->state)
		fprintf(audit, " state=%s", states[r->state]);
	if (r->lost)
		fprintf(audit, " lost=%llu", (unsigned long long)r->lost);
	fprintf(audit, " first=%llu last=%llu\n", (unsigned long long)r->first,
		(unsigned long long)r->last);
	fflush(audit);
}

static int file_write(const char *path, const struct errand *e)
{
	FILE *f = fopen(path, "wex");

	if (!f)
		return errno;
	fwrite(e->chain, 1, e->len, f);
	return fclose(f) ? errno : 0;
}

/* How much of a DER value there is, with its head; lengths as chains have them. */
static size_t der_size(const void *value)
{
	const uint8_t *p = value;

	if (p[1] < 0x80)
		return 2 + p[1];
	if (p[1] == 0x81)
		return 3 + p[2];
	return 4 + (p[2] << 8 | p[3]);
}

static size_t der_head(const void *value)
{
	const uint8_t *p = value;

	return p[1] < 0x80 ? 2 : p[1] == 0x81 ? 3 : 4;
}

/* The first @n objects of a chain in a sequence of their own. */
static void *line_of(const char *chain, unsigned int n, size_t *len)
{
	const char *from = chain + der_head(chain), *p = from;
	uint8_t *out;

	while (n--)
		p += der_size(p);
	*len = p - from;
	out = malloc(*len + 4);
	if (!out)
		die("no memory");
	/* Storage keys are never so short that this would not be DER. */
	out[0] = 0x30;
	out[1] = 0x82;
	out[2] = *len >> 8;
	out[3] = *len;
	memcpy(out + 4, from, *len);
	*len += 4;
	return out;
}

/* How many storage keys of a file's chain are for an errand: by its name. */
static unsigned int shared(const char *name, const struct errand *e)
{
	char domain[32];
	size_t n = snprintf(domain, sizeof(domain), "%u.%u.", e->owner, e->side);
	size_t app = strcspn(e->description, ":") + 1;

	if (strncmp(name, domain, n))
		return 1;
	return strncmp(name + n, e->description, app) ? 2 : 3;
}

static uint32_t find_line(const char *dir, const struct errand *e,
			  struct reply *r)
{
	char path[PATH_MAX], best[PATH_MAX] = "";
	struct timespec newest = {};
	unsigned int n, most = 0;
	struct dirent *entry;
	struct stat st;
	char *chain;
	size_t size;
	DIR *d = opendir(dir);

	while ((entry = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		if (stat(path, &st) || !S_ISREG(st.st_mode) ||
		    strstr(entry->d_name, ".state"))
			continue;
		if (strchr(entry->d_name, '@'))
			continue;
		chain = read_file(path, &size);
		/* A single object begins with its type, and has no storage keys. */
		n = chain[der_head(chain)] == 0x30 ? shared(entry->d_name, e) : 0;
		free(chain);
		if (n < most || !n ||
		    (n == most && (st.st_mtim.tv_sec < newest.tv_sec ||
				   (st.st_mtim.tv_sec == newest.tv_sec &&
				    st.st_mtim.tv_nsec < newest.tv_nsec))))
			continue;
		most = n;
		newest = st.st_mtim;
		strcpy(best, path);
	}
	closedir(d);
	if (!most)
		return ENOKEY;
	chain = read_file(best, &size);
	r->chain = line_of(chain, most, &r->len);
	free(chain);
	return 0;
}

/* Whether the second object of a chain or branch has no emptyAuth: [0] after the OID. */
static bool has_password(const char *chain)
{
	const char *tdk = chain + der_head(chain);

	tdk += der_size(tdk);
	tdk += der_head(tdk);
	return (uint8_t)tdk[der_size(tdk)] != 0xa0;
}

/* TKMRK and TDK as they were kept last, and an ASK that was kept below them. */
static uint32_t domain_line(const char *dir, const struct errand *e,
			    struct reply *r)
{
	char path[PATH_MAX], ask[PATH_MAX];
	const char *object;
	struct dirent *entry;
	char *kept, *chain;
	size_t size, n;
	DIR *d;

	snprintf(path, sizeof(path), "%s/%u.%u@", dir, e->owner, e->side);
	if (access(path, R_OK))
		return ENOKEY;
	kept = read_file(path, &r->len);
	r->chain = kept;
	d = opendir(dir);
	while ((entry = readdir(d))) {
		snprintf(ask, sizeof(ask), "%s/%s", dir, entry->d_name);
		if (entry->d_name[0] == '.' || strchr(entry->d_name, '@') ||
		    strstr(entry->d_name, ".state") ||
		    shared(entry->d_name, e) != 3)
			continue;
		chain = read_file(ask, &size);
		object = chain + der_head(chain);
		if (*object != 0x30 || !has_password(chain))
			continue;
		object += der_size(object);
		object += der_size(object);
		n = der_size(object);
		kept = realloc(kept, r->len + n);
		memcpy(kept + r->len, object, n);
		r->len += n;
		kept[2] = (r->len - 4) >> 8;
		kept[3] = r->len - 4;
		r->chain = kept;
		break;
	}
	closedir(d);
	return 0;
}

static int state_write(const char *path, uint32_t state)
{
	FILE *f = fopen(path, "we");

	if (!f)
		return errno;
	fprintf(f, "%s\n", states[state]);
	return fclose(f) ? errno : 0;
}

static uint32_t state_read(const char *path)
{
	char name[32] = "";
	FILE *f = fopen(path, "re");

	if (!f)
		return TKM_KEY_STATE_ACTIVE;
	if (fscanf(f, "%31s", name) != 1)
		die("%s: no state", path);
	fclose(f);
	return state_number(name);
}

/* A database of files. */
static uint32_t keep(const char *dir, const struct errand *e, struct reply *r)
{
	char path[PATH_MAX / 2], state[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%u.%u.%s", dir, e->owner, e->side,
		 e->description);
	snprintf(state, sizeof(state), "%s.state", path);
	switch (e->kind) {
	case TKM_ERRAND_STORE:
		if (e->state != TKM_KEY_STATE_ACTIVE &&
		    state_write(state, e->state))
			return EIO;
		return file_write(path, e);
	case TKM_ERRAND_SET_STATE:
		if (access(path, R_OK))
			return ENOKEY;
		return state_write(state, e->state);
	case TKM_ERRAND_AUDIT:
		return 0;
	case TKM_ERRAND_STATE:
		if (access(path, R_OK))
			return ENOKEY;
		r->state = state_read(state);
		return 0;
	case TKM_ERRAND_REPLACE:
		unlink(path);
		return file_write(path, e);
	case TKM_ERRAND_DROP:
		return unlink(path) ? errno : 0;
	case TKM_ERRAND_FIND:
		if (access(path, R_OK))
			return ENOKEY;
		r->chain = read_file(path, &r->len);
		return 0;
	case TKM_ERRAND_BRANCH:
		if (!domain_line(dir, e, r))
			return 0;
		return find_line(dir, e, r);
	case TKM_ERRAND_DOMAIN:
		snprintf(path, sizeof(path), "%s/%u.%u@", dir, e->owner,
			 e->side);
		unlink(path);
		return file_write(path, e);
	default:
		return EINVAL;
	}
}

static bool is(const char *how, const char *name)
{
	return !strcmp(how, name);
}

static unsigned long step;

static void flip_next(uint8_t *p, size_t len)
{
	static unsigned long bit;

	p[bit / 8 % len] ^= 1 << bit % 8;
	bit += step;
}

/* False when it is never answered. */
static bool what_to_say(const char *how, const char *arg, const struct errand *e,
			struct reply *r)
{
	char line[8];

	memset(r, 0, sizeof(*r));
	if (is(how, "keep") || is(how, "twice")) {
		r->what = keep(arg, e, r);
	} else if (e->kind == TKM_ERRAND_BRANCH) {
		r->what = ENOKEY;
		if (is(how, "branch") || is(how, "flips")) {
			r->what = 0;
			r->chain = read_file(arg, &r->len);
		}
		if (is(how, "flips"))
			flip_next(r->chain, r->len);
	} else if (is(how, "hold")) {
		return false;
	} else if (is(how, "give") && e->kind == TKM_ERRAND_FIND) {
		r->chain = read_file(arg, &r->len);
	} else if (is(how, "say") || is(how, "late")) {
		r->what = atoi(arg);
		if (is(how, "late") && !fgets(line, sizeof(line), stdin))
			die("no line");
	} else if (e->kind == TKM_ERRAND_STATE) {
		r->what = ENOKEY;
	}
	return e->kind != TKM_ERRAND_DROP;
}

static void serve(const char *how, const char *arg)
{
	struct errand e;
	struct reply r;
	int err;

	while (!(err = try_accept(&e))) {
		if (e.kind != TKM_ERRAND_AUDIT) {
			print_errand(&e);
		} else if (audit) {
			print_record(&e);
		} else {
			try_answer(e.id, &(struct reply){ 0 });
			continue;
		}
		if (!what_to_say(how, arg, &e, &r))
			continue;
		err = try_answer(e.id, &r);
		if (err)
			say("done: %s\n", strerrorname_np(err));
		if (is(how, "twice"))
			say("second: %s\n",
			    strerrorname_np(try_answer(e.id, &r)));
		free(r.chain);
	}
	/* The module may be gone, and the socket stays. */
	if (err != EAGAIN && err != ENOENT)
		die("accept: %s", strerror(err));
}

static int help(int argc, char **argv)
{
	const char *deadline = NULL, *arg;
	unsigned int n = fail_at;
	struct pollfd ready;
	int err;

	if (argc && !strncmp(*argv, "DEADLINE=", 9)) {
		deadline = *argv++ + 9;
		argc--;
	}
	if (argc && !strncmp(*argv, "AUDIT=", 6)) {
		audit = fopen(*argv++ + 6, "ae");
		argc--;
		if (!audit)
			die("no file for the audit");
	}
	if (!argc)
		die("see the head of nlop.c");
	arg = argc > 1 ? argv[1] : "";
	step = argc > 2 ? atoi(argv[2]) : 0;
	/* What fails is what it does as a helper. */
	fail_at = 0;
	err = try_register(deadline);
	fail_at = n;
	insists = true;
	if (err)
		return refused(err);
	say("registered\n");
	if (is(argv[0], "own")) {
		say("own: %s\n", key_add("tkm", "own:key", "new", 3,
					 KEY_SPEC_SESSION_KEYRING) < 0 ?
				 strerrorname_np(errno) : "made");
		argv[0] = "hold";
	}
	ready.fd = mnl_socket_get_fd(sock);
	ready.events = POLLIN;
	for (;;) {
		if (!is(argv[0], "deaf"))
			serve(argv[0], arg);
		if (poll(&ready, 1, 200) < 0)
			die("poll: %s", strerror(errno));
		/* Which errand it is about, accept says. */
		if (ready.revents)
			while (recv(ready.fd, in, sizeof(in), MSG_DONTWAIT) > 0)
				;
	}
}

/* ---- who listens ---- */

static int membership(int option)
{
	return mnl_socket_setsockopt(sock, option, &group, sizeof(group)) < 0 ?
		       errno : 0;
}

static void hear(void)
{
	const struct nlmsghdr *msg = (const struct nlmsghdr *)in;
	struct errand e;

	if (mnl_socket_recvfrom(sock, in, sizeof(in)) < 0) {
		if (errno != ENOBUFS)
			die("receive: %s", strerror(errno));
		say("missed\n");
		return;
	}
	read_errand(msg, &e);
	print_record(&e);
}

static int listen_how(const char *how)
{
	struct pollfd fds[2] = {
		{ .fd = mnl_socket_get_fd(sock), .events = POLLIN },
		/* A negative one is passed over. */
		{ .fd = is(how, "leave") ? STDIN_FILENO : -1, .events = POLLIN },
	};
	int err = membership(NETLINK_ADD_MEMBERSHIP);

	if (err)
		return refused(err);
	say("listening %u\n", group);
	audit = stdout;
	if (is(how, "deaf"))
		pause();
	for (;;) {
		if (poll(fds, 2, -1) < 0)
			die("poll: %s", strerror(errno));
		if (fds[0].revents)
			hear();
		if (!fds[1].revents)
			continue;
		fds[1].fd = -1;
		err = membership(NETLINK_DROP_MEMBERSHIP);
		say("left %s\n", err ? strerrorname_np(err) : "0");
	}
}

/* ---- what no program would send ---- */

static unsigned long results[4096], sent;

/* Malformed enough, and there is no answer at all; then the question after it has. */
static void throw(const void *message, size_t len)
{
	struct nlmsghdr *after;
	char copy[BUFFER];
	const struct nlmsghdr *msg;
	const struct nlmsgerr *e;
	ssize_t n;

	memcpy(copy, message, len);
	if (mnl_socket_sendto(sock, copy, len) < 0)
		die("send: %s", strerror(errno));
	sent++;
	after = begin(family, TKM_CMD_SUPPORTS, 0);
	if (mnl_socket_sendto(sock, after, after->nlmsg_len) < 0)
		die("send: %s", strerror(errno));
	for (;;) {
		n = mnl_socket_recvfrom(sock, in, sizeof(in));
		if (n < 0)
			die("receive: %s", strerror(errno));
		msg = (const struct nlmsghdr *)in;
		if (msg->nlmsg_seq == after->nlmsg_seq &&
		    msg->nlmsg_type == family)
			return;
		if (msg->nlmsg_type != NLMSG_ERROR)
			continue;
		e = mnl_nlmsg_get_payload(msg);
		if (e->error <= 0 && e->error > -4096)
			results[-e->error]++;
	}
}

static struct nlmsghdr *whole(uint8_t cmd)
{
	struct nlmsghdr *msg = begin(family, cmd, NLM_F_ACK);

	if (cmd == TKM_CMD_REGISTER)
		mnl_attr_put_u32(msg, TKM_A_ERRAND_DEADLINE, 1000);
	if (cmd == TKM_CMD_DONE) {
		mnl_attr_put_u64(msg, TKM_A_ERRAND_ID, 0x123456789);
		mnl_attr_put_u32(msg, TKM_A_ERRAND_STATUS, 0);
		mnl_attr_put(msg, TKM_A_ERRAND_CHAIN, 16, "0123456789abcdef");
		mnl_attr_put_u32(msg, TKM_A_ERRAND_STATE, 3);
	}
	if (cmd == TKM_CMD_KEY_SHOW)
		mnl_attr_put_u32(msg, TKM_A_KEY_SERIAL, 0x12345678);
	if (cmd == TKM_CMD_DOMAIN_LIST || cmd == TKM_CMD_DOMAIN_LOCK) {
		mnl_attr_put_u32(msg, TKM_A_DOMAIN_OWNER, 77777);
		mnl_attr_put_u32(msg, TKM_A_DOMAIN_SIDE, 0);
	}
	if (cmd == TKM_CMD_POLICY_SET) {
		mnl_attr_put_strz(msg, TKM_A_POLICY_NAME, "none");
		mnl_attr_put_u16(msg, TKM_A_POLICY_BANK, 11);
		mnl_attr_put_u32(msg, TKM_A_POLICY_MASK, 0x80);
	}
	if (cmd == TKM_CMD_POLICY_APPROVE) {
		mnl_attr_put_strz(msg, TKM_A_POLICY_NAME, "mutated");
		mnl_attr_put(msg, TKM_A_POLICY_APPROVAL, 16,
			     "0123456789abcdef");
	}
	if (cmd == TKM_CMD_POLICY_REMOVE || cmd == TKM_CMD_POLICY_LIST)
		mnl_attr_put_strz(msg, TKM_A_POLICY_NAME, "mutated");
	if (cmd == TKM_CMD_KEY_SET_STATE) {
		mnl_attr_put_u32(msg, TKM_A_KEY_OWNER, 77777);
		mnl_attr_put_u32(msg, TKM_A_KEY_SIDE, 0);
		mnl_attr_put_strz(msg, TKM_A_KEY_DESCRIPTION, "no:key");
		mnl_attr_put_u32(msg, TKM_A_KEY_STATE, 3);
	}
	return msg;
}

/* All but the header's type and numbers, which say whom it is for. */
static void flip_bits(const struct nlmsghdr *msg)
{
	char copy[BUFFER];
	size_t i, from = offsetof(struct nlmsghdr, nlmsg_pid) + 4;

	for (i = from * 8; i < msg->nlmsg_len * 8; i++) {
		memcpy(copy, msg, msg->nlmsg_len);
		copy[i / 8] ^= 1 << i % 8;
		throw(copy, msg->nlmsg_len);
	}
}

static void cut(const struct nlmsghdr *msg)
{
	char copy[BUFFER];
	struct nlmsghdr *shorter = (struct nlmsghdr *)copy;
	size_t len;

	memcpy(copy, msg, msg->nlmsg_len);
	for (len = sizeof(*msg); len < msg->nlmsg_len; len++) {
		shorter->nlmsg_len = len;
		throw(copy, len);
	}
}

static void add_strange(uint8_t cmd)
{
	static char zeros[20000];
	struct nlmsghdr *msg;
	struct nlattr *nest[100];
	unsigned int type, i;

	for (type = 0; type < 40; type++) {
		static const size_t sizes[] = { 0, 1, 2, 4, 5, 8, 9, 255, 8193, 20000 };

		for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			msg = whole(cmd);
			mnl_attr_put(msg, type, sizes[i], zeros);
			throw(msg, msg->nlmsg_len);
		}
	}
	msg = whole(cmd);
	for (i = 0; i < 100; i++)
		nest[i] = mnl_attr_nest_start(msg, 1 + i % TKM_A_ERRAND_MAX);
	while (i--)
		mnl_attr_nest_end(msg, nest[i]);
	throw(msg, msg->nlmsg_len);
}

static int mutate(void)
{
	char message[BUFFER];
	unsigned int cmd, i;

	for (cmd = 0; cmd <= TKM_CMD_MAX + 2; cmd++) {
		memcpy(message, whole(cmd), sizeof(message));
		flip_bits((struct nlmsghdr *)message);
		cut((struct nlmsghdr *)message);
		add_strange(cmd);
	}
	say("%lu messages:", sent);
	for (i = 0; i < 4096; i++)
		if (results[i])
			say(" %s %lu", i ? strerrorname_np(i) : "0", results[i]);
	say("\n");
	return 0;
}

static int flood(int seconds)
{
	time_t end = time(NULL) + seconds;
	unsigned long n = 0;
	int err;

	while (time(NULL) < end) {
		if (!ask(begin(family, TKM_CMD_STATUS, 0), &err))
			return refused(err);
		n++;
	}
	say("%lu\n", n);
	return 0;
}

static int noise(int n)
{
	static const char text[] = "load 3000";
	char name[32];
	int i;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "noise:%d", i);
		if (key_add("tkm", name, text, strlen(text),
			    KEY_SPEC_SESSION_KEYRING) >= 0)
			die("a key");
	}
	return 0;
}

static int one(int err)
{
	return err ? refused(err) : 0;
}

static int run(int argc, char **argv)
{
	const char *verb = *argv++;
	struct reply r = { 0 };
	struct errand e;
	int err;

	argc--;
	if (is(verb, "supports") && !argc)
		return supports();
	if (is(verb, "status") && !argc)
		return status();
	if (is(verb, "register") && argc <= 1)
		return one(try_register(argv[0]));
	if (is(verb, "accept") && !argc) {
		err = try_accept(&e);
		if (!err)
			print_errand(&e);
		return one(err);
	}
	if (is(verb, "done") && argc >= 2) {
		r.what = atoi(argv[1]);
		if (argc > 2)
			r.chain = read_file(argv[2], &r.len);
		return one(try_answer(strtoull(argv[0], NULL, 0), &r));
	}
	if (is(verb, "show") && argc == 1)
		return one(show(argv[0]));
	if (is(verb, "list") && argc <= 1)
		return one(list(argc));
	if (is(verb, "set-state") && (argc == 2 || argc == 4))
		return one(set_state(argc, argv));
	if (is(verb, "domain") && argc <= 2)
		return one(domain_one(argc, argv));
	if (is(verb, "domains") && argc <= 1)
		return one(domains(argc));
	if (is(verb, "lock") && argc <= 2)
		return one(lock(argc, argv));
	if (is(verb, "policy-set") && argc)
		return one(policy_set(argc, argv));
	if (is(verb, "policy-approve") && argc)
		return one(policy_approve(argc, argv));
	if (is(verb, "policy-remove") && argc == 1)
		return one(policy_remove(argv[0]));
	if (is(verb, "policy-list") && argc <= 1)
		return one(argc ? policy_one(argv[0]) :
			   dump(begin(family, TKM_CMD_POLICY_LIST, NLM_F_DUMP),
				print_policy));
	if (is(verb, "helper") && argc)
		return help(argc, argv);
	if (is(verb, "listen") && argc <= 1)
		return listen_how(argc ? argv[0] : "");
	if (is(verb, "mutate") && !argc)
		return mutate();
	if (is(verb, "noise") && argc == 1)
		return noise(atoi(argv[0]));
	if (is(verb, "flood") && argc == 1)
		return flood(atoi(argv[0]));
	die("see the head of nlop.c");
}

int main(int argc, char **argv)
{
	unsigned int n = 0;
	int opt, err;

	while ((opt = getopt(argc, argv, "+a:g:n:o:s:")) != -1) {
		if (opt == 'a')
			address = strtoul(optarg, NULL, 0);
		else if (opt == 'g')
			group = atoi(optarg);
		else if (opt == 'n')
			n = atoi(optarg);
		else if (opt == 'o')
			opener = atoi(optarg);
		else if (opt == 's')
			sender = atoi(optarg);
		else
			die("see the head of nlop.c");
	}
	if (optind == argc)
		die("see the head of nlop.c");
	open_socket();
	err = group ? 0 : find_family();
	if (err)
		return refused(err);
	if (n)
		fail_from_now_on();
	fail_at = n;
	if (sender)
		act_as(sender);
	return run(argc - optind, argv + optind);
}
