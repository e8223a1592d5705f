// SPDX-License-Identifier: GPL-3.0-or-later
/* Known defects of CPU accounting by kernel version. A row states what goes wrong and what it does
 * to results; versions are of mainline, and distributions backport. */
#include <stdio.h>

#include "host/facts.h"

const struct kernel_defect kernel_defects[] = {
	{KERNEL_VERSION_OF(6, 12), 0,
		"a sleeper that is moved to another CPU while its dequeue is delayed may have its "
		"sleep booked "
		"as run delay",
		"steal and run_delay of floating guests can be too high by up to 100 ms a hit: "
		"trust the trace "
		"where they differ"},
	/* Fixed in mid-2026; 7.1 is the release of that time. */
	{0, KERNEL_VERSION_OF(7, 1), "/proc/stat counts time as idle and as steal at once",
		"steal and idle in this box's /proc/stat overlap: their sum can exceed the time "
		"that passed"},
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
