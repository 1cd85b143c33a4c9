// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * What a verifier's own files say: a policy, digests of files, a record of what was
 * seen. The first byte chooses. A record that is read is written as the same bytes.
 */
#include "../../userspace/tkm/judge.h"

#include "verify.h"

static void try_policy(char *text, size_t len)
{
	static struct rules rules;
	char told[256];
	unsigned int line;
	const char *what;
	size_t i;

	(void)len;
	memset(&rules, 0, sizeof(rules));
	if (rules_read(&rules, text, &line, &what)) {
		must(line && *what);
	} else {
		must(rules.aks <= RULES_MANY && rules.values <= RULES_MANY);
		must(rules.allows <= RULES_MANY && rules.denies <= RULES_MANY);
		for (i = 0; i < rules.values; i++)
			must(rules.value[i].number < REGISTERS);
		registers_tell(&rules.registers, told, sizeof(told));
		must(!*told == registers_empty(&rules.registers));
	}
	rules_free(&rules);
}

static void try_files(char *text, size_t len)
{
	static struct rules rules;
	unsigned int line;
	size_t i;

	memset(&rules, 0, sizeof(rules));
	if (!rules_files(&rules, text, &line)) {
		must(rules.n_files <= len / 40);
		for (i = 1; i < rules.n_files; i++)
			must(memcmp(&rules.files[i - 1], &rules.files[i],
				    sizeof(rules.files[i])) <= 0);
	}
	rules_free(&rules);
}

static void try_record(char *text, size_t len)
{
	char again[SEEN_MAX];
	struct seen seen;

	if (seen_read(text, len, &seen))
		return;
	must(seen_write(&seen, again) == len);
	must(!memcmp(again, text, len));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static void (*const tries[])(char *text, size_t len) = {
		try_policy, try_files, try_record,
	};
	char *text;

	if (!size || memchr(data + 1, 0, size - 1))
		return 0;
	/* Text ends with a zero, as read_text() has it. */
	text = exact(NULL, size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = 0;
	tries[data[0] % ARRAY_SIZE(tries)](text, size - 1);
	exact_free(text);
	return 0;
}
