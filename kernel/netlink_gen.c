// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/tkm.yaml */
/* YNL-GEN kernel source */
/* To regenerate run: tools/netlink */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink_gen.h"

#include <uapi/linux/tkm_netlink.h>

/* TKM_CMD_SUPPORTS - do */
const struct nla_policy tkm_supports_nl_policy[TKM_A_SUPPORTS_NONE + 1] = {
};

/* TKM_CMD_STATUS - do */
const struct nla_policy tkm_status_nl_policy[TKM_A_STATUS_NONE + 1] = {
};

/* TKM_CMD_REGISTER - do */
const struct nla_policy tkm_register_nl_policy[TKM_A_ERRAND_DEADLINE + 1] = {
	[TKM_A_ERRAND_DEADLINE] = { .type = NLA_U32, },
};

/* TKM_CMD_ACCEPT - do */
const struct nla_policy tkm_accept_nl_policy[TKM_A_ERRAND_NONE + 1] = {
};

/* TKM_CMD_DONE - do */
const struct nla_policy tkm_done_nl_policy[TKM_A_ERRAND_STATE + 1] = {
	[TKM_A_ERRAND_ID] = { .type = NLA_U64, },
	[TKM_A_ERRAND_STATUS] = NLA_POLICY_MAX(NLA_U32, 4095),
	[TKM_A_ERRAND_CHAIN] = NLA_POLICY_MAX_LEN(TKM_CHAIN_MAX),
	[TKM_A_ERRAND_STATE] = NLA_POLICY_RANGE(NLA_U32, 1, 6),
};

/* TKM_CMD_KEY_SHOW - do */
const struct nla_policy tkm_key_show_nl_policy[TKM_A_KEY_SERIAL + 1] = {
	[TKM_A_KEY_ALL] = { .type = NLA_FLAG, },
	[TKM_A_KEY_SERIAL] = { .type = NLA_U32, },
};

/* TKM_CMD_KEY_SET_STATE - do */
const struct nla_policy tkm_key_set_state_nl_policy[TKM_A_KEY_STATE + 1] = {
	[TKM_A_KEY_SERIAL] = { .type = NLA_U32, },
	[TKM_A_KEY_OWNER] = { .type = NLA_U32, },
	[TKM_A_KEY_SIDE] = NLA_POLICY_MAX(NLA_U32, 1),
	[TKM_A_KEY_DESCRIPTION] = { .type = NLA_NUL_STRING, .len = TKM_DESCRIPTION_MAX, },
	[TKM_A_KEY_STATE] = NLA_POLICY_RANGE(NLA_U32, 1, 6),
};

/* TKM_CMD_DOMAIN_LIST - do */
const struct nla_policy tkm_domain_list_nl_policy[TKM_A_DOMAIN_SIDE + 1] = {
	[TKM_A_DOMAIN_ALL] = { .type = NLA_FLAG, },
	[TKM_A_DOMAIN_OWNER] = { .type = NLA_U32, },
	[TKM_A_DOMAIN_SIDE] = NLA_POLICY_MAX(NLA_U32, 1),
};

/* TKM_CMD_DOMAIN_LOCK - do */
const struct nla_policy tkm_domain_lock_nl_policy[TKM_A_DOMAIN_SIDE + 1] = {
	[TKM_A_DOMAIN_OWNER] = { .type = NLA_U32, },
	[TKM_A_DOMAIN_SIDE] = NLA_POLICY_MAX(NLA_U32, 1),
};

/* TKM_CMD_POLICY_SET - do */
const struct nla_policy tkm_policy_set_nl_policy[TKM_A_POLICY_RECOVERY + 1] = {
	[TKM_A_POLICY_NAME] = { .type = NLA_NUL_STRING, .len = TKM_POLICY_NAME_MAX, },
	[TKM_A_POLICY_BANK] = { .type = NLA_U16, },
	[TKM_A_POLICY_MASK] = { .type = NLA_U32, },
	[TKM_A_POLICY_AUTHORITY] = NLA_POLICY_MAX_LEN(TKM_POLICY_PUBLIC_MAX),
	[TKM_A_POLICY_RECOVERY] = NLA_POLICY_MAX_LEN(TKM_POLICY_PUBLIC_MAX),
};

/* TKM_CMD_POLICY_APPROVE - do */
const struct nla_policy tkm_policy_approve_nl_policy[TKM_A_POLICY_APPROVAL + 1] = {
	[TKM_A_POLICY_NAME] = { .type = NLA_NUL_STRING, .len = TKM_POLICY_NAME_MAX, },
	[TKM_A_POLICY_APPROVAL] = NLA_POLICY_MAX_LEN(TKM_APPROVAL_MAX),
};

/* TKM_CMD_POLICY_REMOVE - do */
const struct nla_policy tkm_policy_remove_nl_policy[TKM_A_POLICY_NAME + 1] = {
	[TKM_A_POLICY_NAME] = { .type = NLA_NUL_STRING, .len = TKM_POLICY_NAME_MAX, },
};

/* TKM_CMD_POLICY_LIST - do */
const struct nla_policy tkm_policy_list_nl_policy[TKM_A_POLICY_NAME + 1] = {
	[TKM_A_POLICY_NAME] = { .type = NLA_NUL_STRING, .len = TKM_POLICY_NAME_MAX, },
};

/* Ops table for tkm */
const struct genl_ops tkm_nl_ops[13] = {
	{
		.cmd		= TKM_CMD_SUPPORTS,
		.doit		= tkm_nl_supports_doit,
		.policy		= tkm_supports_nl_policy,
		.maxattr	= TKM_A_SUPPORTS_NONE,
	},
	{
		.cmd		= TKM_CMD_STATUS,
		.doit		= tkm_nl_status_doit,
		.policy		= tkm_status_nl_policy,
		.maxattr	= TKM_A_STATUS_NONE,
	},
	{
		.cmd		= TKM_CMD_REGISTER,
		.doit		= tkm_nl_register_doit,
		.policy		= tkm_register_nl_policy,
		.maxattr	= TKM_A_ERRAND_DEADLINE,
	},
	{
		.cmd		= TKM_CMD_ACCEPT,
		.doit		= tkm_nl_accept_doit,
		.policy		= tkm_accept_nl_policy,
		.maxattr	= TKM_A_ERRAND_NONE,
	},
	{
		.cmd		= TKM_CMD_DONE,
		.doit		= tkm_nl_done_doit,
		.policy		= tkm_done_nl_policy,
		.maxattr	= TKM_A_ERRAND_STATE,
	},
	{
		.cmd		= TKM_CMD_KEY_SHOW,
		.doit		= tkm_nl_key_show_doit,
		.dumpit		= tkm_nl_key_show_dumpit,
		.policy		= tkm_key_show_nl_policy,
		.maxattr	= TKM_A_KEY_SERIAL,
	},
	{
		.cmd		= TKM_CMD_KEY_SET_STATE,
		.doit		= tkm_nl_key_set_state_doit,
		.policy		= tkm_key_set_state_nl_policy,
		.maxattr	= TKM_A_KEY_STATE,
	},
	{
		.cmd		= TKM_CMD_DOMAIN_LIST,
		.doit		= tkm_nl_domain_list_doit,
		.dumpit		= tkm_nl_domain_list_dumpit,
		.policy		= tkm_domain_list_nl_policy,
		.maxattr	= TKM_A_DOMAIN_SIDE,
	},
	{
		.cmd		= TKM_CMD_DOMAIN_LOCK,
		.doit		= tkm_nl_domain_lock_doit,
		.policy		= tkm_domain_lock_nl_policy,
		.maxattr	= TKM_A_DOMAIN_SIDE,
	},
	{
		.cmd		= TKM_CMD_POLICY_SET,
		.doit		= tkm_nl_policy_set_doit,
		.policy		= tkm_policy_set_nl_policy,
		.maxattr	= TKM_A_POLICY_RECOVERY,
	},
	{
		.cmd		= TKM_CMD_POLICY_APPROVE,
		.doit		= tkm_nl_policy_approve_doit,
		.policy		= tkm_policy_approve_nl_policy,
		.maxattr	= TKM_A_POLICY_APPROVAL,
	},
	{
		.cmd		= TKM_CMD_POLICY_REMOVE,
		.doit		= tkm_nl_policy_remove_doit,
		.policy		= tkm_policy_remove_nl_policy,
		.maxattr	= TKM_A_POLICY_NAME,
	},
	{
		.cmd		= TKM_CMD_POLICY_LIST,
		.doit		= tkm_nl_policy_list_doit,
		.dumpit		= tkm_nl_policy_list_dumpit,
		.policy		= tkm_policy_list_nl_policy,
		.maxattr	= TKM_A_POLICY_NAME,
	},
};
