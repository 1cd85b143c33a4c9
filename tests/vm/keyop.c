// SPDX-License-Identifier: GPL-2.0
/*
 * keyctl for tests: one system call, and the name of its errno.
 *
 *   keyop [-u] [-e] add TYPE DESC PAYLOAD KEYRING   prints the key's number
 *   keyop [-u] [-e] update KEY PAYLOAD
 *   keyop -u -e refused ERRNO VERB ARGUMENT...   one call for each line of
 *                             standard input, which takes the place of the
 *                             argument "%"; each must fail so. For speed.
 *   keyop read-short KEY      read with buffers that are too small
 *   keyop session COMMAND...  run in a new session that has the user's keyring
 *   keyop state               what a refusal must not change
 *   keyop handles             what the TPM holds: objects and sessions
 *   keyop startup             TPM2_Startup, for a TPM that was reset under us
 *   keyop strerror NAME
 *
 * PAYLOAD is as vm.h says; with -0 the call gets NULL in its place, and its length.
 * A call that fails prints its errno's name and gives status 1. With -u, a
 * failed call that changed something gives 3 and says what; with -e, one that
 * sent a TPM command gives 3 and says so.
 */
#include "vm.h"

static bool unchanged, early, null_payload;

/* What is taken back may be so a little later. */
static int compare(char *before, serial_t key)
{
	char *after = NULL;
	int tries;

	for (tries = 0; tries < 2000; tries++) {
		free(after);
		after = state_text(key);
		if (!strcmp(before, after))
			return 0;
		usleep(10000);
	}
	printf("changed, from:\n%sto:\n%s", before, after);
	return 3;
}

/* Runs the call and says what it gave. */
static int call(long (*run)(char **argv), char **argv, serial_t key)
{
	char *before = unchanged ? state_text(key) : NULL;
	long ret;
	int err, sent = 0;

	if (early)
		trace_clear();
	errno = 0;
	ret = run(argv);
	err = errno;
	if (early)
		sent = trace_count();
	if (ret >= 0) {
		printf("%ld\n", ret);
		return 0;
	}
	printf("%s\n", strerrorname_np(err));
	if (sent) {
		printf("sent %d TPM commands\n", sent);
		return 3;
	}
	ret = before ? compare(before, key) : 0;
	free(before);
	return ret ? ret : 1;
}

static long run_add(char **argv)
{
	size_t len;
	char *payload = payload_of(argv[2], &len);

	return key_add(argv[0], argv[1], null_payload ? NULL : payload, len,
		       keyring_number(argv[3]));
}

static long run_update(char **argv)
{
	size_t len;
	char *payload = payload_of(argv[1], &len);

	return key_update(keyring_number(argv[0]),
			  null_payload ? NULL : payload, len);
}

/* Says so when the call did not fail with this errno, or changed something. */
static bool fails_so(const char *name, long (*run)(char **argv), char **argv,
		     serial_t key, const char *line)
{
	char *before = state_text(key);
	long ret;
	int err, sent;

	trace_clear();
	ret = run(argv);
	err = errno;
	sent = trace_count();
	if (ret >= 0)
		printf("succeeded, not %s: '%.200s'\n", name, line);
	else if (strcmp(strerrorname_np(err), name))
		printf("%s, not %s: '%.200s'\n", strerrorname_np(err), name,
		       line);
	else if (sent)
		printf("sent %d TPM commands: '%.200s'\n", sent, line);
	else if (compare(before, key))
		printf("by '%.200s'\n", line);
	else
		ret = 0;
	free(before);
	return ret == 0;
}

static int refused(const char *name, const char *verb, char **argv, int argc)
{
	bool add = !strcmp(verb, "add");
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	int i, place = -1, done = 0;

	if (!unchanged || !early || argc != (add ? 4 : 2))
		die("see the head of keyop.c");
	for (i = 0; i < argc; i++)
		if (!strcmp(argv[i], "%"))
			place = i;
	if (place < 0)
		die("no argument is %%");
	while ((n = getline(&line, &size, stdin)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = 0;
		argv[place] = line;
		if (!fails_so(name, add ? run_add : run_update, argv,
			      add ? 0 : keyring_number(argv[0]), line))
			return 3;
		done++;
	}
	free(line);
	/* A list that did not arrive must not pass. */
	return done ? 0 : 3;
}

/* The full length comes back, and a buffer that is too small stays as it was. */
static int read_short(serial_t key)
{
	static const unsigned char canary = 0xa5;
	long full = key_read(key, NULL, 0), got;
	unsigned char *buf;
	long sizes[] = { 0, 1, 2, full / 2, full - 1 };
	size_t i;
	long j;

	if (full <= 0) {
		printf("%s\n", strerrorname_np(errno));
		return 1;
	}
	buf = malloc(full + 64);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		memset(buf, canary, full + 64);
		got = key_read(key, buf, sizes[i]);
		if (got != full) {
			printf("buffer of %ld: %ld, not %ld\n", sizes[i], got, full);
			return 1;
		}
		for (j = 0; j < full + 64; j++)
			if (buf[j] != canary) {
				printf("buffer of %ld: byte %ld written\n",
				       sizes[i], j);
				return 1;
			}
	}
	memset(buf, canary, full + 64);
	got = key_read(key, buf, full);
	for (j = 0; j < 64; j++)
		if (got != full || buf[full + j] != canary) {
			printf("exact buffer: %ld, byte %ld after it\n", got, j);
			return 1;
		}
	printf("%ld\n", full);
	return 0;
}

static int session(char **argv)
{
	if (key_ctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0) < 0 ||
	    key_ctl(KEYCTL_LINK, KEY_SPEC_USER_KEYRING,
		    KEY_SPEC_SESSION_KEYRING, 0, 0) < 0)
		die("session: %s", strerror(errno));
	execvp(argv[0], argv);
	die("%s: %s", argv[0], strerror(errno));
}

static int startup(void)
{
	uint8_t buf[4096] = { 0x80, 0x01, 0, 0, 0, 12, 0, 0, 0x01, 0x44 };
	const char *path = getenv("TPM_DEV");
	int fd = open(path ? path : "/dev/tpm0", O_RDWR);

	if (fd < 0 || write(fd, buf, 12) != 12 ||
	    read(fd, buf, sizeof(buf)) != 10 || memcmp(buf + 6, "\0\0\0\0", 4))
		die("TPM2_Startup does not work");
	return 0;
}

static int errno_text(const char *name)
{
	const char *known;
	int i;

	for (i = 1; i < 134; i++) {
		known = strerrorname_np(i);
		if (known && !strcmp(known, name)) {
			puts(strerror(i));
			return 0;
		}
	}
	die("%s is no errno", name);
}

int main(int argc, char **argv)
{
	const char *verb;
	int option;

	while ((option = getopt(argc, argv, "+ue0")) != -1) {
		switch (option) {
		case 'u': unchanged = true; break;
		case 'e': early = true; break;
		case '0': null_payload = true; break;
		default: die("see the head of keyop.c");
		}
	}
	argc -= optind;
	argv += optind;
	verb = argc ? argv[0] : "";
	argv++;
	if (!strcmp(verb, "add") && argc == 5)
		return call(run_add, argv, 0);
	if (!strcmp(verb, "update") && argc == 3)
		return call(run_update, argv, keyring_number(argv[0]));
	if (!strcmp(verb, "refused") && argc >= 4)
		return refused(argv[0], argv[1], argv + 2, argc - 3);
	if (!strcmp(verb, "read-short") && argc == 2)
		return read_short(keyring_number(argv[0]));
	if (!strcmp(verb, "session") && argc >= 2)
		return session(argv);
	if (!strcmp(verb, "state") && argc == 1) {
		fputs(state_text(0), stdout);
		return 0;
	}
	if (!strcmp(verb, "handles") && argc == 1) {
		tpm_state(stdout);
		return 0;
	}
	if (!strcmp(verb, "startup") && argc == 1)
		return startup();
	if (!strcmp(verb, "strerror") && argc == 2)
		return errno_text(argv[0]);
	die("see the head of keyop.c");
}
