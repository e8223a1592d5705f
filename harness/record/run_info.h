/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run.json: what was asked, planned and done in one run, as data. Written by run/, read by
 * analysis/. run_info_save() and run_info_load() are inverse, field for field.
 */
#ifndef SS_RECORD_RUN_INFO_H
#define SS_RECORD_RUN_INFO_H

#include "base/cpuset.h"
#include "base/util.h"
#include "terms/kinds.h"

#define RUN_INFO_FORMAT 1

struct run_vcpu {
	unsigned id;
	int tid;	       /* host thread, 0 if never known */
	struct cpuset cpu_set; /* where it was allowed to run */
};

struct run_probe {
	char *name; /* of probes (terms/words.h) */
	uint64_t vcpu_mask;
	uint64_t p[4]; /* as in abi/guest_shm.h */
};

struct run_guest {
	char *name;
	char *kind;  /* of words_guest_kind */
	char *accel; /* of words_accel_found: what it really was, from the guest itself */
	bool is_noise;
	int pid;
	unsigned n_vcpus;
	struct run_vcpu vcpus[SHM_MAX_VCPUS];
	uint64_t memory_bytes;
	struct cpuset emulator_cpus;
	struct cpuset memory_nodes;
	uint64_t shares, period_us, quota_us;
	char *policy; /* of words_vcpu_policy; "" = as it is */
	struct run_probe *probes;
	size_t n_probes;
	uint64_t tsc_hz; /* as the guest said; 0 unknown */
	uint64_t lost;	 /* records dropped, torn or out of range */
	char *domain;	 /* somebody's domain: its name; "" = a guest of ours */
	char *use;	 /* of such a domain: "live", "started", "copy"; else "" */
	char *changed;	 /* of its tuning for the run: "vcpupin.0 0-1 -> 0, ..."; "" = nothing */
	char *status;	 /* "ok", or what went wrong: "never started", "died" ... */
	char *image;	 /* disk: its files with formats and sizes; "" for other kinds */
	char *guest_file; /* "guest/victim.bin", relative to the record; "" = no agent is in it: it was
			     seen from outside only */
};

struct run_noise {
	char *name;
	char *kind;
	unsigned threads;
	struct cpuset cpus;
	unsigned duty_percent;
	uint64_t shares, period_us, quota_us;
	uint64_t requested_ns, delivered_ns, throttled_ns;
	bool died;
	uint64_t cgroup_id; /* inode of its cpu cgroup, 0 unknown */
};

/* A name for a cgroup id seen in the trace: "stealscope noise hog", "system.slice/ssh.service". */
struct run_cgroup {
	uint64_t id;
	char *path;
};

/* Another VM of the box while the run was on, so that a culprit has its name: which of its threads
 * are vCPUs, as the kernel or their names told (host/vms.h). */
struct run_vm_vcpu {
	int id; /* as its VMM counts; -1 unknown, -2 one thread for all */
	int tid;
};

struct run_vm {
	char *name;    /* without control characters, valid UTF-8 */
	char *program; /* "qemu", "firecracker" */
	char *accel;   /* "kvm", "tcg", "unknown"; "none": a process that is no VM */
	int pid;
	struct run_vm_vcpu *vcpus;
	size_t n_vcpus;
};

struct run_step {
	char *name;		   /* "start domains" */
	uint64_t start_ns, end_ns; /* host clock */
	char *outcome;		   /* "ok" or the error */
};

struct run_fact {
	char *key; /* a row of host/facts */
	char *value;
};

/* One <expect> of the scenario, carried so that analysis can judge it from the record alone. */
struct run_expect {
	char *text;	/* as written, for people */
	char *variant;	/* "" = the run's own */
	char *guest;	/* "" = all guests that are not noise: each must meet it */
	char *metric;	/* "steal.rate" */
	char *relation; /* of words_relation_sign */
	/* in the metric's unit; with other_metric: the factor it is multiplied with */
	double value;
	double tolerance;				  /* for "within": relative, 0.02 = 2 % */
	char *other_metric, *other_variant, *other_guest; /* "" = compare with value */
};

/* A <measure>: what was asked, and what came of it. Its value is a metric of the guests that `of`
 * names, under its own name and unit. */
struct run_measure {
	char *name, *unit;
	char *better; /* "lower", "higher" */
	char *on;     /* "host", or the guest that ran it */
	char *of;     /* a guest, or all its copies; "" = every guest that is not noise */
	char *command, *pattern, *json;
	uint64_t timeout_ns;
	uint64_t start_ns, end_ns; /* host clock; 0 = not known */
	char *status;		   /* "ok", or why there is no value */
	bool have;
	double value;
	char *out_file, *err_file;   /* what it printed, relative to the record */
	uint64_t out_lost, err_lost; /* bytes at their beginning that were not kept */
};

struct run_info {
	int format;	  /* RUN_INFO_FORMAT */
	char *run;	  /* the record's name */
	char *experiment; /* id shared by all runs of one `run` or `batch` */
	char *scenario, *variant, *point;
	/* Where the scenario was: an absolute path. The record has a copy (scenario.xml), the files
	 * it includes in include/; files that guests carried are not in it. */
	char *scenario_file;
	struct strv overrides; /* of the scenario (--set), as given */
	char *published;       /* key of the published figures to show beside, "" = none */
	unsigned repeat;       /* 0-based */
	/* this was run `place` (from 1) of `places` in the order of its experiment; 0 unknown */
	unsigned place, places;
	unsigned block; /* all configurations of a scenario once, in random order; from 1 */
	uint64_t seed;
	char *status;	 /* "complete", "interrupted", "failed: ..." */
	char *started;	 /* ISO 8601 UTC */
	char *version;	 /* of stealscope */
	char *connect;	 /* libvirt URI */
	char *plan_text; /* what `stealscope plan` draws */
	uint64_t warmup_ns, duration_ns;
	/* The measured window on the host clock; 0 when it never began. */
	uint64_t window_start_ns, window_end_ns;
	struct cpuset lab_cpus, housekeeping_cpus;
	double overcommit;
	/* from the start of `run` to the first guest sample; 0 = none came */
	uint64_t first_sample_ns;
	uint64_t wall_ns;	   /* of the whole run */
	uint64_t harness_cpu_ns;   /* CPU time of the harness in the window */
	uint64_t harness_switches; /* context switches of the harness in the window */
	char *trace_mode;	   /* of words_trace_mode, or "none": what hostd really did */
	uint64_t trace_lost;
	struct run_guest *guests;
	size_t n_guests;
	struct run_noise *noises;
	size_t n_noises;
	struct run_measure *measures;
	size_t n_measures;
	struct run_cgroup *cgroups;
	size_t n_cgroups;
	struct run_vm *vms; /* not of this run */
	size_t n_vms;
	struct run_step *steps;
	size_t n_steps;
	struct run_fact *facts;
	size_t n_facts;
	struct run_expect *expects;
	size_t n_expects;
	struct strv warnings;
};

void run_info_release(struct run_info *r);
/* Write DIR/run.json (by rename, so that a reader never sees half of one). */
int run_info_save(const struct run_info *r, const char *dir, struct err *e);
int run_info_load(struct run_info *r, const char *dir, struct err *e);

#endif
