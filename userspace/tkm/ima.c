// SPDX-License-Identifier: GPL-2.0
/*
 * IMA's list of measurements, played again. The kernel's
 * security/integrity/ima/ima_fs.c writes it, ima_template_lib.c its fields: a
 * register, the SHA-1 of the fields, the template's name, then the fields, each
 * after its length. Only the first template, "ima", has no length in front of them,
 * nor of its digest, and pads the name for the hash.
 *
 * Registers are extended with the hash of the fields in their own bank; for a
 * file that changed while it was read, with ones, and zeros stand in the list.
 */
#include <openssl/evp.h>

#include "cursor.h"
#include "ima.h"

#define SHA1_SIZE	20
#define NAME_PADDED	256	/* of the template "ima" */

static const char *const hash_names[BANKS] = { "SHA1", "SHA256", "SHA384",
					       "SHA512" };

/* Templates, and how many fields each has after digest and name. */
static const struct template {
	const char *name;
	int more;
	bool typed;		/* "ima:" or "verity:" before the digest */
} templates[] = {
	{ "ima", 0, false },
	{ "ima-ng", 0, false },
	{ "ima-sig", 1, false },
	{ "ima-buf", 1, false },
	{ "ima-modsig", 3, false },
	{ "ima-ngv2", 0, true },
	{ "ima-sigv2", 1, true },
};

/* What is hashed. */
struct measured {
	const u8 *sha1;
	const u8 *fields;
	size_t len;
	u8 padded[SHA1_SIZE + NAME_PADDED];
};

static const struct template *template_of(const u8 *name, u32 len)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(templates); i++)
		if (strlen(templates[i].name) == len &&
		    !memcmp(templates[i].name, name, len))
			return &templates[i];
	return NULL;
}

static u16 alg_of(const char *name, size_t len)
{
	const char *known;
	int i;

	for (i = 0; i < BANKS; i++) {
		known = tkm_hash_name(bank_alg(i));
		if (strlen(known) == len && !memcmp(known, name, len))
			return bank_alg(i);
	}
	return 0;
}

/* "sha256:", a zero, the digest. */
static bool read_digest(const u8 *field, u32 len, bool typed,
			struct ima_entry *entry)
{
	const u8 *end = len ? memchr(field, 0, len) : NULL;
	const char *name = (const char *)field;
	const char *colon;
	size_t size;

	if (!end || end == field || end[-1] != ':')
		return false;
	colon = (const char *)end - 1;
	if (typed) {
		const char *after = memchr(name, ':', (size_t)(colon - name));

		if (!after)
			return false;
		name = after + 1;
	}
	entry->alg = alg_of(name, (size_t)(colon - name));
	entry->digest = end + 1;
	entry->digest_len = len - (u32)(end + 1 - field);
	size = entry->alg ? tkm_hash_size(entry->alg) : 0;
	return entry->digest_len <= TKM_HASH_MAX &&
	       (!size || entry->digest_len == size);
}

/* A name, its final zero, and nothing after that. */
static bool read_name(const u8 *field, u32 len, struct ima_entry *entry)
{
	if (!len || memchr(field, 0, len) != field + len - 1)
		return false;
	entry->name = field;
	entry->name_len = len - 1;
	return true;
}

/* The first template: a bare SHA-1, and a name without a final zero. */
static bool read_old(struct cursor *c, struct ima_entry *entry,
		     struct measured *measured)
{
	entry->alg = TPM_ALG_SHA1;
	entry->digest = cursor_bytes(c, SHA1_SIZE);
	entry->digest_len = SHA1_SIZE;
	entry->name = cursor_sized(c, &entry->name_len);
	if (c->bad || entry->name_len >= NAME_PADDED ||
	    memchr(entry->name, 0, entry->name_len))
		return false;
	memset(measured->padded, 0, sizeof(measured->padded));
	memcpy(measured->padded, entry->digest, SHA1_SIZE);
	memcpy(measured->padded + SHA1_SIZE, entry->name, entry->name_len);
	measured->fields = measured->padded;
	measured->len = sizeof(measured->padded);
	return true;
}

static bool read_fields(struct cursor *c, const struct template *template,
			struct ima_entry *entry, struct measured *measured)
{
	struct cursor fields = { 0 };
	const u8 *digest, *name;
	u32 len, n, m;
	int i;

	measured->fields = cursor_sized(c, &len);
	measured->len = len;
	if (c->bad)
		return false;
	fields.p = measured->fields;
	fields.len = len;
	digest = cursor_sized(&fields, &n);
	name = cursor_sized(&fields, &m);
	for (i = 0; i < template->more; i++)
		cursor_sized(&fields, &len);
	return !fields.bad && !fields.len &&
	       (entry->violation ||
		read_digest(digest, n, template->typed, entry)) &&
	       read_name(name, m, entry);
}

static bool is_violation(const u8 *sha1)
{
	static const u8 zeros[SHA1_SIZE];

	return !memcmp(sha1, zeros, SHA1_SIZE);
}

static int read_entry(struct cursor *c, struct ima_entry *entry,
		      struct measured *measured)
{
	const struct template *template;
	const u8 *name;
	u32 len;

	memset(entry, 0, sizeof(*entry));
	entry->number = cursor_number(c, 4);
	measured->sha1 = cursor_bytes(c, SHA1_SIZE);
	name = cursor_sized(c, &len);
	template = c->bad ? NULL : template_of(name, len);
	if (!template || entry->number >= REGISTERS)
		return -EBADMSG;
	entry->violation = is_violation(measured->sha1);
	if (template == templates ? !read_old(c, entry, measured) :
				    !read_fields(c, template, entry, measured))
		return -EBADMSG;
	return 0;
}

bool ima_is_boot_aggregate(const struct ima_entry *entry)
{
	static const char name[] = "boot_aggregate";

	return entry->first && !entry->violation &&
	       entry->name_len == strlen(name) &&
	       !memcmp(entry->name, name, strlen(name));
}

int ima_each(const u8 *list, size_t len, u32 limit, ima_fn each, void *data)
{
	struct cursor c = { .p = list, .len = len };
	struct measured measured;
	struct ima_entry entry;
	u32 i;
	int ret = 0;

	for (i = 0; i < limit && c.len && !ret; i++) {
		ret = read_entry(&c, &entry, &measured);
		if (ret)
			return ret;
		entry.first = !i;
		ret = each(&entry, data);
	}
	return ret;
}

/* ---- played again ---------------------------------------------------------------- */

static int play(struct values *played, u32 banks, const struct ima_entry *entry,
		const struct measured *measured)
{
	u8 digest[TKM_HASH_MAX], sha1[SHA1_SIZE];
	int bank;

	if (!entry->violation &&
	    (!EVP_Q_digest(NULL, "SHA1", NULL, measured->fields, measured->len,
			   sha1, NULL) ||
	     memcmp(sha1, measured->sha1, SHA1_SIZE)))
		return -EBADMSG;
	for (bank = 0; bank < BANKS; bank++) {
		if (!(banks & BIT(bank)))
			continue;
		memset(digest, 0xff, sizeof(digest));
		if (!entry->violation &&
		    !EVP_Q_digest(NULL, hash_names[bank], NULL,
				  measured->fields, measured->len, digest, NULL))
			return -EBADMSG;
		values_extend(played, bank, entry->number, digest);
	}
	return 0;
}

/* Registers that the list extended hold what they should, and there is one. */
static bool meets(const struct values *played, const struct values *values,
		  const struct tkm_pcrs *pcrs, size_t n)
{
	bool any = false;
	size_t i;
	int k, bank;

	for (i = 0; i < n; i++) {
		bank = bank_of(pcrs[i].bank);
		for (k = 0; bank >= 0 && k < REGISTERS; k++) {
			if (!(pcrs[i].mask & played->known[bank] & BIT(k)))
				continue;
			if (memcmp(played->value[bank][k],
				   values->value[bank][k],
				   tkm_hash_size(pcrs[i].bank)))
				return false;
			any = true;
		}
	}
	return any;
}

int ima_match(const u8 *list, size_t len, const struct values *values,
	      const struct tkm_pcrs *pcrs, size_t n, struct ima_match *match)
{
	struct cursor c = { .p = list, .len = len };
	static struct values played;
	struct measured measured;
	struct ima_entry entry;
	u32 banks = 0, registers = 0, violations = 0;
	bool covered = true;
	size_t i;
	int ret;

	memset(match, 0, sizeof(*match));
	if (len > IMA_LIST_MAX)
		return -E2BIG;
	for (i = 0; i < n; i++) {
		if (bank_of(pcrs[i].bank) < 0)
			continue;
		banks |= (u32)BIT(bank_of(pcrs[i].bank));
		registers |= pcrs[i].mask;
	}
	values_reset(&played);
	while (c.len) {
		ret = read_entry(&c, &entry, &measured);
		if (!ret)
			ret = play(&played, banks, &entry, &measured);
		if (ret)
			return ret;
		match->entries++;
		violations += entry.violation;
		/* What is in no register that is known, ends what is covered. */
		covered = covered && registers & BIT(entry.number);
		if (!covered || !meets(&played, values, pcrs, n))
			continue;
		match->covered = match->entries;
		match->violations = violations;
	}
	return match->covered ? 0 : -ENOENT;
}
