/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Analyse a record and say how fast and in how much memory: analyze_record DIR. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "report/run/report.h"

int main(int argc, char **argv)
{
	struct analysis *a = NULL;
	struct err e = ERR_INIT;
	struct rusage before, after;
	double cpu;

	if (argc != 2) {
		fprintf(stderr, "usage: analyze_record DIR\n");
		return 2;
	}
	getrusage(RUSAGE_SELF, &before);
	if (analysis_make(argv[1], &a, &e)) {
		fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	getrusage(RUSAGE_SELF, &after);
	cpu = (double)(after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec -
		       before.ru_stime.tv_sec) +
	      (double)(after.ru_utime.tv_usec - before.ru_utime.tv_usec + after.ru_stime.tv_usec -
		       before.ru_stime.tv_usec) /
		      1e6;
	report_text(a, stdout, false);
	printf("%" PRIu64
	       " records in %.2f s of CPU: %.2f M records/s a core; peak memory %.1f MB\n",
		a->guest_records + a->trace_records, cpu,
		(double)(a->guest_records + a->trace_records) / cpu / 1e6,
		(double)after.ru_maxrss / 1024);
	if (report_json_save(a, argv[1], &e)) {
		fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	analysis_free(a);
	return 0;
}
