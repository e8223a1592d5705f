/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Paths name one value of a scenario, on the command line (--set), in <set>, <over> and <remove>:
 *
 *   duration                     an attribute of <scenario>
 *   lab.overcommit               of <lab>
 *   guest.victim.vcpus           of the guest 'victim'; noise.hog.duty likewise
 *   guest.victim.timer.period    of a probe in it
 *   guest.*.memory               of every guest
 *   measure.fsync.command        of the measure 'fsync'
 */
#ifndef SS_SCENARIO_PATH_H
#define SS_SCENARIO_PATH_H

#include "scenario/keys.h"

/* Set the value at `path` in the tree. False with a message at `value->pos` when the path leads
 * nowhere, the value is wrong, or one of higher precedence (--set over a sweep or a variant) would
 * hide what the file varies. `value->name` is ignored; strings are borrowed. */
bool path_set(struct arena *a, struct node *root, const char *path, const struct attr *value,
	struct scenario_msgs *msgs);

/* The element a path names (guest.NAME, noise.NAME, guest.NAME.PROBE) and its parent, for <remove>
 * and <add to>. NULL with a message. */
struct node *path_element(struct node *root, const char *path, struct node **parent,
	struct scenario_pos pos, struct scenario_msgs *msgs);

#endif
