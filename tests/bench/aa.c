/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How often does a comparison claim a difference where there is none? aa RESULTS EXPERIMENT
 * [ROUNDS] takes the boots of one configuration (at least 30), splits them at random into two arms
 * of equal size, ROUNDS (200) times, and compares all metrics. Prints the share of rounds in which
 * every metric came out "no difference"; exit status 1 when it is below 95 %.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare.h"
#include "batch/order.h"
#include "record/index.h"

#define BOOTS_MIN 30

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

int main(int argc, char **argv)
{
	unsigned rounds = argc > 3 ? (unsigned)atoi(argv[3]) : 200, quiet = 0;
	struct boots b = {.n = 0};
	struct err e = ERR_INIT;
	struct order_unit *order;
	struct order_size size;
	size_t n;

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
	for (size_t m = 0; m < b.n_metrics; m++) {
		if (b.claims[m])
			printf("%-24s claimed to differ in %u of %u rounds\n",
				metric_table[b.id[m]].name, b.claims[m], rounds);
		free(b.v[m]);
	}
	printf("A/A: %zu boots, %zu an arm, %u rounds over all metrics at once: no difference in "
	       "%.1f %%\n",
		b.n, b.n / 2, rounds, 100.0 * quiet / rounds);
	free(order);
	return quiet * 100 < rounds * 95;
}
