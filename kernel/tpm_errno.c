// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * What a TPM's refusal means to the caller of the keyring: one table, from
 * response codes (TPM 2.0 Part 2, "TPM_RC") to the errnos that are tkm's
 * contract. Whoever must act on a code compares tkm_tpm_rc_base().
 */
#include "core.h"

/* Bits 16-23: which layer of software answered, zero for the TPM itself. */
#define RC_LAYER	0x00ff0000u
/* Format one: a number below six bits, about the parameter that follows. */
#define RC_FORMAT_ONE	0x080u
#define RC_FORMAT_ONE_CODE 0x0bfu
#define RC_PARAMETER	0x040u
#define RC_FORMAT_ONE_MAX 0xfffu

struct errno_of_rc {
	u16 first;
	u16 last;
	int err;
};

/* In order of @first, for the reader; the search does not depend on it. */
static const struct errno_of_rc table[] = {
	{ 0x081, 0x081, -EOPNOTSUPP },	/* ASYMMETRIC */
	{ 0x082, 0x082, -EBADMSG },	/* ATTRIBUTES */
	{ 0x083, 0x083, -EOPNOTSUPP },	/* HASH */
	{ 0x084, 0x084, -EBADMSG },	/* VALUE */
	{ 0x085, 0x085, -EOPNOTSUPP },	/* HIERARCHY */
	{ 0x087, 0x089, -EOPNOTSUPP },	/* KEY_SIZE, MGF, MODE */
	{ 0x08a, 0x08a, -EBADMSG },	/* TYPE */
	{ 0x08b, 0x08b, -ENOKEY },	/* HANDLE */
	{ 0x08c, 0x08c, -EOPNOTSUPP },	/* KDF */
	{ 0x08d, 0x08d, -EBADMSG },	/* RANGE */
	{ 0x08e, 0x08e, -EKEYREJECTED }, /* AUTH_FAIL */
	{ 0x08f, 0x08f, -EBADMSG },	/* NONCE */
	{ 0x090, 0x090, -EPERM },	/* PP */
	{ 0x092, 0x092, -EOPNOTSUPP },	/* SCHEME */
	{ 0x095, 0x095, -EBADMSG },	/* SIZE */
	{ 0x096, 0x096, -EOPNOTSUPP },	/* SYMMETRIC */
	{ 0x097, 0x098, -EBADMSG },	/* TAG, SELECTOR */
	{ 0x09a, 0x09a, -EBADMSG },	/* INSUFFICIENT */
	{ 0x09b, 0x09b, -EKEYREJECTED }, /* SIGNATURE */
	{ 0x09c, 0x09c, -EBADMSG },	/* KEY */
	{ 0x09d, 0x09d, -EPERM },	/* POLICY_FAIL */
	{ 0x09f, 0x09f, -EBADMSG },	/* INTEGRITY */
	{ 0x0a1, 0x0a1, -EBADMSG },	/* RESERVED_BITS */
	{ 0x0a2, 0x0a2, -EKEYREJECTED }, /* BAD_AUTH */
	{ 0x0a3, 0x0a4, -EPERM },	/* EXPIRED, POLICY_CC */
	{ 0x0a5, 0x0a5, -EBADMSG },	/* BINDING */
	{ 0x0a6, 0x0a6, -EOPNOTSUPP },	/* CURVE */
	{ 0x0a7, 0x0a7, -EBADMSG },	/* ECC_POINT */
	{ 0x100, 0x100, -ENODEV },	/* INITIALIZE */
	{ 0x101, 0x101, -EIO },		/* FAILURE */
	{ 0x120, 0x120, -ENODEV },	/* DISABLED */
	{ 0x124, 0x125, -EKEYREJECTED }, /* AUTH_TYPE, AUTH_MISSING */
	{ 0x126, 0x128, -EPERM },	/* POLICY, PCR, PCR_CHANGED */
	{ 0x12d, 0x12d, -ENODEV },	/* UPGRADE */
	{ 0x12e, 0x12e, -ENOMEM },	/* TOO_MANY_CONTEXTS */
	{ 0x12f, 0x12f, -EKEYREJECTED }, /* AUTH_UNAVAILABLE */
	{ 0x130, 0x130, -ENODEV },	/* REBOOT */
	{ 0x143, 0x143, -EOPNOTSUPP },	/* COMMAND_CODE */
	{ 0x14b, 0x14b, -ENOMEM },	/* NV_SPACE */
	{ 0x150, 0x150, -EBADMSG },	/* BAD_CONTEXT */
	{ 0x155, 0x155, -EBADMSG },	/* SENSITIVE */
	{ 0x901, 0x901, -EAGAIN },	/* CONTEXT_GAP */
	{ 0x902, 0x906, -ENOMEM },	/* OBJECT_MEMORY .. OBJECT_HANDLES */
	{ 0x907, 0x907, -EPERM },	/* LOCALITY */
	{ 0x908, 0x90a, -EAGAIN },	/* YIELDED, CANCELED, TESTING */
	{ 0x910, 0x916, -ENOKEY },	/* REFERENCE_H0 .. H6 */
	{ 0x918, 0x91e, -ENOKEY },	/* REFERENCE_S0 .. S6 */
	{ 0x920, 0x920, -EAGAIN },	/* NV_RATE */
	{ 0x921, 0x921, -EBUSY },	/* LOCKOUT */
	{ 0x922, 0x923, -EAGAIN },	/* RETRY, NV_UNAVAILABLE */
};

u32 tkm_tpm_rc_base(u32 rc)
{
	rc &= ~RC_LAYER;
	if ((rc & RC_FORMAT_ONE) && rc <= RC_FORMAT_ONE_MAX)
		return rc & RC_FORMAT_ONE_CODE;
	return rc;
}

unsigned int tkm_tpm_rc_parameter(u32 rc)
{
	rc &= ~RC_LAYER;
	if ((rc & RC_FORMAT_ONE) && (rc & RC_PARAMETER) &&
	    rc <= RC_FORMAT_ONE_MAX)
		return rc >> 8;
	return 0;
}

int tkm_tpm_errno(u32 rc)
{
	u32 base = tkm_tpm_rc_base(rc);
	size_t i;

	if (!rc)
		return 0;
	for (i = 0; i < ARRAY_SIZE(table); i++)
		if (base >= table[i].first && base <= table[i].last)
			return table[i].err;
	return -EIO;
}
