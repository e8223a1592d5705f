/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Log-linear histogram: bucket = octave and its leading 8 bits below the first. */
#include "analysis/stats/hist.h"

#include <stdlib.h>

#include "base/util.h"

#define SUB_BITS 8
#define SUB	 (1u << SUB_BITS)
#define LINEAR	 (2 * SUB) /* below it one bucket per value */

static size_t bucket_of(uint64_t v)
{
	unsigned octave;

	if (v < LINEAR)
		return v;
	octave = 63 - (unsigned)__builtin_clzll(v); /* >= SUB_BITS + 1 */
	return LINEAR + (size_t)(octave - SUB_BITS - 1) * SUB + ((v >> (octave - SUB_BITS)) - SUB);
}

uint64_t hist_bucket_low(size_t i)
{
	size_t octave;

	if (i < LINEAR)
		return i;
	octave = (i - LINEAR) / SUB + 1;
	return (uint64_t)(SUB + (i - LINEAR) % SUB) << octave;
}

uint64_t hist_bucket_width(size_t i)
{
	return i < LINEAR ? 1 : UINT64_C(1) << ((i - LINEAR) / SUB + 1);
}

static void reserve(struct hist *h, size_t n)
{
	if (n <= h->n)
		return;
	n = (n + SUB - 1) / SUB * SUB;
	h->count = xrealloc(h->count, n * sizeof(*h->count));
	for (size_t i = h->n; i < n; i++)
		h->count[i] = 0;
	h->n = n;
}

void hist_add(struct hist *h, uint64_t value)
{
	size_t i = bucket_of(value);

	reserve(h, i + 1);
	h->count[i]++;
	if (!h->total || value < h->min)
		h->min = value;
	if (!h->total || value > h->max)
		h->max = value;
	h->total++;
	h->sum += (double)value;
}

void hist_merge(struct hist *into, const struct hist *from)
{
	if (!from->total)
		return;
	reserve(into, from->n);
	for (size_t i = 0; i < from->n; i++)
		into->count[i] += from->count[i];
	if (!into->total || from->min < into->min)
		into->min = from->min;
	if (!into->total || from->max > into->max)
		into->max = from->max;
	into->total += from->total;
	into->sum += from->sum;
}

uint64_t hist_quantile(const struct hist *h, double q)
{
	double exact = q * (double)h->total;
	uint64_t rank, seen = 0, v;

	if (!h->total || q >= 1)
		return h->total ? h->max : 0;
	rank = exact <= 1 ? 1 : (uint64_t)exact;
	if ((double)rank < exact)
		rank++;
	for (size_t i = 0; i < h->n; i++) {
		seen += h->count[i];
		if (seen < rank)
			continue;
		v = hist_bucket_low(i) + (hist_bucket_width(i) - 1) / 2;
		return v < h->min ? h->min : v > h->max ? h->max : v;
	}
	return h->max;
}

void hist_release(struct hist *h)
{
	free(h->count);
	*h = (struct hist){0};
}
