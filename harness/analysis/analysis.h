/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What one record says: metrics, series, blame, anatomy of the worst late wake-ups, checks.
 * analysis_make() is a pure function of a record folder: no root, no KVM, the same result each
 * time.
 *
 * Times: *_ns that are instants are host CLOCK_MONOTONIC; `window_start_ns` is where plots begin.
 * Everything here is owned by the analysis and lives until analysis_free().
 */
#ifndef SS_ANALYSIS_ANALYSIS_H
#define SS_ANALYSIS_ANALYSIS_H

#include "abi/host_trace.h"
#include "analysis/stats/heat.h"
#include "analysis/stats/hist.h"
#include "terms/metrics.h"
#include "base/cpuset.h"
#include "base/util.h"
#include "record/clock.h"
#include "record/run_info.h"

#define ANALYSIS_FORMAT	    1
#define ANALYSIS_WORST	    20	     /* late wake-ups kept with their anatomy */
#define ANALYSIS_LATE_NS    1000000u /* later (or longer) than this counts for late.explained */
#define ANALYSIS_FINE_S	    900	     /* windows shorter than this have bins of 1 s too */
#define ANALYSIS_LATE_WHO   6	     /* culprits kept per late wake-up, largest first */
#define ANALYSIS_MAX_PIECES 400	     /* timeline pieces kept per late wake-up */

/* ---- series: a value per bin of the measured window */

enum series_id {
	SERIES_STEAL,	   /* ms/s: guest steal counter */
	SERIES_RUN_DELAY,  /* ms/s: the vCPU thread's run_delay */
	SERIES_WAIT,	   /* ms/s: traced WAITING time */
	SERIES_TIMER_LATE, /* us: latest timer wake-up in the bin */
	SERIES_SLEEP_ELAPSED, /* us: longest sleep in the bin (what the blog of docs/sources.md plots) */
	SERIES_COUNT,
};
struct series_info {
	const char *name; /* "steal" */
	const char *unit; /* "ms/s" */
	const char *doc;
};
extern const struct series_info series_table[SERIES_COUNT];

struct series {
	uint64_t bin_ns;
	/* bin i covers window_start_ns + [i, i + 1) * bin_ns; 0 = the source is missing */
	size_t n;
	double *v; /* NaN where nothing is known (no sample in the bin) */
};

/* ---- who took the CPU */

enum culprit_kind {
	CULPRIT_UNKNOWN = 0, /* nobody could be named */
	CULPRIT_VM,	     /* a vCPU of another guest: "vm hog-0 vcpu0" */
	CULPRIT_VM_THREAD,   /* other threads of another guest's QEMU: "vm hog-0 qemu" */
	CULPRIT_NATIVE,	     /* a vCPU of another native guest: "native base vcpu0" */
	/* its agent's other threads and its programs: "native base program" */
	CULPRIT_NATIVE_THREAD,
	CULPRIT_SIBLING,    /* another vCPU of the same guest */
	CULPRIT_OWN_THREAD, /* the same guest's QEMU, I/O or vhost threads */
	CULPRIT_NOISE,	    /* a noise of the scenario: "noise hog" */
	CULPRIT_CGROUP,	    /* a cgroup or systemd unit: "cgroup system.slice/ssh.service" */
	CULPRIT_PROCESS,    /* a process by its name: "process stress-ng-cpu" */
	CULPRIT_KTHREAD,    /* "kernel thread ksoftirqd/0" */
	CULPRIT_IRQ,	    /* "irq 24" */
	CULPRIT_SOFTIRQ,    /* "softirq NET_RX" */
	CULPRIT_QUOTA,	    /* CPU bandwidth limit of the guest's own cgroup */
	CULPRIT_STOPPED,    /* a signal (SIGSTOP) or a debugger holds the thread */
	CULPRIT_IDLE,	    /* its CPU was idle and nothing forbade it to run: waking up */
	CULPRIT_HARNESS,    /* stealscope itself */
	CULPRIT_BOX,	    /* the lab box's own hypervisor */
	CULPRIT_OWN_LOAD,   /* of a machine that was only recorded: its own threads */
	CULPRIT_KINDS,
};
const char *culprit_kind_name(enum culprit_kind k); /* "vm", "own-thread", "quota", ... */

struct blame_row {
	size_t guest;  /* index into analysis.guests */
	unsigned vcpu; /* index into guests[guest].vcpus */
	char *culprit; /* as a person thinks: "vm hog-0 vcpu0" */
	enum culprit_kind kind;
	uint64_t ns;	/* of the victim's waiting time in the window */
	uint64_t times; /* waiting intervals it took part in */
	double share;	/* % of the victim's waiting time */
};

/* What one culprit took of one guest over time: the waiting of all its vCPUs behind it. */
struct taken {
	size_t guest;
	const char *culprit;
	enum culprit_kind kind;
	uint64_t *ns; /* by analysis.columns */
};

/* ---- anatomy of a late wake-up */

enum late_kind { LATE_TIMER, LATE_GAP };

struct late_piece {
	uint64_t start_ns, end_ns;
	enum thread_state state; /* UNKNOWN where the trace says nothing */
	bool throttled;		 /* WAITING because of a quota */
	int cpu;		 /* -1 unknown */
	const char *occupant;	 /* WAITING: who ran on `cpu`; else NULL */
	enum culprit_kind kind;
};
struct late_culprit {
	const char *name;
	enum culprit_kind kind;
	uint64_t ns;
};
/* The seven parts sum to lateness_ns. */
struct late {
	enum late_kind kind;
	size_t guest;
	unsigned vcpu;
	uint64_t deadline_ns; /* LATE_GAP: where the gap began */
	uint64_t woke_ns;     /* LATE_GAP: where it ended */
	uint64_t lateness_ns;
	uint64_t clock_error_ns;
	/* thread still asleep after the deadline: the host's timer was late */
	uint64_t fired_late_ns;
	uint64_t wait_ns;      /* runnable, queued behind `who` */
	uint64_t throttled_ns; /* held by a quota (runnable), or by a stop signal */
	/* running, on the usual way from interrupt to record: exits, emulation, guest code; see
	 * record/late_ran.c */
	uint64_t running_ns;
	uint64_t guest_queue_ns; /* the woken thread stood in the guest's own run queue */
	uint64_t box_steal_ns;	 /* running, and taken by the box's own hypervisor, as sampled */
	/* the trace says nothing about it, or it ran and nothing says what */
	uint64_t unexplained_ns;
	uint64_t ran_unexplained_ns;		    /* of unexplained_ns: it ran */
	struct late_culprit who[ANALYSIS_LATE_WHO]; /* of wait_ns + throttled_ns, largest first */
	size_t n_who;
	struct late_piece *pieces; /* the vCPU's states around it, in order */
	size_t n_pieces;
};

/* ---- guests */

struct vcpu_states {
	bool have;					/* the trace covers this vCPU */
	uint64_t run_ns, wait_ns, sleep_ns, unknown_ns; /* clipped at the window's ends */
	uint64_t throttled_ns, wasted_ns;		/* parts of wait_ns */
	uint64_t wakeups, preemptions, migrations;
};

/* The joins behind the checks, per vCPU. */
struct vcpu_joins {
	/* Guest steal against run_delay of the thread, between two samples. */
	bool have_steal;
	/* joined inside traced RUNNING intervals; else by schedstat samples nearby */
	bool steal_exact;
	uint64_t steal_ns, run_delay_ns; /* the two deltas */
	uint64_t steal_span_ns;		 /* time between the two samples */
	/* samples joined; of these with the same difference as the one before */
	uint64_t steal_joined, steal_agree;
	/* Traced WAITING (true times) against run_delay over the same STATE records, `waits` of
	 * them. The kernel's own clock stands still at some switches, which makes a few us a
	 * wait. */
	bool have_wait;
	uint64_t wait_ns, wait_run_delay_ns, waits;
	/* The same waits on the kernel's clock, as the tracer summed them, against sampled
	 * run_delay. */
	bool have_clock_wait;
	uint64_t clock_wait_ns, clock_run_delay_ns, clock_span_ns;
	/* Part of the same run_delay that was sleep: kernels with delayed dequeue (6.12 and
	 * later). */
	uint64_t sleep_booked_ns;
	/* Scheduler events that this kernel hid from every tracer; the tracer inferred them. */
	uint64_t hidden;
};

struct analysis_vcpu {
	unsigned id;
	int tid;
	struct cpuset cpu_set;
	struct metric_value metrics[METRIC_COUNT];
	struct series series[SERIES_COUNT]; /* 10 s bins */
	struct series fine
		[SERIES_COUNT]; /* 1 s bins when the window is under ANALYSIS_FINE_S, else n = 0 */
	struct hist late;	/* ns; missed periods back-filled */
	struct hist elapsed;	/* ns; whole sleeps as the blog of docs/sources.md measured them */
	struct hist gap;	/* ns; lengths */
	struct hist lock;	/* ns; stalls over the probe's threshold */
	struct vcpu_states states;
	struct vcpu_joins joins;
	struct clock_quality clock;
	uint64_t samples;    /* guest records in the window */
	uint64_t backfilled; /* missed periods added to `late` */
	uint64_t lost;	     /* dropped or torn on this vCPU */
	uint64_t late_count; /* wake-ups later and gaps longer than ANALYSIS_LATE_NS */
	uint64_t late_ns, late_explained_ns; /* their lateness, and how much of it has a place */
	uint64_t late_own_ns;		     /* of it, in the guest's own run queue */
	const struct clock_map *clock_map;   /* guest TSC -> host ns, for exports */
};

/* A unit of a job, in s: the mean over the vCPUs that did some, each cut as its host thread's time in
 * the window was. wait + held + sleep + ran = time (to the trace's own error). */
struct job_parts {
	bool have;
	bool worked; /* false: the vCPUs slept most of the time; their program ran elsewhere, untraced */
	double time_s; /* job.time */
	double wait_s; /* runnable, another had the CPU */
	double held_s; /* by its quota */
	double sleep_s;
	double ran_s; /* on a CPU. How fast that was (clock, caches, memory, SMT sibling, emulation) no
			 source here tells apart */
	double box_s; /* of ran_s, about: taken by the box's own hypervisor, by its counter */
};

struct analysis_guest {
	const char *name, *kind, *accel, *status;
	bool is_noise;
	bool outside; /* no agent was in it: it was seen from outside only */
	struct analysis_vcpu *vcpus;
	unsigned n_vcpus;
	struct metric_value metrics[METRIC_COUNT];
	struct metric_value *own;	      /* as analysis.own */
	struct hist late, elapsed, gap, lock; /* all vCPUs together */
	struct heat heat; /* lateness over time, as `late`; by analysis.columns */
	uint64_t samples, lost;
	struct job_parts job;
	bool job_none; /* it had a job, and no unit of it began and ended in the window */
};

/* Whether a record's guest had no agent in it: somebody's own system. */
bool seen_from_outside(const struct run_guest *g);

/* ---- checks and expectations */

enum verdict { VERDICT_PASS, VERDICT_FAIL, VERDICT_UNKNOWN };
const char *verdict_name(enum verdict v); /* "pass", "fail", "unknown" */

struct check {
	const char *name; /* "steal_vs_run_delay" */
	const char *doc;
	bool have;
	double value;	  /* worst vCPU; a relative difference, ns or % (unit) */
	double limit;	  /* value beyond which the verdict is fail */
	const char *unit; /* "", "ns", "%" */
	enum verdict verdict;
	char *note; /* which vCPU, which figures, or why it is missing; never NULL */
};

struct expect_result {
	const struct run_expect *expect; /* points into analysis.info */
	enum verdict verdict;
	double got, wanted; /* NaN when missing */
	char *why;	    /* a sentence: figures compared, or what is missing */
};

/* A metric that the record brings along: a <measure>'s. Guests have it, vCPUs do not. */
struct own_metric {
	const char *name, *unit;
	enum metric_better better;
	const char *command; /* that printed it */
};

/* ---- stalls that were played */

/* What one noise played on one CPU of its victim's. ms/s over whole seconds of the window. */
struct played_stalls {
	const char *noise;
	unsigned cpu;
	bool have_victim; /* a vCPU that may run on this CPU only, and was traced */
	size_t guest;
	unsigned vcpu;
	bool rates;	/* a rate series, in closed loop; else exact stalls */
	bool busy;	/* the victim never slept: it felt all that was played */
	size_t seconds; /* whole ones */
	double *planned, *delivered, *felt; /* of each second */
	double *others; /* of `felt`: while others than the player had the CPU */
	uint64_t n_planned, n_played, n_cut;	/* stalls that began in the window */
	uint64_t n_overlap, n_missed;		/* not played */
	double rmse_delivered, worst_delivered; /* planned to delivered */
	double rmse_felt, worst_felt; /* planned to the victim's waiting; NaN: not known */
	/* Of a rate series: RMSE of what it waited beside what was played, which is how far off an open
	 * loop, that plays what is asked for and looks at nothing, would have been; else NaN. */
	double rmse_open;
	double mean_planned;
	double ks_delivered, ks_felt; /* of the lengths, to those planned; NaN: not known */
	struct hist planned_length, delivered_length, felt_length, late, early; /* ns */
};

struct analysis {
	int format;
	char *dir;
	struct run_info info;
	uint64_t window_start_ns, window_end_ns; /* of the measured window */
	double window_s;
	bool have_trace; /* host/trace.bin was there */
	enum trace_mode trace_mode;
	struct analysis_guest *guests;
	size_t n_guests;
	struct own_metric *own; /* by name in the order of the scenario; not one of metric_table */
	size_t n_own;
	struct blame_row *blame; /* by guest, vcpu, then ns downwards */
	size_t n_blame;
	struct columns columns; /* of heat maps and of who took what when */
	struct taken *taken;	/* by guest; none in counts mode and without a trace */
	size_t n_taken;
	/* by lateness downwards, at most ANALYSIS_WORST; guests that are not noise first */
	struct late *late;
	size_t n_late;
	struct played_stalls *played;
	size_t n_played;
	uint64_t played_nobody; /* stalls of traces whose CPU is no vCPU of a victim */
	struct check *checks;
	size_t n_checks;
	struct expect_result
		*expects; /* those this record alone can decide; see analysis_judge() */
	size_t n_expects;
	struct strv warnings;
	uint64_t lost_guest, lost_host;
	uint64_t guest_records, trace_records; /* read */
	uint64_t bad_records;		       /* out of range, unknown or disordered: skipped */
	bool cut;		   /* a file ended inside a record or without its end mark */
	bool unread;		   /* a file that is there could not be read, or not to its end */
	uint64_t overhead_ns;	   /* wall time of the run that was not measuring */
	double box_steal_ms_per_s; /* the lab box's own steal, mean of the lab CPUs; NaN unknown */
	void *private;
};

/* Read and analyse the record in `dir`. A record that is cut or lacks sources is still analysed;
 * fails (-errno, sentence) only when run.json cannot be read or memory bounds would be broken. */
int analysis_make(const char *dir, struct analysis **out, struct err *e);
/* The same, and `each` gets every late wake-up and long gap (ANALYSIS_LATE_NS) of the window as it
 * is joined: parts and culprits, without pieces. `a` is still being made: its names may be used. */
typedef void (*analysis_late_fn)(void *arg, const struct analysis *a, const struct late *l);
int analysis_make_each(
	const char *dir, analysis_late_fn each, void *arg, struct analysis **out, struct err *e);
void analysis_free(struct analysis *a); /* NULL is fine */
AUTO_PTR(analysis_free, struct analysis *)

/* Judge every expectation of a set of records of one experiment (variants, repeats). An expectation
 * that compares variants takes the mean over the records of each. Results are owned by the caller:
 * expect_results_free(). Each distinct expectation appears once. */
int analysis_judge(const struct analysis *const *set, size_t n, struct expect_result **out,
	size_t *n_out, struct err *e);
void expect_results_free(struct expect_result *r, size_t n);

/* What is missing of the record: a number that check lost_records judges, and the one sentence about
 * it, for whoever speaks of it. Caller frees. */
uint64_t analysis_lost(const struct analysis *a);
char *analysis_losses(const struct analysis *a);

/* A guest's value of any metric by its name, the record's own too; NULL when there is no such metric.
 */
const struct metric_value *analysis_value(const struct analysis *a, size_t guest, const char *name);
/* The unit of any metric ("blame.share:NAME" too); "" when there is no such metric. */
const char *analysis_unit(const struct analysis *a, const char *name);

/* A check by name, NULL if there is none. */
const struct check *analysis_check(const struct analysis *a, const char *name);

#endif
