// SPDX-License-Identifier: GPL-2.0
/*
 * Calls of the netlink family. A message is written as its attributes,
 *
 *	1=u64:5;8=u32:0;6=raw:...
 *
 * each a type and a value: u32, u64, text, flag, or raw, which takes all that is
 * left. "u64:@" is the errand that was accepted last. What is not written so is
 * sent as it is.
 *
 * The socket lives as long as the program: a worker who becomes the helper keeps
 * others waiting no longer than that.
 */
#include "kcov.h"

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/tkm_netlink.h>
#include <sys/socket.h>

static char out[2 * EXPANDED], in[65536];
static struct mnl_socket *sock;
static uint16_t family;
static uint32_t seq;
static uint64_t errand;

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

/* NULL with errno, or for an acknowledgement with 0. Others' notes are passed over. */
static const struct nlmsghdr *answer(void)
{
	const struct nlmsghdr *msg;
	const struct nlmsgerr *e;
	ssize_t n;

	for (;;) {
		n = recv(mnl_socket_get_fd(sock), in, sizeof(in), MSG_DONTWAIT);
		if (n < (ssize_t)sizeof(*msg))
			return NULL;
		msg = (const struct nlmsghdr *)in;
		if (msg->nlmsg_seq != seq)
			continue;
		if (msg->nlmsg_type != NLMSG_ERROR &&
		    msg->nlmsg_type != NLMSG_DONE)
			return msg;
		e = mnl_nlmsg_get_payload(msg);
		errno = msg->nlmsg_type == NLMSG_ERROR ? -e->error : 0;
		return NULL;
	}
}

static int family_cb(const struct nlattr *attr, void *data)
{
	(void)data;
	if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
		family = mnl_attr_get_u16(attr);
	return MNL_CB_OK;
}

static bool meet_family(void)
{
	struct nlmsghdr *msg = begin(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	const struct nlmsghdr *reply;

	mnl_attr_put_strz(msg, CTRL_ATTR_FAMILY_NAME, TKM_FAMILY_NAME);
	if (mnl_socket_sendto(sock, msg, msg->nlmsg_len) < 0)
		return false;
	reply = answer();
	if (reply)
		mnl_attr_parse(reply, sizeof(struct genlmsghdr), family_cb,
			       NULL);
	return family;
}

static bool open_socket(void)
{
	if (sock)
		return true;
	sock = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!sock)
		return false;
	if (mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    (!family && !meet_family())) {
		netlink_close();
		return false;
	}
	return true;
}

void netlink_close(void)
{
	if (sock)
		mnl_socket_close(sock);
	sock = NULL;
}

/* One attribute; where the next begins, NULL for what is none. */
static const char *put_attribute(struct nlmsghdr *msg, const char *p,
				 const char *end)
{
	char *after, text[256];
	unsigned long type = strtoul(p, &after, 0);
	size_t room = sizeof(out) - msg->nlmsg_len - 64, n;
	unsigned long long value;

	if (after == p || end - after < 5 || *after++ != '=')
		return NULL;
	if (!strncmp(after, "raw:", 4)) {
		n = end - after - 4;
		mnl_attr_put(msg, type, n < room ? n : room, after + 4);
		return end;
	}
	n = strcspn(after, ";");
	p = after + n;
	if (!strncmp(after, "flag", 4)) {
		mnl_attr_put(msg, type, 0, NULL);
	} else if (!strncmp(after, "text:", 5)) {
		snprintf(text, sizeof(text), "%.*s", (int)n - 5, after + 5);
		mnl_attr_put_strz(msg, type, text);
	} else if (!strncmp(after, "u64:", 4) || !strncmp(after, "u32:", 4)) {
		value = after[4] == '@' ? errand : strtoull(after + 4, NULL, 0);
		if (after[1] == '6')
			mnl_attr_put_u64(msg, type, value);
		else
			mnl_attr_put_u32(msg, type, value);
	} else {
		return NULL;
	}
	return *p == ';' ? p + 1 : p;
}

static int errand_cb(const struct nlattr *attr, void *data)
{
	(void)data;
	if (mnl_attr_get_type(attr) == TKM_A_ERRAND_ID &&
	    mnl_attr_get_payload_len(attr) == sizeof(errand))
		errand = mnl_attr_get_u64(attr);
	return MNL_CB_OK;
}

/**
 * netlink_call() - one message of the family
 * @what: the verb's number, and flags of the message above it
 * @text: its attributes, NUL-terminated
 * @n: their length
 *
 * Return: 0, or -1 and errno.
 */
long netlink_call(uint32_t what, const char *text, size_t n)
{
	const char *p = text, *end = text + n, *next;
	const struct nlmsghdr *reply;
	struct nlmsghdr *msg;

	if (!open_socket())
		return -1;
	msg = begin(family, what & 0xff, what >> 8 & (NLM_F_ACK | NLM_F_DUMP));
	while (p && p < end && msg->nlmsg_len < sizeof(out) / 2) {
		next = put_attribute(msg, p, end);
		if (!next) {
			memcpy(mnl_nlmsg_get_payload_tail(msg), p, end - p);
			msg->nlmsg_len += end - p;
		}
		p = next;
	}
	errno = 0;
	if (mnl_socket_sendto(sock, msg, msg->nlmsg_len) < 0)
		return -1;
	reply = answer();
	if (reply && (what & 0xff) == TKM_CMD_ACCEPT)
		mnl_attr_parse(reply, sizeof(struct genlmsghdr), errand_cb,
			       NULL);
	return errno && errno != EAGAIN ? -1 : 0;
}
