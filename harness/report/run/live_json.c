// SPDX-License-Identifier: GPL-3.0-or-later
/* One interval of `blame` as JSON: docs/schemas/blame.schema.json. */
#include "analysis/advice/advice.h"
#include "json/json_out.h"
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

static void add_vcpu_number(struct json_out *o, const char *key, const struct live_vcpu *x)
{
	if (x->vcpu >= 0)
		json_out_integer(o, key, x->vcpu);
	else
		json_out_null(o, key);
}

static const char *role_of(const struct live_vcpu *x)
{
	return x->vcpu >= 0 ? "vcpu" : x->vcpu == -2 ? "all-vcpus" : "thread";
}

static void add_culprits(struct json_out *o, const struct live_vcpu *x)
{
	json_out_open(o, "culprits", '[');
	for (size_t i = 0; i < x->n_who; i++) {
		json_out_open(o, NULL, '{');
		json_out_text(o, "name", x->who[i].name);
		json_out_text(o, "kind", culprit_kind_name(x->who[i].kind));
		json_out_number(o, "ms_per_s", x->who[i].ms_per_s);
		json_out_number(o, "share", x->who[i].share);
		json_out_close(o, '}');
	}
	json_out_close(o, ']');
}

static void add_vcpu(struct json_out *o, const struct live_view *v, const struct run_info *info,
	const struct live_vcpu *x)
{
	auto_free char *advice = advice_line(v, x);

	json_out_open(o, NULL, '{');
	json_out_text(o, "vm", live_guest_name(info, x->guest));
	json_out_integer(o, "pid", guest_pid(info, x->guest));
	add_vcpu_number(o, "vcpu", x);
	json_out_text(o, "role", role_of(x));
	json_out_integer(o, "tid", x->tid);
	json_out_boolean(o, "ended", x->gone);
	json_out_number(o, "run", x->run);
	json_out_number(o, "wait", x->wait);
	json_out_number(o, "sleep", x->sleep);
	json_out_number(o, "run_delay", x->run_delay);
	json_out_number(o, "throttled", x->throttled);
	json_out_number(o, "migrations", x->migrations);
	json_out_number(o, "named", x->named);
	add_culprits(o, x);
	json_out_text(o, "advice", advice);
	json_out_close(o, '}');
}

static void add_vm(struct json_out *o, const struct live_view *v, const struct run_info *info,
	const struct live_vm *vm)
{
	const struct live_vcpu *worst = &v->vcpus[vm->rows[0]];
	auto_free char *advice = vm->numbered ? advice_line(v, worst) : NULL;

	json_out_open(o, NULL, '{');
	json_out_text(o, "vm", live_guest_name(info, vm->guest));
	json_out_integer(o, "pid", guest_pid(info, vm->guest));
	json_out_text(o, "program", guest_program(info, vm->guest));
	json_out_text(o, "accel", live_guest_accel(info, vm->guest));
	json_out_integer(o, "n_vcpus", (int64_t)vm->n);
	json_out_boolean(o, "numbered", vm->numbered);
	json_out_boolean(o, "ended", vm->gone);
	json_out_number(o, "run", vm->run);
	json_out_number(o, "wait", vm->wait);
	json_out_number(o, "run_delay", vm->run_delay);
	json_out_number(o, "throttled", vm->throttled);
	json_out_number(o, "worst_wait", worst->wait);
	add_vcpu_number(o, "worst_vcpu", worst);
	json_out_text(o, "advice", advice);
	json_out_close(o, '}');
}

static void add_head(struct json_out *o, const struct live_view *v, const struct live_notes *notes)
{
	json_out_integer(o, "from_ns", (int64_t)v->from_ns);
	json_out_integer(o, "to_ns", (int64_t)v->to_ns);
	json_out_integer(o, "lost", (int64_t)v->lost);
	json_out_integer(o, "forgotten", (int64_t)v->forgotten);
	json_out_number(o, "box_steal", v->box_steal);
	json_out_integer(o, "advice_from", LIVE_ADVICE_FROM);
	json_out_integer(o, "not_watched", (int64_t)notes->untracked);
	json_out_text(o, "vcpus_by", notes->doubt ? "names" : "kernel");
	json_out_text(o, "doubt", notes->doubt);
	json_out_open(o, "not_run", '[');
	for (size_t i = 0; notes->asleep && i < notes->asleep->n; i++)
		json_out_text(o, NULL, notes->asleep->items[i]);
	json_out_close(o, ']');
}

char *live_report_json(
	const struct live_view *v, const struct run_info *info, const struct live_notes *notes)
{
	struct json_out o = {0};
	struct live_vm *vms;
	size_t n;

	json_out_open(&o, NULL, '{');
	add_head(&o, v, notes);
	vms = live_vms(v, &n);
	json_out_open(&o, "vms", '[');
	for (size_t i = 0; i < n; i++)
		add_vm(&o, v, info, &vms[i]);
	json_out_close(&o, ']');
	live_vms_free(vms, n);
	json_out_open(&o, "vcpus", '[');
	for (size_t i = 0; i < v->n; i++)
		add_vcpu(&o, v, info, &v->vcpus[i]);
	json_out_close(&o, ']');
	json_out_close(&o, '}');
	strbuf_addn(&o.text, "\n", 1);
	return o.text.text;
}
