// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * The file of keys that comes with a packet (Documentation/tkmd-socket.rst). The first byte is what
 * becomes of names that are there. All of it is kept, or nothing; what is kept is found
 * under its name, and the packet is taken once.
 */
#include "database.h"

static void take_again(const struct taken *taken, const u8 *bytes, size_t len)
{
	struct taken again = *taken;
	struct trail_record record;
	struct taken found;
	struct name which;

	must(!kdb_packet_get(&kdb, taken->id, &found));
	must(found.keys == taken->keys && found.left == taken->left);
	audit_fill(&record, TRAIL_PACKET_TAKE, 0, NULL, NULL);
	must(kdb_packet_take(&kdb, bytes, len, EXISTING_KEEP, &again, &which,
			     &record) == -EALREADY);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static uint32_t number;
	struct taken taken = { .digest = { 1 } };
	struct trail_record record;
	struct kdb_key key;
	struct name which;
	const u8 *bytes;
	int64_t before;
	int ret;

	database_make();
	if (!size)
		return 0;
	put_unaligned_be32(++number, taken.id);
	before = kdb_count(&kdb, NULL);
	audit_fill(&record, TRAIL_PACKET_TAKE, 0, NULL, NULL);
	bytes = exact(data + 1, size - 1);
	ret = kdb_packet_take(&kdb, bytes, size - 1, data[0] % 3, &taken, &which,
			      &record);
	if (ret) {
		must(ret == -EBADMSG || ret == -EEXIST || ret == -E2BIG);
		must(kdb_count(&kdb, NULL) == before);
		must(kdb_packet_get(&kdb, taken.id, &taken) == -ENOKEY);
	} else {
		must(taken.keys + taken.left > 0);
		must(kdb_count(&kdb, NULL) >= before);
		/* The last one that came. */
		must(!kdb_get(&kdb, &which, &key));
		take_again(&taken, bytes, size - 1);
	}
	exact_free(bytes);
	return 0;
}
