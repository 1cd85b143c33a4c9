/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * The pure core: one section for each file that touches no TPM, lock, key or
 * clock. Lengths are in bytes; a function that can fail returns 0 or a
 * negative errno (or a length or a negative errno), and says which. Nothing
 * here allocates: the caller owns all memory, and what is decoded points into
 * what was given.
 */
#ifndef TKM_CORE_H
#define TKM_CORE_H

#include "shim.h"

/* TPM 2.0 Part 2, "TPM_ALG_ID", "TPM_ST", "TPM_SE", "TPM_RH", "TPM_CC". */
#define TPM_ALG_RSA		0x0001
#define TPM_ALG_SHA1		0x0004
#define TPM_ALG_AES		0x0006
#define TPM_ALG_KEYEDHASH	0x0008
#define TPM_ALG_SHA256		0x000b
#define TPM_ALG_SHA384		0x000c
#define TPM_ALG_SHA512		0x000d
#define TPM_ALG_NULL		0x0010
#define TPM_ALG_RSASSA		0x0014
#define TPM_ALG_RSAES		0x0015
#define TPM_ALG_RSAPSS		0x0016
#define TPM_ALG_OAEP		0x0017
#define TPM_ALG_ECDSA		0x0018
#define TPM_ALG_ECC		0x0023
#define TPM_ALG_CFB		0x0043
#define TPM_ECC_NIST_P256	0x0003
#define TPM_ECC_NIST_P384	0x0004

#define TPM_ST_NO_SESSIONS	0x8001
#define TPM_ST_SESSIONS		0x8002
#define TPM_ST_ATTEST_CERTIFY	0x8017
#define TPM_ST_VERIFIED		0x8022
#define TPM_ST_HASHCHECK	0x8024

#define TPM_SE_HMAC		0x00
#define TPM_SE_POLICY		0x01

#define TPM_HT_NV_INDEX		0x01
#define TPM_EO_EQ		0x0000

#define TPM_RH_OWNER		0x40000001
#define TPM_RH_NULL		0x40000007
#define TPM_RS_PW		0x40000009
#define TPM_RH_ENDORSEMENT	0x4000000b

#define TPM_GENERATED_VALUE	0xff544347

#define TPM_CC_EVICT_CONTROL	0x00000120
#define TPM_CC_CREATE_PRIMARY	0x00000131
#define TPM_CC_CERTIFY		0x00000148
#define TPM_CC_POLICY_NV	0x00000149
#define TPM_CC_DUPLICATE	0x0000014b
#define TPM_CC_OBJECT_CHANGE_AUTH 0x00000150
#define TPM_CC_REWRAP		0x00000152
#define TPM_CC_CREATE		0x00000153
#define TPM_CC_IMPORT		0x00000156
#define TPM_CC_LOAD		0x00000157
#define TPM_CC_ECDH_ZGEN	0x00000154
#define TPM_CC_RSA_DECRYPT	0x00000159
#define TPM_CC_SIGN		0x0000015d
#define TPM_CC_UNSEAL		0x0000015e
#define TPM_CC_CONTEXT_LOAD	0x00000161
#define TPM_CC_CONTEXT_SAVE	0x00000162
#define TPM_CC_FLUSH_CONTEXT	0x00000165
#define TPM_CC_LOAD_EXTERNAL	0x00000167
#define TPM_CC_POLICY_AUTHORIZE	0x0000016a
#define TPM_CC_POLICY_AUTH_VALUE 0x0000016b
#define TPM_CC_POLICY_COMMAND_CODE 0x0000016c
#define TPM_CC_POLICY_OR	0x00000171
#define TPM_CC_READ_PUBLIC	0x00000173
#define TPM_CC_START_AUTH_SESSION 0x00000176
#define TPM_CC_VERIFY_SIGNATURE	0x00000177
#define TPM_CC_GET_CAPABILITY	0x0000017a
#define TPM_CC_PCR_READ		0x0000017e
#define TPM_CC_POLICY_PCR	0x0000017f
#define TPM_CC_POLICY_RESTART	0x00000180
#define TPM_CC_POLICY_DUPLICATION_SELECT 0x00000188
#define TPM_CC_TEST_PARMS	0x0000018a

#define TPM_CAP_HANDLES		1
#define TPM_CAP_TPM_PROPERTIES	6
#define TPM_PT_LOCKOUT_COUNTER	0x20e	/* then MAX_AUTH_FAIL, LOCKOUT_INTERVAL */

/* TPMA_OBJECT */
#define TPM_OA_FIXED_TPM		BIT(1)
#define TPM_OA_FIXED_PARENT		BIT(4)
#define TPM_OA_SENSITIVE_DATA_ORIGIN	BIT(5)
#define TPM_OA_USER_WITH_AUTH		BIT(6)
#define TPM_OA_NO_DA			BIT(10)
#define TPM_OA_ENCRYPTED_DUPLICATION	BIT(11)
#define TPM_OA_RESTRICTED		BIT(16)
#define TPM_OA_DECRYPT			BIT(17)
#define TPM_OA_SIGN			BIT(18)

/* TPMA_SESSION */
#define TPM_SA_CONTINUE		0x01
#define TPM_SA_DECRYPT		0x20
#define TPM_SA_ENCRYPT		0x40
#define TPM_SA_AUDIT		0x80

#define TKM_SHA256_SIZE		32
/* A Name under SHA-256: the algorithm's number, then the digest. */
#define TKM_NAME_SIZE		34
/* No TPM command or response of ours is larger (the driver's own limit). */
#define TKM_WIRE_MAX		4096

/* ---- marshal.c: bytes of TPM structures, in and out -------------------- */

/**
 * struct tkm_writer - builds big-endian TPM structures in the caller's buffer
 * @data: the buffer
 * @size: how much it holds
 * @len: how much is written
 * @overflow: sticky: something did not fit; @data is then not to be used
 *
 * Appending never fails; @overflow is looked at once, before use.
 */
struct tkm_writer {
	u8 *data;
	size_t size;
	size_t len;
	bool overflow;
};

void tkm_writer_init(struct tkm_writer *w, void *buf, size_t size);
void tkm_put_u8(struct tkm_writer *w, u8 v);
void tkm_put_u16(struct tkm_writer *w, u16 v);
void tkm_put_u32(struct tkm_writer *w, u32 v);
void tkm_put_bytes(struct tkm_writer *w, const void *p, size_t n);
/* Two small hex digits a byte. */
void tkm_put_hex(struct tkm_writer *w, const u8 *p, size_t n);
/* A TPM2B: u16 size, then @n bytes; @n above 65535 is an overflow. */
void tkm_put_tpm2b(struct tkm_writer *w, const void *p, size_t n);
/* A TPM2B whose content is written between the two calls. */
size_t tkm_put_tpm2b_begin(struct tkm_writer *w);
void tkm_put_tpm2b_end(struct tkm_writer *w, size_t begin);

/**
 * struct tkm_reader - reads big-endian TPM structures
 * @data: what is left to read
 * @len: how much is left
 * @bad: sticky: something was asked for that is not there; every later read
 *	gives zero or NULL
 */
struct tkm_reader {
	const u8 *data;
	size_t len;
	bool bad;
};

void tkm_reader_init(struct tkm_reader *r, const void *buf, size_t len);
u8 tkm_get_u8(struct tkm_reader *r);
u16 tkm_get_u16(struct tkm_reader *r);
u32 tkm_get_u32(struct tkm_reader *r);
/* @n bytes in place, or NULL with r->bad set. */
const u8 *tkm_get_bytes(struct tkm_reader *r, size_t n);
/* A TPM2B's content in place and its size in *n; NULL, 0 and r->bad if short. */
const u8 *tkm_get_tpm2b(struct tkm_reader *r, u16 *n);
/*
 * A number of @size bytes, in front of which a TPM may have left zeros out, or put
 * some. 0 or -EIO.
 */
int tkm_get_number(struct tkm_reader *r, u8 *out, size_t size);
/* True when nothing was asked in vain and nothing is left over. */
bool tkm_reader_done(const struct tkm_reader *r);

/**
 * struct tkm_public - the part of a TPMT_PUBLIC that tkm works with
 * @type: TPM_ALG_ECC, TPM_ALG_RSA or TPM_ALG_KEYEDHASH
 * @name_alg: always TPM_ALG_SHA256 once decoded
 * @attributes: TPMA_OBJECT
 * @policy: authPolicy, @policy_len 0 or 32 bytes, in place
 * @sym_alg: of a storage key TPM_ALG_AES, else TPM_ALG_NULL
 * @sym_bits: 128 with @sym_alg AES
 * @sym_mode: TPM_ALG_CFB with @sym_alg AES
 * @scheme: TPM_ALG_NULL always (others are refused)
 * @curve: of an ECC key, TPM_ECC_NIST_P256 or P384
 * @rsa_bits: of an RSA key
 * @rsa_exponent: of an RSA key; 65537 (0 on the wire means that, is given as
 *	65537 and is what the encoder writes for it)
 * @x: in place: ECC x, RSA modulus, or KEYEDHASH unique
 * @x_len: its length
 * @y: in place: ECC y
 * @y_len: its length
 */
struct tkm_public {
	u16 type;
	u16 name_alg;
	u32 attributes;
	const u8 *policy;
	u16 policy_len;
	u16 sym_alg;
	u16 sym_bits;
	u16 sym_mode;
	u16 scheme;
	u16 curve;
	u16 rsa_bits;
	u32 rsa_exponent;
	const u8 *x;
	u16 x_len;
	const u8 *y;
	u16 y_len;
};

/**
 * tkm_public_decode() - read a TPMT_PUBLIC, exactly
 * @p: the TPMT_PUBLIC, without a TPM2B's size in front
 * @n: its length; nothing may be left over
 * @pub: the result; points into @p
 *
 * Follows TPM 2.0 Part 2, "TPMT_PUBLIC". Knows ECC, RSA and KEYEDHASH with
 * null schemes; anything else that is well formed in its first fields is
 * refused as not supported.
 *
 * Return: 0; -EBADMSG when the bytes are not such a structure (short, left
 * over, a coordinate longer than the curve's, a modulus that is not @rsa_bits long, a
 * policy that is neither empty nor 32 bytes); -EOPNOTSUPP for a type, name
 * algorithm, symmetric algorithm, scheme, curve or exponent that tkm does not
 * work with.
 */
int tkm_public_decode(const u8 *p, size_t n, struct tkm_public *pub);

/**
 * tkm_public_encode() - write a TPMT_PUBLIC
 * @w: where; without a TPM2B's size in front
 * @pub: what; x and y may be NULL with length 0 (a template)
 */
void tkm_public_encode(struct tkm_writer *w, const struct tkm_public *pub);

/*
 * TPMT_PUBLIC_PARMS of an RSA or ECC key: its type and what it is made of,
 * without attributes, policy and unique part.
 */
void tkm_public_parms(struct tkm_writer *w, const struct tkm_public *pub);

/**
 * tkm_public_name() - the Name of an object, SHA-256
 * @p: its TPMT_PUBLIC
 * @n: its length
 * @name: 0x000b, then SHA-256 of the public area (TPM 2.0 Part 1, "Names")
 */
void tkm_public_name(const u8 *p, size_t n, u8 name[TKM_NAME_SIZE]);

/* ---- der.c: DER, in and out ---------------------------------------------- */

#define TKM_DER_BOOLEAN		0x01
#define TKM_DER_INTEGER		0x02
#define TKM_DER_OCTETS		0x04
#define TKM_DER_OID		0x06
#define TKM_DER_UTF8		0x0c
/* What a chain begins with, and no text. */
#define TKM_DER_SEQUENCE	0x30
#define TKM_DER_EXPLICIT(n)	(0xa0 + (n))

/* A definite length in its shortest form, of four bytes at most. */
size_t tkm_der_length(struct tkm_reader *r);
bool tkm_der_next_is(const struct tkm_reader *r, u8 tag);
/*
 * The content of the next value, which must have this tag. When it has not,
 * both readers are bad, and so is everything that is read from them.
 */
struct tkm_reader tkm_der_get(struct tkm_reader *r, u8 tag);
/*
 * The content of an INTEGER: not negative, at most @max, in the shortest form. Else
 * @r is bad, and the number 0.
 */
u64 tkm_der_number(struct tkm_reader *r, struct tkm_reader content, u64 max);

/**
 * struct tkm_back - what is written, growing towards lower addresses
 * @data: the caller's buffer
 * @at: where the written part begins; what is before it is free
 * @end: where it ends
 * @overflow: sticky: something did not fit
 */
struct tkm_back {
	u8 *data;
	size_t at;
	size_t end;
	bool overflow;
};

void tkm_back_init(struct tkm_back *b, void *buf, size_t size);
void tkm_back_bytes(struct tkm_back *b, const void *p, size_t n);
void tkm_back_u8(struct tkm_back *b, u8 v);
/* Tag and length in front of all that was written since @end was b->at. */
void tkm_back_header(struct tkm_back *b, u8 tag, size_t end);
void tkm_back_value(struct tkm_back *b, u8 tag, const void *p, size_t n);
/* An INTEGER. */
void tkm_back_number(struct tkm_back *b, u64 v);
/* Moves it to where the buffer begins. Return: its length, or -EMSGSIZE. */
ssize_t tkm_back_done(struct tkm_back *b);

/* ---- crypt.c: what sessions compute (TPM 2.0 Part 1, Annexes B, C) ------ */

void tkm_sha256(const struct tkm_piece *pieces, size_t n, u8 out[32]);
void tkm_hmac_sha256(const u8 *key, size_t key_len,
		     const struct tkm_piece *pieces, size_t n, u8 out[32]);

/**
 * tkm_kdfa() - KDFa with HMAC-SHA256
 * @key: @key_len bytes; may be none
 * @label: its text without the final zero, which is added
 * @u: contextU
 * @v: contextV
 * @out: @out_len bytes, at most 64
 */
void tkm_kdfa(const u8 *key, size_t key_len, const char *label,
	      struct tkm_piece u, struct tkm_piece v, u8 *out, size_t out_len);

/**
 * tkm_kdfe() - KDFe with SHA-256, 32 bytes of result
 * @z: x coordinate of the shared point, 32 bytes
 * @label: its text without the final zero, which is added
 * @u: x of the ephemeral key (PartyUInfo), 32 bytes
 * @v: x of the static key (PartyVInfo), 32 bytes
 */
void tkm_kdfe(const u8 z[32], const char *label, const u8 u[32],
	      const u8 v[32], u8 out[32]);

/**
 * tkm_cfb_encrypt() - AES-128-CFB in place
 * @key: 16 bytes key, then 16 bytes IV, as KDFa gives them for a session
 *
 * Return: 0 or -EINVAL (only when the cipher refuses the key).
 */
int tkm_cfb_encrypt(const u8 key[32], u8 *data, size_t len);
int tkm_cfb_decrypt(const u8 key[32], u8 *data, size_t len);

#define TKM_HASH_MAX	64

/**
 * struct tkm_hasher - one of the hash algorithms, ready for use
 * @alg: TPM_ALG_SHA1, SHA256, SHA384, SHA512
 * @size: of its digest
 * @impl: what the kernel or OpenSSL does it with; NULL for SHA-256
 */
struct tkm_hasher {
	u16 alg;
	unsigned int size;
	tkm_shim_hasher *impl;
};

/*
 * Take one up; 0, -EINVAL for another algorithm, or what the kernel says (it
 * may sleep, and load a module) when it has none. For SHA-256 nothing is done
 * at all.
 */
int tkm_hasher_open(struct tkm_hasher *hasher, u16 alg);
void tkm_hasher_close(struct tkm_hasher *hasher);
void tkm_hash(const struct tkm_hasher *hasher, const struct tkm_piece *pieces,
	      size_t n, u8 *out);

/* Xor the mask that MGF1 makes of @seed into @data (RFC 8017, B.2.1). */
void tkm_mgf1_xor(const struct tkm_hasher *hasher, const u8 *seed,
		  size_t seed_len, u8 *data, size_t len);

/**
 * tkm_oaep_pad() - OAEP (RFC 8017, 7.1.1)
 * @hasher: of the label and of MGF1
 * @msg: @msg_len bytes
 * @label: label; a TPM's has its final zero counted in (TPM 2.0 Part 1,
 *	Annex B.4)
 * @label_len: its length
 * @seed: hasher->size random bytes
 * @out: the padded block
 * @out_len: the modulus's length
 *
 * Return: 0, or -EINVAL when @msg does not fit.
 */
int tkm_oaep_pad(const struct tkm_hasher *hasher, const u8 *msg,
		 size_t msg_len, const void *label, size_t label_len,
		 const u8 *seed, u8 *out, size_t out_len);

/**
 * tkm_hkdf() - HKDF-SHA256 without salt (RFC 5869)
 * @ikm: @ikm_len bytes of key
 * @info: @n pieces, at most TKM_HKDF_PIECES, hashed one after the other
 * @out: @out_len bytes, at most 8160
 */
#define TKM_HKDF_PIECES	3
void tkm_hkdf(const u8 *ikm, size_t ikm_len, const struct tkm_piece *info,
	      size_t n, u8 *out, size_t out_len);

#define TKM_XAES_NONCE	24

/**
 * tkm_xaes_key() - the key of one message under XAES-256-GCM (C2SP)
 * @key: 32 bytes
 * @nonce: the first 12 of the message's 24 bytes; the other 12 are the nonce of
 *	AES-256-GCM under the result
 * @out: 32 bytes
 *
 * NIST SP 800-108, KDF in counter mode with AES-256-CMAC.
 *
 * Return: 0 or -EINVAL (only when the cipher refuses the key).
 */
int tkm_xaes_key(const u8 key[32], const u8 nonce[12], u8 out[32]);

/**
 * tkm_cbc_encrypt() - AES-256-CBC in place
 * @len: a multiple of 16
 *
 * Return: 0 or -EINVAL (only when the cipher refuses the key).
 */
int tkm_cbc_encrypt(const u8 key[32], const u8 iv[16], u8 *data, size_t len);

/* ---- record.c: the metadata that a Name commits to ---------------------- */

#define TKM_APP_MAX	63
#define TKM_LABEL_MAX	191
#define TKM_DESC_MAX	(TKM_APP_MAX + 1 + TKM_LABEL_MAX)
#define TKM_RECORD_MAX	640

enum tkm_kind {
	TKM_KIND_NONE,
	TKM_KIND_TKMRK,		/* "tkmrk" */
	TKM_KIND_TDK,		/* "tdk" */
	TKM_KIND_ASK,		/* "ask" */
	TKM_KIND_DATA,		/* "data" */
	TKM_KIND_RSA,		/* "rsa" */
	TKM_KIND_EC,		/* "ec" */
};

enum tkm_class {
	TKM_CLASS_FIXED,	/* "fixed" */
	TKM_CLASS_PORTABLE,	/* "portable" */
	TKM_CLASS_CERTIFIED,	/* "certified" */
};

enum tkm_side {
	TKM_SIDE_INIT,		/* "init": the initial user namespace */
	TKM_SIDE_OTHER,		/* "other": any other one */
};

#define TKM_USE_PUBLISH	BIT(0)
#define TKM_USE_CRYPT	BIT(1)
#define TKM_USE_SIGN	BIT(2)
#define TKM_USE_DECRYPT	BIT(3)

/**
 * struct tkm_record - what never changes about an object
 * @kind: which object
 * @class: whether it may move; a TKMRK never does
 * @authority: Name of the key that approves where to; of a class that may move
 * @recovery: Name of the key that does when that one is lost, or all zero
 * @owner: uid as the initial user namespace counts; not for a TKMRK
 * @side: which side of the border the owner is on; not for a TKMRK
 * @app: application, NUL-terminated; for an ASK and keys
 * @label: label, NUL-terminated; for keys
 * @uses: TKM_USE_*; for keys
 * @created: seconds since 1970, UTC
 * @not_before: the same, 0 for none; for keys
 * @protect_until: the same, 0 for none; for keys
 * @not_after: the same, 0 for none; for keys
 * @srk: Name of the SRK that the TKMRK was made under; for a TKMRK
 */
struct tkm_record {
	enum tkm_kind kind;
	enum tkm_class class;
	u8 authority[TKM_NAME_SIZE];
	u8 recovery[TKM_NAME_SIZE];
	u32 owner;
	enum tkm_side side;
	char app[TKM_APP_MAX + 1];
	char label[TKM_LABEL_MAX + 1];
	unsigned int uses;
	s64 created;
	s64 not_before;
	s64 protect_until;
	s64 not_after;
	u8 srk[TKM_NAME_SIZE];
};

/*
 * The text, one space between fields, always in this order, fields that do
 * not belong to the kind left out:
 *
 *   tkm1 kind=tkmrk class=fixed created=2026-11-21T20:00:00Z srk=000b<64 hex>
 *   tkm1 kind=tdk class=fixed owner=1000 side=init created=...
 *   tkm1 kind=ask class=fixed owner=1000 side=init app=disk created=...
 *   tkm1 kind=data class=fixed owner=1000 side=init app=disk label=vol1
 *        use=publish created=... [not-before=...] [protect-until=...]
 *        [not-after=...]
 *
 * (the last one on one line). Uses are joined by "," in the order publish,
 * crypt, sign, decrypt. Of the last three, each is later than those before it.
 * After a class that may move stands authority=000b<64 hex>, and then perhaps
 * recovery=000b<64 hex>.
 */

/**
 * tkm_record_write() - the record as its text
 * Return: the length written (no final zero is), or -EINVAL for a record that
 * breaks its own rules, or -EMSGSIZE if @size is too small.
 */
ssize_t tkm_record_write(const struct tkm_record *rec, char *out, size_t size);

/**
 * tkm_record_parse() - the text as a record
 *
 * Strict: only what tkm_record_write() writes is taken, to the byte.
 * Return: 0 or -EBADMSG.
 */
int tkm_record_parse(const char *text, size_t len, struct tkm_record *rec);

/* SHA-256 of "tkm metadata v1" (no zero) and the text. */
void tkm_record_hash(const char *text, size_t len, u8 out[32]);

/**
 * tkm_description_parse() - "<application>:<label>", or "<label>" alone
 * @desc: NUL-terminated
 * @app: "default" when there is no colon; the first colon separates
 *
 * An application is 1 to 63 bytes of [A-Za-z0-9._@+-]; a label 1 to 191 bytes
 * of printable ASCII without space, or well-formed UTF-8 above U+009F. A part
 * between slashes that is "." or ".." is refused in both.
 *
 * Return: 0 or -EINVAL.
 */
int tkm_description_parse(const char *desc, char app[TKM_APP_MAX + 1],
			  char label[TKM_LABEL_MAX + 1]);

/*
 * Whether a text has only bytes that a label may have: printable ASCII
 * without space, well-formed UTF-8 above U+009F. True for no bytes at all.
 */
bool tkm_text_ok(const char *text, size_t len);

/*
 * UTC, "YYYY-MM-DD" or "YYYY-MM-DDThh:mm:ssZ", years 1970 to 9999, every
 * field checked against the calendar. Return: 0 or -EINVAL. The writer writes
 * the long form (20 bytes and a zero).
 */
int tkm_time_parse(const char *text, size_t len, s64 *seconds);
void tkm_time_write(s64 seconds, char out[21]);

/* Whether each that is there (not 0) is later than those before it. */
bool tkm_dates_in_order(s64 not_before, s64 protect_until, s64 not_after);

const char *tkm_kind_name(enum tkm_kind kind);
const char *tkm_class_name(enum tkm_class class);

/* Whether a Name is there: one is, if it is one under SHA-256. */
bool tkm_name_is_set(const u8 name[TKM_NAME_SIZE]);
/* Whether those who approve of two records' moving are the same, or nobody. */
bool tkm_record_same_authority(const struct tkm_record *a,
			       const struct tkm_record *b);

/* ---- state.c: NIST SP 800-57 part 1, section 7 --------------------------- */

/*
 * The names are KMIP's. But for a suspended key that is taken up again, every way
 * leads down this list: of two that are said of one key the lower one is the
 * later (tkm_state_later()).
 */
enum tkm_state {
	TKM_STATE_PRE_ACTIVE = 1,	/* "pre-active" */
	TKM_STATE_ACTIVE,		/* "active" */
	TKM_STATE_SUSPENDED,		/* "suspended" */
	TKM_STATE_DEACTIVATED,		/* "deactivated" */
	TKM_STATE_COMPROMISED,		/* "compromised" */
	TKM_STATE_DESTROYED,		/* "destroyed" */
};

#define TKM_STATE_LAST	TKM_STATE_DESTROYED

/* What a use does with data: make it safe, or work on what was made so. */
enum tkm_way {
	TKM_PROTECT,		/* sign, encrypt, publish */
	TKM_PROCESS,		/* verify, decrypt */
};

const char *tkm_state_name(enum tkm_state state);
/* 0 or -EINVAL for a name that is none. */
int tkm_state_parse(const char *name, size_t len, enum tkm_state *state);
/* Whether one may follow the other; a state does not follow itself. */
bool tkm_state_may_become(enum tkm_state from, enum tkm_state to);
bool tkm_state_allows(enum tkm_state state, enum tkm_way way);
enum tkm_state tkm_state_later(enum tkm_state a, enum tkm_state b);

/**
 * tkm_state_at() - the state that a key is in at a time
 * @kept: the state that was set, TKM_STATE_ACTIVE if none ever was
 * @rec: its dates
 * @now: seconds since 1970
 *
 * Dates only take away: an active key is pre-active before its not-before, and
 * deactivated from its protect-until on. Any other state stands as it is. What
 * not-after does is no matter of states: it ends all use.
 */
enum tkm_state tkm_state_at(enum tkm_state kept, const struct tkm_record *rec,
			    s64 now);

/**
 * tkm_state_change() - whether a key may be set to a state now
 * @kept: the state that was set
 * @rec: its dates
 * @now: seconds since 1970
 * @to: the new one
 *
 * Return: 0; -EPERM when @to does not follow the state that the key is in, or
 * when its dates would make another of it at once.
 */
int tkm_state_change(enum tkm_state kept, const struct tkm_record *rec, s64 now,
		     enum tkm_state to);

/* ---- optparse.c: the text of add_key and keyctl_update ------------------ */

#define TKM_DATA_MIN	16
#define TKM_DATA_MAX	128
#define TKM_DATA_DEFAULT 32
#define TKM_AUTH_MAX	32
/* No payload of add_key that is longer can be meant for us. */
#define TKM_PAYLOAD_MAX	32768

enum tkm_command {
	TKM_COMMAND_NEW,
	TKM_COMMAND_LOAD,
	TKM_COMMAND_RESEAL,
	TKM_COMMAND_PUBLISH,
	TKM_COMMAND_UNPUBLISH,
	TKM_COMMAND_STATE,
};

/* One bank and a choice of its registers; @mask 0: no PCR policy. */
struct tkm_pcrs {
	u16 bank;		/* TPM_ALG_SHA1, SHA256, SHA384, SHA512 */
	u32 mask;		/* bit n: PCR n, 0 to 23 */
};

/* What an option says about something that may also be kept or removed. */
enum tkm_choice {
	TKM_KEEP,		/* the option was not given */
	TKM_SET,		/* it was, with a value */
	TKM_NONE,		/* "none" */
};

#define TKM_PUBLISH_DESC_MAX 255

/* Whom a key may be published to; consumer.c knows what each takes. */
enum tkm_consumer {
	TKM_CONSUMER_LOGON,	/* logon: dm-crypt */
	TKM_CONSUMER_USER,	/* user: anything, user space too */
	TKM_CONSUMER_ENCRYPTED,	/* encrypted, format default: dm-crypt */
	TKM_CONSUMER_ECRYPTFS,	/* encrypted, format ecryptfs: eCryptfs */
	TKM_CONSUMER_FSCRYPT,	/* fscrypt-provisioning: fscrypt, v2 policies */
};

/* Bytes of the name of a policy. */
#define TKM_POLICY_NAME_MAX	32

/**
 * struct tkm_request - what the text asks for
 * @command: the first word
 * @kind: new: TKM_KIND_DATA, TKM_KIND_RSA, TKM_KIND_EC
 * @class: new: TKM_CLASS_*
 * @approver: new: serial number of the key that holds a public key, or 0
 * @authority: new: NUL-terminated name of a policy whose keys approve, or empty
 * @len: new: bytes of data; publish: bytes to derive
 * @rsa_bits: new rsa: 2048 or 3072
 * @curve: new ec: TPM_ECC_NIST_P256 or P384
 * @uses: new: TKM_USE_*
 * @flat: new: parent=srk
 * @pcrs_choice: new, reseal; of @policy, too
 * @pcrs: when @pcrs_choice is TKM_SET and there is no @policy
 * @policy: NUL-terminated name, when @pcrs_choice is TKM_SET; else empty
 * @auth_choice: new, load, reseal
 * @auth: serial number of the key that holds the value, above 0
 * @not_before: new: seconds, 0 for none
 * @protect_until: new: seconds, 0 for none
 * @not_after: new: seconds, 0 for none
 * @state: state: the new one; new: TKM_STATE_PRE_ACTIVE or TKM_STATE_ACTIVE
 * @chain: load: in place: hex digits, or DER when @chain_is_der
 * @chain_len: length of @chain; of hex always even and above 0
 * @chain_is_der: the payload was DER from its first byte
 * @consumer: publish, unpublish (there only its type counts)
 * @publish_desc: publish: description of the consumer's key, NUL-terminated;
 *	unpublish: the same, or empty for all that was published
 * @derive: publish: label of the derivation, NUL-terminated; empty for none
 * @keyring: publish: KEY_SPEC_* (negative) or a serial number
 */
struct tkm_request {
	enum tkm_command command;
	enum tkm_kind kind;
	enum tkm_class class;
	s32 approver;
	char authority[TKM_POLICY_NAME_MAX + 1];
	unsigned int len;
	unsigned int rsa_bits;
	u16 curve;
	unsigned int uses;
	bool flat;
	enum tkm_choice pcrs_choice;
	struct tkm_pcrs pcrs;
	char policy[TKM_POLICY_NAME_MAX + 1];
	enum tkm_choice auth_choice;
	s32 auth;
	s64 not_before;
	s64 protect_until;
	s64 not_after;
	enum tkm_state state;
	const u8 *chain;
	size_t chain_len;
	bool chain_is_der;
	enum tkm_consumer consumer;
	char publish_desc[TKM_PUBLISH_DESC_MAX + 1];
	char derive[TKM_LABEL_MAX + 1];
	s32 keyring;
};

/**
 * tkm_optparse() - read a payload
 * @text: the payload; need not end in zero; one final newline is allowed
 * @len: its length
 * @req: the result
 *
 *   new [data] [len=16..128] [use=publish,crypt] ...
 *   new rsa [bits=2048|3072] [use=sign|decrypt] ...
 *   new ec [curve=p256|p384] [use=sign|decrypt] ...
 *       and for each [class=fixed|portable|certified] [approver=SERIAL]
 *       [authority=NAME] [pcrs=LIST] [policy=NAME] [auth=SERIAL]
 *       [not-before=TIME] [protect-until=TIME] [not-after=TIME]
 *       [state=pre-active|active] [parent=srk]
 *   load <hex> [auth=SERIAL]
 *   <DER>                      (first byte 0x30: the whole payload is a chain)
 *   reseal [pcrs=LIST|none] [policy=NAME|none] [auth=SERIAL|none]
 *   publish TYPE:<description> [keyring=@t|@p|@s|@u|@us|SERIAL]
 *       [derive=LABEL [len=16..128]] [format=default|ecryptfs]
 *       [reveal=every-possessor-can-read-it]
 *   unpublish [TYPE:<description>]
 *   state pre-active|active|suspended|deactivated|compromised|destroyed
 *
 * LIST is [sha1:|sha256:|sha384:|sha512:]N[(+|,)N]...; N is 0 to 23 in
 * decimal, without sign or leading zero, each once. NAME is a policy's
 * (tkm_policy_name_ok()), and excludes pcrs=; approver= is for class=portable,
 * authority= for portable and certified, and they exclude each other. Words are separated by
 * one or more spaces, which may also follow the last one ("new $options" in a
 * script that has none). An option may stand once and never be empty.
 * keyring=@s is the default. Data keys are for publish unless use= says more;
 * rsa and ec keys for sign. Flat keys carry no metadata, so parent=srk
 * excludes class=, not-before=, protect-until=, not-after= and, for data, use=.
 * A TIME is later than 1970-01-01T00:00:00Z, and of not-before=, protect-until=
 * and not-after= each later than those named before it. TYPE is
 * logon, encrypted, fscrypt-provisioning, or user, which alone needs reveal=;
 * format= is for encrypted. A LABEL is text as in a label. The description is
 * one that the consumer takes (tkm_consumer_desc_ok()). What is derived is as
 * long as len= says, else as the consumer likes it.
 *
 * Return: 0; -EINVAL for anything not written above; -E2BIG for more than
 * TKM_PAYLOAD_MAX bytes or a hex chain that could only decode to more than
 * TKM_CHAIN_MAX; -EPERM for publishing as user without reveal=; -EMSGSIZE for
 * a len= that the consumer does not take.
 */
int tkm_optparse(const char *text, size_t len, struct tkm_request *req);

enum tkm_domain_command {
	TKM_DOMAIN_NEW,
	TKM_DOMAIN_UNLOCK,
	TKM_DOMAIN_LOCK,
	TKM_DOMAIN_PASSWD,
};

/**
 * struct tkm_domain_request - what the text for a tkm-domain key asks for
 * @command: the first word
 * @auth: new, unlock, passwd: serial number of the key that holds the value
 * @fresh: passwd: that of the key with the new value
 * @seconds: new, unlock: how long, 0 for as long as the key lives
 * @policy: new: NUL-terminated name of the policy that guards it, in the place of a
 *	value; or empty
 */
struct tkm_domain_request {
	enum tkm_domain_command command;
	s32 auth;
	s32 fresh;
	u32 seconds;
	char policy[TKM_POLICY_NAME_MAX + 1];
};

/**
 * tkm_domain_parse() - read the payload of a tkm-domain key
 *
 *   new auth=SERIAL [for=SECONDS]
 *   new policy=NAME
 *   unlock auth=SERIAL [for=SECONDS]
 *   lock
 *   passwd auth=SERIAL new=SERIAL
 *
 * With the same rules for words as tkm_optparse(). SECONDS are 1 to 31536000.
 *
 * Return: 0; -EINVAL for anything else; -E2BIG above TKM_PAYLOAD_MAX.
 */
int tkm_domain_parse(const char *text, size_t len,
		     struct tkm_domain_request *req);

/* A question that evidence answers, in bytes. */
#define TKM_NONCE_MIN	16
#define TKM_NONCE_MAX	64

/**
 * struct tkm_move_request - what the text for a tkm-move key asks for
 * @import: import
 * @certify: certify; else, and unless @import, duplicate
 * @kind: duplicate: TKM_KIND_TDK, TKM_KIND_ASK, or TKM_KIND_NONE for the key
 * @key: duplicate: serial number of a tkm key in the branch; certify: of the key
 * @parent: duplicate: that of the key with the new parent's public area
 * @approval: duplicate: that of the key with the approval
 * @packet: import: that of the key with what came
 * @to_recovery: duplicate: the new parent is a recovery key
 * @recovery: import: that of the key with the recovery key on its way, which is the
 *	parent of what came; or 0
 * @auth: certify: that of the key with the authValue, or 0
 * @nonce: certify: @nonce_len bytes
 * @nonce_len: TKM_NONCE_MIN to TKM_NONCE_MAX
 */
struct tkm_move_request {
	bool import;
	bool certify;
	enum tkm_kind kind;
	s32 key;
	s32 parent;
	s32 approval;
	s32 packet;
	bool to_recovery;
	s32 recovery;
	s32 auth;
	u8 nonce[TKM_NONCE_MAX];
	size_t nonce_len;
};

/**
 * tkm_move_parse() - read the payload of a tkm-move key
 *
 *   duplicate key=SERIAL object=tdk|ask|key parent=SERIAL approval=SERIAL
 *	[to=recovery]
 *   import packet=SERIAL [recovery=SERIAL]
 *   certify key=SERIAL nonce=HEX [auth=SERIAL]
 *
 * With the same rules for words as tkm_optparse(); all others are needed.
 *
 * Return: 0; -EINVAL for anything else; -E2BIG above TKM_PAYLOAD_MAX.
 */
int tkm_move_parse(const char *text, size_t len, struct tkm_move_request *req);

/*
 * The list as text ("sha256:7+11"), for describe. Return: its length, at most
 * @size - 1, always zero-terminated. @size 80 holds any.
 */
size_t tkm_pcrs_write(const struct tkm_pcrs *pcrs, char *out, size_t size);

/* Two hex digits a byte, either case. Return: 0 or -EINVAL. */
int tkm_hex_decode(const char *hex, size_t hex_len, u8 *out);

/* ---- certificate.c: what a TPM says of a key ---------------------------- */

struct tkm_certificate;

/* TPMT_PUBLIC that the attestation key is made from. */
void tkm_ak_template(struct tkm_writer *w);
/* Whether a TPMT_PUBLIC is what comes of that. */
bool tkm_ak_is(const u8 *pub, size_t len);
/*
 * Where an object is: from its parent's qualified Name, or, without one, as a primary
 * key of @hierarchy.
 */
void tkm_qualified_name(u32 hierarchy, const u8 *parent,
			const u8 name[TKM_NAME_SIZE], u8 out[TKM_NAME_SIZE]);
/* extraData of a certificate that answers @nonce. */
void tkm_certify_extra(const u8 *nonce, size_t len, u8 extra[32]);
/*
 * That it is the attestation key's, of this key, and answers this; whether the
 * signature holds is not looked at. -EBADMSG.
 */
int tkm_certificate_check(const struct tkm_certificate *c, const u8 extra[32],
			  const u8 name[TKM_NAME_SIZE],
			  const u8 qualified[TKM_NAME_SIZE]);

/* ---- encoding.c: signatures, ciphertexts and public keys outside the TPM - */

unsigned int tkm_hash_size(u16 hash);	/* 0 for one that is not known */
const char *tkm_hash_name(u16 hash);	/* as Linux says it; NULL likewise */

enum tkm_enc {
	TKM_ENC_RAW,	/* RSA: the bare number; EC: r, then s */
	TKM_ENC_PKCS1,	/* RSA: RFC 8017, version 1.5 */
	TKM_ENC_OAEP,	/* RSA: RFC 8017 */
	TKM_ENC_PSS,	/* RSA: RFC 8017 */
	TKM_ENC_X962,	/* EC: SEQUENCE { INTEGER r, INTEGER s } */
	TKM_ENC_ECDH,	/* EC: a point; decrypted: the shared x coordinate */
	TKM_ENC_GCM,	/* data: XAES-256-GCM; see Documentation */
	TKM_ENC_SPKI,	/* RSA, EC: SubjectPublicKeyInfo */
};

/**
 * struct tkm_encoding - what the info string of keyctl_pkey_*(3) asks for
 * @enc: enc=
 * @hash: hash= as a TPM_ALG, 0 for none
 * @aad: with TKM_ENC_GCM: associated data in place, two hex digits a byte
 * @aad_len: bytes of it
 */
struct tkm_encoding {
	enum tkm_enc enc;
	u16 hash;
	const char *aad;
	size_t aad_len;
};

/*
 * "raw", "pkcs1", ..., "gcm;aad=<hex>"; @hash "sha256" ... or NULL. Return: 0,
 * or -EINVAL for anything else.
 */
int tkm_encoding_parse(const char *enc, const char *hash,
		       struct tkm_encoding *e);

/*
 * EMSA-PKCS1-v1_5: the block that a right signature holds. Return: 0, or
 * -EINVAL for another hash or a modulus too short.
 */
int tkm_pkcs1_signed(u16 hash, const u8 *digest, u8 *out, size_t out_len);
/*
 * RSAES-PKCS1-v1_5. @random has out_len - msg_len - 3 bytes, none of them
 * zero. Return: 0, or -EINVAL when @msg does not fit or a byte is zero.
 */
int tkm_pkcs1_pad(const u8 *msg, size_t msg_len, const u8 *random, u8 *out,
		  size_t out_len);
/*
 * EMSA-PSS, any length of salt; @em is changed. @em_len is the modulus's
 * length. Return: 0 or -EBADMSG.
 */
int tkm_pss_verify(const struct tkm_hasher *hasher, const u8 *digest, u8 *em,
		   size_t em_len);

#define TKM_CURVE_MAX	48	/* bytes of a coordinate */
/* The longest X9.62 signature: two INTEGERs with a zero in front. */
#define TKM_X962_MAX	(3 + 2 * (3 + TKM_CURVE_MAX))

/* @n bytes each of @r and @s. Return: the length or -EMSGSIZE. */
ssize_t tkm_x962_encode(const u8 *r, const u8 *s, size_t n, u8 *out,
			size_t size);
/*
 * Strict DER; bytes after it are not looked at, because the kernel hands over
 * a buffer of the largest size whatever is in it. Return: 0 or -EBADMSG.
 */
int tkm_x962_decode(const u8 *sig, size_t sig_len, u8 *r, u8 *s, size_t n);

unsigned int tkm_curve_bytes(u16 curve);
/* Bits of an RSA modulus or of a curve's prime. */
unsigned int tkm_public_bits(const struct tkm_public *pub);
/* Coordinates with their leading zeros, tkm_curve_bytes() each. */
void tkm_public_point(const struct tkm_public *pub, u8 *x, u8 *y);

#define TKM_RSA_MAX	384	/* bytes of a modulus */
/* RSAPublicKey (RFC 8017, A.1.1). Return: the length or -EMSGSIZE. */
ssize_t tkm_rsa_public_key(const struct tkm_public *pub, u8 *out, size_t size);
#define TKM_SPKI_MAX	(TKM_RSA_MAX + 48)
/* SubjectPublicKeyInfo. Return: the length or -EMSGSIZE. */
ssize_t tkm_public_info(const struct tkm_public *pub, u8 *out, size_t size);

/* A message of the cipher (cipher.c): version, nonce and tag, and its content. */
#define TKM_CRYPT_OVERHEAD	41
#define TKM_CRYPT_MAX		65494

/* ---- consumer.c: what the kernel's consumers of keys take --------------- */

/* In bytes; @derived is how much a derivation gives unless told. */
struct tkm_sizes {
	unsigned int min;
	unsigned int max;
	unsigned int derived;
};

/* Name of the key type, as add_key(2) takes it. */
const char *tkm_consumer_type(enum tkm_consumer consumer);
/* The first consumer of this type, or with this format. 0 or -EINVAL. */
int tkm_consumer_of(const char *type, size_t len, enum tkm_consumer *consumer);
int tkm_consumer_format(const char *format, size_t len,
			enum tkm_consumer *consumer);
struct tkm_sizes tkm_consumer_sizes(enum tkm_consumer consumer);
bool tkm_consumer_takes(enum tkm_consumer consumer, size_t len);
/*
 * Whether a key of that type may be called so: printable text without space;
 * for logon with a colon that is not in front; for ecryptfs 16 hex digits, the
 * signature that the mount option names.
 */
bool tkm_consumer_desc_ok(enum tkm_consumer consumer, const char *desc);

/*
 * The bytes that a label makes of a key: HKDF-SHA256 without salt, info "tkm
 * publish v1 " and the label.
 */
void tkm_consumer_derive(const u8 *key, size_t key_len, const char *label,
			 u8 *out, size_t out_len);

/* Room for the text of any encrypted key of ours. */
#define TKM_ENCRYPTED_TEXT 512

/**
 * tkm_encrypted_text() - the payload that loads bytes into an encrypted key
 * @consumer: TKM_CONSUMER_ENCRYPTED or ECRYPTFS
 * @master_desc: "user:" and the description of a user key; at most 63 bytes
 * @master: what that key holds
 * @iv: random
 * @data: the bytes, @len of them, at most TKM_DATA_MAX
 * @out: no final zero is written
 *
 * Documentation/security/keys/trusted-encrypted.rst of the kernel.
 *
 * Return: the length, -EMSGSIZE if @size is too small, -EINVAL for another
 * consumer or lengths above those.
 */
ssize_t tkm_encrypted_text(enum tkm_consumer consumer, const char *master_desc,
			   const u8 master[32], const u8 iv[16],
			   const u8 *data, size_t len, char *out, size_t size);

/* ---- policy_digest.c: what a policy session ends in --------------------- */

#define TKM_POLICY_MAX	8
#define TKM_OR_MAX	8

/**
 * struct tkm_policy_element - one TPM2_Policy* command
 * @cc: its command code
 * @body: its parameters as the command carries them, after the session's
 *	handle ("CommandPolicy" of the TSS2 key format)
 * @body_len: their length
 */
struct tkm_policy_element {
	u32 cc;
	const u8 *body;
	u16 body_len;
};

struct tkm_policy {
	unsigned int n;
	struct tkm_policy_element el[TKM_POLICY_MAX];
};

/**
 * struct tkm_policy_pcr - the parameters of TPM2_PolicyPCR
 * @digest: 32 bytes, in place
 * @selection: TPML_PCR_SELECTION, in place, at least one register chosen
 * @selection_len: its length
 */
struct tkm_policy_pcr {
	const u8 *digest;
	const u8 *selection;
	u16 selection_len;
};

/*
 * Two spellings are read: the command's own order (TPM2B_DIGEST, then the
 * selection), which tkm writes, and the order of the hash (the selection,
 * then the bare digest), which openssl_tpm2_engine writes. Return: 0 or
 * -EBADMSG; an empty digest or selection is -EBADMSG.
 */
int tkm_policy_pcr_decode(const struct tkm_policy_element *el,
			  struct tkm_policy_pcr *pcr);
/* A selection of one bank; 0, or -EOPNOTSUPP if it has more or other ones. */
int tkm_pcrs_decode(const u8 *selection, size_t len, struct tkm_pcrs *pcrs);
/* TPML_PCR_SELECTION with one bank, three bytes of bitmap. */
void tkm_pcrs_encode(struct tkm_writer *w, const struct tkm_pcrs *pcrs);
/* Body of PolicyOR over two digests, 72 bytes. */
void tkm_policy_or_encode(struct tkm_writer *w, const u8 a[32], const u8 b[32]);

/**
 * struct tkm_authorize - PolicyAuthorize, as the TSS2 key format stores it
 * @pub: TPMT_PUBLIC of the key that approves, in place
 * @pub_len: its length
 * @ref: policyRef, 32 bytes, in place
 * @sig: of an approval: TPMT_SIGNATURE, in place; NULL where there is none,
 *	as in a chain (its sigAlg is TPM_ALG_NULL)
 * @sig_len: its length
 */
struct tkm_authorize {
	const u8 *pub;
	u16 pub_len;
	const u8 *ref;
	const u8 *sig;
	u16 sig_len;
};

/**
 * tkm_authorize_decode() - read the body of a PolicyAuthorize
 *
 * TPM2B_PUBLIC, TPM2B_DIGEST policyRef, TPMT_SIGNATURE. The signature is of a
 * sort that the key can make, over SHA-256; whether it is right is not looked
 * at.
 *
 * Return: 0; -EBADMSG, also for a policyRef that is not 32 bytes; -EOPNOTSUPP
 * for a key as tkm_authority_check() says, or another hash.
 */
int tkm_authorize_decode(const struct tkm_policy_element *el,
			 struct tkm_authorize *by);
/* The body without a signature, as it stands in a chain. */
void tkm_authorize_encode(struct tkm_writer *w, struct tkm_piece pub,
			  const u8 ref[32]);
/* What a session's digest is after it, whatever was before. */
void tkm_authorize_digest(struct tkm_piece pub, const u8 ref[32],
			  u8 digest[32]);
/*
 * Whether a TPMT_PUBLIC is of a key that approves: ECC P-256 or P-384, or RSA of
 * 2048 bits or more, SHA-256, no scheme, sign. 0, -EBADMSG, -EOPNOTSUPP.
 */
int tkm_authority_check(const u8 *pub, size_t len);

/* Bytes of the number in a TPM_NT_COUNTER. */
#define TKM_EPOCH_SIZE	8

/**
 * struct tkm_policy_nv - PolicyNV on a counter, equal to a number
 * @index: handle of the NV index, whose own empty authValue reads it
 * @name: its Name, TKM_NAME_SIZE bytes, in place
 * @epoch: the number, TKM_EPOCH_SIZE bytes, in place
 */
struct tkm_policy_nv {
	u32 index;
	const u8 *name;
	const u8 *epoch;
};

/*
 * UINT32 nvIndex, TPM2B_NAME, TPM2B_OPERAND, UINT16 offset, UINT16 operation. 0;
 * -EBADMSG; -EOPNOTSUPP for what is no counter's whole number, equal.
 */
int tkm_policy_nv_decode(const struct tkm_policy_element *el,
			 struct tkm_policy_nv *nv);

/**
 * tkm_policy_digest() - the digest a policy session has after these commands
 * @policy: elements; PolicyPCR, PolicyAuthValue, PolicyOR, and as the first one
 *	PolicyAuthorize, without signature, are known
 * @digest: the result; all zero for an empty policy
 *
 * TPM 2.0 Part 3, TPM2_PolicyPCR, TPM2_PolicyAuthValue, TPM2_PolicyOR,
 * TPM2_PolicyAuthorize.
 *
 * Return: 0; -EOPNOTSUPP for another command; -EBADMSG for a body that is not
 * the command's, and for a PolicyOR that the digest before it is no branch of.
 */
int tkm_policy_digest(const struct tkm_policy *policy, u8 digest[32]);

/*
 * The same of a policy that is approved: one or more PolicyPCR, of one bank each,
 * and at most one PolicyNV. -EINVAL without the one or with more of the other.
 */
int tkm_approved_digest(const struct tkm_policy *policy, u8 digest[32]);

/* Whether @digest is one of those that a PolicyOR takes. */
bool tkm_policy_or_has(const struct tkm_policy_element *el,
		       const u8 digest[32]);

/*
 * Digest of PolicyOR(@a, @b): H(0^32 || TPM_CC_PolicyOR || @a || @b). @digest
 * may be one of them.
 */
void tkm_policy_or_digest(const u8 a[32], const u8 b[32], u8 digest[32]);

/**
 * struct tkm_branches - digests of which a session must have one
 * @n: how many; 0 or 1: there is nothing to choose
 * @digest: of each branch, in order
 */
struct tkm_branches {
	unsigned int n;
	u8 digest[4][32];
};

/* Body of PolicyOR over them, at most TKM_BRANCHES_MAX bytes. */
#define TKM_BRANCHES_MAX	(4 + 4 * 34)
void tkm_branches_encode(struct tkm_writer *w, const struct tkm_branches *b);
/* The digest after that PolicyOR; of one branch that itself. */
void tkm_branches_digest(const struct tkm_branches *b, u8 digest[32]);

/* policyRef under which a key's moving is approved, and nothing else is. */
void tkm_duplicate_ref(u8 ref[32]);
/*
 * What a session's digest is when this authority approved under that policyRef, and
 * it is for TPM2_Duplicate only: PolicyAuthorize, PolicyCommandCode.
 */
void tkm_duplicate_digest(const u8 authority[TKM_NAME_SIZE], u8 digest[32]);

/* Digest of PolicyDuplicationSelect of both, the object included. */
void tkm_duplication_select_digest(const u8 object[TKM_NAME_SIZE],
				   const u8 parent[TKM_NAME_SIZE],
				   u8 digest[32]);

/* Whether all elements but the last are the same: those of two records' objects. */
bool tkm_policy_same_guard(const struct tkm_policy *a,
			   const struct tkm_policy *b);

/* Whether the policy has an element with this command code. */
bool tkm_policy_has(const struct tkm_policy *policy, u32 cc);

/* ---- blob.c: TSS2 key objects and chains of them ------------------------ */

#define TKM_CHAIN_MAX		8192
#define TKM_CHAIN_OBJECTS	4
/* The parent of every object of a chain but the first: the one before it. */
#define TKM_PARENT_PREVIOUS	0

enum tkm_object_type {
	TKM_OBJECT_LOADABLE,	/* 2.23.133.10.1.3 */
	TKM_OBJECT_SEALED,	/* 2.23.133.10.1.5 */
	TKM_OBJECT_IMPORTABLE,	/* 2.23.133.10.1.4: of a struct tkm_move only */
};

/**
 * struct tkm_object - one TSS2 key object; pointers are in place
 * @type: which OID
 * @empty_auth: emptyAuth present and true
 * @auth_unsaid: emptyAuth present and false, or 01, which tpm2_encodeobject
 *	writes whether there is an authValue or not; only in a single object
 * @policy: the policy field; n 0 if absent
 * @description: the text, NULL if absent
 * @description_len: its length, 1 to TKM_RECORD_MAX
 * @parent: handle, or TKM_PARENT_PREVIOUS
 * @pub: TPMT_PUBLIC (without the TPM2B's size), 1 to 1024 bytes
 * @pub_len: its length
 * @priv: content of the TPM2B_PRIVATE, 1 to 1024 bytes
 * @priv_len: its length
 */
struct tkm_object {
	enum tkm_object_type type;
	bool empty_auth;
	bool auth_unsaid;
	struct tkm_policy policy;
	const char *description;
	u16 description_len;
	u32 parent;
	const u8 *pub;
	u16 pub_len;
	const u8 *priv;
	u16 priv_len;
};

/**
 * struct tkm_chain - from the child of the SRK down to the key
 * @n: objects; 1 only when @flat
 * @flat: a single object, not wrapped in an outer sequence
 */
struct tkm_chain {
	unsigned int n;
	bool flat;
	struct tkm_object obj[TKM_CHAIN_OBJECTS];
};

/**
 * tkm_blob_decode() - read a chain
 * @der: DER; exactly one value, nothing after it
 *
 * Strict DER: definite, shortest lengths; shortest INTEGERs, not negative, at
 * most 32 bits; BOOLEAN only ff or 00. In a chain (a sequence of 2 to
 * TKM_CHAIN_OBJECTS objects): the first object's parent is a handle, the
 * others' TKM_PARENT_PREVIOUS; every object has a description; all but the
 * last are loadable; emptyAuth is TRUE or absent (never FALSE). A single
 * object may come from another tool: FALSE is read, and remembered, and TRUE
 * may be 01, as tpm2_encodeobject writes it.
 *
 * Return: 0; -EBADMSG for anything damaged; -E2BIG above TKM_CHAIN_MAX;
 * -EOPNOTSUPP for an importable object, for the fields secret, authPolicy,
 * and for more policy elements than TKM_POLICY_MAX.
 */
int tkm_blob_decode(const u8 *der, size_t len, struct tkm_chain *chain);

/**
 * tkm_branch_decode() - read the storage keys above a key, or the first of them
 * @der: DER: a sequence of 1 to 3 objects, as a chain begins with them
 * @branch: the result; its n says how many there are
 *
 * As strict as tkm_blob_decode(), and it returns the same.
 */
int tkm_branch_decode(const u8 *der, size_t len, struct tkm_chain *branch);

/**
 * tkm_blob_encode() - write a chain
 * Return: the length, or -EMSGSIZE if @size (or TKM_CHAIN_MAX) is too small,
 * or -EINVAL for a chain that tkm_blob_decode() would not take.
 */
ssize_t tkm_blob_encode(const struct tkm_chain *chain, u8 *out, size_t size);

/* The same for a branch. */
ssize_t tkm_branch_encode(const struct tkm_chain *branch, u8 *out, size_t size);

/*
 * One object as it stands in a chain below another; what is around it is not there.
 * As strict as tkm_blob_decode(), and it returns the same.
 */
int tkm_below_decode(const u8 *der, size_t len, struct tkm_object *obj);

/* Bytes of the key that wraps an object on its way, inside of all else. */
#define TKM_INNER_SIZE	16
#define TKM_MOVE_MAX	4096

/**
 * struct tkm_move - an object on its way to another TPM; pointers are in place
 * @obj: the object, TKM_OBJECT_IMPORTABLE; its private part is for a new parent
 * @secret: content of the TPM2B_ENCRYPTED_SECRET that the new parent opens
 * @secret_len: its length, 1 to 1024
 * @inner: TKM_INNER_SIZE bytes
 */
struct tkm_move {
	struct tkm_object obj;
	const u8 *secret;
	u16 secret_len;
	const u8 *inner;
};

/**
 * tkm_move_decode() - read one
 * @der: DER: SEQUENCE of a TPMKey and an OCTET STRING; nothing after it
 *
 * Return: 0; -EBADMSG; -E2BIG above TKM_MOVE_MAX; -EOPNOTSUPP as
 * tkm_blob_decode() for what is no importable object.
 */
int tkm_move_decode(const u8 *der, size_t len, struct tkm_move *move);
/* Write one. The length; -EMSGSIZE; -EINVAL for what would not be read. */
ssize_t tkm_move_encode(const struct tkm_move *move, u8 *out, size_t size);

/* ---- recovery.c: parents that are in no TPM ------------------------------ */

/* TPMT_PUBLIC of one. */
#define TKM_RECOVERY_AREA	90
/* One on its way, at most: TPM2B's of up to 128, 1024, 128 bytes, and the inner key. */
#define TKM_RECOVERY_MAX	1408

/* Of a point on P-256, x then y. */
void tkm_recovery_area(const u8 point[64], u8 out[TKM_RECOVERY_AREA]);
/*
 * Whether a TPMT_PUBLIC is that of a recovery key: -EPERM when it is of another shape,
 * -EBADMSG when it is damaged.
 */
int tkm_recovery_check(const u8 *pub, size_t len);
/*
 * One on its way to a TPM, in place: TPM2B_PUBLIC, TPM2B_PRIVATE,
 * TPM2B_ENCRYPTED_SECRET, TKM_INNER_SIZE bytes; nothing after it. -EBADMSG, -EPERM.
 */
int tkm_recovery_decode(const u8 *p, size_t len, struct tkm_move *move);

/**
 * struct tkm_certificate - what a TPM says of a key; pointers are in place
 * @ak: TPMT_PUBLIC of the key that signed
 * @ak_len: its length, 1 to 1024
 * @attest: TPMS_ATTEST, what was signed
 * @attest_len: its length, 1 to 1024
 * @signature: TPMT_SIGNATURE
 * @signature_len: its length, 1 to 1024
 */
struct tkm_certificate {
	const u8 *ak;
	u16 ak_len;
	const u8 *attest;
	u16 attest_len;
	const u8 *signature;
	u16 signature_len;
};

#define TKM_CERTIFICATE_MAX	1024

/**
 * tkm_certificate_decode() - read one
 * @der: DER: SEQUENCE of three OCTET STRING; nothing after it
 *
 * Return: 0; -EBADMSG; -E2BIG above TKM_CERTIFICATE_MAX.
 */
int tkm_certificate_decode(const u8 *der, size_t len,
			   struct tkm_certificate *certificate);
/* Write one. The length; -EMSGSIZE. */
ssize_t tkm_certificate_encode(const struct tkm_certificate *certificate,
			       u8 *out, size_t size);

/* Bytes of the text that may stand in an approval, for people. */
#define TKM_APPROVAL_NAME_MAX	255

/**
 * tkm_auth_policy_decode() - read a TPMAuthPolicy
 * @der: DER; exactly one value, nothing after it
 * @policy: its elements, one or more; the name is stepped over
 *
 * Return: 0; -EBADMSG; -EOPNOTSUPP for more elements than TKM_POLICY_MAX.
 */
int tkm_auth_policy_decode(const u8 *der, size_t len,
			   struct tkm_policy *policy);

/*
 * Write one; @name may be NULL. The length; -EMSGSIZE; -EINVAL for no elements,
 * too many, or a name that is empty or too long.
 */
ssize_t tkm_auth_policy_encode(const char *name,
			       const struct tkm_policy *policy, u8 *out,
			       size_t size);

/* ---- approval.c: named policies, and what approves them ----------------- */

#define TKM_APPROVAL_MAX	2048

/* 1 to 32 bytes of [a-z0-9._-], and not "none". */
bool tkm_policy_name_ok(const char *name, size_t len);

/* policyRef: SHA-256 of "tkm policy v1", a zero byte, and the name. */
void tkm_policy_ref(const char *name, u8 ref[32]);

/**
 * struct tkm_approval - an approval, taken apart; pointers are in place
 * @by: who approves what is called how, with the signature
 * @policy: what is approved
 * @digest: of that: approvedPolicy
 * @branch: what a session's digest is once it has been approved
 */
struct tkm_approval {
	struct tkm_authorize by;
	struct tkm_policy policy;
	u8 digest[32];
	u8 branch[32];
};

/**
 * tkm_approval_decode() - read an approval
 * @der: a TPMAuthPolicy whose first element is a PolicyAuthorize with a
 *	signature; the others are what is approved
 *
 * Return: 0; -EBADMSG for what is damaged; -EOPNOTSUPP for what
 * tkm_authorize_decode() or tkm_approved_digest() does not know; -EINVAL as the
 * latter; -E2BIG above TKM_APPROVAL_MAX.
 */
int tkm_approval_decode(const u8 *der, size_t len,
			struct tkm_approval *approval);

/* What is signed, and the ticket is for: SHA-256(approvedPolicy || policyRef). */
void tkm_approval_hash(const struct tkm_approval *approval, u8 hash[32]);

/*
 * Whether it may be played for a policy that begins with PolicyAuthorize: its
 * branch is that element's, or one of the PolicyOR that follows it.
 */
bool tkm_approval_fits(const struct tkm_approval *approval,
		       const struct tkm_policy *policy);

/**
 * struct tkm_permit - an approval of a move, taken apart; pointers are in place
 * @by: who approves, with the signature
 * @object: Name of what may move
 * @parent: Name of the storage key that it may move to
 * @select: the PolicyDuplicationSelect that says so
 * @digest: of that: approvedPolicy
 */
struct tkm_permit {
	struct tkm_authorize by;
	const u8 *object;
	const u8 *parent;
	struct tkm_policy_element select;
	u8 digest[32];
};

/**
 * tkm_permit_decode() - read an approval of a move
 * @der: a TPMAuthPolicy of two elements: a PolicyAuthorize with a signature, for
 *	the policyRef of moves, and a PolicyDuplicationSelect of both Names
 *
 * Return: 0; -EBADMSG for what is damaged; -EOPNOTSUPP for what
 * tkm_authorize_decode() does not know, and for an object that is not included;
 * -EINVAL for an approval of something else; -E2BIG above TKM_APPROVAL_MAX.
 */
int tkm_permit_decode(const u8 *der, size_t len, struct tkm_permit *permit);
/* What is signed: SHA-256(approvedPolicy || policyRef). */
void tkm_permit_hash(const struct tkm_permit *permit, u8 hash[32]);

/* ---- chain.c: what a chain must be before a TPM sees it ----------------- */

#define TKM_SRK_HANDLE	0x81000001

/*
 * Attributes of every storage key, all of them and no other, beside those of its
 * class; but of a TDK that a password guards (its emptyAuth is absent) without
 * noDA, and of TDK and ASK that an authorised policy guards without userWithAuth.
 */
#define TKM_STORAGE_ATTRIBUTES                                            \
	(TPM_OA_SENSITIVE_DATA_ORIGIN | TPM_OA_USER_WITH_AUTH |           \
	 TPM_OA_NO_DA | TPM_OA_RESTRICTED | TPM_OA_DECRYPT)

/*
 * What the class of an object says: fixedTPM and fixedParent; or neither of them,
 * and encryptedDuplication.
 */
u32 tkm_class_attributes(enum tkm_class class);

/* What a TSS2 file may name as the parent of a flat object of ours to load. */
static inline bool tkm_parent_is_srk(u32 handle)
{
	return handle == TKM_SRK_HANDLE || handle == TPM_RH_OWNER;
}

/**
 * struct tkm_caller - who asks, and for what
 * @owner: uid as the initial user namespace counts
 * @side: of the border
 * @class: of the key that storage keys are for
 * @app: application that the description names
 * @label: label that the description names
 * @now: seconds since 1970
 */
struct tkm_caller {
	u32 owner;
	enum tkm_side side;
	enum tkm_class class;
	const char *app;
	const char *label;
	s64 now;
};

/**
 * tkm_key_attributes() - attributes of a key
 * @class: whether it may move
 * @uses: TKM_USE_*; sign and decrypt only of an RSA or EC key
 * @has_policy: a policy guards it: no userWithAuth
 * @has_auth: a person's authValue guards it: guessing counts, no noDA
 */
u32 tkm_key_attributes(enum tkm_class class, unsigned int uses,
		       bool has_policy, bool has_auth);

/**
 * tkm_record_branches() - what an object's authPolicy is made of
 * @rec: its record
 * @hash: of the record
 * @use: digest of the policy that guards its use; NULL for none
 * @b: @use, @hash, and for a class that may move what each of those who approve
 *	of that may say; the authPolicy is tkm_branches_digest() of them
 */
void tkm_record_branches(const struct tkm_record *rec, const u8 hash[32],
			 const u8 *use, struct tkm_branches *b);

/**
 * tkm_public_storage() - the public area of a storage key
 * @class: whether it may move
 * @policy: authPolicy, 32 bytes
 *
 * ECC P-256, AES-128-CFB, SHA-256. A template; the TPM fills the point.
 */
struct tkm_public tkm_public_storage(enum tkm_class class, const u8 policy[32]);

/**
 * tkm_public_sealed() - the public area of sealed data
 * @policy: authPolicy, @policy_len 0 or 32 bytes
 * @attributes: tkm_key_attributes()
 */
struct tkm_public tkm_public_sealed(const u8 *policy, u16 policy_len,
				    u32 attributes);

/**
 * tkm_public_pair() - the public area of an RSA or EC key
 * @kind: TKM_KIND_RSA or TKM_KIND_EC
 * @rsa_bits: of the one
 * @curve: of the other
 * @policy: authPolicy, @policy_len 0 or 32 bytes
 * @attributes: tkm_key_attributes()
 *
 * No scheme: each operation names its own.
 */
struct tkm_public tkm_public_pair(enum tkm_kind kind, u16 rsa_bits, u16 curve,
				  const u8 *policy, u16 policy_len,
				  u32 attributes);

/**
 * tkm_chain_verify() - everything about a chain that needs no TPM
 * @chain: decoded
 * @caller: who asks for it, under which description
 * @srk: Name of the SRK it was made under (all zero for a flat object)
 * @rec: the key's own record (for a flat object: kind, class and uses as its
 *	type and attributes say, publish and crypt for data, owner, side,
 *	application and label the caller's, everything else zero)
 *
 * Recomputed for each object: the hash of its record against its authPolicy,
 * the digest of its policy, its type, algorithms and attributes against its
 * kind and class; then between objects: the order of kinds, and below the TKMRK,
 * which is fixed, one class, owner, side and application, and one authority. Checked in this order, so
 * that a damaged chain never tells whose it was.
 *
 * Return: 0; -EBADMSG for what is damaged or does not belong together;
 * -EOPNOTSUPP for algorithms, kinds, classes and policies this version does
 * not load; -ENOKEY for a flat object under another parent than the SRK;
 * -EPERM for somebody else's; -EKEYREJECTED for another description;
 * -EKEYEXPIRED when not-after is over.
 */
int tkm_chain_verify(const struct tkm_chain *chain,
		     const struct tkm_caller *caller, u8 srk[TKM_NAME_SIZE],
		     struct tkm_record *rec);

/**
 * tkm_branch_verify() - the same about the storage keys for a new key
 * @branch: decoded
 * @caller: whose domain, which application, and which class; label and time do
 *	not count
 * @srk: Name of the SRK that they were made under
 *
 * Return: 0; -EBADMSG, -EOPNOTSUPP as tkm_chain_verify(); -EPERM for another
 * domain's, another application's, or those of another class.
 */
int tkm_branch_verify(const struct tkm_chain *branch,
		      const struct tkm_caller *caller, u8 srk[TKM_NAME_SIZE]);

/**
 * tkm_below_verify() - everything about one object that needs no TPM
 * @above: the record of what it lies under, as it is in a chain: one further up
 * @obj: decoded
 * @rec: its own record
 *
 * What tkm_chain_verify() says of each object of a chain. Return: 0; -EBADMSG,
 * -EOPNOTSUPP as that.
 */
int tkm_below_verify(const struct tkm_record *above,
		     const struct tkm_object *obj, struct tkm_record *rec);

/**
 * tkm_parent_check() - whether a public area is one to move something to
 * @pub: TPMT_PUBLIC
 *
 * A storage key that never left its TPM: fixedTPM, fixedParent, restricted,
 * decrypt, sensitiveDataOrigin; ECC P-256 or RSA of 2048 bits or more, AES-CFB.
 *
 * Return: 0; -EBADMSG; -EPERM for another sort of key; -EOPNOTSUPP for
 * algorithms that tkm does not know.
 */
int tkm_parent_check(const u8 *pub, size_t len);

/**
 * tkm_moved_verify() - everything about an object that comes, but for its TPM
 * @obj: of a struct tkm_move
 * @caller: whose domain it has to be of; the description does not count
 * @rec: its record
 *
 * Return: 0; -EBADMSG and -EOPNOTSUPP as tkm_chain_verify(); -EPERM for somebody
 * else's, and for what may not move.
 */
int tkm_moved_verify(const struct tkm_object *obj,
		     const struct tkm_caller *caller, struct tkm_record *rec);

/* ---- tpm_errno.c: what a TPM's refusal means ---------------------------- */

/**
 * tkm_tpm_errno() - a TPM response code as an errno
 * @rc: TPM_RC, not 0 (0 gives 0); handle, parameter and session numbers and
 *	the resource manager's layer bits are ignored
 *
 * Return: as the table in Documentation/errors.rst; what is not in it is
 * -EIO.
 */
int tkm_tpm_errno(u32 rc);

/* The code without its handle, parameter or session number. */
u32 tkm_tpm_rc_base(u32 rc);

/* Which parameter it is about, from 1; 0 for none. */
unsigned int tkm_tpm_rc_parameter(u32 rc);

/* Codes that the module acts on, as tkm_tpm_rc_base() gives them. */
#define TPM_RC_INITIALIZE	0x100
#define TPM_RC_FAILURE		0x101
#define TPM_RC_POLICY		0x126
#define TPM_RC_PCR_CHANGED	0x128
#define TPM_RC_ATTRIBUTES	0x082
#define TPM_RC_VALUE		0x084
#define TPM_RC_TYPE		0x08a
#define TPM_RC_HANDLE		0x08b
#define TPM_RC_AUTH_FAIL	0x08e
#define TPM_RC_SIGNATURE	0x09b
#define TPM_RC_POLICY_FAIL	0x09d
#define TPM_RC_INTEGRITY	0x09f
#define TPM_RC_TICKET		0x0a0
#define TPM_RC_BAD_AUTH		0x0a2
/* Up to here the TPM blames what it was given, not its own state. */
#define TPM_RC_FORMAT_ONE_LAST	0x0bf
#define TPM_RC_NV_RANGE		0x146
#define TPM_RC_NV_UNINITIALIZED	0x14a
#define TPM_RC_NV_DEFINED	0x14c
#define TPM_RC_OBJECT_MEMORY	0x902
#define TPM_RC_SESSION_MEMORY	0x903
#define TPM_RC_YIELDED		0x908
#define TPM_RC_TESTING		0x90a
#define TPM_RC_REFERENCE_H0	0x910
#define TPM_RC_REFERENCE_S6	0x91e
#define TPM_RC_LOCKOUT		0x921
#define TPM_RC_RETRY		0x922

/* ---- wire.c: one command with its sessions, and its answer -------------- */

/**
 * struct tkm_session - a session of ours, HMAC or policy
 * @handle: as the TPM gave it; 0 when there is none
 * @policy: a policy session
 * @auth_value_needed: of a policy session: PolicyAuthValue ran in it
 * @ready: of a policy session: its policy was played, for the next command that
 *	it can authorise; the TPM then begins it anew
 * @key: sessionKey
 * @nonce_tpm: newest nonce of the TPM's
 * @nonce_caller: newest nonce of ours
 */
struct tkm_session {
	u32 handle;
	bool policy;
	bool auth_value_needed;
	bool ready;
	u8 key[32];
	u8 nonce_tpm[32];
	u8 nonce_caller[32];
};

#define TKM_WIRE_HANDLES 3

/**
 * struct tkm_wire - one command
 * @cc: command code
 * @handles: the handle area
 * @n_handles: how many
 * @names: the Name of each handle, as we know it (never as the wire says);
 *	NULL with length 0 stands for the four bytes of the handle itself
 * @name_lens: their lengths
 * @response_handle: the answer carries a handle
 * @params: parameters, marshalled
 * @params_len: their length
 * @session: NULL for a command without sessions
 * @session_attributes: TPM_SA_* of @session
 * @authorises: @session authorises handles[0]; otherwise it only protects
 *	parameters, and handles[0] is authorised by the empty password first
 *	if @password
 * @password: put the empty password for handles[0] in front
 * @password_after: put the empty password for handles[1] after @session, which
 *	authorises handles[0]
 * @auth_value: authValue of handles[0] (with @authorises), may be NULL
 * @auth_value_len: its length, at most 32; trailing zeros are stripped here
 */
struct tkm_wire {
	u32 cc;
	u32 handles[TKM_WIRE_HANDLES];
	unsigned int n_handles;
	const u8 *names[TKM_WIRE_HANDLES];
	u16 name_lens[TKM_WIRE_HANDLES];
	bool response_handle;
	const u8 *params;
	size_t params_len;
	struct tkm_session *session;
	u8 session_attributes;
	bool authorises;
	bool password;
	bool password_after;
	const u8 *auth_value;
	u16 auth_value_len;
};

/**
 * struct tkm_wire_answer - what a checked answer holds; params is in place
 */
struct tkm_wire_answer {
	u32 handle;
	const u8 *params;
	size_t params_len;
};

/**
 * tkm_wire_build() - the command as bytes
 * @wire: what to send
 * @nonce: 32 fresh random bytes for the session's nonceCaller; unused without
 *	one
 * @out: where
 * @size: its size
 *
 * Follows TPM 2.0 Part 1, "Session-Based Encryption", "Command Parameter
 * Encryption", "cpHash". The first parameter is encrypted when
 * TPM_SA_DECRYPT is set; it must be a TPM2B.
 *
 * Return: the length; -EMSGSIZE if it does not fit; -EINVAL if the first
 * parameter is asked to be encrypted and is no TPM2B.
 */
ssize_t tkm_wire_build(const struct tkm_wire *wire, const u8 nonce[32],
		       u8 *out, size_t size);

/**
 * tkm_wire_check() - believe an answer, or not
 * @wire: the command, as it was given to tkm_wire_build()
 * @buf: the answer; its first parameter is decrypted in place
 * @len: how many bytes came
 * @rc: the TPM's response code
 * @answer: the result, when 0 is returned and *rc is 0
 *
 * Nothing of an answer to a command with a session is used before its HMAC is
 * checked (and before the answer's tag, lengths and session attributes are).
 * A response code other than success carries no HMAC: it can refuse, and
 * nothing else. The session's nonces move on when the answer is believed; its
 * handle becomes 0 when the command ended it.
 *
 * Return: 0 (look at *rc); -EIO when lengths or tags are not those of an
 * answer; -EBADMSG when the HMAC, the session's attributes or the tag are
 * wrong.
 */
int tkm_wire_check(const struct tkm_wire *wire, u8 *buf, size_t len, u32 *rc,
		   struct tkm_wire_answer *answer);

#endif /* TKM_CORE_H */
