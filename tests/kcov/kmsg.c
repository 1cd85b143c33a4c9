// SPDX-License-Identifier: GPL-2.0
/* The kernel's log, and what in it says a bug. */
#include "kcov.h"

static int kmsg = -1;

void kmsg_open(void)
{
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg < 0 || lseek(kmsg, 0, SEEK_END) < 0)
		die("/dev/kmsg: %s", strerror(errno));
}

const char *kmsg_trouble(void)
{
	static const char *const words[] = {
		"WARNING:", "BUG:", "Oops", "KASAN", "UBSAN", "KFENCE:",
		"possible circular", "possible recursive",
		"inconsistent lock state", "suspicious RCU",
		"blocked for more than", "general protection", "refcount_t:",
		"corruption", "scheduling while atomic", "ODEBUG:",
		"sleeping function called", "kmemleak: ", "non-static key",
		"Unable to handle", "segfault at",
	};
	static char line[4096];
	ssize_t n;
	size_t i;

	while ((n = read(kmsg, line, sizeof(line) - 1)) > 0) {
		line[n] = 0;
		for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (strstr(line, words[i]))
				return line;
	}
	return NULL;
}
