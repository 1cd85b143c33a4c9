// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * What the kernel's consumers of keys take: their names, the sizes and
 * descriptions that they insist on, and the text of an `encrypted` key.
 *
 * A consumer that gets a key of the wrong size says EINVAL, much later and to
 * somebody else. So it is asked here, before anything is made.
 */
#include "core.h"

#define IV_SIZE		16
#define HMAC_SIZE	32
#define ECRYPTFS_DESC	16

static const struct {
	const char *type;
	const char *format;
	u16 min;
	u16 max;
	u16 derived;
} consumers[] = {
	/* Any size; dm-crypt wants just the one that its table names. */
	[TKM_CONSUMER_LOGON] = { "logon", NULL, 1, TKM_DATA_MAX, 32 },
	[TKM_CONSUMER_USER] = { "user", NULL, 1, TKM_DATA_MAX, 32 },
	/* security/keys/encrypted-keys: MIN_DATA_SIZE, ECRYPTFS_MAX_KEY_BYTES */
	[TKM_CONSUMER_ENCRYPTED] = { "encrypted", "default", 20, TKM_DATA_MAX,
				     32 },
	[TKM_CONSUMER_ECRYPTFS] = { "encrypted", "ecryptfs", 64, 64, 64 },
	/* linux/fscrypt.h: FSCRYPT_MIN_KEY_SIZE, FSCRYPT_MAX_KEY_SIZE */
	[TKM_CONSUMER_FSCRYPT] = { "fscrypt-provisioning", NULL, 16, 64, 64 },
};

const char *tkm_consumer_type(enum tkm_consumer consumer)
{
	return consumers[consumer].type;
}

int tkm_consumer_of(const char *type, size_t len, enum tkm_consumer *consumer)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(consumers); i++) {
		if (strlen(consumers[i].type) == len &&
		    !memcmp(consumers[i].type, type, len)) {
			*consumer = i;
			return 0;
		}
	}
	return -EINVAL;
}

int tkm_consumer_format(const char *format, size_t len,
			enum tkm_consumer *consumer)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(consumers); i++) {
		if (consumers[i].format &&
		    strlen(consumers[i].format) == len &&
		    !memcmp(consumers[i].format, format, len)) {
			*consumer = i;
			return 0;
		}
	}
	return -EINVAL;
}

struct tkm_sizes tkm_consumer_sizes(enum tkm_consumer consumer)
{
	return (struct tkm_sizes){ consumers[consumer].min,
				   consumers[consumer].max,
				   consumers[consumer].derived };
}

bool tkm_consumer_takes(enum tkm_consumer consumer, size_t len)
{
	return len >= consumers[consumer].min && len <= consumers[consumer].max;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
	       (c >= 'A' && c <= 'F');
}

bool tkm_consumer_desc_ok(enum tkm_consumer consumer, const char *desc)
{
	size_t len = strlen(desc), i;

	if (!len || len > TKM_PUBLISH_DESC_MAX || !tkm_text_ok(desc, len))
		return false;
	if (consumer == TKM_CONSUMER_LOGON)
		return strchr(desc + 1, ':') && desc[0] != ':';
	if (consumer != TKM_CONSUMER_ECRYPTFS)
		return true;
	for (i = 0; i < len; i++)
		if (!is_hex(desc[i]))
			return false;
	return len == ECRYPTFS_DESC;
}

void tkm_consumer_derive(const u8 *key, size_t key_len, const char *label,
			 u8 *out, size_t out_len)
{
	static const char purpose[] = "tkm publish v1 ";
	const struct tkm_piece info[] = {
		{ purpose, sizeof(purpose) - 1 },
		{ label, strlen(label) },
	};

	tkm_hkdf(key, key_len, info, ARRAY_SIZE(info), out, out_len);
}

/*
 * The two keys that the type derives from a master: a name, a zero, the master.
 * Its buffer is as long as the longer name, AUTH_KEY, needs, and hashed whole:
 * behind ENC_KEY and the master stands one zero more.
 */
static void ekey_derive(const char *name, const u8 master[32], u8 out[32])
{
	static const char zero;
	const struct tkm_piece pieces[] = {
		{ name, strlen(name) + 1 },
		{ master, 32 },
		{ &zero, strlen("AUTH_KEY") - strlen(name) },
	};

	tkm_sha256(pieces, ARRAY_SIZE(pieces), out);
}

/*
 * Bytes that the HMAC covers, each text with its zero: format, master's
 * description, length, IV and one zero more, ciphertext; then the HMAC.
 */
ssize_t tkm_encrypted_text(enum tkm_consumer consumer, const char *master_desc,
			   const u8 master[32], const u8 iv[16],
			   const u8 *data, size_t len, char *out, size_t size)
{
	const char *format = consumers[consumer].format;
	u8 bytes[256], key[32], hmac[HMAC_SIZE];
	struct tkm_piece whole = { bytes, 0 };
	struct tkm_writer w, text;
	size_t iv_at, padded = (len + 15) / 16 * 16;
	char number[8];
	int ret;

	static_assert(sizeof(bytes) >= 9 + 64 + 4 + IV_SIZE + 1 + TKM_DATA_MAX,
		      "room for the longest");
	if (!format || len > TKM_DATA_MAX || strlen(master_desc) > 63)
		return -EINVAL;
	scnprintf(number, sizeof(number), "%u", (unsigned int)len);
	memset(bytes, 0, sizeof(bytes));
	tkm_writer_init(&w, bytes, sizeof(bytes));
	tkm_put_bytes(&w, format, strlen(format) + 1);
	tkm_put_bytes(&w, master_desc, strlen(master_desc) + 1);
	tkm_put_bytes(&w, number, strlen(number) + 1);
	iv_at = w.len;
	tkm_put_bytes(&w, iv, IV_SIZE);
	tkm_put_u8(&w, 0);
	tkm_put_bytes(&w, data, len);

	ekey_derive("ENC_KEY", master, key);
	ret = tkm_cbc_encrypt(key, iv, bytes + iv_at + IV_SIZE + 1, padded);
	if (ret)
		goto out_wipe;
	ekey_derive("AUTH_KEY", master, key);
	whole.len = iv_at + IV_SIZE + 1 + padded;
	tkm_hmac_sha256(key, sizeof(key), &whole, 1, hmac);

	tkm_writer_init(&text, out, size);
	tkm_put_bytes(&text, "load ", 5);
	tkm_put_bytes(&text, format, strlen(format));
	tkm_put_u8(&text, ' ');
	tkm_put_bytes(&text, master_desc, strlen(master_desc));
	tkm_put_u8(&text, ' ');
	tkm_put_bytes(&text, number, strlen(number));
	tkm_put_u8(&text, ' ');
	tkm_put_hex(&text, bytes + iv_at, whole.len - iv_at);
	tkm_put_hex(&text, hmac, sizeof(hmac));
	ret = text.overflow ? -EMSGSIZE : (int)text.len;
out_wipe:
	memzero_explicit(key, sizeof(key));
	memzero_explicit(bytes, sizeof(bytes));
	return ret;
}
