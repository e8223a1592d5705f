/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who took the CPU of whom, as numbers for plots. */
#ifndef SS_REPORT_PLOT_WHO_H
#define SS_REPORT_PLOT_WHO_H

#include "report/plot/culprits.h"

/* One that waited: a guest or a vCPU; ms/s per vCPU. */
struct waiter {
	size_t guest;
	int vcpu; /* -1: all of the guest */
	double ms_per_s[CULPRIT_SLOTS];
	double sum;
};
/* Those that waited, victims first; the caller frees *out. */
size_t who_waited(
	const struct analysis *a, const struct culprit_palette *p, bool vcpus, struct waiter **out);

/* The same of one guest by column of time. */
struct who_bands {
	double *v[CULPRIT_SLOTS]; /* ms/s per vCPU; NULL: took nothing */
	double most;		  /* of all together in a column; 0: it did not wait */
};
struct who_bands who_bands(const struct analysis *a, const struct culprit_palette *p, size_t guest);
void who_bands_release(struct who_bands *b);

#endif
