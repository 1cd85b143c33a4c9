// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * IMA's list, and what registers should hold after it, which are in front of it: what
 * is told of an entry lies in the list, and no more are covered than there are.
 */
#include "../../userspace/tkm/ima.h"

#include "verify.h"

struct list {
	const u8 *p;
	size_t len;
	u32 n;
};

static int look(const struct ima_entry *entry, void *data)
{
	struct list *list = data;

	must(entry->number < REGISTERS);
	must(inside(entry->name, entry->name_len, list->p, list->len));
	must(!memchr(entry->name, 0, entry->name_len));
	if (entry->digest)
		must(inside(entry->digest, entry->digest_len, list->p,
			    list->len));
	must(entry->first == !list->n);
	list->n++;
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const struct tkm_pcrs pcrs[] = { { TPM_ALG_SHA1, BIT(10) },
						{ TPM_ALG_SHA256, BIT(10) } };
	static struct values values;
	struct input in = { data, size };
	struct list list = { .len = size };
	struct ima_match match;
	u32 covered;
	int ret;

	take(&in, values.value[0][10], 20);
	take(&in, values.value[1][10], 32);
	list.p = take_exact(&in, &list.len);
	ret = ima_match(list.p, list.len, &values, pcrs, 2, &match);
	must(ret == 0 || ret == -EBADMSG || ret == -ENOENT);
	must(match.covered <= match.entries &&
	     match.violations <= match.covered);
	must(!match.covered == !!ret || ret == -EBADMSG);
	covered = ret ? 0 : match.covered;
	must(!ima_each(list.p, list.len, covered, look, &list));
	must(list.n == covered);
	exact_free(list.p);
	return 0;
}
