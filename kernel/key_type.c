// SPDX-License-Identifier: GPL-2.0
/*
 * The key type `tkm`: what add_key, keyctl and /proc/keys reach.
 *
 * Parsing and TPM work happen in preparse, which runs without any key's lock;
 * so does the wait for the helper. (add_key holds the semaphore of key types for
 * reading around it, as it does for every type: other add_keys go on, but a type
 * that wants to register waits for us, and whoever comes after it waits with
 * it.) instantiate runs under the system-wide construction mutex and only
 * attaches. reseal needs the key it works on, so it waits for TPM and helper in
 * update, under that one key's own semaphore. describe is atomic. destroy only
 * detaches and queues.
 *
 * payload.rcu_data0 holds the struct tkm_payload, payload.data[1] what was
 * published, payload.data[2] (in a key_preparsed_payload only) a struct
 * tkm_update, payload.data[3] the struct tkm_seat.
 *
 * Locking: rcu_data0, data[1] and data[3] change under key->sem for writing.
 */
#define pr_fmt(fmt) "tkm: " fmt

#include <keys/request_key_auth-type.h>
#include <keys/user-type.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/keyctl.h>
#include <linux/ktime.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "tkm_internal.h"
/* The same names for programs: a value that differs does not compile. */
#include <linux/tkm.h>
#include <linux/tkm_netlink.h>

#define PAYLOAD		0
#define PUBLISHED	1
#define UPDATE		2
#define SEAT		3

/*
 * What a key is charged, whatever its chain's size: the default quota is 200
 * keys and 20,000 bytes for a user.
 */
#define QUOTA_BYTES	64

/**
 * struct tkm_update - a reseal or a publish on its way from preparse to update
 * @req: the request
 * @auth: reseal: the new authValue
 * @keyring: publish: where to, with a reference
 */
struct tkm_update {
	struct tkm_request req;
	struct tkm_auth auth;
	key_ref_t keyring;
};

static enum tkm_side current_side(void)
{
	return current_user_ns() == &init_user_ns ? TKM_SIDE_INIT :
						    TKM_SIDE_OTHER;
}

void tkm_caller_now(struct tkm_caller *caller)
{
	caller->owner = from_kuid(&init_user_ns, current_fsuid());
	caller->side = current_side();
	caller->now = ktime_get_real_seconds();
}

/* ---- preparse ---- */

static int auth_read(const struct key *key, struct tkm_auth *auth)
{
	const struct user_key_payload *value = user_key_payload_locked(key);

	if (!value)
		return -EKEYREVOKED;
	if (!value->datalen)
		return -EINVAL;
	if (value->datalen > sizeof(auth->value))
		return -E2BIG;
	memcpy(auth->value, value->data, value->datalen);
	auth->len = value->datalen;
	/* The TPM does not count trailing zeros; all zero is no value. */
	while (auth->len && !auth->value[auth->len - 1])
		auth->len--;
	return auth->len ? 0 : -EINVAL;
}

/**
 * tkm_auth_get() - the authValue that a serial number names
 * @serial: of a user or logon key that the current task may search
 * @auth: its payload
 *
 * Return: 0, or an errno of the table.
 */
int tkm_auth_get(key_serial_t serial, struct tkm_auth *auth)
{
	key_ref_t ref;
	struct key *key;
	int ret;

	ref = lookup_user_key(serial, 0, KEY_NEED_SEARCH);
	if (IS_ERR(ref))
		return PTR_ERR(ref);
	key = key_ref_to_ptr(ref);
	if (key->type != &key_type_user && key->type != &key_type_logon) {
		ret = -EINVAL;
	} else {
		down_read(&key->sem);
		ret = key_validate(key);
		if (!ret)
			ret = auth_read(key, auth);
		up_read(&key->sem);
	}
	key_ref_put(ref);
	return ret;
}

static int auth_get(const struct tkm_request *req, struct tkm_auth *auth)
{
	return req->auth_choice == TKM_SET ? tkm_auth_get(req->auth, auth) : 0;
}

static struct tkm_payload *prepare_new(const struct tkm_request *req,
				       const struct tkm_caller *caller,
				       const struct tkm_auth *auth)
{
	struct tkm_record rec = {
		.kind = req->kind,
		.class = req->class,
		.owner = caller->owner,
		.side = caller->side,
		.uses = req->uses,
		.created = caller->now,
		.not_before = req->not_before,
		.protect_until = req->protect_until,
		.not_after = req->not_after,
	};
	int ret;

	if ((rec.not_after && rec.not_after <= rec.created) ||
	    (rec.protect_until && rec.protect_until <= rec.created))
		return ERR_PTR(-EKEYEXPIRED);
	ret = tkm_class_authority(req, &rec);
	if (ret)
		return ERR_PTR(ret);
	strcpy(rec.app, caller->app);
	strcpy(rec.label, caller->label);
	return tkm_object_new(req, &rec, auth);
}

static struct tkm_payload *prepare_load(const struct tkm_request *req,
					const struct tkm_caller *caller,
					const struct tkm_auth *auth)
{
	struct tkm_payload *payload;
	size_t len = req->chain_len / 2;
	u8 *der;

	if (req->chain_is_der)
		return tkm_object_load(req->chain, req->chain_len, caller, auth);
	if (len > TKM_CHAIN_MAX)
		return ERR_PTR(-E2BIG);
	der = kmalloc(len, GFP_KERNEL);
	if (!der)
		return ERR_PTR(-ENOMEM);
	if (tkm_hex_decode((const char *)req->chain, req->chain_len, der))
		payload = ERR_PTR(-EINVAL);
	else
		payload = tkm_object_load(der, len, caller, auth);
	kfree(der);
	return payload;
}

/* A life for it, and a place where it is kept, if anyone keeps it. */
static int settle_new(struct tkm_payload *payload, enum tkm_state state)
{
	int ret = tkm_life_begin(payload, state);

	if (ret)
		return ret;
	/* What is acknowledged is on the disk, if anyone keeps it there. */
	ret = tkm_helper_keep(TKM_ERRAND_STORE, payload);
	if (ret < 0)
		return ret;
	payload->kept = ret;
	payload->event = TKM_AUDIT_EVENT_CREATE;
	return 0;
}

static int settle_loaded(struct tkm_payload *payload)
{
	enum tkm_state state;
	int ret = tkm_helper_state(payload, &state);

	payload->event = TKM_AUDIT_EVENT_LOAD;
	return ret ?: tkm_life_join(payload, state);
}

/* A payload that has its life, or an ERR_PTR. */
static struct tkm_payload *make_payload(const struct tkm_request *req,
					const struct tkm_caller *caller)
{
	bool new = req->command == TKM_COMMAND_NEW;
	struct tkm_payload *payload;
	struct tkm_auth auth = {};
	int ret;

	ret = auth_get(req, &auth);
	if (ret)
		payload = ERR_PTR(ret);
	else if (new)
		payload = prepare_new(req, caller, &auth);
	else
		payload = prepare_load(req, caller, &auth);
	memzero_explicit(&auth, sizeof(auth));
	if (IS_ERR(payload))
		return payload;
	ret = new ? settle_new(payload, req->state) : settle_loaded(payload);
	if (!ret)
		return payload;
	tkm_payload_put(payload);
	return ERR_PTR(ret);
}

/* new and load: a payload for a key that is not there yet. */
static int prepare_payload(struct key_preparsed_payload *prep,
			   const struct tkm_request *req)
{
	struct tkm_payload *payload;
	struct tkm_caller caller;
	struct tkm_seat *seat;
	struct {
		char app[TKM_APP_MAX + 1];
		char label[TKM_LABEL_MAX + 1];
	} desc;
	int ret;

	/* keyctl update gives no description: nothing to make one for. */
	if (!prep->orig_description)
		return -EINVAL;
	ret = tkm_description_parse(prep->orig_description, desc.app,
				    desc.label);
	if (ret)
		return ret;
	tkm_caller_now(&caller);
	caller.app = desc.app;
	caller.label = desc.label;
	seat = tkm_seat_alloc();
	payload = seat ? make_payload(req, &caller) : ERR_PTR(-ENOMEM);
	tkm_audit(req->command == TKM_COMMAND_NEW ? TKM_AUDIT_EVENT_CREATE :
						    TKM_AUDIT_EVENT_LOAD,
		  &caller, PTR_ERR_OR_ZERO(payload));
	if (IS_ERR(payload)) {
		kfree(seat);
		return PTR_ERR(payload);
	}
	prep->payload.data[PAYLOAD] = payload;
	prep->payload.data[SEAT] = seat;
	prep->quotalen = QUOTA_BYTES;
	if (payload->rec.not_after)
		prep->expiry = payload->rec.not_after;
	return 0;
}

static void update_free(struct tkm_update *update)
{
	if (!update)
		return;
	if (update->keyring)
		key_ref_put(update->keyring);
	kfree_sensitive(update);
}

/* What keyctl update is for: what it needs of the caller, without any key's lock. */
static int prepare_update(struct key_preparsed_payload *prep,
			  const struct tkm_request *req)
{
	struct tkm_update *update;
	key_ref_t ref;
	int ret;

	/* add_key may find no key to update: these want keyctl update. */
	if (prep->orig_description)
		return -EINVAL;
	update = kzalloc(sizeof(*update), GFP_KERNEL);
	if (!update)
		return -ENOMEM;
	update->req = *req;
	/* It pointed into the payload text, which does not live as long. */
	update->req.chain = NULL;
	ret = auth_get(req, &update->auth);
	if (!ret && req->command == TKM_COMMAND_PUBLISH) {
		ref = lookup_user_key(req->keyring, KEY_LOOKUP_CREATE,
				      KEY_NEED_WRITE);
		if (IS_ERR(ref))
			ret = PTR_ERR(ref);
		else
			update->keyring = ref;
	}
	if (ret) {
		update_free(update);
		return ret;
	}
	prep->payload.data[UPDATE] = update;
	prep->quotalen = QUOTA_BYTES;
	return 0;
}

static int tkm_preparse(struct key_preparsed_payload *prep)
{
	struct tkm_request *req;
	int ret;

	if (!prep->data || !prep->datalen)
		return -EINVAL;
	if (prep->datalen > TKM_PAYLOAD_MAX)
		return -E2BIG;
	req = kzalloc(sizeof(*req), GFP_KERNEL);
	if (!req)
		return -ENOMEM;
	ret = tkm_optparse(prep->data, prep->datalen, req);
	/* len= of a publish; the text alone tells. */
	if (ret == -EMSGSIZE)
		ret = tkm_publish_wrong_size(req, req->len);
	if (!ret) {
		if (req->command == TKM_COMMAND_NEW ||
		    req->command == TKM_COMMAND_LOAD)
			ret = prepare_payload(prep, req);
		else
			ret = prepare_update(prep, req);
	}
	kfree(req);
	return ret;
}

static void tkm_free_preparse(struct key_preparsed_payload *prep)
{
	struct tkm_payload *payload = prep->payload.data[PAYLOAD];

	/* No key has it: no quota, no permission, or a key of that name. */
	if (payload && payload->kept)
		tkm_helper_drop(payload);
	if (payload && payload->event)
		tkm_audit_key(payload->event, payload, -ECANCELED);
	tkm_payload_put(payload);
	kfree(prep->payload.data[SEAT]);
	update_free(prep->payload.data[UPDATE]);
}

static int tkm_vet_description(const char *desc)
{
	char app[TKM_APP_MAX + 1], label[TKM_LABEL_MAX + 1];

	return tkm_description_parse(desc, app, label);
}

static int tkm_instantiate(struct key *key, struct key_preparsed_payload *prep)
{
	struct tkm_payload *payload = prep->payload.data[PAYLOAD];
	int ret = tkm_domain_join(payload, key);

	if (!ret)
		ret = generic_key_instantiate(key, prep);
	if (ret)
		tkm_domain_leave(payload);
	else
		tkm_seat_take(key->payload.data[SEAT], key);
	return ret;
}

/* ---- use ---- */

/* A possessor may move the key's own expiry (keyctl timeout), not its record's. */
static bool record_is_over(const struct tkm_record *rec)
{
	return rec->not_after && rec->not_after <= ktime_get_real_seconds();
}

/* Whether it has expired, by its record or by the keyring. */
bool tkm_key_is_over(const struct key *key, const struct tkm_payload *payload)
{
	return tkm_key_expires(key) <= ktime_get_real_seconds() ||
	       record_is_over(&payload->rec);
}

/**
 * tkm_may_use() - whether the current task may use a key so
 * @key: its sem is held
 * @payload: what it holds
 * @use: any of TKM_USE_*, one of which is enough; 0 for what every key does
 * @way: and to what end, which its state has to allow; of no matter with 0
 *
 * Possession is not identity: a session keyring may be inherited over the
 * border of a user namespace, its owner's domain is not.
 *
 * Return: 0; -EPERM for another domain, for a use that the key was not made
 * for, and for one that its state does not allow; -EKEYEXPIRED after its
 * not-after; -EKEYREVOKED when it is destroyed, and about to be revoked;
 * -ENOKEY when its domain was locked.
 */
int tkm_may_use(const struct key *key, const struct tkm_payload *payload,
		unsigned int use, enum tkm_way way)
{
	enum tkm_state state = tkm_life_state(payload->life);

	if (!kuid_has_mapping(current_user_ns(), key->uid) ||
	    payload->rec.side != current_side())
		return -EPERM;
	if (state == TKM_STATE_DESTROYED)
		return -EKEYREVOKED;
	if (!use)
		return 0;
	if (tkm_domain_check(payload))
		return -ENOKEY;
	if (record_is_over(&payload->rec))
		return -EKEYEXPIRED;
	if (!(payload->rec.uses & use) || !tkm_state_allows(state, way))
		return -EPERM;
	return 0;
}

/**
 * tkm_payload_of() - what a tkm key holds, for who decides over it
 * @serial: of a key that the current task may write to
 *
 * Return: the payload, with a reference; or an ERR_PTR: -EPERM for another
 * domain's, -EINVAL for a key of another type, -EKEYREVOKED, -EKEYEXPIRED, -ENOKEY
 * when its domain was locked, or what the keyring says.
 */
struct tkm_payload *tkm_payload_of(key_serial_t serial)
{
	struct tkm_payload *payload;
	struct tkm_caller caller;
	key_ref_t ref;
	struct key *key;
	int ret;

	ref = lookup_user_key(serial, 0, KEY_NEED_WRITE);
	if (IS_ERR(ref))
		return ERR_CAST(ref);
	key = key_ref_to_ptr(ref);
	tkm_caller_now(&caller);
	down_read(&key->sem);
	payload = key->type == &tkm_key_type && key_is_positive(key) ?
		  dereference_key_locked(key) : NULL;
	ret = key->type != &tkm_key_type ? -EINVAL : key_validate(key);
	if (!ret && !payload)
		ret = -EKEYREVOKED;
	ret = ret ?: tkm_may_use(key, payload, 0, TKM_PROCESS);
	if (!ret && payload->rec.owner != caller.owner)
		ret = -EPERM;
	ret = ret ?: tkm_domain_check(payload);
	if (!ret)
		tkm_payload_get(payload);
	up_read(&key->sem);
	key_ref_put(ref);
	return ret ? ERR_PTR(ret) : payload;
}

/* ---- update ---- */

static int payload_replace(struct key *key, struct tkm_payload *fresh)
{
	struct tkm_payload *old = dereference_key_locked(key);
	int ret = tkm_domain_join(fresh, key);

	if (ret)
		return ret;
	rcu_assign_keypointer(key, fresh);
	tkm_domain_leave(old);
	tkm_payload_put(old);
	return 0;
}

static int update_reseal(struct key *key, struct tkm_payload *payload,
			 const struct tkm_update *update)
{
	struct tkm_payload *fresh;
	int ret;

	fresh = tkm_object_reseal(payload, &update->req, &update->auth);
	if (IS_ERR(fresh))
		return PTR_ERR(fresh);
	fresh->life = tkm_life_get(payload->life);
	ret = tkm_helper_keep(TKM_ERRAND_REPLACE, fresh);
	if (ret >= 0)
		ret = payload_replace(key, fresh);
	if (ret)
		tkm_payload_put(fresh);
	return ret;
}

static int update_publish(struct key *key, struct tkm_payload *payload,
			  const struct tkm_update *update)
{
	struct key *keyring = key_ref_to_ptr(update->keyring);
	int ret;

	ret = tkm_may_use(key, payload, TKM_USE_PUBLISH, TKM_PROTECT);
	if (ret)
		return ret;
	if (keyring->type != &key_type_keyring)
		return -ENOTDIR;
	ret = tkm_publish(key, payload, &update->req, keyring,
			  (struct tkm_published **)
				&key->payload.data[PUBLISHED]);
	if (!ret)
		tkm_life_count(payload->life);
	return ret;
}

/* Whoever may write to a key is not yet who decides over it. */
static int update_state(const struct tkm_payload *payload, enum tkm_state to)
{
	u32 caller = from_kuid(&init_user_ns, current_fsuid());

	if (payload->rec.owner != caller && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	return tkm_life_set(payload, to);
}

/*
 * add_key found a key of this description in the keyring. A key that is there
 * is never overwritten: what it holds may be all there is. Its own chain may
 * be loaded over it again, so that scripts may run twice. A negative key, left
 * by a request that nobody answered, becomes a real one.
 */
static int update_again(struct key *key, struct key_preparsed_payload *prep)
{
	struct tkm_payload *fresh = prep->payload.data[PAYLOAD];
	struct tkm_payload *old;
	int ret;

	if (key_is_negative(key)) {
		ret = key_payload_reserve(key, prep->quotalen);
		if (!ret)
			ret = tkm_domain_join(fresh, key);
		if (ret)
			return ret;
		prep->payload.data[PAYLOAD] = NULL;
		rcu_assign_keypointer(key, fresh);
		key->expiry = prep->expiry;
		swap(key->payload.data[SEAT], prep->payload.data[SEAT]);
		tkm_seat_take(key->payload.data[SEAT], key);
		return 0;
	}
	old = dereference_key_locked(key);
	if (!old)
		return -EKEYREVOKED;
	if (old->chain_len == fresh->chain_len &&
	    !memcmp(old->chain, fresh->chain, old->chain_len)) {
		fresh->event = 0;
		return 0;
	}
	tkm_audit_key(fresh->event, fresh, -EEXIST);
	fresh->event = 0;
	return -EEXIST;
}

static int update_now(struct key *key, struct tkm_payload *payload,
		      const struct tkm_update *update)
{
	int ret;

	/* Waiting for the lock, it may have been revoked. */
	ret = key_validate(key);
	if (ret)
		return ret;
	ret = tkm_may_use(key, payload, 0, TKM_PROCESS);
	if (ret)
		return ret;
	if (update->req.command == TKM_COMMAND_UNPUBLISH)
		return tkm_unpublish(&update->req, key->payload.data[PUBLISHED]);
	if (update->req.command == TKM_COMMAND_STATE)
		return update_state(payload, update->req.state);
	if (record_is_over(&payload->rec))
		return -EKEYEXPIRED;
	if (update->req.command == TKM_COMMAND_RESEAL)
		return update_reseal(key, payload, update);
	return update_publish(key, payload, update);
}

static void audit_update(const struct tkm_request *req,
			 const struct tkm_payload *payload, int ret)
{
	switch (req->command) {
	case TKM_COMMAND_STATE:
		tkm_audit_state(&payload->rec, req->state, ret);
		break;
	case TKM_COMMAND_RESEAL:
		tkm_audit_key(TKM_AUDIT_EVENT_RESEAL, payload, ret);
		break;
	case TKM_COMMAND_PUBLISH:
		tkm_audit_key(TKM_AUDIT_EVENT_PUBLISH, payload, ret);
		break;
	default:
		tkm_audit_key(TKM_AUDIT_EVENT_UNPUBLISH, payload, ret);
	}
}

static int tkm_update(struct key *key, struct key_preparsed_payload *prep)
{
	const struct tkm_update *update = prep->payload.data[UPDATE];
	struct tkm_payload *payload;
	int ret;

	if (!update)
		return update_again(key, prep);
	if (key_is_negative(key))
		return -ENOKEY;
	payload = dereference_key_locked(key);
	if (!payload)
		return -EKEYREVOKED;
	/* reseal puts another one in its place. */
	tkm_payload_get(payload);
	ret = update_now(key, payload, update);
	audit_update(&update->req, payload, ret);
	tkm_payload_put(payload);
	return ret;
}

/* ---- the end of a key ---- */

static void detach(struct key *key)
{
	struct tkm_published *published = key->payload.data[PUBLISHED];
	struct tkm_payload *payload =
		rcu_dereference_protected(key->payload.rcu_data0, true);

	tkm_seat_leave(key->payload.data[SEAT]);
	key->payload.data[SEAT] = NULL;
	key->payload.data[PUBLISHED] = NULL;
	tkm_publish_end(published);
	rcu_assign_keypointer(key, NULL);
	tkm_domain_leave(payload);
	tkm_payload_put(payload);
}

static void tkm_revoke(struct key *key)
{
	struct tkm_payload *payload;

	key_payload_reserve(key, 0);
	/* A negative key holds an error where a payload would be. */
	if (!key_is_positive(key))
		return;
	payload = dereference_key_locked(key);
	/* That it is destroyed is known; it is our own work that revokes it. */
	if (payload && tkm_life_kept(payload->life) != TKM_STATE_DESTROYED)
		tkm_audit_key(TKM_AUDIT_EVENT_REVOKE, payload, 0);
	detach(key);
}

static void tkm_destroy(struct key *key)
{
	if (key_is_positive(key))
		detach(key);
}

/* ---- looking ---- */

static const char *state_name(const struct key *key,
			      const struct tkm_payload *payload)
{
	if (tkm_key_is_over(key, payload))
		return "expired";
	return tkm_state_name(tkm_life_state(payload->life));
}

/* Atomic: under RCU and a spinlock of the keyring's. */
static void tkm_describe(const struct key *key, struct seq_file *m)
{
	const struct tkm_payload *payload;

	seq_puts(m, key->description);
	if (!key_is_positive(key))
		return;
	rcu_read_lock();
	payload = rcu_dereference(key->payload.rcu_data0);
	if (payload)
		seq_printf(m, ": app=%s label=%s kind=%s class=%s state=%s policy=%s%s",
			   payload->rec.app, payload->rec.label,
			   tkm_kind_name(payload->rec.kind),
			   tkm_class_name(payload->rec.class),
			   state_name(key, payload), payload->policy,
			   payload->flat ? " flat" : "");
	rcu_read_unlock();
}

/* The chain, in hex, as trusted keys do: "load $(cat file)" works. */
static long tkm_read(const struct key *key, char *buffer, size_t buflen)
{
	const struct tkm_payload *payload = dereference_key_locked(key);
	size_t len;
	int ret;

	if (!payload)
		return -EKEYREVOKED;
	len = 2 * payload->chain_len;
	ret = tkm_may_use(key, payload, 0, TKM_PROCESS);
	if (!ret && (!buffer || buflen < len))
		return len;
	tkm_audit_key(TKM_AUDIT_EVENT_EXPORT, payload, ret);
	if (ret)
		return ret;
	bin2hex(buffer, payload->chain, payload->chain_len);
	return len;
}

/*
 * request_key(2) with something to call out found no key: the helper may have
 * its chain. All that is in the requester's own name, so its domain is asked
 * for; no process is started, on the host or anywhere.
 */
static int find_and_load(struct key *authkey)
{
	const struct request_key_auth *rka = get_request_key_auth(authkey);
	struct key *key = rka->target_key;
	struct tkm_caller caller;
	struct {
		char app[TKM_APP_MAX + 1];
		char label[TKM_LABEL_MAX + 1];
	} desc;
	u8 *chain = NULL;
	size_t len = 0;
	int ret;

	ret = tkm_description_parse(key->description, desc.app, desc.label);
	if (ret)
		return ret;
	tkm_caller_now(&caller);
	caller.app = desc.app;
	caller.label = desc.label;
	ret = tkm_helper_find(&caller, &chain, &len);
	/* A chain, and none of the words that a payload may be. */
	if (!ret && (!len || chain[0] != TKM_DER_SEQUENCE))
		ret = -EBADMSG;
	if (!ret)
		ret = key_instantiate_and_link(key, chain, len,
					       rka->dest_keyring, authkey);
	kfree(chain);
	return ret;
}

static int tkm_request_key(struct key *authkey, void *aux)
{
	int ret = find_and_load(authkey);

	complete_request_key(authkey, ret);
	return ret;
}

struct key_type tkm_key_type = {
	.name = TKM_KEY_TYPE,
	.def_datalen = QUOTA_BYTES,
	.vet_description = tkm_vet_description,
	.preparse = tkm_preparse,
	.free_preparse = tkm_free_preparse,
	.instantiate = tkm_instantiate,
	.update = tkm_update,
	.revoke = tkm_revoke,
	.destroy = tkm_destroy,
	.describe = tkm_describe,
	.read = tkm_read,
	.request_key = tkm_request_key,
	.asym_query = tkm_pkey_query,
	.asym_eds_op = tkm_pkey_eds_op,
	.asym_verify_signature = tkm_pkey_verify,
};
