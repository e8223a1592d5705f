/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who took each vCPU's CPU while it waited: the timeline's sums, or the tracer's own in counts
 * mode. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/priv.h"

#define ROWS_PER_VCPU 200 /* smaller ones are summed into the last */

struct cell {
	const char *name;
	enum culprit_kind kind;
	uint64_t ns, times;
};

struct cells {
	struct cell *c;
	size_t n;
};

static void add_cell(
	struct cells *cells, const char *name, enum culprit_kind kind, uint64_t ns, uint64_t times)
{
	if (!ns)
		return;
	ARRAY_GROW(cells->c, cells->n);
	cells->c[cells->n++] = (struct cell){name, kind, ns, times};
}

static int by_name(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;

	return x->kind != y->kind ? (x->kind > y->kind ? 1 : -1) : strcmp(x->name, y->name);
}

/* Those of one name and kind become one. */
static void merge(struct cells *cells)
{
	size_t n = 0;

	if (cells->n)
		qsort(cells->c, cells->n, sizeof(*cells->c), by_name);
	for (size_t i = 0; i < cells->n; i++) {
		if (!n || by_name(&cells->c[n - 1], &cells->c[i])) {
			cells->c[n++] = cells->c[i];
			continue;
		}
		cells->c[n - 1].ns += cells->c[i].ns;
		cells->c[n - 1].times += cells->c[i].times;
	}
	cells->n = n;
}

static int by_victim(const void *a, const void *b)
{
	const struct counted *x = a, *y = b;

	return x->victim != y->victim ? (x->victim > y->victim ? 1 : -1) : 0;
}

uint32_t counted_culprit(const struct build *b, const struct counted *c)
{
	switch (c->kind) {
	case COUNTED_BY_NUMBER:
		return c->who;
	case BLAME_TASK:
		return culprit_of_tid(b->names, c->who);
	case BLAME_IRQ:
		return culprit_of_irq(b->names, c->who, false);
	case BLAME_SOFTIRQ:
		return culprit_of_irq(b->names, c->who, true);
	case BLAME_THROTTLED:
		return CULPRIT_ID_QUOTA;
	case BLAME_IDLE:
		return CULPRIT_ID_IDLE;
	case BLAME_OTHERS:
		return CULPRIT_ID_OTHERS;
	}
	return CULPRIT_ID_UNKNOWN;
}

/* The cells that are used, in the order of their victims: no hash table any more. */
static void sort_counted(struct build *b)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < b->counted_size; i++)
		if (b->counted[i].used)
			b->counted[n++] = b->counted[i];
	qsort(b->counted, n, sizeof(*b->counted), by_victim);
}

static void counted_cells(struct build *b, struct vcpu_build *v, struct cells *cells)
{
	const struct counted key = {.victim = v->thread->tid}, *end = b->counted + b->n_counted;
	const struct counted *first =
		bsearch(&key, b->counted, b->n_counted, sizeof(key), by_victim);

	while (first && first > b->counted && first[-1].victim == key.victim)
		first--;
	for (const struct counted *c = first; c && c < end && c->victim == key.victim; c++) {
		uint32_t id;

		if ((int64_t)(c->ns - c->base_ns) < 0)
			continue;
		id = counted_culprit(b, c);
		add_cell(cells, culprit_name(b->names, id), culprit_seen_by(b->names, id, v->guest),
			c->ns - c->base_ns, c->times - c->base_times);
	}
}

static void traced_cells(struct build *b, struct vcpu_build *v, struct cells *cells)
{
	for (uint32_t id = 0; id < v->thread->n_blame; id++)
		add_cell(cells, culprit_name(b->names, id), culprit_seen_by(b->names, id, v->guest),
			v->thread->blame[id].ns, v->thread->blame[id].times);
}

static int by_ns(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns > y->ns ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void add_rows(struct build *b, struct vcpu_build *v, struct cells *cells)
{
	struct metric_value *share = &v->out->metrics[METRIC_BLAME_SHARE];
	struct analysis *a = b->a;
	uint64_t total = 0;

	if (cells->n)
		qsort(cells->c, cells->n, sizeof(*cells->c), by_ns);
	for (size_t i = 0; i < cells->n; i++)
		total += cells->c[i].ns;
	while (cells->n > ROWS_PER_VCPU) {
		struct cell *last = &cells->c[--cells->n], *keep = &cells->c[ROWS_PER_VCPU - 1];

		*keep = (struct cell){"others (too many to name)", CULPRIT_UNKNOWN,
			keep->ns + last->ns, keep->times + last->times};
	}
	a->blame = xrealloc(a->blame, (a->n_blame + cells->n + 1) * sizeof(*a->blame));
	for (size_t i = 0; i < cells->n; i++)
		a->blame[a->n_blame++] = (struct blame_row){v->guest, v->index,
			xstrdup(cells->c[i].name), cells->c[i].kind, cells->c[i].ns,
			cells->c[i].times, 100 * (double)cells->c[i].ns / (double)total};
	if (cells->n)
		*share = (struct metric_value){
			.have = true, .value = 100 * (double)cells->c[0].ns / (double)total};
	else
		*share = (struct metric_value){
			.value = NAN, .why = "it did not wait, or was not traced"};
}

void fold_blame(struct build *b)
{
	if (b->counted)
		sort_counted(b);
	for (size_t i = 0; i < b->n_vcpus; i++) {
		struct vcpu_build *v = &b->vcpus[i];
		struct cells cells = {0};

		if (v->thread && b->counted)
			counted_cells(b, v, &cells);
		else if (v->thread)
			traced_cells(b, v, &cells);
		merge(&cells);
		add_rows(b, v, &cells);
		free(cells.c);
	}
}
