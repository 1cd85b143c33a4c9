// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The module over generic netlink, as Documentation/netlink/tkm.yaml has it.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/tkm_netlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libtkm.h>

/* A chain and all that goes with it; and what a dump sends at once. */
#define BUFFER	32768
/* No verb has more attributes in an answer. */
#define ATTRS	64

struct libtkm_nl {
	struct mnl_socket *sock;
	uint16_t family;
	unsigned int seq;
	char text[256];
	char out[2 * BUFFER];	/* sixteen approvals, at most */
	char in[BUFFER];
};

typedef int (*answer_fn)(const struct libtkm_nl_attr *attrs, size_t n,
			 void *data);

/* ---- messages ------------------------------------------------------------- */

static struct nlmsghdr *begin(struct libtkm_nl *nl, uint16_t type,
			      uint8_t command, uint16_t flags)
{
	struct nlmsghdr *msg = mnl_nlmsg_put_header(nl->out);
	struct genlmsghdr *genl;

	msg->nlmsg_type = type;
	msg->nlmsg_flags = NLM_F_REQUEST | flags;
	msg->nlmsg_seq = ++nl->seq;
	genl = mnl_nlmsg_put_extra_header(msg, sizeof(*genl));
	genl->cmd = command;
	genl->version = TKM_FAMILY_VERSION;
	return msg;
}

struct attrs {
	struct libtkm_nl_attr at[ATTRS];
	size_t n;
};

static int collect(const struct nlattr *attr, void *data)
{
	struct attrs *attrs = data;

	if (attrs->n < ATTRS)
		attrs->at[attrs->n++] = (struct libtkm_nl_attr){
			.type = mnl_attr_get_type(attr),
			.data = mnl_attr_get_payload(attr),
			.len = mnl_attr_get_payload_len(attr),
		};
	return MNL_CB_OK;
}

static int text_cb(const struct nlattr *attr, void *data)
{
	struct libtkm_nl *nl = data;

	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
	    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		snprintf(nl->text, sizeof(nl->text), "%s",
			 mnl_attr_get_str(attr));
	return MNL_CB_OK;
}

/* What the kernel says beside the errno, behind the head of what was asked. */
static void read_text(struct libtkm_nl *nl, const struct nlmsghdr *msg)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(msg);
	unsigned int offset = sizeof(*e);

	if (!(msg->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(msg->nlmsg_flags & NLM_F_CAPPED))
		offset += e->msg.nlmsg_len - sizeof(e->msg);
	if (offset + NLMSG_HDRLEN < msg->nlmsg_len)
		mnl_attr_parse(msg, offset, text_cb, nl);
}

/*
 * One message that came. 0: it goes on; 1: that was all; else an errno, or what
 * @answer said, in *result.
 */
static bool ended(struct libtkm_nl *nl, const struct nlmsghdr *msg,
		  answer_fn answer, void *data, int *result)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(msg);
	struct attrs attrs = { .n = 0 };

	switch (msg->nlmsg_type) {
	case NLMSG_NOOP:
		return false;
	case NLMSG_ERROR:
		if (mnl_nlmsg_get_payload_len(msg) < sizeof(*e)) {
			*result = -EPROTO;
			return true;
		}
		if (e->error)
			read_text(nl, msg);
		if (!*result)
			*result = e->error;
		return true;
	case NLMSG_DONE:
		if (!*result && mnl_nlmsg_get_payload_len(msg) >= sizeof(int))
			*result = *(int *)mnl_nlmsg_get_payload(msg);
		return true;
	default:
		mnl_attr_parse(msg, sizeof(struct genlmsghdr), collect, &attrs);
		if (answer && !*result)
			*result = answer(attrs.at, attrs.n, data);
		return false;
	}
}

/* Until the end of the answer to @seq; others' messages are thrown away. */
static int receive(struct libtkm_nl *nl, unsigned int seq, answer_fn answer,
		   void *data)
{
	const struct nlmsghdr *msg;
	int len, result = 0;
	ssize_t n;

	for (;;) {
		n = mnl_socket_recvfrom(nl->sock, nl->in, sizeof(nl->in));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		len = (int)n;
		msg = (const struct nlmsghdr *)nl->in;
		for (; mnl_nlmsg_ok(msg, len); msg = mnl_nlmsg_next(msg, &len))
			if (msg->nlmsg_seq == seq &&
			    ended(nl, msg, answer, data, &result))
				return result;
	}
}

static int ask(struct libtkm_nl *nl, const struct nlmsghdr *msg,
	       answer_fn answer, void *data)
{
	nl->text[0] = 0;
	/*
	 * As a write: who opened the socket and who sends are both looked at,
	 * then; with an address the kernel asks only who sends.
	 */
	if (send(mnl_socket_get_fd(nl->sock), msg, msg->nlmsg_len, 0) < 0)
		return -errno;
	return receive(nl, msg->nlmsg_seq, answer, data);
}

int libtkm_nl_request(struct libtkm_nl *nl, uint8_t command,
		      const struct libtkm_nl_attr *attrs, size_t n, bool dump,
		      answer_fn answer, void *data)
{
	struct nlmsghdr *msg = begin(nl, nl->family, command,
				     dump ? NLM_F_DUMP : NLM_F_ACK);
	size_t i;

	for (i = 0; i < n; i++)
		if (!mnl_attr_put_check(msg, sizeof(nl->out), attrs[i].type,
					attrs[i].len, attrs[i].data))
			return -EMSGSIZE;
	return ask(nl, msg, answer, data);
}

/* ---- the socket ------------------------------------------------------------ */

static int family_cb(const struct libtkm_nl_attr *attrs, size_t n, void *data)
{
	const struct libtkm_nl_attr *id =
		libtkm_nl_find(attrs, n, CTRL_ATTR_FAMILY_ID);

	if (!id || id->len != sizeof(uint16_t))
		return -EPROTO;
	memcpy(data, id->data, id->len);
	return 0;
}

/* The kernel would load a module of that name; an older one need not be asked. */
static int find_family(struct libtkm_nl *nl)
{
	struct nlmsghdr *msg = begin(nl, GENL_ID_CTRL, CTRL_CMD_GETFAMILY,
				     NLM_F_ACK);
	int ret;

	mnl_attr_put_strz(msg, CTRL_ATTR_FAMILY_NAME, TKM_FAMILY_NAME);
	ret = ask(nl, msg, family_cb, &nl->family);
	return ret == -ENOENT ? -ENODEV : ret;
}

int libtkm_nl_open(struct libtkm_nl **out)
{
	struct libtkm_nl *nl = calloc(1, sizeof(*nl));
	int one = 1, ret;

	*out = NULL;
	if (!nl)
		return -ENOMEM;
	nl->sock = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!nl->sock || mnl_socket_bind(nl->sock, 0, MNL_SOCKET_AUTOPID) < 0) {
		ret = -errno;
		libtkm_nl_close(nl);
		return ret;
	}
	/* An old kernel without them says less, and no more. */
	mnl_socket_setsockopt(nl->sock, NETLINK_EXT_ACK, &one, sizeof(one));
	mnl_socket_setsockopt(nl->sock, NETLINK_CAP_ACK, &one, sizeof(one));
	ret = find_family(nl);
	if (ret) {
		libtkm_nl_close(nl);
		return ret;
	}
	*out = nl;
	return 0;
}

void libtkm_nl_close(struct libtkm_nl *nl)
{
	if (!nl)
		return;
	if (nl->sock)
		mnl_socket_close(nl->sock);
	free(nl);
}

int libtkm_nl_fd(const struct libtkm_nl *nl)
{
	return mnl_socket_get_fd(nl->sock);
}

const char *libtkm_nl_text(const struct libtkm_nl *nl)
{
	return nl->text;
}

bool libtkm_nl_drain(struct libtkm_nl *nl)
{
	bool any = false;

	while (recv(libtkm_nl_fd(nl), nl->in, sizeof(nl->in), MSG_DONTWAIT) > 0)
		any = true;
	return any;
}

/* ---- attributes -------------------------------------------------------------- */

const struct libtkm_nl_attr *
libtkm_nl_find(const struct libtkm_nl_attr *attrs, size_t n, uint16_t type)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (attrs[i].type == type)
			return &attrs[i];
	return NULL;
}

uint32_t libtkm_nl_u32(const struct libtkm_nl_attr *attr)
{
	uint32_t v = 0;

	if (attr && attr->len == sizeof(v))
		memcpy(&v, attr->data, sizeof(v));
	return v;
}

uint64_t libtkm_nl_u64(const struct libtkm_nl_attr *attr)
{
	uint64_t v = 0;

	if (attr && attr->len == sizeof(v))
		memcpy(&v, attr->data, sizeof(v));
	return v;
}

const char *libtkm_nl_string(const struct libtkm_nl_attr *attr)
{
	if (!attr || !attr->len || memchr(attr->data, 0, attr->len) == NULL)
		return "";
	return attr->data;
}

/* ---- verbs -------------------------------------------------------------------- */

static int supports_cb(const struct libtkm_nl_attr *attrs, size_t n,
		       void *data)
{
	struct libtkm_supports *supports = data;

	snprintf(supports->version, sizeof(supports->version), "%s",
		 libtkm_nl_string(libtkm_nl_find(attrs, n,
						 TKM_A_SUPPORTS_VERSION)));
	supports->features = libtkm_nl_u32(
		libtkm_nl_find(attrs, n, TKM_A_SUPPORTS_FEATURES));
	return 0;
}

int libtkm_nl_supports(struct libtkm_nl *nl, struct libtkm_supports *supports)
{
	memset(supports, 0, sizeof(*supports));
	return libtkm_nl_request(nl, TKM_CMD_SUPPORTS, NULL, 0, false,
				 supports_cb, supports);
}

static int status_cb(const struct libtkm_nl_attr *attrs, size_t n, void *data)
{
	struct libtkm_status *status = data;

	status->keys = libtkm_nl_u32(libtkm_nl_find(attrs, n,
						    TKM_A_STATUS_KEYS));
	status->helper = libtkm_nl_find(attrs, n, TKM_A_STATUS_HELPER);
	status->tries = (struct libtkm_tries){
		.wrong = libtkm_nl_u32(libtkm_nl_find(attrs, n,
						      TKM_A_STATUS_WRONG)),
		.left = libtkm_nl_u32(libtkm_nl_find(attrs, n,
						     TKM_A_STATUS_TRIES)),
		.wait = libtkm_nl_u32(libtkm_nl_find(attrs, n,
						     TKM_A_STATUS_WAIT)),
		.any = libtkm_nl_find(attrs, n, TKM_A_STATUS_WRONG),
	};
	return 0;
}

int libtkm_nl_status(struct libtkm_nl *nl, struct libtkm_status *status)
{
	memset(status, 0, sizeof(*status));
	return libtkm_nl_request(nl, TKM_CMD_STATUS, NULL, 0, false, status_cb,
				 status);
}
