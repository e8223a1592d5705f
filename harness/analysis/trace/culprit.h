/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who a thread is, as a person thinks of it: another VM and its vCPU, this VM's own QEMU threads, a
 * noise of the scenario, a cgroup, a process, a kernel thread, an irq. The guests of the run come
 * first, behind them the other VMs of the box: "guest" below counts through both, run_info.guests
 * then run_info.vms. Culprits are small numbers;
 * a tid's culprit follows the TASK records of the trace. Memory is bounded whatever the trace says:
 * at most CULPRITS_MAX names at a time, one number per possible tid.
 */
#ifndef SS_ANALYSIS_TRACE_CULPRIT_H
#define SS_ANALYSIS_TRACE_CULPRIT_H

#include "abi/host_trace.h"
#include "analysis/analysis.h"

#define CULPRITS_MAX 65536u

/* Culprits that always exist. */
enum {
	CULPRIT_ID_UNKNOWN = 0,
	CULPRIT_ID_IDLE = 1,
	CULPRIT_ID_QUOTA = 2,
	CULPRIT_ID_OTHERS = 3,	/* more names than fit */
	CULPRIT_ID_STOPPED = 4, /* nobody had the CPU: a signal stopped the thread */
	CULPRIT_ID_FIRST = 5,
};

#define TID_MAX (1u << 22) /* PID_MAX_LIMIT of 64-bit kernels */

struct culprits;
struct culprits *culprits_make(const struct run_info *info);
void culprits_free(struct culprits *c);
void culprits_task(struct culprits *c, const struct trace_task *t);
/* A vCPU thread that run.json did not know: id = guest << 8 | vcpu. */
void culprits_track(struct culprits *c, uint32_t tid, uint32_t id);
/* A thread of that guest that is (or may be: -1) its vCPU; -2: all of its vCPUs. */
void culprits_vcpu(struct culprits *c, uint32_t tid, size_t guest, int vcpu);
/* It is gone; what that number is called next is another thread's. */
void culprits_forget(struct culprits *c, uint32_t tid);
uint32_t culprit_of_tid(const struct culprits *c, uint32_t tid); /* tid 0 is CULPRIT_ID_IDLE */
uint32_t culprit_of_irq(struct culprits *c, uint32_t other, bool soft);
const char *culprit_name(const struct culprits *c, uint32_t id);
/* Its kind as a victim of guest `guest` sees it: its own guest's threads are own or sibling. */
enum culprit_kind culprit_seen_by(const struct culprits *c, uint32_t id, size_t guest);
/* Numbers given out so far are less; and how many have a name now. */
uint32_t culprits_n(const struct culprits *c);
uint32_t culprits_names(const struct culprits *c);
/* Memory for the numbers of threads, in pages of 4 KiB. */
size_t culprits_pages(const struct culprits *c);
/* Forget the guests of which `going` is true (there are `n`), so that their numbers may be given to others, and the threads that do
 * not exist (NULL: all do), with the pages that had only such. `used`, by culprit, says whose names are asked for still, and is
 * added to; the other names are given up, and their numbers to others. */
void culprits_sweep(
	struct culprits *c, const bool *going, size_t n, bool (*exists)(uint32_t tid), bool *used);

#endif
