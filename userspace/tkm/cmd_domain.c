// SPDX-License-Identifier: GPL-2.0
/*
 * tkm domain: passwords for all of a user's keys. Argon2id makes of a password and a
 * salt what the TPM is told; salt and cost are what the key of type tkm-domain is
 * called, and the helper keeps that name with the domain:
 *
 *	argon2id,v=19,m=65536,t=3,p=4,salt=<32 hex digits>
 */
#include <argon2.h>
#include <keyutils.h>
#include <linux/tkm_netlink.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "ask.h"

#define TYPE		"tkm-domain"
/* /proc/keys shows so many bytes of a name of a type. */
#define TYPE_SHOWN	9
#define SALT		16
#define VALUE		32
/* Argon2 counts memory in KiB. */
#define MIB		1024
/* The second choice of RFC 9106: 64 MiB, three passes, four lanes. */
#define MEMORY		(64 * MIB)
#define PASSES		3
#define LANES		4
/* What --memory takes at least: less is no hindrance to who guesses. */
#define MEMORY_LEAST	(8 * MIB)
/* What a name may ask for, so that it does not take all there is. */
#define MEMORY_MOST	(1024 * MIB)
#define PASSES_MOST	64
#define LANES_MOST	16
#define YEAR		31536000

enum { OPT_FOR = OPT_ASK_OWN, OPT_WAIT, OPT_OWNER, OPT_MEMORY, OPT_PASSES };

struct cost {
	unsigned int memory, passes, lanes;
	uint8_t salt[SALT];
};

/* No user has that number. */
#define OWN		UINT32_MAX

static libtkm_serial keyring = KEY_SPEC_SESSION_KEYRING;
static uint32_t of_owner = OWN, of_side;
static long seconds;
static bool patient;
/* What a new password is to cost, if that was said. */
static unsigned int new_memory, new_passes;

/* ---- what a domain says of its password ---- */

static void about_write(const struct cost *cost, char about[128])
{
	int n = snprintf(about, 128, "argon2id,v=19,m=%u,t=%u,p=%u,salt=",
			 cost->memory, cost->passes, cost->lanes);
	size_t i;

	for (i = 0; i < SALT; i++)
		n += snprintf(about + n, 128 - (size_t)n, "%02x", cost->salt[i]);
}

/* Exactly what about_write() writes. */
static bool about_read(const char *about, struct cost *cost)
{
	char again[128], salt[2 * SALT + 1];
	unsigned int byte;
	size_t i;

	if (sscanf(about, "argon2id,v=19,m=%9u,t=%9u,p=%9u,salt=%32[0-9a-f]",
		   &cost->memory, &cost->passes, &cost->lanes, salt) != 4 ||
	    strlen(salt) != 2 * SALT)
		return false;
	for (i = 0; i < SALT; i++) {
		if (sscanf(salt + 2 * i, "%2x", &byte) != 1)
			return false;
		cost->salt[i] = (uint8_t)byte;
	}
	about_write(cost, again);
	return !strcmp(about, again) && cost->passes && cost->lanes &&
	       cost->passes <= PASSES_MOST && cost->lanes <= LANES_MOST &&
	       cost->memory >= 8 * cost->lanes && cost->memory <= MEMORY_MOST;
}

/* As before, if there was one, but for what was said. */
static int about_new(const char *before, char about[128])
{
	struct cost cost;

	if (!about_read(before, &cost))
		cost = (struct cost){ MEMORY, PASSES, LANES, { 0 } };
	cost.memory = new_memory ? new_memory : cost.memory;
	cost.passes = new_passes ? new_passes : cost.passes;
	if (getrandom(cost.salt, SALT, 0) != SALT)
		return failed(-EIO, "random bytes");
	about_write(&cost, about);
	return DONE;
}

/* The caller's own; "" when it has no password. */
static int about_kept(char about[128])
{
	struct json_object *reply, *list;
	struct cost cost;
	int ret;

	about[0] = 0;
	ret = ask(ask_about("domains", NULL), &reply);
	if (ret)
		return ask_failed(ret, reply, NULL);
	if (json_object_object_get_ex(reply, "domains", &list) &&
	    json_object_array_length(list) == 1)
		snprintf(about, 128, "%s",
			 ask_string(json_object_array_get_idx(list, 0), "about"));
	json_object_put(reply);
	if (!strncmp(about, "policy=", 7))
		return failed_as(-EOPNOTSUPP, "tkm policy check tells if your keys open",
				 "your domain is under the policy %s, and has no password",
				 about + 7);
	if (*about && !about_read(about, &cost))
		return failed_as(-EOPNOTSUPP, "another program did: use that one",
				 "the domain's password was not set by tkm");
	return DONE;
}

static int want_about(char about[128])
{
	int ret = about_kept(about);

	return ret ? ret : *about ? DONE : failed(-ENOKEY, NULL);
}

/* ---- Argon2id ---- */

/* What the password goes through is locked as far as the user's limit lets it. */
static int take_memory(uint8_t **memory, size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return ARGON2_MEMORY_ALLOCATION_ERROR;
	(void)mlock(p, size);
	(void)madvise(p, size, MADV_DONTDUMP);
	*memory = p;
	return ARGON2_OK;
}

static void give_memory(uint8_t *memory, size_t size)
{
	explicit_bzero(memory, size);
	munmap(memory, size);
}

static int derive(const char *about, const struct secret *password,
		  uint8_t value[VALUE])
{
	struct cost cost;
	argon2_context context = {
		.out = value,
		.outlen = VALUE,
		.pwd = password->value,
		.pwdlen = (uint32_t)password->len,
		.salt = cost.salt,
		.saltlen = SALT,
		.allocate_cbk = take_memory,
		.free_cbk = give_memory,
		.version = ARGON2_VERSION_13,
		.flags = ARGON2_FLAG_CLEAR_PASSWORD,
	};
	int ret;

	if (!about_read(about, &cost))
		return failed(-EOPNOTSUPP, NULL);
	context.m_cost = cost.memory;
	context.t_cost = cost.passes;
	context.lanes = context.threads = cost.lanes;
	progress_begin("making a key of the password");
	ret = argon2id_ctx(&context);
	progress_end();
	if (ret == ARGON2_OK)
		return DONE;
	return failed_as(ret == ARGON2_MEMORY_ALLOCATION_ERROR ? -ENOMEM : -EIO,
			 NULL, "Argon2id: %s", argon2_error_message(ret));
}

/* As a key of this process, which the module is told the number of. */
static int value_key(const char *about, struct secret *password,
		     libtkm_serial *key)
{
	uint8_t *value = libtkm_secret_alloc(VALUE);
	int ret;

	if (!value)
		return failed(-ENOMEM, NULL);
	ret = derive(about, password, value);
	if (!ret) {
		ret = libtkm_key_auth(value, VALUE, KEY_SPEC_PROCESS_KEYRING, key);
		ret = ret ? failed(ret, NULL) : DONE;
	}
	libtkm_secret_free(value);
	libtkm_secret_free(password->value);
	password->value = NULL;
	return ret;
}

/* ---- keys of type tkm-domain ---- */

/* Too soon is refused without a try: nothing is counted for asking again. */
static int add(const char *about, const char *text, libtkm_serial where,
	       libtkm_serial *key)
{
	do
		*key = add_key(TYPE, about, text, strlen(text), where);
	while (*key < 0 && errno == EAGAIN && patient && !sleep(1));
	return *key < 0 ? -errno : 0;
}

/* What can be told of tries: of the TPM only to who may ask it. */
static int password_failed(int err)
{
	char own[TRIES_TEXT], remedy[768] = "";
	struct libtkm_tries tries;
	struct tpm tpm;

	if (err != -EKEYREJECTED && err != -EAGAIN && err != -EBUSY)
		return failed(err, NULL);
	tries_look(&tries);
	if (tries_text(&tries, own))
		snprintf(remedy, sizeof(remedy), "%s; ", own);
	tpm_look(&tpm);
	if (tpm.there && !tpm.error)
		snprintf(remedy + strlen(remedy), sizeof(remedy) - strlen(remedy),
			 "the TPM has counted %u wrong ones of %u, half of which may be one user's, and forgets one every %u s; ",
			 tpm.lockout_counter, tpm.lockout_max,
			 tpm.lockout_interval);
	snprintf(remedy + strlen(remedy), sizeof(remedy) - strlen(remedy), "%s",
		 libtkm_error_remedy(err, verb->name));
	return failed_as(err, remedy, "%s", libtkm_error_text(err, verb->name));
}

static int domain_add(const char *about, const char *word, libtkm_serial auth,
		      libtkm_serial where, libtkm_serial *key)
{
	char text[96];
	int n;

	n = snprintf(text, sizeof(text), "%s auth=%d", word, auth);
	if (seconds)
		snprintf(text + n, sizeof(text) - (size_t)n, " for=%ld", seconds);
	progress_begin("the TPM looks at it");
	n = add(about, text, where, key);
	progress_end();
	libtkm_key_revoke(auth);
	return n;
}

/* ---- what the module says over netlink ---- */

/*
 * The family is in the initial network namespace only: in a container there may be
 * none (ENODEV), and keys of type tkm-domain have to do.
 */
static int ask_module(uint8_t command, uint32_t owner, uint32_t side)
{
	const struct libtkm_nl_attr attrs[] = {
		{ TKM_A_DOMAIN_OWNER, &owner, sizeof(owner) },
		{ TKM_A_DOMAIN_SIDE, &side, sizeof(side) },
	};
	struct libtkm_nl *nl;
	int ret = libtkm_nl_open(&nl);

	if (ret)
		return ret;
	ret = libtkm_nl_request(nl, command, attrs, owner == OWN ? 0 : 2, false,
				NULL, NULL);
	libtkm_nl_close(nl);
	return ret;
}

/* ---- keys of type tkm-domain, once more ---- */

/*
 * Each key of the caller's that says so: those of other sessions are seen, too, but
 * not the caller's to update.
 */
static int each_unlocked(int (*each)(libtkm_serial key))
{
	char line[1024], type[16], *end;
	FILE *f = fopen("/proc/keys", "re");
	unsigned int serial, uid;
	int ret = -ENOENT;

	if (!f)
		return -errno;
	while (ret == -ENOENT && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%x %*s %*s %*s %*s %u %*s %15s", &serial, &uid,
			   type) != 3 || strncmp(type, TYPE, TYPE_SHOWN) ||
		    uid != geteuid())
			continue;
		end = strrchr(line, ':');
		if (end && !strcmp(end, ": unlocked\n"))
			ret = each((libtkm_serial)serial);
	}
	fclose(f);
	return ret;
}

static int is_one(libtkm_serial key)
{
	(void)key;
	return 0;
}

static bool is_unlocked(void)
{
	int ret = ask_module(TKM_CMD_DOMAIN_LIST, OWN, 0);

	return !ret || (ret != -ENOKEY && !each_unlocked(is_one));
}

/* For tkm status; the helper not being there is no error. */
void domain_look(struct domain_seen *seen)
{
	struct json_object *reply = NULL, *list;
	size_t n = 0;

	memset(seen, 0, sizeof(*seen));
	seen->error = ask(ask_about("domains", NULL), &reply);
	if (!seen->error && json_object_object_get_ex(reply, "domains", &list))
		n = json_object_array_length(list);
	seen->there = n;
	if (n)
		snprintf(seen->about, sizeof(seen->about), "%s",
			 ask_string(json_object_array_get_idx(list, 0), "about"));
	seen->unlocked = is_unlocked();
	json_object_put(reply);
}

/* Permission is what another session's lacks: the next one. */
static int lock_with(libtkm_serial key)
{
	int ret = libtkm_key_update(key, "lock");

	return ret == -EACCES || ret == -ENOKEY || ret == -EKEYREVOKED ||
	       ret == -EKEYEXPIRED ? -ENOENT : ret;
}

/* ---- the words ---- */

static int say(const char *state)
{
	struct json_object *object;

	if (!json)
		return DONE;
	object = json_object_new_object();
	json_object_object_add(object, "domain", json_object_new_string(state));
	return say_json(object);
}

static int new_domain(void)
{
	struct secret password;
	libtkm_serial auth, key;
	char about[128];
	int ret;

	/* It keeps the salt: without it there would be no way back. */
	ret = about_kept(about);
	if (ret)
		return ret;
	if (*about)
		return failed(-EEXIST, NULL);
	ret = about_new("", about);
	ret = ret ? ret : auth_password("New password: ", true, &password);
	ret = ret ? ret : value_key(about, &password, &auth);
	if (ret)
		return ret;
	ret = domain_add(about, "new", auth, keyring, &key);
	if (ret)
		return failed(ret, NULL);
	note("keys that you made before have no password: make them anew");
	return say("unlocked");
}

static int unlock(libtkm_serial where, libtkm_serial *key)
{
	struct secret password;
	libtkm_serial auth;
	char about[128];
	int ret;

	ret = want_about(about);
	ret = ret ? ret : auth_password("Password: ", false, &password);
	ret = ret ? ret : value_key(about, &password, &auth);
	if (ret)
		return ret;
	ret = domain_add(about, "unlock", auth, where, key);
	return ret ? password_failed(ret) : DONE;
}

static int unlock_domain(void)
{
	libtkm_serial key;
	int ret = unlock(keyring, &key);

	return ret ? ret : say("unlocked");
}

/* One that is locked is locked. */
static int lock_other(void)
{
	int ret = ask_module(TKM_CMD_DOMAIN_LOCK, of_owner, of_side);

	if (ret == -EPERM)
		return failed_as(ret, "root may lock it",
				 "that domain is another user's");
	return ret && ret != -ENOKEY ? failed(ret, NULL) : say("locked");
}

static int lock_domain(void)
{
	libtkm_serial key;
	int ret;

	if (of_owner != OWN)
		return lock_other();
	ret = ask_module(TKM_CMD_DOMAIN_LOCK, OWN, 0);
	if (!ret || ret == -ENOKEY)
		return say("locked");
	ret = each_unlocked(lock_with);
	if (ret == -ENOENT && is_unlocked()) {
		/* Who has the password may, from anywhere. */
		if (!auth_is_given())
			return failed_as(-EACCES,
					 "lock it there, or here with the password: --ask-auth",
					 "your domain was unlocked in another session");
		ret = unlock(KEY_SPEC_PROCESS_KEYRING, &key);
		if (ret)
			return ret;
		ret = libtkm_key_update(key, "lock");
	}
	if (ret && ret != -ENOENT)
		return failed(ret, NULL);
	return say("locked");
}

/* With another salt, too, so it is another key that says so. */
static int change_password(void)
{
	struct secret old = { NULL, 0 }, fresh = { NULL, 0 };
	char about[128], next[128], text[64];
	libtkm_serial with, to, key;
	int ret;

	ret = want_about(about);
	ret = ret ? ret : about_new(about, next);
	ret = ret ? ret : auth_two_passwords(&old, &fresh);
	ret = ret ? ret : value_key(about, &old, &with);
	ret = ret ? ret : value_key(next, &fresh, &to);
	libtkm_secret_free(old.value);
	libtkm_secret_free(fresh.value);
	if (ret)
		return ret;
	snprintf(text, sizeof(text), "unlock auth=%d", with);
	progress_begin("the TPM changes it");
	ret = add(next, text, KEY_SPEC_PROCESS_KEYRING, &key);
	if (!ret) {
		snprintf(text, sizeof(text), "passwd auth=%d new=%d", with, to);
		ret = libtkm_key_update(key, text);
		libtkm_key_revoke(key);
	}
	progress_end();
	libtkm_key_revoke(with);
	libtkm_key_revoke(to);
	return ret ? password_failed(ret) : say("changed");
}

/* ---- list ---- */

struct listed {
	struct json_object *list;
	bool all;
};

/* 0: it is unlocked; -ENOKEY: it is not; else nobody tells. */
static int ask_about_other(struct json_object *domain)
{
	return ask_module(TKM_CMD_DOMAIN_LIST,
			  (uint32_t)strtoul(ask_string(domain, "owner"), NULL, 10),
			  !strcmp(ask_string(domain, "side"), "other"));
}

static bool is_told(int told)
{
	return !told || told == -ENOKEY;
}

static const char *state_text(int told, bool unlocked)
{
	return !is_told(told) ? "-" : unlocked ? "unlocked" : "locked";
}

static void say_domain(struct json_object *domain, bool own, const char *state)
{
	struct libtkm_tries tries = { .any = false };
	char text[TRIES_TEXT] = "";
	struct cost cost;

	printf("%8s/%-5s  %-9s", ask_string(domain, "owner"),
	       ask_string(domain, "side"), state);
	if (about_read(ask_string(domain, "about"), &cost))
		printf("  argon2id %u MiB, %u passes, %u lanes",
		       cost.memory / 1024, cost.passes, cost.lanes);
	else
		printf("  %s", ask_string(domain, "about"));
	if (own)
		tries_look(&tries);
	printf("%s%s\n", tries_text(&tries, text) ? "; " : "", text);
}

static void add_tries(struct json_object *domain)
{
	struct libtkm_tries tries;

	tries_look(&tries);
	json_object_object_add(domain, "passwords", tries_json(&tries));
}

static int64_t take(struct json_object *reply, void *data)
{
	struct json_object *list, *one, *last;
	struct listed *listed = data;
	bool own, unlocked;
	size_t i;
	int told;

	if (!json_object_object_get_ex(reply, "domains", &list))
		return 0;
	for (i = 0; i < json_object_array_length(list); i++) {
		one = json_object_array_get_idx(list, i);
		own = strtoul(ask_string(one, "owner"), NULL, 10) == geteuid() &&
		      !strcmp(ask_string(one, "side"), "init");
		told = own ? 0 : ask_about_other(one);
		unlocked = own ? is_unlocked() : !told;
		if (!json) {
			say_domain(one, own, state_text(told, unlocked));
			continue;
		}
		json_object_object_add(one, "unlocked",
			is_told(told) ? json_object_new_boolean(unlocked) : NULL);
		if (own)
			add_tries(one);
		json_object_array_add(listed->list, json_object_get(one));
	}
	return json_object_object_get_ex(reply, "last", &last) ?
		       json_object_get_int64(last) : 0;
}

static int list(bool all)
{
	struct listed listed = { json_object_new_array(), all };
	int ret = ask_each("domains", all, take, &listed);

	if (!ret && json)
		return say_json(listed.list);
	json_object_put(listed.list);
	return ret ? ret : say_done();
}

/* ---- what is typed ---- */

static long want_seconds(const char *text)
{
	static const struct {
		const char *unit;
		long seconds;
	} units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 },
		      { "d", 86400 } };
	char *end;
	long n = strtol(text, &end, 10);
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (end != text && !strcmp(end, units[i].unit) && n > 0 &&
		    n <= YEAR / units[i].seconds)
			return n * units[i].seconds;
	usage("%s is no time: 90, 90s, 15m, 8h, 2d, a year at most", text);
}

/* "USER", or "USER/other" for one in a container. */
static void want_owner(const char *text)
{
	char user[64];
	const char *slash = strchr(text, '/');

	if (slash && strcmp(slash, "/other") && strcmp(slash, "/init"))
		usage("%s is no domain: USER, USER/init or USER/other", text);
	snprintf(user, sizeof(user), "%.*s",
		 slash ? (int)(slash - text) : (int)strlen(text), text);
	of_owner = user_of(user);
	of_side = slash && !strcmp(slash, "/other");
}

static int run(const char *word, bool all)
{
	if (!strcmp(word, "list"))
		return list(all);
	if (!strcmp(word, "new"))
		return new_domain();
	if (!strcmp(word, "unlock"))
		return unlock_domain();
	if (!strcmp(word, "lock"))
		return lock_domain();
	if (!strcmp(word, "passwd"))
		return change_password();
	usage("there is no %s: list, new, unlock, lock or passwd", word);
}

int cmd_domain(int argc, char **argv)
{
	static const struct option options[] = {
		{ "keyring", required_argument, NULL, 'k' },
		{ "for", required_argument, NULL, OPT_FOR },
		{ "wait", no_argument, NULL, OPT_WAIT },
		{ "all", no_argument, NULL, OPT_ALL },
		{ "owner", required_argument, NULL, OPT_OWNER },
		{ "memory", required_argument, NULL, OPT_MEMORY },
		{ "passes", required_argument, NULL, OPT_PASSES },
		ASK_OPTIONS, AUTH_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	bool all = false;
	int c;

	while ((c = next_option(argc, argv, options)) != -1) {
		if (c == 'k')
			keyring = keyring_of(optarg);
		else if (c == OPT_FOR)
			seconds = want_seconds(optarg);
		else if (c == OPT_WAIT)
			patient = true;
		else if (c == OPT_ALL)
			all = true;
		else if (c == OPT_OWNER)
			want_owner(optarg);
		else if (c == OPT_MEMORY)
			new_memory = MIB * (unsigned int)
				want_number(optarg, "number of MiB",
					    MEMORY_LEAST / MIB,
					    MEMORY_MOST / MIB);
		else if (c == OPT_PASSES)
			new_passes = (unsigned int)want_number(
				optarg, "number of passes", 1, PASSES_MOST);
		else
			ask_socket = optarg;
	}
	want_words(argc, 1, 1);
	if (all && strcmp(argv[optind], "list"))
		usage("--all is for list");
	if (of_owner != OWN && strcmp(argv[optind], "lock"))
		usage("--owner is for lock");
	if (seconds && strcmp(argv[optind], "unlock") &&
	    strcmp(argv[optind], "new"))
		usage("--for is for new and unlock");
	if ((new_memory || new_passes) &&
	    strcmp(argv[optind], "new") && strcmp(argv[optind], "passwd"))
		usage("--memory and --passes are for new and passwd");
	return run(argv[optind], all);
}
