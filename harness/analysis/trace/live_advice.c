// SPDX-License-Identifier: GPL-3.0-or-later
/* One line of advice per vCPU, because of which figure. The first rule that fits speaks. */
#include "analysis/trace/live.h"

/* The part of the waiting that culprits of this kind had, in ms/s. */
static double taken_by(const struct live_vcpu *x, enum culprit_kind kind)
{
	double ms = 0;

	for (size_t i = 0; i < x->n_who; i++)
		if (x->who[i].kind == kind)
			ms += x->who[i].ms_per_s;
	return ms;
}

char *live_advice(
	const struct live_view *v, const struct live_vcpu *x, const struct cpuset *allowed)
{
	double own = taken_by(x, CULPRIT_OWN_THREAD), sibling = taken_by(x, CULPRIT_SIBLING);
	double idle = taken_by(x, CULPRIT_IDLE);
	const struct live_culprit *top = x->n_who ? &x->who[0] : NULL;

	if (x->gone)
		return xstrdup("the thread is gone");
	if (x->wait < 5) /* half a percent of a CPU: below what a guest would notice */
		return v->box_steal > 20
			       ? xasprintf(
					 "nothing to do on this host: it waits %.1f ms/s; but the box itself loses %.0f ms/s per CPU to its own hypervisor",
					 x->wait, v->box_steal)
			       : xasprintf("nothing to do: it waits %.1f ms/s", x->wait);
	if (x->throttled > x->wait / 2)
		return xasprintf(
			"lift or raise its CPU quota: it held the vCPU back for %.0f of %.0f ms/s",
			x->throttled, x->wait);
	if (own > x->wait / 3)
		return xasprintf(
			"move its emulator and I/O threads off its CPUs (emulatorpin): they took %.0f of %.0f ms/s",
			own, x->wait);
	if (v->idlest > 500 && v->idlest_cpu >= 0 && !cpuset_has(allowed, (unsigned)v->idlest_cpu))
		return xasprintf(
			"pin apart: it shares its CPUs with %s while CPU %d idled %.0f ms/s",
			top ? top->name : "others", v->idlest_cpu, v->idlest);
	if (sibling > x->wait / 2)
		return xasprintf(
			"spread its own vCPUs over more CPUs: they took %.0f of %.0f ms/s from each other",
			sibling, x->wait);
	if (idle > x->wait / 2)
		return xasprintf(
			"waking up costs %.0f ms/s while its CPU idles: deep idle states, or a box that is itself held back",
			idle);
	return xasprintf(
		"raise its shares above those of %s, or move one of them to another host: no CPU it may use is free (it waits %.0f ms/s)",
		top ? top->name : "the others", x->wait);
}
