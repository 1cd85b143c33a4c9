// SPDX-License-Identifier: GPL-2.0
/*
 * AES-256-GCM of BYTES bytes, N times:
 *
 *   cipher key N BYTES KEY     by keyctl_pkey_encrypt() with a tkm key
 *   cipher af_alg N BYTES      by the kernel's socket, whose key is set once
 *
 * Prints the microseconds of all N. Another first one is not counted.
 */
#include "vm.h"

#include <linux/if_alg.h>
#include <sys/socket.h>

#include "clock.h"

#define TAG		16
#define ROOM		(128 * 1024)

static unsigned char in[ROOM], out[ROOM];
static size_t len;

/* ---- the module ---- */

static serial_t key;

static void key_encrypt(void)
{
	struct keyctl_pkey_params params = {
		.key_id = key, .in_len = len, .out_len = UINT16_MAX,
	};

	if (syscall(SYS_keyctl, KEYCTL_PKEY_ENCRYPT, &params, "enc=gcm", in,
		    out) <= (long)len)
		die("pkey_encrypt: %s", strerrorname_np(errno));
}

/* ---- the socket ---- */

static int operation;

static void af_alg_open(void)
{
	static const unsigned char secret[32] = "no secret";
	const struct sockaddr_alg name = {
		.salg_family = AF_ALG, .salg_type = "aead",
		.salg_name = "gcm(aes)",
	};
	int fd = socket(AF_ALG, SOCK_SEQPACKET, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&name, sizeof(name)) ||
	    setsockopt(fd, SOL_ALG, ALG_SET_KEY, secret, sizeof(secret)) ||
	    setsockopt(fd, SOL_ALG, ALG_SET_AEAD_AUTHSIZE, NULL, TAG))
		die("AF_ALG: %s", strerror(errno));
	operation = accept(fd, NULL, NULL);
	if (operation < 0)
		die("AF_ALG: accept: %s", strerror(errno));
}

static struct cmsghdr *control(struct msghdr *msg, struct cmsghdr *c, int type,
			       const void *data, size_t n)
{
	c->cmsg_level = SOL_ALG;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(n);
	memcpy(CMSG_DATA(c), data, n);
	return CMSG_NXTHDR(msg, c);
}

static void af_alg_encrypt(void)
{
	static const uint32_t encrypt = ALG_OP_ENCRYPT, no_aad;
	static struct {
		struct af_alg_iv head;
		unsigned char nonce[12];
	} iv = { .head.ivlen = 12 };
	char room[CMSG_SPACE(4) + CMSG_SPACE(sizeof(iv)) + CMSG_SPACE(4)] = {};
	struct iovec data = { in, len };
	struct msghdr msg = {
		.msg_control = room, .msg_controllen = sizeof(room),
		.msg_iov = &data, .msg_iovlen = 1,
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c = control(&msg, c, ALG_SET_OP, &encrypt, 4);
	c = control(&msg, c, ALG_SET_IV, &iv, sizeof(iv));
	control(&msg, c, ALG_SET_AEAD_ASSOCLEN, &no_aad, 4);
	iv.nonce[0]++;
	if (sendmsg(operation, &msg, 0) != (ssize_t)len ||
	    read(operation, out, len + TAG) != (ssize_t)len + TAG)
		die("AF_ALG: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	const char *who = argc > 1 ? argv[1] : "";
	void (*encrypt)(void);
	long long start;
	int i;

	if (argc == 5 && !strcmp(who, "key")) {
		key = keyring_number(argv[4]);
		encrypt = key_encrypt;
	} else if (argc == 4 && !strcmp(who, "af_alg")) {
		af_alg_open();
		encrypt = af_alg_encrypt;
	} else {
		die("see the head of cipher.c");
	}
	len = atoi(argv[3]);
	if (len > sizeof(in))
		die("%zu bytes are too many", len);
	encrypt();
	start = clock_us();
	for (i = 0; i < atoi(argv[2]); i++)
		encrypt();
	printf("%lld\n", clock_us() - start);
	return 0;
}
