/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Facts about this box that decide what can be measured here and how far it can be trusted: one row
 * of one table each. `doctor` prints them, run.json carries them, and a run compares before with
 * after.
 */
#ifndef SS_HOST_FACTS_H
#define SS_HOST_FACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/util.h"

enum fact_verdict {
	FACT_GOOD,    /* as one would wish */
	FACT_INFO,    /* neither good nor bad: worth knowing */
	FACT_LIMITS,  /* works, but limits what results mean */
	FACT_MISSING, /* something cannot be done here */
};

struct facts;

/* All rows, read from files below `root` ("" = this box; a folder in tests, where what is not in a
 * file reads "not known"). Never fails: what cannot be read is a fact too. */
struct facts *facts_read(const char *root);
void facts_free(struct facts *f); /* NULL is fine */
AUTO_PTR(facts_free, struct facts *)

size_t facts_count(const struct facts *f);
const char *facts_key(const struct facts *f, size_t i);	  /* "kvm.kind" */
const char *facts_doc(const struct facts *f, size_t i);	  /* what the row is */
const char *facts_value(const struct facts *f, size_t i); /* "hardware (svm)" */
enum fact_verdict facts_verdict(const struct facts *f, size_t i);
const char *facts_note(const struct facts *f, size_t i); /* what follows for a user; "" = nothing */
const char *fact_verdict_text(enum fact_verdict v);	 /* "good", "info", "limits", "missing" */
/* The value of a row, NULL if there is no such key. */
const char *facts_get(const struct facts *f, const char *key);

/* Add "KEY was BEFORE, is AFTER" to `changes` for every row that should stand still and did not. */
void facts_compare(const struct facts *before, const struct facts *after, struct strv *changes);
/* The same for one row whose value before was kept as text; an unknown key adds nothing. */
void facts_compare_value(
	const char *key, const char *before, const struct facts *after, struct strv *changes);

/* A known defect of kernels' CPU accounting or fairness. */
struct kernel_defect {
	unsigned from,
		until; /* KERNEL_VERSION(); affected: from <= v < until; until 0 = all later ones */
	const char *what;   /* one clause */
	const char *effect; /* what it does to results */
};
enum { DEFECT_SLEEP_AS_DELAY, DEFECT_IDLE_AND_STEAL, DEFECT_GROUP_LEAD }; /* rows */
#define KERNEL_VERSION_OF(major, minor) ((major)*1000u + (minor))
extern const struct kernel_defect kernel_defects[];
extern const size_t n_kernel_defects;
/* "6.18.44-foo" -> 6018; 0 when it is no version. */
unsigned kernel_version_parse(const char *release);
bool kernel_defect_applies(const struct kernel_defect *d, unsigned version);

#endif
