// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/run/own_json.h"

#include "report/json_text.h"

void own_json_guest(json_t *guest, const struct analysis *a, const struct analysis_guest *g)
{
	json_t *have = json_object_get(guest, "metrics");
	json_t *lacking = json_object_get(guest, "not_provided");

	for (size_t i = 0; i < a->n_own; i++)
		if (g->own[i].have)
			json_object_set_new(have, a->own[i].name, json_real(g->own[i].value));
		else
			json_object_set_new(lacking, a->own[i].name, json_text(g->own[i].why));
}

json_t *own_json_measures(const struct analysis *a)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->info.n_measures; i++) {
		const struct run_measure *m = &a->info.measures[i];
		json_t *j = json_object();

		json_object_set_new(j, "name", json_text(m->name));
		json_object_set_new(j, "unit", json_text(m->unit));
		json_object_set_new(j, "better", json_text(m->better));
		json_object_set_new(j, "on", json_text(m->on));
		json_object_set_new(j, "of", json_text(m->of));
		json_object_set_new(j, "command", json_text(m->command));
		json_object_set_new(j, "status", json_text(m->status));
		json_object_set_new(j, "value", m->have ? json_real(m->value) : json_null());
		json_object_set_new(j, "stdout", json_text(m->out_file));
		json_object_set_new(j, "stderr", json_text(m->err_file));
		json_array_append_new(list, j);
	}
	return list;
}
