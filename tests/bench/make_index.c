/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Make an index of N runs, each with all metrics of two guests of two vCPUs: make_index RESULTS N.
 * The runs have no folders: this measures the index. */
#include <stdio.h>
#include <stdlib.h>

#include "terms/metrics.h"
#include "record/index.h"

static size_t make_metrics(struct index_metric *out, unsigned run)
{
	static const char *const guests[] = {"victim", "hog-0"};
	size_t n = 0;

	for (size_t g = 0; g < ARRAY_SIZE(guests); g++)
		for (int vcpu = -1; vcpu < 2; vcpu++)
			for (size_t m = 0; m < METRIC_COUNT; m++)
				out[n++] = (struct index_metric){guests[g], g > 0, vcpu,
					metric_table[m].name, metric_table[m].unit,
					(double)(run * 31 % 97) + (double)m};
	return n;
}

int main(int argc, char **argv)
{
	struct index_metric metrics[6 * METRIC_COUNT];
	struct run_fact facts[2] = {
		{(char *)"hostname", (char *)"box"}, {(char *)"kernel.release", (char *)"6.18.5"}};
	struct err e = ERR_INIT;
	struct index *x;
	unsigned n = argc == 3 ? (unsigned)atoi(argv[2]) : 0;

	if (!n || make_dirs(argv[1], &e) || index_open(argv[1], &x, &e)) {
		fprintf(stderr, "make_index RESULTS N: %s\n", e.msg);
		return 1;
	}
	for (unsigned i = 0; i < n; i++) {
		char name[64], started[32];
		struct run_info r = {.format = RUN_INFO_FORMAT,
			.run = name,
			.experiment = (char *)"bench",
			.scenario = (char *)"pinned-vs-float",
			.variant = (char *)(i % 2 ? "pinned" : "float"),
			.point = (char *)"",
			.repeat = i / 2,
			.status = (char *)"complete",
			.started = started,
			.version = (char *)SS_VERSION,
			.duration_ns = 10 * NS_PER_S,
			.facts = facts,
			.n_facts = 2};

		snprintf(started, sizeof(started), "2026-11-%02uT%02u:%02u:00Z", 1 + i / 1440 % 28,
			i / 60 % 24, i % 60);
		snprintf(name, sizeof(name), "202611%02uT%02u%02u00Z-pinned-vs-float-%04x",
			1 + i / 1440 % 28, i / 60 % 24, i % 60, i & 0xffff);
		if (index_add(x, &r, name, metrics, make_metrics(metrics, i), &e)) {
			fprintf(stderr, "make_index: %s\n", e.msg);
			return 1;
		}
	}
	index_close(x);
	return 0;
}
