// SPDX-License-Identifier: GPL-2.0
/*
 * Runs tests against a TPM that lies (hostile.c), one line each, as KTAP.
 *
 *   cells SOCKET FOLDER < LINES        FOLDER is what approvals.sh has filled
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
 *	no saved context behind, and the next test wants one; or it uses a key
 *	that stays, which must be good for more
 *   another key loads; where AFTER has "closed", it does not (ENODEV), but does
 *	when the module is loaded anew; where AFTER has "plug", when the chip is
 *	there again
 *   no message had the key's bytes, what was decrypted or agreed on, or the
 *	authorisation value; nobody got a signature that is none, or another
 *	message than the one that was encrypted
 *   the kernel's log has nothing of a bug
 *
 * "bits" flips each bit of the Nth answer to COMMAND, one operation each. None
 * may succeed on the altered answer: when an operation succeeds all the same,
 * it has asked anew, and got a true answer. (The answers to FlushContext, that
 * carries nothing, and GetCapability, that only tells what to flush, may be
 * altered and all the same succeed.)
 *
 * The operations are in the table of operations.c. None leaves a key, but those that
 * use one have it already, and loaded once, so that its context is saved.
 *
 * The last test is that no command was sent which hostile.c does not know.
 */
#include "aftermath.h"
#include "operations.h"
#include "policies.h"
#include "script.h"
#include "verdict.h"

#include <ctype.h>

/* What of all there is is done here: where to begin, and the stride. */
static unsigned int share, shares = 1;

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

static unsigned int words(const char *text)
{
	unsigned int n = !!*text;

	while ((text = strchr(text, ' '))) {
		text++;
		n++;
	}
	return n;
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

/* In a share of the lines nobody may have sent yet what is to be replayed. */
static void feed_replay(const struct operation *op, const char *faults)
{
	const char *p = strstr(faults, "replay ");
	char command[32];

	if (!p || sscanf(p, "replay %31s", command) != 1 ||
	    atoi(say("known %s", command)))
		return;
	op->run();
	hold_is_over();
	be_ready(op);
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

	be_ready(op);
	feed_replay(op, line);
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
	if (how_wrong())
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

	/* Who has lost nothing for long looks no more. */
	if (looks)
		warm_up();
	be_ready(op);
	say("clear");
	err = op->run();
	if (err)
		wrong("without a fault: %s", name_of(err));
	/* The last flush of a hold comes after the answer. */
	hold_is_over();
	length = answer_length(say("log"), command, nth);
	for (bit = share; bit < 8 * length; bit += shares) {
		/* tkm looks for some hundred holds after its last loss. */
		if (looks && done % 64 == 0)
			warm_up();
		/* A hold ends with looks, which are not to be counted. */
		if (looks)
			hold_is_over();
		approve(op);
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
		err = op->approvals ? op->run() : 0;
		if (err)
			wrong("bit %zu: and for good: %s", bit, name_of(err));
		if (++done % 64 == 0 || how_wrong())
			check_after(op, "");
		if (how_wrong() > 1000)
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

static void check_strange(void)
{
	const char *strange = say("strange");

	if (*strange)
		wrong("hostile.c does not know %s", strange);
	report("no command was sent that is not in the table");
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

	if (argc != 3)
		die("see the head of cells.c");
	setvbuf(stdout, NULL, _IOLBF, 0);
	watch_kernel();
	if (!access("/sys/kernel/debug/kmemleak", F_OK))
		slow = 10;
	take_share(getenv("TKM_SHARE"));
	n = read_lines(lines, sizeof(lines) / sizeof(lines[0]));
	meet(argv[1]);
	policies_open(argv[2]);
	prepare();
	printf("KTAP version 1\n1..%zu\n", n + 1);
	warm_up();
	say("strange");
	start = now();
	for (i = 0; i < n; i++) {
		rest = lines[i];
		verb = field(&rest, ' ');
		if (!strcmp(verb, "cell"))
			run_cell(rest);
		else if (!strcmp(verb, "bits"))
			run_bits(rest);
		else if (!strcmp(verb, "skip"))
			skip(field(&rest, '|'));
		else
			die("see the head of cells.c: %s", verb);
	}
	check_strange();
	printf("# %u operations in %.1f seconds, of these %.1f for modules and %.1f for chips\n",
	       operations, now() - start, with_modules, with_chips);
	return any_failed() ? 1 : 0;
}
