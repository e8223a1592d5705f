/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A process whose thread is preempted on its way to sleep: each time it reaps a child. */
#ifndef SS_TESTS_E2E_TRACE_ANNOUNCED_H
#define SS_TESTS_E2E_TRACE_ANNOUNCED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Shared with the process. */
struct announced {
	_Atomic bool go, idle;
	/* What the one who preempts saw: how often, how long the other stood for it, and itself. */
	_Atomic uint64_t times, ns;
	_Atomic uint32_t by;
};

struct announced *announced_map(void);
/* The process; does not return. */
void announced_run(struct announced *s) __attribute__((noreturn));
/* Until this returned, nothing but sleep was done, or is done any more. */
void announced_go(struct announced *s, bool go);

#endif
