/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The metal guest: finds the shared page, starts the other CPUs, gives each to the agent. No
 * kernel, no disk: what its timers and loops see late or missing, the host took.
 */
#include "guest-agent/metal/apic.h"
#include "guest-agent/metal/clock.h"
#include "guest-agent/metal/console.h"
#include "guest-agent/metal/memory.h"
#include "guest-agent/metal/pci.h"
#include "guest-agent/metal/power.h"
#include "guest-agent/metal/smp.h"
#include "guest-agent/metal/trap.h"
#include "guest-agent/probe/probe.h"

/* All probes run here as they are. */
const struct probe_ops *platform_probe(uint32_t id)
{
	(void)id;
	return 0;
}

#define PCI_IVSHMEM 0x11101af4u
#define IVSHMEM_BAR 2

/* Called from boot.S. */
void metal_main(uint64_t start_info) __attribute__((noreturn));
void metal_main_other(unsigned arrival) __attribute__((noreturn));

/* What the first CPU found out, for all. */
static struct {
	struct shm_host *host;
	uint32_t accel, features;
	uint64_t tsc_hz;
} machine;

static void metal_cpu(unsigned index, uint32_t apic_id)
{
	struct cpu *c = &cpus[index];

	cpu_set_current(c);
	c->beacon = &machine.host->beacon_ns;
	c->apic_id = apic_id;
	c->agent.accel = machine.accel;
	c->agent.features = machine.features;
	c->agent.tsc_hz = machine.tsc_hz;
	agent_init(&c->agent, machine.host, index);
	c->agent.shm->apic_id = apic_id;
	if (machine.features & SHM_FEAT_STEAL && !clock_enable_steal(c, index))
		c->agent.features = c->agent.shm->features &= ~SHM_FEAT_STEAL;
	agent_main(&c->agent);
}

/* The legacy interrupt controllers stay out of it. */
static void mask_legacy_interrupts(void)
{
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
}

/* A page of our own RAM where the command line names one (Xen), else ivshmem's. */
static struct shm_host *find_page(uint64_t *size)
{
	struct pci_device d;
	uint64_t address = memory_page(size);

	if (address)
		return (struct shm_host *)address;
	if (!pci_find(PCI_IVSHMEM, &d)) {
		console_line("no ivshmem device on PCI bus 0");
		power_off();
	}
	address = pci_memory_bar(d, IVSHMEM_BAR, size);
	if (address == 0) {
		console_line("the ivshmem device has no memory");
		power_off();
	}
	memory_map(address, *size);
	return (struct shm_host *)address;
}

void metal_main(uint64_t start_info)
{
	const char *wrong;
	uint64_t size;
	uint32_t apic_id;
	unsigned index;

	trap_init();
	xen_detect();
	mask_legacy_interrupts();
	memory_init(start_info);
	machine.host = find_page(&size);
	wrong = agent_check_page(machine.host, size);
	if (wrong) {
		console_line("%s", wrong);
		power_off();
	}
	power_set_page(machine.host);
	machine.features = apic_detect();
	machine.tsc_hz = clock_init(machine.host, &machine.accel, &machine.features);
	apic_id = apic_enable();
	apic_calibrate(machine.tsc_hz);
	if (!smp_start(machine.host->nr_vcpus, apic_id, machine.tsc_hz, &index)) {
		console_line("fewer CPUs came up than the %u asked for", machine.host->nr_vcpus);
		power_fail(METAL_FAIL_CPUS);
	}
	console_line("%u CPUs, TSC %u Hz, accelerator %u, features %x", machine.host->nr_vcpus,
		machine.tsc_hz, machine.accel, machine.features);
	metal_cpu(index, apic_id);
	__builtin_unreachable();
}

void metal_main_other(unsigned arrival)
{
	uint32_t apic_id;

	trap_load();
	apic_id = apic_enable();
	metal_cpu(smp_join(arrival, apic_id), apic_id);
	__builtin_unreachable();
}

void platform_idle(struct agent_vcpu *v)
{
	(void)v;
	irq_enable_and_halt();
}

void platform_irq_off(struct agent_vcpu *v)
{
	(void)v;
	irq_disable();
}

void platform_irq_on(struct agent_vcpu *v)
{
	(void)v;
	irq_enable();
}

void platform_say(struct agent_vcpu *v, const char *text)
{
	console_line("vCPU %u: %s", v->index, text);
}

void platform_poweroff(struct agent_vcpu *v, const char *why)
{
	static uint32_t leaving;

	irq_disable();
	while (__atomic_exchange_n(&leaving, 1, __ATOMIC_RELAXED)) /* one is enough */
		__asm__ volatile("hlt");
	console_line("vCPU %u powers off: %s", v->index, why);
	power_off();
}
