// SPDX-License-Identifier: GPL-3.0-or-later
/* From the boots of a metric to one difference per block. */
#include "analysis/stats/priv.h"

#include <math.h>
#include <stdlib.h>

/* One arm's part of a block. */
struct part {
	size_t boots;
	double sum; /* NAN when a boot has no value */
};

static struct part *sum_parts(const double *v, size_t n, const size_t *block, size_t n_blocks)
{
	struct part *parts = xcalloc(n_blocks + 1, sizeof(*parts));

	for (size_t i = 0; i < n; i++) {
		parts[block[i]].boots++;
		parts[block[i]].sum += v[i];
	}
	return parts;
}

static bool is_complete(const struct part *a, const struct part *b)
{
	return a->boots && a->boots == b->boots && !isnan(a->sum) && !isnan(b->sum);
}

/* The values in blocks that are marked; *left counts the others. */
static double *values_in(const double *v, size_t n, const size_t *block, const bool *complete,
	size_t *used, size_t *left)
{
	double *out = xcalloc(n, sizeof(*out));

	for (size_t i = 0; i < n; i++)
		if (complete[block[i]])
			out[(*used)++] = v[i];
		else
			*left += !isnan(v[i]);
	return out;
}

void compare_within_make(const struct compare_metric *m, const struct compare_blocks *blocks,
	struct compare_within *out)
{
	auto_free struct part *a = sum_parts(m->a, m->na, blocks->a, blocks->n);
	auto_free struct part *b = sum_parts(m->b, m->nb, blocks->b, blocks->n);
	auto_free bool *complete = xcalloc(blocks->n + 1, sizeof(*complete));

	*out = (struct compare_within){.d = xcalloc(blocks->n, sizeof(*out->d))};
	for (size_t k = 1; k <= blocks->n; k++) {
		complete[k] = is_complete(&a[k], &b[k]);
		if (complete[k])
			out->d[out->n++] = (b[k].sum - a[k].sum) / (double)a[k].boots;
	}
	out->used_a = values_in(m->a, m->na, blocks->a, complete, &out->n_a, &out->left_a);
	out->used_b = values_in(m->b, m->nb, blocks->b, complete, &out->n_b, &out->left_b);
}

void compare_within_release(struct compare_within *w)
{
	free(w->d);
	free(w->used_a);
	free(w->used_b);
}
