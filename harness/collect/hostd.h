/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The harness's side of stealscope-hostd: start it, tell it whom to trace, stop it. Every call
 * waits at most HOSTD_REPLY_MS for the answer; after a missed answer or hostd's death all further
 * calls fail with the same sentence. The trace goes straight from hostd to its file
 * (abi/host_trace.h).
 */
#ifndef SS_COLLECT_HOSTD_H
#define SS_COLLECT_HOSTD_H

#include <stdbool.h>
#include <sys/types.h>

#include "abi/host_trace.h"
#include "base/cpuset.h"
#include "base/err.h"
#include "host/vms.h"

#define HOSTD_REPLY_MS 5000
#define HOSTD_AHEAD    32    /* answers that are out at most: they fit into a pipe */
#define HOSTD_READY_MS 30000 /* loading eBPF programs takes 0.1 s, more on a box that emulates */

struct hostd;

struct hostd_options {
	const char *path;     /* the program */
	enum trace_mode mode; /* asked for */
	const char *out;      /* trace file, made or truncated; NULL: out_fd */
	int out_fd;	      /* borrowed; 0 = the trace is not kept */
	uint64_t limit;	      /* most bytes that the trace may hold; 0 = no bound */
	unsigned interval_ms; /* between counter samples; 0 = its default, 1 s */
	bool no_kvm;	      /* without KVM's counters: a file each, opened for every sample */
	const struct cpuset *cpus; /* where it runs; NULL or empty = anywhere */
};

/*
 * Start it and wait until it is ready. It dies with the thread that calls this (PR_SET_PDEATHSIG)
 * and when its stdin closes, and stands in a process group of its own, so that Ctrl-C leaves the
 * order of ending to the harness.
 */
int hostd_spawn(const struct hostd_options *o, struct hostd **out, struct err *e);
/* The two halves of it, for who has something else to do meanwhile. Before it is ready nothing but
 * hostd_pid(), hostd_has_spoken() and hostd_close() may be called. */
int hostd_launch(const struct hostd_options *o, struct hostd **out, struct err *e);
int hostd_ready(struct hostd *h, unsigned wait_ms, struct err *e);
/* Whether it has something to say, or has ended. */
bool hostd_has_spoken(struct hostd *h, unsigned wait_ms);

/* What it really does: TRACE_MODE_COUNTERS where eBPF is not to be had, and why then (""
 * otherwise). */
enum trace_mode hostd_mode(const struct hostd *h);
const char *hostd_reason(const struct hostd *h);
pid_t hostd_pid(const struct hostd *h);

/* Trace a thread. `id`: guest index << 8 | vCPU for vCPU threads; `name`: "victim/vcpu0", at most
 * 31 characters are kept. Before or after hostd_start(). */
int hostd_track(struct hostd *h, pid_t tid, uint32_t id, const char *name, struct err *e);
/* The same for many, at a fraction of the price: up to HOSTD_AHEAD are asked for before their
 * answers are taken, in order and all of them, before any other call. */
int hostd_track_ask(struct hostd *h, pid_t tid, uint32_t id, const char *name, struct err *e);
int hostd_track_answer(struct hostd *h, struct err *e);
/* Whether such a call failed because no more threads are traced at once. */
bool hostd_was_full(const struct err *why);
int hostd_untrack(struct hostd *h, pid_t tid, struct err *e);
/* Sample this cgroup's cpu.stat as `owner`: its folder of the cpu controller (v1) or unified
 * tree. */
int hostd_cgroup(struct hostd *h, uint32_t owner, const char *path, struct err *e);

/* Which threads of the box are KVM's vCPUs, as the kernel knows. Where it does not tell, out->known
 * is false and out->why says why; that is no error. Release with kvm_vcpus_release(). */
int hostd_vcpus(struct hostd *h, struct kvm_vcpus *out, struct err *e);

int hostd_start(struct hostd *h, struct err *e);
/* Counters now, and everything up to now in the file. *ts_ns (may be NULL): when,
 * CLOCK_MONOTONIC. */
int hostd_sync(struct hostd *h, uint64_t *ts_ns, struct err *e);
/* As sync, with the totals so far (TRACE_BLAME in counts mode). */
int hostd_dump(struct hostd *h, struct err *e);

struct hostd_totals {
	uint64_t records, lost;
	uint64_t cpu_ns;   /* hostd's own CPU time since start */
	uint64_t switches; /* its context switches since start */
};
/* End the trace. `out` may be NULL. */
int hostd_stop(struct hostd *h, struct hostd_totals *out, struct err *e);

/* Whether it has gone (cheap, never waits). */
bool hostd_dead(struct hostd *h);
/* End it, by force after HOSTD_REPLY_MS, and free. NULL is fine. */
void hostd_close(struct hostd *h);
AUTO_PTR(hostd_close, struct hostd *)

#endif
