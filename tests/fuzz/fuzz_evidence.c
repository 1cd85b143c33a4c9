// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * A file of evidence: what is read lies in it, and is written as the same bytes. Of a
 * key it is whole, or that is said; and its chain loses its private parts, no more.
 */
#include "../../userspace/tkm/evidence.h"

#include "verify.h"

static void without_private_parts(const u8 *der, size_t len)
{
	struct tkm_chain chain, bare;
	size_t n = 0;
	u8 *out = NULL;
	unsigned int i;
	int ret = evidence_chain(der, len, &out, &n);

	must(ret <= 0);
	if (ret)
		return;
	must(!tkm_blob_decode(der, len, &chain));
	must(!tkm_blob_decode(out, n, &bare) && bare.n == chain.n);
	for (i = 0; i < chain.n; i++) {
		must(bare.obj[i].priv_len == 1 && !bare.obj[i].priv[0]);
		must(bare.obj[i].pub_len == chain.obj[i].pub_len);
		must(!memcmp(bare.obj[i].pub, chain.obj[i].pub,
			     chain.obj[i].pub_len));
	}
	free(out);
}

static void of_a_key(struct evidence evidence)
{
	const char *why = NULL;
	struct evidence is = evidence;
	enum part part;

	if (!evidence_of_key(&is, &why)) {
		for (part = PART_CERTIFICATE; part < PARTS; part++)
			must(!evidence.part[part].p);
		return;
	}
	if (why)
		return;
	for (part = PART_CERTIFICATE; part < PARTS; part++)
		must(evidence.part[part].p);
	must(is.part[PART_QUOTE].p == evidence.part[PART_CERTIFICATE].p);
	without_private_parts(is.part[PART_KEY].p, is.part[PART_KEY].len);
}

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
		of_a_key(evidence);
		again = exact(NULL, size);
		evidence_write(&evidence, again);
		must(!memcmp(again, file, size));
		exact_free(again);
	}
	exact_free(file);
	return 0;
}
