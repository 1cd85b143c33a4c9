/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The list of what the kernel measured (IMA), as it gives it in
 * binary_runtime_measurements on a little-endian machine.
 */
#ifndef TKM_IMA_H
#define TKM_IMA_H

#include "values.h"

/* Lists of a machine that runs for months are some ten megabytes. */
#define IMA_LIST_MAX	(64 << 20)

/**
 * struct ima_entry - one line of the list; pointers are in place
 * @number: the register that was extended
 * @first: nothing stands before it
 * @violation: the file changed while it was measured. Of such an entry nothing
 *	but that is in the register: all else may have been invented
 * @alg: of the file's digest as a TPM_ALG, 0 for one that is not known
 * @digest: of the file, @digest_len bytes
 * @name: @name_len bytes, without a final zero
 */
struct ima_entry {
	u32 number;
	bool first;
	bool violation;
	u16 alg;
	const u8 *digest;
	u32 digest_len;
	const u8 *name;
	u32 name_len;
};

/* Whether that is the entry that sums up the firmware's registers. */
bool ima_is_boot_aggregate(const struct ima_entry *entry);

/**
 * struct ima_match - where a list and registers meet
 * @entries: in the whole list
 * @covered: the first of them, that the registers cover
 * @violations: among those
 */
struct ima_match {
	u32 entries;
	u32 covered;
	u32 violations;
};

/*
 * Called with each entry, in order. What it gives back ends the reading, unless
 * it is 0.
 */
typedef int (*ima_fn)(const struct ima_entry *entry, void *data);
/* The first @limit entries of a list that ima_match() took. */
int ima_each(const u8 *list, size_t len, u32 limit, ima_fn each, void *data);

/*
 * Reads all of the list, and finds the longest beginning of it after which the
 * registers that it extends hold what @values say, in every bank of those of
 * @pcrs, @n of them. (A list is read after the quote, and grows.)
 *
 * Return: 0; -EBADMSG for a list that is none; -E2BIG; -ENOENT when registers
 * hold it nowhere, or none of @pcrs is one that the list extends.
 */
int ima_match(const u8 *list, size_t len, const struct values *values,
	      const struct tkm_pcrs *pcrs, size_t n, struct ima_match *match);

#endif /* TKM_IMA_H */
