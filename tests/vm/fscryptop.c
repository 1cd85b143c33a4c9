// SPDX-License-Identifier: GPL-2.0
/*
 * fscrypt, policies of version 2, by its ioctls alone.
 *
 *   fscryptop add MOUNT KEY        unlocks with an fscrypt-provisioning key, by its
 *                                number; prints the key's identifier
 *   fscryptop policy DIR IDENTIFIER    the (empty) directory is encrypted with it
 *   fscryptop remove MOUNT IDENTIFIER  locks
 *
 * What fails prints its errno's name and gives status 1.
 */
#include "vm.h"

#include <linux/fscrypt.h>
#include <sys/ioctl.h>

static int open_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

static int failed(void)
{
	printf("%s\n", strerrorname_np(errno));
	return 1;
}

static void identifier(const char *hex, __u8 out[FSCRYPT_KEY_IDENTIFIER_SIZE])
{
	unsigned int i, byte;

	for (i = 0; i < FSCRYPT_KEY_IDENTIFIER_SIZE; i++) {
		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			die("'%s' is no identifier", hex);
		out[i] = byte;
	}
}

static int add(const char *mount, serial_t key)
{
	struct fscrypt_add_key_arg arg = {
		.key_spec.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER,
		.key_id = key,
	};
	unsigned int i;

	if (ioctl(open_dir(mount), FS_IOC_ADD_ENCRYPTION_KEY, &arg))
		return failed();
	for (i = 0; i < FSCRYPT_KEY_IDENTIFIER_SIZE; i++)
		printf("%02x", arg.key_spec.u.identifier[i]);
	printf("\n");
	return 0;
}

static int policy(const char *dir, const char *hex)
{
	struct fscrypt_policy_v2 arg = {
		.version = FSCRYPT_POLICY_V2,
		.contents_encryption_mode = FSCRYPT_MODE_AES_256_XTS,
		.filenames_encryption_mode = FSCRYPT_MODE_AES_256_CTS,
		.flags = FSCRYPT_POLICY_FLAGS_PAD_32,
	};

	identifier(hex, arg.master_key_identifier);
	return ioctl(open_dir(dir), FS_IOC_SET_ENCRYPTION_POLICY, &arg) ?
		failed() : 0;
}

static int remove_key(const char *mount, const char *hex)
{
	struct fscrypt_remove_key_arg arg = {
		.key_spec.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER,
	};

	identifier(hex, arg.key_spec.u.identifier);
	if (ioctl(open_dir(mount), FS_IOC_REMOVE_ENCRYPTION_KEY, &arg))
		return failed();
	if (arg.removal_status_flags) {
		printf("busy\n");
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		die("see the head of fscryptop.c");
	if (!strcmp(argv[1], "add"))
		return add(argv[2], keyring_number(argv[3]));
	if (!strcmp(argv[1], "policy"))
		return policy(argv[2], argv[3]);
	if (!strcmp(argv[1], "remove"))
		return remove_key(argv[2], argv[3]);
	die("see the head of fscryptop.c");
}
