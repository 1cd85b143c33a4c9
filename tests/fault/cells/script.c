// SPDX-License-Identifier: GPL-2.0
#include "script.h"

#include "verdict.h"
#include "vm.h"

#include <sys/socket.h>
#include <sys/un.h>

static FILE *script_in;
static int script_out;

const char *say(const char *format, ...)
{
	static char line[65536];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (dprintf(script_out, "%s\n", line) < 0 ||
	    !fgets(line, sizeof(line), script_in))
		die("the hostile TPM is gone");
	line[strcspn(line, "\n")] = 0;
	if (strncmp(line, "ok", 2))
		die("%s", line);
	return line[2] ? line + 3 : line + 2;
}

void meet(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	script_out = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (script_out < 0 ||
	    connect(script_out, (struct sockaddr *)&address, sizeof(address)))
		die("%s: %s", path, strerror(errno));
	script_in = fdopen(script_out, "r");
}

/* Who asked has the answer before the hold ends, and with it the last flush. */
bool happened(void)
{
	int tries;

	for (tries = 0; tries < 1000 * slow; tries++) {
		if (!atoi(say("pending")))
			return true;
		usleep(2000);
	}
	return false;
}

/*
 * Waits until tkm's hold is over, which ends after who asked has the answer: the
 * driver asks the TPM for a register, once the chip is free.
 */
void hold_is_over(void)
{
	char path[96], value[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/class/tpm/tpm%d/pcr-sha256/0",
		 atoi(say("chip")));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, value, sizeof(value)) <= 0)
		wrong("%s: %s", path, strerror(errno));
	close(fd);
}

/* The commands that the driver shall have little patience with; "": none. */
void hurry(const char *commands)
{
	static const char path[] = "/sys/module/patience/parameters/hurry";
	char list[256], codes[256] = "0", *name, *save;
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	snprintf(list, sizeof(list), "%.*s", (int)strcspn(commands, " "),
		 commands);
	for (name = strtok_r(list, ",", &save); name;
	     name = strtok_r(NULL, ",", &save))
		sprintf(codes + strlen(codes), ",%s", say("code %s", name));
	if (fd < 0 || write(fd, codes, strlen(codes)) < 0)
		die("%s: %s", path, strerror(errno));
	close(fd);
}
