// SPDX-License-Identifier: GPL-3.0-or-later
/* Known defects of CPU accounting and fairness by kernel version. A row states what goes wrong and
 * what it does to results; versions are of mainline, and distributions backport. */
#include <stdio.h>

#include "host/facts.h"

const struct kernel_defect kernel_defects[] = {
	[DEFECT_SLEEP_AS_DELAY] = {KERNEL_VERSION_OF(6, 12), 0,
		"a sleeper that is moved to another CPU while its dequeue is delayed may have its sleep booked as run delay",
		"steal and run_delay of floating guests can be too high by up to 100 ms a hit: trust the trace where they differ"},
	/* Fixed in mid-2026; 7.1 is the release of that time. */
	[DEFECT_IDLE_AND_STEAL] = {0, KERNEL_VERSION_OF(7, 1),
		"/proc/stat counts time as idle and as steal at once",
		"steal and idle in this box's /proc/stat overlap: their sum can exceed the time that passed"},
	/* By its signs, not by bisection (and 7.1 as its end is an estimate): came with commit
	 * 6d71a9c61604 in 6.13 and 6.12.10, undone by 101f3498b4bd in 2026: of a
	 * group on several CPUs the weight on each moves with every wake-up on any of them, and
	 * each move gives the running group a larger lead. */
	[DEFECT_GROUP_LEAD] = {KERNEL_VERSION_OF(6, 12), KERNEL_VERSION_OF(7, 1),
		"a control group on several CPUs keeps a CPU from its equals for seconds, or for good",
		"of guests with several vCPUs that share CPUs one may starve: docs/linux-guests.md"},
};

const size_t n_kernel_defects = ARRAY_SIZE(kernel_defects);

unsigned kernel_version_parse(const char *release)
{
	unsigned major, minor;

	if (sscanf(release, "%4u.%3u", &major, &minor) != 2 || minor > 999)
		return 0;
	return KERNEL_VERSION_OF(major, minor);
}

bool kernel_defect_applies(const struct kernel_defect *d, unsigned version)
{
	return version >= d->from && (!d->until || version < d->until);
}
