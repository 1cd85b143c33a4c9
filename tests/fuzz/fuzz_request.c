// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * What a program says to tkmd's socket. The first byte is who it is: root, a user, one
 * of another user namespace. Each line gets one line, which is an object that says
 * "ok", or what was wrong; nobody but root is told of a key of root's.
 */
#include <json-c/json.h>

#include "database.h"

static void look_at(const char *reply, size_t len, const struct who *peer)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *out, *ok, *member;

	out = json_tokener_parse_ex(tokener, reply, (int)len);
	must(json_tokener_get_error(tokener) == json_tokener_success ||
	     json_tokener_get_error(tokener) == json_tokener_continue);
	must(json_object_is_type(out, json_type_object));
	must(json_object_object_get_ex(out, "ok", &ok));
	if (!json_object_get_boolean(ok)) {
		must(json_object_object_get_ex(out, "errno", &member));
		must(json_object_object_get_ex(out, "message", &member));
	}
	must(!memchr(reply, '\n', len));
	if (peer->uid)
		must(!memmem(reply, len, "\"owner\":0", 9));
	must(!peer->foreign || !json_object_get_boolean(ok));
	json_object_put(out);
	json_tokener_free(tokener);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const struct who peers[] = {
		{ 0, 1, false }, { 1000, 1, false }, { 0, 1, true },
	};
	static char reply[SOCKET_LINE];
	const struct who *peer;
	const char *line;
	ssize_t len;

	database_make();
	if (!size)
		return 0;
	peer = &peers[data[0] % ARRAY_SIZE(peers)];
	line = exact(data + 1, size - 1);
	len = request_answer(&kdb, peer, -1, line, size - 1, reply);
	exact_free(line);
	must(len > 0 && len < SOCKET_LINE);
	look_at(reply, (size_t)len, peer);
	if (kdb_count(&kdb, NULL) < (int64_t)n_keys - 1)
		store_keys();
	return 0;
}
