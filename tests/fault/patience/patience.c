// SPDX-License-Identifier: GPL-2.0
/*
 * Sets how long the TPM driver waits for an answer, for tests: a moment where
 * silence is tested, which would take two minutes; long where it is not, for on
 * a busy machine even the 750 ms of a GetCapability may be over too soon. What
 * the driver does then is its own.
 */
#include <linux/jiffies.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/ptrace.h>

static unsigned int ms = 30000;
module_param(ms, uint, 0644);
MODULE_PARM_DESC(ms, "patience, in milliseconds");

static int answer(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	regs_set_return_value(regs, msecs_to_jiffies(ms));
	return 0;
}

static struct kretprobe probe = {
	.kp.symbol_name = "tpm2_calc_ordinal_duration",
	.handler = answer,
	.maxactive = 8,
};

static int __init patience_init(void)
{
	return register_kretprobe(&probe);
}
module_init(patience_init);

static void __exit patience_exit(void)
{
	unregister_kretprobe(&probe);
}
module_exit(patience_exit);

MODULE_DESCRIPTION("Patience of the TPM driver, for tests");
MODULE_LICENSE("GPL");
