/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A plan: exactly what `run` will do for one variant of an experiment on one box. Everything is
 * resolved to numbers: CPU ids, node ids, bytes, ns. Domain XML, noise and collection are made from
 * a plan alone. plan_make() (plan_make.h) is pure: the same experiment and topology give the same
 * plan.
 */
#ifndef SS_PLAN_PLAN_H
#define SS_PLAN_PLAN_H

#include "abi/guest_shm.h"
#include "base/cpuset.h"
#include "base/util.h"
#include "scenario/words.h"
#include "stalls/source.h"
#include "terms/kinds.h"

/* One probe on some vCPUs of a guest; numbers as abi/guest_shm.h `struct shm_probe` wants them. */
struct plan_probe {
	uint32_t id; /* enum probe_id */
	struct shm_vcpus vcpus;
	uint64_t p[4];
	char *command; /* job in a Linux or native guest: the program, else NULL */
};

/* CPU bandwidth and weight of a cgroup. 0 = leave as it is. */
struct plan_cpu_limits {
	/* cgroup v1 cpu.shares scale (1024 = one task's worth); v2 weight is derived */
	uint64_t shares;
	uint64_t period_us; /* CFS bandwidth */
	uint64_t quota_us;
};

/* QEMU's machine "pc" has no more. Metal guests of more get "q35" with an IOMMU. */
#define QEMU_PC_VCPUS 255u

/* A guest of kind "disk". */
struct plan_disk {
	char *image;
	enum disk_format format;
	enum disk_boot boot;
	enum disk_network network;
	enum disk_agent agent;
	enum disk_backing backing;
	char *ready; /* "agent", "port:N", "console:PATTERN", "now" */
	uint64_t boot_timeout_ns;
};

struct plan_guest {
	char *name; /* safe name, unique in the plan; copies are numbered: victim-0, victim-1 */
	enum guest_kind kind;
	enum guest_accel accel;
	unsigned vcpus;
	uint64_t memory_bytes;
	uint64_t record_bytes;		    /* its samples may fill; 0 = as the run is long */
	struct cpuset *vcpu_cpus;	    /* where each vCPU thread may run: `vcpus` of them */
	struct cpuset emulator_cpus;	    /* QEMU's other threads */
	struct cpuset memory_nodes;	    /* strict; empty = no numatune */
	struct plan_cpu_limits vcpu_limits; /* per vCPU, as libvirt's cputune shares/period/quota */
	enum sched_policy policy;
	unsigned priority;
	uint64_t hugepage_bytes; /* 0 = ordinary pages */
	struct plan_probe *probes;
	size_t n_probes;
	bool outside;	     /* no agent in it: seen from the host only, without a shared page */
	char *domain;	     /* a domain that exists: its name; NULL = the guest is ours */
	enum domain_use use; /* of such a domain */
	char *tune;	     /* changes of its tuning by key; "" = none, NULL = the guest is ours */
	bool as_placed;	     /* such a domain's vCPUs stay where they may run now */
	bool is_noise; /* a busy guest made by <noise kind="guest">: measured, but not a victim */
	struct plan_disk disk; /* image NULL in guests of other kinds */
	char *kernel;	       /* linux: "host", "distro", "distro-rt" or a path; else NULL */
	struct strv files;     /* linux: files for the initramfs, "source" or "source=>target" */
	unsigned line;	       /* in the scenario file, for messages */
};

/* What is played, and to whom. */
struct plan_stalls {
	struct stalls_how how; /* its trace is below */
	char *trace;	       /* NULL: made */
	char *map;	       /* "3:0 7:1", "" = in their order */
	char *victim;	       /* a guest; its copies count as one with all their vCPUs */
	unsigned *cpus;	       /* of each vCPU of the victim, n_cpus of them */
	size_t n_cpus;
	uint64_t until_ns; /* it ends itself so long after it was let go */
};

struct plan_noise {
	char *name; /* unique safe name */
	char *kind; /* a word of words_noise_kind (terms/kinds.h) */
	unsigned threads;
	struct cpuset cpus;
	bool pin_each;	       /* thread i only on the i-th CPU of `cpus` (modulo) */
	unsigned duty_percent; /* of one CPU, per thread; 100 = never sleeps */
	uint64_t burst_ns;     /* length of one busy stretch; the idle stretch follows from duty */
	uint64_t start_ns, stop_ns; /* relative to the start of measuring; stop 0 = until the end */
	uint64_t bytes;		    /* working set per thread; 0 = the kind has none */
	char *args;		    /* of a kind that is told what to do, else NULL */
	struct plan_stalls *stalls; /* of a kind that plays, else NULL */
	struct plan_cpu_limits limits;
	unsigned line;
};

/* A <measure>: a command run once in the window, on the host or in one guest. */
struct plan_measure {
	char *name, *unit, *command, *pattern, *json;
	char *guest; /* NULL = on the host */
	char *of;    /* whose figure it is; "" = of every victim */
	enum measure_better better;
	uint64_t timeout_ns;
	unsigned line;
};

struct plan {
	char *scenario; /* its name */
	char *variant;	/* "base", or the variant's / sweep point's name */
	char *point;	/* sweep values as "guests.count=4", "" when there is no sweep */
	struct plan_guest *guests;
	size_t n_guests;
	struct plan_noise *noises;
	size_t n_noises;
	struct plan_measure *measures;
	size_t n_measures;
	uint64_t warmup_ns, duration_ns;
	unsigned repeats;
	struct cpuset lab_cpus; /* where guests and noise run */
	/* harness, hostd, emulators; may overlap lab_cpus on small boxes */
	struct cpuset housekeeping_cpus;
	double overcommit;    /* vCPUs per lab CPU */
	uint32_t trace_mode;  /* enum trace_mode of abi/host_trace.h */
	uint64_t trace_bytes; /* most that the host's trace may fill; 0: the default */
	uint64_t seed;
	struct strv
		notes; /* what a reader must know: CPUs not isolated, housekeeping overlaps, ... */
};

void plan_release(struct plan *p);

/* What Xen's credit2 is told for shares and quota: weight, and percent of one CPU for the whole domain. 0: nothing. */
unsigned plan_xen_weight(const struct plan_cpu_limits *l);
unsigned plan_xen_cap(const struct plan_guest *g);

/* The vCPUs a probe runs on, as the text form wants them. */
struct cpuset plan_probe_vcpus(const struct plan_probe *p);

/* How often a vCPU looks for a command: 10 to 200 ms. Looking takes it some 0.3 ms where KVM emulates: 8 vCPUs on a
 * CPU that look each 10 ms take a quarter of it, and 128 would want four CPUs for that alone. */
uint64_t plan_look_ns(const struct plan *p);

#endif
