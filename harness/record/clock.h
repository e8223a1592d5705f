/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Guest TSC -> host CLOCK_MONOTONIC, per vCPU, from causality alone: a record that saw beacon B was
 * made at or after host time B; one drained at D was made at or before D; a ping's echo lies
 * between two host times. Within each stretch (60 s, or less where the TSC offset changed) the map
 * is the line with the widest margin between all bounds; its error is the farthest any other line
 * allowed by the same bounds can be from it. Where KVM's own tsc-offset is known the map goes
 * through those pairs instead and the bounds are a cross-check.
 *
 * Use: clock_begin(), feed bounds in file order, clock_finish(), then clock_to_host().
 */
#ifndef SS_RECORD_CLOCK_H
#define SS_RECORD_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct clock_map;

enum clock_source {
	CLOCK_SOURCE_NONE = 0, /* not enough bounds: times are a guess from tsc_hz */
	CLOCK_SOURCE_BOUNDS,   /* causality */
	CLOCK_SOURCE_OFFSET,   /* KVM's tsc-offset */
};

struct clock_quality {
	enum clock_source source;
	double error_ns;	 /* worst stretch; NaN with CLOCK_SOURCE_NONE */
	double hz;		 /* guest TSC ticks per host second, over the run */
	uint64_t bounds;	 /* how many were used */
	uint64_t violations;	 /* records outside causality by more than the error: must be 0 */
	uint64_t backwards;	 /* records whose TSC ran backwards */
	unsigned offset_changes; /* the TSC jumped against the host clock in mid-run */
	/* OFFSET: farthest a bound lies beyond the exact map; 0 = none does */
	double cross_check_ns;
};

/* tsc_hz: nominal, > 0. */
struct clock_map *clock_begin(double tsc_hz);
void clock_lower(struct clock_map *c, uint64_t tsc, uint64_t host_ns); /* host(tsc) >= host_ns */
void clock_upper(struct clock_map *c, uint64_t tsc, uint64_t host_ns); /* host(tsc) <= host_ns */
/* An exact pair: host(guest_tsc) = host_ns +- error_ns; `offset` to detect its change. */
void clock_pair(struct clock_map *c, uint64_t guest_tsc, uint64_t host_ns, uint64_t error_ns,
	uint64_t offset);
void clock_finish(struct clock_map *c);
void clock_free(struct clock_map *c); /* NULL is fine */

/* Host ns of a guest TSC; also outside the range seen (extrapolated). *error_ns may be NULL. */
uint64_t clock_to_host(const struct clock_map *c, uint64_t tsc, uint64_t *error_ns);
/* Length of `ticks` around `tsc` in ns. */
uint64_t clock_ticks_to_ns(const struct clock_map *c, uint64_t ticks);
const struct clock_quality *clock_get_quality(const struct clock_map *c);
/* Counts (in quality) a bound that the finished map breaks by more than its error. */
void clock_verify_lower(struct clock_map *c, uint64_t tsc, uint64_t host_ns);
void clock_verify_upper(struct clock_map *c, uint64_t tsc, uint64_t host_ns);

#endif
