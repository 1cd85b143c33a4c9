// SPDX-License-Identifier: GPL-2.0
/* What came of the caller's passwords, as the module counts them. */
#include "tkm.h"

void tries_look(struct libtkm_tries *tries)
{
	struct libtkm_status status;
	struct libtkm_nl *nl;

	memset(tries, 0, sizeof(*tries));
	if (libtkm_nl_open(&nl))
		return;
	if (!libtkm_nl_status(nl, &status))
		*tries = status.tries;
	libtkm_nl_close(nl);
}

bool tries_text(const struct libtkm_tries *tries, char text[TRIES_TEXT])
{
	char wait[40] = "the next is tried at once";

	if (!tries->any)
		return false;
	if (tries->wait)
		snprintf(wait, sizeof(wait), "the next is tried in %u s",
			 tries->wait);
	snprintf(text, TRIES_TEXT, "%u wrong in a row, %s, %u left before the TPM has to forget one",
		 tries->wrong, wait, tries->left);
	return true;
}

struct json_object *tries_json(const struct libtkm_tries *tries)
{
	struct json_object *object;

	if (!tries->any)
		return NULL;
	object = json_object_new_object();
	json_object_object_add(object, "wrong",
			       json_object_new_int64(tries->wrong));
	json_object_object_add(object, "wait",
			       json_object_new_int64(tries->wait));
	json_object_object_add(object, "left",
			       json_object_new_int64(tries->left));
	return object;
}
