/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * All others are woken at once by broadcast; each takes the next stack and reports its APIC id.
 * When all are here, numbers are given by rank of APIC id: QEMU gives ids in the order of its
 * vCPUs, whatever the topology makes of them.
 */
#include "guest-agent/metal/apic.h"
#include "guest-agent/metal/smp.h"
#include "guest-agent/metal/cpu.h"

#define WAIT_S	 20 /* on a crowded host others may take long to get a CPU */
#define NOT_HERE UINT32_MAX

uint32_t smp_arrived; /* how many others took a stack */

extern const uint8_t smp_trampoline_start[], smp_trampoline_end[];

static volatile uint32_t reported[MAX_CPUS] = {[0 ... MAX_CPUS - 1] = NOT_HERE};
static volatile unsigned numbered; /* how many CPUs there are, once all are here */

static unsigned rank_of(uint32_t apic_id)
{
	unsigned rank = 0;

	for (unsigned i = 0; i < numbered; i++)
		if (reported[i] < apic_id)
			rank++;
	return rank;
}

static unsigned count_reported(void)
{
	unsigned n = 0;

	while (n < MAX_CPUS && reported[n] != NOT_HERE)
		n++;
	return n;
}

bool smp_start(unsigned count, uint32_t apic_id, uint64_t tsc_hz, unsigned *index)
{
	uint8_t *to = (uint8_t *)SMP_TRAMPOLINE;
	uint64_t end = platform_tsc() + WAIT_S * tsc_hz;

	reported[0] = apic_id;
	if (count > 1) {
		/* volatile: address 0x8000 is no object the compiler knows */
		for (const uint8_t *from = smp_trampoline_start; from < smp_trampoline_end; from++)
			*(volatile uint8_t *)to++ = *from;
		apic_start_others(SMP_TRAMPOLINE, tsc_hz);
	}
	while (count_reported() < count) {
		if (platform_tsc() > end)
			return false;
		platform_relax();
	}
	numbered = count;
	*index = rank_of(apic_id);
	return true;
}

unsigned smp_join(unsigned arrival, uint32_t apic_id)
{
	reported[arrival] = apic_id;
	while (numbered == 0)
		platform_relax();
	return rank_of(apic_id);
}
