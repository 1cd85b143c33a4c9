// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * The metadata that an object's Name commits to, as text and as a struct;
 * descriptions, of which it holds the two parts; and times.
 *
 * One record has one text. The parser reads field by field, then writes what
 * it understood and compares: whatever the writer would not have written is
 * refused, so that no two texts (and so no two Names) mean the same.
 */
#include "core.h"

#define SECONDS_PER_DAY	86400
#define YEAR_MIN	1970
#define YEAR_MAX	9999
/* 9999-12-31T23:59:59Z */
#define TIME_MAX	253402300799LL

static const char magic[] = "tkm1";
static const char hash_prefix[] = "tkm metadata v1";

static const char *const kind_names[] = {
	[TKM_KIND_NONE] = "none",
	[TKM_KIND_TKMRK] = "tkmrk",
	[TKM_KIND_TDK] = "tdk",
	[TKM_KIND_ASK] = "ask",
	[TKM_KIND_DATA] = "data",
	[TKM_KIND_RSA] = "rsa",
	[TKM_KIND_EC] = "ec",
};

static const char *const class_names[] = {
	[TKM_CLASS_FIXED] = "fixed",
	[TKM_CLASS_PORTABLE] = "portable",
	[TKM_CLASS_CERTIFIED] = "certified",
};

static const char *const side_names[] = {
	[TKM_SIDE_INIT] = "init",
	[TKM_SIDE_OTHER] = "other",
};

/* In the order of the bits. */
static const char *const use_names[] = {
	"publish", "crypt", "sign", "decrypt",
};

const char *tkm_kind_name(enum tkm_kind kind)
{
	return (size_t)kind < ARRAY_SIZE(kind_names) ? kind_names[kind] : "?";
}

const char *tkm_class_name(enum tkm_class class)
{
	return (size_t)class < ARRAY_SIZE(class_names) ? class_names[class] :
							 "?";
}

/* ---- what belongs to which kind and class ------------------------------- */

bool tkm_name_is_set(const u8 name[TKM_NAME_SIZE])
{
	return get_unaligned_be16(name) == TPM_ALG_SHA256;
}

static bool name_is_clear(const u8 name[TKM_NAME_SIZE])
{
	static const u8 clear[TKM_NAME_SIZE];

	return !memcmp(name, clear, TKM_NAME_SIZE);
}

static bool may_move(enum tkm_class class)
{
	return class == TKM_CLASS_PORTABLE || class == TKM_CLASS_CERTIFIED;
}

bool tkm_record_same_authority(const struct tkm_record *a,
			       const struct tkm_record *b)
{
	return !memcmp(a->authority, b->authority, TKM_NAME_SIZE) &&
	       !memcmp(a->recovery, b->recovery, TKM_NAME_SIZE);
}

static bool has_owner(enum tkm_kind kind)
{
	return kind != TKM_KIND_TKMRK;
}

static bool is_key(enum tkm_kind kind)
{
	return kind == TKM_KIND_DATA || kind == TKM_KIND_RSA ||
	       kind == TKM_KIND_EC;
}

static bool has_app(enum tkm_kind kind)
{
	return kind == TKM_KIND_ASK || is_key(kind);
}

/* ---- applications and labels ------------------------------------------- */

static bool is_app_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '@' ||
	       c == '+' || c == '-';
}

/* Smallest code point that may be written with this many further bytes. */
static const u32 utf8_min[] = { 0, 0x80, 0x800, 0x10000 };

/*
 * Length of the character at @p if it is well-formed UTF-8 and one that a
 * name may hold, else 0: no control character, no space, no surrogate, no
 * overlong spelling.
 */
static size_t name_char(const u8 *p, size_t len)
{
	size_t more, i;
	u32 c = p[0];

	if (c < 0x80)
		return c > ' ' && c < 0x7f;
	if (c >= 0xc0 && c < 0xe0)
		more = 1;
	else if (c >= 0xe0 && c < 0xf0)
		more = 2;
	else if (c >= 0xf0 && c < 0xf8)
		more = 3;
	else
		return 0;
	if (more >= len)
		return 0;
	c &= 0x3f >> more;
	for (i = 1; i <= more; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < utf8_min[more] || c < 0xa0 || c > 0x10ffff ||
	    (c >= 0xd800 && c < 0xe000))
		return 0;
	return more + 1;
}

bool tkm_text_ok(const char *text, size_t len)
{
	size_t i, n;

	for (i = 0; i < len; i += n) {
		n = name_char((const u8 *)text + i, len - i);
		if (!n)
			return false;
	}
	return true;
}

/* A name may one day be a path's part: "." and ".." are never one. */
static bool has_dots(const char *text, size_t len)
{
	size_t begin = 0, i, n;

	for (i = 0; i <= len; i++) {
		if (i < len && text[i] != '/')
			continue;
		n = i - begin;
		if ((n == 1 || n == 2) && !memcmp(text + begin, "..", n))
			return true;
		begin = i + 1;
	}
	return false;
}

static bool app_ok(const char *app, size_t len)
{
	size_t i;

	if (!len || len > TKM_APP_MAX)
		return false;
	for (i = 0; i < len; i++)
		if (!is_app_char(app[i]))
			return false;
	return !has_dots(app, len);
}

static bool label_ok(const char *label, size_t len)
{
	return len && len <= TKM_LABEL_MAX && tkm_text_ok(label, len) &&
	       !has_dots(label, len);
}

static void copy_string(char *to, const char *from, size_t len)
{
	memcpy(to, from, len);
	to[len] = '\0';
}

int tkm_description_parse(const char *desc, char app[TKM_APP_MAX + 1],
			  char label[TKM_LABEL_MAX + 1])
{
	const char *colon = strchr(desc, ':');
	const char *app_text = colon ? desc : "default";
	const char *label_text = colon ? colon + 1 : desc;
	size_t app_len = colon ? (size_t)(colon - desc) : strlen(app_text);
	size_t label_len = strlen(label_text);

	if (!app_ok(app_text, app_len) || !label_ok(label_text, label_len))
		return -EINVAL;
	copy_string(app, app_text, app_len);
	copy_string(label, label_text, label_len);
	return 0;
}

/* ---- times ------------------------------------------------------------- */

static bool is_leap(u32 year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* From 1970-01-01, before which 477 leap days had been. */
static u32 days_before_year(u32 year)
{
	u32 y = year - 1;

	return (year - YEAR_MIN) * 365 + y / 4 - y / 100 + y / 400 - 477;
}

static u32 days_in_month(u32 year, u32 month)
{
	static const u8 days[] = { 31, 28, 31, 30, 31, 30,
				   31, 31, 30, 31, 30, 31 };

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* The @n decimal digits at @p, or UINT_MAX when one of them is none. */
static u32 digits(const char *p, size_t n)
{
	u32 v = 0;

	for (; n; n--, p++) {
		if (*p < '0' || *p > '9')
			return UINT_MAX;
		v = v * 10 + (u32)(*p - '0');
	}
	return v;
}

static int parse_date(const char *p, s64 *seconds)
{
	u32 year = digits(p, 4), month = digits(p + 5, 2);
	u32 day = digits(p + 8, 2);
	u32 days, i;

	if (p[4] != '-' || p[7] != '-' || year < YEAR_MIN || year > YEAR_MAX ||
	    month < 1 || month > 12 || day < 1 ||
	    day > days_in_month(year, month))
		return -EINVAL;
	days = days_before_year(year);
	for (i = 1; i < month; i++)
		days += days_in_month(year, i);
	*seconds = (s64)(days + day - 1) * SECONDS_PER_DAY;
	return 0;
}

static int parse_clock(const char *p, s64 *seconds)
{
	u32 hour = digits(p + 1, 2), minute = digits(p + 4, 2);
	u32 second = digits(p + 7, 2);

	if (p[0] != 'T' || p[3] != ':' || p[6] != ':' || p[9] != 'Z' ||
	    hour > 23 || minute > 59 || second > 59)
		return -EINVAL;
	*seconds = (s64)(hour * 3600 + minute * 60 + second);
	return 0;
}

int tkm_time_parse(const char *text, size_t len, s64 *seconds)
{
	s64 date, clock = 0;

	if (len != 10 && len != 20)
		return -EINVAL;
	if (parse_date(text, &date))
		return -EINVAL;
	if (len == 20 && parse_clock(text + 10, &clock))
		return -EINVAL;
	*seconds = date + clock;
	return 0;
}

static bool time_ok(s64 seconds)
{
	return seconds >= 0 && seconds <= TIME_MAX;
}

static void put_digits(char *p, size_t n, u32 v)
{
	for (; n; v /= 10)
		p[--n] = (char)('0' + v % 10);
}

void tkm_time_write(s64 seconds, char out[21])
{
	u32 year, month = 1, days, rest;

	if (!time_ok(seconds))
		seconds = seconds < 0 ? 0 : TIME_MAX;
	/*
	 * A day is 675 times 128 seconds, and the whole range divided by 128
	 * fits 32 bits: so no 64-bit division, which 32-bit kernels lack.
	 */
	days = (u32)(seconds >> 7) / 675;
	rest = (u32)(seconds - (s64)days * SECONDS_PER_DAY);
	year = YEAR_MIN + days / 366; /* this one or one soon after it */
	while (days >= days_before_year(year + 1))
		year++;
	days -= days_before_year(year);
	for (; days >= days_in_month(year, month); month++)
		days -= days_in_month(year, month);
	memcpy(out, "yyyy-mm-ddThh:mm:ssZ", 21);
	put_digits(out, 4, year);
	put_digits(out + 5, 2, month);
	put_digits(out + 8, 2, days + 1);
	put_digits(out + 11, 2, rest / 3600);
	put_digits(out + 14, 2, rest / 60 % 60);
	put_digits(out + 17, 2, rest % 60);
}

/* ---- writing ----------------------------------------------------------- */

bool tkm_dates_in_order(s64 not_before, s64 protect_until, s64 not_after)
{
	return (!protect_until || protect_until > not_before) &&
	       (!not_after || (not_after > not_before &&
			       not_after > protect_until));
}

/* Who approves, of what may move; nobody else, and not the same key twice. */
static bool authority_ok(const struct tkm_record *rec)
{
	if (!may_move(rec->class))
		return name_is_clear(rec->authority) &&
		       name_is_clear(rec->recovery);
	return rec->kind != TKM_KIND_TKMRK && tkm_name_is_set(rec->authority) &&
	       (name_is_clear(rec->recovery) ||
		(tkm_name_is_set(rec->recovery) &&
		 memcmp(rec->authority, rec->recovery, TKM_NAME_SIZE)));
}

static bool record_ok(const struct tkm_record *rec)
{
	if (rec->kind <= TKM_KIND_NONE || rec->kind > TKM_KIND_EC ||
	    rec->class > TKM_CLASS_CERTIFIED || rec->side > TKM_SIDE_OTHER ||
	    !time_ok(rec->created) || !authority_ok(rec))
		return false;
	if (rec->kind == TKM_KIND_TKMRK)
		return get_unaligned_be16(rec->srk) == TPM_ALG_SHA256;
	if (rec->owner == UINT_MAX) /* what a kernel calls no user at all */
		return false;
	if (has_app(rec->kind) &&
	    !app_ok(rec->app, strnlen(rec->app, sizeof(rec->app))))
		return false;
	if (!is_key(rec->kind))
		return true;
	return label_ok(rec->label, strnlen(rec->label, sizeof(rec->label))) &&
	       rec->uses && rec->uses < BIT(ARRAY_SIZE(use_names)) &&
	       time_ok(rec->not_before) && time_ok(rec->protect_until) &&
	       time_ok(rec->not_after) && tkm_dates_in_order(rec->not_before,
							     rec->protect_until,
							     rec->not_after);
}

static void put_text(struct tkm_writer *w, const char *text)
{
	tkm_put_bytes(w, text, strlen(text));
}

static void put_field(struct tkm_writer *w, const char *name,
		      const char *value)
{
	put_text(w, " ");
	put_text(w, name);
	put_text(w, "=");
	put_text(w, value);
}

static void put_owner(struct tkm_writer *w, const struct tkm_record *rec)
{
	char number[11];

	scnprintf(number, sizeof(number), "%u", rec->owner);
	put_field(w, "owner", number);
	put_field(w, "side", side_names[rec->side]);
}

static void put_uses(struct tkm_writer *w, unsigned int uses)
{
	const char *name = "use";
	size_t i;

	for (i = 0; i < ARRAY_SIZE(use_names); i++) {
		if (!(uses & BIT(i)))
			continue;
		if (name)
			put_field(w, name, use_names[i]);
		else {
			put_text(w, ",");
			put_text(w, use_names[i]);
		}
		name = NULL;
	}
}

static void put_time(struct tkm_writer *w, const char *name, s64 seconds)
{
	char text[21];

	tkm_time_write(seconds, text);
	put_field(w, name, text);
}

static void put_name(struct tkm_writer *w, const char *field,
		     const u8 name[TKM_NAME_SIZE])
{
	put_field(w, field, "");
	tkm_put_hex(w, name, TKM_NAME_SIZE);
}

ssize_t tkm_record_write(const struct tkm_record *rec, char *out, size_t size)
{
	struct tkm_writer w;

	if (!record_ok(rec))
		return -EINVAL;
	tkm_writer_init(&w, out, size);
	put_text(&w, magic);
	put_field(&w, "kind", kind_names[rec->kind]);
	put_field(&w, "class", class_names[rec->class]);
	if (tkm_name_is_set(rec->authority))
		put_name(&w, "authority", rec->authority);
	if (tkm_name_is_set(rec->recovery))
		put_name(&w, "recovery", rec->recovery);
	if (has_owner(rec->kind))
		put_owner(&w, rec);
	if (has_app(rec->kind))
		put_field(&w, "app", rec->app);
	if (is_key(rec->kind)) {
		put_field(&w, "label", rec->label);
		put_uses(&w, rec->uses);
	}
	put_time(&w, "created", rec->created);
	if (is_key(rec->kind) && rec->not_before)
		put_time(&w, "not-before", rec->not_before);
	if (is_key(rec->kind) && rec->protect_until)
		put_time(&w, "protect-until", rec->protect_until);
	if (is_key(rec->kind) && rec->not_after)
		put_time(&w, "not-after", rec->not_after);
	if (rec->kind == TKM_KIND_TKMRK)
		put_name(&w, "srk", rec->srk);
	return w.overflow ? -EMSGSIZE : (ssize_t)w.len;
}

/* ---- parsing ----------------------------------------------------------- */

/*
 * The text that is left. A field that is not there, or not right, makes it
 * bad for good, as with struct tkm_reader.
 */
struct cursor {
	const char *p;
	size_t len;
	bool bad;
};

static bool skip_text(struct cursor *c, const char *text)
{
	size_t n = strlen(text);

	if (c->bad || c->len < n || memcmp(c->p, text, n))
		return false;
	c->p += n;
	c->len -= n;
	return true;
}

/* " name=" and the value up to the next space; false if it is not next. */
static bool next_field(struct cursor *c, const char *name,
		       struct cursor *value)
{
	struct cursor t = *c;

	if (!skip_text(&t, " ") || !skip_text(&t, name) || !skip_text(&t, "="))
		return false;
	*value = (struct cursor){ .p = t.p };
	while (t.len && *t.p != ' ') {
		t.p++;
		t.len--;
		value->len++;
	}
	*c = t;
	return true;
}

/* Index of the value in @names; the cursor goes bad when it is not there. */
static unsigned int get_word(struct cursor *c, const char *name,
			     const char *const *names, size_t n)
{
	struct cursor v;
	size_t i;

	if (next_field(c, name, &v))
		for (i = 0; i < n; i++)
			if (strlen(names[i]) == v.len &&
			    !memcmp(names[i], v.p, v.len))
				return (unsigned int)i;
	c->bad = true;
	return 0;
}

static u32 get_number(struct cursor *c, const char *name)
{
	struct cursor v;
	u64 n = 0;

	if (!next_field(c, name, &v) || !v.len || v.len > 10)
		goto bad;
	for (; v.len; v.p++, v.len--) {
		if (*v.p < '0' || *v.p > '9')
			goto bad;
		n = n * 10 + (u64)(*v.p - '0');
	}
	if (n <= UINT_MAX)
		return (u32)n;
bad:
	c->bad = true;
	return 0;
}

static void get_string(struct cursor *c, const char *name, char *out,
		       size_t size)
{
	struct cursor v;

	if (next_field(c, name, &v) && v.len < size)
		copy_string(out, v.p, v.len);
	else
		c->bad = true;
}

/* Flags in any order: the comparison afterwards insists on the right one. */
static unsigned int get_uses(struct cursor *c)
{
	unsigned int uses = 0;
	struct cursor v;
	size_t i;

	if (!next_field(c, "use", &v))
		goto bad;
	do {
		for (i = 0; i < ARRAY_SIZE(use_names); i++)
			if (skip_text(&v, use_names[i]))
				break;
		if (i == ARRAY_SIZE(use_names))
			goto bad;
		uses |= BIT(i);
	} while (skip_text(&v, ","));
	if (!v.len)
		return uses;
bad:
	c->bad = true;
	return 0;
}

static s64 get_time(struct cursor *c, const char *name, bool optional)
{
	struct cursor v;
	s64 seconds = 0;

	if (next_field(c, name, &v)) {
		if (tkm_time_parse(v.p, v.len, &seconds))
			c->bad = true;
	} else if (!optional) {
		c->bad = true;
	}
	return seconds;
}

static void get_name(struct cursor *c, const char *field, bool optional,
		     u8 name[TKM_NAME_SIZE])
{
	struct cursor v;

	if (!next_field(c, field, &v)) {
		if (!optional)
			c->bad = true;
	} else if (v.len != 2 * TKM_NAME_SIZE ||
		   tkm_hex_decode(v.p, v.len, name)) {
		c->bad = true;
	}
}

static void get_fields(struct cursor *c, struct tkm_record *rec)
{
	rec->kind = get_word(c, "kind", kind_names, ARRAY_SIZE(kind_names));
	rec->class = get_word(c, "class", class_names,
			      ARRAY_SIZE(class_names));
	if (may_move(rec->class)) {
		get_name(c, "authority", false, rec->authority);
		get_name(c, "recovery", true, rec->recovery);
	}
	if (has_owner(rec->kind)) {
		rec->owner = get_number(c, "owner");
		rec->side = get_word(c, "side", side_names,
				     ARRAY_SIZE(side_names));
	}
	if (has_app(rec->kind))
		get_string(c, "app", rec->app, sizeof(rec->app));
	if (is_key(rec->kind)) {
		get_string(c, "label", rec->label, sizeof(rec->label));
		rec->uses = get_uses(c);
	}
	rec->created = get_time(c, "created", false);
	if (is_key(rec->kind)) {
		rec->not_before = get_time(c, "not-before", true);
		rec->protect_until = get_time(c, "protect-until", true);
		rec->not_after = get_time(c, "not-after", true);
	}
	if (rec->kind == TKM_KIND_TKMRK)
		get_name(c, "srk", false, rec->srk);
}

int tkm_record_parse(const char *text, size_t len, struct tkm_record *rec)
{
	struct cursor c = { .p = text, .len = len };
	char again[TKM_RECORD_MAX];
	ssize_t n;

	memset(rec, 0, sizeof(*rec));
	if (!skip_text(&c, magic))
		return -EBADMSG;
	get_fields(&c, rec);
	if (c.bad || c.len)
		return -EBADMSG;

	n = tkm_record_write(rec, again, sizeof(again));
	if (n < 0 || (size_t)n != len || memcmp(again, text, len))
		return -EBADMSG;
	return 0;
}

void tkm_record_hash(const char *text, size_t len, u8 out[32])
{
	const struct tkm_piece pieces[] = {
		{ hash_prefix, strlen(hash_prefix) },
		{ text, len },
	};

	tkm_sha256(pieces, ARRAY_SIZE(pieces), out);
}
