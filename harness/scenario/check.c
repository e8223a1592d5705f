// SPDX-License-Identifier: GPL-3.0-or-later
// What can be wrong with a configuration on any box: keys that contradict each other, names that
// meet, references to nothing.
#include <string.h>

#include "scenario/build.h"
#include "scenario/near.h"

static void check_played(
	const struct exp_config *c, const struct exp_noise *n, struct scenario_msgs *msgs)
{
	const struct exp_stalls *s = &n->stalls;

	if (!n->beside[0])
		SAY_OF(c, msgs, n->pos,
			"noise kind=\"stalls\" needs a victim; write beside=\"...\", the name of a guest");
	if (!s->trace[0] == !s->rate_ns)
		SAY_OF(c, msgs, n->pos,
			"stalls are played from trace=\"FILE\" or made at rate=\"45ms/s\"; write one of the two");
	if (s->speed <= 0 || s->scale <= 0)
		SAY_OF(c, msgs, n->pos, "speed and scale are above 0; 1 is as recorded");
	if (s->correlation >= 1)
		SAY_OF(c, msgs, n->pos, "correlation is below 1; write e.g. 0.9");
	if (n->threads != 1)
		SAY_OF(c, msgs, n->pos,
			"stalls have a thread for each CPU of the victim; leave threads out");
	if (n->limits.shares || n->limits.quota_ns)
		SAY_OF(c, msgs, n->pos,
			"shares and quota do not hold real-time threads; write scale=\"0.5\" for half of the stalls");
	for (const char *p = s->map; *p;) {
		unsigned from, to;
		int len = 0;

		if (sscanf(p, " %5u:%2u%n", &from, &to, &len) != 2 || !len) {
			SAY_OF(c, msgs, n->pos,
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
		SAY_OF(c, msgs, n->pos, "noise kind=\"%s\" needs args=\"...\"; as \"%s\"",
			kind->name, kind->example);
	if (n->placement == PLACE_SIBLINGS || n->placement == PLACE_NODE ||
		n->placement == PLACE_REMOTE || n->placement == PLACE_LLC)
		SAY_OF(c, msgs, n->pos,
			"placement=\"%s\" is for guests; a noise is float, pinned, stacked or spread, beside= or away= from a guest",
			word_of(&words_placement, n->placement));
	if (n->limits.quota_ns > n->limits.period_ns * n->threads)
		SAY_OF(c, msgs, n->pos,
			"the quota is more than its threads can use in a period; write less");
	if (kind->traits & NOISE_IS_PLAYED)
		check_played(c, n, msgs);
	if (n->stop_ns && n->stop_ns <= n->start_ns)
		SAY_OF(c, msgs, n->pos, "it stops before it starts; write a stop after its start");
	if (n->start_ns >= c->duration_ns)
		SAY_OF(c, msgs, n->pos,
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
		SAY_OF(c, msgs, pos, "both beside and away; use one");
	if (has_cpus)
		SAY_OF(c, msgs, pos, "both cpus and %s; use one", beside[0] ? "beside" : "away");
	for (size_t i = 0; i < c->n_guests; i++) {
		const struct exp_guest *g = &c->guests[i];

		near_try(&near, g->name);
		if (strcmp(g->name, name) != 0)
			continue;
		if (!strcmp(name, self))
			SAY_OF(c, msgs, pos, "'%s' cannot be beside or away from itself", name);
		else if (g->beside[0] || g->away[0])
			SAY_OF(c, msgs, pos,
				"guest '%s' is itself placed beside or away from another; refer to that one",
				name);
		return;
	}
	SAY_OF(c, msgs, pos, "%s=\"%s\": there is no such guest%s", beside[0] ? "beside" : "away",
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
				SAY_OF(c, msgs, c->guests[i].pos,
					"the name '%s' is used twice; give it another",
					c->guests[i].name);
		for (size_t j = 0; j < c->n_noises; j++)
			if (names_meet(&c->guests[i], c->noises[j].name) && c->noises[j].name[0])
				SAY_OF(c, msgs, c->noises[j].pos,
					"the name '%s' is used twice; give it another",
					c->noises[j].name);
	}
	for (size_t i = 0; i < c->n_noises; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(c->noises[i].name, c->noises[j].name) && c->noises[i].name[0])
				SAY_OF(c, msgs, c->noises[i].pos,
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
		SAY_OF(c, msgs, c->lab.pos,
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
			SAY_OF(c, msgs, g->pos,
				"a second count or vcpus says auto; only one of them can follow the overcommit");
		first_auto = g;
	}
	for (size_t i = 0; i < c->n_noises; i++)
		threads += c->noises[i].threads;
	if (!victims)
		SAY_OF(c, msgs, c->pos, "no guest to measure; write <guest name=\"victim\"/>");
	if (total > EXP_MAX_GUESTS)
		SAY_OF(c, msgs, c->pos, "%u guests; at most %d run at once", total, EXP_MAX_GUESTS);
	if (c->n_noises > EXP_MAX_NOISES || threads > 1024)
		SAY_OF(c, msgs, c->pos,
			"%zu noises with %u threads; at most %d with 1024 run at once", c->n_noises,
			threads, EXP_MAX_NOISES);
	if (first_auto && c->lab.overcommit <= 0)
		SAY_OF(c, msgs, first_auto->pos,
			"count or vcpus auto follows <lab overcommit>; set that, as overcommit=\"2.5\"");
	if (first_auto && !c->lab.cpus.min && cpuset_empty(&c->lab.cpuset))
		SAY_OF(c, msgs, first_auto->pos,
			"count or vcpus auto needs to know the CPUs; set <lab cpus=\"2\"> or a range as 2..4");
	if (first_auto && c->lab.overcommit > 0)
		check_overcommit(c, first_auto, msgs);
	if (!first_auto && c->lab.overcommit > 0 &&
		(c->lab.cpus.min || !cpuset_empty(&c->lab.cpuset)))
		SAY_OF(c, msgs, c->lab.pos,
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
		SAY_OF(c, msgs, c->lab.pos,
			"both cpuset and cpus, node or llc; leave those out, the cpuset says which CPUs");
	check_names(c, msgs);
	check_measures(c, msgs);
	check_counts(c, msgs);
}
