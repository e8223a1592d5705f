/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the tree of one configuration to struct exp_config, and the checks that need the structs.
 * Inside scenario/ only. */
#ifndef SS_SCENARIO_BUILD_H
#define SS_SCENARIO_BUILD_H

#include <string.h>

#include "scenario/resolve.h"

/* A message about configuration `c`, with its variant where it has one. */
#define SAY_OF(c, msgs, pos, ...)                                                                  \
	scenario_msgs_add(msgs, BLAME_SCENARIO, pos,                                               \
		strcmp((c)->variant, "base") != 0 ? (c)->variant : NULL, __VA_ARGS__)

/* Fill everything but name, variant, point and the expectations. */
void build_config(const struct node *root, struct exp_config *out);
void config_release(struct exp_config *c);

/* Add the <expect> elements of `scenario` that apply to configuration `self` of `all`. */
void build_expects(const struct node *scenario, const struct points *all, const struct point *self,
	struct exp_config *out, struct scenario_msgs *msgs);

/* check_guest.c: what can be wrong with one guest. */
void check_guest(const struct exp_config *c, const struct exp_guest *g, struct scenario_msgs *msgs);

/* check_disk.c: what only a guest of kind "disk" has. */
void check_disk(const struct exp_config *c, const struct exp_guest *g, struct scenario_msgs *msgs);

/* measure.c: the <measure> elements of a configuration's tree. */
void build_measures(const struct node *root, struct exp_config *out);
void free_measures(struct exp_config *c);
void check_measures(const struct exp_config *c, struct scenario_msgs *msgs);
/* The guest whose figure it is; NULL when it is no measure, or that of every victim. */
const char *measure_owner(const struct exp_config *c, const char *name);
const struct exp_measure *measure_find(const struct exp_config *c, const char *name);

/* What can be wrong with a configuration on any box. */
void check_config(const struct exp_config *c, struct scenario_msgs *msgs);
void check_expects(const struct exp_config *c, struct scenario_msgs *msgs);

#endif
