// SPDX-License-Identifier: GPL-2.0
/*
 * The socket of tkmd: one line of JSON there, one back.
 * Documentation/tkmd-socket.rst.
 */
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "ask.h"

#define SOCKET	"/run/tkm/socket"
/* An object holds a chain in hex, and lists come in parts. */
#define LINE_MAX_BYTES	(1 << 20)
/* tkmd gives a connection five. */
#define SECONDS	10

const char *ask_socket = SOCKET;

static int open_socket(unsigned int seconds)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct timeval limit = { .tv_sec = seconds };
	int fd, err;

	if (strlen(ask_socket) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, ask_socket);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	err = errno;
	close(fd);
	/* Nobody there, whatever the folder is like. */
	return err == ENOENT ? -ECONNREFUSED : -err;
}

/* With a file beside its first byte, unless that is -1. */
static ssize_t send_some(int fd, const char *text, size_t len, int file)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .bytes = { 0 } };
	struct iovec bytes = { .iov_base = (char *)text, .iov_len = len };
	struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1 };
	struct cmsghdr *part;

	if (file >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		part = CMSG_FIRSTHDR(&message);
		part->cmsg_level = SOL_SOCKET;
		part->cmsg_type = SCM_RIGHTS;
		part->cmsg_len = CMSG_LEN(sizeof(file));
		memcpy(CMSG_DATA(part), &file, sizeof(file));
	}
	return sendmsg(fd, &message, MSG_NOSIGNAL);
}

static int send_line(int fd, const char *text, int file)
{
	size_t len = strlen(text);
	ssize_t n;

	while (len) {
		n = send_some(fd, text, len, file);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		file = -1;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

static int receive_line(int fd, char **line)
{
	size_t len = 0, size = 0;
	ssize_t n;
	char *more;

	for (;;) {
		if (size - len < 2) {
			size = size ? 2 * size : 65536;
			more = size > LINE_MAX_BYTES ? NULL : realloc(*line, size);
			if (!more)
				return -EIO;
			*line = more;
		}
		n = recv(fd, *line + len, size - len - 1, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (!n)
			break;
		len += (size_t)n;
	}
	(*line)[len] = 0;
	return len ? 0 : -ENOTCONN;
}

static int errno_of(const char *name)
{
	int err;

	for (err = 1; name && err < 200; err++)
		if (!strcmp(libtkm_errno_name(err), name))
			return -err;
	return -EIO;
}

const char *ask_string(struct json_object *object, const char *name)
{
	struct json_object *member;

	if (!json_object_object_get_ex(object, name, &member))
		return "";
	return json_object_get_string(member);
}

bool ask_true(struct json_object *object, const char *name)
{
	struct json_object *member;

	return json_object_object_get_ex(object, name, &member) &&
	       json_object_get_boolean(member);
}

static int exchange(int fd, const char *text, int file,
		    struct json_object **reply)
{
	char *line = NULL;
	int ret;

	ret = send_line(fd, text, file);
	if (!ret)
		ret = send_line(fd, "\n", -1);
	/* Who is refused early may be told so before the line is read. */
	if (!ret || ret == -EPIPE)
		ret = receive_line(fd, &line);
	if (!ret) {
		*reply = json_tokener_parse(line);
		if (!json_object_is_type(*reply, json_type_object))
			ret = -EIO;
	}
	free(line);
	return ret;
}

int ask_with(struct json_object *question, int file, unsigned int seconds,
	     struct json_object **reply)
{
	/* Unless it is part of something longer. */
	const bool alone = progress_begin("tkmd answers");
	int fd = open_socket(seconds), ret;

	*reply = NULL;
	ret = fd < 0 ? fd : exchange(fd, json_object_to_json_string_ext(
		question, JSON_C_TO_STRING_PLAIN), file, reply);
	if (fd >= 0)
		close(fd);
	json_object_put(question);
	if (alone)
		progress_end();
	if (!ret && !ask_true(*reply, "ok"))
		ret = errno_of(ask_string(*reply, "errno"));
	return ret;
}

int ask(struct json_object *question, struct json_object **reply)
{
	return ask_with(question, -1, SECONDS, reply);
}

int ask_failed(int err, struct json_object *reply, const char *what)
{
	const char *message = reply ? ask_string(reply, "message") : "";
	int status;

	if (*message)
		status = failed_as(err, libtkm_error_remedy(err, verb->name),
				   "%s%s%s", what ? what : "", what ? ": " : "",
				   message);
	else
		status = failed(err, what);
	json_object_put(reply);
	return status;
}

struct json_object *ask_about(const char *name, const char *key)
{
	struct json_object *question = json_object_new_object();
	char *end;
	long id;

	json_object_object_add(question, "verb", json_object_new_string(name));
	if (!key)
		return question;
	if (!strncmp(key, "%tkm:", 5))
		key += 5;
	id = strtol(key, &end, 10);
	if (!*end && end != key)
		json_object_object_add(question, "id",
				       json_object_new_int64(id));
	else
		json_object_object_add(question, "key",
				       json_object_new_string(key));
	return question;
}

int ask_each(const char *name, bool all, ask_fn part, void *data)
{
	struct json_object *question, *reply;
	int64_t after = 0;
	bool more;
	int ret;

	do {
		question = ask_about(name, NULL);
		if (all)
			json_object_object_add(question, "all",
					       json_object_new_boolean(true));
		if (after)
			json_object_object_add(question, "after",
					       json_object_new_int64(after));
		ret = ask(question, &reply);
		if (ret)
			return ask_failed(ret, reply, NULL);
		after = part(reply, data);
		more = ask_true(reply, "more") && after;
		json_object_put(reply);
	} while (more);
	return DONE;
}
