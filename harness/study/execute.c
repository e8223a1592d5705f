// SPDX-License-Identifier: GPL-3.0-or-later
#include "study/execute.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "report/compare/published.h"
#include "run/run.h"
#include "study/results.h"

void executor_init(struct executor *x, const struct study *s)
{
	uint64_t id = 0;

	x->study = s;
	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		id = now_ns();
	snprintf(x->experiment, sizeof(x->experiment), "%016llx", (unsigned long long)id);
}

void executor_release(struct executor *x)
{
	run_lab_close(&x->lab);
	free(x->metal);
	free(x->agent);
	free(x->hostd);
}

struct progress {
	const struct study *study;
	const struct execution *what;
	const char *variant;
	const char *last;
};

static void show_progress(void *ctx, const char *what, double fraction)
{
	struct progress *p = ctx;
	const struct execution *x = p->what;
	char bar[32] = "";

	if (fraction >= 0)
		snprintf(bar, sizeof(bar), " %3.0f %%", 100 * fraction);
	study_tell(p->study, STUDY_PROGRESS, "[%zu/%zu] %s: %s%s%s%s", x->place, x->places,
		p->variant, what, bar, x->tail ? ", " : "", x->tail ? x->tail : "");
	if (!p->last || strcmp(p->last, what))
		study_tell(p->study, STUDY_DETAIL, "%s", what);
	p->last = what;
}

static struct run_expect *make_expects(const struct exp_config *c, size_t *n)
{
	struct run_expect *x = xcalloc(c->n_expects + 1, sizeof(*x));

	*n = c->n_expects;
	for (size_t i = 0; i < c->n_expects; i++) {
		const struct exp_expect *e = &c->expects[i];

		x[i] = (struct run_expect){e->text, c->name, e->guest, e->metric,
			(char *)word_of(&words_relation_sign, e->relation), e->value, e->tolerance,
			e->of_metric, e->of_config, e->of_guest};
	}
	return x;
}

int execute_analysis(
	const struct study *s, const char *record, struct analysis **out, struct err *e)
{
	struct analysis *a;
	int rc = analysis_make(record, &a, e);

	if (rc)
		return rc;
	rc = results_save(s, a, e);
	if (rc) {
		analysis_free(a);
		return rc;
	}
	results_add(s, a);
	*out = a;
	return 0;
}

int execute(struct executor *x, const struct execution *what, char **record, struct analysis **out,
	struct err *e)
{
	const struct plan *plan = &what->prepared->plans.plans[what->unit.config];
	const struct experiment *experiment = &what->prepared->experiment;
	const struct exp_config *config = &experiment->configs[what->unit.config];
	auto_free char *drawn = plan_text(plan, &what->prepared->topology);
	struct progress p = {.study = x->study, .what = what, .variant = plan->variant};
	size_t n_expects;
	auto_free struct run_expect *expects = make_expects(config, &n_expects);
	struct run_options o = {
		.results = x->study->results,
		.connect = x->study->connect,
		.scenario = &experiment->files,
		.overrides = &experiment->overrides,
		.scenario_file = what->scenario_file,
		.metal_elf = x->metal,
		.agent = x->agent,
		.hostd = x->hostd,
		.experiment = x->experiment,
		.plan_text = drawn,
		.published = published_name(config),
		.repeat = what->unit.repeat,
		.place = (unsigned)what->place,
		.places = (unsigned)what->places,
		.block = what->unit.block,
		.warnings = what->warnings,
		.expects = expects,
		.n_expects = n_expects,
		.boot_timeout_ns = x->boot_timeout_ns,
		.interrupted = x->study->interrupted,
		.progress = show_progress,
		.lab = &x->lab,
		.progress_ctx = &p,
	};
	struct run_result r;
	int rc = (x->run ? x->run : run_plan)(plan, &o, &r, e);

	*record = r.record;
	r.record = NULL;
	run_result_release(&r);
	study_tell(x->study, STUDY_PROGRESS, "%s", "");
	return rc ? rc : execute_analysis(x->study, *record, out, e);
}
