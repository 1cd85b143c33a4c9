// SPDX-License-Identifier: GPL-2.0
/*
 * Files: read whole or in a stream, written whole or not at all.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tkm.h"

const char *out_path;
bool out_force;

/* ---- reading -------------------------------------------------------------------- */

/* /dev/stdin and /dev/fd/N, as a shell writes them: the descriptor itself. */
static int descriptor_of(const char *path)
{
	static const char folder[] = "/dev/fd/";
	char *end;
	long fd;

	if (!path || !strcmp(path, "-") || !strcmp(path, "/dev/stdin"))
		return STDIN_FILENO;
	if (strncmp(path, folder, strlen(folder)))
		return -1;
	fd = strtol(path + strlen(folder), &end, 10);
	return *end || end == path + strlen(folder) ? -1 : (int)fd;
}

int open_input(const char *path)
{
	int fd = descriptor_of(path);

	fd = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) :
		       open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

int read_input(const char *path, size_t max, uint8_t **data, size_t *len)
{
	int fd = open_input(path);
	ssize_t n = 1;
	int ret = 0;

	*data = NULL;
	*len = 0;
	if (fd < 0)
		return fd;
	*data = malloc(max + 1);
	while (*data && n > 0 && *len <= max) {
		n = read(fd, *data + *len, max + 1 - *len);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			ret = -errno;
		else
			*len += (size_t)n;
	}
	close(fd);
	if (!*data)
		ret = -ENOMEM;
	if (!ret && *len > max)
		ret = -E2BIG;
	if (ret) {
		free(*data);
		*data = NULL;
	}
	return ret;
}

void warn_if_open(const char *path)
{
	struct stat st;

	if (descriptor_of(path) >= 0 || stat(path, &st) || !S_ISREG(st.st_mode))
		return;
	if (st.st_mode & (S_IRGRP | S_IROTH))
		warn("others can read %s: chmod 600 %s", path, path);
}

/* ---- writing --------------------------------------------------------------------- */

/* The file that is not whole yet, for who ends the program with a signal. */
static char *volatile unfinished;

static void drop_and_end(int signal)
{
	if (unfinished)
		unlink(unfinished);
	/* The handler was for once. */
	raise(signal);
}

static void drop_at_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
	struct sigaction action = { .sa_handler = drop_and_end,
				    .sa_flags = (int)SA_RESETHAND };
	struct sigaction before;
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (!sigaction(signals[i], NULL, &before) &&
		    before.sa_handler == SIG_DFL)
			sigaction(signals[i], &action, NULL);
}

/* A device or a pipe: it is written to, and stays what it is. */
static int open_special(struct output *out)
{
	out->fd = open(out->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	out->path = NULL;
	return out->fd < 0 ? -errno : 0;
}

int output_open(struct output *out, unsigned int mode)
{
	struct stat st;

	*out = (struct output){ .path = out_path, .fd = STDOUT_FILENO,
				.force = out_force };
	if (!out->path)
		return 0;
	if (!strcmp(out->path, "/dev/stdout")) {
		out->path = NULL;
		return 0;
	}
	if (!stat(out->path, &st) && !S_ISREG(st.st_mode))
		return open_special(out);
	/* Early, and again in the end, when it counts. */
	if (!out->force && !access(out->path, F_OK))
		return -EEXIST;
	if (asprintf(&out->temporary, "%s.XXXXXX", out->path) < 0) {
		out->temporary = NULL;
		return -ENOMEM;
	}
	drop_at_signals();
	out->fd = mkostemp(out->temporary, O_CLOEXEC);
	if (out->fd < 0) {
		int err = errno;

		free(out->temporary);
		out->temporary = NULL;
		return -err;
	}
	unfinished = out->temporary;
	if (mode != 0600) {
		mode_t mask = umask(0);

		umask(mask);
		if (fchmod(out->fd, mode & ~mask)) {
			int err = errno;

			output_drop(out);
			return -err;
		}
	}
	return 0;
}

int output_write(struct output *out, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	while (len) {
		n = write(out->fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int put_in_place(struct output *out)
{
	if (out->force)
		return rename(out->temporary, out->path) ? -errno : 0;
	if (!renameat2(AT_FDCWD, out->temporary, AT_FDCWD, out->path,
		       RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL)
		return -errno;
	/* A file system that cannot: a link does not replace either. */
	if (link(out->temporary, out->path))
		return -errno;
	unlink(out->temporary);
	return 0;
}

int output_close(struct output *out)
{
	int ret = 0;

	if (!out->path)
		return out->fd != STDOUT_FILENO && close(out->fd) ? -errno : 0;
	if (fsync(out->fd) && errno != EINVAL)
		ret = -errno;
	if (!ret)
		ret = put_in_place(out);
	if (ret) {
		output_drop(out);
		return ret;
	}
	unfinished = NULL;
	close(out->fd);
	free(out->temporary);
	out->temporary = NULL;
	return 0;
}

void output_drop(struct output *out)
{
	if (!out->temporary)
		return;
	close(out->fd);
	unlink(out->temporary);
	unfinished = NULL;
	free(out->temporary);
	out->temporary = NULL;
}

int output_all(const void *data, size_t len, unsigned int mode)
{
	const char *name = out_path ? out_path : "standard output";
	struct output out;
	int ret;

	ret = output_open(&out, mode);
	if (ret)
		return failed(ret, name);
	ret = output_write(&out, data, len);
	if (ret) {
		output_drop(&out);
		return failed(ret, name);
	}
	ret = output_close(&out);
	return ret ? failed(ret, name) : DONE;
}

void want_no_terminal(void)
{
	if (!out_path && isatty(STDOUT_FILENO))
		usage("this is nothing for a terminal: -o FILE, or a pipe");
}

int output_chain(struct output *out, libtkm_serial key)
{
	uint8_t *der = NULL;
	char *pem = NULL;
	size_t len;
	int ret;

	ret = libtkm_key_chain(key, &der, &len);
	if (!ret)
		ret = libtkm_pem_write(der, len, &pem);
	if (!ret)
		ret = output_write(out, pem, strlen(pem));
	if (ret)
		output_drop(out);
	else
		ret = output_close(out);
	free(pem);
	free(der);
	return ret;
}
