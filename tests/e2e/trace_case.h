/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A case of trace_threads.c, and what its trace must show (trace_check.c). */
#ifndef SS_TESTS_E2E_TRACE_CASE_H
#define SS_TESTS_E2E_TRACE_CASE_H

#include "collect/hostd.h"
#include "trace_announced.h"

#define MAX_TASKS 8
#define LEAVER	  1 /* neither the first nor the last */

enum task_kind {
	SPIN,	   /* never sleeps */
	SLEEP_100, /* 100 Hz: 1 ms of work, then sleep */
	SLEEP_1000,
	ANNOUNCED, /* preempted on its way to sleep, trace_announced.h; the first task only */
};

struct test_case {
	const char *name;
	bool counts; /* else events */
	struct test_task {
		enum task_kind kind;
		unsigned cpus; /* mask of the first CPUs allowed; 0 = none */
		bool hog;      /* a neighbour, not traced */
	} tasks[MAX_TASKS];    /* up to the first without CPUs */
	unsigned need_cpus;
	bool quota, stop;
	bool stacked;	/* all on one CPU: whoever never sleeps waits for all that the others run */
	unsigned apart; /* so many slots between the first and the others: 511 = one group */
	unsigned crowd; /* so many that work 0.1 ms and sleep 1 ms, not traced */
	bool passers;	/* beside them processes that live for one moment each */
	bool dumps;	/* totals are asked for all the while */
	bool leaves;	/* in the end LEAVER is traced no more, before the trace ends */
	bool moved;	/* the first waits when the trace begins, and is moved before it runs */
};

static inline unsigned n_tasks(const struct test_case *c)
{
	unsigned n = 0;

	while (n < MAX_TASKS && c->tasks[n].cpus)
		n++;
	return n;
}

static inline bool announces(const struct test_case *c)
{
	return c->tasks[0].kind == ANNOUNCED;
}

static inline enum trace_mode mode_of(const struct test_case *c)
{
	return c->counts ? TRACE_MODE_COUNTS : TRACE_MODE_EVENTS;
}

/* What the kernel and others say of the window. */
struct witness {
	uint64_t ran[MAX_TASKS], throttled, stolen;
	struct announced *announced;
};

/* How far the kernel's clock may lag at each wait, in ns. */
extern double clock_lag_ns;

/* One line of what was found; returns `good`. */
bool check(bool good, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
bool check_trace(const struct test_case *c, const char *path, const struct hostd_totals *totals,
	const pid_t *pids, const struct witness *w);

#endif
