// SPDX-License-Identifier: GPL-2.0
/*
 * keyctl_pkey_*() for tests: one system call, and the name of its errno.
 *
 *   pkop query KEY INFO                  the fields, as text
 *   pkop encrypt|decrypt|sign KEY INFO IN OUT   a file to a file; "-" for none
 *   pkop verify KEY INFO IN SIGNATURE
 *   pkop flips WHAT KEY INFO IN SIGNATURE STEP ERRNO
 *                            every STEPth bit of the signature (verify) or of
 *                            IN (decrypt) turned: each must fail so
 *   pkop cuts KEY INFO IN ERRNO          every shorter IN, decrypted: the same
 *   pkop nonces N KEY                    N messages of a data key, all different
 *   pkop crowd N KEY INFO IN             N processes sign at once, and verify
 *   pkop publish N KEY PAYLOAD           N times keyctl update
 *
 * A call that fails prints its errno's name and gives status 1. A call that
 * writes where it should not gives 3: all of the buffer when it fails, what is
 * behind the result when it does not. INFO may be empty.
 */
#include "vm.h"

#include <sys/wait.h>

#define ROOM	(128 * 1024)
#define CANARY	0xa5

static unsigned char *out;

static int op_of(const char *verb)
{
	static const struct {
		const char *verb;
		int op;
	} table[] = {
		{ "encrypt", KEYCTL_PKEY_ENCRYPT },
		{ "decrypt", KEYCTL_PKEY_DECRYPT },
		{ "sign", KEYCTL_PKEY_SIGN },
		{ "verify", KEYCTL_PKEY_VERIFY },
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcmp(verb, table[i].verb))
			return table[i].op;
	die("see the head of pkop.c");
}

/* What is asked for is what the query says; the canary begins behind that. */
static size_t room_of(int op, serial_t key, const char *info)
{
	struct keyctl_pkey_query q;

	if (key_ctl(KEYCTL_PKEY_QUERY, key, 0, (unsigned long)info,
		    (unsigned long)&q))
		return 0;
	switch (op) {
	case KEYCTL_PKEY_ENCRYPT: return q.max_enc_size;
	case KEYCTL_PKEY_DECRYPT: return q.max_dec_size;
	default: return q.max_sig_size;
	}
}

static void untouched(size_t from)
{
	size_t i;

	for (i = from; i < ROOM; i++)
		if (out[i] != CANARY) {
			printf("byte %zu was written\n", i);
			exit(3);
		}
}

/* Into @out; its length, or -1 with errno. */
static long apply(int op, serial_t key, const char *info, const void *in,
		  size_t in_len)
{
	size_t room = room_of(op, key, info);
	long ret;
	int err;

	memset(out, CANARY, ROOM);
	ret = key_pkey(op, key, info, in, in_len, out, room);
	err = errno;
	if (ret > (long)room) {
		printf("%ld bytes, where %zu were asked for\n", ret, room);
		exit(3);
	}
	untouched(ret < 0 ? 0 : ret);
	errno = err;
	return ret;
}

/* The kernel reads a signature of the largest size whatever it is told. */
static long verify(serial_t key, const char *info, const void *in,
		   size_t in_len, const void *sig, size_t sig_len)
{
	memset(out, 0, ROOM);
	memcpy(out, sig, sig_len);
	return key_pkey(KEYCTL_PKEY_VERIFY, key, info, in, in_len, out,
			sig_len);
}

static int say(long ret)
{
	if (ret < 0) {
		printf("%s\n", strerrorname_np(errno));
		return 1;
	}
	printf("%ld\n", ret);
	return 0;
}

static int query(serial_t key, const char *info)
{
	static const char *const names[] = { "encrypt", "decrypt", "sign",
					     "verify" };
	struct keyctl_pkey_query q;
	size_t i;

	memset(&q, CANARY, sizeof(q));
	if (key_ctl(KEYCTL_PKEY_QUERY, key, 0, (unsigned long)info,
		    (unsigned long)&q))
		return say(-1);
	printf("bits=%u data=%u sig=%u enc=%u dec=%u ops=", q.key_size,
	       q.max_data_size, q.max_sig_size, q.max_enc_size, q.max_dec_size);
	for (i = 0; i < 4; i++)
		if (q.supported_ops & 1 << i)
			printf("%s%s", q.supported_ops & ((1 << i) - 1) ? "+" : "",
			       names[i]);
	for (i = 0; i < sizeof(q.__spare) / sizeof(q.__spare[0]); i++)
		if (q.__spare[i])
			printf(" spare");
	printf("%s\n", q.supported_ops >> 4 ? " more" : "");
	return 0;
}

static int run_apply(const char *verb, serial_t key, const char *info,
		     const char *from, const char *to)
{
	size_t len = 0;
	char *in = strcmp(from, "-") ? read_file(from, &len) : "";
	long ret = apply(op_of(verb), key, info, in, len);
	int fd;

	if (ret >= 0 && strcmp(to, "-")) {
		fd = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		if (fd < 0 || write(fd, out, ret) != ret)
			die("%s: %s", to, strerror(errno));
		close(fd);
	}
	return say(ret);
}

static int run_verify(char **argv)
{
	size_t in_len, sig_len;
	char *in = read_file(argv[2], &in_len);
	char *sig = read_file(argv[3], &sig_len);

	return say(verify(keyring_number(argv[0]), argv[1], in, in_len, sig,
			  sig_len));
}

/* Whether it failed as it should. */
static bool fails(const char *name, long ret, const char *what, size_t i)
{
	if (ret < 0 && !strcmp(strerrorname_np(errno), name))
		return true;
	printf("%s %zu: %s, not %s\n", what, i,
	       ret < 0 ? strerrorname_np(errno) : "success", name);
	return false;
}

static int flips(char **argv)
{
	serial_t key = keyring_number(argv[1]);
	bool verifies = op_of(argv[0]) == KEYCTL_PKEY_VERIFY;
	size_t in_len, sig_len = 0, step = atoi(argv[5]), n, i;
	char *in = read_file(argv[3], &in_len), *target = in, *sig = NULL;
	long ret;

	n = in_len;
	if (verifies) {
		sig = target = read_file(argv[4], &sig_len);
		n = sig_len;
	}
	for (i = 0; i < 8 * n; i += step) {
		target[i / 8] ^= 0x80 >> i % 8;
		ret = verifies ? verify(key, argv[2], in, in_len, sig, sig_len) :
			apply(KEYCTL_PKEY_DECRYPT, key, argv[2], in, in_len);
		if (!fails(argv[6], ret, "bit", i))
			return 3;
		target[i / 8] ^= 0x80 >> i % 8;
	}
	/* As it was, it is right. */
	ret = verifies ? verify(key, argv[2], in, in_len, sig, sig_len) :
		apply(KEYCTL_PKEY_DECRYPT, key, argv[2], in, in_len);
	return n ? say(ret) : 3;
}

static int cuts(char **argv)
{
	serial_t key = keyring_number(argv[0]);
	size_t len, i;
	char *in = read_file(argv[2], &len);

	for (i = 0; i < len; i++)
		if (!fails(argv[3], apply(KEYCTL_PKEY_DECRYPT, key, argv[1], in, i),
			   "length", i))
			return 3;
	return len ? say(apply(KEYCTL_PKEY_DECRYPT, key, argv[1], in, len)) : 3;
}

/* Version, nonce, ciphertext, tag: of the same text, no two share a part. */
#define MESSAGE	(1 + 24 + 8 + 16)

static int by_nonce(const void *a, const void *b)
{
	return memcmp((const char *)a + 1, (const char *)b + 1, 24);
}

static int by_text(const void *a, const void *b)
{
	return memcmp((const char *)a + 25, (const char *)b + 25, 24);
}

static int nonces(int n, serial_t key)
{
	unsigned char (*all)[MESSAGE] = calloc(n, MESSAGE);
	int i, same = 0;

	for (i = 0; i < n; i++) {
		if (apply(KEYCTL_PKEY_ENCRYPT, key, "enc=gcm", "the same", 8) !=
		    MESSAGE)
			return say(-1);
		memcpy(all[i], out, MESSAGE);
		same += out[0] != 1;
	}
	qsort(all, n, MESSAGE, by_nonce);
	for (i = 1; i < n; i++)
		same += !by_nonce(all[i - 1], all[i]);
	qsort(all, n, MESSAGE, by_text);
	for (i = 1; i < n; i++)
		same += !by_text(all[i - 1], all[i]);
	free(all);
	printf("%d\n", same);
	return same ? 3 : 0;
}

static int crowd(int n, serial_t key, const char *info, const char *path)
{
	size_t len;
	char *in = read_file(path, &len);
	int i, status, bad = 0;

	for (i = 0; i < n; i++) {
		long ret;

		if (fork())
			continue;
		ret = apply(KEYCTL_PKEY_SIGN, key, info, in, len);
		if (ret > 0) {
			char *sig = malloc(ret);

			memcpy(sig, out, ret);
			ret = verify(key, info, in, len, sig, ret);
		}
		if (ret)
			fprintf(stderr, "%d: %s\n", i, strerrorname_np(errno));
		_exit(ret ? 1 : 0);
	}
	while (wait(&status) > 0)
		bad += !!status;
	printf("%d of %d failed\n", bad, n);
	return bad ? 3 : 0;
}

static int publish(int n, serial_t key, const char *payload)
{
	int i;

	for (i = 0; i < n; i++)
		if (key_update(key, payload, strlen(payload)))
			return say(-1);
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	out = malloc(ROOM);
	if (!out)
		die("no memory");
	argc -= 2;
	argv += 2;
	if (!strcmp(verb, "query") && argc == 2)
		return query(keyring_number(argv[0]), argv[1]);
	if (!strcmp(verb, "verify") && argc == 4)
		return run_verify(argv);
	if (!strcmp(verb, "flips") && argc == 7)
		return flips(argv);
	if (!strcmp(verb, "cuts") && argc == 4)
		return cuts(argv);
	if (!strcmp(verb, "nonces") && argc == 2)
		return nonces(atoi(argv[0]), keyring_number(argv[1]));
	if (!strcmp(verb, "crowd") && argc == 4)
		return crowd(atoi(argv[0]), keyring_number(argv[1]), argv[2],
			     argv[3]);
	if (!strcmp(verb, "publish") && argc == 3)
		return publish(atoi(argv[0]), keyring_number(argv[1]), argv[2]);
	if (argc == 4)
		return run_apply(verb, keyring_number(argv[0]), argv[1], argv[2],
				 argv[3]);
	die("see the head of pkop.c");
}
