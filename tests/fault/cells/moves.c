// SPDX-License-Identifier: GPL-2.0
#include "moves.h"

#include "operations.h"
#include "policies.h"

#define MOVE_MAX	4096

static char *chain;
static serial_t parent, approval, packet;
static serial_t paper, to_paper, recovered, dead;

static serial_t user_key(const char *desc, const char *file)
{
	size_t n;
	char *bytes = policies_file(file, &n);
	serial_t key = key_add("user", desc, bytes, n, ring);

	free(bytes);
	return key;
}

static serial_t duplicate(serial_t key, bool to_recovery)
{
	char text[120];

	snprintf(text, sizeof(text),
		 "duplicate key=%d object=key parent=%d approval=%d%s", key,
		 to_recovery ? paper : parent, to_recovery ? to_paper : approval,
		 to_recovery ? " to=recovery" : "");
	return key_add("tkm-move", "cells", text, strlen(text), ring);
}

int do_duplicate(void)
{
	serial_t key = key_add("tkm", "cells:moves", chain, strlen(chain), ring);
	int err;

	if (key < 0)
		return give(key);
	err = give(duplicate(key, false));
	key_ctl(KEYCTL_UNLINK, key, ring, 0, 0);
	return err;
}

int do_import(void)
{
	char text[40];

	snprintf(text, sizeof(text), "import packet=%d", packet);
	return give(key_add("tkm-move", "cells", text, strlen(text), ring));
}

int do_recover(void)
{
	char text[60];

	snprintf(text, sizeof(text), "import packet=%d recovery=%d", dead,
		 recovered);
	return give(key_add("tkm-move", "cells", text, strlen(text), ring));
}

static serial_t move(serial_t key, const char *desc, bool to_recovery)
{
	static char bytes[MOVE_MAX];
	serial_t moved = key < 0 ? key : duplicate(key, to_recovery);
	long n = moved < 0 ? -1 : key_read(moved, bytes, sizeof(bytes));

	if (n <= 0)
		die("nothing moves: %s", strerror(errno));
	key_ctl(KEYCTL_UNLINK, moved, ring, 0, 0);
	return key_add("user", desc, bytes, n, ring);
}

void prepare_moves(void)
{
	serial_t key;

	chain = policies_file("moves", &(size_t){ 0 });
	parent = user_key("cells:parent", "parent");
	approval = user_key("cells:approval", "permit");
	key = key_add("tkm", "cells:moves", chain, strlen(chain), ring);
	paper = user_key("cells:paper", "paper.tpm2b");
	to_paper = user_key("cells:to-paper", "to-paper");
	recovered = user_key("cells:recovered", "recovered");
	packet = move(key, "cells:packet", false);
	dead = move(key, "cells:dead", true);
	key_ctl(KEYCTL_UNLINK, key, ring, 0, 0);
	if (do_import() || do_recover())
		die("nothing that moved is taken");
}
