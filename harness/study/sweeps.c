// SPDX-License-Identifier: GPL-3.0-or-later
#include "study/sweeps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool metric_wanted(const struct strv *wanted, const char *metric)
{
	for (size_t i = 0; i < wanted->n; i++)
		if (!strcmp(wanted->items[i], metric))
			return true;
	return wanted->n == 0;
}

/* Runs of different hosts or kernels are not one curve. */
static int check_one_host(const struct study *s, const struct arm *a, bool force, struct err *e)
{
	auto_free char *mismatch = arms_mismatch(a, a);

	if (mismatch && !force)
		return err_set(e, EXDEV,
			"%s cannot be drawn as one curve: %s; boots on different hosts are not one sample (--force draws it nevertheless)",
			a->name, mismatch);
	if (mismatch)
		study_say(s, "warning: drawn across different conditions: %s", mismatch);
	return 0;
}

static int read_each(struct arm *whole, struct index *x, const char *guest,
	const struct strv *wanted, struct sweeps *out, struct err *e)
{
	for (size_t m = 0; m < out->names.n; m++) {
		const struct metric_name *name = &out->names.items[m];
		int rc;

		if (!metric_wanted(wanted, name->name))
			continue;
		rc = arm_read_values(whole, x, guest, &out->names, m, e);
		if (rc)
			return rc;
		ARRAY_GROW(out->list, out->n);
		out->list[out->n++] =
			sweep_make(&out->lines, name->name, name->unit, whole->values[m].v);
	}
	return 0;
}

int sweeps_read(const struct study *s, struct index *x, const char *what, const char *guest,
	const struct strv *wanted, bool force, struct sweeps *out, struct err *e)
{
	struct arm *whole = xcalloc(1, sizeof(*whole));
	auto_free struct sweep_run *runs = NULL;
	int rc = arm_read_scenario(whole, s, x, what, e);

	if (!rc && !force)
		rc = arms_check_overrides(whole, 1, e);
	if (!rc)
		rc = check_one_host(s, whole, force, e);
	runs = xcalloc(whole->n, sizeof(*runs));
	for (size_t i = 0; i < whole->n; i++)
		runs[i] = (struct sweep_run){whole->rows[i].variant, whole->rows[i].point};
	if (!rc)
		rc = sweep_lines_make(runs, whole->n, &out->lines, e);
	if (!rc) {
		arms_read_names(s, whole, 1, &out->names);
		rc = metric_names_check(&out->names, wanted, e);
	}
	if (!rc)
		rc = read_each(whole, x, guest, wanted, out, e);
	if (!rc)
		out->scenario = xstrdup(whole->rows[0].scenario);
	arms_free(whole, 1);
	return rc;
}

void sweeps_release(struct sweeps *s)
{
	for (size_t i = 0; i < s->n; i++)
		sweep_release(&s->list[i]);
	free(s->list);
	sweep_lines_release(&s->lines);
	metric_names_release(&s->names);
	free(s->scenario);
}
