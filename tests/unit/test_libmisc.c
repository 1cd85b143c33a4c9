// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * libtkm's error.c and secret.c: sentences for errnos, memory for secrets.
 */
#include "unit.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libtkm.h>

/* ---- errors ------------------------------------------------------------------ */

static void an_errno_has_a_name_and_a_sentence(void **state)
{
	int err;

	(void)state;
	assert_string_equal(libtkm_errno_name(-EKEYREJECTED), "EKEYREJECTED");
	assert_string_equal(libtkm_errno_name(EPERM), "EPERM");
	assert_string_equal(libtkm_errno_name(-4000), "EUNKNOWN");
	for (err = 0; err < 200; err++) {
		assert_true(strlen(libtkm_error_text(-err, "new")) > 3);
		assert_string_equal(libtkm_error_text(-err, NULL),
				    libtkm_error_text(err, NULL));
	}
	assert_string_equal(libtkm_error_text(-4000, NULL), "unknown error");
	assert_null(libtkm_error_remedy(-4000, NULL));
}

static void a_verb_has_sentences_of_its_own(void **state)
{
	(void)state;
	assert_string_not_equal(libtkm_error_text(-ENOKEY, "import"),
				libtkm_error_text(-ENOKEY, "show"));
	assert_string_equal(libtkm_error_text(-ENOKEY, NULL),
			    libtkm_error_text(-ENOKEY, "no verb"));
	assert_non_null(strstr(libtkm_error_remedy(-ENODEV, "new"),
			       "modprobe tkm"));
}

/* ---- secrets ------------------------------------------------------------------ */

/* What the kernel says of the pages that @p is in. */
static bool page_has(const void *p, const char *flag)
{
	unsigned long from, to;
	bool in = false, has = false;
	char line[512];
	FILE *f = fopen("/proc/self/smaps", "r");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			in = (unsigned long)p >= from && (unsigned long)p < to;
		else if (in && !strncmp(line, "VmFlags:", 8))
			has = strstr(line, flag);
	}
	fclose(f);
	return has;
}

static void a_secret_is_left_out_of_dumps(void **state)
{
	char *other = malloc(100000), *secret = libtkm_secret_alloc(5000);
	size_t i;

	(void)state;
	assert_non_null(secret);
	assert_int_equal(libtkm_secret_size(secret), 5000);
	for (i = 0; i < 5000; i++)
		assert_int_equal(secret[i], 0);
	assert_true(page_has(secret, " dd"));
	assert_true(page_has(secret + 4999, " dd"));
	assert_false(page_has(other, " dd"));
	libtkm_secret_free(secret);
	libtkm_secret_free(NULL);
	free(other);
	assert_null(libtkm_secret_alloc(SIZE_MAX));
	assert_null(libtkm_secret_alloc(SIZE_MAX - 64));
	assert_int_equal(libtkm_secret_size(NULL), 0);
}

static void a_secret_keeps_its_content_when_it_grows(void **state)
{
	char *secret = libtkm_secret_resize(NULL, 10);
	size_t i;

	(void)state;
	memcpy(secret, "0123456789", 10);
	secret = libtkm_secret_resize(secret, 20000);
	assert_memory_equal(secret, "0123456789", 10);
	for (i = 10; i < 20000; i++)
		assert_int_equal(secret[i], 0);
	secret = libtkm_secret_resize(secret, 4);
	assert_memory_equal(secret, "0123", 4);
	assert_int_equal(libtkm_secret_size(secret), 4);
	libtkm_secret_free(secret);
}

/* @text comes in two pieces, as from a pipe. */
static ssize_t from_pipe(const char *text, size_t n, size_t max, void **secret)
{
	int fds[2];
	ssize_t len;

	assert_int_equal(pipe(fds), 0);
	if (fork() == 0) {
		if (write(fds[1], text, n / 2) < 0 ||
		    write(fds[1], text + n / 2, n - n / 2) < 0)
			_exit(1);
		_exit(0);
	}
	close(fds[1]);
	len = libtkm_secret_read_fd(fds[0], max, secret);
	close(fds[0]);
	wait(NULL);
	return len;
}

static void is_read(const char *text, size_t n, size_t max, ssize_t wanted)
{
	void *secret;

	assert_int_equal(from_pipe(text, n, max, &secret), wanted);
	if (wanted < 0)
		assert_null(secret);
	else
		assert_memory_equal(secret, text, (size_t)wanted);
	libtkm_secret_free(secret);
}

static void a_secret_is_read_whole(void **state)
{
	void *secret;

	(void)state;
	is_read("value", 5, 32, 5);
	is_read("value\n", 6, 32, 5);
	is_read("value\n\n", 7, 32, 6);
	is_read("val\nue\n", 7, 32, 6);
	is_read("val\0ue", 6, 32, 6);
	is_read("", 0, 32, 0);
	is_read("\n", 1, 32, 0);
	is_read("12345", 5, 5, 5);
	is_read("12345\n", 6, 5, 5);
	is_read("123456", 6, 5, -E2BIG);
	is_read("12345\n6", 7, 5, -E2BIG);
	is_read("123456789\n", 10, 5, -E2BIG);
	assert_int_equal(libtkm_secret_read_file("/nonexistent", 5, &secret),
			 -ENOENT);
	assert_null(secret);
	assert_int_equal(libtkm_secret_read_file("/", 5, &secret), -EISDIR);
	assert_int_equal(libtkm_secret_read_fd(-1, 5, &secret), -EBADF);
	assert_int_equal(libtkm_secret_read_file("/dev/null", 5, &secret), 0);
	libtkm_secret_free(secret);
}

static void no_dumps_means_none(void **state)
{
	struct rlimit limit;
	int status;

	(void)state;
	if (fork() == 0)
		_exit(libtkm_secret_no_dumps() || prctl(PR_GET_DUMPABLE) ||
		      getrlimit(RLIMIT_CORE, &limit) || limit.rlim_max);
	wait(&status);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_errno_has_a_name_and_a_sentence),
		cmocka_unit_test(a_verb_has_sentences_of_its_own),
		cmocka_unit_test(a_secret_is_left_out_of_dumps),
		cmocka_unit_test(a_secret_keeps_its_content_when_it_grows),
		cmocka_unit_test(a_secret_is_read_whole),
		cmocka_unit_test(no_dumps_means_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
