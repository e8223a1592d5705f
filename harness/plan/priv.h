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
	struct cpuset *guest_cpus; /* by index of c->guests: the union of its vCPUs' CPUs */
	size_t *first, *count;	   /* by index of c->guests: its copies in plan->guests */
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

/* Choose the lab's and the housekeeping CPUs and find auto_count. False with a message. */
bool plan_lab(struct planning *p);
/* CPUs for the harness and the emulators: off the lab's cores, near its nodes, where there are any.
 */
void plan_housekeeping(struct planning *p);
/* Guests, then noises, on the lab CPUs. False with a message. */
bool plan_place_guests(struct planning *p);
bool plan_place_noises(struct planning *p);
/* Memory and huge pages against the box. */
bool plan_check_memory(struct planning *p);

/* The lab CPUs that something may use: its own list, or beside/away from a guest. False with a
 * message. */
bool plan_base_cpus(struct planning *p, const char *name, const struct cpuset *cpus,
	const char *beside, const char *away, struct scenario_pos pos, struct cpuset *out);
/* The CPU of `among` with the fewest vCPUs of its own, then the quietest core and node; -1 if
 * empty. */
int plan_quietest(const struct planning *p, const struct cpuset *among);

/* Threads of one core within `among`. */
struct cpuset plan_core_of(const struct topology *t, unsigned cpu, const struct cpuset *among);
/* Node index of a CPU, 0 when not known. */
size_t plan_node_of(const struct topology *t, unsigned cpu);
/* All CPUs of a node (by index) within `among`. */
struct cpuset plan_node_cpus(const struct topology *t, size_t node, const struct cpuset *among);

/* "CPU 3" or "CPUs 0-3,8" in a buffer of 256 bytes (cut when longer). */
char *plan_cpus_text(const struct cpuset *s, char buf[256]);

#endif
