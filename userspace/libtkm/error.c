// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What an errno means with tkm, in words: Documentation/errors.rst for people
 * who are in the middle of something. Rows that name a verb come first.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libtkm.h>

static const struct row {
	int err;
	const char *verb;	/* NULL: any */
	const char *text;
	const char *remedy;	/* may be NULL */
} rows[] = {
	{ ENOKEY, "domain",
	  "your domain has no password, or the storage root key is another one",
	  "tkm domain list tells; tkm domain new gives it one" },
	{ EKEYREJECTED, "domain", "the password is wrong",
	  "three wrong ones in a row are free, then each next one has to wait, a second, two, four; half of what the TPM allows is yours" },
	{ EAGAIN, "domain",
	  "too soon after wrong passwords: nothing was tried, and nothing counted",
	  "wait, or have --wait do it: a second after the third wrong one, then twice as long each time, an hour at most" },
	{ EBUSY, "domain",
	  "the TPM has seen too many wrong passwords, of all users: nothing was tried, and nothing counted",
	  "tkm status says when it forgets one; tpm2_dictionarylockout -c has it forget all at once" },
	{ EEXIST, "domain", "your domain has a password",
	  "tkm domain passwd gives it another" },
	{ EINVAL, "sign",
	  "the key does not sign with this encoding and hash",
	  "tkm show KEY says what kind it is; see Signing in tkm-keys(7)" },
	{ EINVAL, "verify",
	  "the key does not sign with this encoding and hash",
	  "tkm show KEY says what kind it is; see Signing in tkm-keys(7)" },
	{ EINVAL, "encrypt",
	  "the key does not encrypt with this encoding, or not so much",
	  "tkm show KEY says what kind it is; see Encrypting in tkm-keys(7)" },
	{ EINVAL, "decrypt",
	  "the key does not decrypt with this encoding, or not this",
	  "tkm show KEY says what kind it is; see Decrypting in tkm-keys(7)" },
	{ EINVAL, NULL,
	  "the kernel does not take these words",
	  "see tkm-keys(7) for what may be said" },
	{ E2BIG, NULL,
	  "too large: a chain has at most 8192 bytes, an authorisation value 32",
	  NULL },
	{ EMSGSIZE, "publish",
	  "the consumer takes no key of this size",
	  "dmesg | grep tkm: says which sizes it takes; derive=LABEL len=N makes one" },
	{ EMSGSIZE, NULL, "a message is too long", NULL },
	{ EBADMSG, "decrypt",
	  "the message is damaged, or was encrypted for another key or with other associated data",
	  NULL },
	{ EBADMSG, NULL,
	  "what was given is damaged, or an answer of the TPM was altered",
	  "take another copy; dmesg | grep tkm: tells if it was the TPM" },
	{ ENOMSG, NULL,
	  "there is no chain in it: neither PEM, DER nor hex",
	  NULL },
	{ ENOKEY, "load",
	  "the chain belongs to another TPM, or this one was cleared",
	  "dmesg | grep tkm: says which; a key lives only in the TPM it was made in" },
	{ ENOKEY, "import",
	  "the chain belongs to another TPM, or this one was cleared",
	  "dmesg | grep tkm: says which; a key lives only in the TPM it was made in" },
	{ ENOKEY, "new",
	  "the storage root key is not the expected one; or a policy, a key or who approves of moving is not there",
	  "dmesg | grep tkm: tells of the first; the first key of a class needs authority= or approver=, see tkm-keys(7)" },
	{ ENOKEY, NULL,
	  "there is no such key",
	  "tkm list shows those that you can see; tkm load or tkm import brings one back" },
	{ ENOENT, "unpublish",
	  "nothing of that name was published from this key", NULL },
	{ ENOENT, NULL, "there is no such file", NULL },
	{ EKEYREJECTED, "verify", "the signature is not this key's", NULL },
	{ EKEYREJECTED, "load",
	  "the authorisation value is wrong, missing or not wanted, or the chain was made under another description",
	  "give the value with --ask-auth; the TPM counts wrong ones" },
	{ EKEYREJECTED, NULL,
	  "the authorisation value is wrong, missing or not wanted",
	  "give the value with --ask-auth; the TPM counts wrong ones" },
	{ EPERM, "publish",
	  "the key is not for this, or not yours, or its not-before has not come",
	  "tkm show KEY says; to publish as user needs --reveal" },
	{ EPERM, NULL,
	  "the policy is not satisfied (a PCR has another value), or the key is not yours or not for this",
	  "tkm show KEY says what it is bound to; bring the registers back, or reseal it where it still opens" },
	{ EACCES, NULL,
	  "permission denied",
	  "the keyring or the file says no: a key that was put into @u needs that to be linked (keyctl link @u @s)" },
	{ EKEYEXPIRED, NULL,
	  "the key has expired",
	  NULL },
	{ EKEYREVOKED, NULL,
	  "the key, or the one with its authorisation value, is revoked",
	  "load it again: tkm load FILE" },
	{ EEXIST, "export",
	  "the file exists", "another name, or --force to overwrite it" },
	{ EEXIST, NULL,
	  "there is another key of this description, and tkm never overwrites one",
	  "take another description, or keyctl unlink the old key first" },
	{ EALREADY, NULL, "it was done before, and is done once", NULL },
	{ EBUSY, NULL,
	  "the TPM is locked after too many wrong values, and opens by itself in a while",
	  "tkm status says when; tpm2_dictionarylockout -c opens it at once" },
	{ EAGAIN, NULL, "the TPM asks to try later", "try again" },
	{ ENOMEM, NULL, "no memory, or no slot left in the TPM",
	  "try again; tpm2_getcap handles-transient shows what others left there" },
	{ EDQUOT, NULL,
	  "the quota of keys is used up",
	  "unlink keys, or raise kernel.keys.maxkeys and kernel.keys.maxbytes (sysctl)" },
	{ ENOSPC, NULL, "no space left", "make room on the disk" },
	{ EROFS, NULL, "it cannot be written: read-only", NULL },
	{ ENOTCONN, NULL, "the helper went away meanwhile, or there is none and one is needed",
	  "systemctl restart tkmd" },
	{ ECONNREFUSED, NULL, "the helper does not answer",
	  "systemctl start tkmd" },
	{ EOPNOTSUPP, NULL,
	  "this TPM, or this version of tkm, does not do it",
	  "tkm status says what there is" },
	{ ENOTDIR, NULL, "that is no keyring", NULL },
	{ ENODEV, NULL,
	  "the module is not loaded, or there is no TPM, or it was reset",
	  "modprobe tkm; tkm doctor says what is missing" },
	{ ENXIO, NULL, "there is no terminal to ask on",
	  "give the value with --auth-file, --auth-fd or --auth-stdin" },
	{ ETIMEDOUT, NULL, "the TPM, or the helper, did not answer in time",
	  "try again; tkm status shows both" },
	{ EIO, NULL,
	  "the TPM or the helper failed, or a file could not be read or written",
	  "dmesg | grep tkm: and journalctl -u tkmd say more" },
	{ EINTR, NULL, "interrupted; nothing was done", NULL },
	{ ENOSYS, NULL, "the kernel has no keyrings, or no operations on keys",
	  NULL },
};

static const struct row *row_of(int err, const char *verb)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].err == abs(err) &&
		    (!rows[i].verb || (verb && !strcmp(rows[i].verb, verb))))
			return &rows[i];
	return NULL;
}

const char *libtkm_error_text(int err, const char *verb)
{
	const struct row *row = row_of(err, verb);
	const char *text = row ? row->text : strerrordesc_np(abs(err));

	return text ? text : "unknown error";
}

const char *libtkm_error_remedy(int err, const char *verb)
{
	const struct row *row = row_of(err, verb);

	return row ? row->remedy : NULL;
}

const char *libtkm_errno_name(int err)
{
	const char *name = strerrorname_np(abs(err));

	return name ? name : "EUNKNOWN";
}

const char *libtkm_version(void)
{
	return TKM_VERSION;
}
