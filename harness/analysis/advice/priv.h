/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What rows are made with. */
#ifndef SS_ANALYSIS_ADVICE_PRIV_H
#define SS_ANALYSIS_ADVICE_PRIV_H

#include "analysis/advice/advice.h"

#define ADVICE_FREE_FROM 500 /* ms/s of idling from which a CPU has room for another vCPU */

/* The part of the waiting that culprits of this kind had, in ms/s; that others had, which are neither of
 * its own VM nor its quota nor nobody. */
double advice_taken_by(const struct live_vcpu *x, enum culprit_kind kind);
double advice_taken_by_others(const struct live_vcpu *x);
/* Means over the VM's vCPUs. */
double advice_mean_taken(const struct advice_in *in, enum culprit_kind kind);
double advice_mean_throttled(const struct advice_in *in);
/* out->wait. */
void advice_wait(const struct advice_in *in, struct advice *out);

/* Takes over all three. The same as it had = no change. */
void advice_change(struct advice *out, char *key, char *had, char *want);

/* Changes and figures for vCPUs that are placed at `at`. */
void advice_place(const struct advice_in *in, const struct loads *l, const struct cpuset *at,
	struct advice *out);
/* The same for each on a CPU of its own. */
void advice_pin_apart(const struct advice_in *in, struct advice *out);
/* All of it onto the CPUs of one node, or of one last-level cache, when it is spread over several. */
bool advice_into_one_place(const struct advice_in *in, struct advice *out);
/* A CPU of a core all of whose threads are free; -1: there is none. */
int advice_idle_core(const struct advice_in *in);
/* Who runs on these CPUs: VMs by name, the rest as a sum. NULL = nobody to speak of. */
char *advice_payers(const struct advice_in *in, const struct cpuset *cpus);

#endif
