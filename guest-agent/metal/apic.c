/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Local APIC (Intel SDM volume 3, chapter 11). */
#include "guest-agent/metal/apic.h"
#include "guest-agent/metal/cpu.h"

#define MSR_APIC_BASE	 0x1b
#define APIC_BASE_ENABLE (1u << 11)
#define APIC_BASE_X2APIC (1u << 10)
#define MSR_X2APIC	 0x800
#define MSR_TSC_DEADLINE 0x6e0
#define APIC_MMIO	 0xfee00000u

/* Register numbers: offset / 16 of the memory page, MSR - 0x800. */
enum apic_reg {
	APIC_ID = 0x02,
	APIC_TPR = 0x08,
	APIC_EOI = 0x0b,
	APIC_SPURIOUS = 0x0f,
	APIC_ICR = 0x30,
	APIC_ICR_HIGH = 0x31,
	APIC_LVT_TIMER = 0x32,
	APIC_LVT_LINT0 = 0x35,
	APIC_LVT_LINT1 = 0x36,
	APIC_INITIAL_COUNT = 0x38,
	APIC_CURRENT_COUNT = 0x39,
	APIC_DIVIDE = 0x3e,
};

#define LVT_MASKED	   (1u << 16)
#define LVT_TSC_DEADLINE   (2u << 17)
#define SPURIOUS_ENABLE	   (1u << 8)
#define DIVIDE_BY_1	   0xb
#define ICR_INIT_TO_OTHERS 0x000c4500u /* all excluding self, assert, INIT */
#define ICR_SIPI_TO_OTHERS 0x000c4600u
#define ICR_PENDING	   (1u << 12)

static bool x2apic, deadline_timer;
static uint64_t apic_hz_scaled; /* APIC timer counts per TSC tick, times 2^32 */

static uint32_t apic_read(enum apic_reg reg)
{
	if (x2apic)
		return (uint32_t)rdmsr(MSR_X2APIC + reg);
	return *(volatile uint32_t *)(uint64_t)(APIC_MMIO + reg * 16);
}

static void apic_write(enum apic_reg reg, uint32_t value)
{
	if (x2apic)
		wrmsr(MSR_X2APIC + reg, value);
	else
		*(volatile uint32_t *)(uint64_t)(APIC_MMIO + reg * 16) = value;
}

uint32_t apic_detect(void)
{
	uint32_t c = cpuid(1).c;

	x2apic = c >> 21 & 1;
	deadline_timer = c >> 24 & 1;
	return (x2apic ? SHM_FEAT_X2APIC : 0) | (deadline_timer ? SHM_FEAT_DEADLINE : 0);
}

uint32_t apic_enable(void)
{
	uint64_t base = rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE;

	wrmsr(MSR_APIC_BASE, base);
	if (x2apic)
		wrmsr(MSR_APIC_BASE, base | APIC_BASE_X2APIC);
	apic_write(APIC_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	apic_write(APIC_LVT_LINT1, LVT_MASKED);
	apic_write(APIC_DIVIDE, DIVIDE_BY_1);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER | (deadline_timer ? LVT_TSC_DEADLINE : 0));
	return x2apic ? apic_read(APIC_ID) : apic_read(APIC_ID) >> 24;
}

static void apic_send(uint32_t command)
{
	if (x2apic) {
		wrmsr(MSR_X2APIC + APIC_ICR, command);
		return;
	}
	apic_write(APIC_ICR_HIGH, 0);
	apic_write(APIC_ICR, command);
	for (int i = 0; i < 100000 && (apic_read(APIC_ICR) & ICR_PENDING); i++)
		platform_relax();
}

static void wait_us(uint64_t us, uint64_t tsc_hz)
{
	uint64_t end = platform_tsc() + us * tsc_hz / 1000000;

	while (platform_tsc() < end)
		platform_relax();
}

/* The SDM's INIT, 10 ms, SIPI, 200 us, SIPI is for processors of long ago: virtual ones need no
 * wait after INIT, and the second SIPI does nothing to one that runs. */
void apic_start_others(uint32_t page, uint64_t tsc_hz)
{
	apic_send(ICR_INIT_TO_OTHERS);
	wait_us(100, tsc_hz);
	apic_send(ICR_SIPI_TO_OTHERS | page >> 12);
	wait_us(200, tsc_hz);
	apic_send(ICR_SIPI_TO_OTHERS | page >> 12);
}

void apic_calibrate(uint64_t tsc_hz)
{
	uint64_t start, ticks, counts;

	if (deadline_timer)
		return;
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER | LVT_MASKED);
	start = platform_tsc();
	apic_write(APIC_INITIAL_COUNT, UINT32_MAX);
	wait_us(20000, tsc_hz);
	counts = UINT32_MAX - apic_read(APIC_CURRENT_COUNT);
	ticks = platform_tsc() - start;
	apic_write(APIC_INITIAL_COUNT, 0);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
	apic_hz_scaled = (counts << 32) / ticks;
}

void apic_end_of_interrupt(void)
{
	apic_write(APIC_EOI, 0);
}

void platform_arm(struct agent_vcpu *v, uint64_t tsc)
{
	uint64_t now, counts;

	(void)v;
	if (deadline_timer) {
		wrmsr(MSR_TSC_DEADLINE, tsc);
		return;
	}
	now = platform_tsc();
	counts = 1;
	if (tsc > now) {
		/* Bounded so that the product fits: an early interrupt only arms again. */
		uint64_t left = tsc - now < UINT32_MAX ? tsc - now : UINT32_MAX;

		counts = left * apic_hz_scaled >> 32;
		if (counts == 0)
			counts = 1;
	}
	apic_write(APIC_INITIAL_COUNT, (uint32_t)(counts < UINT32_MAX ? counts : UINT32_MAX));
}
