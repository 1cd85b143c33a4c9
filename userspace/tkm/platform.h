/* SPDX-License-Identifier: GPL-2.0 */
/* What the actions of tkm platform share. */
#ifndef TKM_PLATFORM_H
#define TKM_PLATFORM_H

#include <sys/types.h>

#include "ask.h"
#include "credential.h"
#include "trust.h"

/* ---- platform.c: this machine's side, with its TPM -------------------------- */

/* TKMRK as chains have it. */
struct root_key {
	u8 pub[AREA_MAX];
	size_t pub_len;
	u8 priv[AREA_MAX];
	size_t priv_len;
};

/* These say what failed; exit status. */
int platform_collect(const struct root_key *root, struct credential *credential);
int platform_answer(const struct root_key *root,
		    const struct challenge *challenge, struct answer *answer);
/* Of the chain of the key of that name, or NULL: of what tkmd keeps. */
int platform_root(const char *key, struct root_key *root);

/* ---- cmd_platform_add.c: believing another one ------------------------------------ */

int platform_cmd_challenge(int argc, char **argv);
int platform_cmd_add(int argc, char **argv);
int platform_cmd_check(int argc, char **argv);
/* The CAs in a folder, to be freed; NULL with an exit status. NULL is a usage error. */
X509_STORE *want_store(const char *folder, int *status);
/* Of a file. Says what failed; exit status. */
int read_credential(const char *path, struct credential *credential);

enum {
	OPT_ROOT_KEY = OPT_ASK_OWN, OPT_CA, OPT_VIA, OPT_REPLACE, OPT_YES_REMOVE,
};

/* Usage error for what is no name. */
void want_platform(const char *name);
/* The one of that name as tkmd has it, and what it says of it, to be put. */
int platform_known(const char *name, struct credential *credential,
		   struct json_object **reply);

/* ---- pipe.c: a platform that answers by itself -------------------------------------- */

/* tkm platform serve, at the other end of a command. */
struct pipe_end {
	FILE *to;
	int from;
	pid_t pid;
};

/* Negative errno. */
int pipe_open(struct pipe_end *end, const char *command);
int pipe_send(struct pipe_end *end, const char *text);
/* One PEM block, within @seconds; to be freed. -ETIMEDOUT, -ENOTCONN, -E2BIG. */
int pipe_receive(int fd, unsigned int seconds, char **pem);
void pipe_close(struct pipe_end *end);

#endif /* TKM_PLATFORM_H */
