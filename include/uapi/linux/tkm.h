/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Words and limits of the key type that tkm registers, for programs that call
 * add_key(2) and keyctl(2). What they mean is in Documentation/key-type.rst.
 *
 * The limits have the names and values that kernel/core.h gives them: a file
 * that includes both does not build without a warning when they differ.
 */
#ifndef _UAPI_LINUX_TKM_H
#define _UAPI_LINUX_TKM_H

#define TKM_KEY_TYPE		"tkm"

/* "<application>:<label>", or "<label>" alone, in TKM_APP_DEFAULT. In bytes. */
#define TKM_APP_DEFAULT		"default"
#define TKM_APP_MAX	63
#define TKM_LABEL_MAX	191
#define TKM_DESC_MAX	(TKM_APP_MAX + 1 + TKM_LABEL_MAX)

/* The first word of a payload. */
#define TKM_VERB_NEW		"new"
#define TKM_VERB_LOAD		"load"
#define TKM_VERB_RESEAL		"reseal"
#define TKM_VERB_PUBLISH	"publish"
#define TKM_VERB_UNPUBLISH	"unpublish"
#define TKM_VERB_STATE		"state"

/* The second word of "new", which may be left out. */
#define TKM_WORD_DATA		"data"
#define TKM_WORD_RSA		"rsa"
#define TKM_WORD_EC		"ec"

/* Options, "name=value". */
#define TKM_OPT_LEN		"len"
#define TKM_OPT_BITS		"bits"
#define TKM_OPT_CURVE		"curve"
#define TKM_OPT_USE		"use"
#define TKM_OPT_CLASS		"class"
#define TKM_OPT_APPROVER	"approver"
#define TKM_OPT_AUTHORITY	"authority"
#define TKM_OPT_PCRS		"pcrs"
#define TKM_OPT_POLICY		"policy"
#define TKM_OPT_AUTH		"auth"
#define TKM_OPT_NOT_BEFORE	"not-before"
#define TKM_OPT_PROTECT_UNTIL	"protect-until"
#define TKM_OPT_NOT_AFTER	"not-after"
#define TKM_OPT_STATE		"state"
#define TKM_OPT_PARENT		"parent"
#define TKM_OPT_KEYRING		"keyring"
#define TKM_OPT_DERIVE		"derive"
#define TKM_OPT_FORMAT		"format"
#define TKM_OPT_REVEAL		"reveal"

/* Words that are an option's value. */
#define TKM_WORD_PUBLISH	"publish"	/* use= */
#define TKM_WORD_CRYPT		"crypt"
#define TKM_WORD_SIGN		"sign"
#define TKM_WORD_DECRYPT	"decrypt"
#define TKM_WORD_P256		"p256"		/* curve= */
#define TKM_WORD_P384		"p384"
#define TKM_WORD_ECRYPTFS	"ecryptfs"	/* format= */
#define TKM_WORD_REVEAL		"every-possessor-can-read-it"	/* reveal= */
#define TKM_WORD_FIXED		"fixed"		/* class= */
#define TKM_WORD_PORTABLE	"portable"
#define TKM_WORD_CERTIFIED	"certified"
#define TKM_WORD_SRK		"srk"		/* parent= */
#define TKM_WORD_NONE		"none"		/* reseal: pcrs=, policy=, auth= */

/* Behind the verb "state"; the first two are the values of state=, too. */
#define TKM_WORD_PRE_ACTIVE	"pre-active"
#define TKM_WORD_ACTIVE		"active"
#define TKM_WORD_SUSPENDED	"suspended"
#define TKM_WORD_DEACTIVATED	"deactivated"
#define TKM_WORD_COMPROMISED	"compromised"
#define TKM_WORD_DESTROYED	"destroyed"

/* Bytes of random data in a key: len=. */
#define TKM_DATA_MIN	16
#define TKM_DATA_MAX	128
#define TKM_DATA_DEFAULT 32

/*
 * "enc=" of keyctl_pkey_*(3), beside the kernel's own raw, pkcs1, oaep, pss and
 * x962. TKM_ENC_AAD follows "gcm", with hex digits behind it.
 */
#define TKM_ENC_NAME_ECDH	"ecdh"
#define TKM_ENC_NAME_GCM	"gcm"
#define TKM_ENC_NAME_SPKI	"spki"
#define TKM_ENC_AAD		";aad="

/* A message of the cipher: version, nonce and tag are this much of it. */
#define TKM_CRYPT_VERSION	1
#define TKM_CRYPT_OVERHEAD	41
#define TKM_CRYPT_MAX		65494

/* Bytes of the authorisation value in the key that auth= names. */
#define TKM_AUTH_MAX	32

/* Bytes of a published key's description, without its type. */
#define TKM_PUBLISH_DESC_MAX 255

/* Bytes of a chain in DER (keyctl read gives two hex digits for each). */
#define TKM_CHAIN_MAX		8192

/* Bytes of a payload, whatever is in it. */
#define TKM_PAYLOAD_MAX	32768

/* Handle of the storage root key in the TPM. */
#define TKM_SRK_HANDLE	0x81000001

#endif /* _UAPI_LINUX_TKM_H */
