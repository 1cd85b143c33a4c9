/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/tkm.yaml */
/* YNL-GEN kernel header */
/* To regenerate run: tools/netlink */

#ifndef _LINUX_TKM_GEN_H
#define _LINUX_TKM_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/tkm_netlink.h>

extern const struct nla_policy tkm_supports_nl_policy[TKM_A_SUPPORTS_NONE + 1];

extern const struct nla_policy tkm_status_nl_policy[TKM_A_STATUS_NONE + 1];

extern const struct nla_policy tkm_register_nl_policy[TKM_A_ERRAND_DEADLINE + 1];

extern const struct nla_policy tkm_accept_nl_policy[TKM_A_ERRAND_NONE + 1];

extern const struct nla_policy tkm_done_nl_policy[TKM_A_ERRAND_STATE + 1];

extern const struct nla_policy tkm_key_show_nl_policy[TKM_A_KEY_SERIAL + 1];

extern const struct nla_policy tkm_key_set_state_nl_policy[TKM_A_KEY_STATE + 1];

extern const struct nla_policy tkm_domain_list_nl_policy[TKM_A_DOMAIN_SIDE + 1];

extern const struct nla_policy tkm_domain_lock_nl_policy[TKM_A_DOMAIN_SIDE + 1];

extern const struct nla_policy tkm_policy_set_nl_policy[TKM_A_POLICY_RECOVERY + 1];

extern const struct nla_policy tkm_policy_approve_nl_policy[TKM_A_POLICY_APPROVAL + 1];

extern const struct nla_policy tkm_policy_remove_nl_policy[TKM_A_POLICY_NAME + 1];

extern const struct nla_policy tkm_policy_list_nl_policy[TKM_A_POLICY_NAME + 1];

/* Ops table for tkm */
extern const struct genl_ops tkm_nl_ops[13];

int tkm_nl_supports_doit(struct sk_buff *skb, struct genl_info *info);
int tkm_nl_status_doit(struct sk_buff *skb, struct genl_info *info);
int tkm_nl_register_doit(struct sk_buff *skb, struct genl_info *info);
int tkm_nl_accept_doit(struct sk_buff *skb, struct genl_info *info);
int tkm_nl_done_doit(struct sk_buff *skb, struct genl_info *info);
int tkm_nl_key_show_doit(struct sk_buff *skb, struct genl_info *info);
int tkm_nl_key_show_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int tkm_nl_key_set_state_doit(struct sk_buff *skb, struct genl_info *info);
int tkm_nl_domain_list_doit(struct sk_buff *skb, struct genl_info *info);
int tkm_nl_domain_list_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int tkm_nl_domain_lock_doit(struct sk_buff *skb, struct genl_info *info);
int tkm_nl_policy_set_doit(struct sk_buff *skb, struct genl_info *info);
int tkm_nl_policy_approve_doit(struct sk_buff *skb, struct genl_info *info);
int tkm_nl_policy_remove_doit(struct sk_buff *skb, struct genl_info *info);
int tkm_nl_policy_list_doit(struct sk_buff *skb, struct genl_info *info);
int tkm_nl_policy_list_dumpit(struct sk_buff *skb, struct netlink_callback *cb);

enum {
	TKM_NLGRP_EVENTS,
};

#endif /* _LINUX_TKM_GEN_H */
