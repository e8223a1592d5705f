/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a scenario file says, as data. Variants, sweeps, includes and --set are resolved: every
 * configuration is complete and independent of the others. CPU numbers are not: that is the
 * planner's work (plan/plan_make.h).
 */
#ifndef SS_SCENARIO_EXPERIMENT_H
#define SS_SCENARIO_EXPERIMENT_H

#include "abi/guest_shm.h"
#include "base/cpuset.h"
#include "base/util.h"
#include "scenario/msg.h"
#include "scenario/words.h"
#include "terms/kinds.h"

#define EXP_MAX_GUESTS	 512 /* in one configuration, copies counted */
#define EXP_MAX_NOISES	 32
#define EXP_MAX_MEASURES 16
#define EXP_MAX_CONFIGS	 256	    /* variants x sweep points */
#define EXP_AUTO	 UINT32_MAX /* a count to be found from the overcommit */

/* `min` to `max` CPUs; {0, 0} = as many as there are vCPUs, {n, UINT32_MAX} = n or more. */
struct exp_range {
	unsigned min, max;
};

struct exp_limits {
	uint64_t shares;	      /* 0 = as it is */
	uint64_t quota_ns, period_ns; /* quota 0 = none */
};

/* vCPUs of a guest that may have any number of them. */
struct exp_vcpus {
	struct shm_vcpus set;
	bool open; /* "all" and "all-but-first": it has no last one */
};

/* Those of a guest that has `n`. */
static inline struct shm_vcpus exp_vcpus_of(const struct exp_vcpus *v, unsigned n)
{
	struct shm_vcpus s = {{0}};

	for (unsigned i = 0; i < n; i++)
		if (shm_vcpus_has(&v->set, i))
			shm_vcpus_add(&s, i);
	return s;
}

struct exp_probe {
	enum probe_id kind;
	struct exp_vcpus vcpus;
	/* What of these the kind uses is in keys.c. */
	uint64_t period_ns, threshold_ns;
	uint64_t iterations, inside, outside;
	uint64_t bytes;
	enum memory_mode mode;
	char *command; /* "" = the fixed loop */
	/* Only in guests with a kernel; the values of abi/guest_shm.h. */
	unsigned timer_policy, priority; /* enum shm_timer_policy */
	uint64_t slack_ns;
	unsigned relative;	  /* 1: sleep from the wake-up on */
	unsigned affinity;	  /* job: 1 = any CPU of the guest */
	unsigned copies;	  /* job: of the program, on each vCPU */
	unsigned barrier, output; /* job: 1 = yes */
	unsigned lock_kind;	  /* enum shm_lock_kind */
	struct scenario_pos pos;
};

struct exp_file {
	char *source, *target; /* target "" = the same name in the guest's root */
	struct scenario_pos pos;
};

/* What only a guest of kind "disk" has. */
struct exp_disk {
	char *image; /* relative: below the scenario's folder */
	enum disk_format format;
	enum disk_boot boot;
	enum disk_network network;
	enum disk_agent agent;
	enum disk_backing backing;
	char *ready; /* "" = "agent", or with agent "none" "now"; "port:N", "console:PATTERN" */
	uint64_t boot_timeout_ns;
};

struct exp_guest {
	char *name;
	unsigned count; /* EXP_AUTO = from the overcommit */
	unsigned vcpus; /* EXP_AUTO = from the overcommit; then count is 1 */
	uint64_t memory_bytes;
	uint64_t record_bytes; /* 0 = as the run is long */
	enum guest_kind kind;
	enum guest_accel accel;
	enum placement placement;
	struct cpuset cpus;	    /* empty = the lab's */
	unsigned node, memory_node; /* EXP_AUTO = the planner's choice */
	char *beside,
		*away; /* name of another guest: on its CPUs only, or on the others; "" = neither */
	struct exp_limits limits; /* per vCPU */
	enum sched_policy policy;
	unsigned priority;
	enum emulator_place emulator;
	struct cpuset emulator_cpus; /* empty = as `emulator` says */
	uint64_t hugepage_bytes;     /* 0 = ordinary pages */
	char *kernel;		     /* linux only, else "" */
	struct exp_disk disk;
	char *domain; /* kind domain: its name in libvirt, else "" */
	enum domain_use use;
	char *tune; /* kind domain: "KEY VALUE; ..." of its tuning (domain/tuning.h); "" = none */
	unsigned neighbour;  /* kind domain, 1: it is there to disturb; not a victim */
	bool as_placed;	     /* kind domain: no placement is asked for */
	struct cpuset *pins; /* kind domain: where each vCPU may run now; NULL = not known */
	bool emulator_as_is; /* kind domain: nor one of its emulator */
	struct exp_probe *probes;
	size_t n_probes;
	struct exp_file *files;
	size_t n_files;
	bool is_noise; /* from <noise kind="guest"> */
	bool broken;   /* while loading only: an attribute was wrong */
	struct scenario_pos pos;
};

/* No agent is in it: nothing that is felt inside can be known. */
static inline bool guest_is_outside(const struct exp_guest *g)
{
	return g->kind == GUEST_DOMAIN || (g->kind == GUEST_DISK && g->disk.agent == AGENT_NONE);
}

struct exp_noise {
	char *name;
	unsigned
		kind; /* of words_noise_kind; never one of guests: those are guests with is_noise */
	unsigned threads, count, vcpus; /* count and vcpus: kind "guest" only */
	unsigned duty_percent;
	uint64_t burst_ns;
	uint64_t bytes, memory_bytes;
	char *args;
	struct exp_stalls {
		char *trace, *map; /* "" = made; "" = in their order */
		double speed, scale;
		uint64_t from_ns;
		unsigned loop;	  /* 1: over and over */
		uint64_t rate_ns; /* made: taken of each second; 0 = not given */
		uint64_t length_ns;
		unsigned shape; /* enum stalls_shape */
		double correlation;
		uint64_t seed; /* 0 = the scenario's */
	} stalls;
	enum placement placement;
	struct cpuset cpus;
	char *beside, *away;
	struct exp_limits limits;
	uint64_t start_ns, stop_ns;
	bool broken; /* while loading only */
	struct scenario_pos pos;
};

/* A figure that a command prints, see run/measures.h. */
struct exp_measure {
	char *name, *unit, *command;
	char *on;	      /* "host", or the guest that runs it */
	char *of;	      /* whose figure it is; "" = the guest it runs on, else every victim */
	char *pattern, *json; /* how the number is found in what it prints; both "" = it is all */
	enum measure_better better;
	uint64_t timeout_ns; /* 0 = the duration */
	bool broken;	     /* while loading only */
	struct scenario_pos pos;
};

struct exp_lab {
	struct exp_range cpus;
	double overcommit;    /* 0 = not asked for */
	struct cpuset cpuset; /* empty = the planner's choice */
	unsigned node;	      /* EXP_AUTO = the planner's choice */
	unsigned llc;	      /* so many last-level caches; EXP_AUTO = as few as can be */
	enum lab_isolated isolated;
	enum lab_smt smt;
	enum lab_cores cores;
	struct scenario_pos pos;
};

/* One <expect> as it applies to one configuration. The fields have the meaning of struct run_expect
 * (record/run_info.h). */
struct exp_expect {
	char *text;  /* "steal.rate of victim below 2 ms/s" */
	char *guest; /* "" = every guest that is not noise */
	char *metric;
	enum expect_relation relation;
	double value;
	double tolerance; /* EXPECT_NEAR: relative */
	/* of_metric "" = compare with value; else with value x of_metric of of_guest ("" = the
	 * guest judged) in of_config, the name of a configuration ("" = this one). */
	char *of_metric, *of_config, *of_guest;
	struct scenario_pos pos;
};

/* One variant at one sweep point: what one run does. */
struct exp_config {
	char *name;    /* unique, safe: "base", "pinned", "overcommit-2", "pinned-overcommit-2" */
	char *variant; /* "base" or the variant's name */
	char *point;   /* "lab.overcommit=2"; "" without a sweep */
	uint64_t warmup_ns, duration_ns;
	unsigned repeats;
	uint64_t seed;
	enum trace_mode trace;
	uint64_t trace_bytes; /* 0: the default */
	unsigned published;   /* index into words_published; 0 = none */
	struct exp_lab lab;
	struct exp_guest *guests; /* noise guests last */
	size_t n_guests;
	struct exp_noise *noises;
	size_t n_noises;
	struct exp_measure *measures;
	size_t n_measures;
	struct exp_expect *expects;
	size_t n_expects;
	struct scenario_pos pos; /* of <scenario> or <variant> */
};

struct experiment {
	char *name;
	char *title; /* one line; the first line of <doc> where there is no title */
	char *doc;
	struct exp_config *configs; /* at least one */
	size_t n_configs;
	struct strv files;     /* every file read, the scenario first; positions borrow these */
	struct strv overrides; /* as given: "guest.victim.vcpus=4" */
};

/*
 * Read a scenario, apply `sets` ("guest.victim.vcpus=4"), check all that can be known without a
 * box. 0, or -EINVAL (or -errno of the file) with every problem in *msgs and *out untouched. *msgs
 * must be initialised ({0}); messages are added to it. Bounded: 1 MiB a file, 1000 elements, 256
 * configurations; includes are read from the scenario's own folder only.
 */
int scenario_load(const char *path, const char *const *sets, size_t n_sets, struct experiment *out,
	struct scenario_msgs *msgs);

/* The same for a copy of a scenario that was `original` (whose name it may take from it); what it
 * includes lies in `folder`. */
int scenario_load_copy(const char *path, const char *original, const char *folder,
	const char *const *sets, size_t n_sets, struct experiment *out, struct scenario_msgs *msgs);

/* The same from memory, for tests and fuzzing; an <include> in it is refused. `file` names it. */
int scenario_load_text(const char *file, const char *text, size_t len, const char *const *sets,
	size_t n_sets, struct experiment *out, struct scenario_msgs *msgs);

void experiment_release(struct experiment *x);

/* Key of the published figures that the scenario asks for, "" = none. */
const char *published_name(const struct exp_config *c);

/* Write docs/scenario-keys.md and scenarios/scenario.rng from the table of keys. */
void scenario_print_keys(FILE *f);
void scenario_print_rng(FILE *f);

#endif
