/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of the compare command: arms against each other (cmd_compare.c), and the curve of a
 * sweep (compare_sweep.c). */
#ifndef SS_CMD_COMPARE_H
#define SS_CMD_COMPARE_H

#include "cmd/arms.h"

struct compare_args {
	struct strv sets;
	const char *baseline; /* NULL = two arms */
	const char *guest;    /* NULL = mean over the guests */
	struct strv metrics;  /* empty = all */
	bool sweep, force, unpaired, csv;
	const char *html, *svg;
};

/* Whether --metric asks for it. */
bool compare_wants(const struct compare_args *args, const char *metric);

/* compare_sweep.c: print, and write, how the metrics of args->sets[0] follow what its scenario
 * sweeps. */
int compare_sweep(const struct cmd_common *c, const struct compare_args *args, struct index *x,
	struct err *e);

#endif
