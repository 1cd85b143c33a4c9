// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * The event log of a firmware: what it says of registers is of registers that there
 * are, what it does not name stays, and read again it says the same.
 */
#include "../../userspace/tkm/values.h"

#include "verify.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct values values, again, empty;
	const u8 *log = exact(data, size);
	int bank, i, ret;

	memset(&values, 0, sizeof(values));
	ret = values_log(&values, log, size);
	must(ret == 0 || ret == -EBADMSG);
	if (ret)
		must(!memcmp(&values, &empty, sizeof(values)));
	for (bank = 0; bank < BANKS; bank++) {
		must(!(values.known[bank] >> REGISTERS));
		for (i = 0; i < REGISTERS; i++)
			if (!(values.known[bank] & BIT(i)))
				must(!memcmp(values.value[bank][i],
					     empty.value[bank][i],
					     TKM_HASH_MAX));
	}
	memset(&again, 0, sizeof(again));
	must(values_log(&again, log, size) == ret);
	must(!memcmp(&values, &again, sizeof(values)));
	exact_free(log);
	return 0;
}
