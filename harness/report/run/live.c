// SPDX-License-Identifier: GPL-3.0-or-later
/* The table of `blame`: a line for each VM, the worst first, then what to do, said once. */
#include "report/run/live.h"

#include "analysis/advice/advice.h"
#include "base/text.h"
#include "base/wrap.h"
#include "report/run/live_names.h"

#define NAME_W	 26
#define ADVICES	 8 /* VMs that get a line of advice; the others are counted */
#define CULPRITS 3 /* named per vCPU */

/* Characters, not bytes: names are UTF-8. */
static int width_of(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

/* A name too long for its column has a line of its own: cut, it names nothing. */
static void add_name(struct strbuf *out, const char *name)
{
	int w = width_of(name);

	text_add(out, "%s", name);
	if (w > NAME_W)
		text_add(out, "\n%*s", NAME_W, "");
	else
		text_add(out, "%*s", NAME_W - w, "");
}

/* A guest that is emulated has no steal counter to see it in. */
static void add_figures(struct strbuf *out, const char *accel, double run, double wait,
	double steal, double throttled)
{
	text_add(out, " %8.1f %8.1f", run, wait);
	if (word_is(&words_vm_accel, accel, VM_ACCEL_TCG) ||
		word_is(&words_vm_accel, accel, VM_ACCEL_NONE))
		text_add(out, " %8s", "-");
	else
		text_add(out, " %8.1f", steal);
	text_add(out, " %8.1f", throttled);
}

static void add_culprits(const struct live_vcpu *x, struct strbuf *out)
{
	auto_struct(strbuf) who = {0};

	for (size_t k = 0; k < x->n_who && k < CULPRITS; k++)
		text_add(&who, "%s%s %.1f", k ? ", " : "", x->who[k].name, x->who[k].ms_per_s);
	if (who.len) {
		text_add(out, "  waited for ");
		wrap_add(out, who.text, 13, 13);
	}
}

static void add_advice(struct strbuf *out, const char *who, const char *advice)
{
	auto_free char *text = xasprintf("%s%s%s", who, *who ? ": " : "", advice);

	text_add(out, "  -> ");
	wrap_add(out, text, 5, 5);
}

static void add_vm(const struct live_view *v, const struct run_info *info, const struct live_vm *vm,
	struct strbuf *out)
{
	const struct live_vcpu *worst = &v->vcpus[vm->rows[0]];
	const char *accel = live_guest_accel(info, vm->guest);
	auto_free char *name = xasprintf("%s%s%s", live_guest_name(info, vm->guest),
		word_is(&words_vm_accel, accel, VM_ACCEL_TCG) ? " (TCG)" : "",
		vm->gone ? " (ended)" : "");
	auto_free char *which = live_vcpu_label(worst);

	add_name(out, name);
	text_add(out, " %3zu%s", vm->n, vm->numbered ? " " : "?");
	add_figures(out, accel, vm->run, vm->wait, vm->run_delay, vm->throttled);
	if (worst->wait >= LIVE_ADVICE_FROM)
		text_add(out, " %7.1f %s", worst->wait, which);
	text_add(out, "\n");
}

static void add_vcpus(const struct live_view *v, const struct run_info *info,
	const struct live_vm *vm, struct strbuf *out)
{
	for (size_t i = 0; i < vm->n; i++) {
		const struct live_vcpu *x = &v->vcpus[vm->rows[i]];
		auto_free char *which = live_vcpu_label(x);
		auto_free char *name = xasprintf("%s/%s%s", live_guest_name(info, vm->guest), which,
			x->gone ? " (ended)" : "");
		auto_free char *advice = advice_line(v, x);

		add_name(out, name);
		text_add(out, "     ");
		add_figures(out, live_guest_accel(info, vm->guest), x->run, x->wait, x->run_delay,
			x->throttled);
		text_add(out, "\n");
		if (x->wait >= LIVE_ADVICE_FROM)
			add_culprits(x, out);
		if (advice)
			add_advice(out, "", advice);
	}
}

/* What to do about the worst vCPU of each VM, and for how many there is nothing to do. */
static void add_what_to_do(const struct live_view *v, const struct run_info *info,
	const struct live_vm *vms, size_t n, size_t advices, struct strbuf *out)
{
	size_t said = 0, more = 0, quiet = 0;

	for (size_t i = 0; i < n; i++) {
		const struct live_vcpu *x = &v->vcpus[vms[i].rows[0]];
		auto_free char *which = live_vcpu_label(x), *who = NULL;
		auto_free char *advice = vms[i].numbered ? advice_line(v, x) : NULL;

		if (x->wait < LIVE_ADVICE_FROM) {
			quiet += !vms[i].gone;
		} else if (said == advices) {
			more++;
		} else {
			said++;
			who = xasprintf("%s/%s", live_guest_name(info, vms[i].guest), which);
			text_add(out, "%s\n", who);
			add_culprits(x, out);
			if (advice)
				add_advice(out, "", advice);
		}
	}
	if (more)
		text_add(out, "%zu more VMs wait for a CPU; --vcpus or --json has all\n", more);
	if (quiet)
		text_add(out, "nothing to do for %zu of %zu VMs: no vCPU of %s waits %d ms/s\n",
			quiet, n, quiet == 1 ? "its" : "theirs", LIVE_ADVICE_FROM);
}

static void add_notes(const struct live_view *v, const struct run_info *info,
	const struct live_vm *vms, size_t n, const struct live_notes *notes, struct strbuf *out)
{
	bool tcg = false, unknown = false, process = false;

	for (size_t i = 0; i < n; i++) {
		const char *accel = live_guest_accel(info, vms[i].guest);

		tcg |= word_is(&words_vm_accel, accel, VM_ACCEL_TCG);
		if (word_is(&words_vm_accel, accel, VM_ACCEL_NONE))
			process = true;
		else
			unknown |= !vms[i].numbered;
	}
	if (!n && !(notes->asleep && notes->asleep->n))
		text_add(out, "no VM runs on this box now\n");
	if (notes->asleep && notes->asleep->n) {
		auto_free char *names = strv_join(notes->asleep, ", ");
		auto_free char *text = xasprintf("no vCPU has run yet of %s", names);

		wrap_add(out, text, 0, 3);
	}
	if (tcg)
		wrap_add(out,
			"TCG: the VM is emulated, its guest sees no steal; it waits all the same",
			0, 5);
	if (unknown)
		wrap_add(out,
			"?: which of these threads are vCPUs, and their numbers, is not known (neither the kernel nor their names tell): no advice is built on them",
			0, 3);
	if (process)
		wrap_add(out, "a process that is not a VM: its threads are shown, without advice",
			0, 3);
	if (notes->doubt) {
		auto_free char *text = xasprintf(
			"which threads are vCPUs is told by their names, because the kernel does not say it: %s",
			notes->doubt);

		wrap_add(out, text, 0, 3);
	}
	if (notes->untracked)
		text_add(out,
			"%zu vCPUs are not watched: more than the host agent traces at once\n",
			notes->untracked);
	if (v->forgotten)
		text_add(out, "%zu more vCPUs came and went: not listed\n", v->forgotten);
	if (v->lost)
		text_add(out, "%llu records were lost by the host agent\n",
			(unsigned long long)v->lost);
	if (v->box_steal > 1)
		text_add(out, "the box itself loses %.1f ms/s per CPU to its own hypervisor\n",
			v->box_steal);
}

/* The worst must not scroll away: two thirds of the screen for VMs, the rest for advice. */
static void fit(const struct live_notes *notes, size_t n, size_t *vms, size_t *advices)
{
	*vms = n;
	*advices = ADVICES;
	if (!notes->rows || n + 5 * MIN(n, (size_t)ADVICES) + 4 <= notes->rows)
		return;
	*advices = MAX(notes->rows / 16, 1u);
	*vms = MIN(n, MAX(notes->rows * 2 / 3, 6u) - 3);
}

void live_report_text(const struct live_view *v, const struct run_info *info,
	const struct live_notes *notes, struct strbuf *out)
{
	struct live_vm *vms;
	size_t n, shown, advices;

	vms = live_vms(v, &n);
	fit(notes, n, &shown, &advices);
	text_add(out, "%-*s %4s %8s %8s %8s %8s %s\n", NAME_W, "vm (ms/s per vCPU)", "vcpu", "run",
		"wait", "steal", "throttle", "worst vCPU");
	for (size_t i = 0; i < shown; i++) {
		add_vm(v, info, &vms[i], out);
		if (notes->vcpus)
			add_vcpus(v, info, &vms[i], out);
	}
	if (shown < n)
		text_add(out, "... and %zu more VMs, which wait less\n", n - shown);
	if (!notes->vcpus)
		add_what_to_do(v, info, vms, n, advices, out);
	add_notes(v, info, vms, n, notes, out);
	live_vms_free(vms, n);
}
