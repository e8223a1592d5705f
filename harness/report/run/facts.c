// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/run/facts.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/util.h"
#include "report/json_text.h"

char *facts_json(const struct fact_row *rows, size_t n)
{
	json_t *list = json_array(), *doc;
	char *text, *out;

	for (size_t i = 0; i < n; i++)
		json_array_append_new(
			list, json_pack("{s:o,s:o,s:o,s:o,s:o}", "key", json_text(rows[i].key),
				      "what", json_text(rows[i].doc), "value",
				      json_text(rows[i].value), "verdict",
				      json_text(rows[i].verdict), "note", json_text(rows[i].note)));
	doc = json_pack("{s:o}", "facts", list);
	text = json_dumps(doc, JSON_INDENT(1));
	out = xasprintf("%s\n", text);
	free(text);
	json_decref(doc);
	return out;
}
