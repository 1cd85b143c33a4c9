// SPDX-License-Identifier: GPL-2.0
/* tkm status: module, TPM, helper. */
#include <linux/tkm_netlink.h>
#include <unistd.h>

#include "ask.h"

static const struct {
	uint32_t bit;
	const char *name;
} features[] = {
	{ TKM_FEATURE_RSA, "rsa" },
	{ TKM_FEATURE_EC, "ec" },
	{ TKM_FEATURE_CIPHER, "cipher" },
	{ TKM_FEATURE_PUBLISH, "publish" },
	{ TKM_FEATURE_HELPER, "helper" },
	{ TKM_FEATURE_STATES, "states" },
	{ TKM_FEATURE_AUDIT, "audit" },
	{ TKM_FEATURE_POLICY, "policy" },
	{ TKM_FEATURE_DOMAINS, "domains" },
};

#define FEATURES (sizeof(features) / sizeof(features[0]))

struct seen {
	int module_error;
	struct libtkm_supports supports;
	struct libtkm_status status;
	char srk[128];
	bool pinned;
	struct domain_seen domain;
	struct tpm tpm;
};

/* A word that a parameter of the module holds; "" when it has none. */
static void parameter(const char *name, char *word, size_t size)
{
	char path[128];
	FILE *f;

	word[0] = 0;
	snprintf(path, sizeof(path), "/sys/module/tkm/parameters/%s", name);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fgets(word, (int)size, f))
		word[strcspn(word, "\n")] = 0;
	fclose(f);
}

static void look(struct seen *seen)
{
	struct libtkm_nl *nl;
	char word[8];

	memset(seen, 0, sizeof(*seen));
	seen->module_error = libtkm_nl_open(&nl);
	if (!seen->module_error) {
		seen->module_error = libtkm_nl_supports(nl, &seen->supports);
		if (!seen->module_error)
			seen->module_error = libtkm_nl_status(nl,
							      &seen->status);
		libtkm_nl_close(nl);
	}
	parameter("srk_name", seen->srk, sizeof(seen->srk));
	if (!strcmp(seen->srk, "none"))
		seen->srk[0] = 0;
	parameter("srk_pinned", word, sizeof(word));
	seen->pinned = word[0] == 'Y';
	domain_look(&seen->domain);
	tpm_look(&seen->tpm);
}

/* ---- for people ------------------------------------------------------------------- */

/* What the helper does not say, a key of this session may. */
static const char *domain_state(const struct domain_seen *domain)
{
	if (!strncmp(domain->about, "policy=", 7))
		return "under a policy";
	if (domain->unlocked)
		return "unlocked";
	if (domain->error)
		return "unknown";
	return domain->there ? "locked" : "none";
}

static void say_domain(const struct domain_seen *domain)
{
	char text[256];

	snprintf(text, sizeof(text), "%s", domain_state(domain));
	if (!strncmp(domain->about, "policy=", 7))
		snprintf(text, sizeof(text), "under the policy %s",
			 domain->about + 7);
	else if (!strcmp(text, "unknown"))
		snprintf(text, sizeof(text), "unknown: the helper does not tell (%s)",
			 libtkm_errno_name(domain->error));
	else if (!strcmp(text, "none"))
		snprintf(text, sizeof(text), "without a password");
	line("domain", text);
}

static void say_module(const struct seen *seen)
{
	char text[256];
	size_t i;

	if (seen->module_error) {
		snprintf(text, sizeof(text), "not there (%s)",
			 libtkm_errno_name(seen->module_error));
		line("module", text);
		return;
	}
	snprintf(text, sizeof(text), "tkm %s:", seen->supports.version);
	for (i = 0; i < FEATURES; i++)
		if (seen->supports.features & features[i].bit)
			snprintf(text + strlen(text),
				 sizeof(text) - strlen(text), " %s",
				 features[i].name);
	line("module", text);
	snprintf(text, sizeof(text), "%u, of all users", seen->status.keys);
	line("keys", text);
	line("helper", seen->status.helper ? "registered" : "none");
	say_domain(&seen->domain);
	if (tries_text(&seen->status.tries, text))
		line("passwords", text);
	line("SRK name", *seen->srk ? seen->srk : "none seen yet");
	line("SRK pinned", seen->pinned ? "yes, by srk_name=" :
					  "no: it is the one of the first chain");
}

static void say_lockout(const struct tpm *tpm)
{
	char text[256];

	if (tpm->locked)
		snprintf(text, sizeof(text), "LOCKED: %u wrong values; one more try in up to %u s",
			 tpm->lockout_counter, tpm->lockout_interval);
	else if (tpm->lockout_counter)
		snprintf(text, sizeof(text), "%u of %u wrong values; one is forgiven every %u s",
			 tpm->lockout_counter, tpm->lockout_max,
			 tpm->lockout_interval);
	else
		snprintf(text, sizeof(text), "no wrong value; locks at %u, one is forgiven every %u s",
			 tpm->lockout_max, tpm->lockout_interval);
	line("lockout", text);
}

static void say_tpm(const struct tpm *tpm)
{
	char text[256];

	if (!tpm->there) {
		line("TPM", "none");
		return;
	}
	if (tpm->error) {
		snprintf(text, sizeof(text),
			 "version %u; who made it, and its lockout, cannot be read by you (%s)",
			 tpm->version, libtkm_errno_name(tpm->error));
		line("TPM", text);
		return;
	}
	snprintf(text, sizeof(text), "version %u, %s %s, firmware %s",
		 tpm->version, tpm->manufacturer, tpm->vendor, tpm->firmware);
	line("TPM", text);
	say_lockout(tpm);
}

/* ---- for programs ------------------------------------------------------------------ */

static void put(struct json_object *object, const char *name,
		struct json_object *value)
{
	json_object_object_add(object, name, value);
}

static void put_string(struct json_object *object, const char *name,
		       const char *text)
{
	put(object, name, *text ? json_object_new_string(text) : NULL);
}

static struct json_object *module_json(const struct seen *seen)
{
	struct json_object *object = json_object_new_object();
	struct json_object *list = json_object_new_array();
	size_t i;

	put(object, "loaded", json_object_new_boolean(!seen->module_error));
	if (seen->module_error) {
		put_string(object, "errno",
			   libtkm_errno_name(seen->module_error));
		json_object_put(list);
		return object;
	}
	put_string(object, "version", seen->supports.version);
	for (i = 0; i < FEATURES; i++)
		if (seen->supports.features & features[i].bit)
			json_object_array_add(list, json_object_new_string(
				features[i].name));
	put(object, "features", list);
	put(object, "keys", json_object_new_int64(seen->status.keys));
	put(object, "helper", json_object_new_boolean(seen->status.helper));
	put_string(object, "domain", domain_state(&seen->domain));
	put(object, "passwords", tries_json(&seen->status.tries));
	put_string(object, "srk_name", seen->srk);
	put(object, "srk_pinned", json_object_new_boolean(seen->pinned));
	return object;
}

static struct json_object *tpm_json(const struct tpm *tpm)
{
	struct json_object *object = json_object_new_object();
	struct json_object *lockout;

	put(object, "there", json_object_new_boolean(tpm->there));
	if (!tpm->there)
		return object;
	put(object, "version", json_object_new_int64(tpm->version));
	if (tpm->error) {
		put_string(object, "errno", libtkm_errno_name(tpm->error));
		return object;
	}
	put_string(object, "manufacturer", tpm->manufacturer);
	put_string(object, "vendor", tpm->vendor);
	put_string(object, "firmware", tpm->firmware);
	lockout = json_object_new_object();
	put(lockout, "locked", json_object_new_boolean(tpm->locked));
	put(lockout, "counter", json_object_new_int64(tpm->lockout_counter));
	put(lockout, "max", json_object_new_int64(tpm->lockout_max));
	put(lockout, "interval", json_object_new_int64(tpm->lockout_interval));
	put(lockout, "recovery", json_object_new_int64(tpm->lockout_recovery));
	put(object, "lockout", lockout);
	return object;
}

int cmd_status(int argc, char **argv)
{
	static const struct option options[] = {
		ASK_OPTIONS, COMMON_OPTIONS, END_OPTIONS,
	};
	struct json_object *object;
	struct seen seen;
	int ret;

	while (next_option(argc, argv, options) != -1)
		ask_socket = optarg;
	want_words(argc, 0, 0);
	look(&seen);
	if (json) {
		object = json_object_new_object();
		put_string(object, "version", libtkm_version());
		put(object, "module", module_json(&seen));
		put(object, "tpm", tpm_json(&seen.tpm));
		ret = say_json(object);
	} else {
		line("tkm", libtkm_version());
		say_module(&seen);
		say_tpm(&seen.tpm);
		ret = say_done();
	}
	if (ret)
		return ret;
	return seen.module_error || !seen.tpm.there ? UNAVAILABLE : DONE;
}
