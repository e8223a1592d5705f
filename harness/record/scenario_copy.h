/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The scenario inside a record: scenario.xml as given, and the files it includes, in include/. */
#ifndef SS_RECORD_SCENARIO_COPY_H
#define SS_RECORD_SCENARIO_COPY_H

#include "base/util.h"

/* Copy `files` (the scenario first, then what it includes) into the record `dir`. */
int scenario_copy_in(const char *dir, const struct strv *files, struct err *e);

#endif
