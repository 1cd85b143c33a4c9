// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * What a TPM is said to have signed, by whom, and of which values. The first byte
 * chooses which of these the rest is. What is taken for one is so to the last byte: a
 * byte more or less is none; and no signature holds, for who can make one here.
 */
#include "../../userspace/tkm/attest.h"

#include "verify.h"

static void try_attest(const u8 *p, size_t len)
{
	struct registers registers;
	TPMS_ATTEST attest;

	if (attest_read(p, len, &attest))
		return;
	must(len >= 4 && get_unaligned_be32(p) == 0xff544347);
	must(attest_read(p, len - 1, &attest));
	must(!attest_read(p, len, &attest));
	if (attest.type == TPM2_ST_ATTEST_QUOTE &&
	    !attest_registers(&attest.attested.quote.pcrSelect, &registers)) {
		must(registers.n <= ATTEST_BANKS);
		must(registers_same(&registers, &registers));
	}
}

static void try_public(const u8 *p, size_t len)
{
	static const u8 text[] = "text";
	TPMT_SIGNATURE signature = { .sigAlg = TPM2_ALG_ECDSA };
	u8 name[TKM_NAME_SIZE];
	TPMT_PUBLIC pub;

	if (attest_public(p, len, &pub))
		return;
	must(!attest_public(p, len, &pub));
	(void)attest_name(&pub, name);
	signature.signature.ecdsa.hash = TPM2_ALG_SHA256;
	must(attest_verify(&pub, &signature, text, sizeof(text)));
}

static void try_signature(const u8 *p, size_t len)
{
	static const TPMT_PUBLIC none = { .type = TPM2_ALG_RSA };
	TPMT_SIGNATURE signature;

	if (attest_signature(p, len, &signature))
		return;
	must(attest_verify(&none, &signature, p, len));
}

static void try_registers(const u8 *p, size_t len)
{
	static struct values values, again;
	struct registers registers, second;
	u8 out[REGISTERS_FILE_MAX], digest[64];
	ssize_t n;

	if (registers_read(p, len, &registers, &values))
		return;
	must(!registers_digest(&registers, &values, TPM_ALG_SHA256, digest));
	n = registers_write(&registers, &values, out, sizeof(out));
	must(n > 0);
	must(!registers_read(out, (size_t)n, &second, &again));
	must(registers_same(&registers, &second));
	must(!memcmp(&values, &again, sizeof(values)));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static void (*const tries[])(const u8 *p, size_t len) = {
		try_attest, try_public, try_signature, try_registers,
	};
	const u8 *rest;

	if (!size)
		return 0;
	rest = exact(data + 1, size - 1);
	tries[data[0] % ARRAY_SIZE(tries)](rest, size - 1);
	exact_free(rest);
	return 0;
}
