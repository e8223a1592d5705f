/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Attribute values: text to number by type, with units. One function per question: is it right,
 * what is it, how does one write it. */
#ifndef SS_SCENARIO_VALUE_H
#define SS_SCENARIO_VALUE_H

#include "base/cpuset.h"
#include "scenario/experiment.h"

enum value_type {
	VALUE_NAME,    /* char *: safe as a file, domain and cgroup name */
	VALUE_TEXT,    /* char *: one line */
	VALUE_FILE,    /* char *: a file name without a slash */
	VALUE_WORD,    /* unsigned: index into the row's words */
	VALUE_COUNT,   /* unsigned: min..max */
	VALUE_AUTO,    /* unsigned: "auto" (EXP_AUTO) or min..max */
	VALUE_BIG,     /* uint64_t: min..max, no unit */
	VALUE_TIME,    /* uint64_t ns: "10ms" */
	VALUE_RATE,    /* uint64_t ns in each s: "45ms/s" */
	VALUE_SIZE,    /* uint64_t bytes: "64MiB" */
	VALUE_PERCENT, /* unsigned: "50%" */
	VALUE_RATIO,   /* double: "2.5" */
	/* double, any sign; "500" or "500ms/s": the metric's unit or one of its kind (units.h) */
	VALUE_NUMBER,
	VALUE_PART,   /* double: "2%" or "0.02" */
	VALUE_RANGE,  /* struct exp_range: "2", "2..4", "2..", "all" */
	VALUE_CPUSET, /* struct cpuset: "0-3,8" */
	VALUE_VCPUS,  /* struct exp_vcpus: "0-3", "all" */
};

struct key_attr;

/* Parse `text` for the row; *out (as enum value_type says; strings are malloc'ed) is untouched on
 * failure. -EINVAL with "must be ...; write e.g. ..." in `e`. */
int value_parse(const struct key_attr *row, const char *text, void *out, struct err *e);

/* Of a VALUE_NUMBER's text: what follows the number, "" when nothing does. */
const char *number_unit(const char *text);

/* What is allowed, for people: "1 to 16", "float | pinned | ...", "time from 100us to 10s". */
void value_describe(const struct key_attr *row, struct strbuf *out);
/* A regular expression (XML Schema) that every right value matches; NULL for free text. */
const char *value_pattern(enum value_type type);

#endif
