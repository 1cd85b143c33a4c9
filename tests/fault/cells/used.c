// SPDX-License-Identifier: GPL-2.0
#include "used.h"

#include "operations.h"
#include "policies.h"
#include "script.h"
#include "verdict.h"
#include "vm.h"

/* What is encrypted for the TPM, and comes back over the wire. */
#define SECRET "for its key only"
#define RSA_BYTES	256
#define POINT		65
#define SPKI		91
#define CRYPT_ROOM	256

#define USED_KEY(name, ...) \
	struct used name = { .desc = "cells:" #name, __VA_ARGS__ }

USED_KEY(rsa_signs, .options = "rsa", .info = "enc=pkcs1 hash=sha256");
USED_KEY(rsa_opens, .options = "rsa use=decrypt", .info = "enc=oaep hash=sha256");
USED_KEY(ec_signs, .options = "ec", .info = "enc=raw hash=sha256");
USED_KEY(ec_shares, .options = "ec use=decrypt", .info = "enc=ecdh");
USED_KEY(ec_guarded, .options = "ec pcrs=sha256:0,7",
	 .info = "enc=raw hash=sha256", .guarded = true);
USED_KEY(share_guarded, .options = "ec use=decrypt pcrs=sha256:7",
	 .info = "enc=ecdh", .guarded = true);
USED_KEY(ec_named, .options = "ec policy=" POLICY,
	 .info = "enc=raw hash=sha256");
USED_KEY(data_crypts, .options = "use=crypt", .info = "enc=gcm");

static struct used *const all_used[] = {
	&rsa_signs, &rsa_opens, &ec_signs, &ec_shares, &ec_guarded,
	&share_guarded, &ec_named, &data_crypts,
};

#define USED (sizeof(all_used) / sizeof(all_used[0]))

/* Of SECRET, and what is on another's side of ECDH. */
static uint8_t ciphertext[RSA_BYTES], point[POINT], message[CRYPT_ROOM];
static size_t message_len;

static void drop_key(struct used *u)
{
	if (u->key)
		key_ctl(KEYCTL_UNLINK, u->key, ring, 0, 0);
	u->key = 0;
	u->stale = false;
}

void drop_keys(void)
{
	size_t i;

	for (i = 0; i < USED; i++)
		drop_key(all_used[i]);
}

void load_key(struct used *u)
{
	drop_key(u);
	u->key = key_add("tkm", u->desc, u->chain, strlen(u->chain), ring);
	if (u->key < 0)
		die("%s: %s", u->desc, strerror(errno));
}

/* 0, or an errno; a signature that is given away holds, whatever happened. */
static int sign_with(struct used *u, const char *info)
{
	static uint32_t n;
	uint8_t digest[32] = "signed by cells", sig[RSA_BYTES];
	size_t size = u == &rsa_signs ? RSA_BYTES : 64;
	long len;

	/* Another one each time: what is replayed is not for it. */
	n++;
	memcpy(digest + sizeof(digest) - sizeof(n), &n, sizeof(n));
	operations++;
	len = key_pkey(KEYCTL_PKEY_SIGN, u->key, info, digest, sizeof(digest),
		       sig, size);
	if (len < 0)
		return errno;
	if (len != (long)size ||
	    key_pkey(KEYCTL_PKEY_VERIFY, u->key, info, digest, sizeof(digest),
		     sig, size))
		wrong("a signature that is none was given away");
	return 0;
}

/* 0, or an errno; what it gives must be right. */
static int open_with(struct used *u, const void *in, size_t in_len, size_t room,
		     const void *right, size_t right_len)
{
	uint8_t out[RSA_BYTES];
	long len;

	operations++;
	len = key_pkey(KEYCTL_PKEY_DECRYPT, u->key, u->info, in, in_len, out,
		       room);
	if (len < 0)
		return errno;
	if (len != (long)right_len || memcmp(out, right, right_len))
		wrong("another message was given away");
	return 0;
}

/* The first result is the one that all others must be. */
static int share_with(struct used *u, uint8_t x[32])
{
	char line[2 * 32 + 1];
	long len;
	size_t i;

	if (x[0] || x[1])
		return open_with(u, point, POINT, POINT, x, 32);
	len = key_pkey(KEYCTL_PKEY_DECRYPT, u->key, u->info, point, POINT, x,
		       POINT);
	if (len != 32)
		die("%s: %s", u->desc, strerror(errno));
	for (i = 0; i < 32; i++)
		sprintf(line + 2 * i, "%02x", x[i]);
	say("canary %s", line);
	return 0;
}

int do_sign_rsa(void)
{
	return sign_with(&rsa_signs, "enc=pkcs1 hash=sha256");
}

int do_sign_pss(void)
{
	return sign_with(&rsa_signs, "enc=pss hash=sha256");
}

int do_sign(void)
{
	return sign_with(&ec_signs, ec_signs.info);
}

int do_sign_policy(void)
{
	return sign_with(&ec_guarded, ec_guarded.info);
}

int do_sign_named(void)
{
	return sign_with(&ec_named, ec_named.info);
}

int do_open(void)
{
	return open_with(&rsa_opens, ciphertext, RSA_BYTES, RSA_BYTES, SECRET,
			 strlen(SECRET));
}

int do_share(void)
{
	static uint8_t x[POINT];

	return share_with(&ec_shares, x);
}

int do_share_policy(void)
{
	static uint8_t x[POINT];

	return share_with(&share_guarded, x);
}

/* From its chain, and then used by the context that was saved. */
int do_load_sign(void)
{
	struct used u = ec_signs;
	int err;

	drop_key(&ec_signs);
	u.key = key_add("tkm", u.desc, u.chain, strlen(u.chain), ring);
	if (u.key < 0) {
		operations++;
		return errno;
	}
	err = sign_with(&u, u.info);
	give(u.key);
	return err;
}

/*
 * Two keys of one sort are loaded; when the context of the first is saved for
 * the second, too, that is found out, and once only.
 */
static int swap(struct used *first, struct used *second, int (*use)(void))
{
	int err, again;

	drop_key(first);
	drop_key(second);
	load_key(first);
	load_key(second);
	err = use();
	again = err ? use() : 0;
	if (again)
		wrong("and for good: %s", name_of(again));
	return err;
}

int do_swap_sign(void)
{
	return swap(&ec_shares, &ec_signs, do_sign);
}

int do_swap_share(void)
{
	return swap(&ec_signs, &ec_shares, do_share);
}

/* What was encrypted comes back, whatever becomes of the TPM. */
int do_decrypt(void)
{
	return open_with(&data_crypts, message, message_len, CRYPT_ROOM, SECRET,
			 strlen(SECRET));
}

void age_keys(void)
{
	size_t i;

	for (i = 0; i < USED; i++)
		all_used[i]->stale = true;
}

void prepare_used(const char *with)
{
	char options[128], secret[2 * sizeof(SECRET)];
	uint8_t spki[SPKI];
	struct used *u;
	size_t i;
	long n;

	for (i = 0; i < USED; i++) {
		u = all_used[i];
		snprintf(options, sizeof(options), "%s %s", u->options,
			 u->guarded ? with : "");
		u->chain = chain_of(new_key(u->desc, options),
				    u->guarded ? with : "");
		load_key(u);
	}
	for (i = 0; i < strlen(SECRET); i++)
		sprintf(secret + 2 * i, "%02x", SECRET[i]);
	say("canary %s", secret);
	if (key_pkey(KEYCTL_PKEY_ENCRYPT, rsa_opens.key, rsa_opens.info, SECRET,
		     strlen(SECRET), ciphertext, RSA_BYTES) != RSA_BYTES)
		die("RSA: %s", strerror(errno));
	n = key_pkey(KEYCTL_PKEY_ENCRYPT, data_crypts.key, data_crypts.info,
		     SECRET, strlen(SECRET), message, CRYPT_ROOM);
	if (n < 0)
		die("a message: %s", strerror(errno));
	message_len = n;
	/* Anyone's point will do: it is the end of that key as DER. */
	n = key_pkey(KEYCTL_PKEY_ENCRYPT, ec_signs.key, "enc=spki", "", 0, spki,
		     sizeof(spki));
	if (n != SPKI)
		die("a point: %s", strerror(errno));
	memcpy(point, spki + SPKI - POINT, POINT);
	do_share();
	do_share_policy();
}

/* Another nonce each time; what comes of it is short, and is not the one before. */
static int certify_with(const struct used *u)
{
	static unsigned int n;
	static uint8_t before[1024];
	uint8_t der[1024];
	char text[96];
	serial_t key;
	long len;

	snprintf(text, sizeof(text), "certify key=%d nonce=%032x", u->key, ++n);
	operations++;
	key = key_add("tkm-move", "cells", text, strlen(text), ring);
	if (key < 0)
		return errno;
	len = key_read(key, (char *)der, sizeof(der));
	if (len < 200 || len > (long)sizeof(der) || !memcmp(der, before, len))
		wrong("a certificate that is none was given away");
	else
		memcpy(before, der, len);
	key_ctl(KEYCTL_UNLINK, key, ring, 0, 0);
	return 0;
}

int do_certify(void)
{
	return certify_with(&data_crypts);
}

int do_certify_ec(void)
{
	return certify_with(&ec_signs);
}
