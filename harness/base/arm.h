/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of configurations: a variant, and a point of a sweep where there is one. */
#ifndef SS_BASE_ARM_H
#define SS_BASE_ARM_H

/* The configuration without its point, what a comparison point by point calls an arm: "pinned" of
 * "pinned-overcommit-2" with the point "lab.overcommit=2", "" of "overcommit-2"; the whole name where
 * nothing is swept. Caller frees. */
char *arm_of(const char *config, const char *point);

#endif
