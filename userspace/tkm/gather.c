// SPDX-License-Identifier: GPL-2.0
/*
 * A branch of a user's keys, as tkmd keeps it: which keys are in it, and what is
 * between them and its top object, each once, in the order of a packet.
 */
#include <unistd.h>

#include "migrate.h"
#include "policy.h"

/* Chains of so many are asked for with one question. */
#define AT_A_TIME	64

/* ---- one key ------------------------------------------------------------------- */

/* Bytes of a value, with its head; 0: none. The chain was decoded before. */
static size_t value_size(const u8 *der, size_t len)
{
	size_t n, i, size = 0;

	if (len < 2)
		return 0;
	n = der[1] & 0x80 ? der[1] & 0x7f : 0;
	if (n > 2 || len < 2 + n)
		return 0;
	for (i = 0; i < n; i++)
		size = size << 8 | der[2 + i];
	size = 2 + n + (n ? size : der[1]);
	return size <= len ? size : 0;
}

/* All of its objects, as they stand there. */
static int cut(struct gathered_key *key)
{
	const u8 *p = key->der;
	size_t left = key->len, n, head;
	unsigned int i;

	head = 2 + (p[1] & 0x80 ? p[1] & 0x7f : 0U);
	p += head;
	left -= head;
	for (i = 0; i < key->n; i++) {
		n = value_size(p, left);
		if (!n)
			return -EBADMSG;
		key->object[i] = (struct tkm_piece){ p, n };
		p += n;
		left -= n;
	}
	return left ? -EBADMSG : 0;
}

/* -ENOKEY for a key that moves in no way. */
static int take_chain(struct gathered_key *key, enum tkm_class class)
{
	struct tkm_chain chain;
	struct tkm_record rec;
	unsigned int i;
	int ret;

	ret = tkm_blob_decode(key->der, key->len, &chain);
	if (ret)
		return ret;
	if (chain.flat)
		return -ENOKEY;
	key->n = chain.n;
	for (i = 0; i < chain.n; i++) {
		if (tkm_record_parse(chain.obj[i].description,
				     chain.obj[i].description_len, &rec))
			return -EBADMSG;
		tkm_public_name(chain.obj[i].pub, chain.obj[i].pub_len,
				key->name[i]);
		key->kind[i] = rec.kind;
	}
	if (rec.class != class)
		return -ENOKEY;
	strcpy(key->app, rec.app);
	strcpy(key->label, rec.label);
	return cut(key);
}

static int read_key(struct json_object *one, struct gathered_key *key)
{
	const char *hex = ask_string(one, "chain");
	const char *stored = ask_string(one, "stored");
	const char *state = ask_string(one, "state");

	return libtkm_chain_read(hex, strlen(hex), &key->der, &key->len) ?:
	       tkm_time_parse(stored, strlen(stored), &key->since) ?:
	       tkm_state_parse(state, strlen(state), &key->state);
}

/* ---- the branch ------------------------------------------------------------------ */

static unsigned int place_of(const struct gathered_key *key, enum tkm_kind kind)
{
	unsigned int i;

	for (i = 1; i + 1 < key->n; i++)
		if (key->kind[i] == kind)
			return i;
	return kind == TKM_KIND_NONE ? key->n - 1 : 0;
}

static bool is_meant(const struct gathered *all, const char *description)
{
	char app[TKM_APP_MAX + 1], label[TKM_LABEL_MAX + 1];

	if (tkm_description_parse(description, app, label))
		return false;
	return all->kind == TKM_KIND_TDK ||
	       (!strcmp(app, all->app) &&
		(all->kind == TKM_KIND_ASK || !strcmp(label, all->label)));
}

/* The first one says which branch it is. */
static int add_key(struct gathered *all, const struct gathered_key *key)
{
	unsigned int top = place_of(key, all->kind);
	struct gathered_key *more;

	if (!top || (all->n && memcmp(all->object, key->name[top],
				      TKM_NAME_SIZE))) {
		all->left++;
		return -ENOKEY;
	}
	if (all->n == PACKET_KEYS)
		return -E2BIG;
	if (all->n == all->room) {
		all->room = all->room ? 2 * all->room : 64;
		more = realloc(all->key, all->room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		all->key = more;
	}
	memcpy(all->object, key->name[top], TKM_NAME_SIZE);
	all->key[all->n++] = *key;
	return 0;
}

static bool is_of(const struct gathered *all, struct json_object *about)
{
	struct json_object *owner;

	return json_object_object_get_ex(about, "owner", &owner) &&
	       json_object_get_int64(owner) == all->owner &&
	       !strcmp(ask_string(about, "side"), "init");
}

static int left_out(struct gathered *all, const char *name, enum packet_why why)
{
	struct gathered_absent *more;

	if (all->tell)
		warn("%s is not in it: %s", name, packet_why_text(why));
	if (!all->backup)
		return 0;
	if (all->n_absent == PACKET_KEYS)
		return -E2BIG;
	if (all->n_absent == all->absent_room) {
		all->absent_room = all->absent_room ? 2 * all->absent_room : 64;
		more = realloc(all->absent, all->absent_room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		all->absent = more;
	}
	more = &all->absent[all->n_absent++];
	snprintf(more->name, sizeof(more->name), "%s", name);
	more->why = why;
	return 0;
}

/* Of what tkmd lists, the ids of what is meant. */
struct listed {
	struct gathered *all;
	struct json_object *ids;
	int err;
};

static int list_key(struct listed *listed, struct json_object *about)
{
	const char *name = ask_string(about, "key");
	const char *class = ask_string(about, "class");
	struct gathered *all = listed->all;
	struct json_object *id;

	if (!is_of(all, about) || !is_meant(all, name) ||
	    !strcmp(ask_string(about, "state"), "destroyed"))
		return 0;
	if (ask_true(about, "flat"))
		return left_out(all, name, PACKET_FLAT);
	if (strcmp(class, tkm_class_name(all->class)))
		return left_out(all, name, strcmp(class, "fixed") ?
				PACKET_CLASS : PACKET_FIXED);
	if (json_object_object_get_ex(about, "id", &id))
		json_object_array_add(listed->ids, json_object_get(id));
	return 0;
}

static int64_t list_part(struct json_object *reply, void *data)
{
	struct json_object *keys, *key, *id;
	struct listed *listed = data;
	int64_t last = 0;
	size_t i;

	if (!json_object_object_get_ex(reply, "keys", &keys))
		return 0;
	for (i = 0; i < json_object_array_length(keys); i++) {
		key = json_object_array_get_idx(keys, i);
		if (!listed->err)
			listed->err = list_key(listed, key);
		if (json_object_object_get_ex(key, "id", &id))
			last = json_object_get_int64(id);
	}
	return last;
}

static int take_key(struct gathered *all, struct json_object *one)
{
	struct gathered_key key = { 0 };
	int ret = *ask_string(one, "errno") ? -EBADMSG : read_key(one, &key);

	ret = ret ? ret : take_chain(&key, all->class);
	ret = ret ? ret : add_key(all, &key);
	if (ret)
		free(key.der);
	return ret == -ENOKEY ? left_out(all, ask_string(one, "key"),
					 PACKET_BRANCH) : ret;
}

/* Of the next ones as many as tkmd says at a time, which are at least one: how many. */
static int take_some(struct gathered *all, struct json_object *ids, size_t from)
{
	const size_t end = json_object_array_length(ids);
	struct json_object *question = ask_about("chains", NULL);
	struct json_object *some = json_object_new_array(), *reply, *keys;
	size_t i, n;
	int ret = 0;

	for (i = from; i < end && i < from + AT_A_TIME; i++)
		json_object_array_add(some, json_object_get(
			json_object_array_get_idx(ids, i)));
	json_object_object_add(question, "ids", some);
	ret = ask(question, &reply);
	if (ret)
		return -ask_failed(ret, reply, NULL);
	n = json_object_object_get_ex(reply, "keys", &keys) ?
		    json_object_array_length(keys) : 0;
	for (i = 0; !ret && i < n; i++)
		ret = take_key(all, json_object_array_get_idx(keys, i));
	ret = ret || n ? ret : -EIO;
	json_object_put(reply);
	return ret ? -failed(ret, "what tkmd keeps") : (int)n;
}

static int take_all(struct gathered *all, struct json_object *ids)
{
	const size_t n = json_object_array_length(ids);
	size_t done = 0;
	int ret = 0;

	progress_begin("tkmd tells the keys");
	while (done < n && ret >= 0) {
		ret = take_some(all, ids, done);
		done += ret > 0 ? (size_t)ret : 0;
		progress_share(done, n);
	}
	progress_end();
	return ret < 0 ? -ret : DONE;
}

static int list_and_take(struct gathered *all)
{
	struct listed listed = { .all = all, .ids = json_object_new_array() };
	int ret;

	progress_begin("tkmd lists the keys");
	ret = ask_each("list", all->owner != geteuid(), list_part, &listed);
	progress_end();
	if (!ret && listed.err)
		ret = failed(listed.err, "what tkmd keeps");
	ret = ret ? ret : take_all(all, listed.ids);
	json_object_put(listed.ids);
	return ret;
}

static int by_name(const void *a, const void *b)
{
	const struct gathered_key *one = a, *two = b;
	int ret = strcmp(one->app, two->app);

	return ret ? ret : strcmp(one->label, two->label);
}

static int by_description(const void *a, const void *b)
{
	const struct gathered_absent *one = a, *two = b;

	return strcmp(one->name, two->name);
}

static int fill_absent(struct gathered *all)
{
	struct packet *packet = &all->packet;
	const struct gathered_absent *absent;

	if (!all->n_absent)
		return 0;
	packet->absent = calloc(all->n_absent, sizeof(*packet->absent));
	if (!packet->absent)
		return -ENOMEM;
	qsort(all->absent, all->n_absent, sizeof(*all->absent), by_description);
	while (packet->n_absent < all->n_absent) {
		absent = &all->absent[packet->n_absent];
		packet->absent[packet->n_absent++] = (struct packet_absent){
			.key = { (const u8 *)absent->name, strlen(absent->name) },
			.why = absent->why,
		};
	}
	return 0;
}

/* Of keys that are in order: an application's storage key before its keys. */
static int fill(struct gathered *all)
{
	struct packet *packet = &all->packet;
	const struct gathered_key *key;
	struct packet_row *row;
	size_t i;

	qsort(all->key, all->n, sizeof(*all->key), by_name);
	if (all->kind == TKM_KIND_NONE) {
		packet->state = all->key[0].state;
		packet->since = all->key[0].since;
		return 0;
	}
	packet->keys = calloc(all->n, sizeof(*packet->keys));
	packet->storage = calloc(all->n, sizeof(*packet->storage));
	if (!packet->keys || !packet->storage)
		return -ENOMEM;
	for (i = 0; i < all->n; i++) {
		key = &all->key[i];
		if (all->kind == TKM_KIND_TDK &&
		    (!i || strcmp(key->app, all->key[i - 1].app)))
			packet->storage[packet->n_storage++].object =
				key->object[key->n - 2];
		row = &packet->keys[packet->n_keys++];
		row->parent = (u32)packet->n_storage;
		row->state = key->state;
		row->since = key->since;
		row->object = key->object[key->n - 1];
	}
	return 0;
}

int gather(struct gathered *all)
{
	int ret = list_and_take(all);

	if (ret)
		return ret;
	if (!all->n)
		return failed_as(-ENOKEY, "tkm list --stored tells what there is; fixed keys never move",
				 "no key of class %s is meant by that",
				 tkm_class_name(all->class));
	if (all->left)
		warn("%zu keys of that class are in another branch, and stay",
		     all->left);
	ret = fill(all);
	ret = ret ? ret : fill_absent(all);
	return ret ? failed(ret, NULL) : DONE;
}

void gathered_free(struct gathered *all)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		free(all->key[i].der);
	free(all->key);
	free(all->absent);
	packet_free(&all->packet);
}
