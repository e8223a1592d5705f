/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/trace/taken.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/priv.h"

static uint64_t *columns_of(struct taken_acc *t, uint32_t culprit)
{
	if (t->used >= TAKEN_MOST && (culprit >= t->n || !t->ns[culprit]))
		culprit = CULPRIT_ID_OTHERS;
	if (culprit >= t->n) {
		uint32_t n = (culprit / 16 + 1) * 16;

		t->ns = xrealloc(t->ns, n * sizeof(*t->ns));
		memset(t->ns + t->n, 0, (n - t->n) * sizeof(*t->ns));
		t->n = n;
	}
	if (!t->ns[culprit]) {
		t->ns[culprit] = xcalloc(t->columns.n, sizeof(**t->ns));
		t->used++;
	}
	return t->ns[culprit];
}

void taken_span(struct taken_acc *t, uint32_t culprit, uint64_t from, uint64_t to)
{
	uint64_t *ns;

	if (!t || !t->columns.n || from < t->columns.start_ns || from >= to)
		return;
	ns = columns_of(t, culprit);
	while (from < to) {
		uint64_t column = (from - t->columns.start_ns) / t->columns.width_ns;
		uint64_t edge = t->columns.start_ns + (column + 1) * t->columns.width_ns;

		if (column >= t->columns.n)
			return;
		ns[column] += MIN(edge, to) - from;
		from = edge;
	}
}

void taken_release(struct taken_acc *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		free(t->ns[i]);
	free(t->ns);
	*t = (struct taken_acc){0};
}

/* What each took of guest `guest` becomes data, under its name and as that guest sees it. */
static void fold_guest(struct build *b, size_t guest)
{
	struct taken_acc *t = &b->guests[guest].taken;
	struct analysis *a = b->a;

	for (uint32_t id = 0; id < t->n; id++) {
		if (!t->ns[id])
			continue;
		ARRAY_GROW(a->taken, a->n_taken);
		a->taken[a->n_taken++] = (struct taken){guest, culprit_name(b->names, id),
			culprit_seen_by(b->names, id, guest), t->ns[id]};
		t->ns[id] = NULL;
	}
	taken_release(t);
}

void fold_taken(struct build *b)
{
	for (size_t g = 0; g < b->a->n_guests; g++)
		fold_guest(b, g);
}
