// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/run/runs_json.h"

#include <jansson.h>
#include <stdlib.h>

char *runs_json(const struct index_row *rows, size_t n)
{
	json_t *list = json_array();
	char *text, *out;

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list,
			json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:f}", "run",
				rows[i].run, "status", rows[i].status, "scenario", rows[i].scenario,
				"variant", rows[i].variant, "point", rows[i].point, "overrides",
				rows[i].overrides, "started", rows[i].started, "host", rows[i].host,
				"experiment", rows[i].experiment, "repeat", (int)rows[i].repeat,
				"duration_s", rows[i].duration_s));
	text = json_dumps(list, JSON_INDENT(1));
	out = xasprintf("%s\n", text);
	free(text);
	json_decref(list);
	return out;
}
