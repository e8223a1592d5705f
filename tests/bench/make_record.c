/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Write a simulated record of any length: make_record DIR HOURS [VCPUS] [MEAN_STRETCH_MS]. */
#include "tests/bench/simulate.h"

int main(int argc, char **argv)
{
	struct sim_config c = {
		.vcpus = 16, .mean_ns = 28800000, .tsc_hz = 2.4e9, .drift_ppm = 3.5, .seed = 1};
	struct sim_truth truth;

	if (argc < 3) {
		fprintf(stderr, "usage: make_record DIR HOURS [VCPUS] [MEAN_STRETCH_MS]\n");
		return 2;
	}
	c.duration_ns = (uint64_t)(atof(argv[2]) * 3600e9);
	if (argc > 3)
		c.vcpus = (unsigned)atoi(argv[3]) % 17;
	if (argc > 4)
		c.mean_ns = (uint64_t)(atof(argv[4]) * 1e6);
	simulate_record(argv[1], &c, &truth);
	printf("%s: %llu guest and %llu trace records\n", argv[1],
		(unsigned long long)truth.guest_records, (unsigned long long)truth.trace_records);
	return 0;
}
