// SPDX-License-Identifier: GPL-2.0
/*
 * Memory for keys: not swapped, not in a dump, not in a child. There is one such
 * page, so it is simply a page.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tkmd.h"

static size_t page(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

void *secret_alloc(void)
{
	void *secret = mmap(NULL, page(), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int err;

	if (secret == MAP_FAILED)
		return NULL;
	if (!mlock(secret, page()) && !madvise(secret, page(), MADV_DONTDUMP) &&
	    !madvise(secret, page(), MADV_WIPEONFORK))
		return secret;
	err = errno;
	munmap(secret, page());
	errno = err;
	return NULL;
}

void secret_free(void *secret)
{
	if (!secret)
		return;
	memzero_explicit(secret, page());
	munmap(secret, page());
}
