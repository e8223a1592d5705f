/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of rows (keys_*.c) share. For the table of keys only. */
#ifndef SS_SCENARIO_KEYS_ROWS_H
#define SS_SCENARIO_KEYS_ROWS_H

#include <stddef.h>

#include "scenario/keys.h"

#define SECONDS(n) (NS_PER_S * (n))
#define HOURS(n)   (NS_PER_S * 3600 * (n))
#define MIB	   (UINT64_C(1) << 20)
#define GIB	   (UINT64_C(1) << 30)

/* The words of one row that nobody but the scenario and its plan knows, in the order of their enum. */
#define WORDS(...) (&(const struct words)WORDS_OF(((const char *const[]){__VA_ARGS__})))

/* Each ends with a row without a name. */
extern const struct key_attr keys_scenario[], keys_include[], keys_lab[], keys_guest[], keys_file[],
	keys_noise[], keys_measure[], keys_variant[], keys_set[], keys_add[], keys_remove[],
	keys_sweep[], keys_over[], keys_expect[];
extern const struct key_attr keys_timer[], keys_gap[], keys_job[], keys_lock[], keys_memory[],
	keys_steal[];

#endif
