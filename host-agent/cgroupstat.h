/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * CPU bandwidth and usage of a control group that hostd's caller names. The caller may be a user who
 * may read less than hostd: its files are opened once, with the caller's rights, looked at on the
 * handle, and read through it at each sample. What later stands under those names is never opened.
 */
#ifndef SS_HOST_AGENT_CGROUPSTAT_H
#define SS_HOST_AGENT_CGROUPSTAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "host-agent/sink.h"

struct cgroupstat;

/* `path`: the group's folder of the cpu controller (v1) or the unified tree (v2). *has_quota tells
 * whether CPU bandwidth is limited there now. -ENOENT for what is no control group. */
int cgroupstat_open(
	uint32_t owner, const char *path, struct cgroupstat **out, bool *has_quota, struct err *e);
void cgroupstat_close(struct cgroupstat *g); /* NULL is fine */
void cgroupstat_sample(struct cgroupstat *g, struct sink *s);

#endif
