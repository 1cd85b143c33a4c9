/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the command share, a section for each. Functions that can
 * fail return 0 or a negative errno; a verb returns its exit status, and has
 * said what failed by then.
 */
#ifndef TKM_H
#define TKM_H

#include <errno.h>
#include <getopt.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libtkm.h>

/* ---- tkm.c: the verbs ------------------------------------------------------ */

enum status {
	DONE = 0,
	FAILED = 1,
	USAGE = 2,
	REFUSED = 3,		/* value, policy, permission */
	UNAVAILABLE = 4,	/* no TPM, module, helper or capability */
	BUSY = 5,		/* busy, or exists */
};

struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;	/* one line; NULL: the line before is of both */
	const char *usage;	/* what follows "tkm NAME " */
	const char *more;	/* the rest of its --help; may be NULL */
};

/* The one that is asked for. */
extern const struct verb *verb;

/* A verb that has verbs of its own, named "VERB ACTION": the one of argv[1]. */
int run_action(const struct verb *actions, size_t n, int argc, char **argv);
extern bool json;

/* A row of a table of options: name, letter or 0 for none, takes a value. */
enum {
	OPT_FIRST = 256,
	OPT_JSON,
	OPT_AUTH_FILE,
	OPT_AUTH_FD,
	OPT_AUTH_STDIN,
	OPT_ASK_AUTH,
	OPT_OWN,		/* a verb's own, from here */
};

#define COMMON_OPTIONS					\
	{ "json", no_argument, NULL, OPT_JSON },	\
	{ "help", no_argument, NULL, 'h' }
#define AUTH_OPTIONS						\
	{ "auth-file", required_argument, NULL, OPT_AUTH_FILE },\
	{ "auth-fd", required_argument, NULL, OPT_AUTH_FD },	\
	{ "auth-stdin", no_argument, NULL, OPT_AUTH_STDIN },	\
	{ "ask-auth", no_argument, NULL, OPT_ASK_AUTH }
#define END_OPTIONS { NULL, 0, NULL, 0 }

#define AUTH_HELP							\
	"  --ask-auth          ask on the terminal for the authorisation value\n" \
	"  --auth-file FILE    it is in FILE\n"				\
	"  --auth-fd N         it can be read from file descriptor N\n"	\
	"  --auth-stdin        ... from standard input\n"
#define OUT_HELP							\
	"  -o, --out FILE      write there, instead of to standard output\n" \
	"  -f, --force         ... even if it exists\n"

/*
 * The verb's next own option, or -1. The common ones are taken here; what is
 * none, or --help, ends the program.
 */
int next_option(int argc, char **argv, const struct option *options);

/* How many words a verb takes: usage error otherwise, which ends the program. */
void want_words(int argc, int least, int most);

int cmd_new(int argc, char **argv);
int cmd_load(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_reseal(int argc, char **argv);
int cmd_state(int argc, char **argv);
int cmd_remove(int argc, char **argv);
int cmd_sign(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_encrypt(int argc, char **argv);
int cmd_decrypt(int argc, char **argv);
int cmd_publish(int argc, char **argv);
int cmd_unpublish(int argc, char **argv);
int cmd_policy(int argc, char **argv);
int cmd_platform(int argc, char **argv);
int cmd_migrate(int argc, char **argv);
int cmd_backup(int argc, char **argv);
int cmd_restore(int argc, char **argv);
int cmd_recovery(int argc, char **argv);
int cmd_attest(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_audit(int argc, char **argv);
int cmd_domain(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

/* ---- say.c: what is said to people and programs ------------------------------ */

enum status status_of(int err);

/*
 * "tkm: new: [WHAT: ]sentence (EPERM)", and what to do, to stderr, with --json
 * as an object. Return: the exit status that goes with the errno.
 */
int failed(int err, const char *what);
/* The same with a sentence of the verb's own, and with a remedy or NULL. */
__attribute__((format(printf, 3, 4)))
int failed_as(int err, const char *remedy, const char *format, ...);
/* What was typed is wrong: a sentence and the usage; ends the program. */
__attribute__((format(printf, 1, 2), noreturn))
void usage(const char *format, ...);
__attribute__((format(printf, 1, 2)))
void warn(const char *format, ...);
/* Something a person may want to know; nothing where nobody reads. */
__attribute__((format(printf, 1, 2)))
void note(const char *format, ...);

/* A name and what it has, for people. */
void line(const char *name, const char *value);
/* The result, as JSON; takes the object. Return: DONE or FAILED. */
int say_json(struct json_object *object);
/* The result is out: everything that was printed came where it should. */
int say_done(void);

/*
 * On a terminal, from the first second on: "tkm: new: WHAT... 3 s". Of what is
 * counted, the share that is done. True when it began: not without a terminal, nor within
 * another one.
 */
bool progress_begin(const char *what);
void progress_share(uint64_t done, uint64_t all);
void progress_end(void);

/* ---- io.c: files ---------------------------------------------------------------- */

/* For reading; "-" or NULL is standard input. Descriptor or negative errno. */
int open_input(const char *path);
/* All of it, at most @max bytes (-E2BIG). */
int read_input(const char *path, size_t max, uint8_t **data, size_t *len);
/* Says so when others than its owner can read it. */
void warn_if_open(const char *path);

/*
 * A file that appears when it is whole, or standard output. Nothing is
 * overwritten without @force (-EEXIST), and what was begun and not finished is
 * gone.
 */
struct output {
	const char *path;	/* NULL: standard output */
	char *temporary;
	int fd;
	bool force;
};

/* What the options of a verb say about its output. */
extern const char *out_path;
extern bool out_force;
#define OUT_OPTIONS					\
	{ "out", required_argument, NULL, 'o' },	\
	{ "force", no_argument, NULL, 'f' }

/* @mode of a new file; the user's umask takes from it. */
int output_open(struct output *out, unsigned int mode);
int output_write(struct output *out, const void *data, size_t len);
int output_close(struct output *out);
void output_drop(struct output *out);
/* All at once; says what failed. Return: exit status. */
int output_all(const void *data, size_t len, unsigned int mode);
/* A key's chain in PEM, and all of the file, or none of it. */
int output_chain(struct output *out, libtkm_serial key);
/* Bytes that nobody wants on a terminal: usage error. */
void want_no_terminal(void);

/* ---- auth.c: authorisation values --------------------------------------------- */

/* Options of AUTH_OPTIONS; false for another. */
bool auth_option(int c, const char *value);
/* Whether standard input is taken by it. */
bool auth_takes_stdin(void);
/*
 * The temporary key with the value that the options name, 0 if none do; @twice:
 * a new one, asked for twice. It is revoked by auth_drop(). Says what failed;
 * return: exit status.
 */
int auth_take(bool twice, libtkm_serial *auth);
/*
 * The value itself, in secret memory, for who is not the module; asked for on the
 * terminal when it is @needed and no option names one. NULL for none. The same.
 */
int auth_value(bool needed, void **value, ssize_t *len);
void auth_drop(void);

/*
 * A password, in memory of libtkm_secret_alloc(): as the options say, else it is
 * asked for; @twice when it is new. Two of them are two lines. Says what failed;
 * exit status.
 */
#define PASSWORD_MAX	1024
struct secret {
	void *value;
	size_t len;
};

int auth_password(const char *prompt, bool twice, struct secret *password);
int auth_two_passwords(struct secret *old, struct secret *fresh);
bool auth_is_given(void);

/* ---- words.c: what is typed ------------------------------------------------------ */

/* "@s" and so on, or a number; usage error. */
libtkm_serial keyring_of(const char *text);
/* A user's name, or a number; usage error. */
uid_t user_of(const char *text);
/* "application:label"; usage error. */
void want_description(const char *text);
/* A decimal number between those two; usage error, which calls it @what. */
int64_t want_number(const char *text, const char *what, int64_t least,
		    int64_t most);
/*
 * "VERB word word ...", checked as the kernel would, naming the word that is
 * wrong (usage error). The result is the caller's.
 */
char *words_join(const char *first, int n, char **words);
/* The key that is meant, and, if @show, what can be seen of it. Exit status. */
int want_key(const char *name, libtkm_serial *key, struct libtkm_key *show);

/* ---- pcrs.c: why a policy said no ---------------------------------------------------- */

/*
 * failed(), but of EPERM says what the policy of that chain, of that key, or of what
 * the helper keeps under that description, is not satisfied with.
 */
int failed_with(int err, const uint8_t *der, size_t len);
int failed_with_key(int err, libtkm_serial key);
int failed_with_kept(int err, const char *description);
/* failed(), but says if it is the policy that the words name that is not there. */
int failed_with_words(int err, const char *words);

/* ---- tpm.c: the chip --------------------------------------------------------------- */

struct tpm {
	bool there;		/* there is a chip */
	unsigned int version;	/* 1 or 2, 0 when nobody knows */
	int error;		/* why the rest is not known, or 0 */
	char manufacturer[5];
	char vendor[17];
	char firmware[24];
	bool locked;
	uint32_t lockout_counter, lockout_max;
	uint32_t lockout_interval;	/* seconds until one is forgiven */
	uint32_t lockout_recovery;
};

void tpm_look(struct tpm *tpm);

/* ---- tries.c: the caller's passwords that were wrong ---- */

#define TRIES_TEXT	160

void tries_look(struct libtkm_tries *tries);
/* False and no text, or NULL, when none was. */
bool tries_text(const struct libtkm_tries *tries, char text[TRIES_TEXT]);
struct json_object *tries_json(const struct libtkm_tries *tries);

#endif /* TKM_H */
