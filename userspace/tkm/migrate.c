// SPDX-License-Identifier: GPL-2.0
/* Packets as files: read, believed or not, and told of. */
#include <keyutils.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "manifest.h"
#include "migrate.h"
#include "policy.h"

/* ---- whose packet ----------------------------------------------------------------- */

struct wanted {
	const u8 *name;
	char platform[TKM_POLICY_NAME_MAX + 1];
};

static int64_t find_part(struct json_object *reply, void *data)
{
	struct json_object *list, *one;
	struct wanted *wanted = data;
	char hex[2 * TKM_NAME_SIZE + 1];
	size_t i;

	hex_of(wanted->name, TKM_NAME_SIZE, hex);
	if (!json_object_object_get_ex(reply, "platforms", &list))
		return 0;
	for (i = 0; i < json_object_array_length(list); i++) {
		one = json_object_array_get_idx(list, i);
		if (!strcmp(ask_string(one, "ak"), hex))
			snprintf(wanted->platform, sizeof(wanted->platform),
				 "%s", ask_string(one, "name"));
	}
	return strtoll(ask_string(reply, "last"), NULL, 10);
}

int migrate_known(const u8 name[TKM_NAME_SIZE], struct credential *credential,
		  char platform[TKM_POLICY_NAME_MAX + 1])
{
	struct wanted wanted = { .name = name };
	struct json_object *reply;
	int ret;

	*platform = '\0';
	ret = ask_each("platforms", false, find_part, &wanted);
	if (ret || !*wanted.platform)
		return ret;
	ret = platform_known(wanted.platform, credential, &reply);
	if (ret)
		return ret;
	json_object_put(reply);
	strcpy(platform, wanted.platform);
	return DONE;
}

/* ---- reading --------------------------------------------------------------------------- */

/* Whole, but no more than its beginning says. */
static int read_whole(const char *path, u8 **der, struct packet *packet)
{
	u8 head[PACKET_HEAD];
	struct stat st;
	size_t len;
	ssize_t n;
	int fd, ret;

	fd = open_input(path);
	if (fd < 0)
		return fd;
	n = pread(fd, head, sizeof(head), 0);
	n = n < 0 ? -errno : packet_size(head, (size_t)n);
	ret = n < 0 ? (int)n : fstat(fd, &st) ? -errno :
	      st.st_size != n ? -EBADMSG : 0;
	close(fd);
	if (ret)
		return ret;
	ret = read_input(path, (size_t)n, der, &len);
	if (ret)
		return ret;
	ret = packet_decode(packet, *der, len);
	if (ret)
		free(*der);
	return ret;
}

static int read_failed(int err, const char *path)
{
	switch (err) {
	case -EBADMSG:
		return failed_as(err, NULL, "%s is no packet, or is damaged", path);
	case -EOPNOTSUPP:
		return failed_as(err, "a newer tkm may know it",
				 "%s is a packet of another version, or of keys of a sort that tkm does not know",
				 path);
	default:
		return failed(err, path);
	}
}

int migrate_read(const char *path, u8 **der, struct packet *packet)
{
	int ret = read_whole(path, der, packet);

	return ret ? read_failed(ret, path) : DONE;
}

/* Its AK: of a platform that is known, or this one's own. */
static int source_of(const struct packet *packet, struct area *ak,
		     char name[TKM_POLICY_NAME_MAX + 1])
{
	static struct credential credential;
	int ret = migrate_known(packet->source, &credential, name);

	if (ret)
		return ret;
	if (*name) {
		*ak = credential.ak;
		return DONE;
	}
	ret = manifest_ak(ak);
	if (ret)
		return ret;
	if (memcmp(ak->name, packet->source, TKM_NAME_SIZE))
		return failed_as(-EKEYREJECTED, "tkm platform add believes it",
				 "the packet is of a platform that is not known");
	/* No platform has a name with a space. */
	strcpy(name, MIGRATE_OWN);
	return DONE;
}

int migrate_check(const struct packet *packet,
		  char name[TKM_POLICY_NAME_MAX + 1])
{
	struct finding finding;
	static struct area ak;
	u8 digest[32];
	int ret;

	ret = source_of(packet, &ak, name);
	if (ret)
		return ret;
	packet_digest(packet->body, digest);
	ret = manifest_check(&packet->manifest, &ak, digest, &finding);
	return ret ? failed_as(ret, NULL, "%s: %s (%s)", name, finding.why,
			       finding.check) : DONE;
}

bool migrate_person_agrees(const char *question)
{
	char answer[8] = "";
	FILE *terminal;

	terminal = fopen("/dev/tty", "r+");
	if (!terminal)
		usage("there is no terminal to ask on: --yes");
	fprintf(terminal, "%s [y/N] ", question);
	fflush(terminal);
	if (!fgets(answer, sizeof(answer), terminal))
		answer[0] = 0;
	fclose(terminal);
	return *answer == 'y' || *answer == 'Y';
}

int migrate_check_by(const struct packet *packet, const char *path)
{
	static struct credential credential;
	struct finding finding;
	uint8_t *data;
	u8 digest[32];
	size_t len;
	int ret;

	ret = read_input(path, CREDENTIAL_FILE_MAX, &data, &len);
	if (ret)
		return failed(ret, path);
	ret = credential_read(&credential, data, len);
	free(data);
	if (ret)
		return failed_as(ret, NULL, "%s is no platform's credential", path);
	if (memcmp(credential.ak.name, packet->source, TKM_NAME_SIZE))
		return failed_as(-EKEYREJECTED, NULL,
				 "the packet is not of the platform of %s", path);
	packet_digest(packet->body, digest);
	ret = manifest_check(&packet->manifest, &credential.ak, digest,
			     &finding);
	return ret ? failed_as(ret, NULL, "%s: %s (%s)", path, finding.why,
			       finding.check) : DONE;
}

static struct json_object *describe_key(const struct packet_row *row)
{
	struct json_object *one = json_object_new_object();
	char name[TKM_DESC_MAX + 1];
	struct tkm_object obj;
	struct tkm_record rec;

	/* packet_decode() read both. */
	if (!tkm_below_decode(row->object.data, row->object.len, &obj) &&
	    !tkm_record_parse(obj.description, obj.description_len, &rec)) {
		snprintf(name, sizeof(name), "%s:%s", rec.app, rec.label);
		put_text(one, "key", name);
		put_text(one, "kind", tkm_kind_name(rec.kind));
	}
	put_text(one, "state", tkm_state_name(row->state));
	return one;
}

static struct json_object *describe_top(const struct packet *packet)
{
	struct json_object *one = json_object_new_object();
	char name[TKM_DESC_MAX + 1];

	snprintf(name, sizeof(name), "%s:%s", packet->top.app,
		 packet->top.label);
	put_text(one, "key", name);
	put_text(one, "kind", tkm_kind_name(packet->top.kind));
	put_text(one, "state", tkm_state_name(packet->state));
	return one;
}

/* Of a packet that was read: its names are such. */
static struct json_object *describe_absent(const struct packet *packet)
{
	struct json_object *list = json_object_new_array(), *one;
	const struct packet_absent *absent;
	size_t i;

	for (i = 0; i < packet->n_absent; i++) {
		absent = &packet->absent[i];
		one = json_object_new_object();
		json_object_object_add(one, "key", json_object_new_string_len(
			(const char *)absent->key.data, (int)absent->key.len));
		put_text(one, "why", packet_why_name(absent->why));
		put_text(one, "message", packet_why_text(absent->why));
		json_object_array_add(list, one);
	}
	return list;
}

struct json_object *migrate_describe(const struct packet *packet,
				     const char *source)
{
	struct json_object *object = json_object_new_object();
	struct json_object *keys = json_object_new_array();
	u8 to[TKM_NAME_SIZE];
	char time[21];
	size_t i;

	put_hex(object, "packet", packet->id, PACKET_ID);
	put_text(object, "purpose", packet_kind_name(packet->kind));
	put_text(object, "from", source);
	tkm_public_name(packet->to.data, packet->to.len, to);
	put_hex(object, "to", to, sizeof(to));
	tkm_time_write(packet->created, time);
	put_text(object, "created", time);
	put_text(object, "top", packet->top.kind == TKM_KIND_TDK ? "domain" :
		 packet->top.kind == TKM_KIND_ASK ? "application" : "key");
	put_text(object, "class", tkm_class_name(packet->top.class));
	json_object_object_add(object, "owner",
			       json_object_new_int64(packet->top.owner));
	for (i = 0; i < packet->n_keys; i++)
		json_object_array_add(keys, describe_key(&packet->keys[i]));
	if (!packet->n_keys)
		json_object_array_add(keys, describe_top(packet));
	json_object_object_add(object, "keys", keys);
	if (packet->kind == PACKET_BACKUP)
		json_object_object_add(object, "absent",
				       describe_absent(packet));
	return object;
}

static void say_absent(struct json_object *object)
{
	struct json_object *list, *one;
	size_t i;

	if (!json_object_object_get_ex(object, "absent", &list))
		return;
	for (i = 0; i < json_object_array_length(list); i++) {
		one = json_object_array_get_idx(list, i);
		printf("%-11s %-4s  %s: %s\n", "not in it", "",
		       ask_string(one, "key"), ask_string(one, "message"));
	}
}

int migrate_say(struct json_object *object)
{
	static const char *const members[] = { "packet", "purpose", "from", "to",
					       "created", "top", "class", "owner" };
	struct json_object *keys, *one;
	size_t i;

	if (json)
		return say_json(object);
	for (i = 0; i < ARRAY_SIZE(members); i++)
		line(members[i], ask_string(object, members[i]));
	json_object_object_get_ex(object, "keys", &keys);
	for (i = 0; i < json_object_array_length(keys); i++) {
		one = json_object_array_get_idx(keys, i);
		printf("%-11s %-4s  %s\n", ask_string(one, "state"),
		       ask_string(one, "kind"), ask_string(one, "key"));
	}
	say_absent(object);
	json_object_put(object);
	return say_done();
}

/* ---- what the kernel is given ----------------------------------------------------------- */

int migrate_put_user(const char *name, const void *data, size_t len,
		     libtkm_serial *key)
{
	*key = add_key("user", name, data, len, KEY_SPEC_PROCESS_KEYRING);
	return *key < 0 ? -errno : 0;
}

/* ---- what tkmd is asked -------------------------------------------------------------------- */

struct json_object *migrate_question(const char *name,
				     const struct packet *packet)
{
	struct json_object *question = ask_about(name, NULL);

	put_hex(question, "id", packet->id, PACKET_ID);
	return question;
}

int migrate_number(struct json_object *object, const char *name)
{
	struct json_object *member;

	return json_object_object_get_ex(object, name, &member) ?
		       json_object_get_int(member) : 0;
}

int migrate_file(const u8 *bytes, size_t len)
{
	int fd = memfd_create("tkm", MFD_CLOEXEC);
	size_t done = 0;
	ssize_t n = 1;

	if (fd < 0)
		return -errno;
	while (n > 0 && done < len) {
		n = write(fd, bytes + done, len - done);
		done += n > 0 ? (size_t)n : 0;
	}
	if (done == len)
		return fd;
	close(fd);
	return -EIO;
}
