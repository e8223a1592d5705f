/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What check, plan and run do alike with a scenario file: load it, look at the box, make the plans.
 */
#ifndef SS_CMD_SCENARIO_H
#define SS_CMD_SCENARIO_H

#include "cmd/cmd.h"
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

/* All messages go to stderr. Returns an exit status; *out is to be released either way. Without
 * `with_host` only the file is judged and no plan is made. */
int prepare_scenario(const struct cmd_common *c, const char *path, const struct strv *sets,
	bool with_host, struct prepared *out);
/* The same for the scenario that the record `dir` holds, with the overrides of its run. */
int prepare_recorded(const struct cmd_common *c, const char *dir, const struct run_info *info,
	struct prepared *out);
void prepared_release(struct prepared *p);

/* The map of a plan as text. Caller frees. */
char *plan_text(const struct plan *p, const struct topology *t);

/* --set, shared by check, plan and run. */
#define OPT_SET 0x200
#define OPTION_SET                                                                                 \
	{                                                                                          \
		"set", OPT_SET, "KEY=VALUE", 0,                                                    \
			"Override: guest.victim.vcpus=4, duration=10h; may be repeated", 0         \
	}

#endif
