// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/run/facts.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/util.h"

char *facts_json(const struct fact_row *rows, size_t n)
{
	json_t *list = json_array(), *doc;
	char *text, *out;

	for (size_t i = 0; i < n; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "key", rows[i].key, "what",
				      rows[i].doc, "value", rows[i].value, "verdict",
				      rows[i].verdict, "note", rows[i].note));
	doc = json_pack("{s:o}", "facts", list);
	text = json_dumps(doc, JSON_INDENT(1));
	out = xasprintf("%s\n", text);
	free(text);
	json_decref(doc);
	return out;
}
