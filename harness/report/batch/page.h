/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A batch as one page with links to the reports of its runs. No script, no picture, no network. */
#ifndef SS_REPORT_BATCH_PAGE_H
#define SS_REPORT_BATCH_PAGE_H

#include "report/batch/report.h"

void batch_page(const struct batch_report *r, struct strbuf *out);

#endif
