// SPDX-License-Identifier: GPL-3.0-or-later
/* One interval of `blame` as JSON: docs/schemas/blame.schema.json. */
#include <jansson.h>

#include "analysis/advice/advice.h"
#include "json/json_text.h"
#include "report/run/live.h"
#include "report/run/live_names.h"

const char *live_guest_name(const struct run_info *info, size_t guest)
{
	return guest < info->n_guests ? info->guests[guest].name
				      : info->vms[guest - info->n_guests].name;
}

const char *live_guest_accel(const struct run_info *info, size_t guest)
{
	return guest < info->n_guests ? word_of(&words_vm_accel, VM_ACCEL_KVM)
				      : info->vms[guest - info->n_guests].accel;
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

static json_t *json_culprits(const struct live_vcpu *x)
{
	json_t *list = json_array();

	for (size_t i = 0; i < x->n_who; i++)
		json_array_append_new(
			list, JSON({"name", json_text(x->who[i].name)},
				      {"kind", json_text(culprit_kind_name(x->who[i].kind))},
				      {"ms_per_s", json_real(x->who[i].ms_per_s)},
				      {"share", json_real(x->who[i].share)}));
	return list;
}

static json_t *vcpu_number(const struct live_vcpu *x)
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
	auto_free char *advice = advice_line(v, x);

	return JSON({"vm", json_text(live_guest_name(info, x->guest))},
		{"pid", json_integer(guest_pid(info, x->guest))}, {"vcpu", vcpu_number(x)},
		{"role", json_text(role_of(x))}, {"tid", json_integer(x->tid)},
		{"ended", json_boolean(x->gone)}, {"run", json_real(x->run)},
		{"wait", json_real(x->wait)}, {"sleep", json_real(x->sleep)},
		{"run_delay", json_real(x->run_delay)}, {"throttled", json_real(x->throttled)},
		{"migrations", json_real(x->migrations)}, {"named", json_real(x->named)},
		{"culprits", json_culprits(x)}, {"advice", json_text_or_null(advice)});
}

static json_t *json_vm(
	const struct live_view *v, const struct run_info *info, const struct live_vm *vm)
{
	const struct live_vcpu *worst = &v->vcpus[vm->rows[0]];
	auto_free char *advice = vm->numbered ? advice_line(v, worst) : NULL;

	return JSON({"vm", json_text(live_guest_name(info, vm->guest))},
		{"pid", json_integer(guest_pid(info, vm->guest))},
		{"program", json_text(guest_program(info, vm->guest))},
		{"accel", json_text(live_guest_accel(info, vm->guest))},
		{"n_vcpus", json_count(vm->n)}, {"numbered", json_boolean(vm->numbered)},
		{"ended", json_boolean(vm->gone)}, {"run", json_real(vm->run)},
		{"wait", json_real(vm->wait)}, {"run_delay", json_real(vm->run_delay)},
		{"throttled", json_real(vm->throttled)}, {"worst_wait", json_real(worst->wait)},
		{"worst_vcpu", vcpu_number(worst)}, {"advice", json_text_or_null(advice)});
}

char *live_report_json(
	const struct live_view *v, const struct run_info *info, const struct live_notes *notes)
{
	json_t *vcpus = json_array(), *list = json_array();
	struct live_vm *vms;
	size_t n;

	vms = live_vms(v, &n);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_vm(v, info, &vms[i]));
	live_vms_free(vms, n);
	for (size_t i = 0; i < v->n; i++)
		json_array_append_new(vcpus, json_vcpu(v, info, &v->vcpus[i]));
	return json_document(
		JSON({"from_ns", json_count(v->from_ns)}, {"to_ns", json_count(v->to_ns)},
			{"lost", json_count(v->lost)}, {"box_steal", json_number(v->box_steal)},
			{"advice_from", json_integer(LIVE_ADVICE_FROM)},
			{"not_watched", json_count(notes->untracked)},
			{"vcpus_by", json_text(notes->doubt ? "names" : "kernel")},
			{"doubt", json_text_or_null(notes->doubt)},
			{"not_run", notes->asleep ? json_texts(notes->asleep) : json_array()},
			{"vms", list}, {"vcpus", vcpus}),
		JSON_COMPACT | JSON_REAL_PRECISION(9)); /* ns per s */
}
