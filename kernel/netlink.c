// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family: Documentation/netlink/tkm.yaml says what each verb
 * is for, who may use it and how it fails. Policies and the table of verbs are
 * generated from it (netlink_gen.c).
 *
 * No verb waits for the TPM, the helper or a key: each runs with a lock held that
 * every registration of a family in the system waits for.
 *
 * The helper is known by its socket, because an address is free again, for
 * anybody, as soon as the socket is closed.
 */
#include <linux/capability.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "tkm_internal.h"
#include "netlink.h"
#include "netlink_gen.h"

/* Milliseconds. */
#define DEADLINE_DEFAULT	5000
#define DEADLINE_MIN		100

static struct genl_family family;

static const void *socket_of(const struct sk_buff *skb)
{
	return NETLINK_CB(skb).sk;
}

/* A reply of one message, begun; the caller fills it. NULL without memory. */
static struct sk_buff *reply_new(const struct genl_info *info, size_t size,
				 u8 cmd, void **header)
{
	struct sk_buff *reply = genlmsg_new(size, GFP_KERNEL);

	if (!reply)
		return NULL;
	*header = genlmsg_put(reply, info->snd_portid, info->snd_seq, &family,
			      0, cmd);
	if (!*header) {
		nlmsg_free(reply);
		return NULL;
	}
	return reply;
}

static int reply_send(struct genl_info *info, struct sk_buff *reply,
		      void *header, int ret)
{
	if (ret) {
		nlmsg_free(reply);
		return ret;
	}
	genlmsg_end(reply, header);
	return genlmsg_reply(reply, info);
}

/* ---- for anyone ---- */

int tkm_nl_supports_doit(struct sk_buff *skb, struct genl_info *info)
{
	const u32 features = TKM_FEATURE_RSA | TKM_FEATURE_EC |
			     TKM_FEATURE_CIPHER | TKM_FEATURE_PUBLISH |
			     TKM_FEATURE_HELPER;
	struct sk_buff *reply;
	void *header;
	int ret;

	reply = reply_new(info, NLMSG_DEFAULT_SIZE, TKM_CMD_SUPPORTS, &header);
	if (!reply)
		return -ENOMEM;
	ret = nla_put_string(reply, TKM_A_SUPPORTS_VERSION, TKM_VERSION);
	if (!ret)
		ret = nla_put_u32(reply, TKM_A_SUPPORTS_FEATURES, features);
	return reply_send(info, reply, header, ret);
}

int tkm_nl_status_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply;
	void *header;
	int ret;

	reply = reply_new(info, NLMSG_DEFAULT_SIZE, TKM_CMD_STATUS, &header);
	if (!reply)
		return -ENOMEM;
	ret = nla_put_u32(reply, TKM_A_STATUS_KEYS, tkm_payload_count());
	if (!ret && tkm_helper_is_there())
		ret = nla_put_flag(reply, TKM_A_STATUS_HELPER);
	return reply_send(info, reply, header, ret);
}

/* ---- for the helper ---- */

int tkm_nl_register_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[TKM_A_ERRAND_DEADLINE];
	u32 deadline = attr ? nla_get_u32(attr) : DEADLINE_DEFAULT;

	/* Who opened the socket, too: it may have been passed on. */
	if (!netlink_capable(skb, CAP_SYS_ADMIN))
		return -EPERM;
	if (deadline < DEADLINE_MIN || deadline > TKM_DEADLINE_MAX) {
		NL_SET_BAD_ATTR(info->extack, attr);
		return -EINVAL;
	}
	return tkm_helper_register(socket_of(skb), info->snd_portid, deadline);
}

static unsigned int left_ms(const struct tkm_errand *errand)
{
	unsigned long now = jiffies;

	return time_before(now, errand->until) ?
		       jiffies_to_msecs(errand->until - now) : 0;
}

static int put_errand(struct sk_buff *reply, const struct tkm_errand *errand)
{
	int ret;

	ret = nla_put_u64_64bit(reply, TKM_A_ERRAND_ID, errand->id,
				TKM_A_ERRAND_PAD);
	ret = ret ?: nla_put_u32(reply, TKM_A_ERRAND_KIND, errand->kind);
	ret = ret ?: nla_put_u32(reply, TKM_A_ERRAND_OWNER, errand->owner);
	ret = ret ?: nla_put_u32(reply, TKM_A_ERRAND_SIDE, errand->side);
	ret = ret ?: nla_put_string(reply, TKM_A_ERRAND_DESCRIPTION,
				    errand->description);
	if (errand->chain)
		ret = ret ?: nla_put(reply, TKM_A_ERRAND_CHAIN,
				     errand->chain_len, errand->chain);
	if (errand->kind != TKM_ERRAND_DROP)
		ret = ret ?: nla_put_u32(reply, TKM_A_ERRAND_DEADLINE,
					 left_ms(errand));
	return ret;
}

int tkm_nl_accept_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct tkm_errand *errand = tkm_helper_accept(socket_of(skb));
	struct sk_buff *reply;
	void *header;
	int ret;

	if (IS_ERR(errand))
		return PTR_ERR(errand);
	reply = reply_new(info, NLMSG_DEFAULT_SIZE + errand->chain_len,
			  TKM_CMD_ACCEPT, &header);
	ret = reply ? reply_send(info, reply, header, put_errand(reply, errand)) :
		      -ENOMEM;
	tkm_helper_accepted(errand, !ret);
	tkm_errand_put(errand);
	return ret;
}

int tkm_nl_done_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *chain = info->attrs[TKM_A_ERRAND_CHAIN];
	size_t len = chain ? nla_len(chain) : 0;
	u8 *copy = NULL;
	int ret;

	if (GENL_REQ_ATTR_CHECK(info, TKM_A_ERRAND_ID) ||
	    GENL_REQ_ATTR_CHECK(info, TKM_A_ERRAND_STATUS))
		return -EINVAL;
	if (len) {
		copy = nla_memdup(chain, GFP_KERNEL);
		if (!copy)
			return -ENOMEM;
	}
	ret = tkm_helper_done(socket_of(skb),
			      nla_get_u64(info->attrs[TKM_A_ERRAND_ID]),
			      nla_get_u32(info->attrs[TKM_A_ERRAND_STATUS]),
			      copy, len);
	if (ret == -ENOENT)
		NL_SET_ERR_MSG(info->extack, "nobody waits for that any more");
	else if (ret == -EINVAL)
		NL_SET_ERR_MSG(info->extack,
			       "a chain belongs to a find or a branch that succeeded, and to nothing else");
	if (ret)
		kfree(copy);
	return ret;
}

/**
 * tkm_netlink_ready() - tell the helper that there is something to accept
 * @portid: its address
 *
 * Sleeps for memory, and does not wait. What gets lost is no harm: the helper
 * has been told before, or looks again.
 */
void tkm_netlink_ready(u32 portid)
{
	struct sk_buff *skb = genlmsg_new(0, GFP_KERNEL);
	void *header;

	if (!skb)
		return;
	header = genlmsg_put(skb, 0, 0, &family, 0, TKM_CMD_READY);
	if (!header) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, header);
	genlmsg_unicast(&init_net, skb, portid);
}

static int socket_closed(struct notifier_block *block, unsigned long event,
			 void *data)
{
	const struct netlink_notify *notify = data;

	if (event == NETLINK_URELEASE &&
	    notify->protocol == NETLINK_GENERIC &&
	    net_eq(notify->net, &init_net))
		tkm_helper_gone(notify->portid);
	return NOTIFY_DONE;
}

static struct notifier_block closing = { .notifier_call = socket_closed };

static struct genl_family family __ro_after_init = {
	.name = TKM_FAMILY_NAME,
	.version = TKM_FAMILY_VERSION,
	.module = THIS_MODULE,
	.parallel_ops = true,
	.ops = tkm_nl_ops,
	.n_ops = ARRAY_SIZE(tkm_nl_ops),
};

int __init tkm_netlink_init(void)
{
	int ret;

	BUILD_BUG_ON(TKM_DESCRIPTION_MAX != TKM_DESC_MAX);
	BUILD_BUG_ON((int)TKM_DOMAIN_SIDE_INIT != TKM_SIDE_INIT ||
		     (int)TKM_DOMAIN_SIDE_OTHER != TKM_SIDE_OTHER);
	ret = netlink_register_notifier(&closing);
	if (ret)
		return ret;
	ret = genl_register_family(&family);
	if (ret)
		netlink_unregister_notifier(&closing);
	return ret;
}

void tkm_netlink_exit(void)
{
	genl_unregister_family(&family);
	netlink_unregister_notifier(&closing);
	/* There is no helper any more, even if its socket lives on. */
	tkm_helper_exit();
}
