// SPDX-License-Identifier: GPL-2.0
/*
 * A TPM that lies: it stands between the kernel and swtpm, in the machine.
 *
 *   hostile serve SOCKET STATE   starts swtpm with the folder STATE, and takes
 *                                lines of the script from SOCKET
 *   hostile ask SOCKET LINE...   sends lines, prints the answers
 *
 * A line gets one line back, "ok" and what was asked for, or "error" and why:
 *
 *   chip            the chip appears, unless it is there; "ok 0" for /dev/tpm0.
 *                   The kernel may refuse it: say so again
 *   gone            it is pulled out
 *   arm KIND COMMAND N [A [B]]   a fault at the Nth COMMAND from now, 0: each
 *   clear           no fault is armed, and counting begins anew
 *   log             commands since "clear": "Load", "Load!" where the answer (or
 *                   the command) was altered, with "/LENGTH" of the true answer
 *   record [FILE]   from now on, every message into FILE, or no more
 *   canary HEX      bytes that must not be seen on the wire
 *   seen            how many messages had one in them
 *   pending         faults that were armed and have not happened yet
 *   code COMMAND    its number
 *   known COMMAND   1 when it was answered before, else 0
 *   name NUMBER     the command of that number
 *   strange         numbers of commands that are not in the table below, nor the
 *                   driver's own, since that was last asked
 *   handles         what swtpm holds: objects, sessions
 *   flush           flushes all of them
 *   reset           a reset and a startup that the kernel knows nothing of
 *   forgive         wrong passwords that were counted are forgotten
 *   evict           the SRK is no more
 *   seal HEX FILE   seals under the SRK, a TSS2 object in DER; not over the wire
 *   quit
 *
 * Kinds of faults, each once but where N is 0:
 *
 *   rc CODE         the TPM is not asked; the answer is CODE
 *   rc-after CODE   it is asked, and did it; the answer is CODE
 *   lose            it is not asked, and nothing is answered
 *   drop            it is asked, but its answer is kept
 *   delay MS        its answer comes later
 *   cut N           N bytes of the answer; a negative N: so many are missing
 *   cut-fix N       and the header agrees
 *   lengthen N      N bytes too many
 *   lengthen-fix N  and the header agrees
 *   flip BIT        of the answer, 0 the highest of the first byte, -1 the last
 *   flip-command BIT
 *   word AT VALUE   four bytes of the answer
 *   word-command AT VALUE
 *   replay          the answer to the same command before
 *   stranger        to ReadPublic: another storage key, and its true Name
 *   reset           of the chip, before the command
 *   gone            the chip, before the command
 *   gone-after      and after it
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/vtpm_proxy.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MESSAGE_MAX	4096
#define HEADER		10
#define CC_SET_LOCALITY	0x20001000u
#define SRK		0x81000001u
#define OWNER		0x40000001u
#define CLIENTS		4
#define FAULTS		8
#define CANARIES	32
#define LOG_MAX		512

struct message {
	uint8_t b[MESSAGE_MAX];
	size_t n;
};

enum { CREATE_PRIMARY = 0x131, EVICT_CONTROL = 0x120, CREATE = 0x153,
       FLUSH = 0x165, READ_PUBLIC = 0x173, GET_CAPABILITY = 0x17a };

static const struct {
	uint32_t cc;
	const char *name;
} commands[] = {
	{ 0x120, "EvictControl" },    { 0x131, "CreatePrimary" },
	{ 0x148, "Certify" },	      { 0x149, "PolicyNV" },
	{ 0x14b, "Duplicate" },	      { 0x150, "ObjectChangeAuth" },
	{ 0x152, "Rewrap" },	      { 0x153, "Create" },
	{ 0x154, "ECDH_ZGen" },	      { 0x156, "Import" },
	{ 0x157, "Load" },	      { 0x159, "RSA_Decrypt" },
	{ 0x15d, "Sign" },	      { 0x15e, "Unseal" },
	{ 0x161, "ContextLoad" },     { 0x162, "ContextSave" },
	{ 0x165, "FlushContext" },    { 0x167, "LoadExternal" },
	{ 0x16a, "PolicyAuthorize" }, { 0x16b, "PolicyAuthValue" },
	{ 0x16c, "PolicyCommandCode" }, { 0x171, "PolicyOR" },
	{ 0x173, "ReadPublic" },      { 0x176, "StartAuthSession" },
	{ 0x177, "VerifySignature" }, { 0x17a, "GetCapability" },
	{ 0x17e, "PCR_Read" },	      { 0x17f, "PolicyPCR" },
	{ 0x180, "PolicyRestart" },   { 0x188, "PolicyDuplicationSelect" },
	{ 0x18a, "TestParms" },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* SelfTest, Startup, Shutdown, and GetRandom for the kernel's generator. */
static const uint32_t of_driver[] = { 0x143, 0x144, 0x145, 0x17b };

static uint32_t strange[16];
static unsigned int n_strange;

enum kind {
	RC, RC_AFTER, LOSE, DROP, DELAY, CUT, CUT_FIX, LENGTHEN, LENGTHEN_FIX,
	FLIP, FLIP_COMMAND, WORD, WORD_COMMAND, REPLAY, STRANGER, RESET, GONE, GONE_AFTER,
	KINDS
};

static const char *const kinds[] = {
	"rc", "rc-after", "lose", "drop", "delay", "cut", "cut-fix", "lengthen",
	"lengthen-fix", "flip", "flip-command", "word", "word-command", "replay",
	"stranger", "reset", "gone", "gone-after",
};

static struct fault {
	enum kind kind;
	size_t command;
	unsigned int nth;
	bool happened;
	long a, b;
} faults[FAULTS];
static unsigned int n_faults;

static unsigned int counts[COMMANDS];
static struct message before[COMMANDS], stranger;
static struct entry {
	size_t command;
	bool altered;
	size_t length;
} entries[LOG_MAX];
static unsigned int n_entries;

static struct canary {
	uint8_t b[64];
	size_t n;
} canaries[CANARIES];
static unsigned int n_canaries, seen;

static int chip = -1, tpm = -1, control = -1, record = -1;

__attribute__((format(printf, 1, 2), noreturn))
static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "hostile: ");
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(2);
}

/* ---- bytes ---- */

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static uint16_t get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static void set32(uint8_t *p, uint32_t v)
{
	p[0] = v >> 24;
	p[1] = v >> 16;
	p[2] = v >> 8;
	p[3] = v;
}

static void put(struct message *m, const void *p, size_t n)
{
	if (m->n + n > sizeof(m->b))
		die("a message is too long");
	memcpy(m->b + m->n, p, n);
	m->n += n;
}

static void put8(struct message *m, uint8_t v)
{
	put(m, &v, 1);
}

static void put16(struct message *m, uint16_t v)
{
	put8(m, v >> 8);
	put8(m, v);
}

static void put32(struct message *m, uint32_t v)
{
	put16(m, v >> 16);
	put16(m, v);
}

static size_t unhex(const char *text, uint8_t *out, size_t size)
{
	size_t n = 0;
	unsigned int byte;

	while (n < size && sscanf(text + 2 * n, "%2x", &byte) == 1) {
		out[n++] = byte;
		if (!text[2 * n - 1] || !text[2 * n])
			break;
	}
	return n;
}

static void answer_code(struct message *m, uint32_t rc)
{
	m->n = 0;
	put16(m, 0x8001);
	put32(m, HEADER);
	put32(m, rc);
}

/* ---- swtpm ---- */

static void start_swtpm(const char *state)
{
	int data[2], ctrl[2];
	char fd[16], clientfd[64], dir[512];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, data) ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, ctrl))
		die("socketpair: %s", strerror(errno));
	switch (fork()) {
	case -1:
		die("fork: %s", strerror(errno));
	case 0:
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		close(data[0]);
		close(ctrl[0]);
		snprintf(fd, sizeof(fd), "%d", data[1]);
		snprintf(clientfd, sizeof(clientfd), "type=unixio,clientfd=%d",
			 ctrl[1]);
		snprintf(dir, sizeof(dir), "dir=%s", state);
		/* Not every kernel that is tested has seccomp filters. */
		execlp("swtpm", "swtpm", "socket", "--tpm2", "--tpmstate", dir,
		       "--fd", fd, "--ctrl", clientfd, "--flags",
		       "not-need-init,startup-clear", "--seccomp",
		       "action=none", (char *)NULL);
		die("swtpm: %s", strerror(errno));
	}
	close(data[1]);
	close(ctrl[1]);
	tpm = data[0];
	control = ctrl[0];
}

static void read_exactly(int fd, uint8_t *p, size_t n)
{
	ssize_t got;

	while (n) {
		got = read(fd, p, n);
		if (got <= 0)
			die("swtpm is gone");
		p += got;
		n -= got;
	}
}

static void ask_tpm(const struct message *command, struct message *answer)
{
	if (write(tpm, command->b, command->n) != (ssize_t)command->n)
		die("swtpm is gone");
	read_exactly(tpm, answer->b, HEADER);
	answer->n = get32(answer->b + 2);
	if (answer->n < HEADER || answer->n > MESSAGE_MAX)
		die("swtpm says nonsense");
	read_exactly(tpm, answer->b + HEADER, answer->n - HEADER);
}

static void begin(struct message *m, uint16_t tag, uint32_t cc)
{
	m->n = 0;
	put16(m, tag);
	put32(m, 0);
	put32(m, cc);
}

/* The command is whole: ask, and give the response code. */
static uint32_t finish(struct message *m, struct message *answer)
{
	set32(m->b + 2, m->n);
	ask_tpm(m, answer);
	return get32(answer->b + 6);
}

static void put_password(struct message *m)
{
	put32(m, 9);
	put32(m, 0x40000009);
	put16(m, 0);
	put8(m, 1);
	put16(m, 0);
}

/* A reset that it was not told of counts as a wrong password. */
static bool forgive(void)
{
	struct message m, answer;

	begin(&m, 0x8002, 0x139);
	put32(&m, 0x4000000a);
	put_password(&m);
	return !finish(&m, &answer);
}

/* swtpm's control channel: CMD_INIT with no flags, then TPM2_Startup(CLEAR). */
static bool reset_tpm(void)
{
	static const uint8_t init[8] = { 0, 0, 0, 2, 0, 0, 0, 0 };
	struct message m, answer;
	uint8_t result[4];

	if (write(control, init, sizeof(init)) != sizeof(init))
		die("swtpm is gone");
	read_exactly(control, result, sizeof(result));
	begin(&m, 0x8001, 0x144);
	put16(&m, 0);
	return !get32(result) && !finish(&m, &answer) && forgive();
}

static size_t handles_of(uint32_t first, uint32_t *out, size_t max)
{
	struct message m, answer;
	size_t i, n;

	begin(&m, 0x8001, GET_CAPABILITY);
	put32(&m, 1);
	put32(&m, first);
	put32(&m, max);
	if (finish(&m, &answer) || answer.n < 19)
		return 0;
	n = get32(answer.b + 15);
	for (i = 0; i < n && i < max; i++)
		out[i] = get32(answer.b + 19 + 4 * i);
	return i;
}

static size_t all_handles(uint32_t *out)
{
	size_t n = handles_of(0x80000000, out, 64);

	n += handles_of(0x02000000, out + n, 64);
	return n + handles_of(0x03000000, out + n, 64);
}

static void flush_handle(uint32_t handle)
{
	struct message m, answer;

	begin(&m, 0x8001, FLUSH);
	put32(&m, handle);
	finish(&m, &answer);
}

static bool evict_srk(void)
{
	struct message m, answer;

	begin(&m, 0x8002, EVICT_CONTROL);
	put32(&m, OWNER);
	put32(&m, SRK);
	put_password(&m);
	put32(&m, SRK);
	return !finish(&m, &answer);
}

/* A storage key that is as good as the SRK, but not it. */
static bool meet_stranger(void)
{
	struct message m, answer;
	uint32_t handle;
	uint8_t unique[32];

	memset(unique, 0x5a, sizeof(unique));
	begin(&m, 0x8002, CREATE_PRIMARY);
	put32(&m, OWNER);
	put_password(&m);
	put16(&m, 4);
	put32(&m, 0);
	put16(&m, 26 + 64);		/* TPM2B_PUBLIC */
	put16(&m, 0x0023);
	put16(&m, 0x000b);
	put32(&m, 0x00030472);
	put16(&m, 0);
	put16(&m, 0x0006);
	put16(&m, 128);
	put16(&m, 0x0043);
	put16(&m, 0x0010);
	put16(&m, 0x0003);
	put16(&m, 0x0010);
	put16(&m, 32);
	put(&m, unique, 32);
	put16(&m, 32);
	put(&m, unique, 32);
	put16(&m, 0);
	put32(&m, 0);
	if (finish(&m, &answer))
		return false;
	handle = get32(answer.b + HEADER);
	begin(&m, 0x8001, READ_PUBLIC);
	put32(&m, handle);
	finish(&m, &stranger);
	flush_handle(handle);
	return !get32(stranger.b + 6);
}

static void der(struct message *out, uint8_t tag, const void *p, size_t n)
{
	put8(out, tag);
	if (n >= 256) {
		put8(out, 0x82);
		put16(out, n);
	} else {
		if (n >= 128)
			put8(out, 0x81);
		put8(out, n);
	}
	put(out, p, n);
}

static bool seal(const uint8_t *data, size_t len, const char *path)
{
	static const uint8_t head[] = {
		0x06, 0x06, 0x67, 0x81, 0x05, 0x0a, 0x01, 0x05,	/* sealed */
		0xa0, 0x03, 0x01, 0x01, 0xff,			/* emptyAuth */
		0x02, 0x05, 0x00, 0x81, 0x00, 0x00, 0x01,	/* parent */
	};
	struct message m, answer, body = {}, whole = {};
	const uint8_t *priv, *pub;
	FILE *f;

	begin(&m, 0x8002, CREATE);
	put32(&m, SRK);
	put_password(&m);
	put16(&m, 4 + len);
	put16(&m, 0);
	put16(&m, len);
	put(&m, data, len);
	put16(&m, 14);			/* TPM2B_PUBLIC */
	put16(&m, 0x0008);
	put16(&m, 0x000b);
	put32(&m, 0x00000452);
	put16(&m, 0);
	put16(&m, 0x0010);
	put16(&m, 0);
	put16(&m, 0);
	put32(&m, 0);
	if (finish(&m, &answer))
		return false;
	priv = answer.b + HEADER + 4;
	pub = priv + 2 + get16(priv);
	put(&body, head, sizeof(head));
	der(&body, 0x04, pub, 2 + get16(pub));
	der(&body, 0x04, priv, 2 + get16(priv));
	der(&whole, 0x30, body.b, body.n);
	f = fopen(path, "w");
	return f && fwrite(whole.b, whole.n, 1, f) == 1 && !fclose(f);
}

/* ---- the chip that the kernel sees ---- */

static int make_chip(void)
{
	struct vtpm_proxy_new_dev new = { .flags = VTPM_PROXY_FLAG_TPM2 };
	int fd = open("/dev/vtpmx", O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, VTPM_PROXY_IOC_NEW_DEV, &new))
		die("/dev/vtpmx: %s", strerror(errno));
	close(fd);
	chip = new.fd;
	fcntl(chip, F_SETFD, FD_CLOEXEC);
	return new.tpm_num;
}

static void drop_chip(void)
{
	if (chip >= 0)
		close(chip);
	chip = -1;
}

static void look(const struct message *m, char direction)
{
	char line[2 * MESSAGE_MAX + 8];
	unsigned int i;
	size_t n;

	for (i = 0; i < n_canaries; i++)
		if (memmem(m->b, m->n, canaries[i].b, canaries[i].n)) {
			seen++;
			break;
		}
	if (record < 0)
		return;
	n = sprintf(line, "%c ", direction);
	for (i = 0; i < m->n; i++)
		n += sprintf(line + n, "%02x", m->b[i]);
	line[n++] = '\n';
	if (write(record, line, n) < 0)
		die("the record: %s", strerror(errno));
}

static void flip(struct message *m, long bit)
{
	if (bit < 0)
		bit += 8 * m->n;
	if (bit >= 0 && (size_t)bit / 8 < m->n)
		m->b[bit / 8] ^= 0x80 >> bit % 8;
}

static void set_word(struct message *m, long at, long value)
{
	if ((size_t)at + 4 <= m->n)
		set32(m->b + at, value);
}

static void change_length(struct message *m, long n, bool fix)
{
	if (n < 0)
		n = 0;
	if (n > MESSAGE_MAX)
		n = MESSAGE_MAX;
	while (m->n < (size_t)n)
		m->b[m->n++] = 0xee;
	m->n = n;
	if (fix && n >= 6)
		set32(m->b + 2, n);
}

/* What is done to a command before the TPM sees it; false: it shall not. */
static bool spoil_command(const struct fault *f, struct message *command,
			  struct message *answer)
{
	switch (f->kind) {
	case RC:
		answer_code(answer, f->a);
		return false;
	case LOSE:
		answer->n = 0;
		return false;
	case FLIP_COMMAND:
		flip(command, f->a);
		return true;
	case WORD_COMMAND:
		set_word(command, f->a, f->b);
		return true;
	case RESET:
		if (!reset_tpm())
			die("the chip cannot be reset");
		return true;
	case GONE:
		drop_chip();
		return false;
	default:
		return true;
	}
}

static void spoil_answer(const struct fault *f, struct message *answer)
{
	switch (f->kind) {
	case RC_AFTER:
		answer_code(answer, f->a);
		break;
	case DROP:
		answer->n = 0;
		break;
	case DELAY:
		usleep(f->a * 1000);
		break;
	case CUT:
	case CUT_FIX:
		change_length(answer, f->a < 0 ? (long)answer->n + f->a : f->a,
			      f->kind == CUT_FIX);
		break;
	case LENGTHEN:
	case LENGTHEN_FIX:
		change_length(answer, answer->n + f->a, f->kind == LENGTHEN_FIX);
		break;
	case FLIP:
		flip(answer, f->a);
		break;
	case WORD:
		set_word(answer, f->a, f->b);
		break;
	case REPLAY:
		*answer = before[f->command];
		break;
	case STRANGER:
		*answer = stranger;
		break;
	case GONE_AFTER:
		drop_chip();
		break;
	default:
		break;
	}
}

static size_t command_of(uint32_t cc)
{
	size_t i;

	for (i = 0; i < COMMANDS && commands[i].cc != cc; i++)
		;
	return i;
}

/* Nothing can be done to a command that is not in the table. */
static void note_strange(uint32_t cc)
{
	size_t i;

	for (i = 0; i < sizeof(of_driver) / sizeof(of_driver[0]); i++)
		if (cc == of_driver[i])
			return;
	for (i = 0; i < n_strange; i++)
		if (cc == strange[i])
			return;
	if (n_strange < sizeof(strange) / sizeof(strange[0]))
		strange[n_strange++] = cc;
}

/* One command of the kernel's, and what it gets for it. */
static void relay(struct message *command, struct message *answer)
{
	struct fault *hit[FAULTS];
	struct message truth;
	unsigned int i, n_hit = 0;
	struct entry *entry;
	bool forward = true;
	size_t c;

	c = command_of(get32(command->b + 6));
	if (c == COMMANDS) {
		note_strange(get32(command->b + 6));
		ask_tpm(command, answer);
		return;
	}
	counts[c]++;
	for (i = 0; i < n_faults; i++)
		if (faults[i].command == c &&
		    (!faults[i].nth || faults[i].nth == counts[c]))
			hit[n_hit++] = &faults[i];
	for (i = 0; i < n_hit; i++) {
		hit[i]->happened = true;
		forward = spoil_command(hit[i], command, answer) && forward;
	}
	if (forward) {
		ask_tpm(command, answer);
		truth = *answer;
		for (i = 0; i < n_hit; i++)
			spoil_answer(hit[i], answer);
	} else {
		truth.n = 0;
	}
	entry = &entries[n_entries];
	if (n_entries < LOG_MAX - 1)
		n_entries++;
	*entry = (struct entry){ c, n_hit, truth.n };
	if (truth.n && !get32(truth.b + 6))
		before[c] = truth;
}

static void serve_chip(void)
{
	static struct message command, answer;
	ssize_t n;

	n = read(chip, command.b, sizeof(command.b));
	if (n < HEADER) {
		/* EPIPE: registration failed, and it is of no more use. */
		if (n >= 0 || errno == EINTR)
			return;
		drop_chip();
		return;
	}
	command.n = n;
	if (get32(command.b + 6) == CC_SET_LOCALITY) {
		answer_code(&answer, 0);
	} else {
		look(&command, '>');
		relay(&command, &answer);
		look(&answer, '<');
	}
	/* The kernel may have stopped waiting, and that is all right. */
	if (chip >= 0 && answer.n &&
	    write(chip, answer.b, answer.n) < 0 && errno != EIO &&
	    errno != EPIPE)
		die("the chip: %s", strerror(errno));
}

/* ---- the script ---- */

/* The place in the table, or COMMANDS. */
static size_t command_named(const char *name)
{
	size_t i;

	for (i = 0; i < COMMANDS && strcmp(name, commands[i].name); i++)
		;
	return i;
}

static const char *arm(char *args)
{
	struct fault *f = &faults[n_faults];
	char kind[32], command[32];
	size_t k, c;
	int n;

	if (n_faults == FAULTS)
		return "too many faults";
	*f = (struct fault){};
	n = sscanf(args, "%31s %31s %u %li %li", kind, command, &f->nth, &f->a,
		   &f->b);
	if (n < 3)
		return "arm KIND COMMAND N [A [B]]";
	for (k = 0; k < KINDS && strcmp(kind, kinds[k]); k++)
		;
	c = command_named(command);
	if (k == KINDS || c == COMMANDS)
		return "no such fault or command";
	if (k == STRANGER && !meet_stranger())
		return "no stranger";
	f->kind = k;
	f->command = c;
	n_faults++;
	return NULL;
}

static const char *keep_canary(const char *hex)
{
	struct canary c;
	unsigned int i;

	c.n = unhex(hex, c.b, sizeof(c.b));
	if (c.n < 8)
		return "too short to be told from chance";
	for (i = 0; i < n_canaries; i++)
		if (c.n == canaries[i].n && !memcmp(c.b, canaries[i].b, c.n))
			return NULL;
	if (n_canaries == CANARIES)
		return "too many";
	canaries[n_canaries++] = c;
	return NULL;
}

static void clear(void)
{
	n_faults = 0;
	n_entries = 0;
	memset(counts, 0, sizeof(counts));
}

static void write_log(FILE *out)
{
	unsigned int i;

	for (i = 0; i < n_entries; i++)
		fprintf(out, " %s%s/%zu", commands[entries[i].command].name,
			entries[i].altered ? "!" : "", entries[i].length);
}

static const char *act(char *verb, char *args, FILE *out)
{
	static bool been_there;
	static int chip_number;
	uint32_t handles[192];
	uint8_t bytes[1024];
	char path[512], hex[2049];
	size_t i, n;

	if (!strcmp(verb, "chip")) {
		/* A chip that was pulled out had no power meanwhile. */
		if (chip < 0 && been_there && !reset_tpm())
			return "it does not start";
		if (chip < 0)
			chip_number = make_chip();
		been_there = true;
		fprintf(out, " %d", chip_number);
	} else if (!strcmp(verb, "gone")) {
		drop_chip();
	} else if (!strcmp(verb, "arm")) {
		return arm(args);
	} else if (!strcmp(verb, "clear")) {
		clear();
	} else if (!strcmp(verb, "log")) {
		write_log(out);
	} else if (!strcmp(verb, "record")) {
		if (record >= 0)
			close(record);
		record = *args ? open(args, O_WRONLY | O_CREAT | O_APPEND |
				      O_CLOEXEC, 0600) : -1;
		return *args && record < 0 ? "no such file" : NULL;
	} else if (!strcmp(verb, "canary")) {
		return keep_canary(args);
	} else if (!strcmp(verb, "seen")) {
		fprintf(out, " %u", seen);
	} else if (!strcmp(verb, "pending")) {
		for (i = n = 0; i < n_faults; i++)
			n += !faults[i].happened;
		fprintf(out, " %zu", n);
	} else if (!strcmp(verb, "code")) {
		i = command_named(args);
		if (i == COMMANDS)
			return "no such command";
		fprintf(out, " %u", commands[i].cc);
	} else if (!strcmp(verb, "known")) {
		i = command_named(args);
		if (i == COMMANDS)
			return "no such command";
		fprintf(out, " %d", before[i].n > 0);
	} else if (!strcmp(verb, "name")) {
		i = command_of(strtoul(args, NULL, 0));
		if (i == COMMANDS)
			return "no such command";
		fprintf(out, " %s", commands[i].name);
	} else if (!strcmp(verb, "strange")) {
		for (i = 0; i < n_strange; i++)
			fprintf(out, " 0x%x", strange[i]);
		n_strange = 0;
	} else if (!strcmp(verb, "handles")) {
		n = all_handles(handles);
		for (i = 0; i < n; i++)
			fprintf(out, " %08x", handles[i]);
	} else if (!strcmp(verb, "flush")) {
		n = all_handles(handles);
		for (i = 0; i < n; i++)
			flush_handle(handles[i]);
	} else if (!strcmp(verb, "reset")) {
		return reset_tpm() ? NULL : "it does not work";
	} else if (!strcmp(verb, "forgive")) {
		return forgive() ? NULL : "it does not work";
	} else if (!strcmp(verb, "evict")) {
		return evict_srk() ? NULL : "it does not work";
	} else if (!strcmp(verb, "seal")) {
		if (sscanf(args, "%2048s %511s", hex, path) != 2)
			return "seal HEX FILE";
		n = unhex(hex, bytes, sizeof(bytes));
		return seal(bytes, n, path) ? NULL : "it does not work";
	} else if (!strcmp(verb, "quit")) {
		drop_chip();
		exit(0);
	} else {
		return "no such word";
	}
	return NULL;
}

static void serve_line(int fd, char *line)
{
	char *args = strchr(line, ' '), *text = NULL;
	const char *error;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (args)
		*args++ = 0;
	error = act(line, args ? args : line + strlen(line), out);
	fclose(out);
	if (error)
		dprintf(fd, "error %s\n", error);
	else
		dprintf(fd, "ok%s\n", text);
	free(text);
}

struct client {
	int fd;
	char line[4096];
	size_t n;
};

static struct client clients[CLIENTS];

/* False when it has nothing more to say. */
static bool serve_client(struct client *c)
{
	ssize_t got = read(c->fd, c->line + c->n, sizeof(c->line) - c->n - 1);
	char *end;

	if (got <= 0)
		return false;
	c->n += got;
	c->line[c->n] = 0;
	while ((end = strchr(c->line, '\n'))) {
		*end++ = 0;
		serve_line(c->fd, c->line);
		c->n -= end - c->line;
		memmove(c->line, end, c->n + 1);
	}
	return c->n < sizeof(c->line) - 1;
}

static int unix_socket(const char *path, struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (fd < 0 || strlen(path) >= sizeof(address->sun_path))
		die("%s: no socket", path);
	strcpy(address->sun_path, path);
	return fd;
}

static void welcome(int listener)
{
	int i, fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	for (i = 0; i < CLIENTS; i++)
		if (clients[i].fd < 0) {
			clients[i] = (struct client){ .fd = fd };
			return;
		}
	close(fd);
}

static void serve(const char *path, const char *state)
{
	struct pollfd p[2 + CLIENTS];
	struct sockaddr_un address;
	int i, listener = unix_socket(path, &address);

	signal(SIGPIPE, SIG_IGN);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(listener, CLIENTS))
		die("%s: %s", path, strerror(errno));
	for (i = 0; i < CLIENTS; i++)
		clients[i].fd = -1;
	start_swtpm(state);
	for (;;) {
		p[0] = (struct pollfd){ .fd = chip, .events = POLLIN };
		p[1] = (struct pollfd){ .fd = listener, .events = POLLIN };
		for (i = 0; i < CLIENTS; i++)
			p[2 + i] = (struct pollfd){ .fd = clients[i].fd,
						    .events = POLLIN };
		if (poll(p, 2 + CLIENTS, -1) < 0)
			die("poll: %s", strerror(errno));
		/* POLLHUP alone: its registration failed. */
		if (p[0].revents)
			serve_chip();
		for (i = 0; i < CLIENTS; i++)
			if (p[2 + i].revents && !serve_client(&clients[i])) {
				close(clients[i].fd);
				clients[i].fd = -1;
			}
		if (p[1].revents)
			welcome(listener);
	}
}

static int ask(const char *path, char **lines)
{
	struct sockaddr_un address;
	int fd = unix_socket(path, &address), status = 0;
	char answer[65536];
	FILE *in;

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
		die("%s: %s", path, strerror(errno));
	in = fdopen(fd, "r");
	for (; *lines; lines++) {
		dprintf(fd, "%s\n", *lines);
		if (!fgets(answer, sizeof(answer), in))
			return strcmp(*lines, "quit") ? 1 : 0;
		if (strncmp(answer, "ok", 2)) {
			status = 1;
			fputs(answer, stdout);
		} else {
			fputs(answer[2] == ' ' ? answer + 3 : answer + 2, stdout);
		}
	}
	return status;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "serve"))
		serve(argv[2], argv[3]);
	if (argc >= 4 && !strcmp(argv[1], "ask"))
		return ask(argv[2], argv + 3);
	die("see the head of hostile.c");
}
