// SPDX-License-Identifier: GPL-2.0
/*
 * Encrypted files. A message of the cipher holds 64 KiB at most, so a file is
 * many, and each commits to the file it is of, to its place and to whether it is
 * the last: pieces that were left out, moved, doubled, taken from another file, or
 * cut off are found. Documentation/file-format.rst has the bytes.
 */
#include <linux/tkm.h>
#include <sys/random.h>
#include <unistd.h>

#include "core.h"
#include "sealed.h"

#define MAGIC	"tkm file"
#define VERSION	1

static const char label[] = "tkm file piece v1";

struct sealed {
	libtkm_serial key;
	const char *aad;	/* more of it, hex, or NULL */
	u8 header[SEALED_HEADER];
	u64 number;
};

static char *put_hex(char *p, const void *data, size_t len)
{
	const u8 *bytes = data;

	for (; len; len--, p += 2)
		sprintf(p, "%02x", *bytes++);
	return p;
}

/* "enc=gcm;aad=..." of the piece that is next. */
static void piece_info(const struct sealed *s, bool last, char *info,
		       size_t size)
{
	u8 place[9];
	char *p = info + sprintf(info, "enc=gcm" TKM_ENC_AAD);

	put_unaligned_be32((u32)(s->number >> 32), place);
	put_unaligned_be32((u32)s->number, place + 4);
	place[8] = last;
	p = put_hex(p, label, sizeof(label) - 1);
	p = put_hex(p, s->header, sizeof(s->header));
	p = put_hex(p, place, sizeof(place));
	snprintf(p, size - (size_t)(p - info), "%s", s->aad ? s->aad : "");
}

#define INFO_SIZE	1536

/* As much as there is, up to @size. Return: how much, or a negative errno. */
static ssize_t read_full(int fd, void *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size) {
		n = read(fd, (char *)buf + len, size - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

typedef int (*piece_fn)(const struct sealed *s, const u8 *in, size_t len,
			bool last, struct output *out);

static int write_piece(const struct sealed *s, const u8 *in, size_t len,
		       bool last, struct output *out)
{
	char info[INFO_SIZE];
	size_t message_len;
	u8 *message;
	int ret;

	piece_info(s, last, info, sizeof(info));
	ret = libtkm_pkey_encrypt(s->key, info, in, len, &message,
				  &message_len);
	if (ret)
		return ret;
	ret = output_write(out, message, message_len);
	free(message);
	return ret;
}

static int read_piece(const struct sealed *s, const u8 *in, size_t len,
		      bool last, struct output *out)
{
	char info[INFO_SIZE];
	size_t clear_len;
	u8 *clear;
	int ret;

	piece_info(s, last, info, sizeof(info));
	ret = libtkm_pkey_decrypt(s->key, info, in, len, &clear, &clear_len);
	/* Too short for a message, and so cut off. */
	if (ret == -EINVAL)
		ret = -EBADMSG;
	if (ret)
		return ret;
	ret = output_write(out, clear, clear_len);
	libtkm_secret_free(clear);
	return ret;
}

/*
 * Pieces of @size bytes, the last of less or as many: which one it is, what
 * comes after it tells, so one is always read ahead. There is always one.
 */
static int each_piece(struct sealed *s, int in, size_t size, u64 all,
		      piece_fn piece, struct output *out)
{
	u8 *buf = libtkm_secret_alloc(2 * size);
	u8 *now = buf, *next = buf + size, *swap;
	ssize_t len, next_len;
	int ret = 0;

	if (!buf)
		return -ENOMEM;
	len = read_full(in, now, size);
	while (!ret && len >= 0) {
		next_len = (size_t)len == size ? read_full(in, next, size) : 0;
		if (next_len < 0) {
			len = next_len;
			break;
		}
		ret = piece(s, now, (size_t)len, !next_len, out);
		s->number++;
		if (all)
			progress_share(s->number * size < all ?
					       s->number * size : all, all);
		if (!next_len)
			break;
		swap = now;
		now = next;
		next = swap;
		len = next_len;
	}
	libtkm_secret_free(buf);
	return ret ? ret : len < 0 ? (int)len : 0;
}

int sealed_write(libtkm_serial key, const char *aad, int in, uint64_t size,
		 struct output *out)
{
	struct sealed s = { .key = key, .aad = aad };
	int ret;

	memcpy(s.header, MAGIC, 8);
	put_unaligned_be32(VERSION, s.header + 8);
	put_unaligned_be32(SEALED_PIECE, s.header + 12);
	if (getrandom(s.header + 16, 16, 0) != 16)
		return -EIO;
	ret = output_write(out, s.header, sizeof(s.header));
	if (ret)
		return ret;
	return each_piece(&s, in, SEALED_PIECE, size, write_piece, out);
}

bool sealed_is(const void *head, size_t len)
{
	return len >= SEALED_HEADER && !memcmp(head, MAGIC, 8);
}

int sealed_read(libtkm_serial key, const char *aad, int in, uint64_t size,
		struct output *out)
{
	struct sealed s = { .key = key, .aad = aad };
	ssize_t len = read_full(in, s.header, sizeof(s.header));
	u32 piece;

	if (len < 0)
		return (int)len;
	if (!sealed_is(s.header, (size_t)len))
		return -EBADMSG;
	piece = get_unaligned_be32(s.header + 12);
	if (get_unaligned_be32(s.header + 8) != VERSION)
		return -EOPNOTSUPP;
	if (!piece || piece > TKM_CRYPT_MAX)
		return -EBADMSG;
	return each_piece(&s, in, piece + TKM_CRYPT_OVERHEAD, size, read_piece,
			  out);
}
