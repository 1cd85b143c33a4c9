// SPDX-License-Identifier: GPL-2.0
/*
 * A TPM without RSA of 3072 bits and without P-384, as many are: swtpm's has
 * both, so this stands between it and the kernel, and says no as a TPM does
 * that cannot read such parameters. Everything else is swtpm's.
 *
 *   lacking STATE       the chip's number on stdout; works until it is killed
 */
#include "vm.h"

#include <linux/vtpm_proxy.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define CC_TEST_PARMS	0x18a
#define CC_SET_LOCALITY	0x20001000u
/* TPM_RC_VALUE and TPM_RC_CURVE, of parameter 1 */
#define RC_VALUE	0x1c4
#define RC_CURVE	0x1e6

static uint8_t message[4096];

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

/* The other end of the TPM. */
static int start_swtpm(const char *state)
{
	char dir[PATH_MAX], number[16];
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		die("socketpair: %s", strerror(errno));
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		close(pair[0]);
		snprintf(dir, sizeof(dir), "dir=%s", state);
		snprintf(number, sizeof(number), "%d", pair[1]);
		execlp("swtpm", "swtpm", "socket", "--tpm2", "--tpmstate", dir,
		       "--fd", number, "--flags", "not-need-init,startup-clear",
		       (char *)NULL);
		die("swtpm: %s", strerror(errno));
	}
	close(pair[1]);
	return pair[0];
}

/* What a TPM that lacks it says to TestParms; 0 when it does not lack it. */
static uint32_t refusal(size_t n)
{
	static const uint8_t rsa_3072[] = { 0, 0x01, 0, 0x10, 0, 0x10, 0x0c, 0 };
	static const uint8_t p384[] = { 0, 0x23, 0, 0x10, 0, 0x10, 0, 0x04 };

	if (get32(message + 6) != CC_TEST_PARMS || n < 10 + sizeof(p384))
		return 0;
	if (!memcmp(message + 10, rsa_3072, sizeof(rsa_3072)))
		return RC_VALUE;
	return memcmp(message + 10, p384, sizeof(p384)) ? 0 : RC_CURVE;
}

static size_t answer_code(uint32_t rc)
{
	const uint8_t answer[] = { 0x80, 0x01, 0, 0, 0, 10,
				   rc >> 24, rc >> 16, rc >> 8, rc };

	memcpy(message, answer, sizeof(answer));
	return sizeof(answer);
}

static void read_exactly(int fd, uint8_t *p, size_t n)
{
	ssize_t got;

	for (; n; p += got, n -= got) {
		got = read(fd, p, n);
		if (got <= 0)
			die("swtpm is gone");
	}
}

static size_t answer_of(int tpm, size_t n)
{
	uint32_t rc = refusal(n);

	if (rc || get32(message + 6) == CC_SET_LOCALITY)
		return answer_code(rc);
	if (write(tpm, message, n) != (ssize_t)n)
		die("swtpm is gone");
	read_exactly(tpm, message, 10);
	n = get32(message + 2);
	if (n < 10 || n > sizeof(message))
		die("swtpm says nonsense");
	read_exactly(tpm, message + 10, n - 10);
	return n;
}

int main(int argc, char **argv)
{
	struct vtpm_proxy_new_dev chip = { .flags = VTPM_PROXY_FLAG_TPM2 };
	int control, tpm;
	ssize_t n;

	if (argc != 2)
		die("see the head of lacking.c");
	tpm = start_swtpm(argv[1]);
	control = open("/dev/vtpmx", O_RDWR | O_CLOEXEC);
	if (control < 0 || ioctl(control, VTPM_PROXY_IOC_NEW_DEV, &chip))
		die("/dev/vtpmx: %s", strerror(errno));
	printf("%u\n", chip.tpm_num);
	fflush(stdout);
	while ((n = read(chip.fd, message, sizeof(message))) >= 10) {
		n = answer_of(tpm, n);
		/* The kernel may have stopped waiting, and that is all right. */
		if (write(chip.fd, message, n) < 0 && errno != EIO)
			die("the chip: %s", strerror(errno));
	}
	return 0;
}
