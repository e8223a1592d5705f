/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What check, plan and run do alike with a scenario file: load it, look at the box, make the
 * plans. */
#ifndef SS_STUDY_PREPARE_H
#define SS_STUDY_PREPARE_H

#include "study/study.h"
#include "host/topology.h"
#include "plan/plan_make.h"
#include "record/run_info.h"
#include "scenario/experiment.h"

struct prepared {
	struct experiment experiment;
	struct topology topology;
	struct plan_list plans; /* one per configuration, in order; empty without with_host */
	char *problem;		/* the first thing that is wrong with it, NULL = nothing */
};

/* What is wrong is told. Returns an exit status; *out is to be released either way. Without
 * `with_host` only the file is judged and no plan is made. */
int prepare_scenario(const struct study *s, const char *path, const struct strv *sets,
	bool with_host, struct prepared *out);
/* The same for the scenario that the record `dir` holds, with the overrides of its run. */
int prepare_recorded(
	const struct study *s, const char *dir, const struct run_info *info, struct prepared *out);
void prepared_release(struct prepared *p);

/* The map of a plan as text. Caller frees. */
char *plan_text(const struct plan *p, const struct topology *t);

#endif
