/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SS_STALLS_NUMBER_H
#define SS_STALLS_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* "12.345" at *p as an integer of units of 10^-digits, what is finer cut off; *p goes behind it. False
 * where there is no number or it does not fit. */
bool stalls_take_fixed(const char **p, unsigned digits, uint64_t *out);

#endif
