// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * What a person gives `tkm import`: PEM, DER or hex. Whatever is read as a chain
 * says something of itself, can be written as PEM, and is the same when that is
 * read again.
 */
#include <libtkm.h>

#include "fuzz.h"

static void there_and_back(const u8 *der, size_t len)
{
	size_t again_len;
	u8 *again;
	char *pem;

	must(!libtkm_pem_write(der, len, &pem));
	must(!libtkm_pem_read(pem, strlen(pem), &again, &again_len));
	must(again_len == len && !memcmp(again, der, len));
	free(again);
	free(pem);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	const u8 *text = exact(data, size);
	struct libtkm_chain chain;
	size_t len;
	u8 *der;
	int ret;

	ret = libtkm_chain_read(text, size, &der, &len);
	must(!ret == !!der);
	if (!ret && !libtkm_chain_look(der, len, &chain))
		there_and_back(der, len);
	free(der);
	exact_free(text);
	return 0;
}
