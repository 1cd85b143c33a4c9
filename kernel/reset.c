// SPDX-License-Identifier: GPL-2.0
/*
 * Resets of the TPM that no suspend explains.
 *
 * The TPM refuses a context from before its last reset. But a refusal has no
 * HMAC, anyone on the bus can make one, and a context that was damaged on its way
 * to us is refused too. So what proves a reset is the TPM's null hierarchy, whose
 * seed is another after each reset, and with it the Name of a key that is made
 * from it, in an answer with an HMAC. It is looked at whenever a storage key is
 * loaded from its blob, and that is what is done when its context is refused.
 *
 * TPM 2.0 Part 1, "NULL Hierarchy".
 */
#include "hierarchy.h"

/*
 * One life of the TPM, from reset to reset: the Name of a key of its null
 * hierarchy. Known before there is a context.
 */
static struct {
	u8 name[TKM_NAME_SIZE];
	bool known;
} life;

/* What tells this life of the TPM from others. Two commands; cheap ones. */
static int life_name(struct tkm_bus *bus, u8 name[TKM_NAME_SIZE])
{
	/* Any key would do; the TPM derives this sort without a search. */
	const struct tkm_public tmpl = tkm_public_sealed(NULL, 0,
		TPM_OA_FIXED_TPM | TPM_OA_FIXED_PARENT |
		TPM_OA_SENSITIVE_DATA_ORIGIN | TPM_OA_USER_WITH_AUTH |
		TPM_OA_NO_DA | TPM_OA_DECRYPT | TPM_OA_SIGN);
	static u8 pub[64];
	u32 handle;
	u16 len;
	int ret;

	ret = tkm_tpm_create_primary(bus, TPM_RH_NULL, &tmpl, &handle, pub,
				     sizeof(pub), &len);
	if (ret == -EKEYREJECTED || ret == -ENOKEY)
		tkm_hierarchy_doubt(bus);
	if (ret)
		return ret;
	tkm_public_name(pub, len, name);
	tkm_bus_flush(bus, handle);
	return 0;
}

/*
 * Whether it is the life that we know; the first one is learned. Once a session,
 * for none outlives a reset. -ENODEV after a reset.
 */
int tkm_reset_check(struct tkm_bus *bus)
{
	u8 name[TKM_NAME_SIZE];
	int ret;

	if (bus->alive)
		return 0;
	ret = life_name(bus, name);
	if (ret)
		return ret;
	if (life.known && memcmp(name, life.name, sizeof(name)))
		return tkm_bus_close(bus, "its null hierarchy is another one");
	memcpy(life.name, name, sizeof(name));
	life.known = true;
	bus->alive = true;
	return 0;
}

void tkm_reset_forget(void)
{
	life.known = false;
}
