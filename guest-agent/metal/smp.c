/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * All others are woken at once by broadcast; each takes the next stack and reports its APIC id.
 * When all are here, numbers are given by rank of APIC id: QEMU gives ids in the order of its
 * vCPUs, whatever the topology makes of them.
 *
 * Who waits for others has interrupts open: none is asked for yet, but an emulated VMX (Bochs 3.0) does not leave a
 * guest that keeps them out, so that its host's CPU is gone for as long as the guest waits.
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
	irq_enable();
	while (count_reported() < count && platform_tsc() <= end)
		platform_relax();
	irq_disable();
	if (count_reported() < count)
		return false;
	numbered = count;
	*index = rank_of(apic_id);
	return true;
}

unsigned smp_join(unsigned arrival, uint32_t apic_id)
{
	reported[arrival] = apic_id;
	irq_enable();
	while (numbered == 0)
		platform_relax();
	irq_disable();
	return rank_of(apic_id);
}
