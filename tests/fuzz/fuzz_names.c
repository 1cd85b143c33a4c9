// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * Descriptions, times, hex and records: what is read is written back to the
 * byte, and times agree with the C library's calendar.
 */
#include <locale.h>
#include <time.h>
#include <wchar.h>

#include "fuzz.h"

/* What a name may be made of, by the C library's UTF-8. */
static void characters(const char *text, size_t len)
{
	char again[MB_LEN_MAX];
	mbstate_t state = { 0 };
	bool ok = true;
	size_t i, n = 1;
	wchar_t c;

	for (i = 0; i < len && ok; i += n) {
		n = mbrtowc(&c, text + i, len - i, &state);
		ok = n > 0 && n <= 4 && c > ' ' && c <= 0x10ffff &&
		     (c < 0x7f || c >= 0xa0) && (c < 0xd800 || c > 0xdfff) &&
		     wcrtomb(again, c, &(mbstate_t){ 0 }) == n &&
		     !memcmp(again, text + i, n);
	}
	must(tkm_text_ok(text, len) == ok);
}

static bool description(const char *text, size_t len, struct tkm_record *rec)
{
	char both[TKM_DESC_MAX + 2];
	char *string = exact(NULL, len + 1);
	int ret;

	if (len)
		memcpy(string, text, len);
	string[len] = '\0';
	ret = tkm_description_parse(string, rec->app, rec->label);
	must(ret == 0 || ret == -EINVAL);
	if (!ret) {
		must(strlen(rec->app) <= TKM_APP_MAX && *rec->app);
		must(strlen(rec->label) <= TKM_LABEL_MAX && *rec->label);
		must(tkm_text_ok(rec->label, strlen(rec->label)));
		snprintf(both, sizeof(both), "%s:%s", rec->app, rec->label);
		must(!strcmp(strchr(string, ':') ? both : rec->label, string));
	}
	exact_free(string);
	return !ret;
}

static void time_read(const char *text, size_t len)
{
	struct tm tm = { 0 };
	char string[21], again[21];
	s64 seconds;

	if (tkm_time_parse(text, len, &seconds))
		return;
	must(len == 10 || len == 20);
	snprintf(string, sizeof(string), "%.*s%s", (int)len, text,
		 len == 10 ? "T00:00:00Z" : "");
	must(strptime(string, "%Y-%m-%dT%H:%M:%SZ", &tm));
	must(timegm(&tm) == seconds);
	tkm_time_write(seconds, again);
	must(!strcmp(again, string));
}

static void time_written(s64 seconds)
{
	const s64 last = 253402300799;
	time_t t = seconds < 0 ? 0 : seconds > last ? last : seconds;
	char out[21], expected[21];
	struct tm tm;
	s64 again;

	tkm_time_write(seconds, out);
	strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%SZ",
		 gmtime_r(&t, &tm));
	must(!strcmp(out, expected));
	must(!tkm_time_parse(out, 20, &again) && again == t);
}

static void hex(const char *text, size_t len)
{
	u8 *out = exact(NULL, len / 2);
	bool ok = len % 2 == 0;
	char two[3] = "";
	unsigned int v;
	size_t i;

	for (i = 0; i < len; i++)
		ok = ok && isxdigit((u8)text[i]);
	must(tkm_hex_decode(text, len, out) == (ok ? 0 : -EINVAL));
	for (i = 0; ok && i < len / 2; i++) {
		memcpy(two, text + 2 * i, 2);
		must(sscanf(two, "%2x", &v) == 1 && v == out[i]);
	}
	exact_free(out);
}

static void record_read(const char *text, size_t len)
{
	char *out = exact(NULL, len);
	u8 digest[32], expected[32];
	struct tkm_record rec;
	int ret = tkm_record_parse(text, len, &rec);

	must(ret == 0 || ret == -EBADMSG);
	tkm_record_hash(text, len, digest);
	metadata_digest(text, len, expected);
	must(!memcmp(digest, expected, 32));
	if (!ret) {
		must(tkm_record_write(&rec, out, len) == (ssize_t)len);
		must(!memcmp(out, text, len));
		must(tkm_record_write(&rec, out, len - 1) == -EMSGSIZE);
		must(tkm_record_parse(text, len - 1, &rec));
	}
	exact_free(out);
}

/* A record of any values: the writer refuses it, or the parser takes it. */
static void record_written(struct tkm_record *rec, const u8 *data, size_t len)
{
	struct input in = { data, len };
	char out[TKM_RECORD_MAX], again[TKM_RECORD_MAX];
	struct tkm_record back;
	ssize_t n;

	rec->kind = take_u8(&in) % 9;
	rec->class = take_u8(&in) % 5;
	rec->side = take_u8(&in) % 3;
	rec->uses = take_u8(&in) % 33;
	rec->owner = take_u32(&in);
	rec->created = (s64)take_u32(&in) << 7;
	rec->not_before = (s64)take_u16(&in) << 20;
	rec->protect_until = (s64)take_u16(&in) << 20;
	rec->not_after = (s64)take_u16(&in) << 20;
	take(&in, rec->srk + 1, TKM_NAME_SIZE - 1);
	if (rec->class) {
		memcpy(rec->authority, rec->srk, TKM_NAME_SIZE);
		memcpy(rec->recovery, rec->srk, rec->srk[33] & 1 ?
		       TKM_NAME_SIZE : 0);
		rec->recovery[33] ^= rec->recovery[1] & rec->srk[32];
	}
	n = tkm_record_write(rec, out, sizeof(out));
	must(n > 0 || n == -EINVAL || n == -EMSGSIZE);
	if (n < 0)
		return;
	must(!tkm_record_parse(out, (size_t)n, &back));
	must(back.kind == rec->kind && back.class == rec->class);
	must(back.created == rec->created);
	must(tkm_record_write(&back, again, sizeof(again)) == n);
	must(!memcmp(out, again, (size_t)n));
	/* Only what the kind has comes back, so a second time all of it. */
	must(!tkm_record_parse(again, (size_t)n, rec));
	must(!memcmp(&back, rec, sizeof(back)));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct tkm_record rec = { 0 };
	char *text = exact(data, len);
	s64 seconds = 0;

	if (MB_CUR_MAX == 1)
		must(setlocale(LC_CTYPE, "C.UTF-8"));
	characters(text, len);
	if (!description(text, len, &rec)) {
		strcpy(rec.app, "disk");
		strcpy(rec.label, "vol1");
	}
	time_read(text, len);
	memcpy(&seconds, data, min_t(size_t, len, sizeof(seconds)));
	time_written(seconds);
	time_written(seconds & 0x3fffffffff);
	hex(text, len);
	record_read(text, len);
	record_written(&rec, data, len);
	exact_free(text);
	return 0;
}
