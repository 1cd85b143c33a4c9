// SPDX-License-Identifier: GPL-2.0
/*
 * The first process in a machine of tools/vm, and the only program in its
 * initramfs. It builds a root from the host's files and a layer of memory
 * over them, runs one command there as a login would, carries the output to
 * the host, says the exit status, and powers off.
 *
 * One static program instead of a shell and its tools: under TCG, each
 * program that need not start is 10 ms won.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* Port numbers, as tools/vm gives them to QEMU, and consoles' to Linux. */
enum { PORT_OUT = 1, PORT_ERR, PORT_STATUS, PORT_END };

#define HOST	"/host"		/* the host's files, read only */
#define ROOT	"/root"		/* what the command sees as its root */
#define GUEST	"/run/tkm-vm"	/* of user-mode Linux: what may be written to */
#define DEVICE_WAIT_MS	20000
#define GOODBYE_MS	2000

static int port[PORT_END];
/* A process on the host, not a machine: its folder there, or NULL. */
static const char *uml;

/* The kernel's log is the only place to talk to before the ports are there. */
static void say(const char *fmt, ...)
{
	char line[512];
	static int fd = -1;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (len >= (int)sizeof(line))
		len = sizeof(line) - 1;

	/* Kept open, for /dev moves. */
	if (fd < 0)
		fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	len = write(fd, line, len);
}

static void power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	_exit(1);	/* a panic, which the host notices */
}

/* No status goes to the host then, and it shows this line. */
static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	int error = errno;
	char what[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	say("<3>tkm-vm: %s: %s\n", what, strerror(error));
	power_off();
	for (;;)
		pause();
}

static void make_path(const char *path)
{
	char part[4096];
	size_t i;

	snprintf(part, sizeof(part), "%s", path);
	for (i = 1; part[i]; i++) {
		if (part[i] != '/')
			continue;
		part[i] = '\0';
		mkdir(part, 0755);
		part[i] = '/';
	}
	mkdir(part, 0755);
}

static void mount_at(const char *type, const char *source, const char *target,
		     unsigned long flags, const char *options)
{
	make_path(target);
	if (mount(source, target, type, flags, options))
		die("mount %s on %s (%s)", type ? type : source, target,
		    options ? options : "");
}

/* For what some kernels do not have. */
static void mount_if_known(const char *type, const char *target)
{
	mount(type, target, type, MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

/* Returns the file's length; the buffer always ends in a zero byte. */
static size_t read_file(const char *path, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("open %s", path);
	while (len < size - 1 && (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += n;
	buf[len] = '\0';
	close(fd);
	return len;
}

static void load_module(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("open %s", path);
	if (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
		die("load %s", path);
	close(fd);
}

/* The list is in an order in which every module finds what it needs. */
static void load_modules(void)
{
	static char list[65536];
	char *line, *rest = list;

	read_file("/modules/list", list, sizeof(list));
	while ((line = strsep(&rest, "\n")))
		if (*line)
			load_module(line);
}

static int open_when_there(const char *path, int flags)
{
	struct timespec pause = { .tv_nsec = 2000000 };
	int fd, tries = DEVICE_WAIT_MS / 2;

	while ((fd = open(path, flags | O_CLOEXEC)) < 0 && tries--)
		nanosleep(&pause, NULL);
	if (fd < 0)
		die("open %s", path);
	return fd;
}

/* A console is a terminal, which is not to touch what goes through. */
static void make_raw(int fd)
{
	struct termios how;

	if (tcgetattr(fd, &how))
		die("tcgetattr");
	cfmakeraw(&how);
	if (tcsetattr(fd, TCSANOW, &how))
		die("tcsetattr");
}

static void open_ports(void)
{
	char path[32];
	int i;

	for (i = PORT_OUT; i < PORT_END; i++) {
		snprintf(path, sizeof(path),
			 uml ? "/dev/tty%d" : "/dev/vport0p%d", i);
		port[i] = open_when_there(path, O_WRONLY | O_NOCTTY);
		if (uml)
			make_raw(port[i]);
	}
}

/*
 * The host's files below, memory above. What was staged for this run lies
 * over the kernel's own modules in the same way.
 */
static void build_root(const char *run, const char *modules)
{
	struct utsname kernel;
	char options[8192], path[512];

	if (uml)
		mount_at("hostfs", "host", HOST, MS_RDONLY, "/");
	else
		mount_at("9p", "host", HOST, MS_RDONLY,
			 "trans=virtio,version=9p2000.L,msize=524288,cache=loose");
	mount_at("tmpfs", "memory", "/memory", 0, "mode=0755,size=75%");
	make_path("/memory/upper");
	make_path("/memory/work");
	mount_at("overlay", "tkm-vm", ROOT, 0, "lowerdir=" HOST
		 ",upperdir=/memory/upper,workdir=/memory/work");

	uname(&kernel);
	snprintf(path, sizeof(path), ROOT "/lib/modules/%s", kernel.release);
	if (!*modules)
		return;
	make_path("/memory/modules-upper");
	make_path("/memory/modules-work");
	snprintf(options, sizeof(options), "lowerdir=" HOST "%s/modules:"
		 HOST "%s,upperdir=/memory/modules-upper"
		 ",workdir=/memory/modules-work", run, modules);
	mount_at("overlay", "modules", path, 0, options);
}

/* Nodes by which a first open loads a module, as kmod-static-nodes does it. */
static void make_static_nodes(void)
{
	char path[512], line[512], name[128], type;
	struct utsname kernel;
	unsigned int major, minor;
	FILE *list;

	uname(&kernel);
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.devname",
		 kernel.release);
	list = fopen(path, "re");
	if (!list)
		return;
	while (fgets(line, sizeof(line), list)) {
		if (sscanf(line, "%*s %127s %c%u:%u", name, &type, &major,
			   &minor) != 4)
			continue;
		snprintf(path, sizeof(path), "/dev/%s", name);
		*strrchr(path, '/') = '\0';
		make_path(path);
		path[strlen(path)] = '/';
		mknod(path, (type == 'b' ? S_IFBLK : S_IFCHR) | 0600,
		      makedev(major, minor));
	}
	fclose(list);
}

/* The name that udev would make: /dev/disk/by-id/virtio-NAME. */
static void name_disks(void)
{
	const char *kind = uml ? "ubd" : "vd";
	char path[64], serial[64], link[128], target[16];
	char letter;

	for (letter = 'a'; letter <= 'z'; letter++) {
		snprintf(path, sizeof(path), "/sys/block/%s%c/serial", kind,
			 letter);
		if (access(path, R_OK))
			return;
		read_file(path, serial, sizeof(serial));
		serial[strcspn(serial, "\n")] = '\0';
		make_path("/dev/disk/by-id");
		snprintf(target, sizeof(target), "../../%s%c", kind, letter);
		snprintf(link, sizeof(link), "/dev/disk/by-id/virtio-%s",
			 serial);
		if (symlink(target, link))
			die("symlink %s", link);
	}
}

/* /tmp and /run are new, so a checkout that lives there is put back. */
static void keep_folder(const char *path)
{
	char from[4096], to[4096];

	snprintf(to, sizeof(to), ROOT "%s", path);
	if (!access(to, F_OK))
		return;
	snprintf(from, sizeof(from), "/kept%s", path);
	mount_at(NULL, from, to, MS_BIND, NULL);
}

static void fill_root(const char *checkout, const char *cwd)
{
	/* The root once more, without what will be mounted over it. */
	mount_at(NULL, ROOT, "/kept", MS_BIND, NULL);

	mount_at(NULL, "/dev", ROOT "/dev", MS_MOVE, NULL);
	mount_at("devpts", "devpts", ROOT "/dev/pts", 0, "mode=0620,ptmxmode=0666");
	mount_at("tmpfs", "shm", ROOT "/dev/shm", MS_NOSUID | MS_NODEV, NULL);
	mount_at(NULL, "/proc", ROOT "/proc", MS_MOVE, NULL);
	mount_at(NULL, "/sys", ROOT "/sys", MS_MOVE, NULL);
	mount_if_known("securityfs", ROOT "/sys/kernel/security");
	mount_if_known("debugfs", ROOT "/sys/kernel/debug");
	mount_if_known("tracefs", ROOT "/sys/kernel/tracing");
	mount_at("tmpfs", "run", ROOT "/run", MS_NOSUID | MS_NODEV, "mode=0755");
	mount_at("tmpfs", "tmp", ROOT "/tmp", MS_NOSUID | MS_NODEV, "mode=1777");
	if (uml)
		mount_at("hostfs", "guest", ROOT GUEST, MS_NOSUID | MS_NODEV, uml);
	mkdir(ROOT "/run/lock", 01777);

	keep_folder(checkout);
	keep_folder(cwd);
	umount2("/kept", MNT_DETACH);
}

/* Kernel threads share this process's root, and so find modprobe in it. */
static void enter_root(void)
{
	if (chdir(ROOT) || mount(".", "/", NULL, MS_MOVE, NULL) ||
	    chroot(".") || chdir("/"))
		die("enter the new root");
	symlink("/proc/self/fd", "/dev/fd");
	symlink("/proc/self/fd/0", "/dev/stdin");
	symlink("/proc/self/fd/1", "/dev/stdout");
	symlink("/proc/self/fd/2", "/dev/stderr");
}

static void raise_loopback(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo))
		die("raise lo");
	close(fd);
}

/* Splits strings that each end in a zero byte; the array ends in NULL. */
static char **split(char *buf, size_t len)
{
	size_t count = 0, i, start = 0;
	char **list;

	for (i = 0; i < len; i++)
		count += !buf[i];
	list = calloc(count + 1, sizeof(*list));
	if (!list)
		die("calloc");
	for (i = 0, count = 0; i < len; i++) {
		if (buf[i])
			continue;
		list[count++] = buf + start;
		start = i + 1;
	}
	return list;
}

/* What pam_keyinit does: a session of its own, with the user's keys in it. */
static void join_session(void)
{
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 ||
	    syscall(SYS_keyctl, KEYCTL_LINK, KEY_SPEC_USER_KEYRING,
		    KEY_SPEC_SESSION_KEYRING) < 0)
		dprintf(2, "tkm-vm: session keyring: %s\n", strerror(errno));
}

static void __attribute__((noreturn))
run_command(char **argv, char **env, const char *cwd, int out, int err)
{
	sigset_t none;
	int null = open("/dev/null", O_RDONLY);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	dup2(null, 0);
	dup2(out, 1);
	dup2(err, 2);
	if (null > 2)
		close(null);
	join_session();
	if (chdir(cwd)) {
		dprintf(2, "tkm-vm: %s: %s\n", cwd, strerror(errno));
		_exit(126);
	}
	execvpe(argv[0], argv, env);
	dprintf(2, "tkm-vm: %s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* The host takes what is written before the write returns: see tools/vm. */
static void write_all(int fd, const char *buf, size_t len)
{
	while (len) {
		ssize_t n = write(fd, buf, len);

		if (n < 0 && errno != EINTR)
			die("write to the host");
		if (n > 0) {
			buf += n;
			len -= n;
		}
	}
}

/* Moves what the pipe has now; false at its end. */
static int carry(int from, int to)
{
	static char buf[32768];
	ssize_t n;

	while ((n = read(from, buf, sizeof(buf))) > 0)
		write_all(to, buf, n);
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* Collects every child that ended; true when CHILD is among them. */
static int collect(pid_t child, int *status)
{
	int found = 0, how;
	pid_t pid;

	while ((pid = waitpid(-1, &how, WNOHANG)) > 0) {
		if (pid != child)
			continue;
		*status = how;
		found = 1;
	}
	return found;
}

/*
 * Until the command ends, not until its output does: what it left behind in
 * the background may hold the pipes for ever.
 */
static int carry_until_end(pid_t child, int out, int err)
{
	struct pollfd fds[3] = {
		{ .fd = out, .events = POLLIN },
		{ .fd = err, .events = POLLIN },
		{ .events = POLLIN },
	};
	struct signalfd_siginfo info;
	int status, ended = 0;
	sigset_t chld;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	fds[2].fd = signalfd(-1, &chld, SFD_NONBLOCK | SFD_CLOEXEC);
	while (!ended) {
		poll(fds, 3, -1);
		if (fds[2].revents) {
			while (read(fds[2].fd, &info, sizeof(info)) > 0)
				;
			ended = collect(child, &status);
		}
		if (fds[0].revents && !carry(out, port[PORT_OUT]))
			fds[0].fd = -1;
		if (fds[1].revents && !carry(err, port[PORT_ERR]))
			fds[1].fd = -1;
	}
	carry(out, port[PORT_OUT]);
	carry(err, port[PORT_ERR]);
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WEXITSTATUS(status);
}

/* Returns the exit status as a shell would say it. */
static int run(char **argv, char **env, const char *cwd)
{
	int out[2], err[2];
	sigset_t chld;
	pid_t child;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		die("pipe");
	child = fork();
	if (child < 0)
		die("fork");
	if (!child)
		run_command(argv, env, cwd, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	return carry_until_end(child, out[0], err[0]);
}

/* QEMU's chip is there from the start, this kernel's is a process of its own. */
static void start_tpm(const char *checkout)
{
	char path[4096];
	pid_t child;
	int status;

	if (access(GUEST "/tpm", F_OK))
		return;
	snprintf(path, sizeof(path), "%s/tools/uml-tpm", checkout);
	child = fork();
	if (!child) {
		dup2(port[PORT_ERR], 2);
		execl(path, path, "start", NULL);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status) {
		errno = ENODEV;
		die("%s start", path);
	}
}

/* Everyone is asked to go, then made to, so that disks can be unmounted. */
static void end_everyone(void)
{
	struct timespec pause = { .tv_nsec = 10000000 };
	int tries = GOODBYE_MS / 10;

	kill(-1, SIGTERM);
	while (waitpid(-1, NULL, WNOHANG) >= 0 && tries--)
		nanosleep(&pause, NULL);
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static void unmount_disks(void)
{
	static char targets[64][256];
	char source[256], line[4096];
	FILE *mounts = fopen("/proc/mounts", "re");
	int count = 0;

	while (mounts && count < 64 && fgets(line, sizeof(line), mounts))
		if (sscanf(line, "%255s %255s", source, targets[count]) == 2 &&
		    !strncmp(source, "/dev/", 5))
			count++;
	if (mounts)
		fclose(mounts);
	while (count--)
		umount2(targets[count], MNT_DETACH);
}

static void tell_status(int status)
{
	char line[16];

	write_all(port[PORT_STATUS], line,
		  snprintf(line, sizeof(line), "%d\n", status));
}

/* Reads one of the files that tools/vm left for this run. */
static char *parameter(const char *run, const char *name, size_t *len)
{
	const size_t size = 1 << 20;
	char path[4096], *buf = malloc(size);

	if (!buf)
		die("malloc");
	snprintf(path, sizeof(path), HOST "%s/%s", run, name);
	*len = read_file(path, buf, size);
	return buf;
}

int main(void)
{
	const char *run_folder = getenv("tkm_run");
	const char *modules = getenv("tkm_modules");
	char **argv, **env, **places;
	size_t len;
	char *buf;

	uml = getenv("tkm_uml");
	umask(0);
	mount_at("devtmpfs", "dev", "/dev", MS_NOSUID, "mode=0755");
	say("<6>tkm-vm: init\n");
	mount_at("proc", "proc", "/proc", 0, NULL);
	mount_at("sysfs", "sys", "/sys", 0, NULL);
	load_modules();
	open_ports();
	if (!run_folder)
		die("no tkm_run on the kernel's command line");
	build_root(run_folder, modules ? modules : "");
	buf = parameter(run_folder, "command", &len);
	argv = split(buf, len);
	buf = parameter(run_folder, "environment", &len);
	env = split(buf, len);
	buf = parameter(run_folder, "places", &len);
	places = split(buf, len);
	fill_root(places[0], places[1]);
	enter_root();
	make_static_nodes();
	name_disks();
	raise_loopback();
	umask(022);

	/* The child's PATH is where its program is looked for. */
	clearenv();
	for (len = 0; env[len]; len++)
		putenv(env[len]);
	if (uml)
		start_tpm(places[0]);
	say("<6>tkm-vm: the command starts\n");
	tell_status(run(argv, env, places[1]));
	end_everyone();
	unmount_disks();
	power_off();
}
