/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Noisy neighbours. One row of terms/noises.def and one file here per kind. Each noise of a plan runs as
 * its own process group in its own cgroup (where the user may make one); it dies with the harness
 * (PR_SET_PDEATHSIG), reports what CPU it asked for and got, and is stopped by noise_stop() in any
 * state.
 */
#ifndef SS_NOISE_NOISE_H
#define SS_NOISE_NOISE_H

#include "plan/plan.h"

/* 0, or -errno with a sentence: the program it runs is not installed. */
int noise_available(const struct kind *kind, struct err *e);

struct noise;

/* Create the cgroup and the processes, held before their first instruction of work. Call it from a
 * thread that lives as long as the noise shall: the kernel takes the end of the thread that forked
 * for the end of the parent (PR_SET_PDEATHSIG). */
/* `words_fd` gets what its processes write to stderr (stress-ng: stdout too) and is read again by
 * noise_check(); it stays the caller's and open; -1: to nowhere. */
int noise_start(const struct plan_noise *n, const char *run, int words_fd, struct noise **out,
	struct err *e);
/* The same; what it plays (NOISE_IS_PLAYED) is logged to `log_fd` (abi/played.h), which stays the
 * caller's; -1: to nowhere. */
int noise_start_logged(const struct plan_noise *n, const char *run, int words_fd, int log_fd,
	struct noise **out, struct err *e);
/* Before it is let go, of one that plays: the thread of a vCPU of its victim, in the plan's order. */
void noise_victim(struct noise *n, size_t vcpu, int tid);
/* -ECHILD with how, when and its last words when a process of it ended though it was to run: what is
 * measured beside it is not what was asked for. A noise that is held is not looked at. */
int noise_check(const struct noise *n, struct err *e);
/* Let it go / hold it (its start and stop times). Idempotent. */
int noise_resume(struct noise *n, struct err *e);
int noise_pause(struct noise *n, struct err *e);

struct noise_report {
	/* CPU asked for while it was let go: threads x duty x time, but no more than its quota and
	 * its CPUs can give; 0 = not known */
	uint64_t requested_ns;
	uint64_t delivered_ns; /* cgroup usage in that time */
	uint64_t throttled_ns; /* as cpu.stat counts: summed over CPUs */
	bool died;	       /* a process ended by itself */
};
int noise_read(const struct noise *n, struct noise_report *out, struct err *e);
int noise_last_pid(const struct noise *n); /* of the processes it was begun with */
/* Absolute path of its cpu (v1) or unified (v2) cgroup folder; NULL: it has no group, because this
 * user may make none and the plan needs none (no shares, no quota). Its CPUs are then an affinity,
 * and its usage that of its processes, in clock ticks. */
const char *noise_cgroup_path(const struct noise *n);
/* Kill, remove the cgroup, free. NULL is fine. */
void noise_stop(struct noise *n);

#endif
