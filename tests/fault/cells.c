// SPDX-License-Identifier: GPL-2.0
/*
 * Runs tests against a TPM that lies (hostile.c), one line each, as KTAP.
 *
 *   cells SOCKET < LINES
 *
 *   cell NAME | OPERATION | ERRNO[/ERRNO...] | AFTER | FAULT [+ FAULT...]
 *   bits NAME | OPERATION | ERRNO/... | COMMAND N
 *   skip NAME | REASON
 *
 * With TKM_SHARE=K/N in the environment it is only the Kth of every N cells, and
 * of every N bits: N machines with 1/N to N/N do all there is.
 *
 * A FAULT is what "arm" of hostile.c takes. A cell passes when
 *
 *   the fault did happen
 *   the operation gave that errno, "ok" for success, within the seconds that
 *	AFTER has as "s=N" (30; on the debug kernel ten times as long), having
 *	sent at most as many commands as it has as "n=N". With
 *	"hurry=COMMAND,..." in AFTER, the driver has little patience with those
 *	meanwhile (patience/)
 *   the TPM then holds nothing; not looked at with "leaks" in AFTER. tkm looks
 *	after handles that got lost once it has been bitten, and a module that
 *	was just loaded has not: it is, first of all
 *   the operation succeeds without the fault, where AFTER has "again": it leaves
 *	no saved context behind, and the next test wants one
 *   another key loads; where AFTER has "closed", it does not (ENODEV), but does
 *	when the module is loaded anew; where AFTER has "plug", when the chip is
 *	there again
 *   no message had the key's bytes, or the authorisation value
 *   the kernel's log has nothing of a bug
 *
 * "bits" flips each bit of the Nth answer to COMMAND, one operation each. None
 * may succeed on the altered answer: when an operation succeeds all the same,
 * it has asked anew, and got a true answer. (The answers to FlushContext, that
 * carries nothing, and GetCapability, that only tells what to flush, may be
 * altered and all the same succeed.)
 *
 * The operations are in the table below. None leaves a key.
 */
#include "vm.h"

#include <ctype.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>

/* In no message, ever: the sealed bytes, and an authorisation value. */
static const uint8_t canary[32] = {
	0xca, 0x9a, 0x51, 0x0e, 0xc3, 0x77, 0x21, 0xf0,
	0x0d, 0xb6, 0x48, 0x93, 0x5c, 0xe2, 0x3f, 0x86,
	0xd9, 0x14, 0x6b, 0xa7, 0x30, 0xf5, 0x8e, 0x42,
	0x97, 0x2b, 0xec, 0x65, 0x01, 0xbd, 0x78, 0xdf,
};
#define AUTH "the canary's own password"

static FILE *script_in;
static int script_out, kmsg;
static serial_t ring, auth;
static char *plain, *policy, *flat_policy, *other;
static size_t flat_len;
static char *flat;
static unsigned int number, failed, operations;
/* What of all there is is done here: where to begin, and the stride. */
static unsigned int share, shares = 1;
/* How much longer things may take on the debug kernel. */
static int slow = 1;
/* Seconds that went into these, and the rest into cells. */
static double with_modules, with_chips;
/* Why the test at hand failed; empty so far. */
static char why[8192];

__attribute__((format(printf, 1, 2)))
static void wrong(const char *format, ...)
{
	size_t n = strlen(why);
	va_list args;

	va_start(args, format);
	if (n < sizeof(why) - 2) {
		vsnprintf(why + n, sizeof(why) - n - 1, format, args);
		strcat(why, "\n");
	}
	va_end(args);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* ---- the script ---- */

__attribute__((format(printf, 1, 2)))
static const char *say(const char *format, ...)
{
	static char line[65536];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (dprintf(script_out, "%s\n", line) < 0 ||
	    !fgets(line, sizeof(line), script_in))
		die("the hostile TPM is gone");
	line[strcspn(line, "\n")] = 0;
	if (strncmp(line, "ok", 2))
		die("%s", line);
	return line[2] ? line + 3 : line + 2;
}

static void meet(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	script_out = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (script_out < 0 ||
	    connect(script_out, (struct sockaddr *)&address, sizeof(address)))
		die("%s: %s", path, strerror(errno));
	script_in = fdopen(script_out, "r");
}

/* ---- operations ---- */

static int give(long key)
{
	int err = key < 0 ? errno : 0;

	operations++;
	if (key >= 0)
		key_ctl(KEYCTL_UNLINK, key, ring, 0, 0);
	return err;
}

static int load(const char *desc, const char *text)
{
	return give(key_add("tkm", desc, text, strlen(text), ring));
}

static int do_load(void)
{
	return load("cells:plain", plain);
}

static int do_policy(void)
{
	return load("cells:policy", policy);
}

static int do_flat(void)
{
	return give(key_add("tkm", "cells:flat", flat, flat_len, ring));
}

static int do_flat_policy(void)
{
	return load("cells:flat-policy", flat_policy);
}

static int do_other(void)
{
	return load("other:key", other);
}

static int do_new(void)
{
	return load("cells:new", "new");
}

static int do_new_pcrs(void)
{
	return load("cells:new", "new pcrs=sha256:0,7");
}

/* Makes a storage key too, and saves its context. */
static int do_new_app(void)
{
	static int n;
	char desc[32];

	snprintf(desc, sizeof(desc), "app%d:new", n++);
	return load(desc, "new");
}

/* The canary itself goes to the TPM again. */
static int do_reseal(void)
{
	static const char text[] = "reseal pcrs=sha256:7";
	serial_t key = key_add("tkm", "cells:flat", flat, flat_len, ring);
	long ret;
	int err;

	if (key < 0)
		return give(key);
	ret = key_update(key, text, strlen(text));
	err = ret < 0 ? errno : 0;
	give(key);
	return err;
}

/* The SRK is missing, and is made again. */
static int do_no_srk(void)
{
	say("evict");
	return do_load();
}

/* And another key below that storage key, by the context that was saved. */
static int do_new_app_twice(void)
{
	static int n;
	char desc[32];
	int err;

	snprintf(desc, sizeof(desc), "twice%d:one", n);
	err = load(desc, "new");
	if (err)
		return err;
	snprintf(desc, sizeof(desc), "twice%d:two", n++);
	return load(desc, "new");
}

static const struct operation {
	const char *name;
	int (*run)(void);
} table[] = {
	{ "load", do_load },	   { "policy", do_policy },
	{ "flat", do_flat },	   { "flat-policy", do_flat_policy },
	{ "new", do_new },	   { "new-pcrs", do_new_pcrs },
	{ "new-app", do_new_app }, { "new-app-twice", do_new_app_twice },
	{ "reseal", do_reseal },   { "no-srk", do_no_srk },
};

static const struct operation *operation_of(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcmp(name, table[i].name))
			return &table[i];
	die("no operation '%s'", name);
}

static const char *name_of(int err)
{
	return err ? strerrorname_np(err) : "ok";
}

/* Whether it is one of "A/B/C". */
static bool one_of(int err, const char *names)
{
	const char *name = name_of(err), *p = names;
	size_t n = strlen(name);

	for (; (p = strstr(p, name)); p++)
		if ((p == names || p[-1] == '/') && (!p[n] || p[n] == '/'))
			return true;
	return false;
}

/* Who asked has the answer before the hold ends, and with it the last flush. */
static bool happened(void)
{
	int tries;

	for (tries = 0; tries < 1000 * slow; tries++) {
		if (!atoi(say("pending")))
			return true;
		usleep(2000);
	}
	return false;
}

/*
 * Waits until tkm's hold is over, which ends after who asked has the answer: the
 * driver asks the TPM for a register, once the chip is free.
 */
static void hold_is_over(void)
{
	char path[96], value[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/class/tpm/tpm%d/pcr-sha256/0",
		 atoi(say("chip")));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, value, sizeof(value)) <= 0)
		wrong("%s: %s", path, strerror(errno));
	close(fd);
}

/* ---- what must be so afterwards ---- */

static void check_handles(void)
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

/*
 * So that the next test sends what its operation always sends: contexts are
 * saved, and tkm has lost an answer (and is wary of that; what it lost then is
 * nobody's any more).
 */
static void warm_up(void)
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

	/* Keys die in their own time. */
	while (now() < end && syscall(SYS_delete_module, "tkm", O_NONBLOCK))
		usleep(5000);
	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		wrong("the module does not load anew: %s", strerror(errno));
	close(fd);
	with_modules += now() - start;
	warm_up();
}

/* The value of "NAME=VALUE" in AFTER, or NULL. */
static const char *option(const char *after, const char *name)
{
	size_t n = strlen(name);
	const char *p = after;

	for (; (p = strstr(p, name)); p += n)
		if ((p == after || p[-1] == ' ') && p[n] == '=')
			return p + n + 1;
	return NULL;
}

/* The commands that the driver shall have little patience with; "": none. */
static void hurry(const char *commands)
{
	static const char path[] = "/sys/module/patience/parameters/hurry";
	char list[256], codes[256] = "0", *name, *save;
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	snprintf(list, sizeof(list), "%.*s", (int)strcspn(commands, " "),
		 commands);
	for (name = strtok_r(list, ",", &save); name;
	     name = strtok_r(NULL, ",", &save))
		sprintf(codes + strlen(codes), ",%s", say("code %s", name));
	if (fd < 0 || write(fd, codes, strlen(codes)) < 0)
		die("%s: %s", path, strerror(errno));
	close(fd);
}

static unsigned int words(const char *text)
{
	unsigned int n = !!*text;

	while ((text = strchr(text, ' '))) {
		text++;
		n++;
	}
	return n;
}

static void check_after(const struct operation *op, const char *after)
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

/* ---- tests ---- */

static void report(const char *name)
{
	char *line, *save;

	number++;
	if (!*why) {
		printf("ok %u %s\n", number, name);
		return;
	}
	for (line = strtok_r(why, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		printf("# %s\n", line);
	printf("not ok %u %s\n", number, name);
	fflush(stdout);
	failed++;
	*why = 0;
}

/* Cuts at the next separator; what is before it, without space around. */
static char *field(char **rest, char separator)
{
	char *p = *rest, *end;

	if (!p)
		die("a field is missing");
	while (isspace(*p))
		p++;
	end = strchr(p, separator);
	*rest = end ? end + 1 : NULL;
	if (!end)
		end = p + strlen(p);
	*end = 0;
	while (end > p && isspace(end[-1]))
		*--end = 0;
	return p;
}

static void run_cell(char *line)
{
	char *name = field(&line, '|');
	const struct operation *op = operation_of(field(&line, '|'));
	char *expected = field(&line, '|'), *after = field(&line, '|');
	const char *limit = option(after, "s"), *most = option(after, "n");
	const char *in_hurry = option(after, "hurry"), *log;
	double start, took;
	int err;

	say("clear");
	while (line)
		say("arm %s", field(&line, '+'));
	if (in_hurry)
		hurry(in_hurry);
	start = now();
	err = op->run();
	took = now() - start;
	if (!happened())
		wrong("not every fault did happen");
	if (in_hurry)
		hurry("");
	if (most)
		hold_is_over();
	log = say("log");
	if (!one_of(err, expected))
		wrong("%s, not %s", name_of(err), expected);
	if (took > slow * (limit ? atof(limit) : 30))
		wrong("%.1f seconds", took);
	if (most && words(log) > (unsigned int)atoi(most))
		wrong("more than %d commands", atoi(most));
	if (*why)
		wrong("sent: %s", log);
	check_after(op, after);
	report(name);
}

/* The length of the Nth answer to a command, from a log. */
static size_t answer_length(const char *log, const char *command, int nth)
{
	size_t n = strlen(command);
	const char *p = log;

	for (; (p = strstr(p, command)); p += n)
		if ((p == log || p[-1] == ' ') && p[n] == '/' && !--nth)
			return atoi(p + n + 1);
	die("no such answer in: %s", log);
}

/* Whether the last one of a command was a true one. */
static bool last_is_true(const char *log, const char *command)
{
	size_t n = strlen(command);
	const char *p = log;
	bool yes = false;

	for (; (p = strstr(p, command)); p += n)
		if (p == log || p[-1] == ' ')
			yes = p[n] == '/';
	return yes;
}

static void run_bits(char *line)
{
	char *name = field(&line, '|');
	const struct operation *op = operation_of(field(&line, '|'));
	char *expected = field(&line, '|');
	char *command = field(&line, ' ');
	int nth = atoi(field(&line, ' '));
	bool looks = !strcmp(command, "GetCapability");
	bool ignored = looks || !strcmp(command, "FlushContext");
	unsigned int counts[256] = {}, done = 0;
	size_t bit, length;
	double start = now();
	const char *log;
	int err, i;

	say("clear");
	err = op->run();
	if (err)
		wrong("without a fault: %s", name_of(err));
	length = answer_length(say("log"), command, nth);
	for (bit = share; bit < 8 * length; bit += shares) {
		/* tkm looks for some hundred holds after its last loss. */
		if (looks && done % 64 == 0)
			warm_up();
		/* A hold ends with looks, which are not to be counted. */
		if (looks)
			hold_is_over();
		say("clear");
		say("arm flip %s %d %zu", command, nth, bit);
		err = op->run();
		counts[err & 255]++;
		if (!happened())
			wrong("bit %zu: the fault did not happen", bit);
		log = say("log");
		if (!err && !ignored && !last_is_true(log, command))
			wrong("bit %zu: believed: %s", bit, log);
		else if (!one_of(err, expected))
			wrong("bit %zu: %s: %s", bit, name_of(err), log);
		check_handles();
		if (++done % 64 == 0 || *why)
			check_after(op, "");
		if (strlen(why) > 1000)
			break;
	}
	check_after(op, "");
	printf("# %u bits in %.1f seconds:", done, now() - start);
	for (i = 0; i < 256; i++)
		if (counts[i])
			printf(" %s %u", name_of(i), counts[i]);
	putchar('\n');
	report(name);
}

/* ---- before the tests ---- */

/* A key's chain, as the text that loads it. */
static char *chain_of(serial_t key, const char *options)
{
	char *text = calloc(1, 65536);
	long n = sprintf(text, "load "), got;

	if (key < 0)
		die("a key: %s", strerror(errno));
	got = key_read(key, text + n, 60000);
	if (got <= 0)
		die("a chain: %s", strerror(errno));
	n += got;
	while (isspace(text[n - 1]) || !text[n - 1])
		n--;
	text[n] = 0;
	sprintf(text + n, "%s%s", *options ? " " : "", options);
	key_ctl(KEYCTL_UNLINK, key, ring, 0, 0);
	return text;
}

static serial_t new_key(const char *desc, const char *options)
{
	char text[128];

	snprintf(text, sizeof(text), "new %s", options);
	return key_add("tkm", desc, text, strlen(text), ring);
}

static void prepare(void)
{
	char hex[2 * sizeof(canary) + 1], with[64], text[96], path[64];
	serial_t key;
	size_t i;

	ring = key_add("keyring", "cells", NULL, 0, KEY_SPEC_SESSION_KEYRING);
	auth = key_add("user", "cells:auth", AUTH, strlen(AUTH), ring);
	if (ring < 0 || auth < 0)
		die("keyring: %s", strerror(errno));
	snprintf(with, sizeof(with), "auth=%d", auth);
	for (i = 0; i < sizeof(canary); i++)
		sprintf(hex + 2 * i, "%02x", canary[i]);

	plain = chain_of(new_key("cells:plain", ""), "");
	other = chain_of(new_key("other:key", ""), "");
	snprintf(text, sizeof(text), "pcrs=sha256:0,7 %s", with);
	policy = chain_of(new_key("cells:policy", text), with);

	snprintf(path, sizeof(path), "/tmp/canary.%d", getpid());
	say("seal %s %s", hex, path);
	/* Half of it is enough to know it by. */
	say("canary %.32s", hex);
	say("canary %s", hex + 32);
	for (i = 0; i < 24; i++)
		sprintf(hex + 2 * i, "%02x", AUTH[i]);
	say("canary %s", hex);
	flat = read_file(path, &flat_len);
	unlink(path);
	key = key_add("tkm", "cells:flat-policy", flat, flat_len, ring);
	snprintf(text, sizeof(text), "reseal pcrs=sha256:7 %s", with);
	if (key < 0 || key_update(key, text, strlen(text)))
		die("the canary: %s", strerror(errno));
	flat_policy = chain_of(key, with);
}

/* The lines that are to be run here. */
static size_t read_lines(char **lines, size_t max)
{
	char *line, *save, *all = read_all(0, NULL);
	unsigned int cells = 0;
	size_t n = 0;

	for (line = strtok_r(all, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (!*line || *line == '#')
			continue;
		if (!strncmp(line, "cell ", 5) && cells++ % shares != share)
			continue;
		if (n == max)
			die("more than %zu lines", max);
		lines[n++] = line;
	}
	return n;
}

static void take_share(const char *text)
{
	if (!text)
		return;
	if (sscanf(text, "%u/%u", &share, &shares) != 2 || !share ||
	    share > shares)
		die("TKM_SHARE=%s is not K/N", text);
	share--;
}

int main(int argc, char **argv)
{
	char *lines[4096], *rest, *verb;
	size_t i, n;
	double start;

	if (argc != 2)
		die("see the head of cells.c");
	setvbuf(stdout, NULL, _IOLBF, 0);
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg < 0 || lseek(kmsg, 0, SEEK_END) < 0)
		die("/dev/kmsg: %s", strerror(errno));
	if (!access("/sys/kernel/debug/kmemleak", F_OK))
		slow = 10;
	take_share(getenv("TKM_SHARE"));
	n = read_lines(lines, sizeof(lines) / sizeof(lines[0]));
	meet(argv[1]);
	prepare();
	printf("KTAP version 1\n1..%zu\n", n);
	warm_up();
	start = now();
	for (i = 0; i < n; i++) {
		rest = lines[i];
		verb = field(&rest, ' ');
		if (!strcmp(verb, "cell"))
			run_cell(rest);
		else if (!strcmp(verb, "bits"))
			run_bits(rest);
		else if (!strcmp(verb, "skip"))
			printf("ok %u %s # SKIP\n", ++number, field(&rest, '|'));
		else
			die("see the head of cells.c: %s", verb);
	}
	printf("# %u operations in %.1f seconds, of these %.1f for modules and %.1f for chips\n",
	       operations, now() - start, with_modules, with_chips);
	return failed ? 1 : 0;
}
