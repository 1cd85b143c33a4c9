// SPDX-License-Identifier: GPL-2.0
/*
 * One thread, which waits for everything at once.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "tkmd.h"

/* What says that an errand is there may be lost: one looks, this often, too. */
#define LOOK_MS	1000

static int signals = -1;
static int patience = LOOK_MS;

int loop_open(void)
{
	uint64_t watchdog;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return -errno;
	if (sd_watchdog_enabled(0, &watchdog) > 0 &&
	    watchdog / 2000 < (uint64_t)patience)
		patience = (int)(watchdog / 2000);
	return 0;
}

static bool told_to_end(void)
{
	struct signalfd_siginfo info;

	return read(signals, &info, sizeof(info)) == sizeof(info);
}

static int wait_for(struct pollfd *fds, unsigned int *n, bool more)
{
	int timeout;

	fds[0] = (struct pollfd){ .fd = signals, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = nl_fd(), .events = POLLIN };
	*n = 2 + socket_poll(fds + 2);
	timeout = socket_timeout();
	if (timeout < 0 || timeout > patience)
		timeout = patience;
	if (more)
		timeout = 0;
	if (poll(fds, *n, timeout) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

void loop_alive(void)
{
	sd_notify(0, "WATCHDOG=1");
}

int loop_run(struct kdb *kdb)
{
	struct pollfd fds[SOCKET_CLIENTS + 3];
	unsigned int n;
	int ret;

	sd_notify(0, "READY=1");
	while (!told_to_end()) {
		ret = errand_many(kdb);
		ret = ret < 0 ? ret : wait_for(fds, &n, ret);
		ret = ret ? ret : socket_serve(kdb, fds + 2, n - 2);
		if (ret)
			return ret;
		loop_alive();
	}
	sd_notify(0, "STOPPING=1");
	return 0;
}
