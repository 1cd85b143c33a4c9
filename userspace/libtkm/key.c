// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Keys in the keyring: the calls of libkeyutils with errnos for results, and
 * with the words that type tkm has.
 */
#include <ctype.h>
#include <errno.h>
#include <keyutils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libtkm.h>
#include <linux/tkm.h>

static int status(long ret)
{
	return ret < 0 ? -errno : 0;
}

/* A type that nobody registered is "no such device" to people: no module. */
static int key_status(long ret)
{
	if (ret < 0)
		return errno == ENODEV ? -ENODEV : -errno;
	return 0;
}

/* ---- making, loading, changing ------------------------------------------- */

int libtkm_key_add(const char *description, const void *payload, size_t len,
		   libtkm_serial keyring, libtkm_serial *key)
{
	*key = add_key(TKM_KEY_TYPE, description, payload, len, keyring);
	return key_status(*key);
}

int libtkm_key_new(const char *description, const char *options,
		   libtkm_serial keyring, libtkm_serial *key)
{
	char *text;
	int ret;

	ret = asprintf(&text, TKM_VERB_NEW " %s", options ? options : "");
	if (ret < 0)
		return -ENOMEM;
	ret = libtkm_key_add(description, text, strlen(text), keyring, key);
	free(text);
	return ret;
}

static void put_hex(char *out, const uint8_t *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (; n; n--, p++) {
		*out++ = digits[*p >> 4];
		*out++ = digits[*p & 15];
	}
	*out = 0;
}

int libtkm_key_load(const char *description, const void *der, size_t len,
		    libtkm_serial auth, libtkm_serial keyring,
		    libtkm_serial *key)
{
	static const char load[] = TKM_VERB_LOAD " ";
	size_t size = sizeof(load) + 2 * len + 32, n;
	char *text;
	int ret;

	if (len > TKM_CHAIN_MAX)
		return -E2BIG;
	text = malloc(size);
	if (!text)
		return -ENOMEM;
	strcpy(text, load);
	put_hex(text + strlen(text), der, len);
	n = strlen(text);
	if (auth)
		snprintf(text + n, size - n, " " TKM_OPT_AUTH "=%d", auth);
	ret = libtkm_key_add(description, text, strlen(text), keyring, key);
	free(text);
	return ret;
}

int libtkm_key_update(libtkm_serial key, const char *text)
{
	return status(keyctl_update(key, text, strlen(text)));
}

static int from_hex(const char *hex, size_t len, uint8_t *out)
{
	char pair[3] = "";
	size_t i;

	for (i = 0; i < len; i += 2) {
		if (!isxdigit((unsigned char)hex[i]) ||
		    !isxdigit((unsigned char)hex[i + 1]))
			return -EBADMSG;
		memcpy(pair, hex + i, 2);
		out[i / 2] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return 0;
}

int libtkm_key_chain(libtkm_serial key, uint8_t **der, size_t *len)
{
	void *hex;
	long n = keyctl_read_alloc(key, &hex);
	int ret;

	*der = NULL;
	if (n < 0)
		return -errno;
	*len = (size_t)n / 2;
	*der = malloc(*len + 1);
	ret = !*der ? -ENOMEM : n % 2 ? -EBADMSG : from_hex(hex, (size_t)n, *der);
	free(hex);
	if (ret) {
		free(*der);
		*der = NULL;
	}
	return ret;
}

int libtkm_key_unlink(libtkm_serial key, libtkm_serial keyring)
{
	return status(keyctl_unlink(key, keyring));
}

int libtkm_key_revoke(libtkm_serial key)
{
	return status(keyctl_revoke(key));
}

/*
 * A description of its own each time: a second one of the same would take the
 * place of the first.
 */
int libtkm_key_auth(const void *value, size_t len, libtkm_serial keyring,
		    libtkm_serial *key)
{
	static unsigned int number;
	char desc[64];

	snprintf(desc, sizeof(desc), "tkm:auth:%d:%u", (int)getpid(),
		 __atomic_add_fetch(&number, 1, __ATOMIC_RELAXED));
	*key = add_key("logon", desc, value, len, keyring);
	return status(*key);
}

/* ---- finding --------------------------------------------------------------- */

static const char *without_type(const char *name)
{
	static const char prefix[] = "%" TKM_KEY_TYPE ":";

	return strncmp(name, prefix, strlen(prefix)) ?
		       name : name + strlen(prefix);
}

/* 1: it is a number, and that in *key. */
static int serial_number(const char *name, libtkm_serial *key)
{
	char *end;
	long v;

	if (!isdigit((unsigned char)*name))
		return 0;
	errno = 0;
	v = strtol(name, &end, 0);
	if (*end || errno || v <= 0 || v > INT32_MAX)
		return 0;
	*key = (libtkm_serial)v;
	return 1;
}

struct wanted {
	const char *description;
	libtkm_serial serial;
	struct libtkm_key *found;
};

static int compare(const struct libtkm_key *key, void *data)
{
	struct wanted *wanted = data;

	if (wanted->serial ? key->serial != wanted->serial :
			     strcmp(key->description, wanted->description) ||
			     !strcmp(key->state, "revoked"))
		return 0;
	*wanted->found = *key;
	return 1;
}

int libtkm_key_find(const char *name, libtkm_serial *key)
{
	struct libtkm_key found;
	struct wanted wanted = { .description = without_type(name),
				 .found = &found };
	int ret;

	if (serial_number(name, key))
		return 0;
	/* Without something to call out, it only searches. */
	*key = request_key(TKM_KEY_TYPE, wanted.description, NULL, 0);
	if (*key > 0 || errno != ENOKEY)
		return key_status(*key);
	ret = libtkm_key_list(compare, &wanted);
	if (ret > 0)
		*key = found.serial;
	return ret > 0 ? 0 : ret ? ret : -ENOKEY;
}

int libtkm_key_request(const char *description, libtkm_serial keyring,
		       libtkm_serial *key)
{
	/* What is to call out is for a program, and here the module answers. */
	*key = request_key(TKM_KEY_TYPE, without_type(description), "tkm",
			   keyring);
	return key_status(*key);
}

int libtkm_key_show(libtkm_serial serial, struct libtkm_key *key)
{
	struct wanted wanted = { .serial = serial, .found = key };
	int ret = libtkm_key_list(compare, &wanted);

	return ret > 0 ? 0 : ret ? ret : -ENOKEY;
}

/* ---- /proc/keys -------------------------------------------------------------- */

/* "name=word" behind @p into @out; where it ends. NULL: it is not there. */
static const char *word(const char *p, const char *name, char *out,
			size_t size)
{
	size_t n = strlen(name), len;

	if (!p)
		return NULL;
	p += strspn(p, " ");
	if (strncmp(p, name, n) || p[n] != '=')
		return NULL;
	p += n + 1;
	len = strcspn(p, " \n");
	snprintf(out, size, "%.*s", (int)len, p);
	return p + len;
}

/*
 * Behind the type: "disk:vol1: app=disk label=vol1 ...", of a revoked key no
 * more than the description. A description has no space in it.
 */
static void read_description(const char *p, struct libtkm_key *key)
{
	size_t len = strcspn(p, " \n");
	const char *rest = p + len;

	if (len && p[len - 1] == ':' && *rest == ' ')
		len--;
	snprintf(key->description, sizeof(key->description), "%.*s", (int)len,
		 p);
	rest = word(rest, "app", key->app, sizeof(key->app));
	rest = word(rest, "label", key->label, sizeof(key->label));
	rest = word(rest, "kind", key->kind, sizeof(key->kind));
	rest = word(rest, "class", key->key_class, sizeof(key->key_class));
	rest = word(rest, "state", key->state, sizeof(key->state));
	rest = word(rest, "policy", key->policy, sizeof(key->policy));
	key->flat = rest && strstr(rest, " flat");
}

/*
 * "serial flags usage timeout perm uid gid type description: summary". False
 * for another type, and for a key that is none yet, or was refused.
 */
static bool read_line(const char *line, struct libtkm_key *key)
{
	unsigned int serial, uid;
	char flags[16], type[16];
	int at = 0;

	if (sscanf(line, "%x %15s %*s %*s %*s %u %*s %15s %n", &serial, flags,
		   &uid, type, &at) != 4 ||
	    strcmp(type, TKM_KEY_TYPE) || flags[0] != 'I' || strchr(flags, 'N'))
		return false;
	memset(key, 0, sizeof(*key));
	key->serial = (libtkm_serial)serial;
	key->uid = uid;
	read_description(line + at, key);
	if (strchr(flags, 'R'))
		strcpy(key->state, "revoked");
	else if (strchr(flags, 'D'))
		strcpy(key->state, "dead");
	return true;
}

int libtkm_key_list(int (*each)(const struct libtkm_key *key, void *data),
		    void *data)
{
	FILE *f = fopen("/proc/keys", "re");
	struct libtkm_key key;
	char *line = NULL;
	size_t size = 0;
	int ret = 0;

	if (!f)
		return -errno;
	while (!ret && getline(&line, &size, f) > 0)
		if (read_line(line, &key))
			ret = each(&key, data);
	free(line);
	fclose(f);
	return ret;
}

/* ---- using -------------------------------------------------------------------- */

int libtkm_pkey_query(libtkm_serial key, const char *info,
		      struct libtkm_pkey *pkey)
{
	struct keyctl_pkey_query query;

	if (keyctl_pkey_query(key, info, &query) < 0)
		return -errno;
	*pkey = (struct libtkm_pkey){
		.can_encrypt = query.supported_ops & KEYCTL_SUPPORTS_ENCRYPT,
		.can_decrypt = query.supported_ops & KEYCTL_SUPPORTS_DECRYPT,
		.can_sign = query.supported_ops & KEYCTL_SUPPORTS_SIGN,
		.can_verify = query.supported_ops & KEYCTL_SUPPORTS_VERIFY,
		.bits = query.key_size,
		.max_data = query.max_data_size,
		.max_signature = query.max_sig_size,
		.max_encrypted = query.max_enc_size,
		.max_decrypted = query.max_dec_size,
	};
	return 0;
}

typedef long (*operation)(key_serial_t key, const char *info, const void *in,
			  size_t in_len, void *out, size_t out_len);

/* The kernel writes all of a result, so there is room for the largest. */
static int operate(operation op, libtkm_serial key, const char *info,
		   const void *in, size_t in_len, bool secret, uint8_t **out,
		   size_t *out_len)
{
	struct libtkm_pkey pkey;
	size_t size;
	long n;
	int ret;

	*out = NULL;
	ret = libtkm_pkey_query(key, info, &pkey);
	if (ret)
		return ret;
	size = pkey.max_encrypted;
	if (size < pkey.max_signature)
		size = pkey.max_signature;
	if (size < pkey.max_decrypted)
		size = pkey.max_decrypted;
	*out = secret ? libtkm_secret_alloc(size) : malloc(size);
	if (!*out)
		return -ENOMEM;
	n = op(key, info, in, in_len, *out, size);
	if (n >= 0) {
		*out_len = (size_t)n;
		return 0;
	}
	ret = -errno;
	if (secret)
		libtkm_secret_free(*out);
	else
		free(*out);
	*out = NULL;
	return ret;
}

int libtkm_pkey_sign(libtkm_serial key, const char *info, const void *digest,
		     size_t len, uint8_t **out, size_t *out_len)
{
	return operate(keyctl_pkey_sign, key, info, digest, len, false, out,
		       out_len);
}

int libtkm_pkey_encrypt(libtkm_serial key, const char *info, const void *data,
			size_t len, uint8_t **out, size_t *out_len)
{
	return operate(keyctl_pkey_encrypt, key, info, data, len, false, out,
		       out_len);
}

int libtkm_pkey_decrypt(libtkm_serial key, const char *info, const void *data,
			size_t len, uint8_t **out, size_t *out_len)
{
	return operate(keyctl_pkey_decrypt, key, info, data, len, true, out,
		       out_len);
}

int libtkm_pkey_verify(libtkm_serial key, const char *info, const void *digest,
		       size_t len, const void *signature, size_t signature_len)
{
	return status(keyctl_pkey_verify(key, info, digest, len, signature,
					 signature_len));
}
