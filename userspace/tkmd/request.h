/* SPDX-License-Identifier: GPL-2.0 */
/* What the files that answer questions of the socket share. */
#ifndef TKMD_REQUEST_H
#define TKMD_REQUEST_H

#include <json-c/json.h>

#include "tkmd.h"

/* json-c makes INT64_MAX of what is larger. */
#define ID_MAX	(INT64_MAX - 1)

/* A question, and what becomes of it. */
struct ask {
	struct kdb *kdb;
	const struct who *peer;
	int file;		/* that came along, or -1 */
	struct json_object *in;
	struct json_object *out;
	const char *why;	/* of a refusal */
	bool hidden;		/* it is another's, and not told so */
	bool noted;		/* it is in the audit by another name than query */
};

/* ---- request.c ------------------------------------------------------------ */

/* -@error, with its reason. */
int no(struct ask *ask, int error, const char *why);

/* Takes the value. */
int add(struct json_object *to, const char *name, struct json_object *value);
int add_text(struct json_object *to, const char *name, const char *text);
int add_number(struct json_object *to, const char *name, int64_t number);
int add_bool(struct json_object *to, const char *name, bool value);
/* In UTC; nothing for 0. */
int add_time(struct json_object *to, const char *name, int64_t seconds);
/* In hex, at most as long as a chain. */
int add_bytes(struct json_object *to, const char *name, const uint8_t *bytes,
	      size_t len);

bool given(const struct ask *ask, const char *name);
/* -1 when it is no number from 0 to @most; 0 when it is not there. */
int64_t number(const struct ask *ask, const char *name, int64_t most);
/* NULL when it is no text, or not there, or has a zero in it. */
const char *text(const struct ask *ask, const char *name);
int flag(struct ask *ask, const char *name, bool *set);
bool is_root(const struct ask *ask);

/* ---- request_platform.c ----------------------------------------------------- */

int platform_root(struct ask *ask);
int platform_list(struct ask *ask);
int platform_show(struct ask *ask);
int platform_challenge(struct ask *ask);
int platform_answer(struct ask *ask);
int platform_put(struct ask *ask);
int platform_remove(struct ask *ask);

/* ---- request_packet.c ------------------------------------------------------- */

int packet_show(struct ask *ask);
int packet_take(struct ask *ask);
int packet_retire(struct ask *ask);

#endif /* TKMD_REQUEST_H */
