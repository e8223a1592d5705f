// SPDX-License-Identifier: GPL-3.0-or-later
#include "study/sweeps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool metric_wanted(const struct strv *wanted, const char *metric)
{
	for (size_t i = 0; i < wanted->n; i++) {
		size_t n = strlen(wanted->items[i]);

		if (!strncmp(wanted->items[i], metric, n) && (!metric[n] || metric[n] == '.'))
			return true;
	}
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

/* "worker-[0-9]*" of "worker-3": copies of one guest are equals. */
static void add_guest(const char *name, struct strv *guests)
{
	size_t n = strlen(name), digits = n;
	char *pattern;

	while (digits && strchr("0123456789", name[digits - 1]))
		digits--;
	pattern = digits && digits < n && name[digits - 1] == '-'
			  ? xasprintf("%.*s[0-9]*", (int)digits, name)
			  : xstrdup(name);
	for (size_t i = 0; i < guests->n; i++)
		if (!strcmp(guests->items[i], pattern)) {
			free(pattern);
			return;
		}
	strv_add(guests, "%s", pattern);
	free(pattern);
}

/* Guests of the newest record that are not noise, copies counted once. */
static void read_guests(const struct study *s, const struct arm *whole, struct strv *guests)
{
	auto_free char *dir = xasprintf("%s/%s", s->results, whole->rows[whole->n - 1].folder);
	struct run_info info = {0};
	struct err why = ERR_INIT;

	/* A record that is gone says nothing of its guests. */
	if (run_info_load(&info, dir, &why) == 0)
		for (size_t i = 0; i < info.n_guests; i++)
			if (!info.guests[i].is_noise)
				add_guest(info.guests[i].name, guests);
	run_info_release(&info);
}

/* A line for each guest in the place of each line. */
static int split_by_guest(
	struct sweeps *out, struct index *x, size_t name, struct sweep *sweep, struct err *e)
{
	struct sweep_line *lines = xcalloc(out->lines.n * out->guests.n, sizeof(*lines));
	struct arm *whole = out->whole;
	size_t n = 0;

	for (size_t g = 0; g < out->guests.n; g++) {
		const char *guest = out->guests.items[g];
		auto_free double *v = NULL;
		struct sweep one;
		size_t count;
		int rc = index_values(
			x, &whole->filter, guest, out->names.items[name].name, &v, &count, e);

		if (rc) {
			free(lines);
			return rc;
		}
		one = sweep_make(&out->lines, sweep->metric, sweep->unit, v);
		for (size_t i = 0; i < one.n; i++) {
			const char *line = one.lines[i].name;

			lines[n] = one.lines[i];
			strv_add(&out->line_names, "%s%s%.*s", line, *line ? ", " : "",
				(int)strcspn(guest, "["), guest);
			lines[n].name = NULL;
			n++;
		}
		free((void *)(uintptr_t)one.lines);
	}
	sweep_release(sweep);
	*sweep = (struct sweep){sweep->key, sweep->metric, sweep->unit, lines, n};
	return 0;
}

/* Names of lines that were added while their list grew. */
static void name_lines(struct sweeps *out)
{
	size_t at = 0;

	for (size_t m = 0; out->line_names.n && m < out->n; m++)
		for (size_t i = 0; i < out->list[m].n; i++)
			((struct sweep_line *)(uintptr_t)out->list[m].lines)[i].name =
				out->line_names.items[at++];
}

static int read_each(struct sweeps *out, struct index *x, const char *guest,
	const struct strv *wanted, struct err *e)
{
	out->values = xcalloc(out->names.n, sizeof(*out->values));
	out->better = xcalloc(out->names.n, sizeof(*out->better));
	for (size_t m = 0; m < out->names.n; m++) {
		const struct metric_name *name = &out->names.items[m];
		int rc;

		if (!metric_wanted(wanted, name->name))
			continue;
		rc = arm_read_values(out->whole, x, guest, &out->names, m, e);
		if (rc)
			return rc;
		ARRAY_GROW(out->list, out->n);
		out->values[out->n] = out->whole->values[m].v;
		out->better[out->n] = name->better;
		out->list[out->n++] =
			sweep_make(&out->lines, name->name, name->unit, out->whole->values[m].v);
		if (!guest && out->guests.n > 1)
			rc = split_by_guest(out, x, m, &out->list[out->n - 1], e);
		if (rc)
			return rc;
	}
	name_lines(out);
	return 0;
}

int sweeps_read(const struct study *s, struct index *x, const char *what, const char *guest,
	const struct strv *wanted, bool force, bool any_host, struct sweeps *out, struct err *e)
{
	struct arm *whole = out->whole = xcalloc(1, sizeof(*whole));
	auto_free struct sweep_run *runs = NULL;
	int rc = arm_read_scenario(whole, s, x, what, e);

	if (!rc && !force)
		rc = arms_check_overrides(whole, 1, e);
	if (!rc && !any_host)
		rc = check_one_host(s, whole, force, e);
	runs = xcalloc(whole->n, sizeof(*runs));
	for (size_t i = 0; i < whole->n; i++)
		runs[i] = (struct sweep_run){whole->rows[i].variant, whole->rows[i].point};
	if (!rc)
		rc = sweep_lines_make(runs, whole->n, &out->lines, e);
	if (!rc) {
		arms_read_names(s, whole, 1, &out->names);
		read_guests(s, whole, &out->guests);
		rc = metric_names_check(&out->names, wanted, e);
	}
	if (!rc)
		rc = read_each(out, x, guest, wanted, e);
	if (!rc)
		out->scenario = xstrdup(whole->rows[0].scenario);
	return rc;
}

void sweeps_release(struct sweeps *s)
{
	for (size_t i = 0; i < s->n; i++)
		sweep_release(&s->list[i]);
	free(s->list);
	free(s->values);
	free(s->better);
	strv_release(&s->guests);
	strv_release(&s->line_names);
	arms_free(s->whole, s->whole != NULL);
	sweep_lines_release(&s->lines);
	metric_names_release(&s->names);
	free(s->scenario);
}
