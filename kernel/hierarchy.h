/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between srk.c, reset.c, node.c, hierarchy.c and branch.c: the storage keys from
 * inside.
 */
#ifndef TKM_HIERARCHY_H
#define TKM_HIERARCHY_H

#include "tkm_internal.h"

/**
 * struct tkm_node - a storage key
 * @hash: in nodes, by owner
 * @used: in by_use, the last used at the end
 * @parent: the node above, with a reference; NULL under the SRK
 * @refs: keys and child nodes; the list itself holds none
 * @rec: its record
 * @name: its Name
 * @context: TPMS_CONTEXT, NULL until it was loaded once
 * @context_len: its length
 * @text: the record's text, in @bytes, like the next two
 * @pub: TPMT_PUBLIC
 * @priv: TPM2B_PRIVATE's content
 * @policy: what opens it, in @bytes; n 0 when its record is all of its authPolicy
 * @own_priv: where that lies since the password was changed, else NULL
 * @domain: of a TDK that a password guards, else NULL
 * @bytes: where those lie
 */
struct tkm_node {
	struct hlist_node hash;
	struct list_head used;
	struct tkm_node *parent;
	atomic_t refs;
	struct tkm_record rec;
	u8 name[TKM_NAME_SIZE];
	u8 *context;
	u16 context_len;
	struct tkm_piece text;
	struct tkm_piece pub;
	struct tkm_piece priv;
	struct tkm_policy policy;
	u8 *own_priv;
	struct tkm_domain *domain;
	u8 bytes[];
};

/* The TKMRK: the first of @branch, if it has any, or the known one, or a new one. */
struct tkm_node *tkm_hierarchy_root(struct tkm_bus *bus,
				    const struct tkm_chain *branch);

/* The Name of the SRK that is pinned; NULL for none yet. By the worker. */
const u8 *tkm_srk_pinned(void);

/* Whether it is the life of the TPM that we know: 0, -ENODEV after a reset. */
int tkm_reset_check(struct tkm_bus *bus);
/* Another chip, or one that slept: what life it is will be learned. */
void tkm_reset_forget(void);

/*
 * A new one, with a reference on @parent, that is in no table yet. NULL without
 * memory, or for a text that is no record.
 */
struct tkm_node *tkm_node_alloc(struct tkm_node *parent, struct tkm_piece text,
				struct tkm_piece pub, struct tkm_piece priv,
				const struct tkm_policy *policy);
/* One that is in no table; or NULL. */
void tkm_node_free(struct tkm_node *node);
void tkm_node_add(struct tkm_node *node);
void tkm_node_remove(struct tkm_node *node);
/* It was used just now. */
void tkm_node_used(struct tkm_node *node);
/* Its context is worth nothing any more. */
void tkm_node_forget(struct tkm_node *node);
struct tkm_node *tkm_node_find_record(struct tkm_node *parent,
				      const struct tkm_record *rec);
struct tkm_node *tkm_node_find_object(struct tkm_node *parent, u32 owner,
				      const struct tkm_object *obj);
struct tkm_node *tkm_node_find_guarded(struct tkm_node *parent, u32 owner,
				       const struct tkm_object *obj);
struct tkm_node *tkm_node_guarded_of(u32 owner, enum tkm_side side);
struct tkm_node *tkm_node_guarded_for(const struct tkm_record *key);
struct tkm_node *tkm_node_find_tdk(const struct tkm_record *key);
struct tkm_node *tkm_node_find_ask(const struct tkm_record *key);

#endif /* TKM_HIERARCHY_H */
