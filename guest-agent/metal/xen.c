/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Xen's public headers name the numbers here: xen.h, vcpu.h, sched.h, event_channel.h, hvm/params.h,
 * io/console.h, arch-x86/cpuid.h (Xen 4.17; all of it is a stable interface). */
#include "guest-agent/metal/xen.h"
#include "guest-agent/metal/cpu.h"

#define CPUID_HYPERVISOR 0x40000000u
#define CPUID_XEN_PAGE	 0x40000002u /* ebx: the MSR that fills in the hypercall page */
#define CPUID_XEN_TIME	 0x40000003u /* ecx: kHz of the TSC */

#define CALL_SIZE	   32 /* of one call in the page */
#define CALL_VCPU_OP	   24
#define CALL_SCHED_OP	   29
#define CALL_EVENT	   32
#define CALL_HVM_OP	   34
#define VCPUOP_RUNSTATE	   5
#define SCHEDOP_SHUTDOWN   2
#define EVTCHNOP_SEND	   4
#define HVMOP_GET_PARAM	   1
#define PARAM_CONSOLE	   17 /* its page */
#define PARAM_CONSOLE_PORT 18
#define DOMID_SELF	   0x7ff0

static uint8_t hypercall_page[4096] __attribute__((aligned(4096)));
static bool here;

struct console_ring {
	char in[1024], out[2048];
	volatile uint32_t in_cons, in_prod, out_cons, out_prod;
};
static struct console_ring *console;
static uint32_t console_port;

static long hypercall(unsigned nr, uint64_t a, uint64_t b, uint64_t c)
{
	long result;

	__asm__ volatile("call *%[entry]"
			 : "=a"(result), "+D"(a), "+S"(b), "+d"(c)
			 : [entry] "r"(hypercall_page + nr * CALL_SIZE)
			 : "memory", "r8", "r9", "r10", "r11", "rcx");
	return result;
}

static uint64_t param(uint32_t index)
{
	struct {
		uint16_t domain, pad;
		uint32_t index;
		uint64_t value;
	} p = {.domain = DOMID_SELF, .index = index};

	return hypercall(CALL_HVM_OP, HVMOP_GET_PARAM, (uint64_t)&p, 0) ? 0 : p.value;
}

bool xen_detect(void)
{
	struct cpuid id = cpuid(CPUID_HYPERVISOR);

	if (!(cpuid(1).c >> 31) || id.b != 0x566e6558 || id.c != 0x65584d4d || id.d != 0x4d4d566e)
		return false; /* "XenVMMXenVMM" */
	wrmsr(cpuid(CPUID_XEN_PAGE).b, (uint64_t)hypercall_page);
	here = true;
	console = (struct console_ring *)(param(PARAM_CONSOLE) << 12);
	console_port = (uint32_t)param(PARAM_CONSOLE_PORT);
	return true;
}

uint64_t xen_tsc_hz(void)
{
	return here ? cpuid(CPUID_XEN_TIME).c * UINT64_C(1000) : 0;
}

bool xen_keep_runstate(struct cpu *c, unsigned index)
{
	const void *area = &c->runstate;

	return hypercall(CALL_VCPU_OP, VCPUOP_RUNSTATE, index, (uint64_t)&area) == 0;
}

bool xen_put_char(char ch)
{
	uint32_t at;

	if (!here || !console)
		return here;
	at = console->out_prod;
	/* One that nobody reads must not hold the guest: what does not fit is dropped. */
	if (at - console->out_cons < sizeof(console->out)) {
		console->out[at % sizeof(console->out)] = ch;
		__atomic_store_n(&console->out_prod, at + 1, __ATOMIC_RELEASE);
	}
	if (ch == '\n')
		hypercall(CALL_EVENT, EVTCHNOP_SEND, (uint64_t)&console_port, 0);
	return true;
}

void xen_power_off(void)
{
	uint32_t reason = 0; /* power-off */

	if (here)
		hypercall(CALL_SCHED_OP, SCHEDOP_SHUTDOWN, (uint64_t)&reason, 0);
}
