/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Figures as a person reads them. */
#ifndef SS_BASE_QUANTITY_H
#define SS_BASE_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The time unit in which `size` (given in `unit`) reads best, or `unit` itself when it is no time.
 * *factor scales from `unit` to it. */
const char *quantity_unit(double size, const char *unit, double *factor);

/* Three significant digits, without an exponent for everyday sizes; `sign` prints a + as well. As
 * snprintf(). */
int quantity_number(char *buf, size_t size, double v, bool sign);

/* "-3.1 ms": the number in the unit a person would choose (ns, us, ms, s scale into each other;
 * others stay). Returns buf. */
char *quantity_text(double value, const char *unit, bool sign, char *buf, size_t size);
char *quantity_ns(uint64_t ns, char *buf, size_t size);
/* Memory of guests and nodes, in whole MiB: "512 MiB". */
char *quantity_mib(uint64_t bytes, char *buf, size_t size);

#endif
