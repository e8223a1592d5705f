/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A trial: one change of a running domain against what it is, in randomised interleaved blocks over
 * the running domain. Each block is two runs, records like any other, of a scenario with the variants
 * "as-it-is" and the candidate's; the running VMs that libvirt knows stand beside as neighbours. After
 * every run the domain has what it had (domain/tuning.h).
 *
 * The chance that no change at all is called proven is at most 5 %, also with an early end: 1/64 (1.6 of
 * these 5 points) is spent at one early look, after the first block at which that much can decide at all (8 for one
 * test), the rest at the last round; nothing is claimed in between. That nothing can come of it any
 * more may be seen after each block: to stop then claims nothing.
 */
#ifndef SS_STUDY_TRIAL_H
#define SS_STUDY_TRIAL_H

#include "report/compare/trial.h"
#include "study/execute.h"

#define TRIAL_EARLY_ALPHA 0.0157 /* a little over 1/64 */
#define TRIAL_ALPHA	  0.05
#define TRIAL_LEAST	  8 /* rounds: fewer cannot decide two tests at 5 % */

struct trial_args {
	unsigned rounds;
	uint64_t each_ns;
	const char *measure;	       /* a command that prints a number; NULL = none */
	bool higher;		       /* of it: more is better */
	const struct strv *neighbours; /* running domains that libvirt knows */
	/* Compares the domain's tuning with what it was before the trial: NULL as it was, else a
	 * sentence (caller frees). */
	char *(*touched)(void *ctx);
	void *ctx;
};

/* Run it, judge it, write DIR/trial.json and DIR/report.html below results. `t` has its id, domain,
 * candidate, tune and expectation; the rest is filled in. 0 also when it ended early or nothing was
 * proven; -errno when it failed or was interrupted: then what there is is judged and written too. */
int trial_run(struct trial *t, const struct trial_args *a, struct executor *x, struct err *e);
/* Write it again (after it was kept). */
int trial_save(const struct trial *t, const struct study *s, struct err *e);
void trial_release(struct trial *t);

/* trial_judge.c: pure. A guest's waiting, ms/s of each of its `vcpus`; NaN: not known. Without what stealscope's own
 * programs had of it: how far these are with their own work when the window begins differs between the arms, and
 * is none of what is tried. */
double trial_wait(const struct analysis *a, size_t guest, unsigned vcpus);
/* `why` is a sentence. */
void trial_end_with(struct trial *t, enum trial_end end, const char *why);
/* Whether to go on after `t->rounds` complete blocks; at the end the verdict. */
int trial_look(struct trial *t, bool last, struct err *e);

/* trial_scenario.c: the scenario as text. Caller frees. */
char *trial_scenario(const struct trial *t, const struct trial_args *a);
/* Who had a CPU, by the domains' names instead of the scenario's. Caller frees. */
char *trial_culprit(const struct trial *t, const char *culprit);

#endif
