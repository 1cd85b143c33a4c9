// SPDX-License-Identifier: GPL-2.0
/*
 * The folder of the database and the files in it, before SQLite sees them, which
 * would take much for a database.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kdb.h"

int kdb_refuse(struct kdb *kdb, const char *file, const char *why)
{
	log_error("%s/%s: %s. Nothing was changed. Mend that, or put a copy back, or move the folder's content away to begin anew",
		  kdb->folder, file, why);
	return -EBADMSG;
}

/* 1: there is none. */
static int look_at(struct kdb *kdb, const char *file, off_t least)
{
	char magic[16];
	struct stat st;
	int fd, ret = 0;

	fd = openat(kdb->folder_fd, file,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 1;
	if (fd < 0)
		return kdb_refuse(kdb, file, errno == ELOOP ? "is a symbolic link" :
							  strerror(errno));
	if (fstat(fd, &st))
		ret = kdb_refuse(kdb, file, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		ret = kdb_refuse(kdb, file, "is no file");
	else if (st.st_uid != geteuid())
		ret = kdb_refuse(kdb, file, "belongs to another user");
	else if (st.st_mode & 077)
		ret = kdb_refuse(kdb, file, "is open to other users");
	else if (st.st_nlink != 1)
		ret = kdb_refuse(kdb, file, "has another name, too");
	else if (st.st_size < least)
		ret = kdb_refuse(kdb, file, "is cut short");
	else if (least && (read(fd, magic, 16) != 16 ||
			   memcmp(magic, "SQLite format 3", 16)))
		ret = kdb_refuse(kdb, file, "is no database");
	close(fd);
	return ret;
}

/* Before SQLite, which would take much for a database. 1: there is none. */
int kdb_look(struct kdb *kdb)
{
	int log = look_at(kdb, "kdb-wal", 0);
	int ret;

	if (log < 0)
		return log;
	ret = look_at(kdb, "kdb", 512);
	if (ret == 1 && !log)
		return kdb_refuse(kdb, "kdb-wal", "is there without its database");
	return ret;
}

int kdb_open_folder(struct kdb *kdb)
{
	struct stat st;

	kdb->folder_fd = open(kdb->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (kdb->folder_fd < 0 || fstat(kdb->folder_fd, &st)) {
		log_error("%s: %s", kdb->folder, strerror(errno));
		return -errno;
	}
	if (st.st_uid != geteuid() || st.st_mode & 077)
		return kdb_refuse(kdb, ".", "must be tkmd's own, and closed to other users (mode 0700)");
	/* On the folder, for that can be done where nothing can be written. */
	if (flock(kdb->folder_fd, LOCK_EX | LOCK_NB)) {
		log_error("%s: another tkmd has this database", kdb->folder);
		return -EBUSY;
	}
	return 0;
}

bool kdb_disk_is_read_only(struct kdb *kdb)
{
	return faccessat(kdb->folder_fd, "kdb", W_OK, AT_EACCESS) &&
	       errno == EROFS;
}

/* ---- names ---- */

int kdb_path(struct kdb *kdb, const char *file, char path[PATH_MAX])
{
	return snprintf(path, PATH_MAX, "%s/%s", kdb->folder, file) < PATH_MAX ?
		       0 : -ENAMETOOLONG;
}

/* As a URI: the folder's name may have anything in it. */
int kdb_uri(struct kdb *kdb, const char *file, const char *options,
	    char uri[PATH_MAX])
{
	static const char plain[] = "/-_.~";
	char path[PATH_MAX];
	size_t i, n = 5;

	if (kdb_path(kdb, file, path))
		return -ENAMETOOLONG;
	memcpy(uri, "file:", 5);
	for (i = 0; path[i]; i++) {
		if (n + strlen(options) + 4 > PATH_MAX)
			return -ENAMETOOLONG;
		if (isalnum((unsigned char)path[i]) || strchr(plain, path[i]))
			uri[n++] = path[i];
		else
			n += sprintf(uri + n, "%%%02x", (unsigned char)path[i]);
	}
	strcpy(uri + n, options);
	return 0;
}

void kdb_remove_file(struct kdb *kdb, const char *file)
{
	unlinkat(kdb->folder_fd, file, 0);
}

static int sync_folder(struct kdb *kdb)
{
	return fsync(kdb->folder_fd) ? -errno : 0;
}

/* What was made aside takes the name, and is on the disk under it. */
int kdb_give_name(struct kdb *kdb, const char *from, const char *to)
{
	int fd = openat(kdb->folder_fd, from, O_RDONLY | O_CLOEXEC);
	int ret = fd < 0 || fsync(fd) ? -errno : 0;

	if (fd >= 0)
		close(fd);
	if (!ret && renameat(kdb->folder_fd, from, kdb->folder_fd, to))
		ret = -errno;
	return ret ? ret : sync_folder(kdb);
}
