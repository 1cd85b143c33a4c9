/* SPDX-License-Identifier: GPL-2.0 */
/* The socket of tkmd: Documentation/tkmd-socket.rst. */
#ifndef TKM_ASK_H
#define TKM_ASK_H

#include "tkm.h"

/* Where it is; --socket says another. */
extern const char *ask_socket;

enum { OPT_SOCKET = OPT_OWN, OPT_STORED, OPT_ALL, OPT_ASK_OWN };
#define ASK_OPTIONS { "socket", required_argument, NULL, OPT_SOCKET }

/* {"verb":NAME}, and for a key its name or, of a number, its id. */
struct json_object *ask_about(const char *name, const char *key);

/*
 * Takes the question. 0 and a reply that says "ok"; else the errno, with the reply
 * that has its reason or NULL. The reply is the caller's.
 */
int ask(struct json_object *question, struct json_object **reply);
/* The same, with a file beside it (-1: none), of a verb that takes so long. */
int ask_with(struct json_object *question, int file, unsigned int seconds,
	     struct json_object **reply);
/* failed(), with what tkmd said; takes the reply. */
int ask_failed(int err, struct json_object *reply, const char *what);

/*
 * A verb whose reply comes in parts: each goes to @part, which says after what the
 * next begins. Says what failed; exit status.
 */
typedef int64_t (*ask_fn)(struct json_object *reply, void *data);
int ask_each(const char *name, bool all, ask_fn part, void *data);

/* A member; "" and false when there is none. */
const char *ask_string(struct json_object *object, const char *name);
bool ask_true(struct json_object *object, const char *name);

/**
 * struct domain_seen - the caller's domain
 * @error: of asking the helper; then the next two are not known
 * @there: it has a password, or is under a policy
 * @about: what its owner, or the policy, says
 * @unlocked: by a key that is there now
 */
struct domain_seen {
	int error;
	bool there, unlocked;
	char about[128];
};

/* cmd_domain.c */
void domain_look(struct domain_seen *seen);

#endif /* TKM_ASK_H */
