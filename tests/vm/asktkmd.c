// SPDX-License-Identifier: GPL-2.0
/*
 * Ask tkmd on its socket: one line there, one line back.
 *
 *   asktkmd SOCKET QUESTION
 */
#include "vm.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

static int open_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct timeval limit = { .tv_sec = 20 };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		die("%s: too long", path);
	strcpy(address.sun_path, path);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)))
		die("%s: %s", path, strerror(errno));
	return fd;
}

int main(int argc, char **argv)
{
	char part[65536], *end;
	ssize_t n;
	int fd;

	if (argc != 3)
		die("asktkmd SOCKET QUESTION");
	fd = open_socket(argv[1]);
	dprintf(fd, "%s\n", argv[2]);
	do {
		n = read(fd, part, sizeof(part));
		if (n < 0)
			die("%s: %s", argv[1], strerror(errno));
		end = memchr(part, '\n', n);
		fwrite(part, end ? end + 1 - part : n, 1, stdout);
	} while (n && !end);
	return 0;
}
