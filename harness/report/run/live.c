// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/text.h"
#include "report/json_text.h"
#include "report/run/live.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/wrap.h"

#define NAME_W 43

/* Who had its CPU while it waited; nothing where nobody had. */
static void add_culprits(const struct live_vcpu *x, struct strbuf *out)
{
	struct strbuf who = {0};

	for (size_t k = 0; k < x->n_who && k < 3; k++)
		text_add(&who, "%s%s %.1f", k ? ", " : "", x->who[k].name, x->who[k].ms_per_s);
	if (who.len) {
		text_add(out, "  waited for ");
		wrap_add(out, who.text, 13, 13);
	}
	strbuf_release(&who);
}

void live_report_text(const struct live *l, const struct live_view *v, const struct run_info *info,
	struct strbuf *out)
{
	text_add(out, "%-*s %8s %8s %8s %9s\n", NAME_W, "vm/vcpu (all in ms/s)", "run", "wait",
		"steal", "throttle");
	for (size_t i = 0; i < v->n; i++) {
		const struct live_vcpu *x = &v->vcpus[i];
		auto_free char *name = xasprintf("%s/%u", info->guests[x->guest].name, x->vcpu);
		auto_free char *advice = live_advice(v, x, live_allowed(l, i));

		/* A name too long for its column has a line of its own: cut, it names no vCPU. */
		text_add(out, "%-*s", NAME_W, name);
		if (strlen(name) > NAME_W)
			text_add(out, "\n%*s", NAME_W, "");
		text_add(out, " %8.1f %8.1f %8.1f %9.1f\n", x->run, x->wait, x->run_delay,
			x->throttled);
		add_culprits(x, out);
		text_add(out, "  -> ");
		wrap_add(out, advice, 5, 5);
	}
	if (v->lost)
		text_add(out, "%llu records were lost by the host agent\n",
			(unsigned long long)v->lost);
	if (v->box_steal > 1)
		text_add(out, "the box itself loses %.1f ms/s per CPU to its own hypervisor\n",
			v->box_steal);
}

static json_t *json_culprits(const struct live_vcpu *x)
{
	json_t *list = json_array();

	for (size_t i = 0; i < x->n_who; i++)
		json_array_append_new(
			list, json_pack("{s:o,s:o,s:f,s:f}", "name", json_text(x->who[i].name),
				      "kind", json_text(culprit_kind_name(x->who[i].kind)),
				      "ms_per_s", x->who[i].ms_per_s, "share", x->who[i].share));
	return list;
}

char *live_report_json(const struct live *l, const struct live_view *v, const struct run_info *info)
{
	json_t *list = json_array(), *doc;
	char *text, *out;

	for (size_t i = 0; i < v->n; i++) {
		const struct live_vcpu *x = &v->vcpus[i];
		auto_free char *advice = live_advice(v, x, live_allowed(l, i));

		json_array_append_new(
			list, json_pack("{s:o,s:i,s:i,s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:o,s:o}", "vm",
				      json_text(info->guests[x->guest].name), "vcpu", (int)x->vcpu,
				      "tid", (int)x->tid, "run", x->run, "wait", x->wait, "sleep",
				      x->sleep, "run_delay", x->run_delay, "throttled",
				      x->throttled, "migrations", x->migrations, "named", x->named,
				      "culprits", json_culprits(x), "advice", json_text(advice)));
	}
	doc = json_pack("{s:I,s:I,s:I,s:o,s:o}", "from_ns", (json_int_t)v->from_ns, "to_ns",
		(json_int_t)v->to_ns, "lost", (json_int_t)v->lost, "box_steal",
		isnan(v->box_steal) ? json_null() : json_real(v->box_steal), "vcpus", list);
	text = json_dumps(doc, JSON_COMPACT);
	out = xasprintf("%s\n", text);
	free(text);
	json_decref(doc);
	return out;
}
