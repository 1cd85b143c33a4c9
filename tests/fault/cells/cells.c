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
 * The operations are in the table below. None leaves a key, but those that use one
 * have it already, and loaded once, so that its context is saved.
 *
 * The last test is that no command was sent which hostile.c does not know.
 */
#include "policies.h"
#include "vm.h"

#include <ctype.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

/* In no message, ever: the sealed bytes, and an authorisation value. */
static const uint8_t canary[32] = {
	0xca, 0x9a, 0x51, 0x0e, 0xc3, 0x77, 0x21, 0xf0,
	0x0d, 0xb6, 0x48, 0x93, 0x5c, 0xe2, 0x3f, 0x86,
	0xd9, 0x14, 0x6b, 0xa7, 0x30, 0xf5, 0x8e, 0x42,
	0x97, 0x2b, 0xec, 0x65, 0x01, 0xbd, 0x78, 0xdf,
};
#define AUTH "the canary's own password"
/* What is encrypted for the TPM, and comes back over the wire. */
#define SECRET "for its key only"

static FILE *script_in;
static int script_out, kmsg;
static serial_t ring, auth;
static char *plain, *policy, *flat_policy, *other, *named;
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

static const char *name_of(int err)
{
	return err ? strerrorname_np(err) : "ok";
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

static int do_named(void)
{
	return load("cells:named", named);
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

/* ---- keys that are used ---- */

#define RSA_BYTES	256
#define POINT		65
#define SPKI		91
#define CRYPT_ROOM	256

/*
 * A key that stays while cells go on. The module cannot be loaded anew meanwhile;
 * and after another chip's appearance its context is saved anew, so that the
 * next cell sends what its operation always sends.
 */
struct used {
	const char *desc, *options, *info;
	bool guarded;		/* has the authorisation value */
	char *chain;
	serial_t key;
	bool stale;
};

#define USED_KEY(name, ...) \
	static struct used name = { .desc = "cells:" #name, __VA_ARGS__ }

USED_KEY(rsa_signs, .options = "rsa", .info = "enc=pkcs1 hash=sha256");
USED_KEY(rsa_opens, .options = "rsa use=decrypt", .info = "enc=oaep hash=sha256");
USED_KEY(ec_signs, .options = "ec", .info = "enc=raw hash=sha256");
USED_KEY(ec_shares, .options = "ec use=decrypt", .info = "enc=ecdh");
USED_KEY(ec_guarded, .options = "ec pcrs=sha256:0,7",
	 .info = "enc=raw hash=sha256", .guarded = true);
USED_KEY(share_guarded, .options = "ec use=decrypt pcrs=sha256:7",
	 .info = "enc=ecdh", .guarded = true);
USED_KEY(ec_named, .options = "ec policy=" POLICY,
	 .info = "enc=raw hash=sha256");
USED_KEY(data_crypts, .options = "use=crypt", .info = "enc=gcm");

static struct used *const all_used[] = {
	&rsa_signs, &rsa_opens, &ec_signs, &ec_shares, &ec_guarded,
	&share_guarded, &ec_named, &data_crypts,
};

#define USED (sizeof(all_used) / sizeof(all_used[0]))

/* Of SECRET, and what is on another's side of ECDH. */
static uint8_t ciphertext[RSA_BYTES], point[POINT], message[CRYPT_ROOM];
static size_t message_len;

static void drop_key(struct used *u)
{
	if (u->key)
		key_ctl(KEYCTL_UNLINK, u->key, ring, 0, 0);
	u->key = 0;
	u->stale = false;
}

static void drop_keys(void)
{
	size_t i;

	for (i = 0; i < USED; i++)
		drop_key(all_used[i]);
}

static void load_key(struct used *u)
{
	drop_key(u);
	u->key = key_add("tkm", u->desc, u->chain, strlen(u->chain), ring);
	if (u->key < 0)
		die("%s: %s", u->desc, strerror(errno));
}

/* 0, or an errno; a signature that is given away holds, whatever happened. */
static int sign_with(struct used *u, const char *info)
{
	static uint32_t n;
	uint8_t digest[32] = "signed by cells", sig[RSA_BYTES];
	size_t size = u == &rsa_signs ? RSA_BYTES : 64;
	long len;

	/* Another one each time: what is replayed is not for it. */
	n++;
	memcpy(digest + sizeof(digest) - sizeof(n), &n, sizeof(n));
	operations++;
	len = key_pkey(KEYCTL_PKEY_SIGN, u->key, info, digest, sizeof(digest),
		       sig, size);
	if (len < 0)
		return errno;
	if (len != (long)size ||
	    key_pkey(KEYCTL_PKEY_VERIFY, u->key, info, digest, sizeof(digest),
		     sig, size))
		wrong("a signature that is none was given away");
	return 0;
}

/* 0, or an errno; what it gives must be right. */
static int open_with(struct used *u, const void *in, size_t in_len, size_t room,
		     const void *right, size_t right_len)
{
	uint8_t out[RSA_BYTES];
	long len;

	operations++;
	len = key_pkey(KEYCTL_PKEY_DECRYPT, u->key, u->info, in, in_len, out,
		       room);
	if (len < 0)
		return errno;
	if (len != (long)right_len || memcmp(out, right, right_len))
		wrong("another message was given away");
	return 0;
}

/* The first result is the one that all others must be. */
static int share_with(struct used *u, uint8_t x[32])
{
	char line[2 * 32 + 1];
	long len;
	size_t i;

	if (x[0] || x[1])
		return open_with(u, point, POINT, POINT, x, 32);
	len = key_pkey(KEYCTL_PKEY_DECRYPT, u->key, u->info, point, POINT, x,
		       POINT);
	if (len != 32)
		die("%s: %s", u->desc, strerror(errno));
	for (i = 0; i < 32; i++)
		sprintf(line + 2 * i, "%02x", x[i]);
	say("canary %s", line);
	return 0;
}

static int do_sign_rsa(void)
{
	return sign_with(&rsa_signs, "enc=pkcs1 hash=sha256");
}

static int do_sign_pss(void)
{
	return sign_with(&rsa_signs, "enc=pss hash=sha256");
}

static int do_sign(void)
{
	return sign_with(&ec_signs, ec_signs.info);
}

static int do_sign_policy(void)
{
	return sign_with(&ec_guarded, ec_guarded.info);
}

static int do_sign_named(void)
{
	return sign_with(&ec_named, ec_named.info);
}

static int do_open(void)
{
	return open_with(&rsa_opens, ciphertext, RSA_BYTES, RSA_BYTES, SECRET,
			 strlen(SECRET));
}

static int do_share(void)
{
	static uint8_t x[POINT];

	return share_with(&ec_shares, x);
}

static int do_share_policy(void)
{
	static uint8_t x[POINT];

	return share_with(&share_guarded, x);
}

/* From its chain, and then used by the context that was saved. */
static int do_load_sign(void)
{
	struct used u = ec_signs;
	int err;

	drop_key(&ec_signs);
	u.key = key_add("tkm", u.desc, u.chain, strlen(u.chain), ring);
	if (u.key < 0) {
		operations++;
		return errno;
	}
	err = sign_with(&u, u.info);
	give(u.key);
	return err;
}

/*
 * Two keys of one sort are loaded; when the context of the first is saved for
 * the second, too, that is found out, and once only.
 */
static int swap(struct used *first, struct used *second, int (*use)(void))
{
	int err, again;

	drop_key(first);
	drop_key(second);
	load_key(first);
	load_key(second);
	err = use();
	again = err ? use() : 0;
	if (again)
		wrong("and for good: %s", name_of(again));
	return err;
}

static int do_swap_sign(void)
{
	return swap(&ec_shares, &ec_signs, do_sign);
}

static int do_swap_share(void)
{
	return swap(&ec_signs, &ec_shares, do_share);
}

/* The fault is for a load; what works in the kernel goes on whatever happens. */
static int do_crypt(void)
{
	int err = do_load(), ret;

	ret = open_with(&data_crypts, message, message_len, CRYPT_ROOM, SECRET,
			strlen(SECRET));
	if (ret)
		wrong("a message: %s", name_of(ret));
	return err;
}

static int do_new_ec(void)
{
	return load("cells:new-ec", "new ec");
}

/* ---- domains with passwords ---- */

static void hold_is_over(void);

/* Each time somebody else's: after a wrong password its owner has to wait. */
static uid_t typist = 47000;

static int typist_does(int (*what)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (setresuid(typist, typist, typist) ||
		    key_ctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0) < 0)
			_exit(255);
		_exit(what());
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) ||
	    WEXITSTATUS(status) == 255)
		die("a typist");
	return WEXITSTATUS(status);
}

/* It is locked again before this returns, and nothing of it goes on. */
static int domain_word(const char *word)
{
	char text[64];
	long value, key;

	value = key_add("user", "cells:auth", AUTH, strlen(AUTH),
			KEY_SPEC_SESSION_KEYRING);
	snprintf(text, sizeof(text), "%s auth=%ld", word, value);
	key = key_add("tkm-domain", "cells", text, strlen(text),
		      KEY_SPEC_SESSION_KEYRING);
	if (key < 0)
		return errno;
	return key_update(key, "lock", 4) ? errno : 0;
}

static int new_domain(void)
{
	return domain_word("new");
}

static int unlock(void)
{
	return domain_word("unlock");
}

static void new_typist(void)
{
	int err;

	typist++;
	say("forgive");
	err = typist_does(new_domain);
	if (err)
		wrong("no domain: %s", name_of(err));
	hold_is_over();
}

static int do_unlock(void)
{
	operations++;
	return typist_does(unlock);
}

/*
 * @key: which it uses, and has
 * @anew: the module is loaded anew before it: what it asks the TPM once only
 * @typist: another one, with a domain, is there before it
 * @approvals: they are said before it, so the TPM has yet to verify them
 */
static const struct operation {
	const char *name;
	int (*run)(void);
	struct used *key;
	bool anew;
	bool typist;
	const char *approvals;
} table[] = {
#define OP(word, function, ...) { .name = word, .run = function, __VA_ARGS__ }
	OP("load", do_load),	   OP("policy", do_policy),
	OP("flat", do_flat),	   OP("flat-policy", do_flat_policy),
	OP("new", do_new),	   OP("new-pcrs", do_new_pcrs),
	OP("new-app", do_new_app), OP("new-app-twice", do_new_app_twice),
	OP("reseal", do_reseal),   OP("no-srk", do_no_srk),
	OP("approved", do_named, .approvals = "good"),
	OP("approved-second", do_named, .approvals = "retired good"),
	OP("retired", do_named, .approvals = "retired"),
	OP("forged", do_named, .approvals = "forged"),
	OP("new-ec", do_new_ec),
	OP("new-ec-first", do_new_ec, .anew = true),
	OP("sign", do_sign, .key = &ec_signs),
	OP("sign-policy", do_sign_policy, .key = &ec_guarded),
	OP("sign-approved", do_sign_named, .key = &ec_named, .approvals = "good"),
	OP("sign-rsa", do_sign_rsa, .key = &rsa_signs),
	OP("sign-pss", do_sign_pss, .key = &rsa_signs),
	OP("open", do_open, .key = &rsa_opens),
	OP("share", do_share, .key = &ec_shares),
	OP("share-policy", do_share_policy, .key = &share_guarded),
	OP("load-sign", do_load_sign),
	OP("swap-sign", do_swap_sign), OP("swap-share", do_swap_share),
	OP("crypt", do_crypt, .key = &data_crypts),
	OP("unlock", do_unlock, .typist = true),
};

static const struct operation *operation_of(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcmp(name, table[i].name))
			return &table[i];
	die("no operation '%s'", name);
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
	size_t i;

	for (i = 0; i < USED; i++)
		all_used[i]->stale = true;

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

	drop_keys();
	/* Keys die in their own time. */
	while (now() < end && syscall(SYS_delete_module, "tkm", O_NONBLOCK))
		usleep(5000);
	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		wrong("the module does not load anew: %s", strerror(errno));
	else if (policies_say())
		wrong("it takes no policy");
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

static void approve(const struct operation *op)
{
	int err = op->approvals ? policies_approve(op->approvals) : 0;

	if (err)
		wrong("approvals: %s", name_of(err));
}

/* The next operation sends what it always sends. */
static void be_ready(const struct operation *op)
{
	if (op->anew)
		reload();
	if (op->typist)
		new_typist();
	if (op->key && (!op->key->key || op->key->stale)) {
		load_key(op->key);
		/* Its last flush is not the operation's first. */
		hold_is_over();
	}
	approve(op);
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
	/* The key was there all the time, unless the module went. */
	if (op->key && !op->key->key)
		load_key(op->key);
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

	be_ready(op);
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
	char text[160];

	snprintf(text, sizeof(text), "new %s", options);
	return key_add("tkm", desc, text, strlen(text), ring);
}

static void prepare_used(const char *with)
{
	char options[128], secret[2 * sizeof(SECRET)];
	uint8_t spki[SPKI];
	struct used *u;
	size_t i;
	long n;

	for (i = 0; i < USED; i++) {
		u = all_used[i];
		snprintf(options, sizeof(options), "%s %s", u->options,
			 u->guarded ? with : "");
		u->chain = chain_of(new_key(u->desc, options),
				    u->guarded ? with : "");
		load_key(u);
	}
	for (i = 0; i < strlen(SECRET); i++)
		sprintf(secret + 2 * i, "%02x", SECRET[i]);
	say("canary %s", secret);
	if (key_pkey(KEYCTL_PKEY_ENCRYPT, rsa_opens.key, rsa_opens.info, SECRET,
		     strlen(SECRET), ciphertext, RSA_BYTES) != RSA_BYTES)
		die("RSA: %s", strerror(errno));
	n = key_pkey(KEYCTL_PKEY_ENCRYPT, data_crypts.key, data_crypts.info,
		     SECRET, strlen(SECRET), message, CRYPT_ROOM);
	if (n < 0)
		die("a message: %s", strerror(errno));
	message_len = n;
	/* Anyone's point will do: it is the end of that key as DER. */
	n = key_pkey(KEYCTL_PKEY_ENCRYPT, ec_signs.key, "enc=spki", "", 0, spki,
		     sizeof(spki));
	if (n != SPKI)
		die("a point: %s", strerror(errno));
	memcpy(point, spki + SPKI - POINT, POINT);
	do_share();
	do_share_policy();
}

static void prepare(void)
{
	char hex[2 * sizeof(canary) + 1], with[64], text[96], path[64];
	serial_t key;
	size_t i;

	/* Whatever comes, no key stays when this process ends. */
	ring = key_add("keyring", "cells", NULL, 0, KEY_SPEC_PROCESS_KEYRING);
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
	policies_approve("good");
	if (policies_say() || policies_approve("good"))
		die("no policy");
	named = chain_of(new_key("cells:named", "policy=" POLICY), "");
	if (do_named())
		die("what is approved does not open");
	prepare_used(with);
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
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg < 0 || lseek(kmsg, 0, SEEK_END) < 0)
		die("/dev/kmsg: %s", strerror(errno));
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
			printf("ok %u %s # SKIP\n", ++number, field(&rest, '|'));
		else
			die("see the head of cells.c: %s", verb);
	}
	check_strange();
	printf("# %u operations in %.1f seconds, of these %.1f for modules and %.1f for chips\n",
	       operations, now() - start, with_modules, with_chips);
	return failed ? 1 : 0;
}
