/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `xentrace` writes: changes of run states of Xen's vCPUs, in order of time. Pure: bytes in,
 * events out; whatever the bytes are, memory is bounded (XENTRACE_HELD events).
 *
 * The stream (Xen's public/trace.h, tools/xentrace/xentrace.c; Xen 4.17): windows, each a
 * CPU_CHANGE record and then the bytes that the buffer of one physical CPU held. A record is a word
 * (event in bits 0-27, number of data words in 28-30, bit 31: a TSC follows), the TSC in two words,
 * the data. xentrace empties the buffers of all CPUs one after the other, again and again: within a
 * window the order is that of time, between windows it is not.
 */
#ifndef SS_XEN_XENTRACE_H
#define SS_XEN_XENTRACE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* The events asked for: `xentrace -e`. */
#define XENTRACE_EVENTS "0x00029000"
#define XENTRACE_CPUS	1024u
#define XENTRACE_HELD	(1u << 17) /* events kept until their order is certain */

#define XEN_DOM0	0u
#define XEN_DOMAIN_IDLE 32767u

/* Xen's public/vcpu.h. */
enum xen_runstate {
	XEN_RUNNING = 0,
	XEN_RUNNABLE = 1,
	XEN_BLOCKED = 2,
	XEN_OFFLINE = 3, /* neither runnable nor blocked: paused, or parked by its cap */
};

struct xen_event {
	uint64_t tsc;  /* of the host */
	uint16_t cpu;  /* the physical CPU on which the change was made */
	uint16_t vcpu; /* number in its domain */
	uint16_t domain;
	uint8_t from, to; /* enum xen_runstate; both running: Xen chose the same vCPU again */
	/* Where running begins or ends: that moment on Xen's own clock, in ns from somewhere. To be held against others of this
	 * CPU that are less than a day away; others are further. 0: not told. */
	uint64_t book_ns;
};

struct xentrace_sink {
	/* In order of time. */
	void (*event)(void *arg, const struct xen_event *v);
	/* From at->tsc on, Xen had no room for `n` events of at->cpu. */
	void (*lost)(void *arg, const struct xen_event *at, uint32_t n);
	void *arg;
};

struct xentrace_totals {
	uint64_t events, lost;
	uint64_t disorder; /* events that came after a later one had been handed out */
};

struct xentrace;
struct xentrace *xentrace_make(struct xentrace_sink sink);
void xentrace_free(struct xentrace *x); /* NULL is fine */

/* What xentrace wrote since the last call; whole records only are taken. Returns the bytes taken, the
 * rest is to be given again with what follows. -EBADMSG when this is no such stream. */
ssize_t xentrace_feed(struct xentrace *x, const void *data, size_t len, struct err *e);
/* No more comes: hand out what is held. */
void xentrace_end(struct xentrace *x);
/* The TSC up to which everything was handed out; 0 at first. */
uint64_t xentrace_known(const struct xentrace *x);
struct xentrace_totals xentrace_totals(const struct xentrace *x);

#endif
