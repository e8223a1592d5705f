// SPDX-License-Identifier: GPL-3.0-or-later
// Rows of the table of keys: <measure>.
#include "scenario/keys_rows.h"

#define AT(field) offsetof(struct exp_measure, field)
const struct key_attr keys_measure[] = {
	{"name", VALUE_NAME, AT(name), .required = true,
		.doc = "The metric's name in expectations, comparisons and reports."},
	{"unit", VALUE_TEXT, AT(unit), 0, 0, "", .doc = "Its unit, as printed."},
	{"better", VALUE_WORD, AT(better), 0, 0, NULL, &words_measure_better, .required = true,
		.doc = "Which way is better."},
	{"command", VALUE_TEXT, AT(command), .required = true,
		.doc = "Run once, from the start of the measured window. No shell; quotes keep blanks. On the host its working folder is the scenario's."},
	{"on", VALUE_NAME, AT(on), 0, 0, "host",
		.doc = "host, or a guest with an agent: each of its copies runs it."},
	{"of", VALUE_NAME, AT(of),
		.doc = "The guest whose figure it is; if not given the guest it runs on, from the host every guest that is not noise."},
	{"pattern", VALUE_TEXT, AT(pattern), 0, 0, "",
		.doc = "Extended regular expression (POSIX) with one group, which is the number; the last line that matches counts. It is looked for in stdout, then in stderr."},
	{"json", VALUE_TEXT, AT(json), 0, 0, "",
		.doc = "Where the number is in the JSON that it prints: jobs.0.read.iops, or as a JSON pointer /jobs/0/read/clat_ns/percentile/99.000000."},
	{"timeout", VALUE_TIME, AT(timeout_ns), NS_PER_MS, HOURS(24),
		.doc = "It must have ended by then; the duration if not given. The window lasts until it has ended."},
	{0},
};
#undef AT
