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

/* "1500us", "10ms", "30s", "10h": the largest unit that divides it. buf of 32 bytes. */
char *format_time(uint64_t ns, char buf[32]);
char *format_size(uint64_t bytes, char buf[32]);

#endif
