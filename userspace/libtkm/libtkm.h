/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libtkm: keys under a TPM from C. It speaks with the kernel's keyring
 * (add_key(2), keyctl(2)) and with the module over netlink, and knows the
 * formats of chains.
 *
 * Every function that can fail returns 0 (or what it says) or a negative
 * errno, and says nothing anywhere. What an errno means with tkm is in
 * Documentation/errors.rst; libtkm_error_text() says it in a sentence. Memory
 * that is given out is the caller's, to be freed with free(), unless said
 * otherwise. No function uses memory that two threads share, so several may
 * work at once, each with its own struct libtkm_nl.
 */
#ifndef LIBTKM_H
#define LIBTKM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As `tkm --version` says it. */
const char *libtkm_version(void);

/* ---- error.c ------------------------------------------------------------ */

/* "EPERM", of an errno with or without its sign; "EUNKNOWN" if it is none. */
const char *libtkm_errno_name(int err);

/**
 * libtkm_error_text() - what an errno says, in a sentence without a full stop
 * @err: an errno, with or without its sign
 * @verb: what was asked for, as `tkm` calls it ("new", "load", "sign" ...), or
 *	NULL
 */
const char *libtkm_error_text(int err, const char *verb);

/* What to do about it, in a sentence, or NULL when there is nothing to say. */
const char *libtkm_error_remedy(int err, const char *verb);

/* ---- secret.c: memory for what nobody else may see ---------------------- */

/*
 * Locked in memory where the user's limit allows that, left out of core dumps,
 * zeroed at first, and wiped when it is freed or moved. NULL: no memory.
 */
void *libtkm_secret_alloc(size_t size);
/* Bytes that were asked for. */
size_t libtkm_secret_size(const void *secret);
/* Another size; the old place is wiped. NULL: no memory, and the old one stays. */
void *libtkm_secret_resize(void *secret, size_t size);
void libtkm_secret_free(void *secret);

/* No core dump of this process, and no ptrace but root's. 0 or an errno. */
int libtkm_secret_no_dumps(void);

/*
 * All that can be read, at most @max bytes (-E2BIG), into secret memory that
 * libtkm_secret_free() takes. One newline at its end is not part of it.
 * Return: the length, or a negative errno.
 */
ssize_t libtkm_secret_read_fd(int fd, size_t max, void **secret);
ssize_t libtkm_secret_read_file(const char *path, size_t max, void **secret);
/* From the terminal of this process, without showing it; -ENXIO without one. */
ssize_t libtkm_secret_ask(const char *prompt, size_t max, void **secret);

/* ---- key.c: keys in the keyring ------------------------------------------ */

typedef int32_t libtkm_serial;

/* One line of /proc/keys, of a key of type tkm. */
struct libtkm_key {
	libtkm_serial serial;
	uid_t uid;
	char description[256];
	char app[64];
	char label[192];
	char kind[8];		/* "data", "rsa", "ec"; "" of a revoked key */
	char key_class[16];	/* "fixed", ... */
	char state[24];		/* "active", ..., "revoked" */
	char policy[96];	/* "none", "sha256:7+auth", ... */
	bool flat;
};

/**
 * libtkm_key_add() - add_key(2) for type tkm
 * @description: "application:label"
 * @payload: as Documentation/key-type.rst has it
 * @keyring: KEY_SPEC_* or a serial number
 * @key: the new key
 */
int libtkm_key_add(const char *description, const void *payload, size_t len,
		   libtkm_serial keyring, libtkm_serial *key);

/* "new" and these options, which may be NULL. */
int libtkm_key_new(const char *description, const char *options,
		   libtkm_serial keyring, libtkm_serial *key);

/* A chain in DER; @auth is the key with the authorisation value, 0 for none. */
int libtkm_key_load(const char *description, const void *der, size_t len,
		    libtkm_serial auth, libtkm_serial keyring,
		    libtkm_serial *key);

/* keyctl_update(3): "reseal ...", "publish ...", "unpublish ...". */
int libtkm_key_update(libtkm_serial key, const char *text);

/* The chain, DER. */
int libtkm_key_chain(libtkm_serial key, uint8_t **der, size_t *len);

/*
 * A key that is there: by its serial number, or by its description (with or
 * without "%tkm:" in front), in the caller's keyrings first, then anywhere the
 * caller can see it. -ENOKEY.
 */
int libtkm_key_find(const char *name, libtkm_serial *key);

/* The same by description; else the helper is asked, and it is put into @keyring. */
int libtkm_key_request(const char *description, libtkm_serial keyring,
		       libtkm_serial *key);

/* A key as /proc/keys has it; -ENOKEY when there is none, or it cannot be seen. */
int libtkm_key_show(libtkm_serial serial, struct libtkm_key *key);

/* Every key that can be seen, until @each returns other than 0, which is returned. */
int libtkm_key_list(int (*each)(const struct libtkm_key *key, void *data),
		    void *data);

/* keyctl_unlink(3), keyctl_revoke(3). */
int libtkm_key_unlink(libtkm_serial key, libtkm_serial keyring);
int libtkm_key_revoke(libtkm_serial key);

/**
 * libtkm_key_auth() - a key of type logon that holds an authorisation value
 * @value: 1 to 32 bytes
 * @keyring: where it is put; KEY_SPEC_PROCESS_KEYRING is gone with the process
 * @key: its serial number, for auth=; revoke it when it was used
 */
int libtkm_key_auth(const void *value, size_t len, libtkm_serial keyring,
		    libtkm_serial *key);

/* What can be done with a key, and how large it gets: keyctl_pkey_query(3). */
struct libtkm_pkey {
	bool can_encrypt, can_decrypt, can_sign, can_verify;
	unsigned int bits;
	unsigned int max_data, max_signature, max_encrypted, max_decrypted;
};

/* @info: "enc=x962 hash=sha256" and the like. */
int libtkm_pkey_query(libtkm_serial key, const char *info,
		      struct libtkm_pkey *pkey);
/* The result is *out, *out_len; what was decrypted is secret memory. */
int libtkm_pkey_sign(libtkm_serial key, const char *info, const void *digest,
		     size_t len, uint8_t **out, size_t *out_len);
int libtkm_pkey_encrypt(libtkm_serial key, const char *info, const void *data,
			size_t len, uint8_t **out, size_t *out_len);
int libtkm_pkey_decrypt(libtkm_serial key, const char *info, const void *data,
			size_t len, uint8_t **out, size_t *out_len);
/* 0 when it holds, -EKEYREJECTED when it does not. */
int libtkm_pkey_verify(libtkm_serial key, const char *info, const void *digest,
		       size_t len, const void *signature, size_t signature_len);

/* ---- chain.c: what a chain says about itself ----------------------------- */

struct libtkm_chain {
	unsigned int objects;
	bool flat;
	/* Of a chain with a record: */
	char description[256];
	char kind[8];
	char key_class[16];
	uid_t owner;
	bool other_side;	/* not of the initial user namespace */
	unsigned int uses;	/* LIBTKM_USE_* */
	int64_t created, not_before, not_after;	/* seconds; 0 for none */
	/* Of any: */
	bool has_policy;
	bool has_auth;		/* of some flat keys it cannot be told */
};

#define LIBTKM_USE_PUBLISH	1U
#define LIBTKM_USE_CRYPT	2U
#define LIBTKM_USE_SIGN		4U
#define LIBTKM_USE_DECRYPT	8U

/*
 * What the record says, which nobody has checked against the Names: the module
 * does that when it loads the chain. -EBADMSG, -E2BIG, -EOPNOTSUPP.
 */
int libtkm_chain_look(const void *der, size_t len, struct libtkm_chain *chain);

/* ---- pem.c: chains as people keep them ----------------------------------- */

/*
 * One block "TSS2 PRIVATE KEY" an object, as chains of certificates are kept.
 * *pem is text with a zero at its end. -EBADMSG.
 */
int libtkm_pem_write(const void *der, size_t len, char **pem);

/*
 * One block is a flat key, four are a chain; text before, between and after
 * them is let be. -ENOMSG when there is no block, -EBADMSG, -E2BIG.
 */
int libtkm_pem_read(const char *pem, size_t len, uint8_t **der,
		    size_t *der_len);

/* A chain in any form: PEM, DER, or hex as `keyctl pipe` writes it. */
int libtkm_chain_read(const void *data, size_t len, uint8_t **der,
		      size_t *der_len);

/* ---- nl.c: the module, over netlink -------------------------------------- */

struct libtkm_nl;

/* -ENODEV when the module is not loaded. */
int libtkm_nl_open(struct libtkm_nl **nl);
void libtkm_nl_close(struct libtkm_nl *nl);
/* For poll(2): readable when the module has something to say. */
int libtkm_nl_fd(const struct libtkm_nl *nl);
/* What the kernel said about the last refusal, "" when it said nothing. */
const char *libtkm_nl_text(const struct libtkm_nl *nl);

struct libtkm_nl_attr {
	uint16_t type;		/* TKM_A_* of linux/tkm_netlink.h */
	const void *data;
	size_t len;
};

/**
 * libtkm_nl_request() - one verb
 * @command: TKM_CMD_*
 * @attrs: what is asked, @n of them
 * @dump: all of a list
 * @answer: gets each answer's attributes, in the order they came, which are
 *	gone when it returns; other than 0 is returned, and the rest is let go.
 *	May be NULL
 *
 * What comes in between without having been asked for (READY) is thrown away:
 * a helper asks with TKM_CMD_ACCEPT until -EAGAIN before it polls again.
 */
int libtkm_nl_request(struct libtkm_nl *nl, uint8_t command,
		      const struct libtkm_nl_attr *attrs, size_t n, bool dump,
		      int (*answer)(const struct libtkm_nl_attr *attrs,
				    size_t n, void *data),
		      void *data);

/* What was not asked for, off the socket; whether there was any. */
bool libtkm_nl_drain(struct libtkm_nl *nl);

/* For answers: the first attribute of a type or NULL; numbers and text in it. */
const struct libtkm_nl_attr *
libtkm_nl_find(const struct libtkm_nl_attr *attrs, size_t n, uint16_t type);
uint32_t libtkm_nl_u32(const struct libtkm_nl_attr *attr);
uint64_t libtkm_nl_u64(const struct libtkm_nl_attr *attr);
/* The text itself, or "" when it has no zero at its end. */
const char *libtkm_nl_string(const struct libtkm_nl_attr *attr);

struct libtkm_supports {
	char version[32];
	uint32_t features;	/* TKM_FEATURE_* */
};

/* Of the caller's passwords: all 0 when none was wrong that still counts. */
struct libtkm_tries {
	uint32_t wrong;		/* in a row */
	uint32_t left;
	uint32_t wait;		/* seconds before the next */
	bool any;
};

struct libtkm_status {
	uint32_t keys;
	bool helper;
	struct libtkm_tries tries;
};

int libtkm_nl_supports(struct libtkm_nl *nl, struct libtkm_supports *supports);
int libtkm_nl_status(struct libtkm_nl *nl, struct libtkm_status *status);

#ifdef __cplusplus
}
#endif

#endif /* LIBTKM_H */
