// SPDX-License-Identifier: GPL-2.0
/*
 * Makes every allocation of an operation fail once: the first, the second, and
 * so on, until the operation succeeds with none to fail.
 *
 *   failnth [-i FUNCTION] [-k MODULE] [-s STEP] OPERATION [ARGUMENT [WORDS]]
 *
 * Without -i, those of the calling task; with it, those of the worker that runs
 * FUNCTION (inject/inject.c). Each failure must be ENOMEM, or none where the
 * allocation is optional; a refusal must change nothing, and the next try must
 * work. -s tries only every STEPth, beginning anywhere.
 *
 *   new OPTIONS        add_key "new OPTIONS"
 *   first OPTIONS      the same, the first after MODULE was loaded
 *   load FILE          add_key "load" of the file's hex
 *   raw FILE           add_key of the file's bytes
 *   reseal OPTIONS     update "reseal OPTIONS"
 *   state NAME         update "state NAME" of a key that is active
 *   publish [WHAT]     update "publish WHAT", the first of a key; logon unless
 *                      told otherwise: "TYPE:<description> [OPTION...]"
 *   republish [WHAT]   ... a second time under the same name
 *   unpublish [WHAT]   update "unpublish", of what was published so
 *   sign OPTIONS WORDS     keyctl_pkey_sign() with the words ("enc=... hash=...")
 *                      and a key made with "new OPTIONS", used before
 *   first-sign         the same with one that was not used before
 *   verify, encrypt, decrypt, query   the same; of "encrypt", decrypt gets what
 *                      that gave, with enc=ecdh a point. What comes out must be
 *                      right, also when an allocation has failed
 *   domain WORDS       add_key of a tkm-domain, "new WORDS", the first after
 *                      MODULE was loaded
 *   unlock WORDS       ... "unlock WORDS" of a domain that is locked
 *   lock WORDS         update "lock" of what "unlock WORDS" made
 *   passwd WORDS       update "passwd WORDS" of the same; auth= comes first
 *   move WORDS         add_key of a tkm-move
 *   read               keyctl read
 *   describe           keyctl describe
 *   list               all of /proc/keys
 *   revoke, unlink, invalidate   the end of a key that has published
 *   insmod, rmmod      of MODULE
 *
 * The last line is "# POINTS points, REFUSED refused, SURVIVED survived". The
 * status is 1 with what went wrong on lines that begin with "# ".
 */
#include "vm.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#define INJECT "/sys/module/inject/parameters/"
#define DESC "fail:nth"
#define LABEL "nth"
/* More allocations has no operation: then nothing counts down. */
#define NTH_MAX 20000
#define PATIENCE_S 60
/* A point of P-256, and a public key with it at its end. */
#define POINT 65
#define SPKI 91

static const char *argument = "", *info = "", *function, *module;
/* Of keys that are made before an operation. */
static const char *key_options = "use=publish";
static serial_t ring, key;
static int fail_nth = -1;
static unsigned int runs_before, left;
static char text[70000];
static size_t text_len, image_len;
static char *image;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Until COND, or the end of patience: then it is false. */
#define poll_until(cond) ({						\
	double end_ = now() + PATIENCE_S;				\
									\
	while (!(cond) && now() < end_)					\
		usleep(2000);						\
	cond;								\
})

/* ---- one failure ---- */

static void write_number(const char *path, unsigned int n)
{
	FILE *f = fopen(path, "we");

	if (!f || fprintf(f, "%u", n) < 0 || fclose(f))
		die("%s: %s", path, strerror(errno));
}

static unsigned int read_number(const char *path)
{
	FILE *f = fopen(path, "re");
	unsigned int n;

	if (!f || fscanf(f, "%u", &n) != 1)
		die("%s: %s", path, strerror(errno));
	fclose(f);
	return n;
}

/* The function belongs to a module that may have been loaded anew. */
static void probe(void)
{
	int fd = open(INJECT "function", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, function, strlen(function)) < 0)
		die("probe %s: %s", function, strerror(errno));
	close(fd);
}

static void arm(unsigned int n)
{
	char number[16];
	int len = snprintf(number, sizeof(number), "%u", n);

	if (!function) {
		if (pwrite(fail_nth, number, len, 0) != len)
			die("fail-nth: %s", strerror(errno));
		return;
	}
	runs_before = read_number(INJECT "runs");
	write_number(INJECT "nth", n);
}

/* Whether the failure happened. */
static bool disarm(void)
{
	char number[16] = "";

	if (!function) {
		if (pread(fail_nth, number, sizeof(number) - 1, 0) <= 0 ||
		    pwrite(fail_nth, "0", 1, 0) != 1)
			die("fail-nth: %s", strerror(errno));
		return atoi(number) == 0;
	}
	/* Refused before the worker was asked: not what is tested here. */
	if (!poll_until(read_number(INJECT "runs") != runs_before))
		die("%s did not run", function);
	left = read_number(INJECT "left");
	return left == 0;
}

/* ---- the module ---- */

static bool module_there(void)
{
	return !access("/sys/module/tkm", F_OK);
}

static long insmod(void)
{
	return syscall(SYS_init_module, image, image_len, "");
}

static long rmmod(void)
{
	return syscall(SYS_delete_module, "tkm", O_NONBLOCK);
}

/* Keys die some time after their last reference. */
static void unload(void)
{
	if (!poll_until(!module_there() || rmmod() == 0))
		die("the module does not go: %s", strerror(errno));
}

static void reload(void)
{
	unload();
	if (insmod())
		die("the module does not load: %s", strerror(errno));
	if (function)
		probe();
}

/* ---- the operations ---- */

static long add(const char *payload, size_t len)
{
	return key_add("tkm", DESC, payload, len, ring);
}

static void clear(void)
{
	key_ctl(KEYCTL_CLEAR, ring, 0, 0, 0);
	key = 0;
}

static void make(void)
{
	char new[1024];

	snprintf(new, sizeof(new), "new %s", key_options);
	clear();
	key = add(new, strlen(new));
	if (key < 0)
		die("new: %s", strerror(errno));
}

static long update(void)
{
	return key_update(key, text, text_len);
}

static void make_published(void)
{
	make();
	if (update() < 0)
		die("publish: %s", strerror(errno));
}

static long unpublish(void)
{
	return key_update(key, "unpublish", strlen("unpublish"));
}

static long add_text(void)
{
	return add(text, text_len);
}

static long add_domain(void)
{
	return key_add("tkm-domain", LABEL, text, text_len, ring);
}

static long lock(void)
{
	return key_update(key, "lock", strlen("lock"));
}

static void unlock(void)
{
	char words[1024];

	snprintf(words, sizeof(words), "unlock %.*s",
		 (int)strcspn(argument, " "), argument);
	clear();
	key = key_add("tkm-domain", LABEL, words, strlen(words), ring);
	if (key < 0)
		die("unlock: %s", strerror(errno));
}

/*
 * The keyring may have no memory for the key when the TPM has made the domain:
 * that is there, and locked.
 */
static long unlock_new(void)
{
	if (add_domain() >= 0)
		return 0;
	if (errno != EEXIST)
		return -1;
	unlock();
	return 0;
}

static void make_locked(void)
{
	unlock();
	if (lock() < 0)
		die("lock: %s", strerror(errno));
	clear();
}

static long add_move(void)
{
	return key_add("tkm-move", LABEL, text, text_len, ring);
}

static long read_key(void)
{
	static char buf[65536];

	return key_read(key, buf, sizeof(buf));
}

static long describe(void)
{
	static char buf[4096];

	return key_ctl(KEYCTL_DESCRIBE, key, (unsigned long)buf, sizeof(buf), 0);
}

static long list(void)
{
	static char buf[65536];
	int fd = open("/proc/keys", O_RDONLY | O_CLOEXEC), err;
	long n = fd;

	while (n > 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		;
	err = errno;
	if (fd >= 0)
		close(fd);
	errno = err;
	return n;
}

static long revoke_key(void)
{
	return key_ctl(KEYCTL_REVOKE, key, 0, 0, 0);
}

static long unlink_key(void)
{
	return key_ctl(KEYCTL_UNLINK, key, ring, 0, 0);
}

static long invalidate(void)
{
	return key_ctl(KEYCTL_INVALIDATE, key, 0, 0, 0);
}

/* ---- keys at work ---- */

/* As long as a digest of SHA-256, or of SHA-384 if that is among the words. */
static const char message[48] = "what is signed and encrypted";
static size_t message_len = 32;
/* What verify and decrypt are given, and what came out. */
static unsigned char given[512], result[512];
static size_t given_len, room;
static long result_len;

static size_t room_for(int verb)
{
	struct keyctl_pkey_query q;

	if (key_ctl(KEYCTL_PKEY_QUERY, key, 0, (unsigned long)info,
		    (unsigned long)&q))
		die("query: %s", strerror(errno));
	switch (verb) {
	case KEYCTL_PKEY_ENCRYPT: return q.max_enc_size;
	case KEYCTL_PKEY_DECRYPT: return q.max_dec_size;
	default: return q.max_sig_size;
	}
}

/* A call that may not fail, into what is given later. */
static void give(int verb, const void *in, size_t len)
{
	long n = key_pkey(verb, key, info, in, len, given, room_for(verb));

	if (n < 0)
		die("%s, before: %s", info, strerror(errno));
	given_len = n;
}

static void give_point(void)
{
	unsigned char spki[SPKI];

	if (key_pkey(KEYCTL_PKEY_ENCRYPT, key, "enc=spki", "", 0, spki, SPKI) !=
	    SPKI)
		die("a point: %s", strerror(errno));
	memcpy(given, spki + SPKI - POINT, POINT);
	given_len = POINT;
}

static long apply(int verb, const void *in, size_t len)
{
	result_len = key_pkey(verb, key, info, in, len, result, room);
	return result_len;
}

static long sign(void)
{
	return apply(KEYCTL_PKEY_SIGN, message, message_len);
}

static long encrypt(void)
{
	return apply(KEYCTL_PKEY_ENCRYPT, message, message_len);
}

static long decrypt(void)
{
	return apply(KEYCTL_PKEY_DECRYPT, given, given_len);
}

static long verify(void)
{
	return key_pkey(KEYCTL_PKEY_VERIFY, key, info, message, message_len,
			given, given_len);
}

static long query(void)
{
	struct keyctl_pkey_query q;

	return key_ctl(KEYCTL_PKEY_QUERY, key, 0, (unsigned long)info,
		       (unsigned long)&q);
}

static bool sign_right(void)
{
	return !key_pkey(KEYCTL_PKEY_VERIFY, key, info, message,
			 message_len, result, result_len);
}

static bool encrypt_right(void)
{
	unsigned char opened[512];

	return key_pkey(KEYCTL_PKEY_DECRYPT, key, info, result, result_len,
			opened, room_for(KEYCTL_PKEY_DECRYPT)) ==
		       (long)message_len &&
	       !memcmp(opened, message, message_len);
}

static bool decrypt_right(void)
{
	unsigned char before[512];
	long n = result_len;

	if (strcmp(info, "enc=ecdh"))
		return n == (long)message_len && !memcmp(result, message, n);
	memcpy(before, result, sizeof(before));
	return decrypt() == n && !memcmp(before, result, n);
}

/*
 * A module that came with little memory is whole all the same: it has every
 * consumer, of which fscrypt is looked for when it comes.
 */
static bool module_right(void)
{
	bool yes;

	make();
	text_len = sprintf(text,
			   "publish fscrypt-provisioning:fail:nth derive=x keyring=%d",
			   ring);
	yes = update() == 0;
	clear();
	return yes;
}

/*
 * @prepare: before each try
 * @run: the call in which an allocation fails
 * @undo: what it made; after a success
 * @payload: text, before the argument
 * @verb: a use of a key, which is made once
 * @right: whether what came of a success is right
 * @again: the next try, where it is not the same call
 */
static const struct operation {
	const char *name;
	void (*prepare)(void);
	long (*run)(void);
	void (*undo)(void);
	const char *payload;
	int verb;
	bool (*right)(void);
	long (*again)(void);
} operations[] = {
#define OP(word, before, call, after, ...)				\
	{ .name = word, .prepare = before, .run = call, .undo = after,	\
	  __VA_ARGS__ }
#define PUBLISH "publish "
	OP("new", clear, add_text, clear, .payload = "new "),
	OP("first", reload, add_text, clear, .payload = "new "),
	OP("load", clear, add_text, clear, .payload = "load "),
	OP("raw", clear, add_text, clear),
	OP("reseal", NULL, update, NULL, .payload = "reseal "),
	OP("state", make, update, clear, .payload = "state "),
	OP("publish", make, update, clear, .payload = PUBLISH),
	OP("republish", make_published, update, clear, .payload = PUBLISH),
	OP("unpublish", make_published, unpublish, clear, .payload = PUBLISH),
	OP("domain", reload, add_domain, clear, .payload = "new ",
	   .again = unlock_new),
	OP("unlock", make_locked, add_domain, clear, .payload = "unlock "),
	OP("lock", unlock, lock, clear),
	OP("passwd", unlock, update, clear, .payload = "passwd "),
	OP("move", clear, add_move, clear, .payload = ""),
	OP("read", NULL, read_key, NULL),
	OP("describe", NULL, describe, NULL),
	OP("list", NULL, list, NULL),
	OP("revoke", make_published, revoke_key, clear, .payload = PUBLISH),
	OP("unlink", make_published, unlink_key, clear, .payload = PUBLISH),
	OP("invalidate", make_published, invalidate, clear, .payload = PUBLISH),
	OP("sign", NULL, sign, NULL, .verb = KEYCTL_PKEY_SIGN,
	   .right = sign_right),
	OP("first-sign", make, sign, clear, .verb = KEYCTL_PKEY_SIGN,
	   .right = sign_right),
	OP("verify", NULL, verify, NULL, .verb = KEYCTL_PKEY_VERIFY),
	OP("encrypt", NULL, encrypt, NULL, .verb = KEYCTL_PKEY_ENCRYPT,
	   .right = encrypt_right),
	OP("decrypt", NULL, decrypt, NULL, .verb = KEYCTL_PKEY_DECRYPT,
	   .right = decrypt_right),
	OP("query", NULL, query, NULL, .verb = KEYCTL_PKEY_QUERY),
	OP("insmod", unload, insmod, unload, .right = module_right),
	OP("rmmod", reload, rmmod, NULL),
};

static const struct operation *op;

static bool is(const char *name)
{
	return !strcmp(op->name, name);
}

static bool of_module(void)
{
	return is("insmod") || is("rmmod");
}

static void build_text(void)
{
	char *file;

	if (is("load") || is("raw")) {
		file = read_file(argument, &text_len);
		if (is("load") && text_len && file[text_len - 1] == '\n')
			text_len--;
		if (text_len > sizeof(text) - 16)
			die("%s is too long", argument);
		if (is("load")) {
			memcpy(text, "load ", 5);
			memcpy(text + 5, file, text_len);
			text_len += 5;
		} else {
			memcpy(text, file, text_len);
		}
		return;
	}
	if (!op->payload)
		return;
	text_len = sprintf(text, "%s%.1000s", op->payload, argument);
	if (strcmp(op->payload, PUBLISH))
		return;
	if (!*argument)
		text_len += sprintf(text + text_len, "logon:fail:nth");
	text_len += sprintf(text + text_len, " keyring=%d", ring);
}

/* The key, and what is done with it: once, and never from within a failure. */
static void prepare_use(void)
{
	make();
	if (strstr(info, "sha384"))
		message_len = 48;
	room = room_for(op->verb);
	/* A key that signs is loaded when it first does. */
	if (is("sign") && sign() < 0)
		die("sign, before: %s", strerror(errno));
	if (is("verify"))
		give(KEYCTL_PKEY_SIGN, message, message_len);
	if (is("decrypt") && !strcmp(info, "enc=ecdh"))
		give_point();
	else if (is("decrypt"))
		give(KEYCTL_PKEY_ENCRYPT, message, message_len);
	if (is("decrypt") && decrypt() < 0)
		die("decrypt, before: %s", strerror(errno));
}

/* ---- the loop ---- */

static unsigned int points, refused, survived, wrong;
static char *tpm_before;

/*
 * Not the quota: a key that an earlier try ended may still be in it for a while.
 * Nor what the TPM holds, which takes long to ask. See baseline().
 */
static char *state(void)
{
	static char buf[65536];
	struct text t;
	FILE *f;
	long n;

	if (of_module())
		return strdup(module_there() ? "there" : "not there");
	f = text_open(&t);
	keyring_state(f, ring, 0);
	if (key) {
		n = key_read(key, buf, sizeof(buf) - 1);
		buf[n > 0 && n < (long)sizeof(buf) ? n : 0] = 0;
		fprintf(f, "chain %s\n", buf);
	}
	fclose(f);
	return t.p;
}

/* Where quota and TPM must be again in the end. */
static char *baseline(bool with_quota)
{
	struct text t;
	FILE *f = text_open(&t);

	if (with_quota)
		quota_state(f);
	tpm_state(f);
	fclose(f);
	return t.p;
}

static bool at_baseline(const char *before, bool with_quota)
{
	char *after = baseline(with_quota);
	bool same = !strcmp(before, after);

	free(after);
	return same;
}

static bool same_as(const char *before)
{
	char *after = state();
	bool same = !strcmp(before, after);

	free(after);
	return same;
}

static void complain(unsigned int n, const char *what, const char *detail)
{
	if (wrong++ < 20)
		printf("# allocation %u: %s%s\n", n, what, detail);
}

/* True while there may be more allocations to fail. */
static bool try(unsigned int n)
{
	char *before;
	bool hit;
	long ret;
	int err;

	if (op->prepare)
		op->prepare();
	before = state();
	arm(n);
	ret = op->run();
	err = errno;
	hit = disarm();
	if (ret < 0) {
		if (!hit)
			die("%s: %s, with nothing made to fail", op->name,
			    strerrorname_np(err));
		refused++;
		if (err != ENOMEM)
			complain(n, "ENOMEM expected, not ",
				 strerrorname_np(err));
		if (!poll_until(same_as(before)))
			complain(n, "a refusal changed: ", before);
		/* The caller's failures never get as far as the TPM. */
		if (function && !poll_until(at_baseline(tpm_before, false)))
			complain(n, "the TPM held: ", tpm_before);
		if ((op->again ?: op->run)() < 0)
			complain(n, "the next try: ", strerrorname_np(errno));
	} else if (hit) {
		survived++;
		if (op->right && !op->right())
			complain(n, "what came out is wrong", "");
	}
	points += hit;
	if (op->undo)
		op->undo();
	free(before);
	return hit;
}

/*
 * A worker may be called once more than it has work, and that run, not the one
 * of our operation, was then told to fail. So a run with no allocation at all is
 * tried a few times. True when there was one to fail in the end.
 */
static bool idle(unsigned int n)
{
	int tries;

	for (tries = 0; function && left == n && tries < 5; tries++)
		if (try(n))
			return true;
	return false;
}

static void setup(void)
{
	size_t i;

	for (i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (!strcmp(operations[i].name, text))
			op = &operations[i];
	if (!op)
		die("no operation '%s'", text);
	if (module)
		image = read_file(module, &image_len);
	else if (op->prepare == reload || op->prepare == unload)
		die("-k is missing");
	ring = key_add("keyring", "fail", NULL, 0, KEY_SPEC_SESSION_KEYRING);
	if (ring < 0)
		die("keyring: %s", strerror(errno));
	build_text();
	/* reload() does it for those that have the module come each time. */
	if (function && op->prepare != reload)
		probe();
	if (!function)
		fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (!function && fail_nth < 0)
		die("fail-nth: %s", strerror(errno));
	if (op->verb)
		prepare_use();
	else if (!op->prepare)
		make();
	/* A page of ours that is not there yet would be an allocation too. */
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		die("mlockall: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	char *before = baseline(true);
	unsigned int n, step = 1;
	int option;

	while ((option = getopt(argc, argv, "+i:k:s:")) != -1) {
		switch (option) {
		case 'i': function = optarg; break;
		case 'k': module = optarg; break;
		case 's': step = atoi(optarg); break;
		default: die("see the head of failnth.c");
		}
	}
	if (optind >= argc || !step)
		die("see the head of failnth.c");
	snprintf(text, sizeof(text), "%s", argv[optind]);
	if (optind + 1 < argc)
		argument = argv[optind + 1];
	if (optind + 2 < argc)
		key_options = argument, info = argv[optind + 2];
	setup();
	tpm_before = baseline(false);
	srand(time(NULL));
	for (n = 1 + rand() % step; n < NTH_MAX && (try(n) || idle(n)); n += step)
		;
	if (n >= NTH_MAX)
		complain(n, "still something to fail", "");
	key_ctl(KEYCTL_UNLINK, ring, KEY_SPEC_SESSION_KEYRING, 0, 0);
	if (!poll_until(at_baseline(before, true)))
		complain(n, "quota and TPM were: ", before);
	free(before);
	printf("# %u points, %u refused, %u survived\n", points, refused, survived);
	return wrong ? 1 : 0;
}
