/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/tkm.yaml */
/* YNL-GEN uapi header */
/* To regenerate run: tools/netlink */

#ifndef _UAPI_LINUX_TKM_NETLINK_H
#define _UAPI_LINUX_TKM_NETLINK_H

#define TKM_FAMILY_NAME		"tkm"
#define TKM_FAMILY_VERSION	1

/**
 * enum tkm_feature - What this module can do; what is not named is not there.
 * @TKM_FEATURE_RSA: RSA keys that work in the TPM
 * @TKM_FEATURE_EC: EC keys that work in the TPM
 * @TKM_FEATURE_CIPHER: data keys that encrypt in the kernel
 * @TKM_FEATURE_PUBLISH: keys for dm-crypt, fscrypt and eCryptfs
 * @TKM_FEATURE_HELPER: register, accept, done
 */
enum tkm_feature {
	TKM_FEATURE_RSA = 1,
	TKM_FEATURE_EC = 2,
	TKM_FEATURE_CIPHER = 4,
	TKM_FEATURE_PUBLISH = 8,
	TKM_FEATURE_HELPER = 16,
};

/**
 * enum tkm_errand_kind - What the helper is asked to do.
 * @TKM_ERRAND_STORE: keep the chain of a new key; once that is done,
 *   add_key(2) returns. EEXIST when the domain has a key of that description
 * @TKM_ERRAND_REPLACE: keep the chain of a resealed key, in the place of what
 *   was there
 * @TKM_ERRAND_DROP: the key that was just stored under this description was
 *   never made after all. Nobody waits for that: accepting it ends it
 * @TKM_ERRAND_FIND: give the chain of a key, for request_key(2). ENOKEY when
 *   the domain has none of that description
 * @TKM_ERRAND_BRANCH: give the storage keys for a new key of this description,
 *   which would else be made anew: a sequence of one to three objects as a
 *   chain begins with them, the TKMRK, the domain's TDK, the application's
 *   ASK, as far down as they are kept. Of more than one such line the newest.
 *   ENOKEY when there is none
 */
enum tkm_errand_kind {
	TKM_ERRAND_STORE = 1,
	TKM_ERRAND_REPLACE,
	TKM_ERRAND_DROP,
	TKM_ERRAND_FIND,
	TKM_ERRAND_BRANCH,
};

/*
 * Which side of the border of the initial user namespace a domain is on.
 */
enum tkm_domain_side {
	TKM_DOMAIN_SIDE_INIT,
	TKM_DOMAIN_SIDE_OTHER,
};

#define TKM_DEADLINE_MAX	600000
#define TKM_DESCRIPTION_MAX	255
#define TKM_CHAIN_MAX		8192

enum {
	TKM_A_SUPPORTS_NONE = 1,
	TKM_A_SUPPORTS_VERSION,
	TKM_A_SUPPORTS_FEATURES,

	__TKM_A_SUPPORTS_MAX,
	TKM_A_SUPPORTS_MAX = (__TKM_A_SUPPORTS_MAX - 1)
};

enum {
	TKM_A_STATUS_NONE = 1,
	TKM_A_STATUS_KEYS,
	TKM_A_STATUS_HELPER,

	__TKM_A_STATUS_MAX,
	TKM_A_STATUS_MAX = (__TKM_A_STATUS_MAX - 1)
};

enum {
	TKM_A_ERRAND_NONE = 1,
	TKM_A_ERRAND_ID,
	TKM_A_ERRAND_PAD,
	TKM_A_ERRAND_KIND,
	TKM_A_ERRAND_OWNER,
	TKM_A_ERRAND_SIDE,
	TKM_A_ERRAND_DESCRIPTION,
	TKM_A_ERRAND_CHAIN,
	TKM_A_ERRAND_DEADLINE,
	TKM_A_ERRAND_STATUS,

	__TKM_A_ERRAND_MAX,
	TKM_A_ERRAND_MAX = (__TKM_A_ERRAND_MAX - 1)
};

enum {
	TKM_CMD_SUPPORTS = 1,
	TKM_CMD_STATUS,
	TKM_CMD_REGISTER,
	TKM_CMD_READY,
	TKM_CMD_ACCEPT,
	TKM_CMD_DONE,

	__TKM_CMD_MAX,
	TKM_CMD_MAX = (__TKM_CMD_MAX - 1)
};

#endif /* _UAPI_LINUX_TKM_NETLINK_H */
