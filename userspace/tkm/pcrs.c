// SPDX-License-Identifier: GPL-2.0
/*
 * Which registers made the TPM refuse: a chain says which it is bound to and the
 * digest they must have, and sysfs says what they hold now.
 */
#include <glob.h>

#include "core.h"
#include "tkm.h"

static int read_register(u16 bank, unsigned int number, u8 *out, size_t size)
{
	char pattern[64], text[2 * TKM_HASH_MAX + 1] = "";
	glob_t found;
	FILE *f;
	int ret;

	snprintf(pattern, sizeof(pattern), "/sys/class/tpm/tpm*/pcr-%s/%u",
		 tkm_hash_name(bank), number);
	ret = glob(pattern, 0, NULL, &found);
	f = ret ? NULL : fopen(found.gl_pathv[0], "re");
	globfree(&found);
	if (!f)
		return -ENODEV;
	ret = fscanf(f, "%128[0-9A-Fa-f]", text) == 1 &&
	      strlen(text) == 2 * size ? tkm_hex_decode(text, 2 * size, out) :
					 -EBADMSG;
	fclose(f);
	return ret;
}

/* What the TPM compares: SHA-256 of the registers, one after the other. */
static int digest_now(const struct tkm_pcrs *pcrs, u8 digest[32])
{
	size_t size = tkm_hash_size(pcrs->bank);
	u8 values[24 * TKM_HASH_MAX];
	struct tkm_piece all = { values, 0 };
	unsigned int i;
	int ret;

	for (i = 0; i < 24; i++) {
		if (!(pcrs->mask & BIT(i)))
			continue;
		ret = read_register(pcrs->bank, i, values + all.len, size);
		if (ret)
			return ret;
		all.len += size;
	}
	tkm_sha256(&all, 1, digest);
	return 0;
}

static char *story(const struct tkm_pcrs *pcrs)
{
	bool one = !(pcrs->mask & (pcrs->mask - 1));
	char list[80], *text;

	tkm_pcrs_write(pcrs, list, sizeof(list));
	if (asprintf(&text, "the PCR policy is not satisfied: %s%s differ%s",
		     one ? "PCR " : "one or more of PCRs ",
		     strchr(list, ':') ? strchr(list, ':') + 1 : list,
		     one ? "s" : "") < 0)
		return NULL;
	return text;
}

char *pcr_difference(const uint8_t *der, size_t len)
{
	const struct tkm_policy *policy;
	struct tkm_policy_pcr pcr;
	struct tkm_chain chain;
	struct tkm_pcrs pcrs;
	unsigned int i;
	u8 now[32];

	if (!der || tkm_blob_decode(der, len, &chain))
		return NULL;
	policy = &chain.obj[chain.n - 1].policy;
	for (i = 0; i < policy->n; i++)
		if (policy->el[i].cc == TPM_CC_POLICY_PCR &&
		    !tkm_policy_pcr_decode(&policy->el[i], &pcr) &&
		    !tkm_pcrs_decode(pcr.selection, pcr.selection_len, &pcrs) &&
		    !digest_now(&pcrs, now) && memcmp(now, pcr.digest, 32))
			return story(&pcrs);
	return NULL;
}

int failed_with(int err, const uint8_t *der, size_t len)
{
	char *text = err == -EPERM ? pcr_difference(der, len) : NULL;
	int status;

	if (!text)
		return failed(err, NULL);
	status = failed_as(err, "boot what the key was bound to; then reseal it, "
			   "with pcrs=none, before the next change", "%s", text);
	free(text);
	return status;
}

int failed_with_key(int err, libtkm_serial key)
{
	uint8_t *der = NULL;
	size_t len = 0;
	int status;

	if (err == -EPERM)
		(void)libtkm_key_chain(key, &der, &len);
	status = failed_with(err, der, len);
	free(der);
	return status;
}
