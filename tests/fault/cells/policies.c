// SPDX-License-Identifier: GPL-2.0
#include "policies.h"

#include "vm.h"

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/tkm_netlink.h>

static struct mnl_socket *sock;
static const char *files, *approved = "";
static char message[16384];

static struct nlmsghdr *begin(uint16_t type, uint8_t cmd)
{
	struct nlmsghdr *msg = mnl_nlmsg_put_header(message);
	struct genlmsghdr *genl;
	static unsigned int n;

	msg->nlmsg_type = type;
	msg->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	msg->nlmsg_seq = ++n;
	genl = mnl_nlmsg_put_extra_header(msg, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = 1;
	return msg;
}

/* Sends it, and takes everything that comes back, to the acknowledgement. */
static int ask(const struct nlmsghdr *msg, mnl_cb_t look, void *data)
{
	unsigned int n = msg->nlmsg_seq, port = mnl_socket_get_portid(sock);
	char answer[8192];
	ssize_t got;
	int ret;

	if (mnl_socket_sendto(sock, msg, msg->nlmsg_len) < 0)
		return errno;
	do {
		got = mnl_socket_recvfrom(sock, answer, sizeof(answer));
		if (got < 0)
			return errno;
		ret = mnl_cb_run(answer, got, n, port, look, data);
	} while (ret > 0);
	return ret < 0 ? errno : 0;
}

static int look_attribute(const struct nlattr *attr, void *data)
{
	if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
		*(uint16_t *)data = mnl_attr_get_u16(attr);
	return MNL_CB_OK;
}

static int look_family(const struct nlmsghdr *msg, void *data)
{
	return mnl_attr_parse(msg, sizeof(struct genlmsghdr), look_attribute,
			      data);
}

/* A number that the module gets anew each time it is loaded; 0: it is not. */
static uint16_t family(void)
{
	struct nlmsghdr *msg = begin(GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	uint16_t number = 0;

	mnl_attr_put_strz(msg, CTRL_ATTR_FAMILY_NAME, TKM_FAMILY_NAME);
	return ask(msg, look_family, &number) ? 0 : number;
}

static struct nlmsghdr *begin_policy(uint8_t cmd)
{
	struct nlmsghdr *msg = begin(family(), cmd);

	mnl_attr_put_strz(msg, TKM_A_POLICY_NAME, POLICY);
	return msg;
}

char *policies_file(const char *name, size_t *n)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", files, name);
	return read_file(path, n);
}

static void put_file(struct nlmsghdr *msg, uint16_t type, const char *name)
{
	size_t n;
	char *bytes = policies_file(name, &n);

	mnl_attr_put(msg, type, n, bytes);
	free(bytes);
}

void policies_open(const char *folder)
{
	files = folder;
	sock = mnl_socket_open(NETLINK_GENERIC);
	if (!sock || mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) < 0)
		die("netlink: %s", strerror(errno));
}

int policies_say(void)
{
	struct nlmsghdr *msg = begin_policy(TKM_CMD_POLICY_SET);

	put_file(msg, TKM_A_POLICY_AUTHORITY, "key");
	put_file(msg, TKM_A_POLICY_RECOVERY, "recovery");
	return ask(msg, NULL, NULL) ?: policies_approve(approved);
}

int policies_approve(const char *names)
{
	struct nlmsghdr *msg = begin_policy(TKM_CMD_POLICY_APPROVE);
	char list[256], *name, *save;

	approved = names;
	snprintf(list, sizeof(list), "%s", names);
	for (name = strtok_r(list, " ", &save); name;
	     name = strtok_r(NULL, " ", &save))
		put_file(msg, TKM_A_POLICY_APPROVAL, name);
	return ask(msg, NULL, NULL);
}
