/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Osnoise traces as JSON: lists of [start, duration] in ns, one a core: {"0": [[..., ...], ...], ...}, or
 * a list of such lists. All of it is in memory: at most 256 MiB of text. */
#ifndef SS_RECORD_STALLS_JSON_H
#define SS_RECORD_STALLS_JSON_H

#include "stalls/stalls.h"

struct stalls_json;

int stalls_json_open(const char *path, struct stalls_json **out, struct err *e);
/* Time 0 is the first start. 1 = a row, 0 = the end. */
int stalls_json_next(struct stalls_json *j, struct stall *out);
void stalls_json_close(struct stalls_json *j); /* NULL is fine */

#endif
