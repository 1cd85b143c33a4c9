// SPDX-License-Identifier: GPL-2.0
#include "aftermath.h"

#include "policies.h"
#include "script.h"
#include "used.h"
#include "verdict.h"

double with_modules, with_chips;

static int kmsg;

void check_handles(void)
{
	char held[1024];
	int tries;

	/* As in happened(). */
	for (tries = 0; tries < 1000 * slow; tries++) {
		snprintf(held, sizeof(held), "%s", say("handles"));
		if (!*held)
			return;
		usleep(2000);
	}
	wrong("the TPM holds %s", held);
	say("flush");
}

static void check_other(void)
{
	int err = do_other();

	if (err)
		wrong("another key: %s", name_of(err));
}

static void check_canary(void)
{
	static long before;
	long seen = atol(say("seen"));

	if (seen != before)
		wrong("%ld messages had a secret in them", seen - before);
	before = seen;
}

static void check_kmsg(void)
{
	static const char *const trouble[] = {
		"Oops", "WARNING:", "BUG:", "general protection", "KASAN",
		"UBSAN", "KCSAN", "KFENCE:", "refcount_t:", "corruption",
		"possible circular", "possible recursive", "suspicious RCU",
		"inconsistent lock state", "blocked for more than",
		"scheduling while atomic", "sleeping function called",
	};
	char line[8192];
	ssize_t n;
	size_t i;

	while ((n = read(kmsg, line, sizeof(line) - 1)) > 0 ||
	       (n < 0 && errno == EPIPE)) {
		if (n < 0)
			continue;
		line[n] = 0;
		for (i = 0; i < sizeof(trouble) / sizeof(trouble[0]); i++)
			if (strstr(line, trouble[i]))
				wrong("the kernel's log: %s", line);
	}
}

void warm_up(void)
{
	int err;

	say("clear");
	say("arm cut StartAuthSession 1 9");
	err = do_load();
	if (err != EIO)
		wrong("a first loss: %s", name_of(err));
	say("clear");
	/* When the next is done, the hold that lost something is over. */
	err = do_load();
	say("flush");
	if (!err)
		err = do_policy();
	if (!err)
		err = do_other();
	if (err)
		wrong("after a new start: %s", name_of(err));
	check_handles();
}

static void plug(void)
{
	double start = now(), end = start + 30 * slow;
	char path[64];
	int err = ENODEV;

	age_keys();
	while (now() < end && err == ENODEV) {
		snprintf(path, sizeof(path), "/dev/tpmrm%d", atoi(say("chip")));
		if (!access(path, F_OK))
			err = do_other();
		if (err == ENODEV)
			usleep(10000);
	}
	if (err)
		wrong("with the chip back, another key: %s", name_of(err));
	with_chips += now() - start;
	warm_up();
}

static const char *module_file(void)
{
	static char path[4096];
	FILE *f;

	if (*path)
		return path;
	f = popen("modinfo -n tkm", "r");
	if (!f || !fgets(path, sizeof(path), f) || pclose(f))
		die("no module");
	path[strcspn(path, "\n")] = 0;
	return path;
}

static void reload(void)
{
	double start = now(), end = start + 30 * slow;
	int fd = open(module_file(), O_RDONLY | O_CLOEXEC);

	drop_keys();
	/* Keys die in their own time. */
	while (now() < end && syscall(SYS_delete_module, "tkm", O_NONBLOCK))
		usleep(5000);
	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		wrong("the module does not load anew: %s", strerror(errno));
	else if (policies_say())
		wrong("it takes no policy");
	close(fd);
	with_modules += now() - start;
	warm_up();
}

void approve(const struct operation *op)
{
	int err = op->approvals ? policies_approve(op->approvals) : 0;

	if (err)
		wrong("approvals: %s", name_of(err));
}

void be_ready(const struct operation *op)
{
	if (op->anew)
		reload();
	if (op->typist)
		new_typist();
	if (op->key && (!op->key->key || op->key->stale)) {
		load_key(op->key);
		/* Its last flush is not the operation's first. */
		hold_is_over();
	}
	approve(op);
}

void check_after(const struct operation *op, const char *after)
{
	int err;

	if (strstr(after, "closed")) {
		err = do_other();
		if (err != ENODEV)
			wrong("another key: %s, not ENODEV", name_of(err));
		if (!strstr(after, "leaks"))
			check_handles();
		reload();
	}
	if (strstr(after, "plug"))
		plug();
	say("clear");
	/* The key was there all the time, unless the module went. */
	if (op->key && !op->key->key)
		load_key(op->key);
	err = strstr(after, "again") ? op->run() : 0;
	if (err)
		wrong("once more: %s", name_of(err));
	if (strstr(after, "leaks"))
		say("flush");
	else
		check_handles();
	check_other();
	hold_is_over();
	check_handles();
	check_canary();
	check_kmsg();
}

void watch_kernel(void)
{
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg < 0 || lseek(kmsg, 0, SEEK_END) < 0)
		die("/dev/kmsg: %s", strerror(errno));
}
