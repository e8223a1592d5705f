/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one file that `stealscope selftest` writes: what a box is, what ran on it, how it is judged. For
 * others to read: nothing in it names the box, its user, a place in its file tree or an address. */
#ifndef SS_REPORT_RUN_SELFTEST_H
#define SS_REPORT_RUN_SELFTEST_H

#include "analysis/analysis.h"
#include "report/run/lists.h"

/* One configuration of one scenario. */
struct selftest_trial {
	char *scenario, *configuration;
	struct analysis *analysis; /* NULL: it did not run */
	char *why;		   /* then: why */
	bool host;		   /* then: this box cannot run it, which is no failure */
};

struct selftest {
	const char *version;
	double seconds; /* that it took */
	const struct fact_row *facts;
	size_t n_facts;
	const struct selftest_trial *trials;
	size_t n_trials;
	const char *const *hidden; /* words that must not leave: its name, its user's; n_hidden */
	size_t n_hidden;
};

/* "sound", "doubtful" (something is unknown or could not run), "unsound" (a check or an expectation failed). */
const char *selftest_verdict(const struct selftest *s);
/* The document (docs/schemas/selftest.schema.json) with a final newline. Caller frees. */
char *selftest_json(const struct selftest *s);
/* `text` without what must not leave: hidden words, paths but those of the kernel's own trees, addresses.
 * Caller frees. */
char *selftest_clean(const struct selftest *s, const char *text);

#endif
