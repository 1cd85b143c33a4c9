// SPDX-License-Identifier: GPL-2.0
/*
 * Makes the TPM driver impatient, for tests: it waits for the answer to a
 * command for most of a second, not for two minutes. What it does then is
 * the driver's own.
 */
#include <linux/jiffies.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/ptrace.h>

static int answer(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	regs_set_return_value(regs, msecs_to_jiffies(800));
	return 0;
}

static struct kretprobe probe = {
	.kp.symbol_name = "tpm2_calc_ordinal_duration",
	.handler = answer,
	.maxactive = 8,
};

static int __init hasten_init(void)
{
	return register_kretprobe(&probe);
}
module_init(hasten_init);

static void __exit hasten_exit(void)
{
	unregister_kretprobe(&probe);
}
module_exit(hasten_exit);

MODULE_DESCRIPTION("An impatient TPM driver, for tests");
MODULE_LICENSE("GPL");
