// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/* A file of evidence: what is read lies in it, and is written as the same bytes. */
#include "../../userspace/tkm/evidence.h"

#include "verify.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	const u8 *file = exact(data, size);
	struct evidence evidence;
	u8 *again;
	int i;

	if (!evidence_read(file, size, &evidence)) {
		for (i = 0; i < PARTS; i++) {
			if (!evidence.part[i].p)
				continue;
			must(inside(evidence.part[i].p, evidence.part[i].len,
				    file, size));
			must(evidence.part[i].len <=
			     evidence_part_max((enum part)i));
		}
		must(evidence_size(&evidence) == size);
		again = exact(NULL, size);
		evidence_write(&evidence, again);
		must(!memcmp(again, file, size));
		exact_free(again);
	}
	exact_free(file);
	return 0;
}
