/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who took the CPU, one colour for each through the whole report: a VM with all its threads, a noise, a
 * process. Those that took most of the victims' time have colours of their own, the others share one.
 */
#ifndef SS_REPORT_PLOT_CULPRITS_H
#define SS_REPORT_PLOT_CULPRITS_H

#include "analysis/analysis.h"

enum culprit_slot {
	SLOTS_NAMED = 7, /* 0 to 6: by what they took, downwards */
	SLOT_QUOTA = SLOTS_NAMED,
	SLOT_IDLE,
	SLOT_OTHERS,
	CULPRIT_SLOTS,
};

#define CULPRIT_TEXT 96
struct culprit_palette {
	char name[SLOTS_NAMED][CULPRIT_TEXT];
	unsigned n;
};

struct culprit_palette culprit_palette(const struct analysis *a);
unsigned culprit_slot(const struct culprit_palette *p, const char *culprit, enum culprit_kind kind);
const char *culprit_slot_name(const struct culprit_palette *p, unsigned slot);
/* Of svg.css, as a fill. */
const char *culprit_slot_class(unsigned slot);

/* As it is called in a report: "vm hog-0" of "vm hog-0 vcpu1" and "vm hog-0 qemu". */
void culprit_group(const char *culprit, enum culprit_kind kind, char name[static CULPRIT_TEXT]);

#endif
