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
 *   spare     a function in which nothing fails and nothing is counted, whoever
 *             calls it: for parts of the kernel that warn about short memory
 *
 * Only for kernels with fault injection and kprobes.
 */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/string.h>

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

static int spare_begin(struct kretprobe_instance *instance,
		       struct pt_regs *regs)
{
	*(unsigned int *)instance->data = current->fail_nth;
	current->fail_nth = 0;
	return 0;
}

static int spare_end(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	current->fail_nth = *(unsigned int *)instance->data;
	return 0;
}

/* A probe of the function whose name a parameter holds. */
struct named_probe {
	struct kretprobe probe;
	kretprobe_handler_t begin, end;
	char name[80];
	bool there;
};

static struct named_probe probe = { .begin = begin, .end = end };
static struct named_probe spare = { .begin = spare_begin, .end = spare_end };

static void probe_end(struct named_probe *p)
{
	if (p->there)
		unregister_kretprobe(&p->probe);
	p->there = false;
}

static int name_set(const char *val, const struct kernel_param *kp)
{
	struct named_probe *p = kp->arg;
	int ret;

	probe_end(p);
	strscpy(p->name, val, sizeof(p->name));
	p->name[strcspn(p->name, "\n")] = 0;
	if (!p->name[0])
		return 0;
	p->probe = (struct kretprobe){
		.kp.symbol_name = p->name,
		.entry_handler = p->begin,
		.handler = p->end,
		.data_size = sizeof(unsigned int),
		.maxactive = 16,
	};
	ret = register_kretprobe(&p->probe);
	p->there = !ret;
	return ret;
}

static int name_get(char *buffer, const struct kernel_param *kp)
{
	const struct named_probe *p = kp->arg;

	return scnprintf(buffer, PAGE_SIZE, "%s\n", p->name);
}

static const struct kernel_param_ops name_ops = {
	.set = name_set,
	.get = name_get,
};

module_param_cb(function, &name_ops, &probe, 0600);
module_param_cb(spare, &name_ops, &spare, 0600);
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
	probe_end(&probe);
	probe_end(&spare);
}
module_exit(inject_exit);

MODULE_DESCRIPTION("fail-nth in a worker, for tests");
MODULE_LICENSE("GPL");
