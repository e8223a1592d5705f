// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/compare/sweep_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arm.h"

/* Length of the first "key=value" of a point. A value may hold blanks; the next key holds a = . */
static size_t first_length(const char *point)
{
	const char *next = strchr(point, '=');

	next = next ? strchr(next + 1, '=') : NULL;
	if (!next)
		return strlen(point);
	while (next > point && *next != ' ')
		next--;
	return (size_t)(next - point);
}

/* Whether a value of the first key always comes with the same rest: swept side by side. */
static bool is_zip(const struct sweep_run *runs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++) {
			size_t a = first_length(runs[i].point), b = first_length(runs[k].point);

			if (a == b && !strncmp(runs[i].point, runs[k].point, a) &&
				strcmp(runs[i].point, runs[k].point) != 0)
				return false;
		}
	return true;
}

static char *line_name(const struct sweep_run *r, bool zip)
{
	char *name = arm_of(r->config, r->point);
	const char *rest = r->point + first_length(r->point);
	char *both;

	if (zip || !*rest)
		return name;
	both = xasprintf("%s%s%s", name, *name ? " " : "", rest + 1);
	free(name);
	return both;
}

static struct sweep_lines_line *find_line(struct sweep_lines *l, char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->lines[i].name, name)) {
			free(name);
			return &l->lines[i];
		}
	ARRAY_GROW(l->lines, l->n);
	l->lines[l->n] = (struct sweep_lines_line){.name = name};
	return &l->lines[l->n++];
}

static struct sweep_lines_point *find_point(struct sweep_lines_line *line, char *label)
{
	for (size_t i = 0; i < line->n; i++)
		if (!strcmp(line->points[i].label, label)) {
			free(label);
			return &line->points[i];
		}
	ARRAY_GROW(line->points, line->n);
	line->points[line->n] = (struct sweep_lines_point){.label = label};
	return &line->points[line->n++];
}

static int by_number(const void *x, const void *y)
{
	double a = strtod(((const struct sweep_lines_point *)x)->label, NULL);
	double b = strtod(((const struct sweep_lines_point *)y)->label, NULL);

	return a < b ? -1 : a > b;
}

static int by_name(const void *x, const void *y)
{
	return strcmp(((const struct sweep_lines_line *)x)->name,
		((const struct sweep_lines_line *)y)->name);
}

/* Points in the order of their numbers; labels that are none by their text, so that the order in
 * which the boots were drawn does not show. */
static int by_label(const void *x, const void *y)
{
	return strcmp(((const struct sweep_lines_point *)x)->label,
		((const struct sweep_lines_point *)y)->label);
}

static void put_in_order(struct sweep_lines *l)
{
	bool numeric = true;

	for (size_t i = 0; i < l->n; i++)
		for (size_t k = 0; k < l->lines[i].n; k++) {
			char *end;

			strtod(l->lines[i].points[k].label, &end);
			numeric &= end != l->lines[i].points[k].label && !*end;
		}
	for (size_t i = 0; i < l->n; i++)
		qsort(l->lines[i].points, l->lines[i].n, sizeof(*l->lines[i].points),
			numeric ? by_number : by_label);
	qsort(l->lines, l->n, sizeof(*l->lines), by_name);
}

int sweep_lines_make(const struct sweep_run *runs, size_t n, struct sweep_lines *out, struct err *e)
{
	struct sweep_lines l = {0};
	auto_free struct sweep_run *swept = xcalloc(n, sizeof(*swept));
	auto_free size_t *index = xcalloc(n, sizeof(*index));
	size_t kept = 0;
	bool zip;

	for (size_t i = 0; i < n; i++)
		if (strchr(runs[i].point, '=')) {
			index[kept] = i;
			swept[kept++] = runs[i];
		}
	if (!kept)
		return err_set_exit(e, EXIT_USAGE, ENOENT,
			"these runs sweep nothing; --sweep wants runs of a scenario with a <sweep>, such as overcommit-sweep");
	l.key = xasprintf("%.*s", (int)strcspn(swept[0].point, "="), swept[0].point);
	zip = is_zip(swept, kept);
	for (size_t i = 0; i < kept; i++) {
		const char *value = strchr(swept[i].point, '=') + 1;
		size_t len = first_length(swept[i].point) - (size_t)(value - swept[i].point);
		struct sweep_lines_line *line = find_line(&l, line_name(&swept[i], zip));
		struct sweep_lines_point *p = find_point(line, xasprintf("%.*s", (int)len, value));

		ARRAY_GROW(p->runs, p->n);
		p->runs[p->n++] = index[i];
	}
	put_in_order(&l);
	*out = l;
	return 0;
}

void sweep_lines_release(struct sweep_lines *l)
{
	for (size_t i = 0; i < l->n; i++) {
		for (size_t k = 0; k < l->lines[i].n; k++) {
			free(l->lines[i].points[k].label);
			free(l->lines[i].points[k].runs);
		}
		free(l->lines[i].points);
		free(l->lines[i].name);
	}
	free(l->lines);
	free(l->key);
	*l = (struct sweep_lines){0};
}

static struct sweep_point make_point(const struct sweep_lines_point *p, const double *values)
{
	double *v = xcalloc(p->n, sizeof(*v));

	for (size_t i = 0; i < p->n; i++)
		v[i] = values[p->runs[i]];
	return (struct sweep_point){p->label, v, p->n};
}

struct sweep sweep_make(
	const struct sweep_lines *l, const char *metric, const char *unit, const double *values)
{
	struct sweep_line *lines = xcalloc(l->n, sizeof(*lines));

	for (size_t i = 0; i < l->n; i++) {
		struct sweep_point *points = xcalloc(l->lines[i].n, sizeof(*points));

		for (size_t k = 0; k < l->lines[i].n; k++)
			points[k] = make_point(&l->lines[i].points[k], values);
		lines[i] = (struct sweep_line){l->lines[i].name, points, l->lines[i].n};
	}
	return (struct sweep){l->key, metric, unit, lines, l->n};
}

void sweep_release(struct sweep *s)
{
	for (size_t i = 0; i < s->n; i++) {
		for (size_t k = 0; k < s->lines[i].n; k++)
			free((void *)(uintptr_t)s->lines[i].points[k].v);
		free((void *)(uintptr_t)s->lines[i].points);
	}
	free((void *)(uintptr_t)s->lines);
}
