// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/run/lists.h"

#include "json/json_text.h"

char *runs_json(const struct index_row *rows, size_t n)
{
	json_t *list = json_array();

	for (const struct index_row *r = rows; r < rows + n; r++)
		json_array_append_new(list,
			JSON({"run", json_text(r->run)}, {"status", json_text(r->status)},
				{"scenario", json_text(r->scenario)},
				{"variant", json_text(r->variant)}, {"arm", json_text(r->arm)},
				{"point", json_text(r->point)},
				{"overrides", json_text(r->overrides)},
				{"started", json_text(r->started)}, {"host", json_text(r->host)},
				{"experiment", json_text(r->experiment)},
				{"repeat", json_integer(r->repeat)},
				{"duration_s", json_real(r->duration_s)}));
	return json_document(list, JSON_INDENT(1));
}

char *facts_json(const struct fact_row *rows, size_t n)
{
	json_t *list = json_array();

	for (const struct fact_row *r = rows; r < rows + n; r++)
		json_array_append_new(list,
			JSON({"key", json_text(r->key)}, {"what", json_text(r->doc)},
				{"value", json_text(r->value)}, {"verdict", json_text(r->verdict)},
				{"note", json_text(r->note)}));
	return json_document(JSON({"facts", list}), JSON_INDENT(1));
}
