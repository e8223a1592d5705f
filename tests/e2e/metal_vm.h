/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One QEMU with the metal guest, for metal_boot.c: start, watch, read back. Failures of the rig
 * itself end the program with a line. */
#ifndef SS_TESTS_METAL_VM_H
#define SS_TESTS_METAL_VM_H

#include <stdbool.h>
#include <sys/types.h>

#include "collect/guest_ring.h"

struct vm_options {
	bool kvm;
	unsigned vcpus, page_vcpus; /* QEMU's and the page's */
	const uint32_t *probes;	    /* two; 0 = none */
	bool one_cpu;		    /* QEMU on CPU 1, we on CPU 0 */
	bool seabios, iommu;
	const char *machine;
	bool wrong_page, no_hz;
};

struct vm {
	pid_t pid;
	int status; /* of waitpid, once gone */
	bool gone;
	unsigned vcpus;
	pid_t tids[SHM_MAX_VCPUS];
	struct guest_shm *shm;
	uint8_t *page; /* our own, read-only view of the shared page */
	uint64_t size;
	char dir[64], name[64], file[128], console[128];
	char text[4096];
};

extern const char *vm_elf;

void vm_start(struct vm *vm, const struct vm_options *o);
bool vm_alive(struct vm *vm);
/* Exit status, or -1 when it did not end in time (or was killed by a signal). Writes no beacon. */
int vm_wait_exit(struct vm *vm, double seconds);
/* Find the threads "CPU n/KVM". */
void vm_find_threads(struct vm *vm);
/* ns the vCPU's thread has waited for a CPU: /proc/PID/task/TID/schedstat. */
uint64_t vm_run_delay(const struct vm *vm, unsigned vcpu);
/* The newest record in the vCPU's ring. */
bool vm_last_record(const struct vm *vm, unsigned vcpu, struct shm_rec *out);
const char *vm_console(struct vm *vm);
void vm_close_page(struct vm *vm);
/* Check the collected file: order, sequence, grid of the timer, the clock's causality. */
void vm_check_records(struct vm *vm, const char *name, bool kvm, const uint32_t *probes,
	unsigned runs, bool ended, void (*claim)(bool holds, const char *fmt, ...));
void vm_end(struct vm *vm);

#endif
