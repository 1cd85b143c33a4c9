// SPDX-License-Identifier: GPL-2.0
/*
 * A command that is spoken to: a shell starts it, as a person would type it, and it
 * says one PEM block for each that it is told.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "platform.h"

static void child(const char *command, int in, int out)
{
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
		_exit(126);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

int pipe_open(struct pipe_end *end, const char *command)
{
	int to[2], from[2], err;

	*end = (struct pipe_end){ .from = -1, .pid = -1 };
	if (pipe2(to, O_CLOEXEC))
		return -errno;
	if (pipe2(from, O_CLOEXEC)) {
		err = errno;
		close(to[0]);
		close(to[1]);
		return -err;
	}
	/* Who ends early is told by what it did not say. */
	signal(SIGPIPE, SIG_IGN);
	end->pid = fork();
	if (!end->pid)
		child(command, to[0], from[1]);
	err = end->pid < 0 ? errno : 0;
	close(to[0]);
	close(from[1]);
	end->from = from[0];
	end->to = fdopen(to[1], "w");
	if (!end->to) {
		err = err ? err : errno;
		close(to[1]);
	}
	if (err)
		pipe_close(end);
	return -err;
}

int pipe_send(struct pipe_end *end, const char *text)
{
	return fputs(text, end->to) < 0 || fflush(end->to) ? -errno : 0;
}

static int64_t now(void)
{
	struct timespec when;

	clock_gettime(CLOCK_MONOTONIC, &when);
	return when.tv_sec * 1000LL + when.tv_nsec / 1000000;
}

/* The line that ends a block has come. */
static bool is_whole(const char *text, size_t len)
{
	static const char begin[] = "-----END ";
	const char *p = len > 1 && text[len - 1] == '\n' ?
				memrchr(text, '\n', len - 1) : NULL;

	return p && !strncmp(p + 1, begin, strlen(begin));
}

int pipe_receive(int fd, unsigned int seconds, char **pem)
{
	const int64_t until = now() + 1000LL * seconds;
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	char *text = malloc(CREDENTIAL_FILE_MAX + 1);
	int64_t left = seconds * 1000LL;
	size_t len = 0;
	ssize_t n;
	int ret = text ? 0 : -ENOMEM;

	while (!ret && !is_whole(text, len)) {
		left = until - now();
		if (left <= 0 || poll(&wait, 1, (int)left) == 0) {
			ret = -ETIMEDOUT;
			break;
		}
		/* Byte by byte: what follows is the next block. */
		n = read(fd, text + len, 1);
		if (n < 0 && errno != EINTR)
			ret = -errno;
		else if (!n)
			ret = -ENOTCONN;
		else if (n > 0 && ++len == CREDENTIAL_FILE_MAX)
			ret = -E2BIG;
	}
	if (ret) {
		free(text);
		*pem = NULL;
		return ret;
	}
	text[len] = 0;
	*pem = text;
	return 0;
}

void pipe_close(struct pipe_end *end)
{
	if (end->to)
		fclose(end->to);
	if (end->from >= 0)
		close(end->from);
	if (end->pid > 0)
		while (waitpid(end->pid, NULL, 0) < 0 && errno == EINTR)
			;
	*end = (struct pipe_end){ .from = -1, .pid = -1 };
}
