/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A batch as JUnit XML, the form that build servers read: a test suite per scenario, a test case
 * per boot and one per expectation. A boot without a complete record is an error, an expectation
 * that fell short a failure, what was not run or cannot be judged skipped. */
#ifndef SS_REPORT_BATCH_JUNIT_H
#define SS_REPORT_BATCH_JUNIT_H

#include "report/batch/report.h"

void junit_xml(const struct batch_report *r, struct strbuf *out);

#endif
