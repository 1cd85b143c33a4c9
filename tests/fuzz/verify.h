/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/* What the targets of `tkm verify` share. */
#ifndef TKM_FUZZ_VERIFY_H
#define TKM_FUZZ_VERIFY_H

#include "fuzz.h"

/* values.c wants it of io.c: files are none of this. */
int read_input(const char *path, size_t max, uint8_t **data, size_t *len);
int read_input(const char *path, size_t max, uint8_t **data, size_t *len)
{
	(void)path;
	(void)max;
	(void)data;
	(void)len;
	return -ENOENT;
}

#endif /* TKM_FUZZ_VERIFY_H */
