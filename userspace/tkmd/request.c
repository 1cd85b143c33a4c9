// SPDX-License-Identifier: GPL-2.0
/*
 * One line of JSON in, one out: Documentation/tkmd-socket.rst. A verb is a row of
 * the table at the end, and a function.
 */
#include <errno.h>
#include <json-c/json.h>
#include <linux/tkm_netlink.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "libtkm.h"
#include "audit.h"
#include "domain.h"
#include "request.h"

#define DEPTH	8

int no(struct ask *ask, int error, const char *why)
{
	ask->why = why;
	return -error;
}

int add(struct json_object *to, const char *name,
	       struct json_object *value)
{
	if (value && !json_object_object_add(to, name, value))
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

int add_text(struct json_object *to, const char *name, const char *text)
{
	return add(to, name, json_object_new_string(text));
}

int add_number(struct json_object *to, const char *name, int64_t number)
{
	return add(to, name, json_object_new_int64(number));
}

int add_bool(struct json_object *to, const char *name, bool value)
{
	return add(to, name, json_object_new_boolean(value));
}

/* ---- members ---- */

bool given(const struct ask *ask, const char *name)
{
	return json_object_object_get_ex(ask->in, name, NULL);
}

/* -1 when it is no number from 0 to @most; 0 when it is not there. */
int64_t number(const struct ask *ask, const char *name, int64_t most)
{
	struct json_object *value;
	int64_t n;

	if (!json_object_object_get_ex(ask->in, name, &value))
		return 0;
	n = json_object_get_int64(value);
	return json_object_is_type(value, json_type_int) && n >= 0 &&
	       n <= most ? n : -1;
}

/* NULL when it is no text, or not there, or has a zero in it. */
const char *text(const struct ask *ask, const char *name)
{
	struct json_object *value;
	const char *string;

	if (!json_object_object_get_ex(ask->in, name, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	string = json_object_get_string(value);
	return strlen(string) == (size_t)json_object_get_string_len(value) ?
		       string : NULL;
}

int flag(struct ask *ask, const char *name, bool *set)
{
	struct json_object *value;

	*set = false;
	if (!json_object_object_get_ex(ask->in, name, &value))
		return 0;
	if (!json_object_is_type(value, json_type_boolean))
		return no(ask, EINVAL, "this member is true or false");
	*set = json_object_get_boolean(value);
	return 0;
}

bool is_root(const struct ask *ask)
{
	return !ask->peer->uid;
}

static void own_domain(const struct ask *ask, struct name *name)
{
	memset(name, 0, sizeof(*name));
	name->owner = ask->peer->uid;
	name->side = TKM_SIDE_INIT;
}

/* "all": NULL, for root; else the caller's own. */
static int which_domain(struct ask *ask, struct name *own,
			const struct name **domain)
{
	bool all;
	int ret = flag(ask, "all", &all);

	if (ret)
		return ret;
	if (all && !is_root(ask))
		return no(ask, EPERM, "all is for root");
	own_domain(ask, own);
	*domain = all ? NULL : own;
	return 0;
}

static int read_name(struct ask *ask, struct name *name)
{
	char app[TKM_APP_MAX + 1], label[TKM_LABEL_MAX + 1];
	const char *key = text(ask, "key"), *side = text(ask, "side");
	int64_t owner = number(ask, "owner", UINT32_MAX);

	if (!key || tkm_description_parse(key, app, label))
		return no(ask, EINVAL, "key is <application>:<label>");
	own_domain(ask, name);
	snprintf(name->description, sizeof(name->description), "%s:%s", app,
		 label);
	if (!given(ask, "owner") && !given(ask, "side"))
		return 0;
	if (!is_root(ask))
		return no(ask, EPERM, "owner and side are for root");
	if (owner < 0 || (given(ask, "side") &&
			  (!side || (strcmp(side, "init") && strcmp(side, "other")))))
		return no(ask, EINVAL, "owner is a uid, side is init or other");
	if (given(ask, "owner"))
		name->owner = owner;
	if (side && !strcmp(side, "other"))
		name->side = TKM_SIDE_OTHER;
	return 0;
}

static bool may_see(const struct ask *ask, const struct kdb_key *key)
{
	return is_root(ask) || (key->name.owner == ask->peer->uid &&
				key->name.side == TKM_SIDE_INIT);
}

/* Of another's nobody is told, but the audit. */
static int if_seen(struct ask *ask, int ret, const struct kdb_key *key)
{
	if (ret || may_see(ask, key))
		return ret;
	ask->hidden = true;
	return -ENOKEY;
}

static int key_of_id(struct ask *ask, int64_t id, struct kdb_key *key)
{
	int ret = kdb_get_id(ask->kdb, id, key);

	/* Whose it is cannot be known. */
	if (ret == -EBADMSG && !is_root(ask))
		ret = -ENOKEY;
	return if_seen(ask, ret, key);
}

/* The key that is asked about, if there is one that may be known. */
static int which_key(struct ask *ask, struct kdb_key *key)
{
	int64_t id = number(ask, "id", ID_MAX);
	struct name name;
	int ret;

	if (given(ask, "id") == given(ask, "key") || id < 0)
		return no(ask, EINVAL, "one of key and id says which");
	if (given(ask, "id") && (given(ask, "owner") || given(ask, "side")))
		return no(ask, EINVAL, "owner and side belong to key");
	if (given(ask, "id")) {
		ret = key_of_id(ask, id, key);
	} else {
		ret = read_name(ask, &name);
		ret = ret ? ret : if_seen(ask, kdb_get(ask->kdb, &name, key),
					  key);
	}
	if (ret == -ENOKEY)
		return no(ask, ENOKEY, "no key of that name is kept");
	if (ret == -EBADMSG)
		return no(ask, EBADMSG, "the key's row is damaged");
	return ret;
}

/* ---- a key as an object ---- */

static int add_uses(struct json_object *to, unsigned int uses)
{
	static const char *const names[] = { "publish", "crypt", "sign",
					     "decrypt" };
	struct json_object *list = json_object_new_array();
	unsigned int i;

	for (i = 0; list && i < ARRAY_SIZE(names); i++)
		if (uses & BIT(i))
			json_object_array_add(list,
					      json_object_new_string(names[i]));
	return add(to, "use", list);
}

int add_time(struct json_object *to, const char *name, int64_t seconds)
{
	char when[21];

	if (!seconds)
		return 0;
	tkm_time_write(seconds, when);
	return add_text(to, name, when);
}

static int add_record(struct json_object *to, const struct branch *branch)
{
	const struct tkm_record *record = &branch->part[branch->n - 1].record;
	int ret;

	ret = add_text(to, "kind", tkm_kind_name(record->kind));
	ret = ret ? ret : add_text(to, "class", tkm_class_name(record->class));
	ret = ret ? ret : add_bool(to, "flat", branch->n == 1);
	if (branch->n == 1)
		return ret;
	ret = ret ? ret : add_uses(to, record->uses);
	ret = ret ? ret : add_time(to, "created", record->created);
	ret = ret ? ret : add_time(to, "not-before", record->not_before);
	ret = ret ? ret : add_time(to, "protect-until", record->protect_until);
	return ret ? ret : add_time(to, "not-after", record->not_after);
}

int add_bytes(struct json_object *to, const char *name,
		     const uint8_t *bytes, size_t len)
{
	static char hex[2 * TKM_CHAIN_MAX + 1];
	struct tkm_writer w;

	tkm_writer_init(&w, hex, sizeof(hex) - 1);
	tkm_put_hex(&w, bytes, len);
	hex[w.len] = '\0';
	return add_text(to, name, hex);
}

static int describe(struct ask *ask, const struct kdb_key *key, bool with_chain,
		    struct json_object *to)
{
	static struct chain chain;
	struct branch branch;
	bool gone = key->state.state == TKM_STATE_DESTROYED;
	int ret = 0;

	if (!gone)
		ret = kdb_chain(ask->kdb, key, &chain);
	if (!ret && !gone)
		ret = branch_cut(chain.der, chain.len, &key->name, &branch);
	if (ret)
		return no(ask, -ret, "the key's chain is not whole");
	ret = add_number(to, "id", key->id);
	ret = ret ? ret : add_text(to, "key", key->name.description);
	ret = ret ? ret : add_number(to, "owner", key->name.owner);
	ret = ret ? ret : add_text(to, "side", key->name.side == TKM_SIDE_INIT ?
						       "init" : "other");
	ret = ret || gone ? ret : add_record(to, &branch);
	ret = ret ? ret : add_text(to, "state",
				   tkm_state_name(key->state.state));
	ret = ret ? ret : add_time(to, "stored", key->state.stored);
	return ret || gone || !with_chain ?
		       ret : add_bytes(to, "chain", chain.der, chain.len);
}

/* ---- verbs ---- */

static int status(struct ask *ask)
{
	struct name own;
	int64_t mine, all, storage;
	int ret;

	own_domain(ask, &own);
	mine = kdb_count(ask->kdb, &own);
	if (mine < 0)
		return mine;
	ret = add_text(ask->out, "version", TKM_VERSION);
	ret = ret ? ret : add_number(ask->out, "schema", KDB_VERSION);
	ret = ret ? ret : add_bool(ask->out, "helper", true);
	ret = ret ? ret : add_bool(ask->out, "read-only", ask->kdb->read_only);
	ret = ret ? ret : add_number(ask->out, "keys", mine);
	if (ret || !is_root(ask))
		return ret;
	all = kdb_count(ask->kdb, NULL);
	storage = kdb_count_storage(ask->kdb);
	if (all < 0 || storage < 0)
		return all < 0 ? all : storage;
	ret = add_number(ask->out, "total", all);
	ret = ret ? ret : add_number(ask->out, "storage", storage);
	return ret ? ret : add_text(ask->out, "state", ask->kdb->folder);
}

/* Ids of the next ones, and whether there are more. */
static int page(struct ask *ask, int64_t ids[KDB_LIST_MAX])
{
	int64_t after = number(ask, "after", ID_MAX);
	const struct name *domain;
	struct name own;
	int ret, n;

	ret = which_domain(ask, &own, &domain);
	if (ret)
		return ret;
	if (after < 0)
		return no(ask, EINVAL, "after is an id");
	n = kdb_ids(ask->kdb, domain, after, ids);
	if (n < 0)
		return n;
	ret = add_bool(ask->out, "more", n == KDB_LIST_MAX);
	return ret ? ret : n;
}

static int list(struct ask *ask)
{
	static struct kdb_key key;
	int64_t ids[KDB_LIST_MAX];
	struct json_object *keys, *one;
	int ret, n, i;

	n = page(ask, ids);
	if (n < 0)
		return n;
	keys = json_object_new_array();
	ret = add(ask->out, "keys", keys);
	for (i = 0; !ret && i < n; i++) {
		one = json_object_new_object();
		if (!one || json_object_array_add(keys, one))
			return -ENOMEM;
		/* What is damaged has a number and nothing else: see check. */
		if (kdb_get_id(ask->kdb, ids[i], &key) ||
		    describe(ask, &key, false, one)) {
			ret = add_number(one, "id", ids[i]);
			ret = ret ? ret : add_text(one, "errno", "EBADMSG");
		}
	}
	return ret;
}

static int show(struct ask *ask)
{
	static struct kdb_key key;
	bool with_chain;
	int ret;

	ret = flag(ask, "chain", &with_chain);
	ret = ret ? ret : which_key(ask, &key);
	if (!ret && with_chain)
		ret = audit_note(ask->kdb, TKM_AUDIT_EVENT_EXPORT, 0, &key.name,
				 ask->peer);
	return ret ? ret : describe(ask, &key, with_chain, ask->out);
}

/* ---- chains of several ---- */

/* What else is in the line. */
#define LINE_REST	64

/* A key, or why not: that is for whoever asks to judge. */
static struct json_object *one_chain(struct ask *ask, int64_t id,
				     struct trail_record *record)
{
	struct json_object *one = json_object_new_object();
	static struct kdb_key key;
	int ret;

	if (!one)
		return NULL;
	record->event = 0;
	ret = key_of_id(ask, id, &key) ?: describe(ask, &key, true, one);
	if (!ret) {
		audit_fill(record, TKM_AUDIT_EVENT_EXPORT, 0, &key.name,
			   ask->peer);
		return one;
	}
	json_object_put(one);
	one = json_object_new_object();
	if (add_number(one, "id", id) ||
	    add_text(one, "errno", ret == -ENOKEY ? "ENOKEY" : "EBADMSG")) {
		json_object_put(one);
		return NULL;
	}
	return one;
}

static size_t size_of(struct json_object *one)
{
	size_t size;

	return json_object_to_json_string_length(one, JSON_C_TO_STRING_PLAIN |
			JSON_C_TO_STRING_NOSLASHESCAPE, &size) ?
		       size + 1 : SOCKET_LINE;
}

/* As many as have room in a line. What is told is what is written down. */
static int put_chains(struct ask *ask, const int64_t *ids, size_t n,
		      struct json_object *keys)
{
	static struct trail_record records[KDB_LIST_MAX];
	size_t room = SOCKET_LINE - LINE_REST, told = 0, i;
	struct json_object *one;

	for (i = 0; i < n; i++) {
		one = one_chain(ask, ids[i], &records[told]);
		if (!one)
			return -ENOMEM;
		if (size_of(one) > room) {
			json_object_put(one);
			break;
		}
		room -= size_of(one);
		if (json_object_array_add(keys, one))
			return -ENOMEM;
		told += records[told].event != 0;
	}
	return audit_notes(ask->kdb, records, told);
}

static int chains(struct ask *ask)
{
	struct json_object *list, *one, *keys;
	int64_t ids[KDB_LIST_MAX];
	size_t n, i;
	int ret;

	if (!json_object_object_get_ex(ask->in, "ids", &list) ||
	    !json_object_is_type(list, json_type_array) ||
	    json_object_array_length(list) > KDB_LIST_MAX)
		return no(ask, EINVAL, "ids is an array of at most 64");
	n = json_object_array_length(list);
	for (i = 0; i < n; i++) {
		one = json_object_array_get_idx(list, i);
		ids[i] = json_object_get_int64(one);
		if (!json_object_is_type(one, json_type_int) || ids[i] < 0 ||
		    ids[i] > ID_MAX)
			return no(ask, EINVAL, "an id is a number");
	}
	keys = json_object_new_array();
	ret = add(ask->out, "keys", keys);
	return ret ? ret : put_chains(ask, ids, n, keys);
}

static int remove_key(struct ask *ask)
{
	static const struct name unknown;
	static struct kdb_key key;
	struct trail_record record;
	int64_t id;
	int ret;

	ret = which_key(ask, &key);
	/* Root may clear away what nobody can read. */
	if (ret == -EBADMSG && is_root(ask) && given(ask, "id")) {
		id = number(ask, "id", ID_MAX);
		key.name = unknown;
	} else if (ret) {
		return ret;
	} else {
		id = key.id;
	}
	audit_fill(&record, TRAIL_REMOVE, 0, &key.name, ask->peer);
	ret = kdb_remove(ask->kdb, id, &record);
	if (ret)
		return ret;
	log_info("key %lld is removed", (long long)id);
	return add_number(ask->out, "id", id);
}

static int open_and_cut(struct kdb *kdb, int64_t id)
{
	static struct kdb_key key;
	static struct chain chain;
	struct branch branch;
	int ret;

	ret = kdb_get_id(kdb, id, &key);
	/* All that there is of it. */
	if (!ret && key.state.state == TKM_STATE_DESTROYED)
		return 0;
	ret = ret ? ret : kdb_chain(kdb, &key, &chain);
	return ret ? ret : branch_cut(chain.der, chain.len, &key.name, &branch);
}

static int add_id(struct json_object *list, int64_t id)
{
	return json_object_array_add(list, json_object_new_int64(id)) ?
		       -ENOMEM : 0;
}

/* Everybody's. */
static int check_policies(struct ask *ask)
{
	struct json_object *bad = json_object_new_array();
	static struct policy policy;
	int64_t ids[POLICIES];
	int n, i, ret;

	ret = add(ask->out, "bad-policies", bad);
	n = ret ? ret : kdb_policy_ids(ask->kdb, ids);
	for (i = 0; !ret && i < n; i++)
		if (kdb_policy_get_id(ask->kdb, ids[i], &policy) ||
		    policy.damaged)
			ret = add_id(bad, ids[i]);
	ret = n < 0 ? n : ret;
	return ret ? ret : add_number(ask->out, "policies", n);
}

static int check_domains(struct ask *ask, bool all)
{
	struct json_object *bad = json_object_new_array();
	struct domain domain = { .id = 0 };
	int ret, n = 0;

	ret = add(ask->out, "bad-domains", bad);
	while (!ret || ret == -EBADMSG) {
		ret = all ? domain_next(ask->kdb, domain.id, &domain) :
			    domain_get(ask->kdb, ask->peer->uid, TKM_SIDE_INIT,
				       &domain);
		if (!ret || ret == -EBADMSG)
			n++;
		if (ret == -EBADMSG && add_id(bad, domain.id))
			ret = -ENOMEM;
		if (!all)
			break;
	}
	if (ret && ret != -ENOKEY && ret != -EBADMSG)
		return ret;
	return add_number(ask->out, "domains", n);
}

/* Once, with the last of the keys. */
static int check_others(struct ask *ask)
{
	bool all;
	int ret = flag(ask, "all", &all);

	ret = ret ? ret : check_policies(ask);
	return ret ? ret : check_domains(ask, all);
}

static int check(struct ask *ask)
{
	int64_t ids[KDB_LIST_MAX];
	struct json_object *bad;
	int ret, n, i;

	n = page(ask, ids);
	if (n < 0)
		return n;
	bad = json_object_new_array();
	ret = add(ask->out, "bad", bad);
	for (i = 0; !ret && i < n; i++)
		if (open_and_cut(ask->kdb, ids[i]))
			ret = add_id(bad, ids[i]);
	ret = ret ? ret : add_number(ask->out, "checked", n);
	if (!ret && n)
		ret = add_number(ask->out, "last", ids[n - 1]);
	return ret || n == KDB_LIST_MAX ? ret : check_others(ask);
}

/* ---- domains with passwords ---- */

static int describe_domain(struct json_object *list, const struct domain *domain)
{
	struct json_object *one = json_object_new_object();
	int ret;

	if (!one || json_object_array_add(list, one))
		return -ENOMEM;
	ret = add_number(one, "owner", domain->name.owner);
	ret = ret ? ret : add_text(one, "side",
				   domain->name.side == TKM_SIDE_INIT ?
					   "init" : "other");
	/* "@:" is the module's. */
	return ret ? ret : add_text(one, "about", domain->name.description + 2);
}

static int domains(struct ask *ask)
{
	int64_t after = number(ask, "after", ID_MAX);
	struct json_object *list = json_object_new_array();
	const struct name *which;
	struct domain domain = { .id = 0 };
	struct name own;
	int ret, n = 0;

	ret = add(ask->out, "domains", list);
	ret = ret ? ret : which_domain(ask, &own, &which);
	if (!ret && after < 0)
		ret = no(ask, EINVAL, "after is a number");
	if (!ret && which) {
		ret = domain_get(ask->kdb, which->owner, which->side, &domain);
		ret = ret ? ret : describe_domain(list, &domain);
	}
	while (!ret && !which && n++ < KDB_LIST_MAX) {
		ret = domain_next(ask->kdb, after, &domain);
		after = ret == -ENOKEY ? after : domain.id;
		if (ret == -EBADMSG)
			ret = 0;
		else if (!ret)
			ret = describe_domain(list, &domain);
	}
	if (ret && ret != -ENOKEY)
		return ret;
	ret = add_bool(ask->out, "more", !ret && !which);
	return ret ? ret : add_number(ask->out, "last", after);
}

/* ---- the audit ---- */

static int add_when(struct json_object *to, const char *name, uint64_t when)
{
	char text[40], second[21];

	if (!when)
		return 0;
	tkm_time_write(when / 1000000000, second);
	/* "...ss.nnnnnnnnnZ" */
	snprintf(text, sizeof(text), "%.19s.%09uZ", second,
		 (unsigned int)(when % 1000000000));
	return add_text(to, name, text);
}

static int add_key(struct json_object *to, const struct trail_record *r)
{
	char app[TKM_APP_MAX + 1], label[TKM_LABEL_MAX + 1];
	char escaped[4 * TKM_DESC_MAX + 1];
	int ret;

	if (!*r->key)
		return 0;
	if (tkm_description_parse(r->key, app, label)) {
		trail_escape(r->key, escaped);
		ret = add_text(to, "key", escaped);
	} else {
		ret = add_text(to, "key", r->key);
	}
	ret = ret ? ret : add_number(to, "owner", r->owner);
	return ret ? ret : add_text(to, "side", r->side == TKM_SIDE_INIT ?
							 "init" : "other");
}

static int add_record_of(struct json_object *to, const struct trail_record *r)
{
	char program[4 * TRAIL_PROGRAM_MAX + 1];
	int ret;

	ret = add_number(to, "record", r->number);
	ret = ret ? ret : add_when(to, "first", r->first);
	ret = ret ? ret : add_when(to, "last", r->last);
	ret = ret ? ret : add_text(to, "event", trail_event_name(r->event));
	ret = ret ? ret : add_text(to, "result", r->result ?
					   libtkm_errno_name(r->result) : "ok");
	ret = ret ? ret : add_key(to, r);
	if (!ret && r->state && r->event == TKM_AUDIT_EVENT_STATE)
		ret = add_text(to, "state", tkm_state_name(r->state));
	ret = ret ? ret : add_number(to, "uid", r->uid);
	ret = ret ? ret : add_number(to, "user-ns", r->user_ns);
	ret = ret ? ret : add_number(to, "pid", r->pid);
	trail_escape(r->program, program);
	ret = ret ? ret : add_text(to, "program", program);
	ret = ret ? ret : add_number(to, "count", r->count);
	return ret || !r->lost ? ret : add_number(to, "lost", r->lost);
}

/* Nanoseconds; -1 for what is no time. */
static int64_t when(const struct ask *ask, const char *name)
{
	const char *string = text(ask, name);
	s64 seconds;

	if (!given(ask, name))
		return 0;
	if (!string || tkm_time_parse(string, strlen(string), &seconds) ||
	    seconds < 0 || seconds > INT64_MAX / 1000000000 - 1)
		return -1;
	return seconds * 1000000000;
}

static int read_filter(struct ask *ask, struct trail_filter *filter)
{
	const int64_t uid = number(ask, "uid", UINT32_MAX);
	const int64_t since = when(ask, "since"), until = when(ask, "until");
	const char *event = text(ask, "event"), *key = text(ask, "key");
	char app[TKM_APP_MAX + 1], label[TKM_LABEL_MAX + 1];
	static char description[TKM_DESC_MAX + 1];

	filter->key = NULL;
	if (key && !tkm_description_parse(key, app, label)) {
		snprintf(description, sizeof(description), "%s:%s", app, label);
		filter->key = description;
	}
	filter->event = event ? trail_event(event) : 0;
	filter->by_uid = given(ask, "uid");
	filter->uid = uid;
	filter->since = since;
	/* All of that second. */
	filter->until = until ? until + 999999999 : 0;
	if (given(ask, "key") && !filter->key)
		return no(ask, EINVAL, "key is <application>:<label>");
	if (given(ask, "event") && !filter->event)
		return no(ask, EINVAL, "there is no such event");
	if (uid < 0 || since < 0 || until < 0)
		return no(ask, EINVAL, "uid is a number, since and until are times in UTC");
	return flag(ask, "refused", &filter->refused);
}

/* What has room in a line with all names at their longest. */
#define AUDIT_LINES	16

static int audit(struct ask *ask)
{
	int64_t after = number(ask, "after", ID_MAX);
	struct json_object *list, *one;
	int left = AUDIT_PAGE, room = AUDIT_LINES, ret;
	struct trail_filter filter;
	struct trail_record record;

	ret = read_filter(ask, &filter);
	if (ret)
		return ret;
	if (after < 0)
		return no(ask, EINVAL, "after is a number");
	list = json_object_new_array();
	ret = add(ask->out, "records", list);
	while (!ret && left-- && room) {
		ret = audit_get(ask->kdb, after, &record);
		if (ret && ret != -EBADMSG)
			break;
		after = record.number;
		/* What does not open is for verify to tell. */
		if (ret || !trail_may_see(ask->peer->uid, &record) ||
		    !trail_fits(&filter, &record)) {
			ret = 0;
			continue;
		}
		room--;
		one = json_object_new_object();
		if (!one || json_object_array_add(list, one))
			return -ENOMEM;
		ret = add_record_of(one, &record);
	}
	if (ret && ret != -ENOKEY)
		return ret;
	ret = add_bool(ask->out, "more", !ret);
	return ret ? ret : add_number(ask->out, "last", after);
}

static int add_hex(struct json_object *to, const char *name,
		   const uint8_t hash[SEAL_HASH])
{
	char hex[2 * SEAL_HASH + 1];
	struct tkm_writer w;

	tkm_writer_init(&w, hex, sizeof(hex) - 1);
	tkm_put_hex(&w, hash, SEAL_HASH);
	hex[w.len] = '\0';
	return add_text(to, name, hex);
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' :
	       c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The record that there was, and has to be there still. */
static int read_wanted(struct ask *ask, struct audit_verdict *verdict)
{
	const char *hash = text(ask, "hash");
	int i, high, low;

	verdict->against = number(ask, "record", ID_MAX);
	if (given(ask, "record") != given(ask, "hash"))
		return no(ask, EINVAL, "record and hash belong together");
	if (!given(ask, "hash"))
		return 0;
	if (verdict->against <= 0 || !hash || strlen(hash) != 2 * SEAL_HASH)
		return no(ask, EINVAL, "record is a number, hash 64 digits");
	for (i = 0; i < SEAL_HASH; i++) {
		high = digit(hash[2 * i]);
		low = digit(hash[2 * i + 1]);
		if (high < 0 || low < 0)
			return no(ask, EINVAL, "hash is 64 digits, 0 to f");
		verdict->wanted[i] = high << 4 | low;
	}
	return 0;
}

static int audit_check(struct ask *ask)
{
	struct audit_verdict verdict = { .last = 0 };
	int64_t after = number(ask, "after", ID_MAX), first, last;
	uint8_t hash[SEAL_HASH];
	int ret;

	if (!is_root(ask))
		return no(ask, EPERM, "the whole audit is for root");
	if (after < 0)
		return no(ask, EINVAL, "after is a number");
	ret = read_wanted(ask, &verdict);
	ret = ret ? ret : audit_verify(ask->kdb, after, &verdict);
	if (ret)
		return ret;
	audit_ends(&first, &last, hash);
	ret = add_number(ask->out, "checked", verdict.checked);
	ret = ret ? ret : add_bool(ask->out, "more", verdict.more);
	ret = ret ? ret : add_number(ask->out, "last", verdict.last);
	if (!ret && verdict.bad)
		ret = add_number(ask->out, "bad", verdict.bad);
	if (!ret && verdict.bad)
		ret = add_text(ask->out, "why", verdict.why);
	ret = ret ? ret : add_number(ask->out, "begins", first);
	ret = ret ? ret : add_number(ask->out, "ends", last);
	return ret ? ret : add_hex(ask->out, "hash", hash);
}

/* ---- named policies ---- */

/* Approvals are the larger part: in base64 all of them have room in a line. */
#define BASE64(n)	(((n) + 2) / 3 * 4 + 1)

static int policy_name(struct ask *ask, char name[TKM_POLICY_NAME_MAX + 1])
{
	const char *given_name = text(ask, "name");

	if (!given_name || !tkm_policy_name_ok(given_name, strlen(given_name)))
		return no(ask, EINVAL, "name is 1 to 32 of a-z 0-9 . _ -");
	strcpy(name, given_name);
	return 0;
}

static int no_policy(struct ask *ask, int ret)
{
	switch (ret) {
	case -ENOKEY:
	case -ENOENT:
		return no(ask, ENOKEY, "no policy of that name is kept");
	case -EOPNOTSUPP:
		return no(ask, EOPNOTSUPP, "the module does not know policies, or not such a key");
	case -EINVAL:
		return no(ask, EINVAL, "the module does not take it: another key's approval, or another policy's");
	case -EBADMSG:
		return no(ask, EBADMSG, "it is damaged: a public area, an approval, or what is kept");
	case -ENOSPC:
		return no(ask, ENOSPC, "the disk is full, or there are as many policies as there may be");
	default:
		return ret;
	}
}

static int add_key_hex(struct json_object *to, const char *name,
		       const uint8_t *bytes, size_t len)
{
	char hex[2 * POLICY_KEY_MAX + 1];
	struct tkm_writer w;

	tkm_writer_init(&w, hex, sizeof(hex) - 1);
	tkm_put_hex(&w, bytes, len);
	hex[w.len] = '\0';
	return add_text(to, name, hex);
}

static int add_policy(struct json_object *to, const struct policy *policy)
{
	static const char *const keys[] = { "authority", "recovery" };
	char list[80];
	int ret, i;

	ret = add_text(to, "name", policy->name);
	if (!ret && policy->pcrs.mask) {
		tkm_pcrs_write(&policy->pcrs, list, sizeof(list));
		ret = add_text(to, "pcrs", list);
	}
	for (i = 0; !ret && i < 2; i++)
		if (policy->key[i].len)
			ret = add_key_hex(to, keys[i], policy->key[i].pub,
					  policy->key[i].len);
	return ret;
}

static int policies(struct ask *ask)
{
	static struct policy policy;
	int64_t ids[POLICIES];
	struct json_object *list, *one;
	int ret, n, i;

	n = kdb_policy_ids(ask->kdb, ids);
	if (n < 0)
		return n;
	list = json_object_new_array();
	ret = add(ask->out, "policies", list);
	for (i = 0; !ret && i < n; i++) {
		if (kdb_policy_get_id(ask->kdb, ids[i], &policy))
			continue;
		one = json_object_new_object();
		if (!one || json_object_array_add(list, one))
			return -ENOMEM;
		ret = add_text(one, "name", policy.name);
	}
	return ret;
}

static int show_policy(struct ask *ask)
{
	char name[TKM_POLICY_NAME_MAX + 1], line[BASE64(TKM_APPROVAL_MAX)];
	static struct policy policy;
	struct json_object *list;
	unsigned int i;
	int ret;

	ret = policy_name(ask, name);
	if (ret)
		return ret;
	ret = kdb_policy_get(ask->kdb, name, &policy);
	if (ret)
		return no_policy(ask, ret);
	ret = add_policy(ask->out, &policy);
	if (ret || policy.pcrs.mask)
		return ret;
	list = json_object_new_array();
	ret = add(ask->out, "approvals", list);
	for (i = 0; !ret && i < policy.n; i++) {
		EVP_EncodeBlock((uint8_t *)line, policy.approval[i].der,
				(int)policy.approval[i].len);
		if (json_object_array_add(list, json_object_new_string(line)))
			ret = -ENOMEM;
	}
	return ret;
}

typedef int change_fn(struct ask *ask, const char *name,
		      struct trail_record *record);

/* Done or refused, it is in the audit: in the transaction, or by itself. */
static int change_policy(struct ask *ask, uint32_t event, change_fn *change)
{
	struct name of = { .owner = 0, .side = TKM_SIDE_INIT };
	char name[TKM_POLICY_NAME_MAX + 1];
	struct trail_record record;
	int ret = policy_name(ask, name);

	if (ret)
		return ret;
	snprintf(of.description, sizeof(of.description), "@policy:%s", name);
	audit_fill(&record, event, 0, &of, ask->peer);
	if (is_root(ask))
		ret = change(ask, name, &record);
	else
		ret = no(ask, EPERM, "policies are root's to change");
	if (!ret || ret == -ENOTRECOVERABLE)
		return ret;
	ask->noted = true;
	return audit_note(ask->kdb, event, ret, &of, ask->peer) ?: ret;
}

static int take_key(struct ask *ask, const char *name, struct policy *policy,
		    int which)
{
	const char *hex = text(ask, name);
	size_t n = hex ? strlen(hex) : 0;

	if (!given(ask, name))
		return 0;
	if (!n || n % 2 || n / 2 > POLICY_KEY_MAX ||
	    tkm_hex_decode(hex, n, policy->key[which].pub))
		return no(ask, EINVAL, "authority and recovery are public areas in hex");
	policy->key[which].len = n / 2;
	return 0;
}

static int take_pcrs(struct ask *ask, struct tkm_pcrs *pcrs)
{
	const char *list = text(ask, "pcrs");
	static struct tkm_request req;
	char words[128];
	int n;

	if (!given(ask, "pcrs"))
		return 0;
	n = snprintf(words, sizeof(words), "new pcrs=%s", list ? list : "");
	if (!list || n >= (int)sizeof(words) || strpbrk(list, " \n") ||
	    tkm_optparse(words, n, &req) || req.pcrs_choice != TKM_SET)
		return no(ask, EINVAL, "pcrs is a list as in sha256:7+11");
	*pcrs = req.pcrs;
	return 0;
}

static int do_set(struct ask *ask, const char *name, struct trail_record *record)
{
	static struct policy policy;
	int ret;

	memset(&policy, 0, sizeof(policy));
	strcpy(policy.name, name);
	ret = take_pcrs(ask, &policy.pcrs);
	ret = ret ? ret : take_key(ask, "authority", &policy, 0);
	ret = ret ? ret : take_key(ask, "recovery", &policy, 1);
	if (ret)
		return ret;
	if (!policy.pcrs.mask == !policy.key[0].len ||
	    (policy.key[1].len && !policy.key[0].len))
		return no(ask, EINVAL, "either pcrs, or authority with or without recovery");
	ret = policy_set(ask->kdb, &policy, record);
	if (!ret)
		log_info("a policy is set");
	return no_policy(ask, ret);
}

static int take_approval(const char *base64, struct approval *approval)
{
	uint8_t der[TKM_APPROVAL_MAX + 3];
	size_t n = strlen(base64);
	int len;

	if (!n || n % 4 || n > BASE64(TKM_APPROVAL_MAX))
		return -EINVAL;
	len = EVP_DecodeBlock(der, (const uint8_t *)base64, (int)n);
	len -= base64[n - 1] == '=';
	len -= base64[n - 2] == '=';
	if (len <= 0 || len > TKM_APPROVAL_MAX)
		return -EINVAL;
	memcpy(approval->der, der, len);
	approval->len = len;
	return 0;
}

static int set_policy(struct ask *ask)
{
	return change_policy(ask, TKM_AUDIT_EVENT_POLICY_SET, do_set);
}

static int do_approve(struct ask *ask, const char *name,
		      struct trail_record *record)
{
	static struct policy policy;
	struct json_object *list, *one;
	size_t i, n;
	int ret;

	memset(&policy, 0, sizeof(policy));
	strcpy(policy.name, name);
	if (!json_object_object_get_ex(ask->in, "approvals", &list) ||
	    !json_object_is_type(list, json_type_array))
		return no(ask, EINVAL, "approvals is an array");
	n = json_object_array_length(list);
	if (n > POLICY_APPROVALS)
		return no(ask, EINVAL, "a policy has at most 16 approvals");
	for (i = 0; i < n; i++) {
		one = json_object_array_get_idx(list, i);
		if (!json_object_is_type(one, json_type_string) ||
		    take_approval(json_object_get_string(one),
				  &policy.approval[policy.n++]))
			return no(ask, EINVAL, "an approval is DER in base64");
	}
	ret = policy_approve(ask->kdb, &policy, record);
	if (!ret)
		log_info("a policy has %u approvals", policy.n);
	return no_policy(ask, ret);
}

static int approve_policy(struct ask *ask)
{
	return change_policy(ask, TKM_AUDIT_EVENT_POLICY_APPROVE, do_approve);
}

static int do_remove(struct ask *ask, const char *name,
		     struct trail_record *record)
{
	int ret;

	ret = policy_remove(ask->kdb, name, record);
	if (!ret)
		log_info("a policy is removed");
	return no_policy(ask, ret);
}

static int remove_policy(struct ask *ask)
{
	return change_policy(ask, TKM_AUDIT_EVENT_POLICY_REMOVE, do_remove);
}

/* The counter is the TPM's, which tkmd has no way to: root says what became of it. */
static int note_retired(struct ask *ask)
{
	const int64_t epoch = number(ask, "epoch", ID_MAX);
	const int64_t result = number(ask, "result", 4095);
	struct name of = { .owner = 0, .side = TKM_SIDE_INIT };

	if (!is_root(ask))
		return no(ask, EPERM, "policies are root's to change");
	if (epoch < 0 || result < 0 || !given(ask, "result"))
		return no(ask, EINVAL, "epoch and result are numbers");
	snprintf(of.description, sizeof(of.description), "@epoch:%lld",
		 (long long)epoch);
	return audit_note(ask->kdb, TRAIL_RETIRE, -(int)result,
			  epoch ? &of : NULL, ask->peer);
}

/* ---- the table ---- */

struct verb {
	const char *name;
	int (*answer)(struct ask *ask);
	const char *const members[10];
};

static const struct verb verbs[] = {
	{ "status", status, { NULL } },
	{ "list", list, { "all", "after", NULL } },
	{ "show", show, { "key", "id", "owner", "side", "chain", NULL } },
	{ "chains", chains, { "ids", NULL } },
	{ "remove", remove_key, { "key", "id", "owner", "side", NULL } },
	{ "check", check, { "all", "after", NULL } },
	{ "tkmrk", platform_root, { NULL } },
	{ "platforms", platform_list, { "after", NULL } },
	{ "platform", platform_show, { "name", NULL } },
	{ "platform-challenge", platform_challenge,
	  { "challenge", "credential", "expect", NULL } },
	{ "platform-answer", platform_answer, { "challenge", "proof", NULL } },
	{ "platform-put", platform_put,
	  { "name", "ek", "ak", "tkmrk", "index", "credential", "challenge",
	    "proof", "replace", NULL } },
	{ "platform-remove", platform_remove, { "name", NULL } },
	{ "packet", packet_show, { "id", NULL } },
	{ "packet-take", packet_take,
	  { "id", "digest", "source", "existing", NULL } },
	{ "packet-retire", packet_retire, { "id", "owner", NULL } },
	{ "policies", policies, { NULL } },
	{ "policy", show_policy, { "name", NULL } },
	{ "policy-set", set_policy,
	  { "name", "pcrs", "authority", "recovery", NULL } },
	{ "policy-approve", approve_policy, { "name", "approvals", NULL } },
	{ "policy-remove", remove_policy, { "name", NULL } },
	{ "policy-retired", note_retired, { "epoch", "result", NULL } },
	{ "domains", domains, { "all", "after", NULL } },
	{ "audit", audit, { "key", "uid", "event", "since", "until", "refused",
			    "after", NULL } },
	{ "audit-verify", audit_check, { "after", "record", "hash", NULL } },
};

static bool has_member(const struct verb *verb, const char *name)
{
	const char *const *member;

	for (member = verb->members; *member; member++)
		if (!strcmp(*member, name))
			return true;
	return !strcmp(name, "verb");
}

static int answer(struct ask *ask)
{
	const char *name = text(ask, "verb");
	const struct verb *verb;

	for (verb = verbs; name && verb < verbs + ARRAY_SIZE(verbs); verb++) {
		if (strcmp(verb->name, name))
			continue;
		json_object_object_foreach(ask->in, member, value) {
			(void)value;
			if (!has_member(verb, member))
				return no(ask, EINVAL, "a member that this verb does not have");
		}
		return verb->answer(ask);
	}
	return no(ask, EINVAL, "no such verb");
}

/* Strict, of UTF-8, one object and nothing after it; NULL else. */
static struct json_object *parse(const char *line, size_t len)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH);
	struct json_object *in = NULL;

	if (!tokener)
		return NULL;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT |
					JSON_TOKENER_VALIDATE_UTF8);
	in = json_tokener_parse_ex(tokener, line, (int)len);
	if (json_tokener_get_error(tokener) != json_tokener_success ||
	    json_tokener_get_parse_end(tokener) != len ||
	    !json_object_is_type(in, json_type_object)) {
		json_object_put(in);
		in = NULL;
	}
	json_tokener_free(tokener);
	return in;
}

/* A message of ours, or an errno's: nothing in it needs to be escaped. */
size_t request_refuse(int error, const char *message, char *out)
{
	const char *const name = libtkm_errno_name(error);

	return snprintf(out, SOCKET_LINE,
			"{\"ok\":false,\"errno\":\"%s\",\"message\":\"%s\"}",
			name, message ? message : strerror(error));
}

static size_t write_out(struct json_object *out, char *line)
{
	const char *json = json_object_to_json_string_ext(out,
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	size_t len = json ? strlen(json) : SOCKET_LINE;

	if (len >= SOCKET_LINE)
		return request_refuse(json ? E2BIG : ENOMEM, NULL, line);
	memcpy(line, json, len);
	return len;
}

/* What the outside is told of; the log tells more. */
static int public_errno(int error)
{
	switch (error) {
	case EINVAL:
	case E2BIG:
	case EPERM:
	case ENOKEY:
	case EBADMSG:
	case EAGAIN:
	case ENOSPC:
	case EROFS:
	case EDQUOT:
	case EOPNOTSUPP:
	case EEXIST:
	case EALREADY:
	case EKEYREJECTED:
		return error;
	default:
		return EIO;
	}
}

/* What is another's, and was asked for all the same, is written down. */
static int note_refusal(const struct ask *ask, int ret)
{
	if ((ret != -EPERM && !ask->hidden) || ask->noted)
		return ret;
	return audit_note(ask->kdb, TRAIL_QUERY, ask->hidden ? -ENOKEY : ret,
			  NULL, ask->peer) ?: ret;
}

ssize_t request_answer(struct kdb *kdb, const struct who *peer, int file,
		       const char *line, size_t len, char *out)
{
	struct ask ask = { .kdb = kdb, .peer = peer, .file = file };
	ssize_t n;
	int ret;

	if (peer->foreign) {
		if (note_refusal(&ask, -EPERM) == -ENOTRECOVERABLE)
			return -ENOTRECOVERABLE;
		return request_refuse(EPERM, "tkmd speaks to its own user namespace alone",
				      out);
	}
	ask.in = parse(line, len);
	ask.out = json_object_new_object();
	if (!ask.in)
		ret = no(&ask, EINVAL, "not one object of JSON");
	else if (!ask.out)
		ret = -ENOMEM;
	else
		ret = add_bool(ask.out, "ok", true) ?: answer(&ask);
	ret = note_refusal(&ask, ret);
	if (ret == -ENOTRECOVERABLE)
		n = ret;
	else if (ret < 0)
		n = request_refuse(public_errno(-ret), ask.why, out);
	else
		n = write_out(ask.out, out);
	json_object_put(ask.in);
	json_object_put(ask.out);
	return n;
}
