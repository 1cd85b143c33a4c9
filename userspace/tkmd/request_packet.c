// SPDX-License-Identifier: GPL-2.0
/* What is asked about packets of keys: all of it by root. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit.h"
#include "request.h"

/* ---- members ---- */

static int take_hex(struct ask *ask, const char *name, uint8_t *out, size_t len)
{
	const char *hex = text(ask, name);

	if (!hex || strlen(hex) != 2 * len || tkm_hex_decode(hex, 2 * len, out))
		return no(ask, EINVAL, "id, digest and source are bytes in hex");
	return 0;
}

static int take_existing(struct ask *ask, enum existing *existing)
{
	static const char *const names[] = { "refuse", "keep", "replace" };
	const char *name = text(ask, "existing");
	size_t i;

	*existing = EXISTING_REFUSE;
	if (!given(ask, "existing"))
		return 0;
	for (i = 0; name && i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i])) {
			*existing = (enum existing)i;
			return 0;
		}
	return no(ask, EINVAL, "existing is refuse, keep or replace");
}

/*
 * All of it in memory of our own, where nobody changes it any more. What blocks or has
 * no end is no file.
 */
static int read_file(struct ask *ask, uint8_t **bytes, size_t *len)
{
	struct stat st;
	ssize_t n;

	*bytes = NULL;
	*len = 0;
	if (ask->file < 0 || fstat(ask->file, &st) || !S_ISREG(st.st_mode))
		return no(ask, EINVAL, "the keys come in a file beside the question");
	if (st.st_size > ARRIVAL_MAX)
		return no(ask, E2BIG, "too many keys at a time");
	*len = st.st_size;
	*bytes = malloc(*len + 1);
	if (!*bytes)
		return -ENOMEM;
	n = pread(ask->file, *bytes, *len, 0);
	if (n >= 0 && (size_t)n == *len)
		return 0;
	free(*bytes);
	*bytes = NULL;
	return no(ask, EINVAL, "the file is shorter than it says");
}

/* ---- what was taken ---- */

static int describe(struct json_object *to, const struct taken *taken)
{
	int ret;

	ret = add_bytes(to, "digest", taken->digest, sizeof(taken->digest));
	ret = ret ? ret : add_bytes(to, "source", taken->source,
				    sizeof(taken->source));
	ret = ret ? ret : add_time(to, "taken", taken->when);
	ret = ret ? ret : add_number(to, "keys", taken->keys);
	return ret ? ret : add_number(to, "left", taken->left);
}

int packet_show(struct ask *ask)
{
	struct taken taken;
	int ret;

	if (!is_root(ask))
		return no(ask, EPERM, "packets are root's");
	ret = take_hex(ask, "id", taken.id, sizeof(taken.id));
	ret = ret ? ret : kdb_packet_get(ask->kdb, taken.id, &taken);
	if (ret == -ENOKEY)
		return no(ask, ENOKEY, "no such packet was taken here");
	if (ret == -EBADMSG)
		return no(ask, EBADMSG, "the packet's row is damaged");
	return ret ? ret : describe(ask->out, &taken);
}

/* ---- taking ---- */

static int refused(struct ask *ask, int ret, const struct name *which)
{
	static char why[TKM_DESC_MAX + 80];

	switch (ret) {
	case -EALREADY:
		return no(ask, EALREADY, "this packet was taken here before: it is good for one time");
	case -EEXIST:
		snprintf(why, sizeof(why), "there is a key %s here already: nothing was taken",
			 which->description);
		return no(ask, EEXIST, why);
	case -EBADMSG:
		return no(ask, EBADMSG, "what came is not what keys are made of: nothing was changed");
	case -ENOSPC:
		return no(ask, ENOSPC, "the disk is full: nothing was taken");
	default:
		return ret;
	}
}

/* Refused or done, it is in the audit. */
static void fill(struct ask *ask, uint32_t event, const uint8_t id[PACKET_ID],
		 struct name *of, struct trail_record *record)
{
	struct tkm_writer w;

	memset(of, 0, sizeof(*of));
	of->side = TKM_SIDE_INIT;
	tkm_writer_init(&w, of->description, sizeof(of->description) - 1);
	tkm_put_bytes(&w, "@packet:", 8);
	tkm_put_hex(&w, id, PACKET_ID);
	audit_fill(record, event, 0, of, ask->peer);
}

static int note(struct ask *ask, uint32_t event, int ret, const struct name *of)
{
	if (ret == -ENOTRECOVERABLE)
		return ret;
	ask->noted = true;
	return audit_note(ask->kdb, event, ret, of, ask->peer) ?: ret;
}

static int take(struct ask *ask, struct taken *taken, enum existing existing,
		struct trail_record *record)
{
	struct name which;
	uint8_t *bytes;
	size_t len;
	int ret;

	ret = read_file(ask, &bytes, &len);
	ret = ret ? ret : refused(ask, kdb_packet_take(ask->kdb, bytes, len,
						       existing, taken, &which,
						       record), &which);
	free(bytes);
	return ret;
}

int packet_take(struct ask *ask)
{
	enum existing existing = EXISTING_REFUSE;
	struct trail_record record;
	struct taken taken;
	struct name of;
	int ret;

	if (!is_root(ask))
		return no(ask, EPERM, "packets are root's");
	ret = take_hex(ask, "id", taken.id, sizeof(taken.id));
	ret = ret ? ret : take_hex(ask, "digest", taken.digest,
				   sizeof(taken.digest));
	ret = ret ? ret : take_hex(ask, "source", taken.source,
				   sizeof(taken.source));
	ret = ret ? ret : take_existing(ask, &existing);
	if (ret)
		return ret;
	fill(ask, TRAIL_PACKET_TAKE, taken.id, &of, &record);
	ret = take(ask, &taken, existing, &record);
	if (!ret) {
		log_info("a packet is taken: %u keys", taken.keys);
		return describe(ask->out, &taken);
	}
	return note(ask, TRAIL_PACKET_TAKE, ret, &of);
}

/* ---- giving up ---- */

static int retire(struct ask *ask, uint32_t owner, struct retired *retired,
		  struct trail_record *record)
{
	struct name which = { 0 };
	uint8_t *bytes;
	size_t len;
	int ret;

	ret = read_file(ask, &bytes, &len);
	ret = ret ? ret : refused(ask, kdb_packet_retire(ask->kdb, owner, bytes,
							 len, retired, record),
				  &which);
	free(bytes);
	return ret;
}

int packet_retire(struct ask *ask)
{
	const int64_t owner = number(ask, "owner", UINT32_MAX);
	struct trail_record record;
	struct retired retired;
	uint8_t id[PACKET_ID];
	struct name of;
	int ret;

	if (!is_root(ask))
		return no(ask, EPERM, "packets are root's");
	ret = take_hex(ask, "id", id, sizeof(id));
	if (!ret && (!given(ask, "owner") || owner < 0))
		ret = no(ask, EINVAL, "owner is a uid");
	if (ret)
		return ret;
	fill(ask, TRAIL_PACKET_RETIRE, id, &of, &record);
	ret = retire(ask, owner, &retired, &record);
	if (ret)
		return note(ask, TRAIL_PACKET_RETIRE, ret, &of);
	log_info("%u keys moved away", retired.keys);
	ret = add_number(ask->out, "keys", retired.keys);
	return ret ? ret : add_number(ask->out, "left", retired.left);
}
