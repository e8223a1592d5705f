// SPDX-License-Identifier: GPL-3.0-or-later
// What can be wrong with a configuration on any box: keys that contradict each other, names that
// meet, references to nothing.
#include <string.h>

#include "abi/guest_shm.h"
#include "scenario/build.h"
#include "scenario/near.h"

#define SAY(c, msgs, pos, ...)                                                                     \
	scenario_msgs_add(msgs, BLAME_SCENARIO, pos,                                               \
		strcmp((c)->variant, "base") != 0 ? (c)->variant : NULL, __VA_ARGS__)
#define MIB (UINT64_C(1) << 20)

/* The vCPUs a probe runs on; of a number not known yet, two. */
static struct shm_vcpus probe_vcpus(const struct exp_guest *g, const struct exp_probe *p)
{
	return p->vcpus.open ? exp_vcpus_of(&p->vcpus, g->vcpus == EXP_AUTO ? 2 : g->vcpus)
			     : p->vcpus.set;
}

static void check_probe(const struct exp_config *c, const struct exp_guest *g,
	const struct exp_probe *p, struct scenario_msgs *msgs)
{
	const char *name = word_of(&words_probe, p->kind);
	const struct shm_vcpus on = probe_vcpus(g, p);
	unsigned n = shm_vcpus_count(&on, SHM_MAX_VCPUS);

	if (g->vcpus != EXP_AUTO && shm_vcpus_count(&on, g->vcpus) != n)
		SAY(c, msgs, p->pos,
			"<%s vcpus> names a vCPU that guest '%s' does not have; it has 0 to %u",
			name, g->name, g->vcpus - 1);
	if (p->kind == PROBE_LOCK && n < 2)
		SAY(c, msgs, p->pos,
			"the lock probe needs two vCPUs to share a lock; set vcpus=\"2\" or more");
	if (p->kind == PROBE_MEMORY && g->kind != GUEST_NATIVE &&
		p->bytes * n > g->memory_bytes / 2)
		SAY(c, msgs, p->pos,
			"<memory size> of all its vCPUs is more than half of the guest's memory; give the guest more memory, or walk over less");
	if (p->kind == PROBE_JOB && p->command[0] && g->kind == GUEST_METAL)
		SAY(c, msgs, p->pos,
			"a metal guest runs no programs; use kind=\"linux\", or leave command out");
	if (g->kind == GUEST_METAL &&
		(p->timer_policy || p->priority || p->slack_ns || p->relative || p->affinity ||
			p->barrier || p->lock_kind))
		SAY(c, msgs, p->pos,
			"a metal guest has no scheduler: policy, priority, slack, sleep, affinity, barrier and type=\"mutex\" need kind=\"linux\" or \"native\"");
	if (p->kind == PROBE_TIMER && p->priority && p->timer_policy != SHM_POLICY_FIFO &&
		p->timer_policy != SHM_POLICY_RR)
		SAY(c, msgs, p->pos,
			"<timer priority> without a real-time policy; set policy=\"fifo\" or \"rr\"");
	if (p->barrier && p->command[0])
		SAY(c, msgs, p->pos, "<job barrier> is for the loop; leave barrier or command out");
	if (p->kind == PROBE_STEAL && g->kind == GUEST_NATIVE)
		SAY(c, msgs, p->pos, "a native guest has no steal counter; remove <steal>");
	if (p->period_ns > c->duration_ns)
		SAY(c, msgs, p->pos,
			"<%s period> is longer than the measurement; shorten it or set a longer duration",
			name);
}

static void check_probes(
	const struct exp_config *c, const struct exp_guest *g, struct scenario_msgs *msgs)
{
	struct shm_vcpus busy = {{0}};

	for (size_t i = 0; i < g->n_probes; i++) {
		const struct exp_probe *p = &g->probes[i];
		const struct shm_vcpus on = probe_vcpus(g, p);
		bool twice = false;

		check_probe(c, g, p, msgs);
		if (p->kind == PROBE_TIMER || p->kind == PROBE_STEAL)
			continue;
		for (unsigned v = 0; v < SHM_MAX_VCPUS; v++) {
			twice |= shm_vcpus_has(&busy, v) && shm_vcpus_has(&on, v);
			if (shm_vcpus_has(&on, v))
				shm_vcpus_add(&busy, v);
		}
		if (twice)
			SAY(c, msgs, p->pos,
				"two of gap, job, lock, memory on one vCPU of guest '%s'; give them different vcpus=",
				g->name);
	}
	if (!g->n_probes && !guest_is_outside(g))
		SAY(c, msgs, g->pos, "guest '%s' has no probe left; keep one", g->name);
}

static void check_guest_memory(
	const struct exp_config *c, const struct exp_guest *g, struct scenario_msgs *msgs)
{
	if (g->kind == GUEST_LINUX && g->memory_bytes < 96 * MIB)
		SAY(c, msgs, g->pos,
			"a Linux guest needs 96MiB of memory at least; 256MiB is the default");
	if (g->memory_bytes % MIB)
		SAY(c, msgs, g->pos, "memory must be a whole number of MiB; write as 64MiB");
	if (!g->hugepage_bytes)
		return;
	if (g->hugepage_bytes != 2 * MIB && g->hugepage_bytes != 1024 * MIB)
		SAY(c, msgs, g->pos, "huge pages have 2MiB or 1GiB; write one of these");
	else if (g->memory_bytes % g->hugepage_bytes)
		SAY(c, msgs, g->pos, "memory must be a multiple of the huge page size");
}

/* "KEY VALUE; KEY VALUE": what a key may be; values are libvirt's and the kernel's to judge. */
static void check_tune(
	const struct exp_config *c, const struct exp_guest *g, struct scenario_msgs *msgs)
{
	static const char *const keys[] = {"vcpupin.", "iothreadpin.", "policy.", "emulatorpin ",
		"schedinfo.cpu_shares ", "schedinfo.vcpu_quota ", "schedinfo.vcpu_period ",
		"numatune.nodeset "};
	const char *p = g->tune;

	while (*p) {
		size_t len = strcspn(p, ";"), key, k = 0;

		for (; *p == ' '; len--)
			p++;
		key = strcspn(p, " ");
		while (k < ARRAY_SIZE(keys) && strncmp(p, keys[k], strlen(keys[k])) != 0)
			k++;
		if (len && (k == ARRAY_SIZE(keys) || key + 1 >= len))
			SAY(c, msgs, g->pos,
				"tune=\"%s\": '%.*s' is not KEY VALUE; write as \"vcpupin.0 1; emulatorpin 2-3\"",
				g->tune, (int)MIN(len, (size_t)60), p);
		p += len;
		p += *p == ';';
	}
	if (*g->tune && g->use == USE_COPY)
		SAY(c, msgs, g->pos,
			"tune= changes a domain that runs; leave use=\"copy\" or tune out");
}

static void check_domain(
	const struct exp_config *c, const struct exp_guest *g, struct scenario_msgs *msgs)
{
	if (!g->domain[0])
		SAY(c, msgs, g->pos,
			"kind=\"domain\" without domain=; write the name that `virsh list --all` shows");
	check_tune(c, g, msgs);
	if (g->n_probes)
		SAY(c, msgs, g->probes[0].pos,
			"a domain that exists has no agent in it: <%s> cannot run there; remove it",
			word_of(&words_probe, g->probes[0].kind));
	for (size_t i = 0; i < c->n_guests; i++) {
		const struct exp_guest *other = &c->guests[i];

		if (other == g)
			break;
		if (other->kind == GUEST_DOMAIN && !strcmp(other->domain, g->domain) &&
			(g->use != USE_COPY && other->use != USE_COPY))
			SAY(c, msgs, g->pos,
				"domain '%s' is guest '%s' already; name it once, or use=\"copy\"",
				g->domain, other->name);
	}
}

static void check_guest(
	const struct exp_config *c, const struct exp_guest *g, struct scenario_msgs *msgs)
{
	if (g->priority && g->policy == SCHED_AS_IS)
		SAY(c, msgs, g->pos,
			"priority without a real-time policy; set policy=\"fifo\" or \"rr\"");
	if (g->limits.quota_ns > g->limits.period_ns)
		SAY(c, msgs, g->pos,
			"a quota longer than its period is no limit for one vCPU; write at most the period");
	if (g->node != EXP_AUTO && g->placement != PLACE_NODE && g->placement != PLACE_REMOTE)
		SAY(c, msgs, g->pos, "node= needs placement=\"node\" or \"remote\"");
	if (g->memory_node != EXP_AUTO && g->placement != PLACE_REMOTE)
		SAY(c, msgs, g->pos, "memory-node= needs placement=\"remote\"");
	if (g->placement == PLACE_REMOTE && g->node != EXP_AUTO && g->node == g->memory_node)
		SAY(c, msgs, g->pos,
			"node and memory-node are the same, which is not remote; name two nodes");
	if (g->kind == GUEST_NATIVE && g->placement == PLACE_REMOTE)
		SAY(c, msgs, g->pos,
			"placement=\"remote\" is for virtual machines; use node for a native guest");
	if (g->placement == PLACE_SIBLINGS && g->vcpus < 2)
		SAY(c, msgs, g->pos, "placement=\"siblings\" needs at least 2 vCPUs");
	for (size_t i = 0; i < g->n_files; i++)
		if (g->kind == GUEST_METAL || (g->kind == GUEST_NATIVE && g->files[i].target[0]))
			SAY(c, msgs, g->files[i].pos,
				g->kind == GUEST_METAL
					? "<file> is for Linux guests; set kind=\"linux\" or remove it"
					: "a native guest uses the host's files where they are; leave target out");
	if (g->kind == GUEST_DOMAIN) {
		check_domain(c, g, msgs);
		return;
	}
	check_guest_memory(c, g, msgs);
	if (g->kind == GUEST_DISK)
		check_disk(c, g, msgs);
	check_probes(c, g, msgs);
}

static void check_played(
	const struct exp_config *c, const struct exp_noise *n, struct scenario_msgs *msgs)
{
	const struct exp_stalls *s = &n->stalls;

	if (!n->beside[0])
		SAY(c, msgs, n->pos,
			"noise kind=\"stalls\" needs a victim; write beside=\"...\", the name of a guest");
	if (!s->trace[0] == !s->rate_ns)
		SAY(c, msgs, n->pos,
			"stalls are played from trace=\"FILE\" or made at rate=\"45ms/s\"; write one of the two");
	if (s->speed <= 0 || s->scale <= 0)
		SAY(c, msgs, n->pos, "speed and scale are above 0; 1 is as recorded");
	if (s->correlation >= 1)
		SAY(c, msgs, n->pos, "correlation is below 1; write e.g. 0.9");
	if (n->threads != 1)
		SAY(c, msgs, n->pos,
			"stalls have a thread for each CPU of the victim; leave threads out");
	if (n->limits.shares || n->limits.quota_ns)
		SAY(c, msgs, n->pos,
			"shares and quota do not hold real-time threads; write scale=\"0.5\" for half of the stalls");
	for (const char *p = s->map; *p;) {
		unsigned from, to;
		int len = 0;

		if (sscanf(p, " %5u:%2u%n", &from, &to, &len) != 2 || !len) {
			SAY(c, msgs, n->pos,
				"map '%s' is no list of recorded CPU:vCPU; write e.g. \"3:0 7:1\"",
				s->map);
			return;
		}
		p += len;
		p += strspn(p, " ");
	}
}

static void check_noise(
	const struct exp_config *c, const struct exp_noise *n, struct scenario_msgs *msgs)
{
	const struct kind *kind = kind_of(&words_noise_kind, n->kind);

	if (kind->traits & NOISE_TAKES_ARGS && !n->args[0])
		SAY(c, msgs, n->pos, "noise kind=\"%s\" needs args=\"...\"; as \"%s\"", kind->name,
			kind->example);
	if (n->placement == PLACE_SIBLINGS || n->placement == PLACE_NODE ||
		n->placement == PLACE_REMOTE || n->placement == PLACE_LLC)
		SAY(c, msgs, n->pos,
			"placement=\"%s\" is for guests; a noise is float, pinned, stacked or spread, beside= or away= from a guest",
			word_of(&words_placement, n->placement));
	if (n->limits.quota_ns > n->limits.period_ns * n->threads)
		SAY(c, msgs, n->pos,
			"the quota is more than its threads can use in a period; write less");
	if (kind->traits & NOISE_IS_PLAYED)
		check_played(c, n, msgs);
	if (n->stop_ns && n->stop_ns <= n->start_ns)
		SAY(c, msgs, n->pos, "it stops before it starts; write a stop after its start");
	if (n->start_ns >= c->duration_ns)
		SAY(c, msgs, n->pos,
			"it starts when the measurement has ended; start earlier or set a longer duration");
}

/* `beside` and `away`: the guest exists, is another one, and is placed by itself. */
static void check_reference(const struct exp_config *c, const char *self, const char *beside,
	const char *away, bool has_cpus, struct scenario_pos pos, struct scenario_msgs *msgs)
{
	const char *name = beside[0] ? beside : away;
	struct near near = {.word = name};
	char hint[96];

	if (!name[0])
		return;
	if (beside[0] && away[0])
		SAY(c, msgs, pos, "both beside and away; use one");
	if (has_cpus)
		SAY(c, msgs, pos, "both cpus and %s; use one", beside[0] ? "beside" : "away");
	for (size_t i = 0; i < c->n_guests; i++) {
		const struct exp_guest *g = &c->guests[i];

		near_try(&near, g->name);
		if (strcmp(g->name, name) != 0)
			continue;
		if (!strcmp(name, self))
			SAY(c, msgs, pos, "'%s' cannot be beside or away from itself", name);
		else if (g->beside[0] || g->away[0])
			SAY(c, msgs, pos,
				"guest '%s' is itself placed beside or away from another; refer to that one",
				name);
		return;
	}
	SAY(c, msgs, pos, "%s=\"%s\": there is no such guest%s", beside[0] ? "beside" : "away",
		name, near.best ? near_hint(&near, hint) : "; use the name= of one in the file");
}

/* Copies are numbered, so "a" x 2 and "a-1" meet. */
static bool names_meet(const struct exp_guest *g, const char *name)
{
	char copy[80];

	if (!strcmp(g->name, name))
		return true;
	if (g->count == 1 || strncmp(g->name, name, strlen(g->name)) != 0)
		return false;
	for (unsigned i = 0; i < MIN(g->count, (unsigned)EXP_MAX_GUESTS); i++) {
		snprintf(copy, sizeof(copy), "%s-%u", g->name, i);
		if (!strcmp(copy, name))
			return true;
	}
	return false;
}

static void check_names(const struct exp_config *c, struct scenario_msgs *msgs)
{
	for (size_t i = 0; i < c->n_guests; i++) {
		for (size_t j = 0; j < c->n_guests; j++)
			if (j != i &&
				(j < i || strcmp(c->guests[i].name, c->guests[j].name) != 0) &&
				names_meet(&c->guests[j], c->guests[i].name) &&
				c->guests[i].name[0])
				SAY(c, msgs, c->guests[i].pos,
					"the name '%s' is used twice; give it another",
					c->guests[i].name);
		for (size_t j = 0; j < c->n_noises; j++)
			if (names_meet(&c->guests[i], c->noises[j].name) && c->noises[j].name[0])
				SAY(c, msgs, c->noises[j].pos,
					"the name '%s' is used twice; give it another",
					c->noises[j].name);
	}
	for (size_t i = 0; i < c->n_noises; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(c->noises[i].name, c->noises[j].name) && c->noises[i].name[0])
				SAY(c, msgs, c->noises[i].pos,
					"the name '%s' is used twice; give it another",
					c->noises[i].name);
}

/* Where the number of CPUs does not depend on the box, what the guests with a number of their own
 * make of the overcommit does not either. */
static void check_overcommit(
	const struct exp_config *c, const struct exp_guest *follows, struct scenario_msgs *msgs)
{
	unsigned cpus =
		cpuset_empty(&c->lab.cpuset) ? c->lab.cpus.max : cpuset_count(&c->lab.cpuset);
	unsigned fixed = 0;

	if (cpuset_empty(&c->lab.cpuset) && c->lab.cpus.min != c->lab.cpus.max)
		return;
	for (size_t i = 0; i < c->n_guests; i++)
		if (&c->guests[i] != follows)
			fixed += c->guests[i].count * c->guests[i].vcpus;
	if (fixed > c->lab.overcommit * cpus * 1.01)
		SAY(c, msgs, c->lab.pos,
			"overcommit %.3g on %u CPU%s cannot be had: guests with a count of their own make it %.3g already; ask for more CPUs or a higher overcommit",
			c->lab.overcommit, cpus, cpus == 1 ? "" : "s", (double)fixed / cpus);
}

static void check_counts(const struct exp_config *c, struct scenario_msgs *msgs)
{
	const struct exp_guest *first_auto = NULL;
	unsigned total = 0, victims = 0, threads = 0;

	for (size_t i = 0; i < c->n_guests; i++) {
		const struct exp_guest *g = &c->guests[i];
		unsigned n = g->count == EXP_AUTO ? 1 : g->count;

		total += n;
		victims += g->is_noise ? 0 : n;
		if (g->count != EXP_AUTO && g->vcpus != EXP_AUTO)
			continue;
		if (first_auto || (g->vcpus == EXP_AUTO && g->count != 1))
			SAY(c, msgs, g->pos,
				"a second count or vcpus says auto; only one of them can follow the overcommit");
		first_auto = g;
	}
	for (size_t i = 0; i < c->n_noises; i++)
		threads += c->noises[i].threads;
	if (!victims)
		SAY(c, msgs, c->pos, "no guest to measure; write <guest name=\"victim\"/>");
	if (total > EXP_MAX_GUESTS)
		SAY(c, msgs, c->pos, "%u guests; at most %d run at once", total, EXP_MAX_GUESTS);
	if (c->n_noises > EXP_MAX_NOISES || threads > 1024)
		SAY(c, msgs, c->pos, "%zu noises with %u threads; at most %d with 1024 run at once",
			c->n_noises, threads, EXP_MAX_NOISES);
	if (first_auto && c->lab.overcommit <= 0)
		SAY(c, msgs, first_auto->pos,
			"count or vcpus auto follows <lab overcommit>; set that, as overcommit=\"2.5\"");
	if (first_auto && !c->lab.cpus.min && cpuset_empty(&c->lab.cpuset))
		SAY(c, msgs, first_auto->pos,
			"count or vcpus auto needs to know the CPUs; set <lab cpus=\"2\"> or a range as 2..4");
	if (first_auto && c->lab.overcommit > 0)
		check_overcommit(c, first_auto, msgs);
	if (!first_auto && c->lab.overcommit > 0 &&
		(c->lab.cpus.min || !cpuset_empty(&c->lab.cpuset)))
		SAY(c, msgs, c->lab.pos,
			"CPUs and overcommit are both given, but no guest says auto in its count or vcpus; leave one out or let one follow");
}

void check_config(const struct exp_config *c, struct scenario_msgs *msgs)
{
	for (size_t i = 0; i < c->n_guests; i++) {
		const struct exp_guest *g = &c->guests[i];

		if (g->broken)
			continue;
		check_guest(c, g, msgs);
		check_reference(
			c, g->name, g->beside, g->away, !cpuset_empty(&g->cpus), g->pos, msgs);
	}
	for (size_t i = 0; i < c->n_noises; i++) {
		const struct exp_noise *n = &c->noises[i];

		if (n->broken)
			continue;
		check_noise(c, n, msgs);
		check_reference(
			c, n->name, n->beside, n->away, !cpuset_empty(&n->cpus), n->pos, msgs);
	}
	if (!cpuset_empty(&c->lab.cpuset) &&
		(c->lab.cpus.min || c->lab.node != EXP_AUTO || c->lab.llc != EXP_AUTO))
		SAY(c, msgs, c->lab.pos,
			"both cpuset and cpus, node or llc; leave those out, the cpuset says which CPUs");
	check_names(c, msgs);
	check_measures(c, msgs);
	check_counts(c, msgs);
}
