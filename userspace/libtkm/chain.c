// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Chains in any of their forms, and what they say of themselves.
 */
#include <stdlib.h>

#include <libtkm.h>

#include "core.h"

static void look_at_record(const struct tkm_record *rec,
			   struct libtkm_chain *info)
{
	snprintf(info->description, sizeof(info->description), "%s:%s",
		 rec->app, rec->label);
	snprintf(info->kind, sizeof(info->kind), "%s",
		 tkm_kind_name(rec->kind));
	snprintf(info->key_class, sizeof(info->key_class), "%s",
		 tkm_class_name(rec->class));
	info->owner = rec->owner;
	info->other_side = rec->side == TKM_SIDE_OTHER;
	info->uses = rec->uses;
	info->created = rec->created;
	info->not_before = rec->not_before;
	info->not_after = rec->not_after;
}

int libtkm_chain_look(const void *der, size_t len, struct libtkm_chain *info)
{
	const struct tkm_object *key;
	struct tkm_chain chain;
	struct tkm_record rec;
	int ret;

	memset(info, 0, sizeof(*info));
	ret = tkm_blob_decode(der, len, &chain);
	if (ret)
		return ret;
	key = &chain.obj[chain.n - 1];
	info->objects = chain.n;
	info->flat = chain.flat;
	info->has_policy = key->policy.n > 0;
	info->has_auth = !key->empty_auth;
	if (chain.flat)
		return 0;
	ret = tkm_record_parse(key->description, key->description_len, &rec);
	if (!ret)
		look_at_record(&rec, info);
	return ret;
}

static int copy(const void *data, size_t len, uint8_t **der, size_t *der_len)
{
	if (len > TKM_CHAIN_MAX)
		return -E2BIG;
	*der = malloc(len);
	if (!*der)
		return -ENOMEM;
	memcpy(*der, data, len);
	*der_len = len;
	return 0;
}

/* As keyctl pipe writes it, with or without a newline. */
static int read_hex(const char *hex, size_t len, uint8_t **der,
		    size_t *der_len)
{
	while (len && isspace((unsigned char)hex[len - 1]))
		len--;
	while (len && isspace((unsigned char)*hex)) {
		hex++;
		len--;
	}
	if (!len || len % 2 ||
	    strspn(hex, "0123456789abcdefABCDEF") < len)
		return -ENOMSG;
	if (len / 2 > TKM_CHAIN_MAX)
		return -E2BIG;
	*der = malloc(len / 2);
	if (!*der)
		return -ENOMEM;
	*der_len = len / 2;
	return tkm_hex_decode(hex, len, *der);
}

int libtkm_chain_read(const void *data, size_t len, uint8_t **der,
		      size_t *der_len)
{
	char *text;
	int ret;

	*der = NULL;
	if (!len)
		return -ENOMSG;
	if (*(const u8 *)data == TKM_DER_SEQUENCE && len > 1 &&
	    ((const u8 *)data)[1] >= 0x80)
		return copy(data, len, der, der_len);
	ret = libtkm_pem_read(data, len, der, der_len);
	if (ret != -ENOMSG)
		return ret;
	text = strndup(data, len);
	if (!text)
		return -ENOMEM;
	ret = strlen(text) == len ? read_hex(text, len, der, der_len) : -ENOMSG;
	free(text);
	return ret;
}
