// SPDX-License-Identifier: GPL-2.0
/*
 * The chip, as TPM2_GetCapability tells it through the kernel's resource
 * manager: one command, which needs no session and no library.
 */
#include <fcntl.h>
#include <glob.h>
#include <unistd.h>

#include "core.h"
#include "tkm.h"

#define CC_GET_CAPABILITY	0x17a
#define CAP_TPM_PROPERTIES	6
/* TPM 2.0 Part 2, "TPM_PT". */
#define PT_MANUFACTURER		0x105
#define PT_VENDOR_STRING	0x106
#define PT_FIRMWARE_1		0x10b
#define PT_FIRMWARE_2		0x10c
#define PT_PERMANENT		0x200
#define PT_LOCKOUT_COUNTER	0x20e
#define PT_MAX_AUTH_FAIL	0x20f
#define PT_LOCKOUT_INTERVAL	0x210
#define PT_LOCKOUT_RECOVERY	0x211
#define PERMANENT_IN_LOCKOUT	BIT(9)

static void put_text(u32 value, char *out)
{
	int i;

	for (i = 0; i < 4; i++, out++) {
		*out = (char)(value >> (24 - 8 * i));
		if (!isprint((unsigned char)*out))
			*out = 0;
	}
}

static void property(struct tpm *tpm, u32 tag, u32 value)
{
	switch (tag) {
	case PT_MANUFACTURER:
		put_text(value, tpm->manufacturer);
		break;
	case PT_VENDOR_STRING ... PT_VENDOR_STRING + 3:
		put_text(value, tpm->vendor + 4 * (tag - PT_VENDOR_STRING));
		break;
	case PT_FIRMWARE_1:
		snprintf(tpm->firmware, sizeof(tpm->firmware), "%u.%u",
			 value >> 16, value & 0xffff);
		break;
	case PT_FIRMWARE_2:
		snprintf(tpm->firmware + strlen(tpm->firmware),
			 sizeof(tpm->firmware) - strlen(tpm->firmware),
			 ".%u.%u", value >> 16, value & 0xffff);
		break;
	case PT_PERMANENT:
		tpm->locked = value & PERMANENT_IN_LOCKOUT;
		break;
	case PT_LOCKOUT_COUNTER:
		tpm->lockout_counter = value;
		break;
	case PT_MAX_AUTH_FAIL:
		tpm->lockout_max = value;
		break;
	case PT_LOCKOUT_INTERVAL:
		tpm->lockout_interval = value;
		break;
	case PT_LOCKOUT_RECOVERY:
		tpm->lockout_recovery = value;
		break;
	}
}

/* The properties from @first on, as many as the TPM gives at once. */
static int properties(int fd, u32 first, struct tpm *tpm)
{
	u8 buf[TKM_WIRE_MAX];
	struct tkm_writer w;
	struct tkm_reader r;
	ssize_t n;
	u32 tag;

	tkm_writer_init(&w, buf, sizeof(buf));
	tkm_put_u16(&w, TPM_ST_NO_SESSIONS);
	tkm_put_u32(&w, 22);
	tkm_put_u32(&w, CC_GET_CAPABILITY);
	tkm_put_u32(&w, CAP_TPM_PROPERTIES);
	tkm_put_u32(&w, first);
	tkm_put_u32(&w, 64);
	if (write(fd, buf, w.len) != (ssize_t)w.len)
		return -errno;
	n = read(fd, buf, sizeof(buf));
	if (n < 0)
		return -errno;
	tkm_reader_init(&r, buf, (size_t)n);
	tkm_get_u16(&r);
	tkm_get_u32(&r);
	if (tkm_get_u32(&r) || r.bad)
		return -EIO;
	tkm_get_u8(&r);
	tkm_get_u32(&r);
	for (n = tkm_get_u32(&r); n > 0 && !r.bad; n--) {
		tag = tkm_get_u32(&r);
		property(tpm, tag, tkm_get_u32(&r));
	}
	return r.bad ? -EIO : 0;
}

static int ask(const char *device, struct tpm *tpm)
{
	int fd = open(device, O_RDWR | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = properties(fd, PT_MANUFACTURER, tpm);
	if (!ret)
		ret = properties(fd, PT_PERMANENT, tpm);
	close(fd);
	return ret;
}

void tpm_look(struct tpm *tpm)
{
	char path[64];
	const char *name;
	glob_t chips;
	FILE *f;

	memset(tpm, 0, sizeof(*tpm));
	if (glob("/sys/class/tpm/tpm[0-9]*", 0, NULL, &chips)) {
		globfree(&chips);
		return;
	}
	tpm->there = true;
	name = strrchr(chips.gl_pathv[0], '/') + 4;
	snprintf(path, sizeof(path), "/sys/class/tpm/tpm%s/tpm_version_major",
		 name);
	f = fopen(path, "re");
	if (f) {
		if (fscanf(f, "%u", &tpm->version) != 1)
			tpm->version = 0;
		fclose(f);
	}
	snprintf(path, sizeof(path), "/dev/tpmrm%s", name);
	tpm->error = ask(path, tpm);
	globfree(&chips);
}
