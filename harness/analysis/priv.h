/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An analysis in the making: insiders' header of harness/analysis. Guest records and trace records
 * are each read once more or less in step (the clock map needs the guest files once before);
 * per-vCPU sums are kept in struct vcpu_build and become metrics in fold.c.
 */
#ifndef SS_ANALYSIS_PRIV_H
#define SS_ANALYSIS_PRIV_H

#include "analysis/analysis.h"
#include "analysis/trace/culprit.h"
#include "analysis/trace/taken.h"
#include "analysis/stats/series.h"
#include "analysis/trace/timeline.h"
#include "record/reader.h"

#define BIN_NS	      (10 * NS_PER_S)
#define FINE_BIN_NS   NS_PER_S
#define FINE_BELOW_NS (ANALYSIS_FINE_S * NS_PER_S)
#define PENDING_MAX   (1u << 20) /* samples of one vCPU waiting for the trace to catch up */
#define VOTES	      32	 /* steal joins kept at either end of the window */

/* A guest sample that waits for the trace to reach it. */
struct sample {
	uint64_t host_ns;
	uint64_t from_ns;  /* deadline, or where a gap began; 0: not late */
	uint64_t due_ns;   /* a timer's deadline, late or not; 0: no wake-up */
	uint64_t guest_ns; /* a woken thread's time in the guest's own run queue; 0 unknown */
	uint64_t steal_ns; /* SHM_STEAL_NONE: no steal */
	uint32_t error_ns;
	uint8_t kind; /* enum late_kind */
	bool in_window;
};

/* One joined pair: guest steal and the thread's run_delay in the same RUNNING stretch. */
struct vote {
	uint64_t steal, delay, host_ns;
};

struct counter_span {
	bool have;
	uint64_t first, first_ns, last, last_ns;
};

/* A counter of time taken (steal): it can neither run backwards nor grow faster than time. Migration
 * and kernel defects make it do both; such stretches are left out and counted. */
struct time_counter {
	uint64_t step_ns;	/* it moves in such steps; 0 = by the ns */
	uint64_t slack_ns;	/* readings so far outside the window serve as its ends */
	bool chain;		/* there is a reading to go on from */
	uint64_t prev, prev_ns; /* the last reading */
	uint64_t before_ns;	/* the reading before that; 0 = none */
	uint64_t changed_ns;	/* when it was seen to have grown last, or the chain's start */
	bool suspect;		/* odd before, and at "all of the time" since */
	uint64_t grown_ns, covered_ns;	   /* of the window, without what is odd */
	uint64_t backwards, jumps, odd_ns; /* readings, and their stretches in the window */
};

/* How long a vCPU's thread usually runs before the guest is there. */
struct usual_path {
	struct hist ran;
	uint64_t median_ns; /* 0: too few wake-ups */
	uint64_t taken_at;  /* of how many it is */
};

struct vcpu_build {
	struct analysis_vcpu *out;
	size_t guest;
	unsigned index;
	struct clock_map *clock;
	struct thread *thread; /* NULL: not traced */
	struct series_acc acc[SERIES_COUNT], fine[SERIES_COUNT];
	uint64_t timer_period_ns, probes_seen; /* bit per enum probe_id */
	bool has_probe[SHM_MAX_PROBES];
	/* Guest stream. */
	uint64_t last_tsc, drained_ns;
	uint32_t next_seq;
	uint64_t seq_lost, torn, dropped, start_tsc;
	uint64_t first_ns, last_ns; /* first and last record at all */
	bool steal_any;
	struct hist guest_wait;	   /* ns a woken thread was in the guest's own run queue */
	struct usual_path path[2]; /* by enum late_kind */
	struct usual_path *alike;  /* the same of all vCPUs of guests like its own; NULL: none */
	struct time_counter steal;
	struct counter_span lock_done;
	uint64_t gap_ns;
	uint64_t gaps, gaps_of_one_pass; /* of a gap probe whose passes are known */
	bool has_job;			 /* probe job was to run on it */
	uint64_t job_n, job_ns, job_first_ns, job_last_ns;
	double chase_ns, chase_n, band_ns, band_bytes;
	/* Waiting for the trace: a ring. */
	struct sample *pending;
	uint32_t pending_head, pending_tail, pending_cap;
	struct played_stalls *played; /* what was played to it; NULL = nothing */
	uint64_t played_ns;	      /* blamed on that so far */
	uint32_t played_culprit;
	/* Steal join. */
	struct vote first_votes[VOTES], last_votes[VOTES];
	unsigned n_first_votes;
	uint64_t n_votes, vote_difference;
	struct vote held; /* its steal may be that of a later stretch */
	bool has_held;
	struct counter_span delay; /* schedstat run_delay of the thread */
	uint64_t delay_prev, delay_prev_ns;
	struct counter_span clock_wait;	  /* traced waits on the kernel's own clock */
	struct counter_span hidden;	  /* events that the kernel showed to no tracer */
	struct counter_span sleep_booked; /* sleep that the kernel took for waiting */
	struct counter_span throttled;	  /* of its cgroup, where hostd was told of one */
	struct counter_span traced_wait, traced_run, traced_sleep; /* summed by the tracer itself */
	struct counter_span traced_delay;			   /* from STATE records */
};

struct guest_build {
	struct guest_reader *reader;
	bool done;
	uint64_t drained_max;
	struct counter_span exits;
	struct taken_acc taken;
	struct usual_path path[2]; /* of the first guest of those that are alike: of all of them */
};

/* The box's own steal on one CPU, as sampled. */
#define BOX_CLAIMS 1024
struct box_claim {
	struct vcpu_build *v;
	struct late l;
};
struct box_cpu {
	struct time_counter steal;
	struct box_claim *claims; /* late wake-ups since its last reading that may be its doing */
	size_t n_claims;
	struct series_acc idle; /* made when a first reading comes */
	uint64_t idle_prev, idle_prev_ns;
};

struct build {
	struct analysis *a;
	struct culprits *names;
	struct timeline *timeline;
	struct guest_build *guests;
	struct vcpu_build *vcpus; /* of all guests, in order */
	size_t n_vcpus;
	size_t *first_vcpu;  /* by guest */
	struct box_cpu *box; /* by CPU, CPUSET_MAX of them */
	struct counter_span self_cpu;
	struct late *worst[3]; /* victims' timers, victims' gaps, noise; ANALYSIS_WORST each */
	size_t n_worst[3];
	struct counted *
		counted; /* counts mode: cells of victim x culprit, NULL: none; a hash table until they are folded */
	uint32_t counted_size, n_counted; /* a power of two; how many are used */
	uint64_t blame_end_ns;		  /* the dump that ended the window; 0 = none yet */
	struct trace_reader *trace;
	analysis_late_fn each_late; /* NULL: nobody wants every one */
	void *each_arg;
	uint64_t trace_end_ns; /* the last instant the trace speaks of */
};

static inline struct vcpu_build *build_vcpu(struct build *b, size_t guest, unsigned vcpu)
{
	return &b->vcpus[b->first_vcpu[guest] + vcpu];
}

/* counter_span.c. Remember a reading of a counter if it lies in the window. */
void counter_span_add(
	struct counter_span *c, const struct analysis *a, uint64_t ns, uint64_t value);
/* Growth per second * scale, NaN when there are no two readings. */
double counter_span_rate(const struct counter_span *c, double scale);

/* time_counter.c. Take a reading; true when the stretch since the one before can be true: it goes
 * from *from_ns to `ns` and grew by *grown. */
bool time_counter_add(struct time_counter *c, const struct analysis *a, uint64_t ns, uint64_t value,
	uint64_t *from_ns, uint64_t *grown);
/* The counter was not there: the next reading begins anew. */
void time_counter_break(struct time_counter *c);
/* ms/s over what is sound; NaN when nothing is. */
double time_counter_rate(const struct time_counter *c);
/* A warning about `who` when anything was left out. */
void time_counter_warn(const struct time_counter *c, const char *who, struct strv *warnings);

/* guest_pass.c: clock maps; then records up to host time `until` (UINT64_MAX: all). */
void guests_make_clocks(struct build *b);
void guest_advance(struct build *b, size_t guest, uint64_t until);

/* played.c: logs of what was played, before the trace is read; then each stretch of a victim's; then
 * how near it came. */
void played_read(struct build *b);
void played_leaving(struct build *b, struct vcpu_build *v, const struct thread *t, uint64_t now);
void played_fold(struct build *b);
void played_checks(struct build *b);
void played_free(struct analysis *a);

/* own.c: the figures of the record's measures */
void own_fold(struct build *b);

/* outside.c: steal of a vCPU without an agent, after all other folding of it */
void outside_fold(struct build *b, struct vcpu_build *v);

/* late.c: once its thread's history up to the waking is complete, or will never be known */
void late_explain(struct build *b, struct vcpu_build *v, const struct sample *s);

/* late_ran.c. Of any timer wake-up: how long its thread ran before the guest was there. */
void late_calibrate(struct vcpu_build *v, const struct sample *s);
/* Split l->running_ns; what is left of it joins what is unexplained. */
void late_split_ran(struct vcpu_build *v, struct late *l, uint64_t guest_ns);
/* That rest may be explained by the next reading of the box's steal; true when it waits for that. */
bool late_claim_box(struct build *b, struct vcpu_build *v, const struct late *l);
/* The box's hypervisor took so much of this CPU since the reading before; 0: it cannot be known. */
void late_box_reading(struct build *b, struct box_cpu *c, uint64_t taken_ns);

/* join.c */
void join_push(struct build *b, struct vcpu_build *v, const struct sample *s);
/* The vCPU's thread leaves the state it was in; guest records up to `now` were pushed. */
void join_leaving(struct build *b, struct vcpu_build *v, uint64_t now, uint64_t run_delay_ns);
void join_finish(struct build *b); /* what the trace never reached; steal against run_delay */

/* A cell of counts mode: its sums since the tracer's start. */
struct counted {
	uint32_t victim;
	uint32_t who;  /* as the tracer has it, or the number of a culprit (trace/culprit.h) */
	uint32_t kind; /* enum blame_kind, or COUNTED_BY_NUMBER */
	bool used;
	uint64_t base_ns, base_times; /* as of the window's start */
	uint64_t ns, times;
};
#define COUNTED_BEGIN 4096u
#define COUNTED_MOST                                                                               \
	(1u << 22) /* places, of which half are used: 2,000 victims with 1,000 culprits each */
#define COUNTED_BY_NUMBER UINT32_MAX

/* Readings a little outside the window serve too: a rate is taken over its own span. */
#define COUNTER_SLACK_NS (250 * NS_PER_MS)

/* trace_pass.c: the whole trace, guests read in step: the timeline's sink does that. */
void trace_pass(struct build *b);
void trace_thread_leaving(void *arg, struct thread *t, uint64_t now, uint64_t run_delay_ns);

/* fold.c */
void fold_metrics(struct build *b);
void fold_blame(struct build *b);
uint32_t counted_culprit(const struct build *b, const struct counted *c);
void fold_late(struct build *b);
/* trace/taken.c */
void fold_taken(struct build *b);

/* job_parts.c: after fold_metrics() and note_doubts() */
void fold_job(struct build *b, size_t guest);

/* doubts.c: warnings, and box_steal_ms_per_s */
void note_doubts(struct build *b);

/* foreign.c: a warning when others than the experiment's own had the CPU; after fold_blame() */
void note_foreign_load(struct build *b);

/* wasted.c */
void box_idle_reading(struct build *b, struct box_cpu *cpu, uint64_t ns, uint64_t idle_ns);
/* Waiting of a vCPU while another CPU it might have used was idle, ns of the window. */
double wasted_elsewhere(const struct build *b, const struct vcpu_build *v);

/* checks.c */
void make_checks(struct build *b);
/* judge.c */
void judge_record(struct analysis *a);

#endif
