// SPDX-License-Identifier: GPL-2.0
/*
 * Loads chains that were tampered with. None may load, and each refusal must
 * be one of the errnos that Documentation/errors.rst has for such chains.
 *
 *   mutate flip FILE DESC [OPTIONS]       every single bit, alone
 *   mutate truncate FILE DESC             every length that is too short, also
 *                                         in the middle of a byte's hex digits
 *   mutate trail FILE DESC                one byte too much, every value
 *   mutate permute FILE DESC              objects left out, doubled, disordered
 *   mutate swap FILE DESC FILE DESC       some objects of one, others of another
 *   mutate fields FILE DESC FILE DESC     one field of one, the rest of another
 *
 * TKM_BIT_SHARE=K/N takes, of what is tried a thousand times (flip, truncate), only
 * the Kth of N shares. FILE holds DER. OPTIONS follow the hex ("auth=123"). What came of it is
 * printed as counts of errnos. This knows just enough DER to cut a chain into
 * objects and an object into fields, and shares no code with the module.
 */
#include "vm.h"

#define OBJECTS	4
#define FIELDS	8
#define CHAIN_MAX 16384

struct piece {
	const uint8_t *p;
	size_t len;
};

struct chain {
	struct piece whole;
	struct piece obj[OBJECTS];
	const char *desc;
};

static int counts[256];
static int attempts;
static const char *options = "";
static const int documented[] = {
	EBADMSG, ENOKEY, EPERM, EKEYREJECTED, EOPNOTSUPP,
};

/* ---- trying ---- */

static size_t share = 1, shares = 1;

static void read_share(void)
{
	const char *text = getenv("TKM_BIT_SHARE");

	if (text && *text && (sscanf(text, "%zu/%zu", &share, &shares) != 2 ||
			      share < 1 || share > shares))
		die("TKM_BIT_SHARE: %s", text);
}

static bool is_ours(size_t number)
{
	return number % shares == share - 1;
}

static long load_text(const char *desc, const char *text, size_t len)
{
	long ret;

	errno = 0;
	ret = key_add("tkm", desc, text, len, KEY_SPEC_PROCESS_KEYRING);
	attempts++;
	if (ret < 0 && errno < 256)
		counts[errno]++;
	return ret;
}

static long load(const char *desc, const uint8_t *der, size_t len)
{
	static char text[2 * CHAIN_MAX + 256];
	static const char digits[] = "0123456789abcdef";
	size_t i, n = sprintf(text, "load ");

	if (len > CHAIN_MAX)
		die("a chain of %zu bytes", len);
	for (i = 0; i < len; i++) {
		text[n++] = digits[der[i] >> 4];
		text[n++] = digits[der[i] & 15];
	}
	n += sprintf(text + n, "%s%s", *options ? " " : "", options);
	return load_text(desc, text, n);
}

__attribute__((format(printf, 2, 3)))
static void must_fail(long ret, const char *format, ...)
{
	int err = errno;
	va_list args;
	size_t i;

	if (ret < 0)
		for (i = 0; i < sizeof(documented) / sizeof(documented[0]); i++)
			if (err == documented[i])
				return;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	if (ret < 0)
		printf(": %s\n", strerrorname_np(err));
	else
		printf(": loaded, as key %ld\n", ret);
	exit(1);
}

static void must_give(long ret, int expected, const char *what, size_t n)
{
	if (ret < 0 && errno == expected)
		return;
	printf("%s %zu: %s, not %s\n", what, n,
	       ret < 0 ? strerrorname_np(errno) : "loaded",
	       strerrorname_np(expected));
	exit(1);
}

static int report(void)
{
	int i;

	printf("%d attempts:", attempts);
	for (i = 0; i < 256; i++)
		if (counts[i])
			printf(" %s %d", strerrorname_np(i), counts[i]);
	printf("\n");
	return attempts ? 0 : 1;
}

/* ---- DER ---- */

/* One value from the front of @from; @content is what is in it. */
static struct piece take(struct piece *from, struct piece *content)
{
	struct piece all = { from->p, 0 };
	size_t header = 2, n;

	if (from->len < 2)
		die("DER ends");
	n = from->p[1];
	if (n == 0x81) {
		n = from->p[2];
		header = 3;
	} else if (n == 0x82) {
		n = from->p[2] << 8 | from->p[3];
		header = 4;
	}
	if (header + n > from->len)
		die("DER ends");
	content->p = from->p + header;
	content->len = n;
	all.len = header + n;
	from->p += all.len;
	from->len -= all.len;
	return all;
}

static struct piece sequence(const struct piece *parts, size_t n)
{
	struct piece all = { NULL, 0 };
	size_t i, len = 0;
	uint8_t *p;

	for (i = 0; i < n; i++)
		len += parts[i].len;
	all.p = p = malloc(len + 4);
	*p++ = 0x30;
	if (len >= 0x100) {
		*p++ = 0x82;
		*p++ = len >> 8;
	} else if (len >= 0x80) {
		*p++ = 0x81;
	}
	*p++ = len;
	for (i = 0; i < n; i++) {
		memcpy(p, parts[i].p, parts[i].len);
		p += parts[i].len;
	}
	all.len = p - all.p;
	return all;
}

static struct piece read_der(const char *path)
{
	struct piece der;

	der.p = (uint8_t *)read_file(path, &der.len);
	return der;
}

static struct chain read_chain(const char *path, const char *desc)
{
	struct chain chain = { .whole = read_der(path), .desc = desc };
	struct piece rest = chain.whole, list, content;
	int i;

	take(&rest, &list);
	for (i = 0; i < OBJECTS; i++)
		chain.obj[i] = take(&list, &content);
	if (list.len || rest.len)
		die("%s: not %d objects", path, OBJECTS);
	return chain;
}

static bool same(struct piece a, struct piece b)
{
	return a.len == b.len && !memcmp(a.p, b.p, a.len);
}

static int split(struct piece obj, struct piece fields[FIELDS])
{
	struct piece inside, content;
	int n = 0;

	take(&obj, &inside);
	while (inside.len && n < FIELDS)
		fields[n++] = take(&inside, &content);
	return n;
}

/* ---- the kinds of tampering ---- */

static void flip(struct piece der, const char *desc)
{
	uint8_t *copy = malloc(der.len);
	size_t i;

	memcpy(copy, der.p, der.len);
	for (i = 0; i < 8 * der.len; i++) {
		if (!is_ours(i))
			continue;
		copy[i / 8] ^= 1 << i % 8;
		must_fail(load(desc, copy, der.len), "bit %zu of byte %zu",
			  i % 8, i / 8);
		copy[i / 8] ^= 1 << i % 8;
	}
}

static void truncate_all(struct piece der, const char *desc)
{
	static char text[2 * CHAIN_MAX + 6] = "load ";
	size_t i;

	for (i = 0; i < der.len; i++)
		sprintf(text + 5 + 2 * i, "%02x", der.p[i]);
	for (i = 1; i < 2 * der.len; i++)
		if (is_ours(i / 2))
			must_give(load_text(desc, text, 5 + i),
				  i % 2 ? EINVAL : EBADMSG,
				  i % 2 ? "cut in byte" : "cut after byte",
				  i / 2);
	/* The same without hex: the payload itself is the chain. */
	for (i = 1; i < der.len; i++) {
		if (!is_ours(i))
			continue;
		attempts++;
		must_give(key_add("tkm", desc, der.p, i,
				  KEY_SPEC_PROCESS_KEYRING), EBADMSG,
			  "DER cut after byte", i);
		counts[EBADMSG]++;
	}
}

static void trail(struct piece der, const char *desc)
{
	uint8_t *copy = malloc(der.len + 1);
	int i;

	memcpy(copy, der.p, der.len);
	for (i = 0; i < 256; i++) {
		copy[der.len] = i;
		must_give(load(desc, copy, der.len + 1), EBADMSG,
			  "after it, byte", i);
	}
	copy[0] = 0x30;
	memmove(copy + 1, der.p, der.len);
	must_give(load(desc, copy, der.len + 1), EBADMSG, "before it, byte", 0x30);
}

/* Every choice of one to five of the objects, but the right one. */
static void permute(const struct chain *chain)
{
	struct piece parts[OBJECTS + 1], der;
	int n, i, code, left, choices = 1;

	for (n = 1; n <= OBJECTS + 1; n++) {
		choices *= OBJECTS;
		for (code = 0; code < choices; code++) {
			for (i = 0, left = code; i < n; i++, left /= OBJECTS)
				parts[i] = chain->obj[left % OBJECTS];
			der = sequence(parts, n);
			if (!same(der, chain->whole))
				must_fail(load(chain->desc, der.p, der.len),
					  "%d objects, choice %d", n, code);
			free((void *)der.p);
		}
	}
}

static void must_not_mix(struct piece der, const struct chain *a,
			 const struct chain *b, const char *what, int n)
{
	bool is_a = same(der, a->whole), is_b = same(der, b->whole);
	bool one_name = !strcmp(a->desc, b->desc);

	if (!is_a && !(is_b && one_name))
		must_fail(load(a->desc, der.p, der.len), "%s %d, as %s", what, n,
			  a->desc);
	if (!is_b && !one_name)
		must_fail(load(b->desc, der.p, der.len), "%s %d, as %s", what, n,
			  b->desc);
}

/* Each position from either chain. */
static void swap(const struct chain *a, const struct chain *b)
{
	struct piece parts[OBJECTS], der;
	int mask, i;

	for (mask = 0; mask < 1 << OBJECTS; mask++) {
		for (i = 0; i < OBJECTS; i++)
			parts[i] = mask >> i & 1 ? b->obj[i] : a->obj[i];
		der = sequence(parts, OBJECTS);
		must_not_mix(der, a, b, "objects", mask);
		free((void *)der.p);
	}
}

/* In each object of a, each field in turn from the same object of b. */
static void swap_fields(const struct chain *a, const struct chain *b)
{
	struct piece parts[OBJECTS], mine[FIELDS], theirs[FIELDS], was, der;
	int i, j, n;

	for (i = 0; i < OBJECTS; i++) {
		memcpy(parts, a->obj, sizeof(parts));
		n = split(a->obj[i], mine);
		if (split(b->obj[i], theirs) != n)
			die("object %d has other fields", i);
		for (j = 0; j < n; j++) {
			was = mine[j];
			mine[j] = theirs[j];
			parts[i] = sequence(mine, n);
			der = sequence(parts, OBJECTS);
			must_not_mix(der, a, b, "field", 10 * i + j);
			mine[j] = was;
		}
	}
}

int main(int argc, char **argv)
{
	const char *verb = argc > 3 ? argv[1] : "";
	struct chain a, b;

	setvbuf(stdout, NULL, _IOLBF, 0);
	read_share();
	if (argc == 5)
		options = argv[4];
	if (!strcmp(verb, "flip") && argc <= 5) {
		flip(read_der(argv[2]), argv[3]);
	} else if (!strcmp(verb, "truncate") && argc == 4) {
		truncate_all(read_der(argv[2]), argv[3]);
	} else if (!strcmp(verb, "trail") && argc == 4) {
		trail(read_der(argv[2]), argv[3]);
	} else if (!strcmp(verb, "permute") && argc == 4) {
		a = read_chain(argv[2], argv[3]);
		permute(&a);
	} else if (argc == 6) {
		a = read_chain(argv[2], argv[3]);
		b = read_chain(argv[4], argv[5]);
		if (!strcmp(verb, "swap"))
			swap(&a, &b);
		else if (!strcmp(verb, "fields"))
			swap_fields(&a, &b);
		else
			die("see the head of mutate.c");
	} else {
		die("see the head of mutate.c");
	}
	return report();
}
