/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two shapes that values of boots have, for simulations of how often a comparison is right. */
#ifndef SS_TESTS_MADE_SHAPES_H
#define SS_TESTS_MADE_SHAPES_H

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

enum shape { NORMAL, LOGNORMAL, N_SHAPES };
static const char *const shape_names[] = {"normal", "lognormal"};
static const double shape_sd[] = {1, 2.1611974158950877}; /* sqrt((e - 1) e) */

static inline double draw_shape(gsl_rng *rng, enum shape s)
{
	return s == NORMAL ? gsl_ran_gaussian(rng, 1) : gsl_ran_lognormal(rng, 0, 1);
}

#endif
