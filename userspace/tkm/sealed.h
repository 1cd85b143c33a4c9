/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the verbs that use a key share: encodings by the key's kind, digests, and
 * the format of encrypted files.
 */
#ifndef TKM_SEALED_H
#define TKM_SEALED_H

#include "tkm.h"

/* ---- use.c ---------------------------------------------------------------------- */

/* Options of the verbs that use a key; NULL: not given. */
struct use {
	const char *enc;
	const char *hash;
	const char *aad;	/* hex */
	bool digest;
};

enum { OPT_ENC = OPT_OWN, OPT_HASH, OPT_AAD, OPT_DIGEST, OPT_USE_OWN };

/* One of the above; usage error for a value that is none. */
void use_option(struct use *use, int c, const char *value);

/* "enc=x962 hash=sha256", as the key's kind has it unless said. */
void use_signing(const struct use *use, const struct libtkm_key *key,
		 char *info, size_t size);
/* "enc=oaep hash=sha256"; of a data key "enc=gcm[;aad=HEX]". */
void use_encrypting(const struct use *use, const struct libtkm_key *key,
		    char *info, size_t size);

/* Of a file, or with --digest what is in it. Says what failed; exit status. */
int use_digest(const struct use *use, const char *path, uint8_t digest[64],
	       size_t *len);

/* cmd_sign.c: KEY SIGNATURE [FILE], as tkm verify has them. Exit status. */
int verify_signature(const struct use *use, char **words);

/* ---- sealed.c: files of any size, in messages ------------------------------------- */

/*
 * An encrypted file: see Documentation/file-format.rst.
 *
 *	"tkm file" (8)  version 1 (4)  size of a piece (4)  number of the file (16)
 *	messages of the cipher, one a piece
 *
 * Numbers are big-endian. Each message's associated data is "tkm file piece v1",
 * the header, the piece's number (8), 1 for the last and 0 for others, and what
 * --aad says.
 */
#define SEALED_HEADER	32
#define SEALED_PIECE	61440

/* Whether a file begins like one. */
bool sealed_is(const void *head, size_t len);
/* Both say nothing; @size is the input's, for progress, or 0. */
int sealed_write(libtkm_serial key, const char *aad, int in, uint64_t size,
		 struct output *out);
int sealed_read(libtkm_serial key, const char *aad, int in, uint64_t size,
		struct output *out);

#endif /* TKM_SEALED_H */
