// SPDX-License-Identifier: GPL-2.0
/*
 * The module's questions: Documentation/netlink/tkm.yaml, by libmnl. What does not
 * come from the kernel, or does not answer what was asked last, is not looked at.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/tkm_netlink.h>
#include <sys/socket.h>
#include <time.h>

#include "audit.h"

/* A chain and what stands around it, with room. */
#define BUFFER		16384
#define ROOM		(1 << 20)
#define DEADLINE	5000	/* ms for each errand */

static struct mnl_socket *sock;
static uint16_t family;
static uint32_t seq;
/* All approvals of a policy go at once. */
static char out[3 * BUFFER], in[BUFFER];

static struct nlmsghdr *begin(uint16_t type, uint8_t cmd, uint16_t flags)
{
	struct nlmsghdr *msg = mnl_nlmsg_put_header(out);
	struct genlmsghdr *genl;

	msg->nlmsg_type = type;
	msg->nlmsg_flags = NLM_F_REQUEST | flags;
	/* 0 is what the module begins by itself. */
	if (!++seq)
		seq = 1;
	msg->nlmsg_seq = seq;
	genl = mnl_nlmsg_put_extra_header(msg, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = 1;
	return msg;
}

/* What came from the kernel into @in; its length or a negative errno. */
static ssize_t receive(int flags)
{
	struct sockaddr_nl from;
	struct iovec iov = { .iov_base = in, .iov_len = sizeof(in) };
	struct msghdr msg = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	ssize_t n = recvmsg(nl_fd(), &msg, flags);

	if (n < 0)
		return -errno;
	if (msg.msg_namelen != sizeof(from) || from.nl_pid) {
		log_warning("a message that is not the kernel's: from %u",
			    from.nl_pid);
		return -EINTR;
	}
	return msg.msg_flags & MSG_TRUNC ? -EMSGSIZE : n;
}

/*
 * The answer to what was asked last; NULL with *error 0 for a bare yes. The kernel
 * answers at once, so it is there or was lost for lack of room.
 */
static const struct nlmsghdr *answer(int *error)
{
	const struct nlmsghdr *msg = (const struct nlmsghdr *)in;
	const struct nlmsgerr *e;
	ssize_t n;

	for (;;) {
		n = receive(MSG_DONTWAIT);
		if (n == -EINTR)
			continue;
		if (n < 0) {
			*error = (int)n;
			return NULL;
		}
		if (!mnl_nlmsg_ok(msg, (int)n) || msg->nlmsg_seq != seq)
			continue;
		*error = 0;
		if (msg->nlmsg_type != NLMSG_ERROR)
			return msg;
		e = mnl_nlmsg_get_payload(msg);
		*error = e->error;
		return NULL;
	}
}

static const struct nlmsghdr *ask(const struct nlmsghdr *msg, int *error)
{
	if (mnl_socket_sendto(sock, msg, msg->nlmsg_len) < 0) {
		*error = -errno;
		return NULL;
	}
	return answer(error);
}

static int family_cb(const struct nlattr *attr, void *data)
{
	if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
		*(uint16_t *)data = mnl_attr_get_u16(attr);
	return MNL_CB_OK;
}

static int find_family(void)
{
	struct nlmsghdr *msg = begin(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	const struct nlmsghdr *reply;
	int error;

	mnl_attr_put_strz(msg, CTRL_ATTR_FAMILY_NAME, TKM_FAMILY_NAME);
	reply = ask(msg, &error);
	if (!reply)
		return error ? error : -EIO;
	mnl_attr_parse(reply, sizeof(struct genlmsghdr), family_cb, &family);
	return family ? 0 : -EIO;
}

int nl_open(void)
{
	const int room = ROOM;
	int ret;

	sock = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!sock || mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) < 0) {
		ret = -errno;
		log_error("no netlink: %s", strerror(errno));
		return ret;
	}
	setsockopt(nl_fd(), SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	ret = find_family();
	if (ret)
		log_error("the module tkm is not there: %s: modprobe tkm",
			  strerror(-ret));
	return ret;
}

int nl_fd(void)
{
	return mnl_socket_get_fd(sock);
}

int nl_register(void)
{
	struct nlmsghdr *msg = begin(family, TKM_CMD_REGISTER, NLM_F_ACK);
	int error;

	mnl_attr_put_u32(msg, TKM_A_ERRAND_DEADLINE, DEADLINE);
	ask(msg, &error);
	if (error == -EBUSY)
		log_error("the module has another helper already");
	else if (error == -EPERM)
		log_error("the module takes no helper without CAP_SYS_ADMIN in the initial user namespace");
	else if (error)
		log_error("the module does not take us as its helper: %s",
			  strerror(-error));
	return error;
}

void nl_drain(void)
{
	/* ENOBUFS: some were lost; which errands there are, accept says. */
	ssize_t n;

	do
		n = receive(MSG_DONTWAIT);
	while (n >= 0 || n == -ENOBUFS || n == -EMSGSIZE || n == -EINTR);
}

static int attr_cb(const struct nlattr *attr, void *data)
{
	const struct nlattr **table = data;
	unsigned int type = mnl_attr_get_type(attr);

	if (type <= TKM_A_ERRAND_MAX)
		table[type] = attr;
	return MNL_CB_OK;
}

static bool is_u32(const struct nlattr *attr)
{
	return attr && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0;
}

struct table {
	const struct nlattr *at[TKM_A_AUDIT_MAX + 1];
};

static int audit_cb(const struct nlattr *attr, void *data)
{
	const unsigned int type = mnl_attr_get_type(attr);

	if (type <= TKM_A_AUDIT_MAX)
		((struct table *)data)->at[type] = attr;
	return MNL_CB_OK;
}

static uint32_t u32_of(const struct nlattr *attr)
{
	return is_u32(attr) ? mnl_attr_get_u32(attr) : 0;
}

static uint64_t u64_of(const struct nlattr *attr)
{
	return attr && mnl_attr_validate(attr, MNL_TYPE_U64) >= 0 ?
		       mnl_attr_get_u64(attr) : 0;
}

static int read_audit(const struct nlattr *nest, const struct errand *e,
		      struct trail_record *record)
{
	struct table table = { { NULL } };
	const struct nlattr *program;

	if (!nest || mnl_attr_parse_nested(nest, audit_cb, &table) < 0)
		return -EBADMSG;
	program = table.at[TKM_A_AUDIT_PROGRAM];
	if (!program || mnl_attr_validate(program, MNL_TYPE_NUL_STRING) < 0 ||
	    mnl_attr_get_payload_len(program) > sizeof(record->program))
		return -EBADMSG;
	*record = (struct trail_record){
		.event = u32_of(table.at[TKM_A_AUDIT_EVENT]),
		.state = u32_of(table.at[TKM_A_AUDIT_STATE]),
		.result = u32_of(table.at[TKM_A_AUDIT_RESULT]),
		.owner = e->name.owner,
		.side = e->name.side,
		.uid = u32_of(table.at[TKM_A_AUDIT_UID]),
		.user_ns = u32_of(table.at[TKM_A_AUDIT_USER_NS]),
		.pid = u32_of(table.at[TKM_A_AUDIT_PID]),
		.first = u64_of(table.at[TKM_A_AUDIT_FIRST]),
		.last = u64_of(table.at[TKM_A_AUDIT_LAST]),
		.count = u64_of(table.at[TKM_A_AUDIT_COUNT]),
		.lost = u64_of(table.at[TKM_A_AUDIT_LOST]),
	};
	strcpy(record->key, e->name.description);
	strcpy(record->program, mnl_attr_get_str(program));
	return 0;
}

static int read_errand(const struct nlmsghdr *reply, struct errand *e)
{
	const struct nlattr *at[TKM_A_ERRAND_MAX + 1] = { NULL };
	const struct nlattr *chain, *text;
	struct trail_record *record;

	mnl_attr_parse(reply, sizeof(struct genlmsghdr), attr_cb, at);
	text = at[TKM_A_ERRAND_DESCRIPTION];
	chain = at[TKM_A_ERRAND_CHAIN];
	if (!at[TKM_A_ERRAND_ID] ||
	    mnl_attr_validate(at[TKM_A_ERRAND_ID], MNL_TYPE_U64) < 0 ||
	    !is_u32(at[TKM_A_ERRAND_KIND]) || !is_u32(at[TKM_A_ERRAND_OWNER]) ||
	    !is_u32(at[TKM_A_ERRAND_SIDE]) || !text ||
	    mnl_attr_validate(text, MNL_TYPE_NUL_STRING) < 0 ||
	    mnl_attr_get_payload_len(text) > sizeof(e->name.description))
		return -EBADMSG;
	record = e->audit;
	*e = (struct errand){ .audit = record };
	e->id = mnl_attr_get_u64(at[TKM_A_ERRAND_ID]);
	e->kind = mnl_attr_get_u32(at[TKM_A_ERRAND_KIND]);
	e->name.owner = mnl_attr_get_u32(at[TKM_A_ERRAND_OWNER]);
	e->name.side = mnl_attr_get_u32(at[TKM_A_ERRAND_SIDE]);
	strcpy(e->name.description, mnl_attr_get_str(text));
	if (chain) {
		e->der = mnl_attr_get_payload(chain);
		e->len = mnl_attr_get_payload_len(chain);
	}
	e->state = TKM_STATE_ACTIVE;
	if (is_u32(at[TKM_A_ERRAND_STATE]))
		e->state = mnl_attr_get_u32(at[TKM_A_ERRAND_STATE]);
	if (is_u32(at[TKM_A_ERRAND_CLASS]))
		e->class = mnl_attr_get_u32(at[TKM_A_ERRAND_CLASS]);
	if (is_u32(at[TKM_A_ERRAND_DEADLINE])) {
		e->waited_for = true;
		e->deadline = mnl_attr_get_u32(at[TKM_A_ERRAND_DEADLINE]);
	}
	return e->kind == TKM_ERRAND_AUDIT ?
		       read_audit(at[TKM_A_ERRAND_AUDIT], e, record) : 0;
}

int nl_accept(struct errand *errand)
{
	const struct nlmsghdr *reply;
	int error;

	reply = ask(begin(family, TKM_CMD_ACCEPT, 0), &error);
	if (!reply)
		return error ? error : -EIO;
	return read_errand(reply, errand);
}

int nl_done(uint64_t id, int status, const struct chain *chain,
	    enum tkm_state state)
{
	struct nlmsghdr *msg = begin(family, TKM_CMD_DONE, NLM_F_ACK);
	int error;

	mnl_attr_put_u64(msg, TKM_A_ERRAND_ID, id);
	mnl_attr_put_u32(msg, TKM_A_ERRAND_STATUS, status);
	if (chain)
		mnl_attr_put(msg, TKM_A_ERRAND_CHAIN, chain->len, chain->der);
	if (state)
		mnl_attr_put_u32(msg, TKM_A_ERRAND_STATE, state);
	ask(msg, &error);
	return error;
}

/* ---- named policies ---- */

static struct nlmsghdr *about(uint8_t cmd, const char *name)
{
	struct nlmsghdr *msg = begin(family, cmd, NLM_F_ACK);

	mnl_attr_put_strz(msg, TKM_A_POLICY_NAME, name);
	return msg;
}

int nl_policy_set(const struct policy *policy)
{
	struct nlmsghdr *msg = about(TKM_CMD_POLICY_SET, policy->name);
	int error;

	if (policy->pcrs.mask) {
		mnl_attr_put_u16(msg, TKM_A_POLICY_BANK, policy->pcrs.bank);
		mnl_attr_put_u32(msg, TKM_A_POLICY_MASK, policy->pcrs.mask);
	}
	if (policy->key[0].len)
		mnl_attr_put(msg, TKM_A_POLICY_AUTHORITY, policy->key[0].len,
			     policy->key[0].pub);
	if (policy->key[1].len)
		mnl_attr_put(msg, TKM_A_POLICY_RECOVERY, policy->key[1].len,
			     policy->key[1].pub);
	ask(msg, &error);
	return error;
}

int nl_policy_approve(const struct policy *policy)
{
	struct nlmsghdr *msg = about(TKM_CMD_POLICY_APPROVE, policy->name);
	unsigned int i;
	int error;

	for (i = 0; i < policy->n; i++)
		if (!mnl_attr_put_check(msg, sizeof(out),
					TKM_A_POLICY_APPROVAL,
					policy->approval[i].len,
					policy->approval[i].der))
			return -E2BIG;
	ask(msg, &error);
	return error;
}

int nl_policy_remove(const char *name)
{
	int error;

	ask(about(TKM_CMD_POLICY_REMOVE, name), &error);
	return error;
}
