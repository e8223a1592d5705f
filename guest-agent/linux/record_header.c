// SPDX-License-Identifier: GPL-3.0-or-later
/* What a recording says of the machine it was made on. */
#include <cpuid.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "guest-agent/linux/record.h"

void record_header(struct recording_header *h)
{
	unsigned a, b, c, d;
	struct utsname u;
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	uname(&u);
	*h = (struct recording_header){.magic = RECORDING_MAGIC,
		.version = RECORDING_VERSION,
		.header_size = sizeof(*h),
		.steal_step_ns = UINT64_C(1000000000) / (uint64_t)sysconf(_SC_CLK_TCK),
		.n_cpus = cpus < 1 ? 1 : (uint32_t)cpus,
		.flags = steal_is_provided() ? RECORDING_STEAL : 0};
	if (h->n_cpus > RECORDING_CPUS_MAX)
		h->n_cpus = RECORDING_CPUS_MAX;
	snprintf(h->host, sizeof(h->host), "%.63s", u.nodename);
	snprintf(h->kernel, sizeof(h->kernel), "%.63s", u.release);
	h->accel = hypervisor();
	if (__get_cpuid(1, &a, &b, &c, &d) && c >> 31) {
		__cpuid(0x40000000, a, b, c, d);
		memcpy(h->hypervisor, &b, 4);
		memcpy(h->hypervisor + 4, &c, 4);
		memcpy(h->hypervisor + 8, &d, 4);
	} else {
		h->accel = SHM_ACCEL_NATIVE;
	}
}
