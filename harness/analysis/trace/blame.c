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
	size_t i = 0;

	if (!ns)
		return;
	while (i < cells->n && (cells->c[i].kind != kind || strcmp(cells->c[i].name, name) != 0))
		i++;
	if (i == cells->n) {
		ARRAY_GROW(cells->c, cells->n);
		cells->c[cells->n++] = (struct cell){name, kind, 0, 0};
	}
	cells->c[i].ns += ns;
	cells->c[i].times += times;
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

static void counted_cells(struct build *b, struct vcpu_build *v, struct cells *cells)
{
	for (uint32_t i = 0; i < COUNTED_CELLS; i++) {
		const struct counted *c = &b->counted[i];
		uint32_t id;

		if (!c->used || c->victim != v->thread->tid || (int64_t)(c->ns - c->base_ns) < 0)
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
	for (size_t i = 0; i < b->n_vcpus; i++) {
		struct vcpu_build *v = &b->vcpus[i];
		struct cells cells = {0};

		if (v->thread && b->counted)
			counted_cells(b, v, &cells);
		else if (v->thread)
			traced_cells(b, v, &cells);
		add_rows(b, v, &cells);
		free(cells.c);
	}
}
