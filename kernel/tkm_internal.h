/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the rooms of the module offer one another, one section a file. The pure
 * files are in core.h.
 *
 * Who does what: a task calls the key type, which reads the text, checks
 * everything that needs no TPM and hands an operation to the bus. One worker
 * takes operations from the bus, one at a time, and is the only one that
 * touches the TPM and the hierarchy: none of their state needs a lock.
 */
#ifndef TKM_INTERNAL_H
#define TKM_INTERNAL_H

#include <linux/completion.h>
#include <linux/key.h>
#include <linux/key-type.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/tpm.h>
#include <linux/uidgid.h>

#include "core.h"
#include <uapi/linux/tkm_netlink.h>

#define TKM_VERSION "0.1.0"

struct crypto_akcipher;
struct kernel_pkey_params;
struct kernel_pkey_query;
struct tkm_bus;
struct tkm_domain;
struct tkm_life;
struct tkm_node;
struct tkm_op;
struct tkm_pair;
struct tkm_guard;
struct tkm_pick;

/* ---- bus.c: the queue before the TPM, and one hold of it ---------------- */

/* A storage key that is loaded, or the SRK. */
struct tkm_parent {
	u32 handle;
	const u8 *name;			/* TKM_NAME_SIZE */
	struct tkm_piece auth;		/* its authValue; nothing but for a TDK */
};

/* An authValue on its way to the TPM. */
struct tkm_auth {
	u8 value[TKM_AUTH_MAX];
	u16 len;
};

/*
 * struct tkm_srk - the storage root key as we know it
 * @known: the fields below are valid for the chip at hand
 * @name: its Name, compared with the pinned one
 * @bytes: its TPMT_PUBLIC
 * @len: its length
 * @pub: decoded, points into @bytes
 */
struct tkm_srk {
	bool known;
	u8 name[TKM_NAME_SIZE];
	u8 bytes[512];
	u16 len;
	struct tkm_public pub;
};

/* A secret for one session, and its encryption to the SRK. */
struct tkm_salt {
	bool ready;
	u8 secret[32];
	u8 encrypted[256];		/* TPM2B_ENCRYPTED_SECRET's content */
	u16 encrypted_len;
};

/* Handles that the TPM holds, whoever made them. */
struct tkm_handles {
	u32 handle[64];
	u32 n;
};

#define TKM_BUS_OPEN_MAX 4

/**
 * struct tkm_bus - the worker's view of the TPM; only the worker touches it
 * @chip: the chip, with a reference, or NULL
 * @held: tpm_try_get_ops() is in force
 * @closed: this chip was reset behind our back; nothing is sent any more
 * @stranger: this chip has not the SRK we know; another one may
 * @again: set by whoever knows that running the operation once more may help
 * @doubted: this operation had the SRK looked at anew
 * @more: another operation waits and this hold has room for it
 * @era: counts the times that saved contexts became worth nothing
 * @sorts: RSA sizes and curves that this chip is known to have
 * @n_sorts: how many
 * @rc: response code of the last command
 * @buf: one page: command and response
 * @srk: the storage root key
 * @salt: prepared before the hold
 * @session: our one session; handle 0 when there is none
 * @parent: the storage key that is loaded, NULL when none or the SRK
 * @parent_handle: its handle
 * @domain_auth: a copy of its authValue, when it is the TDK of a domain with a
 *	password
 * @door: approvals for the storage keys of this operation, once they were picked
 * @open: transient handles and sessions that are to be flushed
 * @n_open: how many
 * @spent: one of them, which its operation needs no more; 0 for none
 * @alive: the TPM proved in this session that it was not reset before it
 * @silences: commands of this hold that went without an answer
 * @wary: holds to come that look after handles that get lost
 * @before_known: this one does
 * @before: objects and sessions that were there when it began
 */
struct tkm_bus {
	struct tpm_chip *chip;
	bool held;
	bool closed;
	bool stranger;
	bool again;
	bool doubted;
	bool more;
	unsigned int era;
	u32 sorts[4];
	unsigned int n_sorts;
	u32 rc;
	u8 *buf;
	struct tkm_srk srk;
	struct tkm_salt salt;
	struct tkm_session session;
	struct tkm_node *parent;
	u32 parent_handle;
	struct tkm_auth domain_auth;
	struct tkm_pick *door;
	u32 open[TKM_BUS_OPEN_MAX];
	unsigned int n_open;
	u32 spent;
	bool alive;
	unsigned int silences;
	unsigned int wary;
	bool before_known;
	struct tkm_handles before;
};

/**
 * struct tkm_op - one operation on the TPM
 * @run: called by the worker, inside a hold; may be called
 *	again when it set bus->again. Returns 0 or a negative errno, or what
 *	whoever made it understands
 * @release: frees it with the last reference
 * @result: what @run returned; valid after tkm_bus_run() gave anything but
 *	-EINTR
 * Others: bus.c's own.
 *
 * It owns everything it works on: the task that asked may be killed while the
 * TPM works, and then nobody waits for it.
 */
struct tkm_op {
	int (*run)(struct tkm_bus *bus, struct tkm_op *op);
	void (*release)(struct tkm_op *op);
	int result;
	refcount_t refs;
	struct list_head link;
	struct completion done;
};

int tkm_bus_init(void);
void tkm_bus_exit(void);
void tkm_op_init(struct tkm_op *op,
		 int (*run)(struct tkm_bus *bus, struct tkm_op *op),
		 void (*release)(struct tkm_op *op));
void tkm_op_put(struct tkm_op *op);
/*
 * Queue the operation for the current fsuid and wait for it. Return: what
 * @run gave; -EINTR when a fatal signal came first (the operation then ends
 * unseen, or is never begun); -ENOMEM. But for those, it may be run again.
 */
int tkm_bus_run(struct tkm_op *op);

/* A domain was locked: drop its contexts, soon. Does not sleep. */
void tkm_bus_forget_locked(void);

/* What the worker's helpers use. */
int tkm_bus_exec(struct tkm_bus *bus, const struct tkm_wire *wire,
		 struct tkm_wire_answer *answer);
void tkm_bus_opened(struct tkm_bus *bus, u32 handle);
void tkm_bus_flush(struct tkm_bus *bus, u32 handle);
/* The same, when the operation has its result: nobody waits for that. */
void tkm_bus_spent(struct tkm_bus *bus, u32 handle);
/* The chip was reset: say so once, and send nothing to it any more. */
int tkm_bus_close(struct tkm_bus *bus, const char *what);

/* ---- session.c: salted sessions with the SRK ---------------------------- */

int tkm_session_init(void);
void tkm_session_exit(void);
/* Make a salt for the SRK; no TPM command. 0, -EOPNOTSUPP, -ENOMEM, -EIO. */
int tkm_session_salt(const struct tkm_srk *srk, struct tkm_salt *salt);
/*
 * Have a session of this sort in bus->session, a new one unless an HMAC
 * session is asked for and there. One TPM command. 0 or an errno of the table.
 */
int tkm_session_start(struct tkm_bus *bus, bool policy);
/* Flush it, if there is one. */
void tkm_session_end(struct tkm_bus *bus);

/* ---- tpm_cmd.c: one function for each TPM command ----------------------- */

/* A created object, in the caller's memory. */
struct tkm_created {
	u8 pub[512];
	u16 pub_len;
	u8 priv[1024];
	u16 priv_len;
};

/* Add the handles of @first's sort; -EIO if there are too many. */
int tkm_tpm_handles(struct tkm_bus *bus, u32 first, struct tkm_handles *all);
int tkm_tpm_read_public(struct tkm_bus *bus, u32 handle, u8 *pub, u16 size,
			u16 *len);
int tkm_tpm_create_primary(struct tkm_bus *bus, u32 hierarchy,
			   const struct tkm_public *tmpl, u32 *handle, u8 *pub,
			   u16 size, u16 *len);
int tkm_tpm_create_ak(struct tkm_bus *bus, u32 *handle, u8 *pub, u16 size,
		      u16 *len);
/* What the TPM says of an object, and its signature, in the caller's memory. */
struct tkm_certified {
	u8 attest[256];
	u16 attest_len;
	u8 signature[128];
	u16 signature_len;
};
int tkm_tpm_certify(struct tkm_bus *bus, struct tkm_parent item,
		    struct tkm_parent ak, const u8 extra[32],
		    struct tkm_certified *out);
int tkm_tpm_evict_control(struct tkm_bus *bus, u32 object, const u8 *name,
			  u32 persistent);
int tkm_tpm_start_auth_session(struct tkm_bus *bus, bool policy,
			       const struct tkm_salt *salt);
int tkm_tpm_create(struct tkm_bus *bus, struct tkm_parent parent,
		   struct tkm_piece auth, struct tkm_piece data,
		   const struct tkm_public *tmpl, bool last,
		   struct tkm_created *out);
int tkm_tpm_load(struct tkm_bus *bus, struct tkm_parent parent,
		 struct tkm_piece pub, struct tkm_piece priv, bool last,
		 u32 *handle);
int tkm_tpm_object_change_auth(struct tkm_bus *bus, struct tkm_parent item,
			       struct tkm_parent parent, struct tkm_piece auth,
			       u8 *priv, size_t size, u16 *len);
/* An object for another parent, in the caller's memory. */
struct tkm_duplicated {
	u8 priv[1024];
	u16 priv_len;
	u8 secret[512];
	u16 secret_len;
};
int tkm_tpm_duplicate(struct tkm_bus *bus, struct tkm_parent item,
		      struct tkm_parent to, const u8 inner[TKM_INNER_SIZE],
		      struct tkm_duplicated *out);
int tkm_tpm_import(struct tkm_bus *bus, struct tkm_parent parent,
		   const struct tkm_move *move, u8 *priv, size_t size,
		   u16 *len);
int tkm_tpm_rewrap(struct tkm_bus *bus, struct tkm_parent from,
		   struct tkm_parent to, const struct tkm_move *move,
		   struct tkm_duplicated *out);
/* What the TPM's protection against guessing says of itself. */
struct tkm_lockout {
	u32 counter;
	u32 max;
	u32 interval;			/* seconds until one try is forgotten */
};
int tkm_tpm_lockout(struct tkm_bus *bus, struct tkm_lockout *lockout);
int tkm_tpm_test_parms(struct tkm_bus *bus, const struct tkm_public *tmpl);
int tkm_tpm_sign(struct tkm_bus *bus, struct tkm_parent item,
		 struct tkm_piece auth, struct tkm_piece digest, u16 scheme,
		 u16 hash, const struct tkm_public *pub, u8 *sig, size_t *len);
int tkm_tpm_rsa_decrypt(struct tkm_bus *bus, struct tkm_parent item,
			struct tkm_piece auth, struct tkm_piece in, u16 scheme,
			u16 hash, u8 *out, size_t size, size_t *len);
int tkm_tpm_ecdh_zgen(struct tkm_bus *bus, struct tkm_parent item,
		      struct tkm_piece auth, struct tkm_piece point, u8 *x,
		      size_t *len);
int tkm_tpm_unseal(struct tkm_bus *bus, struct tkm_parent item,
		   struct tkm_piece auth, u8 data[TKM_DATA_MAX],
		   unsigned int *len);
int tkm_tpm_context_save(struct tkm_bus *bus, u32 handle, u8 **context,
			 u16 *len);
int tkm_tpm_context_load(struct tkm_bus *bus, const u8 *context, u16 len,
			 u32 *handle);
int tkm_tpm_pcr_read(struct tkm_bus *bus, const struct tkm_pcrs *pcrs,
		     bool vouched, u8 digest[32]);
int tkm_tpm_policy(struct tkm_bus *bus, const struct tkm_policy_element *el);
int tkm_tpm_policy_restart(struct tkm_bus *bus);
int tkm_tpm_policy_nv(struct tkm_bus *bus, const struct tkm_policy_nv *nv);
int tkm_tpm_policy_authorize(struct tkm_bus *bus, const u8 approved[32],
			     const struct tkm_authorize *by,
			     struct tkm_piece ticket);
int tkm_tpm_load_external(struct tkm_bus *bus, struct tkm_piece pub,
			  u32 *handle);
/* TPMT_TK_VERIFIED: tag, hierarchy, and an HMAC of the TPM's own choice. */
#define TKM_TICKET_MAX	(2 + 4 + 2 + 64)
int tkm_tpm_ticket(struct tkm_bus *bus, const struct tkm_authorize *by,
		   const u8 digest[32], u8 ticket[TKM_TICKET_MAX], u16 *len);

/* ---- policies.c: named policies, and approvals that are held ------------ */

/**
 * struct tkm_named - what a name stands for
 * @name: of the policy
 * @ref: its policyRef
 * @pcrs: of literal registers; mask 0 for an authorised policy
 * @authority: TPMT_PUBLIC of who approves
 * @authority_len: its length; 0 for literal registers
 * @recovery: the same of who approves when that one is lost
 * @recovery_len: its length; 0 for nobody
 */
struct tkm_named {
	char name[TKM_POLICY_NAME_MAX + 1];
	u8 ref[32];
	struct tkm_pcrs pcrs;
	u8 authority[TKM_POLICY_PUBLIC_MAX];
	u16 authority_len;
	u8 recovery[TKM_POLICY_PUBLIC_MAX];
	u16 recovery_len;
};

/**
 * struct tkm_held - an approval that is held
 * @approval: points into @der
 * @der: DER
 * @len: its length
 * @rejected: its signature is wrong, as the TPM and the kernel say; or its counter
 *	does not read with an empty authValue, says the TPM; set by the worker
 * @ticket: the worker's: TPMT_TK_VERIFIED
 * @ticket_len: its length; 0 for none
 */
struct tkm_held {
	struct tkm_approval approval;
	u8 *der;
	u16 len;
	bool rejected;
	u8 ticket[TKM_TICKET_MAX];
	u16 ticket_len;
};

/**
 * struct tkm_approvals - those of one policy
 * @refs: one for the table, one for each use
 * @last: the worker's: which one opened something last
 * @n: how many
 * @held: they never change but for what the worker finds out
 */
struct tkm_approvals {
	refcount_t refs;
	unsigned int last;
	unsigned int n;
	struct tkm_held *held[TKM_APPROVALS_MAX];
};

/* A place in the table. */
struct tkm_policies_at {
	unsigned int id;
	unsigned int approval;
};

typedef int (*tkm_policy_look_fn)(const struct tkm_named *is,
				  const struct tkm_held *held, void *arg);

int tkm_policies_set(const struct tkm_named *is);
int tkm_policies_approve(const char *name, const struct tkm_piece *ders,
			 unsigned int n);
int tkm_policies_remove(const char *name);
int tkm_policies_find(const char *name, struct tkm_named *is);
/* What it makes of what is made under it; "": nothing. 0 or an errno. */
int tkm_policies_guard(const char *name, struct tkm_guard *guard);
bool tkm_policies_name(const u8 ref[32], char name[TKM_POLICY_NAME_MAX + 1]);
/* With a reference, or NULL. */
struct tkm_approvals *tkm_policies_approvals(const u8 ref[32]);
void tkm_approvals_put(struct tkm_approvals *approvals);
unsigned int tkm_policies_generation(void);
int tkm_policies_visit(const char *name, struct tkm_policies_at *at,
		       tkm_policy_look_fn look, void *arg);
void tkm_policies_exit(void);

/* ---- policy.c: playing a policy into a session -------------------------- */

/**
 * struct tkm_guard - what a new key is to be guarded with, but for an authValue
 * @pcrs: registers, bound to their values of now; mask 0 for none
 * @authorize: body of a PolicyAuthorize, as a chain has it
 * @authorize_len: its length; 0 for none
 * @keys: body of the PolicyOR that follows it, over what two keys approve
 * @keys_len: its length; 0 for none
 */
struct tkm_guard {
	struct tkm_pcrs pcrs;
	u8 authorize[TKM_POLICY_PUBLIC_MAX + 40];
	u16 authorize_len;
	u8 keys[80];
	u16 keys_len;
};

/* Of a named policy; and of a key's, whose last element is that of its record. */
void tkm_guard_named(struct tkm_guard *guard, const struct tkm_named *is);
int tkm_guard_keep(struct tkm_guard *guard, const struct tkm_policy *policy,
		   bool flat);

/* Bytes of a policy that tkm made itself, and the policy that points at them. */
struct tkm_policy_made {
	struct tkm_policy policy;
	struct tkm_guard guard;
	u8 pcr[48];
	u8 either[TKM_BRANCHES_MAX];
	u8 digest[32];			/* authPolicy */
	bool any;			/* whether there is an authPolicy */
};

/**
 * struct tkm_pick - which approvals may be tried for a policy now
 * @all: those that are held, with a reference; NULL when there is nothing to
 *	approve
 * @which: indices of those whose registers have the right values, in order
 * @n: how many
 * @at: the one to be tried next
 * @why: what to say when none is left
 */
struct tkm_pick {
	struct tkm_approvals *all;
	u8 which[TKM_APPROVALS_MAX];
	unsigned int n;
	unsigned int at;
	int why;
};

/*
 * Before a policy session is begun: pick the approvals, if any is needed.
 * tkm_pick_end() whatever it returns.
 */
int tkm_policy_choose(struct tkm_bus *bus, const struct tkm_policy *policy,
		      struct tkm_pick *pick);
void tkm_pick_end(struct tkm_pick *pick);
/* Run every element in bus->session. -EPERM where the TPM says it differs. */
int tkm_policy_play(struct tkm_bus *bus, const struct tkm_policy *policy,
		    struct tkm_pick *pick);
/*
 * A new policy: what @guard says, an authValue, both or neither, and with @rec
 * the branches of the record beside it. One PCR_Read if it has registers.
 */
int tkm_policy_make(struct tkm_bus *bus, const struct tkm_guard *guard,
		    bool has_auth, const struct tkm_record *rec,
		    const u8 *hash, struct tkm_policy_made *made);

/* ---- srk.c, node.c, hierarchy.c, branch.c: SRK, TKMRK, TDK, ASK --------- */

void tkm_hierarchy_exit(void);
/* Know the SRK of the chip at hand; @want is the Name it must have or NULL. */
int tkm_hierarchy_open(struct tkm_bus *bus, const u8 *want);
/* Another chip, or one that slept: saved contexts are worth nothing. */
void tkm_hierarchy_forget(struct tkm_bus *bus);
/* Whether the ASK for a new key of this record is known. */
bool tkm_hierarchy_knows(const struct tkm_record *key);
/* Who approves of a new key's moving: as of all others of its class. */
int tkm_hierarchy_inherit(struct tkm_record *key,
			  const struct tkm_chain *branch);
/*
 * The ASK for a new key: known, or below the last of the storage keys that
 * @branch has, if any. What is missing is made. Takes a reference.
 */
int tkm_hierarchy_ask(struct tkm_bus *bus, const struct tkm_record *key,
		      const struct tkm_chain *branch, struct tkm_node **ask);
/* The ASK at the end of a verified chain's storage keys. Takes a reference. */
int tkm_hierarchy_adopt(struct tkm_bus *bus, const struct tkm_chain *chain,
			struct tkm_node **ask);
/* Have it loaded; NULL: the SRK. Needs a session. */
int tkm_hierarchy_use(struct tkm_bus *bus, struct tkm_node *node,
		      struct tkm_parent *parent);
/* The SRK may be another one: read it anew, and run the operation again. */
void tkm_hierarchy_doubt(struct tkm_bus *bus);
/* The loaded storage key, if any, is flushed. */
void tkm_hierarchy_leave(struct tkm_bus *bus);
/* Storage keys above a key as chain objects, TKMRK first; in place. */
void tkm_hierarchy_objects(const struct tkm_node *ask, struct tkm_chain *chain);
/*
 * Before a session is begun for what lies under a storage key that has this
 * policy: pick the approvals, if it wants any. What tkm_policy_choose() returns.
 */
int tkm_hierarchy_door(struct tkm_bus *bus, const struct tkm_policy *policy);
/* The policy of a storage key; n 0 for none, and for the SRK, NULL. */
const struct tkm_policy *tkm_node_policy(const struct tkm_node *node);
/* That of the storage key that a new key of this record will lie under. */
const struct tkm_policy *tkm_hierarchy_policy_above(const struct tkm_record *key);
/*
 * Before the command that it authorises, and after tkm_hierarchy_use(): its policy
 * is played, in a policy session, if it has one.
 */
int tkm_hierarchy_permit(struct tkm_bus *bus, struct tkm_node *node);
/* Before a policy session is begun for what lies under this storage key. */
int tkm_hierarchy_ready(struct tkm_bus *bus, struct tkm_node *node);
/* The domain of a storage key, if a password guards it; NULL: none does. */
struct tkm_domain *tkm_node_domain(const struct tkm_node *node);
/* The TDK of a domain that has a password or a policy. Takes a reference. NULL: not known. */
struct tkm_node *tkm_hierarchy_guarded(u32 owner, enum tkm_side side);
/*
 * A new TDK with a password or a policy, below the TKMRK that @branch has, if any.
 * It is nobody's until tkm_hierarchy_add(). Returns it, with a reference, or an
 * ERR_PTR.
 */
struct tkm_node *tkm_hierarchy_guard(struct tkm_bus *bus,
				     const struct tkm_caller *of,
				     const struct tkm_chain *branch,
				     const struct tkm_auth *auth,
				     const struct tkm_guard *guard);
void tkm_hierarchy_add(struct tkm_node *node);
/* One that was never added. */
void tkm_hierarchy_abandon(struct tkm_node *node);
/* The TDK at the end of a branch of two. Takes a reference. */
int tkm_hierarchy_adopt_domain(struct tkm_bus *bus,
			       const struct tkm_chain *branch,
			       struct tkm_node **tdk);
/*
 * Prove the password of a TDK, whose private part is @priv, and have another
 * private part with @fresh as its password. One try, of those the TPM counts.
 */
int tkm_hierarchy_prove(struct tkm_bus *bus, struct tkm_node *tdk,
			struct tkm_piece priv, const struct tkm_auth *auth,
			const struct tkm_auth *fresh, u8 *out, size_t size,
			u16 *len);
struct tkm_piece tkm_node_private(const struct tkm_node *node);
/* Of kmalloc's, taken over. */
void tkm_node_set_private(struct tkm_node *node, u8 *priv, u16 len);
const struct tkm_record *tkm_node_record(const struct tkm_node *node);
/* TKMRK and TDK as a branch, with another private part if @priv has one. */
ssize_t tkm_hierarchy_branch(const struct tkm_node *tdk, struct tkm_piece priv,
			     u8 *out, size_t size);
/* Saved contexts under domains that are locked. */
void tkm_hierarchy_forget_locked(void);
struct tkm_node *tkm_node_get(struct tkm_node *node);
void tkm_node_put(struct tkm_node *node);
/* Give back storage keys that no key uses, the longest unused first. */
void tkm_hierarchy_trim(void);

/* ---- payload.c: what a key holds ---------------------------------------- */

/**
 * struct tkm_payload - what a key holds; never changes once a key has it
 * @refs: one for the key, one for each use
 * @rcu: describe looks at it under RCU only
 * @life: its state, with a reference
 * @rec: the metadata
 * @text: its text, the description of the chain's last object
 * @text_len: 0 for a flat key
 * @flat: a single object under the SRK
 * @kept: the helper keeps the chain, and nobody has the key yet
 * @event: that made it, TKM_AUDIT_EVENT_CREATE or _LOAD; 0 when it is known
 *	what came of it
 * @has_auth: the TPM asks for an authValue
 * @policy: name of the policy, for describe ("none", "sha256:7+auth")
 * @approved: it wants an approval
 * @pcrs: the registers it is bound to; mask 0 for none
 * @node: the ASK it lies under, with a reference; NULL for a flat key
 * @period: of the domain, when it has a password, in which it was opened
 * @live: in the domain's list, while a key has it
 * @key: that key
 * @chain: DER
 * @chain_len: its length
 * @pair: of an RSA or EC key; NULL for data
 * @messages: that the cipher made with it
 * @data: the clear key; nothing for an RSA or EC key
 * @data_len: its length
 */
struct tkm_payload {
	refcount_t refs;
	struct rcu_head rcu;
	struct tkm_life *life;
	struct tkm_record rec;
	char text[TKM_RECORD_MAX];
	u16 text_len;
	bool flat;
	bool kept;
	u32 event;
	bool has_auth;
	char policy[96];
	bool approved;
	struct tkm_pcrs pcrs;
	struct tkm_node *node;
	u64 period;
	struct list_head live;
	struct key *key;
	u8 *chain;
	size_t chain_len;
	struct tkm_pair *pair;
	atomic64_t messages;
	u8 data[TKM_DATA_MAX];
	unsigned int data_len;
};

/* A new one, with one reference and one on the module. -ENOMEM, -ENODEV. */
struct tkm_payload *tkm_payload_alloc(void);
struct tkm_payload *tkm_payload_get(struct tkm_payload *payload);
void tkm_payload_put(struct tkm_payload *payload);
/* How many there are. */
unsigned int tkm_payload_count(void);
/* After a policy is known: fill @policy. */
void tkm_payload_name_policy(struct tkm_payload *payload,
			     const struct tkm_policy *policy);

/* ---- life.c: states of keys, and which keys there are ------------------- */

struct tkm_seat;
typedef int (*tkm_look_fn)(const struct key *key,
			   const struct tkm_payload *payload, void *arg);

/* A payload gets its life when it is made, or from its like when it is loaded. */
int tkm_life_begin(struct tkm_payload *payload, enum tkm_state state);
int tkm_life_join(struct tkm_payload *payload, enum tkm_state state);
struct tkm_life *tkm_life_get(struct tkm_life *life);
void tkm_life_put(struct tkm_life *life);
/* Now, by what was set and by the dates. */
enum tkm_state tkm_life_state(const struct tkm_life *life);
enum tkm_state tkm_life_kept(const struct tkm_life *life);
void tkm_life_count(struct tkm_life *life);
u64 tkm_life_operations(const struct tkm_life *life);
/* Waits for the helper. 0, -EPERM, -EAGAIN, or what the helper says. */
int tkm_life_set(const struct tkm_payload *payload, enum tkm_state to);
/* Waits for nobody. 0, -ENOKEY, -EPERM, -EAGAIN. */
int tkm_life_set_now(key_serial_t serial, const struct tkm_record *rec,
		     enum tkm_state to);
unsigned int tkm_life_generation(void);
void tkm_life_exit(void);

struct tkm_seat *tkm_seat_alloc(void);
void tkm_seat_take(struct tkm_seat *seat, struct key *key);
void tkm_seat_leave(struct tkm_seat *seat);
int tkm_seat_visit(key_serial_t *serial, tkm_look_fn look, void *arg);

/* ---- object.c: making, loading and resealing keys ----------------------- */

/*
 * Each gives a payload that the caller owns, or an ERR_PTR with an errno of
 * the table. They wait for the TPM, killably.
 */
struct tkm_payload *tkm_object_new(const struct tkm_request *req,
				 const struct tkm_record *rec,
				 const struct tkm_auth *auth);
struct tkm_payload *tkm_object_load(const u8 *der, size_t len,
				  const struct tkm_caller *caller,
				  const struct tkm_auth *auth);
struct tkm_payload *tkm_object_reseal(struct tkm_payload *old,
				    const struct tkm_request *req,
				    const struct tkm_auth *auth);

/* ---- pair.c: RSA and EC keys at work ------------------------------------ */

int tkm_pair_init(struct tkm_payload *payload, const struct tkm_object *obj,
		  const struct tkm_auth *auth);
void tkm_pair_free(struct tkm_pair *pair);
const struct tkm_public *tkm_pair_public(const struct tkm_payload *payload);
void tkm_pair_doubt(const struct tkm_payload *payload);
int tkm_pair_load(struct tkm_bus *bus, struct tkm_payload *payload, u32 *handle);
/* Its authValue; len 0 for none. */
const struct tkm_auth *tkm_pair_auth(const struct tkm_payload *payload);
/* By the worker: save the context of the key, loaded as @handle. */
int tkm_pair_keep(struct tkm_bus *bus, struct tkm_payload *payload, u32 handle);
/*
 * They wait for the TPM, killably. Return: bytes of the result, at most @size,
 * or an errno of the table.
 */
long tkm_pair_sign(struct tkm_payload *payload, const struct tkm_encoding *e,
		   const u8 *digest, u8 *sig, size_t size);
long tkm_pair_decrypt(struct tkm_payload *payload, const struct tkm_encoding *e,
		      const u8 *in, size_t len, u8 *out, size_t size);

/* ---- pubkey.c: what a public key does, in the kernel -------------------- */

/* @in and @out of kmalloc's. 0, -EINVAL, -EIO, -ENOMEM; else -EOPNOTSUPP. */
int tkm_rsa_apply(struct crypto_akcipher *tfm, const struct tkm_public *pub,
		  const u8 *in, u8 *out);
int tkm_rsa_public(const struct tkm_public *pub, const u8 *in, u8 *out);
/* 0, -EBADMSG, -EIO, -ENOMEM. */
int tkm_ecdsa_verify(const struct tkm_public *pub, const u8 *digest, size_t len,
		     const u8 *r, const u8 *s);

/* ---- cipher.c: authenticated encryption with a data key ----------------- */

/* Messages that a loaded key makes; a test builds with another bound. */
#ifndef TKM_CRYPT_MESSAGES
#define TKM_CRYPT_MESSAGES	(1LL << 48)
#endif

/* Bytes of the result or an errno; buffers of kmalloc's. */
long tkm_cipher_encrypt(struct tkm_payload *payload,
			const struct tkm_encoding *e, const u8 *in, size_t len,
			u8 *out);
long tkm_cipher_decrypt(struct tkm_payload *payload,
			const struct tkm_encoding *e, const u8 *in, size_t len,
			u8 *out);

/* ---- pkey.c: keyctl_pkey_*() -------------------------------------------- */

int tkm_pkey_query(const struct kernel_pkey_params *params,
		   struct kernel_pkey_query *info);
int tkm_pkey_eds_op(struct kernel_pkey_params *params, const void *in,
		    void *out);
int tkm_pkey_verify(struct kernel_pkey_params *params, const void *in,
		    const void *in2);
int tkm_signature_verify(const struct tkm_public *pub,
			 const struct tkm_encoding *e, const u8 *digest,
			 const u8 *sig);

/* ---- publish.c: a payload as a consumer's key --------------------------- */

struct tkm_published;

int tkm_publish_init(void);
void tkm_publish_exit(void);
/*
 * Put @payload's key, or a derivation of it, into a consumer's key in @keyring,
 * for the current task. Called with @key->sem held for writing. @slot is where
 * the key remembers what it published. Return: 0; -EMSGSIZE, -EOPNOTSUPP,
 * -EDQUOT, -ENOMEM, or what linking into the keyring says.
 */
int tkm_publish(struct key *key, const struct tkm_payload *payload,
		const struct tkm_request *req, struct key *keyring,
		struct tkm_published **slot);
/* Says which sizes the consumer takes, in the log. -EMSGSIZE. */
int tkm_publish_wrong_size(const struct tkm_request *req, unsigned int len);
/* Revoke some of it, or all. 0, or -ENOENT when there is nothing of the name. */
int tkm_unpublish(const struct tkm_request *req,
		  struct tkm_published *published);
/* Everything that was published dies; needs no lock, does not sleep. */
void tkm_publish_end(struct tkm_published *published);
/* A key may not be published any more: look soon. Does not sleep. */
void tkm_publish_look(void);

/* ---- netlink.c, helper.c: programs, and the one that helps -------------- */

int tkm_netlink_init(void);
void tkm_netlink_exit(void);
bool tkm_helper_is_there(void);
/*
 * Have the helper keep a payload's chain; @kind is TKM_ERRAND_STORE or _REPLACE.
 * 1: kept; 0: nobody to ask; an errno of the table: it cannot be kept.
 */
int tkm_helper_keep(u32 kind, const struct tkm_payload *payload);
/* Have it keep the state of a key. 0, also when nobody is there to ask. */
int tkm_helper_set_state(const struct tkm_payload *payload,
			 enum tkm_state state);
/* In which state it keeps the key; TKM_STATE_ACTIVE if in none. 0 or an errno. */
int tkm_helper_state(const struct tkm_payload *payload, enum tkm_state *state);
/* It was kept, and is nobody's key after all. */
void tkm_helper_drop(const struct tkm_payload *payload);
/* What was kept, or anything else: the caller frees it. 0, -ENOKEY, ... */
int tkm_helper_find(const struct tkm_caller *of, u8 **chain, size_t *len);
/* The same about the storage keys for a new key. */
int tkm_helper_branch(const struct tkm_caller *of, u8 **branch, size_t *len);

/* ---- audit.c: what was done to keys, for the helper to write down ------- */

void tkm_audit(u32 event, const struct tkm_caller *of, int result);
void tkm_audit_key(u32 event, const struct tkm_payload *payload, int result);
void tkm_audit_state(const struct tkm_record *rec, enum tkm_state to,
		     int result);
void tkm_audit_exit(void);

/* Have it keep TKMRK and TDK of a domain. As tkm_helper_keep(). */
int tkm_helper_keep_domain(const struct tkm_caller *of, const u8 *branch,
			   size_t len);

/* ---- domain.c: domains with passwords ----------------------------------- */

extern struct key_type tkm_domain_key_type;

int tkm_domain_init(void);
void tkm_domain_exit(void);
/* A locked one, for a new node. NULL without memory. */
struct tkm_domain *tkm_domain_alloc(void);
void tkm_domain_free(struct tkm_domain *domain);
/* Its password, while it is unlocked; -ENOKEY, which is logged. NULL: 0. */
int tkm_domain_auth(struct tkm_domain *domain, struct tkm_auth *auth);
/* The span for which it is unlocked, 0 while it is locked. */
u64 tkm_domain_period(struct tkm_domain *domain);
/* Whether what was opened in its period may be used still: 0 or -ENOKEY. */
int tkm_domain_check(const struct tkm_payload *payload);

/**
 * struct tkm_tries - what a domain's wrong passwords cost
 * @wrong: in a row
 * @spent: that the TPM has counted, and not forgotten
 * @left: so many more are tried before one has to be forgotten
 * @wait: seconds before the next one is tried
 */
struct tkm_tries {
	u32 wrong, spent, left, wait;
};

bool tkm_domain_tries(u32 owner, enum tkm_side side, struct tkm_tries *tries);

/**
 * struct tkm_unlocked - a domain that is unlocked
 * @owner: uid
 * @side: of the border
 * @period: for which it is; later ones are greater
 * @openers: so many keys keep it so
 * @left: seconds before the last of them ends, 0 where one has no end
 */
struct tkm_unlocked {
	u32 owner;
	enum tkm_side side;
	u64 period;
	u32 openers, left;
};

bool tkm_domain_next(u64 after, struct tkm_unlocked *is);
int tkm_domain_lock(u32 owner, enum tkm_side side);
/* A key has it now: it ends with the period. -ENOKEY if that is over. */
int tkm_domain_join(struct tkm_payload *payload, struct key *key);
void tkm_domain_leave(struct tkm_payload *payload);

/* ---- class.c: who approves of a key's moving ----------------------------- */

/* Fill in a new record's authority, if the request names one. An errno or 0. */
int tkm_class_authority(const struct tkm_request *req, struct tkm_record *rec);

/* What a key of type `user` holds: of kmalloc's. At most @max bytes. 0 or an errno. */
int tkm_user_bytes(key_serial_t serial, size_t max, u8 **data, size_t *len);

/* ---- move.c: objects on their way to and from another TPM --------------- */

extern struct key_type tkm_move_key_type;

/* ---- certify.c: the TPM says what a key is ------------------------------ */

ssize_t tkm_certify(const struct tkm_move_request *req, struct tkm_record *rec,
		    u8 *out, size_t size);

/* ---- key_type.c --------------------------------------------------------- */

extern struct key_type tkm_key_type;

/* When a key expires, TIME64_MAX for never; kernels before 6.7 may say 0. */
static inline time64_t tkm_key_expires(const struct key *key)
{
	return READ_ONCE(key->expiry) ?: TIME64_MAX;
}

/*
 * Whether the current task may use a key so: @use is any of TKM_USE_*, or 0 for
 * what every key does, in whatever @way. The caller holds @key->sem. Return: 0;
 * -EPERM for another domain, another use, or a state that does not allow it;
 * -EKEYEXPIRED; -EKEYREVOKED.
 */
int tkm_may_use(const struct key *key, const struct tkm_payload *payload,
		unsigned int use, enum tkm_way way);

/* Whether it has expired, by its record or by the keyring. */
bool tkm_key_is_over(const struct key *key, const struct tkm_payload *payload);

/* The domain that a key belongs to, and its description. */
static inline struct tkm_caller tkm_caller_of(const struct tkm_record *rec)
{
	return (struct tkm_caller){
		.owner = rec->owner,
		.side = rec->side,
		.class = rec->class,
		.app = rec->app,
		.label = rec->label,
	};
}

/*
 * The payload of a tkm key that the current task may write to, of its own domain,
 * with a reference; or an ERR_PTR.
 */
struct tkm_payload *tkm_payload_of(key_serial_t serial);

/* The value that a user or logon key holds. 0 or an errno of the table. */
int tkm_auth_get(key_serial_t serial, struct tkm_auth *auth);

/* The domain of the current task. */
void tkm_caller_now(struct tkm_caller *caller);

#endif /* TKM_INTERNAL_H */
