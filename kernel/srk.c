// SPDX-License-Identifier: GPL-2.0
/*
 * The SRK, which belongs to the platform.
 *
 * It is believed only under its Name: the one that the administrator gave
 * (tkm.srk_name=), else the one that the first chain which was loaded, or the
 * first key which was made, carried. An SRK that is missing is made from the TCG
 * template, and kept only if that gives the Name we know (or none is known yet).
 *
 * TCG TPM v2.0 Provisioning Guidance, "Storage Primary Key (SRK) Templates".
 */
#define pr_fmt(fmt) "tkm: " fmt

#include <linux/module.h>

#include "hierarchy.h"

/*
 * The pinned Name. Written once, by the parameter before anything runs or by
 * the worker; @set is the last to be written. @given: it was the parameter.
 */
static struct {
	u8 name[TKM_NAME_SIZE];
	bool given;
	bool set;
} pin;

static int srk_name_set(const char *val, const struct kernel_param *kp)
{
	u8 name[TKM_NAME_SIZE];
	size_t len = strcspn(val, "\n");

	if (len != 2 * TKM_NAME_SIZE || tkm_hex_decode(val, len, name) ||
	    get_unaligned_be16(name) != TPM_ALG_SHA256)
		return -EINVAL;
	memcpy(pin.name, name, sizeof(name));
	pin.given = true;
	smp_store_release(&pin.set, true);
	return 0;
}

static int srk_name_get(char *buffer, const struct kernel_param *kp)
{
	if (!smp_load_acquire(&pin.set))
		return scnprintf(buffer, PAGE_SIZE, "none\n");
	return scnprintf(buffer, PAGE_SIZE, "%*phN\n", TKM_NAME_SIZE, pin.name);
}

static const struct kernel_param_ops srk_name_ops = {
	.set = srk_name_set,
	.get = srk_name_get,
};

module_param_cb(srk_name, &srk_name_ops, NULL, 0444);
MODULE_PARM_DESC(srk_name,
		 "Name of the storage root key, 68 hex digits (default: the one of the first chain)");

/* Whether that was given: to be read, and nothing to be set. */
static int srk_pinned_set(const char *val, const struct kernel_param *kp)
{
	return -EPERM;
}

static int srk_pinned_get(char *buffer, const struct kernel_param *kp)
{
	return scnprintf(buffer, PAGE_SIZE, "%c\n", pin.given ? 'Y' : 'N');
}

static const struct kernel_param_ops srk_pinned_ops = {
	.set = srk_pinned_set,
	.get = srk_pinned_get,
};

module_param_cb(srk_pinned, &srk_pinned_ops, NULL, 0444);
MODULE_PARM_DESC(srk_pinned, "Read only: whether srk_name was given");

const u8 *tkm_srk_pinned(void)
{
	return pin.set ? pin.name : NULL;
}

static int srk_check(const struct tkm_public *pub)
{
	const u32 needed = TPM_OA_FIXED_TPM | TPM_OA_FIXED_PARENT |
			   TPM_OA_RESTRICTED | TPM_OA_DECRYPT |
			   TPM_OA_USER_WITH_AUTH;

	if ((pub->attributes & (needed | TPM_OA_SIGN)) != needed ||
	    pub->sym_alg != TPM_ALG_AES)
		return -EOPNOTSUPP;
	if (pub->type == TPM_ALG_ECC)
		return pub->curve == TPM_ECC_NIST_P256 ? 0 : -EOPNOTSUPP;
	return pub->type == TPM_ALG_RSA && pub->rsa_bits == 2048 ? 0 :
								   -EOPNOTSUPP;
}

/* What the TPM showed becomes what we know, if it is an SRK. */
static int srk_take(struct tkm_srk *srk)
{
	int ret = tkm_public_decode(srk->bytes, srk->len, &srk->pub);

	if (!ret)
		ret = srk_check(&srk->pub);
	if (ret)
		pr_err_ratelimited("0x%08x is not a storage key tkm can work with (ECC P-256 or RSA-2048, AES-128-CFB, SHA-256)\n",
				   TKM_SRK_HANDLE);
	else
		tkm_public_name(srk->bytes, srk->len, srk->name);
	return ret == -EBADMSG ? -EIO : ret;
}

/* Of no use if it cannot stay: the owner says no, or its place is taken. */
static int srk_keep(struct tkm_bus *bus, u32 handle)
{
	int ret;

	ret = tkm_tpm_evict_control(bus, handle, bus->srk.name, TKM_SRK_HANDLE);
	if (ret == -EKEYREJECTED ||
	    tkm_tpm_rc_base(bus->rc) == TPM_RC_NV_DEFINED)
		return -ENOKEY;
	return ret;
}

static int srk_create(struct tkm_bus *bus, const u8 *want)
{
	static const u8 zero[32];
	struct tkm_srk *srk = &bus->srk;
	struct tkm_public tmpl = tkm_public_storage(TKM_CLASS_FIXED, NULL);
	u32 handle;
	int ret;

	/* The template's unique part is all zero, as long as the key's. */
	tmpl.policy_len = 0;
	tmpl.x = tmpl.y = zero;
	tmpl.x_len = tmpl.y_len = sizeof(zero);
	ret = tkm_tpm_create_primary(bus, TPM_RH_OWNER, &tmpl, &handle,
				     srk->bytes, sizeof(srk->bytes), &srk->len);
	if (ret) {
		pr_err_ratelimited("no storage root key at 0x%08x, and none can be made (TPM code 0x%x): make one with tpm2_createprimary and tpm2_evictcontrol\n",
				   TKM_SRK_HANDLE, bus->rc);
		return ret == -EKEYREJECTED ? -ENOKEY : ret;
	}
	ret = srk_take(srk);
	if (!ret && want && memcmp(srk->name, want, TKM_NAME_SIZE)) {
		pr_err_ratelimited("the storage root key is gone and cannot be made again: the TPM was cleared, or is another one\n");
		ret = -ENOKEY;
	}
	if (!ret)
		ret = srk_keep(bus, handle);
	tkm_bus_flush(bus, handle);
	return ret;
}

/**
 * tkm_hierarchy_open() - know the SRK of the chip at hand
 * @bus: held
 * @want: Name that the chain at hand was made under, or NULL
 *
 * The Name that is pinned has the last word; @want pins when it proved right
 * and nothing was pinned. With neither, what is there is taken and pinned:
 * the first contact.
 *
 * Return: 0; -ENOKEY when it is another one, or missing and not to be had;
 * -EOPNOTSUPP when it is no key to work with.
 */
int tkm_hierarchy_open(struct tkm_bus *bus, const u8 *want)
{
	struct tkm_srk *srk = &bus->srk;
	int ret;

	if (pin.set && want && memcmp(pin.name, want, TKM_NAME_SIZE))
		return -ENOKEY;
	if (pin.set)
		want = pin.name;
	if (!srk->known) {
		ret = tkm_tpm_read_public(bus, TKM_SRK_HANDLE, srk->bytes,
					  sizeof(srk->bytes), &srk->len);
		if (ret == -ENOKEY)
			ret = srk_create(bus, want);
		else if (!ret)
			ret = srk_take(srk);
		/* Where it is not, the chip may not be: see chip_get(). */
		bus->stranger = ret == -ENOKEY && pin.set;
		if (ret)
			return ret;
		srk->known = true;
	}
	if (want && memcmp(srk->name, want, TKM_NAME_SIZE)) {
		/* Look again next time: it may be put right without us. */
		srk->known = false;
		bus->stranger = pin.set;
		pr_err_ratelimited("the storage root key 0x%08x is not the one whose Name is known\n",
				   TKM_SRK_HANDLE);
		return -ENOKEY;
	}
	if (!pin.set) {
		memcpy(pin.name, srk->name, TKM_NAME_SIZE);
		smp_store_release(&pin.set, true);
	}
	return 0;
}
