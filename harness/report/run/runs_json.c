// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/run/runs_json.h"

#include <jansson.h>
#include <stdlib.h>

#include "report/json_text.h"

char *runs_json(const struct index_row *rows, size_t n)
{
	json_t *list = json_array();
	char *text, *out;

	for (size_t i = 0; i < n; i++)
		json_array_append_new(
			list, json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:i,s:f}", "run",
				      json_text(rows[i].run), "status", json_text(rows[i].status),
				      "scenario", json_text(rows[i].scenario), "variant",
				      json_text(rows[i].variant), "point", json_text(rows[i].point),
				      "overrides", json_text(rows[i].overrides), "started",
				      json_text(rows[i].started), "host", json_text(rows[i].host),
				      "experiment", json_text(rows[i].experiment), "repeat",
				      (int)rows[i].repeat, "duration_s", rows[i].duration_s));
	text = json_dumps(list, JSON_INDENT(1));
	out = xasprintf("%s\n", text);
	free(text);
	json_decref(list);
	return out;
}
