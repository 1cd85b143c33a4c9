// SPDX-License-Identifier: GPL-2.0
/* The calls of a program: what they stand for in this run, and running them. */
#include "kcov.h"

#include <sys/socket.h>
#include <sys/un.h>

#define ROOM	(160 << 10)	/* more than any query of tkm's asks for */
#define CHIP_TRIES 24000	/* of 5 ms each */

static char room[ROOM];
static char answer[8192];	/* of the script */

/* A text of a call, with what it stands for. */
struct arg {
	char *p;
	size_t n;
};

/* ---- the script of the hostile TPM ---- */

const char *machine_say(struct machine *m, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vdprintf(m->script_out, format, args);
	va_end(args);
	if (!fgets(answer, sizeof(answer), m->script_in))
		die("the hostile TPM is gone");
	answer[strcspn(answer, "\n")] = 0;
	if (strncmp(answer, "ok", 2))
		return NULL;
	return answer[2] ? answer + 3 : answer + 2;
}

/* On a busy machine the driver may give a new chip up: then once more. */
void machine_chip(struct machine *m, bool there)
{
	const char *number;
	char path[64];
	int tries;

	machine_say(m, "clear\n");
	if (!there) {
		machine_say(m, "gone\n");
		return;
	}
	for (tries = 0; tries < CHIP_TRIES; tries++) {
		number = machine_say(m, "chip\n");
		snprintf(path, sizeof(path), "/dev/tpmrm%s", number ?: "-");
		if (!access(path, F_OK))
			return;
		usleep(5000);
	}
	die("no TPM: %s", answer);
}

void machine_meet(struct machine *m, const char *socket_path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	m->script_out = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
	if (m->script_out < 0 ||
	    connect(m->script_out, (struct sockaddr *)&address, sizeof(address)))
		die("%s: %s", socket_path, strerror(errno));
	m->script_in = fdopen(m->script_out, "r");
}

/* ---- what texts stand for ---- */

static serial_t slot_serial(const struct machine *m, unsigned int slot)
{
	if (slot < CALLS)
		return m->result[slot] > 0 ? m->result[slot] : 0;
	if (slot >= SLOT_FOREIGN)
		return m->foreign[slot % BASES];
	if (slot >= SLOT_BASE)
		return m->base[slot % BASES];
	return 0;
}

static serial_t ring_serial(const struct machine *m, unsigned int ring)
{
	const serial_t special[] = {
		m->work, KEY_SPEC_PROCESS_KEYRING, KEY_SPEC_THREAD_KEYRING,
		KEY_SPEC_USER_KEYRING, KEY_SPEC_USER_SESSION_KEYRING,
	};

	return ring < 5 ? special[ring] : slot_serial(m, ring - 5);
}

static size_t put_hex(char *out, size_t room_left, const uint8_t *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < n && 2 * i + 1 < room_left; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
	return 2 * i;
}

/* What stands in braces; -1 for what means nothing. */
static ssize_t expand_braces(const struct machine *m, const char *inside,
			     char *out, size_t size)
{
	static uint8_t der[16384];
	struct bytes result;
	unsigned int number;
	int taken;
	char what;
	size_t n;

	if (sscanf(inside, "%c%u%n", &what, &number, &taken) != 2)
		return -1;
	inside += taken;
	switch (what) {
	case 'k':
		return snprintf(out, size, "%d", slot_serial(m, number));
	case 'h':
		n = chain_edit(m->chain[number % CHAINS], m->chain, inside, der,
			       sizeof(der));
		return put_hex(out, size, der, n);
	case 'd':
		return chain_edit(m->chain[number % CHAINS], m->chain, inside,
				  (uint8_t *)out, size);
	case 'o':
		number %= CALLS;
		result.p = (uint8_t *)m->out[number];
		result.n = m->out_n[number];
		return chain_edit(result, m->chain, inside, (uint8_t *)out,
				  size);
	case 'x':
		n = number < size ? number : size;
		memset(out, 'a', n);
		return n;
	}
	return -1;
}

static void expand(const struct machine *m, const struct text_bytes *text,
		   struct arg *arg)
{
	char inside[TEXT];
	const uint8_t *p = text->b, *end = text->b + text->n, *close;
	ssize_t got;
	size_t n = 0;

	while (p < end && n < EXPANDED) {
		close = *p == '{' ? memchr(p, '}', end - p) : NULL;
		got = -1;
		if (close) {
			memcpy(inside, p + 1, close - p - 1);
			inside[close - p - 1] = 0;
			got = expand_braces(m, inside, arg->p + n,
					    EXPANDED - n);
		}
		if (got >= 0) {
			n += got;
			p = close + 1;
		} else {
			arg->p[n++] = *p++;
		}
	}
	if (n > EXPANDED)
		n = EXPANDED;
	arg->n = n;
	arg->p[n] = 0;
}

/* ---- kinds ---- */

static long run_add(struct machine *m, const struct call *c, struct arg *a)
{
	static const char *const types[] = {
		"tkm", "user", "logon", "keyring", "tkm2",
	};

	return key_add(types[(uint32_t)c->number % 5], a[1].p, a[0].p, a[0].n,
		       ring_serial(m, c->ring));
}

/* A domain's password stays, and new keys then want it: one worker has one. */
static long run_domain(struct machine *m, const struct call *c, struct arg *a)
{
	if (m->worker != 1 && a[0].n > 3 && !memcmp(a[0].p, "new", 3)) {
		errno = EPERM;
		return -1;
	}
	return key_add("tkm-domain", a[1].p, a[0].p, a[0].n,
		       ring_serial(m, c->ring));
}

/* certify, duplicate, import: what a key of type tkm-move asks for. */
static long run_carry(struct machine *m, const struct call *c, struct arg *a)
{
	return key_add("tkm-move", a[1].p, a[0].p, a[0].n,
		       ring_serial(m, c->ring));
}

static long run_update(struct machine *m, const struct call *c, struct arg *a)
{
	return key_update(slot_serial(m, c->key), a[0].p, a[0].n);
}

static long run_read(struct machine *m, const struct call *c, struct arg *a)
{
	(void)a;
	return key_read(slot_serial(m, c->key), room,
			(uint32_t)c->number % ROOM);
}

static long run_query(struct machine *m, const struct call *c, struct arg *a)
{
	return key_ctl(KEYCTL_PKEY_QUERY, slot_serial(m, c->key), 0,
		       (unsigned long)a[1].p, (unsigned long)room);
}

/* The kernel writes all it has, whatever the room was said to be. */
static long pkey(struct machine *m, const struct call *c, struct arg *a, int op,
		 void *out, size_t out_len)
{
	struct keyctl_pkey_params params = {
		.key_id = slot_serial(m, c->key),
		.in_len = a[0].n,
		.out_len = out_len,
	};

	return syscall(SYS_keyctl, op, &params, a[1].p, a[0].p, out);
}

static long pkey_out(struct machine *m, const struct call *c, struct arg *a,
		     int op)
{
	/* More than the key has is refused, and less is not looked at. */
	return pkey(m, c, a, op, room, c->number ? (uint32_t)c->number : 1);
}

static long run_encrypt(struct machine *m, const struct call *c, struct arg *a)
{
	return pkey_out(m, c, a, KEYCTL_PKEY_ENCRYPT);
}

static long run_decrypt(struct machine *m, const struct call *c, struct arg *a)
{
	return pkey_out(m, c, a, KEYCTL_PKEY_DECRYPT);
}

static long run_sign(struct machine *m, const struct call *c, struct arg *a)
{
	return pkey_out(m, c, a, KEYCTL_PKEY_SIGN);
}

static long run_verify(struct machine *m, const struct call *c, struct arg *a)
{
	return pkey(m, c, a, KEYCTL_PKEY_VERIFY, a[2].p, a[2].n);
}

static long run_revoke(struct machine *m, const struct call *c, struct arg *a)
{
	(void)a;
	return key_ctl(KEYCTL_REVOKE, slot_serial(m, c->key), 0, 0, 0);
}

static long run_invalidate(struct machine *m, const struct call *c,
			   struct arg *a)
{
	(void)a;
	return key_ctl(KEYCTL_INVALIDATE, slot_serial(m, c->key), 0, 0, 0);
}

static long run_unlink(struct machine *m, const struct call *c, struct arg *a)
{
	(void)a;
	return key_ctl(KEYCTL_UNLINK, slot_serial(m, c->key),
		       ring_serial(m, c->ring), 0, 0);
}

static long run_link(struct machine *m, const struct call *c, struct arg *a)
{
	(void)a;
	return key_ctl(KEYCTL_LINK, slot_serial(m, c->key),
		       ring_serial(m, c->ring), 0, 0);
}

static long run_timeout(struct machine *m, const struct call *c, struct arg *a)
{
	(void)a;
	return key_ctl(KEYCTL_SET_TIMEOUT, slot_serial(m, c->key),
		       (uint32_t)c->number, 0, 0);
}

static long run_chown(struct machine *m, const struct call *c, struct arg *a)
{
	(void)a;
	return key_ctl(KEYCTL_CHOWN, slot_serial(m, c->key),
		       (uint32_t)c->number, -1, 0);
}

static long run_setperm(struct machine *m, const struct call *c, struct arg *a)
{
	(void)a;
	return key_ctl(KEYCTL_SETPERM, slot_serial(m, c->key),
		       (uint32_t)c->number, 0, 0);
}

static long run_describe(struct machine *m, const struct call *c, struct arg *a)
{
	(void)a;
	return key_ctl(KEYCTL_DESCRIBE, slot_serial(m, c->key),
		       (unsigned long)room, (uint32_t)c->number % ROOM, 0);
}

static long run_request(struct machine *m, const struct call *c, struct arg *a)
{
	return syscall(SYS_request_key, "tkm", a[1].p,
		       a[0].n ? a[0].p : NULL, ring_serial(m, c->ring));
}

static long run_search(struct machine *m, const struct call *c, struct arg *a)
{
	return key_ctl(KEYCTL_SEARCH, ring_serial(m, c->ring),
		       (unsigned long)"tkm", (unsigned long)a[1].p, 0);
}

static long run_clear(struct machine *m, const struct call *c, struct arg *a)
{
	(void)a;
	return key_ctl(KEYCTL_CLEAR, ring_serial(m, c->ring), 0, 0, 0);
}

static long run_move(struct machine *m, const struct call *c, struct arg *a)
{
	(void)a;
	return syscall(SYS_keyctl, KEYCTL_MOVE, slot_serial(m, c->key),
		       ring_serial(m, 0), ring_serial(m, c->ring), 0);
}

static long run_instantiate(struct machine *m, const struct call *c,
			    struct arg *a)
{
	return key_ctl(KEYCTL_INSTANTIATE, slot_serial(m, c->key),
		       (unsigned long)a[0].p, a[0].n, ring_serial(m, c->ring));
}

/* All keys' descriptions, which is atomic in the kernel. */
static long run_list(struct machine *m, const struct call *c, struct arg *a)
{
	int fd = open("/proc/keys", O_RDONLY | O_CLOEXEC);
	long n;

	(void)m;
	(void)c;
	(void)a;
	if (fd < 0)
		return -1;
	while ((n = read(fd, room, ROOM)) > 0)
		;
	close(fd);
	return n;
}

static long run_netlink(struct machine *m, const struct call *c, struct arg *a)
{
	(void)m;
	return netlink_call(c->number, a[0].p, a[0].n);
}

/* No answer, or a late one, costs minutes of the driver's patience. */
static bool is_silence(const char *fault)
{
	char kind[32];
	long value;

	if (sscanf(fault, "%31s %*s %*u %ld", kind, &value) != 2)
		return false;
	if (!strncmp(kind, "cut", 3))
		return !value || value < -9;
	return !strcmp(kind, "lose") || !strcmp(kind, "drop") ||
	       !strcmp(kind, "delay");
}

/* A fault, for what comes after it; see tests/fault/hostile.c. */
static long run_arm(struct machine *m, const struct call *c, struct arg *a)
{
	(void)c;
	a[0].p[strcspn(a[0].p, "\n")] = 0;
	if (m->phase != PHASE_HOSTILE || is_silence(a[0].p))
		return 0;
	if (m->strict && (strstr(a[0].p, "GetCapability") ||
			  strstr(a[0].p, "FlushContext")))
		return 0;
	m->armed = true;
	if (machine_say(m, "arm %.200s\n", a[0].p))
		return 0;
	errno = EINVAL;
	return -1;
}

/*
 * MAKES may leave something in our keyrings. A base key is used by many, and is
 * not to go before its time, which is what ENDS do.
 */
enum { MAKES = 1, ENDS = 2 };

static const struct kind {
	const char *name;
	long (*run)(struct machine *m, const struct call *c, struct arg *a);
	int does;
} kinds[] = {
	{ "add", run_add, MAKES },
	{ "domain", run_domain, MAKES },
	{ "carry", run_carry, MAKES },
	{ "update", run_update, MAKES },
	{ "read", run_read, 0 },
	{ "query", run_query, 0 },
	{ "encrypt", run_encrypt, 0 },
	{ "decrypt", run_decrypt, 0 },
	{ "sign", run_sign, 0 },
	{ "verify", run_verify, 0 },
	{ "revoke", run_revoke, ENDS },
	{ "invalidate", run_invalidate, ENDS },
	{ "unlink", run_unlink, ENDS },
	{ "link", run_link, MAKES },
	{ "timeout", run_timeout, ENDS },
	{ "chown", run_chown, ENDS },
	{ "setperm", run_setperm, ENDS },
	{ "describe", run_describe, 0 },
	{ "request", run_request, MAKES },
	{ "search", run_search, MAKES },
	{ "clear", run_clear, 0 },
	{ "move", run_move, MAKES },
	{ "instantiate", run_instantiate, 0 },
	{ "list", run_list, 0 },
	{ "netlink", run_netlink, 0 },
	{ "arm", run_arm, 0 },
};

const unsigned int call_count = sizeof(kinds) / sizeof(kinds[0]);

const char *call_name(unsigned int kind)
{
	return kinds[kind].name;
}

int call_kind(const char *name)
{
	unsigned int i;

	for (i = 0; i < call_count; i++)
		if (!strcmp(name, kinds[i].name))
			return i;
	return -1;
}

void call_run(struct machine *m, const struct program *p, unsigned int i)
{
	static char texts[TEXTS][EXPANDED + ROOM];
	const struct call *c = &p->call[i];
	const struct kind *kind = &kinds[c->kind];
	struct arg a[TEXTS];
	long ret;
	size_t n;

	for (n = 0; n < TEXTS; n++) {
		a[n].p = texts[n];
		expand(m, &c->text[n], &a[n]);
	}
	m->result[i] = 0;
	m->out_n[i] = 0;
	m->error[i] = 0;
	if (kind->does == ENDS && c->key >= SLOT_BASE)
		return;
	errno = 0;
	ret = kind->run(m, c, a);
	/* A request that nobody answers leaves a negative key. */
	if (kind->does == MAKES && (ret >= 0 || errno == ENOKEY))
		m->made = true;
	if (ret < 0) {
		m->error[i] = errno;
		m->no_chip = m->no_chip || errno == ENODEV;
		return;
	}
	m->result[i] = ret;
	if (kind->run == run_encrypt || kind->run == run_decrypt ||
	    kind->run == run_sign) {
		n = ret < (long)sizeof(m->out[i]) ? (size_t)ret :
						    sizeof(m->out[i]);
		memcpy(m->out[i], room, n);
		m->out_n[i] = n;
		/* Not a key's number. */
		m->result[i] = 0;
	}
}
