// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family: Documentation/netlink/tkm.yaml says what each verb
 * is for, who may use it and how it fails. Policies and the table of verbs are
 * generated from it (netlink_gen.c).
 *
 * No verb waits for the TPM, the helper or a key: each runs with a lock held that
 * every registration of a family in the system waits for.
 *
 * The helper is known by its socket, because an address is free again, for
 * anybody, as soon as the socket is closed.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "tkm_internal.h"
#include "netlink.h"
#include "netlink_gen.h"

/* Milliseconds. */
#define DEADLINE_DEFAULT	5000
#define DEADLINE_MIN		100

static struct genl_family family;

static const void *socket_of(const struct sk_buff *skb)
{
	return NETLINK_CB(skb).sk;
}

/* A reply of one message, begun; the caller fills it. NULL without memory. */
static struct sk_buff *reply_new(const struct genl_info *info, size_t size,
				 u8 cmd, void **header)
{
	struct sk_buff *reply = genlmsg_new(size, GFP_KERNEL);

	if (!reply)
		return NULL;
	*header = genlmsg_put(reply, info->snd_portid, info->snd_seq, &family,
			      0, cmd);
	if (!*header) {
		nlmsg_free(reply);
		return NULL;
	}
	return reply;
}

static int reply_send(struct genl_info *info, struct sk_buff *reply,
		      void *header, int ret)
{
	if (ret) {
		nlmsg_free(reply);
		return ret;
	}
	genlmsg_end(reply, header);
	return genlmsg_reply(reply, info);
}

/*
 * A socket that one opened and another writes to shows neither's keys: what it
 * says would be for the one by the other's name.
 */
static bool is_own_socket(const struct sk_buff *skb)
{
	const struct socket *sock = NETLINK_CB(skb).sk->sk_socket;
	const struct cred *opener;

	if (!sock || !sock->file)
		return false;
	opener = sock->file->f_cred;
	return opener->user_ns == current_user_ns() &&
	       uid_eq(opener->fsuid, current_fsuid());
}

/* ---- for anyone ---- */

int tkm_nl_supports_doit(struct sk_buff *skb, struct genl_info *info)
{
	const u32 features = TKM_FEATURE_RSA | TKM_FEATURE_EC |
			     TKM_FEATURE_CIPHER | TKM_FEATURE_PUBLISH |
			     TKM_FEATURE_HELPER | TKM_FEATURE_STATES |
			     TKM_FEATURE_AUDIT | TKM_FEATURE_POLICY |
			     TKM_FEATURE_DOMAINS;
	struct sk_buff *reply;
	void *header;
	int ret;

	reply = reply_new(info, NLMSG_DEFAULT_SIZE, TKM_CMD_SUPPORTS, &header);
	if (!reply)
		return -ENOMEM;
	ret = nla_put_string(reply, TKM_A_SUPPORTS_VERSION, TKM_VERSION);
	if (!ret)
		ret = nla_put_u32(reply, TKM_A_SUPPORTS_FEATURES, features);
	return reply_send(info, reply, header, ret);
}

/* The sender's own; nothing when none was wrong. */
static int put_tries(struct sk_buff *reply)
{
	struct tkm_caller caller;
	struct tkm_tries tries;

	tkm_caller_now(&caller);
	if (!tkm_domain_tries(caller.owner, caller.side, &tries))
		return 0;
	return nla_put_u32(reply, TKM_A_STATUS_WRONG, tries.wrong) ?:
	       nla_put_u32(reply, TKM_A_STATUS_TRIES, tries.left) ?:
	       nla_put_u32(reply, TKM_A_STATUS_WAIT, tries.wait);
}

int tkm_nl_status_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply;
	void *header;
	int ret;

	reply = reply_new(info, NLMSG_DEFAULT_SIZE, TKM_CMD_STATUS, &header);
	if (!reply)
		return -ENOMEM;
	ret = nla_put_u32(reply, TKM_A_STATUS_KEYS, tkm_payload_count());
	if (!ret && tkm_helper_is_there())
		ret = nla_put_flag(reply, TKM_A_STATUS_HELPER);
	if (!ret && is_own_socket(skb))
		ret = put_tries(reply);
	return reply_send(info, reply, header, ret);
}

/* ---- for the helper ---- */

int tkm_nl_register_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[TKM_A_ERRAND_DEADLINE];
	u32 deadline = attr ? nla_get_u32(attr) : DEADLINE_DEFAULT;

	/* Who opened the socket, too: it may have been passed on. */
	if (!netlink_capable(skb, CAP_SYS_ADMIN))
		return -EPERM;
	if (deadline < DEADLINE_MIN || deadline > TKM_DEADLINE_MAX) {
		NL_SET_BAD_ATTR(info->extack, attr);
		return -EINVAL;
	}
	return tkm_helper_register(socket_of(skb), info->snd_portid, deadline);
}

static unsigned int left_ms(const struct tkm_errand *errand)
{
	unsigned long now = jiffies;

	return time_before(now, errand->until) ?
		       jiffies_to_msecs(errand->until - now) : 0;
}

static int put_who(struct sk_buff *skb, const struct tkm_audit *audit)
{
	return nla_put_u32(skb, TKM_A_AUDIT_UID, audit->uid) ?:
	       nla_put_u32(skb, TKM_A_AUDIT_USER_NS, audit->user_ns) ?:
	       nla_put_u32(skb, TKM_A_AUDIT_PID, audit->pid) ?:
	       nla_put_string(skb, TKM_A_AUDIT_PROGRAM, audit->program);
}

static int put_count(struct sk_buff *skb, int attr, u64 count)
{
	return nla_put_u64_64bit(skb, attr, count, TKM_A_AUDIT_PAD);
}

static int put_audit(struct sk_buff *skb, const struct tkm_audit *audit)
{
	struct nlattr *nest = nla_nest_start(skb, TKM_A_ERRAND_AUDIT);
	int ret;

	if (!nest)
		return -EMSGSIZE;
	ret = nla_put_u32(skb, TKM_A_AUDIT_EVENT, audit->event);
	ret = ret ?: put_count(skb, TKM_A_AUDIT_FIRST, audit->first);
	if (audit->last)
		ret = ret ?: put_count(skb, TKM_A_AUDIT_LAST, audit->last);
	ret = ret ?: put_count(skb, TKM_A_AUDIT_COUNT, audit->count);
	ret = ret ?: nla_put_u32(skb, TKM_A_AUDIT_RESULT, audit->result);
	ret = ret ?: put_who(skb, audit);
	if (audit->state)
		ret = ret ?: nla_put_u32(skb, TKM_A_AUDIT_STATE, audit->state);
	if (audit->lost)
		ret = ret ?: put_count(skb, TKM_A_AUDIT_LOST, audit->lost);
	if (!ret)
		nla_nest_end(skb, nest);
	return ret;
}

/* Which key. */
static int put_about(struct sk_buff *skb, const struct tkm_errand *errand)
{
	return nla_put_u32(skb, TKM_A_ERRAND_OWNER, errand->owner) ?:
	       nla_put_u32(skb, TKM_A_ERRAND_SIDE, errand->side) ?:
	       nla_put_string(skb, TKM_A_ERRAND_DESCRIPTION,
			      errand->description);
}

static int put_errand(struct sk_buff *reply, const struct tkm_errand *errand)
{
	int ret;

	ret = nla_put_u64_64bit(reply, TKM_A_ERRAND_ID, errand->id,
				TKM_A_ERRAND_PAD);
	ret = ret ?: nla_put_u32(reply, TKM_A_ERRAND_KIND, errand->kind);
	ret = ret ?: put_about(reply, errand);
	if (errand->chain)
		ret = ret ?: nla_put(reply, TKM_A_ERRAND_CHAIN,
				     errand->chain_len, errand->chain);
	if (errand->state)
		ret = ret ?: nla_put_u32(reply, TKM_A_ERRAND_STATE,
					 errand->state);
	if (errand->kind == TKM_ERRAND_BRANCH)
		ret = ret ?: nla_put_u32(reply, TKM_A_ERRAND_CLASS,
					 errand->class);
	if (errand->audit)
		ret = ret ?: put_audit(reply, errand->audit);
	if (errand->kind != TKM_ERRAND_DROP && !errand->audit)
		ret = ret ?: nla_put_u32(reply, TKM_A_ERRAND_DEADLINE,
					 left_ms(errand));
	return ret;
}

int tkm_nl_accept_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct tkm_errand *errand = tkm_helper_accept(socket_of(skb));
	struct sk_buff *reply;
	void *header;
	int ret;

	if (IS_ERR(errand))
		return PTR_ERR(errand);
	reply = reply_new(info, NLMSG_DEFAULT_SIZE + errand->chain_len,
			  TKM_CMD_ACCEPT, &header);
	ret = reply ? reply_send(info, reply, header, put_errand(reply, errand)) :
		      -ENOMEM;
	tkm_helper_accepted(errand, !ret);
	tkm_errand_put(errand);
	return ret;
}

int tkm_nl_done_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *chain = info->attrs[TKM_A_ERRAND_CHAIN];
	const struct nlattr *state = info->attrs[TKM_A_ERRAND_STATE];
	struct tkm_answer answer = { .len = chain ? nla_len(chain) : 0 };
	int ret;

	if (GENL_REQ_ATTR_CHECK(info, TKM_A_ERRAND_ID) ||
	    GENL_REQ_ATTR_CHECK(info, TKM_A_ERRAND_STATUS))
		return -EINVAL;
	answer.id = nla_get_u64(info->attrs[TKM_A_ERRAND_ID]);
	answer.status = nla_get_u32(info->attrs[TKM_A_ERRAND_STATUS]);
	answer.state = state ? nla_get_u32(state) : 0;
	if (answer.len) {
		answer.chain = nla_memdup(chain, GFP_KERNEL);
		if (!answer.chain)
			return -ENOMEM;
	}
	ret = tkm_helper_done(socket_of(skb), &answer);
	if (ret == -ENOENT)
		NL_SET_ERR_MSG(info->extack, "nobody waits for that any more");
	else if (ret == -EINVAL)
		NL_SET_ERR_MSG(info->extack,
			       "a chain belongs to a find or a branch that succeeded, a state to a state, and neither to anything else");
	if (ret)
		kfree(answer.chain);
	return ret;
}

/* ---- keys ---- */

/**
 * struct view - a look at keys
 * @of: the domain whose keys may be seen
 * @all: those of every other, too
 * @skb: where they are written to
 * @portid: whose message answers which
 * @seq: likewise
 * @cb: of a dump, or NULL
 */
struct view {
	struct tkm_caller of;
	bool all;
	struct sk_buff *skb;
	u32 portid;
	u32 seq;
	struct netlink_callback *cb;
};

static bool may_see(const struct view *view, const struct tkm_record *rec)
{
	return view->all || (rec->owner == view->of.owner &&
			     rec->side == view->of.side);
}

static int put_flag_if(struct sk_buff *skb, bool is, int attr)
{
	return is ? nla_put_flag(skb, attr) : 0;
}

static int put_number(struct sk_buff *skb, int attr, u64 number)
{
	return nla_put_u64_64bit(skb, attr, number, TKM_A_KEY_PAD);
}

/* 0 for none. */
static int put_time(struct sk_buff *skb, int attr, s64 seconds)
{
	return seconds ? put_number(skb, attr, seconds) : 0;
}

static u32 kind_of(const struct tkm_record *rec)
{
	return rec->kind == TKM_KIND_DATA ? TKM_KEY_KIND_DATA :
	       rec->kind == TKM_KIND_RSA ? TKM_KEY_KIND_RSA : TKM_KEY_KIND_EC;
}

static int put_names(struct sk_buff *skb, const struct key *key,
		     const struct tkm_record *rec)
{
	char desc[TKM_DESCRIPTION_MAX + 1];

	snprintf(desc, sizeof(desc), "%s:%s", rec->app, rec->label);
	return nla_put_u32(skb, TKM_A_KEY_SERIAL, key->serial) ?:
	       nla_put_string(skb, TKM_A_KEY_DESCRIPTION, desc) ?:
	       nla_put_u32(skb, TKM_A_KEY_OWNER, rec->owner) ?:
	       nla_put_u32(skb, TKM_A_KEY_SIDE, rec->side) ?:
	       nla_put_u32(skb, TKM_A_KEY_KIND, kind_of(rec)) ?:
	       nla_put_u32(skb, TKM_A_KEY_CLASS, rec->class) ?:
	       nla_put_u32(skb, TKM_A_KEY_USES, rec->uses);
}

static int put_times(struct sk_buff *skb, const struct tkm_record *rec)
{
	return put_time(skb, TKM_A_KEY_CREATED, rec->created) ?:
	       put_time(skb, TKM_A_KEY_NOT_BEFORE, rec->not_before) ?:
	       put_time(skb, TKM_A_KEY_PROTECT_UNTIL, rec->protect_until) ?:
	       put_time(skb, TKM_A_KEY_NOT_AFTER, rec->not_after);
}

static int put_key(struct sk_buff *skb, const struct key *key,
		   const struct tkm_payload *payload)
{
	return put_names(skb, key, &payload->rec) ?:
	       nla_put_u32(skb, TKM_A_KEY_STATE,
			   tkm_life_state(payload->life)) ?:
	       put_flag_if(skb, tkm_key_is_over(key, payload),
			   TKM_A_KEY_EXPIRED) ?:
	       put_times(skb, &payload->rec) ?:
	       nla_put_string(skb, TKM_A_KEY_POLICY, payload->policy) ?:
	       put_flag_if(skb, payload->flat, TKM_A_KEY_FLAT) ?:
	       put_flag_if(skb, payload->has_auth, TKM_A_KEY_HAS_AUTH) ?:
	       put_number(skb, TKM_A_KEY_OPERATIONS,
			  tkm_life_operations(payload->life)) ?:
	       put_number(skb, TKM_A_KEY_MESSAGES,
			  atomic64_read(&payload->messages));
}

/* Under a spinlock. 1: shown; 0: not theirs; -EMSGSIZE: no room left. */
static int show(const struct key *key, const struct tkm_payload *payload,
		void *arg)
{
	struct view *view = arg;
	void *header;

	if (!may_see(view, &payload->rec))
		return 0;
	header = genlmsg_put(view->skb, view->portid, view->seq, &family,
			     view->cb ? NLM_F_MULTI : 0, TKM_CMD_KEY_SHOW);
	if (!header)
		return -EMSGSIZE;
	if (view->cb)
		genl_dump_check_consistent(view->cb, header);
	if (put_key(view->skb, key, payload)) {
		genlmsg_cancel(view->skb, header);
		return -EMSGSIZE;
	}
	genlmsg_end(view->skb, header);
	return 1;
}

static int copy_record(const struct key *key, const struct tkm_payload *payload,
		       void *arg)
{
	*(struct tkm_record *)arg = payload->rec;
	return 0;
}

struct that {
	struct view *view;
	key_serial_t serial;
};

static int show_that(const struct key *key, const struct tkm_payload *payload,
		     void *arg)
{
	const struct that *that = arg;

	return key->serial == that->serial ? show(key, payload, that->view) : 0;
}

int tkm_nl_key_show_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[TKM_A_KEY_SERIAL];
	struct view view = {
		.all = netlink_capable(skb, CAP_SYS_ADMIN),
		.portid = info->snd_portid,
		.seq = info->snd_seq,
	};
	key_serial_t serial, found;
	int ret;

	if (GENL_REQ_ATTR_CHECK(info, TKM_A_KEY_SERIAL))
		return -EINVAL;
	if (info->attrs[TKM_A_KEY_ALL]) {
		NL_SET_BAD_ATTR(info->extack, info->attrs[TKM_A_KEY_ALL]);
		return -EINVAL;
	}
	if (!is_own_socket(skb))
		return -EPERM;
	serial = nla_get_u32(attr);
	found = serial;
	if (serial <= 0)
		return -ENOKEY;
	tkm_caller_now(&view.of);
	view.skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!view.skb)
		return -ENOMEM;
	ret = tkm_seat_visit(&found, show_that, &(struct that){ &view, serial });
	if (ret == 1)
		return genlmsg_reply(view.skb, info);
	nlmsg_free(view.skb);
	return ret < 0 && ret != -ENOENT ? ret : -ENOKEY;
}

/**
 * struct dump - how far one has come
 * @next: of keys, the serial to go on at; -1 after the last
 * @after: of domains, the period of the one before
 * @owner: whom it is for, which is found out when it begins
 * @side: likewise
 * @all: or for an administrator
 * @begun: it did
 */
struct dump {
	key_serial_t next;
	u64 after;
	u32 owner;
	enum tkm_side side;
	bool all, begun;
};

static struct dump *dump_of(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct dump) > sizeof(cb->ctx));
	return (struct dump *)cb->ctx;
}

static int dump_begin(struct netlink_callback *cb, const struct nlattr *all)
{
	struct dump *dump = dump_of(cb);
	struct tkm_caller caller;

	if (!is_own_socket(cb->skb) ||
	    (all && !netlink_capable(cb->skb, CAP_SYS_ADMIN)))
		return -EPERM;
	tkm_caller_now(&caller);
	dump->owner = caller.owner;
	dump->side = caller.side;
	dump->all = all;
	dump->begun = true;
	return 0;
}

static struct view dump_view(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct dump *dump = dump_of(cb);

	return (struct view){
		.of = { .owner = dump->owner, .side = dump->side },
		.all = dump->all,
		.skb = skb,
		.portid = NETLINK_CB(cb->skb).portid,
		.seq = cb->nlh->nlmsg_seq,
		.cb = cb,
	};
}

int tkm_nl_key_show_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr **attrs = tkm_dump_attrs(cb);
	struct dump *dump = dump_of(cb);
	key_serial_t next = dump->next;
	struct view view;
	int ret = 0;

	if (!dump->begun)
		ret = attrs[TKM_A_KEY_SERIAL] ? -EINVAL :
		      dump_begin(cb, attrs[TKM_A_KEY_ALL]);
	if (ret)
		return ret;
	view = dump_view(skb, cb);
	cb->seq = tkm_life_generation();
	while (next >= 0 && (ret = tkm_seat_visit(&next, show, &view)) >= 0)
		next = next == INT_MAX ? -1 : next + 1;
	dump->next = ret == -ENOENT ? -1 : next;
	/* A message that does not even fit alone would be asked for for ever. */
	return skb->len || ret == -ENOENT ? skb->len : ret;
}

/* By number, or by domain and description; -EINVAL for neither and for both. */
static int which_key(struct genl_info *info, key_serial_t *serial,
		     struct tkm_record *rec)
{
	struct nlattr **at = info->attrs;
	bool named = at[TKM_A_KEY_OWNER] && at[TKM_A_KEY_SIDE] &&
		     at[TKM_A_KEY_DESCRIPTION];
	bool half = at[TKM_A_KEY_OWNER] || at[TKM_A_KEY_SIDE] ||
		    at[TKM_A_KEY_DESCRIPTION];

	if (!!at[TKM_A_KEY_SERIAL] == half || half != named) {
		NL_SET_ERR_MSG(info->extack,
			       "a serial, or owner, side and description");
		return -EINVAL;
	}
	if (!named) {
		*serial = nla_get_u32(at[TKM_A_KEY_SERIAL]);
		/* No key has that number; here it means another thing. */
		if (!*serial)
			*serial = -1;
		return 0;
	}
	*serial = 0;
	rec->owner = nla_get_u32(at[TKM_A_KEY_OWNER]);
	rec->side = nla_get_u32(at[TKM_A_KEY_SIDE]);
	return tkm_description_parse(nla_data(at[TKM_A_KEY_DESCRIPTION]),
				     rec->app, rec->label);
}

/* @found is still empty when there is none of that number. */
static int find_record(key_serial_t serial, struct tkm_record *found)
{
	key_serial_t at = serial;
	int ret;

	ret = tkm_seat_visit(&at, copy_record, found);
	if (ret || at == serial)
		return ret;
	memset(found, 0, sizeof(*found));
	return -ENOENT;
}

static int set_state(struct sk_buff *skb, struct genl_info *info,
		     struct tkm_record *rec)
{
	enum tkm_state to = nla_get_u32(info->attrs[TKM_A_KEY_STATE]);
	key_serial_t serial;
	int ret;

	ret = which_key(info, &serial, rec);
	if (ret)
		return ret;
	if (serial && find_record(serial, rec))
		ret = -ENOKEY;
	if (!netlink_capable(skb, CAP_SYS_ADMIN))
		ret = -EPERM;
	else if (tkm_helper_is_another(socket_of(skb)))
		ret = -EBUSY;
	ret = ret ?: tkm_life_set_now(serial, rec, to);
	if (rec->app[0])
		tkm_audit_state(rec, to, ret);
	return ret;
}

int tkm_nl_key_set_state_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct tkm_record *rec;
	int ret;

	if (GENL_REQ_ATTR_CHECK(info, TKM_A_KEY_STATE))
		return -EINVAL;
	rec = kzalloc(sizeof(*rec), GFP_KERNEL);
	if (!rec)
		return -ENOMEM;
	ret = set_state(skb, info, rec);
	kfree(rec);
	if (ret == -EBUSY)
		NL_SET_ERR_MSG(info->extack,
			       "the helper keeps states: ask it");
	else if (ret == -EPERM)
		NL_SET_ERR_MSG(info->extack,
			       "that state does not follow the one that the key is in, or is not yours to set");
	else if (ret == -EAGAIN)
		NL_SET_ERR_MSG(info->extack,
			       "another change of that state is under way");
	return ret;
}

/* ---- domains ---- */

/* That a message names, or the sender's own. EINVAL: @of is as it was; EPERM: it is set. */
static int which_domain(struct sk_buff *skb, struct genl_info *info,
			struct tkm_caller *of)
{
	const struct nlattr *owner = info->attrs[TKM_A_DOMAIN_OWNER];
	const struct nlattr *side = info->attrs[TKM_A_DOMAIN_SIDE];
	struct tkm_caller own;

	if (!owner != !side) {
		NL_SET_ERR_MSG(info->extack, "owner and side, or neither");
		return -EINVAL;
	}
	tkm_caller_now(&own);
	*of = own;
	if (owner) {
		of->owner = nla_get_u32(owner);
		of->side = nla_get_u32(side);
	}
	if (!is_own_socket(skb))
		return -EPERM;
	if (of->owner == own.owner && of->side == own.side)
		return 0;
	return netlink_capable(skb, CAP_SYS_ADMIN) ? 0 : -EPERM;
}

static bool next_domain(const struct view *view, u64 after,
			struct tkm_unlocked *is)
{
	while (tkm_domain_next(after, is)) {
		if (view->all || (is->owner == view->of.owner &&
				  is->side == view->of.side))
			return true;
		after = is->period;
	}
	return false;
}

static int put_domain(const struct view *view, const struct tkm_unlocked *is)
{
	void *header;
	int ret;

	header = genlmsg_put(view->skb, view->portid, view->seq, &family,
			     view->cb ? NLM_F_MULTI : 0, TKM_CMD_DOMAIN_LIST);
	if (!header)
		return -EMSGSIZE;
	ret = nla_put_u32(view->skb, TKM_A_DOMAIN_OWNER, is->owner);
	ret = ret ?: nla_put_u32(view->skb, TKM_A_DOMAIN_SIDE, is->side);
	ret = ret ?: nla_put_u32(view->skb, TKM_A_DOMAIN_OPENERS, is->openers);
	if (is->left)
		ret = ret ?: nla_put_u32(view->skb, TKM_A_DOMAIN_LEFT, is->left);
	if (ret)
		genlmsg_cancel(view->skb, header);
	else
		genlmsg_end(view->skb, header);
	return ret;
}

int tkm_nl_domain_list_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct view view = {
		.portid = info->snd_portid,
		.seq = info->snd_seq,
	};
	struct tkm_unlocked is;
	int ret;

	if (info->attrs[TKM_A_DOMAIN_ALL]) {
		NL_SET_BAD_ATTR(info->extack, info->attrs[TKM_A_DOMAIN_ALL]);
		return -EINVAL;
	}
	ret = which_domain(skb, info, &view.of);
	if (!ret && !next_domain(&view, 0, &is))
		ret = -ENOKEY;
	if (ret)
		return ret;
	view.skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!view.skb)
		return -ENOMEM;
	ret = put_domain(&view, &is);
	if (!ret)
		return genlmsg_reply(view.skb, info);
	nlmsg_free(view.skb);
	return ret;
}

int tkm_nl_domain_list_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr **attrs = tkm_dump_attrs(cb);
	struct dump *dump = dump_of(cb);
	struct tkm_unlocked is;
	struct view view;
	int ret = 0;

	if (!dump->begun)
		ret = attrs[TKM_A_DOMAIN_OWNER] || attrs[TKM_A_DOMAIN_SIDE] ?
			      -EINVAL : dump_begin(cb, attrs[TKM_A_DOMAIN_ALL]);
	if (ret)
		return ret;
	view = dump_view(skb, cb);
	/* What is unlocked or locked meanwhile is in its place, or behind it. */
	while (!ret && next_domain(&view, dump->after, &is)) {
		ret = put_domain(&view, &is);
		if (!ret)
			dump->after = is.period;
	}
	return skb->len || !ret ? skb->len : ret;
}

int tkm_nl_domain_lock_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct tkm_caller of;
	int ret;

	ret = which_domain(skb, info, &of);
	if (ret == -EINVAL)
		return ret;
	ret = ret ?: tkm_domain_lock(of.owner, of.side);
	of.app = "@";
	of.label = "domain";
	tkm_audit(TKM_AUDIT_EVENT_LOCK, &of, ret);
	return ret;
}

/* ---- policies ---- */

/* The helper was an administrator when it registered, and is nothing now. */
static bool may_administer(const struct sk_buff *skb)
{
	return netlink_capable(skb, CAP_SYS_ADMIN) ||
	       tkm_helper_is(socket_of(skb));
}

/* Who sent it is the current task; of a helper that it did, it says so itself. */
static int audit_policy(u32 event, const char *name, int result)
{
	const struct tkm_caller of = {
		.owner = 0,
		.side = TKM_SIDE_INIT,
		.app = "@policy",
		.label = name,
	};

	if (name)
		tkm_audit(event, &of, result);
	return result;
}

/* The name in a message: NULL when there is none that could be a policy's. */
static const char *policy_name(struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[TKM_A_POLICY_NAME];

	if (attr && tkm_policy_name_ok(nla_data(attr), strlen(nla_data(attr))))
		return nla_data(attr);
	NL_SET_ERR_MSG(info->extack,
		       "a name is 1 to 32 bytes of a-z 0-9 . _ -, and not \"none\"");
	return NULL;
}

static int policy_registers(struct genl_info *info, struct tkm_pcrs *pcrs)
{
	pcrs->bank = nla_get_u16(info->attrs[TKM_A_POLICY_BANK]);
	pcrs->mask = nla_get_u32(info->attrs[TKM_A_POLICY_MASK]);
	if (!pcrs->mask || pcrs->mask >= BIT(24))
		return -EINVAL;
	switch (pcrs->bank) {
	case TPM_ALG_SHA1:
	case TPM_ALG_SHA256:
	case TPM_ALG_SHA384:
	case TPM_ALG_SHA512:
		return 0;
	default:
		return -EINVAL;
	}
}

static int policy_key(struct genl_info *info, int type, u8 *pub, u16 *len)
{
	const struct nlattr *attr = info->attrs[type];
	int ret;

	if (!attr)
		return 0;
	ret = tkm_authority_check(nla_data(attr), nla_len(attr));
	if (ret) {
		NL_SET_BAD_ATTR(info->extack, attr);
		return ret;
	}
	memcpy(pub, nla_data(attr), nla_len(attr));
	*len = nla_len(attr);
	return 0;
}

static int policy_is(struct genl_info *info, struct tkm_named *is)
{
	bool bank = info->attrs[TKM_A_POLICY_BANK];
	bool mask = info->attrs[TKM_A_POLICY_MASK];
	bool authority = info->attrs[TKM_A_POLICY_AUTHORITY];
	bool recovery = info->attrs[TKM_A_POLICY_RECOVERY];
	int ret;

	if (bank != mask || bank == authority || (recovery && !authority)) {
		NL_SET_ERR_MSG(info->extack,
			       "bank and mask, or an authority and perhaps a recovery key");
		return -EINVAL;
	}
	if (bank)
		return policy_registers(info, &is->pcrs);
	ret = policy_key(info, TKM_A_POLICY_AUTHORITY, is->authority,
			 &is->authority_len);
	ret = ret ?: policy_key(info, TKM_A_POLICY_RECOVERY, is->recovery,
				&is->recovery_len);
	if (!ret && is->authority_len == is->recovery_len &&
	    !memcmp(is->authority, is->recovery, is->authority_len))
		ret = -EINVAL;
	return ret;
}

static int set_policy(struct sk_buff *skb, struct genl_info *info,
		      const char *name)
{
	struct tkm_named *is;
	int ret;

	if (!may_administer(skb))
		return -EPERM;
	if (!name)
		return -EINVAL;
	is = kzalloc(sizeof(*is), GFP_KERNEL);
	if (!is)
		return -ENOMEM;
	strscpy(is->name, name, sizeof(is->name));
	ret = policy_is(info, is) ?: tkm_policies_set(is);
	kfree(is);
	return ret;
}

int tkm_nl_policy_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	const char *name = policy_name(info);

	return audit_policy(TKM_AUDIT_EVENT_POLICY_SET, name,
			    set_policy(skb, info, name));
}

static int approve_policy(struct sk_buff *skb, struct genl_info *info,
			  const char *name)
{
	struct tkm_piece ders[TKM_APPROVALS_MAX];
	const struct nlattr *attr;
	unsigned int n = 0;
	int left, ret;

	if (!may_administer(skb))
		return -EPERM;
	if (!name)
		return -EINVAL;
	nla_for_each_attr(attr, genlmsg_data(info->genlhdr),
			  genlmsg_len(info->genlhdr), left) {
		if (nla_type(attr) != TKM_A_POLICY_APPROVAL)
			continue;
		if (n == TKM_APPROVALS_MAX)
			return -EINVAL;
		ders[n++] = (struct tkm_piece){ nla_data(attr), nla_len(attr) };
	}
	ret = tkm_policies_approve(name, ders, n);
	if (ret == -EINVAL)
		NL_SET_ERR_MSG(info->extack,
			       "not an approval of this policy by one of its keys, for registers and an epoch");
	return ret;
}

int tkm_nl_policy_approve_doit(struct sk_buff *skb, struct genl_info *info)
{
	const char *name = policy_name(info);

	return audit_policy(TKM_AUDIT_EVENT_POLICY_APPROVE, name,
			    approve_policy(skb, info, name));
}

static int remove_policy(struct sk_buff *skb, const char *name)
{
	if (!may_administer(skb))
		return -EPERM;
	return name ? tkm_policies_remove(name) : -EINVAL;
}

int tkm_nl_policy_remove_doit(struct sk_buff *skb, struct genl_info *info)
{
	const char *name = policy_name(info);

	return audit_policy(TKM_AUDIT_EVENT_POLICY_REMOVE, name,
			    remove_policy(skb, name));
}

static int put_policy(struct sk_buff *skb, const struct tkm_named *is,
		      const struct tkm_held *held)
{
	int ret = nla_put_string(skb, TKM_A_POLICY_NAME, is->name);

	if (held) {
		ret = ret ?: nla_put(skb, TKM_A_POLICY_APPROVAL, held->len,
				     held->der);
		return ret ?: put_flag_if(skb, READ_ONCE(held->rejected),
					  TKM_A_POLICY_REJECTED);
	}
	if (is->pcrs.mask) {
		ret = ret ?: nla_put_u16(skb, TKM_A_POLICY_BANK, is->pcrs.bank);
		ret = ret ?: nla_put_u32(skb, TKM_A_POLICY_MASK, is->pcrs.mask);
		return ret;
	}
	ret = ret ?: nla_put(skb, TKM_A_POLICY_AUTHORITY, is->authority_len,
			     is->authority);
	if (is->recovery_len)
		ret = ret ?: nla_put(skb, TKM_A_POLICY_RECOVERY,
				     is->recovery_len, is->recovery);
	return ret;
}

/* Under a mutex that the worker takes, too: no memory is asked for. */
static int list_policy(const struct tkm_named *is, const struct tkm_held *held,
		       void *arg)
{
	struct view *view = arg;
	void *header;

	header = genlmsg_put(view->skb, view->portid, view->seq, &family,
			     view->cb ? NLM_F_MULTI : 0, TKM_CMD_POLICY_LIST);
	if (!header)
		return -EMSGSIZE;
	if (view->cb)
		genl_dump_check_consistent(view->cb, header);
	if (put_policy(view->skb, is, held)) {
		genlmsg_cancel(view->skb, header);
		return -EMSGSIZE;
	}
	genlmsg_end(view->skb, header);
	return 0;
}

int tkm_nl_policy_list_doit(struct sk_buff *skb, struct genl_info *info)
{
	const char *name = policy_name(info);
	struct tkm_policies_at at = {};
	struct view view = {
		.portid = info->snd_portid,
		.seq = info->snd_seq,
	};
	int ret;

	if (!may_administer(skb))
		return -EPERM;
	if (!name)
		return -EINVAL;
	view.skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!view.skb)
		return -ENOMEM;
	ret = tkm_policies_visit(name, &at, list_policy, &view);
	if (!ret)
		return genlmsg_reply(view.skb, info);
	nlmsg_free(view.skb);
	return ret;
}

int tkm_nl_policy_list_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct tkm_policies_at at = {
		.id = cb->args[0],
		.approval = cb->args[1],
	};
	struct view view = {
		.skb = skb,
		.cb = cb,
		.portid = NETLINK_CB(cb->skb).portid,
		.seq = cb->nlh->nlmsg_seq,
	};
	int ret;

	if (!may_administer(cb->skb))
		return -EPERM;
	if (tkm_dump_attrs(cb)[TKM_A_POLICY_NAME])
		return -EINVAL;
	cb->seq = tkm_policies_generation();
	while (!(ret = tkm_policies_visit(NULL, &at, list_policy, &view)))
		at.approval++;
	cb->args[0] = at.id;
	cb->args[1] = at.approval;
	return skb->len || ret == -ENOENT ? skb->len : ret;
}

/**
 * tkm_netlink_ready() - tell the helper that there is something to accept
 * @portid: its address
 *
 * Sleeps for memory, and does not wait. What gets lost is no harm: the helper
 * has been told before, or looks again.
 */
void tkm_netlink_ready(u32 portid)
{
	struct sk_buff *skb = genlmsg_new(0, GFP_KERNEL);
	void *header;

	if (!skb)
		return;
	header = genlmsg_put(skb, 0, 0, &family, 0, TKM_CMD_READY);
	if (!header) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, header);
	genlmsg_unicast(&init_net, skb, portid);
}

/* ---- for who listens ---- */

/*
 * The kernel asks who joins for the capability in the user namespace that the network
 * namespace belongs to: for the one that events are sent in, the initial one. A kernel
 * without this flag (before 6.1.67) would let anybody join; for that one the module
 * does not build.
 */
static const struct genl_multicast_group groups[] = {
	[TKM_NLGRP_EVENTS] = {
		.name = TKM_MCGRP_EVENTS,
		.flags = GENL_MCAST_CAP_SYS_ADMIN,
	},
};

/**
 * tkm_netlink_event() - tell who listens that a record of the audit began
 * @errand: the record, in no line yet
 *
 * Sleeps for memory, and waits for no listener. Whether anybody is told is no affair
 * of the caller's: the record is what counts.
 */
void tkm_netlink_event(const struct tkm_errand *errand)
{
	struct sk_buff *skb;
	void *header;

	if (!genl_has_listeners(&family, &init_net, TKM_NLGRP_EVENTS))
		return;
	skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return;
	header = genlmsg_put(skb, 0, 0, &family, 0, TKM_CMD_EVENT);
	if (!header || put_about(skb, errand) ||
	    put_audit(skb, errand->audit)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, header);
	/* Allowed to sleep, it would yield to a listener that lags behind. */
	genlmsg_multicast(&family, skb, 0, TKM_NLGRP_EVENTS, GFP_NOWAIT);
}

static int socket_closed(struct notifier_block *block, unsigned long event,
			 void *data)
{
	const struct netlink_notify *notify = data;

	if (event == NETLINK_URELEASE &&
	    notify->protocol == NETLINK_GENERIC &&
	    net_eq(notify->net, &init_net))
		tkm_helper_gone(notify->portid);
	return NOTIFY_DONE;
}

static struct notifier_block closing = { .notifier_call = socket_closed };

static struct genl_family family __ro_after_init = {
	.name = TKM_FAMILY_NAME,
	.version = TKM_FAMILY_VERSION,
	.module = THIS_MODULE,
	.parallel_ops = true,
	.ops = tkm_nl_ops,
	.n_ops = ARRAY_SIZE(tkm_nl_ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
};

int __init tkm_netlink_init(void)
{
	int ret;

	BUILD_BUG_ON(TKM_DESCRIPTION_MAX != TKM_DESC_MAX);
	BUILD_BUG_ON((int)TKM_KEY_STATE_PRE_ACTIVE != TKM_STATE_PRE_ACTIVE ||
		     (int)TKM_KEY_STATE_DESTROYED != TKM_STATE_LAST);
	BUILD_BUG_ON((int)TKM_KEY_CLASS_FIXED != TKM_CLASS_FIXED ||
		     (int)TKM_KEY_CLASS_CERTIFIED != TKM_CLASS_CERTIFIED);
	BUILD_BUG_ON((int)TKM_KEY_USE_PUBLISH != TKM_USE_PUBLISH ||
		     (int)TKM_KEY_USE_DECRYPT != TKM_USE_DECRYPT);
	BUILD_BUG_ON((int)TKM_DOMAIN_SIDE_INIT != TKM_SIDE_INIT ||
		     (int)TKM_DOMAIN_SIDE_OTHER != TKM_SIDE_OTHER);
	ret = netlink_register_notifier(&closing);
	if (ret)
		return ret;
	ret = genl_register_family(&family);
	if (ret)
		netlink_unregister_notifier(&closing);
	return ret;
}

void tkm_netlink_exit(void)
{
	genl_unregister_family(&family);
	netlink_unregister_notifier(&closing);
	/* There is no helper any more, even if its socket lives on. */
	tkm_helper_exit();
}
