// SPDX-License-Identifier: GPL-2.0
/*
 * Messages. stderr is the journal's when systemd started us, and then each line
 * begins with its priority.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "tkmd.h"

static bool journal;

/* JOURNAL_STREAM names what stderr was when we were started: it may be another now. */
void log_open(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	journal = stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
		  !fstat(STDERR_FILENO, &st) && st.st_dev == device &&
		  st.st_ino == inode;
}

static void say(int priority, const char *format, va_list args)
{
	char line[1024];

	vsnprintf(line, sizeof(line), format, args);
	if (journal)
		fprintf(stderr, "<%d>%s\n", priority, line);
	else
		fprintf(stderr, "tkmd: %s\n", line);
}

void log_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(LOG_ERR, format, args);
	va_end(args);
}

void log_warning(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(LOG_WARNING, format, args);
	va_end(args);
}

void log_info(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(LOG_INFO, format, args);
	va_end(args);
}
