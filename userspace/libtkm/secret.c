// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Memory for secrets: each in pages of its own, so that locking and leaving out
 * of dumps concern nothing else. The first page begins with the size.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <libtkm.h>

struct head {
	size_t size;		/* as asked for */
	size_t mapped;
} __attribute__((aligned(16)));

static struct head *head_of(const void *secret)
{
	return (struct head *)(uintptr_t)secret - 1;
}

void *libtkm_secret_alloc(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t mapped = sizeof(struct head) + size;
	struct head *head;

	if (mapped < size || mapped + page - 1 < mapped)
		return NULL;
	mapped = (mapped + page - 1) / page * page;
	head = mmap(NULL, mapped, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (head == MAP_FAILED)
		return NULL;
	/* The limit of locked memory is small for users: better without than not. */
	(void)mlock(head, mapped);
	(void)madvise(head, mapped, MADV_DONTDUMP);
	head->size = size;
	head->mapped = mapped;
	return head + 1;
}

size_t libtkm_secret_size(const void *secret)
{
	return secret ? head_of(secret)->size : 0;
}

void libtkm_secret_free(void *secret)
{
	struct head *head;
	size_t mapped;

	if (!secret)
		return;
	head = head_of(secret);
	mapped = head->mapped;
	explicit_bzero(head, mapped);
	munmap(head, mapped);
}

void *libtkm_secret_resize(void *secret, size_t size)
{
	size_t old = libtkm_secret_size(secret);
	void *new = libtkm_secret_alloc(size);

	if (!new)
		return NULL;
	if (secret)
		memcpy(new, secret, old < size ? old : size);
	libtkm_secret_free(secret);
	return new;
}

int libtkm_secret_no_dumps(void)
{
	static const struct rlimit none;

	if (setrlimit(RLIMIT_CORE, &none) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return -errno;
	return 0;
}

/* Reads until the end, a full buffer, or, from a terminal, the end of the line. */
static ssize_t read_into(int fd, char *buf, size_t size, bool line)
{
	size_t len = 0;
	ssize_t n;

	while (len < size) {
		n = read(fd, buf + len, size - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		len += (size_t)n;
		if (!n || (line && buf[len - 1] == '\n'))
			break;
	}
	return (ssize_t)len;
}

static ssize_t take(int fd, size_t max, bool line, void **secret)
{
	/* Its newline, and a byte that is too much. */
	char *buf = libtkm_secret_alloc(max + 2);
	ssize_t len;

	*secret = NULL;
	if (!buf)
		return -ENOMEM;
	len = read_into(fd, buf, max + 2, line);
	if (len > 0 && buf[len - 1] == '\n')
		buf[--len] = 0;
	if (len > (ssize_t)max)
		len = -E2BIG;
	if (len < 0) {
		libtkm_secret_free(buf);
		return len;
	}
	*secret = buf;
	return len;
}

ssize_t libtkm_secret_read_fd(int fd, size_t max, void **secret)
{
	return take(fd, max, false, secret);
}

ssize_t libtkm_secret_read_file(const char *path, size_t max, void **secret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t len;

	*secret = NULL;
	if (fd < 0)
		return -errno;
	len = take(fd, max, false, secret);
	close(fd);
	return len;
}

/*
 * The line, or -EINTR when a signal that ends or stops a program came before
 * it. Those are blocked meanwhile, and only looked at, so that they do what they
 * do once the terminal is as it was.
 */
static ssize_t take_line(int tty, const sigset_t *ends, size_t max,
			 void **secret)
{
	struct pollfd fds[2] = { { .fd = tty, .events = POLLIN } };
	ssize_t len = -EINTR;

	fds[1].fd = signalfd(-1, ends, SFD_CLOEXEC);
	fds[1].events = POLLIN;
	if (fds[1].fd < 0)
		return -errno;
	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	if (!fds[1].revents)
		len = take(tty, max, true, secret);
	close(fds[1].fd);
	return len;
}

static void say(int tty, const char *text)
{
	if (write(tty, text, strlen(text)) < 0)
		return;
}

/* Who sees the prompt may type: nothing is shown, or thrown away, from then on. */
static ssize_t ask_quietly(int tty, const char *prompt, size_t max,
			   void **secret)
{
	struct termios before, quiet;
	sigset_t ends, mask;
	ssize_t len;

	if (tcgetattr(tty, &before))
		return -ENXIO;
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	sigaddset(&ends, SIGQUIT);
	sigaddset(&ends, SIGTSTP);
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	pthread_sigmask(SIG_BLOCK, &ends, &mask);
	tcsetattr(tty, TCSAFLUSH, &quiet);
	say(tty, prompt);
	len = take_line(tty, &ends, max, secret);
	/* What was typed too much goes, too. */
	tcsetattr(tty, TCSAFLUSH, &before);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	return len;
}

ssize_t libtkm_secret_ask(const char *prompt, size_t max, void **secret)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	ssize_t len;

	*secret = NULL;
	if (tty < 0)
		return -ENXIO;
	len = ask_quietly(tty, prompt, max, secret);
	say(tty, "\n");
	close(tty);
	return len;
}
