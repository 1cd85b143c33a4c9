// SPDX-License-Identifier: GPL-2.0
/*
 * Brings fail-nth where no task of ours is: into one run of a kernel function,
 * in whichever worker that is.
 *
 * /proc/self/fail-nth makes the nth allocation of the calling task fail. tkm's
 * work at the TPM is done by a worker, which nobody outside can tell so. Here
 * the function's entry tells it, and its end takes it back.
 *
 *   function  the function, "module:name" or "name"; probed from then on. To be
 *             written again when its module was loaded anew
 *   nth       the next run of it fails its nth allocation; 0 for none
 *   left      of the last such run: how far it was from that; 0: it failed one
 *   runs      how many such runs have ended
 *
 * Only for kernels with fault injection and kprobes.
 */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/string.h>

static char function[80];
static bool probed;
static unsigned int nth, left, runs;

static int begin(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	unsigned int n = xchg(&nth, 0);

	if (!n)
		return 1;	/* its end does not matter */
	current->fail_nth = n;
	return 0;
}

static int end(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	left = current->fail_nth;
	current->fail_nth = 0;
	smp_store_release(&runs, runs + 1);
	return 0;
}

static struct kretprobe probe;

static void probe_end(void)
{
	if (probed)
		unregister_kretprobe(&probe);
	probed = false;
}

static int function_set(const char *val, const struct kernel_param *kp)
{
	int ret;

	probe_end();
	strscpy(function, val, sizeof(function));
	strim(function);
	if (!function[0])
		return 0;
	probe = (struct kretprobe){
		.kp.symbol_name = function,
		.entry_handler = begin,
		.handler = end,
		.maxactive = 16,
	};
	ret = register_kretprobe(&probe);
	probed = !ret;
	return ret;
}

static int function_get(char *buffer, const struct kernel_param *kp)
{
	return scnprintf(buffer, PAGE_SIZE, "%s\n", function);
}

static const struct kernel_param_ops function_ops = {
	.set = function_set,
	.get = function_get,
};

module_param_cb(function, &function_ops, NULL, 0600);
module_param(nth, uint, 0600);
module_param(left, uint, 0400);
module_param(runs, uint, 0400);

static int __init inject_init(void)
{
	return 0;
}
module_init(inject_init);

static void __exit inject_exit(void)
{
	probe_end();
}
module_exit(inject_exit);

MODULE_DESCRIPTION("fail-nth in a worker, for tests");
MODULE_LICENSE("GPL");
