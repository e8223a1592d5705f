// SPDX-License-Identifier: GPL-3.0-or-later
/* Load on the lab CPUs that is no part of the experiment. */
#include <string.h>

#include "analysis/priv.h"

#define FOREIGN_MS_PER_S 5.0 /* per vCPU; less is the background of a living box */

static bool is_foreign(const struct blame_row *b)
{
	bool foreign_vm = (b->kind == CULPRIT_VM || b->kind == CULPRIT_VM_THREAD) &&
			  !strncmp(b->culprit, "vm of pid ", 10);

	return foreign_vm || b->kind == CULPRIT_PROCESS || b->kind == CULPRIT_CGROUP;
}

void note_foreign_load(struct build *b)
{
	const struct analysis *a = b->a;
	const struct blame_row *worst = NULL;
	double vcpus = 0, rate;
	uint64_t ns = 0;

	for (size_t g = 0; g < a->n_guests; g++)
		vcpus += a->guests[g].n_vcpus;
	for (size_t i = 0; i < a->n_blame; i++) {
		if (!is_foreign(&a->blame[i]))
			continue;
		ns += a->blame[i].ns;
		if (!worst || a->blame[i].ns > worst->ns)
			worst = &a->blame[i];
	}
	if (!worst || a->window_s <= 0)
		return;
	rate = (double)ns / 1e6 / vcpus / a->window_s;
	if (rate > FOREIGN_MS_PER_S)
		strv_add(&b->a->warnings,
			"another load on the lab CPUs kept the guests waiting %.1f ms/s per vCPU, most of it %s",
			rate, worst->culprit);
}
