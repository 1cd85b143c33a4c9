// SPDX-License-Identifier: GPL-2.0
/*
 * Results to stdout, everything else to stderr: what failed and what to do about
 * it, and on a terminal how far it is.
 */
#include <pthread.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

#include "tkm.h"

enum status status_of(int err)
{
	switch (abs(err)) {
	case 0:
		return DONE;
	case EPERM:
	case EACCES:
	case EKEYREJECTED:
	case EKEYEXPIRED:
	case EKEYREVOKED:
		return REFUSED;
	case ENODEV:
	case EOPNOTSUPP:
	case ENOTCONN:
	case ECONNREFUSED:
	case ENOSYS:
	case ENXIO:
		return UNAVAILABLE;
	case EBUSY:
	case EAGAIN:
	case EEXIST:
	case EALREADY:
		return BUSY;
	default:
		return FAILED;
	}
}

static void put_string(struct json_object *object, const char *name,
		       const char *text)
{
	if (text)
		json_object_object_add(object, name,
				       json_object_new_string(text));
}

static void error_json(const char *sentence, const char *name,
		       const char *remedy, int status)
{
	struct json_object *error = json_object_new_object();
	struct json_object *object = json_object_new_object();

	put_string(error, "verb", verb ? verb->name : NULL);
	put_string(error, "message", sentence);
	put_string(error, "errno", name);
	put_string(error, "remedy", remedy);
	json_object_object_add(error, "status", json_object_new_int(status));
	json_object_object_add(object, "error", error);
	fprintf(stderr, "%s\n", json_object_to_json_string_ext(
		object, JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

static void who(void)
{
	fprintf(stderr, "tkm: ");
	if (verb)
		fprintf(stderr, "%s: ", verb->name);
}

static int error(int err, const char *sentence, const char *remedy)
{
	int status = status_of(err);

	progress_end();
	if (json) {
		error_json(sentence, libtkm_errno_name(err), remedy, status);
		return status;
	}
	who();
	fprintf(stderr, "%s (%s)\n", sentence, libtkm_errno_name(err));
	if (remedy)
		fprintf(stderr, "  what to do: %s\n", remedy);
	return status;
}

int failed(int err, const char *what)
{
	const char *name = verb ? verb->name : NULL;

	return failed_as(err, libtkm_error_remedy(err, name), "%s%s%s",
			 what ? what : "", what ? ": " : "",
			 libtkm_error_text(err, name));
}

int failed_as(int err, const char *remedy, const char *format, ...)
{
	char sentence[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	return error(err, sentence, remedy);
}

void usage(const char *format, ...)
{
	char sentence[1024], line[1100];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	if (json) {
		snprintf(line, sizeof(line), "tkm %s --help",
			 verb ? verb->name : "");
		error_json(sentence, "EINVAL", line, USAGE);
		exit(USAGE);
	}
	who();
	fprintf(stderr, "%s\n", sentence);
	if (verb)
		fprintf(stderr, "usage: tkm %s %s\n", verb->name, verb->usage);
	else
		fprintf(stderr, "usage: tkm VERB [OPTION...] [ARGUMENT...]\n");
	exit(USAGE);
}

static void progress_clear(void);

static void say(const char *kind, const char *format, va_list args)
{
	progress_clear();
	who();
	fprintf(stderr, "%s: ", kind);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void warn(const char *format, ...)
{
	va_list args;

	if (json)
		return;
	va_start(args, format);
	say("warning", format, args);
	va_end(args);
}

void note(const char *format, ...)
{
	va_list args;

	if (json || !isatty(STDERR_FILENO))
		return;
	va_start(args, format);
	say("note", format, args);
	va_end(args);
}

/* ---- results ----------------------------------------------------------------- */

int say_done(void)
{
	if (fflush(stdout) || ferror(stdout))
		return failed(errno ? errno : EIO, "standard output");
	return DONE;
}

void line(const char *name, const char *value)
{
	printf("%-12s %s\n", name, value);
}

int say_json(struct json_object *object)
{
	printf("%s\n", json_object_to_json_string_ext(
		object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
				JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
	return say_done();
}

/* ---- progress ----------------------------------------------------------------- */

/*
 * A thread of its own, because the kernel lets no signal through while it waits
 * for the TPM.
 */
static struct {
	pthread_t thread;
	pthread_mutex_t lock;	/* of the rest */
	pthread_cond_t over;
	bool running;
	bool stop;
	bool shown;
	const char *what;
	uint64_t done, all;
} progress = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.over = PTHREAD_COND_INITIALIZER,
};

static void show(int seconds)
{
	fprintf(stderr, "\rtkm: %s: %s... ", verb->name, progress.what);
	if (progress.all)
		fprintf(stderr, "%d %%", (int)(progress.done * 100 / progress.all));
	else
		fprintf(stderr, "%d s", seconds);
	fprintf(stderr, "\033[K");
	progress.shown = true;
}

/* Before a line of another sort. */
static void progress_clear(void)
{
	pthread_mutex_lock(&progress.lock);
	if (progress.running && progress.shown)
		fprintf(stderr, "\r\033[K");
	progress.shown = false;
	pthread_mutex_unlock(&progress.lock);
}

static void *tick(void *unused)
{
	struct timespec when;
	int seconds = 0;

	(void)unused;
	clock_gettime(CLOCK_REALTIME, &when);
	pthread_mutex_lock(&progress.lock);
	while (!progress.stop) {
		when.tv_sec++;
		while (!progress.stop &&
		       !pthread_cond_timedwait(&progress.over, &progress.lock,
					       &when))
			;
		if (!progress.stop)
			show(++seconds);
	}
	pthread_mutex_unlock(&progress.lock);
	return NULL;
}

bool progress_begin(const char *what)
{
	if (json || !isatty(STDERR_FILENO) || progress.running)
		return false;
	progress.what = what;
	progress.stop = progress.shown = false;
	progress.done = progress.all = 0;
	progress.running = !pthread_create(&progress.thread, NULL, tick, NULL);
	return progress.running;
}

void progress_share(uint64_t done, uint64_t all)
{
	pthread_mutex_lock(&progress.lock);
	progress.done = done;
	progress.all = all;
	pthread_mutex_unlock(&progress.lock);
}

void progress_end(void)
{
	if (!progress.running)
		return;
	pthread_mutex_lock(&progress.lock);
	progress.stop = true;
	pthread_cond_signal(&progress.over);
	pthread_mutex_unlock(&progress.lock);
	pthread_join(progress.thread, NULL);
	progress.running = false;
	if (progress.shown)
		fprintf(stderr, "\r\033[K");
}
