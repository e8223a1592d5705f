/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Waiting until a box has come to rest before the next run, for a bounded time. */
#ifndef SS_STUDY_QUIET_H
#define SS_STUDY_QUIET_H

#include <signal.h>

#include "base/cpuset.h"
#include "base/util.h"

#define QUIET_BUSY    0.10 /* share of the CPUs' time that may be used ... */
#define QUIET_WAITING 0.10 /* ... and of the time that some task may wait for a CPU */

/* Counters of one instant, since boot. */
struct quiet_counters {
	uint64_t busy, total; /* ticks of the CPUs asked about; busy: all but idle and iowait */
	bool have_waiting;
	uint64_t waiting_us; /* some task waited for a CPU (pressure stall information) */
};

/* From the texts of /proc/stat and /proc/pressure/cpu (NULL where the kernel has none). -EINVAL
 * when the first has none of `cpus`. */
int quiet_parse(const char *stat, const char *pressure, const struct cpuset *cpus,
	struct quiet_counters *out);

struct quiet {
	bool reached;	/* quiet before the time was over */
	double busy;	/* of the last look, 0..1 */
	double waiting; /* NAN where not provided */
	uint64_t waited_ns;
};

/* Shares between two instants `ns` apart, and whether they count as quiet. */
struct quiet quiet_between(
	const struct quiet_counters *a, const struct quiet_counters *b, uint64_t ns);

/* Look at `cpus` of this box every half second until they are quiet, at most `limit_ns`, or until
 * `interrupted`. */
int quiet_wait(const struct cpuset *cpus, uint64_t limit_ns,
	const volatile sig_atomic_t *interrupted, struct quiet *out, struct err *e);

#endif
