// SPDX-License-Identifier: GPL-2.0
/* tkm audit: what the helper wrote down, and whether it is as it was written. */
#include <time.h>

#include "ask.h"

enum {
	OPT_KEY = OPT_ASK_OWN,
	OPT_UID,
	OPT_EVENT,
	OPT_SINCE,
	OPT_UNTIL,
	OPT_REFUSED,
	OPT_FROM,
	OPT_HEAD,
};

static void put(struct json_object *object, const char *name, const char *text)
{
	json_object_object_add(object, name, json_object_new_string(text));
}

static void put_number(struct json_object *object, const char *name,
		       int64_t number)
{
	json_object_object_add(object, name, json_object_new_int64(number));
}

static int64_t number_of(struct json_object *object, const char *name)
{
	struct json_object *member;

	return json_object_object_get_ex(object, name, &member) ?
		       json_object_get_int64(member) : 0;
}

/* ---- times ---- */

/* A day, a minute or a second; @until: the last second of it. */
static time_t want_time(const char *text, bool until)
{
	static const struct {
		const char *form;
		int seconds;
	} forms[] = {
		{ "%Y-%m-%d", 86400 },
		{ "%Y-%m-%dT%H:%M", 60 },
		{ "%Y-%m-%d %H:%M", 60 },
		{ "%Y-%m-%dT%H:%M:%S", 1 },
		{ "%Y-%m-%d %H:%M:%S", 1 },
	};
	const char *end;
	struct tm tm;
	time_t when;
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		tm = (struct tm){ .tm_isdst = -1 };
		end = strptime(text, forms[i].form, &tm);
		if (!end || (*end && strcmp(end, "Z")))
			continue;
		when = *end ? timegm(&tm) : mktime(&tm);
		if (when >= 0)
			return until ? when + forms[i].seconds - 1 : when;
	}
	usage("%s is no time: 2026-11-22, 2026-11-22T12:30:00, with a Z for UTC",
	      text);
}

static void put_time(struct json_object *object, const char *name, time_t when)
{
	char text[32];
	struct tm tm;

	if (!gmtime_r(&when, &tm) ||
	    !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		usage("there is no such time");
	put(object, name, text);
}

/* "2026-11-22T12:30:00.123456789Z" as a clock on the wall has it. */
static void local_time(const char *text, char out[32])
{
	struct tm tm = { .tm_isdst = 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	time_t when;

	snprintf(out, 32, "%.19s", text);
	if (!end)
		return;
	when = timegm(&tm);
	if (localtime_r(&when, &tm))
		strftime(out, 32, "%Y-%m-%d %H:%M:%S", &tm);
}

/* ---- show ---- */

static void say_record(struct json_object *record)
{
	char when[32];

	local_time(ask_string(record, "first"), when);
	printf("%7lld  %s  %-9s %-12s  uid=%lld pid=%lld %s",
	       (long long)number_of(record, "record"), when,
	       ask_string(record, "event"), ask_string(record, "result"),
	       (long long)number_of(record, "uid"),
	       (long long)number_of(record, "pid"),
	       ask_string(record, "program"));
	if (*ask_string(record, "key"))
		printf("  %s", ask_string(record, "key"));
	if (*ask_string(record, "key") &&
	    (number_of(record, "owner") != number_of(record, "uid") ||
	     strcmp(ask_string(record, "side"), "init")))
		printf(" of %lld/%s", (long long)number_of(record, "owner"),
		       ask_string(record, "side"));
	if (*ask_string(record, "state"))
		printf(" to %s", ask_string(record, "state"));
	if (number_of(record, "count") > 1)
		printf(", %lld times", (long long)number_of(record, "count"));
	if (number_of(record, "lost"))
		printf(", %lld lost before", (long long)number_of(record, "lost"));
	putchar('\n');
}

static void say_records(struct json_object *reply, struct json_object *list)
{
	struct json_object *records, *record;
	size_t i;

	if (!json_object_object_get_ex(reply, "records", &records))
		return;
	for (i = 0; i < json_object_array_length(records); i++) {
		record = json_object_array_get_idx(records, i);
		if (json)
			json_object_array_add(list, json_object_get(record));
		else
			say_record(record);
	}
}

/* Takes the filter. */
static int show(struct json_object *filter)
{
	struct json_object *list = json_object_new_array(), *reply;
	int64_t last;
	bool more;
	int ret;

	do {
		ret = ask(json_object_get(filter), &reply);
		if (ret) {
			json_object_put(filter);
			json_object_put(list);
			return ask_failed(ret, reply, NULL);
		}
		say_records(reply, list);
		last = number_of(reply, "last");
		more = ask_true(reply, "more");
		json_object_put(reply);
		json_object_object_del(filter, "after");
		put_number(filter, "after", last);
	} while (more);
	json_object_put(filter);
	if (json)
		return say_json(list);
	json_object_put(list);
	return say_done();
}

/* ---- verify ---- */

static int say_bad(struct json_object *reply)
{
	printf("record %lld: %s\n", (long long)number_of(reply, "bad"),
	       ask_string(reply, "why"));
	return say_done();
}

static int say_good(struct json_object *reply, int64_t checked)
{
	printf("%lld records fit; the last is %lld:%s\n", (long long)checked,
	       (long long)number_of(reply, "ends"), ask_string(reply, "hash"));
	return say_done();
}

static int say_verdict(struct json_object *reply, int64_t checked)
{
	const bool is_bad = number_of(reply, "bad");
	int ret;

	if (json) {
		json_object_object_del(reply, "ok");
		json_object_object_del(reply, "more");
		json_object_object_del(reply, "checked");
		put_number(reply, "checked", checked);
		ret = say_json(json_object_get(reply));
	} else {
		ret = is_bad ? say_bad(reply) : say_good(reply, checked);
	}
	json_object_put(reply);
	return ret ? ret : is_bad ? FAILED : DONE;
}

/* Takes the question. */
static int verify(struct json_object *question)
{
	struct json_object *reply;
	int64_t last, checked = 0;
	bool more;
	int ret;

	progress_begin("the helper reads the audit");
	do {
		ret = ask(json_object_get(question), &reply);
		if (ret) {
			progress_end();
			json_object_put(question);
			return ask_failed(ret, reply, NULL);
		}
		checked += number_of(reply, "checked");
		last = number_of(reply, "last");
		more = ask_true(reply, "more");
		if (more) {
			json_object_put(reply);
			json_object_object_del(question, "after");
			put_number(question, "after", last);
		}
	} while (more);
	progress_end();
	json_object_put(question);
	return say_verdict(reply, checked);
}

static void put_head(struct json_object *question, char *head)
{
	char *colon = strchr(head, ':');

	if (!colon || strlen(colon + 1) != 64 ||
	    strspn(colon + 1, "0123456789abcdef") != 64)
		usage("--head is N:HASH, as tkm audit verify tells it");
	*colon = 0;
	put_number(question, "record",
		   want_number(head, "number", 0, INT64_MAX - 1));
	put(question, "hash", colon + 1);
}

static void take(struct json_object *question, int c)
{
	int64_t from;

	switch (c) {
	case OPT_KEY:
		want_description(optarg);
		put(question, "key", optarg);
		break;
	case OPT_UID:
		put_number(question, "uid",
			   want_number(optarg, "uid", 0, UINT32_MAX));
		break;
	case OPT_EVENT:
		put(question, "event", optarg);
		break;
	case OPT_SINCE:
		put_time(question, "since", want_time(optarg, false));
		break;
	case OPT_UNTIL:
		put_time(question, "until", want_time(optarg, true));
		break;
	case OPT_REFUSED:
		json_object_object_add(question, "refused",
				       json_object_new_boolean(true));
		break;
	case OPT_FROM:
		from = want_number(optarg, "record", 0, INT64_MAX - 1);
		put_number(question, "after", from ? from - 1 : 0);
		break;
	case OPT_HEAD:
		put_head(question, optarg);
		break;
	}
}

int cmd_audit(int argc, char **argv)
{
	static const struct option options[] = {
		{ "key", required_argument, NULL, OPT_KEY },
		{ "uid", required_argument, NULL, OPT_UID },
		{ "event", required_argument, NULL, OPT_EVENT },
		{ "since", required_argument, NULL, OPT_SINCE },
		{ "until", required_argument, NULL, OPT_UNTIL },
		{ "refused", no_argument, NULL, OPT_REFUSED },
		{ "from", required_argument, NULL, OPT_FROM },
		{ "head", required_argument, NULL, OPT_HEAD },
		ASK_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	struct json_object *question = json_object_new_object();
	bool for_verify = false, for_show = false;
	int c;

	while ((c = next_option(argc, argv, options)) != -1) {
		if (c == OPT_SOCKET) {
			ask_socket = optarg;
			continue;
		}
		*(c == OPT_FROM || c == OPT_HEAD ? &for_verify : &for_show) = true;
		take(question, c);
	}
	want_words(argc, 1, 1);
	if (!strcmp(argv[optind], "verify")) {
		if (for_show)
			usage("only --from and --head are for verify");
		put(question, "verb", "audit-verify");
		return verify(question);
	}
	if (strcmp(argv[optind], "show"))
		usage("there is no %s: show or verify", argv[optind]);
	if (for_verify)
		usage("--from and --head are for verify");
	put(question, "verb", "audit");
	return show(question);
}
