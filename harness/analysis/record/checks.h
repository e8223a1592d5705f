/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For the files that add checks. */
#ifndef SS_ANALYSIS_RECORD_CHECKS_H
#define SS_ANALYSIS_RECORD_CHECKS_H

#include "analysis/analysis.h"

/* The worst so far, with what is said of it (owned). */
struct worst {
	bool have;
	double value;
	char *note;
};

/* Takes `note`. */
void check_worse(struct worst *w, double value, char *note);
/* Takes w->note. `missing` says why there is none. */
void check_add(struct analysis *a, const char *name, const char *doc, struct worst *w, double limit,
	const char *unit, bool higher_is_better, const char *missing);

#endif
