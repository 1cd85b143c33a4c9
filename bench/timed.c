// SPDX-License-Identifier: GPL-2.0
/*
 * One call to the keyring, and how long it took, so that the start of a process
 * is no part of it:
 *
 *   timed add TYPE DESC PAYLOAD KEYRING
 *   timed update KEY PAYLOAD
 *   timed refused TYPE DESC PAYLOAD KEYRING   an add that must fail
 *
 * Prints what it gave, then microseconds. PAYLOAD is as vm.h says.
 */
#include "vm.h"

#include "clock.h"

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	bool refused = !strcmp(verb, "refused"), update = !strcmp(verb, "update");
	long long start, end;
	serial_t target;
	size_t len = 0;
	char *payload;
	long ret;

	if (argc != (update ? 4 : 6) ||
	    (!update && !refused && strcmp(verb, "add")))
		die("see the head of timed.c");
	payload = payload_of(argv[update ? 3 : 4], &len);
	target = keyring_number(argv[update ? 2 : 5]);
	start = clock_us();
	if (update)
		ret = key_update(target, payload, len);
	else
		ret = key_add(argv[2], argv[3], payload, len, target);
	end = clock_us();
	if ((ret < 0) != refused)
		die("%s: %s", argv[3], ret < 0 ? strerrorname_np(errno) :
						 "was not refused");
	printf("%ld %lld\n", ret, end - start);
	return 0;
}
