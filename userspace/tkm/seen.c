// SPDX-License-Identifier: GPL-2.0
/*
 * What is remembered of a TPM between two looks at it: so much that an old answer is
 * known for one.
 */
#include <inttypes.h>

#include "judge.h"

size_t seen_write(const struct seen *seen, char out[SEEN_MAX])
{
	char ak[2 * TKM_NAME_SIZE + 1];
	struct tkm_writer w;

	tkm_writer_init(&w, ak, sizeof(ak));
	tkm_put_hex(&w, seen->ak, TKM_NAME_SIZE);
	ak[2 * TKM_NAME_SIZE] = 0;
	return (size_t)scnprintf(out, SEEN_MAX,
				 "tkm record 1\n"
				 "ak %s\n"
				 "clock %" PRIu64 "\n"
				 "resets %" PRIu32 "\n"
				 "restarts %" PRIu32 "\n"
				 "firmware %016" PRIx64 "\n"
				 "time %" PRId64 "\n",
				 ak, seen->clock, seen->resets, seen->restarts,
				 seen->firmware, seen->time);
}

/* Read loosely, and written again: what is not the same was not ours. */
int seen_read(const char *text, size_t len, struct seen *seen)
{
	char copy[SEEN_MAX], again[SEEN_MAX], ak[2 * TKM_NAME_SIZE + 1];

	memset(seen, 0, sizeof(*seen));
	if (len >= sizeof(copy))
		return -EBADMSG;
	memcpy(copy, text, len);
	copy[len] = 0;
	if (sscanf(copy,
		   "tkm record 1 ak %68s clock %" SCNu64 " resets %" SCNu32
		   " restarts %" SCNu32 " firmware %" SCNx64 " time %" SCNd64,
		   ak, &seen->clock, &seen->resets, &seen->restarts,
		   &seen->firmware, &seen->time) != 6 ||
	    strlen(ak) != 2 * TKM_NAME_SIZE ||
	    tkm_hex_decode(ak, 2 * TKM_NAME_SIZE, seen->ak) ||
	    seen_write(seen, again) != len || memcmp(again, text, len))
		return -EBADMSG;
	return 0;
}
