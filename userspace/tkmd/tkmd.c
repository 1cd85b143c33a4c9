// SPDX-License-Identifier: GPL-2.0
/*
 * tkmd: the helper of the module tkm. The ladder from root to a loop with few
 * rights.
 *
 * The database is looked at before the module is told, so that one that cannot be
 * used costs nobody an errand; a new one is made after it, because its key has to
 * be the helper's own.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit.h"

static const char help[] =
	"usage: tkmd [OPTION...]\n"
	"\n"
	"Keeps the keys of the kernel module tkm on disk, and finds them again.\n"
	"\n"
	"  --state FOLDER   where the database is (/var/lib/tkm)\n"
	"  --socket PATH    where programs ask about it (/run/tkm/socket)\n"
	"  --user NAME      whom to run as when started by root (tkm)\n"
	"  --audit N        how many records of the audit are kept (32768)\n"
	"  --help, --version\n";

static const struct option options[] = {
	{ "state", required_argument, NULL, 's' },
	{ "socket", required_argument, NULL, 'S' },
	{ "user", required_argument, NULL, 'u' },
	{ "audit", required_argument, NULL, 'a' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static const char *state = "/var/lib/tkm";
static const char *path = "/run/tkm/socket";
static const char *user = "tkm";
static int64_t records = AUDIT_LIMIT;

static void wrong(void)
{
	fputs(help, stderr);
	exit(2);
}

static int64_t number(const char *text)
{
	char *end;
	long long n = strtoll(text, &end, 10);

	if (*end || end == text || n < AUDIT_LEAST || n > AUDIT_MOST)
		wrong();
	return n;
}

static void read_options(int argc, char **argv)
{
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 's':
			state = optarg;
			break;
		case 'S':
			path = optarg;
			break;
		case 'u':
			user = optarg;
			break;
		case 'a':
			records = number(optarg);
			break;
		case 'h':
			fputs(help, stdout);
			exit(0);
		case 'V':
			puts("tkmd " TKM_VERSION);
			exit(0);
		default:
			wrong();
		}
	}
	if (optind != argc)
		wrong();
}

static int become_user(void)
{
	char *folder = strdup(path), *slash;
	struct folder folders[3] = { { state, 0700 } };
	int ret;

	if (!folder)
		return -ENOMEM;
	slash = strrchr(folder, '/');
	if (slash && slash != folder) {
		*slash = '\0';
		folders[1] = (struct folder){ folder, 0755 };
	}
	ret = privilege_take(user, folders);
	free(folder);
	return ret;
}

static int load_old(struct kdb *kdb)
{
	static struct chain own;
	int ret;

	ret = kdb_own_chain(kdb, &own);
	ret = ret ? ret : cipher_load(&own);
	return ret ? ret : kdb_unlock(kdb);
}

static int make_new(struct kdb *kdb)
{
	static struct chain own;
	int ret;

	ret = cipher_new(&own);
	ret = ret ? ret : kdb_create(kdb, &own);
	if (!ret)
		log_info("a new database is made in %s", state);
	return ret;
}

static int start(struct kdb *kdb)
{
	bool fresh;
	int ret;

	ret = become_user();
	ret = ret ? ret : nl_open();
	if (ret)
		return ret;
	ret = kdb_open(kdb, state, &cipher_tkm);
	if (ret < 0)
		return ret;
	fresh = ret;
	ret = fresh ? 0 : load_old(kdb);
	ret = ret ? ret : nl_register();
	ret = ret ? ret : privilege_drop();
	ret = ret || !fresh ? ret : make_new(kdb);
	ret = ret ? ret : policy_push_all(kdb);
	ret = ret ? ret : audit_open(kdb, records);
	ret = ret ? ret : socket_open(path);
	ret = ret ? ret : loop_open();
	return ret ? ret : privilege_filter();
}

int main(int argc, char **argv)
{
	static struct kdb kdb;
	int ret;

	read_options(argc, argv);
	log_open();
	if (start(&kdb))
		return 1;
	log_info("%lld keys are kept in %s", (long long)kdb_count(&kdb, NULL),
		 state);
	ret = loop_run(&kdb);
	socket_close(path);
	if (!ret)
		audit_close(&kdb);
	kdb_close(&kdb);
	return ret ? 1 : 0;
}
