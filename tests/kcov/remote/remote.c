// SPDX-License-Identifier: GPL-2.0
/*
 * Lets KCOV see tkm's workers too, for a kernel under test only: what runs in a
 * workqueue is nobody's system call, so it is recorded as remote coverage, under
 * the common handle 1, around each work whose function lies in tkm's text.
 *
 *	insmod remote.ko text=0x60a75000 size=163840
 *
 * From outside, by the workqueue's own tracepoints: the module that is tested
 * stays as it is.
 */
#include <linux/kcov.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>

static unsigned long text;
module_param(text, ulong, 0444);
static unsigned long size;
module_param(size, ulong, 0444);

static struct tracepoint *start, *end;

static bool is_tkm(work_func_t function)
{
	return (unsigned long)function - text < size;
}

static void work_starts(void *data, struct work_struct *work)
{
	if (is_tkm(work->func))
		kcov_remote_start(kcov_remote_handle(KCOV_SUBSYSTEM_COMMON, 1));
}

static void work_ends(void *data, struct work_struct *work,
		      work_func_t function)
{
	if (is_tkm(function))
		kcov_remote_stop();
}

static void look_at(struct tracepoint *tp, void *priv)
{
	if (!strcmp(tp->name, "workqueue_execute_start"))
		start = tp;
	if (!strcmp(tp->name, "workqueue_execute_end"))
		end = tp;
}

static int __init remote_init(void)
{
	int ret;

	for_each_kernel_tracepoint(look_at, NULL);
	if (!start || !end)
		return -ENOENT;
	ret = tracepoint_probe_register(end, work_ends, NULL);
	if (ret)
		return ret;
	ret = tracepoint_probe_register(start, work_starts, NULL);
	if (ret)
		tracepoint_probe_unregister(end, work_ends, NULL);
	return ret;
}

/* A work that has begun is recorded until KCOV is closed, and no longer. */
static void __exit remote_exit(void)
{
	tracepoint_probe_unregister(start, work_starts, NULL);
	tracepoint_probe_unregister(end, work_ends, NULL);
	tracepoint_synchronize_unregister();
}

module_init(remote_init);
module_exit(remote_exit);
MODULE_DESCRIPTION("KCOV for the workers of tkm");
MODULE_LICENSE("GPL");
