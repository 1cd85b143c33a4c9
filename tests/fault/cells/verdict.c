// SPDX-License-Identifier: GPL-2.0
#include "verdict.h"

#include "vm.h"

#include <time.h>

int slow = 1;

static unsigned int number, failed;
/* Why the test at hand failed; empty so far. */
static char why[8192];

void wrong(const char *format, ...)
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

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

const char *name_of(int err)
{
	return err ? strerrorname_np(err) : "ok";
}

/* Whether it is one of "A/B/C". */
bool one_of(int err, const char *names)
{
	const char *name = name_of(err), *p = names;
	size_t n = strlen(name);

	for (; (p = strstr(p, name)); p++)
		if ((p == names || p[-1] == '/') && (!p[n] || p[n] == '/'))
			return true;
	return false;
}

size_t how_wrong(void)
{
	return strlen(why);
}

void report(const char *name)
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

void skip(const char *name)
{
	printf("ok %u %s # SKIP\n", ++number, name);
}

bool any_failed(void)
{
	return failed;
}
