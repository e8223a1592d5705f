/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers with units: text to number and back, locale-free. */
#ifndef SS_SCENARIO_UNITS_H
#define SS_SCENARIO_UNITS_H

#include <stdbool.h>
#include <stdint.h>

/* A decimal fraction "1.5" at *p, which is moved behind it. */
bool take_double(const char **p, double *out);
/* All of `text`: "10ms", "1.5GiB"; "0" needs no unit. Below 9e18. */
bool take_time(const char *text, uint64_t *ns);
bool take_size(const char *text, uint64_t *bytes);

/* How many `unit`s (that of a metric) one `given` is: 1000 for "ms" given where it is in us; false
 * when they are not of one kind. "%" of a CPU is 10 ms/s. */
bool unit_factor(const char *given, const char *unit, double *factor);
/* The units that would do for `unit`: "ns, us, ms, s, min or h". buf of 64 bytes. */
char *unit_choices(const char *unit, char buf[64]);

/* "1500us", "10ms", "30s", "10h": the largest unit that divides it. buf of 32 bytes. */
char *format_time(uint64_t ns, char buf[32]);
char *format_size(uint64_t bytes, char buf[32]);

#endif
