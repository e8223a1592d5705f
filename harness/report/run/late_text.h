/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SS_REPORT_RUN_LATE_TEXT_H
#define SS_REPORT_RUN_LATE_TEXT_H

#include "analysis/analysis.h"
#include "base/util.h"

/* What a wake-up's lateness is made of, largest parts only (1 %), added to `out`: "2.1 ms queued behind vm hog-0 vcpu0, ...". */
void late_parts(struct strbuf *out, const struct late *l);

#endif
