// SPDX-License-Identifier: GPL-3.0-or-later
/* The table of candidates. Those with ADVICE_LINE are blame's too: the first that fits speaks there.
 * docs/advise.md lists them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/advice/priv.h"

#define PERIOD_MAX_US 1000000 /* the kernel's and libvirt's limit */
#define WEIGHT_TIMES  4
#define SHARES_MAX    10000 /* cgroup v2's; v1 takes 262144 */
#define BOX_FROM      20    /* ms/s that the box's own hypervisor takes of each CPU */

/* ---- lift-quota, longer-period */

static bool held_by_quota(const struct advice_in *in)
{
	return in->x->throttled > in->x->wait / 2;
}

/* Only then is there anybody to be pinned apart from. */
static bool waits_for_others(const struct advice_in *in)
{
	return in->x->wait >= LIVE_ADVICE_FROM && !held_by_quota(in) &&
	       advice_taken_by(in->x, CULPRIT_OWN_THREAD) <= in->x->wait / 3;
}

static bool make_lift_quota(const struct advice_in *in, struct advice *out)
{
	const struct advice_present *p = in->present;

	if (!held_by_quota(in))
		return false;
	out->because = xasprintf(
		"lift or raise its CPU quota: it held the vCPU back for %.0f of %.0f ms/s",
		in->x->throttled, in->x->wait);
	advice_wait(in, out);
	if (p && p->quota_us > 0) {
		advice_change(out, xstrdup("schedinfo.vcpu_quota"),
			xasprintf("%lld", (long long)p->quota_us), xstrdup("-1"));
		out->then = out->wait - advice_mean_throttled(in);
		out->pays = xstrdup("all that shares its CPUs: it may take the whole of them");
	}
	return true;
}

/* The same share in longer turns: whoever is busy longer than a turn is not helped. */
static bool make_longer_period(const struct advice_in *in, struct advice *out)
{
	const struct advice_present *p = in->present;
	uint64_t times;

	if (!held_by_quota(in) || !p || p->quota_us <= 0 || !p->period_us)
		return false;
	times = PERIOD_MAX_US / p->period_us;
	if (times < 2)
		return false;
	out->because = xasprintf(
		"lengthen the period of its CPU quota, now %lld us in each %llu us: no pinning helps a VM that its quota holds (%.0f of %.0f ms/s); the same share in longer turns helps one that is busy for less than a turn",
		(long long)p->quota_us, (unsigned long long)p->period_us, in->x->throttled,
		in->x->wait);
	advice_wait(in, out);
	advice_change(out, xstrdup("schedinfo.vcpu_period"),
		xasprintf("%llu", (unsigned long long)p->period_us),
		xasprintf("%llu", (unsigned long long)p->period_us * times));
	advice_change(out, xstrdup("schedinfo.vcpu_quota"),
		xasprintf("%lld", (long long)p->quota_us),
		xasprintf("%lld", (long long)p->quota_us * (long long)times));
	out->pays = xstrdup("all that shares its CPUs: its turns are longer");
	return true;
}

/* ---- move-emulator */

static void change_pin(struct advice *out, char *key, const struct cpuset *had,
	const struct cpuset *vcpus, const struct cpuset *to)
{
	struct cpuset common = cpuset_and(had, vcpus);

	if (cpuset_empty(&common)) {
		free(key);
		return;
	}
	advice_change(out, key, cpuset_text(had), cpuset_text(to));
}

static bool make_move_emulator(const struct advice_in *in, struct advice *out)
{
	const struct advice_present *p = in->present;
	double own = advice_taken_by(in->x, CULPRIT_OWN_THREAD);
	struct cpuset vcpus = {{0}}, to;

	if (own <= in->x->wait / 3)
		return false;
	out->because = xasprintf(
		"move its emulator and I/O threads off its CPUs (emulatorpin): they took %.0f of %.0f ms/s",
		own, in->x->wait);
	advice_wait(in, out);
	if (!p || !in->topology)
		return true;
	for (unsigned v = 0; v < p->vcpus; v++)
		vcpus = cpuset_or(&vcpus, &p->pins[v]);
	to = cpuset_minus(&in->topology->allowed, &vcpus);
	if (cpuset_empty(&to))
		return true;
	change_pin(out, xstrdup("emulatorpin"), &p->emulator, &vcpus, &to);
	for (size_t i = 0; i < p->n_io; i++)
		change_pin(
			out, xasprintf("iothreadpin.%u", p->io[i].id), &p->io[i].cpus, &vcpus, &to);
	if (out->n_changes) {
		out->then = out->wait - advice_mean_taken(in, CULPRIT_OWN_THREAD);
		out->pays = advice_payers(in, &to);
	}
	return true;
}

/* ---- what is said instead of a change */

static bool make_waking_up(const struct advice_in *in, struct advice *out)
{
	double idle = advice_taken_by(in->x, CULPRIT_IDLE);

	/* The only rule that is not about another on its CPU: nobody to be pinned apart from. */
	if (idle <= in->x->wait / 2)
		return false;
	out->because = xasprintf(
		"waking up costs %.0f ms/s while its CPU idles: deep idle states, or a box that is itself held back",
		idle);
	return true;
}

static bool make_own_hypervisor(const struct advice_in *in, struct advice *out)
{
	if (!(in->view->box_steal >= BOX_FROM))
		return false;
	out->because = xasprintf(
		"the box's own hypervisor takes %.0f ms/s of each of its CPUs: nothing that is changed here gives them back",
		in->view->box_steal);
	return true;
}

static bool make_host_policy(const struct advice_in *in, struct advice *out)
{
	double irq = advice_taken_by(in->x, CULPRIT_IRQ) + advice_taken_by(in->x, CULPRIT_SOFTIRQ);

	if (irq <= in->x->wait / 3 || irq < LIVE_ADVICE_FROM)
		return false;
	out->because = xasprintf(
		"interrupts took %.0f of %.0f ms/s: keep them off its CPUs (/proc/irq/N/smp_affinity_list, irqbalance's IRQBALANCE_BANNED_CPULIST)",
		irq, in->x->wait);
	return true;
}

/* ---- pins */

struct idle_cpu {
	int cpu; /* -1: none is known */
	double idle;
};

/* Of those that it may use, or of the others. `isolated`: of those only, or of those not. */
static struct idle_cpu idlest(const struct advice_in *in, bool allowed, bool isolated)
{
	const struct live_view *v = in->view;
	struct idle_cpu best = {-1, -1};

	for (unsigned cpu = 0; cpu < v->n_cpus; cpu++)
		if (cpuset_has(in->x->allowed, cpu) == allowed &&
			cpuset_has(v->isolated, cpu) == isolated && !isnan(v->idle[cpu]) &&
			v->idle[cpu] > best.idle)
			best = (struct idle_cpu){(int)cpu, v->idle[cpu]};
	return best;
}

static const char *top_culprit(const struct advice_in *in)
{
	return in->x->n_who ? in->x->who[0].name : "others";
}

/* A CPU that it may use was free: what keeps it from there? Its only CPU is the one it waits for. */
static bool make_pin_free(const struct advice_in *in, struct advice *out)
{
	struct idle_cpu common = idlest(in, true, false), apart = idlest(in, true, true);

	if (cpuset_count(in->x->allowed) < 2 || !waits_for_others(in))
		return false;
	if (common.idle > ADVICE_FREE_FROM)
		out->because = xasprintf(
			"pin it to CPU %d: it may use it, and it idled %.0f ms/s, but the kernel leaves the vCPU where it waits (%.0f ms/s): waits too short for its balancing, or no balancing between these CPUs",
			common.cpu, common.idle, in->x->wait);
	else if (apart.idle > ADVICE_FREE_FROM)
		out->because = xasprintf(
			"pin it to CPU %d: it may use it, and it idled %.0f ms/s, but the CPU is isolated: the kernel moves no thread there by itself",
			apart.cpu, apart.idle);
	else
		return false;
	advice_pin_apart(in, out);
	return true;
}

/* A CPU that it may not use was free. `siblings`: it waits for vCPUs of its own VM. */
static bool make_elsewhere(const struct advice_in *in, struct advice *out, bool siblings)
{
	struct idle_cpu common = idlest(in, false, false), apart = idlest(in, false, true);
	const char *top = top_culprit(in);

	if (!waits_for_others(in) ||
		siblings != (advice_taken_by(in->x, CULPRIT_SIBLING) > in->x->wait / 3))
		return false;
	if (common.idle > ADVICE_FREE_FROM)
		out->because = xasprintf(
			"pin apart: it shares its CPUs with %s while CPU %d idled %.0f ms/s", top,
			common.cpu, common.idle);
	else if (apart.idle > ADVICE_FREE_FROM)
		out->because = xasprintf(
			"pin apart: it shares its CPUs with %s while CPU %d, which is isolated, idled %.0f ms/s: give it that CPU if it is meant for VMs",
			top, apart.cpu, apart.idle);
	else
		return false;
	advice_pin_apart(in, out);
	return true;
}

static bool make_pin_apart(const struct advice_in *in, struct advice *out)
{
	return make_elsewhere(in, out, true);
}

static bool make_move_away(const struct advice_in *in, struct advice *out)
{
	return make_elsewhere(in, out, false);
}

static bool make_spread(const struct advice_in *in, struct advice *out)
{
	double sibling = advice_taken_by(in->x, CULPRIT_SIBLING);

	if (sibling <= in->x->wait / 2 || !waits_for_others(in))
		return false;
	out->because = xasprintf(
		"spread its own vCPUs over more CPUs: they took %.0f of %.0f ms/s from each other",
		sibling, in->x->wait);
	advice_pin_apart(in, out);
	return true;
}

static bool make_unpin(const struct advice_in *in, struct advice *out)
{
	struct loads l;
	unsigned pinned = 0;

	/* A kernel that leaves it waiting beside a free CPU it may use would do no better with more. */
	if (cpuset_count(in->x->allowed) > 1 && idlest(in, true, false).idle > ADVICE_FREE_FROM)
		return false;
	if (!waits_for_others(in) || !loads_make(in, &l))
		return false;
	for (unsigned v = 0; v < l.n_vcpus; v++)
		pinned += !cpuset_subset(&l.usable, &in->present->pins[v]);
	if (pinned) {
		auto_free struct cpuset *at = xcalloc(l.n_vcpus, sizeof(*at));

		for (unsigned v = 0; v < l.n_vcpus; v++)
			at[v] = l.usable;
		out->because = xasprintf(
			"unpin it: %u of its %u vCPUs may not use all %u CPUs and wait %.0f ms/s at worst; the kernel may find better",
			pinned, l.n_vcpus, cpuset_count(&l.usable), in->x->wait);
		advice_place(in, &l, at, out);
	}
	loads_release(&l);
	return pinned;
}

/* Speed, not waiting: only a figure of one's own can tell. */
static bool make_off_sibling(const struct advice_in *in, struct advice *out)
{
	int own = cpuset_next(in->x->allowed, 0);
	const struct topo_cpu *c =
		in->topology && in->present && cpuset_count(in->x->allowed) == 1 && own >= 0
			? topology_cpu(in->topology, (unsigned)own)
			: NULL;
	int other = -1, to;

	if (!c || in->x->run < ADVICE_FREE_FROM || in->x->vcpu < 0)
		return false;
	cpuset_for_each (cpu, &c->siblings)
		if (cpu != own && (unsigned)cpu < in->view->n_cpus &&
			in->view->idle[cpu] < ADVICE_FREE_FROM)
			other = cpu;
	to = other < 0 ? -1 : advice_idle_core(in);
	if (to < 0)
		return false;
	out->because = xasprintf(
		"move it off the core that it shares: CPU %d, the other thread of its core, idled %.0f ms/s only while the whole core of CPU %d was free (speed, not waiting: --measure tells)",
		other, in->view->idle[other], to);
	advice_wait(in, out);
	advice_change(out, xasprintf("vcpupin.%d", in->x->vcpu), cpuset_text(in->x->allowed),
		xasprintf("%d", to));
	return true;
}

static bool make_one_node(const struct advice_in *in, struct advice *out)
{
	return advice_into_one_place(in, out);
}

/* ---- raise-weight */

static char *no_room(const struct advice_in *in)
{
	struct idle_cpu a = idlest(in, true, false), b = idlest(in, true, true);
	struct idle_cpu best = a.idle > b.idle ? a : b;

	if (best.cpu < 0)
		return xstrdup("how much its CPUs idle is not known");
	if (cpuset_count(in->x->allowed) == 1)
		return xasprintf("CPU %d is the only one it may use", best.cpu);
	return xasprintf("the idlest CPU it may use, %d, idled %.0f ms/s", best.cpu, best.idle);
}

/* libvirt's shares are a VM's weight among the VMs, below one cgroup of theirs: against what runs outside of it they do nothing.
 * Seen: shares 1024 and 8192 beside a process of the root group, half of the CPU in both. */
static bool make_raise_weight(const struct advice_in *in, struct advice *out)
{
	const struct advice_present *p = in->present;
	auto_free char *room = no_room(in);
	double vms = advice_taken_by(in->x, CULPRIT_VM) + advice_taken_by(in->x, CULPRIT_VM_THREAD);
	bool among_vms = vms > in->x->wait / 2;
	struct loads l;
	uint64_t want;

	if ((p && !among_vms) || !waits_for_others(in))
		return false;
	out->because = xasprintf(
		among_vms
			? "raise its shares above those of %s, or move one of them to another host: no CPU it may use is free (%s)"
			: "move %s or it to another host, or make that one nicer (shares count among VMs only): no CPU it may use is free (%s)",
		top_culprit(in), room);
	advice_wait(in, out);
	if (!p || !p->shares || !loads_make(in, &l))
		return true;
	want = MIN(p->shares * WEIGHT_TIMES, (uint64_t)SHARES_MAX);
	if (want > p->shares) {
		advice_change(out, xstrdup("schedinfo.cpu_shares"),
			xasprintf("%llu", (unsigned long long)p->shares),
			xasprintf("%llu", (unsigned long long)want));
		/* Against what the formula says of the present weight: a weight moves nothing. */
		out->then = out->wait -
			    fmin(1, vms / in->x->wait) * out->wait *
				    fmax(0, 1 - loads_wait_at(&l, l.now,
							(double)want / (double)p->shares) /
							    fmax(1, loads_wait_at(&l, l.now, 1)));
		out->pays = xasprintf("%s, by as much", top_culprit(in));
	}
	loads_release(&l);
	return true;
}

static bool make_nothing(const struct advice_in *in, struct advice *out)
{
	advice_wait(in, out);
	out->then = out->wait;
	out->because =
		in->x->wait < LIVE_ADVICE_FROM
			? xasprintf("nothing to gain: no vCPU of it waits %d ms/s (%.1f at worst)",
				  LIVE_ADVICE_FROM, in->x->wait)
			: xasprintf("do nothing: its worst vCPU goes on waiting %.0f ms/s",
				  in->x->wait);
	return true;
}

const struct advice_row advice_rows[] = {
	{"lift-quota", "lift its quota", "the quota again", ADVICE_LINE | ADVICE_POLICY,
		make_lift_quota},
	{"longer-period", "lengthen its quota's period", "quota and period again", ADVICE_POLICY,
		make_longer_period},
	{"move-emulator", "move its emulator and I/O threads off its CPUs",
		"emulatorpin and iothreadpin again", ADVICE_LINE, make_move_emulator},
	{"waking-up", "waking up is what costs", "", ADVICE_LINE | ADVICE_SAID, make_waking_up},
	{"pin-free", "pin it to the free CPU that it may use already", "vcpupin again", ADVICE_LINE,
		make_pin_free},
	{"pin-apart", "pin its vCPUs apart", "vcpupin again", ADVICE_LINE, make_pin_apart},
	{"move-away", "move it away from the busy CPU", "vcpupin again", ADVICE_LINE,
		make_move_away},
	{"spread", "spread its vCPUs over more CPUs", "vcpupin again", ADVICE_LINE, make_spread},
	{"raise-weight", "raise its weight", "cpu_shares again", ADVICE_LINE, make_raise_weight},
	{"unpin", "let the kernel place it", "vcpupin again", 0, make_unpin},
	{"off-sibling", "a core of its own", "vcpupin again", 0, make_off_sibling},
	{"one-place", "into one node or last-level cache, with its memory",
		"vcpupin and numatune again", 0, make_one_node},
	{"own-hypervisor", "the box is held back itself", "", ADVICE_SAID, make_own_hypervisor},
	{"host-policy", "interrupts elsewhere", "", ADVICE_SAID, make_host_policy},
	{"nothing", "do nothing", "", ADVICE_SAID | ADVICE_AGAINST_ITSELF, make_nothing},
};
const size_t n_advice_rows = ARRAY_SIZE(advice_rows);
