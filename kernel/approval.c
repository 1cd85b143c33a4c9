// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * Named policies, and the approvals that open what they guard.
 *
 * A key under an authorised policy is not bound to registers but to a name and to
 * a public key: what its owner has signed for that name opens it. Such an
 * approval is data, and says what must hold: values of registers, and an epoch,
 * the number in a counter of the TPM's that only goes up, so that it can be taken
 * back. What it says is believed by nobody here: the TPM plays it, and verifies
 * the signature.
 *
 * TPM 2.0 Part 3, TPM2_PolicyAuthorize; the form is that of the TSS2 key format's
 * TPMAuthPolicy.
 */
#include "core.h"

bool tkm_policy_name_ok(const char *name, size_t len)
{
	size_t i;

	if (!len || len > TKM_POLICY_NAME_MAX)
		return false;
	for (i = 0; i < len; i++)
		if (!(name[i] >= 'a' && name[i] <= 'z') &&
		    !(name[i] >= '0' && name[i] <= '9') &&
		    name[i] != '.' && name[i] != '_' && name[i] != '-')
			return false;
	/* "policy=none" says that there is none. */
	return len != 4 || memcmp(name, "none", 4);
}

void tkm_policy_ref(const char *name, u8 ref[32])
{
	/* The zero byte is the first string's own. */
	const struct tkm_piece pieces[] = {
		{ "tkm policy v1", sizeof("tkm policy v1") },
		{ name, strlen(name) },
	};

	tkm_sha256(pieces, ARRAY_SIZE(pieces), ref);
}

int tkm_approval_decode(const u8 *der, size_t len,
			struct tkm_approval *approval)
{
	struct tkm_policy *policy = &approval->policy;
	int ret;

	memset(approval, 0, sizeof(*approval));
	if (len > TKM_APPROVAL_MAX)
		return -E2BIG;
	ret = tkm_auth_policy_decode(der, len, policy);
	if (ret)
		return ret;
	if (policy->el[0].cc != TPM_CC_POLICY_AUTHORIZE)
		return -EBADMSG;
	ret = tkm_authorize_decode(&policy->el[0], &approval->by);
	if (ret)
		return ret;
	if (!approval->by.sig)
		return -EBADMSG;
	policy->n--;
	memmove(policy->el, policy->el + 1, policy->n * sizeof(*policy->el));
	tkm_authorize_digest((struct tkm_piece){ approval->by.pub,
						 approval->by.pub_len },
			     approval->by.ref, approval->branch);
	return tkm_approved_digest(policy, approval->digest);
}

void tkm_approval_hash(const struct tkm_approval *approval, u8 hash[32])
{
	const struct tkm_piece pieces[] = {
		{ approval->digest, 32 }, { approval->by.ref, 32 },
	};

	tkm_sha256(pieces, ARRAY_SIZE(pieces), hash);
}

/* TPM2B_NAME object, TPM2B_NAME newParent, includeObject. */
static int get_select(struct tkm_permit *permit)
{
	struct tkm_reader r;
	u16 object_len, parent_len;
	u8 included;

	tkm_reader_init(&r, permit->select.body, permit->select.body_len);
	permit->object = tkm_get_tpm2b(&r, &object_len);
	permit->parent = tkm_get_tpm2b(&r, &parent_len);
	included = tkm_get_u8(&r);
	if (!tkm_reader_done(&r) || included > 1)
		return -EBADMSG;
	if (!included || object_len != TKM_NAME_SIZE ||
	    parent_len != TKM_NAME_SIZE)
		return -EOPNOTSUPP;
	return 0;
}

int tkm_permit_decode(const u8 *der, size_t len, struct tkm_permit *permit)
{
	struct tkm_policy policy;
	u8 ref[32];
	int ret;

	memset(permit, 0, sizeof(*permit));
	if (len > TKM_APPROVAL_MAX)
		return -E2BIG;
	ret = tkm_auth_policy_decode(der, len, &policy);
	if (ret)
		return ret;
	if (policy.el[0].cc != TPM_CC_POLICY_AUTHORIZE)
		return -EBADMSG;
	ret = tkm_authorize_decode(&policy.el[0], &permit->by);
	if (ret)
		return ret;
	if (!permit->by.sig)
		return -EBADMSG;
	tkm_duplicate_ref(ref);
	if (policy.n != 2 || memcmp(permit->by.ref, ref, sizeof(ref)) ||
	    policy.el[1].cc != TPM_CC_POLICY_DUPLICATION_SELECT)
		return -EINVAL;
	permit->select = policy.el[1];
	ret = get_select(permit);
	if (!ret)
		tkm_duplication_select_digest(permit->object, permit->parent,
					      permit->digest);
	return ret;
}

void tkm_permit_hash(const struct tkm_permit *permit, u8 hash[32])
{
	const struct tkm_piece pieces[] = {
		{ permit->digest, 32 }, { permit->by.ref, 32 },
	};

	tkm_sha256(pieces, ARRAY_SIZE(pieces), hash);
}

bool tkm_approval_fits(const struct tkm_approval *approval,
		       const struct tkm_policy *policy)
{
	struct tkm_authorize by;
	u8 branch[32];

	if (!policy->n || policy->el[0].cc != TPM_CC_POLICY_AUTHORIZE ||
	    tkm_authorize_decode(&policy->el[0], &by))
		return false;
	if (memcmp(by.ref, approval->by.ref, 32))
		return false;
	tkm_authorize_digest((struct tkm_piece){ by.pub, by.pub_len }, by.ref,
			     branch);
	if (!memcmp(branch, approval->branch, 32))
		return true;
	return policy->n > 1 && policy->el[1].cc == TPM_CC_POLICY_OR &&
	       tkm_policy_or_has(&policy->el[1], approval->branch);
}
