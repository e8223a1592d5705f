/* SPDX-License-Identifier: GPL-3.0-or-later */
/* KVM's paravirtual clock and steal time (Documentation/virt/kvm/x86/msr.rst and cpuid.rst), Xen's run
 * states. */
#include "guest-agent/metal/clock.h"

#define CPUID_HYPERVISOR    0x40000000u
#define CPUID_KVM_FEATURES  0x40000001u
#define KVM_CLOCKSOURCE2    (1u << 3)
#define KVM_STEAL_TIME	    (1u << 5)
#define MSR_KVM_SYSTEM_TIME 0x4b564d01
#define MSR_KVM_STEAL_TIME  0x4b564d03
#define MSR_KVM_ENABLE	    1

#define NS_PER_S	   UINT64_C(1000000000)
#define BEACON_CALIBRATION UINT64_C(1000000000) /* ns */

struct pvclock {
	volatile uint32_t version; /* odd while KVM writes */
	uint32_t pad;
	uint64_t tsc_timestamp, system_time;
	uint32_t tsc_to_system_mul;
	int8_t tsc_shift;
	uint8_t flags, pad2[2];
} __attribute__((aligned(64)));

static struct pvclock pvclock;

static uint32_t hypervisor(void)
{
	struct cpuid id = cpuid(CPUID_HYPERVISOR);

	if (!(cpuid(1).c >> 31))
		return SHM_ACCEL_UNKNOWN;
	if (id.b == 0x4b4d564b && id.c == 0x564b4d56 && id.d == 0x4d) /* "KVMKVMKVM" */
		return SHM_ACCEL_KVM;
	if (id.b == 0x54474354 && id.c == 0x43544743 && id.d == 0x47435447) /* "TCGTCGTCGTCG" */
		return SHM_ACCEL_TCG;
	return xen_tsc_hz() ? SHM_ACCEL_XEN : SHM_ACCEL_UNKNOWN;
}

/* ns = (ticks << shift) * mul >> 32, so Hz = (10^9 << 32) / mul, shifted back. */
static uint64_t hz_from_kvmclock(void)
{
	uint64_t hz;
	uint32_t mul;

	wrmsr(MSR_KVM_SYSTEM_TIME, (uint64_t)&pvclock | MSR_KVM_ENABLE);
	mul = pvclock.tsc_to_system_mul;
	if (mul == 0)
		return 0;
	hz = (NS_PER_S << 32) / mul;
	hz = pvclock.tsc_shift < 0 ? hz << -pvclock.tsc_shift : hz >> pvclock.tsc_shift;
	wrmsr(MSR_KVM_SYSTEM_TIME, 0);
	return hz;
}

/* Wait for the beacon to move; the stamp of when it did. */
static struct stamp beacon_edge(const struct shm_host *host)
{
	uint64_t before = host->beacon_ns;
	struct stamp s;

	do {
		platform_relax();
		s.beacon_ns = host->beacon_ns;
		s.tsc = platform_tsc();
	} while (s.beacon_ns == before);
	return s;
}

static uint64_t hz_from_beacon(const struct shm_host *host)
{
	struct stamp first = beacon_edge(host), last;

	do {
		last = beacon_edge(host);
	} while (last.beacon_ns - first.beacon_ns < BEACON_CALIBRATION);
	return (last.tsc - first.tsc) * 1000 / ((last.beacon_ns - first.beacon_ns) / 1000) * 1000;
}

uint64_t clock_init(const struct shm_host *host, uint32_t *accel, uint32_t *features)
{
	uint32_t kvm = 0;
	uint64_t hz = 0;

	*accel = hypervisor();
	if (*accel == SHM_ACCEL_KVM)
		kvm = cpuid(CPUID_KVM_FEATURES).a;
	if (kvm & KVM_STEAL_TIME || *accel == SHM_ACCEL_XEN)
		*features |= SHM_FEAT_STEAL;
	if (*accel == SHM_ACCEL_XEN)
		return xen_tsc_hz();
	if (kvm & KVM_CLOCKSOURCE2)
		hz = hz_from_kvmclock();
	if (hz != 0) {
		*features |= SHM_FEAT_KVMCLOCK;
		return hz;
	}
	return host->tsc_hz ? host->tsc_hz : hz_from_beacon(host);
}

bool clock_enable_steal(struct cpu *c, unsigned index)
{
	if (c->agent.accel == SHM_ACCEL_XEN)
		return xen_keep_runstate(c, index);
	wrmsr(MSR_KVM_STEAL_TIME, (uint64_t)&c->steal | MSR_KVM_ENABLE);
	return true;
}

/* "offline" is not in it: before it was started, while paused or parked by its cap, it was kept from
 * nothing by others. */
static uint64_t steal_of_xen(const volatile struct xen_runstate *r)
{
	uint64_t since, runnable;

	do {
		since = r->since;
		platform_barrier();
		runnable = r->ns[1];
		platform_barrier();
	} while (since != r->since);
	return runnable;
}

uint64_t platform_steal(struct agent_vcpu *v)
{
	const volatile struct kvm_steal *s = &cpu_of(v)->steal;
	uint32_t before, after;
	uint64_t steal;

	if (!(v->features & SHM_FEAT_STEAL))
		return SHM_STEAL_NONE;
	if (v->accel == SHM_ACCEL_XEN)
		return steal_of_xen(&cpu_of(v)->runstate);
	do {
		before = s->version;
		platform_barrier();
		steal = s->steal;
		platform_barrier();
		after = s->version;
	} while (before != after || (before & 1));
	return steal;
}
