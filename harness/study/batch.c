// SPDX-License-Identifier: GPL-3.0-or-later
/* The boots of a batch: each with its retries, until all are done, known well enough, or
 * hopeless. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/stats/stats.h"
#include "study/batch.h"
#include "study/quiet.h"
#include "study/results.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Wait for quiet CPUs; what was not as it should be goes into the next run's record. */
static void cool_down(struct batch *b, const struct plan *plan, struct strv *warnings)
{
	struct quiet q = {0};
	struct err e = ERR_INIT;

	if (!b->args.cool_down_ns || !study_is_local(&b->study))
		return;
	study_tell(&b->study, STUDY_PROGRESS, "waiting for quiet CPUs");
	if (quiet_wait(&plan->lab_cpus, b->args.cool_down_ns, b->study.interrupted, &q, &e)) {
		strv_add(warnings, "no cool-down: %s", e.msg);
		return;
	}
	study_tell(&b->study, STUDY_DETAIL, "lab CPUs %.0f %% busy after %.1f s", 100 * q.busy,
		(double)q.waited_ns / 1e9);
	if (!q.reached && isfinite(q.waiting))
		strv_add(warnings,
			"the host was not quiet before this run: lab CPUs %.0f %% busy, tasks waited for a CPU %.0f %% of the time",
			100 * q.busy, 100 * q.waiting);
	else if (!q.reached)
		strv_add(warnings, "the host was not quiet before this run: lab CPUs %.0f %% busy",
			100 * q.busy);
}

static void compare_facts(struct batch *b, struct strv *warnings)
{
	auto_struct(strv) changes = {0};
	auto_ptr(facts_free) struct facts *now = facts_read("");

	facts_compare(b->facts, now, &changes);
	for (size_t i = 0; i < changes.n; i++)
		strv_add(warnings, "the host changed since the batch began: %s", changes.items[i]);
}

/* One attempt at one boot. A record that is complete counts, also when its analysis failed. */
static int attempt(struct batch *b, size_t i, const char *left, struct err *e)
{
	const struct journal_unit *u = &b->journal.units[i];
	const struct batch_job *job = &b->jobs[u->unit.scenario];
	struct execution what = {.prepared = &job->prepared,
		.unit = u->unit,
		.place = i + 1,
		.places = b->journal.n_units,
		.tail = left};
	auto_free char *record = NULL;
	auto_ptr(analysis_free) struct analysis *a = NULL;
	auto_struct(strv) warnings = {0};
	struct run_info info;
	struct err ignored = ERR_INIT;
	int rc;

	cool_down(b, &job->prepared.plans.plans[u->unit.config], &warnings);
	compare_facts(b, &warnings);
	what.warnings = &warnings;
	rc = study_interrupted(&b->study) ? err_set_exit(e, EXIT_INTERRUPTED, EINTR, "interrupted")
					  : journal_begin(&b->journal, i, e);
	if (!rc)
		rc = execute(&b->executor, &what, &record, &a, e);
	if (rc && record && !run_info_load(&info, record, &ignored)) {
		if (!strcmp(info.status, "complete")) {
			study_say(&b->study, "note: %s is complete, but: %s", record, e->msg);
			rc = 0;
		}
		run_info_release(&info);
	}
	if (!rc) {
		b->boots[i].record = xstrdup(base_name(record));
		rc = journal_done(&b->journal, i, b->boots[i].record, e);
	}
	return rc;
}

/* One boot with its retries. 0 also when it failed for good; negative ends the batch. */
static int boot(struct batch *b, size_t i, struct err *e)
{
	const struct journal_unit *u = &b->journal.units[i];
	const char *name = b->jobs[u->unit.scenario].prepared.experiment.name;
	uint64_t start = now_ns();
	char left[64];

	left_text(left_ns(b->left, b->journal.n_units), left, sizeof(left));
	for (unsigned k = 0; k <= b->args.retries; k++) {
		int rc = attempt(b, i, left, e);

		if (!rc) {
			b->left[i].took_ns = now_ns() - start;
			b->left[i].open = 0;
			left_text(left_ns(b->left, b->journal.n_units), left, sizeof(left));
			study_say(&b->study, "[%zu/%zu] %s %s: done in %.1f s, %s", i + 1,
				b->journal.n_units, name, u->config,
				(double)b->left[i].took_ns / 1e9, left);
			return 0;
		}
		if (e->exit == EXIT_INTERRUPTED)
			return rc;
		study_say(&b->study, "[%zu/%zu] %s %s: failed: %s", i + 1, b->journal.n_units, name,
			u->config, e->msg);
		rc = journal_fail(&b->journal, i, e->msg, e);
		if (rc)
			return rc;
	}
	b->left[i].open = 0;
	b->boots[i].failed = true;
	return 0;
}

/* Half the interval of the median over the median, of one configuration; infinite when it cannot
 * be told. */
static double spread_of(struct batch *b, struct index *x, const char *scenario, const char *config)
{
	const struct batch_until *u = &b->args.until;
	struct index_filter f = {.experiment = b->journal.id,
		.scenario = scenario,
		.variant = config,
		.status = "complete"};
	auto_free double *v = NULL;
	struct interval ci;
	struct err e = ERR_INIT;
	size_t n = 0, k = 0;
	double median;

	if (index_values(x, &f, u->guest, u->metric, &v, &n, &e))
		return INFINITY;
	for (size_t i = 0; i < n; i++)
		if (isfinite(v[i]))
			v[k++] = v[i];
	ci = stats_median_interval(v, k, 0.95);
	median = stats_median(v, k);
	return isfinite(median) && median ? (ci.hi - ci.lo) / 2 / fabs(median) : INFINITY;
}

/* After a whole block: is the metric known well enough in every configuration? */
static int stop_early(struct batch *b, size_t i, struct err *e)
{
	const struct journal_unit *done = &b->journal.units[i];
	const struct batch_job *job = &b->jobs[done->unit.scenario];
	auto_free char *why = NULL;
	struct index *x = NULL;
	double worst = 0;

	if (!b->args.until.metric)
		return 0;
	for (size_t k = 0; k < b->journal.n_units; k++)
		if (b->journal.units[k].unit.block == done->unit.block && !b->boots[k].record)
			return 0;
	if (index_open(b->study.results, &x, e))
		return -e->code;
	for (size_t c = 0; c < job->prepared.plans.n; c++) {
		double s = spread_of(
			b, x, job->prepared.experiment.name, job->prepared.plans.plans[c].variant);

		worst = fmax(worst, s);
	}
	index_close(x);
	if (isfinite(worst))
		study_tell(&b->study, STUDY_DETAIL, "%s: %s is known to %.2f %%",
			job->prepared.experiment.name, b->args.until.metric, 100 * worst);
	if (worst > b->args.until.share)
		return 0;
	why = xasprintf(
		"after %u boots of each configuration half the 95 %% interval of the median of %s is within %.3g %% of it",
		done->unit.repeat + 1, b->args.until.metric, 100 * worst);
	study_say(&b->study, "%s stops early: %s", job->prepared.experiment.name, why);
	return journal_stop(&b->journal, done->unit.scenario, why, e);
}

static void count_time(struct batch *b)
{
	b->left = xcalloc(b->journal.n_units + 1, sizeof(*b->left));
	for (size_t i = 0; i < b->journal.n_units; i++) {
		const struct order_unit *u = &b->journal.units[i].unit;
		const struct plan *p = &b->jobs[u->scenario].prepared.plans.plans[u->config];

		b->left[i].measure_ns = p->warmup_ns + p->duration_ns;
		b->left[i].open = !b->boots[i].record;
	}
}

int batch_run(struct batch *b, struct err *e)
{
	unsigned row = 0;
	int rc = 0;

	count_time(b);
	b->facts = facts_read("");
	for (size_t i = 0; i < b->journal.n_units && !rc; i++) {
		size_t scenario = b->journal.units[i].unit.scenario;

		if (b->boots[i].record)
			continue;
		if (b->journal.files[scenario].stopped) {
			b->left[i].open = 0;
			continue;
		}
		rc = boot(b, i, e);
		row = b->boots[i].failed ? row + 1 : 0;
		if (!rc && row >= BATCH_GIVE_UP)
			rc = err_set(e, EIO, "%d boots in a row failed; the batch stops here: %s",
				BATCH_GIVE_UP, b->journal.units[i].text);
		if (!rc && b->boots[i].record)
			rc = stop_early(b, i, e);
	}
	return rc;
}

void batch_release(struct batch *b)
{
	for (size_t i = 0; b->boots && i < b->journal.n_units; i++)
		free(b->boots[i].record);
	for (size_t i = 0; i < b->n_jobs; i++) {
		free(b->jobs[i].path);
		free(b->jobs[i].skipped);
		prepared_release(&b->jobs[i].prepared);
	}
	free(b->jobs);
	free(b->boots);
	free(b->left);
	facts_free(b->facts);
	executor_release(&b->executor);
	journal_release(&b->journal);
	strv_release(&b->args.files);
	strv_release(&b->args.sets);
	free(b->args.until.guest);
	free(b->args.until.metric);
}
