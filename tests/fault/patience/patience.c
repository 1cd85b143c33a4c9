// SPDX-License-Identifier: GPL-2.0
/*
 * Sets how long the TPM driver waits for an answer, for tests: long, for on a
 * busy machine even the 750 ms of a GetCapability may be over too soon; but not
 * with the commands that are not to be answered, whose silence would else take
 * minutes to test. What the driver does then is its own.
 */
#include <linux/jiffies.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/ptrace.h>

static unsigned int ms = 30000;
module_param(ms, uint, 0644);
MODULE_PARM_DESC(ms, "patience, in milliseconds");

static unsigned int hurry_ms = 300;
module_param(hurry_ms, uint, 0644);
MODULE_PARM_DESC(hurry_ms, "patience with the commands of hurry");

static unsigned int hurry[8], hurry_n;
module_param_array(hurry, uint, &hurry_n, 0644);
MODULE_PARM_DESC(hurry, "command codes");

static bool in_hurry(unsigned int code)
{
	unsigned int i;

	for (i = 0; i < hurry_n; i++)
		if (hurry[i] == code)
			return true;
	return false;
}

/* tpm2_calc_ordinal_duration(chip, ordinal) */
static int question(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	*(unsigned int *)instance->data = regs_get_kernel_argument(regs, 1);
	return 0;
}

static int answer(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	unsigned int code = *(unsigned int *)instance->data;

	regs_set_return_value(regs,
			      msecs_to_jiffies(in_hurry(code) ? hurry_ms : ms));
	return 0;
}

static struct kretprobe probe = {
	.kp.symbol_name = "tpm2_calc_ordinal_duration",
	.entry_handler = question,
	.handler = answer,
	.data_size = sizeof(unsigned int),
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
