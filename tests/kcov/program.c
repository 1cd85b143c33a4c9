// SPDX-License-Identifier: GPL-2.0
/*
 * Programs: made by the grammar of Documentation/key-type.rst, changed at
 * random, written and read as text.
 */
#include "kcov.h"

#include <ctype.h>
#include <linux/netlink.h>
#include <linux/tkm_netlink.h>

#define PICK(...) random_of((const char *const[]){ __VA_ARGS__ }, \
			    COUNT(((const char *const[]){ __VA_ARGS__ })))

/* ---- words: the dictionaries of tests/fuzz ---- */

static struct text_bytes words[512];
static unsigned int n_words;

/* What stands between quotes, with \xNN; up to the end of the line. */
static const char *read_quoted(const char *p, struct text_bytes *out)
{
	unsigned int byte;

	out->n = 0;
	for (p++; *p && *p != '"' && out->n < TEXT; p++) {
		if (p[0] == '\\' && p[1] == 'x' &&
		    sscanf(p + 2, "%2x", &byte) == 1) {
			out->b[out->n++] = byte;
			p += 3;
		} else {
			if (*p == '\\' && p[1])
				p++;
			out->b[out->n++] = *p;
		}
	}
	return *p ? p + 1 : p;
}

void program_words(const char *path)
{
	char *text = read_file(path, NULL), *line, *save;

	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (*line == '"' && n_words < COUNT(words))
			read_quoted(line, &words[n_words++]);
	free(text);
}

/* ---- the grammar ---- */

static void add_text(struct text_bytes *t, const char *text)
{
	size_t n = strlen(text);

	if (n > (size_t)(TEXT - t->n))
		n = TEXT - t->n;
	memcpy(t->b + t->n, text, n);
	t->n += n;
}

__attribute__((format(printf, 2, 3)))
static void add_format(struct text_bytes *t, const char *format, ...)
{
	char text[TEXT];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	add_text(t, text);
}

static const char *a_description(void)
{
	return PICK("a:b", "a:c", "disk:vol1", "plain", "a:b/c", "default:plain",
		    "base:data", "base:crypt", "base:ec", "base:rsa", "a:b:c");
}

static const char *a_number(void)
{
	static char text[16];
	static const uint32_t some[] = {
		0, 1, 15, 16, 17, 20, 32, 48, 63, 64, 65, 127, 128, 129, 255,
		2048, 3072, 0x7fffffff, 0x80000000, 0xffffffff,
	};

	snprintf(text, sizeof(text), "%u",
		 random_one_in(3) ? random_below(200) :
				    some[random_below(COUNT(some))]);
	return text;
}

static const char *a_time(void)
{
	return PICK("2000-01-01", "2098-12-31", "2099-12-31T23:59:59Z",
		    "1970-01-01", "2024-02-29", "2023-02-29",
		    "9999-12-31T23:59:59Z", "2099-12-31T24:00:00Z");
}

static const char *some_pcrs(void)
{
	return PICK("7", "sha256:7", "7+11", "sha256:0,4,23", "sha1:7",
		    "sha384:1", "sha512:23", "none", "16", "sha256:24", "7,7");
}

/* Of a base key with a value that is used, or of any slot. */
static void add_auth(struct text_bytes *t)
{
	if (random_one_in(4))
		add_format(t, " auth=%s", random_one_in(2) ? "none" : a_number());
	else
		add_format(t, " auth={k%u}", random_one_in(3) ?
			   random_below(SLOTS) : SLOT_BASE + BASES - 1);
}

static void add_word(struct text_bytes *t)
{
	const struct text_bytes *w = &words[random_below(n_words)];
	size_t n = w->n < TEXT - t->n ? w->n : (size_t)(TEXT - t->n);

	memcpy(t->b + t->n, w->b, n);
	t->n += n;
}

/* Of what earlier calls put into a key, most of the time (make_blob). */
static unsigned int a_slot(void)
{
	return random_one_in(4) ? random_below(SLOTS) : random_below(CALLS);
}

static void make_new(struct text_bytes *t, bool for_tpm)
{
	/* RSA keys take the TPM long. */
	const char *kind = random_one_in(12) ? "rsa" :
			   random_one_in(3) ? "ec" :
			   PICK("", "", "", "data");

	add_format(t, "new%s%s", *kind ? " " : "", kind);
	if (random_one_in(3))
		add_text(t, " parent=srk");
	if (!strcmp(kind, "rsa") && random_one_in(4))
		add_format(t, " bits=%s", PICK("2048", "3072", "1024"));
	if (!strcmp(kind, "ec") && random_one_in(2))
		add_format(t, " curve=%s", PICK("p256", "p384", "p521"));
	if (*kind != 'e' && *kind != 'r' && random_one_in(3))
		add_format(t, " len=%s", a_number());
	if (random_one_in(3))
		add_format(t, " use=%s", *kind == 'r' || *kind == 'e' ?
			   PICK("sign", "decrypt", "sign,decrypt") :
			   PICK("publish", "crypt", "publish,crypt", "sign"));
	if (random_one_in(4))
		add_format(t, " pcrs=%s", some_pcrs());
	if (random_one_in(4))
		add_auth(t);
	if (random_one_in(8))
		add_format(t, " not-before=%s", a_time());
	if (random_one_in(8))
		add_format(t, " not-after=%s", a_time());
	if (!for_tpm && random_one_in(6))
		add_format(t, " class=%s", PICK("fixed", "portable", "certified",
						       "portable authority=boot", "x"));
	if (!for_tpm && random_one_in(8))
		add_format(t, " class=portable approver={k%u}", a_slot());
	if (!for_tpm && random_one_in(6))
		add_word(t);
}

/* Returns its number. */
static unsigned int make_chain(struct text_bytes *t, bool for_tpm)
{
	unsigned int number = random_below(for_tpm ? BASES - 1 : CHAINS);
	char edits[64];
	unsigned int n = for_tpm ? random_below(2) : 1 + random_below(3);
	/* Hex is slow to read, and DER shows as much of what comes after it. */
	bool hex = random_one_in(for_tpm ? 2 : 8);

	add_format(t, "%s{%c%u", hex ? "load " : "", hex ? 'h' : 'd', number);
	while (n--) {
		chain_edit_make(edits, sizeof(edits));
		add_text(t, edits);
	}
	add_text(t, "}");
	if (hex && random_one_in(2))
		add_auth(t);
	return number;
}

static void make_publish(struct text_bytes *t)
{
	const char *type = PICK("logon", "user", "encrypted",
				"fscrypt-provisioning");

	add_format(t, "publish %s:%s", type,
		   PICK("x:y", "v", "0123456789abcdef", "fscrypt:0123456789abcdef",
			":", "x:z"));
	if (*type == 'u' && !random_one_in(4))
		add_text(t, " reveal=every-possessor-can-read-it");
	if (*type == 'e' && random_one_in(2))
		add_format(t, " format=%s", PICK("default", "ecryptfs", "enc32"));
	if (random_one_in(2))
		add_format(t, " derive=%s", PICK("a", "home", "a/b"));
	if (random_one_in(3))
		add_format(t, " len=%s", a_number());
	if (random_one_in(3))
		add_format(t, " keyring=%s", random_one_in(4) ? a_number() :
			   PICK("@s", "@t", "@p", "@u", "@us", "{k0}", "{k16}"));
}

static void make_update(struct text_bytes *t)
{
	switch (random_below(5)) {
	case 4:
		add_format(t, "state %s", PICK("active", "suspended", "pre-active",
					       "deactivated", "compromised"));
		return;
	case 0:
		add_text(t, "reseal");
		if (random_one_in(2))
			add_format(t, " pcrs=%s", some_pcrs());
		if (random_one_in(2))
			add_auth(t);
		return;
	case 1:
		add_format(t, "unpublish%s", PICK("", " logon:x:y", " user:v",
						  " encrypted:v"));
		return;
	default:
		make_publish(t);
	}
}

static void make_domain(struct text_bytes *t)
{
	const char *verb = PICK("unlock", "unlock", "new", "lock", "passwd");

	add_text(t, verb);
	if (!strcmp(verb, "new") && random_one_in(4)) {
		add_text(t, " policy=boot");
		return;
	}
	if (*verb != 'l')
		add_auth(t);
	if (*verb == 'p')
		add_format(t, " new={k%u}", SLOT_BASE + BASES - 1);
	if ((*verb == 'u' || *verb == 'n') && random_one_in(2))
		add_format(t, " for=%s", a_number());
}

static void make_carry(struct text_bytes *t)
{
	unsigned int key = SLOT_BASE + random_below(BASES - 1);

	switch (random_below(4)) {
	case 0:
		add_format(t, "duplicate key={k%u} object=%s parent={k%u} approval={k%u}%s",
			   key, PICK("key", "key", "ask", "tdk"), a_slot(),
			   a_slot(), PICK("", "", " to=recovery"));
		break;
	case 1:
		add_format(t, "import packet={k%u}", a_slot());
		if (random_one_in(3))
			add_format(t, " recovery={k%u}", a_slot());
		break;
	default:
		add_format(t, "certify key={k%u} nonce=%s", key,
			   PICK("00112233445566778899aabbccddeeff", "0011",
				"00112233445566778899AABBCCDDEEFF0011223344556677"));
		if (random_one_in(3))
			add_auth(t);
	}
}

static void make_info(struct text_bytes *t)
{
	add_format(t, "enc=%s", PICK("pkcs1", "pss", "oaep", "raw", "x962",
				     "ecdh", "spki", "gcm", "gcm;aad=00ff",
				     "gcm;aad=0", "none"));
	if (!random_one_in(3))
		add_format(t, " hash=%s", PICK("sha256", "sha384", "sha512",
					       "sha1", "md5"));
}

/* What goes in: as long as some digest, block or point, or what came out. */
static void make_input(struct text_bytes *t)
{
	static const uint16_t lengths[] = {
		0, 1, 16, 20, 32, 48, 64, 65, 97, 128, 190, 245, 255, 256, 257,
		384, 4096,
	};

	switch (random_below(4)) {
	case 0:
		add_format(t, "{o%u", random_below(CALLS));
		if (random_one_in(2)) {
			char edits[64];

			chain_edit_make(edits, sizeof(edits));
			add_text(t, edits);
		}
		add_text(t, "}");
		return;
	case 1:
		add_text(t, "\x04");
		/* fall through */
	default:
		add_format(t, "{x%u}",
			   lengths[random_below(COUNT(lengths))]);
	}
}

/* ---- messages of the netlink family ---- */

static void add_attribute(struct text_bytes *t)
{
	unsigned int type = random_below(24);

	switch (random_below(5)) {
	case 0:
		add_format(t, "%u=u32:%s;", type, a_number());
		return;
	case 1:
		add_format(t, "%u=u64:%s;", type,
			   random_one_in(2) ? "@" : a_number());
		return;
	case 2:
		add_format(t, "%u=text:%s;", type, a_description());
		return;
	case 3:
		add_format(t, "%u=flag;", type);
		return;
	default:
		add_format(t, "%u=raw:{d%u}", type, random_below(CHAINS));
	}
}

/* A deadline that is over soon: whoever waits for us waits no longer. */
static int32_t make_message(struct text_bytes *t)
{
	uint32_t cmd = 1 + random_below(16);

	switch (random_below(6)) {
	case 0:
		cmd = TKM_CMD_REGISTER;
		if (!random_one_in(4))
			add_format(t, "%u=u32:100", TKM_A_ERRAND_DEADLINE);
		break;
	case 1:
		cmd = TKM_CMD_ACCEPT;
		break;
	case 2:
		cmd = TKM_CMD_DONE;
		add_format(t, "%u=u64:@;%u=u32:%s;", TKM_A_ERRAND_ID,
			   TKM_A_ERRAND_STATUS,
			   PICK("0", "0", "126", "17", "28", "5", "4095"));
		if (random_one_in(2))
			add_format(t, "%u=raw:{d%u}", TKM_A_ERRAND_CHAIN,
				   random_below(CHAINS));
		break;
	default:
		do
			add_attribute(t);
		while (random_one_in(2));
	}
	return cmd | (random_one_in(4) ? NLM_F_DUMP << 8 : 0) |
	       (random_one_in(2) ? NLM_F_ACK << 8 : 0);
}

/* ---- faults, for a program that meets a TPM which lies ---- */

static void make_fault(struct text_bytes *t)
{
	static const char *const commands[] = {
		"StartAuthSession", "ContextLoad", "Create", "Load", "Unseal",
		"PCR_Read", "PolicyPCR", "PolicyOR", "PolicyAuthValue",
		"ContextSave", "ReadPublic", "FlushContext", "GetCapability",
		"CreatePrimary", "ObjectChangeAuth", "Certify", "Duplicate",
		"Import", "Rewrap", "PolicyAuthorize", "VerifySignature",
		"LoadExternal", "PolicyDuplicationSelect", "PolicyCommandCode",
	};
	static const uint32_t codes[] = {
		0x101, 0x902, 0x903, 0x908, 0x909, 0x90a, 0x910, 0x921, 0x922,
		0x128, 0x18b, 0x98e, 0x99d, 0x1df, 0x777, 0x923,
	};
	const char *kind = PICK("rc", "rc", "rc-after", "cut", "cut-fix",
				"lengthen", "lengthen-fix", "flip", "flip",
				"flip-command", "word", "word-command",
				"replay", "reset", "gone", "gone-after");
	long a = 0, b = 0;

	if (!strncmp(kind, "rc", 2))
		a = codes[random_below(COUNT(codes))];
	else if (!strncmp(kind, "flip", 4))
		a = random_below(8 * 512);
	else if (!strncmp(kind, "cut", 3))
		a = random_one_in(2) ? -1 - (long)random_below(9) :
				       1 + (long)random_below(128);
	else if (!strncmp(kind, "word", 4)) {
		a = random_below(128);
		b = random_one_in(2) ? (long)random_below(512) :
				       (long)(0x80000000 + random_below(8));
	} else {
		a = random_below(64);
	}
	add_format(t, "%s %s %u %ld %ld", kind,
		   random_of(commands, COUNT(commands)), random_below(3), a, b);
}

/* ---- calls ---- */

static uint8_t a_key(bool for_tpm)
{
	if (for_tpm)
		return random_below(2) ? 0 : SLOT_BASE + random_below(BASES - 1);
	switch (random_below(4)) {
	case 0:
		return random_below(CALLS);
	case 1:
		return SLOT_FOREIGN + random_below(BASES);
	default:
		return SLOT_BASE + random_below(BASES);
	}
}

static bool is_pkey(const char *kind)
{
	return strstr("query encrypt decrypt sign verify", kind);
}

static int32_t some_number(const char *kind)
{
	static const uint32_t perms[] = {
		0x3f010000, 0x3f3f3f3f, 0, 0x3f000000, 0x1f010000, 0x39010000,
		0x3b3b3b3b,
	};

	if (!strcmp(kind, "add"))
		return random_one_in(10) ? random_below(5) : 0;
	if (!strcmp(kind, "setperm"))
		return perms[random_below(COUNT(perms))];
	if (!strcmp(kind, "chown"))
		return random_one_in(2) ? 0 : 5301;
	if (!strcmp(kind, "timeout"))
		return random_below(3);
	if (is_pkey(kind))
		return random_one_in(16) ? random_below(600) : 0;
	return random_one_in(2) ? 0 : random_below(70000);
}

/* Payload and description, which for a chain is mostly its own. */
static void make_key(struct call *c, bool for_tpm)
{
	const char *name = a_description();
	unsigned int chain;

	if (random_one_in(3)) {
		chain = make_chain(&c->text[0], for_tpm);
		if (chain < BASES && !random_one_in(4))
			name = base_names[chain];
	} else {
		make_new(&c->text[0], for_tpm);
	}
	add_text(&c->text[1], name);
}

static void make_call(struct call *c, int kind, bool for_tpm)
{
	const char *name = call_name(kind);

	memset(c, 0, sizeof(*c));
	c->kind = kind;
	c->key = a_key(for_tpm);
	c->ring = random_one_in(4) ? random_below(RINGS) : random_below(5);
	c->number = some_number(name);
	if (!strcmp(name, "add") || !strcmp(name, "request") ||
	    !strcmp(name, "search") || !strcmp(name, "instantiate")) {
		make_key(c, for_tpm);
	} else if (!strcmp(name, "update")) {
		make_update(&c->text[0]);
	} else if (!strcmp(name, "domain")) {
		make_domain(&c->text[0]);
		add_text(&c->text[1], a_description());
	} else if (!strcmp(name, "carry")) {
		make_carry(&c->text[0]);
		add_text(&c->text[1], a_description());
	} else if (is_pkey(name)) {
		make_info(&c->text[1]);
		make_input(&c->text[0]);
		make_input(&c->text[2]);
	} else if (!strcmp(name, "netlink")) {
		c->number = make_message(&c->text[0]);
	} else if (!strcmp(name, "arm")) {
		make_fault(&c->text[0]);
	}
}

/* A user key that holds what a move is told by: an area, an approval, what came. */
static void make_blob(struct call *c)
{
	char edits[64];

	memset(c, 0, sizeof(*c));
	c->kind = call_kind("add");
	c->number = 1;
	add_format(&c->text[0], "{d%u", BLOBS + random_below(CHAINS - BLOBS));
	if (random_one_in(2)) {
		chain_edit_make(edits, sizeof(edits));
		add_text(&c->text[0], edits);
	}
	add_text(&c->text[0], "}");
	add_format(&c->text[1], "blob%u", random_below(4));
}

/* Kinds by how much there is behind them in the module. */
static int a_kind(void)
{
	static const char *const often[] = {
		"add", "add", "add", "add", "update", "update", "update",
		"encrypt", "decrypt", "sign", "verify", "query", "read",
		"request", "netlink", "netlink", "domain", "carry", "carry",
	};

	if (random_one_in(3))
		return random_below(call_count);
	return call_kind(random_of(often, COUNT(often)));
}

/* The same name in the same keyring: there is a key already. */
static void meet_again(struct call *c, const struct call *before)
{
	if (!before->text[1].n || c->kind != before->kind)
		return;
	c->ring = before->ring;
	c->text[1] = before->text[1];
	if (random_one_in(2))
		c->text[0] = before->text[0];
}

void program_make(struct program *p, bool for_tpm)
{
	unsigned int i = 0;

	p->n = 1 + random_below(CALLS);
	if (for_tpm) {
		if (p->n < 3)
			p->n = 3;
		make_call(&p->call[i++], call_kind("add"), true);
		p->call[0].number = 0;
		if (random_one_in(2)) {
			p->call[1] = p->call[0];
			make_call(&p->call[0], call_kind("arm"), true);
			i++;
		}
	}
	for (; i < p->n; i++) {
		make_call(&p->call[i], a_kind(), for_tpm);
		if (i && random_one_in(4))
			meet_again(&p->call[i], &p->call[random_below(i)]);
		if (p->call[i].kind == call_kind("carry") && i)
			make_blob(&p->call[random_below(i)]);
	}
}

/* ---- changes ---- */

static void change_bytes(struct text_bytes *t, const struct text_bytes *other)
{
	unsigned int at = t->n ? random_below(t->n) : 0, n;

	switch (random_below(7)) {
	case 0:
		if (t->n)
			t->b[at] ^= 1 << random_below(8);
		break;
	case 1:
		if (t->n)
			t->b[at] = random_below(256);
		break;
	case 2:		/* out */
		n = t->n - at;
		n = n ? 1 + random_below(n < 16 ? n : 16) : 0;
		memmove(t->b + at, t->b + at + n, t->n - at - n);
		t->n -= n;
		break;
	case 3:		/* doubled */
		n = t->n - at;
		if (n > 16)
			n = 16;
		if (t->n + n > TEXT)
			break;
		memmove(t->b + at + n, t->b + at, t->n - at);
		t->n += n;
		break;
	case 4:		/* a word in its place */
	case 5: {
		struct text_bytes tail;

		tail.n = t->n - at;
		memcpy(tail.b, t->b + at, tail.n);
		t->n = at;
		add_word(t);
		n = tail.n < TEXT - t->n ? tail.n : (unsigned int)(TEXT - t->n);
		memcpy(t->b + t->n, tail.b, n);
		t->n += n;
		break;
	}
	case 6:		/* the rest of another */
		n = other->n ? random_below(other->n) : 0;
		t->n = at;
		while (n < other->n && t->n < TEXT)
			t->b[t->n++] = other->b[n++];
		break;
	}
}

/* One more edit of a chain that is there, or another number in it. */
static bool change_chain(struct text_bytes *t)
{
	const uint8_t *close = memchr(t->b, '}', t->n);
	struct text_bytes tail;
	char edits[64];
	size_t at, n;

	if (!close || random_one_in(3))
		return false;
	at = close - t->b;
	tail.n = t->n - at;
	memcpy(tail.b, t->b + at, tail.n);
	n = chain_edit_make(edits, sizeof(edits));
	if (t->n + n > TEXT)
		return false;
	t->n = at;
	add_text(t, edits);
	memcpy(t->b + t->n, tail.b, tail.n);
	t->n += tail.n;
	return true;
}

static void change_call(struct call *c, const struct call *other)
{
	unsigned int n = random_below(TEXTS);

	switch (random_below(8)) {
	case 0:
		c->key = a_key(false);
		break;
	case 1:
		c->ring = random_below(RINGS);
		break;
	case 2:
		c->number = random_one_in(2) ? some_number(call_name(c->kind)) :
					       (int32_t)random_below(0x20000);
		break;
	case 3:
		make_call(c, c->kind, false);
		break;
	default:
		if (!c->text[n].n)
			n = c->text[0].n ? 0 : 1;
		if (!change_chain(&c->text[n]))
			change_bytes(&c->text[n], &other->text[n]);
	}
}

void program_change(struct program *p, const struct program *other)
{
	unsigned int times = 1 + random_below(4), at, from;

	while (times--) {
		at = random_below(p->n);
		from = random_below(other->n);
		switch (random_below(10)) {
		case 0:		/* in */
			if (p->n == CALLS)
				break;
			memmove(&p->call[at + 1], &p->call[at],
				(p->n - at) * sizeof(p->call[0]));
			p->n++;
			make_call(&p->call[at], a_kind(), false);
			break;
		case 1:		/* out */
			if (p->n == 1)
				break;
			memmove(&p->call[at], &p->call[at + 1],
				(p->n - at - 1) * sizeof(p->call[0]));
			p->n--;
			break;
		case 2:		/* the end of another */
			p->n = at + 1;
			while (p->n < CALLS && from < other->n)
				p->call[p->n++] = other->call[from++];
			break;
		default:
			change_call(&p->call[at], &other->call[from]);
		}
	}
}

/* ---- text ---- */

static size_t write_text(const struct text_bytes *t, char *out, size_t size)
{
	size_t n = 0;
	unsigned int i;

	for (i = 0; i < t->n && n + 5 < size; i++) {
		uint8_t b = t->b[i];

		if (b == '"' || b == '\\' || b < 0x20 || b > 0x7e)
			n += snprintf(out + n, size - n, "\\x%02x", b);
		else
			out[n++] = b;
	}
	if (n < size)
		out[n] = 0;
	return n;
}

void program_write(const struct program *p, char *out, size_t size)
{
	const struct call *c;
	unsigned int i, t;
	size_t n = 0;

	*out = 0;
	for (i = 0; i < p->n && size - n > 64; i++) {
		c = &p->call[i];
		n += snprintf(out + n, size - n, "%s %u %u %d",
			      call_name(c->kind), c->key, c->ring, c->number);
		for (t = 0; t < TEXTS && size - n > 64; t++) {
			n += snprintf(out + n, size - n, " \"");
			n += write_text(&c->text[t], out + n, size - n - 8);
			n += snprintf(out + n, size - n, "\"");
		}
		n += snprintf(out + n, size - n, "\n");
	}
}

/* False for a line that is no call, as others of a report are. */
static bool read_call(const char *line, struct call *c)
{
	unsigned int key, ring, t;
	int kind, taken = 0;
	char name[32];

	memset(c, 0, sizeof(*c));
	if (sscanf(line, "%31s %u %u %d %n", name, &key, &ring, &c->number,
		   &taken) < 4)
		return false;
	kind = call_kind(name);
	if (kind < 0)
		return false;
	c->kind = kind;
	c->key = key;
	c->ring = ring;
	line += taken;
	for (t = 0; t < TEXTS && *line == '"'; t++) {
		line = read_quoted(line, &c->text[t]);
		while (isspace((unsigned char)*line))
			line++;
	}
	return true;
}

/* "program WORKER PHASE", its calls, and an empty line. */
bool program_read(FILE *f, struct program *p, int *worker, enum phase *phase)
{
	static char line[CALLS * TEXTS * 4 * TEXT];
	int number;

	p->n = 0;
	while (fgets(line, sizeof(line), f)) {
		/* As the report has them, or the kernel's log. */
		char *text = strstr(line, "kcov: ");

		text = text ? text + 6 : line + strspn(line, "# \t");

		if (sscanf(text, "program %d %d", worker, &number) == 2) {
			*phase = number;
			p->n = 0;
		} else if (*text == '\n' || !*text) {
			if (p->n)
				return true;
		} else if (p->n < CALLS) {
			p->n += read_call(text, &p->call[p->n]);
		}
	}
	return p->n > 0;
}
