/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Series accumulators: spans split over bins, maxima per bin. */
#include "analysis/stats/series.h"

#include <math.h>
#include <stdlib.h>

#include "base/util.h"

void series_begin(struct series_acc *s, uint64_t start_ns, uint64_t end_ns, uint64_t bin_ns)
{
	*s = (struct series_acc){.start_ns = start_ns, .end_ns = end_ns, .bin_ns = bin_ns};
	if (end_ns > start_ns)
		s->n = (end_ns - start_ns + bin_ns - 1) / bin_ns;
	if (s->n > SERIES_MAX_BINS)
		s->n = SERIES_MAX_BINS;
	s->amount = xcalloc(s->n + 1, sizeof(double));
	s->covered = xcalloc(s->n + 1, sizeof(double));
}

void series_free(struct series_acc *s)
{
	free(s->amount);
	free(s->covered);
	*s = (struct series_acc){0};
}

void series_span(struct series_acc *s, uint64_t t0, uint64_t t1, double amount)
{
	uint64_t from = MAX(t0, s->start_ns), to = MIN(t1, s->end_ns);
	double per_ns;

	if (!s->n || from >= to)
		return;
	per_ns = amount / (double)(t1 - t0);
	s->any = true;
	while (from < to) {
		size_t bin = (from - s->start_ns) / s->bin_ns;
		uint64_t edge = s->start_ns + (bin + 1) * s->bin_ns;
		uint64_t part = MIN(edge, to) - from;

		if (bin >= s->n)
			return;
		s->amount[bin] += per_ns * (double)part;
		s->covered[bin] += (double)part;
		from += part;
	}
}

void series_max(struct series_acc *s, uint64_t t, double value)
{
	size_t bin;

	if (t < s->start_ns || t >= s->end_ns)
		return;
	bin = (t - s->start_ns) / s->bin_ns;
	if (bin >= s->n)
		return;
	s->any = true;
	if (s->covered[bin] == 0 || value > s->amount[bin])
		s->amount[bin] = value;
	s->covered[bin] += 1;
}

double *series_rates(const struct series_acc *s)
{
	double *v;

	if (!s->any)
		return NULL;
	v = xmalloc(s->n * sizeof(*v));
	for (size_t i = 0; i < s->n; i++)
		v[i] = s->covered[i] < (double)s->bin_ns / 10 ? NAN
							      : s->amount[i] / s->covered[i] * 1000;
	return v;
}

double *series_maxima(const struct series_acc *s)
{
	double *v;

	if (!s->any)
		return NULL;
	v = xmalloc(s->n * sizeof(*v));
	for (size_t i = 0; i < s->n; i++)
		v[i] = s->covered[i] == 0 ? NAN : s->amount[i];
	return v;
}

bool series_largest_rate(const struct series_acc *s, double *out)
{
	bool found = false;

	for (size_t i = 0; i < s->n; i++) {
		double rate = s->amount[i] / s->covered[i] * 1000;

		if (s->covered[i] < (double)s->bin_ns / 2 || (found && rate <= *out))
			continue;
		*out = rate;
		found = true;
	}
	return found;
}
