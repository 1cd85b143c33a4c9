// SPDX-License-Identifier: GPL-2.0
/*
 * The database is sealed by a tkm key like any other, of tkmd's own uid, in the
 * keyring of this process: it goes when the process does, and nobody else can
 * find it there. Its chain stands in the database. Encrypting is the kernel's,
 * and takes no TPM command.
 */
#include <errno.h>
#include <keyutils.h>
#include <stdio.h>
#include <stdlib.h>

#include "libtkm.h"
#include "tkmd.h"

#define OPTIONS	"data len=32 use=crypt"
/* "enc=gcm;aad=" and two digits a byte of what places need, with room. */
#define WORDS	256

static libtkm_serial key = -1;

static int chain_of(libtkm_serial of, struct chain *chain)
{
	uint8_t *der;
	size_t len;
	int ret = libtkm_key_chain(of, &der, &len);

	if (ret)
		return ret;
	if (len > sizeof(chain->der)) {
		free(der);
		return -E2BIG;
	}
	memcpy(chain->der, der, len);
	chain->len = len;
	free(der);
	return 0;
}

int cipher_new(struct chain *chain)
{
	int ret;

	ret = libtkm_key_new(CIPHER_KEY, OPTIONS, KEY_SPEC_PROCESS_KEYRING,
			     &key);
	if (!ret)
		ret = chain_of(key, chain);
	if (ret)
		log_error("the key for a new database cannot be made: %s",
			  libtkm_error_text(ret, "new"));
	return ret;
}

static const char *way_out(int error)
{
	switch (error) {
	case ENOKEY:
		return "the TPM is another one than the database was made with, or was cleared: no key in the database can be loaded here. In the machine that it is from it can. To begin anew, move the folder's content away";
	case EPERM:
		return "the database is another user's: start tkmd as the user that made it";
	case EBADMSG:
		return "the database is damaged: put a copy back";
	case ENODEV:
		return "there is no TPM, or the module tkm is not loaded: modprobe tkm";
	case EDQUOT:
		return "the user that tkmd runs as has too many keys: see /proc/key-users";
	default:
		return "see the kernel's log, and start again";
	}
}

int cipher_load(const struct chain *chain)
{
	int ret;

	ret = libtkm_key_load(CIPHER_KEY, chain->der, chain->len, 0,
			      KEY_SPEC_PROCESS_KEYRING, &key);
	if (ret)
		log_error("the database's own key does not load: %s: %s. Nothing was changed",
			  strerror(-ret), way_out(-ret));
	return ret;
}

static int words_for(const void *aad, size_t len, char words[WORDS])
{
	struct tkm_writer w;

	tkm_writer_init(&w, words, WORDS - 1);
	tkm_put_bytes(&w, "enc=gcm;aad=", 12);
	tkm_put_hex(&w, aad, len);
	words[w.len] = '\0';
	return w.overflow ? -EINVAL : 0;
}

/*
 * The kernel writes as much as comes of it, whatever size it is told: @out has
 * the room, because that follows from @len.
 */
static int apply(long (*call)(key_serial_t, const char *, const void *, size_t,
			      void *, size_t),
		 const void *aad, size_t aad_len, const void *in, size_t len,
		 void *out, size_t out_len)
{
	char words[WORDS];
	long ret;

	if (words_for(aad, aad_len, words))
		return -EINVAL;
	ret = call(key, words, in, len, out, out_len);
	if (ret < 0)
		return -errno;
	return (size_t)ret == out_len ? 0 : -EBADMSG;
}

static int tkm_seal(const void *aad, size_t aad_len, const void *in, size_t len,
		    uint8_t *out)
{
	return apply(keyctl_pkey_encrypt, aad, aad_len, in, len, out,
		     len + CIPHER_OVERHEAD);
}

static int tkm_open(const void *aad, size_t aad_len, const uint8_t *in,
		    size_t len, void *out)
{
	if (len < CIPHER_OVERHEAD)
		return -EBADMSG;
	return apply(keyctl_pkey_decrypt, aad, aad_len, in, len, out,
		     len - CIPHER_OVERHEAD);
}

const struct cipher cipher_tkm = { .seal = tkm_seal, .open = tkm_open };
