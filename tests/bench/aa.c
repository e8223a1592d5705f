/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How often is a comparison right, on real boots? aa RESULTS EXPERIMENT [ROUNDS] takes the boots of
 * one configuration (at least 30).
 *
 * A/A: splits them at random into two arms of equal size, ROUNDS (200) times, and compares all
 * metrics. Prints the share of rounds in which every metric came out "no difference".
 *
 * Planted: draws two arms of 12 boots from them, shifts one by a standard deviation, 1000 times a
 * metric. Prints how often the shift was found and how often its interval held it. What can be
 * found at all, analysis/compare.h says.
 *
 * Exit status 1 when A/A is below 95 %, or an interval held the truth in less than 93 %.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_rng.h>

#include "analysis/compare.h"
#include "batch/order.h"
#include "record/index.h"

#define BOOTS_MIN 30
#define ARM	  12
#define PLANTED	  1000

struct boots {
	double *v[METRIC_COUNT];
	size_t n, n_metrics;
	enum metric_id id[METRIC_COUNT];
	unsigned claims[METRIC_COUNT];
};

static int read_boots(const char *results, const char *experiment, struct boots *b, struct err *e)
{
	struct index_filter f = {.experiment = experiment, .status = "complete"};
	struct index *x;
	int rc = index_open(results, &x, e);

	for (int m = 0; m < METRIC_COUNT && !rc; m++) {
		double *v;

		rc = index_values(x, &f, NULL, metric_table[m].name, &v, &b->n, e);
		if (rc)
			break;
		b->v[b->n_metrics] = v;
		b->id[b->n_metrics++] = (enum metric_id)m;
	}
	index_close(x);
	return rc;
}

/* Whether any metric differs between the arms that `order` makes. */
static int compare_split(struct boots *b, const struct order_unit *order, unsigned seed,
	bool *claimed, struct err *e)
{
	size_t half = b->n / 2;
	auto_free double *values = xcalloc(2 * half * b->n_metrics, sizeof(*values));
	struct compare_metric metrics[METRIC_COUNT];
	struct compare_input in = {.name_a = "A",
		.name_b = "A'",
		.metrics = metrics,
		.n_metrics = b->n_metrics,
		.resamples = 100, /* only printed beside verdicts, which do not use it */
		.seed = seed};
	struct compare_result r;
	int rc;

	for (size_t m = 0; m < b->n_metrics; m++) {
		double *v = values + 2 * half * m;

		for (size_t i = 0; i < 2 * half; i++)
			v[i] = b->v[m][order[i].config];
		metrics[m] = (struct compare_metric){metric_table[b->id[m]].name,
			metric_table[b->id[m]].unit, metric_table[b->id[m]].better, v, v + half,
			half, half};
	}
	rc = compare_arms(&in, &r, e);
	if (rc)
		return rc;
	*claimed = false;
	for (size_t m = 0; m < r.n_rows; m++)
		if (r.rows[m].verdict >= COMPARE_A_BETTER) {
			*claimed = true;
			b->claims[m]++;
		}
	compare_result_release(&r);
	return 0;
}

/* Metric `m` of boots drawn with replacement, one arm shifted by `shift`. */
static int plant_once(const struct boots *b, size_t m, double shift, gsl_rng *rng, unsigned *found,
	unsigned *covered, struct err *e)
{
	const struct metric_info *info = &metric_table[b->id[m]];
	double v[2][ARM];
	struct compare_metric metric = {
		info->name, info->unit, BETTER_NEITHER, v[0], v[1], ARM, ARM};
	struct compare_input in = {
		.name_a = "a", .name_b = "b", .metrics = &metric, .n_metrics = 1, .resamples = 100};
	struct compare_result r;
	int rc;

	for (int i = 0; i < 2 * ARM; i++)
		v[i / ARM][i % ARM] = b->v[m][gsl_rng_uniform_int(rng, b->n)] + (i / ARM) * shift;
	rc = compare_arms(&in, &r, e);
	if (rc)
		return rc;
	*found += r.rows[0].verdict == COMPARE_DIFFERENT && r.rows[0].shift.estimate > 0;
	*covered += r.rows[0].shift.ci.lo <= shift * (1 + 1e-12) &&
		    r.rows[0].shift.ci.hi >= shift * (1 - 1e-12);
	compare_result_release(&r);
	return 0;
}

/* Returns how many metrics' intervals fell short, or -errno. */
static int plant_all(const struct boots *b, struct err *e)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	int rc = 0, narrow = 0;

	for (size_t m = 0; m < b->n_metrics && !rc; m++) {
		double sd = stats_sd(b->v[m], b->n);
		unsigned found = 0, covered = 0;

		if (!(sd > 0)) /* not provided by all, or all alike */
			continue;
		for (int k = 0; k < PLANTED && !rc; k++)
			rc = plant_once(b, m, sd, rng, &found, &covered, e);
		printf("one sd planted at %d boots an arm: %-20s found %5.1f %%, interval holds it "
		       "%5.1f %%\n",
			ARM, metric_table[b->id[m]].name, 100.0 * found / PLANTED,
			100.0 * covered / PLANTED);
		narrow += covered < 0.93 * PLANTED;
	}
	gsl_rng_free(rng);
	return rc ? rc : narrow;
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 3 ? (unsigned)atoi(argv[3]) : 200, quiet = 0;
	struct boots b = {.n = 0};
	struct err e = ERR_INIT;
	struct order_unit *order;
	struct order_size size;
	size_t n;
	int narrow;

	if (argc < 3 || rounds < 1) {
		fprintf(stderr, "usage: aa RESULTS EXPERIMENT [ROUNDS]\n");
		return 2;
	}
	if (read_boots(argv[1], argv[2], &b, &e)) {
		fprintf(stderr, "aa: %s\n", e.msg);
		return 1;
	}
	if (b.n < BOOTS_MIN) {
		fprintf(stderr, "aa: %zu boots; at least %d are wanted\n", b.n, BOOTS_MIN);
		return 1;
	}
	size = (struct order_size){b.n, rounds}; /* a random order of all boots per round */
	order = order_make(&size, 1, 20261120, &n);
	for (unsigned k = 0; k < rounds; k++) {
		bool claimed;

		if (compare_split(&b, order + k * b.n, k, &claimed, &e)) {
			fprintf(stderr, "aa: %s\n", e.msg);
			return 1;
		}
		quiet += !claimed;
	}
	for (size_t m = 0; m < b.n_metrics; m++)
		if (b.claims[m])
			printf("%-24s claimed to differ in %u of %u rounds\n",
				metric_table[b.id[m]].name, b.claims[m], rounds);
	printf("A/A: %zu boots, %zu an arm, %u rounds over all metrics at once: no difference in "
	       "%.1f %%\n",
		b.n, b.n / 2, rounds, 100.0 * quiet / rounds);
	narrow = plant_all(&b, &e);
	if (narrow < 0)
		fprintf(stderr, "aa: %s\n", e.msg);
	for (size_t m = 0; m < b.n_metrics; m++)
		free(b.v[m]);
	free(order);
	return narrow != 0 || quiet * 100 < rounds * 95;
}
