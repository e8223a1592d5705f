/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A rate series out of a table with a time and a steal column: what sar (sadf -d), vmstat's and
 * node_exporter's exports give. Fields are parted by , ; or tab; the first line names the columns.
 *
 * time: seconds since 1970 (or ms), or "2026-11-28 20:00:00", as ISO 8601 too, taken for UTC. steal:
 * "%steal", "steal" or "st" in percent of a CPU; "steal_ms_per_s"; "...seconds_total" a counter in
 * seconds. CPU: a number, or all of them together ("all", -1), which then stand for CPU 0. A row is of
 * the time since the row before of its CPU.
 */
#ifndef SS_STALLS_CSV_H
#define SS_STALLS_CSV_H

#include "stalls/stalls.h"

struct stalls_csv;

bool stalls_csv_recognise(const char *text, size_t n);
int stalls_csv_open(const char *path, struct stalls_csv **out, struct err *e);
/* Time 0 is the first row's; rows of one CPU are in order. 1 = a row, 0 = the end, -errno. */
int stalls_csv_next(struct stalls_csv *c, struct stall *out, struct err *e);
uint64_t stalls_csv_start_unix_ns(const struct stalls_csv *c); /* after the first row */
uint64_t stalls_csv_backwards(
	const struct stalls_csv *c); /* rows left out: a counter or the time ran back */
void stalls_csv_close(struct stalls_csv *c);

#endif
