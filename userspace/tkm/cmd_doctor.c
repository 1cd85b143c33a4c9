// SPDX-License-Identifier: GPL-2.0
/*
 * tkm doctor: what is missing, or about to be, and the command that mends it.
 * Each check looks at one thing, and adds a finding or does not.
 */
#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <keyutils.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tkm.h"

static struct json_object *list;
static int found;

__attribute__((format(printf, 3, 4)))
static void find(const char *name, const char *remedy, const char *format, ...)
{
	struct json_object *object;
	char what[512];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	found++;
	if (!json) {
		printf("%s\n    %s\n", what, remedy);
		return;
	}
	object = json_object_new_object();
	json_object_object_add(object, "name", json_object_new_string(name));
	json_object_object_add(object, "finding", json_object_new_string(what));
	json_object_object_add(object, "remedy",
			       json_object_new_string(remedy));
	json_object_array_add(list, object);
}

/* The first bytes of a file, as text; false when it cannot be read. */
static bool read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	if (n < 0)
		return false;
	text[n] = 0;
	return true;
}

/* ---- the TPM ------------------------------------------------------------------------ */

static void check_tpm(const struct tpm *tpm)
{
	char remedy[128];

	if (!tpm->there) {
		find("tpm", "switch it on in the firmware's setup (TPM, PTT, fTPM); then: modprobe tpm_crb; modprobe tpm_tis",
		     "there is no TPM");
		return;
	}
	if (tpm->version == 1) {
		find("tpm-version", "see if the firmware's setup can make it a 2.0",
		     "the TPM is a 1.2, and tkm wants a 2.0");
		return;
	}
	if (tpm->error)
		return;
	snprintf(remedy, sizeof(remedy),
		 "wait, up to %u s for a try; or tpm2_dictionarylockout -c",
		 tpm->lockout_interval);
	if (tpm->locked)
		find("lockout", remedy,
		     "the TPM is locked after %u wrong authorisation values",
		     tpm->lockout_counter);
	else if (tpm->lockout_max && tpm->lockout_counter &&
		 tpm->lockout_counter + 3 >= tpm->lockout_max)
		find("lockout-near", "tpm2_dictionarylockout -c",
		     "the TPM has counted %u wrong authorisation values, and locks at %u",
		     tpm->lockout_counter, tpm->lockout_max);
}

/* ---- the module --------------------------------------------------------------------- */

/* Where modprobe would find it: its line in modules.dep. */
static bool module_file(char *path, size_t size)
{
	char folder[128], line[PATH_MAX], *end;
	struct utsname uts;
	bool there = false;
	FILE *f;
	int n;

	uname(&uts);
	snprintf(folder, sizeof(folder), "/lib/modules/%s", uts.release);
	snprintf(path, size, "%s/modules.dep", folder);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (!there && fgets(line, sizeof(line), f)) {
		end = strchr(line, ':');
		if (!end)
			continue;
		*end = 0;
		end = strstr(line, "/tkm.ko");
		there = end && end[7] != '/' && (!end[7] || end[7] == '.');
	}
	fclose(f);
	if (!there)
		return false;
	n = line[0] == '/' ? snprintf(path, size, "%s", line) :
			     snprintf(path, size, "%s/%s", folder, line);
	return n > 0 && (size_t)n < size;
}

/* Only what the kernel says of itself; nobody else needs to know. */
static bool wants_signatures(void)
{
	static const char *const variables[] = {
		"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
	};
	char text[64];
	int fd;

	if (read_text("/sys/module/module/parameters/sig_enforce", text,
		      sizeof(text)) && text[0] == 'Y')
		return true;
	if (read_text("/sys/kernel/security/lockdown", text, sizeof(text)) &&
	    !strstr(text, "[none]"))
		return true;
	/* Four bytes of attributes, then the value. */
	fd = open(variables[0], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, text, 5) != 5)
		text[4] = 0;
	close(fd);
	return text[4] == 1;
}

/* What scripts/sign-file leaves at the end; of a packed module it cannot be seen. */
static bool is_signed(const char *path)
{
	static const char mark[] = "~Module signature appended~\n";
	char tail[sizeof(mark) - 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is;

	if (fd < 0 || strcmp(path + strlen(path) - 3, ".ko")) {
		if (fd >= 0)
			close(fd);
		return true;
	}
	is = lseek(fd, -(off_t)sizeof(tail), SEEK_END) >= 0 &&
	     read(fd, tail, sizeof(tail)) == (ssize_t)sizeof(tail) &&
	     !memcmp(tail, mark, sizeof(tail));
	close(fd);
	return is;
}

static void check_module(void)
{
	char path[PATH_MAX];
	bool loaded = !access("/sys/module/tkm", F_OK);
	bool there = module_file(path, sizeof(path));

	if (!loaded && !there) {
		find("module-missing", "install it: make && make install, or make dkms-install, in tkm's sources",
		     "the module tkm is not installed for this kernel");
		return;
	}
	if (there && wants_signatures() && !is_signed(path))
		find("module-unsigned", "sign it with a key of this machine's: kmodsign or DKMS, after mokutil --import /var/lib/dkms/mok.pub and a reboot",
		     "this kernel loads only signed modules (Secure Boot), and %s is not signed",
		     path);
	if (!loaded)
		find("module", "modprobe tkm; to have it at each boot: echo tkm > /etc/modules-load.d/tkm.conf",
		     "the module tkm is not loaded");
}

static void check_helper(void)
{
	struct libtkm_status status;
	struct libtkm_nl *nl;
	int ret = libtkm_nl_open(&nl);

	if (ret)
		return;
	ret = libtkm_nl_status(nl, &status);
	libtkm_nl_close(nl);
	if (!ret && !status.helper)
		find("helper", "systemctl enable --now tkmd",
		     "the helper does not run: nobody keeps new keys, and tkm load finds none");
}

/* ---- the user's keys ------------------------------------------------------------------ */

static unsigned int share(unsigned int used, unsigned int most)
{
	return most ? (unsigned int)((uint64_t)used * 100 / most) : 0;
}

/* "uid: usage keys/instantiated quota-keys/max quota-bytes/max" */
static void check_quota(void)
{
	unsigned int uid, keys, most_keys, bytes, most_bytes;
	FILE *f = fopen("/proc/key-users", "re");
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%u: %*u %*u/%*u %u/%u %u/%u", &uid, &keys,
			   &most_keys, &bytes, &most_bytes) != 5 ||
		    uid != getuid())
			continue;
		if (share(keys, most_keys) >= 80)
			find("quota-keys", "keyctl unlink what is not needed, or sysctl kernel.keys.maxkeys=N (root: root_maxkeys)",
			     "%u of the %u keys that you may have are used up",
			     keys, most_keys);
		if (share(bytes, most_bytes) >= 80)
			find("quota-bytes", "keyctl unlink what is not needed, or sysctl kernel.keys.maxbytes=N (root: root_maxbytes)",
			     "%u of the %u bytes that your keys may take are used up",
			     bytes, most_bytes);
	}
	if (f)
		fclose(f);
}

static bool holds(key_serial_t ring, key_serial_t wanted, int depth)
{
	key_serial_t *keys;
	void *data;
	bool is = false;
	long n, i;

	if (ring == wanted)
		return true;
	if (!depth)
		return false;
	n = keyctl_read_alloc(ring, &data);
	if (n < 0)
		return false;
	keys = data;
	for (i = 0; !is && i < n / (long)sizeof(*keys); i++)
		is = keys[i] == wanted || holds(keys[i], wanted, depth - 1);
	free(data);
	return is;
}

/* Keys in @u cannot be used, nor found, where it is not linked. */
static void check_keyring(void)
{
	key_serial_t session, user;

	session = keyctl_get_keyring_ID(KEY_SPEC_SESSION_KEYRING, 0);
	user = keyctl_get_keyring_ID(KEY_SPEC_USER_KEYRING, 1);
	if (session > 0 && user > 0 && !holds(session, user, 2))
		find("keyring", "keyctl link @u @s; for each login, pam_keyinit.so with a session of its own",
		     "your user keyring (@u) is not linked into this session: keys in it cannot be used here");
}

/* ---- swap ------------------------------------------------------------------------------ */

/*
 * What a block device stands on: encrypted, when it is dm-crypt or all that is
 * below it is.
 */
static bool is_encrypted(const char *device, int depth)
{
	char path[PATH_MAX], uuid[64];
	struct dirent *entry;
	bool any = false, all = true;
	DIR *below;

	snprintf(path, sizeof(path), "%s/dm/uuid", device);
	if (read_text(path, uuid, sizeof(uuid)) && !strncmp(uuid, "CRYPT-", 6))
		return true;
	snprintf(path, sizeof(path), "%s/slaves", device);
	below = depth ? opendir(path) : NULL;
	while (below && (entry = readdir(below))) {
		if (entry->d_name[0] == '.')
			continue;
		any = true;
		snprintf(path, sizeof(path), "%.2000s/slaves/%s", device,
			 entry->d_name);
		all = all && is_encrypted(path, depth - 1);
	}
	if (below)
		closedir(below);
	return any && all;
}

static bool swap_is_safe(const char *path)
{
	char device[64];
	struct stat st;
	dev_t number;

	/* Compressed, in memory. */
	if (!strncmp(path, "/dev/zram", 9))
		return true;
	if (stat(path, &st))
		return false;
	number = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;
	snprintf(device, sizeof(device), "/sys/dev/block/%u:%u", major(number),
		 minor(number));
	return is_encrypted(device, 8);
}

static void check_swap(void)
{
	FILE *f = fopen("/proc/swaps", "re");
	char line[PATH_MAX], path[PATH_MAX];

	if (f && !fgets(line, sizeof(line), f))
		line[0] = 0;
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%4095s", path) == 1 && !swap_is_safe(path))
			find("swap", "swapoff it, and give it a random key in /etc/crypttab (swap, /dev/urandom)",
			     "%s is swap without encryption: what programs decrypted may end there",
			     path);
	if (f)
		fclose(f);
}

int cmd_doctor(int argc, char **argv)
{
	static const struct option options[] = { COMMON_OPTIONS, END_OPTIONS };
	struct tpm tpm;
	int ret;

	next_option(argc, argv, options);
	want_words(argc, 0, 0);
	list = json_object_new_array();
	tpm_look(&tpm);
	check_tpm(&tpm);
	check_module();
	check_helper();
	check_quota();
	check_keyring();
	check_swap();
	if (json)
		ret = say_json(list);
	else
		ret = say_done();
	return ret ? ret : found ? FAILED : DONE;
}
