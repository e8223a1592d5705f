/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plan by CPUs: who may run on which. Inside plan/ only. */
#ifndef SS_PLAN_PLAN_MAP_H
#define SS_PLAN_PLAN_MAP_H

#include <stdio.h>

#include "host/topology.h"
#include "plan/plan.h"

/* Who runs on exactly these CPUs. */
struct plan_group {
	struct cpuset cpus;
	struct strv who;
};

struct plan_map {
	const struct plan *p;
	const struct topology *t;
	struct plan_group *groups;
	size_t n_groups;
	struct cpuset used;
};

/* "victim/0-3", "hog x2" and so on in `who`. Borrows both. */
void plan_map_make(const struct plan *p, const struct topology *t, struct plan_map *m);
void plan_map_release(struct plan_map *m);

/* plan_print_map.c: the map for people. */
void plan_print_map(const struct plan_map *m, FILE *f);
/* A line, broken at blanks and behind commas of CPU lists; what does not fit goes on after `indent`
 * columns. */
void plan_print_line(FILE *f, const char *text, unsigned indent);
/* "CPUs 0-3,8" whole, added to a line. */
void plan_add_cpus(struct strbuf *b, const struct cpuset *s);

#endif
