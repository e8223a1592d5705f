// SPDX-License-Identifier: GPL-3.0-or-later
/* One interval of `blame` as JSON: docs/blame.schema.json. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/json_text.h"
#include "report/run/live.h"
#include "report/run/live_names.h"

const char *live_guest_name(const struct run_info *info, size_t guest)
{
	return guest < info->n_guests ? info->guests[guest].name
				      : info->vms[guest - info->n_guests].name;
}

const char *live_guest_accel(const struct run_info *info, size_t guest)
{
	return guest < info->n_guests ? "kvm" : info->vms[guest - info->n_guests].accel;
}

static int guest_pid(const struct run_info *info, size_t guest)
{
	return guest < info->n_guests ? info->guests[guest].pid
				      : info->vms[guest - info->n_guests].pid;
}

static const char *guest_program(const struct run_info *info, size_t guest)
{
	return guest < info->n_guests ? "qemu" : info->vms[guest - info->n_guests].program;
}

char *live_vcpu_label(const struct live_vcpu *x)
{
	return x->vcpu >= 0    ? xasprintf("%d", x->vcpu)
	       : x->vcpu == -2 ? xstrdup("all")
			       : xasprintf("thread %u", x->tid);
}

static json_t *text_or_null(const char *text)
{
	return text ? json_text(text) : json_null();
}

static json_t *number_or_null(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
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

static json_t *json_number(const struct live_vcpu *x)
{
	return x->vcpu >= 0 ? json_integer(x->vcpu) : json_null();
}

static const char *role_of(const struct live_vcpu *x)
{
	return x->vcpu >= 0 ? "vcpu" : x->vcpu == -2 ? "all-vcpus" : "thread";
}

static json_t *json_vcpu(
	const struct live_view *v, const struct run_info *info, const struct live_vcpu *x)
{
	auto_free char *advice = live_advice(v, x);

	return json_pack("{s:o,s:i,s:o,s:o,s:i,s:b,s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:o,s:o}", "vm",
		json_text(live_guest_name(info, x->guest)), "pid", guest_pid(info, x->guest),
		"vcpu", json_number(x), "role", json_text(role_of(x)), "tid", (int)x->tid, "ended",
		x->gone, "run", x->run, "wait", x->wait, "sleep", x->sleep, "run_delay",
		x->run_delay, "throttled", x->throttled, "migrations", x->migrations, "named",
		x->named, "culprits", json_culprits(x), "advice", text_or_null(advice));
}

static json_t *json_vm(
	const struct live_view *v, const struct run_info *info, const struct live_vm *vm)
{
	const struct live_vcpu *worst = &v->vcpus[vm->rows[0]];
	auto_free char *advice = vm->numbered ? live_advice(v, worst) : NULL;

	return json_pack("{s:o,s:i,s:o,s:o,s:i,s:b,s:b,s:f,s:f,s:f,s:f,s:f,s:o,s:o}", "vm",
		json_text(live_guest_name(info, vm->guest)), "pid", guest_pid(info, vm->guest),
		"program", json_text(guest_program(info, vm->guest)), "accel",
		json_text(live_guest_accel(info, vm->guest)), "n_vcpus", (int)vm->n, "numbered",
		vm->numbered, "ended", vm->gone, "run", vm->run, "wait", vm->wait, "run_delay",
		vm->run_delay, "throttled", vm->throttled, "worst_wait", worst->wait, "worst_vcpu",
		json_number(worst), "advice", text_or_null(advice));
}

static json_t *json_asleep(const struct live_notes *notes)
{
	json_t *list = json_array();

	for (size_t i = 0; notes->asleep && i < notes->asleep->n; i++)
		json_array_append_new(list, json_text(notes->asleep->items[i]));
	return list;
}

char *live_report_json(
	const struct live_view *v, const struct run_info *info, const struct live_notes *notes)
{
	json_t *vcpus = json_array(), *list = json_array(), *doc;
	struct live_vm *vms;
	char *text, *out;
	size_t n;

	vms = live_vms(v, &n);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_vm(v, info, &vms[i]));
	live_vms_free(vms, n);
	for (size_t i = 0; i < v->n; i++)
		json_array_append_new(vcpus, json_vcpu(v, info, &v->vcpus[i]));
	doc = json_pack("{s:I,s:I,s:I,s:o,s:i,s:I,s:o,s:o,s:o,s:o,s:o}", "from_ns",
		(json_int_t)v->from_ns, "to_ns", (json_int_t)v->to_ns, "lost", (json_int_t)v->lost,
		"box_steal", number_or_null(v->box_steal), "advice_from", LIVE_ADVICE_FROM,
		"not_watched", (json_int_t)notes->untracked, "vcpus_by",
		json_text(notes->doubt ? "names" : "kernel"), "doubt", text_or_null(notes->doubt),
		"not_run", json_asleep(notes), "vms", list, "vcpus", vcpus);
	text = json_dumps(doc, JSON_COMPACT);
	out = xasprintf("%s\n", text);
	free(text);
	json_decref(doc);
	return out;
}
