// SPDX-License-Identifier: GPL-2.0
/* tkm: keys that are made, kept and used under a TPM 2.0. Table of contents. */
#define pr_fmt(fmt) "tkm: " fmt

#include <linux/module.h>

#include "tkm_internal.h"

static int __init tkm_init(void)
{
	int ret;

	ret = tkm_session_init();
	if (ret)
		return ret;
	ret = tkm_bus_init();
	if (ret)
		goto out_session;
	ret = tkm_publish_init();
	if (ret)
		goto out_bus;
	ret = tkm_netlink_init();
	if (ret)
		goto out_publish;
	ret = tkm_domain_init();
	if (ret)
		goto out_netlink;
	/* Last: from here on anyone can make keys. */
	ret = register_key_type(&tkm_domain_key_type);
	if (ret)
		goto out_domain;
	ret = register_key_type(&tkm_move_key_type);
	if (ret)
		goto out_domain_type;
	ret = register_key_type(&tkm_key_type);
	if (ret)
		goto out_move_type;
	pr_info("version " TKM_VERSION "\n");
	return 0;

out_move_type:
	unregister_key_type(&tkm_move_key_type);
out_domain_type:
	unregister_key_type(&tkm_domain_key_type);
out_domain:
	tkm_domain_exit();
out_netlink:
	tkm_netlink_exit();
out_publish:
	tkm_publish_exit();
out_bus:
	tkm_bus_exit();
out_session:
	tkm_session_exit();
	return ret;
}

/*
 * ORDER: every key holds a reference on the module, so there is none here; the
 * key type goes first all the same, which waits for whoever is in it; then whom
 * that could ask, then what its last keys queued, then what that queued.
 */
static void __exit tkm_exit(void)
{
	unregister_key_type(&tkm_domain_key_type);
	unregister_key_type(&tkm_move_key_type);
	unregister_key_type(&tkm_key_type);
	tkm_netlink_exit();
	tkm_domain_exit();
	tkm_life_exit();
	tkm_audit_exit();
	tkm_publish_exit();
	tkm_bus_exit();
	/* Payloads that were freed by RCU still put their storage keys. */
	rcu_barrier();
	tkm_hierarchy_exit();
	tkm_policies_exit();
	tkm_session_exit();
}

module_init(tkm_init);
module_exit(tkm_exit);

MODULE_DESCRIPTION("Keys under a TPM 2.0 that no application holds");
MODULE_AUTHOR("The tkm authors");
MODULE_VERSION(TKM_VERSION);
MODULE_LICENSE("GPL");
