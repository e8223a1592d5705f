/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is wrong with a scenario: all of it, in the order found. Filled by scenario_load() and
 * plan_make(), printed by commands. */
#ifndef SS_SCENARIO_MSG_H
#define SS_SCENARIO_MSG_H

#include "base/util.h"

#define SCENARIO_MAX_MSGS 100 /* what comes after is counted, not kept */

enum scenario_blame {
	BLAME_SCENARIO, /* the file is wrong on any box (exit status 2) */
	BLAME_HOST,	/* this box cannot give it (exit status 4) */
};

struct scenario_msg {
	char *file;	/* as the user named it, or "--set guest.victim.vcpus=99" */
	unsigned line;	/* 0 = none */
	char *text;	/* "what is wrong; what would be right", without a final stop */
	char *variant;	/* the first variant it was seen in, "" = the file itself */
	unsigned times; /* how often it was added */
	enum scenario_blame blame;
};

struct scenario_msgs {
	struct scenario_msg *items;
	size_t n;
	size_t left_out;
};

/* Where something stands in a scenario. `file` is borrowed. */
struct scenario_pos {
	const char *file;
	unsigned line;
};

/* Add a message unless the same one (file, line, text) is there. `variant` may be NULL. */
void scenario_msgs_add(struct scenario_msgs *m, enum scenario_blame blame, struct scenario_pos pos,
	const char *variant, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Put those from index `from` on in the order of their lines, file by file; one that was seen in
 * all `n_configs` configurations is about none of them. */
void scenario_msgs_finish(struct scenario_msgs *m, size_t from, size_t n_configs);
void scenario_msgs_release(struct scenario_msgs *m);

/* Append "file:line: text\n" for each, and how many were left out. */
void scenario_msgs_format(const struct scenario_msgs *m, struct strbuf *out);

#endif
