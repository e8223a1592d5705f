/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One change of a running VM, tried in interleaved blocks (study/trial.h): as text, JSON, a page. */
#ifndef SS_REPORT_COMPARE_TRIAL_H
#define SS_REPORT_COMPARE_TRIAL_H

#include "analysis/stats/compare.h"

enum trial_end {
	TRIAL_ALL_ROUNDS,
	TRIAL_CLEAR,	/* proven before the last round */
	TRIAL_HOPELESS, /* whatever the rounds left would show, it could not be proven */
	TRIAL_TOUCHED,	/* its owner changed its tuning meanwhile */
	TRIAL_FAILED,	/* a run failed, the domain ended, or it was interrupted */
};

/* One run of a block. */
struct trial_run {
	unsigned block;
	bool changed;	/* the candidate's arm */
	char *record;	/* its name */
	double start_s; /* of its window, since the trial began */
	double wait;	/* of the subject, ms/s; NAN unknown */
	char *culprit;	/* who had most of its waiting; "" = nobody */
};

/* Who had the subject's waiting: ms/s of each vCPU, mean of the runs of each arm. */
struct trial_blame {
	char *culprit;
	double before, after;
};

/* One figure in both arms, a value per complete block. */
struct trial_figure {
	char *name;	/* of the metric, or of the neighbour whose waiting it is */
	unsigned vcpus; /* of the guest it is of */
	char *unit;
	enum metric_better better;
	double *before, *after;
};

struct trial {
	char *id; /* of its experiment */
	char *domain, *candidate, *because;
	char *tune; /* the change, as a scenario has it; "" = none: as it is against itself */
	struct strv virsh, undo;
	double expected;	       /* ms/s; NAN = not computed */
	unsigned rounds_asked, rounds; /* complete blocks */
	double each_s;
	struct trial_run *runs;
	size_t n_runs;
	struct trial_blame *blame; /* who had most in either arm first */
	size_t n_blame;
	/* [0] is the subject's waiting, [1] the <measure> if there is one. */
	struct trial_figure *figures, *neighbours;
	size_t n_figures, n_neighbours;
	struct strv unseen; /* running VMs that libvirt does not know: no figure stands beside */

	enum trial_end end;
	char *ended;  /* a sentence: why it ended */
	double alpha; /* of the verdict: the part of 5 % that was spent at its look */
	struct compare_result subject, others;
	bool judged, proven, recommended;
	int worst;     /* neighbour that was made worst, -1 = none waits longer */
	double lost;   /* ms/s of all vCPUs of all neighbours that wait longer */
	char *verdict; /* a sentence */
	double wall_s, cpu_s;
	bool kept;
};

void trial_text(const struct trial *t, struct strbuf *out);
/* Caller frees. */
char *trial_json(const struct trial *t);
void trial_page(const struct trial *t, struct strbuf *out);

#endif
