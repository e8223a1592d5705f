// SPDX-License-Identifier: GPL-3.0-or-later
/* make_stalls RATE_MS_PER_S LENGTH_US SHAPE SECONDS SEED [CORRELATION SOURCE]: made stalls as a trace, to stdout. */
#include <stdlib.h>
#include <string.h>

#include "stalls/source.h"

int main(int argc, char **argv)
{
	struct stalls_head h = {.source = "made, not recorded", .cpus = cpuset_of(0)};
	struct stalls_how how = {.cpus = 1};
	struct stalls_source *src;
	struct stall s;
	double seconds;

	if (argc != 6 && argc != 8)
		return 2;
	how.rate_ms_per_s = atof(argv[1]);
	how.length_ns = (uint64_t)(atof(argv[2]) * 1e3);
	how.shape = !strcmp(argv[3], "pareto")	? STALLS_PARETO
		    : !strcmp(argv[3], "fixed") ? STALLS_FIXED
						: STALLS_EXPONENTIAL;
	seconds = atof(argv[4]);
	how.seed = strtoull(argv[5], NULL, 10);
	if (argc == 8) {
		how.correlation = atof(argv[6]);
		snprintf(h.source, sizeof(h.source), "%s", argv[7]);
	}
	if (stalls_source_open(&how, &src, NULL))
		return 1;
	stalls_write_head(stdout, &h);
	while (stalls_source_next(src, &s, NULL) == 1 && (double)s.start_ns < seconds * 1e9) {
		s.start_ns -= s.start_ns % NS_PER_US; /* shorter files */
		s.length_ns -= s.length_ns % NS_PER_US;
		stalls_write(stdout, &h, &s);
	}
	stalls_source_close(src);
	return 0;
}
