// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The metal guest on a real QEMU, without libvirt: boots it under KVM and TCG with 1 to 256 vCPUs,
 * runs probes, checks every record, the steal counter against the vCPU thread's run_delay, the
 * dead-man's switch and the power-off. One line per claim; SKIP where there is no /dev/kvm.
 *
 *   metal_boot METAL.ELF [WORD]     WORD: only the cases whose name contains it
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "collect/guest_ring.h"
#include "tests/e2e/metal_vm.h"
#include "tests/sync_one.h"

#define SECONDS 2
#define MS	UINT64_C(1000000)

static int failed, passed, skipped;

static void claim(bool holds, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void claim(bool holds, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf(holds ? "ok    metal_boot: " : "FAIL  metal_boot: ");
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
	fflush(stdout);
	*(holds ? &passed : &failed) += 1;
}

enum extra {
	NOTHING = 0,
	STEAL_CHECK = 1,  /* all QEMU threads on one CPU, steal against run_delay */
	DEAD_MAN = 2,	  /* end by silence */
	START_AGAIN = 4,  /* run, stop, run */
	WRONG_COUNT = 8,  /* the page asks for one vCPU more than there is */
	WRONG_PAGE = 16,  /* rings that do not fit */
	SEABIOS = 32,	  /* QEMU's own firmware instead of qboot */
	NO_HOST_HZ = 64,  /* the guest must find the TSC's frequency itself */
	MACHINE_PC = 128, /* i440fx instead of q35 */
	IOMMU = 256,	  /* what a vCPU of a number that is no byte takes */
};

static const struct test_case {
	const char *name;
	bool kvm;
	unsigned vcpus;
	uint32_t probes[2];
	unsigned extra;
} cases[] = {
	{"kvm-1-timer", true, 1, {PROBE_TIMER}, START_AGAIN},
	{"kvm-2-gap", true, 2, {PROBE_TIMER, PROBE_GAP}, 0},
	{"kvm-4-job", true, 4, {PROBE_TIMER, PROBE_JOB}, MACHINE_PC},
	{"kvm-16-timer", true, 16, {PROBE_TIMER}, 0},
	{"kvm-256-timer", true, 256, {PROBE_TIMER}, IOMMU},
	{"kvm-16-gap", true, 16, {PROBE_TIMER, PROBE_GAP}, 0},
	{"kvm-2-lock", true, 2, {PROBE_STEAL, PROBE_LOCK}, 0},
	{"kvm-2-memory", true, 2, {PROBE_STEAL, PROBE_MEMORY}, 0},
	{"kvm-2-steal-idle", true, 2, {PROBE_TIMER}, STEAL_CHECK},
	{"kvm-2-steal-busy", true, 2, {PROBE_TIMER, PROBE_GAP}, STEAL_CHECK},
	{"kvm-1-deadman", true, 1, {PROBE_TIMER, PROBE_JOB}, DEAD_MAN},
	{"kvm-1-seabios", true, 1, {PROBE_TIMER}, SEABIOS},
	{"kvm-1-wrong-page", true, 1, {PROBE_TIMER}, WRONG_PAGE},
	{"tcg-1-timer", false, 1, {PROBE_TIMER}, START_AGAIN},
	{"tcg-2-gap", false, 2, {PROBE_TIMER, PROBE_GAP}, MACHINE_PC},
	{"tcg-4-job", false, 4, {PROBE_TIMER, PROBE_JOB}, 0},
	{"tcg-16-timer", false, 16, {PROBE_TIMER}, 0},
	{"tcg-1-own-hz", false, 1, {PROBE_TIMER}, NO_HOST_HZ},
	{"tcg-1-deadman", false, 1, {PROBE_TIMER}, DEAD_MAN},
	{"tcg-1-seabios", false, 1, {PROBE_TIMER}, SEABIOS},
	{"tcg-1-wrong-count", false, 1, {PROBE_TIMER}, WRONG_COUNT},
};

/* Beacon and drain until `done` says so, QEMU ends, or the time is up. True when done. */
static bool pump(struct vm *vm, bool (*done)(struct vm *vm), double seconds)
{
	uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);

	for (;;) {
		guest_shm_beacon(vm->shm);
		guest_shm_drain(vm->shm, NULL);
		if (done && done(vm))
			return true;
		if (now_ns() > end || !vm_alive(vm))
			return false;
		sleep_ns(MS);
	}
}

static bool all_ready(struct vm *vm)
{
	return guest_shm_count_state(vm->shm, SHM_STATE_READY) == vm->vcpus;
}

static bool all_running(struct vm *vm)
{
	return guest_shm_count_state(vm->shm, SHM_STATE_RUNNING) == vm->vcpus;
}

static bool all_stopped(struct vm *vm)
{
	return guest_shm_count_state(vm->shm, SHM_STATE_STOPPED) == vm->vcpus;
}

static bool any_failed(struct vm *vm)
{
	return guest_shm_count_state(vm->shm, SHM_STATE_FAILED) != 0;
}

/*
 * run_delay - steal of each vCPU: a constant when they are one integer. A reading of run_delay
 * after a record may hold waits that came later, never fewer, so the least of many is the constant
 * itself.
 */
static void least_difference(struct vm *vm, uint64_t least[SHM_MAX_VCPUS])
{
	for (unsigned i = 0; i < vm->vcpus; i++)
		least[i] = UINT64_MAX;
	for (uint64_t end = now_ns() + 1500 * MS; now_ns() < end;) {
		guest_shm_beacon(vm->shm);
		for (unsigned i = 0; i < vm->vcpus; i++) {
			struct shm_rec rec;
			uint64_t delay;

			if (!vm_last_record(vm, i, &rec) || rec.steal_ns == SHM_STEAL_NONE)
				continue;
			delay = vm_run_delay(vm, i);
			if (delay - rec.steal_ns < least[i])
				least[i] = delay - rec.steal_ns;
		}
		guest_shm_drain(vm->shm, NULL);
		sleep_ns(MS / 4);
	}
}

static void check_steal(struct vm *vm, const char *name)
{
	uint64_t first[SHM_MAX_VCPUS], last[SHM_MAX_VCPUS];
	uint64_t delay[SHM_MAX_VCPUS], from = now_ns();

	least_difference(vm, first);
	for (unsigned i = 0; i < vm->vcpus; i++)
		delay[i] = vm_run_delay(vm, i);
	pump(vm, NULL, 4);
	least_difference(vm, last);
	for (unsigned i = 0; i < vm->vcpus; i++) {
		uint64_t grown = vm_run_delay(vm, i) - delay[i];

		claim(first[i] == last[i] && first[i] != UINT64_MAX,
			"%s: vCPU %u: steal and run_delay grew alike by %llu ns (%.1f ms/s); differ by %lld ns",
			name, i, (unsigned long long)grown,
			(double)grown * 1e3 / (double)(now_ns() - from - 1500 * MS),
			(long long)(last[i] - first[i]));
	}
}

static void run_once(struct vm *vm, const struct test_case *t)
{
	struct err e = ERR_INIT;

	claim(sync_one(vm->shm, 32, &e) == 0, "%s: clocks compared %s", t->name, e.msg);
	guest_shm_command(vm->shm, SHM_CMD_RUN);
	claim(pump(vm, all_running, 20), "%s: probes run", t->name);
	if (t->extra & STEAL_CHECK)
		check_steal(vm, t->name);
	else
		pump(vm, NULL, SECONDS);
	if (t->extra & DEAD_MAN)
		return;
	guest_shm_command(vm->shm, SHM_CMD_STOP);
	claim(pump(vm, all_stopped, 20), "%s: all stopped", t->name);
	claim(sync_one(vm->shm, 32, &e) == 0, "%s: clocks compared again %s", t->name, e.msg);
}

static void end_by_silence(struct vm *vm, const char *name)
{
	uint64_t from = now_ns();
	int status = vm_wait_exit(vm, 20);

	claim(status == 0, "%s: without a beacon the guest powered off after %.1f s", name,
		(double)(now_ns() - from) / 1e9);
}

static void run_case(const struct test_case *t)
{
	struct vm vm;
	struct vm_options o = {.kvm = t->kvm,
		.vcpus = t->vcpus,
		.page_vcpus = t->vcpus + !!(t->extra & WRONG_COUNT),
		.probes = t->probes,
		.one_cpu = t->extra & STEAL_CHECK,
		.seabios = t->extra & SEABIOS,
		.machine = t->extra & MACHINE_PC ? "pc"
			   : t->extra & IOMMU	 ? "q35,kernel-irqchip=split"
						 : "q35",
		.iommu = t->extra & IOMMU,
		.wrong_page = t->extra & WRONG_PAGE,
		.no_hz = t->extra & NO_HOST_HZ};
	uint64_t from = now_ns();
	bool ready;

	vm_start(&vm, &o);
	if (t->extra & WRONG_PAGE) {
		claim(vm_wait_exit(&vm, 20) == 0 && strstr(vm_console(&vm), "do not fit"),
			"%s: the guest says what is wrong and leaves", t->name);
		vm_end(&vm);
		return;
	}
	if (t->extra & WRONG_COUNT) {
		struct guest_shm_status st;

		pump(&vm, any_failed, 40);
		guest_shm_status(vm.shm, &st);
		claim(st.fail_code == 17 && vm_wait_exit(&vm, 10) == 0,
			"%s: too few CPUs is a failure, code %u", t->name, st.fail_code);
		vm_end(&vm);
		return;
	}
	ready = pump(&vm, all_ready, 60);
	claim(ready, "%s: %u vCPUs ready %.3f s after exec", t->name, t->vcpus,
		(double)(now_ns() - from) / 1e9);
	if (ready) {
		vm_find_threads(&vm);
		run_once(&vm, t);
		if (t->extra & START_AGAIN)
			run_once(&vm, t);
		if (t->extra & DEAD_MAN) {
			end_by_silence(&vm, t->name);
		} else {
			guest_shm_command(vm.shm, SHM_CMD_POWEROFF);
			claim(vm_wait_exit(&vm, 10) == 0, "%s: powered off when told", t->name);
		}
	} else {
		printf("      console: %s\n", vm_console(&vm));
	}
	vm_close_page(&vm);
	vm_check_records(&vm, t->name, t->kvm, t->probes, t->extra & START_AGAIN ? 2 : 1,
		!(t->extra & DEAD_MAN), claim);
	vm_end(&vm);
}

int main(int argc, char **argv)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (argc < 2) {
		fprintf(stderr, "usage: metal_boot METAL.ELF [WORD]\n");
		return EXIT_USAGE;
	}
	vm_elf = argv[1];
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (argc > 2 && !strstr(cases[i].name, argv[2]))
			continue;
		if (cases[i].kvm && kvm < 0) {
			printf("SKIP  metal_boot: %s: /dev/kvm cannot be opened\n", cases[i].name);
			skipped++;
			continue;
		}
		run_case(&cases[i]);
	}
	printf("metal_boot: %d passed, %d failed, %d skipped\n", passed, failed, skipped);
	return failed ? EXIT_FAILED : EXIT_DONE;
}
