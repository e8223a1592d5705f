/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The metrics that a set of records may have: stealscope's own, and those that the records bring
 * along (<measure>). */
#ifndef SS_STUDY_METRIC_NAMES_H
#define SS_STUDY_METRIC_NAMES_H

#include "base/util.h"
#include "terms/metrics.h"

struct metric_names {
	struct metric_name {
		char *name, *unit;
		enum metric_better better;
	} * items; /* [0, METRIC_COUNT) are metric_table's */
	size_t n;
};

/* metric_table's rows. */
void metric_names_begin(struct metric_names *names);
/* Add what the record in `dir` brings along, once by name; one that cannot be read has none. */
void metric_names_of_record(struct metric_names *names, const char *dir);
/* The index of a name; names->n when there is none. */
size_t metric_names_find(const struct metric_names *names, const char *name);
void metric_names_release(struct metric_names *names);

/* Every name of `asked` is there; else EXIT_USAGE, with what is near it. */
int metric_names_check(const struct metric_names *names, const struct strv *asked, struct err *e);

#endif
