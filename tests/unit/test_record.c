// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/* Records, descriptions and times. */
#include <time.h>

#include "unit.h"

#define SRK "000b" \
	"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define CREATED "created=2026-11-21T20:00:00Z"

static const char tkmrk[] = "tkm1 kind=tkmrk class=fixed " CREATED " srk=" SRK;
static const char tdk[] =
	"tkm1 kind=tdk class=fixed owner=1000 side=init " CREATED;
static const char ask[] =
	"tkm1 kind=ask class=fixed owner=1000 side=init app=disk " CREATED;
static const char data[] =
	"tkm1 kind=data class=fixed owner=1000 side=init app=disk label=vol1 "
	"use=publish " CREATED;
#define AUTHORITY "000b111111111111111111111111111111111111111111111111111111111111111a"
#define RECOVERY "000b2222222222222222222222222222222222222222222222222222222222222222"

static const char full[] =
	"tkm1 kind=data class=portable authority=" AUTHORITY " recovery=" RECOVERY
	" owner=4294967294 side=other "
	"app=a.b_c@d+e-f label=d\xc3\xa9j\xc3\xa0/vu:1=2 "
	"use=publish,crypt,sign,decrypt " CREATED
	" not-before=1970-01-01T00:00:01Z protect-until=2027-01-01T00:00:00Z"
	" not-after=9999-12-31T23:59:59Z";
static const char stops[] =
	"tkm1 kind=ec class=fixed owner=1000 side=init app=disk label=vol1 "
	"use=sign " CREATED " protect-until=2027-01-01T00:00:00Z";

/* Who approves of moving, of what may move; and of nothing else. */
static const char *const strange[] = {
	"tkm1 kind=tdk class=portable owner=1000 side=init " CREATED,
	"tkm1 kind=tdk class=fixed authority=" AUTHORITY
	" owner=1000 side=init " CREATED,
	"tkm1 kind=tdk class=portable recovery=" RECOVERY
	" owner=1000 side=init " CREATED,
	"tkm1 kind=tdk class=portable recovery=" RECOVERY " authority=" AUTHORITY
	" owner=1000 side=init " CREATED,
	"tkm1 kind=tdk class=certified authority=" AUTHORITY " recovery="
	AUTHORITY " owner=1000 side=init " CREATED,
	"tkm1 kind=tdk class=certified authority=000c" RECOVERY
	" owner=1000 side=init " CREATED,
	"tkm1 kind=tdk class=certified authority="
	"000422222222222222222222222222222222222222222222222222222222222222222"
	" owner=1000 side=init " CREATED,
	"tkm1 kind=tkmrk class=portable authority=" AUTHORITY " " CREATED
	" srk=" SRK,
	"tkm1 kind=tkmrk class=certified " CREATED " srk=" SRK,
};

static const char *const texts[] = { tkmrk, tdk, ask, data, full, stops };

static int parse(const char *text, size_t len, struct tkm_record *rec)
{
	const char *copy = exact(text, len);
	int ret = tkm_record_parse(copy, len, rec);

	exact_free(copy);
	return ret;
}

static int parse_text(const char *text)
{
	struct tkm_record rec;

	return parse(text, strlen(text), &rec);
}

/* The record that @data is the text of. */
static struct tkm_record sample(void)
{
	return (struct tkm_record){
		.kind = TKM_KIND_DATA, .owner = 1000, .app = "disk",
		.label = "vol1", .uses = TKM_USE_PUBLISH,
		.created = 1795291200,
	};
}

/* Field by field: what lies between them has no value. */
static bool same(const struct tkm_record *a, const struct tkm_record *b)
{
	return a->kind == b->kind && a->class == b->class &&
	       !memcmp(a->authority, b->authority, sizeof(a->authority)) &&
	       !memcmp(a->recovery, b->recovery, sizeof(a->recovery)) &&
	       a->owner == b->owner && a->side == b->side &&
	       !strcmp(a->app, b->app) && !strcmp(a->label, b->label) &&
	       a->uses == b->uses && a->created == b->created &&
	       a->not_before == b->not_before &&
	       a->protect_until == b->protect_until &&
	       a->not_after == b->not_after &&
	       !memcmp(a->srk, b->srk, sizeof(a->srk));
}

static int write_record(const struct tkm_record *rec)
{
	char out[TKM_RECORD_MAX];
	ssize_t n = tkm_record_write(rec, out, sizeof(out));

	return n < 0 ? (int)n : 0;
}

/* ---- the text ---------------------------------------------------------- */

static void each_kind_has_its_text(void **state)
{
	struct tkm_record rec = sample(), back;
	char out[TKM_RECORD_MAX];
	ssize_t n;

	(void)state;
	n = tkm_record_write(&rec, out, sizeof(out));
	assert_int_equal(n, strlen(data));
	assert_memory_equal(out, data, (size_t)n);
	assert_int_equal(parse(data, strlen(data), &back), 0);
	assert_true(same(&rec, &back));

	assert_int_equal(parse(full, strlen(full), &rec), 0);
	assert_int_equal(rec.kind, TKM_KIND_DATA);
	assert_int_equal(rec.class, TKM_CLASS_PORTABLE);
	assert_int_equal(rec.authority[TKM_NAME_SIZE - 1], 0x1a);
	assert_int_equal(rec.recovery[2], 0x22);
	assert_int_equal(rec.owner, 4294967294u);
	assert_int_equal(rec.side, TKM_SIDE_OTHER);
	assert_string_equal(rec.app, "a.b_c@d+e-f");
	assert_string_equal(rec.label, "d\xc3\xa9j\xc3\xa0/vu:1=2");
	assert_int_equal(rec.uses, 15);
	assert_int_equal(rec.created, 1795291200);
	assert_int_equal(rec.not_before, 1);
	assert_int_equal(rec.protect_until, 1798761600);
	assert_true(rec.not_after == 253402300799LL);
	assert_int_equal(parse(stops, strlen(stops), &rec), 0);
	assert_int_equal(rec.not_before, 0);
	assert_int_equal(rec.protect_until, 1798761600);
	assert_int_equal(rec.not_after, 0);

	assert_int_equal(parse(tkmrk, strlen(tkmrk), &rec), 0);
	assert_int_equal(rec.kind, TKM_KIND_TKMRK);
	assert_int_equal(rec.srk[1], 0x0b);
	assert_int_equal(rec.srk[33], 0x1f);
	assert_int_equal(rec.owner, 0);
}

static void every_text_comes_back(void **state)
{
	struct tkm_record rec;
	size_t i, len;
	ssize_t n;
	char *out;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		len = strlen(texts[i]);
		assert_int_equal(parse(texts[i], len, &rec), 0);
		out = malloc(len);
		n = tkm_record_write(&rec, out, len);
		assert_int_equal(n, len);
		assert_memory_equal(out, texts[i], len);
		free(out);
	}
}

static void text_needs_its_whole_length(void **state)
{
	struct tkm_record rec;
	size_t size;
	char *out;

	(void)state;
	assert_int_equal(parse(full, strlen(full), &rec), 0);
	for (size = 0; size < strlen(full); size++) {
		out = exact(full, size);
		assert_int_equal(tkm_record_write(&rec, out, size), -EMSGSIZE);
		exact_free(out);
	}
}

static void put_name(u8 name[TKM_NAME_SIZE], u8 value)
{
	memset(name, value, TKM_NAME_SIZE);
	put_unaligned_be16(TPM_ALG_SHA256, name);
}

static void longest_record_fits(void **state)
{
	struct tkm_record rec = sample(), back;
	char out[TKM_RECORD_MAX];
	ssize_t n;

	(void)state;
	memset(rec.app, 'a', TKM_APP_MAX);
	memset(rec.label, 'b', TKM_LABEL_MAX);
	rec.class = TKM_CLASS_CERTIFIED;
	put_name(rec.authority, 1);
	put_name(rec.recovery, 2);
	rec.owner = 4294967294u;
	rec.side = TKM_SIDE_OTHER;
	rec.uses = TKM_USE_PUBLISH | TKM_USE_CRYPT;
	rec.not_before = 1;
	rec.protect_until = 2;
	rec.not_after = 3;
	n = tkm_record_write(&rec, out, sizeof(out));
	assert_true(n > 0);
	assert_int_equal(parse(out, (size_t)n, &back), 0);
	assert_true(same(&rec, &back));
}

/* ---- damage ------------------------------------------------------------ */

/* Refused, or another record that has just this text. */
static void refused_or_another(const u8 *p, size_t n)
{
	char out[TKM_RECORD_MAX];
	struct tkm_record rec;
	int ret = tkm_record_parse((const char *)p, n, &rec);

	if (ret) {
		assert_int_equal(ret, -EBADMSG);
		return;
	}
	assert_int_equal(tkm_record_write(&rec, out, sizeof(out)), n);
	assert_memory_equal(out, p, n);
}

static struct tkm_record undamaged;

static void never_the_same(const u8 *p, size_t n)
{
	struct tkm_record rec;

	refused_or_another(p, n);
	if (!tkm_record_parse((const char *)p, n, &rec))
		assert_false(same(&rec, &undamaged));
}

static void every_truncation_is_refused_or_another(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		parse(texts[i], strlen(texts[i]), &undamaged);
		each_truncation(texts[i], strlen(texts[i]), never_the_same);
	}
}

static void every_flipped_bit_is_refused_or_another(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		parse(texts[i], strlen(texts[i]), &undamaged);
		each_flip(texts[i], strlen(texts[i]), never_the_same);
	}
}

/* Every byte, put in at every place. */
static void every_byte_too_many_is_refused_or_another(void **state)
{
	size_t i, at, len;
	unsigned int c;
	u8 *p;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		len = strlen(texts[i]);
		parse(texts[i], len, &undamaged);
		p = exact(texts[i], len + 1);
		for (at = 0; at <= len; at++) {
			memcpy(p, texts[i], at);
			memcpy(p + at + 1, texts[i] + at, len - at);
			for (c = 0; c < 256; c++) {
				p[at] = (u8)c;
				never_the_same(p, len + 1);
			}
		}
		exact_free(p);
	}
}

static void other_spellings_are_refused(void **state)
{
	static const char *const bad[] = {
		"", "tkm1", "tkm1 ", "tkm2 kind=tdk",
		"tkm1  kind=tdk class=fixed owner=1 side=init " CREATED,
		" tkm1 kind=tdk class=fixed owner=1 side=init " CREATED,
		"tkm1 kind=tdk class=fixed owner=1 side=init " CREATED " ",
		"tkm1 kind=tdk class=fixed owner=1 side=init " CREATED "\n",
		"tkm1 kind=tdk class=fixed owner=1 side=init " CREATED " x=y",
		"tkm1 kind=TDK class=fixed owner=1 side=init " CREATED,
		"tkm1 kind=none class=fixed owner=1 side=init " CREATED,
		"tkm1 kind= class=fixed owner=1 side=init " CREATED,
		"tkm1 kind=tdk kind=tdk class=fixed owner=1 side=init " CREATED,
		"tkm1 class=fixed kind=tdk owner=1 side=init " CREATED,
		"tkm1 kind=tdk class=loose owner=1 side=init " CREATED,
		"tkm1 kind=tdk class=fixed owner=01 side=init " CREATED,
		"tkm1 kind=tdk class=fixed owner= side=init " CREATED,
		"tkm1 kind=tdk class=fixed owner=-1 side=init " CREATED,
		"tkm1 kind=tdk class=fixed owner=+1 side=init " CREATED,
		"tkm1 kind=tdk class=fixed owner=0x1 side=init " CREATED,
		"tkm1 kind=tdk class=fixed owner=4294967295 side=init " CREATED,
		"tkm1 kind=tdk class=fixed owner=4294967296 side=init " CREATED,
		"tkm1 kind=tdk class=fixed owner=18446744073709551617 "
		"side=init " CREATED,
		"tkm1 kind=tdk class=fixed owner=1 side=both " CREATED,
		"tkm1 kind=tdk class=fixed owner=1 " CREATED,
		"tkm1 kind=tdk class=fixed side=init " CREATED,
		"tkm1 kind=tdk class=fixed owner=1 side=init",
		"tkm1 kind=tdk class=fixed owner=1 side=init "
		"created=2026-11-21",
		"tkm1 kind=tdk class=fixed owner=1 side=init "
		"created=2026-11-21T20:00:60Z",
		"tkm1 kind=tdk class=fixed owner=1 side=init "
		"created=2026-11-21t20:00:00z",
		"tkm1 kind=tdk class=fixed owner=1 side=init app=disk " CREATED,
		"tkm1 kind=ask class=fixed owner=1 side=init " CREATED,
		"tkm1 kind=ask class=fixed owner=1 side=init app= " CREATED,
		"tkm1 kind=ask class=fixed owner=1 side=init app=.. " CREATED,
		"tkm1 kind=ask class=fixed owner=1 side=init app=a/b " CREATED,
		"tkm1 kind=tkmrk class=fixed owner=1 side=init " CREATED
		" srk=" SRK,
		"tkm1 kind=tkmrk class=fixed " CREATED,
		"tkm1 kind=tkmrk class=fixed " CREATED " srk=",
		"tkm1 kind=tkmrk class=fixed " CREATED " srk=" SRK "0",
		"tkm1 kind=tkmrk class=fixed " CREATED " srk=" SRK "00",
		/* A Name under SHA-384, and one in capitals. */
		"tkm1 kind=tkmrk class=fixed " CREATED " srk=000c"
		"000102030405060708090a0b0c0d0e0f"
		"101112131415161718191a1b1c1d1e1f",
		"tkm1 kind=tkmrk class=fixed " CREATED " srk=000B"
		"000102030405060708090a0b0c0d0e0f"
		"101112131415161718191a1b1c1d1e1f",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (parse_text(bad[i]) != -EBADMSG)
			fail_msg("taken: %s", bad[i]);
}

#define KEY "tkm1 kind=data class=fixed owner=1 side=init app=disk "

static void key_fields_are_strict(void **state)
{
	static const char *const bad[] = {
		KEY CREATED,
		KEY "label=v " CREATED,
		KEY "use=publish " CREATED,
		KEY "label= use=publish " CREATED,
		KEY "label=. use=publish " CREATED,
		KEY "label=a/.. use=publish " CREATED,
		KEY "label=\x7f use=publish " CREATED,
		KEY "label=\xc2\x9f use=publish " CREATED,
		KEY "label=v use= " CREATED,
		KEY "label=v use=crypt,publish " CREATED,
		KEY "label=v use=publish,publish " CREATED,
		KEY "label=v use=publish, " CREATED,
		KEY "label=v use=,publish " CREATED,
		KEY "label=v use=publishcrypt " CREATED,
		KEY "label=v use=Publish " CREATED,
		KEY "label=v use=wrap " CREATED,
		KEY "use=publish label=v " CREATED,
		/* Zero means none, and none is not written. */
		KEY "label=v use=publish " CREATED
		" not-before=1970-01-01T00:00:00Z",
		KEY "label=v use=publish " CREATED
		" not-after=1970-01-01T00:00:00Z",
		KEY "label=v use=publish " CREATED
		" not-after=2027-01-01T00:00:00Z"
		" not-before=2026-01-01T00:00:00Z",
		/* Never valid. */
		KEY "label=v use=publish " CREATED
		" not-before=2027-01-01T00:00:00Z"
		" not-after=2027-01-01T00:00:00Z",
		KEY "label=v use=publish " CREATED
		" protect-until=1970-01-01T00:00:00Z",
		KEY "label=v use=publish " CREATED
		" not-before=2027-01-01T00:00:00Z"
		" protect-until=2027-01-01T00:00:00Z",
		KEY "label=v use=publish " CREATED
		" protect-until=2027-01-01T00:00:00Z"
		" not-after=2027-01-01T00:00:00Z",
		KEY "label=v use=publish " CREATED
		" protect-until=2027-01-02T00:00:00Z"
		" not-after=2027-01-01T00:00:00Z",
		KEY "label=v use=publish " CREATED
		" protect-until=2026-01-01T00:00:00Z"
		" not-before=2025-01-01T00:00:00Z",
		KEY "label=v use=publish " CREATED
		" not-after=2027-01-01T00:00:00Z"
		" protect-until=2026-01-01T00:00:00Z",
	};
	size_t i;

	(void)state;
	assert_int_equal(parse_text(KEY "label=v use=publish " CREATED), 0);
	assert_int_equal(parse_text(KEY "label=v use=crypt,decrypt " CREATED),
			 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (parse_text(bad[i]) != -EBADMSG)
			fail_msg("taken: %s", bad[i]);
}

static void zero_bytes_are_refused(void **state)
{
	static const char text[] = KEY "label=v\0 use=publish " CREATED;
	struct tkm_record rec;

	(void)state;
	assert_int_equal(parse(text, sizeof(text) - 1, &rec), -EBADMSG);
	assert_int_equal(parse(data, sizeof(data), &rec), -EBADMSG);
}

static void long_names_are_refused(void **state)
{
	struct tkm_record rec;
	char text[600];
	int n, len;

	(void)state;
	for (len = 60; len <= 66; len++) {
		n = snprintf(text, sizeof(text),
			     "tkm1 kind=ask class=fixed owner=1 side=init "
			     "app=%0*d " CREATED, len, 0);
		assert_int_equal(parse(text, (size_t)n, &rec),
				 len <= TKM_APP_MAX ? 0 : -EBADMSG);
	}
	for (len = 189; len <= 194; len++) {
		n = snprintf(text, sizeof(text),
			     KEY "label=%0*d use=publish " CREATED, len, 0);
		assert_int_equal(parse(text, (size_t)n, &rec),
				 len <= TKM_LABEL_MAX ? 0 : -EBADMSG);
	}
}

#define BREAKS(field, value)                                               \
	do {                                                               \
		struct tkm_record rec_ = sample();                         \
		rec_.field = (value);                                      \
		assert_int_equal(write_record(&rec_), -EINVAL);            \
	} while (0)

static void record_that_breaks_its_rules_is_not_written(void **state)
{
	struct tkm_record rec = sample();

	(void)state;
	assert_int_equal(write_record(&rec), 0);
	BREAKS(kind, TKM_KIND_NONE);
	BREAKS(kind, TKM_KIND_EC + 1);
	BREAKS(kind, TKM_KIND_TKMRK); /* without the Name of an SRK */
	BREAKS(class, TKM_CLASS_CERTIFIED + 1);
	BREAKS(class, TKM_CLASS_PORTABLE); /* with nobody who approves */
	BREAKS(class, TKM_CLASS_CERTIFIED);
	BREAKS(authority[0], 1); /* of what never moves */
	BREAKS(recovery[33], 1);
	BREAKS(side, TKM_SIDE_OTHER + 1);
	BREAKS(owner, 4294967295u);
	BREAKS(uses, 0);
	BREAKS(uses, 16);
	BREAKS(created, -1);
	BREAKS(created, 253402300800LL);
	BREAKS(not_before, -1);
	BREAKS(not_before, 253402300800LL);
	BREAKS(protect_until, -1);
	BREAKS(protect_until, 253402300800LL);
	BREAKS(not_after, -1);
	BREAKS(not_after, 253402300800LL);
	BREAKS(app[0], '\0');
	BREAKS(app[1], '/');
	BREAKS(label[0], '\0');
	BREAKS(label[1], ' ');

	memset(rec.app, 'a', sizeof(rec.app)); /* and no zero */
	assert_int_equal(write_record(&rec), -EINVAL);
	rec = sample();
	memset(rec.label, 'a', sizeof(rec.label));
	assert_int_equal(write_record(&rec), -EINVAL);
	rec = sample();
	rec.not_before = rec.not_after = 5;
	assert_int_equal(write_record(&rec), -EINVAL);
	rec = sample();
	rec.not_before = rec.protect_until = 5;
	assert_int_equal(write_record(&rec), -EINVAL);
	rec = sample();
	rec.protect_until = rec.not_after = 5;
	assert_int_equal(write_record(&rec), -EINVAL);
	rec.protect_until = 4;
	assert_int_equal(write_record(&rec), 0);
}

static void hash_is_what_the_chain_commits_to(void **state)
{
	struct bytes text, pub, want;
	struct tkm_public p;
	u8 out[32];
	int i;

	(void)state;
	/* Its first three objects have the hash itself as their policy. */
	for (i = 0; i < 3; i++) {
		text = vector_field("tpm.vec", "chain", i, "record");
		pub = vector_field("tpm.vec", "chain", i, "public");
		assert_int_equal(tkm_public_decode(pub.p + 2, pub.len - 2, &p),
				 0);
		tkm_record_hash((const char *)text.p, text.len, out);
		assert_int_equal(p.policy_len, 32);
		assert_memory_equal(p.policy, out, 32);
		exact_free(text.p);
		exact_free(pub.p);
	}
	/* printf 'tkm metadata v1tkm1' | sha256sum */
	want = bytes_of_hex("77ebd09d9c6870515a0cb4183521d663"
			    "89da147154e5ef34a68aab331f63a84b");
	tkm_record_hash("tkm1", 4, out);
	assert_bytes(want, out, 32);
	exact_free(want.p);
}

/* ---- descriptions ------------------------------------------------------ */

static int describe(const char *text, const char **app, const char **label)
{
	static char app_buf[TKM_APP_MAX + 1], label_buf[TKM_LABEL_MAX + 1];
	const char *copy = exact(text, strlen(text) + 1);
	int ret = tkm_description_parse(copy, app_buf, label_buf);

	exact_free(copy);
	*app = app_buf;
	*label = label_buf;
	return ret;
}

static void descriptions_have_two_parts(void **state)
{
	static const struct {
		const char *text, *app, *label;
	} good[] = {
		{ "vol1", "default", "vol1" },
		{ "disk:vol1", "disk", "vol1" },
		{ "default:vol1", "default", "vol1" },
		{ "disk:a:b", "disk", "a:b" },
		{ "A-Z.a_z@0+9:x", "A-Z.a_z@0+9", "x" },
		{ "a:b/c", "a", "b/c" },
		{ "a:/", "a", "/" },
		{ "a:...", "a", "..." },
		{ "...:a", "...", "a" },
		{ "a:..b/.c", "a", "..b/.c" },
		{ "a:!\"#$%&'()*~", "a", "!\"#$%&'()*~" },
		{ "a:\xc2\xa0", "a", "\xc2\xa0" },
		{ "a:\xf0\x90\x80\x80", "a", "\xf0\x90\x80\x80" },
		{ "a:\xf4\x8f\xbf\xbf", "a", "\xf4\x8f\xbf\xbf" },
		{ "a:\xed\x9f\xbf\xee\x80\x80", "a",
		  "\xed\x9f\xbf\xee\x80\x80" },
	};
	const char *app, *label;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		if (describe(good[i].text, &app, &label))
			fail_msg("refused: %s", good[i].text);
		assert_string_equal(app, good[i].app);
		assert_string_equal(label, good[i].label);
	}
}

static void other_descriptions_are_refused(void **state)
{
	static const char *const bad[] = {
		"", ":", "a:", ":a", " ", "a b", "a:b c", "a: b", "a b:c",
		".", "..", ".:a", "..:a", "a:.", "a:..", "a:../b", "a:b/..",
		"a:b/./c", "a:/..", "a:../", "a/b:c", "\xc3\xa9:a", "a~:b",
		"a:\t", "a:b\n", "a\x01:b", "a:\x7f", "a:\x1f",
		/* C1 controls */
		"a:\xc2\x80", "a:\xc2\x9f",
		/* alone, cut short, overlong */
		"a:\x80", "a:\xbf", "a:\xc3", "a:\xe2\x82", "a:\xf0\x9f\x92",
		"a:\xc0\xaf", "a:\xc1\x81", "a:\xe0\x80\xaf",
		"a:\xe0\x9f\xbf", "a:\xf0\x80\x80\xaf", "a:\xf0\x8f\xbf\xbf",
		/* a surrogate, above U+10FFFF, more than four bytes */
		"a:\xed\xa0\x80", "a:\xed\xbf\xbf", "a:\xf4\x90\x80\x80",
		"a:\xf5\x80\x80\x80", "a:\xf8\x88\x80\x80\x80", "a:\xff",
		/* continued by something else */
		"a:\xc3(", "a:\xe2\x82(", "a:\xe2(\xa1",
	};
	const char *app, *label;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (describe(bad[i], &app, &label) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
}

static void text_is_not_ok(const u8 *p, size_t n)
{
	assert_int_equal(tkm_text_ok((const char *)p, n), n == 0);
}

/* Without a zero behind it, that would end it all the same. */
static void truncated_characters_are_refused(void **state)
{
	static const char *const characters[] = {
		"\xc2\xa0", "\xe2\x82\xac", "\xf0\x9f\x94\x91",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(characters); i++) {
		assert_true(tkm_text_ok(characters[i], strlen(characters[i])));
		each_truncation(characters[i], strlen(characters[i]),
				text_is_not_ok);
	}
}

static void description_lengths_end_where_they_should(void **state)
{
	const char *app, *label;
	char text[400];
	int n;

	(void)state;
	for (n = 1; n < 70; n++) {
		snprintf(text, sizeof(text), "%0*d:x", n, 0);
		assert_int_equal(describe(text, &app, &label),
				 n <= TKM_APP_MAX ? 0 : -EINVAL);
	}
	for (n = 1; n < 200; n++) {
		snprintf(text, sizeof(text), "a:%0*d", n, 0);
		assert_int_equal(describe(text, &app, &label),
				 n <= TKM_LABEL_MAX ? 0 : -EINVAL);
		assert_int_equal(describe(text + 2, &app, &label),
				 n <= TKM_LABEL_MAX ? 0 : -EINVAL);
	}
	/* A character that would end beyond the last byte. */
	snprintf(text, sizeof(text), "a:%0190d\xc3\xa9", 0);
	assert_int_equal(describe(text, &app, &label), -EINVAL);
	snprintf(text, sizeof(text), "a:%0189d\xc3\xa9", 0);
	assert_int_equal(describe(text, &app, &label), 0);
}

/* ---- times ------------------------------------------------------------- */

static int time_of(const char *text, s64 *seconds)
{
	const char *copy = exact(text, strlen(text));
	int ret = tkm_time_parse(copy, strlen(text), seconds);

	exact_free(copy);
	return ret;
}

static void times_are_read(void **state)
{
	static const struct {
		const char *text;
		s64 seconds;
	} good[] = {
		{ "1970-01-01", 0 },
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01T23:59:59Z", 86399 },
		{ "2000-02-29", 951782400 },
		{ "2024-02-29T12:00:00Z", 1709208000 },
		{ "2026-11-21T20:00:00Z", 1795291200 },
		{ "2038-01-19T03:14:08Z", 2147483648LL },
		{ "9999-12-31T23:59:59Z", 253402300799LL },
	};
	s64 seconds;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(time_of(good[i].text, &seconds), 0);
		assert_true(seconds == good[i].seconds);
	}
}

static void other_times_are_refused(void **state)
{
	static const char *const bad[] = {
		"1969-12-31", "0000-01-01", "10000-01-01", "2026-00-01",
		"2026-13-01", "2026-01-00", "2026-01-32", "2026-04-31",
		"2026-02-29", "1900-02-29", "2100-02-29", "2026-1-01",
		"2026-01-1", "2026/01/01", "26-01-01", " 2026-01-0",
		"2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
		"2026-01-01T00:00:60Z", "2026-01-01T00:00:00",
		"2026-01-01T00:00:00z", "2026-01-01t00:00:00Z",
		"2026-01-01 00:00:00Z", "2026-01-01T00:00Z",
		"2026-01-01T00:00:00+", "2026-01-01T00-00-00Z",
		"2026-01-01T00:00:00.0Z", "2026-01-01Z", "+026-01-01",
		"-026-01-01", "202a-01-01", "2026-0x-01", "2026-01-01T-1:00:00",
	};
	s64 seconds;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (time_of(bad[i], &seconds) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
}

static void time_is_short(const u8 *p, size_t n)
{
	s64 seconds;

	assert_int_equal(tkm_time_parse((const char *)p, n, &seconds),
			 n == 10 ? 0 : -EINVAL);
}

static void truncated_times_are_refused(void **state)
{
	(void)state;
	each_truncation("2026-11-21T20:00:00Z", 20, time_is_short);
}

static void times_are_written_as_the_c_library_does(void **state)
{
	s64 t, seconds, step = 7654321;
	char out[21], want[64];
	struct tm tm;
	time_t c;

	(void)state;
	for (t = 0; t <= 253402300799LL; t += step) {
		c = (time_t)t;
		assert_non_null(gmtime_r(&c, &tm));
		strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%SZ", &tm);
		tkm_time_write(t, out);
		assert_string_equal(out, want);
		assert_int_equal(tkm_time_parse(out, 20, &seconds), 0);
		assert_true(seconds == t);
	}
}

static void every_day_is_written_and_read(void **state)
{
	s64 day, seconds;
	char out[21];

	(void)state;
	for (day = 0; day < 2932897; day++) {
		tkm_time_write(day * 86400, out);
		assert_int_equal(tkm_time_parse(out, 10, &seconds), 0);
		assert_true(seconds == day * 86400);
	}
	assert_string_equal(out, "9999-12-31T00:00:00Z");
}

static void times_beyond_the_ends_are_written_as_the_ends(void **state)
{
	char out[21];

	(void)state;
	tkm_time_write(-1, out);
	assert_string_equal(out, "1970-01-01T00:00:00Z");
	tkm_time_write(INT64_MIN, out);
	assert_string_equal(out, "1970-01-01T00:00:00Z");
	tkm_time_write(253402300800LL, out);
	assert_string_equal(out, "9999-12-31T23:59:59Z");
	tkm_time_write(INT64_MAX, out);
	assert_string_equal(out, "9999-12-31T23:59:59Z");
}

static void kinds_and_classes_have_names(void **state)
{
	(void)state;
	assert_string_equal(tkm_kind_name(TKM_KIND_TKMRK), "tkmrk");
	assert_string_equal(tkm_kind_name(TKM_KIND_EC), "ec");
	assert_string_equal(tkm_kind_name(TKM_KIND_EC + 1), "?");
	assert_string_equal(tkm_class_name(TKM_CLASS_FIXED), "fixed");
	assert_string_equal(tkm_class_name(TKM_CLASS_CERTIFIED), "certified");
	assert_string_equal(tkm_class_name(TKM_CLASS_CERTIFIED + 1), "?");
}

/* Reserved kinds have the fields of a key. */
static void keys_to_come_are_read_and_written(void **state)
{
	static const char *const kinds[] = { "rsa", "ec" };
	char text[TKM_RECORD_MAX], again[TKM_RECORD_MAX];
	struct tkm_record rec;
	size_t i;
	int n;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		n = snprintf(text, sizeof(text), "tkm1 kind=%s class=certified "
			     "authority=" AUTHORITY " owner=1 side=other app=a label=b use=sign,decrypt "
			     CREATED, kinds[i]);
		assert_int_equal(parse(text, (size_t)n, &rec), 0);
		assert_string_equal(rec.label, "b");
		assert_int_equal(rec.uses, TKM_USE_SIGN | TKM_USE_DECRYPT);
		assert_int_equal(tkm_record_write(&rec, again, sizeof(again)),
				 n);
		assert_memory_equal(again, text, (size_t)n);
	}
}

static void only_what_may_move_names_who_approves(void **state)
{
	struct tkm_record a = sample(), b = sample();
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(strange); i++)
		if (parse_text(strange[i]) != -EBADMSG)
			fail_msg("%s", strange[i]);
	a.class = TKM_CLASS_CERTIFIED;
	put_name(a.authority, 1);
	assert_int_equal(write_record(&a), 0);
	put_name(a.recovery, 1); /* the same key twice */
	assert_int_equal(write_record(&a), -EINVAL);
	put_name(a.recovery, 2);
	assert_int_equal(write_record(&a), 0);
	a.recovery[0] = 1; /* no Name of SHA-256 */
	assert_int_equal(write_record(&a), -EINVAL);
	assert_false(tkm_name_is_set(a.recovery));
	put_name(a.recovery, 2);
	assert_false(tkm_record_same_authority(&a, &b));
	b = a;
	assert_true(tkm_record_same_authority(&a, &b));
	b.recovery[33]++;
	assert_false(tkm_record_same_authority(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_has_its_text),
		cmocka_unit_test(every_text_comes_back),
		cmocka_unit_test(text_needs_its_whole_length),
		cmocka_unit_test(longest_record_fits),
		cmocka_unit_test(every_truncation_is_refused_or_another),
		cmocka_unit_test(every_flipped_bit_is_refused_or_another),
		cmocka_unit_test(every_byte_too_many_is_refused_or_another),
		cmocka_unit_test(other_spellings_are_refused),
		cmocka_unit_test(key_fields_are_strict),
		cmocka_unit_test(zero_bytes_are_refused),
		cmocka_unit_test(long_names_are_refused),
		cmocka_unit_test(record_that_breaks_its_rules_is_not_written),
		cmocka_unit_test(hash_is_what_the_chain_commits_to),
		cmocka_unit_test(descriptions_have_two_parts),
		cmocka_unit_test(other_descriptions_are_refused),
		cmocka_unit_test(truncated_characters_are_refused),
		cmocka_unit_test(description_lengths_end_where_they_should),
		cmocka_unit_test(times_are_read),
		cmocka_unit_test(other_times_are_refused),
		cmocka_unit_test(truncated_times_are_refused),
		cmocka_unit_test(times_are_written_as_the_c_library_does),
		cmocka_unit_test(every_day_is_written_and_read),
		cmocka_unit_test(times_beyond_the_ends_are_written_as_the_ends),
		cmocka_unit_test(kinds_and_classes_have_names),
		cmocka_unit_test(keys_to_come_are_read_and_written),
		cmocka_unit_test(only_what_may_move_names_who_approves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
