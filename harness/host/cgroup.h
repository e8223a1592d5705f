/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CPU control groups of our own, through libcgroup, v1 and v2 alike. All groups live below
 * "stealscope" and die with the run; `clean` reaps what a power cut left. */
#ifndef SS_HOST_CGROUP_H
#define SS_HOST_CGROUP_H

#include <sys/types.h>

#include "base/cpuset.h"
#include "base/util.h"

enum host_cgroup_version { HOST_CGROUP_NONE = 0, HOST_CGROUP_V1 = 1, HOST_CGROUP_V2 = 2 };

/* Which hierarchy carries the cpu controller here. Never fails. */
enum host_cgroup_version host_cgroup_version(void);

/* Where the hierarchy with `controller` ("cpu", "cpuset", "cpuacct") is mounted; on v2 one for all.
 * False where there is none. */
bool cgroup_mount(const char *controller, char *path, size_t size);

struct cgroup_limits {
	uint64_t shares;	      /* v1 scale; 0 = default 1024. v2: see cgroup_weight() */
	uint64_t period_us, quota_us; /* 0 = none */
	struct cpuset cpus;	      /* empty = inherit */
};

/* One file of a group and what is written there. */
struct cgroup_setting {
	const char *controller;
	const char *file;
	char value[CPUSET_TEXT];
};
#define CGROUP_MAX_SETTINGS 4

/* v2 cpu.weight that gives the same CPU as these v1 shares: the kernel's own conversion
 * (kernel/sched/core.c: weight * 1024 / 100 = shares, rounded to nearest), so that ratios hold. */
uint64_t cgroup_weight(uint64_t shares);

/* What `limits` mean on this version, in the order in which they must be written (pure). `out` has
 * room for CGROUP_MAX_SETTINGS. Returns how many. */
size_t cgroup_translate(enum host_cgroup_version version, const struct cgroup_limits *limits,
	struct cgroup_setting *out);

struct cgroup_handle;

/* Make "stealscope/<run>/<name>" with these limits. */
int cgroup_make(const char *run, const char *name, const struct cgroup_limits *limits,
	struct cgroup_handle **out, struct err *e);
/* Move a process, with all its threads, into it. */
int cgroup_add_process(struct cgroup_handle *g, pid_t pid, struct err *e);
/* Absolute path of its cpu (v1) or unified (v2) folder, owned by g: for cpu.stat. */
const char *cgroup_cpu_path(const struct cgroup_handle *g);

struct cgroup_usage {
	uint64_t usage_ns;
	uint64_t nr_periods, nr_throttled, throttled_ns;
};
/* From cpuacct.usage + cpu.stat (v1) or cpu.stat (v2). */
int cgroup_read_usage(const struct cgroup_handle *g, struct cgroup_usage *out, struct err *e);
/* The text of a cpu.stat of either version, added to `out` (usage only in v2's). */
void cgroup_parse_stat(const char *text, struct cgroup_usage *out);

/* Send `sig` to every process in it until no new one turns up. */
int cgroup_signal(const struct cgroup_handle *g, int sig, struct err *e);

/* Kill what is in it, wait until it is empty (bounded, 2 s), remove and free it. NULL is fine. */
int cgroup_destroy(struct cgroup_handle *g, struct err *e);

/* Remove those of a run ("stealscope/<run>"), killing members. Returns how many groups were removed,
 * or -errno. */
int cgroup_reap(const char *run, struct err *e);
/* What stands beside them and is named after no run that is known here (base/owner.h). */
void cgroup_strays(struct strv *names);
/* cgroup_machine.c: what libvirt made for domains, where no systemd looks after it. `group` is a
 * folder's name, "qemu-embed-HASH-ID-NAME.libvirt-qemu", in which libvirt leaves out some
 * characters of a domain's name, and its end where it is long. Pure. */
enum machine_match {
	MACHINE_OTHER, /* another's */
	MACHINE_CUT,   /* the domain's as far as its name goes */
	MACHINE_WHOLE,
};
enum machine_match cgroup_machine_match(const char *group, const char *name, bool prefix);
/* Before domains start side by side: libvirt makes "machine" at the first start and gives it CPUs a
 * moment later, and a second start in between fails ("cpuset.cpus: Permission denied"). */
void cgroup_machine_prepare(void);
/* Of a dead run's domains ("stealscope-RUN-GUEST"), killing members. Returns how many went. */
int cgroup_machine_reap(const char *run);
/* Whether some of either is there, after all, or cannot be looked for. */
bool cgroup_is_left(const char *run);
bool cgroup_machine_is_left(const char *run);
/* Of a domain whose QEMU has ended; of any domain of ours, when it was made over 30 s ago. Only
 * those without a process in them. */
void cgroup_machine_remove(const char *domain);
void cgroup_machine_remove_stale(void);

/* Kill what is below the folder of a group and remove it with its sub-groups, best effort, in at
 * most 2 s. True when it is gone. */
bool cgroup_remove_tree(const char *path);

#endif
