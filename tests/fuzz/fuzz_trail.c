// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * A record of the audit: what is read is written as the same bytes, and what is shown
 * of it is printable.
 */
#include "../../userspace/tkmd/trail.h"

#include "fuzz.h"

static void shown(const char *text)
{
	char out[4 * TRAIL_PROGRAM_MAX + 1];
	const char *c;

	trail_escape(text, out);
	for (c = out; *c; c++)
		must(*c > ' ' && *c < 0x7f);
	must(strlen(out) >= strlen(text));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	const u8 *bytes = exact(data, size);
	struct trail_record record;
	struct trail_filter filter = { .key = "a:b", .event = 1, .refused = true };
	u8 again[TRAIL_MAX];

	if (!trail_read(bytes, size, &record)) {
		must(size <= TRAIL_MAX);
		must(trail_write(&record, again) == size);
		must(!memcmp(again, bytes, size));
		shown(record.key);
		shown(record.program);
		if (trail_fits(&filter, &record))
			must(record.event == 1 && record.result);
		must(trail_may_see(0, &record) && trail_may_see(record.uid, &record));
		must(*trail_event_name(record.event));
	}
	exact_free(bytes);
	return 0;
}
