// SPDX-License-Identifier: GPL-3.0-or-later
#include "study/points.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef const struct sweep_lines_line *line_t;
typedef const struct sweep_lines_point *point_t;

/* "pinned" of "pinned" and of "pinned duty=50". */
static size_t variant_length(line_t l)
{
	return strcspn(l->name, " ");
}

static bool is_of(line_t l, const char *variant)
{
	size_t n = variant_length(l);

	return n == strlen(variant) && !strncmp(l->name, variant, n);
}

/* The baseline's line that has the same of what else is swept. */
static line_t partner_of(const struct sweep_lines *s, line_t l, const char *baseline)
{
	for (size_t i = 0; i < s->n; i++)
		if (is_of(&s->lines[i], baseline) &&
			!strcmp(s->lines[i].name + variant_length(&s->lines[i]),
				l->name + variant_length(l)))
			return &s->lines[i];
	return NULL;
}

static point_t point_of(line_t l, const char *label)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->points[i].label, label))
			return &l->points[i];
	return NULL;
}

/* The rows of some points as an arm whose rows are borrowed. */
static struct arm view(const struct sweeps *s, const point_t *points, size_t n)
{
	struct arm a = {.name = NULL};
	size_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += points[i]->n;
	a.rows = xcalloc(total + 1, sizeof(*a.rows));
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < points[i]->n; k++)
			a.rows[a.n++] = s->whole->rows[points[i]->runs[k]];
	return a;
}

/* Values of metric m of some points, one after another. */
static const double *values_of(struct point_pairs *out, const struct sweeps *s, size_t m,
	const point_t *points, size_t n, size_t *count)
{
	double *v;

	*count = 0;
	for (size_t i = 0; i < n; i++)
		*count += points[i]->n;
	v = xcalloc(*count + 1, sizeof(*v));
	*count = 0;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < points[i]->n; k++)
			v[(*count)++] = s->values[m][points[i]->runs[k]];
	ARRAY_GROW(out->pooled, out->n_pooled);
	out->pooled[out->n_pooled++] = v;
	return v;
}

/* One comparison: these points of a line with the same points of the baseline's. */
static void add(struct point_pairs *out, const struct sweeps *s, const struct points_how *how,
	line_t base, line_t line, const point_t *a, const point_t *b, size_t n)
{
	struct compare_metric *metrics = &out->metrics[out->n * s->n];
	struct compare_blocks *blocks = &out->blocks[out->n];
	struct arm arm_a = view(s, a, n), arm_b = view(s, b, n);

	*blocks = arms_blocks(&arm_a, &arm_b);
	out->point[out->n] = n == 1 ? xasprintf("%s=%s", s->lines.key, a[0]->label) : NULL;
	out->in[out->n] = (struct compare_input){.name_a = base->name,
		.name_b = line->name,
		.point = out->point[out->n],
		.mismatch = arms_mismatch(&arm_a, &arm_b),
		.force = how->force,
		.blocks = how->unpaired ? NULL : blocks,
		.metrics = metrics,
		.n_metrics = s->n,
		.seed = 1};
	for (size_t m = 0; m < s->n; m++) {
		struct compare_metric *c = &metrics[m];

		*c = (struct compare_metric){
			.name = s->list[m].metric, .unit = s->list[m].unit, .better = s->better[m]};
		c->a = values_of(out, s, m, a, n, &c->na);
		c->b = values_of(out, s, m, b, n, &c->nb);
	}
	out->n++;
	free(arm_a.rows);
	free(arm_b.rows);
}

static void add_line(struct point_pairs *out, const struct sweeps *s, const struct points_how *how,
	line_t base, line_t line)
{
	auto_free point_t *a = xcalloc(line->n, sizeof(point_t)),
			  *b = xcalloc(line->n, sizeof(point_t));
	size_t n = 0;

	for (size_t i = 0; i < line->n; i++) {
		a[n] = point_of(base, line->points[i].label);
		b[n] = &line->points[i];
		n += a[n] != NULL;
	}
	for (size_t i = 0; i < n && !how->pool; i++)
		add(out, s, how, base, line, &a[i], &b[i], 1);
	if (how->pool && n)
		add(out, s, how, base, line, a, b, n);
}

static int nothing_shared(const struct sweeps *s, const char *baseline, struct err *e)
{
	auto_struct(strbuf) names = {0};

	for (size_t i = 0; i < s->lines.n; i++)
		strbuf_add(&names, "%s%s", i ? ", " : "",
			*s->lines.lines[i].name ? s->lines.lines[i].name : "no variants");
	return err_set_exit(e, EXIT_USAGE, ENOENT,
		"%s has no variant that shares a point of %s with '%s'; it has %s", s->scenario,
		s->lines.key, baseline, names.text ? names.text : "none");
}

int point_pairs_make(const struct sweeps *s, const struct points_how *how, struct point_pairs *out,
	struct err *e)
{
	size_t most = 1;

	for (size_t i = 0; i < s->lines.n; i++)
		most += s->lines.lines[i].n;
	out->in = xcalloc(most, sizeof(*out->in));
	out->blocks = xcalloc(most, sizeof(*out->blocks));
	out->point = xcalloc(most, sizeof(*out->point));
	out->metrics = xcalloc(most * (s->n + 1), sizeof(*out->metrics));
	for (size_t i = 0; i < s->lines.n; i++) {
		line_t line = &s->lines.lines[i], base = partner_of(&s->lines, line, how->baseline);

		if (base && base != line)
			add_line(out, s, how, base, line);
	}
	return out->n ? 0 : nothing_shared(s, how->baseline, e);
}

void point_pairs_release(struct point_pairs *p)
{
	for (size_t i = 0; i < p->n; i++) {
		arms_blocks_release(&p->blocks[i]);
		free(p->point[i]);
		free((void *)(uintptr_t)p->in[i].mismatch);
	}
	for (size_t i = 0; i < p->n_pooled; i++)
		free(p->pooled[i]);
	free(p->pooled);
	free(p->point);
	free(p->blocks);
	free(p->metrics);
	free(p->in);
}

bool points_are_meant(
	const struct study *s, struct index *x, const char *what, const char *baseline)
{
	struct arm *whole = xcalloc(1, sizeof(*whole));
	struct err e = ERR_INIT;
	bool swept = false, config = false;

	if (!arm_read_scenario(whole, s, x, what, &e))
		for (size_t i = 0; i < whole->n; i++) {
			swept |= strchr(whole->rows[i].point, '=') != NULL;
			config |= !strcmp(whole->rows[i].variant, baseline);
		}
	arms_free(whole, 1);
	return swept && !config;
}

int points_check_arms(const struct arm *arms, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 1; k < arms[i].n; k++) {
			const char *first = arms[i].rows[0].point, *point = arms[i].rows[k].point;

			if (strcmp(first, point) != 0)
				return err_set_exit(e, EXIT_USAGE, EINVAL,
					"'%s' mixes boots of the points %s and %s of a sweep, which are no sample of one thing: --baseline VARIANT scenario=%s compares point by point; --pool mixes them all the same",
					arms[i].name, *first ? first : "(none)",
					*point ? point : "(none)", arms[i].rows[0].scenario);
		}
	return 0;
}
