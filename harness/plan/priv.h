/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the planner's files share. Inside plan/ only. */
#ifndef SS_PLAN_PRIV_H
#define SS_PLAN_PRIV_H

#include <string.h>

#include "plan/plan_make.h"

/* One configuration being planned. */
struct planning {
	const struct experiment *x;
	const struct exp_config *c;
	const struct topology *t;
	struct scenario_msgs *msgs;
	struct plan *plan;
	struct cpuset lab;
	unsigned auto_count;	   /* what count="auto" came to */
	unsigned load[CPUSET_MAX]; /* vCPUs placed on that CPU alone */
	/* vCPUs placed alone on a CPU of that core, of that node (by index, the last for CPUs in
	 * none), under that last-level cache (by the lowest CPU that has it). */
	unsigned core_load[CPUSET_MAX], node_load[TOPO_MAX_NODES + 1], llc_load[CPUSET_MAX];
	struct cpuset *guest_cpus; /* by index of c->guests: the union of its vCPUs' CPUs */
	size_t *first, *count;	   /* by index of c->guests: its copies in plan->guests */
	bool apart; /* of the guest element being placed: it was noted that its vCPUs lie apart */
	bool failed;
};

#define PLAN_REFUSE(p, pos, ...)                                                                   \
	do {                                                                                       \
		(p)->failed = true;                                                                \
		scenario_msgs_add((p)->msgs, BLAME_HOST, pos, plan_variant(p), __VA_ARGS__);       \
	} while (0)

static inline const char *plan_variant(const struct planning *p)
{
	return strcmp(p->c->name, "base") ? p->c->name : "";
}

/* Refuse `cpus` that are not online or that this process may not use; `who` asks for them. True
 * when all are there. */
bool plan_cpus_are_there(struct planning *p, const char *who, const struct cpuset *cpus,
	const char *what_for, struct scenario_pos pos);
/* Why there are no more: " (limited by the cpuset /a)", "" when nothing limits. Borrowed. */
const char *plan_limit_text(const struct planning *p, char buf[512]);

/* plan_xen.c: refuse what Xen has not, and put in what is different there. */
void plan_xen(struct planning *p);

/* Choose the lab's and the housekeeping CPUs and find auto_count. False with a message. */
bool plan_lab(struct planning *p);
/* plan_take.c: take `n` of `from`, which has as many, into the lab: as near to each other as can
 * be, first threads of cores before their siblings (`whole`: all threads of a core together). */
void plan_take(struct planning *p, const struct cpuset *from, unsigned n, bool whole);
/* Take them evenly from the `n_llc` last-level caches that `from` lies under. */
void plan_take_evenly(
	struct planning *p, const struct cpuset *from, unsigned n, bool whole, unsigned n_llc);
/* The CPUs of `n_llc` last-level caches among `all`, each with room for `each` where there are
 * such; empty when there are fewer caches. */
struct cpuset plan_choose_llcs(
	struct planning *p, const struct cpuset *all, unsigned n_llc, unsigned each);
/* The CPUs that `smt` allows among `all`. */
struct cpuset plan_usable(const struct planning *p, const struct cpuset *all);
/* CPUs for the harness and the emulators: off the lab's cores, near its nodes, where there are
 * any. */
void plan_housekeeping(struct planning *p);
/* Guests, then noises, on the lab CPUs. False with a message. */
bool plan_place_guests(struct planning *p);
bool plan_place_noises(struct planning *p);
/* Memory and huge pages against the box. */
bool plan_check_memory(struct planning *p);

/* plan_stalls.c: what noise `noise` plays to whom, once guests are placed; refuses a victim that floats. */
void plan_stalls(struct planning *p, size_t noise);
void plan_add_stalls(struct strbuf *f, const struct plan_noise *n);

/* plan_measure.c */
void plan_measures(struct planning *p);
void plan_print_measures(const struct plan *p, FILE *f);

/* The lab CPUs that something may use: its own list, or beside/away from a guest. False with a
 * message. */
bool plan_base_cpus(struct planning *p, const char *name, const struct cpuset *cpus,
	const char *beside, const char *away, struct scenario_pos pos, struct cpuset *out);
/* The CPU of `among` with the fewest vCPUs of its own, then the quietest core, node and cache; -1
 * if empty. */
int plan_quietest(const struct planning *p, const struct cpuset *among);

/* Threads of one core within `among`. */
struct cpuset plan_core_of(const struct topology *t, unsigned cpu, const struct cpuset *among);
/* Node index of a CPU; n_nodes when it is in none. */
size_t plan_node_of(const struct topology *t, unsigned cpu);
/* All CPUs of a node (by index; n_nodes: those in none) within `among`. */
struct cpuset plan_node_cpus(const struct topology *t, size_t node, const struct cpuset *among);
/* Those of `among` that share the last-level cache with `cpu`; where that is not known, those of
 * its node that are like it. */
struct cpuset plan_llc_cpus(const struct topology *t, unsigned cpu, const struct cpuset *among);
/* Over how many last-level caches, or nodes, `cpus` lie (those not known: 0). */
unsigned plan_count_llcs(const struct topology *t, const struct cpuset *cpus);
unsigned plan_count_nodes(const struct topology *t, const struct cpuset *cpus);

/* plan_pinned.c: every vCPU on a core of its own, under one last-level cache if one has room, else
 * on one node. False with a message. */
bool plan_place_pinned(struct planning *p, const struct exp_guest *e, const struct cpuset *base,
	struct plan_guest *g);
/* Whether the node (by index) has memory that this process may use, or may have. */
bool plan_gives_memory(const struct planning *p, size_t node);
/* plan_node.c: floating over one node, memory strictly there or on another. False with a message. */
bool plan_place_on_node(struct planning *p, const struct exp_guest *e, const struct cpuset *base,
	struct plan_guest *g);
/* plan_node.c: floating under the last-level cache that has most CPUs a vCPU. False with a message. */
bool plan_place_on_llc(struct planning *p, const struct exp_guest *e, const struct cpuset *base,
	struct plan_guest *g);
/* A note, where the vCPUs of a pinned guest lie further apart. */
void plan_note_pinned(struct planning *p, const struct exp_guest *e, const struct cpuset *cpus);
/* Give a vCPU one CPU. */
void plan_put(struct planning *p, struct plan_guest *g, unsigned vcpu, int cpu);

/* "CPU 3" or "CPUs 0-3,8" in a buffer of 256 bytes (cut behind a number, with "...", when
 * longer). */
char *plan_cpus_text(const struct cpuset *s, char buf[256]);

#endif
