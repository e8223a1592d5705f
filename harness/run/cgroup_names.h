/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names for the cgroup numbers in a trace. */
#ifndef SS_RUN_CGROUP_NAMES_H
#define SS_RUN_CGROUP_NAMES_H

#include "record/run_info.h"

/* Add every group of the cpu hierarchy as it is now (at most 2000) to info->cgroups. One caller at
 * a time. */
void cgroup_names_read(struct run_info *info);

#endif
