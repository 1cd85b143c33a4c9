// SPDX-License-Identifier: GPL-2.0
/*
 * Connections of programs: Documentation/tkmd-socket.rst. Each brings one line
 * and takes one; what it says is request.c's. None can keep another, or the
 * module, waiting: nothing here blocks, and all is bounded.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "audit.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD	77
#endif

/* @line: what was read, then what is to be written; @file: what came along, or -1. */
struct client {
	int fd, file;
	struct who peer;
	int64_t until;
	bool answered;
	size_t len, sent;
	char line[SOCKET_LINE];
};

static int listener = -1;
static struct client *clients[SOCKET_CLIENTS];
static char reply[SOCKET_LINE + 1];

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

int socket_open(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int ret;

	if (strlen(path) >= sizeof(address.sun_path)) {
		log_error("%s: too long a name for a socket", path);
		return -ENAMETOOLONG;
	}
	strcpy(address.sun_path, path);
	/* Of one that was killed: the module has no other helper. */
	unlink(path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener >= 0 &&
	    !bind(listener, (struct sockaddr *)&address, sizeof(address)) &&
	    !chmod(path, 0666) && !listen(listener, SOCKET_CLIENTS))
		return 0;
	ret = -errno;
	log_error("%s: %s", path, strerror(errno));
	return ret;
}

/* ---- who it is ---- */

/* What only the initial user namespace shows, and one that root made like it. */
static bool maps_all(pid_t pid)
{
	char path[40], map[64];
	unsigned long inside, outside, count;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, map, sizeof(map) - 1);
	close(fd);
	if (n <= 0)
		return false;
	map[n] = '\0';
	return sscanf(map, "%lu %lu %lu", &inside, &outside, &count) == 3 &&
	       !inside && !outside && count == UINT32_MAX;
}

static bool ended(int pidfd)
{
	struct pollfd fd = { .fd = pidfd, .events = POLLIN };

	return poll(&fd, 1, 0);
}

/* In our user namespace, and still there when that was looked at. */
static bool is_ours(int fd, pid_t pid)
{
	int pidfd = -1;
	socklen_t len = sizeof(pidfd);
	bool ours;

	if (pid <= 0)
		return false;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &len))
		pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		return false;
	ours = maps_all(pid) && !ended(pidfd);
	close(pidfd);
	return ours;
}

/* ---- one connection ---- */

static void end(struct client **client)
{
	close((*client)->fd);
	if ((*client)->file >= 0)
		close((*client)->file);
	free(*client);
	*client = NULL;
}

static unsigned int count(uid_t uid)
{
	unsigned int i, n = 0;

	for (i = 0; i < SOCKET_CLIENTS; i++)
		n += clients[i] && clients[i]->peer.uid == uid;
	return n;
}

static struct client **free_place(void)
{
	unsigned int i;

	for (i = 0; i < SOCKET_CLIENTS; i++)
		if (!clients[i])
			return &clients[i];
	return NULL;
}

/* It fits into any socket's buffer; who does not take it does not get it. */
static void turn_away(int fd, int error, const char *why)
{
	size_t len = request_refuse(error, why, reply);

	reply[len++] = '\n';
	send(fd, reply, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

static void greet(int fd)
{
	struct client **place = free_place();
	struct ucred who;
	socklen_t len = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len))
		turn_away(fd, EIO, "who is that?");
	else if (!place || count(who.uid) >= SOCKET_PER_UID)
		turn_away(fd, EAGAIN, "too many connections");
	else if (!(*place = calloc(1, sizeof(**place))))
		turn_away(fd, ENOMEM, "no memory");
	else
		**place = (struct client){
			.fd = fd,
			.file = -1,
			.peer = { who.uid, who.pid, !is_ours(fd, who.pid) },
			.until = now_ms() + SOCKET_SECONDS * 1000,
		};
}

static void greet_all(void)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL,
			     SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
		greet(fd);
}

static void set_reply(struct client *client, size_t len)
{
	reply[len++] = '\n';
	memcpy(client->line, reply, len);
	client->len = len;
	client->sent = 0;
	client->answered = true;
}

/* The last one that came counts; nobody but root has use for any. */
static void take_file(struct client *client, struct msghdr *message)
{
	struct cmsghdr *part = CMSG_FIRSTHDR(message);
	int file;

	if (!part || part->cmsg_level != SOL_SOCKET ||
	    part->cmsg_type != SCM_RIGHTS || part->cmsg_len != CMSG_LEN(sizeof(int)))
		return;
	memcpy(&file, CMSG_DATA(part), sizeof(file));
	if (client->file >= 0)
		close(client->file);
	client->file = file;
}

/* With room for one file: the kernel closes what more there is. */
static ssize_t receive(struct client *client)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec bytes = {
		.iov_base = client->line + client->len,
		.iov_len = sizeof(client->line) - client->len,
	};
	struct msghdr message = {
		.msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t n = recvmsg(client->fd, &message,
			    MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n >= 0)
		take_file(client, &message);
	return n;
}

static int read_line(struct kdb *kdb, struct client *client)
{
	const char *newline;
	ssize_t n;

	n = receive(client);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (!n)
		return -ENOTCONN;
	newline = memchr(client->line + client->len, '\n', n);
	client->len += n;
	if (newline) {
		n = request_answer(kdb, &client->peer, client->file,
				   client->line, newline - client->line, reply);
		if (n < 0)
			return n;
		set_reply(client, n);
	} else if (client->len == sizeof(client->line)) {
		set_reply(client, request_refuse(E2BIG, "the line is too long",
						 reply));
	}
	return 0;
}

static int write_line(struct client *client)
{
	ssize_t n;

	n = send(client->fd, client->line + client->sent,
		 client->len - client->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	client->sent += n;
	return client->sent == client->len ? -ENOTCONN : 0;
}

/* ---- all of them ---- */

unsigned int socket_poll(struct pollfd *fds)
{
	unsigned int i, n = 0;

	fds[n++] = (struct pollfd){ .fd = listener, .events = POLLIN };
	for (i = 0; i < SOCKET_CLIENTS; i++)
		if (clients[i])
			fds[n++] = (struct pollfd){
				.fd = clients[i]->fd,
				.events = clients[i]->answered ? POLLOUT : POLLIN,
			};
	return n;
}

int socket_timeout(void)
{
	int64_t now = now_ms(), least = -1, left;
	unsigned int i;

	for (i = 0; i < SOCKET_CLIENTS; i++) {
		if (!clients[i])
			continue;
		left = clients[i]->until > now ? clients[i]->until - now : 0;
		if (least < 0 || left < least)
			least = left;
	}
	return (int)least;
}

static int serve_one(struct kdb *kdb, struct client **client)
{
	int ret = 0;

	if (!(*client)->answered)
		ret = read_line(kdb, *client);
	if (ret == -ENOTRECOVERABLE)
		return ret;
	if (!ret && (*client)->answered)
		ret = write_line(*client);
	if (ret)
		end(client);
	return 0;
}

int socket_serve(struct kdb *kdb, const struct pollfd *fds, unsigned int n)
{
	const int64_t now = now_ms();
	unsigned int i, k;
	int ret;

	/* In the same order as they were written there. */
	for (i = 0, k = 1; i < SOCKET_CLIENTS && k < n; i++) {
		if (!clients[i])
			continue;
		if (fds[k++].revents) {
			ret = serve_one(kdb, &clients[i]);
			if (ret)
				return ret;
		}
		if (clients[i] && clients[i]->until <= now)
			end(&clients[i]);
	}
	if (fds[0].revents)
		greet_all();
	return 0;
}

void socket_close(const char *path)
{
	unsigned int i;

	for (i = 0; i < SOCKET_CLIENTS; i++)
		if (clients[i])
			end(&clients[i]);
	close(listener);
	unlink(path);
}
