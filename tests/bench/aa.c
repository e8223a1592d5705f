/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How often is a comparison right, on real boots? aa RESULTS EXPERIMENT [ROUNDS] takes the boots of
 * one configuration (at least 30), in order of time.
 *
 * A/A: splits them into two arms of equal size, ROUNDS (200) times, and compares all metrics: at
 * random, as independent samples; and in the order they ran in, neighbours being a block of which a
 * coin makes one A, within blocks. Shuffling makes the box's drift noise; neighbours share it.
 * Prints the share of rounds in which every metric came out "no difference".
 *
 * Planted: two arms of 12 boots, one shifted by a standard deviation of all boots, 1000 times a
 * metric: drawn with replacement and compared as independent samples; and 24 boots in a row,
 * compared within blocks and as independent samples. Prints how often the shift was found and how
 * often its interval held it, and how much of the variance neighbours share. What can be found at
 * all, analysis/stats/compare.h says.
 *
 * Exit status 1 when A/A is below 95 % (within blocks, whose signs are dealt anew of one set of
 * boots, by more than two standard errors of so many rounds), or an interval held the truth in less
 * than 93 %.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

#include "analysis/stats/compare.h"
#include "record/index.h"

#define BOOTS_MIN 30
#define ARM	  12
#define PLANTED	  1000

struct boots {
	double *v[METRIC_COUNT];
	size_t n;
	gsl_rng *rng;
	size_t *block; /* 1, 2, 3, ...: boot i of each arm in block i */
};

/* How two arms are made of the boots. */
enum design {
	AT_RANDOM, /* drawn from all, compared as independent samples */
	IN_BLOCKS, /* neighbours, compared within blocks */
	APART,	   /* neighbours, compared as independent samples nevertheless */
	N_DESIGNS
};
static const char *const design_names[] = {
	"at random", "neighbours, within blocks", "neighbours, unpaired"};

struct tally {
	unsigned found, covered;
};

static int read_boots(const char *results, const char *experiment, struct boots *b, struct err *e)
{
	struct index_filter f = {.experiment = experiment, .status = "complete"};
	struct index *x;
	int rc = index_open(results, &x, e);

	for (int m = 0; m < METRIC_COUNT && !rc; m++)
		rc = index_values(x, &f, NULL, metric_table[m].name, &b->v[m], &b->n, e);
	index_close(x);
	return rc;
}

static int compare(const struct boots *b, enum design d, const struct compare_metric *metrics,
	size_t n, struct compare_result *r, struct err *e)
{
	const struct compare_blocks blocks = {b->block, b->block, b->n};
	const struct compare_input in = {.name_a = "A",
		.name_b = "A'",
		.blocks = d == IN_BLOCKS ? &blocks : NULL,
		.metrics = metrics,
		.n_metrics = n,
		.resamples = 100}; /* only printed beside verdicts, which do not use it */

	return compare_arms(&in, r, e);
}

/* Neighbours from boot `from` on: a coin gives one to each arm. */
static void deal(const struct boots *b, size_t from, size_t arm, size_t *at)
{
	for (size_t i = 0; i < arm; i++) {
		size_t coin = gsl_rng_uniform_int(b->rng, 2);

		at[i] = from + 2 * i + coin;
		at[arm + i] = from + 2 * i + 1 - coin;
	}
}

/* Whether any metric differs between the arms that `at` makes. */
static int compare_split(const struct boots *b, enum design d, const size_t *at, unsigned *claims,
	bool *claimed, struct err *e)
{
	size_t half = b->n / 2;
	auto_free double *values = xcalloc(2 * half * METRIC_COUNT, sizeof(*values));
	struct compare_metric metrics[METRIC_COUNT];
	struct compare_result r;
	int rc;

	for (size_t m = 0; m < METRIC_COUNT; m++) {
		double *v = values + 2 * half * m;

		for (size_t i = 0; i < 2 * half; i++)
			v[i] = b->v[m][at[i]];
		metrics[m] = (struct compare_metric){metric_table[m].name, metric_table[m].unit,
			metric_table[m].better, v, v + half, half, half};
	}
	rc = compare(b, d, metrics, METRIC_COUNT, &r, e);
	if (rc)
		return rc;
	*claimed = false;
	for (size_t m = 0; m < r.n_rows; m++)
		if (r.rows[m].verdict >= COMPARE_A_BETTER) {
			*claimed = true;
			claims[m]++;
		}
	compare_result_release(&r);
	return 0;
}

/* Returns in how many of the rounds all came out "no difference", or -errno. */
static int a_a(const struct boots *b, enum design d, unsigned rounds, struct err *e)
{
	auto_free size_t *at = xcalloc(b->n, sizeof(*at));
	unsigned claims[METRIC_COUNT] = {0}, quiet = 0;

	for (size_t i = 0; i < b->n; i++)
		at[i] = i;
	for (unsigned k = 0; k < rounds; k++) {
		bool claimed;
		int rc;

		if (d == AT_RANDOM)
			gsl_ran_shuffle(b->rng, at, b->n, sizeof(*at));
		else
			deal(b, 0, b->n / 2, at);
		rc = compare_split(b, d, at, claims, &claimed, e);
		if (rc)
			return rc;
		quiet += !claimed;
	}
	for (size_t m = 0; m < METRIC_COUNT; m++)
		if (claims[m])
			printf("%-24s claimed to differ in %u of %u rounds\n", metric_table[m].name,
				claims[m], rounds);
	printf("A/A %s: %zu boots, %zu an arm, %u rounds over all metrics at once: no difference in %.1f %%\n",
		design_names[d], b->n, b->n / 2, rounds, 100.0 * quiet / rounds);
	return (int)quiet;
}

/* One metric of two arms of 12, one shifted by `shift`, compared by every design. */
static int plant_once(
	const struct boots *b, size_t m, double shift, struct tally *tallies, struct err *e)
{
	const struct metric_info *info = &metric_table[m];
	size_t at[2 * ARM];
	double v[2][2 * ARM];
	int rc = 0;

	deal(b, gsl_rng_uniform_int(b->rng, b->n - 2 * ARM + 1), ARM, at);
	for (size_t i = 0; i < 2 * ARM; i++) {
		v[0][i] = b->v[m][gsl_rng_uniform_int(b->rng, b->n)] + (i < ARM ? 0 : shift);
		v[1][i] = b->v[m][at[i]] + (i < ARM ? 0 : shift);
	}
	for (int d = 0; d < N_DESIGNS && !rc; d++) {
		const double *a = v[d != AT_RANDOM];
		struct compare_metric metric = {
			info->name, info->unit, BETTER_NEITHER, a, a + ARM, ARM, ARM};
		const struct compare_row *row;
		struct compare_result r;

		rc = compare(b, (enum design)d, &metric, 1, &r, e);
		if (rc)
			return rc;
		row = &r.rows[0];
		tallies[d].found += row->verdict == COMPARE_DIFFERENT && row->shift.estimate > 0;
		tallies[d].covered += row->shift.ci.lo <= shift * (1 + 1e-12) &&
				      row->shift.ci.hi >= shift * (1 - 1e-12);
		compare_result_release(&r);
	}
	return rc;
}

/* Share of the variance that neighbours have in common: that of blocks of two. */
static double shared(const double *v, size_t n, double sd)
{
	double sum = 0;

	for (size_t i = 1; i < n; i++)
		sum += (v[i] - v[i - 1]) * (v[i] - v[i - 1]);
	return 1 - sum / (double)(n - 1) / (2 * sd * sd);
}

/* Returns how many metrics' intervals fell short, or -errno. */
static int plant_all(const struct boots *b, struct err *e)
{
	int narrow = 0;

	printf("one sd planted at %d boots an arm: found %%, interval holds it %%\n%-22s %10s", ARM,
		"metric", "neighbours");
	for (int d = 0; d < N_DESIGNS; d++)
		printf(" %26s", design_names[d]);
	printf("\n");
	for (size_t m = 0; m < METRIC_COUNT; m++) {
		double sd = stats_sd(b->v[m], b->n);
		struct tally t[N_DESIGNS] = {{0}};
		int rc = 0;

		if (!(sd > 0)) /* not provided by all, or all alike */
			continue;
		for (int k = 0; k < PLANTED && !rc; k++)
			rc = plant_once(b, m, sd, t, e);
		if (rc)
			return rc;
		printf("%-22s share %2.0f %%", metric_table[m].name,
			100 * shared(b->v[m], b->n, sd));
		for (int d = 0; d < N_DESIGNS; d++)
			printf(" %19.1f, %5.1f", 100.0 * t[d].found / PLANTED,
				100.0 * t[d].covered / PLANTED);
		printf("\n");
		narrow += t[AT_RANDOM].covered < 0.93 * PLANTED ||
			  t[IN_BLOCKS].covered < 0.93 * PLANTED;
	}
	return narrow;
}

static int fail(const struct err *e)
{
	fprintf(stderr, "aa: %s\n", e->msg);
	return 1;
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 3 ? (unsigned)atoi(argv[3]) : 200;
	struct boots b = {.n = 0};
	struct err e = ERR_INIT;
	int quiet[2], narrow;

	if (argc < 3 || rounds < 1) {
		fprintf(stderr, "usage: aa RESULTS EXPERIMENT [ROUNDS]\n");
		return 2;
	}
	if (read_boots(argv[1], argv[2], &b, &e))
		return fail(&e);
	if (b.n < BOOTS_MIN) {
		fprintf(stderr, "aa: %zu boots; at least %d are wanted\n", b.n, BOOTS_MIN);
		return 1;
	}
	b.rng = gsl_rng_alloc(gsl_rng_mt19937);
	b.block = xcalloc(b.n, sizeof(*b.block));
	for (size_t i = 0; i < b.n; i++)
		b.block[i] = i + 1;
	quiet[0] = a_a(&b, AT_RANDOM, rounds, &e);
	quiet[1] = quiet[0] < 0 ? quiet[0] : a_a(&b, IN_BLOCKS, rounds, &e);
	narrow = quiet[1] < 0 ? quiet[1] : plant_all(&b, &e);
	gsl_rng_free(b.rng);
	free(b.block);
	for (size_t m = 0; m < METRIC_COUNT; m++)
		free(b.v[m]);
	if (narrow < 0)
		return fail(&e);
	return narrow != 0 || quiet[0] < 0.95 * rounds ||
	       quiet[1] < 0.95 * rounds - 2 * sqrt(0.95 * 0.05 * rounds);
}
