// SPDX-License-Identifier: GPL-2.0
/*
 * Sees what the loop cannot, for a kernel under test only; from outside: the module
 * that is tested stays as it is.
 *
 *	insmod witness.ko text=0x60a75000 size=163840
 *
 * What runs in a workqueue is nobody's system call. So around each work whose
 * function lies in tkm's text KCOV records remote coverage, under the common
 * handle 1, by the workqueue's own tracepoints.
 *
 * And a kernel that panics, as user-mode Linux does at every oops, tells nobody
 * what ran last. So a worker writes that to debugfs' tkm-kcov before it runs, after
 * a digit of its own, and a panic prints it.
 */
#define pr_fmt(fmt) "kcov: " fmt

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/kcov.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/panic_notifier.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/uaccess.h>
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

/* ---- last words ---- */

#define WORKERS	10
#define WORDS	8192

static char last[WORKERS][WORDS];
static struct dentry *file;

static ssize_t last_write(struct file *f, const char __user *buf, size_t len,
			  loff_t *at)
{
	size_t n = min_t(size_t, len, WORDS) - 1;
	char digit;

	if (!len || get_user(digit, buf) || digit < '0' || digit > '9')
		return -EINVAL;
	if (copy_from_user(last[digit - '0'], buf + 1, n))
		return -EFAULT;
	last[digit - '0'][n] = 0;
	return len;
}

static const struct file_operations last_fops = {
	.owner = THIS_MODULE,
	.write = last_write,
};

static int print_last(struct notifier_block *nb, unsigned long event, void *data)
{
	char *line, *rest;
	int i;

	for (i = 0; i < WORKERS; i++) {
		rest = last[i];
		while (*last[i] && (line = strsep(&rest, "\n")))
			pr_emerg("%s\n", line);
	}
	return NOTIFY_OK;
}

/* Before the one of user-mode Linux, which does not come back. */
static struct notifier_block panic_nb = {
	.notifier_call = print_last,
	.priority = INT_MAX,
};

static int __init witness_init(void)
{
	int ret;

	for_each_kernel_tracepoint(look_at, NULL);
	if (!start || !end)
		return -ENOENT;
	ret = tracepoint_probe_register(end, work_ends, NULL);
	if (ret)
		return ret;
	ret = tracepoint_probe_register(start, work_starts, NULL);
	if (ret) {
		tracepoint_probe_unregister(end, work_ends, NULL);
		return ret;
	}
	file = debugfs_create_file("tkm-kcov", 0200, NULL, NULL, &last_fops);
	atomic_notifier_chain_register(&panic_notifier_list, &panic_nb);
	return 0;
}

/* A work that has begun is recorded until KCOV is closed, and no longer. */
static void __exit witness_exit(void)
{
	atomic_notifier_chain_unregister(&panic_notifier_list, &panic_nb);
	debugfs_remove(file);
	tracepoint_probe_unregister(start, work_starts, NULL);
	tracepoint_probe_unregister(end, work_ends, NULL);
	tracepoint_synchronize_unregister();
}

module_init(witness_init);
module_exit(witness_exit);
MODULE_DESCRIPTION("What the loop of keyring calls does not see by itself");
MODULE_LICENSE("GPL");
