// SPDX-License-Identifier: GPL-2.0
#include "moves.h"

#include "operations.h"
#include "policies.h"

#define MOVE_MAX	4096

static char *chain;
static serial_t parent, approval, packet;

static serial_t user_key(const char *desc, const char *file)
{
	size_t n;
	char *bytes = policies_file(file, &n);
	serial_t key = key_add("user", desc, bytes, n, ring);

	free(bytes);
	return key;
}

static serial_t duplicate(serial_t key)
{
	char text[120];

	snprintf(text, sizeof(text),
		 "duplicate key=%d object=key parent=%d approval=%d", key, parent,
		 approval);
	return key_add("tkm-move", "cells", text, strlen(text), ring);
}

int do_duplicate(void)
{
	serial_t key = key_add("tkm", "cells:moves", chain, strlen(chain), ring);
	int err;

	if (key < 0)
		return give(key);
	err = give(duplicate(key));
	key_ctl(KEYCTL_UNLINK, key, ring, 0, 0);
	return err;
}

int do_import(void)
{
	char text[40];

	snprintf(text, sizeof(text), "import packet=%d", packet);
	return give(key_add("tkm-move", "cells", text, strlen(text), ring));
}

void prepare_moves(void)
{
	static char bytes[MOVE_MAX];
	serial_t key, moved;
	long n = -1;

	chain = policies_file("moves", &(size_t){ 0 });
	parent = user_key("cells:parent", "parent");
	approval = user_key("cells:approval", "permit");
	key = key_add("tkm", "cells:moves", chain, strlen(chain), ring);
	moved = key < 0 ? key : duplicate(key);
	if (moved >= 0)
		n = key_read(moved, bytes, sizeof(bytes));
	if (n <= 0)
		die("nothing moves: %s", strerror(errno));
	packet = key_add("user", "cells:packet", bytes, n, ring);
	key_ctl(KEYCTL_UNLINK, moved, ring, 0, 0);
	key_ctl(KEYCTL_UNLINK, key, ring, 0, 0);
	if (do_import())
		die("nothing that moved is taken");
}
