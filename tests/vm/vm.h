/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs of the tests share: the system calls of the keyring,
 * without the library that hides what they gave, and a look at what a refusal
 * must not change.
 */
#ifndef TKM_TESTS_VM_H
#define TKM_TESTS_VM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/keyctl.h>
#include <linux/membarrier.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

typedef int32_t serial_t;

static inline long key_add(const char *type, const char *desc,
			   const void *payload, size_t len, serial_t keyring)
{
	return syscall(SYS_add_key, type, desc, payload, len, keyring);
}

static inline long key_ctl(int op, unsigned long a, unsigned long b,
			   unsigned long c, unsigned long d)
{
	return syscall(SYS_keyctl, op, a, b, c, d);
}

static inline long key_update(serial_t key, const void *payload, size_t len)
{
	return key_ctl(KEYCTL_UPDATE, key, (unsigned long)payload, len, 0);
}

static inline long key_read(serial_t key, void *buf, size_t len)
{
	return key_ctl(KEYCTL_READ, key, (unsigned long)buf, len, 0);
}

/* encrypt, decrypt, sign: into @buf; verify: @buf is the signature. */
static inline long key_pkey(int op, serial_t key, const char *info,
			    const void *in, size_t in_len, void *buf, size_t len)
{
	struct keyctl_pkey_params params = {
		.key_id = key, .in_len = in_len, .out_len = len,
	};

	return syscall(SYS_keyctl, op, &params, info, in, buf);
}

__attribute__((format(printf, 1, 2), noreturn))
static inline void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(2);
}

static inline serial_t keyring_number(const char *text)
{
	static const struct {
		const char *name;
		serial_t serial;
	} special[] = {
		{ "@t", KEY_SPEC_THREAD_KEYRING },
		{ "@p", KEY_SPEC_PROCESS_KEYRING },
		{ "@s", KEY_SPEC_SESSION_KEYRING },
		{ "@u", KEY_SPEC_USER_KEYRING },
		{ "@us", KEY_SPEC_USER_SESSION_KEYRING },
	};
	size_t i;

	for (i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (!strcmp(text, special[i].name))
			return special[i].serial;
	return strtol(text, NULL, 0);
}

/* All of a file, with a zero byte after it. */
static inline char *read_all(int fd, size_t *len)
{
	size_t size = 65536, n = 0;
	char *buf = malloc(size);
	ssize_t got;

	while (buf && (got = read(fd, buf + n, size - n - 1)) > 0) {
		n += got;
		if (size - n < 2)
			buf = realloc(buf, size *= 2);
	}
	if (!buf)
		die("no memory");
	buf[n] = 0;
	if (len)
		*len = n;
	return buf;
}

static inline char *read_file(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *buf;

	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	buf = read_all(fd, len);
	close(fd);
	return buf;
}

/*
 * A payload as an argument says it: the text itself, "@FILE" for what is in a
 * file, "-" for standard input, "zero:N" for N zero bytes.
 */
static inline char *payload_of(const char *arg, size_t *len)
{
	if (arg[0] == '@' && arg[1] == '/')
		return read_file(arg + 1, len);
	if (!strcmp(arg, "-"))
		return read_all(0, len);
	if (!strncmp(arg, "zero:", 5)) {
		*len = strtoul(arg + 5, NULL, 0);
		return calloc(1, *len + 1);
	}
	*len = strlen(arg);
	return strdup(arg);
}

/* ---- what a refusal must not change ---- */

struct text {
	char *p;
	size_t len;
	FILE *f;
};

static inline FILE *text_open(struct text *t)
{
	t->f = open_memstream(&t->p, &t->len);
	if (!t->f)
		die("no memory");
	return t->f;
}

/* Handles of one kind that the TPM itself holds, whoever made them. */
static inline ssize_t tpm_ask_handles(int fd, uint32_t first, uint8_t buf[4096])
{
	const uint8_t command[22] = {
		0x80, 0x01, 0, 0, 0, 22, 0, 0, 0x01, 0x7a, 0, 0, 0, 1,
		first >> 24, first >> 16, first >> 8, first, 0, 0, 0, 254,
	};
	ssize_t n;

	if (write(fd, command, 22) != 22 || (n = read(fd, buf, 4096)) < 19 ||
	    memcmp(buf + 6, "\0\0\0\0", 4))
		return -1;
	return n;
}

/* On a busy machine an answer may not come, once: what holds is asked again. */
static inline void tpm_handles(FILE *f, int fd, uint32_t first)
{
	uint8_t buf[4096];
	int tries = 20;
	ssize_t i, n;

	while ((n = tpm_ask_handles(fd, first, buf)) < 0 && --tries)
		usleep(50000);
	if (n < 0)
		fprintf(f, " ?");
	for (i = 19; i + 4 <= n; i += 4)
		fprintf(f, " %02x%02x%02x%02x", buf[i], buf[i + 1], buf[i + 2],
			buf[i + 3]);
}

/*
 * Transient objects, loaded and saved sessions; through the chip's own device,
 * because the resource manager shows each client only its own. TPM_DEV names
 * it. Without a TPM there is nothing to see.
 */
static inline void tpm_state(FILE *f)
{
	const char *path = getenv("TPM_DEV");
	int tries, fd = -1;

	if (!path)
		path = "/dev/tpm0";
	/* One opener at a time; a program that just ended may still be it. */
	for (tries = 0; tries < 2000; tries++) {
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0 || errno != EBUSY)
			break;
		usleep(10000);
	}
	if (fd < 0) {
		fprintf(f, "tpm none\n");
		return;
	}
	fprintf(f, "transient");
	tpm_handles(f, fd, 0x80000000);
	fprintf(f, "\nloaded-session");
	tpm_handles(f, fd, 0x02000000);
	fprintf(f, "\nsaved-session");
	tpm_handles(f, fd, 0x03000000);
	fprintf(f, "\n");
	close(fd);
}

static inline void keyring_state(FILE *f, serial_t keyring, int depth)
{
	serial_t keys[1024];
	char desc[8192];
	long n, i;

	n = key_read(keyring, keys, sizeof(keys));
	for (i = 0; i < n / (long)sizeof(keys[0]); i++) {
		if (key_ctl(KEYCTL_DESCRIBE, keys[i], (unsigned long)desc,
			    sizeof(desc), 0) < 0)
			snprintf(desc, sizeof(desc), "(%s)",
				 strerrorname_np(errno));
		fprintf(f, "%*skey %d %s\n", depth, "", keys[i], desc);
		if (depth < 3 && !strncmp(desc, "keyring;", 8))
			keyring_state(f, keys[i], depth + 1);
	}
}

static inline void quota_print(FILE *f)
{
	char *users = read_file("/proc/key-users", NULL), *line, *save;
	unsigned int uid, usage, keys, inst, qkeys, qmax, qbytes;

	for (line = strtok_r(users, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (sscanf(line, "%u: %u %u/%u %u/%u %u/", &uid, &usage, &keys,
			   &inst, &qkeys, &qmax, &qbytes) == 7 &&
		    uid == getuid())
			fprintf(f, "quota %u keys %u bytes\n", qkeys, qbytes);
	free(users);
}

/* Keys that nobody refers to any more, and that are still charged. */
static inline int dead_keys(void)
{
	char *keys = read_file("/proc/keys", NULL), *line, *save;
	unsigned int serial, usage;
	char flags[16];
	int n = 0;

	for (line = strtok_r(keys, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (sscanf(line, "%x %15s %u", &serial, flags, &usage) == 3 &&
		    !usage)
			n++;
	free(keys);
	return n;
}

/*
 * Keys and bytes that this user is charged for, once the collector has taken
 * what others dropped before: that it does so later is nobody's change. It
 * takes a key out of the list first, waits until nobody can look at it, and
 * then lifts the charge. What a process had goes some grace periods after the
 * process itself: task, credentials, keyrings, one after the other.
 */
static inline void quota_state(FILE *f)
{
	struct text before = { 0 }, after = { 0 };
	int tries, same = 0;

	for (tries = 0; tries < 500 && same < 5; tries++) {
		quota_print(text_open(&before));
		fclose(before.f);
		syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
		usleep(10000);
		quota_print(text_open(&after));
		fclose(after.f);
		same = !dead_keys() && !strcmp(before.p, after.p) ? same + 1 : 0;
		free(before.p);
		free(after.p);
	}
	quota_print(f);
}

/*
 * All of it, as text. @key is a key whose chain is looked at too, or 0.
 */
static inline char *state_text(serial_t key)
{
	struct text t;
	FILE *f = text_open(&t);
	static char chain[65536];
	long n;

	keyring_state(f, KEY_SPEC_SESSION_KEYRING, 0);
	keyring_state(f, KEY_SPEC_USER_KEYRING, 0);
	quota_state(f);
	tpm_state(f);
	if (key) {
		n = key_read(key, chain, sizeof(chain) - 1);
		chain[n > 0 && n < (long)sizeof(chain) ? n : 0] = 0;
		fprintf(f, "chain of %d: %s\n", key, chain);
	}
	fclose(f);
	return t.p;
}

/* ---- TPM commands, counted by the tracepoint ---- */

#define TRACE "/sys/kernel/tracing/instances/tkm-tests/trace"

static inline void trace_clear(void)
{
	int fd = open(TRACE, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0)
		die("%s: %s", TRACE, strerror(errno));
	close(fd);
}

static inline int trace_count(void)
{
	char *trace = read_file(TRACE, NULL), *p = trace;
	int n = 0;

	while ((p = strstr(p, "tkm_tpm_command: "))) {
		n++;
		p++;
	}
	free(trace);
	return n;
}

#endif
