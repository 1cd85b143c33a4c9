// SPDX-License-Identifier: GPL-2.0
/*
 * Chains and the objects they are made of. What a chain must be, the pure files
 * of the module know; here it is cut and put together, byte by byte as it was.
 */
#include <stdio.h>

#include "tkmd.h"

#define SEQUENCE	0x30

/*
 * A row's value is a name and an object with a record, and of DER what is around
 * them: this much, at most, beside what follows from the kind of key.
 */
#define ROOM_NAMES	(TKM_DESC_MAX + TKM_RECORD_MAX + 128)
#define ROOM_ELEMENT	24

/* Bytes of the head of a SEQUENCE, whose content is @content bytes; 0: none. */
static size_t head_of(const uint8_t *der, size_t len, size_t *content)
{
	size_t head, n, i;

	if (len < 2 || der[0] != SEQUENCE)
		return 0;
	n = der[1] & 0x80 ? der[1] & 0x7f : 0;
	head = 2 + n;
	if (n > 2 || len < head)
		return 0;
	*content = n ? 0 : der[1];
	for (i = 0; i < n; i++)
		*content = *content << 8 | der[2 + i];
	return *content <= len - head ? head : 0;
}

static int cut(const uint8_t *der, size_t len, struct branch *branch)
{
	size_t content, head;
	unsigned int i;

	for (i = 0; i < branch->n; i++) {
		head = head_of(der, len, &content);
		if (!head)
			return -EBADMSG;
		branch->part[i].der = der;
		branch->part[i].len = head + content;
		der += head + content;
		len -= head + content;
	}
	return len ? -EBADMSG : 0;
}

/* Of a row's name, for the pure files. */
struct whose {
	char app[TKM_APP_MAX + 1], label[TKM_LABEL_MAX + 1];
	struct tkm_caller caller;
};

static int whose_is(const struct name *name, struct whose *whose)
{
	whose->caller = (struct tkm_caller){
		.owner = name->owner,
		.side = name->side,
		.app = whose->app,
		.label = whose->label,
	};
	return tkm_description_parse(name->description, whose->app,
				     whose->label);
}

/* Of its first @n objects, which are storage keys. */
static int read_records(const struct tkm_chain *chain, unsigned int n,
			struct branch *branch)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (tkm_record_parse(chain->obj[i].description,
				     chain->obj[i].description_len,
				     &branch->part[i].record))
			return -EBADMSG;
	return 0;
}

/* The domain's and of that name: all of it, but for what only the TPM knows. */
static int verify(const struct tkm_chain *chain, const struct name *name,
		  struct branch *branch)
{
	uint8_t srk[TKM_NAME_SIZE];
	struct whose whose;

	if (whose_is(name, &whose) ||
	    tkm_chain_verify(chain, &whose.caller, srk,
			     &branch->part[branch->n - 1].record))
		return -EBADMSG;
	return read_records(chain, branch->n - 1, branch);
}

static size_t room_of(const struct tkm_object *object)
{
	size_t room = ROOM_NAMES + object->pub_len + object->priv_len;
	unsigned int i;

	for (i = 0; i < object->policy.n; i++)
		room += ROOM_ELEMENT + object->policy.el[i].body_len;
	return room;
}

static void measure(const struct tkm_chain *chain, struct branch *branch)
{
	unsigned int i;

	branch->n = chain->n;
	for (i = 0; i < chain->n; i++) {
		branch->part[i].room = room_of(&chain->obj[i]);
		branch->part[i].pub = chain->obj[i].pub;
		branch->part[i].pub_len = chain->obj[i].pub_len;
	}
}

int branch_cut_storage(const uint8_t *der, size_t len, const struct name *name,
		       struct branch *branch)
{
	uint8_t srk[TKM_NAME_SIZE];
	struct tkm_chain chain;
	size_t content, head;
	struct whose whose;

	if (tkm_branch_decode(der, len, &chain) || chain.n != 2 ||
	    (chain.obj[1].empty_auth && !chain.obj[1].policy.n) ||
	    whose_is(name, &whose) ||
	    tkm_branch_verify(&chain, &whose.caller, srk))
		return -EBADMSG;
	measure(&chain, branch);
	if (read_records(&chain, branch->n, branch))
		return -EBADMSG;
	head = head_of(der, len, &content);
	return cut(der + head, len - head, branch);
}

int branch_cut(const uint8_t *der, size_t len, const struct name *name,
	       struct branch *branch)
{
	struct tkm_chain chain;
	size_t content, head;

	if (tkm_blob_decode(der, len, &chain))
		return -EBADMSG;
	measure(&chain, branch);
	if (verify(&chain, name, branch))
		return -EBADMSG;
	head = chain.flat ? 0 : head_of(der, len, &content);
	return cut(der + head, len - head, branch);
}

int branch_cut_two(const uint8_t *der, size_t len, struct tkm_piece piece[2])
{
	size_t content, head, i;

	head = head_of(der, len, &content);
	if (!head || head + content != len)
		return -EBADMSG;
	der += head;
	len = content;
	for (i = 0; i < 2; i++) {
		head = head_of(der, len, &content);
		if (!head)
			return -EBADMSG;
		piece[i] = (struct tkm_piece){ der, head + content };
		der += head + content;
		len -= head + content;
	}
	return len ? -EBADMSG : 0;
}

int branch_name(const uint8_t *der, size_t len, struct name *name)
{
	const struct tkm_object *key;
	struct tkm_record record;
	struct tkm_chain chain;

	if (tkm_blob_decode(der, len, &chain) || chain.flat)
		return -EBADMSG;
	key = &chain.obj[chain.n - 1];
	if (tkm_record_parse(key->description, key->description_len, &record) ||
	    !*record.app || !*record.label)
		return -EBADMSG;
	name->owner = record.owner;
	name->side = record.side;
	snprintf(name->description, sizeof(name->description), "%s:%s",
		 record.app, record.label);
	return 0;
}

int branch_join(const struct tkm_piece *parts, unsigned int n, bool flat,
		struct chain *chain)
{
	struct tkm_writer w;
	size_t content = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		content += parts[i].len;
	if (content > TKM_CHAIN_MAX)
		return -E2BIG;
	tkm_writer_init(&w, chain->der, sizeof(chain->der));
	if (!flat) {
		/* No object is short: its point alone is 64 bytes. */
		if (content < 0x100)
			return -EBADMSG;
		tkm_put_u16(&w, SEQUENCE << 8 | 0x82);
		tkm_put_u16(&w, content);
	}
	for (i = 0; i < n; i++)
		tkm_put_bytes(&w, parts[i].data, parts[i].len);
	chain->len = w.len;
	return w.overflow ? -E2BIG : 0;
}
