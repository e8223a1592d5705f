/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What blame's table and its JSON call things. "guest" counts as in analysis/trace/live.h. */
#ifndef SS_REPORT_RUN_LIVE_NAMES_H
#define SS_REPORT_RUN_LIVE_NAMES_H

#include "analysis/trace/live.h"
#include "terms/words.h"

const char *live_guest_name(const struct run_info *info, size_t guest);
const char *live_guest_accel(const struct run_info *info, size_t guest); /* "kvm", "tcg", "none" */
/* "3", "all" (one thread for all vCPUs), "thread 1234" (perhaps no vCPU). Caller frees. */
char *live_vcpu_label(const struct live_vcpu *x);

#endif
