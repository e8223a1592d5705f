/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CPU control groups of our own, through libcgroup, v1 and v2 alike. All groups live below
 * "stealscope" and die with the run; `clean` reaps what a power cut left. */
#ifndef SS_HOST_CGROUP_H
#define SS_HOST_CGROUP_H

#include <sys/types.h>

#include "base/cpuset.h"

enum cgroup_version { CGROUP_NONE = 0, CGROUP_V1 = 1, CGROUP_V2 = 2 };

/* Which hierarchy carries the cpu controller here. Never fails. */
enum cgroup_version cgroup_version(void);

struct cgroup_limits {
	uint64_t shares;	      /* v1 scale; 0 = default 1024. v2: cpu.weight by the kernel's own formula */
	uint64_t period_us, quota_us; /* 0 = none */
	struct cpuset cpus;	      /* empty = inherit */
};

struct cgroup_handle;

/* Make "stealscope/<run>/<name>" with these limits. */
int cgroup_make(const char *run, const char *name, const struct cgroup_limits *limits,
	struct cgroup_handle **out, struct err *e);
/* Move a thread (tid) or a process (pid) into it. */
int cgroup_add_thread(struct cgroup_handle *g, pid_t tid, struct err *e);
int cgroup_add_process(struct cgroup_handle *g, pid_t pid, struct err *e);
/* Absolute path of its cpu (v1) or unified (v2) folder, owned by g: for cpu.stat. */
const char *cgroup_cpu_path(const struct cgroup_handle *g);

struct cgroup_usage {
	uint64_t usage_ns;
	uint64_t nr_periods, nr_throttled, throttled_ns;
};
/* From cpuacct.usage + cpu.stat (v1) or cpu.stat (v2). */
int cgroup_read_usage(const struct cgroup_handle *g, struct cgroup_usage *out, struct err *e);

/* Kill what is in it, wait until it is empty (bounded, 2 s), remove it. NULL is fine. */
int cgroup_destroy(struct cgroup_handle *g, struct err *e);

/* Remove all of ours ("stealscope/<run>", or every run with run = NULL), killing members. Returns how
 * many groups were removed, or -errno. */
int cgroup_reap(const char *run, struct err *e);

#endif
