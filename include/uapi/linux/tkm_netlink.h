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
 * @TKM_FEATURE_STATES: keys have states; key-show, key-set-state
 * @TKM_FEATURE_AUDIT: errands of kind audit
 * @TKM_FEATURE_POLICY: named policies, and approvals for them
 * @TKM_FEATURE_DOMAINS: domain-list, domain-lock
 */
enum tkm_feature {
	TKM_FEATURE_RSA = 1,
	TKM_FEATURE_EC = 2,
	TKM_FEATURE_CIPHER = 4,
	TKM_FEATURE_PUBLISH = 8,
	TKM_FEATURE_HELPER = 16,
	TKM_FEATURE_STATES = 32,
	TKM_FEATURE_AUDIT = 64,
	TKM_FEATURE_POLICY = 128,
	TKM_FEATURE_DOMAINS = 256,
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
 *   ASK, as far down as they are kept, TDK and ASK of the new key's class. Of
 *   more than one such line the one whose TDK has a password (its emptyAuth is
 *   absent) or a policy, whatever the class, for then the new key has to be
 *   fixed; else the newest. ENOKEY when there is none, EOPNOTSUPP when none
 *   are kept. The application "@" is none's: it asks for TKMRK and TDK
 * @TKM_ERRAND_SET_STATE: keep the new state of the key whose chain this is;
 *   once that is done, the loaded key changes. ENOKEY when the domain has no
 *   such key, and EOPNOTSUPP when no states are kept: then only loaded ones
 *   change. EPERM when the state that is kept does not allow it (it being the
 *   same already is no error). What was destroyed keeps no chain
 * @TKM_ERRAND_STATE: say in which state the key is whose chain this is, for
 *   one that is being loaded. The answer is a status of 0 and a state. ENOKEY
 *   when the domain has no such key, EOPNOTSUPP when no states are kept: then
 *   its dates alone decide
 * @TKM_ERRAND_AUDIT: write down what is in the attribute audit, see
 *   Documentation/audit.rst. Nobody waits; it is in line until it is done with
 *   status 0, and again for the next helper when this one ends before
 * @TKM_ERRAND_DOMAIN: keep the storage keys of a domain that has a password or
 *   a policy: a sequence of two objects, TKMRK and TDK, and the description,
 *   "@:" and what its owner says of it. A TDK with the same public part takes
 *   the place of the one that was kept: the password was changed. EOPNOTSUPP
 *   when none are kept
 */
enum tkm_errand_kind {
	TKM_ERRAND_STORE = 1,
	TKM_ERRAND_REPLACE,
	TKM_ERRAND_DROP,
	TKM_ERRAND_FIND,
	TKM_ERRAND_BRANCH,
	TKM_ERRAND_SET_STATE,
	TKM_ERRAND_STATE,
	TKM_ERRAND_AUDIT,
	TKM_ERRAND_DOMAIN,
};

/*
 * Which side of the border of the initial user namespace a domain is on.
 */
enum tkm_domain_side {
	TKM_DOMAIN_SIDE_INIT,
	TKM_DOMAIN_SIDE_OTHER,
};

enum tkm_key_kind {
	TKM_KEY_KIND_DATA = 1,
	TKM_KEY_KIND_RSA,
	TKM_KEY_KIND_EC,
};

enum tkm_key_class {
	TKM_KEY_CLASS_FIXED,
	TKM_KEY_CLASS_PORTABLE,
	TKM_KEY_CLASS_CERTIFIED,
};

enum tkm_key_use {
	TKM_KEY_USE_PUBLISH = 1,
	TKM_KEY_USE_CRYPT = 2,
	TKM_KEY_USE_SIGN = 4,
	TKM_KEY_USE_DECRYPT = 8,
};

/**
 * enum tkm_key_state - As NIST SP 800-57 part 1 and KMIP have them.
 * @TKM_KEY_STATE_PRE_ACTIVE: for nothing yet
 * @TKM_KEY_STATE_ACTIVE: for everything
 * @TKM_KEY_STATE_SUSPENDED: verify and decrypt, until it is active again
 * @TKM_KEY_STATE_DEACTIVATED: verify and decrypt
 * @TKM_KEY_STATE_COMPROMISED: verify and decrypt, with care
 * @TKM_KEY_STATE_DESTROYED: for nothing any more
 */
enum tkm_key_state {
	TKM_KEY_STATE_PRE_ACTIVE = 1,
	TKM_KEY_STATE_ACTIVE,
	TKM_KEY_STATE_SUSPENDED,
	TKM_KEY_STATE_DEACTIVATED,
	TKM_KEY_STATE_COMPROMISED,
	TKM_KEY_STATE_DESTROYED,
};

/**
 * enum tkm_audit_event - What was done or refused.
 * @TKM_AUDIT_EVENT_CREATE: a new key
 * @TKM_AUDIT_EVENT_LOAD: a key from its chain
 * @TKM_AUDIT_EVENT_EXPORT: a chain was read
 * @TKM_AUDIT_EVENT_STATE: a key was set to another state
 * @TKM_AUDIT_EVENT_REVOKE: a key was revoked with the keyring's own call
 * @TKM_AUDIT_EVENT_POLICY_SET: a named policy was defined, or replaced
 * @TKM_AUDIT_EVENT_POLICY_APPROVE: its approvals became others
 * @TKM_AUDIT_EVENT_POLICY_REMOVE: it was forgotten
 * @TKM_AUDIT_EVENT_DOMAIN_NEW: a domain was put under a password or a policy
 * @TKM_AUDIT_EVENT_UNLOCK: a domain was unlocked, with its password
 * @TKM_AUDIT_EVENT_LOCK: and locked before its time was over
 * @TKM_AUDIT_EVENT_PASSWD: its password was changed
 * @TKM_AUDIT_EVENT_DUPLICATE: an object was made ready for another TPM
 * @TKM_AUDIT_EVENT_IMPORT: an object came from another TPM
 * @TKM_AUDIT_EVENT_CERTIFY: the TPM said what a key is
 */
enum tkm_audit_event {
	TKM_AUDIT_EVENT_CREATE = 1,
	TKM_AUDIT_EVENT_LOAD,
	TKM_AUDIT_EVENT_EXPORT,
	TKM_AUDIT_EVENT_SIGN,
	TKM_AUDIT_EVENT_VERIFY,
	TKM_AUDIT_EVENT_ENCRYPT,
	TKM_AUDIT_EVENT_DECRYPT,
	TKM_AUDIT_EVENT_PUBLISH,
	TKM_AUDIT_EVENT_UNPUBLISH,
	TKM_AUDIT_EVENT_RESEAL,
	TKM_AUDIT_EVENT_STATE,
	TKM_AUDIT_EVENT_REVOKE,
	TKM_AUDIT_EVENT_POLICY_SET,
	TKM_AUDIT_EVENT_POLICY_APPROVE,
	TKM_AUDIT_EVENT_POLICY_REMOVE,
	TKM_AUDIT_EVENT_DOMAIN_NEW,
	TKM_AUDIT_EVENT_UNLOCK,
	TKM_AUDIT_EVENT_LOCK,
	TKM_AUDIT_EVENT_PASSWD,
	TKM_AUDIT_EVENT_DUPLICATE,
	TKM_AUDIT_EVENT_IMPORT,
	TKM_AUDIT_EVENT_CERTIFY,
};

#define TKM_PROGRAM_MAX		255
#define TKM_DEADLINE_MAX	600000
#define TKM_DESCRIPTION_MAX	255
#define TKM_CHAIN_MAX		8192
#define TKM_POLICY_NAME_MAX	32
#define TKM_POLICY_PUBLIC_MAX	512
#define TKM_APPROVAL_MAX	2048
#define TKM_APPROVALS_MAX	16
#define TKM_POLICIES_MAX	64

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
	TKM_A_STATUS_WRONG,
	TKM_A_STATUS_TRIES,
	TKM_A_STATUS_WAIT,

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
	TKM_A_ERRAND_STATE,
	TKM_A_ERRAND_AUDIT,
	TKM_A_ERRAND_CLASS,

	__TKM_A_ERRAND_MAX,
	TKM_A_ERRAND_MAX = (__TKM_A_ERRAND_MAX - 1)
};

enum {
	TKM_A_AUDIT_EVENT = 1,
	TKM_A_AUDIT_PAD,
	TKM_A_AUDIT_FIRST,
	TKM_A_AUDIT_LAST,
	TKM_A_AUDIT_COUNT,
	TKM_A_AUDIT_RESULT,
	TKM_A_AUDIT_UID,
	TKM_A_AUDIT_USER_NS,
	TKM_A_AUDIT_PID,
	TKM_A_AUDIT_PROGRAM,
	TKM_A_AUDIT_STATE,
	TKM_A_AUDIT_LOST,

	__TKM_A_AUDIT_MAX,
	TKM_A_AUDIT_MAX = (__TKM_A_AUDIT_MAX - 1)
};

enum {
	TKM_A_KEY_ALL = 1,
	TKM_A_KEY_SERIAL,
	TKM_A_KEY_DESCRIPTION,
	TKM_A_KEY_OWNER,
	TKM_A_KEY_SIDE,
	TKM_A_KEY_KIND,
	TKM_A_KEY_CLASS,
	TKM_A_KEY_USES,
	TKM_A_KEY_STATE,
	TKM_A_KEY_EXPIRED,
	TKM_A_KEY_PAD,
	TKM_A_KEY_CREATED,
	TKM_A_KEY_NOT_BEFORE,
	TKM_A_KEY_PROTECT_UNTIL,
	TKM_A_KEY_NOT_AFTER,
	TKM_A_KEY_POLICY,
	TKM_A_KEY_FLAT,
	TKM_A_KEY_HAS_AUTH,
	TKM_A_KEY_OPERATIONS,
	TKM_A_KEY_MESSAGES,

	__TKM_A_KEY_MAX,
	TKM_A_KEY_MAX = (__TKM_A_KEY_MAX - 1)
};

enum {
	TKM_A_DOMAIN_ALL = 1,
	TKM_A_DOMAIN_OWNER,
	TKM_A_DOMAIN_SIDE,
	TKM_A_DOMAIN_OPENERS,
	TKM_A_DOMAIN_LEFT,

	__TKM_A_DOMAIN_MAX,
	TKM_A_DOMAIN_MAX = (__TKM_A_DOMAIN_MAX - 1)
};

enum {
	TKM_A_POLICY_NONE = 1,
	TKM_A_POLICY_NAME,
	TKM_A_POLICY_BANK,
	TKM_A_POLICY_MASK,
	TKM_A_POLICY_AUTHORITY,
	TKM_A_POLICY_RECOVERY,
	TKM_A_POLICY_APPROVAL,
	TKM_A_POLICY_REJECTED,

	__TKM_A_POLICY_MAX,
	TKM_A_POLICY_MAX = (__TKM_A_POLICY_MAX - 1)
};

enum {
	TKM_CMD_SUPPORTS = 1,
	TKM_CMD_STATUS,
	TKM_CMD_REGISTER,
	TKM_CMD_READY,
	TKM_CMD_ACCEPT,
	TKM_CMD_DONE,
	TKM_CMD_KEY_SHOW,
	TKM_CMD_KEY_SET_STATE,
	TKM_CMD_DOMAIN_LIST,
	TKM_CMD_DOMAIN_LOCK,
	TKM_CMD_POLICY_SET,
	TKM_CMD_POLICY_APPROVE,
	TKM_CMD_POLICY_REMOVE,
	TKM_CMD_POLICY_LIST,
	TKM_CMD_EVENT,

	__TKM_CMD_MAX,
	TKM_CMD_MAX = (__TKM_CMD_MAX - 1)
};

#define TKM_MCGRP_EVENTS	"events"

#endif /* _UAPI_LINUX_TKM_NETLINK_H */
