/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The scenario inside a record: scenario.xml as given, the files it includes, in include/, and the traces of stalls that it
 * plays, in trace/. */
#ifndef SS_RECORD_SCENARIO_COPY_H
#define SS_RECORD_SCENARIO_COPY_H

#include "base/util.h"

/* Copy `files` (the scenario first, then what it includes) into the record `dir`. */
int scenario_copy_in(const char *dir, const struct strv *files, struct err *e);

/* Where the trace that noise `noise` plays lies in the record `dir`. Caller frees. */
char *trace_copy_path(const char *dir, const char *noise);
/* Copy `from` there, as a stream. -EFBIG: it is over 256 MiB, and none is there. */
int trace_copy_in(const char *dir, const char *noise, const char *from, struct err *e);

#endif
