// SPDX-License-Identifier: GPL-3.0-or-later
#include "study/arms.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void reverse(struct index_row *rows, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		struct index_row r = rows[i];

		rows[i] = rows[n - 1 - i];
		rows[n - 1 - i] = r;
	}
}

static int read_rows(struct arm *a, struct index *x, struct err *e)
{
	int rc = index_query(x, &a->filter, &a->rows, &a->n, e);

	if (rc)
		return rc;
	reverse(a->rows, a->n);
	return a->n ? 0
		    : err_set_exit(e, EXIT_USAGE, ENOENT, "no complete run matches '%s'", a->name);
}

int arm_read(struct arm *a, const struct study *s, struct index *x, const char *what, struct err *e)
{
	int rc;

	*a = (struct arm){.name = xstrdup(what)};
	rc = results_select(s, what, &a->filter, &a->text, e);
	return rc ? rc : read_rows(a, x, e);
}

/* From one record to all of its scenario in its experiment. */
static int widen(struct arm *a, struct index *x, struct err *e)
{
	const struct index_row *r = &a->rows[0];
	size_t first = strlen(r->experiment) + 1, second = strlen(r->scenario);
	char *text = xcalloc(first + second + 1, 1);

	memcpy(text, r->experiment, first);
	memcpy(text + first, r->scenario, second);
	index_rows_free(a->rows, a->n);
	free(a->text);
	a->text = text;
	a->rows = NULL;
	a->filter = (struct index_filter){
		.experiment = text, .scenario = text + first, .status = "complete"};
	return read_rows(a, x, e);
}

int arm_read_scenario(
	struct arm *a, const struct study *s, struct index *x, const char *what, struct err *e)
{
	int rc = arm_read(a, s, x, what, e);

	if (!rc && !strchr(what, '='))
		rc = widen(a, x, e);
	for (size_t i = 1; !rc && i < a->n; i++)
		if (strcmp(a->rows[i].scenario, a->rows[0].scenario))
			rc = err_set_exit(e, EXIT_USAGE, EINVAL,
				"'%s' holds runs of %s and of %s; choose one with scenario=", what,
				a->rows[0].scenario, a->rows[i].scenario);
	return rc;
}

/* Its place among the arms: the baseline first, then by name. */
static size_t place_of(const struct arm *arms, size_t n, const char *name, const char *baseline)
{
	size_t at = 0;

	while (at < n && strcmp(name, baseline) != 0 &&
		(!strcmp(arms[at].name, baseline) || strcmp(arms[at].name, name) < 0))
		at++;
	return at;
}

static int no_variant(const struct arm *whole, const char *baseline, const struct arm *arms,
	size_t n, struct err *e)
{
	auto_struct(strbuf) names = {0};

	for (size_t i = 0; i < n; i++)
		strbuf_add(&names, "%s%s", i ? ", " : "", arms[i].name);
	return err_set_exit(e, EXIT_USAGE, ENOENT, "'%s' has no variant '%s'; it has %s",
		whole->name, baseline, names.text ? names.text : "none");
}

int arms_of_variants(const struct arm *whole, struct index *x, const char *baseline,
	struct arm **arms, size_t *n, struct err *e)
{
	for (size_t i = 0; i < whole->n; i++) {
		const char *name = whole->rows[i].variant;
		size_t at = place_of(*arms, *n, name, baseline);

		if (at < *n && !strcmp((*arms)[at].name, name))
			continue;
		ARRAY_GROW(*arms, *n);
		memmove(*arms + at + 1, *arms + at, (*n - at) * sizeof(**arms));
		(*n)++;
		(*arms)[at] = (struct arm){.name = xstrdup(name), .filter = whole->filter};
		(*arms)[at].filter.variant = (*arms)[at].name;
	}
	if (!*n || strcmp((*arms)[0].name, baseline) != 0)
		return no_variant(whole, baseline, *arms, *n, e);
	if (*n < 2)
		return err_set_exit(e, EXIT_USAGE, ENOENT,
			"'%s' has no variant but '%s': nothing to hold against it", whole->name,
			baseline);
	for (size_t i = 0; i < *n; i++) {
		int rc = read_rows(&(*arms)[i], x, e);

		if (rc)
			return rc;
	}
	return 0;
}

/* The records of one scenario bring the same along: the newest of each arm speaks for it. */
void arms_read_names(const struct study *s, struct arm *arms, size_t n, struct metric_names *names)
{
	metric_names_begin(names);
	for (size_t i = 0; i < n; i++) {
		auto_free char *dir = NULL;

		if (!arms[i].n)
			continue;
		dir = xasprintf("%s/%s", s->results, arms[i].rows[arms[i].n - 1].folder);
		metric_names_of_record(names, dir);
	}
	for (size_t i = 0; i < n; i++) {
		arms[i].values = xcalloc(names->n, sizeof(*arms[i].values));
		arms[i].n_values = names->n;
	}
}

int arm_read_values(struct arm *a, struct index *x, const char *guest,
	const struct metric_names *names, size_t metric, struct err *e)
{
	struct arm_values *v = &a->values[metric];

	return index_values(x, &a->filter, guest, names->items[metric].name, &v->v, &v->n, e);
}

void arms_free(struct arm *arms, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		index_rows_free(arms[i].rows, arms[i].n);
		for (size_t m = 0; m < arms[i].n_values; m++)
			free(arms[i].values[m].v);
		free(arms[i].values);
		free(arms[i].text);
		free(arms[i].name);
	}
	free(arms);
}

/* Whether `part` (of `len` bytes) is one of the conditions of `text`. */
static bool has_condition(const char *text, const char *part, size_t len)
{
	for (const char *p = text; *p; p += strcspn(p, ","), p += *p == ',')
		if (strcspn(p, ",") == len && !strncmp(p, part, len))
			return true;
	return false;
}

static char *short_name(const struct arm *arms, size_t n, size_t i)
{
	struct strbuf out = {0};
	const char *alone = NULL;
	size_t kept = 0;

	for (const char *p = arms[i].name; *p; p += strcspn(p, ","), p += *p == ',') {
		size_t len = strcspn(p, ",");
		bool common = true;

		for (size_t k = 0; k < n; k++)
			common &= has_condition(arms[k].name, p, len);
		if (common)
			continue;
		strbuf_add(&out, "%s%.*s", kept++ ? "," : "", (int)len, p);
	}
	if (!out.text)
		return xstrdup(arms[i].name);
	alone = kept == 1 && !strncmp(out.text, "variant=", 8) ? out.text + 8 : NULL;
	if (alone)
		memmove(out.text, alone, strlen(alone) + 1);
	return out.text;
}

void arms_shorten_names(struct arm *arms, size_t n)
{
	auto_free char **names = xcalloc(n, sizeof(*names));

	for (size_t i = 0; i < n; i++)
		names[i] = short_name(arms, n, i);
	for (size_t i = 0; i < n; i++) {
		free(arms[i].name);
		arms[i].name = names[i];
	}
}

/* A run, and where its block's number goes. */
struct block_of {
	const struct index_row *row;
	size_t *block;
};

static int block_cmp(const void *x, const void *y)
{
	const struct index_row *a = ((const struct block_of *)x)->row;
	const struct index_row *b = ((const struct block_of *)y)->row;
	int d = strcmp(a->experiment, b->experiment);

	if (!d)
		d = strcmp(a->scenario, b->scenario);
	if (!d)
		d = (a->repeat > b->repeat) - (a->repeat < b->repeat);
	if (!d)
		d = strcmp(a->host, b->host);
	return d ? d : strcmp(a->kernel, b->kernel);
}

struct compare_blocks arms_blocks(const struct arm *a, const struct arm *b)
{
	size_t n = a->n + b->n, *of = xcalloc(n, sizeof(*of));
	auto_free struct block_of *runs = xcalloc(n, sizeof(*runs));
	struct compare_blocks blocks = {of, of + a->n, 0};

	for (size_t i = 0; i < n; i++)
		runs[i] = (struct block_of){i < a->n ? &a->rows[i] : &b->rows[i - a->n], &of[i]};
	qsort(runs, n, sizeof(*runs), block_cmp);
	for (size_t i = 0; i < n; i++) {
		blocks.n += i == 0 || block_cmp(&runs[i - 1], &runs[i]) != 0;
		*runs[i].block = *runs[i].row->experiment ? blocks.n : 0;
	}
	return blocks;
}

void arms_blocks_release(struct compare_blocks *blocks)
{
	free((void *)(uintptr_t)blocks->a);
}

static const char *or_none(const char *overrides)
{
	return *overrides ? overrides : "none";
}

static int check_overrides(const struct arm *a, struct err *e)
{
	for (size_t i = 1; i < a->n; i++) {
		const struct index_row *r = &a->rows[i], *first = &a->rows[0];

		if (strcmp(r->overrides, first->overrides))
			return err_set_exit(e, EXIT_USAGE, EINVAL,
				"'%s' mixes runs made with different --set values (%s; %s): choose with overrides=, experiment= or since=, or --force",
				a->name, or_none(first->overrides), or_none(r->overrides));
	}
	return 0;
}

int arms_check_overrides(const struct arm *arms, size_t n, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < n && !rc; i++)
		rc = check_overrides(&arms[i], e);
	return rc;
}

char *arms_mismatch(const struct arm *a, const struct arm *b)
{
	const struct index_row *first = &a->rows[0];

	for (unsigned k = 0; k < 2; k++) {
		const struct arm *arm = k ? b : a;

		for (size_t i = 0; i < arm->n; i++) {
			const struct index_row *r = &arm->rows[i];

			if (strcmp(r->host, first->host))
				return xasprintf("hosts %s and %s", first->host, r->host);
			if (strcmp(r->kernel, first->kernel))
				return xasprintf("kernels %s and %s", first->kernel, r->kernel);
		}
	}
	return NULL;
}

static void add_outside(const struct run_info *r, struct strv *names)
{
	for (size_t i = 0; i < r->n_guests; i++) {
		bool known = !seen_from_outside(&r->guests[i]);

		for (size_t k = 0; k < names->n; k++)
			known |= !strcmp(names->items[k], r->guests[i].name);
		if (!known)
			strv_add(names, "%s", r->guests[i].name);
	}
}

char *arms_outside(const struct study *s, const struct arm *arms, size_t n)
{
	struct strv names = {0};
	char *text;

	for (size_t i = 0; i < n; i++) {
		auto_free char *dir = xasprintf(
			"%s/%s", s->results, arms[i].n ? arms[i].rows[arms[i].n - 1].folder : "");
		struct run_info info = {0};
		struct err why = ERR_INIT;

		/* A record that is gone says nothing of its guests. */
		if (arms[i].n && run_info_load(&info, dir, &why) == 0)
			add_outside(&info, &names);
		run_info_release(&info);
	}
	text = strv_join(&names, ", ");
	strv_release(&names);
	return text;
}

struct compare_boots arm_boots(const struct study *s, const struct arm *a)
{
	const struct analysis **list = xcalloc(a->n, sizeof(*list));
	struct compare_boots b = {a->name, list, 0};

	for (size_t i = 0; i < a->n; i++) {
		auto_free char *dir = xasprintf("%s/%s", s->results, a->rows[i].folder);
		struct analysis *one = NULL;
		struct err e = ERR_INIT;

		if (analysis_make(dir, &one, &e) == 0)
			list[b.n++] = one;
		else
			study_say(s, "note: %s", e.msg);
	}
	return b;
}

void arm_boots_free(struct compare_boots *b)
{
	for (size_t i = 0; i < b->n; i++)
		analysis_free((struct analysis *)(uintptr_t)b->set[i]);
	free((void *)(uintptr_t)b->set);
}
