/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `stealscope compare` was asked for; its ways are files of their own. */
#ifndef SS_CMD_COMPARE_H
#define SS_CMD_COMPARE_H

#include "cmd/cmd.h"
#include "record/index.h"

struct args {
	struct strv sets;
	const char *baseline; /* NULL = two arms */
	const char *guest;    /* NULL = mean over the guests */
	struct strv metrics;  /* empty = all */
	bool sweep, pool, published, force, unpaired, csv, latex, methods;
	const char *html, *svg;
	bool pdf;
	struct figures_wanted figures;
};

/* Where plots go: --svg and --figures. dir NULL: not asked for. */
#define COMPARE_FOLDERS 2
struct svg_files compare_folder(const struct args *args, size_t i);

/* cmd_compare_points.c: --sweep, and --baseline over a sweep. */
int compare_sweep(
	const struct cmd_common *c, const struct args *args, struct index *x, struct err *e);
int compare_points(
	const struct cmd_common *c, const struct args *args, struct index *x, struct err *e);

/* cmd_compare_published.c: --published. */
int compare_published(
	const struct cmd_common *c, const struct args *args, struct index *x, struct err *e);

#endif
