// SPDX-License-Identifier: GPL-3.0-or-later
/* One line of advice per vCPU, because of which figure. The first rule that fits speaks;
 * docs/blame.md lists them. */
#include <math.h>

#include "analysis/trace/live.h"

#define FREE_FROM 500 /* ms/s of idling from which a CPU has room for another vCPU */

/* The part of the waiting that culprits of this kind had, in ms/s. */
static double taken_by(const struct live_vcpu *x, enum culprit_kind kind)
{
	double ms = 0;

	for (size_t i = 0; i < x->n_who; i++)
		if (x->who[i].kind == kind)
			ms += x->who[i].ms_per_s;
	return ms;
}

struct idle_cpu {
	int cpu; /* -1: none is known */
	double idle;
};

/* Of those that it may use, or of the others. `isolated`: of those only, or of those not. */
static struct idle_cpu idlest(
	const struct live_view *v, const struct live_vcpu *x, bool allowed, bool isolated)
{
	struct idle_cpu best = {-1, -1};

	for (unsigned cpu = 0; cpu < v->n_cpus; cpu++)
		if (cpuset_has(x->allowed, cpu) == allowed &&
			cpuset_has(v->isolated, cpu) == isolated && !isnan(v->idle[cpu]) &&
			v->idle[cpu] > best.idle)
			best = (struct idle_cpu){(int)cpu, v->idle[cpu]};
	return best;
}

/* A CPU that it may use was free: what keeps it from there? Its only CPU is the one it waits for.
 * NULL: none was. */
static char *of_allowed(const struct live_view *v, const struct live_vcpu *x)
{
	struct idle_cpu common = idlest(v, x, true, false), apart = idlest(v, x, true, true);

	if (cpuset_count(x->allowed) < 2)
		return NULL;
	if (common.idle > FREE_FROM)
		return xasprintf(
			"pin it to CPU %d: it may use it, and it idled %.0f ms/s, but the kernel leaves the vCPU where it waits (%.0f ms/s): waits too short for its balancing, or no balancing between these CPUs",
			common.cpu, common.idle, x->wait);
	if (apart.idle > FREE_FROM)
		return xasprintf(
			"pin it to CPU %d: it may use it, and it idled %.0f ms/s, but the CPU is isolated: the kernel moves no thread there by itself",
			apart.cpu, apart.idle);
	return NULL;
}

/* A CPU that it may not use was free. */
static char *of_others(const struct live_view *v, const struct live_vcpu *x, const char *top)
{
	struct idle_cpu common = idlest(v, x, false, false), apart = idlest(v, x, false, true);

	if (common.idle > FREE_FROM)
		return xasprintf(
			"pin apart: it shares its CPUs with %s while CPU %d idled %.0f ms/s", top,
			common.cpu, common.idle);
	if (apart.idle > FREE_FROM)
		return xasprintf(
			"pin apart: it shares its CPUs with %s while CPU %d, which is isolated, idled %.0f ms/s: give it that CPU if it is meant for VMs",
			top, apart.cpu, apart.idle);
	return NULL;
}

static char *no_room(const struct live_view *v, const struct live_vcpu *x, const char *top)
{
	struct idle_cpu a = idlest(v, x, true, false), b = idlest(v, x, true, true);
	struct idle_cpu best = a.idle > b.idle ? a : b;
	auto_free char *room = NULL;

	if (best.cpu < 0)
		room = xstrdup("how much its CPUs idle is not known");
	else if (cpuset_count(x->allowed) == 1)
		room = xasprintf("CPU %d is the only one it may use", best.cpu);
	else
		room = xasprintf(
			"the idlest CPU it may use, %d, idled %.0f ms/s", best.cpu, best.idle);
	return xasprintf(
		"raise its shares above those of %s, or move one of them to another host: no CPU it may use is free (%s)",
		top, room);
}

char *live_advice(const struct live_view *v, const struct live_vcpu *x)
{
	double own = taken_by(x, CULPRIT_OWN_THREAD), sibling = taken_by(x, CULPRIT_SIBLING);
	double idle = taken_by(x, CULPRIT_IDLE);
	const char *top = x->n_who ? x->who[0].name : "others";
	char *text;

	if (x->gone || x->vcpu == -1 || x->wait < LIVE_ADVICE_FROM)
		return NULL;
	if (x->throttled > x->wait / 2)
		return xasprintf(
			"lift or raise its CPU quota: it held the vCPU back for %.0f of %.0f ms/s",
			x->throttled, x->wait);
	if (own > x->wait / 3)
		return xasprintf(
			"move its emulator and I/O threads off its CPUs (emulatorpin): they took %.0f of %.0f ms/s",
			own, x->wait);
	/* The only rule that is not about another on its CPU: nobody to be pinned apart from. */
	if (idle > x->wait / 2)
		return xasprintf(
			"waking up costs %.0f ms/s while its CPU idles: deep idle states, or a box that is itself held back",
			idle);
	text = of_allowed(v, x);
	if (!text)
		text = of_others(v, x, top);
	if (!text && sibling > x->wait / 2)
		text = xasprintf(
			"spread its own vCPUs over more CPUs: they took %.0f of %.0f ms/s from each other",
			sibling, x->wait);
	return text ? text : no_room(v, x, top);
}
